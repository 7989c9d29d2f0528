/* Nodes are found through the lists of peers that nodes keep: a known node names
 * others, those are probed side by side, and what answers under its own name is added
 * and asked in turn. Lists come from the network and may be long, wrong, or name hosts
 * that cannot be reached, so each cycle tries a bounded number and the next one begins
 * behind it. */
#include "cluster/discover.h"

#include <stdio.h>
#include <string.h>

#include "asc/alloc.h"
#include "asc/log.h"
#include "cluster/ask.h"
#include "cluster/names.h"
#include "cluster/peers.h"
#include "cluster/search.h"

/* How many addresses where nodes have been are remembered. */
#define MAX_KNOWN 256u

/* How many lines of the log a cycle may fill with peers that cannot be reached. */
#define MAX_WARNINGS 8u

/* --- nodes --- */

/* Keep the address at which users log in to a node, as a further seed should all nodes
 * be lost. */
static void
remember_address(asc_cluster *c, const asc_addr *addr)
{
    for (size_t i = 0; i < c->n_known; i++) {
        if (asc_addr_equal(&c->known[i], addr)) {
            return;
        }
    }
    if (c->n_known == MAX_KNOWN) {
        /* The oldest address goes, since it is the least likely to be of use. */
        memmove(c->known, c->known + 1, (MAX_KNOWN - 1) * sizeof *c->known);
        c->known[MAX_KNOWN - 1] = *addr;
        return;
    }
    asc_addr *moved = asc_realloc(c->known, (c->n_known + 1) * sizeof *moved);
    if (moved != NULL) {
        /* Without memory there is one seed fewer, which is no failure. */
        c->known = moved;
        c->known[c->n_known++] = *addr;
    }
}

asc_status
asc_discover_reserve(asc_cluster *c, const char *name, asc_error *err)
{
    if (c->n_nodes > ASC_MAX_PEERS) {
        return asc_error_set(err, ASC_ERR_CLIENT, "the cluster has %zu nodes already",
                             c->n_nodes);
    }
    asc_node **moved = asc_realloc(c->nodes, (c->n_nodes + 1) * sizeof *moved);
    if (moved == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "node %s", name);
    }
    c->nodes = moved;
    return ASC_OK;
}

void
asc_discover_insert(asc_cluster *c, asc_node *n)
{
    n->map_changed = true;
    n->racks_changed = c->config.rack_aware;
    n->meters.how = &c->metering;
    c->nodes[c->n_nodes++] = n;
    c->changed = true;
    remember_address(c, &n->login_addr);
    asc_log(ASC_LOG_INFO, "node %s %s added", n->name, n->pool.addr.text);
}

void
asc_discover_remove(asc_cluster *c, size_t i)
{
    asc_node *node = c->nodes[i];
    asc_log(ASC_LOG_INFO, "node %s %s removed", node->name, node->pool.addr.text);
    asc_node_retire(node);
    asc_watchers_note_gone(&c->watchers, node);
    asc_node_close_tend_conn(node); /* calls may keep the node for long */
    asc_maps_forget(&c->maps, node);
    c->nodes[i] = c->nodes[--c->n_nodes];
    c->changed = true;
    asc_node_release(node);
}

/* There is room before the node is made: a node that is made cannot give its connection
 * back to the probe. */
asc_status
asc_discover_add(asc_cluster *c, asc_probe *p, asc_error *err)
{
    asc_node *node;
    asc_status rc = asc_discover_reserve(c, p->name, err);
    if (rc == ASC_OK) {
        rc = asc_probe_node(p, &c->config, &node, err);
    }
    if (rc == ASC_OK) {
        asc_discover_insert(c, node);
    }
    return rc;
}

/* --- peers --- */

/* A node that others name and that we do not know yet. */
typedef struct candidate {
    asc_peer peer; /* its hosts are owned */
    bool added;
} candidate;

