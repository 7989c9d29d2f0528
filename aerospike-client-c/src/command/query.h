/* command/query.h -- what a test calls to run a query at times that it makes up. */
#ifndef ASC_COMMAND_QUERY_H
#define ASC_COMMAND_QUERY_H

#include "asc/query.h"

/* asc_query_begin and asc_query_round, at a time. */
void asc_query_begin_at(asc_query *q, asc_cluster *cluster, asc_tracker *tracker,
                        const asc_query_options *options, uint64_t now_ms);
asc_status asc_query_round_at(asc_query *q, uint64_t now_ms, asc_error *err);

#endif
