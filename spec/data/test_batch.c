/* Builders and batches against a model of texts.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/column.h"

#include <pthread.h>

#include "random_data.h"

/* Rows chosen at random, twice or not at all. */
static int32_t *random_rows(uint64_t *rng, int rows, int *len)
{
    int32_t *picked;
    int i;

    *len = rows ? (int)tap_below(rng, 2 * (uint64_t)rows) : 0;
    picked = malloc(((size_t)*len + 1) * sizeof(*picked));
    for (i = 0; i < *len; i++)
        picked[i] = (int32_t)tap_below(rng, (uint64_t)rows);
    return picked;
}

static bool check_take(uint64_t *rng, mt_batch *batch, const model *m)
{
    int len;
    int32_t *rows = random_rows(rng, batch->rows, &len);
    mt_batch *taken = mt_batch_take(batch, rows, len, NULL);
    bool good = taken && taken->rows == len && same_batch(taken, m, rows);

    mt_batch_unref(taken);
    free(rows);
    return good;
}

/* Copies the batch row by row, and in ranges, and seals the copy. */
static bool check_copy(uint64_t *rng, const mt_batch *batch, const model *m)
{
    mt_builder *b = mt_builder_new(batch->type, 10, NULL);
    mt_batch *copy = NULL;
    bool good = b != NULL;
    int row = 0, i;

    while (good && row < batch->rows) {
        int len = 1 + (int)tap_below(rng, (uint64_t)(batch->rows - row));
        bool one = tap_below(rng, 2);

        for (i = 0; good && i < b->columns_len; i++)
            good =
                (one ? mt_put_from(&b->columns[i], &batch->columns[i], row)
                     : mt__column_builder_append(
                           &b->columns[i], &batch->columns[i], row, len)) == 0;
        row += one ? 1 : len;
        good = good && mt_builder_commit(b, NULL) == 0;
    }
    good = good && mt_builder_seal(b, &copy, NULL) == 0 &&
           same_batch(copy, m, NULL) && copy->rows == batch->rows;
    mt_batch_unref(copy);
    mt_builder_free(b);
    return good;
}

/* Rows in any order, and runs of them, gathered in some portions. */
static bool check_gather(uint64_t *rng, mt_batch *batch, const model *m)
{
    mt_builder *b = mt_builder_new(batch->type, 4, NULL);
    mt_batch *gathered = NULL;
    int32_t rows[400], len = 0, done, i;
    bool good = b != NULL;

    while (batch->rows > 0 && len < 300) {
        int32_t row = (int32_t)tap_below(rng, (uint64_t)batch->rows);
        int32_t run = 1 + (int32_t)tap_below(rng, 5);

        for (; run > 0 && row < batch->rows; run--)
            rows[len++] = row++;
    }
    for (done = 0; good && done < len;) {
        int32_t portion = 1 + (int32_t)tap_below(rng, (uint64_t)(len - done));

        for (i = 0; good && i < b->columns_len; i++)
            good = mt__column_builder_append_rows(&b->columns[i],
                                                  &batch->columns[i],
                                                  rows + done, portion) == 0;
        done += portion;
        good = good && mt_builder_commit(b, NULL) == 0;
    }
    good = good && mt_builder_seal(b, &gathered, NULL) == 0 &&
           gathered->rows == len && same_batch(gathered, m, rows);
    mt_batch_unref(gathered);
    mt_builder_free(b);
    return good;
}

