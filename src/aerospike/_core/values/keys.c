/* This file turns the key of a call into a digest and the fields of a request, and what
 * a reply says of a key into a tuple. A record_key borrows its texts from the tuple:
 * CPython keeps the UTF-8 of a str inside the str, where it stays as long as the str
 * does, so that nothing is copied on the way of a call. A bytearray is the exception:
 * other code can change its bytes while a call is made. */
#include "values/keys.h"

#include <string.h>

#include "support/args.h"
#include "support/compat.h"
#include "support/numbers.h"
#include "support/texts.h"
#include "values/values.h"

/* Take a text as the user key. With a NUL in it, other clients would take what stands
 * before that for the key, and mean another record. */
static int
text_key(module_state *st, given_key *user, const char *text, Py_ssize_t size)
{
    if (has_nul(text, size)) {
        return raise_param(st, "key is invalid" DETAIL "the user key contains a NUL; a "
                               "bytearray may hold any bytes");
    }
    user->particle = ASC_PARTICLE_STRING;
    user->bytes = text;
    user->size = (size_t)size;
    return 0;
}

/* Take a copy of the bytes of a bytearray as the user key. 0, or -1 with an
 * exception. */
static int
blob_key(module_state *st, given_key *user, PyObject *array, PyObject **held)
{
    PyObject *bytes = bytes_of_bytearray(array);
    if (bytes == NULL) {
        return -1;
    }
    PyObject *both = *held != NULL ? PyTuple_Pack(2, *held, bytes) : bytes;
    if (both != bytes) {
        Py_DECREF(bytes);
    }
    if (both == NULL) {
        return -1;
    }
    Py_XSETREF(*held, both);
    user->particle = ASC_PARTICLE_BLOB;
    user->bytes = PyBytes_AS_STRING(bytes); /* borrowed: *held has it */
    user->size = (size_t)PyBytes_GET_SIZE(bytes);
    return user->size > 0 ? 0 : raise_param(st, "Byte array size cannot be 0");
}

/* Take the user key: its particle type and its bytes, of which the digest is made.
 * bytes are a text key, a bytearray is a blob. */
static int
user_key_from_object(module_state *st, given_key *user, PyObject *pk, PyObject **held)
{
    user->object = pk;
    if (PyUnicode_Check(pk)) {
        Py_ssize_t n;
        const char *utf8 =
            utf8_of(st, pk, &n, ASC_ERR_PARAM, "key is invalid: the user key");
        return utf8 != NULL ? text_key(st, user, utf8, n) : -1;
    }
    if (PyLong_Check(pk)) {
        int64_t v;
        if (!int64_from_py(pk, &v)) {
            return raise_param(st, "integer value for KEY exceeds sys.maxsize" DETAIL
                                   "64 bits are allowed");
        }
        user->particle = ASC_PARTICLE_INTEGER;
        asc_put_u64(user->number, (uint64_t)v);
        user->size = sizeof user->number;
        return 0;
    }
    if (PyBytes_Check(pk)) {
        return text_key(st, user, PyBytes_AS_STRING(pk), PyBytes_GET_SIZE(pk));
    }
    if (PyByteArray_Check(pk)) {
        return blob_key(st, user, pk, held);
    }
    return raise_param(st,
                       "key is invalid" DETAIL
                       "the user key must be str, int, bytes or bytearray, got %s",
                       Py_TYPE(pk)->tp_name);
}

int
key_names_from_py(module_state *st, key_names *names, PyObject *ns, PyObject *set)
{
    if (!PyUnicode_Check(ns)) {
        return raise_param(st, "namespace must be a string" DETAIL "got %s",
                           Py_TYPE(ns)->tp_name);
    }
    if (name_from_py(st, ns, "key is invalid" DETAIL "the namespace",
                     ASC_MAX_NAMESPACE_SIZE, &names->ns_text, &names->ns_size) < 0) {
        return -1;
    }
    names->ns = ns;
    names->set = set;
    names->set_text = "";
    names->set_size = 0;
    if (set == Py_None) {
        return 0;
    }
    if (!PyUnicode_Check(set)) {
        return raise_param(st, "set must be a string" DETAIL "got %s",
                           Py_TYPE(set)->tp_name);
    }
    return name_from_py(st, set, "key is invalid" DETAIL "the set", ASC_MAX_SET_SIZE,
                        &names->set_text, &names->set_size);
}

