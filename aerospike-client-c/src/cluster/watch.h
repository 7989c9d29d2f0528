/* cluster/watch.h -- the list of those who are told of each cycle of tending. */
#ifndef ASC_CLUSTER_WATCH_H
#define ASC_CLUSTER_WATCH_H

#include <pthread.h>

#include "asc/watch.h"
#include "topology/node.h"

typedef struct asc_watcher asc_watcher;

/* The list, and what they will hear of. Zeroed but for the lock, it is empty. */
typedef struct asc_watchers {
    pthread_mutex_t lock;
    asc_watcher *first; /* owned; guarded by lock */
    /* The tender's own: counted, owned array of nodes removed in this cycle. */
    asc_node **gone;
    size_t n_gone;
} asc_watchers;

void asc_watchers_init(asc_watchers *l);

/* Put somebody into the list, or take him out, as asc/metrics.h says. */
asc_status
asc_watchers_add(asc_watchers *l, const asc_tend_watch *watch, asc_error *err);
bool asc_watchers_end(asc_watchers *l, const void *name);

/* Is there anybody? */
bool asc_watchers_are_there(asc_watchers *l);

/* Tell all. */
void asc_watchers_tell(asc_watchers *l, const asc_cluster_stats *stats);

/* Keep a node that is removed in this cycle, if there is anybody, so that its counters
 * can still be told. And forget those. */
void asc_watchers_note_gone(asc_watchers *l, asc_node *n);
void asc_watchers_forget_gone(asc_watchers *l);

/* In the child of a fork: whoever was being told in the parent is not there, nor is
 * what the tender owned. */
void asc_watchers_after_fork(asc_watchers *l);

/* Take all out; nobody else uses the list any more. */
void asc_watchers_clear(asc_watchers *l);

#endif
