/* The one way from a Python str to UTF-8, with what may be wrong with a name. The text
 * of values, which is most of what is written, has a faster way of its own in
 * encode.c: it goes into the message without being kept in the str. */
#include "support/texts.h"

int
name_from_py(module_state *st, PyObject *text, const char *what, size_t max,
             const char **out, size_t *size)
{
    Py_ssize_t n;
    const char *utf8 = utf8_of(st, text, &n, ASC_ERR_PARAM, what);
    if (utf8 == NULL) {
        return -1;
    }
    if ((size_t)n > max) {
        return raise_param(st, "%s has %zd bytes, %zu are allowed", what, n, max);
    }
    if (refuse_nul(st, utf8, (size_t)n, what) < 0) {
        return -1;
    }
    *out = utf8;
    *size = (size_t)n;
    return 0;
}

char *
text_copy(const char *text, size_t size)
{
    char *copy = PyMem_Malloc(size + 1);
    if (copy == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}
