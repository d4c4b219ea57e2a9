/* feed.h - an operator that makes given batches, and one that notes in words
 * what comes to it, for the unit programs of single operators.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FEED_H
#define MT_FEED_H

#include <stdio.h>

#include "moontide.h"
#include "runtime/operator.h"
#include "tap.h"

/* What "feed" makes: a batch a line, a row a word, fields after commas; "-" is
 * NULL, "idle" a pause of 30 ms without a record. */
static const char *feed_lines;
static int64_t feed_rests_until_ms;
/* What "hear" heard: rows as "1,2@timestamp", watermarks as "w5". */
static char heard[8192];

static int feed_field(mt_column_builder *c, const char *text)
{
    if (strcmp(text, "-") == 0)
        return mt_put_null(c);
    if (c->type->form == MT_FORM_FIXED && c->type->width == 8)
        return mt_put_i64(c, atoll(text));
    if (c->type->form == MT_FORM_FIXED && c->type->width == 16) {
        mt_timestamp9 v = {.millis = atoll(text)};

        return mt_put_timestamp9(c, v);
    }
    return mt_put_bytes(c, text, strlen(text));
}

/* One line as rows of `b`. */
static void feed_rows(mt_builder *b, char *line)
{
    char *row, *rest = line;
    int32_t i;

    while ((row = strsep(&rest, " "))) {
        for (i = 0; i < b->columns_len; i++)
            feed_field(&b->columns[i], strsep(&row, ","));
    }
}

static int feed_poll(mt_operator *op, int64_t *wake_ms, mt_error **err)
{
    const char **at = (const char **)&op->state;
    char line[1024];
    size_t len;
    mt_builder *b;
    mt_batch *batch = NULL;
    int rc;

    if (!*at)
        *at = feed_lines;
    if (mt_now_ms() < feed_rests_until_ms) {
        *wake_ms = feed_rests_until_ms;
        return MT_FLOW_WAIT;
    }
    len = strcspn(*at, "\n");
    snprintf(line, sizeof(line), "%.*s", (int)len, *at);
    *at += len + ((*at)[len] == '\n');
    if (strcmp(line, "idle") == 0) {
        *wake_ms = feed_rests_until_ms = mt_now_ms() + 30;
        return MT_FLOW_WAIT;
    }
    if (!*line)
        return MT_FLOW_DONE;
    b = mt_builder_new(op->output, 0, err);
    feed_rows(b, line);
    mt_builder_commit(b, err);
    rc = mt_builder_seal(b, &batch, err);
    mt_builder_free(b);
    if (rc == 0)
        rc = mt_operator_emit(op, batch, err);
    return rc < 0 ? rc : MT_FLOW_MORE;
}

static const mt_operator_class feed_class = {.kind = "feed", .poll = feed_poll};

__attribute__((format(printf, 1, 2))) static void hear(const char *fmt, ...)
{
    size_t len = strlen(heard);
    va_list args;

    va_start(args, fmt);
    vsnprintf(heard + len, sizeof(heard) - len, fmt, args);
    va_end(args);
}

static int hear_process(mt_operator *op, int32_t input, mt_batch *batch,
                        mt_error **err)
{
    mt_buf text = {0};
    int32_t i, row;

    (void)op;
    (void)input;
    if (mt_batch_complete(batch, err) < 0)
        return mt_error_code(*err);
    for (row = 0; row < batch->rows; row++) {
        text.len = 0;
        for (i = 0; i < batch->columns_len; i++) {
            const mt_column *c = &batch->columns[i];

            if (i > 0)
                mt_buf_byte(&text, ',');
            if (mt_column_is_null(c, row))
                mt_buf_byte(&text, '-');
            else
                mt_text_value(mt_type_column(batch->type, i), c, row, &text);
        }
        hear("%.*s", (int)text.len, (const char *)text.data);
        if (batch->timestamps)
            hear("@%lld", (long long)batch->timestamps[row]);
        hear(" ");
    }
    mt_buf_fini(&text);
    mt_batch_unref(batch);
    return 0;
}

static int hear_watermark(mt_operator *op, int64_t ms, mt_error **err)
{
    (void)op;
    (void)err;
    if (ms == INT64_MAX)
        hear("end");
    else
        hear("w%lld ", (long long)ms);
    return 0;
}

static const mt_operator_class hear_class = {
    .kind = "hear", .process = hear_process, .watermark = hear_watermark};

/* Runs feed -> the node -> hear; what was heard, or the error. */
__attribute__((unused)) static const char *
feed_through(const char *input, const char *lines, const mt_node *node)
{
    mt_node feed = {.kind = "feed",
                    .name = "feed",
                    .type = input,
                    .physical_len = -1,
                    .parallelism = 1,
                    .buffer_timeout_ms = MT_UNSET};
    mt_node last = feed, middle = *node;
    mt_plan *plan = mt_plan_new("feed", NULL);
    mt_error *err = NULL;
    mt_job *job = NULL;

    mt_operator_register(&feed_class);
    mt_operator_register(&hear_class);
    feed_lines = lines;
    heard[0] = '\0';
    middle.name = middle.kind;
    middle.physical_len = -1;
    middle.parallelism = 1;
    middle.buffer_timeout_ms = MT_UNSET;
    last.kind = last.name = "hear";
    last.type = node->type;
    mt_plan_add(plan, &feed, &err);
    if (!err)
        mt_plan_add(plan, &middle, &err);
    if (!err)
        mt_plan_add(plan, &last, &err);
    if (!err)
        mt_plan_connect(plan, 1, 2, 0, MT_SHIP_FORWARD, NULL, 0, &err);
    if (!err)
        mt_plan_connect(plan, 2, 3, 0, MT_SHIP_FORWARD, NULL, 0, &err);
    if (!err)
        job = mt_job_start(plan, &err);
    mt_plan_free(plan);
    if (job && mt_job_wait(job, 10000, &err) == 0)
        hear("still running");
    mt_job_free(job);
    if (err)
        snprintf(heard, sizeof(heard), "%s", mt_error_message(err));
    mt_error_free(err);
    return heard;
}

#endif
