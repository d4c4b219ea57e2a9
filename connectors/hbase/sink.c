/* sink.c - from batches to puts and deletes.
 *
 *   write -> held batches -> changes -> cells -> hbase_multi_run()
 *
 * A flush reduces what it has of a row key to its last change, because HBase
 * has no order between changes of a row in one request: a put that stands at
 * the same millisecond as a delete is hidden by it, whichever came last. For
 * the same reason cells carry times of our own, which rise from flush to flush.
 * A change that is sent again after a fault has the same time, so that it is
 * the same change.
 *
 * With 'sink.ignore-null-value' a change leaves some of the row as it is, so
 * that the last one doesn't stand for those before: there a flush ends before a
 * key that it has already, and the next begins.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sink.h"

#include "cells.h"
#include "multi.h"

/* Held batches past this are written, whatever the options say. */
#define HELD_BYTES_MAX (16 << 20)
#define KEY_FIXED_MAX 24 /* bytes of a key that is no text */

typedef struct change {
    mt_span key;
    int32_t batch;
    int32_t row;
    bool is_delete;
} change;

typedef struct sink {
    mt_context *ctx;
    const hbase_options *options;
    hbase_schema schema;
    hbase_cluster cluster;
    hbase_multi multi;
    mt_batch **held;
    int32_t held_len;
    int32_t held_max;
    int64_t held_rows;
    int64_t held_bytes;
    int64_t oldest_ms; /* when the first one held came */
    int64_t time_ms;   /* of the last flush's cells */
    /* Of a flush. */
    mt_buf keys;
    mt_buf cells;
    change *changes;
    hbase_op *ops;
    int32_t *slots; /* change + 1 by the hash of its key; 0: free */
    int32_t changes_len;
    int32_t changes_max;
    int32_t slots_max; /* a power of two, twice changes_max */
} sink;

/* ---- open, close --------------------------------------------------------- */

static int init_sink(sink *s, const mt_table *table, mt_error **err)
{
    const hbase_options *o = s->options;
    int rc = hbase_schema_init(&s->schema, table, err);

    if (rc < 0)
        return rc;
    hbase_cluster_init(&s->cluster, s->ctx, o);
    s->multi = (hbase_multi){
        .cluster = &s->cluster,
        .attempts = o->sink_attempts ? o->sink_attempts
                                     : hbase_cluster_retries(&s->cluster) + 1,
        .attempts_option = o->sink_attempts
                               ? "sink.max-request-write-attempts"
                               : "properties.hbase.client.retries.number",
        .retries = mt_context_metric(s->ctx, "hbase.retries"),
    };
    /* What is wrong shows at once. */
    return hbase_cluster_locate(&s->cluster, err);
}

