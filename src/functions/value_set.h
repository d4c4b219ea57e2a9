/* value_set.h - a set of values, for functions that must know one when it comes
 * again.
 *
 * What is equal is what mt_column_compare() says: NULL is one value, NaN
 * another. A set serves row after row and keeps its memory.
 * thread: the task that opened the call.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTIONS_VALUE_SET_H
#define MT_FUNCTIONS_VALUE_SET_H

#include "moontide_plugin.h"

/* A value where it lies, and its hash (mt_column_hash). */
typedef struct mt__value {
    const mt_column *column;
    uint64_t hash;
    int32_t at;
    bool taken; /* for who uses the set */
} mt__value;

/* Zeroed memory is an empty one, but for its type. */
typedef struct mt__value_set {
    const mt_type *type;
    mt__value *values;
    int32_t values_len;
    int32_t values_max;
    int32_t *places;   /* number of a value, from 1; 0: free */
    size_t places_len; /* a power of two; 0: few values, without places */
    size_t places_max;
} mt__value_set;

void mt__value_set_fini(mt__value_set *set);
/* Forgets the values. */
static inline void mt__value_set_restart(mt__value_set *set)
{
    set->values_len = 0;
    set->places_len = 0;
}
/* The memory that many values took is given back. */
void mt__value_set_shrink(mt__value_set *set);

/* The value of the set that equals this one, or NULL. Borrowed until the set
 * changes. */
mt__value *mt__value_set_find(mt__value_set *set, const mt_column *column,
                              int32_t at, uint64_t hash);
/* Adds the value: 1; 0 when the set has it already; or MT_ENOMEM. The column is
 * borrowed until the set is restarted. */
int mt__value_set_add(mt__value_set *set, const mt_column *column, int32_t at,
                      uint64_t hash);

/* The hashes of the first `len` values of a column in `out`, whose bytes are
 * forgotten. NULL without memory. */
const uint64_t *mt__value_hashes(mt_buf *out, const mt_type *type,
                                 const mt_column *column, int32_t len);

#endif
