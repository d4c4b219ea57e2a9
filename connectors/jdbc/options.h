/* options.h - the options of a jdbc table, parsed and checked.
 *
 * thread: any; nothing here is changed after parsing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JDBC_OPTIONS_H
#define MT_JDBC_OPTIONS_H

#include "moontide_plugin.h"

typedef struct jdbc_options {
    const char *url;
    const char *table;
    const char *driver;
    const char *username;
    const char *password;
    int64_t connect_ms; /* connection.max-retry-timeout */
    const char *query;  /* connector.read.query, in place of the table */

    const char *partition_column;
    int64_t partition_num;
    int64_t partition_lower;
    int64_t partition_upper;
    int64_t fetch_size; /* 0: as many as a batch holds */
    bool auto_commit;
    int64_t scan_parallelism;
    int32_t filter_policy; /* 0: always, 1: never */

    int32_t lookup_cache; /* 0: none, 1: partial, -1: not said */
    int64_t cache_rows;
    int64_t cache_write_ms;
    int64_t cache_access_ms;
    bool cache_missing;
    int64_t lookup_retries;

    int64_t flush_rows; /* 0: no limit */
    int64_t flush_ms;   /* 0: no limit */
    int64_t sink_retries;
    int64_t sink_parallelism;
    const char *statement; /* with ? for the columns, in place of the table */

    const char *unsupported;
} jdbc_options;

extern const mt_option jdbc_option_table[];

int jdbc_options_check(const void *options, const mt_table *table,
                       mt_error **err);
bool jdbc_options_bounded(const void *options);
uint32_t jdbc_options_kinds(const void *options, const mt_table *table);
/* Whether a lookup keeps what it found. */
bool jdbc_options_caches(const jdbc_options *o);

#endif
