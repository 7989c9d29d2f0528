/* The requests that end a transaction, and that register its keys. Each step is a
 * batch: of the records of the transaction, or of one row, the monitor. Where a node
 * has one row only, it gets a request for one record, as other clients send it. */
#include "asc/ending.h"

#include <string.h>

#include "asc/alloc.h"
#include "asc/batch.h"
#include "asc/digest.h"
#include "asc/msgpack.h"
#include "base/time.h"
#include "command/transaction.h"

/* The set of the monitors. */
#define MONITOR_SET "<ERO~MRT"

/* What the operation that adds keys to the monitor's list says. */
enum {
    LIST_APPEND = 1,
    LIST_APPEND_ITEMS = 2,
    LIST_ORDERED = 1,
    LIST_ADDS_NEW_ONES = 1 | 4 | 8, /* unique; no failure for the others; in part */
};

/* What is particular about a step. */
static const struct {
    uint8_t info1, info2, info4;
    bool is_of_monitor;
} steps[] = {
    [ASC_ENDING_REGISTER] = {.info2 = ASC_INFO2_WRITE, .is_of_monitor = true},
    [ASC_ENDING_VERIFY] = {.info1 = ASC_INFO1_READ | ASC_INFO1_GET_NO_BINS,
                           .info4 = ASC_INFO4_TXN_VERIFY},
    [ASC_ENDING_MARK] = {.info2 = ASC_INFO2_WRITE, .is_of_monitor = true},
    [ASC_ENDING_FORWARD] = {.info2 = ASC_INFO2_WRITE | ASC_INFO2_DURABLE_DELETE,
                            .info4 = ASC_INFO4_TXN_FORWARD},
    [ASC_ENDING_BACK] = {.info2 = ASC_INFO2_WRITE | ASC_INFO2_DURABLE_DELETE,
                         .info4 = ASC_INFO4_TXN_BACK},
    [ASC_ENDING_CLOSE] = {.info2 = ASC_INFO2_WRITE | ASC_INFO2_DELETE |
                                   ASC_INFO2_DURABLE_DELETE,
                          .is_of_monitor = true},
};

/* A record that the step is about. */
typedef struct ending_row {
    uint8_t digest[ASC_DIGEST_SIZE];
    const char *set; /* borrowed from the transaction */
    uint64_t version;
} ending_row;

struct asc_ending {
    asc_txn *txn;         /* counted */
    asc_cluster *cluster; /* counted */
    asc_batch *batch;     /* owned */
    asc_ending_step step;
    asc_ending_options options; /* whose digests are owned */
    ending_row *rows;           /* owned */
    uint32_t n_rows, n_failed;
    bool is_out;       /* all requests are written, and the set is waited for */
    uint32_t n_added;  /* rows that the batch has */
    asc_part *part;    /* borrowed from the set: what is being written, or NULL */
    uint32_t at;       /* rows of the part that are written */
    asc_writer writer; /* of the part */
    bool is_made;      /* REGISTER: the monitor is there, whatever its deadline is */
    uint64_t begin_ms;
    asc_error first; /* failure; code ASC_OK: there is none */
};

/* --- the rows --- */

static bool
is_of_step(const asc_txn_entry *e, asc_ending_step step)
{
    return step == ASC_ENDING_VERIFY ? e->version != 0 : e->is_written;
}

/* Without a monitor there are no provisional records that would be known to be there,
 * and still one may have been written: so rolling looks at the records. */
bool
asc_ending_is_needed(asc_txn *t, asc_ending_step step)
{
    bool needed = false;
    pthread_mutex_lock(&t->lock);
    if (step == ASC_ENDING_CLOSE) {
        needed = atomic_load(&t->deadline) != 0 && !t->write_in_doubt;
    }
    else if (steps[step].is_of_monitor) {
        needed = step == ASC_ENDING_REGISTER || atomic_load(&t->deadline) != 0;
    }
    for (uint32_t i = 0; i < t->n_entries && !steps[step].is_of_monitor; i++) {
        needed = needed || is_of_step(&t->entries[i], step);
    }
    pthread_mutex_unlock(&t->lock);
    return needed;
}

