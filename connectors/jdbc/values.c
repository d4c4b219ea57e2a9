/* values.c - reading and writing the texts of values.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "values.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

#define RECORD_MAX 512

/* ---- reading ----------------------------------------------------------- */

int jdbc_value_put_i64(mt_column_builder *c, const mt_type *type, int64_t v)
{
    mt_int128 unscaled = v, limit = 1;
    int32_t i;

    switch (type->kind) {
    case MT_BOOLEAN:
        return mt_put_bool(c, v != 0);
    case MT_TINYINT:
        return v == (int8_t)v ? mt_put_i8(c, (int8_t)v) : MT_ERECORD;
    case MT_SMALLINT:
        return v == (int16_t)v ? mt_put_i16(c, (int16_t)v) : MT_ERECORD;
    case MT_INT:
        return v == (int32_t)v ? mt_put_i32(c, (int32_t)v) : MT_ERECORD;
    case MT_BIGINT:
        return mt_put_i64(c, v);
    case MT_FLOAT:
        return mt_put_f32(c, (float)v);
    case MT_DOUBLE:
        return mt_put_f64(c, (double)v);
    case MT_DECIMAL:
        for (i = 0; i < type->precision - type->scale && i < 19; i++)
            limit *= 10;
        if (i < 19 && (unscaled >= limit || unscaled <= -limit))
            return MT_ERECORD;
        for (i = 0; i < type->scale; i++)
            unscaled *= 10;
        return mt_put_decimal(c, unscaled);
    default:
        return MT_ERECORD;
    }
}

static int read_whole(mt_column_builder *c, const mt_type *type,
                      const char *text, size_t len)
{
    mt_int128 whole;
    int64_t v;

    if (mt_read_i64(text, len, &v))
        return jdbc_value_put_i64(c, type, v);
    /* "12.00" of a NUMERIC column. */
    if (mt_read_decimal(text, len, 38, 0, &whole) && whole == (int64_t)whole)
        return jdbc_value_put_i64(c, type, (int64_t)whole);
    return MT_ERECORD;
}

static int read_bool(mt_column_builder *c, const char *text, size_t len)
{
    static const char *const words[] = {"f", "t", "false", "true", "0", "1"};
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strlen(words[i]) == len && !strncasecmp(words[i], text, len))
            return mt_put_bool(c, i & 1);
    /* BIT(1) of MySQL is one byte. */
    return len == 1 && (uint8_t)*text < 2 ? mt_put_bool(c, *text) : MT_ERECORD;
}

static int read_real(mt_column_builder *c, const mt_type *type,
                     const char *text, size_t len)
{
    double v;

    if (!mt_read_f64(text, len, &v)) {
        if (len == 3 && !strncasecmp(text, "NaN", 3))
            v = NAN;
        else if (len >= 3 && !strncasecmp(text, "Inf", 3))
            v = INFINITY;
        else if (len >= 4 && !strncasecmp(text, "-Inf", 4))
            v = -INFINITY;
        else
            return MT_ERECORD;
    }
    return type->kind == MT_FLOAT ? mt_put_f32(c, (float)v) : mt_put_f64(c, v);
}

static int read_decimal(mt_column_builder *c, const mt_type *type,
                        const char *text, size_t len)
{
    mt_int128 v;

    if (!mt_read_decimal(text, len, type->precision, type->scale, &v))
        return MT_ERECORD;
    return mt_put_decimal(c, v);
}

/* A value of up to 16 bytes at `from`, as wide as the type. */
static int put_wide(mt_column_builder *c, const mt_type *type, const void *from)
{
    mt_timestamp9 ts;
    int64_t v8;
    int32_t v4;

    if (type->width == 16) {
        memcpy(&ts, from, sizeof(ts));
        return mt_put_timestamp9(c, ts);
    }
    if (type->width == 8) {
        memcpy(&v8, from, sizeof(v8));
        return mt_put_i64(c, v8);
    }
    memcpy(&v4, from, sizeof(v4));
    return mt_put_i32(c, v4);
}

/* A date alone is its midnight; 'T' stands for the blank. */
static int read_timestamp(mt_column_builder *c, const mt_type *type,
                          const char *text, size_t len)
{
    bool zulu = len > 0 && (text[len - 1] == 'Z' || text[len - 1] == 'z');
    char whole[] = "yyyy-mm-dd 00:00";
    mt_timestamp9 room;

    if (len == 10) {
        memcpy(whole, text, 10);
        text = whole;
        len = sizeof(whole) - 1;
    }
    if (zulu)
        len--;
    if (len < 11 ||
        !mt_read_timestamp(text, len, type, text[10], false, &room) ||
        (text[10] != ' ' && text[10] != 'T'))
        return MT_ERECORD;
    return put_wide(c, type, &room);
}

