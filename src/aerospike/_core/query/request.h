/* query/request.h -- what a query or scan asks for, to wire. */
#ifndef CORE_QUERY_REQUEST_H
#define CORE_QUERY_REQUEST_H

#include "asc/query.h"
#include "options/policy.h"
#include "values/values.h"

/* What is asked for. The Python objects are owned. */
typedef struct query_request {
    module_state *st;
    const value_rules *rules; /* borrowed from the client, which the stream holds */
    policy pol;
    uint64_t task_id;     /* the number of the job: each round is one, on every node */
    PyObject *ns, *set;   /* str; set may be empty: all sets */
    PyObject *bins;       /* tuple of names, or NULL: all */
    PyObject *ops;        /* list of operations, or NULL */
    PyObject *module;     /* str: of the function to call, or NULL */
    PyObject *function;   /* str, when module is one */
    PyObject *arguments;  /* list, when module is one */
    PyObject *predicate;  /* tuple, or NULL */
    PyObject *ctx;        /* list of levels, or NULL */
    PyObject *index_name; /* str, or NULL */
    PyObject *index_expr; /* wire bytes, or NULL */
    PyObject *node;       /* str: only what this node has, or NULL */
    uint64_t max_records;
    uint32_t records_per_second;
    uint32_t ttl_s;
    bool no_bins;
} query_request;

/* Take over what the dict says, which aerospike._query has made. 0, or -1 with
 * ParamError for an entry of a wrong type. query_request_clear() is to be called in
 * either case. */
int query_request_from_spec(query_request *q, PyObject *spec);

/* Drop all that q owns; a q of zeros is fine. */
void query_request_clear(query_request *q);

/* Write the request of a part of a round. 0, or -1 with an exception; the query must
 * then be given up. */
int query_write_part(query_request *q, asc_query *query, asc_part *part);

/* Write a request for what a function makes of the records of a node, in a part of a
 * set that asks all nodes. 0, or -1 with an exception. */
int query_write_aggregation(query_request *q, asc_part *part);

/* Write a request for work in the background, which the node starts and answers at
 * once. 0, or -1 with an exception. */
int query_write_background(query_request *q, asc_part *part);

#endif
