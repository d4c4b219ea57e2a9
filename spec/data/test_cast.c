/* Casts: known pairs by their texts, random numbers against C's own arithmetic,
 * nested columns, and what CAST and TRY_CAST do with a bad value.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/cast.h"

#include "data/column.h"
#include "data/key.h"
#include "data/text.h"
#include "data/type.h"
#include "random_data.h"

/* Builds values of any type out of STRING by casting, so that the tables below
 * can be written as texts. NULL for "NULL". */
static mt_batch *column_of(const mt_type *type, const char *const *texts,
                           int len)
{
    mt_type *string = parse_type("STRING");
    const int32_t first = 0;
    mt_builder *b = mt_builder_new(string, len, NULL);
    mt_batch *strings = NULL, *batch;
    mt_error *err = NULL;
    int i;

    for (i = 0; i < len; i++) {
        if (strcmp(texts[i], "NULL") == 0)
            mt_put_null(&b->columns[0]);
        else
            mt_put_bytes(&b->columns[0], texts[i], strlen(texts[i]));
        mt_builder_commit(b, NULL);
    }
    mt_builder_seal(b, &strings, NULL);
    batch = mt_cast_batch(strings, type, &first, MT_CAST_FAIL, NULL, &err);
    if (!batch)
        NOTE("%s", message_of(&err));
    mt_batch_unref(strings);
    mt_builder_free(b);
    mt_type_unref(string);
    return batch;
}

/* Text of row 0 cast to the type, the error's message, or "NULL". */
static const char *cast_text(mt_batch *batch, const char *to_text,
                             mt_cast_mode mode, const mt_cast_session *session)
{
    static char text[1024];
    mt_type *to = parse_type(to_text);
    const int32_t first = 0;
    mt_buf out = {0};
    mt_error *err = NULL;
    mt_batch *cast = mt_cast_batch(batch, to, &first, mode, session, &err);

    if (!cast) {
        snprintf(text, sizeof(text), "%s", message_of(&err));
    } else {
        mt_cast_text(to, &cast->columns[0], 0, session, &out);
        snprintf(text, sizeof(text), "%.*s", (int)out.len, (char *)out.data);
    }
    mt_buf_fini(&out);
    mt_batch_unref(cast);
    mt_type_unref(to);
    return text;
}

