/* pattern.c - Java's patterns, for writing only.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "pattern.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

#include "options.h"

enum { DAY_S = 86400 };

/* ---- zones ----------------------------------------------------------- */

int es_zone_init(es_zone *z, const char *name, mt_error **err)
{
    unsigned hours = 0, minutes = 0;
    char sign = '+', end;

    memset(z, 0, sizeof(*z));
    if (!name)
        return 0;
    z->fixed = true;
    if (strcmp(name, "UTC") == 0 || strcmp(name, "Z") == 0)
        return 0;
    if (sscanf(name, "%c%2u:%2u%c", &sign, &hours, &minutes, &end) == 3 &&
        (sign == '+' || sign == '-') && hours <= 18 && minutes < 60) {
        z->offset_s = (int32_t)(hours * 3600 + minutes * 60);
        if (sign == '-')
            z->offset_s = -z->offset_s;
        return 0;
    }
    mt_fail(err, MT_EUNSUPPORTED,
            "not supported yet: index.time-zone '%s' (there are 'UTC' and "
            "'+hh:mm')",
            name);
    if (err)
        mt_error_set_option(*err, "index.time-zone");
    return MT_EUNSUPPORTED;
}

es_moment es_zone_show(const es_zone *z, int64_t utc_s, int32_t nano)
{
    int32_t offset = z->offset_s;
    time_t at = (time_t)utc_s;
    struct tm local;

    if (!z->fixed && localtime_r(&at, &local))
        offset = (int32_t)local.tm_gmtoff;
    return (es_moment){utc_s + offset, nano, offset};
}

/* ---- calendar ----------------------------------------------------------- */

typedef struct civil {
    int64_t year;
    int32_t month, day, day_of_year;
    int32_t hour, minute, second;
} civil;

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Days before the first of March of a year of the calendar without end. */
static int64_t days_before_march(int64_t year)
{
    return 365 * year + floor_div(year, 4) - floor_div(year, 100) +
           floor_div(year, 400);
}

/* Years are counted from March, so that a leap day is the last of its year. */
static civil civil_of(int64_t second)
{
    int64_t days = floor_div(second, DAY_S), march = days + 719468, year;
    int32_t of_day = (int32_t)(second - days * DAY_S), day, month;
    bool leap;
    civil c;

    year = floor_div(march * 400, 146097);
    while (days_before_march(year + 1) <= march)
        year++;
    while (days_before_march(year) > march)
        year--;
    day = (int32_t)(march - days_before_march(year));
    month = (5 * day + 2) / 153;
    c.day = day - (153 * month + 2) / 5 + 1;
    c.month = month < 10 ? month + 3 : month - 9;
    c.year = c.month <= 2 ? year + 1 : year;
    leap = c.year % 4 == 0 && (c.year % 100 != 0 || c.year % 400 == 0);
    c.day_of_year = c.month <= 2 ? day - 305 : day + 60 + leap;
    c.hour = of_day / 3600;
    c.minute = of_day / 60 % 60;
    c.second = of_day % 60;
    return c;
}

/* ---- patterns ----------------------------------------------------------- */

/* One piece of a pattern: letters of a kind, or text. */
typedef struct piece {
    char letter; /* '\0': text */
    int32_t count;
    const char *text;
    size_t len;
} piece;

/* Two quotes in a row stand for one and close nothing. */
static const char *closing_quote(const char *s, const char *end)
{
    for (; s < end; s++) {
        if (*s != '\'')
            continue;
        if (s + 1 == end || s[1] != '\'')
            return s;
        s++;
    }
    return NULL;
}

/* Takes the next piece; false at the end, or when a quote is not closed, where
 * *at stays before the end. */
static bool next_piece(const char *pattern, size_t len, size_t *at, piece *p)
{
    const char *s = pattern + *at, *end = pattern + len, *quote;

    if (s == end)
        return false;
    *p = (piece){'\0', 1, s, 1};
    if (isalpha((unsigned char)*s)) {
        p->letter = *s;
        while (s + p->count < end && s[p->count] == *s)
            p->count++;
        *at += (size_t)p->count;
    } else if (*s != '\'') {
        *at += 1;
    } else if (s + 1 < end && s[1] == '\'') {
        *at += 2;
    } else {
        quote = closing_quote(s + 1, end);
        if (!quote)
            return false;
        p->text = s + 1;
        p->len = (size_t)(quote - s - 1);
        *at += p->len + 2;
    }
    return true;
}

