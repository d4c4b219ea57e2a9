/* What a WatermarkStrategy says when, by a clock of our own.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/event_time.h"

#include "data/buffer.h"
#include "runtime/task.h"
#include "tap.h"

/* A task of two operators: the strategy, and one that notes watermarks. */
typedef struct stage {
    mt_task task;
    mt_operator ops[2];
    mt__event_time time;
    int64_t wake_ms;
} stage;

static int64_t heard_ms;
static int32_t heard_len;

static int hear(mt_operator *op, int64_t ms, mt_error **err)
{
    (void)op;
    (void)err;
    heard_ms = ms;
    heard_len++;
    return 0;
}

static const mt_operator_class hearer = {.kind = "hearer", .watermark = hear};
static const mt_node node = {.name = "node"};

static void start(stage *s, int64_t bound, int64_t interval, int64_t idle)
{
    memset(s, 0, sizeof(*s));
    s->task.ops = s->ops;
    s->task.ops_len = 2;
    s->ops[0].task = s->ops[1].task = &s->task;
    s->ops[0].cls = s->ops[1].cls = &hearer;
    s->ops[0].node = s->ops[1].node = &node;
    s->time.bound_ms = bound;
    s->time.interval_ms = interval;
    s->time.idle_ms = idle;
    mt__event_time_start(&s->time, 0);
    heard_ms = MT__NO_TIME;
    heard_len = 0;
}

static void note(stage *s, int64_t now_ms, int64_t a, int64_t b)
{
    int64_t stamps[2] = {a, b};
    mt_batch batch = {.rows = 2, .timestamps = stamps};

    mt__event_time_note(&s->time, s->ops, &batch, now_ms, NULL);
}

static void tend(stage *s, int64_t now_ms)
{
    s->wake_ms = INT64_MAX;
    mt__event_time_tend(&s->time, s->ops, now_ms, &s->wake_ms, NULL);
}

static void test_watermarks(void)
{
    stage s;

    start(&s, 10, 200, 0);
    tend(&s, 0);
    EQ_INT(s.wake_ms, 200, "the first watermark is due after the interval");
    note(&s, 1, 5000, 3000);
    tend(&s, 100);
    EQ_INT(heard_len, 0, "none is said before");
    tend(&s, 200);
    EQ_INT(heard_ms, 4989, "then the greatest time, less bound and 1 ms");
    EQ_INT(s.wake_ms, 400, "and the next is due");
    note(&s, 201, 4000, MT__NO_TIME);
    tend(&s, 400);
    EQ_INT(heard_len, 1, "it is not said again, and does not go back");
    note(&s, 401, 9000, 1);
    tend(&s, 650);
    EQ_INT(heard_ms, 8989, "it grows");
    EQ_INT(s.wake_ms, 850, "the interval counts from when it was said");
}

static void test_none(void)
{
    stage s;

    start(&s, -1, 200, 0);
    note(&s, 1, 5, 6);
    tend(&s, 1000);
    OK(heard_len == 0 && s.wake_ms == INT64_MAX, "no bound, no watermarks");
    start(&s, 0, 0, 0);
    note(&s, 1, 5, 6);
    tend(&s, 1000);
    OK(heard_len == 0 && s.wake_ms == INT64_MAX, "no interval, none either");
    start(&s, 10, 1, 0);
    note(&s, 1, INT64_MIN + 5, INT64_MIN + 3);
    tend(&s, 5);
    EQ_INT(heard_len, 0, "times near the least there is say nothing");
}

static void test_idle(void)
{
    stage s;

    start(&s, 0, 200, 50);
    tend(&s, 10);
    EQ_INT(s.wake_ms, 50, "it looks again when it may be idle");
    note(&s, 40, 5, 6);
    tend(&s, 50);
    OK(!s.time.idle && s.wake_ms == 90, "a record puts that off");
    tend(&s, 90);
    OK(s.time.idle, "silence makes it idle");
    EQ_INT(heard_ms, 5, "which says the last watermark first");
    tend(&s, 140);
    EQ_INT(s.wake_ms, 200, "and no more than once");
    note(&s, 150, 7, 8);
    OK(!s.time.idle, "a record ends it");
}

static mt_batch *new_batch(const mt_type *type)
{
    mt_builder *b = mt_builder_new(type, 2, NULL);
    mt_batch *batch = NULL;

    mt_put_i64(&b->columns[0], 7);
    mt_put_i64(&b->columns[0], 8);
    mt_builder_set_timestamp(b, 0, 1);
    mt_builder_set_timestamp(b, 1, 2);
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    mt_builder_free(b);
    return batch;
}

static void test_stamping(void)
{
    static const int64_t stamps[] = {50, 60};
    mt_type *type = mt_type_parse("BIGINT", NULL);
    mt_batch *batch = new_batch(type), *stamped;

    stamped = mt__event_time_stamp(mt_batch_ref(batch), stamps, NULL);
    OK(batch->timestamps[0] == 1 && batch->timestamps[1] == 2,
       "what others hold keeps its times");
    OK(stamped->timestamps[0] == 50 && stamped->timestamps[1] == 60,
       "the batch that goes on has the new ones");
    OK(stamped->columns[0].values == batch->columns[0].values,
       "and the same columns");
    mt_batch_unref(stamped);
    stamped = mt__event_time_stamp(batch, stamps, NULL);
    OK(stamped == batch && batch->timestamps[1] == 60,
       "a batch that nobody else holds is not copied");
    mt_batch_unref(stamped);
    mt_type_unref(type);
}

int main(void)
{
    test_watermarks();
    test_none();
    test_idle();
    test_stamping();
    return tap_done();
}
