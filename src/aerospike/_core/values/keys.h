/* values/keys.h -- key tuples: (namespace, set, user key[, digest]). */
#ifndef CORE_VALUES_KEYS_H
#define CORE_VALUES_KEYS_H

#include "asc/digest.h"
#include "asc/writer.h"
#include "support/errors.h"

typedef struct record_key {
    PyObject *held;                /* owned: the entries of a dict, or NULL */
    PyObject *ns, *set, *user_key; /* borrowed from the tuple, or from held; set may be
                                       None, and user_key NULL when only a digest was
                                       given */
    char ns_text[ASC_MAX_NAMESPACE_SIZE + 1];
    size_t ns_size;
    const char *set_text; /* borrowed from set */
    size_t set_size;
    uint8_t particle;
    uint8_t number[8]; /* what value points to for integers */
    const void *value; /* borrowed from user_key or number */
    size_t value_size;
    uint8_t digest[ASC_DIGEST_SIZE];
} record_key;

/* Parse a key tuple (or the dict {"ns", "set", "key", "digest"}, which may change
 * afterwards). 0, or -1 with ParamError. k borrows from a tuple, which must stay; clear
 * it when it is no longer used. */
int key_from_py(module_state *st, record_key *k, PyObject *key);

/* Drop what k owns; fine after a failure, too. */
static inline void
key_clear(record_key *k)
{
    Py_CLEAR(k->held);
}

/* Namespace, set and user key given one by one: k owns nothing. */
int key_from_parts(module_state *st, record_key *k, PyObject *ns, PyObject *set,
                   PyObject *user_key);

/* (ns, set, user key or None, bytearray(digest)); set is None when there is none. */
PyObject *key_to_py(const record_key *k, int with_user_key);

/* The user key that a record was stored with, of its field: particle type and value
 * (size is at least 1). What comes back names the record it came from: text as str or,
 * where it is no UTF-8, bytes; blobs, and whatever no key should be, as bytearray. */
PyObject *stored_key_to_py(const uint8_t *field, size_t size);

/* Spare the garbage collector a key tuple that cannot be part of a cycle. */
void key_untrack(PyObject *key);

/* Fields 0, 1 and 4, and 2 when send_user_key. False when memory is short. */
bool key_to_fields(const record_key *k, asc_writer *w, bool send_user_key);

/* Digest of (ns, set, key), the arguments of the function named. A bytearray, or NULL
 * with TypeError or ParamError. */
PyObject *calc_digest(module_state *st, const char *func, PyObject *const *args,
                      Py_ssize_t nargs, PyObject *kwnames);

/* The functions of the module that are about keys. */
extern const PyMethodDef keys_functions[];

#endif
