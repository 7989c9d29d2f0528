/* live.h -- what tests over real loopback sockets share: clients of a peer, commands on
 * its one record, waiting, signals. A busy machine may stop any thread for a while:
 * tests wait for what they need, and calls may come back two seconds late. */
#ifndef LIVE_H
#define LIVE_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asc/alloc.h"
#include "asc/command.h"
#include "asc/log.h"
#include "asc/reader.h"
#include "asc/writer.h"
#include "kit.h"
#include "peer.h"

/* How much later than its timeout a call may come back. */
#define LATE_MS 2000

/* How long to wait for what is sure to come: reached only where a test fails. */
#define PATIENCE_MS 60000

static inline uint64_t
now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static inline void
sleep_ms(unsigned ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&t, &t) < 0 && errno == EINTR) {
    }
}

/* Wait until cond holds. */
#define EVENTUALLY(cond)                                                               \
    do {                                                                               \
        uint64_t limit_ = now_ms() + PATIENCE_MS;                                      \
        while (!(cond) && now_ms() < limit_) {                                         \
            sleep_ms(5);                                                               \
        }                                                                              \
        CHECK(cond);                                                                   \
    } while (0)

#define CHECK_ELAPSED(since, about_ms)                                                 \
    do {                                                                               \
        uint64_t elapsed_ = now_ms() - (since), about_ = (about_ms);                   \
        CHECK(about_ <= elapsed_ + 5 && elapsed_ <= about_ + LATE_MS);                 \
    } while (0)

static inline asc_status
create_at(asc_cluster **out, uint16_t port, asc_config config, asc_error *err)
{
    const asc_host host = {.name = "127.0.0.1", .port = port};
    config.hosts = &host;
    config.n_hosts = 1;
    asc_error_reset(err);
    return asc_cluster_create(out, &config, err);
}

static inline asc_config
quick(void)
{
    asc_config config = ASC_CONFIG_INIT;
    config.tend_interval_ms = 250;
    config.connect_timeout_ms = 20000;
    return config;
}

static inline asc_cluster *
create(const peer *p)
{
    asc_cluster *c = NULL;
    asc_error err;
    if (!CHECK_EQ_INT(create_at(&c, p->port, quick(), &err), ASC_OK)) {
        printf("    %s: %s\n", err.host, err.message);
        exit(1);
    }
    return c;
}

static inline void
destroy(asc_cluster *c)
{
    asc_cluster_close(c);
    asc_cluster_release(c);
}

/* Two nodes that name each other; b's first address is a's, who is somebody else. */
static inline void
introduce(peer *a, peer *b)
{
    char text[120];
    snprintf(text, sizeof text, "1,3000,[[BB9A,,[127.0.0.1:%u]]]", a->port);
    peer_answer(b, "peers-clear-std", text);
    snprintf(text, sizeof text,
             "1,3000,[[BB9B,,[127.0.0.1:%u,127.0.0.1:1,127.0.0.1:%u]]]", a->port,
             b->port);
    peer_answer(a, "peers-clear-std", text);
    peer_answer(a, "peers-generation", "1");
    peer_answer(b, "peers-generation", "1");
}

/* Wait until n more cycles of tending have begun and ended. */
static inline void
wait_for_cycles(peer *p, unsigned n)
{
    unsigned wanted = atomic_load(&p->n_cycles) + n + 1;
    EVENTUALLY(atomic_load(&p->n_cycles) >= wanted);
}

static inline void
on_signal(int signo)
{
    (void)signo;
}

/* A thread that interrupts another one once a request has come to the peer. It goes on
 * until the other one says so, since a signal may come before a wait begins. */
typedef struct bell {
    pthread_t target, thread;
    peer *peer;
    unsigned n_requests; /* of the peer, from which on it rings */
    atomic_bool was_heard;
} bell;

static inline void *
ring(void *arg)
{
    bell *b = arg;
    EVENTUALLY(atomic_load(&b->peer->n_requests) >= b->n_requests);
    while (!atomic_load(&b->was_heard)) {
        pthread_kill(b->target, SIGUSR1);
        sleep_ms(10);
    }
    return NULL;
}

/* Ring for the calling thread when the next request has come. */
static inline void
bell_start(bell *b, peer *p)
{
    b->target = pthread_self();
    b->peer = p;
    b->n_requests = atomic_load(&p->n_requests) + 1;
    atomic_store(&b->was_heard, false);
    pthread_create(&b->thread, NULL, ring, b);
}

