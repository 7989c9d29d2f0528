/* What a hostile process of the same user does to the shared memory: the input says
 * which bytes it writes where, and what those who share do meanwhile. A cluster on a
 * transport without sockets follows, takes over, and tends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asc/alloc.h"
#include "cluster/shm.h"
#include "cluster/team.h"
#include "fake.h"

#define WAY "clear, standard addresses"
#define MAX_STEPS 24u

/* What is left of the input. */
typedef struct input {
    const uint8_t *at, *end;
} input;

/* The next byte; 0 when there is none. */
static unsigned
next(input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

static asc_shm_config
config(void)
{
    return (asc_shm_config){.enable = true,
                            .key = 0x60000000u + (uint32_t)getpid(),
                            .max_nodes = 4,
                            .max_namespaces = 2,
                            .takeover_threshold_s = 1};
}

/* Write some bytes of the input anywhere: a place of three bytes, a size, the bytes. */
static void
scribble(asc_shm *s, input *in)
{
    size_t place = next(in);
    place |= (size_t)next(in) << 8;
    place |= (size_t)next(in) << 16;
    size_t size = next(in);
    volatile uint8_t *to = (volatile uint8_t *)s->segment;
    for (size_t i = 0; i < size && in->at < in->end && place + i < s->size; i++) {
        to[place + i] = *in->at++;
    }
}

/* A view of the nodes that the cluster has as well, or of one more. */
static void
publish(asc_shm *s, unsigned n_nodes)
{
    asc_shm_view view;
    asc_error err;
    asc_error_reset(&err);
    if (asc_shm_view_init(&view, s, &err) == ASC_OK) {
        view.counts = (asc_shm_counts){.is_ready = 1, .n_nodes = n_nodes, .n_maps = 1};
        for (unsigned i = 0; i < n_nodes; i++) {
            asc_shm_node *n = &view.nodes[i];
            n->port = n->login_port = (uint16_t)(3001 + i);
            n->name[0] = (char)('A' + i);
            snprintf(n->ip, sizeof n->ip, "10.0.0.1");
            snprintf(n->login_ip, sizeof n->login_ip, "10.0.0.1");
        }
        snprintf(view.maps[0].name, sizeof view.maps[0].name, "test");
        view.maps[0].n_replicas = 1;
        if (s->turn != 0) {
            asc_shm_publish(s, &view);
        }
        else if (asc_shm_is_abandoned(s, 1000)) {
            asc_shm_take_over(s, &view);
        }
    }
    asc_shm_view_clear(&view);
}

/* Whatever the cluster has taken over: each node once, each owner one of its nodes, and
 * a snapshot can be made. */
static void
check(asc_cluster *c)
{
    for (size_t i = 0; i < c->n_nodes; i++) {
        for (size_t k = 0; k < i; k++) {
            if (c->nodes[i] == c->nodes[k]) {
                abort();
            }
        }
    }
    if (fake_publish(c) != ASC_OK) {
        return;
    }
    const asc_snapshot *s = c->snapshot;
    for (size_t i = 0; i < s->n_maps; i++) {
        for (unsigned p = 0; p < ASC_N_PARTITIONS; p += 97) {
            const asc_choice choice = {.first = p, .by_rack = p % 2, .last = "A"};
            const asc_node *owner = asc_snapshot_owner(s, &s->maps[i], p, &choice);
            bool known = owner == NULL;
            for (size_t k = 0; k < c->n_nodes; k++) {
                known = known || c->nodes[k] == owner;
            }
            if (!known) {
                abort();
            }
        }
    }
}

/* One cycle of the cluster, which begins with the first one. As the tender it asks
 * nobody, and says what it knows. */
static void
run_cycle(asc_cluster *c)
{
    asc_error err;
    asc_status rc;
    asc_error_reset(&err);
    asc_error_reset(&c->trouble);
    if (c->shm.config.max_nodes == 0) {
        asc_team_begin(c, 1000, &err);
    }
    if (!asc_team_cycle(c, &rc, &err)) {
        c->is_whole = true;
        asc_team_publish(c);
    }
    asc_team_give_sign(c);
    if (c->shm.segment != NULL) {
        asc_shm_sleep(&c->shm, 0);
    }
    check(c);
}

static void
run_step(asc_cluster *c, asc_shm *other, input *in)
{
    asc_error err;
    unsigned what = next(in);
    asc_error_reset(&err);
    if (other->segment == NULL) {
        asc_shm_attach(other, 0, &err);
    }
    if (other->segment == NULL || what % 8 == 0) {
        run_cycle(c);
    }
    else if (what % 8 == 1) {
        publish(other, 1 + what / 8 % 4);
    }
    else if (what % 8 == 2) {
        asc_shm_give_sign(other, (const uint32_t[]){1, what, 0}, 3);
    }
    else if (what % 8 == 3) {
        asc_shm_look(other);
        asc_shm_detach(other);
    }
    else {
        scribble(other, in);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {.at = data, .end = data + size};
    asc_shm_config shared = config();
    asc_shm other;
    fake_reset();
    asc_shm_init(&other, &shared, WAY, 1000);
    asc_cluster *c = fake_cluster(1);
    c->config.shm = shared;
    c->config.connect_timeout_ms = 1;
    for (unsigned i = 0; i < MAX_STEPS && in.at < in.end; i++) {
        run_step(c, &other, &in);
    }
    asc_shm_detach(&other);
    run_cycle(c);
    run_cycle(c);
    asc_cluster_release(c);
    asc_shm_clear(&other);
    if (asc_alloc_live() != 0) {
        abort();
    }
    return 0;
}