/* Copy the bytes of a digest if they are 20. Returns how many they are. */
static Py_ssize_t
copy_digest(uint8_t out[ASC_DIGEST_SIZE], const char *bytes, Py_ssize_t size)
{
    if (size == ASC_DIGEST_SIZE) {
        memcpy(out, bytes, ASC_DIGEST_SIZE);
    }
    return size;
}

/* Take the digest of a key that has no user key. */
static int
digest_from_py(module_state *st, uint8_t out[ASC_DIGEST_SIZE], PyObject *digest)
{
    Py_ssize_t size;
    if (PyByteArray_Check(digest)) {
        Py_BEGIN_CRITICAL_SECTION(digest);
        /* borrowed: copied before Python code runs */
        size = copy_digest(out, PyByteArray_AS_STRING(digest),
                           PyByteArray_GET_SIZE(digest));
        Py_END_CRITICAL_SECTION();
    }
    else if (PyBytes_Check(digest)) {
        size = copy_digest(out, PyBytes_AS_STRING(digest), PyBytes_GET_SIZE(digest));
    }
    else {
        return raise_param(st,
                           "digest is invalid. expected a bytearray" DETAIL "got %s",
                           Py_TYPE(digest)->tp_name);
    }
    if (size != ASC_DIGEST_SIZE) {
        return raise_param(
            st, "digest size is invalid. should be 20 bytes, but received %zd", size);
    }
    return 0;
}

int
user_key_from_py(module_state *st, given_key *user, uint8_t *digest,
                 const key_items *items, PyObject **held)
{
    if (items->user_key != Py_None) {
        return user_key_from_object(st, user, items->user_key, held);
    }
    *user = (given_key){0};
    if (items->digest == Py_None) {
        return raise_param(st, "either key or digest is required");
    }
    return digest_from_py(st, digest, items->digest);
}

/* Parse the items of a key, which the caller holds. The digest counts only when there
 * is no user key. */
static int
key_from_items(module_state *st, record_key *k, const key_items *items)
{
    if (key_names_from_py(st, &k->names, items->ns, items->set) < 0 ||
        user_key_from_py(st, &k->user, k->digest, items, &k->held) < 0) {
        return -1;
    }
    if (k->user.object != NULL) {
        asc_digest_key(k->digest, k->names.set_text, k->names.set_size,
                       k->user.particle, given_key_bytes(&k->user), k->user.size);
    }
    return 0;
}

int
key_from_parts(module_state *st, record_key *k, PyObject *ns, PyObject *set,
               PyObject *user_key)
{
    const key_items items = {
        .ns = ns, .set = set, .user_key = user_key, .digest = Py_None};
    return key_from_items(st, k, &items);
}

/* Take a tuple apart. */
static int
items_of_tuple(module_state *st, PyObject *key, key_items *items)
{
    Py_ssize_t n = PyTuple_GET_SIZE(key);
    if (n != 3 && n != 4) {
        return raise_param(st, "key tuple must be (Namespace, Set, Key) or "
                               "(Namespace, Set, None, Digest)");
    }
    /* borrowed: a tuple does not change, and the caller holds this one */
    *items = (key_items){.ns = PyTuple_GET_ITEM(key, 0),
                         .set = PyTuple_GET_ITEM(key, 1),
                         .user_key = PyTuple_GET_ITEM(key, 2),
                         .digest = n == 4 ? PyTuple_GET_ITEM(key, 3) : Py_None};
    return 0;
}

/* Make a tuple, which nobody can change, of a key given as a dict: a new reference, or
 * NULL with an exception. */
static PyObject *
tuple_of_dict(module_state *st, PyObject *dict)
{
    PyObject *const names[] = {st->s_ns, st->s_set, st->s_key, st->s_digest};
    PyObject *items[4] = {NULL}, *tuple = NULL, *now = dict_of_now(dict);
    int found = now != NULL ? 0 : -1;
    for (int i = 0; found >= 0 && i < 4; i++) {
        found = PyDict_GetItemRef(now, names[i], &items[i]);
        if (found == 0) {
            items[i] = Py_NewRef(Py_None);
        }
    }
    if (found >= 0) {
        tuple = PyTuple_Pack(4, items[0], items[1], items[2], items[3]);
    }
    for (int i = 0; i < 4; i++) {
        Py_XDECREF(items[i]);
    }
    Py_XDECREF(now);
    return tuple;
}

