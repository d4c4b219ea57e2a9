/* sink.c - from batches to bulks.
 *
 *   write -> documents -> the bulk that is filled -> sender
 *
 * There are two bulks: one is filled while the other is under way. A bulk goes
 * off when it has enough changes or bytes, when its first change is old enough,
 * at a barrier and at the end; barrier and end wait until all is accepted.
 *
 * Rows of kind -U say nothing that +U does not, and are passed over.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sink.h"

#include "documents.h"
#include "ids.h"
#include "index.h"
#include "sender.h"

/* A bulk of this size goes off, whatever the options say. */
#define BULK_BYTES_MAX ((size_t)64 << 20)
/* How soon an idle sink sees that an answer has come. */
#define ANSWER_MS 10

typedef struct sink {
    mt_context *ctx;
    const es_options *options;
    es_index index;
    es_ids ids;
    es_documents documents;
    es_sender sender;
    es_bulk bulk; /* that is filled */
    mt_span type; /* the mapping type of version 6 */
    size_t bytes_max;
    int32_t changes_max;
    mt_buf name; /* of the index; kept when it is the same for all */
    mt_buf id;
    mt_metric *refused;
} sink;

/* ---- open, close --------------------------------------------------------- */

static void set_bounds(sink *s)
{
    const es_options *o = s->options;

    s->changes_max =
        o->flush_actions > 0 ? (int32_t)o->flush_actions : INT32_MAX;
    if (o->buffered_actions > 0 && o->buffered_actions < s->changes_max)
        s->changes_max = (int32_t)o->buffered_actions;
    s->bytes_max = BULK_BYTES_MAX;
    if (o->flush_bytes > 0 && (size_t)o->flush_bytes < BULK_BYTES_MAX)
        s->bytes_max = (size_t)o->flush_bytes;
}

static int init_sink(sink *s, const mt_table *table, mt_error **err)
{
    const es_options *o = s->options;
    const char *type = es_options_type(o);
    int rc;

    set_bounds(s);
    if (type)
        s->type = (mt_span){(const uint8_t *)type, strlen(type)};
    if ((rc = es_index_init(&s->index, o, table, err)) < 0 ||
        (rc = es_ids_init(&s->ids, o, table, err)) < 0 ||
        (rc = es_documents_open(&s->documents, o, table, err)) < 0 ||
        (rc = es_sender_open(&s->sender, s->ctx, o, err)) < 0)
        return rc;
    return s->index.dynamic ? 0
                            : es_index_name(&s->index, NULL, 0, &s->name, err);
}