/* The unknown nodes that lists of peers name in one cycle. Those that could not be
 * reached stay in the list, so that each is tried only once. */
typedef struct candidates {
    asc_cluster *cluster;
    candidate *list; /* owned: ASC_MAX_PEERS places; names point into them, so they
                        must not move */
    size_t n, first; /* those from first on are still to be tried */
    asc_names names; /* of the list */
    asc_names nodes; /* of the cluster */
    size_t n_failed; /* addresses that could not be reached, in all */
} candidates;

/* Begin without candidates. Returns false when memory is short; the caller clears *cs
 * even then. */
static bool
candidates_init(candidates *cs, asc_cluster *c)
{
    *cs = (candidates){.cluster = c};
    cs->list = asc_calloc(ASC_MAX_PEERS, sizeof *cs->list);
    bool ok = cs->list != NULL;
    for (size_t i = 0; ok && i < c->n_nodes; i++) {
        ok = asc_names_put(&cs->nodes, c->nodes[i]->name, i);
    }
    return ok;
}

static void
candidates_clear(candidates *cs)
{
    for (size_t i = 0; i < cs->n; i++) {
        asc_free(cs->list[i].peer.hosts);
    }
    asc_free(cs->list);
    asc_names_clear(&cs->names);
    asc_names_clear(&cs->nodes);
}

/* Take over a peer with its hosts, unless its name is among the candidates already.
 * Returns false when memory is short. */
static bool
add_candidate(candidates *cs, asc_peer *peer)
{
    if (cs->n == ASC_MAX_PEERS ||
        asc_names_find(&cs->names, peer->name) != ASC_NO_NAME) {
        return true;
    }
    candidate *k = &cs->list[cs->n];
    *k = (candidate){.peer = *peer};
    peer->hosts = NULL;
    peer->n_hosts = 0;
    return asc_names_put(&cs->names, k->peer.name, cs->n++);
}

/* May a node that gives no answer be where its peer says, and no more where it was? A
 * restart at another address, under its own name, takes less time than a cycle, so that
 * nobody may have noticed that it was gone. */
static bool
may_have_moved(const asc_node *n, const asc_peer *peer)
{
    for (size_t i = 0; i < peer->n_hosts; i++) {
        asc_addr addr;
        if (asc_addr_literal(&addr, peer->hosts[i].name, peer->hosts[i].port) &&
            (asc_addr_equal(&addr, &n->pool.addr) ||
             asc_addr_equal(&addr, &n->login_addr))) {
            return false;
        }
    }
    return n->failures > 0;
}

/* Take in the list of one node: a known peer gains a friend, an unknown one becomes a
 * candidate, and so does one that may have moved. */
static bool
read_peers(asc_cluster *c, asc_node *n, asc_info_call *call, void *context)
{
    candidates *cs = context;
    asc_info_pair value;
    asc_peers peers;
    if (!asc_info_value(call, c->peers_command, &value) ||
        asc_peers_parse(&peers, value.value, value.value_size, &call->err) != ASC_OK) {
        return false;
    }
    bool ok = true;
    for (size_t i = 0; i < peers.n && ok; i++) {
        size_t known = asc_names_find(&cs->nodes, peers.list[i].name);
        asc_node *node = known != ASC_NO_NAME ? c->nodes[known] : NULL;
        bool is_there = node != NULL && atomic_load(&node->active);
        if (is_there) {
            node->friends++;
        }
        if (!is_there || may_have_moved(node, &peers.list[i])) {
            ok = add_candidate(cs, &peers.list[i]);
        }
    }
    if (ok) {
        n->peers_generation = peers.generation;
        n->peers_read = true;
    }
    else {
        asc_error_set(&call->err, ASC_ERR_NOMEM, "peers");
    }
    asc_peers_clear(&peers);
    return ok;
}

/* The candidate that a group of the search stands for. */
static candidate *
candidate_of(const candidates *cs, size_t group)
{
    return &cs->list[cs->first + group];
}

