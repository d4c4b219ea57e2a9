/* fuzz_sql.c - any text at SQL: it answers with a result or with an error
 * object that a user may see, and with nothing else. The checks are in
 * fuzz_sql.lua.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What libFuzzer takes for coverage: one counter a line of Lua, since it sees
 * none of what is interpreted. */
#define LINES_LEN (1 << 16)
__attribute__((
    section("__libfuzzer_extra_counters"))) static uint8_t lines[LINES_LEN];

static void count_line(lua_State *lua, lua_Debug *where)
{
    uint32_t hash = (uint32_t)where->currentline * 2654435761u;
    const char *c;

    if (lua_getinfo(lua, "S", where) == 0)
        return;
    for (c = where->short_src; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    lines[hash % LINES_LEN]++;
}

/* Leaves on the stack what the fuzzer calls for each input: true, or false and
 * what went wrong otherwise. */
static lua_State *open_state(void)
{
    lua_State *lua = luaL_newstate();

    luaL_openlibs(lua);
    if (luaL_dofile(lua, "spec/fuzz/fuzz_sql.lua") != 0) {
        fprintf(stderr, "%s\n", lua_tostring(lua, -1));
        abort();
    }
    lua_sethook(lua, count_line, LUA_MASKLINE, 0);
    return lua;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lua_State *lua;

    if (!lua)
        lua = open_state();
    lua_pushvalue(lua, 1);
    lua_pushlstring(lua, (const char *)data, size);
    if (lua_pcall(lua, 1, 2, 0) != 0 || !lua_toboolean(lua, 2)) {
        fprintf(stderr, "not an error of SQL: %s\n", lua_tostring(lua, -1));
        abort();
    }
    lua_settop(lua, 1);
    return 0;
}
