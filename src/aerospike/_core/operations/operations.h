/* operations/operations.h -- the list of dicts that operate() takes, to wire. */
#ifndef CORE_OPERATIONS_OPERATIONS_H
#define CORE_OPERATIONS_OPERATIONS_H

#include "values/bin_name.h"
#include "values/values.h"

/* What a list of operations does to the record. Writing the operations finds this out,
 * and the header of the message, which is written after them, says it to the server. */
typedef struct operations_summary {
    bool reads, writes;
    bool respond_all; /* the server must give a result for each operation: it leaves out
                         those of most writes, and then results on one bin could not be
                         told apart */
    bool has_ttl;     /* one of the operations is a touch that sets ttl_s */
    uint32_t ttl_s;
    uint32_t n_ops;
} operations_summary;

/* Append every operation of the list and set *out. Elements that are no dicts are
 * refused when strict_items is true, else skipped. 0, or -1 with an exception, which is
 * ParamError for most mistakes; the message then ends in part of an operation and is
 * good for nothing. */
int operations_from_py(encoder *e, asc_writer *w, PyObject *list, bool strict_items,
                       operations_summary *out);

/* Append one operation on a bin whose value is encoded from a Python object. The caller
 * holds bin and value. wrong_type is the code of the exception for a bin name that is
 * no str. 0, or -1 with that exception or another. */
int operation_with_value(encoder *e, asc_writer *w, uint8_t code, PyObject *bin,
                         asc_status wrong_type, PyObject *value);

/* Append one operation without a value; bin, which the caller holds, is NULL when the
 * operation is on the whole record. 0, or -1 with an exception. */
int operation_without_value(encoder *e, asc_writer *w, uint8_t code, PyObject *bin);

/* May one record be asked for n bins? 0 when it may, or -1 with ParamError. */
int check_bin_count(module_state *st, Py_ssize_t n);

/* Append a read of each bin whose name is in a list or tuple. 0, or -1 with an
 * exception. */
int read_operations(encoder *e, asc_writer *w, PyObject *names);

/* Is the value fit to be appended or prepended: a str, bytes or bytearray? 0, or -1
 * with ParamError. */
int check_concatenable(module_state *st, PyObject *value);

/* Is the value fit to be added: an int or a float? 0, or -1 with ParamError. */
int check_addable(module_state *st, PyObject *value);

/* The function of the module that shows every operation that operate() knows. */
extern const PyMethodDef operations_functions[];

#endif
