/* This file is for values that have no type on the server: serializers on the way out,
 * deserializers and pickles on the way in. All of them are Python code, which may do
 * anything. */
#include "support/args.h"
#include "support/compat.h"
#include "values/serialize.h"
#include "values/values.h"

/* Call a function of _pickle.py with a value and with what the configuration says of
 * pickles. */
static PyObject *
call_pickler(PyObject *function, const value_rules *rules, PyObject *arg)
{
    PyObject *classes = rules->pickle_classes, *limits = rules->pickle_limits;
    return PyObject_CallFunctionObjArgs(function, arg, classes ? classes : Py_None,
                                        limits ? limits : Py_None, NULL);
}

/* --- out --- */

/* Pickle a value. _pickle.dumps() refuses what its loads() would not read back. */
static PyObject *
pickled(encoder *e, PyObject *value, uint8_t *particle)
{
    PyObject *dumps = lazy_import(&e->st->pickle_dumps, "aerospike._pickle", "dumps");
    *particle = ASC_PARTICLE_PYTHON;
    return dumps != NULL ? call_pickler(dumps, e->rules, value) : NULL;
}

/* Make a ClientError of the serializer's exception, with that as its cause. */
static void
wrap_failure(encoder *e)
{
    if (comes_out(e->st)) {
        return;
    }
    PyObject *cause = PyErr_GetRaisedException();
    /* An exception of ours may come from a serializer that called another: quoting its
     * text would double the text at each level, so that only its class is named. */
    bool is_ours =
        PyType_IsSubtype(Py_TYPE(cause), (PyTypeObject *)e->st->AerospikeError);
    raise_from(cause, raise_code(e->st, ASC_ERR_CLIENT,
                                 "Unable to call user's registered serializer "
                                 "callback" DETAIL "%S",
                                 is_ours ? (PyObject *)Py_TYPE(cause) : cause));
}

/* Call a serializer of the application and check what it returns. */
static PyObject *
by_user(encoder *e, PyObject *serializer, PyObject *value, uint8_t *particle)
{
    if (serializer == NULL) {
        raise_code(e->st, ASC_ERR_CLIENT,
                   "No serializer callback registered" DETAIL
                   "aerospike.set_serializer(), or the configuration's "
                   "\"serialization\", sets one");
        return NULL;
    }
    PyObject *made = PyObject_CallOneArg(serializer, value);
    *particle = ASC_PARTICLE_BLOB;
    if (made == NULL) {
        wrap_failure(e);
    }
    if (made != NULL && !PyUnicode_Check(made) && !PyBytes_Check(made) &&
        !PyByteArray_Check(made)) {
        raise_code(e->st, ASC_ERR_CLIENT,
                   "a serializer must return str, bytes or bytearray" DETAIL "got %s",
                   Py_TYPE(made)->tp_name);
        Py_CLEAR(made);
    }
    return made;
}

/* The same by one that is taken: it may be replaced while it runs. */
static PyObject *
by_owned(encoder *e, PyObject *serializer, PyObject *value, uint8_t *particle)
{
    PyObject *made = by_user(e, serializer, value, particle);
    Py_XDECREF(serializer);
    return made;
}

static PyObject *
refused(encoder *e, PyObject *value, const char *why)
{
    raise_param(e->st,
                "Cannot serialize: %s" DETAIL "a value of type %s is not supported",
                why, Py_TYPE(value)->tp_name);
    return NULL;
}

