/* The partition tracker: which partitions are asked where, in each round and by each
 * query, and what stops it. No sockets, no clock. */
#include <string.h>

#include "command/tracker.h"
#include "frames.h"
#include "kit.h"

/* Partition p is at node p % n, its copies at the nodes after that. */
static uint16_t
in_a_circle(void *context, const asc_cursor *cursor)
{
    const uint32_t *n_nodes = context;
    return (uint16_t)((cursor->partition + cursor->replica) % *n_nodes);
}

static void
assign(asc_tracker *t, uint32_t n_nodes)
{
    asc_error err;
    CHECK_EQ_INT(asc_tracker_assign(t, in_a_circle, &n_nodes, n_nodes, &err), ASC_OK);
}

/* The share of a node in this round, or NULL. */
static asc_share *
share_of(asc_tracker *t, uint16_t node)
{
    for (uint32_t i = 0; i < t->n_shares; i++) {
        if (t->shares[i].node == node) {
            return &t->shares[i];
        }
    }
    return NULL;
}

static bool
count(asc_tracker *t, asc_share *s, uint32_t partition, uint8_t n)
{
    static const uint8_t bval[8] = {1, 2, 0, 0, 0, 0, 0, 0x80};
    const asc_msg_record record = {.digest = frames_digest(partition, n), .bval = bval};
    return asc_tracker_count(t, s, &record);
}

static uint32_t
count_state(asc_tracker *t, asc_cursor_state state)
{
    uint32_t n, found = 0;
    asc_cursor *c = asc_tracker_cursors(t, &n);
    for (uint32_t i = 0; i < n; i++) {
        found += c[i].state == state;
    }
    return found;
}

static void
test_one_round(void)
{
    asc_tracker *t = asc_tracker_new(0, ASC_N_PARTITIONS);
    asc_tracker_begin(t, 0);
    CHECK(asc_tracker_goes_on(t));
    assign(t, 3);
    CHECK_EQ_INT(t->n_shares, 3);
    uint32_t sum = 0;
    for (uint16_t node = 0; node < 3; node++) {
        asc_share *s = share_of(t, node);
        CHECK_EQ_INT(s->n_partial, 0);
        CHECK_EQ_INT(s->quota, 0);
        for (uint32_t i = 0; i < s->n_full; i++) {
            CHECK_EQ_INT(asc_share_cursor(t, s, i)->partition, 3 * i + node);
        }
        sum += s->n_full;
        CHECK(asc_tracker_end(t, s, ASC_OK));
    }
    CHECK_EQ_INT(sum, 4096);
    CHECK(!asc_tracker_goes_on(t));
    CHECK(asc_tracker_is_done(t));
    asc_tracker_begin(t, 0); /* another query finds nothing to do */
    CHECK(!asc_tracker_goes_on(t));
    asc_tracker_free(t);
}

