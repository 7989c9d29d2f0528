/* This file makes the bytes of a request of Python objects, in one pass: a value is
 * appended to the message as it is met. There is no tree in between, and no second look
 * at a value: a container writes how many items it has, then the items.
 *
 * The exact type of a value is tried first, the most frequent ones before others, then
 * what it is a subclass of, then the package's own types, and a serializer at last.
 *
 * The application's code may run within (serializers, dumps()) and may change the
 * container that is being walked: each item is owned while that code may run. The head
 * of a container cannot be taken back: a list that has become shorter raises
 * IndexError, of one that has become longer the first items count, and a dict that has
 * changed its size raises RuntimeError.
 *
 * Nearly every call comes through here several times: that is why the short functions
 * are inline, and why frequent types come first. */
#include <string.h>

#include "support/compat.h"
#include "support/numbers.h"
#include "support/stack.h"
#include "values/pairs.h"
#include "values/values.h"

/* --- text --- */

/* Count the bytes that follow the first one of a character's UTF-8. */
static inline int
utf8_tail(Py_UCS4 c)
{
    return (c >= 0x80) + (c >= 0x800) + (c >= 0x10000);
}

/* Count the bytes of a str's UTF-8; -1 when it has a lone surrogate. */
static Py_ssize_t
utf8_size(PyObject *text)
{
    Py_ssize_t n = PyUnicode_GET_LENGTH(text), size = 0;
    int kind = PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        if (c >= 0xD800 && c <= 0xDFFF) {
            return -1;
        }
        size += 1 + utf8_tail(c);
    }
    return size;
}

/* Write the UTF-8 that utf8_size() has counted. */
static void
write_utf8(uint8_t *p, PyObject *text)
{
    Py_ssize_t n = PyUnicode_GET_LENGTH(text);
    int kind = PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        if (c < 0x80) {
            *p++ = (uint8_t)c;
            continue;
        }
        int tail = utf8_tail(c);
        static const uint8_t lead[] = {0, 0xC0, 0xE0, 0xF0};
        *p++ = (uint8_t)(lead[tail] | c >> (6 * tail));
        while (tail-- > 0) {
            *p++ = (uint8_t)(0x80 | (c >> (6 * tail) & 0x3F));
        }
    }
}

/* Give the size of a str's UTF-8, or -1 with ClientError. */
static inline Py_ssize_t
text_size(module_state *st, PyObject *text)
{
    if (PyUnicode_IS_COMPACT_ASCII(text)) {
        return PyUnicode_GET_LENGTH(text);
    }
    Py_ssize_t size = utf8_size(text);
    return size >= 0 ? size
                     : raise_code(st, ASC_ERR_CLIENT,
                                  "Unicode value not encoded in utf-8." DETAIL
                                  "it has a lone surrogate");
}

/* Copy a text; up to 16 bytes, which most texts have, without a call of memcpy(). Two
 * pieces of 8 bytes, the first and the last ones, cover every size from 8 to 16, and
 * overlap in between; two pieces of 4 bytes do for 4 to 7. */
static inline void
copy_text(uint8_t *to, const uint8_t *from, size_t n)
{
    if (n > 16) {
        memcpy(to, from, n);
    }
    else if (n >= 8) {
        uint64_t head, tail;
        memcpy(&head, from, 8);
        memcpy(&tail, from + n - 8, 8);
        memcpy(to, &head, 8);
        memcpy(to + n - 8, &tail, 8);
    }
    else if (n >= 4) {
        uint32_t head, tail;
        memcpy(&head, from, 4);
        memcpy(&tail, from + n - 4, 4);
        memcpy(to, &head, 4);
        memcpy(to + n - 4, &tail, 4);
    }
    else if (n > 0) {
        to[0] = from[0];
        to[n / 2] = from[n / 2];
        to[n - 1] = from[n - 1];
    }
}

/* Write the UTF-8 of a str, of the size that text_size() has given. */
static inline void
write_text(uint8_t *p, PyObject *text, Py_ssize_t size)
{
    if (PyUnicode_IS_COMPACT_ASCII(text)) {
        copy_text(p, PyUnicode_DATA(text), (size_t)size);
    }
    else {
        write_utf8(p, text);
    }
}

