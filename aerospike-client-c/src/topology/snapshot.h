/* topology/snapshot.h -- the view of the cluster by which commands are routed: nodes,
 * and who owns which partition. A snapshot is counted and never changes; the tend
 * thread builds a new one and swaps it in. */
#ifndef ASC_TOPOLOGY_SNAPSHOT_H
#define ASC_TOPOLOGY_SNAPSHOT_H

#include "asc/proto.h"
#include "topology/node.h"

/* So many copies of a partition are looked at, the master included. */
#define ASC_MAX_REPLICAS 3u

/* This stands in place of a slot where nobody owns the partition. */
#define ASC_NO_NODE UINT16_MAX

/* Who owns which partition of one namespace. */
typedef struct asc_ns_map {
    char name[ASC_MAX_NAMESPACE_SIZE + 1];
    uint8_t n_replicas;                                  /* columns in use */
    bool is_sc;                                          /* strong consistency */
    uint16_t owners[ASC_MAX_REPLICAS][ASC_N_PARTITIONS]; /* slots of nodes */
    /* For each slot, how far behind in the order of preference the rack of the node is;
     * 0 is the best. Borrowed from the snapshot; NULL: no rack is preferred. */
    const uint16_t *ranks;
} asc_ns_map;

/* One view. The slot of a node is its index in `nodes`. */
typedef struct asc_snapshot {
    atomic_uint refs;
    size_t n_nodes, n_maps;
    asc_node **nodes; /* counted, owned array */
    asc_ns_map *maps; /* owned array */
    uint16_t *ranks;  /* owned: those of all maps; NULL: there are none */
    uint64_t lost_ms; /* of a view without nodes: when the last one was lost; 0: there
                         was none yet */
    bool is_kept_out; /* of such a view: the shared memory is another cluster's */
    uint32_t shm_key; /* of that memory */
    struct asc_snapshot *older; /* of those that are replaced; the tend thread's own */
} asc_snapshot;

/* Make a snapshot with room for so many nodes and maps, which the caller fills in.
 * n_nodes and n_maps start at 0 and count what is set. On ASC_OK *out is counted
 * once. */
asc_status
asc_snapshot_new(asc_snapshot **out, size_t n_nodes, size_t n_maps, asc_error *err);

/* Add a count, or drop one; the last one frees. */
void asc_snapshot_retain(asc_snapshot *s);
void asc_snapshot_release(asc_snapshot *s); /* NULL is fine */

/* Find the map of a namespace, or NULL. Borrowed from the snapshot. */
const asc_ns_map *asc_snapshot_map(const asc_snapshot *s, const char *ns);

/* Say that there is no node that could be asked, and why. Returns
 * ASC_ERR_INVALID_NODE. */
asc_status asc_snapshot_no_node(const asc_snapshot *s, asc_error *err);

/* Say that there is no map of a namespace, and which there are. Returns
 * ASC_ERR_NAMESPACE. */
asc_status asc_snapshot_lacks(const asc_snapshot *s, const char *ns, asc_error *err);

/* Find the node of a name, or NULL. Borrowed from the snapshot. */
asc_node *asc_snapshot_node(const asc_snapshot *s, const char *name);

/* How a copy of a partition is chosen. */
typedef struct asc_choice {
    unsigned first;   /* where in the circle of all copies to begin */
    bool master_only; /* look at copy 0 alone */
    bool by_rack;     /* the node with the best rank is taken, and the one named `last`
                         only when there is no other */
    const char *last; /* whom the attempt before has asked; "": nobody. With by_rack */
} asc_choice;

/* Choose the slot to ask for a partition: that of the first active owner in the circle,
 * or with by_rack the best one. ASC_NO_NODE when there is none. */
uint16_t asc_snapshot_slot(const asc_snapshot *s, const asc_ns_map *map,
                           uint32_t partition, const asc_choice *choice);

/* Likewise, but the node itself, or NULL. Borrowed from the snapshot. */
asc_node *asc_snapshot_owner(const asc_snapshot *s, const asc_ns_map *map,
                             uint32_t partition, const asc_choice *choice);

/* The slot of the active master of a partition, or ASC_NO_NODE. */
static inline uint16_t
asc_snapshot_master(const asc_snapshot *s, const asc_ns_map *map, uint32_t partition)
{
    return asc_snapshot_slot(s, map, partition, &(asc_choice){.master_only = true});
}

#endif
