/* asc/transaction.h -- what a client keeps of a transaction, and what each command of
 * it must say.
 *
 * The records that a transaction writes are provisional until it is committed. A record
 * of its own, the monitor, lists their keys, so that the servers can end it if the
 * client does not. So a command that writes goes out in two steps:
 *
 *     asc_txn_enter(t, ns, 1, &err)          from here on the transaction stays open
 *     if (!asc_txn_has_written(t, digest))
 *         register the key                   asc/ending.h: ASC_TXN_REGISTER
 *     asc_txn_put_fields(...)                in the request, behind the key
 *     asc_txn_answered(...) or asc_txn_doubted(...)
 *     asc_txn_leave(t, 1)
 *
 * A command that only reads does without registering. Any number of threads may share a
 * transaction. One that was made before a fork belongs to the parent, and the child can
 * do nothing with it. */
#ifndef ASC_TRANSACTION_H
#define ASC_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asc/error.h"
#include "asc/reader.h"
#include "asc/writer.h"

/* The numbers of the TXN_STATE_* constants. */
typedef enum asc_txn_state {
    ASC_TXN_OPEN,
    ASC_TXN_VERIFIED, /* nothing has changed of what it has read */
    ASC_TXN_COMMITTED,
    ASC_TXN_ABORTED,
    ASC_TXN_COMMIT_FAILED, /* nobody knows whether it is committed; try again */
} asc_txn_state;

typedef struct asc_txn asc_txn;

/* A transaction with a random number that is not 0, counted once, with room for so many
 * keys at first. NULL when memory is short. */
asc_txn *asc_txn_new(uint64_t id, uint32_t n_keys);
asc_txn *asc_txn_retain(asc_txn *t);
void asc_txn_release(asc_txn *t); /* NULL is fine */

/* What anybody may look at, at any time. */
uint64_t asc_txn_id(const asc_txn *t);
asc_txn_state asc_txn_get_state(const asc_txn *t);
bool asc_txn_in_doubt(const asc_txn *t);
uint32_t asc_txn_timeout_s(const asc_txn *t); /* 0: as the server is configured */
void asc_txn_set_timeout(asc_txn *t, uint32_t timeout_s);

/* --- commands --- */

/* A command on so many keys of a namespace begins. The namespace of a transaction is
 * that of its first command. ASC_ERR_PARAM: the transaction is not open, it is of
 * another namespace, or it was made in a parent process. ASC_ERR_NOMEM. */
asc_status asc_txn_enter(asc_txn *t, const char *ns, uint32_t n_keys, asc_error *err);

/* It has ended: nothing will come of it any more. */
void asc_txn_leave(asc_txn *t, uint32_t n_keys);

/* The number of a set in this transaction, which the functions below take. False when
 * memory is short. */
bool asc_txn_number_set(asc_txn *t, const void *set, size_t size, uint32_t *number);

/* Has a command written the record, so that its key is registered? */
bool asc_txn_has_written(asc_txn *t, const uint8_t *digest);

/* The version in which the transaction has read a record; 0: it has not. */
uint64_t asc_txn_version(asc_txn *t, const uint8_t *digest);

/* Append the fields that a command on a record has in a transaction; version is that of
 * asc_txn_version(). They stand behind the digest, in the row of a batch behind the
 * set. False when memory is short. */
bool asc_txn_put_fields(asc_txn *t, uint64_t version, bool writes, asc_writer *w);

/* Insert the same fields into a message that is written, `at` such a place in it. The
 * caller ends the message once more. False when memory is short. */
bool asc_txn_insert_fields(asc_txn *t, uint64_t version, bool writes, asc_writer *w,
                           size_t at);

/* A node has answered a command on a record. The caller has entered for it. */
void asc_txn_answered(asc_txn *t, uint32_t set, const uint8_t *digest, bool writes,
                      const asc_msg *m);

/* Nobody has, and the record may be written all the same. */
void asc_txn_doubted(asc_txn *t, uint32_t set, const uint8_t *digest);

/* --- its end --- */

/* ASC_ERR_PARAM in a process that has not made it: the child of a fork, which may have
 * been forked in the middle of its end. */
asc_status asc_txn_check_process(const asc_txn *t, asc_error *err);

/* Begin to end it: from here on no command begins, and nobody else can end it. `who` is
 * an address that nobody else has. ASC_ERR_PARAM: somebody is at it, or it was made in
 * a parent process. */
asc_status asc_txn_begin_end(asc_txn *t, const void *who, asc_error *err);

/* Say how far that has come. Only who has begun to end it may. */
void asc_txn_set_state(asc_txn *t, asc_txn_state state, bool in_doubt);

/* Let go of it again; nothing if it is not `who` that has begun. */
void asc_txn_end_end(asc_txn *t, const void *who);

/* Forget its records and its monitor: it is committed, and nothing is left to do. */
void asc_txn_forget(asc_txn *t);

/* How many commands are under way in this process. */
uint32_t asc_txn_n_under_way(asc_txn *t);

#endif
