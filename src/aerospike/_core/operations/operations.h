/* operations/operations.h -- the list of dicts that operate() takes, to wire. */
#ifndef CORE_OPERATIONS_OPERATIONS_H
#define CORE_OPERATIONS_OPERATIONS_H

#include "values/bin_name.h"
#include "values/values.h"

/* What a list of operations does to the record. Writing the operations finds this out,
 * and the header of the message, which is written after them, says it to the server. */
typedef struct operations_summary {
    bool reads, writes;
    bool reads_all;   /* one of the operations reads a bin without a name, which stands
                         for all bins. The header has to say so, too, and may not ask
                         for a result for each operation then: the server refuses both
                         together */
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

/* Does any operation of the list write? What operations_from_py() will refuse does not.
 * 1 or 0, or -1 with an exception. */
int operations_write(module_state *st, PyObject *list);

/* Append one operation on a bin whose value is encoded from a Python object. The caller
 * holds bin and value. 0, or -1 with an exception. */
int operation_with_value(encoder *e, asc_writer *w, uint8_t code, PyObject *bin,
                         bin_name_rule rule, PyObject *value);

/* Append one operation without a value; bin, which the caller holds, is NULL when the
 * operation is on the whole record. 0, or -1 with an exception. */
int operation_without_value(encoder *e, asc_writer *w, uint8_t code, PyObject *bin,
                            bin_name_rule rule);

/* May one record be asked for n bins? 0 when it may, or -1 with ParamError. */
int check_bin_count(module_state *st, Py_ssize_t n);

/* Append a read of each bin whose name is in a list or tuple. 0, or -1 with an
 * exception. */
int read_operations(encoder *e, asc_writer *w, PyObject *names, bin_name_rule rule);

/* Says whether a value is fit for an operation. 0, or -1 with ParamError. */
typedef int (*operand_check)(module_state *st, PyObject *value);

/* To be appended or prepended: a str, bytes or bytearray, or null(), which the server
 * refuses. */
int check_concatenable(module_state *st, PyObject *value);

/* To be added: an int or a float, or null(), likewise. */
int check_addable(module_state *st, PyObject *value);

/* Ask the check, unless the client's configuration leaves types to the server. 0, or -1
 * with ParamError. */
int check_operand(encoder *e, operand_check check, PyObject *value);

/* The function of the module that shows every operation that operate() knows. */
extern const PyMethodDef operations_functions[];

#endif
