/* operations/packed_rows.h -- the table of operations with packed arguments, and the
 * words that its rows are made of. */
#ifndef CORE_OPERATIONS_PACKED_ROWS_H
#define CORE_OPERATIONS_PACKED_ROWS_H

#include "values/values.h"

/* What an operation works on. This decides which operation of a message carries it, and
 * how its array begins. */
typedef enum packed_family {
    ON_LIST,
    ON_MAP,
    ON_BITS, /* of a blob */
    ON_BLOB, /* of a blob, too: the one bit operation that takes a context */
    ON_HLL,
    ON_STRING,
    ON_EXPRESSION, /* [expression, flags] */
    ON_PATH,       /* [ASC_CDT_PATH, levels, flags(, expression)] */
    AS_STRING,     /* to_string, which has no value at all */
    N_PACKED_FAMILIES,
} packed_family;

/* How the operations of a family travel. */
typedef struct packed_family_row {
    uint8_t read, modify; /* ASC_OP_* of operations that only read, and that write */
    uint8_t particle;     /* ASC_PARTICLE_* of the operation's value */
    bool respond_all;     /* see operations_summary */
    bool takes_context;   /* as [ASC_CDT_CONTEXT, levels, operation] */
    bool has_code;        /* the array begins with the operation's code */
} packed_family_row;

/* An argument: which entry of the dict, and how it is packed (packed.c has a row for
 * each). */
typedef enum packed_arg {
    ARG_END,              /* there are no more */
    ARG_RETURN_TYPE,      /* "return_type" and "inverted"; NONE when it is not there */
    ARG_VALUE,            /* "val": anything */
    ARG_ITEMS,            /* "val": a list */
    ARG_PAIRS,            /* "val": a dict */
    ARG_VAL_COUNT,        /* "val": int */
    ARG_MAP_COUNT,        /* "val", or "range": int */
    ARG_OPT_COUNT,        /* "count": int, or nothing */
    ARG_INDEX,            /* "index": int */
    ARG_RANK,             /* "rank": int */
    ARG_KEY,              /* "key": anything */
    ARG_KEY_END,          /* "range", or "val": anything */
    ARG_VALUE_END,        /* "range": anything */
    ARG_VALUE_LIST,       /* "value_list": a list */
    ARG_FROM,             /* "value_begin": anything, nil when it is not there */
    ARG_TO,               /* "value_end": anything, or nothing */
    ARG_LIST_ORDER,       /* "list_order": int */
    ARG_SORT_FLAGS,       /* "sort_flags": int, 0 when it is not there */
    ARG_LIST_CREATE,      /* "list_order" with "persist_index" */
    ARG_MAP_CREATE,       /* "map_order" with "persist_index" */
    ARG_LIST_ORDER_FLAGS, /* "list_policy": order and write flags, or nothing */
    ARG_LIST_FLAGS,       /* "list_policy": write flags, or nothing */
    ARG_MAP_ORDER,        /* "map_policy": order, 0 when it is not there */
    ARG_MAP_ORDER_FLAGS,  /* the same, and write flags when they are not 0 */
    ARG_SEPARATOR,        /* "separator": str */
    ARG_BIT_OFFSET,       /* "bit_offset": int */
    ARG_BIT_SIZE,         /* "bit_size": int from 0 on */
    ARG_BYTE_OFFSET,      /* "byte_offset": int */
    ARG_BYTE_SIZE,        /* "byte_size": int from 0 on */
    ARG_OPT_BYTE_RANGE,   /* "byte_size" with "byte_offset" and "invert_size" */
    ARG_BYTES,            /* "value": bytes */
    ARG_BIT_NUMBER,       /* "value": int */
    ARG_SHIFT,            /* "value": int from 0 on */
    ARG_ADDEND,           /* "value": int from 0 on */
    ARG_BIT,              /* "value": bool */
    ARG_SIGN,             /* "sign": 1, or nothing */
    ARG_BIT_FLAGS,        /* "policy": write flags, 0 when it is not there */
    ARG_RESIZE_FLAGS,     /* "resize_flags": int, 0 when it is not there */
    ARG_INT_FLAGS,        /* "sign" and "action" */
    ARG_HLL_VALUES,       /* "value_list": a list */
    ARG_HLL_INDEX_BITS,   /* "index_bit_count": int, -1 when it is not there */
    ARG_HLL_MINHASH_BITS, /* "mh_bit_count": int, -1 when it is not there */
    ARG_HLL_BITS,         /* "index_bit_count": int */
    ARG_HLL_FLAGS,        /* "hll_policy": flags, 0 when it is not there */
    ARG_STR_VALUE,        /* "value": str */
    ARG_STR_LIST,         /* "value_list": a list */
    ARG_NEEDLE,           /* "needle": str */
    ARG_PREFIX,           /* "prefix": str */
    ARG_SUFFIX,           /* "suffix": str */
    ARG_PATTERN,          /* "pattern": str */
    ARG_REPLACING,        /* "needle" and "replacement": one list */
    ARG_REGEX_REPLACING,  /* "pattern" and "replacement": one list */
    ARG_REGEX_FLAGS,      /* "regex_flags": int, 0 when it is not there */
    ARG_NUMERIC_TYPE,     /* "numeric_type": int, 0 when it is not there */
    ARG_OCCURRENCE,       /* "occurrence": int, 1 when it is not there */
    ARG_TIMES,            /* "count": int */
    ARG_START,            /* "start": int */
    ARG_STOP,             /* "end": int */
    ARG_SNIP_STOP,        /* "end" and the flags of "policy", or nothing */
    ARG_TARGET_LENGTH,    /* "target_length": int */
    ARG_PAD_STRING,       /* "pad_string": str */
    ARG_STR_FLAGS,        /* "policy": write flags, 0 when it is not there */
    ARG_EXPRESSION,       /* "expr": a compiled expression */
    ARG_EXPRESSION_FLAGS, /* "expr_flags": int, 0 when it is not there */
    ARG_LEVELS,           /* "ctx": its levels as one array */
    ARG_SELECT_FLAGS,     /* "cdt_flags": int */
    ARG_APPLY_FLAGS,      /* "cdt_flags": int, with the bit that says to modify */
    ARG_MODIFIER,         /* "mod_exp": a compiled expression */
    N_PACKED_ARGS,
} packed_arg;

#define MAX_PACKED_ARGS 5 /* of one operation */

/* An operation. */
typedef struct packed_row {
    int number;       /* of the API: OP_* */
    const char *name; /* in errors; with an underscore when the API has no such name */
    packed_family family;
    uint8_t code; /* of the wire, the first item of the array */
    bool writes;
    packed_arg args[MAX_PACKED_ARGS]; /* in the order of the wire, up to ARG_END */
} packed_row;

/* The row of each family. */
extern const packed_family_row packed_families[N_PACKED_FAMILIES];

/* The row of an operation's number, or NULL. */
const packed_row *packed_find(int64_t number);

/* The row at an index, or NULL behind the last one. */
const packed_row *packed_row_at(size_t index);

/* The ASC_OP_* of the operation in the message that carries this one. */
static inline uint8_t
packed_carrier(const packed_row *row)
{
    const packed_family_row *family = &packed_families[row->family];
    return row->writes ? family->modify : family->read;
}

#endif
