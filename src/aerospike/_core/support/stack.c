/* This file tells how much stack a thread has left. Values may nest deep, threads may
 * have small stacks, and an overflow ends the process: whoever goes down a level asks
 * here first. */
#include "support/stack.h"

#include <Python.h>

#include <pthread.h>

/* 64 levels and an error take so many bytes at most: sorted maps take more for a level
 * than any other kind of value. */
#define ROOM (56u << 10)

/* From 3.14 on Python keeps away from the end of a stack by two of its margins of 2048
 * pointers each, 4096 in a debug build: there it calls nothing, and raises
 * RecursionError. */
#if PY_VERSION_HEX < 0x030E0000
#define KEPT_BY_PYTHON 0
#elif defined(Py_DEBUG)
#define KEPT_BY_PYTHON (2 * 4096 * sizeof(void *))
#else
#define KEPT_BY_PYTHON (2 * 2048 * sizeof(void *))
#endif

/* --- lowest address of the calling thread's stack; 1: the system does not tell --- */

#if defined(__linux__)

static uintptr_t
lowest_address(void)
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

static uintptr_t
lowest_address(void)
{
    pthread_t self = pthread_self();
    return (uintptr_t)pthread_get_stackaddr_np(self) - pthread_get_stacksize_np(self);
}

#else /* there is no limit that we know of */

static uintptr_t
lowest_address(void)
{
    return 1;
}

#endif

/* --- what of it is left --- */

uintptr_t
stack_end(void)
{
    return lowest_address() + KEPT_BY_PYTHON;
}

bool
stack_has_room(void)
{
    return (uintptr_t)__builtin_frame_address(0) >= stack_end() + ROOM;
}
