/* The one way from a Python int to 64 bits; what the ints of options say when they do
 * not fit. */
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

int
option_int64(module_state *st, const char *name, PyObject *value, int64_t *out)
{
    if (!PyLong_Check(value)) {
        return raise_param(st, "\"%s\" is invalid: an int is expected, not %s", name,
                           Py_TYPE(value)->tp_name);
    }
    return int64_from_py(value, out)
               ? 0
               : raise_code(st, ASC_ERR_CLIENT, "\"%s\" is invalid: beyond 64 bits",
                            name);
}
