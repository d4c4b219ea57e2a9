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

/* cdef begin */
typedef struct mt_ffi_decimal {
    uint64_t lo;       /* unscaled value, 128 bits, two's complement */
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
/* cdef end */

#endif
