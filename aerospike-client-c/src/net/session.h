/* net/session.h -- the session of a user with one node. */
#ifndef ASC_NET_SESSION_H
#define ASC_NET_SESSION_H

#include <stdatomic.h>

#include <stddef.h>
#include <stdint.h>

/* A session. Counted; nothing else in it changes. */
typedef struct asc_session {
    atomic_uint refs;
    uint64_t renew_ms; /* when to log in again, before it ends */
    size_t size;       /* of request; 0: the node wants no logins */
    uint8_t *request;  /* owned: what authenticates a connection */
} asc_session;

/* Make a session that is counted once. The request belongs to it from now on, unless
 * the result is NULL: memory is short. */
asc_session *asc_session_new(uint8_t *request, size_t size, uint64_t renew_ms);

/* Count it once more, or drop a count; the last one wipes the token. NULL is fine. */
void asc_session_retain(asc_session *s);
void asc_session_release(asc_session *s);

#endif
