/* options.c - the option table of the kafka connector and the rules that hold
 * between its options. Each rule is one function that names the options it
 * speaks of; kafka_options_check() runs them from general to particular.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <stdio.h>

#include "embedded.h"
#include "fields.h"
#include "metadata.h"
#include "offsets.h"
#include "properties.h"
#include "topics.h"

/* ---- the table ----------------------------------------------------------- */

#define OPT(kind, opt_name, member, ...)                                       \
    {                                                                          \
        .name = opt_name, .type = MT_OPT_##kind,                               \
        .offset = offsetof(kafka_options, member), __VA_ARGS__                 \
    }
/* Known, so that the message can say "not supported yet". */
#define LATER(opt_name)                                                        \
    OPT(STRING, opt_name, unsupported, .flags = MT_OPT_UNSUPPORTED,            \
        .help = "Not supported yet.")

const mt_option kafka_option_table[] = {
    OPT(LIST, "topic", topics, .legacy = "connector.topic",
        .help = "The topic; for a source, a list separated by ';'."),
    OPT(STRING, "topic-pattern", topic_pattern,
        .help = "Reads every topic whose whole name matches this regular "
                "expression, in place of 'topic'."),
    OPT(STRING, "properties.bootstrap.servers", brokers,
        .flags = MT_OPT_REQUIRED,
        .legacy = "connector.properties.bootstrap.servers",
        .help = "Brokers as host:port, separated by ','; or 'embedded', a "
                "broker inside the process for trials and tests, which keeps "
                "about 5 MB a partition ('embedded://name?partitions=4' names "
                "one of several)."),
    OPT(PREFIX, "properties.*", properties, .legacy = "connector.properties.*",
        .help = "Settings of the Kafka client, under librdkafka's names or "
                "the Java client's."),
    OPT(FORMAT, "format", format, .legacy = "format.type",
        .help = "Format of the record's value; its options follow as "
                "'<format>.<option>'."),
    OPT(FORMAT, "value.format", value_format,
        .help = "The same as 'format', with options "
                "'value.<format>.<option>'."),
    OPT(FORMAT, "key.format", key_format,
        .help = "Format of the record's key, with options "
                "'key.<format>.<option>'. Needs 'key.fields'."),
    OPT(LIST, "key.fields", key_fields,
        .help = "Columns that make the key, separated by ';'."),
    OPT(STRING, "key.fields-prefix", key_prefix,
        .help = "What the names of key columns begin with in the table but "
                "not in the key. Needs 'value.fields-include' = "
                "'EXCEPT_KEY'."),
    OPT(ENUM, "value.fields-include", include, .choices = "ALL|EXCEPT_KEY",
        .def = "ALL", .help = "Whether the value repeats the key columns."),

    OPT(ENUM, "scan.startup.mode", startup_mode,
        .legacy = "connector.startup-mode", .def = "group-offsets",
        .choices = "earliest-offset|latest-offset|group-offsets|timestamp|"
                   "specific-offsets",
        .help = "Where reading starts."),
    OPT(STRING, "scan.startup.specific-offsets", startup_offsets,
        .legacy = "connector.specific-offsets|"
                  "connector.specific-offsets.#.partition,offset",
        .help = "'partition:0,offset:42;partition:1,offset:300'; with several "
                "topics each entry begins 'topic:<name>,'. A partition that "
                "is not listed starts as the group's offset says."),
    OPT(INT, "scan.startup.timestamp-millis", startup_millis,
        .legacy = "connector.startup-timestamp-millis", .max = -1,
        .help = "Starts at the first record that is not older than this, in "
                "ms since 1970."),
    OPT(ENUM, "scan.bounded.mode", bounded_mode, .def = "unbounded",
        .choices = "latest-offset|group-offsets|timestamp|specific-offsets|"
                   "unbounded",
        .help = "Where reading ends."),
    OPT(STRING, "scan.bounded.specific-offsets", bounded_offsets,
        .help = "As 'scan.startup.specific-offsets'; the offset is the first "
                "one that is not read. A partition that is not listed is not "
                "read at all."),
    OPT(INT, "scan.bounded.timestamp-millis", bounded_millis, .max = -1,
        .help = "Ends before the first record that is not older than this."),
    OPT(DURATION, "scan.topic-partition-discovery.interval", discovery_ms,
        .def = "5 min", .max = -1,
        .help = "How often new partitions and topics are looked for; they are "
                "read from their beginning. 0: never."),
    OPT(ENUM, "scan.assignment", assignment, .choices = "partition|group",
        .def = "partition",
        .help = "Who says which subtask reads a partition: its number, as in "
                "Flink, or the consumer group."),
    OPT(INT, "scan.parallelism", scan_parallelism, .min = 1, .max = 32768,
        .help = "Parallelism of the source; the job's unless given."),

    OPT(STRING, "sink.partitioner", partitioner,
        .legacy = "connector.sink-partitioner", .def = "default",
        .help = "default: by the key's hash as the Java client does, records "
                "without a key in turns of a batch; fixed: one partition a "
                "subtask; round-robin: record by record, without keys."),
    OPT(STRING, "connector.sink-partitioner-class", partitioner_class,
        .help = "The older form of a partitioner of one's own: not supported "
                "yet."),
    OPT(ENUM, "sink.delivery-guarantee", guarantee, .legacy = "sink.semantic",
        .def = "at-least-once", .choices = "at-least-once|exactly-once|none",
        .help = "at-least-once: a checkpoint waits until the brokers have "
                "acknowledged every record; none: it does not."),
    OPT(BOOL, "sink.log-failures-only", log_failures_only, .def = "false",
        .help = "A record that cannot be delivered is logged and counted "
                "('records.failed') and does not fail the job."),
    OPT(BOOL, "sink.write-timestamp", write_timestamp, .def = "false",
        .help = "Records carry their event time, unless the table has a "
                "'timestamp' metadata column, which says it then."),
    OPT(STRING, "sink.transactional-id-prefix", transactional_id_prefix,
        .help = "For 'exactly-once'."),
    OPT(ENUM, "sink.transaction-naming-strategy", transaction_naming,
        .choices = "INCREMENTING|POOLING", .def = "INCREMENTING",
        .help = "For 'exactly-once'."),
    OPT(INT, "sink.parallelism", sink_parallelism, .min = 1, .max = 32768,
        .help = "Parallelism of the sink; that of its input unless given."),

    OPT(STRING, "connector.version", legacy_version,
        .help = "Of the older spelling: 'universal', '0.11' or '0.10'; all "
                "mean the same. With it, a group without a committed offset "
                "starts at the latest."),
    LATER("scan.watermark.emit.strategy"),
    LATER("scan.watermark.alignment.group"),
    LATER("scan.watermark.alignment.max-drift"),
    LATER("scan.watermark.alignment.update-interval"),
    LATER("scan.watermark.idle-timeout"),
    {0},
};

