/* source.c - a subtask that reads its share of the partitions.
 *
 * One poll: take what the fetching side has, decode the values (and keys) into
 * the builder's columns, add the metadata columns, commit the rows, move the
 * positions on, let go of the messages. It never waits: finding new partitions
 * and committing offsets happen beside it and are looked at here.
 *
 * Keys are only decoded where the value does not hold them. They fill columns
 * of their own, so key and value are decoded a batch at a time and agree row by
 * row as long as every message gives one of each. Where that does not hold (a
 * tombstone, a record without a key, one skipped by a policy), the batch is
 * rolled back and done again message by message.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <stdio.h>

#include "commits.h"
#include "fetch.h"
#include "fields.h"
#include "metadata.h"
#include "offsets.h"
#include "properties.h"
#include "topics.h"

/* As many as one look at the queue takes out. */
#define RECORDS_MAX 4096
#define LAG_SPAN_MS 1000

typedef struct source {
    mt_context *ctx;
    const kafka_options *options;
    const mt_table *table;
    kafka_client client;
    kafka_topics *topics;
    kafka_fetch *fetch;
    kafka_commits *commits;
    kafka_fields fields;
    mt_decoder *value_decoder;
    mt_decoder *key_decoder; /* NULL: the value holds the keys, or none */
    kafka_partition **parts;
    int32_t parts_len;
    int32_t parts_max;
    bool bounded;
    bool committing;
    int64_t discovery_ms; /* 0: never */
    int64_t look_at;      /* when to look for new partitions */
    int64_t lag_at;       /* when to reckon the lag again */
    int32_t *rows;        /* rows that each message gave */
    int32_t *key_rows;
    mt_metric *lag;
    mt_metric *assigned;
    mt_metric *skipped;
} source;

/* ---- partitions ---------------------------------------------------------- */

static int grow_parts(source *s, int32_t len, mt_error **err)
{
    int32_t max = s->parts_len + len;
    kafka_partition **parts;

    parts = mt_realloc(s->parts, (size_t)s->parts_max * sizeof(*parts),
                       (size_t)max * sizeof(*parts));
    if (!parts)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    s->parts = parts;
    s->parts_max = max;
    return 0;
}

/* Makes partitions of places; *from is the first of them. */
static int add_places(source *s, const mt_buf *places, int32_t *from,
                      mt_error **err)
{
    int32_t i, len = (int32_t)(places->len / sizeof(kafka_place));
    kafka_place place;
    kafka_partition *p;
    int rc;

    *from = s->parts_len;
    if ((rc = grow_parts(s, len, err)) < 0)
        return rc;
    for (i = 0; i < len; i++) {
        memcpy(&place, places->data + (size_t)i * sizeof(place), sizeof(place));
        if (!(p = mt_calloc(sizeof(*p))))
            return mt_fail(err, MT_ENOMEM, "out of memory");
        *p = (kafka_partition){.topic = place.topic,
                               .number = place.partition,
                               .next = KAFKA_NO_OFFSET,
                               .stop = INT64_MAX,
                               .committed = KAFKA_NO_OFFSET};
        s->parts[s->parts_len++] = p;
    }
    return 0;
}

static void log_start(const source *s, const kafka_partition *p)
{
    char where[32] = "its beginning";

    if (p->next >= 0)
        snprintf(where, sizeof(where), "offset %lld", (long long)p->next);
    if (p->stop == INT64_MAX)
        mt_log(MT_LOG_INFO, "kafka", "%s: reading %s[%d] from %s",
               mt_context_operator(s->ctx), p->topic, p->number, where);
    else
        mt_log(MT_LOG_INFO, "kafka",
               "%s: reading %s[%d] from %s to before "
               "offset %lld",
               mt_context_operator(s->ctx), p->topic, p->number, where,
               (long long)p->stop);
}

/* Starts to read the partitions from `from` on, but for those that end before
 * they begin, which are moved behind the others. */
static int start_parts(source *s, int32_t from, mt_error **err)
{
    kafka_partition **parts = s->parts + from, *p;
    int32_t i, len = 0;

    for (i = from; i < s->parts_len; i++) {
        p = s->parts[i];
        p->done = p->next >= p->stop;
        log_start(s, p);
        if (p->done) {
            p->committed = p->next; /* the group is told nothing of it */
            continue;
        }
        s->parts[i] = parts[len];
        parts[len++] = p;
    }
    mt_metric_set(s->assigned, s->parts_len);
    return kafka_fetch_start(s->fetch, parts, len, err);
}

