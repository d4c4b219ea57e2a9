/* test_lua_pool.c - memory for one Lua state.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/lua_pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tap.h"

enum { BLOCKS = 500, STEPS = 200000, LARGEST = 3000 };

typedef struct held {
    unsigned char *p;
    size_t size;
    unsigned char mark;
} held;

static bool is_intact(const held *h)
{
    size_t i;

    for (i = 0; i < h->size; i++) {
        if (h->p[i] != h->mark)
            return false;
    }
    return true;
}

/* Blocks of random sizes come, change and go; each keeps what was written to
 * it, so no two ever overlap. */
static void blocks_never_overlap(void)
{
    static held blocks[BLOCKS];
    mt_lua_pool *pool = mt__lua_pool_new();
    bool intact = true;
    int i;

    memset(blocks, 0, sizeof(blocks));
    for (i = 0; i < STEPS && intact; i++) {
        held *h = &blocks[rand() % BLOCKS];
        size_t size = (size_t)(rand() % 3 ? rand() % 200 : rand() % LARGEST);
        size_t kept = size < h->size ? size : h->size;
        unsigned char *p;

        intact = is_intact(h);
        p = mt__lua_pool_alloc(pool, h->p, h->size, size);
        if (size && !p)
            break;
        h->p = p;
        h->size = kept;
        intact = intact && is_intact(h);
        h->size = size;
        h->mark = (unsigned char)rand();
        if (size)
            memset(p, h->mark, size);
    }
    OK(intact && i == STEPS, "blocks keep their bytes over %d random steps", i);
    for (i = 0; i < BLOCKS; i++)
        mt__lua_pool_alloc(pool, blocks[i].p, blocks[i].size, 0);
    mt__lua_pool_free(pool);
}

static void freed_blocks_come_first(void)
{
    mt_lua_pool *pool = mt__lua_pool_new();
    void *a = mt__lua_pool_alloc(pool, NULL, 0, 40);
    void *b;

    mt__lua_pool_alloc(pool, a, 40, 0);
    b = mt__lua_pool_alloc(pool, NULL, 0, 48);
    OK(a == b, "a block that was just freed serves the next of its size");
    OK(mt__lua_pool_alloc(pool, b, 48, 33) == b,
       "a block that still fits stays");
    mt__lua_pool_free(pool);
}

static void shrinking_needs_no_memory(void)
{
    enum { SMALL = 1024, LARGE = 200000 };
    mt_lua_pool *pool = mt__lua_pool_new();
    char *large = mt__lua_pool_alloc(pool, NULL, 0, LARGE);
    char *kept;

    memset(large, 'x', SMALL);
    OK(!mt__lua_pool_is_short(pool), "a pool begins with enough");
    do {
        /* Until the first chunk and the reserve are used up. */
        mt__alloc_fail_at(1);
    } while (mt__lua_pool_alloc(pool, NULL, 0, SMALL));
    OK(mt__lua_pool_is_short(pool), "and says when it is short");
    mt__alloc_fail_at(1);
    kept = mt__lua_pool_alloc(pool, large, LARGE, SMALL);
    mt__alloc_fail_at(0);
    OK(kept == large && kept[0] == 'x' && kept[SMALL - 1] == 'x',
       "a large block becomes small in its place where there is no other");
    mt__lua_pool_alloc(pool, kept, SMALL, 0);
    OK(mt__lua_pool_alloc(pool, NULL, 0, SMALL) == large,
       "and serves as one from then on");
    mt__lua_pool_free(pool);
}

int main(void)
{
    mt__alloc_stats before, after;

    srand((unsigned)tap_seed());
    mt__alloc_read(&before);
    blocks_never_overlap();
    freed_blocks_come_first();
    shrinking_needs_no_memory();
    mt__alloc_read(&after);
    EQ_INT(after.blocks_live, before.blocks_live, "nothing is left behind");
    return tap_done();
}
