/* support/stack.h -- how far the C stack of a thread reaches. */
#ifndef CORE_SUPPORT_STACK_H
#define CORE_SUPPORT_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The lowest address of the calling thread's stack at which Python still calls
 * functions, and so an error can be raised; a small number where the system does not
 * tell. It costs system calls. */
uintptr_t stack_end(void);

/* Has the calling thread's stack room for 64 levels of a value, and for an error? */
bool stack_has_room(void);

/* The same at a level of a value that is nested so deep. Looking takes long: the first
 * 63 levels fit into any stack, and from then on each 64th level looks for those that
 * follow. */
static inline bool
stack_has_room_at(int depth)
{
    return depth % 64 != 63 || stack_has_room();
}

#endif
