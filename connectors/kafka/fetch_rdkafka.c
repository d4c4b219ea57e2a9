/* fetch_rdkafka.c - records by librdkafka's consumer.
 *
 * All partitions of a subtask flow into the consumer's one queue, from which
 * messages are taken many at a time; their bytes are used where librdkafka has
 * them until release. The partitions are assigned by hand: the group is only
 * there for offsets.
 *
 * Keeping the queue both short and full. librdkafka stops asking the brokers
 * once the queue holds queued.min.messages or queued.max.messages.kbytes, and
 * then its broker thread sleeps until something else wakes it, for up to a
 * second, however soon the queue is empty. So with a queue as small as we want
 * for memory's and the cache's sake, reading would go in fits of one queue a
 * second. Newer versions let one set the pause (fetch.queue.backoff.ms), but
 * any request to a broker wakes its thread: whenever half a queue was taken
 * out, nudge() asks each leader for an end offset and does not wait for the
 * answer. That is one tiny request for every 25,000 records or 8 MiB.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "fetch.h"

#include <stdio.h>

/* A subtask's partitions, and librdkafka's handle of each one's topic once a
 * message showed it: comparing handles is cheaper than names. */
typedef struct slot {
    kafka_partition *partition;
    rd_kafka_topic_t *handle;
} slot;

struct kafka_fetch {
    kafka_client *client;
    rd_kafka_queue_t *queue;
    bool keys;
    int32_t records_max;
    rd_kafka_message_t **messages;
    mt_span *value_spans;
    mt_span *key_spans;
    int64_t *offsets;
    kafka_run *runs;
    slot *slots;
    int32_t slots_len;
    int32_t slots_max;
    int32_t last_slot; /* where the last search ended */
    rd_kafka_topic_partition_list_t *nudged;
    int64_t nudge_messages; /* taken out since the last nudge, and limits */
    int64_t nudge_bytes;
    int64_t nudge_messages_max;
    int64_t nudge_bytes_max;
};

/* ---- open, close --------------------------------------------------------- */

/* thread: librdkafka's, with its queue locked. */
static void on_records(rd_kafka_t *rk, void *opaque)
{
    (void)rk;
    mt_context_wake(opaque);
}

kafka_fetch *kafka_fetch_open(kafka_client *client, bool keys,
                              int32_t records_max, mt_error **err)
{
    kafka_fetch *f = mt_calloc(sizeof(*f));
    size_t n = (size_t)records_max;

    if (!f) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    f->client = client;
    f->keys = keys;
    f->records_max = records_max;
    f->nudge_messages_max = client->queue_messages / 2;
    f->nudge_bytes_max = client->queue_bytes / 2;
    f->messages = mt_alloc(n * sizeof(*f->messages));
    f->value_spans = mt_alloc(n * sizeof(mt_span));
    f->key_spans = mt_alloc(n * sizeof(mt_span));
    f->offsets = mt_alloc(n * sizeof(int64_t));
    f->runs = mt_alloc(n * sizeof(kafka_run));
    if (!f->messages || !f->value_spans || !f->key_spans || !f->offsets ||
        !f->runs) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        kafka_fetch_close(f);
        return NULL;
    }
    f->nudged = rd_kafka_topic_partition_list_new(8);
    f->queue = rd_kafka_queue_get_consumer(client->rk);
    rd_kafka_queue_cb_event_enable(f->queue, on_records, client->ctx);
    return f;
}

void kafka_fetch_close(kafka_fetch *f)
{
    size_t n;

    if (!f)
        return;
    n = (size_t)f->records_max;
    if (f->queue) {
        rd_kafka_queue_cb_event_enable(f->queue, NULL, NULL);
        rd_kafka_queue_destroy(f->queue);
    }
    if (f->nudged)
        rd_kafka_topic_partition_list_destroy(f->nudged);
    mt_free(f->messages, n * sizeof(*f->messages));
    mt_free(f->value_spans, n * sizeof(mt_span));
    mt_free(f->key_spans, n * sizeof(mt_span));
    mt_free(f->offsets, n * sizeof(int64_t));
    mt_free(f->runs, n * sizeof(kafka_run));
    mt_free(f->slots, (size_t)f->slots_max * sizeof(slot));
    mt_free(f, sizeof(*f));
}

/* ---- partitions ---------------------------------------------------------- */

static int grow_slots(kafka_fetch *f, int32_t len, mt_error **err)
{
    int32_t max = f->slots_len + len;
    slot *slots;

    slots = mt_realloc(f->slots, (size_t)f->slots_max * sizeof(slot),
                       (size_t)max * sizeof(slot));
    if (!slots)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    f->slots = slots;
    f->slots_max = max;
    return 0;
}

/* The first assignment replaces nothing; later ones must not disturb what is
 * being read. */
