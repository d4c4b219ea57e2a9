/* Hash and order of values.
 *
 * Hashing goes column by column with a loop a form, as it is on the way of
 * every keyed record. Nested columns are hashed from the inside: the elements'
 * hashes first, then one a row out of them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/key.h"

#include "base/hash.h"

#define HASH_OF_NULL UINT64_C(0x9AE16A3B2F90404F)
#define HASH_OF_NAN UINT64_C(0x7FF8000000000000)

/* ---- hash ----------------------------------------------------------- */

static uint64_t bits_of_f64(double v)
{
    uint64_t bits;

    if (v != v)
        return HASH_OF_NAN;
    v += 0.0; /* -0.0 becomes 0.0 */
    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

static uint64_t hash_i128(mt_int128 v)
{
    return mt__hash_join(mt__hash_u64((uint64_t)v),
                         mt__hash_u64((uint64_t)(v >> 64)));
}

static uint64_t hash_timestamp9(mt_timestamp9 ts)
{
    return mt__hash_join(mt__hash_u64((uint64_t)ts.millis),
                         mt__hash_u64((uint64_t)ts.nanos_of_milli));
}

/* One loop for columns with NULLs and one without, which vectorizes. */
#define HASH_ROWS(expression)                                                  \
    do {                                                                       \
        if (!c->validity) {                                                    \
            for (i = 0; i < rows; i++)                                         \
                hashes[i] = mt__hash_join(hashes[i], (expression));            \
        } else {                                                               \
            for (i = 0; i < rows; i++)                                         \
                hashes[i] = mt__hash_join(hashes[i], mt_bit(c->validity, i)    \
                                                         ? (expression)        \
                                                         : HASH_OF_NULL);      \
        }                                                                      \
    } while (0)

#define HASH_INTEGERS(ctype)                                                   \
    HASH_ROWS(mt__hash_u64((uint64_t)((const ctype *)c->values)[i]))

static void hash_fixed(const mt_column *c, const mt_type *type, int32_t rows,
                       uint64_t *hashes)
{
    int32_t i;

    if (type->kind == MT_FLOAT) {
        HASH_ROWS(mt__hash_u64(bits_of_f64(((const float *)c->values)[i])));
    } else if (type->kind == MT_DOUBLE) {
        HASH_ROWS(mt__hash_u64(bits_of_f64(((const double *)c->values)[i])));
    } else if (type->kind == MT_DECIMAL) {
        HASH_ROWS(hash_i128(((const mt_int128 *)c->values)[i]));
    } else if (type->width == sizeof(mt_timestamp9)) {
        HASH_ROWS(hash_timestamp9(((const mt_timestamp9 *)c->values)[i]));
    } else if (type->width == 8) {
        HASH_INTEGERS(int64_t);
    } else if (type->width == 4) {
        HASH_INTEGERS(int32_t);
    } else if (type->width == 2) {
        HASH_INTEGERS(int16_t);
    } else {
        HASH_INTEGERS(int8_t);
    }
}

static uint64_t hash_bytes(const mt_column *c, int32_t row)
{
    int32_t at = c->offsets[row];

    return mt__hash((const uint8_t *)c->values + at,
                    (size_t)(c->offsets[row + 1] - at), 0);
}

/* What a list's elements in `keys` (of a map, with its values joined) make of
 * it: in order for arrays, in any order for maps. */
static uint64_t hash_list(const mt_column *c, bool map,
                          const uint64_t *elements, int32_t row)
{
    int32_t k, end = c->offsets[row + 1];
    uint64_t h = (uint64_t)(end - c->offsets[row]);

    for (k = c->offsets[row]; k < end; k++)
        h = map ? h + mt__hash_u64(elements[k]) : mt__hash_join(h, elements[k]);
    return mt__hash_u64(h);
}

/* The hashes of the children's rows, joined across the children. */
static int hash_nested(const mt_column *c, const mt_type *type, int32_t rows,
                       uint64_t *hashes)
{
    bool list = type->form == MT_FORM_LIST;
    int32_t i, len = list ? c->offsets[rows] : rows;
    size_t size = (size_t)len * sizeof(uint64_t);
    uint64_t *inner = mt_calloc(size);
    int rc = inner ? 0 : MT_ENOMEM;

    for (i = 0; rc == 0 && i < c->children_len; i++)
        rc = mt_column_hash(&c->children[i], type->fields[i].type, len, inner);
    if (rc == 0 && list)
        HASH_ROWS(hash_list(c, type->kind != MT_ARRAY, inner, i));
    else if (rc == 0)
        HASH_ROWS(mt__hash_u64(inner[i]));
    mt_free(inner, size);
    return rc;
}

int mt_column_hash(const mt_column *c, const mt_type *type, int32_t rows,
                   uint64_t *hashes)
{
    int32_t i;

    switch (type->form) {
    case MT_FORM_BITS:
        HASH_ROWS(mt__hash_u64(mt_bit(c->values, i)));
        return 0;
    case MT_FORM_FIXED:
        hash_fixed(c, type, rows, hashes);
        return 0;
    case MT_FORM_VAR:
        HASH_ROWS(hash_bytes(c, i));
        return 0;
    case MT_FORM_LIST:
    case MT_FORM_STRUCT:
        return hash_nested(c, type, rows, hashes);
    default:
        for (i = 0; i < rows; i++)
            hashes[i] = mt__hash_join(hashes[i], HASH_OF_NULL);
        return 0;
    }
}

/* ---- order ----------------------------------------------------------- */

static int compare_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_f64(double a, double b)
{
    if (a != a || b != b)
        return (a != a) - (b != b);
    return (a > b) - (a < b);
}

static int64_t integer_at(const mt_type *type, const mt_column *c, int32_t row)
{
    switch (type->width) {
    case 1:
        return ((const int8_t *)c->values)[row];
    case 2:
        return ((const int16_t *)c->values)[row];
    case 4:
        return ((const int32_t *)c->values)[row];
    default:
        return ((const int64_t *)c->values)[row];
    }
}

static int compare_fixed(const mt_type *type, const mt_column *a, int32_t row_a,
                         const mt_column *b, int32_t row_b)
{
    const mt_timestamp9 *s, *t;
    mt_int128 x, y;
    int order;

    if (type->kind == MT_FLOAT)
        return compare_f64(((const float *)a->values)[row_a],
                           ((const float *)b->values)[row_b]);
    if (type->kind == MT_DOUBLE)
        return compare_f64(((const double *)a->values)[row_a],
                           ((const double *)b->values)[row_b]);
    if (type->kind == MT_DECIMAL) {
        x = ((const mt_int128 *)a->values)[row_a];
        y = ((const mt_int128 *)b->values)[row_b];
        return (x > y) - (x < y);
    }
    if (type->width == sizeof(mt_timestamp9)) {
        s = (const mt_timestamp9 *)a->values + row_a;
        t = (const mt_timestamp9 *)b->values + row_b;
        order = compare_i64(s->millis, t->millis);
        return order ? order
                     : compare_i64(s->nanos_of_milli, t->nanos_of_milli);
    }
    return compare_i64(integer_at(type, a, row_a), integer_at(type, b, row_b));
}

static int compare_bytes(const mt_column *a, int32_t row_a, const mt_column *b,
                         int32_t row_b)
{
    int32_t len_a = a->offsets[row_a + 1] - a->offsets[row_a];
    int32_t len_b = b->offsets[row_b + 1] - b->offsets[row_b];
    int32_t len = len_a < len_b ? len_a : len_b;
    int order = 0;

    if (len)
        order =
            memcmp((const uint8_t *)a->values + a->offsets[row_a],
                   (const uint8_t *)b->values + b->offsets[row_b], (size_t)len);
    return order ? order : compare_i64(len_a, len_b);
}

static int compare_arrays(const mt_type *type, const mt_column *a,
                          int32_t row_a, const mt_column *b, int32_t row_b)
{
    int32_t i = a->offsets[row_a], k = b->offsets[row_b];

    for (; i < a->offsets[row_a + 1] && k < b->offsets[row_b + 1]; i++, k++) {
        int order = mt_column_compare(type->fields[0].type, &a->children[0], i,
                                      &b->children[0], k);

        if (order)
            return order;
    }
    return compare_i64(a->offsets[row_a + 1] - i, b->offsets[row_b + 1] - k);
}

/* Entries by key, then by value. */
static int compare_entries(const mt_type *type, const mt_column *a, int32_t i,
                           const mt_column *b, int32_t k)
{
    int order = mt_column_compare(type->fields[0].type, &a->children[0], i,
                                  &b->children[0], k);

    if (order)
        return order;
    return mt_column_compare(type->fields[1].type, &a->children[1], i,
                             &b->children[1], k);
}

/* The map's entry that follows `previous` (-1: none) when they are sorted,
 * those that are equal by position. */
static int32_t next_entry(const mt_type *type, const mt_column *c, int32_t row,
                          int32_t previous)
{
    int32_t i, next = -1;

    for (i = c->offsets[row]; i < c->offsets[row + 1]; i++) {
        int order = previous < 0 ? 1 : compare_entries(type, c, i, c, previous);

        if (order < 0 || (order == 0 && i <= previous))
            continue;
        if (next < 0 || compare_entries(type, c, i, c, next) < 0)
            next = i;
    }
    return next;
}

/* Sorts by selection: maps in records are small, and this needs no memory. */
static int compare_maps(const mt_type *type, const mt_column *a, int32_t row_a,
                        const mt_column *b, int32_t row_b)
{
    int32_t len_a = a->offsets[row_a + 1] - a->offsets[row_a];
    int32_t len_b = b->offsets[row_b + 1] - b->offsets[row_b];
    int32_t n, i = -1, k = -1;

    for (n = 0; n < len_a && n < len_b; n++) {
        int order;

        i = next_entry(type, a, row_a, i);
        k = next_entry(type, b, row_b, k);
        order = compare_entries(type, a, i, b, k);
        if (order)
            return order;
    }
    return compare_i64(len_a, len_b);
}

static int compare_rows(const mt_type *type, const mt_column *a, int32_t row_a,
                        const mt_column *b, int32_t row_b)
{
    int32_t i;

    for (i = 0; i < type->fields_len; i++) {
        int order = mt_column_compare(type->fields[i].type, &a->children[i],
                                      row_a, &b->children[i], row_b);

        if (order)
            return order;
    }
    return 0;
}

int mt_column_compare(const mt_type *type, const mt_column *a, int32_t row_a,
                      const mt_column *b, int32_t row_b)
{
    bool null_a = mt_column_is_null(a, row_a);
    bool null_b = mt_column_is_null(b, row_b);

    if (null_a || null_b)
        return null_b - null_a;
    switch (type->form) {
    case MT_FORM_BITS:
        return mt_bit(a->values, row_a) - mt_bit(b->values, row_b);
    case MT_FORM_FIXED:
        return compare_fixed(type, a, row_a, b, row_b);
    case MT_FORM_VAR:
        return compare_bytes(a, row_a, b, row_b);
    case MT_FORM_LIST:
        return type->kind == MT_ARRAY ? compare_arrays(type, a, row_a, b, row_b)
                                      : compare_maps(type, a, row_a, b, row_b);
    case MT_FORM_STRUCT:
        return compare_rows(type, a, row_a, b, row_b);
    default:
        return 0;
    }
}
