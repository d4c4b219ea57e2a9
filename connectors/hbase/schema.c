/* schema.c - columns to cells, values to bytes.
 *
 * Bytes of a value: numbers are big-endian with all their bytes, floating ones
 * their bits; BOOLEAN is -1 or 0; DECIMAL is an int32 scale and the unscaled
 * number in two's complement with as few bytes as it needs (Java's BigInteger);
 * DATE is int32 days, TIME int32 ms, TIMESTAMP int64 ms since 1970; texts are
 * UTF-8.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

#include "cells.h"

#define DECIMAL_DIGITS_MAX 38

/* ---- the table's type ---------------------------------------------------- */

static bool has_bytes(const mt_type *type)
{
    switch (type->kind) {
    case MT_BOOLEAN:
    case MT_TINYINT:
    case MT_SMALLINT:
    case MT_INT:
    case MT_BIGINT:
    case MT_FLOAT:
    case MT_DOUBLE:
    case MT_DECIMAL:
    case MT_CHAR:
    case MT_VARCHAR:
    case MT_BINARY:
    case MT_VARBINARY:
    case MT_DATE:
    case MT_INTERVAL_MONTHS:
    case MT_INTERVAL_MILLIS:
        return true;
    case MT_TIME:
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        return type->precision <= 3;
    default:
        return false;
    }
}

