/* Casting whole batches.
 *
 * A column whose values stay as they are passes by reference. One that nobody
 * has decoded yet passes undecoded: the new batch then keeps the old one, and
 * asks it when somebody asks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/cast.h"

#include "data/column.h"

/* ---- columns that nobody has asked for ----------------------------------- */

typedef struct lazy_columns {
    mt_lazy lazy; /* the first member */
    mt_batch *input;
    int32_t from_len;
    int32_t from[]; /* one a column of the batch that was made */
} lazy_columns;

static size_t lazy_size(int32_t from_len)
{
    return sizeof(lazy_columns) + sizeof(int32_t) * (size_t)from_len;
}

static int decode_lazy(mt_lazy *lazy, const mt_batch *batch, int32_t column,
                       mt_column_builder *out, mt_error **err)
{
    lazy_columns *l = (lazy_columns *)lazy;
    const mt_column *c = mt_batch_column(l->input, l->from[column], err);

    if (!c)
        return err ? mt_error_code(*err) : MT_EINTERNAL;
    if (mt__column_builder_append(out, c, 0, batch->rows) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory for column '%s'",
                       mt_type_column_name(batch->type, column));
    return 0;
}

static void free_lazy(mt_lazy *lazy)
{
    lazy_columns *l = (lazy_columns *)lazy;

    mt_batch_unref(l->input);
    mt_free(l, lazy_size(l->from_len));
}

/* Leaves column i of `out` absent, to be asked of `batch` later. */
static int share_absent(mt_batch *out, int32_t i, mt_batch *batch,
                        const int32_t *from, mt_error **err)
{
    lazy_columns *l;

    if (!out->lazy) {
        l = mt_alloc(lazy_size(out->columns_len));
        if (!l)
            return mt_fail(err, MT_ENOMEM, "out of memory for a batch");
        l->lazy = (mt_lazy){decode_lazy, free_lazy};
        l->input = mt_batch_ref(batch);
        l->from_len = out->columns_len;
        memcpy(l->from, from, sizeof(*from) * (size_t)out->columns_len);
        out->lazy = &l->lazy;
    }
    out->columns[i].absent = 1;
    out->columns[i].rows = out->rows;
    out->absent_len++;
    return 0;
}

/* ---- casting ----------------------------------------------------------- */

/* How all columns of a batch are cast. */
typedef struct manner {
    mt_cast_mode mode;
    const mt_cast_session *session;
} manner;

/* Column i of `out`, which is zeroed but for its children. */
static int cast_into(mt_batch *out, int32_t i, const mt_type *from,
                     const mt_column *c, const manner *m, mt_error **err)
{
    const char *name = mt_type_column_name(out->type, i);
    mt_column_builder builder;
    int rc;

    if (mt__column_builder_init(&builder, mt_type_column(out->type, i),
                                out->rows) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory for column '%s'", name);
    rc = mt_cast_column(from, c, out->rows, &builder, m->mode, m->session, err);
    if (rc < 0 && err)
        mt_fail_context(err, "column '%s'", name);
    if (rc == 0)
        rc = mt__column_builder_prepare(&builder, &out->columns[i], name, err);
    if (rc == 0)
        mt__column_builder_seal(&builder, &out->columns[i]);
    mt__column_builder_fini(&builder);
    return rc;
}

/* A column of NULLs is a cast of the type that has no other value. */
static int put_nulls(mt_batch *out, int32_t i, const manner *m, mt_error **err)
{
    static const mt_type nothing = {
        .refs = 1, .kind = MT_NULL, .form = MT_FORM_NONE, .nullable = true};
    const mt_column nulls = {.rows = out->rows, .nulls = out->rows};

    return cast_into(out, i, &nothing, &nulls, m, err);
}

static int put_column(mt_batch *out, int32_t i, mt_batch *batch,
                      const int32_t *from, const manner *m, mt_error **err)
{
    const mt_type *have;
    const mt_column *c;
    bool is_free;

    if (from[i] < 0)
        return put_nulls(out, i, m, err);
    have = mt_type_column(batch->type, from[i]);
    is_free = mt_cast_is_free(have, mt_type_column(out->type, i));
    if (is_free && batch->columns[from[i]].absent)
        return share_absent(out, i, batch, from, err);
    c = mt_batch_column(batch, from[i], err);
    if (!c)
        return err ? mt_error_code(*err) : MT_EINTERNAL;
    if (!is_free)
        return cast_into(out, i, have, c, m, err);
    mt__column_share(&out->columns[i], c);
    return 0;
}

mt_batch *mt_cast_batch(mt_batch *batch, const mt_type *type,
                        const int32_t *from, mt_cast_mode mode,
                        const mt_cast_session *session, mt_error **err)
{
    const manner m = {mode, session};
    mt_batch *out = mt__batch_new(type, batch->rows);
    int32_t i;

    if (!out) {
        mt_fail(err, MT_ENOMEM, "out of memory for a batch of %d rows",
                batch->rows);
        return NULL;
    }
    for (i = 0; i < out->columns_len; i++) {
        if (put_column(out, i, batch, from, &m, err) < 0) {
            mt_batch_unref(out);
            return NULL;
        }
    }
    mt__batch_share_sides(out, batch);
    mt__batch_count_held(out);
    return out;
}
