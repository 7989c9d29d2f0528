/* The driver for event loops. In this first form a turn waits for each call and set that
 * was submitted, one after another. */
#include "asc/loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "asc/alloc.h"
#include "command/call.h"
#include "command/set.h"

/* A call or a set that was submitted. */
typedef struct item {
    asc_call *call; /* borrowed; NULL: a set */
    asc_set *set;   /* borrowed */
    asc_error *err; /* borrowed; of a call */
    void *owner;
    bool ended;
} item;

struct asc_loop {
    asc_cluster *cluster; /* counted */
    int fd;
    item *items; /* owned */
    size_t n, cap;
};

asc_status
asc_loop_new(asc_loop **out, asc_cluster *cluster, asc_error *err)
{
    asc_loop *l = asc_calloc(1, sizeof *l);
    if (l == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "event loop");
    }
    l->fd = epoll_create1(EPOLL_CLOEXEC);
    l->cluster = cluster;
    asc_cluster_retain(cluster);
    *out = l;
    return ASC_OK;
}

void
asc_loop_free(asc_loop *l)
{
    if (l != NULL) {
        close(l->fd);
        asc_cluster_release(l->cluster);
        asc_free(l->items);
        asc_free(l);
    }
}

int
asc_loop_fd(const asc_loop *l)
{
    return l->fd;
}

static void
add(asc_loop *l, item it)
{
    if (l->n == l->cap) {
        l->cap = l->cap * 2 + 16;
        l->items = asc_realloc(l->items, l->cap * sizeof *l->items);
    }
    l->items[l->n++] = it;
}

void
asc_loop_submit(asc_loop *l, asc_call *c, asc_error *err, void *owner)
{
    add(l, (item){.call = c, .err = err, .owner = owner});
}

void
asc_loop_submit_set(asc_loop *l, asc_set *s, void *owner)
{
    add(l, (item){.set = s, .owner = owner});
}

void
asc_loop_turn(asc_loop *l)
{
    for (size_t i = 0; i < l->n; i++) {
        item *it = &l->items[i];
        asc_error ignored;
        asc_error_reset(&ignored);
        while (!it->ended) {
            asc_status rc = it->call != NULL
                                ? asc_call_run(it->call, l->cluster, it->err)
                                : asc_set_wait(it->set, &ignored);
            it->ended = rc != ASC_INTERRUPTED;
        }
    }
}

static void
take_out(asc_loop *l, size_t i)
{
    l->n--;
    for (; i < l->n; i++) {
        l->items[i] = l->items[i + 1];
    }
}

void *
asc_loop_take(asc_loop *l)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->items[i].ended) {
            void *owner = l->items[i].owner;
            take_out(l, i);
            return owner;
        }
    }
    return NULL;
}

bool
asc_loop_abandon(asc_loop *l, asc_call *c)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->items[i].call == c) {
            bool in_doubt = l->items[i].ended && c->req.writes;
            take_out(l, i);
            return in_doubt;
        }
    }
    return false;
}

bool
asc_loop_abandon_set(asc_loop *l, asc_set *s)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->items[i].set == s) {
            take_out(l, i);
            break;
        }
    }
    asc_set_abandon(s);
    return false;
}
