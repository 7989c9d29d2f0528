/* batch/batch.c -- one batch under way: how its rows become the requests of nodes, and
 * how the answers find their rows.
 *
 * The library (asc/batch.h) knows which node a row belongs to, which rows are answered,
 * and what is repeated. This file knows the bytes: what a row asks for lies in a
 * template that rows share, and is copied into the request of a node; an answer is
 * handed to the sink of the batch, which makes Python objects of it.
 *
 * Most batches ask for the same of many keys, and the protocol has a short form for
 * them: a row that differs from the one before it by its key alone is sent as its
 * number and digest, and a byte that says "the rest as before". The node takes that
 * from the row before in the same request, so that a request is written anew when its
 * rows are repeated at another node.
 *
 * What is done for a stage (batch.h) goes on from where the slice before ended, and
 * stops when nothing is left of this one.
 *
 * A row can end in three ways: a server answers it with a record, a server answers it
 * with an error, or no server answers it and its part has failed for good. */
#include "batch/batch.h"

#include <stdio.h>
#include <string.h>

#include "asc/detail.h"
#include "support/compat.h"
#include "values/record_tuple.h"

/* An unfinished reply is read when so many bytes of it have come: with fewer the GIL
 * would change hands more often, with more the decoding would begin later. */
#define GATHER_BYTES (64u << 10)

#define MAX_REQUEST_BYTES (128u << 20) /* a node refuses larger ones */
#define DROPPED_AT_ONCE (1u << 20)

/* The memory of the rows goes to the next batch of the client unless it is more than
 * this: each page that comes from the system anew costs a fault. */
#define KEPT_BYTES (4u << 20)

#define MAX_ROWS (1 << 30) /* a row's number has 32 bits on the wire */

/* --- memory --- */

/* The memory of a batch while none uses it. There is nothing in it then. */
typedef struct batch_store {
    client_store of_client;
    batch_memory memory;
} batch_store;

static void
free_store(client_store *of_client)
{
    batch_store *store = (batch_store *)of_client;
    batch_memory *memory = &store->memory;
    PyMem_Free(memory->items);
    PyMem_Free(memory->names);
    PyMem_Free(memory->templates);
    PyMem_Free(memory->rows);
    asc_buf_clear(&memory->bytes);
    PyMem_Free(store);
}

/* Take the memory of a batch before, or begin without any. 0, or -1 with
 * MemoryError. */
static int
take_store(batch_run *b)
{
    batch_store *store = (batch_store *)client_take_store(b->client);
    if (store == NULL) {
        store = PyMem_Calloc(1, sizeof *store);
        if (store == NULL) {
            return put_ok(false);
        }
        store->of_client.free = free_store;
    }
    b->store = store;
    b->memory = store->memory;
    return 0;
}

/* Leave the memory to the next batch. */
static void
give_store(batch_run *b)
{
    batch_store *store = b->store;
    batch_memory *memory = &b->memory;
    size_t size = memory->cap_items * sizeof *memory->items +
                  memory->cap_names * sizeof *memory->names +
                  memory->cap_templates * sizeof *memory->templates +
                  memory->cap_rows * sizeof *memory->rows + memory->bytes.cap;
    memory->bytes.len = 0;
    store->memory = *memory;
    if (size <= KEPT_BYTES) {
        client_give_store(b->client, &store->of_client);
    }
    else {
        free_store(&store->of_client);
    }
}

/* Make room for n elements in an array of the batch, which has room for *cap and has
 * nothing in it. The new array, or NULL with MemoryError. */
static void *
room_for(void *array, size_t *cap, size_t n, size_t size)
{
    if (array != NULL && *cap >= n) {
        return array;
    }
    PyMem_Free(array);
    n = n > 0 ? n : 1;
    array = PyMem_Malloc(n * size);
    *cap = array != NULL ? n : 0;
    put_ok(array != NULL);
    return array;
}

/* --- life --- */

int
batch_begin(batch_run *b, PyObject *self, PyTypeObject *cls, const batch_method *method,
            policy_kind kind, PyObject *policy_arg)
{
    *b = (batch_run){.st = PyType_GetModuleState(cls),
                     .method = method,
                     .client = (ClientObject *)Py_NewRef(self),
                     .kind = kind};
    b->strict = b->client->config.strict;
    if (client_check_open(b->st, b->client) < 0 ||
        config_call_policy(b->st, &b->pol, &b->client->config, kind, policy_arg) < 0 ||
        (b->cluster = client_cluster(b->st, b->client, &b->pol.timing)) == NULL ||
        take_store(b) < 0) {
        return -1;
    }
    b->batch = asc_batch_take(b->cluster);
    if (b->batch == NULL) {
        return put_ok(false);
    }
    asc_request req = {0};
    policy_to_request(&b->pol, &req, false);
    const asc_batch_options options = {
        .set = {.timing = b->pol.timing,
                .gather = GATHER_BYTES,
                .check_ms = SIGNAL_CHECK_MS},
        .replica = req.replica,
        .linearize = req.linearize,
        .sc_session = req.sc_session,
    };
    asc_batch_begin(b->batch, b->cluster, &options);
    return 0;
}

int
batch_row_policy(const batch_run *b, policy *p, policy_kind kind, PyObject *dict)
{
    const client_config *config = &b->client->config;
    policy defaults = config_policy(config, kind);
    const policy of_whole = config_policy(config, b->kind);
    policy_inherit(&defaults, &b->pol, &of_whole);
    return policy_from_py(b->st, p, &defaults, kind, dict, &config->values);
}

