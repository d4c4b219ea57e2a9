/* row.c - cells to columns.
 *
 * Cells of a row come in the order of families and qualifiers by their bytes,
 * the same for every row: so the qualifier after the last one found is tried
 * first, and mostly is it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "row.h"

#include <stdio.h>

int hbase_row_init(hbase_row *r, const hbase_schema *schema,
                   const char *null_text)
{
    r->schema = schema;
    r->null_text = (mt_span){(const uint8_t *)null_text, strlen(null_text)};
    r->slots =
        mt_calloc(sizeof(*r->slots) * (size_t)(schema->qualifiers_len + 1));
    return r->slots ? 0 : MT_ENOMEM;
}

void hbase_row_fini(hbase_row *r)
{
    if (r->slots)
        mt_free(r->slots,
                sizeof(*r->slots) * (size_t)(r->schema->qualifiers_len + 1));
    mt_buf_fini(&r->bytes);
    *r = (hbase_row){0};
}

void hbase_row_clear(hbase_row *r)
{
    memset(r->slots, 0, sizeof(*r->slots) * (size_t)r->schema->qualifiers_len);
    r->bytes.len = 0;
    r->key_len = 0;
    r->started = false;
    r->guess = 0;
}

static bool is_cell_of(const hbase_qualifier *q, const hbase_cell *cell)
{
    return hbase_span_equal(q->name, cell->qualifier) &&
           hbase_span_equal(q->family, cell->family);
}

/* -1: no column is it. */
static int32_t find_qualifier(const hbase_row *r, const hbase_cell *cell)
{
    int32_t len = r->schema->qualifiers_len, i;

    for (i = r->guess; i < len; i++)
        if (is_cell_of(&r->schema->qualifiers[i], cell))
            return i;
    for (i = 0; i < r->guess && i < len; i++)
        if (is_cell_of(&r->schema->qualifiers[i], cell))
            return i;
    return -1;
}

int hbase_row_add(hbase_row *r, const hbase_cell *cell)
{
    int32_t i;

    if (!r->started) {
        if (mt_buf_append(&r->bytes, cell->row.data, cell->row.len) < 0)
            return MT_ENOMEM;
        r->key_len = cell->row.len;
        r->started = true;
    }
    i = find_qualifier(r, cell);
    /* The first cell of a column is its newest version. */
    if (i < 0 || r->slots[i].there)
        return 0;
    r->slots[i] = (hbase_slot){true, r->bytes.len, cell->value.len};
    r->guess = i + 1;
    return mt_buf_append(&r->bytes, cell->value.data, cell->value.len);
}

/* ---- into the builder ---------------------------------------------------- */

static int refuse(const hbase_row *r, const char *family, const char *name,
                  const mt_type *type, mt_span bytes, int code, mt_error **err)
{
    char place[128];
    mt_buf text = {0};
    size_t i, len = r->key_len < 32 ? r->key_len : 32;
    char key[65] = "";

    if (code != MT_ERECORD)
        return mt_fail(err, code, "out of memory");
    for (i = 0; i < len; i++) {
        key[2 * i] = "0123456789abcdef"[r->bytes.data[i] >> 4];
        key[2 * i + 1] = "0123456789abcdef"[r->bytes.data[i] & 15];
    }
    key[2 * len] = '\0';
    snprintf(place, sizeof(place), "row 0x%s", key);
    if (mt_type_text(type, &text) < 0 || mt_buf_byte(&text, '\0') < 0)
        mt_fail(err, MT_ERECORD,
                "column '%s%s' has %zu bytes that are no "
                "value of its type",
                family, name, bytes.len);
    else
        mt_fail(err, MT_ERECORD, "column '%s%s' has %zu bytes that are no %s",
                family, name, bytes.len, (char *)text.data);
    if (err)
        mt_error_set_record(*err, bytes.data, bytes.len, place);
    mt_buf_fini(&text);
    return MT_ERECORD;
}

static int put_field(hbase_row *r, const hbase_qualifier *q,
                     const hbase_slot *slot, mt_column_builder *out,
                     mt_error **err)
{
    char family[260];
    mt_span bytes = {r->bytes.data + slot->at, slot->len};
    int rc;

    if (!slot->there || hbase_value_is_null(q->type, bytes, r->null_text))
        return mt_put_null(out) < 0 ? mt_fail(err, MT_ENOMEM, "out of memory")
                                    : 0;
    rc = hbase_value_read(q->type, bytes, out);
    if (rc == 0)
        return 0;
    snprintf(family, sizeof(family), "%.*s.", (int)q->family.len,
             (const char *)q->family.data);
    return refuse(r, family, (const char *)q->name.data, q->type, bytes, rc,
                  err);
}

static int put_key(hbase_row *r, mt_builder *out, mt_error **err)
{
    int32_t key = r->schema->key;
    const mt_type *type = mt_type_column(r->schema->type, key);
    int rc = hbase_value_read(type, hbase_row_key(r), &out->columns[key]);

    return rc == 0 ? 0
                   : refuse(r, "", mt_type_column_name(r->schema->type, key),
                            type, hbase_row_key(r), rc, err);
}

int hbase_row_put(hbase_row *r, mt_builder *out, mt_error **err)
{
    const hbase_schema *s = r->schema;
    int32_t i;
    int rc = s->key < 0 ? 0 : put_key(r, out, err);

    for (i = 0; rc == 0 && i < s->qualifiers_len; i++) {
        const hbase_qualifier *q = &s->qualifiers[i];

        rc = put_field(r, q, &r->slots[i],
                       &out->columns[q->column].children[q->field], err);
    }
    for (i = 0; rc == 0 && i < s->columns_len; i++)
        if (i != s->key && mt_put_row(&out->columns[i]) < 0)
            rc = mt_fail(err, MT_ENOMEM, "out of memory");
    return rc;
}