static inline void
bell_stop(bell *b)
{
    atomic_store(&b->was_heard, true);
    pthread_join(b->thread, NULL);
}

/* --- one client ------------------------------------------------------------------- */

typedef struct client {
    asc_call *call;
    asc_request *req;
    asc_error err;
} client;

static inline void
client_init(client *k)
{
    k->call = asc_call_new();
    k->req = asc_call_request(k->call);
    asc_error_reset(&k->err);
}

static const asc_timing default_timing = {.total_timeout_ms = 30000};

static inline void
prepare(client *k, bool writes, const asc_timing *timing)
{
    asc_writer w;
    const asc_msg_head head = {.info1 = writes ? 0 : ASC_INFO1_READ | ASC_INFO1_GET_ALL,
                               .info2 = writes ? ASC_INFO2_WRITE : 0,
                               .budget_ms = 1000};
    asc_call_reset(k->call);
    asc_error_reset(&k->err);
    k->req->ns = "test";
    k->req->partition = 17;
    k->req->replica = ASC_REPLICA_SEQUENCE;
    k->req->writes = writes;
    k->req->timing = *timing;
    asc_writer_begin(&w, &k->req->out, &head);
    asc_writer_field(&w, ASC_FIELD_NAMESPACE, "test", 4);
    asc_writer_field(&w, ASC_FIELD_DIGEST, "0123456789abcdefghij", 20);
    if (writes) {
        asc_writer_op_begin(&w, ASC_OP_WRITE, ASC_PARTICLE_STRING, "bin", 3);
        asc_buf_put(&k->req->out, "value", 5);
        asc_writer_op_end(&w);
    }
    asc_writer_end(&w);
}

static inline asc_status
run(client *k, asc_cluster *c, bool writes, const asc_timing *timing)
{
    prepare(k, writes, timing);
    return asc_call_run(k->call, c, &k->err);
}

/* The reply holds the bin that was written. */
static inline void
check_record(client *k)
{
    asc_msg m = {0};
    asc_msg_op op = {0};
    const asc_buf *in = &k->req->in;
    CHECK_EQ_INT(asc_msg_open(&m, in->data + 8, in->len - 8, &k->err), ASC_OK);
    CHECK_EQ_INT(m.n_ops, 1);
    CHECK_EQ_INT(asc_msg_next_op(&m, &op, &k->err), ASC_OK);
    CHECK_EQ_BYTES(op.name, op.name_size, "62696e");
    CHECK_EQ_BYTES(op.value, op.value_size, "76616c7565");
}

static inline void
put_and_get(client *k, asc_cluster *c)
{
    CHECK_EQ_INT(run(k, c, true, &default_timing), ASC_OK);
    CHECK_EQ_INT(k->err.code, ASC_OK);
    CHECK_EQ_INT(run(k, c, false, &default_timing), ASC_OK);
    check_record(k);
}

/* --- a tend thread in the log sink ------------------------------------------------ */

/* A cluster with an idle connection, whose tend thread soon has something to say. */
typedef struct scene {
    peer *peer;
    asc_cluster *cluster;
    long n_blocks; /* before the cluster was made */
} scene;

static inline scene
set_scene(asc_log_sink sink)
{
    scene s = {.peer = peer_start("BB9A"), .n_blocks = asc_alloc_live()};
    client k;
    s.cluster = create(s.peer);
    client_init(&k);
    put_and_get(&k, s.cluster);
    asc_call_free(k.call);
    asc_log_set_level(ASC_LOG_WARN);
    asc_log_set_sink(sink);
    return s;
}

static inline void
let_it_speak(scene *s)
{
    peer_answer(s->peer, "peers-generation", NULL);
}

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint n_in_sink; /* lines that have been given to wait_in_sink */

/* A sink that takes a lock, as those of applications do. */
static inline void
wait_in_sink(asc_log_level level, const char *func, const char *file, int line,
             const char *message)
{
    (void)level, (void)func, (void)file, (void)line, (void)message;
    atomic_fetch_add(&n_in_sink, 1);
    pthread_mutex_lock(&log_lock);
    pthread_mutex_unlock(&log_lock);
}

#endif
