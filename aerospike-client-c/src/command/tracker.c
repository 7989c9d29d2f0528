/* The rules of a query's rounds, without sockets and clocks. Each partition has a
 * cursor that says how far it has been read. A round gives each cursor that is still to
 * be read to the share of one node; records move the cursors, and the end of a node's
 * reply says what becomes of its share: done, paused by a limit, or to be asked of
 * another copy. */
#include "command/tracker.h"

#include <string.h>

#include "asc/alloc.h"
#include "asc/digest.h"

/* The share of a cursor that nobody is asked for in this round. */
#define NO_SHARE UINT16_MAX

/* --- life --- */

asc_tracker *
asc_tracker_new(uint32_t first, uint32_t n)
{
    asc_tracker *t = asc_calloc(1, sizeof *t);
    if (t != NULL) {
        t->cursors = asc_calloc(n + 1, sizeof *t->cursors);
        t->order = asc_calloc(n + 1, sizeof *t->order);
    }
    if (t == NULL || t->cursors == NULL || t->order == NULL) {
        asc_tracker_free(t);
        return NULL;
    }
    t->first = first;
    t->n = n;
    for (uint32_t i = 0; i < n; i++) {
        t->cursors[i].partition = (uint16_t)(first + i);
        t->cursors[i].share = NO_SHARE;
    }
    return t;
}

void
asc_tracker_free(asc_tracker *t)
{
    if (t != NULL) {
        asc_free(t->cursors);
        asc_free(t->order);
        asc_free(t->shares);
        asc_free(t);
    }
}

/* The shares are of a round under way and are not copied. */
asc_tracker *
asc_tracker_copy(const asc_tracker *t)
{
    asc_tracker *copy = asc_tracker_new(t->first, t->n);
    if (copy != NULL) {
        memcpy(copy->cursors, t->cursors, t->n * sizeof *copy->cursors);
    }
    return copy;
}

asc_cursor *
asc_tracker_cursors(asc_tracker *t, uint32_t *n)
{
    *n = t->n;
    return t->cursors;
}

/* Is any cursor in that state? */
static bool
has_state(const asc_tracker *t, asc_cursor_state state)
{
    for (uint32_t i = 0; i < t->n; i++) {
        if (t->cursors[i].state == state) {
            return true;
        }
    }
    return false;
}

bool
asc_tracker_is_done(const asc_tracker *t)
{
    return !has_state(t, ASC_CURSOR_TODO) && !has_state(t, ASC_CURSOR_PAUSED);
}

bool
asc_tracker_goes_on(const asc_tracker *t)
{
    return (t->max_records == 0 || t->n_records < t->max_records) &&
           has_state(t, ASC_CURSOR_TODO);
}

/* Cursors that a limit has paused are read on, and each begins with its first copy
 * again. */
void
asc_tracker_begin(asc_tracker *t, uint64_t max_records)
{
    t->max_records = max_records;
    t->n_records = 0;
    t->n_shares = 0;
    t->skips = t->is_open = false;
    t->last = NULL;
    for (uint32_t i = 0; i < t->n; i++) {
        asc_cursor *c = &t->cursors[i];
        if (c->state == ASC_CURSOR_PAUSED) {
            c->state = ASC_CURSOR_TODO;
        }
        c->replica = 0;
        c->last = UINT16_MAX;
        c->share = NO_SHARE;
    }
}

/* --- a round begins --- */

/* Make room for n shares, all of them empty. Returns false when memory is short. */
static bool
clear_shares(asc_tracker *t, uint32_t n)
{
    if (n > t->cap_shares) {
        asc_share *shares = asc_realloc(t->shares, n * sizeof *shares);
        if (shares == NULL) {
            return false;
        }
        t->shares = shares;
        t->cap_shares = n;
    }
    for (uint32_t i = 0; i < n; i++) {
        t->shares[i] = (asc_share){.node = (uint16_t)i};
    }
    return true;
}

/* Sort the cursors by share, and within each share those without a digest first, as the
 * request lists them. */
static void
fill_order(asc_tracker *t, uint32_t n_shares)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < n_shares; i++) {
        t->shares[i].first = at;
        at += t->shares[i].n_full + t->shares[i].n_partial;
        t->shares[i].n_full = t->shares[i].n_partial = 0;
    }
    for (unsigned partial = 0; partial < 2; partial++) {
        for (uint32_t i = 0; i < t->n; i++) {
            const asc_cursor *c = &t->cursors[i];
            if (c->share != NO_SHARE && c->has_digest == partial) {
                asc_share *s = &t->shares[c->share];
                t->order[s->first + s->n_full + s->n_partial] = (uint16_t)i;
                s->n_full += !partial;
                s->n_partial += partial;
            }
        }
    }
}

/* Leave out the shares of nodes that are not asked, and divide max_records among the
 * others. Each is asked for at least one record, even if that makes a few too many in
 * all; the surplus is refused when it comes. */
static void
close_ranks(asc_tracker *t, uint32_t n_shares)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < n_shares; i++) {
        const asc_share s = t->shares[i];
        for (uint32_t k = 0; k < s.n_full + s.n_partial; k++) {
            t->cursors[t->order[s.first + k]].share = (uint16_t)n;
        }
        if (s.n_full + s.n_partial > 0) {
            t->shares[n++] = s;
        }
    }
    t->n_shares = n;
    uint64_t left = t->max_records - t->n_records;
    for (uint32_t i = 0; t->max_records > 0 && !t->is_open && i < n; i++) {
        t->shares[i].quota = left < n ? 1 : left / n + (i < left % n);
    }
}

