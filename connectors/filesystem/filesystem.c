/* filesystem.c - the filesystem connector: reads and writes files of lines.
 *
 * How a record comes in and goes out:
 *
 *   source.c   splits.c (which file) -> input.c (bytes) -> lines.c (records)
 *              -> decoder, metadata.c -> builder
 *   sink.c     batch -> encoder -> bucket -> part.c (a file, in-progress to
 *              finished) -> committer.c (partitions that are complete),
 *              compact.c (merging files)
 *
 * Around it: options.c (the table and its rules), path.c (names, walking),
 * partition.c (folders named key=value), codec.c (compression), clock.c (time
 * zones and patterns).
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
            .name = "filesystem",
            .summary = "Files of lines in a folder, partitioned or not: "
                       "source and sink.",
            .options = fs_option_table,
            .options_size = sizeof(fs_options),
        },
    .metadata = fs_metadata_table,
    .pushes = MT_PUSH_FILTERS | MT_PUSH_LIMIT | MT_PUSH_OVERWRITE,
    .check = fs_options_check,
    .bounded = fs_options_bounded,
    .sink_kinds = fs_options_kinds,
    .source_open = fs_source_open,
    .source_poll = fs_source_poll,
    .source_barrier = fs_source_barrier,
    .source_project = fs_source_project,
    .source_close = fs_source_close,
    .sink_open = fs_sink_open,
    .sink_write = fs_sink_write,
    .sink_poll = fs_sink_poll,
    .sink_barrier = fs_sink_barrier,
    .sink_commit = fs_sink_commit,
    .sink_end = fs_sink_end,
    .sink_watermark = fs_sink_watermark,
    .sink_close = fs_sink_close,
};

const mt_plugin *mt_plugin_get(void)
{
    return &connector.plugin;
}
