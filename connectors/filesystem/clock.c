/* clock.c - time zones from the system's zoneinfo files, and Java's patterns.
 *
 * libc only knows one zone a process, and that is the host's. So the files that
 * it reads are read here: transitions in order, each with the offset from then
 * on, and behind the last one a rule such as "CET-1CEST,M3.5.0,M10.5.0/3".
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 256 << 10, DAY_S = 86400 };

/* The day on which a rule changes the clocks: Mm.w.d, Jn or n. */
typedef struct day_rule {
    char kind; /* 'M', 'J', 'N' */
    int month, week, day;
    int32_t at_s; /* of that day, by the clock before the change */
} day_rule;

struct fs_zone {
    int64_t *times;   /* of transitions, in seconds, ascending */
    int32_t *offsets; /* from then on */
    int32_t len;
    int32_t first; /* offset before the first of them */
    bool ruled;    /* what follows holds behind the last of them */
    bool summer;
    int32_t standard_s;
    int32_t summer_s;
    day_rule begins; /* of summer time */
    day_rule ends;
};

/* ---- days ----------------------------------------------------------- */

/* Days since 1970-01-01 of a date of the Gregorian calendar, and back. Years
 * are counted from March on, so that a leap day ends one. */
static int64_t days_of(int64_t y, int m, int d)
{
    int64_t era, of_era, of_year;

    y -= m <= 2;
    era = (y >= 0 ? y : y - 399) / 400;
    of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    of_era = (y - era * 400) * 365 + (y - era * 400) / 4 -
             (y - era * 400) / 100 + of_year;
    return era * 146097 + of_era - 719468;
}

