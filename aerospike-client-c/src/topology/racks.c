/* The racks of a node. The text comes from the network: what it says is taken as a
 * whole or not at all. */
#include "topology/racks.h"

#include <stdlib.h>
#include <string.h>

#include "asc/alloc.h"

/* A server has so many namespaces at most; what a node names beyond them is left
 * out. */
#define MAX_NAMESPACES 32u

/* Parse ns:id at text[0..size). False when it is malformed. */
static bool
parse_one(asc_rack *out, const char *text, size_t size)
{
    char id[16], *rest;
    const char *colon = memchr(text, ':', size);
    size_t ns_size = colon != NULL ? (size_t)(colon - text) : 0;
    size_t id_size = size - ns_size - 1;
    if (ns_size == 0 || ns_size > ASC_MAX_NAMESPACE_SIZE || id_size == 0 ||
        id_size >= sizeof id || strchr("-0123456789", colon[1]) == NULL) {
        return false;
    }
    memcpy(id, colon + 1, id_size);
    id[id_size] = '\0';
    long value = strtol(id, &rest, 10);
    if (rest == id || *rest != '\0' || value < INT32_MIN || value > INT32_MAX) {
        return false;
    }
    *out = (asc_rack){.id = (int32_t)value};
    memcpy(out->ns, text, ns_size);
    return true;
}

asc_status
asc_racks_parse(asc_racks *out, const char *text, size_t size, asc_error *err)
{
    asc_racks r = {.list = asc_calloc(MAX_NAMESPACES, sizeof *r.list)};
    if (r.list == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "racks");
    }
    for (size_t at = 0; at < size && r.n < MAX_NAMESPACES;) {
        const char *stop = memchr(text + at, ';', size - at);
        size_t n = stop != NULL ? (size_t)(stop - text) - at : size - at;
        if (n > 0 && !parse_one(&r.list[r.n++], text + at, n)) {
            asc_racks_clear(&r);
            return asc_error_set(err, ASC_ERR_CLIENT, "malformed list of racks");
        }
        at += n + 1;
    }
    *out = r;
    return ASC_OK;
}

bool
asc_racks_find(const asc_racks *r, const char *ns, int32_t *out)
{
    for (size_t i = 0; i < r->n; i++) {
        if (strcmp(r->list[i].ns, ns) == 0) {
            *out = r->list[i].id;
            return true;
        }
    }
    return false;
}

bool
asc_racks_put(asc_racks *r, const char *ns, int32_t id)
{
    asc_rack *moved = asc_realloc(r->list, (r->n + 1) * sizeof *moved);
    if (moved == NULL) {
        return false;
    }
    r->list = moved;
    asc_rack *rack = &moved[r->n++];
    *rack = (asc_rack){.id = id};
    strncpy(rack->ns, ns, sizeof rack->ns - 1);
    return true;
}

uint16_t
asc_racks_rank(const asc_racks *r, const char *ns, const int32_t *rack_ids,
               size_t n_rack_ids)
{
    int32_t id;
    size_t rank = 0;
    if (!asc_racks_find(r, ns, &id)) {
        return ASC_RANK_NONE;
    }
    while (rank < n_rack_ids && rack_ids[rank] != id) {
        rank++;
    }
    return (uint16_t)(rank < n_rack_ids && rank < ASC_RANK_NONE ? rank : ASC_RANK_NONE);
}

void
asc_racks_clear(asc_racks *r)
{
    asc_free(r->list);
    *r = (asc_racks){0};
}
