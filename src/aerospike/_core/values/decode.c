/* This file makes Python objects of the bytes of a reply, in one pass. The bytes come
 * from a server and may be anything: whatever is not well formed raises ClientError,
 * and containers reserve no more than the bytes at hand can fill.
 *
 * Python code runs in few places: deserializers, constructors of the package's own
 * types, and whatever the garbage collector starts (finalizers, gc.callbacks), which a
 * new container can set off. Lists with empty places are hidden from that code (struct
 * unfinished in values.h), and the collector rests while large values are decoded
 * (support/collector.h). A dict needs no such care: it is whole after each pair. */
#include <string.h>

#include "support/collector.h"
#include "support/compat.h"
#include "support/stack.h"
#include "values/values.h"

/* --- text --- */

/* Is all text below 128? Then its bytes are the str's, too. */
static bool
is_ascii(const uint8_t *p, size_t n)
{
    uint64_t bits = 0, word;
    if (n < 8) {
        for (size_t i = 0; i < n; i++) {
            bits |= p[i];
        }
        return (bits & 0x80) == 0;
    }
    for (size_t i = 0; i + 8 < n; i += 8) {
        memcpy(&word, p + i, 8);
        bits |= word;
    }
    memcpy(&word, p + n - 8, 8); /* some of it for the second time */
    return ((bits | word) & 0x8080808080808080u) == 0;
}

static PyObject *
ascii_text(const uint8_t *data, size_t size)
{
    PyObject *text = PyUnicode_New((Py_ssize_t)size, 127);
    if (text != NULL && size > 0) { /* the empty str is shared */
        memcpy(PyUnicode_1BYTE_DATA(text), data, size);
    }
    return text;
}

PyObject *
decode_text(const uint8_t *data, size_t size)
{
    return size > 1 && is_ascii(data, size)
               ? ascii_text(data, size)
               : PyUnicode_DecodeUTF8((const char *)data, (Py_ssize_t)size,
                                      "surrogateescape");
}

/* Short ASCII names are kept, one for each place of a table. Names repeat from record
 * to record, so that nearly all are found. With the GIL, a newcomer takes the place of
 * another name. Without it, a name stays, so that all threads may look at it; and it is
 * interned, which makes it immortal there, so that they do not write to its count. */
#define LONGEST_CACHED_NAME 32u

/* The first and the last bytes of a name, up to 8 of each. Of names of the same size up
 * to 16 they say all. */
typedef struct name_ends {
    uint64_t head, tail;
} name_ends;

static inline name_ends
ends_of(const uint8_t *data, size_t size)
{
    name_ends ends = {0, 0};
    if (size >= 8) {
        memcpy(&ends.head, data, 8);
        memcpy(&ends.tail, data + size - 8, 8);
    }
    else if (size >= 4) {
        memcpy(&ends.head, data, 4);
        memcpy(&ends.tail, data + size - 4, 4);
    }
    else {
        memcpy(&ends.head, data, 2);
        memcpy(&ends.tail, data + size - 2, 2);
    }
    return ends;
}

/* Is a compact ASCII str the name? Between the ends of a longer one lie 16 bytes at
 * most. */
static inline bool
is_name(PyObject *known, const uint8_t *data, size_t size, name_ends ends)
{
    const uint8_t *text = (const uint8_t *)((PyASCIIObject *)known + 1);
    if ((size_t)PyUnicode_GET_LENGTH(known) != size) {
        return false;
    }
    name_ends others = ends_of(text, size);
    if (others.head != ends.head || others.tail != ends.tail) {
        return false;
    }
    return size <= 16 || (memcmp(text + 8, data + 8, 8) == 0 &&
                          memcmp(text + size - 16, data + size - 16, 8) == 0);
}

