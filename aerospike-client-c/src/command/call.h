/* command/call.h -- the inside of a call. */
#ifndef ASC_COMMAND_CALL_H
#define ASC_COMMAND_CALL_H

#include "command/exchange.h"

struct asc_call {
    asc_request req;
    asc_exchange exchange;
    bool running;
    unsigned fork_count; /* of the process that began it */
};

#endif
