/* A pattern is compiled to items: a letter and how often it stands there, or a
 * piece of text.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/time_pattern.h"

#include <ctype.h>
#include <strings.h>

#define ITEMS_MAX 64
#define TEXT_MAX 256
/* Milliseconds of a later year have no room in 64 bits. */
#define YEAR_MAX 292000000

typedef struct item {
    char letter; /* 0: text */
    int32_t count;
    int32_t at; /* of text: where in `text`, and its length */
    int32_t len;
} item;

struct mt__time_pattern {
    item items[ITEMS_MAX];
    int32_t items_len;
    char text[TEXT_MAX]; /* of all text items */
    int32_t text_len;
    size_t max;
};

static const char *const months[] = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December",
};
static const char *const weekdays[] = {
    "Monday", "Tuesday",  "Wednesday", "Thursday",
    "Friday", "Saturday", "Sunday",
};
static const char *const halves[] = {"AM", "PM"};

/* ---- compiling ----------------------------------------------------------- */

static int add_text(mt__time_pattern *p, const char *text, size_t len)
{
    item *last = p->items_len ? &p->items[p->items_len - 1] : NULL;

    if ((size_t)p->text_len + len > TEXT_MAX)
        return -1;
    memcpy(p->text + p->text_len, text, len);
    if (!last || last->letter) {
        if (p->items_len == ITEMS_MAX)
            return -1;
        last = &p->items[p->items_len++];
        *last = (item){0, 0, p->text_len, 0};
    }
    last->len += (int32_t)len;
    p->text_len += (int32_t)len;
    p->max += len;
    return 0;
}

static int add_letter(mt__time_pattern *p, char letter, size_t count)
{
    if (p->items_len == ITEMS_MAX || count > 18)
        return -1;
    p->items[p->items_len++] = (item){letter, (int32_t)count, 0, 0};
    /* A year of ten digits, or a name. */
    p->max += count + 12;
    return 0;
}

/* Text in quotes from `at` (behind the quote) on; '' is a quote. Returns where
 * it ends, behind the quote, or 0 where it does not. */
static size_t add_quoted(mt__time_pattern *p, const char *text, size_t len,
                         size_t at)
{
    if (at < len && text[at] == '\'')
        return add_text(p, "'", 1) < 0 ? 0 : at + 1;
    for (; at < len; at++) {
        if (text[at] == '\'' && (at + 1 == len || text[at + 1] != '\''))
            return at + 1;
        if (text[at] == '\'')
            at++;
        if (add_text(p, text + at, 1) < 0)
            return 0;
    }
    return 0;
}

static int compile(mt__time_pattern *p, const char *text, size_t len,
                   mt_error **err)
{
    size_t at = 0, from;

    while (at < len) {
        int rc = 0;

        from = at;
        if (text[at] == '\'') {
            at = add_quoted(p, text, len, at + 1);
            rc = at ? 0 : -1;
        } else if (!isalpha((unsigned char)text[at])) {
            rc = add_text(p, text + at++, 1);
        } else {
            while (at < len && text[at] == text[from])
                at++;
            if (!strchr("yuMLdDQEeaHhKkmsSn", text[from]))
                return mt_fail(err, MT_EUNSUPPORTED,
                               "not supported yet: '%c' in the pattern '%.*s'",
                               text[from], (int)len, text);
            rc = add_letter(p, text[from], at - from);
        }
        if (rc < 0)
            return mt_fail(err, MT_EOPTION,
                           "'%.*s' is no pattern of dates and times: a quote "
                           "is not closed, or it is too long",
                           (int)len, text);
    }
    return 0;
}

mt__time_pattern *mt__time_pattern_new(const char *text, size_t len,
                                       mt_error **err)
{
    mt__time_pattern *p = mt_calloc(sizeof(*p));

    if (!p) {
        mt_fail(err, MT_ENOMEM, "no memory for a pattern");
        return NULL;
    }
    if (compile(p, text, len, err) < 0) {
        mt__time_pattern_free(p);
        return NULL;
    }
    return p;
}

void mt__time_pattern_free(mt__time_pattern *pattern)
{
    mt_free(pattern, sizeof(*pattern));
}

size_t mt__time_pattern_max(const mt__time_pattern *pattern)
{
    return pattern->max;
}

/* ---- writing ----------------------------------------------------------- */

