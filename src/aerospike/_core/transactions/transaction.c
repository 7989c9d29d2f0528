/* transactions/transaction.c -- the type aerospike.Transaction.
 *
 * Applications see four attributes. The methods whose names begin with an underscore
 * are for the calls that end a transaction (aerospike._calls.transactions): these say
 * which step follows which, and in what state that leaves the transaction. */
#include "transactions/transaction.h"

#include "support/args.h"
#include "support/compat.h"
#include "support/errors.h"
#include "support/numbers.h"
#include "support/random.h"

/* --- life --- */

/* The value of an argument or attribute, a count. 0, or -1 with an exception of the
 * class that other clients of Aerospike raise. */
static int
count_from_py(const char *name, PyObject *value, uint32_t *out)
{
    int64_t v;
    if (!PyLong_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%s must be an integer, not %s", name,
                     Py_TYPE(value)->tp_name);
        return -1;
    }
    bool fits = int64_from_py(value, &v);
    if (v < 0) {
        PyErr_Format(PyExc_OverflowError, "%s is negative: %S", name, value);
        return -1;
    }
    if (!fits || v > UINT32_MAX) {
        PyErr_Format(fits ? PyExc_ValueError : PyExc_OverflowError, "%s %S exceeds %lu",
                     name, value, (unsigned long)UINT32_MAX);
        return -1;
    }
    *out = (uint32_t)v;
    return 0;
}

/* A number that is not 0, and that no other client has. 0, or -1 with an exception. */
static int
choose_id(module_state *st, uint64_t *id)
{
    int rc;
    do {
        rc = random_u64(st, id);
    } while (rc == 0 && *id == 0);
    return rc;
}

