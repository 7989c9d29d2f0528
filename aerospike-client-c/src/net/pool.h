/* net/pool.h -- the connections to one node: a stack of idle ones, the warmest on top,
 * and a bound on how many are open. Thread-safe. */
#ifndef ASC_NET_POOL_H
#define ASC_NET_POOL_H

#include <pthread.h>
#include <stdatomic.h>

#include "asc/places.h"
#include "net/conn.h"

/* A call that waits for a connection, in the queue of a pool that has none to lend. The
 * pool's lock guards it for as long as it is there. */
typedef struct asc_waiter {
    struct asc_waiter *next;
    int fds[2]; /* owned; [0] is readable when the waiter was called */
    bool
        called; /* it is its turn, or the pool was closed: it is in no queue any more */
    bool has_place; /* it is its turn: it has conn, or one more may be opened for it */
    asc_conn *conn;
} asc_waiter;

#define ASC_POOL_PLACES 16u

/* The pool of one node. A connection that comes back lies in the place of the thread
 * that used it, where that thread finds it without the lock; where the place is taken,
 * it is idle. Whoever needs all that are not lent gathers them: then all are idle. The
 * lock guards the lists, the counts and `closed`; the rest
 * never changes. */
typedef struct asc_pool {
    /* What all calls read: */
    const asc_transport *transport;
    _Atomic uint64_t max_idle_ms; /* 0: no limit of its own */
    uint32_t timeout_ms; /* what a call may wait in the queue; 0: nobody waits */
    uint32_t min, max;
    /* The node has refused the session, and nobody has logged in again yet; and, when
     * that was refused as well, with which code. Read without the lock. */
    atomic_bool locked_out;
    atomic_int login_code;
    /* A connection that comes back must go by the lock: the pool is closed, or somebody
     * waits for one. */
    atomic_bool by_lock;

    /* What they seldom use: */
    asc_addr addr;
    pthread_mutex_t lock;
    asc_conn **idle; /* owned array of max; [0] is the coldest */
    asc_conn *all;   /* every open connection, idle or lent */
    uint32_t n_idle, n_open;
    uint64_t n_opened, n_closed; /* in all; those of a fork's child begin anew */
    bool closed;
    /* The queue, in the order in which its members came. While there is one, no
     * connection is idle and max are open. */
    asc_waiter *first_waiter, *last_waiter;
    asc_session *session; /* counted: what new connections show; NULL: nothing */

    /* What each thread writes to, on a line of memory of its own: */
    union {
        _Atomic(asc_conn *) conn;
        char line[ASC_LINE_SIZE];
    } places[ASC_POOL_PLACES];
} asc_pool;

/* Close connections from now on that were idle for longer; 0: no limit of its own. */
void asc_pool_set_idle(asc_pool *p, uint32_t max_idle_s);

/* Make an empty pool, with the limits and the transport of a configuration. After
 * ASC_ERR_NOMEM *p must not be used. */
asc_status asc_pool_init(asc_pool *p, const asc_addr *addr, const asc_config *config,
                         asc_error *err);

/* End the pool: idle connections are closed now, lent ones when they come back, and
 * those that wait for one are called. */
void asc_pool_close(asc_pool *p);

/* Close everything and free; nobody may hold a connection any more. */
void asc_pool_clear(asc_pool *p);

/* Lend a connection, which is idle and alive, or new and still connecting. On ASC_OK
 * *out is lent until asc_pool_put or asc_pool_drop. ASC_ERR_NO_CONNECTIONS when max are
 * open. */
asc_status asc_pool_get(asc_pool *p, asc_conn **out, uint64_t now_ms, asc_error *err);

/* Line up for a connection, after asc_pool_get had none. Whoever does that watches
 * fds[0], and takes or leaves. NULL: one cannot wait, because the pool is closed, or
 * the system has no memory or no descriptors. */
asc_waiter *asc_pool_line_up(asc_pool *p);

/* Was the waiter called? Then it must take. */
bool asc_pool_has_called(asc_pool *p, const asc_waiter *w);

/* Lend a waiter that was called its connection, as asc_pool_get does. The waiter is
 * freed. ASC_ERR_NO_CONNECTIONS, with err untouched: the pool was closed. */
asc_status asc_pool_take(asc_pool *p, asc_waiter *w, asc_conn **out, asc_error *err);

/* Wait no longer. The waiter is freed, and what it was called for goes to the next. */
void asc_pool_leave(asc_pool *p, asc_waiter *w);

/* What a pool has counted. */
typedef struct asc_pool_stats {
    uint32_t n_lent, n_idle;
    uint64_t n_opened, n_closed;
} asc_pool_stats;

void asc_pool_read(asc_pool *p, asc_pool_stats *out);

/* How many connections are not lent. */
uint32_t asc_pool_n_idle(asc_pool *p);

/* Does anybody wait for a connection? */
bool asc_pool_has_queue(asc_pool *p);

/* Are max connections open? Whoever keeps one that he does not use keeps it from
 * others. */
bool asc_pool_is_full(asc_pool *p);

/* Free a waiter of the parent in the child of a fork, where no queue knows it. */
void asc_waiter_free(asc_waiter *w);

/* Give back a connection whose reply has been read to its end. */
void asc_pool_put(asc_pool *p, asc_conn *c, uint64_t now_ms);

/* Give back a connection that must be closed. */
void asc_pool_drop(asc_pool *p, asc_conn *c);

/* Start connections until min are open; those that fail are left for the next time. */
void asc_pool_fill(asc_pool *p, uint64_t now_ms);

/* Go on with connections that were started so: they shake hands and log in. */
void asc_pool_warm(asc_pool *p, uint64_t now_ms);

/* Are there connections that have been started so and are not of use yet? */
bool asc_pool_is_warming(asc_pool *p);

/* Close connections beyond min that have been idle too long, the coldest first. */
void asc_pool_trim(asc_pool *p, uint64_t now_ms);

/* The session that a login has begun is what new connections show from now on. */
void asc_pool_set_session(asc_pool *p, asc_session *s);

/* The node refuses what a connection has shown: it gets nobody in until there is
 * another session, and idle connections are closed. False when the refusal is none of
 * the session's in force: there is none, or there is a newer one already. */
bool asc_pool_lock_out(asc_pool *p, const asc_conn *c);

/* Must somebody log in: is there no session, or one that ends soon or was refused? */
bool asc_pool_needs_login(asc_pool *p, uint64_t now_ms);

/* Let a new connection, which was not opened by the pool, show the pool's session. */
asc_status asc_pool_present(asc_pool *p, asc_conn *c, asc_error *err);

/* In the child of a fork, at once: close the child's copies of all sockets. Nothing is
 * sent on them, since they are the parent's, and the lock is not taken. */
void asc_pool_in_child(asc_pool *p);

/* Later, when the child uses the pool: forget the connections that were closed so. */
void asc_pool_after_fork(asc_pool *p);

#endif
