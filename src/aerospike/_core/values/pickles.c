/* This file judges pickles by a walk over their instructions, without running any. A
 * pickle is a program, and a short one can ask for gigabytes of memory or for hours of
 * work: by copying again and again what it has made before, or by numbers of a million
 * digits. _pickle_scan.py finds out what any pickle would cost, but slowly. Most
 * pickles are plain, and this file sees that quickly: they have few instructions, and
 * use nothing twice but small values, so that they cannot cost much more than they are
 * long.
 *
 * A pickle keeps values for later use in the memo, a table of indexes. Whether a kept
 * value may be used again is all that this walk has to know of it. */
#include "values/pickles.h"

#include <stdbool.h>
#include <string.h>

/* With so few instructions a pickle cannot nest too deep, nor make too many keys. */
#define MAX_OPCODES 1000u
/* A kept value of more bytes must not be used again: each use would count. */
#define MAX_SHARED_SIZE 255u
/* Lines can be numbers: converting digits takes time with the square of their count. */
#define MAX_LINE_SIZE 4300u

/* The kinds of instructions. */
enum {
    OP_OTHER,   /* no instruction, or one that plain pickles do not have */
    OP_VALUE,   /* a value of `size` bytes */
    OP_COUNTED, /* a value behind its size, which takes `size` bytes */
    OP_LINE,    /* a value of `size` lines: two for GLOBAL, one for all others */
    OP_WORK,    /* makes something of what is on the stack */
    OP_PUT,     /* keep the top of the stack under an index of `size` bytes */
    OP_MEMOIZE, /* the same under the next index */
    OP_GET,     /* push what is kept */
    OP_HEAD,    /* says something of the pickle in `size` bytes */
    OP_FRAME,   /* so many bytes that follow are read at once; `size` of the number */
    OP_STOP,
};

/* What each instruction is; `size` means what its kind says. */
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
    [0x95] = {OP_FRAME, 8},  ['.'] = {OP_STOP, 0},
};

/* A pickle that is being walked through. */
typedef struct pickle_reader {
    const uint8_t *at, *end;
    const uint8_t *frame_end; /* of the frame that began last */
    bool shareable;           /* the top of the stack may be used again */
    unsigned n_kept, highest; /* how many indexes are in use, the highest of them */
    uint8_t kept[MAX_OPCODES + 1]; /* by index: 0: nothing is kept; 1: a value; 2: one
                                      that may be used again */
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

/* Skip a value of so many bytes, which is then the top of the stack. */
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

/* Skip a value of so many lines, which is then the top of the stack. */
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

/* Keep the top of the stack under an index. False when the index is too large. */
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

/* Note where a frame ends, which must be there. */
static bool
begin_frame(pickle_reader *r, uint64_t size)
{
    if (size > (uint64_t)(r->end - r->at)) {
        return false;
    }
    r->frame_end = r->at + size;
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
    case OP_WORK: /* whatever it makes can be large, but for a name (STACK_GLOBAL) */
        r->shareable = op == 0x93;
        return true;
    case OP_PUT:
        return take_number(r, size, &n) && keep(r, n);
    case OP_MEMOIZE:
        return keep(r, r->n_kept);
    case OP_GET:
        r->shareable = true;
        return take_number(r, size, &n) && n <= MAX_OPCODES && r->kept[n] == 2;
    case OP_HEAD:
        return take_number(r, size, &n);
    case OP_FRAME:
        return r->at > r->frame_end && take_number(r, size, &n) && begin_frame(r, n);
    default:
        return false;
    }
}

/* Is the pickle plain? At its end no index of the memo may be above the number of
 * instructions: a memo has room up to its highest index, however few are in use. */
static bool
is_plain(const uint8_t *data, size_t size)
{
    pickle_reader r = {.at = data, .end = data + size, .frame_end = data};
    for (unsigned i = 0; i < MAX_OPCODES && r.at < r.end; i++) {
        const uint8_t *start = r.at;
        uint8_t op = *r.at++;
        if (opcodes[op].kind == OP_STOP) {
            return r.highest <= i;
        }
        if (!read_opcode(&r, op)) {
            return false;
        }
        if (start < r.frame_end && r.at > r.frame_end) {
            return false; /* Python would go on behind the frame: see _pickle_scan.py */
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