/* The key of the monitor is the number of the transaction. */
static void
fill_monitor(asc_ending *e)
{
    uint8_t id[8];
    ending_row *row = &e->rows[0];
    *row = (ending_row){.set = MONITOR_SET};
    asc_put_u64(id, e->txn->id);
    asc_digest_key(row->digest, row->set, strlen(row->set), ASC_PARTICLE_INTEGER, id,
                   sizeof id);
    e->n_rows = 1;
}

/* The entries do not change while the transaction is being ended. */
static void
fill_records(asc_ending *e)
{
    const asc_txn *t = e->txn;
    for (uint32_t i = 0; i < t->n_entries; i++) {
        const asc_txn_entry *from = &t->entries[i];
        if (is_of_step(from, e->step)) {
            ending_row *row = &e->rows[e->n_rows++];
            memcpy(row->digest, from->digest, sizeof row->digest);
            row->set = t->sets[from->set];
            row->version = from->version;
        }
    }
}

static asc_status
fill_rows(asc_ending *e, asc_error *err)
{
    bool is_of_monitor = steps[e->step].is_of_monitor;
    uint32_t n = is_of_monitor ? 1 : e->txn->n_entries;
    e->rows = asc_malloc((n + 1) * sizeof *e->rows);
    if (e->rows == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "end of a transaction");
    }
    if (is_of_monitor) {
        fill_monitor(e);
    }
    else {
        pthread_mutex_lock(&e->txn->lock);
        fill_records(e);
        pthread_mutex_unlock(&e->txn->lock);
    }
    return ASC_OK;
}

/* Copy the digests, because the caller may not keep them for as long. */
static asc_status
copy_digests(asc_ending *e, asc_error *err)
{
    size_t size = (size_t)e->options.n_digests * ASC_DIGEST_SIZE;
    uint8_t *copy = asc_malloc(size + 1);
    if (copy == NULL) {
        e->options.digests = NULL;
        return asc_error_set(err, ASC_ERR_NOMEM, "keys of a transaction");
    }
    if (size > 0) {
        memcpy(copy, e->options.digests, size);
    }
    e->options.digests = copy;
    return ASC_OK;
}

/* --- life --- */

static asc_status
begin_batch(asc_ending *e, asc_error *err)
{
    const asc_ending_options *o = &e->options;
    bool writes = steps[e->step].info2 != 0;
    const asc_batch_options options = {
        .set = {.timing = o->timing, .check_ms = o->check_ms},
        .replica = o->replica,
        .linearize = !writes && o->linearize,
        .sc_session = !writes && o->sc_session,
    };
    e->batch = asc_batch_take(e->cluster);
    if (e->batch == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "end of a transaction");
    }
    asc_batch_begin(e->batch, e->cluster, &options);
    e->n_added = 0;
    return ASC_OK;
}

/* Give the batch its rows, as far as *left goes. */
static asc_status
add_rows(asc_ending *e, uint32_t *left, asc_error *err)
{
    bool writes = steps[e->step].info2 != 0;
    asc_status rc = ASC_OK;
    for (; rc == ASC_OK && e->n_added < e->n_rows && *left > 0; --*left) {
        const ending_row *row = &e->rows[e->n_added++];
        rc = asc_batch_add(e->batch, e->txn->ns, asc_digest_partition(row->digest),
                           writes, err);
    }
    return rc;
}

