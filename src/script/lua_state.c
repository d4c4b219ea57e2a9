/* lua_state.c - Lua states that the engine makes for its own threads.
 *
 * A Lua error outside of every protected call ends the process, and nearly all
 * that touches a state can raise one for lack of memory. So whatever makes or
 * looks up a text runs inside mt__lua_protect(), the reading of errors
 * included: an error value crosses into the protected call through a slot of
 * the registry that exists from the beginning, since filling one takes no
 * memory.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/lua_state.h"

#include <lauxlib.h>
#include <lualib.h>

#include "script/lua_pool.h"

/* Its address is the registry's key of the error that is being read. */
static char error_key;

static int open_libraries(lua_State *L)
{
    luaL_openlibs(L);
    lua_pushlightuserdata(L, &error_key);
    lua_pushboolean(L, false);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, luaopen_moontide_core);
    lua_setfield(L, -2, "moontide.core");
    return 0;
}

/* An error outside of every pcall: a mistake of ours. LuaJIT ends the process
 * after this. */
static int panic(lua_State *L)
{
    const char *text = lua_tostring(L, -1);

    mt_log(MT_LOG_ERROR, "script", "unprotected Lua error: %s",
           text ? text : "unknown");
    return 0;
}

lua_State *mt__lua_state_new(mt_error **err)
{
    mt_lua_pool *pool = mt__lua_pool_new();
    lua_State *L = pool ? lua_newstate(mt__lua_pool_alloc, pool) : NULL;

    if (!L) {
        mt__lua_pool_free(pool);
        mt_fail(err, MT_ENOMEM, "no memory for a Lua state");
        return NULL;
    }
    lua_atpanic(L, panic);
    /* Before it there is no slot for an error, and want of memory is the only
     * one that it can have. */
    if (lua_cpcall(L, open_libraries, NULL) != 0) {
        mt__lua_state_free(L);
        mt_fail(err, MT_ENOMEM, "no memory for a Lua state");
        return NULL;
    }
    return L;
}

void mt__lua_state_free(lua_State *L)
{
    void *pool;

    if (!L)
        return;
    lua_getallocf(L, &pool);
    lua_close(L);
    mt__lua_pool_free(pool);
}

void mt__lua_set_path(lua_State *L, const void *payload, size_t len)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "string.buffer");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "decode");
    lua_pushlstring(L, payload, len);
    lua_call(L, 1, 1);
    lua_getglobal(L, "package");
    lua_getfield(L, -2, "path");
    lua_setfield(L, -2, "path");
    lua_getfield(L, -2, "cpath");
    lua_setfield(L, -2, "cpath");
    lua_pop(L, 3);
}

/* ---- errors ----------------------------------------------------------- */

/* The field of the table at index `table` as text that lives on the stack, or
 * NULL. */
static const char *push_field(lua_State *L, int table, const char *name,
                              size_t *len)
{
    lua_getfield(L, table, name);
    if (lua_type(L, -1) != LUA_TSTRING)
        return NULL;
    return lua_tolstring(L, -1, len);
}

static void fail_with_table(lua_State *L, int table, mt_error **err)
{
    size_t len = 0;
    const char *message = push_field(L, table, "message", NULL);
    const char *where = push_field(L, table, "where", NULL);
    const char *step = push_field(L, table, "step", NULL);
    const char *operator_name = push_field(L, table, "operator", NULL);
    const char *record = push_field(L, table, "record", &len);

    mt_fail(err, MT_ESCRIPT, "%s%s%s", where ? where : "", where ? ": " : "",
            message ? message : "a Lua error without a message");
    if (err && *err) {
        if (step || operator_name)
            mt_error_set_operator(*err, step ? step : operator_name);
        if (record)
            mt_error_set_record(*err, record, len, NULL);
    }
}

/* Reads the error that waits in its slot. The C side is told at the end, after
 * all that may raise. */
static int read_error(lua_State *L)
{
    mt_error **err = lua_touserdata(L, 1);
    const char *text;

    lua_pushlightuserdata(L, &error_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    if (lua_istable(L, 2)) {
        fail_with_table(L, 2, err);
        return 0;
    }
    text = lua_tostring(L, 2);
    mt_fail(err, MT_ESCRIPT, "%s",
            text ? text : "a Lua error that is neither text nor a table");
    return 0;
}

static int fail_for_memory(lua_State *L, mt_error **err)
{
    return mt_fail(err, MT_ENOMEM,
                   "no memory for the closures' Lua state, which holds %d KB",
                   lua_gc(L, LUA_GCCOUNT, 0));
}

int mt__lua_check_memory(lua_State *L, mt_error **err)
{
    void *pool;

    lua_getallocf(L, &pool);
    return mt__lua_pool_is_short(pool) ? fail_for_memory(L, err) : 0;
}

/* Puts the value on top, which is popped, into the error's slot. */
static void set_error_slot(lua_State *L)
{
    lua_pushlightuserdata(L, &error_key);
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

int mt__lua_fail(lua_State *L, int status, mt_error **err)
{
    int rc = MT_ESCRIPT;

    if (status == LUA_ERRMEM) {
        lua_pop(L, 1);
        return fail_for_memory(L, err);
    }
    set_error_slot(L);
    if (lua_cpcall(L, read_error, err) != 0) {
        lua_pop(L, 1);
        rc = fail_for_memory(L, err);
    }
    lua_pushboolean(L, false);
    set_error_slot(L);
    return rc;
}

int mt__lua_protect(lua_State *L, lua_CFunction fn, void *arg, mt_error **err)
{
    int status = lua_cpcall(L, fn, arg);

    return status == 0 ? mt__lua_check_memory(L, err)
                       : mt__lua_fail(L, status, err);
}
