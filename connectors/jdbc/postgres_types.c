/* postgres_types.c - PostgreSQL's binary values: big-endian numbers, times as
 * microseconds (dates as days) since 2000-01-01, NUMERIC in digits to the base
 * of 10,000, arrays as a header and length-prefixed elements. They are what
 * each type's send and receive functions make and take.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "postgres_types.h"

#include <stdio.h>

#define PG_EPOCH_DAYS 10957
#define PG_EPOCH_MICROS INT64_C(946684800000000)
#define DAY_MICROS INT64_C(86400000000)

enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_JSON = 114,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_DATE = 1082,
    OID_TIME = 1083,
    OID_TIMESTAMP = 1114,
    OID_TIMESTAMPTZ = 1184,
    OID_NUMERIC = 1700
};

/* Array types and the types of their elements. */
static const uint32_t arrays[][2] = {
    {1000, OID_BOOL},      {1001, OID_BYTEA},       {1005, OID_INT2},
    {1007, OID_INT4},      {1009, OID_TEXT},        {1014, OID_BPCHAR},
    {1015, OID_VARCHAR},   {1016, OID_INT8},        {1021, OID_FLOAT4},
    {1022, OID_FLOAT8},    {1182, OID_DATE},        {1183, OID_TIME},
    {1115, OID_TIMESTAMP}, {1185, OID_TIMESTAMPTZ}, {1231, OID_NUMERIC},
};

enum { ARRAYS_LEN = sizeof(arrays) / sizeof(arrays[0]) };

static uint32_t element_of(uint32_t array)
{
    size_t i;

    for (i = 0; i < ARRAYS_LEN; i++)
        if (arrays[i][0] == array)
            return arrays[i][1];
    return 0;
}

static uint32_t array_of(uint32_t element)
{
    size_t i;

    for (i = 0; i < ARRAYS_LEN; i++)
        if (arrays[i][1] == element)
            return arrays[i][0];
    return 0;
}

/* ---- encoding ----------------------------------------------------------- */

static int append16(mt_buf *out, uint16_t v)
{
    v = __builtin_bswap16(v);
    return mt_buf_append(out, &v, sizeof(v));
}

static int append32(mt_buf *out, uint32_t v)
{
    v = __builtin_bswap32(v);
    return mt_buf_append(out, &v, sizeof(v));
}

static int append64(mt_buf *out, uint64_t v)
{
    v = __builtin_bswap64(v);
    return mt_buf_append(out, &v, sizeof(v));
}

static int64_t whole_at(const mt_type *type, const mt_column *c, int32_t row)
{
    switch (type->width) {
    case 1:
        return ((const int8_t *)c->values)[row];
    case 2:
        return ((const int16_t *)c->values)[row];
    case 4:
        return ((const int32_t *)c->values)[row];
    default:
        return ((const int64_t *)c->values)[row];
    }
}

static int encode_bool(mt_buf *out, const mt_type *type, const mt_column *c,
                       int32_t row)
{
    (void)type;
    return mt_buf_byte(out, mt_bit(c->values, row));
}

static int encode_int2(mt_buf *out, const mt_type *type, const mt_column *c,
                       int32_t row)
{
    return append16(out, (uint16_t)whole_at(type, c, row));
}

static int encode_int4(mt_buf *out, const mt_type *type, const mt_column *c,
                       int32_t row)
{
    return append32(out, (uint32_t)whole_at(type, c, row));
}

static int encode_int8(mt_buf *out, const mt_type *type, const mt_column *c,
                       int32_t row)
{
    return append64(out, (uint64_t)whole_at(type, c, row));
}

/* Floats have the bits of the integers of their width. */
static int encode_float_as_double(mt_buf *out, const mt_type *type,
                                  const mt_column *c, int32_t row)
{
    double wide = (double)((const float *)c->values)[row];
    uint64_t bits;

    (void)type;
    memcpy(&bits, &wide, sizeof(bits));
    return append64(out, bits);
}

static int encode_bytes(mt_buf *out, const mt_type *type, const mt_column *c,
                        int32_t row)
{
    (void)type;
    return mt_buf_append(out, (const uint8_t *)c->values + c->offsets[row],
                         (size_t)(c->offsets[row + 1] - c->offsets[row]));
}

static int encode_date(mt_buf *out, const mt_type *type, const mt_column *c,
                       int32_t row)
{
    return append32(out, (uint32_t)(whole_at(type, c, row) - PG_EPOCH_DAYS));
}

