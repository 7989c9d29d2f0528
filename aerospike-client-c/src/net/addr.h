/* net/addr.h -- socket addresses and their text. */
#ifndef ASC_NET_ADDR_H
#define ASC_NET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "asc/config.h"
#include "asc/error.h"

/* Bytes of numeric text, with the terminating NUL. */
#define ASC_ADDR_IP_SIZE 56

/* An address with its port and its text. */
typedef struct asc_addr {
    struct sockaddr_storage sa;
    socklen_t sa_size;
    uint16_t port;
    char ip[ASC_ADDR_IP_SIZE];      /* "127.0.0.1", "2001:db8::1" */
    char text[ASC_ERROR_HOST_SIZE]; /* "127.0.0.1:3000", "[2001:db8::1]:3000" */
    /* What the certificate of the node there must be made out to; "": unknown. The
     * functions below leave it empty. */
    char tls_name[ASC_TLS_NAME_SIZE];
} asc_addr;

/* Make an address of numeric text. False when the text is not numeric: it may be a
 * name. Never blocks. */
bool asc_addr_literal(asc_addr *out, const char *text, uint16_t port);

/* Copy the addresses out of a list of the system's resolver, in its order. On ASC_OK
 * *out has *n entries, at least 1, and is the caller's, to be freed with asc_free.
 * ASC_ERR_CLIENT when the list has no address of a kind that we can use,
 * ASC_ERR_NOMEM. */
struct addrinfo;
asc_status asc_addr_list(asc_addr **out, size_t *n, const struct addrinfo *found,
                         uint16_t port, asc_error *err);

/* Do they stand for the same address and port? */
bool asc_addr_equal(const asc_addr *a, const asc_addr *b);

#endif
