/* cluster/tend.h -- keeping the view of the cluster up to date. */
#ifndef ASC_CLUSTER_TEND_H
#define ASC_CLUSTER_TEND_H

#include "cluster/state.h"

/* How long a cycle may take. */
uint32_t asc_tend_limit_ms(const asc_cluster *c);

/* Run one tend cycle: look at every node once, and swap in a new snapshot when
 * something has changed. It takes limit_ms at most, and only one caller may be in it at
 * a time: the constructor, then the tend thread. An error comes from looking for seeds,
 * which happens while no node is known. */
asc_status asc_tend_cycle(asc_cluster *c, uint32_t limit_ms, asc_error *err);

/* Start the tend thread, which runs a cycle in every tend interval. */
asc_status asc_tend_start(asc_cluster *c, asc_error *err);

/* End the tend thread, where there is one, of a cluster that is marked as closed, and
 * close idle connections. It waits a second at most for the thread, and not at all when
 * it is called on that thread. A thread that is left behind holds a count, and does the
 * rest when it ends. */
void asc_tend_stop(asc_cluster *c);

/* Open what is kept ready of connections, and wait for it, until ends_ms at the latest.
 * Only before the thread starts. */
void asc_tend_warm(asc_cluster *c, uint64_t ends_ms);

#endif
