/* cluster/wake.h -- two connected sockets by which the tend thread and whoever closes
 * the cluster wake each other. Their descriptors cannot be trusted: an application that
 * closes all descriptors (daemons do) closes these, too, and may open others under the
 * same numbers. */
#ifndef ASC_CLUSTER_WAKE_H
#define ASC_CLUSTER_WAKE_H

#include <stdbool.h>
#include <sys/types.h>

#include "asc/error.h"

/* The pair of sockets, and how to recognise it. */
typedef struct asc_wake {
    int fds[2]; /* owned; -1: none */
    struct {    /* what fds were opened on */
        dev_t device;
        ino_t inode;
    } opened[2];
} asc_wake;

/* No sockets yet. */
#define ASC_WAKE_INIT                                                                  \
    {                                                                                  \
        .fds = { -1, -1 }                                                              \
    }

/* Open the pair. ASC_ERR_CLIENT when the system has none. */
asc_status asc_wake_open(asc_wake *w, asc_error *err);

/* Close those that are still our own. May be called twice, and in the child of a
 * fork. */
void asc_wake_close(asc_wake *w);

/* Are both still our own, and open? */
bool asc_wake_is_whole(const asc_wake *w);

/* Take what was written to the other end than this one. */
void asc_wake_take(const asc_wake *w, int end);

/* Write a byte to one end, 0 or 1, which wakes whoever waits at the other. A descriptor
 * that is not our own any more is left alone. */
void asc_wake_send(const asc_wake *w, int end);

#endif
