#include "frames.h"

#include <stdlib.h>
#include <string.h>

#include "asc/bytes.h"
#include "base/time.h"
#include "fake.h"
#include "wire/compress.h"

void
frames_open(frames *f)
{
    f->head = f->len;
    memset(f->data + f->len, 0, 8);
    f->data[f->len] = 2;
    f->data[f->len + 1] = 3;
    f->len += 8;
}

void
frames_close(frames *f)
{
    asc_put_u32(f->data + f->head + 4, (uint32_t)(f->len - f->head - 8));
}

static void
add(frames *f, const void *bytes, size_t size)
{
    if (f->len + size > sizeof f->data) {
        abort();
    }
    memcpy(f->data + f->len, bytes, size);
    f->len += size;
}

void
frames_message(frames *f, uint8_t info3, uint8_t result, uint32_t number,
               uint32_t index)
{
    uint8_t m[22] = {22, 0, 0, info3, 0, result};
    asc_put_u32(m + 6, number);
    asc_put_u32(m + 14, index);
    add(f, m, sizeof m);
}

void
frames_record(frames *f, const uint8_t *digest, uint64_t bval)
{
    static const uint8_t ns[] = {0, 0, 0, 5, 0, 't', 'e', 's', 't'};
    static const uint8_t bin[] = {0, 0, 0, 13, 1, 1, 0, 1, 'a', 0, 0, 0, 0, 0, 0, 0, 7};
    uint8_t head[5] = {0, 0, 0, 21, 4};
    size_t at = f->len;
    frames_message(f, 0, 0, 1, 0);
    f->data[at + 19] = bval != 0 ? 3 : 2; /* fields */
    f->data[at + 21] = 1;                 /* operations */
    add(f, ns, sizeof ns);
    add(f, head, sizeof head);
    add(f, digest, 20);
    if (bval != 0) {
        head[3] = 9;
        head[4] = 15;
        add(f, head, sizeof head);
        for (unsigned i = 0; i < 8; i++) {
            const uint8_t byte = (uint8_t)(bval >> 8 * i);
            add(f, &byte, 1);
        }
    }
    add(f, bin, sizeof bin);
}

void
frames_one(frames *f, uint8_t info3, uint8_t result, uint32_t number, uint32_t index)
{
    frames_open(f);
    frames_message(f, info3, result, number, index);
    frames_close(f);
}

void
frames_last(frames *f)
{
    frames_one(f, FRAMES_LAST, 0, 0, 0);
}

const uint8_t *
frames_digest(uint32_t partition, uint8_t n)
{
    static uint8_t digests[8][20]; /* so that some can be used side by side */
    static unsigned turn;
    uint8_t *d = digests[turn++ % 8];
    memset(d, n, 20);
    d[0] = (uint8_t)partition;
    d[1] = (uint8_t)(partition >> 8);
    return d;
}

/* A number that changes when bytes have moved or a peer's script has gone on. */
static uint64_t
progress(const asc_set *s)
{
    uint64_t sum = fake.n_opened + fake.n_closed;
    for (size_t i = 0; i < FAKE_MAX_PEERS; i++) {
        sum += fake.peers[i].at + fake.peers[i].given + fake.peers[i].n_taken;
    }
    for (size_t i = 0; i < s->n; i++) {
        sum += s->members[i]->x.n_attempts;
    }
    return sum;
}

bool
frames_wait(asc_set *s, uint64_t *now_ms)
{
    asc_set_go_on(s, *now_ms);
    for (;;) {
        uint64_t before = progress(s);
        for (size_t i = 0; i < s->n; i++) { /* as if poll had said so */
            asc_want want = s->members[i]->want;
            s->members[i]->due = want == ASC_WANT_READ || want == ASC_WANT_WRITE ||
                                 want == ASC_WANT_TURN;
        }
        if (asc_set_step(s, *now_ms)) {
            return true;
        }
        if (progress(s) == before) {
            uint64_t wake_ms = asc_set_wake_ms(s);
            if (wake_ms == ASC_FOREVER) {
                return false;
            }
            *now_ms = wake_ms > *now_ms ? wake_ms : *now_ms;
        }
    }
}

/* All slices, and the end of the work; NULL: it could not begin. */
static asc_status
run_zip(asc_zip *z, size_t *size, unsigned *slices, asc_error *err)
{
    asc_status rc = z != NULL ? ASC_INTERRUPTED : err->code;
    unsigned n = 0;
    while (rc == ASC_INTERRUPTED) {
        rc = asc_zip_step(z, size, err);
        n++;
    }
    asc_zip_free(z);
    if (slices != NULL) {
        *slices = n;
    }
    return rc;
}

asc_status
frames_deflate(asc_buf *b, unsigned *slices, asc_error *err)
{
    size_t ignored;
    return run_zip(asc_zip_deflate(b, err), &ignored, slices, err);
}

asc_status
frames_inflate(asc_buf *b, size_t at, size_t size, size_t *inner_size, unsigned *slices,
               asc_error *err)
{
    return run_zip(asc_zip_inflate(b, at, size, err), inner_size, slices, err);
}
