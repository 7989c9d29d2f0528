/* net/credentials.h -- what logins need to know of who logs in. */
#ifndef ASC_NET_CREDENTIALS_H
#define ASC_NET_CREDENTIALS_H

#include "asc/buf.h"
#include "asc/credentials.h"

/* Write a login request; the caller wipes it after use. False when memory is short. */
bool asc_credentials_write_login(asc_credentials *c, asc_buf *out);

/* Remember that a node has security disabled. */
void asc_credentials_ignored(asc_credentials *c);

#endif