static void date_of(int64_t days, int64_t *y, int *m, int *d)
{
    int64_t era, of_era, year, of_year, month;

    days += 719468;
    era = (days >= 0 ? days : days - 146096) / 146097;
    of_era = days - era * 146097;
    year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    of_year = of_era - (365 * year + year / 4 - year / 100);
    month = (5 * of_year + 2) / 153;
    *d = (int)(of_year - (153 * month + 2) / 5 + 1);
    *m = (int)(month + (month < 10 ? 3 : -9));
    *y = year + era * 400 + (*m <= 2);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* ---- rules ----------------------------------------------------------- */

/* hh[:mm[:ss]], with a sign; true when there was one. */
static bool take_span(const char **p, int32_t *seconds)
{
    int sign = **p == '-' ? -1 : 1, unit = 3600, part;
    char *end;

    *p += **p == '-' || **p == '+';
    if (!isdigit((unsigned char)**p))
        return false;
    for (*seconds = 0; unit; unit /= 60) {
        part = (int)strtol(*p, &end, 10);
        *seconds += part * unit;
        *p = end;
        if (**p != ':' || !isdigit((unsigned char)(*p)[1]))
            break;
        *p += 1;
    }
    *seconds *= sign;
    return true;
}

/* The name of a zone: letters, or anything within <>. */
static bool skip_name(const char **p)
{
    const char *start = *p;

    if (**p == '<') {
        *p += strcspn(*p, ">");
        *p += **p == '>';
    } else {
        while (isalpha((unsigned char)**p))
            *p += 1;
    }
    return *p > start;
}

static bool take_day(const char **p, day_rule *r)
{
    int used = 0;

    if (*(*p)++ != ',')
        return false;
    r->kind = isdigit((unsigned char)**p) ? 'N' : **p;
    if (r->kind == 'M') {
        if (sscanf(*p, "M%d.%d.%d%n", &r->month, &r->week, &r->day, &used) < 3)
            return false;
    } else if (sscanf(*p + (r->kind == 'J'), "%d%n", &r->day, &used) < 1) {
        return false;
    }
    *p += used + (r->kind == 'J');
    r->at_s = 7200;
    if (**p != '/')
        return true;
    *p += 1;
    return take_span(p, &r->at_s);
}

/* "CET-1CEST,M3.5.0,M10.5.0/3": offsets count westward. */
static bool read_rule(fs_zone *z, const char *p)
{
    if (!skip_name(&p) || !take_span(&p, &z->standard_s))
        return false;
    z->standard_s = -z->standard_s;
    z->ruled = true;
    if (!skip_name(&p))
        return *p == '\0';
    z->summer = true;
    z->summer_s = z->standard_s + 3600;
    if (*p != ',' && take_span(&p, &z->summer_s))
        z->summer_s = -z->summer_s;
    return take_day(&p, &z->begins) && take_day(&p, &z->ends);
}

/* The local second at which a rule's change happens in a year. */
static int64_t change_in(int64_t year, const day_rule *r)
{
    int64_t first = days_of(year, 1, 1), day;
    bool leap = days_of(year, 3, 1) - first == 60;

    if (r->kind == 'M') {
        day = days_of(year, r->month, 1);
        /* 1970-01-01 was a Thursday, day 4. */
        day += (r->day - (int)(((day + 4) % 7 + 7) % 7) + 7) % 7 +
               (r->week - 1) * 7;
        if (day >= days_of(year + r->month / 12, r->month % 12 + 1, 1))
            day -= 7;
    } else {
        day = first + r->day - (r->kind == 'J');
        day += r->kind == 'J' && leap && r->day >= 60;
    }
    return day * DAY_S + r->at_s;
}

static int32_t rule_offset(const fs_zone *z, int64_t utc_s)
{
    int64_t year, begins, ends;
    int m, d;
    bool inside;

    if (!z->summer)
        return z->standard_s;
    date_of(floor_div(utc_s + z->standard_s, DAY_S), &year, &m, &d);
    begins = change_in(year, &z->begins) - z->standard_s;
    ends = change_in(year, &z->ends) - z->summer_s;
    inside = begins < ends ? utc_s >= begins && utc_s < ends
                           : utc_s >= begins || utc_s < ends;
    return inside ? z->summer_s : z->standard_s;
}

/* ---- zoneinfo files ------------------------------------------------------ */

static int64_t big_endian(const uint8_t *p, int bytes)
{
    uint64_t v = p[0] & 0x80 ? UINT64_MAX : 0;

    while (bytes-- > 0)
        v = v << 8 | *p++;
    return (int64_t)v;
}

/* The header's counts, in their order in the file. */
typedef struct counts {
    int64_t utc, standard, leaps, times, types, letters;
} counts;

static bool read_counts(const uint8_t *p, const uint8_t *end, counts *n)
{
    if (end - p < 44 || memcmp(p, "TZif", 4) != 0)
        return false;
    n->utc = big_endian(p + 20, 4);
    n->standard = big_endian(p + 24, 4);
    n->leaps = big_endian(p + 28, 4);
    n->times = big_endian(p + 32, 4);
    n->types = big_endian(p + 36, 4);
    n->letters = big_endian(p + 40, 4);
    return n->types > 0 && (n->utc | n->standard | n->leaps | n->times |
                            n->types | n->letters) >>
                                   20 ==
                               0;
}

static int64_t body_size(const counts *n, int width)
{
    return n->times * (width + 1) + n->types * 6 + n->letters +
           n->leaps * (width + 4) + n->standard + n->utc;
}

/* The second part of the file, whose times have 64 bits. */
static bool read_body(fs_zone *z, const uint8_t *p, const counts *n)
{
    const uint8_t *index = p + n->times * 8, *types = index + n->times;
    int32_t i;

    z->len = (int32_t)n->times;
    z->times = mt_alloc((size_t)z->len * sizeof(*z->times));
    z->offsets = mt_alloc((size_t)z->len * sizeof(*z->offsets));
    if (!z->times || !z->offsets)
        return false;
    z->first = (int32_t)big_endian(types, 4);
    for (i = 0; i < z->len; i++) {
        if (index[i] >= n->types)
            return false;
        z->times[i] = big_endian(p + i * 8, 8);
        z->offsets[i] = (int32_t)big_endian(types + index[i] * 6, 4);
    }
    return true;
}

static bool read_zone(fs_zone *z, const uint8_t *p, const uint8_t *end)
{
    char rule[128] = "";
    size_t len;
    counts n;

    if (!read_counts(p, end, &n) || p[4] < '2' ||
        end - p < 44 + body_size(&n, 4))
        return false;
    p += 44 + body_size(&n, 4);
    if (!read_counts(p, end, &n) || end - p < 44 + body_size(&n, 8) ||
        !read_body(z, p + 44, &n))
        return false;
    p += 44 + body_size(&n, 8);
    if (p < end && *p == '\n')
        p++;
    for (len = 0; p < end && *p != '\n' && len + 1 < sizeof(rule); len++)
        rule[len] = (char)*p++;
    if (rule[0])
        read_rule(z, rule);
    return true;
}

static bool load_zone(fs_zone *z, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *data = mt_alloc(FILE_MAX);
    ssize_t len = fd >= 0 && data ? read(fd, data, FILE_MAX) : -1;
    bool ok = len > 0 && read_zone(z, data, data + len);

    mt_free(data, FILE_MAX);
    if (fd >= 0)
        close(fd);
    return ok;
}

/* ---- zones ----------------------------------------------------------- */

/* "+08:00", "-3", "UTC", "Z", "GMT+8", "UTC+01:30". */
static bool read_offset(const char *name, int32_t *seconds)
{
    const char *p = name;

    *seconds = 0;
    if (strcmp(name, "Z") == 0)
        return true;
    if (strncmp(p, "UTC", 3) == 0 || strncmp(p, "GMT", 3) == 0)
        p += 3;
    if (!*p && p > name)
        return true;
    return (*p == '+' || *p == '-') && take_span(&p, seconds) && !*p &&
           abs(*seconds) <= 18 * 3600;
}

static bool load_named(fs_zone *z, const char *name)
{
    const char *dir = getenv("TZDIR");
    char path[PATH_MAX];

    if (strstr(name, "..") || name[0] == '/')
        return false;
    snprintf(path, sizeof(path), "%s/%s", dir ? dir : "/usr/share/zoneinfo",
             name);
    return load_zone(z, path);
}

/* Without any setting a machine's clock shows UTC. */
static void load_system(fs_zone *z)
{
    const char *name = getenv("TZ");

    if (name && *name == ':')
        name++;
    if (!name)
        load_zone(z, "/etc/localtime");
    else if (*name == '/')
        load_zone(z, name);
    else if (*name && !load_named(z, name))
        read_rule(z, name);
}

fs_zone *fs_zone_open(const char *name, mt_error **err)
{
    fs_zone *z = mt_calloc(sizeof(*z));

    if (!z) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    if (!name) {
        load_system(z);
    } else if (!read_offset(name, &z->first) && !load_named(z, name)) {
        mt_fail(err, MT_EOPTION,
                "no time zone '%s': give 'UTC', an offset such as '+08:00', or "
                "a name such as 'Europe/Berlin' (needs the system's tzdata)",
                name);
        fs_zone_close(z);
        return NULL;
    }
    return z;
}

void fs_zone_close(fs_zone *z)
{
    if (!z)
        return;
    mt_free(z->times, (size_t)z->len * sizeof(*z->times));
    mt_free(z->offsets, (size_t)z->len * sizeof(*z->offsets));
    mt_free(z, sizeof(*z));
}

static int32_t offset_at(const fs_zone *z, int64_t utc_s)
{
    int32_t low = 0, high = z->len;

    if (z->ruled && (!z->len || utc_s >= z->times[z->len - 1]))
        return rule_offset(z, utc_s);
    while (low < high) {
        int32_t mid = low + (high - low) / 2;

        if (z->times[mid] <= utc_s)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? z->offsets[low - 1] : z->first;
}

int64_t fs_zone_local(const fs_zone *z, int64_t utc_ms)
{
    return utc_ms + offset_at(z, floor_div(utc_ms, 1000)) * INT64_C(1000);
}

/* The offset a day before and a day after are the two that can hold. */
int64_t fs_zone_utc(const fs_zone *z, int64_t local_ms)
{
    int64_t s = floor_div(local_ms, 1000);
    int64_t before = offset_at(z, s - DAY_S), after = offset_at(z, s + DAY_S);

    if (offset_at(z, s - before) != before && offset_at(z, s - after) == after)
        before = after;
    return local_ms - before * 1000;
}

/* ---- patterns ----------------------------------------------------------- */

/* The letters that stand for a part, and each letter's part below. */
static const char letters[] = "yuMdHmsS";
enum { YEAR, YEAR_TOO, MONTH, DAY, HOUR, MINUTE, SECOND, FRACTION, PARTS };

/* Takes what comes next of a pattern: a part with its number of letters, or a
 * literal letter (*part is -1, *letter the letter). False at the end. */
static bool next_of(const char **p, bool *quoted, int *part, int *count,
                    char *letter)
{
    const char *at;

    while (**p == '\'') {
        *p += 1;
        if (**p == '\'')
            break; /* two of them stand for one */
        *quoted = !*quoted;
    }
    if (!**p)
        return false;
    at = !*quoted ? strchr(letters, **p) : NULL;
    *letter = **p;
    *part = at ? (int)(at - letters) : -1;
    for (*count = 0; **p == *letter && (at || !*count); *count += 1)
        *p += 1;
    return true;
}

int fs_clock_check(const char *option, const char *pattern, mt_error **err)
{
    bool quoted = false;
    int part, count;
    char letter;

    while (next_of(&pattern, &quoted, &part, &count, &letter)) {
        if ((part < 0 && !quoted && isalpha((unsigned char)letter)) ||
            (part == MONTH && count > 2)) {
            mt_fail(err, MT_EUNSUPPORTED,
                    "not supported yet: '%c%s' in option '%s'; patterns know "
                    "y, M, d, H, m, s, S and 'quoted' letters",
                    letter, part == MONTH ? "MM" : "", option);
            if (err)
                mt_error_set_option(*err, option);
            return MT_EUNSUPPORTED;
        }
    }
    return 0;
}

static void parts_of(int64_t local_ms, int64_t *parts)
{
    int64_t day = floor_div(local_ms, DAY_S * INT64_C(1000)), ms;
    int m, d;

    ms = local_ms - day * DAY_S * 1000;
    date_of(day, &parts[YEAR], &m, &d);
    parts[YEAR_TOO] = parts[YEAR];
    parts[MONTH] = m;
    parts[DAY] = d;
    parts[HOUR] = ms / 3600000;
    parts[MINUTE] = ms / 60000 % 60;
    parts[SECOND] = ms / 1000 % 60;
    parts[FRACTION] = ms % 1000;
}

static int64_t time_of(const int64_t *parts)
{
    return (((days_of(parts[YEAR], (int)parts[MONTH], (int)parts[DAY]) * 24 +
              parts[HOUR]) *
                 60 +
             parts[MINUTE]) *
                60 +
            parts[SECOND]) *
               1000 +
           parts[FRACTION];
}

static int append_part(int part, int count, int64_t value, mt_buf *out)
{
    if (part == FRACTION) {
        for (; count > 3; count--)
            value *= 10;
        for (; count < 3; count++)
            value /= 10;
    } else if (part <= YEAR_TOO && count == 2) {
        value %= 100;
    }
    return mt_buf_printf(out, "%0*lld", count, (long long)value);
}

int fs_clock_text(const char *pattern, int64_t local_ms, mt_buf *out)
{
    int64_t parts[PARTS];
    bool quoted = false;
    int part, count, rc = 0;
    char letter;

    parts_of(local_ms, parts);
    while (rc == 0 && next_of(&pattern, &quoted, &part, &count, &letter))
        rc = part < 0 ? mt_buf_byte(out, (uint8_t)letter)
                      : append_part(part, count, parts[part], out);
    return rc;
}

/* Digits as they stand: exactly so many where several letters ask for it. */
static bool take_part(const char **p, const char *end, int part, int count,
                      int64_t *out)
{
    int most = part == FRACTION   ? count
               : count > 1        ? count
               : part <= YEAR_TOO ? 4
                                  : 2;
    int n = 0;

    *out = 0;
    for (; n < most && *p < end && isdigit((unsigned char)**p); n++)
        *out = *out * 10 + *(*p)++ - '0';
    if (part == FRACTION) {
        for (most = n; most < 3; most++)
            *out *= 10;
        for (; most > 3; most--)
            *out /= 10;
    }
    if (part <= YEAR_TOO && count == 2)
        *out += 2000;
    return n > 0 && (count == 1 || n == count);
}

static bool in_range(const int64_t *parts)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return parts[MONTH] >= 1 && parts[MONTH] <= 12 && parts[DAY] >= 1 &&
           parts[DAY] <= days[parts[MONTH] - 1] && parts[HOUR] < 24 &&
           parts[MINUTE] < 60 && parts[SECOND] < 60;
}

static bool read_pattern(const char *pattern, const char *p, const char *end,
                         int64_t *local_ms)
{
    int64_t parts[PARTS] = {[YEAR] = 1970, [MONTH] = 1, [DAY] = 1};
    bool quoted = false;
    int part, count;
    char letter;

    while (next_of(&pattern, &quoted, &part, &count, &letter)) {
        if (part == YEAR_TOO)
            part = YEAR;
        if (part < 0 ? p == end || *p++ != letter
                     : !take_part(&p, end, part, count, &parts[part]))
            return false;
    }
    if (p != end || !in_range(parts))
        return false;
    *local_ms = time_of(parts);
    return true;
}

bool fs_clock_read(const char *pattern, const char *text, size_t len,
                   int64_t *local_ms)
{
    static const char *const usual[] = {"y-M-d HH:mm:ss", "y-M-d",
                                        "y-M-d HH:mm",    "y-M-d HH:mm:ss.SSS",
                                        "y-M-d'T'HH:mm",  "y-M-d'T'HH:mm:ss"};
    size_t i;

    if (pattern)
        return read_pattern(pattern, text, text + len, local_ms);
    for (i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
        if (read_pattern(usual[i], text, text + len, local_ms))
            return true;
    }
    return false;
}
