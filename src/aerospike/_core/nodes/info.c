/* nodes/info.c -- the methods of aerospike.Client that ask nodes for information.
 *
 * An info command is a line of text, and so is its reply. The methods differ in the
 * nodes that they ask and in what they make of the replies: each is a row that says
 * so. */
#include "nodes/nodes.h"

#include <string.h>

#include "clients/client.h"
#include "clients/doc_texts.h"
#include "asc/alloc.h"
#include "loop/method.h"
#include "support/compat.h"
#include "support/numbers.h"
#include "support/texts.h"
#include "values/values.h"

#define INFO_MAX_ARGS 3

typedef struct info_call info_call;

/* What is particular about a method that asks. The first argument is always the
 * command. */
typedef struct info_method_row {
    const char *name;                    /* of the method, for errors */
    const char *args[INFO_MAX_ARGS + 1]; /* their names, ended by NULL */
    int n_required;                      /* so many of them must be given */
    int policy_at;                       /* which argument is the policy */

    /* The method is of the older sort: when a node refuses the command, its text is the
     * result. Else that raises. */
    bool refusals_are_text;

    /* Other clients have these texts for one node, and others for all of them. */
    bool is_of_one_node;

    bool gives_dict; /* of what each node says; else there is one, and its text */

    /* Choose the nodes to ask: c->questions. 0, or -1 with an exception. */
    int (*choose)(info_call *c, PyObject *const *argv);
} info_method_row;

/* What a node is asked. */
typedef struct question {
    const char *node_name; /* borrowed from the list of nodes */
    asc_call *call;        /* taken from the client, from the question to its reply */
    asc_error err;         /* how it has ended */
} question;

/* One call. */
struct info_call {
    const info_method_row *row; /* NULL: the call only looks at the list of nodes */
    module_state *st;
    ClientObject *client; /* owned */
    asc_cluster *cluster; /* counted */
    policy pol;
    uint64_t began_ms; /* from when on its total_timeout counts, for all questions */
    PyObject *command_arg; /* owned: the str that command points into */
    const char *command;
    size_t command_size;
    bool changes;         /* the command changes something: a failure may be in doubt */
    asc_node_info *nodes; /* owned */
    size_t n_nodes;
    question *questions; /* owned: one to each node that was chosen */
    size_t n_questions;
    size_t n_written;   /* of them: for these, requests are made */
    size_t n_submitted; /* of these, in an event loop */
    size_t at;          /* the first one whose reply has not been read */
    PyObject *result;   /* owned: what the others have said */
    asc_error err;
};

/* What some calls say of a client that is closed, to the stop. */
#define NOT_CONNECTED_TO_ONE "No connection to aerospike cluster."

/* List the nodes of the cluster in c->nodes. 0, or -1 with an exception. */
static int
list_nodes(info_call *c)
{
    asc_error_reset(&c->err);
    if (asc_cluster_nodes(c->cluster, &c->nodes, &c->n_nodes, &c->err) == ASC_OK) {
        return 0;
    }
    raise_error(c->st, &c->err, NULL, NULL);
    return -1;
}

/* Where the client of an event loop has not connected, say so for a method that does
 * not wait. Any other exception stays. */
static void
tell_not_connected(info_call *c)
{
    if (PyErr_ExceptionMatches(c->st->NotConnected)) {
        PyErr_Clear();
        raise_code(c->st, ASC_ERR_CLUSTER,
                   "%s" DETAIL "the client has not connected yet: await connect(), or "
                   "any call, first",
                   NOT_CONNECTED_TO_ONE);
    }
}

/* Take the cluster and list its nodes. timing is that of the call, or NULL. 0, or -1
 * with an exception. */
static int
open_client(info_call *c, asc_timing *timing)
{
    c->cluster = client_cluster(c->st, c->client, timing);
    return c->cluster != NULL ? list_nodes(c) : -1;
}

/* Begin a call, which end() ends. */
static void
new_call(info_call *c, PyObject *self, PyTypeObject *cls)
{
    *c = (info_call){.st = PyType_GetModuleState(cls),
                     .client = (ClientObject *)Py_NewRef(self)};
}

