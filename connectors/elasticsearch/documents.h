/* documents.h - the rows of a batch as JSON documents.
 *
 * thread: the sink's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_ELASTICSEARCH_DOCUMENTS_H
#define MT_ELASTICSEARCH_DOCUMENTS_H

#include "options.h"

/* Zeroed memory is a closed one. */
typedef struct es_documents {
    mt_encoder *encoder;
    mt_type *type; /* of what is encoded */
    int32_t *columns;
    int32_t columns_len;
    size_t skip;     /* bytes around a document that is a MAP, before it ... */
    size_t skip_end; /* ... and behind it */
    mt_span *spans;  /* of the last batch, one a row; data == NULL: none */
    int32_t *live;
    mt_buf bytes;
    size_t *ends;
    uint8_t *nulls;
    int32_t rows_max; /* of the arrays above */
    int32_t bad_row;  /* after MT_ERECORD: which one */
} es_documents;

/* Asks the format whether it can write this table's documents. */
int es_documents_check(const es_options *o, const mt_table *table,
                       mt_error **err);
/* `d` is zeroed memory; on failure it is left as es_documents_close() takes
 * it. */
int es_documents_open(es_documents *d, const es_options *o,
                      const mt_table *table, mt_error **err);
void es_documents_close(es_documents *d);

/* Encodes the rows of kind +I and +U; the spans point into `bytes` until the
 * next call. A document has no line ends. */
int es_documents_write(es_documents *d, mt_batch *batch, mt_error **err);

#endif
