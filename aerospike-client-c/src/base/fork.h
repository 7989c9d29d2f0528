/* base/fork.h -- noticing that this process is a child. A fork copies sockets and locks
 * but only the calling thread, so whoever keeps threads or sockets must start anew. */
#ifndef ASC_BASE_FORK_H
#define ASC_BASE_FORK_H

/* How many forks lie between the process that first asked and this one. A number that
 * has changed tells an object that it was made in a parent. */
unsigned asc_fork_count(void);

/* An object that has descriptors, of which a child must not keep copies: once the
 * child's own code runs, it may close them and open others under the same numbers. */
typedef struct asc_fork_watch {
    /* Called in each child before fork() returns there. May close descriptors, but must
     * not allocate, free or lock: other threads may have been in the middle of it. */
    void (*in_child)(void *owner);
    void *owner;                        /* borrowed */
    struct asc_fork_watch *next, *prev; /* of the list of all */
} asc_fork_watch;

/* Begin, and end, to call w->in_child in each child. w is borrowed in between. */
void asc_fork_watch_add(asc_fork_watch *w);
void asc_fork_watch_remove(asc_fork_watch *w);

/* The lock under which a child takes over what it inherited. It is held across every
 * fork, so that in the child it is always free. */
void asc_fork_lock(void);
void asc_fork_unlock(void);

#endif
