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
    ASC_ADMIN_LOGIN = 20,
};

/* Fields. */
enum {
    ASC_ADMIN_USER = 0,
    ASC_ADMIN_CREDENTIAL = 3, /* the hash of the password */
    ASC_ADMIN_CLEAR_PASSWORD = 4,
    ASC_ADMIN_TOKEN = 5,
    ASC_ADMIN_TOKEN_TTL = 6, /* seconds */
};

/* Append a request without fields to out. False when memory is short. */
bool asc_admin_begin(asc_buf *out, uint8_t command);

/* Append a field to the request, which is all that out holds. False when memory is
 * short. */
bool asc_admin_field(asc_buf *out, uint8_t id, const void *data, size_t size);

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

#endif
