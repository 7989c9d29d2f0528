/* Batches: which node is asked for which rows, and what becomes of the rows whose node
 * has failed. Rows that go to the same node make one part, which is a slice of one
 * array of row numbers. A part that fails is not repeated as it is: those of its rows
 * that got no answer are routed again on the newest view, perhaps to several nodes. */
#include "asc/batch.h"

#include <string.h>

#include "asc/alloc.h"
#include "base/time.h"
#include "command/set.h"

/* Room for so many rows is kept between two batches: 24 bytes for each. */
#define KEEP_ROWS 32768u

/* So much is kept of each request and reply, and of all of them together. */
#define KEEP_BUFFER (1u << 20)
#define KEEP_BUFFERS (4u << 20)

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

/* What the rows that are sent together have been through before. */
typedef struct history {
    uint32_t n_attempts, n_sent;
    unsigned replica; /* how far they have moved on in the circle of copies */
    const char *last; /* the node that has failed */
    uint64_t start_ms;
    const asc_error *err; /* the last failure; NULL: there was none */
} history;

/* How far rows that are sent together have come: three passes sort them by node, and
 * make a part of each run. */
typedef enum pass {
    PASS_NONE, /* other rows come next */
    PASS_COUNT,
    PASS_PLACE,
    PASS_PARTS,
} pass;

/* Routing under way, which may go on in slices. It counts rows by groups: for each node
 * the rows that go there, then for each namespace those that no node takes. */
typedef struct routing {
    asc_snapshot *view; /* counted; NULL: nothing is under way */
    uint32_t *counts;   /* owned */
    size_t n_groups;
    size_t next, n_members; /* the members that may have to go again: next to n */
    pass pass;
    uint32_t *rows; /* borrowed: a slice of `order`, of rows that are sent together */
    uint32_t n, at; /* its length, and how far the pass has come */
    history history;
    asc_member *member; /* whose rows come next; NULL: it is still to be made */
    uint16_t group;     /* that of the member's rows */
} routing;

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
    bool routed; /* routing has begun at least once */
    routing routing;
};

/* --- life --- */

static void end_routing(asc_batch *b);

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
    b->set->keep = KEEP_BUFFER;
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
        end_routing(b);
        asc_set_free(b->set);
        free_rows(b);
        asc_free(b->names);
        asc_free(b);
    }
}

asc_batch *
asc_batch_take(asc_cluster *cluster)
{
    asc_batch *b = asc_spares_take(asc_cluster_batches(cluster));
    return b != NULL ? b : asc_batch_new();
}

static void
free_spare(void *b)
{
    asc_batch_free(b);
}

void
asc_batch_leave(asc_batch *b, asc_cluster *cluster)
{
    if (b == NULL) {
        return;
    }
    end_routing(b);
    asc_set_trim(b->set, KEEP_BUFFERS);
    if (b->cap_rows > KEEP_ROWS || b->cap_order > KEEP_ROWS) {
        free_rows(b);
    }
    asc_spares_leave(asc_cluster_batches(cluster), b, free_spare);
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
    end_routing(b);
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

asc_status
asc_batch_namespace(asc_batch *b, const char *ns, uint16_t *out, asc_error *err)
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
asc_batch_reserve(asc_batch *b, uint32_t n, asc_error *err)
{
    if (b->cap_rows - b->n_rows >= n) {
        return ASC_OK;
    }
    uint32_t least = b->n_rows + n, cap = b->cap_rows + b->cap_rows / 2 + 64;
    cap = cap > least ? cap : least;
    batch_row *rows = asc_realloc(b->rows, cap * sizeof *rows);
    if (rows == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "batch of %u rows", cap);
    }
    b->rows = rows;
    b->cap_rows = cap;
    return ASC_OK;
}

void
asc_batch_put(asc_batch *b, uint16_t ns, uint32_t partition, bool writes)
{
    b->rows[b->n_rows++] =
        (batch_row){.ns = ns,
                    .partition = (uint16_t)(partition % ASC_N_PARTITIONS),
                    .writes = writes};
}

