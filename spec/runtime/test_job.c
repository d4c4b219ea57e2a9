/* Jobs as programs see them: states, waiting, stopping, cancelling, failing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../runtime/probe.h"

#include <signal.h>

static uint64_t seed;

/* source -> pass -> sink, in one chain or in three. `rows` NULL: for ever. */
static mt_plan *line_plan(const char *rows, bool chained, int32_t parallelism)
{
    mt_plan *plan = mt_plan_new("line", NULL);
    int32_t source, pass, sink;

    if (!chained)
        mt_plan_set(plan, "pipeline.operator-chaining.enabled", "false", NULL);
    source = probe_add(plan, "source", "Source: in", parallelism,
                       rows ? PAIRS("rows", rows, "poll", "300")
                            : PAIRS("rest", "4"));
    pass = probe_add(plan, "pass", "Pass", parallelism, NULL);
    sink = probe_add(plan, "sink", "Sink: out", parallelism, NULL);
    probe_connect(plan, source, pass, MT_SHIP_FORWARD);
    probe_connect(plan, pass, sink, MT_SHIP_FORWARD);
    return plan;
}

static mt_job *start(mt_plan *plan)
{
    mt_job *job = mt_job_start(plan, NULL);

    mt_plan_free(plan);
    return job;
}

static void test_finishes(void)
{
    mt_error *err = NULL;
    int round;

    for (round = 0; round < 4; round++) {
        probe_reset();
        EQ_INT(probe_run(line_plan("1000", round & 1, 1 + (round & 2)), &err),
               MT_JOB_FINISHED, "a bounded job ends by itself");
        EQ_INT(probe.records_len, 1000 * (1 + (round & 2)),
               "every record arrived");
        EQ_INT(probe.committed[0], 1000, "its end is committed");
        EQ_INT(probe.broken + probe.misordered, 0, "sinks commit first");
        EQ_INT(probe.opened, probe.closed, "all that was opened is closed");
        EQ_INT(probe.ended, 1 + (round & 2), "sinks are told of the end");
        EQ_INT(probe.finished, 1 + (round & 2), "operators have a last word");
        mt_error_free(err);
    }
}

/* ---- looking ----------------------------------------------------------- */

typedef struct tally {
    int64_t in, out, busy;
} tally;

static void add_metric(void *arg, const char *name, int32_t subtask,
                       const char *metric, int64_t value)
{
    tally *t = arg;

    (void)subtask;
    if (strcmp(metric, "records.out") == 0 && strcmp(name, "Source: in") == 0)
        t->out += value;
    if (strcmp(metric, "records.in") == 0 && strcmp(name, "Sink: out") == 0)
        t->in += value;
    if (strcmp(metric, "busy.ns") == 0)
        t->busy += value;
}

static void test_looks(void)
{
    mt_job *job;
    tally t = {0};
    int64_t runtime_ms;

    probe_reset();
    job = start(line_plan(NULL, true, 2));
    EQ_STR(mt_job_name(job), "line", "a job has the plan's name");
    EQ_INT(strspn(mt_job_id(job), "0123456789abcdef"), 32,
           "an id is 32 hex digits");
    EQ_INT(mt_job_wait(job, 0, NULL), 0, "looking does not wait");
    EQ_INT(mt_job_wait(job, 5, NULL), 0, "waiting ends with its time");
    EQ_STR(mt_job_state_name(mt_job_state_of(job)), "RUNNING", "it runs");
    PROBE_UNTIL(probe_count() > 500);
    mt_job_stop(job);
    EQ_INT(mt_job_wait(job, 10000, NULL), 1, "a stopped job ends");
    EQ_STR(mt_job_state_name(mt_job_state_of(job)), "FINISHED",
           "as if its input had ended");
    mt_job_metrics(job, add_metric, &t);
    EQ_INT(t.out, t.in, "what went out of the source came in at the sink");
    EQ_INT(t.in, probe.records_len, "and was counted right");
    OK(t.busy > 0, "time spent is counted");
    runtime_ms = mt_job_runtime_ms(job);
    probe_sleep_ms(3);
    EQ_INT(mt_job_runtime_ms(job), runtime_ms, "its time stands still after");
    mt_job_cancel(job);
    EQ_INT(mt_job_state_of(job), MT_JOB_FINISHED, "cancel comes too late");
    mt_job_free(job);
}

static void test_stops_drained(void)
{
    mt_job *job;
    int64_t handed = 0, committed = 0;
    int i;

    probe_reset();
    probe.slow_ms = 1;
    job = start(line_plan(NULL, false, 3));
    PROBE_UNTIL(probe_count() > 1000);
    mt_job_stop(job);
    mt_job_stop(job);
    EQ_INT(mt_job_wait(job, 10000, NULL), 1, "stopping twice is stopping");
    for (i = 0; i < 3; i++) {
        handed += probe.handed[i];
        committed += probe.committed[i];
    }
    EQ_INT(probe.records_len, handed, "all that was read has been written");
    EQ_INT(committed, handed, "and committed");
    EQ_INT(probe.broken + probe.misordered, 0, "in the right order");
    mt_job_free(job);
}

