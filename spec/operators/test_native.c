/* The native operators: when a source seals, what a sink refuses, what a
 * projection passes on.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../runtime/probe.h"

/* ---- an end of a chain that looks at batches ----------------------------- */

/* What the "look" operator saw of its input. */
static struct {
    pthread_mutex_t mutex;
    int32_t batches;
    int64_t rows;
    int64_t first_ms; /* when the first came */
    int32_t absent;   /* columns that were absent, in all batches */
    char text[4096];  /* rows as text, each with a ';' */
} seen = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static const uint8_t
    *want_now; /* what "look" answers to wants; NULL: nothing */
static int32_t want_len;

static void note_rows(mt_batch *batch)
{
    mt_buf text = {0};
    int32_t i, row;

    for (row = 0; row < batch->rows && row < 10; row++) {
        for (i = 0; i < batch->columns_len; i++) {
            if (batch->columns[i].absent)
                mt_buf_printf(&text, "?");
            else if (mt_column_is_null(&batch->columns[i], row))
                mt_buf_printf(&text, "null");
            else
                mt_text_value(mt_type_column(batch->type, i),
                              &batch->columns[i], row, &text);
            mt_buf_byte(&text, i + 1 < batch->columns_len ? ',' : ';');
        }
    }
    mt_buf_byte(&text, 0);
    if (strlen(seen.text) + text.len < sizeof(seen.text))
        strcat(seen.text, (const char *)text.data);
    mt_buf_fini(&text);
}

static int look_process(mt_operator *op, int32_t input, mt_batch *batch,
                        mt_error **err)
{
    (void)op;
    (void)input;
    (void)err;
    pthread_mutex_lock(&seen.mutex);
    if (!seen.batches++)
        seen.first_ms = mt_now_ms();
    seen.rows += batch->rows;
    seen.absent += batch->absent_len;
    note_rows(batch);
    pthread_mutex_unlock(&seen.mutex);
    mt_batch_unref(batch);
    return 0;
}

static bool look_wants(mt_operator *op, uint8_t *needed)
{
    (void)op;
    if (!want_now)
        return false;
    memcpy(needed, want_now, (size_t)want_len);
    return true;
}

static const mt_operator_class look_class = {
    .kind = "look", .process = look_process, .wants = look_wants};

static int32_t rows_seen(void)
{
    int32_t rows;

    pthread_mutex_lock(&seen.mutex);
    rows = (int32_t)seen.rows;
    pthread_mutex_unlock(&seen.mutex);
    return rows;
}

static void forget(void)
{
    seen.batches = 0;
    seen.rows = 0;
    seen.absent = 0;
    seen.text[0] = '\0';
    want_now = NULL;
    probe_reset();
}

/* ---- a source that is told what to do, step by step ---------------------- */

typedef struct step {
    int32_t rows; /* to append in this poll */
    mt_flow flow;
} step;

static const step *steps; /* the last one repeats */
static uint8_t projected[8];
static _Atomic int projections;
static const char *tale_type;
static bool tale_lazy; /* columns not projected are left absent */

typedef struct tale {
    const step *at;
    int64_t n;
    bool leave[8];
} tale;

static int tale_open(mt_context *ctx, const void *options,
                     const mt_table *table, void **source, mt_error **err)
{
    tale *t = mt_calloc(sizeof(*t));

    (void)ctx;
    (void)options;
    (void)table;
    if (!t)
        return mt_fail(err, MT_ENOMEM, "no memory");
    t->at = steps;
    *source = t;
    return 0;
}

static int put_value(mt_column_builder *c, int64_t n)
{
    char text[32];

    if (c->type->kind == MT_INT)
        return mt_put_i32(c, (int32_t)n);
    if (c->type->kind == MT_BIGINT)
        return mt_put_i64(c, n);
    snprintf(text, sizeof(text), "v%lld", (long long)n);
    return mt_put_bytes(c, text, strlen(text));
}

static int tale_decode(mt_lazy *self, const mt_batch *batch, int32_t column,
                       mt_column_builder *out, mt_error **err)
{
    int32_t i;

    (void)self;
    (void)column;
    (void)err;
    for (i = 0; i < batch->rows; i++)
        put_value(out, 1000 + i);
    return 0;
}

