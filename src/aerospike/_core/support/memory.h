/* support/memory.h -- what the process does with memory that was freed. */
#ifndef CORE_SUPPORT_MEMORY_H
#define CORE_SUPPORT_MEMORY_H

#include "support/args.h"

/* The function of the module that says so; ended by a row of NULLs. */
extern const PyMethodDef memory_functions[];

#endif
