/* operations/packed_parts.h -- what packed.c and packed_policies.c, which write packed
 * arguments, have in common: reading entries of the dict, appending items, errors. */
#ifndef CORE_OPERATIONS_PACKED_PARTS_H
#define CORE_OPERATIONS_PACKED_PARTS_H

#include "operations/packed_rows.h"

/* One operation on its way into the buffer. */
typedef struct packing {
    encoder *e;
    const packed_row *row;
    PyObject *dict;     /* borrowed: the caller of packed_encode() holds it */
    Py_ssize_t n_known; /* entries of dict that have been used */
    bool other_name;    /* the current argument was found under its other name */
} packing;

typedef struct arg_row arg_row;

/* Append an argument to the array. The caller holds value. It is NULL when the entry is
 * missing and the argument's row says USE_NULL or USE_NULL_IF_ABSENT. A writer may take
 * other entries of the dict, too. Returns the number of items that were appended, or -1
 * with an exception. */
typedef int (*arg_writer)(packing *p, const arg_row *arg, PyObject *value);

/* What to do when the dict has no entry for an argument. An entry that is None is a
 * value like any other for the first two, and counts as missing for those that follow:
 * put_arg() relies on this order. */
typedef enum when_missing {
    REFUSE,             /* raise ParamError */
    USE_NULL_IF_ABSENT, /* call the writer with NULL, which knows what to do */
    USE_NULL,           /* the same, for None as well */
    USE_NIL,            /* append nil */
    USE_FALLBACK,       /* append the number `detail` */
    LEAVE_OUT,          /* append nothing */
} when_missing;

/* An argument: a row of the table in packed.c. */
struct arg_row {
    size_t name, other_name; /* NAME_AT(); 0: there is no other name */
    arg_writer put;
    when_missing missing;
    int detail; /* the number for USE_FALLBACK, or what the writer's comment says */
};

/* The UTF-8 of an interned name, for errors. Never NULL; borrowed from the name. */
const char *packing_text(PyObject *name);

/* Raise ParamError: the entry of that name is not what is expected. Returns -1. */
int
packing_refuse_type(packing *p, PyObject *name, const char *expected, PyObject *got);

/* Raise ParamError: the entry of that name must be there and is not. Returns -1. */
int packing_refuse_missing(packing *p, PyObject *name);

/* Raise ParamError: the entry is no int, or is one beyond 64 bits. Returns -1. */
int packing_refuse_int(packing *p, PyObject *name, PyObject *got);

/* Look an entry of the dict up, and count it as used. 1 and a new reference in *out; 0
 * and NULL when it is missing; -1 and NULL with an exception. */
int packing_entry(packing *p, PyObject *name, PyObject **out);

/* The truth of an entry: 1 or 0, and 0 when it is missing; -1 with an exception. This
 * may run the value's __bool__. */
int packing_flag(packing *p, PyObject *name);

/* The name under which the current argument was found: borrowed from the module's
 * state. */
PyObject *packing_arg_name(packing *p, const arg_row *arg);

/* *out = the value of an entry that must be an int of 64 bits. 0, or -1 with
 * ParamError; *out is then not set. */
int packing_int(packing *p, PyObject *name, PyObject *value, int64_t *out);

/* Append a number as one item of the array. 1, or -1 with MemoryError. */
int packing_put_int(packing *p, int64_t v);

/* Append a value as one item of the array; name is for errors. 1, or -1 with an
 * exception. */
int packing_put_value(packing *p, PyObject *name, PyObject *value);

/* The writers of arguments that are policies (packed_policies.c): of the write flags
 * alone, of the order alone, and of both. `detail` of their rows is the
 * value_policy_kind. */
int put_flags(packing *p, const arg_row *arg, PyObject *value);
int put_order(packing *p, const arg_row *arg, PyObject *value);
int put_order_flags(packing *p, const arg_row *arg, PyObject *value);

#endif
