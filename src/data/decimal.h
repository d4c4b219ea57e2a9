/* decimal.h - exact decimal numbers of up to 38 digits.
 *
 * A value is an unscaled mt_int128 and a scale that somebody else keeps: 1.50
 * is 150 with scale 2. Results are rounded half up, that is away from zero, as
 * SQL and Java's HALF_UP do. A function that answers bool is false when the
 * result does not fit its precision, and leaves *out alone then.
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_DATA_DECIMAL_H
#define MT_DATA_DECIMAL_H

#include "moontide_plugin.h"

#define MT_DECIMAL_DIGITS_MAX 38

typedef struct mt_decimal_type {
    int32_t precision;
    int32_t scale;
} mt_decimal_type;

typedef enum mt_decimal_op {
    MT_DECIMAL_ADD,
    MT_DECIMAL_SUB,
    MT_DECIMAL_MUL,
    MT_DECIMAL_DIV,
    MT_DECIMAL_MOD
} mt_decimal_op;

/* 10 to the power of 0 .. 38. */
mt_int128 mt__decimal_power10(int32_t n);

/* The type of `a op b` in Flink SQL, cut to 38 digits by its rule: the whole
 * digits are kept, and of the scale at least 6. */
mt_decimal_type mt__decimal_result(mt_decimal_op op, mt_decimal_type a,
                                   mt_decimal_type b);

/* `a op b` as a value of type `to`; also false for a division by zero. */
bool mt__decimal_calculate(mt_decimal_op op, mt_int128 a, int32_t a_scale,
                           mt_int128 b, int32_t b_scale, mt_decimal_type to,
                           mt_int128 *out);

/* The same number with another scale. */
bool mt__decimal_rescale(mt_int128 v, int32_t scale, mt_decimal_type to,
                         mt_int128 *out);

/* Below, at or above 0 as a is below, at or above b. */
int mt__decimal_compare(mt_int128 a, int32_t a_scale, mt_int128 b,
                        int32_t b_scale);

bool mt__decimal_from_i64(int64_t v, mt_decimal_type to, mt_int128 *out);
/* From the shortest digits that mean the double, as Java's
 * BigDecimal.valueOf(double). False also for NaN and infinities. */
bool mt__decimal_from_f64(double v, mt_decimal_type to, mt_int128 *out);

/* The whole part, rounded towards zero. */
mt_int128 mt__decimal_whole(mt_int128 v, int32_t scale);
/* The nearest double. */
double mt__decimal_to_f64(mt_int128 v, int32_t scale);

#endif
