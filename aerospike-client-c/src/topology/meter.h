/* topology/meter.h -- the counters of a node, one meter for each namespace. Any thread
 * counts, and none of them waits: the counters of bytes and latencies lie in several
 * lanes, which are summed when they are read. */
#ifndef ASC_TOPOLOGY_METER_H
#define ASC_TOPOLOGY_METER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "asc/meter.h"
#include "asc/places.h"
#include "asc/status.h"

#define ASC_METER_LANES 16u

/* What all nodes of a cluster have in common: whether to measure, and how. Zeroed,
 * nothing is measured. */
typedef struct asc_metering {
    atomic_uint shape; /* ASC_METERING_ON, columns, and shift << 8; or 0 */
    union {
        _Atomic uint64_t commands;
        char line[ASC_LINE_SIZE];
    } lanes[ASC_METER_LANES];
} asc_metering;

#define ASC_METERING_ON (1u << 16)

/* The counters of latencies, for so many columns. */
typedef struct asc_histograms {
    struct asc_histograms *before; /* owned: smaller ones; a thread may still count in
                                      them */
    unsigned n_columns;
    _Atomic uint64_t counts[]; /* by lane, kind, column */
} asc_histograms;

/* One namespace. A meter stays until its node is freed. */
typedef struct asc_meter {
    _Atomic(struct asc_meter *) next; /* owned */
    char ns[ASC_METER_NAME_SIZE];     /* filled up with zeroes */
    _Atomic uint64_t errors, timeouts, key_busy;
    _Atomic(asc_histograms *) histograms; /* owned; NULL until something is measured */
    union {
        struct {
            _Atomic uint64_t bytes_in, bytes_out;
        };
        char line[ASC_LINE_SIZE];
    } lanes[ASC_METER_LANES];
} asc_meter;

/* The meters of a node. Zeroed, there is none. */
typedef struct asc_meters {
    asc_metering *how; /* borrowed from the cluster; NULL: nothing is measured */
    _Atomic(asc_meter *) first; /* owned */
} asc_meters;

/* The lane of this thread. Any thread may count in any lane, so that one that was found
 * may be kept for several counts. */
static inline unsigned
asc_meter_lane(void)
{
    return asc_own_place(ASC_METER_LANES);
}

/* Is anything to be measured? */
static inline bool
asc_meters_are_on(const asc_meters *m)
{
    return m->how != NULL &&
           atomic_load_explicit(&m->how->shape, memory_order_relaxed) != 0;
}

/* Count a command, which is one however many nodes it goes to. */
static inline void
asc_metering_count(asc_metering *how, unsigned lane)
{
    atomic_fetch_add_explicit(&how->lanes[lane].commands, 1, memory_order_relaxed);
}

/* The meter of a namespace, which is made when there is none. NULL: memory is short,
 * and nothing is counted. */
asc_meter *asc_meters_add(asc_meters *m, const char *ns);

/* The same, by a name in a field of ASC_METER_NAME_SIZE bytes whose rest is zeroes, as
 * in partition maps: whole fields are compared, in few instructions and without a
 * call. */
static inline asc_meter *
asc_meters_find(asc_meters *all, const char field[static ASC_METER_NAME_SIZE])
{
    asc_meter *m = atomic_load_explicit(&all->first, memory_order_acquire);
    for (; m != NULL; m = atomic_load_explicit(&m->next, memory_order_acquire)) {
        if (memcmp(m->ns, field, sizeof m->ns) == 0) {
            return m;
        }
    }
    return asc_meters_add(all, field);
}

/* Count a failure by its code. */
void asc_meter_fail(asc_meter *m, asc_status code);

/* Count bytes. */
static inline void
asc_meter_move(asc_meter *m, unsigned lane, uint64_t in, uint64_t out)
{
    atomic_fetch_add_explicit(&m->lanes[lane].bytes_in, in, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->lanes[lane].bytes_out, out, memory_order_relaxed);
}

/* Count what took so many nanoseconds; ASC_LATENCY_NONE is not counted. */
void asc_meter_time(const asc_meters *all, asc_meter *m, unsigned lane,
                    asc_latency kind, uint64_t took_ns);

/* Set all histograms of a node to 0. What is counted meanwhile may be lost. */
void asc_meters_restart(asc_meters *m);

/* How many meters there are, and what one of them has counted; columns above the number
 * in force are left as they are. */
unsigned asc_meters_count(const asc_meters *m);
void asc_meter_read(const asc_meters *all, const asc_meter *m, asc_ns_stats *out);

/* How many columns histograms have. */
unsigned asc_metering_columns(const asc_metering *how);

/* Free all; nobody counts any more. */
void asc_meters_clear(asc_meters *m);

#endif
