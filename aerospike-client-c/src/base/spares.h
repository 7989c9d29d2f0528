/* base/spares.h -- what ended calls leave for those that come (asc/places.h), by calls
 * that their owner does not know: how to free such a thing is left with it. */
#ifndef ASC_BASE_SPARES_H
#define ASC_BASE_SPARES_H

#include "asc/places.h"

/* So many threads can make such calls at a time without making their things anew. */
#define ASC_MAX_SPARES 4u

typedef void asc_spare_free(void *thing);

/* Places for things of one kind. Zeroed, all are free. */
typedef struct asc_spares {
    _Atomic(asc_spare_free *) free_one; /* NULL: nothing was left as yet */
    asc_spare_place places[ASC_MAX_SPARES];
} asc_spares;

/* A thing that was left, which is the caller's now; NULL: there is none. */
void *asc_spares_take(asc_spares *s);

/* Leave a thing, which free_one frees. When no place is free that is done at once. */
void asc_spares_leave(asc_spares *s, void *thing, asc_spare_free *free_one);

/* Free all that was left. */
void asc_spares_clear(asc_spares *s);

#endif
