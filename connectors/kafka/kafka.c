/* kafka.c - the kafka connector: reads and writes topics of Apache Kafka.
 *
 * How a record comes in and goes out:
 *
 *   source.c   poll -> fetch.h (fetch_rdkafka.c) -> reader.c -> builder
 *   sink.c     batch -> encoded.c -> partitioner.c -> produce.h
 *              (produce_rdkafka.c)
 *
 * Around it: option_table.c and options.c (the options and their rules),
 * properties.c and jaas.c (the client's configuration), client.c (a handle, its
 * errors and metadata), topics.c and pattern.c (which partitions a subtask
 * reads), targets.c (which topics a sink writes), offsets.c (from where to
 * where), commits.c (what the group remembers), fields.c (key and value),
 * metadata.c (the metadata columns), deadletters.c (bad records), upsert.c and
 * upsert_buffer.c (upsert-kafka), embedded.c (a broker in the process).
 *
 * fetch.h and produce.h are seams: what is below can be replaced, partition
 * by partition, without anything above noticing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "metadata.h"
#include "options.h"
#include "sink.h"
#include "source.h"

static const mt_connector connector = {
    .plugin =
        {
            .abi = MT_ABI,
            .size = sizeof(mt_connector),
            .kind = MT_PLUGIN_CONNECTOR,
            .name = "kafka",
            .summary =
                "Topics of Apache Kafka: source and sink, at least once.",
            .options = kafka_option_table,
            .options_size = sizeof(kafka_options),
        },
    .metadata = kafka_metadata_table,
    .check = kafka_options_check,
    .bounded = kafka_options_bounded,
    .sink_kinds = kafka_options_kinds,
    .source_open = kafka_source_open,
    .source_poll = kafka_source_poll,
    .source_barrier = kafka_source_barrier,
    .source_commit = kafka_source_commit,
    .source_project = kafka_source_project,
    .source_close = kafka_source_close,
    .sink_open = kafka_sink_open,
    .sink_write = kafka_sink_write,
    .sink_poll = kafka_sink_poll,
    .sink_barrier = kafka_sink_barrier,
    .sink_end = kafka_sink_end,
    .sink_close = kafka_sink_close,
};

const mt_plugin *mt_plugin_get(void)
{
    return &connector.plugin;
}
