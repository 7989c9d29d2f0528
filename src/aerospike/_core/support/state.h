/* support/state.h -- what the module keeps: its types, the Python classes that it makes
 * values of, interned names. None of this is in global variables: whatever makes or
 * looks at Python objects gets the state as an argument, `st`. */
#ifndef CORE_SUPPORT_STATE_H
#define CORE_SUPPORT_STATE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>

#include "asc/error.h"
#include "support/compat.h"

/* The names that are looked up or made often. They are interned once, as
 * st->s_<name>. */
#define CORE_NAMES(X)                                                                  \
    X(_args)                                                                           \
    X(_fields)                                                                         \
    X(_form)                                                                           \
    X(_tree)                                                                           \
    X(action)                                                                          \
    X(args)                                                                            \
    X(attempts)                                                                        \
    X(batch_records)                                                                   \
    X(bin)                                                                             \
    X(bit_offset)                                                                      \
    X(bit_size)                                                                        \
    X(bit_write_flags)                                                                 \
    X(byte_offset)                                                                     \
    X(byte_size)                                                                       \
    X(cdt_flags)                                                                       \
    X(count)                                                                           \
    X(ctx)                                                                             \
    X(detail)                                                                          \
    X(digest)                                                                          \
    X(dumps)                                                                           \
    X(elapsed_ms)                                                                      \
    X(end)                                                                             \
    X(expr)                                                                            \
    X(expr_flags)                                                                      \
    X(extra_args)                                                                      \
    X(flags)                                                                           \
    X(gen)                                                                             \
    X(generation)                                                                      \
    X(hll_policy)                                                                      \
    X(host)                                                                            \
    X(id)                                                                              \
    X(in_doubt)                                                                        \
    X(index)                                                                           \
    X(index_bit_count)                                                                 \
    X(invert_size)                                                                     \
    X(inverted)                                                                        \
    X(key)                                                                             \
    X(list_order)                                                                      \
    X(list_policy)                                                                     \
    X(map_order)                                                                       \
    X(map_policy)                                                                      \
    X(map_write_flags)                                                                 \
    X(map_write_mode)                                                                  \
    X(mh_bit_count)                                                                    \
    X(mod_exp)                                                                         \
    X(needle)                                                                          \
    X(ns)                                                                              \
    X(numeric_type)                                                                    \
    X(occurrence)                                                                      \
    X(op)                                                                              \
    X(order_key)                                                                       \
    X(pad)                                                                             \
    X(pad_key)                                                                         \
    X(pad_string)                                                                      \
    X(path)                                                                            \
    X(pattern)                                                                         \
    X(persist_index)                                                                   \
    X(phase)                                                                           \
    X(policy)                                                                          \
    X(prefix)                                                                          \
    X(range)                                                                           \
    X(rank)                                                                            \
    X(regex_flags)                                                                     \
    X(replacement)                                                                     \
    X(resize_flags)                                                                    \
    X(result)                                                                          \
    X(return_type)                                                                     \
    X(separator)                                                                       \
    X(set)                                                                             \
    X(sign)                                                                            \
    X(sort_flags)                                                                      \
    X(start)                                                                           \
    X(subcode)                                                                         \
    X(suffix)                                                                          \
    X(target_length)                                                                   \
    X(ttl)                                                                             \
    X(val)                                                                             \
    X(value)                                                                           \
    X(value_begin)                                                                     \
    X(value_byte_size)                                                                 \
    X(value_end)                                                                       \
    X(value_list)                                                                      \
    X(wire)                                                                            \
    X(write_flags)

/* Python objects from the package's own modules, imported with this one: (field of the
 * state, module, attribute). */
#define CORE_IMPORTS(X)                                                                \
    X(errors_by_code, "aerospike.exception", "_BY_CODE")                               \
    X(symbols_by_code, "aerospike.exception", "_SYMBOLS")                              \
    X(AerospikeError, "aerospike.exception", "AerospikeError")                         \
    X(RecordError, "aerospike.exception", "RecordError")                               \
    X(GeoJSON, "aerospike._types", "GeoJSON")                                          \
    X(KeyOrderedDict, "aerospike._types", "KeyOrderedDict")                            \
    X(null, "aerospike._types", "null")                                                \
    X(CDTWildcard, "aerospike._types", "CDTWildcard")                                  \
    X(CDTInfinite, "aerospike._types", "CDTInfinite")                                  \
    X(HyperLogLog, "aerospike._types", "HyperLogLog")                                  \
    X(Expression, "aerospike._types", "Expression")                                    \
    X(CompiledExpression, "aerospike._types", "CompiledExpression")                    \
    X(explain_call, "aerospike._explain", "call")                                      \
    X(explain_login, "aerospike._explain", "login")                                    \
    X(explain_info, "aerospike._explain", "info")                                      \
    X(explain_missing, "aerospike._explain", "missing_key")                            \
    X(explain_query, "aerospike._explain", "query")                                    \
    X(explain_row, "aerospike._explain", "row")                                        \
    X(explain_operation, "aerospike._explain", "operation")                            \
    X(report_unknown_key, "aerospike._report", "unknown_key")                          \
    X(warn_once, "aerospike._report", "warn_once")                                     \
    X(is_of_handler, "aerospike._interrupts", "is_of_handler")

/* The tables of options (options/tables.c), whose names are in the state. */
typedef enum option_table_id {
    POLICY_TABLE,
    META_TABLE,
    CONFIG_TABLE,
    POLICIES_TABLE,
    TLS_TABLE,
    LUA_TABLE,
    SHM_TABLE,
    N_TABLES,
} option_table_id;

