/* This file makes the package's exceptions, of the library's errors and of failed looks
 * at an argument. It is the only one that takes, changes and sets exceptions: whoever
 * finds that an argument is wrong calls raise_code(). */
#include "support/errors.h"

#include <string.h>

#include "support/collector.h"
#include "support/numbers.h"

/* Give the class of a code's exceptions, a new reference. */
static PyObject *
class_of(module_state *st, asc_status code)
{
    PyObject *number = PyLong_FromLong(code), *cls = NULL;
    int found =
        number != NULL ? PyDict_GetItemRef(st->errors_by_code, number, &cls) : -1;
    Py_XDECREF(number);
    return found == 0 ? Py_NewRef(st->AerospikeError) : cls;
}

/* An error's text has so many characters at most: it may quote another one, which
 * quotes a third. */
#define MAX_TEXT 1000

/* Give the beginning of a text that is too long, a new reference. */
static PyObject *
shortened(PyObject *text)
{
    if (PyUnicode_GET_LENGTH(text) <= MAX_TEXT) {
        return Py_NewRef(text);
    }
    PyObject *head = PyUnicode_Substring(text, 0, MAX_TEXT);
    PyObject *made = head != NULL ? PyUnicode_FromFormat("%U ...", head) : NULL;
    Py_XDECREF(head);
    return made;
}

/* Make an exception of a class, a new reference; NULL with another exception. */
static PyObject *
make(module_state *st, PyObject *cls, asc_status code, PyObject *message,
     const char *file, int line, bool in_doubt)
{
    PyObject *text = shortened(message);
    if (text == NULL) {
        return NULL;
    }
    gc_resume(st); /* the class has a constructor in Python */
    PyObject *exc = PyObject_CallFunction(cls, "iOsiO", (int)code, text, file, line,
                                          in_doubt ? Py_True : Py_False);
    Py_DECREF(text);
    return exc;
}

/* Set an attribute to a new reference, which this function takes and which may be NULL.
 * 0, or -1 with an exception. */
static int
set_new(PyObject *exc, PyObject *name, PyObject *value)
{
    int rc = value != NULL ? PyObject_SetAttr(exc, name, value) : -1;
    Py_XDECREF(value);
    return rc;
}

/* Set what the library knows beyond code and message. The class has defaults for what
 * it does not know. */
static int
add_details(module_state *st, PyObject *exc, const asc_error *err)
{
    if (err->host[0] != '\0' &&
        set_new(exc, st->s_host,
                PyUnicode_DecodeUTF8(err->host, (Py_ssize_t)strlen(err->host),
                                     "replace")) < 0) {
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
    if (set_new(exc, st->s_attempts, PyLong_FromUnsignedLong(err->attempts)) < 0) {
        return -1;
    }
    return set_new(exc, st->s_elapsed_ms, PyLong_FromUnsignedLong(err->elapsed_ms));
}

/* Make the text "host: message", with the number of attempts behind it when there were
 * several. */
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
        exc = make(st, cls, err->code, message, err->file, err->line, err->in_doubt);
        Py_DECREF(message);
    }
    Py_XDECREF(cls);
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
    PyObject *cause;
    if (!take_argument_error(&cause)) {
        return -1;
    }
    va_list args;
    va_start(args, format);
    PyObject *message = PyUnicode_FromFormatV(format, args), *exc = NULL;
    va_end(args);
    PyObject *cls = message != NULL ? class_of(st, code) : NULL;
    if (cls != NULL) {
        exc = make(st, cls, code, message, "", 0, false);
    }
    Py_XDECREF(cls);
    Py_XDECREF(message);
    if (exc != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(exc), exc);
        Py_DECREF(exc);
    }
    return raise_from(cause, -1);
}

/* Make exc say that its write is in doubt, in its attribute and in its args, which
 * pickles are made of. 0, or -1 with an exception. */
static int
set_in_doubt(PyObject *exc)
{
    PyObject *args = PyObject_GetAttrString(exc, "args"), *head = NULL, *all = NULL;
    int rc = args != NULL ? PyObject_SetAttrString(exc, "in_doubt", Py_True) : -1;
    if (rc == 0 && PyTuple_Check(args) && PyTuple_GET_SIZE(args) >= 4) {
        head = PyTuple_GetSlice(args, 0, 4);
        PyObject *doubt = PyTuple_Pack(1, Py_True);
        all = head != NULL && doubt != NULL ? PySequence_Concat(head, doubt) : NULL;
        rc = all != NULL ? PyObject_SetAttrString(exc, "args", all) : -1;
        Py_XDECREF(doubt);
    }
    Py_XDECREF(args);
    Py_XDECREF(head);
    Py_XDECREF(all);
    return rc;
}

