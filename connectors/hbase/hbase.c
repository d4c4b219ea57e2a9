/* hbase.c - the hbase connectors: tables of Apache HBase, by its own RPC.
 *
 *   source.c   regions -> scan.c -> row.c -> builder
 *   sink.c     batches -> changes -> cells.c -> multi.c
 *   lookup.c   keys -> multi.c -> row.c -> builder
 *
 * Below: cluster.c (which server has which region, by zookeeper.c and
 * hbase:meta), channel.c (calls on one server), rpc.proto (their messages),
 * schema.c (columns and the bytes of values), options.c.
 *
 * It has four names with the same code: hbase-1.4, hbase-2.2, hbase-2.6 and
 * the older hbase. The plug-ins of the first three are doors into this one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "lookup.h"
#include "options.h"
#include "sink.h"
#include "source.h"

#define CONNECTOR(its_name)                                                    \
    {                                                                          \
        .plugin =                                                              \
            {                                                                  \
                .abi = MT_ABI,                                                 \
                .size = sizeof(mt_connector),                                  \
                .kind = MT_PLUGIN_CONNECTOR,                                   \
                .name = its_name,                                              \
                .summary = "Tables of Apache HBase by row key: source, sink "  \
                           "and lookup.",                                      \
                .options = hbase_option_table,                                 \
                .options_size = sizeof(hbase_options),                         \
            },                                                                 \
        .check = hbase_options_check, .bounded = hbase_options_bounded,        \
        .sink_kinds = hbase_options_kinds, .source_open = hbase_source_open,   \
        .source_poll = hbase_source_poll,                                      \
        .source_barrier = hbase_source_barrier,                                \
        .source_close = hbase_source_close, .sink_open = hbase_sink_open,      \
        .sink_write = hbase_sink_write, .sink_poll = hbase_sink_poll,          \
        .sink_barrier = hbase_sink_barrier, .sink_end = hbase_sink_end,        \
        .sink_close = hbase_sink_close, .lookup_open = hbase_lookup_open,      \
        .lookup_get = hbase_lookup_get, .lookup_close = hbase_lookup_close     \
    }

static const mt_connector connectors[] = {
    CONNECTOR("hbase"),
    CONNECTOR("hbase-1.4"),
    CONNECTOR("hbase-2.2"),
    CONNECTOR("hbase-2.6"),
};

/* For the doors: NULL for a name that is none of the four. */
MT_API const mt_plugin *mt_hbase_plugin(const char *name);

const mt_plugin *mt_hbase_plugin(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof(connectors) / sizeof(*connectors); i++)
        if (!strcmp(connectors[i].plugin.name, name))
            return &connectors[i].plugin;
    return NULL;
}

const mt_plugin *mt_plugin_get(void)
{
    return mt_hbase_plugin("hbase");
}