static const struct {
    const char *from, *value, *to, *want; /* want NULL: no such value */
} known[] = {
    /* numbers */
    {"INT", "300", "TINYINT", "44"},
    {"BIGINT", "-4294967297", "INT", "-1"},
    {"DOUBLE", "9234567891.12345", "INT", "2147483647"},
    {"DOUBLE", "9234567891.12345", "BIGINT", "9234567891"},
    {"DOUBLE", "300.7", "TINYINT", "44"},
    {"DOUBLE", "-1.9", "INT", "-1"},
    {"DOUBLE", "NaN", "INT", "0"},
    {"FLOAT", "123.456", "DOUBLE", "123.45600128173828"},
    {"DOUBLE", "123.456789", "FLOAT", "123.45679"},
    {"BOOLEAN", "true", "INT", "1"},
    {"BOOLEAN", "false", "DOUBLE", "0.0"},
    {"BOOLEAN", "true", "DECIMAL(5, 2)", "1.00"},
    {"INT", "7", "BOOLEAN", "TRUE"},
    {"BIGINT", "0", "BOOLEAN", "FALSE"},
    {"INT", "5", "INTERVAL DAY TO SECOND", "+0 00:00:00.005"},
    /* decimals */
    {"INT", "99", "DECIMAL(4, 2)", "99.00"},
    {"INT", "100", "DECIMAL(4, 2)", "NULL"},
    {"DECIMAL(5, 3)", "12.345", "DECIMAL(4, 2)", "12.35"},
    {"DECIMAL(5, 3)", "-12.345", "DECIMAL(4, 2)", "-12.35"},
    {"DECIMAL(5, 3)", "12.345", "DECIMAL(3, 2)", "NULL"},
    {"DECIMAL(20, 3)", "3276913443134.87", "BIGINT", "3276913443134"},
    {"DECIMAL(20, 3)", "3276913443134.87", "DOUBLE", "3.27691344313487E12"},
    {"DECIMAL(20, 3)", "3276913443134.87", "FLOAT", "3.2769135E12"},
    {"DECIMAL(4, 3)", "9.87", "INT", "9"},
    {"DECIMAL(10, 0)", "4294967297", "INT", "1"},
    {"DOUBLE", "1.005", "DECIMAL(3, 2)", "1.01"},
    {"DOUBLE", "Infinity", "DECIMAL(3, 2)", NULL},
    /* text to others */
    {"STRING", " 1.234 ", "BIGINT", "1"},
    {"STRING", "-3.9", "INT", "-3"},
    {"STRING", "128", "TINYINT", NULL},
    {"STRING", "-128", "TINYINT", "-128"},
    {"STRING", "foo", "INT", NULL},
    {"STRING", "", "INT", NULL},
    {"STRING", "1.2x", "INT", NULL},
    {"STRING", "1e3", "DOUBLE", "1000.0"},
    {"STRING", "Apache", "DOUBLE", NULL},
    {"STRING", "1.235", "DECIMAL(3, 2)", "1.24"},
    {"STRING", "12.35", "DECIMAL(3, 2)", NULL},
    {"STRING", "Yes", "BOOLEAN", "TRUE"},
    {"STRING", " f ", "BOOLEAN", "FALSE"},
    {"STRING", "2", "BOOLEAN", NULL},
    {"STRING", "123", "DATE", "0123-01-01"},
    {"STRING", "2021-9-7", "DATE", "2021-09-07"},
    {"STRING", "2021-09-27 12:34:56.123456789", "DATE", "2021-09-27"},
    {"STRING", "2021/09/27", "DATE", NULL},
    {"STRING", "2021-02-29", "DATE", NULL},
    {"STRING", "23", "TIME", "23:00:00"},
    {"STRING", "23:45", "TIME", "23:45:00"},
    {"STRING", "12:34:56.123456789", "TIME(3)", "12:34:56.123"},
    {"STRING", "2021-09-27", "TIME", NULL},
    {"STRING", "2021-09-27", "TIMESTAMP(0)", "2021-09-27 00:00:00"},
    {"STRING", "2021-09-27 12:34:56.123456789", "TIMESTAMP(9)",
     "2021-09-27 12:34:56.123456789"},
    {"STRING", "2021-09-27T2:34", "TIMESTAMP(3)", "2021-09-27 02:34:00.000"},
    {"STRING", "123", "TIMESTAMP(3)", NULL},
    {"STRING", "abc", "BINARY(5)", "x'6162630000'"},
    {"STRING", "abc", "VARBINARY(2)", "x'6162'"},
    {"STRING", "abc", "BYTES", "x'616263'"},
    /* to text */
    {"BOOLEAN", "true", "STRING", "TRUE"},
    {"TINYINT", "-125", "STRING", "-125"},
    {"DOUBLE", "1e10", "STRING", "1.0E10"},
    {"DECIMAL(4, 3)", "9.87", "STRING", "9.870"},
    {"DATE", "2020-01-01", "STRING", "2020-01-01"},
    {"TIME(3)", "12:00:01", "STRING", "12:00:01.000"},
    {"TIMESTAMP(3)", "2020-01-01 00:00:01.5", "STRING",
     "2020-01-01 00:00:01.500"},
    {"BYTES", "abc", "STRING", "abc"},
    {"STRING", "Flink", "CHAR(6)", "Flink "},
    {"STRING", "Fl\xc3\xbcnk", "CHAR(3)", "Fl\xc3\xbc"},
    {"STRING", "Fl\xc3\xbcnk", "VARCHAR(3)", "Fl\xc3\xbc"},
    {"CHAR(6)", "foo", "STRING", "foo   "},
    {"BOOLEAN", "false", "VARCHAR(3)", "FAL"},
    /* times */
    {"TIMESTAMP(3)", "1969-12-31 23:59:59.999", "DATE", "1969-12-31"},
    {"TIMESTAMP(3)", "2020-01-01 12:34:56.789", "TIME(0)", "12:34:56"},
    {"TIMESTAMP(9)", "2020-01-01 12:34:56.123456789", "TIMESTAMP(3)",
     "2020-01-01 12:34:56.123"},
    {"TIMESTAMP(3)", "2020-01-01 12:34:56.789", "TIMESTAMP(9)",
     "2020-01-01 12:34:56.789000000"},
    {"DATE", "2020-01-01", "TIMESTAMP(3)", "2020-01-01 00:00:00.000"},
    {"TIME(3)", "01:02:03.004", "TIMESTAMP(3)", "1970-01-01 01:02:03.004"},
    {"TIME(9)", "01:02:03.123456789", "TIME(4)", "01:02:03.1234"},
    {"TIMESTAMP(3)", "2020-01-01 12:00:00", "TIMESTAMP_LTZ(3)",
     "2020-01-01 12:00:00.000"},
};

