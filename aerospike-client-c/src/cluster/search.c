/* A search tries many addresses side by side, since most of those that fail do so by
 * silence. Each group looks for one node. A good answer does not end the search of its
 * group at once: an address that the caller prefers has a short time left to answer as
 * well. Names are looked up by threads, and their addresses then take the place of the
 * name. A name waits while the process looks up as many as it may, but no longer than
 * connect_timeout from the beginning of the search. */
#include "cluster/search.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "asc/alloc.h"
#include "base/config.h"
#include "base/time.h"

/* So many sockets and lookups are open at one time at most: a process may have few
 * descriptors. */
#define MAX_LIVE 128u

/* A preferred address may answer so much later than the first good one, and is still
 * taken. */
#define GRACE_MS 100u

/* How often a search asks whether a name can be looked up that has to wait, because the
 * process looks up as many as it may. */
#define TURN_MS 10u

/* So many addresses of one name are tried at most. */
#define MAX_ADDRESSES 64u

/* A place to look at: a host, or an address. */
typedef struct place {
    size_t group;
    size_t rank;          /* the lower, the more it is preferred */
    asc_host host;        /* its strings are borrowed; no name: the place is addr */
    const asc_addr *addr; /* borrowed; NULL: the place is a host */
} place;

/* A place that is being tried. */
typedef struct attempt {
    place at;
    asc_lookup *lookup; /* owned: of its name; NULL: the address is being probed */
    asc_probe *probe;   /* owned */
    uint64_t end_ms;
    short events;
} attempt;

/* What a group has found. */
typedef struct find {
    asc_probe *found;    /* owned */
    size_t rank;         /* the rank of found */
    asc_worth worth;     /* the worth of found */
    uint64_t settled_ms; /* from then on the group keeps what it has */
} find;

/* The addresses that a lookup has found. Places borrow them, so they are kept until the
 * search is freed. */
typedef struct address_list {
    asc_addr *list; /* owned */
    struct address_list *next;
} address_list;

struct asc_search {
    asc_search_options options;
    find *groups; /* owned */
    size_t n_groups;
    place *places; /* owned; in the order in which they are tried */
    size_t n, cap, next;
    size_t n_waiting;        /* names that could not be looked up yet: the first places,
                              * which have been tried and are needed no more */
    uint64_t waiting_end_ms; /* how long they wait */
    address_list *addresses; /* owned */
    attempt live[MAX_LIVE];
    size_t n_live;
};

/* --- life --- */

asc_search *
asc_search_new(size_t n_groups, const asc_search_options *options)
{
    asc_search *s = asc_calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    s->options = *options;
    s->n_groups = n_groups;
    s->groups = asc_calloc(n_groups > 0 ? n_groups : 1, sizeof *s->groups);
    if (s->groups == NULL) {
        asc_free(s);
        return NULL;
    }
    return s;
}

/* NULL is fine. */
static void
free_probe(asc_probe *p)
{
    if (p != NULL) {
        asc_probe_clear(p);
        asc_free(p);
    }
}

/* Let go of what an attempt owns, whatever it has come to. */
static void
end_attempt(attempt *a)
{
    asc_lookup_free(a->lookup);
    free_probe(a->probe);
    *a = (attempt){0};
}

void
asc_search_free(asc_search *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < s->n_live; i++) {
        end_attempt(&s->live[i]);
    }
    for (size_t i = 0; i < s->n_groups; i++) {
        free_probe(s->groups[i].found);
    }
    while (s->addresses != NULL) {
        address_list *first = s->addresses;
        s->addresses = first->next;
        asc_free(first->list);
        asc_free(first);
    }
    asc_free(s->groups);
    asc_free(s->places);
    asc_free(s);
}

/* --- what to try --- */

/* Append a place. Returns false when memory is short. */
static bool
add(asc_search *s, const place *p)
{
    if (s->n == s->cap) {
        size_t cap = s->cap * 2 + 8;
        place *moved = asc_realloc(s->places, cap * sizeof *moved);
        if (moved == NULL) {
            return false;
        }
        s->places = moved;
        s->cap = cap;
    }
    s->places[s->n++] = *p;
    return true;
}

