/* The JSON format: what it reads and writes, beside a naive model.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "json_model.h"

/* ---- by hand ----------------------------------------------------------- */

#define I64_MAX "9223372036854775807"
#define I64_MIN "-9223372036854775808"
#define D38 "12345678901234567890123456789012345678"

/* type, options, document, the rows written again; "!part of a message". */
static const struct {
    const char *type, *options, *text, *want;
} cases[] = {
    /* shapes of documents */
    {"ROW<a INT>", "", "{\"a\":1}", "{\"a\":1}|"},
    {"ROW<a INT>", "", " \t{ \"a\" :\r\n 1 } ", "{\"a\":1}|"},
    {"ROW<a INT>", "", "{}", "{\"a\":null}|"},
    {"ROW<a INT>", "", "", ""},
    {"ROW<a INT>", "", " \n", ""},
    {"ROW<a INT>", "", "null", ""},
    {"ROW<a INT>", "", "[]", ""},
    {"ROW<a INT>", "", "[{\"a\":1},{},{\"a\":2}]",
     "{\"a\":1}|{\"a\":null}|{\"a\":2}|"},
    {"ROW<a INT>", "", "[{\"a\":1},2]", "![1]"},
    {"ROW<a INT>", "", "[[{\"a\":1}]]", "!not an object"},
    {"ROW<a INT>", "", "7", "!not an object"},
    {"ROW<a INT>", "", "\"a\"", "!not an object"},
    {"ROW<a INT>", "", "{\"a\":1} x", "!behind the end"},
    {"ROW<a INT>", "", "{\"a\":1}{\"a\":2}", "!behind the end"},
    {"ROW<a INT>", "", "{\"a\":1}}", "!behind the end"},
    {"ROW<a INT>", "", "{\"a\":1", "!too early"},
    {"ROW<a INT>", "", "{\"a\":", "!too early"},
    {"ROW<a INT>", "", "{\"a\"", "!too early"},
    {"ROW<a INT>", "", "{", "!too early"},
    {"ROW<a INT>", "", "{\"a", "!byte 1: a string without its end"},
    {"ROW<a INT>", "", "{\"a\" 1}", "!expected ':'"},
    {"ROW<a INT>", "", "{\"a\":1,}", "!expected a key"},
    {"ROW<a INT>", "", "{,\"a\":1}", "!expected a key"},
    {"ROW<a INT>", "", "{\"a\":1 \"b\":2}", "!byte 7: expected ',' or '}'"},
    {"ROW<a INT>", "", "{a:1}", "!expected a key"},
    {"ROW<a INT>", "", "{'a':1}", "!expected a key"},
    {"ROW<a INT>", "", "{\"a\":1]", "!expected ',' or '}'"},
    {"ROW<a INT>", "", "\xef\xbb\xbf{\"a\":1}", "!byte 0"},
    /* keys */
    {"ROW<a INT, b INT>", "", "{\"b\":2,\"a\":1}", "{\"a\":1,\"b\":2}|"},
    {"ROW<a INT, b INT>", "", "{\"a\":1,\"b\":2,\"a\":3}",
     "{\"a\":3,\"b\":2}|"},
    {"ROW<a INT>", "", "{\"a\":1,\"a\":null}", "{\"a\":null}|"},
    {"ROW<a INT>", "", "{\"a\":null,\"a\":1}", "{\"a\":1}|"},
    {"ROW<a INT>", "", "{\"A\":1}", "{\"a\":null}|"},
    {"ROW<a INT>", "", "{\"\\u0061\":1}", "{\"a\":1}|"},
    {"ROW<`q\"\\` INT>", "", "{\"q\\\"\\u005c\":1}", "{\"q\\\"\\\\\":1}|"},
    {"ROW<`ключ` INT>", "", "{\"ключ\":1}", "{\"ключ\":1}|"},
    {"ROW<`` INT>", "", "{\"\":1}", "{\"\":1}|"},
    {"ROW<a INT>", "", "{\"b\":{\"a\":[1,{\"x\":null}]},\"a\":1}",
     "{\"a\":1}|"},
    {"ROW<abcdefghijklmno INT, abcdefghijklmnp INT>", "",
     "{\"abcdefghijklmnp\":2,\"abcdefghijklmno\":1}",
     "{\"abcdefghijklmno\":1,\"abcdefghijklmnp\":2}|"},
    /* what nobody reads is checked all the same */
    {"ROW<a INT>", "", "{\"b\":01,\"a\":1}", "!byte 5: expected a value"},
    {"ROW<a INT>", "", "{\"b\":1.,\"a\":1}", "!expected a value"},
    {"ROW<a INT>", "", "{\"b\":-,\"a\":1}", "!expected a value"},
    {"ROW<a INT>", "", "{\"b\":1e,\"a\":1}", "!expected a value"},
    {"ROW<a INT>", "", "{\"b\":+1,\"a\":1}", "!expected a value"},
    {"ROW<a INT>", "", "{\"b\":truex,\"a\":1}", "!expected a value"},
    {"ROW<a INT>", "", "{\"b\":tru,\"a\":1}", "!expected a value"},
    {"ROW<a INT>", "", "{\"b\":NaN,\"a\":1}", "!expected a value"},
    {"ROW<a INT>", "", "{\"b\":nul,\"a\":1}", "!expected a value"},
    {"ROW<a INT>", "", "{\"b\":[1,],\"a\":1}", "!expected a value"},
    {"ROW<a INT>", "", "{\"b\":[1}],\"a\":1}", "!expected ',' or ']'"},
    {"ROW<a INT>", "", "{\"b\":{\"x\"},\"a\":1}", "!expected ':'"},
    {"ROW<a INT>", "", "{\"b\":\"\\x\",\"a\":1}", "!unknown escape"},
    {"ROW<a INT>", "", "{\"b\":\"\\ud800\",\"a\":1}", "!surrogate"},
    {"ROW<a INT>", "", "{\"b\":1\"x\",\"a\":1}", "!expected a value"},
    {"ROW<a INT>", "", "{\"b\":\"x\"1,\"a\":1}", "!expected ',' or '}'"},
    {"ROW<a INT>", "", "{\"b\":\"x\"\"y\",\"a\":1}", "!expected ',' or '}'"},
    {"ROW<a INT>", "", "{\"a\":12x}", "!expected a value"},
    {"ROW<a INT>", "", "{\"a\":nullx}", "!expected a value"},
    /* NULL and missing */
    {"ROW<a INT NOT NULL>", "", "{\"a\":null}", "!NOT NULL"},
    {"ROW<a INT NOT NULL>", "", "{}", "!missing"},
    {"ROW<a INT, b INT>", "fail-on-missing-field=true", "{\"a\":1}",
     "!field 'b' at byte 0: missing"},
    {"ROW<a INT>", "fail-on-missing-field=true", "{\"a\":null}",
     "{\"a\":null}|"},
    {"ROW<a ROW<b ARRAY<ROW<c INT NOT NULL>>>>", "",
     "{\"a\":{\"b\":[{\"c\":1},{\"c\":null}]}}", "!field 'a.b[1].c'"},
    {"ROW<a NULL>", "", "{\"a\":null}", "{\"a\":null}|"},
    {"ROW<a NULL>", "", "{\"a\":1}", "!not null"},
    /* whole numbers */
    {"ROW<a BIGINT>", "", "{\"a\":" I64_MAX "}", "{\"a\":" I64_MAX "}|"},
    {"ROW<a BIGINT>", "", "{\"a\":" I64_MIN "}", "{\"a\":" I64_MIN "}|"},
    {"ROW<a BIGINT>", "", "{\"a\":9223372036854775808}", "!wrong value"},
    {"ROW<a BIGINT>", "", "{\"a\":-9223372036854775809}", "!wrong value"},
    {"ROW<a BIGINT>", "", "{\"a\":999999999999999999}",
     "{\"a\":999999999999999999}|"},
    {"ROW<a BIGINT>", "", "{\"a\":-0}", "{\"a\":0}|"},
    {"ROW<a BIGINT>", "", "{\"a\":00}", "!expected a value"},
    {"ROW<a BIGINT>", "", "{\"a\":\" 12 \"}", "{\"a\":12}|"},
    {"ROW<a BIGINT>", "", "{\"a\":\"\\u0031\\u0032\"}", "{\"a\":12}|"},
    {"ROW<a BIGINT>", "", "{\"a\":\"\"}", "!expected BIGINT, got \"\""},
    {"ROW<a INT>", "", "{\"a\":1.5}", "!expected INT, got 1.5"},
    {"ROW<a INT>", "", "{\"a\":1e3}", "!wrong value"},
    {"ROW<a INT>", "", "{\"a\":2147483648}", "!wrong value"},
    {"ROW<a INT>", "", "{\"a\":true}", "!wrong value"},
    {"ROW<a INT>", "", "{\"a\":[1]}", "!wrong value"},
    {"ROW<a INT>", "", "{\"a\":{\"b\":1}}", "!wrong value"},
    {"ROW<a INT>", "", "{\"a\":[1}", "!expected ',' or ']'"},
    {"ROW<a TINYINT>", "", "{\"a\":-128}", "{\"a\":-128}|"},
    {"ROW<a TINYINT>", "", "{\"a\":128}", "!wrong value"},
    {"ROW<a SMALLINT>", "", "{\"a\":32768}", "!wrong value"},
    {"ROW<a INTERVAL MONTH>", "", "{\"a\":14}", "{\"a\":14}|"},
    /* other numbers */
    {"ROW<a DOUBLE>", "", "{\"a\":0.1}", "{\"a\":0.1}|"},
    {"ROW<a DOUBLE>", "", "{\"a\":-0}", "{\"a\":-0.0}|"},
    {"ROW<a DOUBLE>", "", "{\"a\":1e400}", "!wrong value"},
    {"ROW<a DOUBLE>", "", "{\"a\":1e-400}", "{\"a\":0.0}|"},
    {"ROW<a DOUBLE>", "", "{\"a\":123456789012345678901234567890}",
     "{\"a\":1.2345678901234568E29}|"},
    {"ROW<a DOUBLE>", "", "{\"a\":2.2250738585072011e-308}",
     "{\"a\":2.225073858507201E-308}|"},
    {"ROW<a DOUBLE>", "", "{\"a\":\" NaN\"}", "{\"a\":\"NaN\"}|"},
    {"ROW<a DOUBLE>", "", "{\"a\":\"-Infinity\"}", "{\"a\":\"-Infinity\"}|"},
    {"ROW<a DOUBLE>", "", "{\"a\":1.}", "!expected a value"},
    {"ROW<a DOUBLE>", "", "{\"a\":.5}", "!expected a value"},
    {"ROW<a DOUBLE>", "", "{\"a\":01.5}", "!expected a value"},
    {"ROW<a DOUBLE>", "", "{\"a\":1.5.2}", "!expected a value"},
    {"ROW<a FLOAT>", "", "{\"a\":0.1}", "{\"a\":0.1}|"},
    {"ROW<a FLOAT>", "", "{\"a\":1e39}", "!wrong value"},
    {"ROW<a FLOAT>", "", "{\"a\":1.00000017881393432617187499}",
     "{\"a\":1.0000001}|"},
    {"ROW<a FLOAT>", "", "{\"a\":1.00000017881393432617187501}",
     "{\"a\":1.0000002}|"},
    {"ROW<a DECIMAL(38, 0)>", "encode.decimal-as-plain-number=true",
     "{\"a\":" D38 "}", "{\"a\":" D38 "}|"},
    {"ROW<a DECIMAL(38, 38)>", "encode.decimal-as-plain-number=true",
     "{\"a\":-0." D38 "}", "{\"a\":-0." D38 "}|"},
    {"ROW<a DECIMAL(38, 0)>", "", "{\"a\":" D38 "0}", "!wrong value"},
    {"ROW<a DECIMAL(5, 2)>", "", "{\"a\":\"1.005\"}", "{\"a\":1.01}|"},
    {"ROW<a DECIMAL(5, 2)>", "", "{\"a\":1.25E2}", "{\"a\":125}|"},
    {"ROW<a DECIMAL(5, 2)>", "", "{\"a\":1000}", "!DECIMAL(5, 2)"},
    {"ROW<a DECIMAL(10, 0)>", "", "{\"a\":100000}", "{\"a\":1E+5}|"},
    {"ROW<a DECIMAL(10, 0)>", "encode.decimal-as-plain-number=true",
     "{\"a\":100000}", "{\"a\":100000}|"},
    {"ROW<a DECIMAL(10, 9)>", "", "{\"a\":0.000000027}", "{\"a\":2.7E-8}|"},
    {"ROW<a DECIMAL(10, 9)>", "encode.decimal-as-plain-number=true",
     "{\"a\":0.000000027}", "{\"a\":0.000000027}|"},
    {"ROW<a DECIMAL(10, 2)>", "", "{\"a\":0.00}", "{\"a\":0}|"},
    /* booleans */
    {"ROW<a BOOLEAN>", "", "{\"a\":true}", "{\"a\":true}|"},
    {"ROW<a BOOLEAN>", "", "{\"a\":\" True \"}", "{\"a\":true}|"},
    {"ROW<a BOOLEAN>", "", "{\"a\":\"yes\"}", "{\"a\":false}|"},
    {"ROW<a BOOLEAN>", "", "{\"a\":[]}", "!wrong value"},
    /* strings */
    {"ROW<a STRING>", "", "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
     "{\"a\":\"\\\"\\\\/\\b\\f\\n\\r\\t\"}|"},
    {"ROW<a STRING>", "", "{\"a\":\"\\u0000\\u001f\\u007F\"}",
     "{\"a\":\"\\u0000\\u001F\x7f\"}|"},
    {"ROW<a STRING>", "", "{\"a\":\"\\ud83d\\ude00 \\u20AC\"}",
     "{\"a\":\"😀 €\"}|"},
    {"ROW<a STRING>", "", "{\"a\":\"\\ud83d\"}", "!surrogate"},
    {"ROW<a STRING>", "", "{\"a\":\"\\ude00\"}", "!surrogate"},
    {"ROW<a STRING>", "", "{\"a\":\"\\ud83d\\u0041\"}", "!surrogate"},
    {"ROW<a STRING>", "", "{\"a\":\"\\u12g4\"}", "!byte 6: expected four hex"},
    {"ROW<a STRING>", "", "{\"a\":\"\\u12\"}", "!four hex"},
    {"ROW<a STRING>", "", "{\"a\":\"\x01\"}", "!byte 6: a control character"},
    {"ROW<a STRING>", "", "{\"a\":\"x\ny\"}", "!byte 7: a control character"},
    {"ROW<a STRING>", "", "{\"a\":\"\xff\"}", "!byte 6: a byte that is not"},
    {"ROW<a STRING>", "", "{\"a\":\"\xc0\xaf\"}", "!not UTF-8"},
    {"ROW<a STRING>", "", "{\"a\":\"\xed\xa0\x80\"}", "!not UTF-8"},
    {"ROW<a STRING>", "", "{\"a\":\"\xf4\x90\x80\x80\"}", "!not UTF-8"},
    {"ROW<a STRING>", "", "{\"a\":\"\xe2\x82\"}", "!not UTF-8"},
    {"ROW<a STRING>", "", "{\"a\":1.50}", "{\"a\":\"1.50\"}|"},
    {"ROW<a STRING>", "", "{\"a\":true}", "{\"a\":\"true\"}|"},
    {"ROW<a STRING>", "", "{\"a\": { \"b\" : [ 1 , \"x y\" ] } }",
     "{\"a\":\"{\\\"b\\\":[1,\\\"x y\\\"]}\"}|"},
    {"ROW<a STRING>", "", "{\"a\":[]}", "{\"a\":\"[]\"}|"},
    {"ROW<a STRING>", "", "{\"a\":[1 2]}", "!expected ',' or ']'"},
    /* bytes */
    {"ROW<a BYTES>", "", "{\"a\":\"AP/+\"}", "{\"a\":\"AP/+\"}|"},
    {"ROW<a BYTES>", "", "{\"a\":\"AA==\"}", "{\"a\":\"AA==\"}|"},
    {"ROW<a BYTES>", "", "{\"a\":\"AAA=\"}", "{\"a\":\"AAA=\"}|"},
    {"ROW<a BYTES>", "", "{\"a\":\"\"}", "{\"a\":\"\"}|"},
    {"ROW<a BYTES>", "", "{\"a\":\"AAA\"}", "!wrong value"},
    {"ROW<a BYTES>", "", "{\"a\":\"====\"}", "!wrong value"},
    {"ROW<a BYTES>", "", "{\"a\":\"A=AA\"}", "!wrong value"},
    {"ROW<a BYTES>", "", "{\"a\":1234}", "!not a base64 string"},
    /* times */
    {"ROW<a DATE>", "", "{\"a\":\"2024-02-29\"}", "{\"a\":\"2024-02-29\"}|"},
    {"ROW<a DATE>", "", "{\"a\":\"2023-02-29\"}", "!wrong value"},
    {"ROW<a DATE>", "", "{\"a\":19000}", "!wrong value"},
    {"ROW<a TIME>", "", "{\"a\":\"23:59:59\"}", "{\"a\":\"23:59:59\"}|"},
    {"ROW<a TIME>", "", "{\"a\":\"23:59:60\"}", "!wrong value"},
    {"ROW<a TIME(3)>", "", "{\"a\":\"12:00:00.5\"}", "{\"a\":\"12:00:00.5\"}|"},
    {"ROW<a TIMESTAMP(3)>", "", "{\"a\":\"2020-12-30 12:13:14.123\"}",
     "{\"a\":\"2020-12-30 12:13:14.123\"}|"},
    {"ROW<a TIMESTAMP(3)>", "", "{\"a\":\"2020-12-30 12:13:14.100\"}",
     "{\"a\":\"2020-12-30 12:13:14.1\"}|"},
    {"ROW<a TIMESTAMP(3)>", "", "{\"a\":\"2020-12-30 12:13:14\"}",
     "{\"a\":\"2020-12-30 12:13:14\"}|"},
    {"ROW<a TIMESTAMP(9)>", "", "{\"a\":\"1969-12-31 23:59:59.999999999\"}",
     "{\"a\":\"1969-12-31 23:59:59.999999999\"}|"},
    {"ROW<a TIMESTAMP(3)>", "", "{\"a\":\"2020-12-30T12:13:14\"}",
     "!TIMESTAMP(3)"},
    {"ROW<a TIMESTAMP(3)>", "timestamp-format.standard=ISO-8601",
     "{\"a\":\"2020-12-30T12:13:14.123\"}",
     "{\"a\":\"2020-12-30T12:13:14.123\"}|"},
    {"ROW<a TIMESTAMP(3)>", "timestamp-format.standard=iso-8601",
     "{\"a\":\"2020-12-30 12:13:14\"}", "!wrong value"},
    {"ROW<a TIMESTAMP_LTZ(3)>", "", "{\"a\":\"2020-12-30 12:13:14.12Z\"}",
     "{\"a\":\"2020-12-30 12:13:14.12Z\"}|"},
    {"ROW<a TIMESTAMP_LTZ(3)>", "", "{\"a\":\"2020-12-30 12:13:14\"}",
     "!wrong value"},
    {"ROW<a TIMESTAMP_LTZ(6)>", "timestamp-format.standard=ISO-8601",
     "{\"a\":\"2020-12-30T12:13:14Z\"}", "{\"a\":\"2020-12-30T12:13:14Z\"}|"},
    {"ROW<a TIMESTAMP(3)>", "", "{\"a\":1609330394}", "!wrong value"},
    /* nested */
    {"ROW<a ARRAY<INT>>", "", "{\"a\":[]}", "{\"a\":[]}|"},
    {"ROW<a ARRAY<INT>>", "", "{\"a\":[1,null,3]}", "{\"a\":[1,null,3]}|"},
    {"ROW<a ARRAY<ARRAY<STRING>>>", "", "{\"a\":[[\"x\"],[],null]}",
     "{\"a\":[[\"x\"],[],null]}|"},
    {"ROW<a ARRAY<INT NOT NULL>>", "", "{\"a\":[1,null]}", "!a[1]"},
    {"ROW<a ARRAY<INT>>", "", "{\"a\":{}}", "!not an array"},
    {"ROW<a ARRAY<INT>>", "", "{\"a\":[1 2]}", "!expected ',' or ']'"},
    {"ROW<a ARRAY<INT>>", "", "{\"a\":[1", "!too early"},
    {"ROW<a MAP<STRING, INT>>", "", "{\"a\":{\"x\":1,\"y\":null}}",
     "{\"a\":{\"x\":1,\"y\":null}}|"},
    {"ROW<a MAP<STRING, INT>>", "", "{\"a\":{}}", "{\"a\":{}}|"},
    {"ROW<a MAP<STRING, INT>>", "", "{\"a\":{\"x\":1,\"y\":2,\"x\":3}}",
     "{\"a\":{\"y\":2,\"x\":3}}|"},
    {"ROW<a MAP<STRING, INT>>", "", "{\"a\":{\"\\u0078\":1,\"x\":3}}",
     "{\"a\":{\"x\":3}}|"},
    {"ROW<a MAP<STRING, INT>>", "", "{\"a\":{\"x\":\"y\"}}", "!a.x"},
    {"ROW<a MAP<STRING, INT>>", "", "{\"a\":[]}", "!not an object"},
    {"ROW<a MULTISET<STRING>>", "", "{\"a\":{\"x\":2}}", "{\"a\":{\"x\":2}}|"},
    {"ROW<a ROW<b INT, c ROW<d STRING>>>", "",
     "{\"a\":{\"c\":{\"d\":\"x\"},\"z\":0}}",
     "{\"a\":{\"b\":null,\"c\":{\"d\":\"x\"}}}|"},
    {"ROW<a ROW<b INT, c INT>>", "",
     "{\"a\":{\"b\":1,\"c\":2},\"a\":{\"c\":3}}",
     "{\"a\":{\"b\":null,\"c\":3}}|"},
    {"ROW<a ROW<b INT>>", "", "{\"a\":[]}", "!not an object"},
    {"ROW<a ROW<b INT>>", "", "{\"a\":null}", "{\"a\":null}|"},
    /* errors that are ignored */
    {"ROW<a INT, b INT>", "ignore-parse-errors=true", "{\"a\":\"x\",\"b\":2}",
     "{\"a\":null,\"b\":2}|"},
    {"ROW<a ARRAY<INT>>", "ignore-parse-errors=true", "{\"a\":[1,\"x\",[3],4]}",
     "{\"a\":[1,null,null,4]}|"},
    {"ROW<a ROW<b INT NOT NULL>, c INT>", "ignore-parse-errors=true",
     "{\"a\":{\"b\":\"x\"},\"c\":1}", "{\"a\":null,\"c\":1}|"},
    {"ROW<a INT NOT NULL>", "ignore-parse-errors=true", "{\"a\":\"x\"}", ""},
    {"ROW<a INT>", "ignore-parse-errors=true", "{\"a\":1", ""},
    {"ROW<a INT>", "ignore-parse-errors=true", "{\"a\":\"\xff\"}", ""},
    {"ROW<a INT>", "ignore-parse-errors=true", "5", ""},
    /* writing */
    {"ROW<a INT, b ROW<c INT, d INT>>", "encode.ignore-null-fields=true",
     "{\"b\":{\"d\":1}}", "{\"b\":{\"d\":1}}|"},
    {"ROW<a INT>", "encode.ignore-null-fields=true", "{}", "{}|"},
    /* options and types */
    {"ROW<a INT>", "ignore-parse-errors=true;fail-on-missing-field=true", "{}",
     "!cannot both be true"},
    {"ROW<a INT>", "ignore-parse-error=true", "{}", "!ignore-parse-errors"},
    {"ROW<a INT>", "timestamp-format.standard=RFC", "{}", "!ISO-8601"},
    {"ROW<a INT>", "json-schema={}", "{\"a\":1}", "{\"a\":1}|"},
    {"ROW<a INT>", "decode.json-parser.enabled=false", "{}", "{\"a\":null}|"},
    {"ROW<a RAW>", "", "{}", "!RAW"},
    {"ROW<a MAP<INT, INT>>", "", "{}", "!keys"},
};

