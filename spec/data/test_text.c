/* Texts of numbers, dates and values, and their reading.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/text.h"

#include <inttypes.h>
#include <math.h>

#include "random_data.h"

static const char *f64_text(double v)
{
    static char text[MT_TEXT_MAX + 1];

    text[mt_text_f64(text, v)] = 0;
    return text;
}

static void test_doubles(uint64_t *rng)
{
    static const struct {
        double v;
        const char *text;
    } known[] = {
        {0, "0.0"},
        {-0.0, "-0.0"},
        {1, "1.0"},
        {100, "100.0"},
        {0.1, "0.1"},
        {9999999, "9999999.0"},
        {1e7, "1.0E7"},
        {12345678.9, "1.23456789E7"},
        {0.001, "0.001"},
        {0.00123, "0.00123"},
        {0.000999, "9.99E-4"},
        {1e10, "1.0E10"},
        {1e-5, "1.0E-5"},
        {123456.789, "123456.789"},
        {1.7976931348623157e308, "1.7976931348623157E308"},
        {INFINITY, "Infinity"},
        {-INFINITY, "-Infinity"},
        {NAN, "NaN"},
        {1e21, "1.0E21"},
        {5e-324, "5.0E-324"},
    };
    const int rounds = 200000;
    char text[MT_TEXT_MAX];
    int good = 0, good32 = 0, i;

    for (i = 0; i < (int)(sizeof(known) / sizeof(*known)); i++)
        OK(strcmp(f64_text(known[i].v), known[i].text) == 0, "writes %s",
           known[i].text);
    for (i = 0; i < rounds; i++) {
        uint64_t bits = tap_random(rng);
        uint32_t bits32 = (uint32_t)bits;
        double v, back = 0;
        float v32, back32 = 0;
        size_t len;

        memcpy(&v, &bits, sizeof(v));
        memcpy(&v32, &bits32, sizeof(v32));
        if (i % 2) {
            v = (double)random_integer(rng, 60) / 100;
            v32 = (float)v;
        }
        len = mt_text_f64(text, v);
        good += len < MT_TEXT_MAX && mt_read_f64(text, len, &back) &&
                (memcmp(&v, &back, sizeof(v)) == 0 || v != v);
        len = mt_text_f32(text, v32);
        good32 += mt__read_f32(text, len, &back32) &&
                  (memcmp(&v32, &back32, sizeof(v32)) == 0 || v32 != v32);
    }
    EQ_INT(good, rounds, "doubles read back as themselves");
    EQ_INT(good32, rounds, "and floats");
}

/* What mt_read_f64 takes, compared with strtod. */
static void test_read_doubles(uint64_t *rng)
{
    static const char alphabet[] = "0123456789.eE+-";
    static const char *const refused[] = {
        "",    ".",  "-",  "e5",    "1e",  "1e+", "0x10", "inf",
        "nan", "1 ", " 1", "1.2.3", "--1", "+-1", "1e999"};
    int i, good = 0, taken = 0;
    double v;

    for (i = 0; i < (int)(sizeof(refused) / sizeof(*refused)); i++)
        OK(!mt_read_f64(refused[i], strlen(refused[i]), &v), "refuses '%s'",
           refused[i]);
    OK(mt_read_f64("1e-999", 6, &v) && v == 0, "what is too small is 0");
    for (i = 0; i < 100000; i++) {
        char text[16];
        size_t len = 1 + tap_below(rng, 8), k;
        char *end;
        double want;
        bool number, same;

        for (k = 0; k < len; k++)
            text[k] = alphabet[tap_below(rng, sizeof(alphabet) - 1)];
        text[len] = 0;
        want = strtod(text, &end);
        number = *end == 0 && isfinite(want);
        same = mt_read_f64(text, len, &v) == number && (!number || v == want);
        if (!same)
            NOTE("%s", text);
        good += same;
        taken += number;
    }
    EQ_INT(good, 100000, "reads what strtod does");
    OK(taken > 1000, "of which some are numbers");
}

