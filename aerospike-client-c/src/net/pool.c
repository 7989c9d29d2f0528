/* The connections to one node. A lock guards the lists, but neither a system call that
 * may take long nor the opening of a connection happens under it: a place is counted
 * first and given back when the opening fails. The connection that was used last is
 * used next, so that in quiet times the cold ones come of age and are closed.
 *
 * Calls that find every connection in use may wait in a queue. A connection that comes
 * back goes to the first of them straight away, and so does the place of one that is
 * closed: nobody who comes later can take it from under their hands. */
#include "net/pool.h"

#include <string.h>

#include <unistd.h>

#include <sys/socket.h>

#include "asc/alloc.h"
#include "net/fd.h"
#include "net/login.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* A connection that was idle for less is taken without asking the kernel whether the
 * peer has closed it: at high rates that would be one more system call per command. */
#define TRUST_MS 50u

/* Idle connections are dropped after this time by default, before servers with the
 * usual setting (60 s) would close them. */
#define DEFAULT_IDLE_MS 55000u

void
asc_pool_set_idle(asc_pool *p, uint32_t max_idle_s)
{
    atomic_store_explicit(&p->max_idle_ms, (uint64_t)max_idle_s * 1000,
                          memory_order_relaxed);
}

static uint64_t
idle_limit(const asc_pool *p)
{
    return atomic_load_explicit(&p->max_idle_ms, memory_order_relaxed);
}

asc_status
asc_pool_init(asc_pool *p, const asc_addr *addr, const asc_config *config,
              asc_error *err)
{
    uint32_t max = config->max_conns_per_node;
    memset(p, 0, sizeof *p);
    p->idle = asc_calloc(max > 0 ? max : 1, sizeof *p->idle);
    if (p->idle == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "pool of %u connections", max);
    }
    pthread_mutex_init(&p->lock, NULL);
    p->transport = config->transport;
    p->addr = *addr;
    p->min = config->min_conns_per_node;
    p->max = max;
    asc_pool_set_idle(p, config->max_socket_idle_s);
    p->timeout_ms = config->pool_timeout_ms;
    return ASC_OK;
}

/* --- the places of threads --- */

static void
set_by_lock(asc_pool *p)
{
    atomic_store(&p->by_lock, p->closed || p->first_waiter != NULL);
}

/* Make a connection idle. It goes above those that were used before it. At most max are
 * open, so that the array has room. The lock is held. */
static void
push_idle(asc_pool *p, asc_conn *c)
{
    uint32_t i = p->n_idle++;
    for (; i > 0 && p->idle[i - 1]->last_used_ms > c->last_used_ms; i--) {
        p->idle[i] = p->idle[i - 1];
    }
    p->idle[i] = c;
}

/* Put a connection into the place of this thread. False: that is taken, or by_lock is
 * true. Whoever makes that true gathers afterwards, and whoever puts looks afterwards,
 * so that one of the two finds the connection. */
static bool
put_in_place(asc_pool *p, asc_conn *c)
{
    _Atomic(asc_conn *) *place = &p->places[asc_own_place(ASC_POOL_PLACES)].conn;
    asc_conn *none = NULL, *put = c;
    if (!c->ready || atomic_load(&p->by_lock) ||
        !atomic_compare_exchange_strong(place, &none, c)) {
        return false;
    }
    return !atomic_load(&p->by_lock) ||
           !atomic_compare_exchange_strong(place, &put, NULL);
}

/* Take the connection out of the place of this thread; NULL: there is none. */
static asc_conn *
take_from_place(asc_pool *p)
{
    _Atomic(asc_conn *) *place = &p->places[asc_own_place(ASC_POOL_PLACES)].conn;
    return atomic_load_explicit(place, memory_order_relaxed) != NULL
               ? atomic_exchange(place, NULL)
               : NULL;
}

/* --- the queue --- */

/* Take the first waiter out of the queue and wake it. The byte is sent under the lock,
 * because the waiter may free itself as soon as it knows. */
