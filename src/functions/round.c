/* Functions that keep a number's type or drop digits of it: ABS, SIGN, CEIL,
 * FLOOR, ROUND, TRUNCATE.
 *
 * ROUND and TRUNCATE of a DOUBLE mean its shortest digits, as BigDecimal does:
 * ROUND(1.005, 2) is 1.01, though the DOUBLE is a little less than 1.005. Where
 * the shifted number is so far from a step that its error can't matter, plain
 * floating point gives the same answer ten times as fast.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "data/decimal.h"
#include "data/text.h"
#include "data/text_float.h"
#include "functions/whole.h"

typedef unsigned __int128 uint128;

/* ---- ABS, SIGN, CEIL, FLOOR ---------------------------------------------- */

#define EACH(ctype, expression)                                                \
    do {                                                                       \
        const ctype *a = mt__fn_values(&call->args[0], &step);                 \
        ctype *out = call->out->values;                                        \
                                                                               \
        for (i = 0; i < call->rows; i++, a += step) {                          \
            ctype x = *a;                                                      \
                                                                               \
            out[i] = (ctype)(expression);                                      \
        }                                                                      \
    } while (0)

/* `whole` in terms of x, the same for all exact types but for the unsigned
 * type that wraps; `single` and `twice` for FLOAT and DOUBLE. */
#define EACH_KIND(whole, single, twice)                                        \
    switch (call->args[0].type->kind) {                                        \
    case MT_TINYINT:                                                           \
        EACH(int8_t, whole(uint32_t));                                         \
        break;                                                                 \
    case MT_SMALLINT:                                                          \
        EACH(int16_t, whole(uint32_t));                                        \
        break;                                                                 \
    case MT_INT:                                                               \
        EACH(int32_t, whole(uint32_t));                                        \
        break;                                                                 \
    case MT_BIGINT:                                                            \
        EACH(int64_t, whole(uint64_t));                                        \
        break;                                                                 \
    case MT_FLOAT:                                                             \
        EACH(float, single);                                                   \
        break;                                                                 \
    case MT_DOUBLE:                                                            \
        EACH(double, twice);                                                   \
        break;                                                                 \
    default:                                                                   \
        EACH(mt_int128, whole(uint128));                                       \
        break;                                                                 \
    }

#define ABS_OF(wide) (x < 0 ? (wide)0 - (wide)x : (wide)x)

static int run_abs(mt__fn_call *call, mt_error **err)
{
    int32_t i, step;

    (void)err;
    EACH_KIND(ABS_OF, fabsf(x), fabs(x))
    return 0;
}

#define SIGN_OF(wide) ((wide)((x > 0) - (x < 0)))
#define FLOAT_SIGN (x > 0 ? 1 : x < 0 ? -1 : x)

static int run_sign(mt__fn_call *call, mt_error **err)
{
    mt_int128 one = mt__decimal_power10(call->args[0].type->scale);
    int32_t i, step;

    (void)err;
    if (call->args[0].type->kind == MT_DECIMAL) {
        EACH(mt_int128, x > 0 ? one : x < 0 ? -one : 0);
        return 0;
    }
    EACH_KIND(SIGN_OF, FLOAT_SIGN, FLOAT_SIGN)
    return 0;
}

#define SAME(wide) (x)

/* DECIMAL(p, s) becomes DECIMAL(p, 0). */
static int run_ceil(mt__fn_call *call, mt_error **err)
{
    mt_int128 one = mt__decimal_power10(call->args[0].type->scale);
    int32_t i, step;

    (void)err;
    if (call->args[0].type->kind == MT_DECIMAL) {
        EACH(mt_int128, x / one + (x % one > 0));
        return 0;
    }
    EACH_KIND(SAME, ceilf(x), ceil(x))
    return 0;
}

static int run_floor(mt__fn_call *call, mt_error **err)
{
    mt_int128 one = mt__decimal_power10(call->args[0].type->scale);
    int32_t i, step;

    (void)err;
    if (call->args[0].type->kind == MT_DECIMAL) {
        EACH(mt_int128, x / one - (x % one < 0));
        return 0;
    }
    EACH_KIND(SAME, floorf(x), floor(x))
    return 0;
}

/* ---- ROUND, TRUNCATE ----------------------------------------------------- */

/* v without its last `drop` digits: v / 10^drop, rounded half up if asked. */
static mt_int128 drop_digits(mt_int128 v, int32_t drop, bool round)
{
    mt_int128 step, rest, q;

    if (drop > MT_DECIMAL_DIGITS_MAX)
        return 0;
    step = mt__decimal_power10(drop);
    q = v / step;
    rest = v % step;
    if (round && (rest < 0 ? -rest : rest) >= step - (rest < 0 ? -rest : rest))
        q += v < 0 ? -1 : 1;
    return q;
}

/* A whole number to 10^-digits; wraps as the cast back to its type does. */
static uint64_t round_whole(int64_t v, int32_t digits, bool round)
{
    mt_int128 q;

    if (digits >= 0)
        return (uint64_t)v;
    if (digits < -19)
        return 0;
    q = drop_digits(v, -digits, round);
    return (uint64_t)((uint128)q * (uint128)mt__decimal_power10(-digits));
}

