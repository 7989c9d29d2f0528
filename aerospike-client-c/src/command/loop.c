/* The driver for event loops. A turn looks at what is ready and at the time, steps what
 * is due, and sends what has gathered. Requests that are small travel on lines, each
 * with several on the way; all others have connections of their own, as with the
 * blocking driver. When and how often a request is repeated is the exchange's affair,
 * here as there. */
#include "command/loop.h"

#include <errno.h>
#include <stddef.h>

#include "asc/alloc.h"
#include "base/time.h"
#include "command/call.h"
#include "command/set.h"
#include "command/stations.h"
#include "wire/reader.h"

/* A larger request has a connection of its own: others would wait while it is sent. */
#define MAX_SHARED (32u << 10)

/* So much is received at once, and so often in one turn from one line. */
#define SCRATCH_SIZE (128u << 10)
#define RECEIVE_AT_ONCE 8

/* So many calls and sets are stepped in one turn, and so many descriptors looked at. */
#define STEP_AT_ONCE 1024u
#define LOOK_AT_ONCE 64u

/* Requests wait while a line owes more than so many times as many replies. */
#define GATHERED 8u

/* Before a line is used that was quiet for so long, the system is asked whether the
 * node has closed it. */
#define TRUST_MS 50u

/* The reply to a call that was given up is waited for no longer than this before others
 * avoid the line. */
#define GIVEN_UP_MS 1000u

#define OWNER_OF(pointer, type, field)                                                 \
    ((type *)(void *)((char *)(pointer) - offsetof(type, field)))

static asc_call *
call_of(asc_exchange *x)
{
    return OWNER_OF(x, asc_call, exchange);
}

static asc_set *
set_of(asc_ride *ride)
{
    return OWNER_OF(ride, asc_set, ride);
}

/* --- rides --- */

/* Put a ride at the end of a list, or in none. */
static void
move(asc_ride *ride, asc_rides *to)
{
    asc_rides *from = ride->list;
    if (from != NULL) {
        *(ride->prev != NULL ? &ride->prev->next : &from->first) = ride->next;
        *(ride->next != NULL ? &ride->next->prev : &from->last) = ride->prev;
        from->n--;
    }
    ride->list = to;
    if (to != NULL) {
        ride->next = NULL;
        ride->prev = to->last;
        *(to->last != NULL ? &to->last->next : &to->first) = ride;
        to->last = ride;
        to->n++;
    }
}

/* It is to be stepped in this turn, or in the next one. */
static void
make_due(asc_ride *ride)
{
    if (ride->list != &ride->loop->due) {
        move(ride, &ride->loop->due);
    }
}

static void
set_timer(asc_ride *ride, uint64_t at_ms)
{
    asc_timers_set(&ride->loop->timers, &ride->timer, at_ms);
}

/* Watch a descriptor of a call or a set. */
static bool
watch(asc_loop *l, asc_watch *w, int kind, struct pollfd what)
{
    unsigned events = 0;
    if (what.fd >= 0) {
        events = what.events & POLLOUT ? ASC_WATCH_WRITE : ASC_WATCH_READ;
    }
    l->n_watched -= w->events != 0;
    w->kind = kind;
    bool watched = asc_poller_watch(&l->poller, w, what.fd, events);
    l->n_watched += w->events != 0;
    return watched;
}

static void
unwatch(asc_loop *l, asc_watch *w)
{
    watch(l, w, w->kind, (struct pollfd){.fd = -1});
}

/* --- what exchanges ask of the loop --- */

/* A connection of its own, for an exchange of a set or one that does not share. */
static asc_status
lend_alone(asc_exchange *x, uint64_t now_ms)
{
    return x->conn != NULL ? ASC_OK
                           : asc_pool_get(&x->node->pool, &x->conn, now_ms, x->err);
}

/* Others of this loop wait for a connection to a node, each in the queue of its pool.
 * Now there is a line, and they need none. */
static void
call_back(const asc_rides *list, const asc_exchange *from)
{
    for (asc_ride *ride = list->first, *next; ride != NULL; ride = next) {
        next = ride->next;
        asc_call *c = ride->is_set ? NULL : OWNER_OF(ride, asc_call, ride);
        if (c != NULL && c->shares && &c->exchange != from &&
            c->exchange.state == ASC_EXCHANGE_QUEUE && c->exchange.node == from->node) {
            asc_exchange_again(&c->exchange);
            make_due(ride);
        }
    }
}

