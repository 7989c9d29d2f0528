#include "net/addr.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "asc/alloc.h"

static void
addr_set(asc_addr *a, const struct sockaddr *sa, socklen_t size, uint16_t port)
{
    memset(a, 0, sizeof *a);
    memcpy(&a->sa, sa, size);
    a->sa_size = size;
    a->port = port;
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a->sa;
        v6->sin6_port = htons(port);
        inet_ntop(AF_INET6, &v6->sin6_addr, a->ip, sizeof a->ip);
        snprintf(a->text, sizeof a->text, "[%s]:%u", a->ip, port);
    }
    else {
        struct sockaddr_in *v4 = (struct sockaddr_in *)&a->sa;
        v4->sin_port = htons(port);
        inet_ntop(AF_INET, &v4->sin_addr, a->ip, sizeof a->ip);
        snprintf(a->text, sizeof a->text, "%s:%u", a->ip, port);
    }
}

static bool
usable(const struct addrinfo *i)
{
    return (i->ai_family == AF_INET || i->ai_family == AF_INET6) &&
           i->ai_addrlen <= sizeof(struct sockaddr_storage);
}

asc_status
asc_addr_resolve(asc_addr **out, size_t *n, const char *host, uint16_t port,
                 asc_error *err)
{
    err->phase = ASC_PHASE_RESOLVE;
    snprintf(err->host, sizeof err->host, "%.50s:%u", host, port);
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(host, NULL, &hints, &found);
    size_t count = 0;
    for (struct addrinfo *i = found; rc == 0 && i != NULL; i = i->ai_next) {
        count += usable(i);
    }
    if (count == 0) {
        if (found != NULL) {
            freeaddrinfo(found);
        }
        return asc_error_set(err, ASC_ERR_CLIENT, "host name \"%s\" has no address: %s",
                             host, rc != 0 ? gai_strerror(rc) : "none found");
    }
    asc_addr *list = asc_malloc(count * sizeof *list);
    if (list == NULL) {
        freeaddrinfo(found);
        return asc_error_set(err, ASC_ERR_NOMEM, "addresses of %s", host);
    }
    size_t at = 0;
    for (struct addrinfo *i = found; i != NULL; i = i->ai_next) {
        if (usable(i)) {
            addr_set(&list[at++], i->ai_addr, i->ai_addrlen, port);
        }
    }
    freeaddrinfo(found);
    err->phase = ASC_PHASE_NONE;
    err->host[0] = '\0';
    *out = list;
    *n = count;
    return ASC_OK;
}

bool
asc_addr_equal(const asc_addr *a, const asc_addr *b)
{
    return strcmp(a->text, b->text) == 0;
}
