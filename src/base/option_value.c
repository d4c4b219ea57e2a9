/* option_value.c - numbers, durations and sizes as people write them in
 * options. Independent of the locale that the host has set.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strcasestr */
#include "base/options.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <strings.h>

/* A unit with its spellings, and what one of it is in the smallest unit. */
typedef struct unit {
    const char *names; /* separated by blanks, with one at each end */
    int64_t factor;
} unit;

static const unit durations_ns[] = {
    {" ns nano nanos nanosecond nanoseconds ", 1},
    {" us \xC2\xB5s micro micros microsecond microseconds ", 1000},
    {" ms milli millis millisecond milliseconds ", 1000000},
    {" s sec secs second seconds ", 1000000000},
    {" m min minute minutes ", 60 * (int64_t)1000000000},
    {" h hour hours ", 3600 * (int64_t)1000000000},
    {" d day days ", 86400 * (int64_t)1000000000},
    {NULL, 0},
};

static const unit sizes[] = {
    {" b bytes ", 1},
    {" k kb kibibytes ", (int64_t)1 << 10},
    {" m mb mebibytes ", (int64_t)1 << 20},
    {" g gb gibibytes ", (int64_t)1 << 30},
    {" t tb tebibytes ", (int64_t)1 << 40},
    {NULL, 0},
};

static const char *skip_blanks(const char *p)
{
    while (isspace((unsigned char)*p))
        p++;
    return p;
}

/* Reads digits with a sign; *end is what follows. strtoll would also take
 * blanks before the sign, which the callers have skipped. */
static bool read_whole(const char *p, const char **end, int64_t *out)
{
    const char *digits = p + (*p == '-' || *p == '+');
    char *stop;

    if (!isdigit((unsigned char)*digits))
        return false;
    errno = 0;
    *out = strtoll(p, &stop, 10);
    *end = stop;
    return errno == 0;
}

bool mt__read_int(const char *text, int64_t *out)
{
    const char *end;

    return read_whole(skip_blanks(text), &end, out) && !*skip_blanks(end);
}

/* The factor of the unit that `p` names to its end, 0 when it names none. */
static int64_t find_unit(const unit *units, const char *p)
{
    char name[20] = " ";
    size_t len = strlen(p);

    while (len > 0 && isspace((unsigned char)p[len - 1]))
        len--;
    if (len == 0 || len + 3 > sizeof(name) || memchr(p, ' ', len))
        return 0;
    memcpy(name + 1, p, len);
    name[len + 1] = ' ';
    for (; units->names; units++) {
        if (strcasestr(units->names, name))
            return units->factor;
    }
    return 0;
}

bool mt__read_duration(const char *text, int64_t *ms)
{
    const int64_t ns_per_ms = 1000000;
    int64_t number, factor;
    const char *end;

    if (!read_whole(skip_blanks(text), &end, &number))
        return false;
    end = skip_blanks(end);
    factor = *end ? find_unit(durations_ns, end) : ns_per_ms;
    if (factor >= ns_per_ms)
        return !__builtin_mul_overflow(number, factor / ns_per_ms, ms);
    if (factor == 0)
        return false;
    *ms = number / (ns_per_ms / factor) + (number % (ns_per_ms / factor) > 0);
    return true;
}

bool mt_read_duration(const char *text, int64_t *ms)
{
    return mt__read_duration(text, ms);
}

bool mt__read_memory(const char *text, int64_t *bytes)
{
    int64_t number, factor;
    const char *end;

    if (!read_whole(skip_blanks(text), &end, &number))
        return false;
    end = skip_blanks(end);
    factor = *end ? find_unit(sizes, end) : 1;
    return factor && !__builtin_mul_overflow(number, factor, bytes);
}

bool mt__read_double(const char *text, double *out)
{
    const char *p = skip_blanks(text);
    size_t len = strspn(p, "+-.0123456789eE");
    locale_t plain, before;
    char *end;

    /* Leaves out what strtod would take: "inf", "nan" and hexadecimals. */
    if (len == 0 || *skip_blanks(p + len))
        return false;
    plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (!plain)
        return false;
    before = uselocale(plain);
    *out = strtod(p, &end);
    uselocale(before);
    freelocale(plain);
    return end == p + len && *out - *out == 0;
}

bool mt__read_bool(const char *text, bool *out)
{
    *out = strcasecmp(text, "true") == 0;
    return *out || strcasecmp(text, "false") == 0;
}
