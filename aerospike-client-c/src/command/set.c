/* Exchanges side by side, and the blocking driver that waits for all of them in one
 * poll(). A member goes through three states: new, live, ended; frames of a live one,
 * and one that has ended, wait until the caller takes them. Members that have been
 * taken to their end are put aside with their buffers, and used again. */
#include "command/set.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "asc/alloc.h"
#include "base/fork.h"
#include "base/time.h"
#include "command/decide.h"

/* The sets of queries keep so many bytes of a buffer. */
#define KEEP_BYTES (64u << 10)

/* --- life --- */

asc_set *
asc_set_new(void)
{
    asc_set *s = asc_calloc(1, sizeof *s);
    if (s != NULL) {
        s->keep = KEEP_BYTES;
    }
    return s;
}

/* The buffers that a member keeps when it is put aside. */
typedef struct buffers {
    asc_buf *all[3];
} buffers;

#define N_BUFFERS (sizeof(buffers) / sizeof(asc_buf *))

static inline buffers
buffers_of(asc_member *m)
{
    return (buffers){{&m->part.req.out, &m->part.req.in, &m->places}};
}

static void
free_member(asc_member *m)
{
    const buffers its = buffers_of(m);
    for (size_t i = 0; i < N_BUFFERS; i++) {
        asc_buf_clear(its.all[i]);
    }
    asc_free(m);
}

void
asc_set_free(asc_set *s)
{
    if (s == NULL) {
        return;
    }
    asc_set_abandon(s);
    for (size_t i = 0; i < s->n_spare; i++) {
        free_member(s->spare[i]);
    }
    asc_free(s->members);
    asc_free(s->spare);
    asc_free(s->polls);
    asc_free(s);
}

/* Take a member out of use. The caller takes it out of s->members. */
static void
put_aside(asc_set *s, asc_member *m)
{
    const buffers its = buffers_of(m);
    asc_exchange_abandon(&m->x);
    for (size_t i = 0; i < N_BUFFERS; i++) {
        asc_buf_reset(its.all[i], s->keep);
    }
    s->spare[s->n_spare++] = m;
}

bool
asc_set_in_doubt(const asc_set *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const asc_member *m = s->members[i];
        bool is_applied = m->state == ASC_MEMBER_ENDED && m->part.req.writes &&
                          (m->part.err.code == ASC_OK || m->part.err.in_doubt);
        if (is_applied ||
            (m->state == ASC_MEMBER_LIVE && asc_exchange_in_doubt(&m->x))) {
            return true;
        }
    }
    return false;
}

void
asc_set_abandon(asc_set *s)
{
    for (size_t i = 0; i < s->n; i++) {
        put_aside(s, s->members[i]);
    }
    s->n = s->next = 0;
}

void
asc_set_stop(asc_set *s)
{
    for (size_t i = 0; i < s->n; i++) {
        asc_member *m = s->members[i];
        asc_set_end(m);
        m->taken = true;
    }
}

bool
asc_set_shrink(asc_set *s, size_t n)
{
    for (size_t i = 0; i < s->n * N_BUFFERS; i++) {
        const buffers its = buffers_of(s->members[i / N_BUFFERS]);
        if (asc_buf_shrink(its.all[i % N_BUFFERS], n, s->keep)) {
            return true;
        }
    }
    return false;
}

void
asc_set_trim(asc_set *s, size_t n)
{
    size_t n_kept = 0;
    asc_set_abandon(s);
    for (size_t i = 0; i < s->n_spare; i++) {
        asc_member *m = s->spare[i];
        const buffers its = buffers_of(m);
        size_t size = sizeof *m;
        for (size_t k = 0; k < N_BUFFERS; k++) {
            size += its.all[k]->cap;
        }
        if (size > n) {
            free_member(m);
            continue;
        }
        n -= size;
        s->spare[n_kept++] = m;
    }
    s->n_spare = n_kept;
}