static void test_by_hand(void)
{
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *want = cases[i].want;
        const char *got = round_trip("json", cases[i].type, cases[i].options,
                                     cases[i].options, span_of(cases[i].text));

        if (*want == '!' && *got == '!')
            HAS_STR(got, want + 1, "%s refuses %s", cases[i].type,
                    cases[i].text);
        else
            EQ_STR(got, want, "%s reads %s", cases[i].type, cases[i].text);
    }
}

/* `levels` arrays in a field that is read as `type`. */
static const char *read_nested(const char *type, int levels)
{
    static char text[4096];
    int at = snprintf(text, sizeof(text), "{\"a\":1,\"x\":");
    int i;

    for (i = 0; i < levels; i++)
        text[at++] = i % 2 ? '[' : '{',
        at += i % 2 ? 0 : sprintf(text + at, "\"k\":");
    text[at++] = '0';
    for (i = levels; i-- > 0;)
        text[at++] = i % 2 ? ']' : '}';
    text[at++] = '}';
    text[at] = '\0';
    return round_trip("json", type, "", "", span_of(text));
}

static void test_depth(void)
{
    EQ_STR(read_nested("ROW<a INT>", 64), "{\"a\":1}|",
           "64 levels that nobody reads pass");
    HAS_STR(read_nested("ROW<a INT>", 65), "deeper than 64",
            "65 levels are refused");
    HAS_STR(read_nested("ROW<x STRING>", 65), "deeper than 64",
            "65 levels are refused as text");
    OK(*read_nested("ROW<x STRING>", 64) == '{', "64 levels become a text");
}

