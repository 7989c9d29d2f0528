/* This file reads config["tls"]. OpenSSL is in a module of its own, which is imported
 * when a client enables TLS, so that others never load it. */
#include "options/tls.h"

#include <string.h>

#include "asc/secret.h"
#include "support/compat.h"
#include "support/texts.h"

#define NOT_BUILT                                                                      \
    "tls.enable: this build of aerospike has no TLS, because the headers of OpenSSL "  \
    "3 "                                                                               \
    "were missing (Debian's package libssl-dev); install them and build it again"

/* --- texts --- */

static void
wipe(const char **at)
{
    if (*at != NULL) {
        asc_wipe((char *)*at, strlen(*at));
        PyMem_Free((char *)*at);
        *at = NULL;
    }
}

/* Take a text in place of the one that was there. */
static int
store_text(const option *row, void *target, char *text)
{
    const char **at = (const char **)((char *)target + row->offset);
    if (text == NULL) {
        return -1;
    }
    wipe(at);
    *at = text;
    return 0;
}

/* Take a str; None is as good as nothing. */
static int
parse_text(module_state *st, const option *row, PyObject *value, void *target)
{
    return value == Py_None
               ? 0
               : store_text(row, target, option_text(st, row->name, value));
}

/* Take the path of a file: a str, or an object with __fspath__. */
static int
parse_path(module_state *st, const option *row, PyObject *value, void *target)
{
    if (value == Py_None) {
        return 0;
    }
    PyObject *path = PyOS_FSPath(value);
    if (path == NULL) {
        return raise_param(st,
                           "%s is invalid" DETAIL "a str or path is expected, got %s",
                           row->name, Py_TYPE(value)->tp_name);
    }
    int rc = store_text(row, target, option_text(st, row->name, path));
    Py_DECREF(path);
    return rc;
}

/* Take PEM: a str, or bytes as those who make certificates have them. */
static int
parse_pem(module_state *st, const option *row, PyObject *value, void *target)
{
    if (!PyBytes_Check(value)) {
        return parse_text(st, row, value, target);
    }
    const char *bytes = PyBytes_AS_STRING(value); /* borrowed: the caller holds value */
    size_t size = (size_t)PyBytes_GET_SIZE(value);
    if (strlen(bytes) != size) {
        return raise_param(st, "%s is invalid" DETAIL "it contains a NUL", row->name);
    }
    return store_text(row, target, text_copy(bytes, size));
}

/* --- the table --- */

#define AT(field) .offset = offsetof(tls_options, field)
#define FLAG(name, field) {name, OPTION_BOOL, 1, AT(field)}
#define TEXT(field) {#field, OPTION_CUSTOM, 1, AT(config.field), .parse = parse_text}
#define PATH(field) {#field, OPTION_CUSTOM, 1, AT(config.field), .parse = parse_path}
#define PEM(field) {#field, OPTION_CUSTOM, 1, AT(config.field), .parse = parse_pem}

static const option tls_rows[] = {
    {"enable", OPTION_BOOL, 1, AT(enable),
     .given = offsetof(tls_options, enable_given)},
    PATH(cafile),
    PATH(capath),
    PEM(castring),
    TEXT(protocols),
    TEXT(cipher_suite),
    PATH(keyfile),
    PEM(keystring),
    TEXT(keyfile_pw),
    PATH(cert_blacklist),
    PATH(certfile),
    PEM(certstring),
    FLAG("crl_check", config.crl_check),
    FLAG("crl_check_all", config.crl_check_all),
    FLAG("log_session_info", config.log_session_info),
    FLAG("for_login_only", for_login_only),
    FLAG("encrypt_only", config.encrypt_only),
};

#define N_ROWS (sizeof tls_rows / sizeof tls_rows[0])

const option_table tls_table = {tls_rows, N_ROWS, TLS_TABLE, "tls"};

void
tls_clear(tls_options *t)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        if (tls_rows[i].type == OPTION_CUSTOM) {
            wipe((const char **)((char *)t + tls_rows[i].offset));
        }
    }
}

/* --- the transport --- */

static const asc_tls_host host = {asc_log_active_level, asc_log_at};

/* Explain why aerospike._tls could not be imported, by the exception that is set. In a
 * checkout where it was not built, the folder of its source is found in its place, and
 * has no attributes. */
static void
explain_import(module_state *st)
{
    PyObject *exc = PyErr_GetRaisedException();
    if (PyErr_GivenExceptionMatches(exc, PyExc_ModuleNotFoundError) ||
        PyErr_GivenExceptionMatches(exc, PyExc_AttributeError)) {
        raise_code(st, ASC_ERR_TLS, NOT_BUILT);
    }
    else {
        raise_code(st, ASC_ERR_TLS, "tls.enable: OpenSSL cannot be loaded: %S", exc);
    }
    raise_from(exc, -1);
}

/* The table of aerospike._tls. NULL with an exception. */
static const asc_tls_library *
load(module_state *st)
{
    PyObject *capsule = import_attribute("aerospike._tls", "library");
    if (capsule == NULL) {
        if (PyErr_ExceptionMatches(PyExc_ImportError) ||
            PyErr_ExceptionMatches(PyExc_AttributeError)) {
            explain_import(st);
        }
        return NULL;
    }
    const asc_tls_library *library = PyCapsule_GetPointer(capsule, ASC_TLS_CAPSULE);
    Py_DECREF(capsule);
    if (library != NULL && library->version != ASC_TLS_LIBRARY_VERSION) {
        raise_code(st, ASC_ERR_TLS,
                   "tls.enable: aerospike._tls is of another version than "
                   "aerospike._core: build both again");
        return NULL;
    }
    if (library != NULL) {
        library->attach(&host);
    }
    return library;
}

/* Say, once, that nobody knows who is at the other end. 0, or -1 with an exception. */
static int
warn_of_encrypt_only(module_state *st)
{
    PyObject *said = PyObject_CallFunction(
        st->warn_once, "sss", "tls", "encrypt_only",
        "tls.encrypt_only is set: the connections are encrypted, and no certificate is "
        "checked, so that anybody in between can read along; tls.cafile and a tls-name "
        "in \"hosts\" take its place");
    Py_XDECREF(said);
    return said != NULL ? 0 : -1;
}

int
warn_of_tls_without_enable(module_state *st, const tls_options *t)
{
    if (!t->has_keys || t->enable_given) {
        return 0;
    }
    PyObject *said = PyObject_CallFunction(
        st->warn_once, "sss", "tls", "enable",
        "config[\"tls\"] has no \"enable\": the connections are plain; set "
        "\"enable\" to True, or to False if that is meant");
    Py_XDECREF(said);
    return said != NULL ? 0 : -1;
}

int
tls_transport(module_state *st, tls_options *t, const asc_transport **out)
{
    asc_error err;
    asc_status rc;
    const asc_tls_library *library = load(st);
    if (library == NULL || (t->config.encrypt_only && warn_of_encrypt_only(st) < 0)) {
        return -1;
    }
    t->has_certificate = t->config.certfile != NULL || t->config.certstring != NULL;
    asc_error_reset(&err);
    Py_BEGIN_ALLOW_THREADS
    rc = library->create(out, &t->config, &err);
    Py_END_ALLOW_THREADS
    tls_clear(t);
    if (rc != ASC_OK) {
        raise_error(st, &err, NULL, NULL);
        return -1;
    }
    t->library = library;
    return 0;
}
