/* This file alone says what a bin's name may be; every call that takes a name checks it
 * here. */
#include "values/bin_name.h"

#include "support/texts.h"

int
bin_name_from_py(module_state *st, PyObject *name, asc_status wrong_type,
                 const char **out, size_t *size)
{
    if (!PyUnicode_Check(name)) {
        return raise_code(st, wrong_type, "A bin name must be a str, not %s",
                          Py_TYPE(name)->tp_name);
    }
    Py_ssize_t n;
    const char *utf8 = utf8_of(st, name, &n, ASC_ERR_CLIENT, "A bin name");
    if (utf8 == NULL) {
        return -1;
    }
    if ((size_t)n > ASC_MAX_BIN_NAME_SIZE) {
        return raise_code(
            st, ASC_ERR_BIN_NAME,
            "A bin name should not exceed 15 characters limit: \"%s\" has "
            "%zd bytes",
            utf8, n);
    }
    if (refuse_nul(st, utf8, (size_t)n, "A bin name") < 0) {
        return -1;
    }
    *out = utf8;
    *size = (size_t)n;
    return 0;
}
