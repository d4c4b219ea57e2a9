/* keys.h - which key group a record belongs to.
 *
 * A key group is a hash of the key's columns scaled to the max parallelism;
 * groups are dealt to subtasks in ranges, as in Flink, so that state can be
 * rescaled by moving whole groups.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KEYS_H
#define MT_KEYS_H

#include "moontide.h"

/* Writes the hash of `columns` to hashes[row] for every row. Equal values hash
 * alike whatever their column: whole numbers of any width, and -0.0 like 0.0.
 * An untyped key (RAW) is hashed as its bytes, so whoever encodes it writes
 * equal keys as equal bytes. Decodes what is absent; fails when that does. */
int mt__keys_hash(mt_batch *batch, const int32_t *columns, int32_t columns_len,
                  uint64_t *hashes, mt_error **err);

static inline int32_t mt__key_group(uint64_t hash, int32_t max_parallelism)
{
    return (int32_t)(((hash >> 32) * (uint64_t)max_parallelism) >> 32);
}

static inline int32_t mt__key_group_subtask(int32_t group, int32_t parallelism,
                                            int32_t max_parallelism)
{
    return (int32_t)((int64_t)group * parallelism / max_parallelism);
}

#endif
