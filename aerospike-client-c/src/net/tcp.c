/* The transport of plain TCP. Sockets are in blocking mode, so that a single command
 * can wait in recv() itself, which saves a poll(); all other calls pass MSG_DONTWAIT.
 * While a connection is being made its socket does not block. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "net/conn.h"
#include "net/fd.h"

#ifndef MSG_NOSIGNAL /* macOS has the socket option SO_NOSIGPIPE instead */
#define MSG_NOSIGNAL 0
#endif

/* Set the error of a connection that is of no further use. */
static asc_io
fail(asc_error *err, int errno_value, const char *what)
{
    asc_error_set_os(err, ASC_ERR_CONNECTION, errno_value, "%s", what);
    return ASC_IO_ERROR;
}

/* Switch a socket between waiting and not waiting. Returns -1 with errno set. */
static int
set_blocking(int fd, bool blocking)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) {
        return -1;
    }
    return fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

static void
tcp_close(asc_conn *c)
{
    if (c->fd >= 0) {
        close(c->fd);
        c->fd = -1;
    }
}

/* Is the socket connected to itself? When nobody listens at a local port, the system
 * may choose that very port as the socket's own, and the socket then receives what it
 * sends. */
static bool
is_own_peer(int fd)
{
    union {
        struct sockaddr_storage any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } own = {0}, peer = {0};
    socklen_t own_size = sizeof own, peer_size = sizeof peer;
    if (getsockname(fd, (struct sockaddr *)&own, &own_size) < 0 ||
        getpeername(fd, (struct sockaddr *)&peer, &peer_size) < 0 ||
        own.any.ss_family != peer.any.ss_family) {
        return false;
    }
    return own.any.ss_family == AF_INET6
               ? own.v6.sin6_port == peer.v6.sin6_port &&
                     memcmp(&own.v6.sin6_addr, &peer.v6.sin6_addr,
                            sizeof own.v6.sin6_addr) == 0
               : own.v4.sin_port == peer.v4.sin_port &&
                     own.v4.sin_addr.s_addr == peer.v4.sin_addr.s_addr;
}

/* End the connecting: from now on the socket may wait in recv(). */
static asc_io
connected(asc_conn *c, asc_error *err)
{
    if (is_own_peer(c->fd)) {
        return fail(err, ECONNREFUSED, "cannot connect");
    }
    if (set_blocking(c->fd, true) < 0) {
        return fail(err, errno, "cannot set up the socket");
    }
    c->connected = true;
    return ASC_IO_OK;
}

/* TCP_NODELAY is set because a request is sent as a whole: holding back its last
 * segment would only delay the reply. */
static asc_io
tcp_start(asc_conn *c, const asc_addr *addr, asc_error *err)
{
    int on = 1;
    c->fd = asc_fd_socket(addr->sa.ss_family);
    if (c->fd < 0) {
        return fail(err, errno, "cannot open a socket");
    }
    if (set_blocking(c->fd, false) < 0 ||
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0) {
        return fail(err, errno, "cannot set up the socket");
    }
#ifdef SO_NOSIGPIPE
    setsockopt(c->fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    if (connect(c->fd, (const struct sockaddr *)&addr->sa, addr->sa_size) == 0) {
        return connected(c, err);
    }
    return errno == EINPROGRESS || errno == EINTR ? ASC_IO_OK
                                                  : fail(err, errno, "cannot connect");
}

/* A socket that has become writable may just as well have failed. So a connection
 * counts as made when its socket has a peer. */
static asc_io
tcp_connect(asc_conn *c, asc_error *err)
{
    if (c->connected) {
        return ASC_IO_OK;
    }
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    if (getpeername(c->fd, (struct sockaddr *)&peer, &size) == 0) {
        return connected(c, err);
    }
    int cause = 0;
    size = sizeof cause;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &cause, &size) < 0) {
        cause = errno;
    }
    return cause == 0 ? ASC_IO_WANT_WRITE : fail(err, cause, "cannot connect");
}

static bool
would_block(int errno_value)
{
    return errno_value == EAGAIN || errno_value == EWOULDBLOCK;
}

/* A signal is no reason to stop: nothing here waits, so the call is simply repeated. */
static asc_io
tcp_send(asc_conn *c, const uint8_t *data, size_t size, size_t *moved, asc_error *err)
{
    ssize_t n;
    do {
        n = send(c->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return would_block(errno) ? ASC_IO_WANT_WRITE
                                  : fail(err, errno, "cannot send to the node");
    }
    *moved = (size_t)n;
    return ASC_IO_OK;
}

/* Turn what recv() returned into an asc_io. */
static asc_io
received(ssize_t n, size_t *moved, asc_error *err)
{
    if (n > 0) {
        *moved = (size_t)n;
        return ASC_IO_OK;
    }
    if (n == 0) {
        asc_error_set(err, ASC_ERR_CONNECTION, "the node closed the connection");
        return ASC_IO_ERROR;
    }
    if (errno == EINTR) {
        return ASC_IO_INTERRUPTED;
    }
    return would_block(errno) ? ASC_IO_WANT_READ
                              : fail(err, errno, "cannot receive from the node");
}

static asc_io
tcp_recv(asc_conn *c, uint8_t *data, size_t size, size_t *moved, asc_error *err)
{
    asc_io got;
    do {
        got = received(recv(c->fd, data, size, MSG_DONTWAIT), moved, err);
    } while (got == ASC_IO_INTERRUPTED);
    return got;
}

/* The socket keeps its timeout between calls, so that commands with the same timeouts
 * set it once. */
static asc_io
tcp_recv_wait(asc_conn *c, uint8_t *data, size_t size, int timeout_ms, size_t *moved,
              asc_error *err)
{
    if (timeout_ms == 0) {
        return tcp_recv(c, data, size, moved, err);
    }
    if (timeout_ms != c->recv_timeout_ms) {
        /* On the socket, 0 means that there is no limit. */
        int ms = timeout_ms < 0 ? 0 : timeout_ms;
        struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
        if (setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) < 0) {
            return fail(err, errno, "cannot set the socket's timeout");
        }
        c->recv_timeout_ms = timeout_ms;
    }
    return received(recv(c->fd, data, size, 0), moved, err);
}

/* Bytes on a connection that nobody uses, or the end of its stream, mean that the
 * server has closed it or has sent something that nobody asked for. Looking does not
 * take them off the socket. */
static bool
tcp_is_idle(asc_conn *c)
{
    uint8_t byte;
    return recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && would_block(errno);
}

const asc_transport asc_tcp = {
    .word = "clear",
    .start = tcp_start,
    .connect = tcp_connect,
    .send = tcp_send,
    .recv = tcp_recv,
    .recv_wait = tcp_recv_wait,
    .is_idle = tcp_is_idle,
    .close = tcp_close,
};
