/* Whoever swaps a thing out of its place owns it, and whoever finds a place free and
 * fills it in one step has left one. */
#include "base/spares.h"

#include <stddef.h>

void *
asc_spares_take(asc_spares *s)
{
    void *thing = NULL;
    for (unsigned i = 0; thing == NULL && i < ASC_MAX_SPARES; i++) {
        thing = atomic_exchange(&s->things[i], NULL);
    }
    return thing;
}

void
asc_spares_leave(asc_spares *s, void *thing, asc_spare_free *free_one)
{
    atomic_store(&s->free_one, free_one);
    for (unsigned i = 0; i < ASC_MAX_SPARES; i++) {
        void *none = NULL;
        if (atomic_compare_exchange_strong(&s->things[i], &none, thing)) {
            return;
        }
    }
    free_one(thing);
}

void
asc_spares_clear(asc_spares *s)
{
    void *thing;
    while ((thing = asc_spares_take(s)) != NULL) {
        atomic_load (&s->free_one)(thing);
    }
}
