/* lookup.h - rows by row key.
 *
 * thread: the task that looks up.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_HBASE_LOOKUP_H
#define MT_HBASE_LOOKUP_H

#include "options.h"

int hbase_lookup_open(mt_context *ctx, const void *options,
                      const mt_table *table, const int32_t *keys,
                      int32_t keys_len, void **lookup, mt_error **err);
int hbase_lookup_get(void *lookup, mt_batch *keys, mt_builder *out,
                     int32_t *counts, mt_error **err);
void hbase_lookup_close(void *lookup_or_null);

#endif
