/* Calling scalar functions: NULLs in and out, memory that is used again.
 *
 * The result's builder is the caller's and serves batch after batch. Validity
 * is its all ones where nobody has cleared a bit, so a strict call costs an AND
 * of bitmaps, 64 rows at a time, only where an argument has any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/function.h"

#include "base/error.h"
#include "data/buffer.h"
#include "data/column.h"
#include "functions/bits.h"
#include "functions/host.h"

/* A column of text or bytes that grew past this is given back. */
#define BYTES_KEPT (4 * MT_BATCH_BYTES)
/* And lists that had more elements than this in a batch. */
#define ELEMENTS_KEPT (64 * MT_BATCH_ROWS)

int mt__fn_fail(mt__fn_call *call, int32_t row, mt_error **err, const char *fmt,
                ...)
{
    va_list args;
    int rc;

    va_start(args, fmt);
    rc = mt__fail_list(err, MT_ERECORD, fmt, args);
    va_end(args);
    call->failed_row = row;
    return rc;
}

int mt__fn_refuse(mt__fn_call *call, int32_t row, mt_error *why, mt_error **err)
{
    int rc = MT_ENOTFOUND;

    if (mt_error_code(why) == MT_ENOMEM)
        rc = mt_fail(err, MT_ENOMEM, "%s", mt_error_message(why));
    else if (mt__fn_wants(call, row))
        rc = mt__fn_fail(call, row, err, "%s", mt_error_message(why));
    mt_error_free(why);
    return rc;
}

/* ---- builders that are used again ---------------------------------------- */

/* Elements of a few huge lists are given back; there is room for the first of
 * the next ones. */
static void free_elements(mt_column_builder *c)
{
    mt_column_builder smaller;
    int32_t i;

    for (i = 0; i < c->children_len; i++) {
        mt_column_builder *child = &c->children[i];

        if (child->rows_max <= ELEMENTS_KEPT ||
            mt__column_builder_init(&smaller, child->type, 0) < 0)
            continue;
        mt__column_builder_fini(child);
        *child = smaller;
    }
}

void mt__builder_restart(mt_column_builder *c)
{
    int32_t i;

    memset(c->validity, 0xff, (size_t)c->rows_max / 8);
    c->rows = 0;
    c->nulls = 0;
    if (c->type->form == MT_FORM_VAR && c->bytes_max > BYTES_KEPT) {
        mt__buffer_unref(c->owners[1]);
        c->owners[1] = NULL;
        c->values = NULL;
        c->bytes_max = 0;
    }
    for (i = 0; i < c->children_len; i++)
        mt__builder_restart(&c->children[i]);
    if (c->type->form == MT_FORM_LIST)
        free_elements(c);
}

int mt__builder_begin(mt_column_builder *c, int32_t rows, bool zero)
{
    size_t size = 0;

    mt__builder_restart(c);
    if (mt__column_builder_reserve(c, rows) < 0)
        return MT_ENOMEM;
    if (c->type->form == MT_FORM_FIXED)
        size = (size_t)rows * (size_t)c->type->width;
    else if (c->type->form == MT_FORM_BITS)
        size = ((size_t)rows + 7) / 8;
    else
        return 0;
    if (zero)
        memset(c->values, 0, size);
    c->rows = rows;
    return 0;
}

bool mt__builder_and_validity(mt_column_builder *c, const mt__fn_arg *args,
                              int32_t args_len, int32_t rows)
{
    bool any = false;
    int32_t i, w;

    for (i = 0; i < args_len; i++) {
        const mt__fn_arg *arg = &args[i];

        if (!arg->column->validity && arg->type->kind != MT_NULL)
            continue;
        any = true;
        for (w = 0; w < mt__bits_words(rows); w++)
            mt__bits_put(c->validity, w,
                         mt__bits_get(c->validity, w, rows) &
                             mt__fn_valid(arg, w, rows));
    }
    return any;
}

void mt__builder_view(const mt_column_builder *c, mt_column *out)
{
    const mt_form form = (mt_form)c->type->form;
    int32_t i;

    out->validity = c->nulls ? c->validity : NULL;
    out->values = NULL;
    if (form == MT_FORM_BITS || form == MT_FORM_FIXED || form == MT_FORM_VAR)
        out->values = c->values ? c->values : mt__zeros;
    out->offsets = c->offsets;
    out->rows = c->rows;
    out->nulls = c->nulls;
    out->absent = 0;
    for (i = 0; i < c->children_len; i++)
        mt__builder_view(&c->children[i], &out->children[i]);
}

/* ---- calls ----------------------------------------------------------- */

int mt__function_open(const mt__function *fn, mt__fn_call *call, mt_error **err)
{
    int rc;

    call->failed_row = -1;
    call->state = NULL;
    if (!fn->open)
        return 0;
    rc = fn->open(call, err);
    if (rc < 0)
        mt__function_close(fn, call);
    return rc;
}

void mt__function_close(const mt__function *fn, mt__fn_call *call)
{
    if (fn->close)
        fn->close(call);
    call->state = NULL;
}

/* Whether a constant argument is NULL: then so is every row of a strict call. */
static bool has_null_constant(const mt__fn_call *call)
{
    int32_t i;

    for (i = 0; i < call->args_len; i++)
        if (call->args[i].type->kind == MT_NULL ||
            (call->args[i].constant &&
             mt_column_is_null(call->args[i].column, 0)))
            return true;
    return false;
}

static int put_nulls(mt_column_builder *out, int32_t rows, mt_error **err)
{
    int32_t i;

    mt__builder_restart(out);
    for (i = 0; i < rows; i++)
        if (mt_put_null(out) < 0)
            return mt_fail(err, MT_ENOMEM, "no memory for %d rows", (int)rows);
    return 0;
}

int mt__function_run(const mt__function *fn, mt__fn_call *call,
                     mt_column_builder *out, mt_error **err)
{
    int rc;

    call->failed_row = -1;
    if (fn->strict && has_null_constant(call))
        return put_nulls(out, call->rows, err);
    if (mt__builder_begin(out, call->rows, true) < 0)
        return mt_fail(err, MT_ENOMEM, "no memory for %d rows",
                       (int)call->rows);
    call->out = out;
    call->valid = NULL;
    if (fn->strict &&
        mt__builder_and_validity(out, call->args, call->args_len, call->rows))
        call->valid = out->validity;
    rc = fn->run(call, err);
    if (rc == 0 && out->rows != call->rows)
        rc = mt_fail(err, MT_EINTERNAL, "%s made %d rows in place of %d",
                     fn->name, (int)out->rows, (int)call->rows);
    out->nulls = mt__count_nulls(out->validity, out->rows);
    return rc;
}
