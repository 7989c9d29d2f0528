/* asc/proto.h -- the numbers of the wire protocol: frame types, flag bits, field ids,
 * operation codes, particle types. */
#ifndef ASC_PROTO_H
#define ASC_PROTO_H

#define ASC_PROTO_VERSION 2u
#define ASC_PROTO_HEADER_SIZE 8u /* version, type, 48-bit size of what follows */
#define ASC_PROTO_MAX_BODY (128u << 20)

/* Types of a frame. */
enum {
    ASC_PROTO_INFO = 1,
    ASC_PROTO_ADMIN = 2,
    ASC_PROTO_MESSAGE = 3,
    ASC_PROTO_COMPRESSED = 4, /* holds a frame of messages */
};

/* Bytes of a message's header, which follows that of its frame. */
#define ASC_MSG_HEADER_SIZE 22u

/* Flag bits of a message's header, by the byte they stand in. */
enum {
    ASC_INFO1_READ = 0x01,
    ASC_INFO1_GET_ALL = 0x02,           /* the reply has all bins */
    ASC_INFO1_SHORT_QUERY = 0x04,       /* few records are expected */
    ASC_INFO1_BATCH = 0x08,             /* the rows are in ASC_FIELD_BATCH */
    ASC_INFO1_GET_NO_BINS = 0x20,       /* the reply has the metadata alone */
    ASC_INFO1_READ_MODE_AP_ALL = 0x40,  /* the node asks all copies of the record */
    ASC_INFO1_COMPRESS_RESPONSE = 0x80, /* the reply may be compressed */

    ASC_INFO2_WRITE = 0x01,
    ASC_INFO2_DELETE = 0x02,              /* the whole record */
    ASC_INFO2_GENERATION = 0x04,          /* only if the generation is the one given */
    ASC_INFO2_GENERATION_GT = 0x08,       /* only if the one given is greater */
    ASC_INFO2_DURABLE_DELETE = 0x10,      /* a deletion leaves a tombstone */
    ASC_INFO2_CREATE_ONLY = 0x20,         /* only if there is no such record */
    ASC_INFO2_RELAX_AP_LONG_QUERY = 0x40, /* a long query may run relaxed */
    ASC_INFO2_RESPOND_ALL_OPS = 0x80, /* the reply has an entry for each operation */

    ASC_INFO3_LAST = 0x01,           /* replies of many messages: there are no more */
    ASC_INFO3_COMMIT_MASTER = 0x02,  /* answer before the copies are written */
    ASC_INFO3_PARTITION_DONE = 0x04, /* in queries, and in words about a partition */
    ASC_INFO3_UPDATE_ONLY = 0x08,    /* only if there is such a record */
    ASC_INFO3_CREATE_OR_REPLACE = 0x10, /* bins that are not written go */
    ASC_INFO3_REPLACE_ONLY = 0x20,      /* likewise, and only if there is a record */
    ASC_INFO3_SC_READ_TYPE = 0x40,      /* strong consistency: with the next bit, how */
    ASC_INFO3_SC_READ_RELAX = 0x80,     /* strictly a read is ordered */

    ASC_INFO4_TXN_VERIFY = 0x01,  /* is the record's version the one given? */
    ASC_INFO4_TXN_FORWARD = 0x02, /* what the transaction has written becomes final */
    ASC_INFO4_TXN_BACK = 0x04,    /* it is thrown away */
    ASC_INFO4_ON_LOCKING_ONLY = 0x10, /* only if this write locks the record for its
                                         transaction */
    ASC_INFO4_ERROR_DETAIL_SHIFT = 5, /* verbosity 0..3 in bits 0x60 */
};

/* Batches: the first byte behind the digest of a row says what follows. */
enum {
    ASC_BATCH_ROW_REPEATS = 0x01,
    ASC_BATCH_ROW_HAS_INFO = 0x02,
    ASC_BATCH_ROW_HAS_GENERATION = 0x04,
    ASC_BATCH_ROW_HAS_TTL = 0x08,
    ASC_BATCH_ROW_HAS_INFO4 = 0x10,
};

/* Batches: flags of all rows of a request. */
enum {
    ASC_BATCH_ALLOW_INLINE = 0x01,
    ASC_BATCH_ALLOW_INLINE_SSD = 0x02,
    ASC_BATCH_RESPOND_ALL_KEYS = 0x04,
    ASC_BATCH_REPORT_FAILED_ROW = 0x08,
};

