/* The one way from a Python int to 64 bits: the part that most ints, which are small,
 * do not need. */
#include "support/numbers.h"

bool
large_int64_from_py(PyObject *value, int64_t *out)
{
    int overflow;
    *out = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow != 0) {
        *out = overflow > 0 ? INT64_MAX : INT64_MIN;
    }
    return overflow == 0;
}
