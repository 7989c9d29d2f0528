/* This file judges pickles by a walk over their instructions, without running any.
 * _pickle_scan.py judges all of them, but slowly; what is plain here need not go there.
 */
#include "values/pickles.h"

#include <stdbool.h>
#include <string.h>

/* A pickle of so many instructions cannot nest too deep, nor make too many keys. */
#define MAX_OPCODES 1000u
/* Longer values count as often as they are used. */
#define MAX_SHARED_SIZE 255u
/* Converting digits takes the square of their number. */
#define MAX_LINE_SIZE 4300u

/* The kinds of instructions. */
enum {
    OP_OTHER,   /* not for plain ones, or none */
    OP_VALUE,   /* a value of `size` bytes */
    OP_COUNTED, /* a value behind its size, which takes `size` bytes */
    OP_LINE,    /* a value up to the end of the line; GLOBAL is two of them */
    OP_WORK,    /* makes something of what is on the stack */
    OP_PUT,     /* keep the top of the stack under an index of `size` bytes */
    OP_MEMOIZE, /* the same under the next index */
    OP_GET,     /* push what is kept */
    OP_HEAD,    /* says something of the pickle in `size` bytes */
    OP_STOP,
};

static const struct {
    uint8_t kind, size;
} opcodes[256] = {
    ['J'] = {OP_VALUE, 4},   ['K'] = {OP_VALUE, 1},    ['M'] = {OP_VALUE, 2},
    ['G'] = {OP_VALUE, 8},   ['N'] = {OP_VALUE, 0},    [0x88] = {OP_VALUE, 0},
    [0x89] = {OP_VALUE, 0},  ['X'] = {OP_COUNTED, 4},  [0x8C] = {OP_COUNTED, 1},
    ['U'] = {OP_COUNTED, 1}, ['T'] = {OP_COUNTED, 4},  ['C'] = {OP_COUNTED, 1},
    ['B'] = {OP_COUNTED, 4}, [0x8A] = {OP_COUNTED, 1}, [0x8B] = {OP_COUNTED, 4},
    ['I'] = {OP_LINE, 1},    ['L'] = {OP_LINE, 1},     ['F'] = {OP_LINE, 1},
    ['S'] = {OP_LINE, 1},    ['V'] = {OP_LINE, 1},     ['c'] = {OP_LINE, 2},
    ['('] = {OP_WORK, 0},    [')'] = {OP_WORK, 0},     ['t'] = {OP_WORK, 0},
    [0x85] = {OP_WORK, 0},   [0x86] = {OP_WORK, 0},    [0x87] = {OP_WORK, 0},
    [']'] = {OP_WORK, 0},    ['l'] = {OP_WORK, 0},     ['a'] = {OP_WORK, 0},
    ['e'] = {OP_WORK, 0},    ['}'] = {OP_WORK, 0},     ['d'] = {OP_WORK, 0},
    ['s'] = {OP_WORK, 0},    ['u'] = {OP_WORK, 0},     [0x8F] = {OP_WORK, 0},
    [0x90] = {OP_WORK, 0},   [0x91] = {OP_WORK, 0},    [0x93] = {OP_WORK, 0},
    ['R'] = {OP_WORK, 0},    [0x81] = {OP_WORK, 0},    ['b'] = {OP_WORK, 0},
    ['q'] = {OP_PUT, 1},     ['r'] = {OP_PUT, 4},      [0x94] = {OP_MEMOIZE, 0},
    ['h'] = {OP_GET, 1},     ['j'] = {OP_GET, 4},      [0x80] = {OP_HEAD, 1},
    [0x95] = {OP_HEAD, 8},   ['.'] = {OP_STOP, 0},
};

typedef struct pickle_reader {
    const uint8_t *at, *end;
    bool shareable;                /* the top of the stack may be used again */
    unsigned n_kept, highest;      /* indexes in use, the highest of them */
    uint8_t kept[MAX_OPCODES + 1]; /* by index: 0 nothing, 1, 2 may be used again */
} pickle_reader;

/* Read a number of up to 8 bytes; false at the end of the pickle. */
static bool
take_number(pickle_reader *r, unsigned size, uint64_t *out)
{
    if ((size_t)(r->end - r->at) < size) {
        return false;
    }
    *out = 0;
    for (unsigned i = 0; i < size; i++) {
        *out |= (uint64_t)r->at[i] << (8 * i);
    }
    r->at += size;
    return true;
}

static bool
skip_value(pickle_reader *r, uint64_t size)
{
    if ((uint64_t)(r->end - r->at) < size) {
        return false;
    }
    r->at += size;
    r->shareable = size <= MAX_SHARED_SIZE;
    return true;
}

static bool
skip_lines(pickle_reader *r, unsigned n)
{
    const uint8_t *start = r->at;
    while (n-- > 0) {
        const uint8_t *end = memchr(r->at, '\n', (size_t)(r->end - r->at));
        if (end == NULL) {
            return false;
        }
        r->at = end + 1;
    }
    size_t size = (size_t)(r->at - start);
    r->shareable = size <= MAX_SHARED_SIZE;
    return size <= MAX_LINE_SIZE;
}

static bool
keep(pickle_reader *r, uint64_t index)
{
    if (index > MAX_OPCODES) {
        return false;
    }
    r->n_kept += r->kept[index] == 0;
    r->kept[index] = r->shareable ? 2 : 1;
    r->highest = index > r->highest ? (unsigned)index : r->highest;
    return true;
}

/* Read one instruction. False when a plain pickle does not have it. */
static bool
read_opcode(pickle_reader *r, uint8_t op)
{
    uint64_t n = 0;
    unsigned size = opcodes[op].size;
    switch (opcodes[op].kind) {
    case OP_VALUE:
        return skip_value(r, size);
    case OP_COUNTED:
        return take_number(r, size, &n) && skip_value(r, n);
    case OP_LINE:
        return skip_lines(r, size);
    case OP_WORK:
        r->shareable = op == 0x93; /* a name */
        return true;
    case OP_PUT:
        return take_number(r, size, &n) && keep(r, n);
    case OP_MEMOIZE:
        return keep(r, r->n_kept);
    case OP_GET:
        r->shareable = true;
        return take_number(r, size, &n) && n <= MAX_OPCODES && r->kept[n] == 2;
    case OP_HEAD:
        return take_number(r, size, &n) &&
               (op == 0x80 || n <= (uint64_t)(r->end - r->at));
    default:
        return false;
    }
}

static bool
is_plain(const uint8_t *data, size_t size)
{
    pickle_reader r = {.at = data, .end = data + size};
    for (unsigned i = 0; i < MAX_OPCODES && r.at < r.end; i++) {
        uint8_t op = *r.at++;
        if (opcodes[op].kind == OP_STOP) {
            return r.highest <= i;
        }
        if (!read_opcode(&r, op)) {
            return false;
        }
    }
    return false;
}

static PyObject *
core_pickle_is_plain(PyObject *module, PyObject *data)
{
    (void)module;
    if (!PyBytes_Check(data)) {
        PyErr_Format(PyExc_TypeError, "bytes are expected, not %s",
                     Py_TYPE(data)->tp_name);
        return NULL;
    }
    return PyBool_FromLong(is_plain((const uint8_t *)PyBytes_AS_STRING(data),
                                    (size_t)PyBytes_GET_SIZE(data)));
}

const PyMethodDef pickles_functions[] = {
    {"pickle_is_plain", core_pickle_is_plain, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
