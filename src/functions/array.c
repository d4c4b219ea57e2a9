/* Arrays: made, measured, searched and cut.
 *
 * An array of the result is appended element by element, or as a run where its
 * elements lie side by side in an argument. Where a result depends on whether
 * values are equal or which is greater, mt_column_compare() decides.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/column.h"
#include "data/key.h"
#include "functions/nested.h"

static mt_column_builder *elements_of(mt__fn_call *call)
{
    return &call->out->children[0];
}

static const mt_column *items_of(const mt__fn_arg *arg)
{
    return &arg->column->children[0];
}

static int append_range(mt__fn_call *call, const mt__fn_arg *arg, mt__range r)
{
    return r.to > r.from
               ? mt__column_builder_append(elements_of(call), items_of(arg),
                                           r.from, r.to - r.from)
               : 0;
}

static const mt_type *element_type(const mt__fn_arg *arg)
{
    return arg->type->fields[0].type;
}

/* ---- making ----------------------------------------------------------- */

/* ARRAY[a, b, ...] */
static int make_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    int32_t i;
    int rc = 0;

    (void)err;
    for (i = 0; rc == 0 && i < call->args_len; i++)
        rc = mt_put_from(elements_of(call), call->args[i].column,
                         mt__fn_row(&call->args[i], row));
    return rc < 0 ? rc : mt_put_list(call->out);
}

static int concat_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    int32_t i;
    int rc = 0;

    (void)err;
    for (i = 0; rc == 0 && i < call->args_len; i++)
        rc = append_range(call, &call->args[i],
                          mt__fn_range(&call->args[i], row));
    return rc < 0 ? rc : mt_put_list(call->out);
}

/* Only an array that is NULL makes the result NULL; the element need not be. */
static int extend_row(mt__fn_call *call, int32_t row, bool at_end)
{
    const mt__fn_arg *array = &call->args[0], *element = &call->args[1];
    int rc = 0;

    if (mt__fn_arg_is_null(array, row))
        return mt_put_null(call->out);
    if (at_end)
        rc = append_range(call, array, mt__fn_range(array, row));
    if (rc == 0)
        rc = mt_put_from(elements_of(call), element->column,
                         mt__fn_row(element, row));
    if (rc == 0 && !at_end)
        rc = append_range(call, array, mt__fn_range(array, row));
    return rc < 0 ? rc : mt_put_list(call->out);
}

static int append_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    (void)err;
    return extend_row(call, row, true);
}

static int prepend_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    (void)err;
    return extend_row(call, row, false);
}

static int reverse_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt__range r = mt__fn_range(&call->args[0], row);
    int rc = 0;

    (void)err;
    while (rc == 0 && r.to > r.from)
        rc = mt_put_from(elements_of(call), items_of(&call->args[0]), --r.to);
    return rc < 0 ? rc : mt_put_list(call->out);
}

/* Position `at` of `len`, counted from the end where it is below 0. */
static int64_t position(int32_t at, int32_t len)
{
    return at < 0 ? (int64_t)at + len + 1 : at;
}

/* ARRAY_SLICE(array, from [, to]), both included; 0 stands for 1. */
static int slice_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt__range r = mt__fn_range(&call->args[0], row), part;
    int32_t len = r.to - r.from;
    int64_t from = position(mt__fn_int(&call->args[1], row), len), to = len;
    int rc = 0;

    (void)err;
    if (call->args_len > 2)
        to = position(mt__fn_int(&call->args[2], row), len);
    from = from < 1 ? 1 : from;
    to = to == 0 ? 1 : to;
    to = to > len ? len : to;
    if (from <= to) {
        part.from = r.from + (int32_t)from - 1;
        part.to = r.from + (int32_t)to;
        rc = append_range(call, &call->args[0], part);
    }
    return rc < 0 ? rc : mt_put_list(call->out);
}

/* ---- searching ----------------------------------------------------------- */

/* The first element of [from, to) that equals the needle of this row; `to` when
 * there is none. A NULL finds a NULL. */
