/* encode.c - columns into lines.
 *
 * A text is quoted only if it must be, which one look at its bytes tells; all
 * else that is written never needs it, unless someone chose a delimiter that
 * numbers or times are made of. Without quotes the escape character has to do,
 * and without that a text with a delimiter cannot be written: an error beats a
 * line that reads as another.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "csv.h"

#include "../cell.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* What a byte of a text asks for. */
enum {
    NEEDS_QUOTES = 1, /* the cell must be quoted, or the byte escaped */
    NEEDS_DOUBLE = 2  /* within quotes, something must stand before it */
};

typedef struct csv_encoder {
    csv_format format;
    mt_type *type;
    int32_t *columns; /* in the batch, one a field */
    const mt_column **sources;
    uint8_t needs[256]; /* of each byte */
    bool numbers_plain; /* no number or time has a byte that needs anything */
    mt_buf cell;        /* a value before it is quoted */
    const char *why;
} csv_encoder;

static const cell_style sql_style = {' '};

/* ---- life ----------------------------------------------------------- */

void csv_encoder_close(void *encoder)
{
    csv_encoder *e = encoder;
    size_t n;

    if (!e)
        return;
    n = (size_t)e->type->fields_len;
    mt_free(e->columns, n * sizeof(*e->columns));
    mt_free(e->sources, n * sizeof(*e->sources));
    mt_buf_fini(&e->cell);
    mt_type_unref(e->type);
    mt_free(e, sizeof(*e));
}

/* Delimiters such as '-' or 'T' make numbers and times like texts. */
static bool numbers_need_nothing(const csv_encoder *e)
{
    static const char letters[] = "0123456789+-.: "
                                  "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *p;

    if (e->format.dialect.delimiter_len > 1)
        return false;
    for (p = letters; *p && !e->needs[(uint8_t)*p]; p++)
        ;
    return !*p;
}

static void mark_bytes(csv_encoder *e)
{
    const csv_dialect *d = &e->format.dialect;

    e->needs['\n'] = NEEDS_QUOTES;
    e->needs['\r'] = NEEDS_QUOTES;
    if (d->delimiter_len == 1)
        e->needs[d->delimiter[0]] = NEEDS_QUOTES;
    if (d->quote >= 0)
        e->needs[d->quote] = NEEDS_QUOTES | NEEDS_DOUBLE;
    if (d->escape >= 0)
        e->needs[d->escape] = NEEDS_QUOTES | NEEDS_DOUBLE;
    e->numbers_plain = numbers_need_nothing(e);
}

int csv_encoder_open(const void *options, const mt_fields *fields,
                     void **encoder, mt_error **err)
{
    size_t n = (size_t)fields->type->fields_len;
    csv_encoder *e = mt_calloc(sizeof(*e));
    int rc;

    *encoder = NULL;
    if (!e)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    e->type = mt_type_ref(fields->type);
    e->columns = mt_alloc(n * sizeof(*e->columns));
    e->sources = mt_alloc(n * sizeof(*e->sources));
    rc = csv_format_init(&e->format, options, err);
    if (rc == 0 && (!e->columns || !e->sources))
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc < 0) {
        csv_encoder_close(e);
        return rc;
    }
    mark_bytes(e);
    memcpy(e->columns, fields->columns, n * sizeof(*e->columns));
    *encoder = e;
    return 0;
}

/* ---- values ----------------------------------------------------------- */

static int append_null(const csv_encoder *e, mt_buf *out)
{
    return mt_buf_append(out, e->format.null_literal,
                         e->format.null_literal_len);
}

/* Appends a value as it is, before quotes. */
static int append_scalar(csv_encoder *e, const mt_column *c,
                         const mt_type *type, int32_t row, mt_buf *out)
{
    const uint8_t *bytes;
    size_t len;
    char *p;

    if (type->kind == MT_NULL || mt_column_is_null(c, row))
        return append_null(e, out);
    if (type->form == MT_FORM_VAR) {
        bytes = (const uint8_t *)c->values + c->offsets[row];
        len = (size_t)(c->offsets[row + 1] - c->offsets[row]);
        if (type->kind == MT_CHAR || type->kind == MT_VARCHAR)
            return mt_buf_append(out, bytes, len);
        if (mt_buf_reserve(out, cell_base64_len(len)) < 0)
            return MT_ENOMEM;
        cell_base64_encode(bytes, len, (char *)out->data + out->len);
        out->len += cell_base64_len(len);
        return 0;
    }
    if (mt_buf_reserve(out, CELL_TEXT_MAX) < 0)
        return MT_ENOMEM;
    p = (char *)out->data + out->len;
    if (type->kind == MT_DECIMAL)
        out->len += cell_text_decimal(p, ((const mt_int128 *)c->values)[row],
                                      type->scale, e->format.plain_decimals);
    else
        out->len += cell_text(p, type, c, row, &sql_style);
    return 0;
}

