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

/* The create flag of a list (padded or not) or map of an order. */
int context_create_flag(bool is_list, int64_t order, bool padded);

/* Append the levels of ctx, a list of what aerospike_helpers.cdt_ctx makes: one array
 * of type, value, type, value. The last level, when it is an index or a key, gets
 * last_flags too. 0, or -1 with ParamError that begins with `func`. */
int encode_levels(encoder *e, const char *func, PyObject *ctx, int last_flags);

/* Begin an operation inside a nested list or map: [CONTEXT, levels, operation], of
 * which the operation is left to the caller. Arguments and results are those of
 * encode_levels(). */
int encode_context(encoder *e, const char *func, PyObject *ctx, int last_flags);

#endif
