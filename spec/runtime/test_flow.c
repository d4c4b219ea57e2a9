/* Random jobs against what must come out of them: every record as often as
 * there are ways for it, in order where the exchanges keep order, and an end.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../runtime/probe.h"

static uint64_t seed;

/* ---- random graphs ------------------------------------------------------- */

enum { NODES_MAX = 12, EDGES_MAX = 24 };

typedef struct model_edge {
    int32_t from, to; /* indexes of nodes */
    mt_ship ship;
} model_edge;

/* What was drawn, beside the plan itself. */
typedef struct model {
    mt_plan *plan;
    int32_t ids[NODES_MAX]; /* in the plan */
    int32_t parallelism[NODES_MAX];
    int32_t nodes_len;
    int32_t sources_len;     /* the first nodes */
    int32_t sinks_from;      /* the last nodes */
    int32_t rows[NODES_MAX]; /* of a source's subtask */
    model_edge edges[EDGES_MAX];
    int32_t edges_len;
} model;

static int32_t draw(int32_t from, int32_t to)
{
    return from + (int32_t)tap_below(&seed, (uint64_t)(to - from + 1));
}

static void draw_node(model *m, const char *kind)
{
    int32_t i = m->nodes_len++;
    char name[32], rows[16], poll[16], id[16];

    snprintf(name, sizeof(name), "%s %d", kind, i);
    m->parallelism[i] = draw(1, 3);
    m->rows[i] = draw(0, 3) ? draw(0, 2000) : draw(0, 5);
    snprintf(id, sizeof(id), "%d", strcmp(kind, "source") ? i : i * 4);
    snprintf(rows, sizeof(rows), "%d", (int)m->rows[i]);
    snprintf(poll, sizeof(poll), "%d", (int)draw(1, 700));
    m->ids[i] =
        probe_add(m->plan, kind, name, m->parallelism[i],
                  strcmp(kind, "source") == 0
                      ? PAIRS("id", id, "rows", rows, "poll", poll, "rest", "9")
                  : strcmp(kind, "sink") == 0 ? PAIRS("id", id)
                                              : NULL);
}

static void draw_edge(model *m, int32_t from, int32_t to)
{
    model_edge *e = &m->edges[m->edges_len];
    int32_t key = 1;

    e->from = from;
    e->to = to;
    do
        e->ship = (mt_ship)draw(0, MT_SHIPS_LEN - 1);
    while (e->ship == MT_SHIP_CUSTOM);
    /* A second input is for operators only. */
    if (mt_plan_connect(m->plan, m->ids[from], m->ids[to],
                        to < m->sinks_from ? draw(0, 1) : 0, e->ship, &key,
                        e->ship == MT_SHIP_HASH, NULL) == 0)
        m->edges_len++;
}

static void draw_model(model *m)
{
    static const char *const timeouts[] = {"0", "1", "5", "-1"};
    int32_t i, extra;

    memset(m, 0, sizeof(*m));
    m->plan = mt_plan_new("random", NULL);
    mt_plan_set(m->plan, "execution.buffer-timeout", timeouts[draw(0, 3)],
                NULL);
    mt_plan_set(m->plan, "execution.checkpointing.interval", "10", NULL);
    mt_plan_set(m->plan, "pipeline.operator-chaining.enabled",
                draw(0, 3) ? "true" : "false", NULL);
    m->sources_len = draw(1, 3);
    for (i = 0; i < m->sources_len; i++)
        draw_node(m, "source");
    for (i = draw(0, 5); i > 0; i--)
        draw_node(m, "pass");
    m->sinks_from = m->nodes_len;
    for (i = draw(1, 2); i > 0; i--)
        draw_node(m, "sink");
    for (i = m->sources_len; i < m->nodes_len; i++)
        draw_edge(m, draw(0, (i < m->sinks_from ? i : m->sinks_from) - 1), i);
    for (extra = draw(0, 4); extra > 0; extra--) {
        int32_t to = draw(m->sources_len, m->nodes_len - 1);

        draw_edge(m, draw(0, (to < m->sinks_from ? to : m->sinks_from) - 1),
                  to);
    }
}