/* The rank of the next place. Ranks leave room for all the addresses of a name. */
static size_t
next_rank(const asc_search *s)
{
    return s->n * MAX_ADDRESSES;
}

bool
asc_search_add_host(asc_search *s, size_t group, const asc_host *host)
{
    const place p = {.group = group, .rank = next_rank(s), .host = *host};
    return add(s, &p);
}

bool
asc_search_add_addr(asc_search *s, size_t group, const asc_addr *addr)
{
    const place p = {.group = group, .rank = next_rank(s), .addr = addr};
    return add(s, &p);
}

/* A name that is too long is cut, so that no certificate fits it. */
static void
set_tls_name(asc_addr *addr, const asc_host *host)
{
    snprintf(addr->tls_name, sizeof addr->tls_name, "%s",
             host->tls_name != NULL ? host->tls_name : "");
}

/* Put the addresses of a name in its place. The list belongs to this function from now
 * on, even when it fails. */
static asc_status
add_addresses(asc_search *s, const place *named, asc_addr *list, size_t n,
              asc_error *err)
{
    address_list *kept = asc_malloc(sizeof *kept);
    bool ok = kept != NULL;
    if (!ok) {
        asc_free(list);
    }
    else {
        *kept = (address_list){list, s->addresses};
        s->addresses = kept;
    }
    for (size_t i = 0; ok && i < n && i < MAX_ADDRESSES; i++) {
        const place p = {
            .group = named->group, .rank = named->rank + i, .addr = &list[i]};
        set_tls_name(&list[i], &named->host);
        ok = add(s, &p);
    }
    return ok ? ASC_OK : asc_error_set(err, ASC_ERR_NOMEM, "addresses");
}

/* --- attempts --- */

/* Tell the caller that an address or a name has failed. */
static void
report(asc_search *s, const place *p, const char *address, const asc_error *err)
{
    s->options.failed(s->options.context, p->group, p->rank, address, err);
}

/* Begin to probe an address. A probe that cannot begin is an attempt all the same: its
 * error is reported at its end. */
static void
begin_probe(asc_search *s, const place *p, const asc_addr *addr, uint64_t now_ms)
{
    asc_error err;
    asc_error_reset(&err);
    asc_probe *probe = asc_calloc(1, sizeof *probe);
    if (probe == NULL) {
        asc_error_set(&err, ASC_ERR_NOMEM, "probe");
        report(s, p, addr->text, &err);
        return;
    }
    probe->addr = *addr;
    asc_probe_begin(probe, s->options.config, s->options.services);
    s->live[s->n_live++] = (attempt){
        .at = *p,
        .probe = probe,
        .end_ms = now_ms + asc_config_answer_ms(s->options.config, true),
    };
}

/* Begin to look up the name of a host. A lookup that cannot begin is reported at once.
 * Returns false when the name has to wait for its turn. */
static bool
begin_lookup(asc_search *s, const place *p, uint64_t now_ms)
{
    asc_lookup *lookup;
    asc_error err;
    asc_error_reset(&err);
    if (asc_lookup_start(&lookup, p->host.name, p->host.port, &err) != ASC_OK) {
        report(s, p, p->host.name, &err);
        return true;
    }
    if (lookup == NULL) {
        return false;
    }
    s->live[s->n_live++] = (attempt){
        .at = *p,
        .lookup = lookup,
        .end_ms = now_ms + s->options.config->connect_timeout_ms,
        .events = POLLIN,
    };
    return true;
}

/* Has the group found what it looks for, even if it may still find a better one? */
static bool
has_good(const asc_search *s, size_t group)
{
    return s->groups[group].worth == ASC_WORTH_ALL;
}

/* Begin to try a place. Returns false when it has to wait for its turn. */
static bool
begin(asc_search *s, const place *p, uint64_t now_ms)
{
    asc_addr addr;
    if (has_good(s, p->group)) {
        return true;
    }
    if (p->addr != NULL) {
        begin_probe(s, p, p->addr, now_ms);
    }
    else if (asc_addr_literal(&addr, p->host.name, p->host.port)) {
        set_tls_name(&addr, &p->host);
        begin_probe(s, p, &addr, now_ms);
    }
    else {
        return begin_lookup(s, p, now_ms);
    }
    return true;
}