/* Make room for n items and their rows. 0, or -1 with an exception. */
static int
reserve_items(batch_run *b, Py_ssize_t n)
{
    asc_error err; /* which says no more than its code */
    asc_error_reset(&err);
    if (n > MAX_ROWS) {
        return raise_param(b->st, "the batch is too large: %zd records, at most %d", n,
                           MAX_ROWS);
    }
    b->memory.items = room_for(b->memory.items, &b->memory.cap_items, (size_t)n,
                               sizeof *b->memory.items);
    if (b->memory.items == NULL) {
        return -1;
    }
    b->memory.rows = room_for(b->memory.rows, &b->memory.cap_rows, (size_t)n,
                              sizeof *b->memory.rows);
    if (b->memory.rows == NULL) {
        return -1;
    }
    return put_ok(asc_batch_reserve(b->batch, (uint32_t)n, &err) == ASC_OK);
}

/* Copy more items of a list or tuple, in a critical section of it, until there are n. A
 * list may have become shorter meanwhile. */
static void
take_some(batch_run *b, PyObject *items, size_t n)
{
    PyObject **from = PySequence_Fast_ITEMS(items); /* borrowed: nothing runs here */
    size_t size = (size_t)PySequence_Fast_GET_SIZE(items);
    for (; b->n_items < n && b->n_items < size; b->n_items++) {
        b->memory.items[b->n_items] = Py_NewRef(from[b->n_items]);
    }
}

#define TAKEN_AT_ONCE (16u << 10)

int
batch_take_items(batch_run *b, PyObject *items)
{
    size_t n = (size_t)PySequence_Fast_GET_SIZE(items);
    if (reserve_items(b, (Py_ssize_t)n) < 0) {
        return -1;
    }
    for (size_t at = 0; at < n; at += TAKEN_AT_ONCE) {
        size_t end = n - at < TAKEN_AT_ONCE ? n : at + TAKEN_AT_ONCE;
        if (at > 0) {
            give_turn(b->st);
        }
        Py_BEGIN_CRITICAL_SECTION(items);
        take_some(b, items, end);
        Py_END_CRITICAL_SECTION();
    }
    return 0;
}

/* Drop so many rows and items. False: there are no more. */
static bool
drop_rows(batch_run *b, size_t n)
{
    for (; n > 0 && b->n_rows > 0; n--) {
        batch_row *row = &b->memory.rows[--b->n_rows];
        Py_DECREF(row->given);
        Py_XDECREF(row->target);
        Py_XDECREF(row->held);
    }
    for (; n > 0 && b->item_at < b->n_items; n--) {
        Py_DECREF(b->memory.items[b->item_at++]);
    }
    return n == 0;
}

/* To give back large memory all at once takes the system 0.1 ms for each MB. */
bool
batch_drop_some(batch_run *b)
{
    bool more = drop_rows(b, 1000);
    size_t size = b->memory.cap_rows * sizeof *b->memory.rows;
    if (size > KEPT_BYTES && b->n_rows > 0 &&
        size - b->n_rows * sizeof *b->memory.rows > DROPPED_AT_ONCE) {
        batch_row *moved =
            PyMem_Realloc(b->memory.rows, b->n_rows * sizeof *b->memory.rows);
        b->memory.rows = moved != NULL ? moved : b->memory.rows;
        b->memory.cap_rows = b->n_rows;
    }
    return more ||
           (b->batch != NULL &&
            asc_set_shrink(asc_batch_set(b->batch), DROPPED_AT_ONCE)) ||
           asc_buf_shrink(&b->memory.bytes, DROPPED_AT_ONCE, KEPT_BYTES);
}

/* Drop what a large batch owns bit by bit. An exception that is set stays. */
static void
drop_in_turns(batch_run *b)
{
    PyObject *exc =
        PyErr_GetRaisedException(); /* what is dropped may run Python code */
    if (b->batch != NULL) {
        asc_set_stop(asc_batch_set(b->batch));
    }
    while (batch_drop_some(b)) {
        give_turn(b->st);
    }
    PyErr_SetRaisedException(exc); /* takes the reference; drops any other exception */
}

void
batch_end(batch_run *b)
{
    if (b->method != NULL && b->method->clear != NULL) {
        b->method->clear(b);
    }
    drop_in_turns(b);
    for (size_t i = 0; i < b->n_templates; i++) {
        Py_XDECREF(b->memory.templates[i].asked);
    }
    for (size_t i = 0; i < b->n_names; i++) {
        Py_DECREF(b->memory.names[i].of.ns);
        Py_DECREF(b->memory.names[i].of.set);
    }
    if (b->store != NULL) {
        give_store(b);
    }
    txn_command_leave(&b->in_txn);
    asc_batch_leave(b->batch, b->cluster);
    policy_clear(&b->pol);
    asc_cluster_release(b->cluster);
    Py_XDECREF(b->list);
    Py_XDECREF(b->result);
    Py_XDECREF(b->records);
    Py_XDECREF(b->refused);
    Py_XDECREF(b->client);
}

/* Count off work that was done. */
static void
spend(batch_run *b, size_t work)
{
    b->left -= work < b->left ? work : b->left;
}

/* --- templates --- */

int
template_begin(batch_run *b, asc_writer *w)
{
    if (b->n_templates == b->memory.cap_templates) {
        size_t cap = b->memory.cap_templates * 2 + 1;
        row_template *moved = PyMem_Realloc(b->memory.templates, cap * sizeof *moved);
        if (moved == NULL) {
            return put_ok(false);
        }
        b->memory.templates = moved;
        b->memory.cap_templates = cap;
    }
    *w = (asc_writer){.out = &b->memory.bytes};
    b->memory.templates[b->n_templates] = (row_template){.tail = b->memory.bytes.len};
    return 0;
}