/* Classes of aerospike_helpers.batch.records, in module_state.batch_types. */
enum {
    BATCH_RECORDS,
    BATCH_READ,
    BATCH_WRITE,
    BATCH_APPLY,
    BATCH_REMOVE,
    N_BATCH_TYPES,
};

#define N_CACHED_NAMES 1024u /* a power of two */

struct module_state;
struct value_rules;

/* Packs the tree of an expression by the rules of the client that uses it: new bytes,
 * or NULL with an exception. The room of expressions, which is above those that need
 * this, puts its function into the state. */
typedef PyObject *(*tree_packer)(struct module_state *st,
                                 const struct value_rules *rules, PyObject *tree);

/* All Python objects here are owned. What has no lock, and is not imported when it is
 * needed, is set while the module is made and stays. */
typedef struct module_state {
    /* Of batch_types while they are set, and of ClientType, serializer, deserializer
     * and log_handler, which are replaced at any time: see state_ref(). */
    field_lock lock;
    PyTypeObject *ClientBase; /* the type with the methods in C */
    PyTypeObject *ClientType; /* of what client() makes: aerospike.Client, or the base
                                 until that is there */
    PyTypeObject *AsyncClientBase, *PendingType,
        *LoopType; /* likewise, of AsyncClient */
    PyTypeObject *StreamType, *TrackerType, *RecordType, *BatchRecordType;
    PyTypeObject *AsyncStreamType, *StreamStepType;
    PyTypeObject *TransactionType;
    PyMethodDef *client_methods; /* owned: the rows of ClientBase, which points to them
                                    for as long as it lives */
    PyMethodDef *async_methods;  /* likewise, of AsyncClientBase */
#define X(name) PyObject *s_##name;
    CORE_NAMES(X)
#undef X
#define X(field, module, attribute) PyObject *field;
    CORE_IMPORTS(X)
#undef X
    PyObject *serializer, *deserializer; /* of all clients; NULL when there is none */
    PyObject *log_handler;               /* NULL: log lines are dropped */
    bool gc_paused;                      /* see collector.h */
    int64_t held_since_ns; /* since when a call that gives turns has had the
                                            GIL; see collector.c */
    int64_t lined_up_ns;   /* when a call kept the GIL for others to stand in line */
    tree_packer pack_tree;
    PyObject *pickle_dumps, *pickle_loads;        /* imported when they are needed */
    PyObject *random_bytes;                       /* likewise */
    PyObject *lua_geojson;                        /* likewise */
    PyObject *base64_encode;                      /* likewise */
    PyObject *bcrypt_hash;                        /* likewise */
    PyObject *batch_types[N_BATCH_TYPES];         /* likewise */
    PyObject *CancelledError, *InvalidStateError; /* asyncio's, likewise */
    PyObject *running_adapter;    /* aerospike._loops.running, likewise */
    PyObject *running_loop;       /* asyncio._get_running_loop, likewise */
    PyObject *modules;            /* sys.modules, likewise */
    _Atomic Py_ssize_t n_modules; /* so many they were when trio was not among them; 0:
                                  nobody has looked, or it was */
    PyObject *NotConnected;       /* see client_cluster() */
    PyObject *context_names;      /* ("context",), the keywords of a call */
    PyObject *spare_pendings;     /* memory of ended calls of AsyncClients: a list */
    size_t n_spare_pendings;
    PyObject *common_meta; /* the metadata that many records have; see bins.c */
    PyObject **option_names[N_TABLES];      /* interned, one per row, ended by NULL */
    PyObject *cached_names[N_CACHED_NAMES]; /* see decode_name() */
} module_state;

/* What a field that `lock` guards holds: a new reference, or NULL without an exception.
 */
PyObject *state_ref(module_state *st, PyObject *const *field);

/* Give such a field an object, which is taken, or NULL. */
void state_replace(module_state *st, PyObject **field, PyObject *object);

/* Where an interned name lies in the state. Tables are constants, which cannot hold
 * objects: they hold this instead of the name. It is never 0. */
#define NAME_AT(name) offsetof(module_state, s_##name)

/* The interned name at such a place, borrowed. */
static inline PyObject *
state_name(module_state *st, size_t place)
{
    return *(PyObject **)((char *)st + place);
}

extern struct PyModuleDef core_module;

/* Make the type of clients and put it into the module (client_type.c). 0, or -1 with an
 * exception. */
int client_type_init(PyObject *module, module_state *st);

/* Fill in the names and the imports. 0, or -1 with an exception; state_clear() is to be
 * called in either case. */
int state_init(module_state *st);

/* Visit what the state owns, for the collector. */
int state_traverse(module_state *st, visitproc visit, void *arg);

/* Drop what the state owns, but for what option_tables_clear() and logging_clear()
 * do. */
void state_clear(module_state *st);

/* Import a module in such a way that a fork waits meanwhile; aerospike._imports says
 * why. A new reference, or NULL with an exception. */
PyObject *import_whole(const char *name);

/* An attribute of a module, which is imported likewise: a new reference, or NULL with
 * an exception. */
PyObject *import_attribute(const char *module, const char *attribute);

/* The same for a module that costs time to import. The first call imports it and keeps
 * the attribute in *cached, which is a field of the state; all others find it there.
 * Borrowed from *cached; NULL with an exception. */
PyObject *lazy_import(PyObject **cached, const char *module, const char *attribute);

#endif
