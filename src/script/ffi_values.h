/* ffi_values.h - values that Lua holds by themselves: decimals, dates, times.
 *
 * Door: FFI. Functions here take plain scalars and pointers, see no lua_State,
 * never call back and never raise. What stands between the two cdef marks is
 * what lua/moontide/cdef.lua declares.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FFI_VALUES_H
#define MT_FFI_VALUES_H

#include "moontide_plugin.h"

#pragma GCC visibility push(default)
/* cdef begin */
typedef struct mt_ffi_decimal {
    uint64_t lo; /* unscaled value, 128 bits, two's complement */
    int64_t hi;
    int32_t precision; /* 1 .. 38 */
    int32_t scale;     /* 0 .. precision */
} mt_ffi_decimal;

typedef struct mt_ffi_timestamp {
    int64_t millis;    /* since 1970-01-01 */
    int32_t nanos;     /* of the millisecond, 0 .. 999,999 */
    int16_t precision; /* digits of the second, 0 .. 9 */
    int16_t zoned;     /* 1: TIMESTAMP_LTZ */
} mt_ffi_timestamp;

typedef struct mt_ffi_date {
    int32_t days; /* since 1970-01-01 */
} mt_ffi_date;

typedef struct mt_ffi_time {
    int64_t nanos; /* of the day */
    int32_t precision;
    int32_t unused;
} mt_ffi_time;

/* Functions answer 1, or 0 when there is no such value; *out is then left
 * alone. Texts are written to `out`, which has room for 64 bytes, without
 * terminator; their length is returned. thread: any. */

/* The whole text as a decimal. precision 0: as many digits as the text has. */
int mt_ffi_decimal_read(const char *text, size_t len, int32_t precision,
                        int32_t scale, mt_ffi_decimal *out);
/* From the shortest digits that mean the number. */
int mt_ffi_decimal_from_f64(double v, mt_ffi_decimal *out);
int mt_ffi_decimal_from_i64(int64_t v, mt_ffi_decimal *out);
/* The nearest double. */
double mt_ffi_decimal_to_f64(const mt_ffi_decimal *d);
/* Rounded half up to `scale`; 0 when it does not fit `precision`. */
int mt_ffi_decimal_rescale(const mt_ffi_decimal *d, int32_t precision,
                           int32_t scale, mt_ffi_decimal *out);
/* op: 0 + 1 - 2 * 3 / 4 %. The result has the type that Flink's SQL gives it;
 * 0 when it does not fit, and for a division by zero. */
int mt_ffi_decimal_calculate(int32_t op, const mt_ffi_decimal *a,
                             const mt_ffi_decimal *b, mt_ffi_decimal *out);
void mt_ffi_decimal_negate(const mt_ffi_decimal *d, mt_ffi_decimal *out);
/* Below, at or above 0 as a is below, at or above b. */
int mt_ffi_decimal_compare(const mt_ffi_decimal *a, const mt_ffi_decimal *b);
size_t mt_ffi_decimal_text(const mt_ffi_decimal *d, char *out);

int mt_ffi_date_read(const char *text, size_t len, mt_ffi_date *out);
/* Days since 1970-01-01 of a day that must exist, in the years 0 to 9999. */
int mt_ffi_date_make(int32_t year, int32_t month, int32_t day,
                     mt_ffi_date *out);
/* Year, month and day. */
void mt_ffi_date_split(int32_t days, int32_t *out);
size_t mt_ffi_date_text(const mt_ffi_date *d, char *out);

/* "12:00:01.5"; the precision is that of the text. */
int mt_ffi_time_read(const char *text, size_t len, mt_ffi_time *out);
size_t mt_ffi_time_text(const mt_ffi_time *t, char *out);

/* "2020-01-01 12:00:00.123", also with 'T' between and without a time; a 'Z' at
 * the end makes it zoned. The precision is that of the text. */
int mt_ffi_timestamp_read(const char *text, size_t len, mt_ffi_timestamp *out);
/* With 'Z' behind when it is zoned. */
size_t mt_ffi_timestamp_text(const mt_ffi_timestamp *t, char *out);
/* Now, in ms since 1970-01-01. */
int64_t mt_ffi_wall_ms(void);
/* cdef end */
#pragma GCC visibility pop

#endif
