/* The avro format: messages by hand, schemas of others, random rows beside
 * avro-c, broken messages.
 *
 * avro-c is the model: it reads what we write in a schema that is spelled here
 * once more, and what it writes of that is the same bytes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "format_test.h"

#include <avro.h>

/* ---- opening ----------------------------------------------------------- */

/* With a schema of any length, or NULL; `legacy` is an option's text. */
static mt_format_ref ref_with(const char *schema, const char *legacy)
{
    static const char *items[4];
    mt_format_ref ref = {"avro", "avro.", {items, 0}};

    if (schema) {
        items[ref.options.len++] = "schema";
        items[ref.options.len++] = schema;
    }
    if (legacy) {
        items[ref.options.len++] = "timestamp_mapping.legacy";
        items[ref.options.len++] = legacy;
    }
    return ref;
}

static mt_decoder *decoder_with(const char *schema, const char *legacy,
                                const mt_type *type, mt_error **err)
{
    mt_format_ref ref = ref_with(schema, legacy);
    mt_fields fields = fields_of(type);

    return mt_format_check(&ref, &fields, false, err) < 0
               ? NULL
               : mt_decoder_open(&ref, &fields, err);
}

static mt_encoder *encoder_with(const char *schema, const char *legacy,
                                const mt_type *type, mt_error **err)
{
    mt_format_ref ref = ref_with(schema, legacy);
    mt_fields fields = fields_of(type);

    return mt_format_check(&ref, &fields, true, err) < 0
               ? NULL
               : mt_encoder_open(&ref, &fields, err);
}

/* ---- by hand ----------------------------------------------------------- */

static mt_span from_hex(const char *hex, uint8_t *bytes)
{
    mt_span span = {bytes, 0};

    for (; *hex; hex += 2) {
        unsigned byte;

        if (*hex == ' ') {
            hex--;
            continue;
        }
        sscanf(hex, "%2x", &byte);
        bytes[span.len++] = (uint8_t)byte;
    }
    return span;
}

/* The rows as the print sink shows them, each followed by '|'. */
static void show(mt_batch *batch, char *text)
{
    mt_buf out = {0};
    int32_t row, i;

    for (row = 0; row < batch->rows; row++) {
        for (i = 0; i < batch->columns_len; i++) {
            mt_buf_printf(&out, i ? ", " : "");
            mt_text_value(mt_type_column(batch->type, i),
                          mt_batch_column(batch, i, NULL), row, &out);
        }
        mt_buf_printf(&out, "|");
    }
    snprintf(text, 1024, "%.*s", (int)out.len, (const char *)out.data);
    mt_buf_fini(&out);
}

/* The rows of a message; "!" and the error. */
static const char *read_hex(const char *type_text, const char *schema,
                            const char *hex)
{
    static char text[1024];
    uint8_t bytes[512];
    mt_span message = from_hex(hex, bytes);
    mt_type *type = type_of(type_text);
    mt_error *err = NULL;
    mt_decoder *d = decoder_with(schema, NULL, type, &err);
    mt_batch *batch = d ? decode_all(d, type, &message, 1, NULL, &err) : NULL;

    if (batch)
        show(batch, text);
    else
        snprintf(text, sizeof(text), "!%s", mt_error_message(err));
    mt_error_free(err);
    mt_batch_unref(batch);
    mt_decoder_close(d);
    mt_type_unref(type);
    return text;
}

