/* values/context.h -- places inside nested lists and maps, to wire. */
#ifndef CORE_VALUES_CONTEXT_H
#define CORE_VALUES_CONTEXT_H

#include "values/values.h"

/* Create flags, or-ed to the type of a level that looks up an index or key. */
enum {
    CREATE_UNORDERED = 0x40,
    CREATE_PADDED = 0x80, /* a list; a map sorted by key */
    CREATE_SORTED = 0xC0, /* a list; a map sorted by key and value */
};

/* The create flag that says the order of a list (padded or not) or of a map. */
int context_create_flag(bool is_list, int64_t order, bool padded);

/* Append the levels of ctx, a list of what aerospike_helpers.cdt_ctx makes: one array
 * of type, value, type, value. last_flags are or-ed to the type of the last level, if
 * that is an index of a list or a key of a map. 0, or -1 with an exception, which is
 * ParamError that begins with `func` when ctx is not what it should be. This looks up
 * attributes, which may run Python code. */
int encode_levels(encoder *e, const char *func, PyObject *ctx, int last_flags);

/* Begin an operation inside a nested list or map: [CONTEXT, levels, operation], of
 * which the operation is left to the caller. Arguments and results are those of
 * encode_levels(). */
int encode_context(encoder *e, const char *func, PyObject *ctx, int last_flags);

#endif
