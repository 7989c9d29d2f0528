/* support/random.h -- numbers that nobody else has by chance. */
#ifndef CORE_SUPPORT_RANDOM_H
#define CORE_SUPPORT_RANDOM_H

#include "support/state.h"

/* *out = 64 bits of the system's randomness. 0, or -1 with an exception. */
int random_u64(module_state *st, uint64_t *out);

#endif
