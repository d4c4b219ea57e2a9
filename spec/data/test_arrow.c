/* The Arrow C data interface: batches there and back, slices as other writers
 * make them, and arrays that lie.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/arrow.h"

#include "data/column.h"
#include "data/key.h"
#include "random_data.h"

/* Types that come back as they went. */
static const char exact[] =
    "ROW<a BOOLEAN, b TINYINT, c SMALLINT, d INT, e BIGINT, f FLOAT, g DOUBLE, "
    "h DECIMAL(38, 10), i STRING, j BYTES, k DATE, l TIME(3), m TIME(9), "
    "n TIMESTAMP(6), o TIMESTAMP_LTZ(6), p INTERVAL YEAR TO MONTH, "
    "q INTERVAL DAY TO SECOND, r ARRAY<ARRAY<STRING>>, "
    "s MAP<INT NOT NULL, ROW<x INT, y STRING>>, t ROW<u BOOLEAN, v "
    "ARRAY<INT>>>";

static mt_batch *there_and_back(mt_batch *batch, mt_error **err)
{
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};
    mt_batch *back = NULL;

    if (mt_arrow_export_schema(batch->type, &schema, err) < 0)
        return NULL;
    if (mt_arrow_export(batch, &array, err) == 0)
        back = mt_arrow_import(&array, &schema, err);
    OK(!array.release, "an imported array is taken");
    schema.release(&schema);
    return back;
}

static void test_round_trip(uint64_t *rng)
{
    mt_type *type = parse_type(exact);
    mt_error *err = NULL;
    mt_batch *batch, *back;
    int rows;
    model m;

    for (rows = 0; rows <= 500; rows += 100) {
        batch = random_batch(rng, type, rows, &m, NULL);
        back = there_and_back(batch, &err);
        if (!back)
            NOTE("%s", message_of(&err));
        OK(back && mt_type_equal(back->type, type, false),
           "types come back as they went");
        OK(back && back->columns[3].values == batch->columns[3].values,
           "numbers are shared, not copied");
        mt_batch_unref(batch);
        OK(back && same_batch(back, &m, NULL), "and so do %d rows", rows);
        mt_batch_unref(back);
        model_fini(&m);
    }
    mt_type_unref(type);
}

/* Types of which Arrow keeps less. */
static void test_other_types(void)
{
    static const struct {
        const char *type, *format, *back;
    } types[] = {
        {"CHAR(5)", "u", "STRING"},
        {"BINARY(5)", "z", "BYTES"},
        {"TIME(0)", "ttm", "TIME(3)"},
        {"TIME(6)", "ttn", "TIME(9)"},
        {"TIMESTAMP(3)", "tsu:", "TIMESTAMP(6)"},
        {"TIMESTAMP(9)", "tsn:", "TIMESTAMP(9)"},
        {"TIMESTAMP_LTZ(3)", "tsu:UTC", "TIMESTAMP_LTZ(6)"},
        {"DECIMAL(5, 2)", "d:5,2", "DECIMAL(5, 2)"},
        {"MULTISET<STRING>", "+m", "MAP<STRING, INT NOT NULL>"},
        {"TUPLE<f0 INT>", "+s", "ROW<f0 INT>"},
        {"NULL", "n", "NULL"},
    };
    size_t i;

    for (i = 0; i < sizeof(types) / sizeof(*types); i++) {
        char record[80];
        struct ArrowSchema schema;
        mt_type *type, *want, *back;

        snprintf(record, sizeof(record), "ROW<x %s>", types[i].type);
        type = parse_type(record);
        snprintf(record, sizeof(record), "ROW<x %s>", types[i].back);
        want = parse_type(record);
        mt_arrow_export_schema(type, &schema, NULL);
        EQ_STR(schema.children[0]->format, types[i].format, "%s",
               types[i].type);
        back = mt_arrow_import_schema(&schema, NULL);
        OK(back && mt_type_equal(back, want, false), "comes back as %s",
           types[i].back);
        schema.release(&schema);
        mt_type_unref(type);
        mt_type_unref(want);
        mt_type_unref(back);
    }
}

