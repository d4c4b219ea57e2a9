/* Decimal arithmetic on 128-bit integers with 256-bit intermediates.
 *
 * Every operation is brought to the form numerator / denominator, both at most
 * 256 and 128 bits wide, divided once and rounded once. Operands have at most
 * 38 digits (127 bits); scaling one up by at most 10^38 keeps it under 254
 * bits.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/decimal.h"

#include "data/text.h"

typedef unsigned __int128 uint128;

/* Four digits of base 2^64, lowest first. */
typedef struct u256 {
    uint64_t w[4];
} u256;

mt_int128 mt__decimal_power10(int32_t n)
{
    /* clang-format off */
    static const uint64_t small[20] = {
        1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u,
        1000000000u, 10000000000u, 100000000000u, 1000000000000u,
        10000000000000u, 100000000000000u, 1000000000000000u,
        10000000000000000u, 100000000000000000u, 1000000000000000000u,
        10000000000000000000u,
    };
    /* clang-format on */

    if (n < 20)
        return (mt_int128)small[n];
    return (mt_int128)((uint128)small[19] * small[n - 19]);
}

static uint128 magnitude(mt_int128 v)
{
    return v < 0 ? -(uint128)v : (uint128)v;
}

/* ---- 256 bits ----------------------------------------------------------- */

static u256 widen(uint128 v)
{
    u256 r = {{(uint64_t)v, (uint64_t)(v >> 64), 0, 0}};

    return r;
}

static u256 multiply(uint128 a, uint128 b)
{
    uint64_t x[2] = {(uint64_t)a, (uint64_t)(a >> 64)};
    uint64_t y[2] = {(uint64_t)b, (uint64_t)(b >> 64)};
    u256 r = {{0, 0, 0, 0}};
    int i, k;

    for (i = 0; i < 2; i++) {
        uint64_t carry = 0;

        for (k = 0; k < 2; k++) {
            uint128 t = (uint128)x[i] * y[k] + r.w[i + k] + carry;

            r.w[i + k] = (uint64_t)t;
            carry = (uint64_t)(t >> 64);
        }
        r.w[i + 2] = carry;
    }
    return r;
}

static int compare(const u256 *a, const u256 *b)
{
    int i;

    for (i = 3; i >= 0; i--) {
        if (a->w[i] != b->w[i])
            return a->w[i] < b->w[i] ? -1 : 1;
    }
    return 0;
}

