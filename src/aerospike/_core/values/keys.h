/* values/keys.h -- key tuples: (namespace, set, user key[, digest]). */
#ifndef CORE_VALUES_KEYS_H
#define CORE_VALUES_KEYS_H

#include "asc/digest.h"
#include "asc/writer.h"
#include "support/errors.h"

/* The key of a record, parsed: the Python objects, and the bytes that digest and fields
 * are made of. Nearly all is borrowed, so that a key costs no allocation: who parses a
 * key holds its tuple for as long as the record_key is used. It must not be copied, for
 * `value` can point into it. */
typedef struct record_key {
    PyObject *held; /* owned: the entries of a dict, the bytes of a bytearray, or both,
                       which other code may change meanwhile; else NULL */
    PyObject *ns, *set, *user_key; /* borrowed from the tuple, or from held; set may be
                                       None, and user_key NULL when only a digest was
                                       given */
    char ns_text[ASC_MAX_NAMESPACE_SIZE + 1]; /* a copy that ends with a NUL */
    size_t ns_size;
    const char *set_text; /* borrowed from set, or "" */
    size_t set_size;
    uint8_t particle;  /* the particle type of the user key */
    uint8_t number[8]; /* what value points to when the user key is an int */
    const void *
        value; /* the bytes of the user key: borrowed from user_key or held, or number */
    size_t value_size;
    uint8_t digest[ASC_DIGEST_SIZE];
} record_key;

/* Parse a key tuple (or the dict {"ns", "set", "key", "digest"}, which may change
 * afterwards). 0, or -1 with ParamError. k borrows from the tuple, which the caller
 * holds; key_clear() is to be called in either case. */
int key_from_py(module_state *st, record_key *k, PyObject *key);

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
 * there is none. NULL with an exception. */
PyObject *key_to_py(const record_key *k, int with_user_key);

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