PyObject *
serialize(encoder *e, PyObject *value, uint8_t *particle)
{
    const value_rules *rules = e->rules;
    if (PyBool_Check(value)) {
        return pickled(e, value, particle);
    }
    switch (e->serializer) {
    case SERIALIZER_NOT_GIVEN:
        if (rules->serializer != NULL) {
            return by_owned(e, Py_NewRef(rules->serializer), value, particle);
        }
        return rules->legacy_types == NO ? refused(e, value, "legacy_types is False")
                                         : pickled(e, value, particle);
    case SERIALIZER_NONE:
        return refused(e, value, "SERIALIZER_NONE selected");
    case SERIALIZER_PYTHON:
        return pickled(e, value, particle);
    case SERIALIZER_USER:
        return by_owned(e,
                        rules->serializer != NULL
                            ? Py_NewRef(rules->serializer)
                            : state_ref(e->st, &e->st->serializer),
                        value, particle);
    case SERIALIZER_JSON:
        raise_code(e->st, ASC_ERR_CLIENT,
                   "Unable to serialize using standard json serializer");
        return NULL;
    default:
        raise_code(e->st, ASC_ERR_CLIENT, "Unsupported serializer");
        return NULL;
    }
}

/* --- in --- */

static PyObject *
as_bytes(const uint8_t *data, size_t size, bool as_bytearray)
{
    return as_bytearray
               ? PyByteArray_FromStringAndSize((const char *)data, (Py_ssize_t)size)
               : PyBytes_FromStringAndSize((const char *)data, (Py_ssize_t)size);
}

/* Unpickle a value with the restricted unpickler of _pickle.py, which judges a pickle
 * before it runs it. */
static PyObject *
unpickled(decoder *d, const uint8_t *data, size_t size)
{
    PyObject *loads = lazy_import(&d->st->pickle_loads, "aerospike._pickle", "loads");
    PyObject *bytes = loads != NULL ? as_bytes(data, size, false) : NULL;
    if (bytes == NULL) {
        return NULL;
    }
    stand_aside(d);
    PyObject *value = call_pickler(loads, d->rules, bytes);
    Py_DECREF(bytes);
    return value;
}

/* Call a function with an argument, which is taken and may be NULL. NULL with the
 * exception of the call, or with that of making the argument. */
static PyObject *
call_with(PyObject *function, PyObject *arg)
{
    PyObject *result = arg != NULL ? PyObject_CallOneArg(function, arg) : NULL;
    Py_XDECREF(arg);
    return result;
}

/* Clear the exception that is set, if it is of this class and must not come out. True
 * when it was cleared. */
static bool
pass_over(module_state *st, PyObject *cls)
{
    bool clears = PyErr_ExceptionMatches(cls) && !comes_out(st);
    if (clears) {
        PyErr_Clear();
    }
    return clears;
}

/* Give what a deserializer of the application makes of a blob. The deserializer gets a
 * str where the blob is UTF-8, as it always did, and bytes if it raises TypeError for
 * the str. When it fails, the reader gets the blob itself. Two kinds of exceptions come
 * out nevertheless: those that are not about the value (comes_out()), and
 * RecursionError, which the same blob may not meet next time. */
static PyObject *
by_deserializer(module_state *st, PyObject *deserializer, const uint8_t *data,
                size_t size, bool legacy)
{
    PyObject *text = PyUnicode_DecodeUTF8((const char *)data, (Py_ssize_t)size, NULL);
    if (text == NULL && !pass_over(st, PyExc_UnicodeDecodeError)) {
        return NULL;
    }
    bool as_text = text != NULL;
    Py_INCREF(deserializer); /* it may be replaced while it runs */
    PyObject *value =
        call_with(deserializer, as_text ? text : as_bytes(data, size, false));
    if (value == NULL && as_text && pass_over(st, PyExc_TypeError)) {
        value = call_with(deserializer, as_bytes(data, size, false));
    }
    Py_DECREF(deserializer);
    if (value == NULL && !PyErr_ExceptionMatches(PyExc_RecursionError) &&
        pass_over(st, PyExc_Exception)) {
        return as_bytes(data, size, legacy);
    }
    return value;
}

