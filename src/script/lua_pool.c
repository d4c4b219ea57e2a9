/* lua_pool.c - memory for one Lua state.
 *
 * Sizes up to SMALL_MAX are rounded up to a multiple of STEP and cut from
 * chunks; a freed one goes to the list of its size. Larger ones come from
 * mt_alloc() one by one. No block carries its size: LuaJIT tells it on free.
 *
 * LuaJIT does not survive every want of memory: it crashes when an allocation
 * of lua_newstate() fails, or one while a compiled loop hands its values back
 * to the interpreter. So the first chunk is there before and serves blocks of
 * every size until it is used up, and a last one is held in reserve: what
 * mt_alloc() refuses is cut from it, and the pool says that it is short, so
 * that the operator can fail between two batches. Only when that is used up
 * too does LuaJIT hear of it. A block that shrinks never fails: a large one
 * that should become small, and cannot move, stays where it is and belongs to
 * the pool from then on.
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

/* The end of each block of mt_alloc(), used if it stays while it shrinks. */
typedef struct stayed {
    struct stayed *next;
    void *p;
    size_t size; /* that it had as a large one */
} stayed;

struct mt_lua_pool {
    block *free[CLASSES];
    uint8_t *at; /* what is left of the newest chunk */
    uint8_t *end;
    chunk *chunks; /* the newest first */
    chunk *first;
    chunk *reserve;
    uint8_t *reserve_at;
    bool is_short; /* the reserve has been touched */
    stayed *stayed;
};

static bool add_chunk(mt_lua_pool *pool);

mt_lua_pool *mt__lua_pool_new(void)
{
    mt_lua_pool *pool = mt_calloc(sizeof(*pool));

    if (!pool)
        return NULL;
    pool->reserve = mt_alloc(CHUNK_BYTES);
    if (!pool->reserve || !add_chunk(pool)) {
        mt__lua_pool_free(pool);
        return NULL;
    }
    pool->reserve_at = pool->reserve->bytes;
    pool->first = pool->chunks;
    return pool;
}

bool mt__lua_pool_is_short(const mt_lua_pool *pool)
{
    return pool->is_short;
}

/* ---- large blocks -------------------------------------------------------- */

static size_t rounded(size_t size)
{
    return (size + STEP - 1) / STEP * STEP;
}

static size_t large_bytes(size_t size)
{
    return rounded(size) + sizeof(stayed);
}

static bool is_of(const chunk *c, const void *p)
{
    const uint8_t *start = (const uint8_t *)c;

    return (const uint8_t *)p >= start &&
           (const uint8_t *)p < start + CHUNK_BYTES;
}

/* Whether large block `p` is cut from a chunk. */
static bool is_lent(const mt_lua_pool *pool, const void *p)
{
    return is_of(pool->first, p) || is_of(pool->reserve, p);
}

static void *take_reserved(mt_lua_pool *pool, size_t size)
{
    uint8_t *end = (uint8_t *)pool->reserve + CHUNK_BYTES;
    uint8_t *at = pool->reserve_at;

    if (size > CHUNK_BYTES || (size_t)(end - at) < rounded(size))
        return NULL;
    pool->is_short = true;
    pool->reserve_at += rounded(size);
    return at;
}

static void *take_large(mt_lua_pool *pool, size_t size)
{
    uint8_t *at = pool->at;

    if (pool->chunks == pool->first && (size_t)(pool->end - at) >= size &&
        (size_t)(pool->end - at) >= rounded(size)) {
        pool->at += rounded(size);
        return at;
    }
    if (size > PTRDIFF_MAX / 2)
        return NULL;
    at = mt_alloc(large_bytes(size));
    return at ? at : take_reserved(pool, size);
}

/* What a chunk lent to a large block comes back with the chunk. */
static void give_large(mt_lua_pool *pool, void *p, size_t size)
{
    if (!is_lent(pool, p))
        mt_free(p, large_bytes(size));
}

/* Block `p` of `size` bytes becomes a small one in its place. */
static void keep_large(mt_lua_pool *pool, void *p, size_t size)
{
    stayed *s = (stayed *)(void *)((uint8_t *)p + rounded(size));

    if (is_lent(pool, p))
        return;
    s->p = p;
    s->size = size;
    s->next = pool->stayed;
    pool->stayed = s;
}

void mt__lua_pool_free(mt_lua_pool *pool)
{
    if (!pool)
        return;
    while (pool->stayed) {
        stayed *s = pool->stayed;

        pool->stayed = s->next;
        mt_free(s->p, large_bytes(s->size));
    }
    while (pool->chunks) {
        chunk *c = pool->chunks;

        pool->chunks = c->next;
        mt_free(c, CHUNK_BYTES);
    }
    mt_free(pool->reserve, CHUNK_BYTES);
    mt_free(pool, sizeof(*pool));
}

/* ---- small blocks -------------------------------------------------------- */

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
        return take_reserved(pool, size);
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

/* ---- what LuaJIT calls --------------------------------------------------- */

static void *take(mt_lua_pool *pool, size_t size)
{
    return size <= SMALL_MAX ? take_small(pool, size) : take_large(pool, size);
}

static void give(mt_lua_pool *pool, void *p, size_t size)
{
    if (p && size > SMALL_MAX)
        give_large(pool, p, size);
    else if (p)
        give_small(pool, p, size);
}

static void *move(mt_lua_pool *pool, void *p, size_t old_size, size_t new_size)
{
    void *moved = take(pool, new_size);

    if (moved) {
        memcpy(moved, p, old_size < new_size ? old_size : new_size);
        give(pool, p, old_size);
        return moved;
    }
    if (new_size > old_size)
        return NULL;
    if (old_size > SMALL_MAX)
        keep_large(pool, p, old_size);
    return p;
}

/* Both sizes are large. */
static void *resize_large(mt_lua_pool *pool, void *p, size_t old_size,
                          size_t new_size)
{
    void *resized;

    if (is_lent(pool, p))
        return new_size <= old_size ? p : move(pool, p, old_size, new_size);
    if (new_size > PTRDIFF_MAX / 2)
        return NULL;
    resized = mt_realloc(p, large_bytes(old_size), large_bytes(new_size));
    return resized ? resized : move(pool, p, old_size, new_size);
}

void *mt__lua_pool_alloc(void *arg, void *p, size_t old_size, size_t new_size)
{
    mt_lua_pool *pool = arg;

    if (new_size == 0) {
        give(pool, p, old_size);
        return NULL;
    }
    if (!p)
        return take(pool, new_size);
    if (old_size > SMALL_MAX && new_size > SMALL_MAX)
        return resize_large(pool, p, old_size, new_size);
    if (old_size <= SMALL_MAX && class_of(old_size) == class_of(new_size))
        return p;
    return move(pool, p, old_size, new_size);
}