static int encode_time(mt_buf *out, const mt_type *type, const mt_column *c,
                       int32_t row)
{
    int64_t v = whole_at(type, c, row);

    return append64(out, (uint64_t)(type->width == 4 ? v * 1000 : v / 1000));
}

static int encode_timestamp(mt_buf *out, const mt_type *type,
                            const mt_column *c, int32_t row)
{
    const mt_timestamp9 *ts = c->values;
    int64_t micros = type->width == 16
                         ? (int64_t)((uint64_t)ts[row].millis * 1000 +
                                     (uint64_t)(ts[row].nanos_of_milli / 1000))
                         : ((const int64_t *)c->values)[row];

    return append64(out, (uint64_t)micros - (uint64_t)PG_EPOCH_MICROS);
}

/* By way of the digits: groups of four, counted from the point. */
static int encode_numeric(mt_buf *out, const mt_type *type, const mt_column *c,
                          int32_t row)
{
    char text[MT_TEXT_MAX], digits[MT_TEXT_MAX + 8];
    size_t len =
        mt_text_decimal(text, ((const mt_int128 *)c->values)[row], type->scale);
    bool negative = text[0] == '-';
    const char *whole = text + negative;
    const char *point = memchr(text, '.', len);
    size_t whole_len = (size_t)((point ? point : text + len) - whole);
    size_t pad = (4 - whole_len % 4) % 4, groups, i, first = 0;
    int rc = 0;

    memset(digits, '0', sizeof(digits));
    memcpy(digits + pad, whole, whole_len);
    if (point)
        memcpy(digits + pad + whole_len, point + 1,
               len - (size_t)(point + 1 - text));
    groups = (pad + whole_len + (size_t)type->scale + 3) / 4;
    while (first < groups && !memcmp(digits + 4 * first, "0000", 4))
        first++;
    while (groups > first && !memcmp(digits + 4 * (groups - 1), "0000", 4))
        groups--;
    rc |= append16(out, (uint16_t)(groups - first));
    rc |= append16(out, (uint16_t)((pad + whole_len) / 4 - 1 - first));
    rc |= append16(out, negative && groups > first ? 0x4000 : 0);
    rc |= append16(out, (uint16_t)type->scale);
    for (i = first; i < groups; i++) {
        const char *d = digits + 4 * i;

        rc |=
            append16(out, (uint16_t)((d[0] - '0') * 1000 + (d[1] - '0') * 100 +
                                     (d[2] - '0') * 10 + (d[3] - '0')));
    }
    return rc;
}

static int encode_elements(mt_buf *out, const mt_type *type, const mt_column *c,
                           int32_t row, uint32_t oid)
{
    const mt_type *element = type->fields[0].type;
    pg_encode encode = pg_encoder(element, oid);
    const mt_column *child = &c->children[0];
    int32_t from = c->offsets[row], to = c->offsets[row + 1], i;
    int rc = append32(out, from < to ? 1 : 0);

    rc |= append32(out, child->nulls > 0);
    rc |= append32(out, oid);
    if (from < to) {
        rc |= append32(out, (uint32_t)(to - from));
        rc |= append32(out, 1);
    }
    for (i = from; rc == 0 && i < to; i++) {
        size_t at = out->len;

        rc = append32(out, UINT32_MAX);
        if (rc < 0 || mt_column_is_null(child, i))
            continue;
        rc = encode(out, element, child, i);
        if (rc == 0)
            pg_put32(out->data + at, (uint32_t)(out->len - at - 4));
    }
    return rc;
}

static int encode_array(mt_buf *out, const mt_type *type, const mt_column *c,
                        int32_t row)
{
    return encode_elements(out, type, c, row,
                           pg_canonical(type->fields[0].type));
}

static int encode_varchars(mt_buf *out, const mt_type *type, const mt_column *c,
                           int32_t row)
{
    return encode_elements(out, type, c, row, OID_VARCHAR);
}

static bool is_whole(const mt_type *type)
{
    return type->kind == MT_TINYINT || type->kind == MT_SMALLINT ||
           type->kind == MT_INT || type->kind == MT_BIGINT;
}

static bool is_texty(uint32_t oid)
{
    return oid == OID_TEXT || oid == OID_VARCHAR || oid == OID_BPCHAR ||
           oid == OID_JSON;
}

