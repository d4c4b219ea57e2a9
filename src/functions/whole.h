/* whole.h - whole numbers of any width as arguments: positions and lengths.
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTIONS_WHOLE_H
#define MT_FUNCTIONS_WHOLE_H

#include "functions/function.h"

static inline int64_t mt__fn_whole(const mt__fn_arg *arg, int32_t row)
{
    const void *values = arg->column->values;
    int32_t at = mt__fn_row(arg, row);

    switch (arg->type->width) {
    case 1:
        return ((const int8_t *)values)[at];
    case 2:
        return ((const int16_t *)values)[at];
    case 4:
        return ((const int32_t *)values)[at];
    default:
        return ((const int64_t *)values)[at];
    }
}

/* The same, cut to the range of an int: no text is longer. */
static inline int32_t mt__fn_int(const mt__fn_arg *arg, int32_t row)
{
    int64_t v = mt__fn_whole(arg, row);

    return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : (int32_t)v;
}

#endif