asc_status
asc_tracker_assign(asc_tracker *t, asc_tracker_owner *owner_of, void *context,
                   uint32_t n_nodes, asc_error *err)
{
    t->n_refused = t->n_shares = 0;
    uint32_t n_shares = n_nodes + 1; /* one is for partitions without a node */
    if (!clear_shares(t, n_shares)) {
        return asc_error_set(err, ASC_ERR_NOMEM, "partitions of %u nodes", n_nodes);
    }
    for (uint32_t i = 0; i < t->n; i++) {
        asc_cursor *c = &t->cursors[i];
        c->share = NO_SHARE;
        c->refused = false;
        if (c->state != ASC_CURSOR_TODO) {
            continue;
        }
        uint16_t node = owner_of(context, c);
        c->last = UINT16_MAX;
        c->share = node < n_nodes ? node : (uint16_t)n_nodes;
        t->shares[c->share].n_full++; /* fill_order tells full and partial ones apart */
    }
    fill_order(t, n_shares);
    close_ranks(t, n_shares);
    return ASC_OK;
}

/* --- and goes on --- */

/* The cursor of a partition if the share has it, otherwise NULL. */
static asc_cursor *
find(asc_tracker *t, const asc_share *share, uint32_t partition)
{
    if (partition < t->first || partition - t->first >= t->n) {
        return NULL;
    }
    asc_cursor *c = &t->cursors[partition - t->first];
    return c->share != NO_SHARE && &t->shares[c->share] == share ? c : NULL;
}

/* Read a place in the index, which is little-endian on the wire. */
static uint64_t
little_endian(const uint8_t *p)
{
    uint64_t value = 0;
    for (unsigned i = 8; i-- > 0;) {
        value = value << 8 | p[i];
    }
    return value;
}

/* The cursor moves to the record at once; asc_tracker_take_back can undo that for the
 * last record. */
bool
asc_tracker_count(asc_tracker *t, asc_share *share, const asc_msg_record *record)
{
    asc_cursor *c = record->digest != NULL
                        ? find(t, share, asc_digest_partition(record->digest))
                        : NULL;
    if (c == NULL || share->malformed) {
        share->malformed = true;
        return false;
    }
    if (t->max_records > 0 && t->n_records >= t->max_records) {
        share->surplus = true;
        return false;
    }
    t->n_records++;
    share->n_records++;
    t->last = c;
    t->before = *c;
    c->has_digest = true;
    memcpy(c->digest, record->digest, sizeof c->digest);
    c->bval = record->bval != NULL ? little_endian(record->bval) : 0;
    return true;
}

void
asc_tracker_take_back(asc_tracker *t)
{
    asc_cursor *c = t->last;
    t->last = NULL;
    if (c == NULL) {
        return;
    }
    c->has_digest = t->before.has_digest;
    memcpy(c->digest, t->before.digest, sizeof c->digest);
    c->bval = t->before.bval;
    t->n_records--;
    t->shares[c->share].n_records--;
}

/* A node may say it twice of the same partition, which counts once. */
bool
asc_tracker_refuse(asc_tracker *t, asc_share *share, uint32_t partition)
{
    asc_cursor *c = find(t, share, partition);
    if (c == NULL) {
        return false;
    }
    t->n_refused += !c->refused;
    c->refused = true;
    return true;
}

/* Is it a failure after which the next round asks again, perhaps another node? After
 * any other one the query fails. */
static bool
is_passing(asc_status status)
{
    static const asc_status codes[] = {
        ASC_ERR_CLUSTER,         ASC_ERR_INVALID_NODE,    ASC_ERR_CONNECTION,
        ASC_ERR_ASYNC_CONNECT,   ASC_ERR_TIMEOUT,         ASC_ERR_DEVICE_OVERLOAD,
        ASC_ERR_INDEX_NOT_FOUND, ASC_ERR_INDEX_NOT_READY,
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (codes[i] == status) {
            return true;
        }
    }
    return false;
}

/* A share that has reached its limit may have more to give: its cursors pause where
 * they are. One that is short of it has come to its end, unless its node counts records
 * that it does not send: then it is read on, without a limit, to know. */
bool
asc_tracker_end(asc_tracker *t, asc_share *share, asc_status status)
{
    bool passing = is_passing(status);
    if (status != ASC_OK && !passing) {
        return false;
    }
    bool is_full =
        share->surplus || (share->quota > 0 && share->n_records >= share->quota);
    bool is_short = t->skips && share->quota > 0 && !is_full && !passing;
    t->is_open = t->is_open || is_short;
    for (uint32_t i = 0; i < share->n_full + share->n_partial; i++) {
        asc_cursor *c = &t->cursors[t->order[share->first + i]];
        if (passing || c->refused) {
            t->n_refused += !c->refused;
            c->refused = true;
            c->replica++;
            c->last = share->node;
        }
        else if (!is_short) {
            c->state = is_full ? ASC_CURSOR_PAUSED : ASC_CURSOR_DONE;
        }
    }
    return true;
}
