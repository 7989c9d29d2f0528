/* batch/templates.c -- the bytes that the rows of a batch have in common: what is asked
 * for, without the key. Each function writes a template of one kind of request: its
 * tail first (template_begin()), then, when it is known whether the operations read or
 * write, its head (template_end()). */
#include "batch/templates.h"

#include "values/fields.h"

/* An encoder of values by the rules of the client. */
static encoder
encoder_for(const batch_run *b, asc_buf *out)
{
    return (encoder){.st = b->st,
                     .out = out,
                     .rules = &b->client->config.values,
                     .serializer = SERIALIZER_NOT_GIVEN};
}

/* Append the operations of a template; ops may be NULL. 0, or -1 with an exception. */
static int
put_operations(batch_run *b, asc_writer *w, PyObject *ops, operations_summary *sum)
{
    encoder e = encoder_for(b, &b->memory.bytes);
    *sum = (operations_summary){0};
    return ops == NULL ? 0 : operations_from_py(&e, w, ops, true, sum);
}

int
batch_read_template(batch_run *b, const policy *pol, PyObject *bins)
{
    asc_writer w;
    encoder e = encoder_for(b, &b->memory.bytes);
    /* the filter of the whole batch stands before the rows, and not in each */
    template_head head = {.has_bins = true,
                          .filter = pol != &b->pol ? pol->filter : NULL};
    if (template_begin(b, &w) < 0 ||
        (bins != NULL && read_operations(&e, &w, bins, BIN_NAME_OF_BATCH) < 0)) {
        return -1;
    }
    head.msg.info1 = ASC_INFO1_READ;
    if (bins == NULL) {
        head.msg.info1 |= ASC_INFO1_GET_ALL;
    }
    else if (w.n_ops == 0) {
        head.msg.info1 |= ASC_INFO1_GET_NO_BINS;
        head.has_bins = false;
    }
    policy_to_read_head(pol, &head.msg);
    return template_end(b, &w, &head);
}

int
batch_check_operations(module_state *st, const char *what, PyObject *ops)
{
    if (PyList_Check(ops) && PyList_GET_SIZE(ops) > 0) {
        return 0;
    }
    return raise_param(st, "ops should be a list of op dictionaries" DETAIL "%s%s %s",
                       what, PyList_Check(ops) ? "the list is" : "got",
                       PyList_Check(ops) ? "empty" : Py_TYPE(ops)->tp_name);
}

int
batch_operations_template(batch_run *b, const policy *pol, record_meta meta,
                          PyObject *ops, allowed_operations allowed)
{
    asc_writer w;
    operations_summary sum;
    template_head head = {.has_bins = true, .filter = pol->filter};
    if (template_begin(b, &w) < 0 || put_operations(b, &w, ops, &sum) < 0) {
        return -1;
    }
    if (sum.writes && allowed == ONLY_READS) {
        return raise_param(b->st, "ops of a read must not write");
    }
    head.writes = sum.writes;
    head.msg.info1 = sum.reads ? ASC_INFO1_READ : 0;
    head.msg.info1 |= sum.reads_all ? ASC_INFO1_GET_ALL : 0;
    if (!sum.writes) {
        policy_to_read_head(pol, &head.msg);
    }
    else {
        if (sum.has_ttl) {
            meta.ttl_s = sum.ttl_s;
            meta.has_ttl = true;
        }
        head.sends_key = pol->key == 1;
        head.msg.info2 = ASC_INFO2_WRITE;
        policy_to_write_head(pol, &meta, &head.msg);
    }
    if ((sum.writes || sum.respond_all) && !sum.reads_all) {
        head.msg.info2 |= ASC_INFO2_RESPOND_ALL_OPS;
    }
    if (template_end(b, &w, &head) < 0) {
        return -1;
    }
    b->memory.templates[b->n_templates - 1].asked = Py_NewRef(ops);
    return 0;
}

/* The head of a template that always writes: a removal or a function call. */
static template_head
head_of_write(const policy *pol, const record_meta *meta, uint8_t info2)
{
    template_head head = {.has_bins = true,
                          .writes = true,
                          .sends_key = pol->key == 1,
                          .filter = pol->filter};
    head.msg.info2 = ASC_INFO2_WRITE | info2;
    policy_to_write_head(pol, meta, &head.msg);
    return head;
}

int
batch_remove_template(batch_run *b, const policy *pol, record_meta meta)
{
    asc_writer w;
    template_head head =
        head_of_write(pol, &meta, ASC_INFO2_DELETE | ASC_INFO2_RESPOND_ALL_OPS);
    head.msg.ttl_s = 0; /* a delete has none */
    return template_begin(b, &w) < 0 ? -1 : template_end(b, &w, &head);
}

int
batch_apply_template(batch_run *b, const policy *pol, PyObject *module,
                     PyObject *function, PyObject *args)
{
    asc_writer w;
    record_meta meta = {0};
    template_head head = head_of_write(pol, &meta, 0);
    encoder e = encoder_for(b, &b->memory.bytes);
    if (!PyList_Check(args) && !PyTuple_Check(args)) {
        raise_param(b->st,
                    "args must be a list of arguments for the UDF" DETAIL
                    "got %s: write [value], or [] for none",
                    Py_TYPE(args)->tp_name);
        return error_in_argument(b->st, "args");
    }
    if (template_begin(b, &w) < 0 ||
        put_function_fields(&e, &w, module, function, args) < 0 ||
        template_end(b, &w, &head) < 0) {
        return -1;
    }
    PyObject *asked = PyTuple_Pack(2, module, function);
    b->memory.templates[b->n_templates - 1].asked = asked;
    return asked != NULL ? 0 : -1;
}
