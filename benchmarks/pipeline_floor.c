/* What calls on records cost at least when many are in flight: on a few connections, a
 * bare loop sends several requests at once, reads their replies, and sends the next.
 *
 *     pipeline_floor ADDRESS PORT FILE IN_FLIGHT CONNECTIONS N
 *
 * FILE holds requests, which are sent in turn. Each connection has its share of
 * IN_FLIGHT under way. Prints the seconds, and the seconds of CPU, that N requests
 * take.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define HEADER 8 /* bytes of a frame that say how many follow */
#define MAX_CONNECTIONS 64

/* The requests, one behind the other, and the place of the next. */
static uint8_t requests[1 << 20];
static size_t requests_size, requests_at;

/* A connection, and what has come of replies that are not counted yet. */
typedef struct {
    int owed;
    size_t len;
    uint8_t bytes[1 << 18];
} line;
static line lines[MAX_CONNECTIONS];
static struct pollfd fds[MAX_CONNECTIONS];

static double
seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
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

/* The size of the frame whose header stands there. */
static size_t
frame_size(const uint8_t *bytes)
{
    size_t size = 0;
    for (int i = 2; i < HEADER; i++) {
        size = size << 8 | bytes[i];
    }
    return HEADER + size;
}

/* Send the next n requests together; they follow each other in the file, save where it
 * ends. */
static bool
ask(int at, int n)
{
    static uint8_t out[1 << 20];
    size_t len = 0;
    for (int i = 0; i < n; i++) {
        size_t size = frame_size(requests + requests_at);
        if (len + size > sizeof out) {
            return false;
        }
        memcpy(out + len, requests + requests_at, size);
        len += size;
        requests_at = (requests_at + size) % requests_size;
    }
    lines[at].owed = n;
    return send(fds[at].fd, out, len, 0) == (ssize_t)len;
}

/* Receive what is there, and count the replies off. */
static bool
hear(line *from, int fd)
{
    ssize_t n = recv(fd, from->bytes + from->len, sizeof from->bytes - from->len, 0);
    size_t at = 0;
    if (n <= 0) {
        return false;
    }
    from->len += (size_t)n;
    while (from->len - at >= HEADER && from->len - at >= frame_size(from->bytes + at)) {
        at += frame_size(from->bytes + at);
        from->owed--;
    }
    memmove(from->bytes, from->bytes + at, from->len - at);
    from->len -= at;
    return true;
}

/* Have so many requests answered, a share of them at a time on each connection. */
static bool
run(int n_lines, int share, long n)
{
    for (int i = 0; i < n_lines; i++) {
        if (!ask(i, share)) {
            return false;
        }
    }
    for (long done = 0; done < n;) {
        if (poll(fds, (nfds_t)n_lines, 10000) <= 0) {
            return false;
        }
        for (int i = 0; i < n_lines; i++) {
            if (fds[i].revents != 0 && !hear(&lines[i], fds[i].fd)) {
                return false;
            }
            if (lines[i].owed == 0) {
                done += share;
                if (!ask(i, share)) {
                    return false;
                }
            }
        }
    }
    return true;
}

int
main(int argc, char **argv)
{
    FILE *file = argc == 7 ? fopen(argv[3], "rb") : NULL;
    requests_size = file != NULL ? fread(requests, 1, sizeof requests, file) : 0;
    int in_flight = requests_size > 0 ? atoi(argv[4]) : 0;
    int n_lines = in_flight > 0 ? atoi(argv[5]) : 0;
    if (n_lines < 1 || n_lines > MAX_CONNECTIONS || in_flight < n_lines) {
        return 1;
    }
    for (int i = 0; i < n_lines; i++) {
        fds[i] = (struct pollfd){open_tcp(argv[1], atoi(argv[2])), POLLIN, 0};
    }
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    if (!run(n_lines, in_flight / n_lines, atol(argv[6]))) {
        return 1;
    }
    wall = seconds(CLOCK_MONOTONIC) - wall;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("%.6f %.6f\n", wall, cpu);
    return 0;
}
