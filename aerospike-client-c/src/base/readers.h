/* base/readers.h -- who looks at a thing that is replaced as a whole.
 *
 *     reader                                   the one who replaces it
 *     asc_readers_enter(r);                    atomic_store(&thing, fresh);
 *     look at atomic_load(&thing);             if (asc_readers_wait(r, until_ms))
 *     asc_readers_leave(r);                        free the old thing
 *
 * A reader never waits. Whoever replaces the thing waits until all have left that may
 * have seen the old one, so they have to be quick and must not wait themselves. Where
 * one does not leave in time (it has no processor, say), the old thing is kept, and
 * freed after a later wait.
 *
 * A count on the thing itself would do as well, but all processors would write to it.
 * Here each reader counts itself on one of several lines of memory. */
#ifndef ASC_BASE_READERS_H
#define ASC_BASE_READERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "asc/places.h"

#define ASC_READERS_LINES 16u

/* Zeroed, it has no readers. */
typedef struct asc_readers {
    union {
        atomic_uint n; /* that are inside */
        char line[ASC_LINE_SIZE];
    } lines[ASC_READERS_LINES];
} asc_readers;

/* The line on which this thread is counted. */
static inline atomic_uint *
asc_readers_line(asc_readers *r)
{
    return &r->lines[asc_own_place(ASC_READERS_LINES)].n;
}

/* Begin to look. What is loaded from now on stays until asc_readers_leave(). */
static inline void
asc_readers_enter(asc_readers *r)
{
    atomic_fetch_add(asc_readers_line(r), 1);
}

/* End to look, in the same thread. */
static inline void
asc_readers_leave(asc_readers *r)
{
    atomic_fetch_sub_explicit(asc_readers_line(r), 1, memory_order_release);
}

/* Wait until all who entered before have left. False: some are inside at until_ms. */
bool asc_readers_wait(asc_readers *r, uint64_t until_ms);

/* Nobody is inside: in the child of a fork, which lacks the threads that were. */
void asc_readers_forget(asc_readers *r);

#endif
