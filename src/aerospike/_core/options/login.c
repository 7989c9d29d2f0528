/* Passwords. A node never sees the password of a user that it knows itself: it keeps a
 * hash with a salt that is the same everywhere, and clients send that hash. Whatever
 * holds a password or a hash here is wiped; no error quotes one, and none has an error
 * of Python's as its cause, which would. */
#include "options/login.h"

#include <string.h>

#include "asc/alloc.h"
#include "asc/secret.h"
#include "support/compat.h"
#include "support/texts.h"

/* The salt is part of the protocol. */
#define SALT "$2a$10$7EqJtq98hPqEX7fNZaFWoO"

/* The algorithm has no use for the bytes behind these. */
#define MAX_PASSWORD_SIZE 72

int
check_password(module_state *st, PyObject *password)
{
    if (PyUnicode_Check(password)) {
        return 0;
    }
    return raise_param(st, "Password should be a string" DETAIL "got %s",
                       Py_TYPE(password)->tp_name);
}

/* Wipe and drop bytes that nobody else has; NULL is fine. */
static void
drop_secret(PyObject *bytes)
{
    if (bytes != NULL && PyBytes_CheckExact(bytes) && Py_REFCNT(bytes) == 1) {
        asc_wipe(PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes));
    }
    Py_XDECREF(bytes);
}

/* The UTF-8 of a password, for drop_secret(); NULL with an exception. The str keeps no
 * copy of it. */
static PyObject *
password_utf8(module_state *st, PyObject *password)
{
    if (check_password(st, password) < 0) {
        return NULL;
    }
    PyObject *utf8 = PyUnicode_AsUTF8String(password);
    if (utf8 == NULL) {
        if (PyErr_ExceptionMatches(PyExc_ValueError)) {
            PyErr_Clear(); /* it quotes the password */
            raise_param(st, "password has characters that UTF-8 lacks");
        }
        return NULL;
    }
    if (refuse_nul(st, PyBytes_AS_STRING(utf8), (size_t)PyBytes_GET_SIZE(utf8),
                   "password") < 0) {
        drop_secret(utf8);
        return NULL;
    }
    return utf8;
}

/* The function of the package bcrypt, borrowed from the state; NULL with an
 * exception. */
static PyObject *
hash_function(module_state *st)
{
    PyObject *found = lazy_import(&st->bcrypt_hash, "bcrypt", "hashpw");
    if (found == NULL && PyErr_ExceptionMatches(PyExc_ImportError)) {
        PyObject *cause = PyErr_GetRaisedException();
        raise_from(cause, raise_code(st, ASC_ERR_CLIENT,
                                     "logins need the package bcrypt: %S; "
                                     "\"pip install bcrypt\" installs it",
                                     cause));
    }
    return found;
}

/* The package leaves a copy of the hash in memory that it has given back, which is most
 * likely what those get who want so much memory next: take it, and wipe it. */
static void
wipe_what_is_left(void)
{
    void *taken[16];
    for (size_t size = 64; size <= 128; size += 16) {
        for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
            taken[i] = asc_malloc(size);
            asc_wipe(taken[i], size);
        }
        for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
            asc_free(taken[i]);
        }
    }
}

/* Hash the UTF-8 of a password. */
static char *
hash_utf8(module_state *st, PyObject *utf8)
{
    PyObject *function = hash_function(st), *hash = NULL;
    Py_ssize_t size = PyBytes_GET_SIZE(utf8);
    if (function == NULL) {
        return NULL;
    }
    PyObject *head = PyBytes_FromStringAndSize(
        PyBytes_AS_STRING(utf8), size < MAX_PASSWORD_SIZE ? size : MAX_PASSWORD_SIZE);
    PyObject *salt = PyBytes_FromString(SALT);
    if (head != NULL && salt != NULL) {
        Py_INCREF(function);
        hash = PyObject_CallFunctionObjArgs(function, head, salt, NULL);
        Py_DECREF(function);
        wipe_what_is_left();
    }
    Py_XDECREF(salt);
    drop_secret(head);
    char *copy = NULL;
    if (hash != NULL && PyBytes_Check(hash)) {
        copy = asc_strdup(PyBytes_AS_STRING(hash));
        if (copy == NULL) {
            PyErr_NoMemory();
        }
    }
    else if (hash != NULL) {
        raise_code(st, ASC_ERR_CLIENT, "bcrypt.hashpw() gives no bytes");
    }
    drop_secret(hash);
    return copy;
}

