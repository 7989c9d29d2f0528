/* Tending together with other processes. One of them asks the nodes and writes down
 * what it knows; in the others a cycle only reads that, and makes of it what asking the
 * nodes would have made: nodes and maps. Each process has connections and logins of its
 * own. A process that starts asks one of its seeds for its name, once: so it finds out
 * that the memory belongs to another cluster. */
#include "cluster/team.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "asc/alloc.h"
#include "asc/log.h"
#include "base/config.h"
#include "base/time.h"
#include "cluster/ask.h"
#include "cluster/discover.h"
#include "cluster/seeds.h"

/* How long a start waits for another process that is making or removing the memory. */
#define ATTACH_MS 1000u

/* Pauses of a start: until it looks again whether the tender has found the cluster, and
 * whether it knows the node by now that a seed has turned out to be. */
#define READY_MS 20
#define STRANGER_MS 200

/* The longest sleep of a follower that has nothing to do, also as a part of the time
 * after which a silent tender is replaced. If the follower that watches the tender goes
 * together with it, that is noticed so much later. */
#define MAX_DOZE_MS 10000u
#define DOZES_OF_PATIENCE 3u

/* The number of a node that the tender's view lacks. */
#define NOT_FOUND UINT32_MAX

/* How the nodes are asked: what the tender learns depends on it. */
static void
describe_way(char *out, size_t size, const asc_config *config)
{
    snprintf(out, size, "%s%s%s, %s addresses%s%s", config->transport->word,
             config->login_transport != NULL ? " after login over " : "",
             config->login_transport != NULL ? config->login_transport->word : "",
             config->use_services_alternate ? "alternate" : "standard",
             config->force_single_node ? ", a single node" : "",
             config->rack_aware ? ", with racks" : "");
}

asc_status
asc_team_begin(asc_cluster *c, uint32_t cycle_ms, asc_error *err)
{
    char way[ASC_SHM_WAY_SIZE];
    if (!c->config.shm.enable) {
        return ASC_OK;
    }
    describe_way(way, sizeof way, &c->config);
    /* A tender that waits for silent nodes has not gone: it is given the time of a
     * cycle and a rest. */
    asc_shm_init(&c->shm, &c->config.shm, way, cycle_ms + c->config.tend_interval_ms);
    return asc_shm_attach(&c->shm, ATTACH_MS, err);
}

/* --- what the tender says --- */

static void
export_node(asc_shm_node *to, const asc_node *from)
{
    const asc_addr *addr = &from->pool.addr, *login = &from->login_addr;
    *to = (asc_shm_node){.port = addr->port,
                         .login_port = login->port,
                         .takes_user_agent = from->takes_user_agent};
    memcpy(to->name, from->name, sizeof to->name);
    memcpy(to->ip, addr->ip, sizeof to->ip);
    memcpy(to->tls_name, addr->tls_name, sizeof to->tls_name);
    memcpy(to->login_ip, login->ip, sizeof to->login_ip);
    memcpy(to->login_tls_name, login->tls_name, sizeof to->login_tls_name);
}

/* Nodes have been numbered in the order in which they are written. Those for which
 * there is no room own nothing. */
static void
export_map(asc_shm_map *to, const asc_ns_work *from, asc_node *const *nodes,
           uint32_t n_nodes)
{
    *to = (asc_shm_map){.n_replicas = from->n_replicas, .is_sc = from->is_sc};
    memcpy(to->name, from->name, sizeof to->name);
    memcpy(to->regimes, from->regimes, sizeof to->regimes);
    /* The columns lie one behind another, so one loop goes through all of them. */
    asc_node *const *owners = from->owners[0];
    uint16_t *indexes = to->owners[0];
    for (size_t i = 0; i < ASC_MAX_REPLICAS * ASC_N_PARTITIONS; i++) {
        const asc_node *owner = owners[i];
        indexes[i] = owner != NULL && owner->slot < n_nodes ? (uint16_t)owner->slot
                                                            : ASC_NO_NODE;
    }
    for (uint32_t i = 0; i < n_nodes; i++) {
        to->racks[i] = ASC_SHM_NO_RACK;
        asc_racks_find(&nodes[i]->racks, to->name, &to->racks[i]);
    }
}

static uint32_t
lesser(size_t n, uint32_t limit)
{
    return n < limit ? (uint32_t)n : limit;
}