static const struct {
    const char *type, *hex, *want;
} derived[] = {
    {"ROW<a INT>", "0202", "1|"},
    {"ROW<a INT>", "00", "null|"},
    {"ROW<a INT NOT NULL>", "01", "-1|"},
    {"ROW<a INT NOT NULL>", "ffffffff0f", "-2147483648|"},
    {"ROW<a INT NOT NULL>", "feffffff1f", "!field 'a': a number out of"},
    {"ROW<a TINYINT NOT NULL>", "8002", "!field 'a': a number out of"},
    {"ROW<a BIGINT NOT NULL>", "ffffffffffffffffff01", "-9223372036854775808|"},
    {"ROW<a BIGINT NOT NULL>", "ffffffffffffffffff02", "!more than 64 bits"},
    {"ROW<a BIGINT NOT NULL>", "ffffffffffffffffffff01", "!more than 64"},
    {"ROW<a BIGINT NOT NULL>", "ff", "!field 'a': the message ends too early"},
    {"ROW<a BIGINT NOT NULL>", "", "!field 'a': the message ends too early"},
    {"ROW<a BIGINT>", "04", "!a branch that its union does not have"},
    {"ROW<a BOOLEAN NOT NULL, b BOOLEAN NOT NULL>", "0100", "true, false|"},
    {"ROW<a BOOLEAN NOT NULL>", "02", "!neither 0 nor 1"},
    {"ROW<a FLOAT NOT NULL>", "0000c03f", "1.5|"},
    {"ROW<a DOUBLE NOT NULL>", "000000000000f83f", "1.5|"},
    {"ROW<a DOUBLE NOT NULL>", "000000000000f8", "!too early"},
    {"ROW<a STRING>", "0206666f6f", "foo|"},
    {"ROW<a STRING>", "0201", "!a length below 0"},
    {"ROW<a STRING>", "02feffffffffffffffff01", "!too early"},
    {"ROW<a STRING>", "0202ff", "!a text that is not UTF-8"},
    {"ROW<a BYTES NOT NULL>", "0401ff", "[1, -1]|"},
    {"ROW<a DECIMAL(5, 2) NOT NULL>", "0430 39", "123.45|"},
    {"ROW<a DECIMAL(5, 2) NOT NULL>", "04cfc7", "-123.45|"},
    {"ROW<a DECIMAL(5, 2) NOT NULL>", "08ffffcfc7", "-123.45|"},
    {"ROW<a DECIMAL(5, 2) NOT NULL>", "0603d090", "!more digits"},
    {"ROW<a DECIMAL(5, 2) NOT NULL>", "00", "0.00|"},
    {"ROW<a DATE NOT NULL>", "02", "1970-01-02|"},
    {"ROW<a TIME(3) NOT NULL>", "e807", "00:00:00.500|"},
    {"ROW<a TIME(3) NOT NULL>", "01", "!no day has"},
    {"ROW<a TIME(6) NOT NULL>", "02", "00:00:00.000001|"},
    {"ROW<a TIMESTAMP(3) NOT NULL>", "e807", "1970-01-01T00:00:00.500|"},
    {"ROW<a TIMESTAMP(3) NOT NULL>", "01", "1969-12-31T23:59:59.999|"},
    {"ROW<a TIMESTAMP(6) NOT NULL>", "01", "1969-12-31T23:59:59.999999|"},
    {"ROW<a TIMESTAMP(9)>", "", "!Avro has no type for TIMESTAMP(9)"},
    {"ROW<a TIME(9)>", "", "!Avro has no type for TIME(9)"},
    {"ROW<a INTERVAL MONTH>", "", "!Avro has no type for INTERVAL"},
    {"ROW<a MAP<INT, INT>>", "", "!keys must be texts"},
    {"ROW<`a b` INT>", "", "!column 'a b' has a name that Avro"},
    {"ROW<a ARRAY<INT NOT NULL> NOT NULL>", "04020400", "[1, 2]|"},
    {"ROW<a ARRAY<INT NOT NULL> NOT NULL>", "0304020400", "[1, 2]|"},
    {"ROW<a ARRAY<INT NOT NULL> NOT NULL>", "0202020400", "[1, 2]|"},
    {"ROW<a ARRAY<INT NOT NULL> NOT NULL>", "00", "[]|"},
    {"ROW<a ARRAY<INT NOT NULL> NOT NULL>", "0402", "!too early"},
    {"ROW<a ARRAY<INT NOT NULL> NOT NULL>", "feffffffff0f0000",
     "!more elements than the message has bytes"},
    {"ROW<a ARRAY<INT NOT NULL> NOT NULL>", "ffffffffffffffffff01 00",
     "!a block of too many"},
    {"ROW<a ARRAY<INT NOT NULL> NOT NULL>", "0301020400", "!less than 0 bytes"},
    {"ROW<a MAP<STRING, INT NOT NULL> NOT NULL>", "02026b1400", "{k=10}|"},
    {"ROW<a MULTISET<STRING> NOT NULL>", "02026b020400", "{k=2}|"},
    {"ROW<a ROW<b INT, c STRING NOT NULL>>", "020002 78", "+I[null, x]|"},
    {"ROW<a ROW<b INT, c STRING NOT NULL>>", "00", "null|"},
    {"ROW<a INT NOT NULL>", "02ffff", "1|"},
};