static void test_known(void)
{
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
        mt_type *from = parse_type(known[i].from);
        mt_batch *batch = column_of(from, &known[i].value, 1);
        const char *got;

        got = cast_text(batch, known[i].to, MT_CAST_FAIL, NULL);
        if (known[i].want) {
            EQ_STR(got, known[i].want, "%s '%s' as %s", known[i].from,
                   known[i].value, known[i].to);
        } else {
            HAS_STR(got, "column 'f0'", "%s '%s' is no %s", known[i].from,
                    known[i].value, known[i].to);
            got = cast_text(batch, known[i].to, MT_CAST_TRY, NULL);
            EQ_STR(got, "NULL", "and TRY_CAST makes it NULL");
        }
        mt_batch_unref(batch);
        mt_type_unref(from);
    }
}

/* A bad value in the midst of others. */
static void test_errors(void)
{
    static const char *const texts[] = {"1", "NULL", "x", "4"};
    mt_type *string = parse_type("STRING"), *number = parse_type("INT");
    mt_batch *batch = column_of(string, texts, 4), *cast;
    mt_error *err = NULL;
    const int32_t first = 0;
    const int32_t *values;

    cast = mt_cast_batch(batch, number, &first, MT_CAST_FAIL, NULL, &err);
    OK(!cast && mt_error_code(err) == MT_ERECORD,
       "CAST fails as a record does");
    message_of(&err);
    cast = mt_cast_batch(batch, number, &first, MT_CAST_TRY, NULL, &err);
    values = cast->columns[0].values;
    OK(values[0] == 1 && values[3] == 4 && cast->columns[0].nulls == 2,
       "TRY_CAST keeps the neighbours");
    mt_batch_unref(cast);
    mt_type_unref(number);
    number = parse_type("MAP<INT, INT>");
    cast = mt_cast_batch(batch, number, &first, MT_CAST_TRY, NULL, &err);
    OK(!cast && mt_error_code(err) == MT_ETYPE, "what cannot be is refused");
    HAS_STR(message_of(&err), "column 'f0'", "naming the column");
    mt_batch_unref(batch);
    mt_type_unref(string);
    mt_type_unref(number);
}

/* A zone of an hour's offset from 1980 on. */
static int64_t zone_of_1980(void *zone, int64_t utc_ms)
{
    (void)zone;
    return utc_ms >= INT64_C(315532800000) ? 3600000 : 0;
}

static void test_zones(void)
{
    static const mt_cast_session session = {zone_of_1980, NULL};
    static const char *const at[] = {"2020-01-01 23:30:00"};
    mt_type *ltz = parse_type("TIMESTAMP_LTZ(3)");
    mt_type *plain = parse_type("TIMESTAMP(3)");
    mt_batch *instant = column_of(ltz, at, 1), *local = column_of(plain, at, 1);

    EQ_STR(cast_text(instant, "STRING", MT_CAST_FAIL, &session),
           "2020-01-02 00:30:00.000", "an instant prints in the zone");
    EQ_STR(cast_text(instant, "DATE", MT_CAST_FAIL, &session), "2020-01-02",
           "its date is the zone's");
    EQ_STR(cast_text(instant, "TIMESTAMP(0)", MT_CAST_FAIL, &session),
           "2020-01-02 00:30:00", "and its local time");
    EQ_STR(cast_text(instant, "TIMESTAMP_LTZ(0)", MT_CAST_FAIL, &session),
           "2020-01-02 00:30:00", "an instant stays one");
    EQ_STR(cast_text(local, "TIMESTAMP_LTZ(3)", MT_CAST_FAIL, &session),
           "2020-01-01 23:30:00.000", "local time finds its instant");
    mt_batch_unref(instant);
    mt_batch_unref(local);
    mt_type_unref(ltz);
    mt_type_unref(plain);
}

