/* decode.c - cells into columns.
 *
 * A message is one record. Its cells are found first and then read by the type
 * of their column: numbers and times trimmed, texts as they stand. The elements
 * of an ARRAY and the fields of a ROW share a cell, between array delimiters.
 *
 * An empty cell is an empty text or list, and NULL for every other type. What
 * the null literal spells is NULL for all of them, within quotes too.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "csv.h"

#include "../cell.h"

typedef struct csv_decoder {
    csv_format format;
    mt_type *type;
    int32_t *columns; /* in the builder, one a field */
    csv_cell *cells;  /* of the present message, one a field */
    mt_buf scratch;   /* a cell without its escapes */
    int64_t skipped;

    /* what is wrong with the present message */
    csv_problem problem;
    int32_t field; /* -1: with the whole */
    const mt_type *want;
} csv_decoder;

static const cell_style sql_style = {' '};

/* ---- life ----------------------------------------------------------- */

void csv_decoder_close(void *decoder)
{
    csv_decoder *d = decoder;
    size_t n;

    if (!d)
        return;
    n = (size_t)d->type->fields_len;
    mt_free(d->columns, n * sizeof(*d->columns));
    mt_free(d->cells, n * sizeof(*d->cells));
    mt_buf_fini(&d->scratch);
    mt_type_unref(d->type);
    mt_free(d, sizeof(*d));
}

int csv_decoder_open(const void *options, const mt_fields *fields,
                     void **decoder, mt_error **err)
{
    size_t n = (size_t)fields->type->fields_len;
    csv_decoder *d = mt_calloc(sizeof(*d));
    int rc;

    *decoder = NULL;
    if (!d)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    d->type = mt_type_ref(fields->type);
    d->columns = mt_alloc(n * sizeof(*d->columns));
    d->cells = mt_alloc(n * sizeof(*d->cells));
    rc = csv_format_init(&d->format, options, err);
    if (rc == 0 && (!d->columns || !d->cells))
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc < 0) {
        csv_decoder_close(d);
        return rc;
    }
    memcpy(d->columns, fields->columns, n * sizeof(*d->columns));
    *decoder = d;
    return 0;
}

int64_t csv_decoder_skipped(void *decoder)
{
    csv_decoder *d = decoder;
    int64_t skipped = d->skipped;

    d->skipped = 0;
    return skipped;
}

/* ---- values ----------------------------------------------------------- */

static bool is_text(const mt_type *type)
{
    return type->form == MT_FORM_VAR;
}

static bool is_null_literal(const csv_format *f, const char *text, size_t len)
{
    return f->null_literal && len == f->null_literal_len &&
           memcmp(text, f->null_literal, len) == 0;
}

static int fail_value(csv_decoder *d, const mt_type *want, const char *why)
{
    d->problem.why = why;
    d->want = want;
    return MT_ERECORD;
}

static int put_null(csv_decoder *d, mt_column_builder *c, const mt_type *type)
{
    if (!type->nullable)
        return fail_value(d, type, "NULL for a field that is NOT NULL");
    return mt_put_null(c);
}

/* A value that stands by itself; a bad one becomes NULL if that is allowed. */
static int put_scalar(csv_decoder *d, mt_column_builder *c, const char *text,
                      size_t len)
{
    const mt_type *type = c->type;
    int rc;

    if (is_null_literal(&d->format, text, len) || (!len && !is_text(type)) ||
        type->kind == MT_NULL)
        return put_null(d, c, type);
    rc = cell_put(c, type, text, len, &sql_style);
    if (rc != MT_ERECORD)
        return rc;
    if (d->format.lenient && type->nullable)
        return mt_put_null(c);
    return fail_value(d, type, "wrong value");
}

/* Takes the text up to the next array delimiter off the front; false when the
 * last part has been taken. */
static bool next_part(const csv_format *f, const char **text, size_t *len,
                      const char **part, size_t *part_len)
{
    const char *end;

    if (!*text)
        return false;
    *part = *text;
    end = memmem(*text, *len, f->array_delimiter, f->array_delimiter_len);
    *part_len = end ? (size_t)(end - *text) : *len;
    *text = end ? end + f->array_delimiter_len : NULL;
    *len -= end ? *part_len + f->array_delimiter_len : *len;
    return true;
}

static int put_array(csv_decoder *d, mt_column_builder *c, const char *text,
                     size_t len)
{
    const char *part;
    size_t part_len;

    if (is_null_literal(&d->format, text, len))
        return put_null(d, c, c->type);
    if (!len)
        return mt_put_list(c);
    while (next_part(&d->format, &text, &len, &part, &part_len)) {
        int rc = put_scalar(d, &c->children[0], part, part_len);

        if (rc < 0)
            return rc;
    }
    return mt_put_list(c);
}

static int put_row(csv_decoder *d, mt_column_builder *c, const char *text,
                   size_t len)
{
    const char *part;
    size_t part_len;
    int32_t i;

    if (is_null_literal(&d->format, text, len) || !len)
        return put_null(d, c, c->type);
    for (i = 0; i < c->children_len; i++) {
        mt_column_builder *child = &c->children[i];
        int rc;

        if (next_part(&d->format, &text, &len, &part, &part_len))
            rc = put_scalar(d, child, part, part_len);
        else if (d->format.lenient)
            rc = put_null(d, child, child->type);
        else
            rc = fail_value(d, c->type, "too few fields in a row");
        if (rc < 0)
            return rc;
    }
    return mt_put_row(c);
}

