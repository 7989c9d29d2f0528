/* command/loop.h -- the inside of a loop, for tests that make up what time it is and
 * what is ready: such a loop has no descriptor, and is stepped instead of turned. */
#ifndef ASC_COMMAND_LOOP_H
#define ASC_COMMAND_LOOP_H

#include "asc/loop.h"
#include "command/loop_state.h"

/* A loop without a descriptor. */
asc_status asc_loop_open(asc_loop **out, asc_cluster *cluster, asc_error *err);

/* What the public functions do at a time of the caller's. */
void asc_loop_submit_at(asc_loop *l, asc_call *c, asc_error *err, void *owner,
                        uint64_t now_ms);
void asc_loop_submit_set_at(asc_loop *l, asc_set *s, void *owner, uint64_t now_ms);

bool asc_loop_abandon_at(asc_loop *l, asc_call *c, uint64_t now_ms);

/* A turn in which all that is watched is ready. */
void asc_loop_step(asc_loop *l, uint64_t now_ms);

/* When the loop must be turned even if nothing comes. */
uint64_t asc_loop_wake_ms(const asc_loop *l);

#endif
