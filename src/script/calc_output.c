/* Programs of expressions: the batch of what stands in the registers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/calc_state.h"

#include "data/column.h"

/* Cuts a shared column to its first rows. */
static void cut_column(mt_column *c, int32_t rows)
{
    int32_t i, below = c->offsets ? c->offsets[rows] : rows;

    if (c->nulls == c->rows)
        c->nulls = rows;
    else if (c->nulls)
        c->nulls = mt__count_nulls(c->validity, rows);
    c->rows = rows;
    for (i = 0; i < c->children_len; i++)
        cut_column(&c->children[i], below);
}

/* A constant as `rows` rows of `out`. */
static int repeat_constant(mt__calc *c, mt__calc_reg *r, mt_column *out,
                           int32_t rows)
{
    if (mt__calc_reserve_rows(&c->zeros, rows) < 0 ||
        mt__column_take(out, r->type, mt__calc_column_of(r), c->zeros.rows,
                        rows) < 0)
        return mt__calc_no_memory(c);
    return 0;
}

/* Whether a constant is worth repeating once for all batches: not for a few
 * rows, which would then count as holding the memory of many, nor when it is
 * large. */
static bool is_kept_wide(const mt__calc_reg *r, int32_t rows)
{
    return rows > MT_BATCH_ROWS / 8 && rows <= MT_BATCH_ROWS &&
           mt__column_bytes(r->type, &r->place->columns[0]) <
               MT_BATCH_BYTES / MT_BATCH_ROWS;
}

static int spread_constant(mt__calc *c, mt__calc_reg *r, mt_column *out,
                           int32_t rows)
{
    int rc = 0;

    if (!is_kept_wide(r, rows))
        return repeat_constant(c, r, out, rows);
    if (!r->wide) {
        r->wide = mt__calc_new_place(r->type, &c->err);
        if (!r->wide)
            return MT_ENOMEM;
        rc = repeat_constant(c, r, &r->wide->columns[0], MT_BATCH_ROWS);
    }
    if (rc < 0)
        return rc;
    mt__column_share(out, &r->wide->columns[0]);
    cut_column(out, rows);
    return 0;
}

/* Hands over what the register holds as column `i` of `out`. */
static int leave(mt__calc *c, int32_t index, mt_batch *out, int32_t i)
{
    mt__calc_reg *r = mt__calc_reg_of(c, index);
    mt_column *to = &out->columns[i];
    int rc;

    while (r->same)
        r = mt__calc_reg_of(c, r->same);
    if (r->constant)
        return spread_constant(c, r, to, out->rows);
    if (!r->viewing || r->left >= 0) {
        mt__column_share(to, r->viewing ? &out->columns[r->left]
                                        : mt__calc_column_of(r));
        return 0;
    }
    rc = mt__column_builder_prepare(&r->builder, to,
                                    mt_type_column_name(out->type, i), &c->err);
    if (rc < 0)
        return rc;
    mt__column_builder_seal(&r->builder, to);
    r->left = i;
    return 0;
}

static int leave_all(mt__calc *c, mt_batch *out)
{
    int32_t i;
    int rc = 0;

    for (i = 1; i < c->regs_len; i++)
        c->regs[i].left = -1;
    if (c->ffi.origin)
        rc = mt__batch_take_sides(out, c->batch, c->ffi.origin, out->rows);
    else
        mt__batch_share_sides(out, c->batch);
    if (rc < 0)
        return mt__calc_no_memory(c);
    for (i = 0; i < out->columns_len && rc == 0; i++)
        rc = leave(c, c->outputs[i], out, i);
    return rc;
}

mt_batch *mt__calc_finish(mt_ffi_calc *ffi, const mt_type *type, mt_error **err)
{
    mt__calc *c = mt__calc_of(ffi);
    mt_batch *out = mt__batch_new(type, ffi->rows);

    if (!out) {
        mt_fail(err, MT_ENOMEM, "no memory for a batch of %d rows",
                (int)ffi->rows);
        return NULL;
    }
    if (leave_all(c, out) < 0) {
        mt_batch_unref(out);
        *err = mt__calc_take_error(ffi);
        return NULL;
    }
    mt__batch_count_held(out);
    return out;
}

void mt__calc_done(mt_ffi_calc *ffi)
{
    mt__calc *c = mt__calc_of(ffi);
    int32_t i;

    for (i = 1; i < c->regs_len; i++)
        if (!c->regs[i].constant)
            mt__calc_clear_reg(&c->regs[i]);
    c->batch = NULL;
}
