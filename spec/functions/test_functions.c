/* Scalar functions over columns: each gives for a row of a column what it gives
 * for the same values as constants, whatever stands in the rows around it, for
 * any mix of constants and columns, and with rows that must not fail.
 *
 * The table holds values with edges; what they should give is in
 * spec/functions/values_spec.lua.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/function.h"

#include "base/alloc.h"
#include "data/buffer.h"
#include "data/cast.h"
#include "data/column.h"
#include "functions/host.h"
#include "tap.h"

#define ARGS_MAX 5
#define VALUES_MAX 12
#define ROWS 150

typedef struct sample {
    const char *name, *option, *result;
    const char *types[ARGS_MAX];
    /* Rows of texts, "NULL" for NULL, taken column by column. */
    const char *rows[VALUES_MAX][ARGS_MAX];
} sample;

#define TEXTS                                                                  \
    {"abc"}, {""}, {"été"}, {"NULL"}, {"日本語 x"}, {"  a b "},                \
    {                                                                          \
        "x😀"                                                                \
    }
#define INTS                                                                   \
    {"1", "2"}, {"-5", "3"}, {"NULL", "1"}, {"7", "NULL"},                     \
    {                                                                          \
        "5", "0"                                                               \
    }
#define MIN64 "-9223372036854775808"

