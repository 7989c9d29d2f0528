/* operations/operations.c -- the list of dicts that operate() takes becomes the
 * operations of a message.
 *
 * There are two kinds. The plain operations, whose value is a bin value (read, write,
 * increment, append, ...), are the rows of a table in this file. All others have packed
 * arguments: one array, in the place of the value, that holds the arguments of the
 * operation. Those are the rows of packed_rows.c, and packed.c writes them.
 *
 * A dict may have entries that its operation does not use, as long as some other
 * operation uses them. An entry that no operation knows is most likely misspelt, and is
 * refused. To find one cheaply, the encoders count the entries that they use: only when
 * a dict has more entries than that does anybody look at its keys.
 *
 * Encoding can run Python code (a serializer, __eq__ of a dict's keys) that changes the
 * list or the dict at hand. Whatever comes out of them is therefore owned while it is
 * used, and lengths are read again in each turn of a loop. */
#include "operations/operations.h"

#include <string.h>

#include "options/policy.h"
#include "support/texts.h"
#include "support/compat.h"
#include "support/numbers.h"
#include "operations/packed.h"

/* Begin an operation on a bin. 0, or -1 with an exception: ParamError when the message
 * already has as many operations as its header can count, else MemoryError. */
static int
begin_operation(encoder *e, asc_writer *w, uint8_t code, uint8_t particle,
                const char *name, size_t size)
{
    if (asc_writer_op_begin(w, code, particle, name, size)) {
        return 0;
    }
    return w->n_ops < ASC_MAX_OPS
               ? put_ok(false)
               : raise_param(e->st, "operations: more than %u are too many",
                             ASC_MAX_OPS);
}

int
operation_with_value(encoder *e, asc_writer *w, uint8_t code, PyObject *bin,
                     bin_name_rule rule, PyObject *value)
{
    bin_name_room room;
    const char *name;
    size_t size;
    uint8_t particle = ASC_PARTICLE_NULL;
    if (bin_name_from_py(e->st, bin, rule, room, &name, &size) < 0) {
        return -1;
    }
    /* The particle type stands before the value, but only the encoder finds it out: a 0
     * keeps its place. */
    if (begin_operation(e, w, code, 0, name, size) < 0) {
        return -1;
    }
    e->bool_as_number = code == ASC_OP_INCR; /* True adds 1 */
    int rc = encode_particle(e, value, &particle);
    e->bool_as_number = false;
    if (rc < 0) {
        return -1;
    }
    asc_writer_op_particle(w, particle);
    if (!asc_writer_op_end(w)) {
        return raise_code(e->st, ASC_ERR_RECORD_TOO_BIG,
                          "the value of bin \"%s\" is too big", name);
    }
    return 0;
}

int
operation_without_value(encoder *e, asc_writer *w, uint8_t code, PyObject *bin,
                        bin_name_rule rule)
{
    bin_name_room room;
    const char *name = "";
    size_t size = 0;
    if (bin != NULL && bin_name_from_py(e->st, bin, rule, room, &name, &size) < 0) {
        return -1;
    }
    if (begin_operation(e, w, code, ASC_PARTICLE_NULL, name, size) < 0) {
        return -1;
    }
    return put_ok(asc_writer_op_end(w));
}

int
check_bin_count(module_state *st, Py_ssize_t n)
{
    if (n <= (Py_ssize_t)ASC_MAX_OPS) {
        return 0;
    }
    return raise_param(st, "bins: %zd names, at most %u", n, ASC_MAX_OPS);
}

int
read_operations(encoder *e, asc_writer *w, PyObject *names, bin_name_rule rule)
{
    if (!PyList_Check(names) && !PyTuple_Check(names)) {
        return raise_param(e->st, "%s" DETAIL "bins is %s %s",
                           rule == BIN_NAME_OF_BATCH ? "Bins argument should be a list."
                                                     : "not a list or tuple",
                           article(Py_TYPE(names)->tp_name), Py_TYPE(names)->tp_name);
    }
    PyObject *now = sequence_of_now(names);
    int rc = now != NULL ? check_bin_count(e->st, PySequence_Fast_GET_SIZE(now)) : -1;
    for (Py_ssize_t i = 0; rc == 0 && i < PySequence_Fast_GET_SIZE(now); i++) {
        PyObject *name = item_of(now, i);
        rc = name != NULL ? operation_without_value(e, w, ASC_OP_READ, name, rule) : -1;
        if (rc < 0) {
            error_in_place(e->st, i);
            error_in_argument(e->st, "bins");
        }
        Py_XDECREF(name);
    }
    Py_XDECREF(now);
    return rc;
}

