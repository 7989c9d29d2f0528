/* base/fork.h -- noticing that this process is a child. A fork copies sockets and locks
 * but only the calling thread, so whoever keeps threads or sockets must start anew. */
#ifndef ASC_BASE_FORK_H
#define ASC_BASE_FORK_H

/* How many forks lie between the process that first asked and this one. */
unsigned asc_fork_count(void);

/* The lock under which a child starts anew. Held across every fork, so that in the
 * child it is always free. */
void asc_fork_lock(void);
void asc_fork_unlock(void);

#endif
