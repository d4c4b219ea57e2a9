/* Numbers as text and back. (text_time.c has the dates and times, text_value.c
 * whole values.)
 *
 * Digits are written two at a time from a table. Doubles get their shortest
 * digits from text_float.cc and Java's layout here: plain from 10^-3 up to
 * 10^7, with an exponent outside, always with a digit on either side of the
 * point. Whatever reads takes the whole text or nothing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/text.h"

#include "data/decimal.h"
#include "data/text_float.h"
#include "data/text_impl.h"

const char mt__digit_pairs[201] =
    "00010203040506070809101112131415161718192021222324"
    "25262728293031323334353637383940414243444546474849"
    "50515253545556575859606162636465666768697071727374"
    "75767778798081828384858687888990919293949596979899";

const double mt__power10_f64[23] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

/* ---- whole numbers ------------------------------------------------------- */

size_t mt_text_i64(char *out, int64_t v)
{
    if (v >= 0)
        return mt__put_unsigned(out, (uint64_t)v);
    *out = '-';
    return 1 + mt__put_unsigned(out + 1, 0 - (uint64_t)v);
}

bool mt_read_i64(const char *text, size_t len, int64_t *out)
{
    const char *p = text, *end = text + len;
    bool negative = false, few;
    uint64_t v = 0, limit;

    if (p < end && (*p == '-' || *p == '+'))
        negative = *p++ == '-';
    if (p == end)
        return false;
    limit = (uint64_t)INT64_MAX + negative;
    few = end - p <= 18; /* digits, which cannot overflow */
    for (; p < end; p++) {
        unsigned digit = (unsigned char)(*p - '0');

        if (digit > 9 || (!few && v > limit / 10))
            return false;
        v = v * 10 + digit;
        if (v > limit)
            return false;
    }
    *out = (int64_t)(negative ? 0 - v : v);
    return true;
}

/* ---- floating point ------------------------------------------------------ */

/* Java's layout of d1.d2d3.. * 10^exponent. */
static size_t lay_out(char *out, const char *digits, int len, int exponent)
{
    char *p = out;
    int whole;

    if (exponent >= 7 || exponent < -3) {
        *p++ = digits[0];
        *p++ = '.';
        if (len > 1) {
            memcpy(p, digits + 1, (size_t)len - 1);
            p += len - 1;
        } else {
            *p++ = '0';
        }
        *p++ = 'E';
        return (size_t)(p - out) + mt_text_i64(p, exponent);
    }
    if (exponent < 0) {
        memcpy(p, "0.00", 4);
        p += 1 - exponent;
        memcpy(p, digits, (size_t)len);
        return (size_t)(p - out) + (size_t)len;
    }
    whole = exponent + 1;
    if (len <= whole) {
        memcpy(p, digits, (size_t)len);
        memset(p + len, '0', (size_t)(whole - len));
        memcpy(p + whole, ".0", 2);
        return (size_t)whole + 2;
    }
    memcpy(p, digits, (size_t)whole);
    p[whole] = '.';
    memcpy(p + whole + 1, digits + whole, (size_t)(len - whole));
    return (size_t)len + 1;
}

#define TEXT_FLOAT(name, ctype)                                                \
    size_t mt_text_##name(char *out, ctype v)                                  \
    {                                                                          \
        char digits[MT_FLOAT_DIGITS_MAX];                                      \
        int exponent = 0, len;                                                 \
        size_t sign = 0;                                                       \
                                                                               \
        if (v != v)                                                            \
            return mt__put_word(out, "NaN");                                   \
        if (__builtin_signbit(v)) {                                            \
            out[sign++] = '-';                                                 \
            v = -v;                                                            \
        }                                                                      \
        if (v == 0)                                                            \
            return sign + mt__put_word(out + sign, "0.0");                     \
        if (__builtin_isinf(v))                                                \
            return sign + mt__put_word(out + sign, "Infinity");                \
        if (v < 1e7 && v == (ctype)(int32_t)v) { /* whole: no search needed */ \
            sign += mt__put_unsigned(out + sign, (uint64_t)v);                 \
            return sign + mt__put_word(out + sign, ".0");                      \
        }                                                                      \
        len = mt__digits_##name(v, digits, &exponent);                         \
        return sign + lay_out(out + sign, digits, len, exponent);              \
    }
TEXT_FLOAT(f64, double)
TEXT_FLOAT(f32, float)
#undef TEXT_FLOAT

/* "NaN", "Infinity" or digits: what Java's parseDouble takes, but for hex. */
static bool is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

/* The digits of a number as they are read: the first KEPT of them that count,
 * and where the point stands. One more than a decimal holds decides about
 * rounding; those after it cannot. */
#define KEPT (MT_DECIMAL_DIGITS_MAX + 1)

typedef struct scan {
    char digits[KEPT];
    int len;
    int64_t point; /* the value is 0.d1d2d3.. * 10^point */
} scan;

