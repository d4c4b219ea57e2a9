/* The watermark operator: event time from a column, watermarks from another.
 *
 * A batch leaves without the column of watermarks, and with the rowtime's values
 * as timestamps. The highest watermark seen goes out after the batch when it is
 * more than `interval` ahead of the last, or (strategy on-event) whenever it is
 * higher; else within `interval` of wall clock. Watermarks that come in end
 * here, but for the last, which says that nothing more comes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "operators/native.h"

#include "base/options.h"
#include "data/buffer.h"
#include "data/cast.h"
#include "data/column.h"
#include "data/text.h"
#include "data/type.h"
#include "runtime/plan.h"

typedef enum strategy { ON_PERIODIC, ON_EVENT } strategy;

typedef struct watermark_options {
    int64_t rowtime;
    int64_t column;
    int64_t interval_ms;
    int64_t idle_timeout_ms;
    int32_t strategy;
} watermark_options;

static const mt_option options[] = {
    {.name = "rowtime",
     .type = MT_OPT_INT,
     .flags = MT_OPT_REQUIRED,
     .offset = offsetof(watermark_options, rowtime),
     .max = INT32_MAX,
     .help = "Column of the input, from 0, that holds the event time."},
    {.name = "column",
     .type = MT_OPT_INT,
     .flags = MT_OPT_REQUIRED,
     .offset = offsetof(watermark_options, column),
     .max = INT32_MAX,
     .help = "Column of the input, from 0, that holds the watermark; it does "
             "not come out."},
    {.name = "interval",
     .type = MT_OPT_DURATION,
     .def = "200 ms",
     .offset = offsetof(watermark_options, interval_ms),
     .help = "How long a watermark may wait; 0: not at all."},
    {.name = "strategy",
     .type = MT_OPT_ENUM,
     .choices = "on-periodic|on-event",
     .def = "on-periodic",
     .offset = offsetof(watermark_options, strategy),
     .help = "Whether each batch may bring a watermark."},
    {.name = "idle-timeout",
     .type = MT_OPT_DURATION,
     .def = "0 ms",
     .offset = offsetof(watermark_options, idle_timeout_ms),
     .help = "After so long without a record nobody waits for this stream's "
             "event time; 0: never."},
    {0},
};

typedef struct watermark_state {
    watermark_options *options;
    int32_t *from;   /* column of the input, by column of the output */
    uint8_t *wanted; /* by column of the output, for hints */
    int32_t from_len;
    int64_t highest_ms; /* seen */
    int64_t emitted_ms;
    int64_t emit_at_ms;   /* when it is time to look again */
    int64_t record_at_ms; /* when the last batch came */
    bool idle;
} watermark_state;

/* ---- options ----------------------------------------------------------- */

static bool is_time_point(const mt_type *type)
{
    return type->kind == MT_TIMESTAMP || type->kind == MT_TIMESTAMP_LTZ;
}

static int check_time_column(const mt_type *input, int64_t at, const char *what,
                             mt_error **err)
{
    char text[MT_TYPE_DESCRIBE_MAX];

    if (at < 0 || at >= mt_type_columns_len(input))
        return mt_fail(err, MT_EOPTION,
                       "option '%s': %lld is not one of the %d columns of the "
                       "input",
                       what, (long long)at, (int)mt_type_columns_len(input));
    if (is_time_point(mt_type_column(input, (int32_t)at)))
        return 0;
    return mt_fail(err, MT_ETYPE,
                   "column '%s' is %s: event time is a TIMESTAMP or a "
                   "TIMESTAMP_LTZ",
                   mt_type_column_name(input, (int32_t)at),
                   mt__type_describe(mt_type_column(input, (int32_t)at), text,
                                     sizeof(text)));
}

static int fill_columns(watermark_state *s, const mt_type *input,
                        const mt_type *output, mt_error **err)
{
    int32_t i, to = 0, len = mt_type_columns_len(output);

    if (len != mt_type_columns_len(input) - 1)
        return mt_fail(err, MT_ETYPE,
                       "%d columns come in, so %d come out, not "
                       "%d",
                       (int)mt_type_columns_len(input),
                       (int)mt_type_columns_len(input) - 1, (int)len);
    s->from_len = len;
    s->from = mt_calloc(sizeof(*s->from) * (size_t)len);
    s->wanted = mt_calloc((size_t)len);
    if (!s->from || !s->wanted)
        return mt_fail(err, MT_ENOMEM, "no memory for watermarks");
    for (i = 0; i <= len; i++)
        if (i != s->options->column)
            s->from[to++] = i;
    for (i = 0; i < len; i++)
        if (!mt_cast_is_free(mt_type_column(input, s->from[i]),
                             mt_type_column(output, i)))
            return mt_fail(err, MT_ETYPE,
                           "column '%s' comes in as another type",
                           mt_type_column_name(output, i));
    return 0;
}

