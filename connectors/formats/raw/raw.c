/* raw.c - the raw format: a message is one value, as it is.
 *
 * The one column may be a text, in a charset; bytes; BOOLEAN as one byte; a
 * number of as many bytes as its type has, in an order; or RAW. A null message
 * is NULL, and NULL is a null message. Nothing else is added or taken off.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "charset.h"

typedef struct raw_options {
    const char *charset;
    int32_t endianness; /* 0: big, 1: little */
} raw_options;

/* What a decoder and an encoder are: the same. */
typedef struct raw_codec {
    mt_type *type; /* of the column */
    char *name;
    int32_t column;
    raw_charset charset;
    bool swap;   /* numbers are in the other order than this machine's */
    mt_buf text; /* of another charset, as UTF-8 */
} raw_codec;

static const mt_option options[] = {
    {"charset", MT_OPT_STRING, 0, offsetof(raw_options, charset), "UTF-8", NULL,
     NULL, 0, 0,
     "How texts are encoded: UTF-8, US-ASCII, ISO-8859-1, UTF-16, UTF-16BE or "
     "UTF-16LE."},
    {"endianness", MT_OPT_ENUM, 0, offsetof(raw_options, endianness),
     "big-endian", "big-endian|little-endian", NULL, 0, 0,
     "The order of a number's bytes."},
    {0},
};

/* ---- before a job starts ------------------------------------------------- */

static int check_charset(const raw_options *o, raw_charset *out, mt_error **err)
{
    int rc;

    if (raw_charset_find(o->charset, out))
        return 0;
    rc = mt_fail(err, MT_EUNSUPPORTED,
                 "not supported yet: charset '%s' of format 'raw'; it knows "
                 "UTF-8, US-ASCII, ISO-8859-1, UTF-16, UTF-16BE and UTF-16LE",
                 o->charset);
    if (err)
        mt_error_set_option(*err, "charset");
    return rc;
}

static bool is_text(const mt_type *type)
{
    return type->kind == MT_CHAR || type->kind == MT_VARCHAR;
}

static bool is_supported(const mt_type *type)
{
    switch (type->kind) {
    case MT_BOOLEAN:
    case MT_TINYINT:
    case MT_SMALLINT:
    case MT_INT:
    case MT_BIGINT:
    case MT_FLOAT:
    case MT_DOUBLE:
        return true;
    default:
        return type->form == MT_FORM_VAR;
    }
}

static int check(const void *opts, const mt_fields *fields, bool encode,
                 mt_error **err)
{
    const mt_type *type = fields->type;
    raw_charset charset;

    (void)encode;
    if (type->kind != MT_ROW || type->fields_len != 1)
        return mt_fail(err, MT_ETYPE,
                       "format 'raw' needs exactly one column, the table has "
                       "%d",
                       type->kind == MT_ROW ? (int)type->fields_len : 1);
    if (!is_supported(type->fields[0].type))
        return mt_fail(err, MT_ETYPE,
                       "format 'raw' cannot hold column '%s': it takes texts, "
                       "bytes, BOOLEAN, TINYINT to BIGINT, FLOAT and DOUBLE",
                       type->fields[0].name);
    return check_charset(opts, &charset, err);
}

/* ---- life ----------------------------------------------------------- */

static void close_codec(void *codec)
{
    raw_codec *c = codec;

    if (!c)
        return;
    mt_type_unref(c->type);
    mt_strfree(c->name);
    mt_buf_fini(&c->text);
    mt_free(c, sizeof(*c));
}

static int open_codec(const void *opts, const mt_fields *fields, void **codec,
                      mt_error **err)
{
    const raw_options *o = opts;
    raw_codec *c = mt_calloc(sizeof(*c));
    int rc;

    *codec = NULL;
    if (!c)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    c->type = mt_type_ref(fields->type->fields[0].type);
    c->column = fields->columns[0];
    c->swap =
        (o->endianness == 0) == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    rc = check_charset(o, &c->charset, err);
    c->name = mt_strdup(fields->type->fields[0].name);
    if (rc == 0 && !c->name)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc < 0) {
        close_codec(c);
        return rc;
    }
    *codec = c;
    return 0;
}

/* ---- reading ----------------------------------------------------------- */

static int fail_length(const raw_codec *c, size_t len, size_t want,
                       mt_error **err)
{
    return mt_fail(err, MT_ERECORD,
                   "field '%s': a message of %zu bytes where %zu were expected",
                   c->name, len, want);
}

static int read_text(raw_codec *c, const mt_span *m, mt_column_builder *out,
                     mt_error **err)
{
    size_t bad = 0;
    int rc;

    c->text.len = 0;
    rc = raw_to_utf8(c->charset, m->data, m->len, &c->text, &bad);
    if (rc == MT_ERECORD)
        return mt_fail(err, rc,
                       "field '%s' at byte %zu: not a text in the charset of "
                       "'charset'; read it as BYTES to take it as it is",
                       c->name, bad);
    return rc < 0 ? rc : mt_put_bytes(out, c->text.data, c->text.len);
}