/* Columns in another order, by reference, outlive the batch they came from. */
static bool check_project(mt_batch *batch, const model *m)
{
    mt_field fields[16] = {{NULL, NULL}};
    int32_t from[16];
    char names[16][16];
    mt_type *type;
    mt_batch *projected;
    bool good = true;
    int i, row, n = batch->columns_len;

    for (i = 0; i < n; i++) {
        from[i] = n - 1 - i;
        snprintf(names[i], sizeof(names[i]), "p%d", i);
        fields[i].name = names[i];
        fields[i].type = mt_type_column(batch->type, from[i]);
    }
    type = mt_type_new_nested(MT_ROW, true, fields, n, NULL);
    projected = mt_batch_project(batch, type, from, NULL);
    mt_type_unref(type);
    mt_batch_unref(batch);
    for (i = 0; good && i < n; i++) {
        for (row = 0; good && row < projected->rows; row++)
            good = same_cell(mt_type_column(projected->type, i),
                             &projected->columns[i], row, m, row, from[i]);
    }
    mt_batch_unref(projected);
    return good;
}

static void test_random(uint64_t *rng)
{
    int i, built = 0, taken = 0, copied = 0, gathered = 0, projected = 0;
    const int rounds = 150;

    for (i = 0; i < rounds; i++) {
        mt_type *type = random_record(rng, 1 + (int)tap_below(rng, 6), 3);
        mt_error *err = NULL;
        model m;
        mt_batch *b =
            random_batch(rng, type, (int)tap_below(rng, 200), &m, &err);

        if (!b) {
            NOTE("%s", message_of(&err));
        } else {
            built += same_batch(b, &m, NULL);
            taken += check_take(rng, b, &m);
            copied += check_copy(rng, b, &m);
            gathered += check_gather(rng, b, &m);
            projected += check_project(b, &m);
        }
        model_fini(&m);
        mt_type_unref(type);
    }
    EQ_INT(built, rounds, "what was put is in the sealed batch");
    EQ_INT(taken, rounds, "rows are taken in any order");
    EQ_INT(copied, rounds, "rows are copied one by one and in ranges");
    EQ_INT(gathered, rounds, "and gathered in any order");
    EQ_INT(projected, rounds, "columns are projected and outlive their batch");
}

/* Commits and rollbacks at random; what was rolled back leaves no trace. */
static void test_rollback(uint64_t *rng)
{
    mt_type *type = parse_type("ROW<a INT, b STRING, c ARRAY<STRING>, d ROW<x "
                               "BOOLEAN, y ARRAY<INT>>>");
    mt_builder *b = mt_builder_new(type, 100, NULL);
    int round, i, k, good = 0;

    for (round = 0; round < 20; round++) {
        model m = {{0}, NULL, 0, 4};
        mt_batch *batch = NULL;
        int rows = 0, timed = 0;

        m.starts = calloc(4 * 1000 + 1, sizeof(size_t));
        for (i = 0; i < 300; i++) {
            bool back = tap_below(rng, 3) == 0;
            int half = back ? (int)tap_below(rng, 4) : 4;
            size_t before = m.text.len;

            for (k = 0; k < half; k++) {
                put_random(rng, &b->columns[k], &m.text);
                if (!back)
                    m.starts[++m.cells_len] = m.text.len;
            }
            if (i % 10 == 0) {
                mt_builder_set_kind(b, b->rows, MT_DELETE);
                mt_builder_set_timestamp(b, b->rows, 7);
            }
            if (back) {
                /* Elements of a list that never ends, too. */
                put_random(rng, &b->columns[2].children[0], &m.text);
                mt_builder_rollback(b);
                m.text.len = before;
            } else {
                mt_builder_commit(b, NULL);
                rows++;
                timed += i % 10 == 0;
            }
        }
        if (mt_builder_seal(b, &batch, NULL) < 0)
            break;
        for (i = 0; i < rows; i++)
            timed -= mt_batch_kind(batch, i) == MT_DELETE &&
                     batch->timestamps[i] == 7;
        good += batch->rows == rows && same_batch(batch, &m, NULL) &&
                timed == 0 && b->rows == 0;
        mt_batch_unref(batch);
        model_fini(&m);
    }
    EQ_INT(good, 20, "rolled back rows leave nothing behind");
    mt_builder_free(b);
    mt_type_unref(type);
}

