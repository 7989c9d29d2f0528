/* net/addr.h -- socket addresses and their text. */
#ifndef ASC_NET_ADDR_H
#define ASC_NET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "asc/error.h"

#define ASC_ADDR_IP_SIZE 56

typedef struct asc_addr {
    struct sockaddr_storage sa;
    socklen_t sa_size;
    uint16_t port;
    char ip[ASC_ADDR_IP_SIZE];      /* "127.0.0.1", "2001:db8::1" */
    char text[ASC_ERROR_HOST_SIZE]; /* "127.0.0.1:3000", "[2001:db8::1]:3000" */
} asc_addr;

/* All addresses of host, in the resolver's order; a literal is not looked up. Blocks
 * while the resolver does. On ASC_OK *out (count *n, at least 1) is the caller's, to
 * be freed with asc_free. ASC_ERR_CLIENT when the name has no address. */
asc_status asc_addr_resolve(asc_addr **out, size_t *n, const char *host, uint16_t port,
                            asc_error *err);

bool asc_addr_equal(const asc_addr *a, const asc_addr *b);

#endif
