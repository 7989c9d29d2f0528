/* nodes/admin.c -- the method of aerospike.Client that gives admin commands to a
 * node: what the calls about users and roles are made of (aerospike/_calls).
 *
 * Hashes of passwords are as good as the passwords. Python code sees them as capsules,
 * which show nothing, and the bytes of a request are wiped when they have been sent. */
#include "nodes/nodes.h"

#include <string.h>

#include "asc/admin.h"
#include "asc/alloc.h"
#include "asc/secret.h"
#include "loop/method.h"
#include "support/compat.h"
#include "support/numbers.h"

/* What the name of a capsule says of the text in it. */
#define HASH_CAPSULE "aerospike.password_hash"

/* Without a limit of the caller's a command ends after so long. */
#define LONGEST_MS 60000

#define MAX_HASH_SIZE 128

/* One call. */
typedef struct admin_call {
    module_state *st;
    ClientObject *client; /* owned */
    asc_cluster *cluster; /* counted */
    asc_credentials *who; /* counted; NULL: the client has no user */
    asc_call *call;       /* taken from the client */
    policy pol;
    uint8_t command;
    PyObject *fields;     /* owned: a tuple */
    asc_node_info *nodes; /* owned */
    bool is_under_way;    /* in an event loop */
    asc_error err;
} admin_call;

/* Give back all that a call has. */
static void
end(admin_call *c)
{
    if (c->call != NULL) {
        asc_buf_wipe(&asc_call_request(c->call)->out);
        client_give_call(c->client, c->call);
    }
    policy_clear(&c->pol);
    asc_free(c->nodes);
    asc_credentials_release(c->who);
    asc_cluster_release(c->cluster);
    Py_XDECREF(c->fields);
    Py_DECREF(c->client);
}

/* --- the request --- */

/* The number and the value of a field, which is a tuple of both; the value is borrowed
 * from the tuple. 0, or -1 with an exception. */
static int
open_field(PyObject *field, uint8_t *number, PyObject **value)
{
    if (!PyTuple_Check(field)) {
        PyErr_SetString(PyExc_TypeError, "a field must be a tuple");
        return -1;
    }
    return PyArg_ParseTuple(field, "bO", number, value) ? 0 : -1;
}

/* The bytes of a value: bytes, or the hash in a capsule; borrowed from it. NULL with
 * TypeError. */
static const char *
bytes_of(PyObject *value, size_t *size)
{
    if (PyBytes_Check(value)) {
        *size = (size_t)PyBytes_GET_SIZE(value);
        return PyBytes_AS_STRING(value);
    }
    if (PyCapsule_IsValid(value, HASH_CAPSULE)) {
        const char *hash = PyCapsule_GetPointer(value, HASH_CAPSULE);
        *size = strlen(hash);
        return hash;
    }
    PyErr_SetString(PyExc_TypeError, "a field holds bytes, a hash or None");
    return NULL;
}

/* Append a field. None stands for the hash of the client's own password. 0, or -1 with
 * an exception. */
static int
put_field(admin_call *c, asc_buf *out, PyObject *field)
{
    uint8_t number;
    PyObject *value;
    size_t size;
    if (open_field(field, &number, &value) < 0) {
        return -1;
    }
    if (value == Py_None) {
        if (c->who == NULL) {
            return raise_param(c->st, "the client has no user" DETAIL
                                      "it did not log in, so that it has no password");
        }
        if (asc_credentials_put_hash(c->who, out, number, &c->err) != ASC_OK) {
            raise_error(c->st, &c->err, NULL, NULL);
            return -1;
        }
        return 0;
    }
    const char *bytes = bytes_of(value, &size);
    if (bytes == NULL) {
        return -1;
    }
    if (!asc_admin_field(out, number, bytes, size)) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

/* How many bytes a request has at most. */
static size_t
size_limit(PyObject *fields)
{
    size_t total = 64;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(fields); i++) {
        uint8_t number;
        PyObject *value;
        size_t size = MAX_HASH_SIZE;
        /* borrowed: a tuple does not change, and the call owns this one */
        if (open_field(PyTuple_GET_ITEM(fields, i), &number, &value) == 0 &&
            PyBytes_Check(value)) {
            size = (size_t)PyBytes_GET_SIZE(value);
        }
        PyErr_Clear(); /* put_field() raises it again */
        total += size + 5;
    }
    return total;
}

/* Write the request. Its buffer gets its size first: growing would leave copies of the
 * hashes behind. 0, or -1 with an exception. */
static int
write_request(admin_call *c)
{
    asc_request *req = asc_call_request(c->call);
    Py_ssize_t n = PyTuple_GET_SIZE(c->fields);
    if (n > UINT8_MAX) {
        PyErr_SetString(PyExc_ValueError, "a request has 255 fields at most");
        return -1;
    }
    if (!asc_buf_grow(&req->out, size_limit(c->fields)) ||
        !asc_admin_begin(&req->out, c->command)) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        /* borrowed: a tuple does not change, and the call owns this one */
        if (put_field(c, &req->out, PyTuple_GET_ITEM(c->fields, i)) < 0) {
            return -1;
        }
    }
    if (c->pol.timing.total_timeout_ms == 0) {
        c->pol.timing.total_timeout_ms = LONGEST_MS;
    }
    policy_to_request(&c->pol, req, !asc_admin_is_query(req->out.data));
    req->reply = ASC_REPLY_BLOCKS;
    req->alone = true; /* and so that its bytes are nowhere else */
    return 0;
}

