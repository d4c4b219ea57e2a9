/* Decimals against a naive model: numbers as strings of digits, added,
 * multiplied and divided as on paper.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/decimal.h"

#include "random_data.h"

/* ---- the model ----------------------------------------------------------- */

/* A whole number of up to DIGITS digits, the last first. */
#define DIGITS 160

typedef struct big {
    uint8_t d[DIGITS];
    bool negative;
} big;

static big big_of(mt_int128 v)
{
    unsigned __int128 rest =
        v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
    big b = {{0}, v < 0};
    int i;

    for (i = 0; rest; i++, rest /= 10)
        b.d[i] = (uint8_t)(rest % 10);
    return b;
}

static int cmp(const big *a, const big *b)
{
    int i;

    for (i = DIGITS - 1; i >= 0; i--) {
        if (a->d[i] != b->d[i])
            return a->d[i] < b->d[i] ? -1 : 1;
    }
    return 0;
}

/* |a| + |b| or |a| - |b| for |a| >= |b|. */
static void accumulate(big *a, const big *b, bool subtract)
{
    int i, carry = 0;

    for (i = 0; i < DIGITS; i++) {
        int v = a->d[i] + (subtract ? -b->d[i] : b->d[i]) + carry;

        carry = v > 9 ? 1 : v < 0 ? -1 : 0;
        a->d[i] = (uint8_t)(v - 10 * carry);
    }
}

static big sum(big a, big b)
{
    big swap;

    if (a.negative == b.negative) {
        accumulate(&a, &b, false);
        return a;
    }
    if (cmp(&a, &b) < 0) {
        swap = a;
        a = b;
        b = swap;
    }
    accumulate(&a, &b, true);
    return a;
}

static big shifted(big a, int n)
{
    memmove(a.d + n, a.d, (size_t)(DIGITS - n));
    memset(a.d, 0, (size_t)n);
    return a;
}

static big product(const big *a, const big *b)
{
    big r = {{0}, a->negative != b->negative};
    int i, k;

    for (i = 0; i < DIGITS / 2; i++) {
        big part = shifted(*a, i);

        for (k = 0; k < b->d[i]; k++)
            accumulate(&r, &part, false);
    }
    return r;
}

static big quotient(const big *a, const big *b, big *rest)
{
    big q = {{0}, a->negative != b->negative};
    int i;

    *rest = *a;
    for (i = DIGITS / 2; i >= 0; i--) {
        big part = shifted(*b, i);

        while (cmp(rest, &part) >= 0) {
            accumulate(rest, &part, true);
            q.d[i]++;
        }
    }
    return q;
}

/* Divides by 10^n, rounding half up. */
static big rounded(big a, int n)
{
    big one = {{1}, false};
    bool up = n > 0 && a.d[n - 1] >= 5;
    int i;

    for (i = 0; i < DIGITS; i++)
        a.d[i] = i < DIGITS - n ? a.d[i + n] : 0;
    if (up)
        accumulate(&a, &one, false);
    return a;
}

/* The model's answer, unscaled; false when it has too many digits. */
static bool value_of(const big *a, int precision, mt_int128 *out)
{
    mt_int128 v = 0;
    int i;

    for (i = DIGITS - 1; i >= 0; i--) {
        if (i >= precision && a->d[i])
            return false;
        v = v * 10 + a->d[i];
    }
    *out = a->negative ? -v : v;
    return true;
}

static bool model_calculate(mt_decimal_op op, mt_int128 a, int a_scale,
                            mt_int128 b, int b_scale, mt_decimal_type to,
                            mt_int128 *out)
{
    int scale = a_scale > b_scale ? a_scale : b_scale;
    big x = shifted(big_of(a), scale - a_scale);
    big y = shifted(big_of(b), scale - b_scale);
    big r, rest, zero = {{0}, false};

    switch (op) {
    case MT_DECIMAL_ADD:
        r = sum(x, y);
        break;
    case MT_DECIMAL_SUB:
        y.negative = !y.negative;
        r = sum(x, y);
        break;
    case MT_DECIMAL_MUL:
        x = big_of(a);
        y = big_of(b);
        r = product(&x, &y);
        scale = a_scale + b_scale;
        break;
    case MT_DECIMAL_DIV:
        if (b == 0)
            return false;
        x = shifted(x, to.scale);
        r = quotient(&x, &y, &rest);
        accumulate(&rest, &rest, false);
        if (cmp(&rest, &y) >= 0) {
            big one = {{1}, false};

            accumulate(&r, &one, false);
        }
        return value_of(&r, to.precision, out);
    default:
        if (b == 0)
            return false;
        quotient(&x, &y, &r);
        r.negative = a < 0;
        break;
    }
    if (cmp(&r, &zero) == 0)
        r.negative = false;
    r = to.scale >= scale ? shifted(r, to.scale - scale)
                          : rounded(r, scale - to.scale);
    return value_of(&r, to.precision, out);
}

