/* Dates, times, timestamps and intervals as text and back.
 *
 * Reading goes from left to right over the parts of a date and a clock; the
 * formats' functions want each with all its digits, CAST's take less.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/text.h"

#include "data/text_impl.h"
#include "data/time.h"

/* ---- writing ----------------------------------------------------------- */

static size_t put_year(char *out, int64_t year)
{
    size_t at = 0;

    if (year >= 0 && year <= 9999) {
        mt__put_digits(out, (uint64_t)year, 4);
        return 4;
    }
    /* Years that no SQL date has, laid out as Java does. */
    out[at++] = year < 0 ? '-' : '+';
    if (year < 0)
        year = -year;
    if (year <= 9999) {
        mt__put_digits(out + at, (uint64_t)year, 4);
        return at + 4;
    }
    return at + mt__put_unsigned(out + at, (uint64_t)year);
}

static size_t put_date(char *out, int64_t days)
{
    mt__civil c = mt__civil_of_days(days);
    size_t at = put_year(out, c.year);

    out[at] = '-';
    memcpy(out + at + 1, mt__digit_pairs + c.month * 2, 2);
    out[at + 3] = '-';
    memcpy(out + at + 4, mt__digit_pairs + c.day * 2, 2);
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

    memcpy(out, mt__digit_pairs + second / 3600 * 2, 2);
    out[2] = ':';
    memcpy(out + 3, mt__digit_pairs + second / 60 % 60 * 2, 2);
    out[5] = ':';
    memcpy(out + 6, mt__digit_pairs + second % 60 * 2, 2);
    if (precision == 0)
        return 8;
    out[8] = '.';
    mt__put_digits(out + 9,
                   (uint64_t)(fraction / mt__power10_i32[9 - precision]),
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

/* ---- reading ----------------------------------------------------------- */

/* Between min_len and max_len digits at *p. */
static bool take_digits(const char **p, const char *end, int min_len,
                        int max_len, int32_t *out)
{
    int32_t v = 0;
    int len = 0;

    for (; len < max_len && *p < end && mt__is_digit(**p); len++)
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

/* ---- reading for CAST ---------------------------------------------------- */

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

/* ---- intervals in SQL ---------------------------------------------------- */

size_t mt__text_months(char *out, int32_t months)
{
    int64_t count = months < 0 ? -(int64_t)months : months;
    size_t at = 0;

    out[at++] = months < 0 ? '-' : '+';
    at += mt__put_unsigned(out + at, (uint64_t)(count / 12));
    out[at++] = '-';
    memcpy(out + at, mt__digit_pairs + count % 12 * 2, 2);
    return at + 2;
}

size_t mt__text_millis(char *out, int64_t millis)
{
    uint64_t count = millis < 0 ? 0 - (uint64_t)millis : (uint64_t)millis;
    size_t at = 0;

    out[at++] = millis < 0 ? '-' : '+';
    at += mt__put_unsigned(out + at, count / (uint64_t)MT_MILLIS_PER_DAY);
    out[at++] = ' ';
    return at +
           put_clock(out + at,
                     (int64_t)(count % (uint64_t)MT_MILLIS_PER_DAY) * 1000000,
                     3);
}

/* The digits at *at, which end before `end`, at `stop` or at the text's end;
 * moves *at behind `stop`. */
static bool scan_count(const char **at, const char *end, char stop,
                       int64_t *count)
{
    const char *p = *at;

    for (*count = 0; p < end && *p >= '0' && *p <= '9'; p++) {
        if (*count > INT64_MAX / 100)
            return false;
        *count = *count * 10 + (*p - '0');
    }
    if (p == *at || (stop ? p == end || *p != stop : p != end))
        return false;
    *at = stop ? p + 1 : p;
    return true;
}

/* The sign that begins an interval's text. */
static bool scan_sign(const char **at, const char *end, int64_t *sign)
{
    if (*at == end || (**at != '+' && **at != '-'))
        return false;
    *sign = **at == '-' ? -1 : 1;
    (*at)++;
    return true;
}

bool mt__scan_months(const char *text, size_t len, int32_t *months)
{
    const char *end = text + len;
    int64_t sign, years, rest;

    if (!scan_sign(&text, end, &sign) || !scan_count(&text, end, '-', &years) ||
        !scan_count(&text, end, 0, &rest) || years > INT32_MAX / 12 - 1 ||
        rest > 11)
        return false;
    *months = (int32_t)(sign * (years * 12 + rest));
    return true;
}

bool mt__scan_millis(const char *text, size_t len, int64_t *millis)
{
    const char *end = text + len;
    int64_t sign, days, hours, minutes, seconds, rest;

    if (!scan_sign(&text, end, &sign) || !scan_count(&text, end, ' ', &days) ||
        !scan_count(&text, end, ':', &hours) ||
        !scan_count(&text, end, ':', &minutes) ||
        !scan_count(&text, end, '.', &seconds) ||
        !scan_count(&text, end, 0, &rest) ||
        days > INT64_MAX / MT_MILLIS_PER_DAY - 1 || hours > 23 ||
        minutes > 59 || seconds > 59 || rest > 999)
        return false;
    *millis = sign * (days * MT_MILLIS_PER_DAY + hours * 3600000 +
                      minutes * 60000 + seconds * 1000 + rest);
    return true;
}

/* ---- times in Java ------------------------------------------------------- */

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

static size_t put_java_instant(char *out, const mt_type *type,
                               const void *value)
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
        return at + mt__put_word(out + at, "0D");
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
    size_t at = mt__put_word(out, "PT");

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
    at += mt__put_unsigned(out + at, (uint64_t)(rest / 1000));
    if (rest % 1000) {
        out[at++] = '.';
        mt__put_digits(out + at, (uint64_t)(rest % 1000), 3);
        at += 3;
        while (out[at - 1] == '0')
            at--;
    }
    out[at++] = 'S';
    return at;
}

size_t mt__text_java_time(char *out, const mt_type *type, const void *value)
{
    int32_t months;
    int64_t millis;

    switch (type->kind) {
    case MT_INTERVAL_MONTHS:
        memcpy(&months, value, sizeof(months));
        return put_period(out, months);
    case MT_INTERVAL_MILLIS:
        memcpy(&millis, value, sizeof(millis));
        return put_duration(out, millis);
    default:
        return put_java_instant(out, type, value);
    }
}
