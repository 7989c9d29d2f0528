/* A line that is seen empty tells that all who were counted on it before have left.
 * Readers are inside for less than a microsecond of each call, so that this moment
 * comes soon, even when others enter meanwhile. Who waits sleeps: a thread that only
 * gives up its turn might keep a reader of less priority from leaving. */
#include "base/readers.h"

#include <time.h>

#include "base/time.h"

#define LOOK_AGAIN_NS 50000

bool
asc_readers_wait(asc_readers *r, uint64_t until_ms)
{
    const struct timespec pause = {.tv_nsec = LOOK_AGAIN_NS};
    for (unsigned i = 0; i < ASC_READERS_LINES; i++) {
        while (atomic_load(&r->lines[i].n) != 0) {
            if (asc_now_ms() >= until_ms) {
                return false;
            }
            nanosleep(&pause, NULL);
        }
    }
    return true;
}

void
asc_readers_forget(asc_readers *r)
{
    for (unsigned i = 0; i < ASC_READERS_LINES; i++) {
        atomic_store(&r->lines[i].n, 0);
    }
}