asc_status
asc_ending_new(asc_ending **out, asc_txn *t, asc_cluster *cluster, asc_ending_step step,
               const asc_ending_options *options, asc_error *err)
{
    asc_ending *e = asc_calloc(1, sizeof *e);
    if (e == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "end of a transaction");
    }
    e->txn = asc_txn_retain(t);
    asc_cluster_retain(cluster);
    e->cluster = cluster;
    e->step = step;
    e->options = *options;
    e->begin_ms = asc_now_ms();
    asc_error_reset(&e->first);
    asc_status rc = copy_digests(e, err);
    rc = rc == ASC_OK ? fill_rows(e, err) : rc;
    rc = rc == ASC_OK ? begin_batch(e, err) : rc;
    if (rc != ASC_OK) {
        asc_ending_free(e);
        return rc;
    }
    *out = e;
    return ASC_OK;
}

void
asc_ending_free(asc_ending *e)
{
    if (e == NULL) {
        return;
    }
    asc_batch_leave(e->batch, e->cluster); /* abandons what is under way */
    asc_cluster_release(e->cluster);
    asc_txn_release(e->txn);
    asc_free((uint8_t *)e->options.digests);
    asc_free(e->rows);
    asc_free(e);
}

asc_set *
asc_ending_set(asc_ending *e)
{
    return asc_batch_set(e->batch);
}

uint32_t
asc_ending_elapsed_ms(const asc_ending *e)
{
    return (uint32_t)(asc_now_ms() - e->begin_ms);
}

/* --- requests --- */

/* How long a node may take for a request about one record. */
static uint32_t
single_budget_ms(const asc_timing *t)
{
    bool socket_is_less =
        t->total_timeout_ms == 0 || t->socket_timeout_ms < t->total_timeout_ms;
    return t->socket_timeout_ms != 0 && socket_is_less ? t->socket_timeout_ms
                                                       : t->total_timeout_ms;
}

/* The header bits of each record. */
static asc_msg_head
head_of(const asc_ending *e)
{
    const asc_msg_head *given = &e->options.head;
    asc_msg_head head = {
        .info1 = steps[e->step].info1,
        .info2 = steps[e->step].info2,
        .info4 = steps[e->step].info4 | given->info4,
    };
    if (e->step == ASC_ENDING_VERIFY) {
        head.info1 |= given->info1;
        head.info3 = given->info3;
    }
    return head;
}

static bool
put_names(const asc_ending *e, const ending_row *row, asc_writer *w)
{
    const char *ns = e->txn->ns;
    return asc_writer_field(w, ASC_FIELD_NAMESPACE, ns, strlen(ns)) &&
           asc_writer_field(w, ASC_FIELD_SET, row->set, strlen(row->set));
}

/* Append the fields that say which transaction it is. A request for one record has no
 * deadline, and a record that is verified is in no transaction. */
static bool
put_txn_fields(const asc_ending *e, const ending_row *row, asc_writer *w,
               bool is_single)
{
    bool is_rolled = e->step == ASC_ENDING_FORWARD || e->step == ASC_ENDING_BACK;
    if (!is_rolled) {
        return asc_txn_put_version(row->version, w);
    }
    bool has_deadline = !is_single && atomic_load(&e->txn->deadline) != 0;
    return asc_txn_put_fields(e->txn, row->version, has_deadline, w);
}

/* Append the operation that adds keys to the monitor's list. */
static bool
put_keys(const asc_ending *e, asc_writer *w)
{
    const asc_ending_options *o = &e->options;
    asc_buf *out = w->out;
    bool ok =
        asc_writer_op_begin(w, ASC_OP_CDT_MODIFY, ASC_PARTICLE_BLOB, "keyds", 5) &&
        asc_mp_put_list_head(out, 4) &&
        asc_mp_put_uint(out, o->is_batch ? LIST_APPEND_ITEMS : LIST_APPEND) &&
        (!o->is_batch || asc_mp_put_list_head(out, o->n_digests));
    for (uint32_t i = 0; ok && i < o->n_digests; i++) {
        ok = asc_mp_put_bytes(out, ASC_PARTICLE_BLOB, o->digests + i * ASC_DIGEST_SIZE,
                              ASC_DIGEST_SIZE);
    }
    return ok && asc_mp_put_uint(out, LIST_ORDERED) &&
           asc_mp_put_uint(out, LIST_ADDS_NEW_ONES) && asc_writer_op_end(w);
}

