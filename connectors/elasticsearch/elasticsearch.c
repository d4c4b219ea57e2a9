/* elasticsearch.c - sinks into Elasticsearch and OpenSearch under their names.
 *
 * How a row goes out:
 *
 *   sink.c   batch -> documents.c (JSON) + index.c (where) + ids.c (which)
 *            -> bulk.c (lines) -> sender.c (until accepted) -> http.c
 *
 * Around it: option_table.c and options.c (the options and their rules),
 * hosts.c (whose turn it is), tls.c (who is believed), response.c (what the
 * server says), fields.c (values by name), pattern.c (times in names).
 *
 * The names differ in their options only; all but `elasticsearch`, the older
 * spelling, are offered by plug-ins of their own that are linked to this one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "options.h"
#include "plugins.h"
#include "sink.h"

#define CONNECTOR(the_name, the_summary, table)                                \
    {                                                                          \
        .plugin =                                                              \
            {                                                                  \
                .abi = MT_ABI,                                                 \
                .size = sizeof(mt_connector),                                  \
                .kind = MT_PLUGIN_CONNECTOR,                                   \
                .name = the_name,                                              \
                .summary = the_summary,                                        \
                .options = table,                                              \
                .options_size = sizeof(es_options),                            \
            },                                                                 \
        .check = es_options_check, .sink_kinds = es_options_kinds,             \
        .sink_open = es_sink_open, .sink_write = es_sink_write,                \
        .sink_poll = es_sink_poll, .sink_barrier = es_sink_barrier,            \
        .sink_end = es_sink_end, .sink_close = es_sink_close,                  \
    }

static const mt_connector connector =
    CONNECTOR("elasticsearch",
              "Indexes of Elasticsearch 6 and 7, by the older options: sink.",
              es_option_table);

static const mt_connector connector_6 = CONNECTOR(
    "elasticsearch-6", "Indexes of Elasticsearch 6: sink.", es_option_table_6);

static const mt_connector connector_7 = CONNECTOR(
    "elasticsearch-7", "Indexes of Elasticsearch 7: sink.", es_option_table_7);

static const mt_connector connector_8 = CONNECTOR(
    "elasticsearch-8", "Indexes of Elasticsearch 8: sink.", es_option_table_8);

static const mt_connector connector_opensearch = CONNECTOR(
    "opensearch", "Indexes of OpenSearch: sink.", es_option_table_opensearch);

const mt_plugin *mt_plugin_get(void)
{
    return &connector.plugin;
}

const mt_plugin *mt_elasticsearch_6_plugin(void)
{
    return &connector_6.plugin;
}

const mt_plugin *mt_elasticsearch_7_plugin(void)
{
    return &connector_7.plugin;
}

const mt_plugin *mt_elasticsearch_8_plugin(void)
{
    return &connector_8.plugin;
}

const mt_plugin *mt_elasticsearch_opensearch_plugin(void)
{
    return &connector_opensearch.plugin;
}
