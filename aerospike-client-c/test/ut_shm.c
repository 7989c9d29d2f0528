/* Shared memory: the segment, who tends it, and what readers see. Two users of one
 * process stand for two processes, since locks belong to the open file. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "cluster/shm.h"
#include "cluster/team.h"
#include "fake.h"
#include "kit.h"

#define WAY "clear, standard addresses"
#define PATIENCE_MS 5000u

/* What number_read says of a view whose parts do not belong together. */
#define MIXED (-100)

/* Children use the key of their parent. */
static uint32_t key;

static asc_shm_config
config_of(uint32_t max_nodes)
{
    return (asc_shm_config){.enable = true,
                            .key = key,
                            .max_nodes = max_nodes,
                            .max_namespaces = 2,
                            .takeover_threshold_s = 1};
}

static const char *
path(void)
{
    static char text[64];
    snprintf(text, sizeof text, "/dev/shm/aerospike-%u-%08x", (unsigned)geteuid(),
             (unsigned)config_of(1).key);
    return text;
}

static bool
exists(void)
{
    return access(path(), F_OK) == 0;
}

static void
init_as(asc_shm *s, uint32_t max_nodes, const char *way)
{
    asc_shm_config config = config_of(max_nodes);
    asc_shm_init(s, &config, way, PATIENCE_MS);
}

static asc_status
attach(asc_shm *s, asc_error *err)
{
    asc_error_reset(err);
    return asc_shm_attach(s, 1000, err);
}

static void
begin(asc_shm *s)
{
    asc_error err;
    init_as(s, 4, WAY);
    CHECK_EQ_INT(attach(s, &err), ASC_OK);
}

static void
view_init(asc_shm_view *view, const asc_shm *s)
{
    asc_error err;
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_shm_view_init(view, s, &err), ASC_OK);
}

/* Fill a view so that all of it belongs to a number. */
static void
fill(asc_shm_view *view, uint32_t number)
{
    view->counts =
        (asc_shm_counts){.is_ready = 1, .n_nodes = 1 + number % 4, .n_maps = 2};
    for (uint32_t i = 0; i < view->counts.n_nodes; i++) {
        asc_shm_node *n = &view->nodes[i];
        *n = (asc_shm_node){.port = 3000, .login_port = 3000};
        snprintf(n->name, sizeof n->name, "BB%u.%u", number, i);
        snprintf(n->ip, sizeof n->ip, "127.0.0.%u", number % 256);
        snprintf(n->login_ip, sizeof n->login_ip, "127.0.0.%u", number % 256);
    }
    for (uint32_t i = 0; i < view->counts.n_maps; i++) {
        asc_shm_map *m = &view->maps[i];
        snprintf(m->name, sizeof m->name, "ns%u", i);
        m->n_replicas = 1 + number % 3;
        uint16_t *owners = m->owners[0];
        for (size_t k = 0; k < ASC_MAX_REPLICAS * ASC_N_PARTITIONS; k++) {
            owners[k] = (uint16_t)(number % view->counts.n_nodes);
        }
        for (size_t k = 0; k < ASC_N_PARTITIONS; k++) {
            m->regimes[k] = number;
        }
    }
}

/* The number that all of a view belongs to, or MIXED. */
static int
number_of(const asc_shm_view *view)
{
    uint32_t number = view->maps[0].regimes[0];
    char name[ASC_NODE_NAME_SIZE];
    bool whole = view->counts.n_nodes == 1 + number % 4 && view->counts.n_maps == 2;
    for (uint32_t i = 0; whole && i < view->counts.n_nodes; i++) {
        snprintf(name, sizeof name, "BB%u.%u", number, i);
        whole = strcmp(view->nodes[i].name, name) == 0;
    }
    for (uint32_t i = 0; whole && i < view->counts.n_maps; i++) {
        const asc_shm_map *m = &view->maps[i];
        const uint16_t *owners = m->owners[0];
        whole = m->n_replicas == 1 + number % 3;
        for (size_t k = 0; whole && k < ASC_MAX_REPLICAS * ASC_N_PARTITIONS; k++) {
            whole = owners[k] == number % view->counts.n_nodes;
        }
        for (size_t k = 0; whole && k < ASC_N_PARTITIONS; k++) {
            whole = m->regimes[k] == number;
        }
    }
    return whole ? (int)number : MIXED;
}

