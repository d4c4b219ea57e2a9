/* The CSV format: lines by hand, random rows, and a naive splitter beside ours.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "format_test.h"

/* ---- by hand ----------------------------------------------------------- */

/* type, options for both ways, line, the line written again; "!part of a
 * message". */
static const struct {
    const char *type, *options, *text, *want;
} cases[] = {
    /* cells */
    {"ROW<a STRING, b INT>", "", "x,1", "x,1|"},
    {"ROW<a STRING, b INT>", "", "x,1\n", "x,1|"},
    {"ROW<a STRING, b INT>", "", "x,1\r\n", "x,1|"},
    {"ROW<a STRING, b INT>", "", "x,1\r", "x,1|"},
    {"ROW<a STRING, b INT>", "", "x,1\ny,2", "!byte 4: more than one line"},
    {"ROW<a STRING, b INT>", "", "x,1,z,w", "x,1|"},
    {"ROW<a STRING, b INT>", "", "x", "!row length mismatch, 2 fields"},
    {"ROW<a STRING, b INT>", "", ",", ",|"},
    {"ROW<a STRING, b INT>", "", "", ""},
    {"ROW<a STRING>", "", "\"\"", "\"\"|"},
    {"ROW<a INT>", "", "\"\"", "\"\"|"},
    {"ROW<a STRING>", "", "\n", "\"\"|"},
    {"ROW<a STRING, b INT>", "", " x , 1 ", "\" x \",1|"},
    {"ROW<a STRING, b INT>", "", "\"x\" , 1", "x,1|"},
    {"ROW<a STRING>", "", " \"x\"", "\" \"\"x\"\"\"|"},
    {"ROW<a STRING>", "", "\"x\"y", "!byte 3: something behind"},
    {"ROW<a STRING>", "", "\"x", "!byte 0: a quote that is not closed"},
    {"ROW<a STRING>", "", "x\"y", "\"x\"\"y\"|"},
    {"ROW<a STRING>", "", "\"x\"\"y\"", "\"x\"\"y\"|"},
    {"ROW<a STRING>", "", "\"\"\"\"", "\"\"\"\"|"},
    {"ROW<a STRING>", "", "\"x,y\nz\"", "\"x,y\nz\"|"},
    {"ROW<a STRING>", "", "\"x\\y\"", "x\\y|"},
    {"ROW<a STRING>", "", "ü€😀", "ü€😀|"},
    {"ROW<a STRING>", "", "ab\xff", "!byte 2: a byte that is not UTF-8"},
    {"ROW<a STRING>", "", "\xe2\x82", "!not UTF-8"},
    /* dialects */
    {"ROW<a STRING, b INT>", "field-delimiter=|", "x,y|1", "x,y|1|"},
    {"ROW<a STRING, b INT>", "field-delimiter=\\t", "x\t1", "x\t1|"},
    {"ROW<a STRING, b INT>", "field-delimiter=U&'\\0001'",
     "x\x01"
     "1",
     "x\x01"
     "1|"},
    {"ROW<a STRING, b INT>", "field-delimiter=\\u0001",
     "x\x01"
     "1",
     "x\x01"
     "1|"},
    {"ROW<a STRING, b INT>", "field-delimiter=ab", "", "!one character"},
    {"ROW<a STRING, b INT>", "field-delimiter=¦", "x,©¦1", "x,©¦1|"},
    {"ROW<a STRING, b INT>", "field-delimiter=\\u20ac", "\"x€y\"€1",
     "\"x€y\"€1|"},
    {"ROW<a STRING, b INT>", "field-delimiter=😀", "x😁 y😀1", "x😁 y😀1|"},
    {"ROW<a STRING, b INT>", "field-delimiter=¦¦", "", "!one character"},
    {"ROW<a STRING, b INT>", "field-delimiter=\\ud83d", "", "!one character"},
    {"ROW<a STRING, b INT>", "field-delimiter=\xe2\x82", "", "!one character"},
    {"ROW<a STRING, b INT>", "quote-character=«", "", "!not supported yet"},
    {"ROW<a STRING, b INT>",
     "field-delimiter=¦;disable-quote-character=true;escape-character=^",
     "x^¦y¦1", "x^¦y¦1|"},
    {"ROW<a STRING, b INT>", "field-delimiter=\"", "", "!must differ"},
    {"ROW<a STRING, b STRING>", "quote-character='", "'x,y','it''s'",
     "'x,y','it''s'|"},
    {"ROW<a STRING>", "disable-quote-character=true", "\"x\"", "\"x\"|"},
    {"ROW<a STRING>", "disable-quote-character=true;quote-character='", "",
     "!exclude each other"},
    {"ROW<a STRING, b STRING>", "escape-character=\\\\", "x\\,y,\"z\\\"\\n\"",
     "\"x,y\",\"z\\\"\n\"|"},
    {"ROW<a STRING, b STRING>", "escape-character=\\\\", "a\\\\b,\\tx",
     "\"a\\\\b\",\"\tx\"|"},
    {"ROW<a STRING>", "escape-character=\\\\", "x\\", "!nothing behind"},
    {"ROW<a STRING>", "disable-quote-character=true;escape-character=\\\\",
     "x\\,\\n\\\\y", "x\\,\\n\\\\y|"},
    {"ROW<a STRING>", "line-delimiter=\\n", "x", "x\n|"},
    {"ROW<a STRING>", "line-delimiter=\\r\\n", "x", "x\r\n|"},
    {"ROW<a STRING>", "line-delimiter=x", "x", "!line-delimiter"},
    {"ROW<a STRING>", "allow-comments=true", "#x", ""},
    {"ROW<a STRING>", "allow-comments=true", "#x\ny", "y|"},
    {"ROW<a STRING>", "allow-comments=true", "\"#x\"", "\"#x\"|"},
    {"ROW<a STRING>", "", "#x", "#x|"},
    /* NULL */
    {"ROW<a STRING, b INT>", "null-literal=n/a", "n/a,n/a", "n/a,n/a|"},
    {"ROW<a STRING, b INT>", "null-literal=n/a", "\"n/a\",", "n/a,n/a|"},
    {"ROW<a STRING NOT NULL>", "null-literal=n/a", "n/a", "!NOT NULL"},
    {"ROW<a INT NOT NULL>", "", "\"\"", "!NOT NULL"},
    {"ROW<a STRING NOT NULL, b INT>", "", ",1", ",1|"},
    {"ROW<a INT, b INT>", "null-literal=", "1,", "1,|"},
    /* types */
    {"ROW<a TINYINT, b BIGINT>", "", "-128,9223372036854775807",
     "-128,9223372036854775807|"},
    {"ROW<a INT>", "", "1.5",
     "!field 'a' at byte 0: wrong value, expected INT"},
    {"ROW<a INT, b INT>", "", "1,x", "!field 'b' at byte 2"},
    {"ROW<a INT>", "", "\" 7 \"", "7|"},
    {"ROW<a TINYINT>", "", "128", "!TINYINT"},
    {"ROW<a DOUBLE, b FLOAT>", "", "1e3,0.1", "1000.0,0.1|"},
    {"ROW<a DOUBLE>", "", "NaN", "NaN|"},
    {"ROW<a DOUBLE>", "", "1e400", "!wrong value"},
    {"ROW<a BOOLEAN, b BOOLEAN>", "", "TRUE,no", "true,false|"},
    {"ROW<a DECIMAL(10, 2)>", "", "100000", "1E+5|"},
    {"ROW<a DECIMAL(10, 2)>", "write-bigdecimal-in-scientific-notation=false",
     "100000", "100000|"},
    {"ROW<a DECIMAL(38, 0)>", "write-bigdecimal-in-scientific-notation=false",
     "99999999999999999999999999999999999999",
     "99999999999999999999999999999999999999|"},
    {"ROW<a BYTES>", "", "AP8=", "AP8=|"},
    {"ROW<a BYTES>", "", "AP8", "!wrong value"},
    {"ROW<a DATE, b TIME(3)>", "", "2024-02-29,12:00:00.500",
     "2024-02-29,12:00:00.5|"},
    {"ROW<a TIMESTAMP(3), b TIMESTAMP_LTZ(3)>", "",
     "2020-12-30 12:13:14.123,2020-12-30 12:13:14Z",
     "2020-12-30 12:13:14.123,2020-12-30 12:13:14Z|"},
    {"ROW<a TIMESTAMP(3)>", "", "2020-12-30T12:13:14", "!wrong value"},
    {"ROW<a STRING, b INT>", "field-delimiter=-", "2020-7", "2020-7|"},
    {"ROW<a INT, b DATE>", "field-delimiter=-", "\"-1\"-\"2020-01-01\"",
     "\"-1\"-\"2020-01-01\"|"},
    /* arrays and rows in a cell */
    {"ROW<a ARRAY<INT>>", "", "1;2;3", "1;2;3|"},
    {"ROW<a ARRAY<INT>, b INT>", "", ",1", ",1|"},
    {"ROW<a ARRAY<INT>>", "", "1;;3", "1;;3|"},
    {"ROW<a ARRAY<INT>>", "", "1;", "1;|"},
    {"ROW<a ARRAY<STRING>>", "", "\"x,y;z\"", "\"x,y;z\"|"},
    {"ROW<a ARRAY<INT>>", "null-literal=-", "-", "-|"},
    {"ROW<a ARRAY<INT>>", "null-literal=-", "1;-", "1;-|"},
    {"ROW<a ARRAY<INT>>", "array-element-delimiter=<>", "1<>2", "1<>2|"},
    {"ROW<a ARRAY<INT>>", "array-element-delimiter=", "1", "!1 to 15 bytes"},
    {"ROW<a ARRAY<INT>>", "", "1;x", "!field 'a'"},
    {"ROW<a ROW<b INT, c STRING>>", "", "1;x", "1;x|"},
    {"ROW<a ROW<b INT, c STRING>>", "", "1", "!too few fields in a row"},
    {"ROW<a ROW<b INT, c STRING>>", "", "1;x;y", "1;x|"},
    {"ROW<a ROW<b INT>, c INT>", "", ",1", ",1|"},
    {"ROW<a ARRAY<ARRAY<INT>>>", "", "", "!cannot hold field 'a'"},
    {"ROW<a ROW<b ROW<c INT>>>", "", "", "!cannot hold field 'a'"},
    {"ROW<a MAP<STRING, INT>>", "", "", "!cannot hold field 'a' of type MAP"},
    {"ROW<a RAW>", "", "", "!cannot hold field 'a'"},
    /* errors that are ignored */
    {"ROW<a INT, b INT>", "ignore-parse-errors=true", "x,2", ",2|"},
    {"ROW<a INT, b INT>", "ignore-parse-errors=true", "1", "1,|"},
    {"ROW<a ARRAY<INT>>", "ignore-parse-errors=true", "1;x;3", "1;;3|"},
    {"ROW<a ROW<b INT, c INT>>", "ignore-parse-errors=true", "1", "1;|"},
    {"ROW<a INT NOT NULL>", "ignore-parse-errors=true", "x", ""},
    {"ROW<a STRING>", "ignore-parse-errors=true", "\"x", ""},
    {"ROW<a STRING>", "ignore-parse-errors=true", "\xff", ""},
    /* options */
    {"ROW<a INT>", "field-delimeter=;", "", "!field-delimiter"},
};

