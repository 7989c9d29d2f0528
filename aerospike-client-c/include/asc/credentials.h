/* asc/credentials.h -- who logs in to the nodes of a cluster. */
#ifndef ASC_CREDENTIALS_H
#define ASC_CREDENTIALS_H

#include "asc/buf.h"
#include "asc/error.h"

#define ASC_USER_NAME_SIZE 64 /* bytes, with the terminating NUL */

/* A user with what proves that it is this one. Counted and thread-safe. */
typedef struct asc_credentials asc_credentials;

/* Make credentials.
 *   user      NULL: nodes know the user by the certificate that it shows
 *   hash      of the password, as nodes keep it; NULL: there is none
 *   password  in clear, for users whom nodes look up elsewhere; NULL: it is not sent
 * On ASC_OK *out is counted once. ASC_ERR_PARAM: user is too long or empty;
 * ASC_ERR_NOMEM. */
asc_status asc_credentials_new(asc_credentials **out, const char *user,
                               const char *hash, const char *password, asc_error *err);

/* Count them once more, or drop a count; the last one wipes the secrets. NULL is
 * fine. */
void asc_credentials_retain(asc_credentials *c);
void asc_credentials_release(asc_credentials *c);

/* Put another hash in place of the old one, after the user has changed the password.
 * False when memory is short. */
bool asc_credentials_set_hash(asc_credentials *c, const char *hash);

/* Append the hash to an admin request as one of its fields. ASC_ERR_PARAM when there is
 * none, ASC_ERR_NOMEM. */
asc_status asc_credentials_put_hash(asc_credentials *c, asc_buf *out, uint8_t field,
                                    asc_error *err);

/* Is it the same user, who proves it by the same? Either may be NULL: that is
 * nobody. */
bool asc_credentials_equal(asc_credentials *a, asc_credentials *b);

/* The user's name, "" when nodes know it by its certificate. It never changes. */
const char *asc_credentials_user(const asc_credentials *c);

/* Has a node said that it has security disabled, and so has not checked them? */
bool asc_credentials_were_ignored(const asc_credentials *c);

#endif
