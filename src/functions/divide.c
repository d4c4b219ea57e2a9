/* Division by a constant as a multiplication.
 *
 * The processor divides 64 bits in 20 cycles or more, and multiplies in one. For
 * a divisor d of N-bit numbers let l be the bits of |d| - 1, and
 *
 *     m = floor(2^(N + l - 1) / |d|) + 1, which is above 2^(N - 1) and at most 2^N
 *
 * Then floor(m x / 2^(N + l - 1)) is the quotient by |d| rounded down, exactly,
 * for every x of N bits (Granlund and Montgomery, 1994), one too low where x is
 * below 0, since SQL rounds towards 0. For N = 64 the product has 128 bits and m
 * one more than a word, so m - 2^64 is kept and x added to the product's upper
 * half.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/divide.h"

void mt__divisor_init(mt__divisor *d, int64_t divisor, int32_t bits)
{
    uint64_t magnitude =
        divisor < 0 ? 0 - (uint64_t)divisor : (uint64_t)divisor;
    int32_t l = 64 - __builtin_clzll(magnitude - 1);
    unsigned __int128 power = (unsigned __int128)1 << (bits + l - 1);

    d->divisor = divisor;
    d->multiplier = (uint64_t)(power / magnitude + 1);
    d->shift = bits == 64 ? l - 1 : 32 + l - 1;
    d->sign = divisor < 0 ? -1 : 0;
}

#define LOOP(name, ctype, bits)                                                \
    static void name(mt__fn_call *call, const mt__divisor *given, bool rest)   \
    {                                                                          \
        const mt__divisor d = *given;                                          \
        const ctype *a = call->args[0].column->values;                         \
        ctype *out = call->out->values;                                        \
        int32_t i;                                                             \
                                                                               \
        if (rest) {                                                            \
            for (i = 0; i < call->rows; i++)                                   \
                out[i] = (ctype)((uint64_t)a[i] -                              \
                                 (uint64_t)mt__divide##bits(&d, a[i]) *        \
                                     (uint64_t)d.divisor);                     \
        } else {                                                               \
            for (i = 0; i < call->rows; i++)                                   \
                out[i] = (ctype)mt__divide##bits(&d, a[i]);                    \
        }                                                                      \
    }
LOOP(divide_i8, int8_t, 32)
LOOP(divide_i16, int16_t, 32)
LOOP(divide_i32, int32_t, 32)
LOOP(divide_i64, int64_t, 64)

/* The constant, or 0 where it is none. */
static int64_t constant_divisor(const mt__fn_call *call)
{
    const mt__fn_arg *arg = &call->args[1];
    const void *value = arg->column->values;

    if (!arg->constant || call->args[0].constant ||
        mt_column_is_null(arg->column, 0) ||
        call->args[0].type->kind != call->type->kind ||
        arg->type->kind != call->type->kind)
        return 0;
    switch (call->type->kind) {
    case MT_TINYINT:
        return *(const int8_t *)value;
    case MT_SMALLINT:
        return *(const int16_t *)value;
    case MT_INT:
        return *(const int32_t *)value;
    case MT_BIGINT:
        return *(const int64_t *)value;
    default:
        return 0;
    }
}

bool mt__divide_by_constant(mt__fn_call *call, bool rest)
{
    int64_t divisor = constant_divisor(call);
    mt__divisor d;

    if (divisor >= -1 && divisor <= 1)
        return false;
    mt__divisor_init(&d, divisor, call->type->kind == MT_BIGINT ? 64 : 32);
    switch (call->type->kind) {
    case MT_TINYINT:
        divide_i8(call, &d, rest);
        break;
    case MT_SMALLINT:
        divide_i16(call, &d, rest);
        break;
    case MT_INT:
        divide_i32(call, &d, rest);
        break;
    default:
        divide_i64(call, &d, rest);
        break;
    }
    return true;
}