static pg_encode whole_encoder(const mt_type *type, uint32_t oid)
{
    if (oid == OID_INT8)
        return encode_int8;
    if (oid == OID_INT4)
        return type->width <= 4 ? encode_int4 : NULL;
    return oid == OID_INT2 && type->width <= 2 ? encode_int2 : NULL;
}

pg_encode pg_encoder(const mt_type *type, uint32_t oid)
{
    if (is_whole(type))
        return whole_encoder(type, oid);
    switch (type->kind) {
    case MT_BOOLEAN:
        return oid == OID_BOOL ? encode_bool : NULL;
    case MT_FLOAT:
        if (oid == OID_FLOAT8)
            return encode_float_as_double;
        return oid == OID_FLOAT4 ? encode_int4 : NULL;
    case MT_DOUBLE:
        return oid == OID_FLOAT8 ? encode_int8 : NULL;
    case MT_DECIMAL:
        return oid == OID_NUMERIC ? encode_numeric : NULL;
    case MT_CHAR:
    case MT_VARCHAR:
        return is_texty(oid) ? encode_bytes : NULL;
    case MT_BINARY:
    case MT_VARBINARY:
        return oid == OID_BYTEA ? encode_bytes : NULL;
    case MT_DATE:
        return oid == OID_DATE ? encode_date : NULL;
    case MT_TIME:
        return oid == OID_TIME ? encode_time : NULL;
    case MT_TIMESTAMP:
        return oid == OID_TIMESTAMP ? encode_timestamp : NULL;
    case MT_TIMESTAMP_LTZ:
        return oid == OID_TIMESTAMPTZ ? encode_timestamp : NULL;
    case MT_ARRAY:
        if (oid == pg_canonical(type))
            return encode_array;
        return element_of(oid) == OID_VARCHAR &&
                       pg_canonical(type) == array_of(OID_TEXT)
                   ? encode_varchars
                   : NULL;
    default:
        return NULL;
    }
}

/* ---- decoding ----------------------------------------------------------- */

static int decode_bool(mt_column_builder *c, const uint8_t *at, int32_t len)
{
    return len == 1 ? mt_put_bool(c, *at != 0) : MT_ERECORD;
}

static int put_whole(mt_column_builder *c, int64_t v)
{
    switch (c->type->width) {
    case 1:
        return v == (int8_t)v ? mt_put_i8(c, (int8_t)v) : MT_ERECORD;
    case 2:
        return mt_put_i16(c, (int16_t)v);
    case 4:
        return mt_put_i32(c, (int32_t)v);
    default:
        return mt_put_i64(c, v);
    }
}

static int decode_int2(mt_column_builder *c, const uint8_t *at, int32_t len)
{
    return len == 2 ? put_whole(c, (int16_t)pg_get16(at)) : MT_ERECORD;
}

static int decode_int4(mt_column_builder *c, const uint8_t *at, int32_t len)
{
    return len == 4 ? put_whole(c, (int32_t)pg_get32(at)) : MT_ERECORD;
}

static int decode_int8(mt_column_builder *c, const uint8_t *at, int32_t len)
{
    return len == 8 ? put_whole(c, (int64_t)pg_get64(at)) : MT_ERECORD;
}

static int decode_float4(mt_column_builder *c, const uint8_t *at, int32_t len)
{
    uint32_t bits;
    float v;

    if (len != 4)
        return MT_ERECORD;
    bits = pg_get32(at);
    memcpy(&v, &bits, sizeof(v));
    return c->type->kind == MT_FLOAT ? mt_put_f32(c, v)
                                     : mt_put_f64(c, (double)v);
}

static int decode_float8(mt_column_builder *c, const uint8_t *at, int32_t len)
{
    uint64_t bits;
    double v;

    if (len != 8)
        return MT_ERECORD;
    bits = pg_get64(at);
    memcpy(&v, &bits, sizeof(v));
    return mt_put_f64(c, v);
}

static int decode_bytes(mt_column_builder *c, const uint8_t *at, int32_t len)
{
    return mt_put_bytes(c, at, (size_t)len);
}

/* Whole microseconds, cut to the precision. */
static int64_t cut(int64_t micros, int32_t precision)
{
    int64_t unit = 1;

    for (; precision < 6; precision++)
        unit *= 10;
    return micros - ((micros % unit) + unit) % unit;
}