static asc_waiter *
call_first(asc_pool *p)
{
    asc_waiter *w = p->first_waiter;
    p->first_waiter = w->next;
    set_by_lock(p);
    w->called = true;
    ssize_t ignored = send(w->fds[1], "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    /* One byte always fits. */
    (void)ignored;
    return w;
}

/* A connection, or with NULL the place for one, is free: give it to the first waiter.
 * False: nobody waits. The lock is held. */
static bool
pass_on(asc_pool *p, asc_conn *c)
{
    if (p->first_waiter == NULL) {
        return false;
    }
    asc_waiter *w = call_first(p);
    w->has_place = true;
    w->conn = c;
    return true;
}

/* Make the connections idle that lie in the places of threads. One may have been put
 * there while the queue began, by a thread that has not looked again yet: then it goes
 * to the first waiter, as any that comes back. The lock is held. */
static void
gather(asc_pool *p)
{
    for (unsigned i = 0; i < ASC_POOL_PLACES; i++) {
        asc_conn *c = atomic_exchange(&p->places[i].conn, NULL);
        if (c != NULL && (p->closed || !pass_on(p, c))) {
            push_idle(p, c);
        }
    }
}

/* One connection less is open. */
static void
free_place(asc_pool *p)
{
    if (!pass_on(p, NULL)) {
        p->n_open--;
    }
}

/* Every open connection is in the list of all, so that the child of a fork can close
 * its copy even of those that are lent. The lock is held here and in the two functions
 * that follow. */
static void
link_conn(asc_pool *p, asc_conn *c)
{
    c->prev = NULL;
    c->next = p->all;
    if (p->all != NULL) {
        p->all->prev = c;
    }
    p->all = c;
    p->n_opened++;
}

static void
unlink_conn(asc_pool *p, asc_conn *c)
{
    if (c->prev != NULL) {
        c->prev->next = c->next;
    }
    else {
        p->all = c->next;
    }
    if (c->next != NULL) {
        c->next->prev = c->prev;
    }
    p->n_closed++;
    free_place(p);
}

/* Close the n coldest idle connections. */
static void
close_idle(asc_pool *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        unlink_conn(p, p->idle[i]);
        asc_conn_free(p->idle[i]);
    }
    p->n_idle -= n;
    memmove(p->idle, p->idle + n, p->n_idle * sizeof *p->idle);
}

void
asc_pool_close(asc_pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->closed = true;
    set_by_lock(p);
    gather(p);
    close_idle(p, p->n_idle);
    while (p->first_waiter != NULL) {
        call_first(p);
    }
    pthread_mutex_unlock(&p->lock);
}

void
asc_pool_clear(asc_pool *p)
{
    if (p->idle != NULL) {
        asc_pool_close(p);
        pthread_mutex_destroy(&p->lock);
        asc_free(p->idle);
        asc_session_release(p->session);
        p->idle = NULL;
        p->session = NULL;
    }
}

/* Is an idle connection fit to use? A server closes connections that have been idle for
 * too long, and a request on such a one would fail. */
static bool
fit(const asc_pool *p, asc_conn *c, uint64_t now_ms)
{
    if (c->connected && !c->ready) {
        return true; /* in the middle of its handshake, whose bytes may lie there */
    }
    uint64_t idle_ms = now_ms > c->last_used_ms ? now_ms - c->last_used_ms : 0;
    uint64_t max_idle_ms = idle_limit(p);
    if (max_idle_ms != 0 && idle_ms > max_idle_ms) {
        return false;
    }
    return idle_ms < TRUST_MS || c->transport->is_idle(c);
}

/* Take the warmest idle connection that is fit to use, and close those that are not.
 * Returns NULL when there is none. The lock is held. */
static asc_conn *
pop(asc_pool *p, uint64_t now_ms)
{
    while (p->n_idle > 0) {
        asc_conn *c = p->idle[--p->n_idle];
        if (fit(p, c, now_ms)) {
            return c;
        }
        unlink_conn(p, c);
        asc_conn_free(c);
    }
    return NULL;
}

/* Start a connection for which a place is counted in n_open already. Whoever uses the
 * connection goes on connecting. */
