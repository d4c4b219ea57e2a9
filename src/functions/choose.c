/* Functions that choose one of their arguments for each row: CASE, IF,
 * COALESCE and IFNULL.
 *
 * 64 rows at a time: each choice takes its share of the rows that are still to
 * be had, as a word of bits. BITS and FIXED results are then merged share by
 * share; results of other forms, which must be appended in order, note for each
 * of the 64 rows whose it is.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/column.h"
#include "functions/bits.h"

/* How a function shares out the rows. */
typedef struct rule {
    /* Arguments that are results, from `first` on, each `step` after the last.
     * Where `step` is 2, the argument before it is its condition. */
    int32_t first;
    int32_t step;
    bool if_not_null; /* a result takes the rows that it is not NULL for */
} rule;

static const rule by_condition = {1, 2, false};
static const rule by_value = {0, 1, true};

#define NOBODY (-1)

/* Rows of word `w` that the result at argument `arg` takes, out of `left`. */
static uint64_t share_of(const mt__fn_call *call, const rule *r, int32_t arg,
                         int32_t w, uint64_t left)
{
    const mt__fn_arg *condition;

    if (r->if_not_null)
        return mt__fn_valid(&call->args[arg], w, call->rows) & left;
    if (arg == call->args_len - 1)
        return left; /* ELSE */
    condition = &call->args[arg - 1];
    return mt__fn_bits(condition, w, call->rows) &
           mt__fn_valid(condition, w, call->rows) & left;
}

/* The result after the one at `arg`; CASE's last has no condition before it. */
static int32_t next_result(const mt__fn_call *call, const rule *r, int32_t arg)
{
    arg += r->step;
    return arg == call->args_len && r->step == 2 ? arg - 1 : arg;
}

/* ---- FIXED ----------------------------------------------------------- */

#define MERGE(name, ctype)                                                     \
    static void name(void *out_values, const void *values, bool constant,      \
                     uint64_t share)                                           \
    {                                                                          \
        const ctype *from = values;                                            \
        ctype *out = out_values;                                               \
        int i;                                                                 \
                                                                               \
        for (; share; share &= share - 1) {                                    \
            i = __builtin_ctzll(share);                                        \
            out[i] = from[constant ? 0 : i];                                   \
        }                                                                      \
    }
MERGE(merge_i8, int8_t)
MERGE(merge_i16, int16_t)
MERGE(merge_i32, int32_t)
MERGE(merge_i64, int64_t)
MERGE(merge_i128, mt_int128)
#undef MERGE

/* Copies the values of a share; `out` and `from` are at the word's first row,
 * `from` of a constant at its only one. */
static void merge(uint8_t *out, const uint8_t *from, int32_t width,
                  bool constant, uint64_t share)
{
    if (share == ~UINT64_C(0) && !constant) {
        memcpy(out, from, 64 * (size_t)width);
        return;
    }
    switch (width) {
    case 1:
        merge_i8(out, from, constant, share);
        break;
    case 2:
        merge_i16(out, from, constant, share);
        break;
    case 4:
        merge_i32(out, from, constant, share);
        break;
    case 8:
        merge_i64(out, from, constant, share);
        break;
    default:
        merge_i128(out, from, constant, share);
        break;
    }
}

static void choose_in_place(mt__fn_call *call, const rule *r, int32_t w)
{
    size_t width = (size_t)call->type->width;
    uint64_t left = mt__bits_mask(w, call->rows);
    uint64_t valid = ~left, bits = 0, share;
    uint8_t *out = call->out->values;
    int32_t arg;

    for (arg = r->first; arg < call->args_len && left;
         arg = next_result(call, r, arg)) {
        const mt__fn_arg *from = &call->args[arg];
        const uint8_t *values = from->column->values;

        share = share_of(call, r, arg, w, left);
        left &= ~share;
        share &= mt__fn_valid(from, w, call->rows);
        valid |= share;
        if (share == 0)
            continue;
        if (call->type->form == MT_FORM_BITS)
            bits |= mt__fn_bits(from, w, call->rows) & share;
        else
            merge(out + (size_t)w * 64 * width,
                  from->constant ? values : values + (size_t)w * 64 * width,
                  call->type->width, from->constant, share);
    }
    if (call->type->form == MT_FORM_BITS)
        mt__bits_put(out, w, bits);
    mt__bits_put(call->out->validity, w, valid);
}

/* ---- other forms --------------------------------------------------------- */

static int append_row(mt__fn_call *call, int32_t arg, int32_t row)
{
    const mt__fn_arg *from;

    if (arg == NOBODY)
        return mt_put_null(call->out);
    from = &call->args[arg];
    if (call->type->form == MT_FORM_VAR) {
        mt_span text = mt__fn_text(from, row);

        return mt_put_bytes(call->out, text.data, text.len);
    }
    return mt_put_from(call->out, from->column, mt__fn_row(from, row));
}

static int choose_in_order(mt__fn_call *call, const rule *r, int32_t w)
{
    uint64_t left = mt__bits_mask(w, call->rows), share;
    int32_t whose[64], arg, i, rows = call->rows - w * 64;
    int rc = 0;

    rows = rows < 64 ? rows : 64;
    for (i = 0; i < rows; i++)
        whose[i] = NOBODY;
    for (arg = r->first; arg < call->args_len && left;
         arg = next_result(call, r, arg)) {
        share = share_of(call, r, arg, w, left);
        left &= ~share;
        share &= mt__fn_valid(&call->args[arg], w, call->rows);
        if (share == mt__bits_mask(w, call->rows) && !call->args[arg].constant)
            return mt__column_builder_append(call->out, call->args[arg].column,
                                             w * 64, rows);
        for (; share; share &= share - 1)
            whose[__builtin_ctzll(share)] = arg;
    }
    for (i = 0; rc == 0 && i < rows; i++)
        rc = append_row(call, whose[i], w * 64 + i);
    return rc;
}

/* ---- functions ----------------------------------------------------------- */

static int choose(mt__fn_call *call, const rule *r, mt_error **err)
{
    mt_form form = (mt_form)call->type->form;
    int32_t w;

    if (form == MT_FORM_BITS || form == MT_FORM_FIXED) {
        for (w = 0; w < mt__bits_words(call->rows); w++)
            choose_in_place(call, r, w);
        return 0;
    }
    for (w = 0; w < mt__bits_words(call->rows); w++) {
        if (choose_in_order(call, r, w) < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory for %d rows",
                           call->rows);
    }
    return 0;
}

static int run_case(mt__fn_call *call, mt_error **err)
{
    return choose(call, &by_condition, err);
}

static int run_coalesce(mt__fn_call *call, mt_error **err)
{
    return choose(call, &by_value, err);
}

const mt__function mt__functions_choose[] = {
    {"CASE", false, NULL, run_case, NULL},
    {"COALESCE", false, NULL, run_coalesce, NULL},
    {NULL, false, NULL, NULL, NULL},
};
