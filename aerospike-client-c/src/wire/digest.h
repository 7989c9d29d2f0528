/* wire/digest.h -- digests in a given number of lanes, for the tests. */
#ifndef ASC_WIRE_DIGEST_H
#define ASC_WIRE_DIGEST_H

#include <stdbool.h>

#include "asc/digest.h"

/* asc_digest_keys() with 1, 4, 8 or 16 keys side by side. False: this machine cannot do
 * that, and nothing was done. */
bool asc_digest_in_lanes(unsigned n_lanes, const asc_digest_source *keys, size_t n);

#endif