static void
test_some_partitions(void)
{
    static const struct {
        uint32_t first, n, n_shares;
    } rows[] = {{0, 1, 1}, {4095, 1, 1}, {10, 2, 2}, {4000, 96, 3}, {7, 0, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t n;
        asc_tracker *t = asc_tracker_new(rows[i].first, rows[i].n);
        kit_note("%u from %u on", rows[i].n, rows[i].first);
        CHECK(asc_tracker_cursors(t, &n)->partition == rows[i].first || n == 0);
        CHECK_EQ_INT(n, rows[i].n);
        asc_tracker_begin(t, 0);
        CHECK_EQ_INT(asc_tracker_goes_on(t), rows[i].n > 0);
        assign(t, 3);
        CHECK_EQ_INT(t->n_shares, rows[i].n_shares);
        asc_tracker_free(t);
    }
}

/* The cursor is the last record that was counted; the next request goes on there. */
static void
test_cursors(void)
{
    uint32_t n;
    asc_tracker *t = asc_tracker_new(0, 8);
    asc_cursor *c = asc_tracker_cursors(t, &n);
    asc_tracker_begin(t, 0);
    assign(t, 2);
    asc_share *s = share_of(t, 0);
    CHECK(count(t, s, 2, 9));
    CHECK(count(t, s, 2, 5));
    CHECK(count(t, s, 6, 7));
    CHECK(c[2].has_digest && c[6].has_digest && !c[3].has_digest && !c[0].has_digest);
    CHECK(memcmp(c[2].digest, frames_digest(2, 5), 20) == 0);
    CHECK_EQ_INT(c[2].bval, 0x8000000000000201u);
    CHECK(asc_tracker_end(t, s, ASC_ERR_CONNECTION));
    CHECK(asc_tracker_end(t, share_of(t, 1), ASC_OK));
    CHECK(asc_tracker_goes_on(t));
    assign(t, 2); /* node 0's copies are at node 1 */
    CHECK_EQ_INT(t->n_shares, 1);
    s = share_of(t, 1);
    CHECK_EQ_INT(s->n_full, 2);
    CHECK_EQ_INT(s->n_partial, 2);
    static const uint16_t order[] = {0, 4, 2, 6};
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_EQ_INT(asc_share_cursor(t, s, i)->partition, order[i]);
    }
    CHECK(asc_tracker_end(t, s, ASC_OK));
    CHECK(asc_tracker_is_done(t));
    asc_tracker_free(t);
}

/* A record that cannot be is not counted, nor is what comes behind it. */
static void
test_malformed(void)
{
    static const struct {
        const char *what;
        int partition; /* -1: no digest */
    } rows[] = {{"of another share", 1}, {"not in the query", 99}, {"no digest", -1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asc_tracker *t = asc_tracker_new(0, 4);
        kit_note("%s", rows[i].what);
        asc_tracker_begin(t, 0);
        assign(t, 2);
        asc_share *s = share_of(t, 0);
        CHECK(count(t, s, 0, 9));
        CHECK(rows[i].partition < 0 ? !asc_tracker_count(t, s, &(asc_msg_record){0})
                                    : !count(t, s, (uint32_t)rows[i].partition, 1));
        CHECK(s->malformed);
        CHECK(!count(t, s, 0, 5));
        CHECK(count(t, share_of(t, 1), 1, 1)); /* the other goes on */
        CHECK_EQ_INT(t->n_records, 2);
        CHECK(!asc_tracker_end(t, s, ASC_ERR_CLIENT));
        CHECK(asc_tracker_end(t, share_of(t, 1), ASC_OK));
        asc_tracker_begin(t, 0); /* another query goes on behind what counted */
        assign(t, 2);
        CHECK_EQ_INT(t->n_shares, 1);
        s = share_of(t, 0);
        CHECK(!s->malformed);
        CHECK(memcmp(asc_share_cursor(t, s, 1)->digest, frames_digest(0, 9), 20) == 0);
        asc_tracker_free(t);
    }
}

static void
test_refused_partitions(void)
{
    asc_tracker *t = asc_tracker_new(0, 6);
    asc_tracker_begin(t, 0);
    assign(t, 3);
    CHECK(asc_tracker_refuse(t, share_of(t, 0), 3));
    CHECK(asc_tracker_refuse(t, share_of(t, 0), 3)); /* said twice */
    CHECK_EQ_INT(t->n_refused, 1);
    CHECK(!asc_tracker_refuse(t, share_of(t, 0), 4)); /* was not asked for it */
    CHECK(!asc_tracker_refuse(t, share_of(t, 0), 6));
    CHECK(!asc_tracker_refuse(t, share_of(t, 0), UINT32_MAX));
    for (uint16_t node = 0; node < 3; node++) {
        CHECK(asc_tracker_end(t, share_of(t, node), ASC_OK));
    }
    CHECK_EQ_INT(count_state(t, ASC_CURSOR_DONE), 5);
    CHECK(asc_tracker_goes_on(t));
    assign(t, 3);
    CHECK_EQ_INT(t->n_refused, 0);
    CHECK_EQ_INT(t->n_shares, 1);
    CHECK_EQ_INT(share_of(t, 1)->n_full, 1); /* the next copy */
    asc_tracker_begin(t, 0);                 /* another query asks the first again */
    assign(t, 3);
    CHECK_EQ_INT(share_of(t, 0)->n_full, 1);
    asc_tracker_free(t);
}

static void
test_which_failures_pass(void)
{
    static const asc_status passing[] = {11, -8, -10, -6, 9, 18, 201, 203};
    for (int code = -20; code < 300; code++) {
        bool want = code == 0;
        for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) {
            want = want || code == passing[i];
        }
        asc_tracker *t = asc_tracker_new(0, 4);
        asc_tracker_begin(t, 0);
        assign(t, 2);
        CHECK_EQ_INT(asc_tracker_end(t, share_of(t, 0), code), want);
        CHECK_EQ_INT(count_state(t, ASC_CURSOR_DONE), code == 0 ? 2 : 0);
        CHECK(!asc_tracker_is_done(t)); /* it can be gone on with in any case */
        asc_tracker_free(t);
    }
}