int
key_items_of(module_state *st, PyObject *key, key_items *items, PyObject **held)
{
    *held = NULL;
    if (PyTuple_Check(key)) {
        return items_of_tuple(st, key, items);
    }
    if (PyDict_Check(key)) {
        *held = tuple_of_dict(st, key);
        return *held != NULL ? items_of_tuple(st, *held, items) : -1;
    }
    return raise_param(st, "key is invalid" DETAIL "a tuple is expected, got %s",
                       Py_TYPE(key)->tp_name);
}

int
key_from_py(module_state *st, record_key *k, PyObject *key)
{
    key_items items;
    return key_items_of(st, key, &items, &k->held) < 0 ? -1
                                                       : key_from_items(st, k, &items);
}

void
key_untrack(PyObject *key)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); i++) {
        /* borrowed: nothing here runs Python code */
        if (PyType_IS_GC(Py_TYPE(PyTuple_GET_ITEM(key, i)))) {
            return; /* of a subclass: it might lead back to the key */
        }
    }
    PyObject_GC_UnTrack(key);
}

/* Give a text key as a str where it is UTF-8, else as bytes, which name the same
 * record. */
static PyObject *
text_key_to_py(const void *text, size_t size)
{
    PyObject *str = PyUnicode_DecodeUTF8(text, (Py_ssize_t)size, NULL);
    if (str == NULL && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        PyErr_Clear();
        return PyBytes_FromStringAndSize(text, (Py_ssize_t)size);
    }
    return str;
}

PyObject *
stored_key_to_py(const uint8_t *field, size_t size)
{
    const uint8_t *value = field + 1;
    size--;
    switch (field[0]) {
    case ASC_PARTICLE_STRING:
        return text_key_to_py(value, size);
    case ASC_PARTICLE_INTEGER:
        if (size == sizeof(int64_t)) {
            return PyLong_FromLongLong((int64_t)asc_get_u64(value));
        }
        break;
    case ASC_PARTICLE_DOUBLE:
        if (size == sizeof(double)) {
            return PyFloat_FromDouble(asc_get_f64(value));
        }
        break;
    default:
        break;
    }
    return PyByteArray_FromStringAndSize((const char *)value, (Py_ssize_t)size);
}

/* Give the user key of a call as it would be read back. */
static PyObject *
given_key_to_py(const given_key *user)
{
    PyObject *pk = user->object;
    if (PyBool_Check(pk)) { /* True and False are the integers 1 and 0 */
        return PyLong_FromLong(pk == Py_True);
    }
    return PyBytes_Check(pk) ? text_key_to_py(user->bytes, user->size) : Py_NewRef(pk);
}

/* The object of a name, for the key of a record: the caller's own. Where there is no
 * GIL, all threads that use the same str would write to its count. So a name that is
 * kept takes its place there. */
static PyObject *
name_to_py(module_state *st, PyObject *given, const char *text, size_t size)
{
#ifdef Py_GIL_DISABLED
    if (PyUnicode_CheckExact(given)) {
        return decode_name(st, (const uint8_t *)text, size);
    }
#else
    (void)st;
    (void)text;
    (void)size;
#endif
    return Py_NewRef(given);
}

PyObject *
key_to_py(module_state *st, const key_names *names, const given_key *user,
          const uint8_t *digest)
{
    bool has_user_key = user != NULL && user->object != NULL;
    PyObject *bytes =
        PyByteArray_FromStringAndSize((const char *)digest, ASC_DIGEST_SIZE);
    PyObject *ns = name_to_py(st, names->ns, names->ns_text, names->ns_size);
    PyObject *set = names->set_size > 0
                        ? name_to_py(st, names->set, names->set_text, names->set_size)
                        : Py_NewRef(Py_None);
    PyObject *pk = has_user_key ? given_key_to_py(user) : Py_NewRef(Py_None);
    bool has_parts = ns != NULL && set != NULL && pk != NULL && bytes != NULL;
    PyObject *key = has_parts ? PyTuple_New(4) : NULL;
    if (key == NULL) {
        Py_XDECREF(bytes);
        Py_XDECREF(ns);
        Py_XDECREF(set);
        Py_XDECREF(pk);
        return NULL;
    }
    PyTuple_SET_ITEM(key, 0, ns);
    PyTuple_SET_ITEM(key, 1, set);
    PyTuple_SET_ITEM(key, 2, pk);
    PyTuple_SET_ITEM(key, 3, bytes);
    key_untrack(key);
    return key;
}

