/* Values taken out of nested columns.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/nested.h"

int mt__nested_put(mt__fn_call *call, int32_t row, const mt_column *from,
                   int32_t at)
{
    mt_column_builder *out = call->out;
    size_t width = (size_t)call->type->width;
    mt_form form = (mt_form)call->type->form;

    if (form != MT_FORM_FIXED && form != MT_FORM_BITS)
        return at < 0 ? mt_put_null(out) : mt_put_from(out, from, at);
    if (at < 0 || mt_column_is_null(from, at))
        mt__fn_set_null(call, row);
    else if (form == MT_FORM_FIXED)
        memcpy((uint8_t *)out->values + (size_t)row * width,
               (const uint8_t *)from->values + (size_t)at * width, width);
    else if (mt_bit(from->values, at))
        ((uint8_t *)out->values)[row >> 3] |= (uint8_t)(1u << (row & 7));
    return 0;
}
