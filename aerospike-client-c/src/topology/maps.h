/* topology/maps.h -- who owns which partition, as the tender learns it node by node.
 * Snapshots are made from these maps. */
#ifndef ASC_TOPOLOGY_MAPS_H
#define ASC_TOPOLOGY_MAPS_H

#include "topology/snapshot.h"

/* What is known of one namespace. The pointers in `owners` are borrowed: the tender
 * takes a node out of all maps before it lets go of it. */
typedef struct asc_ns_work {
    char name[ASC_MAX_NAMESPACE_SIZE + 1];
    uint8_t n_replicas;
    bool is_sc;
    uint32_t regimes[ASC_N_PARTITIONS]; /* how new the owners of a partition are */
    asc_node *owners[ASC_MAX_REPLICAS][ASC_N_PARTITIONS];
} asc_ns_work;

/* All namespaces. Zeroed, it is empty. */
typedef struct asc_maps {
    asc_ns_work **list; /* owned */
    size_t n;
} asc_maps;

/* Apply the value of a node's "replicas" answer: ns:regime,count,map,...;ns:... Each
 * map is a bitmap of partitions in base64. A set bit makes the node an owner unless a
 * newer regime is known; a clear bit says nothing. A node that loses a partition must
 * be asked again, so its generation becomes unknown. ASC_ERR_CLIENT when the text is
 * malformed: the namespaces before the faulty one stay applied, and nothing of that one
 * is. */
asc_status asc_maps_apply(asc_maps *m, asc_node *node, const char *text, size_t size,
                          asc_error *err);

/* Add a namespace that owns nothing yet, under a name of at most ASC_MAX_NAMESPACE_SIZE
 * bytes that there is not yet. Borrowed from *m; NULL when memory is short. */
asc_ns_work *asc_maps_add(asc_maps *m, const char *name, size_t size);

/* Take a node out of all maps. */
void asc_maps_forget(asc_maps *m, const asc_node *node);

/* Does the node own anything? */
bool asc_maps_use(const asc_maps *m, const asc_node *node);

/* Make a snapshot of the nodes and the maps, with the ranks of the nodes if the
 * configuration prefers racks. On ASC_OK *out is counted once. */
asc_status
asc_maps_snapshot(const asc_maps *m, const asc_config *config, asc_node **nodes,
                  size_t n_nodes, asc_snapshot **out, asc_error *err);

/* Free everything; *m is empty and usable afterwards. */
void asc_maps_clear(asc_maps *m);

#endif
