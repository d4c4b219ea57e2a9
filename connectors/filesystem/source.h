/* source.h - a subtask that reads files; callbacks of the connector.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FILESYSTEM_SOURCE_H
#define MT_FILESYSTEM_SOURCE_H

#include "moontide_plugin.h"

int fs_source_open(mt_context *ctx, const void *options, const mt_table *table,
                   void **source, mt_error **err);
int fs_source_poll(void *source, mt_builder *out, int64_t *wake_ms,
                   mt_error **err);
int fs_source_barrier(void *source, int64_t id, mt_buf *snapshot,
                      mt_error **err);
void fs_source_project(void *source, const uint8_t *needed);
void fs_source_close(void *source);

#endif
