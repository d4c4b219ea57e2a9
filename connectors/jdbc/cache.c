/* cache.c - a chained hash table whose entries also stand in a list, the one
 * used last in front.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cache.h"

#include "keys.h"

typedef struct entry {
    struct entry *chain; /* of the same slot */
    struct entry *newer;
    struct entry *older;
    uint64_t hash;
    int64_t written_ms;
    int64_t used_ms;
    mt_batch *batch; /* NULL: the key has no row */
    int32_t from;
    int32_t len;
    size_t key_len;
    uint8_t key[];
} entry;

struct jdbc_cache {
    entry **slots;
    int32_t slots_len; /* a power of two */
    int32_t entries;
    int64_t rows;
    int64_t rows_max;
    int64_t write_ms;
    int64_t access_ms;
    entry *newest;
    entry *oldest;
};

#define SLOTS_MIN 64

jdbc_cache *jdbc_cache_new(int64_t rows_max, int64_t write_ms,
                           int64_t access_ms)
{
    jdbc_cache *c = mt_calloc(sizeof(*c));

    if (!c)
        return NULL;
    c->rows_max = rows_max;
    c->write_ms = write_ms > 0 ? write_ms : INT64_MAX;
    c->access_ms = access_ms > 0 ? access_ms : INT64_MAX;
    c->slots = mt_calloc(sizeof(*c->slots) * SLOTS_MIN);
    c->slots_len = SLOTS_MIN;
    if (!c->slots) {
        mt_free(c, sizeof(*c));
        return NULL;
    }
    return c;
}

static int64_t weight(const entry *e)
{
    return e->len > 0 ? e->len : 1;
}

/* ---- list ----------------------------------------------------------- */

static void unlink_entry(jdbc_cache *c, entry *e)
{
    *(e->newer ? &e->newer->older : &c->newest) = e->older;
    *(e->older ? &e->older->newer : &c->oldest) = e->newer;
}

static void push_entry(jdbc_cache *c, entry *e)
{
    e->newer = NULL;
    e->older = c->newest;
    *(c->newest ? &c->newest->newer : &c->oldest) = e;
    c->newest = e;
}

static void free_entry(entry *e)
{
    mt_batch_unref(e->batch);
    mt_free(e, sizeof(*e) + e->key_len);
}

static entry **slot_of(const jdbc_cache *c, uint64_t hash)
{
    return &c->slots[hash & (uint64_t)(c->slots_len - 1)];
}

static void drop_entry(jdbc_cache *c, entry *e)
{
    entry **at = slot_of(c, e->hash);

    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    unlink_entry(c, e);
    c->entries--;
    c->rows -= weight(e);
    free_entry(e);
}

void jdbc_cache_free(jdbc_cache *c)
{
    if (!c)
        return;
    while (c->oldest)
        drop_entry(c, c->oldest);
    mt_free(c->slots, sizeof(*c->slots) * (size_t)c->slots_len);
    mt_free(c, sizeof(*c));
}

int64_t jdbc_cache_rows(const jdbc_cache *c)
{
    return c->rows;
}

/* ---- table ----------------------------------------------------------- */

static entry *find(const jdbc_cache *c, uint64_t hash, const void *key,
                   size_t key_len)
{
    entry *e = *slot_of(c, hash);

    while (e && (e->hash != hash || e->key_len != key_len ||
                 memcmp(e->key, key, key_len) != 0))
        e = e->chain;
    return e;
}

bool jdbc_cache_get(jdbc_cache *c, const void *key, size_t key_len,
                    int64_t now_ms, mt_batch **batch, int32_t *from,
                    int32_t *len)
{
    entry *e = find(c, jdbc_key_hash(key, key_len), key, key_len);

    if (!e)
        return false;
    if (now_ms - e->written_ms >= c->write_ms ||
        now_ms - e->used_ms >= c->access_ms) {
        drop_entry(c, e);
        return false;
    }
    e->used_ms = now_ms;
    unlink_entry(c, e);
    push_entry(c, e);
    *batch = e->batch;
    *from = e->from;
    *len = e->len;
    return true;
}

/* Twice as many slots once there is an entry for each; without memory chains
 * just grow longer. */
static void grow_slots(jdbc_cache *c)
{
    int32_t len = 2 * c->slots_len;
    entry **slots, *e;

    if (c->entries < c->slots_len)
        return;
    slots = mt_calloc(sizeof(*slots) * (size_t)len);
    if (!slots)
        return;
    mt_free(c->slots, sizeof(*c->slots) * (size_t)c->slots_len);
    c->slots = slots;
    c->slots_len = len;
    for (e = c->newest; e; e = e->older) {
        entry **at = slot_of(c, e->hash);

        e->chain = *at;
        *at = e;
    }
}

int jdbc_cache_put(jdbc_cache *c, const void *key, size_t key_len,
                   int64_t now_ms, mt_batch *batch, int32_t from, int32_t len)
{
    uint64_t hash = jdbc_key_hash(key, key_len);
    entry *e = find(c, hash, key, key_len);
    entry **at;

    if (e)
        drop_entry(c, e);
    e = mt_calloc(sizeof(*e) + key_len);
    if (!e)
        return MT_ENOMEM;
    e->hash = hash;
    e->written_ms = now_ms;
    e->used_ms = now_ms;
    e->batch = len > 0 ? mt_batch_ref(batch) : NULL;
    e->from = from;
    e->len = len;
    e->key_len = key_len;
    memcpy(e->key, key, key_len);
    grow_slots(c);
    at = slot_of(c, hash);
    e->chain = *at;
    *at = e;
    push_entry(c, e);
    c->entries++;
    c->rows += weight(e);
    while (c->rows > c->rows_max && c->oldest)
        drop_entry(c, c->oldest);
    return 0;
}
