/* A copy between two topics of the embedded broker with one allocation of the
 * funnel after the other made to fail: the job fails for want of memory or
 * copies all, but never crashes, hangs or leaks. As many as a second allows
 * are drawn; `test_memory all` tries each.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/clock.h"
#include "broker.h"
#include "data/buffer.h"

enum { BUDGET_MS = 900, WAIT_MS = 15000, ROWS = 20 };

static const table from = {
    TYPE, 2, NULL, READS("source", "scan.startup.mode=earliest-offset")};
static const table to = {TYPE, 2, NULL,
                         "topic=target|format=json|"
                         "key.format=json|key.fields=id"};

/* Changes by key with a bad record among them, kept in a topic; the sink's rows
 * wait for each other. */
static const char UPSERT_TYPE[] = "ROW<`id` INT NOT NULL, `a` STRING>";
static const table changes = {UPSERT_TYPE, 2, NULL,
                              "connector=upsert-kafka|topic=changes|"
                              "key.format=json|value.format=json|"
                              "scan.bounded.mode=latest-offset|"
                              "bad-records=topic:target"};
static const table changed = {UPSERT_TYPE, 2, NULL,
                              "connector=upsert-kafka|topic=changed|"
                              "key.format=json|value.format=json|"
                              "sink.buffer-flush.max-rows=3|"
                              "sink.buffer-flush.interval=1 h"};

static mt_plan *make_plan(const table *source_table, const table *sink_table)
{
    mt_plan *plan = mt_plan_new("copies", NULL);
    int32_t source = add_table(plan, "source", EMBEDDED, source_table, 1, NULL);
    int32_t sink = add_table(plan, "sink", EMBEDDED, sink_table, 1, NULL);

    mt_plan_connect(plan, source, sink, 0, MT_SHIP_FORWARD, NULL, 0, NULL);
    return plan;
}

/* Runs the job once; the code that it ended with, 0 when all went well. */
static int run(const mt_plan *plan)
{
    mt_error *err = NULL;
    mt_job *job = mt_job_start(plan, &err);
    int rc;

    if (job && mt_job_wait(job, WAIT_MS, &err) == 0)
        return MT_ETIMEOUT;
    mt_job_free(job);
    rc = mt_error_code(err);
    if (rc != 0 && rc != MT_ENOMEM)
        NOTE("%s", mt_error_message(err));
    if (err && strstr(mt_error_message(err), "memory"))
        rc = MT_ENOMEM;
    mt_error_free(err);
    return rc;
}

/* Runs the job with allocation `n` failing. False when something was wrong. */
static bool try(const mt_plan *plan, int64_t n, int64_t *failed)
{
    mt__alloc_stats before, after;
    int rc;

    mt__alloc_read(&before);
    mt__alloc_fail_at(n);
    rc = run(plan);
    *failed += mt__alloc_has_failed();
    mt__alloc_fail_at(0);
    mt__alloc_read(&after);
    if (rc != 0 && rc != MT_ENOMEM)
        NOTE("allocation %lld: ended with %d", (long long)n, rc);
    else if (after.blocks_live != before.blocks_live)
        NOTE("allocation %lld: %lld blocks left", (long long)n,
             (long long)(after.blocks_live - before.blocks_live));
    else
        return true;
    return false;
}

static bool try_all(const mt_plan *plan, int64_t allocations, int64_t *failed)
{
    int64_t n;

    for (n = 1; n <= allocations; n++)
        if (!try(plan, n, failed))
            return false;
    return true;
}

static bool try_some(const mt_plan *plan, int64_t allocations, int64_t *failed)
{
    int64_t until_ms = mt_now_ms() + BUDGET_MS;
    uint64_t seed = tap_seed();

    while (mt_now_ms() < until_ms)
        if (!try(plan, 1 + (int64_t)tap_below(&seed, (uint64_t)allocations),
                 failed))
            return false;
    return true;
}

static void test_plan(mt_plan *plan, bool all)
{
    mt__alloc_stats before, after;
    int64_t allocations, failed = 0;

    EQ_INT(run(plan), 0, "the job runs as it is");
    mt__alloc_read(&before);
    run(plan);
    mt__alloc_read(&after);
    allocations = after.calls - before.calls;
    OK(all ? try_all(plan, allocations, &failed)
           : try_some(plan, allocations, &failed),
       "without memory it fails for want of it, or not at all, and gives back "
       "what it had");
    OK(failed > 0, "%lld of %lld allocations were made to fail",
       (long long)failed, (long long)allocations);
    mt_plan_free(plan);
}

static void put_changes(void)
{
    char key[32], value[64];
    int i;

    for (i = 0; i < ROWS; i++) {
        snprintf(key, sizeof(key), "{\"id\":%d}", i % 7);
        snprintf(value, sizeof(value), "{\"id\":%d,\"a\":\"%d\"}", i % 7, i);
        put(EMBEDDED, "changes", 0, key,
            i == 11      ? "{"
            : i % 5 == 0 ? NULL
                         : value,
            0, NULL);
    }
    put_all(EMBEDDED);
}

int main(int argc, char **argv)
{
    bool all = argc > 1 && strcmp(argv[1], "all") == 0;

    log_quietly();
    mt__buffer_pool_limit(0);
    make_topic(EMBEDDED, "source", 1);
    make_topic(EMBEDDED, "target", 1);
    make_topic(EMBEDDED, "changes", 1);
    make_topic(EMBEDDED, "changed", 1);
    put_numbers("source", 0, 0, ROWS);
    put_changes();
    test_plan(make_plan(&from, &to), all);
    test_plan(make_plan(&changes, &changed), all);
    rd_kafka_destroy(producer(EMBEDDED));
    return tap_done();
}
