/* ids.h - the ids of documents, made of a table's PRIMARY KEY or of a field.
 *
 * thread: the sink's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_ELASTICSEARCH_IDS_H
#define MT_ELASTICSEARCH_IDS_H

#include "fields.h"
#include "options.h"

/* What a server takes at most. */
enum { ES_ID_BYTES_MAX = 512 };

typedef struct es_ids {
    es_field *fields;
    int32_t len; /* 0: the server makes ids */
    int32_t max;
    const char *delimiter; /* borrowed, as the next */
    const char *null_text; /* NULL: a key must not be NULL */
} es_ids;

/* Reads how ids are made. `ids` is zeroed memory; on failure it is left as
 * es_ids_fini() takes it. */
int es_ids_init(es_ids *ids, const es_options *o, const mt_table *table,
                mt_error **err);
void es_ids_fini(es_ids *ids);

/* Appends the id of a row. MT_ERECORD when it is none that a server takes. */
int es_ids_text(const es_ids *ids, mt_batch *batch, int32_t row, mt_buf *out,
                mt_error **err);

#endif