/* The promises of the header that Lua's drivers rely on. */
static bool is_ready(const mt_column_builder *c, int rows_max)
{
    int32_t i;

    if (c->rows != 0 || c->nulls != 0 || c->rows_max < rows_max ||
        (c->offsets && c->offsets[0] != 0))
        return false;
    for (i = 0; i < c->rows_max; i++) {
        if (!mt_bit(c->validity, i))
            return false;
    }
    return (uintptr_t)c->validity % 64 == 0 && (uintptr_t)c->values % 64 == 0;
}

static void test_invariants(void)
{
    mt_type *type = parse_type("ROW<a INT, b STRING, c BOOLEAN>");
    mt_builder *b = mt_builder_new(type, 1000, NULL);
    mt_batch *small = NULL, *large = NULL, *empty = NULL;
    int i;

    OK(is_ready(&b->columns[0], 1000) && is_ready(&b->columns[1], 1000) &&
           is_ready(&b->columns[2], 1000),
       "a new builder has room and a validity of ones");
    for (i = 0; i < 3; i++) {
        mt_put_i32(&b->columns[0], i);
        mt_put_bytes(&b->columns[1], "xyz", 3);
        mt_put_bool(&b->columns[2], i == 1);
    }
    mt_put_null(&b->columns[0]);
    EQ_INT(mt_builder_commit(b, NULL), MT_EINTERNAL,
           "columns of unequal length do not commit");
    mt_builder_rollback(b);
    OK(is_ready(&b->columns[0], 1000) && is_ready(&b->columns[1], 1000),
       "a rollback empties it");
    mt_put_null(&b->columns[0]);
    mt_put_bytes(&b->columns[1], "xyz", 3);
    mt_put_bool(&b->columns[2], true);
    EQ_INT(mt_builder_seal(b, &small, NULL), MT_EMISUSE,
           "rows that are not committed are not lost in silence");
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &small, NULL);
    OK(small->columns[0].validity && small->columns[0].nulls == 1,
       "a NULL keeps its validity");
    OK(!small->columns[1].validity, "a column without has none");
    EQ_INT(mt__batch_bytes(small), (1 + 4) + (8 + 3) + 1,
           "the bytes of a batch's rows are counted");
    EQ_INT(small->size_bytes, 5 * 128, "and those of its five buffers");
    OK(is_ready(&b->columns[0], 1000) && is_ready(&b->columns[1], 1000),
       "a sealed builder is ready again");
    for (i = 0; i < 900; i++) {
        mt_put_null(&b->columns[0]);
        mt_put_bytes(&b->columns[1], "xyz", 3);
        mt_put_null(&b->columns[2]);
    }
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &large, NULL);
    OK(is_ready(&b->columns[0], 1000) && is_ready(&b->columns[2], 1000),
       "also after a large batch");
    mt_builder_seal(b, &empty, NULL);
    OK(empty && empty->rows == 0 && empty->columns[1].offsets[0] == 0,
       "a batch may have no rows");
    mt_batch_unref(small);
    mt_batch_unref(large);
    mt_batch_unref(empty);
    mt_builder_free(b);
    mt_type_unref(type);
}

/* Sixteen one-row batches in a queue must not hold sixteen builders' memory. */
static void test_small_batches(void)
{
    mt_type *type = parse_type("ROW<a BIGINT, b STRING>");
    mt_builder *b = mt_builder_new(type, 0, NULL);
    mt_batch *batches[16];
    mt__alloc_stats before, after;
    int i;

    mt__buffer_pool_limit(0);
    mt_put_i64(&b->columns[0], 1);
    mt_put_bytes(&b->columns[1], "a", 1);
    mt_builder_rollback(b);
    mt__alloc_read(&before);
    for (i = 0; i < 16; i++) {
        mt_put_i64(&b->columns[0], i);
        mt_put_bytes(&b->columns[1], "a", 1);
        mt_builder_commit(b, NULL);
        mt_builder_seal(b, &batches[i], NULL);
    }
    mt__alloc_read(&after);
    OK(after.bytes_live - before.bytes_live < 16 * 4096,
       "a batch of one row holds little memory");
    for (i = 0; i < 16; i++)
        mt_batch_unref(batches[i]);
    mt_builder_free(b);
    mt_type_unref(type);
}

