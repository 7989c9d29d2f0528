/* net/lookup.h -- look host names up without waiting for it. The system's resolver
 * blocks for as long as the system is set to, often ten seconds and more, and cannot be
 * interrupted. So each name is looked up by a thread of its own, which the caller may
 * leave behind. */
#ifndef ASC_NET_LOOKUP_H
#define ASC_NET_LOOKUP_H

#include "net/addr.h"

/* Threads in the whole process, those left behind included. */
#define ASC_MAX_LOOKUPS 32

typedef struct asc_lookup asc_lookup;

/* Begin to look a name up. On ASC_OK *out is the caller's, or NULL when ASC_MAX_LOOKUPS
 * are under way, which costs next to nothing: the caller may try again. ASC_ERR_CLIENT
 * when the name is too long or there is no thread, ASC_ERR_NOMEM. */
asc_status
asc_lookup_start(asc_lookup **out, const char *host, uint16_t port, asc_error *err);

/* A descriptor that becomes readable when the lookup has ended. It is the lookup's. */
int asc_lookup_fd(const asc_lookup *l);

/* Take the result of a lookup that has ended: all addresses in the resolver's order. On
 * ASC_OK *out has *n entries, at least 1, and is the caller's, to be freed with
 * asc_free. ASC_ERR_CLIENT when the name has no address, ASC_ERR_NOMEM. */
asc_status asc_lookup_take(asc_lookup *l, asc_addr **out, size_t *n, asc_error *err);

/* Free a lookup, whether it has ended or not; a thread that still runs is left behind
 * and frees the rest itself. Never waits. NULL is fine. */
void asc_lookup_free(asc_lookup *l);

/* Tests: choose what looks names up in place of the system's getaddrinfo(), which NULL
 * brings back. */
struct addrinfo;
typedef int (*asc_resolver)(const char *host, const char *service,
                            const struct addrinfo *hints, struct addrinfo **out);
void asc_lookup_set_resolver(asc_resolver resolver);

#endif
