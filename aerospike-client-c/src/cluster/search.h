/* cluster/search.h -- probing many addresses side by side: those of the seeds, and
 * those of peers. The addresses of one group lead to one node, any of them will do, and
 * those that were added first are preferred. */
#ifndef ASC_CLUSTER_SEARCH_H
#define ASC_CLUSTER_SEARCH_H

#include "cluster/probe.h"
#include "net/lookup.h"

/* What a probe that has succeeded is worth to its group. */
typedef enum asc_worth {
    ASC_WORTH_NOTHING, /* p->err says why */
    ASC_WORTH_LITTLE,  /* taken when there is nothing better */
    ASC_WORTH_ALL,     /* ends the search of its group */
} asc_worth;

/* What is looked for, and who is told. */
typedef struct asc_search_options {
    const asc_config *config; /* borrowed; connect_timeout_ms is of each address */
    const char *services;     /* as of asc_probe_begin */
    uint64_t deadline_ms;     /* of the whole */
    int wake_fd;              /* -1: none; when it is readable the search ends */
    asc_worth (*judge)(void *context, size_t group, asc_probe *p);
    /* An address or a name has failed. The later `place` the less it was preferred. */
    void (*failed)(void *context, size_t group, size_t place, const char *address,
                   const asc_error *err);
    void *context;
} asc_search_options;

typedef struct asc_search asc_search;

/* A search of n_groups groups; NULL when memory is short. */
asc_search *asc_search_new(size_t n_groups, const asc_search_options *options);

/* Ends all that is under way; NULL is fine. */
void asc_search_free(asc_search *s);

/* Add a name or a numeric address, or an address: tried in the order in which they are
 * added. Names and addresses are borrowed. False when memory is short. */
bool asc_search_add_host(asc_search *s, size_t group, const char *name, uint16_t port);
bool asc_search_add_addr(asc_search *s, size_t group, const asc_addr *addr);

/* Run it: until each group has what it looks for, or nothing left to try; at most until
 * the deadline. The number of addresses and names that it came to try. */
size_t asc_search_run(asc_search *s);

/* What a group has found, or NULL. The search's, but for its connection when that is
 * taken. */
asc_probe *asc_search_found(asc_search *s, size_t group);

#endif
