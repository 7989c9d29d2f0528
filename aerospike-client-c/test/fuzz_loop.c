/* Calls in a loop against nodes that take and send as they like. Each byte of the input
 * is a choice: of what the test does next, or of what a socket does when it is asked.
 * When the input is used up, everything goes well.
 *
 * Each request has a number, which its reply repeats. Whatever happens, no call gets
 * the reply to another one (unless the node lies, which is noted on the connection); a
 * write that fails without doubt was never received, and neither was one that was given
 * up without doubt; every call ends in time; nothing stays lent. */
#include <stdlib.h>
#include <string.h>

#include "asc/alloc.h"
#include "asc/bytes.h"
#include "command/call.h"
#include "command/loop.h"
#include "fake.h"

#define MAX_CALLS 24u
#define MAX_CONNS 64u
#define MAX_NUMBERS 4096u
#define LARGE 20000u
#define COOKIE 0x5EED0000u

/* --- choices ---------------------------------------------------------------------- */

static const uint8_t *at, *end;

static unsigned
choose(void)
{
    return at < end ? *at++ : 0xFF;
}

static bool
is_over(void)
{
    return at >= end;
}

static void
must(bool held)
{
    if (!held) {
        abort();
    }
}

/* --- a network -------------------------------------------------------------------- */

/* One connection, as its node sees it. */
typedef struct pipe_end {
    uint8_t in[LARGE + 64]; /* of a request that is not whole */
    size_t n_in;
    uint8_t out[65536]; /* replies that nobody has received */
    size_t n_out;
    bool lies, is_cut, is_mute;
} pipe_end;

static pipe_end ends[MAX_CONNS];
static size_t n_opened, n_closed;
static uint8_t n_received[MAX_NUMBERS]; /* how often each request has come */

static asc_io
net_start(asc_conn *c, const asc_addr *addr, asc_error *err)
{
    (void)addr;
    if (n_opened == MAX_CONNS || (choose() & 0xF) == 1) {
        asc_error_set(err, ASC_ERR_CONNECTION, "cannot open a socket");
        return ASC_IO_ERROR;
    }

    ends[n_opened].n_in = ends[n_opened].n_out = 0;
    ends[n_opened].lies = ends[n_opened].is_cut = ends[n_opened].is_mute = false;
    c->state = &ends[n_opened++];
    c->fd = 1000;
    return ASC_IO_OK;
}

static asc_io
fail(asc_error *err, const char *what)
{
    asc_error_set(err, ASC_ERR_CONNECTION, "%s", what);
    return ASC_IO_ERROR;
}

static asc_io
net_connect(asc_conn *c, asc_error *err)
{
    unsigned what = choose() & 0xF;
    if (what < 2 && !c->connected) {
        return what == 0 ? ASC_IO_WANT_WRITE : fail(err, "cannot connect");
    }
    c->connected = true;
    return ASC_IO_OK;
}

/* The result of a reply: mostly good, now and then busy, or an error. */
static uint8_t
result(void)
{
    unsigned what = choose();
    if (what >= 0x18) {
        return 0;
    }
    return what < 0x10 ? 18 : 5;
}

/* A request is whole: it is carried out, and its reply lies there. */
static void
carry_out(pipe_end *p)
{
    uint8_t reply[30] = {2, 3, 0, 0, 0, 0, 0, 22, 22};
    uint32_t number = asc_get_u32(p->in + 14);
    must(number < MAX_NUMBERS);
    n_received[number]++;
    reply[13] = result();
    asc_put_u32(reply + 14, number);
    asc_put_u32(reply + 18, COOKIE + (uint32_t)(p - ends));
    p->is_cut = p->n_out + sizeof reply > sizeof p->out;
    if (!p->is_cut) {
        memcpy(p->out + p->n_out, reply, sizeof reply);
        p->n_out += sizeof reply;
    }
}

static void
take_byte(pipe_end *p, uint8_t byte)
{
    p->in[p->n_in++] = byte;
    if (p->n_in >= 8 && p->n_in == 8 + (size_t)asc_get_u32(p->in + 4)) {
        carry_out(p);
        p->n_in = 0;
    }
    must(p->n_in < sizeof p->in);
}

static asc_io
net_send(asc_conn *c, const uint8_t *data, size_t size, size_t *moved, asc_error *err)
{
    pipe_end *p = c->state;
    unsigned what = choose();
    size_t unit = what & 0x40 ? 1 : 301;
    size_t n = what == 0xFF ? size : (what & 0x3F) * unit;
    if (p->is_cut) {
        return fail(err, "cannot send");
    }
    if (n == 0) {
        return ASC_IO_WANT_WRITE;
    }
    *moved = n < size ? n : size;
    for (size_t i = 0; i < *moved && !p->is_cut; i++) {
        take_byte(p, data[i]);
    }
    return ASC_IO_OK;
}