char *
password_hash(module_state *st, PyObject *password)
{
    PyObject *utf8 = password_utf8(st, password);
    char *hash = utf8 != NULL ? hash_utf8(st, utf8) : NULL;
    drop_secret(utf8);
    return hash;
}

/* --- credentials --- */

/* Raise the error that the library has set. Returns -1. */
static int
raise_refusal(module_state *st, const asc_error *err)
{
    raise_error(st, err, NULL, NULL);
    return -1;
}

/* Has the client what its mode needs? 0, or -1 with ParamError. */
static int
check_way(module_state *st, const login_way *way)
{
    if (way->mode == AUTH_EXTERNAL && !way->has_tls) {
        return raise_param(st,
                           "auth_mode is invalid" DETAIL
                           "AUTH_EXTERNAL sends the password in clear, and so needs "
                           "TLS: set config[\"tls\"], or AUTH_EXTERNAL_INSECURE to "
                           "send it over plain connections");
    }
    if (way->mode == AUTH_PKI && !way->has_certificate) {
        return raise_param(st, "auth_mode is invalid" DETAIL
                               "AUTH_PKI needs TLS with a certificate of the client: "
                               "set enable, certfile and keyfile of config[\"tls\"]");
    }
    return 0;
}

/* Make the credentials of a user whom a certificate names. */
static int
pki_credentials(module_state *st, asc_credentials **out, PyObject *user)
{
    asc_error err;
    asc_error_reset(&err);
    if (user != NULL) {
        PyObject *said = PyObject_CallFunction(
            st->warn_once, "sss", "login", "AUTH_PKI",
            "user and password have no effect with AUTH_PKI: the client's certificate "
            "says who it is");
        Py_XDECREF(said);
        if (said == NULL) {
            return -1;
        }
    }
    return asc_credentials_new(out, NULL, NULL, NULL, &err) == ASC_OK
               ? 0
               : raise_refusal(st, &err);
}

/* The name of a user, borrowed from the str; NULL with ParamError. */
static const char *
user_name(module_state *st, PyObject *user)
{
    const char *name = NULL;
    size_t size = 0;
    if (!PyUnicode_Check(user)) {
        raise_param(st, "Username should be a string" DETAIL "got %s",
                    Py_TYPE(user)->tp_name);
        return NULL;
    }
    if (name_from_py(st, user, "user", ASC_USER_NAME_SIZE - 1, &name, &size) < 0) {
        return NULL;
    }
    if (size == 0) {
        raise_param(st, "user is empty");
        return NULL;
    }
    return name;
}

int
credentials_from_py(module_state *st, asc_credentials **out, const login_way *way,
                    PyObject *user, PyObject *password)
{
    asc_error err;
    asc_error_reset(&err);
    *out = NULL;
    if (check_way(st, way) < 0) {
        return -1;
    }
    if (way->mode == AUTH_PKI) {
        return pki_credentials(st, out, user);
    }
    if (user == NULL && password == NULL) {
        return 0;
    }
    if (user == NULL || password == NULL) {
        return raise_param(st, "%s is missing" DETAIL "user and password go together",
                           user == NULL ? "user" : "password");
    }
    const char *name = user_name(st, user);
    PyObject *utf8 = name != NULL ? password_utf8(st, password) : NULL;
    char *hash = utf8 != NULL ? hash_utf8(st, utf8) : NULL;
    asc_status rc = ASC_ERR_PARAM;
    if (hash != NULL) {
        const char *clear = way->mode != AUTH_INTERNAL ? PyBytes_AS_STRING(utf8) : NULL;
        rc = asc_credentials_new(out, name, hash, clear, &err);
        if (rc != ASC_OK) {
            raise_refusal(st, &err);
        }
    }
    asc_secret_free(hash);
    drop_secret(utf8);
    return rc == ASC_OK ? 0 : -1;
}
