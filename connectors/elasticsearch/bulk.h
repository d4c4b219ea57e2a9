/* bulk.h - changes of documents in the lines that the bulk API reads.
 *
 * thread: the sink's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_ELASTICSEARCH_BULK_H
#define MT_ELASTICSEARCH_BULK_H

#include "moontide_plugin.h"

/* Zeroed memory is an empty one. */
typedef struct es_bulk {
    mt_buf body;
    size_t *ends; /* of each change in `body` */
    int32_t len;  /* changes */
    int32_t max;
    int64_t oldest_ms; /* when the first change came */
} es_bulk;

typedef struct es_change {
    mt_span index;    /* its name */
    mt_span type;     /* the mapping type of version 6; data NULL: none */
    mt_span id;       /* data NULL: the server makes one */
    mt_span document; /* data NULL: the document is deleted, by its id */
} es_change;

/* Adds a change: without an id the document is added, with one it is merged
 * into the one that is there. 0 or MT_ENOMEM, and the bulk is as it was. */
int es_bulk_add(es_bulk *b, const es_change *change, int64_t now_ms);
/* The lines of change i. */
mt_span es_bulk_change(const es_bulk *b, int32_t i);
/* The document in such lines, for messages; those of a deletion. */
mt_span es_bulk_document(mt_span change);
/* What two changes of one document have in common. */
mt_span es_bulk_target(mt_span change);
/* Leaves only the changes with keep[i] != 0, in their order. */
void es_bulk_keep(es_bulk *b, const uint8_t *keep);
void es_bulk_clear(es_bulk *b);
void es_bulk_fini(es_bulk *b);

/* Appends a JSON string, quotes included. Bytes that are no UTF-8 pass. */
int es_json_string(mt_buf *out, mt_span text);

#endif