/* ---- ending early -------------------------------------------------------- */

static void test_cancels(void)
{
    mt_job *job;
    int64_t at_ms;
    int round;

    for (round = 0; round < 6; round++) {
        probe_reset();
        probe.slow_ms = round % 3;
        job = start(line_plan(NULL, round & 1, 2));
        if (round > 1)
            PROBE_UNTIL(probe_count() > 2000);
        at_ms = mt_now_ms();
        mt_job_cancel(job);
        EQ_INT(mt_job_wait(job, 10000, NULL), 1, "a cancelled job ends");
        OK(mt_now_ms() - at_ms < 100, "within 100 ms");
        EQ_INT(mt_job_state_of(job), MT_JOB_CANCELED, "as CANCELED");
        EQ_INT(probe.committed[0], -1, "with nothing committed");
        EQ_INT(probe.opened, probe.closed, "all that was opened is closed");
        mt_job_free(job);
    }
    probe_reset();
    mt_job_free(start(line_plan(NULL, false, 2)));
    EQ_INT(probe.opened, probe.closed, "freeing a running job ends it");
    mt_job_free(NULL);
}

static void test_fails_at_last(void)
{
    mt_job *job;
    mt_error *err;
    int round;

    for (round = 0; round < 4; round++) {
        probe_reset();
        probe.fail_finish = 1;
        err = NULL;
        job = start(line_plan("500", round & 1, 1 + (round & 2)));
        EQ_INT(mt_job_wait(job, 10000, &err), MT_ESCRIPT,
               "a last word can fail a job");
        HAS_STR(mt_error_message(err), "at last", "with its error");
        EQ_STR(mt_error_operator(err), "Pass", "and the operator's name");
        EQ_INT(mt_job_state_of(job), MT_JOB_FAILED, "as FAILED");
        EQ_INT(probe.records_len, 500 * (1 + (round & 2)),
               "but all has been written");
        EQ_INT(probe.committed[0], 500, "and committed");
        EQ_INT(probe.opened, probe.closed, "all that was opened is closed");
        mt_error_free(err);
        mt_job_free(job);
    }
}

static void test_fails(void)
{
    mt_job *job;
    mt_error *err = NULL;
    int round;

    for (round = 0; round < 8; round++) {
        probe_reset();
        probe.fail_at = 1 + (int32_t)tap_below(&seed, 30);
        job = start(line_plan(NULL, round & 1, 1 + (round & 2)));
        EQ_INT(mt_job_wait(job, 10000, &err), MT_EIO, "a failing job ends");
        HAS_STR(mt_error_message(err), "told to fail", "with its error");
        EQ_STR(mt_error_operator(err), "Sink: out", "and the operator's name");
        EQ_INT(mt_job_state_of(job), MT_JOB_FAILED, "as FAILED");
        EQ_INT(probe.opened, probe.closed, "all that was opened is closed");
        mt_error_free(err);
        err = NULL;
        EQ_INT(mt_job_wait(job, 0, NULL), MT_EIO, "asking again is fine");
        mt_job_free(job);
    }
    probe_reset();
    probe.fail_open = 1;
    EQ_INT(probe_run(line_plan(NULL, false, 2), &err), MT_JOB_FAILED,
           "a sink that does not open fails the job");
    HAS_STR(mt_error_message(err), "would not open", "with its error");
    mt_error_free(err);
}

/* ---- operators that are made for one test -------------------------------- */

/* A head that answers WAIT, and counts how often it is asked. Once `go` is set
 * it emits nothing and is done. */
static _Atomic int polls;
static _Atomic bool blocks_signals;
static _Atomic bool go;
static mt_context *_Atomic waiter;

static int wait_poll(mt_operator *op, int64_t *wake_ms, mt_error **err)
{
    sigset_t mask;

    (void)wake_ms;
    (void)err;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    blocks_signals =
        sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGTERM) == 1;
    polls++;
    waiter = op->ctx;
    return go ? MT_FLOW_DONE : MT_FLOW_WAIT;
}

static const mt_operator_class wait_class = {.kind = "wait", .poll = wait_poll};

/* Blocks in process, deaf to everything, until `go`. */
static int deaf_process(mt_operator *op, int32_t input, mt_batch *batch,
                        mt_error **err)
{
    (void)op;
    (void)input;
    (void)err;
    mt_batch_unref(batch);
    polls++;
    while (!go)
        probe_sleep_ms(1);
    return 0;
}

static const mt_operator_class deaf_class = {.kind = "deaf",
                                             .process = deaf_process};

static mt_job *start_waiter(void)
{
    mt_plan *plan = mt_plan_new("waits", NULL);
    int32_t head = probe_add(plan, "wait", "Waiter", 1, NULL);

    probe_connect(plan, head, probe_add(plan, "sink", "Sink", 1, NULL),
                  MT_SHIP_FORWARD);
    probe_reset();
    polls = 0;
    go = false;
    waiter = NULL;
    return start(plan);
}