/* Accept only the node that has the candidate's name: an address may have passed to
 * another node. */
static asc_worth
judge_peer(void *context, size_t group, asc_probe *p)
{
    const candidate *k = candidate_of(context, group);
    if (strcmp(p->name, k->peer.name) == 0) {
        return ASC_WORTH_ALL;
    }
    asc_error_set(&p->err, ASC_ERR_CLIENT, "node %s answers there", p->name);
    return ASC_WORTH_NOTHING;
}

/* Remember that memory was short, which may have kept a peer from being reached. */
static void
note_shortage(asc_cluster *c, const asc_error *err)
{
    if (err->code == ASC_ERR_NOMEM) {
        c->trouble = *err;
    }
}

/* Log the first few failures of a cycle; note_unreachable says how many more there
 * were. */
static void
log_failure(void *context, size_t group, size_t place, const char *address,
            const asc_error *err)
{
    (void)place;
    candidates *cs = context;
    note_shortage(cs->cluster, err);
    if (cs->n_failed++ < MAX_WARNINGS) {
        asc_log(ASC_LOG_WARN, "peer %s %s: %s", candidate_of(cs, group)->peer.name,
                address, err->message);
    }
}

/* Add the hosts of n candidates to a search: the first of each, then the second of
 * each, and so on. Each cycle begins behind the candidates to which the last one came,
 * so that all are tried in the end. */
static bool
add_hosts(asc_search *s, const candidates *cs, size_t n)
{
    bool ok = true;
    for (size_t i = 0; ok && i < ASC_MAX_PEER_HOSTS * n; i++) {
        size_t group = (cs->cluster->peer_turn + i) % n, at = i / n;
        const asc_peer *peer = &candidate_of(cs, group)->peer;
        if (at < peer->n_hosts) {
            const asc_host host = {peer->hosts[at].name, peer->hosts[at].port,
                                   peer->tls_name};
            ok = asc_search_add_host(s, group, &host);
        }
    }
    return ok;
}

/* Make a node of a candidate that was found. One that had its name, elsewhere, is
 * removed in this cycle. */
static void
add_found(candidates *cs, candidate *k, asc_probe *p)
{
    asc_cluster *c = cs->cluster;
    size_t known = asc_names_find(&cs->nodes, k->peer.name);
    if (asc_discover_add(c, p, &p->err) != ASC_OK) {
        note_shortage(c, &p->err);
        asc_log(ASC_LOG_WARN, "peer %s %s: %s", k->peer.name, p->addr.text,
                p->err.message);
        return;
    }
    k->added = true;
    asc_node *node = c->nodes[c->n_nodes - 1];
    node->friends = 1; /* the node that named it */
    if (known != ASC_NO_NAME) {
        atomic_store(&c->nodes[known]->active, false);
    }
    asc_names_put(&cs->nodes, node->name, c->n_nodes - 1);
}

/* Probe the addresses of the candidates that have not been tried. */
static void
try_candidates(candidates *cs)
{
    asc_cluster *c = cs->cluster;
    size_t n = cs->n - cs->first;
    const asc_search_options options = {
        .config = &c->config,
        .deadline_ms = c->cycle_ends_ms,
        .wake_fd = c->wake.fds[0],
        .judge = judge_peer,
        .failed = log_failure,
        .context = cs,
    };
    if (n == 0 || !asc_cycle_goes_on(c)) {
        return;
    }
    asc_search *s = asc_search_new(n, &options);
    if (s == NULL || !add_hosts(s, cs, n)) {
        asc_error_set(&c->trouble, ASC_ERR_NOMEM, "search for peers");
    }
    if (s != NULL) {
        size_t n_tried = asc_search_run(s);
        c->peer_turn += n_tried < n ? n_tried : n;
    }
    for (size_t i = 0; s != NULL && i < n; i++) {
        asc_probe *p = asc_search_found(s, i);
        if (p != NULL) {
            add_found(cs, candidate_of(cs, i), p);
        }
    }
    asc_search_free(s);
    cs->first = cs->n;
}

