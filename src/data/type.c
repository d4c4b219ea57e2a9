/* Logical types: making, comparing, spelling. Reading is type_parse.c's.
 *
 * A type is one block of memory: the mt_type that everybody sees, how deep it
 * nests, its fields and their names. Nothing in it changes after it was made,
 * so that any number of threads may share it; only the count is atomic. A type
 * holds a reference on each field's type.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/type.h"

#include <stdio.h>

typedef struct type_block {
    mt_type type;
    int32_t depth; /* 0 for scalars */
    size_t size;   /* of the whole block */
    mt_field fields[];
} type_block;

static const struct kind_info {
    const char *name;
    uint8_t form;
    uint8_t width; /* 0 where it depends on the precision or there is none */
} kinds[MT_KINDS_LEN] = {
#define KIND_INFO(kind, text, form_name)                                       \
    [MT_##kind] = {text, MT_FORM_##form_name, 0},
    MT_KINDS(KIND_INFO)
#undef KIND_INFO
};

const char *mt__kind_name(mt_kind kind)
{
    return kinds[kind].name;
}

mt_form mt__kind_form(mt_kind kind)
{
    return (mt_form)kinds[kind].form;
}

/* Bytes a value of a FIXED kind. */
static int32_t width_of(mt_kind kind, int32_t precision)
{
    switch (kind) {
    case MT_TINYINT:
        return 1;
    case MT_SMALLINT:
        return 2;
    case MT_INT:
    case MT_FLOAT:
    case MT_DATE:
    case MT_INTERVAL_MONTHS:
        return 4;
    case MT_BIGINT:
    case MT_DOUBLE:
    case MT_INTERVAL_MILLIS:
        return 8;
    case MT_DECIMAL:
        return sizeof(mt_int128);
    case MT_TIME:
        return precision <= 3 ? 4 : 8;
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        return precision <= 6 ? 8 : (int32_t)sizeof(mt_timestamp9);
    default:
        return 0;
    }
}

/* ---- making ----------------------------------------------------------- */

static int check_parameters(mt_kind kind, int32_t length, int32_t precision,
                            int32_t scale, mt_error **err)
{
    switch (kind) {
    case MT_CHAR:
    case MT_VARCHAR:
    case MT_BINARY:
    case MT_VARBINARY:
        if (length < 1)
            return mt_fail(err, MT_ETYPE,
                           "the length of %s must be between 1 and %d, is %d",
                           kinds[kind].name, INT32_MAX, length);
        return 0;
    case MT_DECIMAL:
        if (precision < 1 || precision > 38)
            return mt_fail(err, MT_ETYPE,
                           "the precision of DECIMAL must be between 1 and 38, "
                           "is %d",
                           precision);
        if (scale < 0 || scale > precision)
            return mt_fail(err, MT_ETYPE,
                           "the scale of DECIMAL(%d, s) must be between 0 and "
                           "%d, is %d",
                           precision, precision, scale);
        return 0;
    case MT_TIME:
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        if (precision < 0 || precision > 9)
            return mt_fail(err, MT_ETYPE,
                           "the precision of %s must be between 0 and 9, is %d",
                           kinds[kind].name, precision);
        return 0;
    default:
        return 0;
    }
}

static type_block *new_block(mt_kind kind, bool nullable, size_t size,
                             mt_error **err)
{
    type_block *block = mt_calloc(size);

    if (!block) {
        mt_fail(err, MT_ENOMEM, "out of memory for a type");
        return NULL;
    }
    block->size = size;
    block->type.refs = 1;
    block->type.kind = (uint8_t)kind;
    block->type.form = kinds[kind].form;
    block->type.nullable = nullable;
    return block;
}

mt_type *mt_type_new(mt_kind kind, bool nullable, int32_t length,
                     int32_t precision, int32_t scale, mt_error **err)
{
    type_block *block;

    if ((unsigned)kind >= MT_KINDS_LEN || kinds[kind].form == MT_FORM_LIST ||
        kinds[kind].form == MT_FORM_STRUCT) {
        mt_fail(err, MT_EMISUSE, "kind %d is not one of a scalar type",
                (int)kind);
        return NULL;
    }
    if (check_parameters(kind, length, precision, scale, err) < 0)
        return NULL;
    block = new_block(kind, nullable, sizeof(*block), err);
    if (!block)
        return NULL;
    block->type.width = width_of(kind, precision);
    block->type.length = length;
    block->type.precision = precision;
    block->type.scale = scale;
    return &block->type;
}

static type_block *block_of(const mt_type *type)
{
    return (type_block *)(uintptr_t)type; /* the type is its first member */
}

static int check_fields(mt_kind kind, const mt_field *fields, int32_t len,
                        mt_error **err)
{
    int32_t i, k;

    if ((kind == MT_ARRAY && len != 1) ||
        ((kind == MT_MAP || kind == MT_MULTISET) && len != 2))
        return mt_fail(err, MT_EMISUSE, "%s does not have %d fields",
                       kinds[kind].name, len);
    for (i = 0; i < len; i++) {
        if (block_of(fields[i].type)->depth >= MT_TYPE_DEPTH_MAX)
            return mt_fail(err, MT_ETYPE, "types nest deeper than %d",
                           MT_TYPE_DEPTH_MAX);
        for (k = 0; kind == MT_ROW && k < i; k++) {
            if (strcmp(fields[i].name, fields[k].name) == 0)
                return mt_fail(err, MT_ETYPE,
                               "a ROW has two fields of the name '%s'",
                               fields[i].name);
        }
    }
    return 0;
}

/* Fields of lists have fixed names, so that callers need not give any. */
static const char *field_name(mt_kind kind, const mt_field *fields, int32_t i)
{
    if (kind == MT_ROW)
        return fields[i].name;
    if (kind == MT_ARRAY)
        return "element";
    return i == 0 ? "key" : "value";
}

mt_type *mt_type_new_nested(mt_kind kind, bool nullable, const mt_field *fields,
                            int32_t fields_len, mt_error **err)
{
    size_t size = sizeof(type_block) + (size_t)fields_len * sizeof(mt_field);
    type_block *block;
    int32_t i, depth = 0;
    char *names;

    if (kind != MT_ROW && kind != MT_ARRAY && kind != MT_MAP &&
        kind != MT_MULTISET) {
        mt_fail(err, MT_EMISUSE, "kind %d is not one of a nested type",
                (int)kind);
        return NULL;
    }
    if (check_fields(kind, fields, fields_len, err) < 0)
        return NULL;
    for (i = 0; i < fields_len; i++)
        size += strlen(field_name(kind, fields, i)) + 1;
    block = new_block(kind, nullable, size, err);
    if (!block)
        return NULL;
    names = (char *)(block->fields + fields_len);
    for (i = 0; i < fields_len; i++) {
        const char *name = field_name(kind, fields, i);
        size_t len = strlen(name) + 1;

        memcpy(names, name, len);
        block->fields[i].name = names;
        block->fields[i].type = mt_type_ref(fields[i].type);
        names += len;
        if (block_of(fields[i].type)->depth > depth)
            depth = block_of(fields[i].type)->depth;
    }
    block->depth = depth + 1;
    block->type.fields_len = fields_len;
    block->type.fields = block->fields;
    return &block->type;
}

mt_type *mt__type_new_tuple(bool nullable, const mt_field *fields,
                            int32_t fields_len, mt_error **err)
{
    mt_type *type =
        mt_type_new_nested(MT_ROW, nullable, fields, fields_len, err);

    if (type)
        type->tuple = true;
    return type;
}

mt_type *mt__type_with_nullable(const mt_type *type, bool nullable,
                                mt_error **err)
{
    mt_type *copy;

    if (type->nullable == nullable)
        return mt_type_ref(type);
    if (type->form != MT_FORM_LIST && type->form != MT_FORM_STRUCT)
        return mt_type_new((mt_kind)type->kind, nullable, type->length,
                           type->precision, type->scale, err);
    copy = mt_type_new_nested((mt_kind)type->kind, nullable, type->fields,
                              type->fields_len, err);
    if (copy)
        copy->tuple = type->tuple;
    return copy;
}

mt_type *mt_type_ref(const mt_type *type)
{
    mt_type *t = &block_of(type)->type;

    __atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
    return t;
}

void mt_type_unref(const mt_type *type)
{
    type_block *block = block_of(type);
    int32_t i;

    if (!block ||
        __atomic_sub_fetch(&block->type.refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (i = 0; i < block->type.fields_len; i++)
        mt_type_unref(block->fields[i].type);
    mt_free(block, block->size);
}

/* ---- asking ----------------------------------------------------------- */

bool mt_type_equal(const mt_type *a, const mt_type *b, bool nullability)
{
    int32_t i;

    if (a == b)
        return true;
    if (a->kind != b->kind || a->length != b->length ||
        a->precision != b->precision || a->scale != b->scale ||
        a->fields_len != b->fields_len ||
        (nullability && a->nullable != b->nullable))
        return false;
    for (i = 0; i < a->fields_len; i++) {
        if (strcmp(a->fields[i].name, b->fields[i].name) != 0 ||
            !mt_type_equal(a->fields[i].type, b->fields[i].type, nullability))
            return false;
    }
    return true;
}

int32_t mt_type_field(const mt_type *type, const char *name)
{
    int32_t i;

    if (type->kind != MT_ROW)
        return -1;
    for (i = 0; i < type->fields_len; i++) {
        if (strcmp(type->fields[i].name, name) == 0)
            return i;
    }
    return -1;
}

static int32_t columns_deep(const mt_type *column)
{
    int32_t i, len = 1;

    for (i = 0; i < column->fields_len; i++)
        len += columns_deep(column->fields[i].type);
    return len;
}

int32_t mt__type_columns_deep(const mt_type *type)
{
    int32_t i, len = 0;

    for (i = 0; i < mt_type_columns_len(type); i++)
        len += columns_deep(mt_type_column(type, i));
    return len;
}

/* ---- spelling ----------------------------------------------------------- */

static int write_name(const char *name, mt_buf *out)
{
    int rc = mt_buf_byte(out, '`');

    for (; rc == 0 && *name; name++) {
        if (*name == '`')
            rc = mt_buf_byte(out, '`');
        if (rc == 0)
            rc = mt_buf_byte(out, (uint8_t)*name);
    }
    return rc < 0 ? rc : mt_buf_byte(out, '`');
}

static int write_nested(const mt_type *type, mt_buf *out)
{
    int32_t i, len = type->kind == MT_MULTISET ? 1 : type->fields_len;
    int rc = mt_buf_printf(out, "%s<",
                           type->tuple ? "TUPLE" : kinds[type->kind].name);

    for (i = 0; rc == 0 && i < len; i++) {
        if (i > 0 && (rc = mt_buf_append(out, ", ", 2)) < 0)
            break;
        if (type->kind == MT_ROW) {
            if ((rc = write_name(type->fields[i].name, out)) < 0 ||
                (rc = mt_buf_byte(out, ' ')) < 0)
                break;
        }
        rc = mt_type_text(type->fields[i].type, out);
    }
    return rc < 0 ? rc : mt_buf_byte(out, '>');
}

static int write_scalar(const mt_type *type, mt_buf *out)
{
    const char *name = kinds[type->kind].name;

    switch (type->kind) {
    case MT_VARCHAR:
    case MT_VARBINARY:
        if (type->length == INT32_MAX)
            return mt_buf_printf(out, "%s",
                                 type->kind == MT_VARCHAR ? "STRING" : "BYTES");
        return mt_buf_printf(out, "%s(%d)", name, type->length);
    case MT_CHAR:
    case MT_BINARY:
        return mt_buf_printf(out, "%s(%d)", name, type->length);
    case MT_DECIMAL:
        return mt_buf_printf(out, "%s(%d, %d)", name, type->precision,
                             type->scale);
    case MT_TIME:
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        return mt_buf_printf(out, "%s(%d)", name, type->precision);
    default:
        return mt_buf_printf(out, "%s", name);
    }
}

int mt_type_text(const mt_type *type, mt_buf *out)
{
    int rc = type->form == MT_FORM_LIST || type->form == MT_FORM_STRUCT
                 ? write_nested(type, out)
                 : write_scalar(type, out);

    /* NULL is always nullable and "NULL NOT NULL" would not read back. */
    if (rc == 0 && !type->nullable && type->kind != MT_NULL)
        rc = mt_buf_append(out, " NOT NULL", 9);
    return rc;
}

const char *mt__type_describe(const mt_type *type, char *out, size_t out_len)
{
    mt_buf text = {0};

    if (mt_type_text(type, &text) < 0)
        snprintf(out, out_len, "%s", kinds[type->kind].name);
    else if (text.len < out_len)
        snprintf(out, out_len, "%.*s", (int)text.len, (char *)text.data);
    else
        snprintf(out, out_len, "%.*s...", (int)(out_len - 4),
                 (char *)text.data);
    mt_buf_fini(&text);
    return out;
}