/* clang-format off */
static const sample samples[] = {
    {"=", NULL, "BOOLEAN", {"INT", "INT"}, {INTS, {"3", "3"}}},
    {"<", NULL, "BOOLEAN", {"TINYINT", "TINYINT"}, {INTS}},
    {"<=", NULL, "BOOLEAN", {"SMALLINT", "SMALLINT"}, {INTS}},
    {">", NULL, "BOOLEAN", {"BIGINT", "BIGINT"}, {INTS, {MIN64, "0"}}},
    {">=", NULL, "BOOLEAN", {"DOUBLE", "DOUBLE"},
        {INTS, {"NaN", "1"}, {"-0.0", "0"}}},
    {"<>", NULL, "BOOLEAN", {"FLOAT", "FLOAT"}, {INTS, {"NaN", "NaN"}}},
    {"=", NULL, "BOOLEAN", {"DECIMAL(20, 2)", "DECIMAL(20, 2)"},
        {INTS, {"1.5", "1.50"}}},
    {"<", NULL, "BOOLEAN", {"DECIMAL(20, 2)", "DECIMAL(38, 20)"},
        {INTS, {"1.5", "1.50"}}},
    {"=", NULL, "BOOLEAN", {"BOOLEAN", "BOOLEAN"},
        {{"true", "false"}, {"NULL", "true"}, {"true", "true"}}},
    {"<", NULL, "BOOLEAN", {"BOOLEAN", "BOOLEAN"},
        {{"true", "false"}, {"false", "true"}, {"true", "NULL"}}},
    {"=", NULL, "BOOLEAN", {"STRING", "STRING"},
        {{"a", "a"}, {"a", "ab"}, {"", "NULL"}, {"é", "é"}}},
    {">", NULL, "BOOLEAN", {"STRING", "STRING"},
        {{"a", "a"}, {"a", "ab"}, {"", "NULL"}, {"é", "z"}}},
    {"<=", NULL, "BOOLEAN", {"TIMESTAMP(9)", "TIMESTAMP(9)"},
        {{"2020-01-01 00:00:00.000000001", "2020-01-01 00:00:00"},
         {"NULL", "2020-01-01"}, {"1969-01-01", "1970-01-01"}}},
    {"=", NULL, "BOOLEAN", {"DATE", "DATE"},
        {{"2020-01-01", "2020-01-01"}, {"2020-01-02", "NULL"},
         {"1900-01-01", "2020-01-01"}}},
    {"IS DISTINCT FROM", NULL, "BOOLEAN", {"INT", "INT"},
        {INTS, {"NULL", "NULL"}, {"3", "3"}}},
    {"IS NOT DISTINCT FROM", NULL, "BOOLEAN", {"STRING", "STRING"},
        {{"a", "a"}, {"NULL", "NULL"}, {"a", "b"}, {"NULL", ""}}},
    {"IS NULL", NULL, "BOOLEAN", {"STRING"}, {TEXTS}},
    {"IS NOT NULL", NULL, "BOOLEAN", {"DOUBLE"}, {{"1"}, {"NULL"}, {"NaN"}}},
    {"IN", NULL, "BOOLEAN", {"INT", "INT", "INT"},
        {{"1", "1", "2"}, {"3", "1", "NULL"}, {"NULL", "1", "2"},
         {"3", "1", "3"}}},
    {"IN", NULL, "BOOLEAN", {"STRING", "STRING", "STRING"},
        {{"a", "a", "b"}, {"c", "a", "NULL"}, {"NULL", "a", "b"},
         {"", "a", ""}}},
    {"IN", NULL, "BOOLEAN", {"DOUBLE", "DOUBLE"},
        {{"NaN", "NaN"}, {"-0.0", "0"}, {"1", "2"}}},
    {"LIKE", NULL, "BOOLEAN", {"STRING", "STRING"},
        {{"abc", "a%"}, {"été", "_t_"}, {"", "%"}, {"x", "NULL"},
         {"NULL", "x"}}},
    {"LIKE", NULL, "BOOLEAN", {"STRING", "STRING", "STRING"},
        {{"a%", "a#%", "#"}, {"ab", "a#%", "#"}, {"a", "a#b", "#"}}},
    {"SIMILAR TO", NULL, "BOOLEAN", {"STRING", "STRING"},
        {{"abc", "(a|b|c)+"}, {"x", "("}, {"", ""}, {"NULL", "a"}}},
    {"AND", NULL, "BOOLEAN", {"BOOLEAN", "BOOLEAN"},
        {{"true", "false"}, {"true", "true"}, {"NULL", "false"},
         {"NULL", "true"}, {"NULL", "NULL"}}},
    {"OR", NULL, "BOOLEAN", {"BOOLEAN", "BOOLEAN", "BOOLEAN"},
        {{"true", "false", "NULL"}, {"false", "false", "false"},
         {"NULL", "false", "true"}, {"NULL", "false", "false"}}},
    {"NOT", NULL, "BOOLEAN", {"BOOLEAN"}, {{"true"}, {"false"}, {"NULL"}}},
    {"IS TRUE", NULL, "BOOLEAN", {"BOOLEAN"}, {{"true"}, {"false"}, {"NULL"}}},
    {"IS NOT TRUE", NULL, "BOOLEAN", {"BOOLEAN"},
        {{"true"}, {"false"}, {"NULL"}}},
    {"IS FALSE", NULL, "BOOLEAN", {"BOOLEAN"},
        {{"true"}, {"false"}, {"NULL"}}},
    {"IS NOT FALSE", NULL, "BOOLEAN", {"BOOLEAN"},
        {{"true"}, {"false"}, {"NULL"}}},
    {"IS UNKNOWN", NULL, "BOOLEAN", {"BOOLEAN"},
        {{"true"}, {"false"}, {"NULL"}}},
    {"IS NOT UNKNOWN", NULL, "BOOLEAN", {"BOOLEAN"},
        {{"true"}, {"false"}, {"NULL"}}},
    {"CASE", NULL, "INT", {"BOOLEAN", "INT", "INT"},
        {{"true", "1", "2"}, {"false", "1", "2"}, {"NULL", "3", "NULL"},
         {"true", "NULL", "5"}}},
    {"CASE", NULL, "STRING",
        {"BOOLEAN", "STRING", "BOOLEAN", "STRING", "STRING"},
        {{"true", "a", "true", "b", "c"}, {"false", "a", "true", "b", "c"},
         {"NULL", "a", "NULL", "b", "NULL"},
         {"true", "NULL", "true", "é", "c"}}},
    {"CASE", NULL, "BOOLEAN", {"BOOLEAN", "BOOLEAN", "BOOLEAN"},
        {{"true", "true", "false"}, {"false", "true", "false"},
         {"NULL", "true", "NULL"}}},
    {"CASE", NULL, "DECIMAL(10, 2)",
        {"BOOLEAN", "DECIMAL(10, 2)", "DECIMAL(10, 2)"},
        {{"true", "1.5", "2"}, {"false", "1", "2"}, {"true", "NULL", "2"}}},
    {"CASE", NULL, "TINYINT", {"BOOLEAN", "TINYINT", "TINYINT"},
        {{"true", "1", "2"}, {"false", "1", "2"}, {"true", "NULL", "2"}}},
    {"CASE", NULL, "SMALLINT", {"BOOLEAN", "SMALLINT", "SMALLINT"},
        {{"true", "1", "2"}, {"false", "1", "2"}, {"true", "NULL", "2"}}},
    {"COALESCE", NULL, "BIGINT", {"BIGINT", "BIGINT", "BIGINT"},
        {{"1", "2", "3"}, {"NULL", "2", "NULL"}, {"NULL", "NULL", "3"},
         {"NULL", "NULL", "NULL"}}},
    {"COALESCE", NULL, "STRING", {"STRING", "STRING"},
        {{"a", "b"}, {"NULL", ""}, {"NULL", "NULL"}, {"", "b"}}},
    {"+", NULL, "INT", {"INT", "INT"}, {INTS, {"2147483647", "1"}}},
    {"-", NULL, "TINYINT", {"TINYINT", "TINYINT"}, {INTS, {"-128", "1"}}},
    {"*", NULL, "BIGINT", {"BIGINT", "BIGINT"}, {INTS, {MIN64, "-1"}}},
    {"+", NULL, "DECIMAL(11, 2)", {"DECIMAL(10, 2)", "DECIMAL(10, 2)"},
        {INTS, {"99999999.99", "0.01"}}},
    {"*", NULL, "DECIMAL(38, 4)", {"DECIMAL(38, 2)", "DECIMAL(38, 2)"},
        {INTS, {"999999999999999999999999", "999999999999999999999"}}},
    {"/", NULL, "DECIMAL(20, 6)", {"DECIMAL(10, 2)", "DECIMAL(10, 2)"},
        {INTS, {"0", "0"}}},
    {"/", NULL, "INT", {"INT", "INT"}, {INTS, {"-2147483648", "-1"}}},
    {"/", NULL, "SMALLINT", {"SMALLINT", "SMALLINT"},
        {INTS, {"-32768", "-1"}}},
    {"%", NULL, "BIGINT", {"BIGINT", "BIGINT"}, {INTS, {MIN64, "-1"}}},
    {"%", NULL, "TINYINT", {"TINYINT", "TINYINT"}, {INTS, {"-128", "-1"}}},
    {"%", NULL, "DECIMAL(10, 2)", {"DECIMAL(10, 2)", "DECIMAL(10, 2)"},
        {INTS}},
    {"/", NULL, "DOUBLE", {"DOUBLE", "DOUBLE"}, {INTS}},
    {"%", NULL, "FLOAT", {"FLOAT", "FLOAT"}, {INTS}},
    {"NEGATE", NULL, "INT", {"INT"}, {{"1"}, {"NULL"}, {"-2147483648"}}},
    {"ABS", NULL, "DECIMAL(5, 2)", {"DECIMAL(5, 2)"},
        {{"-1.5"}, {"NULL"}, {"999.99"}}},
    {"ABS", NULL, "TINYINT", {"TINYINT"}, {{"-128"}, {"NULL"}, {"5"}}},
    {"SIGN", NULL, "DOUBLE", {"DOUBLE"}, {{"-0.5"}, {"NULL"}, {"NaN"}, {"0"}}},
    {"CEIL", NULL, "DECIMAL(5, 0)", {"DECIMAL(5, 2)"},
        {{"-1.5"}, {"NULL"}, {"999.99"}}},
    {"FLOOR", NULL, "FLOAT", {"FLOAT"}, {{"-1.5"}, {"NULL"}, {"999.99"}}},
    {"ROUND", NULL, "DOUBLE", {"DOUBLE", "INT"},
        {{"1.005", "2"}, {"-2.5", "0"}, {"NULL", "1"}, {"1e300", "-299"},
         {"NaN", "1"}, {"5e-324", "400"}}},
    {"ROUND", NULL, "DECIMAL(10, 3)", {"DECIMAL(10, 3)", "INT"},
        {{"1.005", "2"}, {"-2.5", "0"}, {"NULL", "1"}, {"1234567.5", "-7"},
         {"9999999.999", "-7"}, {"1", "-2147483648"}}},
    {"TRUNCATE", NULL, "BIGINT", {"BIGINT", "INT"},
        {{"1299", "-2"}, {MIN64, "-1"}, {"NULL", "1"}, {"5", "NULL"},
         {"5", "-40"}}},
    {"SQRT", NULL, "DOUBLE", {"DOUBLE"}, {{"4"}, {"-1"}, {"NULL"}}},
    {"POWER", NULL, "DOUBLE", {"DOUBLE", "DOUBLE"}, {INTS}},
    {"LOG", NULL, "DOUBLE", {"DOUBLE", "DOUBLE"}, {INTS}},
    {"RAND_INTEGER", NULL, "INT", {"INT", "INT"},
        {{"1", "10"}, {"2", "0"}, {"NULL", "5"}, {"3", "64"}}},
    {"BIN", NULL, "STRING", {"BIGINT"}, {{"0"}, {"NULL"}, {MIN64}, {"12"}}},
    {"HEX", NULL, "STRING", {"BIGINT"}, {{"0"}, {"NULL"}, {MIN64}, {"255"}}},
    {"HEX", NULL, "STRING", {"STRING"}, {TEXTS}},
    {"UNHEX", NULL, "BYTES", {"STRING"},
        {{"00ff"}, {"NULL"}, {"abc"}, {"zz"}, {""}}},
    {"CHAR_LENGTH", NULL, "INT", {"STRING"}, {TEXTS}},
    {"OCTET_LENGTH", NULL, "INT", {"STRING"}, {TEXTS}},
    {"UPPER", NULL, "STRING", {"STRING"}, {TEXTS, {"straße"}}},
    {"UPPER", NULL, "STRING", {"STRING"}, {{"abc"}, {"NULL"}, {"x1_Y"}, {""}}},
    {"LOWER", NULL, "STRING", {"STRING"}, {TEXTS, {"ÉA"}}},
    {"LOWER", NULL, "STRING", {"STRING"}, {{"aBC"}, {"NULL"}, {"@[`{"}, {""}}},
    {"INITCAP", NULL, "STRING", {"STRING"}, {TEXTS, {"hi THERE"}}},
    {"SUBSTRING", NULL, "STRING", {"STRING", "INT", "INT"},
        {{"hello", "2", "3"}, {"日本語", "-2", "1"}, {"a", "NULL", "1"},
         {"a", "1", "-1"}, {"abc", "-2147483648", "2147483647"}}},
    {"LEFT", NULL, "STRING", {"STRING", "INT"},
        {{"hello", "2"}, {"日本語", "2"}, {"a", "NULL"}, {"a", "-1"}}},
    {"RIGHT", NULL, "STRING", {"STRING", "INT"},
        {{"hello", "2"}, {"日本語", "2"}, {"a", "NULL"}, {"a", "-1"}}},
    {"REVERSE", NULL, "STRING", {"STRING"}, {TEXTS}},
    {"||", NULL, "STRING", {"STRING", "STRING", "STRING"},
        {{"a", "", "é"}, {"a", "NULL", "b"}, {"", "", ""}}},
    {"CONCAT_WS", NULL, "STRING", {"STRING", "STRING", "STRING"},
        {{"-", "a", "b"}, {"-", "NULL", "b"}, {"NULL", "a", "b"},
         {"", "a", "b"}, {"--", "NULL", "NULL"}}},
    {"REPEAT", NULL, "STRING", {"STRING", "INT"},
        {{"ab", "3"}, {"é", "0"}, {"NULL", "1"}, {"abcdefgh", "2147483647"}}},
    {"LPAD", NULL, "STRING", {"STRING", "INT", "STRING"},
        {{"hi", "5", "日本"}, {"hi", "1", "x"}, {"hi", "-1", "x"},
         {"hi", "5", ""}, {"NULL", "1", "x"}, {"a", "2147483647", "xyz"}}},
    {"RPAD", NULL, "STRING", {"STRING", "INT", "STRING"},
        {{"hi", "5", "日本"}, {"hi", "1", "x"}, {"hi", "-1", "x"},
         {"hi", "5", ""}, {"NULL", "1", "x"}}},
    {"OVERLAY", NULL, "STRING", {"STRING", "STRING", "INT", "INT"},
        {{"abcdef", "xx", "2", "3"}, {"日本語", "a", "2", "1"},
         {"abc", "x", "9", "1"}, {"abc", "x", "2", "-1"},
         {"abc", "NULL", "1", "1"}}},
    {"ELT", NULL, "STRING", {"INT", "STRING", "STRING"},
        {{"1", "a", "b"}, {"2", "a", "NULL"}, {"3", "a", "b"},
         {"NULL", "a", "b"}}},
    {"LOCATE", NULL, "INT", {"STRING", "STRING", "INT"},
        {{"a", "banana", "3"}, {"本", "日本", "1"}, {"", "abc", "2"},
         {"x", "NULL", "1"}, {"a", "a", "-5"}}},
    {"INSTR", NULL, "INT", {"STRING", "STRING"},
        {{"banana", "na"}, {"日本", "本"}, {"abc", ""}, {"NULL", "x"}}},
    {"STARTSWITH", NULL, "BOOLEAN", {"STRING", "STRING"},
        {{"abc", "ab"}, {"ab", "abc"}, {"NULL", "a"}, {"a", ""}}},
    {"ENDSWITH", NULL, "BOOLEAN", {"STRING", "STRING"},
        {{"abc", "bc"}, {"ab", "abc"}, {"NULL", "a"}, {"a", ""}}},
    {"REPLACE", NULL, "STRING", {"STRING", "STRING", "STRING"},
        {{"aaa", "a", "bb"}, {"日本", "本", ""}, {"abc", "", "-"},
         {"a", "NULL", "b"}, {"ababab", "abab", "z"}}},
    {"SPLIT", NULL, "ARRAY<STRING>", {"STRING", "STRING"},
        {{"a,b", ","}, {"", ","}, {"日本", ""}, {"NULL", ","}, {",", ","}}},
    {"SPLIT_INDEX", NULL, "STRING", {"STRING", "STRING", "INT"},
        {{"a,b", ",", "1"}, {"a,b", ",", "2"}, {"a--b", "--", "1"},
         {"NULL", ",", "0"}, {"a b", "", "1"}}},
    {"SPLIT_INDEX", NULL, "STRING", {"STRING", "INT", "INT"},
        {{"a,b", "44", "1"}, {"a,b", "0", "0"}, {"aéb", "233", "1"}}},
    {"TRIM", "LEADING", "STRING", {"STRING", "STRING"},
        {{" ", "  a "}, {"xy", "yxaxy"}, {"é", "éaé"}, {"NULL", "a"},
         {"", "a"}}},
    {"TRIM", "BOTH", "STRING", {"STRING", "STRING"},
        {{" ", "  a "}, {"xy", "yxaxy"}, {"é", "éaé"}, {"a", "aaa"},
         {"a", ""}}},
    {"LTRIM", NULL, "STRING", {"STRING"}, {TEXTS}},
    {"RTRIM", NULL, "STRING", {"STRING"}, {TEXTS}},
    {"BTRIM", NULL, "STRING", {"STRING", "STRING"},
        {{"xax", "x"}, {"日a日", "日"}, {"NULL", "x"}, {"a", "NULL"}}},
    {"TRANSLATE", NULL, "STRING", {"STRING", "STRING", "STRING"},
        {{"abc", "ab", "1"}, {"日本", "本", "é"}, {"abc", "NULL", "x"},
         {"abc", "b", "NULL"}, {"NULL", "a", "b"}}},
    {"ASCII", NULL, "INT", {"STRING"}, {TEXTS}},
    {"CHR", NULL, "STRING", {"BIGINT"},
        {{"97"}, {"-1"}, {"NULL"}, {"233"}, {"0"}}},
    {"TO_BASE64", NULL, "STRING", {"STRING"}, {TEXTS}},
    {"FROM_BASE64", NULL, "STRING", {"STRING"},
        {{"YWI="}, {"?"}, {"NULL"}, {""}, {"YQ=="}, {"="}, {"=="}}},
    {"URL_ENCODE", NULL, "STRING", {"STRING"}, {TEXTS}},
    {"URL_DECODE", NULL, "STRING", {"STRING"},
        {{"a%20b+c"}, {"%"}, {"%2"}, {"NULL"}, {"%zz"}}},
    {"ENCODE", NULL, "BYTES", {"STRING", "STRING"},
        {{"é😀", "UTF-16"}, {"é", "US-ASCII"}, {"a", "nope"}, {"NULL", "UTF-8"},
         {"", "UTF-16"}}},
    {"DECODE", NULL, "STRING", {"STRING", "STRING"},
        {{"ab", "UTF-16BE"}, {"abc", "UTF-16LE"}, {"é", "US-ASCII"},
         {"a", "nope"}, {"NULL", "UTF-8"}}},
    {"JSON_QUOTE", NULL, "STRING", {"STRING"}, {TEXTS, {"a\"b\\\n"}}},
    {"JSON_UNQUOTE", NULL, "STRING", {"STRING"},
        {TEXTS, {"\"a\\u00e9\""}, {"\"\\"}, {"\"\\u12\""}, {"\"\\ud83d\""}}},
    {"MD5", NULL, "STRING", {"STRING"}, {TEXTS}},
    {"SHA2", NULL, "STRING", {"STRING", "INT"},
        {{"a", "224"}, {"a", "512"}, {"NULL", "256"}, {"a", "256"}}},
    {"REGEXP", NULL, "BOOLEAN", {"STRING", "STRING"},
        {{"abc", "b"}, {"abc", ""}, {"NULL", "a"}, {"été", "t.$"}}},
    {"REGEXP_COUNT", NULL, "INT", {"STRING", "STRING"},
        {{"abcb", "b"}, {"été", ""}, {"NULL", "a"}}},
    {"REGEXP_INSTR", NULL, "INT", {"STRING", "STRING"},
        {{"abcb", "c"}, {"été", "t"}, {"NULL", "a"}, {"a", "x"}}},
    {"REGEXP_EXTRACT", NULL, "STRING", {"STRING", "STRING", "INT"},
        {{"foobar", "(o+)(b)", "1"}, {"foobar", "(o+)(b)", "3"},
         {"x", "y", "0"}, {"NULL", "a", "0"}, {"b", "(a)?b", "1"}}},
    {"REGEXP_EXTRACT_ALL", NULL, "ARRAY<STRING>", {"STRING", "STRING", "INT"},
        {{"a1b2", "([a-z])([0-9])", "2"}, {"x", "(y)", "1"},
         {"NULL", "a", "0"}, {"ab", "(a)|b", "1"}}},
    {"REGEXP_REPLACE", NULL, "STRING", {"STRING", "STRING", "STRING"},
        {{"foobar", "o+", "é"}, {"abc", "", "-"}, {"NULL", "a", "b"},
         {"été", "t", ""}}},
    {"STR_TO_MAP", NULL, "MAP<STRING, STRING>", {"STRING"},
        {{"a=1,b=2"}, {"NULL"}, {""}, {"a"}, {"a=1,,b"}}},
    {"PARSE_URL", NULL, "STRING", {"STRING", "STRING"},
        {{"http://u@h:1/p?q=1#r", "HOST"}, {"http://h", "QUERY"},
         {"x", "HOST"}, {"NULL", "HOST"}, {"http://h/p?q", "FILE"}}},
    {"PRINTF", NULL, "STRING", {"STRING", "INT", "STRING"},
        {{"%d %s", "1", "a"}, {"%s %05d", "1", "2"}, {"NULL", "1", "a"},
         {"%2$s %1$x", "NULL", "NULL"}}},
    {"NULLIF", NULL, "STRING", {"STRING", "STRING"},
        {{"a", "a"}, {"a", "b"}, {"NULL", "a"}, {"a", "NULL"}}},
    {"NULLIF", NULL, "INT", {"INT", "INT"}, {INTS, {"3", "3"}}},
    {"GREATEST", NULL, "DOUBLE", {"DOUBLE", "DOUBLE", "DOUBLE"},
        {{"1", "2", "3"}, {"NULL", "2", "3"}, {"3", "-1", "0"}}},
    {"LEAST", NULL, "STRING", {"STRING", "STRING"},
        {{"a", "b"}, {"NULL", "b"}, {"é", "z"}}},
    {"IS_ALPHA", NULL, "BOOLEAN", {"STRING"}, {TEXTS}},
    {"IS_DIGIT", NULL, "BOOLEAN", {"STRING"},
        {{"12"}, {"NULL"}, {""}, {"1x"}}},
    {"IS_DECIMAL", NULL, "BOOLEAN", {"STRING"},
        {{"1.5"}, {"NULL"}, {""}, {"1x"}}},
    {"CAST", NULL, "INT", {"STRING"}, {{"12"}, {"NULL"}, {"x"}, {"-7"}}},
    {"CAST", NULL, "STRING", {"DOUBLE"}, {{"12"}, {"NULL"}, {"NaN"}}},
    {"CAST", NULL, "BOOLEAN", {"STRING"},
        {{"true"}, {"NULL"}, {"x"}, {"false"}}},
    {"CAST", NULL, "DECIMAL(3, 1)", {"STRING"},
        {{"1.25"}, {"NULL"}, {"12345"}, {"x"}}},
    {"TRY_CAST", NULL, "INT", {"STRING"}, {{"12"}, {"NULL"}, {"x"}, {"-7"}}},
    {"TYPEOF", NULL, "STRING", {"INT"}, {{"1"}, {"NULL"}}},
    {"JSON_VALUE", "DEFAULT ON EMPTY; NULL ON ERROR", "STRING",
        {"STRING", "STRING", "STRING"},
        {{"{\"a\":1}", "lax $.a", "d"}, {"{}", "lax $.a", "d"},
         {"x", "$", "d"}, {"NULL", "$", "d"}, {"[1]", "NULL", "d"},
         {"{\"a\":\"\\u00e9\"}", "$.a", "NULL"}}},
    {"JSON_VALUE", "DEFAULT ON EMPTY; ERROR ON ERROR; RETURNING INT", "INT",
        {"STRING", "STRING", "INT"},
        {{"12", "$", "1"}, {"\"x\"", "$", "1"}, {"{}", "lax $.a", "NULL"},
         {"NULL", "$", "3"}, {"{}", "lax $.b", "7"}, {"[1", "$", "1"},
         {"1", "$[", "1"}}},
    {"JSON_QUERY", "WITH CONDITIONAL WRAPPER; ERROR ON ERROR", "STRING",
        {"STRING", "STRING"},
        {{"[1, 2]", "$"}, {"{\"b\":1,\"a\":\"\\n\"}", "$"}, {"7", "$"},
         {"NULL", "$"}, {"{}", "$.x"}, {"[[1],[2]]", "lax $[*][0]"}}},
    {"JSON_QUERY", "RETURNING ARRAY<STRING>; EMPTY ARRAY ON ERROR",
        "ARRAY<STRING>", {"STRING", "STRING"},
        {{"[1, null, {}]", "$"}, {"7", "$"}, {"NULL", "$"}, {"[]", "$"}}},
    {"JSON_EXISTS", "ERROR ON ERROR", "BOOLEAN", {"STRING", "STRING"},
        {{"{\"a\":1}", "$.a"}, {"{}", "$.a"}, {"NULL", "$"}, {"x", "lax $"}}},
    {"JSON_EXISTS", "UNKNOWN ON ERROR", "BOOLEAN", {"STRING", "STRING"},
        {{"{\"a\":1}", "$.a"}, {"{}", "$.a"}, {"NULL", "$"}, {"x", "lax $"}}},
    {"IS JSON", NULL, "BOOLEAN", {"STRING"},
        {{"1"}, {"NULL"}, {""}, {"{"}, {"{\"a\":[]}"}}},
    {"IS JSON", "ARRAY", "BOOLEAN", {"STRING"}, {{"[1]"}, {"NULL"}, {"{}"}}},
    {"JSON", NULL, "STRING", {"STRING"},
        {{"{\"b\":1,\"a\":[1, \"\\t\"]}"}, {"NULL"}, {" "}, {"x"}}},
    {"JSON_STRING", NULL, "STRING", {"STRING"}, {TEXTS, {"a\"b\\\n\x01"}}},
    {"JSON_STRING", NULL, "STRING", {"DOUBLE"}, {{"1"}, {"NULL"}, {"NaN"}}},
    {"JSON_STRING", NULL, "STRING", {"TIMESTAMP_LTZ(3)"},
        {{"2020-01-01 00:00:00"}, {"NULL"}}},
    {"JSON_ARRAY", "NULL ON NULL; RAW 2", "STRING", {"INT", "STRING"},
        {{"1", "{}"}, {"NULL", "[1]"}, {"2", "NULL"}}},
    {"JSON_ARRAY", NULL, "STRING", {"BYTES", "BOOLEAN"},
        {{"ab", "true"}, {"NULL", "false"}, {"", "NULL"}}},
    {"JSON_STRING", NULL, "STRING", {"MAP<STRING, ARRAY<INT>>"},
        {{"{b=[1, NULL], a=[]}"}, {"NULL"}, {"{}"}, {"{a=NULL}"}}},
    {"ROW", NULL, "ROW<a INT, b STRING>", {"INT", "STRING"},
        {{"1", "a"}, {"NULL", ""}, {"2", "NULL"}}},
    {"ARRAY", NULL, "ARRAY<INT>", {"INT", "INT"}, {INTS}},
    {"ARRAY", NULL, "ARRAY<ARRAY<STRING>>", {"ARRAY<STRING>"},
        {{"[a, NULL]"}, {"NULL"}, {"[]"}}},
    {"ITEM", NULL, "INT", {"ARRAY<INT>", "INT"},
        {{"[1, NULL, 3]", "3"}, {"[1, NULL]", "2"}, {"NULL", "1"},
         {"[]", "1"}, {"[1]", "0"}, {"[1]", "NULL"}}},
    {"ITEM", NULL, "STRING", {"ARRAY<STRING>", "INT"},
        {{"[a, é]", "2"}, {"[NULL]", "1"}, {"NULL", "1"}, {"[]", "-1"}}},
    {"ITEM_OF_MAP", NULL, "ARRAY<INT>", {"MAP<STRING, ARRAY<INT>>", "STRING"},
        {{"{a=[1], b=[2]}", "b"}, {"{a=NULL}", "a"}, {"{}", "a"},
         {"NULL", "a"}, {"{a=[1]}", "NULL"}}},
    {"ELEMENT", NULL, "BOOLEAN", {"ARRAY<BOOLEAN>"},
        {{"[true]"}, {"[]"}, {"NULL"}, {"[true, false]"}, {"[NULL]"}}},
    {"CARDINALITY", NULL, "INT", {"MAP<INT, STRING>"},
        {{"{1=a, 2=b}"}, {"{}"}, {"NULL"}}},
    {"ARRAY_CONTAINS", NULL, "BOOLEAN", {"ARRAY<STRING>", "STRING"},
        {{"[a, b]", "b"}, {"[a, NULL]", "NULL"}, {"[a]", "NULL"},
         {"NULL", "a"}, {"[]", ""}}},
    {"ARRAY_POSITION", NULL, "INT", {"ARRAY<DOUBLE>", "DOUBLE"},
        {{"[1, NaN]", "NaN"}, {"[0]", "-0.0"}, {"NULL", "1"},
         {"[1]", "NULL"}, {"[1]", "2"}}},
    {"ARRAY_REMOVE", NULL, "ARRAY<INT>", {"ARRAY<INT>", "INT"},
        {{"[1, 2, 1]", "1"}, {"[1, NULL]", "NULL"}, {"NULL", "1"},
         {"[]", "1"}}},
    {"ARRAY_APPEND", NULL, "ARRAY<STRING>", {"ARRAY<STRING>", "STRING"},
        {{"[a]", "b"}, {"[]", "NULL"}, {"NULL", "b"}}},
    {"ARRAY_PREPEND", NULL, "ARRAY<INT>", {"ARRAY<INT>", "INT"},
        {{"[1]", "2"}, {"[]", "NULL"}, {"NULL", "1"}}},
    {"ARRAY_REVERSE", NULL, "ARRAY<BOOLEAN>", {"ARRAY<BOOLEAN>"},
        {{"[true, false, NULL]"}, {"NULL"}, {"[]"}}},
    {"ARRAY_SLICE", NULL, "ARRAY<INT>", {"ARRAY<INT>", "INT", "INT"},
        {{"[1, 2, 3]", "2", "3"}, {"[1, 2, 3]", "-1", "-3"},
         {"[1]", "-2147483648", "2147483647"}, {"NULL", "1", "1"},
         {"[]", "0", "0"}, {"[1, 2]", "2147483647", "1"}}},
    {"ARRAY_CONCAT", NULL, "ARRAY<STRING>",
        {"ARRAY<STRING>", "ARRAY<STRING>", "ARRAY<STRING>"},
        {{"[a]", "[b, NULL]", "[]"}, {"[a]", "NULL", "[c]"}}},
    {"ARRAY_MAX", NULL, "STRING", {"ARRAY<STRING>"},
        {{"[a, b, NULL]"}, {"[]"}, {"NULL"}, {"[NULL]"}}},
    {"ARRAY_MIN", NULL, "DECIMAL(5, 2)", {"ARRAY<DECIMAL(5, 2)>"},
        {{"[1.5, -2]"}, {"[]"}, {"NULL"}, {"[NULL]"}}},
    {"ARRAY_JOIN", NULL, "STRING", {"ARRAY<STRING>", "STRING", "STRING"},
        {{"[a, NULL, b]", ",", "?"}, {"[]", ",", "?"}, {"NULL", ",", "?"},
         {"[a]", "NULL", "?"}, {"[NULL]", "", ""}}},
    {"ARRAY_DISTINCT", NULL, "ARRAY<INT>", {"ARRAY<INT>"},
        {{"[1, 2, 1, NULL, NULL]"}, {"NULL"}, {"[]"},
         {"[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2, 3]"}}},
    {"ARRAY_UNION", NULL, "ARRAY<STRING>", {"ARRAY<STRING>", "ARRAY<STRING>"},
        {{"[a, a]", "[b, a, NULL]"}, {"[]", "NULL"}, {"NULL", "[a]"}}},
    {"ARRAY_EXCEPT", NULL, "ARRAY<ARRAY<INT>>",
        {"ARRAY<ARRAY<INT>>", "ARRAY<ARRAY<INT>>"},
        {{"[[1], [2], [1]]", "[[2]]"}, {"[[]]", "NULL"}, {"NULL", "[]"}}},
    {"ARRAY_INTERSECT", NULL, "ARRAY<INT>", {"ARRAY<INT>", "ARRAY<INT>"},
        {{"[1, 2, 2, NULL]", "[NULL, 2]"}, {"[]", "[1]"}, {"NULL", "[1]"}}},
    {"ARRAY_SORT", NULL, "ARRAY<STRING>", {"ARRAY<STRING>", "BOOLEAN"},
        {{"[b, NULL, a]", "true"}, {"[b, NULL, a]", "false"},
         {"NULL", "true"}, {"[a]", "NULL"}, {"[]", "true"}}},
    {"MAP", NULL, "MAP<STRING, INT>", {"STRING", "INT", "STRING", "INT"},
        {{"a", "1", "b", "2"}, {"a", "1", "a", "NULL"}}},
    {"MAP_KEYS", NULL, "ARRAY<STRING>", {"MAP<STRING, INT>"},
        {{"{a=1, b=2}"}, {"{}"}, {"NULL"}}},
    {"MAP_VALUES", NULL, "ARRAY<INT>", {"MAP<STRING, INT>"},
        {{"{a=1, b=NULL}"}, {"{}"}, {"NULL"}}},
    {"MAP_ENTRIES", NULL, "ARRAY<ROW<`key` STRING, `value` INT>>",
        {"MAP<STRING, INT>"}, {{"{a=1, b=NULL}"}, {"{}"}, {"NULL"}}},
    {"MAP_UNION", NULL, "MAP<INT, STRING>",
        {"MAP<INT, STRING>", "MAP<INT, STRING>"},
        {{"{1=a, 2=b}", "{2=c}"}, {"{}", "{}"}, {"NULL", "{1=a}"}}},
    {"MAP_FROM_ARRAYS", NULL, "MAP<INT, STRING>", {"ARRAY<INT>", "ARRAY<STRING>"},
        {{"[1, 2, 1]", "[a, b, c]"}, {"[1]", "[]"}, {"NULL", "[a]"},
         {"[]", "[]"}}},
    {"EXTRACT", "YEAR", "BIGINT", {"TIMESTAMP(3)"},
        {{"2020-02-29 23:59:59.999"}, {"NULL"}, {"0001-01-01 00:00:00"}}},
    {"EXTRACT", "MICROSECOND", "BIGINT", {"TIMESTAMP(9)"},
        {{"2020-02-29 23:59:59.123456789"}, {"NULL"}, {"1969-01-01"}}},
    {"EXTRACT", "WEEK", "BIGINT", {"DATE"},
        {{"2021-01-03"}, {"NULL"}, {"2020-12-31"}}},
    {"FLOOR_TO", "MONTH", "DATE", {"DATE"},
        {{"2020-02-29"}, {"NULL"}, {"1969-12-31"}}},
    {"CEIL_TO", "HOUR", "TIMESTAMP(3)", {"TIMESTAMP(3)"},
        {{"2020-02-29 23:00:00.001"}, {"NULL"}, {"1969-12-31 12:00:00"}}},
    {"TIMESTAMPADD", "MONTH", "DATE", {"BIGINT", "DATE"},
        {{"1", "2020-01-31"}, {"NULL", "2020-01-31"}, {"-1", "NULL"},
         {"9223372036854775807", "2020-01-01"}}},
    {"TIMESTAMPADD", "SECOND", "TIMESTAMP(3)", {"BIGINT", "TIMESTAMP(3)"},
        {{"-1", "1970-01-01 00:00:00"}, {MIN64, "2020-01-31 00:00:00"},
         {"5", "NULL"}}},
    {"TIMESTAMPDIFF", "DAY", "INT", {"TIMESTAMP(3)", "DATE"},
        {{"2020-01-01 12:00:00", "2020-01-02"}, {"NULL", "2020-01-01"},
         {"1969-01-01 00:00:00", "2020-01-01"}}},
    {"OVERLAPS", NULL, "BOOLEAN", {"DATE", "DATE", "DATE", "DATE"},
        {{"2020-01-05", "2020-01-01", "2020-01-05", "2020-01-09"},
         {"2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"},
         {"2020-01-01", "NULL", "2020-01-03", "2020-01-04"}}},
    {"DATE_FORMAT", NULL, "STRING", {"TIMESTAMP(3)", "STRING"},
        {{"2020-01-05 01:02:03", "yyyy/MM EEE"}, {"NULL", "yyyy"},
         {"2020-01-05 01:02:03", "'"}, {"2020-01-05 01:02:03", "HH"}}},
    {"DATE_FORMAT", NULL, "STRING", {"STRING", "STRING"},
        {{"2020-01-05 01:02:03", "yy"}, {"x", "yyyy"}, {"NULL", "HH"}}},
    {"FROM_UNIXTIME", NULL, "STRING", {"BIGINT"},
        {{"0"}, {"-1"}, {"NULL"}, {MIN64}}},
    {"CONVERT_TZ", NULL, "STRING", {"STRING", "STRING", "STRING"},
        {{"2020-07-01 12:00:00", "UTC", "Europe/Berlin"},
         {"2020-07-01 12:00:00", "Asia/Tokyo", "+05:30"},
         {"x", "UTC", "UTC"}, {"2020-07-01 12:00:00", "UTC", "No/Where"},
         {"NULL", "UTC", "UTC"}}},
    {"TO_DATE", NULL, "DATE", {"STRING", "STRING"},
        {{"02/01/2020", "dd/MM/yyyy"}, {"x", "yyyy"}, {"NULL", "yyyy"},
         {"2020", "yyyy"}}},
    {"TO_TIMESTAMP", NULL, "TIMESTAMP(3)", {"STRING"},
        {{"2020-01-02 03:04:05"}, {"x"}, {"NULL"}, {"2020-01-02"}}},
    {"UNIX_TIMESTAMP", NULL, "BIGINT", {"STRING"},
        {{"1970-01-01 00:00:44"}, {"x"}, {"NULL"}}},
    {"TO_TIMESTAMP_LTZ", NULL, "TIMESTAMP_LTZ(3)", {"BIGINT", "INT"},
        {{"4001", "3"}, {"4", "0"}, {"4", "9"}, {"NULL", "3"}, {MIN64, "0"}}},
    {"TO_TIMESTAMP_LTZ_TEXT", NULL, "TIMESTAMP_LTZ(3)",
        {"STRING", "STRING", "STRING"},
        {{"2020-07-01 12", "yyyy-MM-dd HH", "Europe/Berlin"},
         {"x", "yyyy", "UTC"}, {"2020", "yyyy", "No/Where"},
         {"NULL", "yyyy", "UTC"}}},
};
/* clang-format on */

