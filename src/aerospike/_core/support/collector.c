/* This file gives other threads a turn while a long reply is read or many keys are
 * parsed. What they would see of a pause of the collector ends before. */
#include "support/collector.h"

#include <stdbool.h>

void
give_turn(module_state *st)
{
    bool pauses = st->gc_paused;
    gc_resume(st);
    Py_BEGIN_ALLOW_THREADS
    Py_END_ALLOW_THREADS
    if (pauses) {
        gc_pause(st);
    }
}
