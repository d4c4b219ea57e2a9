/* encoded.h - the keys or the values of a batch as bytes.
 *
 * thread: the sink's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_ENCODED_H
#define MT_KAFKA_ENCODED_H

#include "fields.h"

/* Zeroed memory is a closed one: records have no key then. */
typedef struct kafka_encoded {
    mt_encoder *encoder;
    mt_span *spans; /* of the last batch, one a row; data == NULL: null */
    mt_buf bytes;
    size_t *ends;
    uint8_t *nulls;
    int32_t rows_max; /* of the arrays above */
} kafka_encoded;

int kafka_encoded_open(kafka_encoded *e, const mt_format_ref *format,
                       const kafka_part *part, mt_error **err);
void kafka_encoded_close(kafka_encoded *e);

/* Encodes all rows; the spans point into `bytes` until the next call. */
int kafka_encoded_write(kafka_encoded *e, mt_batch *batch, mt_error **err);

/* The same for the values of a changelog: a row of kind -D gets no value, and
 * its fields are not looked at. */
int kafka_encoded_write_changes(kafka_encoded *e, mt_batch *batch,
                                mt_error **err);

#endif
