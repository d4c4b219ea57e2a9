/* metadata.c - columns that are the same for a whole file.
 *
 * Their values are kept as batches of one row, made when a file is opened, and
 * copied from there as often as the file gives rows.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "metadata.h"

const mt_metadata fs_metadata_table[] = {
    {"file.path", "STRING NOT NULL", false},
    {"file.name", "STRING NOT NULL", false},
    {"file.size", "BIGINT NOT NULL", false},
    {"file.modification-time", "TIMESTAMP_LTZ(3) NOT NULL", false},
    {NULL, NULL, false},
};

/* In the table's order. */
typedef enum key { PATH, NAME, SIZE, MODIFIED, UNKNOWN } key;

static key find_key(const char *name)
{
    int i = 0;

    while (i < UNKNOWN && strcmp(fs_metadata_table[i].key, name) != 0)
        i++;
    return (key)i;
}

static int32_t metadata_len(const mt_table *table)
{
    return table->metadata
               ? mt_type_columns_len(table->type) - table->physical_len
               : 0;
}

int fs_metadata_check(const mt_table *table, mt_error **err)
{
    static const mt_kind kinds[] = {MT_VARCHAR, MT_VARCHAR, MT_BIGINT,
                                    MT_TIMESTAMP_LTZ};
    int32_t i, column;
    key k;

    for (i = 0; i < metadata_len(table); i++) {
        column = table->physical_len + i;
        if ((k = find_key(table->metadata[i])) == UNKNOWN)
            return mt_fail(err, MT_EOPTION,
                           "connector 'filesystem' has no metadata '%s'; it "
                           "has file.path, file.name, file.size and "
                           "file.modification-time",
                           table->metadata[i]);
        if (mt_type_column(table->type, column)->kind != kinds[k])
            return mt_fail(err, MT_ETYPE,
                           "metadata column '%s' must be %s, which '%s' is",
                           mt_type_column_name(table->type, column),
                           fs_metadata_table[k].type, table->metadata[i]);
    }
    return 0;
}

/* ---- life ----------------------------------------------------------- */

int fs_constants_init(fs_constants *c, const fs_layout *layout,
                      const mt_table *table, mt_error **err)
{
    int32_t i, len = metadata_len(table);
    size_t size = (size_t)len * sizeof(mt_field);
    mt_field *fields;

    memset(c, 0, sizeof(*c));
    c->layout = layout;
    c->table = table;
    if (!len)
        return 0;
    if (!(fields = mt_alloc(size)))
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (i = 0; i < len; i++) {
        fields[i].name =
            mt_type_column_name(table->type, table->physical_len + i);
        fields[i].type = mt_type_column(table->type, table->physical_len + i);
    }
    c->type = mt_type_new_nested(MT_ROW, false, fields, len, err);
    mt_free(fields, size);
    return c->type ? 0 : MT_ENOMEM;
}

void fs_constants_fini(fs_constants *c)
{
    mt_batch_unref(c->keys);
    mt_batch_unref(c->others);
    mt_type_unref(c->type);
    memset(c, 0, sizeof(*c));
}

/* ---- a file's values ----------------------------------------------------- */

static int put_time(mt_column_builder *c, int64_t ms)
{
    if (c->type->precision > 6)
        return mt_put_timestamp9(c, (mt_timestamp9){.millis = ms});
    return mt_put_i64(c, ms * 1000);
}

static int put_value(mt_column_builder *c, key k, const fs_file *file)
{
    const char *name = fs_path_name(file->path);

    switch (k) {
    case PATH:
        return mt_put_bytes(c, file->path, strlen(file->path));
    case NAME:
        return mt_put_bytes(c, name, strlen(name));
    case SIZE:
        return mt_put_i64(c, file->size);
    default:
        return put_time(c, file->modified_ms);
    }
}

static int set_metadata(fs_constants *c, const fs_file *file, mt_error **err)
{
    mt_builder *b = mt_builder_new(c->type, 1, err);
    int32_t i;
    int rc = b ? 0 : MT_ENOMEM;

    for (i = 0; rc == 0 && i < c->type->fields_len; i++) {
        if (put_value(&b->columns[i], find_key(c->table->metadata[i]), file) <
            0)
            rc = mt_fail(err, MT_ENOMEM, "out of memory");
    }
    if (rc == 0)
        rc = mt_builder_commit(b, err);
    if (rc == 0)
        rc = mt_builder_seal(b, &c->others, err);
    mt_builder_free(b);
    return rc;
}

int fs_constants_set(fs_constants *c, const fs_file *file, mt_error **err)
{
    int rc = 0;

    mt_batch_unref(c->keys);
    mt_batch_unref(c->others);
    c->keys = c->others = NULL;
    if (c->layout->keys_len)
        rc = fs_partition_parse(c->layout, file->partition, &c->keys, err);
    return rc == 0 && c->type ? set_metadata(c, file, err) : rc;
}

/* ---- filling ----------------------------------------------------------- */

/* Numbers of 4 and 8 bytes, as most are, in a loop of their own. */
static int fill_column(mt_column_builder *to, const mt_column *from,
                       int32_t rows)
{
    bool null = mt_column_is_null(from, 0);
    int32_t i;
    int rc = 0;

    if (!null && from->values && to->type->form == MT_FORM_FIXED &&
        to->type->width == 8) {
        for (i = 0; rc == 0 && i < rows; i++)
            rc = mt_put_i64(to, *(const int64_t *)from->values);
        return rc;
    }
    if (!null && from->values && to->type->form == MT_FORM_FIXED &&
        to->type->width == 4) {
        for (i = 0; rc == 0 && i < rows; i++)
            rc = mt_put_i32(to, *(const int32_t *)from->values);
        return rc;
    }
    for (i = 0; rc == 0 && i < rows; i++)
        rc = null ? mt_put_null(to) : mt_put_from(to, from, 0);
    return rc;
}

int fs_constants_fill(const fs_constants *c, mt_builder *out, int32_t rows,
                      mt_error **err)
{
    int32_t i, column;
    int rc = 0;

    for (i = 0; rc == 0 && c->keys && i < c->layout->keys_len; i++) {
        column = c->layout->keys[i];
        rc = fill_column(&out->columns[column], &c->keys->columns[i], rows);
    }
    for (i = 0; rc == 0 && c->others && i < c->type->fields_len; i++) {
        column = c->table->physical_len + i;
        rc = fill_column(&out->columns[column], &c->others->columns[i], rows);
    }
    return rc == 0 ? 0 : mt_fail(err, MT_ENOMEM, "out of memory");
}
