/* What a client keeps of a transaction: which records it has read, in which version,
 * and which it has written. The records are in one table. A command reserves room in it
 * before anything is sent, so that taking an answer cannot fail. */
#include "command/transaction.h"

#include <string.h>

#include "asc/alloc.h"
#include "base/fork.h"

/* A version has 7 bytes on the wire. This bit tells that there is one. */
#define HAS_VERSION (UINT64_C(1) << 63)
#define VERSION_SIZE 7u

/* The hints of a caller reserve no more than this; the table grows as it is used. */
#define MAX_AT_FIRST 65536u

/* --- life --- */

asc_txn *
asc_txn_new(uint64_t id, uint32_t n_keys)
{
    asc_txn *t = asc_calloc(1, sizeof *t);
    if (t == NULL) {
        return NULL;
    }
    t->cap_first = 16;
    while (t->cap_first < n_keys && t->cap_first < MAX_AT_FIRST) {
        t->cap_first *= 2;
    }
    t->id = id;
    t->fork_count = asc_fork_count();
    atomic_init(&t->n_users, 1);
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

asc_txn *
asc_txn_retain(asc_txn *t)
{
    atomic_fetch_add(&t->n_users, 1);
    return t;
}

void
asc_txn_release(asc_txn *t)
{
    if (t == NULL || atomic_fetch_sub(&t->n_users, 1) > 1) {
        return;
    }
    for (uint32_t i = 0; i < t->n_sets; i++) {
        asc_free(t->sets[i]);
    }
    asc_free(t->sets);
    asc_free(t->entries);
    asc_free(t->slots);
    pthread_mutex_destroy(&t->lock);
    asc_free(t);
}

uint64_t
asc_txn_id(const asc_txn *t)
{
    return t->id;
}

asc_txn_state
asc_txn_get_state(const asc_txn *t)
{
    return atomic_load(&t->state);
}

bool
asc_txn_in_doubt(const asc_txn *t)
{
    return atomic_load(&t->in_doubt);
}

uint32_t
asc_txn_timeout_s(const asc_txn *t)
{
    return atomic_load(&t->timeout_s);
}

void
asc_txn_set_timeout(asc_txn *t, uint32_t timeout_s)
{
    atomic_store(&t->timeout_s, timeout_s);
}

/* In the child of a fork another thread may have had the lock, and will not give it
 * back: so this is asked before. */
asc_status
asc_txn_check_process(const asc_txn *t, asc_error *err)
{
    return t->fork_count == asc_fork_count()
               ? ASC_OK
               : asc_error_set(err, ASC_ERR_PARAM,
                               "this transaction was made before a fork; it belongs to "
                               "the parent process");
}

/* --- the table of records --- */

/* Digests are as good as random. */
static uint32_t
first_slot(const asc_txn *t, const uint8_t *digest)
{
    return asc_get_u32(digest + 4) & (t->n_slots - 1);
}

/* The entry of a record, or NULL. */
static asc_txn_entry *
find(const asc_txn *t, const uint8_t *digest)
{
    if (t->n_slots == 0) {
        return NULL;
    }
    for (uint32_t at = first_slot(t, digest); t->slots[at] != 0;
         at = (at + 1) & (t->n_slots - 1)) {
        asc_txn_entry *e = &t->entries[t->slots[at] - 1];
        if (memcmp(e->digest, digest, ASC_DIGEST_SIZE) == 0) {
            return e;
        }
    }
    return NULL;
}

/* Give an entry its slot. */
static void
put_in_slot(asc_txn *t, uint32_t number)
{
    uint32_t at = first_slot(t, t->entries[number].digest);
    while (t->slots[at] != 0) {
        at = (at + 1) & (t->n_slots - 1);
    }
    t->slots[at] = number + 1;
}

/* Make room for n entries in all. */
static bool
make_room(asc_txn *t, uint64_t n)
{
    if (n <= t->cap_entries) {
        return true;
    }
    uint64_t cap = t->cap_entries == 0 ? t->cap_first : t->cap_entries;
    while (cap < n) {
        cap *= 2;
    }
    if (cap > UINT32_MAX / 4) {
        return false;
    }
    asc_txn_entry *entries = asc_realloc(t->entries, cap * sizeof *entries);
    t->entries = entries != NULL ? entries : t->entries;
    uint32_t *slots = entries != NULL ? asc_calloc(4 * cap, sizeof *slots) : NULL;
    if (slots == NULL) {
        return false;
    }
    asc_free(t->slots);
    t->slots = slots;
    t->n_slots = 4 * (uint32_t)cap;
    t->cap_entries = (uint32_t)cap;
    for (uint32_t i = 0; i < t->n_entries; i++) {
        put_in_slot(t, i);
    }
    return true;
}

/* The entry of a record, a new one if there is none: there is room. */
static asc_txn_entry *
find_or_add(asc_txn *t, uint32_t set, const uint8_t *digest)
{
    asc_txn_entry *e = find(t, digest);
    if (e == NULL) {
        e = &t->entries[t->n_entries];
        *e = (asc_txn_entry){.set = set};
        memcpy(e->digest, digest, ASC_DIGEST_SIZE);
        put_in_slot(t, t->n_entries++);
    }
    return e;
}

/* --- commands --- */

/* Is the transaction open? The texts are those of other clients of Aerospike. */
static asc_status
check_open(const asc_txn *t, asc_error *err)
{
    static const char *const why[] = {
        [ASC_TXN_VERIFIED] = "it is being committed",
        [ASC_TXN_COMMITTED] = "it has been committed",
        [ASC_TXN_ABORTED] = "it has been aborted",
        [ASC_TXN_COMMIT_FAILED] = "its commit has failed; commit it again",
    };
    asc_txn_state state = atomic_load(&t->state);
    if (state == ASC_TXN_OPEN && t->ender == NULL) {
        return ASC_OK;
    }
    return asc_error_set(
        err, ASC_ERR_PARAM,
        "Issuing commands to this transaction is forbidden because %s.",
        state == ASC_TXN_OPEN ? "it is being committed or aborted" : why[state]);
}

/* Take the namespace of the first command, and compare that of any other. */
static asc_status
check_namespace(asc_txn *t, const char *ns, asc_error *err)
{
    if (t->ns[0] == '\0' && strlen(ns) < sizeof t->ns) {
        strcpy(t->ns, ns);
    }
    return strcmp(t->ns, ns) == 0
               ? ASC_OK
               : asc_error_set(err, ASC_ERR_PARAM,
                               "Namespace must be the same for all commands in the "
                               "transaction. orig: %s new: %s",
                               t->ns, ns);
}

static asc_status
enter(asc_txn *t, const char *ns, uint32_t n_keys, asc_error *err)
{
    if (check_open(t, err) != ASC_OK || check_namespace(t, ns, err) != ASC_OK) {
        return err->code;
    }
    if (!make_room(t, (uint64_t)t->n_entries + t->n_reserved + n_keys)) {
        return asc_error_set(err, ASC_ERR_NOMEM, "transaction of %u records",
                             t->n_entries);
    }
    t->n_reserved += n_keys;
    t->n_under_way++;
    return ASC_OK;
}

asc_status
asc_txn_enter(asc_txn *t, const char *ns, uint32_t n_keys, asc_error *err)
{
    if (asc_txn_check_process(t, err) != ASC_OK) {
        return err->code;
    }
    pthread_mutex_lock(&t->lock);
    asc_status rc = enter(t, ns, n_keys, err);
    pthread_mutex_unlock(&t->lock);
    return rc;
}

void
asc_txn_leave(asc_txn *t, uint32_t n_keys)
{
    if (t->fork_count != asc_fork_count()) {
        return;
    }
    pthread_mutex_lock(&t->lock);
    t->n_reserved -= n_keys;
    t->n_under_way--;
    pthread_mutex_unlock(&t->lock);
}

/* Add a set. NULL when memory is short. */
static char *
add_set(asc_txn *t, const void *set, size_t size)
{
    char **sets = asc_realloc(t->sets, (t->n_sets + 1) * sizeof *sets);
    if (sets == NULL) {
        return NULL;
    }
    t->sets = sets;
    char *name = asc_calloc(1, size + 1);
    if (name != NULL) {
        memcpy(name, set, size);
        t->sets[t->n_sets++] = name;
    }
    return name;
}

bool
asc_txn_number_set(asc_txn *t, const void *set, size_t size, uint32_t *number)
{
    bool found = false;
    pthread_mutex_lock(&t->lock);
    for (uint32_t i = 0; i < t->n_sets && !found; i++) {
        found = strlen(t->sets[i]) == size && memcmp(t->sets[i], set, size) == 0;
        *number = i;
    }
    if (!found && add_set(t, set, size) != NULL) {
        *number = t->n_sets - 1;
        found = true;
    }
    pthread_mutex_unlock(&t->lock);
    return found;
}

bool
asc_txn_has_written(asc_txn *t, const uint8_t *digest)
{
    pthread_mutex_lock(&t->lock);
    const asc_txn_entry *e = find(t, digest);
    bool is_written = e != NULL && e->is_written;
    pthread_mutex_unlock(&t->lock);
    return is_written;
}

uint64_t
asc_txn_version(asc_txn *t, const uint8_t *digest)
{
    pthread_mutex_lock(&t->lock);
    const asc_txn_entry *e = find(t, digest);
    uint64_t version = e != NULL ? e->version : 0;
    pthread_mutex_unlock(&t->lock);
    return version;
}

/* --- fields --- */

/* Number, version and deadline are the only little-endian numbers of the protocol. */
static void
put_little_endian(uint8_t *p, uint64_t v, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        p[i] = (uint8_t)(v >> 8 * i);
    }
}

