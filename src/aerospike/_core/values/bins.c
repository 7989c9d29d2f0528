/* This file makes Python objects of the records in a reply: of their metadata a dict,
 * of their bins a dict or a list. */
#include "values/bins.h"

#include <time.h>

/* Give the seconds since 1970. time() may lag behind by a tick of the kernel's clock,
 * which would show a second too many around the turn of one. */
static uint64_t
now_unix_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec;
}

/* Put a number into a dict, which is taken and returned; NULL with MemoryError, or
 * when there is no dict. */
static PyObject *
with_number(PyObject *dict, PyObject *name, uint32_t number)
{
    PyObject *value = dict != NULL ? PyLong_FromUnsignedLong(number) : NULL;
    if (value == NULL || PyDict_SetItem(dict, name, value) < 0) {
        Py_CLEAR(dict);
    }
    Py_XDECREF(value);
    return dict;
}

static PyObject *
new_meta(module_state *st, uint32_t ttl_s, uint32_t generation)
{
    PyObject *meta = with_number(PyDict_New(), st->s_ttl, ttl_s);
    return with_number(meta, st->s_gen, generation);
}

int
bins_init(module_state *st)
{
    st->common_meta = new_meta(st, ASC_TTL_NEVER, 1);
    return st->common_meta != NULL ? 0 : -1;
}

/* Most records never expire, and many were written once. A copy saves the making of the
 * numbers and of the table, but threads without the GIL would wait for each other
 * there. The clock is read only for records that expire. */
PyObject *
meta_to_py(module_state *st, const asc_msg *m)
{
#ifndef Py_GIL_DISABLED
    if (m->void_time == 0) {
        PyObject *meta = PyDict_Copy(st->common_meta);
        return m->generation == 1 ? meta : with_number(meta, st->s_gen, m->generation);
    }
#endif
    return new_meta(st, asc_ttl_from_void_time(m->void_time, now_unix_s()),
                    m->generation);
}

/* Read the next operation of the reply; err holds no error yet. 0, or -1 with an
 * exception. */
static inline int
next_op(const bins_reader *r, asc_msg *m, asc_msg_op *op, asc_error *err)
{
    if (asc_msg_next_op(m, op, err) != ASC_OK) {
        raise_error(r->st, err, r->key, NULL);
        return -1;
    }
    return 0;
}

/* What decodes the values of the bins. */
static inline decoder
decoder_of(const bins_reader *r)
{
    return (decoder){
        .st = r->st, .rules = r->rules, .raw_containers = r->raw_containers};
}

/* Make the value of an operation; NULL with an exception. */
static inline PyObject *
value_of_op(decoder *d, const asc_msg_op *op)
{
    return decode_particle(d, op->particle, op->value, op->value_size);
}

/* Make the bin of an operation: new references to its name and value. 0, or -1 with an
 * exception. */
static inline int
bin_of_op(decoder *d, const asc_msg_op *op, PyObject **name, PyObject **value)
{
    *name = decode_name(d->st, op->name, op->name_size);
    *value = *name != NULL ? value_of_op(d, op) : NULL;
    if (*value == NULL) {
        Py_XDECREF(*name);
        return -1;
    }
    return 0;
}

int
next_bin(const bins_reader *r, asc_msg *m, PyObject **name, PyObject **value)
{
    asc_msg_op op;
    asc_error err;
    decoder d = decoder_of(r);
    asc_error_reset(&err);
    return next_op(r, m, &op, &err) < 0 ? -1 : bin_of_op(&d, &op, name, value);
}

int
next_value(const bins_reader *r, asc_msg *m, asc_msg_op *op, PyObject **value)
{
    asc_error err;
    decoder d = decoder_of(r);
    asc_error_reset(&err);
    *value = next_op(r, m, op, &err) < 0 ? NULL : value_of_op(&d, op);
    return *value != NULL ? 0 : -1;
}

PyObject *
bins_to_dict(const bins_reader *r, asc_msg *m)
{
    PyObject *bins = PyDict_New(), *name, *value;
    asc_msg_op op;
    asc_error err;
    decoder d = decoder_of(r);
    asc_error_reset(&err);
    for (unsigned i = 0; bins != NULL && i < m->n_ops; i++) {
        if (next_op(r, m, &op, &err) < 0) {
            Py_CLEAR(bins);
            break;
        }
        if (op.code == ASC_OP_DELETE_ALL) {
            continue; /* in the reply to a batch; it has no bin */
        }
        if (bin_of_op(&d, &op, &name, &value) < 0) {
            Py_CLEAR(bins);
            break;
        }
        if (PyDict_SetItem(bins, name, value) < 0) {
            Py_CLEAR(bins);
        }
        Py_DECREF(name);
        Py_DECREF(value);
    }
    return bins;
}

/* Make the tuple (name, value) of the next bin; NULL with an exception. */
static PyObject *
next_pair(const bins_reader *r, asc_msg *m)
{
    PyObject *name, *value;
    if (next_bin(r, m, &name, &value) < 0) {
        return NULL;
    }
    PyObject *pair = PyTuple_Pack(2, name, value);
    Py_DECREF(name);
    Py_DECREF(value);
    return pair;
}

PyObject *
bins_to_list(const bins_reader *r, asc_msg *m)
{
    PyObject *bins = PyList_New(m->n_ops), *pair = bins; /* not NULL: go on */
    if (bins == NULL) {
        return NULL;
    }
    PyObject_GC_UnTrack(bins); /* while it has empty places: see values.h */
    for (unsigned i = 0; pair != NULL && i < m->n_ops; i++) {
        pair = next_pair(r, m); /* NULL leaves the place empty */
        PyList_SET_ITEM(bins, (Py_ssize_t)i, pair);
    }
    if (pair == NULL) {
        Py_DECREF(bins);
        return NULL;
    }
    PyObject_GC_Track(bins);
    return bins;
}
