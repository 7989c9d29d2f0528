/* query/request.h -- what a query or scan asks for, to wire. */
#ifndef CORE_QUERY_REQUEST_H
#define CORE_QUERY_REQUEST_H

#include "asc/query.h"
#include "options/policy.h"
#include "values/values.h"

/* What is asked for. The Python objects are owned. */
typedef struct query_request {
    module_state *st;
    const value_rules *rules; /* borrowed */
    policy pol;
    uint64_t task_id;     /* of the round */
    PyObject *ns, *set;   /* str; set may be empty: all sets */
    PyObject *bins;       /* tuple of names, or NULL: all */
    PyObject *ops;        /* list of operations, or NULL */
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

/* Take what the dict says. 0, or -1 with ParamError for an entry of a wrong type; clear
 * q in either case. */
int query_request_from_spec(query_request *q, PyObject *spec);

/* Give up what it owns; zeros are fine. */
void query_request_clear(query_request *q);

/* Write the request of a part of a round. 0, or -1 with an exception. */
int query_write_part(query_request *q, asc_query *query, asc_part *part);

/* The same for work in the background: the node starts it and answers at once. */
int query_write_background(query_request *q, asc_part *part);

#endif