static bool
put_number(asc_writer *w, uint8_t field, uint64_t v, size_t size)
{
    uint8_t *p = asc_writer_add_field(w, field, size);
    if (p == NULL) {
        return false;
    }
    put_little_endian(p, v, size);
    return true;
}

/* A version stands alone where records are verified. */
bool
asc_txn_put_version(uint64_t version, asc_writer *w)
{
    return version == 0 || put_number(w, ASC_FIELD_VERSION, version, VERSION_SIZE);
}

bool
asc_txn_put_fields(asc_txn *t, uint64_t version, bool writes, asc_writer *w)
{
    return put_number(w, ASC_FIELD_TXN_ID, t->id, 8) &&
           asc_txn_put_version(version, w) &&
           (!writes ||
            put_number(w, ASC_FIELD_TXN_DEADLINE, atomic_load(&t->deadline), 4));
}

/* They are written at the end, and put into their place from there. */
bool
asc_txn_insert_fields(asc_txn *t, uint64_t version, bool writes, asc_writer *w,
                      size_t at)
{
    uint8_t fields[5 + 8 + 5 + VERSION_SIZE + 5 + 4];
    asc_buf *out = w->out;
    size_t end = out->len;
    if (!asc_txn_put_fields(t, version, writes, w)) {
        return false;
    }
    size_t size = out->len - end;
    memcpy(fields, out->data + end, size);
    memmove(out->data + at + size, out->data + at, end - at);
    memcpy(out->data + at, fields, size);
    return true;
}