static void test_sleeps(void)
{
    mt_job *job = start_waiter();
    mt_error *err = NULL;
    struct timespec before, after;

    PROBE_UNTIL(waiter);
    probe_sleep_ms(5);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    probe_sleep_ms(60);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    OK((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec -
               before.tv_nsec <
           1000000,
       "an idle job takes less than 1 ms of processor in 60");
    EQ_INT(polls, 1, "a source that waits is not asked again");
    OK(blocks_signals, "signals stay with the host's threads");
    mt_context_wake(waiter);
    PROBE_UNTIL(polls == 2);
    EQ_INT(polls, 2, "until it is woken");
    go = true;
    mt_context_wake(waiter);
    EQ_INT(mt_job_wait(job, 10000, NULL), 1, "and may then end");
    mt_job_free(job);

    job = start_waiter();
    PROBE_UNTIL(waiter);
    mt_fail(&err, MT_EIO, "the line is dead");
    mt_context_fail(waiter, err);
    err = NULL;
    EQ_INT(mt_job_wait(job, 10000, &err), MT_EIO,
           "a library's thread may fail the job");
    EQ_STR(mt_error_operator(err), "Waiter", "in the name of its operator");
    mt_error_free(err);
    mt_job_free(job);
}

static void test_names_stragglers(void)
{
    mt_plan *plan = mt_plan_new("deaf", NULL);
    int32_t head = probe_add(plan, "source", "Source", 1, NULL);
    char name[64];
    mt_job *job;

    probe_reset();
    probe_connect(plan, head, probe_add(plan, "deaf", "Map: deaf", 1, NULL),
                  MT_SHIP_FORWARD);
    polls = 0;
    go = false;
    job = start(plan);
    PROBE_UNTIL(polls == 1);
    mt_job_straggler(job, name, sizeof(name));
    EQ_STR(name, "", "while a job runs nobody is late");
    mt_job_cancel(job);
    EQ_INT(mt_job_wait(job, 5, NULL), 0, "a deaf operator holds up a cancel");
    mt_job_straggler(job, name, sizeof(name));
    EQ_STR(name, "Map: deaf", "and is named");
    go = true;
    EQ_INT(mt_job_wait(job, 10000, NULL), 1, "until it comes round");
    mt_job_straggler(job, name, sizeof(name));
    EQ_STR(name, "", "nobody is late any more");
    mt_job_free(job);
}

/* ---- collecting ---------------------------------------------------------- */

static mt_job *start_collect(const char *rows, int32_t *node)
{
    mt_plan *plan = mt_plan_new("collects", NULL);
    int32_t head = probe_add(plan, "source", "Source", 1,
                             rows ? PAIRS("rows", rows, "poll", "50") : NULL);

    mt_plan_set(plan, "execution.buffer-timeout", "0", NULL);
    *node = probe_add(plan, "collect", "Collect", 1, NULL);
    probe_connect(plan, head, *node, MT_SHIP_FORWARD);
    return start(plan);
}

static void test_collects(void)
{
    mt_batch *batch;
    mt_error *err = NULL;
    int64_t rows = 0, last = -1;
    int32_t node, i;
    mt_job *job;
    int rc, ordered = 1;

    job = start_collect("3000", &node);
    EQ_INT(mt_job_take(job, node + 7, 0, &batch, &err), MT_EMISUSE,
           "only collect nodes can be taken from");
    mt_error_free(err);
    while ((rc = mt_job_take(job, node, 10000, &batch, NULL)) == 1) {
        for (i = 0; i < batch->rows; i++) {
            int64_t n = ((const int64_t *)batch->columns[2].values)[i];

            ordered &= n == last + 1;
            last = n;
        }
        rows += batch->rows;
        mt_batch_unref(batch);
    }
    EQ_INT(rc, 2, "taking ends with the job");
    EQ_INT(rows, 3000, "every record was taken");
    OK(ordered, "in order");
    mt_job_free(job);

    job = start_collect(NULL, &node);
    EQ_INT(mt_job_take(job, node, 10000, &batch, NULL), 1, "a job for ever");
    mt_batch_unref(batch);
    probe_sleep_ms(3);
    mt_job_cancel(job);
    EQ_INT(mt_job_wait(job, 10000, NULL), 1,
           "one that nobody takes from can be cancelled");
    for (i = 0; mt_job_take(job, node, 0, &batch, NULL) == 1; i++)
        mt_batch_unref(batch);
    OK(i <= MT__COLLECT_MAX, "what waited was bounded");
    mt_job_free(job);
    job = start_collect(NULL, &node);
    mt_job_free(job);
}

int main(void)
{
    mt__alloc_stats before, after;

    seed = tap_seed();
    probe_setup(seed);
    mt_operator_register(&wait_class);
    mt_operator_register(&deaf_class);
    mt__alloc_read(&before);
    test_finishes();
    test_looks();
    test_stops_drained();
    test_cancels();
    test_fails();
    test_fails_at_last();
    test_sleeps();
    test_names_stragglers();
    test_collects();
    probe_reset();
    mt__alloc_read(&after);
    EQ_INT(after.blocks_live, before.blocks_live, "nothing leaks");
    return tap_done();
}