/* Find the place of a name in the table, by a hash of its ends and its size. */
static inline size_t
name_slot(name_ends ends, size_t size)
{
    uint64_t h =
        (ends.head ^ size) * 0x9E3779B97F4A7C15u ^ ends.tail * 0xC2B2AE3D27D4EB4Fu;
    return (size_t)((h ^ h >> 32) * 0x9E3779B97F4A7C15u >> 54) & (N_CACHED_NAMES - 1);
}

/* Make a name and put it into its place. It is not inline, or names that are known
 * would save and restore its registers. */
static __attribute__((noinline)) PyObject *
new_name(PyObject **slot, const uint8_t *data, size_t size)
{
    PyObject *name = decode_text(data, size);
    if (name == NULL || !PyUnicode_IS_COMPACT_ASCII(name)) {
        return name;
    }
#ifdef Py_GIL_DISABLED
    if (load_object(slot) == NULL) {
        PyUnicode_InternInPlace(&name);
        if (!set_object_once(slot, Py_NewRef(name))) {
            Py_DECREF(name); /* another thread was faster */
        }
    }
#else
    Py_XSETREF(*slot, Py_NewRef(name));
#endif
    return name;
}

PyObject *
decode_name(module_state *st, const uint8_t *data, size_t size)
{
    if (size < 2 || size > LONGEST_CACHED_NAME) {
        return decode_text(data, size);
    }
    name_ends ends = ends_of(data, size);
    PyObject **slot = &st->cached_names[name_slot(ends, size)];
    PyObject *known = load_object(slot);
    if (known != NULL && is_name(known, data, size, ends)) {
        return Py_NewRef(known);
    }
    return new_name(slot, data, size);
}

/* --- msgpack --- */

static PyObject *decode_item(decoder *d, asc_mp_reader *r);

/* Make the collector forget an unfinished list and those around it. The first that it
 * has forgotten ends the loop, because those around that one are forgotten, too. */
static __attribute__((noinline)) void
hide_from(unfinished *u)
{
    for (; u != NULL && !u->is_hidden; u = u->outer) {
        PyObject_GC_UnTrack(u->list);
        u->is_hidden = true;
    }
}

/* Do the same for the innermost one, if it is not hidden yet. */
static inline void
hide_unfinished(decoder *d)
{
    if (d->unfinished != NULL && !d->unfinished->is_hidden) {
        hide_from(d->unfinished);
    }
}

void
stand_aside(decoder *d)
{
    gc_resume(d->st);
    hide_unfinished(d);
}

/* Raise ClientError: what the server has sent is not well formed. Returns NULL. */
static PyObject *
malformed(decoder *d, const char *what)
{
    stand_aside(d);
    raise_code(d->st, ASC_ERR_CLIENT, "malformed %s in the reply", what);
    return NULL;
}

static PyObject *
geojson(decoder *d, const uint8_t *text, size_t size)
{
    stand_aside(d);
    PyObject *cls = d->st->GeoJSON;
    if (d->for_scripts) {
        cls = lazy_import(&d->st->lua_geojson, "aerospike_lua.containers", "GeoJSON");
    }
    PyObject *str = cls != NULL ? decode_text(text, size) : NULL;
    PyObject *value = str != NULL ? PyObject_CallOneArg(cls, str) : NULL;
    Py_XDECREF(str);
    return value;
}

/* Make a HyperLogLog. Its class is bytes with a name of its own, so that this neither
 * runs Python code nor starts the collector. */
static PyObject *
hyper_log_log(decoder *d, const uint8_t *data, size_t size)
{
    PyObject *bytes = PyBytes_FromStringAndSize((const char *)data, (Py_ssize_t)size);
    PyObject *value =
        bytes != NULL ? PyObject_CallOneArg(d->st->HyperLogLog, bytes) : NULL;
    Py_XDECREF(bytes);
    return value;
}