/* Does a command, which begins with its name, change data or settings? The names are
 * from the server's info reference; one of them stands for all that begin with it. */
static bool
is_change(const char *command, size_t size)
{
    static const char *const names[] = {
        "truncate",       "sindex-create", "sindex-delete", "udf-put",
        "udf-remove",     "set-config",    "query-abort",   "scan-abort",
        "jobs",           "recluster",     "quiesce",       "roster-set",
        "eviction-reset", "revive",        "tip",           "services-alumni-reset",
        "log-set",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = strlen(names[i]);
        if (size >= len && memcmp(command, names[i], len) == 0) {
            return true;
        }
    }
    return false;
}

/* Does any of several commands, each in a line, change something? */
static bool
changes_something(const char *text, size_t size)
{
    const char *end = text + size;
    while (text < end && !is_change(text, (size_t)(end - text))) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        text = stop != NULL ? stop + 1 : end;
    }
    return text < end;
}

/* Begin a call that asks: parse what every such method has. 0, or -1 with an exception;
 * end() is to be called in either case. */
static int
begin(info_call *c, const info_method_row *row, PyObject *self, PyTypeObject *cls,
      PyObject *const *argv)
{
    PyObject *command = argv[0];
    Py_ssize_t size;
    new_call(c, self, cls);
    c->row = row;
    c->command_arg = Py_NewRef(command);
    if (client_check_open_as(c->st, c->client,
                             row->is_of_one_node ? NOT_CONNECTED_TO_ONE : NULL) < 0) {
        return -1;
    }
    if (!PyUnicode_Check(command)) {
        return raise_param(c->st, "%s" DETAIL "got %s",
                           row->is_of_one_node ? "Request should be a string."
                                               : "Request must be a string",
                           Py_TYPE(command)->tp_name);
    }
    c->command = utf8_of(c->st, command, &size, ASC_ERR_PARAM, "Request");
    if (c->command == NULL) {
        return -1;
    }
    c->command_size = (size_t)size;
    c->changes = changes_something(c->command, c->command_size);
    if (config_call_policy(c->st, &c->pol, &c->client->config, POLICY_INFO,
                           argv[row->policy_at]) < 0 ||
        open_client(c, &c->pol.timing) < 0) {
        return -1;
    }
    c->began_ms = client_now_ms();
    if (row->choose(c, argv) < 0) {
        return -1;
    }
    c->result = row->gives_dict ? PyDict_New() : NULL;
    return row->gives_dict && c->result == NULL ? -1 : 0;
}

/* Give back all that a call has. */
static void
end(info_call *c)
{
    for (size_t i = c->at; i < c->n_written; i++) {
        client_give_call(c->client, c->questions[i].call);
    }
    policy_clear(&c->pol);
    asc_free(c->questions);
    asc_free(c->nodes);
    asc_cluster_release(c->cluster);
    Py_XDECREF(c->result);
    Py_XDECREF(c->command_arg);
    Py_DECREF(c->client);
}

/* Say in c->err which node has refused. */
static void
name_node(info_call *c, const char *node_name)
{
    for (size_t i = 0; i < c->n_nodes; i++) {
        const asc_node_info *n = &c->nodes[i];
        if (strcmp(n->name, node_name) == 0) {
            bool is_v6 = strchr(n->address, ':') != NULL;
            snprintf(c->err.host, sizeof c->err.host, is_v6 ? "[%s]:%u" : "%s:%u",
                     n->address, (unsigned)n->port);
            asc_error_append(&c->err, " from %s", c->err.host);
            return;
        }
    }
}

/* Write the next question. Its request, or NULL with MemoryError. */
static question *
write_question(info_call *c)
{
    question *q = &c->questions[c->n_written];
    q->call = client_take_call(c->client);
    if (q->call == NULL) {
        return NULL;
    }
    c->n_written++;
    asc_error_reset(&q->err);
    asc_request *req = asc_call_request(q->call);
    bool ended = c->command_size > 0 && c->command[c->command_size - 1] == '\n';
    asc_buf text = ASC_BUF_INIT;
    bool ok = asc_buf_put(&text, c->command, c->command_size) &&
              (ended || c->command_size == 0 || asc_buf_put(&text, "\n", 1)) &&
              asc_write_info(&req->out, (const char *)text.data, text.len);
    asc_buf_clear(&text);
    policy_to_request(&c->pol, req, c->changes);
    client_take_off(&req->timing, client_now_ms() - c->began_ms);
    req->node_name = q->node_name;
    req->alone = c->changes;
    return put_ok(ok) == 0 ? q : NULL;
}