static u256 add(const u256 *a, const u256 *b)
{
    uint64_t carry = 0;
    u256 r;
    int i;

    for (i = 0; i < 4; i++) {
        uint128 t = (uint128)a->w[i] + b->w[i] + carry;

        r.w[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    return r;
}

/* a - b for a >= b. */
static u256 subtract(const u256 *a, const u256 *b)
{
    uint64_t borrow = 0;
    u256 r;
    int i;

    for (i = 0; i < 4; i++) {
        uint128 t = (uint128)a->w[i] - b->w[i] - borrow;

        r.w[i] = (uint64_t)t;
        borrow = (uint64_t)(t >> 64) & 1;
    }
    return r;
}

static int bits_of(const u256 *v)
{
    int i;

    for (i = 3; i >= 0; i--) {
        if (v->w[i])
            return 64 * i + 64 - __builtin_clzll(v->w[i]);
    }
    return 0;
}

static u256 divide_small(const u256 *n, uint64_t d, uint128 *rest)
{
    uint128 r = 0;
    u256 q;
    int i;

    if (d == 1) {
        *rest = 0;
        return *n;
    }
    for (i = 3; i >= 0; i--) {
        r = r << 64 | n->w[i];
        q.w[i] = (uint64_t)(r / d);
        r %= d;
    }
    *rest = r;
    return q;
}

/* Division bit by bit, for divisors of more than 64 bits, which are rare: at
 * most 192 rounds of shift, compare and subtract. */
static u256 divide_large(const u256 *n, uint128 d, uint128 *rest)
{
    u256 q = {{0, 0, 0, 0}};
    uint128 r = 0;
    int i;

    for (i = bits_of(n) - 1; i >= 0; i--) {
        bool carry = r >> 127;

        r = r << 1 | ((n->w[i / 64] >> (i % 64)) & 1);
        if (carry || r >= d) {
            r -= d;
            q.w[i / 64] |= (uint64_t)1 << (i % 64);
        }
    }
    *rest = r;
    return q;
}

static u256 divide(const u256 *n, uint128 d, uint128 *rest)
{
    if (d >> 64)
        return divide_large(n, d, rest);
    return divide_small(n, (uint64_t)d, rest);
}

/* n / d rounded half up, with a sign, if it has at most `precision` digits. */
static bool finish(const u256 *n, uint128 d, bool negative, int32_t precision,
                   mt_int128 *out)
{
    uint128 rest, limit = (uint128)mt__decimal_power10(precision), v;
    u256 q;

    if ((n->w[1] | n->w[2] | n->w[3]) == 0 && !(d >> 64)) {
        v = n->w[0] / (uint64_t)d; /* the common case, and by far the fastest */
        rest = n->w[0] % (uint64_t)d;
    } else {
        q = divide(n, d, &rest);
        if (q.w[2] || q.w[3])
            return false;
        v = (uint128)q.w[1] << 64 | q.w[0];
    }
    if (v >= limit)
        return false;
    v += rest >= d - rest;
    if (v >= limit)
        return false;
    *out = negative ? -(mt_int128)v : (mt_int128)v;
    return true;
}

/* ---- operations ---------------------------------------------------------- */

bool mt__decimal_rescale(mt_int128 v, int32_t scale, mt_decimal_type to,
                         mt_int128 *out)
{
    u256 n;

    if (to.scale >= scale) {
        n = multiply(magnitude(v),
                     (uint128)mt__decimal_power10(to.scale - scale));
        return finish(&n, 1, v < 0, to.precision, out);
    }
    n = widen(magnitude(v));
    return finish(&n, (uint128)mt__decimal_power10(scale - to.scale), v < 0,
                  to.precision, out);
}

/* |v| scaled up from one scale to another. */
static u256 scaled(mt_int128 v, int32_t from, int32_t to)
{
    return multiply(magnitude(v), (uint128)mt__decimal_power10(to - from));
}

/* n of scale `scale` as a value of type `to`. */
static bool fit(u256 n, int32_t scale, bool negative, mt_decimal_type to,
                mt_int128 *out)
{
    if (to.scale <= scale) {
        /* A product's scale may exceed 38: then in two steps, of which the
         * first drops digits that cannot decide about half or more. */
        if (scale - to.scale > MT_DECIMAL_DIGITS_MAX) {
            uint128 rest;

            n = divide(&n,
                       (uint128)mt__decimal_power10(scale - to.scale -
                                                    MT_DECIMAL_DIGITS_MAX),
                       &rest);
            scale = to.scale + MT_DECIMAL_DIGITS_MAX;
        }
        return finish(&n, (uint128)mt__decimal_power10(scale - to.scale),
                      negative, to.precision, out);
    }
    if (n.w[2] || n.w[3])
        return false; /* already more than 38 digits */
    n = multiply((uint128)n.w[1] << 64 | n.w[0],
                 (uint128)mt__decimal_power10(to.scale - scale));
    return finish(&n, 1, negative, to.precision, out);
}

static bool add_signed(mt_int128 a, int32_t a_scale, mt_int128 b,
                       int32_t b_scale, mt_decimal_type to, mt_int128 *out)
{
    int32_t scale = a_scale > b_scale ? a_scale : b_scale;
    u256 x = scaled(a, a_scale, scale), y = scaled(b, b_scale, scale);

    if ((a < 0) == (b < 0))
        return fit(add(&x, &y), scale, a < 0, to, out);
    if (compare(&x, &y) >= 0)
        return fit(subtract(&x, &y), scale, a < 0, to, out);
    return fit(subtract(&y, &x), scale, b < 0, to, out);
}

/* a / b with to.scale digits: the numerator is scaled so that one division
 * gives them, or the denominator where the scale asks for fewer of them. */
static bool divide_signed(mt_int128 a, int32_t a_scale, mt_int128 b,
                          int32_t b_scale, mt_decimal_type to, mt_int128 *out)
{
    int32_t shift = to.scale + b_scale - a_scale;
    bool negative = (a < 0) != (b < 0);
    u256 n, d;

    if (b == 0)
        return false;
    if (shift < 0) {
        n = widen(magnitude(a));
        d = multiply(magnitude(b), (uint128)mt__decimal_power10(-shift));
        if (!d.w[2] && !d.w[3])
            return finish(&n, (uint128)d.w[1] << 64 | d.w[0], negative,
                          to.precision, out);
        *out = 0; /* the denominator is more than twice as large */
        return true;
    }
    if (shift > MT_DECIMAL_DIGITS_MAX) {
        /* 10^38 at a time: the whole part first, then the rest of it. */
        uint128 rest;
        u256 q;

        n = multiply(magnitude(a),
                     (uint128)mt__decimal_power10(MT_DECIMAL_DIGITS_MAX));
        q = divide(&n, magnitude(b), &rest);
        if (q.w[2] || q.w[3])
            return false;
        shift -= MT_DECIMAL_DIGITS_MAX;
        n = multiply((uint128)q.w[1] << 64 | q.w[0],
                     (uint128)mt__decimal_power10(shift));
        d = multiply(rest, (uint128)mt__decimal_power10(shift));
        q = divide(&d, magnitude(b), &rest);
        n = add(&n, &q);
        if (n.w[2] || n.w[3])
            return false;
        /* What is left rounds like a fraction of the denominator. */
        if (rest >= magnitude(b) - rest) {
            q = widen(1);
            n = add(&n, &q);
        }
        return finish(&n, 1, negative, to.precision, out);
    }
    n = multiply(magnitude(a), (uint128)mt__decimal_power10(shift));
    return finish(&n, magnitude(b), negative, to.precision, out);
}

/* 10^shift * n mod d without leaving 256 bits. */
static uint128 scaled_rest(uint128 n, int32_t shift, uint128 d)
{
    uint128 rest;
    u256 wide = multiply(n % d, (uint128)mt__decimal_power10(shift) % d);

    divide(&wide, d, &rest);
    return rest;
}

/* The rest has the sign of the dividend. */
static bool rest_signed(mt_int128 a, int32_t a_scale, mt_int128 b,
                        int32_t b_scale, mt_decimal_type to, mt_int128 *out)
{
    int32_t scale = a_scale > b_scale ? a_scale : b_scale;
    uint128 rest;
    u256 d;

    if (b == 0)
        return false;
    d = scaled(b, b_scale, scale);
    if (d.w[2] || d.w[3] || d.w[1] >> 63)
        rest = magnitude(a); /* smaller than b, whose scale was raised */
    else
        rest = scaled_rest(magnitude(a), scale - a_scale,
                           (uint128)d.w[1] << 64 | d.w[0]);
    return fit(widen(rest), scale, a < 0, to, out);
}

bool mt__decimal_calculate(mt_decimal_op op, mt_int128 a, int32_t a_scale,
                           mt_int128 b, int32_t b_scale, mt_decimal_type to,
                           mt_int128 *out)
{
    switch (op) {
    case MT_DECIMAL_ADD:
        return add_signed(a, a_scale, b, b_scale, to, out);
    case MT_DECIMAL_SUB:
        return add_signed(a, a_scale, -b, b_scale, to, out);
    case MT_DECIMAL_MUL:
        return fit(multiply(magnitude(a), magnitude(b)), a_scale + b_scale,
                   (a < 0) != (b < 0), to, out);
    case MT_DECIMAL_DIV:
        return divide_signed(a, a_scale, b, b_scale, to, out);
    case MT_DECIMAL_MOD:
        return rest_signed(a, a_scale, b, b_scale, to, out);
    }
    return false;
}

int mt__decimal_compare(mt_int128 a, int32_t a_scale, mt_int128 b,
                        int32_t b_scale)
{
    int32_t scale = a_scale > b_scale ? a_scale : b_scale;
    u256 x, y;
    int order;

    if (a_scale == b_scale || (a < 0) != (b < 0))
        return (a > b) - (a < b);
    x = scaled(a, a_scale, scale);
    y = scaled(b, b_scale, scale);
    order = compare(&x, &y);
    return a < 0 ? -order : order;
}

/* ---- types ----------------------------------------------------------- */

#define SCALE_KEPT_MIN 6

static int32_t max_i32(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t min_i32(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static mt_decimal_type adjust(int32_t precision, int32_t scale)
{
    mt_decimal_type t = {precision, scale};

    if (precision > MT_DECIMAL_DIGITS_MAX) {
        int32_t whole = precision - scale;

        t.precision = MT_DECIMAL_DIGITS_MAX;
        t.scale = max_i32(MT_DECIMAL_DIGITS_MAX - whole,
                          min_i32(scale, SCALE_KEPT_MIN));
    }
    return t;
}

mt_decimal_type mt__decimal_result(mt_decimal_op op, mt_decimal_type a,
                                   mt_decimal_type b)
{
    int32_t scale = max_i32(a.scale, b.scale);
    int32_t a_whole = a.precision - a.scale, b_whole = b.precision - b.scale;

    switch (op) {
    case MT_DECIMAL_MUL:
        return adjust(a.precision + b.precision + 1, a.scale + b.scale);
    case MT_DECIMAL_DIV:
        scale = max_i32(6, a.scale + b.precision + 1);
        return adjust(a_whole + b.scale + scale, scale);
    case MT_DECIMAL_MOD:
        return adjust(min_i32(a_whole, b_whole) + scale, scale);
    default:
        return adjust(max_i32(a_whole, b_whole) + scale + 1, scale);
    }
}

/* ---- other numbers ------------------------------------------------------- */

bool mt__decimal_from_i64(int64_t v, mt_decimal_type to, mt_int128 *out)
{
    return mt__decimal_rescale(v, 0, to, out);
}

bool mt__decimal_from_f64(double v, mt_decimal_type to, mt_int128 *out)
{
    char text[MT_TEXT_MAX];

    return mt_read_decimal(text, mt_text_f64(text, v), to.precision, to.scale,
                           out);
}

mt_int128 mt__decimal_whole(mt_int128 v, int32_t scale)
{
    return v / mt__decimal_power10(scale);
}

double mt__decimal_to_f64(mt_int128 v, int32_t scale)
{
    char text[MT_TEXT_MAX];
    double d = 0;

    /* Both sides of the division are exact, so it rounds once. */
    if (magnitude(v) <= (uint128)1 << 53 && scale <= 22)
        return (double)(int64_t)v / mt__power10_f64[scale];
    mt_read_f64(text, mt_text_decimal(text, v, scale), &d);
    return d;
}
