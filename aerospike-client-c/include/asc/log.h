/* asc/log.h -- where the lines of the library's log go. The library prints nothing
 * itself. */
#ifndef ASC_LOG_H
#define ASC_LOG_H

/* How important a line is; the numbers of the LOG_LEVEL_* constants. */
typedef enum asc_log_level {
    ASC_LOG_OFF = -1,
    ASC_LOG_ERROR = 0,
    ASC_LOG_WARN = 1,
    ASC_LOG_INFO = 2,
    ASC_LOG_DEBUG = 3,
    ASC_LOG_TRACE = 4,
} asc_log_level;

/* What takes a line. It may be called from any thread, the tend thread among them, and
 * no lock of the library is held meanwhile. It may close and release clusters, and may
 * end the tend thread. All pointers are borrowed for the call. */
typedef void (*asc_log_sink)(asc_log_level level, const char *func, const char *file,
                             int line, const char *message);

/* Choose the sink. NULL, with which the process starts: there is none. */
void asc_log_set_sink(asc_log_sink sink);

/* Choose the level in force, ERROR at first. Lines above it are dropped before they are
 * formatted. */
void asc_log_set_level(asc_log_level level);

/* The level in force; ASC_LOG_OFF while there is no sink. */
asc_log_level asc_log_active_level(void);

/* Format a line and hand it to the sink, whatever the level in force. Code calls the
 * macro asc_log instead, which looks at the level first. */
void asc_log_at(asc_log_level level, const char *func, const char *file, int line,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Write a line, unless its level is above the one in force: then nothing is
 * formatted. */
#define asc_log(level, ...)                                                            \
    do {                                                                               \
        if ((level) <= asc_log_active_level()) {                                       \
            asc_log_at((level), __func__, __FILE__, __LINE__, __VA_ARGS__);            \
        }                                                                              \
    } while (0)

#endif