static void test_derived(void)
{
    size_t i;

    for (i = 0; i < sizeof(derived) / sizeof(*derived); i++) {
        const char *got = read_hex(derived[i].type, NULL, derived[i].hex);

        if (derived[i].want[0] != '!')
            EQ_STR(got, derived[i].want, "%s of %s", derived[i].type,
                   derived[i].hex);
        else if (OK(got[0] == '!', "%s of %s fails", derived[i].type,
                    derived[i].hex))
            HAS_STR(got, derived[i].want + 1, "and says why");
        else
            NOTE("  got '%s'", got);
    }
}

#define RECORD(fields)                                                         \
    "{\"type\":\"record\",\"name\":\"r\",\"fields\":[" fields "]}"
#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":" type "}"
#define LOGICAL(type, name)                                                    \
    "{\"type\":\"" type "\",\"logicalType\":\"" name "\"}"

/* What others may have written: schemas beyond those we derive. */
static const struct {
    const char *type, *schema, *hex, *want;
} others[] = {
    {"ROW<a BIGINT>", RECORD(FIELD("a", "\"int\"")), "02", "1|"},
    {"ROW<a FLOAT>", RECORD(FIELD("a", "\"long\"")), "06", "3.0|"},
    {"ROW<a DOUBLE>", RECORD(FIELD("a", "\"float\"")), "0000c03f", "1.5|"},
    {"ROW<a INT>", RECORD(FIELD("a", "\"long\"")), "02",
     "!field 'a': long cannot be read as INT"},
    {"ROW<a FLOAT>", RECORD(FIELD("a", "\"double\"")), "",
     "!field 'a': double cannot be read as FLOAT"},
    {"ROW<a ROW<b INT>>", RECORD(FIELD("a", "\"string\"")), "",
     "!field 'a': string cannot be read as ROW"},
    {"ROW<a ROW<b INT>>",
     RECORD(FIELD("a", "{\"type\":\"record\",\"name\":\"s\",\"fields\":[" FIELD(
                           "b", "\"string\"") "]}")),
     "", "!field 'a.b': string cannot be read as INT"},
    {"ROW<a STRING>", RECORD(FIELD("a", "[\"string\",\"null\"]")), "000278",
     "x|"},
    {"ROW<a STRING>", RECORD(FIELD("a", "[\"string\",\"null\"]")), "02",
     "null|"},
    {"ROW<a STRING NOT NULL>", RECORD(FIELD("a", "[\"string\",\"null\"]")),
     "02", "!NULL for a column that is NOT NULL"},
    {"ROW<a STRING>", RECORD(FIELD("a", "\"bytes\"")), "0278", "x|"},
    {"ROW<a STRING>",
     RECORD(FIELD("a", "{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"X\","
                       "\"Y\"]}")),
     "02", "Y|"},
    {"ROW<a STRING>",
     RECORD(FIELD("a", "{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"X\","
                       "\"Y\"]}")),
     "04", "!a symbol that its enum does not have"},
    {"ROW<a STRING>", RECORD(FIELD("a", LOGICAL("string", "uuid"))), "0278",
     "x|"},
    {"ROW<a STRING>",
     RECORD(FIELD("a", "{\"type\":\"fixed\",\"name\":\"f\",\"size\":16,"
                       "\"logicalType\":\"uuid\"}")),
     "00112233445566778899aabbccddeeff",
     "00112233-4455-6677-8899-aabbccddeeff|"},
    {"ROW<a BYTES>",
     RECORD(FIELD("a", "{\"type\":\"fixed\",\"name\":\"f\",\"size\":2}")),
     "0102", "[1, 2]|"},
    {"ROW<a DECIMAL(6, 2)>",
     RECORD(FIELD("a", "{\"type\":\"fixed\",\"name\":\"f\",\"size\":3,"
                       "\"logicalType\":\"decimal\",\"precision\":5,"
                       "\"scale\":1}")),
     "ffcfc7", "-1234.50|"},
    {"ROW<a DECIMAL(6, 0)>",
     RECORD(FIELD("a", "{\"type\":\"bytes\",\"logicalType\":\"decimal\","
                       "\"precision\":5,\"scale\":1}")),
     "0473", "!too early"},
    {"ROW<a DECIMAL(6, 0)>",
     RECORD(FIELD("a", "{\"type\":\"bytes\",\"logicalType\":\"decimal\","
                       "\"precision\":5,\"scale\":1}")),
     "0273", "12|"},
    {"ROW<a TIMESTAMP(3)>",
     RECORD(FIELD("a", LOGICAL("long", "timestamp-micros"))), "03",
     "1969-12-31T23:59:59.999|"},
    {"ROW<a TIMESTAMP(9)>",
     RECORD(FIELD("a", LOGICAL("long", "timestamp-nanos"))), "01",
     "1969-12-31T23:59:59.999999999|"},
    {"ROW<a TIMESTAMP_LTZ(6)>",
     RECORD(FIELD("a", LOGICAL("long", "local-timestamp-millis"))), "02",
     "1970-01-01T00:00:00.001Z|"},
    {"ROW<a TIME(0)>", RECORD(FIELD("a", LOGICAL("long", "time-micros"))),
     "80b58902", "00:00:02|"},
    {"ROW<a INT>",
     RECORD(FIELD(
         "x",
         "{\"type\":\"array\",\"items\":"
         "{\"type\":\"map\",\"values\":\"long\"}}") "," FIELD("a", "\"int\"")),
     "0304 0000 00 06", "3|"},
    {"ROW<a INT>",
     RECORD(FIELD(
         "x",
         "{\"type\":\"array\",\"items\":"
         "{\"type\":\"map\",\"values\":\"long\"}}") "," FIELD("a", "\"int\"")),
     "0202026b0600 00 06", "3|"},
    {"ROW<a INT, b STRING>", RECORD(FIELD("a", "\"int\"")), "02", "1, null|"},
    {"ROW<a INT, b INT NOT NULL>", RECORD(FIELD("a", "\"int\"")), "",
     "!field 'b' is not in the schema of the message"},
    {"ROW<a STRING>", RECORD(FIELD("a", "[\"null\",\"int\",\"string\"]")),
     "040278", "x|"},
    {"ROW<a STRING>", RECORD(FIELD("a", "[\"null\",\"int\",\"string\"]")),
     "0202", "!int cannot be read as"},
    {"ROW<a INT>", "[\"null\"," RECORD(FIELD("a", "\"int\"")) "]", "0206",
     "3|"},
    {"ROW<a INT>", "[\"null\"," RECORD(FIELD("a", "\"int\"")) "]", "00", ""},
    {"ROW<a INT>", "\"int\"", "00", "!a message of the schema is no record"},
    {"ROW<a INT>", "{\"type\":\"record\"}", "", "!that is no name"},
    {"ROW<a INT>", "{\"type\":", "", "!JSON at byte 8"},
    {"ROW<a INT>", RECORD(FIELD("a", "\"who\"")), "",
     "!the schema names a type 'who'"},
    {"ROW<a INT>", RECORD(FIELD("a", "[\"int\",[\"null\"]]")), "",
     "!a union in a union"},
};

