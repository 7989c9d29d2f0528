/* values/bins.h -- metadata and bins of a record in a reply, to Python. */
#ifndef CORE_VALUES_BINS_H
#define CORE_VALUES_BINS_H

#include "values/values.h"

/* How the bins of a reply are read. */
typedef struct bins_reader {
    module_state *st;
    const value_rules *rules; /* borrowed */
    bool raw_containers;      /* policy deserialize=False: lists and maps as bytes */
    PyObject *key;            /* borrowed: what an error shows, or NULL */
} bins_reader;

/* Make what the metadata of records have in common. 0, or -1 with MemoryError. */
int bins_init(module_state *st);

/* The metadata of a record: a new dict {"ttl": seconds, "gen": number}. NULL with
 * MemoryError. */
PyObject *meta_to_py(module_state *st, const asc_msg *m);

/* Read one operation of the reply: new references to the bin's name and value. 0, or
 * -1 with an exception. */
int next_bin(const bins_reader *r, asc_msg *m, PyObject **name, PyObject **value);

/* The same, where the name stays as the reply has it, in *op. */
int next_value(const bins_reader *r, asc_msg *m, asc_msg_op *op, PyObject **value);

/* What makes an object of all bins of a record: a new reference, or NULL with an
 * exception. The next two functions are of this type. */
typedef PyObject *(*bins_shape)(const bins_reader *r, asc_msg *m);

/* A dict {bin: value}, in which a later value of a bin replaces an earlier one. The
 * deletion of a record, which the reply to a batch repeats, is no bin. */
PyObject *bins_to_dict(const bins_reader *r, asc_msg *m);

/* A list [(bin, value), ...] in the order of the reply. */
PyObject *bins_to_list(const bins_reader *r, asc_msg *m);

#endif
