/* cluster/cluster.h -- what commands may see of a cluster. */
#ifndef ASC_CLUSTER_CLUSTER_H
#define ASC_CLUSTER_CLUSTER_H

#include "asc/cluster.h"
#include "base/spares.h"
#include "topology/drain.h"
#include "topology/snapshot.h"

/* Take the snapshot in force, counted once for the caller. The first call after a fork
 * drops what the cluster has inherited, and starts a tend thread of its own. */
asc_snapshot *asc_cluster_snapshot(asc_cluster *c);

/* Look at the snapshot in force without counting it, as briefly as base/readers.h asks
 * for; it stays until asc_cluster_look_away() in the same thread. A fork is noticed as
 * above. */
const asc_snapshot *asc_cluster_look(asc_cluster *c);
void asc_cluster_look_away(asc_cluster *c);

/* Has somebody closed the cluster? Requests are refused from then on. */
bool asc_cluster_is_closed(asc_cluster *c);

/* Let the next cycle of tending begin soon: a node wants a login. */
void asc_cluster_hurry(asc_cluster *c);

/* Let a tend thread that sleeps for long see to what a command leaves to it: an error
 * was counted against a node, or a reply comes late. */
void asc_cluster_rouse(asc_cluster *c);

/* How many nodes a set may ask side by side; 0: any number. */
uint32_t asc_cluster_at_once(const asc_cluster *c);

/* What ended batches have left, for those that come. */
asc_spares *asc_cluster_batches(asc_cluster *c);

/* Count a command, which is one however many nodes it goes to, if that is measured; and
 * an attempt that repeats one. */
void asc_cluster_count_command(asc_cluster *c);
void asc_cluster_count_retry(asc_cluster *c);

/* Where connections go whose request has timed out. */
asc_drain *asc_cluster_drain(asc_cluster *c);

#endif
