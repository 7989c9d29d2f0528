/* operations/packed_parts.h -- what the writers of packed operations' arguments share. */
#ifndef CORE_OPERATIONS_PACKED_PARTS_H
#define CORE_OPERATIONS_PACKED_PARTS_H

#include <stddef.h>

#include "operations/packed_rows.h"

/* One operation on its way into the buffer. */
typedef struct packing {
    encoder *e;
    const packed_row *row;
    PyObject *dict;     /* borrowed */
    Py_ssize_t n_known; /* entries of dict that have been looked at */
    bool other_name;    /* the argument at hand came under its other name */
} packing;

typedef struct arg_row arg_row;

/* Append an argument. value is held by the caller; NULL when the entry is not there,
 * for the rows that say USE_NULL. Returns the number of items appended, or -1. */
typedef int (*arg_writer)(packing *p, const arg_row *arg, PyObject *value);

/* What to do when the entry is not there, or is None (the first two: only when it is
 * not there). */
typedef enum when_missing {
    REFUSE,
    USE_NULL_IF_ABSENT,
    USE_NULL,
    USE_NIL,
    USE_FALLBACK,
    LEAVE_OUT,
} when_missing;

struct arg_row {
    size_t name, other_name; /* offsets in module_state; 0: no other name */
    arg_writer put;
    when_missing missing;
    int fallback;
};

/* Where an interned name lies in the module state. */
#define AT(name) offsetof(module_state, s_##name)

/* The interned name at an offset of the module state. */
PyObject *packing_name_at(module_state *st, size_t offset);
/* Its UTF-8, for errors. */
const char *packing_text(PyObject *name);

/* Raise the ParamError of an argument of another type, or of one that is not there;
 * -1. */
int
packing_refuse_type(packing *p, PyObject *name, const char *expected, PyObject *got);
int packing_refuse_missing(packing *p, PyObject *name);

/* An entry of the operation: 1 and a new reference in *out; 0 and NULL when it is
 * missing; -1 with an exception. */
int packing_entry(packing *p, PyObject *name, PyObject **out);

/* The truth of an entry, 0 when it is missing; -1 with an exception. */
int packing_flag(packing *p, PyObject *name);

/* An int of a dict that may be missing: 1; 0, when it is not there or None; -1 with an
 * exception. *out stays as it is unless it is there. */
int packing_int_in(packing *p, PyObject *dict, PyObject *name, int64_t *out);

/* The name that the argument at hand came under. */
PyObject *packing_arg_name(packing *p, const arg_row *arg);

/* An int of 64 bits; -1 with ParamError. */
int packing_int(packing *p, PyObject *name, PyObject *value, int64_t *out);

/* Append one item: 1, or -1 with an exception. */
int packing_put_int(packing *p, int64_t v);
int packing_put_value(packing *p, PyObject *name, PyObject *value);

/* Order flag of containers that keep an index with them. */
#define PERSIST_INDEX 0x10

/* Writers of policies (packed_policies.c). */
int put_list_flags(packing *p, const arg_row *arg, PyObject *rules);
int put_list_order_flags(packing *p, const arg_row *arg, PyObject *rules);
int put_map_order(packing *p, const arg_row *arg, PyObject *rules);
int put_map_order_flags(packing *p, const arg_row *arg, PyObject *rules);
int put_create(packing *p, const arg_row *arg, PyObject *value);
int put_bit_flags(packing *p, const arg_row *arg, PyObject *rules);
int put_hll_flags(packing *p, const arg_row *arg, PyObject *rules);
int put_string_flags(packing *p, const arg_row *arg, PyObject *rules);

#endif
