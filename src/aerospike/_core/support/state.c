/* This file makes, visits and drops the module's state, but for what other rooms put
 * into it. It also imports what the state needs of other Python modules: some
 * attributes at once, and others, whose modules cost time, when they are used first. */
#include "support/state.h"

PyObject *
import_whole(const char *name)
{
    PyObject *imports = PyImport_ImportModule("aerospike._imports");
    PyObject *module =
        imports != NULL ? PyObject_CallMethod(imports, "whole", "s", name) : NULL;
    Py_XDECREF(imports);
    return module;
}

PyObject *
import_attribute(const char *module, const char *attribute)
{
    PyObject *imported = import_whole(module);
    PyObject *found =
        imported != NULL ? PyObject_GetAttrString(imported, attribute) : NULL;
    Py_XDECREF(imported);
    return found;
}

PyObject *
lazy_import(PyObject **cached, const char *module, const char *attribute)
{
    PyObject *kept = load_object(cached);
    if (kept != NULL) {
        return kept;
    }
    PyObject *found = import_attribute(module, attribute);
    if (found != NULL && set_object_once(cached, found)) {
        return found;
    }
    /* if another thread was faster, somebody may use what it has found */
    Py_XDECREF(found);
    if ((kept = load_object(cached)) != NULL) {
        PyErr_Clear();
    }
    return kept;
}

PyObject *
state_ref(module_state *st, PyObject *const *field)
{
    field_lock_take(&st->lock);
    PyObject *object = Py_XNewRef(*field);
    field_lock_drop(&st->lock);
    return object;
}

void
state_replace(module_state *st, PyObject **field, PyObject *object)
{
    field_lock_take(&st->lock);
    PyObject *old = *field;
    *field = object;
    field_lock_drop(&st->lock);
    Py_XDECREF(old); /* which may run Python code */
}

int
state_init(module_state *st)
{
#define X(name)                                                                        \
    if ((st->s_##name = PyUnicode_InternFromString(#name)) == NULL) {                  \
        return -1;                                                                     \
    }
    CORE_NAMES(X)
#undef X
#define X(field, module, attribute)                                                    \
    if ((st->field = import_attribute(module, attribute)) == NULL) {                   \
        return -1;                                                                     \
    }
    CORE_IMPORTS(X)
#undef X
    return 0;
}

int
state_traverse(module_state *st, visitproc visit, void *arg)
{
    Py_VISIT(st->ClientBase);
    Py_VISIT(st->ClientType);
    Py_VISIT(st->AsyncClientBase);
    Py_VISIT(st->PendingType);
    Py_VISIT(st->LoopType);
    Py_VISIT(st->NotConnected);
    Py_VISIT(st->StreamType);
    Py_VISIT(st->AsyncStreamType);
    Py_VISIT(st->StreamStepType);
    Py_VISIT(st->RecordType);
    Py_VISIT(st->BatchRecordType);
    Py_VISIT(st->TrackerType);
    Py_VISIT(st->TransactionType);
    Py_VISIT(st->serializer);
    Py_VISIT(st->deserializer);
    Py_VISIT(st->log_handler);
    for (int i = 0; i < N_BATCH_TYPES; i++) {
        Py_VISIT(st->batch_types[i]);
    }
#define X(field, module_name, attribute) Py_VISIT(st->field);
    CORE_IMPORTS(X)
#undef X
    return 0;
}

void
state_clear(module_state *st)
{
    Py_CLEAR(st->ClientBase);
    Py_CLEAR(st->ClientType);
    Py_CLEAR(st->AsyncClientBase);
    Py_CLEAR(st->PendingType);
    Py_CLEAR(st->LoopType);
    Py_CLEAR(st->NotConnected);
    Py_CLEAR(st->StreamType);
    Py_CLEAR(st->AsyncStreamType);
    Py_CLEAR(st->StreamStepType);
    Py_CLEAR(st->RecordType);
    Py_CLEAR(st->BatchRecordType);
    Py_CLEAR(st->TrackerType);
    Py_CLEAR(st->TransactionType);
    Py_CLEAR(st->serializer);
    Py_CLEAR(st->deserializer);
    Py_CLEAR(st->pickle_dumps);
    Py_CLEAR(st->pickle_loads);
    Py_CLEAR(st->random_bytes);
    Py_CLEAR(st->lua_geojson);
    Py_CLEAR(st->base64_encode);
    Py_CLEAR(st->bcrypt_hash);
    Py_CLEAR(st->CancelledError);
    Py_CLEAR(st->InvalidStateError);
    Py_CLEAR(st->running_adapter);
    Py_CLEAR(st->running_loop);
    Py_CLEAR(st->modules);
    Py_CLEAR(st->context_names);
    Py_CLEAR(st->common_meta);
    for (int i = 0; i < N_BATCH_TYPES; i++) {
        Py_CLEAR(st->batch_types[i]);
    }
#define X(field, module, attribute) Py_CLEAR(st->field);
    CORE_IMPORTS(X)
#undef X
#define X(name) Py_CLEAR(st->s_##name);
    CORE_NAMES(X)
#undef X
    for (size_t i = 0; i < N_CACHED_NAMES; i++) {
        Py_CLEAR(st->cached_names[i]);
    }
}
