/* keys.c - an open-addressing hash table over key bytes; slots are at most half
 * full.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "keys.h"

typedef struct jdbc_key {
    uint64_t hash;
    size_t from; /* in bytes */
    size_t len;
    int32_t value;
} jdbc_key;

#define SLOTS_MIN 256

uint64_t jdbc_key_hash(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    uint64_t h = 0x9e3779b97f4a7c15u ^ len, word;

    for (; len >= 8; len -= 8, p += 8) {
        memcpy(&word, p, 8);
        h = (h ^ word) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    word = 0;
    memcpy(&word, p, len);
    h = (h ^ word) * 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 29;
}

int jdbc_key_append(mt_buf *out, const mt_batch *batch, const int32_t *columns,
                    int32_t columns_len, int32_t row)
{
    int32_t i;
    int rc = 0;

    for (i = 0; i < columns_len; i++) {
        const mt_column *c = &batch->columns[columns[i]];
        const mt_type *type = mt_type_column(batch->type, columns[i]);
        uint32_t len = (uint32_t)type->width;
        const uint8_t *at =
            (const uint8_t *)c->values + (size_t)row * (size_t)type->width;

        if (mt_column_is_null(c, row)) {
            rc |= mt_buf_byte(out, 0);
            continue;
        }
        rc |= mt_buf_byte(out, 1);
        if (type->form == MT_FORM_BITS) {
            rc |= mt_buf_byte(out, mt_bit(c->values, row));
            continue;
        }
        if (type->form == MT_FORM_VAR) {
            at = (const uint8_t *)c->values + c->offsets[row];
            len = (uint32_t)(c->offsets[row + 1] - c->offsets[row]);
            rc |= mt_buf_append(out, &len, sizeof(len));
        }
        rc |= mt_buf_append(out, at, len);
    }
    return rc ? MT_ENOMEM : 0;
}

void jdbc_keys_fini(jdbc_keys *k)
{
    mt_buf_fini(&k->bytes);
    mt_free(k->slots, sizeof(*k->slots) * (size_t)k->slots_len);
    mt_free(k->items, sizeof(*k->items) * (size_t)k->items_max);
    memset(k, 0, sizeof(*k));
}

void jdbc_keys_clear(jdbc_keys *k)
{
    k->bytes.len = 0;
    k->items_len = 0;
    if (k->slots)
        memset(k->slots, 0, sizeof(*k->slots) * (size_t)k->slots_len);
}

/* Room for one more key, with twice as many slots as keys. */
static int make_room(jdbc_keys *k)
{
    int32_t max = k->items_max ? 2 * k->items_max : SLOTS_MIN / 2;
    int32_t mask = 2 * max - 1, i, at;
    int32_t *slots;
    void *items;

    if (k->items_len < k->items_max)
        return 0;
    slots = mt_calloc(sizeof(*slots) * 2 * (size_t)max);
    items = mt_realloc(k->items, sizeof(*k->items) * (size_t)k->items_max,
                       sizeof(*k->items) * (size_t)max);
    if (items) {
        k->items = items;
        k->items_max = max;
    }
    if (!slots || !items) {
        mt_free(slots, sizeof(*slots) * 2 * (size_t)max);
        return MT_ENOMEM;
    }
    for (i = 0; i < k->items_len; i++) {
        for (at = (int32_t)k->items[i].hash & mask; slots[at];
             at = (at + 1) & mask)
            ;
        slots[at] = i + 1;
    }
    mt_free(k->slots, sizeof(*k->slots) * (size_t)k->slots_len);
    k->slots = slots;
    k->slots_len = 2 * max;
    return 0;
}

/* The slot of the key, or the free one where it belongs. */
static int32_t find_slot(const jdbc_keys *k, const jdbc_key *key)
{
    int32_t mask = k->slots_len - 1;
    int32_t at = (int32_t)key->hash & mask;

    for (; k->slots[at]; at = (at + 1) & mask) {
        const jdbc_key *other = &k->items[k->slots[at] - 1];

        if (other->hash == key->hash && other->len == key->len &&
            !memcmp(k->bytes.data + other->from, k->bytes.data + key->from,
                    key->len))
            break;
    }
    return at;
}

int jdbc_keys_put(jdbc_keys *k, const mt_batch *batch, const int32_t *columns,
                  int32_t columns_len, int32_t row, int32_t value,
                  int32_t *before)
{
    jdbc_key key = {.from = k->bytes.len, .value = value};
    int32_t slot;

    if (make_room(k) < 0 ||
        jdbc_key_append(&k->bytes, batch, columns, columns_len, row) < 0)
        return MT_ENOMEM;
    key.len = k->bytes.len - key.from;
    key.hash = jdbc_key_hash(k->bytes.data + key.from, key.len);
    slot = find_slot(k, &key);
    if (k->slots[slot]) {
        jdbc_key *there = &k->items[k->slots[slot] - 1];

        *before = there->value;
        there->value = value;
        k->bytes.len = key.from;
        return 0;
    }
    *before = -1;
    k->items[k->items_len++] = key;
    k->slots[slot] = k->items_len;
    return 0;
}
