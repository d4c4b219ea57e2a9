/* Time zones against the C library, patterns against each other.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "../../../connectors/filesystem/clock.h"

#include <time.h>

#include "tap.h"

static const char *const zones[] = {
    "UTC",           "Europe/Berlin",    "America/New_York", "Asia/Kolkata",
    "Asia/Shanghai", "Australia/Sydney", "America/St_Johns", "Pacific/Apia",
    "Africa/Cairo",  "Asia/Kathmandu",
};

/* What the C library shows of a moment, as ms of the zone's own clock. */
static int64_t libc_local(int64_t utc_ms)
{
    time_t s = (time_t)(utc_ms / 1000);
    struct tm tm;

    localtime_r(&s, &tm);
    return utc_ms + (int64_t)tm.tm_gmtoff * 1000;
}

static void match_libc(const char *name, uint64_t *seed)
{
    mt_error *err = NULL;
    fs_zone *z = fs_zone_open(name, &err), *system;
    int32_t i, bad = 0, lost = 0, other = 0;

    if (!z) {
        NOTE("no zoneinfo: %s", mt_error_message(err));
        mt_error_free(err);
        return;
    }
    setenv("TZ", name, 1);
    tzset();
    system = fs_zone_open(NULL, NULL);
    for (i = 0; i < 2000; i++) {
        /* From 1950 to 2100, in whole seconds. */
        int64_t ms = ((int64_t)tap_below(seed, INT64_C(4700000000)) -
                      INT64_C(600000000)) *
                     1000;
        int64_t local = fs_zone_local(z, ms);

        bad += local != libc_local(ms);
        other += fs_zone_local(system, ms) != local;
        /* Back again: the same moment, or the earlier one of the same hour. */
        lost += fs_zone_local(z, fs_zone_utc(z, local)) != local ||
                fs_zone_utc(z, local) > ms;
    }
    EQ_INT(bad, 0, "%s is as the C library has it", name);
    EQ_INT(lost, 0, "%s: local times lead back", name);
    EQ_INT(other, 0, "%s may be the system's zone", name);
    fs_zone_close(system);
    fs_zone_close(z);
}

static void rules_alone(uint64_t *seed)
{
    static const char *const rules[] = {
        "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0", "<+0330>-3:30",
        "AEST-10AEDT,M10.1.0,M4.1.0/3"};
    fs_zone *z;
    int32_t i, k, bad;

    for (k = 0; k < 4; k++) {
        setenv("TZ", rules[k], 1);
        tzset();
        z = fs_zone_open(NULL, NULL);
        for (i = bad = 0; i < 1000; i++) {
            int64_t ms = (int64_t)tap_below(seed, INT64_C(4000000000)) * 1000;

            bad += fs_zone_local(z, ms) != libc_local(ms);
        }
        EQ_INT(bad, 0, "the rule %s", rules[k]);
        fs_zone_close(z);
    }
}

static void offset_is(const char *name, int64_t seconds)
{
    fs_zone *z = fs_zone_open(name, NULL);

    EQ_INT(z ? fs_zone_local(z, 0) : 1, seconds * 1000, "zone %s", name);
    fs_zone_close(z);
}

static void offsets(void)
{
    mt_error *err = NULL;

    offset_is("Z", 0);
    offset_is("GMT", 0);
    offset_is("+08:00", 8 * 3600);
    offset_is("UTC-3", -3 * 3600);
    offset_is("GMT+05:45", 5 * 3600 + 45 * 60);
    OK(!fs_zone_open("Europe/Nowhere", &err), "an unknown zone is refused");
    HAS_STR(mt_error_message(err), "no time zone 'Europe/Nowhere'",
            "by its name");
    mt_error_free(err);
    OK(!fs_zone_open("../../etc/passwd", NULL), "nor may it be another file");
}

static void writes(const char *pattern, const char *want)
{
    /* 2021-03-04 05:06:07.089 */
    int64_t ms = INT64_C(1614834367089), back;
    mt_buf out = {0};

    fs_clock_text(pattern, ms, &out);
    mt_buf_byte(&out, 0);
    EQ_STR((char *)out.data, want, "written as %s", pattern);
    if (strstr(pattern, "SSS"))
        OK(fs_clock_read(pattern, want, strlen(want), &back) && back == ms,
           "and read back");
    mt_buf_fini(&out);
}

static void reads(const char *pattern, const char *text, int64_t want)
{
    int64_t ms = -1;

    if (!fs_clock_read(pattern, text, strlen(text), &ms))
        ms = -1;
    EQ_INT(ms, want, "'%s' by %s", text, pattern ? pattern : "the usual ways");
}

static void patterns(void)
{
    mt_error *err = NULL;

    writes("yyyy-MM-dd--HH", "2021-03-04--05");
    writes("yyyy-MM-dd HH:mm:ss.SSS", "2021-03-04 05:06:07.089");
    writes("yyMMdd'T'HHmmssSSS", "210304T050607089");
    writes("'year'=yyyy/M/d o''clock", "year=2021/3/4 o'clock");
    reads(NULL, "1970-01-02", 86400000);
    reads(NULL, "1970-1-2 01:00:00", 90000000);
    reads(NULL, "1970-01-01T00:01", 60000);
    reads(NULL, "1970-13-01", -1);
    reads(NULL, "yesterday", -1);
    reads("yyyyMMdd", "19700103", 2 * 86400000);
    reads("yyyyMMdd", "1970010", -1);
    reads("dd/MM/yy HH", "01/01/70 05", INT64_C(3155778000000));
    EQ_INT(fs_clock_check("o", "yyyy-MM-dd'T'HH", NULL), 0, "a good pattern");
    EQ_INT(fs_clock_check("o", "EEE dd", &err), MT_EUNSUPPORTED,
           "not every letter is known");
    HAS_STR(mt_error_message(err), "not supported yet: 'E' in option 'o'",
            "which is said");
    mt_error_free(err);
    EQ_INT(fs_clock_check("o", "MMM", NULL), MT_EUNSUPPORTED,
           "nor are the names of months");
}

int main(void)
{
    uint64_t seed = tap_seed();
    size_t i;

    for (i = 0; i < sizeof(zones) / sizeof(*zones); i++)
        match_libc(zones[i], &seed);
    rules_alone(&seed);
    offsets();
    patterns();
    return tap_done();
}