/* Is it null(), or its class, which stands for its instances? Both are sent. */
static bool
is_null(module_state *st, PyObject *value)
{
    return value == st->null ||
           PyType_IsSubtype(Py_TYPE(value), (PyTypeObject *)st->null);
}

int
check_concatenable(module_state *st, PyObject *value)
{
    if (PyUnicode_Check(value) || PyBytes_Check(value) || PyByteArray_Check(value) ||
        is_null(st, value)) {
        return 0;
    }
    return raise_param(st,
                       "Cannot concatenate 'str' and 'non-str' objects" DETAIL
                       "str or bytes is expected, got %s",
                       Py_TYPE(value)->tp_name);
}

int
check_addable(module_state *st, PyObject *value)
{
    if (PyLong_Check(value) || PyFloat_Check(value) || is_null(st, value)) {
        return 0;
    }
    return raise_param(st,
                       "Unsupported operand type(s) for +: only 'int' allowed" DETAIL
                       "int or float is expected, got %s",
                       Py_TYPE(value)->tp_name);
}

int
check_operand(encoder *e, operand_check check, PyObject *value)
{
    return e->rules->lenient_types ? 0 : check(e->st, value);
}

/* --- the table of operations --- */

/* What a plain operation takes from its entry "val": nothing, a bin value, or a time to
 * live in the place of a value. */
typedef enum operand { OPERAND_NONE, OPERAND_ANY, OPERAND_TTL } operand;

/* A plain operation. */
typedef struct operation_row {
    int number; /* of the API */
    const char *name;
    uint8_t code; /* ASC_OP_* */
    bool writes, has_bin;
    operand value;
    operand_check check; /* NULL: whatever can be encoded */
} operation_row;

#define NO_CODE (-1) /* shown for operations whose value does not begin with a code */

static const operation_row rows[] = {
    {0, "OPERATOR_READ", ASC_OP_READ, false, true, OPERAND_NONE, NULL},
    {1, "OPERATOR_WRITE", ASC_OP_WRITE, true, true, OPERAND_ANY, NULL},
    {6, "OPERATOR_INCR", ASC_OP_INCR, true, true, OPERAND_ANY, check_addable},
    {9, "OPERATOR_APPEND", ASC_OP_APPEND, true, true, OPERAND_ANY, check_concatenable},
    {10, "OPERATOR_PREPEND", ASC_OP_PREPEND, true, true, OPERAND_ANY,
     check_concatenable},
    {11, "OPERATOR_TOUCH", ASC_OP_TOUCH, true, false, OPERAND_TTL, NULL},
    {14, "OPERATOR_DELETE", ASC_OP_DELETE_ALL, true, false, OPERAND_NONE, NULL},
};

/* The number that an operation dict has under "op". 0, or -1 with ParamError. */
static int
operation_number(module_state *st, PyObject *op, int64_t *out)
{
    PyObject *item;
    int found = PyDict_GetItemRef(op, st->s_op, &item);
    if (found <= 0) {
        return found < 0 ? -1
                         : raise_param(st, "Operation must contain an \"op\" entry");
    }
    int rc =
        PyLong_Check(item)
            ? option_int64(st, "op", item, out)
            : raise_param(st, "Operation must be an integer" DETAIL "\"op\" is %s %s",
                          article(Py_TYPE(item)->tp_name), Py_TYPE(item)->tp_name);
    Py_DECREF(item);
    return rc;
}

static const operation_row *
find_row(int64_t number)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].number == number) {
            return &rows[i];
        }
    }
    return NULL;
}

/* Does any operation have such an entry? Keys that are literals in the program are the
 * interned names themselves, so that comparing pointers finds most of them. */
