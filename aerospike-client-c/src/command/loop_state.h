/* command/loop_state.h -- what a loop consists of, for those who work on it. */
#ifndef ASC_COMMAND_LOOP_STATE_H
#define ASC_COMMAND_LOOP_STATE_H

#include "base/fork.h"
#include "command/line.h"
#include "command/ride.h"

/* The lines of a loop to one node. */
typedef struct asc_station {
    asc_node *node;    /* borrowed from the lines; NULL: there are none */
    asc_line *lines;   /* owned */
    uint64_t full_ms;  /* no further line can be had before */
    uint64_t apart_ms; /* until when reads and writes travel on different lines */
} asc_station;

struct asc_loop {
    asc_cluster *cluster; /* counted */
    asc_poller poller;
    asc_timers timers;
    uint64_t now_ms;  /* of the last turn or submission */
    uint64_t ring_ms; /* the descriptor is to be readable then, come what may */
    /* Where rides are: to be stepped, waiting for what is watched or for a time, and
     * ready to be taken. */
    asc_rides due, under_way, ready;
    asc_station *stations; /* owned array; those without lines have no node */
    size_t n_stations;
    asc_line *dirty;     /* those with something to send */
    asc_line *dead;      /* owned: to be freed at the end of the turn */
    size_t n_ending;     /* lines that are to be taken away */
    size_t n_watched;    /* descriptors of calls and sets that are watched */
    bool is_hungry;      /* some line is */
    bool has_fresh;      /* something was submitted since the last turn */
    bool has_skipped;    /* the last turn did not look at what has come */
    uint8_t *scratch;    /* owned: what is received, before it is read */
    unsigned fork_count; /* of the process that made it */
    asc_fork_watch fork;
};

#endif
