/* What the hbase connector decides without a server: cell blocks, the bytes of
 * values, rows from cells, and which tables it refuses.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../../../connectors/hbase/cells.h"
#include "../../../connectors/hbase/row.h"
#include "../../../connectors/hbase/schema.h"
#include "../table.h"

static mt_span text_span(const char *text)
{
    return (mt_span){(const uint8_t *)text, strlen(text)};
}

/* ---- cells ----------------------------------------------------------- */

static void add_cell(mt_buf *block, hbase_cell cell)
{
    int64_t start = hbase_cell_begin(block, &cell);

    mt_buf_append(block, cell.value.data, cell.value.len);
    hbase_cell_end(block, start);
}

static void test_cell_bytes(void)
{
    /* Java's new KeyValue("ab", "f", "q", 7, Type.Put, "v"). */
    static const uint8_t wanted[] = {0, 0, 0, 25, 0,   0,   0, 16,  0,   0,
                                     0, 1, 0, 2,  'a', 'b', 1, 'f', 'q', 0,
                                     0, 0, 0, 0,  0,   0,   7, 4,   'v'};
    mt_buf block = {0};

    add_cell(&block, (hbase_cell){.row = text_span("ab"),
                                  .family = text_span("f"),
                                  .qualifier = text_span("q"),
                                  .value = text_span("v"),
                                  .time_ms = 7,
                                  .type = HBASE_PUT});
    OK(block.len == sizeof(wanted) && !memcmp(block.data, wanted, block.len),
       "a cell has the bytes that Java gives it");
    mt_buf_fini(&block);
}

static mt_span random_span(uint64_t *seed, uint8_t *room, uint64_t max)
{
    size_t i, len = (size_t)tap_below(seed, max);

    for (i = 0; i < len; i++)
        room[i] = (uint8_t)tap_random(seed);
    return (mt_span){room, len};
}

enum { CELLS = 500, PART = 300 };

static void test_cells_model(void)
{
    static uint8_t room[CELLS][4][PART];
    static hbase_cell cells[CELLS];
    uint64_t seed = tap_seed();
    mt_buf block = {0};
    hbase_cell got;
    mt_span rest;
    int i, wrong = 0;

    for (i = 0; i < CELLS; i++) {
        cells[i] =
            (hbase_cell){.row = random_span(&seed, room[i][0], PART),
                         .family = random_span(&seed, room[i][1], 256),
                         .qualifier = random_span(&seed, room[i][2], PART),
                         .value = random_span(&seed, room[i][3], PART),
                         .time_ms = (int64_t)tap_random(&seed),
                         .type = (uint8_t)tap_random(&seed)};
        add_cell(&block, cells[i]);
    }
    rest = (mt_span){block.data, block.len};
    for (i = 0; i < CELLS; i++)
        wrong += !hbase_cell_next(&rest, &got) ||
                 !hbase_span_equal(got.row, cells[i].row) ||
                 !hbase_span_equal(got.family, cells[i].family) ||
                 !hbase_span_equal(got.qualifier, cells[i].qualifier) ||
                 !hbase_span_equal(got.value, cells[i].value) ||
                 got.time_ms != cells[i].time_ms || got.type != cells[i].type;
    EQ_INT(wrong, 0, "cells are read as they were written");
    EQ_INT(rest.len, 0, "and nothing is left");
    OK(!hbase_cell_next(&rest, &got), "the end is the end");
    mt_buf_fini(&block);
}

static void test_broken_cells(void)
{
    uint64_t seed = tap_seed();
    mt_buf block = {0};
    hbase_cell got;
    int round;

    add_cell(&block, (hbase_cell){.row = text_span("row"),
                                  .family = text_span("family"),
                                  .qualifier = text_span("qualifier"),
                                  .value = text_span("value")});
    for (round = 0; round < 20000; round++) {
        size_t len = (size_t)tap_below(&seed, block.len + 1), n;
        /* Of its own size, so that reading past it is seen. */
        uint8_t *bytes = malloc(len + 1);
        mt_span rest = {bytes + 1, len};

        memcpy(bytes + 1, block.data, len);
        for (n = tap_below(&seed, 4); len && n; n--)
            bytes[1 + tap_below(&seed, len)] = (uint8_t)tap_random(&seed);
        while (hbase_cell_next(&rest, &got))
            ;
        free(bytes);
    }
    OK(true, "broken cells do no harm");
    mt_buf_fini(&block);
}

