/* cell.h - one scalar value as text: what JSON strings and CSV cells share.
 *
 * Header only, so that each format stays one plug-in that stands alone; every
 * function is static. Answers are 0, MT_ENOMEM, or MT_ERECORD when the text is
 * no such value (nothing was put then; the caller words the error). Threads:
 * no state, any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FORMATS_CELL_H
#define MT_FORMATS_CELL_H

#include "moontide_plugin.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

/* What stands between date and time, and whether LTZ ends in 'Z'. */
typedef struct cell_style {
    char separator;
} cell_style;

/* The most bytes that cell_text writes. */
#define CELL_TEXT_MAX MT_TEXT_MAX

static inline bool cell_is_blank(uint8_t c)
{
    return c <= ' ';
}

/* Takes blanks off both ends, as Java's trim does: all up to the space. */
static inline void cell_trim(const char **text, size_t *len)
{
    while (*len && cell_is_blank((uint8_t)(*text)[*len - 1]))
        --*len;
    while (*len && cell_is_blank((uint8_t) * *text)) {
        ++*text;
        --*len;
    }
}

/* ---- columns ----------------------------------------------------------- */

/* Takes a column back to `rows` rows, so that a value can be put again (the
 * last of duplicate keys) or a broken record leaves nothing behind: neither
 * rows nor the elements of a list that was never ended. Keeps the builder's
 * rule that validity is all ones from `rows` on. */
static inline void cell_cut_column(mt_column_builder *c, int32_t rows)
{
    int32_t keep = rows;
    int32_t i;

    for (i = rows; c->nulls && i < c->rows; i++) {
        uint8_t bit = (uint8_t)(1u << (i & 7));

        c->nulls -= !(c->validity[i >> 3] & bit);
        c->validity[i >> 3] |= bit;
    }
    c->rows = rows;
    if (c->type->form == MT_FORM_LIST)
        keep = c->offsets[rows];
    for (i = 0; i < c->children_len; i++)
        cell_cut_column(&c->children[i], keep);
}

/* ---- UTF-8 ----------------------------------------------------------- */

/* Length of the UTF-8 sequence at `p`, 0 when it is none. */
static inline size_t cell_utf8_len(const uint8_t *p, const uint8_t *end)
{
    size_t left = (size_t)(end - p);
    uint8_t low = 0x80, high = 0xbf;
    size_t len, i;

    if (*p < 0x80)
        return 1;
    if (*p < 0xc2 || *p > 0xf4)
        return 0;
    len = *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
    /* Too long a spelling, a surrogate, or beyond U+10FFFF. */
    if (*p == 0xe0)
        low = 0xa0;
    else if (*p == 0xed)
        high = 0x9f;
    else if (*p == 0xf0)
        low = 0x90;
    else if (*p == 0xf4)
        high = 0x8f;
    if (left < len || p[1] < low || p[1] > high)
        return 0;
    for (i = 2; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    return len;
}

/* The first byte that is not UTF-8, NULL when there is none. */
static inline const uint8_t *cell_utf8_check(const uint8_t *p,
                                             const uint8_t *end)
{
    uint64_t block;
    size_t len;

    while (p < end) {
        if (end - p >= 8) {
            memcpy(&block, p, sizeof(block));
            if (!(block & UINT64_C(0x8080808080808080))) {
                p += 8;
                continue;
            }
        }
        len = cell_utf8_len(p, end);
        if (!len)
            return p;
        p += len;
    }
    return NULL;
}

/* Writes up to four bytes; returns where they end. */
static inline uint8_t *cell_utf8_write(uint8_t *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (uint8_t)code;
    } else if (code < 0x800) {
        *out++ = (uint8_t)(0xc0 | code >> 6);
        *out++ = (uint8_t)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *out++ = (uint8_t)(0xe0 | code >> 12);
        *out++ = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        *out++ = (uint8_t)(0x80 | (code & 0x3f));
    } else {
        *out++ = (uint8_t)(0xf0 | code >> 18);
        *out++ = (uint8_t)(0x80 | (code >> 12 & 0x3f));
        *out++ = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        *out++ = (uint8_t)(0x80 | (code & 0x3f));
    }
    return out;
}

/* The code of the sound sequence of `len` bytes at `p`. */
static inline uint32_t cell_utf8_read(const uint8_t *p, size_t len)
{
    uint32_t code = len == 1 ? *p : *p & (0x7fu >> len);
    size_t i;

    for (i = 1; i < len; i++)
        code = code << 6 | (p[i] & 0x3f);
    return code;
}

