/* ffi_values.c - decimals, dates and times for Lua.
 *
 * Lua holds each as a struct of its own (ffi_values.h) with a metatype whose
 * operators call these functions. The arithmetic and the texts are those of
 * data/: a value that was computed in a script is the one that SQL would give.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/ffi_values.h"

#include "data/decimal.h"
#include "data/time.h"

#define PRECISION_MAX 9

/* ---- decimals ----------------------------------------------------------- */

static mt_int128 unscaled(const mt_ffi_decimal *d)
{
    return (mt_int128)(((unsigned __int128)(uint64_t)d->hi << 64) | d->lo);
}

static int put_decimal(mt_ffi_decimal *out, mt_int128 v, mt_decimal_type type)
{
    out->lo = (uint64_t)v;
    out->hi = (int64_t)(v >> 64);
    out->precision = type.precision;
    out->scale = type.scale;
    return 1;
}

/* The digits in front of an exponent and behind the point of a number's text.
 * What is no number at all is left to mt_read_decimal. */
static mt_decimal_type digits_of(const char *text, size_t len)
{
    int32_t whole = 0, scale = 0, exponent = 0;
    bool point = false, negative = false;
    mt_decimal_type type;
    size_t i;

    for (i = 0; i < len && text[i] != 'e' && text[i] != 'E'; i++) {
        if (text[i] == '.')
            point = true;
        else if (text[i] >= '0' && text[i] <= '9' && point)
            scale++;
        else if (text[i] >= '1' && text[i] <= '9')
            whole++;
        else if (text[i] == '0' && whole > 0)
            whole++;
    }
    for (; i < len; i++) {
        if (text[i] == '-')
            negative = true;
        else if (text[i] >= '0' && text[i] <= '9' && exponent < 1000)
            exponent = exponent * 10 + (text[i] - '0');
    }
    exponent = negative ? -exponent : exponent;
    whole += exponent;
    scale -= exponent;
    type.scale = scale < 0 ? 0 : scale;
    type.precision = (whole < 0 ? 0 : whole) + type.scale;
    if (type.precision == 0)
        type.precision = 1;
    return type;
}

int mt_ffi_decimal_read(const char *text, size_t len, int32_t precision,
                        int32_t scale, mt_ffi_decimal *out)
{
    mt_decimal_type type = {precision, scale};
    mt_int128 v;

    if (precision == 0)
        type = digits_of(text, len);
    if (type.precision > MT_DECIMAL_DIGITS_MAX ||
        !mt_read_decimal(text, len, type.precision, type.scale, &v))
        return 0;
    return put_decimal(out, v, type);
}

int mt_ffi_decimal_from_f64(double v, mt_ffi_decimal *out)
{
    char text[MT_TEXT_MAX];
    size_t len = mt_text_f64(text, v);

    /* A whole number: Java's text has ".0" behind, which is no digit of it. */
    if (len > 2 && text[len - 2] == '.' && text[len - 1] == '0')
        len -= 2;
    return mt_ffi_decimal_read(text, len, 0, 0, out);
}

int mt_ffi_decimal_from_i64(int64_t v, mt_ffi_decimal *out)
{
    char text[MT_TEXT_MAX];

    return mt_ffi_decimal_read(text, mt_text_i64(text, v), 0, 0, out);
}

double mt_ffi_decimal_to_f64(const mt_ffi_decimal *d)
{
    return mt__decimal_to_f64(unscaled(d), d->scale);
}

int mt_ffi_decimal_rescale(const mt_ffi_decimal *d, int32_t precision,
                           int32_t scale, mt_ffi_decimal *out)
{
    mt_decimal_type to = {precision, scale};
    mt_int128 v;

    if (precision < 1 || precision > MT_DECIMAL_DIGITS_MAX || scale < 0 ||
        scale > precision ||
        !mt__decimal_rescale(unscaled(d), d->scale, to, &v))
        return 0;
    return put_decimal(out, v, to);
}

int mt_ffi_decimal_calculate(int32_t op, const mt_ffi_decimal *a,
                             const mt_ffi_decimal *b, mt_ffi_decimal *out)
{
    mt_decimal_type a_type = {a->precision, a->scale};
    mt_decimal_type b_type = {b->precision, b->scale};
    mt_decimal_type to;
    mt_int128 v;

    to = mt__decimal_result((mt_decimal_op)op, a_type, b_type);
    if (!mt__decimal_calculate((mt_decimal_op)op, unscaled(a), a->scale,
                               unscaled(b), b->scale, to, &v))
        return 0;
    return put_decimal(out, v, to);
}

