/* This file tells how much stack a thread has left. Values may nest deep, threads may
 * have small stacks, and an overflow ends the process: whoever goes down a level asks
 * here first. */
#include "support/stack.h"

#include <pthread.h>
#include <stddef.h>

/* 64 levels and an error take so many bytes at most: sorted maps take more for a level
 * than any other kind of value. */
#define ROOM (56u << 10)

bool
stack_has_room(void)
{
    return (uintptr_t)__builtin_frame_address(0) >= stack_end() + ROOM;
}

#if defined(__linux__)

uintptr_t
stack_end(void)
{
    pthread_attr_t attr;
    void *lowest = NULL;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attr) != 0) {
        return 1;
    }
    int rc = pthread_attr_getstack(&attr, &lowest, &size);
    pthread_attr_destroy(&attr);
    return rc == 0 && lowest != NULL ? (uintptr_t)lowest : 1;
}

#elif defined(__APPLE__)

uintptr_t
stack_end(void)
{
    pthread_t self = pthread_self();
    return (uintptr_t)pthread_get_stackaddr_np(self) - pthread_get_stacksize_np(self);
}

#else /* there is no limit that we know of */

uintptr_t
stack_end(void)
{
    return 1;
}

#endif