static int32_t find_element(const mt__fn_call *call, mt__range r, int32_t row)
{
    const mt__fn_arg *needle = &call->args[1];
    const mt_type *type = element_type(&call->args[0]);
    const mt_column *items = items_of(&call->args[0]);

    while (r.from < r.to &&
           mt_column_compare(type, items, r.from, needle->column,
                             mt__fn_row(needle, row)) != 0)
        r.from++;
    return r.from;
}

static int run_contains(mt__fn_call *call, mt_error **err)
{
    const mt__fn_arg *array = &call->args[0];
    uint8_t *out = call->out->values;
    int32_t row;

    (void)err;
    for (row = 0; row < call->rows; row++) {
        mt__range r;

        if (mt__fn_arg_is_null(array, row)) {
            mt__fn_set_null(call, row);
            continue;
        }
        r = mt__fn_range(array, row);
        if (find_element(call, r, row) < r.to)
            out[row >> 3] |= (uint8_t)(1u << (row & 7));
    }
    return 0;
}

static int run_position(mt__fn_call *call, mt_error **err)
{
    int32_t *out = call->out->values;
    int32_t row, at;

    (void)err;
    for (row = 0; row < call->rows; row++) {
        mt__range r;

        if (mt__fn_is_null(call, row))
            continue;
        r = mt__fn_range(&call->args[0], row);
        at = find_element(call, r, row);
        out[row] = at < r.to ? at - r.from + 1 : 0;
    }
    return 0;
}

static int remove_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    const mt__fn_arg *array = &call->args[0];
    mt__range r, kept;
    int rc = 0;

    (void)err;
    if (mt__fn_arg_is_null(array, row))
        return mt_put_null(call->out);
    r = mt__fn_range(array, row);
    while (rc == 0 && r.from < r.to) {
        kept = (mt__range){r.from, find_element(call, r, row)};
        rc = append_range(call, array, kept);
        r.from = kept.to + 1;
    }
    return rc < 0 ? rc : mt_put_list(call->out);
}

/* ---- one element --------------------------------------------------------- */

static int run_cardinality(mt__fn_call *call, mt_error **err)
{
    int32_t *out = call->out->values;
    int32_t row;

    (void)err;
    for (row = 0; row < call->rows; row++) {
        mt__range r = mt__fn_range(&call->args[0], row);

        out[row] = r.to - r.from;
    }
    return 0;
}

/* array[i]: NULL where there is no such position. */
static int choose_item(mt__fn_call *call, int32_t row, int32_t *at,
                       mt_error **err)
{
    mt__range r = mt__fn_range(&call->args[0], row);
    int32_t i = mt__fn_int(&call->args[1], row);

    (void)err;
    if (i >= 1 && i <= r.to - r.from)
        *at = r.from + i - 1;
    return 0;
}

static int choose_only(mt__fn_call *call, int32_t row, int32_t *at,
                       mt_error **err)
{
    mt__range r = mt__fn_range(&call->args[0], row);

    if (r.to - r.from > 1 && mt__fn_wants(call, row))
        return mt__fn_fail(call, row, err,
                           "ELEMENT takes an array of one element, this one "
                           "has %d",
                           (int)(r.to - r.from));
    if (r.to > r.from)
        *at = r.from;
    return 0;
}

/* The element that is not NULL and for which comparing it with any other has
 * the sign `sign` or is 0. */
static inline void choose_outermost(mt__fn_call *call, int32_t row, int32_t *at,
                                    int sign)
{
    const mt_type *type = element_type(&call->args[0]);
    const mt_column *items = items_of(&call->args[0]);
    mt__range r = mt__fn_range(&call->args[0], row);

    for (; r.from < r.to; r.from++) {
        if (mt_column_is_null(items, r.from))
            continue;
        if (*at < 0 ||
            sign * mt_column_compare(type, items, r.from, items, *at) > 0)
            *at = r.from;
    }
}

static int choose_max(mt__fn_call *call, int32_t row, int32_t *at,
                      mt_error **err)
{
    (void)err;
    choose_outermost(call, row, at, 1);
    return 0;
}

