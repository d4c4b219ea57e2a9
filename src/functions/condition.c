/* Conditions: NULLIF, GREATEST, LEAST, IS_ALPHA, IS_DECIMAL, IS_DIGIT.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/column.h"
#include "data/key.h"
#include "functions/bits.h"
#include "functions/compare.h"
#include "functions/icu.h"
#include "functions/text_rows.h"
#include "functions/utf8.h"

static int no_memory(const mt__fn_call *call, mt_error **err)
{
    return mt_fail(err, MT_ENOMEM, "out of memory for %d rows", call->rows);
}

/* Makes row `row` of the result that of an argument. */
static int put_arg(mt__fn_call *call, const mt__fn_arg *arg, int32_t row)
{
    int32_t from = mt__fn_row(arg, row);
    size_t width = (size_t)call->type->width;
    uint8_t *out = call->out->values;

    if (call->type->form == MT_FORM_FIXED) {
        memcpy(out + (size_t)row * width,
               (const uint8_t *)arg->column->values + (size_t)from * width,
               width);
    } else if (call->type->form == MT_FORM_BITS) {
        out[row >> 3] |=
            (uint8_t)(mt_bit(arg->column->values, from) << (row & 7));
    } else {
        return mt_put_from(call->out, arg->column, from);
    }
    return 0;
}

/* ---- NULLIF ----------------------------------------------------------- */

static int run_null_if(mt__fn_call *call, mt_error **err)
{
    const mt__fn_arg *a = &call->args[0], *b = &call->args[1];
    int32_t words = mt__bits_words(call->rows), w, row;
    mt_buf equal = {0};
    uint64_t valid;
    int rc = mt_buf_reserve(&equal, (size_t)words * 8 + 8);

    if (rc == 0)
        mt__compare(MT_COMPARE_EQ, a, b, call->rows, equal.data);
    for (row = 0; rc == 0 && row < call->rows; row++)
        rc = put_arg(call, a, row);
    for (w = 0; rc == 0 && w < words; w++) {
        valid = mt__fn_valid(a, w, call->rows) &
                ~(mt__bits_get(equal.data, w, call->rows) &
                  mt__fn_valid(b, w, call->rows));
        mt__bits_put(call->out->validity, w,
                     valid | ~mt__bits_mask(w, call->rows));
    }
    mt_buf_fini(&equal);
    return rc < 0 ? no_memory(call, err) : 0;
}

/* ---- GREATEST, LEAST ----------------------------------------------------- */

/* `sign` is 1 for the greatest, -1 for the least. */
static int choose_extreme(mt__fn_call *call, int sign, mt_error **err)
{
    const mt__fn_arg *best, *arg;
    int32_t row, i;
    int rc = 0;

    for (row = 0; rc == 0 && row < call->rows; row++) {
        best = &call->args[0];
        for (i = 1; i < call->args_len && !mt__fn_is_null(call, row); i++) {
            arg = &call->args[i];
            if (sign * mt_column_compare(call->type, arg->column,
                                         mt__fn_row(arg, row), best->column,
                                         mt__fn_row(best, row)) >
                0)
                best = arg;
        }
        rc = put_arg(call, best, row);
    }
    return rc < 0 ? no_memory(call, err) : 0;
}

static int run_greatest(mt__fn_call *call, mt_error **err)
{
    return choose_extreme(call, 1, err);
}

static int run_least(mt__fn_call *call, mt_error **err)
{
    return choose_extreme(call, -1, err);
}

/* ---- IS_ALPHA, IS_DIGIT, IS_DECIMAL -------------------------------------- */

/* What a text that is not empty consists of. 1 or 0, or a code. */
typedef int (*text_test)(mt_span text, mt_error **err);

static int all_alpha(mt_span text, mt_error **err)
{
    const mt__icu_text *icu;
    size_t at, size;

    for (at = 0; at < text.len; at += size) {
        uint32_t c = mt__utf8_get(text.data + at, text.len - at, &size);

        if (c < 0x80) {
            if ((uint8_t)((c | 0x20) - 'a') >= 26)
                return 0;
            continue;
        }
        icu = mt__icu_for_text(err);
        if (!icu)
            return MT_EIO;
        if (size == 1 || !icu->is_alpha((int32_t)c))
            return 0;
    }
    return 1;
}

