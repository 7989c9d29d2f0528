/* Descriptors that no other program inherits. A flag at the opening closes the gap in
 * which another thread may fork and exec; where the system lacks the flag, the gap is
 * short. */
#include "net/fd.h"

#include <fcntl.h>
#include <sys/socket.h>

#ifdef SOCK_CLOEXEC
#define STREAM (SOCK_STREAM | SOCK_CLOEXEC)
#else /* macOS: for a moment a fork can inherit it */
#define STREAM SOCK_STREAM
#endif

/* Set the flag after the opening, which is only needed where the socket could not be
 * opened with it. */
static void
close_on_exec(int fd)
{
    if (STREAM == SOCK_STREAM) {
        /* This cannot fail on a descriptor that was just opened. */
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
}

int
asc_fd_socket(int family)
{
    int fd = socket(family, STREAM, 0);
    if (fd >= 0) {
        close_on_exec(fd);
    }
    return fd;
}

int
asc_fd_pair(int fds[2])
{
    if (socketpair(AF_UNIX, STREAM, 0, fds) < 0) {
        fds[0] = fds[1] = -1;
        return -1;
    }
    close_on_exec(fds[0]);
    close_on_exec(fds[1]);
    return 0;
}
