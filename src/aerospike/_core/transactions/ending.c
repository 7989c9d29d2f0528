/* transactions/ending.c -- _end_step(), the method that takes one step towards the end
 * of a transaction: verify, mark, roll, close. Which step follows which is said in
 * aerospike._calls.transactions. */
#include "transactions/ending.h"

#include "clients/client.h"
#include "loop/loop.h"
#include "loop/method.h"
#include "support/compat.h"
#include "support/numbers.h"
#include "transactions/command.h"

typedef struct ending_call {
    module_state *st;
    ClientObject *client;  /* owned */
    PyObject *transaction; /* owned */
    asc_cluster *cluster;  /* counted */
    asc_ending *ending;    /* owned; NULL: there is nothing to do */
    bool is_under_way;     /* in a loop */
    bool has_been;         /* likewise, at some time */
    bool writes;
    asc_error err;
} ending_call;

static const char doc__end_step[] =
    "_end_step($self, transaction, step)\n--\n\n"
    "Take one step towards the end of a transaction; nothing where it needs none.\n\n"
    ":param step: its number in asc/ending.h.\n"
    ":raises TransactionFailed: records did not verify.\n"
    ":raises AerospikeError: the first failure.";

static const char *const ending_args[] = {"transaction", "step", NULL};

/* Begin the step. A client that has not connected does so only if there is something to
 * do. 0, or -1 with an exception. */
static int
begin(ending_call *c, asc_ending_step step)
{
    policy_kind kind = step == ASC_ENDING_VERIFY ? POLICY_TXN_VERIFY : POLICY_TXN_ROLL;
    policy pol = config_policy(&c->client->config, kind); /* borrows all */
    asc_txn *txn = transaction_of(c->transaction);
    asc_error_reset(&c->err);
    if (client_check_open(c->st, c->client) < 0) {
        return -1;
    }
    if (asc_txn_check_process(txn, &c->err) != ASC_OK) {
        raise_error(c->st, &c->err, NULL, NULL);
        return -1;
    }
    if (!asc_ending_is_needed(txn, step)) {
        return 0;
    }
    c->cluster = client_cluster(c->st, c->client, &pol.timing);
    if (c->cluster == NULL) {
        return -1;
    }
    const asc_ending_options o = ending_options(&pol);
    if (asc_ending_new(&c->ending, txn, c->cluster, step, &o, &c->err) != ASC_OK) {
        raise_error(c->st, &c->err, NULL, NULL);
        return -1;
    }
    return 0;
}

/* Take the arguments, and begin. 0, or -1 with an exception; end() is to be called in
 * either case. */
static int
prepare(ending_call *c, PyObject *self, PyTypeObject *cls, PyObject *const *argv)
{
    int64_t step;
    *c = (ending_call){.st = PyType_GetModuleState(cls),
                       .client = (ClientObject *)Py_NewRef(self)};
    if (!Py_IS_TYPE(argv[0], c->st->TransactionType) || !PyLong_Check(argv[1]) ||
        !int64_from_py(argv[1], &step) || step < ASC_ENDING_VERIFY ||
        step > ASC_ENDING_CLOSE) {
        PyErr_SetString(PyExc_TypeError, "a Transaction and a step are expected");
        return -1;
    }
    c->transaction = Py_NewRef(argv[0]);
    c->writes = step != ASC_ENDING_VERIFY;
    return begin(c, (asc_ending_step)step);
}

static void
end(ending_call *c)
{
    asc_ending_free(c->ending);
    asc_cluster_release(c->cluster);
    Py_XDECREF(c->transaction);
    Py_XDECREF(c->client);
}

/* Go on until something must be waited for, or about so many rows were looked at and
 * *waits is false. 1: wait, or go on; 0: the step has ended; -1: with an exception. */