static int refuse_type(const char *family, const char *name,
                       const mt_type *type, mt_error **err)
{
    bool time = type->kind == MT_TIME || type->kind == MT_TIMESTAMP ||
                type->kind == MT_TIMESTAMP_LTZ;
    mt_buf text = {0};
    int rc;

    if (mt_type_text(type, &text) < 0 || mt_buf_byte(&text, '\0') < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    else
        rc = mt_fail(err, MT_ETYPE,
                     "HBase has no bytes for '%s%s%s' of type "
                     "%s%s",
                     family, *family ? "." : "", name, (char *)text.data,
                     time ? "; it keeps milliseconds: declare a precision of "
                            "at most 3"
                          : "");
    mt_buf_fini(&text);
    return rc;
}

static mt_span span_of(const char *text)
{
    return (mt_span){(const uint8_t *)text, strlen(text)};
}

static int add_family(hbase_schema *s, int32_t column, mt_error **err)
{
    const char *family = mt_type_column_name(s->type, column);
    const mt_type *row = mt_type_column(s->type, column);
    int32_t i;

    if (strlen(family) > UINT8_MAX)
        return mt_fail(err, MT_ETYPE, "family '%s' has more than 255 bytes",
                       family);
    for (i = 0; i < row->fields_len; i++) {
        const mt_field *f = &row->fields[i];

        if (!has_bytes(f->type))
            return refuse_type(family, f->name, f->type, err);
        s->qualifiers[s->qualifiers_len++] = (hbase_qualifier){
            span_of(family), span_of(f->name), f->type, column, i};
    }
    return 0;
}

static int add_key(hbase_schema *s, int32_t column, mt_error **err)
{
    const char *name = mt_type_column_name(s->type, column);
    const mt_type *type = mt_type_column(s->type, column);

    if (!has_bytes(type))
        return refuse_type("", name, type, err);
    if (s->key >= 0)
        return mt_fail(err, MT_EOPTION,
                       "an hbase table has one row key; columns '%s' and '%s' "
                       "are both no ROW",
                       mt_type_column_name(s->type, s->key), name);
    s->key = column;
    return 0;
}

static int check_whole(const hbase_schema *s, const mt_table *table,
                       mt_error **err)
{
    if (table->primary_key_len > 1 ||
        (table->primary_key_len == 1 && s->key >= 0 &&
         table->primary_key[0] != s->key))
        return mt_fail(err, MT_EOPTION,
                       "the PRIMARY KEY of an hbase table is its row key "
                       "alone%s%s",
                       s->key >= 0 ? ": " : "",
                       s->key >= 0 ? mt_type_column_name(s->type, s->key) : "");
    if (table->sink && s->key < 0)
        return mt_fail(err, MT_EOPTION,
                       "an hbase table needs a row key: one column that is no "
                       "ROW");
    if (table->sink && s->qualifiers_len == 0)
        return mt_fail(err, MT_EOPTION,
                       "an hbase table needs a family to write to: a column "
                       "of type ROW<qualifier type, ...>");
    return 0;
}

int hbase_schema_init(hbase_schema *s, const mt_table *table, mt_error **err)
{
    int32_t i, fields = 0;
    int rc = 0;

    s->type = table->type;
    s->key = -1;
    s->columns_len = mt_type_columns_len(table->type);
    for (i = 0; i < s->columns_len; i++)
        fields += mt_type_column(table->type, i)->fields_len;
    s->qualifiers = mt_calloc(sizeof(*s->qualifiers) * (size_t)(fields + 1));
    if (!s->qualifiers)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (i = 0; rc == 0 && i < s->columns_len; i++)
        rc = mt_type_column(table->type, i)->kind == MT_ROW
                 ? add_family(s, i, err)
                 : add_key(s, i, err);
    return rc < 0 ? rc : check_whole(s, table, err);
}

void hbase_schema_fini(hbase_schema *s)
{
    int32_t i, fields = 0;

    if (!s->qualifiers)
        return;
    for (i = 0; i < s->columns_len; i++)
        fields += mt_type_column(s->type, i)->fields_len;
    mt_free(s->qualifiers, sizeof(*s->qualifiers) * (size_t)(fields + 1));
    *s = (hbase_schema){0};
}

/* ---- writing ----------------------------------------------------------- */

static int put_number(mt_buf *out, uint64_t v, size_t width)
{
    uint8_t bytes[8];

    hbase_store64(bytes, v);
    return mt_buf_append(out, bytes + 8 - width, width);
}

static int put_decimal(mt_buf *out, mt_int128 v, int32_t scale)
{
    uint8_t bytes[16];
    size_t first = 0;
    int i;

    for (i = 15; i >= 0; i--, v >>= 8)
        bytes[i] = (uint8_t)v;
    /* Bytes in front that only repeat the sign are left out. */
    while (first < 15 && ((bytes[first] == 0 && bytes[first + 1] < 0x80) ||
                          (bytes[first] == 0xff && bytes[first + 1] >= 0x80)))
        first++;
    if (put_number(out, (uint32_t)scale, 4) < 0)
        return MT_ENOMEM;
    return mt_buf_append(out, bytes + first, 16 - first);
}

/* TIMESTAMP is microseconds here and milliseconds there. */
static int64_t floor_millis(int64_t micros)
{
    return micros >= 0 ? micros / 1000 : -((999 - micros) / 1000);
}

int hbase_value_write(const mt_type *type, const mt_column *c, int32_t row,
                      mt_buf *out)
{
    const uint8_t *at =
        (const uint8_t *)c->values + (size_t)row * (size_t)type->width;
    int64_t v8;
    int32_t v4;
    int16_t v2;
    mt_int128 v16;

    switch (type->kind) {
    case MT_BOOLEAN:
        return mt_buf_byte(out, mt_bit(c->values, row) ? 0xff : 0);
    case MT_TINYINT:
        return mt_buf_byte(out, *at);
    case MT_SMALLINT:
        memcpy(&v2, at, sizeof(v2));
        return put_number(out, (uint16_t)v2, 2);
    case MT_INT:
    case MT_FLOAT:
    case MT_DATE:
    case MT_TIME:
    case MT_INTERVAL_MONTHS:
        memcpy(&v4, at, sizeof(v4));
        return put_number(out, (uint32_t)v4, 4);
    case MT_BIGINT:
    case MT_DOUBLE:
    case MT_INTERVAL_MILLIS:
        memcpy(&v8, at, sizeof(v8));
        return put_number(out, (uint64_t)v8, 8);
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        memcpy(&v8, at, sizeof(v8));
        return put_number(out, (uint64_t)floor_millis(v8), 8);
    case MT_DECIMAL:
        memcpy(&v16, at, sizeof(v16));
        return put_decimal(out, v16, type->scale);
    default:
        return mt_buf_append(out, (const uint8_t *)c->values + c->offsets[row],
                             (size_t)(c->offsets[row + 1] - c->offsets[row]));
    }
}

/* ---- reading ----------------------------------------------------------- */

bool hbase_value_is_null(const mt_type *type, mt_span bytes, mt_span null_text)
{
    if (hbase_type_is_text(type))
        return hbase_span_equal(bytes, null_text);
    return bytes.len == 0;
}

static int read_decimal(const mt_type *type, mt_span bytes,
                        mt_column_builder *c)
{
    mt_int128 v, limit = 1;
    int64_t scale;
    size_t i;
    int32_t n;

    if (bytes.len < 5 || bytes.len > 4 + 16)
        return MT_ERECORD;
    scale = (int32_t)hbase_load32(bytes.data);
    v = (int8_t)bytes.data[4];
    for (i = 5; i < bytes.len; i++)
        v = (mt_int128)((unsigned __int128)v << 8 | bytes.data[i]);
    for (n = 0; n < type->precision; n++)
        limit *= 10;
    for (; scale < type->scale && v != 0; scale++) {
        if (v >= limit || v <= -limit)
            return MT_ERECORD;
        v *= 10;
    }
    /* Digits past the scale are rounded half up, away from zero. */
    for (; scale > type->scale + 1 && v != 0; scale--)
        v /= 10;
    if (scale == type->scale + 1)
        v = v / 10 + (v % 10 >= 5) - (v % 10 <= -5);
    return v >= limit || v <= -limit ? MT_ERECORD : mt_put_decimal(c, v);
}

static int read_word(const mt_type *type, mt_span bytes, mt_column_builder *c)
{
    uint32_t bits = hbase_load32(bytes.data);
    float f;

    if (type->kind != MT_FLOAT)
        return mt_put_i32(c, (int32_t)bits);
    memcpy(&f, &bits, sizeof(f));
    return mt_put_f32(c, f);
}

static int read_long(const mt_type *type, mt_span bytes, mt_column_builder *c)
{
    uint64_t bits = hbase_load64(bytes.data);
    int64_t v = (int64_t)bits;
    double d;

    if (type->kind == MT_DOUBLE) {
        memcpy(&d, &bits, sizeof(d));
        return mt_put_f64(c, d);
    }
    if (type->kind != MT_TIMESTAMP && type->kind != MT_TIMESTAMP_LTZ)
        return mt_put_i64(c, v);
    if (v > INT64_MAX / 1000 || v < INT64_MIN / 1000)
        return MT_ERECORD;
    return mt_put_i64(c, v * 1000);
}

/* Bytes that a value of the type has; 0: it varies. */
static size_t width_of(const mt_type *type)
{
    switch (type->kind) {
    case MT_BOOLEAN:
        return 1;
    case MT_DECIMAL:
        return 0;
    default:
        return (size_t)type->width;
    }
}

int hbase_value_read(const mt_type *type, mt_span bytes, mt_column_builder *c)
{
    size_t width = width_of(type);

    if (width && bytes.len != width)
        return MT_ERECORD;
    switch (type->kind) {
    case MT_BOOLEAN:
        return mt_put_bool(c, bytes.data[0] != 0);
    case MT_DECIMAL:
        return read_decimal(type, bytes, c);
    default:
        break;
    }
    switch (width) {
    case 0:
        return mt_put_bytes(c, bytes.data, bytes.len);
    case 1:
        return mt_put_i8(c, (int8_t)bytes.data[0]);
    case 2:
        return mt_put_i16(c, (int16_t)(bytes.data[0] << 8 | bytes.data[1]));
    case 4:
        return read_word(type, bytes, c);
    default:
        return read_long(type, bytes, c);
    }
}
