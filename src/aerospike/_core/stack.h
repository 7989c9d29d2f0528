/* stack.h -- how far the C stack of a thread reaches. */
#ifndef CORE_STACK_H
#define CORE_STACK_H

#include <stdint.h>

/* The lowest address of the calling thread's stack; 1 where the system does not tell.
 * It costs system calls. */
uintptr_t stack_end(void);

#endif