/* What was under way is abandoned: nobody waits for it any more. */
void
asc_set_begin_at(asc_set *s, asc_cluster *cluster, const asc_set_options *options,
                 const asc_set_owner *owner, uint64_t now_ms)
{
    asc_set_abandon(s);
    asc_cluster_count_command(cluster);
    s->cluster = cluster;
    s->options = *options;
    s->owner = owner != NULL ? *owner : (asc_set_owner){0};
    s->begin_ms = now_ms;
    s->deadline_ms = asc_deadline(now_ms, options->timing.total_timeout_ms);
    s->left_ms = 0;
    s->fork_count = asc_fork_count();
}

void
asc_set_begin(asc_set *s, asc_cluster *cluster, const asc_set_options *options)
{
    asc_set_begin_at(s, cluster, options, NULL, asc_now_ms());
}

/* --- members --- */

/* Make room for one more member, in use or aside. When one of the three arrays cannot
 * grow, those that could keep their size, and the capacity stays as it was. */
static bool
grow(asc_set *s)
{
    if (s->n + s->n_spare < s->cap) {
        return true;
    }
    size_t cap = s->cap + s->cap / 2 + 4;
    asc_member **members = asc_realloc(s->members, cap * sizeof *members);
    s->members = members != NULL ? members : s->members;
    asc_member **spare = asc_realloc(s->spare, cap * sizeof *spare);
    s->spare = spare != NULL ? spare : s->spare;
    struct pollfd *polls = asc_realloc(s->polls, cap * sizeof *polls);
    s->polls = polls != NULL ? polls : s->polls;
    if (members == NULL || spare == NULL || polls == NULL) {
        return false;
    }
    s->cap = cap;
    return true;
}

/* A spare member keeps its buffers and nothing else. */
asc_member *
asc_set_add(asc_set *s, const char *node_name, uint64_t start_ms)
{
    asc_member *m = NULL;
    if (s->n_spare > 0) {
        m = s->spare[--s->n_spare];
    }
    else if (grow(s)) {
        m = asc_calloc(1, sizeof *m);
    }
    if (m == NULL) {
        return NULL;
    }
    asc_buf out = m->part.req.out, in = m->part.req.in, places = m->places;
    *m = (asc_member){.set = s, .start_ms = start_ms, .places = places};
    asc_part *p = &m->part;
    snprintf(p->node_name, sizeof p->node_name, "%s", node_name);
    p->req = (asc_request){
        .out = out, .in = in, .node_name = p->node_name, .timing = s->options.timing};
    s->members[s->n++] = m;
    return m;
}

asc_status
asc_set_add_node(asc_set *s, const char *node_name, asc_error *err)
{
    if (asc_set_add(s, node_name, 0) == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "request to node %s", node_name);
    }
    return ASC_OK;
}

/* Add a request to each node of a view that is active. */
static asc_status
add_nodes(asc_set *s, const asc_snapshot *view, asc_error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < view->n_nodes; i++) {
        const asc_node *node = view->nodes[i];
        if (atomic_load(&node->active)) {
            if (asc_set_add_node(s, node->name, err) != ASC_OK) {
                return err->code;
            }
            n++;
        }
    }
    return n > 0 ? ASC_OK : asc_snapshot_no_node(view, err);
}

asc_status
asc_set_add_all(asc_set *s, asc_error *err)
{
    asc_snapshot *view = asc_cluster_snapshot(s->cluster);
    asc_status rc = add_nodes(s, view, err);
    asc_snapshot_release(view);
    return rc;
}

/* Does each partition of a namespace have a master that is active? */
static asc_status
check_masters(const asc_snapshot *view, const char *ns, asc_error *err)
{
    const asc_ns_map *map = asc_snapshot_map(view, ns);
    if (map == NULL) {
        return asc_snapshot_lacks(view, ns, err);
    }
    if (view->n_nodes == 0) {
        return asc_snapshot_no_node(view, err);
    }
    for (uint32_t p = 0; p < ASC_N_PARTITIONS; p++) {
        if (asc_snapshot_master(view, map, p) == ASC_NO_NODE) {
            return asc_error_set(err, ASC_ERR_INVALID_NODE,
                                 "no active node for partition %u of namespace %s", p,
                                 ns);
        }
    }
    return ASC_OK;
}

