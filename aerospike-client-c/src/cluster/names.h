/* cluster/names.h -- a table from the names of nodes to numbers. */
#ifndef ASC_CLUSTER_NAMES_H
#define ASC_CLUSTER_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* A place of the hash table. */
typedef struct asc_name {
    const char *text; /* borrowed; NULL: the place is free */
    size_t value;
} asc_name;

/* A table. Zeroed, it is empty. */
typedef struct asc_names {
    asc_name *slots; /* owned; their number is a power of two */
    size_t n, n_slots;
} asc_names;

/* What asc_names_find returns for a name that the table lacks. */
#define ASC_NO_NAME ((size_t) - 1)

/* Find the value of a name, or ASC_NO_NAME. */
size_t asc_names_find(const asc_names *m, const char *text);

/* Give a name a value. The text is borrowed and must stay where it is. False when
 * memory is short. */
bool asc_names_put(asc_names *m, const char *text, size_t value);

/* Free the memory; the table is empty and usable afterwards. */
void asc_names_clear(asc_names *m);

#endif
