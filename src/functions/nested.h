/* nested.h - what functions of arrays, maps and rows share.
 *
 * thread: the task that opened the call.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTIONS_NESTED_H
#define MT_FUNCTIONS_NESTED_H

#include "functions/text_rows.h"

/* The elements [from, to) of an array's or a map's children. */
typedef struct mt__range {
    int32_t from;
    int32_t to;
} mt__range;

/* Where the elements of an ARRAY's or MAP's row are. */
static inline mt__range mt__fn_range(const mt__fn_arg *arg, int32_t row)
{
    const int32_t *at = arg->column->offsets + mt__fn_row(arg, row);

    return (mt__range){at[0], at[1]};
}

/* Makes row `row` of the result, of any form, value `at` of `from`; NULL where
 * `at` is below 0. 0 or MT_ENOMEM. */
int mt__nested_put(mt__fn_call *call, int32_t row, const mt_column *from,
                   int32_t at);

/* Says which value of a column is the result of a row that no argument is NULL
 * for: *at, below 0 for NULL. 0, or a code with an error. */
typedef int (*mt__nested_choice)(mt__fn_call *call, int32_t row, int32_t *at,
                                 mt_error **err);

/* All rows of a result of any form, each a value of `from`. Inline, so that the
 * choice is too. */
static inline __attribute__((always_inline)) int
mt__nested_choose(mt__fn_call *call, mt_error **err, const mt_column *from,
                  mt__nested_choice choose)
{
    int32_t row, at;
    int rc = 0;

    for (row = 0; rc == 0 && row < call->rows; row++) {
        at = -1;
        if (!mt__fn_is_null(call, row))
            rc = choose(call, row, &at, err);
        if (rc == 0 && mt__nested_put(call, row, from, at) < 0)
            return mt__text_no_memory(call, err);
    }
    return rc;
}

#endif