/* What a field of a message holds. */
enum {
    ASC_FIELD_NAMESPACE = 0,
    ASC_FIELD_SET = 1,
    ASC_FIELD_KEY = 2,
    ASC_FIELD_VERSION = 3, /* of a record, 7 bytes; this and the next but one are
                              little-endian, as the deadline is */
    ASC_FIELD_DIGEST = 4,
    ASC_FIELD_TXN_ID = 5,
    ASC_FIELD_TXN_DEADLINE = 6,
    ASC_FIELD_TASK_ID = 7,
    ASC_FIELD_SOCKET_TIMEOUT = 9,
    ASC_FIELD_RECORDS_PER_SECOND = 10,
    ASC_FIELD_PARTITIONS = 11,
    ASC_FIELD_DIGESTS = 12,
    ASC_FIELD_MAX_RECORDS = 13,
    ASC_FIELD_BVALS = 15,
    ASC_FIELD_INDEX_NAME = 21,
    ASC_FIELD_INDEX_RANGE = 22,
    ASC_FIELD_INDEX_CONTEXT = 23,
    ASC_FIELD_INDEX_EXPRESSION = 24,
    ASC_FIELD_INDEX_TYPE = 26,
    ASC_FIELD_UDF_MODULE = 30,
    ASC_FIELD_UDF_FUNCTION = 31,
    ASC_FIELD_UDF_ARGS = 32,
    ASC_FIELD_UDF_OP = 33, /* of a query: ASC_UDF_* */
    ASC_FIELD_BATCH = 41,
    ASC_FIELD_FILTER = 43,
    ASC_FIELD_ERROR_DETAIL = 45,
};

/* What a query does with its function. */
enum {
    ASC_UDF_AGGREGATES = 1, /* it sends what the function makes of the records */
    ASC_UDF_WORKS = 2,      /* it gives the function each record, in the background */
};

/* Codes of operations. */
enum {
    ASC_OP_READ = 1,
    ASC_OP_WRITE = 2,
    ASC_OP_CDT_READ = 3,
    ASC_OP_CDT_MODIFY = 4,
    ASC_OP_INCR = 5,
    ASC_OP_EXP_READ = 7,
    ASC_OP_EXP_MODIFY = 8,
    ASC_OP_APPEND = 9,
    ASC_OP_PREPEND = 10,
    ASC_OP_TOUCH = 11,
    ASC_OP_BITS_READ = 12,
    ASC_OP_BITS_MODIFY = 13,
    ASC_OP_DELETE_ALL = 14,
    ASC_OP_HLL_READ = 15,
    ASC_OP_HLL_MODIFY = 16,
    ASC_OP_STRING_READ = 17,
    ASC_OP_STRING_MODIFY = 18,
    ASC_OP_TO_STRING = 19,
};

/* Numbers inside the arrays that are the values of operations on lists and maps. */
enum {
    ASC_CDT_CONTEXT = 0xFF,     /* [CONTEXT, levels, operation]: inside a nested one */
    ASC_CDT_PATH = 0xFE,        /* [PATH, levels, flags(, expression)] */
    ASC_CDT_PATH_APPLY = 0x04,  /* flag of PATH: the expression changes what it finds */
    ASC_CDT_INVERTED = 0x10000, /* added to a return type: all that was not found */
    ASC_CDT_PERSIST_INDEX = 0x10, /* added to an order: the index is stored, too */
};

/* The type byte of a bin value; also the first byte of byte strings in msgpack. */
enum {
    ASC_PARTICLE_NULL = 0,
    ASC_PARTICLE_INTEGER = 1,
    ASC_PARTICLE_DOUBLE = 2,
    ASC_PARTICLE_STRING = 3,
    ASC_PARTICLE_BLOB = 4,
    ASC_PARTICLE_PYTHON = 9,
    ASC_PARTICLE_BOOL = 17,
    ASC_PARTICLE_HLL = 18,
    ASC_PARTICLE_MAP = 19,
    ASC_PARTICLE_LIST = 20,
    ASC_PARTICLE_GEOJSON = 23,
};

#define ASC_MAX_NAMESPACE_SIZE 31u /* bytes */
#define ASC_MAX_SET_SIZE 63u
#define ASC_MAX_BIN_NAME_SIZE 15u
#define ASC_MAX_OPS 32768u /* of one record in one request */
#define ASC_MAX_FIELDS 65535u
#define ASC_DIGEST_SIZE 20u
#define ASC_N_PARTITIONS 4096u
#define ASC_GEOJSON_HEADER_SIZE 3u /* flags, number of cells; what a client sends */

/* The server counts expiration times in seconds from 2010-01-01 00:00:00 UTC. */
#define ASC_EPOCH_UNIX_S 1262304000u
#define ASC_TTL_NEVER 0xFFFFFFFFu

#endif