int es_sink_open(mt_context *ctx, const void *options, const mt_table *table,
                 void **out, mt_error **err)
{
    sink *s = mt_calloc(sizeof(*s));
    int rc;

    if (!s)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    s->ctx = ctx;
    s->options = options;
    s->refused = mt_context_metric(ctx, "documents.refused");
    rc = init_sink(s, table, err);
    if (rc < 0) {
        es_sink_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void es_sink_close(void *sink_or_null)
{
    sink *s = sink_or_null;

    if (!s)
        return;
    es_sender_close(&s->sender);
    es_documents_close(&s->documents);
    es_ids_fini(&s->ids);
    es_index_fini(&s->index);
    es_bulk_fini(&s->bulk);
    mt_buf_fini(&s->name);
    mt_buf_fini(&s->id);
    mt_free(s, sizeof(*s));
}

/* ---- writing ----------------------------------------------------------- */

static bool is_full(const sink *s)
{
    return s->bulk.len >= s->changes_max || s->bulk.body.len >= s->bytes_max;
}

static bool is_old(const sink *s, int64_t now)
{
    return s->bulk.len > 0 && s->options->flush_ms > 0 &&
           now - s->bulk.oldest_ms >= s->options->flush_ms;
}

/* Index and id of a row, into s->name and s->id. */
static int name_row(sink *s, mt_batch *batch, int32_t row, mt_error **err)
{
    int rc = 0;

    if (s->index.dynamic) {
        s->name.len = 0;
        rc = es_index_name(&s->index, batch, row, &s->name, err);
    }
    if (rc == 0 && s->ids.len) {
        s->id.len = 0;
        rc = es_ids_text(&s->ids, batch, row, &s->id, err);
    }
    return rc;
}

/* No server can take the row: as if one had refused it. */
static int refuse_row(sink *s, mt_span document, mt_error **err)
{
    if (es_options_failures(s->options) != ES_IGNORE) {
        if (document.data)
            mt_error_set_record(*err, document.data, document.len, NULL);
        return MT_ERECORD;
    }
    mt_log(MT_LOG_WARN, "elasticsearch", "%s: ignored: %s",
           mt_context_operator(s->ctx), mt_error_message(*err));
    mt_error_free(*err);
    *err = NULL;
    mt_metric_add(s->refused, 1);
    return 0;
}

static int add_row(sink *s, mt_batch *batch, int32_t row, int64_t now,
                   mt_error **err)
{
    mt_row_kind kind = mt_batch_kind(batch, row);
    es_change change = {.type = s->type};
    mt_error *why = NULL;
    int rc;

    change.document = s->documents.spans[row];
    if (kind == MT_UPDATE_BEFORE ||
        (kind != MT_DELETE && !change.document.data))
        return 0;
    rc = name_row(s, batch, row, &why);
    if (rc == MT_ERECORD)
        rc = refuse_row(s, change.document, &why);
    else if (rc == 0) {
        change.index = (mt_span){s->name.data, s->name.len};
        if (s->ids.len)
            change.id = (mt_span){s->id.data, s->id.len};
        rc = es_bulk_add(&s->bulk, &change, now);
        if (rc < 0)
            mt_fail(&why, rc, "out of memory");
    }
    if (err)
        *err = why;
    else
        mt_error_free(why);
    return rc;
}

static int write_batch(sink *s, mt_batch *batch, mt_error **err)
{
    int64_t now = mt_now_ms();
    int32_t row;
    int rc = es_documents_write(&s->documents, batch, err);

    if (rc < 0)
        return rc;
    for (row = 0; rc == 0 && row < batch->rows; row++) {
        rc = add_row(s, batch, row, now, err);
        if (rc == 0 && is_full(s))
            rc = es_sender_send(&s->sender, &s->bulk, err);
    }
    return rc;
}

int es_sink_write(void *sink_, mt_batch *batch, mt_error **err)
{
    sink *s = sink_;
    bool busy;
    int rc = es_sender_poll(&s->sender, &busy, err);

    if (rc == 0)
        rc = write_batch(s, batch, err);
    if (rc == 0 && is_old(s, mt_now_ms()))
        rc = es_sender_send(&s->sender, &s->bulk, err);
    return rc;
}

int es_sink_poll(void *sink_, int64_t *wake_ms, mt_error **err)
{
    sink *s = sink_;
    int64_t now = mt_now_ms(), due;
    bool busy = false;
    int rc;

    if (is_old(s, now)) {
        rc = es_sender_send(&s->sender, &s->bulk, err);
        busy = true;
    } else {
        rc = es_sender_poll(&s->sender, &busy, err);
    }
    due = s->bulk.len && s->options->flush_ms > 0
              ? s->bulk.oldest_ms + s->options->flush_ms
              : INT64_MAX;
    if (busy && now + ANSWER_MS < due)
        due = now + ANSWER_MS;
    if (due < *wake_ms)
        *wake_ms = due;
    return rc;
}

static int flush(sink *s, mt_error **err)
{
    int rc = es_sender_send(&s->sender, &s->bulk, err);

    return rc < 0 ? rc : es_sender_finish(&s->sender, err);
}

int es_sink_barrier(void *sink_, int64_t id, mt_buf *snapshot, mt_error **err)
{
    sink *s = sink_;

    (void)id;
    (void)snapshot;
    if (!s->options->flush_on_checkpoint ||
        s->options->guarantee == ES_GUARANTEE_NONE)
        return 0;
    return flush(s, err);
}

int es_sink_end(void *sink_, mt_error **err)
{
    return flush(sink_, err);
}
