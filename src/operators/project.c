/* The project operator: a batch of some columns of another, in any order. A
 * column whose type stays as it is passes by reference; others are cast, or
 * made of NULLs where the input has none.
 *
 * A NOT NULL column of the output that comes of one which may hold NULLs is
 * looked at, batch by batch: its count of NULLs is 0, or the job fails, or the
 * rows are dropped.
 *
 * It passes on what the operator after it wants, so that a source in front of
 * both need not decode what neither reads.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "operators/native.h"

#include "base/options.h"
#include "data/cast.h"
#include "data/text.h"
#include "data/type.h"
#include "runtime/plan.h"

/* What becomes of a row with a NULL where there may be none. */
typedef enum enforcer {
    ENFORCER_UNSET = -1, /* as ERROR, but nobody can choose otherwise */
    ENFORCER_ERROR,
    ENFORCER_DROP
} enforcer;

typedef struct project_options {
    mt_strings columns;
    int32_t enforcer;
} project_options;

static const mt_option options[] = {
    {.name = "columns",
     .type = MT_OPT_LIST,
     .flags = MT_OPT_REQUIRED,
     .offset = offsetof(project_options, columns),
     .help = "Columns of the input, from 0, in the order of the output; -1 "
             "for a column of NULLs."},
    {.name = "not-null-enforcer",
     .type = MT_OPT_ENUM,
     .choices = "ERROR|DROP",
     .offset = offsetof(project_options, enforcer),
     .help = "What becomes of a row that has NULL in a NOT NULL column."},
    {0},
};

/* By column of the output. */
typedef struct project_state {
    int32_t len;
    int32_t *from;   /* its column of the input, or -1 */
    uint8_t *read;   /* whether its values are looked at here */
    uint8_t *strict; /* whether NULLs must be looked for */
    uint8_t *wanted; /* whether the operator after this one looks at it */
    enforcer enforcer;
    mt_metric *dropped;
} project_state;

/* ---- reading the options ------------------------------------------------- */

static int read_column(project_state *s, int32_t i, const char *text,
                       const mt_type *input, const mt_type *output,
                       mt_error **err)
{
    char have[MT_TYPE_DESCRIBE_MAX], want[MT_TYPE_DESCRIBE_MAX];
    const mt_type *from, *to = mt_type_column(output, i);
    int64_t at;

    if (!mt__read_int(text, &at) || at < -1 || at >= mt_type_columns_len(input))
        return mt_fail(err, MT_EOPTION,
                       "column '%s' is not one of the %d columns of the input",
                       text, (int)mt_type_columns_len(input));
    s->from[i] = (int32_t)at;
    if (at < 0 && !to->nullable)
        return mt_fail(err, MT_ETYPE,
                       "column '%s' is NOT NULL and cannot be made of NULLs",
                       mt_type_column_name(output, i));
    if (at < 0)
        return 0;
    from = mt_type_column(input, (int32_t)at);
    s->read[i] = !mt_cast_is_free(from, to);
    /* A cast may make NULL of a value, as of a number too long. */
    s->strict[i] = !to->nullable && (from->nullable || s->read[i]);
    s->read[i] |= s->strict[i];
    if (!mt_cast_supported(from, to, NULL))
        return mt_fail(err, MT_ETYPE, "column '%s' is %s and cannot become %s",
                       mt_type_column_name(input, (int32_t)at),
                       mt__type_describe(from, have, sizeof(have)),
                       mt__type_describe(to, want, sizeof(want)));
    return 0;
}

static int read_columns(project_state *s, const mt_strings *columns,
                        const mt_type *input, const mt_type *output,
                        mt_error **err)
{
    int32_t i;
    int rc = 0;

    if (columns->len != s->len)
        return mt_fail(err, MT_EOPTION,
                       "%d columns are picked for a type of %d",
                       (int)columns->len, (int)s->len);
    for (i = 0; i < s->len && rc == 0; i++)
        rc = read_column(s, i, columns->items[i], input, output, err);
    return rc;
}

/* What fini_state() undoes, also after a failure. */
static int init_state(project_state *s, const mt_node *node,
                      const mt_type *input, const mt_type *output,
                      mt_error **err)
{
    project_options *parsed = NULL;
    int rc;

    s->len = mt_type_columns_len(output);
    s->from = mt_calloc(sizeof(*s->from) * (size_t)s->len);
    s->read = mt_calloc((size_t)s->len);
    s->strict = mt_calloc((size_t)s->len);
    s->wanted = mt_calloc((size_t)s->len);
    if (!s->from || !s->read || !s->strict || !s->wanted)
        return mt_fail(err, MT_ENOMEM, "no memory for a projection");
    rc = mt__options_parse(options, sizeof(project_options), &node->options,
                           "operator 'project'", (void **)&parsed, err);
    if (rc == 0) {
        s->enforcer = parsed->enforcer;
        rc = read_columns(s, &parsed->columns, input, output, err);
    }
    mt__options_free(parsed);
    return rc;
}

static void fini_state(project_state *s)
{
    mt_free(s->from, sizeof(*s->from) * (size_t)s->len);
    mt_free(s->read, (size_t)s->len);
    mt_free(s->strict, (size_t)s->len);
    mt_free(s->wanted, (size_t)s->len);
}