/* The whole text of a reply, *size bytes that are borrowed from the question, or NULL
 * with an exception. When the node refuses the (first) command, that raises what the
 * node says, unless the row wants its text. */
static const char *
open_reply(info_call *c, const question *q, size_t *size)
{
    asc_request *req = asc_call_request(q->call);
    const char *reply = (const char *)req->in.data + ASC_PROTO_HEADER_SIZE;
    *size = req->in.len - ASC_PROTO_HEADER_SIZE;
    asc_info_pair first;
    size_t at = 0;
    asc_error_reset(&c->err);
    if (!c->row->refusals_are_text && asc_info_next(reply, *size, &at, &first) &&
        asc_info_status(first.value, first.value_size, &c->err) != ASC_OK) {
        name_node(c, req->node_name);
        raise_error(c->st, &c->err, NULL, NULL);
        explain_info(c->st, c->command_arg);
        return NULL;
    }
    return reply;
}

static PyObject *
text_to_py(const char *text, size_t size)
{
    return decode_text((const uint8_t *)text, size);
}

/* Is this the node that host names: "name", or (address, port)? check_host() has looked
 * at the types. */
static bool
is_host(const asc_node_info *node, PyObject *host)
{
    if (PyUnicode_Check(host)) {
        return PyUnicode_CompareWithASCIIString(host, node->name) == 0;
    }
    /* borrowed: a tuple does not change, and the caller holds this one */
    PyObject *address = PyTuple_GET_ITEM(host, 0), *port = PyTuple_GET_ITEM(host, 1);
    int64_t number;
    return PyUnicode_CompareWithASCIIString(address, node->address) == 0 &&
           int64_from_py(port, &number) && number == node->port;
}

/* Is host something that could name a node? 0, or -1 with ParamError. */
static int
check_host(info_call *c, PyObject *host)
{
    /* borrowed: for a look at their types */
    bool is_pair = PyTuple_Check(host) && PyTuple_GET_SIZE(host) >= 2 &&
                   PyUnicode_Check(PyTuple_GET_ITEM(host, 0)) &&
                   PyLong_Check(PyTuple_GET_ITEM(host, 1));
    if (PyUnicode_Check(host) || is_pair) {
        return 0;
    }
    return raise_param(c->st,
                       "Host must be a string." DETAIL
                       "the name of a node or (address, "
                       "port), got %s",
                       Py_TYPE(host)->tp_name);
}

/* Raise ParamError for a host that names no node, with the nodes that there are: 16 at
 * most. */
static void
raise_unknown_node(info_call *c, PyObject *host)
{
    PyObject *names = PyUnicode_FromString("");
    for (size_t i = 0; names != NULL && i < c->n_nodes && i < 16; i++) {
        const char *gap = i == 0 ? "" : ", ";
        Py_SETREF(names, PyUnicode_FromFormat("%U%s%s at %s:%u", names, gap,
                                              c->nodes[i].name, c->nodes[i].address,
                                              (unsigned)c->nodes[i].port));
    }
    if (names != NULL) {
        raise_param(c->st, "Could not get node with name %S." DETAIL "the nodes are %U",
                    host, names);
        Py_DECREF(names);
    }
}

/* The name of the node that host stands for, borrowed from the list of nodes; NULL with
 * ParamError. */
static const char *
node_of_host(info_call *c, PyObject *host)
{
    if (check_host(c, host) < 0) {
        return NULL;
    }
    for (size_t i = 0; i < c->n_nodes; i++) {
        if (is_host(&c->nodes[i], host)) {
            return c->nodes[i].name;
        }
    }
    raise_unknown_node(c, host);
    return NULL;
}

