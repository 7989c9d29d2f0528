/* A batch or a query against nodes that send anything: frames cut anywhere, rows and
 * partitions that nobody asked for, ends in the middle. The first byte is the kind of
 * request; then come the replies of the first connections, each as pieces: a byte that
 * says how many bytes, and those. Whatever happens, it ends within its deadline, what
 * is handed up can be read, each row has one outcome, and no connection is lost. */
#include <stdlib.h>
#include <string.h>

#include "asc/alloc.h"
#include "asc/batch.h"
#include "asc/reader.h"
#include "command/query.h"
#include "fake.h"
#include "frames.h"

#define N_ROWS 6u

typedef struct input {
    const uint8_t *at, *end;
} input;

static void
must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static unsigned
byte(input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

/* Script one connection; a piece of no bytes breaks it, one of 255 is its last. */
static void
script(input *in)
{
    fake_step steps[40];
    size_t n = 0;
    bool ended = false;
    while (n + 2 < 40 && in->at < in->end && !ended) {
        size_t size = byte(in), left = (size_t)(in->end - in->at);
        ended = size == 0 || size == 255;
        size = size < left ? size : left;
        if (size > 0) {
            steps[n++] = (fake_step){.act = FAKE_GIVE, .n = size, .bytes = in->at};
            in->at += size;
        }
        steps[n++].act = size == 0 ? FAKE_CUT : FAKE_WAIT;
    }
    must(fake_script(steps, n) != NULL);
}

static void
write_request(asc_part *p)
{
    static const uint8_t request[] = {2, 3, 0, 0, 0, 0, 0, 0};
    must(asc_buf_put(&p->req.out, request, sizeof request));
}

/* What is handed up consists of whole messages. */
static void
read_part(const asc_part *p, asc_query *q, unsigned *outcomes)
{
    asc_frames f;
    asc_msg m;
    asc_msg_record record;
    asc_error err;
    asc_error_reset(&err);
    asc_frames_begin(&f, p->data, p->size);
    while (asc_frames_next(&f, &m, &err)) {
        asc_msg_read_record(&m, &record);
        if (q != NULL && asc_msg_is_record(&m)) {
            asc_query_count(q, (asc_part *)p, &record);
        }
        else if (q == NULL && !(m.info3 & FRAMES_LAST)) {
            must(m.index < N_ROWS);
            outcomes[m.index]++;
        }
    }
    must(err.code == ASC_OK);
    must(!p->ended || p->err.code == ASC_OK || p->err.message[0] != '\0');
}

static void
run_batch(asc_cluster *c, const asc_set_options *options, bool writes)
{
    static asc_batch *b; /* the same for every input */
    b = b != NULL ? b : asc_batch_new();
    const asc_batch_options all = {.set = *options, .replica = ASC_REPLICA_SEQUENCE};
    asc_set *s = asc_batch_set(b);
    asc_error err;
    asc_part *p;
    uint64_t now = 1000;
    unsigned outcomes[N_ROWS] = {0};
    asc_batch_begin(b, c, &all);
    s->begin_ms = now;
    s->deadline_ms = now + options->timing.total_timeout_ms;
    for (uint32_t i = 0; i < N_ROWS; i++) {
        must(asc_batch_add(b, "test", i, writes, &err) == ASC_OK);
    }
    do {
        must(asc_batch_route(b, &err) == ASC_OK);
        while ((p = asc_set_unwritten(s)) != NULL) {
            write_request(p);
        }
        must(frames_wait(s, &now));
        while ((p = asc_set_take(s)) != NULL) {
            uint32_t at = 0, row;
            read_part(p, NULL, outcomes);
            must(writes || !p->err.in_doubt);
            while (p->ended && p->err.code != ASC_OK && !p->again &&
                   asc_batch_unanswered(b, p, &at, &row)) {
                outcomes[row]++;
            }
            if (p->ended && p->err.code == ASC_OK) {
                must(!asc_batch_unanswered(b, p, &at, &row));
            }
        }
    } while (!asc_batch_is_done(b));
    for (uint32_t i = 0; i < N_ROWS; i++) {
        must(outcomes[i] == 1);
    }
    must(now <= 2000);
    asc_set_abandon(s);
}

static void
run_query(asc_cluster *c, const asc_set_options *options, uint64_t max_records)
{
    static asc_query *q; /* the same for every input */
    q = q != NULL ? q : asc_query_new();
    const asc_query_options all = {.set = *options,
                                   .ns = "test",
                                   .replica = ASC_REPLICA_SEQUENCE,
                                   .max_records = max_records};
    asc_tracker *t = asc_tracker_new(0, 8);
    asc_set *s = asc_query_set(q);
    asc_error err;
    asc_part *p;
    uint64_t now = 1000;
    asc_query_begin_at(q, c, t, &all, now);
    while (asc_query_round_at(q, now, &err) == ASC_OK && !asc_query_is_over(q)) {
        while ((p = asc_set_unwritten(s)) != NULL) {
            write_request(p);
        }
        must(frames_wait(s, &now));
        while ((p = asc_set_take(s)) != NULL) {
            read_part(p, q, NULL);
        }
    }
    must(asc_query_is_over(q) && now <= 2000);
    asc_set_abandon(s);
    asc_tracker_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static asc_cluster *c; /* the same for every input: making it takes long */
    c = c != NULL ? c : fake_cluster(4);
    input in = {data, data + size};
    unsigned how = byte(&in);
    const asc_set_options options = {
        .timing = {.total_timeout_ms = 1000,
                   .socket_timeout_ms = 200,
                   .timeout_delay_ms = how & 4 ? 3000 : 0,
                   .max_retries = how >> 6},
        .gather = how & 8 ? 100 : 0,
    };
    fake_reset();
    for (unsigned i = 0; i < 4; i++) {
        script(&in);
    }
    if (how & 1) {
        run_batch(c, &options, how & 2);
    }
    else {
        run_query(c, &options, how & 2 ? 3 : 0);
    }
    asc_drain_run(&c->drain, 3000);
    asc_drain_run(&c->drain, 9000);
    for (size_t i = 0; i < 2; i++) {
        must(c->nodes[i]->pool.n_open == asc_pool_n_idle(&c->nodes[i]->pool));
        asc_pool_trim(&c->nodes[i]->pool, 1000000);
        atomic_store(&c->nodes[i]->errors, 0);
    }
    must(fake.n_opened == fake.n_closed);
    return 0;
}
