/* command/set.h -- the inside of a set: exchanges side by side, stepped without
 * waiting. asc_set_wait is the driver that waits for them. */
#ifndef ASC_COMMAND_SET_H
#define ASC_COMMAND_SET_H

#include "asc/set.h"
#include "command/exchange.h"

/* How far a member has come. */
typedef enum asc_member_state {
    ASC_MEMBER_NEW,
    ASC_MEMBER_LIVE,
    ASC_MEMBER_ENDED,
} asc_member_state;

/* One request of a set, with the exchange that carries it. */
typedef struct asc_member {
    asc_part part; /* first, so that a part is a member */
    asc_exchange x;
    asc_want want;
    asc_member_state state;
    bool handed_out; /* by asc_set_unwritten */
    bool due;        /* step it, whatever the time */
    bool taken;
    asc_set *set;      /* borrowed: the one it is in */
    uint64_t start_ms; /* not before */

    /* What its owner keeps: */
    uint32_t id, n_answered; /* batches */
    void *share;             /* queries: asc_share */
} asc_member;

/* For batches and queries, which own a set. */
typedef struct asc_set_owner {
    asc_message_note *note; /* its first argument is an asc_member */
    /* A member has ended, was taken and leaves the set; NULL: nothing to do. */
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
    size_t next; /* whom asc_set_take looks at first */
    uint64_t begin_ms, deadline_ms;
    uint64_t left_ms;    /* when asc_set_wait returned; 0: it never did */
    unsigned fork_count; /* of the process that began it */
};

/* asc_set_begin at a time. owner NULL: there is none. */
void asc_set_begin_at(asc_set *s, asc_cluster *cluster, const asc_set_options *options,
                      const asc_set_owner *owner, uint64_t now_ms);

/* A new member to be filled in, whose request goes to the node of that name, not before
 * start_ms. NULL when memory is short. */
asc_member *asc_set_add(asc_set *s, const char *node_name, uint64_t start_ms);

/* Free what was taken and go on with it, as asc_set_wait does at first. */
void asc_set_go_on(asc_set *s, uint64_t now_ms);

/* End a member that was taken, with the failure that its part tells: whoever reads what
 * came finds that it cannot be. A connection under way is closed. */
void asc_set_end(asc_member *m);

/* Step the members that are due. True when the caller of asc_set_wait has something to
 * do. */
bool asc_set_step(asc_set *s, uint64_t now_ms);

/* When the next of them must be stepped, though nothing comes. */
uint64_t asc_set_wake_ms(const asc_set *s);

#endif