bool
key_to_fields(const record_key *k, asc_writer *w, bool send_user_key)
{
    const key_names *names = &k->names;
    const given_key *user = &k->user;
    return asc_writer_field(w, ASC_FIELD_NAMESPACE, names->ns_text, names->ns_size) &&
           asc_writer_field(w, ASC_FIELD_SET, names->set_text, names->set_size) &&
           asc_writer_field(w, ASC_FIELD_DIGEST, k->digest, sizeof k->digest) &&
           (!send_user_key || user->object == NULL ||
            asc_writer_key_field(w, user->particle, given_key_bytes(user), user->size));
}

/* --- functions of the module --- */

PyObject *
calc_digest(module_state *st, const char *func, PyObject *const *args, Py_ssize_t nargs,
            PyObject *kwnames)
{
    static const char *const names[] = {"ns", "set", "key", NULL};
    PyObject *argv[3];
    record_key k = {0};
    if (parse_args(func, names, 3, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    if (!PyUnicode_Check(argv[0])) {
        PyErr_Format(PyExc_TypeError, "Namespace should be a string: got %s",
                     Py_TYPE(argv[0])->tp_name);
        return NULL;
    }
    if (!PyUnicode_Check(argv[1]) && argv[1] != Py_None) {
        PyErr_Format(PyExc_TypeError,
                     "Set should be a string or unicode, or None: got %s",
                     Py_TYPE(argv[1])->tp_name);
        return NULL;
    }
    PyObject *pk = argv[2];
    if (!PyUnicode_Check(pk) && !PyLong_Check(pk) && !PyBytes_Check(pk) &&
        !PyByteArray_Check(pk)) {
        PyErr_Format(PyExc_TypeError,
                     "Key is invalid: str, int, bytes or bytearray is expected, got %s",
                     Py_TYPE(pk)->tp_name);
        return NULL;
    }
    int rc = key_from_parts(st, &k, argv[0], argv[1], pk);
    key_clear(&k);
    return rc < 0
               ? NULL
               : PyByteArray_FromStringAndSize((const char *)k.digest, ASC_DIGEST_SIZE);
}

static const char doc_calc_digest[] =
    "calc_digest($module, ns, set, key)\n--\n\n"
    "The digest that identifies a record, a bytearray of 20.\n\n"
    ":param ns: namespace, str; takes no part in the digest.\n"
    ":param set: str or None.\n"
    ":param key: user key: str, int, bytes or bytearray.\n"
    ":raises TypeError: an argument of another type.\n"
    ":raises ParamError: an int beyond 64 bits, a name too long.";

static PyObject *
core_calc_digest(FUNCTION_PARAMS)
{
    return calc_digest(PyModule_GetState(module), "calc_digest", args, nargs, kwnames);
}

static const char doc_get_partition_id[] =
    "get_partition_id($module, digest, /)\n--\n\n"
    "The partition, 0 to 4095, of a digest (bytes or bytearray of 20).\n\n"
    ":raises ParamError: anything else.";

static PyObject *
core_get_partition_id(PyObject *module, PyObject *digest)
{
    uint8_t bytes[ASC_DIGEST_SIZE] = {0};
    if (digest_from_py(PyModule_GetState(module), bytes, digest) < 0) {
        return NULL;
    }
    return PyLong_FromUnsignedLong(asc_digest_partition(bytes));
}

const PyMethodDef keys_functions[] = {
    FUNCTION_ROW("calc_digest", core_calc_digest, doc_calc_digest),
    {"get_partition_id", core_get_partition_id, METH_O, doc_get_partition_id},
    {NULL, NULL, 0, NULL},
};
