/* partitioner.c - the Java client's default by hand, so that a record with a
 * key meets its neighbours whichever client wrote them. Records without a key
 * go to one partition a batch, in turns: batches stay large, as with the Java
 * client's sticky partitioner.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "partitioner.h"

void kafka_partitioner_init(kafka_partitioner *p, const char *name,
                            int32_t subtask, int32_t partitions)
{
    p->spread = strcmp(name, "fixed") == 0         ? KAFKA_SPREAD_FIXED
                : strcmp(name, "round-robin") == 0 ? KAFKA_SPREAD_ROUND_ROBIN
                                                   : KAFKA_SPREAD_DEFAULT;
    p->partitions = partitions;
    p->subtask = subtask;
    p->turn = (uint32_t)subtask;
}

uint32_t kafka_murmur2(const void *bytes, size_t len)
{
    const uint32_t m = 0x5bd1e995;
    const uint8_t *at = bytes;
    uint32_t h = 0x9747b28c ^ (uint32_t)len, k;

    for (; len >= 4; at += 4, len -= 4) {
        k = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
            (uint32_t)at[3] << 24;
        k *= m;
        k ^= k >> 24;
        h = h * m ^ k * m;
    }
    if (len == 3)
        h ^= (uint32_t)at[2] << 16;
    if (len >= 2)
        h ^= (uint32_t)at[1] << 8;
    if (len >= 1)
        h = (h ^ at[0]) * m;
    h ^= h >> 13;
    h *= m;
    return h ^ h >> 15;
}

static int32_t take_turn(kafka_partitioner *p)
{
    return (int32_t)(p->turn++ % (uint32_t)p->partitions);
}

bool kafka_partitioner_choose(kafka_partitioner *p, const mt_span *keys,
                              int32_t len, int32_t *one, int32_t *out)
{
    int32_t i, keyless;

    if (p->spread == KAFKA_SPREAD_FIXED || p->partitions == 1) {
        *one = p->subtask % p->partitions;
        return true;
    }
    if (p->spread == KAFKA_SPREAD_ROUND_ROBIN) {
        for (i = 0; i < len; i++)
            out[i] = take_turn(p);
        return false;
    }
    keyless = take_turn(p);
    *one = keyless;
    for (i = 0; keys && i < len; i++)
        out[i] = keys[i].data
                     ? (int32_t)((kafka_murmur2(keys[i].data, keys[i].len) &
                                  0x7fffffff) %
                                 (uint32_t)p->partitions)
                     : keyless;
    return !keys;
}