static asc_status
lend(asc_exchange *x, uint64_t now_ms)
{
    asc_call *c = call_of(x);
    asc_loop *l = c->ride.loop;
    asc_line *line;
    if (!c->shares) {
        return lend_alone(x, now_ms);
    }
    if (x->conn != NULL) {
        line = asc_stations_add(l, x->node, x->conn);
        if (line == NULL) {
            return ASC_OK; /* it keeps the connection to itself */
        }
        call_back(&l->due, x);
        call_back(&l->under_way, x);
    }
    else {
        line = asc_stations_line(l, x);
        if (line == NULL) {
            return x->err->code;
        }
    }
    line->carries_writes =
        x->req->writes || (line->carries_writes && !asc_line_is_empty(line));
    asc_line_board(line, &c->rider, l->now_ms);
    set_timer(&c->ride, ASC_FOREVER); /* that of the queue, or of another line */
    asc_stations_note(l, line);
    x->conn = line->conn;
    x->state = ASC_EXCHANGE_LINE;
    return ASC_OK;
}

/* What those on a line hear whose connection has ended because of another one. */
static void
blame(asc_line *line, const char *what)
{
    asc_error_reset(&line->err);
    asc_error_set(&line->err, ASC_ERR_CONNECTION,
                  "the connection was closed, since an earlier request on it %s", what);
}

/* How long the line is good for others when a rider leaves before its reply. */
static uint64_t
good_until(const asc_call *c, uint64_t now_ms)
{
    const asc_exchange *x = &c->exchange;
    return c->given_up ? asc_earlier(x->idle_ms, now_ms + GIVEN_UP_MS)
                       : now_ms + x->req->timing.timeout_delay_ms;
}

/* A rider leaves, with what that means for the others on the line: when the node was
 * silent for too long to the one whose turn it is, it is silent to all of them. */
static void
leave_line(asc_loop *l, asc_call *c, asc_conn_fate fate)
{
    asc_rider *r = &c->rider;
    asc_line *line = r->line;
    const asc_exchange *x = &c->exchange;
    bool is_late = r->seat == ASC_SEAT_OWED && fate != ASC_CONN_NONE && !c->given_up;
    if (r->seat == ASC_SEAT_ANSWERED && fate == ASC_CONN_CLOSE) {
        line->is_retired = true;
        if (x->io.garbled) {
            line->is_counted = true;
            blame(line, "had a malformed reply");
            asc_stations_end(l, line, ASC_LINE_BROKEN);
        }
    }
    if (is_late) {
        line->is_late = true;
        line->is_counted = line->is_counted || fate == ASC_CONN_CLOSE;
    }
    if (is_late && r->place == line->first && l->now_ms < x->deadline_ms) {
        blame(line, "had no reply within its socket_timeout");
        asc_stations_end(l, line, ASC_LINE_BROKEN);
    }
    asc_line_leave(r, good_until(c, l->now_ms));
    if (line->n_living == 0 && line->end == ASC_LINE_LIVES) {
        asc_stations_settle(l, line);
    }
}

static void
let_go(asc_exchange *x, asc_conn_fate fate)
{
    asc_call *c = call_of(x);
    if (c->rider.line != NULL) {
        x->conn = NULL;
        leave_line(c->ride.loop, c, fate);
    }
    else {
        unwatch(c->ride.loop, &c->watch);
    }
}

static bool
make_room_for_call(asc_exchange *x)
{
    return asc_stations_make_room(call_of(x)->ride.loop, x);
}

static const asc_driver call_driver = {lend, make_room_for_call, let_go};

static asc_member *
member_of(asc_exchange *x)
{
    return OWNER_OF(x, asc_member, x);
}

static bool
make_room_for_member(asc_exchange *x)
{
    return asc_stations_make_room(member_of(x)->set->ride.loop, x);
}

static void
let_go_of_member(asc_exchange *x, asc_conn_fate fate)
{
    (void)fate;
    asc_member *m = member_of(x);
    unwatch(m->set->ride.loop, &m->watch);
}

static const asc_driver member_driver = {lend_alone, make_room_for_member,
                                         let_go_of_member};

/* --- calls --- */

/* The call has ended, as its err says. */
static void
end_call(asc_call *c)
{
    asc_loop *l = c->ride.loop;
    c->running = false;
    asc_timers_leave(&l->timers, &c->ride.timer);
    move(&c->ride, &l->ready);
}