/* ---- neighbours ---------------------------------------------------------- */

/* Several chunks long; each seventh message is bad in its own way. */
enum { MANY = 3000 };

static const char *bad_message(int i)
{
    static const char *const bad[] = {"{\"a\":1,",
                                      "\"b\":\"x\"}",
                                      "{\"a\":\"",
                                      "{\"a\":1,\"b\":\"\xe2\x82",
                                      "{\"a\":1,\"b\":\"x\\",
                                      "{\"a\":x,\"b\":\"y\"}",
                                      "{\"a\":1}}",
                                      "}",
                                      "{\"a\":1,\"b\":",
                                      "[{\"a\":1,\"b\":\"1\"},",
                                      "{\"a\":1,\"b\":\"x\ny\"}"};

    return bad[(size_t)(i / 7) % (sizeof(bad) / sizeof(*bad))];
}

static void make_messages(mt_span *messages, char (*texts)[64])
{
    int i;

    for (i = 0; i < MANY; i++) {
        snprintf(texts[i], sizeof(texts[i]), "{\"a\":%d,\"b\":\"text %d\"}", i,
                 i);
        messages[i] = span_of(i % 7 == 3 ? bad_message(i) : texts[i]);
    }
}

/* Whether the batch holds all good messages and no other, as (i, "text i"). */
static bool holds_good(mt_batch *batch)
{
    const mt_column *a = mt_batch_column(batch, 0, NULL);
    const mt_column *b = mt_batch_column(batch, 1, NULL);
    int32_t row = 0;
    int i;

    for (i = 0; i < MANY; i++) {
        char text[32];
        int len = snprintf(text, sizeof(text), "text %d", i);

        if (i % 7 == 3)
            continue;
        if (row == batch->rows || ((const int32_t *)a->values)[row] != i ||
            b->offsets[row + 1] - b->offsets[row] != len ||
            memcmp((const char *)b->values + b->offsets[row], text,
                   (size_t)len) != 0)
            return false;
        row++;
    }
    return row == batch->rows;
}