static int choose_min(mt__fn_call *call, int32_t row, int32_t *at,
                      mt_error **err)
{
    (void)err;
    choose_outermost(call, row, at, -1);
    return 0;
}

/* ---- text ----------------------------------------------------------- */

/* What element `at` is in the text; false where it is left out. */
static bool joined_part(const mt__fn_call *call, int32_t row, int32_t at,
                        mt_span *part)
{
    const mt_column *items = items_of(&call->args[0]);

    if (mt_column_is_null(items, at)) {
        if (call->args_len < 3)
            return false;
        *part = mt__fn_text(&call->args[2], row);
        return true;
    }
    *part = (mt_span){(const uint8_t *)items->values + items->offsets[at],
                      (size_t)(items->offsets[at + 1] - items->offsets[at])};
    return true;
}

static uint8_t *put_part(uint8_t *out, mt_span part)
{
    if (part.len)
        memcpy(out, part.data, part.len);
    return out + part.len;
}

/* ARRAY_JOIN(array, delimiter [, text for NULL]) */
static int join_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span delimiter = mt__fn_text(&call->args[1], row), part;
    mt__range r = mt__fn_range(&call->args[0], row);
    size_t len = 0;
    uint8_t *begin, *out;
    int32_t i;

    (void)err;
    for (i = r.from; i < r.to; i++)
        if (joined_part(call, row, i, &part))
            len += part.len + delimiter.len;
    begin = out = mt__text_begin(call, len);
    if (!begin)
        return MT_ENOMEM;
    for (i = r.from; i < r.to; i++) {
        if (!joined_part(call, row, i, &part))
            continue;
        /* Behind each but the last, which is known only afterwards. */
        out = put_part(put_part(out, part), delimiter);
    }
    if (out != begin)
        out -= delimiter.len;
    return mt__text_end(call, (size_t)(out - begin));
}

#define RUN(name, row)                                                         \
    static int name(mt__fn_call *call, mt_error **err)                         \
    {                                                                          \
        return mt__text_rows(call, err, row);                                  \
    }
RUN(run_make, make_row)
RUN(run_concat, concat_row)
RUN(run_append, append_row)
RUN(run_prepend, prepend_row)
RUN(run_reverse, reverse_row)
RUN(run_slice, slice_row)
RUN(run_remove, remove_row)
RUN(run_join, join_row)
#undef RUN

#define CHOOSE(name, choice)                                                   \
    static int name(mt__fn_call *call, mt_error **err)                         \
    {                                                                          \
        return mt__nested_choose(call, err, items_of(&call->args[0]), choice); \
    }
CHOOSE(run_item, choose_item)
CHOOSE(run_only, choose_only)
CHOOSE(run_max, choose_max)
CHOOSE(run_min, choose_min)
#undef CHOOSE

const mt__function mt__functions_array[] = {
    {.name = "ARRAY", .run = run_make},
    {.name = "ITEM", .strict = true, .run = run_item},
    {.name = "ELEMENT", .strict = true, .run = run_only},
    {.name = "CARDINALITY", .strict = true, .run = run_cardinality},
    {.name = "ARRAY_CONCAT", .strict = true, .run = run_concat},
    {.name = "ARRAY_APPEND", .run = run_append},
    {.name = "ARRAY_PREPEND", .run = run_prepend},
    {.name = "ARRAY_REVERSE", .strict = true, .run = run_reverse},
    {.name = "ARRAY_SLICE", .strict = true, .run = run_slice},
    {.name = "ARRAY_CONTAINS", .run = run_contains},
    {.name = "ARRAY_POSITION", .strict = true, .run = run_position},
    {.name = "ARRAY_REMOVE", .run = run_remove},
    {.name = "ARRAY_MAX", .strict = true, .run = run_max},
    {.name = "ARRAY_MIN", .strict = true, .run = run_min},
    {.name = "ARRAY_JOIN", .strict = true, .run = run_join},
    {.name = NULL},
};
