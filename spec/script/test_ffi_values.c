/* test_ffi_values.c - decimals, dates and times as Lua makes and prints them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/ffi_values.h"

#include "tap.h"

static uint64_t state;

static int64_t random_below(int64_t limit)
{
    return (int64_t)tap_below(&state, (uint64_t)limit);
}

/* ---- decimals ----------------------------------------------------------- */

/* A text of at most 38 digits, no leading zero but the one before the point. */
static size_t random_decimal(char *out)
{
    int whole = (int)random_below(20), scale = (int)random_below(19), i;
    size_t len = 0;

    if (random_below(2))
        out[len++] = '-';
    out[len++] = (char)('1' + random_below(9));
    for (i = 1; i < whole; i++)
        out[len++] = (char)('0' + random_below(10));
    if (scale > 0)
        out[len++] = '.';
    for (i = 0; i < scale; i++)
        out[len++] = (char)('0' + random_below(10));
    return len;
}

static void test_decimal_round_trip(void)
{
    int i, same = 0, negated = 0;

    for (i = 0; i < 2000; i++) {
        char text[64], copy[64];
        size_t len = random_decimal(text);
        mt_ffi_decimal d, e;

        if (!mt_ffi_decimal_read(text, len, 0, 0, &d))
            continue;
        same += mt_ffi_decimal_text(&d, copy) == len &&
                memcmp(text, copy, len) == 0;
        mt_ffi_decimal_negate(&d, &e);
        mt_ffi_decimal_negate(&e, &e);
        negated += mt_ffi_decimal_compare(&d, &e) == 0;
    }
    EQ_INT(same, 2000, "a decimal prints the digits that it was given");
    EQ_INT(negated, 2000, "a number is its negative's negative");
}

static bool refuses_decimal(const char *text)
{
    mt_ffi_decimal d = {7, 7, 7, 7};

    return !mt_ffi_decimal_read(text, strlen(text), 0, 0, &d) && d.lo == 7 &&
           d.precision == 7;
}

static void test_decimal_limits(void)
{
    mt_ffi_decimal a, b;

    OK(refuses_decimal(""), "nothing is no decimal");
    OK(refuses_decimal("."), "a point is no decimal");
    OK(refuses_decimal("1e"), "an exponent needs digits");
    OK(refuses_decimal("1.2.3"), "two points are one too many");
    OK(refuses_decimal("123456789012345678901234567890123456789"),
       "39 digits are one too many");
    OK(refuses_decimal("1e38"), "an exponent counts as digits");
    OK(refuses_decimal("1e-99999999999"), "a huge exponent does not wrap");
    OK(!mt_ffi_decimal_from_f64(0.0 / 0.0, &a), "NaN is no decimal");
    OK(!mt_ffi_decimal_from_f64(1e300, &a), "1e300 has too many digits");
    mt_ffi_decimal_read("1", 1, 0, 0, &a);
    mt_ffi_decimal_read("0.00", 4, 0, 0, &b);
    OK(!mt_ffi_decimal_calculate(3, &a, &b, &b), "nothing divides by zero");
    OK(!mt_ffi_decimal_rescale(&a, 39, 0, &b), "no precision above 38");
    OK(!mt_ffi_decimal_rescale(&a, 5, 6, &b), "no scale above the precision");
    OK(!mt_ffi_decimal_rescale(&a, 5, -1, &b), "no scale below 0");
}

static void test_decimal_from_numbers(void)
{
    int i, exact = 0;
    char text[64];
    mt_ffi_decimal d;

    for (i = 0; i < 2000; i++) {
        double v = (double)random_below(2000000) / 1000 - 1000;

        exact +=
            mt_ffi_decimal_from_f64(v, &d) && mt_ffi_decimal_to_f64(&d) == v;
    }
    EQ_INT(exact, 2000, "a number survives as a decimal");
    mt_ffi_decimal_from_i64(INT64_MIN, &d);
    text[mt_ffi_decimal_text(&d, text)] = '\0';
    EQ_STR(text, "-9223372036854775808", "so does the least integer");
    mt_ffi_decimal_from_f64(1e21, &d);
    text[mt_ffi_decimal_text(&d, text)] = '\0';
    EQ_STR(text, "1000000000000000000000", "an exponent becomes zeros");
}