/* A field of a message that has been opened, which has this size; or NULL. */
static const uint8_t *
field_of(const asc_msg *m, uint8_t id, size_t size)
{
    const uint8_t *p = m->fields;
    for (unsigned i = 0; i < m->n_fields; i++) {
        size_t n = asc_get_u32(p); /* the id is counted */
        if (p[4] == id && n == size + 1) {
            return p + 5;
        }
        p += 4 + n;
    }
    return NULL;
}

static uint64_t
get_little_endian(const uint8_t *p, size_t size)
{
    uint64_t v = 0;
    for (size_t i = size; i-- > 0;) {
        v = v << 8 | p[i];
    }
    return v;
}

/* --- answers --- */

/* A write that was carried out has no version in its answer: the record has none until
 * the transaction is committed. One that was refused has the version of the record that
 * is there. */
void
asc_txn_answered(asc_txn *t, uint32_t set, const uint8_t *digest, bool writes,
                 const asc_msg *m)
{
    const uint8_t *version = field_of(m, ASC_FIELD_VERSION, VERSION_SIZE);
    bool is_there = m->result == ASC_OK || m->result == ASC_ERR_RECORD_NOT_FOUND;
    if (t->fork_count != asc_fork_count()) {
        return;
    }
    pthread_mutex_lock(&t->lock);
    if (version != NULL && (writes || is_there)) {
        find_or_add(t, set, digest)->version =
            get_little_endian(version, VERSION_SIZE) | HAS_VERSION;
    }
    else if (writes && m->result == ASC_OK) {
        asc_txn_entry *e = find_or_add(t, set, digest);
        e->version = 0;
        e->is_written = true;
    }
    pthread_mutex_unlock(&t->lock);
}

