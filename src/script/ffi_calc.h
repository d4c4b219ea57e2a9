/* ffi_calc.h - what a program of expressions runs on: columns in registers.
 *
 * A program (lua/moontide/expr/compile.lua) computes columns out of columns.
 * Each stands in a *register*: a column of the batch, one made by a scalar
 * function or by a loop of the program's own, one taken of another by the
 * selection at work, or a constant of one row. The memory of what is computed
 * serves batch after batch; only columns that leave are handed over.
 *
 * Bitmaps that say for which rows a branch of a CASE is taken stand in *masks*.
 *
 * Door: FFI. Plain scalars and pointers in, scalars out, nothing raised. What
 * fails answers a negative number (or NULL) and leaves its error in the calc.
 * Registers, calls and masks are numbered from 1; mask 0 is all rows.
 * thread: the task that made it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FFI_CALC_H
#define MT_FFI_CALC_H

#include "functions/function.h"

#pragma GCC visibility push(default)
/* cdef begin */
typedef struct mt_ffi_calc {
    const mt_column *const *columns; /* one a register; [0] is unused */
    int32_t columns_len;
    int32_t rows;          /* of the relation at work */
    const int32_t *origin; /* row of the batch of each; NULL: the same row */
    int32_t *expanded;     /* rows that an expansion has made so far, by the */
    int32_t expanded_max;  /* row of the relation that each comes of */
    int32_t row;           /* the row that a user's function works on; or -1 */
    int32_t subtask;
    int32_t parallelism;
    bool again; /* an expansion has not come to the end of the batch */
} mt_ffi_calc;

/* ---- opening ----------------------------------------------------------- */

/* Returns owned; NULL without memory. */
mt_ffi_calc *mt_ffi_calc_new(void);
void mt_ffi_calc_free(mt_ffi_calc *c); /* NULL is fine */
/* The time zone of the session; before anything else. */
int mt_ffi_calc_zone(mt_ffi_calc *c, const char *zone);
/* Local time of that zone less UTC, in ms, at an instant. */
int64_t mt_ffi_calc_offset_ms(mt_ffi_calc *c, int64_t utc_ms);
/* Text of the failure that the calc holds, which is gone then. */
const char *mt_ffi_calc_error(mt_ffi_calc *c);
/* Number of a new register for columns of that type. */
int32_t mt_ffi_calc_register(mt_ffi_calc *c, const char *type, bool constant);
/* The constant whose text CAST(x AS STRING) shows; NULL text: NULL. */
int mt_ffi_calc_literal(mt_ffi_calc *c, int32_t reg, const char *text,
                        size_t len);
/* Number of a new call that fills `reg`. `fn`: a scalar function; NULL: a loop
 * of the program's own. `label` and `line` say what stands there, for errors;
 * line 0: unknown. What the call is given is copied. */
int32_t mt_ffi_calc_declare(mt_ffi_calc *c, const char *fn, const char *option,
                            int32_t reg, const int32_t *args, int32_t args_len,
                            int32_t mask, const char *label, int32_t line);
/* Opens a call of a function before its first batch. */
int mt_ffi_calc_prepare(mt_ffi_calc *c, int32_t call);
/* The next calls are for constants: of one row. */
void mt_ffi_calc_begin_constants(mt_ffi_calc *c);
/* A constant that could not be computed: NULL. */
int mt_ffi_calc_null(mt_ffi_calc *c, int32_t reg);
int32_t mt_ffi_calc_new_mask(mt_ffi_calc *c);
/* Column `column` of the input is read. */
int mt_ffi_calc_reads(mt_ffi_calc *c, int32_t column);
/* The next column that comes out is that of register `reg`. */
int mt_ffi_calc_output(mt_ffi_calc *c, int32_t reg);
/* Whether a value of the one type is stored just as one of the other. */
bool mt_ffi_type_is_free(const mt_type *from, const mt_type *to);

/* ---- a batch ----------------------------------------------------------- */

/* Makes `batch` (borrowed until mt__calc_done()) the relation at work. What an
 * expansion has left to do of the same batch begins anew with it too. */
