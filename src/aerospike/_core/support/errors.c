/* This file makes the package's exceptions, of the library's errors and of failed looks
 * at an argument. It is the only one that takes, changes and sets exceptions: whoever
 * finds that an argument is wrong calls raise_code(). */
#include "support/errors.h"

#include <string.h>

#include "support/collector.h"
#include "support/numbers.h"

int
errors_init(module_state *st)
{
#define CODE(name, code, symbol, text) code,
    static const asc_status codes[] = {ASC_STATUS_TABLE(CODE)};
#undef CODE
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof codes / sizeof *codes; i++) {
        PyObject *code = PyLong_FromLong(codes[i]);
        PyObject *symbol = PyUnicode_FromString(asc_status_symbol(codes[i]));
        rc = code != NULL && symbol != NULL
                 ? PyDict_SetItem(st->symbols_by_code, code, symbol)
                 : -1;
        Py_XDECREF(code);
        Py_XDECREF(symbol);
    }
    return rc;
}

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

/* A path that has so many characters is cut. */
#define MAX_PATH 200

/* Give the part of a text from one place to another, or its beginning when that is too
 * long; a new reference. */
static PyObject *
shortened(PyObject *text, Py_ssize_t from, Py_ssize_t to)
{
    if (to - from <= MAX_TEXT) {
        return PyUnicode_Substring(text, from, to);
    }
    PyObject *head = PyUnicode_Substring(text, from, from + MAX_TEXT);
    PyObject *made = head != NULL ? PyUnicode_FromFormat("%U ...", head) : NULL;
    Py_XDECREF(head);
    return made;
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

/* Make an exception of a class, a new reference; NULL with another exception. The
 * message may have two parts (DETAIL). */
static PyObject *
make(module_state *st, PyObject *cls, asc_status code, PyObject *message,
     const char *file, int line, bool in_doubt)
{
    Py_ssize_t size = PyUnicode_GET_LENGTH(message);
    Py_ssize_t at = PyUnicode_FindChar(message, DETAIL[0], 0, size, 1);
    PyObject *text = shortened(message, 0, at < 0 ? size : at), *exc = NULL;
    if (text == NULL) {
        return NULL;
    }
    gc_resume(st); /* the class has a constructor in Python */
    exc = PyObject_CallFunction(cls, "iOsiO", (int)code, text, file, line,
                                in_doubt ? Py_True : Py_False);
    Py_DECREF(text);
    if (exc != NULL && at >= 0 &&
        set_new(exc, st->s_detail, shortened(message, at + 1, size)) < 0) {
        Py_CLEAR(exc);
    }
    return exc;
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

/* Make the message of an error. When a server has refused a request, the short text is
 * host and symbol, as in other clients; or what a function said that failed. In a text
 * of the library, "; " stands before what explains it. What a peer said, or a cut, may
 * have left bytes that are no UTF-8. */
static PyObject *
message_of(const asc_error *err)
{
    const char *symbol = asc_status_symbol(err->code);
    if (err->is_result && symbol[0] != '\0') {
        const char *gap = err->host[0] != '\0' ? " " : "";
        bool has_said = err->code == ASC_ERR_UDF &&
                        strcmp(err->message, asc_status_text(err->code)) != 0;
        return PyUnicode_FromFormat("%s%s%s" DETAIL "%s", err->host, gap,
                                    has_said ? err->message : symbol, err->message);
    }
    const char *gap = strstr(err->message, "; ");
    if (gap == NULL) {
        return PyUnicode_DecodeUTF8(err->message, (Py_ssize_t)strlen(err->message),
                                    "replace");
    }
    PyObject *msg = PyUnicode_DecodeUTF8(err->message, gap - err->message, "replace");
    PyObject *message =
        msg != NULL ? PyUnicode_FromFormat("%U" DETAIL "%s", msg, gap + 2) : NULL;
    Py_XDECREF(msg);
    return message;
}

/* Raise the exception of an error with a message, which this function takes and which
 * may be NULL. Returns NULL. */
static PyObject *
raise_message(module_state *st, const asc_error *err, PyObject *message, PyObject *key,
              PyObject *bin)
{
    PyObject *cls = message != NULL ? class_of(st, err->code) : NULL, *exc = NULL;
    if (cls != NULL) {
        exc = make(st, cls, err->code, message, err->file, err->line, err->in_doubt);
    }
    Py_XDECREF(cls);
    Py_XDECREF(message);
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

PyObject *
raise_error(module_state *st, const asc_error *err, PyObject *key, PyObject *bin)
{
    if (err->code == ASC_ERR_NOMEM) {
        return PyErr_NoMemory();
    }
    return raise_message(st, err, message_of(err), key, bin);
}

PyObject *
raise_error_as(module_state *st, const asc_error *err, const char *msg)
{
    if (err->code == ASC_ERR_NOMEM) {
        return PyErr_NoMemory();
    }
    PyObject *message = PyUnicode_FromFormat("%s" DETAIL "%s", msg, err->message);
    return raise_message(st, err, message, NULL, NULL);
}

/* Make a message of two parts, a new reference. The text of a value, which its class
 * makes, may fail: then the message has its first part alone. NULL with an
 * exception. */
static PyObject *
message_of_format(module_state *st, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    PyObject *message = PyUnicode_FromFormatV(format, args);
    const char *end = strchr(format, DETAIL[0]);
    if (message == NULL && end != NULL && !comes_out(st)) {
        char head[200];
        PyErr_Clear();
        PyOS_snprintf(head, sizeof head, "%.*s", (int)(end - format), format);
        message = PyUnicode_FromFormatV(head, again);
    }
    va_end(again);
    return message;
}

int
raise_code_at(module_state *st, asc_status code, const char *file, int line,
              const char *format, ...)
{
    PyObject *cause;
    if (!take_argument_error(st, &cause)) {
        return -1;
    }
    va_list args;
    va_start(args, format);
    PyObject *message = message_of_format(st, format, args), *exc = NULL;
    va_end(args);
    PyObject *cls = message != NULL ? class_of(st, code) : NULL;
    if (cls != NULL) {
        exc = make(st, cls, code, message, file, line, false);
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

/* Tell the doubt in an exception of somebody else, in its dict: a property of its class
 * would run Python code in the middle of a call, and has an answer of its own. It may
 * come out of a call that was made in the middle of this one, by a handler or a
 * deserializer, and tell already that this other call is in doubt. */
static void
tell_doubt(module_state *st, PyObject *exc, bool in_doubt)
{
    PyObject *dict = PyObject_GenericGetDict(exc, NULL), *told = NULL;
    if (dict != NULL && PyDict_GetItemRef(dict, st->s_in_doubt, &told) >= 0 &&
        (in_doubt || told != Py_True)) {
        PyDict_SetItem(dict, st->s_in_doubt, in_doubt ? Py_True : Py_False);
    }
    Py_XDECREF(told);
    Py_XDECREF(dict);
    PyErr_Clear(); /* memory is short: the exception itself is worth more */
}

void
raise_doubt(module_state *st, bool in_doubt)
{
    PyObject *exc = PyErr_GetRaisedException();
    int rc = 0;
    if (!PyObject_TypeCheck(exc, (PyTypeObject *)st->AerospikeError)) {
        tell_doubt(st, exc, in_doubt);
    }
    else if (in_doubt) {
        rc = set_in_doubt(exc);
    }
    if (rc == 0) {
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

/* Has a signal's handler raised the exception that is set? One is set afterwards,
 * too. Where the interpreter ends, there is no program left that could get it, and not
 * enough of this package to tell. */
static bool
comes_of_handler(module_state *st)
{
    if (is_finalizing()) {
        return false;
    }
    if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
        return true; /* Python's own handler is written in C, and leaves no trace */
    }
    PyObject *exc = PyErr_GetRaisedException();
    PyObject *traceback = PyException_GetTraceback(exc), *answer = NULL;
    if (traceback != NULL && st->is_of_handler != NULL) {
        gc_resume(st);
        answer = PyObject_CallOneArg(st->is_of_handler, exc);
        if (answer == NULL) { /* a handler has run meanwhile: its exception is set */
            Py_DECREF(traceback);
            Py_DECREF(exc);
            return true;
        }
    }
    PyErr_SetRaisedException(exc); /* takes the reference */
    Py_XDECREF(traceback);
    Py_XDECREF(answer);
    return answer == Py_True;
}

PyObject *
take_of_handler(module_state *st)
{
    if (comes_of_handler(st)) {
        return PyErr_GetRaisedException();
    }
    PyErr_Clear();
    return NULL;
}

/* In the main thread, between two steps of its Python code. */
static int
raise_now(void *exc)
{
    PyErr_SetRaisedException(exc); /* takes the reference */
    return -1;
}

void
raise_later(PyObject *exc)
{
    if (exc != NULL && Py_AddPendingCall(raise_now, exc) < 0) { /* too many wait */
        PyErr_SetRaisedException(exc);
        PyErr_WriteUnraisable(NULL);
    }
}

void
put_aside(module_state *st, PyObject *function)
{
    if (comes_of_handler(st)) {
        raise_later(PyErr_GetRaisedException());
    }
    else {
        PyErr_WriteUnraisable(function);
    }
}

bool
exception_is_of(module_state *st, asc_status code)
{
    PyObject *exc = PyErr_GetRaisedException(), *cls = class_of(st, code);
    bool is = cls != NULL && PyErr_GivenExceptionMatches(exc, cls);
    Py_XDECREF(cls);
    PyErr_SetRaisedException(exc);
    return is;
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
take_argument_error(module_state *st, PyObject **cause)
{
    PyObject *const classes[] = {PyExc_AttributeError, PyExc_TypeError,
                                 PyExc_ValueError, PyExc_OverflowError};
    *cause = NULL;
    if (PyErr_Occurred() == NULL) {
        return true;
    }
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (PyErr_ExceptionMatches(classes[i]) && !comes_out(st)) {
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

void
raise_instead_of_stop(void)
{
    if (PyErr_ExceptionMatches(PyExc_StopIteration)) {
        PyObject *cause = PyErr_GetRaisedException();
        PyErr_SetString(PyExc_RuntimeError,
                        "StopIteration was raised while records were read");
        raise_from(cause, -1);
    }
}

/* Give msg and detail of one of our exceptions as one text, a new reference; NULL with
 * an exception. */
static PyObject *
whole_text(PyObject *exc)
{
    PyObject *msg = PyObject_GetAttrString(exc, "msg"), *text = NULL;
    PyObject *detail = msg != NULL ? PyObject_GetAttrString(exc, "detail") : NULL;
    int has_none = detail != NULL ? PyObject_Not(detail) : -1;
    if (has_none >= 0) {
        text = has_none ? Py_NewRef(msg) : PyUnicode_FromFormat("%S: %S", msg, detail);
    }
    Py_XDECREF(msg);
    Py_XDECREF(detail);
    return text;
}

PyObject *
take_text(module_state *st, PyObject *cls, PyObject **cause)
{
    if (!PyErr_ExceptionMatches(cls) || comes_out(st)) {
        return NULL;
    }
    PyObject *exc = PyErr_GetRaisedException();
    PyObject *text = whole_text(exc);
    *cause = text != NULL ? PyException_GetCause(exc) : NULL;
    Py_DECREF(exc);
    return text;
}

int
raise_instead(module_state *st, const char *msg, const char *where)
{
    PyObject *cause, *cls = class_of(st, ASC_ERR_PARAM);
    PyObject *text = cls != NULL ? take_text(st, cls, &cause) : NULL;
    if (text != NULL) {
        raise_from(cause, raise_param(st, "%s" DETAIL "%s: %S", msg, where, text));
    }
    Py_XDECREF(text);
    Py_XDECREF(cls);
    return -1;
}

/* Does the short text of an error say that the key is invalid? */
static bool
says_invalid(PyObject *msg, const char *key)
{
    PyObject *text = PyUnicode_FromFormat("%s is invalid", key);
    bool says =
        text != NULL && PyUnicode_Check(msg) && PyUnicode_Compare(msg, text) == 0;
    Py_XDECREF(text);
    return says;
}

int
raise_in_section(module_state *st, const char *section, const char *key)
{
    PyObject *cls = class_of(st, ASC_ERR_PARAM);
    bool is_ours = cls != NULL && PyErr_ExceptionMatches(cls) && !comes_out(st);
    Py_XDECREF(cls);
    if (!is_ours) {
        return -1;
    }
    PyObject *exc = PyErr_GetRaisedException();
    PyObject *msg = PyObject_GetAttrString(exc, "msg");
    PyObject *detail = msg != NULL ? PyObject_GetAttrString(exc, "detail") : NULL;
    if (detail == NULL || !says_invalid(msg, key)) {
        PyErr_Clear();
        PyErr_SetRaisedException(exc); /* takes the reference */
    }
    else {
        PyObject *cause = PyException_GetCause(exc);
        Py_DECREF(exc);
        raise_from(cause, raise_param(st, "%s.%U" DETAIL "%S", section, msg, detail));
    }
    Py_XDECREF(msg);
    Py_XDECREF(detail);
    return -1;
}

/* --- what a call knows of its errors --- */

/* Set an error again, which this function takes. What was raised meanwhile is dropped,
 * because the error matters more; but what must come out of a call does, with the error
 * as its context. */
static void
set_again(module_state *st, PyObject *exc)
{
    if (PyErr_Occurred() != NULL && comes_out(st)) {
        PyObject *other = PyErr_GetRaisedException();
        PyObject *context = PyException_GetContext(other);
        PyException_SetContext(other, context != NULL ? context : Py_NewRef(exc));
        PyErr_SetRaisedException(other);
        Py_DECREF(exc);
        return;
    }
    PyErr_Clear();
    PyErr_SetRaisedException(exc); /* takes the reference */
}

/* Give a path that begins with a step: an item ("[1]") stands right behind it, a name
 * behind a point. A new reference; NULL with an exception. */
static PyObject *
path_from(PyObject *step, PyObject *path)
{
    bool is_name =
        PyUnicode_GET_LENGTH(path) > 0 && PyUnicode_READ_CHAR(path, 0) != '[';
    return PyUnicode_FromFormat(is_name ? "%U.%U" : "%U%U", step, path);
}

/* Put a step, which this function takes and which may be NULL, before the path of the
 * error that is set, which is one of ours. A long path loses what it had: a value may
 * be nested deep, and its outer levels say more. Returns -1. */
static int
put_step(module_state *st, PyObject *exc, PyObject *step)
{
    PyObject *path = step != NULL ? PyObject_GetAttr(exc, st->s_path) : NULL;
    if (path != NULL && !PyUnicode_Check(path)) {
        set_new(exc, st->s_path, Py_NewRef(step));
    }
    else if (path != NULL && PyUnicode_GET_LENGTH(path) < MAX_PATH) {
        set_new(exc, st->s_path, path_from(step, path));
    }
    else if (path != NULL) {
        set_new(exc, st->s_path, PyUnicode_FromFormat("%U...", step));
    }
    Py_XDECREF(step);
    Py_XDECREF(path);
    set_again(st, exc); /* making the text of a step runs the handlers of signals */
    return -1;
}

/* Take the error that is set when it is one of ours; NULL when it is not: then it stays
 * set. */
static PyObject *
take_ours(module_state *st)
{
    return PyErr_ExceptionMatches(st->AerospikeError) ? PyErr_GetRaisedException()
                                                      : NULL;
}

int
error_in_place(module_state *st, Py_ssize_t i)
{
    PyObject *exc = take_ours(st);
    return exc != NULL ? put_step(st, exc, PyUnicode_FromFormat("[%zd]", i)) : -1;
}

/* A key of a class of the application's is not shown: its text would have to be asked
 * for. So is an int that 64 bits do not hold, which may have any length. */
int
error_in_key(module_state *st, PyObject *key)
{
    PyObject *exc = take_ours(st);
    int64_t number;
    if (exc == NULL) {
        return -1;
    }
    if (PyUnicode_CheckExact(key)) {
        return put_step(st, exc, PyUnicode_FromFormat("[%R]", key));
    }
    if (PyLong_CheckExact(key) && int64_from_py(key, &number)) {
        return put_step(st, exc, PyUnicode_FromFormat("[%lld]", (long long)number));
    }
    return put_step(st, exc, PyUnicode_FromFormat("[<%s>]", Py_TYPE(key)->tp_name));
}

int
error_in_argument(module_state *st, const char *name)
{
    PyObject *exc = take_ours(st);
    return exc != NULL ? put_step(st, exc, PyUnicode_FromString(name)) : -1;
}

int
error_inside_argument(module_state *st, const char *name)
{
    PyObject *exc = take_ours(st);
    if (exc == NULL) {
        return -1;
    }
    PyObject *path = PyObject_GetAttr(exc, st->s_path);
    bool has_one = path != NULL && PyUnicode_Check(path);
    Py_XDECREF(path);
    if (has_one) {
        return put_step(st, exc, PyUnicode_FromString(name));
    }
    set_again(st, exc);
    return -1;
}

/* Call a function of aerospike._explain with the error and what args is, a new
 * reference that may be NULL, and set the error again. */
static void
explain(module_state *st, PyObject *function, PyObject *exc, PyObject *args)
{
    gc_resume(st);
    PyObject *done = args != NULL ? PyObject_CallObject(function, args) : NULL;
    Py_XDECREF(args);
    Py_XDECREF(done);
    set_again(st, exc);
}

void
explain_error(module_state *st, const char *method, PyObject *key, PyObject *argument,
              bool is_filtered)
{
    PyObject *exc = take_ours(st);
    if (exc != NULL) {
        explain(st, st->explain_call, exc,
                Py_BuildValue("OsOOO", exc, method, key != NULL ? key : Py_None,
                              argument != NULL ? argument : Py_None,
                              is_filtered ? Py_True : Py_False));
    }
}

void
explain_query(module_state *st, PyObject *ns, PyObject *set, PyObject *predicate,
              PyObject *index_name, PyObject *ctx)
{
    PyObject *exc = take_ours(st);
    if (exc != NULL) {
        explain(st, st->explain_query, exc,
                Py_BuildValue("OOOOOO", exc, ns, set,
                              predicate != NULL ? predicate : Py_None,
                              index_name != NULL ? index_name : Py_None,
                              ctx != NULL ? ctx : Py_None));
    }
}

void
explain_info(module_state *st, PyObject *command)
{
    PyObject *exc = take_ours(st);
    if (exc != NULL) {
        explain(st, st->explain_info, exc,
                Py_BuildValue("OO", exc, command != NULL ? command : Py_None));
    }
}

void
explain_login(module_state *st, const char *user)
{
    PyObject *exc = take_ours(st);
    if (exc != NULL) {
        explain(st, st->explain_login, exc, Py_BuildValue("Oz", exc, user));
    }
}

int
explain_operation(module_state *st, Py_ssize_t place, PyObject *operation)
{
    PyObject *exc = take_ours(st);
    if (exc != NULL) {
        explain(st, st->explain_operation, exc,
                Py_BuildValue("OnO", exc, place, operation));
    }
    return -1;
}
