#include "cluster/discover.h"

#include <stdio.h>
#include <string.h>

#include "asc/alloc.h"
#include "asc/log.h"
#include "base/time.h"
#include "cluster/peers.h"
#include "cluster/probe.h"

/* --- asking --- */

static void
fail(asc_cluster *c, asc_node *n, const asc_info_call *call)
{
    c->trouble = call->err;
    n->failures++;
    asc_conn_free(n->tend_conn);
    n->tend_conn = NULL;
    asc_log(ASC_LOG_WARN, "node %s %s: %s (failure %u)", n->name, n->pool.addr.text,
            call->err.message, n->failures);
}

static void
prepare(asc_node *n, asc_info_call *call, const char *commands)
{
    call->commands = commands;
    asc_error_reset(&call->err);
    if (n->tend_conn == NULL) {
        n->told_user_agent = false;
        asc_conn_start(&n->tend_conn, &asc_tcp, &n->pool.addr, &call->err);
    }
    call->conn = n->tend_conn;
}

void
asc_ask_nodes(asc_cluster *c, const char *commands, asc_node_filter admits,
              asc_node_answer answer, void *context)
{
    struct question {
        asc_node *node;
        asc_info_call call;
    } *asked = asc_calloc(c->n_nodes, sizeof *asked);
    asc_info_call **calls = asc_calloc(c->n_nodes, sizeof *calls);
    size_t n = 0;
    for (size_t i = 0; asked != NULL && calls != NULL && i < c->n_nodes; i++) {
        if (admits == NULL || admits(c->nodes[i])) {
            asked[n].node = c->nodes[i];
            prepare(c->nodes[i], &asked[n].call, commands);
            calls[n] = &asked[n].call;
            n++;
        }
    }
    if (c->n_nodes > 0 && (asked == NULL || calls == NULL)) {
        asc_error_set(&c->trouble, ASC_ERR_NOMEM, "questions to the nodes");
    }
    if (n > 0) {
        asc_info_run(calls, n, asc_now_ms() + c->config.connect_timeout_ms,
                     c->wake_fds[0]);
    }
    for (size_t i = 0; i < n; i++) {
        asc_info_call *call = calls[i];
        if (call->status != ASC_OK || !answer(c, asked[i].node, call, context)) {
            fail(c, asked[i].node, call);
        }
        asc_info_call_clear(call);
    }
    asc_free(asked);
    asc_free(calls);
}

bool
asc_node_is_reachable(const asc_node *n)
{
    return n->failures == 0 && atomic_load(&n->active);
}

/* --- nodes --- */

static asc_node *
find_node(const asc_cluster *c, const char *name)
{
    for (size_t i = 0; i < c->n_nodes; i++) {
        if (strcmp(c->nodes[i]->name, name) == 0) {
            return c->nodes[i];
        }
    }
    return NULL;
}

static void
remember_address(asc_cluster *c, const asc_addr *addr)
{
    for (size_t i = 0; i < c->n_known; i++) {
        if (asc_addr_equal(&c->known[i], addr)) {
            return;
        }
    }
    asc_addr *moved = asc_realloc(c->known, (c->n_known + 1) * sizeof *moved);
    if (moved != NULL) { /* short of memory: one seed fewer */
        c->known = moved;
        c->known[c->n_known++] = *addr;
    }
}

/* Make a node of a successful probe and add it. */
static asc_status
add_node(asc_cluster *c, asc_probe *p, asc_error *err)
{
    asc_node *node;
    asc_node **moved = asc_realloc(c->nodes, (c->n_nodes + 1) * sizeof *moved);
    if (moved == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "node %s", p->name);
    }
    c->nodes = moved;
    asc_status rc = asc_probe_node(p, &c->config, &node, err);
    if (rc != ASC_OK) {
        return rc;
    }
    node->map_changed = true;
    c->nodes[c->n_nodes++] = node;
    c->changed = true;
    remember_address(c, &node->pool.addr);
    asc_log(ASC_LOG_INFO, "node %s %s added", node->name, node->pool.addr.text);
    return ASC_OK;
}

