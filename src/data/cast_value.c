/* Casts between scalars: loops over whole columns for plain numbers, a function
 * a value for everything else.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/cast_impl.h"

#include <strings.h>

#include "data/column.h"
#include "data/decimal.h"
#include "data/text.h"
#include "data/time.h"

/* ---- numbers by the column ----------------------------------------------- */

/* Java's (int) and (long) of a double: the limits beyond them, 0 for NaN. */
static int32_t i32_of_f64(double v)
{
    if (v != v)
        return 0;
    if (v >= 2147483647.0)
        return INT32_MAX;
    return v <= -2147483648.0 ? INT32_MIN : (int32_t)v;
}

static int64_t i64_of_f64(double v)
{
    if (v != v)
        return 0;
    if (v >= 9223372036854775808.0)
        return INT64_MAX;
    return v < -9223372036854775808.0 ? INT64_MIN : (int64_t)v;
}

/* How a source becomes a target. Smaller whole numbers are made of an int, so
 * that 300.0 is 44 as a TINYINT, as in Java. */
#define KEEP(v) (v)
#define FROM_F64_I8(v) ((int8_t)i32_of_f64((double)(v)))
#define FROM_F64_I16(v) ((int16_t)i32_of_f64((double)(v)))
#define FROM_F64_I32(v) i32_of_f64((double)(v))
#define FROM_F64_I64(v) i64_of_f64((double)(v))

/* from kind, its C type, to kind, its C type, conversion */
#define INTEGER_TARGETS(XX, kind, ctype)                                       \
    XX(kind, ctype, TINYINT, int8_t, KEEP)                                     \
    XX(kind, ctype, SMALLINT, int16_t, KEEP)                                   \
    XX(kind, ctype, INT, int32_t, KEEP)                                        \
    XX(kind, ctype, BIGINT, int64_t, KEEP)                                     \
    XX(kind, ctype, FLOAT, float, KEEP)                                        \
    XX(kind, ctype, DOUBLE, double, KEEP)
#define FLOAT_TARGETS(XX, kind, ctype)                                         \
    XX(kind, ctype, TINYINT, int8_t, FROM_F64_I8)                              \
    XX(kind, ctype, SMALLINT, int16_t, FROM_F64_I16)                           \
    XX(kind, ctype, INT, int32_t, FROM_F64_I32)                                \
    XX(kind, ctype, BIGINT, int64_t, FROM_F64_I64)                             \
    XX(kind, ctype, FLOAT, float, KEEP)                                        \
    XX(kind, ctype, DOUBLE, double, KEEP)
/* Intervals are cast as the numbers that hold them. */
#define NUMBER_PAIRS(XX)                                                       \
    INTEGER_TARGETS(XX, TINYINT, int8_t)                                       \
    INTEGER_TARGETS(XX, SMALLINT, int16_t)                                     \
    INTEGER_TARGETS(XX, INT, int32_t)                                          \
    INTEGER_TARGETS(XX, BIGINT, int64_t)                                       \
    FLOAT_TARGETS(XX, FLOAT, float)                                            \
    FLOAT_TARGETS(XX, DOUBLE, double)

/* Rows that are NULL are cast as well: whatever they hold, no conversion can
 * fail, and the loop has no branch. */
#define NUMBER_LOOP(from_kind, from_type, to_kind, to_type, convert)           \
    static void from_##from_kind##_to_##to_kind(                               \
        const void *restrict from, void *restrict to, int32_t rows)            \
    {                                                                          \
        const from_type *s = from;                                             \
        to_type *d = to;                                                       \
        int32_t i;                                                             \
                                                                               \
        for (i = 0; i < rows; i++)                                             \
            d[i] = (to_type)convert(s[i]);                                     \
    }
NUMBER_PAIRS(NUMBER_LOOP)
#undef NUMBER_LOOP

typedef void (*number_loop)(const void *restrict from, void *restrict to,
                            int32_t rows);

