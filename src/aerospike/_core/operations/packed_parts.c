/* operations/packed_parts.c -- what the writers of packed arguments have in common.
 * Each of their errors begins with the name of the operation and names the entry. */
#include "operations/packed_parts.h"

#include "support/numbers.h"

const char *
packing_text(PyObject *name)
{
    const char *text = PyUnicode_AsUTF8(name);
    return text != NULL ? text : "?";
}

int
packing_refuse_type(packing *p, PyObject *name, const char *expected, PyObject *got)
{
    return raise_param(p->e->st, "%s must be %s" DETAIL "got %s", packing_text(name),
                       expected, Py_TYPE(got)->tp_name);
}

int
packing_refuse_missing(packing *p, PyObject *name)
{
    return raise_param(p->e->st, "Operation missing required entry %s",
                       packing_text(name));
}

int
packing_entry(packing *p, PyObject *name, PyObject **out)
{
    int found = PyDict_GetItemRef(p->dict, name, out);
    p->n_known += found > 0;
    return found;
}

PyObject *
packing_arg_name(packing *p, const arg_row *arg)
{
    return state_name(p->e->st, p->other_name ? arg->other_name : arg->name);
}

int
packing_put_int(packing *p, int64_t v)
{
    return put_ok(asc_mp_put_int(p->e->out, v)) < 0 ? -1 : 1;
}

int
packing_refuse_int(packing *p, PyObject *name, PyObject *got)
{
    return PyLong_Check(got)
               ? raise_param(p->e->st, "%s too large" DETAIL "64 bits are allowed",
                             packing_text(name))
               : packing_refuse_type(p, name, "an integer", got);
}

int
packing_int(packing *p, PyObject *name, PyObject *value, int64_t *out)
{
    bool fits = PyLong_Check(value) && int64_from_py(value, out);
    return fits ? 0 : packing_refuse_int(p, name, value);
}

int
packing_put_value(packing *p, PyObject *name, PyObject *value)
{
    return encode_argument(p->e, value) < 0
               ? error_in_argument(p->e->st, packing_text(name))
               : 1;
}

int
packing_flag(packing *p, PyObject *name)
{
    PyObject *value;
    int truth = packing_entry(p, name, &value);
    if (truth > 0) {
        truth = PyObject_IsTrue(value);
        Py_DECREF(value);
    }
    return truth;
}