/* --- whom to ask: the functions choose of the rows --- */

/* Have so many places for questions. 0, or -1 with MemoryError. */
static int
make_room(info_call *c, size_t n)
{
    c->questions = asc_calloc(n + 1, sizeof *c->questions); /* n may be 0 */
    return put_ok(c->questions != NULL);
}

static void
choose(info_call *c, const char *node_name)
{
    c->questions[c->n_questions++].node_name = node_name;
}

static int
choose_all(info_call *c, PyObject *const *argv)
{
    (void)argv;
    if (make_room(c, c->n_nodes) < 0) {
        return -1;
    }
    for (size_t i = 0; i < c->n_nodes; i++) {
        choose(c, c->nodes[i].name);
    }
    return 0;
}

/* One node by its name, borrowed from the list of nodes; NULL when looking for it has
 * raised. */
static int
choose_name(info_call *c, const char *name)
{
    if (name == NULL || make_room(c, 1) < 0) {
        return -1;
    }
    choose(c, name);
    return 0;
}

static int
choose_host(info_call *c, PyObject *const *argv)
{
    return choose_name(c, node_of_host(c, argv[1]));
}

static int
choose_any(info_call *c, PyObject *const *argv)
{
    (void)argv;
    return choose_name(c, client_any_node(c->st, c->cluster, c->nodes, c->n_nodes));
}

/* Those of a sequence of hosts, or all. */
static int
choose_given(info_call *c, PyObject *const *argv)
{
    PyObject *hosts = none_to_null(argv[1]);
    if (hosts == NULL) {
        return choose_all(c, argv);
    }
    PyObject *list = PySequence_Tuple(hosts);
    size_t n = list != NULL ? (size_t)PyTuple_GET_SIZE(list) : 0;
    int rc = list != NULL ? make_room(c, n) : -1;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        /* borrowed: a tuple does not change, and this function holds this one */
        const char *name = node_of_host(c, PyTuple_GET_ITEM(list, (Py_ssize_t)i));
        if (name == NULL) {
            rc = -1;
            break;
        }
        choose(c, name);
    }
    Py_XDECREF(list);
    return rc;
}

/* --- asking --- */

/* Add the reply of a node to the dict that is the result: under its name (None, the
 * text behind the first tab). The None stands for an error that older versions put
 * there. 0, or -1 with an exception. */
static int
add_to_dict(info_call *c, const char *node_name, const char *text, size_t size)
{
    const char *tab = memchr(text, '\t', size);
    const char *value = tab != NULL ? tab + 1 : text;
    PyObject *item = text_to_py(value, size - (size_t)(value - text));
    PyObject *pair = item != NULL ? PyTuple_Pack(2, Py_None, item) : NULL;
    int rc = pair != NULL ? PyDict_SetItemString(c->result, node_name, pair) : -1;
    Py_XDECREF(item);
    Py_XDECREF(pair);
    return rc;
}

/* Make of a reply what the row wants. 0, or -1 with an exception. */
static int
add_reply(info_call *c, const question *q)
{
    size_t size;
    const char *text = open_reply(c, q, &size);
    if (text == NULL) {
        return -1;
    }
    if (c->row->gives_dict) {
        return add_to_dict(c, q->node_name, text, size);
    }
    c->result = text_to_py(text, size);
    return c->result != NULL ? 0 : -1;
}

/* Read what has become of the first question that is open, which has ended as
 * client_run_call() says. 0, or -1 with an exception. */
static int
take_reply(info_call *c, int outcome)
{
    question *q = &c->questions[c->at];
    if (outcome > 0) {
        raise_error(c->st, &q->err, NULL, NULL);
    }
    if (outcome != 0 || add_reply(c, q) < 0) {
        if (c->at > 0 && c->changes) {
            raise_doubt(c->st, true); /* the nodes before this one have done it */
        }
        return -1;
    }
    client_give_call(c->client, q->call);
    c->at++;
    return 0;
}

