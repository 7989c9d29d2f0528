/* Errors are filled in where they happen and only carried from there on, so what is
 * here formats and never decides. Nothing allocates: an error must be reportable when
 * memory is short, so a text that is too long is cut. */
#include "asc/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const phase_names[ASC_PHASE_COUNT] = {
    [ASC_PHASE_NONE] = "",
    [ASC_PHASE_RESOLVE] = "resolve",
    [ASC_PHASE_CONNECT] = "connect",
    [ASC_PHASE_TLS] = "TLS",
    [ASC_PHASE_LOGIN] = "login",
    [ASC_PHASE_VALIDATE] = "validate",
    [ASC_PHASE_PARTITION_MAP] = "partition map",
    [ASC_PHASE_COMMAND] = "command",
};

const char *
asc_phase_name(asc_phase phase)
{
    return phase < ASC_PHASE_COUNT ? phase_names[phase] : "";
}

/* The host and the phase stay as they are: whoever knows them has set them before. */
static void
set(asc_error *err, asc_status code, int errno_value, const char *file, int line)
{
    err->code = code;
    err->subcode = 0;
    err->os_errno = errno_value;
    err->is_result = false;
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

asc_status
asc_error_set_result_at(asc_error *err, asc_status code, const char *file, int line)
{
    asc_error_set_at(err, code, file, line, "%s", asc_status_text(code));
    err->is_result = true;
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

/* The control characters that UTF-8 writes with two bytes are 0xc2 0x80 to 0xc2 0x9f.
 */
void
asc_error_append_text(asc_error *err, const void *data, size_t size)
{
    const uint8_t *text = data;
    size_t begin = 0;
    size = size < sizeof err->message ? size : sizeof err->message;
    for (size_t i = 0; i < size; i++) {
        bool has_two = i > begin && text[i - 1] == 0xc2 && (text[i] & 0xe0) == 0x80;
        if (text[i] < 0x20 || text[i] == 0x7f || has_two) {
            asc_error_append(err, "%.*s\\x%02x", (int)(i - has_two - begin),
                             (const char *)text + begin, text[i]);
            begin = i + 1;
        }
    }
    asc_error_append(err, "%.*s", (int)(size - begin), (const char *)text + begin);
}
