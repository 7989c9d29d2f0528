/* Finding nodes when seeds, peers and the resolver do not behave: how long it takes,
 * how many addresses are tried, and which of several is taken. Where a limit is
 * checked, what it is checked against would take ten times as long. */
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "asc/alloc.h"
#include "base/time.h"
#include "cluster/names.h"
#include "cluster/peers.h"
#include "cluster/search.h"
#include "live.h"

/* Beyond the limit, on a busy machine. */
#define SLACK_MS 2000u

#define CHECK_WITHIN(since, limit_ms) CHECK(now_ms() - (since) <= (limit_ms) + SLACK_MS)

/* --- a port at which connections are made and nothing is said --- */

typedef struct mute {
    int fd;
    uint16_t port;
} mute;

static mute
mute_start(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};
    socklen_t size = sizeof addr;
    mute m = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(m.fd, (struct sockaddr *)&addr, sizeof addr) == 0);
    CHECK(listen(m.fd, 1024) == 0);
    CHECK(getsockname(m.fd, (struct sockaddr *)&addr, &size) == 0);
    m.port = ntohs(addr.sin_port);
    return m;
}

/* How many connections were made since the last call. */
static unsigned
mute_count(const mute *m)
{
    struct pollfd p = {.fd = m->fd, .events = POLLIN};
    unsigned n = 0;
    while (poll(&p, 1, 0) == 1) {
        close(accept(m->fd, NULL, NULL));
        n++;
    }
    return n;
}

/* --- names ------------------------------------------------------------------------ */

static void
test_names(void)
{
    static char names[3000][8];
    asc_names m = {0};
    CHECK(asc_names_find(&m, "N0") == ASC_NO_NAME);
    for (size_t i = 0; i < 3000; i++) {
        snprintf(names[i], sizeof names[i], "N%zu", i);
        CHECK(asc_names_put(&m, names[i], i));
    }
    for (size_t i = 0; i < 3000; i++) {
        char copy[8];
        memcpy(copy, names[i], sizeof copy);
        kit_note("%s", copy);
        CHECK_EQ_INT(asc_names_find(&m, copy), i);
    }
    CHECK(asc_names_find(&m, "N3000") == ASC_NO_NAME);
    CHECK(asc_names_put(&m, names[7], 70));
    CHECK_EQ_INT(asc_names_find(&m, "N7"), 70);
    CHECK_EQ_INT(m.n, 3000);
    asc_names_clear(&m);
    CHECK(asc_names_find(&m, "N7") == ASC_NO_NAME);
}

static void
test_names_out_of_memory(void)
{
    asc_names m = {0};
    asc_alloc_fail_after(1);
    CHECK(!asc_names_put(&m, "A", 1));
    asc_alloc_fail_after(0);
    CHECK(asc_names_find(&m, "A") == ASC_NO_NAME);
    asc_names_clear(&m);
}

/* --- lists of peers --------------------------------------------------------------- */

static void
test_long_lists_of_peers_are_cut(void)
{
    asc_buf text = ASC_BUF_INIT;
    asc_peers peers;
    asc_error err;
    asc_error_reset(&err);
    asc_buf_put(&text, "7,3000,[", 8);
    for (unsigned i = 0; i < 5000; i++) {
        char one[40];
        int n = snprintf(one, sizeof one, "%s[N%u,,[", i > 0 ? "," : "", i);
        asc_buf_put(&text, one, (size_t)n);
        for (unsigned k = 0; k < 20; k++) {
            n = snprintf(one, sizeof one, "%s10.0.0.%u", k > 0 ? "," : "", k);
            asc_buf_put(&text, one, (size_t)n);
        }
        asc_buf_put(&text, "]]", 2);
    }
    asc_buf_put(&text, "]", 1);
    CHECK_EQ_INT(asc_peers_parse(&peers, (char *)text.data, text.len, &err), ASC_OK);
    CHECK_EQ_INT(peers.generation, 7);
    CHECK_EQ_INT(peers.n, ASC_MAX_PEERS);
    for (size_t i = 0; i < peers.n; i++) {
        CHECK_EQ_INT(peers.list[i].n_hosts, ASC_MAX_PEER_HOSTS);
    }
    CHECK_EQ_STR(peers.list[1023].name, "N1023");
    CHECK_EQ_STR(peers.list[1023].hosts[7].name, "10.0.0.7");
    asc_peers_clear(&peers);
    /* what is left out is read all the same */
    text.data[text.len - 2] = 'x';
    CHECK_EQ_INT(asc_peers_parse(&peers, (char *)text.data, text.len, &err),
                 ASC_ERR_CLIENT);
    asc_buf_clear(&text);
}

