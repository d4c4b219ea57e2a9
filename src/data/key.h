/* key.h - values as keys: their hash and their order.
 *
 * Both agree on what is equal: NULL is one value, NaN another, -0.0 is 0.0, and
 * the order of a map's entries means nothing.
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_DATA_KEY_H
#define MT_DATA_KEY_H

#include "moontide_plugin.h"

/* Joins the hash of each of the first `rows` values to hashes[row], which holds
 * 0 or the hash of the columns before it. Whole numbers of any width hash alike
 * when they are equal. 0 or MT_ENOMEM (only for nested types). */
int mt_column_hash(const mt_column *c, const mt_type *type, int32_t rows,
                   uint64_t *hashes);

/* Below, at or above 0 as the value of `a` comes before, is, or comes after the
 * value of `b`, both of type `type`. NULL comes first, NaN last; strings go by
 * their bytes, rows and arrays by their first difference, maps by their sorted
 * entries. */
int mt_column_compare(const mt_type *type, const mt_column *a, int32_t row_a,
                      const mt_column *b, int32_t row_b);

#endif
