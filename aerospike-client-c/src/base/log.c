/* One sink and one level for the whole process, both atomic, so that a log line needs
 * no lock and may be written by any thread while another one changes the sink. */
#include "asc/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

/* NULL while nobody listens; then nothing is formatted. */
static _Atomic(asc_log_sink) current_sink;
static atomic_int threshold = ASC_LOG_ERROR;

void
asc_log_set_sink(asc_log_sink sink)
{
    atomic_store(&current_sink, sink);
}

void
asc_log_set_level(asc_log_level level)
{
    atomic_store(&threshold, (int)level);
}

/* This runs for every line that is not written, so it must cost no more than two
 * loads. */
asc_log_level
asc_log_active_level(void)
{
    if (atomic_load_explicit(&current_sink, memory_order_relaxed) == NULL) {
        return ASC_LOG_OFF;
    }
    return (asc_log_level)atomic_load_explicit(&threshold, memory_order_relaxed);
}

/* The line is formatted on the stack, so that logging works when memory is short; what
 * is longer than the buffer is cut. */
void
asc_log_at(asc_log_level level, const char *func, const char *file, int line,
           const char *format, ...)
{
    asc_log_sink sink = atomic_load(&current_sink);
    if (sink == NULL) {
        return;
    }
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    sink(level, func, file, line, message);
}