static void test_matrix(void)
{
    static const struct {
        const char *from, *to;
        int cast; /* 0: none, 1: explicit, 2: implicit */
    } pairs[] = {
        {"INT", "BIGINT", 2},
        {"BIGINT", "INT", 1},
        {"BIGINT", "FLOAT", 2},
        {"DOUBLE", "FLOAT", 1},
        {"FLOAT", "DOUBLE", 2},
        {"INT", "STRING", 1},
        {"DOUBLE", "DECIMAL(10, 2)", 2},
        {"DECIMAL(10, 2)", "INT", 1},
        {"DECIMAL(20, 2)", "DECIMAL(10, 2)", 2},
        {"CHAR(3)", "STRING", 2},
        {"STRING", "CHAR(3)", 1},
        {"STRING", "VARCHAR(3)", 2},
        {"STRING", "INT", 1},
        {"STRING", "BYTES", 1},
        {"BYTES", "STRING", 1},
        {"BINARY(3)", "BYTES", 2},
        {"BYTES", "BINARY(3)", 1},
        {"BOOLEAN", "INT", 1},
        {"INT", "BOOLEAN", 1},
        {"DOUBLE", "BOOLEAN", 0},
        {"TIMESTAMP(3)", "DATE", 2},
        {"TIMESTAMP(3)", "TIME", 2},
        {"DATE", "TIMESTAMP(3)", 1},
        {"TIMESTAMP_LTZ(3)", "DATE", 1},
        {"TIMESTAMP(3)", "TIMESTAMP_LTZ(3)", 2},
        {"DATE", "INT", 0},
        {"TIMESTAMP(3)", "BIGINT", 0},
        {"DATE", "TIME", 0},
        {"ARRAY<INT>", "ARRAY<BIGINT>", 2},
        {"ARRAY<BIGINT>", "ARRAY<INT>", 1},
        {"ARRAY<INT>", "ARRAY<DATE>", 0},
        {"ARRAY<INT>", "STRING", 1},
        {"ROW<a INT>", "ROW<b BIGINT>", 2},
        {"ROW<a INT>", "ROW<a INT, b INT>", 0},
        {"MAP<STRING, INT>", "MAP<STRING, STRING>", 1},
        {"RAW", "STRING", 0},
        {"RAW", "RAW", 2},
        {"NULL", "ARRAY<INT>", 2},
        {"STRING", "ARRAY<INT>", 0},
        {"INT", "INTERVAL YEAR", 1},
        {"INTERVAL YEAR", "INTERVAL DAY", 0},
    };
    size_t i;

    for (i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        mt_type *from = parse_type(pairs[i].from),
                *to = parse_type(pairs[i].to);
        bool implicit = false;
        bool exists = mt_cast_supported(from, to, &implicit);

        EQ_INT(exists ? 1 + implicit : 0, pairs[i].cast, "%s to %s",
               pairs[i].from, pairs[i].to);
        mt_type_unref(from);
        mt_type_unref(to);
    }
}

/* ---- random ----------------------------------------------------------- */

/* Every pair of whole-number types against C's conversions, with NULLs. */
static void test_integers(uint64_t *rng)
{
    static const char *const names[] = {"TINYINT", "SMALLINT", "INT", "BIGINT"};
    int pair, i, good = 0;
    const int rows = 500;

    for (pair = 0; pair < 16; pair++) {
        mt_type *from = parse_type(names[pair / 4]);
        mt_type *to = parse_type(names[pair % 4]);
        const int32_t first = 0;
        mt_batch *batch, *cast;
        bool same = true;
        model m;

        batch = random_batch(rng, from, rows, &m, NULL);
        cast = mt_cast_batch(batch, to, &first, MT_CAST_FAIL, NULL, NULL);
        for (i = 0; same && i < rows; i++) {
            int64_t v =
                from->width == 1   ? ((int8_t *)batch->columns[0].values)[i]
                : from->width == 2 ? ((int16_t *)batch->columns[0].values)[i]
                : from->width == 4 ? ((int32_t *)batch->columns[0].values)[i]
                                   : ((int64_t *)batch->columns[0].values)[i];
            int64_t w =
                to->width == 1   ? ((int8_t *)cast->columns[0].values)[i]
                : to->width == 2 ? ((int16_t *)cast->columns[0].values)[i]
                : to->width == 4 ? ((int32_t *)cast->columns[0].values)[i]
                                 : ((int64_t *)cast->columns[0].values)[i];
            int cut = 64 - 8 * to->width;

            same = mt_column_is_null(&batch->columns[0], i) ==
                       mt_column_is_null(&cast->columns[0], i) &&
                   w == (int64_t)((uint64_t)v << cut) >> cut;
        }
        good += same;
        mt_batch_unref(batch);
        mt_batch_unref(cast);
        model_fini(&m);
        mt_type_unref(from);
        mt_type_unref(to);
    }
    EQ_INT(good, 16, "whole numbers wrap as in Java");
}