/* Do what a step of a call wants. */
static void
obey(asc_loop *l, asc_call *c, asc_want want)
{
    asc_exchange *x = &c->exchange;
    switch (want) {
    case ASC_WANT_DONE:
        asc_error_reset(x->err);
        end_call(c);
        return;
    case ASC_WANT_FAILED:
        end_call(c);
        return;
    case ASC_WANT_LINE:
        if (c->rider.seat == ASC_SEAT_WAITING && c->rider.since_ms == l->now_ms) {
            return; /* its time is set when the line has sent what it can */
        }
        break;
    default:
        x->wait_failed =
            !watch(l, &c->watch, ASC_WATCHES_CALL, asc_exchange_poll(x, want));
        if (x->wait_failed) {
            asc_error_set_os(x->err, ASC_ERR_CLIENT, errno, "cannot watch the socket");
            x->wake_ms = l->now_ms;
        }
        break;
    }
    set_timer(&c->ride, x->wake_ms);
}

/* Since when the node is silent, as far as a rider is concerned. */
static uint64_t
silent_since(const asc_rider *r)
{
    const asc_line *line = r->line;
    uint64_t moved_ms = line->received_ms;
    bool is_sent =
        r->seat == ASC_SEAT_OWED && asc_line_place(line, r->place)->end <= line->n_sent;
    if (!is_sent && line->sent_ms > moved_ms) {
        moved_ms = line->sent_ms;
    }
    return r->since_ms > moved_ms ? r->since_ms : moved_ms;
}

static void
step_call(asc_loop *l, asc_call *c)
{
    asc_exchange *x = &c->exchange;
    if (x->state == ASC_EXCHANGE_LINE) {
        if (c->rider.line->end != ASC_LINE_LIVES && l->now_ms < x->deadline_ms) {
            return; /* it hears of that in this turn */
        }
        asc_exchange_heard(x, silent_since(&c->rider));
    }
    if (x->state == ASC_EXCHANGE_PICK && l->now_ms >= x->deadline_ms) {
        asc_error_reset(x->err);
        obey(l, c, asc_exchange_expire(x, l->now_ms)); /* the turn came too late */
        return;
    }
    obey(l, c, asc_exchange_step(x, l->now_ms));
}

/* --- sets --- */

/* The set is the caller's: nothing in it knows the loop any more. */
static void
release_set(asc_loop *l, asc_set *s)
{
    for (size_t i = 0; i < s->n; i++) {
        unwatch(l, &s->members[i]->watch);
        s->members[i]->x.driver = NULL;
    }
    s->driver = NULL;
    s->left_ms = l->now_ms;
    asc_timers_leave(&l->timers, &s->ride.timer);
}

static void
step_set(asc_loop *l, asc_set *s)
{
    if (asc_set_step(s, l->now_ms)) {
        release_set(l, s);
        move(&s->ride, &l->ready);
        return;
    }
    uint64_t wake_ms = asc_set_wake_ms(s);
    for (size_t i = 0; i < s->n; i++) {
        asc_member *m = s->members[i];
        bool is_live = m->state == ASC_MEMBER_LIVE;
        if (!watch(l, &m->watch, ASC_WATCHES_MEMBER,
                   asc_exchange_poll(&m->x, is_live ? m->want : ASC_WANT_TIME))) {
            asc_error_set_os(&m->part.err, ASC_ERR_CLIENT, errno,
                             "cannot watch the socket");
            m->x.wait_failed = m->due = true;
            wake_ms = l->now_ms;
        }
    }
    set_timer(&s->ride, wake_ms);
}

/* --- the end of lines --- */

/* A rider whose line has ended begins its attempt anew, or the attempt has failed. */
static void
lose(asc_loop *l, asc_line *line, asc_rider *r, bool again)
{
    asc_call *c = call_of(r->x);
    asc_exchange *x = r->x;
    if (again) {
        asc_exchange_again(x);
        make_due(&c->ride);
        return;
    }
    *x->err = line->err;
    x->counted = line->is_counted;
    line->is_counted = true;
    if (x->io.garbled) {
        blame(line, "had a malformed reply");
    }
    obey(l, c, asc_exchange_lose(x, l->now_ms));
}

/* Requests of which nothing has left begin anew as if they had not begun, when others
 * on the line have had their share of the failure: that one of them is on the wire
 * keeps this from going on forever. */
static void
lose_all(asc_loop *l, asc_line *line)
{
    bool is_awaited = asc_line_is_awaited(line);
    asc_rider *garbled = line->end == ASC_LINE_GARBLED && line->first != line->last
                             ? asc_line_place(line, line->first)->rider
                             : NULL;
    for (asc_rider *r; (r = asc_line_lose(line)) != NULL;) {
        asc_exchange *x = r->x;
        bool again = x->io.sent == 0 && (is_awaited || line->end == ASC_LINE_STALE);
        x->io.garbled = r == garbled && x->io.sent == x->req->out.len;
        lose(l, line, r, again);
    }
}

