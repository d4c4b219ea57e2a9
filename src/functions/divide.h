/* divide.h - whole numbers divided by one that stays the same.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTIONS_DIVIDE_H
#define MT_FUNCTIONS_DIVIDE_H

#include "functions/function.h"

/* What takes the place of a divisor: see divide.c. */
typedef struct mt__divisor {
    int64_t divisor;
    uint64_t multiplier; /* less 2^64, or whole for 32 bits */
    int32_t shift;
    int64_t sign; /* of the divisor: 0 or -1 */
} mt__divisor;

/* For dividends of `bits` (32 or 64); `divisor` is not -1, 0 or 1, and within
 * as many bits. */
void mt__divisor_init(mt__divisor *d, int64_t divisor, int32_t bits);

static inline int64_t mt__divide64(const mt__divisor *d, int64_t x)
{
    mt_int128 wide = (mt_int128)(int64_t)d->multiplier * x;
    uint64_t high = (uint64_t)(wide >> 64) + (uint64_t)x;
    int64_t q = ((int64_t)high >> d->shift) + (x < 0);

    return (q ^ d->sign) - d->sign;
}

static inline int64_t mt__divide32(const mt__divisor *d, int32_t x)
{
    int64_t wide = (int64_t)d->multiplier * x;
    int64_t q = (wide >> d->shift) + (x < 0);

    return (q ^ d->sign) - d->sign;
}

/* Runs a call of / or (`rest`) % over whole numbers whose second argument is a
 * constant that a multiplication serves; false: it is none, nothing was done. */
bool mt__divide_by_constant(mt__fn_call *call, bool rest);

#endif
