/* The rounds of a query. Each round asks every node for its share of what is still to
 * be read: the tracker's shares become parts of a set, and what becomes of the parts is
 * told to the tracker. A node that could not give its share is no failure of the query
 * as long as another round may ask elsewhere. */
#include "asc/query.h"

#include <stdio.h>
#include <string.h>

#include "asc/alloc.h"
#include "asc/digest.h"
#include "base/time.h"
#include "command/set.h"
#include "command/query.h"
#include "command/tracker.h"

struct asc_query {
    asc_set *set; /* owned */
    asc_cluster *cluster;
    asc_tracker *tracker; /* borrowed */
    asc_query_options options;
    char ns[ASC_MAX_NAMESPACE_SIZE + 1];
    asc_snapshot *view; /* counted: of this round; NULL: there was none yet */
    asc_buf scratch;    /* owned: the field being written */
    uint32_t n_rounds;
    uint32_t n_followed; /* of those, the ones that repeated nothing */
    uint32_t n_missing;  /* parts whose node said that it has no such index */
    asc_error last; /* the last failure of a part, for which there is another round */
    bool failed;    /* `last` is one after which no other round may follow */
    bool over;      /* no further round will follow, for whatever reason */
};

/* --- life --- */

asc_query *
asc_query_new(void)
{
    asc_query *q = asc_calloc(1, sizeof *q);
    if (q != NULL) {
        q->set = asc_set_new();
    }
    if (q == NULL || q->set == NULL) {
        asc_query_free(q);
        return NULL;
    }
    return q;
}

void
asc_query_free(asc_query *q)
{
    if (q != NULL) {
        asc_set_free(q->set);
        asc_snapshot_release(q->view);
        asc_buf_clear(&q->scratch);
        asc_free(q);
    }
}

asc_set *
asc_query_set(asc_query *q)
{
    return q->set;
}

bool
asc_query_is_over(const asc_query *q)
{
    return q->over;
}

/* --- what the replies say --- */

/* A message about a partition has come: the node does not have it any more. What it
 * sent of the partition before that is good, and the tracker knows how far it went. */
static bool
note(void *owner, const asc_msg *m, asc_error *err)
{
    asc_member *member = owner;
    asc_query *q = member->set->owner.self;
    if ((m->info3 & ASC_INFO3_LAST) || m->result == ASC_OK) {
        return true;
    }
    if (!asc_tracker_refuse(q->tracker, member->share, m->generation)) {
        asc_error_set(err, ASC_ERR_CLIENT,
                      "malformed reply: partition %u was not asked for", m->generation);
        return false;
    }
    asc_error_reset(&q->last);
    q->last.phase = ASC_PHASE_COMMAND;
    asc_error_set_result(&q->last, m->result);
    asc_error_append(&q->last, " (partition %u)", m->generation);
    return true;
}

/* A part has ended and leaves the set, and the tracker hears how. Its error is kept,
 * since the query fails with it if there is no other round. */
static void
leaves(void *self, asc_member *m)
{
    asc_query *q = self;
    if (m->part.err.code != ASC_OK && !q->failed) {
        q->last = m->part.err;
    }
    q->n_missing += m->part.err.code == ASC_ERR_INDEX_NOT_FOUND;
    if (!asc_tracker_end(q->tracker, m->share, m->part.err.code)) {
        q->failed = true;
    }
}

/* The part's node has sent an impossible record: its reply ends here, malformed. The
 * function is not inlined, for the sake of good records. */
static __attribute__((noinline)) void
fail_part(asc_query *q, asc_member *m, const asc_msg_record *record)
{
    asc_error *err = &m->part.err;
    asc_snapshot *view = asc_cluster_snapshot(q->cluster);
    asc_node *node = asc_snapshot_node(view, m->part.node_name);
    asc_error_reset(err);
    err->phase = ASC_PHASE_COMMAND;
    if (node != NULL) {
        snprintf(err->host, sizeof err->host, "%s", node->pool.addr.text);
        asc_node_count_error(node);
        asc_cluster_rouse(q->cluster);
    }
    asc_snapshot_release(view);
    if (record->digest == NULL) {
        asc_error_set(err, ASC_ERR_CLIENT, "malformed reply: a record has no digest");
    }
    else {
        asc_error_set(err, ASC_ERR_CLIENT,
                      "malformed reply: partition %u of a record was not asked for",
                      asc_digest_partition(record->digest));
    }
    asc_set_end(m);
}

/* Only the first impossible record ends the part; those behind it are refused without a
 * word. So does the first that is one too many, when the node knows no limit and would
 * go on to its end. */
