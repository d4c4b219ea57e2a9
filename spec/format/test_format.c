/* Decoders and encoders: what the host adds to a format, seen with one of a
 * few lines ("shout": a text a message, refused when it is "bad").
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "format/format.h"

#include "base/alloc.h"
#include "data/buffer.h"
#include "format/plugin.h"
#include "tap.h"

/* ---- the format ---------------------------------------------------------- */

typedef struct shout_options {
    const char *suffix;
} shout_options;

typedef struct shout {
    const char *suffix;
    int32_t column;
} shout;

static int opened; /* decoders and encoders that are not closed */

static int shout_check(const void *options, const mt_fields *fields,
                       bool encode, mt_error **err)
{
    (void)options;
    (void)encode;
    if (fields->type->fields_len == 1)
        return 0;
    return mt_fail(err, MT_ETYPE, "format 'shout' takes one field");
}

static int shout_open(const void *options, const mt_fields *fields,
                      void **state, mt_error **err)
{
    shout *s = mt_calloc(sizeof(*s));

    if (!s)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    s->suffix = ((const shout_options *)options)->suffix;
    s->column = fields->columns[0];
    *state = s;
    opened++;
    return 0;
}

static void shout_close(void *state)
{
    if (!state)
        return;
    opened--;
    mt_free(state, sizeof(shout));
}

