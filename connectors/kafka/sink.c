/* sink.c - a subtask that writes to a topic, or to those that its records name.
 *
 * A batch's values (and keys) are encoded into one buffer each; spans into them
 * go to the producing side, which copies. Where the table writes headers or
 * timestamps, records go one by one.
 *
 * An upsert sink takes a changelog: a row of kind -D becomes a key without a
 * value, one of kind -U nothing, and rows may wait in a buffer for later ones
 * of the same key.
 *
 * Records gather below for linger.ms, longer than anybody wants to wait for one
 * (properties.c says why). So the sink itself sends them off: at once when the
 * task is idle, and while it is busy when a look every SPAN_MS shows that too
 * few come to fill a request soon. A user who sets linger.ms gets just that,
 * and at a buffer time-out of 0 nothing gathers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sink.h"

#include "encoded.h"
#include "metadata.h"
#include "properties.h"
#include "targets.h"
#include "upsert_buffer.h"

/* A request is full at 10,000 records or 1 MB. */
#define SPAN_MS 10
#define SPAN_ROWS_FEW 5000
#define NUDGE_PAUSE_MAX_MS 1000

typedef struct sink {
    mt_context *ctx;
    kafka_options options; /* with what upsert.c has set */
    const mt_table *table;
    kafka_client client;
    kafka_produce *produce;
    kafka_targets targets;
    kafka_target *only;   /* NULL: records say their topic */
    int32_t topic_column; /* where they do */
    kafka_fields fields;
    kafka_encoded value;
    kafka_encoded key;    /* closed: records have no key */
    kafka_buffer *buffer; /* NULL: rows go on at once */
    int32_t *partitions;
    int32_t partitions_max;
    kafka_extra *extra; /* NULL: the table writes neither headers nor times */
    bool hurry;         /* records are sent off before linger.ms */
    int64_t nudge_pause_ms; /* until the next try, when brokers are slow */
    int64_t span_ms;        /* when this span began, and what it brought */
    int32_t span_rows;
} sink;

/* ---- open, close --------------------------------------------------------- */

static int open_encoders(sink *s, mt_error **err)
{
    const kafka_options *o = &s->options;
    int rc;

    if ((rc = kafka_fields_init(&s->fields, o, s->table, err)) < 0 ||
        (rc = kafka_encoded_open(&s->value, kafka_value_format(o),
                                 &s->fields.value, err)) < 0 ||
        !s->fields.key.type)
        return rc;
    return kafka_encoded_open(&s->key, &o->key_format, &s->fields.key, err);
}

/* The topics that are named are asked for now, those of a pattern when a record
 * names them. */
static int open_topics(sink *s, mt_error **err)
{
    const mt_strings *topics = &s->options.topics;
    kafka_target *at = NULL;
    int32_t i;
    int rc;

    for (i = 0; i < topics->len; i++) {
        rc = kafka_targets_open(&s->targets, topics->items[i], &at, err);
        if (rc < 0)
            return rc;
    }
    s->only = topics->len == 1 ? at : NULL;
    s->topic_column = kafka_metadata_topic(s->table);
    return 0;
}

static int open_client(sink *s, mt_error **err)
{
    const kafka_options *o = &s->options;
    int rc;

    if ((rc = kafka_client_open(&s->client, s->ctx, o, true, NULL, err)) < 0)
        return rc;
    s->produce = kafka_produce_open(&s->client, o->log_failures_only, err);
    if (!s->produce)
        return MT_ENOMEM;
    if ((rc = kafka_targets_init(&s->targets, &s->client, s->produce, err)) < 0)
        return rc;
    return open_topics(s, err);
}

static int open_parts(sink *s, mt_error **err)
{
    const kafka_options *o = &s->options;
    int rc;

    if ((rc = open_encoders(s, err)) < 0 || (rc = open_client(s, err)) < 0)
        return rc;
    if ((kafka_metadata_writes(s->table) || o->write_timestamp) &&
        !(s->extra = mt_calloc(sizeof(*s->extra))))
        return mt_fail(err, MT_ENOMEM, "out of memory");
    if (o->flush_rows > 0 &&
        !(s->buffer = kafka_buffer_new(o->flush_rows, o->flush_ms, err)))
        return MT_ENOMEM;
    return 0;
}

