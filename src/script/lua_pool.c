/* lua_pool.c - memory for one Lua state.
 *
 * Sizes up to SMALL_MAX are rounded up to a multiple of STEP and cut from
 * chunks; a freed one goes to the list of its size. Larger ones come from
 * mt_alloc() one by one. No block carries its size: LuaJIT tells it on free.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/lua_pool.h"

#include "moontide_plugin.h"

enum {
    STEP = 16,
    SMALL_MAX = 1024,
    CLASSES = SMALL_MAX / STEP + 1,
    CHUNK_BYTES = 64 << 10
};

typedef struct block {
    struct block *next;
} block;

typedef struct chunk {
    struct chunk *next;
    uint64_t unused; /* keeps what follows aligned to STEP */
    uint8_t bytes[];
} chunk;

struct mt_lua_pool {
    block *free[CLASSES];
    uint8_t *at; /* what is left of the newest chunk */
    uint8_t *end;
    chunk *chunks;
};

mt_lua_pool *mt__lua_pool_new(void)
{
    return mt_calloc(sizeof(mt_lua_pool));
}

void mt__lua_pool_free(mt_lua_pool *pool)
{
    if (!pool)
        return;
    while (pool->chunks) {
        chunk *c = pool->chunks;

        pool->chunks = c->next;
        mt_free(c, CHUNK_BYTES);
    }
    mt_free(pool, sizeof(*pool));
}

static size_t class_of(size_t size)
{
    return (size + STEP - 1) / STEP;
}

static bool add_chunk(mt_lua_pool *pool)
{
    chunk *c = mt_alloc(CHUNK_BYTES);

    if (!c)
        return false;
    /* What is left of the chunk before serves blocks of that size. */
    if (pool->end - pool->at >= STEP) {
        size_t left = (size_t)(pool->end - pool->at) / STEP;
        block *b = (block *)(void *)pool->at;

        b->next = pool->free[left];
        pool->free[left] = b;
    }
    c->next = pool->chunks;
    pool->chunks = c;
    pool->at = c->bytes;
    pool->end = (uint8_t *)c + CHUNK_BYTES;
    return true;
}

static void *take_small(mt_lua_pool *pool, size_t size)
{
    size_t class = class_of(size);
    block *b = pool->free[class];
    uint8_t *at;

    if (b) {
        pool->free[class] = b->next;
        return b;
    }
    if ((size_t)(pool->end - pool->at) < class * STEP && !add_chunk(pool))
        return NULL;
    at = pool->at;
    pool->at += class * STEP;
    return at;
}

static void give_small(mt_lua_pool *pool, void *p, size_t size)
{
    block *b = p;

    b->next = pool->free[class_of(size)];
    pool->free[class_of(size)] = b;
}

static void *move(mt_lua_pool *pool, void *p, size_t old_size,
                  size_t new_size)
{
    void *moved = mt__lua_pool_alloc(pool, NULL, 0, new_size);

    if (!moved)
        return NULL;
    memcpy(moved, p, old_size < new_size ? old_size : new_size);
    mt__lua_pool_alloc(pool, p, old_size, 0);
    return moved;
}

void *mt__lua_pool_alloc(void *arg, void *p, size_t old_size, size_t new_size)
{
    mt_lua_pool *pool = arg;

    if (new_size == 0) {
        if (p && old_size <= SMALL_MAX)
            give_small(pool, p, old_size);
        else
            mt_free(p, old_size);
        return NULL;
    }
    if (!p)
        return new_size <= SMALL_MAX ? take_small(pool, new_size) :
                                       mt_alloc(new_size);
    if (old_size > SMALL_MAX && new_size > SMALL_MAX)
        return mt_realloc(p, old_size, new_size);
    if (old_size <= SMALL_MAX && class_of(old_size) == class_of(new_size))
        return p;
    return move(pool, p, old_size, new_size);
}
