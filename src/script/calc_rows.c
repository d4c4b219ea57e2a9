/* Programs of expressions: the rows at work. A condition selects some, an
 * expansion makes others of them, a mask says which of them a branch is for.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/calc_state.h"

#include "data/column.h"
#include "functions/bits.h"
#include "functions/host.h"

/* ---- masks ----------------------------------------------------------- */

static int reserve_mask(mt__calc_mask *m, int32_t rows)
{
    size_t size = (size_t)mt__bits_words(rows) * 8;
    uint8_t *bits;

    if (size <= m->size)
        return 0;
    bits = mt_realloc(m->bits, m->size, size);
    if (!bits)
        return MT_ENOMEM;
    m->bits = bits;
    m->size = size;
    return 0;
}

/* The rows of word `w` for which the argument is as `how` says. */
static uint64_t bits_that_are(const mt__fn_arg *arg, int32_t how, int32_t w,
                              int32_t rows)
{
    uint64_t valid = mt__fn_valid(arg, w, rows), bits;

    if (how == 3)
        return ~valid;
    bits = arg->type->kind == MT_BOOLEAN ? mt__fn_bits(arg, w, rows) : 0;
    if (how == 0)
        return bits & valid;
    return how == 1 ? ~(bits & valid) : bits | ~valid;
}

int mt_ffi_calc_mask(mt_ffi_calc *ffi, int32_t i, int32_t of, int32_t reg_index,
                     int32_t how)
{
    mt__calc *c = mt__calc_of(ffi);
    const mt__calc_reg *r = mt__calc_reg_of(c, reg_index);
    const mt__fn_arg arg = {r->type, c->columns[reg_index], r->constant};
    const uint8_t *outer = of ? c->masks[of].bits : NULL;
    int32_t w, rows = c->ffi.rows;
    uint64_t bits;

    if (reserve_mask(&c->masks[i], rows) < 0)
        return mt__calc_no_memory(c);
    for (w = 0; w < mt__bits_words(rows); w++) {
        bits = bits_that_are(&arg, how, w, rows) & mt__bits_mask(w, rows);
        if (outer)
            bits &= mt__bits_get(outer, w, rows);
        mt__bits_put(c->masks[i].bits, w, bits);
    }
    return 0;
}

const uint8_t *mt_ffi_calc_bits(mt_ffi_calc *ffi, int32_t i)
{
    return mt__calc_of(ffi)->masks[i].bits;
}

int mt_ffi_calc_refuse(mt_ffi_calc *ffi, int32_t i, const char *text)
{
    mt__calc *c = mt__calc_of(ffi);
    const mt__calc_call nowhere = {0};
    int32_t row = 0, rows = c->ffi.rows;

    if (i)
        while (row < rows && !mt_bit(c->masks[i].bits, row))
            row++;
    if (row >= rows)
        return 0;
    mt_fail(&c->err, MT_ERECORD, "%s", text);
    return mt__calc_tell_place(c, &nowhere, row);
}

/* ---- the batch at work --------------------------------------------------- */

mt__fn_session *mt__calc_session(mt_ffi_calc *ffi)
{
    return &mt__calc_of(ffi)->session;
}

void mt_ffi_calc_start(mt_ffi_calc *ffi, mt_batch *batch)
{
    mt__calc *c = mt__calc_of(ffi);

    c->batch = batch;
    c->selection = NULL;
    ffi->rows = batch->rows;
    ffi->origin = NULL;
    ffi->row = -1;
    ffi->again = false;
}

int mt_ffi_calc_input(mt_ffi_calc *ffi, int32_t i, int32_t column)
{
    mt__calc *c = mt__calc_of(ffi);
    const mt_column *from = mt_batch_column(c->batch, column, &c->err);
    mt__calc_reg *r = mt__calc_reg_of(c, i);

    if (!from)
        return mt_error_code(c->err);
    mt__calc_clear_reg(r);
    mt__column_share(mt__calc_column_of(r), from);
    return 0;
}

int mt__calc_reserve_rows(mt__calc_rows *list, int32_t rows)
{
    int32_t *wider;

    if (rows <= list->max)
        return 0;
    wider = mt_realloc(list->rows, sizeof(*wider) * (size_t)list->max,
                       sizeof(*wider) * (size_t)rows);
    if (!wider)
        return MT_ENOMEM;
    memset(wider + list->max, 0, sizeof(*wider) * (size_t)(rows - list->max));
    list->rows = wider;
    list->max = rows;
    return 0;
}

/* Writes the numbers of the rows whose bits are set; tells how many. Words of
 * one kind are what most conditions give, so they go by themselves. */