int
encode_utf8(module_state *st, asc_buf *out, PyObject *text)
{
    Py_ssize_t size = text_size(st, text);
    if (size < 0) {
        return -1;
    }
    uint8_t *p = asc_buf_add(out, (size_t)size);
    if (p == NULL) {
        return put_ok(false);
    }
    write_text(p, text, size);
    return 0;
}

/* --- scalars --- */

/* *out = the value of an int. 0, or -1 with ParamError when 64 bits do not hold it. */
static inline int
int_from_py(module_state *st, PyObject *value, int64_t *out)
{
    if (int64_from_py(value, out)) {
        return 0;
    }
    return raise_param(st, "integer value exceeds sys.maxsize" DETAIL
                           "64 bits are allowed");
}

/* Ask a GeoJSON object for its text, a new reference. */
static PyObject *
geojson_text(encoder *e, PyObject *value)
{
    PyObject *text = PyObject_CallMethodNoArgs(value, e->st->s_dumps);
    if (text != NULL && !PyUnicode_Check(text)) {
        raise_param(e->st, "GeoJSON.dumps() must return a str");
        Py_CLEAR(text);
    }
    return text;
}

static bool
is_instance(PyObject *value, PyObject *cls)
{
    return PyType_IsSubtype(Py_TYPE(value), (PyTypeObject *)cls);
}

/* Is it None, an instance of aerospike.null, or (an old habit) that class itself? */
static bool
is_null(module_state *st, PyObject *value)
{
    return value == Py_None || value == st->null || is_instance(value, st->null);
}

/* --- items of msgpack --- */

/* Go down one level. The caller takes e->depth back when the container is written;
 * after a failure nobody does, because the encoder is not used again. 0, or -1 with
 * ParamError when the value is nested too deep. */
static int
enter(encoder *e)
{
    if (e->depth >= MAX_DEPTH_WRITTEN) {
        return raise_param(e->st, "value is nested deeper than %d levels",
                           MAX_DEPTH_WRITTEN);
    }
    if (!stack_has_room_at(e->depth)) {
        return raise_param(e->st, "value is nested deeper than the stack of this "
                                  "thread allows");
    }
    e->depth++;
    return 0;
}

static inline int
encode_str(encoder *e, uint8_t particle, PyObject *text)
{
    Py_ssize_t size = text_size(e->st, text);
    uint8_t *p = size >= 0 ? asc_mp_add_bytes(e->out, particle, (size_t)size) : NULL;
    if (p == NULL) {
        return size < 0 ? -1 : put_ok(false);
    }
    write_text(p, text, size);
    return 0;
}

static inline int
encode_int(encoder *e, PyObject *value)
{
    int64_t v;
    return int_from_py(e->st, value, &v) < 0 ? -1 : put_ok(asc_mp_put_int(e->out, v));
}

static int encode_serialized(encoder *e, PyObject *value);

/* Write a bool in a list or map, as the client's configuration says. */
static int
encode_bool(encoder *e, PyObject *value)
{
    bool v = value == Py_True;
    switch (e->rules->bool_as) {
    case BOOL_AS_INTEGER:
        return put_ok(asc_mp_put_int(e->out, v));
    case BOOL_AS_PICKLE:
        return encode_serialized(e, value);
    default:
        return put_ok(asc_mp_put_bool(e->out, v));
    }
}

static int
encode_blob(encoder *e, uint8_t particle, const void *bytes, Py_ssize_t size)
{
    return put_ok(asc_mp_put_bytes(e->out, particle, bytes, (size_t)size));
}

/* Say which particle type a bytes object is stored as. */
static uint8_t
blob_particle(module_state *st, PyObject *value)
{
    return !PyBytes_CheckExact(value) && is_instance(value, st->HyperLogLog)
               ? ASC_PARTICLE_HLL
               : ASC_PARTICLE_BLOB;
}

/* Write an item of one of the types that most items are. No Python code runs for these,
 * so that a borrowed reference is enough. 1: it is done; 0: it is of another type; -1
 * with an exception. */
