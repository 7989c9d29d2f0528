/* command/call.h -- the inside of a call. */
#ifndef ASC_COMMAND_CALL_H
#define ASC_COMMAND_CALL_H

#include "command/exchange.h"
#include "command/line.h"
#include "command/ride.h"

struct asc_call {
    asc_request req;
    asc_exchange exchange;
    asc_cluster *kept;               /* counted, or NULL: see asc_call_keep() */
    asc_node *nodes[ASC_KEPT_NODES]; /* of kept, which the exchange keeps */
    bool running;
    unsigned fork_count; /* of the process that began it */

    /* For the time that it is in a loop: */
    asc_ride ride;
    asc_rider rider; /* its place on a line */
    asc_watch watch; /* or what is watched, when it has a connection of its own */
    bool shares;     /* it may have a place on a line */
    bool given_up;   /* nobody waits for it any more */
};

#endif
