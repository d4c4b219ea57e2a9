/* jdbc.c - the jdbc connector: tables of PostgreSQL, MySQL, MariaDB and SQLite.
 *
 *   source.c   parts -> SELECT -> a driver's cursor -> builder
 *   sink.c     batches -> changes -> a driver's writer, in transactions
 *   lookup.c   keys -> cache.c, or a driver's finder
 *
 * Around it: options.c (the table and its rules), url.c, session.c (connections
 * that come and go), statement.c (SQL text), keys.c (rows of one key), values.c
 * (values as texts). The drivers are behind dialect.h: postgres.c (its header
 * lists its parts), mysql.c with mysql_client.c, sqlite.c. There is no Java in
 * it but for the URLs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "lookup.h"
#include "options.h"
#include "sink.h"
#include "source.h"

static const mt_connector connector = {
    .plugin =
        {
            .abi = MT_ABI,
            .size = sizeof(mt_connector),
            .kind = MT_PLUGIN_CONNECTOR,
            .name = "jdbc",
            .summary = "Tables of PostgreSQL, MySQL, MariaDB and SQLite: "
                       "source, sink and lookup.",
            .options = jdbc_option_table,
            .options_size = sizeof(jdbc_options),
        },
    .pushes = MT_PUSH_FILTERS | MT_PUSH_LIMIT,
    .check = jdbc_options_check,
    .bounded = jdbc_options_bounded,
    .sink_kinds = jdbc_options_kinds,
    .source_open = jdbc_source_open,
    .source_poll = jdbc_source_poll,
    .source_close = jdbc_source_close,
    .sink_open = jdbc_sink_open,
    .sink_write = jdbc_sink_write,
    .sink_poll = jdbc_sink_poll,
    .sink_barrier = jdbc_sink_barrier,
    .sink_end = jdbc_sink_end,
    .sink_close = jdbc_sink_close,
    .lookup_open = jdbc_lookup_open,
    .lookup_get = jdbc_lookup_get,
    .lookup_close = jdbc_lookup_close,
};

const mt_plugin *mt_plugin_get(void)
{
    return &connector.plugin;
}
