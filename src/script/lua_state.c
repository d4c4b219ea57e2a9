/* lua_state.c - Lua states that the engine makes for its own threads.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/lua_state.h"

#include <lauxlib.h>
#include <lualib.h>

#include "script/lua_pool.h"

static int open_libraries(lua_State *L)
{
    luaL_openlibs(L);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, luaopen_moontide_core);
    lua_setfield(L, -2, "moontide.core");
    return 0;
}

/* An error outside of every pcall: a mistake of ours, since all calls of the
 * engine into Lua are protected. LuaJIT ends the process after this. */
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
    if (lua_cpcall(L, open_libraries, NULL) != 0) {
        mt__lua_fail(L, err);
        mt__lua_state_free(L);
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

/* The field of the table on top as text that lives on the stack, or NULL. */
static const char *push_field(lua_State *L, int table, const char *name,
                              size_t *len)
{
    lua_getfield(L, table, name);
    if (lua_type(L, -1) != LUA_TSTRING)
        return NULL;
    return lua_tolstring(L, -1, len);
}

static int fail_with_table(lua_State *L, int table, mt_error **err)
{
    size_t len = 0;
    const char *message = push_field(L, table, "message", &len);
    const char *step, *operator_name, *record, *where;

    where = push_field(L, table, "where", NULL);
    mt_fail(err, MT_ESCRIPT, "%s%s%s", where ? where : "", where ? ": " : "",
            message ? message : "a Lua error without a message");
    step = push_field(L, table, "step", NULL);
    operator_name = push_field(L, table, "operator", NULL);
    record = push_field(L, table, "record", &len);
    if (err && *err) {
        if (step || operator_name)
            mt_error_set_operator(*err, step ? step : operator_name);
        if (record)
            mt_error_set_record(*err, record, len, NULL);
    }
    return MT_ESCRIPT;
}

int mt__lua_fail(lua_State *L, mt_error **err)
{
    int top = lua_gettop(L);
    const char *text;

    if (lua_istable(L, top)) {
        fail_with_table(L, top, err);
    } else {
        text = lua_tostring(L, top);
        mt_fail(err, MT_ESCRIPT, "%s", text ? text : "a Lua error");
    }
    lua_settop(L, top - 1);
    return MT_ESCRIPT;
}