/* ---- tests ----------------------------------------------------------- */

static mt_decimal_type random_decimal_type(uint64_t *rng)
{
    mt_decimal_type t;

    t.precision = 1 + (int32_t)tap_below(rng, 38);
    t.scale = (int32_t)tap_below(rng, (uint64_t)t.precision + 1);
    return t;
}

static void test_operations(uint64_t *rng)
{
    static const char *const names[] = {"+", "-", "*", "/", "%"};
    int op, i;

    for (op = MT_DECIMAL_ADD; op <= MT_DECIMAL_MOD; op++) {
        int good = 0, fits = 0;
        const int rounds = 3000;

        for (i = 0; i < rounds; i++) {
            mt_decimal_type a = random_decimal_type(rng);
            mt_decimal_type b = random_decimal_type(rng);
            mt_decimal_type to = tap_below(rng, 3)
                                     ? mt__decimal_result(op, a, b)
                                     : random_decimal_type(rng);
            mt_int128 x = random_decimal(rng, a.precision);
            mt_int128 y = random_decimal(rng, b.precision);
            mt_int128 got = 1, want = 1;
            bool fit, same;

            fit = model_calculate(op, x, a.scale, y, b.scale, to, &want);
            same = mt__decimal_calculate(op, x, a.scale, y, b.scale, to,
                                         &got) == fit &&
                   got == want;
            if (!same) {
                char text[4][MT_TEXT_MAX + 1];

                text[0][mt_text_decimal(text[0], x, a.scale)] = 0;
                text[1][mt_text_decimal(text[1], y, b.scale)] = 0;
                text[2][mt_text_decimal(text[2], got, to.scale)] = 0;
                text[3][mt_text_decimal(text[3], want, to.scale)] = 0;
                NOTE("%s %s %s as (%d, %d): got %s, want %s (fits %d)", text[0],
                     names[op], text[1], to.precision, to.scale, text[2],
                     text[3], fit);
            }
            good += same;
            fits += fit;
        }
        EQ_INT(good, rounds, "a %s b as on paper", names[op]);
        OK(fits > rounds / 4, "of which many fit");
    }
}

static void test_rescale_and_compare(uint64_t *rng)
{
    int i, rescaled = 0, compared = 0;
    const int rounds = 20000;

    for (i = 0; i < rounds; i++) {
        mt_decimal_type a = random_decimal_type(rng);
        mt_decimal_type b = random_decimal_type(rng);
        mt_int128 x = random_decimal(rng, a.precision);
        mt_int128 y = tap_below(rng, 2) ? random_decimal(rng, b.precision) : x;
        mt_int128 got = 1, want = 1;
        big p = big_of(x), q = big_of(y);
        int order;
        bool fits;

        p = b.scale >= a.scale ? shifted(p, b.scale - a.scale)
                               : rounded(p, a.scale - b.scale);
        fits = value_of(&p, b.precision, &want);
        rescaled +=
            mt__decimal_rescale(x, a.scale, b, &got) == fits && got == want;
        p = shifted(big_of(x), 38 - a.scale);
        q = shifted(q, 38 - b.scale);
        order = p.negative != q.negative ? (p.negative ? -1 : 1)
                : p.negative             ? -cmp(&p, &q)
                                         : cmp(&p, &q);
        compared += mt__decimal_compare(x, a.scale, y, b.scale) == order;
    }
    EQ_INT(rescaled, rounds, "rescales, rounding half up");
    EQ_INT(compared, rounds, "compares across scales");
}

static const char *result_text(mt_decimal_op op, int p1, int s1, int p2, int s2)
{
    static char text[32];
    mt_decimal_type a = {p1, s1}, b = {p2, s2};
    mt_decimal_type t = mt__decimal_result(op, a, b);

    snprintf(text, sizeof(text), "%d,%d", t.precision, t.scale);
    return text;
}

