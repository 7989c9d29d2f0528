#include "asc/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Result codes: server codes as the wire protocol numbers them, client codes below. */
static const struct {
    asc_status code;
    const char *text;
} texts[] = {
    {0, "ok"},
    {1, "server error"},
    {2, "record not found"},
    {3, "generation does not match"},
    {4, "request refused as invalid"},
    {5, "record exists"},
    {6, "bin exists"},
    {7, "cluster changed during the command"},
    {8, "server out of space"},
    {9, "timeout"},
    {10, "always forbidden in this configuration"},
    {11, "partition unavailable"},
    {12, "bin has an incompatible type"},
    {13, "record too big"},
    {14, "record busy: too many commands wait for this key"},
    {15, "scan aborted"},
    {16, "feature not supported"},
    {17, "bin not found"},
    {18, "storage device overloaded"},
    {19, "stored key differs from the key sent"},
    {20, "namespace not found"},
    {21, "bin name too long or too many bins"},
    {22, "forbidden at this time"},
    {23, "element not found"},
    {24, "element exists"},
    {25, "needs the Enterprise Edition"},
    {26, "operation does not apply to the value"},
    {27, "filtered out by the expression"},
    {28, "lost a conflict"},
    {29, "invalid text encoding"},
    {32, "record is being shipped to another data center"},
    {51, "security not supported by the server"},
    {52, "security not enabled on the server"},
    {53, "security scheme not supported"},
    {54, "invalid security command"},
    {55, "invalid security field"},
    {56, "illegal state"},
    {60, "invalid user"},
    {61, "user exists"},
    {62, "invalid password"},
    {63, "expired password"},
    {64, "forbidden password"},
    {65, "invalid credential"},
    {66, "expired session"},
    {70, "invalid role"},
    {71, "role exists"},
    {72, "invalid privilege"},
    {73, "invalid whitelist"},
    {74, "quotas not enabled"},
    {75, "invalid quota"},
    {80, "not authenticated"},
    {81, "role violation"},
    {82, "address not on the whitelist"},
    {83, "quota exceeded"},
    {100, "user-defined function failed"},
    {120, "record locked by another transaction"},
    {121, "record version changed since the transaction read it"},
    {122, "transaction expired"},
    {123, "too many writes in the transaction"},
    {124, "transaction already committed"},
    {125, "transaction already aborted"},
    {126, "record already locked by this transaction"},
    {127, "transaction monitor exists"},
    {150, "batch disabled"},
    {151, "batch has too many requests"},
    {152, "batch queues full"},
    {160, "invalid GeoJSON"},
    {200, "index exists"},
    {201, "index not found"},
    {202, "index out of memory"},
    {203, "index not readable yet"},
    {204, "index error"},
    {205, "index name too long"},
    {206, "too many indexes"},
    {210, "query aborted"},
    {211, "query queue full"},
    {212, "query timeout on the server"},
    {213, "query error"},
    {-1, "client error"},
    {-2, "invalid parameter"},
    {-4, "invalid host"},
    {-7, "no more connections to the node"},
    {-8, "no active node for the partition"},
    {-9, "TLS error"},
    {-10, "connection failed"},
    {-14, "node has exceeded its error rate"},
    {ASC_ERR_NOMEM, "out of memory"},
};

static const char *const phase_names[ASC_PHASE_COUNT] = {
    [ASC_PHASE_NONE] = "",
    [ASC_PHASE_RESOLVE] = "resolve",
    [ASC_PHASE_CONNECT] = "connect",
    [ASC_PHASE_VALIDATE] = "validate",
    [ASC_PHASE_PARTITION_MAP] = "partition map",
    [ASC_PHASE_COMMAND] = "command",
};

const char *
asc_phase_name(asc_phase phase)
{
    return phase < ASC_PHASE_COUNT ? phase_names[phase] : "";
}

const char *
asc_status_text(asc_status code)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].code == code) {
            return texts[i].text;
        }
    }
    return "unknown error";
}

static void
set(asc_error *err, asc_status code, int errno_value, const char *file, int line)
{
    err->code = code;
    err->subcode = 0;
    err->os_errno = errno_value;
    err->file = file;
    err->line = line;
}

asc_status
asc_error_set_at(asc_error *err, asc_status code, const char *file, int line,
                 const char *format, ...)
{
    va_list args;
    set(err, code, 0, file, line);
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return code;
}

asc_status
asc_error_set_os_at(asc_error *err, asc_status code, int errno_value, const char *file,
                    int line, const char *format, ...)
{
    va_list args;
    set(err, code, errno_value, file, line);
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    asc_error_append(err, ": %s", strerror(errno_value));
    return code;
}

void
asc_error_append(asc_error *err, const char *format, ...)
{
    size_t len = strlen(err->message);
    va_list args;
    va_start(args, format);
    vsnprintf(err->message + len, sizeof err->message - len, format, args);
    va_end(args);
}
