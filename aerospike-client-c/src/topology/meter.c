/* Counters that threads add to without a lock. Meters and histograms are added to lists
 * by compare and exchange; nothing is taken out before the node is freed, so that
 * whoever has found one may use it for as long as it has the node. */
#include "topology/meter.h"

#include <stdio.h>
#include <string.h>

#include "asc/alloc.h"

#define RELAXED memory_order_relaxed

/* --- meters --- */

/* A meter that nobody else knows. NULL when memory is short. */
static asc_meter *
new_meter(const char *ns)
{
    asc_meter *m = asc_calloc(1, sizeof *m);
    if (m != NULL) {
        snprintf(m->ns, sizeof m->ns, "%s", ns);
    }
    return m;
}

/* The meter is put at the end of the list, which is looked at up to there: so no
 * namespace has two. */
asc_meter *
asc_meters_add(asc_meters *all, const char *ns)
{
    _Atomic(asc_meter *) *at = &all->first;
    asc_meter *fresh = NULL;
    for (;;) {
        asc_meter *m = atomic_load_explicit(at, memory_order_acquire);
        if (m != NULL && strcmp(m->ns, ns) == 0) {
            asc_free(fresh);
            return m;
        }
        if (m != NULL) {
            at = &m->next;
            continue;
        }
        fresh = fresh != NULL ? fresh : new_meter(ns);
        if (fresh == NULL || atomic_compare_exchange_strong(at, &m, fresh)) {
            return fresh;
        }
    }
}

void
asc_meters_clear(asc_meters *all)
{
    for (asc_meter *m = atomic_load(&all->first), *next; m != NULL; m = next) {
        asc_histograms *h = atomic_load(&m->histograms);
        for (asc_histograms *before; h != NULL; h = before) {
            before = h->before;
            asc_free(h);
        }
        next = atomic_load(&m->next);
        asc_free(m);
    }
    atomic_store(&all->first, NULL);
}

unsigned
asc_meters_count(const asc_meters *all)
{
    unsigned n = 0;
    for (const asc_meter *m = atomic_load(&all->first); m != NULL;
         m = atomic_load(&m->next)) {
        n++;
    }
    return n;
}

/* --- counting --- */

void
asc_meter_fail(asc_meter *m, asc_status code)
{
    if (code == ASC_ERR_TIMEOUT) {
        atomic_fetch_add_explicit(&m->timeouts, 1, RELAXED);
    }
    else if (code == ASC_ERR_RECORD_BUSY) {
        atomic_fetch_add_explicit(&m->key_busy, 1, RELAXED);
    }
    else {
        atomic_fetch_add_explicit(&m->errors, 1, RELAXED);
    }
}

/* --- histograms --- */

unsigned
asc_metering_columns(const asc_metering *how)
{
    return atomic_load_explicit(&how->shape, RELAXED) & 0xff;
}

/* Histograms with room for so many columns. Sizes are powers of 2, so that a program
 * that asks for more again and again leaves few that are too small. NULL when memory is
 * short. */
static asc_histograms *
grow(asc_meter *m, asc_histograms *before, unsigned n_columns)
{
    unsigned n = 8;
    while (n < n_columns) {
        n *= 2;
    }
    size_t n_counts = (size_t)ASC_METER_LANES * ASC_N_LATENCIES * n;
    asc_histograms *h = asc_calloc(1, sizeof *h + n_counts * sizeof h->counts[0]);
    if (h == NULL) {
        return NULL;
    }
    h->n_columns = n;
    h->before = before;
    if (!atomic_compare_exchange_strong(&m->histograms, &before, h)) {
        asc_free(h); /* another thread was faster */
        return before != NULL && before->n_columns >= n_columns ? before : NULL;
    }
    return h;
}

static size_t
index_of(const asc_histograms *h, unsigned lane, unsigned kind, unsigned column)
{
    return ((size_t)lane * ASC_N_LATENCIES + kind) * h->n_columns + column;
}

