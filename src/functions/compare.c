/* Comparisons: = <> < <= > >=, IS [NOT] DISTINCT FROM, IS [NOT] NULL.
 *
 * Three questions (equal, less, less or equal) answer six: the operands are
 * swapped for > and >=, the answer of = is turned round for <>, which is right
 * for NaN too. Numbers go 64 rows at a time through a loop without branches
 * that compilers vectorise; a constant is spread over 64 places first, so that
 * the same loop serves it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/compare.h"

#include "data/decimal.h"
#include "data/key.h"
#include "functions/bits.h"

typedef enum question { EQUAL, LESS, LESS_OR_EQUAL, QUESTIONS_LEN } question;

/* ---- numbers ----------------------------------------------------------- */

/* `words` times 64 rows, a_step and b_step (0 or 64) from one to the next. */
typedef void (*loop_fn)(const void *a, size_t a_step, const void *b,
                        size_t b_step, int32_t words, uint8_t *out);

#define LOOP(name, ctype, op)                                                  \
    static void name(const void *a_values, size_t a_step,                      \
                     const void *b_values, size_t b_step, int32_t words,       \
                     uint8_t *out)                                             \
    {                                                                          \
        const ctype *a = a_values, *b = b_values;                              \
        uint8_t hits[64];                                                      \
        int32_t w;                                                             \
        int i;                                                                 \
                                                                               \
        for (w = 0; w < words; w++, a += a_step, b += b_step) {                \
            for (i = 0; i < 64; i++)                                           \
                hits[i] = a[i] op b[i];                                        \
            mt__bits_put(out, w, mt__bits_pack(hits));                         \
        }                                                                      \
    }