static void
publish(asc_shm *s, uint32_t number)
{
    asc_shm_view view;
    view_init(&view, s);
    fill(&view, number);
    asc_shm_publish(s, &view);
    asc_shm_view_clear(&view);
}

static bool
take_over(asc_shm *s, uint32_t number)
{
    asc_shm_view view;
    view_init(&view, s);
    fill(&view, number);
    bool taken = asc_shm_take_over(s, &view);
    asc_shm_view_clear(&view);
    return taken;
}

/* Read the view in force: its number, or minus what came of it. */
static int
number_read(asc_shm *s)
{
    asc_shm_view view;
    view_init(&view, s);
    asc_shm_news news = asc_shm_read(s, &view);
    int number = news == ASC_SHM_NEW_VIEW ? number_of(&view) : -(int)news;
    asc_shm_view_clear(&view);
    return number;
}

/* --- one tends, others follow --- */

static void
test_tender_and_follower(void)
{
    asc_shm a, b;
    uint32_t failures[4] = {0};
    begin(&a);
    begin(&b);
    CHECK(exists());
    CHECK_EQ_INT(asc_shm_look(&a), ASC_SHM_FOLLOWER);
    CHECK(asc_shm_is_abandoned(&a, 1000));
    CHECK(take_over(&a, 1));
    CHECK_EQ_INT(asc_shm_look(&a), ASC_SHM_TENDER);
    CHECK_EQ_INT(asc_shm_tender(&b), getpid());
    CHECK(!asc_shm_is_abandoned(&b, 1000));
    CHECK(asc_shm_has_news(&b));
    CHECK_EQ_INT(number_read(&b), 1);
    CHECK(!asc_shm_has_news(&b));
    CHECK_EQ_INT(number_read(&b), -ASC_SHM_NOTHING_NEW);
    publish(&a, 2);
    CHECK_EQ_INT(number_read(&b), 2);
    asc_shm_forget_view(&b);
    CHECK_EQ_INT(number_read(&b), 2);
    asc_shm_give_sign(&a, (const uint32_t[]){3, 0, 5}, 3);
    CHECK_EQ_INT(asc_shm_failures(&b, failures, 4), 3);
    CHECK_EQ_INT(failures[2], 5);
    asc_shm_clear(&a);
    CHECK(exists());
    CHECK(asc_shm_is_abandoned(&b, 1000));
    CHECK(take_over(&b, 3));
    asc_shm_clear(&b);
    CHECK(!exists());
}

/* Two find out that the tender has gone; one is faster. */
static void
test_race_for_the_turn(void)
{
    asc_shm a, b, c;
    begin(&a);
    begin(&b);
    begin(&c);
    CHECK(asc_shm_is_abandoned(&a, 1000) && asc_shm_is_abandoned(&b, 1000));
    CHECK(take_over(&a, 1));
    CHECK(!take_over(&b, 2));
    CHECK_EQ_INT(number_read(&c), 1);
    CHECK(!asc_shm_is_abandoned(&b, 1000));
    asc_shm_clear(&a);
    asc_shm_clear(&b);
    asc_shm_clear(&c);
}

/* A tender gives no sign, somebody takes over, and it wakes and goes on writing. */
static void
test_tender_that_was_stopped_does_no_harm(void)
{
    asc_shm a, b, c;
    begin(&a);
    begin(&b);
    begin(&c);
    CHECK(asc_shm_is_abandoned(&a, 1000) && take_over(&a, 1));
    CHECK(!asc_shm_is_abandoned(&b, 1000));
    asc_shm_give_sign(&a, NULL, 0);
    CHECK(!asc_shm_is_abandoned(&b, 1000 + PATIENCE_MS)); /* there was a sign */
    CHECK(!asc_shm_is_abandoned(&b, 1000 + 2 * PATIENCE_MS - 1));
    CHECK(asc_shm_is_abandoned(&b, 1000 + 2 * PATIENCE_MS));
    CHECK(take_over(&b, 2));
    publish(&a, 9);
    asc_shm_give_sign(&a, NULL, 0);
    CHECK_EQ_INT(number_read(&c), 2);
    CHECK_EQ_INT(asc_shm_look(&a), ASC_SHM_FOLLOWER);
    CHECK_EQ_INT(number_read(&a), 2);
    publish(&b, 3);
    CHECK_EQ_INT(number_read(&c), 3);
    asc_shm_clear(&a);
    asc_shm_clear(&b);
    asc_shm_clear(&c);
}

