/* expressions/walk.h -- the walk over a tree of expressions, which appends the bytes of
 * each node as it goes down. Only the files of this folder include it: expressions.c
 * has the nodes, calls.c those that are calls, arguments.c what both have as arguments,
 * base.c errors, constants and types.
 *
 * The walk checks types as far as they are known before the server evaluates anything,
 * so that a wrong operand is found where it was written. Each function that packs a
 * node or an argument therefore says what type its value has.
 *
 * Looking up attributes of nodes and encoding constants may run Python code. A node's
 * tuple of arguments is owned while the walk is below it. All other borrowed objects
 * belong to such a tuple. */
#ifndef CORE_EXPRESSIONS_WALK_H
#define CORE_EXPRESSIONS_WALK_H

#include "expressions/form.h"
#include "values/values.h"

/* What is known of the type of a value. From EXP_NIL to EXP_HLL these are the numbers
 * of the wire and of ResultType. */
typedef enum exp_type {
    EXP_OPEN = -1, /* nothing is known: the server will find out */
    EXP_NIL,
    EXP_BOOL,
    EXP_INT,
    EXP_STRING,
    EXP_LIST,
    EXP_MAP,
    EXP_BLOB,
    EXP_FLOAT,
    EXP_GEOJSON,
    EXP_HLL,
    EXP_ANY,    /* the node Unknown */
    EXP_REMOVE, /* the node RemoveResult */
} exp_type;

/* The names of the types as they stand in messages; EXP_OPEN has none. */
extern const char *const exp_type_names[];

/* A place in the tree: argument number `arg` of a node, which itself stands at a place
 * of the node above. The places from here to the root are a chain on the C stack, each
 * in the function that went down from it. */
typedef struct exp_place {
    PyObject *node; /* borrowed: the node above holds it in its tuple */
    Py_ssize_t arg;
    int depth;                  /* places from here to the root */
    const struct exp_place *up; /* the place of the node; NULL at the root */
} exp_place;

/* A variable that an expression can use because a Let above it defines it. The
 * variables in sight are a chain, too, the newest first, so that it hides older ones of
 * its name. */
typedef struct exp_variable {
    PyObject *name; /* owned by the function that writes the Let */
    exp_type type;
    const struct exp_variable *up; /* the one that was defined before it, or NULL */
} exp_variable;

/* One walk. */
typedef struct exp_walker {
    module_state *st;
    encoder e;           /* whose buffer takes the bytes of all nodes */
    uintptr_t stack_end; /* lowest address of the stack; 0: not looked up yet */
} exp_walker;

/* A node that is being packed. */
typedef struct exp_node {
    PyObject *self;              /* borrowed */
    PyObject *args, *form_owner; /* owned: a tuple, bytes */
    const uint8_t *form;         /* the bytes of form_owner */
    size_t form_size;
    const exp_place *up;      /* its place; NULL at the root */
    const exp_variable *vars; /* those that it can use, the newest first */
} exp_node;

/* Marks a function that returns before the walk goes further down. The functions that
 * do go down have a frame on the stack for each level of the tree, and those frames
 * must stay small. So all other work stands in functions that are not inlined into
 * them. */
#define EXP_ASIDE __attribute__((noinline))

/* Bytes of stack that one more level of the tree needs, and raising an error there. */
#define EXP_STACK_OF_NODE (32u << 10)
/* Bytes of stack that a constant or a context needs which is as deep as is allowed. */
#define EXP_STACK_OF_VALUE (112u << 10)

/* isinstance(value, cls), without asking the class, which could run Python code. */
static inline bool
exp_is_a(PyObject *value, PyObject *cls)
{
    return PyType_IsSubtype(Py_TYPE(value), (PyTypeObject *)cls);
}

/* An argument, borrowed from the node's tuple. None when the tuple is too short, as it
 * can be when an application has a class of its own. */
static inline PyObject *
exp_arg(const exp_node *n, size_t i)
{
    /* borrowed: a tuple does not change, and the node holds this one */
    return (Py_ssize_t)i < PyTuple_GET_SIZE(n->args)
               ? PyTuple_GET_ITEM(n->args, (Py_ssize_t)i)
               : Py_None;
}

/* The type that a digit of a form stands for. EXP_OPEN for anything else, which an
 * application's own class can have there. */
static inline exp_type
exp_type_of_digit(int digit)
{
    return digit >= '0' && digit <= '9' ? (exp_type)(digit - '0') : EXP_OPEN;
}

/* The place of an argument of a node. */
static inline exp_place
exp_place_in(const exp_node *n, size_t arg)
{
    return (exp_place){n->self, (Py_ssize_t)arg, n->up != NULL ? n->up->depth + 1 : 1,
                       n->up};
}