static void test_nanos(void)
{
    mt_type *type = parse_type("TIMESTAMP(9)");
    mt_builder *b = mt_builder_new(type, 10, NULL);
    mt_timestamp9 near = {-1, 999999, 0},
                  far = {INT64_C(253402300799999), 0, 0};
    struct ArrowArray array;
    mt_batch *batch = NULL, *back;
    mt_error *err = NULL;

    mt_put_timestamp9(&b->columns[0], near);
    mt_put_null(&b->columns[0]);
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    mt_arrow_export(batch, &array, NULL);
    EQ_INT(((const int64_t *)array.children[0]->buffers[1])[0], -1,
           "nanoseconds before 1970");
    array.release(&array);
    back = there_and_back(batch, &err);
    OK(back && mt_column_compare(type, &back->columns[0], 0, &batch->columns[0],
                                 0) == 0,
       "come back");
    mt_batch_unref(back);
    mt_batch_unref(batch);
    mt_put_timestamp9(&b->columns[0], far);
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    EQ_INT(mt_arrow_export(batch, &array, &err), MT_ERECORD,
           "the year 9999 has no nanoseconds in Arrow");
    HAS_STR(message_of(&err), "row 0", "says where");
    OK(!array.release, "and exports nothing");
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_type_unref(type);
}

/* A child may be moved out and outlive the rest. */
static void test_moved_child(uint64_t *rng)
{
    mt_type *type = parse_type("ROW<a INT NOT NULL, b ARRAY<STRING>>");
    struct ArrowArray array, child;
    mt_batch *batch;
    int32_t first;
    model m;

    batch = random_batch(rng, type, 10, &m, NULL);
    first = ((const int32_t *)batch->columns[0].values)[0];
    mt_arrow_export(batch, &array, NULL);
    child = *array.children[0];
    array.children[0]->release = NULL;
    array.release(&array);
    mt_batch_unref(batch);
    EQ_INT(((const int32_t *)child.buffers[1])[0], first,
           "a child that was moved out keeps its memory");
    child.release(&child);
    OK(!child.release, "until it is released");
    model_fini(&m);
    mt_type_unref(type);
}

/* ---- arrays of other writers --------------------------------------------- */

static int releases;

static void count_release(struct ArrowArray *array)
{
    releases++;
    array->release = NULL;
}

static void keep_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

/* A record of one column around static memory. */
typedef struct foreign {
    struct ArrowSchema schema, column_schema, child_schema;
    struct ArrowSchema *columns[1], *children[1];
    struct ArrowArray array, column, child;
    struct ArrowArray *column_arrays[1], *child_arrays[1];
    const void *none[1], *buffers[3], *child_buffers[3];
} foreign;

static void make_foreign(foreign *f, const char *format, int64_t length,
                         int64_t offset, int64_t buffers_len)
{
    memset(f, 0, sizeof(*f));
    f->columns[0] = &f->column_schema;
    f->children[0] = &f->child_schema;
    f->column_arrays[0] = &f->column;
    f->child_arrays[0] = &f->child;
    f->schema.format = "+s";
    f->schema.name = "";
    f->schema.n_children = 1;
    f->schema.children = f->columns;
    f->schema.release = keep_schema;
    f->column_schema.format = format;
    f->column_schema.name = "x";
    f->column_schema.flags = ARROW_FLAG_NULLABLE;
    f->column_schema.release = keep_schema;
    f->child_schema.format = "i";
    f->child_schema.name = "item";
    f->child_schema.release = keep_schema;
    f->array.length = length;
    f->array.n_buffers = 1;
    f->array.buffers = f->none;
    f->array.n_children = 1;
    f->array.children = f->column_arrays;
    f->array.release = count_release;
    f->column.length = length;
    f->column.offset = offset;
    f->column.null_count = -1;
    f->column.n_buffers = buffers_len;
    f->column.buffers = f->buffers;
    f->column.release = count_release;
    f->child.buffers = f->child_buffers;
    f->child.n_buffers = 2;
    f->child.release = count_release;
}

static void with_child(foreign *f, int64_t length, const void *values)
{
    f->column_schema.n_children = 1;
    f->column_schema.children = f->children;
    f->column.n_children = 1;
    f->column.children = f->child_arrays;
    f->child.length = length;
    f->child_buffers[1] = values;
}

