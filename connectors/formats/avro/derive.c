/* The schema of a table, as Flink's AvroSchemaConverter would have it.
 *
 * The record at the top is org.apache.flink.avro.generated.record; the record
 * of a column is named after the one around it, '_' and the column. Arrays and
 * maps add nothing to the name. A field that may be NULL has the default null,
 * so that it may be missing in what others wrote.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

#define TOP_NAME "org.apache.flink.avro.generated.record"

/* The most bytes of a record's name. */
enum { NAME_BYTES_MAX = 1000 };

typedef struct deriver {
    bool legacy;
    mt_buf *out;
    mt_buf name; /* of the record that is being written, no terminator */
    mt_error **err;
} deriver;

static int derive_type(deriver *d, const mt_type *type);

static int fail_type(deriver *d, const mt_type *type, const char *why)
{
    mt_buf text = {0};

    mt_type_text(type, &text);
    mt_fail(d->err, MT_ETYPE, "Avro has no type for %.*s of '%.*s': %s",
            (int)text.len, (const char *)text.data, (int)d->name.len,
            (const char *)d->name.data, why);
    mt_buf_fini(&text);
    return MT_ETYPE;
}

static int derive_logical(deriver *d, const char *kind, const char *logical)
{
    return mt_buf_printf(d->out, "{\"type\":\"%s\",\"logicalType\":\"%s\"}",
                         kind, logical);
}

static int derive_timestamp(deriver *d, const mt_type *type)
{
    bool local = type->kind == MT_TIMESTAMP && !d->legacy;

    if (type->precision > 6)
        return fail_type(d, type, "it has at most 6 digits of the second");
    if (type->precision > 3)
        return derive_logical(
            d, "long", local ? "local-timestamp-micros" : "timestamp-micros");
    return derive_logical(
        d, "long", local ? "local-timestamp-millis" : "timestamp-millis");
}

static int derive_time(deriver *d, const mt_type *type)
{
    if (type->precision > 6)
        return fail_type(d, type, "it has at most 6 digits of the second");
    return type->precision > 3 ? derive_logical(d, "long", "time-micros")
                               : derive_logical(d, "int", "time-millis");
}

/* Avro's names are letters, digits and '_'. */
static bool is_field_name(const char *name)
{
    size_t i;

    for (i = 0; name[i]; i++) {
        char low = (char)(name[i] | 0x20);

        if (!(low >= 'a' && low <= 'z') && name[i] != '_' &&
            !(i && name[i] >= '0' && name[i] <= '9'))
            return false;
    }
    return i > 0;
}

static int derive_field(deriver *d, const mt_field *field)
{
    size_t len = d->name.len;
    int rc;

    if (!is_field_name(field->name))
        return mt_fail(d->err, MT_ETYPE,
                       "column '%s' has a name that Avro does not take: "
                       "letters, digits and '_' only, no digit first",
                       field->name);
    rc = mt_buf_printf(d->out, "{\"name\":\"%s\",\"type\":", field->name);
    if (rc == 0)
        rc = mt_buf_printf(&d->name, "_%s", field->name);
    if (rc == 0 && d->name.len > NAME_BYTES_MAX)
        rc = mt_fail(d->err, MT_ETYPE,
                     "column '%s' is nested too deep for "
                     "a name of Avro",
                     field->name);
    if (rc == 0)
        rc = derive_type(d, field->type);
    d->name.len = len;
    if (rc == 0 && field->type->nullable)
        rc = mt_buf_printf(d->out, ",\"default\":null");
    return rc < 0 ? rc : mt_buf_byte(d->out, '}');
}

static int derive_record(deriver *d, const mt_type *type)
{
    const char *name = (const char *)d->name.data;
    const char *dot = name + d->name.len;
    int32_t i;
    int rc;

    while (dot[-1] != '.')
        dot--;
    rc = mt_buf_printf(d->out,
                       "{\"type\":\"record\",\"name\":\"%.*s\","
                       "\"namespace\":\"%.*s\",\"fields\":[",
                       (int)(name + d->name.len - dot), dot,
                       (int)(dot - 1 - name), name);
    for (i = 0; rc == 0 && i < type->fields_len; i++) {
        if (i)
            rc = mt_buf_byte(d->out, ',');
        if (rc == 0)
            rc = derive_field(d, &type->fields[i]);
    }
    return rc < 0 ? rc : mt_buf_printf(d->out, "]}");
}

static int derive_nested(deriver *d, const mt_type *type)
{
    const mt_type *value = type->fields[type->kind == MT_ARRAY ? 0 : 1].type;
    const mt_type *key = type->fields[0].type;
    int rc;

    if (type->kind != MT_ARRAY && key->kind != MT_CHAR &&
        key->kind != MT_VARCHAR)
        return fail_type(d, type, "keys must be texts");
    rc = mt_buf_printf(d->out, "{\"type\":\"%s",
                       type->kind == MT_ARRAY ? "array\",\"items\":"
                                              : "map\",\"values\":");
    if (rc == 0 && type->kind == MT_MULTISET)
        rc = mt_buf_printf(d->out, "[\"null\",\"int\"]");
    else if (rc == 0)
        rc = derive_type(d, value);
    return rc < 0 ? rc : mt_buf_byte(d->out, '}');
}

static int derive_value(deriver *d, const mt_type *type)
{
    switch (type->kind) {
    case MT_NULL:
        return mt_buf_printf(d->out, "\"null\"");
    case MT_BOOLEAN:
        return mt_buf_printf(d->out, "\"boolean\"");
    case MT_TINYINT:
    case MT_SMALLINT:
    case MT_INT:
        return mt_buf_printf(d->out, "\"int\"");
    case MT_BIGINT:
        return mt_buf_printf(d->out, "\"long\"");
    case MT_FLOAT:
        return mt_buf_printf(d->out, "\"float\"");
    case MT_DOUBLE:
        return mt_buf_printf(d->out, "\"double\"");
    case MT_CHAR:
    case MT_VARCHAR:
        return mt_buf_printf(d->out, "\"string\"");
    case MT_BINARY:
    case MT_VARBINARY:
        return mt_buf_printf(d->out, "\"bytes\"");
    case MT_DECIMAL:
        return mt_buf_printf(d->out,
                             "{\"type\":\"bytes\",\"logicalType\":\"decimal\","
                             "\"precision\":%d,\"scale\":%d}",
                             (int)type->precision, (int)type->scale);
    case MT_DATE:
        return derive_logical(d, "int", "date");
    case MT_TIME:
        return derive_time(d, type);
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        return derive_timestamp(d, type);
    case MT_ROW:
        return derive_record(d, type);
    case MT_ARRAY:
    case MT_MAP:
    case MT_MULTISET:
        return derive_nested(d, type);
    default:
        return fail_type(d, type, "use another type");
    }
}

static int derive_type(deriver *d, const mt_type *type)
{
    bool either = type->nullable && type->kind != MT_NULL;
    int rc = either ? mt_buf_printf(d->out, "[\"null\",") : 0;

    if (rc == 0)
        rc = derive_value(d, type);
    return rc == 0 && either ? mt_buf_byte(d->out, ']') : rc;
}

int avro_derive(const mt_type *row, bool legacy, mt_buf *out, mt_error **err)
{
    deriver d = {legacy, out, {0}, err};
    int rc = mt_buf_append(&d.name, TOP_NAME, strlen(TOP_NAME));

    if (rc == 0)
        rc = derive_record(&d, row);
    mt_buf_fini(&d.name);
    if (rc == MT_ENOMEM && err && !*err)
        mt_fail(err, rc, "out of memory");
    return rc;
}