static void test_neighbours(mt_span *messages)
{
    mt_type *type = type_of("ROW<a INT, b STRING>");
    mt_decoder *d = open_decoder("json", "", type, NULL);
    mt_builder *b = mt_builder_new(type, 0, NULL);
    static int32_t rows[MANY];
    int32_t at = 0, errors = 0, right = 0;
    mt_batch *batch = NULL;

    while (at < MANY) {
        mt_error *err = NULL;
        int32_t done;
        int rc = mt_decoder_decode(d, messages + at, MANY - at, b, rows + at,
                                   &done, &err);

        at += done;
        if (rc == MT_ERECORD) {
            right += at % 7 == 3 && mt_error_code(err) == MT_ERECORD;
            errors++;
            at++;
        }
        mt_error_free(err);
    }
    EQ_INT(errors, (MANY + 3) / 7, "each bad message is one error");
    EQ_INT(right, errors, "and is the one that is named");
    OK(mt_builder_commit(b, NULL) == 0 &&
           mt_builder_seal(b, &batch, NULL) == 0 && holds_good(batch),
       "a bad message leaves its neighbours whole");
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_decoder_close(d);
    mt_type_unref(type);
}

static void test_skipping(mt_span *messages)
{
    mt_type *type = type_of("ROW<a INT, b STRING NOT NULL>");
    mt_decoder *d =
        open_decoder("json", "ignore-parse-errors=true", type, NULL);
    static int32_t rows[MANY];
    mt_batch *batch = decode_all(d, type, messages, MANY, rows, NULL);
    int32_t i, right = 0;

    for (i = 0; i < MANY; i++)
        right += rows[i] == (i % 7 != 3);
    OK(batch && holds_good(batch), "bad messages are skipped when told so");
    EQ_INT(right, MANY, "each message says whether it gave a row");
    EQ_INT(mt_decoder_skipped(d), (MANY + 3) / 7, "skipped ones are counted");
    EQ_INT(mt_decoder_skipped(d), 0, "and counted once");
    mt_batch_unref(batch);
    mt_decoder_close(d);
    mt_type_unref(type);
}

