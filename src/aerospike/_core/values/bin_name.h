/* values/bin_name.h -- names of bins, checked. */
#ifndef CORE_VALUES_BIN_NAME_H
#define CORE_VALUES_BIN_NAME_H

#include "asc/proto.h"
#include "support/errors.h"
#include "support/texts.h"

/* What a call takes for the name of a bin. */
typedef enum bin_name_rule {
    BIN_NAME_STR,          /* a str; ParamError for anything else */
    BIN_NAME_OF_PUT,       /* a str; ClientError for anything else */
    BIN_NAME_OR_BYTEARRAY, /* a str or a bytearray; ParamError for anything else */
    BIN_NAME_TO_SELECT,    /* as BIN_NAME_STR, with a text of its own */
    BIN_NAME_OF_BATCH,     /* likewise */
    BIN_NAME_TO_REMOVE,    /* as BIN_NAME_OF_PUT, with a text of its own */
} bin_name_rule;

/* Room for the name of a bin, which ends with a NUL. */
typedef char bin_name_room[ASC_MAX_BIN_NAME_SIZE + 1];

/* What bin_name_from_py() does of names that are no short ASCII. */
int other_bin_name(module_state *st, PyObject *name, bin_name_rule rule, char *room,
                   const char **out, size_t *size);

/* A bin name: at most 15 bytes, UTF-8 without NUL in a str. *out is borrowed from name,
 * or points to room, where the bytes of a bytearray are copied up to a NUL; room may be
 * NULL where the rule takes no bytearray. This runs Python code when it warns of what
 * stands behind such a NUL. 0, or -1 with BinNameError (too long), ParamError (a NUL in
 * a str), or the error that the rule says. */
static inline int
bin_name_from_py(module_state *st, PyObject *name, bin_name_rule rule, char *room,
                 const char **out, size_t *size)
{
    if (PyUnicode_Check(name) && PyUnicode_IS_COMPACT_ASCII(name) &&
        PyUnicode_GET_LENGTH(name) <= (Py_ssize_t)ASC_MAX_BIN_NAME_SIZE) {
        const char *text = (const char *)PyUnicode_1BYTE_DATA(name);
        Py_ssize_t n = PyUnicode_GET_LENGTH(name);
        if (!has_nul(text, n)) { /* as nearly all are */
            *out = text;
            *size = (size_t)n;
            return 0;
        }
    }
    return other_bin_name(st, name, rule, room, out, size);
}

#endif
