/* record/record_call.c -- the steps that all methods on one record have in common. Each
 * works by the row of the method, and knows no method itself.
 *
 * The steps are inline, so that the compiler makes one function of a call that waits:
 * every get and put goes this way. */
#include "record/record_call.h"

#include "support/compat.h"

/* The argument at a place of the row; NULL when the row has no such place, or it was
 * not given. */
static PyObject *
argument(PyObject *const *argv, int at)
{
    return at != 0 ? argv[at] : NULL;
}

/* Take what the call owns, and parse what every method has. 0, or -1 with an exception.
 *
 * Fields are set one by one, and those that are written before they are read are left:
 * the struct is large, and every get and put comes here. What record_end() looks at is
 * set before anything can fail. The order of the rest decides which of several errors a
 * caller sees: a client that is closed comes before a policy that is wrong, this before
 * a cluster that cannot be reached, that before metadata and key. */
static int
begin(record_call *c, const record_row *row, PyObject *self, PyTypeObject *cls,
      PyObject *const *argv)
{
    c->row = row;
    c->st = PyType_GetModuleState(cls);
    c->client = (ClientObject *)self;
    c->call = NULL;
    c->req = NULL; /* until the key is known */
    c->key_arg = argv[0];
    c->shown = argument(argv, row->shown_at);
    if (c->loop != NULL) {
        Py_INCREF(c->client);
        Py_INCREF(c->key_arg);
    }
    c->made = c->loop != NULL ? Py_XNewRef(c->shown) : NULL;
    c->outcome = client_take_outcome(c->client);
    c->in_txn = NULL;
    c->pol.filter = NULL;
    c->pol.txn = NULL;
    c->key.held = NULL;
    c->reads = row->info1 != 0;
    c->writes = row->info2 != 0;
    c->head = (asc_msg_head){.info1 = row->info1, .info2 = row->info2};
    const value_rules *rules = &c->client->config.values;
    if (client_check_open(c->st, c->client) < 0 ||
        config_call_policy(c->st, &c->pol, &c->client->config, row->kind,
                           argument(argv, row->policy_at)) < 0) {
        return -1;
    }
    c->call = c->loop == NULL ? client_take_call(c->client) : loop_take_call(c->loop);
    if (c->call == NULL) {
        return -1;
    }
    c->cluster = client_cluster_of_call(c->st, c->client, &c->pol.timing, c->call);
    if (c->cluster == NULL ||
        meta_from_py(c->st, &c->meta, argument(argv, row->meta_at),
                     rules->strict && !row->any_meta) < 0 ||
        key_from_py(c->st, &c->key, c->key_arg) < 0) {
        return -1;
    }
    c->req = asc_call_request(c->call);
    c->enc = (encoder){.st = c->st,
                       .out = &c->req->out,
                       .rules = rules,
                       .serializer = SERIALIZER_NOT_GIVEN};
    return 0;
}

/* Write the header, which is written again when the operations are known, and the
 * fields of key and filter; operations follow. 0, or -1 with MemoryError. */
static int
begin_message(record_call *c)
{
    asc_writer *w = &c->writer;
    return put_ok(asc_writer_begin(w, &c->req->out, &c->head) &&
                  key_to_fields(&c->key, w, c->pol.key == 1) &&
                  policy_filter_to_field(c->pol.filter, w));
}

/* Complete the header and the request, now that it is known whether the call reads and
 * writes. */
static void
end_message(record_call *c)
{
    if (c->reads) {
        policy_to_read_head(&c->pol, &c->head);
    }
    if (c->writes) {
        policy_to_write_head(&c->pol, &c->meta, &c->head);
    }
    if (policy_compresses(&c->pol)) {
        policy_to_compression(&c->pol, c->row->kind, c->req, &c->head);
    }
    asc_writer_set_head(&c->writer, &c->head);
    asc_writer_end(&c->writer);
    policy_to_request(&c->pol, c->req, c->writes);
    c->req->ns = c->key.names.ns_text;
    c->req->partition = asc_digest_partition(c->key.digest);
}