static void
bury(asc_loop *l, asc_line *line)
{
    if (line->end == ASC_LINE_GIVEN_BACK) {
        asc_stations_give_back(l, line);
        return;
    }
    asc_stations_remove(l, line);
    lose_all(l, line);
    asc_stations_drop(line);
}

static void
bury_all(asc_loop *l)
{
    while (l->n_ending > 0) {
        bury(l, asc_stations_ending(l));
    }
}

/* A dirty line is in a list that is gone through before. */
static void
free_dead(asc_loop *l)
{
    for (asc_line *line = l->dead, *next; line != NULL; line = next) {
        next = line->next;
        asc_node_release(line->node);
        asc_line_free(line);
    }
    l->dead = NULL;
}

/* --- receiving --- */

/* One reply is whole, or lost. */
static void
answer(asc_loop *l, asc_rider *r)
{
    asc_exchange *x = r->x;
    obey(l, call_of(x),
         r->seat == ASC_SEAT_ANSWERED ? asc_exchange_answer(x, l->now_ms)
                                      : asc_exchange_lose(x, l->now_ms));
}

/* Receive once from a line, and hand out what came. True: there may be more. */
static bool
receive_some(asc_loop *l, asc_line *line)
{
    asc_bytes came;
    asc_rider *r;
    bool filled = false;
    asc_io io =
        asc_line_receive(line, l->scratch, SCRATCH_SIZE, l->now_ms, &came, &filled);
    if (io == ASC_IO_ERROR) {
        asc_stations_end(l, line, ASC_LINE_BROKEN);
    }
    if (io != ASC_IO_OK) {
        line->reads_late = io == ASC_IO_WANT_WRITE;
        return false;
    }
    while (line->end == ASC_LINE_LIVES && (r = asc_line_read(line, &came)) != NULL) {
        answer(l, r);
    }
    if (line->end == ASC_LINE_LIVES && line->err.code != ASC_OK) {
        asc_stations_end(l, line, ASC_LINE_GARBLED);
    }
    if (line->owes_markers && line->end == ASC_LINE_LIVES && asc_line_is_empty(line)) {
        line->owes_markers = false;
        asc_stations_settle(l, line);
    }
    if (line->end == ASC_LINE_GIVEN_BACK && came.size > 0) {
        line->end = ASC_LINE_CLOSED; /* nobody has asked for what is left */
    }
    return line->end == ASC_LINE_LIVES && (filled || line->conn->transport->keeps);
}

static void
receive(asc_loop *l, asc_line *line)
{
    line->is_hungry = false;
    for (int i = 0; i < RECEIVE_AT_ONCE; i++) {
        if (!receive_some(l, line)) {
            return;
        }
    }
    line->is_hungry = l->is_hungry = true;
}

/* The socket of a line is ready. Opening and sending is done at the end of the turn. */
static void
serve(asc_loop *l, asc_line *line)
{
    if (line->end != ASC_LINE_LIVES) {
        return;
    }
    bool read_late = line->reads_late;
    line->reads_late = false;
    if (line->conn->ready) {
        receive(l, line);
    }
    if (!line->conn->ready || line->out_sent < line->out.len || read_late ||
        line->reads_late || line->first_rider != NULL) {
        asc_stations_note(l, line);
    }
}

/* --- sending --- */

/* Each rider whose request was copied has a new time to be looked at. */
static void
note_copied(void *self, asc_rider *r)
{
    (void)self;
    asc_exchange_heard(r->x, r->since_ms);
    set_timer(&call_of(r->x)->ride, r->x->wake_ms);
}

/* Those that still wait have been there for some time; or they have come in this turn,
 * stand behind the others, and have no time set yet. */
static void
time_those_who_wait(const asc_line *line)
{
    for (asc_rider *r = line->last_rider; r != NULL; r = r->prev) {
        asc_ride *ride = &call_of(r->x)->ride;
        if (ride->timer.place != 0) {
            return;
        }
        set_timer(ride, r->x->wake_ms);
    }
}

