/* asc/status.h -- the status codes: every number with its name, its symbol and a text,
 * once.
 *
 * Zero and positive codes are the server's result codes, negative ones are made by
 * the client; both are the numbers that applications see. */
#ifndef ASC_STATUS_H
#define ASC_STATUS_H

/* A code of the table below, or a newer one that a server has sent. */
typedef int asc_status;

/* ROW(name, code, symbol, text) of each code. The symbol is the name that Aerospike's
 * own clients and manuals give the code. ASC_ERR_TIMEOUT may be ours or the server's,
 * and ASC_ERR_CLUSTER also says that the client is closed. The last two do not reach
 * applications: whoever calls the library acts on them (after ASC_INTERRUPTED it
 * handles the signal and calls again). */
#define ASC_STATUS_TABLE(ROW)                                                          \
    ROW(ASC_OK, 0, "AEROSPIKE_OK", "ok")                                               \
    ROW(ASC_ERR_SERVER, 1, "AEROSPIKE_ERR_SERVER", "server error")                     \
    ROW(ASC_ERR_RECORD_NOT_FOUND, 2, "AEROSPIKE_ERR_RECORD_NOT_FOUND",                 \
        "record not found")                                                            \
    ROW(ASC_ERR_GENERATION, 3, "AEROSPIKE_ERR_RECORD_GENERATION",                      \
        "generation does not match")                                                   \
    ROW(ASC_ERR_REQUEST_INVALID, 4, "AEROSPIKE_ERR_REQUEST_INVALID",                   \
        "request refused as invalid")                                                  \
    ROW(ASC_ERR_RECORD_EXISTS, 5, "AEROSPIKE_ERR_RECORD_EXISTS", "record exists")      \
    ROW(ASC_ERR_BIN_EXISTS, 6, "AEROSPIKE_ERR_BIN_EXISTS", "bin exists")               \
    ROW(ASC_ERR_CLUSTER_CHANGED, 7, "AEROSPIKE_ERR_CLUSTER_CHANGE",                    \
        "cluster changed during the command")                                          \
    ROW(ASC_ERR_SERVER_FULL, 8, "AEROSPIKE_ERR_SERVER_FULL", "server out of space")    \
    ROW(ASC_ERR_TIMEOUT, 9, "AEROSPIKE_ERR_TIMEOUT", "timeout")                        \
    ROW(ASC_ERR_ALWAYS_FORBIDDEN, 10, "AEROSPIKE_ERR_ALWAYS_FORBIDDEN",                \
        "always forbidden in this configuration")                                      \
    ROW(ASC_ERR_CLUSTER, 11, "AEROSPIKE_ERR_CLUSTER", "partition unavailable")         \
    ROW(ASC_ERR_BIN_TYPE, 12, "AEROSPIKE_ERR_BIN_INCOMPATIBLE_TYPE",                   \
        "bin has an incompatible type")                                                \
    ROW(ASC_ERR_RECORD_TOO_BIG, 13, "AEROSPIKE_ERR_RECORD_TOO_BIG", "record too big")  \
    ROW(ASC_ERR_RECORD_BUSY, 14, "AEROSPIKE_ERR_RECORD_BUSY",                          \
        "record busy: too many commands wait for this key")                            \
    ROW(ASC_ERR_SCAN_ABORTED, 15, "AEROSPIKE_ERR_SCAN_ABORTED", "scan aborted")        \
    ROW(ASC_ERR_UNSUPPORTED_FEATURE, 16, "AEROSPIKE_ERR_UNSUPPORTED_FEATURE",          \
        "feature not supported")                                                       \
    ROW(ASC_ERR_BIN_NOT_FOUND, 17, "AEROSPIKE_ERR_BIN_NOT_FOUND", "bin not found")     \
    ROW(ASC_ERR_DEVICE_OVERLOAD, 18, "AEROSPIKE_ERR_DEVICE_OVERLOAD",                  \
        "storage device overloaded")                                                   \
    ROW(ASC_ERR_KEY_MISMATCH, 19, "AEROSPIKE_ERR_RECORD_KEY_MISMATCH",                 \
        "stored key differs from the key sent")                                        \
    ROW(ASC_ERR_NAMESPACE, 20, "AEROSPIKE_ERR_NAMESPACE_NOT_FOUND",                    \
        "namespace not found")                                                         \
    ROW(ASC_ERR_BIN_NAME, 21, "AEROSPIKE_ERR_BIN_NAME",                                \
        "bin name too long or too many bins")                                          \
    ROW(ASC_ERR_FORBIDDEN, 22, "AEROSPIKE_ERR_FAIL_FORBIDDEN",                         \
        "forbidden at this time")                                                      \
    ROW(ASC_ERR_ELEMENT_NOT_FOUND, 23, "AEROSPIKE_ERR_FAIL_ELEMENT_NOT_FOUND",         \
        "element not found")                                                           \
    ROW(ASC_ERR_ELEMENT_EXISTS, 24, "AEROSPIKE_ERR_FAIL_ELEMENT_EXISTS",               \
        "element exists")                                                              \
    ROW(ASC_ERR_ENTERPRISE_ONLY, 25, "AEROSPIKE_ERR_ENTERPRISE_ONLY",                  \
        "needs the Enterprise Edition")                                                \
    ROW(ASC_ERR_OP_NOT_APPLICABLE, 26, "AEROSPIKE_ERR_OP_NOT_APPLICABLE",              \
        "operation does not apply to the value")                                       \
    ROW(ASC_ERR_FILTERED_OUT, 27, "AEROSPIKE_FILTERED_OUT",                            \
        "filtered out by the expression")                                              \
    ROW(ASC_ERR_LOST_CONFLICT, 28, "AEROSPIKE_LOST_CONFLICT", "lost a conflict")       \
    ROW(ASC_ERR_INVALID_ENCODING, 29, "AEROSPIKE_INVALID_ENCODING",                    \
        "invalid text encoding")                                                       \
    ROW(ASC_ERR_XDR_BUSY, 32, "AEROSPIKE_XDR_KEY_BUSY",                                \
        "record is being shipped to another data center")                              \
    ROW(ASC_ERR_QUERY_END, 50, "AEROSPIKE_QUERY_END",                                  \
        "end of the list of users or roles")                                           \
    ROW(ASC_ERR_SECURITY_NOT_SUPPORTED, 51, "AEROSPIKE_SECURITY_NOT_SUPPORTED",        \
        "security not supported by the server")                                        \
    ROW(ASC_ERR_SECURITY_NOT_ENABLED, 52, "AEROSPIKE_SECURITY_NOT_ENABLED",            \
        "security not enabled on the server")                                          \
    ROW(ASC_ERR_SECURITY_SCHEME, 53, "AEROSPIKE_SECURITY_SCHEME_NOT_SUPPORTED",        \
        "security scheme not supported")                                               \
    ROW(ASC_ERR_INVALID_COMMAND, 54, "AEROSPIKE_INVALID_COMMAND",                      \
        "invalid security command")                                                    \
    ROW(ASC_ERR_INVALID_FIELD, 55, "AEROSPIKE_INVALID_FIELD",                          \
        "invalid security field")                                                      \
    ROW(ASC_ERR_ILLEGAL_STATE, 56, "AEROSPIKE_ILLEGAL_STATE", "illegal state")         \
    ROW(ASC_ERR_INVALID_USER, 60, "AEROSPIKE_INVALID_USER", "invalid user")            \
    ROW(ASC_ERR_USER_EXISTS, 61, "AEROSPIKE_USER_ALREADY_EXISTS", "user exists")       \
    ROW(ASC_ERR_INVALID_PASSWORD, 62, "AEROSPIKE_INVALID_PASSWORD",                    \
        "invalid password")                                                            \
    ROW(ASC_ERR_EXPIRED_PASSWORD, 63, "AEROSPIKE_EXPIRED_PASSWORD",                    \
        "expired password")                                                            \
    ROW(ASC_ERR_FORBIDDEN_PASSWORD, 64, "AEROSPIKE_FORBIDDEN_PASSWORD",                \
        "forbidden password")                                                          \
    ROW(ASC_ERR_INVALID_CREDENTIAL, 65, "AEROSPIKE_INVALID_CREDENTIAL",                \
        "invalid credential")                                                          \
    ROW(ASC_ERR_EXPIRED_SESSION, 66, "AEROSPIKE_EXPIRED_SESSION", "expired session")   \
    ROW(ASC_ERR_INVALID_ROLE, 70, "AEROSPIKE_INVALID_ROLE", "invalid role")            \
    ROW(ASC_ERR_ROLE_EXISTS, 71, "AEROSPIKE_ROLE_ALREADY_EXISTS", "role exists")       \
    ROW(ASC_ERR_INVALID_PRIVILEGE, 72, "AEROSPIKE_INVALID_PRIVILEGE",                  \
        "invalid privilege")                                                           \
    ROW(ASC_ERR_INVALID_WHITELIST, 73, "AEROSPIKE_INVALID_WHITELIST",                  \
        "invalid whitelist")                                                           \
    ROW(ASC_ERR_QUOTAS_NOT_ENABLED, 74, "AEROSPIKE_QUOTAS_NOT_ENABLED",                \
        "quotas not enabled")                                                          \
    ROW(ASC_ERR_INVALID_QUOTA, 75, "AEROSPIKE_INVALID_QUOTA", "invalid quota")         \
    ROW(ASC_ERR_NOT_AUTHENTICATED, 80, "AEROSPIKE_NOT_AUTHENTICATED",                  \
        "not authenticated")                                                           \
    ROW(ASC_ERR_ROLE_VIOLATION, 81, "AEROSPIKE_ROLE_VIOLATION", "role violation")      \
    ROW(ASC_ERR_NOT_WHITELISTED, 82, "AEROSPIKE_NOT_WHITELISTED",                      \
        "address not on the whitelist")                                                \
    ROW(ASC_ERR_QUOTA_EXCEEDED, 83, "AEROSPIKE_QUOTA_EXCEEDED", "quota exceeded")      \
    ROW(ASC_ERR_LDAP_NOT_CONFIGURED, 90, "", "LDAP not configured on the server")      \
    ROW(ASC_ERR_LDAP_SETUP, 91, "", "LDAP setup failed on the server")                 \
    ROW(ASC_ERR_LDAP_TLS, 92, "", "LDAP over TLS failed on the server")                \
    ROW(ASC_ERR_LDAP_AUTHENTICATION, 93, "", "LDAP authentication failed")             \
    ROW(ASC_ERR_LDAP_QUERY, 94, "", "LDAP query failed on the server")                 \
    ROW(ASC_ERR_UDF, 100, "AEROSPIKE_ERR_UDF", "user-defined function failed")         \
    ROW(ASC_ERR_TXN_LOCKED, 120, "AEROSPIKE_MRT_BLOCKED",                              \
        "record locked by another transaction")                                        \
    ROW(ASC_ERR_TXN_VERSION, 121, "AEROSPIKE_MRT_VERSION_MISMATCH",                    \
        "record version changed since the transaction read it")                        \
    ROW(ASC_ERR_TXN_EXPIRED, 122, "AEROSPIKE_MRT_EXPIRED", "transaction expired")      \
    ROW(ASC_ERR_TXN_TOO_MANY_WRITES, 123, "AEROSPIKE_MRT_TOO_MANY_WRITES",             \
        "too many writes in the transaction")                                          \
    ROW(ASC_ERR_TXN_COMMITTED, 124, "AEROSPIKE_MRT_COMMITTED",                         \
        "transaction already committed")                                               \
    ROW(ASC_ERR_TXN_ABORTED, 125, "AEROSPIKE_MRT_ABORTED",                             \
        "transaction already aborted")                                                 \
    ROW(ASC_ERR_TXN_LOCKED_BEFORE, 126, "AEROSPIKE_MRT_ALREADY_LOCKED",                \
        "record already locked by this transaction")                                   \
    ROW(ASC_ERR_TXN_MONITOR_EXISTS, 127, "AEROSPIKE_MRT_MONITOR_EXISTS",               \
        "transaction monitor exists")                                                  \
    ROW(ASC_ERR_BATCH_DISABLED, 150, "AEROSPIKE_ERR_BATCH_DISABLED", "batch disabled") \
    ROW(ASC_ERR_BATCH_MAX_REQUESTS, 151, "AEROSPIKE_ERR_BATCH_MAX_REQUESTS_EXCEEDED",  \
        "batch has too many requests")                                                 \
    ROW(ASC_ERR_BATCH_QUEUES_FULL, 152, "AEROSPIKE_ERR_BATCH_QUEUES_FULL",             \
        "batch queues full")                                                           \
    ROW(ASC_ERR_INVALID_GEOJSON, 160, "AEROSPIKE_ERR_GEO_INVALID_GEOJSON",             \
        "invalid GeoJSON")                                                             \
    ROW(ASC_ERR_INDEX_EXISTS, 200, "AEROSPIKE_ERR_INDEX_FOUND", "index exists")        \
    ROW(ASC_ERR_INDEX_NOT_FOUND, 201, "AEROSPIKE_ERR_INDEX_NOT_FOUND",                 \
        "index not found")                                                             \
    ROW(ASC_ERR_INDEX_NO_MEMORY, 202, "AEROSPIKE_ERR_INDEX_OOM",                       \
        "index out of memory")                                                         \
    ROW(ASC_ERR_INDEX_NOT_READY, 203, "AEROSPIKE_ERR_INDEX_NOT_READABLE",              \
        "index not readable yet")                                                      \
    ROW(ASC_ERR_INDEX, 204, "AEROSPIKE_ERR_INDEX", "index error")                      \
    ROW(ASC_ERR_INDEX_NAME_TOO_LONG, 205, "AEROSPIKE_ERR_INDEX_NAME_MAXLEN",           \
        "index name too long")                                                         \
    ROW(ASC_ERR_INDEX_TOO_MANY, 206, "AEROSPIKE_ERR_INDEX_MAXCOUNT",                   \
        "too many indexes")                                                            \
    ROW(ASC_ERR_QUERY_ABORTED, 210, "AEROSPIKE_ERR_QUERY_ABORTED", "query aborted")    \
    ROW(ASC_ERR_QUERY_QUEUE_FULL, 211, "AEROSPIKE_ERR_QUERY_QUEUE_FULL",               \
        "query queue full")                                                            \
    ROW(ASC_ERR_QUERY_TIMEOUT, 212, "AEROSPIKE_ERR_QUERY_TIMEOUT",                     \
        "query timeout on the server")                                                 \
    ROW(ASC_ERR_QUERY, 213, "AEROSPIKE_ERR_QUERY", "query error")                      \
    ROW(ASC_ERR_CLIENT, -1, "AEROSPIKE_ERR_CLIENT", "client error")                    \
    ROW(ASC_ERR_PARAM, -2, "AEROSPIKE_ERR_PARAM", "invalid parameter")                 \
    ROW(ASC_ERR_INVALID_HOST, -4, "AEROSPIKE_ERR_INVALID_HOST", "invalid host")        \
    ROW(ASC_ERR_CLIENT_ABORT, -5, "AEROSPIKE_ERR_CLIENT_ABORT",                        \
        "given up by the caller")                                                      \
    ROW(ASC_ERR_ASYNC_CONNECT, -6, "AEROSPIKE_ERR_ASYNC_CONNECTION",                   \
        "a reactor cannot connect")                                                    \
    ROW(ASC_ERR_NO_CONNECTIONS, -7, "AEROSPIKE_ERR_NO_MORE_CONNECTIONS",               \
        "no more connections to the node")                                             \
    ROW(ASC_ERR_INVALID_NODE, -8, "AEROSPIKE_ERR_INVALID_NODE",                        \
        "no active node for the partition")                                            \
    ROW(ASC_ERR_TLS, -9, "AEROSPIKE_ERR_TLS_ERROR", "TLS error")                       \
    ROW(ASC_ERR_CONNECTION, -10, "AEROSPIKE_ERR_CONNECTION", "connection failed")      \
    ROW(ASC_ERR_MAX_RETRIES, -12, "AEROSPIKE_ERR_MAX_RETRIES_EXCEEDED",                \
        "no attempt is left")                                                          \
    ROW(ASC_ERR_MAX_ERROR_RATE, -14, "AEROSPIKE_MAX_ERROR_RATE",                       \
        "node has exceeded its error rate")                                            \
    ROW(ASC_ERR_NO_RESPONSE, -15, "AEROSPIKE_NO_RESPONSE", "no response")              \
    ROW(ASC_ERR_BATCH_FAILED, -16, "AEROSPIKE_BATCH_FAILED", "rows of a batch failed") \
    ROW(ASC_ERR_TXN_FAILED, -17, "AEROSPIKE_TXN_FAILED", "transaction failed")         \
    ROW(ASC_ERR_TXN_COMMITTED_HERE, -18, "AEROSPIKE_TXN_ALREADY_COMMITTED",            \
        "committed before by this client")                                             \
    ROW(ASC_ERR_TXN_ABORTED_HERE, -19, "AEROSPIKE_TXN_ALREADY_ABORTED",                \
        "aborted before by this client")                                               \
    ROW(ASC_ERR_NOMEM, -1001, "", "out of memory")                                     \
    ROW(ASC_INTERRUPTED, -1002, "", "interrupted by a signal")

/* The numbers by their names. */
#define ASC_STATUS_ENUM(name, code, symbol, text) name = code,
enum { ASC_STATUS_TABLE(ASC_STATUS_ENUM) };
#undef ASC_STATUS_ENUM

/* Static name of a code: "ASC_ERR_TIMEOUT", ...; "" for a number that the table
 * lacks. */
const char *asc_status_name(asc_status code);

/* Static symbol of a code: "AEROSPIKE_ERR_TIMEOUT", ...; "" for a number that the table
 * lacks. */
const char *asc_status_symbol(asc_status code);

/* Static text of a code: "record not found", ...; "unknown error" for a number that
 * the table lacks. */
const char *asc_status_text(asc_status code);

#endif