void mt_ffi_calc_start(mt_ffi_calc *c, mt_batch *batch);
/* A column of the batch. */
int mt_ffi_calc_input(mt_ffi_calc *c, int32_t reg, int32_t column);
/* Calls a scalar function. */
int mt_ffi_calc_call(mt_ffi_calc *c, int32_t call);
/* Values of a FLOAT or DOUBLE column for a loop. LuaJIT takes some NaNs for
 * other things than numbers; they may stand under a NULL, or come from outside.
 * Here each has become the usual NaN, in the register too. NULL without memory.
 */
const void *mt_ffi_calc_reals(mt_ffi_calc *c, int32_t reg);
/* Before and after a loop. The builder has room for the relation's rows, with
 * `zero` those of fixed width are zeros; with `strict`, a row is NULL where an
 * argument is. */
mt_column_builder *mt_ffi_calc_begin(mt_ffi_calc *c, int32_t call, bool zero);
int mt_ffi_calc_end(mt_ffi_calc *c, int32_t call, bool strict);
/* Makes `mask` the rows of mask `of` for which the BOOLEAN in `reg` is: 0 TRUE,
 * 1 not TRUE, 2 not FALSE; or the value of any type is: 3 NULL. */
int mt_ffi_calc_mask(mt_ffi_calc *c, int32_t mask, int32_t of, int32_t reg,
                     int32_t how);
/* The bits of a mask. Borrowed until it is made again. */
const uint8_t *mt_ffi_calc_bits(mt_ffi_calc *c, int32_t mask);
/* Fails for the first row of the mask, if there is one: for what could not be
 * computed. Takes the text. */
int mt_ffi_calc_refuse(mt_ffi_calc *c, int32_t mask, const char *text);
/* From now on the relation is of those rows for which the BOOLEAN in `reg` is
 * TRUE. How many there are. */
int32_t mt_ffi_calc_select(mt_ffi_calc *c, int32_t reg);
/* The rows of `from` that the relation is of now: `from` is of the relation
 * before, or with `first` of that which the batch is. */
int mt_ffi_calc_take(mt_ffi_calc *c, int32_t reg, int32_t from, bool first);
/* Makes room for `rows` entries in `expanded`. */
int mt_ffi_calc_reserve(mt_ffi_calc *c, int32_t rows);
/* The builder of a loop that makes any number of rows: empty. */
mt_column_builder *mt_ffi_calc_begin_any(mt_ffi_calc *c, int32_t call);
/* From now on the relation is of the `rows` rows that an expansion has made,
 * `expanded` saying of which each comes. It has worked on those before `next`.
 */
void mt_ffi_calc_expand(mt_ffi_calc *c, int32_t rows, int32_t next);
/* Makes a row of each element of the ARRAY, MAP or MULTISET in `reg`, from row
 * `from` on, and the relation of these. `outs`: registers of the columns, the
 * last one for positions from 1 with `ordinality`; with `outer` a row without
 * elements becomes one of NULLs. The row to go on from. */
int32_t mt_ffi_calc_unnest(mt_ffi_calc *c, int32_t reg, int32_t from,
                           const int32_t *outs, int32_t outs_len,
                           bool ordinality, bool outer);
/* The same column as `from`. */
int mt_ffi_calc_share(mt_ffi_calc *c, int32_t reg, int32_t from);
/* cdef end */
#pragma GCC visibility pop

/* The relation as a batch of type `type`, its columns those that the program
 * said come out. Kinds and timestamps are those of the batch. Returns owned. */
mt_batch *mt__calc_finish(mt_ffi_calc *c, const mt_type *type, mt_error **err);
/* Nothing is kept of the batch from now on. */
void mt__calc_done(mt_ffi_calc *c);
/* The session that functions see; to be changed between batches. */
mt__fn_session *mt__calc_session(mt_ffi_calc *c);
/* Sets needed[i] for each column that is read. */
void mt__calc_needed(const mt_ffi_calc *c, uint8_t *needed);
/* How many columns come out. */
int32_t mt__calc_outputs_len(const mt_ffi_calc *c);
/* Notes the row that a user's function works on, if one does. */
void mt__calc_note_row(mt_ffi_calc *c, mt_error *err);
/* The failure, or NULL. Returns owned: the calc has none then. */
mt_error *mt__calc_take_error(mt_ffi_calc *c);

#endif