/* Has the node closed a line that was quiet for a while? */
static bool
is_stale(const asc_loop *l, const asc_line *line)
{
    uint64_t moved_ms =
        line->received_ms > line->sent_ms ? line->received_ms : line->sent_ms;
    return line->first == line->last && line->out_sent == line->out.len &&
           l->now_ms >= moved_ms + TRUST_MS &&
           !line->conn->transport->is_idle(line->conn);
}

/* Send what the socket takes. */
static asc_io
send_requests(asc_loop *l, asc_line *line)
{
    asc_io io;
    do {
        for (asc_rider *r;
             (r = asc_line_fill(line, l->now_ms, note_copied, NULL)) != NULL;) {
            answer(l, r);
        }
        io = asc_line_send(line, l->now_ms);
    } while (io == ASC_IO_OK && line->first_rider != NULL);
    return io;
}

/* Had the requests that wait better gather? The node is busy with many others, which it
 * answers first anyway, and the next reply brings the line here again. Otherwise a fast
 * node and a fast loop send each other one request and one reply at a time. A socket
 * that is watched for sending has to be seen to. */
static bool
gathers(const asc_line *line)
{
    return line->first_rider != NULL && line->out_sent == line->out.len &&
           !line->reads_late && !(line->watch.events & ASC_WATCH_WRITE) &&
           line->last - line->first > GATHERED * line->n_waiting;
}

/* Go on with a line: connect it, or send on it. */
static asc_io
go_on(asc_loop *l, asc_line *line)
{
    asc_pool *pool = &line->node->pool;
    if (!line->conn->ready) {
        asc_io io = asc_conn_open(line->conn, &line->err);
        if (io != ASC_IO_OK) {
            return io;
        }
        line->received_ms = l->now_ms;
        if (line->first_rider != NULL) {
            asc_exchange_connected(line->first_rider->x);
        }
    }
    else if (line->first_rider != NULL && is_stale(l, line)) {
        asc_stations_end(l, line, ASC_LINE_STALE);
        return ASC_IO_OK;
    }
    line->is_wanted = pool->timeout_ms != 0 && asc_pool_has_queue(pool);
    return send_requests(l, line);
}

static void
send_line(asc_loop *l, asc_line *line)
{
    line->is_dirty = false;
    if (line->end != ASC_LINE_LIVES) {
        return;
    }
    if (gathers(line)) {
        time_those_who_wait(line);
        return;
    }
    asc_io io = go_on(l, line);
    if (io == ASC_IO_ERROR) {
        asc_stations_end(l, line, ASC_LINE_BROKEN);
    }
    if (line->end != ASC_LINE_LIVES) {
        return;
    }
    line->wants_write = io == ASC_IO_WANT_WRITE;
    time_those_who_wait(line);
    unsigned events = line->wants_write || line->reads_late ? ASC_WATCH_WRITE : 0;
    if (line->conn->ready || io == ASC_IO_WANT_READ) {
        events |= ASC_WATCH_READ;
    }
    if (!asc_poller_watch(&l->poller, &line->watch, line->conn->fd, events)) {
        asc_error_set_os(&line->err, ASC_ERR_CLIENT, errno, "cannot watch the socket");
        asc_stations_end(l, line, ASC_LINE_BROKEN);
    }
}

/* Lines that become dirty meanwhile wait for the next turn. */
static void
send_dirty(asc_loop *l)
{
    asc_line *next, *line = l->dirty;
    l->dirty = NULL;
    for (; line != NULL; line = next) {
        next = line->next_dirty;
        send_line(l, line);
    }
}

/* --- a turn --- */

/* What is watched is ready. */
static void
be_ready(asc_loop *l, asc_watch *w)
{
    if (w->events == 0) {
        return; /* something that was ready before it has ended the watch */
    }
    if (w->kind == ASC_WATCHES_LINE) {
        serve(l, OWNER_OF(w, asc_line, watch));
    }
    else if (w->kind == ASC_WATCHES_CALL) {
        make_due(&OWNER_OF(w, asc_call, watch)->ride);
    }
    else {
        asc_member *m = OWNER_OF(w, asc_member, watch);
        m->due = true;
        make_due(&m->set->ride);
    }
}

/* Lines may hold bytes that the system does not know of any more. */
static void
feed_hungry(asc_loop *l)
{
    l->is_hungry = false;
    for (size_t i = 0; i < l->n_stations; i++) {
        for (asc_line *line = l->stations[i].lines; line != NULL; line = line->next) {
            if (line->is_hungry) {
                serve(l, line);
            }
        }
    }
}

/* See what is ready. Where only one line can be, asking for its bytes tells that as
 * well. */
