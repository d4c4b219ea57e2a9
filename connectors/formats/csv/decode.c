/* decode.c - cells into columns.
 *
 * A message is one record. Its cells are found first and then read by the type
 * of their column: numbers and times trimmed, texts as they stand. The elements
 * of an ARRAY and the fields of a ROW share a cell, between array delimiters.
 *
 * Every message is split, and so checked, whole; cells that nobody reads are
 * left (lazy.h).
 *
 * An empty cell is an empty text or list, and NULL for every other type. What
 * the null literal spells is NULL for all of them, within quotes too.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "csv.h"

#include "../lazy.h"

typedef struct csv_decoder {
    lazy_decoder base; /* first, so that one is the other */
    csv_format format;
    csv_cell *cells;    /* of the present message, one a field */
    mt_buf scratch;     /* a cell without its escapes */
    char *null_literal; /* or NULL */
    int64_t skipped;

    /* what is wrong with the present message */
    csv_problem problem;
    int32_t field; /* -1: with the whole */
    const mt_type *want;
} csv_decoder;

static const cell_style sql_style = {' '};

/* ---- life ----------------------------------------------------------- */

static int32_t reread(lazy_decoder *base, const lazy_rows *kept,
                      const lazy_span *spans, int32_t len, mt_error **err);

static void free_decoder(lazy_decoder *base)
{
    csv_decoder *d = (csv_decoder *)base;

    mt_free(d->cells, (size_t)base->fields_len * sizeof(*d->cells));
    mt_buf_fini(&d->scratch);
    mt_strfree(d->null_literal);
    lazy_fini(base);
    mt_free(d, sizeof(*d));
}

void csv_decoder_close(void *decoder)
{
    lazy_unref(decoder);
}

/* The options may be gone before the last batch is. */
static int keep_null_literal(csv_decoder *d)
{
    if (!d->format.null_literal)
        return 0;
    d->null_literal = mt_strdup(d->format.null_literal);
    d->format.null_literal = d->null_literal;
    return d->null_literal ? 0 : MT_ENOMEM;
}

int csv_decoder_open(const void *options, const mt_fields *fields,
                     void **decoder, mt_error **err)
{
    csv_decoder *d = mt_calloc(sizeof(*d));
    int rc;

    *decoder = NULL;
    if (!d)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    d->base.reread = reread;
    d->base.free = free_decoder;
    rc = lazy_init(&d->base, fields);
    d->cells = mt_alloc((size_t)d->base.fields_len * sizeof(*d->cells));
    if (rc < 0 || !d->cells)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc == 0)
        rc = csv_format_init(&d->format, options, err);
    if (rc == 0 && keep_null_literal(d) < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc < 0) {
        csv_decoder_close(d);
        return rc;
    }
    d->base.lenient = d->format.lenient;
    *decoder = d;
    return 0;
}

void csv_decoder_project(void *decoder, const uint8_t *needed)
{
    lazy_project(decoder, needed);
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
static int put_cells(csv_decoder *d, int32_t len)
{
    int32_t i;

    for (i = 0; i < d->base.type->fields_len; i++) {
        mt_column_builder *c = d->base.targets[i];
        int rc;

        if (!c)
            continue;
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
static int read_message(csv_decoder *d, const mt_span *m, int32_t *rows)
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
    next = csv_next_record(dialect, p, end, d->cells, d->base.type->fields_len,
                           &len, &d->problem);
    if (!next)
        return fail_message(d, d->problem.where, d->problem.why);
    if (next != end)
        return fail_message(d, next, "more than one line in a message");
    if (len < d->base.type->fields_len && !d->format.lenient) {
        d->want = NULL;
        return fail_message(d, end, "row length mismatch");
    }
    rc = put_cells(d, len);
    *rows = rc == 0;
    return rc;
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
                       d->problem.why, (int)d->base.type->fields_len);
    cell_snippet(text, d->problem.where, end);
    if (d->field < 0)
        return mt_fail(err, rc, "not a CSV record at byte %td: %s, got %s", at,
                       d->problem.why, text);
    if (mt_type_text(d->want, &type) < 0 || mt_buf_byte(&type, 0) < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    else
        rc = mt_fail(err, rc, "field '%s' at byte %td: %s, expected %s, got %s",
                     d->base.type->fields[d->field].name, at, d->problem.why,
                     (const char *)type.data, text);
    mt_buf_fini(&type);
    return rc;
}

/* Keeps the message for columns that are asked for later. */
static int keep_message(lazy_rows *kept, const mt_span *m, int32_t rows)
{
    size_t begin = kept->text.len;

    if (mt_buf_append(&kept->text, m->data, m->len) < 0)
        return MT_ENOMEM;
    return lazy_add(kept, begin, m->len, rows);
}

static int32_t reread(lazy_decoder *base, const lazy_rows *kept,
                      const lazy_span *spans, int32_t len, mt_error **err)
{
    csv_decoder *d = (csv_decoder *)base;
    int32_t i, rows;

    for (i = 0; i < len; i++) {
        mt_span m = {kept->text.data + spans[i].begin, spans[i].len};
        int rc = read_message(d, &m, &rows);

        if (rc < 0) {
            report(d, &m, rc, err);
            mt_error_set_record(err ? *err : NULL, m.data, m.len, NULL);
            return rc;
        }
    }
    return len;
}

/* Reads a message; a bad one leaves no rows. */
static int decode_one(csv_decoder *d, const mt_span *m, lazy_rows *kept,
                      int32_t *rows)
{
    int32_t before = lazy_target_rows(&d->base);
    int rc = 0;

    *rows = 0;
    if (m->len)
        rc = read_message(d, m, rows);
    if (rc == 0 && kept && *rows)
        rc = keep_message(kept, m, *rows);
    if (MT_UNLIKELY(rc < 0)) {
        lazy_cut_targets(&d->base, before);
        *rows = 0;
    }
    return rc;
}

int csv_decode(void *decoder, const mt_span *messages, int32_t len,
               mt_builder *out, int32_t *rows, int32_t *done, mt_error **err)
{
    csv_decoder *d = decoder;
    lazy_rows *kept;

    *done = 0;
    if (lazy_bind(&d->base, out, &kept) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (; *done < len; ++*done) {
        int rc;

        if (lazy_bound(&d->base, out, &kept) < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory");
        rc = decode_one(d, &messages[*done], kept, &rows[*done]);
        if (rc == MT_ENOMEM || (rc < 0 && !d->format.lenient))
            return report(d, &messages[*done], rc, err);
        d->skipped += rc < 0;
    }
    return 0;
}