/* ---- what options mean --------------------------------------------------- */

const mt_format_ref *kafka_value_format(const kafka_options *o)
{
    return o->value_format.name ? &o->value_format : &o->format;
}

kafka_mode kafka_stop_mode(const kafka_options *o)
{
    return (kafka_mode)(o->bounded_mode + 1);
}

const char *kafka_property(const kafka_options *o, const char *name)
{
    int32_t i;

    for (i = 0; i + 1 < o->properties.len; i += 2) {
        if (strcmp(o->properties.items[i], name) == 0)
            return o->properties.items[i + 1];
    }
    return NULL;
}

bool kafka_options_bounded(const void *options)
{
    return kafka_stop_mode(options) != KAFKA_UNBOUNDED;
}

uint32_t kafka_options_kinds(const void *options, const mt_table *table)
{
    const mt_format_ref *format = kafka_value_format(options);
    uint32_t kinds = 0;

    (void)table;
    if (format->name)
        kinds = mt_format_kinds(format, NULL);
    return kinds ? kinds : 1u << MT_INSERT;
}

/* ---- rules ----------------------------------------------------------- */

/* Fails with the option noted. */
MT_PRINTF(3, 4)
static int refuse(mt_error **err, const char *option, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    mt_fail(err, MT_EOPTION, "%s", text);
    if (err)
        mt_error_set_option(*err, option);
    return MT_EOPTION;
}

