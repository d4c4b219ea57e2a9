/* column.h - columns and column builders as the engine alone uses them.
 *
 * What everybody sees of them is in moontide_plugin.h.
 * thread: a sealed column any, a builder the one that fills it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_DATA_COLUMN_H
#define MT_DATA_COLUMN_H

#include "data/type.h"

/* ---- sealed columns ------------------------------------------------------ */

/* Bytes of the rows, nested ones included. */
int64_t mt__column_bytes(const mt_type *type, const mt_column *c);
/* Bytes of the buffers that the column keeps, as they were allocated: up to
 * eight times those of its rows. One shared with other columns counts here as
 * if it were not. */
int64_t mt__column_held(const mt_column *c);
/* Unrefs the buffers of the column and of its children. */
void mt__column_release(mt_column *c);
/* Makes `out` the same column, sharing the buffers. `out` must already have its
 * children (see mt__batch_new), whose contents are overwritten. */
void mt__column_share(mt_column *out, const mt_column *c);
/* Fills `out`, which must have its children and be zeroed else, with
 * rows[0 .. rows_len) of `c`. 0 or MT_ENOMEM; what was made before a failure
 * stays in `out` for mt__column_release(). */
int mt__column_take(mt_column *out, const mt_type *type, const mt_column *c,
                    const int32_t *rows, int32_t rows_len);
/* Copies rows[0 .. len) of FIXED values of `width` bytes. */
void mt__take_values(void *to, const void *from, int32_t width,
                     const int32_t *rows, int32_t len);
/* How many of the first `rows` bits are 0; NULL bits are all 1. */
int32_t mt__count_nulls(const uint8_t *bits, int32_t rows);

/* ---- column builders ----------------------------------------------------- */

/* Room for `rows_max` rows to begin with; borrows `type`. The memory of `c` may
 * hold anything. On MT_ENOMEM nothing needs to be freed. */
int mt__column_builder_init(mt_column_builder *c, const mt_type *type,
                            int32_t rows_max);
void mt__column_builder_fini(mt_column_builder *c);
/* Makes room for `more` rows. 0 or MT_ENOMEM. */
int mt__column_builder_reserve(mt_column_builder *c, int32_t more);
/* Cuts back to `rows` rows, also what was put into the children of a list or
 * row that was never ended. */
void mt__column_builder_cut(mt_column_builder *c, int32_t rows);
/* Copies rows [from_row, from_row + len) of `from`, of an equal type. */
int mt__column_builder_append(mt_column_builder *c, const mt_column *from,
                              int32_t from_row, int32_t len);
/* Copies rows[0 .. len) of `from`, in that order; otherwise as above. */
int mt__column_builder_append_rows(mt_column_builder *c, const mt_column *from,
                                   const int32_t *rows, int32_t len);
/* Marks the `len` rows after the last as NULL where those of `from` are. The
 * rows must be there (mt__column_builder_reserve) and are counted by the
 * caller, once their values are in place as well. */
void mt__column_builder_append_validity(mt_column_builder *c,
                                        const mt_column *from, int32_t from_row,
                                        int32_t len);
/* Bytes of variable size that it holds. */
int64_t mt__column_builder_bytes(const mt_column_builder *c);

/* Sealing goes in two steps, so that a batch is sealed whole or not at all.
 * The first gets what memory the second needs, keeping it in `out` (as for
 * mt__column_take; mt__column_release() gives it back after a failure). `name`
 * is for MT_EINTERNAL when the children do not fit their column. */
int mt__column_builder_prepare(mt_column_builder *c, mt_column *out,
                               const char *name, mt_error **err);
/* The second cannot fail: the rows are now `out`'s, the builder is empty with
 * as much room as before. */
void mt__column_builder_seal(mt_column_builder *c, mt_column *out);

/* ---- batches ----------------------------------------------------------- */

/* A batch of so many rows whose columns have their children but are zeroed
 * else. Refs `type`. NULL when memory runs out. */
mt_batch *mt__batch_new(const mt_type *type, int32_t rows);
/* Kinds and timestamps of `batch`, by reference. */
void mt__batch_share_sides(mt_batch *out, const mt_batch *batch);
/* Those of its rows[0 .. len). 0 or MT_ENOMEM; what was made stays in `out`. */
int mt__batch_take_sides(mt_batch *out, const mt_batch *batch,
                         const int32_t *rows, int32_t len);
/* Fills size_bytes; to be called once the columns are there. */
void mt__batch_count_held(mt_batch *b);
/* Bytes of its rows, in columns that are not absent. */
int64_t mt__batch_bytes(const mt_batch *b);

#endif
