/* index.h - the index that a record goes to.
 *
 * thread: the sink's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_ELASTICSEARCH_INDEX_H
#define MT_ELASTICSEARCH_INDEX_H

#include "fields.h"
#include "options.h"
#include "pattern.h"

typedef enum es_part_kind { ES_TEXT, ES_VALUE, ES_TIME, ES_NOW } es_part_kind;

/* A piece of the name. */
typedef struct es_part {
    es_part_kind kind;
    const char *text; /* itself, or the pattern; borrowed from the options */
    size_t len;
    es_field field;
} es_part;

typedef struct es_index {
    es_part *parts;
    int32_t len;
    int32_t max;
    bool dynamic; /* not the same for each record */
    es_zone zone;
} es_index;

/* Reads option 'index'. `x` is zeroed memory; on failure it is left as
 * es_index_fini() takes it. */
int es_index_init(es_index *x, const es_options *o, const mt_table *table,
                  mt_error **err);
void es_index_fini(es_index *x);

/* Appends the name for a row. MT_ERECORD when a field is NULL. */
int es_index_name(const es_index *x, mt_batch *batch, int32_t row, mt_buf *out,
                  mt_error **err);

#endif
