/* sink.h - a subtask that writes to one table, or runs one statement.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JDBC_SINK_H
#define MT_JDBC_SINK_H

#include "moontide_plugin.h"

int jdbc_sink_open(mt_context *ctx, const void *options, const mt_table *table,
                   void **sink, mt_error **err);
int jdbc_sink_write(void *sink, mt_batch *batch, mt_error **err);
int jdbc_sink_poll(void *sink, int64_t *wake_ms, mt_error **err);
int jdbc_sink_barrier(void *sink, int64_t id, mt_buf *snapshot, mt_error **err);
int jdbc_sink_end(void *sink, mt_error **err);
void jdbc_sink_close(void *sink);

#endif
