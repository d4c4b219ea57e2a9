/* sink.h - the sink's callbacks.
 *
 * thread: the task's.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_SINK_H
#define MT_KAFKA_SINK_H

#include "options.h"

/* Opens with options that upsert.c may have added to; they are copied. */
int kafka_sink_make(mt_context *ctx, const kafka_options *options,
                    const mt_table *table, void **sink, mt_error **err);
int kafka_sink_open(mt_context *ctx, const void *options, const mt_table *table,
                    void **sink, mt_error **err);
int kafka_sink_write(void *sink, mt_batch *batch, mt_error **err);
int kafka_sink_poll(void *sink, int64_t *wake_ms, mt_error **err);
int kafka_sink_barrier(void *sink, int64_t id, mt_buf *snapshot,
                       mt_error **err);
int kafka_sink_end(void *sink, mt_error **err);
void kafka_sink_close(void *sink);

#endif