static int put_cell(csv_decoder *d, mt_column_builder *c, const csv_cell *cell)
{
    const char *text = cell->text;
    size_t len = cell->len;
    int32_t rows = c->rows;
    int rc;

    if (cell->escaped) {
        if (csv_unescape(&d->format.dialect, cell, &d->scratch) < 0)
            return MT_ENOMEM;
        text = (const char *)d->scratch.data;
        len = d->scratch.len;
    }
    if (c->type->kind == MT_ARRAY)
        rc = put_array(d, c, text, len);
    else if (c->type->kind == MT_ROW)
        rc = put_row(d, c, text, len);
    else
        return put_scalar(d, c, text, len);
    if (rc == MT_ERECORD && d->format.lenient && c->type->nullable) {
        cell_cut_column(c, rows);
        return mt_put_null(c);
    }
    return rc;
}

/* ---- messages ----------------------------------------------------------- */

static int fail_message(csv_decoder *d, const uint8_t *where, const char *why)
{
    d->field = -1;
    d->problem.where = where;
    d->problem.why = why;
    return MT_ERECORD;
}

/* Puts a row from the first `len` cells. */
static int put_cells(csv_decoder *d, mt_builder *out, int32_t len)
{
    int32_t i;

    for (i = 0; i < d->type->fields_len; i++) {
        mt_column_builder *c = &out->columns[d->columns[i]];
        int rc;

        d->field = i;
        if (i < len) {
            d->problem.where = (const uint8_t *)d->cells[i].text;
            rc = put_cell(d, c, &d->cells[i]);
        } else {
            rc = put_null(d, c, c->type);
        }
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Reads one message that is not empty: 1 row, none, or an error. */
static int read_message(csv_decoder *d, const mt_span *m, mt_builder *out,
                        int32_t *rows)
{
    const csv_dialect *dialect = &d->format.dialect;
    const uint8_t *end = m->data + m->len;
    const uint8_t *next = cell_utf8_check(m->data, end);
    const uint8_t *p = m->data;
    int32_t len;
    int rc;

    if (next)
        return fail_message(d, next, "a byte that is not UTF-8");
    while (csv_skip_comment(dialect, p, end, &p)) {
        if (p == end)
            return 0;
    }
    next = csv_next_record(dialect, p, end, d->cells, d->type->fields_len, &len,
                           &d->problem);
    if (!next)
        return fail_message(d, d->problem.where, d->problem.why);
    if (next != end)
        return fail_message(d, next, "more than one line in a message");
    if (len < d->type->fields_len && !d->format.lenient) {
        d->want = NULL;
        return fail_message(d, end, "row length mismatch");
    }
    rc = put_cells(d, out, len);
    *rows = rc == 0;
    return rc;
}

static void cut_rows(csv_decoder *d, mt_builder *out, int32_t rows)
{
    int32_t i;

    for (i = 0; i < d->type->fields_len; i++)
        cell_cut_column(&out->columns[d->columns[i]], rows);
}

static int report(csv_decoder *d, const mt_span *m, int rc, mt_error **err)
{
    const uint8_t *end = m->data + m->len;
    ptrdiff_t at = d->problem.where - m->data;
    char text[CELL_SNIPPET_MAX];
    mt_buf type = {0};

    if (rc == MT_ENOMEM)
        return mt_fail(err, rc, "out of memory");
    if (d->field < 0 && d->problem.where == end)
        return mt_fail(err, rc, "not a CSV record: %s, %d fields expected",
                       d->problem.why, (int)d->type->fields_len);
    cell_snippet(text, d->problem.where, end);
    if (d->field < 0)
        return mt_fail(err, rc, "not a CSV record at byte %td: %s, got %s", at,
                       d->problem.why, text);
    if (mt_type_text(d->want, &type) < 0 || mt_buf_byte(&type, 0) < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    else
        rc = mt_fail(err, rc, "field '%s' at byte %td: %s, expected %s, got %s",
                     d->type->fields[d->field].name, at, d->problem.why,
                     (const char *)type.data, text);
    mt_buf_fini(&type);
    return rc;
}

int csv_decode(void *decoder, const mt_span *messages, int32_t len,
               mt_builder *out, int32_t *rows, int32_t *done, mt_error **err)
{
    csv_decoder *d = decoder;
    mt_column_builder *first =
        d->type->fields_len ? &out->columns[d->columns[0]] : NULL;

    for (*done = 0; *done < len; ++*done) {
        const mt_span *m = &messages[*done];
        int32_t before = first ? first->rows : 0;
        int rc = 0;

        rows[*done] = 0;
        if (m->len)
            rc = read_message(d, m, out, &rows[*done]);
        if (MT_UNLIKELY(rc < 0)) {
            cut_rows(d, out, before);
            if (rc == MT_ENOMEM || !d->format.lenient)
                return report(d, m, rc, err);
            d->skipped++;
        }
    }
    return 0;
}
