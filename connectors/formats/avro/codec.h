/* codec.h - what the formats avro and avro-confluent are made of: the schema of
 * a table, and rows of a batch.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_AVRO_CODEC_H
#define MT_AVRO_CODEC_H

#include "plan.h"

/* Reads the schema that an option gave, or derives the table's when `text` is
 * NULL. Appends its text to `out` (a zero follows, uncounted) unless that is
 * NULL. The document must be zeroed before and finished after, also on
 * failure. */
int avro_table_schema(const mt_type *type, const char *text, bool legacy,
                      avro_document *doc, mt_buf *out, mt_error **err);
/* For check(): that the table has a schema and fits it. */
int avro_table_check(const mt_type *type, const char *text, bool legacy,
                     bool encode, mt_error **err);

/* Writes the rows of batches in one schema. */
typedef struct avro_rows {
    mt_type *type;
    int32_t *places;           /* of the fields in the batch */
    const mt_column **sources; /* of the present batch */
    avro_plan plan;
    avro_writer writer;
} avro_rows;

/* Refs the type, borrows the schema. Finish it also on failure. */
int avro_rows_init(avro_rows *w, const mt_fields *fields,
                   const avro_schema *schema, mt_error **err);
void avro_rows_fini(avro_rows *w);
/* As mt_format.encode, each message after `head`. */
int avro_rows_write(avro_rows *w, mt_span head, mt_batch *batch, int32_t from,
                    int32_t to, mt_buf *out, size_t *ends, uint8_t *nulls,
                    int32_t *done, mt_error **err);

#endif
