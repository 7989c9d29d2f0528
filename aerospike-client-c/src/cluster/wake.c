/* Two connected sockets by which threads wake each other. An application that closes
 * all descriptors closes these as well, and their numbers may then stand for files of
 * its own. So each use first compares what the descriptor stands for with what was
 * opened. */
#include "cluster/wake.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/fd.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* Does the descriptor still stand for the socket that was opened here? */
static bool
is_own(const asc_wake *w, int end)
{
    struct stat now;
    return w->fds[end] >= 0 && fstat(w->fds[end], &now) == 0 &&
           now.st_dev == w->opened[end].device && now.st_ino == w->opened[end].inode;
}

asc_status
asc_wake_open(asc_wake *w, asc_error *err)
{
    if (asc_fd_pair(w->fds) < 0) {
        return asc_error_set_os(err, ASC_ERR_CLIENT, errno,
                                "cannot open a pair of sockets");
    }
    for (int end = 0; end < 2; end++) {
        struct stat now = {0};
        /* This cannot fail on a descriptor that was just opened. */
        fstat(w->fds[end], &now);
        w->opened[end].device = now.st_dev;
        w->opened[end].inode = now.st_ino;
    }
    return ASC_OK;
}

void
asc_wake_close(asc_wake *w)
{
    for (int end = 0; end < 2; end++) {
        if (is_own(w, end)) {
            close(w->fds[end]);
        }
        w->fds[end] = -1;
    }
}

bool
asc_wake_is_whole(const asc_wake *w)
{
    return is_own(w, 0) && is_own(w, 1);
}

void
asc_wake_send(const asc_wake *w, int end)
{
    if (is_own(w, end)) {
        ssize_t ignored = send(w->fds[end], "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        /* Nothing else is under way, so that one byte fits. */
        (void)ignored;
    }
}

void
asc_wake_take(const asc_wake *w, int end)
{
    char bytes[16];
    if (is_own(w, end)) {
        while (recv(w->fds[end], bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
        }
    }
}
