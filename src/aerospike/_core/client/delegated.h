/* client/delegated.h -- methods of aerospike.Client that are functions of the package's Python
 * modules: the extension calls them with the client as their first argument. */
#ifndef CORE_CLIENT_DELEGATED_H
#define CORE_CLIENT_DELEGATED_H

#include "client/client.h"

#define DOC_INDEX                                                                      \
    ":param set: str; None: all records of the namespace.\n"                           \
    ":param policy: dict; \"timeout\" in milliseconds, for each request to a node.\n"  \
    ":return: 0, at once when the identical index exists.\n"                           \
    ":raises IndexFoundError: the name is taken by another index.\n"                   \
    ":raises TimeoutError: for 60 s no node came further, or one gave no answer; "     \
    "the\n"                                                                            \
    "    index is there, and may be built later.\n"                                    \
    ":raises NamespaceNotFound, InvalidRequest: what the server refuses."

/* D(name, module of aerospike, whether it needs the cluster at once, arguments as they
 * stand in the signature, text) */
#define DELEGATED_METHODS(D)                                                           \
    D(query, "_query", false, "namespace, set=None",                                   \
      "A Query of the records of a set, or of the whole namespace without one.\n\n"    \
      ":raises ParamError: an argument is no str.")                                    \
    D(scan, "_query", false, "namespace, set=None",                                    \
      "A Scan of all records of a set, or of the whole namespace without one.\n\n"     \
      ":raises ParamError: an argument is no str.")                                    \
    D(index_integer_create, "_calls.indexes", true, "ns, set, bin, name, policy=None",    \
      "Create an index on a bin that holds integers, and wait until it is "            \
      "built.\n\n" DOC_INDEX)                                                          \
    D(index_string_create, "_calls.indexes", true, "ns, set, bin, name, policy=None",     \
      "Create an index on a bin that holds strings, and wait until it is "             \
      "built.\n\n" DOC_INDEX)                                                          \
    D(index_blob_create, "_calls.indexes", true, "ns, set, bin, name, policy=None",       \
      "Create an index on a bin that holds blobs, and wait until it is "               \
      "built.\n\n" DOC_INDEX)                                                          \
    D(index_geo2dsphere_create, "_calls.indexes", true,                                   \
      "ns, set, bin, name, policy=None",                                               \
      "Create an index on a bin that holds GeoJSON, and wait until it is "             \
      "built.\n\n" DOC_INDEX)                                                          \
    D(index_single_value_create, "_calls.indexes", true,                                  \
      "ns, set, bin, index_datatype, name, policy=None, ctx=None",                     \
      "Create an index on a bin that holds values of a type, and wait until it is\n"   \
      "built.\n\n"                                                                     \
      ":param index_datatype: an INDEX_* value.\n"                                     \
      ":param ctx: list of levels that lead to a place inside the bin, or "            \
      "None.\n" DOC_INDEX)                                                             \
    D(index_list_create, "_calls.indexes", true,                                          \
      "ns, set, bin, index_datatype, name, policy=None, ctx=None",                     \
      "Create an index on the elements of lists, and wait until it is\n"               \
      "built.\n\n"                                                                     \
      ":param index_datatype: an INDEX_* value.\n"                                     \
      ":param ctx: list of levels that lead to a place inside the bin, or "            \
      "None.\n" DOC_INDEX)                                                             \
    D(index_map_keys_create, "_calls.indexes", true,                                      \
      "ns, set, bin, index_datatype, name, policy=None, ctx=None",                     \
      "Create an index on the keys of maps, and wait until it is\n"                    \
      "built.\n\n"                                                                     \
      ":param index_datatype: an INDEX_* value.\n"                                     \
      ":param ctx: list of levels that lead to a place inside the bin, or "            \
      "None.\n" DOC_INDEX)                                                             \
    D(index_map_values_create, "_calls.indexes", true,                                    \
      "ns, set, bin, index_datatype, name, policy=None, ctx=None",                     \
      "Create an index on the values of maps, and wait until it is\n"                  \
      "built.\n\n"                                                                     \
      ":param index_datatype: an INDEX_* value.\n"                                     \
      ":param ctx: list of levels that lead to a place inside the bin, or "            \
      "None.\n" DOC_INDEX)                                                             \
    D(index_cdt_create, "_calls.indexes", true,                                           \
      "ns, set, bin, index_type, index_datatype, name, ctx, policy=None",              \
      "Create an index on a place inside lists and maps, and wait until it is "        \
      "built.\n\n"                                                                     \
      ":param index_type: an INDEX_TYPE_* value.\n"                                    \
      ":param index_datatype: an INDEX_* value.\n"                                     \
      ":param ctx: list of levels that lead to the place.\n" DOC_INDEX)                \
    D(index_expr_create, "_calls.indexes", true,                                          \
      "ns, set, index_type, index_datatype, expressions, name, policy=None",           \
      "Create an index on the value of an expression (servers from 8.1), and wait "    \
      "until\n"                                                                        \
      "it is built.\n\n"                                                               \
      ":param index_type: an INDEX_TYPE_* value.\n"                                    \
      ":param index_datatype: an INDEX_* value.\n"                                     \
      ":param expressions: what compile() of an expression gives.\n" DOC_INDEX)        \
    D(index_set_create, "_calls.indexes", true, "ns, set, name, policy=None",             \
      "Create an index of all records of a set, and wait until it is "                 \
      "built.\n\n" DOC_INDEX)                                                          \
    D(index_remove, "_calls.indexes", true, "ns, name, policy=None",                      \
      "Remove an index, and wait until it is gone; 0, also when there is none.\n\n"    \
      ":raises TimeoutError: for 60 s it went from no node, or one gave no answer.")   \
    D(truncate, "_calls.indexes", true, "namespace, set, nanos, policy=None",             \
      "Remove the records of a set, or of a namespace, that were last changed before " \
      "a\n"                                                                            \
      "time.\n\n"                                                                      \
      ":param set: str; None: all records of the namespace.\n"                         \
      ":param nanos: nanoseconds since 1970; 0: now.\n"                                \
      ":return: 0.\n"                                                                  \
      ":raises InvalidRequest: the time lies in the future, or set is empty.\n"        \
      ":raises ParamError: set is no str and not None.")                               \
    D(job_info, "_calls.indexes", true, "job_id, module, policy=None",                    \
      "How far background work has come: {\"progress_pct\", \"records_read\", "        \
      "\"status\"}.\n\n"                                                               \
      "An unknown job counts as completed.\n\n"                                        \
      ":param module: JOB_SCAN or JOB_QUERY.\n"                                        \
      ":raises ParamError: module is neither.")                                        \
    D(scan_info, "_calls.indexes", true, "scanid, policy=None",                           \
      "How far a background scan has come, as the 2.x line says it: "                  \
      "{\"progress_pct\",\n"                                                           \
      "\"records_scanned\", \"status\"}.")

#define DELEGATED_DOC(name, signature, text) name "($self, " signature ")\n--\n\n" text

#define DELEGATED_DECLARE(name, ...) CLIENT_METHOD(client_##name);
DELEGATED_METHODS(DELEGATED_DECLARE)
#undef DELEGATED_DECLARE

#endif
