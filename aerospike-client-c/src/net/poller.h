/* net/poller.h -- which of many descriptors are ready, by one descriptor that is itself
 * readable when one of them is: epoll with a timerfd, or a kqueue. Nothing here
 * waits. */
#ifndef ASC_NET_POLLER_H
#define ASC_NET_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asc/error.h"

/* What a descriptor is watched for. */
enum { ASC_WATCH_READ = 1, ASC_WATCH_WRITE = 2 };

/* One descriptor that is watched; it lies in whatever owns the descriptor. */
typedef struct asc_watch {
    int fd;          /* borrowed; of no meaning while events is 0 */
    unsigned events; /* ASC_WATCH_...; 0: it is not watched */
    int kind;        /* the owner's */
} asc_watch;

/* All that one loop watches. */
typedef struct asc_poller {
    int fd;            /* owned; -1: there is none, and watching does nothing */
    int timer_fd;      /* owned; -1 with kqueue, which has a timer of its own */
    uint64_t alarm_ms; /* what the timer is set to; ASC_FOREVER: it is not */
} asc_poller;

/* Open it. ASC_ERR_CLIENT when the system has no descriptor. */
asc_status asc_poller_open(asc_poller *p, asc_error *err);

/* Close it. This may be called in the child of a fork, for its copy, and twice. */
void asc_poller_close(asc_poller *p);

/* Watch a descriptor for these events and no others; with 0 it is watched no more,
 * which cannot fail and must be done before the descriptor is closed or somebody else
 * gets it. False, with errno set: the system cannot watch it. */
bool asc_poller_watch(asc_poller *p, asc_watch *w, int fd, unsigned events);

/* Fill in up to max of those that are ready, and return how many they are. A watch
 * may come twice. */
size_t asc_poller_look(asc_poller *p, asc_watch **ready, size_t max);

/* Let the poller's descriptor become readable at that moment, and not before it for the
 * sake of a moment that has passed. */
void asc_poller_alarm(asc_poller *p, uint64_t at_ms, uint64_t now_ms);

#endif
