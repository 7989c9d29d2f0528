/* asc/meter.h -- what is counted of the commands to one node, for each namespace.
 *
 * Failures are always counted, since they are rare and cost enough as it is. Bytes and
 * latencies are counted while metrics are enabled (asc/metrics.h). */
#ifndef ASC_METER_H
#define ASC_METER_H

#include <stdint.h>

/* Kinds of latencies, each with a histogram. */
typedef enum asc_latency {
    ASC_LATENCY_CONN, /* from the start of a connection until it is of use */
    ASC_LATENCY_WRITE,
    ASC_LATENCY_READ,
    ASC_LATENCY_BATCH, /* the part of a batch that goes to one node */
    ASC_LATENCY_QUERY, /* likewise of a query, until its last record was taken */
    ASC_N_LATENCIES,
    ASC_LATENCY_NONE = ASC_N_LATENCIES, /* info commands: nothing but bytes */
} asc_latency;

/* The largest number of columns of a histogram. */
#define ASC_MAX_COLUMNS 255u

#define ASC_METER_NAME_SIZE 32u

/* What was counted for one namespace at one node, since the node was found. */
typedef struct asc_ns_stats {
    char ns[ASC_METER_NAME_SIZE]; /* "": what belongs to no single namespace: batches,
                                     info commands, tending */
    uint64_t errors; /* attempts that failed, but for those of the next two; that a
                        record is not there is no failure */
    uint64_t timeouts;
    uint64_t key_busy;
    uint64_t bytes_in, bytes_out;
    /* So many commands took a time of a column. Column 0: up to 1 ms; column i: more
     * than column i - 1, up to 2^(shift * i) ms; the last one: any longer time. */
    uint64_t latency[ASC_N_LATENCIES][ASC_MAX_COLUMNS];
} asc_ns_stats;

#endif