/* In how many copies a record of `source` reaches node `to`. */
static int64_t copies(const model *m, int32_t source, int32_t to)
{
    int64_t sum = source == to;
    int32_t i;

    for (i = 0; i < m->edges_len; i++)
        if (m->edges[i].to == to)
            sum += copies(m, source, m->edges[i].from) *
                   (m->edges[i].ship == MT_SHIP_BROADCAST ? m->parallelism[to]
                                                          : 1);
    return sum;
}

/* How often each record of one origin came to a sink; `counts` by n. */
static bool check_origin(int32_t sink, int32_t origin, int32_t rows,
                         int64_t want)
{
    int32_t *counts = calloc((size_t)rows + 1, sizeof(*counts));
    bool good = true;
    size_t i;
    int32_t n;

    for (i = 0; i < probe.records_len; i++) {
        const probe_record *r = &probe.records[i];

        if (r->sink != sink || r->origin != origin)
            continue;
        good &= r->n >= 0 && r->n < rows && r->key == probe_key(origin, r->n);
        if (good)
            counts[r->n]++;
    }
    for (n = 0; n < rows; n++)
        good &= counts[n] == want;
    free(counts);
    return good;
}

static void test_random_graph(void)
{
    model m;
    mt_error *err = NULL;
    int32_t source, sink, subtask;
    bool good = true;

    probe_reset();
    draw_model(&m);
    EQ_INT(probe_run(m.plan, &err), MT_JOB_FINISHED, "a random job ends");
    if (err)
        NOTE("%s", mt_error_message(err));
    mt_error_free(err);
    for (sink = m.sinks_from; sink < m.nodes_len; sink++)
        for (source = 0; source < m.sources_len; source++)
            for (subtask = 0; subtask < m.parallelism[source]; subtask++)
                good &= check_origin(sink, source * 4 + subtask, m.rows[source],
                                     copies(&m, source, sink));
    OK(good, "every record arrived as often as there are ways for it");
    EQ_INT(probe.opened, probe.closed, "all that was opened is closed");
}

/* ---- order ----------------------------------------------------------- */

/* Whether records of one origin and key come to one sink subtask as they were
 * made. */
static bool is_ordered(void)
{
    static int64_t last[PROBE_ORIGINS][PROBE_KEYS];
    static int32_t where[PROBE_ORIGINS][PROBE_KEYS];
    size_t i;

    memset(last, -1, sizeof(last));
    memset(where, -1, sizeof(where));
    for (i = 0; i < probe.records_len; i++) {
        const probe_record *r = &probe.records[i];

        if (r->n <= last[r->origin][r->key] ||
            (where[r->origin][r->key] >= 0 &&
             where[r->origin][r->key] != r->subtask))
            return false;
        last[r->origin][r->key] = r->n;
        where[r->origin][r->key] = r->subtask;
    }
    return true;
}

/* source -HASH-> pass -HASH or FORWARD-> pass -> sink */
static void test_key_order(void)
{
    mt_plan *plan = mt_plan_new("keys", NULL);
    int32_t parallelism = draw(1, 3), at, next, i;
    size_t len;

    probe_reset();
    mt_plan_set(plan, "execution.buffer-timeout", draw(0, 1) ? "0" : "2", NULL);
    at = probe_add(plan, "source", "Source", draw(1, 3),
                   PAIRS("rows", "3000", "poll", draw(0, 1) ? "2000" : "20"));
    for (i = 0; i < 3; i++) {
        next =
            probe_add(plan, i < 2 ? "pass" : "sink", "Next", parallelism, NULL);
        probe_connect(plan, at, next,
                      i == 0 || draw(0, 1) ? MT_SHIP_HASH : MT_SHIP_FORWARD);
        at = next;
    }
    len = (size_t)plan->nodes[0]->decl.parallelism * 3000;
    EQ_INT(probe_run(plan, NULL), MT_JOB_FINISHED, "a keyed job ends");
    EQ_INT(probe.records_len, len, "with every record");
    OK(is_ordered(), "a key's records stay in one subtask and in order");
}

/* ---- spreading ----------------------------------------------------------- */