static void test_integers(uint64_t *rng)
{
    static const int64_t edges[] = {0,   9,         10,        99,
                                    100, INT64_MAX, INT64_MIN, -1,
                                    -10, 999999999, 1000000000};
    static const char *const refused[] = {"",
                                          "-",
                                          "+",
                                          "1.",
                                          "1a",
                                          " 1",
                                          "9223372036854775808",
                                          "-9223372036854775809",
                                          "99999999999999999999"};
    int i, good = 0;
    char want[MT_TEXT_MAX], got[MT_TEXT_MAX];
    int64_t back;

    for (i = 0; i < 100000; i++) {
        int64_t v = i < 11 ? edges[i] : random_integer(rng, 64);
        size_t len = mt_text_i64(got, v);

        snprintf(want, sizeof(want), "%" PRId64, v);
        good += len == strlen(want) && memcmp(got, want, len) == 0 &&
                mt_read_i64(got, len, &back) && back == v;
    }
    EQ_INT(good, 100000, "whole numbers are as printf writes them, and back");
    for (i = 0; i < 9; i++)
        OK(!mt_read_i64(refused[i], strlen(refused[i]), &back), "refuses '%s'",
           refused[i]);
    OK(mt_read_i64("+00012", 6, &back) && back == 12, "takes a plus and zeros");
}

/* Every day of ten thousand years, by counting. */
static void test_days(void)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30,
                                  31, 31, 30, 31, 30, 31};
    int32_t days = MT_DAYS_MIN, back;
    int year, month, day, good = 0, all = 0;
    char want[40], got[MT_TEXT_MAX];

    for (year = 0; year <= 9999; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        for (month = 1; month <= 12; month++) {
            int len = lengths[month - 1] + (leap && month == 2);

            for (day = 1; day <= len; day++, days++, all++) {
                mt__civil c = mt__civil_of_days(days);

                good += c.year == year && c.month == month && c.day == day &&
                        mt__days_of_civil(year, month, day) == days;
                if (day != 1 && day != len)
                    continue;
                snprintf(want, sizeof(want), "%04d-%02d-%02d", year, month,
                         day);
                good -= mt_text_date(got, days) != 10 ||
                        memcmp(got, want, 10) != 0 ||
                        !mt_read_date(want, 10, &back) || back != days;
            }
            good -= mt__civil_exists(year, month, len + 1);
        }
    }
    EQ_INT(good, all, "every day of the years 0000 to 9999");
    EQ_INT(days - 1, MT_DAYS_MAX, "up to the last");
    for (days = -2000000000; days < 2000000000; days += 1234567) {
        mt__civil c = mt__civil_of_days(days);

        good -= mt__days_of_civil(c.year, c.month, c.day) != days;
    }
    EQ_INT(good, all, "and days far outside");
}