/* The bytes that cell_snippet writes at most, with its terminator. */
#define CELL_SNIPPET_MAX 41

/* What stands at `p`, for a message: cut before it gets long, with '?' for
 * what would spoil a log line: control characters, bytes that are not UTF-8. */
static inline const char *cell_snippet(char *out, const uint8_t *p,
                                       const uint8_t *end)
{
    size_t n = 0;

    while (p < end && n < CELL_SNIPPET_MAX - 1) {
        size_t len = cell_utf8_len(p, end);

        if (!len || *p < 0x20 || *p == 0x7f) {
            out[n++] = '?';
            p++;
            continue;
        }
        if (n + len >= CELL_SNIPPET_MAX)
            break;
        memcpy(out + n, p, len);
        n += len;
        p += len;
    }
    out[n] = '\0';
    return out;
}

/* ---- base64 ----------------------------------------------------------- */

/* Six bits of a letter of the alphabet, or 64 and above. */
static inline unsigned cell_base64_bits(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26u;
    if (c >= '0' && c <= '9')
        return c - '0' + 52u;
    return c == '+' ? 62u : c == '/' ? 63u : 64u;
}

/* Bytes that base64 of `len` letters can give. */
static inline size_t cell_base64_room(size_t len)
{
    return len / 4 * 3;
}

/* Decodes padded base64; false when it is none. */
static inline bool cell_base64_decode(const char *text, size_t len,
                                      uint8_t *out, size_t *out_len)
{
    uint8_t *start = out;
    size_t pad = 0;
    size_t i;

    if (len % 4 != 0)
        return false;
    if (len)
        pad = (text[len - 1] == '=') +
              (size_t)(text[len - 2] == '=' && text[len - 1] == '=');
    for (i = 0; i < len; i += 4) {
        size_t cut = i + 4 == len ? pad : 0;
        unsigned a = cell_base64_bits((uint8_t)text[i]);
        unsigned b = cell_base64_bits((uint8_t)text[i + 1]);
        unsigned c = cut > 1 ? 0 : cell_base64_bits((uint8_t)text[i + 2]);
        unsigned d = cut > 0 ? 0 : cell_base64_bits((uint8_t)text[i + 3]);
        unsigned bits = a << 18 | b << 12 | c << 6 | d;

        if ((a | b | c | d) > 63)
            return false;
        *out++ = (uint8_t)(bits >> 16);
        if (cut < 2)
            *out++ = (uint8_t)(bits >> 8);
        if (cut < 1)
            *out++ = (uint8_t)bits;
    }
    *out_len = (size_t)(out - start);
    return true;
}

/* Letters that cell_base64_encode writes for `len` bytes. */
static inline size_t cell_base64_len(size_t len)
{
    return (len + 2) / 3 * 4;
}

static inline void cell_base64_encode(const uint8_t *in, size_t len, char *out)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789+/";

    for (; len >= 3; len -= 3, in += 3, out += 4) {
        out[0] = letters[in[0] >> 2];
        out[1] = letters[(in[0] & 3) << 4 | in[1] >> 4];
        out[2] = letters[(in[1] & 15) << 2 | in[2] >> 6];
        out[3] = letters[in[2] & 63];
    }
    if (len) {
        out[0] = letters[in[0] >> 2];
        out[1] = letters[(in[0] & 3) << 4 | (len > 1 ? in[1] >> 4 : 0)];
        out[2] = len > 1 ? letters[(in[1] & 15) << 2] : '=';
        out[3] = '=';
    }
}

static inline int cell_put_base64(mt_column_builder *c, const char *text,
                                  size_t len)
{
    size_t out_len;
    size_t room =
        cell_base64_room(len) + 1; /* so that there are bytes at all */
    int32_t at;

    if (c->rows == c->rows_max && mt_column_grow(c) < 0)
        return MT_ENOMEM;
    at = c->offsets[c->rows];
    if ((size_t)(c->bytes_max - at) < room && mt_column_grow_bytes(c, room) < 0)
        return MT_ENOMEM;
    if (!cell_base64_decode(text, len, (uint8_t *)c->values + at, &out_len))
        return MT_ERECORD;
    c->offsets[++c->rows] = at + (int32_t)out_len;
    return 0;
}

/* ---- text to value ------------------------------------------------------- */