static void test_others(void)
{
    size_t i;

    for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
        const char *got =
            read_hex(others[i].type, others[i].schema, others[i].hex);

        if (others[i].want[0] != '!')
            EQ_STR(got, others[i].want, "%s of %s", others[i].type,
                   others[i].schema);
        else
            HAS_STR(got, others[i].want + 1, "%s of %s", others[i].type,
                    others[i].schema);
    }
}

/* A linked list that is skipped may be long but not endless. */
static void test_deep(void)
{
    static uint8_t bytes[20000];
    mt_type *type = type_of("ROW<a INT>");
    mt_error *err = NULL;
    mt_decoder *d = decoder_with(
        RECORD(FIELD("x", "[\"null\",\"r\"]") "," FIELD("a", "\"int\"")), NULL,
        type, &err);
    mt_span m = {bytes, sizeof(bytes)};
    mt_batch *batch;

    OK(d, "a schema may mean itself");
    memset(bytes, 2, sizeof(bytes));
    batch = decode_all(d, type, &m, 1, NULL, &err);
    OK(!batch, "a message may not nest for ever");
    HAS_STR(mt_error_message(err), "field 'x': nested too deep", "and says so");
    mt_error_free(err);
    err = NULL;
    bytes[400] = 0;
    batch = decode_all(d, type, &m, 1, NULL, &err);
    OK(batch && batch->rows == 1, "but 400 deep it may");
    mt_batch_unref(batch);
    mt_decoder_close(d);
    mt_type_unref(type);
}

