/* CAST, TRY_CAST, TYPEOF.
 *
 * All pairs of types go through the casts of data/cast.h. They know nothing of
 * rows that must not fail: such are cast as TRY_CAST does, and of those that
 * came out as NULL each that may fail is cast again by itself.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/column.h"
#include "functions/bits.h"

static int no_memory(const mt__fn_call *call, mt_error **err)
{
    return mt_fail(err, MT_ENOMEM, "out of memory for %d rows", call->rows);
}

/* Appends the rows of the argument. */
static int cast_rows(mt__fn_call *call, mt_cast_mode mode, mt_error **err)
{
    const mt__fn_arg *arg = &call->args[0];
    const mt_cast_session *session = &call->session->cast;
    int32_t row;
    int rc = 0;

    call->out->rows = 0; /* those of BITS and FIXED form are there */
    if (!arg->constant)
        return mt_cast_column(arg->type, arg->column, call->rows, call->out,
                              mode, session, err);
    for (row = 0; rc == 0 && row < call->rows; row++)
        rc = mt_cast_column(arg->type, arg->column, 1, call->out, mode, session,
                            err);
    return rc;
}

/* Casts one row by itself, to see whether it fails. */
static int cast_one(mt__fn_call *call, int32_t row, mt_error **err)
{
    const mt__fn_arg *arg = &call->args[0];
    int32_t from = mt__fn_row(arg, row);
    mt_builder *b = mt_builder_new(call->type, 64, err);
    mt_batch *one = b ? mt__batch_new(arg->type, 1) : NULL;
    int rc = one ? mt__column_take(&one->columns[0], arg->type, arg->column,
                                   &from, 1)
                 : MT_ENOMEM;

    if (rc == 0)
        rc = mt_cast_column(arg->type, &one->columns[0], 1, &b->columns[0],
                            MT_CAST_FAIL, &call->session->cast, err);
    else
        no_memory(call, b ? err : NULL);
    mt_batch_unref(one);
    mt_builder_free(b);
    return rc;
}

/* Fails for the first row that may fail and does. */
static int check_active(mt__fn_call *call, mt_error **err)
{
    const mt__fn_arg *arg = &call->args[0];
    int32_t w;
    uint64_t lost;
    int rc;

    for (w = 0; w < mt__bits_words(call->rows); w++) {
        lost = mt__fn_valid(arg, w, call->rows) &
               ~mt__bits_get(call->out->validity, w, call->rows) &
               mt__bits_get(call->active, w, call->rows);
        for (; lost; lost &= lost - 1) {
            int32_t row = w * 64 + __builtin_ctzll(lost);

            rc = cast_one(call, row, err);
            if (rc < 0) {
                call->failed_row = row;
                return rc;
            }
        }
    }
    return 0;
}

static int run_cast(mt__fn_call *call, mt_error **err)
{
    int rc;

    if (call->active) {
        rc = cast_rows(call, MT_CAST_TRY, err);
        return rc < 0 ? rc : check_active(call, err);
    }
    rc = cast_rows(call, MT_CAST_FAIL, err);
    if (rc == MT_ERECORD)
        call->failed_row = call->out->rows;
    return rc;
}

static int run_try_cast(mt__fn_call *call, mt_error **err)
{
    return cast_rows(call, MT_CAST_TRY, err);
}

/* ---- TYPEOF ----------------------------------------------------------- */

static int run_typeof(mt__fn_call *call, mt_error **err)
{
    mt_buf text = {0};
    int32_t row;
    int rc = mt_type_text(call->args[0].type, &text);

    for (row = 0; rc == 0 && row < call->rows; row++)
        rc = mt_put_bytes(call->out, text.data, text.len);
    mt_buf_fini(&text);
    return rc < 0 ? no_memory(call, err) : 0;
}

const mt__function mt__functions_convert[] = {
    {"CAST", false, NULL, run_cast, NULL},
    {"TRY_CAST", false, NULL, run_try_cast, NULL},
    {"TYPEOF", false, NULL, run_typeof, NULL},
    {NULL, false, NULL, NULL, NULL},
};
