/* cluster/info.h -- info requests to many nodes at once, for tending. */
#ifndef ASC_CLUSTER_INFO_H
#define ASC_CLUSTER_INFO_H

#include "asc/reader.h"
#include "net/transfer.h"

/* One request to one node. Zero it, set conn and commands; clear it afterwards. */
typedef struct asc_info_call {
    asc_conn *conn;       /* borrowed; must be closed when status is not ASC_OK */
    const char *commands; /* borrowed; each command ended by a line feed */
    asc_status status;
    asc_error err;
    asc_buf out, in; /* owned */
    asc_transfer io;
    bool done;
} asc_info_call;

/* For those who do the waiting themselves: begin; step does all that needs none, and
 * says what it waits for, as poll() has it, 0 when the call has ended. What has not
 * ended must be given up in the end. */
void asc_info_begin(asc_info_call *call);
short asc_info_step(asc_info_call *call);
void asc_info_give_up(asc_info_call *call);

/* Run all calls, until all have ended, deadline_ms has passed, or wake_fd (-1: none)
 * becomes readable; those that have not ended then fail with ASC_ERR_TIMEOUT. Calls
 * whose conn is NULL are left alone. */
void asc_info_run(asc_info_call **calls, size_t n, uint64_t deadline_ms, int wake_fd);

/* Free the buffers; the connection and the commands are the caller's. */
void asc_info_call_clear(asc_info_call *call);

/* The reply's value for a command named so (without its parameters and line feed), in
 * *out. False when the node did not answer it or refused it; why goes to call->err. */
bool asc_info_value(asc_info_call *call, const char *command, asc_info_pair *out);

/* The same as an integer. */
bool asc_info_integer(asc_info_call *call, const char *command, int64_t *out);

#endif