static const char *
peers_command(const asc_cluster *c)
{
    return c->config.use_services_alternate ? "peers-clear-alt" : "peers-clear-std";
}

static const char *
service_command(const asc_cluster *c)
{
    return c->config.use_services_alternate ? "service-clear-alt" : "service-clear-std";
}

/* --- seeds --- */

/* The next address of a list of services; moves *at behind it. */
static bool
next_service(const char **at, const char *end, asc_peer_host *out)
{
    const char *start = *at, *comma = memchr(start, ',', (size_t)(end - start));
    *at = comma != NULL ? comma + 1 : end;
    return asc_host_parse(out, start, (size_t)((comma != NULL ? comma : end) - start),
                          3000);
}

static bool
service_is(const char **at, const char *end, const asc_addr *addr)
{
    asc_peer_host host;
    return next_service(at, end, &host) && host.port == addr->port &&
           strcmp(host.name, addr->ip) == 0;
}

/* Does the seed's node answer at the next address, too? Then that becomes the seed. */
static bool
take_place(asc_cluster *c, asc_probe *seed, const char **at, const char *end)
{
    asc_probe behind = {0};
    asc_peer_host host;
    asc_addr *addrs;
    size_t n;
    asc_error ignored;
    asc_error_reset(&ignored);
    if (!next_service(at, end, &host) ||
        asc_addr_resolve(&addrs, &n, host.name, host.port, &ignored) != ASC_OK) {
        return false;
    }
    behind.addr = addrs[0];
    asc_free(addrs);
    asc_probe_run(&behind, 1, &c->config, peers_command(c), c->wake_fds[0]);
    if (behind.status != ASC_OK || strcmp(behind.name, seed->name) != 0) {
        asc_probe_clear(&behind);
        return false;
    }
    asc_probe_clear(seed);
    *seed = behind;
    return true;
}

/* A seed may be a load balancer: then the node behind it names other addresses as its
 * own, and the first of them at which the same node answers takes the seed's place. */
static void
see_through_balancer(asc_cluster *c, asc_probe *seed)
{
    asc_info_pair list;
    if (strncmp(seed->addr.ip, "127.", 4) == 0 || strcmp(seed->addr.ip, "::1") == 0 ||
        !asc_info_value(&seed->call, service_command(c), &list)) {
        return;
    }
    for (const char *at = list.value, *end = at + list.value_size; at < end;) {
        if (service_is(&at, end, &seed->addr)) {
            return;
        }
    }
    for (const char *at = list.value, *end = at + list.value_size; at < end;) {
        if (take_place(c, seed, &at, end)) {
            return;
        }
    }
}

static bool
has_peers(asc_cluster *c, asc_probe *p)
{
    asc_info_pair value;
    asc_peers peers;
    if (!asc_info_value(&p->call, peers_command(c), &value) ||
        asc_peers_parse(&peers, value.value, value.value_size, &p->call.err) !=
            ASC_OK) {
        return false;
    }
    bool some = peers.n > 0;
    asc_peers_clear(&peers);
    return some;
}

/* Try one address. True: a node with peers has been added. A node without goes to
 * *fallback, when that is free. */
static bool
try_address(asc_cluster *c, const asc_addr *addr, asc_probe *fallback, asc_error *err)
{
    char wanted[64];
    asc_probe p = {.addr = *addr};
    snprintf(wanted, sizeof wanted, "%s\n%s", peers_command(c), service_command(c));
    asc_probe_run(&p, 1, &c->config, wanted, c->wake_fds[0]);
    if (p.status != ASC_OK) {
        *err = p.err;
        asc_probe_clear(&p);
        return false;
    }
    see_through_balancer(c, &p);
    if (c->config.force_single_node || has_peers(c, &p)) {
        bool added = add_node(c, &p, err) == ASC_OK;
        asc_probe_clear(&p);
        return added;
    }
    if (fallback->status == ASC_OK) {
        asc_probe_clear(&p);
    }
    else {
        *fallback = p;
    }
    return false;
}

