/* source.h - scanning a table.
 *
 * thread: the source's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_HBASE_SOURCE_H
#define MT_HBASE_SOURCE_H

#include "options.h"

int hbase_source_open(mt_context *ctx, const void *options,
                      const mt_table *table, void **source, mt_error **err);
int hbase_source_poll(void *source, mt_builder *out, int64_t *wake_ms,
                      mt_error **err);
int hbase_source_barrier(void *source, int64_t id, mt_buf *snapshot,
                         mt_error **err);
void hbase_source_close(void *source_or_null);

#endif
