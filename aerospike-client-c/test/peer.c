#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fake.h"

#define MAX_CONNS 64
#define MAX_ANSWERS 16
#define BUFFER_SIZE 65536u
#define TRICKLE_MS 100

typedef struct conn {
    int fd;            /* -1: free */
    uint8_t *in, *out; /* BUFFER_SIZE each, owned */
    size_t n_in, n_out, sent;
    uint64_t due_ms; /* when the next byte may leave */
    bool holds, trickles, closes, is_data;
} conn;

struct peer_state {
    pthread_t thread;
    pthread_mutex_t lock; /* guards answers and orders */
    struct {
        const char *command;
        char value[4000];
        bool gone;
    } answers[MAX_ANSWERS];
    size_t n_answers;
    int wake[2];
    /* Orders for the thread, carried out one at a time. */
    enum { NONE, STOP, DOWN, UP, CLOSE_DATA } order;
    pthread_cond_t obeyed;
    int reserved; /* bound to the port, and never listens: nobody else gets it */
    /* The thread's own: */
    int listener;
    conn conns[MAX_CONNS];
    uint8_t record[4096];
    size_t record_size;
    uint16_t n_bins, generation;
};

static void
must(bool good, const char *what)
{
    if (!good) {
        perror(what);
        exit(2);
    }
}

static uint64_t
now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* A socket bound to a port, which is found when it is 0. Several may be, as long as
 * none listens. */
