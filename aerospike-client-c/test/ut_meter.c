/* The counters of a node: columns of latencies, and threads that count side by side. */
#include "topology/meter.h"

#include <pthread.h>
#include <string.h>

#include "asc/alloc.h"
#include "kit.h"

#define MS 1000000u /* nanoseconds */
#define N_THREADS 4
#define N_COUNTS 20000

static asc_metering how;

static void
measure(unsigned n_columns, unsigned shift)
{
    atomic_store(&how.shape, ASC_METERING_ON | shift << 8 | n_columns);
}

/* The column in which a time is counted by itself; 99: none. */
static unsigned
column_of(uint64_t took_ns)
{
    asc_meters all = {.how = &how};
    asc_meter *m = asc_meters_add(&all, "test");
    static asc_ns_stats s;
    CHECK(m != NULL);
    asc_meter_time(&all, m, 0, ASC_LATENCY_READ, took_ns);
    asc_meter_read(&all, m, &s);
    unsigned found = 99;
    for (unsigned i = 0; i < asc_metering_columns(&how); i++) {
        if (s.latency[ASC_LATENCY_READ][i] == 1) {
            CHECK(found == 99);
            found = i;
        }
    }
    asc_meters_clear(&all);
    return found;
}

static void
test_columns_grow_by_the_shift(void)
{
    measure(7, 1);
    CHECK(column_of(0) == 0 && column_of(MS) == 0);
    CHECK(column_of(MS + 1) == 1 && column_of(2 * MS) == 1);
    CHECK(column_of(2 * MS + 1) == 2 && column_of(32 * MS) == 5);
    CHECK(column_of(32 * MS + 1) == 6 && column_of(UINT64_MAX) == 6);
    measure(20, 1);
    CHECK(column_of(8192ull * MS) == 13 && column_of(8192ull * MS + 1) == 14);
    CHECK(column_of(131072ull * MS + 1) == 18 && column_of(UINT64_MAX) == 19);
    measure(5, 3);
    CHECK(column_of(MS + 1) == 1 && column_of(8 * MS) == 1);
    CHECK(column_of(8 * MS + 1) == 2 && column_of(512 * MS + 1) == 4);
}

static void
test_odd_shapes_lose_nothing(void)
{
    measure(1, 1);
    CHECK(column_of(UINT64_MAX) == 0);
    measure(0, 1);
    CHECK(column_of(MS) == 99);
    measure(255, 255);
    CHECK(column_of(MS) == 0 && column_of(MS + 1) == 1);
    CHECK(column_of(UINT64_MAX) <= 2);
    measure(3, 0); /* all limits are the first one */
    CHECK(column_of(MS) == 0 && column_of(2 * MS) == 2);
}

static void
test_more_columns_take_new_memory_and_a_restart_none(void)
{
    asc_meters all = {.how = &how};
    asc_meter *m = asc_meters_add(&all, "test");
    static asc_ns_stats s;
    measure(7, 1);
    asc_meter_time(&all, m, 0, ASC_LATENCY_WRITE, MS);
    long live = asc_alloc_live();
    asc_meters_restart(&all);
    asc_meter_time(&all, m, 0, ASC_LATENCY_WRITE, MS);
    asc_meter_read(&all, m, &s);
    CHECK(s.latency[ASC_LATENCY_WRITE][0] == 1 && asc_alloc_live() == live);
    measure(200, 1);
    asc_meter_time(&all, m, 0, ASC_LATENCY_WRITE, MS);
    asc_meter_read(&all, m, &s);
    CHECK(s.latency[ASC_LATENCY_WRITE][0] == 1 && asc_alloc_live() == live + 1);
    asc_meters_clear(&all);
}

static void
test_failures_are_told_apart(void)
{
    asc_meters all = {0};
    static asc_ns_stats s;
    asc_meter *m = asc_meters_add(&all, "test");
    CHECK(asc_meters_add(&all, "") != m && asc_meters_add(&all, "test") == m);
    CHECK(asc_meters_count(&all) == 2 && !asc_meters_are_on(&all));
    asc_meter_fail(m, ASC_ERR_TIMEOUT);
    asc_meter_fail(m, ASC_ERR_RECORD_BUSY);
    asc_meter_fail(m, ASC_ERR_RECORD_BUSY);
    asc_meter_fail(m, ASC_ERR_CONNECTION);
    asc_meter_read(&all, m, &s);
    CHECK(s.timeouts == 1 && s.key_busy == 2 && s.errors == 1);
    asc_meters_clear(&all);
}

static void
test_names_are_compared_as_wholes(void)
{
    static const char longest[ASC_METER_NAME_SIZE] = "a-name-as-long-as-they-may-be-1";
    static const char other[ASC_METER_NAME_SIZE] = "a-name-as-long-as-they-may-be-2";
    static const char shorter[ASC_METER_NAME_SIZE] = "a-name-as-long";
    asc_meters all = {0};
    asc_meter *m = asc_meters_find(&all, longest);
    CHECK(m != NULL && asc_meters_add(&all, longest) == m);
    CHECK(asc_meters_find(&all, other) != m && asc_meters_find(&all, shorter) != m);
    CHECK(asc_meters_find(&all, longest) == m && asc_meters_count(&all) == 3);
    asc_meters_clear(&all);
}

static asc_meters shared = {.how = &how};

static void *
count(void *unused)
{
    (void)unused;
    for (int i = 0; i < N_COUNTS; i++) {
        asc_meter *m = asc_meters_add(&shared, i % 2 == 0 ? "even" : "odd");
        asc_meter_move(m, asc_meter_lane(), 1, 2);
        asc_meter_time(&shared, m, asc_meter_lane(), ASC_LATENCY_QUERY, MS);
    }
    return NULL;
}

static void
test_threads_lose_no_count(void)
{
    pthread_t threads[N_THREADS];
    static asc_ns_stats s;
    measure(7, 1);
    for (int i = 0; i < N_THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, count, NULL) == 0);
    }
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK(asc_meters_count(&shared) == 2);
    for (int i = 0; i < 2; i++) {
        asc_meter_read(&shared, asc_meters_add(&shared, i == 0 ? "even" : "odd"), &s);
        CHECK(s.bytes_in == N_THREADS * N_COUNTS / 2);
        CHECK(s.bytes_out == N_THREADS * N_COUNTS);
        CHECK(s.latency[ASC_LATENCY_QUERY][0] == N_THREADS * N_COUNTS / 2);
    }
    asc_meters_clear(&shared);
}

static const kit_test tests[] = {
    {"columns_grow_by_the_shift", test_columns_grow_by_the_shift},
    {"odd_shapes_lose_nothing", test_odd_shapes_lose_nothing},
    {"more_columns_take_new_memory_and_a_restart_none",
     test_more_columns_take_new_memory_and_a_restart_none},
    {"failures_are_told_apart", test_failures_are_told_apart},
    {"names_are_compared_as_wholes", test_names_are_compared_as_wholes},
    {"threads_lose_no_count", test_threads_lose_no_count},
};

KIT_MAIN("ut_meter", tests)