static PyObject *
transaction_new(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"reads_capacity", "writes_capacity", NULL};
    PyObject *reads = NULL, *writes = NULL;
    uint32_t n_reads = 128, n_writes = 128;
    uint64_t id;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:Transaction", names, &reads,
                                     &writes) ||
        (reads != NULL && count_from_py(names[0], reads, &n_reads) < 0) ||
        (writes != NULL && count_from_py(names[1], writes, &n_writes) < 0) ||
        choose_id(PyType_GetModuleState(cls), &id) < 0) {
        return NULL;
    }
    TransactionObject *self = (TransactionObject *)cls->tp_alloc(cls, 0);
    if (self == NULL) {
        return NULL;
    }
    uint32_t most = n_reads > n_writes ? n_reads : n_writes;
    self->txn = asc_txn_new(id, most);
    if (self->txn == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static void
transaction_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    asc_txn_release(transaction_of(self));
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
transaction_repr(PyObject *self)
{
    static const char *const names[] = {
        [ASC_TXN_OPEN] = "OPEN",
        [ASC_TXN_VERIFIED] = "VERIFIED",
        [ASC_TXN_COMMITTED] = "COMMITTED",
        [ASC_TXN_ABORTED] = "ABORTED",
        [ASC_TXN_COMMIT_FAILED] = "COMMIT_FAILED",
    };
    const asc_txn *t = transaction_of(self);
    return PyUnicode_FromFormat(
        "<aerospike.Transaction %llu %s%s>", (unsigned long long)asc_txn_id(t),
        names[asc_txn_get_state(t)], asc_txn_in_doubt(t) ? ", in doubt" : "");
}

/* --- attributes --- */

static PyObject *
get_id(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLongLong(asc_txn_id(transaction_of(self)));
}

static PyObject *
get_state(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong((long)asc_txn_get_state(transaction_of(self)));
}

static PyObject *
get_in_doubt(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(asc_txn_in_doubt(transaction_of(self)));
}

static PyObject *
get_timeout(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLong(asc_txn_timeout_s(transaction_of(self)));
}

static int
set_timeout(PyObject *self, PyObject *value, void *unused)
{
    uint32_t timeout_s;
    (void)unused;
    if (value == NULL) {
        PyErr_SetString(PyExc_AttributeError, "timeout cannot be deleted");
        return -1;
    }
    if (count_from_py("timeout", value, &timeout_s) < 0) {
        return -1;
    }
    asc_txn_set_timeout(transaction_of(self), timeout_s);
    return 0;
}

static PyGetSetDef transaction_attributes[] = {
    {"id", get_id, NULL, "Return the random number of the transaction, 64 bits.", NULL},
    {"in_doubt", get_in_doubt, NULL,
     "Return whether it is unknown if the transaction is committed.\n\n"
     "This is so after a commit() that got no answer. Another commit() finds out.",
     NULL},
    {"state", get_state, NULL,
     "Return a constant: TXN_STATE_OPEN, _VERIFIED, _COMMITTED, _ABORTED or\n"
     "_COMMIT_FAILED.",
     NULL},
    {"timeout", get_timeout, set_timeout,
     "Return the seconds after which the servers abort the transaction.\n\n"
     "The time begins with its first write. Set it before that; later it has no "
     "effect.\n"
     "With more than 120, the servers refuse the first write. 0: the configuration of\n"
     "the servers decides, usually 10.",
     NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

/* --- for the calls that end it --- */

static PyObject *
transaction_begin_end(PyObject *self, PyObject *who)
{
    asc_error err;
    asc_error_reset(&err);
    if (asc_txn_begin_end(transaction_of(self), who, &err) != ASC_OK) {
        raise_error(PyType_GetModuleState(Py_TYPE(self)), &err, NULL, NULL);
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
transaction_end_end(PyObject *self, PyObject *who)
{
    asc_txn_end_end(transaction_of(self), who);
    Py_RETURN_NONE;
}

static PyObject *
transaction_forget(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    asc_txn_forget(transaction_of(self));
    Py_RETURN_NONE;
}

static PyObject *
transaction_n_under_way(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return PyLong_FromUnsignedLong(asc_txn_n_under_way(transaction_of(self)));
}

static PyObject *
transaction_set_state(PyObject *self, PyObject *args)
{
    unsigned int state;
    int in_doubt = 0;
    asc_error err;
    if (!PyArg_ParseTuple(args, "I|p", &state, &in_doubt)) {
        return NULL;
    }
    asc_error_reset(&err);
    if (asc_txn_check_process(transaction_of(self), &err) != ASC_OK) {
        raise_error(PyType_GetModuleState(Py_TYPE(self)), &err, NULL, NULL);
        return NULL;
    }
    if (state > ASC_TXN_COMMIT_FAILED) {
        PyErr_SetString(PyExc_ValueError, "there is no such state");
        return NULL;
    }
    asc_txn_set_state(transaction_of(self), (asc_txn_state)state, in_doubt != 0);
    Py_RETURN_NONE;
}

static PyMethodDef transaction_methods[] = {
    {"_begin_end", transaction_begin_end, METH_O,
     "Let no command begin any more, and nobody else end the transaction.\n\n"
     ":param who: an object that nobody else has."},
    {"_end_end", transaction_end_end, METH_O,
     "Let go of it again; nothing if who has not begun."},
    {"_forget", transaction_forget, METH_NOARGS,
     "Forget what it has read and written."},
    {"_n_under_way", transaction_n_under_way, METH_NOARGS,
     "Return how many of its commands are under way."},
    {"_set_state", transaction_set_state, METH_VARARGS,
     "Set the state, and whether it is in doubt."},
    {NULL, NULL, 0, NULL},
};

/* clang-format off */
static const char doc_Transaction[] =
    "Transaction(reads_capacity=128, writes_capacity=128)\n--\n\n"
    "Several commands that take effect together, or not at all.\n\n"
    ":param reads_capacity: int, 0 to 2**32 - 1: about how many records it will read.\n"
    "    This is a hint for the memory, not a limit.\n"
    ":param writes_capacity: int, the same for the records that it will write. The\n"
    "    servers allow 4096.\n"
    ":raises TypeError: an argument is not an int.\n"
    ":raises ValueError, OverflowError: an argument is beyond these limits.\n\n"
    "Pass the transaction as \"txn\" in the policy of each command that belongs to\n"
    "it, and end it with commit() or abort() of the client. Threads and tasks may\n"
    "share a transaction. It needs a namespace with strong consistency, on servers\n"
    "of the Enterprise Edition from 8.0 on. After a conflict, begin again with a new\n"
    "one.";

static PyType_Slot transaction_slots[] = {
    {Py_tp_doc, (void *)doc_Transaction},
    {Py_tp_new, transaction_new},
    {Py_tp_dealloc, transaction_dealloc},
    {Py_tp_repr, transaction_repr},
    {Py_tp_getset, transaction_attributes},
    {Py_tp_methods, transaction_methods},
    {0, NULL},
};
/* clang-format on */

static PyType_Spec transaction_spec = {
    .name = "aerospike.Transaction",
    .basicsize = sizeof(TransactionObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = transaction_slots,
};

int
transaction_type_init(PyObject *module, module_state *st)
{
    st->TransactionType =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &transaction_spec, NULL);
    return st->TransactionType != NULL ? PyModule_AddType(module, st->TransactionType)
                                       : -1;
}
