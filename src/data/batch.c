/* Batches: columns counted together, decoded when asked for, taken, projected.
 *
 * A batch is one block of memory that holds the batch, its columns and the
 * descriptors of everything nested in them; the data itself is in buffers. So
 * sharing a column means copying its descriptors and counting its buffers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/buffer.h"
#include "data/cast.h"
#include "data/column.h"

typedef struct batch_block {
    mt_batch batch;
    size_t size;
    mt_column columns[];
} batch_block;

/* Gives `c` its children from *spare on, and those theirs. */
static void place_children(mt_column *c, const mt_type *type, mt_column **spare)
{
    int32_t i;

    if (!type->fields_len)
        return;
    c->children = *spare;
    c->children_len = type->fields_len;
    *spare += type->fields_len;
    for (i = 0; i < type->fields_len; i++)
        place_children(&c->children[i], type->fields[i].type, spare);
}

mt_batch *mt__batch_new(const mt_type *type, int32_t rows)
{
    size_t size = sizeof(batch_block) +
                  (size_t)mt__type_columns_deep(type) * sizeof(mt_column);
    batch_block *block = mt_calloc(size);
    mt_column *spare;
    mt_batch *b;
    int32_t i;

    if (!block)
        return NULL;
    block->size = size;
    b = &block->batch;
    b->refs = 1;
    b->rows = rows;
    b->type = mt_type_ref(type);
    b->columns = block->columns;
    b->columns_len = mt_type_columns_len(type);
    spare = block->columns + b->columns_len;
    for (i = 0; i < b->columns_len; i++)
        place_children(&b->columns[i], mt_type_column(type, i), &spare);
    return b;
}

void mt__batch_count_held(mt_batch *b)
{
    int32_t i;

    b->size_bytes = (int64_t)(mt__buffer_capacity(b->kinds_owner) +
                              mt__buffer_capacity(b->timestamps_owner));
    for (i = 0; i < b->columns_len; i++)
        b->size_bytes += mt__column_held(&b->columns[i]);
}

int64_t mt__batch_bytes(const mt_batch *b)
{
    int64_t bytes = 0;
    int32_t i;

    for (i = 0; i < b->columns_len; i++) {
        if (!b->columns[i].absent)
            bytes +=
                mt__column_bytes(mt_type_column(b->type, i), &b->columns[i]);
    }
    if (b->kinds)
        bytes += b->rows;
    if (b->timestamps)
        bytes += (int64_t)b->rows * (int64_t)sizeof(int64_t);
    return bytes;
}

void mt__batch_share_sides(mt_batch *out, const mt_batch *batch)
{
    out->kinds = batch->kinds;
    out->kinds_owner = mt__buffer_ref(batch->kinds_owner);
    out->timestamps = batch->timestamps;
    out->timestamps_owner = mt__buffer_ref(batch->timestamps_owner);
}

mt_batch *mt_batch_ref(mt_batch *batch)
{
    __atomic_add_fetch(&batch->refs, 1, __ATOMIC_RELAXED);
    return batch;
}

/* Writes nothing where there is none: other threads may be reading. */
static void free_lazy(mt_batch *batch)
{
    if (!batch->lazy)
        return;
    if (batch->lazy->free)
        batch->lazy->free(batch->lazy);
    batch->lazy = NULL;
}

