/* What a get over TLS costs at least: OpenSSL alone sends the bytes of a request, and
 * reads those of the reply, again and again.
 *
 *     tls_floor PORT FILE N    prints the microseconds of CPU for one round
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <openssl/ssl.h>

#define WARM_UP 2000

static double
cpu_us(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e6 +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

/* Connect and shake hands. NULL when that has failed. */
static SSL *
open_tls(int port)
{
    struct sockaddr_in node = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    node.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL *ssl = SSL_new(SSL_CTX_new(TLS_client_method()));
    bool ok = connect(fd, (struct sockaddr *)&node, sizeof node) == 0 &&
              SSL_set_fd(ssl, fd) == 1 && SSL_connect(ssl) == 1;
    return ok ? ssl : NULL;
}

/* Send the request and read the frame of the reply. */
static bool
round_trip(SSL *ssl, const unsigned char *request, int size)
{
    static unsigned char reply[65536];
    int got = 0, whole = 8;
    if (SSL_write(ssl, request, size) != size) {
        return false;
    }
    while (got < whole) {
        int n = SSL_read(ssl, reply + got, (int)sizeof reply - got);
        if (n <= 0) {
            return false;
        }
        got += n;
        whole = got >= 8 ? 8 + (reply[6] << 8 | reply[7]) : 8;
    }
    return true;
}

int
main(int argc, char **argv)
{
    unsigned char request[4096];
    FILE *file = argc == 4 ? fopen(argv[2], "rb") : NULL;
    int n = argc == 4 ? atoi(argv[3]) : 0;
    int size = file != NULL ? (int)fread(request, 1, sizeof request, file) : 0;
    SSL *ssl = size > 0 ? open_tls(atoi(argv[1])) : NULL;
    double begin = 0;
    for (int i = -WARM_UP; i < n; i++) {
        if (i == 0) {
            begin = cpu_us();
        }
        if (ssl == NULL || !round_trip(ssl, request, size)) {
            return 1;
        }
    }
    printf("%.2f\n", (cpu_us() - begin) / n);
    return 0;
}
