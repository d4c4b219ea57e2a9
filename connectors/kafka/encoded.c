/* encoded.c - a batch's rows through a format, into one buffer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "encoded.h"

int kafka_encoded_open(kafka_encoded *e, const mt_format_ref *format,
                       const kafka_part *part, mt_error **err)
{
    mt_fields fields = kafka_part_fields(part);

    e->encoder = mt_encoder_open(format, &fields, err);
    return e->encoder ? 0 : MT_EOPTION;
}

static void free_rows(kafka_encoded *e)
{
    size_t n = (size_t)e->rows_max;

    mt_free(e->ends, n * sizeof(*e->ends));
    mt_free(e->nulls, n);
    mt_free(e->spans, n * sizeof(*e->spans));
    e->rows_max = 0;
}

void kafka_encoded_close(kafka_encoded *e)
{
    mt_encoder_close(e->encoder);
    mt_buf_fini(&e->bytes);
    free_rows(e);
    memset(e, 0, sizeof(*e));
}

static int make_room(kafka_encoded *e, int32_t rows, mt_error **err)
{
    size_t n = (size_t)rows;

    if (rows <= e->rows_max)
        return 0;
    free_rows(e);
    e->rows_max = rows;
    e->ends = mt_alloc(n * sizeof(*e->ends));
    e->nulls = mt_alloc(n);
    e->spans = mt_alloc(n * sizeof(*e->spans));
    if (e->ends && e->nulls && e->spans)
        return 0;
    return mt_fail(err, MT_ENOMEM, "out of memory");
}

int kafka_encoded_write(kafka_encoded *e, mt_batch *batch, mt_error **err)
{
    size_t from = 0;
    int32_t i, done = 0;
    int rc;

    if ((rc = make_room(e, batch->rows, err)) < 0)
        return rc;
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

/* ---- changelogs ---------------------------------------------------------- */

/* Moves the spans of the rows that have values to where these rows are. */
static void spread(kafka_encoded *e, const mt_batch *batch, int32_t live)
{
    int32_t i;

    for (i = batch->rows; i-- > 0;)
        e->spans[i] = batch->kinds[i] == MT_DELETE ? (mt_span){NULL, 0}
                                                   : e->spans[--live];
}

int kafka_encoded_write_changes(kafka_encoded *e, mt_batch *batch,
                                mt_error **err)
{
    size_t size = (size_t)batch->rows * sizeof(int32_t);
    int32_t *rows, i, live = 0;
    mt_batch *taken;
    int rc;

    if (!batch->kinds)
        return kafka_encoded_write(e, batch, err);
    if ((rc = make_room(e, batch->rows, err)) < 0)
        return rc;
    if (!(rows = mt_alloc(size)))
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (i = 0; i < batch->rows; i++) {
        if (batch->kinds[i] != MT_DELETE)
            rows[live++] = i;
    }
    taken = mt_batch_take(batch, rows, live, err);
    mt_free(rows, size);
    rc = taken ? kafka_encoded_write(e, taken, err) : MT_ENOMEM;
    mt_batch_unref(taken);
    if (rc == 0)
        spread(e, batch, live);
    return rc;
}
