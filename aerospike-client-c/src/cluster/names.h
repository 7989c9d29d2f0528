/* cluster/names.h -- the names of nodes, found by their hash. */
#ifndef ASC_CLUSTER_NAMES_H
#define ASC_CLUSTER_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* A slot of the table. */
typedef struct asc_name {
    const char *text; /* borrowed; NULL: the slot is free */
    size_t value;
} asc_name;

/* Zeroed, it is empty. */
typedef struct asc_names {
    asc_name *slots; /* owned; a power of two of them */
    size_t n, n_slots;
} asc_names;

/* The value of a name that the table lacks. */
#define ASC_NO_NAME ((size_t) - 1)

/* The value of a name, or ASC_NO_NAME. */
size_t asc_names_find(const asc_names *m, const char *text);

/* Give a name a value; it is borrowed, and must stay where it is. False when memory is
 * short. */
bool asc_names_put(asc_names *m, const char *text, size_t value);

/* Free the slots; the table is empty and usable afterwards. */
void asc_names_clear(asc_names *m);

#endif