static bool
try_host(asc_cluster *c, const asc_host *host, asc_probe *fallback, asc_error *err)
{
    asc_addr *addrs;
    size_t n;
    bool found = false;
    if (asc_addr_resolve(&addrs, &n, host->name, host->port, err) != ASC_OK) {
        return false;
    }
    for (size_t i = 0; i < n && !found; i++) {
        found = try_address(c, &addrs[i], fallback, err);
    }
    asc_free(addrs);
    return found;
}

asc_status
asc_discover_seed(asc_cluster *c, asc_error *err)
{
    asc_probe fallback = {.status = ASC_ERR_CONNECTION};
    bool found = false;
    for (size_t i = 0; i < c->config.n_hosts && !found; i++) {
        found = try_host(c, &c->config.hosts[i], &fallback, err);
    }
    for (size_t i = 0; i < c->n_known && !found; i++) {
        found = try_address(c, &c->known[i], &fallback, err);
    }
    if (!found && fallback.status == ASC_OK) {
        found = add_node(c, &fallback, err) == ASC_OK;
    }
    asc_probe_clear(&fallback);
    if (found) {
        asc_error_reset(err);
        return ASC_OK;
    }
    if (err->code == ASC_OK) {
        err->phase = ASC_PHASE_CONNECT;
        asc_error_set(err, ASC_ERR_CLIENT, "no host is configured");
    }
    return err->code;
}

/* --- peers --- */

typedef struct candidate {
    asc_peer peer; /* its hosts are owned */
    size_t next_host;
    bool added;
} candidate;

/* The unknown nodes that peers lists name in one cycle; those that could not be
 * reached stay, so that they are tried once. */
typedef struct candidates {
    candidate *list; /* owned */
    size_t n;
} candidates;

