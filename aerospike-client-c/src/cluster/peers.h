/* cluster/peers.h -- the list of a node's peers, as the peers-... info commands
 * give it: generation,default_port,[[name,tls_name,[host:port,...]],...]. */
#ifndef ASC_CLUSTER_PEERS_H
#define ASC_CLUSTER_PEERS_H

#include "asc/config.h"
#include "asc/error.h"

/* Bytes of a host name, with the terminating NUL. */
#define ASC_HOST_NAME_SIZE 256
#define ASC_MAX_PEERS 1024u   /* of a list; further ones are left out */
#define ASC_MAX_PEER_HOSTS 8u /* of a peer, likewise */

/* One address of a peer: a name or numeric text. */
typedef struct asc_peer_host {
    char name[ASC_HOST_NAME_SIZE];
    uint16_t port;
} asc_peer_host;

/* A node that another one names. */
typedef struct asc_peer {
    char name[ASC_NODE_NAME_SIZE];
    char tls_name[ASC_TLS_NAME_SIZE]; /* "": none */
    asc_peer_host *hosts;             /* owned */
    size_t n_hosts;
} asc_peer;

/* The list of one node. */
typedef struct asc_peers {
    int64_t generation;
    asc_peer *list; /* owned */
    size_t n;
} asc_peers;

/* Parse text[0..size). ASC_ERR_CLIENT with err set when it is malformed; *out is then
 * empty. Spaces between the parts are allowed. */
asc_status
asc_peers_parse(asc_peers *out, const char *text, size_t size, asc_error *err);

/* Free the list; it is empty afterwards. */
void asc_peers_clear(asc_peers *p);

/* Split "host", "host:port" or "[v6]:port" at text[0..size); without a port the result
 * has default_port. False when the text is malformed. */
bool asc_host_parse(asc_peer_host *out, const char *text, size_t size,
                    uint16_t default_port);

#endif
