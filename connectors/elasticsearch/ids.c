/* ids.c - values of key columns as one text.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "ids.h"

static int check_type(const es_field *f, mt_error **err)
{
    const mt_type *type = f->type;
    mt_buf text = {0};

    if (type->form != MT_FORM_LIST && type->form != MT_FORM_STRUCT &&
        type->kind != MT_RAW && type->kind != MT_BINARY &&
        type->kind != MT_VARBINARY)
        return 0;
    if (mt_type_text(type, &text) < 0 || mt_buf_byte(&text, '\0') < 0)
        mt_fail(err, MT_ENOMEM, "out of memory");
    else
        mt_fail(err, MT_ETYPE,
                "column '%.*s' of type %s can't be in a document's id",
                (int)f->name_len, f->name, (const char *)text.data);
    mt_buf_fini(&text);
    return err ? mt_error_code(*err) : MT_ETYPE;
}

static int add_field(es_ids *ids, const mt_table *table, const char *name,
                     mt_error **err)
{
    es_field *f = &ids->fields[ids->len];
    int rc =
        es_field_find(f, table, "document-id.field", name, strlen(name), err);

    if (rc < 0 || (rc = check_type(f, err)) < 0)
        return rc;
    ids->len++;
    return 0;
}

int es_ids_init(es_ids *ids, const es_options *o, const mt_table *table,
                mt_error **err)
{
    int32_t i;
    int rc = 0;

    if (!es_options_keyed(o, table))
        return 0;
    if (o->id_field && table->primary_key_len)
        return es_options_refuse(err, "document-id.field",
                                 "a table with a PRIMARY KEY can't have option "
                                 "'document-id.field'");
    ids->delimiter = o->id_delimiter;
    ids->null_text = o->id_null;
    ids->max = o->id_field ? 1 : table->primary_key_len;
    ids->fields = mt_calloc(sizeof(*ids->fields) * (size_t)ids->max);
    if (!ids->fields)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    if (o->id_field)
        return add_field(ids, table, o->id_field, err);
    for (i = 0; rc == 0 && i < table->primary_key_len; i++)
        rc = add_field(ids, table,
                       mt_type_column_name(table->type, table->primary_key[i]),
                       err);
    return rc;
}

void es_ids_fini(es_ids *ids)
{
    mt_free(ids->fields, sizeof(*ids->fields) * (size_t)ids->max);
    memset(ids, 0, sizeof(*ids));
}

static int put_field(const es_ids *ids, const es_field *f, mt_batch *batch,
                     int32_t row, mt_buf *out, mt_error **err)
{
    const mt_column *c = es_field_value(f, batch, &row, err);
    int rc;

    if (!c)
        return err ? mt_error_code(*err) : MT_ENOMEM;
    if (row < 0 && !ids->null_text)
        return mt_fail(err, MT_ERECORD,
                       "field '%.*s' is NULL, and the document's id needs it",
                       (int)f->name_len, f->name);
    rc = row < 0 ? mt_buf_append(out, ids->null_text, strlen(ids->null_text))
                 : mt_text_value(f->type, c, row, out);
    return rc < 0 ? mt_fail(err, MT_ENOMEM, "out of memory") : 0;
}

int es_ids_text(const es_ids *ids, mt_batch *batch, int32_t row, mt_buf *out,
                mt_error **err)
{
    size_t from = out->len;
    int32_t i;
    int rc;

    for (i = 0; i < ids->len; i++) {
        if (i > 0 &&
            mt_buf_append(out, ids->delimiter, strlen(ids->delimiter)) < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory");
        if ((rc = put_field(ids, &ids->fields[i], batch, row, out, err)) < 0)
            return rc;
    }
    if (out->len == from)
        return mt_fail(err, MT_ERECORD, "the document's id is empty");
    if (out->len - from > ES_ID_BYTES_MAX)
        return mt_fail(err, MT_ERECORD,
                       "the document's id has %d bytes, a server takes %d",
                       (int)(out->len - from), ES_ID_BYTES_MAX);
    return 0;
}
