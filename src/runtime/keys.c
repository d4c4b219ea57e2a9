/* Hashing goes column by column, with one tight loop for each width of value;
 * only nested values are walked one by one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "runtime/keys.h"

#include "base/hash.h"

#define NULL_HASH UINT64_C(0x9AE16A3B2F90404F)

/* One number for all NaN, one for both zeros. */
static uint64_t hash_f64(double v)
{
    uint64_t bits;

    if (v != v)
        return mt__hash_u64(UINT64_C(0x7FF8000000000000));
    v += 0.0;
    memcpy(&bits, &v, sizeof(bits));
    return mt__hash_u64(bits);
}

static uint64_t hash_fixed(const mt_type *type, const void *values, int32_t row)
{
    switch (type->kind) {
    case MT_FLOAT:
        return hash_f64(((const float *)values)[row]);
    case MT_DOUBLE:
        return hash_f64(((const double *)values)[row]);
    default:
        break;
    }
    switch (type->width) {
    case 1:
        return mt__hash_u64((uint64_t)((const int8_t *)values)[row]);
    case 2:
        return mt__hash_u64((uint64_t)((const int16_t *)values)[row]);
    case 4:
        return mt__hash_u64((uint64_t)((const int32_t *)values)[row]);
    case 8:
        return mt__hash_u64((uint64_t)((const int64_t *)values)[row]);
    default:
        return mt__hash((const uint8_t *)values + (size_t)row * type->width,
                        (size_t)type->width, 0);
    }
}

static uint64_t hash_value(const mt_type *type, const mt_column *c,
                           int32_t row);

/* The entries of a map have no order, so theirs are summed. */
static uint64_t hash_entries(const mt_type *type, const mt_column *c,
                             int32_t row)
{
    uint64_t h = 0;
    int32_t i;

    for (i = c->offsets[row]; i < c->offsets[row + 1]; i++)
        h +=
            mt__hash_join(hash_value(type->fields[0].type, &c->children[0], i),
                          hash_value(type->fields[1].type, &c->children[1], i));
    return mt__hash_u64(h);
}

static uint64_t hash_list(const mt_type *type, const mt_column *c, int32_t row)
{
    uint64_t h = 0;
    int32_t i;

    if (type->kind != MT_ARRAY)
        return hash_entries(type, c, row);
    for (i = c->offsets[row]; i < c->offsets[row + 1]; i++)
        h = mt__hash_join(h,
                          hash_value(type->fields[0].type, &c->children[0], i));
    return h;
}

static uint64_t hash_row(const mt_type *type, const mt_column *c, int32_t row)
{
    uint64_t h = 0;
    int32_t i;

    for (i = 0; i < type->fields_len; i++)
        h = mt__hash_join(
            h, hash_value(type->fields[i].type, &c->children[i], row));
    return h;
}

static uint64_t hash_value(const mt_type *type, const mt_column *c, int32_t row)
{
    if (type->form == MT_FORM_NONE || mt_column_is_null(c, row))
        return NULL_HASH;
    switch (type->form) {
    case MT_FORM_BITS:
        return mt__hash_u64(mt_bit(c->values, row));
    case MT_FORM_FIXED:
        return hash_fixed(type, c->values, row);
    case MT_FORM_VAR:
        return mt__hash((const uint8_t *)c->values + c->offsets[row],
                        (size_t)(c->offsets[row + 1] - c->offsets[row]), 0);
    case MT_FORM_LIST:
        return hash_list(type, c, row);
    default:
        return hash_row(type, c, row);
    }
}

/* The commonest keys, without a decision a row. */
static bool hash_dense(const mt_type *type, const mt_column *c, int32_t rows,
                       uint64_t *hashes)
{
    int32_t i;

    if (c->validity)
        return false;
    if (type->form == MT_FORM_VAR) {
        for (i = 0; i < rows; i++)
            hashes[i] = mt__hash_join(
                hashes[i],
                mt__hash((const uint8_t *)c->values + c->offsets[i],
                         (size_t)(c->offsets[i + 1] - c->offsets[i]), 0));
        return true;
    }
    if (type->form != MT_FORM_FIXED || type->kind == MT_FLOAT ||
        type->kind == MT_DOUBLE)
        return false;
    if (type->width == 4) {
        for (i = 0; i < rows; i++)
            hashes[i] = mt__hash_join(
                hashes[i],
                mt__hash_u64((uint64_t)((const int32_t *)c->values)[i]));
        return true;
    }
    if (type->width == 8) {
        for (i = 0; i < rows; i++)
            hashes[i] = mt__hash_join(
                hashes[i],
                mt__hash_u64((uint64_t)((const int64_t *)c->values)[i]));
        return true;
    }
    return false;
}

int mt__keys_hash(mt_batch *batch, const int32_t *columns, int32_t columns_len,
                  uint64_t *hashes, mt_error **err)
{
    int32_t i, row;

    memset(hashes, 0, sizeof(*hashes) * (size_t)batch->rows);
    for (i = 0; i < columns_len; i++) {
        const mt_type *type = mt_type_column(batch->type, columns[i]);
        const mt_column *c = mt_batch_column(batch, columns[i], err);

        if (!c)
            return mt_error_code(*err);
        if (hash_dense(type, c, batch->rows, hashes))
            continue;
        for (row = 0; row < batch->rows; row++)
            hashes[row] = mt__hash_join(hashes[row], hash_value(type, c, row));
    }
    return 0;
}
