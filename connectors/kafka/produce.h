/* produce.h - where records go: the seam under the sink.
 *
 * The sink hands over runs of records for one topic, each with its partition,
 * and asks that all be acknowledged. Nothing above this header knows how they
 * travel; produce_rdkafka.c does it by librdkafka's producer.
 *
 * thread: the sink's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_PRODUCE_H
#define MT_KAFKA_PRODUCE_H

#include "client.h"

#define KAFKA_HEADERS_MAX 64

/* What a record carries besides key and value, where the table writes it. */
typedef struct kafka_extra {
    int64_t timestamp; /* ms; INT64_MIN: the time of sending */
    int32_t headers_len;
    struct {
        mt_span name;
        mt_span value; /* data == NULL: a header without value */
    } headers[KAFKA_HEADERS_MAX];
} kafka_extra;

typedef struct kafka_produce kafka_produce;

/* The way to one topic. */
typedef struct kafka_outlet kafka_outlet;

/* Records for one topic. Keys and partitions may be shared by all. */
typedef struct kafka_outgoing {
    kafka_outlet *outlet;
    int32_t len;
    const mt_span *values;     /* data == NULL: a tombstone */
    const mt_span *keys;       /* NULL: no record has one */
    const int32_t *partitions; /* NULL: all go to `partition` */
    int32_t partition;
} kafka_outgoing;

/* Opens over a connected client, which it borrows. With `log_only`, records
 * that fail for good are logged and counted, else the first one's error is what
 * later calls return. NULL with err. */
kafka_produce *kafka_produce_open(kafka_client *client, bool log_only,
                                  mt_error **err);
void kafka_produce_close(kafka_produce *p); /* NULL is fine */

/* A new outlet for a topic, of which there should be only one. Borrowed until
 * close; NULL with err. */
kafka_outlet *kafka_produce_outlet(kafka_produce *p, const char *topic,
                                   mt_error **err);

/* Copies and queues the records, waiting while the queue is full. */
int kafka_produce_send(kafka_produce *p, const kafka_outgoing *records,
                       mt_error **err);
/* The same for one record with headers or a timestamp. */
int kafka_produce_send_extra(kafka_produce *p, kafka_outlet *outlet,
                             int32_t partition, mt_span key, mt_span value,
                             const kafka_extra *extra, mt_error **err);

/* Hears what has failed meanwhile; without waiting. */
int kafka_produce_poll(kafka_produce *p, mt_error **err);

/* Makes what is queued leave now instead of when a batch is full; waits at
 * most a millisecond. */
void kafka_produce_nudge(kafka_produce *p);

/* Waits until every record is acknowledged or has failed. */
int kafka_produce_flush(kafka_produce *p, mt_error **err);

/* Records that are not acknowledged yet. */
int32_t kafka_produce_pending(const kafka_produce *p);

#endif
