/* sink.h - writing puts and deletes.
 *
 * thread: the sink's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_HBASE_SINK_H
#define MT_HBASE_SINK_H

#include "options.h"

int hbase_sink_open(mt_context *ctx, const void *options, const mt_table *table,
                    void **sink, mt_error **err);
int hbase_sink_write(void *sink, mt_batch *batch, mt_error **err);
int hbase_sink_poll(void *sink, int64_t *wake_ms, mt_error **err);
int hbase_sink_barrier(void *sink, int64_t id, mt_buf *snapshot,
                       mt_error **err);
int hbase_sink_end(void *sink, mt_error **err);
void hbase_sink_close(void *sink_or_null);

#endif
