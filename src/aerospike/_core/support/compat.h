/* support/compat.h -- what differs between the Python versions supported. */
#ifndef CORE_SUPPORT_COMPAT_H
#define CORE_SUPPORT_COMPAT_H

#include <Python.h>

#include <stdbool.h>
#include <stdint.h>

#if PY_VERSION_HEX < 0x030D00B1
/* A new reference; IndexError when the list has become shorter. */
static inline PyObject *
PyList_GetItemRef(PyObject *list, Py_ssize_t i)
{
    PyObject *item = PyList_GetItem(list, i); /* borrowed: owned at once */
    return Py_XNewRef(item);
}

/* 1 and a new reference in *out, 0 when the key is missing, -1 with an exception. */
static inline int
PyDict_GetItemRef(PyObject *dict, PyObject *key, PyObject **out)
{
    PyObject *item = PyDict_GetItemWithError(dict, key); /* borrowed: owned at once */
    *out = Py_XNewRef(item);
    if (item != NULL) {
        return 1;
    }
    return PyErr_Occurred() ? -1 : 0;
}

/* The same for a key that is no Python object yet. */
static inline int
PyDict_GetItemStringRef(PyObject *dict, const char *name, PyObject **out)
{
    PyObject *key = PyUnicode_FromString(name);
    *out = NULL;
    int rc = key != NULL ? PyDict_GetItemRef(dict, key, out) : -1;
    Py_XDECREF(key);
    return rc;
}

/* 1 when it is there, 0 when it is not, -1 with an exception. */
static inline int
PyDict_ContainsString(PyObject *dict, const char *name)
{
    PyObject *key = PyUnicode_FromString(name);
    int rc = key != NULL ? PyDict_Contains(dict, key) : -1;
    Py_XDECREF(key);
    return rc;
}
#endif

/* Lock an object for the block between the two, from which nothing may jump out. Only
 * without the GIL is there anything to lock. Python lets the object go while the block
 * waits or runs Python code, as it does the GIL: so what holds under the GIL holds
 * here, and nothing more. */
#ifndef Py_BEGIN_CRITICAL_SECTION
#define Py_BEGIN_CRITICAL_SECTION(op) {
#define Py_END_CRITICAL_SECTION() }
#endif

#if PY_VERSION_HEX < 0x030C0000
/* The exception that is set, with its traceback, owned; NULL when there is none. None
 * is set any more. */
static inline PyObject *
PyErr_GetRaisedException(void)
{
    PyObject *type, *exc, *traceback;
    PyErr_Fetch(&type, &exc, &traceback);
    if (type != NULL) {
        PyErr_NormalizeException(&type, &exc, &traceback);
    }
    if (traceback != NULL) {
        PyException_SetTraceback(exc, traceback);
    }
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return exc;
}

/* Set an exception, whose reference is taken, in place of the one that is set; NULL:
 * then none is. */
static inline void
PyErr_SetRaisedException(PyObject *exc)
{
    PyObject *type = exc != NULL ? Py_NewRef((PyObject *)Py_TYPE(exc)) : NULL;
    PyErr_Restore(type, exc, exc != NULL ? PyException_GetTraceback(exc) : NULL);
}
#endif

/* The module, made from def, of a type or of one of its bases: borrowed. NULL with
 * TypeError. */
static inline PyObject *
module_of_type(PyTypeObject *type, struct PyModuleDef *def)
{
#if PY_VERSION_HEX >= 0x030B0000
    return PyType_GetModuleByDef(type, def);
#else
    PyObject *mro = type->tp_mro; /* a tuple, whatever the type */
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); i++) {
        /* borrowed: a tuple does not change, and the type holds this one */
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        PyObject *module = PyType_HasFeature(base, Py_TPFLAGS_HEAPTYPE)
                               ? ((PyHeapTypeObject *)base)->ht_module
                               : NULL;
        if (module != NULL && PyModule_GetDef(module) == def) {
            return module;
        }
    }
    PyErr_Format(PyExc_TypeError, "%s has no base of module %s", type->tp_name,
                 def->m_name);
    return NULL;
#endif
}

/* Step through a dict that other code may change meanwhile: as PyDict_Next(), but *key
 * and *value are owned. They are NULL at first and at the end; who leaves before the
 * end drops them. The loop stands in a critical section of the dict. */
static inline bool
dict_next(PyObject *dict, Py_ssize_t *at, PyObject **key, PyObject **value)
{
    PyObject *old_key = *key, *old_value = *value;
    bool more = PyDict_Next(dict, at, key, value); /* borrowed: owned at once */
    *key = more ? Py_NewRef(*key) : NULL;
    *value = more ? Py_NewRef(*value) : NULL;
    Py_XDECREF(old_key);
    Py_XDECREF(old_value);
    return more;
}

/* RuntimeError, as Python's own loops raise it. Returns -1. */
static inline int
raise_dict_changed(void)
{
    PyErr_SetString(PyExc_RuntimeError, "dictionary changed size while it was sent");
    return -1;
}

/* An element of a list or tuple, a new reference; IndexError when a list has become
 * shorter. */
static inline PyObject *
item_of(PyObject *sequence, Py_ssize_t i)
{
    if (PyTuple_Check(sequence)) {
        /* borrowed: a tuple does not change, and the caller holds this one */
        return Py_NewRef(PyTuple_GET_ITEM(sequence, i));
    }
    return PyList_GetItemRef(sequence, i);
}

/* A list or tuple as it is at one moment, whatever other threads do to a list: a new
 * reference, or NULL with MemoryError. With the GIL that is the list itself, which
 * others change only when Python code runs: item_of() gives its elements. */
