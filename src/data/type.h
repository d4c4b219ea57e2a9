/* type.h - what the engine alone knows of logical types.
 *
 * The public part (making, reading, comparing types) is in moontide_plugin.h.
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_DATA_TYPE_H
#define MT_DATA_TYPE_H

#include "moontide_plugin.h"

/* How deep types nest: ARRAY<INT> is 1. Functions that recurse over types and
 * columns rely on it. */
#define MT_TYPE_DEPTH_MAX 64

/* "BIGINT"; static. */
const char *mt__kind_name(mt_kind kind);
mt_form mt__kind_form(mt_kind kind);

/* True for TIMESTAMP and TIMESTAMP_LTZ whose values are mt_timestamp9. */
static inline bool mt__type_is_timestamp9(const mt_type *type)
{
    return (type->kind == MT_TIMESTAMP || type->kind == MT_TIMESTAMP_LTZ) &&
           type->precision > 6;
}

/* Columns of a record of that type with everything nested in them. */
int32_t mt__type_columns_deep(const mt_type *type);

/* The same type with another nullability. Returns owned, NULL with err. */
mt_type *mt__type_with_nullable(const mt_type *type, bool nullable,
                                mt_error **err);

/* A ROW that prints as a tuple; otherwise as mt_type_new_nested() makes it. */
mt_type *mt__type_new_tuple(bool nullable, const mt_field *fields,
                            int32_t fields_len, mt_error **err);

/* The spelling in a buffer of the caller's for messages, cut to fit with "..."
 * at the end. Returns `out`. */
const char *mt__type_describe(const mt_type *type, char *out, size_t out_len);
#define MT_TYPE_DESCRIBE_MAX 160

#endif
