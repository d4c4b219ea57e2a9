/* options.h - the options of a kafka table, parsed and checked.
 *
 * thread: any; nothing here is changed after parsing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_OPTIONS_H
#define MT_KAFKA_OPTIONS_H

#include "moontide_plugin.h"

/* In the order of the option's choices. The first five also start a source. */
typedef enum kafka_mode {
    KAFKA_EARLIEST,
    KAFKA_LATEST,
    KAFKA_GROUP,
    KAFKA_TIMESTAMP,
    KAFKA_SPECIFIC,
    KAFKA_UNBOUNDED /* of scan.bounded.mode only */
} kafka_mode;

typedef enum kafka_include { KAFKA_ALL, KAFKA_EXCEPT_KEY } kafka_include;

typedef enum kafka_guarantee {
    KAFKA_AT_LEAST_ONCE,
    KAFKA_EXACTLY_ONCE,
    KAFKA_NONE
} kafka_guarantee;

typedef struct kafka_options {
    mt_strings topics;
    const char *topic_pattern;
    mt_strings partitions; /* "topic:number" each */
    const char *brokers;   /* properties.bootstrap.servers; in properties too */
    mt_strings properties; /* name, value, name, value ... */
    mt_format_ref format;  /* one of these two is the value's format */
    mt_format_ref value_format;
    mt_format_ref key_format;
    mt_strings key_fields;
    const char *key_prefix;
    int32_t include; /* kafka_include */

    int32_t startup_mode; /* kafka_mode */
    const char *startup_offsets;
    int64_t startup_millis;
    int32_t bounded_mode; /* kafka_mode - 1: a source can't end at earliest */
    const char *bounded_offsets;
    int64_t bounded_millis;
    bool bounded_ends;
    int64_t discovery_ms; /* 0: never */
    int32_t assignment;   /* 0: by partition, 1: by the consumer group */
    int64_t scan_parallelism;
    const char *bad_records;

    const char *partitioner;
    const char *partitioner_class;
    int32_t guarantee; /* kafka_guarantee */
    bool log_failures_only;
    bool write_timestamp;
    const char *transactional_id_prefix;
    int32_t transaction_naming;
    int64_t sink_parallelism;
    int64_t flush_rows; /* of upsert-kafka; 0: rows do not wait */
    int64_t flush_ms;
    bool upsert; /* no option: set by upsert.c */

    const char *legacy_version; /* not NULL: declared in the older spelling */
    const char *unsupported;    /* where options of later versions land */
} kafka_options;

extern const mt_option kafka_option_table[];
extern const mt_option kafka_upsert_option_table[];

/* The format of the record's value: `value.format`, else `format`. Borrowed. */
const mt_format_ref *kafka_value_format(const kafka_options *o);

/* Where a bounded source ends, KAFKA_UNBOUNDED when it does not. */
kafka_mode kafka_stop_mode(const kafka_options *o);

/* The value of `properties.<name>`, NULL when it is not given. Borrowed. */
const char *kafka_property(const kafka_options *o, const char *name);

/* Refuses every combination that cannot work; no I/O. The connector's own
 * check(). 0, or MT_EOPTION, MT_ETYPE, MT_EUNSUPPORTED with err. */
int kafka_options_check(const void *options, const mt_table *table,
                        mt_error **err);

bool kafka_options_bounded(const void *options);

/* Which row kinds the sink takes: those that its value format carries. */
uint32_t kafka_options_kinds(const void *options, const mt_table *table);

#endif
