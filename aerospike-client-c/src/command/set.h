/* command/set.h -- the inside of a set: exchanges side by side, which are stepped
 * without waiting. asc_set_wait is the driver that does the waiting. */
#ifndef ASC_COMMAND_SET_H
#define ASC_COMMAND_SET_H

#include "asc/set.h"
#include "command/exchange.h"
#include "command/ride.h"

/* How far a member has come. */
typedef enum asc_member_state {
    ASC_MEMBER_NEW,   /* its exchange has not begun */
    ASC_MEMBER_LIVE,  /* its exchange is under way */
    ASC_MEMBER_ENDED, /* its exchange has ended, or was ended by asc_set_end */
} asc_member_state;

/* A member: one part of a set, with the exchange that carries its request. */
typedef struct asc_member {
    asc_part part; /* first, so that a pointer to it is one to the member */
    asc_exchange x;
    asc_buf places; /* owned: of the messages that were found */
    asc_want want;
    asc_member_state state;
    bool handed_out;   /* by asc_set_unwritten */
    bool due;          /* step it, whatever the time */
    bool taken;        /* asc_set_take has handed it out, for this time */
    asc_set *set;      /* borrowed: the one it is in */
    uint64_t start_ms; /* its exchange does not begin before */
    asc_watch watch;   /* what a loop watches for it */

    /* What the owner of the set keeps: */
    uint32_t id, n_answered; /* batches: its number, and how many rows are answered */
    void *share;             /* queries: its asc_share */
} asc_member;

/* What owns a set and is told of its members: a batch or a query. */
typedef struct asc_set_owner {
    asc_message_note *note; /* its first argument is an asc_member */
    /* Hear that a member, which has ended and was taken, leaves the set. NULL: there is
     * nothing to do. */
    void (*leaves)(void *self, asc_member *m);
    void *self;
} asc_set_owner;

struct asc_set {
    asc_cluster *cluster; /* borrowed */
    asc_set_options options;
    asc_set_owner owner;
    asc_member **members; /* owned; the array has room for `cap` */
    asc_member **spare;   /* owned; likewise */
    struct pollfd *polls; /* owned; likewise */
    size_t n, n_spare, cap;
    size_t keep; /* each buffer of a spare member keeps up to so many bytes */
    size_t next; /* whom asc_set_take looks at first */
    uint64_t begin_ms, deadline_ms;
    uint64_t left_ms;         /* when asc_set_wait returned; 0: it never did */
    unsigned fork_count;      /* of the process that began it */
    asc_ride ride;            /* for the time that it is in a loop */
    const asc_driver *driver; /* static: the loop's; NULL outside of one */
};

/* asc_set_begin at a time that the caller gives. owner NULL: there is none. */
void asc_set_begin_at(asc_set *s, asc_cluster *cluster, const asc_set_options *options,
                      const asc_set_owner *owner, uint64_t now_ms);

/* Add a member whose request goes to the node of that name, not before start_ms; the
 * caller fills in the rest. NULL when memory is short. */
asc_member *asc_set_add(asc_set *s, const char *node_name, uint64_t start_ms);

/* Free the members whose end was taken, and go on with those whose frames were.
 * asc_set_wait begins with this. */
void asc_set_go_on(asc_set *s, uint64_t now_ms);

/* Abandon the set, and give back what its members own beyond n bytes in all. */
void asc_set_trim(asc_set *s, size_t n);

/* End a member that was taken, with the failure in its part, because the reader of its
 * frames has found an impossible one. A connection under way is closed. */
void asc_set_end(asc_member *m);

/* Begin, or go on, to drive a set: what asc_set_wait does at first. What was begun in
 * the parent of this process ends. */
void asc_set_enter(asc_set *s, uint64_t now_ms);

/* End all members under way in the child of a fork. */
void asc_set_leave_behind(asc_set *s);

/* Step the members that are due. True when the caller of asc_set_wait has something to
 * do. */
bool asc_set_step(asc_set *s, uint64_t now_ms);

/* When the next member must be stepped even if nothing comes. */
uint64_t asc_set_wake_ms(const asc_set *s);

#endif
