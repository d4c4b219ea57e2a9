/* The limit operator: so many rows after so many others, by reference where a
 * batch passes whole. It runs as one subtask, or each would count by itself.
 *
 * What comes after the last row is dropped as it comes: a bounded input ends by
 * itself, and its source has been told how many rows are wanted.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "operators/native.h"

#include "base/options.h"
#include "runtime/plan.h"

typedef struct limit_options {
    int64_t limit;
    int64_t offset;
} limit_options;

static const mt_option options[] = {
    {.name = "limit",
     .type = MT_OPT_INT,
     .offset = offsetof(limit_options, limit),
     .max = INT64_MAX,
     .help = "How many rows pass. All, if not given."},
    {.name = "offset",
     .type = MT_OPT_INT,
     .def = "0",
     .offset = offsetof(limit_options, offset),
     .max = INT64_MAX,
     .help = "How many rows are left out before them."},
    {0},
};

typedef struct limit_state {
    int64_t skip; /* rows still to be left out */
    int64_t left; /* rows still to pass */
    int32_t *rows;
    int32_t rows_max;
} limit_state;

static int read_options(limit_state *s, const mt_node *node, mt_error **err)
{
    limit_options *parsed = NULL;
    int rc = mt__options_parse(options, sizeof(limit_options), &node->options,
                               "operator 'limit'", (void **)&parsed, err);

    if (rc == 0) {
        s->skip = parsed->offset;
        s->left = parsed->limit == MT_UNSET ? INT64_MAX : parsed->limit;
    }
    mt__options_free(parsed);
    return rc;
}

static int check_limit(const mt_node *node, const mt_type *input,
                       mt_error **err)
{
    limit_state s = {0};

    (void)input;
    return read_options(&s, node, err);
}

static int open_limit(mt_operator *op, mt_error **err)
{
    limit_state *s = mt_calloc(sizeof(*s));

    if (!s)
        return mt_fail(err, MT_ENOMEM, "no memory for a limit");
    op->state = s;
    if (mt_context_parallelism(op->ctx) != 1)
        return mt_fail(err, MT_EMISUSE,
                       "a limit runs with parallelism 1, not %d",
                       (int)mt_context_parallelism(op->ctx));
    return read_options(s, op->node, err);
}

static void close_limit(mt_operator *op)
{
    limit_state *s = op->state;

    if (!s)
        return;
    mt_free(s->rows, sizeof(*s->rows) * (size_t)s->rows_max);
    mt_free(s, sizeof(*s));
    op->state = NULL;
}

/* Rows [from, to) of the batch, which is borrowed. Returns owned. */
static mt_batch *take_range(limit_state *s, mt_batch *batch, int32_t from,
                            int32_t to, mt_error **err)
{
    int32_t *wider, i, len = to - from;

    if (len > s->rows_max) {
        wider = mt_realloc(s->rows, sizeof(*wider) * (size_t)s->rows_max,
                           sizeof(*wider) * (size_t)len);
        if (!wider) {
            mt_fail(err, MT_ENOMEM, "no memory for %d rows", (int)len);
            return NULL;
        }
        s->rows = wider;
        s->rows_max = len;
    }
    for (i = 0; i < len; i++)
        s->rows[i] = from + i;
    return mt_batch_take(batch, s->rows, len, err);
}

static int process_limit(mt_operator *op, int32_t input, mt_batch *batch,
                         mt_error **err)
{
    limit_state *s = op->state;
    int32_t from = s->skip < batch->rows ? (int32_t)s->skip : batch->rows;
    int32_t to = batch->rows;
    mt_batch *part;

    (void)input;
    s->skip -= from;
    if (to - from > s->left)
        to = from + (int32_t)s->left;
    s->left -= to - from;
    if (from == 0 && to == batch->rows)
        return mt_operator_emit(op, batch, err);
    part = from < to ? take_range(s, batch, from, to, err) : NULL;
    mt_batch_unref(batch);
    if (part)
        return mt_operator_emit(op, part, err);
    return from < to ? mt_error_code(*err) : 0;
}

/* It reads nothing itself. */
static bool want_columns(mt_operator *op, uint8_t *needed)
{
    const mt_operator *next = op->next;

    return next && next->cls->wants && next->cls->wants(op->next, needed);
}

const mt_operator_class mt__limit_class = {
    .kind = "limit",
    .check = check_limit,
    .open = open_limit,
    .process = process_limit,
    .wants = want_columns,
    .close = close_limit,
};