/* The column's values as print shows them, or the error. */
static const char *imported(foreign *f)
{
    static char text[1024];
    mt_buf out = {0};
    mt_error *err = NULL;
    mt_batch *batch;
    int i;

    releases = 0;
    batch = mt_arrow_import(&f->array, &f->schema, &err);
    if (!batch) {
        snprintf(text, sizeof(text), "%s", message_of(&err));
    } else {
        for (i = 0; i < batch->rows; i++) {
            mt_buf_printf(&out, i ? " " : "");
            mt_text_value(batch->type->fields[0].type, &batch->columns[0], i,
                          &out);
        }
        snprintf(text, sizeof(text), "%.*s", (int)out.len,
                 out.data ? (char *)out.data : "");
    }
    mt_buf_fini(&out);
    mt_batch_unref(batch);
    if (releases != 1 || f->array.release)
        snprintf(text, sizeof(text), "released %d times", releases);
    return text;
}

/* LuaJIT would take NaNs with other bits for pointers. */
static void test_nans(void)
{
    static const uint64_t bits[] = {UINT64_C(0xfff9123456789abc),
                                    UINT64_C(0x3ff0000000000000)};
    static const uint32_t narrow[] = {0xffffffff, 0x3f800000};
    mt_batch *batch;
    foreign f;

    make_foreign(&f, "g", 2, 0, 2);
    f.buffers[1] = bits;
    batch = mt_arrow_import(&f.array, &f.schema, NULL);
    OK(((const uint64_t *)batch->columns[0].values)[0] ==
               UINT64_C(0x7ff8000000000000) &&
           ((const uint64_t *)batch->columns[0].values)[1] == bits[1],
       "a NaN has the usual bits, other values their own");
    mt_batch_unref(batch);
    make_foreign(&f, "f", 2, 0, 2);
    f.buffers[1] = narrow;
    EQ_STR(imported(&f), "NaN 1.0", "and in FLOATs");
}