/* Append what stands between the digest and the fields of a row: which numbers follow,
 * and these numbers. False for lack of memory. */
static bool
put_head(asc_buf *out, const template_head *head)
{
    const asc_msg_head *msg = &head->msg;
    uint8_t *p = asc_buf_reserve(out, 16), *start = p;
    if (p == NULL) {
        return false;
    }
    *p++ = (uint8_t)(ASC_BATCH_ROW_HAS_INFO | ASC_BATCH_ROW_HAS_TTL |
                     (head->writes ? ASC_BATCH_ROW_HAS_GENERATION : 0) |
                     (msg->info4 != 0 ? ASC_BATCH_ROW_HAS_INFO4 : 0));
    *p++ = msg->info1;
    *p++ = msg->info2;
    *p++ = msg->info3;
    if (msg->info4 != 0) {
        *p++ = msg->info4;
    }
    if (head->writes) {
        /* GENERATION_MAX at most */
        asc_put_u16(p, (uint16_t)msg->generation);
        p += 2;
    }
    asc_put_u32(p, msg->ttl_s);
    out->len += (size_t)(p + 4 - start);
    return true;
}

int
template_end(batch_run *b, asc_writer *w, const template_head *head)
{
    row_template *t = &b->memory.templates[b->n_templates];
    t->tail_end = t->head = b->memory.bytes.len;
    t->writes = head->writes;
    t->sends_key = head->sends_key;
    t->has_bins = head->has_bins;
    if (!put_head(&b->memory.bytes, head)) {
        return put_ok(false);
    }
    t->fields = b->memory.bytes.len;
    if (!policy_filter_to_field(head->filter, w)) {
        return put_ok(false);
    }
    t->fields_end = b->memory.bytes.len;
    t->n_fields = (uint16_t)w->n_fields;
    t->n_ops = (uint16_t)w->n_ops;
    b->n_templates++;
    return 0;
}

/* --- rows --- */

/* So many of the newest names are compared with those of a row whose namespace or set
 * is not the very object of the row before. */
#define NAMES_COMPARED 16

static bool
same_names(const key_names *a, const key_names *b)
{
    return a->ns_size == b->ns_size && a->set_size == b->set_size &&
           memcmp(a->ns_text, b->ns_text, a->ns_size) == 0 &&
           memcmp(a->set_text, b->set_text, a->set_size) == 0;
}

/* Add names of rows, with the next number. 0, or -1 with an exception. */
static int
add_names(batch_run *b, const key_names *names)
{
    asc_error err;
    if (b->n_names == b->memory.cap_names) {
        size_t cap = b->memory.cap_names * 2 + 1;
        row_names *moved = PyMem_Realloc(b->memory.names, cap * sizeof *moved);
        if (moved == NULL) {
            return put_ok(false);
        }
        b->memory.names = moved;
        b->memory.cap_names = cap;
    }
    row_names *added = &b->memory.names[b->n_names];
    asc_error_reset(&err);
    if (asc_batch_namespace(b->batch, names->ns_text, &added->number, &err) != ASC_OK) {
        raise_error(b->st, &err, NULL, NULL);
        return -1;
    }
    added->of = *names;
    Py_INCREF(names->ns);
    Py_INCREF(names->set);
    b->n_names++;
    return 0;
}

/* Give a row the number of its names. Most rows have the same objects as the row before
 * them. 0, or -1 with an exception. */
static int
number_names(batch_run *b, batch_row *row, const key_items *items)
{
    key_names names;
    if (b->n_rows > 0) {
        row->names = b->memory.rows[b->n_rows - 1].names;
        const key_names *last = &b->memory.names[row->names].of;
        if (last->ns == items->ns && last->set == items->set) {
            return 0;
        }
    }
    if (key_names_from_py(b->st, &names, items->ns, items->set) < 0) {
        return -1;
    }
    size_t end = b->n_names > NAMES_COMPARED ? b->n_names - NAMES_COMPARED : 0;
    for (size_t i = b->n_names; i-- > end;) {
        if (same_names(&b->memory.names[i].of, &names)) {
            row->names = (uint32_t)i;
            return 0;
        }
    }
    row->names = (uint32_t)b->n_names;
    return add_names(b, &names);
}

int
batch_add(batch_run *b, PyObject *key, PyObject *target)
{
    batch_row *row = &b->memory.rows[b->n_rows];
    key_items items; /* borrowed: from the key, or what is held */
    *row = (batch_row){.template = (uint32_t)(b->n_templates - 1)};
    if (key_items_of(b->st, key, &items, &row->held) < 0 ||
        number_names(b, row, &items) < 0 ||
        user_key_from_py(b->st, &row->user, row->digest, &items, &row->held) < 0) {
        Py_XDECREF(row->held);
        return -1;
    }
    row->given = key;
    row->target = target;
    b->n_rows++;
    return 0;
}

int
batch_name_index(module_state *st, PyObject *key, Py_ssize_t i)
{
    PyObject *cause, *text = take_text(st, st->AerospikeError, &cause);
    if (text == NULL) {
        return -1;
    }
    if (PyTuple_Check(key) || PyDict_Check(key)) {
        raise_param(st, "failed to convert key at index: %zd -> %S", i, text);
    }
    else {
        raise_param(st, "key should be an aerospike key tuple" DETAIL "got %s",
                    Py_TYPE(key)->tp_name);
    }
    Py_DECREF(text);
    return raise_from(cause, -1);
}

/* ADDS. Each item is the batch's until it is taken for its row. What is encoded for a
 * template counts as work, too. */
