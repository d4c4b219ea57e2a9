/* fill.c - values into columns.
 *
 * Columns of fixed width are filled by tight loops straight into the builder's
 * memory, a piece at a time that fits; NULLs are cut out of the piece
 * afterwards. Everything else goes row by row.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "generator.h"

#include <stdio.h>

/* ---- random numbers ------------------------------------------------------ */

/* splitmix64: one addition apart from each other, so that the compiler can
 * overlap the next with this one. */
static inline uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* In [0, span], by the high half of a product in place of a division. */
static inline uint64_t next_within(uint64_t *state, uint64_t span)
{
    uint64_t r = next_random(state);

    return span == UINT64_MAX ? r : (uint64_t)(((uint128)r * (span + 1)) >> 64);
}

/* In [0, 1). */
static inline double next_unit(uint64_t *state)
{
    return (double)(next_random(state) >> 11) * 0x1p-53;
}

static uint128 next_within_128(uint64_t *state, uint128 span)
{
    uint128 r;

    if (span <= UINT64_MAX)
        return next_within(state, (uint64_t)span);
    r = (uint128)next_random(state) << 64;
    r |= next_random(state);
    return r % (span + 1);
}

/* 64 bits, each set with the probability null_rate: from its last binary digit
 * to its first, a digit halves the probability so far, and a 1 adds a half. A
 * rate of a half takes one random number for 64 rows. */
static uint64_t make_nulls(generator *g)
{
    enum { DIGITS = 53 };
    uint64_t digits = (uint64_t)(g->null_rate * 0x1p53), nulls = 0;
    int i;

    if (digits >> DIGITS)
        return UINT64_MAX;
    for (i = digits ? __builtin_ctzll(digits) : DIGITS; i < DIGITS; i++) {
        uint64_t bits = next_random(&g->random_null);

        nulls = digits >> i & 1 ? nulls | bits : nulls & bits;
    }
    return nulls;
}

static inline uint64_t next_null(generator *g)
{
    uint64_t null;

    if (g->nulls_left == 0) {
        g->nulls = make_nulls(g);
        g->nulls_left = 64;
    }
    null = g->nulls & 1;
    g->nulls >>= 1;
    g->nulls_left--;
    return null;
}

static inline bool next_is_null(generator *g)
{
    return g->null_rate > 0 && next_null(g);
}

/* ---- pieces of fixed width ----------------------------------------------- */

/* Unsigned arithmetic: the step past a sequence's last value may wrap. */
#define SEQUENCE(name, ctype)                                                  \
    static void sequence_##name(generator *g, void *out, int32_t len)          \
    {                                                                          \
        uint64_t v = (uint64_t)g->next, step = (uint64_t)g->step;              \
        ctype *p = out;                                                        \
        int32_t i;                                                             \
                                                                               \
        for (i = 0; i < len; i++, v += step)                                   \
            p[i] = (ctype)(int64_t)v;                                          \
        g->next = (int64_t)v;                                                  \
    }
SEQUENCE(i8, int8_t)
SEQUENCE(i16, int16_t)
SEQUENCE(i32, int32_t)
SEQUENCE(i64, int64_t)
SEQUENCE(f32, float)
SEQUENCE(f64, double)
#undef SEQUENCE

#define RANDOM(name, ctype)                                                    \
    static void random_##name(generator *g, void *out, int32_t len)            \
    {                                                                          \
        uint64_t state = g->random, min = (uint64_t)g->min;                    \
        uint64_t span = g->span;                                               \
        ctype *p = out;                                                        \
        int32_t i;                                                             \
                                                                               \
        for (i = 0; i < len; i++)                                              \
            p[i] = (ctype)(int64_t)(min + next_within(&state, span));          \
        g->random = state;                                                     \
    }
RANDOM(i8, int8_t)
RANDOM(i16, int16_t)
RANDOM(i32, int32_t)
RANDOM(i64, int64_t)
#undef RANDOM

