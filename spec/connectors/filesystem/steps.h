/* steps.h - a source that a test drives: the connector "steps", whose records
 * are (v INT, k STRING) as pushed, and an operator "clock" whose watermark is
 * what v says, in seconds.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_SPEC_STEPS_H
#define MT_SPEC_STEPS_H

#include <pthread.h>

#include "format/plugin.h"
#include "runtime/operator.h"

#define STEPS_TYPE "ROW<v INT, k STRING>"

static struct {
    pthread_mutex_t mutex;
    int32_t values[65536];
    char keys[65536][24];
    int32_t len;   /* pushed */
    int32_t taken; /* handed out */
    bool done;
} steps = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void push_step(int32_t v, const char *k)
{
    pthread_mutex_lock(&steps.mutex);
    steps.values[steps.len] = v;
    snprintf(steps.keys[steps.len++], sizeof(steps.keys[0]), "%s", k);
    pthread_mutex_unlock(&steps.mutex);
}

__attribute__((unused)) static void end_steps(void)
{
    pthread_mutex_lock(&steps.mutex);
    steps.done = true;
    pthread_mutex_unlock(&steps.mutex);
}

__attribute__((unused)) static void reset_steps(void)
{
    steps.len = steps.taken = 0;
    steps.done = false;
}

static int steps_open(mt_context *ctx, const void *options,
                      const mt_table *table, void **source, mt_error **err)
{
    (void)options;
    (void)table;
    (void)err;
    *source = ctx;
    return 0;
}

static int steps_poll(void *source, mt_builder *out, int64_t *wake_ms,
                      mt_error **err)
{
    int rc = MT_FLOW_MORE;

    (void)source;
    pthread_mutex_lock(&steps.mutex);
    if (steps.taken < steps.len) {
        int32_t i = steps.taken++;

        mt_put_i32(&out->columns[0], steps.values[i]);
        if (strcmp(steps.keys[i], "null") == 0)
            mt_put_null(&out->columns[1]);
        else
            mt_put_bytes(&out->columns[1], steps.keys[i],
                         strlen(steps.keys[i]));
        rc = mt_builder_commit(out, err);
        rc = rc < 0 ? rc : MT_FLOW_MORE;
    } else {
        rc = steps.done ? MT_FLOW_DONE : MT_FLOW_WAIT;
        *wake_ms = mt_now_ms() + 2;
    }
    pthread_mutex_unlock(&steps.mutex);
    return rc;
}

static const mt_option steps_table[] = {{0}};

static const mt_connector steps_connector = {
    .plugin = {.abi = MT_ABI,
               .size = sizeof(mt_connector),
               .kind = MT_PLUGIN_CONNECTOR,
               .name = "steps",
               .options = steps_table,
               .options_size = 1},
    .source_open = steps_open,
    .source_poll = steps_poll,
};

static int clock_process(mt_operator *op, int32_t input, mt_batch *batch,
                         mt_error **err)
{
    const mt_column *c = mt_batch_column(batch, 0, err);
    int64_t ms = ((const int32_t *)c->values)[batch->rows - 1] * INT64_C(1000);
    int rc = mt_operator_emit(op, batch, err);

    (void)input;
    return rc < 0 ? rc : mt_operator_emit_watermark(op, ms, err);
}

static const mt_operator_class clock_class = {.kind = "clock",
                                              .process = clock_process};

__attribute__((unused)) static void register_steps(void)
{
    mt__plugin_register(&steps_connector.plugin, NULL);
    mt_operator_register(&clock_class);
}

/* Starts steps -> clock -> sink with a checkpoint every 20 ms. */
__attribute__((unused)) static mt_job *start_steps(const file_table *sink,
                                                   mt_error **err)
{
    mt_plan *plan = mt_plan_new("steps", err);
    file_table source = {.table = {"steps", STEPS_TYPE, 1, {NULL}}};
    spec_table clock = {.type = STEPS_TYPE, .parallelism = 1};
    int32_t from, middle, to;
    mt_job *job = NULL;

    mt_plan_set(plan, "execution.checkpointing.interval", "20 ms", err);
    from = add_files(plan, "source", &source, err);
    middle = add_table(plan, "clock", &clock, err);
    to = add_files(plan, "sink", sink, err);
    if (to >= 0 &&
        mt_plan_connect(plan, from, middle, 0, MT_SHIP_FORWARD, NULL, 0, err) ==
            0 &&
        mt_plan_connect(plan, middle, to, 0,
                        sink->table.parallelism > 1 ? MT_SHIP_REBALANCE
                                                    : MT_SHIP_FORWARD,
                        NULL, 0, err) == 0)
        job = mt_job_start(plan, err);
    mt_plan_free(plan);
    return job;
}

/* Waits until it holds, at most 10 s. */
#define UNTIL(condition)                                                       \
    do {                                                                       \
        int tries_ = 10000;                                                    \
        while (!(condition) && tries_-- > 0)                                   \
            usleep(1000);                                                      \
    } while (0)

#endif
