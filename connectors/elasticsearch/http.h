/* http.h - one request at a time, under way while others work.
 *
 * A request is begun, and its body goes out; then it may be left alone until
 * its answer is wanted. Waiting ends when the job is cancelled.
 *
 * thread: the sink's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_ELASTICSEARCH_HTTP_H
#define MT_ELASTICSEARCH_HTTP_H

#include <curl/curl.h>

#include "options.h"
#include "tls.h"

typedef enum es_outcome {
    ES_ANSWERED, /* `status` and `response` are there */
    ES_FAILED, /* no whole answer came; `why` says why, another try may help */
    ES_TIMED_OUT, /* the same, after silence */
    ES_UNTRUSTED  /* TLS cannot be as it must; `why` says why */
} es_outcome;

/* Zeroed memory is a closed one. */
typedef struct es_http {
    mt_context *ctx;
    const es_options *options;
    CURLM *multi;
    CURL *easy;
    struct curl_slist *headers;
    es_tls tls;
    mt_buf packed;   /* the body, compressed */
    mt_buf response; /* the answer's body */
    char why[CURL_ERROR_SIZE];
    long status;
    es_outcome outcome;
    bool running;
    bool no_memory; /* for the answer */
    bool silent;    /* no byte has moved yet */
    int64_t body_len;
    int64_t moved; /* bytes, both ways */
    int64_t moved_ms;
} es_http;

int es_http_open(es_http *h, mt_context *ctx, const es_options *o,
                 mt_error **err);
void es_http_close(es_http *h);

/* Begins a POST. Borrows url and body until the answer is there, or until
 * es_http_close(). None may be running. */
int es_http_begin(es_http *h, const char *url, mt_span body, mt_error **err);
/* Moves what can be moved, waiting up to `wait_ms` for it. 1: the outcome is
 * there, 0: not yet. */
int es_http_step(es_http *h, int wait_ms, mt_error **err);
/* Waits until the body has gone out. 0, or MT_ECANCELLED. */
int es_http_send(es_http *h, mt_error **err);
/* Waits for the outcome. 0, or MT_ECANCELLED. */
int es_http_finish(es_http *h, mt_error **err);
/* Waits; 0, or MT_ECANCELLED. */
int es_http_pause(es_http *h, int64_t ms, mt_error **err);

#endif
