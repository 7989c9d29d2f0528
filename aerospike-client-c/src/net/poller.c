/* The two ways in which systems tell what is ready. In both, a descriptor stays ready
 * for as long as there is something to do, so that nothing is lost when it is left for
 * the next time. */
#include "net/poller.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"

/* So many are asked for in one system call. */
#define AT_ONCE 64

#ifndef ASC_WITH_KQUEUE
#ifdef __linux__
#define ASC_WITH_KQUEUE 0
#else
#define ASC_WITH_KQUEUE 1
#endif
#endif

#if ASC_WITH_KQUEUE
#include <sys/types.h>

#include <sys/event.h>
#else
#include <sys/epoll.h>
#include <sys/timerfd.h>
#endif

static void
close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

/* The descriptors of a child are copies, and what they refer to is the parent's: they
 * are closed, and nothing is changed. */
void
asc_poller_close(asc_poller *p)
{
    close_fd(&p->timer_fd);
    close_fd(&p->fd);
}

#if ASC_WITH_KQUEUE

/* The name of the timer among all that the kqueue knows. */
#define ALARM_IDENT 1u

asc_status
asc_poller_open(asc_poller *p, asc_error *err)
{
    *p = (asc_poller){.fd = kqueue(), .timer_fd = -1, .alarm_ms = ASC_FOREVER};
    return p->fd >= 0
               ? ASC_OK
               : asc_error_set_os(err, ASC_ERR_CLIENT, errno, "cannot open a kqueue");
}

/* Add or delete one filter, if that is a change. */
static bool
change(asc_poller *p, asc_watch *w, unsigned events, unsigned event, int filter)
{
    struct kevent e;
    if ((w->events & event) == (events & event)) {
        return true;
    }
    EV_SET(&e, (uintptr_t)w->fd, (short)filter, events & event ? EV_ADD : EV_DELETE, 0,
           0, w);
    return kevent(p->fd, &e, 1, NULL, 0, NULL) == 0 || !(events & event);
}

static bool
apply(asc_poller *p, asc_watch *w, unsigned events)
{
    return change(p, w, events, ASC_WATCH_READ, EVFILT_READ) &&
           change(p, w, events, ASC_WATCH_WRITE, EVFILT_WRITE);
}

size_t
asc_poller_look(asc_poller *p, asc_watch **ready, size_t max)
{
    struct kevent events[AT_ONCE];
    const struct timespec none = {0, 0};
    int at_once = max < AT_ONCE ? (int)max : AT_ONCE;
    int n = p->fd < 0 ? 0 : kevent(p->fd, NULL, 0, events, at_once, &none);
    size_t n_ready = 0;
    for (int i = 0; i < n; i++) {
        if (events[i].udata != NULL) {
            ready[n_ready++] = (asc_watch *)events[i].udata;
        }
    }
    return n_ready;
}

/* A timer that fires once is deleted by that. A time of 0 is not the same
 * everywhere. */
static void
set_timer(asc_poller *p, uint64_t at_ms, uint64_t now_ms)
{
    struct kevent e;
    intptr_t us = at_ms > now_ms ? (intptr_t)(at_ms - now_ms) * 1000 : 1;
    EV_SET(&e, ALARM_IDENT, EVFILT_TIMER,
           at_ms == ASC_FOREVER ? EV_DELETE : EV_ADD | EV_ONESHOT, NOTE_USECONDS, us,
           NULL);
    /* To delete one that has fired fails, and changes nothing. */
    (void)kevent(p->fd, &e, 1, NULL, 0, NULL);
}

#else /* epoll */

asc_status
asc_poller_open(asc_poller *p, asc_error *err)
{
    *p = (asc_poller){.timer_fd = -1, .alarm_ms = ASC_FOREVER};
    p->fd = epoll_create1(EPOLL_CLOEXEC);
    if (p->fd >= 0) {
        p->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    }
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    if (p->timer_fd < 0 || epoll_ctl(p->fd, EPOLL_CTL_ADD, p->timer_fd, &e) < 0) {
        asc_error_set_os(err, ASC_ERR_CLIENT, errno,
                         "cannot open the descriptors of an event loop");
        asc_poller_close(p);
        return err->code;
    }
    return ASC_OK;
}

static bool
apply(asc_poller *p, asc_watch *w, unsigned events)
{
    struct epoll_event e = {.data.ptr = w};
    int op = EPOLL_CTL_MOD;
    if (events == 0) {
        op = EPOLL_CTL_DEL;
    }
    else if (w->events == 0) {
        op = EPOLL_CTL_ADD;
    }
    e.events = (events & ASC_WATCH_READ ? (unsigned)EPOLLIN : 0) |
               (events & ASC_WATCH_WRITE ? (unsigned)EPOLLOUT : 0);
    return epoll_ctl(p->fd, op, w->fd, &e) == 0 || events == 0;
}

size_t
asc_poller_look(asc_poller *p, asc_watch **ready, size_t max)
{
    struct epoll_event events[AT_ONCE];
    int at_once = max < AT_ONCE ? (int)max : AT_ONCE;
    int n = p->fd < 0 ? 0 : epoll_wait(p->fd, events, at_once, 0);
    size_t n_ready = 0;
    for (int i = 0; i < n; i++) {
        if (events[i].data.ptr != NULL) {
            ready[n_ready++] = events[i].data.ptr;
        }
    }
    return n_ready;
}

/* Setting it also takes back that it has fired. A time of 0 would stop it. */
static void
set_timer(asc_poller *p, uint64_t at_ms, uint64_t now_ms)
{
    struct itimerspec when = {0};
    if (at_ms != ASC_FOREVER) {
        uint64_t ms = at_ms > now_ms ? at_ms - now_ms : 0;
        when.it_value.tv_sec = (time_t)(ms / 1000);
        when.it_value.tv_nsec = ms == 0 ? 1 : (long)(ms % 1000) * 1000000;
    }
    (void)timerfd_settime(p->timer_fd, 0, &when, NULL);
}

#endif

bool
asc_poller_watch(asc_poller *p, asc_watch *w, int fd, unsigned events)
{
    if (w->events == events && (events == 0 || w->fd == fd)) {
        return true;
    }
    if (w->events != 0 && w->fd != fd && events != 0) {
        asc_poller_watch(p, w, w->fd, 0);
    }
    if (events != 0) {
        w->fd = fd;
    }
    bool applied = p->fd < 0 || apply(p, w, events);
    w->events = applied ? events : 0;
    return applied;
}

/* The timer is left alone when it will fire early enough: to be woken in vain from time
 * to time costs less than a system call for each change. */
void
asc_poller_alarm(asc_poller *p, uint64_t at_ms, uint64_t now_ms)
{
    bool has_fired = p->alarm_ms <= now_ms;
    if (p->fd >= 0 && (has_fired || at_ms < p->alarm_ms)) {
        set_timer(p, at_ms, now_ms);
        p->alarm_ms = at_ms > now_ms ? at_ms : now_ms;
    }
}