/* --- errors ---
 *
 * `at` is the place that an error names, NULL at the root of the tree. Unless it says
 * something else a function returns -1. */

/* Raise InvalidRequest "place: text". An exception that is set already becomes its
 * cause when it is about an argument, and else comes out instead
 * (take_argument_error()). */
int exp_refuse(exp_walker *w, const exp_place *at, const char *format, ...);

/* The same with ParamError, for an argument that is no expression. */
int exp_refuse_argument(exp_walker *w, const exp_place *at, const char *format, ...);

/* Has the stack of this thread room for `size` more bytes? 0, or -1 with
 * InvalidRequest. */
int exp_check_stack(exp_walker *w, const exp_place *at, size_t size);

/* Raise ParamError "`what` is expected, not the type of got". */
int exp_expected(exp_walker *w, const exp_place *at, const char *what, PyObject *got);

/* Raise ParamError: got is no int, or one beyond 64 bits. */
int exp_refuse_int(exp_walker *w, const exp_place *at, PyObject *got);

/* Put the place in front of the message of the AerospikeError that is set. */
int exp_name_place(exp_walker *w, const exp_place *at);

/* --- constants --- */

/* Append an int. 0, or -1 with MemoryError. */
static inline int
exp_put_int(exp_walker *w, int64_t v)
{
    return put_ok(asc_mp_put_int(w->e.out, v));
}

/* Append the head of a quoted list, which is a constant; the list follows. */
static inline int
exp_put_quote(exp_walker *w)
{
    return put_ok(asc_mp_put_list_head(w->e.out, 2) &&
                  asc_mp_put_uint(w->e.out, NODE_QUOTE));
}

/* Append a Python value; *type is its type. 0, or -1 with an exception. */
int exp_encode_constant(exp_walker *w, PyObject *value, const exp_place *at,
                        exp_type *type);

/* *out = the value of an argument that must be an int, and not an expression. 0, or -1
 * with InvalidRequest. */
int exp_int_of(exp_walker *w, const exp_place *at, PyObject *value, int64_t *out);

/* Append such an int. 0, or -1 with an exception. */
int exp_encode_const(exp_walker *w, const exp_place *at, PyObject *value);

/* Append a str without the type byte that a value would have. 0, or -1 with an
 * exception. */
int exp_encode_text(exp_walker *w, const exp_place *at, PyObject *value);

/* Append a str in the same way, after checking that it can be the name of a bin. 0, or
 * -1 with an exception. */
int exp_encode_bin_name(exp_walker *w, const exp_place *at, PyObject *value);

/* Append the node that reads a bin whose value is of the type. 0, or -1 with an
 * exception. */
int exp_encode_bin(exp_walker *w, const exp_place *at, exp_type type, PyObject *name);

/* --- types --- */

/* All checks return 0, or -1 with InvalidRequest that names the place and both types. A
 * type that is not known before the server evaluates it passes every check. */

/* Check that a value is of the type that is wanted. */
int exp_check_type(exp_walker *w, const exp_place *at, exp_type wanted, exp_type got);

/* Check that the operands of a node are all of one type. *common is EXP_OPEN before the
 * first of them; the first whose type is known sets it, and the others must agree. */
int
exp_check_common(exp_walker *w, const exp_place *at, exp_type got, exp_type *common);

/* The same for operands that must be numbers. */
int
exp_check_number(exp_walker *w, const exp_place *at, exp_type got, exp_type *common);

/* The same for operands of types that can be compared. */
int exp_check_comparable(exp_walker *w, const exp_place *at, exp_type got,
                         exp_type *common);

/* The type of a node's value by `rule`, the RESULT of its form; common is the type that
 * its operands agree on. Not for the letters that only calls have. */
exp_type exp_result_of(int rule, exp_type common);

/* --- arguments and nodes --- */

/* Append an expression or a constant that stands at a place and can use the variables;
 * *type is what is known of its value. The caller holds value. 0, or -1 with an
 * exception; the buffer then ends in part of a node. */
int exp_encode(exp_walker *w, PyObject *value, const exp_place *at,
               const exp_variable *vars, exp_type *type);

/* The same, but a str is not a constant: it is the name of a bin of the type. */
int exp_encode_named(exp_walker *w, const exp_place *at, const exp_variable *vars,
                     PyObject *value, exp_type type, exp_type *got);

/* Append the arguments of a node, as the pairs (KIND INDEX) of its form say, which
 * begin at its byte `from`. *common is for exp_check_common(). Returns the number of
 * items that were appended, or -1 with an exception. */
int
exp_encode_arguments(exp_walker *w, const exp_node *n, size_t from, exp_type *common);

/* Append a node that is a call; *type is that of its result. 0, or -1 with an
 * exception. */
int exp_encode_call(exp_walker *w, const exp_node *n, exp_type *type);

#endif