/* ---- columns of texts ---------------------------------------------------- */

static mt_type *type_of(const char *text)
{
    mt_error *err = NULL;
    mt_type *type = mt_type_parse(text, &err);

    if (!type)
        NOTE("%s: %s", text, mt_error_message(err));
    return type;
}

static void put_value(mt_column_builder *c, const char *text, size_t len);

/* The end of the part that begins at `at`: before a comma, or the `=` of a map,
 * outside of brackets. */
static const char *part_end(const char *at, const char *end, char stop)
{
    int depth = 0;

    for (; at < end && (depth || *at != stop); at++)
        depth += (*at == '[' || *at == '{') - (*at == ']' || *at == '}');
    return at;
}

/* "[1, NULL]" or "{a=1, b=2}" */
static void put_list(mt_column_builder *c, const char *text, size_t len)
{
    const char *at = text + 1, *end = text + len - 1, *stop, *equals;

    for (; at < end; at = stop + 2) {
        stop = part_end(at, end, ',');
        equals = stop;
        if (c->type->kind == MT_MAP)
            equals = part_end(at, stop, '=');
        put_value(&c->children[0], at, (size_t)(equals - at));
        if (equals < stop)
            put_value(&c->children[1], equals + 1, (size_t)(stop - equals - 1));
    }
    mt_put_list(c);
}

