/* What is done around scalar functions: NULLs, memory, errors.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/column.h"
#include "functions/bits.h"
#include "functions/host.h"
#include "tap.h"

enum { ROWS = 200 };

static mt_type *bigint, *text;

/* A function that writes the sum, and another that writes a text a row. */
static int run_sum(mt__fn_call *call, mt_error **err)
{
    int32_t i, a_step, b_step;
    const int64_t *a = mt__fn_values(&call->args[0], &a_step);
    const int64_t *b = mt__fn_values(&call->args[1], &b_step);
    int64_t *out = call->out->values;

    for (i = 0; i < call->rows; i++, a += a_step, b += b_step) {
        if (out[i] != 0)
            return mt_fail(err, MT_EINTERNAL, "not zeroed");
        if (mt__fn_wants(call, i) && *a == 13)
            return mt__fn_fail(call, i, err, "unlucky: '%d'", 13);
        out[i] = *a + *b;
    }
    return 0;
}

static int run_text(mt__fn_call *call, mt_error **err)
{
    int32_t i;

    (void)err;
    for (i = 0; i < call->rows; i++)
        if (i % 3 ? mt_put_bytes(call->out, "abc", 3) : mt_put_null(call->out))
            return MT_ENOMEM;
    return 0;
}

static int run_short(mt__fn_call *call, mt_error **err)
{
    (void)call;
    (void)err;
    return 0;
}

static const mt__function sum = {"SUM", true, NULL, run_sum, NULL};
static const mt__function texts = {"TEXTS", true, NULL, run_text, NULL};
static const mt__function cut = {"CUT", true, NULL, run_short, NULL};

/* Values i, NULL where bit i % 7 of `nulls` is set. */
static void fill(mt_column_builder *c, mt_column *column, unsigned nulls)
{
    int32_t i;

    mt__builder_restart(c);
    for (i = 0; i < ROWS; i++)
        if (nulls >> (i % 7) & 1)
            mt_put_null(c);
        else
            mt_put_i64(c, i);
    mt__builder_view(c, column);
}

typedef struct fixture {
    mt_column_builder a, b, one, out;
    mt_column a_column, b_column, one_column;
    mt__fn_arg args[2];
    mt__fn_call call;
} fixture;

static void begin(fixture *f, const mt_type *result)
{
    memset(f, 0, sizeof(*f));
    mt__column_builder_init(&f->a, bigint, 0);
    mt__column_builder_init(&f->b, bigint, 0);
    mt__column_builder_init(&f->one, bigint, 0);
    mt__column_builder_init(&f->out, result, 0);
    fill(&f->a, &f->a_column, 1u << 2);
    fill(&f->b, &f->b_column, 1u << 5);
    f->args[0] = (mt__fn_arg){bigint, &f->a_column, false};
    f->args[1] = (mt__fn_arg){bigint, &f->b_column, false};
    f->call = (mt__fn_call){
        .args = f->args, .args_len = 2, .rows = ROWS, .type = result};
}

static void end(fixture *f)
{
    mt__column_builder_fini(&f->a);
    mt__column_builder_fini(&f->b);
    mt__column_builder_fini(&f->one);
    mt__column_builder_fini(&f->out);
}

static bool is_null(const mt_column_builder *c, int32_t row)
{
    return !mt_bit(c->validity, row);
}

static void test_strict(void)
{
    uint8_t active[ROWS / 8];
    fixture f;
    mt_error *err = NULL;
    int32_t i, round, wrong = 0;

    begin(&f, bigint);
    memset(active, 0, sizeof(active));
    f.call.active = active;
    for (round = 0; round < 3; round++) {
        wrong += mt__function_run(&sum, &f.call, &f.out, &err) != 0;
        for (i = 0; i < ROWS; i++)
            wrong +=
                is_null(&f.out, i) != (i % 7 == 2 || i % 7 == 5) ||
                (!is_null(&f.out, i) && ((int64_t *)f.out.values)[i] != 2 * i);
    }
    EQ_INT(wrong, 0, "a strict result is NULL where an argument is");
    EQ_INT(f.out.nulls, 57, "and counted");
    fill(&f.a, &f.a_column, 0);
    fill(&f.b, &f.b_column, 0);
    mt__function_run(&sum, &f.call, &f.out, &err);
    EQ_INT(f.out.nulls, 0, "nothing stays of the NULLs of a batch before");

    f.call.active = NULL;
    EQ_INT(mt__function_run(&sum, &f.call, &f.out, &err), MT_ERECORD,
           "a row that is active may fail");
    EQ_INT(f.call.failed_row, 13, "and is told");
    EQ_STR(mt_error_message(err), "unlucky: '13'", "with the reason");
    mt_error_free(err);
    end(&f);
}

static void test_constants(void)
{
    fixture f;
    mt_error *err = NULL;

    begin(&f, bigint);
    mt_put_i64(&f.one, 100);
    mt__builder_view(&f.one, &f.one_column);
    f.args[0] = (mt__fn_arg){bigint, &f.one_column, true};
    fill(&f.b, &f.b_column, 0);
    mt__function_run(&sum, &f.call, &f.out, &err);
    EQ_INT(((int64_t *)f.out.values)[150], 250, "a constant stands for all");
    mt__builder_restart(&f.one);
    mt_put_null(&f.one);
    mt__builder_view(&f.one, &f.one_column);
    mt__function_run(&sum, &f.call, &f.out, &err);
    EQ_INT(f.out.nulls, ROWS, "and one that is NULL makes NULL of all");
    end(&f);
}

static void test_appended(void)
{
    fixture f;
    mt_error *err = NULL;
    int32_t i, wrong = 0;

    begin(&f, text);
    EQ_INT(mt__function_run(&texts, &f.call, &f.out, &err), 0,
           "a function may append");
    for (i = 0; i < ROWS; i++)
        wrong += is_null(&f.out, i) != (i % 3 == 0 || i % 7 == 2 || i % 7 == 5);
    EQ_INT(wrong, 0, "NULLs of its own are kept beside those of arguments");
    EQ_INT(mt__function_run(&cut, &f.call, &f.out, &err), MT_EINTERNAL,
           "but must append every row");
    mt_error_free(err);
    mt_column_grow_bytes(&f.out, 64 << 20);
    mt__builder_restart(&f.out);
    EQ_INT(f.out.bytes_max, 0, "what huge values took is given back");
    end(&f);
}

int main(void)
{
    bigint = mt_type_parse("BIGINT", NULL);
    text = mt_type_parse("STRING", NULL);
    test_strict();
    test_constants();
    test_appended();
    OK(mt__function_find("no such thing") == NULL, "no name is taken for one");
    OK(mt__function_find("=") != NULL, "names may be any text");
    mt_type_unref(bigint);
    mt_type_unref(text);
    return tap_done();
}
