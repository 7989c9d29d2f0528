/* A probe connects to an address and asks who is there, before anything else is
 * believed of it: the port may belong to another program, to another cluster, or to a
 * node that is not ready. The connection of a good probe becomes the node's tend
 * connection. */
#include "cluster/probe.h"

#include <stdio.h>
#include <string.h>

#include "asc/alloc.h"
#include "base/config.h"
#include "cluster/peers.h"
#include "net/login.h"

/* A version as one number: later versions have greater numbers. */
#define VERSION(a, b, c, d)                                                            \
    ((uint64_t)(a) << 48 | (uint64_t)(b) << 32 | (c) << 16 | (d))
#define OLDEST VERSION(4, 9, 0, 3) /* partition scans, which everything else rests on */
#define USER_AGENT VERSION(8, 1, 0, 0)

/* Read major.minor.patch[.build][-text]. Returns 0 when the text is not that. */
static uint64_t
parse_version(const char *text, size_t size)
{
    char copy[32];
    unsigned part[4] = {0};
    if (size >= sizeof copy) {
        return 0;
    }
    memcpy(copy, text, size);
    copy[size] = '\0';
    int n = sscanf(copy, "%5u.%5u.%5u.%5u", &part[0], &part[1], &part[2], &part[3]);
    return n >= 3 ? VERSION(part[0], part[1], part[2], part[3]) : 0;
}

/* Refuse a node that answers and cannot be used. */
static asc_status
refuse(asc_probe *p, const char *why)
{
    return asc_error_set(&p->err, ASC_ERR_CLIENT, "%s", why);
}

/* Check the answers: is this a node, is it ready, can we talk to it, and is it of the
 * right cluster? The first check that fails decides which error is reported. */
static asc_status
check(asc_probe *p, const asc_config *config)
{
    asc_info_pair name, build, cluster;
    int64_t generation;
    if (!asc_info_value(&p->call, "node", &name) ||
        !asc_info_integer(&p->call, "partition-generation", &generation) ||
        !asc_info_value(&p->call, "build", &build)) {
        asc_phase phase = p->err.phase;
        p->err = p->call.err;
        p->err.phase = phase;
        return p->err.code;
    }
    if (!asc_node_can_have_name(name.value, name.value_size)) {
        return refuse(p, "the node has no valid name");
    }
    if (generation == -1) {
        return refuse(p, "the node is not ready yet");
    }
    uint64_t version = parse_version(build.value, build.value_size);
    if (version < OLDEST) {
        return refuse(p, "the server's version is older than 4.9.0.3 or unreadable");
    }
    if (config->cluster_name != NULL &&
        (!asc_info_value(&p->call, "cluster-name", &cluster) ||
         cluster.value_size != strlen(config->cluster_name) ||
         memcmp(cluster.value, config->cluster_name, cluster.value_size) != 0)) {
        return asc_error_set(&p->err, ASC_ERR_CLIENT,
                             "the node belongs to another cluster than \"%s\"",
                             config->cluster_name);
    }
    memcpy(p->name, name.value, name.value_size);
    p->takes_user_agent = version >= USER_AGENT;
    return ASC_OK;
}

/* Join the commands that are sent to every address and those that the caller wants
 * besides. NULL when memory is short. */
static char *
commands(const asc_config *config, const char *services)
{
    static const char always[] = "node\npartition-generation\nbuild\n";
    size_t size = sizeof always + 16 + (services != NULL ? strlen(services) + 1 : 0);
    char *text = asc_malloc(size);
    if (text != NULL) {
        snprintf(text, size, "%s%s%s%s", always,
                 config->cluster_name != NULL ? "cluster-name\n" : "",
                 services != NULL ? services : "", services != NULL ? "\n" : "");
    }
    return text;
}

/* Ask over the connection that has just been opened. */
static void
begin_call(asc_probe *p, const char *text)
{
    p->call.conn = p->conn;
    p->call.commands = text;
    if (p->status == ASC_OK) {
        asc_info_begin(&p->call);
    }
}

/* Where users log in over a transport of its own, the node is asked there for its
 * address, and all else is asked at that address. */
asc_status
asc_probe_begin(asc_probe *p, const asc_config *config, const char *services)
{
    asc_error_reset(&p->err);
    p->err.phase = ASC_PHASE_CONNECT;
    p->login_addr = p->addr;
    p->enters = config->login_transport != NULL;
    snprintf(p->enter_command, sizeof p->enter_command, "service-%s-%s\n",
             config->transport->word, config->use_services_alternate ? "alt" : "std");
    p->commands = commands(config, services);
    if (p->commands == NULL) {
        p->status = asc_error_set(&p->err, ASC_ERR_NOMEM, "probe");
        return p->status;
    }
    p->status =
        asc_conn_start(&p->conn, asc_config_login_transport(config), &p->addr, &p->err);
    if (p->status == ASC_OK && config->credentials != NULL) {
        p->status = asc_login_begin(p->conn, config->credentials, &p->err);
    }
    begin_call(p, p->enters ? p->enter_command : p->commands);
    return p->status;
}

