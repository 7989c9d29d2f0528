/* Who logs in. Secrets are wiped when they are replaced or no longer needed, so that
 * they do not stay behind in memory that is used for something else. */
#include "net/credentials.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "asc/admin.h"
#include "asc/alloc.h"
#include "asc/secret.h"

struct asc_credentials {
    atomic_uint refs;
    bool is_named;
    atomic_bool were_ignored;
    char user[ASC_USER_NAME_SIZE];
    char *password;       /* owned; NULL: it is not sent in clear */
    pthread_mutex_t lock; /* guards hash */
    char *hash;           /* owned; NULL: none */
};

asc_status
asc_credentials_new(asc_credentials **out, const char *user, const char *hash,
                    const char *password, asc_error *err)
{
    size_t size = user != NULL ? strlen(user) : 0;
    if (user != NULL && (size == 0 || size >= ASC_USER_NAME_SIZE)) {
        return asc_error_set(err, ASC_ERR_PARAM,
                             "the name of a user has 1 to %d bytes, not %zu",
                             ASC_USER_NAME_SIZE - 1, size);
    }
    asc_credentials *c = asc_calloc(1, sizeof *c);
    if (c == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "credentials");
    }
    atomic_init(&c->refs, 1);
    pthread_mutex_init(&c->lock, NULL);
    c->is_named = user != NULL;
    if (user != NULL) {
        memcpy(c->user, user, size);
    }
    c->hash = hash != NULL ? asc_strdup(hash) : NULL;
    c->password = password != NULL ? asc_strdup(password) : NULL;
    if ((hash != NULL && c->hash == NULL) ||
        (password != NULL && c->password == NULL)) {
        asc_credentials_release(c);
        return asc_error_set(err, ASC_ERR_NOMEM, "credentials");
    }
    *out = c;
    return ASC_OK;
}

void
asc_credentials_retain(asc_credentials *c)
{
    if (c != NULL) {
        atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    }
}

void
asc_credentials_release(asc_credentials *c)
{
    if (c != NULL && atomic_fetch_sub(&c->refs, 1) == 1) {
        asc_secret_free(c->hash);
        asc_secret_free(c->password);
        pthread_mutex_destroy(&c->lock);
        asc_free(c);
    }
}

bool
asc_credentials_set_hash(asc_credentials *c, const char *hash)
{
    char *fresh = asc_strdup(hash);
    if (fresh == NULL) {
        return false;
    }
    pthread_mutex_lock(&c->lock);
    char *old = c->hash;
    c->hash = fresh;
    pthread_mutex_unlock(&c->lock);
    asc_secret_free(old);
    return true;
}

/* Only the holder of the lock looks at a hash, since another thread may replace it. */
asc_status
asc_credentials_put_hash(asc_credentials *c, asc_buf *out, uint8_t field,
                         asc_error *err)
{
    pthread_mutex_lock(&c->lock);
    bool has_hash = c->hash != NULL;
    bool ok = has_hash && asc_admin_field(out, field, c->hash, strlen(c->hash));
    pthread_mutex_unlock(&c->lock);
    if (!has_hash) {
        return asc_error_set(err, ASC_ERR_PARAM, "the user has no password");
    }
    return ok ? ASC_OK : asc_error_set(err, ASC_ERR_NOMEM, "admin request");
}

/* Are two texts equal, or both missing? */
static bool
same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* One lock is held at a time, so that two threads that compare crosswise do not wait
 * for each other. */
bool
asc_credentials_equal(asc_credentials *a, asc_credentials *b)
{
    if (a == b || a == NULL || b == NULL) {
        return a == b;
    }
    if (a->is_named != b->is_named || strcmp(a->user, b->user) != 0 ||
        !same_text(a->password, b->password)) {
        return false;
    }
    pthread_mutex_lock(&a->lock);
    char *hash = a->hash != NULL ? asc_strdup(a->hash) : NULL;
    bool ok = hash != NULL || a->hash == NULL;
    pthread_mutex_unlock(&a->lock);
    pthread_mutex_lock(&b->lock);
    ok = ok && same_text(hash, b->hash); /* without memory they count as others */
    pthread_mutex_unlock(&b->lock);
    asc_secret_free(hash);
    return ok;
}

bool
asc_credentials_were_ignored(const asc_credentials *c)
{
    return atomic_load(&c->were_ignored);
}

void
asc_credentials_ignored(asc_credentials *c)
{
    atomic_store(&c->were_ignored, true);
}

/* Append a field with a text; without a text nothing is appended. */
static bool
put_text(asc_buf *out, uint8_t id, const char *text)
{
    return text == NULL || asc_admin_field(out, id, text, strlen(text));
}

/* The size is known in advance, so that the buffer does not grow, which would leave a
 * copy of the secrets behind. */
bool
asc_credentials_write_login(asc_credentials *c, asc_buf *out)
{
    pthread_mutex_lock(&c->lock);
    size_t size = 64 + sizeof c->user + (c->hash != NULL ? strlen(c->hash) : 0) +
                  (c->password != NULL ? strlen(c->password) : 0);
    bool ok = asc_buf_grow(out, size) && asc_admin_begin(out, ASC_ADMIN_LOGIN);
    if (c->is_named) {
        ok = ok && put_text(out, ASC_ADMIN_USER, c->user) &&
             put_text(out, ASC_ADMIN_CREDENTIAL, c->hash) &&
             put_text(out, ASC_ADMIN_CLEAR_PASSWORD, c->password);
    }
    pthread_mutex_unlock(&c->lock);
    return ok;
}

const char *
asc_credentials_user(const asc_credentials *c)
{
    return c->user;
}