/* Make a view of what the cluster knows. */
static void
export_view(asc_cluster *c, asc_shm_view *view)
{
    asc_shm_counts *counts = &view->counts;
    counts->is_ready = c->is_member && c->is_whole;
    counts->n_nodes = lesser(c->n_nodes, c->config.shm.max_nodes);
    counts->n_maps = lesser(c->maps.n, c->config.shm.max_namespaces);
    counts->n_nodes_left_out = (uint32_t)c->n_nodes - counts->n_nodes;
    counts->n_maps_left_out = (uint32_t)c->maps.n - counts->n_maps;
    for (uint32_t i = 0; i < c->n_nodes; i++) {
        c->nodes[i]->slot = i;
    }
    for (uint32_t i = 0; i < counts->n_nodes; i++) {
        export_node(&view->nodes[i], c->nodes[i]);
    }
    for (uint32_t i = 0; i < counts->n_maps; i++) {
        export_map(&view->maps[i], c->maps.list[i], c->nodes, counts->n_nodes);
    }
}

/* Do something with a view of what the cluster knows. Without memory for one it is left
 * to the next time. */
static bool
with_view(asc_cluster *c, bool (*use)(asc_cluster *c, asc_shm_view *view))
{
    asc_shm_view view;
    bool done =
        asc_shm_view_init(&view, &c->shm, &c->trouble) == ASC_OK && use(c, &view);
    asc_shm_view_clear(&view);
    return done;
}

/* A view that nobody may use yet is shared again at the end of the cycle. */
static bool
publish(asc_cluster *c, asc_shm_view *view)
{
    c->is_member = c->is_member || c->n_nodes > 0;
    export_view(c, view);
    asc_shm_publish(&c->shm, view);
    return view->counts.is_ready;
}

void
asc_team_publish(asc_cluster *c)
{
    c->is_shared = !c->config.shm.enable || c->shm.turn == 0 || with_view(c, publish);
}

void
asc_team_give_sign(asc_cluster *c)
{
    uint32_t failures[ASC_SHM_MAX_NODES], n = lesser(c->n_nodes, ASC_SHM_MAX_NODES);
    if (!c->config.shm.enable || c->shm.turn == 0) {
        return;
    }
    if (!c->is_shared) {
        asc_team_publish(c);
    }
    for (uint32_t i = 0; i < n; i++) {
        failures[i] = c->nodes[i]->failures;
    }
    asc_shm_give_sign(&c->shm, failures, n);
}

/* --- what followers make of it --- */

/* Make the address that two texts and a port stand for. */
static bool
import_addr(asc_addr *out, const char *ip, uint16_t port, const char *tls_name)
{
    bool ok = asc_addr_literal(out, ip, port);
    snprintf(out->tls_name, sizeof out->tls_name, "%s", tls_name);
    return ok;
}

/* Find the node that the view has under a name and at an address. */
static asc_node *
find_node(const asc_cluster *c, const char *name, const asc_addr *addr)
{
    for (size_t i = 0; i < c->n_nodes; i++) {
        asc_node *n = c->nodes[i];
        if (strcmp(n->name, name) == 0 && asc_addr_equal(&n->pool.addr, addr)) {
            return n;
        }
    }
    return NULL;
}

/* Have the node that the view tells of, which may be known already. NULL when it cannot
 * be had. */
static asc_node *
import_node(asc_cluster *c, const asc_shm_node *from)
{
    asc_addr addr, login;
    if (!import_addr(&addr, from->ip, from->port, from->tls_name) ||
        !import_addr(&login, from->login_ip, from->login_port, from->login_tls_name)) {
        asc_error_set(&c->trouble, ASC_ERR_CLIENT,
                      "the shared memory has no address of the node %s", from->name);
        return NULL;
    }
    asc_node *n = find_node(c, from->name, &addr);
    if (n == NULL) {
        asc_error *err = &c->trouble;
        if (asc_discover_reserve(c, from->name, err) != ASC_OK ||
            asc_node_new(&n, from->name, &addr, NULL, &c->config, err) != ASC_OK) {
            return NULL;
        }
        n->login_addr = login;
        asc_discover_insert(c, n);
    }
    n->takes_user_agent = from->takes_user_agent != 0;
    return n;
}

/* Number the nodes of the view. False when one is there twice: then nothing has
 * changed. */
static bool
number_nodes(asc_cluster *c, asc_node **nodes, uint32_t n)
{
    for (size_t i = 0; i < c->n_nodes; i++) {
        c->nodes[i]->slot = NOT_FOUND;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (nodes[i]->slot != NOT_FOUND) {
            asc_error_set(&c->trouble, ASC_ERR_CLIENT,
                          "the shared memory has the node %s twice", nodes[i]->name);
            return false;
        }
        nodes[i]->slot = i;
    }
    return true;
}