bool
asc_query_count(asc_query *q, asc_part *p, const asc_msg_record *record)
{
    asc_member *m = (asc_member *)p;
    asc_share *share = m->share;
    bool was_malformed = share->malformed, had_surplus = share->surplus;
    if (asc_tracker_count(q->tracker, share, record)) {
        return true;
    }
    if (share->malformed && !was_malformed) {
        fail_part(q, m, record);
    }
    else if (share->surplus && !had_surplus && share->quota == 0) {
        asc_set_end(m);
    }
    return false;
}

void
asc_query_take_back(asc_query *q)
{
    asc_tracker_take_back(q->tracker);
}

/* --- rounds --- */

void
asc_query_begin_at(asc_query *q, asc_cluster *cluster, asc_tracker *tracker,
                   const asc_query_options *options, uint64_t now_ms)
{
    const asc_set_owner owner = {.note = note, .leaves = leaves, .self = q};
    asc_set_begin_at(q->set, cluster, &options->set, &owner, now_ms);
    q->cluster = cluster;
    q->tracker = tracker;
    q->options = *options;
    snprintf(q->ns, sizeof q->ns, "%s", options->ns);
    q->options.ns = q->ns;
    q->n_rounds = q->n_followed = q->n_missing = 0;
    q->failed = q->over = false;
    asc_error_reset(&q->last);
    asc_tracker_begin(tracker, options->max_records);
    tracker->skips = options->skips;
}

void
asc_query_begin(asc_query *q, asc_cluster *cluster, asc_tracker *tracker,
                const asc_query_options *options)
{
    asc_query_begin_at(q, cluster, tracker, options, asc_now_ms());
}

/* What owner_of needs to know. */
typedef struct owners {
    const asc_snapshot *view;
    const asc_snapshot *before; /* the view of the round before */
    const asc_ns_map *map;
    asc_choice choice;
} owners;

/* The tracker's question, answered from one view for the whole round. */
static uint16_t
owner_of(void *context, const asc_cursor *cursor)
{
    owners *o = context;
    bool has_last = o->before != NULL && cursor->last < o->before->n_nodes;
    o->choice.first = cursor->replica;
    o->choice.last = has_last ? o->before->nodes[cursor->last]->name : "";
    return asc_snapshot_slot(o->view, o->map, cursor->partition, &o->choice);
}

/* Make a part of each share. A part does not repeat its request: what it could not get
 * is for the next round. */
static asc_status
add_parts(asc_query *q, const asc_snapshot *view, uint64_t start_ms, asc_error *err)
{
    for (uint32_t i = 0; i < q->tracker->n_shares; i++) {
        asc_share *share = &q->tracker->shares[i];
        bool nowhere = share->node >= view->n_nodes;
        asc_member *m = asc_set_add(
            q->set, nowhere ? "" : view->nodes[share->node]->name, start_ms);
        if (m == NULL) {
            return asc_error_set(err, ASC_ERR_NOMEM, "part of a query");
        }
        m->share = share;
        /* A part without a node has nothing to write: it only fails. */
        m->handed_out = nowhere;
        m->part.req.ns = q->ns;
        m->part.req.partition = asc_share_cursor(q->tracker, share, 0)->partition;
        m->part.reply = ASC_REPLY_RECORDS;
        m->part.req.timing.max_retries = 0; /* rounds take their place */
    }
    return ASC_OK;
}

/* Begin a round on the newest view. */
static asc_status
share_out(asc_query *q, uint64_t start_ms, asc_error *err)
{
    asc_snapshot *view = asc_cluster_snapshot(q->cluster);
    const asc_request req = {.replica = q->options.replica,
                             .sc_session = q->options.sc_session};
    owners o = {.view = view, .before = q->view, .map = asc_snapshot_map(view, q->ns)};
    asc_status rc;
    err->phase = ASC_PHASE_PARTITION_MAP;
    if (asc_cluster_is_closed(q->cluster)) {
        rc = asc_error_set(err, ASC_ERR_CLUSTER, "the client is closed");
    }
    else if (o.map == NULL) {
        rc = asc_snapshot_lacks(view, q->ns, err);
    }
    else {
        o.choice = asc_choice_of(&req, o.map);
        rc = asc_tracker_assign(q->tracker, owner_of, &o, (uint32_t)view->n_nodes, err);
    }
    if (rc == ASC_OK) {
        rc = add_parts(q, view, start_ms, err);
    }
    asc_snapshot_release(q->view);
    q->view = view;
    return rc;
}

/* End the query with a failure. Its rounds count as attempts. */
static asc_status
fail(asc_query *q, const asc_error *cause, uint64_t now_ms, asc_error *err)
{
    q->over = true;
    *err = *cause;
    err->attempts = q->n_rounds;
    err->elapsed_ms = (uint32_t)(now_ms - q->set->begin_ms);
    return err->code;
}