/* Complete the error that is set by what the call knows. It is not inline because it is
 * for failures alone. */
__attribute__((noinline)) static void
explain(record_call *c)
{
    PyObject *key =
        client_error_key(c->st, c->client, c->key_arg, c->req != NULL ? &c->key : NULL);
    explain_error(c->st, c->row->name, key, c->shown, c->pol.filter != NULL);
    Py_XDECREF(key);
}

/* Raise what the library says. A record that is not there is frequent, and for most
 * methods there is nothing to explain about it. */
__attribute__((noinline)) static PyObject *
fail(record_call *c)
{
    PyObject *bin = c->row->shows_operations ? NULL : c->shown;
    if (c->err.code == ASC_ERR_RECORD_NOT_FOUND && !c->row->explains_missing &&
        c->client->config.error_keys) {
        return raise_error(c->st, &c->err, c->key_arg, bin);
    }
    raise_error(c->st, &c->err, NULL, bin);
    explain(c);
    return NULL;
}

/* --- transactions --- */

/* Where the fields of a transaction go: behind the digest, which is the third field. */
static size_t
place_of_fields(const record_call *c)
{
    return c->writer.start + ASC_PROTO_HEADER_SIZE + ASC_MSG_HEADER_SIZE + 3 * 5 +
           c->key.names.ns_size + c->key.names.set_size + ASC_DIGEST_SIZE;
}

/* Enter the transaction of the policy. Nothing that the caller has got wrong is found
 * later. 0, or -1 with an exception. */
__attribute__((noinline)) static int
enter_transaction(record_call *c)
{
    const key_names *names = &c->key.names;
    record_txn *x = PyMem_Calloc(1, sizeof *x);
    if (x == NULL) {
        return put_ok(false);
    }
    c->in_txn = x;
    x->fields_at = place_of_fields(c);
    if (txn_command_enter(c->st, &x->command, c->pol.txn, names->ns_text, 1) < 0) {
        return -1;
    }
    return put_ok(
        asc_txn_number_set(x->command.txn, names->set_text, names->set_size, &x->set));
}

/* What a call in a transaction does next. */
typedef enum txn_step {
    TXN_SENDS, /* its request is complete */
    TXN_WAITS, /* for the set of its registration */
    TXN_FAILS, /* c->err says why; nothing was sent */
} txn_step;

/* Register the key if that must be done, and then complete the message. */
static txn_step
go_on_in_transaction(record_call *c)
{
    record_txn *x = c->in_txn;
    asc_txn *txn = x->command.txn;
    asc_status rc = ASC_OK;
    asc_error_reset(&c->err);
    if (x->command.registers == NULL && c->writes &&
        !asc_txn_has_written(txn, c->key.digest)) {
        rc = txn_command_register(&x->command, c->cluster, &c->pol, c->key.digest, 1,
                                  false, &c->err);
    }
    if (rc == ASC_OK && x->command.registers != NULL) {
        rc = txn_command_go_on(&x->command, &c->req->timing.total_timeout_ms, &c->err);
    }
    if (rc != ASC_OK) {
        return rc == ASC_INTERRUPTED ? TXN_WAITS : TXN_FAILS;
    }
    uint64_t version = asc_txn_version(txn, c->key.digest);
    if (!asc_txn_insert_fields(txn, version, c->writes, &c->writer, x->fields_at)) {
        asc_error_set(&c->err, ASC_ERR_NOMEM, "request in a transaction");
        return TXN_FAILS;
    }
    asc_writer_end(&c->writer);
    x->is_unanswered = true;
    return TXN_SENDS;
}

/* record_run() of a call in a transaction. */
__attribute__((noinline)) static int
run_in_transaction(record_call *c)
{
    txn_step step;
    while ((step = go_on_in_transaction(c)) == TXN_WAITS) {
        asc_set *set = asc_ending_set(c->in_txn->command.registers);
        if (client_wait_set(c->st, set, NULL, &c->err) < 0) {
            return -1;
        }
    }
    return step == TXN_SENDS ? client_run_call(c->st, c->call, c->cluster, &c->err) : 1;
}