static mt_batch *column_of(const mt_type *type, const char *const *texts,
                           int32_t len);

static void put_value(mt_column_builder *c, const char *text, size_t len)
{
    char *copy = mt_strndup(text, len);
    const char *const texts[] = {copy};
    mt_batch *batch;

    if (strcmp(copy, "NULL") == 0) {
        mt_put_null(c);
    } else if (c->type->form == MT_FORM_LIST) {
        put_list(c, copy, len);
    } else {
        batch = column_of(c->type, texts, 1);
        mt_put_from(c, &batch->columns[0], 0);
        mt_batch_unref(batch);
    }
    mt_strfree(copy);
}

static mt_batch *lists_of(const mt_type *type, const char *const *texts,
                          int32_t len)
{
    mt_builder *b = mt_builder_new(type, len, NULL);
    mt_batch *batch = NULL;
    int32_t i;

    for (i = 0; i < len; i++) {
        put_value(&b->columns[0], texts[i], strlen(texts[i]));
        mt_builder_commit(b, NULL);
    }
    mt_builder_seal(b, &batch, NULL);
    mt_builder_free(b);
    return batch;
}

static mt_batch *column_of(const mt_type *type, const char *const *texts,
                           int32_t len)
{
    mt_type *string;
    mt_builder *b;
    const int32_t first = 0;
    mt_batch *strings = NULL, *batch;
    int32_t i;

    if (type->form == MT_FORM_LIST)
        return lists_of(type, texts, len);
    string = type_of("STRING");
    b = mt_builder_new(string, len, NULL);
    for (i = 0; i < len; i++) {
        if (strcmp(texts[i], "NULL") == 0)
            mt_put_null(&b->columns[0]);
        else
            mt_put_bytes(&b->columns[0], texts[i], strlen(texts[i]));
        mt_builder_commit(b, NULL);
    }
    mt_builder_seal(b, &strings, NULL);
    batch = mt_cast_batch(strings, type, &first, MT_CAST_FAIL, NULL, NULL);
    mt_batch_unref(strings);
    mt_builder_free(b);
    mt_type_unref(string);
    return batch;
}

