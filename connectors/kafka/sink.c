/* sink.c - a subtask that writes to one topic.
 *
 * A batch's values (and keys) are encoded into one buffer each; spans into them
 * go to the producing side, which copies. Where the table writes headers or
 * timestamps, records go one by one.
 *
 * Records gather below for linger.ms, longer than anybody wants to wait for one
 * (properties.c says why). So the sink itself sends them off: at once when the
 * task is idle, and while it is busy when a look every SPAN_MS shows that too
 * few come to fill a request soon. A user who sets linger.ms gets just that, and
 * at a buffer time-out of 0 nothing gathers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sink.h"

#include "fields.h"
#include "metadata.h"
#include "partitioner.h"
#include "produce.h"
#include "properties.h"

/* How often the topic is asked whether it has got more partitions. */
#define REFRESH_MS 300000
#define REFRESH_WAIT_MS 500

/* A request is full at 10,000 records or 1 MB. */
#define SPAN_MS 10
#define SPAN_ROWS_FEW 5000
#define NUDGE_PAUSE_MAX_MS 1000

/* One format's bytes of a batch. */
typedef struct encoded {
    mt_encoder *encoder;
    mt_buf bytes;
    size_t *ends;
    uint8_t *nulls;
    mt_span *spans;
} encoded;

typedef struct sink {
    mt_context *ctx;
    const kafka_options *options;
    const mt_table *table;
    kafka_client client;
    kafka_produce *produce;
    kafka_fields fields;
    kafka_partitioner partitioner;
    encoded value;
    encoded key; /* encoder NULL: records have no key */
    int32_t *partitions;
    int32_t rows_max;   /* of the arrays above */
    kafka_extra *extra; /* NULL: the table writes neither headers nor times */
    bool hurry;         /* records are sent off before linger.ms */
    int64_t nudge_pause_ms; /* until the next try, when brokers are slow */
    int64_t span_ms;        /* when this span began, and what it brought */
    int32_t span_rows;
    int64_t refresh_at;
} sink;

/* ---- open, close --------------------------------------------------------- */

static int open_encoders(sink *s, mt_error **err)
{
    mt_fields part;
    int rc;

    if ((rc = kafka_fields_init(&s->fields, s->options, s->table, err)) < 0)
        return rc;
    part = kafka_part_fields(&s->fields.value);
    s->value.encoder =
        mt_encoder_open(kafka_value_format(s->options), &part, err);
    if (!s->value.encoder)
        return MT_EOPTION;
    if (!s->fields.key.type)
        return 0;
    part = kafka_part_fields(&s->fields.key);
    s->key.encoder = mt_encoder_open(&s->options->key_format, &part, err);
    return s->key.encoder ? 0 : MT_EOPTION;
}

static int open_topic(sink *s, mt_error **err)
{
    const char *topic = s->options->topics.items[0];
    const struct rd_kafka_metadata *answer;
    int rc;

    rc = kafka_client_open(&s->client, s->ctx, s->options, true, NULL, err);
    if (rc < 0 ||
        (rc = kafka_client_topic(&s->client, topic, &answer, err)) < 0)
        return rc;
    kafka_partitioner_init(&s->partitioner, s->options->partitioner,
                           mt_context_subtask(s->ctx),
                           answer->topics[0].partition_cnt);
    rd_kafka_metadata_destroy(answer);
    s->produce = kafka_produce_open(&s->client, topic,
                                    s->options->log_failures_only, err);
    if (!s->produce)
        return MT_EIO;
    mt_log(MT_LOG_INFO, "kafka", "%s: writing %s, %d partitions",
           mt_context_operator(s->ctx), topic, s->partitioner.partitions);
    return 0;
}

