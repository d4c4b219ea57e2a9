/* Keys: equal values hash alike and compare as equal, wherever they stand; the
 * order is one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/key.h"

#include <math.h>

#include "random_data.h"

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

/* The same rows in another order and another batch. */
static void test_random(uint64_t *rng)
{
    int round, i, k, hashed = 0, ordered = 0, wrong_order = 0, collisions = 0;
    enum { ROWS = 60, ROUNDS = 60 };

    for (round = 0; round < ROUNDS; round++) {
        mt_type *type = random_record(rng, 1, 3);
        const mt_type *t = mt_type_column(type, 0);
        uint64_t h[ROWS] = {0}, g[ROWS] = {0};
        int32_t rows[ROWS];
        mt_batch *a, *b;
        const mt_column *x, *y;
        bool same = true, total = true;
        model m;

        a = random_batch(rng, type, ROWS, &m, NULL);
        for (i = 0; i < ROWS; i++)
            rows[i] = (int32_t)tap_below(rng, ROWS);
        b = mt_batch_take(a, rows, ROWS, NULL);
        x = &a->columns[0];
        y = &b->columns[0];
        mt_column_hash(x, t, ROWS, h);
        mt_column_hash(y, t, ROWS, g);
        for (i = 0; i < ROWS; i++) {
            same = same && g[i] == h[rows[i]] &&
                   mt_column_compare(t, y, i, x, rows[i]) == 0;
            for (k = 0; k < ROWS; k++) {
                int order = sign(mt_column_compare(t, x, i, x, k));
                int third = (int)tap_below(rng, ROWS);

                total =
                    total && order == -sign(mt_column_compare(t, x, k, x, i));
                if (order <= 0 && mt_column_compare(t, x, k, x, third) <= 0)
                    wrong_order += mt_column_compare(t, x, i, x, third) > 0;
                if (order == 0)
                    same = same && h[i] == h[k];
                else
                    collisions += h[i] == h[k];
            }
        }
        hashed += same;
        ordered += total;
        mt_batch_unref(a);
        mt_batch_unref(b);
        model_fini(&m);
        mt_type_unref(type);
    }
    EQ_INT(hashed, ROUNDS, "equal values hash alike");
    EQ_INT(ordered, ROUNDS, "what is below is not above");
    EQ_INT(wrong_order, 0, "and below what is above that");
    EQ_INT(collisions, 0, "different values hash differently");
}

static void test_numbers(void)
{
    static const double values[] = {-INFINITY, -1, -0.0, 0.0, 1, INFINITY, NAN};
    mt_type *type = parse_type("DOUBLE");
    mt_builder *b = mt_builder_new(type, 10, NULL);
    uint64_t h[8] = {0};
    mt_batch *batch = NULL;
    const mt_column *c;
    int i, good = 0;

    mt_put_null(&b->columns[0]);
    for (i = 0; i < 7; i++)
        mt_put_f64(&b->columns[0], values[i]);
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    c = &batch->columns[0];
    for (i = 0; i < 7; i++)
        good += mt_column_compare(type, c, i, c, i + 1) == (i == 3 ? 0 : -1);
    EQ_INT(good, 7, "NULL first, NaN last, -0.0 is 0.0");
    OK(mt_column_compare(type, c, 7, c, 7) == 0 &&
           mt_column_compare(type, c, 0, c, 0) == 0,
       "NaN is NaN and NULL is NULL");
    mt_column_hash(c, type, 8, h);
    OK(h[3] == h[4], "both zeros hash alike");
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_type_unref(type);
}

/* A number hashes alike in any width. */
static void test_widths(uint64_t *rng)
{
    static const char *const names[] = {"TINYINT", "SMALLINT", "INT", "BIGINT"};
    uint64_t h[4][50] = {{0}};
    int64_t v[50];
    int i, k, good = 0;

    for (i = 0; i < 50; i++)
        v[i] = random_integer(rng, 8);
    for (k = 0; k < 4; k++) {
        mt_type *type = parse_type(names[k]);
        mt_builder *b = mt_builder_new(type, 50, NULL);
        mt_column_builder *c = &b->columns[0];
        mt_batch *batch = NULL;

        for (i = 0; i < 50; i++) {
            if (k == 0)
                mt_put_i8(c, (int8_t)v[i]);
            else if (k == 1)
                mt_put_i16(c, (int16_t)v[i]);
            else if (k == 2)
                mt_put_i32(c, (int32_t)v[i]);
            else
                mt_put_i64(c, v[i]);
        }
        mt_builder_commit(b, NULL);
        mt_builder_seal(b, &batch, NULL);
        mt_column_hash(&batch->columns[0], type, 50, h[k]);
        good += memcmp(h[k], h[0], sizeof(h[0])) == 0;
        mt_batch_unref(batch);
        mt_builder_free(b);
        mt_type_unref(type);
    }
    EQ_INT(good, 4, "whole numbers hash alike in any width");
}

/* {a=1, b=2} is {b=2, a=1}. */
static void test_maps(void)
{
    mt_type *type = parse_type("MAP<STRING, INT>");
    mt_builder *b = mt_builder_new(type, 10, NULL);
    mt_column_builder *c = &b->columns[0];
    uint64_t h[3] = {0};
    mt_batch *batch = NULL;
    int i;

    for (i = 0; i < 3; i++) {
        mt_put_bytes(&c->children[0], i == 1 ? "b" : "a", 1);
        mt_put_i32(&c->children[1], i == 1 ? 2 : 1);
        mt_put_bytes(&c->children[0], i == 1 ? "a" : "b", 1);
        mt_put_i32(&c->children[1], i == 1 ? 1 : i == 2 ? 3 : 2);
        mt_put_list(c);
    }
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    mt_column_hash(&batch->columns[0], type, 3, h);
    OK(h[0] == h[1] && h[0] != h[2], "entries hash in any order");
    OK(mt_column_compare(type, &batch->columns[0], 0, &batch->columns[0], 1) ==
           0,
       "and are equal in any order");
    OK(mt_column_compare(type, &batch->columns[0], 1, &batch->columns[0], 2) <
           0,
       "another value is another map");
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_type_unref(type);
}

int main(void)
{
    uint64_t rng = tap_seed();
    int64_t live = live_blocks();

    test_random(&rng);
    test_numbers();
    test_widths(&rng);
    test_maps();
    EQ_INT(live_blocks(), live, "nothing is left");
    return tap_done();
}
