/* schema.h - a table's type as row key, families and qualifiers, and the bytes
 * of values.
 *
 * Exactly one column is no ROW: the row key. Every other one is a family, its
 * fields are qualifiers. (A query that reads only some columns may come without
 * the row key.) The bytes are those of HBase's Java class Bytes.
 *
 * thread: any; nothing is changed after init.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_HBASE_SCHEMA_H
#define MT_HBASE_SCHEMA_H

#include "moontide_plugin.h"

typedef struct hbase_qualifier {
    mt_span family;
    mt_span name;
    const mt_type *type;
    int32_t column; /* of the table */
    int32_t field;  /* of the column's ROW */
} hbase_qualifier;

typedef struct hbase_schema {
    const mt_type *type;
    int32_t columns_len;
    int32_t key; /* column of the row key, or -1 */
    hbase_qualifier *qualifiers;
    int32_t qualifiers_len; /* in the table's order, families together */
} hbase_schema;

/* Zeroed memory is an empty one. Borrows the table's type. MT_ETYPE for what
 * HBase has no bytes for, MT_EOPTION for a table without a row key. */
int hbase_schema_init(hbase_schema *s, const mt_table *table, mt_error **err);
void hbase_schema_fini(hbase_schema *s);

/* Appends the bytes of a value that is not NULL. 0 or MT_ENOMEM. */
int hbase_value_write(const mt_type *type, const mt_column *c, int32_t row,
                      mt_buf *out);
/* Reads a value's bytes. MT_ERECORD when they are none of the type, MT_ENOMEM;
 * without an error, which the caller words. */
int hbase_value_read(const mt_type *type, mt_span bytes, mt_column_builder *c);
/* Whether they stand for NULL. */
bool hbase_value_is_null(const mt_type *type, mt_span bytes, mt_span null_text);
/* CHAR and VARCHAR, whose NULL is a text. */
static inline bool hbase_type_is_text(const mt_type *type)
{
    return type->kind == MT_CHAR || type->kind == MT_VARCHAR;
}

#endif