/* What fini_state() undoes, also after a failure. */
static int init_state(watermark_state *s, const mt_node *node,
                      const mt_type *input, const mt_type *output,
                      mt_error **err)
{
    int rc =
        mt__options_parse(options, sizeof(watermark_options), &node->options,
                          "operator 'watermark'", (void **)&s->options, err);

    if (rc == 0)
        rc = check_time_column(input, s->options->rowtime, "rowtime", err);
    if (rc == 0)
        rc = check_time_column(input, s->options->column, "column", err);
    return rc == 0 ? fill_columns(s, input, output, err) : rc;
}

static void fini_state(watermark_state *s)
{
    mt__options_free(s->options);
    mt_free(s->from, sizeof(*s->from) * (size_t)s->from_len);
    mt_free(s->wanted, (size_t)s->from_len);
}

static int check_watermark(const mt_node *node, const mt_type *input,
                           mt_error **err)
{
    watermark_state s = {0};
    int rc = init_state(&s, node, input, mt__plan_node_of(node)->type, err);

    fini_state(&s);
    return rc;
}

static int open_watermark(mt_operator *op, mt_error **err)
{
    watermark_state *s = mt_calloc(sizeof(*s));

    if (!s)
        return mt_fail(err, MT_ENOMEM, "no memory for watermarks");
    op->state = s;
    op->makes_watermarks = true;
    s->highest_ms = s->emitted_ms = INT64_MIN;
    s->record_at_ms = mt_now_ms();
    return init_state(s, op->node, op->input, op->output, err);
}

static void close_watermark(mt_operator *op)
{
    if (!op->state)
        return;
    fini_state(op->state);
    mt_free(op->state, sizeof(watermark_state));
    op->state = NULL;
}

/* ---- times ----------------------------------------------------------- */

static int64_t floor_millis(int64_t micros)
{
    return micros / 1000 - (micros % 1000 < 0);
}

static void copy_millis(const mt_type *type, const mt_column *c, int64_t *out)
{
    const mt_timestamp9 *nines = c->values;
    const int64_t *micros = c->values;
    int32_t i;

    if (mt__type_is_timestamp9(type)) {
        for (i = 0; i < c->rows; i++)
            out[i] = nines[i].millis;
    } else {
        for (i = 0; i < c->rows; i++)
            out[i] = floor_millis(micros[i]);
    }
}

/* The highest of the column's values, NULLs left aside; `highest` when none is
 * higher. */
static int64_t find_highest(const mt_type *type, const mt_column *c,
                            int64_t highest)
{
    const mt_timestamp9 *nines = c->values;
    const int64_t *micros = c->values;
    bool nine = mt__type_is_timestamp9(type);
    int32_t i;

    for (i = 0; i < c->rows; i++) {
        int64_t ms = nine ? nines[i].millis : floor_millis(micros[i]);

        if (ms > highest && !mt_column_is_null(c, i))
            highest = ms;
    }
    return highest;
}

static int refuse_null(const watermark_state *s, mt_batch *batch,
                       const mt_column *c, mt_error **err)
{
    int32_t row = 0;

    while (!mt_column_is_null(c, row))
        row++;
    mt_fail(err, MT_ERECORD,
            "column '%s' is the event time and must not be NULL",
            mt_type_column_name(batch->type, (int32_t)s->options->rowtime));
    mt__text_note_row(*err, batch->type, NULL, batch, row);
    return MT_ERECORD;
}

/* ---- running ----------------------------------------------------------- */

/* Gives `out`, which nobody else has, the rowtime's values as timestamps. */
static int set_timestamps(mt_batch *out, const mt_type *type,
                          const mt_column *rowtime, mt_error **err)
{
    mt_buffer *buf = mt__buffer_new(sizeof(int64_t) * (size_t)out->rows);

    if (!buf)
        return mt_fail(err, MT_ENOMEM, "no memory for %d timestamps",
                       (int)out->rows);
    copy_millis(type, rowtime, mt__buffer_data(buf));
    mt__buffer_unref(out->timestamps_owner);
    out->timestamps_owner = buf;
    out->timestamps = mt__buffer_data(buf);
    out->size_bytes += (int64_t)mt__buffer_capacity(buf);
    return 0;
}