int jdbc_value_read(mt_column_builder *c, const mt_type *type, const char *text,
                    size_t len)
{
    mt_timestamp9 room;
    int32_t days;

    switch (type->kind) {
    case MT_BOOLEAN:
        return read_bool(c, text, len);
    case MT_TINYINT:
    case MT_SMALLINT:
    case MT_INT:
    case MT_BIGINT:
        return read_whole(c, type, text, len);
    case MT_FLOAT:
    case MT_DOUBLE:
        return read_real(c, type, text, len);
    case MT_DECIMAL:
        return read_decimal(c, type, text, len);
    case MT_CHAR:
    case MT_VARCHAR:
    case MT_BINARY:
    case MT_VARBINARY:
        return mt_put_bytes(c, text, len);
    case MT_DATE:
        /* A time behind it is cut. */
        if (len > 10 && (text[10] == ' ' || text[10] == 'T'))
            len = 10;
        return mt_read_date(text, len, &days) ? mt_put_i32(c, days)
                                              : MT_ERECORD;
    case MT_TIME:
        return mt_read_time(text, len, type, &room) ? put_wide(c, type, &room)
                                                    : MT_ERECORD;
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        return read_timestamp(c, type, text, len);
    default:
        return MT_ERECORD;
    }
}

int jdbc_value_refuse(int rc, const char *title, const char *column,
                      const mt_type *type, const char *text, size_t len,
                      mt_error **err)
{
    mt_buf name = {0};

    if (rc == MT_ENOMEM)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    if (mt_type_text(type, &name) < 0 || mt_buf_byte(&name, '\0') < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    else
        rc =
            mt_fail(err, MT_ERECORD,
                    "%s: column %s holds '%.*s', which is no %s", title, column,
                    len > 100 ? 100 : (int)len, text, (const char *)name.data);
    mt_buf_fini(&name);
    return rc;
}

/* ---- writing ----------------------------------------------------------- */

static size_t number_text(const mt_type *type, const void *at, char *out)
{
    switch (type->kind) {
    case MT_TINYINT:
        return mt_text_i64(out, *(const int8_t *)at);
    case MT_SMALLINT:
        return mt_text_i64(out, *(const int16_t *)at);
    case MT_INT:
        return mt_text_i64(out, *(const int32_t *)at);
    case MT_BIGINT:
        return mt_text_i64(out, *(const int64_t *)at);
    case MT_FLOAT:
        return mt_text_f32(out, *(const float *)at);
    case MT_DOUBLE:
        return mt_text_f64(out, *(const double *)at);
    case MT_DECIMAL:
        return mt_text_decimal(out, *(const mt_int128 *)at, type->scale);
    case MT_DATE:
        return mt_text_date(out, *(const int32_t *)at);
    case MT_TIME:
        return mt_text_time(out, type, at);
    default:
        return mt_text_timestamp(out, type, at, ' ');
    }
}

int jdbc_value_text(const mt_type *type, const mt_column *c, int32_t row,
                    mt_buf *out)
{
    const char *bytes;
    size_t len;

    switch (type->form) {
    case MT_FORM_BITS:
        bytes = mt_bit(c->values, row) ? "true" : "false";
        return mt_buf_append(out, bytes, strlen(bytes));
    case MT_FORM_VAR:
        bytes = jdbc_value_bytes(c, row, &len);
        return mt_buf_append(out, bytes, len);
    default:
        if (mt_buf_reserve(out, MT_TEXT_MAX) < 0)
            return MT_ENOMEM;
        bytes = (const char *)c->values + (size_t)row * (size_t)type->width;
        out->len += number_text(type, bytes, (char *)out->data + out->len);
        return 0;
    }
}

void jdbc_value_note_row(mt_error *err, const char *table, mt_batch *batch,
                         int32_t row)
{
    mt_buf text = {0}, place = {0};
    int32_t i;

    for (i = 0; i < batch->columns_len && text.len < RECORD_MAX; i++) {
        mt_buf_printf(&text, "%s%s=", i ? ", " : "",
                      mt_type_column_name(batch->type, i));
        mt_text_value(mt_type_column(batch->type, i), &batch->columns[i], row,
                      &text);
    }
    if (table && mt_buf_printf(&place, "table %s", table) == 0 &&
        mt_buf_byte(&place, '\0') == 0)
        mt_error_set_record(err, text.data, text.len, (const char *)place.data);
    else
        mt_error_set_record(err, text.data, text.len, NULL);
    mt_buf_fini(&text);
    mt_buf_fini(&place);
}
