/* partitioner.h - which partition of a topic each record goes to.
 *
 * thread: the sink's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_PARTITIONER_H
#define MT_KAFKA_PARTITIONER_H

#include "moontide_plugin.h"

typedef enum kafka_spread {
    KAFKA_SPREAD_DEFAULT,    /* by the key's hash; keyless: turns by batch */
    KAFKA_SPREAD_FIXED,      /* one partition a subtask */
    KAFKA_SPREAD_ROUND_ROBIN /* turns by record */
} kafka_spread;

typedef struct kafka_partitioner {
    kafka_spread spread;
    int32_t partitions; /* of the topic; may grow */
    int32_t subtask;
    uint32_t turn;
} kafka_partitioner;

/* `name` is the option's value, known to be right. */
void kafka_partitioner_init(kafka_partitioner *p, const char *name,
                            int32_t subtask, int32_t partitions);

/* Chooses for `len` records whose keys are `keys` (NULL: they have none).
 * Returns true when all go to *one; otherwise fills out[0 .. len). */
bool kafka_partitioner_choose(kafka_partitioner *p, const mt_span *keys,
                              int32_t len, int32_t *one, int32_t *out);

/* The Java client's hash of a key. */
uint32_t kafka_murmur2(const void *bytes, size_t len);

#endif