static void test_slices(void)
{
    static const int32_t ints[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const uint8_t bits[] = {0xb5, 0x0a}; /* 1010 1101 0101 from bit 0 */
    static const int32_t offsets[] = {0, 1, 3, 3, 6};
    static const int64_t wide[] = {0, 1, 3, 3, 6};
    static const int64_t nanos[] = {-1, 0, 1577836800000000001};
    static const int64_t seconds[] = {0, 1577836800};
    static const int64_t millis[] = {-1, 86400000};
    foreign f;

    make_foreign(&f, "i", 4, 3, 2);
    f.buffers[0] = bits;
    f.buffers[1] = ints;
    EQ_STR(imported(&f), "null 5 6 null", "a slice of numbers");
    make_foreign(&f, "b", 4, 3, 2);
    f.buffers[1] = bits;
    EQ_STR(imported(&f), "false true true false", "a slice of bits");
    make_foreign(&f, "u", 3, 1, 3);
    f.buffers[1] = offsets;
    f.buffers[2] = "abcdef";
    EQ_STR(imported(&f), "bc  def", "a slice of text");
    make_foreign(&f, "U", 3, 1, 3);
    f.buffers[1] = wide;
    f.buffers[2] = "abcdef";
    EQ_STR(imported(&f), "bc  def", "with 64-bit offsets");
    make_foreign(&f, "+l", 3, 1, 2);
    f.buffers[1] = offsets;
    with_child(&f, 6, ints);
    f.child.offset = 2;
    EQ_STR(imported(&f), "[4, 5] [] [6, 7, 8]", "a slice of lists of a slice");
    make_foreign(&f, "+L", 3, 1, 2);
    f.buffers[1] = wide;
    with_child(&f, 6, ints);
    EQ_STR(imported(&f), "[2, 3] [] [4, 5, 6]", "with 64-bit offsets");
    make_foreign(&f, "+s", 2, 1, 1);
    with_child(&f, 6, ints);
    EQ_STR(imported(&f), "+I[2] +I[3]", "a slice of structs");
    make_foreign(&f, "tsn:", 2, 1, 2);
    f.buffers[1] = nanos;
    EQ_STR(imported(&f), "1970-01-01T00:00 2020-01-01T00:00:00.000000001",
           "nanoseconds");
    make_foreign(&f, "tss:Europe/Berlin", 2, 0, 2);
    f.buffers[1] = seconds;
    EQ_STR(imported(&f), "1970-01-01T00:00:00Z 2020-01-01T00:00:00Z",
           "seconds with a zone");
    make_foreign(&f, "tdm", 2, 0, 2);
    f.buffers[1] = millis;
    EQ_STR(imported(&f), "1969-12-31 1970-01-02", "dates in milliseconds");
    make_foreign(&f, "tts", 2, 0, 2);
    f.buffers[1] = ints;
    EQ_STR(imported(&f), "00:00:01 00:00:02", "times in seconds");
    make_foreign(&f, "i", 2, 0, 2);
    f.buffers[1] = (const uint8_t *)(const void *)ints + 1;
    f.array.length = f.column.length = 1;
    EQ_STR(imported(&f), "33554432", "numbers that are not aligned");
    make_foreign(&f, "u", 0, 0, 3);
    EQ_STR(imported(&f), "", "no rows and no buffers");
}

static void test_lies_about_sizes(void)
{
    static const int32_t ints[] = {1, 2, 3};
    foreign f;

    make_foreign(&f, "i", 3, 0, 2);
    HAS_STR(imported(&f), "column 'x' is malformed: it has no values",
            "values are missing");
    make_foreign(&f, "i", 3, 0, 3);
    HAS_STR(imported(&f), "its number of buffers", "too many buffers");
    make_foreign(&f, "i", 3, 0, 2);
    f.buffers[1] = ints;
    f.column.length = 2;
    HAS_STR(imported(&f), "too few rows", "a column shorter than the records");
    make_foreign(&f, "i", -3, 0, 2);
    HAS_STR(imported(&f), "its length or offset", "a negative length");
    make_foreign(&f, "i", 3, -1, 2);
    f.buffers[1] = ints;
    HAS_STR(imported(&f), "its length or offset", "a negative offset");
    make_foreign(&f, "i", 3, 0, 2);
    f.array.n_children = 2;
    HAS_STR(imported(&f), "its number of children", "children that are not");
    make_foreign(&f, "i", 3, 0, 2);
    f.column_arrays[0] = NULL;
    HAS_STR(imported(&f), "it is missing", "a child that is NULL");
    make_foreign(&f, "i", 3, 0, 2);
    f.schema.children = NULL;
    HAS_STR(imported(&f), "child 0 of an Arrow schema is missing",
            "a schema without its children");
    make_foreign(&f, "i", 3, 0, 2);
    f.schema.n_children = 1 << 20;
    HAS_STR(imported(&f), "1048576 children", "or with too many");
}

static void test_lies_about_offsets(void)
{
    static const int32_t ints[] = {1, 2, 3};
    static const int32_t falling[] = {0, 3, 2, 4};
    static const int32_t negative[] = {-1, 3, 4, 4};
    static const int32_t rising[] = {0, 1, 2, 4};
    foreign f;

    make_foreign(&f, "u", 3, 0, 3);
    f.buffers[1] = falling;
    f.buffers[2] = "abcdef";
    HAS_STR(imported(&f), "its offsets decrease", "offsets that decrease");
    make_foreign(&f, "u", 3, 0, 3);
    f.buffers[1] = negative;
    HAS_STR(imported(&f), "an offset is negative", "or are negative");
    make_foreign(&f, "u", 3, 0, 3);
    f.buffers[1] = rising;
    HAS_STR(imported(&f), "it has no bytes", "text without bytes");
    make_foreign(&f, "u", 3, 0, 3);
    f.buffers[1] = rising;
    f.buffers[2] = "a\xff"
                   "bc";
    HAS_STR(imported(&f), "the text in row 1 is not UTF-8", "or of bad ones");
    make_foreign(&f, "+l", 3, 0, 2);
    f.buffers[1] = rising;
    with_child(&f, 3, ints);
    HAS_STR(imported(&f), "too few rows", "lists longer than their elements");
    make_foreign(&f, "+m", 1, 0, 2);
    f.buffers[1] = rising;
    with_child(&f, 3, ints);
    HAS_STR(imported(&f), "format 'i' has 0 children", "maps without entries");
}

static void test_lies_about_values(void)
{
    static const int32_t ints[] = {1, 2, 3, 86400000};
    static const int64_t huge[] = {INT64_MAX, 0};
    static const mt_int128 wide[] = {1000};
    foreign f;

    make_foreign(&f, "tss:", 1, 0, 2);
    f.buffers[1] = huge;
    HAS_STR(imported(&f), "row 0 is out of range", "a time out of range");
    make_foreign(&f, "ttm", 4, 0, 2);
    f.buffers[1] = ints;
    HAS_STR(imported(&f), "row 3 is out of range", "a time of no day");
    make_foreign(&f, "d:3,1", 1, 0, 2);
    f.buffers[1] = wide;
    HAS_STR(imported(&f), "row 0 is out of range", "a decimal too wide");
    make_foreign(&f, "d:60,1,256", 1, 0, 2);
    HAS_STR(imported(&f), "not supported yet: Arrow's format 'd:60,1,256'",
            "a decimal of 256 bits");
    make_foreign(&f, "L", 1, 0, 2);
    HAS_STR(imported(&f), "not supported yet: Arrow's format 'L'", "unsigned");
    make_foreign(&f, "i", 1, 0, 2);
    f.column_schema.dictionary = &f.child_schema;
    HAS_STR(imported(&f), "with a dictionary", "a dictionary");
    make_foreign(&f, "i", 1, 0, 2);
    f.schema.format = "i";
    HAS_STR(imported(&f), "records come as an Arrow struct", "no records");
}

/* A schema that is its own child would never end. */
static void test_endless_schema(void)
{
    foreign f;
    mt_error *err = NULL;

    make_foreign(&f, "+s", 1, 0, 1);
    f.column_schema.n_children = 1;
    f.column_schema.children = f.columns;
    OK(!mt_arrow_import_schema(&f.schema, &err), "a schema within itself");
    HAS_STR(message_of(&err), "nest deeper", "is too deep");
}

static void test_null_key(void)
{
    mt_type *type = parse_type("MAP<STRING, INT>");
    mt_builder *b = mt_builder_new(type, 10, NULL);
    struct ArrowArray array;
    mt_batch *batch = NULL;
    mt_error *err = NULL;

    mt_put_null(&b->columns[0].children[0]);
    mt_put_i32(&b->columns[0].children[1], 1);
    mt_put_list(&b->columns[0]);
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    EQ_INT(mt_arrow_export(batch, &array, &err), MT_ERECORD,
           "a NULL key is not exported");
    message_of(&err);
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_type_unref(type);
}

static void test_memory(uint64_t *rng)
{
    mt_type *type = parse_type(exact);
    bool failed = true, good = true;
    mt_batch *batch;
    int64_t live;
    model m;
    int n;

    batch = random_batch(rng, type, 20, &m, NULL);
    live = live_blocks();
    for (n = 1; failed && good; n++) {
        struct ArrowSchema schema = {0};
        struct ArrowArray array = {0};
        mt_batch *back = NULL;
        mt_error *err = NULL;

        mt__alloc_fail_at(n);
        if (mt_arrow_export_schema(type, &schema, &err) == 0 &&
            mt_arrow_export(batch, &array, &err) == 0)
            back = mt_arrow_import(&array, &schema, &err);
        failed = mt__alloc_has_failed();
        mt__alloc_fail_at(0);
        good = failed ? !back && err : back != NULL;
        if (schema.release)
            schema.release(&schema);
        good = good && !array.release;
        mt_error_free(err);
        mt_batch_unref(back);
        good = good && live_blocks() == live;
    }
    OK(good, "each of %d allocations may fail", n - 2);
    mt_batch_unref(batch);
    model_fini(&m);
    mt_type_unref(type);
}

int main(void)
{
    uint64_t rng = tap_seed();
    int64_t live = live_blocks();

    test_round_trip(&rng);
    test_other_types();
    test_nanos();
    test_moved_child(&rng);
    test_slices();
    test_nans();
    test_lies_about_sizes();
    test_lies_about_offsets();
    test_lies_about_values();
    test_endless_schema();
    test_null_key();
    test_memory(&rng);
    EQ_INT(live_blocks(), live, "nothing is left");
    return tap_done();
}