void mt_ffi_decimal_negate(const mt_ffi_decimal *d, mt_ffi_decimal *out)
{
    mt_decimal_type type = {d->precision, d->scale};

    put_decimal(out, -unscaled(d), type);
}

int mt_ffi_decimal_compare(const mt_ffi_decimal *a, const mt_ffi_decimal *b)
{
    return mt__decimal_compare(unscaled(a), a->scale, unscaled(b), b->scale);
}

size_t mt_ffi_decimal_text(const mt_ffi_decimal *d, char *out)
{
    return mt_text_decimal(out, unscaled(d), d->scale);
}

/* ---- dates ----------------------------------------------------------- */

int mt_ffi_date_read(const char *text, size_t len, mt_ffi_date *out)
{
    return mt_read_date(text, len, &out->days);
}

int mt_ffi_date_make(int32_t year, int32_t month, int32_t day, mt_ffi_date *out)
{
    if (year < 0 || year > 9999 || !mt__civil_exists(year, month, day))
        return 0;
    out->days = (int32_t)mt__days_of_civil(year, month, day);
    return 1;
}

void mt_ffi_date_split(int32_t days, int32_t *out)
{
    mt__civil civil = mt__civil_of_days(days);

    out[0] = (int32_t)civil.year;
    out[1] = civil.month;
    out[2] = civil.day;
}

size_t mt_ffi_date_text(const mt_ffi_date *d, char *out)
{
    return mt_text_date(out, d->days);
}

/* ---- times ----------------------------------------------------------- */

static mt_type time_type(mt_kind kind, int32_t precision)
{
    mt_type type;

    memset(&type, 0, sizeof(type));
    type.kind = (uint8_t)kind;
    type.form = MT_FORM_FIXED;
    type.precision = precision;
    return type;
}

/* How many digits of the second a text has; at most PRECISION_MAX. */
static int32_t digits_of_second(const char *text, size_t len)
{
    const char *dot = memchr(text, '.', len);
    int32_t digits = 0;

    if (!dot)
        return 0;
    while (++dot < text + len && *dot >= '0' && *dot <= '9')
        digits++;
    return digits < PRECISION_MAX ? digits : PRECISION_MAX;
}

int mt_ffi_time_read(const char *text, size_t len, mt_ffi_time *out)
{
    mt_type type = time_type(MT_TIME, PRECISION_MAX);
    int64_t nanos;

    if (!mt_read_time(text, len, &type, &nanos))
        return 0;
    out->nanos = nanos;
    out->precision = digits_of_second(text, len);
    out->unused = 0;
    return 1;
}

size_t mt_ffi_time_text(const mt_ffi_time *t, char *out)
{
    mt_type type = time_type(MT_TIME, t->precision);
    int64_t value[1];

    mt__time_put(&type, t->nanos, value);
    return mt_text_time(out, &type, value);
}

/* ---- timestamps ---------------------------------------------------------- */

int mt_ffi_timestamp_read(const char *text, size_t len, mt_ffi_timestamp *out)
{
    mt_type type = time_type(MT_TIMESTAMP, PRECISION_MAX);
    mt_timestamp9 ts = {0, 0, 0};
    bool zoned = len > 0 && text[len - 1] == 'Z';
    bool iso = memchr(text, 'T', len) != NULL;
    int32_t days;

    if (mt_read_date(text, len - zoned, &days))
        ts.millis = days * MT_MILLIS_PER_DAY;
    else if (!mt_read_timestamp(text, len, &type, iso ? 'T' : ' ', zoned, &ts))
        return 0;
    out->millis = ts.millis;
    out->nanos = ts.nanos_of_milli;
    out->precision = (int16_t)digits_of_second(text, len);
    out->zoned = zoned;
    return 1;
}

size_t mt_ffi_timestamp_text(const mt_ffi_timestamp *t, char *out)
{
    mt_type type = time_type(MT_TIMESTAMP, PRECISION_MAX);
    mt_timestamp9 ts = {t->millis, t->nanos, 0};
    size_t len = mt_text_timestamp(out, &type, &ts, ' ');

    /* Nine digits were written; those past the precision go, and without any
     * the point goes too. */
    len -= (size_t)(PRECISION_MAX - t->precision) + (t->precision == 0);
    if (t->zoned)
        out[len++] = 'Z';
    return len;
}

int64_t mt_ffi_wall_ms(void)
{
    return mt_wall_ms();
}
