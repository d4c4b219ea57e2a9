/* cast_impl.h - what the files of the cast share with each other.
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_DATA_CAST_IMPL_H
#define MT_DATA_CAST_IMPL_H

#include "data/cast.h"
#include "data/type.h"

/* One cast of a column, as its steps see it. */
typedef struct mt__cast {
    const mt_type *from;
    const mt_column *c;
    mt_column_builder *out; /* its type is the target */
    mt_cast_mode mode;
    const mt_cast_session *session; /* never NULL */
    mt_buf *scratch;                /* for texts; reused by all rows */
    mt_error **err;
} mt__cast;

/* What a row function answers besides 0 and negative codes. */
enum {
    MT__CAST_NO_VALUE = 1, /* the mode decides: an error or NULL */
    MT__CAST_NULL = 2      /* NULL in any mode */
};

/* Casts one value that is not NULL and puts it into k->out. */
typedef int (*mt__cast_row)(const mt__cast *k, int32_t row);

/* The row function for a pair of scalar types that is supported and not cast by
 * a loop of its own. */
mt__cast_row mt__cast_row_for(const mt_type *from, const mt_type *to);

/* Casts rows [from_row, from_row + rows) of a pair of numbers other than
 * DECIMAL, or of BOOLEAN and numbers. False when it is no such pair. */
bool mt__cast_numbers(const mt__cast *k, int32_t from_row, int32_t rows,
                      int *rc);

/* Local time of an instant and back. */
mt_timestamp9 mt__cast_local(const mt_cast_session *session, mt_timestamp9 ts);
mt_timestamp9 mt__cast_instant(const mt_cast_session *session,
                               mt_timestamp9 ts);

/* Appends the text of one value that may be NULL. `printing` shows bytes as
 * x'0aff', otherwise they are taken for UTF-8. */
int mt__cast_text(const mt_type *type, const mt_column *c, int32_t row,
                  const mt_cast_session *session, bool printing, mt_buf *out);

/* The row function for any type to CHAR or VARCHAR. */
int mt__cast_to_text(const mt__cast *k, int32_t row);

#endif
