/* offsets.h - where a source starts and stops in each of its partitions.
 *
 * thread: the task's.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_OFFSETS_H
#define MT_KAFKA_OFFSETS_H

#include "fetch.h"

/* One "topic:t,partition:0,offset:42" of an option. */
typedef struct kafka_offset {
    const char *topic; /* NULL: the only topic; not terminated */
    size_t topic_len;
    int32_t partition;
    int64_t offset;
} kafka_offset;

/* Reads the entry at `at` and moves past it and its ';'. 1: one was read; 0:
 * the end; MT_EOPTION otherwise. `option` is for the message. */
int kafka_offset_next(const char **at, kafka_offset *out, const char *option,
                      mt_error **err);

/* Refuses a text that does not read, or names a topic that is not read. */
int kafka_offsets_check(const kafka_options *o, const char *option,
                        const char *text, mt_error **err);

/* Asks the brokers where each partition starts as the options say, and fills
 * `next`. Waits at most the client's patience. */
int kafka_offsets_start(kafka_client *client, kafka_partition *const *parts,
                        int32_t len, mt_error **err);

/* Fills `next` with the beginning of each: for partitions that turn up while
 * the job runs. Does not ask: the brokers resolve it when reading starts. */
void kafka_offsets_beginning(kafka_partition *const *parts, int32_t len);

/* Asks where each partition stops and fills `stop`. */
int kafka_offsets_stop(kafka_client *client, kafka_partition *const *parts,
                       int32_t len, mt_error **err);

#endif
