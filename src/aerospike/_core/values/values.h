/* values/values.h -- Python objects straight to wire bytes and back. */
#ifndef CORE_VALUES_VALUES_H
#define CORE_VALUES_VALUES_H

#include "asc/msgpack.h"
#include "asc/reader.h"
#include "asc/writer.h"
#include "support/errors.h"

/* How a bool is written: the numbers of the send_bool_as constants. */
typedef enum bool_as {
    BOOL_AS_INTEGER = 0,
    BOOL_AS_BOOL = 1,
    BOOL_AS_PICKLE = 2
} bool_as;

/* What a write says of values of unsupported types: the SERIALIZER_* constants. */
enum {
    SERIALIZER_NOT_GIVEN = -1,
    SERIALIZER_NONE = 0,
    SERIALIZER_PYTHON = 1,
    SERIALIZER_JSON = 2,
    SERIALIZER_USER = 3,
    SERIALIZER_UNKNOWN = 4,
};

typedef enum tristate { NOT_GIVEN = -1, NO = 0, YES = 1 } tristate;

/* What a client's configuration says of values. */
typedef struct value_rules {
    int bool_as;      /* enum bool_as */
    bool strict;      /* unknown keys of an operation's policy are refused */
    int legacy_types; /* tristate: whether unsupported types are pickled (not NO), and
                         blobs read as bytearray (YES) */
    PyObject *serializer, *deserializer; /* callables, owned, or NULL */
    PyObject *pickle_classes;            /* dict of name to class, owned, or NULL */
    PyObject *pickle_limits;             /* dict of name to int, owned, or NULL */
} value_rules;

/* Deeper values are refused when written. */
#define MAX_DEPTH_WRITTEN 256
/* Deeper values cannot be read; the bound keeps the C stack of a thread. */
#define MAX_DEPTH_READ 1000

typedef struct encoder {
    module_state *st;
    asc_buf *out;
    const value_rules *rules; /* borrowed */
    int serializer;           /* SERIALIZER_* */
    bool bool_as_number;      /* whatever the rules say: an operand */
    bool sorts_maps;          /* plain dicts, too */
    int depth;                /* containers around the current item */
} encoder;

/* 0 when what was to be appended fitted, -1 with MemoryError when it did not. */
static inline int
put_ok(bool fitted)
{
    if (!fitted) {
        PyErr_NoMemory();
    }
    return fitted ? 0 : -1;
}

/* Append a bin value as it stands in an operation, without its particle type, which
 * goes to *particle. 0, or -1 with an exception; out then ends in part of a value. */
int encode_particle(encoder *e, PyObject *value, uint8_t *particle);

/* Append a value as one msgpack item, as it stands in lists, maps and arguments. */
int encode_item(encoder *e, PyObject *value);

/* The same for an argument that may be compared with what is stored: servers compare
 * the pairs of maps as they stand, so that all maps are sorted by key. */
int encode_argument(encoder *e, PyObject *value);

/* Append the UTF-8 of a str. ClientError (-1) for lone surrogates. */
int encode_utf8(module_state *st, asc_buf *out, PyObject *text);

/* A list with places that are empty as yet. While Python code runs, the collector must
 * not know of it: gc.get_objects() would show it to that code and to other threads, and
 * touching what is in such a place ends the process. */
typedef struct unfinished {
    PyObject *list;           /* owned */
    struct unfinished *outer; /* the one that this one will be an item of, or NULL */
    bool is_hidden;           /* the collector does not know of it, nor of outer ones */
} unfinished;

typedef struct decoder {
    module_state *st;
    const value_rules *rules; /* borrowed */
    bool raw_containers;      /* policy deserialize=False: lists and maps as bytes */
    int depth;
    size_t budget;    /* items that containers may still say they hold: each takes a
                         byte of the value at least */
    unsigned n_items; /* decoded since other threads had a turn */
    unfinished *unfinished; /* the innermost list that is being filled */
} decoder;

/* To be called by whatever may run Python code: that finds the collector on, and no
 * list that is unfinished. */
void stand_aside(decoder *d);

/* The bytes that stand for a value of an unsupported type: a new bytes, bytearray or
 * str object, and their particle type. NULL with an exception: ParamError when such
 * values are not to be stored, or the serializer's own. */
PyObject *serialize(encoder *e, PyObject *value, uint8_t *particle);

/* The value of a blob, as the deserializers and the particle type say. */
PyObject *deserialize(decoder *d, uint8_t particle, const uint8_t *data, size_t size);

/* The Python object of a bin value; None for particle type 0. */
PyObject *
decode_particle(decoder *d, uint8_t particle, const uint8_t *data, size_t size);

/* A str that is likely to come again: a bin name or a map key. */
PyObject *decode_name(module_state *st, const uint8_t *data, size_t size);

/* A str from UTF-8; bytes that are not UTF-8 become lone surrogates. */
PyObject *decode_text(const uint8_t *data, size_t size);

#endif