int kafka_sink_open(mt_context *ctx, const void *options, const mt_table *table,
                    void **out, mt_error **err)
{
    sink *s = mt_calloc(sizeof(*s));
    int rc;

    if (!s)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    s->ctx = ctx;
    s->options = options;
    s->table = table;
    s->hurry = !kafka_properties_lingers(options) &&
               mt_context_buffer_timeout_ms(ctx) != 0;
    s->refresh_at = mt_now_ms() + REFRESH_MS;
    rc = open_encoders(s, err);
    if (rc == 0)
        rc = open_topic(s, err);
    if (rc == 0 &&
        (kafka_metadata_writes(table) || s->options->write_timestamp) &&
        !(s->extra = mt_calloc(sizeof(*s->extra))))
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc < 0) {
        kafka_sink_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

static void free_rows(encoded *e, int32_t rows)
{
    mt_free(e->ends, (size_t)rows * sizeof(*e->ends));
    mt_free(e->nulls, (size_t)rows);
    mt_free(e->spans, (size_t)rows * sizeof(*e->spans));
    e->ends = NULL;
    e->nulls = NULL;
    e->spans = NULL;
}

static void close_encoded(encoded *e, int32_t rows)
{
    mt_encoder_close(e->encoder);
    mt_buf_fini(&e->bytes);
    free_rows(e, rows);
}

void kafka_sink_close(void *sink_or_null)
{
    sink *s = sink_or_null;

    if (!s)
        return;
    kafka_produce_close(s->produce);
    kafka_client_close(&s->client);
    close_encoded(&s->value, s->rows_max);
    close_encoded(&s->key, s->rows_max);
    mt_free(s->partitions, (size_t)s->rows_max * sizeof(int32_t));
    mt_free(s->extra, sizeof(*s->extra));
    kafka_fields_fini(&s->fields);
    mt_free(s, sizeof(*s));
}

/* ---- encoding ----------------------------------------------------------- */

static bool alloc_rows(encoded *e, int32_t rows)
{
    e->ends = mt_alloc((size_t)rows * sizeof(*e->ends));
    e->nulls = mt_alloc((size_t)rows);
    e->spans = mt_alloc((size_t)rows * sizeof(*e->spans));
    return e->ends && e->nulls && e->spans;
}

static int make_room(sink *s, int32_t rows, mt_error **err)
{
    if (rows <= s->rows_max)
        return 0;
    free_rows(&s->value, s->rows_max);
    free_rows(&s->key, s->rows_max);
    mt_free(s->partitions, (size_t)s->rows_max * sizeof(int32_t));
    s->rows_max = rows;
    s->partitions = mt_alloc((size_t)rows * sizeof(int32_t));
    if (s->partitions && alloc_rows(&s->value, rows) &&
        alloc_rows(&s->key, rows))
        return 0;
    return mt_fail(err, MT_ENOMEM, "out of memory");
}

static int encode(encoded *e, mt_batch *batch, mt_error **err)
{
    size_t from = 0;
    int32_t i, done = 0;
    int rc;

    e->bytes.len = 0;
    rc = mt_encoder_encode(e->encoder, batch, 0, batch->rows, &e->bytes,
                           e->ends, e->nulls, &done, err);
    if (rc < 0)
        return rc;
    for (i = 0; i < batch->rows; i++) {
        const uint8_t *at =
            e->bytes.data ? e->bytes.data + from : (const uint8_t *)"";

        e->spans[i] =
            e->nulls[i] ? (mt_span){NULL, 0} : (mt_span){at, e->ends[i] - from};
        from = e->ends[i];
    }
    return 0;
}

/* ---- writing ----------------------------------------------------------- */

/* The embedded broker must be asked before it is given anything. */
static int count_embedded(sink *s, const kafka_outgoing *o, mt_error **err)
{
    const char *topic = s->options->topics.items[0];
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < o->len; i++)
        rc = kafka_embedded_count(
            s->client.embedded, topic,
            o->partitions ? o->partitions[i] : o->partition, 1,
            (int64_t)(o->values[i].len + (o->keys ? o->keys[i].len : 0)), err);
    return rc;
}

