/* The commit protocol: a source commits only what the sinks have made safe,
 * whatever happens meanwhile.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../runtime/probe.h"

static uint64_t seed;

/* Two sources, one of which may end early, over a keyed exchange to sinks; no
 * record has two ways, so that flushed records can be counted by origin. */
static mt_plan *new_plan(const char *interval, const char *rows_a,
                         const char *rows_b)
{
    mt_plan *plan = mt_plan_new("commits", NULL);
    int32_t a, b, pass, sink;

    mt_plan_set(plan, "execution.checkpointing.interval", interval, NULL);
    mt_plan_set(plan, "execution.buffer-timeout", "1", NULL);
    a = probe_add(plan, "source", "Source: a", 2,
                  rows_a ? PAIRS("rows", rows_a, "rest", "5")
                         : PAIRS("rest", "5"));
    b = probe_add(plan, "source", "Source: b", 1,
                  rows_b ? PAIRS("id", "10", "rows", rows_b)
                         : PAIRS("id", "10", "rest", "3"));
    pass = probe_add(plan, "pass", "Pass", 2, NULL);
    sink = probe_add(plan, "sink", "Sink", 3, NULL);
    probe_connect(plan, a, pass, MT_SHIP_HASH);
    probe_connect(plan, b, pass, MT_SHIP_REBALANCE);
    probe_connect(plan, pass, sink, MT_SHIP_HASH);
    return plan;
}

static void check_notes(bool all)
{
    static const int32_t origins[] = {0, 1, 10};
    int64_t handed = 0, committed = 0;
    int i;

    EQ_INT(probe.broken, 0, "no commit was ahead of the sinks' flushes");
    EQ_INT(probe.misordered, 0, "nor before the sinks' own commit");
    EQ_INT(probe.opened, probe.closed, "all that was opened is closed");
    if (!all)
        return;
    for (i = 0; i < 3; i++) {
        handed += probe.handed[origins[i]];
        committed += probe.committed[origins[i]];
    }
    EQ_INT(probe.records_len, handed, "all records were written");
    EQ_INT(committed, handed, "and committed");
}

static void read_counter(void *arg, const char *name, int32_t subtask,
                         const char *metric, int64_t value)
{
    (void)name;
    (void)subtask;
    if (strcmp(metric, "checkpoints.completed") == 0)
        ((int64_t *)arg)[0] = value;
    if (strcmp(metric, "checkpoints.declined") == 0)
        ((int64_t *)arg)[1] = value;
}

static void test_bounded(void)
{
    int round;

    for (round = 0; round < 5; round++) {
        probe_reset();
        EQ_INT(probe_run(new_plan("10", "4000", "300"), NULL), MT_JOB_FINISHED,
               "a bounded job ends");
        check_notes(true);
    }
}

/* One source ends at once, the others run on: checkpoints complete. */
static void test_ended_source(void)
{
    int64_t counters[2] = {0, 0};
    mt_plan *plan = new_plan("10", NULL, "5");
    mt_job *job;

    probe_reset();
    job = mt_job_start(plan, NULL);
    mt_plan_free(plan);
    do
        mt_job_metrics(job, read_counter, counters);
    while (counters[0] < 3 && mt_job_wait(job, 1, NULL) == 0);
    OK(counters[0] >= 3, "a source that has ended holds no checkpoint up");
    EQ_INT(probe.committed[10], 5, "and its end is committed on the way");
    mt_job_stop(job);
    EQ_INT(mt_job_wait(job, 10000, NULL), 1, "the rest stops");
    check_notes(true);
    mt_job_free(job);
}

static void test_random_ends(void)
{
    int round;

    for (round = 0; round < 12; round++) {
        mt_plan *plan = new_plan("10", round & 1 ? NULL : "20000",
                                 round & 2 ? NULL : "100");
        bool stop = tap_below(&seed, 2);
        mt_job *job;

        probe_reset();
        if (round % 4 == 3)
            probe.fail_at = 1 + (int32_t)tap_below(&seed, 200);
        job = mt_job_start(plan, NULL);
        mt_plan_free(plan);
        mt_job_wait(job, (int64_t)tap_below(&seed, 40), NULL);
        if (stop)
            mt_job_stop(job);
        else
            mt_job_cancel(job);
        OK(mt_job_wait(job, 10000, NULL) != 0, "a job ends at any moment");
        check_notes(mt_job_state_of(job) == MT_JOB_FINISHED);
        mt_job_free(job);
    }
}

