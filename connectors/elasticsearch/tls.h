/* tls.h - whose certificates are believed.
 *
 * thread: the sink's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_ELASTICSEARCH_TLS_H
#define MT_ELASTICSEARCH_TLS_H

#include <curl/curl.h>

#include "options.h"

typedef struct es_tls {
    uint8_t fingerprint[32];
} es_tls;

/* Sets what the options say about TLS. `t` must live as long as `easy`. */
CURLcode es_tls_set(es_tls *t, CURL *easy, const es_options *o);

#endif