#define LOOPS(ctype, suffix)                                                   \
    LOOP(equal_##suffix, ctype, ==)                                            \
    LOOP(less_##suffix, ctype, <)                                              \
    LOOP(less_or_equal_##suffix, ctype, <=)
#define LOOPS_OF(suffix)                                                       \
    {                                                                          \
        equal_##suffix, less_##suffix, less_or_equal_##suffix                  \
    }

LOOPS(int8_t, i8)
LOOPS(int16_t, i16)
LOOPS(int32_t, i32)
LOOPS(int64_t, i64)
LOOPS(mt_int128, i128)
LOOPS(float, f32)
LOOPS(double, f64)

static const loop_fn loops_i8[] = LOOPS_OF(i8);
static const loop_fn loops_i16[] = LOOPS_OF(i16);
static const loop_fn loops_i32[] = LOOPS_OF(i32);
static const loop_fn loops_i64[] = LOOPS_OF(i64);
static const loop_fn loops_i128[] = LOOPS_OF(i128);
static const loop_fn loops_f32[] = LOOPS_OF(f32);
static const loop_fn loops_f64[] = LOOPS_OF(f64);

/* The loops for a type whose values compare as C's do, else NULL. */
static const loop_fn *loops_for(const mt_type *type)
{
    switch (type->kind) {
    case MT_TINYINT:
        return loops_i8;
    case MT_SMALLINT:
        return loops_i16;
    case MT_FLOAT:
        return loops_f32;
    case MT_DOUBLE:
        return loops_f64;
    case MT_DECIMAL:
        return loops_i128;
    default:
        if (type->form != MT_FORM_FIXED)
            return NULL;
        if (type->width == 4)
            return loops_i32;
        return type->width == 8 ? loops_i64 : NULL; /* not mt_timestamp9 */
    }
}

#define WIDTH_MAX ((size_t)16)

/* `rows` values (at most 64, or one that stands for all) in 64 places. */
static void spread(uint8_t *to, const uint8_t *from, size_t width, int32_t rows,
                   bool constant)
{
    size_t i;

    if (constant) {
        for (i = 0; i < 64; i++)
            memcpy(to + i * width, from, width);
    } else {
        memcpy(to, from, width * (size_t)rows);
        memset(to + width * (size_t)rows, 0, width * (size_t)(64 - rows));
    }
}

static void compare_numbers(loop_fn loop, const mt__fn_arg *a,
                            const mt__fn_arg *b, int32_t rows, uint8_t *out)
{
    _Alignas(16) uint8_t a_last[64 * WIDTH_MAX], b_last[64 * WIDTH_MAX];
    size_t width = (size_t)a->type->width;
    int32_t words = rows / 64, rest = rows % 64;
    const uint8_t *a_values = a->column->values;
    const uint8_t *b_values = b->column->values;
    size_t done = (size_t)words * 64 * width;
    uint64_t word;

    if (a->constant)
        spread(a_last, a_values, width, 1, true);
    if (b->constant)
        spread(b_last, b_values, width, 1, true);
    loop(a->constant ? a_last : a_values, a->constant ? 0 : 64,
         b->constant ? b_last : b_values, b->constant ? 0 : 64, words, out);
    if (rest == 0)
        return;
    if (!a->constant)
        spread(a_last, a_values + done, width, rest, false);
    if (!b->constant)
        spread(b_last, b_values + done, width, rest, false);
    loop(a_last, 0, b_last, 0, 1, (uint8_t *)&word);
    mt__bits_put(out, words, word & mt__bits_mask(words, rows));
}

/* ---- everything else ----------------------------------------------------- */

static void compare_booleans(question q, const mt__fn_arg *a,
                             const mt__fn_arg *b, int32_t rows, uint8_t *out)
{
    int32_t w, words = mt__bits_words(rows);
    uint64_t x, y, hits;

    for (w = 0; w < words; w++) {
        x = mt__fn_bits(a, w, rows);
        y = mt__fn_bits(b, w, rows);
        hits = q == EQUAL ? ~(x ^ y) : q == LESS ? ~x & y : ~x | y;
        mt__bits_put(out, w, hits & mt__bits_mask(w, rows));
    }
}

static bool equal_texts(mt_span a, mt_span b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static int order_texts(mt_span a, mt_span b)
{
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int order_timestamps9(const mt__fn_arg *a, const mt__fn_arg *b,
                             int32_t row)
{
    const mt_timestamp9 *x = a->column->values, *y = b->column->values;

    x += mt__fn_row(a, row);
    y += mt__fn_row(b, row);
    if (x->millis != y->millis)
        return x->millis < y->millis ? -1 : 1;
    return (x->nanos_of_milli > y->nanos_of_milli) -
           (x->nanos_of_milli < y->nanos_of_milli);
}

static int order_decimals(const mt__fn_arg *a, const mt__fn_arg *b, int32_t row)
{
    const mt_int128 *x = a->column->values, *y = b->column->values;

    return mt__decimal_compare(x[mt__fn_row(a, row)], a->type->scale,
                               y[mt__fn_row(b, row)], b->type->scale);
}

static int order_values(const mt__fn_arg *a, const mt__fn_arg *b, int32_t row)
{
    if (a->type->form == MT_FORM_VAR)
        return order_texts(mt__fn_text(a, row), mt__fn_text(b, row));
    if (a->type->kind == MT_DECIMAL)
        return order_decimals(a, b, row);
    if (a->type->form == MT_FORM_FIXED)
        return order_timestamps9(a, b, row);
    return mt_column_compare(a->type, a->column, mt__fn_row(a, row), b->column,
                             mt__fn_row(b, row));
}

static bool answer(question q, int order)
{
    return q == EQUAL ? order == 0 : q == LESS ? order < 0 : order <= 0;
}

static void compare_by_row(question q, const mt__fn_arg *a, const mt__fn_arg *b,
                           int32_t rows, uint8_t *out)
{
    bool text = a->type->form == MT_FORM_VAR && q == EQUAL;
    uint64_t word = 0;
    int32_t row;
    bool hit;

    for (row = 0; row < rows; row++) {
        hit = text ? equal_texts(mt__fn_text(a, row), mt__fn_text(b, row))
                   : answer(q, order_values(a, b, row));
        word |= (uint64_t)hit << (row % 64);
        if (row % 64 == 63) {
            mt__bits_put(out, row / 64, word);
            word = 0;
        }
    }
    if (rows % 64)
        mt__bits_put(out, rows / 64, word);
}

void mt__compare(mt__compare_op op, const mt__fn_arg *a, const mt__fn_arg *b,
                 int32_t rows, uint8_t *out)
{
    static const question questions[] = {EQUAL,         EQUAL, LESS,
                                         LESS_OR_EQUAL, LESS,  LESS_OR_EQUAL};
    bool swap = op == MT_COMPARE_GT || op == MT_COMPARE_GE;
    const mt__fn_arg *x = swap ? b : a, *y = swap ? a : b;
    const loop_fn *loops = loops_for(a->type);
    question q = questions[op];
    int32_t w;

    if (a->type->kind == MT_NULL || b->type->kind == MT_NULL)
        memset(out, 0, (size_t)mt__bits_words(rows) * 8);
    else if (a->type->form == MT_FORM_BITS)
        compare_booleans(q, x, y, rows, out);
    else if (loops && a->type->scale == b->type->scale)
        compare_numbers(loops[q], x, y, rows, out);
    else
        compare_by_row(q, x, y, rows, out);
    if (op != MT_COMPARE_NE)
        return;
    for (w = 0; w < mt__bits_words(rows); w++)
        mt__bits_put(out, w,
                     ~mt__bits_get(out, w, rows) & mt__bits_mask(w, rows));
}

/* ---- functions ----------------------------------------------------------- */

#define RUN(name, op)                                                          \
    static int name(mt__fn_call *call, mt_error **err)                         \
    {                                                                          \
        (void)err;                                                             \
        mt__compare(op, &call->args[0], &call->args[1], call->rows,            \
                    call->out->values);                                        \
        return 0;                                                              \
    }
RUN(run_equal, MT_COMPARE_EQ)
RUN(run_not_equal, MT_COMPARE_NE)
RUN(run_less, MT_COMPARE_LT)
RUN(run_less_or_equal, MT_COMPARE_LE)
RUN(run_greater, MT_COMPARE_GT)
RUN(run_greater_or_equal, MT_COMPARE_GE)
#undef RUN

/* Two NULLs are not distinct, NULL and a value are. */
static int run_distinct_or_not(mt__fn_call *call, bool distinct)
{
    const mt__fn_arg *a = &call->args[0], *b = &call->args[1];
    int32_t w, rows = call->rows;
    uint8_t *out = call->out->values;
    uint64_t a_valid, b_valid, same;

    mt__compare(MT_COMPARE_EQ, a, b, rows, out);
    for (w = 0; w < mt__bits_words(rows); w++) {
        a_valid = mt__fn_valid(a, w, rows);
        b_valid = mt__fn_valid(b, w, rows);
        same = (mt__bits_get(out, w, rows) & a_valid & b_valid) |
               ~(a_valid | b_valid);
        mt__bits_put(out, w,
                     (distinct ? ~same : same) & mt__bits_mask(w, rows));
    }
    return 0;
}

static int run_distinct(mt__fn_call *call, mt_error **err)
{
    (void)err;
    return run_distinct_or_not(call, true);
}

static int run_not_distinct(mt__fn_call *call, mt_error **err)
{
    (void)err;
    return run_distinct_or_not(call, false);
}

static int run_null_or_not(mt__fn_call *call, bool null)
{
    int32_t w, rows = call->rows;
    uint64_t valid;

    for (w = 0; w < mt__bits_words(rows); w++) {
        valid = mt__fn_valid(&call->args[0], w, rows);
        mt__bits_put(call->out->values, w,
                     (null ? ~valid : valid) & mt__bits_mask(w, rows));
    }
    return 0;
}

static int run_null(mt__fn_call *call, mt_error **err)
{
    (void)err;
    return run_null_or_not(call, true);
}

static int run_not_null(mt__fn_call *call, mt_error **err)
{
    (void)err;
    return run_null_or_not(call, false);
}

const mt__function mt__functions_compare[] = {
    {"=", true, NULL, run_equal, NULL},
    {"<>", true, NULL, run_not_equal, NULL},
    {"<", true, NULL, run_less, NULL},
    {"<=", true, NULL, run_less_or_equal, NULL},
    {">", true, NULL, run_greater, NULL},
    {">=", true, NULL, run_greater_or_equal, NULL},
    {"IS DISTINCT FROM", false, NULL, run_distinct, NULL},
    {"IS NOT DISTINCT FROM", false, NULL, run_not_distinct, NULL},
    {"IS NULL", false, NULL, run_null, NULL},
    {"IS NOT NULL", false, NULL, run_not_null, NULL},
    {NULL, false, NULL, NULL, NULL},
};