static unsigned needs(char letter)
{
    return strchr("yuMdD", letter)  ? ES_HAS_DATE
           : strchr("HmsS", letter) ? ES_HAS_TIME
           : letter == 'X'          ? ES_HAS_OFFSET
                                    : 0;
}

int es_pattern_check(const char *pattern, size_t len, unsigned has,
                     mt_error **err)
{
    size_t at = 0;
    piece p;

    while (next_piece(pattern, len, &at, &p)) {
        int32_t max = p.letter == 'y' || p.letter == 'u' || p.letter == 'S' ? 9
                      : p.letter == 'X' || p.letter == 'D'                  ? 3
                                                                            : 2;

        if (!p.letter)
            continue;
        if (!needs(p.letter) || p.count > max)
            return es_options_refuse(
                err, "index",
                "not supported yet: '%.*s' in the pattern '%.*s' of option "
                "'index' (there are y, u, M, d, D, H, m, s, S and X)",
                (int)p.count, pattern + at - p.count, (int)len, pattern);
        if (!(needs(p.letter) & has))
            return es_options_refuse(
                err, "index",
                "option 'index': the field's type has nothing for '%c' of the "
                "pattern '%.*s'",
                p.letter, (int)len, pattern);
    }
    if (at < len)
        return es_options_refuse(
            err, "index",
            "option 'index': the pattern '%.*s' opens a quote "
            "that it does not close",
            (int)len, pattern);
    return 0;
}

static int put_offset(int32_t offset_s, int32_t count, mt_buf *out)
{
    int32_t minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
    int rc;

    if (minutes == 0)
        return mt_buf_byte(out, 'Z');
    rc = mt_buf_printf(out, "%c%02d", offset_s < 0 ? '-' : '+',
                       (int)(minutes / 60));
    if (rc == 0 && (count > 1 || minutes % 60))
        rc = mt_buf_printf(out, "%s%02d", count == 3 ? ":" : "",
                           (int)(minutes % 60));
    return rc;
}

static int put_fraction(int32_t nano, int32_t count, mt_buf *out)
{
    char digits[16];

    snprintf(digits, sizeof(digits), "%09d", (int)nano);
    return mt_buf_append(out, digits, (size_t)count);
}

static int put_year(int64_t year, int32_t count, mt_buf *out)
{
    if (count == 2)
        return mt_buf_printf(out, "%02d", (int)(((year % 100) + 100) % 100));
    return mt_buf_printf(out, "%0*lld", (int)count, (long long)year);
}

static int put_text(const piece *p, mt_buf *out)
{
    size_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < p->len; i++) {
        rc = mt_buf_byte(out, (uint8_t)p->text[i]);
        if (p->text[i] == '\'')
            i++;
    }
    return rc;
}

static int put_piece(const piece *p, const es_moment *m, const civil *c,
                     mt_buf *out)
{
    int32_t value;

    switch (p->letter) {
    case 'y':
    case 'u':
        return put_year(c->year, p->count, out);
    case 'S':
        return put_fraction(m->nano, p->count, out);
    case 'X':
        return put_offset(m->offset_s, p->count, out);
    case 'M':
        value = c->month;
        break;
    case 'd':
        value = c->day;
        break;
    case 'D':
        value = c->day_of_year;
        break;
    case 'H':
        value = c->hour;
        break;
    case 'm':
        value = c->minute;
        break;
    case 's':
        value = c->second;
        break;
    default:
        return put_text(p, out);
    }
    return mt_buf_printf(out, "%0*d", (int)p->count, (int)value);
}

int es_pattern_text(const char *pattern, size_t len, const es_moment *m,
                    mt_buf *out)
{
    civil c = civil_of(m->second);
    size_t at = 0;
    piece p;
    int rc = 0;

    while (rc == 0 && next_piece(pattern, len, &at, &p))
        rc = put_piece(&p, m, &c, out);
    return rc;
}