/* The batch as it goes on; `batch` is borrowed. */
static mt_batch *stamp_batch(mt_operator *op, mt_batch *batch, mt_error **err)
{
    watermark_state *s = op->state;
    int32_t at = (int32_t)s->options->rowtime;
    int32_t mark = (int32_t)s->options->column;
    const mt_column *rowtime = mt_batch_column(batch, at, err);
    const mt_column *marks = rowtime ? mt_batch_column(batch, mark, err) : NULL;
    mt_batch *out;

    if (!marks)
        return NULL;
    if (rowtime->nulls > 0) {
        refuse_null(s, batch, rowtime, err);
        return NULL;
    }
    out = mt_cast_batch(batch, op->output, s->from, MT_CAST_FAIL, NULL, err);
    if (out &&
        set_timestamps(out, mt_type_column(op->input, at), rowtime, err) < 0) {
        mt_batch_unref(out);
        return NULL;
    }
    s->highest_ms =
        find_highest(mt_type_column(op->input, mark), marks, s->highest_ms);
    return out;
}

static int emit_highest(mt_operator *op, mt_error **err)
{
    watermark_state *s = op->state;

    if (s->highest_ms <= s->emitted_ms)
        return 0;
    s->emitted_ms = s->highest_ms;
    return mt_operator_emit_watermark(op, s->emitted_ms, err);
}

static bool is_far_ahead(const watermark_state *s)
{
    if (s->options->strategy == ON_EVENT || s->emitted_ms == INT64_MIN)
        return s->highest_ms > s->emitted_ms;
    return (uint64_t)s->highest_ms - (uint64_t)s->emitted_ms >
           (uint64_t)s->options->interval_ms;
}

static int process_watermark(mt_operator *op, int32_t input, mt_batch *batch,
                             mt_error **err)
{
    watermark_state *s = op->state;
    mt_batch *out = stamp_batch(op, batch, err);
    int rc = 0;

    (void)input;
    mt_batch_unref(batch);
    if (!out)
        return mt_error_code(*err);
    s->record_at_ms = mt_now_ms();
    if (s->idle)
        rc = mt_operator_emit_idle(op, false, err);
    s->idle = false;
    if (rc < 0) {
        mt_batch_unref(out);
        return rc;
    }
    rc = mt_operator_emit(op, out, err);
    return rc == 0 && is_far_ahead(s) ? emit_highest(op, err) : rc;
}

/* Called when there is nothing else to do, and when it has asked to be. */
static int tend_watermark(mt_operator *op, int64_t *wake_ms, mt_error **err)
{
    watermark_state *s = op->state;
    const watermark_options *o = s->options;
    int64_t now_ms = mt_now_ms(), idle_at_ms;
    int rc = 0;

    if (o->interval_ms > 0) {
        if (now_ms >= s->emit_at_ms) {
            s->emit_at_ms = now_ms + o->interval_ms;
            rc = emit_highest(op, err);
        }
        *wake_ms = s->emit_at_ms;
    }
    if (rc < 0 || o->idle_timeout_ms <= 0 || s->idle)
        return rc;
    idle_at_ms = s->record_at_ms + o->idle_timeout_ms;
    if (now_ms < idle_at_ms) {
        *wake_ms = *wake_ms < idle_at_ms ? *wake_ms : idle_at_ms;
        return 0;
    }
    s->idle = true;
    return mt_operator_emit_idle(op, true, err);
}

static bool want_columns(mt_operator *op, uint8_t *needed)
{
    watermark_state *s = op->state;
    bool known;
    int32_t i;

    memset(s->wanted, 0, (size_t)s->from_len);
    known = op->next && op->next->cls->wants &&
            op->next->cls->wants(op->next, s->wanted);
    for (i = 0; i < s->from_len; i++)
        if (!known || s->wanted[i])
            needed[s->from[i]] = 1;
    needed[s->options->rowtime] = 1;
    needed[s->options->column] = 1;
    return true;
}

const mt_operator_class mt__watermark_class = {
    .kind = "watermark",
    .check = check_watermark,
    .open = open_watermark,
    .process = process_watermark,
    .idle = tend_watermark,
    .wants = want_columns,
    .close = close_watermark,
};