/* --- searches --------------------------------------------------------------------- */

typedef struct outcome {
    unsigned n_failed;
    asc_error last;
    const char *wanted; /* the name of the node; NULL: any */
    const char *little; /* that of one that is worth little */
} outcome;

static asc_worth
judge(void *context, size_t group, asc_probe *p)
{
    const outcome *o = context;
    (void)group;
    if (o->little != NULL && strcmp(p->name, o->little) == 0) {
        return ASC_WORTH_LITTLE;
    }
    if (o->wanted == NULL || strcmp(p->name, o->wanted) == 0) {
        return ASC_WORTH_ALL;
    }
    asc_error_set(&p->err, ASC_ERR_CLIENT, "node %s", p->name);
    return ASC_WORTH_NOTHING;
}

static void
failed(void *context, size_t group, size_t at, const char *address,
       const asc_error *err)
{
    outcome *o = context;
    (void)group, (void)at;
    CHECK(address[0] != '\0');
    o->n_failed++;
    o->last = *err;
}

static asc_config search_config;

/* A search that tells `told` of failures. */
static asc_search *
search_told(size_t n_groups, outcome *o, uint32_t connect_timeout_ms, uint32_t limit_ms,
            void (*told)(void *, size_t, size_t, const char *, const asc_error *))
{
    search_config = (asc_config)ASC_CONFIG_INIT;
    search_config.connect_timeout_ms = connect_timeout_ms;
    const asc_search_options options = {
        .config = &search_config,
        .deadline_ms = asc_now_ms() + limit_ms,
        .wake_fd = -1,
        .judge = judge,
        .failed = told,
        .context = o,
    };
    return asc_search_new(n_groups, &options);
}

static asc_search *
search_new(size_t n_groups, outcome *o, uint32_t connect_timeout_ms, uint32_t limit_ms)
{
    return search_told(n_groups, o, connect_timeout_ms, limit_ms, failed);
}

static bool
add_host(asc_search *s, size_t group, const char *name, uint16_t port)
{
    return asc_search_add_host(s, group, &(const asc_host){.name = name, .port = port});
}

/* The first of the addresses that answer about as soon is taken, whichever was
 * faster. A round that took longer says nothing: on a busy machine a peer may answer
 * so much later that it is not waited for. */
static void
test_first_address_is_preferred(void)
{
    enum { AS_SOON_MS = 100, WANTED = 20, MOST = 1000 };
    peer *a = peer_start("A"), *b = peer_start("B");
    unsigned n_soon = 0;
    for (unsigned i = 0; i < MOST && n_soon < WANTED; i++) {
        uint64_t since = now_ms();
        outcome o = {0};
        asc_search *s = search_new(1, &o, 60000, 60000);
        CHECK(add_host(s, 0, "127.0.0.1", peer_free_port()));
        CHECK(add_host(s, 0, "127.0.0.1", i % 2 == 0 ? a->port : b->port));
        CHECK(add_host(s, 0, "127.0.0.1", i % 2 == 0 ? b->port : a->port));
        asc_search_run(s);
        if (now_ms() - since < AS_SOON_MS) {
            CHECK_EQ_STR(asc_search_found(s, 0)->name, i % 2 == 0 ? "A" : "B");
            n_soon++;
        }
        CHECK_EQ_INT(o.n_failed, 1);
        asc_search_free(s);
    }
    CHECK_EQ_INT(n_soon, WANTED);
    peer_stop(a);
    peer_stop(b);
}

/* ... but one that says nothing is not waited for. */
static void
test_silent_address_does_not_hold_up_the_others(void)
{
    mute m = mute_start();
    peer *p = peer_start("A");
    outcome o = {0};
    asc_search *s = search_new(2, &o, 60000, 60000);
    for (unsigned group = 0; group < 2; group++) {
        CHECK(add_host(s, group, "127.0.0.1", m.port));
        CHECK(add_host(s, group, "127.0.0.1", p->port));
    }
    uint64_t begun = now_ms();
    CHECK_EQ_INT(asc_search_run(s), 4);
    CHECK_WITHIN(begun, 0);
    CHECK_EQ_STR(asc_search_found(s, 0)->name, "A");
    CHECK_EQ_STR(asc_search_found(s, 1)->name, "A");
    CHECK_EQ_INT(o.n_failed, 0); /* it was given up, it has not failed */
    asc_search_free(s);
    peer_stop(p);
    close(m.fd);
}

