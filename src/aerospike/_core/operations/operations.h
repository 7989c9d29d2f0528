/* operations/operations.h -- the list of dicts that operate() takes, to wire. */
#ifndef CORE_OPERATIONS_OPERATIONS_H
#define CORE_OPERATIONS_OPERATIONS_H

#include "values/bin_name.h"
#include "values/values.h"

/* What a list of operations does to the record: this is found while it is written. */
typedef struct operations_summary {
    bool reads, writes;
    bool respond_all; /* the server must answer each, or nobody could tell whose a
                         result is */
    bool has_ttl;     /* a touch among them has brought ttl_s */
    uint32_t ttl_s;
    uint32_t n_ops;
} operations_summary;

/* Append every operation of the list. Elements that are no dicts are skipped, or
 * refused when strict_items. 0, or -1 with an exception, which is ParamError for most
 * mistakes. */
int operations_from_py(encoder *e, asc_writer *w, PyObject *list, bool strict_items,
                       operations_summary *out);

/* Append one operation on a bin whose value is encoded from a Python object. wrong_type
 * is the code of the exception for a bin name that is no str. 0, or -1 with it or
 * another. */
int operation_with_value(encoder *e, asc_writer *w, uint8_t code, PyObject *bin,
                         asc_status wrong_type, PyObject *value);

/* Append one operation without a value; bin is NULL when it is on the whole record. */
int operation_without_value(encoder *e, asc_writer *w, uint8_t code, PyObject *bin);

/* May one record be asked for n bins? 0 when it may, or -1 with ParamError. */
int check_bin_count(module_state *st, Py_ssize_t n);

/* Append a read of each bin whose name is in a list or tuple. */
int read_operations(encoder *e, asc_writer *w, PyObject *names);

/* The operand of append and prepend: str, bytes or bytearray; of increment: int or
 * float. 0, or -1 with ParamError. */
int check_concatenable(module_state *st, PyObject *value);
int check_addable(module_state *st, PyObject *value);

/* The function of the module that shows every operation that operate() knows. */
extern const PyMethodDef operations_functions[];

#endif