/* Both ends are weighed, since their difference may be no double. */
static void random_f64(generator *g, void *out, int32_t len)
{
    double *p = out;
    int32_t i;

    for (i = 0; i < len; i++) {
        double u = next_unit(&g->random);

        p[i] = g->min_float * (1 - u) + g->max_float * u;
    }
}

static void random_f32(generator *g, void *out, int32_t len)
{
    float *p = out;
    int32_t i;

    for (i = 0; i < len; i++) {
        double u = next_unit(&g->random);

        p[i] = (float)(g->min_float * (1 - u) + g->max_float * u);
    }
}

static mt_int128 power_of_ten(int32_t n)
{
    mt_int128 power = 1;

    while (n-- > 0)
        power *= 10;
    return power;
}

static void fill_decimal(generator *g, void *out, int32_t len)
{
    mt_int128 one = power_of_ten(g->type->scale);
    mt_int128 *p = out;
    int32_t i;

    for (i = 0; i < len; i++) {
        if (g->sequence) {
            p[i] = g->next * one;
            g->next = (int64_t)((uint64_t)g->next + (uint64_t)g->step);
        } else {
            p[i] = (mt_int128)((uint128)g->min_decimal +
                               next_within_128(&g->random, g->span_decimal));
        }
    }
}

/* ---- dates and times ----------------------------------------------------- */

enum { US_PER_SECOND = 1000000 };

#define US_PER_DAY ((int64_t)86400 * US_PER_SECOND)

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* `v`, in units of 10^-digits seconds, without what `precision` cannot hold. */
static int64_t cut_precision(int64_t v, int32_t digits, int32_t precision)
{
    int64_t unit =
        precision < digits ? (int64_t)power_of_ten(digits - precision) : 1;

    return floor_div(v, unit) * unit;
}

static int64_t local_us(const moment *now)
{
    return now->utc_ns / 1000 + now->offset_us;
}

static void fill_date(void *out, int32_t len, const moment *now)
{
    int32_t days = (int32_t)floor_div(local_us(now), US_PER_DAY);
    int32_t *p = out;
    int32_t i;

    for (i = 0; i < len; i++)
        p[i] = days;
}

static void fill_time(const generator *g, void *out, int32_t len,
                      const moment *now)
{
    int64_t us = local_us(now);
    int64_t day_us = us - floor_div(us, US_PER_DAY) * US_PER_DAY;
    int64_t day_ns = cut_precision(day_us * 1000 + now->utc_ns % 1000, 9,
                                   g->type->precision);
    int32_t i;

    for (i = 0; i < len; i++) {
        if (g->type->width == 4)
            ((int32_t *)out)[i] = (int32_t)(day_ns / 1000000);
        else
            ((int64_t *)out)[i] = day_ns;
    }
}

/* TIMESTAMP is local time, TIMESTAMP_LTZ the instant itself. */
static void fill_timestamp(generator *g, void *out, int32_t len,
                           const moment *now)
{
    int64_t base =
        g->type->kind == MT_TIMESTAMP ? local_us(now) : now->utc_ns / 1000;
    int32_t precision = g->type->precision;
    int32_t i;

    for (i = 0; i < len; i++) {
        int64_t us =
            base - (int64_t)next_within(&g->random, (uint64_t)g->past_us);

        if (precision <= 6) {
            ((int64_t *)out)[i] = cut_precision(us, 6, precision);
        } else {
            mt_timestamp9 *t = &((mt_timestamp9 *)out)[i];
            int64_t ns;

            t->millis = floor_div(us, 1000);
            ns = (us - t->millis * 1000) * 1000 + now->utc_ns % 1000;
            t->nanos_of_milli = (int32_t)cut_precision(ns, 9, precision);
            t->unused = 0;
        }
    }
}

