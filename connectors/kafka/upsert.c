/* upsert.c - upsert-kafka: a topic whose records are changes of rows by key.
 *
 * It is the kafka connector with a few options set by themselves and
 * kafka_options.upsert, which tells reader.c and sink.c that kinds of rows
 * matter.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "upsert.h"

#include "metadata.h"
#include "options.h"
#include "sink.h"
#include "source.h"

/* A row's history is all of its topic, and its records go by key. */
static kafka_options complete(const void *options)
{
    kafka_options o = *(const kafka_options *)options;

    o.upsert = true;
    o.startup_mode = KAFKA_EARLIEST;
    o.partitioner = "default";
    return o;
}

static int check(const void *options, const mt_table *table, mt_error **err)
{
    kafka_options o = complete(options);

    return kafka_options_check(&o, table, err);
}

static uint32_t sink_kinds(const void *options, const mt_table *table)
{
    (void)options;
    (void)table;
    return 1u << MT_INSERT | 1u << MT_UPDATE_BEFORE | 1u << MT_UPDATE_AFTER |
           1u << MT_DELETE;
}

static int open_source(mt_context *ctx, const void *options,
                       const mt_table *table, void **source, mt_error **err)
{
    kafka_options o = complete(options);

    return kafka_source_make(ctx, &o, table, source, err);
}

static int open_sink(mt_context *ctx, const void *options,
                     const mt_table *table, void **sink, mt_error **err)
{
    kafka_options o = complete(options);

    return kafka_sink_make(ctx, &o, table, sink, err);
}

static const mt_connector connector = {
    .plugin =
        {
            .abi = MT_ABI,
            .size = sizeof(mt_connector),
            .kind = MT_PLUGIN_CONNECTOR,
            .name = "upsert-kafka",
            .summary = "Topics of Apache Kafka as tables by key: source and "
                       "sink of changes.",
            .options = kafka_upsert_option_table,
            .options_size = sizeof(kafka_options),
        },
    .metadata = kafka_metadata_table,
    .check = check,
    .bounded = kafka_options_bounded,
    .sink_kinds = sink_kinds,
    .source_open = open_source,
    .source_poll = kafka_source_poll,
    .source_barrier = kafka_source_barrier,
    .source_commit = kafka_source_commit,
    .source_project = kafka_source_project,
    .source_close = kafka_source_close,
    .sink_open = open_sink,
    .sink_write = kafka_sink_write,
    .sink_poll = kafka_sink_poll,
    .sink_barrier = kafka_sink_barrier,
    .sink_end = kafka_sink_end,
    .sink_close = kafka_sink_close,
};

const mt_plugin *mt_kafka_upsert_plugin(void)
{
    return &connector.plugin;
}