static inline int
encode_simple(encoder *e, PyObject *value)
{
    PyTypeObject *type = Py_TYPE(value);
    int rc;
    if (type == &PyUnicode_Type) {
        rc = encode_str(e, ASC_PARTICLE_STRING, value);
    }
    else if (type == &PyLong_Type) {
        rc = encode_int(e, value);
    }
    else if (type == &PyFloat_Type) {
        rc = put_ok(asc_mp_put_double(e->out, PyFloat_AS_DOUBLE(value)));
    }
    else {
        return 0;
    }
    return rc < 0 ? -1 : 1;
}

/* Write an item of a container. Only the container holds it for sure: so it is owned
 * here if Python code, which could drop it from the container, may run. */
static inline int
encode_borrowed(encoder *e, PyObject *value)
{
    int rc = encode_simple(e, value);
    if (rc == 0) {
        Py_INCREF(value);
        rc = encode_item(e, value);
        Py_DECREF(value);
    }
    return rc < 0 ? -1 : 0;
}

/* Write item i of a list, in a critical section of it. The list may have become
 * shorter. */
static inline int
encode_item_at(encoder *e, PyObject *list, Py_ssize_t i)
{
    if (i < PyList_GET_SIZE(list)) {
        /* borrowed: encode_borrowed() owns what may be taken away */
        return encode_borrowed(e, PyList_GET_ITEM(list, i));
    }
    PyErr_SetString(PyExc_IndexError, "list index out of range");
    return -1;
}

static int
encode_list(encoder *e, PyObject *list)
{
    if (enter(e) < 0) {
        return -1;
    }
    int rc;
    Py_BEGIN_CRITICAL_SECTION(list);
    Py_ssize_t n = PyList_GET_SIZE(list);
    rc = put_ok(asc_mp_put_list_head(e->out, (size_t)n));
    for (Py_ssize_t i = 0; i < n && rc == 0; i++) {
        rc = encode_item_at(e, list, i);
        if (rc < 0) {
            error_in_place(e->st, i);
        }
    }
    Py_END_CRITICAL_SECTION();
    e->depth--;
    return rc;
}

/* Write a pair whose key is neither a str nor an int. Encoding the key may run Python
 * code, which could drop both from the dict: so both are owned. */
static int
encode_odd_pair(encoder *e, PyObject *key, PyObject *value)
{
    /* Floats are left to a server that refuses them as keys, as today's do. */
    bool is_odd = PyBytes_Check(key) || PyByteArray_Check(key) ||
                  (PyFloat_Check(key) && !e->no_float_keys);
    if (!is_odd || is_null(e->st, key)) {
        return raise_param(e->st, "a map key must be str, int or bytes" DETAIL "got %s",
                           Py_TYPE(key)->tp_name);
    }
    Py_INCREF(key);
    Py_INCREF(value);
    int rc = encode_item(e, key) < 0 ? -1 : encode_item(e, value);
    Py_DECREF(key);
    Py_DECREF(value);
    return rc;
}

/* Write a pair of a map. The dict alone holds key and value for sure. */
static inline int
encode_pair(encoder *e, PyObject *key, PyObject *value)
{
    int rc;
    if (PyUnicode_Check(key)) {
        rc = encode_str(e, ASC_PARTICLE_STRING, key);
    }
    else if (PyLong_Check(key) && !PyBool_Check(key)) {
        rc = encode_int(e, key);
    }
    else {
        return encode_odd_pair(e, key, value);
    }
    /* Writing such a key runs no Python code, so that the dict still has the value. */
    return rc < 0 ? -1 : encode_borrowed(e, value);
}

/* Say that the error is in pair i of a dict. The key is looked for again, so that
 * nobody has to own the keys while pairs are written. Returns -1. */
static int
error_in_pair(module_state *st, PyObject *dict, Py_ssize_t i)
{
    PyObject *key = NULL, *value;
    Py_ssize_t pos = 0;
    /* borrowed: owned before anything runs */
    while (i >= 0 && PyDict_Next(dict, &pos, &key, &value)) {
        i--;
    }
    if (key != NULL) {
        Py_INCREF(key);
        error_in_key(st, key);
        Py_DECREF(key);
    }
    return -1;
}

/* Append the n pairs of a dict in its order. When at is not NULL, at[i] becomes the
 * place of pair i. The head says n pairs: a pair more ends the loop without an
 * exception of its own, a pair less is noticed after it. 0, or -1 with an exception. */
