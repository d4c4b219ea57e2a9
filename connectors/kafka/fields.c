/* fields.c - the split of a table's columns into key and value.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "fields.h"

#include <stdio.h>

/* The physical column of that name, or -1. */
static int32_t find_column(const mt_table *table, const char *name)
{
    int32_t i;

    for (i = 0; i < table->physical_len; i++) {
        if (strcmp(mt_type_column_name(table->type, i), name) == 0)
            return i;
    }
    return -1;
}

static bool is_key(const kafka_fields *fields, int32_t column)
{
    int32_t i;

    for (i = 0; i < fields->key.len; i++) {
        if (fields->key.columns[i] == column)
            return true;
    }
    return false;
}

/* Makes the ROW type of part->columns, their names without `skip` letters. */
static int make_type(kafka_part *part, const mt_table *table, size_t skip,
                     mt_error **err)
{
    size_t size = (size_t)part->len * sizeof(mt_field);
    mt_field *all = mt_alloc(size);
    int32_t i;

    if (!all)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (i = 0; i < part->len; i++) {
        int32_t c = part->columns[i];

        all[i].name = mt_type_column_name(table->type, c) + skip;
        all[i].type = mt_type_column(table->type, c);
    }
    part->type = mt_type_new_nested(MT_ROW, false, all, part->len, err);
    mt_free(all, size);
    return part->type ? 0 : MT_ENOMEM;
}

static int take_key_fields(kafka_fields *fields, const kafka_options *o,
                           const mt_table *table, mt_error **err)
{
    int32_t i, column;

    for (i = 0; i < o->key_fields.len; i++) {
        const char *name = o->key_fields.items[i];

        if ((column = find_column(table, name)) < 0)
            return mt_fail(err, MT_EOPTION,
                           "option 'key.fields' names '%s', "
                           "which is no physical column of the table",
                           name);
        if (is_key(fields, column))
            return mt_fail(err, MT_EOPTION,
                           "option 'key.fields' names '%s' "
                           "twice",
                           name);
        fields->key.columns[fields->key.len++] = column;
    }
    return 0;
}

/* The columns of an upsert table's PRIMARY KEY, which are physical. */
static void take_primary_key(kafka_fields *fields, const mt_table *table)
{
    int32_t i;

    for (i = 0; i < table->primary_key_len; i++)
        fields->key.columns[fields->key.len++] = table->primary_key[i];
}

static int take_keys(kafka_fields *fields, const kafka_options *o,
                     const mt_table *table, mt_error **err)
{
    const char *prefix = o->key_prefix ? o->key_prefix : "";
    size_t skip = strlen(prefix);
    int32_t i;
    int rc;

    if (o->upsert)
        take_primary_key(fields, table);
    else if ((rc = take_key_fields(fields, o, table, err)) < 0)
        return rc;
    for (i = 0; i < fields->key.len; i++) {
        const char *name =
            mt_type_column_name(table->type, fields->key.columns[i]);

        if (strncmp(name, prefix, skip) != 0)
            return mt_fail(err, MT_EOPTION,
                           "key column '%s' does not begin with "
                           "'key.fields-prefix' = '%s' as every one must",
                           name, prefix);
    }
    return make_type(&fields->key, table, skip, err);
}

/* With EXCEPT_KEY the prefix tells key columns from the value's. */
static int check_prefix(const kafka_fields *fields, const kafka_options *o,
                        const mt_table *table, mt_error **err)
{
    size_t skip = o->key_prefix ? strlen(o->key_prefix) : 0;
    int32_t i;

    for (i = 0; skip && i < table->physical_len; i++) {
        const char *name = mt_type_column_name(table->type, i);

        if (!is_key(fields, i) && strncmp(name, o->key_prefix, skip) == 0)
            return mt_fail(err, MT_EOPTION,
                           "column '%s' begins with "
                           "'key.fields-prefix' = '%s' but is not in the key",
                           name, o->key_prefix);
    }
    return 0;
}

static int take_values(kafka_fields *fields, const kafka_options *o,
                       const mt_table *table, mt_error **err)
{
    int32_t i;

    for (i = 0; i < table->physical_len; i++) {
        if (o->include == KAFKA_ALL || !is_key(fields, i))
            fields->value.columns[fields->value.len++] = i;
    }
    if (!fields->value.len && table->physical_len)
        return mt_fail(err, MT_EOPTION,
                       "every physical column is in the key, so that "
                       "'value.fields-include' = 'EXCEPT_KEY' leaves none for "
                       "the value");
    return make_type(&fields->value, table, 0, err);
}

static int open_part(kafka_part *part, int32_t columns_max, mt_error **err)
{
    part->max = columns_max;
    part->columns = mt_alloc((size_t)columns_max * sizeof(int32_t));
    return part->columns ? 0 : mt_fail(err, MT_ENOMEM, "out of memory");
}

int kafka_fields_init(kafka_fields *fields, const kafka_options *o,
                      const mt_table *table, mt_error **err)
{
    int rc;

    memset(fields, 0, sizeof(*fields));
    if ((rc = open_part(&fields->key, table->physical_len, err)) < 0 ||
        (rc = open_part(&fields->value, table->physical_len, err)) < 0)
        return rc;
    if (o->key_format.name && (rc = take_keys(fields, o, table, err)) < 0)
        return rc;
    if ((rc = check_prefix(fields, o, table, err)) < 0)
        return rc;
    return take_values(fields, o, table, err);
}

static void close_part(kafka_part *part)
{
    mt_free(part->columns, (size_t)part->max * sizeof(int32_t));
    mt_type_unref(part->type);
}

void kafka_fields_fini(kafka_fields *fields)
{
    close_part(&fields->key);
    close_part(&fields->value);
    memset(fields, 0, sizeof(*fields));
}

mt_fields kafka_part_fields(const kafka_part *part)
{
    return (mt_fields){part->type, part->columns};
}

int kafka_fields_check(const kafka_options *o, const mt_table *table,
                       mt_error **err)
{
    kafka_fields fields;
    mt_fields part;
    int rc;

    rc = kafka_fields_init(&fields, o, table, err);
    if (rc == 0) {
        part = kafka_part_fields(&fields.value);
        rc = mt_format_check(kafka_value_format(o), &part, table->sink, err);
    }
    if (rc == 0 && fields.key.type) {
        part = kafka_part_fields(&fields.key);
        rc = mt_format_check(&o->key_format, &part, table->sink, err);
    }
    kafka_fields_fini(&fields);
    return rc;
}