/* Each stopped tender keeps its slot, in which it may still write. */
static void
test_no_slot_is_taken_from_who_may_write_there(void)
{
    asc_shm s[5];
    for (int i = 0; i < 5; i++) {
        begin(&s[i]);
    }
    for (int i = 0; i < 4; i++) {
        asc_shm_is_abandoned(&s[i], 1000);
        CHECK_EQ_INT(asc_shm_is_abandoned(&s[i], 1000 + PATIENCE_MS), true);
        CHECK(take_over(&s[i], (uint32_t)i + 1));
    }
    asc_shm_is_abandoned(&s[4], 1000);
    CHECK(asc_shm_is_abandoned(&s[4], 1000 + PATIENCE_MS));
    CHECK(!take_over(&s[4], 5));
    CHECK_EQ_INT(asc_shm_look(&s[0]), ASC_SHM_FOLLOWER); /* it gives its slot back */
    CHECK(take_over(&s[4], 5));
    CHECK_EQ_INT(number_read(&s[0]), 5);
    for (int i = 0; i < 5; i++) {
        asc_shm_clear(&s[i]);
    }
    CHECK(!exists());
}

/* --- what does not fit --- */

static void
write_file(const void *data, size_t size)
{
    int fd = open(path(), O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    close(fd);
}

static void
check_refused(asc_shm *s, const char *why)
{
    asc_error err;
    CHECK_EQ_INT(attach(s, &err), ASC_ERR_CLIENT);
    CHECK_HAS(err.message, why);
    CHECK_HAS(err.message, path());
    CHECK_EQ_INT(asc_shm_look(s), ASC_SHM_DETACHED);
    asc_shm_clear(s);
}

static void
test_foreign_file_is_refused_and_stays(void)
{
    asc_shm s;
    write_file("something else", 14);
    init_as(&s, 4, WAY);
    check_refused(&s, "in use by something else");
    CHECK(exists());
    unlink(path());
    CHECK_EQ_INT(mkdir(path(), 0700), 0);
    init_as(&s, 4, WAY);
    check_refused(&s, "cannot open it");
    rmdir(path());
    CHECK_EQ_INT(symlink("/dev/null", path()), 0);
    init_as(&s, 4, WAY);
    check_refused(&s, "cannot open it");
    unlink(path());
    CHECK_EQ_INT(mkfifo(path(), 0600), 0);
    init_as(&s, 4, WAY);
    check_refused(&s, "in use by something else");
    unlink(path());
}

static void
test_what_is_in_use_and_does_not_fit_is_refused(void)
{
    asc_shm a, b;
    begin(&a);
    init_as(&b, 5, WAY);
    check_refused(&b, "max_nodes 4 and max_namespaces 2, this client has 5 and 2");
    init_as(&b, 4, "tls, standard addresses");
    check_refused(&b, "other settings (" WAY ", this client: tls, standard addresses)");
    const uint32_t layout = 77;
    int fd = open(path(), O_RDWR);
    CHECK_EQ_INT(pwrite(fd, &layout, sizeof layout, 8), sizeof layout);
    init_as(&b, 4, WAY);
    check_refused(&b, "another version of the client (layout 77");
    CHECK_EQ_INT(ftruncate(fd, 40), 0);
    init_as(&b, 4, WAY);
    check_refused(&b, "in use by something else");
    close(fd);
    asc_shm_clear(&a);
    CHECK(!exists());
}

/* --- what is left behind --- */

/* Let a process do something with the segment and die. */
static void
die_after(uint32_t max_nodes, bool tends)
{
    pid_t pid = fork();
    if (pid == 0) {
        asc_shm s;
        asc_error err;
        init_as(&s, max_nodes, WAY);
        attach(&s, &err);
        if (tends && asc_shm_is_abandoned(&s, 1000)) {
            take_over(&s, 7);
        }
        kill(getpid(), SIGKILL);
    }
    waitpid(pid, NULL, 0);
}

static void
test_what_the_killed_left_is_replaced(void)
{
    asc_shm a;
    static const uint32_t sizes[] = {4, 9};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        die_after(sizes[i], true);
        CHECK(exists());
        begin(&a);
        CHECK_EQ_INT(number_read(&a), -ASC_SHM_NOTHING_NEW); /* it is another one */
        asc_shm_clear(&a);
        CHECK(!exists());
    }
    const uint64_t half_made[100] = {0};
    write_file(half_made, sizeof half_made);
    begin(&a);
    asc_shm_clear(&a);
    CHECK(!exists());
}

