/* The project operator: a batch of some columns of another, in any order. A
 * column whose type stays as it is passes by reference; others are cast.
 *
 * It passes on what the operator after it wants, so that a source in front of
 * both need not decode what neither reads.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "operators/native.h"

#include "base/options.h"
#include "data/buffer.h"
#include "data/cast.h"
#include "data/column.h"
#include "runtime/plan.h"

typedef struct project_options {
    mt_strings columns;
} project_options;

static const mt_option options[] = {
    {.name = "columns",
     .type = MT_OPT_LIST,
     .flags = MT_OPT_REQUIRED,
     .offset = offsetof(project_options, columns),
     .help = "Columns of the input, from 0, in the order of the output."},
    {0},
};

/* One column of the output. */
typedef struct pick {
    int32_t from;
    bool cast;
} pick;

typedef struct project_state {
    const mt_type *type;
    pick *picks;
    int32_t picks_len;
    uint8_t *wanted; /* by the operator after this one; one an output column */
} project_state;

/* ---- reading the option -------------------------------------------------- */

static int read_pick(const char *text, const mt_type *input, const mt_type *to,
                     pick *out, mt_error **err)
{
    char have[MT_TYPE_DESCRIBE_MAX], want[MT_TYPE_DESCRIBE_MAX];
    const mt_type *from;
    int64_t at;

    if (!mt__read_int(text, &at) || at < 0 || at >= mt_type_columns_len(input))
        return mt_fail(err, MT_EOPTION,
                       "column '%s' is not one of the %d columns of the input",
                       text, (int)mt_type_columns_len(input));
    from = mt_type_column(input, (int32_t)at);
    out->from = (int32_t)at;
    out->cast = !mt_cast_is_free(from, to);
    if (out->cast && !mt_cast_supported(from, to, NULL))
        return mt_fail(err, MT_ETYPE, "column '%s' is %s and cannot become %s",
                       mt_type_column_name(input, (int32_t)at),
                       mt__type_describe(from, have, sizeof(have)),
                       mt__type_describe(to, want, sizeof(want)));
    return 0;
}

/* Fills `picks`, one a column of `output`, when it is not NULL. */
static int read_picks(const mt_node *node, const mt_type *input,
                      const mt_type *output, pick *picks, mt_error **err)
{
    project_options *parsed = NULL;
    int32_t i, len = mt_type_columns_len(output);
    pick ignored;
    int rc;

    rc = mt__options_parse(options, sizeof(project_options), &node->options,
                           "operator 'project'", (void **)&parsed, err);
    if (rc == 0 && parsed->columns.len != len)
        rc = mt_fail(err, MT_EOPTION, "%d columns are picked for a type of %d",
                     (int)parsed->columns.len, (int)len);
    for (i = 0; i < len && rc == 0; i++)
        rc = read_pick(parsed->columns.items[i], input,
                       mt_type_column(output, i), picks ? &picks[i] : &ignored,
                       err);
    mt__options_free(parsed);
    return rc;
}

static int check_project(const mt_node *node, const mt_type *input,
                         mt_error **err)
{
    return read_picks(node, input, mt__plan_node_of(node)->type, NULL, err);
}

/* ---- columns that nobody has asked for ----------------------------------- */

/* A column that is absent in the input stays absent in the output, and is
 * decoded there when somebody does ask. */
typedef struct lazy_columns {
    mt_lazy lazy; /* the first member */
    mt_batch *input;
    int32_t *from; /* one a column of the output */
    int32_t from_len;
} lazy_columns;

static int decode_lazy(mt_lazy *lazy, const mt_batch *batch, int32_t column,
                       mt_column_builder *out, mt_error **err)
{
    lazy_columns *l = (lazy_columns *)lazy;
    const mt_column *c = mt_batch_column(l->input, l->from[column], err);

    if (!c)
        return mt_error_code(*err);
    if (mt__column_builder_append(out, c, 0, batch->rows) < 0)
        return mt_fail(err, MT_ENOMEM, "no memory for a column");
    return 0;
}

static void free_lazy(mt_lazy *lazy)
{
    lazy_columns *l = (lazy_columns *)lazy;

    mt_batch_unref(l->input);
    mt_free(l->from, sizeof(*l->from) * (size_t)l->from_len);
    mt_free(l, sizeof(*l));
}

/* Makes sure that the output knows where to get its absent columns. */
static int ensure_lazy(const project_state *s, mt_batch *input, mt_batch *out,
                       mt_error **err)
{
    lazy_columns *l;
    int32_t i;

    if (out->lazy)
        return 0;
    l = mt_calloc(sizeof(*l));
    if (!l)
        return mt_fail(err, MT_ENOMEM, "no memory for a batch");
    l->lazy.decode = decode_lazy;
    l->lazy.free = free_lazy;
    l->from = mt_alloc(sizeof(*l->from) * (size_t)s->picks_len);
    if (!l->from) {
        mt_free(l, sizeof(*l));
        return mt_fail(err, MT_ENOMEM, "no memory for a batch");
    }
    l->from_len = s->picks_len;
    for (i = 0; i < s->picks_len; i++)
        l->from[i] = s->picks[i].from;
    l->input = mt_batch_ref(input);
    out->lazy = &l->lazy;
    return 0;
}

