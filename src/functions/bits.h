/* bits.h - bitmaps as functions read and write them: 64 rows at a time.
 *
 * A bitmap that is written has room for whole words (builders see to that). One
 * that is read may end with its last byte.
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTIONS_BITS_H
#define MT_FUNCTIONS_BITS_H

#include "functions/function.h"

static inline int32_t mt__bits_words(int32_t rows)
{
    return (int32_t)(((int64_t)rows + 63) / 64);
}

/* Ones for those of the 64 rows of word `w` that exist. */
static inline uint64_t mt__bits_mask(int32_t w, int32_t rows)
{
    int32_t left = rows - w * 64;

    return left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
}

/* Word `w` of the first `rows` bits, zeros behind them. */
static inline uint64_t mt__bits_get(const uint8_t *bits, int32_t w,
                                    int32_t rows)
{
    int32_t left = rows - w * 64;
    uint64_t word = 0;

    if (left >= 64) {
        memcpy(&word, bits + (size_t)w * 8, 8);
        return word;
    }
    memcpy(&word, bits + (size_t)w * 8, ((size_t)left + 7) / 8);
    return word & ((UINT64_C(1) << left) - 1);
}

static inline void mt__bits_put(uint8_t *bits, int32_t w, uint64_t word)
{
    memcpy(bits + (size_t)w * 8, &word, 8);
}

/* 64 bytes that are 0 or 1 as a word, the first byte its lowest bit. */
static inline uint64_t mt__bits_pack(const uint8_t *bytes)
{
    uint64_t word = 0, eight;
    int i;

    for (i = 0; i < 8; i++) {
        memcpy(&eight, bytes + (size_t)8 * (size_t)i, 8);
        word |= (eight * UINT64_C(0x0102040810204080) >> 56) << (8 * i);
    }
    return word;
}

/* Word `w` of a BOOLEAN argument; whatever it likes under NULLs. */
static inline uint64_t mt__fn_bits(const mt__fn_arg *arg, int32_t w,
                                   int32_t rows)
{
    const uint8_t *bits = arg->column->values;

    if (arg->constant)
        return mt_bit(bits, 0) ? mt__bits_mask(w, rows) : 0;
    return mt__bits_get(bits, w, rows);
}

/* Ones for those rows of word `w` that are not NULL in the argument. */
static inline uint64_t mt__fn_valid(const mt__fn_arg *arg, int32_t w,
                                    int32_t rows)
{
    const mt_column *c = arg->column;

    if (arg->type->kind == MT_NULL)
        return 0;
    if (!c->validity)
        return mt__bits_mask(w, rows);
    if (arg->constant)
        return mt_bit(c->validity, 0) ? mt__bits_mask(w, rows) : 0;
    return mt__bits_get(c->validity, w, rows);
}

/* Writes word `w` of a BOOLEAN result that is not strict. */
static inline void mt__fn_put_bits(mt__fn_call *call, int32_t w, uint64_t bits,
                                   uint64_t valid)
{
    mt__bits_put(call->out->values, w, bits & valid);
    mt__bits_put(call->out->validity, w, valid | ~mt__bits_mask(w, call->rows));
}

#endif