static int32_t list_bits(const mt__fn_arg *arg, int32_t rows, int32_t *out)
{
    int32_t w, len = 0, i;
    uint64_t bits;

    for (w = 0; w < mt__bits_words(rows); w++) {
        bits = bits_that_are(arg, 0, w, rows) & mt__bits_mask(w, rows);
        if (bits == ~UINT64_C(0)) {
            for (i = 0; i < 64; i++)
                out[len + i] = w * 64 + i;
            len += 64;
            continue;
        }
        for (; bits; bits &= bits - 1)
            out[len++] = w * 64 + __builtin_ctzll(bits);
    }
    return len;
}

/* The rows selected are rows of a relation that an expansion has made: `origin`
 * becomes theirs in place, since each is at or before its own place. */
static void compose_origin(mt__calc *c, const int32_t *selected, int32_t len)
{
    int32_t i;

    for (i = 0; i < len; i++)
        c->ffi.expanded[i] = c->ffi.expanded[selected[i]];
}

int32_t mt_ffi_calc_select(mt_ffi_calc *ffi, int32_t reg_index)
{
    mt__calc *c = mt__calc_of(ffi);
    const mt__calc_reg *r = mt__calc_reg_of(c, reg_index);
    const mt__fn_arg arg = {r->type, c->columns[reg_index], r->constant};
    int32_t len, rows = ffi->rows;

    /* list_bits() writes 64 at a time. */
    if (mt__calc_reserve_rows(&c->selected, (rows + 63) & ~63) < 0)
        return mt__calc_no_memory(c);
    len = list_bits(&arg, rows, c->selected.rows);
    c->selection = len == rows ? NULL : c->selected.rows;
    ffi->rows = len;
    if (len < rows && ffi->origin)
        compose_origin(c, c->selected.rows, len);
    else if (len < rows)
        ffi->origin = c->selected.rows;
    return len;
}

int mt_ffi_calc_take(mt_ffi_calc *ffi, int32_t i, int32_t from, bool first)
{
    mt__calc *c = mt__calc_of(ffi);
    const int32_t *rows = first ? ffi->origin : c->selection;
    mt__calc_reg *r = mt__calc_reg_of(c, i);

    if (!rows || mt__calc_reg_of(c, from)->constant) {
        mt__calc_share_column(c, i, from);
        return 0;
    }
    mt__calc_clear_reg(r);
    if (mt__column_take(mt__calc_column_of(r), r->type, c->columns[from], rows,
                        ffi->rows) < 0)
        return mt__calc_no_memory(c);
    return 0;
}

int mt_ffi_calc_share(mt_ffi_calc *c, int32_t reg_index, int32_t from)
{
    mt__calc_share_column(mt__calc_of(c), reg_index, from);
    return 0;
}

/* ---- expansions ---------------------------------------------------------- */

int mt_ffi_calc_reserve(mt_ffi_calc *ffi, int32_t rows)
{
    mt__calc_rows list = {ffi->expanded, ffi->expanded_max};

    while (list.max < rows)
        if (mt__calc_reserve_rows(&list,
                                  list.max ? 2 * list.max : MT_BATCH_ROWS) < 0)
            return mt__calc_no_memory(mt__calc_of(ffi));
    ffi->expanded = list.rows;
    ffi->expanded_max = list.max;
    return 0;
}

mt_column_builder *mt_ffi_calc_begin_any(mt_ffi_calc *ffi, int32_t i)
{
    mt__calc *c = mt__calc_of(ffi);
    mt_column_builder *b =
        mt__calc_builder_of(mt__calc_reg_of(c, c->calls[i].reg));

    if (!b)
        mt__calc_no_memory(c);
    else
        mt__builder_restart(b);
    return b;
}

void mt_ffi_calc_expand(mt_ffi_calc *ffi, int32_t rows, int32_t next)
{
    ffi->again = next < ffi->rows;
    ffi->rows = rows;
    ffi->origin = ffi->expanded;
    mt__calc_of(ffi)->selection = ffi->expanded;
}

/* Where the elements of a collection go. */
typedef struct unnesting {
    const mt_type *type;
    const mt_column *column;
    mt_column_builder **outs;
    int32_t outs_len; /* without the one of positions */
    mt_column_builder *positions;
} unnesting;

/* Element `at` as values of the columns: a ROW's fields each in its own. */
static int put_element(const unnesting *u, int32_t at)
{
    const mt_type *type = u->type->fields[0].type;
    const mt_column *element = &u->column->children[0];
    bool null = type->kind == MT_ROW && mt_column_is_null(element, at);
    int32_t i;
    int rc = 0;

    for (i = 0; i < u->outs_len && rc == 0; i++) {
        const mt_column *from = element;

        if (u->type->kind == MT_MAP)
            from = &u->column->children[i];
        else if (type->kind == MT_ROW)
            from = &element->children[i];
        rc = null ? mt_put_null(u->outs[i]) : mt_put_from(u->outs[i], from, at);
    }
    return rc;
}