static bool
is_known_entry(module_state *st, PyObject *key)
{
    if (key == st->s_op || key == st->s_bin || key == st->s_val) {
        return true;
    }
    return PyUnicode_Check(key) &&
           (PyUnicode_Compare(key, st->s_op) == 0 ||
            PyUnicode_Compare(key, st->s_bin) == 0 ||
            PyUnicode_Compare(key, st->s_val) == 0 || packed_knows_key(st, key));
}

/* Look at every key of an operation dict, which has more entries than its encoder has
 * used. 0 when other operations know the rest, or -1 with an exception about the first
 * key that none knows. */
static int
check_entries(module_state *st, PyObject *op)
{
    PyObject *key = NULL, *value = NULL;
    Py_ssize_t at = 0;
    int rc = 0;
    Py_BEGIN_CRITICAL_SECTION(op);
    while (rc == 0 && dict_next(op, &at, &key, &value)) {
        if (!is_known_entry(st, key)) {
            rc = raise_code(st, PyUnicode_Check(key) ? ASC_ERR_PARAM : ASC_ERR_CLIENT,
                            "Operation can contain only op, bin, index, key, val, "
                            "return_type and map_policy keys" DETAIL "%R is unknown",
                            key);
        }
    }
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(key);
    Py_XDECREF(value);
    return rc;
}

/* Take over the time to live of a touch, which has it in the place of a value. It goes
 * into the header of the message, and not into the operation: sum carries it there.
 * Without one, or with 0, that of the metadata or of the policy counts. 0, or -1 with
 * ParamError. */
static int
touch_ttl(module_state *st, PyObject *value, operations_summary *sum)
{
    if (value == NULL || value == Py_None) {
        return 0;
    }
    if (!PyLong_Check(value)) {
        return raise_param(st,
                           "Unsupported operand type(s) for touch : only int or long "
                           "allowed" DETAIL "val is %s",
                           Py_TYPE(value)->tp_name);
    }
    uint32_t ttl_s = 0;
    if (ttl_from_int(st, "ttl", value, &ttl_s) < 0) {
        return -1;
    }
    if (ttl_s != 0) {
        sum->has_ttl = true;
        sum->ttl_s = ttl_s;
    }
    return 0;
}

/* Is it a name without characters? A bytearray ends at its NUL. */
static bool
is_empty_name(PyObject *bin)
{
    if (PyUnicode_Check(bin)) {
        return PyUnicode_GET_LENGTH(bin) == 0;
    }
    bool is_empty = false;
    if (PyByteArray_Check(bin)) {
        Py_BEGIN_CRITICAL_SECTION(bin);
        /* borrowed: it is looked at before Python code runs */
        is_empty = PyByteArray_AS_STRING(bin)[0] == '\0';
        Py_END_CRITICAL_SECTION();
    }
    return is_empty;
}

/* Append a plain operation, one of the table above. The caller holds bin and value,
 * which are NULL when the dict has no entry "bin" or "val". 0, or -1 with an
 * exception. */
static int
encode_plain(encoder *e, asc_writer *w, const operation_row *row, PyObject *bin,
             PyObject *value, operations_summary *sum)
{
    module_state *st = e->st;
    if (row->has_bin && bin == NULL) {
        return raise_param(st,
                           "Bin is not given" DETAIL "the operation has no \"bin\"");
    }
    if (row->value == OPERAND_ANY && value == NULL) {
        return raise_param(st, "Value should be given" DETAIL
                               "the operation has no \"val\"");
    }
    sum->reads = sum->reads || !row->writes;
    sum->writes = sum->writes || row->writes;
    if (row->code == ASC_OP_READ && is_empty_name(bin)) {
        sum->reads_all = true;
    }
    if (row->value != OPERAND_ANY) {
        if (row->value == OPERAND_TTL && touch_ttl(st, value, sum) < 0) {
            return -1;
        }
        return operation_without_value(e, w, row->code, row->has_bin ? bin : NULL,
                                       BIN_NAME_OR_BYTEARRAY);
    }
    if (row->check != NULL && check_operand(e, row->check, value) < 0) {
        return -1;
    }
    int rc = operation_with_value(e, w, row->code, bin, BIN_NAME_OR_BYTEARRAY, value);
    return rc < 0 ? error_inside_argument(st, "val") : 0;
}

