/* lua_state.h - Lua states that the engine makes for its own threads.
 *
 * thread: a state belongs to the operator that made it and runs on its task's
 * thread only. Nothing is shared between states.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_LUA_STATE_H
#define MT_LUA_STATE_H

#include <lua.h>

#include "moontide.h"

/* A state with the standard libraries and moontide.core preloaded, in memory of
 * its own. Returns owned; NULL with err. */
lua_State *mt__lua_state_new(mt_error **err);
void mt__lua_state_free(lua_State *L); /* NULL is fine */

/* To be called inside of a protected call. A worker's modules are found where
 * the job's script found its own: sets package.path and .cpath to those of a
 * node's payload, a table in string.buffer's encoding. */
void mt__lua_set_path(lua_State *L, const void *payload, size_t len);

/* Fails with the Lua error on top of L's stack, which is popped: a string, an
 * error object (a table with `message`), or the table that worker.lua's
 * on_error makes (message, step, record). `status` is what lua_pcall answered.
 * Raises nothing itself. Returns MT_ENOMEM when the state has run out of
 * memory, else MT_ESCRIPT. L must be of mt__lua_state_new(). */
int mt__lua_fail(lua_State *L, int status, mt_error **err);

/* To be asked after each call that went well: MT_ENOMEM with err when the state
 * has run out of memory, and lives on what was kept for that. */
int mt__lua_check_memory(lua_State *L, mt_error **err);

/* Runs fn(L) with `arg` as its light userdata argument; what it leaves on its
 * stack is gone afterwards. Outside of a protected call even pushing a short
 * text may end the process, when there is no memory for it. 0, or negative with
 * err as mt__lua_fail() does. */
int mt__lua_protect(lua_State *L, lua_CFunction fn, void *arg, mt_error **err);

#endif
