/* temporal.h - moments: what functions of dates and times calculate with.
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTIONS_TEMPORAL_H
#define MT_FUNCTIONS_TEMPORAL_H

#include "data/time.h"
#include "functions/function.h"

/* A day and a time of day as clocks of the session's zone show them. A DATE is
 * midnight; a TIME belongs to 1970-01-01. */
typedef struct mt__moment {
    int64_t days;  /* since 1970-01-01 */
    int64_t nanos; /* of the day: 0 .. MT_NANOS_PER_DAY - 1 */
} mt__moment;

typedef enum mt__unit {
    MT__UNIT_NONE,
    MT__UNIT_NANOSECOND,
    MT__UNIT_MICROSECOND,
    MT__UNIT_MILLISECOND,
    MT__UNIT_SECOND,
    MT__UNIT_MINUTE,
    MT__UNIT_HOUR,
    MT__UNIT_DAY,
    MT__UNIT_WEEK,
    MT__UNIT_MONTH,
    MT__UNIT_QUARTER,
    MT__UNIT_YEAR,
    MT__UNIT_DECADE,
    MT__UNIT_CENTURY,
    MT__UNIT_MILLENNIUM,
    /* only to be extracted */
    MT__UNIT_DOW,
    MT__UNIT_DOY,
    MT__UNIT_ISODOW,
    MT__UNIT_ISOYEAR,
    MT__UNIT_EPOCH
} mt__unit;

/* The unit of a call's option ("DAY", "SQL_TSI_DAY"); MT__UNIT_NONE for words
 * that are none. */
mt__unit mt__unit_of(const char *word);
/* Nanoseconds of a unit up to DAY and WEEK, else 0; months of one from MONTH
 * up, else 0. */
int64_t mt__unit_nanos(mt__unit unit);
int32_t mt__unit_months(mt__unit unit);

/* Row `row` of a DATE, TIME, TIMESTAMP or TIMESTAMP_LTZ argument. */
mt__moment mt__moment_get(const mt__fn_call *call, const mt__fn_arg *arg,
                          int32_t row);
/* Writes it as row `row` of the result, of one of these types; what does not
 * fit the type is cut. Fails where the result is out of all range. */
int mt__moment_put(mt__fn_call *call, int32_t row, mt__moment m,
                   mt_error **err);

/* The moment so many ms of the epoch are, and back. */
mt__moment mt__moment_of_millis(int64_t ms);
int64_t mt__moment_millis(mt__moment m);
mt__moment mt__moment_add_nanos(mt__moment m, int64_t ms, int64_t nanos);
/* The day is the month's last where it would be past it. */
mt__moment mt__moment_add_months(mt__moment m, int64_t months);

#endif