static void
test_what_is_worth_little_is_taken_last(void)
{
    peer *a = peer_start("A"), *b = peer_start("B");
    outcome o = {.little = "A"};
    asc_search *s = search_new(2, &o, 60000, 60000);
    CHECK(add_host(s, 0, "127.0.0.1", a->port));
    CHECK(add_host(s, 0, "127.0.0.1", b->port));
    CHECK(add_host(s, 1, "127.0.0.1", a->port));
    CHECK(add_host(s, 1, "127.0.0.1", a->port));
    asc_search_run(s);
    CHECK_EQ_STR(asc_search_found(s, 0)->name, "B");
    CHECK_EQ_STR(asc_search_found(s, 1)->name, "A");
    asc_search_free(s);
    peer_stop(a);
    peer_stop(b);
}

static void
test_wrong_node_is_a_failure(void)
{
    peer *p = peer_start("A");
    outcome o = {.wanted = "B"};
    asc_search *s = search_new(1, &o, 60000, 60000);
    CHECK(add_host(s, 0, "127.0.0.1", p->port));
    asc_search_run(s);
    CHECK(asc_search_found(s, 0) == NULL);
    CHECK_EQ_INT(o.n_failed, 1);
    CHECK_EQ_STR(o.last.message, "node A");
    asc_search_free(s);
    peer_stop(p);
}

/* Each address has the connect timeout, all of them together the limit. */
static void
test_limits_of_a_search(void)
{
    static const struct {
        uint32_t connect_timeout_ms, limit_ms;
        unsigned n;
    } rows[] = {{100, 60000, 8}, {60000, 100, 8}, {100, 400, 3000}};
    mute m = mute_start();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        outcome o = {0};
        asc_search *s = search_new(1, &o, rows[i].connect_timeout_ms, rows[i].limit_ms);
        for (unsigned k = 0; k < rows[i].n; k++) {
            CHECK(add_host(s, 0, "127.0.0.1", m.port));
        }
        uint64_t begun = now_ms();
        size_t n_tried = asc_search_run(s);
        CHECK_WITHIN(begun, asc_earlier(rows[i].connect_timeout_ms * (i < 2 ? 1u : 9u),
                                        rows[i].limit_ms));
        CHECK(asc_search_found(s, 0) == NULL);
        CHECK_EQ_INT(o.n_failed, n_tried);
        CHECK_EQ_INT(o.last.code, ASC_ERR_CONNECTION);
        CHECK_EQ_INT(o.last.phase, ASC_PHASE_VALIDATE);
        CHECK(i < 2 ? n_tried == rows[i].n : n_tried >= 128 && n_tried < 3000);
        CHECK(mute_count(&m) <= n_tried);
        asc_search_free(s);
    }
    close(m.fd);
}

static void
test_search_ends_when_it_is_woken(void)
{
    mute m = mute_start();
    int fds[2];
    outcome o = {0};
    CHECK(pipe(fds) == 0 && write(fds[1], "", 1) == 1);
    asc_search *s;
    search_config = (asc_config)ASC_CONFIG_INIT;
    search_config.connect_timeout_ms = 60000;
    const asc_search_options options = {
        .config = &search_config,
        .deadline_ms = asc_now_ms() + 60000,
        .wake_fd = fds[0],
        .judge = judge,
        .failed = failed,
        .context = &o,
    };
    s = asc_search_new(1, &options);
    CHECK(add_host(s, 0, "127.0.0.1", m.port));
    uint64_t begun = now_ms();
    asc_search_run(s);
    CHECK_WITHIN(begun, 0);
    CHECK_EQ_INT(o.n_failed, 0); /* nobody cares any more */
    asc_search_free(s);
    close(fds[0]);
    close(fds[1]);
    close(m.fd);
}

