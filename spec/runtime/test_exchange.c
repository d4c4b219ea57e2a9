/* Exchanges: where rows go, what is gathered, and when it leaves.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../runtime/probe.h"

#include "runtime/exchange.h"
#include "runtime/keys.h"

enum { TARGETS = 4 };

static uint64_t seed;

/* One sender's end of a link to TARGETS inboxes. */
typedef struct bench {
    mt_plan *plan;
    mt__graph graph;
    mt__exchange x;
    mt__inbox inboxes[TARGETS];
} bench;

static void open_bench(bench *t, mt_ship ship, const char *timeout)
{
    int32_t source, sink, i;

    memset(t, 0, sizeof(*t));
    t->plan = mt_plan_new("bench", NULL);
    mt_plan_set(t->plan, "execution.buffer-timeout", timeout, NULL);
    source = probe_add(t->plan, "source", "Source", 1, NULL);
    sink = probe_add(t->plan, "sink", "Sink", TARGETS, NULL);
    probe_connect(t->plan, source, sink, ship);
    mt__graph_init(&t->graph, t->plan, NULL);
    mt__exchange_init(&t->x, &t->graph, &t->graph.links[0], 0, NULL);
    for (i = 0; i < TARGETS; i++) {
        mt__inbox_init(&t->inboxes[i], 1, INT64_MAX / 2, NULL);
        mt__exchange_add(&t->x, &t->inboxes[i], 0);
    }
}

static void close_bench(bench *t)
{
    int32_t i;

    mt__exchange_fini(&t->x);
    for (i = 0; i < TARGETS; i++)
        mt__inbox_fini(&t->inboxes[i]);
    mt__graph_fini(&t->graph);
    mt_plan_free(t->plan);
}

/* Records [from, from + rows) of origin 0; `key` -1: as the probes have it. */
static mt_batch *new_batch(const bench *t, int64_t from, int32_t rows,
                           int32_t key, mt_row_kind kind)
{
    mt_builder *b = mt_builder_new(t->x.type, rows, NULL);
    mt_batch *batch = NULL;
    int64_t n;

    for (n = from; n < from + rows; n++) {
        mt_put_i32(&b->columns[0], 0);
        mt_put_i32(&b->columns[1], key < 0 ? probe_key(0, n) : key);
        mt_put_i64(&b->columns[2], n);
        mt_builder_set_kind(b, (int32_t)(n - from), kind);
        mt_builder_set_timestamp(b, (int32_t)(n - from), n * 10);
    }
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    mt_builder_free(b);
    return batch;
}

static int push(bench *t, mt_batch *batch, const char *part)
{
    mt_error *err = NULL;
    int rc = mt__exchange_push(&t->x, batch, &err);

    if (part)
        HAS_STR(err ? mt_error_message(err) : "", part, "refused: %s", part);
    mt_error_free(err);
    return rc;
}

/* What has arrived at a target: batches, rows, and whether all was in order
 * and complete with its kinds and timestamps. */
typedef struct arrival {
    int32_t batches, rows, marks;
    bool good;
} arrival;

static arrival arrived(bench *t, int32_t target, mt_row_kind kind)
{
    arrival a = {.good = true};
    int64_t last = -1;
    mt__element e;
    int32_t i;

    while (mt__inbox_take(&t->inboxes[target], &e)) {
        if (e.kind != MT__ELEMENT_BATCH) {
            a.marks++;
            continue;
        }
        for (i = 0; i < e.batch->rows; i++) {
            int64_t n = ((const int64_t *)e.batch->columns[2].values)[i];

            a.good &= n > last && mt_batch_kind(e.batch, i) == kind &&
                      e.batch->timestamps[i] == n * 10;
            last = n;
        }
        a.batches++;
        a.rows += e.batch->rows;
        mt_batch_unref(e.batch);
    }
    return a;
}

static void test_gathers(void)
{
    bench t;
    arrival a;
    int64_t wake_ms = INT64_MAX;
    int32_t i, batches = 0, rows = 0;
    bool good = true;

    open_bench(&t, MT_SHIP_HASH, "1000");
    for (i = 0; i < 500; i++)
        push(&t, new_batch(&t, i * 10, 10, -1, MT_UPDATE_AFTER), NULL);
    for (i = 0; i < TARGETS; i++) {
        a = arrived(&t, i, MT_UPDATE_AFTER);
        batches += a.batches;
        rows += a.rows;
        good &= a.good;
    }
    OK(batches > 0 && batches <= 5, "small slices are gathered (%d batches)",
       (int)batches);
    mt__exchange_flush_due(&t.x, mt_now_ms(), &wake_ms, NULL);
    OK(wake_ms > mt_now_ms() && wake_ms <= mt_now_ms() + 1000,
       "what waits asks to be sent in time");
    mt__exchange_flush_due(&t.x, wake_ms + 1000, &wake_ms, NULL);
    EQ_INT(t.x.pending_len, 0, "and is");
    mt__exchange_mark(&t.x, MT__ELEMENT_BARRIER, 1, NULL);
    for (i = 0; i < TARGETS; i++) {
        a = arrived(&t, i, MT_UPDATE_AFTER);
        rows += a.rows;
        good &= a.good && a.marks == 1;
    }
    EQ_INT(rows, 5000, "nothing is lost");
    OK(good, "order, row kinds and timestamps are kept");
    close_bench(&t);
}

