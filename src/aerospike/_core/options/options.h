/* options/options.h -- dictionaries of options: config, policies, metadata. Each key is
 * a row of a table, which says its type, its range and its older name. The values go
 * into a struct, the target, at the offsets that the rows say. A field whose key is not
 * in the dictionary keeps its value: so a dictionary is laid over defaults. */
#ifndef CORE_OPTIONS_OPTIONS_H
#define CORE_OPTIONS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/errors.h"

typedef enum option_type {
    OPTION_BOOL,     /* bool */
    OPTION_NOT_BOOL, /* bool, stored negated */
    OPTION_U32,      /* uint32_t: milliseconds or a count; negative stands for 0, below
                        min is refused when strict, and above max, if it is given,
                        always */
    OPTION_ENUM,     /* int: 0 to max; any other leaves the default in place, or is
                        refused when strict */
    OPTION_SIGNED,   /* int32_t from min to max; any other is refused when strict */
    OPTION_TTL,      /* uint32_t seconds, from min (negative values mean something) to
                        max; anything else is refused */
    OPTION_CUSTOM,   /* parsed by the row's function */
    OPTION_IGNORED,  /* known, and without effect today */
} option_type;

typedef struct option option;

/* Parse a value, which the caller holds, into the struct at target. This may run Python
 * code. 0, or -1 with an exception. */
typedef int (*option_parser)(module_state *st, const option *row, PyObject *value,
                             void *target);

/* A key. */
struct option {
    const char *name;
    option_type type;
    uint32_t kinds;       /* bits of the dictionaries that have it */
    size_t offset;        /* of the value in the target struct */
    int64_t min, max;     /* OPTION_U32, OPTION_ENUM, OPTION_SIGNED, OPTION_TTL */
    const char *new_name; /* when `name` is an old one: today's, which wins where both
                             are given */
    option_parser parse;  /* of OPTION_CUSTOM */
    size_t given;         /* of a bool in the target struct that becomes true when the
                             dictionary has the key; 0: there is none */
    const char *lacks;    /* what this build lacks for it: refused unless it is off */
    uint32_t hidden;      /* policies: kinds whose defaults get_policies() shows
                             without it */
    bool is_shared;       /* policies: may stand beside the sections, too, for all
                             kinds that have it */
    bool is_inherited;    /* policies: what the policy of a whole batch says holds for
                             its records, unless their own policies say otherwise; the
                             field is an int */
};

/* option.lacks of the keys that need compression. */
#ifdef ASC_HAVE_ZLIB
#define LACKS_ZLIB .lacks = NULL
#else
#define LACKS_ZLIB                                                                     \
    .lacks = "the headers of zlib were missing (Debian's package zlib1g-dev); "        \
             "install them and build it again"
#endif

/* The keys of one sort of dictionary. */
typedef struct option_table {
    const option *rows;
    size_t n;
    option_table_id id;  /* whose interned names are in the module state */
    const char *section; /* of the configuration, for errors about values; NULL: none */
} option_table;

/* The row of a key in the dictionaries of a kind (a bit), or NULL. Runs no Python
 * code. */
const option *
options_find(module_state *st, const option_table *table, uint32_t kind, PyObject *key);

/* Store the value of one key in the struct at target, as its row says. 0, or -1 with an
 * exception. */
int option_store(module_state *st, const option *row, PyObject *value, void *target,
                 int strict);

/* Apply a dictionary to the struct at target. `what` names it in errors ("policy",
 * "client config"), and place says which policy it is, or is ""; kind is the bit of the
 * dictionary. refusal, if it is not NULL, is the short text of all errors about values.
 * Unknown keys are warned of, and refused when strict. 0, or -1 with an exception;
 * target is then half changed. */
int options_apply(module_state *st, const option_table *table, uint32_t kind,
                  PyObject *dict, void *target, const char *what, const char *place,
                  const char *refusal, int strict);

/* The value of an option, an int or bool. 0, or -1 with ParamError `"name" is invalid`
 * when it is something else, or ClientError when it is beyond 64 bits. */
int option_int64(module_state *st, const char *name, PyObject *value, int64_t *out);

/* A copy of the UTF-8 of an option's value, a str without NUL. NULL with ParamError
 * `"name" is invalid`, which does not quote the value: it may be a secret. */
char *option_text(module_state *st, const char *name, PyObject *value);

/* The largest value that a row takes, if its type is OPTION_U32, OPTION_ENUM,
 * OPTION_SIGNED or OPTION_TTL. */
int64_t option_largest(const option *row);

#endif
