/* This file lets a program say how much freed memory its process keeps. What the
 * allocator of the C library gives back to the system, and gets again for the next
 * batch, costs a page fault for each 4 KB: as much time as the records themselves. */
#include "support/memory.h"

#include <limits.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "support/errors.h"

/* glibc takes larger blocks from the system, whatever it is told. */
#define LARGEST_ON_HEAP (32 << 20)

/* Tell the allocator. Only glibc can be told. */
static bool
keep(int size)
{
#ifdef __GLIBC__
    int on_heap = size < LARGEST_ON_HEAP ? size : LARGEST_ON_HEAP;
    return mallopt(M_MMAP_THRESHOLD, on_heap) && mallopt(M_TRIM_THRESHOLD, size);
#else
    (void)size;
    return false;
#endif
}

static const char doc_keep_memory[] =
    "keep_memory($module, size)\n--\n\n"
    "Let the process keep freed memory for the next calls.\n\n"
    "By default the allocator of the C library gives memory back to the system when\n"
    "the values of a large batch are dropped, and the next batch pays for getting it\n"
    "again. This is for the whole process, from now on, and cannot be undone.\n\n"
    ":param size: bytes, 131072 (128 KB) to 2147483647. Each heap of the process\n"
    "    keeps up to so much at its end; blocks below it, and below 32 MB, come from\n"
    "    the heap.\n"
    ":return: True; False where the C library has no such setting, as musl and macOS.\n"
    ":raises ParamError: size is out of range.";

static PyObject *
core_keep_memory(FUNCTION_PARAMS)
{
    static const char *const names[] = {"size", NULL};
    PyObject *argv[1];
    module_state *st = PyModule_GetState(module);
    if (parse_args("keep_memory", names, 1, args, nargs, kwnames, argv) < 0) {
        return NULL;
    }
    if (!PyLong_Check(argv[0])) {
        raise_param(st, "size must be an int" DETAIL "got %s",
                    Py_TYPE(argv[0])->tp_name);
        return NULL;
    }
    int overflow;
    long size = PyLong_AsLongAndOverflow(argv[0], &overflow);
    if (overflow != 0 || size < 128 << 10 || size > INT_MAX) {
        raise_param(st, "size must be from %d to %d bytes", 128 << 10, INT_MAX);
        return NULL;
    }
    return PyBool_FromLong(keep((int)size));
}

const PyMethodDef memory_functions[] = {
    FUNCTION_ROW("keep_memory", core_keep_memory, doc_keep_memory),
    {NULL, NULL, 0, NULL},
};
