#include "asc/alloc.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Test hooks. `fail_from` is 0 in production, so an allocation pays one relaxed load
 * and one relaxed add. */
static atomic_ulong fail_from;
static atomic_ulong counted;
static atomic_long live;

static bool
must_fail(void)
{
    unsigned long from = atomic_load_explicit(&fail_from, memory_order_relaxed);
    return from != 0 && atomic_fetch_add(&counted, 1) + 1 >= from;
}

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

void
asc_alloc_fail_after(unsigned long nth)
{
    atomic_store(&counted, 0);
    atomic_store(&fail_from, nth);
}

long
asc_alloc_live(void)
{
    return atomic_load(&live);
}
