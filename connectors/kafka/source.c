/* source.c - a subtask that reads its share of the partitions.
 *
 * One poll: take what the fetching side has, have the reader put it into the
 * builder's columns, move the positions on, let go of the messages. It never
 * waits: finding new partitions and committing offsets happen beside it and are
 * looked at here.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <stdio.h>

#include "commits.h"
#include "offsets.h"
#include "properties.h"
#include "reader.h"
#include "topics.h"

/* As many as one look at the queue takes out. */
#define RECORDS_MAX 4096
#define LAG_SPAN_MS 1000

typedef struct source {
    mt_context *ctx;
    kafka_options options; /* with what upsert.c has set */
    const mt_table *table;
    kafka_client client;
    kafka_topics *topics;
    kafka_fetch *fetch;
    kafka_commits *commits;
    kafka_reader *reader;
    kafka_partition **parts;
    int32_t parts_len;
    int32_t parts_max;
    bool bounded;
    bool committing;
    int64_t discovery_ms; /* 0: never */
    int64_t look_at;      /* when to look for new partitions */
    int64_t lag_at;       /* when to reckon the lag again */
    mt_metric *lag;
    mt_metric *assigned;
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

static int open_client(source *s, mt_error **err)
{
    bool group = kafka_property(&s->options, "group.id") != NULL;
    const char *table = mt_context_table(s->ctx);
    char name[256];

    /* librdkafka assigns nothing without a group; this one is never used. */
    snprintf(name, sizeof(name), "moontide-%s",
             table ? table : mt_context_operator(s->ctx));
    s->committing = group && kafka_properties_commit(&s->options);
    return kafka_client_open(&s->client, s->ctx, &s->options, false,
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

    if ((rc = kafka_reader_open(s->ctx, &s->options, s->table, RECORDS_MAX,
                                &s->reader, err)) < 0 ||
        (rc = open_client(s, err)) < 0)
        return rc;
    s->topics = kafka_topics_open(&s->client, err);
    s->fetch = s->topics ? kafka_fetch_open(&s->client,
                                            kafka_reader_wants_keys(s->reader),
                                            RECORDS_MAX, err)
                         : NULL;
    s->commits = s->fetch ? kafka_commits_open(&s->client, err) : NULL;
    return s->commits ? begin(s, err) : MT_ENOMEM;
}

int kafka_source_make(mt_context *ctx, const kafka_options *options,
                      const mt_table *table, void **out, mt_error **err)
{
    source *s = mt_calloc(sizeof(*s));
    int rc;

    if (!s)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    s->ctx = ctx;
    s->options = *options;
    s->table = table;
    s->bounded = kafka_stop_mode(options) != KAFKA_UNBOUNDED;
    s->discovery_ms = s->bounded || options->partitions.len
                          ? 0
                          : kafka_properties_discovery_ms(options);
    s->look_at = mt_now_ms() + s->discovery_ms;
    s->lag = mt_context_metric(ctx, "lag");
    s->assigned = mt_context_metric(ctx, "partitions");
    if ((rc = open_parts(s, err)) < 0) {
        kafka_source_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

int kafka_source_open(mt_context *ctx, const void *options,
                      const mt_table *table, void **out, mt_error **err)
{
    return kafka_source_make(ctx, options, table, out, err);
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
    kafka_reader_close(s->reader);
    for (i = 0; i < s->parts_len; i++)
        mt_free(s->parts[i], sizeof(kafka_partition));
    mt_free(s->parts, (size_t)s->parts_max * sizeof(*s->parts));
    mt_free(s, sizeof(*s));
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
        rc = kafka_reader_read(s->reader, &records, out, err);
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
    if (s->bounded && s->options.bounded_ends && is_done(s))
        return MT_FLOW_DONE;
    if (s->discovery_ms)
        *wake_ms = s->look_at;
    return MT_FLOW_WAIT;
}

void kafka_source_project(void *source_, const uint8_t *needed)
{
    kafka_reader_project(((source *)source_)->reader, needed);
}

/* ---- checkpoints --------------------------------------------------------- */

int kafka_source_barrier(void *source_, int64_t id, mt_buf *snapshot,
                         mt_error **err)
{
    source *s = source_;
    int rc = kafka_reader_flush(s->reader, err);

    if (rc < 0)
        return rc;
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