static asc_io
net_recv(asc_conn *c, uint8_t *data, size_t size, size_t *moved, asc_error *err)
{
    pipe_end *p = c->state;
    if (p->n_out == 0 && p->is_cut) {
        return fail(err, "the node closed the connection");
    }
    if (p->n_out == 0 || (p->is_mute && !is_over())) {
        return ASC_IO_WANT_READ;
    }
    unsigned what = choose();
    size_t n = what == 0xFF ? p->n_out : what & 0x7F;
    n = n < p->n_out ? n : p->n_out;
    n = n < size ? n : size;
    if (n == 0) {
        return ASC_IO_WANT_READ;
    }
    memcpy(data, p->out, n);
    memmove(p->out, p->out + n, p->n_out - n);
    p->n_out -= n;
    *moved = n;
    return ASC_IO_OK;
}

static bool
net_is_idle(asc_conn *c)
{
    const pipe_end *p = c->state;
    return p->n_out == 0 && !p->is_cut;
}

static void
net_close(asc_conn *c)
{
    n_closed += c->fd >= 0;
    c->fd = -1;
}

static asc_transport network = {
    .word = "clear",
    .start = net_start,
    .connect = net_connect,
    .send = net_send,
    .recv = net_recv,
    .is_idle = net_is_idle,
    .close = net_close,
};

/* A connection is cut, falls silent, or brings what nobody has asked for. */
static void
misbehave(void)
{
    if (n_opened == 0) {
        return;
    }
    pipe_end *p = &ends[choose() % n_opened];
    unsigned what = choose();
    if (what < 0x40) {
        p->is_cut = true;
    }
    else if (what < 0x80) {
        p->is_mute = !p->is_mute;
    }
    else if (p->n_out + 8 + 256 < sizeof p->out) {
        p->lies = true;
        size_t n = (choose() & 0x3F) + 1u;
        for (size_t i = 0; i < n; i++) {
            p->out[p->n_out++] = (uint8_t)choose();
        }
        if (what & 1) { /* a good reply once more, which is the worst lie */
            uint8_t reply[30] = {2, 3, 0, 0, 0, 0, 0, 22, 22};
            memcpy(p->out + p->n_out - n, reply, sizeof reply);
            p->n_out += sizeof reply - n;
        }
    }
}

/* --- calls ------------------------------------------------------------------------ */

static struct {
    asc_call *call;
    asc_error err;
    uint32_t number, max_received;
    uint64_t deadline_ms;
    bool under_way;
} slots[MAX_CALLS];

static bool had_no_doubt[MAX_NUMBERS]; /* a write that must never be received again */
static uint32_t n_numbers;
static asc_loop *loop;
static uint64_t now;

static void
submit(void)
{
    unsigned i = choose() % MAX_CALLS, what = choose();
    if (slots[i].under_way || n_numbers == MAX_NUMBERS) {
        return;
    }
    if (slots[i].call == NULL) {
        must((slots[i].call = asc_call_new()) != NULL);
    }
    asc_call_reset(slots[i].call);
    asc_request *req = asc_call_request(slots[i].call);
    size_t size = what & 0x40 ? LARGE : 30;
    must(asc_buf_grow(&req->out, size));
    memset(req->out.data, 0, size);
    memcpy(req->out.data, (uint8_t[]){2, 3, 0, 0}, 4);
    asc_put_u32(req->out.data + 4, (uint32_t)size - 8);
    asc_put_u32(req->out.data + 14, n_numbers);
    req->out.len = size;
    req->ns = "test";
    req->partition = 5;
    req->writes = what & 1;
    req->alone = (what & 0x0E) == 0x0E;
    req->replica = what & 0x10 ? ASC_REPLICA_SEQUENCE : ASC_REPLICA_MASTER;
    unsigned t = choose();
    req->timing = (asc_timing){.total_timeout_ms = 100 + (t & 3) * 300,
                               .socket_timeout_ms = t & 4 ? 0 : 50 + (t & 0x30),
                               .timeout_delay_ms = t & 8 ? 3000 : 0,
                               .max_retries = t >> 6};
    slots[i].number = n_numbers++;
    slots[i].max_received = req->timing.max_retries + 1;
    slots[i].deadline_ms = now + req->timing.total_timeout_ms;
    slots[i].under_way = true;
    asc_loop_submit_at(loop, slots[i].call, &slots[i].err, &slots[i], now);
}

