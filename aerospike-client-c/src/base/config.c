/* The copy of its configuration that a cluster keeps. The strings and hosts of a caller
 * are borrowed for one call only, while a cluster needs them for as long as it looks
 * for nodes. */
#include "base/config.h"

#include <string.h>

#include "asc/alloc.h"

/* A shorter pause than this would only load the nodes. */
#define MIN_TEND_INTERVAL_MS 250u
#define DEFAULT_CONNECT_TIMEOUT_MS 1000u
#define DEFAULT_LOGIN_TIMEOUT_MS 5000u

/* The casts drop `const`: a copy owns its strings, whatever the type says for those
 * that borrow. */
void
asc_config_clear(asc_config *config)
{
    for (size_t i = 0; config->hosts != NULL && i < config->n_hosts; i++) {
        asc_free((char *)config->hosts[i].name);
        asc_free((char *)config->hosts[i].tls_name);
    }
    asc_free((asc_host *)config->hosts);
    asc_free((int32_t *)config->rack_ids);
    asc_free((char *)config->cluster_name);
    asc_free((char *)config->user_agent);
}

const asc_transport *
asc_config_login_transport(const asc_config *config)
{
    return config->login_transport != NULL ? config->login_transport
                                           : config->transport;
}

/* Where logins have a transport of their own, there are two connections to wait for. */
uint32_t
asc_config_answer_ms(const asc_config *config, bool enters)
{
    bool logs_in = enters && config->credentials != NULL;
    uint64_t n_connects = enters && config->login_transport != NULL ? 2 : 1;
    uint64_t login_ms = logs_in ? config->login_timeout_ms : 0;
    uint64_t sum_ms = n_connects * config->connect_timeout_ms + login_ms;
    return sum_ms < UINT32_MAX ? (uint32_t)sum_ms : UINT32_MAX;
}

/* Copy a string that may be missing. Returns false when memory is short. */
static bool
copy(const char **to, const char *from)
{
    *to = from != NULL ? asc_strdup(from) : NULL;
    return from == NULL || *to != NULL;
}

/* Each pointer is set before anything can fail, to a copy or to NULL, so that clearing
 * never frees what belongs to the caller. */
asc_status
asc_config_copy(asc_config *to, const asc_config *from, asc_error *err)
{
    asc_host *hosts = asc_calloc(from->n_hosts + 1, sizeof *hosts);
    int32_t *rack_ids = asc_calloc(from->n_rack_ids + 1, sizeof *rack_ids);
    bool ok = hosts != NULL && rack_ids != NULL;
    *to = *from;
    to->hosts = hosts;
    to->rack_ids = rack_ids;
    for (size_t i = 0; ok && i < from->n_rack_ids; i++) {
        rack_ids[i] = from->rack_ids[i];
    }
    for (size_t i = 0; ok && i < from->n_hosts; i++) {
        hosts[i].port = from->hosts[i].port;
        ok = copy(&hosts[i].name, from->hosts[i].name) &&
             copy(&hosts[i].tls_name, from->hosts[i].tls_name);
    }
    ok = copy(&to->user_agent, from->user_agent) && ok;
    ok = copy(&to->cluster_name, from->cluster_name) && ok;
    if (to->tend_interval_ms < MIN_TEND_INTERVAL_MS) {
        to->tend_interval_ms = MIN_TEND_INTERVAL_MS;
    }
    if (to->connect_timeout_ms == 0) {
        /* Tending needs a limit: without one, a silent address would end no cycle. */
        to->connect_timeout_ms = DEFAULT_CONNECT_TIMEOUT_MS;
    }
    if (to->login_timeout_ms == 0) {
        to->login_timeout_ms = DEFAULT_LOGIN_TIMEOUT_MS;
    }
    return ok ? ASC_OK : asc_error_set(err, ASC_ERR_NOMEM, "configuration");
}

/* --- the same cluster --- */

/* Are two strings equal, or both missing? */
static bool
same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same_hosts(const asc_config *a, const asc_config *b)
{
    bool same = a->n_hosts == b->n_hosts;
    for (size_t i = 0; same && i < a->n_hosts; i++) {
        const asc_host *one = &a->hosts[i], *other = &b->hosts[i];
        same = one->port == other->port && same_text(one->name, other->name) &&
               same_text(one->tls_name, other->tls_name);
    }
    return same;
}

static bool
same_racks(const asc_config *a, const asc_config *b)
{
    bool same = a->n_rack_ids == b->n_rack_ids;
    for (size_t i = 0; same && i < a->n_rack_ids; i++) {
        same = a->rack_ids[i] == b->rack_ids[i];
    }
    return same;
}

/* Numbers and flags that make a difference. */
#define FIELD(name) offsetof(asc_config, name)
static const size_t numbers[] = {
    FIELD(login_timeout_ms),
    FIELD(tend_interval_ms),
    FIELD(connect_timeout_ms),
    FIELD(min_conns_per_node),
    FIELD(max_conns_per_node),
    FIELD(pool_timeout_ms),
    FIELD(max_at_once),
    FIELD(max_socket_idle_s),
    FIELD(max_error_rate),
    FIELD(error_rate_window),
    FIELD(shm.key),
    FIELD(shm.max_nodes),
    FIELD(shm.max_namespaces),
    FIELD(shm.takeover_threshold_s),
};
static const size_t flags[] = {
    FIELD(use_services_alternate),
    FIELD(force_single_node),
    FIELD(fail_if_not_connected),
    FIELD(rack_aware),
    FIELD(shm.enable),
};

/* Are the fields at these offsets, each of so many bytes, equal? */
static bool
same_fields(const asc_config *a, const asc_config *b, const size_t *offsets, size_t n,
            size_t size)
{
    for (size_t i = 0; i < n; i++) {
        if (memcmp((const char *)a + offsets[i], (const char *)b + offsets[i], size) !=
            0) {
            return false;
        }
    }
    return true;
}

bool
asc_config_equal(const asc_config *a, const asc_config *b)
{
    return same_hosts(a, b) && same_racks(a, b) &&
           same_text(a->cluster_name, b->cluster_name) &&
           same_text(a->user_agent, b->user_agent) &&
           same_fields(a, b, numbers, sizeof numbers / sizeof *numbers,
                       sizeof(uint32_t)) &&
           same_fields(a, b, flags, sizeof flags / sizeof *flags, sizeof(bool));
}