void
asc_txn_doubted(asc_txn *t, uint32_t set, const uint8_t *digest)
{
    if (t->fork_count != asc_fork_count()) {
        return;
    }
    pthread_mutex_lock(&t->lock);
    asc_txn_entry *e = find_or_add(t, set, digest);
    e->version = 0;
    e->is_written = true;
    t->write_in_doubt = true;
    pthread_mutex_unlock(&t->lock);
}

void
asc_txn_take_deadline(asc_txn *t, const asc_msg *m)
{
    const uint8_t *deadline = field_of(m, ASC_FIELD_TXN_DEADLINE, 4);
    if (deadline != NULL) {
        atomic_store(&t->deadline, (uint32_t)get_little_endian(deadline, 4));
    }
}

/* --- its end --- */

asc_status
asc_txn_begin_end(asc_txn *t, const void *who, asc_error *err)
{
    asc_status rc = asc_txn_check_process(t, err);
    if (rc != ASC_OK) {
        return rc;
    }
    pthread_mutex_lock(&t->lock);
    if (t->ender != NULL) {
        rc = asc_error_set(err, ASC_ERR_PARAM,
                           "this transaction is being committed or aborted already");
    }
    else {
        t->ender = who;
    }
    pthread_mutex_unlock(&t->lock);
    return rc;
}

void
asc_txn_set_state(asc_txn *t, asc_txn_state state, bool in_doubt)
{
    atomic_store(&t->in_doubt, in_doubt);
    atomic_store(&t->state, state);
}

void
asc_txn_end_end(asc_txn *t, const void *who)
{
    if (t->fork_count != asc_fork_count()) {
        return;
    }
    pthread_mutex_lock(&t->lock);
    if (t->ender == who) {
        t->ender = NULL;
    }
    pthread_mutex_unlock(&t->lock);
}

uint32_t
asc_txn_n_under_way(asc_txn *t)
{
    if (t->fork_count != asc_fork_count()) {
        return 0;
    }
    pthread_mutex_lock(&t->lock);
    uint32_t n = t->n_under_way;
    pthread_mutex_unlock(&t->lock);
    return n;
}

void
asc_txn_forget(asc_txn *t)
{
    if (t->fork_count != asc_fork_count()) {
        return;
    }
    pthread_mutex_lock(&t->lock);
    t->n_entries = 0;
    if (t->n_slots > 0) {
        memset(t->slots, 0, t->n_slots * sizeof *t->slots);
    }
    atomic_store(&t->deadline, 0);
    pthread_mutex_unlock(&t->lock);
}