static mt_lazy tale_late = {.decode = tale_decode};

static int tale_poll(void *source, mt_builder *out, int64_t *wake_ms,
                     mt_error **err)
{
    tale *t = source;
    int32_t i, row;
    mt_flow flow = t->at->flow;

    for (row = 0; row < t->at->rows; row++, t->n++)
        for (i = 0; i < out->columns_len; i++)
            if (!t->leave[i] && put_value(&out->columns[i], t->n) < 0)
                return mt_fail(err, MT_ENOMEM, "no memory");
    for (i = 0; tale_lazy && i < out->columns_len; i++)
        if (t->leave[i]) {
            out->columns[i].skipped = 1;
            out->lazy = &tale_late;
        }
    if (flow == MT_FLOW_WAIT && t->at[1].rows >= 0)
        *wake_ms = mt_now_ms() + 3;
    if (t->at[1].rows >= 0)
        t->at++;
    return mt_builder_commit(out, err) < 0 ? mt_error_code(*err) : (int)flow;
}

static void tale_project(void *source, const uint8_t *needed)
{
    tale *t = source;
    int32_t i;

    memcpy(projected, needed, 3);
    projections++;
    for (i = 0; tale_lazy && i < 3; i++)
        t->leave[i] = !needed[i];
}

static void tale_close(void *source)
{
    mt_free(source, sizeof(tale));
}

static const mt_option no_options[] = {{0}};

static const mt_connector tale_connector = {
    .plugin = {MT_ABI, sizeof(mt_connector), MT_PLUGIN_CONNECTOR, "tale",
               "A source that is told.", no_options, 8},
    .source_open = tale_open,
    .source_poll = tale_poll,
    .source_project = tale_project,
    .source_close = tale_close,
};

/* source "tale" -> projections -> "look", in one chain. */
static mt_job *start_tale(const char *timeout, const char *columns,
                          const char *type)
{
    const char *option[] = {"columns", columns};
    mt_plan *plan = mt_plan_new("tale", NULL);
    mt_node node = {.kind = "source",
                    .name = "Source",
                    .connector = "tale",
                    .type = tale_type,
                    .physical_len = -1,
                    .parallelism = 1,
                    .buffer_timeout_ms = MT_UNSET};
    mt_error *err = NULL;
    mt_job *job = NULL;
    int32_t at, next;

    projections = 0;
    mt_plan_set(plan, "execution.buffer-timeout", timeout, NULL);
    at = mt_plan_add(plan, &node, &err);
    node.connector = NULL;
    if (columns) {
        node.kind = node.name = "project";
        node.type = type;
        node.options = (mt_strings){option, 2};
        next = mt_plan_add(plan, &node, &err);
        mt_plan_connect(plan, at, next, 0, MT_SHIP_FORWARD, NULL, 0, &err);
        at = next;
    }
    node.kind = node.name = "look";
    node.options = (mt_strings){NULL, 0};
    if (!err)
        next = mt_plan_add(plan, &node, &err);
    if (!err)
        mt_plan_connect(plan, at, next, 0, MT_SHIP_FORWARD, NULL, 0, &err);
    if (!err)
        job = mt_job_start(plan, &err);
    if (err)
        snprintf(seen.text, sizeof(seen.text), "%s", mt_error_message(err));
    mt_error_free(err);
    mt_plan_free(plan);
    return job;
}

static void end_tale(mt_job *job)
{
    mt_error *err = NULL;

    if (job && mt_job_wait(job, 10000, &err) < 0)
        snprintf(seen.text, sizeof(seen.text), "%s", mt_error_message(err));
    mt_error_free(err);
    mt_job_free(job);
}

/* ---- sources: when rows go on -------------------------------------------- */