static void fill_piece(generator *g, void *out, int32_t len, const moment *now)
{
    bool sequence = g->sequence;

    switch (g->type->kind) {
    case MT_TINYINT:
        (sequence ? sequence_i8 : random_i8)(g, out, len);
        break;
    case MT_SMALLINT:
        (sequence ? sequence_i16 : random_i16)(g, out, len);
        break;
    case MT_INT:
    case MT_INTERVAL_MONTHS:
        (sequence ? sequence_i32 : random_i32)(g, out, len);
        break;
    case MT_BIGINT:
    case MT_INTERVAL_MILLIS:
        (sequence ? sequence_i64 : random_i64)(g, out, len);
        break;
    case MT_FLOAT:
        (sequence ? sequence_f32 : random_f32)(g, out, len);
        break;
    case MT_DOUBLE:
        (sequence ? sequence_f64 : random_f64)(g, out, len);
        break;
    case MT_DECIMAL:
        fill_decimal(g, out, len);
        break;
    case MT_DATE:
        fill_date(out, len, now);
        break;
    case MT_TIME:
        fill_time(g, out, len, now);
        break;
    default:
        fill_timestamp(g, out, len, now);
        break;
    }
}

/* ---- columns of fixed width ---------------------------------------------- */

/* The next 64 rows, which begin a word of the validity. */
static void cut_64_nulls(generator *g, mt_column_builder *c, int32_t row)
{
    uint64_t nulls = make_nulls(g), valid = ~nulls;

    memcpy(c->validity + row / 8, &valid, sizeof(valid));
    c->nulls += __builtin_popcountll(nulls);
}

static void cut_nulls(generator *g, mt_column_builder *c, int32_t len)
{
    int32_t row = c->rows, end = row + len;

    while (g->null_rate > 0 && row < end) {
        if (row % 64 == 0 && end - row >= 64 && g->nulls_left == 0) {
            cut_64_nulls(g, c, row);
            row += 64;
        } else {
            uint64_t null = next_null(g);

            c->validity[row >> 3] &= (uint8_t) ~(null << (row & 7));
            c->nulls += (int32_t)null;
            row++;
        }
    }
}

static int fill_fixed(generator *g, mt_column_builder *c, int32_t rows,
                      const moment *now)
{
    size_t width = (size_t)g->type->width;
    int32_t len;

    for (; rows > 0; rows -= len) {
        if (c->rows == c->rows_max && mt_column_grow(c) < 0)
            return MT_ENOMEM;
        len = c->rows_max - c->rows;
        len = len < rows ? len : rows;
        fill_piece(g, (uint8_t *)c->values + (size_t)c->rows * width, len, now);
        cut_nulls(g, c, len);
        c->rows += len;
    }
    return 0;
}

/* ---- texts and bytes ----------------------------------------------------- */

/* Eight hexadecimal digits of 32 random bits at once: the half bytes are spread
 * to a byte each, and those above nine get the distance from '9' to 'a'. */
static uint64_t hex_digits(uint32_t bits)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t v = bits, letters;

    v = (v | v << 16) & 0x0000FFFF0000FFFFu;
    v = (v | v << 8) & 0x00FF00FF00FF00FFu;
    v = (v | v << 4) & 0x0F0F0F0F0F0F0F0Fu;
    letters = ((v + 6 * ones) >> 4) & ones;
    return v + '0' * ones + letters * ('a' - '9' - 1);
}

static void put_random(generator *g, uint8_t *out, size_t len)
{
    bool text = g->type->kind == MT_CHAR || g->type->kind == MT_VARCHAR;
    uint64_t word;
    size_t n;

    for (; len > 0; len -= n, out += n) {
        word = next_random(&g->random);
        if (text)
            word = hex_digits((uint32_t)(word >> 32));
        n = len < sizeof(word) ? len : sizeof(word);
        memcpy(out, &word, n);
    }
}

static int put_number(generator *g, mt_column_builder *c)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%lld", (long long)g->next);

    g->next = (int64_t)((uint64_t)g->next + (uint64_t)g->step);
    return mt_put_bytes(c, digits, (size_t)len);
}

static int put_text(generator *g, mt_column_builder *c)
{
    size_t len = (size_t)g->length;
    int32_t at;

    if (g->sequence)
        return put_number(g, c);
    if (g->varied && len > 0)
        len = 1 + next_within(&g->random, len - 1);
    if (c->rows == c->rows_max && mt_column_grow(c) < 0)
        return MT_ENOMEM;
    at = c->offsets[c->rows];
    if ((size_t)(c->bytes_max - at) < len && mt_column_grow_bytes(c, len) < 0)
        return MT_ENOMEM;
    put_random(g, (uint8_t *)c->values + at, len);
    c->rows++;
    c->offsets[c->rows] = at + (int32_t)len;
    return 0;
}

