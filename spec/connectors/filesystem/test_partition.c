/* Names of partitions, their values, and which of them a query wants.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "../../../connectors/filesystem/partition.h"

#include "../../../connectors/filesystem/path.h"
#include "files.h"

static const int32_t keys[] = {1, 2};

/* A table (v INT, k1 type, k2 type) with the last two as keys. */
static mt_table make_table(const char *k1, const char *k2, mt_type **type)
{
    char text[256];
    mt_table table = {0};

    snprintf(text, sizeof(text), "ROW<v INT, k1 %s, k2 %s>", k1, k2);
    *type = mt_type_parse(text, NULL);
    table.type = *type;
    table.physical_len = 3;
    table.partition_keys = keys;
    table.partition_keys_len = 2;
    return table;
}

/* The name of a partition whose first key is the text as CAST would read it,
 * and whose second is `second`; parsed again, it must give the same values. */
static void names(const char *type_text, const char *text, const char *want)
{
    mt_type *type, *row_type;
    mt_table table = make_table(type_text, "STRING", &type);
    mt_field field;
    const mt_column *columns[2];
    mt_batch *row = NULL, *back = NULL;
    mt_buf name = {0}, scratch = {0}, again = {0};
    fs_layout l;
    mt_builder *b;

    fs_layout_init(&l, &table, "__NONE__", NULL);
    field = l.type->fields[0];
    row_type = mt_type_new_nested(MT_ROW, false, &field, 1, NULL);
    b = mt_builder_new(row_type, 1, NULL);
    if (text)
        EQ_INT(fs_value_put(&b->columns[0], field.type, text, strlen(text)), 0,
               "'%s' is a %s", text, type_text);
    else
        mt_put_null(&b->columns[0]);
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &row, NULL);
    l.keys_len = 1;
    columns[0] = &row->columns[0];
    fs_partition_name(&l, columns, 0, &scratch, &name, NULL);
    mt_buf_byte(&name, 0);
    EQ_STR((char *)name.data, want, "and names a folder");
    l.keys_len = 2;
    mt_buf_fini(&again);
    mt_buf_printf(&again, "%s/k2=x", (char *)name.data);
    mt_buf_byte(&again, 0);
    if (fs_partition_parse(&l, (char *)again.data, &back, NULL) == 0) {
        mt_buf a = {0}, c = {0};

        mt_text_value(field.type, columns[0], 0, &a);
        mt_text_value(field.type, &back->columns[0], 0, &c);
        OK(a.len == c.len && !memcmp(a.data, c.data, a.len),
           "that means the same");
        mt_buf_fini(&a);
        mt_buf_fini(&c);
    } else {
        OK(false, "and is read back");
    }
    mt_batch_unref(row);
    mt_batch_unref(back);
    mt_builder_free(b);
    mt_buf_fini(&name);
    mt_buf_fini(&scratch);
    mt_buf_fini(&again);
    fs_layout_fini(&l);
    mt_type_unref(row_type);
    mt_type_unref(type);
}

static void all_names(void)
{
    names("STRING", "a b", "k1=a b");
    names("STRING", "2020/01:x=%\"y\"?", "k1=2020%2F01%3Ax%3D%25%22y%22%3F");
    names("STRING", "\x01\n\x7f", "k1=%01%0A%7F");
    names("STRING", "h\xC3\xA9", "k1=h\xC3\xA9");
    names("STRING", NULL, "k1=__NONE__");
    names("BOOLEAN", "TRUE", "k1=true");
    names("TINYINT", "-7", "k1=-7");
    names("SMALLINT", "300", "k1=300");
    names("INT", "42", "k1=42");
    names("BIGINT", "-9223372036854775808", "k1=-9223372036854775808");
    names("FLOAT", "1.5", "k1=1.5");
    names("DOUBLE", "1e10", "k1=1.0E10");
    names("DECIMAL(10, 2)", "12.5", "k1=12.50");
    names("DATE", "2020-02-29", "k1=2020-02-29");
    names("TIME(0)", "10:20:30", "k1=10%3A20%3A30");
    names("TIMESTAMP(3)", "2020-01-01 10:00", "k1=2020-01-01T10%3A00");
    names("TIMESTAMP(3)", "2020-01-01", "k1=2020-01-01T00%3A00");
    names("TIMESTAMP(9)", "2020-01-01 10:00:00.000000001",
          "k1=2020-01-01T10%3A00%3A00.000000001");
}

static void random_names(uint64_t *seed)
{
    mt_type *type;
    mt_table table = make_table("STRING", "STRING", &type);
    mt_buf name = {0}, scratch = {0};
    int32_t i, bad = 0;
    fs_layout l;

    fs_layout_init(&l, &table, "__NONE__", NULL);
    for (i = 0; i < 1000; i++) {
        mt_builder *b = mt_builder_new(l.type, 1, NULL);
        mt_batch *row = NULL, *back = NULL;
        const mt_column *columns[2];
        uint8_t bytes[2][16];
        size_t len[2], k, j;

        for (k = 0; k < 2; k++) {
            len[k] = 1 + tap_below(seed, 15);
            for (j = 0; j < len[k]; j++)
                bytes[k][j] = (uint8_t)(1 + tap_below(seed, 127));
            mt_put_bytes(&b->columns[k], bytes[k], len[k]);
        }
        mt_builder_commit(b, NULL);
        mt_builder_seal(b, &row, NULL);
        columns[0] = &row->columns[0];
        columns[1] = &row->columns[1];
        name.len = 0;
        fs_partition_name(&l, columns, 0, &scratch, &name, NULL);
        mt_buf_byte(&name, 0);
        if (fs_partition_parse(&l, (char *)name.data, &back, NULL) < 0) {
            bad++;
        } else {
            for (k = 0; k < 2; k++)
                bad += back->columns[k].offsets[1] != (int32_t)len[k] ||
                       memcmp(back->columns[k].values, bytes[k], len[k]) != 0;
        }
        mt_batch_unref(row);
        mt_batch_unref(back);
        mt_builder_free(b);
    }
    EQ_INT(bad, 0, "any text of ASCII makes a name and comes back");
    mt_buf_fini(&name);
    mt_buf_fini(&scratch);
    fs_layout_fini(&l);
    mt_type_unref(type);
}