static bool
is_candidate(const candidates *cs, const char *name)
{
    for (size_t i = 0; i < cs->n; i++) {
        if (strcmp(cs->list[i].peer.name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Moves the peer's hosts. */
static bool
add_candidate(candidates *cs, asc_peer *peer)
{
    candidate *moved = asc_realloc(cs->list, (cs->n + 1) * sizeof *moved);
    if (moved == NULL) {
        return false;
    }
    cs->list = moved;
    cs->list[cs->n++] = (candidate){.peer = *peer};
    peer->hosts = NULL;
    peer->n_hosts = 0;
    return true;
}

static void
candidates_clear(candidates *cs)
{
    for (size_t i = 0; i < cs->n; i++) {
        asc_free(cs->list[i].peer.hosts);
    }
    asc_free(cs->list);
}

static bool
read_peers(asc_cluster *c, asc_node *n, asc_info_call *call, void *context)
{
    candidates *cs = context;
    asc_info_pair value;
    asc_peers peers;
    if (!asc_info_value(call, peers_command(c), &value) ||
        asc_peers_parse(&peers, value.value, value.value_size, &call->err) != ASC_OK) {
        return false;
    }
    bool ok = true;
    for (size_t i = 0; i < peers.n && ok; i++) {
        asc_node *known = find_node(c, peers.list[i].name);
        if (known != NULL && atomic_load(&known->active)) {
            known->friends++;
        }
        else if (!is_candidate(cs, peers.list[i].name)) {
            ok = add_candidate(cs, &peers.list[i]);
        }
    }
    n->peers_generation = peers.generation;
    n->peers_read = true;
    asc_peers_clear(&peers);
    return ok;
}

/* The address of the candidate's next host that has one. */
static bool
next_address(candidate *k, asc_addr *out)
{
    while (!k->added && k->next_host < k->peer.n_hosts) {
        const asc_peer_host *host = &k->peer.hosts[k->next_host++];
        asc_addr *addrs;
        size_t n;
        asc_error err;
        asc_error_reset(&err);
        if (asc_addr_resolve(&addrs, &n, host->name, host->port, &err) == ASC_OK) {
            *out = addrs[0];
            asc_free(addrs);
            return true;
        }
        asc_log(ASC_LOG_WARN, "peer %s: %s", k->peer.name, err.message);
    }
    return false;
}

/* Probe one address of each candidate that is not yet a node. False when none is
 * left to try. */
static bool
try_candidates(asc_cluster *c, candidates *cs)
{
    asc_probe *probes = asc_calloc(cs->n, sizeof *probes);
    candidate **of = asc_calloc(cs->n, sizeof *of);
    size_t n = 0;
    for (size_t i = 0; probes != NULL && of != NULL && i < cs->n; i++) {
        if (next_address(&cs->list[i], &probes[n].addr)) {
            of[n++] = &cs->list[i];
        }
    }
    if (n > 0) {
        asc_probe_run(probes, n, &c->config, NULL, c->wake_fds[0]);
    }
    for (size_t i = 0; i < n; i++) {
        asc_probe *p = &probes[i];
        if (p->status == ASC_OK && strcmp(p->name, of[i]->peer.name) != 0) {
            p->status = asc_error_set(&p->err, ASC_ERR_CLIENT, "node %s answers there",
                                      p->name);
        }
        of[i]->added = p->status == ASC_OK && add_node(c, p, &p->err) == ASC_OK;
        if (of[i]->added) {
            c->nodes[c->n_nodes - 1]->friends = 1; /* whoever named it */
        }
        else {
            asc_log(ASC_LOG_WARN, "peer %s %s: %s", of[i]->peer.name, p->addr.text,
                    p->err.message);
        }
        asc_probe_clear(p);
    }
    asc_free(probes);
    asc_free(of);
    return n > 0;
}

static bool
not_read(const asc_node *n)
{
    return !n->peers_read && asc_node_is_reachable(n);
}

static bool
may_have_changed(const asc_cluster *c)
{
    for (size_t i = 0; i < c->n_nodes; i++) {
        if (c->nodes[i]->peers_generation < 0 && asc_node_is_reachable(c->nodes[i])) {
            return true;
        }
    }
    return false;
}

/* Name the peers that could not be reached, and have the lists read again in the next
 * cycle. */
static void
note_unreachable(asc_cluster *c, const candidates *cs)
{
    size_t len = 0;
    c->unreachable[0] = '\0';
    for (size_t i = 0; i < cs->n; i++) {
        const candidate *k = &cs->list[i];
        if (!k->added && k->peer.n_hosts > 0 && len < sizeof c->unreachable) {
            len += (size_t)snprintf(c->unreachable + len, sizeof c->unreachable - len,
                                    "%s%.60s:%u", len > 0 ? ", " : "",
                                    k->peer.hosts[0].name, k->peer.hosts[0].port);
        }
    }
    for (size_t i = 0; len > 0 && i < c->n_nodes; i++) {
        c->nodes[i]->peers_generation = -1;
    }
}

bool
asc_discover_peers(asc_cluster *c)
{
    if (c->config.force_single_node || !may_have_changed(c)) {
        return false;
    }
    char command[32];
    candidates cs = {0};
    size_t before;
    snprintf(command, sizeof command, "%s\n", peers_command(c));
    for (size_t i = 0; i < c->n_nodes; i++) {
        c->nodes[i]->friends = 0;
        c->nodes[i]->peers_read = false;
    }
    do { /* the nodes found have peers, too */
        before = c->n_nodes;
        asc_ask_nodes(c, command, not_read, read_peers, &cs);
        while (try_candidates(c, &cs)) {
        }
    } while (c->n_nodes > before);
    note_unreachable(c, &cs);
    candidates_clear(&cs);
    return true;
}