static void
test_search_out_of_memory(void)
{
    peer *p = peer_start("A");
    bool found = false;
    for (unsigned long n = 1; n < 100 && !found; n++) {
        outcome o = {0};
        long live = asc_alloc_live();
        kit_note("allocation %lu fails", n);
        asc_alloc_fail_after(n);
        asc_search *s = search_new(1, &o, 5000, 60000);
        if (s != NULL && add_host(s, 0, "127.0.0.1", p->port)) {
            asc_search_run(s);
            found = asc_search_found(s, 0) != NULL;
            CHECK(found || o.last.code == ASC_ERR_NOMEM);
        }
        asc_alloc_fail_after(0);
        asc_search_free(s);
        CHECK_EQ_INT(asc_alloc_live(), live);
    }
    kit_note(NULL);
    CHECK(found);
    peer_stop(p);
}

/* --- names that are looked up ----------------------------------------------------- */

static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_opens = PTHREAD_COND_INITIALIZER;
static bool gate_is_open;
static atomic_uint n_asked, n_answered;
static long live_before;

/* Stands for a name server that is slow about names with "slow" in them, until the gate
 * opens, and knows all others as two addresses of loopback. */
static int
slow_resolver(const char *host, const char *service, const struct addrinfo *hints,
              struct addrinfo **out)
{
    (void)service;
    atomic_fetch_add(&n_asked, 1);
    pthread_mutex_lock(&gate_lock);
    while (strstr(host, "slow") != NULL && !gate_is_open) {
        pthread_cond_wait(&gate_opens, &gate_lock);
    }
    pthread_mutex_unlock(&gate_lock);
    atomic_fetch_add(&n_answered, 1);
    return getaddrinfo(strstr(host, "nowhere") != NULL ? "no such name" : "127.0.0.1",
                       NULL, hints, out);
}

static void
close_gate(void)
{
    atomic_store(&n_asked, 0);
    atomic_store(&n_answered, 0);
    gate_is_open = false;
    live_before = asc_alloc_live();
    asc_lookup_set_resolver(slow_resolver);
}

/* Let all lookups end, so that their threads are gone with the test. */
static void
open_gate(void)
{
    pthread_mutex_lock(&gate_lock);
    gate_is_open = true;
    pthread_cond_broadcast(&gate_opens);
    pthread_mutex_unlock(&gate_lock);
    for (unsigned i = 0; i < 6000 && asc_alloc_live() > live_before; i++) {
        sleep_ms(10);
    }
    CHECK_EQ_INT(asc_alloc_live(), live_before);
    CHECK_EQ_INT(atomic_load(&n_answered), atomic_load(&n_asked));
    asc_lookup_set_resolver(NULL);
}

static void
test_names_of_a_search(void)
{
    peer *p = peer_start("A");
    outcome o = {0};
    close_gate();
    asc_search *s = search_new(3, &o, 60000, 60000);
    CHECK(add_host(s, 0, "fast.example", p->port));
    CHECK(add_host(s, 1, "slow.example", p->port));
    CHECK(add_host(s, 1, "fast.example", p->port));
    CHECK(add_host(s, 2, "nowhere.example", p->port));
    uint64_t begun = now_ms();
    asc_search_run(s);
    CHECK_WITHIN(begun, 0);
    CHECK_EQ_STR(asc_search_found(s, 0)->name, "A");
    CHECK_EQ_STR(asc_search_found(s, 1)->name, "A");
    CHECK(asc_search_found(s, 2) == NULL);
    CHECK_EQ_INT(o.n_failed, 1);
    CHECK_EQ_INT(o.last.phase, ASC_PHASE_RESOLVE);
    CHECK_HAS(o.last.message, "nowhere.example");
    asc_search_free(s);
    open_gate();
    peer_stop(p);
}

static void
test_slow_name_ends_with_its_time(void)
{
    outcome o = {0};
    close_gate();
    asc_search *s = search_new(1, &o, 100, 60000);
    CHECK(add_host(s, 0, "slow.example", 3000));
    uint64_t begun = now_ms();
    asc_search_run(s);
    CHECK_WITHIN(begun, 100);
    CHECK_EQ_INT(o.last.phase, ASC_PHASE_RESOLVE);
    CHECK_EQ_STR(o.last.host, "slow.example:3000");
    CHECK_EQ_INT(o.last.code, ASC_ERR_CLIENT);
    asc_search_free(s);
    open_gate();
}