/* At least `width` digits. */
static char *put_number(char *out, int64_t v, int32_t width)
{
    char digits[20];
    int32_t len = 0;

    if (v < 0) {
        *out++ = '-';
        v = -v;
    }
    do {
        digits[len++] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    for (; width > len; width--)
        *out++ = '0';
    while (len)
        *out++ = digits[--len];
    return out;
}

static char *put_name(char *out, const char *name, int32_t count)
{
    size_t len = count == 4 ? strlen(name) : count == 5 ? 1 : 3;

    memcpy(out, name, len);
    return out + len;
}

/* The first `count` digits of the fraction of a second. */
static char *put_fraction(char *out, int64_t nanos, int32_t count)
{
    int32_t i;
    int64_t unit = 100000000;

    for (i = 0; i < count; i++) {
        *out++ = (char)('0' + (unit ? nanos / unit % 10 : 0));
        unit /= 10;
    }
    return out;
}

static int64_t weekday(int64_t days) /* 0 is Monday */
{
    return mt__floor_mod(days + 3, 7);
}

static char *put_date(char *out, const item *it, mt__moment m, mt__civil c)
{
    switch (it->letter) {
    case 'y':
    case 'u':
        if (it->count == 2)
            return put_number(out, mt__floor_mod(c.year, 100), 2);
        return put_number(out, c.year, it->count);
    case 'M':
    case 'L':
        if (it->count > 2)
            return put_name(out, months[c.month - 1], it->count);
        return put_number(out, c.month, it->count);
    case 'd':
        return put_number(out, c.day, it->count);
    case 'D':
        return put_number(out, m.days - mt__days_of_civil(c.year, 1, 1) + 1,
                          it->count);
    case 'Q':
        return put_number(out, (c.month - 1) / 3 + 1, it->count);
    case 'E':
        return put_name(out, weekdays[weekday(m.days)], it->count);
    default: /* e: 1 is Sunday */
        return put_number(out, mt__floor_mod(m.days + 4, 7) + 1, it->count);
    }
}

static char *put_time(char *out, const item *it, int64_t nanos)
{
    int64_t second = nanos / 1000000000, hour = second / 3600;

    switch (it->letter) {
    case 'a':
        memcpy(out, halves[hour / 12], 2);
        return out + 2;
    case 'H':
        return put_number(out, hour, it->count);
    case 'k':
        return put_number(out, hour ? hour : 24, it->count);
    case 'K':
        return put_number(out, hour % 12, it->count);
    case 'h':
        return put_number(out, hour % 12 ? hour % 12 : 12, it->count);
    case 'm':
        return put_number(out, second / 60 % 60, it->count);
    case 's':
        return put_number(out, second % 60, it->count);
    case 'S':
        return put_fraction(out, nanos % 1000000000, it->count);
    default: /* n */
        return put_number(out, nanos % 1000000000, it->count);
    }
}

size_t mt__time_pattern_write(const mt__time_pattern *p, mt__moment m,
                              char *out)
{
    mt__civil c = mt__civil_of_days(m.days);
    char *at = out;
    int32_t i;

    for (i = 0; i < p->items_len; i++) {
        const item *it = &p->items[i];

        if (!it->letter) {
            memcpy(at, p->text + it->at, (size_t)it->len);
            at += it->len;
        } else if (strchr("yuMLdDQEe", it->letter)) {
            at = put_date(at, it, m, c);
        } else {
            at = put_time(at, it, m.nanos);
        }
    }
    return (size_t)(at - out);
}

/* ---- reading ----------------------------------------------------------- */

typedef struct reading {
    const char *at;
    const char *end;
    int64_t year;
    int32_t month;
    int32_t day;
    int32_t day_of_year; /* 0: not given */
    int32_t hour;
    int32_t half; /* 0 AM, 1 PM, -1 not given */
    bool twelve;  /* the hour is of twelve */
    int32_t minute;
    int32_t second;
    int32_t nanos;
} reading;

/* A number of `least` to `most` digits. */
static bool take_number(reading *r, int32_t least, int32_t most, int64_t *out)
{
    int32_t len = 0;

    *out = 0;
    while (r->at < r->end && len < most && isdigit((unsigned char)*r->at)) {
        *out = *out * 10 + (*r->at++ - '0');
        len++;
    }
    return len >= least;
}

/* How many digits the number of an item may have: with one letter, any; with
 * more, just so many, since the next may follow without a sign between. A year
 * of four letters may be longer where no digit has to follow. */
static bool take_item_number(reading *r, const item *it, bool packed,
                             int64_t *out)
{
    bool year = it->letter == 'y' || it->letter == 'u';
    int32_t most = it->count;

    if (it->count == 1)
        return take_number(r, 1, packed ? 1 : 18, out);
    if (year && it->count > 2 && !packed)
        most = 9;
    return take_number(r, it->count, most, out);
}

static bool take_name(reading *r, const char *const *names, int32_t len,
                      bool whole, int32_t *out)
{
    int32_t i;

    for (i = 0; i < len; i++) {
        size_t size = strlen(names[i]);

        if (!whole && size > 3)
            size = 3;
        if ((size_t)(r->end - r->at) >= size &&
            strncasecmp(r->at, names[i], size) == 0) {
            r->at += size;
            *out = i;
            return true;
        }
    }
    return false;
}

static bool take_fraction(reading *r, int32_t count)
{
    int64_t unit = 100000000, nanos = 0;
    int32_t i;

    for (i = 0; i < count; i++) {
        if (r->at == r->end || !isdigit((unsigned char)*r->at))
            return false;
        nanos += unit * (*r->at++ - '0');
        unit /= 10;
    }
    r->nanos = (int32_t)nanos;
    return true;
}

/* An hour of twelve: 'h' counts from 1, 'K' from 0. */
static bool keep_half_hour(reading *r, char letter, int64_t v)
{
    r->hour = (int32_t)v % 12;
    r->twelve = true;
    return letter == 'K' ? v <= 11 : v >= 1 && v <= 12;
}

static bool keep_number(reading *r, const item *it, int64_t v)
{
    if (v > 999999999)
        return false;
    switch (it->letter) {
    case 'y':
    case 'u':
        r->year = it->count == 2 ? 2000 + v : v;
        return r->year <= YEAR_MAX;
    case 'M':
    case 'L':
        r->month = (int32_t)v;
        return v >= 1 && v <= 12;
    case 'd':
        r->day = (int32_t)v;
        return v >= 1 && v <= 31;
    case 'D':
        r->day_of_year = (int32_t)v;
        return v >= 1 && v <= 366;
    case 'H':
        r->hour = (int32_t)v;
        return v <= 23;
    case 'k':
        r->hour = (int32_t)v % 24;
        return v >= 1 && v <= 24;
    case 'K':
    case 'h':
        return keep_half_hour(r, it->letter, v);
    case 'm':
        r->minute = (int32_t)v;
        return v <= 59;
    case 's':
        r->second = (int32_t)v;
        return v <= 59;
    case 'n':
        r->nanos = (int32_t)v;
        return true;
    default: /* quarter, weekday: implied by the rest */
        return true;
    }
}

static bool take_text(reading *r, const char *text, int32_t len)
{
    if (r->end - r->at < len || memcmp(r->at, text, (size_t)len) != 0)
        return false;
    r->at += len;
    return true;
}

static bool take_item(reading *r, const mt__time_pattern *p, int32_t i)
{
    const item *it = &p->items[i];
    bool packed = i + 1 < p->items_len && p->items[i + 1].letter &&
                  !strchr("aE", p->items[i + 1].letter);
    int32_t name;
    int64_t v;

    switch (it->letter) {
    case '\0':
        return take_text(r, p->text + it->at, it->len);
    case 'M':
    case 'L':
        if (it->count < 3)
            break;
        if (!take_name(r, months, 12, it->count == 4, &name))
            return false;
        r->month = name + 1;
        return true;
    case 'E':
        return take_name(r, weekdays, 7, it->count == 4, &name);
    case 'a':
        return take_name(r, halves, 2, true, &r->half);
    case 'S':
        return take_fraction(r, it->count);
    default:
        break;
    }
    return take_item_number(r, it, packed, &v) && keep_number(r, it, v);
}

static bool date_of(const reading *r, int64_t *days)
{
    if (r->day_of_year) {
        *days = mt__days_of_civil(r->year, 1, 1) + r->day_of_year - 1;
        return mt__civil_of_days(*days).year == r->year;
    }
    if (!mt__civil_exists(r->year, r->month, r->day))
        return false;
    *days = mt__days_of_civil(r->year, r->month, r->day);
    return true;
}

bool mt__time_pattern_read(const mt__time_pattern *p, const char *text,
                           size_t len, mt__moment *m)
{
    reading r = {.at = text,
                 .end = text + len,
                 .year = 1970,
                 .month = 1,
                 .day = 1,
                 .half = -1};
    int32_t i;

    for (i = 0; i < p->items_len; i++)
        if (!take_item(&r, p, i))
            return false;
    if (r.at != r.end || !date_of(&r, &m->days))
        return false;
    if (r.twelve && r.half == 1)
        r.hour += 12;
    m->nanos = ((r.hour * 60 + r.minute) * INT64_C(60) + r.second) *
                   INT64_C(1000000000) +
               r.nanos;
    return true;
}
