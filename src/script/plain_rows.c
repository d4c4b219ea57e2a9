/* plain_rows.c - rows as plain Lua tables, built and stored by C.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/plain_rows.h"

#include <lauxlib.h>
#include <math.h>

#include "moontide_plugin.h"

/* A BIGINT is a Lua number below this magnitude, and a plain number is exact up
 * to that one (DESIGN: Lua inside the loop). */
#define BIGINT_NUMBER 100000000000000.0
#define EXACT_NUMBER 9007199254740992.0

/* ---- values to Lua ------------------------------------------------------- */

static void push_bytes(lua_State *L, const mt_column *c, int32_t row)
{
    int32_t at = c->offsets[row];

    lua_pushlstring(L, (const char *)c->values + at,
                    (size_t)(c->offsets[row + 1] - at));
}

/* A BIGINT past BIGINT_NUMBER is an int64 object, which only Lua can make. */
static bool bigints_are_numbers(const mt_column *c)
{
    const int64_t *v = c->values;
    int32_t i;

    for (i = 0; i < c->rows; i++) {
        if ((double)v[i] >= BIGINT_NUMBER || (double)v[i] <= -BIGINT_NUMBER)
            return false;
    }
    return true;
}

static bool is_native(const mt_type *type, const mt_column *c)
{
    switch (type->kind) {
    case MT_BOOLEAN:
    case MT_TINYINT:
    case MT_SMALLINT:
    case MT_INT:
    case MT_FLOAT:
    case MT_DOUBLE:
    case MT_CHAR:
    case MT_VARCHAR:
    case MT_BINARY:
    case MT_VARBINARY:
        return true;
    case MT_BIGINT:
        return bigints_are_numbers(c);
    default:
        return false;
    }
}

static void push_value(lua_State *L, mt_kind kind, const mt_column *c,
                       int32_t row)
{
    switch (kind) {
    case MT_BOOLEAN:
        lua_pushboolean(L, mt_bit(c->values, row));
        break;
    case MT_TINYINT:
        lua_pushnumber(L, ((const int8_t *)c->values)[row]);
        break;
    case MT_SMALLINT:
        lua_pushnumber(L, ((const int16_t *)c->values)[row]);
        break;
    case MT_INT:
        lua_pushnumber(L, ((const int32_t *)c->values)[row]);
        break;
    case MT_BIGINT:
        lua_pushnumber(L, (lua_Number)((const int64_t *)c->values)[row]);
        break;
    case MT_FLOAT:
        lua_pushnumber(L, ((const float *)c->values)[row]);
        break;
    case MT_DOUBLE:
        lua_pushnumber(L, ((const double *)c->values)[row]);
        break;
    default:
        push_bytes(L, c, row);
    }
}

/* The pointer at stack index `at`: lightuserdata, or cdata that is one. */
static void *to_pointer(lua_State *L, int at)
{
    enum { TYPE_CDATA = 10 }; /* LuaJIT's, of which lua.h tells nothing */

    if (lua_type(L, at) == TYPE_CDATA)
        return *(void *const *)lua_topointer(L, at);
    return lua_touserdata(L, at);
}

/* ---- fetching ----------------------------------------------------------- */

typedef struct fetch {
    mt_batch *batch;
    int32_t from;
    int32_t stop;
    int decoded; /* stack index of the columns that Lua decoded */
    int list;    /* stack index of the rows */
} fetch;

static void push_rows_made(lua_State *L, const fetch *f)
{
    int32_t width = f->batch->columns_len;
    int32_t i;

    for (i = f->from; i < f->stop; i++) {
        lua_createtable(L, width, 0);
        lua_rawgeti(L, 4, 1 + (int)mt_batch_kind(f->batch, i));
        lua_setmetatable(L, -2);
        lua_rawseti(L, f->list, i - f->from + 1);
    }
}

/* Puts a column's values into field `at` of the rows made before; into the list
 * itself where a record is not a row. */
static void fill_native(lua_State *L, const fetch *f, const mt_type *type,
                        const mt_column *c, int at)
{
    int32_t i;

    for (i = f->from; i < f->stop; i++) {
        if (mt_column_is_null(c, i)) {
            if (!at) {
                lua_pushlightuserdata(L, NULL);
                lua_rawseti(L, f->list, i - f->from + 1);
            }
            continue;
        }
        if (!at) {
            push_value(L, type->kind, c, i);
            lua_rawseti(L, f->list, i - f->from + 1);
            continue;
        }
        lua_rawgeti(L, f->list, i - f->from + 1);
        push_value(L, type->kind, c, i);
        lua_rawseti(L, -2, at);
        lua_pop(L, 1);
    }
}

static void fill_decoded(lua_State *L, const fetch *f, int column, int at)
{
    int32_t i;

    lua_rawgeti(L, f->decoded, column + 1);
    for (i = f->from; i < f->stop; i++) {
        if (at) {
            lua_rawgeti(L, f->list, i - f->from + 1);
            lua_rawgeti(L, -2, i - f->from + 1);
            lua_rawseti(L, -2, at);
            lua_pop(L, 1);
        } else {
            lua_rawgeti(L, -1, i - f->from + 1);
            lua_rawseti(L, f->list, i - f->from + 1);
        }
    }
    lua_pop(L, 1);
}

