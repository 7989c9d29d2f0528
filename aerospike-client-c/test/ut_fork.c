/* Forks. Linked with the library as it ships: where a thread is at work, the run-time
 * of a sanitizer may have a lock at the moment of the fork that its child waits for in
 * vain. */
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asc/batch.h"
#include "asc/loop.h"
#include "cluster/state.h"
#include "live.h"

#define CHILD_SECONDS 100 /* then it hangs, and dies */

/* Wait for the end of a child: its exit code, or -1 when a signal has ended it. */
static int
exit_code_of(pid_t pid)
{
    int status = -1;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What the child does: ten calls, and then others until the parent closes its end of a
 * pipe, of which this is the other end, or -1. Its exit code says which step failed. */
static int
child(asc_cluster *c, asc_call *inherited, int end)
{
    client k = {.call = inherited, .req = asc_call_request(inherited)};
    char none;
    for (unsigned i = 0; i < 10 || (end >= 0 && read(end, &none, 1) != 0); i++) {
        if (run(&k, c, false, &default_timing) != ASC_OK) {
            return 10;
        }
        sleep_ms(30); /* some cycles of its own tend thread */
    }
    if (!asc_cluster_is_connected(c)) {
        return 11;
    }
    asc_call_free(k.call);
    destroy(c);
    return 0;
}

static void
test_fork(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    client k;
    client_init(&k);
    put_and_get(&k, c);
    unsigned before = atomic_load(&p->n_accepted);
    int ends[2];
    CHECK_EQ_INT(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(CHILD_SECONDS);
        close(ends[1]);
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        _exit(child(c, k.call, ends[0]));
    }
    for (unsigned i = 0; i < 10; i++) { /* at the same time */
        CHECK_EQ_INT(run(&k, c, false, &default_timing), ASC_OK);
        sleep_ms(20);
    }
    /* the child's own: of its calls, and of its tend thread, which may take a while */
    EVENTUALLY(atomic_load(&p->n_accepted) >= before + 2);
    close(ends[0]);
    close(ends[1]);
    CHECK_EQ_INT(exit_code_of(pid), 0);
    put_and_get(&k, c);
    asc_call_free(k.call);
    destroy(c);
    peer_stop(p);
}

/* A child that never uses the cluster but closes it. */
static void
test_fork_and_close(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    client k;
    client_init(&k);
    put_and_get(&k, c);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(CHILD_SECONDS);
        destroy(c);
        _exit(0);
    }
    CHECK_EQ_INT(exit_code_of(pid), 0);
    put_and_get(&k, c);
    CHECK(asc_cluster_is_connected(c));
    asc_call_free(k.call);
    destroy(c);
    peer_stop(p);
}

/* A batch that was begun in the parent cannot go on in the child, which can do another.
 * */
static int
child_with_batch(asc_cluster *c, asc_batch *b)
{
    asc_set *set = asc_batch_set(b);
    asc_error err;
    asc_part *p;
    if (asc_set_wait(set, &err) != ASC_OK || (p = asc_set_take(set)) == NULL) {
        return 10;
    }
    if (!p->ended || p->err.code != ASC_ERR_CONNECTION || !p->err.in_doubt) {
        return 11;
    }
    if (!asc_batch_is_done(b)) {
        return 12;
    }
    asc_batch_free(b);
    client k;
    client_init(&k);
    if (run(&k, c, false, &default_timing) != 2) { /* answered: no such record */
        return 13;
    }
    asc_call_free(k.call);
    destroy(c);
    return 0;
}