/* Append the operation that sets a bin of the monitor. */
static bool
put_bin(asc_writer *w, const char *name, uint8_t particle, const uint8_t *value,
        size_t size)
{
    return asc_writer_op_begin(w, ASC_OP_WRITE, particle, name, strlen(name)) &&
           asc_buf_put(w->out, value, size) && asc_writer_op_end(w);
}

static bool
put_operations(const asc_ending *e, asc_writer *w)
{
    uint8_t id[8];
    static const uint8_t yes[] = {1};
    switch (e->step) {
    case ASC_ENDING_REGISTER:
        asc_put_u64(id, e->txn->id);
        return (e->is_made || atomic_load(&e->txn->deadline) != 0 ||
                put_bin(w, "id", ASC_PARTICLE_INTEGER, id, sizeof id)) &&
               put_keys(e, w);
    case ASC_ENDING_MARK:
        return put_bin(w, "fwd", ASC_PARTICLE_BOOL, yes, sizeof yes);
    default:
        return true;
    }
}

/* Write the request of a part with one row. */
static bool
write_single(asc_ending *e, asc_part *part)
{
    const ending_row *row = &e->rows[part->rows[0]];
    asc_msg_head head = head_of(e);
    asc_writer w;
    head.budget_ms = single_budget_ms(&e->options.timing);
    head.ttl_s = e->step == ASC_ENDING_REGISTER ? asc_txn_timeout_s(e->txn) : 0;
    part->reply = ASC_REPLY_FRAME;
    bool ok = asc_writer_begin(&w, &part->req.out, &head) && put_names(e, row, &w) &&
              asc_writer_field(&w, ASC_FIELD_DIGEST, row->digest, ASC_DIGEST_SIZE) &&
              put_txn_fields(e, row, &w, true) && put_operations(e, &w);
    if (ok) {
        asc_writer_end(&w);
    }
    return ok;
}

/* May the row be sent as a repetition of the one before it? */
static bool
repeats(const ending_row *row, const ending_row *before)
{
    return before != NULL && strcmp(row->set, before->set) == 0 &&
           row->version == before->version;
}

/* Append the row of a batch. */
static bool
put_row(asc_ending *e, asc_buf *out, uint32_t number, const ending_row *before)
{
    const ending_row *row = &e->rows[number];
    asc_msg_head head = head_of(e);
    asc_writer w = {.out = out};
    uint8_t *p = asc_buf_add(out, 4 + ASC_DIGEST_SIZE + 1);
    if (p == NULL) {
        return false;
    }
    asc_put_u32(p, number);
    memcpy(p + 4, row->digest, ASC_DIGEST_SIZE);
    if (repeats(row, before)) {
        p[4 + ASC_DIGEST_SIZE] = ASC_BATCH_ROW_REPEATS;
        return true;
    }
    p[4 + ASC_DIGEST_SIZE] = ASC_BATCH_ROW_HAS_INFO | ASC_BATCH_ROW_HAS_INFO4;
    const uint8_t bits[] = {head.info1, head.info2, head.info3, head.info4, 0, 0, 0, 0};
    size_t counts_at = out->len + 4;
    if (!asc_buf_put(out, bits, sizeof bits) || !put_names(e, row, &w) ||
        !put_txn_fields(e, row, &w, false)) {
        return false;
    }
    asc_put_u16(out->data + counts_at, (uint16_t)w.n_fields);
    return true;
}

