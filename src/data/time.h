/* time.h - days, clocks and instants in the proleptic Gregorian calendar.
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_DATA_TIME_H
#define MT_DATA_TIME_H

#include "data/type.h"

#define MT_MILLIS_PER_DAY INT64_C(86400000)
#define MT_NANOS_PER_DAY INT64_C(86400000000000)
#define MT_DAYS_MIN (-719528) /* 0000-01-01 */
#define MT_DAYS_MAX 2932896   /* 9999-12-31 */

typedef struct mt__civil {
    int64_t year;
    int32_t month; /* 1 .. 12 */
    int32_t day;   /* 1 .. 31 */
} mt__civil;

/* Days since 1970-01-01, for any int64 that is a number of days of years
 * between about -5 and 5 hundred million. */
mt__civil mt__civil_of_days(int64_t days);
/* The month and day must exist. */
int64_t mt__days_of_civil(int64_t year, int32_t month, int32_t day);
bool mt__civil_exists(int64_t year, int32_t month, int32_t day);

/* Quotient and remainder such that the remainder is never negative. */
static inline int64_t mt__floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static inline int64_t mt__floor_mod(int64_t a, int64_t b)
{
    int64_t r = a % b;

    return r < 0 ? r + b : r;
}

/* A value of a TIME column as nanoseconds of the day, and back, digits past the
 * type's precision cut. */
int64_t mt__time_get(const mt_type *type, const void *value);
void mt__time_put(const mt_type *type, int64_t nanos, void *value);

/* A value of a TIMESTAMP or TIMESTAMP_LTZ column in the wider of the two forms,
 * and back, digits past the type's precision cut. False when the microseconds
 * of the narrow form cannot hold it. */
mt_timestamp9 mt__timestamp_get(const mt_type *type, const void *value);
bool mt__timestamp_put(const mt_type *type, mt_timestamp9 ts, void *value);

/* 10 to the power of 0 .. 9. */
extern const int32_t mt__power10_i32[10];

#endif
