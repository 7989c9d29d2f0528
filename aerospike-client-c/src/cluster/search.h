/* cluster/search.h -- probe many addresses side by side: those of the seeds, or those
 * of peers. The addresses of one group lead to one node and any of them will do; those
 * that were added first are preferred. */
#ifndef ASC_CLUSTER_SEARCH_H
#define ASC_CLUSTER_SEARCH_H

#include "cluster/probe.h"
#include "net/lookup.h"

/* How good a node, whose probe has succeeded, is for its group. */
typedef enum asc_worth {
    ASC_WORTH_NOTHING, /* p->err says why */
    ASC_WORTH_LITTLE,  /* taken when there is nothing better */
    ASC_WORTH_ALL,     /* ends the search of its group */
} asc_worth;

/* What is looked for, and who is told. */
typedef struct asc_search_options {
    const asc_config *config; /* borrowed; its timeouts limit each address */
    const char *services;     /* as for asc_probe_begin */
    uint64_t deadline_ms;     /* when the whole search ends */
    int wake_fd;              /* the search ends when it is readable; -1: none */
    /* Judge a probe that has succeeded. */
    asc_worth (*judge)(void *context, size_t group, asc_probe *p);
    /* Hear that an address or a name has failed. The greater `place`, the less it was
     * preferred. */
    void (*failed)(void *context, size_t group, size_t place, const char *address,
                   const asc_error *err);
    void *context;
} asc_search_options;

typedef struct asc_search asc_search;

/* Make a search for n_groups nodes; NULL when memory is short. */
asc_search *asc_search_new(size_t n_groups, const asc_search_options *options);

/* Free the search and end all that is under way. NULL is fine. */
void asc_search_free(asc_search *s);

/* Add a place to look at: a host, by name or numeric address, or an address. Places are
 * tried in the order in which they are added; names and addresses are borrowed. False
 * when memory is short. */
bool asc_search_add_host(asc_search *s, size_t group, const asc_host *host);
bool asc_search_add_addr(asc_search *s, size_t group, const asc_addr *addr);

/* Search until each group has what it looks for, nothing is left to try, or the
 * deadline has passed. Returns how many addresses and names it has begun to try. */
size_t asc_search_run(asc_search *s);

/* What a group has found, or NULL. It belongs to the search, except for its connection
 * once somebody has taken that. */
asc_probe *asc_search_found(asc_search *s, size_t group);

#endif
