/* asc/error.h -- status codes and the description of a failure.
 *
 * Zero and positive codes are the server's result codes, negative ones are made by
 * the client; both are the numbers that applications see (result code table of the
 * wire protocol). */
#ifndef ASC_ERROR_H
#define ASC_ERROR_H

#include <stdbool.h>
#include <stdint.h>

typedef int asc_status;

enum {
    ASC_OK = 0,
    ASC_ERR_RECORD_NOT_FOUND = 2,
    ASC_ERR_TIMEOUT = 9,  /* ours or the server's */
    ASC_ERR_CLUSTER = 11, /* partition unavailable; client closed */
    ASC_ERR_DEVICE_OVERLOAD = 18,
    ASC_ERR_NAMESPACE = 20,
    ASC_ERR_FILTERED_OUT = 27,
    ASC_ERR_NOT_AUTHENTICATED = 80,
    ASC_ERR_INDEX_NOT_FOUND = 201,
    ASC_ERR_INDEX_NOT_READY = 203,
    ASC_ERR_CLIENT = -1,
    ASC_ERR_PARAM = -2,
    ASC_ERR_INVALID_HOST = -4,
    ASC_ERR_ASYNC_CONNECT = -6, /* a reactor cannot connect */
    ASC_ERR_NO_CONNECTIONS = -7,
    ASC_ERR_INVALID_NODE = -8,
    ASC_ERR_TLS = -9,
    ASC_ERR_CONNECTION = -10,
    ASC_ERR_MAX_ERROR_RATE = -14,
    /* Not for applications: what a caller of this library must act on. */
    ASC_ERR_NOMEM = -1001,   /* allocation failed */
    ASC_INTERRUPTED = -1002, /* a signal came: handle it and call again */
};

/* What was being done when it failed. */
typedef enum asc_phase {
    ASC_PHASE_NONE,
    ASC_PHASE_RESOLVE,       /* host name to addresses */
    ASC_PHASE_CONNECT,       /* TCP */
    ASC_PHASE_VALIDATE,      /* is it a node, of this cluster, ready? */
    ASC_PHASE_PARTITION_MAP, /* which node owns the key? */
    ASC_PHASE_COMMAND,       /* request and reply */
    ASC_PHASE_COUNT,
} asc_phase;

#define ASC_ERROR_MESSAGE_SIZE 1280 /* a server's text may have 1009 bytes */
#define ASC_ERROR_HOST_SIZE 72

/* Filled once, where the failure happens; passed up untouched. */
typedef struct asc_error {
    asc_status code;
    uint32_t subcode; /* the server's finer code; 0: none */
    asc_phase phase;
    int os_errno;        /* 0 when the operating system had no part in it */
    bool in_doubt;       /* a write that may have been applied */
    uint32_t attempts;   /* requests tried, 0 when none was */
    uint32_t elapsed_ms; /* from the start of the call to the failure */
    const char *file;    /* static */
    int line;
    char host[ASC_ERROR_HOST_SIZE]; /* "address:port", "" when unknown */
    char message[ASC_ERROR_MESSAGE_SIZE];
} asc_error;

/* Make *err say "no error" without touching the text buffers beyond their first
 * byte, so that it costs nothing on the way of a successful command. */
static inline void
asc_error_reset(asc_error *err)
{
    err->code = ASC_OK;
    err->subcode = 0;
    err->phase = ASC_PHASE_NONE;
    err->os_errno = 0;
    err->in_doubt = false;
    err->attempts = 0;
    err->elapsed_ms = 0;
    err->file = "";
    err->line = 0;
    err->host[0] = '\0';
    err->message[0] = '\0';
}

/* Set code and message; returns code. Keeps phase and host: set those first. */
#define asc_error_set(err, code, ...)                                                  \
    asc_error_set_at((err), (code), __FILE__, __LINE__, __VA_ARGS__)

/* The same, with errno_value kept and its text appended to the message. */
#define asc_error_set_os(err, code, errno_value, ...)                                  \
    asc_error_set_os_at((err), (code), (errno_value), __FILE__, __LINE__, __VA_ARGS__)

asc_status
asc_error_set_at(asc_error *err, asc_status code, const char *file, int line,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

asc_status asc_error_set_os_at(asc_error *err, asc_status code, int errno_value,
                               const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* Append text to the message, cut at its end. */
void asc_error_append(asc_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Static name: "connect", "command", ... ("" for ASC_PHASE_NONE). */
const char *asc_phase_name(asc_phase phase);

/* Static text for a server result code or a client code: "record not found", ...;
 * "unknown error" for a number that the table lacks. */
const char *asc_status_text(asc_status code);

#endif