/* ---- columns that are left for later ------------------------------------- */

static const char *const WIDE =
    "ROW<a INT, b STRING, c ROW<x BIGINT, y ARRAY<STRING>>, d DOUBLE, "
    "e MAP<STRING, INT>>";

/* Writes a random batch as messages and reads it back with some fields left
 * absent; asking for them must give what was written. */
static bool reads_later(uint64_t *seed)
{
    mt_type *type = type_of(WIDE);
    mt_batch *batch = random_batch(type, 500, seed), *again = NULL;
    mt_encoder *e = open_encoder("json", "", type, NULL);
    mt_decoder *d = open_decoder("json", "", type, NULL);
    mt_builder *b = mt_builder_new(type, 0, NULL);
    uint8_t needed[5], nulls[500];
    mt_span messages[500];
    size_t ends[500], begin = 0;
    int32_t rows[500], i, done, absent = 0;
    mt_buf out = {0};
    bool same = encode_all(e, batch, &out, ends, nulls, NULL) == 0;

    for (i = 0; i < 500; begin = ends[i++])
        messages[i] = (mt_span){out.data + begin, ends[i] - begin};
    for (i = 0; i < 5; i++) {
        needed[i] = tap_below(seed, 2) != 0;
        absent += !needed[i];
    }
    mt_decoder_project(d, needed);
    /* Some rows are taken back in between, and read again. */
    same = same &&
           mt_decoder_decode(d, messages, 200, b, rows, &done, NULL) == 0 &&
           mt_builder_commit(b, NULL) == 0 &&
           mt_decoder_decode(d, messages + 200, 100, b, rows, &done, NULL) == 0;
    mt_builder_rollback(b);
    same =
        same &&
        mt_decoder_decode(d, messages + 200, 300, b, rows, &done, NULL) == 0 &&
        mt_builder_commit(b, NULL) == 0 &&
        mt_builder_seal(b, &again, NULL) == 0 &&
        again->absent_len == absent - (absent == 5);
    mt_decoder_close(d); /* the batch lives on */
    same = same && same_batches(batch, again);
    mt_builder_free(b);
    mt_batch_unref(again);
    mt_batch_unref(batch);
    mt_encoder_close(e);
    mt_buf_fini(&out);
    mt_type_unref(type);
    return same;
}

