/* net/fd.h -- descriptors that a program which another thread starts does not inherit:
 * they are closed on exec from the beginning, where the system can do that. */
#ifndef ASC_NET_FD_H
#define ASC_NET_FD_H

/* A new stream socket of that family, or -1 with errno set. */
int asc_fd_socket(int family);

/* Two connected sockets: what is written to one is read from the other. 0, or -1 with
 * errno set and -1 in both. */
int asc_fd_pair(int fds[2]);

#endif