static void test_types(void)
{
    EQ_STR(result_text(MT_DECIMAL_ADD, 10, 2, 5, 3), "12,3", "a + b");
    EQ_STR(result_text(MT_DECIMAL_SUB, 38, 10, 38, 20), "38,9",
           "a - b keeps whole digits");
    EQ_STR(result_text(MT_DECIMAL_MUL, 10, 2, 5, 3), "16,5", "a * b");
    EQ_STR(result_text(MT_DECIMAL_MUL, 38, 18, 38, 18), "38,6",
           "a * b keeps six digits of the scale");
    EQ_STR(result_text(MT_DECIMAL_DIV, 10, 2, 10, 2), "23,13", "a / b");
    EQ_STR(result_text(MT_DECIMAL_DIV, 38, 0, 38, 38), "38,6",
           "a / b of the widest");
    EQ_STR(result_text(MT_DECIMAL_MOD, 10, 2, 5, 3), "5,3", "a mod b");
}

static void test_text(uint64_t *rng)
{
    static const struct {
        const char *text;
        int precision, scale;
        const char *want;
    } known[] = {
        {"1", 10, 2, "1.00"},
        {"-0.005", 10, 2, "-0.01"},
        {"0.0049", 10, 2, "0.00"},
        {"1e3", 10, 0, "1000"},
        {"1.5E-1", 10, 2, "0.15"},
        {".5", 10, 0, "1"},
        {"5.", 3, 1, "5.0"},
        {"+7", 1, 0, "7"},
        {"9.99", 2, 1, NULL},
        {"99.5", 2, 0, NULL},
        {"0000000000000000000000000000000000000000001", 1, 0, "1"},
        {"0.0000000000000000000000000000000000000000001", 38, 38,
         "0.00000000000000000000000000000000000000"},
        {"99999999999999999999999999999999999999", 38, 0,
         "99999999999999999999999999999999999999"},
        {"99999999999999999999999999999999999999.5", 38, 0, NULL},
        {"1e38", 38, 0, NULL},
        {"1e999999999999", 38, 0, NULL},
        {"0e999999999999", 38, 0, "0"},
        {"1e-999999999999", 38, 0, "0"},
        {"", 10, 0, NULL},
        {".", 10, 0, NULL},
        {"-", 10, 0, NULL},
        {"1x", 10, 0, NULL},
        {"1e", 10, 0, NULL},
        {" 1", 10, 0, NULL},
        {"1.2.3", 10, 0, NULL},
        {"NaN", 10, 0, NULL},
    };
    char text[MT_TEXT_MAX + 1];
    int i, good = 0, doubles = 0;
    mt_int128 v;

    for (i = 0; i < (int)(sizeof(known) / sizeof(*known)); i++) {
        bool fits = mt_read_decimal(known[i].text, strlen(known[i].text),
                                    known[i].precision, known[i].scale, &v);

        text[fits ? mt_text_decimal(text, v, known[i].scale) : 0] = 0;
        OK(strcmp(text, known[i].want ? known[i].want : "") == 0 &&
               fits == (known[i].want != NULL),
           "'%s' as (%d, %d)", known[i].text, known[i].precision,
           known[i].scale);
    }
    for (i = 0; i < 20000; i++) {
        mt_decimal_type t = random_decimal_type(rng);
        mt_int128 x = random_decimal(rng, t.precision);
        size_t len = mt_text_decimal(text, x, t.scale);
        double want;

        good += len < MT_TEXT_MAX &&
                mt_read_decimal(text, len, t.precision, t.scale, &v) && v == x;
        text[len] = 0;
        want = strtod(text, NULL);
        doubles += mt__decimal_to_f64(x, t.scale) == want;
    }
    EQ_INT(good, 20000, "decimals read back as themselves");
    EQ_INT(doubles, 20000, "and become the nearest double");
}

int main(void)
{
    uint64_t rng = tap_seed();
    mt_decimal_type t = {5, 2};
    mt_int128 v = 0;

    test_operations(&rng);
    test_rescale_and_compare(&rng);
    test_types();
    test_text(&rng);
    OK(mt__decimal_from_f64(1.005, t, &v) && v == 101,
       "a double is taken by its shortest digits");
    OK(mt__decimal_from_i64(-999, t, &v) && v == -99900, "a whole number fits");
    OK(!mt__decimal_from_i64(1000, t, &v), "or not");
    OK(mt__decimal_whole(-199, 2) == -1, "the whole part is rounded to zero");
    return tap_done();
}