/* Any scalar that has a text comes back from it. */
static void test_text_round_trip(uint64_t *rng)
{
    static const char *const names[] = {
        "BOOLEAN",      "TINYINT",      "SMALLINT",     "INT",
        "BIGINT",       "FLOAT",        "DOUBLE",       "DECIMAL(38, 12)",
        "DATE",         "TIME(0)",      "TIME(3)",      "TIME(9)",
        "TIMESTAMP(0)", "TIMESTAMP(6)", "TIMESTAMP(9)", "TIMESTAMP_LTZ(3)"};
    const int32_t first = 0;
    mt_type *string = parse_type("STRING");
    size_t k;
    int i;

    for (k = 0; k < sizeof(names) / sizeof(*names); k++) {
        mt_type *type = parse_type(names[k]);
        mt_batch *batch, *text, *back;
        mt_error *err = NULL;
        bool same = true;
        model m;

        batch = random_batch(rng, type, 500, &m, NULL);
        text = mt_cast_batch(batch, string, &first, MT_CAST_FAIL, NULL, &err);
        back = mt_cast_batch(text, type, &first, MT_CAST_FAIL, NULL, &err);
        if (!back)
            NOTE("%s", message_of(&err));
        for (i = 0; back && same && i < batch->rows; i++)
            same = mt_column_compare(type, &batch->columns[0], i,
                                     &back->columns[0], i) == 0;
        OK(back && same, "%s survives its text", names[k]);
        mt_batch_unref(batch);
        mt_batch_unref(text);
        mt_batch_unref(back);
        model_fini(&m);
        mt_type_unref(type);
    }
    mt_type_unref(string);
}

/* Nested columns are cast element by element, NULLs and all: BIGINT in place of
 * INT reads the same. */
static void test_nested(uint64_t *rng)
{
    mt_type *from = parse_type("ROW<a ARRAY<INT>, b MAP<STRING, INT>, c ROW<x "
                               "INT, y ARRAY<ARRAY<INT>>>>");
    mt_type *to = parse_type("ROW<a ARRAY<BIGINT>, b MAP<STRING, BIGINT>, "
                             "c ROW<u BIGINT, v ARRAY<ARRAY<BIGINT>>>>");
    mt_type *texts = parse_type("ROW<a STRING, b STRING, c STRING>");
    const int32_t all[] = {0, 1, 2};
    mt_batch *batch, *cast, *strict, *texted;
    mt_error *err = NULL;
    model m;

    batch = random_batch(rng, from, 300, &m, NULL);
    strict = mt_cast_batch(batch, to, all, MT_CAST_FAIL, NULL, &err);
    OK(strict && same_batch(strict, &m, NULL), "nested columns are cast");
    cast = mt_cast_batch(batch, to, all, MT_CAST_TRY, NULL, &err);
    OK(cast && same_batch(cast, &m, NULL), "also by TRY_CAST");
    texted = mt_cast_batch(batch, texts, all, MT_CAST_FAIL, NULL, &err);
    OK(texted && texted->rows == 300, "and to text");
    mt_batch_unref(batch);
    mt_batch_unref(cast);
    mt_batch_unref(strict);
    mt_batch_unref(texted);
    model_fini(&m);
    mt_type_unref(from);
    mt_type_unref(to);
    mt_type_unref(texts);
}

