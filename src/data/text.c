/* Values as text and back.
 *
 * Numbers are written two digits at a time from a table. Doubles get their
 * shortest digits from text_float.cc and Java's layout here: plain from 10^-3
 * up to 10^7, with an exponent outside, always with a digit on either side of
 * the point. Whatever reads takes the whole text or nothing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/text.h"

#include "data/decimal.h"
#include "data/text_float.h"
#include "data/time.h"

static const char pairs[201] =
    "00010203040506070809101112131415161718192021222324"
    "25262728293031323334353637383940414243444546474849"
    "50515253545556575859606162636465666768697071727374"
    "75767778798081828384858687888990919293949596979899";

const double mt__power10_f64[23] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

/* ---- whole numbers ------------------------------------------------------- */

static int count_digits(uint64_t v)
{
    int len = 1;

    for (; v >= 10000; v /= 10000)
        len += 4;
    return len + (v >= 10) + (v >= 100) + (v >= 1000);
}

/* Exactly `len` digits, with zeros in front. */
static void put_digits(char *out, uint64_t v, int len)
{
    while (len >= 2) {
        len -= 2;
        memcpy(out + len, pairs + v % 100 * 2, 2);
        v /= 100;
    }
    if (len)
        out[0] = (char)('0' + v % 10);
}

static size_t put_unsigned(char *out, uint64_t v)
{
    int len = count_digits(v);

    put_digits(out, v, len);
    return (size_t)len;
}

size_t mt_text_i64(char *out, int64_t v)
{
    if (v >= 0)
        return put_unsigned(out, (uint64_t)v);
    *out = '-';
    return 1 + put_unsigned(out + 1, 0 - (uint64_t)v);
}

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
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

static size_t put_word(char *out, const char *word)
{
    size_t len = strlen(word);

    memcpy(out, word, len);
    return len;
}

