/* deadletters.h - bad records kept in a topic: 'bad-records' = 'topic:NAME'.
 *
 * A record keeps its key and value; headers say what was wrong with it and
 * where it was ("error", "position", "operator").
 *
 * thread: the source's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_DEADLETTERS_H
#define MT_KAFKA_DEADLETTERS_H

#include "options.h"

typedef struct kafka_deadletters kafka_deadletters;

/* A producer of its own, at the brokers of the table, whose options it copies.
 * The topic must exist. */
int kafka_deadletters_open(mt_context *ctx, const kafka_options *o,
                           const char *topic, kafka_deadletters **out,
                           mt_error **err);
void kafka_deadletters_close(kafka_deadletters *d); /* NULL is fine */

/* Sends a record; waits while the queue is full. */
int kafka_deadletters_put(kafka_deadletters *d, mt_span key, mt_span value,
                          const char *position, const mt_error *why,
                          mt_error **err);
/* Waits until all are acknowledged. */
int kafka_deadletters_flush(kafka_deadletters *d, mt_error **err);

#endif