/* Leave so many lookups behind. Returns how many found no turn. */
static unsigned
leave_lookups(unsigned n)
{
    unsigned n_waiting = 0;
    for (unsigned i = 0; i < n; i++) {
        asc_lookup *lookup;
        asc_error err;
        asc_error_reset(&err);
        CHECK_EQ_INT(asc_lookup_start(&lookup, "slow.example", 3000, &err), ASC_OK);
        n_waiting += lookup == NULL;
        asc_lookup_free(lookup);
    }
    return n_waiting;
}

/* However often a name server that does not answer is asked, the threads that wait for
 * it are few. */
static void
test_number_of_lookups_is_bounded(void)
{
    close_gate();
    CHECK_EQ_INT(leave_lookups(ASC_MAX_LOOKUPS + 8), 8);
    CHECK_EQ_INT(leave_lookups(1), 1);
    open_gate();
    close_gate(); /* with the gate, there is room again */
    asc_lookup *lookup = NULL;
    for (unsigned i = 0; i < 600 && lookup == NULL; i++) {
        asc_error err;
        asc_error_reset(&err);
        CHECK_EQ_INT(asc_lookup_start(&lookup, "fast.example", 3000, &err), ASC_OK);
        sleep_ms(10);
    }
    CHECK(lookup != NULL);
    asc_lookup_free(lookup);
    open_gate();
}

/* The first failure that a search reports lets all lookups end. */
static void
open_at_failure(void *context, size_t group, size_t at, const char *address,
                const asc_error *err)
{
    failed(context, group, at, address, err);
    pthread_mutex_lock(&gate_lock);
    gate_is_open = true;
    pthread_cond_broadcast(&gate_opens);
    pthread_mutex_unlock(&gate_lock);
}

static void
test_name_waits_for_its_turn(void)
{
    peer *p = peer_start("A");
    outcome o = {0};
    close_gate();
    CHECK_EQ_INT(leave_lookups(ASC_MAX_LOOKUPS), 0);
    asc_search *s = search_told(2, &o, 60000, 60000, open_at_failure);
    CHECK(add_host(s, 0, "fast.example", p->port));
    CHECK(add_host(s, 1, "127.0.0.1", peer_free_port())); /* refuses */
    CHECK_EQ_INT(asc_search_run(s), 3); /* both, and the address of the name */
    CHECK_EQ_STR(asc_search_found(s, 0)->name, "A");
    CHECK_EQ_INT(o.n_failed, 1);
    asc_search_free(s);
    open_gate();
    peer_stop(p);
}

/* Names that wait hold up no address, and all of them together no longer than one. */
static void
test_names_that_get_no_turn(void)
{
    peer *p = peer_start("A");
    outcome o = {0};
    close_gate();
    CHECK_EQ_INT(leave_lookups(ASC_MAX_LOOKUPS), 0);
    asc_search *s = search_new(2, &o, 1000, 60000);
    for (unsigned i = 0; i < 1000; i++) {
        CHECK(add_host(s, 0, "fast.example", 3000));
    }
    CHECK(add_host(s, 1, "127.0.0.1", p->port));
    uint64_t begun = now_ms();
    CHECK_EQ_INT(asc_search_run(s), 1001);
    CHECK_WITHIN(begun, 1000);
    CHECK(asc_search_found(s, 0) == NULL);
    CHECK_EQ_STR(asc_search_found(s, 1)->name, "A");
    CHECK_EQ_INT(o.n_failed, 1000);
    CHECK_EQ_INT(o.last.code, ASC_ERR_CLIENT);
    CHECK_EQ_INT(o.last.phase, ASC_PHASE_RESOLVE);
    CHECK_EQ_STR(o.last.host, "fast.example:3000");
    CHECK_HAS(o.last.message, "is not looked up: 32 others are");
    asc_search_free(s);
    open_gate();
    peer_stop(p);
}

static void
test_name_that_is_too_long(void)
{
    char name[300];
    asc_lookup *lookup = NULL;
    asc_error err;
    memset(name, 'h', sizeof name);
    name[299] = '\0';
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_lookup_start(&lookup, name, 3000, &err), ASC_ERR_CLIENT);
    CHECK(lookup == NULL);
    CHECK_HAS(err.message, "too long");
}

/* --- clusters --------------------------------------------------------------------- */

#define PEERS_MAX 3900