static void test_by_hand(void)
{
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *want = cases[i].want;
        const char *got = round_trip("csv", cases[i].type, cases[i].options,
                                     cases[i].options, span_of(cases[i].text));

        if (*want == '!' && *got == '!')
            HAS_STR(got, want + 1, "%s refuses %s", cases[i].type,
                    cases[i].text);
        else
            EQ_STR(got, want, "%s reads %s, %s", cases[i].type, cases[i].text,
                   cases[i].options);
    }
}

/* What cannot be written without being read as something else. */
static void test_refused(void)
{
    EQ_STR(round_trip("csv", "ROW<a STRING>", "",
                      "disable-quote-character=true", span_of("\"x,y\"")),
           "!field 'a': a text with a delimiter or a line break, and quotes "
           "are disabled; set 'escape-character'",
           "a delimiter needs quotes or an escape");
    HAS_STR(round_trip("csv", "ROW<a ARRAY<STRING>>",
                       "array-element-delimiter=/", "", span_of("x;y/z")),
            "an element that holds the array delimiter",
            "an element cannot hold the array delimiter");
}

/* ---- neighbours ---------------------------------------------------------- */

static void test_neighbours(void)
{
    mt_type *type = type_of("ROW<a INT, b ARRAY<INT>, c STRING>");
    mt_span messages[] = {span_of("1,1;2,x"), span_of("2,1;x,y"),
                          span_of("3,,\"z"),  span_of("4,7,w"),
                          span_of("5,1;2"),   span_of("6,,v")};
    mt_decoder *d = open_decoder("csv", "", type, NULL);
    mt_decoder *lenient =
        open_decoder("csv", "ignore-parse-errors=true", type, NULL);
    mt_builder *b = mt_builder_new(type, 0, NULL);
    mt_batch *batch = NULL;
    int32_t rows[6], at = 0, done;
    char errors[8] = "";

    while (at < 6) {
        mt_error *err = NULL;
        int rc = mt_decoder_decode(d, messages + at, 6 - at, b, rows + at,
                                   &done, &err);

        at += done;
        if (rc < 0)
            errors[strlen(errors)] = (char)('1' + at++);
        mt_error_free(err);
    }
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    EQ_STR(errors, "235", "each bad line is one error");
    OK(batch->rows == 3 &&
           ((const int32_t *)batch->columns[0].values)[1] == 4 &&
           batch->columns[1].offsets[3] == 3,
       "and leaves its neighbours whole");
    mt_batch_unref(batch);
    batch = decode_all(lenient, type, messages, 6, rows, NULL);
    EQ_INT(batch->rows, 5, "lines that are none can be skipped");
    EQ_INT(mt_decoder_skipped(lenient), 1, "and are counted");
    OK(mt_column_is_null(&batch->columns[2], 3),
       "a missing field is NULL then");
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_decoder_close(d);
    mt_decoder_close(lenient);
    mt_type_unref(type);
}

