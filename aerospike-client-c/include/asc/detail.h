/* asc/detail.h -- what servers from 8.2 on say of a failure beyond its code, when the
 * header of the request asked for it: field 45, a msgpack map of sub-code, text and
 * trace of an expression. */
#ifndef ASC_DETAIL_H
#define ASC_DETAIL_H

#include "asc/reader.h"

/* Add to err what the message m, which has been opened, tells: the sub-code, and in
 * place of err->message its text, or that of a function that failed. What is malformed
 * or unknown is left out. */
void asc_error_add_detail(asc_error *err, const asc_msg *m);

#endif