static asc_status
open_conn(asc_pool *p, asc_conn **out, asc_error *err)
{
    asc_status rc = asc_conn_start(out, p->transport, &p->addr, err);
    if (rc == ASC_OK && asc_pool_present(p, *out, err) != ASC_OK) {
        asc_conn_free(*out);
        rc = err->code;
    }
    pthread_mutex_lock(&p->lock);
    if (rc == ASC_OK) {
        link_conn(p, *out);
    }
    else {
        free_place(p);
    }
    pthread_mutex_unlock(&p->lock);
    return rc;
}

asc_status
asc_pool_get(asc_pool *p, asc_conn **out, uint64_t now_ms, asc_error *err)
{
    asc_conn *c = take_from_place(p);
    if (c != NULL && fit(p, c, now_ms)) {
        *out = c;
        return ASC_OK;
    }
    if (c != NULL) {
        asc_pool_drop(p, c);
    }
    pthread_mutex_lock(&p->lock);
    c = pop(p, now_ms);
    if (c == NULL) { /* none is opened while another thread's place has one */
        gather(p);
        c = pop(p, now_ms);
    }
    bool full = c == NULL && p->n_open >= p->max;
    /* This is the place of the connection to be opened. */
    p->n_open += c == NULL && !full;
    pthread_mutex_unlock(&p->lock);
    if (full) {
        return asc_error_set(err, ASC_ERR_NO_CONNECTIONS,
                             "all %u connections to the node are in use: raise "
                             "max_conns_per_node, or let calls wait with pool_timeout",
                             p->max);
    }
    if (c == NULL) {
        asc_status rc = open_conn(p, &c, err);
        if (rc != ASC_OK) {
            return rc;
        }
    }
    *out = c;
    return ASC_OK;
}

/* The pool may have been closed while the connection was lent; the connection then ends
 * here. */
void
asc_pool_put(asc_pool *p, asc_conn *c, uint64_t now_ms)
{
    c->last_used_ms = now_ms;
    if (put_in_place(p, c)) {
        return;
    }
    pthread_mutex_lock(&p->lock);
    if (p->closed) {
        unlink_conn(p, c);
        asc_conn_free(c);
    }
    else if (!pass_on(p, c)) {
        push_idle(p, c);
    }
    pthread_mutex_unlock(&p->lock);
}

void
asc_waiter_free(asc_waiter *w)
{
    for (int end = 0; end < 2; end++) {
        if (w->fds[end] >= 0) {
            close(w->fds[end]);
        }
    }
    asc_free(w);
}

/* Since asc_pool_get, somebody may have given a connection back: then the waiter is
 * called at once. */
asc_waiter *
asc_pool_line_up(asc_pool *p)
{
    asc_waiter *w = asc_calloc(1, sizeof *w);
    if (w == NULL) {
        return NULL;
    }
    if (asc_fd_pair(w->fds) < 0) {
        asc_waiter_free(w);
        return NULL;
    }
    pthread_mutex_lock(&p->lock);
    bool closed = p->closed;
    if (!closed) {
        asc_waiter **end =
            p->first_waiter != NULL ? &p->last_waiter->next : &p->first_waiter;
        *end = p->last_waiter = w;
        set_by_lock(p);
        gather(p);
    }
    bool waits = !closed && !w->called;
    if (waits && p->n_idle > 0) {
        pass_on(p, p->idle[--p->n_idle]);
    }
    else if (waits && p->n_open < p->max) {
        p->n_open++;
        pass_on(p, NULL);
    }
    pthread_mutex_unlock(&p->lock);
    if (closed) {
        asc_waiter_free(w);
        return NULL;
    }
    return w;
}

bool
asc_pool_has_called(asc_pool *p, const asc_waiter *w)
{
    pthread_mutex_lock(&p->lock);
    bool called = w->called;
    pthread_mutex_unlock(&p->lock);
    return called;
}

/* Nobody else knows a waiter that was called. */
asc_status
asc_pool_take(asc_pool *p, asc_waiter *w, asc_conn **out, asc_error *err)
{
    asc_conn *c = w->conn;
    asc_status rc = w->has_place ? ASC_OK : ASC_ERR_NO_CONNECTIONS;
    if (w->has_place && c == NULL) {
        rc = open_conn(p, &c, err);
    }
    if (rc == ASC_OK) {
        *out = c;
    }
    asc_waiter_free(w);
    return rc;
}

