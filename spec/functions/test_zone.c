/* Time zones against libc's, which reads the same database another way.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <time.h>

#include "functions/zone.h"
#include "tap.h"

static const char *const names[] = {
    "Europe/Berlin",    "America/New_York", "Asia/Kolkata",
    "Australia/Sydney", "Pacific/Apia",     "Asia/Shanghai",
};

static uint64_t seed = 20260101;

static uint64_t next_random(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return seed >> 20;
}

/* An instant from 1975 to 2035, in ms. */
static int64_t random_instant(void)
{
    return INT64_C(157766400000) + (int64_t)(next_random() % 1893456000000u);
}

static void check_offsets(const char *name)
{
    mt_error *err = NULL;
    mt__zone *zone = mt__zone_open(name, &err);
    int i, wrong = 0, wrong_back = 0;

    OK(zone != NULL, "%s opens", name);
    setenv("TZ", name, 1);
    tzset();
    for (i = 0; i < 2000; i++) {
        int64_t ms = random_instant();
        time_t t = (time_t)(ms / 1000);
        struct tm local;
        int64_t offset = mt__zone_offset_ms(zone, ms);
        int64_t back = mt__zone_to_utc_ms(zone, ms + offset);

        localtime_r(&t, &local);
        wrong += offset != (int64_t)local.tm_gmtoff * 1000;
        /* Where clocks show a time twice, the earlier instant is meant. */
        wrong_back +=
            back > ms || mt__zone_offset_ms(zone, back) + back != offset + ms;
    }
    EQ_INT(wrong, 0, "offsets of %s are libc's", name);
    EQ_INT(wrong_back, 0, "local time of %s leads back", name);
    mt__zone_close(zone);
}

static int64_t berlin(int64_t local_ms)
{
    mt__zone *zone = mt__zone_open("Europe/Berlin", NULL);
    int64_t ms = mt__zone_to_utc_ms(zone, local_ms);

    mt__zone_close(zone);
    return ms;
}

static void check_fixed(const char *name, int64_t wanted_ms)
{
    mt_error *err = NULL;
    mt__zone *zone = mt__zone_open(name, &err);

    OK(zone && mt__zone_offset_ms(zone, 0) == wanted_ms &&
           mt__zone_to_utc_ms(zone, 0) == -wanted_ms,
       "'%s' is %lld ms", name, (long long)wanted_ms);
    mt_error_free(err);
    mt__zone_close(zone);
}

static void check_refused(const char *name)
{
    mt_error *err = NULL;
    mt__zone *zone = mt__zone_open(name, &err);

    OK(!zone && mt_error_code(err) == MT_EOPTION, "'%s' is refused", name);
    mt_error_free(err);
    mt__zone_close(zone);
}

int main(void)
{
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        check_offsets(names[i]);
    check_fixed("UTC", 0);
    check_fixed("Z", 0);
    check_fixed("GMT+03:00", 10800000);
    check_fixed("UTC-8", -28800000);
    check_fixed("+0530", 19800000);
    check_refused("");
    check_refused("Europe/Nowhere");
    check_refused("GMT+25");
    check_refused("+5:3");
    /* 2021-03-28 02:30 never was in Berlin: 03:30 stands for it. */
    EQ_INT(berlin(INT64_C(1616898600000)), INT64_C(1616895000000),
           "a time that clocks skip is taken as an hour later");
    /* 2021-10-31 02:30 was twice: the first is meant. */
    EQ_INT(berlin(INT64_C(1635647400000)), INT64_C(1635640200000),
           "a time that clocks show twice is the earlier one");
    return tap_done();
}
