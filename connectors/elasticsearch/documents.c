/* documents.c - a batch's rows through the format, into one buffer.
 *
 * A record that is a MAP is itself the document. A format writes the fields of
 * a ROW, so it is given a ROW of one field, and what it writes around the MAP,
 * {"f0":...}, is left out.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "documents.h"

#include "fields.h"

static int make_fields(es_documents *d, const mt_table *table, mt_error **err)
{
    int32_t i, len = table->physical_len;
    mt_field *all;

    d->columns_len = len;
    d->columns = mt_alloc(sizeof(int32_t) * (size_t)len);
    all = mt_alloc(sizeof(*all) * (size_t)len);
    for (i = 0; d->columns && all && i < len; i++) {
        d->columns[i] = i;
        all[i].name = mt_type_column_name(table->type, i);
        all[i].type = mt_type_column(table->type, i);
    }
    if (d->columns && all)
        d->type = mt_type_new_nested(MT_ROW, false, all, len, err);
    else
        mt_fail(err, MT_ENOMEM, "out of memory");
    mt_free(all, sizeof(*all) * (size_t)len);
    if (es_is_map(table->type)) {
        d->skip = sizeof("{\"f0\":") - 1;
        d->skip_end = sizeof("}") - 1;
    }
    return d->type ? 0 : MT_ENOMEM;
}

static int check_record(const es_options *o, const mt_table *table,
                        mt_error **err)
{
    mt_buf text = {0};

    if (table->type->kind == MT_ROW)
        return 0;
    if (es_is_map(table->type) && strcmp(o->format.name, "json") == 0)
        return 0;
    if (mt_type_text(table->type, &text) < 0 || mt_buf_byte(&text, '\0') < 0)
        mt_fail(err, MT_ENOMEM, "out of memory");
    else
        mt_fail(err, MT_ETYPE,
                "a document is a ROW, or as json a MAP with STRING keys; the "
                "records are %s",
                (const char *)text.data);
    mt_buf_fini(&text);
    return err ? mt_error_code(*err) : MT_ETYPE;
}

int es_documents_check(const es_options *o, const mt_table *table,
                       mt_error **err)
{
    es_documents d = {0};
    int rc = check_record(o, table, err);

    if (rc == 0 && (rc = make_fields(&d, table, err)) == 0) {
        mt_fields fields = {d.type, d.columns};

        rc = mt_format_check(&o->format, &fields, true, err);
    }
    es_documents_close(&d);
    return rc;
}

int es_documents_open(es_documents *d, const es_options *o,
                      const mt_table *table, mt_error **err)
{
    mt_fields fields;
    int rc = make_fields(d, table, err);

    if (rc < 0)
        return rc;
    fields = (mt_fields){d->type, d->columns};
    d->encoder = mt_encoder_open(&o->format, &fields, err);
    return d->encoder ? 0 : err ? mt_error_code(*err) : MT_EOPTION;
}

static void free_rows(es_documents *d)
{
    size_t n = (size_t)d->rows_max;

    mt_free(d->ends, n * sizeof(*d->ends));
    mt_free(d->nulls, n);
    mt_free(d->spans, n * sizeof(*d->spans));
    mt_free(d->live, n * sizeof(*d->live));
    d->rows_max = 0;
}

void es_documents_close(es_documents *d)
{
    mt_encoder_close(d->encoder);
    mt_type_unref(d->type);
    mt_free(d->columns, sizeof(int32_t) * (size_t)d->columns_len);
    mt_buf_fini(&d->bytes);
    free_rows(d);
    memset(d, 0, sizeof(*d));
}

static int make_room(es_documents *d, int32_t rows, mt_error **err)
{
    size_t n = (size_t)rows;

    if (rows <= d->rows_max)
        return 0;
    free_rows(d);
    d->rows_max = rows;
    d->ends = mt_alloc(n * sizeof(*d->ends));
    d->nulls = mt_alloc(n);
    d->spans = mt_alloc(n * sizeof(*d->spans));
    d->live = mt_alloc(n * sizeof(*d->live));
    if (d->ends && d->nulls && d->spans && d->live)
        return 0;
    return mt_fail(err, MT_ENOMEM, "out of memory");
}

/* Raw line ends are but blanks to JSON, and the end of a document in a bulk. */
static void flatten(uint8_t *bytes, size_t len)
{
    uint8_t *end = bytes + len, *at = bytes;

    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))))
        *at++ = ' ';
}

/* Rows `live` of the batch, or all; live_len of them. */
static int encode(es_documents *d, mt_batch *batch, const int32_t *live,
                  mt_error **err)
{
    size_t from = 0;
    int32_t i, done = 0;
    int rc;

    d->bytes.len = 0;
    rc = mt_encoder_encode(d->encoder, batch, 0, batch->rows, &d->bytes,
                           d->ends, d->nulls, &done, err);
    if (rc < 0) {
        d->bad_row = live && done < batch->rows ? live[done] : done;
        return rc;
    }
    flatten(d->bytes.data, d->bytes.len);
    for (i = 0; i < batch->rows; i++) {
        mt_span *span = &d->spans[live ? live[i] : i];

        *span = (mt_span){NULL, 0};
        if (!d->nulls[i] && d->ends[i] - from >= d->skip + d->skip_end)
            *span = (mt_span){d->bytes.data + from + d->skip,
                              d->ends[i] - from - d->skip - d->skip_end};
        from = d->ends[i];
    }
    return 0;
}

int es_documents_write(es_documents *d, mt_batch *batch, mt_error **err)
{
    int32_t i, live = 0;
    mt_batch *taken;
    int rc;

    if ((rc = make_room(d, batch->rows, err)) < 0)
        return rc;
    if (!batch->kinds)
        return encode(d, batch, NULL, err);
    for (i = 0; i < batch->rows; i++) {
        d->spans[i] = (mt_span){NULL, 0};
        if (batch->kinds[i] == MT_INSERT || batch->kinds[i] == MT_UPDATE_AFTER)
            d->live[live++] = i;
    }
    taken = mt_batch_take(batch, d->live, live, err);
    if (!taken)
        return MT_ENOMEM;
    rc = encode(d, taken, d->live, err);
    mt_batch_unref(taken);
    return rc;
}
