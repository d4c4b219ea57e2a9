/* lua_pool.h - memory for one Lua state.
 *
 * A closure over strings makes and drops a few of them a record, and LuaJIT
 * asks its allocator for each. This one answers from free lists by size, last
 * freed first, so that a new string lies where an old one just was and is still
 * in the cache.
 *
 * thread: a pool belongs to one state and its thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_LUA_POOL_H
#define MT_LUA_POOL_H

#include <stdbool.h>
#include <stddef.h>

typedef struct mt_lua_pool mt_lua_pool;

/* Returns owned; NULL without memory. */
mt_lua_pool *mt__lua_pool_new(void);
/* Whether memory has run out and it lives on its reserve: its state should be
 * closed soon. */
bool mt__lua_pool_is_short(const mt_lua_pool *pool);
/* After lua_close() of its state. NULL is fine. */
void mt__lua_pool_free(mt_lua_pool *pool);

/* A lua_Alloc; `pool` is an mt_lua_pool. Small blocks stay with the pool until
 * it is freed, so it holds as much as the state needed at its peak. */
void *mt__lua_pool_alloc(void *pool, void *p, size_t old_size, size_t new_size);

#endif
