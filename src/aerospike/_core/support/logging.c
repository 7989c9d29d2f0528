/* This file hands the library's log lines to a Python function. The library logs from
 * any thread, its own among them, and knows one sink for the process, so that there is
 * one handler for the process, too: that of the main interpreter. Lines of clients in
 * sub-interpreters go there, as such an interpreter may end at any time. */
#include "support/logging.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "asc/log.h"
#include "support/args.h"
#include "support/collector.h"
#include "support/compat.h"
#include "support/errors.h"
#include "support/main_thread.h"
#include "support/numbers.h"

/* The module whose state has the handler, borrowed; NULL when no line may be handed to
 * Python. Threads look at it without the GIL, and use it only with the GIL and the
 * lock: the module does not go before it had the lock, too. */
static _Atomic(PyObject *) log_module;
static field_lock log_lock;

/* The state of that module, and its handler, a new reference; NULL when there is none.
 */
static PyObject *
own_handler(module_state **st)
{
    PyObject *handler = NULL;
    field_lock_take(&log_lock);
    PyObject *module = atomic_load(&log_module);
    if (module != NULL) {
        *st = PyModule_GetState(module);
        handler = state_ref(*st, &(*st)->log_handler);
    }
    field_lock_drop(&log_lock);
    return handler;
}

/* Call the handler. A line may name what a peer has sent, so it need not be UTF-8. The
 * handler's failure must not reach whatever was being logged about. What the handler of
 * a signal raises meanwhile, such as Ctrl-C, is for the program, once this one is
 * left. */
static void
call_handler(module_state *st, PyObject *handler, asc_log_level level, const char *func,
             const char *file, int line, const char *message)
{
    PyObject *text = /* NULL makes the call fail, too */
        PyUnicode_DecodeUTF8(message, (Py_ssize_t)strlen(message), "backslashreplace");
    PyObject *result =
        PyObject_CallFunction(handler, "issiN", (int)level, func, file, line, text);
    if (result == NULL) {
        put_aside(st, handler);
    }
    Py_XDECREF(result);
}

/* --- lines that wait --- */

typedef struct held_line {
    struct held_line *next;
    asc_log_level level;
    const char *func, *file; /* constants of the library */
    int line;
    char message[];
} held_line;

/* Those of this thread, in their order. */
static _Thread_local struct {
    bool holds;
    held_line *first, **last;
} held;

void
logging_hold(void)
{
    held.holds = true;
    held.first = NULL;
    held.last = &held.first;
}

/* Keep a line. One for which there is no memory is lost. */
static void
hold(asc_log_level level, const char *func, const char *file, int line,
     const char *message)
{
    size_t size = strlen(message) + 1;
    held_line *h = malloc(sizeof *h + size);
    if (h != NULL) {
        *h = (held_line){NULL, level, func, file, line};
        memcpy(h->message, message, size);
        *held.last = h;
        held.last = &h->next;
    }
}

/* The library calls this with each line, in a thread that does not hold the GIL, or
 * keeps its lines. The exception of the call that logs is put aside meanwhile. */
static void
sink(asc_log_level level, const char *func, const char *file, int line,
     const char *message)
{
    if (held.holds) {
        hold(level, func, file, line, message);
        return;
    }
    if (atomic_load(&log_module) == NULL || is_finalizing()) {
        return;
    }
    main_thread thread = main_thread_enter();
    module_state *st;
    PyObject *handler = own_handler(&st); /* the module may have gone meanwhile */
    if (handler != NULL) {
        PyObject *exc = PyErr_GetRaisedException();
        gc_resume(st);
        call_handler(st, handler, level, func, file, line, message);
        Py_DECREF(handler);
        PyErr_SetRaisedException(exc);
    }
    main_thread_leave(thread);
}

void
logging_release(void)
{
    held_line *h = held.first;
    held.holds = false;
    if (h == NULL) {
        return;
    }
    held.first = NULL;
    Py_BEGIN_ALLOW_THREADS
    while (h != NULL) {
        held_line *next = h->next;
        sink(h->level, h->func, h->file, h->line, h->message);
        free(h);
        h = next;
    }
    Py_END_ALLOW_THREADS
}

/* Make a function of aerospike._report the handler. 0, or -1 with an exception. */
static int
set_own_handler(module_state *st, const char *name)
{
    PyObject *handler = NULL;
    if (lazy_import(&handler, "aerospike._report", name) == NULL) {
        return -1;
    }
    state_replace(st, &st->log_handler, handler);
    return 0;
}

/* Parse the only argument of a function, which has two names: one place for each in
 * argv. 0, or -1 with TypeError. */
static int
parse_one(const char *func, const char *const *names, PyObject *const *args,
          Py_ssize_t nargs, PyObject *kwnames, PyObject **argv)
{
    Py_ssize_t n = nargs + (kwnames != NULL ? PyTuple_GET_SIZE(kwnames) : 0);
    if (n > 1) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most 1 argument (%zd given)", func,
                     n);
        return -1;
    }
    return parse_args(func, names, 0, args, nargs, kwnames, argv);
}

static const char doc_set_log_handler[] =
    "set_log_handler($module, log_handler=..., callback=...)\n--\n\n"
    "Set where log lines go. By default they go to the logger \"aerospike\" of\n"
    "Python's logging.\n\n"
    ":param log_handler: function of (level, func, path, line, msg): int, str,\n"
    "    str, int, str. Any thread may call it. None drops the lines. Without an\n"
    "    argument, they are printed to the standard error stream.\n"
    ":param callback: another name for log_handler; give only one of them.\n"
    ":return: int, 0.\n"
    ":raises ParamError: it is not callable, or this is a sub-interpreter.";

