/* Who owns which partition, put together from what each node says of itself. Nodes
 * answer at different moments while partitions move, so two may claim the same one: the
 * newer regime wins, and whoever loses a partition is asked again. The text comes from
 * the network: a namespace is checked as a whole before any of it is applied. */
#include "topology/maps.h"

#include <stdlib.h>
#include <string.h>

#include "asc/alloc.h"
#include "wire/base64.h"

/* A server has so many namespaces at most; what a node names beyond them is left
 * out. */
#define MAX_NAMESPACES 32u
#define BITMAP_SIZE (ASC_N_PARTITIONS / 8)

/* Find a namespace by a name that is not terminated. NULL when it is not known. */
static asc_ns_work *
find(const asc_maps *m, const char *name, size_t size)
{
    for (size_t i = 0; i < m->n; i++) {
        if (strlen(m->list[i]->name) == size &&
            memcmp(m->list[i]->name, name, size) == 0) {
            return m->list[i];
        }
    }
    return NULL;
}

asc_ns_work *
asc_maps_add(asc_maps *m, const char *name, size_t size)
{
    asc_ns_work **moved = asc_realloc(m->list, (m->n + 1) * sizeof *moved);
    if (moved == NULL) {
        return NULL;
    }
    m->list = moved;
    asc_ns_work *ns = asc_calloc(1, sizeof *ns);
    if (ns != NULL) {
        memcpy(ns->name, name, size);
        m->list[m->n++] = ns;
    }
    return ns;
}

/* Split off the text up to the next separator, or to the end; *at moves behind the
 * separator. Returns its size. */
static size_t
part(const char **at, const char *end, char separator, const char **start)
{
    *start = *at;
    const char *stop = memchr(*at, separator, (size_t)(end - *at));
    size_t size = (size_t)((stop != NULL ? stop : end) - *at);
    *at = stop != NULL ? stop + 1 : end;
    return size;
}

/* Read a number that ends at a comma. False when it is none, or above the limit. */
static bool
integer(const char **at, const char *end, unsigned long limit, unsigned long *out)
{
    const char *start;
    char text[16];
    size_t size = part(at, end, ',', &start);
    if (size == 0 || size >= sizeof text || start[0] < '0' || start[0] > '9') {
        return false;
    }
    memcpy(text, start, size);
    text[size] = '\0';
    char *rest;
    *out = strtoul(text, &rest, 10);
    return *rest == '\0' && *out <= limit;
}

/* Apply the bitmap of one column: column 0 holds the masters, the others the copies. An
 * owner that loses a partition to this node has not told us so yet, and is asked
 * again. */
static void
apply_column(asc_ns_work *ns, unsigned column, uint32_t regime, const uint8_t *bits,
             asc_node *node)
{
    asc_node **owners = ns->owners[column];
    for (unsigned p = 0; p < ASC_N_PARTITIONS; p++) {
        bool is_owner = bits[p >> 3] & 0x80 >> (p & 7);
        if (!is_owner || regime < ns->regimes[p]) {
            continue;
        }
        if (owners[p] != NULL && owners[p] != node) {
            owners[p]->partition_generation = -1;
        }
        owners[p] = node;
        ns->regimes[p] = regime;
    }
}

/* Apply one namespace: name:regime,count,map,... All bitmaps are decoded before the
 * first is applied, so that a malformed one changes nothing. */
static asc_status
apply_namespace(asc_maps *m, asc_node *node, const char *text, size_t size,
                asc_error *err)
{
    const char *at = text, *end = text + size, *name, *map;
    unsigned long regime, count;
    uint8_t bits[ASC_MAX_REPLICAS][BITMAP_SIZE];
    size_t name_size = part(&at, end, ':', &name);
    if (name_size == 0 || name_size > ASC_MAX_NAMESPACE_SIZE ||
        !integer(&at, end, UINT32_MAX, &regime) || !integer(&at, end, 255, &count)) {
        return asc_error_set(err, ASC_ERR_CLIENT, "malformed partition map");
    }
    count = count < ASC_MAX_REPLICAS ? count : ASC_MAX_REPLICAS;
    for (unsigned i = 0; i < count; i++) {
        size_t map_size = part(&at, end, ',', &map);
        if (asc_base64_decode(bits[i], sizeof bits[i], map, map_size) < 0) {
            asc_error_set(err, ASC_ERR_CLIENT, "malformed partition map of namespace ");
            asc_error_append_text(err, name, name_size);
            return err->code;
        }
    }
    asc_ns_work *ns = find(m, name, name_size);
    if (ns == NULL && m->n >= MAX_NAMESPACES) {
        return ASC_OK;
    }
    if (ns == NULL && (ns = asc_maps_add(m, name, name_size)) == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "partition map");
    }
    ns->is_sc = regime != 0;
    ns->n_replicas = (uint8_t)count;
    for (unsigned i = 0; i < count; i++) {
        apply_column(ns, i, (uint32_t)regime, bits[i], node);
    }
    return ASC_OK;
}