/* Appends to `expanded` that the next row comes of `row`. */
static int note_origin(mt__calc *c, int32_t made, int32_t row)
{
    if (mt_ffi_calc_reserve(&c->ffi, made + 1) < 0)
        return MT_ENOMEM;
    c->ffi.expanded[made] = row;
    return 0;
}

/* The rows of one collection, row `at` of the column; how many there are then
 * in all, or MT_ENOMEM. */
static int32_t unnest_row(mt__calc *c, const unnesting *u, int32_t row,
                          int32_t at, int32_t made)
{
    const int32_t *counts = NULL;
    int32_t i, k, times, position = 0;

    if (u->type->kind == MT_MULTISET)
        counts = u->column->children[1].values;
    for (i = u->column->offsets[at]; i < u->column->offsets[at + 1]; i++) {
        times = counts ? counts[i] : 1;
        for (k = 0; k < times; k++) {
            if (put_element(u, i) < 0 || note_origin(c, made, row) < 0)
                return MT_ENOMEM;
            if (u->positions && mt_put_i32(u->positions, ++position) < 0)
                return MT_ENOMEM;
            made++;
        }
    }
    return made;
}

static int32_t unnest_nothing(mt__calc *c, const unnesting *u, int32_t row,
                              int32_t made)
{
    int32_t i;

    for (i = 0; i < u->outs_len; i++)
        if (mt_put_null(u->outs[i]) < 0)
            return MT_ENOMEM;
    if (u->positions && mt_put_null(u->positions) < 0)
        return MT_ENOMEM;
    return note_origin(c, made, row) < 0 ? MT_ENOMEM : made + 1;
}

/* All rows from `from` on, as many as a batch has room for; sets *next. */
static int32_t unnest_rows(mt__calc *c, const unnesting *u,
                           const mt__calc_reg *r, int32_t from, bool outer,
                           int32_t *next)
{
    int32_t row, at, before, made = 0;

    for (row = from; row < c->ffi.rows && made < MT_BATCH_ROWS; row++) {
        at = r->constant ? 0 : row;
        before = made;
        if (!mt_column_is_null(u->column, at))
            made = unnest_row(c, u, row, at, made);
        if (made == before && outer)
            made = unnest_nothing(c, u, row, made);
        if (made < 0)
            return made;
    }
    *next = row;
    return made;
}

/* How many columns an element makes. */
static int32_t count_outs(const mt_type *type)
{
    const mt_type *element = type->fields[0].type;

    if (type->kind == MT_MAP)
        return 2;
    return element->kind == MT_ROW ? element->fields_len : 1;
}

int32_t mt_ffi_calc_unnest(mt_ffi_calc *ffi, int32_t reg_index, int32_t from,
                           const int32_t *outs, int32_t outs_len,
                           bool ordinality, bool outer)
{
    mt__calc *c = mt__calc_of(ffi);
    const mt__calc_reg *r = mt__calc_reg_of(c, reg_index);
    size_t size = sizeof(mt_column_builder *) * (size_t)outs_len;
    unnesting u = {.type = r->type, .column = c->columns[reg_index]};
    int32_t i, next = from, made = MT_ENOMEM;

    if (count_outs(r->type) != outs_len - ordinality)
        return mt_fail(&c->err, MT_EINTERNAL, "UNNEST makes %d columns, not %d",
                       (int)count_outs(r->type), (int)(outs_len - ordinality));
    u.outs = mt_alloc(size);
    for (i = 0; u.outs && i < outs_len; i++) {
        u.outs[i] = mt__calc_builder_of(mt__calc_reg_of(c, outs[i]));
        if (!u.outs[i])
            break;
        mt__builder_restart(u.outs[i]);
    }
    if (u.outs && i == outs_len) {
        u.outs_len = outs_len - ordinality;
        u.positions = ordinality ? u.outs[outs_len - 1] : NULL;
        made = unnest_rows(c, &u, r, from, outer, &next);
    }
    mt_free(u.outs, u.outs ? size : 0);
    if (made < 0)
        return mt__calc_no_memory(c);
    mt_ffi_calc_expand(ffi, made, next);
    for (i = 0; i < outs_len; i++)
        mt__calc_view_builder(mt__calc_reg_of(c, outs[i]));
    return next;
}