static int decode_date(mt_column_builder *c, const uint8_t *at, int32_t len)
{
    int32_t days = len == 4 ? (int32_t)pg_get32(at) : INT32_MAX;

    /* The ends stand for infinity. */
    if (days == INT32_MAX || days == INT32_MIN)
        return MT_ERECORD;
    return mt_put_i32(c, days + PG_EPOCH_DAYS);
}

static int decode_time(mt_column_builder *c, const uint8_t *at, int32_t len)
{
    int64_t micros = len == 8 ? (int64_t)pg_get64(at) : DAY_MICROS;

    /* 24:00:00 is one there. */
    if (micros < 0 || micros >= DAY_MICROS)
        return MT_ERECORD;
    micros = cut(micros, c->type->precision);
    return c->type->width == 4 ? mt_put_i32(c, (int32_t)(micros / 1000))
                               : mt_put_i64(c, micros * 1000);
}

static int decode_timestamp(mt_column_builder *c, const uint8_t *at,
                            int32_t len)
{
    int64_t micros = len == 8 ? (int64_t)pg_get64(at) : INT64_MAX;
    int64_t rest;

    if (micros > INT64_MAX - PG_EPOCH_MICROS || micros == INT64_MIN)
        return MT_ERECORD;
    micros += PG_EPOCH_MICROS;
    if (c->type->width == 8)
        return mt_put_i64(c, cut(micros, c->type->precision));
    rest = ((micros % 1000) + 1000) % 1000;
    return mt_put_timestamp9(
        c, (mt_timestamp9){(micros - rest) / 1000, (int32_t)rest * 1000, 0});
}

/* By way of text, which is then rounded to the scale. NaN and infinity have
 * other signs. */
static int decode_numeric(mt_column_builder *c, const uint8_t *at, int32_t len)
{
    char text[256];
    int32_t groups = len >= 8 ? pg_get16(at) : -1;
    int32_t weight = len >= 8 ? (int16_t)pg_get16(at + 2) : 0;
    uint16_t sign = len >= 8 ? pg_get16(at + 4) : 0xc000;
    size_t n = 0;
    int32_t i, last = weight > groups - 1 ? weight : groups - 1;
    mt_int128 v;

    if (groups < 0 || len != 8 + 2 * groups || (sign && sign != 0x4000) ||
        weight > 12 || weight < -20 || last > 50)
        return MT_ERECORD;
    if (sign)
        text[n++] = '-';
    text[n++] = '0';
    for (i = weight < 0 ? weight + 1 : 0; i <= last; i++) {
        unsigned d = i >= 0 && i < groups ? pg_get16(at + 8 + 2 * i) : 0;

        /* Groups before the first are zeros behind the point. */
        if (i == weight + 1)
            text[n++] = '.';
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%04u", d % 10000);
    }
    if (!mt_read_decimal(text, n, c->type->precision, c->type->scale, &v))
        return MT_ERECORD;
    return mt_put_decimal(c, v);
}

static int decode_array(mt_column_builder *c, const uint8_t *at, int32_t len)
{
    mt_column_builder *child = &c->children[0];
    const uint8_t *end = at + len;
    uint32_t dims, count;
    pg_decode decode;
    int rc = 0;

    if (len < 12 || (dims = pg_get32(at)) > 1)
        return MT_ERECORD;
    decode = pg_decoder(child->type, pg_get32(at + 8));
    if (dims == 0)
        return mt_put_list(c);
    if (!decode || len < 20)
        return MT_ERECORD;
    count = pg_get32(at + 12);
    for (at += 20; rc == 0 && count > 0; count--) {
        int32_t size = end - at >= 4 ? (int32_t)pg_get32(at) : INT32_MAX;

        at += 4;
        if (size == -1) {
            rc = mt_put_null(child);
            continue;
        }
        if (size < 0 || size > end - at)
            return MT_ERECORD;
        rc = decode(child, at, size);
        at += size;
    }
    return rc < 0 ? rc : mt_put_list(c);
}

static pg_decode whole_decoder(const mt_type *type, uint32_t oid)
{
    if (oid == OID_INT2)
        return decode_int2;
    if (oid == OID_INT4)
        return type->width >= 4 ? decode_int4 : NULL;
    return oid == OID_INT8 && type->width == 8 ? decode_int8 : NULL;
}