/* ---- running ------------------------------------------------------------- */

static int open_project(mt_operator *op, mt_error **err)
{
    project_state *s = mt_calloc(sizeof(*s));

    if (!s)
        return mt_fail(err, MT_ENOMEM, "no memory for a projection");
    op->state = s;
    s->type = op->output;
    s->picks_len = mt_type_columns_len(op->output);
    s->picks = mt_calloc(sizeof(*s->picks) * (size_t)s->picks_len);
    s->wanted = mt_calloc((size_t)s->picks_len);
    if (!s->picks || !s->wanted)
        return mt_fail(err, MT_ENOMEM, "no memory for a projection");
    return read_picks(op->node, op->input, op->output, s->picks, err);
}

static int cast_column(const mt_type *from, const mt_column *c, int32_t rows,
                       const mt_type *to, const char *name, mt_column *out,
                       mt_error **err)
{
    mt_column_builder b;
    int rc;

    if (mt__column_builder_init(&b, to, rows) < 0)
        return mt_fail(err, MT_ENOMEM, "no memory for column '%s'", name);
    rc = mt_cast_column(from, c, rows, &b, MT_CAST_FAIL, NULL, err);
    if (rc < 0)
        mt_fail_context(err, "column '%s'", name);
    else
        rc = mt__column_builder_prepare(&b, out, name, err);
    if (rc == 0)
        mt__column_builder_seal(&b, out);
    mt__column_builder_fini(&b);
    return rc;
}

static int pick_column(const project_state *s, mt_batch *batch, int32_t i,
                       mt_batch *out, mt_error **err)
{
    const pick *p = &s->picks[i];
    const mt_column *c = &batch->columns[p->from];

    if (c->absent && !p->cast) {
        out->columns[i].absent = 1;
        out->columns[i].rows = out->rows;
        out->absent_len++;
        return ensure_lazy(s, batch, out, err);
    }
    c = mt_batch_column(batch, p->from, err);
    if (!c)
        return mt_error_code(*err);
    if (p->cast)
        return cast_column(mt_type_column(batch->type, p->from), c, batch->rows,
                           mt_type_column(s->type, i),
                           mt_type_column_name(s->type, i), &out->columns[i],
                           err);
    mt__column_share(&out->columns[i], c);
    return 0;
}

static int project_batch(mt_operator *op, int32_t input, mt_batch *batch,
                         mt_error **err)
{
    const project_state *s = op->state;
    mt_batch *out = mt__batch_new(s->type, batch->rows);
    int32_t i;
    int rc = 0;

    (void)input;
    if (!out)
        rc = mt_fail(err, MT_ENOMEM, "no memory for a batch");
    for (i = 0; i < s->picks_len && rc == 0; i++)
        rc = pick_column(s, batch, i, out, err);
    if (rc == 0) {
        out->kinds = batch->kinds;
        out->kinds_owner = mt__buffer_ref(batch->kinds_owner);
        out->timestamps = batch->timestamps;
        out->timestamps_owner = mt__buffer_ref(batch->timestamps_owner);
        mt__batch_count_bytes(out);
    }
    mt_batch_unref(batch);
    if (rc == 0)
        return mt_operator_emit(op, out, err);
    mt_batch_unref(out);
    return rc;
}

/* ---- hints --------------------------------------------------------------- */

/* A column is read here when it is cast, and passed on when the operator after
 * this one reads it, or may. */
static bool want_columns(mt_operator *op, uint8_t *needed)
{
    project_state *s = op->state;
    mt_operator *next = op->next;
    bool known;
    int32_t i;

    memset(s->wanted, 0, (size_t)s->picks_len);
    known = next && next->cls->wants && next->cls->wants(next, s->wanted);
    for (i = 0; i < s->picks_len; i++)
        if (!known || s->wanted[i] || s->picks[i].cast)
            needed[s->picks[i].from] = 1;
    return true;
}

static void close_project(mt_operator *op)
{
    project_state *s = op->state;

    if (!s)
        return;
    mt_free(s->picks, sizeof(*s->picks) * (size_t)s->picks_len);
    mt_free(s->wanted, (size_t)s->picks_len);
    mt_free(s, sizeof(*s));
    op->state = NULL;
}

const mt_operator_class mt__project_class = {
    .kind = "project",
    .check = check_project,
    .open = open_project,
    .process = project_batch,
    .wants = want_columns,
    .close = close_project,
};
