/* The formats that carry changes of rows as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "format_test.h"

#define TYPE "ROW<id BIGINT, name STRING, n INT>"

static const char *const kinds[] = {"+I", "-U", "+U", "-D"};

/* The rows of some messages: "+I[1, a, 2]", each with a '|' behind it; an error
 * gives "!" and its message behind the rows before it. In one static place. */
static const char *rows_of(const char *format, const char *options,
                           const mt_span *messages, int32_t len)
{
    static char text[8192];
    mt_type *type = type_of(TYPE);
    mt_error *err = NULL;
    mt_decoder *d = open_decoder(format, options, type, &err);
    mt_builder *b = mt_builder_new(type, 64, NULL);
    mt_batch *batch = NULL;
    int32_t rows[16] = {0}, done = 0, i, f, sum = 0;
    mt_buf out = {0};

    if (d && mt_decoder_decode(d, messages, len, b, rows, &done, &err) >= -99) {
        mt_builder_commit(b, NULL);
        mt_builder_seal(b, &batch, NULL);
    }
    for (i = 0; batch && i < batch->rows; i++) {
        mt_buf_printf(&out, "%s[", kinds[mt_batch_kind(batch, i)]);
        for (f = 0; f < 3; f++) {
            mt_buf_printf(&out, f ? ", " : "");
            mt_text_value(type->fields[f].type, &batch->columns[f], i, &out);
        }
        mt_buf_printf(&out, "]|");
    }
    for (i = 0; i < done; i++)
        sum += rows[i];
    if (batch && sum != batch->rows)
        mt_buf_printf(&out, "(%d rows told)", sum);
    snprintf(text, sizeof(text), "%.*s%s%s", (int)out.len,
             out.data ? (const char *)out.data : "", err ? "!" : "",
             err ? mt_error_message(err) : "");
    mt_error_free(err);
    mt_buf_fini(&out);
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_decoder_close(d);
    mt_type_unref(type);
    return text;
}

static const char *rows_of_one(const char *format, const char *options,
                               const char *message)
{
    mt_span span = span_of(message);

    return rows_of(format, options, &span, 1);
}

static const struct {
    const char *format, *options, *message, *want;
} cases[] = {
    {"debezium-json", "",
     "{\"before\":null,\"after\":{\"id\":1,\"name\":\"a\",\"n\":2},\"op\":"
     "\"c\",\"ts_ms\":1}",
     "+I[1, a, 2]|"},
    {"debezium-json", "", "{\"op\":\"r\",\"after\":{\"id\":1}}",
     "+I[1, null, null]|"},
    {"debezium-json", "",
     "{\"before\":{\"id\":1,\"n\":2},\"after\":{\"id\":1,\"n\":3},\"op\":"
     "\"u\"}",
     "-U[1, null, 2]|+U[1, null, 3]|"},
    {"debezium-json", "", "{\"before\":{\"id\":1},\"after\":null,\"op\":\"d\"}",
     "-D[1, null, null]|"},
    {"debezium-json", "schema-include=true",
     "{\"schema\":{},\"payload\":{\"after\":{\"id\":1},\"op\":\"c\"}}",
     "+I[1, null, null]|"},
    {"debezium-json", "", NULL, ""},
    {"debezium-json", "", "{\"op\":\"t\"}", ""},
    {"debezium-json", "", "{\"after\":{\"id\":1},\"op\":\"u\"}",
     "!REPLICA IDENTITY FULL"},
    {"debezium-json", "", "{\"after\":{\"id\":1},\"op\":\"x\"}",
     "!\"op\" of the message is unknown: 'x'"},
    {"debezium-json", "", "{\"after\":{\"id\":1}}", "!no \"op\""},
    {"debezium-json", "ignore-parse-errors=true", "{\"op\":\"x\"}", ""},
    {"debezium-json", "ignore-parse-errors=true", "no json", ""},
    {"debezium-json", "timestamp-format.standard=ISO", "{}", "!ISO"},
    {"ogg-json", "",
     "{\"before\":{\"id\":1},\"after\":{\"id\":2},\"op_type\":\"U\"}",
     "-U[1, null, null]|+U[2, null, null]|"},
    {"ogg-json", "", "{\"after\":{\"id\":2},\"op_type\":\"I\"}",
     "+I[2, null, null]|"},
    {"ogg-json", "", "{\"before\":{\"id\":2},\"op_type\":\"D\"}",
     "-D[2, null, null]|"},
    {"maxwell-json", "",
     "{\"data\":{\"id\":1,\"name\":\"a\",\"n\":null},\"type\":\"insert\"}",
     "+I[1, a, null]|"},
    /* n was NULL, name did not change */
    {"maxwell-json", "",
     "{\"data\":{\"id\":1,\"name\":\"a\",\"n\":2},\"old\":{\"n\":null},"
     "\"type\":\"update\"}",
     "-U[1, a, null]|+U[1, a, 2]|"},
    {"maxwell-json", "", "{\"data\":{\"id\":1},\"type\":\"delete\"}",
     "-D[1, null, null]|"},
    {"maxwell-json", "", "{\"data\":{\"id\":1},\"type\":\"update\"}",
     "!no \"old\""},
    {"maxwell-json", "", "{\"type\":\"bootstrap-start\"}", ""},
    {"canal-json", "",
     "{\"data\":[{\"id\":\"1\",\"name\":\"a\"},{\"id\":\"2\"}],\"type\":"
     "\"INSERT\"}",
     "+I[1, a, null]|+I[2, null, null]|"},
    {"canal-json", "",
     "{\"data\":[{\"id\":1,\"name\":\"b\",\"n\":1},{\"id\":2,\"n\":5}],"
     "\"old\":[{\"name\":null},{\"n\":4,\"id\":3}],\"type\":\"UPDATE\"}",
     "-U[1, null, 1]|+U[1, b, 1]|-U[3, null, 4]|+U[2, null, 5]|"},
    {"canal-json", "", "{\"data\":[{\"id\":1}],\"type\":\"DELETE\"}",
     "-D[1, null, null]|"},
    {"canal-json", "", "{\"data\":null,\"type\":\"CREATE\"}", ""},
    {"canal-json", "table.include=t.*",
     "{\"data\":[{\"id\":1}],\"type\":\"INSERT\",\"table\":\"u\"}", ""},
    {"canal-json", "table.include=t.*;database.include=d",
     "{\"data\":[{\"id\":1}],\"type\":\"INSERT\",\"table\":\"t2\","
     "\"database\":\"d\"}",
     "+I[1, null, null]|"},
    {"canal-json", "table.include=t(",
     "{\"data\":[{\"id\":1}],\"type\":\"INSERT\"}", "!no regular expression"},
};