static void test_dates(void)
{
    static const char *const refused[] = {"2020-02-30",
                                          "2021-02-29",
                                          "1900-02-29",
                                          "2020-13-01",
                                          "2020-00-01",
                                          "2020-1-1",
                                          "20-01-01",
                                          "2020-01-01 ",
                                          "2020/01/01",
                                          "12020-01-01",
                                          ""};
    char text[MT_TEXT_MAX];
    int32_t days;
    size_t i;

    for (i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        OK(!mt_read_date(refused[i], strlen(refused[i]), &days), "refuses '%s'",
           refused[i]);
    text[mt_text_date(text, MT_DAYS_MAX + 1)] = 0;
    EQ_STR(text, "+10000-01-01", "later years have a sign, as in Java");
    text[mt_text_date(text, MT_DAYS_MIN - 1)] = 0;
    EQ_STR(text, "-0001-12-31", "and earlier ones");
}

static const char *timestamp_text(const char *type_text, const char *from,
                                  char sep, bool zulu)
{
    static char text[MT_TEXT_MAX + 1];
    mt_type *type = parse_type(type_text);
    mt_timestamp9 value = {0, 0, 0};

    if (!mt_read_timestamp(from, strlen(from), type, sep, zulu, &value))
        strcpy(text, "refused");
    else
        text[mt_text_timestamp(text, type, &value, sep)] = 0;
    mt_type_unref(type);
    return text;
}

static void test_timestamps(uint64_t *rng)
{
    int i, good = 0;

    EQ_STR(timestamp_text("TIMESTAMP(3)", "2020-01-01 00:00:01.5", ' ', false),
           "2020-01-01 00:00:01.500", "milliseconds");
    EQ_STR(timestamp_text("TIMESTAMP(0)", "2020-01-01 00:00:01.9", ' ', false),
           "2020-01-01 00:00:01", "digits past the precision are cut");
    EQ_STR(
        timestamp_text("TIMESTAMP(3)", "1969-12-31T23:59:59.9999", 'T', false),
        "1969-12-31T23:59:59.999", "also before 1970");
    EQ_STR(timestamp_text("TIMESTAMP(9)", "0000-01-01T00:00:00.000000001Z", 'T',
                          true),
           "0000-01-01T00:00:00.000000001", "nanoseconds of the year 0000");
    EQ_STR(timestamp_text("TIMESTAMP(9)", "9999-12-31 23:59", ' ', false),
           "9999-12-31 23:59:00.000000000", "seconds may be left off");
    EQ_STR(timestamp_text("TIMESTAMP(3)", "2020-01-01T00:00:01Z", 'T', false),
           "refused", "a Z only where it is asked for");
    EQ_STR(timestamp_text("TIMESTAMP(3)", "2020-01-01T00:00:01", 'T', true),
           "refused", "and then always");
    EQ_STR(timestamp_text("TIMESTAMP(3)", "2020-01-01 24:00:00", ' ', false),
           "refused", "no hour 24");
    EQ_STR(timestamp_text("TIMESTAMP(3)", "2020-01-01 00:00:00.", ' ', false),
           "refused", "no point without digits");
    for (i = 0; i < 20000; i++) {
        mt_type *type = mt_type_new(MT_TIMESTAMP, true, 0,
                                    (int32_t)tap_below(rng, 10), 0, NULL);
        mt_timestamp9 v = {0, 0, 0}, back = {0, 0, 0};
        char text[MT_TEXT_MAX];
        size_t len;

        mt__timestamp_put(type, random_instant(rng), &v);
        len = mt_text_timestamp(text, type, &v, 'T');
        good += mt_read_timestamp(text, len, type, 'T', false, &back) &&
                memcmp(&v, &back, sizeof(v)) == 0;
        mt_type_unref(type);
    }
    EQ_INT(good, 20000, "timestamps of all precisions read back");
}

static void test_times(uint64_t *rng)
{
    static const char *const refused[] = {
        "",      "12",       "1:2",       "24:00",
        "12:60", "12:00:60", "12:00:00.", "12:00:00.1234567890",
        "12:00 "};
    mt_type *type = parse_type("TIME(6)");
    int64_t v;
    size_t i;
    int good = 0;

    for (i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        OK(!mt_read_time(refused[i], strlen(refused[i]), type, &v),
           "refuses '%s'", refused[i]);
    mt_type_unref(type);
    for (i = 0; i < 20000; i++) {
        char text[MT_TEXT_MAX];
        int64_t back = 0;
        size_t len;

        type =
            mt_type_new(MT_TIME, true, 0, (int32_t)tap_below(rng, 10), 0, NULL);
        v = 0;
        mt__time_put(type, (int64_t)tap_below(rng, MT_NANOS_PER_DAY), &v);
        len = mt_text_time(text, type, &v);
        good += mt_read_time(text, len, type, &back) && back == v;
        mt_type_unref(type);
    }
    EQ_INT(good, 20000, "times of all precisions read back");
}

/* ---- values as print shows them ------------------------------------------ */

/* A batch of one column and one row, made by `put`. */
static char *printed(const char *type_text, int64_t a, const char *bytes)
{
    static char text[256];
    mt_type *type = parse_type(type_text);
    mt_builder *b = mt_builder_new(type, 1, NULL);
    mt_column_builder *c = &b->columns[0];
    mt_timestamp9 ts = {a / 1000000, (int32_t)(a % 1000000), 0};
    mt_batch *batch = NULL;
    mt_buf out = {0};

    if (type->form == MT_FORM_VAR)
        mt_put_bytes(c, bytes, strlen(bytes));
    else if (type->width == 16)
        mt_put_timestamp9(c, ts);
    else if (type->width == 8)
        mt_put_i64(c, a);
    else
        mt_put_i32(c, (int32_t)a);
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    mt_text_value(type, &batch->columns[0], 0, &out);
    snprintf(text, sizeof(text), "%.*s", (int)out.len, (char *)out.data);
    mt_buf_fini(&out);
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_type_unref(type);
    return text;
}

static void test_printed(void)
{
    EQ_STR(printed("TIMESTAMP(3)", 1577836801500000, NULL),
           "2020-01-01T00:00:01.500", "LocalDateTime");
    EQ_STR(printed("TIMESTAMP(3)", 1577836800000000, NULL), "2020-01-01T00:00",
           "without seconds when they are zero");
    EQ_STR(printed("TIMESTAMP(6)", 1577836800000100, NULL),
           "2020-01-01T00:00:00.000100", "with microseconds");
    EQ_STR(printed("TIMESTAMP(9)", 1500000001, NULL),
           "1970-01-01T00:00:01.500000001", "with nanoseconds");
    EQ_STR(printed("TIMESTAMP_LTZ(3)", 1577836800000000, NULL),
           "2020-01-01T00:00:00Z", "Instant");
    EQ_STR(printed("TIME(0)", 43201000, NULL), "12:00:01", "LocalTime");
    EQ_STR(printed("TIME(0)", 43200000, NULL), "12:00", "of a full minute");
    EQ_STR(printed("TIME(9)", 43200000000001, NULL), "12:00:00.000000001",
           "of nanoseconds");
    EQ_STR(printed("DATE", 0, NULL), "1970-01-01", "LocalDate");
    EQ_STR(printed("INTERVAL YEAR TO MONTH", 18, NULL), "P1Y6M", "Period");
    EQ_STR(printed("INTERVAL YEAR TO MONTH", -13, NULL), "P-1Y-1M",
           "of the past");
    EQ_STR(printed("INTERVAL DAY TO SECOND", 93901500, NULL), "PT26H5M1.5S",
           "Duration");
    EQ_STR(printed("INTERVAL DAY TO SECOND", -500, NULL), "PT-0.5S",
           "of the past");
    EQ_STR(printed("INTERVAL DAY TO SECOND", 0, NULL), "PT0S", "of nothing");
    EQ_STR(printed("BYTES", 0, "\x01\xff"), "[1, -1]", "bytes");
    EQ_STR(printed("STRING", 0, "a b"), "a b", "text is bare");
}

/* Intervals come back from the texts that SQL shows, and from no others. */
static void test_intervals(uint64_t *rng)
{
    static const char *const bad[] = {"",           "1-06",
                                      "+1-12",      "+-06",
                                      "+1-06 ",     "+1 24:00:00.000",
                                      "+1 1:00:00", "+99999999999999999999-01"};
    char text[MT_TEXT_MAX];
    int32_t months;
    int64_t millis;
    size_t i, wrong = 0;

    for (i = 0; i < 2000; i++) {
        int32_t m = (int32_t)(tap_random(rng) >> 36) - (1 << 27);
        int64_t ms = (int64_t)(tap_random(rng) >> 14) - (INT64_C(1) << 49);

        wrong += !mt__scan_months(text, mt__text_months(text, m), &months) ||
                 months != m;
        wrong += !mt__scan_millis(text, mt__text_millis(text, ms), &millis) ||
                 millis != ms;
    }
    EQ_INT(wrong, 0, "intervals read back");
    for (i = 0, wrong = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        wrong += mt__scan_months(bad[i], strlen(bad[i]), &months) ||
                 mt__scan_millis(bad[i], strlen(bad[i]), &millis);
    EQ_INT(wrong, 0, "other texts are no intervals");
}

int main(void)
{
    uint64_t rng = tap_seed();
    int64_t live = live_blocks();

    test_doubles(&rng);
    test_read_doubles(&rng);
    test_integers(&rng);
    test_days();
    test_dates();
    test_timestamps(&rng);
    test_times(&rng);
    test_printed();
    test_intervals(&rng);
    EQ_INT(live_blocks(), live, "nothing is left");
    return tap_done();
}
