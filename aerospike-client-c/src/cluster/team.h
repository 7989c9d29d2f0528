/* cluster/team.h -- tending as a team: what a cluster does with the shared memory, by
 * which several processes tend it together, if its configuration asks for that. */
#ifndef ASC_CLUSTER_TEAM_H
#define ASC_CLUSTER_TEAM_H

#include "cluster/state.h"

/* Open the shared memory of a new cluster, one of whose cycles may take cycle_ms.
 * ASC_OK where nothing is shared. */
asc_status asc_team_begin(asc_cluster *c, uint32_t cycle_ms, asc_error *err);

/* Do the whole cycle of a process that reads what another one says: have its nodes and
 * maps, and log in where that is due. *status and err tell what went wrong. False when
 * this process must ask the nodes: nothing is shared, or it is the one that tends,
 * which it may have become just now. */
bool asc_team_cycle(asc_cluster *c, asc_status *status, asc_error *err);

/* Before a rest: where another process tends, and here is nothing to be done, sleep for
 * longer than an interval. The sleep ends when the tender says something new, and with
 * asc_state_hurry, asc_state_rouse and asc_cluster_close. False: it has not slept. */
bool asc_team_doze(asc_cluster *c);

/* At a start that has found no map yet, after a cycle that ended with rc: is another
 * process to be waited for? If so, this waits for a moment. */
bool asc_team_waits(asc_cluster *c, asc_status rc);

/* As the tender, let the others have the nodes and maps, after they have changed. */
void asc_team_publish(asc_cluster *c);

/* As the tender, at the end of a cycle: say that this process is at work. */
void asc_team_give_sign(asc_cluster *c);

#endif
