/* What both formats share beyond plans.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "codec.h"

int avro_table_schema(const mt_type *type, const char *text, bool legacy,
                      avro_document *doc, mt_buf *out, mt_error **err)
{
    mt_buf own = {0};
    mt_buf *to = out ? out : &own;
    size_t start = to->len;
    int rc;

    if (text)
        rc = mt_buf_append(to, text, strlen(text));
    else
        rc = avro_derive(type, legacy, to, err);
    if (rc == 0)
        rc = mt_buf_reserve(to, 1);
    if (rc == 0) {
        to->data[to->len] = 0;
        rc = avro_document_parse(doc, (const char *)to->data + start,
                                 to->len - start, err);
    }
    if (rc == MT_ENOMEM && err && !*err)
        mt_fail(err, rc, "out of memory");
    if (rc < 0 && text && err && *err)
        mt_error_set_option(*err, "schema");
    mt_buf_fini(&own);
    return rc;
}

int avro_table_check(const mt_type *type, const char *text, bool legacy,
                     bool encode, mt_error **err)
{
    avro_document doc = {{0}, NULL};
    avro_plan plan = {{0}, {0}};
    int rc;

    if (type->kind != MT_ROW)
        return mt_fail(err, MT_ETYPE, "Avro needs a table of columns");
    rc = avro_table_schema(type, text, legacy, &doc, NULL, err);
    if (rc == 0 && encode)
        rc = avro_plan_write(&plan, doc.root, type, err);
    else if (rc == 0)
        rc = avro_plan_read(&plan, doc.root, doc.root, type, err);
    avro_plan_fini(&plan);
    avro_document_fini(&doc);
    return rc;
}

/* ---- rows ----------------------------------------------------------- */

int avro_rows_init(avro_rows *w, const mt_fields *fields,
                   const avro_schema *schema, mt_error **err)
{
    int32_t n = fields->type->fields_len;

    w->type = mt_type_ref(fields->type);
    w->places = mt_alloc((size_t)n * sizeof(*w->places));
    w->sources = mt_calloc((size_t)n * sizeof(*w->sources));
    if (!w->places || !w->sources)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    memcpy(w->places, fields->columns, (size_t)n * sizeof(*w->places));
    return avro_plan_write(&w->plan, schema, w->type, err);
}

void avro_rows_fini(avro_rows *w)
{
    size_t n = w->type ? (size_t)w->type->fields_len : 0;

    mt_free(w->places, n * sizeof(*w->places));
    mt_free(w->sources, n * sizeof(*w->sources));
    avro_plan_fini(&w->plan);
    mt_type_unref(w->type);
}

static int find_sources(avro_rows *w, mt_batch *batch, mt_error **err)
{
    int32_t i;

    for (i = 0; i < w->type->fields_len; i++) {
        w->sources[i] = mt_batch_column(batch, w->places[i], err);
        if (!w->sources[i])
            return err && *err ? mt_error_code(*err) : MT_ENOMEM;
    }
    return 0;
}

int avro_rows_write(avro_rows *w, mt_span head, mt_batch *batch, int32_t from,
                    int32_t to, mt_buf *out, size_t *ends, uint8_t *nulls,
                    int32_t *done, mt_error **err)
{
    int rc = find_sources(w, batch, err);
    int32_t row;

    *done = 0;
    for (row = from; rc == 0 && row < to; row++) {
        size_t start = out->len;

        if (mt_buf_append(out, head.data, head.len) < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory");
        rc = avro_writer_row(&w->writer, &w->plan, w->sources, row, out, err);
        if (rc < 0) {
            out->len = start;
            return rc;
        }
        nulls[*done] = 0;
        ends[(*done)++] = out->len;
    }
    return rc;
}