/* The body of a method that asks. */
static PyObject *
info_method(const info_method_row *row, METHOD_PARAMS)
{
    PyObject *argv[INFO_MAX_ARGS], *result = NULL;
    info_call c;
    if (parse_args(row->name, row->args, row->n_required, args, nargs, kwnames, argv) <
        0) {
        return NULL;
    }
    int rc = begin(&c, row, self, cls, argv);
    while (rc == 0 && c.at < c.n_questions) {
        question *q = write_question(&c);
        rc = q != NULL
                 ? take_reply(&c, client_run_call(c.st, q->call, c.cluster, &q->err))
                 : -1;
    }
    if (rc == 0) {
        result = Py_NewRef(c.result);
    }
    end(&c);
    return result;
}

/* --- asking in an event loop --- */

/* Submit the questions that may be under way by now: all of them side by side; but of
 * what changes something one after another, so that an error leaves the other nodes as
 * they are. 0, or -1 with MemoryError. */
static int
submit_questions(info_call *c, PendingObject *p)
{
    size_t end = c->n_questions;
    if (c->changes && c->at < end) {
        end = c->at + 1;
    }
    while (c->n_written < end) {
        question *q = write_question(c);
        if (q == NULL) {
            return -1;
        }
        loop_submit_call(pending_loop(p), p, q->call, &q->err);
        c->n_submitted = c->n_written;
    }
    return 0;
}

/* Give up what is under way. May a change be made all the same? */
static bool
info_abandon(PendingObject *p, void *work)
{
    info_call *c = work;
    LoopObject *l = pending_loop(p);
    bool may_be_done = c->changes && c->at > 0;
    for (size_t i = c->at; i < c->n_submitted; i++) {
        asc_call *call = c->questions[i].call;
        if (loop_has_call(l, call) && loop_abandon_call(l, call)) {
            may_be_done = true;
        }
    }
    c->n_submitted = c->at;
    return may_be_done;
}

/* Replies are read in the order of the questions, as Client does. */
static pending_step
info_go_on(PendingObject *p, void *work, PyObject **result)
{
    info_call *c = work;
    int rc = 0;
    while (rc == 0 && c->at < c->n_submitted &&
           !loop_has_call(pending_loop(p), c->questions[c->at].call)) {
        rc = take_reply(c, c->questions[c->at].err.code != ASC_OK);
    }
    if (rc == 0) {
        rc = submit_questions(c, p);
    }
    if (rc == 0 && c->at < c->n_questions) {
        return PENDING_WAITS;
    }
    if (rc < 0) {
        info_abandon(p, work);
    }
    *result = rc == 0 ? Py_NewRef(c->result) : NULL;
    return PENDING_ENDS;
}

static void
info_clear(void *work)
{
    info_call *c = work;
    if (c->client != NULL) {
        end(c);
    }
}

static int
info_traverse(void *work, visitproc visit, void *arg)
{
    info_call *c = work;
    Py_VISIT(c->client);
    Py_VISIT(c->result);
    return 0;
}

static const pending_kind info_kind = {
    .name = "info",
    .size = sizeof(info_call),
    .go_on = info_go_on,
    .abandon = info_abandon,
    .clear = info_clear,
    .traverse = info_traverse,
};

static int
info_fill(PendingObject *p, void *work, const void *row, PyObject *self,
          PyTypeObject *cls, PyObject **argv)
{
    info_call *c = work;
    int rc = begin(c, row, self, cls, argv);
    if (rc == 0 && c->changes) {
        pending_set_writes(p);
    }
    return rc;
}

/* The body of a method of AsyncClient that asks. */
static PyObject *
async_info_method(const info_method_row *row, METHOD_PARAMS)
{
    const async_method method = {
        .name = row->name,
        .args = row->args,
        .n_required = row->n_required,
        .kind = &info_kind,
        .row = row,
        .fill = info_fill,
    };
    return async_method_call(&method, self, cls, args, nargs, kwnames);
}

/* --- methods that know the nodes --- */

/* A list with what `make` makes of each node; NULL with an exception. closed is what
 * the error says of a closed client, NULL for the usual. */