static void
test_killed_tender_is_replaced_at_once(void)
{
    asc_shm a;
    begin(&a);
    die_after(4, true);
    CHECK_EQ_INT(number_read(&a), 7);
    CHECK(asc_shm_is_abandoned(&a, 1000));
    CHECK(take_over(&a, 8));
    asc_shm_clear(&a);
}

/* Somebody removes the file, or closes the descriptor. */
static void
test_lost_file_and_descriptor(void)
{
    asc_shm a, b;
    asc_error err;
    begin(&a);
    CHECK(asc_shm_is_abandoned(&a, 1000) && take_over(&a, 1));
    unlink(path());
    begin(&b);
    CHECK_EQ_INT(number_read(&b), -ASC_SHM_NOTHING_NEW);
    asc_shm_clear(&a); /* which leaves the other's file */
    CHECK(exists());
    CHECK(asc_shm_is_abandoned(&b, 1000) && take_over(&b, 2));
    begin(&a);
    close(b.fd);
    int other = open("/dev/null", O_RDWR);
    CHECK_EQ_INT(other, b.fd);
    CHECK_EQ_INT(asc_shm_look(&b), ASC_SHM_DETACHED);
    CHECK(asc_shm_is_abandoned(&a, 1000)); /* its lock has gone with it */
    CHECK_EQ_INT(attach(&b, &err), ASC_OK);
    CHECK_EQ_INT(asc_shm_look(&b), ASC_SHM_FOLLOWER);
    CHECK(fcntl(other, F_GETFD) >= 0); /* which was not closed */
    close(other);
    asc_shm_clear(&a);
    asc_shm_clear(&b);
    CHECK(!exists());
}

/* Somebody truncates the file. Nothing behind its end is touched, and when all have
 * noticed it there is a new one. */
static void
test_truncated_file(void)
{
    static const off_t sizes[] = {0, 1, 4096};
    uint32_t failures[4] = {0};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        asc_shm a, b;
        asc_error err;
        begin(&a);
        begin(&b);
        CHECK(asc_shm_is_abandoned(&a, 1000) && take_over(&a, 1));
        CHECK_EQ_INT(number_read(&b), 1);
        CHECK(!asc_shm_is_abandoned(&b, 1000));
        CHECK_EQ_INT(truncate(path(), sizes[i]), 0);
        publish(&a, 2);
        asc_shm_give_sign(&a, failures, 4);
        CHECK_EQ_INT(asc_shm_tender(&b), 0);
        CHECK_EQ_INT(asc_shm_failures(&b, failures, 4), 0);
        CHECK(!asc_shm_has_news(&b));
        CHECK_EQ_INT(number_read(&b), -ASC_SHM_NOTHING_NEW);
        CHECK(!asc_shm_is_abandoned(&b, 1000) || !take_over(&b, 3));
        CHECK_EQ_INT(asc_shm_look(&a), ASC_SHM_DETACHED);
        CHECK_EQ_INT(asc_shm_look(&b), ASC_SHM_DETACHED);
        CHECK_EQ_INT(attach(&a, &err), ASC_ERR_CLIENT); /* the other one has it still */
        CHECK_EQ_INT(attach(&b, &err), ASC_OK);
        CHECK_EQ_INT(attach(&a, &err), ASC_OK);
        CHECK(asc_shm_is_abandoned(&b, 1000) && take_over(&b, 4));
        CHECK_EQ_INT(number_read(&a), 4);
        asc_shm_clear(&a);
        asc_shm_clear(&b);
        CHECK(!exists());
    }
}

static void
test_child_has_no_part_in_it(void)
{
    asc_shm a, b;
    begin(&a);
    CHECK(asc_shm_is_abandoned(&a, 1000) && take_over(&a, 1));
    pid_t pid = fork();
    if (pid == 0) {
        asc_shm_in_child(&a);
        bool good = asc_shm_look(&a) == ASC_SHM_DETACHED;
        asc_shm_clear(&a);
        _exit(good && exists() ? 0 : 1);
    }
    int status;
    waitpid(pid, &status, 0);
    CHECK_EQ_INT(status, 0);
    begin(&b);
    CHECK_EQ_INT(asc_shm_look(&a), ASC_SHM_TENDER);
    CHECK(!asc_shm_is_abandoned(&b, 1000));
    asc_shm_clear(&a);
    asc_shm_clear(&b);
}

