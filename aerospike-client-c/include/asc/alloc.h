/* asc/alloc.h -- the memory functions that the whole library uses. All allocations go
 * through them, so that a test can make the Nth one fail. */
#ifndef ASC_ALLOC_H
#define ASC_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* These behave like their namesakes of the C library: they return NULL when memory is
 * short. */
void *asc_malloc(size_t size);
void *asc_calloc(size_t count, size_t size);
void *asc_realloc(void *block, size_t size);
void asc_free(void *block); /* NULL is fine */

/* A copy of text on the heap, or NULL. */
char *asc_strdup(const char *text);

/* Tests: let the nth allocation from now on (1 = the next) and all after it fail;
 * 0 ends that. Not for production: one counter for the whole process. */
void asc_alloc_fail_after(unsigned long nth);

/* Tests: likewise, but those behind the nth succeed, as when only a large block cannot
 * be had. */
void asc_alloc_fail_alone(unsigned long nth);

/* Tests: has an allocation failed since then? Ask before the switch is set again. */
bool asc_alloc_has_failed(void);

/* Tests: how many blocks are allocated and not yet freed. */
long asc_alloc_live(void);

#endif