/* Take a waiter out of the queue, unless it was called before. */
static void
take_out(asc_pool *p, asc_waiter *w)
{
    asc_waiter *before = NULL;
    for (asc_waiter *at = p->first_waiter; at != w; at = at->next) {
        before = at;
    }
    if (before != NULL) {
        before->next = w->next;
    }
    else {
        p->first_waiter = w->next;
    }
    if (p->last_waiter == w) {
        p->last_waiter = before;
    }
    set_by_lock(p);
}

void
asc_pool_leave(asc_pool *p, asc_waiter *w)
{
    pthread_mutex_lock(&p->lock);
    if (!w->called) {
        take_out(p, w);
    }
    else if (w->has_place && w->conn == NULL) {
        free_place(p);
    }
    pthread_mutex_unlock(&p->lock);
    if (w->conn != NULL) {
        asc_pool_put(p, w->conn, w->conn->last_used_ms);
    }
    asc_waiter_free(w);
}

/* Those that lie in the places of threads are idle, too, and stay there: whoever reads
 * often must not take them away from their threads. A place that is about to be used
 * may be counted on neither side. */
void
asc_pool_read(asc_pool *p, asc_pool_stats *out)
{
    pthread_mutex_lock(&p->lock);
    out->n_idle = p->n_idle;
    for (unsigned i = 0; i < ASC_POOL_PLACES; i++) {
        out->n_idle += atomic_load(&p->places[i].conn) != NULL;
    }
    out->n_lent = p->n_open > out->n_idle ? p->n_open - out->n_idle : 0;
    out->n_opened = p->n_opened;
    out->n_closed = p->n_closed;
    pthread_mutex_unlock(&p->lock);
}

uint32_t
asc_pool_n_idle(asc_pool *p)
{
    pthread_mutex_lock(&p->lock);
    gather(p);
    uint32_t n = p->n_idle;
    pthread_mutex_unlock(&p->lock);
    return n;
}

bool
asc_pool_has_queue(asc_pool *p)
{
    pthread_mutex_lock(&p->lock);
    bool has_queue = p->first_waiter != NULL;
    pthread_mutex_unlock(&p->lock);
    return has_queue;
}

bool
asc_pool_is_full(asc_pool *p)
{
    pthread_mutex_lock(&p->lock);
    bool is_full = p->n_open >= p->max;
    pthread_mutex_unlock(&p->lock);
    return is_full;
}

/* The socket is closed after the lock is given back, since closing may take a while. */
void
asc_pool_drop(asc_pool *p, asc_conn *c)
{
    pthread_mutex_lock(&p->lock);
    unlink_conn(p, c);
    pthread_mutex_unlock(&p->lock);
    asc_conn_free(c);
}

/* A connection that still connects may lie among the idle ones: whoever gets it waits
 * for the rest. So filling the pool does not wait for the network. */
void
asc_pool_fill(asc_pool *p, uint64_t now_ms)
{
    for (;;) {
        pthread_mutex_lock(&p->lock);
        bool more = !p->closed && p->n_open < p->min && p->n_open < p->max;
        p->n_open += more;
        pthread_mutex_unlock(&p->lock);
        asc_conn *c;
        asc_error err;
        asc_error_reset(&err);
        if (!more || open_conn(p, &c, &err) != ASC_OK) {
            return;
        }
        asc_pool_put(p, c, now_ms);
    }
}

/* Take out an idle connection that is not of use yet, and that nobody has looked at
 * since now_ms. NULL: there is none. */