/* A huge value passes without leaving its room behind. */
static void test_huge_value(void)
{
    enum { HUGE_BYTES = 20 << 20 };
    mt_type *type = parse_type("ROW<b STRING>");
    mt_builder *b = mt_builder_new(type, 0, NULL);
    char *bytes = calloc(1, HUGE_BYTES);
    mt_batch *batch = NULL;
    mt__alloc_stats stats;
    int64_t before;
    int i, good = 0;

    mt__buffer_pool_limit(0);
    mt__alloc_read(&stats);
    before = stats.bytes_live;
    for (i = 0; i < 3; i++) {
        /* Large, small in what was large, and large again. */
        mt_put_bytes(&b->columns[0], bytes, i == 1 ? 10 : HUGE_BYTES);
        mt_builder_commit(b, NULL);
        mt_builder_seal(b, &batch, NULL);
        good += batch->columns[0].offsets[1] == (i == 1 ? 10 : HUGE_BYTES) &&
                memcmp(batch->columns[0].values, bytes, 10) == 0;
        mt_batch_unref(batch);
    }
    mt_put_bytes(&b->columns[0], bytes, HUGE_BYTES);
    mt_builder_rollback(b);
    mt_put_bytes(&b->columns[0], "moon", 4);
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    good += memcmp(batch->columns[0].values, "moon", 4) == 0;
    mt_batch_unref(batch);
    EQ_INT(good, 4, "a value of 20 MiB passes");
    mt__alloc_read(&stats);
    OK(stats.bytes_live - before < 1 << 20, "and leaves no room behind");
    free(bytes);
    mt_builder_free(b);
    mt_type_unref(type);
}

static void test_full(void)
{
    mt_type *type = parse_type("ROW<a ARRAY<STRING>>");
    mt_builder *b = mt_builder_new(type, 1000, NULL);
    char bytes[1000] = {0};
    int i;

    for (i = 0; !mt_builder_full(b); i++) {
        mt_put_bytes(&b->columns[0].children[0], bytes, sizeof(bytes));
        mt_put_bytes(&b->columns[0].children[0], bytes, sizeof(bytes));
        mt_put_list(&b->columns[0]);
        mt_builder_commit(b, NULL);
    }
    OK(i > 400 && i <= MT_BATCH_BYTES / 2000 + 1,
       "a builder is full at 1 MiB of variable data");
    EQ_INT(mt_column_grow_bytes(&b->columns[0].children[0], INT32_MAX),
           MT_ENOMEM, "a column stays below 2 GiB");
    mt_builder_free(b);
    mt_type_unref(type);
}

/* ---- columns decoded later ----------------------------------------------- */

typedef struct counting_lazy {
    mt_lazy base;
    int decoded, freed, rows; /* rows: how many it gives, -1: it fails */
} counting_lazy;

static int decode_count(mt_lazy *self, const mt_batch *batch, int32_t column,
                        mt_column_builder *out, mt_error **err)
{
    counting_lazy *lazy = (counting_lazy *)self;
    int i, rows = lazy->rows ? lazy->rows : batch->rows;

    (void)column;
    lazy->decoded++;
    if (rows < 0)
        return mt_fail(err, MT_ERECORD, "cannot");
    for (i = 0; i < rows; i++)
        mt_put_i32(out, 10 * i);
    return 0;
}

static void count_free(mt_lazy *self)
{
    ((counting_lazy *)self)->freed++;
}

