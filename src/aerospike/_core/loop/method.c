/* loop/method.c -- from the arguments of a method of an AsyncClient to its call. */
#include "loop/method.h"

#include "support/compat.h"

/* Give the arguments of a method as a tuple, behind the object, and a dict; new
 * references. 0, or -1 with an exception. */
static int
pack_arguments(PyObject **packed, PyObject **keywords, PyObject *self,
               PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    *packed = PyTuple_New(nargs + 1);
    *keywords = PyDict_New();
    if (*packed == NULL || *keywords == NULL) {
        return -1;
    }
    PyTuple_SET_ITEM(*packed, 0, Py_NewRef(self));
    for (Py_ssize_t i = 0; i < nargs; i++) {
        PyTuple_SET_ITEM(*packed, i + 1, Py_NewRef(args[i]));
    }
    for (Py_ssize_t i = 0; kwnames != NULL && i < PyTuple_GET_SIZE(kwnames); i++) {
        /* borrowed: the caller holds the names */
        PyObject *name = PyTuple_GET_ITEM(kwnames, i);
        if (PyDict_SetItem(*keywords, name, args[nargs + i]) < 0) {
            return -1;
        }
    }
    return 0;
}

/* What makes a call of a method later: with a loop, after_connecting(); without, a
 * coroutine. It calls the function of the class, since a subclass may have one of its
 * own around it. limit_ms may be NULL. */
static PyObject *
later(LoopObject *l, PyObject *limit_ms, const char *name, METHOD_PARAMS)
{
    PyObject *packed = NULL, *keywords = NULL, *made = NULL;
    PyObject *method = PyObject_GetAttrString((PyObject *)cls, name);
    if (method != NULL &&
        pack_arguments(&packed, &keywords, self, args, nargs, kwnames) == 0) {
        made = l != NULL
                   ? after_connecting(l, self, name, limit_ms, method, packed, keywords)
                   : PyObject_CallMethod(self, "_in_a_loop", "sOOO", name, method,
                                         packed, keywords);
    }
    Py_XDECREF(method);
    Py_XDECREF(packed);
    Py_XDECREF(keywords);
    Py_XDECREF(limit_ms);
    return made;
}

PyObject *
after_connecting(LoopObject *l, PyObject *client, const char *name, PyObject *limit_ms,
                 PyObject *function, PyObject *args, PyObject *kwargs)
{
    PyObject *signal = (PyObject *)pending_signal(l);
    if (signal == NULL) {
        return NULL;
    }
    pending_set_name((PendingObject *)signal, name);
    PyObject *done = PyObject_CallMethod(client, "_after_connecting", "OOOOO", signal,
                                         limit_ms, function, args, kwargs);
    if (done == NULL) {
        Py_CLEAR(signal);
    }
    Py_XDECREF(done);
    return signal;
}

PyObject *
take_not_connected(module_state *st)
{
    if (!PyErr_ExceptionMatches(st->NotConnected)) {
        return NULL;
    }
    PyObject *exc = PyErr_GetRaisedException();
    PyObject *args = PyObject_GetAttr(exc, st->s_args);
    PyObject *limit = args != NULL ? PySequence_GetItem(args, 0) : NULL;
    Py_XDECREF(args);
    Py_DECREF(exc);
    return limit;
}

/* The call of a method in a loop, with arguments that were parsed into argv. */
static PyObject *
make_call(const async_method *m, LoopObject *l, PyObject **argv, METHOD_PARAMS)
{
    module_state *st = PyType_GetModuleState(cls);
    ClientObject *client = (ClientObject *)self;
    PendingObject *p = pending_new(l, m->kind);
    if (p == NULL) {
        return NULL;
    }
    pending_set_name(p, m->name);
    bool runs_python = client->config.values.deserializer != NULL ||
                       load_object(&st->deserializer) != NULL;
    if (runs_python && pending_keep_context(p) < 0) {
        Py_DECREF(p);
        return NULL;
    }
    if (m->fill(p, pending_work(p), m->row, self, cls, argv) < 0) {
        PyObject *limit = take_not_connected(st);
        if (limit != NULL) {
            Py_DECREF(p);
            return later(l, limit, m->name, self, cls, args, nargs, kwnames);
        }
    }
    else if (l->loop == NULL) { /* the arguments have run Python code */
        raise_code(st, ASC_ERR_CLUSTER, "the client was closed during the call");
    }
    return pending_begin(p);
}

PyObject *
async_method_call(const async_method *m, METHOD_PARAMS)
{
    PyObject *argv[ASYNC_MAX_ARGS];
    module_state *st = PyType_GetModuleState(cls);
    if (parse_args(m->name, m->args, m->n_required, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    LoopObject *l = loop_of_client(st, (ClientObject *)self);
    if (l == NULL) {
        return PyErr_Occurred() != NULL
                   ? NULL
                   : later(NULL, NULL, m->name, self, cls, args, nargs, kwnames);
    }
    PyObject *made = make_call(m, l, argv, self, cls, args, nargs, kwnames);
    Py_DECREF(l);
    return made;
}