/* Have the nodes of the view, those that are new included, in their order, and no
 * others. False when that cannot be, with the reason in c->trouble. */
static bool
import_nodes(asc_cluster *c, const asc_shm_view *view, asc_node **nodes)
{
    uint32_t n = view->counts.n_nodes;
    for (uint32_t i = 0; i < n; i++) {
        nodes[i] = import_node(c, &view->nodes[i]);
        if (nodes[i] == NULL) {
            return false;
        }
    }
    if (!number_nodes(c, nodes, n)) {
        return false;
    }
    for (size_t i = c->n_nodes; i-- > 0;) {
        if (c->nodes[i]->slot == NOT_FOUND) {
            asc_discover_remove(c, i);
        }
    }
    /* The numbers of failures come in the order of the view. */
    memcpy(c->nodes, nodes, n * sizeof *c->nodes);
    return true;
}

/* Take over in which racks the nodes are. False when memory is short. */
static bool
import_racks(const asc_shm_map *from, asc_node **nodes, uint32_t n_nodes)
{
    bool ok = true;
    for (uint32_t i = 0; ok && i < n_nodes; i++) {
        ok = from->racks[i] == ASC_SHM_NO_RACK ||
             asc_racks_put(&nodes[i]->racks, from->name, from->racks[i]);
    }
    return ok;
}

/* The old maps stay until the new ones are whole: nodes that came or went may be
 * published with them. */
static bool
import_maps(asc_cluster *c, const asc_shm_view *view, asc_node **nodes)
{
    asc_maps maps = {0};
    for (uint32_t i = 0; i < view->counts.n_nodes; i++) {
        asc_racks_clear(&nodes[i]->racks);
    }
    for (uint32_t i = 0; i < view->counts.n_maps; i++) {
        const asc_shm_map *from = &view->maps[i];
        asc_ns_work *to = asc_maps_add(&maps, from->name, strlen(from->name));
        if (to == NULL || !import_racks(from, nodes, view->counts.n_nodes)) {
            asc_error_set(&c->trouble, ASC_ERR_NOMEM, "partition map");
            asc_maps_clear(&maps);
            return false;
        }
        to->n_replicas = from->n_replicas;
        to->is_sc = from->is_sc != 0;
        memcpy(to->regimes, from->regimes, sizeof to->regimes);
        const uint16_t *indexes = from->owners[0];
        asc_node **owners = to->owners[0];
        for (size_t k = 0; k < ASC_MAX_REPLICAS * ASC_N_PARTITIONS; k++) {
            owners[k] = indexes[k] != ASC_NO_NODE ? nodes[indexes[k]] : NULL;
        }
    }
    asc_maps_clear(&c->maps);
    c->maps = maps;
    return true;
}

/* Is a node known here that the view has under the same name and at the same address?
 * Nodes of two clusters may have the same names. */
static bool
has_node_of(const asc_cluster *c, const asc_shm_view *view)
{
    for (uint32_t i = 0; i < view->counts.n_nodes; i++) {
        const asc_shm_node *n = &view->nodes[i];
        asc_addr addr;
        if (import_addr(&addr, n->ip, n->port, n->tls_name) &&
            find_node(c, n->name, &addr) != NULL) {
            return true;
        }
    }
    return false;
}

/* Is the view one of the cluster that this process was told to find? A process that
 * starts asks a seed for its name, and keeps the node with its connection; one that has
 * nodes knows their names. Who has found out that it is another cluster lets go of the
 * memory, and tends alone if it has nodes. */
static asc_status
recognise(asc_cluster *c, const asc_shm_view *view, asc_error *err)
{
    bool starts = c->n_nodes == 0;
    asc_status rc = starts ? asc_seeds_try(c, err) : ASC_OK;
    c->is_member = rc == ASC_OK && has_node_of(c, view);
    if (c->is_member || rc != ASC_OK) {
        return rc;
    }
    const asc_node *own = c->nodes[0];
    asc_addr other = {0};
    asc_addr_literal(&other, view->nodes[0].ip, view->nodes[0].port);
    err->phase = ASC_PHASE_VALIDATE;
    asc_error_set(err, ASC_ERR_CLIENT,
                  "the shared memory of the shm_key 0x%08X belongs to another cluster, "
                  "which process %d tends: it has the node %s at %s, and not %s at %s; "
                  "give each cluster a shm_key of its own",
                  (unsigned)c->config.shm.key, (int)asc_shm_tender(&c->shm),
                  view->nodes[0].name, other.text, own->name, own->pool.addr.text);
    asc_shm_detach(&c->shm);
    if (starts) {
        asc_discover_remove(c, 0);
        c->is_kept_out = true;
        return err->code;
    }
    asc_log(ASC_LOG_ERROR, "%s; this process tends the cluster alone", err->message);
    c->is_alone = true;
    return err->code;
}

