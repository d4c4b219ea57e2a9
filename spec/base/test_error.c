/* Errors: causes, notes, copies, texts, and what happens without memory.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include "base/alloc.h"
#include "base/secret.h"
#include "tap.h"

static int64_t live_blocks(void)
{
    mt__alloc_stats stats;

    mt__alloc_read(&stats);
    return stats.blocks_live;
}

static void test_parts(void)
{
    mt_error *err = NULL;
    size_t len;

    EQ_INT(mt_fail(&err, MT_EIO, "connection to %s refused", "b:1"), MT_EIO,
           "failing gives the code");
    mt_error_set_option(err, "bootstrap");
    EQ_INT(mt_fail_context(&err, "cannot open topic '%s'", "t"), MT_EIO,
           "context keeps the code");
    mt_error_set_option(err, "later");
    mt_error_set_operator(err, "Source: t");
    mt_error_set_record(err, "a\nb", 3, "offset 4");

    EQ_STR(mt_error_message(err), "cannot open topic 't'", "outer message");
    EQ_STR(mt_error_message(mt_error_cause(err)), "connection to b:1 refused",
           "the cause is kept");
    OK(!mt_error_cause(mt_error_cause(err)), "the chain ends");
    EQ_STR(mt_error_option(err), "bootstrap", "the first note wins");
    EQ_STR(mt_error_operator(err), "Source: t", "operator is noted");
    EQ_STR(mt_error_place(err), "offset 4", "place is noted");
    OK(memcmp(mt_error_record(err, &len), "a\nb", 3) == 0 && len == 3,
       "record is noted");
    mt_error_free(err);
}

static void test_text(void)
{
    mt_error *err = NULL;
    mt_buf out = {0};

    mt_fail(&err, MT_ERECORD, "no number");
    mt_fail_context(&err, "bad message");
    mt_error_set_operator(err, "Source: t");
    mt_error_set_record(err, "{\x01\n\"\xC3\xA9\xFF", 7, "offset 4");
    mt_error_text(err, &out);
    mt_buf_byte(&out, 0);
    EQ_STR((char *)out.data,
           "bad message: no number\n  operator: Source: t\n  at: offset 4\n"
           "  record: {\\x01\\n\"\xC3\xA9\\xFF",
           "the text shows every part");
    mt_buf_fini(&out);
    mt_error_free(err);
}

static void test_copy(void)
{
    mt_error *err = NULL, *copy;
    mt_buf a = {0}, b = {0};

    mt_fail(&err, MT_ERECORD, "inner");
    mt_fail_context(&err, "outer");
    mt_error_set_record(err, "xyz", 3, "here");
    mt_error_set_option(err, "o");
    mt_error_text(err, &a);
    copy = mt__error_copy(err);
    mt_error_free(err);
    mt_error_text(copy, &b);
    OK(a.len == b.len && memcmp(a.data, b.data, a.len) == 0,
       "a copy says the same after the original is gone");
    EQ_INT(mt_error_code(copy), MT_ERECORD, "a copy keeps the code");
    OK(!mt__error_copy(NULL), "the copy of nothing is nothing");
    mt_error_free(copy);
    mt_buf_fini(&a);
    mt_buf_fini(&b);
}

static void test_corners(void)
{
    mt_error *err = NULL;
    char long_record[2000];
    size_t len;

    EQ_INT(mt_fail(NULL, MT_EIO, "nobody listens"), MT_EIO, "err may be NULL");
    EQ_INT(mt_error_code(NULL), MT_OK, "no error is OK");
    EQ_STR(mt_error_message(NULL), "", "no error says nothing");
    mt_error_set_operator(NULL, "x");
    mt_error_free(NULL);

    mt_fail(&err, MT_EIO, "first");
    mt_fail(&err, MT_ETYPE, "second");
    EQ_STR(mt_error_message(mt_error_cause(err)), "first",
           "an error that was there becomes the cause");
    memset(long_record, 'x', sizeof(long_record));
    mt_error_set_record(err, long_record, sizeof(long_record), NULL);
    mt_error_record(err, &len);
    EQ_INT(len, 512, "records are cut");
    mt_error_free(err);

    EQ_STR(mt_code_name(MT_EIO), "IO", "codes have names");
    EQ_STR(mt_code_name(MT_OK), "OK", "also the good one");
    EQ_STR(mt_code_name(77), "UNKNOWN", "and those that do not exist");
}

/* What a failing operation does, from its error to its copy. */
static void use_errors(mt_buf *text)
{
    mt_error *err = NULL, *copy;

    mt_fail(&err, MT_EIO, "inner %d", 1);
    mt_fail_context(&err, "outer");
    mt_error_set_operator(err, "op");
    mt_error_set_record(err, "r", 1, "p");
    copy = mt__error_copy(err);
    mt_error_text(copy, text);
    OK(mt_error_code(err) == MT_EIO || mt_error_code(err) == MT_ENOMEM,
       "the code is the fault's, or says that memory ran out");
    mt_error_free(copy);
    mt_error_free(err);
}

static void test_without_memory(void)
{
    int64_t before = live_blocks();
    bool failed = true;
    int n;

    for (n = 1; failed && n < 100; n++) {
        mt_buf text = {0};

        mt__alloc_fail_at(n);
        use_errors(&text);
        failed = mt__alloc_has_failed();
        mt__alloc_fail_at(0);
        mt_buf_fini(&text);
    }
    OK(n > 5 && n < 100, "every allocation of an error has failed once");
    EQ_INT(live_blocks(), before, "and nothing was lost");
}

static void test_secrets(void)
{
    mt_error *err = NULL;

    mt__secret_add("hunter2000");
    mt__secret_add("ab");
    mt_fail(&err, MT_EIO, "login hunter2000/ab at cab ab refused");
    EQ_STR(mt_error_message(err), "login ****/**** at cab **** refused",
           "secrets are masked, short ones as words");
    mt_error_free(err);
    err = NULL;
    mt__secret_add("hunter2000-more");
    mt_fail(&err, MT_EIO, "<hunter2000-more>");
    EQ_STR(mt_error_message(err), "<****>", "the longest secret wins");
    mt_error_free(err);
    mt__secret_clear();
    OK(!mt__secret_any(), "secrets can be forgotten");
}

static void test_secret_bound(void)
{
    char value[32], *masked;
    int i;

    for (i = 0; i < MT__SECRETS_MAX + 10; i++) {
        snprintf(value, sizeof(value), "secret-%d-", i);
        mt__secret_add(value);
    }
    masked = mt__secret_mask("secret-3- secret-500-");
    EQ_STR(masked, "secret-3- ****", "the oldest secrets make room");
    mt_strfree(masked);
    mt__secret_clear();
}

int main(void)
{
    int64_t before = live_blocks();

    test_parts();
    test_text();
    test_copy();
    test_corners();
    test_without_memory();
    test_secrets();
    test_secret_bound();
    EQ_INT(live_blocks(), before, "no error is left behind");
    return tap_done();
}
