/* operations/packed_parts.h -- what packed.c and packed_policies.c, which write packed
 * arguments, have in common: reading entries of the dict, appending items, errors. */
#ifndef CORE_OPERATIONS_PACKED_PARTS_H
#define CORE_OPERATIONS_PACKED_PARTS_H

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

/* Append an argument. The caller holds value, which is NULL when the entry is not there
 * and the row says USE_NULL. Returns the number of items that were appended, or -1 with
 * an exception. */
typedef int (*arg_writer)(packing *p, const arg_row *arg, PyObject *value);

/* What to do when the entry is not there. None counts as an entry for the first two,
 * and as no entry for the others. */
typedef enum when_missing {
    REFUSE,             /* raise ParamError */
    USE_NULL_IF_ABSENT, /* the writer does something without a value */
    USE_NULL,           /* likewise */
    USE_NIL,            /* append nil */
    USE_FALLBACK,       /* append the number `detail` */
    LEAVE_OUT,          /* append nothing */
} when_missing;

/* An argument: a row of the table in packed.c. */
struct arg_row {
    size_t name, other_name; /* NAME_AT(); 0: there is no other name */
    arg_writer put;
    when_missing missing;
    int detail; /* the number of USE_FALLBACK, or what the comment of the writer says */
};

/* The UTF-8 of an interned name, for errors. */
const char *packing_text(PyObject *name);

/* Raise ParamError: the entry of that name is not what is expected; it is not there.
 * Both return -1. */
int
packing_refuse_type(packing *p, PyObject *name, const char *expected, PyObject *got);
int packing_refuse_missing(packing *p, PyObject *name);

/* Raise ParamError: the entry is no int, or is one beyond 64 bits; -1. */
int packing_refuse_int(packing *p, PyObject *name, PyObject *got);

/* Look an entry of the operation up, and count it as known. 1 and a new reference in
 * *out; 0 and NULL when it is missing; -1 with an exception. */
int packing_entry(packing *p, PyObject *name, PyObject **out);

/* The truth of an entry, 0 when it is missing; -1 with an exception. */
int packing_flag(packing *p, PyObject *name);

/* The name that the argument at hand came under. */
PyObject *packing_arg_name(packing *p, const arg_row *arg);

/* An int of 64 bits; -1 with ParamError. */
int packing_int(packing *p, PyObject *name, PyObject *value, int64_t *out);

/* Append one item: 1, or -1 with an exception. */
int packing_put_int(packing *p, int64_t v);
int packing_put_value(packing *p, PyObject *name, PyObject *value);

/* Writers of policies (packed_policies.c); the detail of their rows is a
 * value_policy_kind. */
int put_flags(packing *p, const arg_row *arg, PyObject *value);
int put_order(packing *p, const arg_row *arg, PyObject *value);
int put_order_flags(packing *p, const arg_row *arg, PyObject *value);

#endif
