/* source.h - the source's callbacks.
 *
 * thread: the task's.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_SOURCE_H
#define MT_KAFKA_SOURCE_H

#include "options.h"

/* Opens with options that upsert.c may have added to; they are copied. */
int kafka_source_make(mt_context *ctx, const kafka_options *options,
                      const mt_table *table, void **source, mt_error **err);
int kafka_source_open(mt_context *ctx, const void *options,
                      const mt_table *table, void **source, mt_error **err);
int kafka_source_poll(void *source, mt_builder *out, int64_t *wake_ms,
                      mt_error **err);
int kafka_source_barrier(void *source, int64_t id, mt_buf *snapshot,
                         mt_error **err);
int kafka_source_commit(void *source, int64_t id, mt_error **err);
void kafka_source_project(void *source, const uint8_t *needed);
void kafka_source_close(void *source);

#endif
