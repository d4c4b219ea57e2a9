/* partition.c - partitions of a table.
 *
 * Values become names of folders by their text as it prints, with the letters
 * that file systems or Hive take amiss as %XX. NULL and the empty text, which
 * could be no folder's name, share the default name.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "partition.h"

#include <math.h>
#include <stdio.h>
#include <strings.h>

/* ---- letters ----------------------------------------------------------- */

static bool must_escape(uint8_t c)
{
    return c < 0x20 || c == 0x7F || strchr("\"#%'*/:=?\\{[]^", c) != NULL;
}

static int append_escaped(mt_buf *out, const uint8_t *text, size_t len)
{
    size_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < len; i++)
        rc = must_escape(text[i]) ? mt_buf_printf(out, "%%%02X", text[i])
                                  : mt_buf_byte(out, text[i]);
    return rc;
}

/* The name of a key as folders have it; owned, NULL without memory. */
static char *folder_of(const char *name)
{
    mt_buf text = {0};
    char *folder = NULL;

    if (append_escaped(&text, (const uint8_t *)name, strlen(name)) == 0)
        folder = mt_strndup((char *)text.data, text.len);
    mt_buf_fini(&text);
    return folder;
}

/* ---- the layout ---------------------------------------------------------- */

static bool is_key(const fs_layout *l, int32_t column)
{
    int32_t i;

    for (i = 0; i < l->keys_len; i++) {
        if (l->keys[i] == column)
            return true;
    }
    return false;
}

/* A ROW of some columns of the table. */
static mt_type *row_of(const mt_table *table, const int32_t *columns,
                       int32_t len, mt_error **err)
{
    size_t size = (size_t)len * sizeof(mt_field);
    mt_field *fields = mt_alloc(size);
    mt_type *type = NULL;
    int32_t i;

    if (!fields) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    for (i = 0; i < len; i++) {
        fields[i].name = mt_type_column_name(table->type, columns[i]);
        fields[i].type = mt_type_column(table->type, columns[i]);
    }
    type = mt_type_new_nested(MT_ROW, false, fields, len, err);
    mt_free(fields, size);
    return type;
}

static bool has_text(const mt_type *type)
{
    switch (type->kind) {
    case MT_BINARY:
    case MT_VARBINARY:
    case MT_RAW:
    case MT_NULL:
    case MT_INTERVAL_MONTHS:
    case MT_INTERVAL_MILLIS:
        return false;
    default:
        return type->form != MT_FORM_LIST && type->form != MT_FORM_STRUCT;
    }
}

static int check_keys(const fs_layout *l, mt_error **err)
{
    int32_t i;

    for (i = 0; i < l->keys_len; i++) {
        if (!has_text(l->type->fields[i].type))
            return mt_fail(err, MT_ETYPE,
                           "column '%s' cannot be a partition key: its type "
                           "makes no name of a folder",
                           l->names[i]);
    }
    if (!l->file_len)
        return mt_fail(err, MT_EOPTION,
                       "every column is a partition key, so that nothing is "
                       "left to be in the files");
    return 0;
}

int fs_layout_init(fs_layout *l, const mt_table *table,
                   const char *default_name, mt_error **err)
{
    int32_t i;

    memset(l, 0, sizeof(*l));
    l->keys = table->partition_keys;
    l->keys_len = table->partition_keys_len;
    l->default_name = default_name;
    l->columns_max = table->physical_len;
    l->file_columns = mt_alloc((size_t)l->columns_max * sizeof(int32_t));
    l->names = mt_calloc((size_t)l->keys_len * sizeof(*l->names));
    l->folders = mt_calloc((size_t)l->keys_len * sizeof(*l->folders));
    if (!l->file_columns || !l->names || !l->folders)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (i = 0; i < table->physical_len; i++) {
        if (!is_key(l, i))
            l->file_columns[l->file_len++] = i;
    }
    l->file_type = row_of(table, l->file_columns, l->file_len, err);
    if (!l->file_type)
        return MT_ENOMEM;
    if (!l->keys_len)
        return 0;
    if (!(l->type = row_of(table, l->keys, l->keys_len, err)))
        return MT_ENOMEM;
    for (i = 0; i < l->keys_len; i++) {
        l->names[i] = l->type->fields[i].name;
        if (!(l->folders[i] = folder_of(l->names[i])))
            return mt_fail(err, MT_ENOMEM, "out of memory");
    }
    return check_keys(l, err);
}