static int check_topics(const kafka_options *o, const mt_table *table,
                        mt_error **err)
{
    bool topic = o->topics.len > 0;

    if (table->sink && !topic)
        return refuse(err, "topic", "a kafka sink needs option 'topic'");
    if (table->sink && (o->topics.len > 1 || o->topic_pattern))
        return mt_fail(err, MT_EUNSUPPORTED,
                       "not supported yet: a kafka sink with %s; give one "
                       "'topic'",
                       o->topic_pattern ? "'topic-pattern'"
                                        : "a list of topics");
    if (!topic && !o->topic_pattern)
        return refuse(err, "topic",
                      "a kafka source needs option 'topic' or "
                      "'topic-pattern'");
    if (topic && o->topic_pattern)
        return refuse(err, "topic-pattern",
                      "options 'topic' and "
                      "'topic-pattern' exclude each other");
    return kafka_topics_check(o, err);
}

static int check_formats(const kafka_options *o, mt_error **err)
{
    if (o->format.name && o->value_format.name)
        return refuse(err, "value.format",
                      "options 'format' and "
                      "'value.format' mean the same; give one of them");
    if (!o->format.name && !o->value_format.name)
        return refuse(err, "format",
                      "a kafka table needs option 'format' or "
                      "'value.format'");
    if (o->key_format.name && !o->key_fields.len)
        return refuse(err, "key.fields",
                      "option 'key.format' needs "
                      "'key.fields', the columns that make the key");
    if (!o->key_format.name && o->key_fields.len)
        return refuse(err, "key.format",
                      "option 'key.fields' needs "
                      "'key.format'");
    if (!o->key_format.name && o->include == KAFKA_EXCEPT_KEY)
        return refuse(err, "value.fields-include",
                      "option "
                      "'value.fields-include' = 'EXCEPT_KEY' needs "
                      "'key.format' and 'key.fields'");
    if (o->key_prefix && *o->key_prefix && o->include != KAFKA_EXCEPT_KEY)
        return refuse(err, "key.fields-prefix",
                      "option 'key.fields-prefix' "
                      "needs 'value.fields-include' = 'EXCEPT_KEY', since "
                      "the value's columns have no prefix to take off");
    return 0;
}

static int check_startup(const kafka_options *o, mt_error **err)
{
    if (o->startup_mode == KAFKA_SPECIFIC && !o->startup_offsets)
        return refuse(err, "scan.startup.specific-offsets",
                      "option "
                      "'scan.startup.mode' = 'specific-offsets' needs "
                      "'scan.startup.specific-offsets'");
    if (o->startup_mode == KAFKA_TIMESTAMP && o->startup_millis == MT_UNSET)
        return refuse(err, "scan.startup.timestamp-millis",
                      "option "
                      "'scan.startup.mode' = 'timestamp' needs "
                      "'scan.startup.timestamp-millis'");
    if (o->startup_mode == KAFKA_GROUP && !o->legacy_version &&
        !kafka_property(o, "group.id") &&
        !kafka_property(o, "auto.offset.reset"))
        return refuse(err, "properties.group.id",
                      "option "
                      "'scan.startup.mode' = 'group-offsets', which is the "
                      "default, needs 'properties.group.id'; or choose "
                      "another mode");
    if (o->startup_mode == KAFKA_SPECIFIC && o->topic_pattern)
        return refuse(err, "scan.startup.specific-offsets",
                      "option "
                      "'scan.startup.specific-offsets' cannot be used with "
                      "'topic-pattern': list the topics in 'topic'");
    if (o->startup_mode != KAFKA_SPECIFIC || !o->startup_offsets)
        return 0;
    return kafka_offsets_check(o, "scan.startup.specific-offsets",
                               o->startup_offsets, err);
}

