/* host.h - calling scalar functions: what stands around function.h's run().
 *
 * thread: the task that opened the call.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTIONS_HOST_H
#define MT_FUNCTIONS_HOST_H

#include "functions/function.h"

/* Opens the call: `args` (with the columns of those that are constant), `type`,
 * `session` and `option` are set, all of them borrowed until it is closed; the
 * rest is zero. After a failure it need not be closed. */
int mt__function_open(const mt__function *fn, mt__fn_call *call,
                      mt_error **err);
/* Fills `out`, whose type is call->type and whose rows are forgotten, with
 * `call->rows` rows; the columns of `args`, `rows` and `active` are set.
 * MT_ERECORD with call->failed_row when a row is refused; `out` may then hold
 * anything. */
int mt__function_run(const mt__function *fn, mt__fn_call *call,
                     mt_column_builder *out, mt_error **err);
void mt__function_close(const mt__function *fn, mt__fn_call *call);

/* Makes the builder an empty one that keeps its memory, but for what a few huge
 * values made it grow to. */
void mt__builder_restart(mt_column_builder *c);
/* The same, then room for `rows` rows, which are there: of FIXED and BITS form
 * zeroed in case `zero`. Others are left empty. 0 or MT_ENOMEM. */
int mt__builder_begin(mt_column_builder *c, int32_t rows, bool zero);
/* Makes the rows that any of the `args_len` arguments has NULL at NULL ones of
 * `c`, whose validity has room for `rows`. False when nothing is NULL. */
bool mt__builder_and_validity(mt_column_builder *c, const mt__fn_arg *args,
                              int32_t args_len, int32_t rows);
/* Makes `out`, which has its children, the builder's rows without owning them:
 * until the builder is changed. */
void mt__builder_view(const mt_column_builder *c, mt_column *out);

#endif
