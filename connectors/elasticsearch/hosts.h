/* hosts.h - the servers that requests go to, in turn and past those that
 * failed.
 *
 * thread: the sink's task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_ELASTICSEARCH_HOSTS_H
#define MT_ELASTICSEARCH_HOSTS_H

#include "options.h"

typedef struct es_host {
    char *url;  /* "https://host:9200/prefix" */
    size_t len; /* of the url less the prefix, for messages */
    int64_t rests_until_ms;
    int32_t failures; /* since it last answered */
} es_host;

typedef struct es_hosts {
    es_host *items;
    int32_t len;
    int32_t max;
    int32_t next;
} es_hosts;

/* Reads the hosts of the options. `h` is zeroed memory; on failure it is left
 * as es_hosts_fini() takes it. */
int es_hosts_init(es_hosts *h, const es_options *o, mt_error **err);
void es_hosts_fini(es_hosts *h);

/* The host whose turn it is: the next one that does not rest, or the one whose
 * rest ends first. Never NULL; borrowed. */
es_host *es_hosts_turn(es_hosts *h, int64_t now_ms);
/* The host did not answer: it rests for a second, then two, 30 at most. */
void es_host_failed(es_host *host, int64_t now_ms);
void es_host_answered(es_host *host);

/* Refuses what is no SHA-256 in hexadecimal, with colons or without. */
int es_hosts_check_fingerprint(const char *text, mt_error **err);
/* The 32 bytes of such a text; false where it is none. */
bool es_fingerprint_read(const char *text, uint8_t out[32]);

#endif
