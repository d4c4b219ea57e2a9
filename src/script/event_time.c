/* event_time.c - what a WatermarkStrategy does in one subtask.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/event_time.h"

#include "data/buffer.h"

void mt__event_time_start(mt__event_time *t, int64_t now_ms)
{
    t->max_ms = t->said_ms = MT__NO_TIME;
    t->due_ms = now_ms + t->interval_ms;
    t->record_ms = now_ms;
    t->idle = false;
}

/* ---- stamping ----------------------------------------------------------- */

/* All columns by reference, so that the batch can have other event times than
 * the one that others hold too. Takes the batch. */
static mt_batch *copy_batch(mt_batch *batch, mt_error **err)
{
    size_t size = (size_t)batch->columns_len * sizeof(int32_t);
    int32_t *from = mt_alloc(size), i;
    mt_batch *copy = NULL;

    if (!from)
        mt_fail(err, MT_ENOMEM, "no memory for a batch");
    for (i = 0; from && i < batch->columns_len; i++)
        from[i] = i;
    if (from)
        copy = mt_batch_project(batch, batch->type, from, err);
    mt_free(from, size);
    mt_batch_unref(batch);
    return copy;
}

mt_batch *mt__event_time_stamp(mt_batch *batch, const int64_t *stamps,
                               mt_error **err)
{
    size_t size = (size_t)batch->rows * sizeof(*stamps);
    mt_buffer *own = mt__buffer_new(size);

    if (!own) {
        mt_batch_unref(batch);
        mt_fail(err, MT_ENOMEM, "no memory for a batch's event times");
        return NULL;
    }
    memcpy(mt__buffer_data(own), stamps, size);
    if (batch->refs > 1)
        batch = copy_batch(batch, err);
    if (!batch) {
        mt__buffer_unref(own);
        return NULL;
    }
    mt__buffer_unref(batch->timestamps_owner);
    batch->timestamps_owner = own;
    batch->timestamps = mt__buffer_data(own);
    return batch;
}

/* ---- watermarks ---------------------------------------------------------- */

int mt__event_time_note(mt__event_time *t, mt_operator *op,
                        const mt_batch *batch, int64_t now_ms, mt_error **err)
{
    int32_t i;

    for (i = 0; batch->timestamps && i < batch->rows; i++)
        if (batch->timestamps[i] > t->max_ms)
            t->max_ms = batch->timestamps[i];
    t->record_ms = now_ms;
    if (!t->idle)
        return 0;
    t->idle = false;
    return mt_operator_emit_idle(op, false, err);
}

/* The watermark of what has come so far. */
static int64_t watermark_of(const mt__event_time *t)
{
    int64_t back_ms = t->bound_ms + 1;

    if (t->bound_ms < 0 || t->max_ms == MT__NO_TIME)
        return MT__NO_TIME;
    return t->max_ms < INT64_MIN + back_ms ? INT64_MIN : t->max_ms - back_ms;
}

static int say_watermark(mt__event_time *t, mt_operator *op, mt_error **err)
{
    int64_t ms = watermark_of(t);

    if (ms <= t->said_ms)
        return 0;
    t->said_ms = ms;
    return mt_operator_emit_watermark(op, ms, err);
}

static void wake_at(int64_t *wake_ms, int64_t ms)
{
    if (ms < *wake_ms)
        *wake_ms = ms;
}

int mt__event_time_tend(mt__event_time *t, mt_operator *op, int64_t now_ms,
                        int64_t *wake_ms, mt_error **err)
{
    int rc = 0;

    if (t->bound_ms >= 0 && t->interval_ms > 0) {
        if (now_ms >= t->due_ms) {
            t->due_ms = now_ms + t->interval_ms;
            rc = say_watermark(t, op, err);
        }
        wake_at(wake_ms, t->due_ms);
    }
    if (rc == 0 && t->idle_ms > 0 && !t->idle) {
        if (now_ms - t->record_ms >= t->idle_ms) {
            t->idle = true;
            rc = say_watermark(t, op, err);
            if (rc == 0)
                rc = mt_operator_emit_idle(op, true, err);
        } else {
            wake_at(wake_ms, t->record_ms + t->idle_ms);
        }
    }
    return rc;
}
