/* TCP sockets of the library, looked at from outside. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kit.h"
#include "net/conn.h"

/* A socket on a port of the loopback interface that the system chooses, and on which
 * nobody listens; -1: this machine has no such interface. */
static int
bound_socket(const char *ip, asc_addr *addr)
{
    asc_addr any;
    if (!asc_addr_literal(&any, ip, 0)) {
        return -1;
    }
    int fd = socket(any.sa.ss_family, SOCK_STREAM, 0);
    struct sockaddr_storage own;
    socklen_t size = sizeof own;
    if (fd < 0 || bind(fd, (struct sockaddr *)&any.sa, any.sa_size) < 0 ||
        getsockname(fd, (struct sockaddr *)&own, &size) < 0) {
        close(fd);
        return -1;
    }
    uint16_t port = own.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&own)->sin6_port
                                              : ((struct sockaddr_in *)&own)->sin_port;
    CHECK(asc_addr_literal(addr, ip, ntohs(port)));
    return fd;
}

/* What comes by chance when a node on this machine is down and its port is one of those
 * that the system gives to clients. */
static void
check_own_peer(const char *ip)
{
    asc_addr addr;
    asc_error err;
    int fd = bound_socket(ip, &addr);
    kit_note("%s", ip);
    if (fd < 0) {
        CHECK(strchr(ip, ':') != NULL); /* IPv6 may be off, IPv4 may not */
        return;
    }
    CHECK_EQ_INT(connect(fd, (struct sockaddr *)&addr.sa, addr.sa_size), 0);
    asc_conn c = {.transport = &asc_tcp, .fd = fd};
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_tcp.connect(&c, &err), ASC_IO_ERROR);
    CHECK_EQ_INT(err.code, ASC_ERR_CONNECTION);
    CHECK_HAS(err.message, "refused");
    CHECK(!c.connected);
    asc_tcp.close(&c);
}

static void
test_connected_to_itself(void)
{
    check_own_peer("127.0.0.1");
    check_own_peer("::1");
    kit_note(NULL);
}

#ifdef SYS_socket
static int last_type; /* that the library asked for */

/* In place of that of the C library. */
int
socket(int family, int type, int protocol)
{
    last_type = type;
    return (int)syscall(SYS_socket, family, type, protocol);
}
#endif

/* Another thread may start a program at any moment, which must not inherit a socket. */
static void
test_closed_on_exec_from_the_beginning(void)
{
    asc_addr addr;
    asc_error err;
    asc_conn *c = NULL;
    int listener = bound_socket("127.0.0.1", &addr);
    CHECK(listener >= 0 && listen(listener, 1) == 0);
    asc_error_reset(&err);
    if (CHECK_EQ_INT(asc_conn_start(&c, &asc_tcp, &addr, &err), ASC_OK)) {
        CHECK(fcntl(c->fd, F_GETFD) & FD_CLOEXEC);
#if defined SYS_socket && defined SOCK_CLOEXEC
        CHECK(last_type & SOCK_CLOEXEC);
#endif
        asc_conn_free(c);
    }
    close(listener);
}

/* The same port at both ends is no reason to refuse another address. */
static void
test_same_port_of_another_address(void)
{
    asc_addr near, far;
    asc_error err;
    int listener = bound_socket("127.0.0.1", &far), fd = -1;
    CHECK(listener >= 0 && listen(listener, 1) == 0);
    CHECK(asc_addr_literal(&near, "127.0.0.2", far.port));
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&near.sa, near.sa_size) == 0) {
        CHECK_EQ_INT(connect(fd, (struct sockaddr *)&far.sa, far.sa_size), 0);
        asc_conn c = {.transport = &asc_tcp, .fd = fd};
        asc_error_reset(&err);
        CHECK_EQ_INT(asc_tcp.connect(&c, &err), ASC_IO_OK);
        CHECK(c.connected);
    } /* else the port is taken there, or the system has one loopback address only */
    close(fd);
    close(listener);
}

static const kit_test tests[] = {
    {"connected_to_itself", test_connected_to_itself},
    {"closed_on_exec_from_the_beginning", test_closed_on_exec_from_the_beginning},
    {"same_port_of_another_address", test_same_port_of_another_address},
};

KIT_MAIN("ut_tcp", tests)