static int
encode_pairs(encoder *e, PyObject *dict, Py_ssize_t n, pair_at *at)
{
    PyObject *key, *value;
    Py_ssize_t pos = 0, i = 0;
    int rc = 0;
    /* borrowed: encode_pair() owns what may be taken away */
    while (rc == 0 && PyDict_Next(dict, &pos, &key, &value)) {
        size_t start = e->out->len;
        rc = i < n ? encode_pair(e, key, value) : -1;
        if (at != NULL && i < n) {
            at[i] = (pair_at){start, e->out->len - start};
        }
        i++;
    }
    bool has_changed = rc == 0 ? i != n : PyErr_Occurred() == NULL;
    if (has_changed) {
        return raise_dict_changed();
    }
    return rc == 0 ? 0 : error_in_pair(e->st, dict, i - 1);
}

/* Write the n pairs of a map that must be sorted by key. at[] has room for the places
 * of n pairs and for sorting them, and is never empty. */
static int
encode_sorted_pairs(encoder *e, PyObject *dict, Py_ssize_t n)
{
    pair_at *at = PyMem_Malloc((2 * (size_t)n + 1) * sizeof *at);
    if (at == NULL) {
        return put_ok(false);
    }
    int rc = encode_pairs(e, dict, n, at);
    if (rc == 0) {
        rc = put_ok(pairs_sort(e->out, at, (size_t)n));
    }
    PyMem_Free(at);
    return rc;
}

/* Write the head and the n pairs of a map. A KeyOrderedDict is a map that stays sorted
 * on the server: a marker, which takes the place of a pair and is counted as one, says
 * so before the pairs. */
static inline int
encode_head_and_pairs(encoder *e, PyObject *dict, Py_ssize_t n)
{
    bool ordered = !PyDict_CheckExact(dict) && is_instance(dict, e->st->KeyOrderedDict);
    if (put_ok(asc_mp_put_map_head(e->out, (size_t)n + ordered)) < 0) {
        return -1;
    }
    if (ordered && put_ok(asc_mp_put_marker(e->out, ASC_MP_ORDERED) &&
                          asc_mp_put_nil(e->out)) < 0) {
        return -1;
    }
    return ordered || e->sorts_maps ? encode_sorted_pairs(e, dict, n)
                                    : encode_pairs(e, dict, n, NULL);
}

static int
encode_map(encoder *e, PyObject *dict)
{
    if (enter(e) < 0) {
        return -1;
    }
    int rc;
    Py_BEGIN_CRITICAL_SECTION(dict);
    rc = encode_head_and_pairs(e, dict, PyDict_GET_SIZE(dict));
    Py_END_CRITICAL_SECTION();
    e->depth--;
    return rc;
}

/* Give the bytes of a memoryview, which the caller releases. 0, or -1 with ParamError
 * when they do not lie one behind the other, or the view has been released. */
static int
view_bytes(encoder *e, PyObject *view, Py_buffer *bytes)
{
    if (PyObject_GetBuffer(view, bytes, PyBUF_SIMPLE) == 0) {
        return 0;
    }
    PyObject *cause = PyErr_GetRaisedException();
    return raise_from(
        cause,
        raise_param(e->st, "a memoryview must be contiguous" DETAIL "%S", cause));
}

/* Write the bytes that stand for a value of an unsupported type as an item. */
static int
encode_serialized(encoder *e, PyObject *value)
{
    uint8_t particle;
    Py_buffer bytes;
    PyObject *made = serialize(e, value, &particle);
    if (made == NULL) {
        return -1;
    }
    int rc = -1;
    if (PyUnicode_Check(made)) {
        rc = encode_str(e, particle, made);
    }
    else if (PyObject_GetBuffer(made, &bytes, PyBUF_SIMPLE) == 0) {
        rc = put_ok(asc_mp_put_bytes(e->out, particle, bytes.buf, (size_t)bytes.len));
        PyBuffer_Release(&bytes);
    }
    Py_DECREF(made);
    return rc;
}

/* Write an item whose exact type was none of the common ones: an object of a subclass,
 * or of a type of the package. */
