/* As much of a kqueue as net/poller.c asks for, made of epoll and a timerfd, so that
 * the half of that file for macOS and the BSDs is compiled and run on Linux as well.
 * What it does is what their manual pages say; it is no proof of what their kernels
 * do. */
#ifndef KQUEUE_SYS_EVENT_H
#define KQUEUE_SYS_EVENT_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct kevent {
    uintptr_t ident;
    short filter;
    unsigned short flags;
    unsigned int fflags;
    intptr_t data;
    void *udata;
};

enum { EVFILT_READ = -1, EVFILT_WRITE = -2, EVFILT_TIMER = -7 };
enum { EV_ADD = 0x01, EV_DELETE = 0x02, EV_ONESHOT = 0x10 };
enum { NOTE_USECONDS = 0x02 };

#define EV_SET(e, i, fi, fl, ff, d, u)                                                 \
    (*(e) = (struct kevent){.ident = (i),                                              \
                            .filter = (fi),                                            \
                            .flags = (fl),                                             \
                            .fflags = (ff),                                            \
                            .data = (d),                                               \
                            .udata = (u)})

/* One descriptor in one kqueue; a timer has a descriptor, too. */
typedef struct kqueue_entry {
    int kq, fd; /* kq -1: free */
    unsigned mask;
    bool is_timer;
    void *udata;
} kqueue_entry;

#define KQUEUE_MAX 1000

static kqueue_entry kqueue_entries[KQUEUE_MAX];
static size_t kqueue_n;
static pthread_mutex_t kqueue_lock = PTHREAD_MUTEX_INITIALIZER;

/* The entry with these, or with `make` a new one. NULL: there is none. */
static inline kqueue_entry *
kqueue_find(int kq, int fd, bool is_timer, bool make)
{
    kqueue_entry *unused = kqueue_n < KQUEUE_MAX ? &kqueue_entries[kqueue_n] : NULL;
    for (size_t i = 0; i < kqueue_n; i++) {
        kqueue_entry *e = &kqueue_entries[i];
        if (e->kq == kq && e->is_timer == is_timer && (is_timer || e->fd == fd)) {
            return e;
        }
        unused = e->kq < 0 ? e : unused;
    }
    if (!make || unused == NULL) {
        return NULL;
    }
    kqueue_n += unused == &kqueue_entries[kqueue_n];
    *unused = (kqueue_entry){.kq = kq, .fd = fd, .is_timer = is_timer};
    return unused;
}

/* A kqueue that was closed has left its entries behind, and perhaps its number. */
static inline int
kqueue(void)
{
    int kq = epoll_create1(EPOLL_CLOEXEC);
    pthread_mutex_lock(&kqueue_lock);
    for (size_t i = 0; kq >= 0 && i < kqueue_n; i++) {
        kqueue_entry *e = &kqueue_entries[i];
        if (e->kq == kq) {
            if (e->is_timer) {
                close(e->fd);
            }
            e->kq = -1;
        }
    }
    pthread_mutex_unlock(&kqueue_lock);
    return kq;
}

static inline int
kqueue_set_timer(int kq, const struct kevent *c)
{
    bool adds = c->flags & EV_ADD;
    kqueue_entry *e = kqueue_find(kq, -1, true, adds);
    if (e == NULL) {
        errno = ENOENT;
        return -1;
    }
    if (e->mask == 0) {
        e->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        e->mask = EPOLLIN;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = e};
        epoll_ctl(kq, EPOLL_CTL_ADD, e->fd, &event);
    }
    struct itimerspec when = {0};
    if (adds) {
        when.it_value.tv_sec = c->data / 1000000;
        when.it_value.tv_nsec = c->data % 1000000 * 1000;
    }
    return timerfd_settime(e->fd, 0, &when, NULL);
}

static inline int
kqueue_change(int kq, const struct kevent *c)
{
    unsigned bit = c->filter == EVFILT_READ ? EPOLLIN : EPOLLOUT;
    bool adds = c->flags & EV_ADD;
    if (c->filter == EVFILT_TIMER) {
        return kqueue_set_timer(kq, c);
    }
    kqueue_entry *e = kqueue_find(kq, (int)c->ident, false, adds);
    if (e == NULL || (!adds && !(e->mask & bit))) {
        errno = ENOENT;
        return -1;
    }
    int op = e->mask == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    unsigned mask = adds ? e->mask | bit : e->mask & ~bit;
    op = mask == 0 ? EPOLL_CTL_DEL : op;
    struct epoll_event event = {.events = mask, .data.ptr = e};
    int rc = epoll_ctl(kq, op, e->fd, &event);
    e->mask = rc == 0 ? mask : e->mask;
    e->udata = c->udata;
    if (e->mask == 0) {
        e->kq = -1;
    }
    return rc;
}

/* Report what is ready: both filters of a descriptor apart. What a timer that has fired
 * leaves behind is taken away. */
static inline int
kqueue_report(int kq, struct kevent *events, int max)
{
    struct epoll_event ready[64];
    int n_ready = epoll_wait(kq, ready, max < 64 ? max : 64, 0), n = 0;
    for (int i = 0; i < n_ready; i++) {
        kqueue_entry *e = ready[i].data.ptr;
        uint64_t n_fired;
        if (e->is_timer) {
            if (read(e->fd, &n_fired, sizeof n_fired) > 0 && n < max) {
                EV_SET(&events[n++], 1, EVFILT_TIMER, 0, 0, 1, NULL);
            }
            continue;
        }
        bool has_failed = ready[i].events & (EPOLLERR | EPOLLHUP);
        for (unsigned bit = EPOLLIN; bit <= EPOLLOUT; bit += EPOLLOUT - EPOLLIN) {
            if ((e->mask & bit) && (has_failed || (ready[i].events & bit)) && n < max) {
                short filter = bit == EPOLLIN ? EVFILT_READ : EVFILT_WRITE;
                EV_SET(&events[n++], (uintptr_t)e->fd, filter, 0, 0, 1, e->udata);
            }
        }
    }
    return n;
}

/* Never waits, whatever the time says: the poller asks for nothing else. */
static inline int
kevent(int kq, const struct kevent *changes, int n_changes, struct kevent *events,
       int n_events, const struct timespec *timeout)
{
    (void)timeout;
    int rc = 0;
    pthread_mutex_lock(&kqueue_lock);
    for (int i = 0; rc == 0 && i < n_changes; i++) {
        rc = kqueue_change(kq, &changes[i]);
    }
    if (rc == 0 && n_events > 0) {
        rc = kqueue_report(kq, events, n_events);
    }
    pthread_mutex_unlock(&kqueue_lock);
    return rc;
}

#endif