asc_status
asc_set_add_masters(asc_set *s, const char *ns, asc_error *err)
{
    asc_snapshot *view = asc_cluster_snapshot(s->cluster);
    err->phase = ASC_PHASE_PARTITION_MAP;
    asc_status rc = check_masters(view, ns, err);
    if (rc == ASC_OK) {
        rc = add_nodes(s, view, err);
    }
    asc_snapshot_release(view);
    return rc;
}

asc_part *
asc_set_unwritten(asc_set *s)
{
    for (size_t i = 0; i < s->n; i++) {
        asc_member *m = s->members[i];
        if (m->state == ASC_MEMBER_NEW && !m->handed_out) {
            m->handed_out = true;
            return &m->part;
        }
    }
    return NULL;
}

/* --- steps --- */

/* Start the exchange of a member. What its owner has filled in beforehand is kept: the
 * attempts made and sent, and the copy to ask, since the work may have begun in another
 * member. */
static void
begin(asc_member *m, uint64_t now_ms)
{
    asc_set *s = m->set;
    asc_part *p = &m->part;
    asc_exchange *x = &m->x;
    uint32_t n_attempts = x->n_attempts, n_sent = x->n_sent;
    unsigned replica = x->replica;
    bool moves = x->many.moves;
    bool has_messages = p->reply == ASC_REPLY_ROWS || p->reply == ASC_REPLY_RECORDS;
    asc_exchange_begin(x, s->cluster, &p->req, &p->err, now_ms);
    x->n_attempts = n_attempts;
    x->n_sent = n_sent;
    x->replica = replica;
    x->driver = s->driver;
    x->begin_ms = s->begin_ms;
    x->deadline_ms = s->deadline_ms;
    x->many = (asc_exchange_many){.reply = p->reply,
                                  .gather = s->options.gather,
                                  .note = s->owner.note,
                                  .owner = m,
                                  .places = has_messages ? &m->places : NULL,
                                  .moves = moves || p->reply != ASC_REPLY_FRAME};
    x->state = ASC_EXCHANGE_PAUSE; /* this state looks at the deadline, too */
    x->wake_ms = m->start_ms;
    if (now_ms >= s->deadline_ms && p->err.code == ASC_OK) {
        p->err.phase = ASC_PHASE_COMMAND;
        asc_error_set(&p->err, ASC_ERR_TIMEOUT,
                      "the time was up before the request was sent (total_timeout "
                      "%u ms)",
                      s->options.timing.total_timeout_ms);
    }
    m->state = ASC_MEMBER_LIVE;
    m->due = true;
}

/* Let the part show the frames that are there to whoever takes it. */
static void
show(asc_member *m)
{
    asc_part *p = &m->part;
    p->data = p->req.in.data;
    p->size = m->x.io.at;
    p->messages = (const asc_msg_place *)m->places.data;
    p->n_messages = m->places.len / sizeof *p->messages;
    if (p->reply == ASC_REPLY_FRAME) { /* half a frame is of no use */
        bool whole = m->want == ASC_WANT_DONE || p->err.code > 0;
        p->size = whole ? p->req.in.len : 0;
    }
    bool is_answered = m->want == ASC_WANT_DONE || m->want == ASC_WANT_TAKER;
    /* The exchange has counted the attempts that failed, and this one has not. */
    p->n_sent = m->x.n_sent + is_answered;
}

/* Step one member, and note whether that has ended it. */
static void
step(asc_member *m, uint64_t now_ms)
{
    m->due = false;
    m->want = asc_exchange_step(&m->x, now_ms);
    if (m->want == ASC_WANT_DONE || m->want == ASC_WANT_FAILED) {
        if (m->want == ASC_WANT_DONE) {
            asc_error_reset(&m->part.err);
        }
        m->state = ASC_MEMBER_ENDED;
        m->part.ended = true;
        m->part.again = m->x.many.again;
    }
    show(m);
}