/* Is there a reply with this result code? */
static bool
opens_reply(record_call *c, asc_msg *m, asc_status code)
{
    const asc_buf *in = &c->req->in;
    asc_error err;
    asc_error_reset(&err);
    return in->len > ASC_PROTO_HEADER_SIZE &&
           asc_msg_open(m, in->data + ASC_PROTO_HEADER_SIZE,
                        in->len - ASC_PROTO_HEADER_SIZE, &err) == ASC_OK &&
           m->result == code;
}

/* Tell the transaction what record_run() has returned, and leave it: a deserializer may
 * end it. A reply that cannot be read says nothing of a write. */
__attribute__((noinline)) static void
tell_transaction(record_call *c, int rc)
{
    record_txn *x = c->in_txn;
    asc_txn *txn = x->command.txn;
    asc_msg m;
    if (!x->is_unanswered || rc < 0) {
        return;
    }
    x->is_unanswered = false;
    if (opens_reply(c, &m, rc == 0 ? ASC_OK : c->err.code)) {
        asc_txn_answered(txn, x->set, c->key.digest, c->writes, &m);
    }
    if (c->writes && (rc == 0 ? !opens_reply(c, &m, ASC_OK) : c->err.in_doubt)) {
        asc_txn_doubted(txn, x->set, c->key.digest);
    }
    txn_command_leave(&x->command);
}

/* Leave the transaction. What has left and was not answered may be carried out. */
__attribute__((noinline)) static void
leave_transaction(record_call *c)
{
    record_txn *x = c->in_txn;
    if (x->is_unanswered && c->writes) {
        asc_txn_doubted(x->command.txn, x->set, c->key.digest);
    }
    txn_command_leave(&x->command);
    PyMem_Free(x);
}

/* --- the steps --- */

inline int
record_prepare(record_call *c, const record_row *row, PyObject *self, PyTypeObject *cls,
               PyObject **argv)
{
    if (row->sort != NULL) {
        row->sort(PyType_GetModuleState(cls), argv);
    }
    if (begin(c, row, self, cls, argv) < 0 || begin_message(c) < 0 ||
        (row->encode != NULL && row->encode(c, argv) < 0)) {
        raise_doubt(c->st, false);
        explain(c);
        return -1;
    }
    end_message(c);
    if (c->pol.txn != NULL && enter_transaction(c) < 0) {
        explain(c);
        return -1;
    }
    return 0;
}

inline int
record_run(record_call *c)
{
    if (c->in_txn != NULL) {
        return run_in_transaction(c);
    }
    return client_run_call(c->st, c->call, c->cluster, &c->err);
}

/* Write what became of the call, for listeners. 0, or -1 with an exception. */
__attribute__((noinline)) static int
note_outcome(record_call *c)
{
    PyObject *node = PyUnicode_FromString(asc_call_node(c->call));
    PyObject *attempts = PyLong_FromUnsignedLong(asc_call_attempts(c->call));
    bool done = node != NULL && attempts != NULL &&
                PyObject_SetAttrString(c->outcome, "node", node) == 0 &&
                PyObject_SetAttrString(c->outcome, "attempts", attempts) == 0;
    Py_XDECREF(node);
    Py_XDECREF(attempts);
    return done ? 0 : -1;
}

inline PyObject *
record_finish(record_call *c, int rc)
{
    if (c->outcome != NULL && rc >= 0 && note_outcome(c) < 0) {
        PyErr_WriteUnraisable(c->outcome); /* the call itself has ended well */
    }
    if (c->in_txn != NULL) {
        tell_transaction(c, rc);
    }
    if (rc == 0) {
        PyObject *result = c->row->decode(c);
        if (result == NULL) {
            raise_doubt(c->st, c->writes); /* a write is done, unknown to the caller */
            explain(c);
        }
        return result;
    }
    if (rc < 0) {
        return NULL;
    }
    if (c->err.code == ASC_ERR_RECORD_NOT_FOUND && c->row->decode_absent != NULL) {
        return c->row->decode_absent(c);
    }
    return fail(c);
}

