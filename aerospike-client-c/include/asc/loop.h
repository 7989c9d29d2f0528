/* asc/loop.h -- any number of calls under way at once on one descriptor, which an event
 * loop watches. There is no thread, and nothing here waits.
 *
 *     asc_loop_new(&loop, cluster, &err);
 *     asc_loop_submit(loop, call, &err, owner);       as often as wanted
 *     when asc_loop_fd(loop) is readable, and once after such submissions:
 *         asc_loop_turn(loop);
 *         while ((owner = asc_loop_take(loop)) != NULL)
 *             read the reply of its call, or take the parts of its set
 *
 * Requests that were submitted between two turns leave together, several in one send on
 * a few connections to each node; a node answers them in their order. What may take
 * long, or has many frames for its reply, borrows a connection of its own: sets
 * (asc/set.h), requests that are large or say so, replies of blocks.
 *
 * One thread uses a loop. Any number of loops share a cluster. */
#ifndef ASC_LOOP_H
#define ASC_LOOP_H

#include "asc/command.h"
#include "asc/set.h"

typedef struct asc_loop asc_loop;

/* A loop on a cluster, which it counts. On ASC_OK *out is the caller's. ASC_ERR_NOMEM,
 * or ASC_ERR_CLIENT when the system has no descriptor. */
asc_status asc_loop_new(asc_loop **out, asc_cluster *cluster, asc_error *err);

/* Abandon all that is under way, and free. NULL is fine. */
void asc_loop_free(asc_loop *l);

/* The descriptor, which is readable when asc_loop_turn() has something to do. It stays
 * the same until the loop is freed, but for the child of a fork, where it is of no
 * use: whoever forks frees the loop there. */
int asc_loop_fd(const asc_loop *l);

/* Carry out the request of a call, as asc_call_run() would: within its timing, with the
 * same repetitions. asc_loop_take() hands out the owner when the call has ended; *err,
 * which is borrowed until then, says how. Nothing is sent before the next turn. */
void asc_loop_submit(asc_loop *l, asc_call *c, asc_error *err, void *owner);

/* Drive a set that has begun and whose requests are written, in place of
 * asc_set_wait(). asc_loop_take() hands out the owner when asc_set_take() has
 * something; the caller takes it, and submits the set again to go on. */
void asc_loop_submit_set(asc_loop *l, asc_set *s, void *owner);

/* Do all that can be done without waiting: send what was submitted, receive what has
 * come, look at the time. */
void asc_loop_turn(asc_loop *l);

/* Let the descriptor be readable in so many milliseconds, since the caller will have
 * something to do. It stays so, whatever turns come, until the caller says another
 * time, or ASC_LOOP_SILENT. */
#define ASC_LOOP_SILENT UINT32_MAX
void asc_loop_ring(asc_loop *l, uint32_t in_ms);

/* Who owns the next call or set that is ready; NULL: none. It is the caller's again. */
void *asc_loop_take(asc_loop *l);

/* Was a call submitted, and not handed out yet? Who owns several under way learns from
 * this which of them have ended. */
bool asc_loop_has(const asc_loop *l, const asc_call *c);

/* Give up a call that was submitted and not handed out. The value says whether a write
 * may be applied all the same: false when no byte of any of its requests has left. Its
 * reply, if one is still to come, is counted off and thrown away. */
bool asc_loop_abandon(asc_loop *l, asc_call *c);

/* Likewise a set, which is the caller's again, with all its parts ended (asc_set_stop):
 * their memory is the caller's to give back. */
bool asc_loop_abandon_set(asc_loop *l, asc_set *s);

#endif
