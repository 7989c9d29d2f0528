/* cluster/info.h -- info requests to many nodes at once, for tending. */
#ifndef ASC_CLUSTER_INFO_H
#define ASC_CLUSTER_INFO_H

#include "asc/reader.h"
#include "net/transfer.h"

/* One request to one node. The caller zeroes it, sets conn and commands, and clears it
 * afterwards. */
typedef struct asc_info_call {
    asc_conn *conn;       /* borrowed; its owner closes it unless status is ASC_OK */
    const char *commands; /* borrowed; each command ended by a line feed */
    asc_status status;
    asc_error err;
    asc_buf out, in; /* owned */
    asc_transfer io;
    bool done;
} asc_info_call;

/* For callers that do the waiting themselves. begin starts a call. step does all that
 * needs no waiting, and returns the events of poll() that the call waits for, or 0 when
 * it has ended. give_up ends a call that has not ended by itself. */
void asc_info_begin(asc_info_call *call);
short asc_info_step(asc_info_call *call);
void asc_info_give_up(asc_info_call *call);

/* Run all calls, until all have ended, deadline_ms has passed, or wake_fd (-1: none)
 * becomes readable. Those that have not ended by then fail with ASC_ERR_TIMEOUT. A call
 * without a conn fails with the error that its caller has set. */
void asc_info_run(asc_info_call **calls, size_t n, uint64_t deadline_ms, int wake_fd);

/* Free the buffers; the connection and the commands are the caller's. */
void asc_info_call_clear(asc_info_call *call);

/* Find the reply's value for a command, whose name is given without parameters and line
 * feed. False when the node did not answer it or refused it; call->err says why. */
bool asc_info_value(asc_info_call *call, const char *command, asc_info_pair *out);

/* Likewise, with the value read as an integer. */
bool asc_info_integer(asc_info_call *call, const char *command, int64_t *out);

#endif