#define TEXT_FLOAT(name, ctype)                                                \
    size_t mt_text_##name(char *out, ctype v)                                  \
    {                                                                          \
        char digits[MT_FLOAT_DIGITS_MAX];                                      \
        int exponent = 0, len;                                                 \
        size_t sign = 0;                                                       \
                                                                               \
        if (v != v)                                                            \
            return put_word(out, "NaN");                                       \
        if (__builtin_signbit(v)) {                                            \
            out[sign++] = '-';                                                 \
            v = -v;                                                            \
        }                                                                      \
        if (v == 0)                                                            \
            return sign + put_word(out + sign, "0.0");                         \
        if (__builtin_isinf(v))                                                \
            return sign + put_word(out + sign, "Infinity");                    \
        if (v < 1e7 && v == (ctype)(int32_t)v) { /* whole: no search needed */ \
            sign += put_unsigned(out + sign, (uint64_t)v);                     \
            return sign + put_word(out + sign, ".0");                          \
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
    for (; p < end && (is_digit(*p) || (*p == '.' && !after)); p++) {
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
        for (; p < end && is_digit(*p); p++)
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

/* ---- decimals ------------------------------------------------------------ */

size_t mt_text_decimal(char *out, mt_int128 v, int32_t scale)
{
    const uint64_t e19 = UINT64_C(10000000000000000000);
    unsigned __int128 rest =
        v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
    char digits[3 * 19], *end = digits + sizeof(digits);
    int len, whole;
    size_t at = 0;

    if (rest < e19) { /* most are; division of 128 bits is slow */
        len = count_digits((uint64_t)rest);
        len = len > scale ? len : scale + 1;
        put_digits(end - len, (uint64_t)rest, len);
    } else {
        put_digits(digits + 38, (uint64_t)(rest % e19), 19);
        put_digits(digits + 19, (uint64_t)(rest / e19 % e19), 19);
        put_digits(digits, (uint64_t)(rest / e19 / e19), 19);
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

/* ---- dates and times ----------------------------------------------------- */

static size_t put_year(char *out, int64_t year)
{
    size_t at = 0;

    if (year >= 0 && year <= 9999) {
        put_digits(out, (uint64_t)year, 4);
        return 4;
    }
    /* Years that no SQL date has, laid out as Java does. */
    out[at++] = year < 0 ? '-' : '+';
    if (year < 0)
        year = -year;
    if (year <= 9999) {
        put_digits(out + at, (uint64_t)year, 4);
        return at + 4;
    }
    return at + put_unsigned(out + at, (uint64_t)year);
}

static size_t put_date(char *out, int64_t days)
{
    mt__civil c = mt__civil_of_days(days);
    size_t at = put_year(out, c.year);

    out[at] = '-';
    memcpy(out + at + 1, pairs + c.month * 2, 2);
    out[at + 3] = '-';
    memcpy(out + at + 4, pairs + c.day * 2, 2);
    return at + 6;
}

size_t mt_text_date(char *out, int32_t days)
{
    return put_date(out, days);
}

/* "HH:mm:ss" and `precision` digits of the second. */
static size_t put_clock(char *out, int64_t nanos, int32_t precision)
{
    int32_t second = (int32_t)(nanos / 1000000000);
    int32_t fraction = (int32_t)(nanos % 1000000000);

    memcpy(out, pairs + second / 3600 * 2, 2);
    out[2] = ':';
    memcpy(out + 3, pairs + second / 60 % 60 * 2, 2);
    out[5] = ':';
    memcpy(out + 6, pairs + second % 60 * 2, 2);
    if (precision == 0)
        return 8;
    out[8] = '.';
    put_digits(out + 9, (uint64_t)(fraction / mt__power10_i32[9 - precision]),
               precision);
    return 9 + (size_t)precision;
}

size_t mt_text_time(char *out, const mt_type *type, const void *value)
{
    /* What is no time of a day must not leave the table of digits. */
    int64_t nanos = mt__floor_mod(mt__time_get(type, value), MT_NANOS_PER_DAY);

    return put_clock(out, nanos, type->precision);
}

/* A timestamp's day, and the nanoseconds of it. */
static int64_t split_timestamp(mt_timestamp9 ts, int64_t *nanos)
{
    *nanos = mt__floor_mod(ts.millis, MT_MILLIS_PER_DAY) * 1000000 +
             ts.nanos_of_milli;
    return mt__floor_div(ts.millis, MT_MILLIS_PER_DAY);
}

size_t mt_text_timestamp(char *out, const mt_type *type, const void *value,
                         char sep)
{
    int64_t nanos;
    int64_t days = split_timestamp(mt__timestamp_get(type, value), &nanos);
    size_t at = put_date(out, days);

    out[at++] = sep;
    return at + put_clock(out + at, nanos, type->precision);
}

/* Between min_len and max_len digits at *p. */
static bool take_digits(const char **p, const char *end, int min_len,
                        int max_len, int32_t *out)
{
    int32_t v = 0;
    int len = 0;

    for (; len < max_len && *p < end && is_digit(**p); len++)
        v = v * 10 + (*(*p)++ - '0');
    *out = v;
    return len >= min_len;
}

static bool take_char(const char **p, const char *end, char c)
{
    if (*p == end || **p != c)
        return false;
    (*p)++;
    return true;
}

/* "yyyy-MM-dd"; `free` allows one digit for month and day. */
static bool take_date(const char **p, const char *end, bool free_form,
                      int64_t *days)
{
    int least = free_form ? 1 : 2;
    int32_t y, m, d;

    if (!take_digits(p, end, 4, 4, &y) || !take_char(p, end, '-') ||
        !take_digits(p, end, least, 2, &m) || !take_char(p, end, '-') ||
        !take_digits(p, end, least, 2, &d) || !mt__civil_exists(y, m, d))
        return false;
    *days = mt__days_of_civil(y, m, d);
    return true;
}

/* ".f" of one to nine digits, when there is a point. */
static bool take_fraction(const char **p, const char *end, int64_t *nanos)
{
    const char *from;
    int32_t fraction;

    if (!take_char(p, end, '.'))
        return true;
    from = *p;
    if (!take_digits(p, end, 1, 9, &fraction))
        return false;
    *nanos += (int64_t)fraction * mt__power10_i32[9 - (*p - from)];
    return true;
}

/* "HH:mm[:ss[.f]]"; `free_form` allows one digit for each. */
static bool take_clock(const char **p, const char *end, bool free_form,
                       int64_t *nanos)
{
    int least = free_form ? 1 : 2;
    int32_t h, m, s = 0;

    if (!take_digits(p, end, least, 2, &h) || !take_char(p, end, ':') ||
        !take_digits(p, end, least, 2, &m))
        return false;
    if (take_char(p, end, ':') && !take_digits(p, end, least, 2, &s))
        return false;
    if (h > 23 || m > 59 || s > 59)
        return false;
    *nanos = ((int64_t)h * 3600 + m * 60 + s) * 1000000000;
    return take_fraction(p, end, nanos);
}

bool mt_read_date(const char *text, size_t len, int32_t *days)
{
    const char *p = text, *end = text + len;
    int64_t v;

    if (!take_date(&p, end, false, &v) || p != end)
        return false;
    *days = (int32_t)v;
    return true;
}

bool mt_read_time(const char *text, size_t len, const mt_type *type, void *out)
{
    const char *p = text, *end = text + len;
    int64_t nanos;

    if (!take_clock(&p, end, false, &nanos) || p != end)
        return false;
    mt__time_put(type, nanos, out);
    return true;
}

static mt_timestamp9 join_timestamp(int64_t days, int64_t nanos)
{
    mt_timestamp9 ts = {days * MT_MILLIS_PER_DAY + nanos / 1000000,
                        (int32_t)(nanos % 1000000), 0};

    return ts;
}

bool mt_read_timestamp(const char *text, size_t len, const mt_type *type,
                       char sep, bool zulu, void *out)
{
    const char *p = text, *end = text + len;
    int64_t days, nanos;

    if (!take_date(&p, end, false, &days) || !take_char(&p, end, sep) ||
        !take_clock(&p, end, false, &nanos) ||
        (zulu && !take_char(&p, end, 'Z')) || p != end)
        return false;
    return mt__timestamp_put(type, join_timestamp(days, nanos), out);
}

/* ---- dates and times as CAST reads them ---------------------------------- */

bool mt__scan_date(const char *text, size_t len, int32_t *days)
{
    const char *p = text, *end = text + len;
    int32_t y, m = 1, d = 1;

    if (!take_digits(&p, end, 1, 4, &y))
        return false;
    if (take_char(&p, end, '-')) {
        if (!take_digits(&p, end, 1, 2, &m))
            return false;
        if (take_char(&p, end, '-') && !take_digits(&p, end, 1, 2, &d))
            return false;
    }
    /* Flink takes the date of a timestamp's text. */
    if (p < end && (*p == ' ' || *p == 'T')) {
        int64_t nanos;

        p++;
        if (!take_clock(&p, end, true, &nanos))
            return false;
    }
    if (p != end || !mt__civil_exists(y, m, d))
        return false;
    *days = (int32_t)mt__days_of_civil(y, m, d);
    return true;
}

bool mt__scan_time(const char *text, size_t len, const mt_type *type, void *out)
{
    const char *p = text, *end = text + len;
    int64_t nanos;
    int32_t h;

    if (memchr(text, ':', len)) {
        if (!take_clock(&p, end, true, &nanos) || p != end)
            return false;
    } else {
        if (!take_digits(&p, end, 1, 2, &h) || p != end || h > 23)
            return false;
        nanos = (int64_t)h * 3600 * 1000000000;
    }
    mt__time_put(type, nanos, out);
    return true;
}

bool mt__scan_timestamp(const char *text, size_t len, mt_timestamp9 *out)
{
    const char *p = text, *end = text + len;
    int64_t days, nanos = 0;

    if (!take_date(&p, end, true, &days))
        return false;
    if (p < end) {
        if (!take_char(&p, end, ' ') && !take_char(&p, end, 'T'))
            return false;
        if (!take_clock(&p, end, true, &nanos) || p != end)
            return false;
    }
    *out = join_timestamp(days, nanos);
    return true;
}

size_t mt__text_months(char *out, int32_t months)
{
    int64_t count = months < 0 ? -(int64_t)months : months;
    size_t at = 0;

    out[at++] = months < 0 ? '-' : '+';
    at += put_unsigned(out + at, (uint64_t)(count / 12));
    out[at++] = '-';
    memcpy(out + at, pairs + count % 12 * 2, 2);
    return at + 2;
}

size_t mt__text_millis(char *out, int64_t millis)
{
    uint64_t count = millis < 0 ? 0 - (uint64_t)millis : (uint64_t)millis;
    size_t at = 0;

    out[at++] = millis < 0 ? '-' : '+';
    at += put_unsigned(out + at, count / (uint64_t)MT_MILLIS_PER_DAY);
    out[at++] = ' ';
    return at +
           put_clock(out + at,
                     (int64_t)(count % (uint64_t)MT_MILLIS_PER_DAY) * 1000000,
                     3);
}

/* ---- values as print shows them ------------------------------------------ */

bool mt__text_number(char *out, size_t *len, const mt_type *type,
                     const void *value)
{
    union {
        int8_t i8;
        int16_t i16;
        int32_t i32;
        int64_t i64;
        float f32;
        double f64;
        mt_int128 i128;
    } v;

    memcpy(&v, value, (size_t)type->width);
    switch (type->kind) {
    case MT_TINYINT:
        *len = mt_text_i64(out, v.i8);
        return true;
    case MT_SMALLINT:
        *len = mt_text_i64(out, v.i16);
        return true;
    case MT_INT:
        *len = mt_text_i64(out, v.i32);
        return true;
    case MT_BIGINT:
        *len = mt_text_i64(out, v.i64);
        return true;
    case MT_FLOAT:
        *len = mt_text_f32(out, v.f32);
        return true;
    case MT_DOUBLE:
        *len = mt_text_f64(out, v.f64);
        return true;
    case MT_DECIMAL:
        *len = mt_text_decimal(out, v.i128, type->scale);
        return true;
    case MT_DATE:
        *len = mt_text_date(out, v.i32);
        return true;
    default:
        return false;
    }
}

/* java.time's clock: seconds dropped when they and all below are zero, else
 * fractions of 3, 6 or 9 digits. */
static size_t put_java_clock(char *out, int64_t nanos, bool keep_seconds)
{
    int64_t fraction = nanos % 1000000000;

    if (!keep_seconds && nanos % 60000000000 == 0)
        return put_clock(out, nanos, 0) - 3;
    if (fraction == 0)
        return put_clock(out, nanos, 0);
    if (fraction % 1000000 == 0)
        return put_clock(out, nanos, 3);
    return put_clock(out, nanos, fraction % 1000 == 0 ? 6 : 9);
}

/* LocalTime, LocalDateTime, Instant, Period and Duration of java.time. */
static size_t put_java_time(char *out, const mt_type *type, const void *value)
{
    int64_t days, nanos;
    size_t at;

    if (type->kind == MT_TIME) {
        nanos = mt__floor_mod(mt__time_get(type, value), MT_NANOS_PER_DAY);
        return put_java_clock(out, nanos, false);
    }
    days = split_timestamp(mt__timestamp_get(type, value), &nanos);
    at = put_date(out, days);
    out[at++] = 'T';
    at += put_java_clock(out + at, nanos, type->kind == MT_TIMESTAMP_LTZ);
    if (type->kind == MT_TIMESTAMP_LTZ)
        out[at++] = 'Z';
    return at;
}

/* Period: "P1Y6M", "P0D". */
static size_t put_period(char *out, int32_t months)
{
    size_t at = 0;

    out[at++] = 'P';
    if (months == 0)
        return at + put_word(out + at, "0D");
    if (months / 12) {
        at += mt_text_i64(out + at, months / 12);
        out[at++] = 'Y';
    }
    if (months % 12) {
        at += mt_text_i64(out + at, months % 12);
        out[at++] = 'M';
    }
    return at;
}

/* Duration: "PT26H5M1.5S", "PT0S". */
static size_t put_duration(char *out, int64_t millis)
{
    int64_t rest = millis % 60000;
    int64_t minutes = millis / 60000;
    size_t at = put_word(out, "PT");

    if (minutes / 60) {
        at += mt_text_i64(out + at, minutes / 60);
        out[at++] = 'H';
    }
    if (minutes % 60) {
        at += mt_text_i64(out + at, minutes % 60);
        out[at++] = 'M';
    }
    if (rest == 0 && at > 2)
        return at;
    if (rest < 0) {
        out[at++] = '-';
        rest = -rest;
    }
    at += put_unsigned(out + at, (uint64_t)(rest / 1000));
    if (rest % 1000) {
        out[at++] = '.';
        put_digits(out + at, (uint64_t)(rest % 1000), 3);
        at += 3;
        while (out[at - 1] == '0')
            at--;
    }
    out[at++] = 'S';
    return at;
}

static int append_fixed(const mt_type *type, const void *value, mt_buf *out)
{
    char text[MT_TEXT_MAX];
    int32_t months;
    int64_t millis;
    size_t len;

    switch (type->kind) {
    case MT_INTERVAL_MONTHS:
        memcpy(&months, value, sizeof(months));
        len = put_period(text, months);
        break;
    case MT_INTERVAL_MILLIS:
        memcpy(&millis, value, sizeof(millis));
        len = put_duration(text, millis);
        break;
    default:
        if (!mt__text_number(text, &len, type, value))
            len = put_java_time(text, type, value);
        break;
    }
    return mt_buf_append(out, text, len);
}

/* Java's array of signed bytes. */
static int append_bytes(const int8_t *bytes, int32_t len, mt_buf *out)
{
    char text[MT_TEXT_MAX];
    int32_t i;
    int rc = mt_buf_byte(out, '[');

    for (i = 0; rc == 0 && i < len; i++) {
        if (i > 0 && (rc = mt_buf_append(out, ", ", 2)) < 0)
            break;
        rc = mt_buf_append(out, text, mt_text_i64(text, bytes[i]));
    }
    return rc < 0 ? rc : mt_buf_byte(out, ']');
}

static int append_list(const mt_type *type, const mt_column *c, int32_t row,
                       mt_buf *out)
{
    bool map = type->kind != MT_ARRAY;
    int32_t i;
    int rc = mt_buf_byte(out, map ? '{' : '[');

    for (i = c->offsets[row]; rc == 0 && i < c->offsets[row + 1]; i++) {
        if (i > c->offsets[row] && (rc = mt_buf_append(out, ", ", 2)) < 0)
            break;
        rc = mt_text_value(type->fields[0].type, &c->children[0], i, out);
        if (rc == 0 && map && (rc = mt_buf_byte(out, '=')) == 0)
            rc = mt_text_value(type->fields[1].type, &c->children[1], i, out);
    }
    return rc < 0 ? rc : mt_buf_byte(out, map ? '}' : ']');
}

static int append_row(const mt_type *type, const mt_column *c, int32_t row,
                      mt_buf *out)
{
    const char *open = type->tuple ? "(" : "+I[";
    const char *between = type->tuple ? "," : ", ";
    int rc = mt_buf_append(out, open, strlen(open));
    int32_t i;

    for (i = 0; rc == 0 && i < type->fields_len; i++) {
        if (i > 0 && (rc = mt_buf_append(out, between, strlen(between))) < 0)
            break;
        rc = mt_text_value(type->fields[i].type, &c->children[i], row, out);
    }
    return rc < 0 ? rc : mt_buf_byte(out, type->tuple ? ')' : ']');
}

int mt_text_value(const mt_type *type, const mt_column *c, int32_t row,
                  mt_buf *out)
{
    const uint8_t *values = c->values;
    int32_t at, len;

    if (mt_column_is_null(c, row))
        return mt_buf_append(out, "null", 4);
    switch (type->form) {
    case MT_FORM_BITS:
        return mt_bit(values, row) ? mt_buf_append(out, "true", 4)
                                   : mt_buf_append(out, "false", 5);
    case MT_FORM_FIXED:
        return append_fixed(type, values + (size_t)row * (size_t)type->width,
                            out);
    case MT_FORM_VAR:
        at = c->offsets[row];
        len = c->offsets[row + 1] - at;
        if (type->kind == MT_BINARY || type->kind == MT_VARBINARY)
            return append_bytes((const int8_t *)values + at, len, out);
        return mt_buf_append(out, values + at, (size_t)len);
    case MT_FORM_LIST:
        return append_list(type, c, row, out);
    case MT_FORM_STRUCT:
        return append_row(type, c, row, out);
    default:
        return mt_buf_append(out, "null", 4);
    }
}
