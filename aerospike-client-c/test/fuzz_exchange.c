/* A whole command against a server that sends anything. The first byte is the policy;
 * then come steps of the peers of the first connections: a byte that says what, a byte
 * that says how much, and for replies so many bytes. Whatever happens, the command ends
 * within its deadline and no connection is lost. */
#include <stdlib.h>
#include <string.h>

#include "asc/alloc.h"
#include "asc/reader.h"
#include "command/exchange.h"
#include "fake.h"

typedef struct input {
    const uint8_t *at, *end;
} input;

static unsigned
byte(input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

/* Script one connection; false when the input is used up. */
static bool
script(input *in)
{
    static const fake_act acts[8] = {FAKE_GIVE, FAKE_GIVE, FAKE_GIVE, FAKE_WAIT,
                                     FAKE_TAKE, FAKE_CUT,  FAKE_HANG, FAKE_REFUSE};
    fake_step steps[16];
    size_t n = 0;
    bool ended = false;
    while (n < 16 && in->at < in->end && !ended) {
        unsigned what = byte(in);
        fake_step *s = &steps[n];
        *s = (fake_step){.act = acts[what & 7]};
        ended = what & 0x80;
        if (s->act == FAKE_TAKE) {
            s->n = byte(in) + 1;
        }
        if (s->act == FAKE_GIVE) {
            size_t left = (size_t)(in->end - in->at);
            s->n = byte(in) + 1;
            if (s->n >= left) {
                s->n = left > 0 ? left - 1 : 0;
            }
            s->bytes = in->at;
            in->at += s->n;
            if (s->n == 0) {
                continue;
            }
        }
        n++;
    }
    return fake_script(steps, n) != NULL && in->at < in->end;
}

static void
look_at_reply(const asc_request *req, asc_error *err)
{
    asc_msg m;
    asc_msg_op op;
    if (req->in.data[1] != ASC_PROTO_MESSAGE ||
        asc_msg_open(&m, req->in.data + 8, req->in.len - 8, err) != ASC_OK) {
        return;
    }
    for (unsigned i = 0; i < m.n_ops && asc_msg_next_op(&m, &op, err) == ASC_OK; i++) {
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t request[40] = {2, 3, 0, 0, 0, 0, 0, 32, 22, 3};
    input in = {data, data + size};
    asc_exchange x;
    asc_error err;
    uint64_t now = 1000;
    fake_reset();
    unsigned policy = byte(&in);
    for (unsigned i = 0; i < 4 && script(&in); i++) {
    }
    static asc_cluster *c; /* the same for every input: making it takes long */
    c = c != NULL ? c : fake_cluster(2);
    long live = asc_alloc_live();
    asc_request req = {
        .ns = "test",
        .partition = 5,
        .replica = policy & 1 ? ASC_REPLICA_MASTER : ASC_REPLICA_SEQUENCE,
        .writes = policy & 2,
        .timing = {.total_timeout_ms = 1000,
                   .socket_timeout_ms = policy & 4 ? 0 : 200,
                   .timeout_delay_ms = policy & 8 ? 0 : 3000,
                   .max_retries = policy >> 6,
                   .sleep_between_retries_ms = policy & 16 ? 50 : 0},
    };
    request[1] = policy & 32 ? ASC_PROTO_INFO : ASC_PROTO_MESSAGE;
    asc_error_reset(&err);
    if (c == NULL || !asc_buf_put(&req.out, request, sizeof request)) {
        abort();
    }
    asc_exchange_begin(&x, c, &req, &err, now);
    for (;;) {
        asc_want want = asc_exchange_step(&x, now);
        if (want == ASC_WANT_DONE) {
            look_at_reply(&req, &err);
            break;
        }
        if (want == ASC_WANT_FAILED) {
            if (err.code == ASC_OK || (err.in_doubt && !req.writes)) {
                abort();
            }
            break;
        }
        if (now > 2000 || x.wake_ms > 2000) {
            abort();
        }
        now += want == ASC_WANT_TIME && x.wake_ms > now ? x.wake_ms - now : 10;
    }
    asc_drain_run(&c->drain, now + 100);
    asc_drain_run(&c->drain, now + 4000);
    for (size_t i = 0; i < 2; i++) {
        if (c->nodes[i]->pool.n_open != asc_pool_n_idle(&c->nodes[i]->pool)) {
            abort(); /* still lent to somebody */
        }
        asc_pool_trim(&c->nodes[i]->pool, now + 1000000);
        atomic_store(&c->nodes[i]->errors, 0);
    }
    asc_buf_clear(&req.in);
    asc_buf_clear(&req.out);
    if (fake.n_opened != fake.n_closed || asc_alloc_live() != live) {
        abort();
    }
    return 0;
}
