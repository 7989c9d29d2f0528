/* asc/stats.h -- what a cluster has counted. */
#ifndef ASC_STATS_H
#define ASC_STATS_H

#include <stdbool.h>
#include <stddef.h>

#include "asc/config.h"
#include "asc/meter.h"
#include "asc/watch.h"

/* One node. The counts begin when the node is found; in the child of a fork those of
 * connections begin anew. */
typedef struct asc_node_stats {
    char name[ASC_NODE_NAME_SIZE];
    char address[56]; /* numeric */
    uint16_t port;
    bool is_gone; /* it has been removed from the cluster */
    /* Connections that calls use at the moment, and those that are idle. */
    uint32_t in_use, in_pool;
    /* Opened and closed in all, that of tending included. */
    uint64_t opened, closed;
    /* Those that were kept after a timeout, because the late reply came in time, and
     * those that were closed since it did not. */
    uint64_t recovered, aborted;
    asc_ns_stats *namespaces;
    size_t n_namespaces;
} asc_node_stats;

/* A whole cluster. */
struct asc_cluster_stats {
    uint64_t n_commands;   /* while metrics were enabled; a batch or query is one */
    uint64_t n_retries;    /* attempts after the first of a command */
    uint32_t n_recovering; /* connections that wait for a late reply */
    uint32_t n_invalid;    /* peers that could not be reached in the last cycle */
    uint32_t n_columns;    /* of the histograms; 0 unless metrics are enabled */
    asc_node_stats *nodes; /* those of the cluster; behind them, in a watch, those that
                              were removed in this cycle */
    size_t n_nodes;
};

void asc_cluster_stats_free(asc_cluster_stats *s); /* NULL is fine */

#endif