/* ---- collections and rows ------------------------------------------------ */

/* Whether the newest key is one that the entry from row `from` on has already,
 * as far as bytes can tell; *at is where. Keys that are nested are compared by
 * nobody: they are long and random. */
static bool is_known_key(const mt_column_builder *keys, int32_t from,
                         int32_t *at)
{
    int32_t last = keys->rows - 1, i;
    size_t width = (size_t)keys->type->width;
    const uint8_t *values = keys->values;
    const int32_t *o = keys->offsets;
    bool same = false;

    for (i = from; i < last && !same; i++) {
        if (keys->type->form == MT_FORM_FIXED)
            same = memcmp(values + (size_t)i * width,
                          values + (size_t)last * width, width) == 0;
        else if (keys->type->form == MT_FORM_VAR)
            same = o[i + 1] - o[i] == o[last + 1] - o[last] &&
                   memcmp(values + o[i], values + o[last],
                          (size_t)(o[last + 1] - o[last])) == 0;
        else if (keys->type->form == MT_FORM_BITS)
            same = mt_bit(values, i) == mt_bit(values, last);
        *at = i;
    }
    return same;
}

/* MAP: a key once. MULTISET: a second one of a kind counts. */
static int put_entries(generator *g, mt_column_builder *c, const moment *now)
{
    mt_column_builder *keys = &c->children[0], *values = &c->children[1];
    bool counted = g->type->kind == MT_MULTISET;
    int32_t from = keys->rows, at, i;
    int rc = 0;

    for (i = 0; i < g->length && rc == 0; i++) {
        rc = generator_fill(&g->children[0], keys, 1, now);
        if (rc < 0)
            break;
        if (is_known_key(keys, from, &at)) {
            keys->rows--;
            if (counted)
                ((int32_t *)values->values)[at]++;
        } else {
            rc = counted ? mt_put_i32(values, 1)
                         : generator_fill(&g->children[1], values, 1, now);
        }
    }
    return rc < 0 ? rc : mt_put_list(c);
}

static int put_collection(generator *g, mt_column_builder *c, const moment *now)
{
    int rc;

    if (g->type->kind != MT_ARRAY)
        return put_entries(g, c, now);
    rc = generator_fill(&g->children[0], &c->children[0], g->length, now);
    return rc < 0 ? rc : mt_put_list(c);
}

static int put_fields(generator *g, mt_column_builder *c, const moment *now)
{
    int32_t i;
    int rc;

    for (i = 0; i < g->children_len; i++) {
        rc = generator_fill(&g->children[i], &c->children[i], 1, now);
        if (rc < 0)
            return rc;
    }
    return mt_put_row(c);
}

/* ---- any column ---------------------------------------------------------- */

static int put_value(generator *g, mt_column_builder *c, const moment *now)
{
    switch (g->type->form) {
    case MT_FORM_BITS:
        return mt_put_bool(c, next_random(&g->random) >> 63);
    case MT_FORM_VAR:
        return put_text(g, c);
    case MT_FORM_LIST:
        return put_collection(g, c, now);
    case MT_FORM_STRUCT:
        return put_fields(g, c, now);
    default:
        return mt_put_null(c);
    }
}

int generator_fill(generator *g, mt_column_builder *c, int32_t rows,
                   const moment *now)
{
    int rc = 0;

    if (g->type->form == MT_FORM_FIXED)
        return fill_fixed(g, c, rows, now);
    for (; rows > 0 && rc == 0; rows--) {
        if (next_is_null(g)) {
            /* A sequence's value is used up also where it is not shown. */
            g->next = (int64_t)((uint64_t)g->next + (uint64_t)g->step);
            rc = mt_put_null(c);
        } else {
            rc = put_value(g, c, now);
        }
    }
    return rc;
}