static void test_sealing(void)
{
    static const step trickle[] = {
        {1, MT_FLOW_WAIT}, {1, MT_FLOW_WAIT}, {1, MT_FLOW_DONE}, {-1, 0}};
    static const step idle[] = {{3, MT_FLOW_WAIT}, {0, MT_FLOW_WAIT}, {-1, 0}};
    static const step flood[] = {{3000, MT_FLOW_MORE},
                                 {3000, MT_FLOW_MORE},
                                 {3000, MT_FLOW_MORE},
                                 {3000, MT_FLOW_DONE},
                                 {-1, 0}};
    mt_job *job;

    tale_type = "BIGINT";
    forget();
    steps = trickle;
    end_tale(start_tale("0", NULL, NULL));
    EQ_INT(seen.batches, 3, "with a time-out of 0 each poll's rows go on");
    forget();
    end_tale(start_tale("-1", NULL, NULL));
    EQ_INT(seen.batches, 1, "with -1 they wait for the end");
    EQ_INT(seen.rows, 3, "and none is lost");
    forget();
    end_tale(start_tale("10 s", NULL, NULL));
    EQ_INT(seen.batches, 1, "or for the time-out");
    forget();
    steps = flood;
    end_tale(start_tale("-1", NULL, NULL));
    EQ_INT(seen.batches, 2, "a full batch does not wait");
    EQ_INT(seen.rows, 12000, "nor is a row lost");

    forget();
    steps = idle;
    job = start_tale("20", NULL, NULL);
    PROBE_UNTIL(rows_seen() == 3);
    EQ_INT(rows_seen(), 3, "rows of an idle source go on in time");
    mt_job_stop(job);
    end_tale(job);
    forget();
    job = start_tale("-1", NULL, NULL);
    probe_sleep_ms(2);
    mt_job_stop(job);
    end_tale(job);
    EQ_INT(seen.rows % 3, 0, "and at a stop whatever the time-out");
}

/* ---- projections --------------------------------------------------------- */

static const step three[] = {{3, MT_FLOW_DONE}, {-1, 0}};

static const char *project(const char *columns, const char *type)
{
    forget();
    steps = three;
    tale_type = "ROW<a INT, b STRING, c BIGINT>";
    end_tale(start_tale("0", columns, type));
    return seen.text;
}

static void test_projecting(void)
{
    EQ_STR(project("2;0", "ROW<c BIGINT, a INT>"), "0,0;1,1;2,2;",
           "columns are picked in any order");
    EQ_STR(project("1", "STRING"), "v0;v1;v2;",
           "one column may become the record");
    EQ_STR(project("1;1;0", "ROW<x STRING, y STRING, z INT>"),
           "v0,v0,0;v1,v1,1;v2,v2,2;", "a column may be picked twice");
    EQ_STR(project("0;2", "ROW<a BIGINT, c STRING>"), "0,0;1,1;2,2;",
           "columns are cast where their type differs");
    EQ_STR(project("-1;0;-1", "ROW<x STRING, a INT, y ARRAY<INT>>"),
           "null,0,null;null,1,null;null,2,null;", "-1 makes NULLs");
    HAS_STR(project("-1;0", "ROW<x STRING NOT NULL, a INT>"),
            "column 'x' is NOT NULL", "but not where there may be none");
    HAS_STR(project("0;3", "ROW<a INT, b INT>"), "column '3'",
            "a column must exist");
    HAS_STR(project("-2", "INT"), "column '-2'", "whatever it is");
    HAS_STR(project("0", "ROW<a INT, b INT>"), "1 columns are picked",
            "as many are picked as the type has");
    HAS_STR(project("0", "ROW<a MAP<INT, INT>>"), "cannot become",
            "a cast must exist");
    HAS_STR(project("1", "ROW<a INT>"), "column 'a'",
            "a text that is no number fails the job, naming the column");
}

/* ---- NOT NULL ----------------------------------------------------------- */

/* Every third value is NULL. */
static int nulls_process(mt_operator *op, int32_t input, mt_batch *batch,
                         mt_error **err)
{
    mt_builder *b = mt_builder_new(op->output, batch->rows, err);
    mt_batch *out = NULL;
    int32_t i, row;
    int rc;

    (void)input;
    for (row = 0; row < batch->rows; row++)
        for (i = 0; i < b->columns_len; i++) {
            if ((row + i) % 3 == 2)
                mt_put_null(&b->columns[i]);
            else
                mt_put_i64(&b->columns[i], row);
        }
    mt_builder_commit(b, err);
    rc = mt_builder_seal(b, &out, err);
    mt_builder_free(b);
    mt_batch_unref(batch);
    return rc < 0 ? rc : mt_operator_emit(op, out, err);
}

