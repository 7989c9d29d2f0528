/* fake.h -- a transport without sockets, and a cluster of two nodes on it, for tests
 * and fuzzing of what moves bytes. Everything happens in one thread and no time passes
 * but the test's. */
#ifndef FAKE_H
#define FAKE_H

#include "asc/command.h"
#include "cluster/state.h"

/* What the peer of a connection does next. */
typedef enum fake_act {
    FAKE_WAIT,      /* would block, once */
    FAKE_HANG,      /* would block, forever */
    FAKE_TAKE,      /* accepts n bytes of the request */
    FAKE_GIVE,      /* these bytes of a reply */
    FAKE_CUT,       /* the connection is broken, ECONNRESET */
    FAKE_REFUSE,    /* while connecting: ECONNREFUSED */
    FAKE_UNSTARTED, /* not even a socket can be had, EMFILE */
} fake_act;

typedef struct fake_step {
    fake_act act;
    size_t n;          /* FAKE_TAKE; FAKE_GIVE: how many bytes */
    const void *bytes; /* borrowed; FAKE_GIVE */
} fake_step;

#define FAKE_MAX_STEPS 100

/* One connection. A request is accepted in one piece unless a FAKE_TAKE or FAKE_WAIT
 * comes first; what comes after the last step is FAKE_HANG. */
typedef struct fake_peer {
    fake_step steps[FAKE_MAX_STEPS];
    size_t n_steps, at;
    bool scripted;
    size_t given;       /* bytes of the current FAKE_GIVE */
    size_t n_taken;     /* bytes of the request, in all */
    uint8_t taken[256]; /* the first of them */
    bool refuses_idle;  /* is_idle says no */
    bool in_use, closed;
} fake_peer;

#define FAKE_MAX_PEERS 32

/* The n-th connection that is opened meets peers[n]. */
typedef struct fake_net {
    fake_peer peers[FAKE_MAX_PEERS];
    unsigned ports[FAKE_MAX_PEERS]; /* where it went */
    size_t n_opened, n_closed;
} fake_net;

extern fake_net fake; /* one for the program */
extern const asc_transport fake_transport;

/* Forget everything. */
void fake_reset(void);

/* Script the next unscripted connection; the steps are copied, their bytes are not. */
fake_peer *fake_script(const fake_step *steps, size_t n);
#define FAKE_SCRIPT(...)                                                               \
    fake_script((const fake_step[]){__VA_ARGS__},                                      \
                sizeof((const fake_step[]){__VA_ARGS__}) / sizeof(fake_step))

/* An address 10.0.0.1:port that nobody listens at. */
asc_addr fake_addr(uint16_t port);

/* A node on the fake transport, counted once; NULL when memory is short. */
asc_node *
fake_node(const char *name, uint16_t port, uint32_t max_conns, asc_error *err);

/* The value of a "replicas" answer for one namespace of one or two columns; each
 * column is one character: '*' = every partition, '-' = none, 'e' = the even ones,
 * 'o' = the odd ones. NUL-terminated, in a static buffer. */
const char *fake_replicas(const char *ns, unsigned regime, const char *columns);

/* A cluster without threads: nodes A (port 3001) and B (port 3002), namespace "test"
 * whose partitions A masters and B replicates. NULL when memory is short. Release it
 * with asc_cluster_release. */
asc_cluster *fake_cluster(uint32_t max_conns);

/* Add a node to it, which has the partitions of "test" that fake_replicas() says. False
 * when memory is short. */
bool fake_add(asc_cluster *c, const char *name, uint16_t port, uint32_t max_conns,
              const char *columns);

/* Make the snapshot anew from the cluster's maps and nodes. */
asc_status fake_publish(asc_cluster *c);

#endif
