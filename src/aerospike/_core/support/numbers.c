/* Python's ints become numbers of 64 bits in one way only. Most are small and are done
 * by the inline half of it, in the header; this file has the rest. */
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
