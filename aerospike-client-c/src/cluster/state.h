/* cluster/state.h -- what a cluster consists of, and its life. Only cluster/ sees this;
 * commands use cluster/cluster.h. */
#ifndef ASC_CLUSTER_STATE_H
#define ASC_CLUSTER_STATE_H

#include <pthread.h>

#include "asc/config.h"
#include "asc/error.h"
#include "base/fork.h"
#include "base/readers.h"
#include "base/spares.h"
#include "topology/drain.h"
#include "topology/maps.h"
#include "topology/snapshot.h"
#include "cluster/shm.h"
#include "cluster/wake.h"
#include "cluster/watch.h"

/* A node that has given no answer in so many cycles in a row is not usable. */
#define ASC_MISSED_CYCLES 2u

/* How it stands with the tend thread. Whoever closes the cluster either sees the thread
 * end, or leaves it to end alone. */
typedef enum asc_tender {
    ASC_TENDER_NONE,    /* no thread, or it has been joined */
    ASC_TENDER_RUNNING, /* it uses the cluster, without a count on it */
    ASC_TENDER_ENDED,   /* it uses nothing any more, and is to be joined */
    ASC_TENDER_LEFT,    /* detached: it has a count, and winds up when it ends */
} asc_tender;

/* Everybody else knows the type from asc/cluster.h, which stands above. */
typedef struct asc_cluster asc_cluster;

/* What calls look at stands first. What they write to, each time or with some policies,
 * stands apart from it, behind what they seldom use: the lines of memory that all
 * threads read stay with all processors. */
struct asc_cluster {
    atomic_uint refs;
    atomic_bool closed;
    atomic_bool connected;        /* a node answers, as of the last cycle */
    asc_config config;            /* its strings and hosts are owned copies */
    _Atomic(asc_config *) wanted; /* owned: what the tender is to take from it; NULL:
                                     nothing */
    /* The info commands that list the peers of a node and its own addresses. There are
     * variants for each transport (that of logins counts), and for clients that reach
     * nodes by their alternate addresses only. */
    char peers_command[24], service_command[24];
    _Atomic(asc_snapshot *) snapshot; /* counted; never NULL */
    atomic_uint fork_count;           /* of the process in which the tend thread runs */
    asc_fork_watch at_fork;
    asc_drain drain;
    pthread_mutex_t lock;
    asc_readers readers; /* of the snapshot, who do not count it */
    atomic_uint turn;
    asc_snapshot *replaced; /* counted: those before it, at which some may look yet; the
                               tender's own */
    pthread_t thread;
    atomic_int tender; /* asc_tender */
    /* Guarded by lock while the thread runs. A byte sent by [1] ends its waiting; one
     * that the thread sends by [0] says that it has ended. */
    asc_wake wake;
    bool resting;        /* the thread waits for the next cycle; guarded by lock */
    bool dozing;         /* it sleeps until the bell of shm rings; guarded by lock */
    atomic_bool hurried; /* the next cycle is to begin soon */

    /* Owned by whoever tends: the constructor, then the tend thread. */
    asc_node **nodes; /* counted, owned array */
    size_t n_nodes;
    asc_addr *known; /* owned: addresses where nodes have been, as further seeds */
    size_t n_known;
    asc_maps maps;
    bool changed;             /* nodes or maps differ from the snapshot in force */
    unsigned n_cycles;        /* those of error windows */
    uint64_t trim_ms;         /* when to look for idle connections again */
    uint32_t hurried_rest_ms; /* the last rest, if it was a hurried one; otherwise 0 */
    uint64_t cycle_ends_ms;   /* what is not done by then waits for the next cycle */
    size_t peer_turn;      /* peers tried so far: where to begin with the next ones */
    asc_error trouble;     /* the last failure in this cycle; code 0: none */
    asc_shm shm;           /* unused unless config.shm.enable */
    bool is_member;        /* what is shared belongs to this cluster */
    uint64_t member_turn;  /* as long as this tender tends */
    bool sees_view;        /* there is something to know about what is shared */
    bool is_whole;         /* all nodes were looked at, not the first ones alone */
    bool is_alone;         /* the memory belongs to another cluster */
    bool is_kept_out;      /* likewise, and this process waits for it, without nodes */
    bool is_shared;        /* the others have been told what has changed */
    char unreachable[160]; /* peers of the last cycle that could not be reached */
    asc_spares batches;    /* what ended batches have left */
    asc_metering metering; /* whether its nodes measure, and how */
    _Atomic uint64_t n_retries;
    atomic_uint n_invalid; /* peers of the last cycle that could not be reached */
    asc_watchers watchers; /* who is told of each cycle */
};

/* Make a cluster that knows no node yet and is not tended. On ASC_OK *out is counted
 * once, for the caller. */
asc_status asc_state_new(asc_cluster **out, const asc_config *config, asc_error *err);

/* Count the cluster once more. */
void asc_state_retain(asc_cluster *c);

/* Drop one count; the last one frees. NULL is fine. By then no thread tends the
 * cluster, unless the caller is that thread. */
void asc_state_release(asc_cluster *c);

/* Was the cluster made in a parent of this process and not taken over here yet? */
static inline bool
asc_state_is_inherited(asc_cluster *c)
{
    return atomic_load_explicit(&c->fork_count, memory_order_acquire) !=
           asc_fork_count();
}

/* Drop the snapshots that are replaced, unless some look at them until then. */
void asc_state_drop_replaced(asc_cluster *c, uint64_t until_ms);

/* Let the next cycle begin soon: a node wants a login. */
void asc_state_hurry(asc_cluster *c);

/* Free a configuration that is wanted; NULL is fine. */
void asc_state_free_wanted(asc_config *wanted);

/* End a sleep that is longer than an interval: there is something to do. */
void asc_state_rouse(asc_cluster *c);

/* Take over an inherited cluster, with the fork lock held: start again from the
 * snapshot, which never changes. The child's copy of what the tender owned may have
 * been caught in the middle of a change, and is left behind. */
void asc_state_start_anew(asc_cluster *c);

#endif