void mt_batch_unref(mt_batch *batch)
{
    int32_t i;

    if (!batch || __atomic_sub_fetch(&batch->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    free_lazy(batch);
    for (i = 0; i < batch->columns_len; i++)
        mt__column_release(&batch->columns[i]);
    mt__buffer_unref(batch->kinds_owner);
    mt__buffer_unref(batch->timestamps_owner);
    mt_type_unref(batch->type);
    mt_free(batch, ((batch_block *)batch)->size);
}

/* ---- columns decoded later ----------------------------------------------- */

static int decode_column(mt_batch *b, int32_t i, mt_error **err)
{
    const char *name = mt_type_column_name(b->type, i);
    mt_column *column = &b->columns[i];
    mt_column_builder c;
    int rc;

    if (mt__column_builder_init(&c, mt_type_column(b->type, i), b->rows) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory for column '%s'", name);
    rc = b->lazy->decode(b->lazy, b, i, &c, err);
    if (rc == 0 && c.rows != b->rows)
        rc = mt_fail(err, MT_EINTERNAL,
                     "column '%s' was decoded to %d rows in place of %d", name,
                     c.rows, b->rows);
    if (rc == 0)
        rc = mt__column_builder_prepare(&c, column, name, err);
    if (rc == 0) {
        mt__column_builder_seal(&c, column);
        b->absent_len--;
        b->size_bytes += mt__column_held(column);
    } else {
        mt__column_release(column);
    }
    mt__column_builder_fini(&c);
    return rc;
}

const mt_column *mt_batch_column(mt_batch *batch, int32_t i, mt_error **err)
{
    if (MT_UNLIKELY(i < 0 || i >= batch->columns_len)) {
        mt_fail(err, MT_EMISUSE, "column %d of %d does not exist", i,
                batch->columns_len);
        return NULL;
    }
    if (MT_UNLIKELY(batch->columns[i].absent) &&
        decode_column(batch, i, err) < 0)
        return NULL;
    return &batch->columns[i];
}

int mt_batch_complete(mt_batch *batch, mt_error **err)
{
    int32_t i;
    int rc;

    for (i = 0; batch->absent_len > 0 && i < batch->columns_len; i++) {
        if (batch->columns[i].absent && (rc = decode_column(batch, i, err)) < 0)
            return rc;
    }
    /* What it decoded from is memory that no queue counts. */
    free_lazy(batch);
    return 0;
}

/* ---- batches of batches -------------------------------------------------- */

int mt__batch_take_sides(mt_batch *out, const mt_batch *batch,
                         const int32_t *rows, int32_t len)
{
    int32_t i;

    if (batch->kinds) {
        uint8_t *kinds;

        out->kinds_owner = mt__buffer_new((size_t)len);
        if (!out->kinds_owner)
            return MT_ENOMEM;
        out->kinds = kinds = mt__buffer_data(out->kinds_owner);
        for (i = 0; i < len; i++)
            kinds[i] = batch->kinds[rows[i]];
    }
    if (batch->timestamps) {
        int64_t *timestamps;

        out->timestamps_owner = mt__buffer_new((size_t)len * sizeof(int64_t));
        if (!out->timestamps_owner)
            return MT_ENOMEM;
        out->timestamps = timestamps = mt__buffer_data(out->timestamps_owner);
        for (i = 0; i < len; i++)
            timestamps[i] = batch->timestamps[rows[i]];
    }
    return 0;
}

static bool is_identity(const int32_t *rows, int32_t len)
{
    int32_t i, other = 0;

    for (i = 0; i < len; i++)
        other |= rows[i] ^ i;
    return other == 0;
}

mt_batch *mt_batch_take(mt_batch *batch, const int32_t *rows, int32_t rows_len,
                        mt_error **err)
{
    mt_batch *out;
    int32_t i;

    if (mt_batch_complete(batch, err) < 0)
        return NULL;
    if (rows_len == batch->rows && is_identity(rows, rows_len))
        return mt_batch_ref(batch);
    out = mt__batch_new(batch->type, rows_len);
    if (!out || mt__batch_take_sides(out, batch, rows, rows_len) < 0)
        goto fail;
    for (i = 0; i < batch->columns_len; i++) {
        if (mt__column_take(&out->columns[i], mt_type_column(batch->type, i),
                            &batch->columns[i], rows, rows_len) < 0)
            goto fail;
    }
    mt__batch_count_held(out);
    return out;
fail:
    mt_batch_unref(out);
    mt_fail(err, MT_ENOMEM, "out of memory to take %d of %d rows", rows_len,
            batch->rows);
    return NULL;
}

/* Decodes the columns that are asked for and checks their types. */
static int check_projection(mt_batch *batch, const mt_type *type,
                            const int32_t *from, mt_error **err)
{
    char have[MT_TYPE_DESCRIBE_MAX], want[MT_TYPE_DESCRIBE_MAX];
    int32_t i;

    for (i = 0; i < mt_type_columns_len(type); i++) {
        const mt_type *to = mt_type_column(type, i);

        if (!mt_batch_column(batch, from[i], err))
            return MT_EINTERNAL; /* *err knows better */
        if (!mt_cast_is_free(mt_type_column(batch->type, from[i]), to))
            return mt_fail(
                err, MT_ETYPE, "column '%s' is %s, not %s",
                mt_type_column_name(type, i),
                mt__type_describe(mt_type_column(batch->type, from[i]), have,
                                  sizeof(have)),
                mt__type_describe(to, want, sizeof(want)));
    }
    return 0;
}

mt_batch *mt_batch_project(mt_batch *batch, const mt_type *type,
                           const int32_t *from, mt_error **err)
{
    mt_batch *out;
    int32_t i;

    if (check_projection(batch, type, from, err) < 0)
        return NULL;
    out = mt__batch_new(type, batch->rows);
    if (!out) {
        mt_fail(err, MT_ENOMEM, "out of memory for a batch of %d rows",
                batch->rows);
        return NULL;
    }
    for (i = 0; i < out->columns_len; i++)
        mt__column_share(&out->columns[i], &batch->columns[from[i]]);
    mt__batch_share_sides(out, batch);
    mt__batch_count_held(out);
    return out;
}