/* Has the member something that asc_set_take may hand out? */
static bool
has_news(const asc_member *m)
{
    return !m->taken && (m->state == ASC_MEMBER_ENDED ||
                         (m->state == ASC_MEMBER_LIVE && m->want == ASC_WANT_TAKER));
}

/* Is the member worth ending the wait while others are under way? A good reply can wait
 * for the others unless it is large; a failure cannot, since it may have to be
 * repeated. */
static bool
is_urgent(const asc_member *m)
{
    return has_news(m) &&
           (m->want != ASC_WANT_DONE || (m->part.reply != ASC_REPLY_FRAME &&
                                         m->part.size > m->set->options.gather));
}

/* Step those under way that are due. */
static void
step_live(asc_set *s, uint64_t now_ms)
{
    for (size_t i = 0; i < s->n; i++) {
        asc_member *m = s->members[i];
        while (m->state == ASC_MEMBER_LIVE && m->want != ASC_WANT_TAKER &&
               (m->due || now_ms >= m->x.wake_ms)) {
            step(m, now_ms);
            if (m->want == ASC_WANT_CLOCK) {
                break; /* now_ms is not the time any more */
            }
        }
    }
}

static size_t
count_live(const asc_set *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        n += s->members[i]->state == ASC_MEMBER_LIVE;
    }
    return n;
}

/* Begin what has not begun, as far as so many may be under way at once. False: nothing
 * has begun. */
static bool
begin_more(asc_set *s, uint64_t now_ms)
{
    size_t n_live = count_live(s), limit = asc_cluster_at_once(s->cluster);
    bool begun = false;
    for (size_t i = 0; i < s->n && (limit == 0 || n_live < limit); i++) {
        if (s->members[i]->state == ASC_MEMBER_NEW) {
            begin(s->members[i], now_ms);
            n_live++;
            begun = true;
        }
    }
    return begun;
}

static bool
has_urgent(const asc_set *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (is_urgent(s->members[i])) {
            return true;
        }
    }
    return false;
}

/* Where a limit holds, the end of one member lets the next one begin. */
bool
asc_set_step(asc_set *s, uint64_t now_ms)
{
    step_live(s, now_ms);
    while (begin_more(s, now_ms)) {
        step_live(s, now_ms);
    }
    return has_urgent(s) || count_live(s) == 0;
}

uint64_t
asc_set_wake_ms(const asc_set *s)
{
    uint64_t wake_ms = ASC_FOREVER;
    for (size_t i = 0; i < s->n; i++) {
        const asc_member *m = s->members[i];
        if (m->state == ASC_MEMBER_LIVE && m->want != ASC_WANT_TAKER) {
            wake_ms = asc_earlier(wake_ms, m->x.wake_ms);
        }
    }
    return wake_ms;
}

/* Members are looked at in a circle, so that a fast node does not keep the others
 * waiting. */
asc_part *
asc_set_take(asc_set *s)
{
    for (size_t i = 0; i < s->n; i++) {
        asc_member *m = s->members[(s->next + i) % s->n];
        if (has_news(m)) {
            s->next = (s->next + i + 1) % s->n;
            m->taken = true;
            return &m->part;
        }
    }
    return NULL;
}

/* The new exchange goes on counting where the old one stopped, so that the timing
 * limits the attempts of both together. */
asc_status
asc_set_repeat(asc_set *s, const asc_part *p, asc_error *err)
{
    const asc_member *old = (const asc_member *)p;
    if (!p->again || old->x.many.begun) {
        *err = p->err;
        return err->code;
    }
    asc_member *m = asc_set_add(s, p->node_name, old->x.wake_ms);
    if (m == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "request to node %s", p->node_name);
    }
    m->x.n_attempts = old->x.n_attempts;
    m->x.n_sent = old->x.n_sent;
    return ASC_OK;
}

bool
asc_part_in_doubt(const asc_part *p, asc_status code)
{
    return asc_in_doubt(code, p->n_sent);
}

bool
asc_set_is_done(const asc_set *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->members[i]->state != ASC_MEMBER_ENDED || !s->members[i]->taken) {
            return false;
        }
    }
    return true;
}