/* ---- values ----------------------------------------------------------- */

static uint8_t unhex(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static mt_span hex_span(const char *hex, uint8_t *room)
{
    size_t i, len = strlen(hex) / 2;

    for (i = 0; i < len; i++)
        room[i] = (uint8_t)(unhex(hex[2 * i]) << 4 | unhex(hex[2 * i + 1]));
    return (mt_span){room, len};
}

/* The bytes are read as `shown`, and those of the value are the same again
 * (`back` where they are others); shown NULL: they are none of the type. */
static void has_bytes_as(const char *type_text, const char *hex,
                         const char *shown, const char *back)
{
    mt_type *type = mt_type_parse(type_text, NULL);
    mt_builder *b = mt_builder_new(type, 0, NULL);
    uint8_t room[64];
    mt_span bytes = hex_span(hex, room);
    mt_buf text = {0}, again = {0};
    mt_batch *batch = NULL;
    int rc = hbase_value_read(type, bytes, &b->columns[0]);

    EQ_INT(rc, shown ? 0 : MT_ERECORD, "%s: %s", type_text, hex);
    if (rc == 0) {
        mt_builder_commit(b, NULL);
        mt_builder_seal(b, &batch, NULL);
        mt_text_value(type, &batch->columns[0], 0, &text);
        mt_buf_byte(&text, '\0');
        EQ_STR((char *)text.data, shown, "is %s", shown);
        hbase_value_write(type, &batch->columns[0], 0, &again);
        bytes = hex_span(back ? back : hex, room);
        OK(hbase_span_equal(bytes, (mt_span){again.data, again.len}),
           "and is written so");
    }
    mt_buf_fini(&text);
    mt_buf_fini(&again);
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_type_unref(type);
}

static void test_values(void)
{
    has_bytes_as("BOOLEAN", "ff", "true", NULL);
    has_bytes_as("BOOLEAN", "01", "true", "ff");
    has_bytes_as("BOOLEAN", "00", "false", NULL);
    has_bytes_as("BOOLEAN", "0000", NULL, NULL);
    has_bytes_as("TINYINT", "80", "-128", NULL);
    has_bytes_as("SMALLINT", "8000", "-32768", NULL);
    has_bytes_as("INT", "7fffffff", "2147483647", NULL);
    has_bytes_as("INT", "7fff", NULL, NULL);
    has_bytes_as("BIGINT", "fffffffffffffffe", "-2", NULL);
    has_bytes_as("FLOAT", "3fc00000", "1.5", NULL);
    has_bytes_as("DOUBLE", "c004000000000000", "-2.5", NULL);
    has_bytes_as("STRING", "c3a9", "é", NULL);
    has_bytes_as("DATE", "00004756", "2020-01-01", NULL);
    has_bytes_as("TIME(3)", "05265bff", "23:59:59.999", NULL);
    has_bytes_as("TIMESTAMP(3)", "ffffffffffffffff", "1969-12-31T23:59:59.999",
                 NULL);
    has_bytes_as("TIMESTAMP(3)", "7fffffffffffffff", NULL, NULL);
}

static void test_decimals(void)
{
    has_bytes_as("DECIMAL(5, 2)", "00000002ff", "-0.01", NULL);
    has_bytes_as("DECIMAL(5, 2)", "000000020080", "1.28", NULL);
    has_bytes_as("DECIMAL(5, 2)", "0000000280", "-1.28", NULL);
    has_bytes_as("DECIMAL(5, 2)", "0000000000", "0.00", "0000000200");
    has_bytes_as("DECIMAL(5, 2)", "ffffffff05", "50.00", "000000021388");
    has_bytes_as("DECIMAL(5, 2)", "0000000405", "0.00", "0000000200");
    has_bytes_as("DECIMAL(5, 2)", "0000000305", "0.01", "0000000201");
    has_bytes_as("DECIMAL(5, 2)", "00000003fb", "-0.01", "00000002ff");
    has_bytes_as("DECIMAL(5, 2)", "000000020186a0", NULL, NULL);
    has_bytes_as("DECIMAL(5, 2)", "8000000001", NULL, NULL);
    has_bytes_as("DECIMAL(5, 2)", "7fffffff05", "0.00", "0000000200");
    has_bytes_as("DECIMAL(5, 2)", "00000002", NULL, NULL);
    has_bytes_as("DECIMAL(38, 0)", "00000000b4c4b357a5793b85f675ddc000000001",
                 "-99999999999999999999999999999999999999", NULL);
}

/* ---- rows ----------------------------------------------------------- */

static void test_row(void)
{
    mt_type *type = mt_type_parse(
        "ROW<b ROW<x STRING, y INT>, k STRING, a ROW<z STRING>>", NULL);
    mt_table table = {.type = type, .physical_len = 3};
    hbase_schema schema = {0};
    hbase_row row = {0};
    mt_builder *b = mt_builder_new(type, 0, NULL);
    hbase_cell cell = {.row = text_span("key"), .family = text_span("a")};
    mt_batch *batch = NULL;
    mt_buf text = {0};
    int i;

    EQ_INT(hbase_schema_init(&schema, &table, NULL), 0, "a table is read");
    EQ_INT(schema.key, 1, "its row key is the column that is no ROW");
    hbase_row_init(&row, &schema, "null");
    cell.qualifier = text_span("unknown");
    hbase_row_add(&row, &cell);
    cell.qualifier = text_span("z");
    cell.value = text_span("null");
    hbase_row_add(&row, &cell);
    cell.family = text_span("b");
    cell.qualifier = text_span("x");
    cell.value = text_span("newer");
    hbase_row_add(&row, &cell);
    cell.value = text_span("older");
    hbase_row_add(&row, &cell);
    EQ_INT(hbase_row_put(&row, b, NULL), 0, "cells make a row");
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    for (i = 0; i < 3; i++)
        mt_text_value(type->fields[i].type, &batch->columns[i], 0, &text);
    mt_buf_byte(&text, '\0');
    EQ_STR((char *)text.data, "+I[newer, null]key+I[null]",
           "with the newest version, and NULL where there is none");
    hbase_row_fini(&row);
    hbase_schema_fini(&schema);
    mt_buf_fini(&text);
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_type_unref(type);
}

/* ---- refusals ----------------------------------------------------------- */

static void refuses(const char *kind, const char *type, const char *option,
                    const char *value, int code, const char *text)
{
    spec_table t = {"hbase-2.2",
                    type,
                    1,
                    {"table-name", "t", "zookeeper.quorum", "127.0.0.1:1",
                     option, value, NULL}};

    refuses_table(kind, &t, code, text);
}

static void test_refused_tables(void)
{
    const char *fine = "ROW<k INT, f ROW<v INT>>";

    refuses("sink", "ROW<k INT, l INT, f ROW<v INT>>", NULL, NULL, MT_EOPTION,
            "columns 'k' and 'l' are both no ROW");
    refuses("sink", "ROW<f ROW<v INT>>", NULL, NULL, MT_EOPTION,
            "needs a row key");
    refuses("sink", "ROW<k INT>", NULL, NULL, MT_EOPTION, "needs a family");
    refuses("source", "ROW<k INT, f ROW<v ARRAY<INT>>>", NULL, NULL, MT_ETYPE,
            "no bytes for 'f.v' of type ARRAY<INT>");
    refuses("source", "ROW<k INT, f ROW<v TIMESTAMP(6)>>", NULL, NULL, MT_ETYPE,
            "declare a precision of at most 3");
    refuses("source", fine, "lookup.cache", "PARTIAL", MT_EUNSUPPORTED,
            "not supported yet");
    refuses("source", fine, "properties.hbase.security.authentication",
            "kerberos", MT_EUNSUPPORTED, "not supported yet");
    refuses("source", fine, "properties.hbase.rpc.timeout", "soon", MT_EOPTION,
            "must be a number above 0, is 'soon'");
    refuses("source", fine, "zookeeper.znode.parent", "hbase", MT_EOPTION,
            "must begin with '/'");
    refuses("source", fine, "sink.buffer-flush.max-row", "1", MT_EOPTION,
            "did you mean 'sink.buffer-flush.max-rows'");
}

int main(void)
{
    use_built_plugins();
    test_cell_bytes();
    test_cells_model();
    test_broken_cells();
    test_values();
    test_decimals();
    test_row();
    test_refused_tables();
    return tap_done();
}