/* Has this node still to give its list in this cycle? */
static bool
not_read(const asc_node *n)
{
    return !n->peers_read && asc_node_is_reachable(n);
}

/* Peers change seldom: their lists are read only when some node's may have, and while a
 * node gives no answer, since it may have moved. */
static bool
may_have_changed(const asc_cluster *c)
{
    for (size_t i = 0; i < c->n_nodes; i++) {
        const asc_node *n = c->nodes[i];
        if (n->failures > 0 || (n->peers_generation < 0 && asc_node_is_reachable(n))) {
            return true;
        }
    }
    return false;
}

const char *
asc_discover_advice(const asc_cluster *c)
{
    return c->config.use_services_alternate
               ? ""
               : " (if they are up, use_services_alternate may be needed)";
}

/* Name the peers that could not be reached, and have the lists read again in the next
 * cycle. */
static void
note_unreachable(asc_cluster *c, const candidates *cs)
{
    size_t len = 0;
    unsigned n_invalid = 0;
    bool is_known = c->unreachable[0] != '\0';
    c->unreachable[0] = '\0';
    for (size_t i = 0; i < cs->n; i++) {
        const candidate *k = &cs->list[i];
        bool is_invalid = !k->added && k->peer.n_hosts > 0;
        n_invalid += is_invalid;
        if (is_invalid && len < sizeof c->unreachable) {
            const asc_peer_host *host = &k->peer.hosts[0];
            bool is_v6 = strchr(host->name, ':') != NULL;
            len += (size_t)snprintf(c->unreachable + len, sizeof c->unreachable - len,
                                    "%s%s%.60s%s:%u", len > 0 ? ", " : "",
                                    is_v6 ? "[" : "", host->name, is_v6 ? "]" : "",
                                    host->port);
        }
    }
    atomic_store(&c->n_invalid, n_invalid);
    for (size_t i = 0; len > 0 && i < c->n_nodes; i++) {
        c->nodes[i]->peers_generation = -1;
    }
    if (len > 0 && !is_known && c->n_nodes == 1) {
        asc_log(ASC_LOG_WARN, "node %s %s names peers that cannot be reached: %s%s",
                c->nodes[0]->name, c->nodes[0]->pool.addr.text, c->unreachable,
                asc_discover_advice(c));
    }
    if (cs->n_failed > MAX_WARNINGS) {
        asc_log(ASC_LOG_WARN, "%zu more addresses of peers cannot be reached",
                cs->n_failed - MAX_WARNINGS);
    }
}

/* A node that was just found may name nodes that nobody else does. So this goes on
 * until a round of questions brings no new node. */
bool
asc_discover_peers(asc_cluster *c)
{
    char command[32];
    candidates cs;
    size_t before;
    if (c->config.force_single_node || !may_have_changed(c) || !asc_cycle_goes_on(c)) {
        return false;
    }
    if (!candidates_init(&cs, c)) {
        asc_error_set(&c->trouble, ASC_ERR_NOMEM, "peers");
        candidates_clear(&cs);
        return false;
    }
    snprintf(command, sizeof command, "%s\n", c->peers_command);
    for (size_t i = 0; i < c->n_nodes; i++) {
        c->nodes[i]->friends = 0;
        c->nodes[i]->peers_read = false;
    }
    bool any = false, complete = true;
    do {
        before = c->n_nodes;
        asc_ask_nodes(c, command, not_read, read_peers, &cs);
        try_candidates(&cs);
    } while (c->n_nodes > before);
    for (size_t i = 0; i < c->n_nodes; i++) {
        any = any || c->nodes[i]->peers_read;
        complete = complete && !not_read(c->nodes[i]);
    }
    note_unreachable(c, &cs);
    candidates_clear(&cs);
    return any && complete;
}
