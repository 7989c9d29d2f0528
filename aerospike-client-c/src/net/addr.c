/* Socket addresses, each with its text, which errors and log lines need long after the
 * address was made. Only numeric text becomes an address here; names take a lookup
 * (net/lookup.h). */
#include "net/addr.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "asc/alloc.h"

/* Fill in the port and both texts, whatever the resolver has left in them. */
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

/* The resolver may know other families, and addresses that are longer than we can
 * keep. */
static bool
usable(const struct addrinfo *i)
{
    return (i->ai_family == AF_INET || i->ai_family == AF_INET6) &&
           i->ai_addrlen <= sizeof(struct sockaddr_storage);
}

/* The order of the resolver is kept, since it is the system's preference. */
asc_status
asc_addr_list(asc_addr **out, size_t *n, const struct addrinfo *found, uint16_t port,
              asc_error *err)
{
    size_t count = 0, at = 0;
    for (const struct addrinfo *i = found; i != NULL; i = i->ai_next) {
        count += usable(i);
    }
    asc_addr *list = count > 0 ? asc_malloc(count * sizeof *list) : NULL;
    if (list == NULL) {
        return count == 0 ? asc_error_set(err, ASC_ERR_CLIENT,
                                          "the host name has no address: none found")
                          : asc_error_set(err, ASC_ERR_NOMEM, "addresses");
    }
    for (const struct addrinfo *i = found; i != NULL; i = i->ai_next) {
        if (usable(i)) {
            addr_set(&list[at++], i->ai_addr, i->ai_addrlen, port);
        }
    }
    err->phase = ASC_PHASE_NONE;
    err->host[0] = '\0';
    *out = list;
    *n = count;
    return ASC_OK;
}

/* AI_NUMERICHOST keeps getaddrinfo() from asking anybody, so that this never blocks. */
bool
asc_addr_literal(asc_addr *out, const char *text, uint16_t port)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    bool good = getaddrinfo(text, NULL, &hints, &found) == 0 && usable(found);
    if (good) {
        addr_set(out, found->ai_addr, found->ai_addrlen, port);
    }
    if (found != NULL) {
        freeaddrinfo(found);
    }
    return good;
}

/* The texts are compared, not the bytes: structures of the system have padding. */
bool
asc_addr_equal(const asc_addr *a, const asc_addr *b)
{
    return strcmp(a->text, b->text) == 0;
}
