/* Info requests: lines of text that a node answers with "name<TAB>value" lines. Calls
 * to many nodes go side by side under one poll(); a search, which waits for other
 * things as well, steps its calls itself. */
#include "cluster/info.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "asc/alloc.h"
#include "asc/writer.h"
#include "base/time.h"
#include "wire/reader.h"

/* A longer reply is refused: the lists of peers and the partition maps of the largest
 * clusters stay well below this. */
#define MAX_REPLY (4u << 20)

/* End a call, in whatever way. */
static void
end(asc_info_call *call, asc_status status)
{
    call->status = status;
    call->done = true;
}

void
asc_info_begin(asc_info_call *call)
{
    call->done = false;
    if (call->conn == NULL) {
        /* Opening the connection has failed before and has set err. */
        end(call, ASC_ERR_CONNECTION);
        return;
    }
    asc_error_reset(&call->err);
    call->out.len = 0;
    if (!asc_write_info(&call->out, call->commands, strlen(call->commands))) {
        end(call, asc_error_set(&call->err, ASC_ERR_NOMEM, "info request"));
        return;
    }
    asc_transfer_begin(&call->io, call->conn, call->out.data, call->out.len, &call->in);
    call->io.max_size = MAX_REPLY;
}

/* The whole reply is there. A node that has forgotten the session of the connection
 * says so in its text, as if the connection had not been let in. */
static void
take(asc_info_call *call)
{
    const asc_buf *in = &call->in;
    if (asc_frame_type(in->data) != ASC_PROTO_INFO) {
        end(call,
            asc_error_set(&call->err, ASC_ERR_CLIENT, "the reply is no info reply"));
    }
    else if (asc_info_wants_login((const char *)in->data + ASC_PROTO_HEADER_SIZE,
                                  in->len - ASC_PROTO_HEADER_SIZE, &call->err)) {
        call->err.phase = ASC_PHASE_LOGIN;
        end(call, call->err.code);
    }
    else {
        end(call, ASC_OK);
    }
}

short
asc_info_step(asc_info_call *call)
{
    if (call->done) {
        return 0;
    }
    asc_io io;
    do { /* a reply is not so large that anybody must look at the clock in between */
        io = asc_transfer_step(&call->io, &call->err);
    } while (io == ASC_IO_INTERRUPTED);
    switch (io) {
    case ASC_IO_WANT_READ:
        return POLLIN;
    case ASC_IO_WANT_WRITE:
        return POLLOUT;
    case ASC_IO_OK:
        take(call);
        return 0;
    default:
        call->err.phase = asc_conn_phase(call->conn, ASC_PHASE_VALIDATE);
        end(call, call->err.code);
        return 0;
    }
}

/* The error tells whether the node has not accepted the connection or has not
 * answered. */
void
asc_info_give_up(asc_info_call *call)
{
    if (!call->done) {
        call->err.phase = asc_conn_phase(call->conn, ASC_PHASE_VALIDATE);
        end(call, asc_error_set(&call->err, ASC_ERR_TIMEOUT, "%s",
                                asc_conn_omission(call->err.phase)));
    }
}

/* Step all calls and fill in the poll set. Returns how many of them wait. */
static size_t
step_all(asc_info_call **calls, size_t n, struct pollfd *set)
{
    size_t waiting = 0;
    for (size_t i = 0; i < n; i++) {
        short events = asc_info_step(calls[i]);
        set[i] = (struct pollfd){.fd = events != 0 ? calls[i]->conn->fd : -1,
                                 .events = events};
        waiting += events != 0;
    }
    return waiting;
}

void
asc_info_run(asc_info_call **calls, size_t n, uint64_t deadline_ms, int wake_fd)
{
    struct pollfd *set = asc_malloc((n + 1) * sizeof *set);
    for (size_t i = 0; i < n; i++) {
        asc_info_begin(calls[i]);
        if (set == NULL && !calls[i]->done) {
            end(calls[i], asc_error_set(&calls[i]->err, ASC_ERR_NOMEM, "info calls"));
        }
    }
    while (set != NULL && step_all(calls, n, set) > 0) {
        uint64_t now = asc_now_ms();
        set[n] = (struct pollfd){.fd = wake_fd, .events = POLLIN};
        if (now >= deadline_ms ||
            (poll(set, n + 1, asc_poll_timeout(deadline_ms, now)) < 0 &&
             errno != EINTR) ||
            set[n].revents != 0) {
            break;
        }
    }
    for (size_t i = 0; i < n; i++) {
        asc_info_give_up(calls[i]);
    }
    asc_free(set);
}

void
asc_info_call_clear(asc_info_call *call)
{
    asc_buf_clear(&call->out);
    asc_buf_clear(&call->in);
}

/* A node may leave out commands that it does not know; both that and a refusal end in
 * call->err. */
bool
asc_info_value(asc_info_call *call, const char *command, asc_info_pair *out)
{
    if (call->status != ASC_OK) {
        return false;
    }
    const char *text = (const char *)call->in.data + ASC_PROTO_HEADER_SIZE;
    size_t size = call->in.len - ASC_PROTO_HEADER_SIZE, at = 0, len = strlen(command);
    while (asc_info_next(text, size, &at, out)) {
        if (out->name_size == len && memcmp(out->name, command, len) == 0) {
            return asc_info_status(out->value, out->value_size, &call->err) == ASC_OK;
        }
    }
    asc_error_set(&call->err, ASC_ERR_CLIENT, "the node does not answer \"%s\"",
                  command);
    return false;
}

/* The value is copied first: strtoll() needs an end, which the text in the reply
 * lacks. */
bool
asc_info_integer(asc_info_call *call, const char *command, int64_t *out)
{
    asc_info_pair pair;
    char text[24], *rest;
    if (!asc_info_value(call, command, &pair)) {
        return false;
    }
    if (pair.value_size == 0 || pair.value_size >= sizeof text) {
        asc_error_set(&call->err, ASC_ERR_CLIENT, "\"%s\" is no number", command);
        return false;
    }
    memcpy(text, pair.value, pair.value_size);
    text[pair.value_size] = '\0';
    int64_t value = strtoll(text, &rest, 10);
    if (*rest != '\0') {
        asc_error_set(&call->err, ASC_ERR_CLIENT, "\"%s\" is no number", command);
        return false;
    }
    *out = value;
    return true;
}