/* The write was not carried out and must not be from now on. */
static void
note_no_doubt(uint32_t number)
{
    must(n_received[number] == 0);
    had_no_doubt[number] = true;
}

static void
give_up(void)
{
    unsigned i = choose() % MAX_CALLS;
    if (slots[i].under_way) {
        const asc_request *req = asc_call_request(slots[i].call);
        if (!asc_loop_abandon_at(loop, slots[i].call, now) && req->writes) {
            note_no_doubt(slots[i].number);
        }
        slots[i].under_way = false;
    }
}

static void
look_at_reply(size_t i)
{
    const asc_buf *in = &asc_call_request(slots[i].call)->in;
    if (in->len != 30) {
        return; /* of a liar: the others have 30 bytes */
    }
    uint32_t cookie = asc_get_u32(in->data + 18);
    if ((cookie & 0xFFFF0000u) == COOKIE && !ends[cookie & 0xFFFF].lies) {
        must(asc_get_u32(in->data + 14) == slots[i].number);
    }
}

static void
step(void)
{
    asc_loop_step(loop, now);
    asc_loop_step(loop, now);
    for (void *owner; (owner = asc_loop_take(loop)) != NULL;) {
        size_t i = 0;
        while (owner != &slots[i]) {
            must(++i < MAX_CALLS);
        }
        const asc_error *err = &slots[i].err;
        const asc_request *req = asc_call_request(slots[i].call);
        must(slots[i].under_way);
        must(n_received[slots[i].number] <= slots[i].max_received);
        must(!err->in_doubt || req->writes);
        slots[i].under_way = false;
        if (err->code == ASC_OK || err->code == 5 || err->code == 18) {
            look_at_reply(i);
        }
        else if (req->writes && !err->in_doubt) {
            note_no_doubt(slots[i].number);
        }
    }
    for (size_t i = 0; i < MAX_CALLS; i++) {
        must(!slots[i].under_way || now < slots[i].deadline_ms);
    }
}

static void
play(void)
{
    while (!is_over()) {
        unsigned what = choose();
        switch (what & 7) {
        case 0:
        case 1:
        case 2:
            submit();
            break;
        case 3:
            give_up();
            break;
        case 4:
            now += (what >> 3) * 7;
            break;
        case 5:
            misbehave();
            break;
        default:
            step();
            break;
        }
    }
}

/* All that is under way ends, at its deadline at the latest. */
static void
finish(void)
{
    for (int i = 0; i < 60; i++, now += i < 20 ? 0 : 50) {
        step();
    }
    for (size_t i = 0; i < MAX_CALLS; i++) {
        must(!slots[i].under_way);
    }
    for (uint32_t i = 0; i < n_numbers; i++) {
        must(!had_no_doubt[i] || n_received[i] == 0);
    }
}

static asc_cluster *
open_network(void)
{
    static asc_cluster *c; /* the same for every input: making it takes long */
    if (c == NULL) {
        must((c = fake_cluster(3)) != NULL);
        for (size_t i = 0; i < c->n_nodes; i++) {
            c->nodes[i]->pool.transport = &network;
        }
    }
    for (size_t i = 0; i < c->n_nodes; i++) {
        atomic_store(&c->nodes[i]->errors, 0);
        c->nodes[i]->pool.timeout_ms = choose() & 1 ? 80 : 0;
    }
    return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    at = data;
    end = data + size;
    now = 1000;
    n_opened = n_closed = n_numbers = 0;
    memset(n_received, 0, sizeof n_received);
    memset(had_no_doubt, 0, sizeof had_no_doubt);
    network.keeps = choose() & 1;
    asc_cluster *c = open_network();
    long live = asc_alloc_live();
    asc_error err;
    asc_error_reset(&err);
    must(asc_loop_open(&loop, c, &err) == ASC_OK);
    play();
    finish();
    asc_loop_free(loop);
    for (size_t i = 0; i < MAX_CALLS; i++) {
        asc_call_free(slots[i].call);
        slots[i].call = NULL;
    }
    asc_drain_clear(&c->drain);
    for (size_t i = 0; i < c->n_nodes; i++) {
        asc_pool *pool = &c->nodes[i]->pool;
        must(pool->n_open == asc_pool_n_idle(pool) && pool->first_waiter == NULL);
        asc_pool_trim(pool, now + 1000000);
    }
    must(n_opened == n_closed && asc_alloc_live() == live);
    return 0;
}