static PyObject *
core_set_log_handler(FUNCTION_PARAMS)
{
    static const char *const names[] = {"log_handler", "callback", NULL};
    module_state *st = PyModule_GetState(module);
    PyObject *argv[2];
    if (parse_one("set_log_handler", names, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    PyObject *handler = argv[0] != NULL ? argv[0] : argv[1];
    if (!in_main_interpreter()) {
        raise_param(st, "set_log_handler() works in the main interpreter only" DETAIL
                        "its handler gets the lines of sub-interpreters, too");
        return NULL;
    }
    if (handler == NULL) {
        return set_own_handler(st, "print_line") < 0 ? NULL : PyLong_FromLong(0);
    }
    if (handler != Py_None && !PyCallable_Check(handler)) {
        raise_param(st,
                    "Parameter must be a callable" DETAIL
                    "a function or None is expected, got %s",
                    Py_TYPE(handler)->tp_name);
        return NULL;
    }
    state_replace(st, &st->log_handler, handler == Py_None ? NULL : Py_NewRef(handler));
    return PyLong_FromLong(0);
}

static const char doc_set_log_level[] =
    "set_log_level($module, loglevel=..., log_level=...)\n--\n\n"
    "Set the threshold of log lines: LOG_LEVEL_OFF to LOG_LEVEL_TRACE. The default\n"
    "is LOG_LEVEL_ERROR.\n\n"
    ":param loglevel: the threshold, an int.\n"
    ":param log_level: another name for loglevel; give only one of them.\n"
    ":return: int, 0.\n"
    ":raises ParamError: the level is not an int of 64 bits.";

static PyObject *
core_set_log_level(FUNCTION_PARAMS)
{
    static const char *const names[] = {"loglevel", "log_level", NULL};
    module_state *st = PyModule_GetState(module);
    PyObject *argv[2];
    if (parse_one("set_log_level", names, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    PyObject *level = argv[0] != NULL ? argv[0] : argv[1];
    if (level == NULL) {
        PyErr_SetString(PyExc_TypeError,
                        "set_log_level() missing required argument 'loglevel' (pos 1)");
        return NULL;
    }
    if (!PyLong_Check(level)) {
        raise_param(st,
                    "Invalid log level" DETAIL "an int is expected, LOG_LEVEL_OFF to "
                    "LOG_LEVEL_TRACE");
        return NULL;
    }
    int64_t v;
    if (!int64_from_py(level, &v)) {
        raise_param(st,
                    "integer value exceeds sys.maxsize: a level is LOG_LEVEL_OFF to "
                    "LOG_LEVEL_TRACE");
        return NULL;
    }
    v = v > ASC_LOG_TRACE ? ASC_LOG_TRACE : v;
    v = v < ASC_LOG_OFF ? ASC_LOG_OFF : v;
    asc_log_set_level((asc_log_level)v);
    return PyLong_FromLong(0);
}

static const char doc_write_log[] =
    "write_log($module, level, text, is_lua=False)\n--\n\n"
    "Write a log line, unless its level is above the threshold: one of the client's\n"
    "own Python code, or of a function in Lua.";

static PyObject *
core_write_log(FUNCTION_PARAMS)
{
    static const char *const names[] = {"level", "text", "is_lua", NULL};
    PyObject *argv[3];
    int64_t level;
    (void)module;
    if (parse_args("write_log", names, 2, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    if (!PyBytes_Check(argv[1]) || !PyLong_Check(argv[0]) ||
        !int64_from_py(argv[0], &level)) {
        PyErr_SetString(PyExc_TypeError, "write_log() takes an int and bytes");
        return NULL;
    }
    if (level <= asc_log_active_level()) {
        const char *text = PyBytes_AS_STRING(argv[1]); /* borrowed: argv lasts */
        const char *origin = argv[2] == Py_True ? "lua" : "python";
        Py_BEGIN_ALLOW_THREADS
        asc_log_at((asc_log_level)level, origin, origin, 0, "%s", text);
        Py_END_ALLOW_THREADS
    }
    Py_RETURN_NONE;
}

const PyMethodDef logging_functions[] = {
    FUNCTION_ROW("write_log", core_write_log, doc_write_log),
    FUNCTION_ROW("set_log_handler", core_set_log_handler, doc_set_log_handler),
    FUNCTION_ROW("set_log_level", core_set_log_level, doc_set_log_level),
    {NULL, NULL, 0, NULL},
};

int
logging_init(PyObject *module)
{
    if (set_own_handler(PyModule_GetState(module), "log_line") < 0) {
        return -1;
    }
    if (!in_main_interpreter()) {
        return 0;
    }
    atomic_store(&log_module, module);
    asc_log_set_sink(sink);
    return 0;
}

void
logging_clear(module_state *st)
{
    field_lock_take(&log_lock);
    PyObject *module = atomic_load(&log_module);
    if (module != NULL && PyModule_GetState(module) == st) {
        asc_log_set_sink(NULL);
        atomic_store(&log_module, NULL);
    }
    field_lock_drop(&log_lock);
    Py_CLEAR(st->log_handler);
}
