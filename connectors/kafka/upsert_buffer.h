/* upsert_buffer.h - rows that wait, of which the last one of each key counts:
 * 'sink.buffer-flush.max-rows' and 'sink.buffer-flush.interval'.
 *
 * Batches are kept whole until they are taken. Besides max-rows keys, they are
 * bounded by 16 MiB and by four times as many rows as keys.
 *
 * thread: the sink's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_UPSERT_BUFFER_H
#define MT_KAFKA_UPSERT_BUFFER_H

#include "moontide_plugin.h"

typedef struct kafka_buffer kafka_buffer;

kafka_buffer *kafka_buffer_new(int64_t rows_max, int64_t span_ms,
                               mt_error **err);
void kafka_buffer_free(kafka_buffer *b); /* NULL is fine */

/* Keeps the batch (refs it), whose rows have these keys. */
int kafka_buffer_add(kafka_buffer *b, mt_batch *batch, const mt_span *keys,
                     mt_error **err);

/* Whether it is time to take what is there; if not, *wake_ms is lowered to when
 * it will be. */
bool kafka_buffer_due(const kafka_buffer *b, int64_t *wake_ms);

/* The oldest batch without the rows that newer ones have replaced; returned
 * owned, NULL when there is none any more, or with err. To be called until
 * then. */
mt_batch *kafka_buffer_take(kafka_buffer *b, mt_error **err);

#endif