static int assign(kafka_fetch *f, const rd_kafka_topic_partition_list_t *list,
                  mt_error **err)
{
    rd_kafka_error_t *error = NULL;
    rd_kafka_resp_err_t failed = RD_KAFKA_RESP_ERR_NO_ERROR;
    int rc = 0;

    if (f->slots_len)
        error = rd_kafka_incremental_assign(f->client->rk, list);
    else
        failed = rd_kafka_assign(f->client->rk, list);
    if (failed || error)
        rc = mt_fail(err, MT_EIO, "cannot read %d partitions: %s", list->cnt,
                     error ? rd_kafka_error_string(error)
                           : rd_kafka_err2str(failed));
    if (error)
        rd_kafka_error_destroy(error);
    return rc;
}

int kafka_fetch_start(kafka_fetch *f, kafka_partition *const *parts,
                      int32_t len, mt_error **err)
{
    rd_kafka_topic_partition_list_t *list;
    int32_t i;
    int rc;

    if (!len)
        return 0;
    if ((rc = grow_slots(f, len, err)) < 0)
        return rc;
    list = rd_kafka_topic_partition_list_new(len);
    for (i = 0; i < len; i++)
        rd_kafka_topic_partition_list_add(list, parts[i]->topic,
                                          parts[i]->number)
            ->offset = parts[i]->next;
    rc = assign(f, list, err);
    rd_kafka_topic_partition_list_destroy(list);
    for (i = 0; rc == 0 && i < len; i++) {
        f->slots[f->slots_len++] = (slot){parts[i], NULL};
        rd_kafka_topic_partition_list_add(f->nudged, parts[i]->topic,
                                          parts[i]->number)
            ->offset = RD_KAFKA_OFFSET_END;
    }
    return rc;
}

/* The partition of a message. Runs of several partitions mostly follow each
 * other in the same order, so the search goes on where the last ended. */
static kafka_partition *find_partition(kafka_fetch *f,
                                       const rd_kafka_message_t *m)
{
    const char *topic = NULL;
    int32_t i, at = f->last_slot;

    for (i = 0; i < f->slots_len; i++, at++) {
        slot *s;

        at = at < f->slots_len ? at : 0;
        s = &f->slots[at];
        if (s->partition->number != m->partition ||
            (s->handle && s->handle != m->rkt))
            continue;
        if (!s->handle) {
            topic = topic ? topic : rd_kafka_topic_name(m->rkt);
            if (strcmp(topic, s->partition->topic) != 0)
                continue;
            s->handle = m->rkt;
        }
        f->last_slot = at;
        return s->partition;
    }
    return NULL;
}