/* Make nodes and maps of a view. Each tender is a stranger at first: so a view of a new
 * one is looked at as carefully as the first one. */
static asc_status
import_view(asc_cluster *c, const asc_shm_view *view, asc_error *err)
{
    asc_node *nodes[ASC_SHM_MAX_NODES];
    bool knows = c->is_member && c->shm.read_turn == c->member_turn;
    if (!view->counts.is_ready) {
        return ASC_OK;
    }
    if (!knows && view->counts.n_nodes == 0) {
        /* No node answers the tender: those that a child has inherited neither. */
        for (size_t i = 0; i < c->n_nodes; i++) {
            c->nodes[i]->failures = ASC_MISSED_CYCLES;
        }
        return ASC_OK;
    }
    c->sees_view = true;
    asc_status rc = knows ? ASC_OK : recognise(c, view, err);
    if (rc != ASC_OK) {
        return rc;
    }
    c->member_turn = c->shm.read_turn;
    if (!import_nodes(c, view, nodes) || !import_maps(c, view, nodes)) {
        *err = c->trouble;
        return err->code;
    }
    c->changed = c->is_whole = true;
    return ASC_OK;
}

/* Take what the tender says of how the nodes answer. */
static void
import_failures(asc_cluster *c)
{
    uint32_t failures[ASC_SHM_MAX_NODES];
    uint32_t n =
        asc_shm_failures(&c->shm, failures, lesser(c->n_nodes, ASC_SHM_MAX_NODES));
    for (uint32_t i = 0; i < n; i++) {
        c->nodes[i]->failures = failures[i];
    }
}

/* Must this process log in to the node? */
static bool
wants_login(const asc_node *n)
{
    return asc_node_is_reachable(n) &&
           asc_pool_needs_login((asc_pool *)&n->pool, asc_now_ms());
}

/* Logging in is all that is wanted; but the node must be the one that is meant. */
static bool
logged_in(asc_cluster *c, asc_node *n, asc_info_call *call, void *context)
{
    asc_info_pair name;
    (void)c, (void)context;
    return asc_info_value(call, "node", &name) && name.value_size == strlen(n->name) &&
           memcmp(name.value, n->name, name.value_size) == 0;
}

/* Log in where that is due, and keep no connection for tending. */
static void
log_in(asc_cluster *c)
{
    if (c->config.credentials != NULL) {
        asc_ask_nodes(c, "node\n", wants_login, logged_in, NULL);
    }
    for (size_t i = 0; i < c->n_nodes; i++) {
        asc_node_close_tend_conn(c->nodes[i]);
    }
}

/* Say why there is no node: the tender may be looking for one, too. */
static void
not_ready(asc_cluster *c)
{
    asc_error_set(&c->trouble, ASC_ERR_CLIENT,
                  "process %d tends the cluster (shm_key 0x%08X) and has found "
                  "no node yet",
                  (int)asc_shm_tender(&c->shm), (unsigned)c->config.shm.key);
}

/* Read the view in force, if it is another than before. What does not succeed is tried
 * again in the next cycle. */
static asc_status
read_view(asc_cluster *c, asc_error *err)
{
    asc_shm_view view;
    if (!asc_shm_has_news(&c->shm)) {
        return ASC_OK;
    }
    asc_status rc = asc_shm_view_init(&view, &c->shm, err);
    if (rc == ASC_OK && asc_shm_read(&c->shm, &view) == ASC_SHM_NEW_VIEW) {
        rc = import_view(c, &view, err);
    }
    asc_shm_view_clear(&view);
    if (rc != ASC_OK) {
        asc_shm_forget_view(&c->shm);
        c->trouble = *err;
    }
    return rc;
}

/* --- who tends --- */