asc_status
asc_batch_add(asc_batch *b, const char *ns, uint32_t partition, bool writes,
              asc_error *err)
{
    uint16_t name = 0;
    asc_status rc = asc_batch_namespace(b, ns, &name, err);
    rc = rc == ASC_OK ? asc_batch_reserve(b, 1, err) : rc;
    if (rc == ASC_OK) {
        asc_batch_put(b, name, partition, writes);
    }
    return rc;
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

/* Find the group of a row: the slot of the node that it goes to now, or the number that
 * stands for "nowhere" in the row's namespace. */
static uint16_t
group_of(const asc_batch *b, const batch_row *w)
{
    const routing *r = &b->routing;
    const ns_name *ns = &b->names[w->ns];
    const asc_choice choice = {
        .first = r->history.replica + (w->writes ? b->first_written : b->first_read),
        .master_only = w->writes ? b->options.replica == ASC_REPLICA_MASTER
                                 : ns->reads.master_only,
        .by_rack = !w->writes && ns->reads.by_rack,
        .last = r->history.last,
    };
    uint32_t nowhere = (uint32_t)r->view->n_nodes + w->ns;
    uint16_t slot = ASC_NO_NODE;
    if (ns->map != NULL) {
        slot = asc_snapshot_slot(r->view, ns->map, w->partition, &choice);
    }
    return (uint16_t)(slot != ASC_NO_NODE ? slot : nowhere);
}

/* Make a part for the rows of one group, which put_in_parts() gives it one by one. A
 * part of rows without a node has nothing to write and only fails, so that its
 * repetition and its error come about like any other. */
static asc_status
add_part(asc_batch *b, uint16_t group, const uint32_t *rows, uint32_t n_rows,
         asc_error *err)
{
    routing *r = &b->routing;
    const history *h = &r->history;
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
    r->member = m;
    r->group = group;
    return ASC_OK;
}

/* The passes. Each goes on from r->at to `end`. */

static void
count_rows(asc_batch *b, uint32_t end)
{
    routing *r = &b->routing;
    uint32_t *counts = r->counts;
    const uint32_t *order = r->rows;
    batch_row *rows = b->rows;
    for (uint32_t at = r->at; at < end; at++) {
        batch_row *w = &rows[order[at]];
        w->group = group_of(b, w);
        counts[w->group]++;
    }
    r->at = end;
}

static void
place_rows(asc_batch *b, uint32_t end)
{
    routing *r = &b->routing;
    uint32_t *counts = r->counts, *buffer = b->buffer;
    const uint32_t *order = r->rows;
    const batch_row *rows = b->rows;
    for (uint32_t at = r->at; at < end; at++) {
        uint32_t row = order[at];
        buffer[counts[rows[row].group]++] = row;
    }
    r->at = end;
}

static asc_status
put_in_parts(asc_batch *b, uint32_t end, asc_error *err)
{
    routing *r = &b->routing;
    batch_row *rows = b->rows;
    asc_member *m = r->member;
    for (uint32_t at = r->at; at < end; at++) {
        batch_row *w = &rows[r->rows[at]];
        if (m == NULL || w->group != r->group) {
            uint32_t n = r->counts[w->group] - at;
            if (add_part(b, w->group, r->rows + at, n, err) != ASC_OK) {
                return err->code;
            }
            m = r->member;
        }
        w->member = m->id;
        m->part.req.writes |= w->writes;
    }
    r->at = end;
    return ASC_OK;
}

/* Begin with rows that are sent together. */
static void
begin_rows(routing *r, uint32_t *rows, uint32_t n, const history *h)
{
    r->rows = rows;
    r->n = n;
    r->at = 0;
    r->history = *h;
    r->member = NULL;
    r->pass = PASS_COUNT;
    memset(r->counts, 0, r->n_groups * sizeof *r->counts);
}

/* Go over to the next pass. */
static void
next_pass(asc_batch *b)
{
    routing *r = &b->routing;
    uint32_t sum = 0;
    /* After the first pass the counts become the offsets at which each group begins;
     * the second one moves these to where the group ends. */
    for (size_t g = 0; r->pass == PASS_COUNT && g < r->n_groups; g++) {
        uint32_t count = r->counts[g];
        r->counts[g] = sum;
        sum += count;
    }
    if (r->pass == PASS_PLACE && r->n > 0) { /* else there may be no array */
        memcpy(r->rows, b->buffer, r->n * sizeof *r->rows);
    }
    r->at = 0;
    r->pass = r->pass == PASS_PARTS ? PASS_NONE : r->pass + 1;
}

/* Go on with rows that are sent together, for as many rows as *left says, which is
 * counted down. Counting and then placing takes few passes over the rows, however many
 * nodes there are. */
static asc_status
split(asc_batch *b, uint32_t *left, asc_error *err)
{
    routing *r = &b->routing;
    asc_status rc = ASC_OK;
    while (rc == ASC_OK && r->pass != PASS_NONE) {
        uint32_t n = r->n - r->at;
        n = n < *left ? n : *left;
        *left -= n;
        if (r->pass == PASS_COUNT) {
            count_rows(b, r->at + n);
        }
        else if (r->pass == PASS_PLACE) {
            place_rows(b, r->at + n);
        }
        else {
            rc = put_in_parts(b, r->at + n, err);
        }
        if (rc == ASC_OK && r->at < r->n) {
            return ASC_INTERRUPTED;
        }
        next_pass(b);
    }
    return rc;
}

/* Begin with all rows, the first time. */
static void
begin_all(asc_batch *b)
{
    for (uint32_t i = 0; i < b->n_rows; i++) {
        b->order[i] = i;
    }
    const asc_request reads = {.replica = b->options.replica,
                               .linearize = b->options.linearize};
    const history h = {.last = ""};
    b->first_read = asc_first_replica(&reads, b->cluster);
    b->first_written = b->options.replica == ASC_REPLICA_RANDOM ? b->first_read : 0;
    begin_rows(&b->routing, b->order, b->n_rows, &h);
}

/* Begin with the rows of a part that failed, without those that were answered before.
 * They keep its place in the array, so that a slice never outgrows its array. */
static void
begin_again(asc_batch *b, asc_member *m)
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
    begin_rows(&b->routing, rows, n, &h);
}

