/* keys.h - keys of rows as bytes, and a set of them that remembers a number for
 * each: the last row that has it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JDBC_KEYS_H
#define MT_JDBC_KEYS_H

#include "moontide_plugin.h"

typedef struct jdbc_keys {
    mt_buf bytes;   /* of all keys, one behind the other */
    int32_t *slots; /* key number + 1, by hash; 0: free */
    int32_t slots_len;
    struct jdbc_key *items;
    int32_t items_len;
    int32_t items_max;
} jdbc_keys;

void jdbc_keys_fini(jdbc_keys *k); /* zeroed memory is fine */
void jdbc_keys_clear(jdbc_keys *k);
/* Remembers `value` for the row's key; *before is what it had, or -1. 0 or
 * MT_ENOMEM. */
int jdbc_keys_put(jdbc_keys *k, const mt_batch *batch, const int32_t *columns,
                  int32_t columns_len, int32_t row, int32_t value,
                  int32_t *before);

/* Appends what is equal for rows of equal keys only. 0 or MT_ENOMEM. */
int jdbc_key_append(mt_buf *out, const mt_batch *batch, const int32_t *columns,
                    int32_t columns_len, int32_t row);
uint64_t jdbc_key_hash(const void *bytes, size_t len);

#endif