/* Decode a byte string of msgpack, whose first byte is the particle type. */
static PyObject *
decode_bytes(decoder *d, const asc_mp_item *item)
{
    if (item->size == 0) {
        return PyBytes_FromStringAndSize(NULL, 0);
    }
    const uint8_t *data = item->data + 1;
    size_t size = item->size - 1;
    switch (item->data[0]) {
    case ASC_PARTICLE_STRING:
        return decode_text(data, size);
    case ASC_PARTICLE_GEOJSON:
        return geojson(d, data, size);
    case ASC_PARTICLE_HLL:
        return hyper_log_log(d, data, size);
    default:
        return deserialize(d, item->data[0], data, size);
    }
}

/* Maps beyond this are collections, whose keys are not names that come again. */
#define LARGEST_MAP_OF_NAMES 64u

/* Decode a key of a map. When it is text and the map is small, it is looked up among
 * the names: the same few keys come with every record. Where names stay, they do not:
 * there may be any number of them. */
static PyObject *
decode_map_key(decoder *d, asc_mp_reader *r, size_t n_pairs)
{
    asc_mp_reader peek = *r;
    asc_mp_item item;
    if (n_pairs <= LARGEST_MAP_OF_NAMES && asc_mp_next(&peek, &item) == ASC_MP_BYTES &&
        item.size > 0 && item.data[0] == ASC_PARTICLE_STRING) {
        *r = peek;
#ifdef Py_GIL_DISABLED
        return decode_text(item.data + 1, item.size - 1);
#else
        return decode_name(d->st, item.data + 1, item.size - 1);
#endif
    }
    return decode_item(d, r);
}

/* Other threads have a turn after so many items: less than a millisecond. */
#define ITEMS_PER_TURN 8192u

/* Let other threads run, which must not see unfinished lists. */
static __attribute__((noinline)) void
end_turn(decoder *d)
{
    d->n_items = 0;
    hide_unfinished(d);
    give_turn(d->st);
}

static inline void
count_item(decoder *d)
{
    if (++d->n_items >= ITEMS_PER_TURN) {
        end_turn(d);
    }
}

/* Begin a list with n empty places, which is now the innermost unfinished one. NULL
 * with an exception; end_list() is to be called in either case, and *u must stay where
 * it is until then. */
static inline PyObject *
begin_list(decoder *d, unfinished *u, size_t n)
{
    PyObject *list = PyList_New((Py_ssize_t)n);
    u->list = list;
    u->outer = d->unfinished;
    u->is_hidden = false;
    d->unfinished = u;
    return list;
}

/* End a list, and make the one around it the innermost again. Returns the list, which
 * the caller owns; when it has not become full it is dropped, and NULL returned. */
static inline PyObject *
end_list(decoder *d, unfinished *u, bool is_full)
{
    d->unfinished = u->outer;
    if (!is_full) {
        Py_CLEAR(u->list);
    }
    else if (u->is_hidden) {
        PyObject_GC_Track(u->list);
    }
    return u->list;
}

/* Decode a list. Ordered lists begin with a marker, which is no item. */
static PyObject *
decode_list(decoder *d, asc_mp_reader *r, size_t n)
{
    uint8_t flags;
    unfinished u;
    if (n > 0 && asc_mp_skip_marker(r, &flags)) {
        n--;
    }
    PyObject *list = begin_list(d, &u, n);
    for (size_t i = 0; list != NULL && i < n; i++) {
        PyObject *item = decode_item(d, r);
        count_item(d);
        if (item == NULL) {
            return end_list(d, &u, false);
        }
        PyList_SET_ITEM(list, (Py_ssize_t)i, item);
    }
    return end_list(d, &u, list != NULL);
}

/* Decode pairs whose order matters and whose keys may repeat, into a flat list: key,
 * value, key, value, ... An item that cannot be decoded ends the loop, and its place
 * stays empty. */
static PyObject *
decode_flat_pairs(decoder *d, asc_mp_reader *r, size_t n)
{
    unfinished u;
    PyObject *list = begin_list(d, &u, 2 * n), *item = list;
    for (size_t i = 0; item != NULL && i < 2 * n; i++) {
        item = i % 2 == 0 ? decode_map_key(d, r, n) : decode_item(d, r);
        count_item(d);
        PyList_SET_ITEM(list, (Py_ssize_t)i, item);
    }
    return end_list(d, &u, item != NULL);
}

