/* probe.h - connectors and operators that watch the runtime from inside, and
 * plans of a few lines, for the unit programs of src/runtime and
 * src/operators.
 *
 * A record is (origin INT, key INT, n BIGINT): the n-th record of source
 * subtask `origin`, whose key is a function of both. So a sink can tell for
 * each record where it came from and which must have come before it.
 *
 *   probe_source  rows records a subtask, in polls of random size
 *   probe_sink    notes every record; what it has flushed at a barrier
 *   "pass"        an operator that hands batches on, some in two parts
 *
 * All notes are in `probe`, guarded by its mutex, cleared by probe_reset().
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_PROBE_H
#define MT_PROBE_H

#include <pthread.h>
#include <time.h>

#include "base/alloc.h"
#include "data/buffer.h"
#include "format/plugin.h"
#include "moontide.h"
#include "runtime/job.h"
#include "tap.h"

#define PROBE_TYPE "ROW<origin INT, `key` INT, n BIGINT>"
#define PROBE_ORIGINS 64
#define PROBE_SINKS 256
#define PROBE_KEYS 13

typedef struct probe_record {
    int32_t sink; /* the sink's id option */
    int32_t subtask;
    int32_t origin;
    int32_t key;
    int64_t n;
} probe_record;

typedef struct probe_notes {
    pthread_mutex_t mutex;
    uint64_t seed;
    probe_record *records;
    size_t records_len, records_cap;
    int64_t handed[PROBE_ORIGINS];    /* records a source has given out */
    int64_t committed[PROBE_ORIGINS]; /* its position committed last; -1 */
    int64_t flushed[PROBE_ORIGINS];   /* of its records, at sinks' barriers */
    int32_t broken;                   /* commits of what no sink had flushed */
    int32_t misordered;     /* commits of sources before those of sinks */
    int64_t sink_committed; /* the last checkpoint that a sink committed */
    int32_t opened, closed; /* sources and sinks */
    int32_t ended;          /* sinks told of the end */
    int32_t finished;       /* "pass" operators that had their last word */
    /* Faults. */
    int32_t fail_at;      /* the sinks' n-th write fails; 0: none */
    int32_t fail_open;    /* every sink's open fails */
    int32_t slow_ms;      /* each write of a sink sleeps so long */
    int32_t hold_barrier; /* sinks wait in a barrier while it is set */
    int32_t fail_finish;  /* every "pass" fails at its last word */
} probe_notes;

static probe_notes probe = {.mutex = PTHREAD_MUTEX_INITIALIZER};

__attribute__((unused)) static void probe_sleep_ms(int64_t ms)
{
    struct timespec ts = {ms / 1000, (ms % 1000) * 1000000};

    nanosleep(&ts, NULL);
}

__attribute__((unused)) static void probe_reset(void)
{
    int32_t i;

    free(probe.records);
    probe.records = NULL;
    probe.records_len = probe.records_cap = 0;
    memset(probe.handed, 0, sizeof(probe.handed));
    memset(probe.flushed, 0, sizeof(probe.flushed));
    for (i = 0; i < PROBE_ORIGINS; i++)
        probe.committed[i] = -1;
    probe.broken = probe.misordered = 0;
    probe.sink_committed = 0;
    probe.opened = probe.closed = probe.ended = probe.finished = 0;
    probe.fail_at = probe.fail_open = probe.slow_ms = probe.hold_barrier = 0;
    probe.fail_finish = 0;
}

/* ---- source ----------------------------------------------------------- */

typedef struct probe_source_options {
    int64_t id;   /* origin = id + subtask */
    int64_t rows; /* MT_UNSET: for ever */
    int64_t poll; /* rows a poll, at most */
    int64_t rest; /* WAIT once every so many polls; 0: never */
} probe_source_options;

static const mt_option probe_source_table[] = {
    {.name = "id",
     .type = MT_OPT_INT,
     .def = "0",
     .offset = offsetof(probe_source_options, id),
     .help = "h"},
    {.name = "rows",
     .type = MT_OPT_INT,
     .offset = offsetof(probe_source_options, rows),
     .help = "h"},
    {.name = "poll",
     .type = MT_OPT_INT,
     .def = "100",
     .offset = offsetof(probe_source_options, poll),
     .help = "h"},
    {.name = "rest",
     .type = MT_OPT_INT,
     .def = "0",
     .offset = offsetof(probe_source_options, rest),
     .help = "h"},
    {0},
};

