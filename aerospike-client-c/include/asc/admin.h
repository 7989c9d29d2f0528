/* asc/admin.h -- admin requests and replies: logins, users and roles.
 *
 * The body of such a frame is blocks, each a header and fields. A request and most
 * replies have one block. */
#ifndef ASC_ADMIN_H
#define ASC_ADMIN_H

#include "asc/buf.h"
#include "asc/error.h"
#include "asc/proto.h"

#define ASC_ADMIN_HEADER_SIZE 16u

/* Commands. */
enum {
    ASC_ADMIN_AUTHENTICATE = 0,
    ASC_ADMIN_CREATE_USER = 1,
    ASC_ADMIN_DROP_USER = 2,
    ASC_ADMIN_SET_PASSWORD = 3,
    ASC_ADMIN_CHANGE_PASSWORD = 4,
    ASC_ADMIN_GRANT_ROLES = 5,
    ASC_ADMIN_REVOKE_ROLES = 6,
    ASC_ADMIN_QUERY_USERS = 9,
    ASC_ADMIN_CREATE_ROLE = 10,
    ASC_ADMIN_DROP_ROLE = 11,
    ASC_ADMIN_GRANT_PRIVILEGES = 12,
    ASC_ADMIN_REVOKE_PRIVILEGES = 13,
    ASC_ADMIN_SET_WHITELIST = 14,
    ASC_ADMIN_SET_QUOTAS = 15,
    ASC_ADMIN_QUERY_ROLES = 16,
    ASC_ADMIN_LOGIN = 20,
};

/* Fields. */
enum {
    ASC_ADMIN_USER = 0,
    ASC_ADMIN_PASSWORD = 1, /* the hash of a new one */
    ASC_ADMIN_OLD_PASSWORD = 2,
    ASC_ADMIN_CREDENTIAL = 3, /* the hash of the password */
    ASC_ADMIN_CLEAR_PASSWORD = 4,
    ASC_ADMIN_TOKEN = 5,
    ASC_ADMIN_TOKEN_TTL = 6, /* seconds */
    ASC_ADMIN_ROLES = 10,
    ASC_ADMIN_ROLE = 11,
    ASC_ADMIN_PRIVILEGES = 12,
    ASC_ADMIN_WHITELIST = 13,
    ASC_ADMIN_READ_QUOTA = 14,
    ASC_ADMIN_WRITE_QUOTA = 15,
    ASC_ADMIN_READ_INFO = 16,
    ASC_ADMIN_WRITE_INFO = 17,
    ASC_ADMIN_CONNECTIONS = 18,
};

/* Append a request without fields to out. False when memory is short. */
bool asc_admin_begin(asc_buf *out, uint8_t command);

/* Append a field to the request, which is all that out holds. False when memory is
 * short. */
bool asc_admin_field(asc_buf *out, uint8_t id, const void *data, size_t size);

/* The command of a request, which begins at frame[0]. */
static inline uint8_t
asc_admin_command(const uint8_t *frame)
{
    return frame[ASC_PROTO_HEADER_SIZE + 2];
}

/* Is a request answered by any number of blocks, of which the last one says so by
 * ASC_ERR_QUERY_END? */
static inline bool
asc_admin_is_query(const uint8_t *frame)
{
    uint8_t command = asc_admin_command(frame);
    return command == ASC_ADMIN_QUERY_USERS || command == ASC_ADMIN_QUERY_ROLES;
}

/* A block of a reply. */
typedef struct asc_admin_block {
    uint8_t result; /* server result code */
    uint8_t n_fields;
    const uint8_t *at, *end; /* what is still to be read */
} asc_admin_block;

/* One field; its data are borrowed. */
typedef struct asc_admin_value {
    uint8_t id;
    const uint8_t *data;
    size_t size;
} asc_admin_value;

/* Read the header of a block at data[0..size). ASC_ERR_CLIENT with err set when there
 * is none. */
asc_status
asc_admin_open(asc_admin_block *b, const uint8_t *data, size_t size, asc_error *err);

/* Read the next field; asking for more than n_fields is the caller's error.
 * ASC_ERR_CLIENT with err set when it runs past the end. */
asc_status asc_admin_next(asc_admin_block *b, asc_admin_value *out, asc_error *err);

/* The blocks of whole frames, which lie one behind the other. */
typedef struct asc_admin_blocks {
    const uint8_t *at, *frame_end, *end;
} asc_admin_blocks;

/* Begin with the frames at data[0..size), which are borrowed. */
void asc_admin_blocks_begin(asc_admin_blocks *blocks, const uint8_t *data, size_t size);

/* Go to the next block, whose fields are then all whole, so that reading them cannot
 * fail. False at the end, with err as it was, and with err set when the next one is
 * malformed. */
bool
asc_admin_blocks_next(asc_admin_blocks *blocks, asc_admin_block *out, asc_error *err);

#endif
