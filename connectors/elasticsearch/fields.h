/* fields.h - the value that a name stands for in a record: that of a column,
 * or, in records that are a MAP, that of a key.
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_ELASTICSEARCH_FIELDS_H
#define MT_ELASTICSEARCH_FIELDS_H

#include "moontide_plugin.h"

typedef struct es_field {
    const char *name;    /* borrowed */
    size_t name_len;     /* it may stand in the middle of a text */
    int32_t column;      /* -1: a key of the MAP in column 0 */
    const mt_type *type; /* of the value; borrowed from the table */
} es_field;

/* True for records that are a MAP of texts to something. */
bool es_is_map(const mt_type *type);

/* Finds the field; MT_EOPTION, wording `option`, when the table has none. */
int es_field_find(es_field *f, const mt_table *table, const char *option,
                  const char *name, size_t len, mt_error **err);

/* Where the value of a row is: its column and row. NULL with err; *row is -1
 * when there is none or it is NULL. */
const mt_column *es_field_value(const es_field *f, mt_batch *batch,
                                int32_t *row, mt_error **err);

#endif
