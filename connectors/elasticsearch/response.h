/* response.h - what a server says to a bulk of changes.
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_ELASTICSEARCH_RESPONSE_H
#define MT_ELASTICSEARCH_RESPONSE_H

#include "moontide_plugin.h"

/* The answer to one change, or to the whole request. Texts are the JSON
 * strings' insides as they stand there, borrowed from the response; data NULL:
 * none. */
typedef struct es_item {
    int32_t status; /* HTTP's; 0: not said */
    bool failed;
    mt_span type;
    mt_span reason;
    mt_span cause; /* the reason of what caused it */
} es_item;

/* Called for each change in the request's order. */
typedef void (*es_item_fn)(void *arg, int32_t i, const es_item *item);

/* Reads an answer. `each` may be NULL. How many items there are, or -1 when it
 * is no such answer; *whole is what is said about the request itself. */
int32_t es_response_read(mt_span json, es_item_fn each, void *arg,
                         es_item *whole);

/* Appends "type: reason (cause)" for people. 0 or MT_ENOMEM. */
int es_item_text(const es_item *item, mt_buf *out);

#endif
