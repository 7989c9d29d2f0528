/* options/options.h -- dictionaries of options: config, policies, metadata. Each key is a row
 * of a table that says its type, range, alias and where its value goes. */
#ifndef CORE_OPTIONS_OPTIONS_H
#define CORE_OPTIONS_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "support/errors.h"

typedef enum option_type {
    OPTION_BOOL,     /* bool */
    OPTION_NOT_BOOL, /* bool, stored negated */
    OPTION_U32,      /* uint32_t: milliseconds or a count; negative stands for 0, and
                        above max, if it is given, is refused */
    OPTION_ENUM,     /* int: 0 to max; anything else leaves the default in place */
    OPTION_SIGNED,   /* int32_t from min to max */
    OPTION_TTL,      /* uint32_t seconds, from min (negative values mean something) to
                        max; anything else is refused */
    OPTION_CUSTOM,   /* parsed by the row's function */
    OPTION_IGNORED,  /* known, and without effect today */
    OPTION_LATER,    /* known, and not supported yet: refused unless it is off */
} option_type;

typedef struct option option;

/* Parse value into the struct at target; 0, or -1 with an exception. */
typedef int (*option_parser)(module_state *st, const option *row, PyObject *value,
                             void *target);

struct option {
    const char *name;
    option_type type;
    uint32_t kinds;       /* bits of the dictionaries that have it */
    size_t offset;        /* of the value in the target struct */
    int64_t min, max;     /* OPTION_ENUM, OPTION_SIGNED, OPTION_TTL; max: OPTION_U32 */
    const char *new_name; /* of an old name: the new one, which wins */
    option_parser parse;
};

typedef struct option_table {
    const option *rows;
    size_t n;
    option_table_id id; /* whose interned names are in the module state */
} option_table;

/* Intern the names of a table. 0, or -1 with an exception. */
int options_intern(module_state *st, const option_table *table);
void options_clear(module_state *st);

/* Apply a dictionary to the struct at target. `what` names it in errors ("policy",
 * "client config"); kind is the bit of the dictionary. Unknown keys are reported, and
 * refused when strict. 0, or -1 with an exception; target is then half changed. */
int options_apply(module_state *st, const option_table *table, uint32_t kind,
                  PyObject *dict, void *target, const char *what, int strict);

/* The rows as dicts of name, type, kinds, min, max, new_name; kind_name gives the names
 * of n_kinds kinds. */
PyObject *
options_to_py(const option_table *table, const char *(*kind_name)(int), int n_kinds);

#endif