static int
bind_to(uint16_t *port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t size = sizeof addr;
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(fd >= 0, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    must(bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0, "bind");
    must(getsockname(fd, (struct sockaddr *)&addr, &size) == 0, "getsockname");
    *port = ntohs(addr.sin_port);
    return fd;
}

static int
listen_at(uint16_t port)
{
    int fd = bind_to(&port);
    must(listen(fd, 64) == 0, "listen");
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

uint16_t
peer_free_port(void)
{
    uint16_t port = 0;
    (void)bind_to(&port); /* stays open */
    return port;
}

/* --- the record ------------------------------------------------------------------- */

static uint32_t
u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint16_t
u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

/* Append a reply of n_ops operations in ops[0..size). */
static void
queue_reply(conn *c, const struct peer_state *s, uint8_t result, const uint8_t *ops,
            size_t size, uint16_t n_ops)
{
    uint8_t *p = c->out + c->n_out;
    size_t body = 22 + size;
    must(c->n_out + 8 + body <= BUFFER_SIZE, "a reply of that size");
    memset(p, 0, 30);
    p[0] = 2, p[1] = 3;
    p[5] = (uint8_t)(body >> 16), p[6] = (uint8_t)(body >> 8), p[7] = (uint8_t)body;
    p[8] = 22;
    p[13] = result;
    p[16] = (uint8_t)(s->generation >> 8), p[17] = (uint8_t)s->generation;
    p[28] = (uint8_t)(n_ops >> 8), p[29] = (uint8_t)n_ops;
    if (size > 0) {
        memcpy(p + 30, ops, size);
    }
    c->n_out += 8 + body;
}

/* Append a reply to a batch: a frame of headers, one for each row, and the last one. */
static void
answer_batch(conn *c, const uint8_t *body)
{
    const uint8_t *rows = body + 22 + 5 + 5; /* of its only field, 41 */
    uint32_t n = u32(body + 22 + 5);
    must(body[26] == 41 && c->n_out + 8 + (n + 1) * 22 + 8 <= BUFFER_SIZE,
         "a batch of that kind");
    uint8_t *p = c->out + c->n_out;
    uint32_t size = n * 22;
    memset(p, 0, 8 + size + 30);
    p[0] = 2, p[1] = 3;
    p[5] = (uint8_t)(size >> 16), p[6] = (uint8_t)(size >> 8), p[7] = (uint8_t)size;
    p += 8;
    for (uint32_t i = 0; i < n; i++, p += 22) {
        p[0] = 22;
        memcpy(p + 14, rows + 25 * i, 4);
    }
    p[0] = 2, p[1] = 3, p[7] = 22, p[8] = 22, p[11] = 1;
    c->n_out += 8 + size + 30;
}

static void
answer_record(conn *c, struct peer_state *s, const uint8_t *body, size_t size)
{
    if (body[1] & 8) {
        answer_batch(c, body);
        return;
    }
    const uint8_t *ops = body + 22;
    for (unsigned i = u16(body + 18); i > 0; i--) {
        ops += 4 + u32(ops);
    }
    if (body[2] & 1) { /* a write */
        s->record_size = size - (size_t)(ops - body);
        must(s->record_size <= sizeof s->record, "a record of that size");
        memcpy(s->record, ops, s->record_size);
        s->n_bins = u16(body + 20);
        s->generation++;
        for (uint8_t *op = s->record; op < s->record + s->record_size;) {
            op[4] = 1; /* as reads give it back */
            op += 4 + u32(op);
        }
        queue_reply(c, s, 0, NULL, 0, 0);
    }
    else if (s->n_bins == 0) {
        queue_reply(c, s, 2, NULL, 0, 0);
    }
    else {
        queue_reply(c, s, 0, s->record, s->record_size, s->n_bins);
    }
}

/* --- info ------------------------------------------------------------------------- */

/* Append "command TAB value LF" unless the command has no answer. */
static size_t
answer_line(peer *p, const char *command, size_t size, char *out, size_t room)
{
    struct peer_state *s = p->state;
    const char *value = "ERROR:4:unrecognized command";
    if (size >= 15 && memcmp(command, "user-agent-set:", 15) == 0) {
        value = "ok";
    }
    if (size == 16 && memcmp(command, "peers-generation", 16) == 0) {
        atomic_fetch_add(&p->n_cycles, 1);
    }
    for (size_t i = 0; i < s->n_answers; i++) {
        if (strlen(s->answers[i].command) == size &&
            memcmp(s->answers[i].command, command, size) == 0) {
            if (s->answers[i].gone) {
                return 0;
            }
            value = s->answers[i].value;
        }
    }
    int n = snprintf(out, room, "%.*s\t%s\n", (int)size, command, value);
    must(n > 0 && (size_t)n < room, "an info reply of that size");
    return (size_t)n;
}

static void
answer_info(peer *p, conn *c, const uint8_t *body, size_t size)
{
    char *text = (char *)c->out + c->n_out + 8;
    size_t len = 0;
    const char *at = (const char *)body, *end = at + size, *lf;
    pthread_mutex_lock(&p->state->lock);
    while ((lf = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        len += answer_line(p, at, (size_t)(lf - at), text + len,
                           BUFFER_SIZE - c->n_out - 8 - len);
        at = lf + 1;
    }
    pthread_mutex_unlock(&p->state->lock);
    uint8_t *head = c->out + c->n_out;
    memset(head, 0, 8);
    head[0] = 2, head[1] = 1;
    head[5] = (uint8_t)(len >> 16);
    head[6] = (uint8_t)(len >> 8), head[7] = (uint8_t)len;
    c->n_out += 8 + len;
}

/* --- connections ------------------------------------------------------------------ */

static void
close_conn(peer *p, conn *c)
{
    close(c->fd);
    free(c->in);
    free(c->out);
    memset(c, 0, sizeof *c);
    c->fd = -1;
    atomic_fetch_sub(&p->n_open, 1);
}

static void
accept_conn(peer *p)
{
    struct peer_state *s = p->state;
    int fd = accept(s->listener, NULL, NULL);
    if (fd < 0) {
        return;
    }
    for (size_t i = 0; i < MAX_CONNS; i++) {
        conn *c = &s->conns[i];
        if (c->fd < 0) {
            int on = 1;
            fcntl(fd, F_SETFL, O_NONBLOCK);
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            memset(c, 0, sizeof *c);
            c->fd = fd;
            c->in = malloc(BUFFER_SIZE);
            c->out = malloc(BUFFER_SIZE);
            must(c->in != NULL && c->out != NULL, "malloc");
            if (atomic_load(&p->banner)) {
                static const char greeting[] = "220 mail.example ready\r\n";
                memcpy(c->out, greeting, strlen(greeting));
                c->n_out = strlen(greeting);
            }
            atomic_fetch_add(&p->n_open, 1);
            atomic_fetch_add(&p->n_accepted, 1);
            return;
        }
    }
    close(fd);
}

/* Let anybody in: answer a login with a token, and a token with "ok". */
static void
answer_admin(conn *c, const uint8_t *body)
{
    static const uint8_t token[] = {0, 0, 0, 6, 5, 'T', 'O', 'K', 'E', 'N',
                                    0, 0, 0, 5, 6, 0,   0,   14,  16};
    bool logs_in = body[2] == 20;
    size_t size = logs_in ? sizeof token : 0;
    uint8_t *p = c->out + c->n_out;
    must(c->n_out + 24 + size <= BUFFER_SIZE, "an admin reply of that size");
    memset(p, 0, 24);
    p[0] = 2, p[1] = 2, p[7] = (uint8_t)(16 + size);
    p[10] = body[2], p[11] = logs_in ? 2 : 0;
    memcpy(p + 24, token, size);
    c->n_out += 24 + size;
}

static void
answer_message(peer *p, conn *c, const uint8_t *body, size_t size)
{
    size_t before = c->n_out;
    c->is_data = true;
    atomic_fetch_add(&p->n_requests, 1);
    peer_mode mode = (peer_mode)atomic_load(&p->mode);
    if (mode == PEER_SILENT) {
        return;
    }
    answer_record(c, p->state, body, size);
    switch (mode) {
    case PEER_HOLD:
        c->holds = true;
        break;
    case PEER_TRICKLE:
        c->trickles = true;
        break;
    case PEER_HALF:
        c->n_out -= (c->n_out - before) / 2;
        c->closes = true;
        break;
    case PEER_HANG_UP:
        c->n_out = before;
        c->closes = true;
        break;
    case PEER_GARBAGE:
        c->n_out = before + (size_t)sprintf((char *)c->out + before,
                                            "HTTP/1.1 400 Bad Request\r\n\r\n");
        break;
    default:
        break;
    }
}

/* Answer the frames that are whole. */
static void
answer(peer *p, conn *c)
{
    size_t at = 0;
    while (c->n_in - at >= 8 && !c->closes) {
        size_t size = u32(c->in + at + 4); /* no test sends more than 4 GB */
        must(size <= BUFFER_SIZE - 8, "a request of that size");
        if (c->n_in - at < 8 + size) {
            break;
        }
        const uint8_t *body = c->in + at + 8;
        if (c->in[at + 1] == 1) {
            answer_info(p, c, body, size);
        }
        else if (c->in[at + 1] == 2) {
            answer_admin(c, body);
        }
        else {
            answer_message(p, c, body, size);
        }
        at += 8 + size;
    }
    memmove(c->in, c->in + at, c->n_in - at);
    c->n_in -= at;
}

static void
read_conn(peer *p, conn *c)
{
    ssize_t n = recv(c->fd, c->in + c->n_in, BUFFER_SIZE - c->n_in, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        close_conn(p, c);
    }
    else if (n > 0) {
        c->n_in += (size_t)n;
        if (atomic_load(&p->deaf)) {
            c->n_in = 0;
            atomic_fetch_add(&p->n_unheard, 1);
        }
        else {
            answer(p, c);
        }
    }
}

static void
write_conn(peer *p, conn *c)
{
    if (c->holds && atomic_load(&p->mode) == PEER_HOLD) {
        return;
    }
    c->holds = false;
    while (c->sent < c->n_out && now_ms() >= c->due_ms) {
        size_t size = c->trickles ? 1 : c->n_out - c->sent;
        ssize_t n = send(c->fd, c->out + c->sent, size, MSG_NOSIGNAL);
        if (n <= 0) {
            if (errno != EAGAIN && errno != EINTR) {
                close_conn(p, c);
            }
            return;
        }
        c->sent += (size_t)n;
        if (c->trickles) {
            c->due_ms = now_ms() + TRICKLE_MS;
        }
    }
    if (c->sent == c->n_out) {
        c->sent = c->n_out = 0;
        c->trickles = false;
        c->due_ms = 0;
        if (c->closes) {
            close_conn(p, c);
        }
    }
}

/* --- the thread ------------------------------------------------------------------- */

static void
close_all(peer *p, bool only_data)
{
    for (size_t i = 0; i < MAX_CONNS; i++) {
        conn *c = &p->state->conns[i];
        if (c->fd >= 0 && (!only_data || c->is_data)) {
            close_conn(p, c);
        }
    }
}

/* False: the thread must end. */
static bool
obey(peer *p)
{
    struct peer_state *s = p->state;
    char byte;
    bool goes_on = true;
    if (read(s->wake[0], &byte, 1) != 1) {
        return true;
    }
    pthread_mutex_lock(&s->lock);
    if (s->order == STOP || s->order == DOWN) {
        close_all(p, false);
        if (s->listener >= 0) {
            close(s->listener);
        }
        s->listener = -1;
        goes_on = s->order != STOP;
    }
    else if (s->order == UP) {
        s->listener = listen_at(p->port);
    }
    else if (s->order == CLOSE_DATA) {
        close_all(p, true);
    }
    s->order = NONE;
    pthread_cond_broadcast(&s->obeyed);
    pthread_mutex_unlock(&s->lock);
    return goes_on;
}

static void *
serve(void *arg)
{
    peer *p = arg;
    struct peer_state *s = p->state;
    for (;;) {
        struct pollfd set[MAX_CONNS + 2];
        bool waits = false; /* for a time, not for a socket */
        for (size_t i = 0; i < MAX_CONNS; i++) {
            const conn *c = &s->conns[i];
            set[i] = (struct pollfd){.fd = c->fd, .events = POLLIN};
            waits = waits || (c->fd >= 0 && c->sent < c->n_out);
        }
        set[MAX_CONNS] = (struct pollfd){.fd = s->listener, .events = POLLIN};
        set[MAX_CONNS + 1] = (struct pollfd){.fd = s->wake[0], .events = POLLIN};
        poll(set, MAX_CONNS + 2, waits ? 5 : -1);
        for (size_t i = 0; i < MAX_CONNS; i++) {
            conn *c = &s->conns[i];
            if (set[i].revents != 0 && c->fd >= 0) {
                read_conn(p, c);
            }
            if (c->fd >= 0) {
                write_conn(p, c);
            }
        }
        if (set[MAX_CONNS].revents != 0) {
            accept_conn(p);
        }
        if (set[MAX_CONNS + 1].revents != 0 && !obey(p)) {
            return NULL;
        }
    }
}

static void
order(peer *p, int what)
{
    struct peer_state *s = p->state;
    pthread_mutex_lock(&s->lock);
    s->order = what;
    must(write(s->wake[1], "", 1) == 1, "write");
    while (s->order != NONE) {
        pthread_cond_wait(&s->obeyed, &s->lock);
    }
    pthread_mutex_unlock(&s->lock);
}

void
peer_down(peer *p)
{
    order(p, DOWN);
}

void
peer_up(peer *p)
{
    order(p, UP);
}

void
peer_close_connections(peer *p)
{
    order(p, CLOSE_DATA);
}

void
peer_answer(peer *p, const char *command, const char *value)
{
    struct peer_state *s = p->state;
    size_t i = 0;
    pthread_mutex_lock(&s->lock);
    while (i < s->n_answers && strcmp(s->answers[i].command, command) != 0) {
        i++;
    }
    must(i < MAX_ANSWERS, "so many answers");
    s->n_answers += i == s->n_answers;
    s->answers[i].command = command;
    s->answers[i].gone = value == NULL;
    snprintf(s->answers[i].value, sizeof s->answers[i].value, "%s",
             value != NULL ? value : "");
    pthread_mutex_unlock(&s->lock);
}

void
peer_owns(peer *p, const char *columns)
{
    peer_answer(p, "replicas", fake_replicas("test", 0, columns));
}

void
peer_new_map(peer *p)
{
    static atomic_int generation = 1;
    char text[16];
    snprintf(text, sizeof text, "%d", atomic_fetch_add(&generation, 1) + 1);
    peer_answer(p, "partition-generation", text);
}

peer *
peer_start(const char *name)
{
    peer *p = calloc(1, sizeof *p);
    struct peer_state *s = calloc(1, sizeof *s);
    char address[40];
    sigset_t all, before;
    must(p != NULL && s != NULL && pipe(s->wake) == 0, "peer");
    p->state = s;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->obeyed, NULL);
    for (size_t i = 0; i < MAX_CONNS; i++) {
        s->conns[i].fd = -1;
    }
    s->reserved = bind_to(&p->port);
    s->listener = listen_at(p->port);
    snprintf(address, sizeof address, "127.0.0.1:%u", p->port);
    peer_answer(p, "node", name);
    peer_answer(p, "build", "8.1.2.0");
    peer_answer(p, "cluster-name", "null");
    peer_answer(p, "partition-generation", "0");
    peer_answer(p, "peers-generation", "0");
    peer_answer(p, "peers-clear-std", "0,3000,[]");
    peer_answer(p, "service-clear-std", address);
    peer_owns(p, "*");
    sigfillset(&all); /* signals are for the test's own threads */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    must(pthread_create(&s->thread, NULL, serve, p) == 0, "pthread_create");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return p;
}

void
peer_stop(peer *p)
{
    if (p == NULL) {
        return;
    }
    order(p, STOP);
    pthread_join(p->state->thread, NULL);
    close(p->state->reserved);
    close(p->state->wake[0]);
    close(p->state->wake[1]);
    pthread_cond_destroy(&p->state->obeyed);
    pthread_mutex_destroy(&p->state->lock);
    free(p->state);
    free(p);
}