/* Append an operation with packed arguments: packed_encode() takes them out of op, and
 * adds the entries that it has used to *n_known. The caller holds bin, or it is NULL.
 * 0, or -1 with an exception. */
static int
encode_packed(encoder *e, asc_writer *w, const packed_row *row, PyObject *bin,
              PyObject *op, Py_ssize_t *n_known, operations_summary *sum)
{
    bin_name_room room;
    const char *name;
    size_t size;
    const packed_family_row *family = &packed_families[row->family];
    bin_name_rule rule = row->family == ON_MAP ? BIN_NAME_OR_BYTEARRAY : BIN_NAME_STR;
    if (bin == NULL) {
        return raise_param(e->st,
                           "Bin is not given" DETAIL "the operation has no \"bin\"");
    }
    if (bin_name_from_py(e->st, bin, rule, room, &name, &size) < 0) {
        return -1;
    }
    sum->reads = sum->reads || !row->writes;
    sum->writes = sum->writes || row->writes;
    sum->respond_all = sum->respond_all || family->respond_all;
    encoder of_args = *e;
    of_args.no_float_keys = row->family == ON_LIST;
    if (begin_operation(e, w, packed_carrier(row), family->particle, name, size) < 0 ||
        packed_encode(&of_args, row, op, n_known) < 0) {
        return -1;
    }
    if (asc_writer_op_end(w)) {
        return 0;
    }
    return raise_code(e->st, ASC_ERR_RECORD_TOO_BIG,
                      "the operation on bin \"%s\" is too big", name);
}

/* Append the operation of a dict, which other threads do not change. 0, or -1 with an
 * exception. */
static int
encode_entries(encoder *e, asc_writer *w, PyObject *op, operations_summary *sum)
{
    module_state *st = e->st;
    PyObject *bin, *value = NULL;
    int64_t number = 0;
    if (operation_number(st, op, &number) < 0 ||
        PyDict_GetItemRef(op, st->s_bin, &bin) < 0) {
        return -1;
    }
    const operation_row *plain = find_row(number);
    const packed_row *packed = plain == NULL ? packed_find(number) : NULL;
    Py_ssize_t n_known = 1 + (bin != NULL);
    int rc = -1;
    sum->n_ops++;
    if (plain != NULL) {
        int found = PyDict_GetItemRef(op, st->s_val, &value);
        n_known += value != NULL;
        rc = found < 0 ? -1 : encode_plain(e, w, plain, bin, value, sum);
    }
    else if (packed != NULL) {
        rc = encode_packed(e, w, packed, bin, op, &n_known, sum);
    }
    else {
        raise_param(st, "Invalid operation given: %lld", (long long)number);
    }
    Py_XDECREF(bin);
    Py_XDECREF(value);
    return rc == 0 && n_known < PyDict_GET_SIZE(op) ? check_entries(st, op) : rc;
}

/* Append the operation of a dict. 0, or -1 with an exception. */
static int
encode_operation(encoder *e, asc_writer *w, PyObject *op, operations_summary *sum)
{
    PyObject *now = dict_of_now(op);
    int rc = now != NULL ? encode_entries(e, w, now, sum) : -1;
    Py_XDECREF(now);
    return rc;
}

/* Refuse a list that has no operations, but perhaps other things. Returns -1. */
static int
refuse_no_operations(module_state *st, PyObject *list)
{
    PyObject *first = PyList_GetItemRef(list, 0);
    if (first == NULL) {
        PyErr_Clear();
        return raise_param(st, "No operations defined" DETAIL "the list is empty");
    }
    raise_param(st, "No operations defined" DETAIL "operation 0 is %s %s, not a dict",
                article(Py_TYPE(first)->tp_name), Py_TYPE(first)->tp_name);
    Py_DECREF(first);
    return -1;
}

