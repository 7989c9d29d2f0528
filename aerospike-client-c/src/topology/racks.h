/* topology/racks.h -- in which rack a node stands, as it says itself. A node may be in
 * another rack in each namespace. */
#ifndef ASC_TOPOLOGY_RACKS_H
#define ASC_TOPOLOGY_RACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asc/error.h"
#include "asc/proto.h"

/* The rack of a node in one namespace. */
typedef struct asc_rack {
    char ns[ASC_MAX_NAMESPACE_SIZE + 1];
    int32_t id;
} asc_rack;

/* The racks of one node. Zeroed, none is known. */
typedef struct asc_racks {
    asc_rack *list; /* owned */
    size_t n;
} asc_racks;

/* The rank of a node that stands in no rack of the list, or in one that is not known.
 * Lists of racks are shorter. */
#define ASC_RANK_NONE (UINT16_MAX - 1u)

/* Parse the value of a node's "rack-ids" answer: ns:id;ns:id;... *out is set on success
 * only, and is the caller's. ASC_ERR_CLIENT when the text is malformed,
 * ASC_ERR_NOMEM. */
asc_status
asc_racks_parse(asc_racks *out, const char *text, size_t size, asc_error *err);

/* Where in a list of racks, the preferred one first, that of the node in a namespace
 * is; or ASC_RANK_NONE. */
uint16_t asc_racks_rank(const asc_racks *r, const char *ns, const int32_t *rack_ids,
                        size_t n_rack_ids);

/* Find the rack of the node in a namespace. False when it is not known. */
bool asc_racks_find(const asc_racks *r, const char *ns, int32_t *out);

/* Add a namespace that the list lacks. False when memory is short. */
bool asc_racks_put(asc_racks *r, const char *ns, int32_t id);

/* Free the list; no rack is known afterwards. */
void asc_racks_clear(asc_racks *r);

#endif