static int
encode_other(encoder *e, PyObject *value)
{
    module_state *st = e->st;
    if (PyByteArray_Check(value)) {
        int rc;
        Py_BEGIN_CRITICAL_SECTION(value);
        /* borrowed: copied before Python code runs */
        rc = encode_blob(e, ASC_PARTICLE_BLOB, PyByteArray_AS_STRING(value),
                         PyByteArray_GET_SIZE(value));
        Py_END_CRITICAL_SECTION();
        return rc;
    }
    if (is_instance(value, st->GeoJSON)) {
        PyObject *text = geojson_text(e, value);
        int rc = text != NULL ? encode_str(e, ASC_PARTICLE_GEOJSON, text) : -1;
        Py_XDECREF(text);
        return rc;
    }
    if (is_null(st, value)) {
        return put_ok(asc_mp_put_nil(e->out));
    }
    if (PyUnicode_Check(value)) {
        return encode_str(e, ASC_PARTICLE_STRING, value);
    }
    if (PyLong_Check(value)) {
        return encode_int(e, value);
    }
    if (PyFloat_Check(value)) {
        return put_ok(asc_mp_put_double(e->out, PyFloat_AS_DOUBLE(value)));
    }
    if (PyBytes_Check(value)) {
        return encode_blob(e, blob_particle(st, value), PyBytes_AS_STRING(value),
                           PyBytes_GET_SIZE(value));
    }
    if (PyList_Check(value)) {
        return encode_list(e, value);
    }
    if (PyDict_Check(value)) {
        return encode_map(e, value);
    }
    if (is_instance(value, st->CDTWildcard)) {
        return put_ok(asc_mp_put_special(e->out, ASC_MP_WILDCARD));
    }
    if (is_instance(value, st->CDTInfinite)) {
        return put_ok(asc_mp_put_special(e->out, ASC_MP_INFINITY));
    }
    if (PyMemoryView_Check(value)) {
        Py_buffer bytes;
        if (view_bytes(e, value, &bytes) < 0) {
            return -1;
        }
        int rc = encode_blob(e, ASC_PARTICLE_BLOB, bytes.buf, bytes.len);
        PyBuffer_Release(&bytes);
        return rc;
    }
    return encode_serialized(e, value);
}

int
encode_item(encoder *e, PyObject *value)
{
    PyTypeObject *type = Py_TYPE(value);
    int rc = encode_simple(e, value);
    if (rc != 0) {
        return rc < 0 ? -1 : 0;
    }
    if (type == &PyList_Type) {
        return encode_list(e, value);
    }
    if (type == &PyDict_Type) {
        return encode_map(e, value);
    }
    if (type == &PyBool_Type) {
        return encode_bool(e, value);
    }
    if (value == Py_None) {
        return put_ok(asc_mp_put_nil(e->out));
    }
    if (type == &PyBytes_Type) {
        return encode_blob(e, ASC_PARTICLE_BLOB, PyBytes_AS_STRING(value),
                           PyBytes_GET_SIZE(value));
    }
    return encode_other(e, value);
}

int
encode_argument(encoder *e, PyObject *value)
{
    bool before = e->sorts_maps;
    e->sorts_maps = true;
    int rc = encode_item(e, value);
    e->sorts_maps = before;
    return rc;
}

/* --- particles: the values of bins, which are not msgpack outside of lists and maps
 * --- */

static int
particle_number(encoder *e, uint64_t bits)
{
    uint8_t *p = asc_buf_add(e->out, 8);
    if (p == NULL) {
        return put_ok(false);
    }
    asc_put_u64(p, bits);
    return 0;
}

static int
particle_int(encoder *e, PyObject *value, uint8_t *particle)
{
    int64_t v;
    *particle = ASC_PARTICLE_INTEGER;
    return int_from_py(e->st, value, &v) < 0 ? -1 : particle_number(e, (uint64_t)v);
}

static int
particle_float(encoder *e, PyObject *value, uint8_t *particle)
{
    uint64_t bits;
    double v = PyFloat_AS_DOUBLE(value);
    memcpy(&bits, &v, sizeof bits);
    *particle = ASC_PARTICLE_DOUBLE;
    return particle_number(e, bits);
}

