/* asc/watch.h -- who is told each time that the nodes of a cluster were looked at. */
#ifndef ASC_WATCH_H
#define ASC_WATCH_H

typedef struct asc_cluster_stats asc_cluster_stats; /* asc/stats.h */

typedef struct asc_tend_watch {
    /* Called by the tend thread at the end of each cycle; stats is borrowed. */
    void (*tended)(void *self, const asc_cluster_stats *stats);
    /* Called once, by any thread, when nobody will call the other one any more. */
    void (*release)(void *self);
    void *self;
    const void *name; /* what asc_cluster_end_watch() is told; it may be self */
} asc_tend_watch;

#endif
