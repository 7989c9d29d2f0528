/* asc/places.h -- which of several places a thread uses, so that threads seldom write
 * to the same line of memory. Any thread may use any place: this is only a choice. */
#ifndef ASC_PLACES_H
#define ASC_PLACES_H

#include <pthread.h>
#include <stdint.h>

#define ASC_LINE_SIZE 64u /* bytes that a processor owns at a time */

/* The place of this thread among n, told from where the system keeps it in memory. */
static inline unsigned
asc_own_place(unsigned n)
{
    uintptr_t page = (uintptr_t)pthread_self() >> 12;
    return (unsigned)((page ^ page >> 8) % n);
}

#endif
