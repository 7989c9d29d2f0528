/* Batches: which node is asked for which rows, and what becomes of the rows whose node
 * has failed. Rows that go to the same node make one part, which is a slice of one
 * array of row numbers. A part that fails is not repeated as it is: those of its rows
 * that got no answer are routed again on the newest view, perhaps to several nodes. */
#include "asc/batch.h"

#include <string.h>

#include "asc/alloc.h"
#include "base/time.h"
#include "command/set.h"

/* Room for so many rows is kept between two batches. */
#define KEEP_ROWS 4096u

/* What is kept of one row. */
typedef struct batch_row {
    uint16_t ns; /* index into the batch's list */
    uint16_t partition;
    uint16_t group; /* while routing: the number of its node, or of "nowhere" */
    bool writes, answered;
    uint32_t member; /* id of the member that carries it */
} batch_row;

/* A namespace in which rows are. */
typedef struct ns_name {
    char name[ASC_MAX_NAMESPACE_SIZE + 1];
    const asc_ns_map *map; /* while routing; NULL: it does not exist */
    asc_choice reads;      /* which copies the rows that read may ask */
} ns_name;

struct asc_batch {
    asc_set *set; /* owned */
    asc_cluster *cluster;
    asc_batch_options options;
    batch_row *rows;  /* owned */
    uint32_t *order;  /* owned: row numbers, sorted by part: each has a slice */
    uint32_t *buffer; /* owned: of the same length, while routing */
    ns_name *names;   /* owned */
    uint32_t n_rows, cap_rows, cap_order;
    uint32_t n_names, cap_names;
    uint32_t last_member;
    /* Where in the circle of copies the rows begin that read, and those that write. */
    unsigned first_read, first_written;
    bool routed; /* asc_batch_route has been called at least once */
};

/* --- life --- */

asc_batch *
asc_batch_new(void)
{
    asc_batch *b = asc_calloc(1, sizeof *b);
    if (b != NULL) {
        b->set = asc_set_new();
    }
    if (b == NULL || b->set == NULL) {
        asc_batch_free(b);
        return NULL;
    }
    return b;
}

static void
free_rows(asc_batch *b)
{
    asc_free(b->rows);
    asc_free(b->order);
    asc_free(b->buffer);
    b->rows = NULL;
    b->order = b->buffer = NULL;
    b->cap_rows = b->cap_order = 0;
}

void
asc_batch_free(asc_batch *b)
{
    if (b != NULL) {
        asc_set_free(b->set);
        free_rows(b);
        asc_free(b->names);
        asc_free(b);
    }
}

asc_set *
asc_batch_set(asc_batch *b)
{
    return b->set;
}

static bool note(void *owner, const asc_msg *m, asc_error *err);

/* Memory that a large batch has taken is given back here, not at its end, where the
 * caller may still read from it. */
void
asc_batch_begin(asc_batch *b, asc_cluster *cluster, const asc_batch_options *options)
{
    const asc_set_owner owner = {.note = note, .self = b};
    asc_set_begin_at(b->set, cluster, &options->set, &owner, asc_now_ms());
    b->cluster = cluster;
    b->options = *options;
    if (b->cap_rows > KEEP_ROWS) {
        free_rows(b);
    }
    b->n_rows = b->n_names = b->last_member = 0;
    b->routed = false;
}

/* --- rows --- */

/* Find the number of a namespace in the list, to which it is added when it is new. */
static asc_status
find_name(asc_batch *b, const char *ns, uint16_t *out, asc_error *err)
{
    for (uint32_t i = b->n_names; i-- > 0;) { /* most often it is the last one */
        if (strcmp(b->names[i].name, ns) == 0) {
            *out = (uint16_t)i;
            return ASC_OK;
        }
    }
    if (strlen(ns) > ASC_MAX_NAMESPACE_SIZE || b->n_names == UINT16_MAX / 2) {
        return asc_error_set(err, ASC_ERR_PARAM, "Invalid namespace: %s", ns);
    }
    if (b->n_names == b->cap_names) {
        uint32_t cap = b->cap_names * 2 + 2;
        ns_name *names = asc_realloc(b->names, cap * sizeof *names);
        if (names == NULL) {
            return asc_error_set(err, ASC_ERR_NOMEM, "namespaces of a batch");
        }
        b->names = names;
        b->cap_names = cap;
    }
    b->names[b->n_names] = (ns_name){0};
    strcpy(b->names[b->n_names].name, ns);
    *out = (uint16_t)b->n_names++;
    return ASC_OK;
}

asc_status
asc_batch_add(asc_batch *b, const char *ns, uint32_t partition, bool writes,
              asc_error *err)
{
    uint16_t name = 0;
    asc_status rc = find_name(b, ns, &name, err);
    if (rc != ASC_OK) {
        return rc;
    }
    if (b->n_rows == b->cap_rows) {
        uint32_t cap = b->cap_rows + b->cap_rows / 2 + 64;
        batch_row *rows = asc_realloc(b->rows, cap * sizeof *rows);
        if (rows == NULL) {
            return asc_error_set(err, ASC_ERR_NOMEM, "batch of %u rows", cap);
        }
        b->rows = rows;
        b->cap_rows = cap;
    }
    b->rows[b->n_rows++] =
        (batch_row){.ns = name,
                    .partition = (uint16_t)(partition % ASC_N_PARTITIONS),
                    .writes = writes};
    return ASC_OK;
}

