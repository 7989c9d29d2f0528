/* command/ride.h -- what calls and sets have in them for the time that they are in a
 * loop. */
#ifndef ASC_COMMAND_RIDE_H
#define ASC_COMMAND_RIDE_H

#include <stdbool.h>

#include "base/timers.h"
#include "net/poller.h"

typedef struct asc_loop asc_loop;
typedef struct asc_ride asc_ride;

/* What a loop watches: which of these has the asc_watch in it. */
enum { ASC_WATCHES_LINE, ASC_WATCHES_CALL, ASC_WATCHES_MEMBER };

/* A list of rides, in the order in which they came. */
typedef struct asc_rides {
    asc_ride *first, *last;
    size_t n;
} asc_rides;

/* A call, or a set, in a loop. Zeroed, it is in none. */
struct asc_ride {
    asc_loop *loop;        /* borrowed */
    asc_rides *list;       /* the one of the loop's lists in which it is; NULL: none */
    asc_ride *next, *prev; /* in that list */
    asc_timer timer;       /* when it must be stepped */
    void *owner;           /* borrowed: what asc_loop_take hands out */
    bool is_set;
};

#endif