PyObject *
deserialize(decoder *d, uint8_t particle, const uint8_t *data, size_t size)
{
    const value_rules *rules = d->rules;
    bool legacy = rules->legacy_types == YES;
    if (d->for_scripts) {
        return as_bytes(data, size, false);
    }
    if (d->raw_containers) {
        return as_bytes(data, size, particle == ASC_PARTICLE_PYTHON || legacy);
    }
    if (particle == ASC_PARTICLE_PYTHON) {
        return rules->legacy_types == NO ? as_bytes(data, size, true)
                                         : unpickled(d, data, size);
    }
    PyObject *user = NULL; /* owned: it may be replaced while it runs */
    if (particle == ASC_PARTICLE_BLOB) {
        user = rules->deserializer != NULL ? Py_NewRef(rules->deserializer)
                                           : state_ref(d->st, &d->st->deserializer);
    }
    if (user == NULL) {
        return as_bytes(data, size, legacy);
    }
    stand_aside(d);
    PyObject *value = by_deserializer(d->st, user, data, size, legacy);
    Py_DECREF(user);
    return value;
}

/* --- functions of the module --- */

/* Store a callable given as `function` (or, as the manuals have it, `callback`). */
static PyObject *
store(module_state *st, const char *func, PyObject **at, PyObject *const *args,
      Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const names[] = {"function", "callback", NULL};
    PyObject *argv[2];
    if (parse_args(func, names, 0, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    PyObject *function = argv[0] != NULL ? argv[0] : argv[1];
    if (function == NULL || (argv[0] != NULL && argv[1] != NULL)) {
        PyErr_Format(PyExc_TypeError, "%s() takes one argument, 'function'", func);
        return NULL;
    }
    if (!PyCallable_Check(function)) {
        raise_param(st, "Parameter must be a callable" DETAIL "got %s",
                    Py_TYPE(function)->tp_name);
        return NULL;
    }
    state_replace(st, at, Py_NewRef(function));
    return PyLong_FromLong(0);
}

static const char doc_set_serializer[] =
    "set_serializer($module, function=..., callback=...)\n--\n\n"
    "Set the serializer of all clients.\n\n"
    "put() with serializer=SERIALIZER_USER calls it with each value for which the\n"
    "server has no type.\n\n"
    ":param function: it takes the value and returns str, bytes or bytearray.\n"
    ":param callback: another name for function; give only one of them.\n"
    ":return: int, 0.\n"
    ":raises ParamError: it is not callable.";

static PyObject *
core_set_serializer(FUNCTION_PARAMS)
{
    module_state *st = PyModule_GetState(module);
    return store(st, "set_serializer", &st->serializer, args, nargs, kwnames);
}

static const char doc_set_deserializer[] =
    "set_deserializer($module, function=..., callback=...)\n--\n\n"
    "Set the deserializer of all clients.\n\n"
    "Each call that reads a plain blob calls it, and returns its result in place of\n"
    "the blob. If the deserializer raises an error, the call returns the blob.\n\n"
    ":param function: it takes str if the blob is UTF-8, and otherwise bytes.\n"
    ":param callback: another name for function; give only one of them.\n"
    ":return: int, 0.\n"
    ":raises ParamError: it is not callable.";

static PyObject *
core_set_deserializer(FUNCTION_PARAMS)
{
    module_state *st = PyModule_GetState(module);
    return store(st, "set_deserializer", &st->deserializer, args, nargs, kwnames);
}

static const char doc_unset_serializers[] =
    "unset_serializers($module)\n--\n\n"
    "Remove the serializer and the deserializer of all clients. Returns 0.";

static PyObject *
core_unset_serializers(PyObject *module, PyObject *ignored)
{
    module_state *st = PyModule_GetState(module);
    (void)ignored;
    state_replace(st, &st->serializer, NULL);
    state_replace(st, &st->deserializer, NULL);
    return PyLong_FromLong(0);
}

const PyMethodDef serialize_functions[] = {
    FUNCTION_ROW("set_serializer", core_set_serializer, doc_set_serializer),
    FUNCTION_ROW("set_deserializer", core_set_deserializer, doc_set_deserializer),
    {"unset_serializers", core_unset_serializers, METH_NOARGS, doc_unset_serializers},
    {NULL, NULL, 0, NULL},
};
