/* values/values.h -- Python objects straight to wire bytes and back.
 *
 * A value has two forms on the wire. The value of a bin is a *particle*: its type
 * stands in the operation around it, and a number is 8 bytes, a text its UTF-8. Within
 * lists, maps and arguments everything is an *item* of msgpack, whose byte strings
 * begin with the particle type. A bin's list or map is a particle that is one item. */
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

/* What a client's configuration says of values. Encoders and decoders borrow it from
 * the client, which whoever uses them holds. */
typedef struct value_rules {
    int bool_as;        /* enum bool_as */
    bool lenient_types; /* append and increment send values of any type */
    bool strict;        /* unknown keys of an operation's policy are refused */
    int legacy_types;   /* tristate: whether unsupported types are pickled (not NO), and
                         blobs read as bytearray (YES) */
    PyObject *serializer, *deserializer; /* callables, owned, or NULL */
    PyObject *pickle_classes;            /* dict of name to class, owned, or NULL */
    PyObject *pickle_limits;             /* dict of name to int, owned, or NULL */
} value_rules;

/* Deeper values are refused when written. */
#define MAX_DEPTH_WRITTEN 256
/* Deeper values cannot be read: decoding recurses, and a thread's C stack has an
 * end. */
#define MAX_DEPTH_READ 1000

/* An encoder appends values to a buffer. After a failure the buffer ends in part of a
 * value, and neither it nor the encoder is used again. */
typedef struct encoder {
    module_state *st;
    asc_buf *out;             /* borrowed */
    const value_rules *rules; /* borrowed */
    int serializer;           /* SERIALIZER_* */
    bool bool_as_number;      /* write a bool as an integer, whatever the rules say: it
                                 is the operand of an addition */
    bool sorts_maps;          /* sort the pairs of plain dicts by key, too */
    bool no_float_keys;       /* refuse floats as keys of maps: a server that finds one
                                 gives a function none of its arguments, and puts bytes
                                 into a list that nobody can read */
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

/* Append the value of a bin as a particle, whose type goes to *particle. The caller
 * holds value. 0, or -1 with an exception. This can run Python code: a serializer,
 * pickling, dumps() of a GeoJSON. */
int encode_particle(encoder *e, PyObject *value, uint8_t *particle);

/* Append a value as an item. All else as above. */
int encode_item(encoder *e, PyObject *value);

/* Append an argument that a server may compare with what it has stored. Servers compare
 * the pairs of maps in the order in which they stand, so that all maps are sorted by
 * key. All else as above. */
int encode_argument(encoder *e, PyObject *value);

/* Append the UTF-8 of a str. ClientError (-1) for lone surrogates. */
int encode_utf8(module_state *st, asc_buf *out, PyObject *text);

/* A list with places that are empty as yet. While Python code runs, the collector must
 * not know of it: gc.get_objects() would show it to that code and to other threads, and
 * touching what is in such a place ends the process.
 *
 * Lists can lie in lists, so that several are unfinished at a time: each is on the C
 * stack of the function that fills it, and they are a chain from the innermost to the
 * outermost. Telling the collector costs time, and most lists are full before anything
 * could run Python code. So lists stay known until that is about to happen: then the
 * whole chain is hidden, and each list shows itself again when it is full. */
typedef struct unfinished {
    PyObject *list;           /* owned */
    struct unfinished *outer; /* the one that this one will be an item of, or NULL */
    bool is_hidden;           /* the collector does not know of it, nor of outer ones */
} unfinished;

typedef struct decoder {
    module_state *st;
    const value_rules *rules; /* borrowed */
    bool raw_containers;      /* policy deserialize=False: lists and maps as bytes */
    bool for_scripts;         /* values as aerospike_lua takes them: each blob is bytes,
                                 and a GeoJSON keeps its text */
    int depth;                /* containers around the current item */
    size_t budget;            /* how many items the containers that follow may say they
                                 hold: see decode_container() */
    unsigned n_items;         /* decoded since other threads had a turn */
    unfinished *unfinished;   /* the innermost list that is being filled, or NULL */
} decoder;

/* Make ready for Python code, which must find the collector on and no unfinished list.
 * Whatever may run Python code while a value is decoded calls this before. */
void stand_aside(decoder *d);

/* The bytes that stand for a value of an unsupported type: a new bytes, bytearray or
 * str object, and their particle type. This runs Python code. NULL with an exception:
 * ParamError when such values are not to be stored, or what the serializer raised. */
PyObject *serialize(encoder *e, PyObject *value, uint8_t *particle);

/* The value of a blob, as the deserializers and the particle type say: a new reference.
 * This may run Python code, after stand_aside(). NULL with an exception. */
PyObject *deserialize(decoder *d, uint8_t particle, const uint8_t *data, size_t size);

/* The Python object of a bin's value, a new reference; None for particle type 0. NULL
 * with an exception, which is ClientError when the bytes are not well formed. data must
 * stay where it is: other threads may run meanwhile. */
PyObject *
decode_particle(decoder *d, uint8_t particle, const uint8_t *data, size_t size);

/* A str that is likely to come again: a bin name or a map key. A new reference, or NULL
 * with an exception. */
PyObject *decode_name(module_state *st, const uint8_t *data, size_t size);

/* A str from UTF-8, in which bytes that are not UTF-8 become lone surrogates. A new
 * reference, or NULL with an exception. */
PyObject *decode_text(const uint8_t *data, size_t size);

#endif
