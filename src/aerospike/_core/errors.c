#include "errors.h"

/* The class of a code, borrowed. */
static PyObject *
class_of(module_state *st, asc_status code)
{
    PyObject *number = PyLong_FromLong(code);
    if (number == NULL) {
        return NULL;
    }
    PyObject *cls = PyDict_GetItemWithError(st->errors_by_code, number);
    Py_DECREF(number);
    return cls != NULL || PyErr_Occurred() ? cls : st->AerospikeError;
}

static PyObject *
make(PyObject *cls, asc_status code, PyObject *message, const char *file, int line,
     bool in_doubt)
{
    return PyObject_CallFunction(cls, "iOsiO", (int)code, message, file, line,
                                 in_doubt ? Py_True : Py_False);
}

/* Set an attribute to a new reference that may be NULL; -1 with an exception. */
static int
set_new(PyObject *exc, PyObject *name, PyObject *value)
{
    int rc = value != NULL ? PyObject_SetAttr(exc, name, value) : -1;
    Py_XDECREF(value);
    return rc;
}

/* What the library knows beyond code and message; defaults stay with the class. */
static int
add_details(module_state *st, PyObject *exc, const asc_error *err)
{
    if (err->host[0] != '\0' &&
        set_new(exc, st->s_host, PyUnicode_FromString(err->host)) < 0) {
        return -1;
    }
    const char *phase = asc_phase_name(err->phase);
    if (phase[0] != '\0' &&
        set_new(exc, st->s_phase, PyUnicode_FromString(phase)) < 0) {
        return -1;
    }
    if (err->subcode != 0 &&
        set_new(exc, st->s_subcode, PyLong_FromUnsignedLong(err->subcode)) < 0) {
        return -1;
    }
    if (err->attempts == 0) {
        return 0;
    }
    return set_new(exc, st->s_attempts, PyLong_FromUnsignedLong(err->attempts)) < 0
               ? -1
               : set_new(exc, st->s_elapsed_ms,
                         PyLong_FromUnsignedLong(err->elapsed_ms));
}

/* "host: message [errno n]", and after how many attempts when there were several. */
static PyObject *
message_of(const asc_error *err)
{
    const char *host = err->host, *colon = host[0] != '\0' ? ": " : "";
    if (err->attempts > 1) {
        return PyUnicode_FromFormat("%s%s%s (%u attempts)", host, colon, err->message,
                                    (unsigned)err->attempts);
    }
    return PyUnicode_FromFormat("%s%s%s", host, colon, err->message);
}

PyObject *
raise_error(module_state *st, const asc_error *err, PyObject *key, PyObject *bin)
{
    if (err->code == ASC_ERR_NOMEM) {
        return PyErr_NoMemory();
    }
    PyObject *cls = class_of(st, err->code), *exc = NULL;
    PyObject *message = cls != NULL ? message_of(err) : NULL;
    if (message != NULL) {
        exc = make(cls, err->code, message, err->file, err->line, err->in_doubt);
        Py_DECREF(message);
    }
    if (exc == NULL || add_details(st, exc, err) < 0 ||
        (key != NULL && PyObject_SetAttr(exc, st->s_key, key) < 0) ||
        (bin != NULL && PyObject_SetAttr(exc, st->s_bin, bin) < 0)) {
        Py_XDECREF(exc);
        return NULL;
    }
    PyErr_SetObject((PyObject *)Py_TYPE(exc), exc);
    Py_DECREF(exc);
    return NULL;
}

int
raise_code(module_state *st, asc_status code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    PyObject *message = PyUnicode_FromFormatV(format, args), *exc = NULL;
    va_end(args);
    PyObject *cls = message != NULL ? class_of(st, code) : NULL;
    if (cls != NULL) {
        exc = make(cls, code, message, "", 0, false);
    }
    Py_XDECREF(message);
    if (exc != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(exc), exc);
        Py_DECREF(exc);
    }
    return -1;
}

int
raise_naming(module_state *st, const char *func, const char *argument)
{
    PyObject *cls = class_of(st, ASC_ERR_PARAM), *type, *error, *traceback;
    if (cls == NULL || !PyErr_ExceptionMatches(cls)) {
        return -1;
    }
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    PyObject *cause = PyException_GetCause(error);
    PyObject *message = PyObject_GetAttrString(error, "msg");
    Py_DECREF(error);
    if (message != NULL) {
        raise_param(st, "%s: %s: %S", func, argument, message);
        Py_DECREF(message);
    }
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    PyException_SetCause(error, cause); /* takes the reference; NULL is fine */
    PyErr_Restore(type, error, traceback);
    return -1;
}
