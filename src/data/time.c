/* Calendar arithmetic and the physical forms of times.
 *
 * Days and dates are turned into each other with years that begin in March, so
 * that the leap day is a year's last and months have lengths given by a linear
 * formula (Neri and Schneider, "Euclidean affine functions and their
 * application to calendar algorithms"; Hinnant, "chrono-compatible low-level
 * date algorithms").
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/time.h"

#define DAYS_PER_ERA 146097 /* 400 years */
#define DAYS_TO_1970 719468 /* from 0000-03-01 */

const int32_t mt__power10_i32[10] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
};

mt__civil mt__civil_of_days(int64_t days)
{
    int64_t shifted = days + DAYS_TO_1970;
    int64_t era = mt__floor_div(shifted, DAYS_PER_ERA);
    uint32_t n = (uint32_t)(shifted - era * DAYS_PER_ERA);
    uint32_t century, year_of_century, day_of_year;
    uint64_t product;
    uint32_t linear;
    mt__civil c;

    n = 4 * n + 3;
    century = n / DAYS_PER_ERA;
    n = (n % DAYS_PER_ERA) | 3;
    product = (uint64_t)2939745 * n;
    year_of_century = (uint32_t)(product >> 32);
    day_of_year = (uint32_t)((product & UINT32_MAX) / 2939745 / 4);
    linear = 2141 * day_of_year + 197913;
    c.year = era * 400 + 100 * (int64_t)century + year_of_century;
    c.month = (int32_t)(linear >> 16);
    c.day = (int32_t)((linear & 0xffff) / 2141) + 1;
    if (day_of_year >= 306) { /* January and February belong to the next */
        c.year++;
        c.month -= 12;
    }
    return c;
}

int64_t mt__days_of_civil(int64_t year, int32_t month, int32_t day)
{
    int64_t shifted = month <= 2 ? year - 1 : year;
    int64_t era = mt__floor_div(shifted, 400);
    int64_t year_of_era = shifted - era * 400;
    int64_t day_of_year =
        (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 -
           year_of_era / 100 + day_of_year - DAYS_TO_1970;
}

bool mt__civil_exists(int64_t year, int32_t month, int32_t day)
{
    static const uint8_t lengths[12] = {31, 28, 31, 30, 31, 30,
                                        31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (month < 1 || month > 12 || day < 1)
        return false;
    return day <= lengths[month - 1] + (month == 2 && leap);
}

/* `nanos` without the digits past `precision`; it is not negative. */
static int64_t cut_nanos(int64_t nanos, int32_t precision)
{
    return nanos - nanos % mt__power10_i32[9 - precision];
}

int64_t mt__time_get(const mt_type *type, const void *value)
{
    int32_t millis;
    int64_t nanos;

    if (type->width == 4) {
        memcpy(&millis, value, sizeof(millis));
        return (int64_t)millis * 1000000;
    }
    memcpy(&nanos, value, sizeof(nanos));
    return nanos;
}

void mt__time_put(const mt_type *type, int64_t nanos, void *value)
{
    int64_t cut = cut_nanos(nanos, type->precision);
    int32_t millis = (int32_t)(cut / 1000000);

    if (type->width == 4)
        memcpy(value, &millis, sizeof(millis));
    else
        memcpy(value, &cut, sizeof(cut));
}

mt_timestamp9 mt__timestamp_get(const mt_type *type, const void *value)
{
    mt_timestamp9 ts = {0, 0, 0};
    int64_t micros;

    if (mt__type_is_timestamp9(type)) {
        memcpy(&ts, value, sizeof(ts));
        return ts;
    }
    memcpy(&micros, value, sizeof(micros));
    ts.millis = mt__floor_div(micros, 1000);
    ts.nanos_of_milli = (int32_t)mt__floor_mod(micros, 1000) * 1000;
    return ts;
}

bool mt__timestamp_put(const mt_type *type, mt_timestamp9 ts, void *value)
{
    int64_t second = mt__floor_div(ts.millis, 1000);
    int64_t nanos =
        mt__floor_mod(ts.millis, 1000) * 1000000 + ts.nanos_of_milli;
    int64_t micros;

    nanos = cut_nanos(nanos, type->precision);
    if (mt__type_is_timestamp9(type)) {
        /* Cutting stays within the second, so millis cannot overflow. */
        ts.millis = second * 1000 + nanos / 1000000;
        ts.nanos_of_milli = (int32_t)(nanos % 1000000);
        ts.unused = 0;
        memcpy(value, &ts, sizeof(ts));
        return true;
    }
    if (__builtin_mul_overflow(second, INT64_C(1000000), &micros) ||
        __builtin_add_overflow(micros, nanos / 1000, &micros))
        return false;
    memcpy(value, &micros, sizeof(micros));
    return true;
}