void fs_layout_fini(fs_layout *l)
{
    int32_t i;

    for (i = 0; l->folders && i < l->keys_len; i++)
        mt_strfree(l->folders[i]);
    mt_free(l->folders, (size_t)l->keys_len * sizeof(*l->folders));
    mt_type_unref(l->file_type);
    mt_type_unref(l->type);
    mt_free(l->file_columns, (size_t)l->columns_max * sizeof(int32_t));
    mt_free(l->names, (size_t)l->keys_len * sizeof(*l->names));
    memset(l, 0, sizeof(*l));
}

mt_fields fs_layout_fields(const fs_layout *l)
{
    return (mt_fields){l->file_type, l->file_columns};
}

/* ---- texts to values ----------------------------------------------------- */

static int put_whole(mt_column_builder *c, const mt_type *type,
                     const char *text, size_t len)
{
    int64_t v;

    if (!mt_read_i64(text, len, &v))
        return MT_ERECORD;
    switch (type->kind) {
    case MT_TINYINT:
        return v == (int8_t)v ? mt_put_i8(c, (int8_t)v) : MT_ERECORD;
    case MT_SMALLINT:
        return v == (int16_t)v ? mt_put_i16(c, (int16_t)v) : MT_ERECORD;
    case MT_INT:
        return v == (int32_t)v ? mt_put_i32(c, (int32_t)v) : MT_ERECORD;
    default:
        return mt_put_i64(c, v);
    }
}

static int put_decimal(mt_column_builder *c, const mt_type *type,
                       const char *text, size_t len)
{
    mt_int128 v;

    return mt_read_decimal(text, len, type->precision, type->scale, &v)
               ? mt_put_decimal(c, v)
               : MT_ERECORD;
}

/* With 'T' or a blank between date and time, or as a date alone. */
static int put_timestamp(mt_column_builder *c, const mt_type *type,
                         const char *text, size_t len)
{
    char whole[MT_TEXT_MAX + 8];
    mt_timestamp9 v; /* the larger of the two forms */
    int64_t micros;
    bool zulu;

    if (len > MT_TEXT_MAX)
        return MT_ERECORD;
    snprintf(whole, sizeof(whole), "%.*s%s", (int)len, text,
             len == 10 ? " 00:00" : "");
    if (whole[10] == 'T')
        whole[10] = ' ';
    zulu = len > 0 && text[len - 1] == 'Z';
    if (!mt_read_timestamp(whole, strlen(whole), type, ' ', zulu, &v))
        return MT_ERECORD;
    if (type->width == sizeof(v))
        return mt_put_timestamp9(c, v);
    memcpy(&micros, &v, sizeof(micros));
    return mt_put_i64(c, micros);
}

static int put_time(mt_column_builder *c, const mt_type *type, const char *text,
                    size_t len)
{
    int64_t v = 0;
    int32_t ms;

    if (!mt_read_time(text, len, type, &v))
        return MT_ERECORD;
    if (type->width == 8)
        return mt_put_i64(c, v);
    memcpy(&ms, &v, sizeof(ms));
    return mt_put_i32(c, ms);
}

static int put_float(mt_column_builder *c, const mt_type *type,
                     const char *text, size_t len)
{
    double v;

    if (!mt_read_f64(text, len, &v))
        return MT_ERECORD;
    return type->kind == MT_FLOAT ? mt_put_f32(c, (float)v) : mt_put_f64(c, v);
}

static int put_boolean(mt_column_builder *c, const char *text, size_t len)
{
    if (len == 4 && strncasecmp(text, "true", 4) == 0)
        return mt_put_bool(c, true);
    return len == 5 && strncasecmp(text, "false", 5) == 0
               ? mt_put_bool(c, false)
               : MT_ERECORD;
}

int fs_value_put(mt_column_builder *c, const mt_type *type, const char *text,
                 size_t len)
{
    int32_t days;

    switch (type->kind) {
    case MT_BOOLEAN:
        return put_boolean(c, text, len);
    case MT_TINYINT:
    case MT_SMALLINT:
    case MT_INT:
    case MT_BIGINT:
        return put_whole(c, type, text, len);
    case MT_FLOAT:
    case MT_DOUBLE:
        return put_float(c, type, text, len);
    case MT_DECIMAL:
        return put_decimal(c, type, text, len);
    case MT_DATE:
        return mt_read_date(text, len, &days) ? mt_put_i32(c, days)
                                              : MT_ERECORD;
    case MT_TIME:
        return put_time(c, type, text, len);
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        return put_timestamp(c, type, text, len);
    case MT_CHAR:
    case MT_VARCHAR:
        return mt_put_bytes(c, text, len);
    default:
        return MT_ERECORD;
    }
}