/* ---- columns that nobody reads ------------------------------------------- */

static void test_projection(void)
{
    static const uint8_t needed[] = {1, 0, 0};
    mt_type *type = type_of("ROW<a INT, b INT, c STRING>");
    mt_span messages[] = {span_of("1,7,x"), span_of("2,oh,y"),
                          span_of("3,\"8\",z")};
    mt_span cut = span_of("4,9");
    mt_decoder *d = open_decoder("csv", "", type, NULL);
    mt_error *err = NULL;
    mt_batch *batch;

    mt_decoder_project(d, needed);
    batch = decode_all(d, type, messages, 3, NULL, &err);
    OK(batch && batch->columns[1].absent && batch->columns[2].absent,
       "columns that nobody reads are left absent");
    OK(mt_batch_column(batch, 2, NULL) && batch->columns[2].offsets[3] == 3,
       "until someone does");
    OK(!mt_batch_column(batch, 1, &err), "a bad value is an error then");
    HAS_STR(mt_error_message(err), "field 'b' at byte 2: wrong value",
            "which says where");
    mt_error_free(err);
    err = NULL;
    OK(!decode_all(d, type, &cut, 1, NULL, &err),
       "a line that is too short is one at once");
    HAS_STR(mt_error_message(err), "row length mismatch", "as always");
    mt_error_free(err);
    mt_batch_unref(batch);
    mt_decoder_close(d);
    mt_type_unref(type);
}

