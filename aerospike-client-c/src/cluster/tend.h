/* cluster/tend.h -- keeping the view of the cluster up to date. */
#ifndef ASC_CLUSTER_TEND_H
#define ASC_CLUSTER_TEND_H

#include "cluster/state.h"

/* The longest that a cycle takes. */
uint32_t asc_tend_limit_ms(const asc_cluster *c);

/* Look at every node once and swap in a new snapshot when something has changed. Takes
 * limit_ms at most. Only one caller at a time: the constructor, then the tend thread.
 * The error is that of seeding, which is tried while no node is known. */
asc_status asc_tend_cycle(asc_cluster *c, uint32_t limit_ms, asc_error *err);

/* Start the thread that does so every tend interval. */
asc_status asc_tend_start(asc_cluster *c, asc_error *err);

/* End the thread of a cluster that is marked as closed, where there is one, and close
 * idle connections. Waits for the thread, a second at most, and not on the thread
 * itself: a thread that is left holds a count, and does the rest when it ends. */
void asc_tend_stop(asc_cluster *c);

#endif