/* Begin the request of a part with several rows. */
static bool
begin_part(asc_ending *e, asc_part *part)
{
    const asc_ending_options *o = &e->options;
    const asc_msg_head head = {.info1 = ASC_INFO1_BATCH,
                               .budget_ms = o->timing.total_timeout_ms};
    asc_buf *out = &part->req.out;
    uint8_t flags = (uint8_t)(ASC_BATCH_REPORT_FAILED_ROW |
                              (o->allow_inline ? ASC_BATCH_ALLOW_INLINE : 0) |
                              (o->allow_inline_ssd ? ASC_BATCH_ALLOW_INLINE_SSD : 0) |
                              (o->respond_all_keys ? ASC_BATCH_RESPOND_ALL_KEYS : 0));
    uint8_t start[5] = {0, 0, 0, 0, flags};
    asc_put_u32(start, part->n_rows);
    e->part = part;
    e->at = 0;
    return asc_writer_begin(&e->writer, out, &head) &&
           asc_writer_field_begin(&e->writer, ASC_FIELD_BATCH) &&
           asc_buf_put(out, start, sizeof start);
}

/* Write rows of the part that is being written, as far as *left goes. */
static bool
write_rows(asc_ending *e, uint32_t *left)
{
    const asc_part *part = e->part;
    const ending_row *before = e->at > 0 ? &e->rows[part->rows[e->at - 1]] : NULL;
    bool ok = true;
    for (; ok && e->at < part->n_rows && *left > 0; --*left) {
        uint32_t number = part->rows[e->at++];
        ok = put_row(e, e->writer.out, number, before);
        before = &e->rows[number];
    }
    if (ok && e->at == part->n_rows) {
        ok = asc_writer_field_end(&e->writer);
        if (ok) {
            asc_writer_end(&e->writer);
        }
        e->part = NULL;
    }
    return ok;
}

/* Write the requests of the parts, as far as *left goes. */
static bool
write_parts(asc_ending *e, uint32_t *left)
{
    asc_part *part;
    bool ok = e->part == NULL || write_rows(e, left);
    while (ok && e->part == NULL &&
           (part = asc_set_unwritten(asc_ending_set(e))) != NULL) {
        ok = part->n_rows == 1 ? write_single(e, part)
                               : begin_part(e, part) && write_rows(e, left);
    }
    return ok;
}

/* --- answers --- */

/* Keep the first failure; the others are counted. */
static void
keep_failure(asc_ending *e, const asc_error *err)
{
    if (e->first.code == ASC_OK) {
        e->first = *err;
    }
    e->first.in_doubt = e->first.in_doubt || err->in_doubt;
}

/* A record has failed, as the node says. A record or a monitor that is gone is as good
 * as rolled, or closed. */
static void
take_result(asc_ending *e, const asc_part *part, asc_status code)
{
    bool is_gone = code == ASC_ERR_RECORD_NOT_FOUND && e->step == ASC_ENDING_CLOSE;
    if (code == ASC_OK || is_gone) {
        return;
    }
    asc_error err;
    asc_error_reset(&err);
    asc_error_set_result(&err, code);
    err.phase = ASC_PHASE_COMMAND;
    memcpy(err.host, part->err.host, sizeof err.host);
    e->n_failed++;
    keep_failure(e, &err);
}

/* The step is about the monitor, or one record. Its reply is there unless the part has
 * failed with a code of ours. */
static void
take_single(asc_ending *e, const asc_part *part)
{
    asc_msg m;
    asc_error err;
    asc_error_reset(&err);
    bool is_gone =
        part->err.code == ASC_ERR_RECORD_NOT_FOUND && e->step == ASC_ENDING_CLOSE;
    if (part->err.code != ASC_OK && !is_gone) {
        e->n_failed += part->err.code > 0 && part->err.code != ASC_ERR_TIMEOUT;
        keep_failure(e, &part->err);
    }
    else if (asc_msg_open(&m, part->data + ASC_PROTO_HEADER_SIZE,
                          part->size - ASC_PROTO_HEADER_SIZE, &err) == ASC_OK) {
        asc_txn_take_deadline(e->txn, &m);
        if (e->step == ASC_ENDING_REGISTER && atomic_load(&e->txn->deadline) == 0) {
            /* It is an ordinary record there, and no monitor. */
            asc_error_set_result(&err, ASC_ERR_ENTERPRISE_ONLY);
            asc_error_append(&err, "; the node keeps no transactions in the namespace");
            keep_failure(e, &err);
        }
    }
    else { /* it has come, and nobody can read it */
        err.in_doubt = part->req.writes;
        keep_failure(e, &err);
    }
}

