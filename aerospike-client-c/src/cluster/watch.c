/* Watchers are counted: one who is being told stays in the list until that is over, and
 * is told nothing else when he has ended meanwhile. */
#include "cluster/watch.h"

#include "asc/alloc.h"

struct asc_watcher {
    asc_watcher *next;
    asc_tend_watch watch;
    unsigned refs; /* guarded by the lock of the list, and so is has_ended */
    bool has_ended;
};

asc_status
asc_watchers_add(asc_watchers *l, const asc_tend_watch *watch, asc_error *err)
{
    asc_watcher *w = asc_calloc(1, sizeof *w);
    if (w == NULL) {
        return asc_error_set(err, ASC_ERR_NOMEM, "watch");
    }
    w->watch = *watch;
    w->refs = 1;
    pthread_mutex_lock(&l->lock);
    w->next = l->first;
    l->first = w;
    pthread_mutex_unlock(&l->lock);
    return ASC_OK;
}

/* Drop a count. The watcher is told without the lock, since he may run anything. */
static void
drop(asc_watchers *l, asc_watcher *w)
{
    pthread_mutex_lock(&l->lock);
    bool is_last = --w->refs == 0;
    for (asc_watcher **at = &l->first; is_last && *at != NULL; at = &(*at)->next) {
        if (*at == w) {
            *at = w->next;
            break;
        }
    }
    pthread_mutex_unlock(&l->lock);
    if (is_last) {
        w->watch.release(w->watch.self);
        asc_free(w);
    }
}

bool
asc_watchers_end(asc_watchers *l, const void *name)
{
    pthread_mutex_lock(&l->lock);
    asc_watcher *w = l->first;
    while (w != NULL && (w->watch.name != name || w->has_ended)) {
        w = w->next;
    }
    if (w != NULL) {
        w->has_ended = true;
    }
    pthread_mutex_unlock(&l->lock);
    if (w != NULL) {
        drop(l, w);
    }
    return w != NULL;
}

/* The next watcher behind one, counted; one that is counted stays in the list. */
static asc_watcher *
next_watcher(asc_watchers *l, const asc_watcher *w)
{
    pthread_mutex_lock(&l->lock);
    asc_watcher *next = w != NULL ? w->next : l->first;
    while (next != NULL && next->has_ended) {
        next = next->next;
    }
    if (next != NULL) {
        next->refs++;
    }
    pthread_mutex_unlock(&l->lock);
    return next;
}

void
asc_watchers_init(asc_watchers *l)
{
    *l = (asc_watchers){0};
    pthread_mutex_init(&l->lock, NULL);
}

bool
asc_watchers_are_there(asc_watchers *l)
{
    pthread_mutex_lock(&l->lock);
    bool are_there = l->first != NULL;
    pthread_mutex_unlock(&l->lock);
    return are_there;
}

void
asc_watchers_tell(asc_watchers *l, const asc_cluster_stats *stats)
{
    asc_watcher *w = next_watcher(l, NULL);
    while (w != NULL) {
        w->watch.tended(w->watch.self, stats);
        asc_watcher *next = next_watcher(l, w);
        drop(l, w);
        w = next;
    }
}

/* Without memory nobody hears of this node. */
void
asc_watchers_note_gone(asc_watchers *l, asc_node *n)
{
    asc_node **gone = asc_watchers_are_there(l)
                          ? asc_realloc(l->gone, (l->n_gone + 1) * sizeof *gone)
                          : NULL;
    if (gone != NULL) {
        asc_node_retain(n);
        gone[l->n_gone++] = n;
        l->gone = gone;
    }
}

void
asc_watchers_forget_gone(asc_watchers *l)
{
    for (size_t i = 0; i < l->n_gone; i++) {
        asc_node_release(l->gone[i]);
    }
    asc_free(l->gone);
    l->gone = NULL;
    l->n_gone = 0;
}

void
asc_watchers_after_fork(asc_watchers *l)
{
    pthread_mutex_init(&l->lock, NULL);
    for (asc_watcher *w = l->first; w != NULL; w = w->next) {
        w->refs = 1;
    }
    l->gone = NULL;
    l->n_gone = 0;
}

void
asc_watchers_clear(asc_watchers *l)
{
    for (asc_watcher *w; (w = l->first) != NULL;) {
        w->refs = 1;
        drop(l, w);
    }
    asc_watchers_forget_gone(l);
    pthread_mutex_destroy(&l->lock);
}
