/* Replies to admin requests: whole frames, their blocks and the fields of each. */
#include <stdlib.h>

#include "asc/admin.h"
#include "asc/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Read the fields of a block, which have been found whole. */
static void
read_fields(asc_admin_block *b, const uint8_t *begin)
{
    asc_error err;
    asc_admin_value v;
    asc_error_reset(&err);
    for (unsigned i = 0; i < b->n_fields; i++) {
        if (asc_admin_next(b, &v, &err) != ASC_OK || v.data < begin ||
            v.data + v.size > b->end) {
            abort();
        }
    }
    if (b->at != b->end) {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    asc_admin_blocks blocks;
    asc_admin_block b;
    asc_admin_value v;
    asc_error err;
    asc_error_reset(&err);
    asc_admin_blocks_begin(&blocks, data, size);
    while (asc_admin_blocks_next(&blocks, &b, &err)) {
        read_fields(&b, data);
    }
    if ((err.code == ASC_OK) != (blocks.at == blocks.end)) {
        abort();
    }
    /* what a login reads: one block, whose fields nobody has looked at */
    asc_error_reset(&err);
    if (asc_admin_open(&b, data, size, &err) == ASC_OK) {
        for (unsigned i = 0; i < b.n_fields; i++) {
            if (asc_admin_next(&b, &v, &err) != ASC_OK) {
                break;
            }
            if (v.data + v.size > data + size) {
                abort();
            }
        }
    }
    if (asc_alloc_live() != 0) {
        abort();
    }
    return 0;
}