inline void
record_end(record_call *c)
{
    if (c->in_txn != NULL) {
        leave_transaction(c);
    }
    if (c->loop != NULL) {
        loop_give_call(c->loop, c->call);
    }
    else if (c->call != NULL) {
        client_give_call(c->client, c->call);
    }
    policy_clear(&c->pol);
    key_clear(&c->key);
    Py_XDECREF(c->made);
    Py_XDECREF(c->outcome);
    if (c->loop != NULL) {
        Py_DECREF(c->key_arg);
        Py_DECREF(c->client);
    }
}

PyObject *
record_method(const record_row *row, METHOD_PARAMS)
{
    PyObject *argv[RECORD_MAX_ARGS], *result = NULL;
    record_call c;
    c.loop = NULL;
    if (parse_args(row->name, row->args, row->n_required, args, nargs, kwnames, argv) <
        0) {
        return NULL;
    }
    if (record_prepare(&c, row, self, cls, argv) == 0) {
        result = record_finish(&c, record_run(&c));
    }
    record_end(&c);
    return result;
}

/* --- calls of an AsyncClient --- */

/* A call is submitted at first, and has ended when it is gone on with again. */
static pending_step
async_go_on(PendingObject *p, void *work, PyObject **result)
{
    record_call *c = work;
    if (c->in_txn != NULL && !c->is_sent) {
        txn_step step = go_on_in_transaction(c);
        if (step == TXN_WAITS) {
            loop_submit_set(c->loop, p, asc_ending_set(c->in_txn->command.registers));
            return PENDING_WAITS;
        }
        if (step == TXN_FAILS) {
            *result = record_finish(c, 1);
            return PENDING_ENDS;
        }
    }
    if (!c->is_sent) {
        c->is_sent = true;
        loop_submit_call(c->loop, p, c->call, &c->err);
        return PENDING_WAITS;
    }
    *result = record_finish(c, c->err.code == ASC_OK ? 0 : 1);
    return PENDING_ENDS;
}

static bool
async_abandon(PendingObject *p, void *work)
{
    record_call *c = work;
    (void)p;
    if (c->in_txn != NULL && c->in_txn->command.registers != NULL) {
        loop_abandon_set(c->loop, asc_ending_set(c->in_txn->command.registers));
        return false; /* the record itself has not been asked for */
    }
    bool may_be_done = loop_abandon_call(c->loop, c->call) && c->writes;
    if (c->in_txn != NULL && !may_be_done) {
        c->in_txn->is_unanswered = false;
    }
    return may_be_done;
}

static void
async_clear(void *work)
{
    record_call *c = work;
    if (c->client != NULL) {
        record_end(c);
    }
}

static int
async_traverse(void *work, visitproc visit, void *arg)
{
    record_call *c = work;
    Py_VISIT(c->client);
    Py_VISIT(c->key_arg);
    Py_VISIT(c->made);
    Py_VISIT(c->outcome);
    return 0;
}

static const pending_kind async_kind = {
    .name = "call",
    .size = sizeof(record_call),
    .go_on = async_go_on,
    .abandon = async_abandon,
    .clear = async_clear,
    .traverse = async_traverse,
};

static int
async_fill(PendingObject *p, void *work, const void *row, PyObject *self,
           PyTypeObject *cls, PyObject **argv)
{
    record_call *c = work;
    c->loop = pending_loop(p);
    if (record_prepare(c, row, self, cls, argv) < 0) {
        return -1;
    }
    if (c->writes) {
        pending_set_writes(p);
    }
    return 0;
}

PyObject *
record_method_async(const record_row *row, const char *method, METHOD_PARAMS)
{
    async_method m = {
        .name = method,
        .args = row->args,
        .n_required = row->n_required,
        .kind = &async_kind,
        .row = row,
        .fill = async_fill,
    };
    return async_method_call(&m, self, cls, args, nargs, kwnames);
}