/* ---- discovery ----------------------------------------------------------- */

static int take_new(source *s, mt_error **err)
{
    mt_buf places = {0};
    int32_t from;
    int rc;

    rc = kafka_topics_take(s->topics, &places, err);
    if (rc == 0 && places.len) {
        rc = add_places(s, &places, &from, err);
        if (rc == 0) {
            kafka_offsets_beginning(s->parts + from, s->parts_len - from);
            rc = start_parts(s, from, err);
        }
    }
    mt_buf_fini(&places);
    return rc;
}

static int discover(source *s, int64_t now, mt_error **err)
{
    if (!s->discovery_ms)
        return 0;
    if (now >= s->look_at) {
        s->look_at = now + s->discovery_ms;
        kafka_topics_look(s->topics);
    }
    return take_new(s, err);
}

/* ---- open ----------------------------------------------------------- */

static int open_decoders(source *s, mt_error **err)
{
    const kafka_options *o = s->options;
    mt_fields part;
    int rc;

    if ((rc = kafka_fields_init(&s->fields, o, s->table, err)) < 0)
        return rc;
    part = kafka_part_fields(&s->fields.value);
    if (!(s->value_decoder =
              mt_decoder_open(kafka_value_format(o), &part, err)))
        return MT_EOPTION;
    if (o->include != KAFKA_EXCEPT_KEY)
        return 0;
    part = kafka_part_fields(&s->fields.key);
    if (!(s->key_decoder = mt_decoder_open(&o->key_format, &part, err)))
        return MT_EOPTION;
    return 0;
}

static int open_client(source *s, mt_error **err)
{
    bool group = kafka_property(s->options, "group.id") != NULL;
    const char *table = mt_context_table(s->ctx);
    char name[256];

    /* librdkafka assigns nothing without a group; this one is never used. */
    snprintf(name, sizeof(name), "moontide-%s",
             table ? table : mt_context_operator(s->ctx));
    s->committing = group && kafka_properties_commit(s->options);
    return kafka_client_open(&s->client, s->ctx, s->options, false,
                             group ? NULL : name, err);
}

/* Finds the partitions, where each starts and stops, and begins. */
static int begin(source *s, mt_error **err)
{
    mt_buf places = {0};
    int32_t from = 0;
    int rc;

    rc = kafka_topics_find(s->topics, &places, err);
    if (rc == 0)
        rc = add_places(s, &places, &from, err);
    mt_buf_fini(&places);
    if (rc == 0)
        rc = kafka_offsets_start(&s->client, s->parts, s->parts_len, err);
    if (rc == 0 && s->bounded)
        rc = kafka_offsets_stop(&s->client, s->parts, s->parts_len, err);
    return rc < 0 ? rc : start_parts(s, 0, err);
}

static int open_parts(source *s, mt_error **err)
{
    int rc;

    s->rows = mt_alloc(RECORDS_MAX * sizeof(int32_t));
    s->key_rows = mt_alloc(RECORDS_MAX * sizeof(int32_t));
    if (!s->rows || !s->key_rows)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    if ((rc = open_decoders(s, err)) < 0 || (rc = open_client(s, err)) < 0)
        return rc;
    s->topics = kafka_topics_open(&s->client, err);
    s->fetch = s->topics ? kafka_fetch_open(&s->client, s->key_decoder != NULL,
                                            RECORDS_MAX, err)
                         : NULL;
    s->commits = s->fetch ? kafka_commits_open(&s->client, err) : NULL;
    return s->commits ? begin(s, err) : MT_ENOMEM;
}