static int
add_items(batch_run *b)
{
    int (*add)(batch_run *, PyObject *, Py_ssize_t) = b->method->add;
    size_t work = 0, n_bytes = b->memory.bytes.len;
    int rc = 0;
    while (rc == 0 && work < b->left && b->item_at < b->n_items) {
        size_t i = b->item_at++;
        rc = add(b, b->memory.items[i], (Py_ssize_t)i);
        work += ROW_WORK + b->memory.bytes.len - n_bytes;
        n_bytes = b->memory.bytes.len;
    }
    spend(b, work);
    b->stage = b->item_at < b->n_items ? BATCH_HASHES : BATCH_READIES;
    return rc;
}

/* READIES. */
static int
ready_rows(batch_run *b)
{
    int rc = 0;
    while (rc == 0 && b->left > 0 && b->method->ready_row != NULL &&
           b->at < b->n_rows) {
        rc = b->method->ready_row(b, &b->memory.rows[b->at++]);
        spend(b, ROW_WORK);
    }
    if (rc < 0 || (b->method->ready_row != NULL && b->at < b->n_rows)) {
        return rc;
    }
    b->stage = b->n_rows > 0 ? BATCH_HASHES : BATCH_FINISHES;
    b->at = 0;
    return b->method->ready != NULL ? b->method->ready(b) : 0;
}

/* The rows of which digests are computed together. */
#define HASHED_AT_ONCE 64

/* Compute the digests of a few rows, and give the rows to the library. */
static void
hash_few(batch_run *b, batch_row *rows, size_t n)
{
    asc_digest_source sources[HASHED_AT_ONCE];
    size_t n_sources = 0;
    for (size_t i = 0; i < n; i++) {
        batch_row *row = &rows[i];
        if (row->user.object != NULL) { /* else the digest is there */
            sources[n_sources++] =
                digest_source(&b->memory.names[row->names].of, &row->user, row->digest);
        }
    }
    if (n_sources > 0) {
        asc_digest_keys(sources, n_sources);
    }
    for (size_t i = 0; i < n; i++) {
        const batch_row *row = &rows[i];
        asc_batch_put(b->batch, b->memory.names[row->names].number,
                      asc_digest_partition(row->digest),
                      b->memory.templates[row->template].writes);
    }
}

/* HASHES: the rows of the slice that was added last. */
static asc_status
hash_rows(batch_run *b, asc_error *err)
{
    (void)err;
    while (b->n_hashed < b->n_rows) {
        size_t n = b->n_rows - b->n_hashed;
        n = n < HASHED_AT_ONCE ? n : HASHED_AT_ONCE;
        hash_few(b, &b->memory.rows[b->n_hashed], n);
        b->n_hashed += n;
    }
    if (b->item_at < b->n_items) {
        b->stage = BATCH_ADDS;
    }
    else {
        b->stage = b->pol.txn != NULL ? BATCH_REGISTERS : BATCH_ROUTES;
    }
    return ASC_OK;
}

/* --- transactions --- */

/* Enter the transaction of the policy, which must be of the one namespace that all rows
 * have, and number the sets in it. 0, or -1 with an exception. */
static int
enter_transaction(batch_run *b)
{
    txn_command *x = &b->in_txn;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < b->n_names; i++) {
        const key_names *names = &b->memory.names[i].of;
        txn_command other = {0};
        txn_command *at = i == 0 ? x : &other;
        rc = txn_command_enter(b->st, at, b->pol.txn, names->ns_text,
                               i == 0 ? (uint32_t)b->n_rows : 0);
        txn_command_leave(&other);
        if (rc == 0) {
            rc = put_ok(asc_txn_number_set(x->txn, names->set_text, names->set_size,
                                           &b->memory.names[i].set));
        }
    }
    return rc;
}

/* Begin to register the keys of the rows that write: all of them, as other clients do.
 * 0, or -1 with an exception; b->in_txn.registers tells whether there are any. */
static int
begin_registering(batch_run *b)
{
    asc_error err;
    asc_buf digests = ASC_BUF_INIT;
    uint32_t n = 0;
    bool ok = true;
    asc_error_reset(&err);
    for (size_t i = 0; ok && i < b->n_rows; i++) {
        const batch_row *row = &b->memory.rows[i];
        if (b->memory.templates[row->template].writes) {
            ok = asc_buf_put(&digests, row->digest, ASC_DIGEST_SIZE);
            n++;
        }
    }
    if (ok && n > 0) {
        ok = txn_command_register(&b->in_txn, b->cluster, &b->pol, digests.data, n,
                                  true, &err) == ASC_OK;
    }
    asc_buf_clear(&digests);
    return put_ok(ok);
}

/* REGISTERS. */
static int
register_rows(batch_run *b)
{
    asc_error err;
    asc_status rc = ASC_OK;
    asc_error_reset(&err);
    spend(b, b->n_rows * ROW_WORK);
    if (b->in_txn.txn == NULL &&
        (enter_transaction(b) < 0 || begin_registering(b) < 0)) {
        return -1;
    }
    if (b->in_txn.registers != NULL) {
        rc = txn_command_go_on(&b->in_txn, NULL, &err);
    }
    if (rc != ASC_OK && rc != ASC_INTERRUPTED) {
        raise_error(b->st, &err, NULL, NULL);
        return -1;
    }
    b->stage = rc == ASC_OK ? BATCH_ROUTES : BATCH_WAITS;
    return 0;
}

/* A node has answered a row, or it may be written all the same. Where there is no
 * transaction neither does anything. */
static void
row_answered(batch_run *b, const batch_row *row, const asc_msg *m)
{
    if (b->in_txn.txn != NULL) {
        asc_txn_answered(b->in_txn.txn, b->memory.names[row->names].set, row->digest,
                         b->memory.templates[row->template].writes, m);
    }
}

