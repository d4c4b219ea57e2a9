/* produce_rdkafka.c - records by librdkafka's producer.
 *
 * Records are copied into its queue CHUNK at a time, to a known partition, the
 * cheapest way in. Only failures are reported back, as events in the main
 * queue; that all is well is known from the queue running empty.
 *
 * A full queue is waited for in short naps, since librdkafka tells nobody when
 * there is room again; it holds milliseconds of work even at full speed, so a
 * nap never lets it run dry. While brokers are away the wait is as long as
 * they are, with a line in the log now and then.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "produce.h"

#include <stdio.h>

/* Few enough that the messages' descriptions stay in the nearest cache. */
#define CHUNK 256
#define NAP_MS 2
#define WARN_SPAN_MS 30000
#define FLUSH_SLICE_MS 50

struct kafka_outlet {
    kafka_outlet *next;
    rd_kafka_topic_t *topic;
};

struct kafka_produce {
    kafka_client *client;
    kafka_outlet *outlets;
    rd_kafka_queue_t *events;
    bool log_only;
    mt_error *failure; /* the first that failed for good, or NULL */
    mt_metric *failed;
    rd_kafka_message_t chunk[CHUNK];
};

/* ---- open, close --------------------------------------------------------- */

/* thread: librdkafka's, with its queue locked. */
static void on_event(rd_kafka_t *rk, void *opaque)
{
    (void)rk;
    mt_context_wake(opaque);
}

kafka_produce *kafka_produce_open(kafka_client *client, bool log_only,
                                  mt_error **err)
{
    kafka_produce *p = mt_calloc(sizeof(*p));

    if (!p) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    p->client = client;
    p->log_only = log_only;
    p->failed = mt_context_metric(client->ctx, "records.failed");
    p->events = rd_kafka_queue_get_main(client->rk);
    rd_kafka_queue_cb_event_enable(p->events, on_event, client->ctx);
    return p;
}

void kafka_produce_close(kafka_produce *p)
{
    kafka_outlet *next;

    if (!p)
        return;
    for (; p->outlets; p->outlets = next) {
        next = p->outlets->next;
        rd_kafka_topic_destroy(p->outlets->topic);
        mt_free(p->outlets, sizeof(kafka_outlet));
    }
    rd_kafka_queue_cb_event_enable(p->events, NULL, NULL);
    rd_kafka_queue_destroy(p->events);
    mt_error_free(p->failure);
    mt_free(p, sizeof(*p));
}

kafka_outlet *kafka_produce_outlet(kafka_produce *p, const char *topic,
                                   mt_error **err)
{
    kafka_outlet *o = mt_calloc(sizeof(*o));

    if (!o) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    if (!(o->topic = rd_kafka_topic_new(p->client->rk, topic, NULL))) {
        mt_fail(err, MT_EOPTION, "topic '%s': %s", topic,
                rd_kafka_err2str(rd_kafka_last_error()));
        mt_free(o, sizeof(*o));
        return NULL;
    }
    o->next = p->outlets;
    p->outlets = o;
    return o;
}

/* ---- what failed --------------------------------------------------------- */

static int fail_fatally(kafka_produce *p, mt_error **err)
{
    char why[300];

    rd_kafka_fatal_error(p->client->rk, why, sizeof(why));
    return mt_fail(err, MT_EIO, "the Kafka producer cannot go on: %s", why);
}

/* The error of one record, in words that say what to do. */
static int fail_message(kafka_produce *p, rd_kafka_resp_err_t failed,
                        const rd_kafka_message_t *m, mt_error **err)
{
    const char *topic = rd_kafka_topic_name(m->rkt);
    size_t len = m->len + m->key_len;

    switch (failed) {
    case RD_KAFKA_RESP_ERR__FATAL:
        return fail_fatally(p, err);
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        if ((int64_t)len > p->client->message_max - 1000)
            return mt_fail(err, MT_EIO,
                           "topic '%s', partition %d: a record of "
                           "%zu bytes is larger than "
                           "'properties.message.max.bytes' = %lld allows; "
                           "raise it, and the topic's 'max.message.bytes'",
                           topic, m->partition, len,
                           (long long)p->client->message_max);
        return mt_fail(err, MT_EIO,
                       "topic '%s', partition %d: the broker "
                       "takes no batch as large as ours (a record of %zu "
                       "bytes was in it); raise the topic's "
                       "'max.message.bytes' or lower "
                       "'properties.message.max.bytes'",
                       topic, m->partition, len);
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return mt_fail(err, MT_EIO,
                       "the brokers at '%s' do not let us write "
                       "topic '%s'",
                       p->client->brokers, topic);
    default:
        return mt_fail(err, MT_EIO,
                       "topic '%s', partition %d: a record was "
                       "not delivered: %s",
                       topic, m->partition, rd_kafka_err2str(failed));
    }
}

