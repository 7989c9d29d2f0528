/* support/numbers.h -- Python's ints in 64 bits. */
#ifndef CORE_SUPPORT_NUMBERS_H
#define CORE_SUPPORT_NUMBERS_H

#include "support/compat.h"

/* int64_from_py() for any int. */
bool large_int64_from_py(PyObject *value, int64_t *out);

/* The value of an int, which the caller has seen to be one: true when 64 bits hold it.
 * Otherwise false, and *out is the end of the range that the int lies beyond. It sets
 * no exception and runs no Python code, so that the caller, who knows what the number
 * is for, raises. */
static inline bool
int64_from_py(PyObject *value, int64_t *out)
{
    return small_int(value, out) || large_int64_from_py(value, out);
}

#endif