static PyObject *
nodes_to_py(PyObject *self, PyTypeObject *cls, const char *closed,
            PyObject *(*make)(const asc_node_info *))
{
    info_call c;
    new_call(&c, self, cls);
    bool is_open =
        client_check_open_as(c.st, c.client, closed) == 0 && open_client(&c, NULL) == 0;
    PyObject *list = is_open ? PyList_New(0) : NULL;
    for (size_t i = 0; list != NULL && i < c.n_nodes; i++) {
        PyObject *item = make(&c.nodes[i]);
        if (item == NULL || PyList_Append(list, item) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(item);
    }
    if (list == NULL) {
        tell_not_connected(&c);
    }
    end(&c);
    return list;
}

static PyObject *
node_to_pair(const asc_node_info *n)
{
    return Py_BuildValue("(si)", n->address, (int)n->port);
}

static PyObject *
node_to_dict(const asc_node_info *n)
{
    return Py_BuildValue("{sssiss}", "address", n->address, "port", (int)n->port,
                         "node_name", n->name);
}

/* These two pass over what they are given, as the client on PyPI does. */

static const char doc_get_nodes[] =
    "get_nodes($self)\n--\n\n"
    "The nodes known at this moment: a list of (address, port).";

static PyObject *
client_get_nodes(METHOD_PARAMS)
{
    (void)args, (void)nargs, (void)kwnames;
    return nodes_to_py(self, cls, NULL, node_to_pair);
}

static const char doc_get_node_names[] =
    "get_node_names($self)\n--\n\n"
    "The nodes known at this moment: a list of dicts {\"address\", \"port\",\n"
    "\"node_name\"}.";

static PyObject *
client_get_node_names(METHOD_PARAMS)
{
    (void)args, (void)nargs, (void)kwnames;
    return nodes_to_py(self, cls, NOT_CONNECTED_TO_ONE, node_to_dict);
}

static const char doc_has_geo[] =
    "has_geo($self)\n--\n\n"
    "True when the cluster supports GeoJSON. All of today's servers do.\n\n"
    ":raises ClusterError: the client is closed.";

static PyObject *
client_has_geo(METHOD_PARAMS)
{
    static const char *const names[] = {NULL};
    info_call c;
    if (parse_args("has_geo", names, 0, args, nargs, kwnames, NULL) < 0) {
        return NULL;
    }
    new_call(&c, self, cls);
    int rc = open_client(&c, NULL);
    if (rc < 0) {
        tell_not_connected(&c);
    }
    end(&c);
    return rc == 0 ? Py_NewRef(Py_True) : NULL; /* every server since 3.7 does */
}

/* --- methods that ask --- */

/* The methods of a row: that of Client, and that of AsyncClient. */
#define INFO_METHODS(method)                                                           \
    static PyObject *client_##method(METHOD_PARAMS)                                    \
    {                                                                                  \
        return info_method(&method##_row, self, cls, args, nargs, kwnames);            \
    }                                                                                  \
    static PyObject *async_##method(METHOD_PARAMS)                                     \
    {                                                                                  \
        return async_info_method(&method##_row, self, cls, args, nargs, kwnames);      \
    }

/* The formatter is off so that docstrings keep one line of text a line. */
/* clang-format off */
static const char doc_info_all[] =
    "info_all($self, command, policy=None)\n--\n\n"
    "Send an info command to every node.\n\n"
    ":param command: str; several commands are separated by line feeds.\n"
    DOC_POLICY("info")
    ":return: dict of node name to (None, reply), without the first command's name.\n"
    ":raises InvalidRequest: a node does not know the (first) command.\n"
    DOC_RAISES;

static const info_method_row info_all_row = {
    .name = "info_all",
    .args = {"command", "policy"}, .n_required = 1, .policy_at = 1,
    .gives_dict = true, .choose = choose_all,
};

INFO_METHODS(info_all)

static const char doc_info[] =
    "info($self, command, hosts=None, policy=None)\n--\n\n"
    "Send an info command to nodes. This is the older form of info_all(): if a node\n"
    "refuses the command, its error text is the reply.\n\n"
    ":param command: str.\n"
    ":param hosts: list of (address, port); None asks every node.\n"
    DOC_POLICY("info")
    ":return: dict of node name to (None, reply without the command's name).\n"
    DOC_RAISES;

static const info_method_row info_row = {
    .name = "info",
    .args = {"command", "hosts", "policy"}, .n_required = 1, .policy_at = 2,
    .refusals_are_text = true, .gives_dict = true, .choose = choose_given,
};

INFO_METHODS(info)

static const char doc_info_single_node[] =
    "info_single_node($self, command, host, policy=None)\n--\n\n"
    "Send an info command to one node.\n\n"
    ":param command: str.\n"
    ":param host: str, the name of the node.\n"
    DOC_POLICY("info")
    ":return: str \"command<TAB>reply<LF>\".\n"
    ":raises InvalidRequest: the node does not know the command.\n"
    DOC_RAISES;

static const info_method_row info_single_node_row = {
    .name = "info_single_node", .is_of_one_node = true,
    .args = {"command", "host", "policy"}, .n_required = 2, .policy_at = 2,
    .choose = choose_host,
};

INFO_METHODS(info_single_node)

static const char doc_info_node[] =
    "info_node($self, command, host, policy=None)\n--\n\n"
    "Send an info command to one node. This is the older form of info_single_node():\n"
    "if the node refuses the command, its error text is the reply.\n\n"
    ":param command: str.\n"
    ":param host: (address, port), or the name of the node.\n"
    DOC_POLICY("info")
    ":return: str \"command<TAB>reply<LF>\".\n"
    DOC_RAISES;

static const info_method_row info_node_row = {
    .name = "info_node",
    .args = {"command", "host", "policy"}, .n_required = 2, .policy_at = 2,
    .refusals_are_text = true, .choose = choose_host,
};

INFO_METHODS(info_node)

static const char doc_info_random_node[] =
    "info_random_node($self, command, policy=None)\n--\n\n"
    "Send an info command to any one of the nodes.\n\n"
    ":param command: str.\n"
    DOC_POLICY("info")
    ":return: str \"command<TAB>reply<LF>\".\n"
    ":raises InvalidRequest: the node does not know the command.\n"
    DOC_RAISES;

static const info_method_row info_random_node_row = {
    .name = "info_random_node", .is_of_one_node = true,
    .args = {"command", "policy"}, .n_required = 1, .policy_at = 1,
    .choose = choose_any,
};

INFO_METHODS(info_random_node)

/* clang-format on */

/* The rows of both types. */
#define INFO_ROWS(prefix)                                                              \
    {                                                                                  \
        METHOD_ROW("info", prefix##_info, doc_info),                                   \
        METHOD_ROW("info_node", prefix##_info_node, doc_info_node),                    \
        METHOD_ROW("info_all", prefix##_info_all, doc_info_all),                       \
        METHOD_ROW("info_single_node", prefix##_info_single_node,                      \
                   doc_info_single_node),                                              \
        METHOD_ROW("info_random_node", prefix##_info_random_node,                      \
                   doc_info_random_node),                                              \
        {NULL, NULL, 0, NULL},                                                         \
    }

const PyMethodDef info_methods[] = INFO_ROWS(client);
const PyMethodDef async_info_methods[] = INFO_ROWS(async);

const PyMethodDef node_list_methods[] = {
    METHOD_ROW("has_geo", client_has_geo, doc_has_geo),
    METHOD_ROW("get_nodes", client_get_nodes, doc_get_nodes),
    METHOD_ROW("get_node_names", client_get_node_names, doc_get_node_names),
    {NULL, NULL, 0, NULL},
};

/* --- of the module --- */

static const char doc_info_changes[] =
    "info_changes($module, command, /)\n--\n\n"
    "Whether an info command changes data or settings.";

static PyObject *
core_info_changes(PyObject *module, PyObject *command)
{
    Py_ssize_t size;
    const char *text =
        utf8_of(PyModule_GetState(module), command, &size, ASC_ERR_PARAM, "Request");
    return text != NULL ? PyBool_FromLong(changes_something(text, (size_t)size)) : NULL;
}

const PyMethodDef info_functions[] = {
    {"info_changes", core_info_changes, METH_O, doc_info_changes},
    {NULL, NULL, 0, NULL},
};
