/* The blocking driver of one exchange: it steps, waits for what the step wanted, and
 * steps again. The exchange lies in the call with its buffers, which are kept from one
 * call to the next, so that a small command allocates nothing. */
#include "asc/alloc.h"
#include "base/fork.h"
#include "base/time.h"
#include "command/call.h"

/* Each buffer keeps up to this much between calls. */
#define KEEP_BYTES (256u << 10)

asc_call *
asc_call_new(void)
{
    return asc_calloc(1, sizeof(asc_call));
}

void
asc_call_free(asc_call *c)
{
    if (c != NULL) {
        asc_call_abandon(c);
        asc_buf_clear(&c->req.out);
        asc_buf_clear(&c->req.in);
        asc_call_keep(c, NULL);
        asc_free(c);
    }
}

void
asc_call_keep(asc_call *c, asc_cluster *cluster)
{
    asc_cluster *before = c->kept;
    c->kept = cluster;
    for (unsigned i = 0; i < ASC_KEPT_NODES; i++) {
        asc_node_release(c->nodes[i]);
        c->nodes[i] = NULL;
    }
    asc_cluster_release(before);
}

asc_cluster *
asc_call_kept(const asc_call *c)
{
    return c->kept;
}

asc_request *
asc_call_request(asc_call *c)
{
    return &c->req;
}

/* A buffer that one large reply has grown would otherwise keep its memory for as long
 * as the client lives. */
void
asc_call_reset(asc_call *c)
{
    asc_buf out = c->req.out, in = c->req.in;
    asc_buf_reset(&out, KEEP_BYTES);
    asc_buf_reset(&in, KEEP_BYTES);
    c->req = (asc_request){.out = out, .in = in};
}

/* A call that was begun in the parent process cannot go on in a child: its connection
 * was the parent's and is closed here. Nobody in the child will ever know whether a
 * write was applied. */
static asc_status
left_behind(asc_call *c, asc_error *err)
{
    asc_exchange_orphan(&c->exchange);
    asc_call_abandon(c);
    err->phase = ASC_PHASE_COMMAND;
    err->in_doubt = c->req.writes;
    return asc_error_set(err, ASC_ERR_CONNECTION,
                         "the process forked while the call was under way");
}

/* The clock is read once for each step. Between two steps the caller gets the chance to
 * look for signals, when it is time for that. */
asc_status
asc_call_run(asc_call *c, asc_cluster *cluster, asc_error *err)
{
    uint64_t now = asc_now_ms();
    if (!c->running) {
        asc_exchange_begin(&c->exchange, cluster, &c->req, err, now);
        c->exchange.many.reply = c->req.reply;
        c->exchange.kept = c->kept == cluster ? c->nodes : NULL;
        c->running = true;
        c->fork_count = asc_fork_count();
    }
    else if (c->fork_count != asc_fork_count()) {
        return left_behind(c, err);
    }
    /* After an interruption the caller may bring another err. */
    c->exchange.err = err;
    uint64_t check = asc_deadline(now, c->req.check_ms);
    for (;;) {
        asc_want want = asc_exchange_step(&c->exchange, now);
        if (want == ASC_WANT_DONE || want == ASC_WANT_FAILED) {
            c->running = false;
            if (want == ASC_WANT_DONE) {
                asc_error_reset(err);
            }
            return err->code;
        }
        if (now >= check || !asc_exchange_wait(&c->exchange, want, check, now)) {
            return ASC_INTERRUPTED;
        }
        now = asc_now_ms();
    }
}

uint32_t
asc_call_attempts(const asc_call *c)
{
    return c->exchange.n_attempts;
}

const char *
asc_call_node(const asc_call *c)
{
    return c->exchange.last;
}

bool
asc_call_abandon(asc_call *c)
{
    bool in_doubt = c->running && asc_exchange_in_doubt(&c->exchange);
    if (c->running) {
        asc_exchange_abandon(&c->exchange);
        c->running = false;
    }
    return in_doubt;
}
