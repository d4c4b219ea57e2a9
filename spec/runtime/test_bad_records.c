/* What becomes of records that cannot be read.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/job.h"
#include "tap.h"

/* A context of a job that never runs. */
static mt_job job;
static mt_task task;
static mt__plan_node node;
static mt_context ctx;

static void make_context(void)
{
    job.name = "a job";
    node.decl.name = "Source: \"s\"";
    task.job = &job;
    ctx.task = &task;
    ctx.node = &node;
    mt__metrics_init(&job.metrics, NULL);
}

static int take(mt_bad_records *b, const char *bytes, size_t len,
                mt_error **err)
{
    mt_span record = {(const uint8_t *)bytes, len};

    mt_fail(err, MT_ERECORD, "not a \"number\"");
    return mt_bad_records_take(b, record, "topic t, offset 1", err);
}

static const char *checked(const char *policy, bool topics)
{
    static char text[400];
    mt_error *err = NULL;
    int rc = mt_bad_records_check(policy, topics, &err);

    snprintf(text, sizeof(text), "%s", rc < 0 ? mt_error_message(err) : "ok");
    mt_error_free(err);
    return text;
}

static void test_options(void)
{
    EQ_STR(checked("fail", false), "ok", "fail");
    EQ_STR(checked("skip", false), "ok", "skip");
    EQ_STR(checked("file:/x", false), "ok", "a file");
    EQ_STR(checked("topic:t", true), "ok", "a topic");
    HAS_STR(checked("topic:t", false), "has no topics", "not everywhere");
    HAS_STR(checked("drop", true), "must be 'fail', 'skip', 'file:PATH' or",
            "anything else is refused");
    HAS_STR(checked("file:", true), "must be", "so is a file without a name");
}

static void test_fail(void)
{
    mt_bad_records *b = mt_bad_records_open(&ctx, "fail", NULL);
    mt_error *err = NULL;

    EQ_INT(take(b, "x", 1, &err), MT_ERECORD, "fail gives the error back");
    HAS_STR(mt_error_message(err), "not a \"number\"", "as it was");
    EQ_STR(mt_error_place(err), "topic t, offset 1", "with the position");
    mt_error_free(err);
    mt_bad_records_close(b);
}

static void test_skip(void)
{
    mt_bad_records *b = mt_bad_records_open(&ctx, "skip", NULL);
    mt_error *err = NULL;

    EQ_INT(take(b, "x", 1, &err), 0, "skip goes on");
    OK(!err, "and the error is gone");
    OK(!mt_bad_records_topic(b), "there is no topic");
    mt_bad_records_close(b);
    b = mt_bad_records_open(&ctx, "topic:dead", NULL);
    EQ_STR(mt_bad_records_topic(b), "dead", "but with one there is");
    EQ_INT(take(b, "x", 1, &err), 0, "which the connector has written by then");
    mt_bad_records_close(b);
}

static void test_file(void)
{
    char path[] = "/tmp/moontide-bad-XXXXXX", option[64], text[2048] = "";
    mt_bad_records *b;
    mt_error *err = NULL;
    FILE *file;

    close(mkstemp(path));
    snprintf(option, sizeof(option), "file:%s", path);
    b = mt_bad_records_open(&ctx, option, &err);
    EQ_INT(take(b, "a\"\n", 3, &err), 0, "a file takes records");
    take(b, "\xff\x00z!", 4, &err);
    take(b, NULL, 0, &err);
    EQ_INT(mt_bad_records_flush(b, &err), 0, "and is written at a barrier");
    file = fopen(path, "r");
    OK(fread(text, 1, sizeof(text) - 1, file) > 0, "so that it can be read");
    fclose(file);
    HAS_STR(text,
            "\"job\":\"a job\",\"operator\":\"Source: \\\"s\\\"\","
            "\"position\":\"topic t, offset 1\","
            "\"error\":\"not a \\\"number\\\"\",\"record\":\"a\\\"\\u000a\"}\n",
            "a line has job, operator, position, error and the text");
    HAS_STR(text, "\"record_base64\":\"/wB6IQ==\"}\n", "bytes are in base64");
    HAS_STR(text, "\"record\":null}\n", "a null message is null");
    mt_bad_records_close(b);
    unlink(path);
    OK(!mt_bad_records_open(&ctx, "file:/nowhere/at/all", &err),
       "a file that cannot be opened is told at once");
    HAS_STR(mt_error_message(err), "No such file or directory", "with why");
    mt_error_free(err);
}

static void test_full_disk(void)
{
    mt_bad_records *b = mt_bad_records_open(&ctx, "file:/dev/full", NULL);
    mt_error *err = NULL;
    int i, rc = 0;

    for (i = 0; i < 1000 && rc == 0; i++)
        rc = take(b, "123456789012345678901234567890", 30, &err);
    EQ_INT(rc, MT_EIO, "a full disk fails the job");
    OK(i > 100, "when what waits comes to 64 KiB");
    HAS_STR(mt_error_message(err), "No space left", "with why");
    mt_error_free(err);
    mt_bad_records_close(b);
}

int main(void)
{
    make_context();
    test_options();
    test_fail();
    test_skip();
    test_file();
    test_full_disk();
    mt__metrics_fini(&job.metrics);
    return tap_done();
}