typedef struct probe_source {
    const probe_source_options *options;
    int32_t origin;
    int64_t n;
    uint64_t random;
    int64_t noted_id, noted_n; /* at the last barrier */
} probe_source;

static int32_t probe_key(int32_t origin, int64_t n)
{
    return (int32_t)((n * 7 + origin) % PROBE_KEYS);
}

static int probe_source_open(mt_context *ctx, const void *options,
                             const mt_table *table, void **source,
                             mt_error **err)
{
    probe_source *s = mt_calloc(sizeof(*s));

    (void)table;
    if (!s)
        return mt_fail(err, MT_ENOMEM, "no memory");
    s->options = options;
    s->origin = (int32_t)s->options->id + mt_context_subtask(ctx);
    s->random = probe.seed + (uint64_t)s->origin;
    *source = s;
    pthread_mutex_lock(&probe.mutex);
    probe.opened++;
    pthread_mutex_unlock(&probe.mutex);
    return 0;
}

static int probe_source_poll(void *source, mt_builder *out, int64_t *wake_ms,
                             mt_error **err)
{
    probe_source *s = source;
    const probe_source_options *o = s->options;
    int64_t i, len = 1 + (int64_t)tap_below(&s->random, (uint64_t)o->poll);

    if (o->rows != MT_UNSET && len > o->rows - s->n)
        len = o->rows - s->n;
    for (i = 0; i < len; i++, s->n++)
        if (mt_put_i32(&out->columns[0], s->origin) < 0 ||
            mt_put_i32(&out->columns[1], probe_key(s->origin, s->n)) < 0 ||
            mt_put_i64(&out->columns[2], s->n) < 0)
            return mt_fail(err, MT_ENOMEM, "no memory");
    if (mt_builder_commit(out, err) < 0)
        return mt_error_code(*err);
    pthread_mutex_lock(&probe.mutex);
    probe.handed[s->origin] = s->n;
    pthread_mutex_unlock(&probe.mutex);
    if (o->rows != MT_UNSET && s->n >= o->rows)
        return MT_FLOW_DONE;
    if (o->rest && tap_below(&s->random, (uint64_t)o->rest) == 0) {
        *wake_ms = mt_now_ms() + 1;
        return MT_FLOW_WAIT;
    }
    return MT_FLOW_MORE;
}

static int probe_source_barrier(void *source, int64_t id, mt_buf *snapshot,
                                mt_error **err)
{
    probe_source *s = source;

    s->noted_id = id;
    s->noted_n = s->n;
    if (mt_buf_append(snapshot, &s->n, sizeof(s->n)) < 0)
        return mt_fail(err, MT_ENOMEM, "no memory");
    return 0;
}

/* A commit must follow the sinks' and never pass what they have flushed. */
static int probe_source_commit(void *source, int64_t id, mt_error **err)
{
    probe_source *s = source;

    (void)err;
    pthread_mutex_lock(&probe.mutex);
    if (s->noted_id == id) {
        if (probe.flushed[s->origin] < s->noted_n)
            probe.broken++;
        probe.committed[s->origin] = s->noted_n;
    }
    if (probe.sink_committed < id)
        probe.misordered++;
    pthread_mutex_unlock(&probe.mutex);
    return 0;
}

static void probe_source_close(void *source)
{
    if (!source)
        return;
    mt_free(source, sizeof(probe_source));
    pthread_mutex_lock(&probe.mutex);
    probe.closed++;
    pthread_mutex_unlock(&probe.mutex);
}

/* ---- sink ----------------------------------------------------------- */

typedef struct probe_sink_options {
    int64_t id;
} probe_sink_options;

static const mt_option probe_sink_table[] = {
    {.name = "id",
     .type = MT_OPT_INT,
     .def = "0",
     .offset = offsetof(probe_sink_options, id),
     .help = "h"},
    {0},
};

typedef struct probe_sink {
    int32_t id, subtask;
    mt_context *ctx;
    int64_t pending[PROBE_ORIGINS]; /* written since the last barrier */
} probe_sink;

static int probe_sink_open(mt_context *ctx, const void *options,
                           const mt_table *table, void **sink, mt_error **err)
{
    probe_sink *s;

    (void)table;
    if (probe.fail_open)
        return mt_fail(err, MT_EIO, "the probe would not open");
    s = mt_calloc(sizeof(*s));
    if (!s)
        return mt_fail(err, MT_ENOMEM, "no memory");
    s->id = (int32_t)((const probe_sink_options *)options)->id;
    s->subtask = mt_context_subtask(ctx);
    s->ctx = ctx;
    *sink = s;
    pthread_mutex_lock(&probe.mutex);
    probe.opened++;
    pthread_mutex_unlock(&probe.mutex);
    return 0;
}