/* ---- schemas of tables --------------------------------------------------- */

/* The schema of a type, spelled naively: the model of what is derived. */
static void spell(const mt_type *t, const char *name, bool legacy, mt_buf *out);

static void spell_record(const mt_type *t, const char *name, bool legacy,
                         mt_buf *out)
{
    int32_t i;

    mt_buf_printf(out,
                  "{\"type\":\"record\",\"name\":\"org.apache.flink.avro."
                  "generated.%s\",\"fields\":[",
                  name);
    for (i = 0; i < t->fields_len; i++) {
        char nested[256];

        snprintf(nested, sizeof(nested), "%s_%s", name, t->fields[i].name);
        mt_buf_printf(out, "%s{\"name\":\"%s\",\"type\":", i ? "," : "",
                      t->fields[i].name);
        spell(t->fields[i].type, nested, legacy, out);
        mt_buf_printf(out, "}");
    }
    mt_buf_printf(out, "]}");
}

static void spell_value(const mt_type *t, const char *name, bool legacy,
                        mt_buf *out)
{
    static const char *const names[MT_KINDS_LEN] = {
        [MT_BOOLEAN] = "boolean",   [MT_TINYINT] = "int",
        [MT_SMALLINT] = "int",      [MT_INT] = "int",
        [MT_BIGINT] = "long",       [MT_FLOAT] = "float",
        [MT_DOUBLE] = "double",     [MT_DECIMAL] = "bytes",
        [MT_CHAR] = "string",       [MT_VARCHAR] = "string",
        [MT_BINARY] = "bytes",      [MT_VARBINARY] = "bytes",
        [MT_DATE] = "int",          [MT_TIMESTAMP] = "long",
        [MT_TIMESTAMP_LTZ] = "long"};

    switch (t->kind) {
    case MT_ROW:
        spell_record(t, name, legacy, out);
        break;
    case MT_ARRAY:
        mt_buf_printf(out, "{\"type\":\"array\",\"items\":");
        spell(t->fields[0].type, name, legacy, out);
        mt_buf_printf(out, "}");
        break;
    case MT_MAP:
        mt_buf_printf(out, "{\"type\":\"map\",\"values\":");
        spell(t->fields[1].type, name, legacy, out);
        mt_buf_printf(out, "}");
        break;
    case MT_MULTISET:
        mt_buf_printf(out, "{\"type\":\"map\",\"values\":[\"null\",\"int\"]}");
        break;
    case MT_TIME:
        mt_buf_printf(out, t->precision > 3 ? "\"long\"" : "\"int\"");
        break;
    default:
        mt_buf_printf(out, "\"%s\"", names[t->kind]);
    }
}

static void spell(const mt_type *t, const char *name, bool legacy, mt_buf *out)
{
    if (t->nullable)
        mt_buf_printf(out, "[\"null\",");
    spell_value(t, name, legacy, out);
    if (t->nullable)
        mt_buf_printf(out, "]");
}

/* ---- beside avro-c ------------------------------------------------------- */