/* Decode the pairs of a map into a dict. No server should send lists or maps as keys,
 * which Python cannot hash; the TypeError of that becomes ClientError. 0, or -1 with an
 * exception. */
static int
decode_pairs(decoder *d, asc_mp_reader *r, size_t n, PyObject *dict)
{
    for (size_t i = 0; i < n; i++) {
        PyObject *key = decode_map_key(d, r, n);
        PyObject *value = key != NULL ? decode_item(d, r) : NULL;
        count_item(d);
        int rc = value != NULL ? PyDict_SetItem(dict, key, value) : -1;
        if (value != NULL && rc < 0 && PyErr_ExceptionMatches(PyExc_TypeError) &&
            !comes_out(d->st)) {
            PyErr_Clear();
            malformed(d, "map (a list or map is a key of it)");
        }
        Py_XDECREF(key);
        Py_XDECREF(value);
        if (rc < 0) {
            return -1;
        }
    }
    return 0;
}

/* Decode a map. The marker before its pairs says whether it becomes a dict, a
 * KeyOrderedDict or a flat list. */
static PyObject *
decode_map(decoder *d, asc_mp_reader *r, size_t n)
{
    uint8_t flags = 0;
    if (n > 0 && asc_mp_skip_marker(r, &flags)) {
        asc_mp_item nil;
        if (asc_mp_next(r, &nil) != ASC_MP_NIL) {
            return malformed(d, "map");
        }
        n--;
    }
    if (flags & ASC_MP_PRESERVE_ORDER) {
        return decode_flat_pairs(d, r, n);
    }
    PyObject *dict = flags == ASC_MP_ORDERED
                         ? PyObject_CallNoArgs(d->st->KeyOrderedDict)
                         : new_dict(n);
    if (dict != NULL && decode_pairs(d, r, n, dict) < 0) {
        Py_CLEAR(dict);
    }
    return dict;
}

/* Decode a list or map. It is not inline, or items without others in them would save
 * and restore its registers. */
static __attribute__((noinline)) PyObject *
decode_container(decoder *d, asc_mp_reader *r, const asc_mp_item *item)
{
    hide_unfinished(d); /* making a new container may start the collector */
    if (d->depth >= MAX_DEPTH_READ) {
        raise_code(d->st, ASC_ERR_CLIENT, "value is nested deeper than %d levels",
                   MAX_DEPTH_READ);
        return NULL;
    }
    if (!stack_has_room_at(d->depth)) {
        raise_code(d->st, ASC_ERR_CLIENT,
                   "value is nested deeper than the stack of this thread allows");
        return NULL;
    }
    /* asc_mp_next() has seen that the count is not larger than the bytes behind it. But
     * the same bytes would do for the count of each container inside, and of each
     * inside that: 200 KB could reserve gigabytes. So the containers of a value share a
     * budget: together they reserve at most one item for each byte of the value. */
    size_t n = item->type == ASC_MP_LIST ? item->n : 2 * (size_t)item->n;
    if (n > d->budget) {
        return malformed(d, "list or map");
    }
    d->budget -= n;
    d->depth++;
    PyObject *value = item->type == ASC_MP_LIST ? decode_list(d, r, item->n)
                                                : decode_map(d, r, item->n);
    d->depth--;
    return value;
}

/* Decode an extension of msgpack: infinity or a wildcard, or as bytes whatever is not
 * known. */
static PyObject *
decode_ext(decoder *d, const asc_mp_item *item)
{
    if (item->ext == ASC_MP_EXT_SPECIAL && item->size == 1) {
        hide_unfinished(d); /* making the object may start the collector */
        return PyObject_CallNoArgs(
            item->data[0] == ASC_MP_INFINITY ? d->st->CDTInfinite : d->st->CDTWildcard);
    }
    return PyBytes_FromStringAndSize((const char *)item->data, (Py_ssize_t)item->size);
}