int hbase_sink_open(mt_context *ctx, const void *options, const mt_table *table,
                    void **out, mt_error **err)
{
    sink *s = mt_calloc(sizeof(*s));
    int rc;

    if (!s)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    s->ctx = ctx;
    s->options = options;
    rc = init_sink(s, table, err);
    if (rc < 0) {
        hbase_sink_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

static void let_go(sink *s)
{
    int32_t i;

    for (i = 0; i < s->held_len; i++)
        mt_batch_unref(s->held[i]);
    s->held_len = 0;
    s->held_rows = 0;
    s->held_bytes = 0;
}

static void free_changes(sink *s)
{
    mt_free(s->changes, sizeof(*s->changes) * (size_t)s->changes_max);
    mt_free(s->ops, sizeof(*s->ops) * (size_t)s->changes_max);
    mt_free(s->slots, sizeof(*s->slots) * (size_t)s->slots_max);
    s->changes = NULL;
    s->ops = NULL;
    s->slots = NULL;
    s->changes_max = 0;
    s->slots_max = 0;
}

void hbase_sink_close(void *sink_or_null)
{
    sink *s = sink_or_null;

    if (!s)
        return;
    let_go(s);
    hbase_cluster_fini(&s->cluster);
    hbase_schema_fini(&s->schema);
    free_changes(s);
    mt_buf_fini(&s->keys);
    mt_buf_fini(&s->cells);
    mt_free(s->held, sizeof(*s->held) * (size_t)s->held_max);
    mt_free(s, sizeof(*s));
}

/* ---- changes ----------------------------------------------------------- */

static int make_room(sink *s)
{
    int32_t max = 64;

    if (s->held_rows <= s->changes_max)
        return 0;
    while (max < s->held_rows)
        max *= 2;
    free_changes(s);
    s->changes = mt_alloc(sizeof(*s->changes) * (size_t)max);
    s->ops = mt_alloc(sizeof(*s->ops) * (size_t)max);
    s->slots = mt_alloc(sizeof(*s->slots) * (size_t)max * 2);
    s->changes_max = max;
    s->slots_max = max * 2;
    if (s->changes && s->ops && s->slots)
        return 0;
    /* Sizes of blocks that are not there do no harm. */
    free_changes(s);
    return MT_ENOMEM;
}

/* Room for all keys at once, so that none of them moves. */
static int reserve_keys(sink *s)
{
    size_t bytes = 0;
    int32_t i;

    for (i = 0; i < s->held_len; i++) {
        const mt_column *c = &s->held[i]->columns[s->schema.key];

        bytes += c->offsets ? (size_t)c->offsets[c->rows]
                            : (size_t)c->rows * KEY_FIXED_MAX;
    }
    s->keys.len = 0;
    return mt_buf_reserve(&s->keys, bytes + 1);
}

static int write_key(sink *s, const mt_batch *b, int32_t row, mt_span *out,
                     mt_error **err)
{
    const char *name = mt_type_column_name(s->schema.type, s->schema.key);
    const mt_column *c = &b->columns[s->schema.key];
    size_t at = s->keys.len;

    if (mt_column_is_null(c, row))
        return mt_fail(err, MT_ERECORD, "the row key '%s' is NULL", name);
    if (hbase_value_write(mt_type_column(s->schema.type, s->schema.key), c, row,
                          &s->keys) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    *out = (mt_span){s->keys.data + at, s->keys.len - at};
    if (out->len == 0 || out->len > HBASE_ROW_MAX)
        return mt_fail(err, MT_ERECORD,
                       "the row key '%s' has %zu bytes; HBase takes 1 to %d",
                       name, out->len, HBASE_ROW_MAX);
    return 0;
}

static uint64_t hash_of(mt_span key)
{
    uint64_t h = 0x9e3779b97f4a7c15u ^ key.len;
    size_t i;

    for (i = 0; i < key.len; i++)
        h = (h ^ key.data[i]) * 0x100000001b3u;
    return h ^ h >> 29;
}

/* The slot of the key: it holds the key's change, or is free. */
static int32_t *find_slot(sink *s, mt_span key)
{
    uint64_t mask = (uint64_t)s->slots_max - 1, i;

    for (i = hash_of(key) & mask; s->slots[i]; i = (i + 1) & mask)
        if (hbase_span_equal(s->changes[s->slots[i] - 1].key, key))
            break;
    return &s->slots[i];
}

/* A row of a held batch. False: this flush cannot have it. */
static int add_change(sink *s, int32_t batch, int32_t row, bool *taken,
                      mt_error **err)
{
    mt_row_kind kind = mt_batch_kind(s->held[batch], row);
    change c = {.batch = batch, .row = row, .is_delete = kind == MT_DELETE};
    int32_t *slot;
    int rc;

    *taken = true;
    if (kind == MT_UPDATE_BEFORE)
        return 0;
    if ((rc = write_key(s, s->held[batch], row, &c.key, err)) < 0)
        return rc;
    slot = find_slot(s, c.key);
    if (*slot && s->options->ignore_null) {
        s->keys.len -= c.key.len;
        *taken = false;
    } else if (*slot) {
        s->changes[*slot - 1] = c;
    } else {
        s->changes[s->changes_len++] = c;
        *slot = s->changes_len;
    }
    return 0;
}

/* From the row at (*batch, *row) on, as far as one flush goes. */
static int collect_changes(sink *s, int32_t *batch, int32_t *row,
                           mt_error **err)
{
    bool taken;
    int rc;

    s->changes_len = 0;
    memset(s->slots, 0, sizeof(*s->slots) * (size_t)s->slots_max);
    for (; *batch < s->held_len; (*batch)++, *row = 0)
        for (; *row < s->held[*batch]->rows; (*row)++) {
            rc = add_change(s, *batch, *row, &taken, err);
            if (rc < 0 || !taken)
                return rc;
        }
    return 0;
}

/* ---- cells ----------------------------------------------------------- */

/* The cell of a column; none for a NULL that is to be left alone. */
static int write_cell(sink *s, const change *c, const hbase_qualifier *q,
                      hbase_op *op)
{
    const mt_column *column =
        &s->held[c->batch]->columns[q->column].children[q->field];
    bool null = !c->is_delete && mt_column_is_null(column, c->row);
    hbase_cell cell = {.row = c->key,
                       .family = q->family,
                       .qualifier = q->name,
                       .time_ms = s->time_ms,
                       .type = c->is_delete ? HBASE_DELETE_COLUMN : HBASE_PUT};
    const char *text = s->options->null_text;
    int64_t start;
    int rc = 0;

    if (null && s->options->ignore_null)
        return 0;
    start = hbase_cell_begin(&s->cells, &cell);
    if (start < 0)
        return MT_ENOMEM;
    if (null && hbase_type_is_text(q->type))
        rc = mt_buf_append(&s->cells, text, strlen(text));
    else if (!null && !c->is_delete)
        rc = hbase_value_write(q->type, column, c->row, &s->cells);
    hbase_cell_end(&s->cells, start);
    op->count++;
    return rc;
}

/* Operations of all changes; one without cells has nothing to do. */
static int write_ops(sink *s, int32_t *len, mt_error **err)
{
    int32_t i, n;

    *len = 0;
    s->cells.len = 0;
    for (i = 0; i < s->changes_len; i++) {
        const change *c = &s->changes[i];
        hbase_op *op = &s->ops[*len];

        *op = (hbase_op){.row = c->key,
                         .cells = s->cells.len,
                         .action = c->is_delete ? HBASE_ACTION_DELETE
                                                : HBASE_ACTION_PUT};
        for (n = 0; n < s->schema.qualifiers_len; n++)
            if (write_cell(s, c, &s->schema.qualifiers[n], op) < 0)
                return mt_fail(err, MT_ENOMEM, "out of memory");
        op->bytes = s->cells.len - op->cells;
        *len += op->count > 0;
    }
    return 0;
}

/* ---- flushing ----------------------------------------------------------- */

static int write_held(sink *s, mt_error **err)
{
    int32_t batch = 0, row = 0, len;
    int64_t now;
    int rc = 0;

    if (make_room(s) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    while (rc == 0 && batch < s->held_len) {
        if (reserve_keys(s) < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory");
        now = mt_wall_ms();
        s->time_ms = now > s->time_ms ? now : s->time_ms + 1;
        rc = collect_changes(s, &batch, &row, err);
        if (rc == 0)
            rc = write_ops(s, &len, err);
        if (rc == 0)
            rc = hbase_multi_run(&s->multi, s->ops, len, &s->cells, err);
    }
    return rc;
}

static int flush(sink *s, mt_error **err)
{
    int rc = 0;

    if (s->held_rows > 0)
        rc = write_held(s, err);
    if (rc == 0)
        let_go(s);
    return rc;
}

static bool is_due(const sink *s)
{
    const hbase_options *o = s->options;

    return (o->flush_rows > 0 && s->held_rows >= o->flush_rows) ||
           (o->flush_bytes > 0 && s->held_bytes >= o->flush_bytes) ||
           s->held_bytes >= HELD_BYTES_MAX ||
           (o->flush_ms > 0 && mt_now_ms() - s->oldest_ms >= o->flush_ms);
}

static int hold(sink *s, mt_batch *batch)
{
    int32_t more = s->held_max ? s->held_max * 2 : 16;
    void *p;

    if (s->held_len == s->held_max) {
        p = mt_realloc(s->held, sizeof(*s->held) * (size_t)s->held_max,
                       sizeof(*s->held) * (size_t)more);
        if (!p)
            return MT_ENOMEM;
        s->held = p;
        s->held_max = more;
    }
    if (s->held_len == 0)
        s->oldest_ms = mt_now_ms();
    s->held[s->held_len++] = mt_batch_ref(batch);
    s->held_rows += batch->rows;
    s->held_bytes += batch->size_bytes;
    return 0;
}

int hbase_sink_write(void *sink_, mt_batch *batch, mt_error **err)
{
    sink *s = sink_;
    int rc = mt_batch_complete(batch, err);

    if (rc < 0)
        return rc;
    if (hold(s, batch) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return is_due(s) ? flush(s, err) : 0;
}

int hbase_sink_poll(void *sink_, int64_t *wake_ms, mt_error **err)
{
    sink *s = sink_;

    if (s->held_len == 0)
        return 0;
    if (is_due(s))
        return flush(s, err);
    if (s->options->flush_ms > 0 &&
        s->oldest_ms + s->options->flush_ms < *wake_ms)
        *wake_ms = s->oldest_ms + s->options->flush_ms;
    return 0;
}

int hbase_sink_barrier(void *sink_, int64_t id, mt_buf *snapshot,
                       mt_error **err)
{
    (void)id;
    (void)snapshot;
    return flush(sink_, err);
}

int hbase_sink_end(void *sink_, mt_error **err)
{
    return flush(sink_, err);
}
