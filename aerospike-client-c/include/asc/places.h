/* asc/places.h -- which of several places a thread uses, so that threads seldom write
 * to the same line of memory. Any thread may use any place: this is only a choice.
 *
 * What an ended call leaves in a place, one that comes may take: things that cost
 * memory to make. Any number of threads may do so, and both sides of a fork: nothing is
 * locked. */
#ifndef ASC_PLACES_H
#define ASC_PLACES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASC_LINE_SIZE 64u /* bytes that a processor owns at a time */

/* The place of this thread among n, told from where the system keeps it in memory. */
static inline unsigned
asc_own_place(unsigned n)
{
    uintptr_t page = (uintptr_t)pthread_self() >> 12;
    return (unsigned)((page ^ page >> 8) % n);
}

/* Where a thing may lie that the next call can use. Zeroed, it is free. */
typedef struct asc_spare_place {
    _Atomic(void *) thing; /* owned; NULL: the place is free */
    char apart[ASC_LINE_SIZE - sizeof(void *)];
} asc_spare_place;

/* Take a thing that was left in one of n places; NULL: there is none. A look, which is
 * cheap, comes before the exchange; another thread may be faster. */
static inline void *
asc_spare_take(asc_spare_place *places, unsigned n)
{
    void *thing = NULL;
    for (unsigned i = asc_own_place(n), end = i + n; thing == NULL && i < end; i++) {
        _Atomic(void *) *at = &places[i % n].thing;
        if (atomic_load_explicit(at, memory_order_relaxed) != NULL) {
            thing = atomic_exchange(at, NULL);
        }
    }
    return thing;
}

/* Leave a thing in one of n places. False: none is free, and the thing stays the
 * caller's. */
static inline bool
asc_spare_leave(asc_spare_place *places, unsigned n, void *thing)
{
    for (unsigned i = asc_own_place(n), end = i + n; i < end; i++) {
        void *none = NULL;
        if (atomic_compare_exchange_strong(&places[i % n].thing, &none, thing)) {
            return true;
        }
    }
    return false;
}

#endif