static PyObject *
decode_item(decoder *d, asc_mp_reader *r)
{
    asc_mp_item item;
    switch (asc_mp_next(r, &item)) {
    case ASC_MP_BYTES:
        return decode_bytes(d, &item);
    case ASC_MP_INT:
        return PyLong_FromLongLong(item.i);
    case ASC_MP_UINT:
        return PyLong_FromUnsignedLongLong(item.u);
    case ASC_MP_DOUBLE:
        return PyFloat_FromDouble(item.d);
    case ASC_MP_LIST:
    case ASC_MP_MAP:
        return decode_container(d, r, &item);
    case ASC_MP_NIL:
        Py_RETURN_NONE;
    case ASC_MP_FALSE:
        Py_RETURN_FALSE;
    case ASC_MP_TRUE:
        Py_RETURN_TRUE;
    case ASC_MP_EXT:
        return decode_ext(d, &item);
    default:
        return malformed(d, "list or map");
    }
}

/* --- particles --- */

/* For values of so many bytes pausing the collector is worth its cost. */
#define LARGE_VALUE_SIZE 4096u

/* Decode a bin's list or map; its first item must be what the particle type promises.
 */
static PyObject *
decode_msgpack(decoder *d, asc_mp_type type, const uint8_t *data, size_t size)
{
    if (d->raw_containers) {
        return PyBytes_FromStringAndSize((const char *)data, (Py_ssize_t)size);
    }
    asc_mp_reader r = {data, data + size}, peek = r;
    asc_mp_item item;
    if (asc_mp_next(&peek, &item) != type) {
        return malformed(d, type == ASC_MP_LIST ? "list" : "map");
    }
    /* A pause that the caller has begun lasts, unless Python code ends it. */
    bool pauses = size >= LARGE_VALUE_SIZE && !d->st->gc_paused;
    if (pauses) {
        gc_pause(d->st);
    }
    d->budget = size;
    PyObject *value = decode_item(d, &r);
    if (pauses) {
        gc_resume(d->st);
    }
    return value;
}

/* Decode the GeoJSON of a bin: flags and the number of cells, then the cells, then the
 * text. */
static PyObject *
decode_geojson_particle(decoder *d, const uint8_t *data, size_t size)
{
    size_t skip = size >= ASC_GEOJSON_HEADER_SIZE
                      ? ASC_GEOJSON_HEADER_SIZE + 8 * (size_t)asc_get_u16(data + 1)
                      : SIZE_MAX;
    return skip <= size ? geojson(d, data + skip, size - skip)
                        : malformed(d, "GeoJSON");
}

PyObject *
decode_particle(decoder *d, uint8_t particle, const uint8_t *data, size_t size)
{
    switch (particle) {
    case ASC_PARTICLE_INTEGER:
        return size == 8 ? PyLong_FromLongLong((int64_t)asc_get_u64(data))
                         : malformed(d, "integer");
    case ASC_PARTICLE_STRING:
        return decode_text(data, size);
    case ASC_PARTICLE_DOUBLE:
        return size == 8 ? PyFloat_FromDouble(asc_get_f64(data))
                         : malformed(d, "double");
    case ASC_PARTICLE_MAP:
        return decode_msgpack(d, ASC_MP_MAP, data, size);
    case ASC_PARTICLE_LIST:
        return decode_msgpack(d, ASC_MP_LIST, data, size);
    case ASC_PARTICLE_BOOL:
        return size == 1 ? PyBool_FromLong(data[0]) : malformed(d, "bool");
    case ASC_PARTICLE_NULL:
        Py_RETURN_NONE;
    case ASC_PARTICLE_GEOJSON:
        return decode_geojson_particle(d, data, size);
    case ASC_PARTICLE_HLL:
        return hyper_log_log(d, data, size);
    default:
        return deserialize(d, particle, data, size);
    }
}