/* Digits with a point among them and an exponent behind, or false. */
static bool scan_digits(const char *p, const char *end, scan *s)
{
    bool after = false, any = false, negative = false;
    int64_t exponent = 0;

    s->len = 0;
    s->point = 0;
    for (; p < end && (mt__is_digit(*p) || (*p == '.' && !after)); p++) {
        if (*p == '.') {
            after = true;
            continue;
        }
        any = true;
        if (s->len == 0 && *p == '0') {
            s->point -= after;
            continue;
        }
        s->point += !after;
        if (s->len < KEPT)
            s->digits[s->len++] = *p;
    }
    if (!any)
        return false;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '-' || *p == '+'))
            negative = *p++ == '-';
        if (p == end)
            return false;
        for (; p < end && mt__is_digit(*p); p++)
            exponent =
                exponent < INT32_MAX ? exponent * 10 + (*p - '0') : exponent;
        s->point += negative ? -exponent : exponent;
    }
    return p == end;
}

/* Few digits and a small exponent are exact doubles, of which a product or a
 * quotient is rounded once. */
static bool read_exact(const scan *s, double *out)
{
    int64_t exponent = s->point - s->len, v = 0;
    int i;

    if (s->len > 15 || exponent < -22 || exponent > 22)
        return false;
    for (i = 0; i < s->len; i++)
        v = v * 10 + (s->digits[i] - '0');
    *out = exponent < 0 ? (double)v / mt__power10_f64[-exponent]
                        : (double)v * mt__power10_f64[exponent];
    return true;
}

/* What is left to the library; it would also take "nan" and "inf", which the
 * scan has refused. Too small is 0, too large is no number. */
static bool read_f64(const char *p, const char *end, double *out)
{
    scan s;

    if (!scan_digits(p, end, &s))
        return false;
    if (read_exact(&s, out) || mt__read_plain_f64(p, (size_t)(end - p), out))
        return true;
    *out = 0;
    return s.len == 0 || s.point <= 0;
}

static bool read_f32(const char *p, const char *end, float *out)
{
    scan s;

    if (!scan_digits(p, end, &s))
        return false;
    if (mt__read_plain_f32(p, (size_t)(end - p), out))
        return true;
    *out = 0;
    return s.len == 0 || s.point <= 0;
}

#define READ_FLOAT(function, read_digits, ctype)                               \
    bool function(const char *text, size_t len, ctype *out)                    \
    {                                                                          \
        const char *p = text, *end = text + len;                               \
        bool negative = false;                                                 \
        ctype v;                                                               \
                                                                               \
        if (p < end && (*p == '-' || *p == '+'))                               \
            negative = *p++ == '-';                                            \
        if (is_word(p, (size_t)(end - p), "NaN"))                              \
            v = (ctype)__builtin_nan("");                                      \
        else if (is_word(p, (size_t)(end - p), "Infinity"))                    \
            v = (ctype)__builtin_inf();                                        \
        else if (!read_digits(p, end, &v))                                     \
            return false;                                                      \
        *out = negative ? -v : v;                                              \
        return true;                                                           \
    }
READ_FLOAT(mt_read_f64, read_f64, double)
READ_FLOAT(mt__read_f32, read_f32, float)
#undef READ_FLOAT

/* ---- decimals ----------------------------------------------------------- */

size_t mt_text_decimal(char *out, mt_int128 v, int32_t scale)
{
    const uint64_t e19 = UINT64_C(10000000000000000000);
    unsigned __int128 rest =
        v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
    char digits[3 * 19], *end = digits + sizeof(digits);
    int len, whole;
    size_t at = 0;

    if (rest < e19) { /* most are; division of 128 bits is slow */
        len = mt__count_digits((uint64_t)rest);
        len = len > scale ? len : scale + 1;
        mt__put_digits(end - len, (uint64_t)rest, len);
    } else {
        mt__put_digits(digits + 38, (uint64_t)(rest % e19), 19);
        mt__put_digits(digits + 19, (uint64_t)(rest / e19 % e19), 19);
        mt__put_digits(digits, (uint64_t)(rest / e19 / e19), 19);
        len = (int)sizeof(digits);
        while (len > scale + 1 && end[-len] == '0')
            len--;
    }
    whole = len - scale;
    if (v < 0)
        out[at++] = '-';
    memcpy(out + at, end - len, (size_t)whole);
    at += (size_t)whole;
    if (scale > 0) {
        out[at++] = '.';
        memcpy(out + at, end - scale, (size_t)scale);
        at += (size_t)scale;
    }
    return at;
}

bool mt_read_decimal(const char *text, size_t len, int32_t precision,
                     int32_t scale, mt_int128 *out)
{
    const char *p = text, *end = text + len;
    bool negative = false;
    mt_int128 v = 0;
    int64_t i, keep;
    scan s;

    if (p < end && (*p == '-' || *p == '+'))
        negative = *p++ == '-';
    if (!scan_digits(p, end, &s))
        return false;
    if (s.len == 0) {
        *out = 0;
        return true;
    }
    keep = s.point + scale; /* how many of the digits the result has */
    if (keep > precision)
        return false;
    for (i = 0; i < keep; i++)
        v = v * 10 + (i < s.len ? s.digits[i] - '0' : 0);
    if (keep >= 0 && keep < s.len && s.digits[keep] >= '5')
        v++;
    if (v >= mt__decimal_power10(precision))
        return false;
    *out = negative ? -v : v;
    return true;
}
