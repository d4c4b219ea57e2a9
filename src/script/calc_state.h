/* calc_state.h - what stands behind an mt_ffi_calc.
 *
 * A register's column is one of three: *owned* (its buffers are counted here: a
 * column of the batch, or one taken), a *view* of the register's own builder,
 * or the *same* as that of another register. A view leaves in an output batch
 * by sealing the builder, an owned one by sharing; hence `same`, which leads to
 * the builder in question.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_CALC_STATE_H
#define MT_CALC_STATE_H

#include "functions/zone.h"
#include "script/ffi_calc.h"

typedef struct mt__calc_reg {
    mt_type *type;
    mt_batch *place; /* its one column is what stands here */
    mt_column_builder builder;
    bool built;     /* and there is a builder */
    bool constant;  /* one row, which stands for all */
    bool viewing;   /* the column is a view of the builder */
    bool tame;      /* of reals: none is a NaN that LuaJIT must not see */
    int32_t same;   /* the column is that of this register; 0: no */
    int32_t left;   /* as this column of the output; -1: not yet */
    mt_batch *wide; /* a constant, repeated for a whole batch */
} mt__calc_reg;

typedef struct mt__calc_call {
    const mt__function *fn; /* NULL: a loop */
    mt__fn_call call;
    mt__fn_arg *args;
    int32_t *arg_regs;
    int32_t reg;
    int32_t mask;
    bool opened;
    char *option;
    char *label;
    int32_t line;
} mt__calc_call;

typedef struct mt__calc_mask {
    uint8_t *bits;
    size_t size;
} mt__calc_mask;

/* Rows by number, for a selection or for the places of a constant. */
typedef struct mt__calc_rows {
    int32_t *rows;
    int32_t max;
} mt__calc_rows;

typedef struct mt__calc {
    mt_ffi_calc ffi; /* the first member */
    mt__calc_reg *regs;
    mt__calc_call *calls;
    mt__calc_mask *masks;
    const mt_column **columns;
    int32_t regs_len, regs_max;
    int32_t calls_len, calls_max;
    int32_t masks_len, masks_max;
    mt_batch *batch;
    mt__calc_rows selected;
    mt__calc_rows zeros;
    int32_t *reads;   /* columns of the input */
    int32_t *outputs; /* registers */
    int32_t reads_len, reads_max;
    int32_t outputs_len, outputs_max;
    const int32_t *selection; /* that `take` goes by; NULL: all rows */
    char *zone;
    mt__zone *clock; /* of the zone; NULL: UTC */
    mt__fn_session session;
    mt_error *err;
    mt_buf text; /* of the error that was told last */
} mt__calc;

static inline mt__calc *mt__calc_of(mt_ffi_calc *c)
{
    return (mt__calc *)c;
}

static inline mt__calc_reg *mt__calc_reg_of(mt__calc *c, int32_t i)
{
    return &c->regs[i];
}

static inline mt_column *mt__calc_column_of(mt__calc_reg *r)
{
    return &r->place->columns[0];
}

/* Each keeps the failure in the calc and answers its code. The second says in
 * which part of the statement what has failed did, and for which row of the
 * relation (-1: none). */
int mt__calc_no_memory(mt__calc *c);
int mt__calc_tell_place(mt__calc *c, const mt__calc_call *k, int32_t row);

/* A batch of one column of that type. Returns owned. */
mt_batch *mt__calc_new_place(const mt_type *type, mt_error **err);
/* Nothing stands in the register any more. */
void mt__calc_clear_reg(mt__calc_reg *r);
/* The register's builder, made when it is first asked for; NULL without
 * memory. */
mt_column_builder *mt__calc_builder_of(mt__calc_reg *r);
/* What was built stands in the register now. */
void mt__calc_view_builder(mt__calc_reg *r);
/* What stands in `from` stands in `to` as well. */
void mt__calc_share_column(mt__calc *c, int32_t to, int32_t from);
/* Room for so many rows; new ones are 0. 0 or MT_ENOMEM. */
int mt__calc_reserve_rows(mt__calc_rows *list, int32_t rows);

#endif
