/* The first node of a cluster, for a client that knows none: at its start, and after it
 * has lost all. The configured hosts and all addresses where nodes have been are tried
 * at once. A node without peers is taken only when no other answers, since it may have
 * been cut off. */
#include "cluster/seeds.h"

#include <stdio.h>
#include <string.h>

#include "asc/log.h"
#include "base/time.h"
#include "cluster/ask.h"
#include "cluster/discover.h"
#include "cluster/peers.h"
#include "cluster/search.h"
#include "net/transfer.h"

/* --- what lies behind a load balancer --- */

/* So many of a node's own addresses are tried at most. */
#define MAX_SERVICES 8u

/* Read the addresses that a node names as its own; *n says how many there are. Those
 * that cannot be parsed are left out. */
static void
read_services(asc_peer_host *out, size_t *n, const asc_info_pair *list)
{
    const char *at = list->value, *end = at + list->value_size;
    *n = 0;
    while (at < end && *n < MAX_SERVICES) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma != NULL ? comma : end;
        *n += asc_host_parse(&out[*n], at, (size_t)(stop - at), 3000);
        at = comma != NULL ? comma + 1 : end;
    }
}

/* Accept only the node that answered before: a load balancer may lead to another
 * one. */
static asc_worth
is_same_node(void *context, size_t group, asc_probe *p)
{
    (void)group;
    const asc_probe *seed = context;
    if (strcmp(p->name, seed->name) == 0) {
        return ASC_WORTH_ALL;
    }
    asc_error_set(&p->err, ASC_ERR_CLIENT, "node %s answers there", p->name);
    return ASC_WORTH_NOTHING;
}

/* Log that one of a node's own addresses cannot be reached, which is normal behind a
 * balancer. */
static void
log_service(void *context, size_t group, size_t place, const char *address,
            const asc_error *err)
{
    (void)group, (void)place;
    const asc_probe *seed = context;
    asc_log(ASC_LOG_DEBUG, "node %s is not at %s: %s", seed->name, address,
            err->message);
}

/* Find out whether a seed is a load balancer. The node behind one names other addresses
 * as its own, and the address of these at which the same node answers takes the seed's
 * place. A node on this machine is never looked for elsewhere, and neither is one
 * that has named its address when the user logged in. */
static void
see_through_balancer(asc_cluster *c, asc_probe *seed)
{
    asc_info_pair list;
    asc_peer_host hosts[MAX_SERVICES];
    size_t n;
    bool ok = true;
    if (c->config.login_transport != NULL || strncmp(seed->addr.ip, "127.", 4) == 0 ||
        strcmp(seed->addr.ip, "::1") == 0 ||
        !asc_info_value(&seed->call, c->service_command, &list)) {
        return;
    }
    read_services(hosts, &n, &list);
    for (size_t i = 0; i < n; i++) {
        if (hosts[i].port == seed->addr.port &&
            strcmp(hosts[i].name, seed->addr.ip) == 0) {
            return;
        }
    }
    const asc_search_options options = {
        .config = &c->config,
        .deadline_ms = asc_cycle_deadline(c, true),
        .wake_fd = c->wake.fds[0],
        .judge = is_same_node,
        .failed = log_service,
        .context = seed,
    };
    asc_search *s = n > 0 ? asc_search_new(1, &options) : NULL;
    for (size_t i = 0; s != NULL && ok && i < n; i++) {
        const asc_host host = {hosts[i].name, hosts[i].port, seed->addr.tls_name};
        ok = asc_search_add_host(s, 0, &host);
    }
    if (s != NULL) {
        asc_search_run(s);
        asc_probe *behind = asc_search_found(s, 0);
        if (behind != NULL) {
            /* The two change places, and the search frees the other one. */
            asc_probe other = *seed;
            *seed = *behind;
            *behind = other;
        }
    }
    asc_search_free(s);
}

/* --- seeds --- */

/* What the functions that the search calls need to know. */
typedef struct seeding {
    asc_cluster *cluster;
    asc_error *err; /* of the failed seed that stands last in their order */
    size_t place;   /* where that seed stands */
} seeding;

/* A node that has peers is part of a cluster; one without may be alone or cut off. */
static asc_worth
judge_seed(void *context, size_t group, asc_probe *p)
{
    (void)group;
    asc_cluster *c = ((seeding *)context)->cluster;
    asc_info_pair value;
    asc_peers peers;
    if (c->config.force_single_node) {
        return ASC_WORTH_ALL;
    }
    if (!asc_info_value(&p->call, c->peers_command, &value) ||
        asc_peers_parse(&peers, value.value, value.value_size, &p->call.err) !=
            ASC_OK) {
        return ASC_WORTH_LITTLE;
    }
    bool some = peers.n > 0;
    asc_peers_clear(&peers);
    return some ? ASC_WORTH_ALL : ASC_WORTH_LITTLE;
}

/* Has a node let itself be connected to and then hung up, and does its error not say
 * why? Some do so when they expect TLS. */
static bool
is_hang_up(const asc_error *err)
{
    return err->code == ASC_ERR_CONNECTION && !err->is_result &&
           (err->phase == ASC_PHASE_VALIDATE || err->phase == ASC_PHASE_LOGIN) &&
           strstr(err->message, ASC_TLS_HINT) == NULL;
}

/* Keep the error of the seed that stands last in their order, whichever failed last. */
static void
note_failure(void *context, size_t group, size_t place, const char *address,
             const asc_error *err)
{
    (void)group, (void)address;
    seeding *s = context;
    if (s->err->code == ASC_OK || place >= s->place) {
        *s->err = *err;
        s->place = place;
        if (s->cluster->config.tls_is_off && is_hang_up(err)) {
            asc_error_append(s->err, "; " ASC_TLS_HINT);
        }
    }
}

/* A third of the cycle's time is left for what must follow: peers and partition
 * maps. */
asc_status
asc_seeds_try(asc_cluster *c, asc_error *err)
{
    char wanted[64];
    bool ok = true;
    uint64_t now_ms = asc_now_ms();
    seeding state = {.cluster = c, .err = err};
    const asc_search_options options = {
        .config = &c->config,
        .services = wanted,
        .deadline_ms = now_ms + (c->cycle_ends_ms - now_ms) / 3 * 2,
        .wake_fd = c->wake.fds[0],
        .judge = judge_seed,
        .failed = note_failure,
        .context = &state,
    };
    snprintf(wanted, sizeof wanted, "%s\n%s", c->peers_command, c->service_command);
    asc_search *s = asc_search_new(1, &options);
    if (s == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "search for seeds");
    }
    for (size_t i = 0; ok && i < c->config.n_hosts; i++) {
        ok = asc_search_add_host(s, 0, &c->config.hosts[i]);
    }
    for (size_t i = 0; ok && i < c->n_known; i++) {
        ok = asc_search_add_addr(s, 0, &c->known[i]);
    }
    if (!ok) {
        asc_error_set(err, ASC_ERR_NOMEM, "list of seeds");
    }
    asc_search_run(s);
    asc_probe *found = asc_search_found(s, 0);
    if (found != NULL) {
        see_through_balancer(c, found);
        asc_error_reset(err);
        asc_discover_add(c, found, err);
    }
    else if (err->code == ASC_OK) {
        err->phase = ASC_PHASE_CONNECT;
        asc_error_set(err, ASC_ERR_CLIENT, "no host is configured");
    }
    asc_search_free(s);
    return err->code;
}
