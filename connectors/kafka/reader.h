/* reader.h - records of Kafka into rows of a builder.
 *
 * thread: the source's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_READER_H
#define MT_KAFKA_READER_H

#include "fetch.h"
#include "options.h"

typedef struct kafka_reader kafka_reader;

/* Opens formats and what keeps bad records, for at most `records_max` records a
 * call. Borrows all. */
int kafka_reader_open(mt_context *ctx, const kafka_options *o,
                      const mt_table *table, int32_t records_max,
                      kafka_reader **out, mt_error **err);
void kafka_reader_close(kafka_reader *r); /* NULL is fine */

/* Whether it looks at the records' keys. */
bool kafka_reader_wants_keys(const kafka_reader *r);

/* Commits the rows of the records to `out`. A record that cannot be read is
 * dealt with by the policy; MT_ERECORD when that is to fail. */
int kafka_reader_read(kafka_reader *r, const kafka_records *records,
                      mt_builder *out, mt_error **err);

/* Which columns are read downstream. */
void kafka_reader_project(kafka_reader *r, const uint8_t *needed);

/* Bad records so far are safe where they are kept. */
int kafka_reader_flush(kafka_reader *r, mt_error **err);

#endif