int mt__rows_fetch(lua_State *L)
{
    fetch f = {.batch = to_pointer(L, 1), .decoded = 5, .list = 7};
    int32_t columns_len = (int32_t)lua_tointeger(L, 6);
    bool of_rows = f.batch->type->kind == MT_ROW;
    int32_t i;

    f.from = (int32_t)lua_tointeger(L, 2);
    f.stop = (int32_t)lua_tointeger(L, 3);
    lua_settop(L, 6);
    lua_createtable(L, f.stop - f.from, 0);
    if (of_rows)
        push_rows_made(L, &f);
    for (i = 0; i < columns_len; i++) {
        const mt_type *type = mt_type_column(f.batch->type, i);
        bool decoded;

        lua_rawgeti(L, f.decoded, i + 1);
        decoded = lua_istable(L, -1);
        lua_pop(L, 1);
        if (decoded)
            fill_decoded(L, &f, i, of_rows ? i + 1 : 0);
        else
            fill_native(L, &f, type, &f.batch->columns[i], of_rows ? i + 1 : 0);
    }
    return 1;
}

int mt__rows_native(lua_State *L)
{
    mt_batch *batch = to_pointer(L, 1);
    int32_t i = (int32_t)lua_tointeger(L, 2);

    lua_pushboolean(
        L, is_native(mt_type_column(batch->type, i), &batch->columns[i]));
    return 1;
}

/* ---- storing ----------------------------------------------------------- */

static bool store_whole(lua_State *L, mt_column_builder *c, double min,
                        double max)
{
    double v = lua_tonumber(L, -1);

    if (!(v >= min && v <= max) || floor(v) != v)
        return false;
    switch (c->type->kind) {
    case MT_TINYINT:
        return mt_put_i8(c, (int8_t)v) == 0;
    case MT_SMALLINT:
        return mt_put_i16(c, (int16_t)v) == 0;
    case MT_INT:
        return mt_put_i32(c, (int32_t)v) == 0;
    default:
        return mt_put_i64(c, (int64_t)v) == 0;
    }
}

static bool store_number(lua_State *L, mt_column_builder *c)
{
    switch (c->type->kind) {
    case MT_TINYINT:
        return store_whole(L, c, INT8_MIN, INT8_MAX);
    case MT_SMALLINT:
        return store_whole(L, c, INT16_MIN, INT16_MAX);
    case MT_INT:
        return store_whole(L, c, INT32_MIN, INT32_MAX);
    case MT_BIGINT:
        return store_whole(L, c, -EXACT_NUMBER, EXACT_NUMBER);
    case MT_DOUBLE:
        return mt_put_f64(c, lua_tonumber(L, -1)) == 0;
    default:
        return false;
    }
}

static bool store_string(lua_State *L, mt_column_builder *c)
{
    size_t len;
    const char *bytes = lua_tolstring(L, -1, &len);

    return c->type->form == MT_FORM_VAR && c->type->kind != MT_RAW &&
           mt_put_bytes(c, bytes, len) == 0;
}

/* The value on top of the stack; false: the writer must look at it. */
static bool store_value(lua_State *L, mt_column_builder *c)
{
    switch (lua_type(L, -1)) {
    case LUA_TNUMBER:
        return store_number(L, c);
    case LUA_TSTRING:
        return store_string(L, c);
    case LUA_TBOOLEAN:
        return c->type->kind == MT_BOOLEAN &&
               mt_put_bool(c, lua_toboolean(L, -1)) == 0;
    case LUA_TNIL:
        return c->type->nullable && c->type->kind != MT_RAW &&
               mt_put_null(c) == 0;
    default:
        return false;
    }
}

/* Pushes field `field` of the row on top; false where it is no plain table. */
static bool push_field(lua_State *L, int field, const char *name)
{
    if (!lua_istable(L, -1))
        return false;
    lua_rawgeti(L, -1, field);
    if (!lua_isnil(L, -1))
        return true;
    if (lua_getmetatable(L, -2)) {
        lua_pop(L, 1);
        return true; /* a Row: its fields are at 1 .. n */
    }
    lua_pop(L, 1);
    lua_getfield(L, -1, name);
    return true;
}

int mt__rows_store(lua_State *L)
{
    mt_column_builder *c = to_pointer(L, 1);
    int n = (int)lua_tointeger(L, 3);
    int field = (int)lua_tointeger(L, 4);
    const char *name = lua_tostring(L, 5);
    int first = (int)lua_tointeger(L, 6);
    int i;

    for (i = first; i <= n; i++) {
        int top = lua_gettop(L);
        bool stored;

        lua_rawgeti(L, 2, i);
        stored = (!field || push_field(L, field, name)) && store_value(L, c);
        lua_settop(L, top);
        if (!stored)
            break;
    }
    lua_pushinteger(L, i);
    return 1;
}
