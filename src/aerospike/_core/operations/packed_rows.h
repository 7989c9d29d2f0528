/* operations/packed_rows.h -- the table of operations whose value is one packed array. */
#ifndef CORE_OPERATIONS_PACKED_ROWS_H
#define CORE_OPERATIONS_PACKED_ROWS_H

#include "values/values.h"

/* What an operation works on: this decides how it travels. */
typedef enum packed_family {
    ON_LIST,
    ON_MAP,
    ON_BITS,
    ON_BLOB, /* the bit operation that takes a context */
    ON_HLL,
    ON_STRING,
    ON_EXPRESSION, /* [expression, flags] */
    ON_PATH,       /* [0xFE, context, flags(, expression)] */
    AS_STRING,     /* nothing at all: to_string */
    N_PACKED_FAMILIES,
} packed_family;

typedef struct packed_family_row {
    uint8_t read, modify; /* ASC_OP_* */
    uint8_t particle;     /* ASC_PARTICLE_* of the operation's value */
    bool respond_all;     /* results only tell apart with an entry for each operation */
    bool takes_context;   /* as [0xFF, context, operation] */
    bool has_code;        /* the array begins with the operation's code */
} packed_family_row;

/* An argument: which entry of the dict, and how it is packed (packed.c has a row for
 * each). */
typedef enum packed_arg {
    END,
    RETURN_TYPE,      /* "return_type" and "inverted"; NONE when it is not there */
    VALUE,            /* "val": anything */
    ITEMS,            /* "val": a list */
    PAIRS,            /* "val": a dict */
    NUMBER,           /* "val": int or float, 1 when it is not there */
    VAL_COUNT,        /* "val": int */
    MAP_COUNT,        /* "val", or "range": int */
    OPT_COUNT,        /* "count": int, or nothing */
    INDEX,            /* "index": int */
    RANK,             /* "rank": int */
    KEY,              /* "key": anything */
    KEY_END,          /* "range", or "val": anything */
    VALUE_END,        /* "range": anything */
    VALUE_LIST,       /* "value_list": a list */
    FROM,             /* "value_begin": anything, nil when it is not there */
    TO,               /* "value_end": anything, or nothing */
    LIST_ORDER,       /* "list_order": int */
    SORT_FLAGS,       /* "sort_flags": int, 0 when it is not there */
    LIST_CREATE,      /* "list_order" with "persist_index" */
    MAP_CREATE,       /* "map_order" with "persist_index" */
    LIST_ORDER_FLAGS, /* "list_policy": order and write flags, or nothing */
    LIST_FLAGS,       /* "list_policy": write flags, or nothing */
    MAP_ORDER,        /* "map_policy": order, 0 when it is not there */
    MAP_ORDER_FLAGS,  /* the same, and write flags when they are not 0 */
    SEPARATOR,        /* "separator": str */
    BIT_OFFSET,       /* "bit_offset": int */
    BIT_SIZE,         /* "bit_size": int from 0 on */
    BYTE_OFFSET,      /* "byte_offset": int */
    BYTE_SIZE,        /* "byte_size": int from 0 on */
    OPT_BYTE_RANGE,   /* "byte_size" with "byte_offset" and "invert_size" */
    BYTES,            /* "value": bytes */
    BIT_NUMBER,       /* "value": int */
    SHIFT,            /* "value": int from 0 on */
    ADDEND,           /* "value": int from 0 on */
    BIT,              /* "value": bool */
    SIGN,             /* "sign": 1, or nothing */
    BIT_FLAGS,        /* "policy": write flags, 0 when it is not there */
    RESIZE_FLAGS,     /* "resize_flags": int, 0 when it is not there */
    INT_FLAGS,        /* "sign" and "action" */
    HLL_VALUES,       /* "value_list": a list */
    HLL_INDEX_BITS,   /* "index_bit_count": int, -1 when it is not there */
    HLL_MINHASH_BITS, /* "mh_bit_count": int, -1 when it is not there */
    HLL_BITS,         /* "index_bit_count": int */
    HLL_FLAGS,        /* "hll_policy": flags, 0 when it is not there */
    STR_VALUE,        /* "value": str */
    STR_LIST,         /* "value_list": a list */
    NEEDLE,           /* "needle": str */
    PREFIX,           /* "prefix": str */
    SUFFIX,           /* "suffix": str */
    PATTERN,          /* "pattern": str */
    REPLACING,        /* "needle" and "replacement": one list */
    REGEX_REPLACING,  /* "pattern" and "replacement": one list */
    REGEX_FLAGS,      /* "regex_flags": int, 0 when it is not there */
    NUMERIC_TYPE,     /* "numeric_type": int, 0 when it is not there */
    OCCURRENCE,       /* "occurrence": int, 1 when it is not there */
    TIMES,            /* "count": int */
    START,            /* "start": int */
    STOP,             /* "end": int */
    SNIP_STOP,        /* "end" and the flags of "policy", or nothing */
    TARGET_LENGTH,    /* "target_length": int */
    PAD_STRING,       /* "pad_string": str */
    STR_FLAGS,        /* "policy": write flags, 0 when it is not there */
    EXPRESSION,       /* "expr": a compiled expression */
    EXPRESSION_FLAGS, /* "expr_flags": int, 0 when it is not there */
    LEVELS,           /* "ctx": its levels as one array */
    SELECT_FLAGS,     /* "cdt_flags": int */
    APPLY_FLAGS,      /* "cdt_flags": int, with the bit that says to modify */
    MODIFIER,         /* "mod_exp": a compiled expression */
    N_PACKED_ARGS,
} packed_arg;

#define MAX_PACKED_ARGS 5

typedef struct packed_row {
    int number; /* of the API */
    const char *name;
    packed_family family;
    uint8_t code; /* of the wire */
    bool writes;
    packed_arg args[MAX_PACKED_ARGS];
} packed_row;

extern const packed_family_row packed_families[N_PACKED_FAMILIES];

/* The row of an operation's number, or NULL. */
const packed_row *packed_find(int64_t number);

/* The row at an index, or NULL behind the last one. */
const packed_row *packed_row_at(size_t index);

/* ASC_OP_* that carries the operation. */
static inline uint8_t
packed_carrier(const packed_row *row)
{
    const packed_family_row *family = &packed_families[row->family];
    return row->writes ? family->modify : family->read;
}

#endif
