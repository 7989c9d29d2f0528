/* The names and texts of status codes, found by number. A server may send numbers that
 * the table lacks: newer servers have more of them. */
#include "asc/status.h"

#include <stddef.h>

typedef struct status_row {
    asc_status code;
    const char *name, *symbol, *text;
} status_row;

/* A linear search is fast enough: only failures are looked up. */
static const status_row *
find(asc_status code)
{
#define STATUS_ROW(name, code, symbol, text) {code, #name, symbol, text},
    static const status_row rows[] = {ASC_STATUS_TABLE(STATUS_ROW)};
#undef STATUS_ROW
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].code == code) {
            return &rows[i];
        }
    }
    return NULL;
}

const char *
asc_status_name(asc_status code)
{
    const status_row *row = find(code);
    return row != NULL ? row->name : "";
}

const char *
asc_status_symbol(asc_status code)
{
    const status_row *row = find(code);
    return row != NULL ? row->symbol : "";
}

const char *
asc_status_text(asc_status code)
{
    const status_row *row = find(code);
    return row != NULL ? row->text : "unknown error";
}
