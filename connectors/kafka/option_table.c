/* option_table.c - the option tables of kafka and upsert-kafka. What both have
 * is written once, in macros.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#define OPT(kind, opt_name, member, ...)                                       \
    {                                                                          \
        .name = opt_name, .type = MT_OPT_##kind,                               \
        .offset = offsetof(kafka_options, member), __VA_ARGS__                 \
    }
/* Known, so that the message can say "not supported yet". */
#define LATER(opt_name)                                                        \
    OPT(STRING, opt_name, unsupported, .flags = MT_OPT_UNSUPPORTED,            \
        .help = NULL)

#define TOPIC_OPTIONS                                                          \
    OPT(LIST, "topic", topics, .legacy = "connector.topic",                    \
        .help =                                                                \
            "The topic, or a list separated by ';': a source reads all of "    \
            "them, a sink writes to that which a record names in the "         \
            "metadata column 'topic'."),                                       \
        OPT(STRING, "topic-pattern", topic_pattern,                            \
            .help =                                                            \
                "In place of 'topic': every topic whose whole name matches "   \
                "this regular expression."),                                   \
        OPT(STRING, "properties.bootstrap.servers", brokers,                   \
            .flags = MT_OPT_REQUIRED,                                          \
            .legacy = "connector.properties.bootstrap.servers",                \
            .help =                                                            \
                "Brokers as host:port, separated by ','; or 'embedded', a "    \
                "broker inside the process for trials and tests, which keeps " \
                "about 5 MB a partition ('embedded://name?partitions=4' "      \
                "names "                                                       \
                "one of several)."),                                           \
        OPT(PREFIX, "properties.*", properties,                                \
            .legacy = "connector.properties.*",                                \
            .help =                                                            \
                "Settings of the Kafka client, under librdkafka's names or "   \
                "the Java client's.")

#define FIELDS_OPTIONS                                                         \
    OPT(STRING, "key.fields-prefix", key_prefix,                               \
        .help = "What the names of key columns begin with in the table but "   \
                "not in the key. Needs 'value.fields-include' = "              \
                "'EXCEPT_KEY'."),                                              \
        OPT(ENUM, "value.fields-include", include,                             \
            .choices = "ALL|EXCEPT_KEY", .def = "ALL",                         \
            .help = "Whether the value repeats the key columns.")

#define BOUNDED_OPTIONS                                                        \
    OPT(ENUM, "scan.bounded.mode", bounded_mode, .def = "unbounded",           \
        .choices = "latest-offset|group-offsets|timestamp|specific-offsets|"   \
                   "unbounded",                                                \
        .help = "Where reading ends."),                                        \
        OPT(STRING, "scan.bounded.specific-offsets", bounded_offsets,          \
            .help =                                                            \
                "As 'scan.startup.specific-offsets'; the offset is the first " \
                "one that is not read. A partition that is not listed is not " \
                "read at all."),                                               \
        OPT(INT, "scan.bounded.timestamp-millis", bounded_millis, .max = -1,   \
            .help =                                                            \
                "Ends before the first record that is not older than this."),  \
        OPT(BOOL, "scan.bounded.ends", bounded_ends, .def = "true",            \
            .help =                                                            \
                "Whether a source that has read to where it ends is done; "    \
                "otherwise it goes on without records, as one made by "        \
                "KafkaSource's set_unbounded()."),                             \
        OPT(DURATION, "scan.topic-partition-discovery.interval", discovery_ms, \
            .def = "5 min", .max = -1,                                         \
            .help = "How often new partitions and topics are looked for; "     \
                    "they are "                                                \
                    "read from their beginning. 0: never."),                   \
        OPT(INT, "scan.parallelism", scan_parallelism, .min = 1, .max = 32768, \
            .help = "Parallelism of the source; the job's unless given."),     \
        MT_OPTION_BAD_RECORDS(kafka_options, bad_records)