static void
test_fork_in_a_batch(void)
{
    struct sigaction action = {.sa_handler = on_signal}, before;
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    asc_batch *b = asc_batch_new();
    const asc_batch_options options = {.set = {.check_ms = 20}};
    asc_error err;
    sigaction(SIGUSR1, &action, &before);
    atomic_store(&p->mode, PEER_SILENT);
    asc_batch_begin(b, c, &options);
    CHECK_EQ_INT(asc_batch_add(b, "test", 1, true, &err), ASC_OK);
    CHECK_EQ_INT(asc_batch_route(b, &err), ASC_OK);
    asc_part *part = asc_set_unwritten(asc_batch_set(b));
    CHECK(asc_write_info(&part->req.out, "x\n", 2));
    part->req.out.data[1] = 3; /* whatever it says: nobody answers */
    CHECK_EQ_INT(asc_set_wait(asc_batch_set(b), &err), ASC_INTERRUPTED);
    atomic_store(&p->mode, PEER_STORE);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(CHILD_SECONDS);
        _exit(child_with_batch(c, b));
    }
    CHECK_EQ_INT(exit_code_of(pid), 0);
    sigaction(SIGUSR1, &before, NULL);
    asc_batch_free(b);
    destroy(c);
    peer_stop(p);
}

/* --- calls and sets in a loop --- */

/* The call that was under way ends, and what the loop had is not the child's. */
static int
child_with_loop(asc_loop *l, asc_call *call, asc_error *err, asc_set *set)
{
    unsigned n = 0;
    if (fcntl(asc_loop_fd(l), F_GETFD) >= 0) {
        return 10;
    }
    asc_loop_turn(l);
    for (void *owner; (owner = asc_loop_take(l)) != NULL; n++) {
        if (owner == call && (err->code != ASC_ERR_CONNECTION || !err->in_doubt)) {
            return 11;
        }
        asc_part *part = owner == set ? asc_set_take(set) : NULL;
        if (owner == set && (part == NULL || part->err.code != ASC_ERR_CONNECTION)) {
            return 12;
        }
    }
    if (n != 2) {
        return 13;
    }
    asc_loop_submit(l, call, err, call); /* of no use, but no harm either */
    if (asc_loop_take(l) != call || err->code != ASC_ERR_CONNECTION) {
        return 14;
    }
    asc_loop_free(l);
    return 0;
}

static void
test_fork_of_a_loop(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    asc_loop *l;
    asc_set *set = asc_set_new();
    asc_error err;
    const asc_set_options options = {.timing = default_timing};
    client k;
    client_init(&k);
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_loop_new(&l, c, &err), ASC_OK);
    atomic_store(&p->mode, PEER_HOLD);
    prepare(&k, true, &default_timing);
    asc_loop_submit(l, k.call, &k.err, k.call);
    asc_set_begin(set, c, &options);
    CHECK_EQ_INT(asc_set_add_node(set, "BB9A", &err), ASC_OK);
    asc_part *part = asc_set_unwritten(set);
    CHECK(asc_buf_put(&part->req.out, k.req->out.data, k.req->out.len));
    asc_loop_submit_set(l, set, set);
    while (atomic_load(&p->n_requests) < 2) {
        asc_loop_turn(l);
    }
    pid_t pid = fork();
    if (pid == 0) {
        alarm(CHILD_SECONDS);
        int code = child_with_loop(l, k.call, &k.err, set);
        if (code == 0) {
            asc_set_free(set);
            code = child(c, k.call, -1); /* the cluster goes on there */
        }
        _exit(code);
    }
    atomic_store(&p->mode, PEER_STORE);
    CHECK_EQ_INT(exit_code_of(pid), 0);
    unsigned n = 0;
    for (uint64_t limit_ms = now_ms() + PATIENCE_MS; n < 2 && now_ms() < limit_ms;) {
        asc_loop_turn(l);
        n += asc_loop_take(l) != NULL;
    }
    CHECK_EQ_INT(n, 2);
    CHECK_EQ_INT(k.err.code, ASC_OK);
    asc_loop_free(l);
    asc_set_free(set);
    asc_call_free(k.call);
    destroy(c);
    peer_stop(p);
}

/* --- a fork while the tend thread closes a connection --- */