static int all_digits(mt_span text, mt_error **err)
{
    const mt__icu_text *icu;
    size_t at, size;

    for (at = 0; at < text.len; at += size) {
        uint32_t c = mt__utf8_get(text.data + at, text.len - at, &size);

        if (c < 0x80) {
            if (c - '0' >= 10)
                return 0;
            continue;
        }
        icu = mt__icu_for_text(err);
        if (!icu)
            return MT_EIO;
        if (size == 1 || !icu->is_digit((int32_t)c))
            return 0;
    }
    return 1;
}

static const uint8_t *skip_digits(const uint8_t *at, const uint8_t *end)
{
    while (at < end && (uint8_t)(*at - '0') < 10)
        at++;
    return at;
}

static bool is_word(const uint8_t *at, const uint8_t *end, const char *word)
{
    size_t len = strlen(word);

    return (size_t)(end - at) == len && memcmp(at, word, len) == 0;
}

/* A number as Double.parseDouble() reads it, blanks around it included. */
static int is_decimal(mt_span text, mt_error **err)
{
    const uint8_t *at = text.data, *end = at + text.len, *whole, *mark;

    (void)err;
    while (at < end && *at <= ' ')
        at++;
    while (at < end && end[-1] <= ' ')
        end--;
    if (at < end && (*at == '+' || *at == '-'))
        at++;
    if (is_word(at, end, "NaN") || is_word(at, end, "Infinity"))
        return 1;
    whole = at;
    at = skip_digits(at, end);
    if (at < end && *at == '.') {
        at = skip_digits(at + 1, end);
        if (at - whole == 1)
            return 0; /* the point alone */
    } else if (at == whole) {
        return 0;
    }
    if (at < end && (*at | 0x20) == 'e') {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        mark = at;
        at = skip_digits(at, end);
        if (at == mark)
            return 0;
    }
    if (at < end && ((*at | 0x20) == 'd' || (*at | 0x20) == 'f'))
        at++;
    return at == end;
}

/* Values that are no text answer `other` all alike; NULL and '' are FALSE. */
static int run_test(mt__fn_call *call, text_test test, bool other,
                    mt_error **err)
{
    const mt__fn_arg *arg = &call->args[0];
    bool text = arg->type->kind == MT_CHAR || arg->type->kind == MT_VARCHAR;
    uint8_t *out = call->out->values;
    int32_t row;
    mt_span value;
    int hit;

    for (row = 0; row < call->rows; row++) {
        if (arg->type->kind == MT_NULL || mt__fn_arg_is_null(arg, row))
            continue;
        hit = other;
        if (text) {
            value = mt__fn_text(arg, row);
            hit = value.len ? test(value, err) : 0;
        }
        if (hit < 0)
            return hit;
        out[row >> 3] |= (uint8_t)(hit << (row & 7));
    }
    return 0;
}

static int run_is_alpha(mt__fn_call *call, mt_error **err)
{
    return run_test(call, all_alpha, false, err);
}

static int run_is_digit(mt__fn_call *call, mt_error **err)
{
    mt_kind kind = (mt_kind)call->args[0].type->kind;

    return run_test(call, all_digits, kind >= MT_TINYINT && kind <= MT_BIGINT,
                    err);
}

static int run_is_decimal(mt__fn_call *call, mt_error **err)
{
    mt_kind kind = (mt_kind)call->args[0].type->kind;

    return run_test(call, is_decimal, kind >= MT_TINYINT && kind <= MT_DECIMAL,
                    err);
}

const mt__function mt__functions_condition[] = {
    {"NULLIF", false, NULL, run_null_if, NULL},
    {"GREATEST", true, NULL, run_greatest, NULL},
    {"LEAST", true, NULL, run_least, NULL},
    {"IS_ALPHA", false, NULL, run_is_alpha, NULL},
    {"IS_DIGIT", false, NULL, run_is_digit, NULL},
    {"IS_DECIMAL", false, NULL, run_is_decimal, NULL},
    {NULL, false, NULL, NULL, NULL},
};