#define GUARANTEE_OPTIONS                                                      \
    OPT(ENUM, "sink.delivery-guarantee", guarantee, .legacy = "sink.semantic", \
        .def = "at-least-once", .choices = "at-least-once|exactly-once|none",  \
        .help = "at-least-once: a checkpoint waits until the brokers have "    \
                "acknowledged every record; none: it does not.")

#define TRANSACTION_OPTIONS                                                    \
    OPT(STRING, "sink.transactional-id-prefix", transactional_id_prefix,       \
        .help = "For 'exactly-once'."),                                        \
        OPT(ENUM, "sink.transaction-naming-strategy", transaction_naming,      \
            .choices = "INCREMENTING|POOLING", .def = "INCREMENTING",          \
            .help = "For 'exactly-once'."),                                    \
        OPT(INT, "sink.parallelism", sink_parallelism, .min = 1, .max = 32768, \
            .help =                                                            \
                "Parallelism of the sink; that of its input unless given.")

#define LATER_OPTIONS                                                          \
    LATER("scan.watermark.emit.strategy"),                                     \
        LATER("scan.watermark.alignment.group"),                               \
        LATER("scan.watermark.alignment.max-drift"),                           \
        LATER("scan.watermark.alignment.update-interval"),                     \
        LATER("scan.watermark.idle-timeout")

const mt_option kafka_option_table[] = {
    TOPIC_OPTIONS,
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
    FIELDS_OPTIONS,

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
    OPT(LIST, "scan.partitions", partitions,
        .help = "In place of 'topic': the partitions to read, 'topic:number' "
                "each, separated by ';'."),
    OPT(ENUM, "scan.assignment", assignment, .choices = "partition|group",
        .def = "partition",
        .help = "Who says which subtask reads a partition: its number, as in "
                "Flink, or the consumer group."),
    BOUNDED_OPTIONS,

    OPT(STRING, "sink.partitioner", partitioner,
        .legacy = "connector.sink-partitioner", .def = "default",
        .help = "default: by the key's hash as the Java client does, records "
                "without a key in turns of a batch; fixed: one partition a "
                "subtask; round-robin: record by record, without keys."),
    OPT(STRING, "connector.sink-partitioner-class", partitioner_class,
        .help = "The older form of a partitioner of one's own: not supported "
                "yet."),
    GUARANTEE_OPTIONS,
    OPT(BOOL, "sink.log-failures-only", log_failures_only, .def = "false",
        .help = "A record that cannot be delivered is logged and counted "
                "('records.failed') and does not fail the job."),
    OPT(BOOL, "sink.write-timestamp", write_timestamp, .def = "false",
        .help = "Records carry their event time, unless the table has a "
                "'timestamp' metadata column, which says it then."),
    TRANSACTION_OPTIONS,

    OPT(STRING, "connector.version", legacy_version,
        .help = "Of the older spelling: 'universal', '0.11' or '0.10'; all "
                "mean the same. With it, a group without a committed offset "
                "starts at the latest."),
    LATER_OPTIONS,
    {0},
};

const mt_option kafka_upsert_option_table[] = {
    TOPIC_OPTIONS,
    OPT(FORMAT, "key.format", key_format, .flags = MT_OPT_REQUIRED,
        .help = "Format of the record's key, which the PRIMARY KEY's columns "
                "make, with options 'key.<format>.<option>'."),
    OPT(FORMAT, "value.format", value_format, .flags = MT_OPT_REQUIRED,
        .help = "Format of the record's value, with options "
                "'value.<format>.<option>'."),
    FIELDS_OPTIONS,

    BOUNDED_OPTIONS,

    OPT(INT, "sink.buffer-flush.max-rows", flush_rows, .def = "0", .max = -1,
        .help = "So many keys wait for later rows of the same key, of which "
                "only the last is written. 0: none; else the interval must be "
                "set too."),
    OPT(DURATION, "sink.buffer-flush.interval", flush_ms, .def = "0",
        .help = "How long rows wait at most; at checkpoints they are written "
                "in any case."),
    GUARANTEE_OPTIONS,
    TRANSACTION_OPTIONS,
    LATER_OPTIONS,
    {0},
};
