/* Patterns of dates and times.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/time_pattern.h"
#include "tap.h"

static mt__moment moment_of(int64_t year, int32_t month, int32_t day,
                            int64_t nanos)
{
    return (mt__moment){mt__days_of_civil(year, month, day), nanos};
}

static mt__time_pattern *pattern_of(const char *text)
{
    return mt__time_pattern_new(text, strlen(text), NULL);
}

static void writes(const char *text, mt__moment m, const char *wanted)
{
    mt__time_pattern *p = pattern_of(text);
    char out[512];
    size_t len = p ? mt__time_pattern_write(p, m, out) : 0;

    OK(p && len <= mt__time_pattern_max(p), "'%s' says how much it writes",
       text);
    out[len] = '\0';
    EQ_STR(out, wanted, "'%s' is written", text);
    mt__time_pattern_free(p);
}

static bool reads(const char *text, const char *value, mt__moment *m)
{
    mt__time_pattern *p = pattern_of(text);
    bool found = mt__time_pattern_read(p, value, strlen(value), m);

    mt__time_pattern_free(p);
    return found;
}

static void refuses(const char *text, const char *value)
{
    mt__moment m;

    OK(!reads(text, value, &m), "'%s' does not follow '%s'", value, text);
}

static void check_writing(void)
{
    /* 2021-03-04 15:06:07.089012345, a Thursday */
    mt__moment m = moment_of(2021, 3, 4, INT64_C(54367089012345));

    writes("yyyy-MM-dd HH:mm:ss", m, "2021-03-04 15:06:07");
    writes("yy/M/d H:m:s", m, "21/3/4 15:6:7");
    writes("EEE, d MMM yyyy hh:mm a", m, "Thu, 4 Mar 2021 03:06 PM");
    writes("EEEE MMMM D Q", m, "Thursday March 63 1");
    writes("HHmmssSSS", m, "150607089");
    writes("S SSSSSS SSSSSSSSS", m, "0 089012 089012345");
    writes("'o''clock' K k", m, "o'clock 3 15");
    writes("yyyy", moment_of(12021, 1, 1, 0), "12021");
    writes("kk KK hh", moment_of(2021, 1, 1, 0), "24 00 12");
}

static void check_reading(void)
{
    mt__moment m;

    OK(reads("yyyy-MM-dd HH:mm:ss.SSS", "2021-03-04 15:06:07.089", &m) &&
           m.days == mt__days_of_civil(2021, 3, 4) &&
           m.nanos == INT64_C(54367089000000),
       "all parts are read");
    OK(reads("yyyyMMddHHmmss", "20210304150607", &m) &&
           m.nanos == INT64_C(54367000000000),
       "digits need no sign between");
    OK(reads("d MMM yyyy h a", "4 mar 2021 12 am", &m) && m.nanos == 0,
       "names are read in any case, and twelve at night is midnight");
    OK(reads("HH:mm", "10:30", &m) && m.days == 0, "what lacks is 1970");
    OK(reads("yyyy D", "2020 366", &m) &&
           m.days == mt__days_of_civil(2020, 12, 31),
       "a day of the year is read");
    refuses("yyyy-MM-dd", "2021-02-29");
    refuses("yyyy-MM-dd", "2021-3-04");
    refuses("yyyy-MM-dd", "2021-03-04 ");
    refuses("yyyy-MM-dd", "2021-03");
    refuses("yyyy-MM-dd", "");
    refuses("HH", "24");
    refuses("yyyy D", "2021 366");
    refuses("MMM", "Foo");
    OK(reads("y-MM-dd", "292000000-12-31", &m) && mt__moment_millis(m) > 0,
       "the last year whose milliseconds have room is read");
    refuses("y-MM-dd", "292000001-01-01");
    refuses("y-MM-dd", "999999999-01-01");
}

/* What is written is read back, at any moment of the calendar. */
static void check_return(void)
{
    mt__time_pattern *p = pattern_of("uuuu-MM-dd'T'HH:mm:ss.SSSSSSSSS");
    uint64_t seed = 7;
    char out[512];
    int i, wrong = 0;

    for (i = 0; i < 5000; i++) {
        mt__moment back, m;

        seed = seed * 6364136223846793005u + 1442695040888963407u;
        m.days = (int64_t)(seed >> 33) % 2932896;
        m.nanos = (int64_t)(seed % (uint64_t)MT_NANOS_PER_DAY);
        wrong += !mt__time_pattern_read(
                     p, out, mt__time_pattern_write(p, m, out), &back) ||
                 back.days != m.days || back.nanos != m.nanos;
    }
    EQ_INT(wrong, 0, "5000 moments are read back");
    mt__time_pattern_free(p);
}

static void check_refused(const char *text, int code)
{
    mt_error *err = NULL;
    mt__time_pattern *p = mt__time_pattern_new(text, strlen(text), &err);

    OK(!p && mt_error_code(err) == code, "the pattern \"%s\" is refused", text);
    mt_error_free(err);
}

int main(void)
{
    check_writing();
    check_reading();
    check_return();
    check_refused("yyyy 'open", MT_EOPTION);
    check_refused("yyyy-MM-dd z", MT_EUNSUPPORTED);
    check_refused("yyyyyyyyyyyyyyyyyyyyyyyyyyy", MT_EOPTION);
    return tap_done();
}
