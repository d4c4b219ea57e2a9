/* rows.c - rows as the lines of a file.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

int fs_rows_init(fs_rows *r, const fs_options *o, const fs_layout *layout,
                 const mt_table *table, mt_error **err)
{
    mt_fields fields = fs_layout_fields(layout);

    memset(r, 0, sizeof(*r));
    r->type = table->type;
    r->ends_lines = fs_options_ends_lines(o);
    if (!o->format.name)
        return 0;
    r->encoder = mt_encoder_open(&o->format, &fields, err);
    return r->encoder ? 0 : MT_EOPTION;
}

static void free_arrays(fs_rows *r)
{
    mt_free(r->ends, (size_t)r->max * sizeof(*r->ends));
    mt_free(r->nulls, (size_t)r->max);
    r->ends = NULL;
    r->nulls = NULL;
    r->max = 0;
}

void fs_rows_fini(fs_rows *r)
{
    mt_encoder_close(r->encoder);
    mt_buf_fini(&r->encoded);
    mt_buf_fini(&r->lines);
    free_arrays(r);
}

static int make_room(fs_rows *r, int32_t rows, mt_error **err)
{
    if (rows <= r->max)
        return 0;
    free_arrays(r);
    r->ends = mt_alloc((size_t)rows * sizeof(*r->ends));
    r->nulls = mt_alloc((size_t)rows);
    r->max = rows;
    return r->ends && r->nulls ? 0 : mt_fail(err, MT_ENOMEM, "out of memory");
}

/* ---- as text ----------------------------------------------------------- */

/* A row shows its kind, a tuple stands in parentheses, all else is its value
 * alone. */
static int put_text(fs_rows *r, const mt_batch *batch, int32_t row)
{
    static const char *const kinds[] = {"+I[", "-U[", "+U[", "-D["};
    bool whole = r->type->kind != MT_ROW, tuple = r->type->tuple;
    const char *open = whole   ? ""
                       : tuple ? "("
                               : kinds[mt_batch_kind(batch, row)];
    const char *separator = tuple ? "," : ", ";
    int32_t i;
    int rc = mt_buf_append(&r->lines, open, strlen(open));

    for (i = 0; rc == 0 && i < batch->columns_len; i++) {
        if (i > 0)
            rc = mt_buf_append(&r->lines, separator, strlen(separator));
        if (rc == 0)
            rc = mt_text_value(mt_type_column(r->type, i), &batch->columns[i],
                               row, &r->lines);
    }
    if (rc == 0 && !whole)
        rc = mt_buf_byte(&r->lines, tuple ? ')' : ']');
    return rc == 0 ? mt_buf_byte(&r->lines, '\n') : rc;
}

static int encode_text(fs_rows *r, mt_batch *batch, int32_t from, int32_t to,
                       mt_error **err)
{
    int32_t row;
    int rc = mt_batch_complete(batch, err);

    if (rc < 0)
        return rc;
    for (row = from; row < to; row++) {
        if (put_text(r, batch, row) < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory");
        r->ends[row - from] = r->lines.len;
    }
    return 0;
}

/* ---- by a format --------------------------------------------------------- */

/* Copies the rows, each with a line feed behind it. */
static int put_line_ends(fs_rows *r, int32_t rows, mt_error **err)
{
    const uint8_t *from = r->encoded.data;
    size_t start = 0, len;
    uint8_t *to;
    int32_t i;

    if (mt_buf_reserve(&r->lines, r->encoded.len + (size_t)rows) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    to = r->lines.data;
    for (i = 0; i < rows; i++) {
        len = r->ends[i] - start;
        if (len)
            memcpy(to, from + start, len);
        start = r->ends[i];
        to += len;
        *to++ = '\n';
        r->ends[i] = (size_t)(to - r->lines.data);
    }
    r->lines.len = (size_t)(to - r->lines.data);
    return 0;
}

int fs_rows_encode(fs_rows *r, mt_batch *batch, int32_t from, int32_t to,
                   mt_error **err)
{
    mt_buf *out = r->ends_lines ? &r->lines : &r->encoded;
    int32_t done;
    int rc = make_room(r, to - from, err);

    r->lines.len = r->encoded.len = 0;
    if (rc < 0)
        return rc;
    if (!r->encoder)
        return encode_text(r, batch, from, to, err);
    rc = mt_encoder_encode(r->encoder, batch, from, to, out, r->ends, r->nulls,
                           &done, err);
    if (rc < 0 || r->ends_lines)
        return rc;
    return put_line_ends(r, to - from, err);
}
