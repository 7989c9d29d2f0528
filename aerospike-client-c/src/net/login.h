/* net/login.h -- how connections are presented to a node: the first one logs in, which
 * begins a session, and the others show the session's token. */
#ifndef ASC_NET_LOGIN_H
#define ASC_NET_LOGIN_H

#include "asc/credentials.h"
#include "net/conn.h"
#include "net/session.h"

/* Let a new connection log in before it is ready. The session that begins is then in
 * c->session. ASC_ERR_NOMEM. */
asc_status asc_login_begin(asc_conn *c, asc_credentials *credentials, asc_error *err);

/* Let a new connection show the token of a session before it is ready, if the node
 * wants that; c->session counts the session. ASC_ERR_NOMEM. */
asc_status asc_login_present(asc_conn *c, asc_session *s, asc_error *err);

#endif
