/* net/fd.h -- descriptors that are closed on exec from the beginning, where the system
 * can do that: a program that another thread starts at this moment must not inherit
 * them. */
#ifndef ASC_NET_FD_H
#define ASC_NET_FD_H

/* Open a stream socket of an address family. The descriptor, or -1 with errno set. */
int asc_fd_socket(int family);

/* Open two connected sockets: what is written to one is read from the other. 0, or -1
 * with errno set and -1 in both places. */
int asc_fd_pair(int fds[2]);

#endif
