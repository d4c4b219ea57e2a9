/* fields.h - which columns of a table make a record's key and which its value.
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_FIELDS_H
#define MT_KAFKA_FIELDS_H

#include "options.h"

/* The fields of one format: a ROW type, and for each the table's column. */
typedef struct kafka_part {
    mt_type *type;
    int32_t *columns;
    int32_t len;
    int32_t max; /* room in `columns` */
} kafka_part;

typedef struct kafka_fields {
    kafka_part key; /* type NULL: records have no key */
    kafka_part value;
} kafka_fields;

/* Sorts the physical columns of `table` into `fields`, which is zeroed first.
 * On failure it is left as kafka_fields_fini() takes it. */
int kafka_fields_init(kafka_fields *fields, const kafka_options *o,
                      const mt_table *table, mt_error **err);
void kafka_fields_fini(kafka_fields *fields);

/* What a format wants to know of a part; borrows from it. */
mt_fields kafka_part_fields(const kafka_part *part);

/* Sorts, and asks both formats whether they can do it. */
int kafka_fields_check(const kafka_options *o, const mt_table *table,
                       mt_error **err);

#endif