static void
test_no_owner(void)
{
    uint32_t none = UINT32_MAX; /* every partition at a node that is not there */
    asc_error err;
    asc_tracker *t = asc_tracker_new(5, 2);
    asc_tracker_begin(t, 0);
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_tracker_assign(t, in_a_circle, &none, 2, &err), ASC_OK);
    CHECK_EQ_INT(t->n_shares, 1); /* of nobody, which fails as a node that is gone */
    CHECK_EQ_INT(t->shares[0].node, 2);
    CHECK_EQ_INT(t->shares[0].n_full, 2);
    CHECK(asc_tracker_end(t, &t->shares[0], ASC_ERR_INVALID_NODE));
    CHECK(asc_tracker_goes_on(t));
    asc_tracker_free(t);
}

/* --- max_records ------------------------------------------------------------------ */

static void
test_quotas(void)
{
    static const struct {
        uint64_t max, quotas[3];
    } rows[] = {
        {1, {1, 1, 1}},
        {2, {1, 1, 1}},
        {3, {1, 1, 1}},
        {4, {2, 1, 1}},
        {11, {4, 4, 3}},
        {300, {100, 100, 100}},
        {UINT64_MAX, {0x5555555555555555u, 0x5555555555555555u, 0x5555555555555555u}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asc_tracker *t = asc_tracker_new(0, 9);
        asc_tracker_begin(t, rows[i].max);
        assign(t, 3);
        for (uint16_t node = 0; node < 3; node++) {
            CHECK(share_of(t, node)->quota == rows[i].quotas[node]);
        }
        asc_tracker_free(t);
    }
}

/* Pages of 4 records from two nodes: 5 records at one, 1 at the other. */
static void
test_pages(void)
{
    asc_tracker *t = asc_tracker_new(0, 4);
    asc_tracker_begin(t, 4);
    assign(t, 2);
    CHECK(count(t, share_of(t, 0), 0, 1) && count(t, share_of(t, 0), 0, 2));
    CHECK(count(t, share_of(t, 1), 1, 1));
    CHECK(asc_tracker_end(t, share_of(t, 0), ASC_OK)); /* its quota: more may come */
    CHECK(asc_tracker_end(t, share_of(t, 1), ASC_OK)); /* less: it has no more */
    CHECK(!asc_tracker_goes_on(t));
    CHECK(!asc_tracker_is_done(t));
    CHECK_EQ_INT(count_state(t, ASC_CURSOR_PAUSED), 2);
    CHECK_EQ_INT(count_state(t, ASC_CURSOR_DONE), 2);

    asc_tracker_begin(t, 4);
    CHECK(asc_tracker_goes_on(t));
    assign(t, 2);
    CHECK_EQ_INT(t->n_shares, 1);
    asc_share *s = share_of(t, 0);
    CHECK_EQ_INT(s->quota, 4);
    CHECK_EQ_INT(s->n_partial, 1);
    CHECK_EQ_INT(s->n_full, 1);
    CHECK(count(t, s, 0, 3) && count(t, s, 2, 1) && count(t, s, 2, 2));
    CHECK(asc_tracker_end(t, s, ASC_OK));
    CHECK(asc_tracker_is_done(t));
    asc_tracker_free(t);
}

/* Nodes that count records which they do not send: a share that is short of its quota
 * is read on in another round, without a quota, and ends with its reply or with the
 * first record that is one too many. */
static void
test_short_shares(void)
{
    asc_tracker *t = asc_tracker_new(0, 2);
    asc_tracker_begin(t, 4);
    t->skips = true;
    assign(t, 2);
    CHECK(count(t, share_of(t, 0), 0, 1) && count(t, share_of(t, 0), 0, 2));
    CHECK(asc_tracker_end(t, share_of(t, 0), ASC_OK));
    CHECK(asc_tracker_end(t, share_of(t, 1), ASC_OK)); /* it has sent nothing */
    CHECK_EQ_INT(count_state(t, ASC_CURSOR_PAUSED), 1);
    CHECK_EQ_INT(count_state(t, ASC_CURSOR_TODO), 1);
    CHECK_EQ_INT(t->n_refused, 0);
    CHECK(asc_tracker_goes_on(t));

    assign(t, 2);
    CHECK_EQ_INT(t->n_shares, 1);
    asc_share *s = share_of(t, 1);
    CHECK_EQ_INT(s->quota, 0);
    CHECK(count(t, s, 1, 1) && count(t, s, 1, 2) && !count(t, s, 1, 3));
    CHECK(s->surplus);
    CHECK(asc_tracker_end(t, s, ASC_OK));
    CHECK_EQ_INT(count_state(t, ASC_CURSOR_PAUSED), 2);

    asc_tracker_begin(t, 4);
    t->skips = true;
    assign(t, 2);
    CHECK_EQ_INT(share_of(t, 0)->quota, 2); /* as in each first round */
    for (unsigned round = 0; round < 2; round++) {
        for (uint16_t node = 0; node < 2; node++) {
            CHECK(asc_tracker_end(t, share_of(t, node), ASC_OK));
        }
        CHECK(asc_tracker_goes_on(t) == (round == 0));
        assign(t, 2);
    }
    CHECK(asc_tracker_is_done(t));
    asc_tracker_free(t);
}

/* Fewer records than nodes: each is asked for one, and what is too much stays there. */
static void
test_surplus(void)
{
    uint32_t n;
    asc_tracker *t = asc_tracker_new(0, 3);
    asc_cursor *c = asc_tracker_cursors(t, &n);
    asc_tracker_begin(t, 2);
    assign(t, 3);
    CHECK(count(t, share_of(t, 0), 0, 1));
    CHECK(count(t, share_of(t, 2), 2, 1));
    CHECK(!count(t, share_of(t, 1), 1, 1));
    CHECK(!c[1].has_digest);
    for (uint16_t node = 0; node < 3; node++) {
        CHECK(asc_tracker_end(t, share_of(t, node), ASC_OK));
    }
    CHECK(!asc_tracker_goes_on(t));
    CHECK_EQ_INT(count_state(t, ASC_CURSOR_PAUSED), 3);
    asc_tracker_begin(t, 0);
    assign(t, 3);
    CHECK_EQ_INT(share_of(t, 1)->n_full, 1);
    CHECK_EQ_INT(share_of(t, 0)->n_partial, 1);
    asc_tracker_free(t);
}

/* A node fails in the middle of a page: the next round asks for the rest of it only. */
static void
test_failure_within_a_page(void)
{
    asc_tracker *t = asc_tracker_new(0, 4);
    asc_tracker_begin(t, 10);
    assign(t, 2);
    CHECK(count(t, share_of(t, 0), 0, 1));
    CHECK(count(t, share_of(t, 1), 1, 1) && count(t, share_of(t, 1), 3, 1));
    CHECK(asc_tracker_end(t, share_of(t, 0), ASC_ERR_TIMEOUT));
    CHECK(asc_tracker_end(t, share_of(t, 1), ASC_OK));
    CHECK(asc_tracker_goes_on(t));
    assign(t, 2);
    CHECK_EQ_INT(t->n_shares, 1);
    CHECK_EQ_INT(share_of(t, 1)->quota, 7);
    for (uint8_t i = 2; i < 9; i++) {
        CHECK(count(t, share_of(t, 1), 0, i));
    }
    CHECK(asc_tracker_end(t, share_of(t, 1), ASC_ERR_CONNECTION));
    CHECK(!asc_tracker_goes_on(t)); /* the page is full, come what may */
    CHECK(!asc_tracker_is_done(t));
    asc_tracker_free(t);
}

/* What is taken back is to be read again, and counts for nothing. */
static void
test_take_back(void)
{
    uint32_t n;
    asc_tracker *t = asc_tracker_new(0, 2);
    asc_cursor *c = asc_tracker_cursors(t, &n);
    asc_tracker_begin(t, 2);
    asc_tracker_take_back(t); /* nothing was counted */
    assign(t, 1);
    asc_share *s = share_of(t, 0);
    CHECK(count(t, s, 1, 9));
    asc_tracker_take_back(t);
    CHECK(!c[1].has_digest);
    CHECK(count(t, s, 1, 9));
    CHECK(count(t, s, 1, 5));
    asc_tracker_take_back(t);
    asc_tracker_take_back(t); /* once, for one record */
    CHECK(memcmp(c[1].digest, frames_digest(1, 9), 20) == 0);
    CHECK_EQ_INT(s->n_records, 1);
    CHECK(asc_tracker_goes_on(t)); /* there is room for one more */
    CHECK(count(t, s, 1, 5));
    CHECK(!count(t, s, 1, 4));
    asc_tracker_free(t);
}

/* A copy stands where the other did, and goes its own way. */
static void
test_copy(void)
{
    uint32_t n;
    asc_tracker *t = asc_tracker_new(3, 2);
    asc_tracker_begin(t, 0);
    assign(t, 1);
    CHECK(count(t, share_of(t, 0), 4, 9));
    asc_tracker *copy = asc_tracker_copy(t);
    CHECK(count(t, share_of(t, 0), 4, 5));
    CHECK(asc_tracker_end(t, share_of(t, 0), ASC_OK));
    const asc_cursor *c = asc_tracker_cursors(copy, &n);
    CHECK_EQ_INT(n, 2);
    CHECK_EQ_INT(c[1].partition, 4);
    CHECK(memcmp(c[1].digest, frames_digest(4, 9), 20) == 0);
    CHECK(!asc_tracker_is_done(copy));
    asc_tracker_free(t);
    asc_tracker_begin(copy, 0);
    assign(copy, 1);
    CHECK(asc_tracker_end(copy, share_of(copy, 0), ASC_OK));
    CHECK(asc_tracker_is_done(copy));
    asc_tracker_free(copy);
}

static const kit_test tests[] = {
    {"one_round", test_one_round},
    {"some_partitions", test_some_partitions},
    {"cursors", test_cursors},
    {"take_back", test_take_back},
    {"copy", test_copy},
    {"malformed", test_malformed},
    {"refused_partitions", test_refused_partitions},
    {"which_failures_pass", test_which_failures_pass},
    {"no_owner", test_no_owner},
    {"quotas", test_quotas},
    {"pages", test_pages},
    {"short_shares", test_short_shares},
    {"surplus", test_surplus},
    {"failure_within_a_page", test_failure_within_a_page},
};

KIT_MAIN("ut_tracker", tests)
