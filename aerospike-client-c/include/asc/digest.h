/* asc/digest.h -- the 20 bytes that identify a record: RIPEMD-160 over the name of the
 * set, the particle type of the user key and its value. The namespace takes no part, so
 * that a key has the same digest in all namespaces. */
#ifndef ASC_DIGEST_H
#define ASC_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "asc/proto.h"

/* Compute the digest of a user key. The value is 8 big-endian bytes for integers and
 * doubles, and the raw bytes for anything else. */
void asc_digest_key(uint8_t out[ASC_DIGEST_SIZE], const void *set, size_t set_size,
                    uint8_t particle, const void *value, size_t value_size);

/* A user key whose digest is wanted, as asc_digest_key() takes it. All is borrowed. */
typedef struct asc_digest_source {
    const void *set;
    const void *value;
    size_t set_size, value_size;
    uint8_t particle;
    uint8_t *out; /* ASC_DIGEST_SIZE bytes, which the digest goes into */
} asc_digest_source;

/* Compute the digests of n user keys, as many at a time as the processor can. */
void asc_digest_keys(const asc_digest_source *keys, size_t n);

/* The partition that a record of this digest belongs to. */
static inline uint32_t
asc_digest_partition(const uint8_t digest[ASC_DIGEST_SIZE])
{
    return ((uint32_t)digest[0] | (uint32_t)digest[1] << 8) & (ASC_N_PARTITIONS - 1);
}

#endif