/* --- nonsense --- */

/* Whatever stands in the segment: a reader refuses it, or it is a sound view. */
static void
test_nonsense_is_refused(void)
{
    asc_shm a, b;
    asc_shm_view view;
    static const struct {
        const char *what;
        uint16_t owner;
        uint8_t n_replicas;
        uint8_t letter; /* so many of which stand in the name of a node */
        size_t n_letters;
    } rows[] = {
        {"no such owner", 1, 1, 0, 0},
        {"owner far off", 65534, 1, 0, 0},
        {"too many copies", 0, 4, 0, 0},
        {"a name without end", 0, 1, 'x', ASC_NODE_NAME_SIZE},
        {"a name that is no text", 0, 1, 0xb5, 1},
        {"an empty name", 0, 1, '\0', 1},
    };
    begin(&a);
    begin(&b);
    view_init(&view, &a);
    CHECK(asc_shm_is_abandoned(&a, 1000) && take_over(&a, 1));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        kit_note("%s", rows[i].what);
        fill(&view, 4);
        view.maps[0].owners[2][4095] = rows[i].owner;
        view.maps[0].n_replicas = rows[i].n_replicas;
        memset(view.nodes[0].name, rows[i].letter, rows[i].n_letters);
        asc_shm_publish(&a, &view);
        CHECK_EQ_INT(number_read(&b), -ASC_SHM_NONSENSE);
        CHECK_EQ_INT(number_read(&b), -ASC_SHM_NOTHING_NEW);
    }
    kit_note(NULL);
    publish(&a, 6);
    CHECK_EQ_INT(number_read(&b), 6);
    asc_shm_view_clear(&view);
    asc_shm_clear(&a);
    asc_shm_clear(&b);
}

/* Random bytes all over the segment. */
static void
test_scribbled_segment(void)
{
    asc_shm a, b;
    asc_shm_view view;
    uint32_t failures[8];
    srandom(1);
    for (unsigned round = 0; round < 300; round++) {
        begin(&a);
        begin(&b);
        view_init(&view, &b);
        CHECK(asc_shm_is_abandoned(&a, 1000) && take_over(&a, 1 + round));
        volatile uint8_t *bytes = (volatile uint8_t *)a.segment;
        size_t reach = round % 2 == 0 ? 4096 : a.size;
        for (unsigned i = 0; i < 1 + round % 50; i++) {
            bytes[(size_t)random() % reach] = (uint8_t)random();
        }
        asc_shm_news news = asc_shm_read(&b, &view);
        if (news == ASC_SHM_NEW_VIEW) {
            CHECK(view.counts.n_nodes <= 4 && view.counts.n_maps <= 2);
        }
        CHECK(asc_shm_failures(&b, failures, 8) <= 4);
        if (asc_shm_is_abandoned(&b, 1000 + PATIENCE_MS)) {
            take_over(&b, 3);
        }
        asc_shm_look(&a);
        asc_shm_view_clear(&view);
        asc_shm_clear(&a);
        asc_shm_clear(&b);
    }
    unlink(path());
}

/* A cluster that follows takes nothing from a view in which a node stands twice, or has
 * no address. */
