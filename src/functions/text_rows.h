/* text_rows.h - what functions of text share: rows one by one, results written
 * in place.
 *
 * thread: the task that opened the call.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTIONS_TEXT_ROWS_H
#define MT_FUNCTIONS_TEXT_ROWS_H

#include "functions/whole.h"

/* Makes the result of one row, which no argument is NULL for. 0; MT_ENOMEM with
 * no error set; or another code with one. */
typedef int (*mt__text_row)(mt__fn_call *call, int32_t row, mt_error **err);

int mt__text_no_memory(const mt__fn_call *call, mt_error **err);

/* Appends an empty value (of VAR or LIST form) that is NULL. */
static inline int mt__text_null(mt__fn_call *call, int32_t row)
{
    int rc = call->type->form == MT_FORM_VAR ? mt_put_bytes(call->out, NULL, 0)
                                             : mt_put_list(call->out);

    if (rc == 0)
        mt__fn_set_null(call, row);
    return rc;
}

/* All rows of a result that is appended (VAR or LIST form). Inline, so that the
 * function of the row is too. */
static inline __attribute__((always_inline)) int
mt__text_rows(mt__fn_call *call, mt_error **err, mt__text_row make)
{
    int32_t row;
    int rc = 0;

    for (row = 0; rc == 0 && row < call->rows; row++) {
        if (mt__fn_is_null(call, row))
            rc = call->type->form == MT_FORM_VAR
                     ? mt_put_bytes(call->out, NULL, 0)
                     : mt_put_list(call->out);
        else
            rc = make(call, row, err);
    }
    return rc == MT_ENOMEM ? mt__text_no_memory(call, err) : rc;
}

/* Room for `max` more bytes of the next row; NULL without memory. */
static inline uint8_t *mt__text_begin(mt__fn_call *call, size_t max)
{
    mt_column_builder *c = call->out;
    int32_t at = c->offsets[c->rows];

    if (MT_UNLIKELY((size_t)(c->bytes_max - at) < max || !c->values) &&
        mt_column_grow_bytes(c, max ? max : 1) < 0)
        return NULL;
    return (uint8_t *)c->values + at;
}

/* Room for `more` bytes behind the first `len` of the row, which were written
 * already and are kept. Returns where the row begins. */
static inline uint8_t *mt__text_more(mt__fn_call *call, size_t len, size_t more)
{
    mt_column_builder *c = call->out;
    int32_t at = c->offsets[c->rows];
    int rc = 0;

    if (MT_UNLIKELY((size_t)(c->bytes_max - at) < len + more || !c->values)) {
        /* What counts as written is kept. The row after the last has its place
         * among the offsets, since the host has made room for all rows. */
        c->offsets[++c->rows] = at + (int32_t)len;
        rc = mt_column_grow_bytes(c, more ? more : 1);
        c->rows--;
    }
    return rc < 0 ? NULL : (uint8_t *)c->values + at;
}

/* Ends the row after `len` bytes. */
static inline int mt__text_end(mt__fn_call *call, size_t len)
{
    mt_column_builder *c = call->out;

    if (MT_UNLIKELY(c->rows == c->rows_max) && mt_column_grow(c) < 0)
        return MT_ENOMEM;
    c->offsets[c->rows + 1] = c->offsets[c->rows] + (int32_t)len;
    c->rows++;
    return 0;
}

/* Where `needle` first stands in `text`, from byte `from` on, or -1. */
int64_t mt__text_find(mt_span text, size_t from, mt_span needle);

#endif
