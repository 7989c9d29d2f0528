/* A node that costs nothing: preloaded, this answers requests about records out of
 * memory, so that only the client's own work is left of a call.
 *
 * At first all goes to the real node. From from_memory() on, a message that is sent
 * does not leave, and what is received on its socket next is the reply that came to the
 * last message before. Info requests, by which a client watches its cluster, go on to
 * the node.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#define N_SOCKETS 1024
#define MESSAGE 3 /* the second byte of a frame: its type */

typedef ssize_t (*sender)(int, const void *, size_t, int);
typedef ssize_t (*receiver)(int, void *, size_t, int);

/* A socket is used by one thread at a time. Each has cache lines of its own. */
static struct {
    _Alignas(128) bool asked; /* a message was sent, and no reply was received yet */
} sockets[N_SOCKETS];

static sender real_send;
static receiver real_recv;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_bool answers;
static char reply[4096];
static size_t reply_size;

static void
find(void)
{
    real_send = (sender)dlsym(RTLD_NEXT, "send");
    real_recv = (receiver)dlsym(RTLD_NEXT, "recv");
}

/* Begin to answer. Returns the size of the reply; 0: none has come, or a larger one. */
size_t
from_memory(void)
{
    answers = reply_size > 0;
    return reply_size;
}

ssize_t
send(int fd, const void *data, size_t size, int flags)
{
    pthread_once(&once, find);
    bool asks = fd < N_SOCKETS && size > 1 && ((const char *)data)[1] == MESSAGE;
    if (asks) {
        sockets[fd].asked = true;
    }
    return asks && answers ? (ssize_t)size : real_send(fd, data, size, flags);
}

ssize_t
recv(int fd, void *data, size_t size, int flags)
{
    pthread_once(&once, find);
    bool asked = fd < N_SOCKETS && sockets[fd].asked && (flags & MSG_PEEK) == 0;
    if (asked && answers && size >= reply_size) {
        sockets[fd].asked = false;
        memcpy(data, reply, reply_size);
        return (ssize_t)reply_size;
    }
    ssize_t n = real_recv(fd, data, size, flags);
    if (asked && n > 0) {
        sockets[fd].asked = false;
        reply_size = (size_t)n <= sizeof reply ? (size_t)n : 0;
        memcpy(reply, data, reply_size);
    }
    return n;
}