int
operations_from_py(encoder *e, asc_writer *w, PyObject *list, bool strict_items,
                   operations_summary *out)
{
    module_state *st = e->st;
    *out = (operations_summary){0};
    if (!PyList_Check(list)) {
        return raise_param(st, "Operations should be of type list" DETAIL "got %s",
                           Py_TYPE(list)->tp_name);
    }
    PyObject *now = sequence_of_now(list);
    int rc = now != NULL ? 0 : -1;
    for (Py_ssize_t i = 0; rc == 0 && i < PySequence_Fast_GET_SIZE(now); i++) {
        PyObject *op = item_of(now, i);
        if (op == NULL) {
            rc = -1;
            break;
        }
        if (PyDict_Check(op)) {
            rc = encode_operation(e, w, op, out);
        }
        else if (strict_items) {
            rc = raise_param(st,
                             "Operation must be a dict" DETAIL
                             "operation %zd is %s %s, not a dict",
                             i, article(Py_TYPE(op)->tp_name), Py_TYPE(op)->tp_name);
        }
        if (rc < 0) {
            explain_operation(st, i, op);
        }
        Py_DECREF(op);
    }
    Py_XDECREF(now);
    return rc == 0 && out->n_ops == 0 ? refuse_no_operations(st, list) : rc;
}

/* Does an operation write? 1 or 0, or -1 with an exception. */
static int
operation_writes(module_state *st, PyObject *op)
{
    int64_t number = 0;
    if (!PyDict_Check(op)) {
        return 0;
    }
    if (operation_number(st, op, &number) < 0) {
        if (!PyErr_ExceptionMatches(PyExc_Exception)) {
            return -1;
        }
        PyErr_Clear(); /* it comes again, with the place of the operation */
        return 0;
    }
    const operation_row *plain = find_row(number);
    const packed_row *packed = plain == NULL ? packed_find(number) : NULL;
    return plain != NULL ? plain->writes : packed != NULL && packed->writes;
}

int
operations_write(module_state *st, PyObject *list)
{
    if (!PyList_Check(list)) {
        return 0;
    }
    int writes = 0;
    PyObject *now = sequence_of_now(list);
    if (now == NULL) {
        return -1;
    }
    for (Py_ssize_t i = 0; writes == 0 && i < PySequence_Fast_GET_SIZE(now); i++) {
        PyObject *op = item_of(now, i);
        if (op == NULL) { /* the list has become shorter */
            PyErr_Clear();
            break;
        }
        writes = operation_writes(st, op);
        Py_DECREF(op);
    }
    Py_DECREF(now);
    return writes;
}

/* Append one row of operation_table(). 0, or -1 with an exception. */
static int
append_row(PyObject *list, int number, const char *name, uint8_t carrier, int code)
{
    PyObject *row = Py_BuildValue("{s:i,s:s,s:i,s:i}", "number", number, "name", name,
                                  "carrier", carrier, "code", code);
    int rc = row != NULL ? PyList_Append(list, row) : -1;
    Py_XDECREF(row);
    return rc;
}

static const char doc_operation_table[] =
    "operation_table($module)\n--\n\n"
    "The operations that operate() knows: a list of dicts of number (\"op\" of the\n"
    "API), name, carrier (the operation of the protocol) and code (what its packed\n"
    "value begins with, -1 when it has none). Expressions take their codes from it.";

static PyObject *
core_operation_table(PyObject *module, PyObject *ignored)
{
    (void)module;
    (void)ignored;
    PyObject *list = PyList_New(0);
    int rc = list != NULL ? 0 : -1;
    for (size_t i = 0; rc == 0 && i < sizeof rows / sizeof rows[0]; i++) {
        rc = append_row(list, rows[i].number, rows[i].name, rows[i].code, NO_CODE);
    }
    for (size_t i = 0; rc == 0; i++) {
        const packed_row *row = packed_row_at(i);
        if (row == NULL) {
            break;
        }
        int code = packed_families[row->family].has_code ? row->code : NO_CODE;
        rc = append_row(list, row->number, row->name, packed_carrier(row), code);
    }
    if (rc < 0) {
        Py_CLEAR(list);
    }
    return list;
}

const PyMethodDef operations_functions[] = {
    {"operation_table", core_operation_table, METH_NOARGS, doc_operation_table},
    {NULL, NULL, 0, NULL},
};
