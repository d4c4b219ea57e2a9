/* Arrays as sets, and arrays in order.
 *
 * All elements of a batch are hashed at once; what a set or a sort needs for
 * one row is kept from row to row.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* qsort_r */
#include <stdlib.h>

#include "data/key.h"
#include "functions/bits.h"
#include "functions/nested.h"
#include "functions/value_set.h"

/* ---- sets ----------------------------------------------------------- */

#define SIDES 2

typedef struct set_state {
    mt__value_set set;
    mt_buf hashes[SIDES]; /* of the elements of each argument */
} set_state;

static int open_set(mt__fn_call *call, mt_error **err)
{
    set_state *s = mt_calloc(sizeof(*s));

    call->state = s;
    if (!s)
        return mt__text_no_memory(call, err);
    s->set.type = call->args[0].type->fields[0].type;
    return 0;
}

static void close_set(mt__fn_call *call)
{
    set_state *s = call->state;
    int32_t i;

    if (!s)
        return;
    mt__value_set_fini(&s->set);
    for (i = 0; i < SIDES; i++)
        mt_buf_fini(&s->hashes[i]);
    mt_free(s, sizeof(*s));
}

/* The elements of one argument, for one row. */
typedef struct side {
    const mt_column *items;
    const uint64_t *hashes;
    mt__range range;
} side;

static side side_of(const mt__fn_call *call, int32_t arg, int32_t row)
{
    const set_state *s = call->state;

    return (side){&call->args[arg].column->children[0],
                  (const uint64_t *)(const void *)s->hashes[arg].data,
                  mt__fn_range(&call->args[arg], row)};
}

static int put_element(mt__fn_call *call, const side *from, int32_t at)
{
    return mt_put_from(&call->out->children[0], from->items, at);
}

/* Adds the elements of a side to the set; in case `put`, those that are new
 * also to the result. */
static int add_side(mt__fn_call *call, const side *from, bool put)
{
    mt__value_set *set = &((set_state *)call->state)->set;
    int32_t i;
    int rc = 0;

    for (i = from->range.from; rc >= 0 && i < from->range.to; i++) {
        rc = mt__value_set_add(set, from->items, i, from->hashes[i]);
        if (rc > 0 && put)
            rc = put_element(call, from, i);
    }
    return rc < 0 ? rc : 0;
}

static mt__value_set *restart(mt__fn_call *call)
{
    mt__value_set *set = &((set_state *)call->state)->set;

    mt__value_set_restart(set);
    return set;
}

/* ARRAY_DISTINCT and ARRAY_UNION */
static int union_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    int32_t i;
    int rc = 0;

    (void)err;
    restart(call);
    for (i = 0; rc == 0 && i < call->args_len; i++) {
        side from = side_of(call, i, row);

        rc = add_side(call, &from, true);
    }
    return rc < 0 ? rc : mt_put_list(call->out);
}

static int except_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    side kept = side_of(call, 0, row), dropped = side_of(call, 1, row);
    int rc;

    (void)err;
    restart(call);
    rc = add_side(call, &dropped, false);
    if (rc == 0)
        rc = add_side(call, &kept, true);
    return rc < 0 ? rc : mt_put_list(call->out);
}

static int intersect_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    side from = side_of(call, 0, row), other = side_of(call, 1, row);
    mt__value_set *set = restart(call);
    int rc = add_side(call, &other, false);
    int32_t i;

    (void)err;
    for (i = from.range.from; rc == 0 && i < from.range.to; i++) {
        mt__value *v = mt__value_set_find(set, from.items, i, from.hashes[i]);

        if (!v || v->taken)
            continue;
        v->taken = true;
        rc = put_element(call, &from, i);
    }
    return rc < 0 ? rc : mt_put_list(call->out);
}

static inline __attribute__((always_inline)) int
run_set(mt__fn_call *call, mt_error **err, mt__text_row make)
{
    set_state *s = call->state;
    int32_t i;
    int rc;

    for (i = 0; i < call->args_len; i++) {
        const mt_column *c = call->args[i].column;
        int32_t rows = call->args[i].constant ? 1 : call->rows;

        if (!mt__value_hashes(&s->hashes[i], s->set.type, &c->children[0],
                              c->offsets[rows]))
            return mt__text_no_memory(call, err);
    }
    rc = mt__text_rows(call, err, make);
    mt__value_set_shrink(&s->set);
    return rc;
}