static int check_bounded(const kafka_options *o, mt_error **err)
{
    kafka_mode mode = kafka_stop_mode(o);

    if (mode == KAFKA_SPECIFIC && !o->bounded_offsets)
        return refuse(err, "scan.bounded.specific-offsets",
                      "option "
                      "'scan.bounded.mode' = 'specific-offsets' needs "
                      "'scan.bounded.specific-offsets'");
    if (mode == KAFKA_TIMESTAMP && o->bounded_millis == MT_UNSET)
        return refuse(err, "scan.bounded.timestamp-millis",
                      "option "
                      "'scan.bounded.mode' = 'timestamp' needs "
                      "'scan.bounded.timestamp-millis'");
    if (mode == KAFKA_SPECIFIC && o->topic_pattern)
        return refuse(err, "scan.bounded.specific-offsets",
                      "option "
                      "'scan.bounded.specific-offsets' cannot be used with "
                      "'topic-pattern': list the topics in 'topic'");
    if (mode == KAFKA_GROUP && !kafka_property(o, "group.id"))
        return refuse(err, "properties.group.id",
                      "option "
                      "'scan.bounded.mode' = 'group-offsets' needs "
                      "'properties.group.id'");
    if (mode != KAFKA_SPECIFIC)
        return 0;
    return kafka_offsets_check(o, "scan.bounded.specific-offsets",
                               o->bounded_offsets, err);
}

static int check_source(const kafka_options *o, mt_error **err)
{
    int rc;

    if (o->assignment)
        return mt_fail(err, MT_EUNSUPPORTED,
                       "not supported yet: option 'scan.assignment' = "
                       "'group'");
    if ((rc = check_startup(o, err)) < 0)
        return rc;
    return check_bounded(o, err);
}

static int check_sink(const kafka_options *o, mt_error **err)
{
    const char *p = o->partitioner;

    if (o->guarantee == KAFKA_EXACTLY_ONCE)
        return mt_fail(err, MT_EUNSUPPORTED,
                       "not supported yet: option 'sink.delivery-guarantee' "
                       "= 'exactly-once'; 'at-least-once' is what there is");
    if (o->partitioner_class || strcmp(p, "custom") == 0 || strchr(p, '.'))
        return mt_fail(err, MT_EUNSUPPORTED,
                       "not supported yet: option 'sink.partitioner' = '%s', "
                       "a class of one's own; there are 'default', 'fixed' "
                       "and 'round-robin'",
                       o->partitioner_class ? o->partitioner_class : p);
    if (strcmp(p, "default") && strcmp(p, "fixed") && strcmp(p, "round-robin"))
        return refuse(err, "sink.partitioner",
                      "option 'sink.partitioner' is "
                      "'%s'; it must be 'default', 'fixed' or 'round-robin'",
                      p);
    if (strcmp(p, "round-robin") == 0 && o->key_fields.len)
        return refuse(err, "sink.partitioner",
                      "option 'sink.partitioner' = "
                      "'round-robin' is for records without a key; leave out "
                      "'key.fields', or use 'default'");
    return 0;
}

int kafka_options_check(const void *options, const mt_table *table,
                        mt_error **err)
{
    const kafka_options *o = options;
    int rc;

    if ((rc = check_topics(o, table, err)) < 0)
        return rc;
    if ((rc = check_formats(o, err)) < 0)
        return rc;
    if ((rc = table->sink ? check_sink(o, err) : check_source(o, err)) < 0)
        return rc;
    if ((rc = kafka_embedded_check(o->brokers, err)) < 0)
        return rc;
    if ((rc = kafka_properties_check(o, table->sink, err)) < 0)
        return rc;
    if ((rc = kafka_metadata_check(table, err)) < 0)
        return rc;
    return kafka_fields_check(o, table, err);
}