/* --- the node's address, when users log in elsewhere --- */

/* Find the address in a node's list of its own that is to be used: the one with the ip
 * at which the user has logged in, or else the first numeric one. */
static bool
choose_address(const asc_info_pair *list, const asc_addr *login, asc_addr *out)
{
    const char *at = list->value, *end = at + list->value_size;
    bool found = false;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma != NULL ? comma : end;
        asc_peer_host host;
        asc_addr addr;
        if (asc_host_parse(&host, at, (size_t)(stop - at), 3000) &&
            asc_addr_literal(&addr, host.name, host.port)) {
            bool same = strcmp(addr.ip, login->ip) == 0;
            *out = found && !same ? *out : addr;
            found = true;
            if (same) {
                return true;
            }
        }
        at = comma != NULL ? comma + 1 : end;
    }
    return found;
}

/* The user has logged in, and the node has named its address: go there, and ask what
 * remains to be asked. */
static asc_status
enter(asc_probe *p, const asc_config *config)
{
    asc_info_pair list;
    asc_addr addr;
    char name[sizeof p->enter_command];
    snprintf(name, sizeof name, "%.*s", (int)strlen(p->enter_command) - 1,
             p->enter_command);
    if (!asc_info_value(&p->call, name, &list)) {
        p->err = p->call.err;
        return p->err.code;
    }
    if (!choose_address(&list, &p->login_addr, &addr)) {
        return asc_error_set(&p->err, ASC_ERR_CLIENT,
                             "the node names no numeric address by \"%s\": a client "
                             "with tls.for_login_only needs its port without TLS",
                             name);
    }
    asc_session *session = p->conn->session;
    asc_session_retain(session);
    asc_info_call_clear(&p->call);
    asc_conn_free(p->conn);
    p->call = (asc_info_call){0};
    p->conn = NULL;
    p->addr = addr;
    p->status = asc_conn_start(&p->conn, config->transport, &p->addr, &p->err);
    if (p->status == ASC_OK && session != NULL) {
        p->status = asc_login_present(p->conn, session, &p->err);
    }
    asc_session_release(session);
    begin_call(p, p->commands);
    return p->status;
}

short
asc_probe_step(asc_probe *p, const asc_config *config)
{
    short events = p->status == ASC_OK ? asc_info_step(&p->call) : 0;
    if (events == 0 && p->enters && p->status == ASC_OK && p->call.status == ASC_OK) {
        p->enters = false;
        p->status = enter(p, config);
        events = p->status == ASC_OK ? asc_info_step(&p->call) : 0;
    }
    return events;
}

/* The error's phase tells where the probe stood when it failed: connecting or
 * asking. */
asc_status
asc_probe_end(asc_probe *p, const asc_config *config)
{
    if (p->status == ASC_OK) {
        asc_info_give_up(&p->call);
        p->err.phase = asc_conn_phase(p->conn, ASC_PHASE_VALIDATE);
        if (p->call.status == ASC_OK) {
            p->status = check(p, config);
        }
        else {
            asc_phase phase = p->err.phase;
            p->status = p->call.status;
            p->err = p->call.err;
            p->err.phase = phase;
        }
    }
    /* A caller who looks for a node cares that it cannot be reached, not how long that
     * took. */
    if (p->status == ASC_ERR_TIMEOUT) {
        p->status = p->err.code = ASC_ERR_CONNECTION;
    }
    snprintf(p->err.host, sizeof p->err.host, "%s", p->addr.text);
    if (p->status == ASC_OK) {
        asc_error_reset(&p->err);
    }
    return p->status;
}

asc_status
asc_probe_node(asc_probe *p, const asc_config *config, asc_node **out, asc_error *err)
{
    asc_status rc = asc_node_new(out, p->name, &p->addr, p->conn, config, err);
    if (rc == ASC_OK) {
        asc_pool_set_session(&(*out)->pool, p->conn->session);
        (*out)->login_addr = p->login_addr;
        p->conn = NULL;
        (*out)->takes_user_agent = p->takes_user_agent;
    }
    return rc;
}

void
asc_probe_clear(asc_probe *p)
{
    asc_info_call_clear(&p->call);
    asc_conn_free(p->conn);
    asc_free(p->commands);
    p->conn = NULL;
    p->commands = NULL;
}
