/* The session of a user with one node. Connections, the pool and whoever renews it
 * share it, so that it is counted. */
#include "net/session.h"

#include "asc/alloc.h"
#include "asc/secret.h"

asc_session *
asc_session_new(uint8_t *request, size_t size, uint64_t renew_ms)
{
    asc_session *s = asc_calloc(1, sizeof *s);
    if (s != NULL) {
        atomic_init(&s->refs, 1);
        s->renew_ms = renew_ms;
        s->size = size;
        s->request = request;
    }
    return s;
}

void
asc_session_retain(asc_session *s)
{
    if (s != NULL) {
        atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    }
}

void
asc_session_release(asc_session *s)
{
    if (s != NULL && atomic_fetch_sub(&s->refs, 1) == 1) {
        asc_buf_wipe(&(asc_buf){s->request, s->size, s->size});
        asc_free(s);
    }
}
