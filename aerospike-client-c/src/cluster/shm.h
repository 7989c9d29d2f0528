/* cluster/shm.h -- what processes of one user share of a cluster, in a segment of
 * memory that a key names. One of them, the tender, writes down what the nodes say; the
 * others, the followers, read it. Nothing here knows a socket or a cluster. */
#ifndef ASC_CLUSTER_SHM_H
#define ASC_CLUSTER_SHM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "asc/config.h"
#include "net/addr.h"
#include "topology/snapshot.h"

/* So many characters of how a cluster is asked, with the terminating NUL. */
#define ASC_SHM_WAY_SIZE 128

/* What the tender shares of a node. Neither this nor asc_shm_map has a pointer in it,
 * and their sizes are multiples of 8, since they are moved word by word. */
typedef struct asc_shm_node {
    char name[ASC_NODE_NAME_SIZE];
    uint16_t port, login_port;
    char ip[ASC_ADDR_IP_SIZE], login_ip[ASC_ADDR_IP_SIZE];
    char tls_name[ASC_TLS_NAME_SIZE], login_tls_name[ASC_TLS_NAME_SIZE];
    uint32_t takes_user_agent; /* 0 or 1 */
    uint32_t unused;
} asc_shm_node;

/* In place of a rack that is not known. */
#define ASC_SHM_NO_RACK INT32_MIN

/* What it shares of a namespace. Owners are indexes of nodes, or ASC_NO_NODE. */
typedef struct asc_shm_map {
    char name[ASC_MAX_NAMESPACE_SIZE + 1];
    uint8_t n_replicas, is_sc;
    uint8_t unused[(-(ASC_MAX_NAMESPACE_SIZE + 3)) & 7];
    uint32_t regimes[ASC_N_PARTITIONS];
    uint16_t owners[ASC_MAX_REPLICAS][ASC_N_PARTITIONS];
    int32_t racks[ASC_SHM_MAX_NODES]; /* of each node, or ASC_SHM_NO_RACK */
} asc_shm_map;

/* How much a view holds. */
typedef struct asc_shm_counts {
    uint32_t is_ready; /* 0: the tender has not found the cluster yet */
    uint32_t n_nodes, n_maps;
    uint32_t n_nodes_left_out, n_maps_left_out; /* for which there was no room */
    uint32_t unused;
} asc_shm_counts;

/* A view of the cluster, outside of the segment. */
typedef struct asc_shm_view {
    asc_shm_counts counts;
    asc_shm_node *nodes; /* owned: room for max_nodes */
    asc_shm_map *maps;   /* owned: room for max_namespaces */
} asc_shm_view;

/* What this process is in the segment. */
typedef enum asc_shm_role {
    ASC_SHM_DETACHED, /* nothing: it must attach first */
    ASC_SHM_FOLLOWER,
    ASC_SHM_TENDER,
} asc_shm_role;

/* What came of reading a view. */
typedef enum asc_shm_news {
    ASC_SHM_NOTHING_NEW, /* it is the view that was read last, or there is none yet */
    ASC_SHM_NEW_VIEW,
    ASC_SHM_BUSY,     /* it was changing all the time: the next attempt may do better */
    ASC_SHM_NONSENSE, /* what stands there cannot be a view; it has been logged */
} asc_shm_news;

typedef struct asc_shm_segment asc_shm_segment;

/* One user of a segment: there may be several in a process. */
typedef struct asc_shm {
    asc_shm_config config;
    char way[ASC_SHM_WAY_SIZE];
    uint32_t patience_ms; /* a tender that gives no sign for so long is replaced */
    int fd;               /* owned; -1: none */
    dev_t device;         /* what fd was opened on: somebody may have closed it */
    ino_t inode;
    asc_shm_segment *segment; /* owned mapping; NULL: none */
    size_t size;              /* of the mapping */
    uint64_t turn;            /* as tender: the turn that it took; 0: it follows */
    uint64_t read_turn;       /* of the view that was read last, with its sequence; */
    uint32_t read_sequence;   /* these are 0 when none was */
    uint64_t sign_turn;       /* the last sign of the tender, and when it was seen */
    uint32_t sign;
    uint64_t sign_ms;
    bool has_moved;  /* it was another one than at the look before */
    bool watches;    /* as follower: it is the one that watches the tender */
    uint32_t heard;  /* how often the bell had rung when this process listened */
    uint32_t n_told; /* nodes and maps without room, as was logged last */
    struct asc_shm *next, *prev; /* of all in the process */
} asc_shm;