static asc_conn *
pop_unready(asc_pool *p, uint64_t now_ms)
{
    asc_conn *found = NULL;
    pthread_mutex_lock(&p->lock);
    for (uint32_t i = 0; found == NULL && i < p->n_idle; i++) {
        if (!p->idle[i]->ready && p->idle[i]->last_used_ms < now_ms) {
            found = p->idle[i];
            p->n_idle--;
            memmove(p->idle + i, p->idle + i + 1, (p->n_idle - i) * sizeof *p->idle);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return found;
}

bool
asc_pool_is_warming(asc_pool *p)
{
    bool found = false;
    pthread_mutex_lock(&p->lock);
    for (uint32_t i = 0; !found && i < p->n_idle; i++) {
        found = !p->idle[i]->ready;
    }
    pthread_mutex_unlock(&p->lock);
    return found;
}

/* Nothing waits here: each look takes a handshake a step further. */
void
asc_pool_warm(asc_pool *p, uint64_t now_ms)
{
    asc_conn *c;
    asc_error err;
    while ((c = pop_unready(p, now_ms)) != NULL) {
        asc_error_reset(&err);
        if (asc_conn_open(c, &err) == ASC_IO_ERROR) {
            asc_pool_drop(p, c);
        }
        else {
            asc_pool_put(p, c, now_ms);
        }
    }
}

/* The coldest connections come first, so the loop stops at the first one that is young
 * enough. */
void
asc_pool_trim(asc_pool *p, uint64_t now_ms)
{
    uint64_t max_idle_ms = idle_limit(p);
    uint64_t limit = max_idle_ms != 0 ? max_idle_ms : DEFAULT_IDLE_MS;
    pthread_mutex_lock(&p->lock);
    gather(p);
    uint32_t n = 0;
    while (n < p->n_idle && p->n_open - n > p->min &&
           now_ms > p->idle[n]->last_used_ms + limit) {
        n++;
    }
    close_idle(p, n);
    pthread_mutex_unlock(&p->lock);
}

void
asc_pool_set_session(asc_pool *p, asc_session *s)
{
    asc_session_retain(s);
    pthread_mutex_lock(&p->lock);
    asc_session *old = p->session;
    p->session = s;
    atomic_store(&p->login_code, ASC_OK);
    atomic_store(&p->locked_out, false);
    pthread_mutex_unlock(&p->lock);
    asc_session_release(old);
}

bool
asc_pool_lock_out(asc_pool *p, const asc_conn *c)
{
    pthread_mutex_lock(&p->lock);
    bool in_force = p->session != NULL && p->session == c->session;
    if (in_force) {
        atomic_store(&p->locked_out, true);
        gather(p);
        close_idle(p, p->n_idle);
    }
    pthread_mutex_unlock(&p->lock);
    return in_force;
}

bool
asc_pool_needs_login(asc_pool *p, uint64_t now_ms)
{
    pthread_mutex_lock(&p->lock);
    bool needed = p->session == NULL || p->session->renew_ms <= now_ms ||
                  atomic_load(&p->locked_out);
    pthread_mutex_unlock(&p->lock);
    return needed;
}

/* The session is counted under the lock: another thread may replace it. */
asc_status
asc_pool_present(asc_pool *p, asc_conn *c, asc_error *err)
{
    pthread_mutex_lock(&p->lock);
    asc_session *s = p->session;
    asc_session_retain(s);
    pthread_mutex_unlock(&p->lock);
    asc_status rc = s != NULL ? asc_login_present(c, s, err) : ASC_OK;
    asc_session_release(s);
    return rc;
}

/* Other threads may have held the lock when the process forked; in the child nobody
 * will give it back, and nobody else runs. */
void
asc_pool_in_child(asc_pool *p)
{
    for (asc_conn *c = p->all; c != NULL; c = c->next) {
        c->transport->close(c);
    }
    for (asc_waiter *w = p->first_waiter; w != NULL; w = w->next) {
        for (int end = 0; end < 2; end++) {
            close(w->fds[end]);
            w->fds[end] = -1;
        }
    }
}

/* The descriptors were closed at the moment of the fork; what is left is memory. The
 * lock is made anew: its holder may not exist here, nor do those who wait. */
void
asc_pool_after_fork(asc_pool *p)
{
    pthread_mutex_init(&p->lock, NULL);
    for (asc_conn *c = p->all; c != NULL;) {
        asc_conn *next = c->next;
        asc_conn_free(c);
        c = next;
    }
    p->all = NULL;
    p->first_waiter = NULL;
    p->n_idle = p->n_open = 0;
    p->n_opened = p->n_closed = 0;
    for (unsigned i = 0; i < ASC_POOL_PLACES; i++) {
        atomic_store(&p->places[i].conn, NULL);
    }
    set_by_lock(p);
}