/* A record that will never arrive. */
static void lose(kafka_produce *p, rd_kafka_resp_err_t failed,
                 const rd_kafka_message_t *m)
{
    mt_error *why = NULL;

    mt_metric_add(p->failed, 1);
    if (p->failure)
        return;
    fail_message(p, failed, m, &why);
    if (p->log_only)
        kafka_client_note(p->client, failed, mt_error_message(why));
    else
        p->failure = why;
    if (p->log_only)
        mt_error_free(why);
}

/* Serves what waits in the queue, at most `timeout_ms` for the first. */
static void hear(kafka_produce *p, int timeout_ms)
{
    const rd_kafka_message_t *m;
    rd_kafka_event_t *event;

    while ((event = rd_kafka_queue_poll(p->events, timeout_ms))) {
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) {
            while ((m = rd_kafka_event_message_next(event))) {
                if (m->err)
                    lose(p, m->err, m);
            }
        }
        rd_kafka_event_destroy(event);
        timeout_ms = 0;
    }
}

/* The first failure, for every later call: the job is not to go on. After a
 * fatal error librdkafka sends nothing any more, so nobody may wait for it. */
static int give_failure(kafka_produce *p, mt_error **err)
{
    if (!p->failure && rd_kafka_fatal_error(p->client->rk, NULL, 0))
        return fail_fatally(p, err);
    if (!p->failure)
        return kafka_client_refusal(p->client, err);
    return mt_fail(err, mt_error_code(p->failure), "%s",
                   mt_error_message(p->failure));
}

int kafka_produce_poll(kafka_produce *p, mt_error **err)
{
    hear(p, 0);
    return give_failure(p, err);
}

int32_t kafka_produce_pending(const kafka_produce *p)
{
    return rd_kafka_outq_len(p->client->rk);
}

/* Says now and then that the brokers keep us waiting since `since_ms`. */
static void warn_of_wait(kafka_produce *p, int64_t since_ms)
{
    int64_t now = mt_now_ms();

    if (now - since_ms < WARN_SPAN_MS ||
        now - p->client->warned_ms < WARN_SPAN_MS)
        return;
    p->client->warned_ms = now;
    mt_log(MT_LOG_WARN, "kafka",
           "%s: %d records have waited %lld s for the brokers at '%s'",
           mt_context_operator(p->client->ctx), kafka_produce_pending(p),
           (long long)((now - since_ms) / 1000), p->client->brokers);
}

/* Waits a moment for room; fails when there is no sense in waiting. */
static int nap(kafka_produce *p, int64_t since_ms, mt_error **err)
{
    int rc;

    hear(p, NAP_MS);
    if ((rc = give_failure(p, err)) < 0)
        return rc;
    if (mt_context_cancelled(p->client->ctx))
        return mt_fail(err, MT_ECANCELLED, "cancelled");
    warn_of_wait(p, since_ms);
    return 0;
}

/* ---- sending ----------------------------------------------------------- */

/* Describes records [from, from + len) in the chunk. */
static void fill_chunk(kafka_produce *p, const kafka_outgoing *o, int32_t from,
                       int32_t len)
{
    rd_kafka_message_t *m = p->chunk;
    int32_t i;

    for (i = from; i < from + len; i++, m++) {
        m->rkt = o->outlet->topic;
        m->err = RD_KAFKA_RESP_ERR_NO_ERROR;
        m->partition = o->partitions ? o->partitions[i] : o->partition;
        m->payload = (void *)(uintptr_t)o->values[i].data;
        m->len = o->values[i].len;
        m->key = o->keys ? (void *)(uintptr_t)o->keys[i].data : NULL;
        m->key_len = o->keys ? o->keys[i].len : 0;
        m->_private = NULL;
    }
}

/* Loses what can never be sent and finds the first that found no room; `len`
 * when there is none. */
