/* expressions/form.h -- the forms: how a class of expressions says the way its nodes
 * are packed.
 *
 * A node is an instance of a class derived from aerospike._types.Expression. Its
 * arguments are the tuple `_args`. Its class has a form, `_form`: bytes that say how
 * the arguments are packed. It is one of
 *
 *   RESULT CODE (KIND INDEX)*                          a node [CODE, arguments]
 *   RESULT CODE KIND 254 LEAST                         a node with any number of
 *                                                      arguments, at least LEAST
 *   RESULT 127 SYSTEM OPERATION TARGET BIN CTX RETURN_TYPE INVERTED VALUE_TYPE
 *       (KIND INDEX)*                                  a call
 *
 * A call is an operation on the value of a bin or of another expression, its target:
 * SYSTEM says of which family the operation is and whether it modifies, OPERATION is
 * its code, TARGET the type that the target must have. INDEX, and each byte from BIN to
 * VALUE_TYPE, is the place of an argument in `_args`; 255 means that there is none, 254
 * that all are meant. BIN is the place of the target itself. RESULT and KIND are
 * letters or digits. A letter is explained below; the digit of a type (ResultType) as a
 * KIND is an operand of that type, which is an expression or a constant.
 *
 * The class Eq has the form "1" 1 "=" 0 "=" 1: its value is a boolean (type 1), its
 * code is 1, and arguments 0 and 1 are operands that can be compared. Applications may
 * derive classes of their own and give them any form, so that the walk checks what it
 * reads. */
#ifndef CORE_EXPRESSIONS_FORM_H
#define CORE_EXPRESSIONS_FORM_H

/* KIND: how an argument is packed. Beside these letters there are the digits, which
 * stand for an operand of that type. */
enum {
    KIND_ANY = 'e',           /* of any type */
    KIND_NUMBER = 'm',        /* an integer or a float, like all of the node */
    KIND_SAME = '=',          /* of a type that can be compared, one for all */
    KIND_BIN = 'n',           /* the name of a bin */
    KIND_TEXT = 't',          /* text without a type byte */
    KIND_CONST = 'c',         /* an int, not an expression */
    KIND_FLAGS = 'z',         /* an int, not an expression, 0 for None */
    KIND_FLAG = 'b',          /* a bool, packed as 0 or 1 */
    KIND_LIST = 'L',          /* a list, or the name of a bin with one */
    KIND_MAP = 'M',           /* a map, or the name of a bin with one */
    KIND_NAMED = 'S',         /* of any type, or the name of a bin with a string */
    KIND_RETURN = 'r',        /* the return type of the call, INVERTED added */
    KIND_OPT_INT = '-',       /* an integer, -1 for None */
    KIND_REST = '!',          /* an integer; None: arguments end before it */
    KIND_OFFSET = '^',        /* an integer; likewise if 0 and the next is None */
    KIND_REST_TEXT = ',',     /* a string; None: as for KIND_REST */
    KIND_END = '.',           /* of any type; None: as for KIND_REST */
    KIND_PAIR = 'q',          /* two arguments as one quoted list */
    KIND_ITSELF = '#',        /* the number INDEX itself */
    KIND_LIST_POLICY = 'l',   /* order and write flags, when there is a policy */
    KIND_LIST_FLAGS = 'w',    /* write flags, when there is a policy */
    KIND_MAP_POLICY = 'p',    /* order and write flags, when there is a policy */
    KIND_MAP_ORDER = 'o',     /* order, when there is a policy */
    KIND_BIT_POLICY = 'f',    /* write flags */
    KIND_HLL_POLICY = 'h',    /* flags */
    KIND_STRING_POLICY = 'g', /* write flags */
};

/* RESULT: the type of a node's value. Beside these letters there are the digits, which
 * are the types themselves. */
enum {
    RESULT_OPEN = '?',    /* not known before the server evaluates it */
    RESULT_UNKNOWN = 'U', /* of the node Unknown: a boolean, and whatever Cond wants */
    RESULT_REMOVE = 'R',  /* of the node RemoveResult: a type of its own */
    RESULT_NUMBER = 'm',  /* that of the operands */
    RESULT_RETURN = 'r',  /* what RETURN_TYPE makes it */
    RESULT_VALUE = 'v',   /* what VALUE_TYPE says; it must fit RETURN_TYPE */
    RESULT_PATH = 'p',    /* what VALUE_TYPE says */
    RESULT_ROOT = 'C',    /* that of the outermost container of the context */
};

/* CODE of the nodes that have a function of their own in expressions.c or calls.c.
 * Codes above 127 do not exist on the wire: they only choose the function. */
enum {
    NODE_COND = 123,
    NODE_VAR = 124,
    NODE_LET = 125,
    NODE_QUOTE = 126,
    NODE_CALL = 127,
    NODE_CONSTANT = 128,
    NODE_DEFINITION = 129,
    NODE_BIN_EXISTS = 130,
};

/* The places of the bytes in the form of a call; every form has the first two. */
enum {
    FORM_RESULT,
    FORM_CODE,
    FORM_SYSTEM,
    FORM_OPERATION,
    FORM_TARGET,
    FORM_BIN,
    FORM_CTX,
    FORM_RETURN_TYPE,
    FORM_INVERTED,
    FORM_VALUE_TYPE,
    FORM_ARGS,
};

/* What stands for the place of an argument: there is none; all arguments are meant. */
enum { FORM_NO_ARG = 255, FORM_ALL_ARGS = 254 };

#endif