static const number_loop number_loops[MT_KINDS_LEN][MT_KINDS_LEN] = {
#define NUMBER_ENTRY(from_kind, from_type, to_kind, to_type, convert)          \
    [MT_##from_kind][MT_##to_kind] = from_##from_kind##_to_##to_kind,
    NUMBER_PAIRS(NUMBER_ENTRY)
#undef NUMBER_ENTRY
};

static mt_kind number_kind(mt_kind kind)
{
    if (kind == MT_INTERVAL_MONTHS)
        return MT_INT;
    return kind == MT_INTERVAL_MILLIS ? MT_BIGINT : kind;
}

bool mt__cast_numbers(const mt__cast *k, int32_t from_row, int32_t rows,
                      int *rc)
{
    const mt_type *to = k->out->type;
    number_loop loop = number_loops[number_kind((mt_kind)k->from->kind)]
                                   [number_kind((mt_kind)to->kind)];

    if (!loop)
        return false;
    *rc = mt__column_builder_reserve(k->out, rows);
    if (*rc < 0)
        return true;
    loop((const uint8_t *)k->c->values +
             (size_t)from_row * (size_t)k->from->width,
         (uint8_t *)k->out->values + (size_t)k->out->rows * (size_t)to->width,
         rows);
    mt__column_builder_append_validity(k->out, k->c, from_row, rows);
    k->out->rows += rows;
    return true;
}

/* ---- reading and putting a value ----------------------------------------- */

static const void *value_at(const mt__cast *k, int32_t row)
{
    return (const uint8_t *)k->c->values + (size_t)row * (size_t)k->from->width;
}

static int64_t integer_at(const mt__cast *k, int32_t row)
{
    switch (k->from->width) {
    case 1:
        return ((const int8_t *)k->c->values)[row];
    case 2:
        return ((const int16_t *)k->c->values)[row];
    case 4:
        return ((const int32_t *)k->c->values)[row];
    default:
        return ((const int64_t *)k->c->values)[row];
    }
}

/* Any whole number, cut to the width of the target. */
static int put_integer(mt_column_builder *out, int64_t v)
{
    switch (out->type->width) {
    case 1:
        return mt_put_i8(out, (int8_t)v);
    case 2:
        return mt_put_i16(out, (int16_t)v);
    case 4:
        return mt_put_i32(out, (int32_t)v);
    default:
        return mt_put_i64(out, v);
    }
}

/* A FIXED value of the target's width. */
static int put_fixed(mt_column_builder *out, const void *value)
{
    size_t width = (size_t)out->type->width;

    if (out->rows == out->rows_max && mt_column_grow(out) < 0)
        return MT_ENOMEM;
    memcpy((uint8_t *)out->values + (size_t)out->rows * width, value, width);
    out->rows++;
    return 0;
}

static mt_decimal_type decimal_type(const mt_type *type)
{
    mt_decimal_type t = {type->precision, type->scale};

    return t;
}

/* ---- BOOLEAN and DECIMAL ------------------------------------------------- */

static int integer_to_boolean(const mt__cast *k, int32_t row)
{
    return mt_put_bool(k->out, integer_at(k, row) != 0);
}

static int boolean_to_number(const mt__cast *k, int32_t row)
{
    const mt_type *to = k->out->type;
    bool v = mt_bit(k->c->values, row);
    mt_int128 unscaled;

    switch (to->kind) {
    case MT_FLOAT:
        return mt_put_f32(k->out, v);
    case MT_DOUBLE:
        return mt_put_f64(k->out, v);
    case MT_DECIMAL:
        if (!mt__decimal_from_i64(v, decimal_type(to), &unscaled))
            return MT__CAST_NULL;
        return mt_put_decimal(k->out, unscaled);
    default:
        return put_integer(k->out, v);
    }
}

static int integer_to_decimal(const mt__cast *k, int32_t row)
{
    mt_int128 v;

    if (!mt__decimal_from_i64(integer_at(k, row), decimal_type(k->out->type),
                              &v))
        return MT__CAST_NULL;
    return mt_put_decimal(k->out, v);
}

static int float_to_decimal(const mt__cast *k, int32_t row)
{
    double v = k->from->kind == MT_FLOAT
                   ? (double)((const float *)k->c->values)[row]
                   : ((const double *)k->c->values)[row];
    mt_int128 unscaled;

    if (v != v || v - v != 0)
        return MT__CAST_NO_VALUE; /* NaN and infinities have no digits */
    if (!mt__decimal_from_f64(v, decimal_type(k->out->type), &unscaled))
        return MT__CAST_NULL;
    return mt_put_decimal(k->out, unscaled);
}

static int decimal_to_decimal(const mt__cast *k, int32_t row)
{
    mt_int128 v = ((const mt_int128 *)k->c->values)[row];

    if (!mt__decimal_rescale(v, k->from->scale, decimal_type(k->out->type), &v))
        return MT__CAST_NULL;
    return mt_put_decimal(k->out, v);
}

static int decimal_to_number(const mt__cast *k, int32_t row)
{
    mt_int128 v = ((const mt_int128 *)k->c->values)[row];
    char text[MT_TEXT_MAX];
    float f = 0;

    switch (k->out->type->kind) {
    case MT_FLOAT: /* rounded once, from the digits */
        mt__read_f32(text, mt_text_decimal(text, v, k->from->scale), &f);
        return mt_put_f32(k->out, f);
    case MT_DOUBLE:
        return mt_put_f64(k->out, mt__decimal_to_f64(v, k->from->scale));
    default:
        return put_integer(k->out,
                           (int64_t)mt__decimal_whole(v, k->from->scale));
    }
}

/* ---- text ----------------------------------------------------------- */

/* The text without blanks around it. */
static const char *text_at(const mt__cast *k, int32_t row, size_t *len)
{
    const char *s = (const char *)k->c->values + k->c->offsets[row];
    const char *end = (const char *)k->c->values + k->c->offsets[row + 1];

    while (s < end && (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r'))
        s++;
    while (s < end && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\n' ||
                       end[-1] == '\r'))
        end--;
    *len = (size_t)(end - s);
    return s;
}

static int text_to_boolean(const mt__cast *k, int32_t row)
{
    static const char *const words[] = {"f", "false", "n", "no",  "0",
                                        "t", "true",  "y", "yes", "1"};
    size_t i, len;
    const char *s = text_at(k, row, &len);

    for (i = 0; i < 10; i++) {
        if (strlen(words[i]) == len && strncasecmp(words[i], s, len) == 0)
            return mt_put_bool(k->out, i >= 5);
    }
    return MT__CAST_NO_VALUE;
}

/* "12", "-3.9" (which is -3) within the limits of the target. */
static int text_to_integer(const mt__cast *k, int32_t row)
{
    int bits = 8 * k->out->type->width;
    size_t i, len, whole;
    const char *s = text_at(k, row, &len);
    int64_t v;

    for (whole = 0; whole < len && s[whole] != '.'; whole++)
        ;
    for (i = whole + 1; i < len; i++) {
        if (s[i] < '0' || s[i] > '9')
            return MT__CAST_NO_VALUE;
    }
    if (!mt_read_i64(s, whole, &v) || v < INT64_MIN >> (64 - bits) ||
        v > INT64_MAX >> (64 - bits))
        return MT__CAST_NO_VALUE;
    return put_integer(k->out, v);
}

static int text_to_float(const mt__cast *k, int32_t row)
{
    size_t len;
    const char *s = text_at(k, row, &len);
    double d;
    float f;

    if (k->out->type->kind == MT_FLOAT)
        return mt__read_f32(s, len, &f) ? mt_put_f32(k->out, f)
                                        : MT__CAST_NO_VALUE;
    return mt_read_f64(s, len, &d) ? mt_put_f64(k->out, d) : MT__CAST_NO_VALUE;
}

static int text_to_decimal(const mt__cast *k, int32_t row)
{
    size_t len;
    const char *s = text_at(k, row, &len);
    mt_int128 v;

    if (!mt_read_decimal(s, len, k->out->type->precision, k->out->type->scale,
                         &v))
        return MT__CAST_NO_VALUE;
    return mt_put_decimal(k->out, v);
}

static int text_to_time(const mt__cast *k, int32_t row)
{
    const mt_type *to = k->out->type;
    size_t len;
    const char *s = text_at(k, row, &len);
    mt_timestamp9 value = {0, 0, 0}, ts;
    int32_t days;

    switch (to->kind) {
    case MT_DATE:
        return mt__scan_date(s, len, &days) ? mt_put_i32(k->out, days)
                                            : MT__CAST_NO_VALUE;
    case MT_TIME:
        return mt__scan_time(s, len, to, &value) ? put_fixed(k->out, &value)
                                                 : MT__CAST_NO_VALUE;
    default:
        if (!mt__scan_timestamp(s, len, &ts))
            return MT__CAST_NO_VALUE;
        if (to->kind == MT_TIMESTAMP_LTZ)
            ts = mt__cast_instant(k->session, ts);
        return mt__timestamp_put(to, ts, &value) ? put_fixed(k->out, &value)
                                                 : MT__CAST_NO_VALUE;
    }
}

/* Text and bytes to BINARY and VARBINARY: cut, and BINARY padded with zeros. */
static int to_binary(const mt__cast *k, int32_t row)
{
    const mt_type *to = k->out->type;
    int32_t at = k->c->offsets[row];
    int32_t len = k->c->offsets[row + 1] - at;
    int rc;

    k->scratch->len = 0;
    rc = mt_buf_append(k->scratch, (const uint8_t *)k->c->values + at,
                       (size_t)(len < to->length ? len : to->length));
    if (rc == 0 && to->kind == MT_BINARY && len < to->length) {
        size_t missing = (size_t)(to->length - len);

        if ((rc = mt_buf_reserve(k->scratch, missing)) < 0)
            return rc;
        memset(k->scratch->data + k->scratch->len, 0, missing);
        k->scratch->len += missing;
    }
    if (rc < 0)
        return rc;
    return mt_put_bytes(k->out, k->scratch->data, k->scratch->len);
}

/* ---- times ----------------------------------------------------------- */

/* Any of DATE, TIME and the timestamps as local time since 1970. */
static mt_timestamp9 local_at(const mt__cast *k, int32_t row)
{
    mt_timestamp9 ts = {0, 0, 0};
    int64_t nanos;

    switch (k->from->kind) {
    case MT_DATE:
        ts.millis = ((const int32_t *)k->c->values)[row] * MT_MILLIS_PER_DAY;
        return ts;
    case MT_TIME:
        nanos = mt__time_get(k->from, value_at(k, row));
        ts.millis = nanos / 1000000;
        ts.nanos_of_milli = (int32_t)(nanos % 1000000);
        return ts;
    case MT_TIMESTAMP_LTZ:
        return mt__cast_local(k->session,
                              mt__timestamp_get(k->from, value_at(k, row)));
    default:
        return mt__timestamp_get(k->from, value_at(k, row));
    }
}

static int time_to_time(const mt__cast *k, int32_t row)
{
    const mt_type *to = k->out->type;
    mt_timestamp9 value = {0, 0, 0}, ts;

    /* An instant stays one, whatever the zone. */
    if (k->from->kind == MT_TIMESTAMP_LTZ && to->kind == MT_TIMESTAMP_LTZ)
        ts = mt__timestamp_get(k->from, value_at(k, row));
    else
        ts = local_at(k, row);
    switch (to->kind) {
    case MT_DATE:
        return mt_put_i32(k->out,
                          (int32_t)mt__floor_div(ts.millis, MT_MILLIS_PER_DAY));
    case MT_TIME:
        mt__time_put(to,
                     mt__floor_mod(ts.millis, MT_MILLIS_PER_DAY) * 1000000 +
                         ts.nanos_of_milli,
                     &value);
        return put_fixed(k->out, &value);
    default:
        if (to->kind == MT_TIMESTAMP_LTZ && k->from->kind != MT_TIMESTAMP_LTZ)
            ts = mt__cast_instant(k->session, ts);
        return mt__timestamp_put(to, ts, &value) ? put_fixed(k->out, &value)
                                                 : MT__CAST_NO_VALUE;
    }
}

/* ---- which ----------------------------------------------------------- */

static bool is_float(mt_kind kind)
{
    return kind == MT_FLOAT || kind == MT_DOUBLE;
}

static mt__cast_row row_of_text(const mt_type *to)
{
    switch (to->kind) {
    case MT_BOOLEAN:
        return text_to_boolean;
    case MT_FLOAT:
    case MT_DOUBLE:
        return text_to_float;
    case MT_DECIMAL:
        return text_to_decimal;
    case MT_BINARY:
    case MT_VARBINARY:
        return to_binary;
    case MT_DATE:
    case MT_TIME:
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        return text_to_time;
    default:
        return text_to_integer;
    }
}

mt__cast_row mt__cast_row_for(const mt_type *from, const mt_type *to)
{
    if (to->kind == MT_CHAR || to->kind == MT_VARCHAR)
        return mt__cast_to_text;
    switch (from->kind) {
    case MT_CHAR:
    case MT_VARCHAR:
        return row_of_text(to);
    case MT_BINARY:
    case MT_VARBINARY:
        return to_binary;
    case MT_BOOLEAN:
        return boolean_to_number;
    case MT_DECIMAL:
        return to->kind == MT_DECIMAL ? decimal_to_decimal : decimal_to_number;
    case MT_DATE:
    case MT_TIME:
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        return time_to_time;
    default:
        if (to->kind == MT_BOOLEAN)
            return integer_to_boolean;
        return is_float((mt_kind)from->kind) ? float_to_decimal
                                             : integer_to_decimal;
    }
}