/* Prepare *s, without a segment yet. `way` says how the cluster is asked: those who
 * share must do so in the same way. A tender that gives no sign for the longer of the
 * configured time and least_patience_ms is replaced. */
void asc_shm_init(asc_shm *s, const asc_shm_config *config, const char *way,
                  uint32_t least_patience_ms);

/* Open the segment of the key, or make it, as a follower. A segment that was left
 * behind by processes that are gone is replaced. What is in use and does not fit is
 * refused: ASC_ERR_CLIENT. The call takes limit_ms at most. */
asc_status asc_shm_attach(asc_shm *s, uint32_t limit_ms, asc_error *err);

/* Let go of the segment, and remove it when nobody else has it. It may be called when
 * there is none, and asc_shm_attach may follow. */
void asc_shm_detach(asc_shm *s);

/* Detach, and end the use of *s. A zeroed one is fine. */
void asc_shm_clear(asc_shm *s);

/* In the child of a fork, at once: close the child's copy of the descriptor. The parent
 * keeps its locks. */
void asc_shm_in_child(asc_shm *s);

/* Find out what this process is now: a tender may have been replaced while it did not
 * run, and somebody may have closed the descriptor or truncated the file. */
asc_shm_role asc_shm_look(asc_shm *s);

/* Has the tender gone, or given no sign for too long? Only followers ask this, in each
 * of their cycles. */
bool asc_shm_is_abandoned(asc_shm *s, uint64_t now_ms);

/* Become the tender, in place of one that has gone. What this process knows goes with
 * it: its view is in force until it publishes another. False when somebody was
 * faster. */
bool asc_shm_take_over(asc_shm *s, const asc_shm_view *view);

/* As the tender, put another view in force. Somebody who was replaced does no harm. */
void asc_shm_publish(asc_shm *s, const asc_shm_view *view);

/* --- the sleep of followers ---
 *
 * One follower looks at the tender in each of its cycles, as if there were no others.
 * The others may sleep meanwhile, until a bell rings: when there is another view, when
 * nodes begin to fail, and when the tender or the one that watches leaves. */

/* As a follower, be the one that watches the tender, unless somebody else is. */
bool asc_shm_watch(asc_shm *s);

/* Begin to listen: what rings from now on ends the next asc_shm_sleep. */
void asc_shm_listen(asc_shm *s);

/* Sleep until the bell has rung since asc_shm_listen, but not longer than limit_ms.
 * False when this system cannot wait for it. */
bool asc_shm_sleep(asc_shm *s, uint32_t limit_ms);

/* Ring the bell: all who sleep wake up. Any thread may do so while *s stays attached;
 * without a segment nothing happens. */
void asc_shm_ring(const asc_shm *s);

/* --- signs --- */

/* As the tender, give a sign, and say for each node how many times in a row it has not
 * answered. */
void asc_shm_give_sign(asc_shm *s, const uint32_t failures[], uint32_t n);

/* As a follower, read those numbers: how many there are comes back, n at most. */
uint32_t asc_shm_failures(asc_shm *s, uint32_t failures[], uint32_t n);

/* Is the view in force another than the one that was read last? */
bool asc_shm_has_news(const asc_shm *s);

/* Read the view in force, if it is not the one that was read last. */
asc_shm_news asc_shm_read(asc_shm *s, asc_shm_view *view);

/* What was read last could not be used: it is new again. */
void asc_shm_forget_view(asc_shm *s);

/* The process that tends, or has tended last, for messages; 0: none yet. */
pid_t asc_shm_tender(const asc_shm *s);

/* Make an empty view with room for what a segment holds. ASC_ERR_NOMEM; the caller
 * clears it even then. */
asc_status asc_shm_view_init(asc_shm_view *view, const asc_shm *s, asc_error *err);

/* Free what it owns. A zeroed one is fine. */
void asc_shm_view_clear(asc_shm_view *view);

#endif
