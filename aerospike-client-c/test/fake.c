#include "fake.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "asc/alloc.h"
#include "base/fork.h"
#include "wire/base64.h"

fake_net fake;

void
fake_reset(void)
{
    for (size_t i = 0; i < FAKE_MAX_PEERS;
         i++) { /* those in use: fuzzing wants speed */
        if (fake.peers[i].scripted || i < fake.n_opened) {
            memset(&fake.peers[i], 0, sizeof fake.peers[i]);
        }
    }
    memset(fake.ports, 0, sizeof fake.ports);
    fake.n_opened = fake.n_closed = 0;
}

fake_peer *
fake_script(const fake_step *steps, size_t n)
{
    for (size_t i = fake.n_opened; i < FAKE_MAX_PEERS; i++) {
        fake_peer *p = &fake.peers[i];
        if (!p->scripted && n <= FAKE_MAX_STEPS) {
            memcpy(p->steps, steps, n * sizeof *steps);
            p->n_steps = n;
            p->scripted = true;
            return p;
        }
    }
    return NULL;
}

static fake_act
current(const fake_peer *p)
{
    return p->at < p->n_steps ? p->steps[p->at].act : FAKE_HANG;
}

static asc_io
fail(asc_error *err, int errno_value, const char *what)
{
    asc_error_set_os(err, ASC_ERR_CONNECTION, errno_value, "%s", what);
    return ASC_IO_ERROR;
}

static asc_io
fake_start(asc_conn *c, const asc_addr *addr, asc_error *err)
{
    static fake_peer spare; /* beyond the table: a peer that only hangs */
    fake_peer *p = &spare;
    if (fake.n_opened < FAKE_MAX_PEERS) {
        p = &fake.peers[fake.n_opened];
        fake.ports[fake.n_opened] = addr->port;
    }
    fake.n_opened++;
    c->state = p;
    c->fd = 1000; /* of no use to anybody */
    if (current(p) == FAKE_UNSTARTED) {
        return fail(err, EMFILE, "cannot open a socket");
    }
    p->in_use = true;
    return ASC_IO_OK;
}

static asc_io
fake_connect(asc_conn *c, asc_error *err)
{
    fake_peer *p = c->state;
    switch (current(p)) {
    case FAKE_WAIT:
        p->at++;
        return ASC_IO_WANT_WRITE;
    case FAKE_REFUSE:
        return fail(err, ECONNREFUSED, "cannot connect");
    case FAKE_HANG:
        if (p->at < p->n_steps) { /* said so, rather than the end of the script */
            return ASC_IO_WANT_WRITE;
        }
        break;
    default:
        break;
    }
    c->connected = true;
    return ASC_IO_OK;
}

static asc_io
fake_send(asc_conn *c, const uint8_t *data, size_t size, size_t *moved, asc_error *err)
{
    fake_peer *p = c->state;
    size_t n = size;
    switch (current(p)) {
    case FAKE_CUT:
        return fail(err, ECONNRESET, "cannot send to the node");
    case FAKE_WAIT:
        p->at++;
        return ASC_IO_WANT_WRITE;
    case FAKE_HANG:
        if (p->at < p->n_steps) {
            return ASC_IO_WANT_WRITE;
        }
        break;
    case FAKE_TAKE:
        n = p->steps[p->at].n < size ? p->steps[p->at].n : size;
        p->at++;
        break;
    default:
        break;
    }
    for (size_t i = 0; i < n && p->n_taken + i < sizeof p->taken; i++) {
        p->taken[p->n_taken + i] = data[i];
    }
    p->n_taken += n;
    *moved = n;
    return ASC_IO_OK;
}

static asc_io
fake_recv(asc_conn *c, uint8_t *data, size_t size, size_t *moved, asc_error *err)
{
    fake_peer *p = c->state;
    while (current(p) == FAKE_TAKE) {
        p->at++; /* the request was shorter */
    }
    if (current(p) == FAKE_CUT) {
        asc_error_set(err, ASC_ERR_CONNECTION, "the node closed the connection");
        return ASC_IO_ERROR;
    }
    if (current(p) != FAKE_GIVE) {
        p->at += current(p) == FAKE_WAIT;
        return ASC_IO_WANT_READ;
    }
    const fake_step *s = &p->steps[p->at];
    size_t left = s->n - p->given;
    size_t n = left < size ? left : size;
    memcpy(data, (const uint8_t *)s->bytes + p->given, n);
    p->given += n;
    if (p->given == s->n) {
        p->given = 0;
        p->at++;
    }
    *moved = n;
    return ASC_IO_OK;
}