static void random_avro_type(mt_buf *text, uint64_t *seed, int depth)
{
    static const char *const names[] = {"BOOLEAN",
                                        "TINYINT",
                                        "SMALLINT",
                                        "INT",
                                        "BIGINT",
                                        "FLOAT",
                                        "DOUBLE",
                                        "STRING",
                                        "VARCHAR(20)",
                                        "BYTES",
                                        "DATE",
                                        "TIME(0)",
                                        "TIME(3)",
                                        "TIME(6)",
                                        "TIMESTAMP(0)",
                                        "TIMESTAMP(3)",
                                        "TIMESTAMP(6)",
                                        "TIMESTAMP_LTZ(3)",
                                        "TIMESTAMP_LTZ(5)",
                                        "MULTISET<STRING>"};
    uint64_t n = sizeof(names) / sizeof(*names);
    uint64_t pick = tap_below(seed, n + (depth ? 5 : 2));
    int p = 1 + (int)tap_below(seed, 38), i;

    if (pick < n) {
        mt_buf_printf(text, "%s", names[pick]);
    } else if (pick < n + 2) {
        mt_buf_printf(text, "DECIMAL(%d, %d)", p,
                      (int)tap_below(seed, (uint64_t)p + 1));
    } else if (pick == n + 2) {
        mt_buf_printf(text, "ARRAY<");
        random_avro_type(text, seed, depth - 1);
        mt_buf_printf(text, ">");
    } else if (pick == n + 3) {
        mt_buf_printf(text, "MAP<STRING, ");
        random_avro_type(text, seed, depth - 1);
        mt_buf_printf(text, ">");
    } else {
        mt_buf_printf(text, "ROW<");
        for (i = 0; i < 1 + p % 4; i++) {
            mt_buf_printf(text, "%sf%d ", i ? ", " : "", i);
            random_avro_type(text, seed, depth - 1);
        }
        mt_buf_printf(text, ">");
    }
    if (tap_below(seed, 3) == 0)
        mt_buf_printf(text, " NOT NULL");
}

static mt_type *random_avro_row(uint64_t *seed)
{
    mt_buf text = {0};
    mt_type *type;
    int i, n = 1 + (int)tap_below(seed, 6);

    mt_buf_printf(&text, "ROW<");
    for (i = 0; i < n; i++) {
        mt_buf_printf(&text, "%sc%d ", i ? ", " : "", i);
        random_avro_type(&text, seed, 3);
    }
    mt_buf_append(&text, "> NOT NULL", 11);
    type = type_of((char *)text.data);
    mt_buf_fini(&text);
    return type;
}

/* avro-c reads the message to its last byte and writes the same again. */
static bool model_agrees(avro_value_iface_t *iface, mt_span m)
{
    static char again[1 << 20];
    avro_reader_t in = avro_reader_memory((const char *)m.data, (int64_t)m.len);
    avro_writer_t out = avro_writer_memory(again, sizeof(again));
    avro_value_t value;
    char rest;
    bool same;

    avro_generic_value_new(iface, &value);
    same = avro_value_read(in, &value) == 0 && avro_read(in, &rest, 1) != 0 &&
           avro_value_write(out, &value) == 0 &&
           (size_t)avro_writer_tell(out) == m.len &&
           memcmp(again, m.data, m.len) == 0;
    if (!same)
        NOTE("avro-c: %s", avro_strerror());
    avro_value_decref(&value);
    avro_reader_free(in);
    avro_writer_free(out);
    return same;
}

/* Writes random rows in the derived schema; avro-c agrees with each; reading
 * gives them back, also in the schema as it is spelled here. */
static bool survives_type(const mt_type *type, uint64_t *seed)
{
    bool legacy = tap_below(seed, 2);
    const char *how = legacy ? "true" : "false";
    mt_batch *batch = random_batch(type, 20, seed), *again = NULL;
    mt_error *err = NULL;
    mt_encoder *e = encoder_with(NULL, how, type, &err);
    mt_decoder *d = e ? decoder_with(NULL, how, type, &err) : NULL;
    mt_buf out = {0}, schema = {0};
    avro_schema_t parsed = NULL;
    avro_value_iface_t *iface;
    mt_span messages[20];
    uint8_t nulls[20];
    size_t ends[20], begin = 0;
    bool same = false;
    int i;

    spell_record(type, "record", legacy, &schema);
    if (d && encode_all(e, batch, &out, ends, nulls, &err) == 0) {
        for (i = 0; i < 20; begin = ends[i++])
            messages[i] = (mt_span){out.data + begin, ends[i] - begin};
        again = decode_all(d, type, messages, 20, NULL, &err);
        same = again && same_batches(batch, again);
    }
    if (same && avro_schema_from_json_length((char *)schema.data, schema.len,
                                             &parsed) == 0) {
        iface = avro_generic_class_from_schema(parsed);
        for (i = 0; same && i < 20; i++)
            same = model_agrees(iface, messages[i]);
        avro_value_iface_decref(iface);
        avro_schema_decref(parsed);
    }
    if (!same)
        NOTE("%.*s: %s", (int)schema.len, (char *)schema.data,
             err ? mt_error_message(err) : "differs");
    same = same && parsed;
    mt_error_free(err);
    mt_batch_unref(again);
    mt_batch_unref(batch);
    mt_encoder_close(e);
    mt_decoder_close(d);
    mt_buf_fini(&out);
    mt_buf_fini(&schema);
    return same;
}