static void
test_view_of_nonsense_leaves_the_cluster_as_it_was(void)
{
    asc_shm a;
    asc_shm_view view;
    asc_status rc;
    asc_error err;
    static const struct {
        const char *names[3], *ips[3], *why;
    } rows[] = {
        {{"A", "A", "B"}, {"10.0.0.1", "10.0.0.1", "10.0.0.1"}, "the node A twice"},
        {{"A", "B", "A"}, {"10.0.0.1", "10.0.0.1", "10.0.1"}, "the node A twice"},
        {{"A", "C", "B"}, {"10.0.0.1", "nowhere", "10.0.0.1"}, "address of the node C"},
    };
    begin(&a);
    view_init(&view, &a);
    CHECK(asc_shm_is_abandoned(&a, 1000) && take_over(&a, 1));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asc_cluster *c = fake_cluster(1);
        c->config.shm = config_of(4);
        asc_error_reset(&err);
        asc_error_reset(&c->trouble);
        CHECK_EQ_INT(asc_team_begin(c, 1000, &err), ASC_OK);
        fill(&view, 2);
        for (unsigned k = 0; k < 3; k++) {
            asc_shm_node *n = &view.nodes[k];
            n->port = n->login_port = rows[i].names[k][0] == 'A' ? 3001 : 3002;
            snprintf(n->name, sizeof n->name, "%s", rows[i].names[k]);
            snprintf(n->ip, sizeof n->ip, "%s", rows[i].ips[k]);
        }
        asc_shm_publish(&a, &view);
        asc_error_reset(&err);
        CHECK(asc_team_cycle(c, &rc, &err));
        CHECK_EQ_INT(rc, ASC_ERR_CLIENT);
        CHECK_HAS(err.message, rows[i].why);
        CHECK_EQ_INT(c->n_nodes, 2);
        CHECK_EQ_STR(c->nodes[0]->name, "A");
        CHECK_EQ_STR(c->nodes[1]->name, "B");
        asc_cluster_release(c);
    }
    asc_shm_view_clear(&view);
    asc_shm_clear(&a);
}

/* --- the sleep of followers --- */

/* One of several watches; the place is free again when it takes over or leaves. */
static void
test_one_follower_watches(void)
{
    asc_shm a, b, c;
    begin(&a);
    begin(&b);
    begin(&c);
    CHECK(asc_shm_is_abandoned(&a, 1000) && take_over(&a, 1));
    CHECK(asc_shm_watch(&b) && asc_shm_watch(&b));
    CHECK(!asc_shm_watch(&c));
    asc_shm_clear(&a);
    CHECK(asc_shm_is_abandoned(&b, 1000) && take_over(&b, 2));
    CHECK(asc_shm_watch(&c));
    begin(&a);
    CHECK(!asc_shm_watch(&a));
    asc_shm_clear(&c);
    CHECK(asc_shm_watch(&a));
    asc_shm_clear(&a);
    asc_shm_clear(&b);
}

/* What rings: each row needs all that stand before it. */
static asc_shm sleeper, tender, watcher;

static void
take_over_now(void)
{
    CHECK(asc_shm_is_abandoned(&tender, 1000) && take_over(&tender, 1));
}

static void
publish_now(void)
{
    publish(&tender, 2);
}

static void
fail_now(void)
{
    asc_shm_give_sign(&tender, (const uint32_t[]){0, 1}, 2);
}

static void
leave_as_watcher(void)
{
    CHECK(asc_shm_watch(&watcher));
    asc_shm_clear(&watcher);
}

static void
leave_as_tender(void)
{
    asc_shm_clear(&tender);
}

static void
test_what_wakes_those_who_sleep(void)
{
    static const struct {
        const char *what;
        void (*happens)(void);
    } rows[] = {
        {"somebody takes over", take_over_now},
        {"a new view", publish_now},
        {"a node fails", fail_now},
        {"the one that watches leaves", leave_as_watcher},
        {"the tender leaves", leave_as_tender},
    };
    begin(&sleeper);
    begin(&tender);
    begin(&watcher);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        kit_note("%s", rows[i].what);
        uint64_t began_ms = asc_now_ms();
        asc_shm_listen(&sleeper);
        rows[i].happens();
        CHECK(asc_shm_sleep(&sleeper, 60000));
        CHECK(asc_now_ms() - began_ms < 30000);
    }
    kit_note(NULL);
    asc_shm_clear(&sleeper);
    CHECK(!exists());
}

/* A sign that says nothing new wakes nobody. */
static void
test_sleep_that_nobody_ends(void)
{
    uint64_t began_ms = asc_now_ms();
    begin(&sleeper);
    begin(&tender);
    take_over_now();
    fail_now();
    asc_shm_listen(&sleeper);
    fail_now();
    CHECK(asc_shm_sleep(&sleeper, 50));
    CHECK(asc_now_ms() - began_ms >= 49);
    asc_shm_clear(&sleeper);
    asc_shm_clear(&tender);
}

static void *
sleep_once(void *unused)
{
    (void)unused;
    asc_shm_sleep(&sleeper, 60000);
    return NULL;
}