static struct {
    atomic_uint port;  /* of the peer; 0: do nothing */
    atomic_uint n_bad; /* closed once too often */
    atomic_int status; /* of the child; -1: none yet */
    asc_cluster *cluster;
} closing;

static bool
belongs_to_client(int fd)
{
    struct sockaddr_in own = {0};
    socklen_t size = sizeof own;
    return getsockname(fd, (struct sockaddr *)&own, &size) == 0 &&
           own.sin_family == AF_INET && ntohs(own.sin_port) != closing.port;
}

/* Nobody else's descriptor may go when the child takes the cluster apart. */
static int
child_of_tender(void)
{
    alarm(CHILD_SECONDS);
    destroy(closing.cluster);
    return atomic_load(&closing.n_bad) == 0 ? 0 : 10;
}

/* In place of that of the C library. The thread that closes a connection of the client
 * forks there, with the connection half taken apart. */
int
close(int fd)
{
    bool forks = atomic_load(&closing.port) != 0 && belongs_to_client(fd);
    int rc = (int)syscall(SYS_close, fd);
    closing.n_bad += rc < 0 && errno == EBADF;
    if (forks && atomic_exchange(&closing.port, 0) != 0) {
        int status = -1;
        pid_t pid = fork();
        if (pid == 0) {
            _exit(child_of_tender());
        }
        waitpid(pid, &status, 0);
        atomic_store(&closing.status, status);
    }
    return rc;
}

static void
test_fork_while_a_connection_is_closed(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    atomic_store(&closing.status, -1);
    atomic_store(&closing.n_bad, 0);
    closing.cluster = c;
    atomic_store(&closing.port, p->port);
    peer_down(p); /* the tend connection ends */
    EVENTUALLY(atomic_load(&closing.status) != -1);
    int status = atomic_load(&closing.status);
    CHECK(WIFEXITED(status));
    CHECK_EQ_INT(WEXITSTATUS(status), 0);
    destroy(c);
    peer_stop(p);
}

/* --- a daemon: a child that closes all descriptors and opens its own --- */

#define N_FILES 30

static int
child_as_daemon(asc_cluster *c)
{
    struct stat opened[N_FILES], now;
    int fds[N_FILES];
    client k;
    alarm(CHILD_SECONDS);
    for (int fd = 3; fd < 256; fd++) {
        syscall(SYS_close, fd);
    }
    for (int i = 0; i < N_FILES; i++) {
        FILE *f = tmpfile();
        if (f == NULL || fstat(fds[i] = fileno(f), &opened[i]) < 0) {
            return 10;
        }
    }
    client_init(&k);
    if (run(&k, c, false, &default_timing) != 2) { /* answered: no such record */
        return 11;
    }
    asc_call_free(k.call);
    destroy(c);
    for (int i = 0; i < N_FILES; i++) {
        if (fstat(fds[i], &now) < 0 || now.st_dev != opened[i].st_dev ||
            now.st_ino != opened[i].st_ino) {
            return 12;
        }
    }
    return 0;
}

static void
test_fork_of_a_daemon(void)
{
    peer *p = peer_start("BB9A");
    asc_cluster *c = create(p);
    client k;
    client_init(&k);
    CHECK_EQ_INT(run(&k, c, false, &default_timing), 2); /* there is a connection now */
    pid_t pid = fork();
    if (pid == 0) {
        _exit(child_as_daemon(c));
    }
    CHECK_EQ_INT(exit_code_of(pid), 0);
    put_and_get(&k, c);
    CHECK(asc_cluster_is_connected(c));
    asc_call_free(k.call);
    destroy(c);
    peer_stop(p);
}

/* --- a tend thread that does not end, or ends early --- */

/* A cluster whose tend thread did not end when it was closed, and does not exist in the
 * child. */