static void
row_doubted(batch_run *b, const batch_row *row)
{
    if (b->in_txn.txn != NULL) {
        asc_txn_doubted(b->in_txn.txn, b->memory.names[row->names].set, row->digest);
    }
}

/* The version in which the transaction of the batch has read a row's record; 0: it has
 * not, or there is no transaction. */
static uint64_t
version_of(const batch_run *b, const batch_row *row)
{
    return b->in_txn.txn != NULL ? asc_txn_version(b->in_txn.txn, row->digest) : 0;
}

/* --- requests --- */

/* May the row be sent as a repetition of the one before it in the request, NULL for the
 * first? Then only its digest is sent: the node takes all else from the row before. A
 * row that sends its user key cannot be a repetition, for that key would be the
 * other's. */
static bool
repeats(const batch_run *b, const batch_row *row, const batch_row *before)
{
    return before != NULL && row->template == before->template &&
           row->names == before->names && !b->memory.templates[row->template].sends_key;
}

/* Begin a row: append its number, by which the reply names it, and its digest, with
 * room for n more bytes, which come next. These, or NULL for lack of memory. */
static inline uint8_t *
begin_row(asc_buf *out, uint32_t number, const batch_row *row, size_t n)
{
    uint8_t *p = asc_buf_add(out, 4 + ASC_DIGEST_SIZE + n);
    if (p == NULL) {
        return NULL;
    }
    asc_put_u32(p, number);
    memcpy(p + 4, row->digest, ASC_DIGEST_SIZE);
    return p + 4 + ASC_DIGEST_SIZE;
}

/* Append a row that is a repetition. False for lack of memory. */
static inline bool
put_repetition(asc_buf *out, uint32_t number, const batch_row *row)
{
    uint8_t *p = begin_row(out, number, row, 1);
    if (p == NULL) {
        return false;
    }
    *p = ASC_BATCH_ROW_REPEATS;
    return true;
}

/* Append any other row: the bytes of its template follow, with namespace, set, the
 * fields of a transaction and the user key in their places. False for lack of
 * memory. */
static bool
put_row(batch_run *b, asc_buf *out, uint32_t number, const batch_row *row,
        uint64_t version)
{
    asc_txn *txn = b->in_txn.txn;
    const key_names *names = &b->memory.names[row->names].of;
    const given_key *user = &row->user;
    const row_template *t = &b->memory.templates[row->template];
    const uint8_t *bytes = b->memory.bytes.data;
    if (begin_row(out, number, row, 0) == NULL) {
        return false;
    }
    bool with_key = t->sends_key && user->object != NULL;
    asc_writer w = {.out = out};
    if (!asc_buf_put(out, bytes + t->head, t->fields - t->head)) {
        return false;
    }
    uint8_t *p = asc_buf_add(out, 4);
    if (p == NULL) {
        return false;
    }
    unsigned n_txn = txn != NULL ? 1 + (version != 0) + t->writes : 0;
    asc_put_u16(p, (uint16_t)(t->n_fields + 2 + n_txn + with_key));
    asc_put_u16(p + 2, t->n_ops);
    return asc_writer_field(&w, ASC_FIELD_NAMESPACE, names->ns_text, names->ns_size) &&
           asc_writer_field(&w, ASC_FIELD_SET, names->set_text, names->set_size) &&
           (txn == NULL || asc_txn_put_fields(txn, version, t->writes, &w)) &&
           asc_buf_put(out, bytes + t->fields, t->fields_end - t->fields) &&
           (!with_key || asc_writer_key_field(&w, user->particle, given_key_bytes(user),
                                              user->size)) &&
           asc_buf_put(out, bytes + t->tail, t->tail_end - t->tail);
}

/* ROUTES. */
static asc_status
route_rows(batch_run *b, asc_error *err)
{
    size_t n_rows = b->left / ROW_WORK + 1;
    asc_status rc = asc_batch_route_some(b->batch, (uint32_t)n_rows, err);
    if (rc == ASC_INTERRUPTED) {
        b->left = 0;
        return ASC_OK;
    }
    b->stage = BATCH_WRITES;
    return rc;
}

/* Begin the request of a part, which is one request to one node. What a row does, and
 * how it reads, is in the row's own head. The size of the field that holds all rows
 * stands before them and is written last. False for lack of memory. */
static bool
begin_part(batch_run *b)
{
    asc_part *part = b->part;
    asc_buf *out = &part->req.out;
    asc_msg_head head = {.info1 = ASC_INFO1_BATCH,
                         .info4 = policy_error_detail(&b->pol),
                         .budget_ms = b->pol.timing.total_timeout_ms};
    if (policy_compresses(&b->pol)) { /* all kinds of batches do it alike */
        policy_to_compression(&b->pol, POLICY_BATCH, &part->req, &head);
    }
    if (!asc_writer_begin(&b->writer, out, &head) ||
        !policy_filter_to_field(b->pol.filter, &b->writer)) {
        return false;
    }
    b->at = 0;
    b->rows_start = out->len; /* an index: the buffer moves when it grows */
    uint8_t *p = asc_buf_add(out, 4 + 1 + 4 + 1);
    if (p == NULL) {
        return false;
    }
    p[4] = ASC_FIELD_BATCH;
    asc_put_u32(p + 5, part->n_rows);
    p[9] = (uint8_t)(ASC_BATCH_REPORT_FAILED_ROW |
                     (b->pol.allow_inline ? ASC_BATCH_ALLOW_INLINE : 0) |
                     (b->pol.allow_inline_ssd ? ASC_BATCH_ALLOW_INLINE_SSD : 0) |
                     (b->pol.respond_all_keys ? ASC_BATCH_RESPOND_ALL_KEYS : 0));
    return true;
}

