/* The view that commands work with. Nothing in a snapshot changes once it is published,
 * so that any number of threads read it without a lock; only the flags of its nodes do.
 * An old one is freed when the last command that took it lets go. */
#include "topology/snapshot.h"

#include <string.h>

#include "asc/alloc.h"
#include "base/time.h"

/* The arrays have one place more than needed, so that none has a size of 0. */
asc_status
asc_snapshot_new(asc_snapshot **out, size_t n_nodes, size_t n_maps, asc_error *err)
{
    asc_snapshot *s = asc_calloc(1, sizeof *s);
    if (s != NULL) {
        s->nodes = asc_calloc(n_nodes + 1, sizeof *s->nodes);
        s->maps = asc_calloc(n_maps + 1, sizeof *s->maps);
        atomic_init(&s->refs, 1);
    }
    if (s == NULL || s->nodes == NULL || s->maps == NULL) {
        asc_snapshot_release(s);
        return asc_error_set(err, ASC_ERR_NOMEM, "view of %zu nodes", n_nodes);
    }
    *out = s;
    return ASC_OK;
}

void
asc_snapshot_retain(asc_snapshot *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
}

/* A snapshot that is half made can be released: n_nodes counts only the nodes that have
 * been set. */
void
asc_snapshot_release(asc_snapshot *s)
{
    if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1) {
        return;
    }
    for (size_t i = 0; i < s->n_nodes; i++) {
        asc_node_release(s->nodes[i]);
    }
    asc_free(s->nodes);
    asc_free(s->maps);
    asc_free(s->ranks);
    asc_free(s);
}

const asc_ns_map *
asc_snapshot_map(const asc_snapshot *s, const char *ns)
{
    for (size_t i = 0; i < s->n_maps; i++) {
        if (strcmp(s->maps[i].name, ns) == 0) {
            return &s->maps[i];
        }
    }
    return NULL;
}

asc_status
asc_snapshot_no_node(const asc_snapshot *s, asc_error *err)
{
    const char *empty = "Cluster is empty;";
    if (s->n_nodes > 0) {
        return asc_error_set(err, ASC_ERR_INVALID_NODE, "%s no node answers any more",
                             empty);
    }
    if (s->is_kept_out) {
        return asc_error_set(err, ASC_ERR_INVALID_NODE,
                             "%s the shared memory of the shm_key 0x%08X belongs to "
                             "another cluster; give each cluster a shm_key of its own",
                             empty, (unsigned)s->shm_key);
    }
    if (s->lost_ms == 0) {
        return asc_error_set(err, ASC_ERR_INVALID_NODE,
                             "%s no node has been reached yet", empty);
    }
    uint64_t lost_s = (asc_now_ms() - s->lost_ms) / 1000;
    return asc_error_set(
        err, ASC_ERR_INVALID_NODE,
        "%s no node answers any more, and the last one was lost %llu s ago", empty,
        (unsigned long long)lost_s);
}

asc_status
asc_snapshot_lacks(const asc_snapshot *s, const char *ns, asc_error *err)
{
    if (s->n_nodes == 0) {
        asc_snapshot_no_node(s, err);
        asc_error_append(err, ", so that no namespace is known");
        err->code = ASC_ERR_NAMESPACE;
        return err->code;
    }
    if (s->n_maps == 0) {
        return asc_error_set(err, ASC_ERR_NAMESPACE,
                             "Invalid namespace: %s; no partition map is known", ns);
    }
    asc_error_set(err, ASC_ERR_NAMESPACE, "Invalid namespace: %s; the cluster has", ns);
    for (size_t i = 0; i < s->n_maps; i++) {
        asc_error_append(err, "%s %s", i > 0 ? "," : "", s->maps[i].name);
    }
    return ASC_ERR_NAMESPACE;
}

asc_node *
asc_snapshot_node(const asc_snapshot *s, const char *name)
{
    for (size_t i = 0; i < s->n_nodes; i++) {
        if (strcmp(s->nodes[i]->name, name) == 0) {
            return s->nodes[i];
        }
    }
    return NULL;
}

/* Of the active owners take the one in the rack that is preferred most, the first of
 * equals. Whom the attempt before has asked is worse than any other, so that a
 * repetition goes elsewhere as long as there is an elsewhere. It is not inlined for the
 * sake of choices without racks, which save fewer registers so. */
static __attribute__((noinline)) uint16_t
slot_by_rack(const asc_snapshot *s, const asc_ns_map *map, uint32_t partition,
             const asc_choice *choice)
{
    uint16_t best = ASC_NO_NODE;
    uint32_t best_rank = UINT32_MAX;
    for (unsigned i = 0; i < map->n_replicas; i++) {
        uint16_t slot = map->owners[(choice->first + i) % map->n_replicas][partition];
        if (slot == ASC_NO_NODE || !atomic_load(&s->nodes[slot]->active)) {
            continue;
        }
        bool was_last = strcmp(s->nodes[slot]->name, choice->last) == 0;
        uint32_t rank = was_last ? ASC_RANK_NONE + 1u : map->ranks[slot];
        if (rank < best_rank) {
            best = slot;
            best_rank = rank;
        }
    }
    return best;
}

/* Owners that are no longer active are passed over: a node may have gone since the map
 * was made. */
uint16_t
asc_snapshot_slot(const asc_snapshot *s, const asc_ns_map *map, uint32_t partition,
                  const asc_choice *choice)
{
    if (choice->by_rack && !choice->master_only && map->ranks != NULL) {
        return slot_by_rack(s, map, partition, choice);
    }
    unsigned n = choice->master_only || map->n_replicas == 0 ? 1 : map->n_replicas;
    for (unsigned i = 0; i < n; i++) {
        uint16_t slot = map->owners[(choice->first + i) % n][partition];
        if (slot != ASC_NO_NODE && atomic_load(&s->nodes[slot]->active)) {
            return slot;
        }
    }
    return ASC_NO_NODE;
}

asc_node *
asc_snapshot_owner(const asc_snapshot *s, const asc_ns_map *map, uint32_t partition,
                   const asc_choice *choice)
{
    uint16_t slot = asc_snapshot_slot(s, map, partition, choice);
    return slot != ASC_NO_NODE ? s->nodes[slot] : NULL;
}