/* n peers, or one with n addresses, all of which are silent. */
static void
name_silent_peers(peer *p, const mute *m, unsigned n, bool one)
{
    static char text[PEERS_MAX];
    const char *head = one ? "1,3000,[[N,,[" : "1,3000,[";
    size_t len = (size_t)snprintf(text, sizeof text, "%s", head);
    for (unsigned i = 0; i < n; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len,
                                one ? "%s127.0.0.1:%u" : "%s[N%u,,[127.0.0.1:%u]]",
                                i > 0 ? "," : "", one ? m->port : i, m->port);
    }
    CHECK(len + 4 < sizeof text);
    snprintf(text + len, sizeof text - len, one ? "]]]" : "]");
    peer_answer(p, "peers-clear-std", text);
    peer_answer(p, "peers-generation", "1");
}

static void
test_silent_peers_bound_the_constructor(void)
{
    static const struct {
        unsigned n;
        bool one;
        unsigned n_tried;
    } rows[] = {{200, true, 8}, {130, false, 130}};
    mute m = mute_start();
    for (size_t i = 0; i < 2; i++) {
        peer *p = peer_start("BB9A");
        asc_cluster *c = NULL;
        asc_error err;
        asc_config config = quick();
        config.connect_timeout_ms = 300;
        config.tend_interval_ms = 60000;
        name_silent_peers(p, &m, rows[i].n, rows[i].one);
        uint64_t begun = now_ms();
        CHECK_EQ_INT(create_at(&c, p->port, config, &err), ASC_ERR_CLIENT);
        CHECK_WITHIN(begun, 3 * 300);
        CHECK_HAS(err.message, "peers cannot be reached");
        CHECK_EQ_INT(mute_count(&m), rows[i].n_tried);
        config.fail_if_not_connected = false;
        CHECK_EQ_INT(create_at(&c, p->port, config, &err), ASC_OK);
        client k;
        client_init(&k);
        put_and_get(&k, c);
        asc_call_free(k.call);
        destroy(c);
        mute_count(&m);
        peer_stop(p);
    }
    close(m.fd);
}

static void
test_time_of_the_constructor_can_be_less(void)
{
    mute m = mute_start();
    asc_cluster *c = NULL;
    asc_error err;
    asc_config config = quick();
    config.connect_timeout_ms = 60000;
    config.create_timeout_ms = 100;
    uint64_t begun = now_ms();
    CHECK_EQ_INT(create_at(&c, m.port, config, &err), ASC_ERR_CONNECTION);
    CHECK_WITHIN(begun, 100);
    close(m.fd);
}

/* A hundred silent seeds, and a good one behind them. */
static void
test_seeds_are_tried_side_by_side(void)
{
    mute m = mute_start();
    peer *a = peer_start("BB9A"), *b = peer_start("BB9B");
    asc_host hosts[101];
    asc_cluster *c = NULL;
    asc_error err;
    asc_config config = quick();
    introduce(a, b);
    for (size_t i = 0; i < 100; i++) {
        hosts[i] = (asc_host){.name = "127.0.0.1", .port = m.port};
    }
    hosts[100] = (asc_host){.name = "127.0.0.1", .port = a->port};
    config.hosts = hosts;
    config.n_hosts = 101;
    config.connect_timeout_ms = 60000;
    asc_error_reset(&err);
    uint64_t begun = now_ms();
    CHECK_EQ_INT(asc_cluster_create(&c, &config, &err), ASC_OK);
    CHECK_WITHIN(begun, 0);
    destroy(c);
    peer_stop(a);
    peer_stop(b);
    close(m.fd);
}

/* The name server is silent about one seed; the other is found, and the client closed,
 * before it says a word. */
static void
test_slow_name_of_a_seed(void)
{
    peer *a = peer_start("BB9A"), *b = peer_start("BB9B");
    const asc_host hosts[] = {{"slow.example", a->port, NULL},
                              {"fast.example", a->port, NULL}};
    asc_cluster *c = NULL;
    asc_error err;
    asc_config config = quick();
    introduce(a, b);
    config.hosts = hosts;
    config.n_hosts = 2;
    config.connect_timeout_ms = 60000;
    asc_error_reset(&err);
    close_gate();
    uint64_t begun = now_ms();
    CHECK_EQ_INT(asc_cluster_create(&c, &config, &err), ASC_OK);
    CHECK_WITHIN(begun, 0);
    destroy(c);
    CHECK_WITHIN(begun, 0);
    CHECK_EQ_INT(atomic_load(&n_answered), 1);
    config.n_hosts = 1;
    config.connect_timeout_ms = 100;
    begun = now_ms();
    CHECK_EQ_INT(asc_cluster_create(&c, &config, &err), ASC_ERR_CLIENT);
    CHECK_WITHIN(begun, 300);
    CHECK_EQ_INT(err.phase, ASC_PHASE_RESOLVE);
    open_gate();
    peer_stop(a);
    peer_stop(b);
}