/* Append rows of the part, as far as the slice goes. False for lack of memory. */
static bool
put_rows(batch_run *b)
{
    const asc_part *part = b->part;
    asc_buf *out = b->writer.out;
    const batch_row *before = b->at > 0 ? &b->memory.rows[part->rows[b->at - 1]] : NULL;
    size_t at = b->at, start = out->len, enough = start + b->left;
    bool ok = true;
    for (; ok && at < part->n_rows && out->len < enough; at++) {
        uint32_t number = part->rows[at];
        const batch_row *row = &b->memory.rows[number];
        uint64_t version = version_of(b, row);
        ok = repeats(b, row, before) && version == b->version
                 ? put_repetition(out, number, row)
                 : put_row(b, out, number, row, version);
        b->version = version;
        before = row;
    }
    b->at = at;
    spend(b, out->len - start);
    return ok;
}

/* End the request of a part. */
static asc_status
end_part(batch_run *b, asc_error *err)
{
    asc_part *part = b->part;
    asc_buf *out = &part->req.out;
    if (out->len > MAX_REQUEST_BYTES) {
        return asc_error_set(err, ASC_ERR_PARAM,
                             "the batch is too large: the request to node %s has %zu "
                             "bytes, %u are allowed",
                             part->node_name, out->len, MAX_REQUEST_BYTES);
    }
    asc_put_u32(out->data + b->rows_start, (uint32_t)(out->len - b->rows_start - 4));
    b->writer.n_fields++;
    asc_writer_end(&b->writer);
    b->part = NULL;
    return ASC_OK;
}

/* WRITES. */
static asc_status
write_parts(batch_run *b, asc_error *err)
{
    asc_status rc = ASC_OK;
    while (rc == ASC_OK && b->left > 0) {
        bool ok = true;
        if (b->part == NULL) {
            b->part = asc_set_unwritten(asc_batch_set(b->batch));
            if (b->part == NULL) {
                b->is_out = true;
                b->stage = BATCH_WAITS;
                return ASC_OK;
            }
            ok = begin_part(b);
        }
        if (!ok || !put_rows(b)) {
            return asc_error_set(err, ASC_ERR_NOMEM, "requests of a batch");
        }
        if (b->at == b->part->n_rows) {
            rc = end_part(b, err);
        }
    }
    return rc;
}

/* --- replies --- */

PyObject *
batch_record(batch_run *b, const batch_row *row, PyObject *key, asc_msg *m)
{
    const row_template *t = &b->memory.templates[row->template];
    bins_reader r = {.st = b->st,
                     .rules = &b->client->config.values,
                     .raw_containers = !b->pol.deserialize,
                     .key = b->client->config.error_keys ? row->given : NULL};
    PyObject *meta = meta_to_py(b->st, m);
    PyObject *bins = meta != NULL && t->has_bins ? bins_to_dict(&r, m) : NULL;
    if (bins != NULL) {
        return record_tuple(b->st, key, meta, bins);
    }
    PyObject *record = meta != NULL && !t->has_bins ? PyTuple_Pack(2, key, meta) : NULL;
    Py_DECREF(key);
    Py_XDECREF(meta);
    return record;
}

/* Give the sink the outcome of a row. 0, or -1 with an exception. */
static int
tell(batch_run *b, batch_row *row, asc_msg *m, const asc_error *err)
{
    int rc = b->method->sink(b, row, m, err);
    bool writes = b->memory.templates[row->template].writes;
    row->is_told = rc == 0;
    b->has_written = b->has_written || (writes && (err == NULL || err->in_doubt));
    return rc;
}

/* A row that has failed takes longer: its message is made, perhaps by Python code. */
#define FAILED_ROW_WORK 1024

/* Give the sink a row that a node answered with an error, or whose reply cannot be made
 * into objects. err has code and text; whether the row is in doubt, and the node's
 * name, are added here. 0, or -1 with an exception. */
static int
fail_row(batch_run *b, const asc_part *part, batch_row *row, asc_error *err)
{
    err->in_doubt =
        b->memory.templates[row->template].writes && asc_part_in_doubt(part, err->code);
    if (!gives_no_record(err->code)) {
        b->failed = true;
        spend(b, FAILED_ROW_WORK);
        snprintf(err->host, sizeof err->host, "%s", part->node_name);
    }
    if (err->in_doubt) {
        row_doubted(b, row);
    }
    return tell(b, row, NULL, err);
}

/* Give the sink the row that a message answers. When the sink raises an exception of
 * ours, the reply could not be made into objects: only this row fails, and the sink
 * gets the row a second time, with the error. Any other exception (a signal, no memory)
 * ends the batch. 0, or -1 with an exception. */
static int
take_row(batch_run *b, const asc_part *part, asc_msg *m)
{
    batch_row *row = &b->memory.rows[m->index];
    asc_error err;
    b->n_answered++;
    row_answered(b, row, m);
    if (m->result == ASC_OK) {
        int rc = tell(b, row, m, NULL);
        if (rc == 0) {
            return 0;
        }
        asc_error_reset(&err);
        return error_from_exception(b->st, &err) ? fail_row(b, part, row, &err) : rc;
    }
    asc_error_reset(&err);
    err.code = m->result;
    if (!gives_no_record(m->result)) { /* else nobody reads the text */
        asc_error_set(&err, m->result, "%s", asc_status_text(m->result));
    }
    asc_error_add_detail(&err, m);
    return fail_row(b, part, row, &err);
}

/* Has the node refused the whole request, and not begun with any row? Then no write is
 * in doubt. Only some codes mean this, and only while no row has been answered. */