static void test_random(uint64_t *seed)
{
    int i, same = 0;

    for (i = 0; i < 150; i++) {
        mt_type *type = random_avro_row(seed);

        same += survives_type(type, seed);
        mt_type_unref(type);
    }
    EQ_INT(same, 150, "random rows survive, and avro-c writes the same bytes");
}

/* ---- writing ----------------------------------------------------------- */

/* A message read in the derived schema and written in another: its hex. */
static const char *write_hex(const char *type_text, const char *schema,
                             const char *hex)
{
    static char text[1024];
    uint8_t bytes[256], null;
    mt_span message = from_hex(hex, bytes);
    mt_type *type = type_of(type_text);
    mt_error *err = NULL;
    mt_decoder *d = decoder_with(NULL, NULL, type, &err);
    mt_encoder *e = d ? encoder_with(schema, NULL, type, &err) : NULL;
    mt_batch *batch = e ? decode_all(d, type, &message, 1, NULL, &err) : NULL;
    mt_buf out = {0};
    size_t end = 0, i;

    text[0] = '\0';
    if (batch && encode_all(e, batch, &out, &end, &null, &err) == 0) {
        for (i = 0; i < end; i++)
            sprintf(text + 2 * i, "%02x", out.data[i]);
    }
    if (err)
        snprintf(text, sizeof(text), "!%s", mt_error_message(err));
    mt_error_free(err);
    mt_buf_fini(&out);
    mt_batch_unref(batch);
    mt_encoder_close(e);
    mt_decoder_close(d);
    mt_type_unref(type);
    return text;
}

static const struct {
    const char *type, *schema, *hex, *want;
} written[] = {
    {"ROW<a STRING>", RECORD(FIELD("a", "[\"string\",\"null\"]")), "020278",
     "000278"},
    {"ROW<a STRING>", RECORD(FIELD("a", "[\"string\",\"null\"]")), "00", "02"},
    {"ROW<a STRING>", RECORD(FIELD("a", "\"string\"")), "00",
     "!field 'a': NULL where the schema has no null"},
    {"ROW<a INT NOT NULL, b INT NOT NULL>",
     RECORD(FIELD("b", "\"long\"") "," FIELD("a", "\"double\"")), "0204",
     "04000000000000f03f"},
    {"ROW<a STRING NOT NULL>",
     RECORD(FIELD("a", "{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"x\","
                       "\"y\"]}")),
     "0279", "02"},
    {"ROW<a STRING NOT NULL>",
     RECORD(FIELD("a", "{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"x\","
                       "\"y\"]}")),
     "027a", "!no symbol"},
    {"ROW<a DECIMAL(3, 1) NOT NULL>",
     RECORD(FIELD("a", "{\"type\":\"fixed\",\"name\":\"f\",\"size\":4,"
                       "\"logicalType\":\"decimal\",\"precision\":5,"
                       "\"scale\":2}")),
     "02ff", "fffffff6"},
    {"ROW<a TIMESTAMP(3) NOT NULL>",
     RECORD(FIELD("a", LOGICAL("long", "timestamp-micros"))), "02", "d00f"},
    {"ROW<a BYTES NOT NULL>",
     RECORD(FIELD("a", "{\"type\":\"fixed\",\"name\":\"f\",\"size\":2}")),
     "040102", "0102"},
    {"ROW<a BYTES NOT NULL>",
     RECORD(FIELD("a", "{\"type\":\"fixed\",\"name\":\"f\",\"size\":2}")),
     "0201", "!not as many bytes"},
    {"ROW<a INT NOT NULL>",
     RECORD(FIELD("a", "\"int\"") ",{\"name\":\"b\",\"type\":\"string\","
                                  "\"default\":\"x\"}"),
     "02", "020278"},
    {"ROW<a INT NOT NULL>",
     RECORD(FIELD("a", "\"int\"") "," FIELD("b", "\"int\"")), "02",
     "!field 'b' of the schema has no column and no default"},
    {"ROW<a INT, b INT>", RECORD(FIELD("a", "\"int\"")), "",
     "!column 'b' has no field in the schema"},
    {"ROW<a BIGINT>", RECORD(FIELD("a", "\"int\"")), "",
     "!field 'a': BIGINT cannot be written as int"},
    {"ROW<a BIGINT>", RECORD(FIELD("a", "[\"int\",\"long\"]")), "",
     "!not supported yet: field 'a'"},
};