static int32_t sort_unsent(kafka_produce *p, int32_t len)
{
    int32_t i;

    for (i = 0; i < len; i++) {
        if (p->chunk[i].err == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return i;
        if (p->chunk[i].err)
            lose(p, p->chunk[i].err, &p->chunk[i]);
    }
    return len;
}

/* The embedded broker must be asked before it is given anything. */
static int count_embedded(kafka_produce *p, const kafka_outlet *outlet,
                          int32_t partition, mt_span key, mt_span value,
                          mt_error **err)
{
    return kafka_embedded_count(p->client->embedded,
                                rd_kafka_topic_name(outlet->topic), partition,
                                1, (int64_t)(value.len + key.len), err);
}

static int count_all_embedded(kafka_produce *p, const kafka_outgoing *o,
                              mt_error **err)
{
    mt_span none = {NULL, 0};
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < o->len; i++)
        rc = count_embedded(p, o->outlet,
                            o->partitions ? o->partitions[i] : o->partition,
                            o->keys ? o->keys[i] : none, o->values[i], err);
    return rc;
}

int kafka_produce_send(kafka_produce *p, const kafka_outgoing *o,
                       mt_error **err)
{
    int flags =
        RD_KAFKA_MSG_F_COPY | (o->partitions ? RD_KAFKA_MSG_F_PARTITION : 0);
    int32_t from = 0, len, sent;
    int64_t since_ms = 0;
    int rc;

    if (p->client->embedded && (rc = count_all_embedded(p, o, err)) < 0)
        return rc;
    while (from < o->len) {
        len = o->len - from < CHUNK ? o->len - from : CHUNK;
        fill_chunk(p, o, from, len);
        sent = rd_kafka_produce_batch(o->outlet->topic, o->partition, flags,
                                      p->chunk, len);
        if (sent < len)
            sent = sort_unsent(p, len);
        from += sent;
        if (sent == len) {
            since_ms = 0;
            continue;
        }
        since_ms = since_ms ? since_ms : mt_now_ms();
        if ((rc = nap(p, since_ms, err)) < 0)
            return rc;
    }
    return kafka_produce_poll(p, err);
}

static rd_kafka_headers_t *make_headers(const kafka_extra *extra)
{
    rd_kafka_headers_t *headers;
    int32_t i;

    if (!extra->headers_len)
        return NULL;
    headers = rd_kafka_headers_new((size_t)extra->headers_len);
    for (i = 0; i < extra->headers_len; i++) {
        const mt_span *name = &extra->headers[i].name;
        const mt_span *value = &extra->headers[i].value;

        rd_kafka_header_add(headers, (const char *)name->data,
                            (ssize_t)name->len, value->data,
                            (ssize_t)value->len);
    }
    return headers;
}

int kafka_produce_send_extra(kafka_produce *p, kafka_outlet *outlet,
                             int32_t partition, mt_span key, mt_span value,
                             const kafka_extra *extra, mt_error **err)
{
    rd_kafka_message_t m = {.rkt = outlet->topic,
                            .partition = partition,
                            .len = value.len,
                            .key_len = key.len};
    int64_t since_ms = mt_now_ms();
    rd_kafka_headers_t *headers;
    rd_kafka_resp_err_t failed;
    int rc;

    if (p->client->embedded &&
        (rc = count_embedded(p, outlet, partition, key, value, err)) < 0)
        return rc;
    for (;;) {
        headers = make_headers(extra);
        failed = rd_kafka_producev(
            p->client->rk, RD_KAFKA_V_RKT(outlet->topic),
            RD_KAFKA_V_PARTITION(partition),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_VALUE((void *)(uintptr_t)value.data, value.len),
            RD_KAFKA_V_KEY((void *)(uintptr_t)key.data, key.len),
            RD_KAFKA_V_TIMESTAMP(
                extra->timestamp == INT64_MIN ? 0 : extra->timestamp),
            RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
        if (!failed)
            return 0;
        if (headers)
            rd_kafka_headers_destroy(headers);
        if (failed != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            lose(p, failed, &m);
            return give_failure(p, err);
        }
        if ((rc = nap(p, since_ms, err)) < 0)
            return rc;
    }
}

/* ---- leaving ----------------------------------------------------------- */

void kafka_produce_nudge(kafka_produce *p)
{
    rd_kafka_flush(p->client->rk, 1);
}

int kafka_produce_flush(kafka_produce *p, mt_error **err)
{
    int64_t since_ms = mt_now_ms();
    int rc;

    while ((rc = kafka_produce_poll(p, err)) == 0 &&
           kafka_produce_pending(p) > 0) {
        if (mt_context_cancelled(p->client->ctx))
            return mt_fail(err, MT_ECANCELLED, "cancelled");
        rd_kafka_flush(p->client->rk, FLUSH_SLICE_MS);
        warn_of_wait(p, since_ms);
    }
    return rc;
}