int kafka_sink_make(mt_context *ctx, const kafka_options *options,
                    const mt_table *table, void **out, mt_error **err)
{
    sink *s = mt_calloc(sizeof(*s));
    int rc;

    if (!s)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    s->ctx = ctx;
    s->options = *options;
    s->table = table;
    s->hurry = !kafka_properties_lingers(options) &&
               mt_context_buffer_timeout_ms(ctx) != 0;
    if ((rc = open_parts(s, err)) < 0) {
        kafka_sink_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

int kafka_sink_open(mt_context *ctx, const void *options, const mt_table *table,
                    void **out, mt_error **err)
{
    return kafka_sink_make(ctx, options, table, out, err);
}

void kafka_sink_close(void *sink_or_null)
{
    sink *s = sink_or_null;

    if (!s)
        return;
    kafka_targets_fini(&s->targets);
    kafka_produce_close(s->produce);
    kafka_client_close(&s->client);
    kafka_encoded_close(&s->value);
    kafka_encoded_close(&s->key);
    kafka_buffer_free(s->buffer);
    mt_free(s->partitions, (size_t)s->partitions_max * sizeof(int32_t));
    mt_free(s->extra, sizeof(*s->extra));
    kafka_fields_fini(&s->fields);
    mt_free(s, sizeof(*s));
}

/* ---- writing ----------------------------------------------------------- */

static int make_room(sink *s, int32_t rows, mt_error **err)
{
    if (rows <= s->partitions_max)
        return 0;
    mt_free(s->partitions, (size_t)s->partitions_max * sizeof(int32_t));
    s->partitions_max = rows;
    s->partitions = mt_alloc((size_t)rows * sizeof(int32_t));
    if (s->partitions)
        return 0;
    s->partitions_max = 0;
    return mt_fail(err, MT_ENOMEM, "out of memory");
}

/* Sends the records of the rows from `from` on, with what the table writes
 * besides key and value. */
static int send_singly(sink *s, const kafka_outgoing *o, mt_batch *batch,
                       int32_t from, mt_error **err)
{
    mt_span none = {NULL, 0};
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < o->len; i++) {
        rc = kafka_metadata_write(s->table, batch, from + i, s->extra, err);
        if (s->options.write_timestamp && batch->timestamps &&
            s->extra->timestamp == INT64_MIN)
            s->extra->timestamp = batch->timestamps[from + i];
        if (rc == 0)
            rc = kafka_produce_send_extra(
                s->produce, o->outlet,
                o->partitions ? o->partitions[i] : o->partition,
                o->keys ? o->keys[i] : none, o->values[i], s->extra, err);
    }
    return rc < 0 ? rc : kafka_produce_poll(s->produce, err);
}

/* Sends rows [from, to) of the batch, which is encoded, to one topic. */
static int send_rows(sink *s, kafka_target *target, mt_batch *batch,
                     int32_t from, int32_t to, mt_error **err)
{
    kafka_outgoing o = {.outlet = target->outlet, .len = to - from};

    o.values = s->value.spans + from;
    o.keys = s->key.encoder ? s->key.spans + from : NULL;
    if (!kafka_partitioner_choose(&target->partitioner, o.keys, o.len,
                                  &o.partition, s->partitions))
        o.partitions = s->partitions;
    return s->extra ? send_singly(s, &o, batch, from, err)
                    : kafka_produce_send(s->produce, &o, err);
}

static mt_span topic_at(const mt_column *c, int32_t row)
{
    if (mt_column_is_null(c, row))
        return (mt_span){NULL, 0};
    return (mt_span){(const uint8_t *)c->values + c->offsets[row],
                     (size_t)(c->offsets[row + 1] - c->offsets[row])};
}

/* Sends runs of rows that name the same topic. */
static int send_by_topic(sink *s, mt_batch *batch, mt_error **err)
{
    const mt_column *c = mt_batch_column(batch, s->topic_column, err);
    kafka_target *target;
    int32_t from, to;
    int rc = c ? 0 : MT_ENOMEM;

    for (from = 0; rc == 0 && from < batch->rows; from = to) {
        mt_span topic = topic_at(c, from);

        for (to = from + 1; to < batch->rows; to++) {
            mt_span next = topic_at(c, to);

            if (!topic.data || !next.data || next.len != topic.len ||
                memcmp(next.data, topic.data, topic.len) != 0)
                break;
        }
        rc = kafka_targets_get(&s->targets, topic, &target, err);
        if (rc == 0)
            rc = send_rows(s, target, batch, from, to, err);
    }
    return rc;
}

static int write_rows(sink *s, mt_batch *batch, mt_error **err)
{
    int rc;

    if ((rc = make_room(s, batch->rows, err)) < 0 ||
        (rc = kafka_encoded_write_changes(&s->value, batch, err)) < 0 ||
        (s->key.encoder && (rc = kafka_encoded_write(&s->key, batch, err)) < 0))
        return rc;
    return s->only ? send_rows(s, s->only, batch, 0, batch->rows, err)
                   : send_by_topic(s, batch, err);
}

/* ---- changelogs ---------------------------------------------------------- */

/* The batch without its rows of kind -U, which the +U behind them replaces.
 * Returned owned, NULL with err. */
static mt_batch *without_before(mt_batch *batch, mt_error **err)
{
    size_t size = (size_t)batch->rows * sizeof(int32_t);
    int32_t *rows, i, len = 0;
    mt_batch *out;

    if (!batch->kinds ||
        !memchr(batch->kinds, MT_UPDATE_BEFORE, (size_t)batch->rows))
        return mt_batch_ref(batch);
    if (!(rows = mt_alloc(size))) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    for (i = 0; i < batch->rows; i++) {
        if (batch->kinds[i] != MT_UPDATE_BEFORE)
            rows[len++] = i;
    }
    out = mt_batch_take(batch, rows, len, err);
    mt_free(rows, size);
    return out;
}

static int write_buffered(sink *s, mt_error **err)
{
    mt_error *own = NULL;
    mt_batch *batch;
    int rc = 0;

    while (rc == 0 && (batch = kafka_buffer_take(s->buffer, &own))) {
        rc = write_rows(s, batch, &own);
        mt_batch_unref(batch);
    }
    if (!own)
        return 0;
    rc = mt_error_code(own);
    if (err)
        *err = own;
    else
        mt_error_free(own);
    return rc;
}

static int write_changes(sink *s, mt_batch *batch, mt_error **err)
{
    mt_batch *changes = without_before(batch, err);
    int64_t wake_ms = INT64_MAX;
    int rc;

    if (!changes)
        return MT_ENOMEM;
    if (!s->buffer) {
        rc = write_rows(s, changes, err);
    } else {
        rc = kafka_encoded_write(&s->key, changes, err);
        if (rc == 0)
            rc = kafka_buffer_add(s->buffer, changes, s->key.spans, err);
        if (rc == 0 && kafka_buffer_due(s->buffer, &wake_ms))
            rc = write_buffered(s, err);
    }
    mt_batch_unref(changes);
    return rc;
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
    int rc = s->options.upsert ? write_changes(s, batch, err)
                               : write_rows(s, batch, err);

    s->nudge_pause_ms = 1;
    look_at_span(s, batch->rows);
    return rc;
}

/* ---- flushing ----------------------------------------------------------- */

/* Idle: nothing more will fill the requests that wait. */
int kafka_sink_poll(void *sink_, int64_t *wake_ms, mt_error **err)
{
    sink *s = sink_;
    int rc;

    if (s->buffer && kafka_buffer_due(s->buffer, wake_ms) &&
        (rc = write_buffered(s, err)) < 0)
        return rc;
    if (s->hurry && kafka_produce_pending(s->produce) > 0) {
        kafka_produce_nudge(s->produce);
        if (kafka_produce_pending(s->produce) > 0 &&
            mt_now_ms() + s->nudge_pause_ms < *wake_ms)
            *wake_ms = mt_now_ms() + s->nudge_pause_ms;
        if (s->nudge_pause_ms < NUDGE_PAUSE_MAX_MS)
            s->nudge_pause_ms *= 2;
    }
    return kafka_produce_poll(s->produce, err);
}

int kafka_sink_barrier(void *sink_, int64_t id, mt_buf *snapshot,
                       mt_error **err)
{
    sink *s = sink_;
    int rc;

    (void)id;
    (void)snapshot;
    if (s->buffer && (rc = write_buffered(s, err)) < 0)
        return rc;
    if (s->options.guarantee == KAFKA_NONE)
        return kafka_produce_poll(s->produce, err);
    if ((rc = kafka_produce_flush(s->produce, err)) < 0)
        return rc;
    kafka_targets_refresh(&s->targets); /* a barrier waits anyway */
    return 0;
}

int kafka_sink_end(void *sink_, mt_error **err)
{
    sink *s = sink_;
    int rc;

    if (s->buffer && (rc = write_buffered(s, err)) < 0)
        return rc;
    return kafka_produce_flush(s->produce, err);
}
