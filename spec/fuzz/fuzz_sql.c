/* fuzz_sql.c - any text at SQL's parser: it answers with a tree or with an
 * error object of code SQL, and with nothing else.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Leaves on the stack what the fuzzer calls for each input: true, or false and
 * what went wrong otherwise. */
static const char *const harness =
    "local parse = require 'moontide.sql.parser'.parse\n"
    "return function(text)\n"
    "    local ok, err = pcall(parse, text)\n"
    "    if ok or type(err) == 'table' and err.code == 'SQL' then\n"
    "        return true\n"
    "    end\n"
    "    return false, tostring(err)\n"
    "end\n";

static lua_State *open_state(void)
{
    lua_State *lua = luaL_newstate();

    luaL_openlibs(lua);
    if (luaL_loadstring(lua, harness) != 0 || lua_pcall(lua, 0, 1, 0) != 0) {
        fprintf(stderr, "%s\n", lua_tostring(lua, -1));
        abort();
    }
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