/* Whether a partition k1=.. may hold rows for `k1 op values`. */
static void wants(const char *type_text, const char *value, mt_filter_op op,
                  const char *one, const char *two, bool want)
{
    mt_type *type;
    mt_table table = make_table(type_text, "STRING", &type);
    const char *values[] = {one, two};
    mt_filter filter = {1, op, {values, one ? two ? 2 : 1 : 0}};
    char name[256];
    mt_batch *row = NULL;
    fs_layout l;

    fs_layout_init(&l, &table, "__NONE__", NULL);
    table.filters = &filter;
    table.filters_len = 1;
    snprintf(name, sizeof(name), "k1=%s/k2=x", value);
    fs_partition_parse(&l, name, &row, NULL);
    EQ_INT(row && fs_partition_wanted(&l, &table, row), want,
           "%s of %s under operator %d %s %s", value, type_text, (int)op,
           one ? one : "", two ? two : "");
    mt_batch_unref(row);
    fs_layout_fini(&l);
    mt_type_unref(type);
}

static void all_wants(void)
{
    wants("INT", "9", MT_FILTER_LT, "10", NULL, true);
    wants("INT", "10", MT_FILTER_LT, "10", NULL, false);
    wants("INT", "10", MT_FILTER_LE, "10", NULL, true);
    wants("STRING", "9", MT_FILTER_LT, "10", NULL, false);
    wants("STRING", "ab", MT_FILTER_GT, "a", NULL, true);
    wants("STRING", "a", MT_FILTER_GE, "ab", NULL, false);
    wants("DATE", "2020-01-02", MT_FILTER_GE, "2020-01-02", NULL, true);
    wants("DATE", "2020-01-01", MT_FILTER_GE, "2020-01-02", NULL, false);
    wants("DECIMAL(10, 2)", "1.50", MT_FILTER_EQ, "1.5", NULL, true);
    wants("DOUBLE", "1.5", MT_FILTER_NE, "1.5", NULL, false);
    wants("BOOLEAN", "true", MT_FILTER_EQ, "TRUE", NULL, true);
    wants("TIMESTAMP(3)", "2020-01-01T10%3A00", MT_FILTER_EQ,
          "2020-01-01 10:00:00.000", NULL, true);
    wants("INT", "2", MT_FILTER_IN, "1", "2", true);
    wants("INT", "3", MT_FILTER_IN, "1", "2", false);
    wants("INT", "__NONE__", MT_FILTER_IS_NULL, NULL, NULL, true);
    wants("INT", "__NONE__", MT_FILTER_IS_NOT_NULL, NULL, NULL, false);
    wants("INT", "__NONE__", MT_FILTER_NE, "1", NULL, false);
    wants("INT", "1", MT_FILTER_IS_NULL, NULL, NULL, false);
    wants("INT", "1", MT_FILTER_EQ, "no number", NULL, true);
}

static void refusals(void)
{
    mt_type *type;
    mt_table table = make_table("INT", "ARRAY<INT>", &type);
    mt_error *err = NULL;
    mt_batch *row = NULL;
    fs_layout l;

    EQ_INT(fs_layout_init(&l, &table, "x", &err), MT_ETYPE,
           "an array is no partition key");
    HAS_STR(mt_error_message(err), "column 'k2' cannot be a partition key",
            "by its name");
    mt_error_free(err);
    err = NULL;
    fs_layout_fini(&l);
    mt_type_unref(type);
    table = make_table("INT", "STRING", &type);
    fs_layout_init(&l, &table, "x", NULL);
    EQ_INT(fs_partition_parse(&l, "k1=one/k2=a", &row, &err), MT_EIO,
           "a folder must have a value of the type");
    HAS_STR(mt_error_message(err), "'one' is no value of the type of 'k1'",
            "which is said");
    mt_error_free(err);
    fs_layout_fini(&l);
    mt_type_unref(type);
}

static void paths(void)
{
    mt_error *err = NULL;
    char *path = NULL;

    EQ_INT(fs_path_local("file:///a/b//", &path, NULL), 0, "an URL is a path");
    EQ_STR(path, "/a/b", "as it is");
    mt_strfree(path);
    fs_path_local("file:/a", &path, NULL);
    EQ_STR(path, "/a", "with one slash too");
    mt_strfree(path);
    fs_path_local("a b", &path, NULL);
    OK(path && path[0] == '/' && strstr(path, "/a b"),
       "a relative path is below the current folder");
    mt_strfree(path);
    EQ_INT(fs_path_local("s3://bucket/x", &path, &err), MT_EUNSUPPORTED,
           "other systems are not supported yet");
    HAS_STR(mt_error_message(err), "s3://bucket/x", "and named");
    mt_error_free(err);
}

int main(void)
{
    uint64_t seed = tap_seed();
    int64_t before = live_blocks();

    all_names();
    random_names(&seed);
    all_wants();
    refusals();
    paths();
    EQ_INT(live_blocks(), before, "nothing is left");
    return tap_done();
}