static void test_lazy(void)
{
    mt_type *type = parse_type("ROW<a INT, b INT>");
    mt_builder *b = mt_builder_new(type, 10, NULL);
    counting_lazy lazy = {{decode_count, count_free}, 0, 0, 0};
    const int32_t rows[] = {2, 0};
    mt_batch *batch = NULL, *taken;
    mt_error *err = NULL;
    int i;

    b->columns[1].skipped = 1;
    for (i = 0; i < 3; i++) {
        mt_put_i32(&b->columns[0], i);
        mt_builder_commit(b, NULL);
    }
    EQ_INT(mt_builder_seal(b, &batch, &err), MT_EINTERNAL,
           "a skipped column needs somebody to decode it");
    HAS_STR(message_of(&err), "'b'", "and is named");
    b->lazy = &lazy.base;
    mt_builder_seal(b, &batch, NULL);
    EQ_INT(batch->absent_len, 1, "it is absent");
    lazy.rows = -1;
    OK(!mt_batch_column(batch, 1, &err), "a decoder may fail");
    EQ_STR(message_of(&err), "cannot", "with its own words");
    lazy.rows = 2;
    OK(!mt_batch_column(batch, 1, &err), "or give too few rows");
    HAS_STR(message_of(&err), "2 rows in place of 3", "which is noticed");
    lazy.rows = 0;
    taken = mt_batch_take(batch, rows, 2, NULL);
    OK(((int32_t *)taken->columns[1].values)[0] == 20 && batch->absent_len == 0,
       "it is decoded when it is needed");
    mt_batch_column(batch, 1, NULL);
    EQ_INT(lazy.decoded, 3, "once");
    EQ_INT(lazy.freed, 1, "the decoder goes when nothing is left to decode");
    OK(!mt_batch_column(batch, 2, &err), "there is no third column");
    message_of(&err);
    mt_batch_unref(batch);
    EQ_INT(lazy.freed, 1, "and is not freed twice");
    b->columns[1].skipped = 1;
    b->lazy = &lazy.base;
    mt_put_i32(&b->columns[0], 0);
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    mt_batch_unref(batch);
    EQ_INT(lazy.freed, 2, "one that was never needed goes with its batch");
    mt_batch_unref(taken);
    mt_builder_free(b);
    mt_type_unref(type);
}

/* ---- buffers ----------------------------------------------------------- */

static void test_pool(uint64_t *rng)
{
    mt_buffer *held[64] = {NULL};
    mt__alloc_stats stats;
    int64_t before;
    bool aligned = true, room = true;
    int i;

    mt__alloc_read(&stats);
    before = stats.bytes_live;
    mt__buffer_pool_limit(1 << 20);
    for (i = 0; i < 3000; i++) {
        int k = (int)tap_below(rng, 64);
        size_t size = tap_random(rng) >> (40 + tap_below(rng, 24));

        mt__buffer_unref(held[k]);
        held[k] = mt__buffer_new(size);
        aligned &= (uintptr_t)mt__buffer_data(held[k]) % 64 == 0;
        room &= mt__buffer_capacity(held[k]) >= size;
        memset(mt__buffer_data(held[k]), i, size < 4096 ? size : 4096);
    }
    OK(aligned && room, "buffers are aligned and large enough");
    for (i = 0; i < 64; i++)
        mt__buffer_unref(held[i]);
    mt__alloc_read(&stats);
    OK(stats.bytes_live - before <= (1 << 20) + (1 << 20) / 8,
       "the pool keeps to its bound");
    mt__buffer_pool_limit(0);
    mt__alloc_read(&stats);
    EQ_INT(stats.bytes_live, before, "and can be emptied");
}

/* ---- threads ----------------------------------------------------------- */

#define SLOTS 8
static mt_batch *_Atomic slots[SLOTS];
static const mt_type *shared_type;

/* Builds batches, leaves them where any thread may find them, and frees those
 * that it finds. */