/* Choose the node that gets the request. 0, or -1 with an exception. */
static int
choose_node(admin_call *c)
{
    size_t n;
    asc_error_reset(&c->err);
    if (asc_cluster_nodes(c->cluster, &c->nodes, &n, &c->err) != ASC_OK) {
        raise_error(c->st, &c->err, NULL, NULL);
        return -1;
    }
    const char *node = client_any_node(c->st, c->cluster, c->nodes, n);
    asc_call_request(c->call)->node_name = node;
    return node != NULL ? 0 : -1;
}

/* --- the reply --- */

/* The fields of a block as a list of (number, bytes); NULL with an exception. */
static PyObject *
block_to_py(admin_call *c, asc_admin_block *b)
{
    PyObject *list = PyList_New(0);
    for (unsigned i = 0; list != NULL && i < b->n_fields; i++) {
        asc_admin_value v;
        PyObject *field = NULL;
        if (asc_admin_next(b, &v, &c->err) == ASC_OK) {
            field = Py_BuildValue("(iy#)", (int)v.id, (const char *)v.data,
                                  (Py_ssize_t)v.size);
        }
        else {
            raise_error(c->st, &c->err, NULL, NULL);
        }
        if (field == NULL || PyList_Append(list, field) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(field);
    }
    return list;
}

/* The blocks of the reply but the one that ends the reply to a query; NULL with an
 * exception. */
static PyObject *
blocks_to_py(admin_call *c)
{
    asc_request *req = asc_call_request(c->call);
    asc_admin_blocks blocks;
    asc_admin_block b;
    PyObject *list = PyList_New(0);
    asc_error_reset(&c->err);
    asc_admin_blocks_begin(&blocks, req->in.data, req->in.len);
    while (list != NULL && asc_admin_blocks_next(&blocks, &b, &c->err) &&
           b.result == ASC_OK) {
        PyObject *block = block_to_py(c, &b);
        if (block == NULL || PyList_Append(list, block) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(block);
    }
    if (list != NULL && c->err.code != ASC_OK) {
        Py_CLEAR(list);
        raise_error(c->st, &c->err, NULL, NULL);
    }
    return list;
}

/* The value of a field of the request, borrowed, or NULL. */
static PyObject *
find_field(const admin_call *c, uint8_t wanted)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(c->fields); i++) {
        uint8_t number;
        PyObject *value;
        /* borrowed: a tuple does not change, and the call owns this one */
        if (open_field(PyTuple_GET_ITEM(c->fields, i), &number, &value) == 0 &&
            number == wanted) {
            return value;
        }
    }
    return NULL;
}

/* The user of this client has another password now: later logins need its hash, those
 * of a cluster that another client has opened as well. 0, or -1 with MemoryError. */
