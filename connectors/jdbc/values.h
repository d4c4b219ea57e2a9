/* values.h - values as the text that database systems read and write:
 * 2020-01-02 03:04:05.678, 12.30, true.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JDBC_VALUES_H
#define MT_JDBC_VALUES_H

#include "moontide_plugin.h"

/* Puts what the text says; 0, MT_ENOMEM, or MT_ERECORD when it is no value of
 * the type. Sets no error: see jdbc_value_refuse(). */
int jdbc_value_read(mt_column_builder *c, const mt_type *type, const char *text,
                    size_t len);
/* Puts a whole number as any numeric or BOOLEAN type. Results as above. */
int jdbc_value_put_i64(mt_column_builder *c, const mt_type *type, int64_t v);
/* Fails with what column could not take which text. `rc` as above. */
int jdbc_value_refuse(int rc, const char *title, const char *column,
                      const mt_type *type, const char *text, size_t len,
                      mt_error **err);

/* Appends the text of a value that is not NULL. FLOAT and DOUBLE keep every
 * bit; `nan` among them is false. 0 or MT_ENOMEM. */
int jdbc_value_text(const mt_type *type, const mt_column *c, int32_t row,
                    mt_buf *out);
/* The bytes of a VAR value. */
static inline const char *jdbc_value_bytes(const mt_column *c, int32_t row,
                                           size_t *len)
{
    *len = (size_t)(c->offsets[row + 1] - c->offsets[row]);
    return (const char *)c->values + c->offsets[row];
}

/* Adds the row as the record that *err is about: "id=1, name=a". */
void jdbc_value_note_row(mt_error *err, const char *table, mt_batch *batch,
                         int32_t row);

static inline bool jdbc_is_text(const mt_type *type)
{
    return type->kind == MT_CHAR || type->kind == MT_VARCHAR;
}

static inline bool jdbc_is_bytes(const mt_type *type)
{
    return type->kind == MT_BINARY || type->kind == MT_VARBINARY;
}

#endif