static void hold(bool on)
{
    pthread_mutex_lock(&probe.mutex);
    probe.hold_barrier = on;
    pthread_mutex_unlock(&probe.mutex);
}

/* Sinks that do not come back from their barrier in time. */
static void test_gives_up(void)
{
    int64_t counters[2] = {0, 0};
    mt_plan *plan = new_plan("10", NULL, NULL);
    mt_job *job;

    probe_reset();
    mt_plan_set(plan, "execution.checkpointing.timeout", "15", NULL);
    probe.hold_barrier = 1;
    job = mt_job_start(plan, NULL);
    mt_plan_free(plan);
    do
        mt_job_metrics(job, read_counter, counters);
    while (counters[1] < 3 && mt_job_wait(job, 1, NULL) == 0);
    OK(counters[1] >= 3, "checkpoints that take too long are given up");
    EQ_INT(counters[0], 0, "and counted as such");
    EQ_INT(probe.committed[0], -1, "they commit nothing");
    hold(false);
    do
        mt_job_metrics(job, read_counter, counters);
    while (counters[0] < 2 && mt_job_wait(job, 1, NULL) == 0);
    OK(counters[0] >= 2, "later ones complete");
    mt_job_stop(job);
    EQ_INT(mt_job_wait(job, 10000, NULL), 1, "and the job can stop");
    check_notes(true);
    mt_job_free(job);
}

/* ---- failures on the way ------------------------------------------------- */

static const char *fail_in;

static int fail_barrier(mt_operator *op, int64_t id, mt_buf *snapshot,
                        mt_error **err)
{
    (void)op;
    (void)snapshot;
    return strcmp(fail_in, "barrier")
               ? 0
               : mt_fail(err, MT_EIO, "barrier %d", (int)id);
}

static int fail_commit(mt_operator *op, int64_t id, mt_error **err)
{
    (void)op;
    return strcmp(fail_in, "commit")
               ? 0
               : mt_fail(err, MT_EIO, "commit %d", (int)id);
}

static int fail_end(mt_operator *op, mt_error **err)
{
    (void)op;
    return strcmp(fail_in, "end") ? 0 : mt_fail(err, MT_EIO, "end");
}

static const mt_operator_class fail_class = {
    .kind = "fails",
    .process = probe_pass_process,
    .barrier = fail_barrier,
    .commit = fail_commit,
    .end = fail_end,
};

static void test_failures(void)
{
    static const char *const places[] = {"barrier", "commit", "end"};
    int i;

    for (i = 0; i < 3; i++) {
        mt_plan *plan = mt_plan_new("fails", NULL);
        int32_t source, op, sink;
        mt_error *err = NULL;

        probe_reset();
        fail_in = places[i];
        source = probe_add(plan, "source", "Source", 2, PAIRS("rows", "50"));
        op = probe_add(plan, "fails", "Fails", 1, NULL);
        sink = probe_add(plan, "sink", "Sink", 1, NULL);
        probe_connect(plan, source, op, MT_SHIP_REBALANCE);
        probe_connect(plan, op, sink, MT_SHIP_FORWARD);
        EQ_INT(probe_run(plan, &err), MT_JOB_FAILED,
               "a failing %s fails the "
               "job",
               places[i]);
        HAS_STR(mt_error_message(err), places[i], "with its error");
        EQ_STR(mt_error_operator(err), "Fails", "and the operator's name");
        EQ_INT(probe.committed[0], -1, "and nothing is committed");
        mt_error_free(err);
    }
}

/* ---- watermarks ---------------------------------------------------------- */

/* A head that emits two records and a watermark, thrice; `stamps` notes what
 * an operator behind an exchange sees. */
static _Atomic int64_t stamps_seen, stamps_last, stamps_wrong;

static int stamp_poll(mt_operator *op, int64_t *wake_ms, mt_error **err)
{
    int64_t subtask = mt_context_subtask(op->ctx), i;
    int rc = 0;

    (void)wake_ms;
    for (i = 1; i <= 3 && rc == 0; i++)
        rc = mt_operator_emit_watermark(op, i * 10 + subtask, err);
    return rc < 0 ? rc : MT_FLOW_DONE;
}