static void test_projection(uint64_t *seed)
{
    bool same = true;
    int i;

    for (i = 0; same && i < 20; i++)
        same = reads_later(seed);
    OK(same, "a column that was left absent is decoded when asked for");
}

/* Long messages of which little is read: what is kept of them is bounded. */
static void test_long_messages(void)
{
    enum { LONG = 1 << 20, COUNT = 20 };
    mt_type *type = type_of("ROW<a INT, b STRING, c INT>");
    uint8_t needed[] = {1, 0, 0};
    char *text = malloc(LONG);
    mt_span messages[COUNT];
    mt_batch *plain, *batch;
    mt_decoder *d = open_decoder("json", "", type, NULL);
    int32_t i;

    memset(text, ' ', LONG);
    memcpy(text, "{\"a\":1,\"b\":\"x\\ny\",\"c\":", 22);
    text[LONG - 2] = '7';
    text[LONG - 1] = '}';
    for (i = 0; i < COUNT; i++)
        messages[i] = (mt_span){(uint8_t *)text, LONG};
    plain = decode_all(d, type, messages, COUNT, NULL, NULL);
    mt_decoder_project(d, needed);
    batch = decode_all(d, type, messages, COUNT, NULL, NULL);
    OK(batch && batch->absent_len == 0, "long messages are not kept");
    OK(same_batches(plain, batch), "and lose nothing");
    mt_batch_unref(batch);
    /* A value that cannot be read: only who asks for it is told. */
    memcpy(text + LONG - 8, "[7]    ", 7);
    batch = decode_all(d, type, messages, COUNT, NULL, NULL);
    OK(batch && batch->absent_len == 2, "a bad value is left for later");
    OK(mt_batch_column(batch, 1, NULL) && !mt_batch_column(batch, 2, NULL),
       "and is the error of who asks for it");
    mt_batch_unref(batch);
    mt_batch_unref(plain);
    mt_decoder_close(d);
    mt_type_unref(type);
    free(text);
}

/* ---- any schema, any rows ------------------------------------------------ */