/* Whole numbers of every width; `v` must lie in what the type holds. */
static inline int cell_put_whole(mt_column_builder *c, const mt_type *type,
                                 int64_t v)
{
    switch (type->kind) {
    case MT_TINYINT:
        return v < INT8_MIN || v > INT8_MAX ? MT_ERECORD
                                            : mt_put_i8(c, (int8_t)v);
    case MT_SMALLINT:
        return v < INT16_MIN || v > INT16_MAX ? MT_ERECORD
                                              : mt_put_i16(c, (int16_t)v);
    case MT_INT:
    case MT_INTERVAL_MONTHS:
        return v < INT32_MIN || v > INT32_MAX ? MT_ERECORD
                                              : mt_put_i32(c, (int32_t)v);
    default:
        return mt_put_i64(c, v);
    }
}

/* Reads what is known to be a number by the C library, in its own locale. Texts
 * longer than the copy differ past all that can matter. */
static inline void cell_read_f32_again(const char *text, size_t len, float *out)
{
    char copy[1024];
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before;

    if (plain && len < sizeof(copy)) {
        memcpy(copy, text, len);
        copy[len] = '\0';
        before = uselocale(plain);
        *out = strtof(copy, NULL);
        uselocale(before);
    }
    if (plain)
        freelocale(plain);
}

/* A FLOAT through a double is rounded twice. That goes wrong only where the
 * double lies exactly between two floats, or where floats have fewer digits;
 * there, and only there, the text is read again. */
static inline bool cell_read_f32(const char *text, size_t len, float *out)
{
    uint64_t bits;
    double d;

    if (!mt_read_f64(text, len, &d))
        return false;
    *out = (float)d;
    memcpy(&bits, &d, sizeof(bits));
    if ((bits & 0x1fffffff) == 0x10000000 ||
        (d != 0 && fabs(d) < (double)FLT_MIN))
        cell_read_f32_again(text, len, out);
    return true;
}

static inline int cell_put_time(mt_column_builder *c, const mt_type *type,
                                const char *text, size_t len, char separator)
{
    union {
        int32_t i32;
        int64_t i64;
        mt_timestamp9 ts;
    } v;

    memset(&v, 0, sizeof(v));
    switch (type->kind) {
    case MT_DATE:
        return mt_read_date(text, len, &v.i32) ? mt_put_i32(c, v.i32)
                                               : MT_ERECORD;
    case MT_TIME:
        if (!mt_read_time(text, len, type, &v))
            return MT_ERECORD;
        break;
    default:
        if (!mt_read_timestamp(text, len, type, separator,
                               type->kind == MT_TIMESTAMP_LTZ, &v))
            return MT_ERECORD;
    }
    switch (type->width) {
    case 4:
        return mt_put_i32(c, v.i32);
    case 8:
        return mt_put_i64(c, v.i64);
    default:
        return mt_put_timestamp9(c, v.ts);
    }
}

/* Digits beyond the range are no value; "Infinity" is, and ends in no digit. */
static inline int cell_put_real(mt_column_builder *c, const mt_type *type,
                                const char *text, size_t len)
{
    bool spelled = len && text[len - 1] == 'y';
    double d;
    float f;

    if (type->kind == MT_FLOAT) {
        if (!cell_read_f32(text, len, &f) || (isinf(f) && !spelled))
            return MT_ERECORD;
        return mt_put_f32(c, f);
    }
    if (!mt_read_f64(text, len, &d) || (isinf(d) && !spelled))
        return MT_ERECORD;
    return mt_put_f64(c, d);
}

/* Puts the value of a scalar type that `text` spells: strings as they are,
 * bytes as base64, everything else trimmed first. */
