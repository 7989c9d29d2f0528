/* Threads look at a thing that another one replaces and frees. */
#include "base/readers.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/time.h"
#include "kit.h"

#define N_READERS 4
#define N_REPLACED 100

typedef struct thing {
    unsigned first, second; /* equal */
} thing;

static asc_readers readers;
static _Atomic(thing *) current;
static atomic_uint n_looks;
static atomic_bool ends;

static thing *
new_thing(unsigned value)
{
    thing *t = malloc(sizeof *t);
    CHECK(t != NULL);
    t->first = t->second = value;
    return t;
}

static void *
look(void *unused)
{
    (void)unused;
    unsigned last = 0;
    while (!atomic_load(&ends)) {
        asc_readers_enter(&readers);
        const thing *t = atomic_load(&current);
        CHECK(t->first == t->second && t->first >= last);
        last = t->first;
        asc_readers_leave(&readers);
        atomic_fetch_add(&n_looks, 1);
        sched_yield(); /* a call does other things, too */
    }
    return NULL;
}

static void
test_replaced_thing_is_freed_when_nobody_looks_at_it(void)
{
    pthread_t threads[N_READERS];
    atomic_store(&current, new_thing(0));
    for (int i = 0; i < N_READERS; i++) {
        CHECK(pthread_create(&threads[i], NULL, look, NULL) == 0);
    }
    for (unsigned value = 1; value <= N_REPLACED; value++) {
        unsigned before = atomic_load(&n_looks);
        thing *old = atomic_exchange(&current, new_thing(value));
        CHECK(asc_readers_wait(&readers, ASC_FOREVER));
        free(old);
        while (atomic_load(&n_looks) == before) {
            sched_yield();
        }
    }
    atomic_store(&ends, true);
    for (int i = 0; i < N_READERS; i++) {
        pthread_join(threads[i], NULL);
    }
    free(atomic_load(&current));
}

static void
test_readers_are_waited_for_until_the_last_has_left(void)
{
    asc_readers r = {0};
    asc_readers_enter(&r);
    asc_readers_enter(&r);
    CHECK(!asc_readers_wait(&r, 0));
    asc_readers_leave(&r);
    CHECK(!asc_readers_wait(&r, asc_now_ms() + 2));
    asc_readers_leave(&r);
    CHECK(asc_readers_wait(&r, 0));
}

static void
test_readers_are_forgotten(void)
{
    asc_readers r = {0};
    asc_readers_enter(&r);
    asc_readers_forget(&r);
    CHECK(asc_readers_wait(&r, 0));
}

static const kit_test tests[] = {
    {"replaced_thing_is_freed_when_nobody_looks_at_it",
     test_replaced_thing_is_freed_when_nobody_looks_at_it},
    {"readers_are_waited_for_until_the_last_has_left",
     test_readers_are_waited_for_until_the_last_has_left},
    {"readers_are_forgotten", test_readers_are_forgotten},
};

KIT_MAIN("ut_readers", tests)
