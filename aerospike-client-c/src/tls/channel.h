/* tls/channel.h -- one connection over TLS, behind the functions of a transport. */
#ifndef ASC_TLS_CHANNEL_H
#define ASC_TLS_CHANNEL_H

#include "net/conn.h"
#include "tls/context.h"

/* The functions; an object of tls/object.h has them as its first member. retain and
 * release are the object's. */
extern const asc_transport asc_tls_channel;

/* What OpenSSL calls in them. */
extern const asc_tls_hooks asc_tls_channel_hooks;

#endif
