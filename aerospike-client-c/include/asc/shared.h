/* asc/shared.h -- one cluster for all who ask for the same: the same hosts, user, TLS
 * and settings. */
#ifndef ASC_SHARED_H
#define ASC_SHARED_H

#include "asc/cluster.h"

/* As asc_cluster_create, but a cluster of this process that was opened so with an equal
 * configuration, and is not closed yet, is opened once more. When another thread is
 * making it, this one waits for the outcome, which is then its own as well. With
 * fail_if_not_connected it fails, too, when no node of a shared cluster answers
 * (ASC_ERR_CONNECTION). On ASC_OK *out is counted once, for the caller. */
asc_status asc_shared_open(asc_cluster **out, const asc_config *config, asc_error *err);

/* Close a cluster once for each time that it was opened: the last one closes it. A
 * cluster of asc_cluster_create is closed at once. The caller's count is not
 * dropped. */
void asc_shared_close(asc_cluster *c);

#endif
