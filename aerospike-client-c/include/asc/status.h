/* asc/status.h -- the status codes: every number with its name and a text, once.
 *
 * Zero and positive codes are the server's result codes, negative ones are made by
 * the client; both are the numbers that applications see. */
#ifndef ASC_STATUS_H
#define ASC_STATUS_H

/* A code of the table below, or a newer one that a server has sent. */
typedef int asc_status;

/* ROW(name, code, text) of each code. ASC_ERR_TIMEOUT may be ours or the server's, and
 * ASC_ERR_CLUSTER also says that the client is closed. The last two do not reach
 * applications: whoever calls the library acts on them (after ASC_INTERRUPTED it
 * handles the signal and calls again). */
#define ASC_STATUS_TABLE(ROW)                                                          \
    ROW(ASC_OK, 0, "ok")                                                               \
    ROW(ASC_ERR_SERVER, 1, "server error")                                             \
    ROW(ASC_ERR_RECORD_NOT_FOUND, 2, "record not found")                               \
    ROW(ASC_ERR_GENERATION, 3, "generation does not match")                            \
    ROW(ASC_ERR_REQUEST_INVALID, 4, "request refused as invalid")                      \
    ROW(ASC_ERR_RECORD_EXISTS, 5, "record exists")                                     \
    ROW(ASC_ERR_BIN_EXISTS, 6, "bin exists")                                           \
    ROW(ASC_ERR_CLUSTER_CHANGED, 7, "cluster changed during the command")              \
    ROW(ASC_ERR_SERVER_FULL, 8, "server out of space")                                 \
    ROW(ASC_ERR_TIMEOUT, 9, "timeout")                                                 \
    ROW(ASC_ERR_ALWAYS_FORBIDDEN, 10, "always forbidden in this configuration")        \
    ROW(ASC_ERR_CLUSTER, 11, "partition unavailable")                                  \
    ROW(ASC_ERR_BIN_TYPE, 12, "bin has an incompatible type")                          \
    ROW(ASC_ERR_RECORD_TOO_BIG, 13, "record too big")                                  \
    ROW(ASC_ERR_RECORD_BUSY, 14, "record busy: too many commands wait for this key")   \
    ROW(ASC_ERR_SCAN_ABORTED, 15, "scan aborted")                                      \
    ROW(ASC_ERR_UNSUPPORTED_FEATURE, 16, "feature not supported")                      \
    ROW(ASC_ERR_BIN_NOT_FOUND, 17, "bin not found")                                    \
    ROW(ASC_ERR_DEVICE_OVERLOAD, 18, "storage device overloaded")                      \
    ROW(ASC_ERR_KEY_MISMATCH, 19, "stored key differs from the key sent")              \
    ROW(ASC_ERR_NAMESPACE, 20, "namespace not found")                                  \
    ROW(ASC_ERR_BIN_NAME, 21, "bin name too long or too many bins")                    \
    ROW(ASC_ERR_FORBIDDEN, 22, "forbidden at this time")                               \
    ROW(ASC_ERR_ELEMENT_NOT_FOUND, 23, "element not found")                            \
    ROW(ASC_ERR_ELEMENT_EXISTS, 24, "element exists")                                  \
    ROW(ASC_ERR_ENTERPRISE_ONLY, 25, "needs the Enterprise Edition")                   \
    ROW(ASC_ERR_OP_NOT_APPLICABLE, 26, "operation does not apply to the value")        \
    ROW(ASC_ERR_FILTERED_OUT, 27, "filtered out by the expression")                    \
    ROW(ASC_ERR_LOST_CONFLICT, 28, "lost a conflict")                                  \
    ROW(ASC_ERR_INVALID_ENCODING, 29, "invalid text encoding")                         \
    ROW(ASC_ERR_XDR_BUSY, 32, "record is being shipped to another data center")        \
    ROW(ASC_ERR_SECURITY_NOT_SUPPORTED, 51, "security not supported by the server")    \
    ROW(ASC_ERR_SECURITY_NOT_ENABLED, 52, "security not enabled on the server")        \
    ROW(ASC_ERR_SECURITY_SCHEME, 53, "security scheme not supported")                  \
    ROW(ASC_ERR_INVALID_COMMAND, 54, "invalid security command")                       \
    ROW(ASC_ERR_INVALID_FIELD, 55, "invalid security field")                           \
    ROW(ASC_ERR_ILLEGAL_STATE, 56, "illegal state")                                    \
    ROW(ASC_ERR_INVALID_USER, 60, "invalid user")                                      \
    ROW(ASC_ERR_USER_EXISTS, 61, "user exists")                                        \
    ROW(ASC_ERR_INVALID_PASSWORD, 62, "invalid password")                              \
    ROW(ASC_ERR_EXPIRED_PASSWORD, 63, "expired password")                              \
    ROW(ASC_ERR_FORBIDDEN_PASSWORD, 64, "forbidden password")                          \
    ROW(ASC_ERR_INVALID_CREDENTIAL, 65, "invalid credential")                          \
    ROW(ASC_ERR_EXPIRED_SESSION, 66, "expired session")                                \
    ROW(ASC_ERR_INVALID_ROLE, 70, "invalid role")                                      \
    ROW(ASC_ERR_ROLE_EXISTS, 71, "role exists")                                        \
    ROW(ASC_ERR_INVALID_PRIVILEGE, 72, "invalid privilege")                            \
    ROW(ASC_ERR_INVALID_WHITELIST, 73, "invalid whitelist")                            \
    ROW(ASC_ERR_QUOTAS_NOT_ENABLED, 74, "quotas not enabled")                          \
    ROW(ASC_ERR_INVALID_QUOTA, 75, "invalid quota")                                    \
    ROW(ASC_ERR_NOT_AUTHENTICATED, 80, "not authenticated")                            \
    ROW(ASC_ERR_ROLE_VIOLATION, 81, "role violation")                                  \
    ROW(ASC_ERR_NOT_WHITELISTED, 82, "address not on the whitelist")                   \
    ROW(ASC_ERR_QUOTA_EXCEEDED, 83, "quota exceeded")                                  \
    ROW(ASC_ERR_UDF, 100, "user-defined function failed")                              \
    ROW(ASC_ERR_TXN_LOCKED, 120, "record locked by another transaction")               \
    ROW(ASC_ERR_TXN_VERSION, 121,                                                      \
        "record version changed since the transaction read it")                        \
    ROW(ASC_ERR_TXN_EXPIRED, 122, "transaction expired")                               \
    ROW(ASC_ERR_TXN_TOO_MANY_WRITES, 123, "too many writes in the transaction")        \
    ROW(ASC_ERR_TXN_COMMITTED, 124, "transaction already committed")                   \
    ROW(ASC_ERR_TXN_ABORTED, 125, "transaction already aborted")                       \
    ROW(ASC_ERR_TXN_LOCKED_BEFORE, 126, "record already locked by this transaction")   \
    ROW(ASC_ERR_TXN_MONITOR_EXISTS, 127, "transaction monitor exists")                 \
    ROW(ASC_ERR_BATCH_DISABLED, 150, "batch disabled")                                 \
    ROW(ASC_ERR_BATCH_MAX_REQUESTS, 151, "batch has too many requests")                \
    ROW(ASC_ERR_BATCH_QUEUES_FULL, 152, "batch queues full")                           \
    ROW(ASC_ERR_INVALID_GEOJSON, 160, "invalid GeoJSON")                               \
    ROW(ASC_ERR_INDEX_EXISTS, 200, "index exists")                                     \
    ROW(ASC_ERR_INDEX_NOT_FOUND, 201, "index not found")                               \
    ROW(ASC_ERR_INDEX_NO_MEMORY, 202, "index out of memory")                           \
    ROW(ASC_ERR_INDEX_NOT_READY, 203, "index not readable yet")                        \
    ROW(ASC_ERR_INDEX, 204, "index error")                                             \
    ROW(ASC_ERR_INDEX_NAME_TOO_LONG, 205, "index name too long")                       \
    ROW(ASC_ERR_INDEX_TOO_MANY, 206, "too many indexes")                               \
    ROW(ASC_ERR_QUERY_ABORTED, 210, "query aborted")                                   \
    ROW(ASC_ERR_QUERY_QUEUE_FULL, 211, "query queue full")                             \
    ROW(ASC_ERR_QUERY_TIMEOUT, 212, "query timeout on the server")                     \
    ROW(ASC_ERR_QUERY, 213, "query error")                                             \
    ROW(ASC_ERR_CLIENT, -1, "client error")                                            \
    ROW(ASC_ERR_PARAM, -2, "invalid parameter")                                        \
    ROW(ASC_ERR_INVALID_HOST, -4, "invalid host")                                      \
    ROW(ASC_ERR_CLIENT_ABORT, -5, "given up by the caller")                            \
    ROW(ASC_ERR_ASYNC_CONNECT, -6, "a reactor cannot connect")                         \
    ROW(ASC_ERR_NO_CONNECTIONS, -7, "no more connections to the node")                 \
    ROW(ASC_ERR_INVALID_NODE, -8, "no active node for the partition")                  \
    ROW(ASC_ERR_TLS, -9, "TLS error")                                                  \
    ROW(ASC_ERR_CONNECTION, -10, "connection failed")                                  \
    ROW(ASC_ERR_MAX_RETRIES, -12, "no attempt is left")                                \
    ROW(ASC_ERR_MAX_ERROR_RATE, -14, "node has exceeded its error rate")               \
    ROW(ASC_ERR_NO_RESPONSE, -15, "no response")                                       \
    ROW(ASC_ERR_BATCH_FAILED, -16, "rows of a batch failed")                           \
    ROW(ASC_ERR_TXN_FAILED, -17, "transaction failed")                                 \
    ROW(ASC_ERR_TXN_COMMITTED_HERE, -18, "committed before by this client")            \
    ROW(ASC_ERR_TXN_ABORTED_HERE, -19, "aborted before by this client")                \
    ROW(ASC_ERR_NOMEM, -1001, "out of memory")                                         \
    ROW(ASC_INTERRUPTED, -1002, "interrupted by a signal")

/* The numbers by their names. */
#define ASC_STATUS_ENUM(name, code, text) name = code,
enum { ASC_STATUS_TABLE(ASC_STATUS_ENUM) };
#undef ASC_STATUS_ENUM

/* Static name of a code: "ASC_ERR_TIMEOUT", ...; "" for a number that the table
 * lacks. */
const char *asc_status_name(asc_status code);

/* Static text of a code: "record not found", ...; "unknown error" for a number that
 * the table lacks. */
const char *asc_status_text(asc_status code);

#endif
