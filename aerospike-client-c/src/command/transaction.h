/* command/transaction.h -- the inside of a transaction. */
#ifndef ASC_COMMAND_TRANSACTION_H
#define ASC_COMMAND_TRANSACTION_H

#include <pthread.h>
#include <stdatomic.h>

#include "asc/transaction.h"

/* A record that a command was about. */
typedef struct asc_txn_entry {
    uint64_t version; /* in which it was read; 0: it was not, or was written since */
    uint32_t set;     /* the number of its set */
    uint8_t digest[ASC_DIGEST_SIZE];
    bool is_written; /* or may be */
} asc_txn_entry;

struct asc_txn {
    atomic_uint n_users;
    uint64_t id;
    unsigned fork_count; /* of the process that has made it */
    _Atomic asc_txn_state state;
    atomic_bool in_doubt;
    _Atomic uint32_t timeout_s;
    _Atomic uint32_t deadline; /* as the servers count; 0: there is no monitor yet */
    pthread_mutex_t lock;      /* of all below */
    char ns[ASC_MAX_NAMESPACE_SIZE + 1]; /* "": no command has begun */
    const void *ender;                   /* who ends it, or NULL: compared alone */
    bool write_in_doubt;    /* so that the monitor must stay, for the servers to look */
    uint32_t n_under_way;   /* commands */
    uint32_t n_reserved;    /* keys of commands that are under way */
    asc_txn_entry *entries; /* owned; in the order in which they came */
    uint32_t n_entries, cap_entries, cap_first;
    uint32_t
        *slots; /* owned: numbers of entries by their digests, from 1 on; 0: free */
    uint32_t n_slots; /* a power of two, four times cap_entries, which is one */
    char **sets;      /* owned, and so are the names, ended by NUL */
    uint32_t n_sets;
};

/* Keep the deadline that the reply of the monitor has, if it has one. */
void asc_txn_take_deadline(asc_txn *t, const asc_msg *m);

/* Append the field of a version; nothing when it is 0. False when memory is short. */
bool asc_txn_put_version(uint64_t version, asc_writer *w);

#endif
