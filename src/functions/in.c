/* IN: is a value one of several?
 *
 * Many constants become a hash table when the call opens. Candidates that are
 * columns, and a few numbers, are compared one after the other, 64 rows at a
 * time. An answer that is not TRUE is NULL where the value or a candidate is.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "functions/bits.h"
#include "functions/compare.h"

/* Up to so many constants are compared rather than looked up. */
#define NUMBERS_COMPARED 6
#define TEXTS_COMPARED 1

typedef struct table {
    int32_t *places;   /* index of an argument, or 0 */
    size_t places_len; /* a power of two; 0: no table */
    mt_buf scratch;    /* bits of one comparison */
} table;

/* Bytes that are the same just for values that are equal: not so for FLOAT and
 * DOUBLE with their two zeros and their NaN. */
static bool is_hashable(const mt_type *type)
{
    return type->form == MT_FORM_VAR ||
           (type->form == MT_FORM_FIXED && type->kind != MT_FLOAT &&
            type->kind != MT_DOUBLE && type->kind != MT_DECIMAL);
}

static mt_span bytes_of(const mt__fn_arg *arg, int32_t row)
{
    size_t width = (size_t)arg->type->width;

    if (arg->type->form == MT_FORM_VAR)
        return mt__fn_text(arg, row);
    return (mt_span){(const uint8_t *)arg->column->values +
                         (size_t)mt__fn_row(arg, row) * width,
                     width};
}

/* The place of those bytes, or the free one where they belong. */
static int32_t *find_place(const mt__fn_call *call, const table *t,
                           mt_span bytes)
{
    size_t at = mt__hash(bytes.data, bytes.len, 0) & (t->places_len - 1);

    for (; t->places[at]; at = (at + 1) & (t->places_len - 1)) {
        mt_span there = bytes_of(&call->args[t->places[at]], 0);

        if (there.len == bytes.len &&
            memcmp(there.data, bytes.data, bytes.len) == 0)
            break;
    }
    return &t->places[at];
}

static bool is_null_constant(const mt__fn_arg *arg)
{
    return arg->type->kind == MT_NULL || mt__fn_arg_is_null(arg, 0);
}

static void close_in(mt__fn_call *call)
{
    table *t = call->state;

    if (!t)
        return;
    mt_free(t->places, t->places_len * sizeof(*t->places));
    mt_buf_fini(&t->scratch);
    mt_free(t, sizeof(*t));
}

static int fill_table(mt__fn_call *call, table *t, int32_t constants)
{
    int32_t i;

    t->places_len = 8;
    while (t->places_len < 2 * (size_t)constants)
        t->places_len *= 2;
    t->places = mt_calloc(t->places_len * sizeof(*t->places));
    if (!t->places) {
        t->places_len = 0;
        return MT_ENOMEM;
    }
    for (i = 1; i < call->args_len; i++) {
        if (call->args[i].constant && !is_null_constant(&call->args[i]))
            *find_place(call, t, bytes_of(&call->args[i], 0)) = i;
    }
    return 0;
}

static int open_in(mt__fn_call *call, mt_error **err)
{
    const mt_type *type = call->args[0].type;
    int32_t constants = 0, i;
    table *t = mt_calloc(sizeof(*t));
    int rc = t ? 0 : MT_ENOMEM;

    call->state = t;
    for (i = 1; i < call->args_len; i++)
        constants += call->args[i].constant;
    if (t && is_hashable(type) &&
        constants >
            (type->form == MT_FORM_VAR ? TEXTS_COMPARED : NUMBERS_COMPARED))
        rc = fill_table(call, t, constants);
    return rc < 0 ? mt_fail(err, rc, "out of memory for an IN of %d values",
                            call->args_len - 1)
                  : 0;
}

/* Joins the rows that the candidate at argument `i` equals. */
static void join_candidate(mt__fn_call *call, int32_t i, uint8_t *equal)
{
    uint8_t *out = call->out->values;
    int32_t w;

    mt__compare(MT_COMPARE_EQ, &call->args[0], &call->args[i], call->rows,
                equal);
    for (w = 0; w < mt__bits_words(call->rows); w++)
        mt__bits_put(out, w,
                     mt__bits_get(out, w, call->rows) |
                         (mt__bits_get(equal, w, call->rows) &
                          mt__fn_valid(&call->args[i], w, call->rows)));
}

static void look_up(mt__fn_call *call, const table *t)
{
    uint8_t *out = call->out->values;
    int32_t row;

    for (row = 0; row < call->rows; row++) {
        if (*find_place(call, t, bytes_of(&call->args[0], row)))
            out[row >> 3] |= (uint8_t)(1u << (row & 7));
    }
}

static int run_in(mt__fn_call *call, mt_error **err)
{
    table *t = call->state;
    uint8_t *out = call->out->values;
    int32_t words = mt__bits_words(call->rows), i, w;
    uint64_t hits, known;

    if (mt_buf_reserve(&t->scratch, (size_t)words * 8 + 8) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory for %d rows", call->rows);
    if (t->places_len)
        look_up(call, t);
    for (i = 1; i < call->args_len; i++) {
        if (!t->places_len || !call->args[i].constant)
            join_candidate(call, i, t->scratch.data);
    }
    for (w = 0; w < words; w++) {
        known = mt__fn_valid(&call->args[0], w, call->rows);
        hits = mt__bits_get(out, w, call->rows) & known;
        for (i = 1; i < call->args_len; i++)
            known &= mt__fn_valid(&call->args[i], w, call->rows);
        mt__fn_put_bits(call, w, hits, hits | known);
    }
    return 0;
}

const mt__function mt__functions_in[] = {
    {"IN", false, open_in, run_in, close_in},
    {NULL, false, NULL, NULL, NULL},
};