static int check_project(const mt_node *node, const mt_type *input,
                         mt_error **err)
{
    project_state s = {0};
    int rc = init_state(&s, node, input, mt__plan_node_of(node)->type, err);

    fini_state(&s);
    return rc;
}

/* ---- running ----------------------------------------------------------- */

static int open_project(mt_operator *op, mt_error **err)
{
    project_state *s = mt_calloc(sizeof(*s));
    int rc;

    if (!s)
        return mt_fail(err, MT_ENOMEM, "no memory for a projection");
    op->state = s;
    rc = init_state(s, op->node, op->input, op->output, err);
    if (rc == 0 && s->enforcer == ENFORCER_DROP)
        s->dropped = mt_context_metric(op->ctx, "records.dropped");
    return rc;
}

/* Decodes what is going to be looked at, before it is passed on. */
static int decode_strict(const project_state *s, mt_batch *batch,
                         mt_error **err)
{
    int32_t i;

    for (i = 0; batch->absent_len && i < s->len; i++)
        if (s->strict[i] && !mt_batch_column(batch, s->from[i], err))
            return mt_error_code(*err);
    return 0;
}

static bool breaks_rule(const project_state *s, const mt_batch *b, int32_t i)
{
    return s->strict[i] && b->columns[i].nulls > 0;
}

/* The error about the first NULL in column i. */
static void refuse_null(const project_state *s, mt_batch *batch, int32_t i,
                        mt_error **err)
{
    int32_t row = 0;

    while (!mt_column_is_null(&batch->columns[i], row))
        row++;
    mt_fail(err, MT_ERECORD, "column '%s' is NOT NULL, but row %d has NULL%s",
            mt_type_column_name(batch->type, i), (int)row,
            s->enforcer == ENFORCER_ERROR
                ? "; 'table.exec.sink.not-null-enforcer' = 'DROP' would leave "
                  "such rows out"
                : "");
    mt__text_note_row(*err, batch->type, NULL, batch, row);
}

/* Leaves in rows[0 .. len) those that have a value in column `c`; tells how
 * many. */
static int32_t keep_values(const mt_column *c, int32_t *rows, int32_t len)
{
    int32_t i, kept = 0;

    for (i = 0; i < len; i++) {
        rows[kept] = rows[i];
        kept += mt_bit(c->validity, rows[i]);
    }
    return kept;
}

/* The batch without its rows that break the rule. Takes the batch; returns
 * owned. */
static mt_batch *drop_rows(const project_state *s, mt_batch *batch,
                           mt_error **err)
{
    size_t size = sizeof(int32_t) * (size_t)batch->rows;
    int32_t *rows = mt_alloc(size);
    int32_t i, len = batch->rows;
    mt_batch *kept = NULL;

    if (!rows) {
        mt_fail(err, MT_ENOMEM, "no memory to drop rows");
    } else {
        for (i = 0; i < len; i++)
            rows[i] = i;
        for (i = 0; i < s->len; i++)
            if (breaks_rule(s, batch, i))
                len = keep_values(&batch->columns[i], rows, len);
        kept = mt_batch_take(batch, rows, len, err);
        mt_metric_add(s->dropped, batch->rows - len);
    }
    mt_free(rows, size);
    mt_batch_unref(batch);
    return kept;
}

/* Takes the batch; returns it or what may stay of it, owned. */
static mt_batch *enforce_not_null(const project_state *s, mt_batch *batch,
                                  mt_error **err)
{
    int32_t i = 0;

    while (i < s->len && !breaks_rule(s, batch, i))
        i++;
    if (i == s->len)
        return batch;
    if (s->enforcer == ENFORCER_DROP)
        return drop_rows(s, batch, err);
    refuse_null(s, batch, i, err);
    mt_batch_unref(batch);
    return NULL;
}

static int project_batch(mt_operator *op, int32_t input, mt_batch *batch,
                         mt_error **err)
{
    const project_state *s = op->state;
    mt_batch *out = NULL;

    (void)input;
    if (decode_strict(s, batch, err) == 0)
        out =
            mt_cast_batch(batch, op->output, s->from, MT_CAST_FAIL, NULL, err);
    mt_batch_unref(batch);
    if (out)
        out = enforce_not_null(s, out, err);
    return out ? mt_operator_emit(op, out, err) : mt_error_code(*err);
}

static void close_project(mt_operator *op)
{
    if (!op->state)
        return;
    fini_state(op->state);
    mt_free(op->state, sizeof(project_state));
    op->state = NULL;
}

/* ---- hints ----------------------------------------------------------- */

/* A column of the input is wanted when it is read here, and when the operator
 * after this one reads it, or may. */
static bool want_columns(mt_operator *op, uint8_t *needed)
{
    project_state *s = op->state;
    mt_operator *next = op->next;
    bool known;
    int32_t i;

    memset(s->wanted, 0, (size_t)s->len);
    known = next && next->cls->wants && next->cls->wants(next, s->wanted);
    for (i = 0; i < s->len; i++)
        if (s->from[i] >= 0 && (!known || s->wanted[i] || s->read[i]))
            needed[s->from[i]] = 1;
    return true;
}

const mt_operator_class mt__project_class = {
    .kind = "project",
    .check = check_project,
    .open = open_project,
    .process = project_batch,
    .wants = want_columns,
    .close = close_project,
};
