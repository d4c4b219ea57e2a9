/* Maps: made, looked up, taken apart and joined.
 *
 * A key stands once in a map that is made here; the last entry of it counts.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/column.h"
#include "data/key.h"
#include "functions/nested.h"
#include "functions/value_set.h"

/* ---- MAP[k, v, ...] ------------------------------------------------------ */

static bool same_key(const mt__fn_call *call, int32_t a, int32_t b, int32_t row)
{
    const mt__fn_arg *x = &call->args[a], *y = &call->args[b];

    return mt_column_compare(call->type->fields[0].type, x->column,
                             mt__fn_row(x, row), y->column,
                             mt__fn_row(y, row)) == 0;
}

static int put_arg(mt_column_builder *c, const mt__fn_arg *arg, int32_t row)
{
    return mt_put_from(c, arg->column, mt__fn_row(arg, row));
}

static int make_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_column_builder *out = call->out;
    int32_t i, later;
    int rc = 0;

    (void)err;
    for (i = 0; rc == 0 && i + 1 < call->args_len; i += 2) {
        for (later = i + 2; later < call->args_len; later += 2)
            if (same_key(call, i, later, row))
                break;
        if (later < call->args_len)
            continue;
        rc = put_arg(&out->children[0], &call->args[i], row);
        if (rc == 0)
            rc = put_arg(&out->children[1], &call->args[i + 1], row);
    }
    return rc < 0 ? rc : mt_put_list(out);
}

/* ---- looking up and taking apart ----------------------------------------- */

/* map[key] */
static int choose_value(mt__fn_call *call, int32_t row, int32_t *at,
                        mt_error **err)
{
    const mt__fn_arg *map = &call->args[0], *key = &call->args[1];
    const mt_type *type = map->type->fields[0].type;
    mt__range r = mt__fn_range(map, row);

    (void)err;
    for (; r.from < r.to; r.from++) {
        if (mt_column_compare(type, &map->column->children[0], r.from,
                              key->column, mt__fn_row(key, row)) == 0) {
            *at = r.from;
            break;
        }
    }
    return 0;
}

static int run_item(mt__fn_call *call, mt_error **err)
{
    return mt__nested_choose(call, err, &call->args[0].column->children[1],
                             choose_value);
}

/* Appends the keys (0) or values (1) of a row's entries. */
static int append_entries(mt_column_builder *c, const mt__fn_arg *map,
                          int32_t child, mt__range r)
{
    return r.to > r.from
               ? mt__column_builder_append(c, &map->column->children[child],
                                           r.from, r.to - r.from)
               : 0;
}

static int part_row(mt__fn_call *call, int32_t row, int32_t child)
{
    int rc = append_entries(&call->out->children[0], &call->args[0], child,
                            mt__fn_range(&call->args[0], row));

    return rc < 0 ? rc : mt_put_list(call->out);
}

static int keys_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    (void)err;
    return part_row(call, row, 0);
}

static int values_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    (void)err;
    return part_row(call, row, 1);
}

/* An ARRAY of ROWs of key and value. */
static int entries_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_column_builder *entries = &call->out->children[0];
    mt__range r = mt__fn_range(&call->args[0], row);
    int32_t child;
    int rc = mt__column_builder_reserve(entries, r.to - r.from);

    (void)err;
    for (child = 0; rc == 0 && child < 2; child++)
        rc =
            append_entries(&entries->children[child], &call->args[0], child, r);
    if (rc < 0)
        return rc;
    entries->rows += r.to - r.from;
    return mt_put_list(call->out);
}

/* ---- maps of several ----------------------------------------------------- */

typedef struct union_state {
    mt__value_set keys;
    mt_buf *hashes; /* of the keys of each argument */
    mt_buf kept;    /* MAP_FROM_ARRAYS: a byte an entry of the row */
} union_state;

static size_t hashes_size(const mt__fn_call *call)
{
    return (size_t)call->args_len * sizeof(mt_buf);
}

static int open_union(mt__fn_call *call, mt_error **err)
{
    union_state *s = mt_calloc(sizeof(*s));

    call->state = s;
    if (!s)
        return mt__text_no_memory(call, err);
    s->keys.type = call->type->fields[0].type;
    s->hashes = mt_calloc(hashes_size(call));
    return s->hashes ? 0 : mt__text_no_memory(call, err);
}

static void close_union(mt__fn_call *call)
{
    union_state *s = call->state;
    int32_t i;

    if (!s)
        return;
    mt__value_set_fini(&s->keys);
    for (i = 0; s->hashes && i < call->args_len; i++)
        mt_buf_fini(&s->hashes[i]);
    mt_free(s->hashes, hashes_size(call));
    mt_buf_fini(&s->kept);
    mt_free(s, sizeof(*s));
}

