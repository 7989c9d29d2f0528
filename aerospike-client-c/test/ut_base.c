/* Clock, log and addresses. */
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "asc/alloc.h"
#include "asc/log.h"
#include "base/time.h"
#include "kit.h"
#include "net/lookup.h"

static void
test_deadlines(void)
{
    CHECK(asc_deadline(1000, 0) == ASC_FOREVER);
    CHECK_EQ_INT(asc_deadline(1000, 1), 1001);
    CHECK(asc_deadline(1000, UINT32_MAX) == 1000 + (uint64_t)UINT32_MAX);
    CHECK_EQ_INT(asc_earlier(5, 7), 5);
    CHECK_EQ_INT(asc_earlier(ASC_FOREVER, 7), 7);
    CHECK_EQ_INT(asc_poll_timeout(ASC_FOREVER, 1000), -1);
    CHECK_EQ_INT(asc_poll_timeout(1000, 1000), 0);
    CHECK_EQ_INT(asc_poll_timeout(999, 1000), 0);
    CHECK_EQ_INT(asc_poll_timeout(1001, 1000), 1);
    CHECK_EQ_INT(asc_poll_timeout(1000 + (uint64_t)UINT32_MAX, 1000), INT_MAX);
}

static void
test_clock(void)
{
    uint64_t before = asc_now_ms();
    CHECK(before > 0);
    for (unsigned i = 0; i < 10000; i++) {
        uint64_t now = asc_now_ms();
        if (now < before) {
            CHECK(now >= before);
        }
        before = now;
    }
}

static char logged[600];

static void
sink(asc_log_level level, const char *func, const char *file, int line,
     const char *message)
{
    CHECK(strcmp(file, __FILE__) == 0 && line > 0);
    snprintf(logged, sizeof logged, "%d %s %s", level, func, message);
}

static void
test_log(void)
{
    char big[1000];
    CHECK_EQ_INT(asc_log_active_level(), ASC_LOG_OFF);
    asc_log(ASC_LOG_ERROR, "nobody listens");
    asc_log_set_sink(sink);
    CHECK_EQ_INT(asc_log_active_level(), ASC_LOG_ERROR);
    asc_log(ASC_LOG_ERROR, "%s %d", "number", 1);
    CHECK_EQ_STR(logged, "0 test_log number 1");
    asc_log(ASC_LOG_WARN, "above the level");
    CHECK_EQ_STR(logged, "0 test_log number 1");
    asc_log_set_level(ASC_LOG_WARN);
    asc_log(ASC_LOG_WARN, "at the level");
    CHECK_EQ_STR(logged, "1 test_log at the level");
    asc_log_set_level(ASC_LOG_OFF);
    asc_log(ASC_LOG_ERROR, "off");
    CHECK_EQ_STR(logged, "1 test_log at the level");
    asc_log_set_level(ASC_LOG_TRACE);
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    asc_log(ASC_LOG_TRACE, "%s", big); /* cut, not overrun */
    CHECK_EQ_INT(strlen(logged), strlen("4 test_log ") + 511);
    asc_log_set_sink(NULL);
    asc_log_set_level(ASC_LOG_ERROR);
    CHECK_EQ_INT(asc_log_active_level(), ASC_LOG_OFF);
}

/* Look a name up, and wait for it. */
static asc_status
resolve(asc_addr **out, size_t *n, const char *host, uint16_t port, asc_error *err)
{
    asc_lookup *lookup;
    asc_status rc = asc_lookup_start(&lookup, host, port, err);
    if (rc == ASC_OK) {
        struct pollfd p = {.fd = asc_lookup_fd(lookup), .events = POLLIN};
        CHECK_EQ_INT(poll(&p, 1, 60000), 1);
        rc = asc_lookup_take(lookup, out, n, err);
        asc_lookup_free(lookup);
    }
    return rc;
}

static void
test_literal_addresses(void)
{
    static const struct {
        const char *host, *ip, *text;
        int family;
    } rows[] = {
        {"127.0.0.1", "127.0.0.1", "127.0.0.1:3000", AF_INET},
        {"::1", "::1", "[::1]:3000", AF_INET6},
        {"2001:0db8::0001", "2001:db8::1", "[2001:db8::1]:3000", AF_INET6},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asc_addr *list = NULL;
        asc_error err;
        size_t n = 0;
        kit_note("%s", rows[i].host);
        asc_error_reset(&err);
        if (CHECK_EQ_INT(resolve(&list, &n, rows[i].host, 3000, &err), ASC_OK)) {
            CHECK_EQ_INT(n, 1);
            CHECK_EQ_STR(list[0].ip, rows[i].ip);
            CHECK_EQ_STR(list[0].text, rows[i].text);
            CHECK_EQ_INT(list[0].port, 3000);
            CHECK_EQ_INT(list[0].sa.ss_family, rows[i].family);
            CHECK(asc_addr_equal(&list[0], &list[0]));
            CHECK_EQ_INT(err.phase, ASC_PHASE_NONE);
            asc_free(list);
        }
    }
}

static void
test_addresses_differ(void)
{
    asc_addr *a = NULL, *b = NULL;
    asc_error err;
    size_t n;
    asc_error_reset(&err);
    CHECK_EQ_INT(resolve(&a, &n, "127.0.0.1", 3000, &err), ASC_OK);
    CHECK_EQ_INT(resolve(&b, &n, "127.0.0.1", 3001, &err), ASC_OK);
    CHECK(!asc_addr_equal(a, b));
    asc_free(a);
    asc_free(b);
}

static void
test_bad_name(void)
{
    asc_addr *list = NULL;
    asc_error err;
    size_t n = 7;
    asc_error_reset(&err);
    CHECK_EQ_INT(resolve(&list, &n, "not a name", 3000, &err), ASC_ERR_CLIENT);
    CHECK(list == NULL && n == 7);
    CHECK_EQ_INT(err.phase, ASC_PHASE_RESOLVE);
    CHECK_EQ_STR(err.host, "not a name:3000");
}

static const kit_test tests[] = {
    {"deadlines", test_deadlines},
    {"clock", test_clock},
    {"log", test_log},
    {"literal_addresses", test_literal_addresses},
    {"addresses_differ", test_addresses_differ},
    {"bad_name", test_bad_name},
};

KIT_MAIN("ut_base", tests)
