#include "base/spares.h"

void *
asc_spares_take(asc_spares *s)
{
    return asc_spare_take(s->places, ASC_MAX_SPARES);
}

void
asc_spares_leave(asc_spares *s, void *thing, asc_spare_free *free_one)
{
    atomic_store(&s->free_one, free_one);
    if (!asc_spare_leave(s->places, ASC_MAX_SPARES, thing)) {
        free_one(thing);
    }
}

void
asc_spares_clear(asc_spares *s)
{
    void *thing;
    while ((thing = asc_spares_take(s)) != NULL) {
        atomic_load (&s->free_one)(thing);
    }
}
