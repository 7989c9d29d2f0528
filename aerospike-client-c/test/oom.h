/* oom.h -- what happens with each allocation failing in turn: at first the nth and all
 * that follow it, as when memory has run out, then the nth alone, as when a large block
 * cannot be had.
 *
 *     for (oom o = {.name = "this"}; oom_next(&o);) {
 *         prepare();
 *         oom_begin(&o);
 *         asc_status rc = carry_out();
 *         oom_end(&o);
 *         judge(rc);
 *     }
 *
 * The last round of each kind is one in which nothing has failed. */
#ifndef OOM_H
#define OOM_H

#include "asc/alloc.h"
#include "asc/log.h"
#include "kit.h"

/* So many allocations are tried: more would mean that there is no end to them. */
#define OOM_MOST 2000u

typedef struct oom {
    const char *name;
    unsigned long nth; /* the allocation that fails; 0 before the first round */
    unsigned long n;   /* allocations that it took when none failed */
    bool alone, is_over;
} oom;

/* Go on to the next round; false when there is none. */
static inline bool
oom_next(oom *o)
{
    if (o->is_over && o->alone) {
        kit_note(NULL);
        CHECK(o->n > 0); /* or nothing was tried */
        return false;
    }
    o->alone = o->alone || o->is_over;
    o->nth = o->is_over ? 1 : o->nth + 1;
    o->is_over = false;
    kit_note("%s, allocation %lu fails%s", o->name, o->nth, o->alone ? " alone" : "");
    return true;
}

/* A sink for what is logged while memory is short: it must say something. */
static inline void
oom_ignore_log(asc_log_level level, const char *func, const char *file, int line,
               const char *message)
{
    (void)level, (void)func, (void)file, (void)line;
    CHECK(message[0] != '\0');
}

/* From here on memory is short, */
static inline void
oom_begin(const oom *o)
{
    (o->alone ? asc_alloc_fail_alone : asc_alloc_fail_after)(o->nth);
}

/* and here it is back. */
static inline void
oom_end(oom *o)
{
    o->is_over = !asc_alloc_has_failed() || !CHECK(o->nth < OOM_MOST);
    asc_alloc_fail_after(0);
    o->n = o->alone ? o->n : o->nth - 1;
}

#endif
