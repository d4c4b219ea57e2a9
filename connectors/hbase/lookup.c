/* lookup.c - finding rows by row key.
 *
 * All keys of a batch are asked for together. Answers come in the order of
 * regions, so the cells of each key are kept until all are there.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "lookup.h"

#include "cells.h"
#include "multi.h"
#include "row.h"

#define KEY_FIXED_MAX 24

/* The cells that a key has. */
typedef struct found {
    size_t at;
    size_t len;
} found;

typedef struct lookup {
    const hbase_options *options;
    hbase_schema schema;
    hbase_cluster cluster;
    hbase_multi multi;
    hbase_row row;
    mt_buf keys;
    mt_buf cells;
    found *found; /* one a key of the batch */
    hbase_op *ops;
    int32_t max;
} lookup;

/* ---- open, close --------------------------------------------------------- */

/* `op->cells` says which key of the batch it is. */
static int keep_cells(void *user, hbase_op *op, mt_span *cells, int32_t count,
                      mt_error **err)
{
    lookup *l = user;
    const uint8_t *start = cells->data;
    size_t len = cells->len;
    hbase_cell cell;

    for (; count > 0; count--)
        if (!hbase_cell_next(cells, &cell))
            return mt_fail(err, MT_EIO, "cells of an answer are cut off");
    len -= cells->len;
    l->found[op->cells] = (found){l->cells.len, len};
    if (mt_buf_append(&l->cells, start, len) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return 0;
}

static int init_lookup(lookup *l, mt_context *ctx, const mt_table *table,
                       const int32_t *keys, int32_t keys_len, mt_error **err)
{
    int rc = hbase_schema_init(&l->schema, table, err);

    if (rc < 0)
        return rc;
    if (keys_len != 1 || keys[0] != l->schema.key)
        return mt_fail(err, MT_EOPTION,
                       "HBase finds rows by their row key%s%s, and by nothing "
                       "else",
                       l->schema.key < 0 ? "" : " ",
                       l->schema.key < 0 ? ""
                                         : mt_type_column_name(l->schema.type,
                                                               l->schema.key));
    if (hbase_row_init(&l->row, &l->schema, l->options->null_text) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    hbase_cluster_init(&l->cluster, ctx, l->options);
    l->multi = (hbase_multi){
        .cluster = &l->cluster,
        .qualifiers = l->schema.qualifiers,
        .qualifiers_len = l->schema.qualifiers_len,
        .attempts = l->options->lookup_retries + 1,
        .attempts_option = "lookup.max-retries",
        .found = keep_cells,
        .user = l,
        .retries = mt_context_metric(ctx, "hbase.retries"),
    };
    return hbase_cluster_locate(&l->cluster, err);
}

int hbase_lookup_open(mt_context *ctx, const void *options,
                      const mt_table *table, const int32_t *keys,
                      int32_t keys_len, void **out, mt_error **err)
{
    lookup *l = mt_calloc(sizeof(*l));
    int rc;

    if (!l)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    l->options = options;
    rc = init_lookup(l, ctx, table, keys, keys_len, err);
    if (rc < 0) {
        hbase_lookup_close(l);
        return rc;
    }
    *out = l;
    return 0;
}

static void free_ops(lookup *l)
{
    mt_free(l->found, sizeof(*l->found) * (size_t)l->max);
    mt_free(l->ops, sizeof(*l->ops) * (size_t)l->max);
    l->found = NULL;
    l->ops = NULL;
    l->max = 0;
}

void hbase_lookup_close(void *lookup_or_null)
{
    lookup *l = lookup_or_null;

    if (!l)
        return;
    hbase_cluster_fini(&l->cluster);
    if (l->row.slots)
        hbase_row_fini(&l->row);
    hbase_schema_fini(&l->schema);
    free_ops(l);
    mt_buf_fini(&l->keys);
    mt_buf_fini(&l->cells);
    mt_free(l, sizeof(*l));
}

/* ---- finding ----------------------------------------------------------- */

static int make_room(lookup *l, const mt_batch *keys)
{
    const mt_column *c = &keys->columns[0];
    size_t bytes = c->offsets ? (size_t)c->offsets[c->rows]
                              : (size_t)c->rows * KEY_FIXED_MAX;

    if (keys->rows > l->max) {
        free_ops(l);
        l->max = keys->rows;
        l->found = mt_alloc(sizeof(*l->found) * (size_t)l->max);
        l->ops = mt_alloc(sizeof(*l->ops) * (size_t)l->max);
        if (!l->found || !l->ops) {
            free_ops(l);
            return MT_ENOMEM;
        }
    }
    memset(l->found, 0, sizeof(*l->found) * (size_t)keys->rows);
    l->keys.len = 0;
    l->cells.len = 0;
    /* All at once, so that no key moves. */
    return mt_buf_reserve(&l->keys, bytes + 1);
}

/* Asks for all keys but those that no row can have. */
static int ask(lookup *l, const mt_batch *keys, mt_error **err)
{
    const mt_type *type = mt_type_column(l->schema.type, l->schema.key);
    int32_t i, len = 0;

    for (i = 0; i < keys->rows; i++) {
        size_t at = l->keys.len, key_len;

        if (mt_column_is_null(&keys->columns[0], i))
            continue;
        if (hbase_value_write(type, &keys->columns[0], i, &l->keys) < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory");
        key_len = l->keys.len - at;
        if (key_len > 0 && key_len <= HBASE_ROW_MAX)
            l->ops[len++] = (hbase_op){.row = {l->keys.data + at, key_len},
                                       .cells = (size_t)i,
                                       .action = HBASE_ACTION_GET};
    }
    return hbase_multi_run(&l->multi, l->ops, len, NULL, err);
}

static int put_found(lookup *l, const found *f, mt_builder *out, int32_t *count,
                     mt_error **err)
{
    mt_span cells = {l->cells.data + f->at, f->len};
    hbase_cell cell;
    int rc = 0;

    *count = f->len > 0;
    if (f->len == 0)
        return 0;
    hbase_row_clear(&l->row);
    while (rc == 0 && hbase_cell_next(&cells, &cell))
        rc = hbase_row_add(&l->row, &cell);
    if (rc < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return hbase_row_put(&l->row, out, err);
}

int hbase_lookup_get(void *lookup_, mt_batch *keys, mt_builder *out,
                     int32_t *counts, mt_error **err)
{
    lookup *l = lookup_;
    int32_t i;
    int rc = mt_batch_complete(keys, err);

    if (rc < 0)
        return rc;
    if (make_room(l, keys) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    rc = ask(l, keys, err);
    for (i = 0; rc == 0 && i < keys->rows; i++)
        rc = put_found(l, &l->found[i], out, &counts[i], err);
    if (rc == 0)
        return mt_builder_commit(out, err);
    mt_builder_rollback(out);
    return rc;
}
