/* sink.h - a subtask that writes files; callbacks of the connector.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FILESYSTEM_SINK_H
#define MT_FILESYSTEM_SINK_H

#include "moontide_plugin.h"

int fs_sink_open(mt_context *ctx, const void *options, const mt_table *table,
                 void **sink, mt_error **err);
int fs_sink_write(void *sink, mt_batch *batch, mt_error **err);
int fs_sink_poll(void *sink, int64_t *wake_ms, mt_error **err);
int fs_sink_barrier(void *sink, int64_t id, mt_buf *snapshot, mt_error **err);
int fs_sink_commit(void *sink, int64_t id, mt_error **err);
int fs_sink_end(void *sink, mt_error **err);
int fs_sink_watermark(void *sink, int64_t ms, mt_error **err);
void fs_sink_close(void *sink);

#endif