/* Hashes child 0 of the first `len` arguments: keys. */
static int hash_keys(mt__fn_call *call, int32_t len, mt_error **err)
{
    union_state *s = call->state;
    int32_t i;

    for (i = 0; i < len; i++) {
        const mt_column *c = call->args[i].column;
        int32_t rows = call->args[i].constant ? 1 : call->rows;

        if (!mt__value_hashes(&s->hashes[i], s->keys.type, &c->children[0],
                              c->offsets[rows]))
            return mt__text_no_memory(call, err);
    }
    return 0;
}

/* Whether entry `at` of argument `arg` has a key that is new: 1 or 0; or
 * MT_ENOMEM. */
static int add_key(const mt__fn_call *call, int32_t arg, int32_t at)
{
    union_state *s = call->state;
    const uint64_t *hashes =
        (const uint64_t *)(const void *)s->hashes[arg].data;

    return mt__value_set_add(&s->keys, &call->args[arg].column->children[0], at,
                             hashes[at]);
}

/* MAP_UNION(a, b, ...): the last map that has a key gives its value, so the
 * last comes first. */
static int union_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_column_builder *out = call->out;
    int32_t i;
    int rc = 0;

    (void)err;
    mt__value_set_restart(&((union_state *)call->state)->keys);
    for (i = call->args_len - 1; rc >= 0 && i >= 0; i--) {
        const mt_column *map = call->args[i].column;
        mt__range r = mt__fn_range(&call->args[i], row);

        for (; rc >= 0 && r.from < r.to; r.from++) {
            rc = add_key(call, i, r.from);
            if (rc <= 0)
                continue;
            rc = mt_put_from(&out->children[0], &map->children[0], r.from);
            if (rc == 0)
                rc = mt_put_from(&out->children[1], &map->children[1], r.from);
        }
    }
    return rc < 0 ? rc : mt_put_list(out);
}

static int run_union(mt__fn_call *call, mt_error **err)
{
    int rc = hash_keys(call, call->args_len, err);

    if (rc == 0)
        rc = mt__text_rows(call, err, union_row);
    mt__value_set_shrink(&((union_state *)call->state)->keys);
    return rc;
}

/* Marks in s->kept the last entry of each key. */
static int mark_last(mt__fn_call *call, mt__range keys)
{
    union_state *s = call->state;
    int32_t i;
    int rc;

    s->kept.len = 0;
    if (mt_buf_reserve(&s->kept, (size_t)(keys.to - keys.from) + 1) < 0)
        return MT_ENOMEM;
    mt__value_set_restart(&s->keys);
    for (i = keys.to - 1; i >= keys.from; i--) {
        rc = add_key(call, 0, i);
        if (rc < 0)
            return rc;
        s->kept.data[i - keys.from] = (uint8_t)rc;
    }
    return 0;
}

static int pair_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt__range keys = mt__fn_range(&call->args[0], row);
    mt__range values = mt__fn_range(&call->args[1], row);
    const union_state *s = call->state;
    int32_t i, len = keys.to - keys.from;
    int rc;

    if (len != values.to - values.from) {
        if (!mt__fn_wants(call, row))
            return mt_put_list(call->out);
        return mt__fn_fail(call, row, err,
                           "MAP_FROM_ARRAYS takes a value for each key, here "
                           "are %d keys and %d values",
                           (int)len, (int)(values.to - values.from));
    }
    rc = mark_last(call, keys);
    for (i = 0; rc == 0 && i < len; i++) {
        if (!s->kept.data[i])
            continue;
        rc = mt_put_from(&call->out->children[0],
                         &call->args[0].column->children[0], keys.from + i);
        if (rc == 0)
            rc = mt_put_from(&call->out->children[1],
                             &call->args[1].column->children[0],
                             values.from + i);
    }
    return rc < 0 ? rc : mt_put_list(call->out);
}

static int run_pair(mt__fn_call *call, mt_error **err)
{
    int rc = hash_keys(call, 1, err);

    if (rc == 0)
        rc = mt__text_rows(call, err, pair_row);
    mt__value_set_shrink(&((union_state *)call->state)->keys);
    return rc;
}

#define RUN(name, row)                                                         \
    static int name(mt__fn_call *call, mt_error **err)                         \
    {                                                                          \
        return mt__text_rows(call, err, row);                                  \
    }
RUN(run_make, make_row)
RUN(run_keys, keys_row)
RUN(run_values, values_row)
RUN(run_entries, entries_row)
#undef RUN

const mt__function mt__functions_map[] = {
    {.name = "MAP", .run = run_make},
    {.name = "ITEM_OF_MAP", .strict = true, .run = run_item},
    {.name = "MAP_KEYS", .strict = true, .run = run_keys},
    {.name = "MAP_VALUES", .strict = true, .run = run_values},
    {.name = "MAP_ENTRIES", .strict = true, .run = run_entries},
    {.name = "MAP_UNION",
     .strict = true,
     .open = open_union,
     .run = run_union,
     .close = close_union},
    {.name = "MAP_FROM_ARRAYS",
     .strict = true,
     .open = open_union,
     .run = run_pair,
     .close = close_union},
    {.name = NULL},
};
