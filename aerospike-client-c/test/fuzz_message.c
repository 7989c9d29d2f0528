/* A frame as a server might send it: its head, then the message and its operations. */
#include <stdlib.h>

#include "asc/detail.h"

static unsigned long sum; /* so that every byte is really read */

static void
touch(const uint8_t *p, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        sum += p[i];
    }
}

static void
read_message(const uint8_t *data, size_t size, asc_error *err)
{
    asc_msg m;
    asc_msg_op op;
    if (asc_msg_open(&m, data, size, err) != ASC_OK) {
        return;
    }
    asc_error_add_detail(err, &m);
    for (unsigned i = 0; i < m.n_ops; i++) {
        const uint8_t *before = m.at;
        if (asc_msg_next_op(&m, &op, err) != ASC_OK) {
            return;
        }
        if (m.at <= before || m.at > data + size) {
            abort();
        }
        touch(op.name, op.name_size);
        touch(op.value, op.value_size);
    }
    touch(m.at, (size_t)(m.end - m.at));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    asc_error err;
    asc_frame_head head;
    asc_error_reset(&err);
    if (size >= ASC_PROTO_HEADER_SIZE &&
        asc_read_frame_head(data, &head, &err) == ASC_OK) {
        if (head.size > ASC_PROTO_MAX_BODY) {
            abort();
        }
        read_message(data + 8, size - 8, &err); /* its size may lie */
    }
    return 0;
}