static bool
fake_is_idle(asc_conn *c)
{
    fake_peer *p = c->state;
    return !p->refuses_idle;
}

static void
fake_close(asc_conn *c)
{
    fake_peer *p = c->state;
    if (c->fd >= 0) {
        c->fd = -1;
        p->closed = true;
        p->in_use = false;
        fake.n_closed++;
    }
}

const asc_transport fake_transport = {
    .word = "clear",
    .start = fake_start,
    .connect = fake_connect,
    .send = fake_send,
    .recv = fake_recv,
    .is_idle = fake_is_idle,
    .close = fake_close,
};

asc_addr
fake_addr(uint16_t port)
{
    asc_addr a;
    memset(&a, 0, sizeof a);
    struct sockaddr_in *in = (struct sockaddr_in *)&a.sa;
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    in->sin_addr.s_addr = htonl(0x0A000001u);
    a.sa_size = sizeof *in;
    a.port = port;
    snprintf(a.ip, sizeof a.ip, "10.0.0.1");
    snprintf(a.text, sizeof a.text, "10.0.0.1:%u", port);
    return a;
}

asc_node *
fake_node(const char *name, uint16_t port, uint32_t max_conns, asc_error *err)
{
    asc_config config = ASC_CONFIG_INIT;
    asc_addr addr = fake_addr(port);
    asc_node *node;
    config.max_conns_per_node = max_conns;
    if (asc_node_new(&node, name, &addr, NULL, &config, err) != ASC_OK) {
        return NULL;
    }
    node->pool.transport = &fake_transport;
    return node;
}

/* The byte of which the bitmap of a column is made: all, even or odd partitions. */
static int
column_bits(char column)
{
    switch (column) {
    case '*':
        return 0xFF;
    case 'e':
        return 0xAA;
    case 'o':
        return 0x55;
    default:
        return 0;
    }
}

const char *
fake_replicas(const char *ns, unsigned regime, const char *columns)
{
    static char text[4000]; /* five columns */
    size_t len =
        (size_t)snprintf(text, sizeof text, "%s:%u,%zu", ns, regime, strlen(columns));
    for (const char *c = columns; *c != '\0'; c++) {
        uint8_t bits[ASC_N_PARTITIONS / 8];
        memset(bits, column_bits(*c), sizeof bits);
        text[len++] = ',';
        asc_base64_encode(text + len, bits, sizeof bits);
        len += strlen(text + len);
    }
    return text;
}

asc_status
fake_publish(asc_cluster *c)
{
    asc_snapshot *fresh;
    asc_error err;
    asc_error_reset(&err);
    asc_status rc =
        asc_maps_snapshot(&c->maps, &c->config, c->nodes, c->n_nodes, &fresh, &err);
    if (rc == ASC_OK) {
        asc_snapshot_release(c->snapshot);
        c->snapshot = fresh;
    }
    return rc;
}

bool
fake_add(asc_cluster *c, const char *name, uint16_t port, uint32_t max_conns,
         const char *columns)
{
    asc_error err;
    asc_error_reset(&err);
    asc_node *node = fake_node(name, port, max_conns, &err);
    if (node == NULL) {
        return false;
    }
    /* the meters that failures would make, so that blocks can be counted */
    asc_meters_add(&node->meters, "test");
    asc_meters_add(&node->meters, "");
    node->meters.how = &c->metering;
    c->nodes[c->n_nodes++] = node;
    const char *text = fake_replicas("test", 0, columns);
    return asc_maps_apply(&c->maps, node, text, strlen(text), &err) == ASC_OK;
}

asc_cluster *
fake_cluster(uint32_t max_conns)
{
    asc_cluster *c = asc_calloc(1, sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    atomic_init(&c->refs, 1);
    atomic_init(&c->fork_count, asc_fork_count());
    pthread_mutex_init(&c->lock, NULL);
    asc_drain_init(&c->drain);
    asc_watchers_init(&c->watchers);
    c->config.transport = &fake_transport;
    c->wake = (asc_wake)ASC_WAKE_INIT;
    c->nodes = asc_calloc(8, sizeof *c->nodes);
    if (c->nodes == NULL || !fake_add(c, "A", 3001, max_conns, "*-") ||
        !fake_add(c, "B", 3002, max_conns, "-*") || fake_publish(c) != ASC_OK) {
        asc_cluster_release(c);
        return NULL;
    }
    return c;
}