/* TRY_CAST of a list with one bad element is NULL as a whole. */
static void test_nested_try(void)
{
    mt_type *from = parse_type("ARRAY<STRING>"), *to = parse_type("ARRAY<INT>");
    mt_builder *b = mt_builder_new(from, 4, NULL);
    mt_column_builder *c = &b->columns[0];
    const int32_t first = 0;
    mt_batch *batch = NULL, *cast;
    mt_buf text = {0};
    mt_error *err = NULL;
    int i;

    mt_put_bytes(c->children, "1", 1);
    mt_put_bytes(c->children, "2", 1);
    mt_put_list(c);
    mt_put_bytes(c->children, "3", 1);
    mt_put_bytes(c->children, "x", 1);
    mt_put_list(c);
    mt_put_null(c);
    mt_put_null(c->children);
    mt_put_bytes(c->children, "5", 1);
    mt_put_list(c);
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    cast = mt_cast_batch(batch, to, &first, MT_CAST_TRY, NULL, NULL);
    for (i = 0; i < 4; i++)
        mt_cast_text(to, &cast->columns[0], i, NULL, &text);
    mt_buf_byte(&text, 0);
    EQ_STR((char *)text.data, "[1, 2]NULLNULL[NULL, 5]",
           "TRY_CAST takes a list whole or not at all");
    mt_batch_unref(cast);
    cast = mt_cast_batch(batch, to, &first, MT_CAST_FAIL, NULL, &err);
    OK(!cast, "CAST fails with it");
    HAS_STR(message_of(&err), "column 'f0'", "naming the column");
    mt_buf_fini(&text);
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_type_unref(from);
    mt_type_unref(to);
}

/* What is free shares the memory. */
static void test_free(void)
{
    static const char *const texts[] = {"abc"};
    mt_type *shorter = parse_type("VARCHAR(5)"), *longer = parse_type("STRING");
    mt_batch *batch = column_of(shorter, texts, 1), *cast;
    const int32_t first = 0;

    cast = mt_cast_batch(batch, longer, &first, MT_CAST_FAIL, NULL, NULL);
    OK(cast->columns[0].values == batch->columns[0].values,
       "a longer VARCHAR shares the column");
    OK(mt_cast_is_free(shorter, longer) && !mt_cast_is_free(longer, shorter),
       "a shorter one would not");
    mt_batch_unref(batch);
    mt_batch_unref(cast);
    mt_type_unref(shorter);
    mt_type_unref(longer);
}

/* ---- columns that are not there ------------------------------------------ */

/* Of any type, and fit for all that is done with batches. */
static void test_nulls(uint64_t *rng)
{
    const mt_type *none = parse_type("ROW<a INT>");
    int32_t from[8], rows[] = {4, 0, 3}, i, row;
    int n, good = 0;
    model m;

    for (i = 0; i < 8; i++)
        from[i] = -1;
    for (n = 0; n < 20; n++) {
        mt_type *to = random_record(rng, 8, 3);
        mt_batch *batch = random_batch(rng, none, 5, &m, NULL);
        mt_batch *nulls =
            mt_cast_batch(batch, to, from, MT_CAST_FAIL, NULL, NULL);
        mt_batch *taken = mt_batch_take(nulls, rows, 3, NULL);
        bool all = taken->rows == 3;

        for (i = 0; i < 8; i++) {
            all = all && nulls->columns[i].nulls == 5;
            for (row = 0; row < 3; row++)
                all = all && mt_column_is_null(&taken->columns[i], row);
        }
        good += all;
        mt_batch_unref(taken);
        mt_batch_unref(nulls);
        mt_batch_unref(batch);
        model_fini(&m);
        mt_type_unref(to);
    }
    mt_type_unref(none);
    EQ_INT(good, 20, "columns of NULLs of any type");
}

static int decode_fives(mt_lazy *lazy, const mt_batch *batch, int32_t column,
                        mt_column_builder *out, mt_error **err)
{
    int32_t i;

    (void)lazy;
    (void)column;
    (void)err;
    for (i = 0; i < batch->rows; i++)
        mt_put_i32(out, 5);
    return 0;
}

/* Two rows whose column "a" is absent; "b" is 1. */
static mt_batch *absent_batch(const mt_type *type)
{
    static mt_lazy fives = {decode_fives, NULL};
    mt_builder *b = mt_builder_new(type, 2, NULL);
    mt_batch *batch = NULL;

    b->columns[0].skipped = 1;
    b->lazy = &fives;
    mt_put_i32(&b->columns[1], 1);
    mt_put_i32(&b->columns[1], 1);
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    mt_builder_free(b);
    return batch;
}

