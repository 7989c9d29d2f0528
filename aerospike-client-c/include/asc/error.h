/* asc/error.h -- the description of a failure. */
#ifndef ASC_ERROR_H
#define ASC_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asc/status.h"

/* What was being done when it failed. */
typedef enum asc_phase {
    ASC_PHASE_NONE,
    ASC_PHASE_RESOLVE,       /* host name to addresses */
    ASC_PHASE_CONNECT,       /* TCP */
    ASC_PHASE_TLS,           /* handshake */
    ASC_PHASE_LOGIN,         /* of a user, or of a connection in the user's session */
    ASC_PHASE_VALIDATE,      /* is it a node, of this cluster, ready? */
    ASC_PHASE_PARTITION_MAP, /* which node owns the key? */
    ASC_PHASE_COMMAND,       /* request and reply */
    ASC_PHASE_COUNT,
} asc_phase;

#define ASC_ERROR_MESSAGE_SIZE 1280 /* a server's text may have 1009 bytes */
#define ASC_ERROR_HOST_SIZE 72

/* A failure. It is filled in once, where it happens, and handed up unchanged, since the
 * first cause is the useful one. */
typedef struct asc_error {
    asc_status code;
    uint32_t subcode; /* the server's finer code; 0: none */
    asc_phase phase;
    int os_errno;        /* 0 when the operating system had no part in it */
    bool in_doubt;       /* a write that may have been applied */
    bool is_result;      /* code is the result code of a server's reply, and message the
                            code's text, or what the server says in its place */
    uint32_t attempts;   /* requests tried, 0 when none was */
    uint32_t elapsed_ms; /* from the start of the call to the failure */
    const char *file;    /* static */
    int line;
    char host[ASC_ERROR_HOST_SIZE]; /* "address:port", "" when unknown */
    char message[ASC_ERROR_MESSAGE_SIZE];
} asc_error;

/* Make *err say "no error". Of the texts only the first byte is written, so that this
 * costs nothing on the way of a successful command. */
static inline void
asc_error_reset(asc_error *err)
{
    err->code = ASC_OK;
    err->subcode = 0;
    err->phase = ASC_PHASE_NONE;
    err->os_errno = 0;
    err->in_doubt = false;
    err->is_result = false;
    err->attempts = 0;
    err->elapsed_ms = 0;
    err->file = "";
    err->line = 0;
    err->host[0] = '\0';
    err->message[0] = '\0';
}

/* Set code and message; the value is the code. Phase and host stay as they are: whoever
 * knows them sets them first. In a message, "; " stands before what explains the rest.
 */
#define asc_error_set(err, code, ...)                                                  \
    asc_error_set_at((err), (code), __FILE__, __LINE__, __VA_ARGS__)

/* The same, with errno_value kept and its text appended to the message. */
#define asc_error_set_os(err, code, errno_value, ...)                                  \
    asc_error_set_os_at((err), (code), (errno_value), __FILE__, __LINE__, __VA_ARGS__)

/* What the two macros above call, with the place where they stand. */
asc_status
asc_error_set_at(asc_error *err, asc_status code, const char *file, int line,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

asc_status asc_error_set_os_at(asc_error *err, asc_status code, int errno_value,
                               const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* Set the result code of a server's reply, and the code's text. Returns the code. */
#define asc_error_set_result(err, code)                                                \
    asc_error_set_result_at((err), (code), __FILE__, __LINE__)

/* What the macro above calls, with the place where it stands. */
asc_status
asc_error_set_result_at(asc_error *err, asc_status code, const char *file, int line);

/* Append text to the message, cut at its end. */
void asc_error_append(asc_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Append what a peer says. It goes to logs and terminals, which must not take it for
 * commands or for lines of their own: control characters become numbers, as in \x1b. */
void asc_error_append_text(asc_error *err, const void *data, size_t size);

/* Static name: "connect", "command", ... ("" for ASC_PHASE_NONE). */
const char *asc_phase_name(asc_phase phase);

#endif