static int
keep_own_hash(admin_call *c)
{
    PyObject *user = find_field(c, ASC_ADMIN_USER);
    PyObject *hash = find_field(c, ASC_ADMIN_PASSWORD);
    bool is_own = user != NULL && PyBytes_Check(user) && hash != NULL &&
                  PyCapsule_IsValid(hash, HASH_CAPSULE) &&
                  strcmp(PyBytes_AS_STRING(user), asc_credentials_user(c->who)) == 0;
    if (!is_own) {
        return 0;
    }
    const char *text = PyCapsule_GetPointer(hash, HASH_CAPSULE);
    asc_credentials *others = asc_cluster_credentials(c->cluster);
    if (!asc_credentials_set_hash(c->who, text) ||
        (others != NULL && !asc_credentials_set_hash(others, text))) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

/* --- the method --- */

static const char doc__admin[] =
    "_admin($self, command, fields, policy=None)\n--\n\n"
    "Give an admin command to one of the nodes.\n\n"
    ":param command: number of the command.\n"
    ":param fields: tuple of (number, value): bytes, or what hash_password() gives,\n"
    "    or None for the hash of the client's own password.\n"
    ":return: list of blocks, each a list of (number, bytes).\n"
    ":raises AdminError: what the node refuses.";

/* Take the arguments. 0, or -1 with an exception. */
static int
begin(admin_call *c, PyObject *const *argv)
{
    int64_t number;
    if (client_check_open(c->st, c->client) < 0) {
        return -1;
    }
    if (!PyLong_Check(argv[0]) || !int64_from_py(argv[0], &number) || number < 0 ||
        number > UINT8_MAX || !PyTuple_Check(argv[1])) {
        PyErr_SetString(PyExc_TypeError, "a number and a tuple of fields are expected");
        return -1;
    }
    c->command = (uint8_t)number;
    c->fields = Py_NewRef(argv[1]);
    if (config_call_policy(c->st, &c->pol, &c->client->config, POLICY_ADMIN, argv[2]) <
        0) {
        return -1;
    }
    c->cluster = client_cluster(c->st, c->client, &c->pol.timing);
    if (c->cluster == NULL) {
        return -1;
    }
    c->who = client_cluster_config(c->client).credentials;
    c->call = client_take_call(c->client);
    return c->call != NULL ? 0 : -1;
}

/* Make the request of the arguments. 0, or -1 with an exception; end() is to be called
 * in either case. */
static int
prepare(admin_call *c, PyObject *self, PyTypeObject *cls, PyObject *const *argv)
{
    *c = (admin_call){.st = PyType_GetModuleState(cls),
                      .client = (ClientObject *)Py_NewRef(self)};
    return begin(c, argv) == 0 && write_request(c) == 0 ? choose_node(c) : -1;
}

/* Make the result when the request has ended as client_run_call() says: NULL with an
 * exception. */
static PyObject *
finish(admin_call *c, int outcome)
{
    if (outcome > 0) {
        raise_error(c->st, &c->err, NULL, NULL);
    }
    PyObject *result = outcome == 0 ? blocks_to_py(c) : NULL;
    if (outcome == 0 && c->command == ASC_ADMIN_CHANGE_PASSWORD && c->who != NULL &&
        keep_own_hash(c) < 0) {
        Py_CLEAR(result);
    }
    return result;
}

static const char *const admin_args[] = {"command", "fields", "policy", NULL};

static PyObject *
client__admin(METHOD_PARAMS)
{
    PyObject *argv[3], *result = NULL;
    admin_call c;
    if (parse_args("_admin", admin_args, 2, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    if (prepare(&c, self, cls, argv) == 0) {
        result = finish(&c, client_run_call(c.st, c.call, c.cluster, &c.err));
    }
    end(&c);
    return result;
}

/* --- the method in an event loop --- */

static pending_step
admin_go_on(PendingObject *p, void *work, PyObject **result)
{
    admin_call *c = work;
    if (!c->is_under_way) {
        c->is_under_way = true;
        loop_submit_call(pending_loop(p), p, c->call, &c->err);
        return PENDING_WAITS;
    }
    c->is_under_way = false;
    *result = finish(c, c->err.code != ASC_OK);
    return PENDING_ENDS;
}

static bool
admin_abandon(PendingObject *p, void *work)
{
    admin_call *c = work;
    bool may_be_done = c->is_under_way && loop_abandon_call(pending_loop(p), c->call);
    c->is_under_way = false;
    return may_be_done;
}

static void
admin_clear(void *work)
{
    admin_call *c = work;
    if (c->client != NULL) {
        end(c);
    }
}

static int
admin_traverse(void *work, visitproc visit, void *arg)
{
    admin_call *c = work;
    Py_VISIT(c->client);
    Py_VISIT(c->fields);
    return 0;
}

static const pending_kind admin_kind = {
    .name = "admin",
    .size = sizeof(admin_call),
    .go_on = admin_go_on,
    .abandon = admin_abandon,
    .clear = admin_clear,
    .traverse = admin_traverse,
};

static int
admin_fill(PendingObject *p, void *work, const void *row, PyObject *self,
           PyTypeObject *cls, PyObject **argv)
{
    admin_call *c = work;
    (void)row;
    int rc = prepare(c, self, cls, argv);
    if (rc == 0 && asc_call_request(c->call)->writes) {
        pending_set_writes(p);
    }
    return rc;
}

static PyObject *
async__admin(METHOD_PARAMS)
{
    static const async_method method = {
        .name = "_admin",
        .args = admin_args,
        .n_required = 2,
        .kind = &admin_kind,
        .fill = admin_fill,
    };
    return async_method_call(&method, self, cls, args, nargs, kwnames);
}

const PyMethodDef admin_methods[] = {
    METHOD_ROW("_admin", client__admin, doc__admin),
    {NULL, NULL, 0, NULL},
};

const PyMethodDef async_admin_methods[] = {
    METHOD_ROW("_admin", async__admin, doc__admin),
    {NULL, NULL, 0, NULL},
};

/* --- hashes --- */

static const char doc_hash_password[] =
    "hash_password($module, password, /)\n--\n\n"
    "The hash of a password as nodes keep it, in a capsule, which shows nothing. This\n"
    "takes some 50 ms.\n\n"
    ":raises ParamError: it is no str, or has a NUL.";

static void
free_hash(PyObject *capsule)
{
    asc_secret_free(PyCapsule_GetPointer(capsule, HASH_CAPSULE));
}

static PyObject *
core_hash_password(PyObject *module, PyObject *password)
{
    char *hash = password_hash(PyModule_GetState(module), password);
    PyObject *capsule =
        hash != NULL ? PyCapsule_New(hash, HASH_CAPSULE, free_hash) : NULL;
    if (capsule == NULL) {
        asc_secret_free(hash);
    }
    return capsule;
}

const PyMethodDef admin_functions[] = {
    {"hash_password", core_hash_password, METH_O, doc_hash_password},
    {NULL, NULL, 0, NULL},
};
