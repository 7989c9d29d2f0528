/* options/login.h -- who logs in: user, password and mode, as the configuration or
 * connect() give them. */
#ifndef CORE_OPTIONS_LOGIN_H
#define CORE_OPTIONS_LOGIN_H

#include <stdbool.h>

#include "asc/credentials.h"
#include "support/errors.h"

/* Who looks users up; the numbers of the AUTH_* constants. */
typedef enum auth_mode {
    AUTH_INTERNAL, /* the cluster */
    AUTH_EXTERNAL, /* a directory, which needs the password in clear: over TLS only */
    AUTH_EXTERNAL_INSECURE, /* the same without TLS */
    AUTH_PKI,               /* the certificate that the client shows says who it is */
} auth_mode;

/* How users log in. */
typedef struct login_way {
    auth_mode mode;
    bool has_tls;
    bool has_certificate; /* which the client shows */
} login_way;

/* Make the credentials of a user and a password, which are a str or NULL. *out is
 * counted once, or NULL when nobody logs in. This may take long, and gives the GIL away
 * meanwhile. 0, or -1 with an exception: ParamError when something is missing, or has a
 * wrong type or size; none shows the password. */
int credentials_from_py(module_state *st, asc_credentials **out, const login_way *way,
                        PyObject *user, PyObject *password);

/* Make the hash of a password as nodes keep it, for asc_secret_free(); NULL with an
 * exception. Likewise. */
char *password_hash(module_state *st, PyObject *password);

/* Is this a str that may be a password? 0, or -1 with ParamError. */
int check_password(module_state *st, PyObject *password);

#endif