/* Appends elements or fields with the array delimiter between them. One that
 * holds the delimiter would read as two. */
static int append_part(csv_encoder *e, const mt_column *c, const mt_type *type,
                       int32_t row, bool first, mt_buf *out)
{
    const csv_format *f = &e->format;
    size_t start;
    int rc;

    if (!first &&
        mt_buf_append(out, f->array_delimiter, f->array_delimiter_len) < 0)
        return MT_ENOMEM;
    start = out->len;
    rc = append_scalar(e, c, type, row, out);
    if (rc == 0 && memmem(out->data + start, out->len - start,
                          f->array_delimiter, f->array_delimiter_len)) {
        e->why = "an element that holds the array delimiter; choose another "
                 "by 'array-element-delimiter'";
        return MT_ERECORD;
    }
    return rc;
}

static int append_nested(csv_encoder *e, const mt_column *c,
                         const mt_type *type, int32_t row, mt_buf *out)
{
    int32_t i;
    int rc = 0;

    if (type->kind == MT_ROW) {
        for (i = 0; rc == 0 && i < type->fields_len; i++)
            rc = append_part(e, &c->children[i], type->fields[i].type, row,
                             i == 0, out);
        return rc;
    }
    for (i = c->offsets[row]; rc == 0 && i < c->offsets[row + 1]; i++)
        rc = append_part(e, &c->children[0], type->fields[0].type, i,
                         i == c->offsets[row], out);
    return rc;
}

/* ---- cells ----------------------------------------------------------- */

/* A delimiter of several bytes, which `needs` does not know. */
static bool holds_long_delimiter(const csv_encoder *e, const uint8_t *p,
                                 size_t len)
{
    const csv_dialect *d = &e->format.dialect;

    return d->delimiter_len > 1 && len &&
           memmem(p, len, d->delimiter, d->delimiter_len);
}

#ifdef __SSE2__
/* How many bytes from the first on surely need nothing, by sixteens. */
static size_t plain_bytes(const csv_dialect *d, const uint8_t *p, size_t len)
{
    const __m128i lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r');
    const __m128i delimiter = _mm_set1_epi8((char)d->delimiter[0]);
    const __m128i quote = _mm_set1_epi8((char)(d->quote < 0 ? '\n' : d->quote));
    const __m128i escape =
        _mm_set1_epi8((char)(d->escape < 0 ? '\n' : d->escape));
    size_t i;

    for (i = 0; len - i >= 16; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(p + i));
        __m128i found =
            _mm_or_si128(_mm_cmpeq_epi8(bytes, lf), _mm_cmpeq_epi8(bytes, cr));

        found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, delimiter));
        found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, quote));
        found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, escape));
        if (_mm_movemask_epi8(found))
            break;
    }
    return i;
}
#endif

/* What the bytes of a text ask for, all together. */
static unsigned needs_of(const csv_encoder *e, const uint8_t *p, size_t len)
{
    unsigned needs = 0;
    size_t i = 0;

#ifdef __SSE2__
    i = plain_bytes(&e->format.dialect, p, len);
#endif
    for (; i < len; i++)
        needs |= e->needs[p[i]];
    if (len && (p[0] <= ' ' || p[len - 1] <= ' '))
        needs |= NEEDS_QUOTES;
    if (holds_long_delimiter(e, p, len))
        needs |= NEEDS_QUOTES;
    return needs;
}

/* Within quotes, a quote is doubled or, with an escape character, escaped. */
static int append_quoted(csv_encoder *e, const uint8_t *p, size_t len,
                         bool doubles, mt_buf *out)
{
    const csv_dialect *d = &e->format.dialect;
    uint8_t *to;
    size_t i;

    if (mt_buf_reserve(out, 2 * len + 2) < 0)
        return MT_ENOMEM;
    to = out->data + out->len;
    *to++ = (uint8_t)d->quote;
    if (!doubles) {
        memcpy(to, p, len);
        to += len;
    }
    for (i = 0; doubles && i < len; i++) {
        if (e->needs[p[i]] & NEEDS_DOUBLE)
            *to++ = (uint8_t)(d->escape >= 0 ? d->escape : d->quote);
        *to++ = p[i];
    }
    *to++ = (uint8_t)d->quote;
    out->len = (size_t)(to - out->data);
    return 0;
}

/* Whether what stands at `p` would be read as something else. */
static bool has_meaning(const csv_encoder *e, const uint8_t *p,
                        const uint8_t *end)
{
    return e->needs[*p] || csv_at_delimiter(&e->format.dialect, p, end);
}

