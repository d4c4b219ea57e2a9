/* cache.h - rows by key, bounded: the ones used longest ago go first.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JDBC_CACHE_H
#define MT_JDBC_CACHE_H

#include "moontide_plugin.h"

typedef struct jdbc_cache jdbc_cache;

/* Ages in ms, MT_UNSET or 0: no limit. `rows_max` counts rows, and a key
 * without one as a row. Returns owned; NULL without memory. */
jdbc_cache *jdbc_cache_new(int64_t rows_max, int64_t write_ms,
                           int64_t access_ms);
void jdbc_cache_free(jdbc_cache *c); /* NULL is fine */
/* The rows [*from, *from + *len) of *batch (borrowed until the next put) that
 * are kept for the key; false: none are. */
bool jdbc_cache_get(jdbc_cache *c, const void *key, size_t key_len,
                    int64_t now_ms, mt_batch **batch, int32_t *from,
                    int32_t *len);
/* Keeps them; refs the batch. 0 or MT_ENOMEM. */
int jdbc_cache_put(jdbc_cache *c, const void *key, size_t key_len,
                   int64_t now_ms, mt_batch *batch, int32_t from, int32_t len);
int64_t jdbc_cache_rows(const jdbc_cache *c);

#endif