/* ---- names ----------------------------------------------------------- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

static int append_unescaped(mt_buf *out, const char *text, size_t len)
{
    size_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < len; i++) {
        int high = -1, low = -1;

        if (text[i] == '%' && i + 2 < len) {
            high = hex_digit(text[i + 1]);
            low = hex_digit(text[i + 2]);
        }
        if (high >= 0 && low >= 0)
            i += 2;
        rc = mt_buf_byte(
            out, (uint8_t)(high >= 0 && low >= 0 ? high << 4 | low : text[i]));
    }
    return rc;
}

int fs_partition_name(const fs_layout *l, const mt_column *const *columns,
                      int32_t row, mt_buf *scratch, mt_buf *out, mt_error **err)
{
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < l->keys_len; i++) {
        scratch->len = 0;
        if (i > 0)
            rc = mt_buf_byte(out, '/');
        if (rc == 0)
            rc = mt_buf_append(out, l->folders[i], strlen(l->folders[i]));
        if (rc == 0)
            rc = mt_buf_byte(out, '=');
        if (rc == 0 && !mt_column_is_null(columns[i], row))
            rc = mt_text_value(l->type->fields[i].type, columns[i], row,
                               scratch);
        if (rc == 0 && scratch->len == 0)
            rc = mt_buf_append(out, l->default_name, strlen(l->default_name));
        else if (rc == 0)
            rc = append_escaped(out, scratch->data, scratch->len);
    }
    return rc == 0 ? 0 : mt_fail(err, MT_ENOMEM, "out of memory");
}

/* The value in the i-th folder of a partition's name. */
static const char *find_value(const char *name, int32_t i, size_t *len)
{
    const char *equals;

    for (; i > 0 && name; i--) {
        name = strchr(name, '/');
        name = name ? name + 1 : NULL;
    }
    equals = name ? strchr(name, '=') : NULL;
    if (!equals)
        return NULL;
    *len = strcspn(equals + 1, "/");
    return equals + 1;
}

int fs_partition_text(const fs_layout *l, const char *name, int32_t i,
                      mt_buf *out)
{
    size_t len;
    const char *value = find_value(name, i, &len);

    if (!value || (len == strlen(l->default_name) &&
                   memcmp(value, l->default_name, len) == 0))
        return 1;
    return append_unescaped(out, value, len);
}

static int put_key(const fs_layout *l, const char *name, int32_t i,
                   mt_builder *b, mt_buf *text, mt_error **err)
{
    const mt_type *type = l->type->fields[i].type;
    int rc;

    text->len = 0;
    rc = fs_partition_text(l, name, i, text);
    if (rc == 1 && !type->nullable && type->form == MT_FORM_VAR)
        rc = 0; /* then it stood for the empty text */
    if (rc == 1 && !type->nullable)
        return mt_fail(err, MT_EIO,
                       "partition '%s' has no value for '%s', which is NOT "
                       "NULL",
                       name, l->names[i]);
    if (rc == 1)
        rc = mt_put_null(&b->columns[i]);
    else if (rc == 0)
        rc = fs_value_put(&b->columns[i], type, (const char *)text->data,
                          text->len);
    if (rc == MT_ERECORD)
        return mt_fail(err, MT_EIO,
                       "partition '%s': '%.*s' is no value of the type of "
                       "'%s'; rename the folder, or declare the column STRING",
                       name, (int)text->len, (const char *)text->data,
                       l->names[i]);
    return rc < 0 ? mt_fail(err, MT_ENOMEM, "out of memory") : 0;
}

int fs_partition_parse(const fs_layout *l, const char *name, mt_batch **out,
                       mt_error **err)
{
    mt_builder *b = mt_builder_new(l->type, 1, err);
    mt_buf text = {0};
    int32_t i;
    int rc = b ? 0 : MT_ENOMEM;

    for (i = 0; rc == 0 && i < l->keys_len; i++)
        rc = put_key(l, name, i, b, &text, err);
    if (rc == 0)
        rc = mt_builder_commit(b, err);
    if (rc == 0)
        rc = mt_builder_seal(b, out, err);
    mt_buf_fini(&text);
    mt_builder_free(b);
    return rc;
}