/* `probe.mutex` is held. */
static void probe_note(probe_sink *s, const mt_batch *b, int32_t row)
{
    probe_record *r;

    if (probe.records_len == probe.records_cap) {
        probe.records_cap = probe.records_cap ? 2 * probe.records_cap : 1024;
        probe.records =
            realloc(probe.records, probe.records_cap * sizeof(*probe.records));
    }
    r = &probe.records[probe.records_len++];
    r->sink = s->id;
    r->subtask = s->subtask;
    r->origin = ((const int32_t *)b->columns[0].values)[row];
    r->key = ((const int32_t *)b->columns[1].values)[row];
    r->n = ((const int64_t *)b->columns[2].values)[row];
    s->pending[r->origin]++;
}

static int probe_sink_write(void *sink, mt_batch *batch, mt_error **err)
{
    probe_sink *s = sink;
    int32_t i;
    int rc = 0;

    if (mt_batch_complete(batch, err) < 0)
        return mt_error_code(*err);
    if (probe.slow_ms)
        probe_sleep_ms(probe.slow_ms);
    pthread_mutex_lock(&probe.mutex);
    if (probe.fail_at && --probe.fail_at == 0)
        rc = mt_fail(err, MT_EIO, "the probe was told to fail");
    for (i = 0; i < batch->rows && rc == 0; i++)
        probe_note(s, batch, i);
    pthread_mutex_unlock(&probe.mutex);
    return rc;
}

static int probe_sink_barrier(void *sink, int64_t id, mt_buf *snapshot,
                              mt_error **err)
{
    probe_sink *s = sink;
    bool held = true;
    int32_t i;

    (void)id;
    (void)snapshot;
    (void)err;
    while (held && !mt_context_cancelled(s->ctx)) {
        pthread_mutex_lock(&probe.mutex);
        held = probe.hold_barrier;
        pthread_mutex_unlock(&probe.mutex);
        if (held)
            probe_sleep_ms(1);
    }
    pthread_mutex_lock(&probe.mutex);
    for (i = 0; i < PROBE_ORIGINS; i++) {
        probe.flushed[i] += s->pending[i];
        s->pending[i] = 0;
    }
    pthread_mutex_unlock(&probe.mutex);
    return 0;
}

static int probe_sink_commit(void *sink, int64_t id, mt_error **err)
{
    (void)sink;
    (void)err;
    pthread_mutex_lock(&probe.mutex);
    if (id > probe.sink_committed)
        probe.sink_committed = id;
    pthread_mutex_unlock(&probe.mutex);
    return 0;
}

static int probe_sink_end(void *sink, mt_error **err)
{
    (void)sink;
    (void)err;
    pthread_mutex_lock(&probe.mutex);
    probe.ended++;
    pthread_mutex_unlock(&probe.mutex);
    return 0;
}

static void probe_sink_close(void *sink)
{
    if (!sink)
        return;
    mt_free(sink, sizeof(probe_sink));
    pthread_mutex_lock(&probe.mutex);
    probe.closed++;
    pthread_mutex_unlock(&probe.mutex);
}

static const mt_connector probe_source_connector = {
    .plugin = {MT_ABI, sizeof(mt_connector), MT_PLUGIN_CONNECTOR,
               "probe_source", "A source that is watched.", probe_source_table,
               sizeof(probe_source_options)},
    .source_open = probe_source_open,
    .source_poll = probe_source_poll,
    .source_barrier = probe_source_barrier,
    .source_commit = probe_source_commit,
    .source_close = probe_source_close,
};

static const mt_connector probe_sink_connector = {
    .plugin = {MT_ABI, sizeof(mt_connector), MT_PLUGIN_CONNECTOR, "probe_sink",
               "A sink that is watched.", probe_sink_table,
               sizeof(probe_sink_options)},
    .sink_open = probe_sink_open,
    .sink_write = probe_sink_write,
    .sink_barrier = probe_sink_barrier,
    .sink_commit = probe_sink_commit,
    .sink_end = probe_sink_end,
    .sink_close = probe_sink_close,
};

/* ---- an operator that passes --------------------------------------------- */

