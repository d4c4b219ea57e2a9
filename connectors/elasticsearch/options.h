/* options.h - the options of a search index's table, parsed and checked.
 *
 * thread: any; nothing here is changed after parsing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_ELASTICSEARCH_OPTIONS_H
#define MT_ELASTICSEARCH_OPTIONS_H

#include "moontide_plugin.h"

enum { ES_BACKOFF_DISABLED, ES_BACKOFF_CONSTANT, ES_BACKOFF_EXPONENTIAL };
enum { ES_COMPRESSION_NONE, ES_COMPRESSION_GZIP };
enum { ES_GUARANTEE_NONE, ES_GUARANTEE_AT_LEAST_ONCE };

typedef enum es_failures { ES_FAIL, ES_IGNORE, ES_RETRY_REJECTED } es_failures;

typedef struct es_options {
    mt_strings hosts;
    mt_strings indexed_hosts; /* connector.hosts.0.hostname and so on */
    const char *index;
    const char *index_zone;
    const char *document_type; /* of version 6 */
    const char *version;       /* connector.version of the older spelling */
    const char *id_delimiter;
    const char *id_null; /* connector.key-null-literal */
    const char *id_field;
    mt_format_ref format;

    const char *username;
    const char *password;
    const char *path_prefix;
    const char *authority; /* ssl.certificate-authority */
    const char *fingerprint;
    bool insecure;
    int32_t compression;
    int64_t connect_ms;
    int64_t request_ms;
    int64_t socket_ms;
    int64_t retry_ms; /* connection.max-retry-timeout; 0 and below: none */

    const char *failure_handler;
    const char *failure_class;
    bool flush_on_checkpoint;
    int32_t guarantee;
    int64_t flush_actions; /* 0 and below: no limit */
    int64_t flush_bytes;   /* 0 and below: no limit of the user's */
    int64_t flush_ms;      /* 0 and below: never for that */
    int64_t buffered_actions;
    int64_t in_flight;
    int32_t backoff;
    int64_t backoff_retries;
    int64_t backoff_ms;
    int64_t parallelism;
} es_options;

extern const mt_option es_option_table[];            /* elasticsearch */
extern const mt_option es_option_table_6[];          /* elasticsearch-6 */
extern const mt_option es_option_table_7[];          /* elasticsearch-7 */
extern const mt_option es_option_table_8[];          /* elasticsearch-8 */
extern const mt_option es_option_table_opensearch[]; /* opensearch */

/* Refuses what cannot work. */
int es_options_check(const void *options, const mt_table *table,
                     mt_error **err);
uint32_t es_options_kinds(const void *options, const mt_table *table);

/* Whether documents have ids of ours, so that they can be changed. */
bool es_options_keyed(const es_options *o, const mt_table *table);
/* What becomes of a document that the server refuses. */
es_failures es_options_failures(const es_options *o);
/* The mapping type that version 6 wants of every document; NULL: none. */
const char *es_options_type(const es_options *o);

/* Fails with the option noted. */
int es_options_refuse(mt_error **err, const char *option, const char *fmt, ...)
    MT_PRINTF(3, 4);

#endif
