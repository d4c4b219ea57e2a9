/* The plan of one node checks what a table says; the node is then what the
 * connector is opened with, as it would be in a task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "runtime/lookup.h"

#include "runtime/task.h"

struct mt__lookup {
    mt_plan *plan; /* of the one node */
    const mt__plan_node *node;
    mt_context ctx;
    void *lookup; /* the connector's own */
    mt_type *key_type;
    mt_builder *keys;
    mt_builder *rows;
    int32_t *counts;
    int32_t counts_max;
};

/* ---- open, close --------------------------------------------------------- */

static int check_keys(const mt__plan_node *node, const int32_t *keys,
                      int32_t keys_len, mt_error **err)
{
    int32_t i, columns = mt_type_columns_len(node->type);

    if (keys_len < 1)
        return mt_fail(err, MT_EMISUSE, "a lookup needs a key");
    for (i = 0; i < keys_len; i++)
        if (keys[i] < 0 || keys[i] >= columns)
            return mt_fail(err, MT_EMISUSE,
                           "key column %d is not one of the %d columns",
                           (int)keys[i], (int)columns);
    if (!node->connector->lookup_open)
        return mt_fail(err, MT_EUNSUPPORTED,
                       "connector '%s' cannot look rows up by key",
                       node->decl.connector);
    return 0;
}

/* Any key may be NULL, whatever the column: it finds nothing. */
static mt_type *nullable(const mt_type *type, mt_error **err)
{
    if (type->fields_len)
        return mt_type_new_nested((mt_kind)type->kind, true, type->fields,
                                  type->fields_len, err);
    return mt_type_new((mt_kind)type->kind, true, type->length, type->precision,
                       type->scale, err);
}

static mt_type *make_key_type(const mt_type *type, const int32_t *keys,
                              int32_t keys_len, mt_error **err)
{
    size_t size = sizeof(mt_field) * (size_t)keys_len;
    mt_field *fields = mt_calloc(size);
    mt_type *made = NULL;
    int32_t i;

    if (!fields) {
        mt_fail(err, MT_ENOMEM, "no memory for a key's type");
        return NULL;
    }
    for (i = 0; i < keys_len; i++) {
        fields[i].name = mt_type_column_name(type, keys[i]);
        fields[i].type = nullable(mt_type_column(type, keys[i]), err);
        if (!fields[i].type)
            break;
    }
    if (i == keys_len)
        made = mt_type_new_nested(MT_ROW, false, fields, keys_len, err);
    while (i-- > 0)
        mt_type_unref(fields[i].type);
    mt_free(fields, size);
    return made;
}

static int open_lookup(mt__lookup *l, const mt_node *table, const int32_t *keys,
                       int32_t keys_len, mt_error **err)
{
    int rc;

    l->plan = mt_plan_new("lookup", err);
    if (!l->plan)
        return MT_ENOMEM;
    if ((rc = mt_plan_add(l->plan, table, err)) < 0)
        return rc;
    l->node = l->plan->nodes[0];
    if ((rc = check_keys(l->node, keys, keys_len, err)) < 0)
        return rc;
    l->key_type = make_key_type(l->node->type, keys, keys_len, err);
    if (!l->key_type)
        return MT_ENOMEM;
    l->keys = mt_builder_new(l->key_type, 0, err);
    l->rows = mt_builder_new(l->node->type, 0, err);
    if (!l->keys || !l->rows)
        return MT_ENOMEM;
    l->ctx.node = l->node;
    return l->node->connector->lookup_open(&l->ctx, l->node->options,
                                           &l->node->table, keys, keys_len,
                                           &l->lookup, err);
}

mt__lookup *mt__lookup_open(const mt_node *table, const int32_t *keys,
                            int32_t keys_len, mt_error **err)
{
    mt__lookup *l = mt_calloc(sizeof(*l));

    if (!l) {
        mt_fail(err, MT_ENOMEM, "no memory for a lookup");
        return NULL;
    }
    if (open_lookup(l, table, keys, keys_len, err) < 0) {
        if (err)
            mt_error_set_operator(*err, table->name);
        mt__lookup_close(l);
        return NULL;
    }
    return l;
}

void mt__lookup_close(mt__lookup *l)
{
    if (!l)
        return;
    if (l->lookup && l->node->connector->lookup_close)
        l->node->connector->lookup_close(l->lookup);
    mt_builder_free(l->keys);
    mt_builder_free(l->rows);
    mt_type_unref(l->key_type);
    mt_free(l->counts, sizeof(int32_t) * (size_t)l->counts_max);
    mt_plan_free(l->plan);
    mt_free(l, sizeof(*l));
}

/* ---- asking ----------------------------------------------------------- */

mt_builder *mt__lookup_keys(mt__lookup *l)
{
    return l->keys;
}

static int make_counts(mt__lookup *l, int32_t rows, mt_error **err)
{
    if (rows <= l->counts_max)
        return 0;
    mt_free(l->counts, sizeof(int32_t) * (size_t)l->counts_max);
    l->counts = mt_alloc(sizeof(int32_t) * (size_t)rows);
    l->counts_max = l->counts ? rows : 0;
    return l->counts ? 0 : mt_fail(err, MT_ENOMEM, "no memory for a lookup");
}

int mt__lookup_get(mt__lookup *l, mt_batch **rows, const int32_t **counts,
                   mt_error **err)
{
    mt_batch *keys = NULL;
    int rc = mt_builder_commit(l->keys, err);

    if (rc < 0) {
        mt_builder_rollback(l->keys);
        return rc;
    }
    if ((rc = mt_builder_seal(l->keys, &keys, err)) < 0)
        return rc;
    rc = make_counts(l, keys->rows, err);
    if (rc == 0)
        rc = l->node->connector->lookup_get(l->lookup, keys, l->rows, l->counts,
                                            err);
    mt_batch_unref(keys);
    if (rc == 0)
        rc = mt_builder_seal(l->rows, rows, err);
    else
        mt_error_set_operator(err ? *err : NULL, l->node->decl.name);
    *counts = l->counts;
    return rc;
}