/* ---- dates and times ----------------------------------------------------- */

static void test_dates(void)
{
    int32_t days, split[3];
    int same = 0, total = 0;
    mt_ffi_date d;

    for (days = -719528; days <= 2932896; days += 97) {
        char text[64];
        size_t len;
        mt_ffi_date in = {days};

        mt_ffi_date_split(days, split);
        len = mt_ffi_date_text(&in, text);
        total++;
        same += mt_ffi_date_make(split[0], split[1], split[2], &d) &&
                d.days == days && mt_ffi_date_read(text, len, &d) &&
                d.days == days;
    }
    EQ_INT(same, total, "parts and text of a day give the day back");
    OK(!mt_ffi_date_make(2021, 2, 29, &d), "2021 has no 29th of February");
    OK(!mt_ffi_date_make(10000, 1, 1, &d), "years end with 9999");
    OK(!mt_ffi_date_make(-1, 1, 1, &d), "years begin with 0");
    OK(!mt_ffi_date_read("2020-1-1", 8, &d), "a date has two-digit parts");
}

/* Nanoseconds that `precision` digits can say. */
static int32_t random_nanos(int precision)
{
    int32_t unit = 1;
    int i;

    for (i = precision; i < 9; i++)
        unit *= 10;
    return (int32_t)random_below(1000000000 / unit) * unit;
}

static void test_times(void)
{
    int i, same = 0;

    for (i = 0; i < 2000; i++) {
        int precision = (int)random_below(10);
        mt_ffi_time t = {0, precision, 0}, copy;
        char text[64];

        t.nanos = random_below(86400) * 1000000000 + random_nanos(precision);
        same += mt_ffi_time_read(text, mt_ffi_time_text(&t, text), &copy) &&
                copy.nanos == t.nanos && copy.precision == precision;
    }
    EQ_INT(same, 2000, "a time of day gives itself back as text");
}

static void test_timestamps(void)
{
    int i, same = 0;
    mt_ffi_timestamp t;

    for (i = 0; i < 2000; i++) {
        int precision = (int)random_below(10);
        int32_t nanos = random_nanos(precision);
        int64_t seconds = random_below(INT64_C(315000000000)) - 62000000000;
        char text[64];
        mt_ffi_timestamp copy;

        t.millis = seconds * 1000 + nanos / 1000000;
        t.nanos = nanos % 1000000;
        t.precision = (int16_t)precision;
        t.zoned = (int16_t)random_below(2);
        same += mt_ffi_timestamp_read(text, mt_ffi_timestamp_text(&t, text),
                                      &copy) &&
                memcmp(&copy, &t, sizeof(t)) == 0;
    }
    EQ_INT(same, 2000, "a timestamp gives itself back as text");
    OK(mt_ffi_timestamp_read("2020-01-01", 10, &t) &&
           t.millis == INT64_C(1577836800000) && t.precision == 0,
       "a date is its midnight");
    OK(mt_ffi_timestamp_read("2020-01-01T00:00:00.5Z", 22, &t) && t.zoned &&
           t.millis == INT64_C(1577836800500) && t.precision == 1,
       "ISO's letters are understood");
    OK(!mt_ffi_timestamp_read("", 0, &t), "nothing is no timestamp");
    OK(!mt_ffi_timestamp_read("Z", 1, &t), "nor is a zone alone");
    OK(!mt_ffi_timestamp_read("2020-01-01 25:00:00", 19, &t),
       "a day has 24 hours");
}

int main(void)
{
    state = tap_seed();
    test_decimal_round_trip();
    test_decimal_limits();
    test_decimal_from_numbers();
    test_dates();
    test_times();
    test_timestamps();
    return tap_done();
}