static void *exchange_batches(void *seed)
{
    uint64_t rng = (uint64_t)(uintptr_t)seed;
    mt_builder *b = mt_builder_new(shared_type, 64, NULL);
    uintptr_t good = 0;
    int i, k;

    for (i = 0; i < 300; i++) {
        mt_batch *mine = NULL, *other;
        int64_t first = (int64_t)(tap_random(&rng) >> 1);

        for (k = 0; k < 64; k++) {
            mt_put_i64(&b->columns[0], first + k);
            mt_put_bytes(&b->columns[1], "moon", 4);
        }
        mt_builder_commit(b, NULL);
        mt_builder_seal(b, &mine, NULL);
        other = atomic_exchange(&slots[tap_below(&rng, SLOTS)], mine);
        if (other) {
            const int64_t *v = other->columns[0].values;

            good += v[63] == v[0] + 63;
            mt_batch_unref(other);
        } else {
            good++;
        }
    }
    mt_builder_free(b);
    return (void *)good;
}

static void test_threads(void)
{
    mt_type *type = parse_type("ROW<a BIGINT, b STRING>");
    pthread_t threads[4];
    int i, good = 0;
    void *answer;

    mt__buffer_pool_limit(1 << 20);
    shared_type = type;
    for (i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, exchange_batches,
                       (void *)(uintptr_t)(i + 1));
    for (i = 0; i < 4; i++) {
        pthread_join(threads[i], &answer);
        good += (int)(uintptr_t)answer;
    }
    for (i = 0; i < SLOTS; i++)
        mt_batch_unref(atomic_exchange(&slots[i], NULL));
    EQ_INT(good, 4 * 300, "batches may be freed on any thread");
    mt_type_unref(type);
}

/* ---- memory ----------------------------------------------------------- */

/* `m` is the model, made while nothing failed. */
static bool build_take_project(uint64_t seed, const mt_type *type,
                               const model *m, bool *failed)
{
    const int32_t rows[] = {3, 1, 2, 70, 3};
    const int32_t from[] = {0, 1, 2, 3};
    mt_batch *batch, *taken = NULL, *projected = NULL;
    mt_error *err = NULL;
    model broken;
    bool good;

    batch = random_batch(&seed, type, 80, &broken, &err);
    if (batch)
        taken = mt_batch_take(batch, rows, 5, &err);
    if (taken)
        projected = mt_batch_project(taken, type, from, &err);
    *failed = mt__alloc_has_failed();
    mt__alloc_fail_at(0);
    good = projected && same_batch(projected, m, rows);
    if (!good && !err)
        NOTE("failed without an error");
    good = good || err;
    mt_error_free(err);
    mt_batch_unref(batch);
    mt_batch_unref(taken);
    mt_batch_unref(projected);
    model_fini(&broken);
    return good;
}

static void test_memory(uint64_t seed)
{
    uint64_t rng = seed;
    mt_type *type = parse_type(
        "ROW<a INT, b STRING, c ARRAY<ROW<x MAP<STRING, INT>>>, d BOOLEAN>");
    bool failed = true, good = true;
    int64_t live;
    model m;
    int n;

    mt_batch_unref(random_batch(&rng, type, 80, &m, NULL));
    live = live_blocks();
    for (n = 1; failed && good; n++) {
        mt__alloc_fail_at(n);
        good = build_take_project(seed, type, &m, &failed);
        good = good && live_blocks() == live;
    }
    OK(good, "each of %d allocations may fail", n - 2);
    model_fini(&m);
    mt_type_unref(type);
}

int main(void)
{
    uint64_t rng = tap_seed();
    int64_t live = live_blocks();

    test_pool(&rng);
    test_random(&rng);
    test_rollback(&rng);
    mt__buffer_pool_limit(MT_BUFFER_POOL_BYTES);
    test_random(&rng);
    test_invariants();
    test_small_batches();
    test_huge_value();
    test_full();
    test_lazy();
    test_threads();
    test_memory(tap_random(&rng));
    EQ_INT(live_blocks(), live, "nothing is left");
    return tap_done();
}