/* Several records: each has a message of its own. What has failed and is to be repeated
 * is no failure yet, but some records may have been answered before. */
static void
take_rows(asc_ending *e, const asc_part *part)
{
    asc_frames frames;
    asc_msg m;
    asc_error err;
    asc_error_reset(&err);
    asc_frames_begin(&frames, part->data, part->size);
    while (asc_frames_next(&frames, &m, &err)) {
        if (!(m.info3 & ASC_INFO3_LAST)) {
            take_result(e, part, m.result);
        }
    }
    if (err.code != ASC_OK) {
        keep_failure(e, &err);
    }
    if (part->ended && part->err.code != ASC_OK && !part->again) {
        keep_failure(e, &part->err);
    }
}

static void
take_parts(asc_ending *e)
{
    asc_part *part;
    while ((part = asc_set_take(asc_ending_set(e))) != NULL) {
        if (part->reply != ASC_REPLY_FRAME) {
            take_rows(e, part);
        }
        else if (!part->again) {
            take_single(e, part);
        }
    }
}

/* Register once more, with a monitor that exists. Two commands were the first ones at
 * the same time, or an answer was lost: nobody else has the number of the transaction,
 * which is random. */
static asc_status
register_again(asc_ending *e, asc_error *err)
{
    uint32_t *total = &e->options.timing.total_timeout_ms;
    uint32_t spent = asc_ending_elapsed_ms(e);
    e->is_made = true;
    e->n_failed = 0;
    asc_error_reset(&e->first);
    if (*total != 0) {
        *total = spent < *total ? *total - spent : 1;
    }
    asc_batch_leave(e->batch, e->cluster);
    e->batch = NULL;
    return begin_batch(e, err);
}

asc_status
asc_ending_go_on_some(asc_ending *e, uint32_t n_rows, bool *waits, asc_error *err)
{
    uint32_t left = n_rows;
    bool has_waited = e->is_out;
    *waits = e->is_out = false;
    take_parts(e);
    /* a batch that is being routed has not all of its rows under way yet */
    if (has_waited && asc_batch_is_done(e->batch)) {
        if (e->first.code != ASC_ERR_TXN_MONITOR_EXISTS || e->is_made) {
            return ASC_OK;
        }
        if (register_again(e, err) != ASC_OK) {
            return err->code;
        }
    }
    asc_status rc = add_rows(e, &left, err);
    if (rc == ASC_OK && left == 0) {
        return ASC_INTERRUPTED;
    }
    rc = rc == ASC_OK ? asc_batch_route_some(e->batch, left, err) : rc;
    if (rc != ASC_OK) {
        return rc;
    }
    if (!write_parts(e, &left)) {
        return asc_error_set(err, ASC_ERR_NOMEM, "end of a transaction");
    }
    *waits = e->is_out = e->part == NULL;
    return ASC_INTERRUPTED;
}

asc_status
asc_ending_go_on(asc_ending *e, asc_error *err)
{
    bool waits;
    asc_status rc;
    do {
        rc = asc_ending_go_on_some(e, UINT32_MAX, &waits, err);
    } while (rc == ASC_INTERRUPTED && !waits);
    return rc;
}

asc_status
asc_ending_result(const asc_ending *e, asc_error *err)
{
    *err = e->first;
    if (e->step == ASC_ENDING_VERIFY && e->n_failed > 0) {
        asc_status cause = e->first.code;
        asc_error_set(err, ASC_ERR_TXN_FAILED,
                      "%u of %u records are not as the transaction has read them",
                      e->n_failed, e->n_rows);
        asc_error_append(err, "; %s (%d)", asc_status_text(cause), cause);
        err->is_result = false;
    }
    return err->code;
}
