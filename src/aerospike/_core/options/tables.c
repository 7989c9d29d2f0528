/* This file does what concerns all tables of options: it interns their names when the
 * module starts, so that a key of a dictionary is found by its address, and shows the
 * rows to tests and to the documentation. */
#include "options/tables.h"

#include "options/config.h"
#include "options/policies.h"

static const option_table *const tables[N_TABLES] = {
    [POLICY_TABLE] = &policy_table, [META_TABLE] = &meta_table,
    [CONFIG_TABLE] = &config_table, [POLICIES_TABLE] = &policies_table,
    [TLS_TABLE] = &tls_table,       [LUA_TABLE] = &lua_table,
    [SHM_TABLE] = &shm_table,
};

static int
intern_names(module_state *st, const option_table *table)
{
    PyObject **names = PyMem_Calloc(table->n + 1, sizeof *names);
    if (names == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    st->option_names[table->id] = names;
    for (size_t i = 0; i < table->n; i++) {
        names[i] = PyUnicode_InternFromString(table->rows[i].name);
        if (names[i] == NULL) {
            return -1;
        }
    }
    return 0;
}

void
option_tables_clear(module_state *st)
{
    for (int id = 0; id < N_TABLES; id++) {
        PyObject **names = st->option_names[id];
        for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
            Py_DECREF(names[i]);
        }
        PyMem_Free(names);
        st->option_names[id] = NULL;
    }
}

int
option_tables_intern(module_state *st)
{
    int rc = 0;
    for (int id = 0; rc == 0 && id < N_TABLES; id++) {
        rc = intern_names(st, tables[id]);
    }
    return rc;
}

/* List the names of kinds of policies, which are given as bits. */
static PyObject *
kinds_to_py(uint32_t kinds)
{
    PyObject *list = PyList_New(0);
    for (int kind = 0; list != NULL && kind < N_POLICIES; kind++) {
        if (!(kinds & 1u << kind)) {
            continue;
        }
        PyObject *name = PyUnicode_FromString(policy_kind_name(kind));
        if (name == NULL || PyList_Append(list, name) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(name);
    }
    return list;
}

static PyObject *
row_to_py(const option *row)
{
    static const char *const types[] = {
        [OPTION_BOOL] = "bool",     [OPTION_NOT_BOOL] = "bool",   [OPTION_U32] = "int",
        [OPTION_ENUM] = "enum",     [OPTION_SIGNED] = "int",      [OPTION_TTL] = "ttl",
        [OPTION_CUSTOM] = "custom", [OPTION_IGNORED] = "ignored",
    };
    PyObject *kinds = kinds_to_py(row->kinds);
    PyObject *shown = kinds_to_py(row->kinds & ~row->hidden), *dict = NULL;
    if (kinds != NULL && shown != NULL) {
        dict = Py_BuildValue("{sssssOsOsLsLszsOsO}", "name", row->name, "type",
                             types[row->type], "kinds", kinds, "shown", shown, "min",
                             (long long)row->min, "max", (long long)option_largest(row),
                             "new_name", row->new_name, "shared",
                             row->is_shared ? Py_True : Py_False, "inherited",
                             row->is_inherited ? Py_True : Py_False);
    }
    Py_XDECREF(kinds);
    Py_XDECREF(shown);
    return dict;
}

static PyObject *
table_to_py(const option_table *table)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < table->n; i++) {
        PyObject *dict = row_to_py(&table->rows[i]);
        if (dict == NULL || PyList_Append(list, dict) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(dict);
    }
    return list;
}

static const char doc_option_tables[] =
    "option_tables($module)\n--\n\n"
    "The tables of option keys: {\"policy\": rows, \"meta\": rows, \"config\":\n"
    "rows, ...}, where \"policies\" are the keys of the client that stand beside the\n"
    "sections of policies. A row is a dict of name, type, kinds (names of\n"
    "policies), min, max, new_name, and of policies: shown (kinds that\n"
    "get_policies() shows it for), shared (it may stand beside the sections) and\n"
    "inherited (by the records of a batch). For documentation and tests.";

static PyObject *
core_option_tables(PyObject *module, PyObject *ignored)
{
    static const char *const names[N_TABLES] = {
        [POLICY_TABLE] = "policy",     [META_TABLE] = "meta", [CONFIG_TABLE] = "config",
        [POLICIES_TABLE] = "policies", [TLS_TABLE] = "tls",   [LUA_TABLE] = "lua",
        [SHM_TABLE] = "shm",
    };
    (void)module;
    (void)ignored;
    PyObject *all = PyDict_New();
    for (int id = 0; all != NULL && id < N_TABLES; id++) {
        PyObject *rows = table_to_py(tables[id]);
        if (rows == NULL || PyDict_SetItemString(all, names[id], rows) < 0) {
            Py_CLEAR(all);
        }
        Py_XDECREF(rows);
    }
    return all;
}

const PyMethodDef option_tables_functions[] = {
    {"option_tables", core_option_tables, METH_NOARGS, doc_option_tables},
    {NULL, NULL, 0, NULL},
};