static void
test_ring_wakes_a_thread_that_sleeps_already(void)
{
    pthread_t thread;
    uint64_t began_ms = asc_now_ms();
    begin(&sleeper);
    begin(&tender);
    asc_shm_listen(&sleeper);
    pthread_create(&thread, NULL, sleep_once, NULL);
    usleep(20000);
    asc_shm_ring(&tender);
    pthread_join(thread, NULL);
    CHECK(asc_now_ms() - began_ms < 30000);
    asc_shm_clear(&sleeper);
    asc_shm_clear(&tender);
}

/* --- threads over one mapping --- */

#define N_THREADS 6
#define N_READS 300u

static atomic_uint next_number, n_read, n_taken;

/* Tend, be stopped now and then, wake as a follower, read, take over. What is read is
 * always whole. */
static void *
live(void *seed)
{
    asc_shm s;
    unsigned state = (unsigned)(uintptr_t)seed;
    uint64_t now_ms = 1000;
    begin(&s);
    while (atomic_load(&n_read) < N_READS || atomic_load(&n_taken) < 20) {
        asc_shm_role role = asc_shm_look(&s);
        uint32_t number = atomic_fetch_add(&next_number, 1);
        if (role == ASC_SHM_TENDER) {
            publish(&s, number);
            asc_shm_give_sign(&s, &number, 1);
            if (rand_r(&state) % 40 == 0) {
                usleep(20000); /* others lose their patience */
            }
            continue;
        }
        int got = number_read(&s);
        CHECK(got != MIXED && got != -ASC_SHM_NONSENSE);
        atomic_fetch_add(&n_read, got > 0);
        now_ms += rand_r(&state) % 3 == 0 ? 800 : 0; /* a clock of its own */
        if (asc_shm_is_abandoned(&s, now_ms) && take_over(&s, number)) {
            atomic_fetch_add(&n_taken, 1);
        }
    }
    asc_shm_clear(&s);
    return NULL;
}

static void
test_threads_over_one_mapping(void)
{
    pthread_t threads[N_THREADS];
    atomic_store(&next_number, 1);
    atomic_store(&n_read, 0);
    atomic_store(&n_taken, 0);
    for (size_t i = 0; i < N_THREADS; i++) {
        pthread_create(&threads[i], NULL, live, (void *)(i + 1));
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK(!exists());
}

/* Users come and go at the same time: each finds a whole segment, and the last one
 * removes it. */
static void *
come_and_go(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 200; i++) {
        asc_shm s;
        begin(&s);
        int got = number_read(&s);
        CHECK(got != MIXED && got != -ASC_SHM_NONSENSE);
        if (asc_shm_is_abandoned(&s, 1000)) {
            take_over(&s, i + 1);
        }
        asc_shm_clear(&s);
    }
    return NULL;
}

static void
test_users_come_and_go(void)
{
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, come_and_go, NULL);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK(!exists());
}

static const kit_test tests[] = {
    {"tender_and_follower", test_tender_and_follower},
    {"race_for_the_turn", test_race_for_the_turn},
    {"tender_that_was_stopped", test_tender_that_was_stopped_does_no_harm},
    {"no_slot_is_taken", test_no_slot_is_taken_from_who_may_write_there},
    {"foreign_file", test_foreign_file_is_refused_and_stays},
    {"does_not_fit", test_what_is_in_use_and_does_not_fit_is_refused},
    {"left_by_the_killed", test_what_the_killed_left_is_replaced},
    {"killed_tender", test_killed_tender_is_replaced_at_once},
    {"lost_file_and_descriptor", test_lost_file_and_descriptor},
    {"truncated_file", test_truncated_file},
    {"child", test_child_has_no_part_in_it},
    {"nonsense", test_nonsense_is_refused},
    {"scribbled", test_scribbled_segment},
    {"view_of_nonsense", test_view_of_nonsense_leaves_the_cluster_as_it_was},
    {"one_follower_watches", test_one_follower_watches},
    {"what_wakes", test_what_wakes_those_who_sleep},
    {"sleep_that_nobody_ends", test_sleep_that_nobody_ends},
    {"ring_wakes", test_ring_wakes_a_thread_that_sleeps_already},
    {"threads", test_threads_over_one_mapping},
    {"come_and_go", test_users_come_and_go},
};

int
main(int argc, char **argv)
{
    key = 0x40000000u + (uint32_t)getpid();
    return kit_main("ut_shm", tests, sizeof tests / sizeof tests[0], argc, argv);
}
