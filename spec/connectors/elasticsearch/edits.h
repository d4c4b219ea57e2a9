/* edits.h - the connector "edits": a source of random changes of a few rows
 * (id INT, s STRING), as a seed has them, and the jobs that write them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_SPEC_EDITS_H
#define MT_SPEC_EDITS_H

#include "../table.h"
#include "format/plugin.h"

#define EDITS_TYPE "ROW<id INT, s STRING>"
enum { EDITS_KEYS_MAX = 1000 };

typedef struct edits_options {
    int64_t seed;
    int64_t rows;
    int64_t keys; /* 0: rows are only added, each with a new id */
    int64_t bytes;
    int64_t stay; /* the source does not end by itself */
} edits_options;

/* What has become of the rows so far. */
typedef struct edits {
    edits_options o;
    uint64_t state;
    int64_t next;
    int64_t last[EDITS_KEYS_MAX]; /* which change made the row; 0: none */
} edits;

typedef struct edit {
    int32_t id;
    mt_row_kind kind;
    int64_t number; /* from 1 up */
} edit;

static void edits_init(edits *e, const edits_options *o)
{
    memset(e, 0, sizeof(*e));
    e->o = *o;
    e->state = (uint64_t)o->seed;
}

static edit edits_next(edits *e)
{
    edit c = {.number = ++e->next};
    uint64_t dice = tap_below(&e->state, 10);

    if (e->o.keys == 0) {
        c.id = (int32_t)c.number;
        return c;
    }
    c.id = (int32_t)tap_below(&e->state, (uint64_t)e->o.keys);
    c.kind = dice < 4   ? MT_INSERT
             : dice < 5 ? MT_UPDATE_BEFORE
             : dice < 8 ? MT_UPDATE_AFTER
                        : MT_DELETE;
    if (c.kind == MT_DELETE)
        e->last[c.id] = 0;
    else if (c.kind != MT_UPDATE_BEFORE)
        e->last[c.id] = c.number;
    return c;
}

/* The text that change `number` writes. */
static int edit_text(const edits_options *o, int64_t number, char *out)
{
    return sprintf(out, "v%lld-%0*d", (long long)number,
                   o->bytes > 200 ? 200 : (int)o->bytes, 0);
}

static int edits_open(mt_context *ctx, const void *options,
                      const mt_table *table, void **source, mt_error **err)
{
    edits *e = mt_calloc(sizeof(*e));

    (void)ctx;
    (void)table;
    if (!e)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    edits_init(e, options);
    *source = e;
    return 0;
}

static int edits_poll(void *source, mt_builder *out, int64_t *wake_ms,
                      mt_error **err)
{
    edits *e = source;
    char text[300];
    int rc = 0, i;

    if (e->next == e->o.rows) {
        *wake_ms = mt_now_ms() + 10;
        return e->o.stay ? MT_FLOW_WAIT : MT_FLOW_DONE;
    }
    for (i = 0; rc == 0 && i < 37 && e->next < e->o.rows; i++) {
        edit c = edits_next(e);

        if (mt_builder_set_kind(out, out->rows, c.kind) < 0 ||
            mt_put_i32(&out->columns[0], c.id) < 0 ||
            mt_put_bytes(&out->columns[1], text,
                         (size_t)edit_text(&e->o, c.number, text)) < 0)
            rc = mt_fail(err, MT_ENOMEM, "out of memory");
        else
            rc = mt_builder_commit(out, err);
    }
    return rc < 0 ? rc : MT_FLOW_MORE;
}

static void edits_close(void *source)
{
    if (source)
        mt_free(source, sizeof(edits));
}

#define EDITS_OPTION(the_name)                                                 \
    {                                                                          \
        .name = #the_name, .type = MT_OPT_INT, .def = "0",                     \
        .offset = offsetof(edits_options, the_name)                            \
    }

static const mt_option edits_table[] = {
    EDITS_OPTION(seed),  EDITS_OPTION(rows), EDITS_OPTION(keys),
    EDITS_OPTION(bytes), EDITS_OPTION(stay), {0},
};

static const mt_connector edits_connector = {
    .plugin = {.abi = MT_ABI,
               .size = sizeof(mt_connector),
               .kind = MT_PLUGIN_CONNECTOR,
               .name = "edits",
               .options = edits_table,
               .options_size = sizeof(edits_options)},
    .source_open = edits_open,
    .source_poll = edits_poll,
    .source_close = edits_close,
};

/* ---- jobs ----------------------------------------------------------- */

/* Starts edits -> the sink of these options, by key when there are keys. NULL
 * with err. */
__attribute__((unused)) static mt_job *
start_edits(const edits_options *o, const char *connector,
            const char *const *options, const char *interval, mt_error **err)
{
    static const int32_t key[] = {0};
    char numbers[5][24];
    const char *from[] = {"seed", numbers[0], "rows",  numbers[1],
                          "keys", numbers[2], "bytes", numbers[3],
                          "stay", numbers[4]};
    mt_node source = {.kind = "source", .name = "edits", .connector = "edits"};
    mt_node sink = {.kind = "sink", .name = "found"};
    mt_plan *plan = mt_plan_new("edits", err);
    mt_job *job = NULL;
    int32_t a = -1, b = -1;

    snprintf(numbers[0], 24, "%lld", (long long)o->seed);
    snprintf(numbers[1], 24, "%lld", (long long)o->rows);
    snprintf(numbers[2], 24, "%lld", (long long)o->keys);
    snprintf(numbers[3], 24, "%lld", (long long)o->bytes);
    snprintf(numbers[4], 24, "%lld", (long long)o->stay);
    source.options = (mt_strings){from, 10};
    sink.connector = connector;
    sink.options = (mt_strings){(const char **)options, 0};
    while (options[sink.options.len])
        sink.options.len++;
    source.type = sink.type = EDITS_TYPE;
    source.physical_len = sink.physical_len = -1;
    source.parallelism = sink.parallelism = 1;
    source.buffer_timeout_ms = sink.buffer_timeout_ms = MT_UNSET;
    sink.primary_key = o->keys ? key : NULL;
    sink.primary_key_len = o->keys ? 1 : 0;
    if (plan &&
        mt_plan_set(plan, "execution.checkpointing.interval", interval, err) ==
            0 &&
        (a = mt_plan_add(plan, &source, err)) > 0 &&
        (b = mt_plan_add(plan, &sink, err)) > 0 &&
        mt_plan_connect(plan, a, b, 0, MT_SHIP_FORWARD, NULL, 0, err) == 0)
        job = mt_job_start(plan, err);
    mt_plan_free(plan);
    return job;
}

/* Runs the job to its end: 1, or its failure. */
__attribute__((unused)) static int
run_edits(const edits_options *o, const char *connector,
          const char *const *options, const char *interval, mt_error **err)
{
    mt_job *job = start_edits(o, connector, options, interval, err);
    int rc = job ? mt_job_wait(job, TABLE_WAIT_MS, err) : mt_error_code(*err);

    mt_job_free(job);
    return rc;
}

#endif