static void test_marks_follow(void)
{
    bench t;
    mt__element e;

    open_bench(&t, MT_SHIP_CUSTOM, "-1");
    push(&t, new_batch(&t, 0, 3, 2, MT_INSERT), NULL);
    OK(!mt__inbox_take(&t.inboxes[2], &e), "without a time-out rows wait");
    mt__exchange_mark(&t.x, MT__ELEMENT_WATERMARK, 5, NULL);
    OK(mt__inbox_take(&t.inboxes[2], &e) && e.kind == MT__ELEMENT_BATCH &&
           e.batch->rows == 3,
       "but not for longer than a mark");
    mt_batch_unref(e.batch);
    OK(mt__inbox_take(&t.inboxes[2], &e) && e.kind == MT__ELEMENT_WATERMARK,
       "which follows them");
    push(&t, new_batch(&t, 3, 3, 1, MT_INSERT), NULL);
    close_bench(&t);
}

static void test_at_once(void)
{
    bench t;
    arrival a;

    open_bench(&t, MT_SHIP_CUSTOM, "0");
    push(&t, new_batch(&t, 0, 1, 3, MT_INSERT), NULL);
    a = arrived(&t, 3, MT_INSERT);
    EQ_INT(a.rows, 1, "a time-out of 0 sends every row at once");
    close_bench(&t);
}

static void test_custom(void)
{
    bench t;

    open_bench(&t, MT_SHIP_CUSTOM, "5");
    EQ_INT(push(&t, new_batch(&t, 0, 5, 4, MT_INSERT), "chose subtask 4"),
           MT_ERECORD, "a partitioner may not leave the range");
    close_bench(&t);
}

/* Slices large enough are taken in one piece each. */
static void test_slices(void)
{
    bench t;
    arrival a;
    int32_t i, batches = 0, rows = 0;

    open_bench(&t, MT_SHIP_HASH, "1000");
    push(&t, new_batch(&t, 0, 8192, -1, MT_INSERT), NULL);
    for (i = 0; i < TARGETS; i++) {
        a = arrived(&t, i, MT_INSERT);
        batches += a.batches;
        rows += a.rows;
    }
    EQ_INT(rows, 8192, "large slices do not wait");
    OK(batches <= TARGETS, "and travel in one piece");
    close_bench(&t);
}

static void test_whole_batches(void)
{
    bench t;
    arrival a;
    int32_t i, one = 0;

    open_bench(&t, MT_SHIP_REBALANCE, "5");
    for (i = 0; i < 8; i++)
        push(&t, new_batch(&t, i * 2000, 2000, -1, MT_DELETE), NULL);
    for (i = 0; i < TARGETS; i++) {
        a = arrived(&t, i, MT_DELETE);
        one += a.batches == 2 && a.rows == 4000 && a.good;
    }
    EQ_INT(one, TARGETS, "large batches go round whole");
    close_bench(&t);
}

/* ---- keys ----------------------------------------------------------- */

static uint64_t hash_of(const char *type_text, int32_t column, int64_t v,
                        const char *text)
{
    mt_type *type = mt_type_parse(type_text, NULL);
    mt_builder *b = mt_builder_new(type, 1, NULL);
    mt_column_builder *c = &b->columns[0];
    mt_batch *batch = NULL;
    uint64_t hash = 0;

    if (text)
        mt_put_bytes(c, text, strlen(text));
    else if (c->type->kind == MT_DOUBLE)
        mt_put_f64(c, (double)v * 0.0);
    else if (v == INT64_MIN)
        mt_put_null(c);
    else if (c->type->width == 1)
        mt_put_i8(c, (int8_t)v);
    else if (c->type->width == 4)
        mt_put_i32(c, (int32_t)v);
    else
        mt_put_i64(c, v);
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    mt__keys_hash(batch, &column, 1, &hash, NULL);
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_type_unref(type);
    return hash;
}

static void test_keys(void)
{
    int32_t count[8] = {0}, i, least = INT32_MAX, most = 0;

    OK(hash_of("INT", 0, -5, NULL) == hash_of("BIGINT", 0, -5, NULL) &&
           hash_of("TINYINT", 0, -5, NULL) == hash_of("BIGINT", 0, -5, NULL),
       "whole numbers hash alike whatever their width");
    OK(hash_of("DOUBLE", 0, 1, NULL) == hash_of("DOUBLE", 0, -1, NULL),
       "both zeros hash alike");
    OK(hash_of("STRING", 0, 0, "a") != hash_of("STRING", 0, 0, "b"),
       "different texts do not");
    OK(hash_of("RAW", 0, 0, "a") == hash_of("STRING", 0, 0, "a"),
       "an untyped key is its bytes");
    OK(hash_of("INT", 0, INT64_MIN, NULL) ==
           hash_of("BIGINT", 0, INT64_MIN, NULL),
       "NULL is a key like any other");
    for (i = 0; i < 20000; i++)
        count[mt__key_group_subtask(
            mt__key_group(
                hash_of("BIGINT", 0, (int64_t)tap_random(&seed) >> 1, NULL),
                128),
            8, 128)]++;
    for (i = 0; i < 8; i++) {
        least = count[i] < least ? count[i] : least;
        most = count[i] > most ? count[i] : most;
    }
    OK(least > 2200 && most < 2800, "keys spread evenly (%d to %d of 2500)",
       (int)least, (int)most);
    for (i = 0; i < 128; i++)
        least = i / 16 == mt__key_group_subtask(i, 8, 128) ? least : -1;
    OK(least > 0, "key groups are dealt in ranges");
}

int main(void)
{
    mt__alloc_stats before, after;

    seed = tap_seed();
    probe_setup(seed);
    mt__alloc_read(&before);
    test_gathers();
    test_marks_follow();
    test_at_once();
    test_custom();
    test_slices();
    test_whole_batches();
    test_keys();
    mt__alloc_read(&after);
    EQ_INT(after.blocks_live, before.blocks_live, "nothing leaks");
    return tap_done();
}
