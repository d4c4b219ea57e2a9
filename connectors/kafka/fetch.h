/* fetch.h - where records come from: the seam under the source.
 *
 * What lies below hands out records in runs of one partition, in order, and is
 * told partition by partition what to read. Nothing above this header knows
 * how they were fetched; fetch_rdkafka.c does it by librdkafka's consumer.
 *
 * thread: the source's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_FETCH_H
#define MT_KAFKA_FETCH_H

#include "client.h"

#define KAFKA_NO_OFFSET INT64_MIN

/* A partition that this subtask reads. Made by the source, moved on by both
 * sides as said. */
typedef struct kafka_partition {
    const char *topic; /* borrowed for the source's life */
    int32_t number;
    int64_t next;      /* offset after the last record handed out */
    int64_t stop;      /* first offset that is not read; INT64_MAX: none */
    int64_t committed; /* last offset sent to the group, or KAFKA_NO_OFFSET */
    bool done;         /* everything before `stop` was handed out */
} kafka_partition;

/* Consecutive records [from, to) of one partition. */
typedef struct kafka_run {
    kafka_partition *partition;
    int32_t from;
    int32_t to;
} kafka_run;

/* What one look brought. Borrowed until kafka_fetch_release(). */
typedef struct kafka_records {
    int32_t len;
    const mt_span *values; /* data == NULL: a tombstone */
    const mt_span *keys;   /* data == NULL: no key */
    const int64_t *offsets;
    const kafka_run *runs;
    int32_t runs_len;
    void *plane; /* the fetching side's own */
} kafka_records;

typedef enum kafka_clock {
    KAFKA_CLOCK_NONE,
    KAFKA_CLOCK_CREATE,
    KAFKA_CLOCK_APPEND
} kafka_clock;

typedef struct kafka_header {
    const char *name;
    mt_span value;
} kafka_header;

typedef struct kafka_fetch kafka_fetch;

/* Opens over a connected client, which it borrows. Hands out at most
 * `records_max` at a time; keys only when `keys`. The context is woken when
 * records arrive. Returns owned, NULL with err. */
kafka_fetch *kafka_fetch_open(kafka_client *client, bool keys,
                              int32_t records_max, mt_error **err);
void kafka_fetch_close(kafka_fetch *f); /* NULL is fine */

/* Reads these too, from `next` of each on. Borrows the partitions, which must
 * not move, until close. */
int kafka_fetch_start(kafka_fetch *f, kafka_partition *const *partitions,
                      int32_t len, mt_error **err);

/* Takes what is there, at most `max`, without waiting: out->len may be 0.
 * Records at or past a partition's `stop` are dropped and the partition is
 * marked done. Errors: what cannot heal by itself. */
int kafka_fetch_poll(kafka_fetch *f, int32_t max, kafka_records *out,
                     mt_error **err);
void kafka_fetch_release(kafka_fetch *f, kafka_records *records);

/* Record i's timestamp in ms, -1 when it has none. */
int64_t kafka_records_timestamp(const kafka_records *r, int32_t i,
                                kafka_clock *clock);
int32_t kafka_records_leader_epoch(const kafka_records *r, int32_t i);
/* Header k of record i; false past the last. Borrowed until release. */
bool kafka_records_header(const kafka_records *r, int32_t i, int32_t k,
                          kafka_header *out);

/* The partition's end as last heard of, or -1. */
int64_t kafka_fetch_end(kafka_fetch *f, const kafka_partition *p);

#endif
