/* peer.h -- a small server on a real loopback socket, in a thread of its own: answers
 * the info requests of tending, lets anybody log in, keeps one record, and misbehaves
 * when it is told to.
 * Written against the protocol's pages, without the library's reader and writer. */
#ifndef PEER_H
#define PEER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What a record request gets. A batch, whose rows must be of the short kind (25 bytes
 * each), gets an empty reply for each row. */
typedef enum peer_mode {
    PEER_STORE,   /* its answer: writes keep the bins, reads give them back */
    PEER_SILENT,  /* nothing */
    PEER_HOLD,    /* its answer, once the mode is another */
    PEER_TRICKLE, /* one byte of the answer each 100 ms */
    PEER_HALF,    /* half the answer, then the connection is closed */
    PEER_HANG_UP, /* the connection is closed */
    PEER_GARBAGE, /* what no server of this protocol says */
} peer_mode;

typedef struct peer {
    uint16_t port;
    /* To be set at any time: */
    atomic_int mode;    /* peer_mode */
    atomic_bool deaf;   /* accepts connections, answers nothing at all */
    atomic_bool banner; /* says something before it is asked */
    /* To be looked at. n_cycles: how often clients have begun to tend the node;
     * n_unheard: what came while it was deaf. */
    atomic_uint n_accepted, n_cycles, n_requests, n_open, n_unheard;
    struct peer_state *state;
} peer;

/* Listen on some port. name is the node's name. Ends the program when it cannot. */
peer *peer_start(const char *name);
void peer_stop(peer *p); /* and free; NULL is fine */

/* The value that an info command is answered from now on; NULL: no answer to it. The
 * strings are borrowed for as long as the peer lives. */
void peer_answer(peer *p, const char *command, const char *value);

/* The value of "replicas" for namespace "test" in the columns of fake_replicas. */
void peer_owns(peer *p, const char *columns);

/* Count the partition generation up, so that clients read the map again. */
void peer_new_map(peer *p);

/* Close every connection on which a record request has come. */
void peer_close_connections(peer *p);

/* Off the network, connections and listening socket closed; and back, on its port. */
void peer_down(peer *p);
void peer_up(peer *p);

/* A port at which nobody listens, nor will while the program runs. */
uint16_t peer_free_port(void);

#endif
