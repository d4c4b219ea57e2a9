/* topics.h - which partitions there are, and which of them a subtask reads.
 *
 * Every subtask looks for itself and takes its share by a rule that all of them
 * compute alike, so nobody has to hand partitions out.
 *
 * thread: the task's.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_TOPICS_H
#define MT_KAFKA_TOPICS_H

#include "client.h"

typedef struct kafka_place {
    const char *topic; /* borrowed until kafka_topics_close() */
    int32_t partition;
} kafka_place;

typedef struct kafka_topics kafka_topics;

/* Refuses topic names that Kafka has no place for, and a pattern that is not a
 * regular expression. No I/O. */
int kafka_topics_check(const kafka_options *o, mt_error **err);

/* The subtask that reads a partition: Flink's rule. */
int32_t kafka_topics_subtask(const char *topic, int32_t partition,
                             int32_t parallelism);

/* Borrows the client. NULL with err. */
kafka_topics *kafka_topics_open(kafka_client *client, mt_error **err);
void kafka_topics_close(kafka_topics *t); /* NULL is fine */

/* Asks the brokers, waiting as long as the client's patience, and appends to
 * `places` (kafka_place by kafka_place) what this subtask is to read. A topic
 * that was named and does not exist is MT_ENOTFOUND. */
int kafka_topics_find(kafka_topics *t, mt_buf *places, mt_error **err);

/* Asks again on a thread of its own, which ends within a second or two and then
 * wakes the task. One at a time; failures are for the next time. */
void kafka_topics_look(kafka_topics *t);

/* Appends what such a look has found that is new. */
int kafka_topics_take(kafka_topics *t, mt_buf *places, mt_error **err);

#endif