static int probe_pass_process(mt_operator *op, int32_t input, mt_batch *batch,
                              mt_error **err)
{
    int32_t rows[MT_BATCH_ROWS], i, half = batch->rows / 2;
    mt_batch *part;
    int rc;

    (void)input;
    if (half == 0 || batch->rows > MT_BATCH_ROWS || batch->rows % 3 != 0)
        return mt_operator_emit(op, batch, err);
    for (i = 0; i < batch->rows; i++)
        rows[i] = i;
    part = mt_batch_take(batch, rows, half, err);
    rc = part ? mt_operator_emit(op, part, err) : mt_error_code(*err);
    if (rc == 0) {
        part = mt_batch_take(batch, rows + half, batch->rows - half, err);
        rc = part ? mt_operator_emit(op, part, err) : mt_error_code(*err);
    }
    mt_batch_unref(batch);
    return rc;
}

static int probe_pass_finish(mt_operator *op, mt_error **err)
{
    (void)op;
    pthread_mutex_lock(&probe.mutex);
    probe.finished++;
    pthread_mutex_unlock(&probe.mutex);
    if (!probe.fail_finish)
        return 0;
    return mt_fail(err, MT_ESCRIPT, "told to fail at last");
}

static const mt_operator_class probe_pass_class = {
    .kind = "pass",
    .process = probe_pass_process,
    .finish = probe_pass_finish,
};

/* ---- plans ----------------------------------------------------------- */

__attribute__((unused)) static void probe_setup(uint64_t seed)
{
    mt_error *err = NULL;

    probe.seed = seed;
    probe_reset();
    mt__buffer_pool_limit(0);
    mt_operator_register(&probe_pass_class);
    OK(mt__plugin_register(&probe_source_connector.plugin, &err) == 0 &&
           mt__plugin_register(&probe_sink_connector.plugin, &err) == 0,
       "the probes are registered");
}

/* Adds a node; `option` pairs end with NULL. Fails the program, not the check:
 * plans of tests are right unless the test says otherwise. */
__attribute__((unused)) static int32_t
probe_add(mt_plan *plan, const char *kind, const char *name,
          int32_t parallelism, const char *const *pairs)
{
    const char *items[32];
    mt_node node = {.kind = kind,
                    .name = name,
                    .type = PROBE_TYPE,
                    .physical_len = -1,
                    .parallelism = parallelism,
                    .buffer_timeout_ms = MT_UNSET};
    mt_error *err = NULL;
    int32_t id;

    for (node.options.items = items; pairs && pairs[node.options.len];)
        items[node.options.len] = pairs[node.options.len], node.options.len++;
    if (strcmp(kind, "source") == 0)
        node.connector = "probe_source";
    if (strcmp(kind, "sink") == 0)
        node.connector = "probe_sink";
    id = mt_plan_add(plan, &node, &err);
    if (id < 0)
        NOTE("%s", mt_error_message(err));
    mt_error_free(err);
    return id;
}

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

__attribute__((unused)) static int probe_connect(mt_plan *plan, int32_t from,
                                                 int32_t to, mt_ship ship)
{
    int32_t key = 1;
    mt_error *err = NULL;
    int rc =
        mt_plan_connect(plan, from, to, 0, ship, &key,
                        ship == MT_SHIP_HASH || ship == MT_SHIP_CUSTOM, &err);

    if (rc < 0)
        NOTE("%s", mt_error_message(err));
    mt_error_free(err);
    return rc;
}

/* Runs a plan to its end, at most 20 s, and frees it. Returns the last state;
 * *err as of mt_job_wait. */
__attribute__((unused)) static mt_job_state probe_run(mt_plan *plan,
                                                      mt_error **err)
{
    mt_job *job = mt_job_start(plan, err);
    mt_job_state state;

    mt_plan_free(plan);
    if (!job)
        return MT_JOB_CREATED;
    mt_job_wait(job, 20000, err);
    state = mt_job_state_of(job);
    mt_job_free(job);
    return state;
}

/* Waits, at most 10 s, until `cond` holds. Nothing else in these programs
 * depends on time. */
#define PROBE_UNTIL(cond)                                                      \
    do {                                                                       \
        int64_t until_ = mt_now_ms() + 10000;                                  \
        while (!(cond) && mt_now_ms() < until_)                                \
            probe_sleep_ms(1);                                                 \
    } while (0)

__attribute__((unused)) static int64_t probe_count(void)
{
    int64_t len;

    pthread_mutex_lock(&probe.mutex);
    len = (int64_t)probe.records_len;
    pthread_mutex_unlock(&probe.mutex);
    return len;
}

#endif
