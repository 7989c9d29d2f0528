/* values.h -- Python objects straight to wire bytes and back. */
#ifndef CORE_VALUES_H
#define CORE_VALUES_H

#include "asc/msgpack.h"
#include "asc/reader.h"
#include "asc/writer.h"
#include "errors.h"

/* How a bool is written: the numbers of the send_bool_as constants. */
typedef enum bool_as { BOOL_AS_INTEGER = 0, BOOL_AS_BOOL = 1 } bool_as;

/* Deeper values are refused when written. */
#define MAX_DEPTH_WRITTEN 256
/* Deeper values cannot be read; the bound keeps the C stack of a thread. */
#define MAX_DEPTH_READ 1000

typedef struct encoder {
    module_state *st;
    asc_buf *out;
    int bool_as;
    int depth; /* containers around the current item */
} encoder;

/* Append a bin value as it stands in an operation, without its particle type, which
 * goes to *particle. 0, or -1 with an exception; out then ends in part of a value. */
int encode_particle(encoder *e, PyObject *value, uint8_t *particle);

/* Append a value as one msgpack item, as it stands in lists, maps and arguments. */
int encode_item(encoder *e, PyObject *value);

/* Append the UTF-8 of a str. ClientError (-1) for lone surrogates. */
int encode_utf8(module_state *st, asc_buf *out, PyObject *text);

typedef struct decoder {
    module_state *st;
    bool raw_containers; /* policy deserialize=False: lists and maps as bytes */
    int depth;
} decoder;

/* The Python object of a bin value; None for particle type 0. */
PyObject *
decode_particle(decoder *d, uint8_t particle, const uint8_t *data, size_t size);

/* A str that is likely to come again: a bin name or a map key. */
PyObject *decode_name(module_state *st, const uint8_t *data, size_t size);

/* A str from UTF-8; bytes that are not UTF-8 become lone surrogates. */
PyObject *decode_text(const uint8_t *data, size_t size);

#endif
