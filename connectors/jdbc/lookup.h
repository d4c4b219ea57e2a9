/* lookup.h - rows by key, perhaps out of a cache.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JDBC_LOOKUP_H
#define MT_JDBC_LOOKUP_H

#include "moontide_plugin.h"

int jdbc_lookup_open(mt_context *ctx, const void *options,
                     const mt_table *table, const int32_t *keys,
                     int32_t keys_len, void **lookup, mt_error **err);
int jdbc_lookup_get(void *lookup, mt_batch *keys, mt_builder *out,
                    int32_t *counts, mt_error **err);
void jdbc_lookup_close(void *lookup);

#endif
