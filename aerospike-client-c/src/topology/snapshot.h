/* topology/snapshot.h -- the view of the cluster that commands work with: nodes and
 * who owns which partition. Counted and never changed; the tend thread builds a new
 * one and swaps it in. */
#ifndef ASC_TOPOLOGY_SNAPSHOT_H
#define ASC_TOPOLOGY_SNAPSHOT_H

#include "asc/proto.h"
#include "topology/node.h"

/* Copies of a partition that are looked at. */
#define ASC_MAX_REPLICAS 3u

/* In place of the index of a node: nobody owns it. */
#define ASC_NO_NODE UINT16_MAX

/* Who owns which partition of one namespace. */
typedef struct asc_ns_map {
    char name[ASC_MAX_NAMESPACE_SIZE + 1];
    uint8_t n_replicas;                                  /* columns in use */
    bool is_sc;                                          /* strong consistency */
    uint16_t owners[ASC_MAX_REPLICAS][ASC_N_PARTITIONS]; /* index of a node */
} asc_ns_map;

/* The view; see above. */
typedef struct asc_snapshot {
    atomic_uint refs;
    size_t n_nodes, n_maps;
    asc_node **nodes; /* counted, owned array */
    asc_ns_map *maps; /* owned array */
} asc_snapshot;

/* Room for so many nodes and maps, all of them still to be filled in (nodes count as
 * n_nodes only when they are set). On ASC_OK *out is counted once. */
asc_status
asc_snapshot_new(asc_snapshot **out, size_t n_nodes, size_t n_maps, asc_error *err);

/* One count more, one count less; the last one frees. */
void asc_snapshot_retain(asc_snapshot *s);
void asc_snapshot_release(asc_snapshot *s); /* NULL is fine */

/* The map of a namespace, or NULL. */
const asc_ns_map *asc_snapshot_map(const asc_snapshot *s, const char *ns);

/* The node of a name, or NULL. Borrowed from the snapshot. */
asc_node *asc_snapshot_node(const asc_snapshot *s, const char *name);

/* The first active owner of the partition among its replicas first, first+1, ... in a
 * circle of all replicas; only replica 0 when master_only: its index among the nodes,
 * or ASC_NO_NODE. */
uint16_t asc_snapshot_slot(const asc_snapshot *s, const asc_ns_map *map,
                           uint32_t partition, unsigned first, bool master_only);

/* The same as a node, or NULL. Borrowed from the snapshot. */
asc_node *asc_snapshot_owner(const asc_snapshot *s, const asc_ns_map *map,
                             uint32_t partition, unsigned first, bool master_only);

#endif