/* ---- any schema, any rows ------------------------------------------------ */

/* Elements may not hold what stands between them, so there are no texts; and an
 * ARRAY of one NULL is spelled as NULL is. */
static void random_element(mt_buf *text, uint64_t *seed)
{
    static const char *const names[] = {
        "INT", "DOUBLE", "DATE", "BOOLEAN", "DECIMAL(20, 5)", "TIMESTAMP(3)"};

    mt_buf_printf(text, "%s NOT NULL", names[tap_below(seed, 6)]);
}

static void random_type(mt_buf *text, uint64_t *seed)
{
    uint64_t pick = tap_below(seed, 8);
    int i, n = 1 + (int)tap_below(seed, 3);

    if (pick < 6) {
        random_scalar(text, seed);
        return;
    }
    mt_buf_printf(text, pick == 6 ? "ARRAY<" : "ROW<");
    for (i = 0; i < (pick == 6 ? 1 : n); i++) {
        if (pick != 6)
            mt_buf_printf(text, "%sf%d ", i ? ", " : "", i);
        random_element(text, seed);
    }
    mt_buf_printf(text, ">");
}

static void test_identity(uint64_t *seed)
{
    static const char *const options[] = {
        "null-literal=NULL!",
        "null-literal=NULL!;field-delimiter=|",
        "null-literal=NULL!;escape-character=\\\\",
        "null-literal=NULL!;quote-character='",
        "null-literal=NULL!;disable-quote-character=true;escape-character=\\\\",
        "null-literal=NULL!;line-delimiter=\\r\\n;array-element-delimiter=<>",
        "null-literal=NULL!;field-delimiter=\\t",
        "null-literal=NULL!;field-delimiter=€",
        ("null-literal=NULL!;disable-quote-character=true;escape-character=^;"
         "field-delimiter=ü"),
        "null-literal=NULL!;write-bigdecimal-in-scientific-notation=false"};
    bool same = true;
    int i, f;

    for (i = 0; same && i < 150; i++) {
        mt_buf text = {0};
        int fields = 2 + (int)tap_below(seed, 6);

        mt_buf_printf(&text, "ROW<");
        for (f = 0; f < fields; f++) {
            mt_buf_printf(&text, "%sf%d ", f ? ", " : "", f);
            random_type(&text, seed);
        }
        mt_buf_printf(&text, ">");
        mt_buf_byte(&text, 0);
        same = survives_as("csv", (char *)text.data,
                           options[tap_below(seed, 10)], seed);
        mt_buf_fini(&text);
    }
    OK(same, "random rows of random types survive writing and reading");
}

