/* sink.h - a table's changes into a search server.
 *
 * thread: the sink's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_ELASTICSEARCH_SINK_H
#define MT_ELASTICSEARCH_SINK_H

#include "moontide_plugin.h"

/* Callbacks of mt_connector. */
int es_sink_open(mt_context *ctx, const void *options, const mt_table *table,
                 void **sink, mt_error **err);
int es_sink_write(void *sink, mt_batch *batch, mt_error **err);
int es_sink_poll(void *sink, int64_t *wake_ms, mt_error **err);
int es_sink_barrier(void *sink, int64_t id, mt_buf *snapshot, mt_error **err);
int es_sink_end(void *sink, mt_error **err);
void es_sink_close(void *sink);

#endif