static void
look(asc_loop *l)
{
    asc_watch *ready[LOOK_AT_ONCE];
    asc_line *lonely = asc_stations_lonely(l);
    if (l->is_hungry) {
        feed_hungry(l);
    }
    if (lonely != NULL) {
        uint64_t first = lonely->first;
        serve(l, lonely);
        if (lonely->first != first || lonely->end != ASC_LINE_LIVES) {
            return;
        }
    }
    size_t n = asc_poller_look(&l->poller, ready, LOOK_AT_ONCE);
    for (size_t i = 0; i < n; i++) {
        be_ready(l, ready[i]);
    }
}

/* Everything is ready: nothing can be missed, and a look in vain does no harm. */
static void
look_at_all(asc_loop *l)
{
    for (size_t i = 0; i < l->n_stations; i++) {
        for (asc_line *line = l->stations[i].lines; line != NULL; line = line->next) {
            be_ready(l, &line->watch);
        }
    }
    for (asc_ride *ride = l->under_way.first, *next; ride != NULL; ride = next) {
        next = ride->next;
        asc_set *s = ride->is_set ? set_of(ride) : NULL;
        for (size_t i = 0; s != NULL && i < s->n; i++) {
            be_ready(l, &s->members[i]->watch);
        }
        if (s == NULL) {
            be_ready(l, &OWNER_OF(ride, asc_call, ride)->watch);
        }
    }
}

static void
look_at_time(asc_loop *l)
{
    asc_timer *timer;
    while ((timer = asc_timers_first(&l->timers)) != NULL &&
           timer->at_ms <= l->now_ms) {
        asc_timers_set(&l->timers, timer, ASC_FOREVER);
        asc_line *line = asc_stations_of_timer(l, timer);
        if (line != NULL) {
            asc_stations_look(l, line);
        }
        else {
            make_due(OWNER_OF(timer, asc_ride, timer));
        }
    }
}

static void
step_due(asc_loop *l)
{
    size_t n = l->due.n < STEP_AT_ONCE ? l->due.n : STEP_AT_ONCE;
    for (; n > 0 && l->due.n > 0; n--) {
        asc_ride *ride = l->due.first;
        move(ride, &l->under_way);
        if (ride->is_set) {
            step_set(l, set_of(ride));
        }
        else {
            step_call(l, OWNER_OF(ride, asc_call, ride));
        }
    }
}

uint64_t
asc_loop_wake_ms(const asc_loop *l)
{
    const asc_timer *first = asc_timers_first(&l->timers);
    if (l->due.n > 0 || l->n_ending > 0 || l->dirty != NULL || l->is_hungry) {
        return l->now_ms;
    }
    return first != NULL && first->at_ms < l->ring_ms ? first->at_ms : l->ring_ms;
}

static void
set_alarm(asc_loop *l)
{
    asc_poller_alarm(&l->poller, asc_loop_wake_ms(l), l->now_ms);
}

/* What became due because a line has ended is stepped in the next turn. */
static void
run(asc_loop *l, bool all_is_ready, bool looks)
{
    if (all_is_ready) {
        look_at_all(l);
    }
    else if (looks) {
        look(l);
    }
    look_at_time(l);
    bury_all(l);
    step_due(l);
    bury_all(l);
    send_dirty(l);
    bury_all(l);
    free_dead(l);
    set_alarm(l);
    l->has_fresh = false;
}

/* --- forks --- */

/* The descriptors are closed before the child can open others of the same number. */
static void
in_child(void *owner)
{
    asc_loop *l = owner;
    asc_poller_close(&l->poller);
}

static void
leave_call_behind(asc_call *c)
{
    asc_error *err = c->exchange.err;
    asc_exchange_orphan(&c->exchange);
    err->phase = ASC_PHASE_COMMAND;
    err->in_doubt = c->req.writes;
    asc_error_set(err, ASC_ERR_CONNECTION,
                  "the process forked while the call was under way");
    end_call(c);
}

