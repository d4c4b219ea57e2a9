/* source.c - scanning.
 *
 * The scan goes from region to region by a position, the first row that was
 * not read yet: so a region that was split, moved or merged meanwhile is found
 * again by that row, whatever it is called now, and a scanner that was lost is
 * opened anew there. Rows are handed out once.
 *
 * One subtask reads all; the others are done at once. (Each would have to know
 * the same regions, which may change between two looks at them.)
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include "cluster.h"
#include "row.h"
#include "scan.h"

#define ROWS_MAX 10000
#define BYTES_MAX (2 << 20)

typedef struct source {
    const hbase_options *options;
    hbase_schema schema;
    hbase_cluster cluster;
    mt_bad_records *bad;
    hbase_scanner scanner;
    hbase_channel *channel;
    mt_buf region;   /* name of the one that is read */
    mt_buf end;      /* its end */
    mt_buf position; /* the first row that was not read */
    hbase_row row;
    uint32_t cells; /* of the result that is being read */
    bool partial;   /* more of its row comes in the next answer */
    bool answered;  /* there may be more results in the answer */
    bool done;
    int64_t retries; /* since the last answer */
    int64_t resume_ms;
} source;

/* ---- open, close --------------------------------------------------------- */

static int init_source(source *s, mt_context *ctx, const mt_table *table,
                       mt_error **err)
{
    int rc = hbase_schema_init(&s->schema, table, err);

    if (rc < 0)
        return rc;
    if (hbase_row_init(&s->row, &s->schema, s->options->null_text) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    s->bad = mt_bad_records_open(ctx, s->options->bad_records, err);
    if (!s->bad)
        return MT_EIO;
    hbase_cluster_init(&s->cluster, ctx, s->options);
    s->done = mt_context_subtask(ctx) > 0;
    /* What is wrong shows at once. */
    return s->done ? 0 : hbase_cluster_locate(&s->cluster, err);
}

int hbase_source_open(mt_context *ctx, const void *options,
                      const mt_table *table, void **out, mt_error **err)
{
    source *s = mt_calloc(sizeof(*s));
    int rc;

    if (!s)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    s->options = options;
    rc = init_source(s, ctx, table, err);
    if (rc < 0) {
        hbase_source_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void hbase_source_close(void *source_or_null)
{
    source *s = source_or_null;

    if (!s)
        return;
    hbase_scanner_close(&s->scanner, s->channel);
    hbase_cluster_fini(&s->cluster);
    if (s->row.slots)
        hbase_row_fini(&s->row);
    hbase_schema_fini(&s->schema);
    mt_bad_records_close(s->bad);
    mt_buf_fini(&s->region);
    mt_buf_fini(&s->end);
    mt_buf_fini(&s->position);
    mt_free(s, sizeof(*s));
}

/* ---- scanning ----------------------------------------------------------- */

static int set_bytes(mt_buf *to, mt_span from, mt_error **err)
{
    to->len = 0;
    if (mt_buf_append(to, from.data, from.len) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return 0;
}

static mt_span span_of(const mt_buf *b)
{
    return (mt_span){b->data, b->len};
}

/* Makes the scanner ready for the region that the position is in. */
static int enter_region(source *s, mt_error **err)
{
    const hbase_region *r;
    int rc = hbase_cluster_locate(&s->cluster, err);

    if (rc < 0)
        return rc;
    r = hbase_cluster_region(&s->cluster, span_of(&s->position));
    if ((rc = set_bytes(&s->region, r->name, err)) < 0 ||
        (rc = set_bytes(&s->end, r->end, err)) < 0)
        return rc;
    s->channel = hbase_cluster_channel(&s->cluster, r->server, err);
    if (!s->channel)
        return *err ? mt_error_code(*err) : MT_ERETRY;
    s->scanner = (hbase_scanner){
        .region = span_of(&s->region),
        .qualifiers = s->schema.qualifiers,
        .qualifiers_len = s->schema.qualifiers_len,
        .start = span_of(&s->position),
        .rows_max = hbase_property_int(
            s->options, "hbase.client.scanner.caching", ROWS_MAX),
        .bytes_max = hbase_property_int(
            s->options, "hbase.client.scanner.max.result.size", BYTES_MAX),
        .partials = true,
    };
    return 0;
}

static int fetch(source *s, mt_error **err)
{
    int rc = s->channel ? 0 : enter_region(s, err);

    if (rc == 0)
        rc = hbase_scanner_next(&s->scanner, s->channel, err);
    if (rc < 0)
        return rc;
    s->answered = true;
    s->retries = 0;
    return 0;
}

/* Leaves the region without its scanner: what was read of a row is read again,
 * with the rows that were not handed out. */
static void leave_region(source *s)
{
    hbase_scanner_close(&s->scanner, NULL);
    hbase_row_clear(&s->row);
    s->channel = NULL;
    s->answered = false;
    s->cells = 0;
    s->partial = false;
}

/* The server went away or the region did: when to go on behind the last row. */
static int recover(source *s, int rc, int64_t *wake_ms, mt_error **err)
{
    int64_t max = hbase_cluster_retries(&s->cluster);

    leave_region(s);
    if (rc != MT_ERETRY)
        return rc;
    if (s->retries >= max)
        return mt_fail_context(err,
                               "the scan gave up after %lld attempts "
                               "('properties.hbase.client.retries.number')",
                               (long long)max + 1);
    s->retries++;
    s->resume_ms =
        mt_now_ms() + hbase_cluster_backoff(&s->cluster, s->retries, max, err);
    *wake_ms = s->resume_ms;
    return MT_FLOW_WAIT;
}

/* ---- rows ----------------------------------------------------------- */

static int emit(source *s, mt_builder *out, mt_error **err)
{
    mt_span key = hbase_row_key(&s->row);
    int rc;

    if (!s->row.started)
        return 0;
    rc = hbase_row_put(&s->row, out, err);
    if (rc == 0)
        rc = mt_builder_commit(out, err);
    if (rc == MT_ERECORD) {
        mt_builder_rollback(out);
        rc = mt_bad_records_take(s->bad, key, hbase_options_table(s->options),
                                 err);
    }
    /* The row behind it in the order of bytes. */
    if (rc == 0)
        rc = set_bytes(&s->position, key, err);
    if (rc == 0 && mt_buf_byte(&s->position, 0) < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    hbase_row_clear(&s->row);
    return rc;
}

static int read_result(source *s, mt_builder *out, mt_error **err)
{
    hbase_cell cell;
    int rc = 0;

    for (; rc == 0 && s->cells > 0; s->cells--) {
        if (!hbase_cell_next(&s->scanner.cells, &cell))
            return mt_fail(err, MT_EIO, "cells of an answer are cut off");
        if (s->row.started &&
            !hbase_span_equal(cell.row, hbase_row_key(&s->row)))
            rc = emit(s, out, err);
        if (rc == 0 && hbase_row_add(&s->row, &cell) < 0)
            rc = mt_fail(err, MT_ENOMEM, "out of memory");
    }
    return rc == 0 && !s->partial ? emit(s, out, err) : rc;
}

/* Rows of the answer, until it has no more or the batch is full. */
static int read_answer(source *s, mt_builder *out, mt_error **err)
{
    int rc = 0;

    while (rc == 0 && s->answered && !mt_builder_full(out)) {
        if (hbase_scanner_result(&s->scanner, &s->cells, &s->partial))
            rc = read_result(s, out, err);
        else
            s->answered = false;
    }
    return rc;
}

/* The region is read: on to the one behind it. */
static int end_region(source *s, mt_builder *out, mt_error **err)
{
    int rc = emit(s, out, err);

    hbase_scanner_close(&s->scanner, s->channel);
    leave_region(s);
    if (rc < 0)
        return rc;
    if (s->end.len == 0) {
        s->done = true;
        return MT_FLOW_DONE;
    }
    rc = set_bytes(&s->position, span_of(&s->end), err);
    return rc < 0 ? rc : MT_FLOW_MORE;
}

int hbase_source_poll(void *source_, mt_builder *out, int64_t *wake_ms,
                      mt_error **err)
{
    source *s = source_;
    int rc = 0;

    if (s->done)
        return MT_FLOW_DONE;
    if (mt_now_ms() < s->resume_ms) {
        *wake_ms = s->resume_ms;
        return MT_FLOW_WAIT;
    }
    if (!s->answered && (rc = fetch(s, err)) < 0)
        return recover(s, rc, wake_ms, err);
    rc = read_answer(s, out, err);
    if (rc < 0)
        return rc;
    return !s->answered && s->scanner.done ? end_region(s, out, err)
                                           : MT_FLOW_MORE;
}

int hbase_source_barrier(void *source_, int64_t id, mt_buf *snapshot,
                         mt_error **err)
{
    source *s = source_;

    (void)id;
    (void)snapshot;
    return mt_bad_records_flush(s->bad, err);
}