#define MS 1000000u /* nanoseconds */

/* The column of a time; the limits are 1 ms and its multiples by 2^shift. The number of
 * bits of the milliseconds that are full tells which limit is the first not passed. */
static unsigned
column_of(uint64_t took_ns, unsigned n_columns, unsigned shift)
{
    unsigned last = n_columns - 1;
    if (took_ns <= MS) {
        return 0;
    }
    if (shift == 0) {
        return last;
    }
    unsigned n_bits = 64 - (unsigned)__builtin_clzll((took_ns - 1) / MS);
    unsigned column = (n_bits + shift - 1) / shift;
    return column < last ? column : last;
}

/* Count a time for which the histograms are missing or too small. This stands apart for
 * the sake of small commands, which would have to save registers. */
static __attribute__((noinline)) void
grow_and_time(const asc_meters *all, asc_meter *m, unsigned lane, asc_latency kind,
              uint64_t took_ns, asc_histograms *before)
{
    if (grow(m, before, asc_metering_columns(all->how)) != NULL) {
        asc_meter_time(all, m, lane, kind, took_ns);
    }
}

void
asc_meter_time(const asc_meters *all, asc_meter *m, unsigned lane, asc_latency kind,
               uint64_t took_ns)
{
    unsigned shape = atomic_load_explicit(&all->how->shape, RELAXED);
    unsigned n_columns = shape & 0xff, shift = shape >> 8 & 0xff;
    asc_histograms *h = atomic_load_explicit(&m->histograms, memory_order_acquire);
    if (n_columns == 0 || kind == ASC_LATENCY_NONE) {
        return; /* metrics have just been disabled, or count no latencies */
    }
    if (h == NULL || h->n_columns < n_columns) {
        grow_and_time(all, m, lane, kind, took_ns, h);
        return;
    }
    size_t i = index_of(h, lane, kind, column_of(took_ns, n_columns, shift));
    atomic_fetch_add_explicit(&h->counts[i], 1, RELAXED);
}

void
asc_meters_restart(asc_meters *all)
{
    for (asc_meter *m = atomic_load(&all->first); m != NULL;
         m = atomic_load(&m->next)) {
        asc_histograms *h = atomic_load(&m->histograms);
        size_t n = h != NULL ? index_of(h, ASC_METER_LANES, 0, 0) : 0;
        for (size_t i = 0; i < n; i++) {
            atomic_store_explicit(&h->counts[i], 0, RELAXED);
        }
    }
}

void
asc_meter_read(const asc_meters *all, const asc_meter *m, asc_ns_stats *out)
{
    const asc_histograms *h = atomic_load(&m->histograms);
    unsigned n = all->how != NULL ? asc_metering_columns(all->how) : 0;
    memcpy(out->ns, m->ns, sizeof out->ns);
    out->errors = atomic_load_explicit(&m->errors, RELAXED);
    out->timeouts = atomic_load_explicit(&m->timeouts, RELAXED);
    out->key_busy = atomic_load_explicit(&m->key_busy, RELAXED);
    out->bytes_in = out->bytes_out = 0;
    for (unsigned kind = 0; kind < ASC_N_LATENCIES; kind++) {
        memset(out->latency[kind], 0, n * sizeof out->latency[kind][0]);
    }
    for (unsigned lane = 0; lane < ASC_METER_LANES; lane++) {
        out->bytes_in += atomic_load_explicit(&m->lanes[lane].bytes_in, RELAXED);
        out->bytes_out += atomic_load_explicit(&m->lanes[lane].bytes_out, RELAXED);
        for (unsigned kind = 0; h != NULL && kind < ASC_N_LATENCIES; kind++) {
            for (unsigned i = 0; i < n && i < h->n_columns; i++) {
                out->latency[kind][i] += atomic_load_explicit(
                    &h->counts[index_of(h, lane, kind, i)], RELAXED);
            }
        }
    }
}