/* Write the bytes that stand for a value of an unsupported type as a particle. */
static int
particle_serialized(encoder *e, PyObject *value, uint8_t *particle)
{
    Py_buffer bytes;
    PyObject *made = serialize(e, value, particle);
    if (made == NULL) {
        return -1;
    }
    int rc = -1;
    if (PyUnicode_Check(made)) {
        rc = encode_utf8(e->st, e->out, made);
    }
    else if (PyObject_GetBuffer(made, &bytes, PyBUF_SIMPLE) == 0) {
        rc = put_ok(asc_buf_put(e->out, bytes.buf, (size_t)bytes.len));
        PyBuffer_Release(&bytes);
    }
    Py_DECREF(made);
    return rc;
}

static int
particle_bool(encoder *e, PyObject *value, uint8_t *particle)
{
    const uint8_t byte = value == Py_True;
    if (e->bool_as_number || e->rules->bool_as == BOOL_AS_INTEGER) {
        *particle = ASC_PARTICLE_INTEGER;
        return particle_number(e, byte);
    }
    if (e->rules->bool_as == BOOL_AS_PICKLE) {
        return particle_serialized(e, value, particle);
    }
    *particle = ASC_PARTICLE_BOOL;
    return put_ok(asc_buf_put(e->out, &byte, 1));
}

/* Write flags and a number of cells, which are zeros because the server computes the
 * cells, then the text. */
static int
particle_geojson(encoder *e, PyObject *value, uint8_t *particle)
{
    static const uint8_t head[ASC_GEOJSON_HEADER_SIZE] = {0};
    PyObject *text = geojson_text(e, value);
    *particle = ASC_PARTICLE_GEOJSON;
    int rc = text != NULL && put_ok(asc_buf_put(e->out, head, sizeof head)) == 0
                 ? encode_utf8(e->st, e->out, text)
                 : -1;
    Py_XDECREF(text);
    return rc;
}

int
encode_particle(encoder *e, PyObject *value, uint8_t *particle)
{
    module_state *st = e->st;
    if (PyUnicode_Check(value)) {
        *particle = ASC_PARTICLE_STRING;
        return encode_utf8(st, e->out, value);
    }
    if (PyBool_Check(value)) { /* before int, which bool is derived from */
        return particle_bool(e, value, particle);
    }
    if (PyLong_Check(value)) {
        return particle_int(e, value, particle);
    }
    if (PyFloat_Check(value)) {
        return particle_float(e, value, particle);
    }
    if (PyBytes_Check(value)) {
        *particle = blob_particle(st, value);
        return put_ok(asc_buf_put(e->out, PyBytes_AS_STRING(value),
                                  (size_t)PyBytes_GET_SIZE(value)));
    }
    if (PyList_Check(value)) {
        *particle = ASC_PARTICLE_LIST;
        return encode_list(e, value);
    }
    if (PyDict_Check(value)) {
        *particle = ASC_PARTICLE_MAP;
        return encode_map(e, value);
    }
    if (is_null(st, value)) {
        *particle = ASC_PARTICLE_NULL;
        return 0;
    }
    if (PyByteArray_Check(value)) {
        int rc;
        *particle = ASC_PARTICLE_BLOB;
        Py_BEGIN_CRITICAL_SECTION(value);
        /* borrowed: copied before Python code runs */
        rc = put_ok(asc_buf_put(e->out, PyByteArray_AS_STRING(value),
                                (size_t)PyByteArray_GET_SIZE(value)));
        Py_END_CRITICAL_SECTION();
        return rc;
    }
    if (is_instance(value, st->GeoJSON)) {
        return particle_geojson(e, value, particle);
    }
    if (is_instance(value, st->CDTWildcard) || is_instance(value, st->CDTInfinite)) {
        bool is_wildcard = is_instance(value, st->CDTWildcard);
        return raise_code(st, ASC_ERR_CLIENT,
                          "Invalid value type: %d" DETAIL "%s cannot be stored",
                          is_wildcard ? 13 : 14, Py_TYPE(value)->tp_name);
    }
    if (PyMemoryView_Check(value)) {
        Py_buffer bytes;
        if (view_bytes(e, value, &bytes) < 0) {
            return -1;
        }
        *particle = ASC_PARTICLE_BLOB;
        int rc = put_ok(asc_buf_put(e->out, bytes.buf, (size_t)bytes.len));
        PyBuffer_Release(&bytes);
        return rc;
    }
    return particle_serialized(e, value, particle);
}