int kafka_source_open(mt_context *ctx, const void *options,
                      const mt_table *table, void **out, mt_error **err)
{
    source *s = mt_calloc(sizeof(*s));
    int rc;

    if (!s)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    s->ctx = ctx;
    s->options = options;
    s->table = table;
    s->bounded = kafka_options_bounded(options);
    s->discovery_ms = s->bounded ? 0 : kafka_properties_discovery_ms(options);
    s->look_at = mt_now_ms() + s->discovery_ms;
    s->lag = mt_context_metric(ctx, "lag");
    s->assigned = mt_context_metric(ctx, "partitions");
    s->skipped = mt_context_metric(ctx, "records.skipped");
    if ((rc = open_parts(s, err)) < 0) {
        kafka_source_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void kafka_source_close(void *source_or_null)
{
    source *s = source_or_null;
    int32_t i;

    if (!s)
        return;
    kafka_commits_close(s->commits);
    kafka_fetch_close(s->fetch);
    kafka_topics_close(s->topics);
    kafka_client_close(&s->client);
    mt_decoder_close(s->value_decoder);
    mt_decoder_close(s->key_decoder);
    kafka_fields_fini(&s->fields);
    for (i = 0; i < s->parts_len; i++)
        mt_free(s->parts[i], sizeof(kafka_partition));
    mt_free(s->parts, (size_t)s->parts_max * sizeof(*s->parts));
    mt_free(s->rows, RECORDS_MAX * sizeof(int32_t));
    mt_free(s->key_rows, RECORDS_MAX * sizeof(int32_t));
    mt_free(s, sizeof(*s));
}

/* ---- decoding ----------------------------------------------------------- */

/* Notes on the error which message could not be read. */
static int fail_record(const kafka_records *r, int32_t at, mt_span bytes,
                       int code, mt_error **err)
{
    char place[320];
    int32_t i = 0;

    if (!err || code != MT_ERECORD || at >= r->len)
        return code;
    while (i + 1 < r->runs_len && r->runs[i].to <= at)
        i++;
    snprintf(place, sizeof(place), "topic %s, partition %d, offset %lld",
             r->runs[i].partition->topic, r->runs[i].partition->number,
             (long long)r->offsets[at]);
    mt_error_set_record(*err, bytes.data, bytes.len, place);
    return code;
}

static int decode_values(source *s, const kafka_records *r, int32_t from,
                         int32_t to, mt_builder *out, mt_error **err)
{
    int32_t done = 0;
    int rc;

    rc = mt_decoder_decode(s->value_decoder, r->values + from, to - from, out,
                           s->rows + from, &done, err);
    if (rc < 0)
        return fail_record(r, from + done,
                           r->values[from + done < to ? from + done : from], rc,
                           err);
    return 0;
}

static int decode_keys(source *s, const kafka_records *r, int32_t from,
                       int32_t to, mt_builder *out, mt_error **err)
{
    int32_t done = 0;
    int rc;

    rc = mt_decoder_decode(s->key_decoder, r->keys + from, to - from, out,
                           s->key_rows + from, &done, err);
    if (rc < 0)
        return fail_record(r, from + done,
                           r->keys[from + done < to ? from + done : from], rc,
                           err);
    return 0;
}

/* True when all of rows[0 .. len) are one. */
static bool all_ones(const int32_t *rows, int32_t len)
{
    int32_t i, sum = 0;

    for (i = 0; i < len; i++)
        sum |= rows[i] ^ 1;
    return sum == 0;
}

static bool any_keyless(const kafka_records *r)
{
    int32_t i;

    for (i = 0; i < r->len; i++) {
        if (!r->keys[i].data || !r->values[i].data)
            return true;
    }
    return false;
}

/* The key columns of one row: the key's fields, or NULLs without a key. */
static int put_key(source *s, const kafka_records *r, int32_t i,
                   mt_builder *out, mt_error **err)
{
    int32_t k;
    int rc;

    s->key_rows[i] = 0;
    if (r->keys[i].data && (rc = decode_keys(s, r, i, i + 1, out, err)) < 0)
        return rc;
    if (s->key_rows[i] > 1)
        return fail_record(
            r, i, r->keys[i],
            mt_fail(err, MT_ERECORD, "a key of %d rows", s->key_rows[i]), err);
    for (k = 0; s->key_rows[i] == 0 && k < s->fields.key.len; k++) {
        if (mt_put_null(&out->columns[s->fields.key.columns[k]]) < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory");
    }
    return 0;
}

static int decode_singly(source *s, const kafka_records *r, mt_builder *out,
                         mt_error **err)
{
    int32_t i, n;
    int rc = 0;

    for (i = 0; rc == 0 && i < r->len; i++) {
        rc = decode_values(s, r, i, i + 1, out, err);
        for (n = 0; rc == 0 && n < s->rows[i]; n++)
            rc = put_key(s, r, i, out, err);
    }
    return rc;
}

static int decode_both(source *s, const kafka_records *r, mt_builder *out,
                       mt_error **err)
{
    int rc;

    if (any_keyless(r))
        return decode_singly(s, r, out, err);
    if ((rc = decode_keys(s, r, 0, r->len, out, err)) < 0 ||
        (rc = decode_values(s, r, 0, r->len, out, err)) < 0)
        return rc;
    if (all_ones(s->rows, r->len) && all_ones(s->key_rows, r->len))
        return 0;
    mt_builder_rollback(out);
    mt_decoder_skipped(s->value_decoder);
    mt_decoder_skipped(s->key_decoder);
    return decode_singly(s, r, out, err);
}

static void count_skipped(source *s)
{
    int64_t n = mt_decoder_skipped(s->value_decoder);

    if (s->key_decoder)
        n += mt_decoder_skipped(s->key_decoder);
    if (n)
        mt_metric_add(s->skipped, n);
}

static int take_records(source *s, const kafka_records *r, mt_builder *out,
                        mt_error **err)
{
    int rc;

    rc = s->key_decoder ? decode_both(s, r, out, err)
                        : decode_values(s, r, 0, r->len, out, err);
    if (rc == 0)
        rc = kafka_metadata_read(s->table, r, s->rows, out, err);
    if (rc == 0)
        rc = mt_builder_commit(out, err);
    if (rc < 0)
        mt_builder_rollback(out);
    count_skipped(s);
    return rc;
}

/* ---- poll ----------------------------------------------------------- */

static void move_on(const kafka_records *r)
{
    int32_t i;

    for (i = 0; i < r->runs_len; i++) {
        if (r->runs[i].to > r->runs[i].from)
            r->runs[i].partition->next = r->offsets[r->runs[i].to - 1] + 1;
    }
}

/* How far the ends of the partitions are ahead of us, all together. */
static void reckon_lag(source *s, int64_t now)
{
    int64_t sum = 0, end;
    int32_t i;

    if (now < s->lag_at)
        return;
    s->lag_at = now + LAG_SPAN_MS;
    for (i = 0; i < s->parts_len; i++) {
        end = kafka_fetch_end(s->fetch, s->parts[i]);
        if (end > s->parts[i]->next && s->parts[i]->next >= 0)
            sum += end - s->parts[i]->next;
    }
    mt_metric_set(s->lag, sum);
}

static bool is_done(source *s)
{
    int32_t i;

    for (i = 0; i < s->parts_len; i++) {
        if (!s->parts[i]->done && s->parts[i]->next < s->parts[i]->stop)
            return false;
    }
    return true;
}

int kafka_source_poll(void *source_, mt_builder *out, int64_t *wake_ms,
                      mt_error **err)
{
    source *s = source_;
    int64_t now = mt_now_ms();
    kafka_records records;
    int32_t room = out->rows_max - out->rows;
    int rc;

    kafka_commits_poll(s->commits);
    if ((rc = discover(s, now, err)) < 0)
        return rc;
    rc = kafka_fetch_poll(s->fetch, room > 0 ? room : 1, &records, err);
    if (rc < 0)
        return rc;
    if (records.len) {
        rc = take_records(s, &records, out, err);
        if (rc == 0)
            move_on(&records);
    }
    reckon_lag(s, now);
    room = records.len;
    kafka_fetch_release(s->fetch, &records);
    if (rc < 0)
        return rc;
    if (room)
        return MT_FLOW_MORE;
    if (s->bounded && is_done(s))
        return MT_FLOW_DONE;
    if (s->discovery_ms)
        *wake_ms = s->look_at;
    return MT_FLOW_WAIT;
}

void kafka_source_project(void *source_, const uint8_t *needed)
{
    source *s = source_;
    uint8_t fields[1024];
    int32_t i;

    if (s->fields.value.len > (int32_t)sizeof(fields))
        return;
    for (i = 0; i < s->fields.value.len; i++)
        fields[i] = needed[s->fields.value.columns[i]];
    mt_decoder_project(s->value_decoder, fields);
}

/* ---- checkpoints --------------------------------------------------------- */

int kafka_source_barrier(void *source_, int64_t id, mt_buf *snapshot,
                         mt_error **err)
{
    source *s = source_;

    return kafka_commits_note(s->commits, id, s->parts, s->parts_len, snapshot,
                              err);
}

int kafka_source_commit(void *source_, int64_t id, mt_error **err)
{
    source *s = source_;

    (void)err;
    if (s->committing)
        kafka_commits_send(s->commits, id);
    return 0;
}
