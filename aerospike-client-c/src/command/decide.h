/* command/decide.h -- what follows from a failed attempt: the one place that knows the
 * rules on repetition, doubt and connections. */
#ifndef ASC_COMMAND_DECIDE_H
#define ASC_COMMAND_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "asc/command.h"

/* What has gone wrong with an attempt. */
typedef enum asc_failure {
    ASC_FAIL_NO_NODE,    /* no active owner of the partition is known */
    ASC_FAIL_ERROR_RATE, /* the node has failed too often in this window */
    ASC_FAIL_POOL,       /* no connection may be opened */
    ASC_FAIL_CONNECT,    /* refused, or not accepted in time */
    ASC_FAIL_UNSENT,     /* broken before the first byte left */
    ASC_FAIL_BROKEN,     /* broken afterwards */
    ASC_FAIL_SILENCE,    /* sent, no whole reply in time */
    ASC_FAIL_GARBLED,    /* a reply that cannot be parsed */
    ASC_FAIL_BUSY,       /* server: unavailable, overloaded, its own timeout */
    ASC_FAIL_SESSION,    /* server: must log in, or a stream was cut */
    ASC_FAIL_REFUSED,    /* server: any other code, which is a proper answer */
    ASC_FAIL_FATAL,      /* ours: no memory, closed, no such namespace */
    ASC_FAIL_COUNT,
} asc_failure;

/* What becomes of the connection. */
typedef enum asc_conn_fate {
    ASC_CONN_NONE,  /* there is no connection */
    ASC_CONN_KEEP,  /* back to the pool */
    ASC_CONN_DRAIN, /* to the drain, which reads off the late reply; else close */
    ASC_CONN_CLOSE,
} asc_conn_fate;

/* What asc_decide needs to know of a failed attempt. */
typedef struct asc_attempt {
    asc_failure failure;
    asc_status code;
    uint32_t n_attempts; /* made so far, this one included */
    uint32_t n_sent;     /* of them, those of which at least one byte was sent */
    bool time_left;      /* the deadline has not passed, nor would it in the pause */
} asc_attempt;

/* What follows from a failed attempt. */
typedef struct asc_verdict {
    asc_conn_fate conn;
    bool again;
    bool next_replica; /* the repetition goes to another copy */
    bool in_doubt;
    bool count_error; /* against the node's error rate */
} asc_verdict;

/* Is a write in doubt that failed with this code after n_sent of its requests had left?
 * It is when nobody said what became of the only one, and when an earlier one had left,
 * whatever became of the last. */
bool asc_in_doubt(asc_status code, uint32_t n_sent);

/* Apply the rules: what follows for this request from this attempt? */
asc_verdict asc_decide(const asc_request *req, const asc_attempt *a);

/* Which failure a server's result code (not 0) stands for. */
asc_failure asc_failure_of_result(asc_status code);

#endif