/* Have all nodes said in the first round that there is no such index? When only some
 * say so, the index may be about to reach them. */
static bool
lacks_index(const asc_query *q)
{
    return q->n_rounds == 1 && q->n_missing == q->tracker->n_shares;
}

/* The first round begins at once, and so does one that repeats nothing, but reads on
 * where shares were short. Later ones wait as repetitions do, and are limited and
 * counted like them. */
asc_status
asc_query_round_at(asc_query *q, uint64_t now_ms, asc_error *err)
{
    const asc_timing *t = &q->options.set.timing;
    if (!asc_set_is_done(q->set)) {
        return ASC_OK;
    }
    asc_set_go_on(q->set, now_ms);
    if (q->failed) {
        return fail(q, &q->last, now_ms, err);
    }
    if (!asc_tracker_goes_on(q->tracker)) {
        q->over = true;
        return ASC_OK;
    }
    uint64_t start_ms = now_ms;
    bool follows = q->n_rounds > 0 && q->tracker->n_refused == 0;
    q->n_followed += follows;
    if (q->n_rounds > 0 && !follows) {
        start_ms += t->sleep_between_retries_ms;
        if (lacks_index(q) || q->n_rounds - q->n_followed > t->max_retries ||
            start_ms >= q->set->deadline_ms) {
            return fail(q, &q->last, now_ms, err);
        }
    }
    q->n_rounds++;
    asc_error_reset(err);
    asc_status rc = share_out(q, start_ms, err);
    if (rc != ASC_OK) {
        asc_set_abandon(q->set);
        const asc_error cause = *err;
        return fail(q, &cause, now_ms, err);
    }
    return ASC_OK;
}

asc_status
asc_query_round(asc_query *q, asc_error *err)
{
    return asc_query_round_at(q, asc_now_ms(), err);
}

/* --- requests --- */

/* Write the numbers of the partitions that are read from their start. They are
 * little-endian, unlike almost all else on the wire. */
static bool
put_partitions(asc_query *q, const asc_share *share)
{
    for (uint32_t i = 0; i < share->n_full; i++) {
        uint16_t id = asc_share_cursor(q->tracker, share, i)->partition;
        const uint8_t bytes[2] = {(uint8_t)id, (uint8_t)(id >> 8)};
        if (!asc_buf_put(&q->scratch, bytes, sizeof bytes)) {
            return false;
        }
    }
    return true;
}

/* Write where to go on in the partitions that have been read in part: behind these
 * digests. */
static bool
put_digests(asc_query *q, const asc_share *share)
{
    for (uint32_t i = 0; i < share->n_partial; i++) {
        const asc_cursor *c = asc_share_cursor(q->tracker, share, share->n_full + i);
        if (!asc_buf_put(&q->scratch, c->digest, sizeof c->digest)) {
            return false;
        }
    }
    return true;
}

/* Write the places of those digests in the index, if the query has an index range. */
static bool
put_bvals(asc_query *q, const asc_share *share)
{
    for (uint32_t i = 0; q->options.by_index && i < share->n_partial; i++) {
        uint64_t bval = asc_share_cursor(q->tracker, share, share->n_full + i)->bval;
        uint8_t bytes[8];
        for (unsigned k = 0; k < 8; k++) {
            bytes[k] = (uint8_t)(bval >> 8 * k);
        }
        if (!asc_buf_put(&q->scratch, bytes, sizeof bytes)) {
            return false;
        }
    }
    return true;
}

/* Write how many records the node may send at most; without a limit there is no
 * field. */
static bool
put_maximum(asc_query *q, const asc_share *share)
{
    uint8_t bytes[8];
    asc_put_u64(bytes, share->quota);
    return share->quota == 0 || asc_buf_put(&q->scratch, bytes, sizeof bytes);
}

/* A field without contents is left out. */
bool
asc_query_put_fields(asc_query *q, const asc_part *p, asc_writer *w)
{
    static const struct {
        uint8_t id;
        bool (*put)(asc_query *q, const asc_share *share);
    } fields[] = {
        {ASC_FIELD_PARTITIONS, put_partitions},
        {ASC_FIELD_DIGESTS, put_digests},
        {ASC_FIELD_BVALS, put_bvals},
        {ASC_FIELD_MAX_RECORDS, put_maximum},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        q->scratch.len = 0;
        if (!fields[i].put(q, ((const asc_member *)p)->share)) {
            return false;
        }
        if (q->scratch.len > 0 &&
            !asc_writer_field(w, fields[i].id, q->scratch.data, q->scratch.len)) {
            return false;
        }
    }
    return true;
}