static int
child_of_the_left(asc_cluster *c)
{
    client k;
    client_init(&k);
    if (run(&k, c, false, &default_timing) != ASC_ERR_CLUSTER) {
        return 10;
    }
    asc_call_free(k.call);
    if (atomic_load(&c->refs) != 1) { /* the thread's is gone */
        return 11;
    }
    asc_cluster_release(c);
    return 0;
}

static void
test_fork_of_a_closed_cluster_whose_thread_lives(void)
{
    scene s = set_scene(wait_in_sink);
    pthread_mutex_lock(&log_lock);
    let_it_speak(&s);
    EVENTUALLY(atomic_load(&n_in_sink) == 1);
    asc_cluster_close(s.cluster);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(CHILD_SECONDS);
        _exit(child_of_the_left(s.cluster));
    }
    CHECK_EQ_INT(exit_code_of(pid), 0);
    pthread_mutex_unlock(&log_lock);
    asc_cluster_release(s.cluster);
    EVENTUALLY(asc_alloc_live() == s.n_blocks);
    asc_log_set_sink(NULL);
    peer_stop(s.peer);
}

static void
end_thread(asc_log_level level, const char *func, const char *file, int line,
           const char *message)
{
    (void)level, (void)func, (void)file, (void)line, (void)message;
    pthread_exit(NULL);
}

/* The log sink ends the tend thread, as an interpreter on its way out does: closing
 * goes by what the thread left. In a child, for what the thread was at is lost. */
static void
test_thread_that_the_sink_ends(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        alarm(CHILD_SECONDS);
        scene s = set_scene(end_thread);
        let_it_speak(&s);
        EVENTUALLY(atomic_load(&s.cluster->tender) == ASC_TENDER_ENDED);
        destroy(s.cluster);
        EVENTUALLY(atomic_load(&s.peer->n_open) == 0);
        _exit(0);
    }
    CHECK_EQ_INT(exit_code_of(pid), 0);
}

/* --- all descriptors are closed under a client --- */

/* Its tend thread finds its sockets closed, too. */
static int
child_that_closes_all(uint16_t port)
{
    asc_cluster *c;
    asc_error err;
    client k;
    alarm(CHILD_SECONDS);
    if (create_at(&c, port, quick(), &err) != ASC_OK) {
        return 10;
    }
    for (int fd = 3; fd < 256; fd++) {
        syscall(SYS_close, fd);
    }
    sleep_ms(1500); /* some intervals */
    client_init(&k);
    for (int i = 0; run(&k, c, false, &default_timing) != 2; i++) {
        if (i == 100) {
            return 11;
        }
        sleep_ms(100);
    }
    asc_call_free(k.call);
    destroy(c);
    return 0;
}

static void
test_descriptors_closed(void)
{
    peer *p = peer_start("BB9A");
    uint64_t begin_ms = now_ms();
    pid_t pid = fork();
    if (pid == 0) {
        _exit(child_that_closes_all(p->port));
    }
    CHECK_EQ_INT(exit_code_of(pid), 0);
    uint64_t n_intervals = (now_ms() - begin_ms) / quick().tend_interval_ms;
    CHECK(atomic_load(&p->n_accepted) <= 10 + 3 * n_intervals); /* no storm */
    peer_stop(p);
}

static const kit_test tests[] = {
    {"fork", test_fork},
    {"fork_and_close", test_fork_and_close},
    {"fork_in_a_batch", test_fork_in_a_batch},
    {"fork_of_a_loop", test_fork_of_a_loop},
    {"fork_while_a_connection_is_closed", test_fork_while_a_connection_is_closed},
    {"fork_of_a_daemon", test_fork_of_a_daemon},
    {"descriptors_closed", test_descriptors_closed},
    {"fork_of_a_closed_cluster_whose_thread_lives",
     test_fork_of_a_closed_cluster_whose_thread_lives},
    {"thread_that_the_sink_ends", test_thread_that_the_sink_ends},
};

KIT_MAIN("ut_fork", tests)
