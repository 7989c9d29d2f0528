/* The C library's allocator, with two things that only tests use: a counter of the
 * blocks that are alive, which finds leaks, and a switch that makes allocations fail,
 * from the Nth on or the Nth alone, by which the tests walk through every path where
 * memory is short. */
#include "asc/alloc.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What the tests set and read: the first allocation that fails, and the last one.
 * fail_from is 0 in production, which switches failing off. */
static atomic_ulong fail_from, fail_until;
static atomic_ulong counted;
static atomic_long live;

/* Counts allocations only while a test has set the switch, so that production pays no
 * more than one relaxed load here. */
static bool
must_fail(void)
{
    unsigned long from = atomic_load_explicit(&fail_from, memory_order_relaxed);
    unsigned long nth = from != 0 ? atomic_fetch_add(&counted, 1) + 1 : 0;
    return from != 0 && nth >= from && nth <= atomic_load(&fail_until);
}

/* Counts a block that was allocated; NULL, a failure, passes through. */
static void *
count(void *block)
{
    if (block != NULL) {
        atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    }
    return block;
}

void *
asc_malloc(size_t size)
{
    return must_fail() ? NULL : count(malloc(size));
}

void *
asc_calloc(size_t n, size_t size)
{
    return must_fail() ? NULL : count(calloc(n, size));
}

void *
asc_realloc(void *block, size_t size)
{
    if (must_fail()) {
        return NULL;
    }
    void *moved = realloc(block, size);
    return block == NULL ? count(moved) : moved;
}

void
asc_free(void *block)
{
    if (block != NULL) {
        atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
        free(block);
    }
}

char *
asc_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = asc_malloc(size);
    if (copy != NULL) {
        memcpy(copy, text, size);
    }
    return copy;
}

static void
fail_between(unsigned long first, unsigned long last)
{
    atomic_store(&counted, 0);
    atomic_store(&fail_until, last);
    atomic_store(&fail_from, first);
}

void
asc_alloc_fail_after(unsigned long nth)
{
    fail_between(nth, ULONG_MAX);
}

void
asc_alloc_fail_alone(unsigned long nth)
{
    fail_between(nth, nth);
}

bool
asc_alloc_has_failed(void)
{
    unsigned long from = atomic_load(&fail_from);
    return from != 0 && atomic_load(&counted) >= from;
}

long
asc_alloc_live(void)
{
    return atomic_load(&live);
}