static bool
is_refused(const batch_run *b, const asc_part *part)
{
    static const asc_status codes[] = {
        ASC_ERR_NOT_AUTHENTICATED,
        ASC_ERR_ENTERPRISE_ONLY, /* the request is compressed */
        ASC_ERR_BATCH_DISABLED,
        ASC_ERR_BATCH_MAX_REQUESTS,
        ASC_ERR_BATCH_QUEUES_FULL,
    };
    uint32_t at = 0, n = 0, number;
    bool found = false;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        found = found || part->err.code == codes[i];
    }
    while (found && asc_batch_unanswered(b->batch, part, &at, &number)) {
        n++;
    }
    return found && n == part->n_rows;
}

/* A part has failed for good. Its error becomes that of its unanswered rows, except for
 * the code and the doubt: they are changed in the error of the part itself, which
 * nobody reads afterwards. The code stays when the sink raises it, unless it would say
 * of a row that it has no record. */
static void
begin_failing(batch_run *b)
{
    asc_part *part = b->part;
    asc_error *err = &part->err;
    /* A server's code for the whole request (above 0) says nothing of the rows that it
     * left out: it may have carried them out before it gave up. */
    bool left_out = err->code > 0 && part->n_sent > 0 && err->code != ASC_ERR_TIMEOUT;
    b->part_doubt = err->in_doubt || (left_out && !is_refused(b, part));
    if (b->first_failure.code == ASC_OK) {
        b->first_failure = *err;
    }
    bool keeps = err->code == ASC_ERR_ENTERPRISE_ONLY ||
                 (b->method->sink_raises && !gives_no_record(err->code));
    if (left_out && !keeps) {
        err->code = ASC_ERR_NO_RESPONSE;
    }
    b->stage = BATCH_FAILS;
    b->at = 0;
}

/* FAILS: give the sink the unanswered rows of the part. */
static int
fail_rows(batch_run *b)
{
    asc_part *part = b->part;
    uint32_t at = (uint32_t)b->at, number;
    int rc = 0;
    while (rc == 0 && b->left > 0) {
        if (!asc_batch_unanswered(b->batch, part, &at, &number)) {
            b->stage = BATCH_READS;
            b->part = NULL;
            return 0;
        }
        batch_row *row = &b->memory.rows[number];
        part->err.in_doubt = b->part_doubt && b->memory.templates[row->template].writes;
        b->failed = true;
        b->first_failure.in_doubt = b->first_failure.in_doubt || part->err.in_doubt;
        if (part->err.in_doubt) {
            row_doubted(b, row);
        }
        rc = tell(b, row, NULL, &part->err);
        spend(b, FAILED_ROW_WORK);
    }
    b->at = at;
    return rc;
}

/* Read what has come for the part, as far as the slice goes. When the part has failed
 * and is not repeated, its unanswered rows fail. 0, or -1 with an exception that ends
 * the batch.
 *
 * The collector rests while rows are decoded. A sink may run Python code, which ends
 * the pause: nothing that points into Python objects is kept from row to row. */
static int
take_rows(batch_run *b)
{
    asc_part *part = b->part;
    size_t work = 0;
    int rc = 0;
    while (rc == 0 && work < b->left && b->n_read < part->n_messages) {
        asc_msg_place place = part->messages[b->n_read++];
        asc_msg m;
        asc_msg_take(&m, part->data + place.at, place.size);
        work += place.size;
        gc_pause(b->st);
        rc = take_row(b, part, &m);
    }
    gc_resume(b->st);
    spend(b, work);
    if (rc < 0 || b->n_read < part->n_messages) {
        return rc;
    }
    if (part->ended && part->err.code != ASC_OK && !part->again) {
        begin_failing(b);
    }
    else {
        b->part = NULL;
    }
    return 0;
}

/* All that has come is read. When no server answered any row, the call fails instead of
 * its rows. A namespace that does not exist is an answer, though no server was
 * asked. */
static int
end_reading(batch_run *b)
{
    b->stage = BATCH_ROUTES;
    if (!asc_batch_is_done(b->batch)) {
        return 0;
    }
    b->stage = BATCH_FINISHES;
    b->at = 0;
    if (b->n_answered == 0 && b->first_failure.code != ASC_OK &&
        b->first_failure.code != ASC_ERR_NAMESPACE) {
        b->is_out = false; /* the failure says itself whether it is in doubt */
        raise_error(b->st, &b->first_failure, NULL, NULL);
        explain_error(b->st, "batch", NULL, NULL, b->pol.filter != NULL);
        return -1;
    }
    return 0;
}

/* READS. The library ends its wait as soon as there is something to read, so that many
 * rounds may pass before a part ends. */
static int
take_parts(batch_run *b)
{
    int rc = 0;
    while (rc == 0 && b->left > 0 && b->stage == BATCH_READS) {
        if (b->part == NULL) {
            b->part = asc_set_take(asc_batch_set(b->batch));
            if (b->part == NULL) {
                return end_reading(b);
            }
            b->n_read = 0;
        }
        rc = take_rows(b);
    }
    return rc;
}

/* FINISHES. Every row has its target: a batch comes here only when each has had its
 * outcome. The list takes the targets over. It is out of the collector's sight until it
 * is whole. */
