/* net/credentials.h -- write the request by which a user logs in. */
#ifndef ASC_NET_CREDENTIALS_H
#define ASC_NET_CREDENTIALS_H

#include "asc/buf.h"
#include "asc/credentials.h"

/* Write a login request; the caller wipes it after use. False when memory is short. */
bool asc_credentials_write_login(asc_credentials *c, asc_buf *out);

/* The user's name, "" when nodes know it by its certificate. It never changes. */
const char *asc_credentials_user(const asc_credentials *c);

#endif
