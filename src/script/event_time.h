/* event_time.h - what a WatermarkStrategy does in one subtask: gives records
 * their event time, and makes watermarks of what it has given.
 *
 * A watermark is the greatest event time so far, less the bound and 1 ms. It is
 * said every `interval_ms`, when it has grown. A stream without records for
 * `idle_ms` says that it is idle, and takes that back with its next record.
 *
 * thread: the operator's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_EVENT_TIME_H
#define MT_EVENT_TIME_H

#include "runtime/operator.h"

/* No event time: of a record, or of all so far. */
#define MT__NO_TIME INT64_MIN

typedef struct mt__event_time {
    int64_t bound_ms;    /* -1: makes no watermarks */
    int64_t interval_ms; /* 0: says none but the last */
    int64_t idle_ms;     /* 0: never idle */
    int64_t max_ms;      /* greatest event time so far */
    int64_t said_ms;     /* the last watermark */
    int64_t due_ms;      /* when the next is due; by mt_now_ms() */
    int64_t record_ms;   /* when the last records came; likewise */
    bool idle;
} mt__event_time;

/* Begins; bound, interval and idle time are set by the caller. */
void mt__event_time_start(mt__event_time *t, int64_t now_ms);

/* `batch` with these event times, one a row (borrowed), in place of its own.
 * Takes the batch; returns owned, NULL with err. */
mt_batch *mt__event_time_stamp(mt_batch *batch, const int64_t *stamps,
                               mt_error **err);

/* Notes the event times of a batch that is about to be emitted. */
int mt__event_time_note(mt__event_time *t, mt_operator *op,
                        const mt_batch *batch, int64_t now_ms, mt_error **err);

/* Says what is due at `now_ms`; lowers *wake_ms to when more will be. */
int mt__event_time_tend(mt__event_time *t, mt_operator *op, int64_t now_ms,
                        int64_t *wake_ms, mt_error **err);

#endif
