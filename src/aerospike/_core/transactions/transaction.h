/* transactions/transaction.h -- aerospike.Transaction: the Python object around a
 * transaction of the library (asc/transaction.h). */
#ifndef CORE_TRANSACTIONS_TRANSACTION_H
#define CORE_TRANSACTIONS_TRANSACTION_H

#include "asc/transaction.h"
#include "support/state.h"

/* aerospike.Transaction */
typedef struct TransactionObject {
    PyObject_HEAD
    asc_txn *txn; /* counted */
} TransactionObject;

/* What an object holds that is one: borrowed from it. */
static inline asc_txn *
transaction_of(PyObject *transaction)
{
    return ((TransactionObject *)transaction)->txn;
}

/* Make the type and put it into the module. 0, or -1 with an exception. */
int transaction_type_init(PyObject *module, module_state *st);

#endif