static int note_watermark(mt_operator *op, int64_t ms, mt_error **err)
{
    (void)op;
    (void)err;
    stamps_wrong += ms <= stamps_last || (ms != INT64_MAX && ms > 31);
    stamps_last = ms;
    stamps_seen++;
    return 0;
}

static const mt_operator_class stamp_class = {.kind = "stamp",
                                              .poll = stamp_poll};
static const mt_operator_class note_class = {
    .kind = "note", .process = probe_pass_process, .watermark = note_watermark};

static void test_watermarks(void)
{
    mt_plan *plan = mt_plan_new("time", NULL);
    int32_t head = probe_add(plan, "stamp", "Stamp", 2, NULL);

    stamps_last = INT64_MIN;
    probe_connect(plan, head, probe_add(plan, "note", "Note", 1, NULL),
                  MT_SHIP_REBALANCE);
    EQ_INT(probe_run(plan, NULL), MT_JOB_FINISHED, "watermarks flow");
    EQ_INT(stamps_wrong, 0, "and only grow");
    OK(stamps_seen >= 1, "they reach operators behind an exchange");
    EQ_INT(stamps_last, INT64_MAX, "event time ends with the input");
}

/* Makes its own watermarks, and says that it is idle before each. */
static int own_open(mt_operator *op, mt_error **err)
{
    (void)err;
    op->makes_watermarks = true;
    return 0;
}

static int own_process(mt_operator *op, int32_t input, mt_batch *batch,
                       mt_error **err)
{
    int rc = mt_operator_emit_idle(op, true, err);

    if (rc == 0)
        rc = probe_pass_process(op, input, batch, err);
    else
        mt_batch_unref(batch);
    if (rc == 0)
        rc = mt_operator_emit_idle(op, false, err);
    return rc < 0 ? rc : mt_operator_emit_watermark(op, 1000, err);
}

static _Atomic int64_t foreign_seen;

static int note_foreign(mt_operator *op, int64_t ms, mt_error **err)
{
    (void)op;
    (void)err;
    foreign_seen += ms != 1000 && ms != INT64_MAX;
    return 0;
}

static const mt_operator_class own_class = {
    .kind = "own", .open = own_open, .process = own_process};
static const mt_operator_class foreign_class = {.kind = "foreign",
                                                .process = probe_pass_process,
                                                .watermark = note_foreign};

static void test_own_watermarks(void)
{
    int round;

    for (round = 0; round < 2; round++) {
        mt_plan *plan = mt_plan_new("own time", NULL);
        mt_ship ship = round ? MT_SHIP_REBALANCE : MT_SHIP_FORWARD;
        int32_t stamp = probe_add(plan, "stamp", "Stamp", 2, NULL);
        int32_t source =
            probe_add(plan, "source", "Source", 2, PAIRS("rows", "100"));
        int32_t own = probe_add(plan, "own", "Own", 2, NULL);
        int32_t sink = probe_add(plan, "foreign", "Foreign", 2, NULL);

        foreign_seen = 0;
        probe_connect(plan, stamp, own, MT_SHIP_FORWARD);
        probe_connect(plan, source, own, MT_SHIP_FORWARD);
        probe_connect(plan, own, sink, ship);
        EQ_INT(probe_run(plan, NULL), MT_JOB_FINISHED,
               "event time is replaced");
        EQ_INT(foreign_seen, 0, "and none but the new one goes on");
    }
}

static void ignore_log(void *arg, mt_log_level level, const char *who,
                       const char *line)
{
    (void)arg;
    (void)level;
    (void)who;
    (void)line;
}

int main(void)
{
    mt__alloc_stats before, after;

    seed = tap_seed();
    probe_setup(seed);
    mt_log_to(ignore_log, NULL, MT_LOG_ERROR);
    mt_operator_register(&fail_class);
    mt_operator_register(&stamp_class);
    mt_operator_register(&note_class);
    mt_operator_register(&own_class);
    mt_operator_register(&foreign_class);
    mt__alloc_read(&before);
    test_bounded();
    test_ended_source();
    test_random_ends();
    test_gives_up();
    test_failures();
    test_watermarks();
    test_own_watermarks();
    probe_reset();
    mt__alloc_read(&after);
    EQ_INT(after.blocks_live, before.blocks_live, "nothing leaks");
    return tap_done();
}
