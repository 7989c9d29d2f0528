/* cluster/tend.h -- keeping the view of the cluster up to date. */
#ifndef ASC_CLUSTER_TEND_H
#define ASC_CLUSTER_TEND_H

#include "cluster/state.h"

/* Look at every node once and swap in a new snapshot when something has changed. Only
 * one caller at a time: the constructor, then the tend thread. The error is that of
 * seeding, which is tried while no node is known. */
asc_status asc_tend_cycle(asc_cluster *c, asc_error *err);

/* Start and stop the thread that does so every tend interval. stop waits for it. */
asc_status asc_tend_start(asc_cluster *c, asc_error *err);
void asc_tend_stop(asc_cluster *c);

#endif