static void random_type(mt_buf *text, uint64_t *seed, int depth)
{
    static const char *const lists[] = {"ARRAY<", "MAP<STRING, "};
    uint64_t pick = tap_below(seed, depth ? 8 : 5);
    uint64_t i, n;

    if (pick < 5) {
        random_scalar(text, seed);
    } else if (pick < 7) {
        mt_buf_printf(text, "%s", lists[pick - 5]);
        random_type(text, seed, depth - 1);
        mt_buf_printf(text, ">");
    } else {
        n = tap_below(seed, 4);
        mt_buf_printf(text, "ROW<");
        for (i = 0; i <= n; i++) {
            mt_buf_printf(text, "%s`field \"%d\"` ", i ? ", " : "", (int)i);
            random_type(text, seed, depth - 1);
        }
        mt_buf_printf(text, ">");
    }
    if (tap_below(seed, 6) == 0)
        mt_buf_printf(text, " NOT NULL");
}

static void test_identity(uint64_t *seed)
{
    static const char *const options[] = {"",
                                          "timestamp-format.standard=ISO-8601",
                                          "encode.decimal-as-plain-number=true",
                                          "encode.ignore-null-fields=true"};
    bool same = true;
    int i, f;

    for (i = 0; same && i < 150; i++) {
        mt_buf text = {0};
        int fields = 1 + (int)tap_below(seed, 6);

        mt_buf_printf(&text, "ROW<");
        for (f = 0; f < fields; f++) {
            mt_buf_printf(&text, "%sf%d ", f ? ", " : "", f);
            random_type(&text, seed, 3);
        }
        mt_buf_printf(&text, ">");
        mt_buf_byte(&text, 0);
        same = survives_as("json", (char *)text.data,
                           options[tap_below(seed, 4)], seed);
        mt_buf_fini(&text);
    }
    OK(same, "random rows of random types survive writing and reading");
}

/* ---- beside the model ---------------------------------------------------- */

static const char *const MODELLED =
    "ROW<s STRING, b BIGINT, t BOOLEAN, d DOUBLE, a ARRAY<BIGINT>, "
    "m MAP<STRING, STRING>, r ROW<s STRING, n INT NOT NULL>>";

static void write_blanks(mt_buf *out, uint64_t *seed)
{
    while (tap_below(seed, 6) == 0)
        mt_buf_byte(out, (uint8_t) " \t\r\n"[tap_below(seed, 4)]);
}

static void write_random(mt_buf *out, uint64_t *seed, int depth)
{
    static const char *const scalars[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "-17",
        "1.5",
        "1e2",
        "-1E-2",
        I64_MAX,
        I64_MIN,
        "9223372036854775808",
        "0.1",
        "123456789.125",
        "1e999",
        "\"\"",
        "\"x\"",
        "\" 12 \"",
        "\"true\"",
        "\"NaN\"",
        "\"a\\u00e9\\n\"",
        "\"\\ud83d\\ude00\"",
        "\"€\"",
        "\"a longer text of 33 characters ...\"",
        "\"0.5\"",
        "\"\\\\\""};
    static const char *const keys[] = {"s", "b", "t", "d",       "a",    "m",
                                       "r", "n", "z", "\\u0073", "k\\\""};
    int kind = depth ? (int)tap_below(seed, 6) : 0;
    int i, n = (int)tap_below(seed, 4);

    if (kind < 4) {
        mt_buf_printf(
            out, "%s",
            scalars[tap_below(seed, sizeof(scalars) / sizeof(*scalars))]);
        return;
    }
    mt_buf_byte(out, kind == 4 ? '[' : '{');
    for (i = 0; i < n; i++) {
        if (i)
            mt_buf_byte(out, ',');
        write_blanks(out, seed);
        if (kind == 5) {
            mt_buf_printf(out, "\"%s\"", keys[tap_below(seed, 11)]);
            write_blanks(out, seed);
            mt_buf_byte(out, ':');
            write_blanks(out, seed);
        }
        write_random(out, seed, depth - 1);
        write_blanks(out, seed);
    }
    mt_buf_byte(out, kind == 4 ? ']' : '}');
}

/* A document whose fields mostly have values of their types. */
static void write_document(mt_buf *out, uint64_t *seed)
{
    static const char *const values[] = {
        "\"x\"", "1", "true", "2.5", "[1,2]", "{\"k\":\"v\"}", "{\"n\":1}"};
    static const char names[] = "sbtdamr";
    int i, n = (int)tap_below(seed, 9);

    if (tap_below(seed, 30) == 0) {
        write_random(out, seed, 4);
        return;
    }
    mt_buf_byte(out, '{');
    for (i = 0; i < n; i++) {
        int field = i < 7 && tap_below(seed, 4) ? i : (int)tap_below(seed, 7);

        mt_buf_printf(out, "%s\"%c\":", i ? "," : "", names[field]);
        write_blanks(out, seed);
        if (tap_below(seed, 5))
            mt_buf_printf(out, "%s", values[field]);
        else
            write_random(out, seed, 3);
        write_blanks(out, seed);
    }
    mt_buf_byte(out, '}');
}

/* Breaks a document, or seems to. */
static void mutate(mt_buf *out, uint64_t *seed)
{
    static const char bytes[] =
        "{}[]:,\"\\ 019-.eEtfnu\n\x01\x80\xc3\xe2\xf0\xff";
    size_t at = out->len ? tap_below(seed, out->len) : 0;

    if (!out->len)
        return;
    switch (tap_below(seed, 4)) {
    case 0:
        out->len = at;
        break;
    case 1:
        out->data[at] = (uint8_t)bytes[tap_below(seed, sizeof(bytes))];
        break;
    case 2:
        memmove(out->data + at, out->data + at + 1, out->len - at - 1);
        out->len--;
        break;
    default:
        mt_buf_byte(out, 0);
        memmove(out->data + at + 1, out->data + at, out->len - at - 1);
        out->data[at] = (uint8_t)bytes[tap_below(seed, sizeof(bytes))];
    }
}

