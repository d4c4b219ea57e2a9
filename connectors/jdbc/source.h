/* source.h - a subtask that scans its parts of one table, or of a query.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JDBC_SOURCE_H
#define MT_JDBC_SOURCE_H

#include "moontide_plugin.h"

int jdbc_source_open(mt_context *ctx, const void *options,
                     const mt_table *table, void **source, mt_error **err);
int jdbc_source_poll(void *source, mt_builder *out, int64_t *wake_ms,
                     mt_error **err);
void jdbc_source_close(void *source);

#endif
