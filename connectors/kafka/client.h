/* client.h - a librdkafka handle as this connector uses it: made from a
 * table's properties, its log lines and errors brought home, its metadata
 * asked for with patience.
 *
 * thread: the task's, unless said.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_CLIENT_H
#define MT_KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>

#include "embedded.h"
#include "options.h"

typedef struct kafka_client {
    rd_kafka_t *rk;
    mt_context *ctx;
    const kafka_options *options;
    kafka_embedded *embedded; /* NULL: a real broker */
    const char *brokers;      /* as the user wrote them */
    int64_t message_max;      /* message.max.bytes */
    int64_t queue_messages;   /* what the queue holds at most */
    int64_t queue_bytes;
    int64_t patience_ms;
    pthread_mutex_t lock; /* of the fields below, set by librdkafka's threads */
    bool lock_ready;
    char trouble[512]; /* the last thing that went wrong, or "" */
    bool refused;      /* it will not go right by trying again */
    bool untrusted;    /* we refuse them: their certificate is not good */
    int64_t log_since; /* of the lines counted in log_lines */
    int32_t log_lines;
    int32_t log_dropped;
    int64_t warned_ms; /* last line about lost brokers; task's */
} kafka_client;

/* Starts the handle; connects in the background. `group` names the consumer
 * group where the user did not, NULL for a sink. On failure it is left as
 * kafka_client_close() takes it. */
int kafka_client_open(kafka_client *c, mt_context *ctx, const kafka_options *o,
                      bool sink, const char *group, mt_error **err);
/* Ends the handle and its threads. Zeroed and closed ones are fine. */
void kafka_client_close(kafka_client *c);

/* Waiting for an answer of librdkafka's, which blocks. The connector asks again
 * and again, each time for a slice, and looks around in between; a slice is
 * short while there is no broker to ask. */
typedef struct kafka_wait {
    int64_t end_ms;
    int slice_ms; /* how long to wait this time */
} kafka_wait;

/* From now on for the client's patience. */
kafka_wait kafka_wait_begin(const kafka_client *c);
/* After a question that `failed`: 0 to ask again, else what keeps us from it
 * (MT_ECANCELLED, MT_ETIMEOUT, or MT_EIO for a refusal). `what` could not be
 * done, for the message. */
int kafka_wait_on(kafka_client *c, kafka_wait *w, rd_kafka_resp_err_t failed,
                  const char *what, mt_error **err);

/* Asks for the metadata of a topic, or of all with NULL, until an answer is
 * there: at most the client's patience, less when the job is cancelled or the
 * brokers refuse. *out is returned owned (rd_kafka_metadata_destroy). A topic
 * that does not exist is an answer too. */
int kafka_client_metadata(kafka_client *c, const char *topic,
                          const struct rd_kafka_metadata **out, mt_error **err);

/* The same for a topic that is to exist: waits a few seconds more for one that
 * was just made, or is being made by our asking, and fails with MT_ENOTFOUND
 * when it is not there then. On the embedded broker it is made. */
int kafka_client_topic(kafka_client *c, const char *topic,
                       const struct rd_kafka_metadata **out, mt_error **err);

/* Fails with what the brokers refused for good (a login), if anything. */
int kafka_client_refusal(kafka_client *c, mt_error **err);

/* MT_ETIMEOUT: `what` was not answered in the client's patience; says what
 * went wrong last. */
int kafka_client_timeout(kafka_client *c, const char *what, mt_error **err);

/* Whether trying again may help after such an error of librdkafka. */
bool kafka_client_may_retry(rd_kafka_resp_err_t failed);

/* To be called with each error event; keeps the last. thread: any. */
void kafka_client_note(kafka_client *c, rd_kafka_resp_err_t failed,
                       const char *text);

#endif