pg_decode pg_decoder(const mt_type *type, uint32_t oid)
{
    if (is_whole(type))
        return whole_decoder(type, oid);
    switch (type->kind) {
    case MT_BOOLEAN:
        return oid == OID_BOOL ? decode_bool : NULL;
    case MT_FLOAT:
        return oid == OID_FLOAT4 ? decode_float4 : NULL;
    case MT_DOUBLE:
        if (oid == OID_FLOAT4)
            return decode_float4;
        return oid == OID_FLOAT8 ? decode_float8 : NULL;
    case MT_DECIMAL:
        return oid == OID_NUMERIC ? decode_numeric : NULL;
    case MT_CHAR:
    case MT_VARCHAR:
        return is_texty(oid) ? decode_bytes : NULL;
    case MT_BINARY:
    case MT_VARBINARY:
        return oid == OID_BYTEA ? decode_bytes : NULL;
    case MT_DATE:
        return oid == OID_DATE ? decode_date : NULL;
    case MT_TIME:
        return oid == OID_TIME ? decode_time : NULL;
    case MT_TIMESTAMP:
        return oid == OID_TIMESTAMP ? decode_timestamp : NULL;
    case MT_TIMESTAMP_LTZ:
        return oid == OID_TIMESTAMPTZ ? decode_timestamp : NULL;
    case MT_ARRAY:
        return element_of(oid) &&
                       pg_decoder(type->fields[0].type, element_of(oid))
                   ? decode_array
                   : NULL;
    default:
        return NULL;
    }
}

/* ---- which type ---------------------------------------------------------- */

typedef struct canonical {
    uint32_t oid;
    const char *name;
    const char *array;
} canonical;

static const canonical *canonical_of(const mt_type *type)
{
    static const canonical of[MT_KINDS_LEN] = {
        [MT_BOOLEAN] = {OID_BOOL, "bool", "bool[]"},
        [MT_TINYINT] = {OID_INT2, "int2", "int2[]"},
        [MT_SMALLINT] = {OID_INT2, "int2", "int2[]"},
        [MT_INT] = {OID_INT4, "int4", "int4[]"},
        [MT_BIGINT] = {OID_INT8, "int8", "int8[]"},
        [MT_FLOAT] = {OID_FLOAT4, "float4", "float4[]"},
        [MT_DOUBLE] = {OID_FLOAT8, "float8", "float8[]"},
        [MT_DECIMAL] = {OID_NUMERIC, "numeric", "numeric[]"},
        [MT_CHAR] = {OID_TEXT, "text", "text[]"},
        [MT_VARCHAR] = {OID_TEXT, "text", "text[]"},
        [MT_BINARY] = {OID_BYTEA, "bytea", "bytea[]"},
        [MT_VARBINARY] = {OID_BYTEA, "bytea", "bytea[]"},
        [MT_DATE] = {OID_DATE, "date", "date[]"},
        [MT_TIME] = {OID_TIME, "time", "time[]"},
        [MT_TIMESTAMP] = {OID_TIMESTAMP, "timestamp", "timestamp[]"},
        [MT_TIMESTAMP_LTZ] = {OID_TIMESTAMPTZ, "timestamptz", "timestamptz[]"},
    };

    return &of[type->kind];
}

const char *pg_cast(const mt_type *type)
{
    return type->kind == MT_ARRAY ? canonical_of(type->fields[0].type)->array
                                  : canonical_of(type)->name;
}

uint32_t pg_canonical(const mt_type *type)
{
    return type->kind == MT_ARRAY
               ? array_of(canonical_of(type->fields[0].type)->oid)
               : canonical_of(type)->oid;
}

/* Times carry the digits of their seconds as modifier, NUMERIC precision and
 * scale; -1: none was declared. */
bool pg_is_exact(const mt_type *type, uint32_t oid, int32_t modifier)
{
    if (!pg_decoder(type, oid))
        return false;
    switch (type->kind) {
    case MT_TIME:
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        return (modifier < 0 ? 6 : modifier) <= type->precision;
    case MT_DECIMAL:
        return modifier >= 4 && ((modifier - 4) & 0x7ff) <= type->scale;
    case MT_FLOAT:
    case MT_DOUBLE:
    case MT_ARRAY:
        return false;
    default:
        return true;
    }
}

bool pg_orders_text(uint32_t oid)
{
    return oid == OID_TEXT || oid == OID_VARCHAR;
}