/* ---- beside a naive splitter --------------------------------------------- */

/* Three texts from a line of any bytes: -1 when it is none, else 1. */
static int split_naively(const char *p, const char *end, char cells[3][256])
{
    int field = 0;

    for (;; field++) {
        char own[256], *out = field < 3 ? cells[field] : own;

        if (p < end && *p == '"') {
            for (p++;; *out++ = *p++) {
                if (p == end)
                    return -1;
                if (*p == '"' && (++p == end || *p != '"'))
                    break;
            }
            for (; p < end && *p != ',' && *p != '\n' && *p != '\r'; p++) {
                if ((unsigned char)*p > ' ')
                    return -1;
            }
        } else {
            while (p < end && *p != ',' && *p != '\n' && *p != '\r')
                *out++ = *p++;
        }
        *out = '\0';
        if (p == end || *p != ',')
            break;
        p++;
    }
    if (p < end && *p++ == '\r' && p < end && *p == '\n')
        p++;
    return p == end && field >= 2 ? 1 : -1;
}

static bool agrees(mt_decoder *d, const mt_type *type, const char *line,
                   size_t len)
{
    char *copy = malloc(len + 1), cells[3][256];
    mt_span message = {(uint8_t *)copy, len};
    mt_batch *batch;
    int want, i;
    bool same;

    memcpy(copy, line, len);
    want = len ? split_naively(copy, copy + len, cells) : 0;
    batch = decode_all(d, type, &message, 1, NULL, NULL);
    same = (batch != NULL) == (want >= 0) && (!batch || batch->rows == want);
    for (i = 0; same && want == 1 && i < 3; i++) {
        const mt_column *c = &batch->columns[i];

        same = (size_t)c->offsets[1] == strlen(cells[i]) &&
               memcmp(c->values, cells[i], strlen(cells[i])) == 0;
    }
    if (!same)
        NOTE("differs: %.*s", (int)len, line);
    mt_batch_unref(batch);
    free(copy);
    return same;
}

static void test_splitting(uint64_t *seed)
{
    static const char letters[] = ",,,,\"\"\"\nxy \rz;";
    mt_type *type = type_of("ROW<a STRING, b STRING, c STRING>");
    mt_decoder *d = open_decoder("csv", "", type, NULL);
    bool same = true;
    int i, j;

    for (i = 0; same && i < 20000; i++) {
        int len = (int)tap_below(seed, i % 10 ? 12 : 60);
        char line[64];

        for (j = 0; j < len; j++)
            line[j] = letters[tap_below(seed, sizeof(letters) - 1)];
        same = agrees(d, type, line, (size_t)len);
    }
    OK(same, "lines split as a naive splitter splits them");
    mt_decoder_close(d);
    mt_type_unref(type);
}

/* ---- memory ----------------------------------------------------------- */

static void test_memory(void)
{
    static const uint8_t needed[] = {1, 0, 0};
    mt_span message = span_of("\"x\"\"y\",\"a;\"\"b\",AAAA");

    test_memory_of("csv", "null-literal=-",
                   "ROW<a STRING, b ARRAY<STRING>, c BYTES>", needed, &message,
                   1);
}

int main(void)
{
    uint64_t seed = tap_seed();

    test_by_hand();
    test_refused();
    test_neighbours();
    test_projection();
    test_identity(&seed);
    test_splitting(&seed);
    test_memory();
    return tap_done();
}