static int shout_decode(void *decoder, const mt_span *messages, int32_t len,
                        mt_builder *out, int32_t *rows, int32_t *done,
                        mt_error **err)
{
    shout *s = decoder;

    for (*done = 0; *done < len; ++*done) {
        const mt_span *m = &messages[*done];

        if (m->len == 3 && memcmp(m->data, "bad", 3) == 0)
            return mt_fail(err, MT_ERECORD, "this is bad");
        if (mt_put_bytes(&out->columns[s->column], m->data, m->len) < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory");
        rows[*done] = 1;
    }
    return 0;
}

static int shout_encode(void *encoder, mt_batch *batch, int32_t from,
                        int32_t to, mt_buf *out, size_t *ends, uint8_t *nulls,
                        int32_t *done, mt_error **err)
{
    shout *s = encoder;
    const mt_column *c = mt_batch_column(batch, s->column, err);
    int32_t row;

    for (*done = 0, row = from; c && row < to; row++, ++*done) {
        int32_t at = c->offsets[row], len = c->offsets[row + 1] - at;

        if (len == 0)
            return mt_fail(err, MT_ERECORD, "nothing to shout");
        mt_buf_append(out, (const char *)c->values + at, (size_t)len);
        mt_buf_printf(out, "%s", s->suffix);
        ends[*done] = out->len;
        nulls[*done] = 0;
    }
    return c ? 0 : MT_EINTERNAL;
}

static const mt_option shout_table[] = {
    {.name = "suffix",
     .type = MT_OPT_STRING,
     .offset = offsetof(shout_options, suffix),
     .def = "!"},
    {0},
};

static const mt_format shout_format = {
    .plugin = {.abi = MT_ABI,
               .size = sizeof(mt_format),
               .kind = MT_PLUGIN_FORMAT,
               .name = "shout",
               .options = shout_table,
               .options_size = sizeof(shout_options)},
    .check = shout_check,
    .decoder_open = shout_open,
    .decode = shout_decode,
    .decoder_close = shout_close,
    .encoder_open = shout_open,
    .encode = shout_encode,
    .encoder_close = shout_close,
};

static const mt_format deaf_format = {
    .plugin = {.abi = MT_ABI,
               .size = sizeof(mt_format),
               .kind = MT_PLUGIN_FORMAT,
               .name = "deaf",
               .options_size = 1},
    .kinds = 1u << MT_DELETE,
    .encode = shout_encode,
};

/* ---- what the tests share ------------------------------------------------ */

static const int32_t first_column[] = {0, 0};

static mt_format_ref reference(const char *name)
{
    return (mt_format_ref){.name = name, .prefix = "shout."};
}

static mt_span message(const char *text)
{
    return (mt_span){(const uint8_t *)text, strlen(text)};
}

static void test_decode(const mt_type *type)
{
    mt_fields fields = {type, first_column};
    mt_format_ref ref = reference("shout");
    mt_error *err = NULL;
    mt_decoder *d = mt_decoder_open(&ref, &fields, &err);
    mt_builder *b = mt_builder_new(type, 0, &err);
    mt_span messages[] = {message("a"), message("bad"), message("c")};
    int32_t rows[3], done = -1;
    size_t len;

    EQ_INT(mt_decoder_decode(d, messages, 3, b, rows, &done, &err), MT_ERECORD,
           "a bad message is refused");
    EQ_INT(done, 1, "at its place");
    OK(mt_error_record(err, &len) && len == 3 &&
           memcmp(mt_error_record(err, &len), "bad", 3) == 0,
       "with its text in the error");
    mt_error_free(err);
    err = NULL;
    EQ_INT(mt_decoder_decode(d, messages + 2, 1, b, rows, &done, &err), 0,
           "the ones after it are read");
    EQ_INT(mt_builder_commit(b, &err), 0, "and committed");
    EQ_INT(b->rows, 2, "with those before");
    EQ_INT(mt_decoder_skipped(d), 0, "nothing is skipped without a policy");
    mt_decoder_project(d, (const uint8_t[]){1});
    mt_builder_free(b);
    mt_decoder_close(d);
    mt_decoder_close(NULL);
}

static mt_batch *make_batch(const mt_type *type, const char *const *texts,
                            int32_t len)
{
    mt_builder *b = mt_builder_new(type, 0, NULL);
    mt_batch *batch = NULL;
    int32_t i;

    for (i = 0; i < len; i++)
        mt_put_bytes(&b->columns[0], texts[i], strlen(texts[i]));
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    mt_builder_free(b);
    return batch;
}

static void test_encode(const mt_type *type)
{
    const char *texts[] = {"a", "bc", "", "d"};
    const char *given[] = {"suffix", "?"};
    mt_fields fields = {type, first_column};
    mt_format_ref ref = reference("shout");
    mt_batch *batch = make_batch(type, texts, 4);
    mt_buf out = {0};
    mt_error *err = NULL;
    mt_encoder *e;
    size_t ends[4], len;
    uint8_t nulls[4];
    int32_t done;

    ref.options = (mt_strings){given, 2};
    e = mt_encoder_open(&ref, &fields, &err);
    EQ_INT(mt_encoder_encode(e, batch, 0, 4, &out, ends, nulls, &done, &err),
           MT_ERECORD, "a row that cannot be written is refused");
    EQ_INT(done, 2, "after those before it");
    OK(out.len == 5 && memcmp(out.data, "a?bc?", 5) == 0,
       "which are written as the options say");
    OK(mt_error_record(err, &len) && len == 2 &&
           memcmp(mt_error_record(err, &len), "s=", 2) == 0,
       "with the row's text in the error");
    mt_error_free(err);
    mt_encoder_close(e);
    mt_encoder_close(NULL);
    mt_batch_unref(batch);
    mt_buf_fini(&out);
}

static void refuses(const mt_format_ref *ref, const mt_type *type, int code,
                    const char *text)
{
    mt_fields fields = {type, first_column};
    mt_error *err = NULL;

    EQ_INT(mt_format_check(ref, &fields, false, &err), code, "refused");
    HAS_STR(mt_error_message(err), text, "saying: %s", text);
    mt_error_free(err);
    err = NULL;
    OK(!mt_decoder_open(ref, &fields, &err), "opening refuses it too");
    EQ_INT(mt_error_code(err), code, "with the same code");
    mt_error_free(err);
    EQ_INT(mt_format_check(ref, &fields, false, NULL), code,
           "also when nobody wants the words");
}

static void test_check(const mt_type *type)
{
    const char *given[] = {"sufix", "?"};
    mt_type *two = mt_type_parse("ROW<a STRING, b STRING>", NULL);
    mt_format_ref ref = reference("shout");
    mt_format_ref none = {0};
    mt_error *err = NULL;

    EQ_INT(mt_format_check(&ref, NULL, true, NULL), 0, "no fields yet");
    refuses(&ref, two, MT_ETYPE, "takes one field");
    ref.options = (mt_strings){given, 2};
    refuses(&ref, type, MT_EOPTION,
            "unknown option 'shout.sufix' of format 'shout', did you mean "
            "'shout.suffix'?");
    ref = reference("shoot");
    refuses(&ref, type, MT_ENOTFOUND, "did you mean 'shout'?");
    refuses(&none, type, MT_EOPTION, "set the option 'format'");
    ref = reference("deaf");
    refuses(&ref, type, MT_EUNSUPPORTED,
            "not supported yet: reading with format 'deaf'");

    ref = reference("shout");
    EQ_INT(mt_format_kinds(&ref, &err), 1 << MT_INSERT,
           "insertions if nothing else is said");
    ref = reference("deaf");
    EQ_INT(mt_format_kinds(&ref, &err), 1 << MT_DELETE, "else what is said");
    EQ_INT(mt_format_kinds(&none, &err), 0, "nothing without a format");
    mt_error_free(err);
    mt_type_unref(two);
}

static int64_t live_blocks(void)
{
    mt__alloc_stats stats;

    mt__alloc_read(&stats);
    return stats.blocks_live;
}

static void test_without_memory(const mt_type *type)
{
    mt_fields fields = {type, first_column};
    mt_format_ref ref = reference("shout");
    int64_t before = live_blocks();
    bool failed = true, right = true;
    int n;

    for (n = 1; failed && n < 100; n++) {
        mt_error *err = NULL;
        mt_decoder *d;

        mt__alloc_fail_at(n);
        d = mt_decoder_open(&ref, &fields, &err);
        failed = mt__alloc_has_failed();
        mt__alloc_fail_at(0);
        right &= d ? !err : mt_error_code(err) == MT_ENOMEM;
        mt_decoder_close(d);
        mt_error_free(err);
    }
    OK(right && n > 3 && n < 100, "every allocation has failed once");
    EQ_INT(live_blocks(), before, "nothing is lost");
}

int main(void)
{
    int64_t before = live_blocks();
    mt_type *type = mt_type_parse("ROW<s STRING>", NULL);

    mt__plugin_register(&shout_format.plugin, NULL);
    mt__plugin_register(&deaf_format.plugin, NULL);
    test_decode(type);
    test_encode(type);
    test_check(type);
    test_without_memory(type);
    mt_type_unref(type);
    mt__buffer_pool_limit(0);
    EQ_INT(opened, 0, "all that was opened is closed");
    EQ_INT(live_blocks(), before, "nothing is left");
    return tap_done();
}