static int
finish(batch_run *b)
{
    if (b->method->lists_targets && b->list == NULL) {
        gc_pause(b->st);
        b->list = PyList_New((Py_ssize_t)b->n_rows);
        gc_resume(b->st);
        if (b->list == NULL) {
            return -1;
        }
        PyObject_GC_UnTrack(b->list);
    }
    PyObject *list = b->list;
    size_t n = list != NULL ? b->n_rows - b->at : 0, most = b->left / ROW_WORK + 1;
    for (size_t i = 0; i < n && i < most; i++, b->at++) {
        batch_row *row = &b->memory.rows[b->at];
        PyList_SET_ITEM(list, (Py_ssize_t)b->at, row->target);
        row->target = NULL;
    }
    if (n > most) {
        b->left = 0;
        return 0;
    }
    b->list = NULL;
    if (list != NULL) {
        PyObject_GC_Track(list);
    }
    b->result = b->method->finish(b, list);
    b->stage = BATCH_ENDED;
    return b->result != NULL ? 0 : -1;
}

/* --- the stages --- */

/* The exception that is set ends the batch. Returns -1. */
static int
fail(batch_run *b)
{
    PyObject *exc = PyErr_GetRaisedException();
    b->has_written = batch_give_up(b);
    PyErr_SetRaisedException(exc); /* takes the reference */
    raise_doubt(b->st, b->is_out && b->has_written);
    return -1;
}

/* What is done for a stage: with the GIL, or without it where it is not needed. */
typedef struct stage_work {
    int (*locked)(batch_run *);
    asc_status (*unlocked)(batch_run *, asc_error *);
} stage_work;

static const stage_work works[] = {
    [BATCH_ADDS] = {.locked = add_items},
    [BATCH_HASHES] = {.unlocked = hash_rows},
    [BATCH_READIES] = {.locked = ready_rows},
    [BATCH_REGISTERS] = {.locked = register_rows},
    [BATCH_ROUTES] = {.unlocked = route_rows},
    [BATCH_WRITES] = {.unlocked = write_parts},
    [BATCH_WAITS] = {NULL, NULL},
    [BATCH_READS] = {.locked = take_parts},
    [BATCH_FAILS] = {.locked = fail_rows},
    [BATCH_FINISHES] = {.locked = finish},
    [BATCH_ENDED] = {NULL, NULL},
};

/* Go on with stages that need the GIL, as far as the slice goes. 0, or -1 with an
 * exception. */
static int
go_on_locked(batch_run *b)
{
    int rc = 0;
    while (rc == 0 && b->left > 0 && works[b->stage].locked != NULL) {
        rc = works[b->stage].locked(b);
    }
    return rc;
}

/* The same with stages that do not. */
static asc_status
go_on_unlocked(batch_run *b, asc_error *err)
{
    asc_status rc = ASC_OK;
    while (rc == ASC_OK && b->left > 0 && works[b->stage].unlocked != NULL) {
        rc = works[b->stage].unlocked(b, err);
    }
    return rc;
}

/* What the batch has waited for is there. */
static void
end_waiting(batch_run *b)
{
    b->stage = b->in_txn.registers != NULL ? BATCH_REGISTERS : BATCH_READS;
}

int
batch_go_on(batch_run *b, size_t work)
{
    asc_error err;
    int rc = 0;
    asc_error_reset(&err);
    b->left = work;
    if (b->stage == BATCH_WAITS) {
        end_waiting(b);
    }
    while (rc == 0 && b->left > 0 && b->stage != BATCH_WAITS &&
           b->stage != BATCH_ENDED) {
        rc = go_on_locked(b);
        if (rc == 0 && go_on_unlocked(b, &err) != ASC_OK) {
            raise_error(b->st, &err, NULL, NULL);
            rc = -1;
        }
    }
    return rc < 0 ? fail(b) : 0;
}

/* Give the GIL away, do what is done without it, and wait for the first answers when
 * that was the last thing to do: all at once, because it may take long to get the GIL
 * back. 0, or -1 with an exception. */
static int
go_on_and_wait(batch_run *b)
{
    asc_set *set = batch_waits_for(b);
    asc_error err;
    asc_status rc;
    asc_error_reset(&err);
    Py_BEGIN_ALLOW_THREADS
    do {
        b->left = SLICE_OF_THREAD;
        rc = go_on_unlocked(b, &err);
    } while (rc == ASC_OK && b->left == 0);
    if (rc == ASC_OK && b->stage == BATCH_WAITS) {
        rc = asc_set_wait(set, &err);
    }
    Py_END_ALLOW_THREADS
    if (b->stage != BATCH_WAITS) {
        return rc == ASC_OK ? 0 : (raise_error(b->st, &err, NULL, NULL), -1);
    }
    int more = client_has_waited(b->st, NULL, rc, &err);
    if (more == 0) {
        end_waiting(b);
    }
    return more < 0 ? -1 : 0;
}

PyObject *
batch_execute(batch_run *b)
{
    int rc = 0;
    while (rc == 0 && b->stage != BATCH_ENDED) {
        b->left = SLICE_OF_THREAD;
        rc = works[b->stage].locked != NULL ? go_on_locked(b) : go_on_and_wait(b);
        /* also before what needs no GIL, which may be too short for others */
        if (rc == 0 && b->left == 0) {
            give_turn(b->st);
        }
    }
    if (rc < 0) {
        fail(b);
    }
    return rc == 0 ? Py_NewRef(b->result) : NULL;
}

bool
batch_give_up(batch_run *b)
{
    void (*leave)(batch_run *, batch_row *) = b->method->leave;
    bool in_doubt = b->has_written;
    for (size_t i = 0; b->is_out && i < b->n_rows; i++) {
        batch_row *row = &b->memory.rows[i];
        if (row->is_told || !b->memory.templates[row->template].writes ||
            !asc_batch_has_left(b->batch, (uint32_t)i)) {
            continue;
        }
        in_doubt = true;
        if (leave == NULL && b->in_txn.txn == NULL) {
            break; /* nobody asks for each row */
        }
        row_doubted(b, row);
        if (leave != NULL) {
            leave(b, row);
        }
    }
    return in_doubt;
}
