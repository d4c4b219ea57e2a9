/* Few values are looked through one by one, their hashes first. More stand in a
 * hash table beside, with open places.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/value_set.h"

#include "data/key.h"

/* So many values need no table. */
#define FEW 8
/* Sets that grew past so many values give their memory back. */
#define VALUES_KEPT 16384

void mt__value_set_fini(mt__value_set *set)
{
    mt_free(set->values, (size_t)set->values_max * sizeof(*set->values));
    mt_free(set->places, set->places_max * sizeof(*set->places));
    memset(set, 0, sizeof(*set));
}

void mt__value_set_shrink(mt__value_set *set)
{
    const mt_type *type = set->type;

    if (set->values_max <= VALUES_KEPT)
        return;
    mt__value_set_fini(set);
    set->type = type;
}

static bool is_equal(const mt__value_set *set, const mt__value *v,
                     const mt_column *column, int32_t at, uint64_t hash)
{
    return v->hash == hash &&
           mt_column_compare(set->type, v->column, v->at, column, at) == 0;
}

/* The place of that value in the table, or the free one where it belongs. */
static int32_t *find_place(const mt__value_set *set, const mt_column *column,
                           int32_t at, uint64_t hash)
{
    size_t i = hash & (set->places_len - 1);

    while (set->places[i] &&
           !is_equal(set, &set->values[set->places[i] - 1], column, at, hash))
        i = (i + 1) & (set->places_len - 1);
    return &set->places[i];
}

mt__value *mt__value_set_find(mt__value_set *set, const mt_column *column,
                              int32_t at, uint64_t hash)
{
    int32_t i;

    if (set->places_len) {
        i = *find_place(set, column, at, hash);
        return i ? &set->values[i - 1] : NULL;
    }
    for (i = 0; i < set->values_len; i++)
        if (is_equal(set, &set->values[i], column, at, hash))
            return &set->values[i];
    return NULL;
}

/* Makes the table one of `len` places and fills it. */
static int make_table(mt__value_set *set, size_t len)
{
    int32_t *places = set->places;
    int32_t i;

    if (len > set->places_max) {
        places = mt_alloc(len * sizeof(*places));
        if (!places)
            return MT_ENOMEM;
        mt_free(set->places, set->places_max * sizeof(*places));
        set->places = places;
        set->places_max = len;
    }
    set->places_len = len;
    memset(places, 0, len * sizeof(*places));
    for (i = 0; i < set->values_len; i++) {
        const mt__value *v = &set->values[i];

        *find_place(set, v->column, v->at, v->hash) = i + 1;
    }
    return 0;
}

static int grow_values(mt__value_set *set)
{
    int32_t max = set->values_max ? 2 * set->values_max : 2 * FEW;
    mt__value *wider =
        mt_realloc(set->values, (size_t)set->values_max * sizeof(*wider),
                   (size_t)max * sizeof(*wider));

    if (!wider)
        return MT_ENOMEM;
    set->values = wider;
    set->values_max = max;
    return 0;
}

int mt__value_set_add(mt__value_set *set, const mt_column *column, int32_t at,
                      uint64_t hash)
{
    if (mt__value_set_find(set, column, at, hash))
        return 0;
    if (set->values_len == set->values_max && grow_values(set) < 0)
        return MT_ENOMEM;
    set->values[set->values_len++] =
        (mt__value){.column = column, .hash = hash, .at = at};
    if (set->values_len <= FEW)
        return 1;
    if ((size_t)set->values_len * 2 > set->places_len)
        return make_table(set, (size_t)set->values_len * 4 < 64
                                   ? 64
                                   : 2 * set->places_len) < 0
                   ? MT_ENOMEM
                   : 1;
    *find_place(set, column, at, hash) = set->values_len;
    return 1;
}

const uint64_t *mt__value_hashes(mt_buf *out, const mt_type *type,
                                 const mt_column *column, int32_t len)
{
    size_t size = (size_t)len * sizeof(uint64_t);

    out->len = 0;
    if (out->cap > VALUES_KEPT * sizeof(uint64_t) && out->cap / 8 > size)
        mt_buf_fini(out);
    if (mt_buf_reserve(out, size + 1) < 0)
        return NULL;
    memset(out->data, 0, size);
    if (mt_column_hash(column, type, len, (uint64_t *)(void *)out->data) < 0)
        return NULL;
    return (const uint64_t *)(void *)out->data;
}
