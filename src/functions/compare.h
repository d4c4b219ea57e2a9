/* compare.h - columns compared, for functions that decide by it.
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTIONS_COMPARE_H
#define MT_FUNCTIONS_COMPARE_H

#include "functions/function.h"

typedef enum mt__compare_op {
    MT_COMPARE_EQ,
    MT_COMPARE_NE,
    MT_COMPARE_LT,
    MT_COMPARE_LE,
    MT_COMPARE_GT,
    MT_COMPARE_GE
} mt__compare_op;

/* Compares `rows` rows of two arguments of one kind, one word of bits for 64
 * rows into `out`, zeros behind the last. What it says of rows where either is
 * NULL means nothing. Numbers compare as IEEE says (nothing equals NaN),
 * decimals by value whatever their scales, texts by bytes, which for UTF-8 is
 * by code points, nested values as mt_column_compare() does. */
void mt__compare(mt__compare_op op, const mt__fn_arg *a, const mt__fn_arg *b,
                 int32_t rows, uint8_t *out);

#endif