/* Begin what has waited, in its order. The rest waits on. */
static void
begin_waiting(asc_search *s, uint64_t now_ms)
{
    size_t n = s->n_waiting, n_begun = 0;
    while (n_begun < n && s->n_live < MAX_LIVE &&
           begin(s, &s->places[n_begun], now_ms)) {
        n_begun++;
    }
    if (n_begun > 0) {
        s->n_waiting -= n_begun;
        memmove(s->places, s->places + n_begun, s->n_waiting * sizeof *s->places);
    }
}

/* Tell that a name has had no turn. */
static void
report_waiting(asc_search *s, const place *p)
{
    asc_error err;
    asc_error_reset(&err);
    err.phase = ASC_PHASE_RESOLVE;
    snprintf(err.host, sizeof err.host, "%.50s:%u", p->host.name, p->host.port);
    asc_error_set(&err, ASC_ERR_CLIENT,
                  "host name \"%s\" is not looked up: %d others are", p->host.name,
                  ASC_MAX_LOOKUPS);
    report(s, p, p->host.name, &err);
}

/* Nothing that waits gets its turn any more. */
static void
end_waiting(asc_search *s)
{
    for (size_t i = 0; i < s->n_waiting; i++) {
        if (!has_good(s, s->places[i].group)) {
            report_waiting(s, &s->places[i]);
        }
    }
    s->n_waiting = 0;
}

/* Begin as many attempts as may be under way at one time. */
static void
begin_next(asc_search *s, uint64_t now_ms)
{
    begin_waiting(s, now_ms);
    while (s->n_live < MAX_LIVE && s->next < s->n) {
        const place p = s->places[s->next++];
        if (!begin(s, &p, now_ms)) {
            s->places[s->n_waiting++] = p;
        }
    }
    if (now_ms >= s->waiting_end_ms) {
        end_waiting(s);
    }
}

/* Give a probe that has succeeded to its group, or free it. */
static void
offer(asc_search *s, attempt *a, uint64_t now_ms)
{
    asc_probe *p = a->probe;
    find *g = &s->groups[a->at.group];
    asc_worth worth = s->options.judge(s->options.context, a->at.group, p);
    a->probe = NULL;
    if (worth == ASC_WORTH_NOTHING) {
        report(s, &a->at, p->addr.text, &p->err);
        free_probe(p);
        return;
    }
    if (worth > g->worth || (worth == g->worth && a->at.rank < g->rank)) {
        if (worth == ASC_WORTH_ALL && g->worth != ASC_WORTH_ALL) {
            g->settled_ms = now_ms + GRACE_MS;
        }
        free_probe(g->found);
        g->found = p;
        g->worth = worth;
        g->rank = a->at.rank;
    }
    else {
        free_probe(p);
    }
}

/* End a lookup: its addresses are to be tried next, or its failure is reported. */
static void
end_lookup(asc_search *s, attempt *a, bool late)
{
    asc_addr *list;
    asc_error err;
    size_t n;
    asc_error_reset(&err);
    if (late) {
        err.phase = ASC_PHASE_RESOLVE;
        snprintf(err.host, sizeof err.host, "%.50s:%u", a->at.host.name,
                 a->at.host.port);
        asc_error_set(&err, ASC_ERR_CLIENT,
                      "host name \"%s\" has no address yet: looking it up takes long",
                      a->at.host.name);
    }
    else if (asc_lookup_take(a->lookup, &list, &n, &err) == ASC_OK) {
        add_addresses(s, &a->at, list, n, &err);
    }
    if (err.code != ASC_OK) {
        report(s, &a->at, a->at.host.name, &err);
    }
}

/* End an attempt that has come to its end, or whose time is up. */
static void
finish(asc_search *s, attempt *a, bool late, uint64_t now_ms)
{
    if (a->lookup != NULL) {
        end_lookup(s, a, late);
    }
    else if (asc_probe_end(a->probe, s->options.config) == ASC_OK) {
        offer(s, a, now_ms);
    }
    else {
        report(s, &a->at, a->probe->addr.text, &a->probe->err);
    }
    end_attempt(a);
}