/* A message about a row has come for a member, or the last one of its reply. A row that
 * was not asked for, or has been answered before, makes the reply malformed: its place
 * in the results belongs to somebody else. */
static bool
note(void *owner, const asc_msg *m, asc_error *err)
{
    asc_member *member = owner;
    asc_batch *b = member->set->owner.self;
    if (m->info3 & ASC_INFO3_LAST) {
        if (m->result == ASC_OK && member->n_answered < member->part.n_rows) {
            asc_error_set(err, ASC_ERR_CLIENT, "the node left out %u rows of a batch",
                          member->part.n_rows - member->n_answered);
            return false;
        }
        return true;
    }
    if (m->index >= b->n_rows || b->rows[m->index].member != member->id ||
        b->rows[m->index].answered) {
        asc_error_set(err, ASC_ERR_CLIENT, "malformed reply: row %u was not asked for",
                      m->index);
        return false;
    }
    b->rows[m->index].answered = true;
    member->n_answered++;
    return true;
}

bool
asc_batch_unanswered(const asc_batch *b, const asc_part *p, uint32_t *at, uint32_t *row)
{
    while (*at < p->n_rows) {
        uint32_t i = p->rows[(*at)++];
        if (!b->rows[i].answered) {
            *row = i;
            return true;
        }
    }
    return false;
}

/* --- routing --- */

/* What the rows that are sent together have been through before. */
typedef struct history {
    uint32_t n_attempts, n_sent;
    unsigned replica; /* how far they have moved on in the circle of copies */
    const char *last; /* the node that has failed */
    uint64_t start_ms;
    const asc_error *err; /* the last failure; NULL: there was none */
} history;

/* What routing works with. It counts rows by groups: for each node the rows that go
 * there, then for each namespace those that no node takes. */
typedef struct routing {
    const asc_snapshot *view;
    uint32_t *counts; /* owned */
    size_t n_groups;
} routing;

/* Find the group of a row: the slot of the node that it goes to now, or the number that
 * stands for "nowhere" in the row's namespace. */
static uint16_t
group_of(const asc_batch *b, const routing *r, const batch_row *w, const history *h)
{
    const ns_name *ns = &b->names[w->ns];
    const asc_choice choice = {
        .first = h->replica + (w->writes ? b->first_written : b->first_read),
        .master_only = w->writes ? b->options.replica == ASC_REPLICA_MASTER
                                 : ns->reads.master_only,
        .by_rack = !w->writes && ns->reads.by_rack,
        .last = h->last,
    };
    uint32_t nowhere = (uint32_t)r->view->n_nodes + w->ns;
    uint16_t slot = ASC_NO_NODE;
    if (ns->map != NULL) {
        slot = asc_snapshot_slot(r->view, ns->map, w->partition, &choice);
    }
    return (uint16_t)(slot != ASC_NO_NODE ? slot : nowhere);
}

/* Make a part for the rows of one group. A part of rows without a node has nothing to
 * write and only fails, so that its repetition and its error come about like any
 * other. */
static asc_status
add_part(asc_batch *b, const routing *r, uint16_t group, const uint32_t *rows,
         uint32_t n_rows, const history *h, asc_error *err)
{
    bool nowhere = group >= r->view->n_nodes;
    asc_member *m =
        asc_set_add(b->set, nowhere ? "" : r->view->nodes[group]->name, h->start_ms);
    if (m == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "part of a batch");
    }
    asc_part *p = &m->part;
    p->reply = ASC_REPLY_ROWS;
    p->rows = rows;
    p->n_rows = n_rows;
    p->req.ns = b->names[b->rows[rows[0]].ns].name;
    p->req.partition = b->rows[rows[0]].partition;
    p->req.replica = b->options.replica;
    p->req.linearize = b->options.linearize;
    m->id = ++b->last_member;
    m->handed_out = nowhere; /* nothing to write */
    m->x.n_attempts = h->n_attempts;
    m->x.n_sent = h->n_sent;
    m->x.replica = h->replica;
    m->x.many.moves = true;
    if (h->err != NULL) {
        p->err = *h->err;
    }
    for (uint32_t i = 0; i < n_rows; i++) {
        batch_row *w = &b->rows[rows[i]];
        w->member = m->id;
        p->req.writes = p->req.writes || w->writes;
    }
    return ASC_OK;
}

/* Sort rows[0..n), a slice of b->order, by node, and make a part of each run. Counting
 * and then placing takes two passes over the rows, however many nodes there are. */