static void test_absent(void)
{
    mt_type *type = parse_type("ROW<a INT, b INT>");
    mt_type *to = parse_type("ROW<b INT, c INT, a INT>");
    mt_type *wide = parse_type("BIGINT");
    const int32_t from[] = {1, -1, 0}, first = 0;
    mt_batch *batch = absent_batch(type);
    mt_batch *cast = mt_cast_batch(batch, to, from, MT_CAST_FAIL, NULL, NULL);
    mt_batch *again;
    const mt_column *a;

    mt_batch_unref(batch);
    OK(cast->absent_len == 1 && cast->columns[2].absent,
       "what needs no cast stays absent");
    a = mt_batch_column(cast, 2, NULL);
    OK(a && ((const int32_t *)a->values)[1] == 5 && cast->absent_len == 0,
       "until somebody asks, though its first batch is gone");
    mt_batch_unref(cast);
    batch = absent_batch(type);
    again = mt_cast_batch(batch, wide, &first, MT_CAST_FAIL, NULL, NULL);
    OK(again->absent_len == 0 &&
           ((const int64_t *)again->columns[0].values)[1] == 5,
       "what is cast is decoded");
    mt_batch_unref(again);
    mt_batch_unref(batch);
    mt_type_unref(type);
    mt_type_unref(to);
    mt_type_unref(wide);
}

static void test_utf8(void)
{
    static const char *const good[] = {"", "abc", "\xc3\xbc",
                                       "\xf0\x9f\x8c\x99",
                                       "12345678\xe2\x82\xac, 12345678"};
    static const char *const bad[] = {"\xff",
                                      "\xc3",
                                      "\xc0\x80",
                                      "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80",
                                      "12345678\x80",
                                      "\xe2\x82",
                                      "\xf8\x88\x80\x80\x80"};
    mt_type *bytes = parse_type("BYTES");
    static const char *const mixed[] = {"a\xff"
                                        "b\xc3"};
    mt_batch *batch = column_of(bytes, mixed, 1);
    size_t i;

    for (i = 0; i < sizeof(good) / sizeof(*good); i++)
        OK(mt__utf8_is_valid(good[i], strlen(good[i])), "UTF-8 is taken");
    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        OK(!mt__utf8_is_valid(bad[i], strlen(bad[i])), "what is not is seen");
    EQ_STR(cast_text(batch, "STRING", MT_CAST_FAIL, NULL),
           "a\xef\xbf\xbd"
           "b\xef\xbf\xbd",
           "bytes become text as in Java");
    mt_batch_unref(batch);
    mt_type_unref(bytes);
}

/* ---- memory ----------------------------------------------------------- */

static void test_memory(uint64_t *rng)
{
    mt_type *from = parse_type("ROW<a INT, b ARRAY<ROW<x INT>>, c STRING>");
    mt_type *to =
        parse_type("ROW<a STRING, b ARRAY<ROW<x STRING>>, c INT, d INT>");
    const int32_t all[] = {0, 1, 2, -1};
    bool failed = true, good = true;
    mt_batch *batch;
    int64_t live;
    model m;
    int n;

    batch = random_batch(rng, from, 50, &m, NULL);
    live = live_blocks();
    for (n = 1; failed && good; n++) {
        mt_error *err = NULL;
        mt_batch *cast;

        mt__alloc_fail_at(n);
        cast = mt_cast_batch(batch, to, all, MT_CAST_TRY, NULL, &err);
        failed = mt__alloc_has_failed();
        mt__alloc_fail_at(0);
        good = failed ? !cast && mt_error_code(err) == MT_ENOMEM : cast != NULL;
        mt_error_free(err);
        mt_batch_unref(cast);
        good = good && live_blocks() == live;
    }
    OK(good, "each of %d allocations may fail", n - 2);
    mt_batch_unref(batch);
    model_fini(&m);
    mt_type_unref(from);
    mt_type_unref(to);
}

int main(void)
{
    uint64_t rng = tap_seed();
    int64_t live = live_blocks();

    test_known();
    test_errors();
    test_zones();
    test_matrix();
    test_integers(&rng);
    test_text_round_trip(&rng);
    test_nested(&rng);
    test_nested_try();
    test_free();
    test_nulls(&rng);
    test_absent();
    test_utf8();
    test_memory(&rng);
    EQ_INT(live_blocks(), live, "nothing is left");
    return tap_done();
}