/* Nothing can go on in the child of a fork: the connections are the parent's. */
static void
leave_behind(asc_loop *l)
{
    asc_rides *lists[] = {&l->due, &l->under_way};
    for (size_t i = 0; i < l->n_stations; i++) {
        for (asc_line *line = l->stations[i].lines; line != NULL; line = line->next) {
            asc_stations_end(l, line, ASC_LINE_CLOSED);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        for (asc_ride *ride; (ride = lists[i]->first) != NULL;) {
            if (ride->is_set) {
                asc_set_leave_behind(set_of(ride));
                release_set(l, set_of(ride));
                move(ride, &l->ready);
            }
            else {
                leave_call_behind(OWNER_OF(ride, asc_call, ride));
            }
        }
    }
    for (size_t i = 0; i < l->n_stations; i++) {
        while (l->stations[i].lines != NULL) {
            asc_stations_remove(l, l->stations[i].lines);
        }
    }
    l->dirty = NULL;
    free_dead(l);
    l->is_hungry = false;
}

static bool
is_inherited(const asc_loop *l)
{
    return l->fork_count != asc_fork_count();
}

/* --- life --- */

asc_status
asc_loop_open(asc_loop **out, asc_cluster *cluster, asc_error *err)
{
    asc_loop *l = asc_calloc(1, sizeof *l);
    uint8_t *scratch = asc_malloc(SCRATCH_SIZE);
    if (l == NULL || scratch == NULL) {
        asc_free(scratch);
        asc_free(l);
        return asc_error_set(err, ASC_ERR_NOMEM, "event loop");
    }
    asc_cluster_retain(cluster);
    l->cluster = cluster;
    l->scratch = scratch;
    l->ring_ms = ASC_FOREVER;
    l->poller = (asc_poller){.fd = -1, .timer_fd = -1, .alarm_ms = ASC_FOREVER};
    l->fork_count = asc_fork_count();
    l->fork = (asc_fork_watch){.in_child = in_child, .owner = l};
    asc_fork_watch_add(&l->fork);
    *out = l;
    return ASC_OK;
}

asc_status
asc_loop_new(asc_loop **out, asc_cluster *cluster, asc_error *err)
{
    asc_status rc = asc_loop_open(out, cluster, err);
    if (rc == ASC_OK && asc_poller_open(&(*out)->poller, err) != ASC_OK) {
        asc_loop_free(*out);
        rc = err->code;
    }
    return rc;
}

/* Give up a call. The value is asc_loop_abandon's. */
static bool
give_up_call(asc_loop *l, asc_call *c)
{
    asc_exchange *x = &c->exchange;
    if (c->ride.list == &l->ready) {
        move(&c->ride, NULL);
        return c->req.writes && (x->err->code == ASC_OK || x->err->in_doubt);
    }
    bool in_doubt = asc_exchange_in_doubt(x);
    if (x->state == ASC_EXCHANGE_LINE) {
        asc_exchange_heard(x, silent_since(&c->rider));
    }
    c->given_up = true;
    asc_exchange_abandon(x);
    end_call(c);
    move(&c->ride, NULL);
    return in_doubt;
}

/* Likewise a set. */
static bool
give_up_set(asc_loop *l, asc_set *s)
{
    bool in_doubt = asc_set_in_doubt(s);
    if (s->ride.list != &l->ready) {
        release_set(l, s);
    }
    move(&s->ride, NULL);
    asc_set_stop(s);
    return in_doubt;
}

void
asc_loop_free(asc_loop *l)
{
    if (l == NULL) {
        return;
    }
    asc_fork_watch_remove(&l->fork);
    if (is_inherited(l)) {
        leave_behind(l);
    }
    asc_rides *lists[] = {&l->due, &l->under_way, &l->ready};
    for (size_t i = 0; i < 3; i++) {
        for (asc_ride *ride; (ride = lists[i]->first) != NULL;) {
            if (ride->is_set) {
                give_up_set(l, set_of(ride));
            }
            else {
                give_up_call(l, OWNER_OF(ride, asc_call, ride));
            }
        }
    }
    for (size_t i = 0; i < l->n_stations; i++) {
        for (asc_line *line = l->stations[i].lines; line != NULL; line = line->next) {
            bool is_good = asc_line_is_empty(line) && line->conn->ready;
            asc_stations_end(l, line, is_good ? ASC_LINE_GIVEN_BACK : ASC_LINE_CLOSED);
        }
    }
    bury_all(l);
    free_dead(l);
    asc_poller_close(&l->poller);
    asc_timers_clear(&l->timers);
    asc_cluster_release(l->cluster);
    asc_free(l->stations);
    asc_free(l->scratch);
    asc_free(l);
}

int
asc_loop_fd(const asc_loop *l)
{
    return l->poller.fd;
}

/* --- submissions --- */

/* Take a ride into the loop. False: memory is short. */
static bool
admit(asc_loop *l, asc_ride *ride, void *owner, bool is_set, uint64_t now_ms)
{
    *ride = (asc_ride){.loop = l, .owner = owner, .is_set = is_set};
    l->now_ms = now_ms;
    l->has_fresh = true;
    if (!asc_timers_join(&l->timers)) {
        move(ride, &l->ready);
        return false;
    }
    move(ride, &l->due);
    return true;
}

void
asc_loop_submit_at(asc_loop *l, asc_call *c, asc_error *err, void *owner,
                   uint64_t now_ms)
{
    asc_request *req = &c->req;
    asc_exchange_begin(&c->exchange, l->cluster, req, err, now_ms);
    c->exchange.many.reply = req->reply;
    c->exchange.driver = &call_driver;
    c->rider = (asc_rider){.x = &c->exchange};
    c->shares = req->reply == ASC_REPLY_FRAME && !req->alone &&
                req->compress_above == 0 && req->out.len <= MAX_SHARED;
    c->given_up = false;
    asc_error_reset(err);
    if (!admit(l, &c->ride, owner, false, now_ms)) {
        asc_error_set(err, ASC_ERR_NOMEM, "call");
        return;
    }
    c->running = true;
    c->fork_count = l->fork_count;
    if (is_inherited(l)) {
        leave_behind(l);
    }
}

void
asc_loop_submit(asc_loop *l, asc_call *c, asc_error *err, void *owner)
{
    asc_loop_submit_at(l, c, err, owner, asc_now_ms());
}

void
asc_loop_submit_set_at(asc_loop *l, asc_set *s, void *owner, uint64_t now_ms)
{
    asc_set_enter(s, now_ms);
    if (!admit(l, &s->ride, owner, true, now_ms)) {
        for (size_t i = 0; i < s->n; i++) {
            asc_part *p = &s->members[i]->part;
            asc_error_set(&p->err, ASC_ERR_NOMEM, "set");
            asc_set_end(s->members[i]);
        }
        return;
    }
    s->driver = &member_driver;
    for (size_t i = 0; i < s->n; i++) {
        s->members[i]->x.driver = &member_driver;
    }
    if (is_inherited(l)) {
        leave_behind(l);
    }
}

void
asc_loop_submit_set(asc_loop *l, asc_set *s, void *owner)
{
    asc_loop_submit_set_at(l, s, owner, asc_now_ms());
}

/* --- turns --- */

/* Has the time come of anything that waits? */
static bool
is_time_up(const asc_loop *l)
{
    const asc_timer *first = asc_timers_first(&l->timers);
    return first != NULL && first->at_ms <= l->now_ms;
}

/* A turn that follows on submissions has requests to send, and their replies cannot be
 * there yet: the descriptor tells when they are. Only every other such turn is one that
 * does not look, so that nobody waits forever. Nor does a call whose time is up, when
 * its reply has come while the caller was busy: that was not the node's silence. */
void
asc_loop_turn(asc_loop *l)
{
    l->now_ms = asc_now_ms();
    if (is_inherited(l)) {
        leave_behind(l);
        return;
    }
    l->has_skipped = l->has_fresh && !l->has_skipped && !is_time_up(l);
    run(l, false, !l->has_skipped);
}

void
asc_loop_step(asc_loop *l, uint64_t now_ms)
{
    l->now_ms = now_ms;
    run(l, true, true);
}

void *
asc_loop_take(asc_loop *l)
{
    asc_ride *ride = l->ready.first;
    if (ride == NULL) {
        return NULL;
    }
    move(ride, NULL);
    return ride->owner;
}

bool
asc_loop_has(const asc_loop *l, const asc_call *c)
{
    return c->ride.list != NULL && c->ride.loop == l;
}

bool
asc_loop_abandon_at(asc_loop *l, asc_call *c, uint64_t now_ms)
{
    l->now_ms = now_ms;
    if (is_inherited(l)) {
        leave_behind(l);
    }
    bool in_doubt = give_up_call(l, c);
    set_alarm(l);
    return in_doubt;
}

void
asc_loop_ring(asc_loop *l, uint32_t in_ms)
{
    l->ring_ms = in_ms != ASC_LOOP_SILENT ? l->now_ms + in_ms : ASC_FOREVER;
    set_alarm(l);
}

bool
asc_loop_abandon(asc_loop *l, asc_call *c)
{
    return asc_loop_abandon_at(l, c, asc_now_ms());
}

bool
asc_loop_abandon_set(asc_loop *l, asc_set *s)
{
    l->now_ms = asc_now_ms();
    if (is_inherited(l)) {
        leave_behind(l);
    }
    bool in_doubt = give_up_set(l, s);
    set_alarm(l);
    return in_doubt;
}