static asc_status
split(asc_batch *b, routing *r, uint32_t *rows, uint32_t n, const history *h,
      asc_error *err)
{
    memset(r->counts, 0, r->n_groups * sizeof *r->counts);
    for (uint32_t i = 0; i < n; i++) {
        batch_row *w = &b->rows[rows[i]];
        w->group = group_of(b, r, w, h);
        r->counts[w->group]++;
    }
    uint32_t sum = 0;
    for (size_t g = 0; g < r->n_groups; g++) {
        /* The counts become the offsets at which each group begins. */
        uint32_t count = r->counts[g];
        r->counts[g] = sum;
        sum += count;
    }
    for (uint32_t i = 0; i < n; i++) {
        b->buffer[r->counts[b->rows[rows[i]].group]++] = rows[i];
    }
    if (n > 0) { /* else there may be no array */
        memcpy(rows, b->buffer, n * sizeof *rows);
    }
    asc_status rc = ASC_OK;
    for (uint32_t at = 0, last; rc == ASC_OK && at < n; at = last) {
        uint16_t group = b->rows[rows[at]].group;
        last = r->counts[group];
        rc = add_part(b, r, group, rows + at, last - at, h, err);
    }
    return rc;
}

/* Route every row, for the first time. */
static asc_status
route_all(asc_batch *b, routing *r, asc_error *err)
{
    if (b->n_rows > b->cap_order) {
        asc_free(b->order);
        asc_free(b->buffer);
        b->order = asc_malloc(b->n_rows * sizeof *b->order);
        b->buffer = asc_malloc(b->n_rows * sizeof *b->buffer);
        b->cap_order = b->order != NULL && b->buffer != NULL ? b->n_rows : 0;
    }
    if (b->n_rows > b->cap_order) {
        return asc_error_set(err, ASC_ERR_NOMEM, "batch of %u rows", b->n_rows);
    }
    for (uint32_t i = 0; i < b->n_rows; i++) {
        b->order[i] = i;
    }
    const asc_request reads = {.replica = b->options.replica,
                               .linearize = b->options.linearize};
    const history h = {.last = ""};
    b->first_read = asc_first_replica(&reads, b->cluster);
    b->first_written = b->options.replica == ASC_REPLICA_RANDOM ? b->first_read : 0;
    return split(b, r, b->order, b->n_rows, &h, err);
}

/* Route the rows of a part that failed, without those that were answered before. They
 * keep its place in the array, so that a slice never outgrows its array. */
static asc_status
route_again(asc_batch *b, routing *r, const asc_member *m, asc_error *err)
{
    uint32_t *rows = b->order + (m->part.rows - b->order);
    uint32_t n = 0, at = 0, row;
    while (asc_batch_unanswered(b, &m->part, &at, &row)) {
        rows[n++] = row;
    }
    const history h = {
        .n_attempts = m->x.n_attempts,
        .n_sent = m->x.n_sent,
        .replica = m->x.replica,
        .last = m->part.node_name,
        .start_ms = m->x.wake_ms,
        .err = &m->part.err,
    };
    return split(b, r, rows, n, &h, err);
}

/* Has the part failed, and are its rows still to be routed? */
static bool
must_go_again(const asc_member *m)
{
    return m->state == ASC_MEMBER_ENDED && m->taken && m->part.again;
}

/* Route the rows of all parts that have failed. The members that this adds come behind
 * the first n, so the loop does not see them. */
static asc_status
route_what_failed(asc_batch *b, routing *r, asc_error *err)
{
    asc_status rc = ASC_OK;
    size_t n = b->set->n;
    for (size_t i = 0; rc == ASC_OK && i < n; i++) {
        asc_member *m = b->set->members[i];
        if (must_go_again(m)) {
            rc = route_again(b, r, m, err);
            m->part.again = false;
        }
    }
    return rc;
}

/* The maps of the namespaces are looked up once, not for each row. */
asc_status
asc_batch_route(asc_batch *b, asc_error *err)
{
    if (b->routed && asc_batch_is_done(b)) {
        return ASC_OK;
    }
    asc_snapshot *view = asc_cluster_snapshot(b->cluster);
    const asc_request reads = {.replica = b->options.replica,
                               .linearize = b->options.linearize,
                               .sc_session = b->options.sc_session};
    for (uint32_t i = 0; i < b->n_names; i++) {
        ns_name *ns = &b->names[i];
        ns->map = asc_snapshot_map(view, ns->name);
        if (ns->map != NULL) {
            ns->reads = asc_choice_of(&reads, ns->map);
        }
    }
    routing r = {.view = view, .n_groups = view->n_nodes + b->n_names};
    asc_status rc;
    r.counts = asc_malloc((r.n_groups + 1) * sizeof *r.counts);
    if (r.counts == NULL) {
        rc = asc_error_set(err, ASC_ERR_NOMEM, "routes of a batch");
    }
    else if (!b->routed) {
        rc = route_all(b, &r, err);
    }
    else {
        rc = route_what_failed(b, &r, err);
    }
    b->routed = true;
    asc_free(r.counts);
    asc_snapshot_release(view);
    return rc;
}

bool
asc_batch_is_done(const asc_batch *b)
{
    for (size_t i = 0; i < b->set->n; i++) {
        if (must_go_again(b->set->members[i])) {
            return false;
        }
    }
    return b->routed && asc_set_is_done(b->set);
}