static bool
take_over(asc_cluster *c, asc_shm_view *view)
{
    export_view(c, view);
    if (!asc_shm_take_over(&c->shm, view)) {
        return false;
    }
    asc_log(ASC_LOG_INFO,
            "this process tends the cluster for all with the shm_key "
            "0x%08X",
            (unsigned)c->config.shm.key);
    for (size_t i = 0; i < c->n_nodes; i++) {
        c->nodes[i]->peers_generation = c->nodes[i]->partition_generation = -1;
    }
    return true;
}

/* Open the memory again after it was lost: the descriptor was closed, the file was
 * truncated, or this is the child of a fork. */
static bool
attach_again(asc_cluster *c)
{
    asc_error err;
    asc_error_reset(&err);
    c->sees_view = false;
    c->member_turn = 0;
    if (asc_shm_attach(&c->shm, 0, &err) == ASC_OK) {
        return true;
    }
    asc_log(ASC_LOG_WARN, "this process tends the cluster alone for now: %s",
            err.message);
    return false;
}

/* Take the place of a tender that has gone. Who does not know yet that the memory is
 * that of his own cluster must not tend for those who do, unless there is nothing to
 * know. The view in force has been read before, so that nothing gets worse by it. */
static bool
becomes_tender(asc_cluster *c)
{
    return asc_shm_is_abandoned(&c->shm, asc_now_ms()) &&
           (c->is_member || !c->sees_view) && with_view(c, take_over);
}

bool
asc_team_cycle(asc_cluster *c, asc_status *status, asc_error *err)
{
    asc_shm_role role =
        c->config.shm.enable && !c->is_alone ? asc_shm_look(&c->shm) : ASC_SHM_TENDER;
    if (role == ASC_SHM_TENDER || (role == ASC_SHM_DETACHED && !attach_again(c))) {
        c->changed = c->changed || c->is_kept_out; /* it says something else now */
        c->is_kept_out = false;
        return false;
    }
    asc_shm_listen(&c->shm);
    *status = read_view(c, err);
    if (c->shm.segment == NULL) {
        return !c->is_alone;
    }
    if (becomes_tender(c)) {
        asc_error_reset(err);
        return false;
    }
    if (c->is_member) {
        import_failures(c);
        log_in(c);
    }
    else if (*status == ASC_OK && c->trouble.code == ASC_OK) {
        not_ready(c);
    }
    return true;
}

/* Is there nothing that a cycle would do here until then, but to look at the memory? */
static bool
has_nothing_to_do(asc_cluster *c, uint64_t until_ms)
{
    bool nothing = !atomic_load(&c->closed) && !atomic_load(&c->hurried) &&
                   c->config.min_conns_per_node == 0 && asc_drain_is_empty(&c->drain);
    for (size_t i = 0; nothing && i < c->n_nodes; i++) {
        asc_node *n = c->nodes[i];
        nothing = asc_node_is_calm(n, c->config.max_error_rate) &&
                  (c->config.credentials == NULL ||
                   !asc_pool_needs_login(&n->pool, until_ms));
    }
    return nothing;
}

static void
set_dozing(asc_cluster *c, bool dozing)
{
    pthread_mutex_lock(&c->lock);
    c->dozing = dozing;
    pthread_mutex_unlock(&c->lock);
}

/* This thread says that it sleeps before it makes sure that there is nothing to do:
 * what comes up in between rings. A tender that has not moved since the last look is
 * looked at more often. */
bool
asc_team_doze(asc_cluster *c)
{
    asc_shm *s = &c->shm;
    uint32_t doze_ms = lesser(s->patience_ms / DOZES_OF_PATIENCE, MAX_DOZE_MS);
    if (!c->is_member || s->segment == NULL || s->turn != 0 || !s->has_moved ||
        doze_ms <= c->config.tend_interval_ms || asc_shm_has_news(s) ||
        asc_shm_watch(s)) {
        return false;
    }
    set_dozing(c, true);
    bool dozed =
        has_nothing_to_do(c, asc_now_ms() + doze_ms) && asc_shm_sleep(s, doze_ms);
    set_dozing(c, false);
    return dozed;
}

/* A tender may also not know yet the node by which this process recognises its
 * cluster: then the memory has been let go of. */
bool
asc_team_waits(asc_cluster *c, asc_status rc)
{
    bool is_stranger = c->config.shm.enable && c->shm.segment == NULL;
    bool follows = c->shm.segment != NULL && c->shm.turn == 0 && rc == ASC_OK;
    if (is_stranger || follows) {
        poll(NULL, 0, follows ? READY_MS : STRANGER_MS);
    }
    return is_stranger || follows;
}
