/* This file reads config["hosts"]: addresses in each of the shapes that applications
 * write them in. */
#include "options/hosts.h"

#include <stdlib.h>
#include <string.h>

#include "support/numbers.h"
#include "support/texts.h"

#define DEFAULT_PORT 3000

static int
invalid_host(module_state *st, PyObject *item)
{
    return raise_param(
        st, "Invalid host" DETAIL "%R; expected (address, port) or \"address:port\"",
        item);
}

static int
port_from_py(module_state *st, PyObject *value, uint16_t *out)
{
    if (!PyLong_Check(value)) {
        return raise_param(
            st, "Invalid host -> The host port must be an integer" DETAIL "got %s",
            Py_TYPE(value)->tp_name);
    }
    int64_t port;
    if (!int64_from_py(value, &port) || port < 0 || port > 65535) {
        return raise_param(st, "Invalid host" DETAIL "port %R is not in 0 to 65535",
                           value);
    }
    *out = (uint16_t)port;
    return 0;
}

/* Read a host from "address:port", "[v6]:port", or an address alone. */
static int
host_from_text(module_state *st, PyObject *item, asc_host *out)
{
    char *text = option_text(st, "hosts", item);
    if (text == NULL) {
        return -1;
    }
    char *name = text, *colon = strrchr(text, ':');
    if (text[0] == '[') {
        char *close = strchr(text, ']');
        name = text + 1;
        colon = close != NULL && close[1] == ':' ? close + 1 : NULL;
        if (close == NULL || (close[1] != '\0' && close[1] != ':')) {
            PyMem_Free(text);
            return invalid_host(st, item);
        }
        *close = '\0';
    }
    else if (colon != NULL && strchr(text, ':') != colon) {
        colon = NULL; /* an IPv6 address without brackets */
    }
    long port = DEFAULT_PORT;
    if (colon != NULL) {
        char *rest;
        *colon = '\0';
        port = strtol(colon + 1, &rest, 10);
        if (rest == colon + 1 || *rest != '\0' || port < 0 || port > 65535) {
            PyMem_Free(text);
            return invalid_host(st, item);
        }
    }
    if (*name == '\0') {
        PyMem_Free(text);
        return invalid_host(st, item);
    }
    *out = (asc_host){.name = text_copy(name, strlen(name)), .port = (uint16_t)port};
    PyMem_Free(text);
    return out->name != NULL ? 0 : -1;
}

/* Read a host from (address, port) or (address, port, TLS name). */
static int
host_from_sequence(module_state *st, PyObject *item, asc_host *out)
{
    PyObject *parts = PySequence_Tuple(item);
    PyObject *name, *port, *tls_name = Py_None; /* borrowed from parts */
    if (parts == NULL) {
        return -1;
    }
    int rc = -1;
    if (!PyArg_ParseTuple(parts, "UO|O", &name, &port, &tls_name) ||
        PyUnicode_GET_LENGTH(name) == 0 ||
        (!PyUnicode_Check(tls_name) && tls_name != Py_None)) {
        PyErr_Clear();
        rc = invalid_host(st, item);
    }
    else if (port_from_py(st, port, &out->port) == 0) {
        out->name = option_text(st, "hosts", name);
        rc = out->name != NULL ? 0 : -1;
        if (rc == 0 && tls_name != Py_None) {
            out->tls_name = option_text(st, "hosts", tls_name);
            rc = out->tls_name != NULL ? 0 : -1;
        }
    }
    Py_DECREF(parts);
    return rc;
}

void
hosts_clear(asc_config *cluster)
{
    for (size_t i = 0; i < cluster->n_hosts; i++) {
        PyMem_Free((char *)cluster->hosts[i].name);
        PyMem_Free((char *)cluster->hosts[i].tls_name);
    }
    PyMem_Free((asc_host *)cluster->hosts);
    cluster->hosts = NULL;
    cluster->n_hosts = 0;
}

/* Is it (address, port), where a list of those belongs? */
static bool
is_one_host(PyObject *value)
{
    /* borrowed: for a look at their types */
    return PyTuple_Check(value) && PyTuple_GET_SIZE(value) == 2 &&
           PyUnicode_Check(PyTuple_GET_ITEM(value, 0)) &&
           PyLong_Check(PyTuple_GET_ITEM(value, 1));
}

int
hosts_from_py(module_state *st, asc_config *cluster, PyObject *value)
{
    if (!PyList_Check(value) && !PyTuple_Check(value)) {
        return raise_param(st, "Hosts must be a list" DETAIL "got %s",
                           Py_TYPE(value)->tp_name);
    }
    if (is_one_host(value)) {
        return raise_param(st, "Hosts must be a list" DETAIL "got one host: write [%R]",
                           value);
    }
    PyObject *items = PySequence_Tuple(value);
    if (items == NULL) {
        return -1;
    }
    Py_ssize_t n = PyTuple_GET_SIZE(items);
    asc_host *hosts = PyMem_Calloc((size_t)n + 1, sizeof *hosts);
    int rc = hosts != NULL ? 0 : -1;
    if (rc < 0) {
        PyErr_NoMemory();
    }
    hosts_clear(cluster); /* of a second key that is equal to "hosts" */
    cluster->hosts = hosts;
    for (Py_ssize_t i = 0; rc == 0 && i < n; i++) {
        PyObject *item = PyTuple_GET_ITEM(items, i); /* borrowed: items has it */
        if (PyUnicode_Check(item)) {
            rc = host_from_text(st, item, &hosts[i]);
        }
        else if (PyTuple_Check(item) || PyList_Check(item)) {
            rc = host_from_sequence(st, item, &hosts[i]);
        }
        else {
            rc = invalid_host(st, item);
        }
        if (rc < 0) {
            error_in_place(st, i);
            error_in_argument(st, "hosts");
        }
        cluster->n_hosts += rc == 0;
    }
    Py_DECREF(items);
    if (rc == 0 && n == 0) {
        rc = PyList_Check(value) ? raise_param(st, "Hosts must not be empty")
                                 : raise_param(st, "Hosts must be a list" DETAIL
                                                   "it must not be empty");
    }
    return rc;
}

/* The name is text that was read from a str, so that it can be one again. */
int
warn_of_tls_names(module_state *st, const asc_config *cluster)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < cluster->n_hosts; i++) {
        const char *name = cluster->hosts[i].tls_name;
        if (name == NULL || name[0] == '\0') {
            continue;
        }
        PyObject *text = PyUnicode_FromFormat(
            "a host in \"hosts\" has the TLS name '%s', but config[\"tls\"] does not "
            "enable TLS: the connection is plain",
            name);
        PyObject *said = text != NULL ? PyObject_CallFunction(st->warn_once, "ssO",
                                                              "hosts", name, text)
                                      : NULL;
        Py_XDECREF(text);
        Py_XDECREF(said);
        rc = said != NULL ? 0 : -1;
    }
    return rc;
}
