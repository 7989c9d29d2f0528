/* This file reads the section "lua" of the configuration. Functions in Lua run in
 * Python (aerospike._aggregate), which asks for the section when it needs it. */
#include "options/lua.h"

#include <string.h>
#include <sys/stat.h>

#include "support/numbers.h"

#define MAX_PATH_SIZE 255

/* A Lua state with nothing but our own functions needs about half of this. */
#define LEAST_MEMORY (1 << 20)

#define DEFAULT_USER_PATH "./"
#define DEFAULT_SYSTEM_PATH "/usr/local/aerospike/lua"

/* Store a path, a str of moderate size. 0, or -1 with an exception. */
static int
store_path(module_state *st, const option *row, PyObject *value, void *target)
{
    PyObject **at = (PyObject **)((char *)target + row->offset);
    char *path = option_text(st, row->name, value);
    if (path == NULL) {
        return -1;
    }
    size_t size = strlen(path);
    PyObject *text = size <= MAX_PATH_SIZE ? PyUnicode_FromString(path) : NULL;
    PyMem_Free(path);
    if (size > MAX_PATH_SIZE) {
        return raise_param(st, "Lua user path too long" DETAIL "%s has %zu bytes",
                           row->name, size);
    }
    if (text != NULL) {
        Py_XSETREF(*at, text);
    }
    return text != NULL ? 0 : -1;
}

/* Take the folder of the application's modules. One that is not there is replaced by
 * the current folder, as older clients do, with a warning. */
static int
parse_user_path(module_state *st, const option *row, PyObject *value, void *target)
{
    struct stat found;
    lua_options *o = target;
    if (store_path(st, row, value, target) < 0) {
        return -1;
    }
    const char *path = PyUnicode_AsUTF8(o->user_path);
    if (path == NULL || (stat(path, &found) == 0 && S_ISDIR(found.st_mode))) {
        return path != NULL ? 0 : -1;
    }
    PyObject *text = PyUnicode_FromFormat(
        "lua.user_path %R is no folder; modules are looked for in the current folder",
        o->user_path);
    PyObject *said =
        text != NULL ? PyObject_CallFunction(st->warn_once, "ssO", "lua", path, text)
                     : NULL;
    Py_XDECREF(text);
    Py_XDECREF(said);
    Py_CLEAR(o->user_path);
    return said != NULL ? 0 : -1;
}

static int
parse_max_memory(module_state *st, const option *row, PyObject *value, void *target)
{
    int64_t v;
    if (option_int64(st, row->name, value, &v) < 0) {
        return -1;
    }
    if (v != 0 && v < LEAST_MEMORY) {
        return raise_param(st,
                           "%s is invalid" DETAIL "%lld is neither 0 (no limit) nor at "
                           "least %d bytes",
                           row->name, (long long)v, LEAST_MEMORY);
    }
    ((lua_options *)target)->max_memory = v;
    return 0;
}

#define AT(field) .offset = offsetof(lua_options, field)

static const option lua_rows[] = {
    {"user_path", OPTION_CUSTOM, 1, AT(user_path), .parse = parse_user_path},
    {"system_path", OPTION_CUSTOM, 1, AT(system_path), .parse = store_path},
    {"max_memory", OPTION_CUSTOM, 1, .parse = parse_max_memory},
};

const option_table lua_table = {lua_rows, sizeof lua_rows / sizeof lua_rows[0],
                                LUA_TABLE, "lua"};

/* A path that is set, or its default: a new reference, or NULL with an exception. */
static PyObject *
path_or(PyObject *path, const char *otherwise)
{
    return path != NULL ? Py_NewRef(path) : PyUnicode_FromString(otherwise);
}

PyObject *
lua_options_to_py(const lua_options *o)
{
    return Py_BuildValue("NNL", path_or(o->user_path, DEFAULT_USER_PATH),
                         path_or(o->system_path, DEFAULT_SYSTEM_PATH),
                         (long long)o->max_memory);
}

void
lua_options_clear(lua_options *o)
{
    Py_CLEAR(o->user_path);
    Py_CLEAR(o->system_path);
}