static const mt_operator_class nulls_class = {.kind = "nulls",
                                              .process = nulls_process};

static void add_dropped(void *arg, const char *operator_name, int32_t subtask,
                        const char *metric, int64_t value)
{
    (void)operator_name;
    (void)subtask;
    if (strcmp(metric, "records.dropped") == 0)
        *(int64_t *)arg += value;
}

/* source "tale" of 9 rows -> "nulls" -> a projection -> "look"; gives how many
 * rows were dropped. */
static int64_t enforce(const char *type, const char *enforcer, mt_error **err)
{
    static const step nine[] = {{9, MT_FLOW_DONE}, {-1, 0}};
    const char *options[] = {"columns", "0;1", "not-null-enforcer", enforcer};
    const struct {
        const char *kind, *type;
        int32_t options_len;
    } nodes[] = {{"source", "BIGINT", 0},
                 {"nulls", "ROW<a BIGINT, b BIGINT>", 0},
                 {"project", type, enforcer ? 4 : 2},
                 {"look", type, 0}};
    mt_plan *plan = mt_plan_new("nulls", NULL);
    mt_job *job;
    int64_t dropped = 0;
    int32_t i;

    forget();
    steps = nine;
    for (i = 0; i < 4; i++) {
        mt_node node = {.kind = nodes[i].kind,
                        .name = nodes[i].kind,
                        .connector = i == 0 ? "tale" : NULL,
                        .type = nodes[i].type,
                        .options = {options, nodes[i].options_len},
                        .physical_len = -1,
                        .parallelism = 1,
                        .buffer_timeout_ms = MT_UNSET};

        mt_plan_add(plan, &node, err);
        if (i > 0)
            mt_plan_connect(plan, i, i + 1, 0, MT_SHIP_FORWARD, NULL, 0, err);
    }
    job = mt_job_start(plan, err);
    mt_job_wait(job, 10000, err);
    mt_job_metrics(job, add_dropped, &dropped);
    mt_job_free(job);
    mt_plan_free(plan);
    return dropped;
}

static void test_not_null(void)
{
    const char *strict = "ROW<a BIGINT NOT NULL, b BIGINT NOT NULL>";
    mt_error *err = NULL;
    size_t len;

    EQ_INT(enforce("ROW<a BIGINT, b BIGINT NOT NULL>", NULL, &err), 0,
           "a NULL where there may be none");
    EQ_INT(mt_error_code(err), MT_ERECORD, "is a record's error");
    HAS_STR(mt_error_message(err), "column 'b' is NOT NULL, but row 1 has NULL",
            "that names the column and the row");
    EQ_STR(mt_error_operator(err), "project", "the operator");
    HAS_STR(mt_error_record(err, &len), "a=1, b=null", "and shows the record");
    OK(!strstr(mt_error_message(err), "DROP"),
       "without a way out where there is none");
    mt_error_free(err);
    err = NULL;
    enforce(strict, "ERROR", &err);
    HAS_STR(mt_error_message(err),
            "'table.exec.sink.not-null-enforcer' = 'DROP'",
            "and with it where there is one");
    mt_error_free(err);
    err = NULL;
    EQ_INT(enforce(strict, "DROP", &err), 6, "rows dropped are counted");
    EQ_STR(seen.text, "0,0;3,3;6,6;", "and the others go on");
    EQ_INT(enforce("ROW<a DECIMAL(1, 0), b STRING NOT NULL>", "DROP", &err), 3,
           "also behind a cast");
    EQ_INT(enforce("ROW<a BIGINT, b BIGINT>", "DROP", &err), 0,
           "where there may be NULLs all rows go on");
    EQ_INT(seen.rows, 9, "as they are");
    OK(!err, "without an error");
}

/* ---- hints ----------------------------------------------------------- */