static inline PyObject *
sequence_of_now(PyObject *sequence)
{
#ifdef Py_GIL_DISABLED
    return PyList_Check(sequence) ? PyList_AsTuple(sequence) : Py_NewRef(sequence);
#else
    return Py_NewRef(sequence);
#endif
}

/* The same for a list that is to stay one. */
static inline PyObject *
list_of_now(PyObject *list)
{
#ifdef Py_GIL_DISABLED
    return PyList_GetSlice(list, 0, PY_SSIZE_T_MAX);
#else
    return Py_NewRef(list);
#endif
}

/* The same for a dict of which some entries are looked up, one after the other: without
 * the GIL others could change two of them at once in between. */
static inline PyObject *
dict_of_now(PyObject *dict)
{
#ifdef Py_GIL_DISABLED
    PyObject *copy = PyDict_New(), *key = NULL, *value = NULL;
    Py_ssize_t at = 0;
    int rc = copy != NULL ? 0 : -1;
    Py_BEGIN_CRITICAL_SECTION(dict);
    while (rc == 0 && dict_next(dict, &at, &key, &value)) {
        rc = PyDict_SetItem(copy, key, value);
    }
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(key);
    Py_XDECREF(value);
    if (rc < 0) {
        Py_CLEAR(copy);
    }
    return copy;
#else
    return Py_NewRef(dict);
#endif
}

/* The bytes that a bytearray has now, as new bytes; NULL with MemoryError. Without the
 * GIL this is safe from Python 3.14 on: before, a bytearray has no lock, and nobody may
 * change its size in one thread while another uses it. */
static inline PyObject *
bytes_of_bytearray(PyObject *array)
{
    PyObject *bytes;
    Py_BEGIN_CRITICAL_SECTION(array);
    /* borrowed: copied before anything runs */
    bytes = PyBytes_FromStringAndSize(PyByteArray_AS_STRING(array),
                                      PyByteArray_GET_SIZE(array));
    Py_END_CRITICAL_SECTION();
    return bytes;
}

/* The value of an int that takes one digit, as most do: true when *out has it. */
static inline bool
small_int(PyObject *value, int64_t *out)
{
#if PY_VERSION_HEX >= 0x030C0000
    if (PyUnstable_Long_IsCompact((PyLongObject *)value)) {
        *out = PyUnstable_Long_CompactValue((PyLongObject *)value);
        return true;
    }
#else
    Py_ssize_t size = Py_SIZE(value);
    if (size >= -1 && size <= 1) {
        *out = size * (int64_t)((PyLongObject *)value)->ob_digit[0];
        return true;
    }
#endif
    return false;
}

/* --- threads --- */

/* A lock for some fields, in place of the GIL where there is none. Whoever has it only
 * looks at the fields and changes them: he runs no Python code, drops no reference and
 * waits for nothing, so that a fork finds it free, but for the moment that
 * doc/internals.md names. One of zeros is free. */
#ifdef Py_GIL_DISABLED
typedef PyMutex field_lock;
#else
typedef struct field_lock {
    char nothing;
} field_lock;
#endif

static inline void
field_lock_take(field_lock *lock)
{
#ifdef Py_GIL_DISABLED
    PyMutex_Lock(lock);
#else
    (void)lock;
#endif
}

static inline void
field_lock_drop(field_lock *lock)
{
#ifdef Py_GIL_DISABLED
    PyMutex_Unlock(lock);
#else
    (void)lock;
#endif
}

/* Take a flag that one thread at a time has, unless it is taken. */
static inline bool
flag_take(bool *flag)
{
#ifdef Py_GIL_DISABLED
    return !__atomic_exchange_n(flag, true, __ATOMIC_ACQUIRE);
#else
    bool was_taken = *flag;
    *flag = true;
    return !was_taken;
#endif
}

static inline void
flag_drop(bool *flag)
{
#ifdef Py_GIL_DISABLED
    __atomic_store_n(flag, false, __ATOMIC_RELEASE);
#else
    *flag = false;
#endif
}

/* What stands in a field that others may set meanwhile: borrowed, and good only where
 * the field keeps forever what it once has. */
static inline PyObject *
load_object(PyObject *const *field)
{
    return __atomic_load_n(field, __ATOMIC_ACQUIRE);
}

/* Give a field that is NULL an object, which is taken. False: it has one by now. */
static inline bool
set_object_once(PyObject **field, PyObject *object)
{
    PyObject *none = NULL;
    return __atomic_compare_exchange_n(field, &none, object, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

/* Is the interpreter on its way out? */
static inline int
is_finalizing(void)
{
#if PY_VERSION_HEX < 0x030D0000
    return _Py_IsFinalizing();
#else
    return Py_IsFinalizing();
#endif
}

#if PY_VERSION_HEX < 0x030E0000
/* Let nobody change a type whose bases cannot be changed either. 0; never fails here.
 */
static inline int
PyType_Freeze(PyTypeObject *type)
{
    type->tp_flags |= Py_TPFLAGS_IMMUTABLETYPE;
    PyType_Modified(type);
    return 0;
}
#endif

/* A dict with room for n items where Python can be told so. */
static inline PyObject *
new_dict(size_t n)
{
#if PY_VERSION_HEX < 0x030E0000
    return n > 5 ? _PyDict_NewPresized((Py_ssize_t)n) : PyDict_New();
#else
    (void)n;
    return PyDict_New();
#endif
}

/* Does the calling thread, which holds the GIL, run in the main interpreter? */
static inline bool
in_main_interpreter(void)
{
    return PyInterpreterState_Get() == PyInterpreterState_Main();
}

#endif
