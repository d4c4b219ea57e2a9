/* table.h - small jobs around one connector, for the unit programs of
 * connectors that need nothing outside of the process.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_SPEC_TABLE_H
#define MT_SPEC_TABLE_H

#include <limits.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/alloc.h"
#include "data/buffer.h"
#include "moontide.h"
#include "tap.h"

enum { TABLE_OPTIONS_MAX = 64, TABLE_WAIT_MS = 20000 };

/* One end of a job: a connector with its options as name, value, ..., NULL. */
typedef struct spec_table {
    const char *connector;
    const char *type;
    int32_t parallelism;
    const char *options[TABLE_OPTIONS_MAX];
} spec_table;

/* Texts of records, "a|b|c" by columns. */
typedef struct records {
    char **items;
    int32_t len, max;
} records;

/* Lets the loader find the plug-ins of the build that this program is of. */
__attribute__((unused)) static void use_built_plugins(void)
{
    char path[PATH_MAX], folder[PATH_MAX + 16];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash;

    if (len <= 0 || getenv("MOONTIDE_PLUGIN_PATH"))
        return;
    path[len] = '\0';
    while ((slash = strrchr(path, '/'))) {
        *slash = '\0';
        snprintf(folder, sizeof(folder), "%s/lib/moontide", path);
        if (access(folder, F_OK) == 0) {
            setenv("MOONTIDE_PLUGIN_PATH", folder, 1);
            return;
        }
    }
}

static mt_strings table_options(const spec_table *t)
{
    mt_strings options = {(const char **)t->options, 0};

    while (options.items[options.len])
        options.len++;
    return options;
}

/* Adds the node of a table to a plan: its id or a negative code. */
__attribute__((unused)) static int32_t
add_table(mt_plan *plan, const char *kind, const spec_table *t, mt_error **err)
{
    mt_node node = {0};

    node.kind = kind;
    node.name = t->connector ? t->connector : kind;
    node.connector = t->connector;
    node.options = table_options(t);
    node.type = t->type;
    node.physical_len = -1;
    node.parallelism = t->parallelism ? t->parallelism : 1;
    node.buffer_timeout_ms = MT_UNSET;
    return mt_plan_add(plan, &node, err);
}

/* Starts source -> sink; a sink without a connector collects. NULL with err;
 * *sink_id is the sink's node. */
__attribute__((unused)) static mt_job *start_tables(const spec_table *source,
                                                    const spec_table *sink,
                                                    int32_t *sink_id,
                                                    mt_error **err)
{
    mt_plan *plan = mt_plan_new("test", err);
    mt_job *job = NULL;
    int32_t from = -1, to;
    bool same = source->parallelism == sink->parallelism;

    if (plan)
        from = add_table(plan, "source", source, err);
    to = from < 0
             ? from
             : add_table(plan, sink->connector ? "sink" : "collect", sink, err);
    if (to >= 0 && mt_plan_connect(plan, from, to, 0,
                                   same ? MT_SHIP_FORWARD : MT_SHIP_REBALANCE,
                                   NULL, 0, err) == 0)
        job = mt_job_start(plan, err);
    if (sink_id)
        *sink_id = to;
    mt_plan_free(plan);
    return job;
}

static void keep_record(records *r, const char *text, size_t len)
{
    if (r->len == r->max) {
        r->max = r->max ? 2 * r->max : 256;
        r->items = realloc(r->items, (size_t)r->max * sizeof(char *));
    }
    r->items[r->len++] = strndup(text, len);
}

static void keep_batch(records *r, mt_batch *batch)
{
    mt_buf text = {0};
    int32_t row, i;

    for (row = 0; row < batch->rows; row++) {
        text.len = 0;
        for (i = 0; i < batch->columns_len; i++) {
            if (i > 0)
                mt_buf_byte(&text, '|');
            mt_text_value(mt_type_column(batch->type, i),
                          mt_batch_column(batch, i, NULL), row, &text);
        }
        mt_buf_byte(&text, '\0');
        keep_record(r, (char *)text.data, text.len);
    }
    mt_buf_fini(&text);
}

/* Takes records from a collecting node until `limit` have come or there are no
 * more; 0 or the job's failure. */
__attribute__((unused)) static int take_records(mt_job *job, int32_t node,
                                                int32_t limit, records *r,
                                                mt_error **err)
{
    mt_batch *batch;
    int rc = 1;

    while (rc == 1 && r->len < limit) {
        rc = mt_job_take(job, node, TABLE_WAIT_MS, &batch, err);
        if (rc == 1) {
            keep_batch(r, batch);
            mt_batch_unref(batch);
        }
    }
    return rc < 0 ? rc : 0;
}

/* All records, or the first `limit`, of a source. */
__attribute__((unused)) static records read_table(const spec_table *source,
                                                  int32_t limit)
{
    spec_table sink = {.type = source->type, .parallelism = 1};
    records r = {0};
    mt_error *err = NULL;
    int32_t node;
    mt_job *job = start_tables(source, &sink, &node, &err);

    if (!job || take_records(job, node, limit, &r, &err) < 0)
        OK(false, "the job runs: %s", mt_error_message(err));
    mt_error_free(err);
    mt_job_free(job);
    return r;
}

__attribute__((unused)) static void free_records(records *r)
{
    int32_t i;

    for (i = 0; i < r->len; i++)
        free(r->items[i]);
    free(r->items);
    memset(r, 0, sizeof(*r));
}

/* Checks that a node of this table is refused in these words. */
__attribute__((unused)) static void
refuses_table(const char *kind, const spec_table *t, int code, const char *text)
{
    mt_error *err = NULL;
    mt_plan *plan = mt_plan_new("test", &err);
    int32_t id = add_table(plan, kind, t, &err);

    EQ_INT(id, code, "refused with the right code");
    HAS_STR(mt_error_message(err), text, "saying: %s", text);
    mt_error_free(err);
    mt_plan_free(plan);
}

__attribute__((unused)) static int64_t live_blocks(void)
{
    mt__alloc_stats stats;

    mt__buffer_pool_limit(0);
    mt__alloc_read(&stats);
    return stats.blocks_live;
}

#endif
