/* Rows: made of columns, and taken apart.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "data/column.h"
#include "functions/bits.h"
#include "functions/host.h"
#include "functions/nested.h"

/* ---- ROW(a, b, ...) ------------------------------------------------------ */

/* Appends all rows of an argument, those of a constant again and again. */
static int append_rows(mt_column_builder *c, const mt__fn_arg *arg,
                       int32_t rows)
{
    static const int32_t first[256];
    int32_t done, len;
    int rc = 0;

    if (!arg->constant)
        return mt__column_builder_append(c, arg->column, 0, rows);
    for (done = 0; rc == 0 && done < rows; done += len) {
        len = rows - done < 256 ? rows - done : 256;
        rc = mt__column_builder_append_rows(c, arg->column, first, len);
    }
    return rc;
}

static int run_row(mt__fn_call *call, mt_error **err)
{
    mt_column_builder *out = call->out;
    int32_t i;
    int rc = mt__column_builder_reserve(out, call->rows);

    for (i = 0; rc == 0 && i < call->args_len; i++)
        rc = append_rows(&out->children[i], &call->args[i], call->rows);
    if (rc < 0)
        return mt__text_no_memory(call, err);
    out->rows = call->rows;
    return 0;
}

/* ---- a field ----------------------------------------------------------- */

/* The call's option is the field's position, from 1; its state from 0. */
static int open_field(mt__fn_call *call, mt_error **err)
{
    const mt_type *type = call->args[0].type;
    long at = call->option ? strtol(call->option, NULL, 10) : 0;

    if (at < 1 || at > type->fields_len)
        return mt_fail(err, MT_EMISUSE, "a ROW of %d fields has no field '%s'",
                       (int)type->fields_len, call->option ? call->option : "");
    call->state = (void *)(intptr_t)(at - 1);
    return 0;
}

static int choose_row(mt__fn_call *call, int32_t row, int32_t *at,
                      mt_error **err)
{
    (void)err;
    *at = mt__fn_row(&call->args[0], row);
    return 0;
}

/* The field as a whole, and NULL where the ROW or the field is. */
static int run_field(mt__fn_call *call, mt_error **err)
{
    const mt_column *row = call->args[0].column;
    const mt_column *field = &row->children[(intptr_t)call->state];
    const mt__fn_arg arg = {call->type, field, false};
    mt_column_builder *out = call->out;
    int32_t rows = call->rows;

    if (call->args[0].constant)
        return mt__nested_choose(call, err, field, choose_row);
    if (call->type->form == MT_FORM_FIXED)
        memcpy(out->values, field->values,
               (size_t)rows * (size_t)call->type->width);
    else if (call->type->form == MT_FORM_BITS)
        memcpy(out->values, field->values, ((size_t)rows + 7) / 8);
    else if (mt__column_builder_append(out, field, 0, rows) < 0)
        return mt__text_no_memory(call, err);
    mt__builder_and_validity(out, &arg, 1, rows);
    mt__builder_and_validity(out, call->args, 1, rows);
    return 0;
}

const mt__function mt__functions_row[] = {
    {.name = "ROW", .run = run_row},
    {.name = "FIELD", .strict = true, .open = open_field, .run = run_field},
    {.name = NULL},
};
