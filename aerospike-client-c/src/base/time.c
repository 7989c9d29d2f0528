/* The monotonic clock, so that deadlines hold when somebody sets the time of day. */
#include "base/time.h"

#include <limits.h>
#include <time.h>

/* The 1 keeps the result from ever being 0, which stands for "never" in several
 * structs. */
uint64_t
asc_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u + 1u;
}

/* A wait longer than poll() can express is cut: callers look at the clock again
 * anyhow. */
int
asc_poll_timeout(uint64_t deadline_ms, uint64_t now_ms)
{
    if (deadline_ms == ASC_FOREVER) {
        return -1;
    }
    if (deadline_ms <= now_ms) {
        return 0;
    }
    uint64_t left = deadline_ms - now_ms;
    return left > INT_MAX ? INT_MAX : (int)left;
}