/* --- groups --- */

/* May the group keep what it has found? It may when no attempt under way has a better
 * rank, or when the time of grace is over. */
static bool
is_settled(const asc_search *s, size_t number, uint64_t now_ms)
{
    const find *g = &s->groups[number];
    bool better = false;
    for (size_t i = 0; i < s->n_live && now_ms < g->settled_ms; i++) {
        better =
            better || (s->live[i].at.group == number && s->live[i].at.rank < g->rank);
    }
    return !better;
}

/* Has an attempt become useless, because its group has found a node and would not
 * change it for this one? */
static bool
is_idle(const asc_search *s, const attempt *a, uint64_t now_ms)
{
    const find *g = &s->groups[a->at.group];
    return g->worth == ASC_WORTH_ALL &&
           (a->at.rank > g->rank || is_settled(s, a->at.group, now_ms));
}

/* --- the run --- */

/* Do all that needs no waiting. Returns true when an attempt has ended. */
static bool
step_all(asc_search *s, uint64_t now_ms)
{
    bool any = false;
    for (size_t i = s->n_live; i-- > 0;) {
        attempt *a = &s->live[i];
        bool ended;
        if (a->lookup != NULL) {
            struct pollfd p = {.fd = asc_lookup_fd(a->lookup), .events = POLLIN};
            ended = poll(&p, 1, 0) > 0;
        }
        else {
            a->events = asc_probe_step(a->probe, s->options.config);
            ended = a->events == 0;
        }
        bool late = !ended && now_ms >= a->end_ms;
        bool idle = !ended && is_idle(s, a, now_ms);
        if (ended || late || idle) {
            attempt last = *a;
            *a = s->live[--s->n_live];
            if (idle) {
                end_attempt(&last);
            }
            else {
                finish(s, &last, late, now_ms);
            }
            any = true;
        }
    }
    return any;
}

/* Wait for what the attempts wait for, until_ms at most. Returns false when wake_fd is
 * readable, or when waiting is impossible. */
static bool
await(const asc_search *s, uint64_t until_ms, uint64_t now_ms)
{
    struct pollfd set[MAX_LIVE + 1];
    if (s->n_waiting > 0) {
        until_ms = asc_earlier(until_ms, now_ms + TURN_MS);
    }
    for (size_t i = 0; i < s->n_live; i++) {
        const attempt *a = &s->live[i];
        const find *g = &s->groups[a->at.group];
        int fd = a->lookup != NULL ? asc_lookup_fd(a->lookup) : a->probe->conn->fd;
        set[i] = (struct pollfd){.fd = fd, .events = a->events};
        until_ms = asc_earlier(until_ms, a->end_ms);
        if (g->worth == ASC_WORTH_ALL) {
            until_ms = asc_earlier(until_ms, g->settled_ms);
        }
    }
    set[s->n_live] = (struct pollfd){.fd = s->options.wake_fd, .events = POLLIN};
    int n = poll(set, s->n_live + 1, asc_poll_timeout(until_ms, now_ms));
    return (n >= 0 || errno == EINTR) && set[s->n_live].revents == 0;
}

/* When the time is up, what is still under way fails as too late; when nobody wants the
 * search any more, it is dropped without a word. */
size_t
asc_search_run(asc_search *s)
{
    uint64_t now = asc_now_ms(), deadline_ms = s->options.deadline_ms;
    bool is_wanted = true;
    s->waiting_end_ms = now + s->options.config->connect_timeout_ms;
    while (is_wanted && now < deadline_ms) {
        begin_next(s, now);
        bool any_ended = step_all(s, now);
        if (s->n_live == 0 && s->n_waiting == 0 && !any_ended) {
            break;
        }
        is_wanted = await(s, any_ended ? now : deadline_ms, now);
        now = asc_now_ms();
    }
    if (is_wanted) {
        end_waiting(s);
    }
    while (s->n_live > 0) {
        attempt last = s->live[--s->n_live];
        if (is_wanted) {
            finish(s, &last, true, now);
        }
        else {
            end_attempt(&last);
        }
    }
    return s->next;
}

asc_probe *
asc_search_found(asc_search *s, size_t number)
{
    return s->groups[number].found;
}
