/* blackhole.c - a sink that swallows every row. For measuring what comes
 * before it, and the file to copy when you write a connector of your own.
 *
 * A connector is one .so that exports one function, mt_plugin_get(), which
 * returns a descriptor: name, options, callbacks. moontide_plugin.h is all
 * that it may include of Moontide, and documents each callback. Everything
 * else is static: nothing of a plug-in should leak into the host.
 *
 *     CREATE TABLE nowhere (a INT) WITH ('connector' = 'blackhole')
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "moontide_plugin.h"

/* What the options of the WITH clause are parsed into, by the table below. */
typedef struct options {
    int64_t parallelism;
} options;

/* One entry an option: it parses, checks, words the errors and fills the
 * documentation. A zeroed entry ends the table. */
static const mt_option option_table[] = {
    {.name = "sink.parallelism",
     .type = MT_OPT_INT,
     .offset = offsetof(options, parallelism),
     .min = 1,
     .help = "Number of parallel subtasks, in place of the job's."},
    {0},
};

/* This sink takes changes of every kind, not insertions alone. */
static uint32_t sink_kinds(const void *opts, const mt_table *table)
{
    (void)opts;
    (void)table;
    return 1u << MT_INSERT | 1u << MT_UPDATE_BEFORE | 1u << MT_UPDATE_AFTER |
           1u << MT_DELETE;
}

/* Once for each subtask, on the subtask's own thread, as all that follows. A
 * sink with a connection makes an object here, zeroed at birth, and takes it
 * apart again in sink_close(), which is also the way out of a failed open. */
static int sink_open(mt_context *ctx, const void *opts, const mt_table *table,
                     void **sink, mt_error **err)
{
    (void)opts;
    (void)table;
    (void)err;
    *sink = ctx; /* nothing to remember, but a sink is never NULL */
    return 0;
}

/* The batch is borrowed. Columns are read with mt_batch_column(), which also
 * decodes those that nobody has asked for yet; here nobody ever does. */
static int sink_write(void *sink, mt_batch *batch, mt_error **err)
{
    (void)sink;
    (void)batch;
    (void)err;
    return 0;
}

static const mt_connector connector = {
    .plugin = {.abi = MT_ABI,
               .size = sizeof(mt_connector),
               .kind = MT_PLUGIN_CONNECTOR,
               .name = "blackhole",
               .summary = "swallows all rows; for benchmarks",
               .options = option_table,
               .options_size = sizeof(options)},
    .pushes = MT_PUSH_OVERWRITE, /* nothing is ever left there */
    .sink_kinds = sink_kinds,
    .sink_open = sink_open,
    .sink_write = sink_write,
};

const mt_plugin *mt_plugin_get(void)
{
    return &connector.plugin;
}
