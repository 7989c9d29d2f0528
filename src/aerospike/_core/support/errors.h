/* support/errors.h -- raising the package's exceptions. */
#ifndef CORE_SUPPORT_ERRORS_H
#define CORE_SUPPORT_ERRORS_H

#include "support/state.h"

/* Raise the exception of an error of the library. key and bin, borrowed, become
 * attributes of record errors; NULL where there are none. Returns NULL. */
PyObject *
raise_error(module_state *st, const asc_error *err, PyObject *key, PyObject *bin);

/* Raise the exception of a code, with a message as PyUnicode_FromFormat makes it, for
 * errors found before anything was sent. 1000 characters of a message stay. Returns -1.
 *
 * An exception may be set already, because the look at an argument has failed: when it
 * tells of the argument (see take_argument_error) it becomes the cause, and when it is
 * about something else it comes out instead. */
int raise_code(module_state *st, asc_status code, const char *format, ...);

/* Raise ParamError (-2) likewise. */
#define raise_param(st, ...) raise_code((st), ASC_ERR_PARAM, __VA_ARGS__)

/* Has the look at an argument failed because of the argument? False when the exception
 * that is set is about something else (a signal, memory, the depth of calls): it stays.
 * Else none is set any more, and *cause is the AttributeError, TypeError, ValueError or
 * OverflowError that was, owned, or NULL. */
bool take_argument_error(PyObject **cause);

/* Make cause, which is taken and may be NULL, the cause of the exception that is set.
 * PyErr_GetRaisedException() gives one. Returns rc. */
int raise_from(PyObject *cause, int rc);

/* Take the exception that is set when it is of a class of ours: its text, a new
 * reference, and its cause, owned or NULL. NULL: an exception stays set. */
PyObject *take_text(PyObject *cls, PyObject **cause);

/* The exception that is set tells of a write whose reply came and could not be made
 * into its result: when it is one of ours, make it say that the write is in doubt. Any
 * other exception stays as it is. */
void raise_in_doubt(module_state *st);

/* Must the exception that is set come out of the call, whatever is being converted?
 * Yes for what is no Exception, for MemoryError and for what a signal's handler raised;
 * all others may tell of the value. It is set afterwards, too. */
bool comes_out(module_state *st);

/* Take the exception that is set into *err, code and text, when it is one of ours;
 * false when it is not, or must come out: then it stays set. */
bool error_from_exception(module_state *st, asc_error *err);

/* Put "func: argument: " before the text of the ParamError that is set; what caused it
 * stays. Any other exception stays as it is. Returns -1. */
int raise_naming(module_state *st, const char *func, const char *argument);

#endif