static void test_hints(void)
{
    static const step twice[] = {
        {2, MT_FLOW_MORE}, {2, MT_FLOW_MORE}, {2, MT_FLOW_DONE}, {-1, 0}};
    static const uint8_t only_c[] = {0, 0, 1}, only_first[] = {1, 0};

    tale_type = "ROW<a INT, b STRING, c BIGINT>";
    forget();
    steps = twice;
    end_tale(start_tale("0", NULL, NULL));
    EQ_INT(projections, 0, "no hint while nothing is known");
    forget();
    want_now = only_c;
    want_len = 3;
    tale_lazy = true;
    end_tale(start_tale("0", NULL, NULL));
    EQ_INT(projections, 1, "one when it is");
    OK(!projected[0] && !projected[1] && projected[2], "and a true one");
    EQ_STR(seen.text, "0,v0,0;1,v1,1;?,?,2;?,?,3;?,?,4;?,?,5;",
           "later batches leave columns absent");
    forget();
    want_now = only_first;
    want_len = 2;
    end_tale(start_tale("0", "1;2", "ROW<b STRING, c BIGINT>"));
    EQ_INT(projections, 1, "a projection passes the hint on");
    OK(!projected[0] && projected[1] && !projected[2], "translated");
    EQ_STR(seen.text, "v0,0;v1,1;v2,?;v3,?;v4,?;v5,?;",
           "and leaves absent what is absent");
    forget();
    want_now = only_first;
    end_tale(start_tale("0", "1;2", "ROW<b STRING, c STRING>"));
    EQ_STR(seen.text, "v0,0;v1,1;v2,2;v3,3;v4,4;v5,5;",
           "but what it casts it reads");
    forget();
    end_tale(start_tale("0", "1;-1", "ROW<b STRING, n INT>"));
    OK(!projected[0] && projected[1] && !projected[2],
       "a column of NULLs reads none");
    EQ_STR(seen.text, "v0,null;v1,null;v2,null;v3,null;v4,null;v5,null;",
           "and is never absent");
    tale_lazy = false;
}

/* ---- sinks ----------------------------------------------------------- */

static int kinds_poll(mt_operator *op, int64_t *wake_ms, mt_error **err)
{
    mt_builder *b = mt_builder_new(op->output, 2, err);
    mt_batch *batch = NULL;
    int32_t i;
    int rc;

    (void)wake_ms;
    for (i = 0; i < 2; i++) {
        mt_put_i32(&b->columns[0], 0);
        mt_put_i32(&b->columns[1], 0);
        mt_put_i64(&b->columns[2], i);
    }
    mt_builder_set_kind(b, 1, MT_DELETE);
    mt_builder_commit(b, err);
    rc = mt_builder_seal(b, &batch, err);
    mt_builder_free(b);
    if (rc == 0)
        rc = mt_operator_emit(op, batch, err);
    return rc < 0 ? rc : MT_FLOW_DONE;
}

static const mt_operator_class kinds_class = {.kind = "kinds",
                                              .poll = kinds_poll};

static void test_row_kinds(void)
{
    mt_plan *plan = mt_plan_new("kinds", NULL);
    mt_error *err = NULL;
    int32_t head;

    forget();
    head = probe_add(plan, "kinds", "Changes", 1, NULL);
    probe_connect(plan, head, probe_add(plan, "sink", "Sink: log", 1, NULL),
                  MT_SHIP_FORWARD);
    EQ_INT(probe_run(plan, &err), MT_JOB_FAILED,
           "a sink that appends takes no deletes");
    HAS_STR(mt_error_message(err), "kind -D", "it says which kind came");
    HAS_STR(mt_error_message(err), "takes +I", "and which it takes");
    EQ_STR(mt_error_operator(err), "Sink: log", "and who it is");
    EQ_INT(probe.records_len, 0, "nothing of the batch was written");
    mt_error_free(err);
}

int main(void)
{
    mt__alloc_stats before, after;
    mt_error *err = NULL;

    probe_setup(1);
    mt_operator_register(&look_class);
    mt_operator_register(&kinds_class);
    mt_operator_register(&nulls_class);
    mt__plugin_register(&tale_connector.plugin, &err);
    mt__alloc_read(&before);
    test_sealing();
    test_projecting();
    test_not_null();
    test_hints();
    test_row_kinds();
    forget();
    mt__alloc_read(&after);
    EQ_INT(after.blocks_live, before.blocks_live, "nothing leaks");
    return tap_done();
}