/* Rows of one message, or false when it was refused or skipped. */
static bool format_read(mt_decoder *d, mt_encoder *e, const mt_type *type,
                        mt_span message, bool lenient, mt_buf *out)
{
    mt_error *err = NULL;
    mt_batch *batch = decode_all(d, type, &message, 1, NULL, &err);
    size_t ends[256], begin = 0;
    uint8_t nulls[256];
    mt_buf text = {0};
    int32_t i;

    if (err && lenient)
        NOTE("%s", mt_error_message(err));
    mt_error_free(err);
    if (!batch)
        return false;
    if (encode_all(e, batch, &text, ends, nulls, NULL) < 0)
        exit(2);
    for (i = 0; i < batch->rows; begin = ends[i++]) {
        mt_buf_append(out, text.data + begin, ends[i] - begin);
        mt_buf_byte(out, '|');
    }
    mt_buf_fini(&text);
    mt_batch_unref(batch);
    return !lenient || mt_decoder_skipped(d) == 0;
}

static bool agrees(model *m, mt_decoder *d, mt_encoder *e, const mt_type *type,
                   const mt_buf *text, bool lenient)
{
    /* The exact size, so that a look behind its end is found out. */
    uint8_t *copy = malloc(text->len);
    mt_span message = {copy, text->len};
    mt_buf want = {0}, got = {0};
    bool accept, accepted, same;

    if (text->len)
        memcpy(copy, text->data, text->len);
    accept = model_read(m, type, (char *)copy, text->len, lenient, &want);
    accepted = format_read(d, e, type, message, lenient, &got);
    same = accept == accepted &&
           (!accept ||
            (want.len == got.len &&
             (want.len == 0 || memcmp(want.data, got.data, want.len) == 0)));
    if (!same) {
        NOTE("%.*s", (int)text->len, (const char *)text->data);
        NOTE("want %s %.*s", accept ? "accepted" : "refused", (int)want.len,
             (char *)want.data);
        NOTE("got %s %.*s", accepted ? "accepted" : "refused", (int)got.len,
             (char *)got.data);
    }
    mt_buf_fini(&want);
    mt_buf_fini(&got);
    free(copy);
    return same;
}

static void test_model(uint64_t *seed, bool lenient)
{
    static model m;
    const char *options = lenient ? "ignore-parse-errors=true" : "";
    mt_type *type = type_of(MODELLED);
    mt_decoder *d = open_decoder("json", options, type, NULL);
    mt_encoder *e = open_encoder("json", "", type, NULL);
    mt_buf text = {0};
    bool same = true;
    int i;

    for (i = 0; same && i < 6000; i++) {
        int breaks = (int)tap_below(seed, 4);

        text.len = 0;
        write_document(&text, seed);
        while (breaks-- > 1)
            mutate(&text, seed);
        same = agrees(&m, d, e, type, &text, lenient);
    }
    OK(same, "the format and the model agree on documents, %s",
       lenient ? "errors ignored" : "strictly");
    mt_buf_fini(&text);
    mt_decoder_close(d);
    mt_encoder_close(e);
    mt_type_unref(type);
}

/* ---- writing what cannot be read ----------------------------------------- */

static const char *write_null_key(const char *options)
{
    static char text[256];
    mt_type *type = type_of("ROW<m MAP<STRING, INT>>");
    mt_builder *b = mt_builder_new(type, 0, NULL);
    mt_column_builder *map = &b->columns[0];
    mt_encoder *e = open_encoder("json", options, type, NULL);
    mt_error *err = NULL;
    mt_batch *batch = NULL;
    mt_buf out = {0};
    size_t end = 0;
    uint8_t null;

    mt_put_null(&map->children[0]);
    mt_put_i32(&map->children[1], 1);
    mt_put_bytes(&map->children[0], "k", 1);
    mt_put_i32(&map->children[1], 2);
    mt_put_list(map);
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    if (encode_all(e, batch, &out, &end, &null, &err) < 0)
        snprintf(text, sizeof(text), "!%s", mt_error_message(err));
    else
        snprintf(text, sizeof(text), "%.*s", (int)end, (char *)out.data);
    mt_error_free(err);
    mt_buf_fini(&out);
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_encoder_close(e);
    mt_type_unref(type);
    return text;
}

static void test_null_keys(void)
{
    HAS_STR(write_null_key(""), "field 'm': a NULL key",
            "a NULL key in a map is an error");
    EQ_STR(write_null_key("map-null-key.mode=DROP"), "{\"m\":{\"k\":2}}",
           "a NULL key can be dropped");
    EQ_STR(write_null_key("map-null-key.mode=LITERAL"),
           "{\"m\":{\"null\":1,\"k\":2}}", "a NULL key can be spelled");
    EQ_STR(write_null_key(
               "map-null-key.mode=LITERAL;map-null-key.literal=\"none\""),
           "{\"m\":{\"\\\"none\\\"\":1,\"k\":2}}", "as one likes");
}

/* ---- memory ----------------------------------------------------------- */

/* One decode and encode with nothing prepared, in memory that may run out. */
static void test_memory(void)
{
    static const uint8_t needed[] = {0, 1, 0, 1, 0};
    mt_span messages[] = {
        span_of("{\"a\":1,\"b\":\"x\\ny\",\"c\":{\"y\":[\"1\",\"2\"]}}"),
        span_of("{\"e\":{\"k\":1,\"k\":2},\"d\":1.5,\"b\":{\"z\": [1 ]}}")};

    test_memory_of("json", "", WIDE, needed, messages, 2);
}

int main(void)
{
    static mt_span messages[MANY];
    static char texts[MANY][64];
    uint64_t seed = tap_seed();

    test_by_hand();
    test_depth();
    make_messages(messages, texts);
    test_neighbours(messages);
    test_skipping(messages);
    test_projection(&seed);
    test_long_messages();
    test_identity(&seed);
    test_model(&seed, false);
    test_model(&seed, true);
    test_null_keys();
    test_memory();
    return tap_done();
}