/* Has the part failed, and are its rows still to be routed? */
static bool
must_go_again(const asc_member *m)
{
    return m->state == ASC_MEMBER_ENDED && m->taken && m->part.again;
}

/* Begin with the next rows that are sent together: all of them at first, then those of
 * each part that has failed. The members that routing adds come behind those that were
 * there when it began, so it does not see them. False: there are no more. */
static bool
next_rows(asc_batch *b)
{
    routing *r = &b->routing;
    if (!b->routed) {
        b->routed = true;
        begin_all(b);
        return true;
    }
    while (r->next < r->n_members) {
        asc_member *m = b->set->members[r->next++];
        if (must_go_again(m)) {
            begin_again(b, m);
            m->part.again = false;
            return true;
        }
    }
    return false;
}

/* Make room for the numbers of all rows, twice. */
static bool
make_room(asc_batch *b)
{
    if (b->n_rows > b->cap_order) {
        asc_free(b->order);
        asc_free(b->buffer);
        b->order = asc_malloc(b->n_rows * sizeof *b->order);
        b->buffer = asc_malloc(b->n_rows * sizeof *b->buffer);
        b->cap_order = b->order != NULL && b->buffer != NULL ? b->n_rows : 0;
    }
    return b->n_rows <= b->cap_order;
}

static void
end_routing(asc_batch *b)
{
    asc_free(b->routing.counts);
    asc_snapshot_release(b->routing.view); /* NULL is fine */
    b->routing = (routing){0};
}

/* Begin on the newest view. The maps of the namespaces are looked up once, not for each
 * row. */
static asc_status
begin_routing(asc_batch *b, asc_error *err)
{
    routing *r = &b->routing;
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
    *r = (routing){
        .view = view, .n_groups = view->n_nodes + b->n_names, .n_members = b->set->n};
    r->counts = asc_malloc((r->n_groups + 1) * sizeof *r->counts);
    if (r->counts == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "routes of a batch");
    }
    if (!make_room(b)) {
        return asc_error_set(err, ASC_ERR_NOMEM, "batch of %u rows", b->n_rows);
    }
    return ASC_OK;
}

asc_status
asc_batch_route_some(asc_batch *b, uint32_t n_rows, asc_error *err)
{
    asc_status rc = ASC_OK;
    if (b->routing.view == NULL) {
        if (b->routed && asc_batch_is_done(b)) {
            return ASC_OK;
        }
        rc = begin_routing(b, err);
    }
    while (rc == ASC_OK && (b->routing.pass != PASS_NONE || next_rows(b))) {
        rc = split(b, &n_rows, err);
    }
    if (rc != ASC_INTERRUPTED) {
        end_routing(b);
    }
    return rc;
}

/* Looking at a row in all passes counts three times. */
asc_status
asc_batch_route(asc_batch *b, asc_error *err)
{
    return asc_batch_route_some(b, UINT32_MAX, err);
}

/* The rows of a member that is not in the set any more were taken. */
bool
asc_batch_has_left(const asc_batch *b, uint32_t row)
{
    for (size_t i = 0; i < b->set->n; i++) {
        const asc_member *m = b->set->members[i];
        if (m->id == b->rows[row].member) {
            return m->part.n_sent > 0 || m->x.n_sent > 0 || m->x.io.sent > 0;
        }
    }
    return false;
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
