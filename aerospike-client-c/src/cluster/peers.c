/* The parser of peers lists. It goes through the text once and knows its grammar by one
 * function for each part; spaces may stand anywhere between the parts. What it copies
 * is bounded, and a list that is malformed anywhere is refused as a whole. */
#include "cluster/peers.h"

#include <stdlib.h>
#include <string.h>

#include "asc/alloc.h"

/* What is still to be read of the text. */
typedef struct scanner {
    const char *at, *end;
} scanner;

/* Carriage returns count as spaces. */
static void
skip_spaces(scanner *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\r')) {
        s->at++;
    }
}

/* Step over the next character, and return true, if it is c. */
static bool
accept(scanner *s, char c)
{
    skip_spaces(s);
    if (s->at < s->end && *s->at == c) {
        s->at++;
        return true;
    }
    return false;
}

/* Read everything up to one of the characters of stop, without the spaces at its end.
 * Returns its size; the text is not terminated. */
static size_t
word(scanner *s, const char *stop, const char **start)
{
    skip_spaces(s);
    *start = s->at;
    while (s->at < s->end && strchr(stop, *s->at) == NULL) {
        s->at++;
    }
    size_t size = (size_t)(s->at - *start);
    while (size > 0 && (*start)[size - 1] == ' ') {
        size--;
    }
    return size;
}

/* Read digits, at least one, whose value is at most limit. The loop stops as soon as
 * the value is above it, so that nothing overflows. */
static bool
number(scanner *s, int64_t limit, int64_t *out)
{
    int64_t v = 0;
    skip_spaces(s);
    const char *start = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9' && v <= limit) {
        v = v * 10 + (*s->at++ - '0');
    }
    *out = v;
    return s->at > start && v <= limit;
}

/* An IPv6 address has colons of its own, so it stands in brackets and only what follows
 * them can be the port. */
bool
asc_host_parse(asc_peer_host *out, const char *text, size_t size, uint16_t default_port)
{
    scanner s = {text, text + size};
    const char *name;
    size_t len;
    int64_t port = default_port;
    if (accept(&s, '[')) {
        len = word(&s, "[]", &name);
        if (!accept(&s, ']')) {
            return false;
        }
    }
    else {
        len = word(&s, ":[]", &name);
    }
    if (len == 0 || len >= sizeof out->name) {
        return false;
    }
    if (accept(&s, ':') && (!number(&s, UINT16_MAX, &port) || port == 0)) {
        return false;
    }
    skip_spaces(&s);
    if (s.at != s.end) {
        return false;
    }
    memcpy(out->name, name, len);
    out->name[len] = '\0';
    out->port = (uint16_t)port;
    return true;
}

/* Append a copy of an element, unless the list is as long as it may be. Returns false
 * when memory is short. */
static bool
append(void **list, size_t *n, size_t max, const void *element, size_t size)
{
    if (*n == max) {
        return true;
    }
    void *moved = asc_realloc(*list, (*n + 1) * size);
    if (moved == NULL) {
        return false;
    }
    *list = moved;
    memcpy((char *)moved + (*n)++ * size, element, size);
    return true;
}

/* Find the end of one address: a comma, or a closing bracket whose opening one stands
 * before the address. Returns its size. */
static size_t
address(scanner *s, const char **start)
{
    bool bracketed = false;
    skip_spaces(s);
    *start = s->at;
    for (; s->at < s->end; s->at++) {
        if (*s->at == '[') {
            bracketed = true;
        }
        else if (*s->at == ']' && bracketed) {
            bracketed = false;
        }
        else if (*s->at == ']' || *s->at == ',') {
            break;
        }
    }
    return (size_t)(s->at - *start);
}

/* Parse [host,...] of one peer. */
static asc_status
parse_hosts(asc_peer *peer, scanner *s, uint16_t default_port, asc_error *err)
{
    if (!accept(s, '[')) {
        return asc_error_set(err, ASC_ERR_CLIENT,
                             "peers: a list of addresses is missing");
    }
    while (!accept(s, ']')) {
        const char *start;
        size_t size = address(s, &start);
        asc_peer_host host;
        if (!asc_host_parse(&host, start, size, default_port)) {
            asc_error_set(err, ASC_ERR_CLIENT, "peers: bad address ");
            asc_error_append_text(err, start, size < 80 ? size : 80);
            return err->code;
        }
        if (!append((void **)&peer->hosts, &peer->n_hosts, ASC_MAX_PEER_HOSTS, &host,
                    sizeof host)) {
            return asc_error_set(err, ASC_ERR_NOMEM, "peers");
        }
        accept(s, ',');
    }
    return ASC_OK;
}

/* Parse [name,tls_name,[host,...]]. The caller frees the hosts even when this fails. */
static asc_status
parse_peer(asc_peer *peer, scanner *s, uint16_t default_port, asc_error *err)
{
    const char *name, *tls_name;
    size_t len = accept(s, '[') ? word(s, ",]", &name) : 0;
    if (len == 0 || len >= sizeof peer->name || !accept(s, ',')) {
        return asc_error_set(err, ASC_ERR_CLIENT, "peers: a node's name is missing");
    }
    memcpy(peer->name, name, len);
    len = word(s, ",]", &tls_name);
    if (len >= sizeof peer->tls_name) {
        return asc_error_set(err, ASC_ERR_CLIENT,
                             "peers: the TLS name of node %s is too long", peer->name);
    }
    memcpy(peer->tls_name, tls_name, len);
    if (!accept(s, ',')) {
        return asc_error_set(err, ASC_ERR_CLIENT, "peers: node %s has no addresses",
                             peer->name);
    }
    asc_status rc = parse_hosts(peer, s, default_port, err);
    if (rc == ASC_OK && !accept(s, ']')) {
        rc = asc_error_set(err, ASC_ERR_CLIENT, "peers: node %s is not closed",
                           peer->name);
    }
    return rc;
}

asc_status
asc_peers_parse(asc_peers *out, const char *text, size_t size, asc_error *err)
{
    scanner s = {text, text + size};
    asc_peers peers = {0};
    int64_t port = 0;
    asc_status rc = ASC_OK;
    if (!number(&s, UINT32_MAX, &peers.generation) || !accept(&s, ',')) {
        return asc_error_set(err, ASC_ERR_CLIENT, "peers: the generation is missing");
    }
    /* The port may be left out. */
    if ((!number(&s, UINT16_MAX, &port) && port != 0) || !accept(&s, ',') ||
        !accept(&s, '[')) {
        return asc_error_set(err, ASC_ERR_CLIENT, "peers: the list is missing");
    }
    port = port == 0 ? 3000 : port;
    while (rc == ASC_OK && !accept(&s, ']')) {
        asc_peer peer = {0};
        size_t n = peers.n;
        rc = parse_peer(&peer, &s, (uint16_t)port, err);
        if (rc == ASC_OK && !append((void **)&peers.list, &peers.n, ASC_MAX_PEERS,
                                    &peer, sizeof peer)) {
            rc = asc_error_set(err, ASC_ERR_NOMEM, "peers");
        }
        if (peers.n == n) {
            /* The list has not taken the peer, so its hosts are still ours. */
            asc_free(peer.hosts);
        }
        accept(&s, ',');
    }
    if (rc != ASC_OK) {
        asc_peers_clear(&peers);
        return rc;
    }
    *out = peers;
    return ASC_OK;
}

void
asc_peers_clear(asc_peers *p)
{
    for (size_t i = 0; i < p->n; i++) {
        asc_free(p->list[i].hosts);
    }
    asc_free(p->list);
    *p = (asc_peers){0};
}
