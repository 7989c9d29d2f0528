/* topology/drain.h -- connections whose command timed out before its reply came. The
 * tend thread reads the late reply, throws it away and gives the connection back to
 * its pool, which is cheaper than a new connection. Thread-safe. */
#ifndef ASC_TOPOLOGY_DRAIN_H
#define ASC_TOPOLOGY_DRAIN_H

#include <pthread.h>

#include "topology/node.h"

typedef struct asc_drain_item asc_drain_item;

/* The list of those connections. */
typedef struct asc_drain {
    pthread_mutex_t lock;
    asc_drain_item *first; /* owned */
    unsigned cycle;        /* of asc_drain_run */
} asc_drain;

/* An empty list. */
void asc_drain_init(asc_drain *d);

/* What is still to be read from a connection before it can be used again. */
typedef struct asc_drain_rest {
    const uint8_t *frame; /* borrowed: what has come of the frame; NULL: nothing */
    size_t size;
    uint64_t missing; /* bytes of the frame still to come, once its header is there */
    bool many;        /* more frames follow, until one begins with a last message */
} asc_drain_rest;

/* Take over a connection that node's pool has lent. It is closed when its reply has not
 * ended by deadline_ms, or at once when memory is short. */
void asc_drain_add(asc_drain *d, asc_node *node, asc_conn *conn,
                   const asc_drain_rest *rest, uint64_t deadline_ms);

/* Read what has come, without waiting. Connections whose reply has ended go back to
 * their pools; those whose time is up are closed. */
void asc_drain_run(asc_drain *d, uint64_t now_ms);

/* Is there no connection in the list? */
bool asc_drain_is_empty(asc_drain *d);

/* How many connections are in the list. */
uint32_t asc_drain_count(asc_drain *d);

/* Make room in a full pool for a command: close the connection of node whose time for a
 * late reply is up first. False: node has none here. */
bool asc_drain_make_room(asc_drain *d, const asc_node *node);

/* Close them all. */
void asc_drain_clear(asc_drain *d);

/* In the child of a fork: forget all connections, whose sockets were closed with their
 * pools. */
void asc_drain_after_fork(asc_drain *d);

#endif
