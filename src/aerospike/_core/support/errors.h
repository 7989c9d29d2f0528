/* support/errors.h -- raising the package's exceptions. */
#ifndef CORE_SUPPORT_ERRORS_H
#define CORE_SUPPORT_ERRORS_H

#include "support/state.h"

/* Stands in a message between the short text that applications compare, which becomes
 * the attribute msg, and what explains it, which becomes the attribute detail:
 *
 *     "policy must be a dict" DETAIL "got %s"
 *
 * The short text is what other clients of Aerospike say in this case, if they have one.
 */
#define DETAIL "\x1f"

/* Tell aerospike.exception the symbols of all result codes. 0, or -1 with an
 * exception. */
int errors_init(module_state *st);

/* Raise the exception of an error of the library. key and bin, which the caller holds,
 * become attributes of the exception; they are NULL where there are none. This runs
 * Python code, as raise_code() does: the constructors of exceptions are written in
 * Python. Returns NULL, so that a method can return what this returns. */
PyObject *
raise_error(module_state *st, const asc_error *err, PyObject *key, PyObject *bin);

/* The same with a short text of the caller's: what the library says becomes the detail.
 */
PyObject *raise_error_as(module_state *st, const asc_error *err, const char *msg);

/* Raise the exception of a code, with a message as PyUnicode_FromFormat makes it, for
 * errors found before anything was sent. Of a long message 1000 characters stay.
 * Returns -1, so that a function can return what this returns.
 *
 * An exception may be set already, because looking at an argument has failed. When it
 * is about the argument (see take_argument_error()) it becomes the cause of the new
 * one; when it is about something else it stays set, and no other is raised. So whoever
 * gets NULL or -1 from a look at an argument may call this without asking why. */
#define raise_code(st, code, ...)                                                      \
    raise_code_at((st), (code), __FILE__, __LINE__, __VA_ARGS__)

/* What the macro above calls, with the place where it stands. */
int raise_code_at(module_state *st, asc_status code, const char *file, int line,
                  const char *format, ...);

/* Raise ParamError (-2) likewise. */
#define raise_param(st, ...) raise_code((st), ASC_ERR_PARAM, __VA_ARGS__)

/* Take the exception that is set, if there is one, when it is about an argument:
 * AttributeError, TypeError, ValueError or OverflowError. True: none is set any more,
 * and *cause is the one that was, owned, or NULL. False: an exception is set that is
 * about something else (a signal, memory, the depth of calls); it stays set. */
bool take_argument_error(module_state *st, PyObject **cause);

/* Make cause the cause of the exception that is set. cause is taken; it may be NULL.
 * Returns rc. */
int raise_from(PyObject *cause, int rc);

/* Raise RuntimeError instead of a StopIteration that is set, as generators do: a loop
 * would take it for the end, and nobody would know that items are missing. */
void raise_instead_of_stop(void);

/* Take the exception that is set when it is of the class cls, which is one of ours.
 * Returns its text with the detail behind it, a new reference; *cause is its cause,
 * owned or NULL. NULL when it is of another class or must come out: then it stays set,
 * and *cause is not. */
PyObject *take_text(module_state *st, PyObject *cls, PyObject **cause);

/* Give the ParamError that is set another short text: what it said becomes part of the
 * detail, behind `where`. Any other exception stays as it is. Returns -1. */
int raise_instead(module_state *st, const char *msg, const char *where);

/* Put the name of a section before the key in the ParamError that is set, if it says
 * "<key> is invalid". Any other exception stays as it is. Returns -1. */
int raise_in_section(module_state *st, const char *section, const char *key);

/* Make the exception that is set say whether a write is in doubt. It is when it has
 * left and was interrupted, or when its reply could not be made into its result. What
 * the exception says already is only changed into true. */
void raise_doubt(module_state *st, bool in_doubt);

/* Must the exception that is set come out of the call, whatever is being converted? Yes
 * for what is no Exception (such as KeyboardInterrupt), for MemoryError, and for what
 * the handler of a signal has raised. All others may be about the value, so that the
 * caller may put something in their place. An exception is set afterwards, too. This
 * may run Python code. */
bool comes_out(module_state *st);

/* For code that the client runs for itself, such as that of an event loop, and whose
 * failure is nobody's: a signal's handler may run in the middle of it. The first takes
 * the exception that is set, and returns it as a new reference if a handler has raised
 * it, as is taken for granted of a KeyboardInterrupt; any other is dropped: NULL. The
 * second has the main thread, in which handlers run, raise it in the next Python code
 * that runs there; it takes the reference, which may be NULL. */
PyObject *take_of_handler(module_state *st);
void raise_later(PyObject *exc);

/* The exception that is set is of a function that the program gave the client, and must
 * not reach the call in whose middle it ran: it is printed, or raised later if a
 * signal's handler has raised it. */
void put_aside(module_state *st, PyObject *function);

/* Take the code and the text of the exception that is set into *err, when it is one of
 * ours: then none is set any more, and true is returned. False when it is not one of
 * ours, or must come out: then it stays set. */
bool error_from_exception(module_state *st, asc_error *err);

/* Is the exception that is set of the class that a code has? */
bool exception_is_of(module_state *st, asc_status code);

/* Say where in the arguments the error is that is set, when it is one of ours: put a
 * step before its attribute `path`. Whoever goes down into a value calls one of these
 * when it comes back with an error, so that the path is made from its end:
 * bins['a']['b'][0]. The error that is set stays set. Each returns -1. */
int error_in_place(module_state *st, Py_ssize_t i); /* of a list: [0] */
int error_in_key(module_state *st, PyObject *key);  /* of a dict: ['a'] */
int error_in_argument(module_state *st, const char *name);

/* The same as the last, for an error that has a path already: one inside the argument,
 * and none about the argument as a whole. */
int error_inside_argument(module_state *st, const char *name);

/* Complete the exception that is set, when it is one of ours, by what the call knows:
 * it calls aerospike._explain.call(). method is the name of the method; key is what the
 * error shows as the key, and argument what the method works with (bins, a bin's name,
 * operations); both may be NULL. is_filtered: the policy has expressions. No other
 * exception is set afterwards than before. */
void explain_error(module_state *st, const char *method, PyObject *key,
                   PyObject *argument, bool is_filtered);

/* The same for a query: what was asked for, NULL for what was not. */
void explain_query(module_state *st, PyObject *ns, PyObject *set, PyObject *predicate,
                   PyObject *index_name, PyObject *ctx);

/* The same for an info request: its text, NULL for none. */
void explain_info(module_state *st, PyObject *command);

/* The same for a connection that the cluster refuses to make; user is the name of who
 * logs in, "" for whom a certificate names, and NULL for nobody. */
void explain_login(module_state *st, const char *user);

/* The same for one operation: the dict at a place of a list of operations. Returns
 * -1. */
int explain_operation(module_state *st, Py_ssize_t place, PyObject *operation);

#endif
