/* values/fields.h -- fields of a request whose values are Python's. Each function
 * appends one field: 0, or -1 with an exception. */
#ifndef CORE_VALUES_FIELDS_H
#define CORE_VALUES_FIELDS_H

#include "asc/writer.h"
#include "support/errors.h"

/* The low `width` bytes of a number. */
int put_number_field(asc_writer *w, uint8_t id, uint64_t v, unsigned width);

/* The UTF-8 of a str. ParamError, which names the argument, when it is none. */
int put_text_field(module_state *st, asc_writer *w, uint8_t id, const char *name,
                   PyObject *text);

/* What a bytes object holds. */
int put_bytes_field(asc_writer *w, uint8_t id, PyObject *bytes);

/* What was packed into a buffer. */
int put_packed_field(asc_writer *w, uint8_t id, const asc_buf *packed);

#endif
