/* This file alone says what a bin's name may be; every call that takes a name checks it
 * here. */
#include "values/bin_name.h"

#include <string.h>

#include "support/compat.h"
#include "support/texts.h"

/* What is raised for a name that is none. Other clients have these texts. */
static const struct {
    asc_status code;
    const char *text;
} wrong_types[] = {
    [BIN_NAME_STR] = {ASC_ERR_PARAM, "Bin name should be of type string"},
    [BIN_NAME_OF_PUT] = {ASC_ERR_CLIENT,
                         "A bin name must be a string or unicode string."},
    [BIN_NAME_OR_BYTEARRAY] = {ASC_ERR_PARAM, "Bin name should be of type string"},
    [BIN_NAME_TO_REMOVE] = {ASC_ERR_CLIENT, "Invalid bin name, bin name should be a "
                                            "string or unicode string"},
    [BIN_NAME_TO_SELECT] = {ASC_ERR_PARAM, "Bin name must be a string"},
    [BIN_NAME_OF_BATCH] = {ASC_ERR_PARAM,
                           "Bin name should be a string or unicode string."},
};

static int
too_long(module_state *st, const char *name, size_t size)
{
    return raise_code(st, ASC_ERR_BIN_NAME,
                      "A bin name should not exceed 15 characters limit" DETAIL
                      "\"%s\" has "
                      "%zu bytes",
                      name, size);
}

/* Warn once that a name ends at its NUL, as other clients end it without a word. */
static int
warn_of_nul(module_state *st, const char *name)
{
    PyObject *bytes = PyBytes_FromString(name), *said = NULL;
    PyObject *text = bytes != NULL
                         ? PyUnicode_FromFormat("a bytearray as a bin name ends at its "
                                                "NUL: the name is %R",
                                                bytes)
                         : NULL;
    if (text != NULL) {
        said = PyObject_CallFunction(st->warn_once, "sOO", "bin name", text, text);
    }
    Py_XDECREF(said);
    Py_XDECREF(text);
    Py_XDECREF(bytes);
    return said != NULL ? 0 : -1;
}

/* Copy the name that a bytearray holds. Other code can change its bytes while a call is
 * made. */
static int
name_from_bytearray(module_state *st, PyObject *name, char *room, const char **out,
                    size_t *size)
{
    PyObject *bytes = bytes_of_bytearray(name);
    if (bytes == NULL) {
        return -1;
    }
    const char *text = PyBytes_AS_STRING(bytes); /* ends with a NUL */
    size_t n = strlen(text);
    bool is_cut = n < (size_t)PyBytes_GET_SIZE(bytes);
    int rc = 0;
    if (n > ASC_MAX_BIN_NAME_SIZE) {
        rc = too_long(st, text, n);
    }
    else {
        memcpy(room, text, n + 1);
        *out = room;
        *size = n;
    }
    Py_DECREF(bytes);
    return rc == 0 && is_cut ? warn_of_nul(st, room) : rc;
}

int
other_bin_name(module_state *st, PyObject *name, bin_name_rule rule, char *room,
               const char **out, size_t *size)
{
    if (rule == BIN_NAME_OR_BYTEARRAY && PyByteArray_Check(name)) {
        return name_from_bytearray(st, name, room, out, size);
    }
    if (!PyUnicode_Check(name)) {
        return raise_code(st, wrong_types[rule].code, "%s" DETAIL "got %s",
                          wrong_types[rule].text, Py_TYPE(name)->tp_name);
    }
    Py_ssize_t n;
    const char *utf8 = utf8_of(st, name, &n, ASC_ERR_CLIENT, "A bin name");
    if (utf8 == NULL) {
        return -1;
    }
    if ((size_t)n > ASC_MAX_BIN_NAME_SIZE) {
        return too_long(st, utf8, (size_t)n);
    }
    if (refuse_nul(st, utf8, (size_t)n, "A bin name") < 0) {
        return -1;
    }
    *out = utf8;
    *size = (size_t)n;
    return 0;
}