/* Few records from one subtask: over how many of `parallelism` they spread. */
static int32_t spread_of(mt_ship ship, const char *rows, int32_t parallelism)
{
    mt_plan *plan = mt_plan_new("spread", NULL);
    int32_t source, sink, used = 0;
    bool seen[PROBE_SINKS] = {false};
    size_t i;

    probe_reset();
    source = probe_add(plan, "source", "Source", 1,
                       PAIRS("rows", rows, "poll", "4000"));
    sink = probe_add(plan, "sink", "Sink", parallelism, NULL);
    probe_connect(plan, source, sink, ship);
    probe_run(plan, NULL);
    for (i = 0; i < probe.records_len; i++) {
        used += !seen[probe.records[i].subtask];
        seen[probe.records[i].subtask] = true;
    }
    return used;
}

static void test_spreading(void)
{
    EQ_INT(spread_of(MT_SHIP_REBALANCE, "5", 4), 4,
           "few records are dealt one by one");
    EQ_INT(spread_of(MT_SHIP_RESCALE, "5", 4), 4, "rescaled ones too");
    EQ_INT(spread_of(MT_SHIP_FORWARD, "5", 4), 4,
           "forward to another parallelism is a rebalance");
    EQ_INT(spread_of(MT_SHIP_REBALANCE, "40000", 4), 4,
           "many records go to all");
    EQ_INT(spread_of(MT_SHIP_GLOBAL, "100", 4), 1, "global goes to one");
    EQ_INT(spread_of(MT_SHIP_SHUFFLE, "200", 4), 4, "a shuffle reaches all");
    EQ_INT(spread_of(MT_SHIP_HASH, "2000", 4), 4, "13 keys reach all of 4");
    EQ_INT(spread_of(MT_SHIP_BROADCAST, "3", 4), 4, "broadcast reaches all");
    EQ_INT(probe.records_len, 12, "with a copy each");
}

/* ---- back-pressure ------------------------------------------------------- */

/* The fullest that an inbox of the job has been. */
static int64_t peak_of(mt_job *job)
{
    int64_t peak = 0, bytes;
    int32_t i;

    for (i = 0; i < job->tasks_len; i++) {
        bytes = mt__inbox_bytes_peak(&job->tasks[i].inbox);
        peak = bytes > peak ? bytes : peak;
    }
    return peak;
}

static void test_memory_is_bounded(void)
{
    mt_plan *plan = mt_plan_new("slow", NULL);
    int32_t source, sink;
    int64_t more;
    mt__alloc_stats before, now;
    mt_job *job;

    probe_reset();
    probe.slow_ms = 40;
    mt__alloc_read(&before);
    source = probe_add(plan, "source", "Source", 1, PAIRS("poll", "8192"));
    sink = probe_add(plan, "sink", "Sink", 2, NULL);
    probe_connect(plan, source, sink, MT_SHIP_REBALANCE);
    job = mt_job_start(plan, NULL);
    mt_plan_free(plan);
    PROBE_UNTIL(peak_of(job) > MT__INBOX_BYTES - (300 << 10));
    more = probe_count() + 60000;
    PROBE_UNTIL(probe_count() > more);
    mt__alloc_read(&now);
    OK(peak_of(job) > MT__INBOX_BYTES - (300 << 10),
       "a slow sink's inbox fills");
    OK(peak_of(job) <= MT__INBOX_BYTES + (1 << 20),
       "to its bound and no further");
    /* Two inboxes, and what tasks and the pool of buffers have in hand. */
    OK(now.bytes_live - before.bytes_live < 3 * MT__INBOX_BYTES,
       "memory stays flat");
    mt_job_cancel(job);
    OK(mt_job_wait(job, 10000, NULL) == 1,
       "a producer that waits is cancelled");
    OK(mt__metric_value(job->tasks[0].backpressured) > 0,
       "back-pressure is counted");
    mt_job_free(job);
}

int main(void)
{
    mt__alloc_stats before, after;
    int round;

    seed = tap_seed();
    probe_setup(seed);
    mt__alloc_read(&before);
    for (round = 0; round < 25; round++)
        test_random_graph();
    for (round = 0; round < 6; round++)
        test_key_order();
    test_spreading();
    test_memory_is_bounded();
    probe_reset();
    mt__alloc_read(&after);
    EQ_INT(after.blocks_live, before.blocks_live, "nothing leaks");
    return tap_done();
}