static void check_cases(void)
{
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *got =
            rows_of_one(cases[i].format, cases[i].options, cases[i].message);
        const char *want = cases[i].want;

        if (*want == '!')
            OK(*got == '!' && strstr(got, want + 1), "%s refuses %s: %s",
               cases[i].format, cases[i].message, got);
        else
            EQ_STR(got, want, "%s reads %s", cases[i].format,
                   cases[i].message ? cases[i].message : "a null message");
    }
}

/* A bad message stops a batch where it stands, and what was before it stays. */
static void check_neighbours(void)
{
    mt_span messages[] = {
        span_of("{\"op\":\"c\",\"after\":{\"id\":1}}"),
        span_of("{\"op\":\"u\",\"before\":{\"id\":1},\"after\":{\"id\":2}}"),
        span_of("{\"op\":\"?\"}"),
        span_of("{\"op\":\"c\",\"after\":{\"id\":9}}"),
        span_of("broken"),
    };

    OK(strncmp(rows_of("debezium-json", "", messages, 5),
               "+I[1, null, null]|-U[1, null, null]|+U[2, null, null]|!",
               55) == 0,
       "rows before a bad message stay: %s",
       rows_of("debezium-json", "", messages, 5));
    EQ_STR(rows_of("debezium-json", "ignore-parse-errors=true", messages, 5),
           "+I[1, null, null]|-U[1, null, null]|+U[2, null, null]|"
           "+I[9, null, null]|",
           "bad messages are skipped when they may be");
}

static void writes(const char *format, mt_row_kind kind, const char *want)
{
    mt_type *type = type_of(TYPE);
    mt_builder *b = mt_builder_new(type, 1, NULL);
    mt_encoder *e = open_encoder(format, "", type, NULL);
    mt_batch *batch = NULL;
    mt_buf out = {0};
    size_t end = 0;
    uint8_t null = 1;

    mt_put_i64(&b->columns[0], 7);
    mt_put_bytes(&b->columns[1], "x", 1);
    mt_put_null(&b->columns[2]);
    mt_builder_set_kind(b, 0, kind);
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    OK(encode_all(e, batch, &out, &end, &null, NULL) == 0 && !null &&
           end == strlen(want) && memcmp(out.data, want, end) == 0,
       "%s writes %s as %.*s", format, kinds[kind], (int)out.len,
       (const char *)out.data);
    mt_buf_fini(&out);
    mt_batch_unref(batch);
    mt_encoder_close(e);
    mt_builder_free(b);
    mt_type_unref(type);
}

#define FULL "{\"id\":7,\"name\":\"x\",\"n\":null}"

int main(void)
{
    check_cases();
    check_neighbours();
    writes("debezium-json", MT_INSERT,
           "{\"before\":null,\"after\":" FULL ",\"op\":\"c\"}");
    writes("debezium-json", MT_UPDATE_AFTER,
           "{\"before\":null,\"after\":" FULL ",\"op\":\"c\"}");
    writes("debezium-json", MT_UPDATE_BEFORE,
           "{\"before\":" FULL ",\"after\":null,\"op\":\"d\"}");
    writes("debezium-json", MT_DELETE,
           "{\"before\":" FULL ",\"after\":null,\"op\":\"d\"}");
    writes("ogg-json", MT_DELETE,
           "{\"before\":" FULL ",\"after\":null,\"op_type\":\"D\"}");
    writes("canal-json", MT_INSERT,
           "{\"data\":[" FULL "],\"type\":\"INSERT\"}");
    writes("canal-json", MT_DELETE,
           "{\"data\":[" FULL "],\"type\":\"DELETE\"}");
    writes("maxwell-json", MT_UPDATE_BEFORE,
           "{\"data\":" FULL ",\"type\":\"delete\"}");
    return tap_done();
}
