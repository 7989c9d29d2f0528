/* expressions/walk.h -- the walk over a tree of expressions, which appends the bytes of
 * each node as it goes down. Only the files of this folder include it: expressions.c
 * has the nodes, calls.c those that are calls, arguments.c what both have as arguments,
 * base.c errors, constants and types.
 *
 * The walk checks types as far as they are known before the server evaluates anything,
 * so that a wrong operand is found where it was written. */
#ifndef CORE_EXPRESSIONS_WALK_H
#define CORE_EXPRESSIONS_WALK_H

#include "expressions/form.h"
#include "values/values.h"

/* What is known of the type of a value. From EXP_NIL to EXP_HLL these are the numbers
 * of the wire and of ResultType. */
typedef enum exp_type {
    EXP_OPEN = -1, /* nothing: only the server will know */
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

/* Their names with an article, as they stand in messages; EXP_OPEN has none. */
extern const char *const exp_type_names[];

/* A place in the tree: an argument of a node, which is an argument of the node
 * above. */
typedef struct exp_place {
    PyObject *node; /* borrowed: the node above holds it in its tuple */
    Py_ssize_t arg;
    int depth;                  /* places from here to the root */
    const struct exp_place *up; /* the place of the node; NULL at the root */
} exp_place;

/* A variable that an expression can use, as a Let above it defines it. */
typedef struct exp_variable {
    PyObject *name; /* owned by the function that writes the Let */
    exp_type type;
    const struct exp_variable *up; /* the one defined before, or NULL */
} exp_variable;

/* One walk. */
typedef struct exp_walker {
    module_state *st;
    encoder e;
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

/* Marks a function that a walk calls beside going down. The frames of the functions
 * that do go down are on the stack once for each level of the tree: they are kept small
 * by having whatever else there is to do in functions that return before. */
#define EXP_ASIDE __attribute__((noinline))

/* Bytes of stack that the next level needs, with whatever an error takes; that a
 * constant or a context of as many levels as are allowed needs. */
#define EXP_STACK_OF_NODE (32u << 10)
#define EXP_STACK_OF_VALUE (112u << 10)

/* isinstance(value, cls), without asking the class, which could run Python code. */
static inline bool
exp_is_a(PyObject *value, PyObject *cls)
{
    return PyType_IsSubtype(Py_TYPE(value), (PyTypeObject *)cls);
}

/* An argument, borrowed; None when a class of somebody else's lacks it. */
static inline PyObject *
exp_arg(const exp_node *n, size_t i)
{
    /* borrowed: a tuple does not change, and the node holds this one */
    return (Py_ssize_t)i < PyTuple_GET_SIZE(n->args)
               ? PyTuple_GET_ITEM(n->args, (Py_ssize_t)i)
               : Py_None;
}

/* The type that a digit of a form stands for; EXP_OPEN when a class of somebody else's
 * has something else there. */
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

/* --- errors; at is NULL at the root. All return -1 --- */

/* Raise ParamError "place: text". */
int exp_refuse(exp_walker *w, const exp_place *at, const char *format, ...);

/* Has the stack room for so many bytes? 0, or -1 with ParamError. */
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

/* *out = an int that is no expression; append it. 0, or -1 with an exception. */
int exp_int_of(exp_walker *w, const exp_place *at, PyObject *value, int64_t *out);
int exp_encode_const(exp_walker *w, const exp_place *at, PyObject *value);

/* Append a str without a type byte; likewise the name of a bin, which is checked; the
 * node of a bin, whose value is of the type. 0, or -1 with an exception. */
int exp_encode_text(exp_walker *w, const exp_place *at, PyObject *value);
int exp_encode_bin_name(exp_walker *w, const exp_place *at, PyObject *value);
int exp_encode_bin(exp_walker *w, const exp_place *at, exp_type type, PyObject *name);

/* --- types --- */

/* All checks return 0, or -1 with ParamError that names the place and both types.
 *
 * The value is of the type that is wanted. */
int exp_check_type(exp_walker *w, const exp_place *at, exp_type wanted, exp_type got);

/* All of a node's operands are of one type: *common is that of the ones before, and
 * this one's afterwards. The second takes numbers only, the third what can be
 * compared. */
int
exp_check_common(exp_walker *w, const exp_place *at, exp_type got, exp_type *common);
int
exp_check_number(exp_walker *w, const exp_place *at, exp_type got, exp_type *common);
int exp_check_comparable(exp_walker *w, const exp_place *at, exp_type got,
                         exp_type *common);

/* The type of a node whose operands are of a common type, by the RESULT of its form. */
exp_type exp_result_of(int rule, exp_type common);

/* --- arguments and nodes --- */

/* Append an expression or a constant; *type is what is known of its value. 0, or -1
 * with an exception. */
int exp_encode(exp_walker *w, PyObject *value, const exp_place *at,
               const exp_variable *vars, exp_type *type);

/* The same, but a str is the name of a bin of that type. */
int exp_encode_named(exp_walker *w, const exp_place *at, const exp_variable *vars,
                     PyObject *value, exp_type type, exp_type *got);

/* Append the arguments that the pairs (KIND INDEX) of a form say, from its byte `from`
 * on. Returns the number of items that were appended, or -1 with an exception. */
int
exp_encode_arguments(exp_walker *w, const exp_node *n, size_t from, exp_type *common);

/* Append a node of the code NODE_CALL. 0, or -1 with an exception. */
int exp_encode_call(exp_walker *w, const exp_node *n, exp_type *type);

#endif
