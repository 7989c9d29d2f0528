/* asc/secret.h -- memory that has held a password or a token, and must not keep it. */
#ifndef ASC_SECRET_H
#define ASC_SECRET_H

#include "asc/buf.h"

/* Overwrite size bytes; NULL is fine. */
void asc_wipe(void *data, size_t size);

/* Overwrite and free a text; NULL is fine. */
void asc_secret_free(char *text);

/* Overwrite and free a buffer's bytes; it is empty afterwards. */
void asc_buf_wipe(asc_buf *b);

#endif
