/* metadata.h - the metadata columns of a kafka table.
 *
 * thread: the task's.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_METADATA_H
#define MT_KAFKA_METADATA_H

#include "fetch.h"
#include "produce.h"

extern const mt_metadata kafka_metadata_table[];

/* Refuses keys that are unknown or cannot be written, and columns whose type
 * is not the key's. */
int kafka_metadata_check(const mt_table *table, mt_error **err);

/* Appends to the metadata columns of `out` what belongs to records [from, to):
 * rows[i] times each. MT_ENOMEM. */
int kafka_metadata_read(const mt_table *table, const kafka_records *records,
                        int32_t from, int32_t to, const int32_t *rows,
                        mt_builder *out, mt_error **err);

/* True when the table writes headers or timestamps. */
bool kafka_metadata_writes(const mt_table *table);

/* The column that says a record's topic, or -1. */
int32_t kafka_metadata_topic(const mt_table *table);

/* Fills `extra` with what row `row` of the batch says; what it points at lives
 * as long as the batch and until the next call. */
int kafka_metadata_write(const mt_table *table, mt_batch *batch, int32_t row,
                         kafka_extra *extra, mt_error **err);

#endif
