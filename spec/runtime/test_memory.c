/* A small job with every allocation made to fail in turn: it fails with "out of
 * memory" or succeeds, but never crashes, hangs or leaks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../runtime/probe.h"

/* Adds a node to the plan unless an earlier step failed. */
static int32_t add(mt_plan *plan, const char *kind, const char *connector,
                   mt_error **err)
{
    const char *options[] = {connector ? "rows" : "columns",
                             connector ? "700" : "0;1;2"};
    mt_node node = {.kind = kind,
                    .name = kind,
                    .type = PROBE_TYPE,
                    .connector = connector,
                    .physical_len = -1,
                    .parallelism = 2,
                    .buffer_timeout_ms = MT_UNSET};

    if (*err)
        return -1;
    if (strcmp(kind, "source") == 0 || strcmp(kind, "project") == 0)
        node.options = (mt_strings){options, 2};
    return mt_plan_add(plan, &node, err);
}

static void connect(mt_plan *plan, int32_t from, int32_t to, mt_ship ship,
                    mt_error **err)
{
    int32_t key = 1;

    if (!*err)
        mt_plan_connect(plan, from, to, 0, ship, &key, ship == MT_SHIP_HASH,
                        err);
}

static mt_plan *make_plan(mt_error **err)
{
    mt_plan *plan = mt_plan_new("small", err);
    int32_t source, project, pass, sink, collect;

    if (!plan)
        return NULL;
    source = add(plan, "source", "probe_source", err);
    project = add(plan, "project", NULL, err);
    pass = add(plan, "pass", NULL, err);
    sink = add(plan, "sink", "probe_sink", err);
    collect = add(plan, "collect", NULL, err);
    connect(plan, source, project, MT_SHIP_FORWARD, err);
    connect(plan, project, pass, MT_SHIP_HASH, err);
    connect(plan, pass, sink, MT_SHIP_REBALANCE, err);
    connect(plan, pass, collect, MT_SHIP_BROADCAST, err);
    return plan;
}

/* Runs the job once; the code that it ended with, 0 when all went well. */
static int run(void)
{
    mt_error *err = NULL;
    mt_plan *plan = make_plan(&err);
    mt_job *job = err ? NULL : mt_job_start(plan, &err);
    mt_batch *batch;
    int rc;

    mt_plan_free(plan);
    while (job && mt_job_take(job, 5, 10000, &batch, NULL) == 1)
        mt_batch_unref(batch);
    if (job && mt_job_wait(job, 10000, &err) == 0)
        return MT_ETIMEOUT;
    mt_job_free(job);
    rc = mt_error_code(err);
    mt_error_free(err);
    return rc;
}

int main(void)
{
    mt__alloc_stats before, after;
    int64_t n, wrong = 0, leaks = 0;
    bool failed = true;
    int rc;

    probe_setup(tap_seed());
    EQ_INT(run(), 0, "the job runs as it is");
    for (n = 1; failed && n < 20000 && !wrong; n++) {
        probe_reset();
        mt__alloc_read(&before);
        mt__alloc_fail_at(n);
        rc = run();
        failed = mt__alloc_has_failed();
        mt__alloc_fail_at(0);
        mt__alloc_read(&after);
        wrong += rc != 0 && rc != MT_ENOMEM;
        wrong += probe.opened != probe.closed || probe.broken;
        leaks += after.blocks_live != before.blocks_live;
        if (wrong || leaks)
            break;
    }
    OK(!wrong, "without memory it fails for want of it, or not at all");
    OK(!leaks, "and gives back what it had");
    OK(n > 100, "%lld allocations were made to fail", (long long)n);
    probe_reset();
    return tap_done();
}