/* Without quotes, what has a meaning is escaped. */
static int append_escaped(csv_encoder *e, const uint8_t *p, size_t len,
                          mt_buf *out)
{
    const csv_dialect *d = &e->format.dialect;
    size_t i;

    if (d->escape < 0) {
        e->why = "a text with a delimiter or a line break, and quotes are "
                 "disabled; set 'escape-character'";
        return MT_ERECORD;
    }
    if (mt_buf_reserve(out, 2 * len) < 0)
        return MT_ENOMEM;
    for (i = 0; i < len; i++) {
        uint8_t c = p[i];

        if (has_meaning(e, p + i, p + len)) {
            out->data[out->len++] = (uint8_t)d->escape;
            c = c == '\n' ? 'n' : c == '\r' ? 'r' : c;
        }
        out->data[out->len++] = c;
    }
    return 0;
}

/* Appends a cell whose value is `len` bytes at `p`, quoted if it must be. */
static int append_cell(csv_encoder *e, const uint8_t *p, size_t len, bool first,
                       mt_buf *out)
{
    const csv_dialect *d = &e->format.dialect;
    unsigned needs = needs_of(e, p, len);

    /* A line that would be taken for a comment. */
    if (first && d->comments && len && *p == '#')
        needs |= NEEDS_QUOTES;
    if (!needs)
        return mt_buf_append(out, p, len);
    if (d->quote >= 0)
        return append_quoted(e, p, len, needs & NEEDS_DOUBLE, out);
    for (; len && !has_meaning(e, p, p + len); p++, len--) {
        if (mt_buf_byte(out, *p) < 0)
            return MT_ENOMEM;
    }
    return len ? append_escaped(e, p, len, out) : 0;
}

static int write_field(csv_encoder *e, int32_t field, int32_t row, mt_buf *out)
{
    const mt_type *type = e->type->fields[field].type;
    const mt_column *c = e->sources[field];
    int rc;

    if ((type->kind == MT_CHAR || type->kind == MT_VARCHAR) &&
        !mt_column_is_null(c, row))
        return append_cell(e, (const uint8_t *)c->values + c->offsets[row],
                           (size_t)(c->offsets[row + 1] - c->offsets[row]),
                           field == 0, out);
    if (e->numbers_plain && !mt_column_is_null(c, row) &&
        (type->form == MT_FORM_FIXED || type->form == MT_FORM_BITS))
        return append_scalar(e, c, type, row, out);
    e->cell.len = 0;
    if (type->fields_len && !mt_column_is_null(c, row))
        rc = append_nested(e, c, type, row, &e->cell);
    else
        rc = append_scalar(e, c, type, row, &e->cell);
    return rc < 0 ? rc
                  : append_cell(e, e->cell.data, e->cell.len, field == 0, out);
}

/* Writes a line; on an error *field is where. */
static int write_line(csv_encoder *e, int32_t row, mt_buf *out, int32_t *field)
{
    const csv_dialect *d = &e->format.dialect;
    uint8_t quote = (uint8_t)d->quote;
    size_t start = out->len;

    for (*field = 0; *field < e->type->fields_len; ++*field) {
        int rc =
            *field ? mt_buf_append(out, d->delimiter, d->delimiter_len) : 0;

        if (rc == 0)
            rc = write_field(e, *field, row, out);
        if (rc < 0)
            return rc;
    }
    /* A message of no bytes would be no row. */
    if (out->len == start && d->quote >= 0 &&
        (mt_buf_byte(out, quote) < 0 || mt_buf_byte(out, quote) < 0))
        return MT_ENOMEM;
    return mt_buf_append(out, e->format.line_end, strlen(e->format.line_end));
}

int csv_encode(void *encoder, mt_batch *batch, int32_t from, int32_t to,
               mt_buf *out, size_t *ends, uint8_t *nulls, int32_t *done,
               mt_error **err)
{
    csv_encoder *e = encoder;
    int32_t i, field;

    *done = 0;
    for (i = 0; i < e->type->fields_len; i++) {
        e->sources[i] = mt_batch_column(batch, e->columns[i], err);
        if (!e->sources[i])
            return err && *err ? mt_error_code(*err) : MT_ENOMEM;
    }
    for (i = from; i < to; i++) {
        size_t start = out->len;
        int rc = write_line(e, i, out, &field);

        if (MT_UNLIKELY(rc < 0)) {
            out->len = start;
            if (rc == MT_ENOMEM)
                return mt_fail(err, rc, "out of memory");
            return mt_fail(err, rc, "field '%s': %s",
                           e->type->fields[field].name, e->why);
        }
        ends[*done] = out->len;
        nulls[*done] = 0;
        ++*done;
    }
    return 0;
}