static inline int cell_put(mt_column_builder *c, const mt_type *type,
                           const char *text, size_t len,
                           const cell_style *style)
{
    mt_int128 decimal;
    int64_t whole;

    switch (type->kind) {
    case MT_CHAR:
    case MT_VARCHAR:
        return mt_put_bytes(c, text, len);
    case MT_BINARY:
    case MT_VARBINARY:
        return cell_put_base64(c, text, len);
    default:
        break;
    }
    cell_trim(&text, &len);
    switch (type->kind) {
    case MT_BOOLEAN:
        /* Anything but "true" is false, as Java's parseBoolean has it. */
        return mt_put_bool(c, len == 4 && strncasecmp(text, "true", 4) == 0);
    case MT_TINYINT:
    case MT_SMALLINT:
    case MT_INT:
    case MT_BIGINT:
    case MT_INTERVAL_MONTHS:
    case MT_INTERVAL_MILLIS:
        return mt_read_i64(text, len, &whole) ? cell_put_whole(c, type, whole)
                                              : MT_ERECORD;
    case MT_FLOAT:
    case MT_DOUBLE:
        return cell_put_real(c, type, text, len);
    case MT_DECIMAL:
        return mt_read_decimal(text, len, type->precision, type->scale,
                               &decimal)
                   ? mt_put_decimal(c, decimal)
                   : MT_ERECORD;
    case MT_DATE:
    case MT_TIME:
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        return cell_put_time(c, type, text, len, style->separator);
    default:
        return MT_ERECORD;
    }
}

/* ---- value to text ------------------------------------------------------- */

/* Zeros at the end of a fraction say nothing: "12:00:01.500" is written as
 * "12:00:01.5", "12:00:00.000" as "12:00:00". */
static inline size_t cell_cut_fraction(const char *text, size_t len)
{
    if (!memchr(text, '.', len))
        return len;
    while (text[len - 1] == '0')
        len--;
    return text[len - 1] == '.' ? len - 1 : len;
}

/* An unscaled decimal without the zeros at the end of its fraction: as plain
 * digits, or as Java's BigDecimal.toString after stripTrailingZeros, which
 * turns to an exponent for 1E+5 and 2.7E-8. */
static inline size_t cell_text_decimal(char *out, mt_int128 v, int32_t scale,
                                       bool plain)
{
    char digits[MT_TEXT_MAX];
    size_t len;
    size_t n;
    int32_t exponent;

    while (v % 10 == 0 && v != 0 && (scale > 0 || !plain)) {
        v /= 10;
        scale--;
    }
    if (v == 0) {
        *out = '0';
        return 1;
    }
    len = mt_text_decimal(digits, v < 0 ? -v : v, 0);
    exponent = (int32_t)len - 1 - scale;
    if (scale >= 0 && (plain || exponent >= -6))
        return mt_text_decimal(out, v, scale);
    n = 0;
    if (v < 0)
        out[n++] = '-';
    out[n++] = digits[0];
    if (len > 1) {
        out[n++] = '.';
        memcpy(out + n, digits + 1, len - 1);
        n += len - 1;
    }
    out[n++] = 'E';
    out[n++] = exponent < 0 ? '-' : '+';
    return n + mt_text_i64(out + n, exponent < 0 ? -exponent : exponent);
}

/* An instant ends in 'Z', which reading asks for as well. */
static inline size_t cell_text_timestamp(char *out, const mt_type *type,
                                         const void *value, char separator)
{
    size_t len = mt_text_timestamp(out, type, value, separator);

    len -= out[len - 1] == 'Z';
    len = cell_cut_fraction(out, len);
    if (type->kind == MT_TIMESTAMP_LTZ)
        out[len++] = 'Z';
    return len;
}

/* Writes at most CELL_TEXT_MAX bytes of a fixed-width value. */
static inline size_t cell_text(char *out, const mt_type *type,
                               const mt_column *c, int32_t row,
                               const cell_style *style)
{
    const void *value =
        (const char *)c->values + (size_t)row * (size_t)type->width;

    switch (type->kind) {
    case MT_BOOLEAN:
        if (mt_bit((const uint8_t *)c->values, row)) {
            memcpy(out, "true", 4);
            return 4;
        }
        memcpy(out, "false", 5);
        return 5;
    case MT_TINYINT:
        return mt_text_i64(out, *(const int8_t *)value);
    case MT_SMALLINT:
        return mt_text_i64(out, *(const int16_t *)value);
    case MT_INT:
    case MT_INTERVAL_MONTHS:
        return mt_text_i64(out, *(const int32_t *)value);
    case MT_BIGINT:
    case MT_INTERVAL_MILLIS:
        return mt_text_i64(out, *(const int64_t *)value);
    case MT_FLOAT:
        return mt_text_f32(out, *(const float *)value);
    case MT_DOUBLE:
        return mt_text_f64(out, *(const double *)value);
    case MT_DATE:
        return mt_text_date(out, *(const int32_t *)value);
    case MT_TIME:
        return cell_cut_fraction(out, mt_text_time(out, type, value));
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        return cell_text_timestamp(out, type, value, style->separator);
    default:
        return 0;
    }
}

#endif
