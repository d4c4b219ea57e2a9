/* targets.h - the topics that a sink writes, each with its partitions.
 *
 * One of them, or those that its records name: the options list the topics that
 * are allowed, or give a pattern.
 *
 * thread: the sink's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_TARGETS_H
#define MT_KAFKA_TARGETS_H

#include "partitioner.h"
#include "pattern.h"
#include "produce.h"

typedef struct kafka_target {
    struct kafka_target *next;
    char *topic;
    kafka_outlet *outlet;
    kafka_partitioner partitioner;
} kafka_target;

typedef struct kafka_targets {
    kafka_client *client;
    kafka_produce *produce;
    kafka_pattern *pattern; /* NULL: the topics of the options */
    kafka_target *all;      /* the last used first */
    int32_t len;
    int64_t refresh_at;
} kafka_targets;

/* Borrows both. On failure it is left as kafka_targets_fini() takes it. */
int kafka_targets_init(kafka_targets *t, kafka_client *client,
                       kafka_produce *produce, mt_error **err);
void kafka_targets_fini(kafka_targets *t); /* zeroed is fine */

/* Makes the target of a topic, for which the brokers are asked. *out is
 * borrowed until fini. */
int kafka_targets_open(kafka_targets *t, const char *topic, kafka_target **out,
                       mt_error **err);

/* The target of a topic that a record names, made if it is new. MT_ERECORD when
 * the topic is not allowed, or NULL. */
int kafka_targets_get(kafka_targets *t, mt_span topic, kafka_target **out,
                      mt_error **err);

/* Now and then asks for new partitions; to be called where waiting half a
 * second does no harm. */
void kafka_targets_refresh(kafka_targets *t);

#endif