static void test_written(void)
{
    size_t i;

    for (i = 0; i < sizeof(written) / sizeof(*written); i++) {
        const char *got =
            write_hex(written[i].type, written[i].schema, written[i].hex);

        if (written[i].want[0] != '!')
            EQ_STR(got, written[i].want, "%s in %s", written[i].type,
                   written[i].schema);
        else
            HAS_STR(got, written[i].want + 1, "%s in %s", written[i].type,
                    written[i].schema);
    }
}

/* ---- what is broken ------------------------------------------------------ */

/* Random rows cut and with bytes changed: an error or other rows, and messages
 * behind it are read as if it had not been. */
static void test_broken(uint64_t *seed)
{
    int i, k, wrong = 0;

    for (i = 0; i < 40; i++) {
        mt_type *type = random_avro_row(seed);
        mt_batch *batch = random_batch(type, 1, seed);
        mt_encoder *e = encoder_with(NULL, NULL, type, NULL);
        mt_decoder *d = decoder_with(NULL, NULL, type, NULL);
        mt_buf out = {0};
        uint8_t null;
        size_t end;

        encode_all(e, batch, &out, &end, &null, NULL);
        for (k = 0; k < 40; k++) {
            size_t len = tap_below(seed, out.len + 1);
            uint8_t *copy = malloc(len + 1);
            mt_builder *b = mt_builder_new(type, 4, NULL);
            mt_span m[2] = {{copy, len}, {out.data, out.len}};
            int32_t rows[2], done = 0;
            mt_batch *got = NULL;
            int rc;

            memcpy(copy, out.data, len);
            if (len && tap_below(seed, 2))
                copy[tap_below(seed, len)] = (uint8_t)tap_random(seed);
            rc = mt_decoder_decode(d, m, 1, b, rows, &done, NULL);
            if (rc == 0)
                mt_builder_rollback(b);
            rc = mt_decoder_decode(d, m + 1, 1, b, rows, &done, NULL);
            if (rc < 0 || mt_builder_commit(b, NULL) < 0 ||
                mt_builder_seal(b, &got, NULL) < 0 || !same_batches(batch, got))
                wrong++;
            mt_batch_unref(got);
            mt_builder_free(b);
            free(copy);
        }
        mt_buf_fini(&out);
        mt_encoder_close(e);
        mt_decoder_close(d);
        mt_batch_unref(batch);
        mt_type_unref(type);
    }
    EQ_INT(wrong, 0, "a broken message leaves nothing behind");
}

static void test_options(void)
{
    mt_type *type = type_of("ROW<a INT>");
    mt_error *err = NULL;
    mt_format_ref ref = ref_of("avro", "encoding=json");
    mt_fields fields = fields_of(type);

    OK(mt_format_check(&ref, &fields, false, &err) < 0, "no JSON yet");
    HAS_STR(mt_error_message(err), "not supported yet: encoding 'json'",
            "and it says so");
    mt_error_free(err);
    mt_type_unref(type);
}

static void test_memory(void)
{
    static const uint8_t bytes[] = "\x02\x02x\x02\x04\x02\x02\x00\x00\x02\x02k"
                                   "\x02\x02y\x00\x02\x02\x06";
    uint8_t needed[] = {1, 1, 1, 1};
    mt_span m = {bytes, sizeof(bytes) - 1};

    test_memory_of("avro", "",
                   "ROW<a STRING, b ARRAY<INT>, c MAP<STRING, STRING> NOT "
                   "NULL, d ROW<e INT>>",
                   needed, &m, 1);
}

int main(void)
{
    uint64_t seed = tap_seed();

    test_derived();
    test_others();
    test_deep();
    test_random(&seed);
    test_written();
    test_broken(&seed);
    test_options();
    test_memory();
    return tap_done();
}