static int read_number(raw_codec *c, const mt_span *m, mt_column_builder *out,
                       mt_error **err)
{
    uint16_t v16;
    uint32_t v32;
    uint64_t v64;
    float f;
    double d;

    if (m->len != (size_t)c->type->width)
        return fail_length(c, m->len, (size_t)c->type->width, err);
    switch (c->type->width) {
    case 1:
        return mt_put_i8(out, (int8_t)m->data[0]);
    case 2:
        memcpy(&v16, m->data, 2);
        return mt_put_i16(out,
                          (int16_t)(c->swap ? __builtin_bswap16(v16) : v16));
    case 4:
        memcpy(&v32, m->data, 4);
        v32 = c->swap ? __builtin_bswap32(v32) : v32;
        memcpy(&f, &v32, 4);
        return c->type->kind == MT_FLOAT ? mt_put_f32(out, f)
                                         : mt_put_i32(out, (int32_t)v32);
    default:
        memcpy(&v64, m->data, 8);
        v64 = c->swap ? __builtin_bswap64(v64) : v64;
        memcpy(&d, &v64, 8);
        return c->type->kind == MT_DOUBLE ? mt_put_f64(out, d)
                                          : mt_put_i64(out, (int64_t)v64);
    }
}

static int read_message(raw_codec *c, const mt_span *m, mt_column_builder *out,
                        mt_error **err)
{
    if (!m->data && !c->type->nullable)
        return mt_fail(err, MT_ERECORD,
                       "field '%s': a null message for a field that is NOT "
                       "NULL",
                       c->name);
    if (!m->data)
        return mt_put_null(out);
    if (is_text(c->type))
        return read_text(c, m, out, err);
    if (c->type->form == MT_FORM_VAR)
        return mt_put_bytes(out, m->data, m->len);
    if (c->type->kind == MT_BOOLEAN && m->len != 1)
        return fail_length(c, m->len, 1, err);
    if (c->type->kind == MT_BOOLEAN)
        return mt_put_bool(out, m->data[0] != 0);
    return read_number(c, m, out, err);
}

static int decode(void *codec, const mt_span *messages, int32_t len,
                  mt_builder *out, int32_t *rows, int32_t *done, mt_error **err)
{
    raw_codec *c = codec;
    mt_column_builder *column = &out->columns[c->column];

    for (*done = 0; *done < len; ++*done) {
        int rc = read_message(c, &messages[*done], column, err);

        if (rc == MT_ENOMEM)
            return mt_fail(err, rc, "out of memory");
        if (rc < 0)
            return rc;
        rows[*done] = 1;
    }
    return 0;
}

/* ---- writing ----------------------------------------------------------- */

static int write_bytes(raw_codec *c, const mt_column *column, int32_t row,
                       mt_buf *out, mt_error **err)
{
    const uint8_t *bytes =
        (const uint8_t *)column->values + column->offsets[row];
    size_t len = (size_t)(column->offsets[row + 1] - column->offsets[row]);
    size_t bad = 0;
    int rc;

    if (!is_text(c->type))
        return mt_buf_append(out, bytes, len);
    rc = raw_from_utf8(c->charset, bytes, len, out, &bad);
    if (rc == MT_ERECORD)
        return mt_fail(err, rc,
                       "field '%s': a letter at byte %zu that the charset of "
                       "'charset' does not have",
                       c->name, bad);
    return rc;
}

static int write_value(raw_codec *c, const mt_column *column, int32_t row,
                       mt_buf *out, mt_error **err)
{
    size_t width = (size_t)c->type->width;
    const uint8_t *value;
    uint8_t *to;
    size_t i;

    if (c->type->form == MT_FORM_VAR)
        return write_bytes(c, column, row, out, err);
    if (c->type->kind == MT_BOOLEAN)
        return mt_buf_byte(out, mt_bit(column->values, row));
    if (mt_buf_reserve(out, width) < 0)
        return MT_ENOMEM;
    value = (const uint8_t *)column->values + (size_t)row * width;
    to = out->data + out->len;
    for (i = 0; i < width; i++)
        to[i] = value[c->swap ? width - 1 - i : i];
    out->len += width;
    return 0;
}

static int encode(void *codec, mt_batch *batch, int32_t from, int32_t to,
                  mt_buf *out, size_t *ends, uint8_t *nulls, int32_t *done,
                  mt_error **err)
{
    raw_codec *c = codec;
    const mt_column *column = mt_batch_column(batch, c->column, err);
    int32_t row;

    *done = 0;
    if (!column)
        return err && *err ? mt_error_code(*err) : MT_ENOMEM;
    for (row = from; row < to; row++) {
        size_t start = out->len;
        bool null = mt_column_is_null(column, row);
        int rc = null ? 0 : write_value(c, column, row, out, err);

        if (rc < 0) {
            out->len = start;
            return rc == MT_ENOMEM ? mt_fail(err, rc, "out of memory") : rc;
        }
        ends[*done] = out->len;
        nulls[*done] = null;
        ++*done;
    }
    return 0;
}

static const mt_format format = {
    .plugin = {MT_ABI, sizeof(mt_format), MT_PLUGIN_FORMAT, "raw",
               "a message as one value, as it is", options,
               sizeof(raw_options)},
    .kinds = 1u << MT_INSERT,
    .check = check,
    .decoder_open = open_codec,
    .decode = decode,
    .decoder_close = close_codec,
    .encoder_open = open_codec,
    .encode = encode,
    .encoder_close = close_codec,
};

const mt_plugin *mt_plugin_get(void)
{
    return &format.plugin;
}