/* New peers are silent for a minute. What is known already goes on: a new map is taken
 * in, and close() does not wait. */
static void
test_silent_peers_do_not_hold_up_maps(void)
{
    mute m = mute_start();
    peer *a = peer_start("BB9A"), *b = peer_start("BB9B");
    asc_config config = quick();
    asc_cluster *c = NULL;
    asc_error err;
    client k;
    introduce(a, b);
    peer_owns(a, "e");
    peer_owns(b, "o"); /* has the key of the tests */
    config.connect_timeout_ms = 60000;
    CHECK_EQ_INT(create_at(&c, a->port, config, &err), ASC_OK);
    client_init(&k);
    put_and_get(&k, c);
    CHECK_EQ_INT(atomic_load(&a->n_requests), 0);
    name_silent_peers(b, &m, 20, false);
    peer_answer(b, "peers-generation", "2");
    struct pollfd wait = {.fd = m.fd, .events = POLLIN};
    CHECK_EQ_INT(poll(&wait, 1, 30000), 1); /* it is at them */
    destroy(c);

    /* The same at once with the new map: the cycle that comes to the peers is the one
     * that reads it. */
    mute_count(&m);
    peer_answer(b, "peers-clear-std", "3,3000,[]");
    introduce(a, b);
    CHECK_EQ_INT(create_at(&c, a->port, config, &err), ASC_OK);
    peer_owns(a, "*");
    name_silent_peers(b, &m, 20, false);
    peer_answer(b, "peers-generation", "4");
    peer_new_map(a);
    CHECK_EQ_INT(poll(&wait, 1, 30000), 1);
    uint64_t begun = now_ms();
    while (atomic_load(&a->n_requests) == 0 && now_ms() - begun < 20000) {
        run(&k, c, false, &default_timing);
        sleep_ms(10);
    }
    CHECK(atomic_load(&a->n_requests) > 0);
    begun = now_ms();
    destroy(c);
    CHECK_WITHIN(begun, 0);
    asc_call_free(k.call);
    peer_stop(a);
    peer_stop(b);
    close(m.fd);
}

static const kit_test tests[] = {
    {"names", test_names},
    {"names_out_of_memory", test_names_out_of_memory},
    {"long_lists_of_peers_are_cut", test_long_lists_of_peers_are_cut},
    {"first_address_is_preferred", test_first_address_is_preferred},
    {"silent_address_does_not_hold_up_the_others",
     test_silent_address_does_not_hold_up_the_others},
    {"what_is_worth_little_is_taken_last", test_what_is_worth_little_is_taken_last},
    {"wrong_node_is_a_failure", test_wrong_node_is_a_failure},
    {"limits_of_a_search", test_limits_of_a_search},
    {"search_ends_when_it_is_woken", test_search_ends_when_it_is_woken},
    {"search_out_of_memory", test_search_out_of_memory},
    {"names_of_a_search", test_names_of_a_search},
    {"slow_name_ends_with_its_time", test_slow_name_ends_with_its_time},
    {"number_of_lookups_is_bounded", test_number_of_lookups_is_bounded},
    {"name_waits_for_its_turn", test_name_waits_for_its_turn},
    {"names_that_get_no_turn", test_names_that_get_no_turn},
    {"name_that_is_too_long", test_name_that_is_too_long},
    {"silent_peers_bound_the_constructor", test_silent_peers_bound_the_constructor},
    {"time_of_the_constructor_can_be_less", test_time_of_the_constructor_can_be_less},
    {"seeds_are_tried_side_by_side", test_seeds_are_tried_side_by_side},
    {"slow_name_of_a_seed", test_slow_name_of_a_seed},
    {"silent_peers_do_not_hold_up_maps", test_silent_peers_do_not_hold_up_maps},
};

KIT_MAIN("ut_discovery", tests)