static int send_singly(sink *s, const kafka_outgoing *o, mt_batch *batch,
                       mt_error **err)
{
    mt_span none = {NULL, 0};
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < o->len; i++) {
        rc = kafka_metadata_write(s->table, batch, i, s->extra, err);
        if (s->options->write_timestamp && batch->timestamps &&
            s->extra->timestamp == INT64_MIN)
            s->extra->timestamp = batch->timestamps[i];
        if (rc == 0)
            rc = kafka_produce_send_extra(
                s->produce, o->partitions ? o->partitions[i] : o->partition,
                o->keys ? o->keys[i] : none, o->values[i], s->extra, err);
    }
    return rc < 0 ? rc : kafka_produce_poll(s->produce, err);
}

/* Sends records off when they come too slowly to fill a request soon. */
static void look_at_span(sink *s, int32_t rows)
{
    int64_t now = mt_now_ms();

    s->span_rows += rows;
    if (!s->hurry || now - s->span_ms < SPAN_MS)
        return;
    if (s->span_rows < SPAN_ROWS_FEW)
        kafka_produce_nudge(s->produce);
    s->span_ms = now;
    s->span_rows = 0;
}

int kafka_sink_write(void *sink_, mt_batch *batch, mt_error **err)
{
    sink *s = sink_;
    kafka_outgoing o = {.len = batch->rows};
    int rc;

    if ((rc = make_room(s, batch->rows, err)) < 0 ||
        (rc = encode(&s->value, batch, err)) < 0 ||
        (s->key.encoder && (rc = encode(&s->key, batch, err)) < 0))
        return rc;
    o.values = s->value.spans;
    o.keys = s->key.encoder ? s->key.spans : NULL;
    if (!kafka_partitioner_choose(&s->partitioner, o.keys, o.len, &o.partition,
                                  s->partitions))
        o.partitions = s->partitions;
    if (s->client.embedded && (rc = count_embedded(s, &o, err)) < 0)
        return rc;
    rc = s->extra ? send_singly(s, &o, batch, err)
                  : kafka_produce_send(s->produce, &o, err);
    s->nudge_pause_ms = 1;
    look_at_span(s, batch->rows);
    return rc;
}

/* ---- flushing ----------------------------------------------------------- */

/* Idle: nothing more will fill the requests that wait. */
int kafka_sink_poll(void *sink_, int64_t *wake_ms, mt_error **err)
{
    sink *s = sink_;

    if (s->hurry && kafka_produce_pending(s->produce) > 0) {
        kafka_produce_nudge(s->produce);
        if (kafka_produce_pending(s->produce) > 0)
            *wake_ms = mt_now_ms() + s->nudge_pause_ms;
        if (s->nudge_pause_ms < NUDGE_PAUSE_MAX_MS)
            s->nudge_pause_ms *= 2;
    }
    return kafka_produce_poll(s->produce, err);
}

/* New partitions are found at a barrier, which waits anyway. */
static void refresh(sink *s)
{
    const struct rd_kafka_metadata *answer;
    rd_kafka_topic_t *topic;

    if (mt_now_ms() < s->refresh_at)
        return;
    s->refresh_at = mt_now_ms() + REFRESH_MS;
    topic = rd_kafka_topic_new(s->client.rk, s->options->topics.items[0], NULL);
    if (topic && rd_kafka_metadata(s->client.rk, 0, topic, &answer,
                                   REFRESH_WAIT_MS) == 0) {
        if (answer->topic_cnt &&
            answer->topics[0].partition_cnt > s->partitioner.partitions)
            s->partitioner.partitions = answer->topics[0].partition_cnt;
        rd_kafka_metadata_destroy(answer);
    }
    if (topic)
        rd_kafka_topic_destroy(topic);
}

int kafka_sink_barrier(void *sink_, int64_t id, mt_buf *snapshot,
                       mt_error **err)
{
    sink *s = sink_;
    int rc;

    (void)id;
    (void)snapshot;
    if (s->options->guarantee == KAFKA_NONE)
        return kafka_produce_poll(s->produce, err);
    if ((rc = kafka_produce_flush(s->produce, err)) < 0)
        return rc;
    refresh(s);
    return 0;
}

int kafka_sink_end(void *sink_, mt_error **err)
{
    return kafka_produce_flush(((sink *)sink_)->produce, err);
}
