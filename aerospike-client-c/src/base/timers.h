/* base/timers.h -- any number of moments, of which the first is known at any time: a
 * binary heap whose members know where they are in it. */
#ifndef ASC_BASE_TIMERS_H
#define ASC_BASE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One moment, which lies in whatever waits for it. Zeroed, it is not set. */
typedef struct asc_timer {
    uint64_t at_ms;
    size_t place; /* in the heap, counted from 1; 0: it is not set */
} asc_timer;

/* All of them. Zeroed, there are none. */
typedef struct asc_timers {
    asc_timer **heap; /* owned array of borrowed timers */
    size_t n, cap;
    size_t n_members; /* how many may be set at a time */
} asc_timers;

/* Make room for one more timer, which may be set and unset from now on without memory
 * being taken. False when memory is short. */
bool asc_timers_join(asc_timers *t);

/* Unset a timer, and give its room back. */
void asc_timers_leave(asc_timers *t, asc_timer *timer);

/* Set a timer, or move it; ASC_FOREVER unsets it. */
void asc_timers_set(asc_timers *t, asc_timer *timer, uint64_t at_ms);

/* The timer with the earliest moment; NULL: none is set. */
asc_timer *asc_timers_first(const asc_timers *t);

/* Free what it owns. */
void asc_timers_clear(asc_timers *t);

#endif