void
raise_in_doubt(module_state *st)
{
    if (!PyErr_ExceptionMatches(st->AerospikeError)) {
        return;
    }
    PyObject *exc = PyErr_GetRaisedException();
    if (set_in_doubt(exc) == 0) {
        PyErr_SetRaisedException(exc); /* takes the reference */
    }
    else {
        Py_DECREF(exc);
    }
}

/* Give an attribute as a new reference; NULL, without an exception, when there is none.
 */
static PyObject *
attribute_or_null(PyObject *exc, const char *name)
{
    PyObject *value = PyObject_GetAttrString(exc, name);
    if (value == NULL) {
        PyErr_Clear();
    }
    return value;
}

bool
comes_out(module_state *st)
{
    if (!PyErr_ExceptionMatches(PyExc_Exception) ||
        PyErr_ExceptionMatches(PyExc_MemoryError)) {
        return true;
    }
    PyObject *exc = PyErr_GetRaisedException();
    PyObject *traceback = PyException_GetTraceback(exc), *answer = NULL;
    if (traceback != NULL) { /* without one it was raised in C: no handler has run */
        Py_DECREF(traceback);
        gc_resume(st);
        answer = PyObject_CallOneArg(st->is_of_handler, exc);
        if (answer == NULL) {
            Py_DECREF(exc); /* the exception of this call comes out in its place */
            return true;
        }
    }
    PyErr_SetRaisedException(exc); /* takes the reference */
    Py_XDECREF(answer);
    return answer == Py_True;
}

bool
error_from_exception(module_state *st, asc_error *err)
{
    if (!PyErr_ExceptionMatches(st->AerospikeError) || comes_out(st)) {
        return false;
    }
    PyObject *exc = PyErr_GetRaisedException();
    PyObject *code = attribute_or_null(exc, "code");
    PyObject *msg = attribute_or_null(exc, "msg");
    PyObject *utf8 = msg != NULL && PyUnicode_Check(msg)
                         ? PyUnicode_AsEncodedString(msg, "utf-8", "replace")
                         : NULL;
    int64_t number = -1;
    if (code != NULL && PyLong_Check(code)) {
        int64_from_py(code, &number);
    }
    asc_error_set(err, number != 0 ? (asc_status)number : ASC_ERR_CLIENT, "%s",
                  utf8 != NULL ? PyBytes_AS_STRING(utf8) : "");
    PyErr_Clear(); /* what the attributes of a class of an application's own may do */
    Py_XDECREF(code);
    Py_XDECREF(msg);
    Py_XDECREF(utf8);
    Py_DECREF(exc);
    return true;
}

bool
take_argument_error(PyObject **cause)
{
    PyObject *const classes[] = {PyExc_AttributeError, PyExc_TypeError,
                                 PyExc_ValueError, PyExc_OverflowError};
    *cause = NULL;
    if (PyErr_Occurred() == NULL) {
        return true;
    }
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (PyErr_ExceptionMatches(classes[i])) {
            *cause = PyErr_GetRaisedException();
            return true;
        }
    }
    return false;
}

int
raise_from(PyObject *cause, int rc)
{
    if (cause == NULL) {
        return rc;
    }
    PyObject *exc = PyErr_GetRaisedException();
    PyException_SetContext(exc, Py_NewRef(cause)); /* both take the reference */
    PyException_SetCause(exc, cause);
    PyErr_SetObject((PyObject *)Py_TYPE(exc), exc);
    Py_DECREF(exc);
    return rc;
}

PyObject *
take_text(PyObject *cls, PyObject **cause)
{
    if (!PyErr_ExceptionMatches(cls)) {
        return NULL;
    }
    PyObject *exc = PyErr_GetRaisedException();
    PyObject *text = PyObject_GetAttrString(exc, "msg");
    *cause = text != NULL ? PyException_GetCause(exc) : NULL;
    Py_DECREF(exc);
    return text;
}

int
raise_naming(module_state *st, const char *func, const char *argument)
{
    PyObject *cause, *cls = class_of(st, ASC_ERR_PARAM);
    PyObject *text = cls != NULL ? take_text(cls, &cause) : NULL;
    if (text != NULL) {
        raise_from(cause, raise_param(st, "%s: %s: %S", func, argument, text));
    }
    Py_XDECREF(text);
    Py_XDECREF(cls);
    return -1;
}
