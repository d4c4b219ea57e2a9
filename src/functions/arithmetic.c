/* + - * / % and the minus sign over numbers.
 *
 * Whole numbers wrap as Java's do, so they are computed unsigned. FLOAT and
 * DOUBLE follow IEEE, where a division by zero is infinite. Exact numbers have
 * no such value: a division by zero fails. A DECIMAL that has no room in the
 * result's type is NULL.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "data/decimal.h"
#include "functions/divide.h"

/* Both arguments of the call and what goes from one row to the next. */
#define OPERANDS(ctype)                                                        \
    int32_t a_step, b_step, i;                                                 \
    const ctype *a = mt__fn_values(&call->args[0], &a_step);                   \
    const ctype *b = mt__fn_values(&call->args[1], &b_step);                   \
    ctype *out = call->out->values

/* ---- + - * that never fail ----------------------------------------------- */

#define PLAIN(name, ctype, wide, op)                                           \
    static void name(mt__fn_call *call)                                        \
    {                                                                          \
        OPERANDS(ctype);                                                       \
                                                                               \
        for (i = 0; i < call->rows; i++, a += a_step, b += b_step)             \
            out[i] = (ctype)((wide)*a op(wide) * b);                           \
    }
#define PLAINS(ctype, wide, suffix)                                            \
    PLAIN(add_##suffix, ctype, wide, +)                                        \
    PLAIN(subtract_##suffix, ctype, wide, -)                                   \
    PLAIN(multiply_##suffix, ctype, wide, *)

PLAINS(int8_t, uint32_t, i8)
PLAINS(int16_t, uint32_t, i16)
PLAINS(int32_t, uint32_t, i32)
PLAINS(int64_t, uint64_t, i64)
PLAINS(float, float, f32)
PLAINS(double, double, f64)
PLAIN(divide_f32, float, float, /)
PLAIN(divide_f64, double, double, /)

static void rest_f32(mt__fn_call *call)
{
    OPERANDS(float);

    for (i = 0; i < call->rows; i++, a += a_step, b += b_step)
        out[i] = fmodf(*a, *b);
}

static void rest_f64(mt__fn_call *call)
{
    OPERANDS(double);

    for (i = 0; i < call->rows; i++, a += a_step, b += b_step)
        out[i] = fmod(*a, *b);
}

/* ---- / and % of whole numbers -------------------------------------------- */

/* The smallest number by -1 has no room in its type: it wraps to itself, with
 * nothing left over. */
#define DIVIDE(name, ctype, wide, op, by_minus_one)                            \
    static int name(mt__fn_call *call, mt_error **err)                         \
    {                                                                          \
        OPERANDS(ctype);                                                       \
                                                                               \
        for (i = 0; i < call->rows; i++, a += a_step, b += b_step) {           \
            ctype x = *a, y = *b;                                              \
                                                                               \
            if (MT_UNLIKELY((wide)y + 1 <= 1)) {                               \
                if (y == 0 && mt__fn_wants(call, i))                           \
                    return mt__fn_fail(call, i, err,                           \
                                       "division by zero: '%lld %s 0'",        \
                                       (long long)x, #op);                     \
                out[i] = y == 0 ? 0 : (ctype)(by_minus_one);                   \
                continue;                                                      \
            }                                                                  \
            out[i] = (ctype)(x op y);                                          \
        }                                                                      \
        return 0;                                                              \
    }
#define DIVIDES(ctype, wide, suffix)                                           \
    DIVIDE(divide_##suffix, ctype, wide, /, (wide)0 - (wide)x)                 \
    DIVIDE(rest_##suffix, ctype, wide, %, 0)

DIVIDES(int8_t, uint32_t, i8)
DIVIDES(int16_t, uint32_t, i16)
DIVIDES(int32_t, uint32_t, i32)
DIVIDES(int64_t, uint64_t, i64)

/* ---- DECIMAL ----------------------------------------------------------- */

static mt_int128 magnitude(mt_int128 v)
{
    return v < 0 ? -v : v;
}

/* a op b where it can be had without 256 bits, and fits; else false. */
static bool calculate_small(mt_decimal_op op, mt_int128 a, int32_t a_scale,
                            mt_int128 b, int32_t b_scale, int32_t scale,
                            mt_int128 limit, mt_int128 *out)
{
    mt_int128 v;

    if (op == MT_DECIMAL_MUL) {
        if (a != (int64_t)a || b != (int64_t)b || scale != a_scale + b_scale)
            return false;
        v = a * b;
    } else if (op == MT_DECIMAL_ADD || op == MT_DECIMAL_SUB) {
        if (a_scale != b_scale || scale != a_scale)
            return false;
        /* Values of 38 digits and their sums stay below 2^127.8: signed 128
         * bits hold sums of any that are smaller than 2^126. */
        if (magnitude(a) >> 126 || magnitude(b) >> 126)
            return false;
        v = op == MT_DECIMAL_ADD ? a + b : a - b;
    } else {
        return false;
    }
    if (magnitude(v) >= limit)
        return false;
    *out = v;
    return true;
}

static int fail_decimal(mt__fn_call *call, int32_t row, mt_int128 a,
                        const char *op, mt_error **err)
{
    char text[MT_TEXT_MAX];
    size_t len = mt_text_decimal(text, a, call->args[0].type->scale);

    return mt__fn_fail(call, row, err, "division by zero: '%.*s %s 0'",
                       (int)len, text, op);
}

static int run_decimal(mt__fn_call *call, mt_decimal_op op, mt_error **err)
{
    mt_decimal_type to = {call->type->precision, call->type->scale};
    int32_t a_scale = call->args[0].type->scale;
    int32_t b_scale = call->args[1].type->scale;
    mt_int128 limit = mt__decimal_power10(to.precision);
    bool divides = op == MT_DECIMAL_DIV || op == MT_DECIMAL_MOD;
    OPERANDS(mt_int128);

    for (i = 0; i < call->rows; i++, a += a_step, b += b_step) {
        out[i] = 0;
        if (divides && *b == 0) {
            if (mt__fn_wants(call, i))
                return fail_decimal(call, i, *a,
                                    op == MT_DECIMAL_DIV ? "/" : "%", err);
            continue;
        }
        if (!calculate_small(op, *a, a_scale, *b, b_scale, to.scale, limit,
                             &out[i]) &&
            !mt__decimal_calculate(op, *a, a_scale, *b, b_scale, to, &out[i]))
            mt__fn_set_null(call, i);
    }
    return 0;
}

/* ---- functions ----------------------------------------------------------- */

#define RUN_PLAIN(name, verb, decimal_op)                                      \
    static int name(mt__fn_call *call, mt_error **err)                         \
    {                                                                          \
        switch (call->type->kind) {                                            \
        case MT_TINYINT:                                                       \
            verb##_i8(call);                                                   \
            return 0;                                                          \
        case MT_SMALLINT:                                                      \
            verb##_i16(call);                                                  \
            return 0;                                                          \
        case MT_INT:                                                           \
            verb##_i32(call);                                                  \
            return 0;                                                          \
        case MT_BIGINT:                                                        \
            verb##_i64(call);                                                  \
            return 0;                                                          \
        case MT_FLOAT:                                                         \
            verb##_f32(call);                                                  \
            return 0;                                                          \
        case MT_DOUBLE:                                                        \
            verb##_f64(call);                                                  \
            return 0;                                                          \
        default:                                                               \
            return run_decimal(call, decimal_op, err);                         \
        }                                                                      \
    }
RUN_PLAIN(run_add, add, MT_DECIMAL_ADD)
RUN_PLAIN(run_subtract, subtract, MT_DECIMAL_SUB)
RUN_PLAIN(run_multiply, multiply, MT_DECIMAL_MUL)

#define RUN_DIVIDE(name, verb, is_rest, decimal_op)                            \
    static int name(mt__fn_call *call, mt_error **err)                         \
    {                                                                          \
        if (mt__divide_by_constant(call, is_rest))                             \
            return 0;                                                          \
        switch (call->type->kind) {                                            \
        case MT_TINYINT:                                                       \
            return verb##_i8(call, err);                                       \
        case MT_SMALLINT:                                                      \
            return verb##_i16(call, err);                                      \
        case MT_INT:                                                           \
            return verb##_i32(call, err);                                      \
        case MT_BIGINT:                                                        \
            return verb##_i64(call, err);                                      \
        case MT_FLOAT:                                                         \
            verb##_f32(call);                                                  \
            return 0;                                                          \
        case MT_DOUBLE:                                                        \
            verb##_f64(call);                                                  \
            return 0;                                                          \
        default:                                                               \
            return run_decimal(call, decimal_op, err);                         \
        }                                                                      \
    }
RUN_DIVIDE(run_divide, divide, false, MT_DECIMAL_DIV)
RUN_DIVIDE(run_rest, rest, true, MT_DECIMAL_MOD)

#define NEGATE(ctype, wide)                                                    \
    do {                                                                       \
        const ctype *a = mt__fn_values(&call->args[0], &step);                 \
        ctype *out = call->out->values;                                        \
                                                                               \
        for (i = 0; i < call->rows; i++, a += step)                            \
            out[i] = (ctype)(-(wide)*a);                                       \
    } while (0)

static int run_negate(mt__fn_call *call, mt_error **err)
{
    int32_t i, step;

    (void)err;
    switch (call->type->kind) {
    case MT_TINYINT:
        NEGATE(int8_t, uint32_t);
        break;
    case MT_SMALLINT:
        NEGATE(int16_t, uint32_t);
        break;
    case MT_INT:
    case MT_INTERVAL_MONTHS:
        NEGATE(int32_t, uint32_t);
        break;
    case MT_BIGINT:
    case MT_INTERVAL_MILLIS:
        NEGATE(int64_t, uint64_t);
        break;
    case MT_FLOAT:
        NEGATE(float, float);
        break;
    case MT_DOUBLE:
        NEGATE(double, double);
        break;
    default:
        NEGATE(mt_int128, mt_int128);
        break;
    }
    return 0;
}

const mt__function mt__functions_arithmetic[] = {
    {"+", true, NULL, run_add, NULL},
    {"-", true, NULL, run_subtract, NULL},
    {"*", true, NULL, run_multiply, NULL},
    {"/", true, NULL, run_divide, NULL},
    {"%", true, NULL, run_rest, NULL},
    {"NEGATE", true, NULL, run_negate, NULL},
    {NULL, false, NULL, NULL, NULL},
};