/* ---- filters ----------------------------------------------------------- */

static int order_i128(mt_int128 a, mt_int128 b)
{
    return (a > b) - (a < b);
}

static int order_bytes(const mt_column *a, const mt_column *b)
{
    int32_t n = a->offsets[1] < b->offsets[1] ? a->offsets[1] : b->offsets[1];
    int rc = n ? memcmp(a->values, b->values, (size_t)n) : 0;

    return rc ? rc : order_i128(a->offsets[1], b->offsets[1]);
}

static double float_of(const mt_type *type, const mt_column *c)
{
    return type->kind == MT_FLOAT ? (double)*(const float *)c->values
                                  : *(const double *)c->values;
}

static mt_int128 whole_of(const mt_type *type, const mt_column *c)
{
    const mt_timestamp9 *t = c->values;

    if (type->form == MT_FORM_BITS)
        return mt_bit(c->values, 0);
    if (type->kind == MT_DECIMAL)
        return *(const mt_int128 *)c->values;
    switch (type->width) {
    case 1:
        return *(const int8_t *)c->values;
    case 2:
        return *(const int16_t *)c->values;
    case 4:
        return *(const int32_t *)c->values;
    case 8:
        return *(const int64_t *)c->values;
    default:
        return (mt_int128)t->millis * 1000000 + t->nanos_of_milli;
    }
}

/* NaN, which is neither less nor greater than anything, nor equal to it. */
static bool is_nan(const mt_type *type, const mt_column *c)
{
    return (type->kind == MT_FLOAT || type->kind == MT_DOUBLE) &&
           isnan(float_of(type, c));
}

/* Compares the first rows of two columns of a type. */
static int compare(const mt_type *type, const mt_column *a, const mt_column *b)
{
    double x, y;

    if (type->form == MT_FORM_VAR)
        return order_bytes(a, b);
    if (type->kind != MT_FLOAT && type->kind != MT_DOUBLE)
        return order_i128(whole_of(type, a), whole_of(type, b));
    x = float_of(type, a);
    y = float_of(type, b);
    return (x > y) - (x < y);
}

static bool holds(mt_filter_op op, int order)
{
    switch (op) {
    case MT_FILTER_EQ:
    case MT_FILTER_IN:
        return order == 0;
    case MT_FILTER_NE:
        return order != 0;
    case MT_FILTER_LT:
        return order < 0;
    case MT_FILTER_LE:
        return order <= 0;
    case MT_FILTER_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

/* Does `op` hold between a key's value and the text? Yes where it can't be
 * told. */
static bool holds_text(const mt_type *type, const mt_column *value,
                       mt_filter_op op, const char *text)
{
    mt_field field = {"f0", type};
    mt_type *row = mt_type_new_nested(MT_ROW, false, &field, 1, NULL);
    mt_builder *b = row ? mt_builder_new(row, 1, NULL) : NULL;
    mt_batch *other = NULL;
    bool passes = true;

    if (b && fs_value_put(&b->columns[0], type, text, strlen(text)) == 0 &&
        mt_builder_commit(b, NULL) == 0 &&
        mt_builder_seal(b, &other, NULL) == 0)
        passes = is_nan(type, value) || is_nan(type, &other->columns[0]) ||
                 holds(op, compare(type, value, &other->columns[0]));
    mt_batch_unref(other);
    mt_builder_free(b);
    mt_type_unref(row);
    return passes;
}

static bool passes(const mt_filter *f, const mt_type *type,
                   const mt_column *value)
{
    bool null = mt_column_is_null(value, 0);
    int32_t i;

    if (f->op == MT_FILTER_IS_NULL)
        return null;
    if (f->op == MT_FILTER_IS_NOT_NULL)
        return !null;
    if (null)
        return false;
    for (i = 0; i < f->values.len; i++) {
        if (holds_text(type, value, f->op, f->values.items[i]))
            return true;
    }
    return false;
}

bool fs_partition_wanted(const fs_layout *l, const mt_table *table,
                         const mt_batch *values)
{
    int32_t i, k;

    for (i = 0; i < table->filters_len; i++) {
        const mt_filter *f = &table->filters[i];

        for (k = 0; k < l->keys_len; k++) {
            if (l->keys[k] == f->column &&
                !passes(f, l->type->fields[k].type, &values->columns[k]))
                return false;
        }
    }
    return true;
}
