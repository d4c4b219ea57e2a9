/* sender.h - takes a bulk to a server that has accepted all of it at the end.
 *
 * It holds one bulk at a time, which is under way while the next one is filled.
 * Whatever fails is sent again as the options say, in the order of the changes
 * of each document, before the next bulk is taken.
 *
 * thread: the sink's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_ELASTICSEARCH_SENDER_H
#define MT_ELASTICSEARCH_SENDER_H

#include "bulk.h"
#include "hosts.h"
#include "http.h"

/* Zeroed memory is a closed one. */
typedef struct es_sender {
    mt_context *ctx;
    const es_options *options;
    es_hosts hosts;
    es_http http;
    mt_buf url;
    es_bulk bulk; /* what is not accepted yet */
    int32_t sent; /* of its changes, the first so many are in the request */
    int32_t
        limit; /* changes in a request; less when the server says "too large" */
    es_host *host;    /* that the request is at */
    int32_t tried;    /* hosts that failed since the last pause */
    int64_t began_ms; /* the first try since the last pause */
    int64_t retries;  /* pauses for this bulk */
    uint8_t *keep;    /* of each change: whether it is to be sent again */
    int32_t keep_max;
    mt_metric *requests;
    mt_metric *retried;
    mt_metric *refused;
} es_sender;

int es_sender_open(es_sender *s, mt_context *ctx, const es_options *o,
                   mt_error **err);
void es_sender_close(es_sender *s);

/* Swaps the bulk with the sender's, an empty one, and begins to send it;
 * returns when it has gone out. Waits first until the one before it is
 * accepted. */
int es_sender_send(es_sender *s, es_bulk *bulk, mt_error **err);
/* True when the answer of the bulk under way is not there yet. Does not wait;
 * deals with an answer that is. */
int es_sender_poll(es_sender *s, bool *busy, mt_error **err);
/* Waits until everything is accepted. */
int es_sender_finish(es_sender *s, mt_error **err);

#endif
