/* values/fields.h -- fields of a request whose values are Python's. Each function
 * appends one field: 0, or -1 with an exception. */
#ifndef CORE_VALUES_FIELDS_H
#define CORE_VALUES_FIELDS_H

#include "asc/writer.h"
#include "support/errors.h"
#include "values/values.h"

/* Append the low `width` bytes of a number, 8 at most. */
int put_number_field(asc_writer *w, uint8_t id, uint64_t v, unsigned width);

/* Append the UTF-8 of a str. ParamError, which names the argument, when text is
 * none. */
int put_text_field(module_state *st, asc_writer *w, uint8_t id, const char *name,
                   PyObject *text);

/* Append what a bytes object holds. */
int put_bytes_field(asc_writer *w, uint8_t id, PyObject *bytes);

/* Append what was packed into a buffer of its own, because the size of a field stands
 * before its bytes. */
int put_packed_field(asc_writer *w, uint8_t id, const asc_buf *packed);

/* Append the three fields of a function call: two names, which must be str, and the
 * arguments, a list or tuple that the caller holds, as one packed list. The encoder
 * says how values are written; where they go to is decided here. This may run Python
 * code. */
int put_function_fields(const encoder *e, asc_writer *w, PyObject *module,
                        PyObject *function, PyObject *args);

#endif
