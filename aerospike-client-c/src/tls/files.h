/* tls/files.h -- what the files and texts of a configuration hold, read once and kept:
 * a child of a fork that has given up its rights can make a context of it as well. */
#ifndef ASC_TLS_FILES_H
#define ASC_TLS_FILES_H

#include "asc/buf.h"
#include "asc/error.h"
#include "asc/tls_config.h"

/* The bytes; a buffer whose data is NULL was not asked for. */
typedef struct asc_tls_files {
    asc_buf ca, cert, key, blacklist;
    uint64_t print; /* of the files as they were when the reading began */
} asc_tls_files;

/* Read everything. On ASC_OK *out is the caller's. ASC_ERR_TLS names the option and the
 * file; ASC_ERR_NOMEM. */
asc_status
asc_tls_files_read(asc_tls_files *out, const asc_tls_config *config, asc_error *err);

/* Overwrite and free the bytes. */
void asc_tls_files_clear(asc_tls_files *f);

/* What tells the files of a configuration from those that once were there: a number
 * made of their inodes, sizes and times. Nothing is opened but folders. */
uint64_t asc_tls_files_print(const asc_tls_config *config);

#endif
