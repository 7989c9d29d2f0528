/* What a call on one record costs at least: a loop that sends the bytes of a request,
 * and reads those of the reply, again and again.
 *
 *     plain_floor ADDRESS PORT FILE BURSTS N
 *
 * prints the microseconds of CPU for one round, by the burst of N rounds that took
 * least.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static double
cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Connect to a node. -1 when that has failed. */
static int
open_tcp(const char *address, int port)
{
    struct sockaddr_in node = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    bool ok = inet_pton(AF_INET, address, &node.sin_addr) == 1 &&
              connect(fd, (struct sockaddr *)&node, sizeof node) == 0;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return ok ? fd : -1;
}

/* Send the request and read one reply, which says its size in its first eight bytes. */
static bool
ask(int fd, const uint8_t *request, size_t size)
{
    static uint8_t reply[1 << 20];
    size_t got = 0, wanted = 8;
    if (send(fd, request, size, 0) != (ssize_t)size) {
        return false;
    }
    while (got < wanted) {
        ssize_t n = recv(fd, reply + got, sizeof reply - got, 0);
        if (n <= 0) {
            return false;
        }
        got += (size_t)n;
        if (got >= 8 && wanted == 8) {
            for (int i = 2; i < 8; i++) {
                wanted = i == 2 ? reply[i] : wanted << 8 | reply[i];
            }
            wanted += 8;
        }
    }
    return true;
}

/* The microseconds that n rounds take; below 0 when one has failed. */
static double
burst(int fd, const uint8_t *request, size_t size, int n)
{
    double begin = cpu_us();
    for (int i = 0; i < n; i++) {
        if (!ask(fd, request, size)) {
            return -1;
        }
    }
    return cpu_us() - begin;
}

int
main(int argc, char **argv)
{
    static uint8_t request[1 << 16];
    FILE *file = argc == 6 ? fopen(argv[3], "rb") : NULL;
    size_t size = file != NULL ? fread(request, 1, sizeof request, file) : 0;
    int fd = size > 0 ? open_tcp(argv[1], atoi(argv[2])) : -1;
    int n_bursts = fd >= 0 ? atoi(argv[4]) : 0, n = fd >= 0 ? atoi(argv[5]) : 0;
    double least = burst(fd, request, size, n);
    for (int i = 0; i < n_bursts && least >= 0; i++) {
        double taken = burst(fd, request, size, n);
        least = taken < least ? taken : least;
    }
    if (n <= 0 || least < 0) {
        return 1;
    }
    printf("%.3f\n", least / n);
    return 0;
}