/* ---- one call ----------------------------------------------------------- */

typedef struct run {
    int rc;
    int32_t failed_row;
    bool starved;   /* the allocation that was to fail has failed */
    char text[256]; /* the error's */
    char values[ROWS][200];
} run;

static int32_t args_of(const sample *s)
{
    int32_t len = 0;

    while (len < ARGS_MAX && s->types[len])
        len++;
    return len;
}

/* Calls with row pick[i] of the sample for row i, of argument k the first row
 * everywhere where bit k of `constants` is set. The allocation of number
 * `fail_at` fails. */
static void call_function(const sample *s, const int32_t *pick, int32_t rows,
                          unsigned constants, const uint8_t *active,
                          int64_t fail_at, run *out)
{
    const mt__function *fn = mt__function_find(s->name);
    static const mt__fn_session session = {.zone = "UTC"};
    mt_type *types[ARGS_MAX], *result = type_of(s->result);
    mt_batch *columns[ARGS_MAX] = {NULL};
    mt__fn_arg args[ARGS_MAX] = {{NULL, NULL, false}};
    mt__fn_call call = {.args = args, .args_len = args_of(s), .type = result};
    const char *texts[ROWS];
    mt_column_builder builder;
    mt_column view = {0}, children[2] = {{0}}, inner[2][2] = {{{0}}};
    mt_error *err = NULL;
    mt_buf text = {0};
    int32_t i, k;

    for (k = 0; k < call.args_len; k++) {
        bool constant = constants >> k & 1;

        for (i = 0; i < rows; i++)
            texts[i] = s->rows[pick[constant ? 0 : i]][k];
        types[k] = type_of(s->types[k]);
        columns[k] = column_of(types[k], texts, constant ? 1 : rows);
        args[k].type = types[k];
        args[k].constant = constant;
        args[k].column = constant ? &columns[k]->columns[0] : NULL;
    }
    call.session = &session;
    call.option = s->option;
    mt__column_builder_init(&builder, result, 64);
    mt__alloc_fail_at(fail_at);
    out->rc = mt__function_open(fn, &call, &err);
    for (k = 0; k < call.args_len; k++)
        args[k].column = &columns[k]->columns[0];
    call.rows = rows;
    call.active = active;
    if (out->rc == 0)
        out->rc = mt__function_run(fn, &call, &builder, &err);
    out->starved = mt__alloc_has_failed();
    mt__alloc_fail_at(0);
    out->failed_row = call.failed_row;
    snprintf(out->text, sizeof(out->text), "%s",
             err ? mt_error_message(err) : "");
    view.children = children;
    children[0].children = inner[0];
    children[1].children = inner[1];
    if (out->rc == 0)
        mt__builder_view(&builder, &view);
    for (i = 0; out->rc == 0 && i < rows; i++) {
        text.len = 0;
        mt_cast_text(result, &view, i, NULL, &text);
        snprintf(out->values[i], sizeof(out->values[i]), "%.*s", (int)text.len,
                 text.data ? (char *)text.data : "");
    }
    mt__function_close(fn, &call);
    mt__column_builder_fini(&builder);
    mt_buf_fini(&text);
    mt_error_free(err);
    for (k = 0; k < call.args_len; k++) {
        mt_batch_unref(columns[k]);
        mt_type_unref(types[k]);
    }
    mt_type_unref(result);
}

