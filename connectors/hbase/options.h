/* options.h - the options of an hbase table, parsed and checked.
 *
 * thread: any; nothing here is changed after parsing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_HBASE_OPTIONS_H
#define MT_HBASE_OPTIONS_H

#include "moontide_plugin.h"

typedef struct hbase_options {
    const char *table;
    const char *quorum;
    const char *parent;
    const char *null_text;
    const char *bad_records;
    mt_strings properties;

    int64_t flush_bytes; /* 0: no limit */
    int64_t flush_rows;  /* 0: no limit */
    int64_t flush_ms;    /* 0: no limit */
    bool ignore_null;
    int64_t sink_attempts; /* 0: as 'hbase.client.retries.number' says */
    int64_t sink_parallelism;

    bool lookup_async;
    int32_t lookup_cache;
    int64_t lookup_retries;

    const char *unsupported;
} hbase_options;

extern const mt_option hbase_option_table[];

int hbase_options_check(const void *options, const mt_table *table,
                        mt_error **err);
bool hbase_options_bounded(const void *options);
uint32_t hbase_options_kinds(const void *options, const mt_table *table);

/* 'properties.NAME' as text (borrowed), else NULL; as a number, else `def`. */
const char *hbase_property(const hbase_options *o, const char *name);
int64_t hbase_property_int(const hbase_options *o, const char *name,
                           int64_t def);
/* The table's name as hbase:meta has it: "t" or "namespace:t". */
const char *hbase_options_table(const hbase_options *o);

#endif