/* Reads no further; what was fetched already is dropped. */
static void finish(kafka_fetch *f, kafka_partition *p)
{
    rd_kafka_topic_partition_list_t *list;

    if (p->done)
        return;
    p->done = true;
    list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, p->topic, p->number);
    rd_kafka_pause_partitions(f->client->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* ---- what is not a record ------------------------------------------------ */

static int fail_offset(kafka_fetch *f, const rd_kafka_message_t *m,
                       mt_error **err)
{
    return mt_fail(err, MT_EIO,
                   "topic '%s', partition %d: the offset to read "
                   "from, %lld, is not there at '%s': records may have expired "
                   "before they were read; say where to go on by "
                   "'properties.auto.offset.reset' = 'earliest' or 'latest'",
                   m->rkt ? rd_kafka_topic_name(m->rkt) : "?", m->partition,
                   (long long)m->offset, f->client->brokers);
}

static int fail_denied(kafka_fetch *f, const rd_kafka_message_t *m,
                       mt_error **err)
{
    return mt_fail(err, MT_EIO,
                   "the brokers at '%s' do not let us read topic "
                   "'%s': %s",
                   f->client->brokers,
                   m->rkt ? rd_kafka_topic_name(m->rkt) : "?",
                   rd_kafka_err2str(m->err));
}

/* The end of a partition, or an error. Most heal by themselves. */
static int hear(kafka_fetch *f, const rd_kafka_message_t *m, mt_error **err)
{
    kafka_partition *p = m->rkt ? find_partition(f, m) : NULL;
    char text[300];

    switch (m->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        if (p && m->offset >= p->stop)
            finish(f, p);
        return 0;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return fail_offset(f, m, err);
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        return fail_denied(f, m, err);
    case RD_KAFKA_RESP_ERR__FATAL:
        return mt_fail(err, MT_EIO, "the Kafka consumer cannot go on: %s",
                       rd_kafka_message_errstr(m));
    default:
        snprintf(text, sizeof(text), "topic '%s', partition %d: %s",
                 m->rkt ? rd_kafka_topic_name(m->rkt) : "?", m->partition,
                 rd_kafka_message_errstr(m));
        kafka_client_note(f->client, m->err, text);
        return 0;
    }
}

/* ---- records ----------------------------------------------------------- */

static void nudge(kafka_fetch *f, int64_t messages, int64_t bytes)
{
    f->nudge_messages += messages;
    f->nudge_bytes += bytes;
    if (f->nudge_messages < f->nudge_messages_max &&
        f->nudge_bytes < f->nudge_bytes_max)
        return;
    f->nudge_messages = 0;
    f->nudge_bytes = 0;
    rd_kafka_offsets_for_times(f->client->rk, f->nudged, 0);
}

/* Destroys messages[from .. len). */
static void drop_messages(kafka_fetch *f, int32_t from, int32_t len)
{
    for (; from < len; from++)
        rd_kafka_message_destroy(f->messages[from]);
}

/* Opens a run for message m at index `at`, and closes the one before. */
static kafka_run *begin_run(kafka_fetch *f, kafka_records *out,
                            const rd_kafka_message_t *m, int32_t at)
{
    kafka_run *run;

    if (out->runs_len)
        f->runs[out->runs_len - 1].to = at;
    run = &f->runs[out->runs_len];
    run->partition = find_partition(f, m);
    run->from = at;
    if (run->partition)
        out->runs_len++;
    return run;
}

/* Takes messages[0 .. len) over into `out`; those that are no records leave. */
static int sort_messages(kafka_fetch *f, int32_t len, kafka_records *out,
                         mt_error **err)
{
    kafka_run *run = NULL;
    const rd_kafka_topic_t *handle = NULL;
    int32_t i, at = 0, number = -1;
    int64_t bytes = 0;
    int rc = 0;

    for (i = 0; i < len && rc == 0; i++) {
        rd_kafka_message_t *m = f->messages[i];

        if (MT_UNLIKELY(m->err)) {
            rc = hear(f, m, err);
            rd_kafka_message_destroy(m);
            continue;
        }
        if (MT_UNLIKELY(m->partition != number || m->rkt != handle)) {
            run = begin_run(f, out, m, at);
            number = m->partition;
            handle = m->rkt;
        }
        if (MT_UNLIKELY(!run->partition || m->offset >= run->partition->stop)) {
            if (run->partition)
                finish(f, run->partition);
            rd_kafka_message_destroy(m);
            continue;
        }
        f->messages[at] = m;
        f->value_spans[at] = (mt_span){m->payload, m->len};
        if (f->keys)
            f->key_spans[at] = (mt_span){m->key, m->key_len};
        f->offsets[at++] = m->offset;
        bytes += (int64_t)m->len;
    }
    out->len = at;
    if (out->runs_len)
        f->runs[out->runs_len - 1].to = at;
    if (rc < 0) {
        drop_messages(f, i, len);
        kafka_fetch_release(f, out);
        return rc;
    }
    nudge(f, len, bytes);
    return 0;
}

int kafka_fetch_poll(kafka_fetch *f, int32_t max, kafka_records *out,
                     mt_error **err)
{
    ssize_t len;

    memset(out, 0, sizeof(*out));
    out->values = f->value_spans;
    out->keys = f->key_spans;
    out->offsets = f->offsets;
    out->runs = f->runs;
    out->plane = f->messages;
    if (max > f->records_max)
        max = f->records_max;
    len = rd_kafka_consume_batch_queue(f->queue, 0, f->messages, (size_t)max);
    if (len <= 0)
        return kafka_client_refusal(f->client, err);
    return sort_messages(f, (int32_t)len, out, err);
}

void kafka_fetch_release(kafka_fetch *f, kafka_records *records)
{
    drop_messages(f, 0, records->len);
    records->len = 0;
    records->runs_len = 0;
}

/* ---- details of a record ------------------------------------------------- */

static rd_kafka_message_t *message_at(const kafka_records *r, int32_t i)
{
    return ((rd_kafka_message_t **)r->plane)[i];
}

int64_t kafka_records_timestamp(const kafka_records *r, int32_t i,
                                kafka_clock *clock)
{
    rd_kafka_timestamp_type_t type;
    int64_t ms = rd_kafka_message_timestamp(message_at(r, i), &type);

    *clock = type == RD_KAFKA_TIMESTAMP_CREATE_TIME       ? KAFKA_CLOCK_CREATE
             : type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? KAFKA_CLOCK_APPEND
                                                          : KAFKA_CLOCK_NONE;
    return ms;
}

int32_t kafka_records_leader_epoch(const kafka_records *r, int32_t i)
{
#if RD_KAFKA_VERSION >= 0x020100ff
    return rd_kafka_message_leader_epoch(message_at(r, i));
#else
    (void)r;
    (void)i;
    return -1; /* librdkafka tells it from 2.1 on */
#endif
}

bool kafka_records_header(const kafka_records *r, int32_t i, int32_t k,
                          kafka_header *out)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t len;

    if (rd_kafka_message_headers(message_at(r, i), &headers) ||
        rd_kafka_header_get_all(headers, (size_t)k, &out->name, &value, &len))
        return false;
    out->value = (mt_span){value, len};
    return true;
}

int64_t kafka_fetch_end(kafka_fetch *f, const kafka_partition *p)
{
    int64_t low, high;

    if (rd_kafka_get_watermark_offsets(f->client->rk, p->topic, p->number, &low,
                                       &high))
        return -1;
    return high;
}