/* ---- the property -------------------------------------------------------- */

/* One row as constants alone: row `pick` of the sample, or `first` for those
 * arguments that are constant. */
static void call_alone(const sample *s, int32_t pick, int32_t first,
                       unsigned constants, run *out)
{
    sample one = *s;
    const int32_t zero = 0;
    int32_t k;

    for (k = 0; k < args_of(s); k++)
        one.rows[0][k] = s->rows[constants >> k & 1 ? first : pick][k];
    call_function(&one, &zero, 1, ~0u, NULL, 0, out);
}

static bool check_mix(const sample *s, const int32_t *pick, unsigned constants)
{
    static run alone[VALUES_MAX], all;
    bool known[VALUES_MAX] = {false}, same = true;
    uint8_t active[(ROWS + 63) / 64 * 8];
    int32_t i, first_bad = -1;

    memset(active, 0xff, sizeof(active));
    for (i = 0; i < ROWS; i++) {
        if (!known[pick[i]])
            call_alone(s, pick[i], pick[0], constants, &alone[pick[i]]);
        known[pick[i]] = true;
        if (alone[pick[i]].rc < 0) {
            active[i / 8] &= (uint8_t) ~(1u << i % 8);
            first_bad = first_bad < 0 ? i : first_bad;
        }
    }
    call_function(s, pick, ROWS, constants, NULL, 0, &all);
    /* A constant NULL leaves nothing to fail. */
    if (first_bad >= 0 && all.rc < 0) {
        /* Either the wrong constant fails at once, or the first wrong row. */
        same = all.rc == MT_ERECORD &&
               (all.failed_row == first_bad || all.failed_row == -1);
        if (!same)
            NOTE("%s: row %d should fail, got %d in row %d", s->name, first_bad,
                 all.rc, all.failed_row);
        if (all.failed_row == -1)
            return same;
        call_function(s, pick, ROWS, constants, active, 0, &all);
    } else if (first_bad >= 0) {
        for (i = 0; same && i < ROWS; i++)
            same = strcmp(all.values[i], "NULL") == 0;
        return same;
    }
    if (all.rc < 0)
        NOTE("%s: %s", s->name, all.text);
    for (i = 0; same && all.rc == 0 && i < ROWS; i++) {
        if (alone[pick[i]].rc < 0)
            continue;
        same = strcmp(all.values[i], alone[pick[i]].values[0]) == 0;
        if (!same)
            NOTE("%s, row %d, constants %x: '%s', alone '%s'", s->name, i,
                 constants, all.values[i], alone[pick[i]].values[0]);
    }
    return same && all.rc == 0;
}