asc_status
asc_maps_apply(asc_maps *m, asc_node *node, const char *text, size_t size,
               asc_error *err)
{
    const char *at = text, *end = text + size, *entry;
    asc_status rc = ASC_OK;
    while (rc == ASC_OK && at < end) {
        size_t entry_size = part(&at, end, ';', &entry);
        if (entry_size > 0) {
            rc = apply_namespace(m, node, entry, entry_size, err);
        }
    }
    return rc;
}

/* The columns of a namespace lie one behind another, so one loop goes through all of
 * them. */
void
asc_maps_forget(asc_maps *m, const asc_node *node)
{
    for (size_t i = 0; i < m->n; i++) {
        asc_node **owners = m->list[i]->owners[0];
        for (size_t p = 0; p < ASC_MAX_REPLICAS * ASC_N_PARTITIONS; p++) {
            if (owners[p] == node) {
                owners[p] = NULL;
            }
        }
    }
}

bool
asc_maps_use(const asc_maps *m, const asc_node *node)
{
    for (size_t i = 0; i < m->n; i++) {
        asc_node *const *owners = m->list[i]->owners[0];
        for (size_t p = 0; p < ASC_MAX_REPLICAS * ASC_N_PARTITIONS; p++) {
            if (owners[p] == node) {
                return true;
            }
        }
    }
    return false;
}

/* A snapshot refers to nodes by their slots, which asc_maps_snapshot has put into
 * them. */
static void
copy_map(asc_ns_map *to, const asc_ns_work *from)
{
    memcpy(to->name, from->name, sizeof to->name);
    to->n_replicas = from->n_replicas;
    to->is_sc = from->is_sc;
    for (unsigned r = 0; r < ASC_MAX_REPLICAS; r++) {
        for (unsigned p = 0; p < ASC_N_PARTITIONS; p++) {
            const asc_node *owner = from->owners[r][p];
            to->owners[r][p] = owner != NULL ? (uint16_t)owner->slot : ASC_NO_NODE;
        }
    }
}

/* Write how far behind in the order of preference each node's rack is. */
static asc_status
rank_nodes(asc_snapshot *s, const asc_config *config, asc_error *err)
{
    if (!config->rack_aware) {
        return ASC_OK;
    }
    s->ranks = asc_calloc(s->n_maps * s->n_nodes + 1, sizeof *s->ranks);
    if (s->ranks == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "racks of %zu nodes", s->n_nodes);
    }
    uint16_t *at = s->ranks;
    for (size_t i = 0; i < s->n_maps; i++) {
        s->maps[i].ranks = at;
        for (size_t k = 0; k < s->n_nodes; k++) {
            *at++ = asc_racks_rank(&s->nodes[k]->racks, s->maps[i].name,
                                   config->rack_ids, config->n_rack_ids);
        }
    }
    return ASC_OK;
}

asc_status
asc_maps_snapshot(const asc_maps *m, const asc_config *config, asc_node **nodes,
                  size_t n_nodes, asc_snapshot **out, asc_error *err)
{
    asc_snapshot *s;
    asc_status rc = asc_snapshot_new(&s, n_nodes, m->n, err);
    if (rc != ASC_OK) {
        return rc;
    }
    for (size_t i = 0; i < n_nodes; i++) {
        nodes[i]->slot = (uint32_t)i;
        asc_node_retain(nodes[i]);
        s->nodes[s->n_nodes++] = nodes[i];
    }
    for (size_t i = 0; i < m->n; i++) {
        copy_map(&s->maps[s->n_maps++], m->list[i]);
    }
    rc = rank_nodes(s, config, err);
    if (rc != ASC_OK) {
        asc_snapshot_release(s);
        return rc;
    }
    *out = s;
    return ASC_OK;
}

void
asc_maps_clear(asc_maps *m)
{
    for (size_t i = 0; i < m->n; i++) {
        asc_free(m->list[i]);
    }
    asc_free(m->list);
    *m = (asc_maps){0};
}
