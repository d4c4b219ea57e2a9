/* buckets.c - the folders that a subtask writes to.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "buckets.h"

static uint32_t hash_bytes(const char *bytes, size_t len)
{
    uint32_t h = 2166136261u;
    size_t i;

    for (i = 0; i < len; i++)
        h = (h ^ (uint8_t)bytes[i]) * 16777619u;
    return h ^ h >> 15;
}

static int32_t *find_slot(const fs_buckets *b, const char *name, size_t len)
{
    uint32_t mask = (uint32_t)b->slots_max - 1;
    uint32_t at = hash_bytes(name, len) & mask;

    for (; b->slots[at] >= 0; at = (at + 1) & mask) {
        const char *other = b->items[b->slots[at]]->name;

        if (strncmp(other, name, len) == 0 && !other[len])
            break;
    }
    return &b->slots[at];
}

static void fill_slots(fs_buckets *b)
{
    int32_t i;

    memset(b->slots, 0xFF, (size_t)b->slots_max * sizeof(int32_t));
    for (i = 0; i < b->len; i++)
        *find_slot(b, b->items[i]->name, strlen(b->items[i]->name)) = i;
}

static int grow(fs_buckets *b)
{
    int32_t max = b->max ? 2 * b->max : 32;
    fs_bucket **items = mt_realloc(b->items, (size_t)b->max * sizeof(*items),
                                   (size_t)max * sizeof(*items));
    int32_t *slots;

    if (!items)
        return MT_ENOMEM;
    b->items = items;
    b->max = max;
    if (!(slots = mt_alloc((size_t)max * 2 * sizeof(*slots))))
        return MT_ENOMEM;
    mt_free(b->slots, (size_t)b->slots_max * sizeof(*slots));
    b->slots = slots;
    b->slots_max = 2 * max;
    fill_slots(b);
    return 0;
}

fs_bucket *fs_buckets_get(fs_buckets *b, const char *name, size_t len)
{
    fs_bucket *bucket;
    int32_t *slot;

    if (2 * b->len >= b->slots_max && grow(b) < 0)
        return NULL;
    slot = find_slot(b, name, len);
    if (*slot >= 0) {
        b->items[*slot]->used = ++b->turn;
        return b->items[*slot];
    }
    if (!(bucket = mt_calloc(sizeof(*bucket))) ||
        !(bucket->name = mt_strndup(name, len))) {
        mt_free(bucket, sizeof(*bucket));
        return NULL;
    }
    bucket->used = ++b->turn;
    *slot = b->len;
    b->items[b->len++] = bucket;
    return bucket;
}

fs_bucket *fs_buckets_oldest(const fs_buckets *b)
{
    fs_bucket *oldest = NULL;
    int32_t i;

    for (i = 0; i < b->len; i++) {
        if (b->items[i]->part && (!oldest || b->items[i]->used < oldest->used))
            oldest = b->items[i];
    }
    return oldest;
}

static void free_bucket(fs_bucket *bucket)
{
    fs_part_free(bucket->part);
    mt_strfree(bucket->name);
    mt_free(bucket, sizeof(*bucket));
}

void fs_buckets_sweep(fs_buckets *b)
{
    int32_t i, kept = 0;

    for (i = 0; i < b->len; i++) {
        if (b->items[i]->part)
            b->items[kept++] = b->items[i];
        else
            free_bucket(b->items[i]);
    }
    if (kept == b->len)
        return;
    b->len = kept;
    fill_slots(b);
}

void fs_buckets_fini(fs_buckets *b)
{
    int32_t i;

    for (i = 0; i < b->len; i++)
        free_bucket(b->items[i]);
    mt_free(b->items, (size_t)b->max * sizeof(*b->items));
    mt_free(b->slots, (size_t)b->slots_max * sizeof(int32_t));
    memset(b, 0, sizeof(*b));
}
