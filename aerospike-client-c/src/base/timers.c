/* A heap in an array: the children of place i are at 2i and 2i + 1, and no timer is
 * later than its children. */
#include "base/timers.h"

#include "asc/alloc.h"
#include "base/time.h"

bool
asc_timers_join(asc_timers *t)
{
    if (t->n_members + 1 >= t->cap) { /* place 0 stays empty */
        size_t cap = t->cap * 2 + 16;
        asc_timer **heap = asc_realloc(t->heap, cap * sizeof *heap);
        if (heap == NULL) {
            return false;
        }
        t->heap = heap;
        t->cap = cap;
    }
    t->n_members++;
    return true;
}

static void
put(asc_timers *t, asc_timer *timer, size_t place)
{
    t->heap[place] = timer;
    timer->place = place;
}

/* Let a timer move from a free place towards the root, to where it belongs. */
static void
rise(asc_timers *t, asc_timer *timer, size_t place)
{
    while (place > 1 && t->heap[place / 2]->at_ms > timer->at_ms) {
        put(t, t->heap[place / 2], place);
        place /= 2;
    }
    put(t, timer, place);
}

/* Likewise away from the root. */
static void
sink(asc_timers *t, asc_timer *timer, size_t place)
{
    for (size_t child = place * 2; child <= t->n; child = place * 2) {
        if (child < t->n && t->heap[child + 1]->at_ms < t->heap[child]->at_ms) {
            child++;
        }
        if (t->heap[child]->at_ms >= timer->at_ms) {
            break;
        }
        put(t, t->heap[child], place);
        place = child;
    }
    put(t, timer, place);
}

/* The last timer takes the place of the one that goes. */
static void
unset(asc_timers *t, asc_timer *timer)
{
    size_t place = timer->place;
    asc_timer *last = t->heap[t->n--];
    timer->place = 0;
    if (last == timer) {
        return;
    }
    if (last->at_ms < timer->at_ms) {
        rise(t, last, place);
    }
    else {
        sink(t, last, place);
    }
}

void
asc_timers_set(asc_timers *t, asc_timer *timer, uint64_t at_ms)
{
    uint64_t before = timer->at_ms;
    if (at_ms == ASC_FOREVER) {
        if (timer->place != 0) {
            unset(t, timer);
        }
        return;
    }
    timer->at_ms = at_ms;
    if (timer->place == 0) {
        rise(t, timer, ++t->n);
    }
    else if (at_ms < before) {
        rise(t, timer, timer->place);
    }
    else if (at_ms > before) {
        sink(t, timer, timer->place);
    }
}

void
asc_timers_leave(asc_timers *t, asc_timer *timer)
{
    asc_timers_set(t, timer, ASC_FOREVER);
    t->n_members--;
}

asc_timer *
asc_timers_first(const asc_timers *t)
{
    return t->n > 0 ? t->heap[1] : NULL;
}

void
asc_timers_clear(asc_timers *t)
{
    asc_free(t->heap);
    *t = (asc_timers){0};
}