static int
go_on(ending_call *c, uint32_t n_rows, bool *waits)
{
    asc_status rc = ASC_OK;
    if (c->ending != NULL) {
        Py_BEGIN_ALLOW_THREADS
        rc = asc_ending_go_on_some(c->ending, n_rows, waits, &c->err);
        if (rc == ASC_OK) {
            rc = asc_ending_result(c->ending, &c->err);
        }
        Py_END_ALLOW_THREADS
    }
    if (rc == ASC_OK || rc == ASC_INTERRUPTED) {
        return rc == ASC_INTERRUPTED;
    }
    raise_error(c->st, &c->err, NULL, NULL);
    return -1;
}

static PyObject *
client__end_step(METHOD_PARAMS)
{
    PyObject *argv[2];
    ending_call c;
    if (parse_args("_end_step", ending_args, 2, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    int more = prepare(&c, self, cls, argv);
    if (more == 0) {
        bool waits = true;
        while ((more = go_on(&c, UINT32_MAX, &waits)) > 0 &&
               (!waits ||
                client_wait_set(c.st, asc_ending_set(c.ending), NULL, &c.err) == 0)) {
        }
        if (more > 0 && c.writes) {
            raise_doubt(c.st, true);
        }
    }
    end(&c);
    return more == 0 ? Py_NewRef(Py_None) : NULL;
}

/* --- the method in an event loop --- */

/* A transaction may have read any number of records: so many are looked at before the
 * time is. */
#define ROWS_OF_SLICE 1024

static pending_step
ending_go_on(PendingObject *p, void *work, PyObject **result)
{
    ending_call *c = work;
    LoopObject *loop = pending_loop(p);
    bool waits = true;
    int more;
    do {
        more = go_on(c, ROWS_OF_SLICE, &waits);
    } while (more > 0 && !waits && !loop_time_is_up(loop));
    c->is_under_way = more > 0 && waits;
    if (c->is_under_way) {
        c->has_been = true;
        loop_submit_set(loop, p, asc_ending_set(c->ending));
        return PENDING_WAITS;
    }
    if (more > 0) {
        return PENDING_TURN;
    }
    c->has_been = false;
    *result = more == 0 ? Py_NewRef(Py_None) : NULL;
    return PENDING_ENDS;
}

static bool
ending_abandon(PendingObject *p, void *work)
{
    ending_call *c = work;
    bool may_be_done =
        c->is_under_way ? loop_abandon_set(pending_loop(p), asc_ending_set(c->ending))
                        : c->has_been;
    c->is_under_way = false;
    return may_be_done;
}

static void
ending_clear(void *work)
{
    ending_call *c = work;
    if (c->client != NULL) {
        end(c);
    }
}

static int
ending_traverse(void *work, visitproc visit, void *arg)
{
    ending_call *c = work;
    Py_VISIT(c->client);
    Py_VISIT(c->transaction);
    return 0;
}

static const pending_kind ending_kind = {
    .name = "end of a transaction",
    .size = sizeof(ending_call),
    .go_on = ending_go_on,
    .abandon = ending_abandon,
    .clear = ending_clear,
    .traverse = ending_traverse,
};

static int
ending_fill(PendingObject *p, void *work, const void *row, PyObject *self,
            PyTypeObject *cls, PyObject **argv)
{
    (void)row;
    ending_call *c = work;
    int rc = prepare(c, self, cls, argv);
    if (rc == 0 && c->ending != NULL && c->writes) {
        pending_set_writes(p);
    }
    return rc;
}

static PyObject *
async__end_step(METHOD_PARAMS)
{
    static const async_method method = {
        .name = "_end_step",
        .args = ending_args,
        .n_required = 2,
        .kind = &ending_kind,
        .fill = ending_fill,
    };
    return async_method_call(&method, self, cls, args, nargs, kwnames);
}

const PyMethodDef ending_methods[] = {
    METHOD_ROW("_end_step", client__end_step, doc__end_step),
    {NULL, NULL, 0, NULL},
};

const PyMethodDef async_ending_methods[] = {
    METHOD_ROW("_end_step", async__end_step, doc__end_step),
    {NULL, NULL, 0, NULL},
};
