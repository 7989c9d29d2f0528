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
    "By default the C library returns memory to the system when the values of a\n"
    "large batch are deleted, and the next batch has to get it again, which takes\n"
    "time. This call changes that for the whole process, and cannot be undone.\n\n"
    ":param size: bytes, 131072 (128 KB) to 2147483647. Each heap of the process\n"
    "    keeps up to this many free bytes at its end. Blocks smaller than this and\n"
    "    smaller than 32 MB come from the heap.\n"
    ":return: True; False if the C library has no such setting, such as musl and that\n"
    "    of macOS.\n"
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