/* v of scale `from` to `digits` behind the point, as a value of type `to`.
 * False when there is no room for it. */
static bool round_decimal(mt_int128 v, int32_t from, int32_t digits, bool round,
                          const mt_type *to, mt_int128 *out)
{
    mt_decimal_type type = {to->precision, to->scale};

    if (digits >= from)
        return mt__decimal_rescale(v, from, type, out);
    if (digits < -MT_DECIMAL_DIGITS_MAX)
        digits = -MT_DECIMAL_DIGITS_MAX;
    v = drop_digits(v, from - digits, round);
    if (digits >= 0)
        return mt__decimal_rescale(v, digits, type, out);
    /* v counts 10^-digits. */
    type.scale -= digits;
    if (v == 0) {
        *out = 0;
        return true;
    }
    return type.scale <= MT_DECIMAL_DIGITS_MAX &&
           mt__decimal_rescale(v, 0, type, out);
}

/* By the shortest digits of |v|. */
static double round_by_digits(double v, int32_t digits, bool round)
{
    char text[MT_TEXT_MAX];
    int exponent, len = mt__digits_f64(v, text, &exponent);
    int places = len - 1 - exponent, i;
    mt_int128 whole = 0;
    double rounded;

    if (places <= digits)
        return v;
    for (i = 0; i < len; i++)
        whole = whole * 10 + (text[i] - '0');
    whole = drop_digits(whole, places - digits, round);
    len = (int)mt_text_decimal(text, whole, 0);
    len += snprintf(text + len, sizeof(text) - (size_t)len, "E%d", -digits);
    return mt_read_f64(text, (size_t)len, &rounded) ? rounded : 0;
}

/* Digits for which 10^digits, and what such a shift makes of numbers below
 * SHIFTED_MAX, are exact enough. */
#define SHIFT_MAX 15
#define SHIFTED_MAX 1e12
#define DOUBTFUL 1e-3

static double round_f64(double v, int32_t digits, bool round)
{
    double size = fabs(v), shifted, whole, rest, power;

    if (!isfinite(v) || v == 0)
        return v;
    if (digits >= 0 && digits <= SHIFT_MAX) {
        power = mt__power10_f64[digits];
        shifted = size * power;
        whole = floor(shifted);
        rest = shifted - whole;
        if (shifted < SHIFTED_MAX && fabs(rest - 0.5) > DOUBTFUL &&
            rest > DOUBTFUL && rest < 1 - DOUBTFUL) {
            if (round && rest > 0.5)
                whole += 1;
            return copysign(whole / power, v);
        }
    }
    if (digits < -400 || digits > 400)
        return digits > 0 ? v : 0;
    return copysign(round_by_digits(size, digits, round), v);
}

/* The digits that the call asks for in that row. */
static int32_t digits_at(const mt__fn_call *call, int32_t row)
{
    return call->args_len == 1 ? 0 : mt__fn_int(&call->args[1], row);
}

static void round_decimals(mt__fn_call *call, bool round)
{
    int32_t scale = call->args[0].type->scale, step, i;
    const mt_int128 *a = mt__fn_values(&call->args[0], &step);
    mt_int128 *out = call->out->values;

    for (i = 0; i < call->rows; i++, a += step) {
        if (!round_decimal(*a, scale, digits_at(call, i), round, call->type,
                           &out[i]))
            mt__fn_set_null(call, i);
    }
}

static int run_round_or_truncate(mt__fn_call *call, bool round)
{
    int32_t i, step;

    switch (call->args[0].type->kind) {
    case MT_TINYINT:
        EACH(int8_t, round_whole(x, digits_at(call, i), round));
        break;
    case MT_SMALLINT:
        EACH(int16_t, round_whole(x, digits_at(call, i), round));
        break;
    case MT_INT:
        EACH(int32_t, round_whole(x, digits_at(call, i), round));
        break;
    case MT_BIGINT:
        EACH(int64_t, round_whole(x, digits_at(call, i), round));
        break;
    case MT_FLOAT:
        EACH(float, round_f64(x, digits_at(call, i), round));
        break;
    case MT_DOUBLE:
        EACH(double, round_f64(x, digits_at(call, i), round));
        break;
    default:
        round_decimals(call, round);
        break;
    }
    return 0;
}

static int run_round(mt__fn_call *call, mt_error **err)
{
    (void)err;
    return run_round_or_truncate(call, true);
}

static int run_truncate(mt__fn_call *call, mt_error **err)
{
    (void)err;
    return run_round_or_truncate(call, false);
}

const mt__function mt__functions_round[] = {
    {"ABS", true, NULL, run_abs, NULL},
    {"SIGN", true, NULL, run_sign, NULL},
    {"CEIL", true, NULL, run_ceil, NULL},
    {"FLOOR", true, NULL, run_floor, NULL},
    {"ROUND", true, NULL, run_round, NULL},
    {"TRUNCATE", true, NULL, run_truncate, NULL},
    {NULL, false, NULL, NULL, NULL},
};