static int run_union(mt__fn_call *call, mt_error **err)
{
    return run_set(call, err, union_row);
}

static int run_except(mt__fn_call *call, mt_error **err)
{
    return run_set(call, err, except_row);
}

static int run_intersect(mt__fn_call *call, mt_error **err)
{
    return run_set(call, err, intersect_row);
}

/* ---- order ----------------------------------------------------------- */

/* A sort keeps room for so many elements. */
#define SORTED_KEPT 65536

typedef struct order {
    const mt_type *type;
    const mt_column *items;
    int sign;      /* -1: descending */
    int null_sign; /* -1: NULLs first */
} order;

static int compare_elements(const void *a, const void *b, void *context)
{
    const order *o = context;
    int32_t i = *(const int32_t *)a, k = *(const int32_t *)b;
    bool i_null = mt_column_is_null(o->items, i);
    bool k_null = mt_column_is_null(o->items, k);
    int found;

    if (i_null || k_null)
        return (i_null - k_null) * o->null_sign;
    found = mt_column_compare(o->type, o->items, i, o->items, k);
    return found ? found * o->sign : (i > k) - (i < k);
}

static bool flag(const mt__fn_call *call, int32_t arg, int32_t row)
{
    const mt__fn_arg *a = &call->args[arg];

    return mt_bit(a->column->values, mt__fn_row(a, row));
}

/* ARRAY_SORT(array [, ascending [, nulls first]]) */
static int sort_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_buf *scratch = call->state;
    mt__range r = mt__fn_range(&call->args[0], row);
    bool up = call->args_len < 2 || flag(call, 1, row);
    bool nulls_first = call->args_len < 3 ? up : flag(call, 2, row);
    order o = {call->args[0].type->fields[0].type,
               &call->args[0].column->children[0], up ? 1 : -1,
               nulls_first ? -1 : 1};
    size_t len = (size_t)(r.to - r.from), i;
    int32_t *places;
    int rc = 0;

    (void)err;
    scratch->len = 0;
    if (mt_buf_reserve(scratch, len * sizeof(*places) + 1) < 0)
        return MT_ENOMEM;
    places = (int32_t *)(void *)scratch->data;
    for (i = 0; i < len; i++)
        places[i] = r.from + (int32_t)i;
    qsort_r(places, len, sizeof(*places), compare_elements, &o);
    for (i = 0; rc == 0 && i < len; i++)
        rc = mt_put_from(&call->out->children[0], o.items, places[i]);
    return rc < 0 ? rc : mt_put_list(call->out);
}

static int open_sort(mt__fn_call *call, mt_error **err)
{
    call->state = mt_calloc(sizeof(mt_buf));
    return call->state ? 0 : mt__text_no_memory(call, err);
}

static void close_sort(mt__fn_call *call)
{
    if (!call->state)
        return;
    mt_buf_fini(call->state);
    mt_free(call->state, sizeof(mt_buf));
}

static int run_sort(mt__fn_call *call, mt_error **err)
{
    mt_buf *scratch = call->state;
    int rc = mt__text_rows(call, err, sort_row);

    if (scratch->cap > SORTED_KEPT * sizeof(int32_t))
        mt_buf_fini(scratch);
    return rc;
}

#define SET .strict = true, .open = open_set, .close = close_set

const mt__function mt__functions_array_set[] = {
    {.name = "ARRAY_DISTINCT", .run = run_union, SET},
    {.name = "ARRAY_UNION", .run = run_union, SET},
    {.name = "ARRAY_EXCEPT", .run = run_except, SET},
    {.name = "ARRAY_INTERSECT", .run = run_intersect, SET},
    {.name = "ARRAY_SORT",
     .strict = true,
     .open = open_sort,
     .run = run_sort,
     .close = close_sort},
    {.name = NULL},
};