void
asc_set_end(asc_member *m)
{
    asc_exchange_abandon(&m->x);
    m->want = ASC_WANT_FAILED;
    m->state = ASC_MEMBER_ENDED;
    m->part.ended = true;
    m->part.again = false;
}

/* A member whose end was taken leaves the set, and is put aside for the next one. */
void
asc_set_go_on(asc_set *s, uint64_t now_ms)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        asc_member *m = s->members[i];
        if (m->taken && m->state == ASC_MEMBER_ENDED) {
            if (s->owner.leaves != NULL) {
                s->owner.leaves(s->owner.self, m);
            }
            put_aside(s, m);
            continue;
        }
        if (m->taken) {
            m->taken = false;
            m->due = true;
            m->want = ASC_WANT_READ;
            m->part.data = NULL;
            m->part.size = m->part.n_messages = 0;
            asc_exchange_resume(&m->x, now_ms);
        }
        s->members[n++] = m;
    }
    s->n = n;
    s->next = n > 0 ? s->next % n : 0;
}

/* --- the driver --- */

/* What was begun in the parent process cannot go on in a child: the connections were
 * the parent's and are closed here. */
void
asc_set_leave_behind(asc_set *s)
{
    s->fork_count = asc_fork_count();
    for (size_t i = 0; i < s->n; i++) {
        asc_member *m = s->members[i];
        if (m->state != ASC_MEMBER_LIVE) {
            continue;
        }
        asc_exchange_orphan(&m->x);
        m->part.err.phase = ASC_PHASE_COMMAND;
        m->part.err.in_doubt = m->part.req.writes;
        asc_error_set(&m->part.err, ASC_ERR_CONNECTION,
                      "the process forked while the request was under way");
        asc_set_end(m);
        m->part.size = m->part.n_messages = 0;
        m->taken = false;
    }
}

/* Wait until a socket is ready or until_ms has come. Members whose socket is ready
 * become due. */
static asc_status
await(asc_set *s, uint64_t until_ms, uint64_t now_ms, asc_error *err)
{
    for (size_t i = 0; i < s->n; i++) {
        const asc_member *m = s->members[i];
        s->polls[i] = asc_exchange_poll(
            &m->x, m->state == ASC_MEMBER_LIVE ? m->want : ASC_WANT_TIME);
    }
    if (poll(s->polls, s->n, asc_poll_timeout(until_ms, now_ms)) < 0) {
        return errno == EINTR
                   ? ASC_INTERRUPTED
                   : asc_error_set_os(err, ASC_ERR_CLIENT, errno, "cannot poll");
    }
    for (size_t i = 0; i < s->n; i++) {
        s->members[i]->due = s->members[i]->due || s->polls[i].revents != 0;
    }
    return ASC_OK;
}

/* While the caller read what it took, nobody received. That time is not counted as
 * silence of the nodes. */
static void
forgive(asc_set *s, uint64_t now_ms)
{
    for (size_t i = 0; s->left_ms != 0 && i < s->n; i++) {
        asc_exchange_forgive(&s->members[i]->x, now_ms - s->left_ms);
    }
}

void
asc_set_enter(asc_set *s, uint64_t now_ms)
{
    if (s->fork_count != asc_fork_count()) {
        asc_set_leave_behind(s);
    }
    forgive(s, now_ms);
    asc_set_go_on(s, now_ms);
}

/* When a check is due, what is ready is looked at once more before the caller is
 * interrupted, so that a caller which checks often still gets on. */
asc_status
asc_set_wait(asc_set *s, asc_error *err)
{
    uint64_t now = asc_now_ms();
    uint64_t check = asc_deadline(now, s->options.check_ms);
    asc_status rc = ASC_OK;
    asc_set_enter(s, now);
    while (rc == ASC_OK && !asc_set_step(s, now)) {
        rc = await(s, asc_earlier(asc_set_wake_ms(s), check), now, err);
        now = asc_now_ms();
        if (rc == ASC_OK && now >= check) {
            rc = asc_set_step(s, now) ? ASC_OK : ASC_INTERRUPTED;
            break;
        }
    }
    s->left_ms = now;
    return rc;
}
