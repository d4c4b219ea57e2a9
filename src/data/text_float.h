/* text_float.h - digits of floating-point numbers: the part of text.c that C++
 * does for us.
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_DATA_TEXT_FLOAT_H
#define MT_DATA_TEXT_FLOAT_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MT_FLOAT_DIGITS_MAX 20

/* The shortest digits d1 d2 d3 .. of the positive finite v such that
 * d1.d2d3.. * 10^exponent reads back as v; no zeros at the end. Writes at most
 * MT_FLOAT_DIGITS_MAX bytes and returns how many. */
int mt__digits_f64(double v, char *digits, int *exponent);
int mt__digits_f32(float v, char *digits, int *exponent);

/* The whole text as a number: digits, point and exponent with an optional
 * minus. False when it is not one, or not in range (then *out is left alone;
 * too large and too small are not told apart). */
bool mt__read_plain_f64(const char *text, size_t len, double *out);
bool mt__read_plain_f32(const char *text, size_t len, float *out);

#ifdef __cplusplus
}
#endif

#endif
