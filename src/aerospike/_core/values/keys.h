/* values/keys.h -- key tuples: (namespace, set, user key[, digest]). */
#ifndef CORE_VALUES_KEYS_H
#define CORE_VALUES_KEYS_H

#include "asc/digest.h"
#include "asc/writer.h"
#include "support/errors.h"

/* The items of a key tuple, borrowed from it. What a key does not have is None. */
typedef struct key_items {
    PyObject *ns, *set, *user_key, *digest;
} key_items;

/* Namespace and set of a key: the Python objects and their UTF-8, which is inside them.
 * All is borrowed. */
typedef struct key_names {
    PyObject *ns, *set;   /* set may be None */
    const char *ns_text;  /* ends with a NUL */
    const char *set_text; /* "" for None */
    size_t ns_size, set_size;
} key_names;

/* A user key: the Python object and its bytes, which the digest and the field are made
 * of. */
typedef struct given_key {
    PyObject *object; /* borrowed; NULL: only a digest was given */
    union {
        const void *bytes; /* borrowed from the object, or what the key holds */
        uint8_t number[8]; /* of an int */
    };
    size_t size;
    uint8_t particle; /* particle type; ASC_PARTICLE_INTEGER: `number` counts */
} given_key;

static inline const void *
given_key_bytes(const given_key *user)
{
    return user->particle == ASC_PARTICLE_INTEGER ? user->number : user->bytes;
}

/* The key of a record, parsed. Nearly all is borrowed, so that a key costs no
 * allocation: who parses a key holds its tuple for as long as the record_key is
 * used. */
typedef struct record_key {
    PyObject *held; /* owned: the entries of a dict, the bytes of a bytearray, or both,
                       which other code may change meanwhile; else NULL */
    key_names names;
    given_key user;
    uint8_t digest[ASC_DIGEST_SIZE];
} record_key;

/* Parse a key tuple (or the dict {"ns", "set", "key", "digest"}, which may change
 * afterwards). 0, or -1 with ParamError. k borrows from the tuple, which the caller
 * holds; key_clear() is to be called in either case. */
int key_from_py(module_state *st, record_key *k, PyObject *key);

/* The same in steps, for whoever computes the digest on his own. First take a key
 * apart. Then parse the names, and the rest: the user key if there is one, else *user
 * has no object and the digest is there. *held is as in record_key; the caller drops
 * it. Each 0, or -1 with ParamError. */
int key_items_of(module_state *st, PyObject *key, key_items *items, PyObject **held);
int key_names_from_py(module_state *st, key_names *names, PyObject *ns, PyObject *set);
int user_key_from_py(module_state *st, given_key *user, uint8_t *digest,
                     const key_items *items, PyObject **held);

/* What asc_digest_keys() takes for a key; the digest goes to out. */
static inline asc_digest_source
digest_source(const key_names *names, const given_key *user, uint8_t *out)
{
    return (asc_digest_source){.set = names->set_text,
                               .set_size = names->set_size,
                               .particle = user->particle,
                               .value = given_key_bytes(user),
                               .value_size = user->size,
                               .out = out};
}

/* Drop what k owns; fine after a failure, too. */
static inline void
key_clear(record_key *k)
{
    Py_CLEAR(k->held);
}

/* Parse a key whose namespace, set and user key are given one by one. The caller holds
 * them, and has set `held` to NULL; key_clear() is to be called. 0, or -1 with
 * ParamError. */
int key_from_parts(module_state *st, record_key *k, PyObject *ns, PyObject *set,
                   PyObject *user_key);

/* A new tuple (ns, set, user key or None, bytearray(digest)), in which set is None when
 * there is none. user may be NULL: None. NULL with an exception. */
PyObject *key_to_py(module_state *st, const key_names *names, const given_key *user,
                    const uint8_t *digest);

/* The user key that a record was stored with, from its field: particle type and value
 * (size is at least 1). A new reference, or NULL with an exception. A key made with
 * what is returned names the same record again: text becomes a str or, where it is not
 * UTF-8, bytes; a blob, and whatever no key should be, becomes a bytearray. */
PyObject *stored_key_to_py(const uint8_t *field, size_t size);

/* Take a key tuple that cannot be part of a cycle out of the collector's sight: the
 * records of a scan are many. */
void key_untrack(PyObject *key);

/* Append the fields of a key: namespace, set and digest, and the user key when
 * send_user_key and there is one. False when memory is short. */
bool key_to_fields(const record_key *k, asc_writer *w, bool send_user_key);

/* The digest of a key whose parts are the arguments (ns, set, key) of the function
 * named: a new bytearray, or NULL with TypeError or ParamError. */
PyObject *calc_digest(module_state *st, const char *func, PyObject *const *args,
                      Py_ssize_t nargs, PyObject *kwnames);

/* The functions of the module that are about keys. */
extern const PyMethodDef keys_functions[];

#endif