static void check_sample(const sample *s, uint64_t *rng)
{
    int32_t pick[ROWS], values = 0, i;
    unsigned constants, last = 1u << args_of(s);
    bool same = true;

    while (values < VALUES_MAX && s->rows[values][0])
        values++;
    /* Volatile ones count their rows. */
    if (strncmp(s->name, "RAND", 4) == 0)
        last = 1;
    for (constants = 0; same && constants < last; constants++) {
        for (i = 0; i < ROWS; i++)
            pick[i] = (int32_t)tap_below(rng, (uint64_t)values);
        same = check_mix(s, pick, constants);
    }
    OK(same, "%s(%s, ...) is the same for columns and constants", s->name,
       s->types[0]);
}

/* Every allocation of a call fails in turn, which it says or does without. */
static bool check_memory(const sample *s, uint64_t *rng)
{
    static run out;
    int32_t pick[ROWS], values = 0, i;
    int64_t n = 0;

    while (values < VALUES_MAX && s->rows[values][0])
        values++;
    for (i = 0; i < ROWS; i++)
        pick[i] = (int32_t)tap_below(rng, (uint64_t)values);
    do {
        call_function(s, pick, ROWS, (unsigned)tap_below(rng, 4), NULL, ++n,
                      &out);
    } while (out.starved && n < 1000);
    return !out.starved;
}

int main(void)
{
    uint64_t rng = tap_seed();
    mt__alloc_stats before, after;
    bool ended = true;
    size_t i;

    mt__buffer_pool_limit(0);
    for (i = 0; i < sizeof(samples) / sizeof(*samples); i++)
        check_sample(&samples[i], &rng);
    mt__alloc_read(&before);
    for (i = 0; i < sizeof(samples) / sizeof(*samples); i++)
        ended = check_memory(&samples[i], &rng) && ended;
    mt__alloc_read(&after);
    OK(ended, "calls end when memory runs out");
    EQ_INT(after.blocks_live, before.blocks_live,
           "calls without memory leak none");
    return tap_done();
}
