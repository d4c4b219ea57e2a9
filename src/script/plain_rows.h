/* plain_rows.h - rows as plain Lua tables, built and stored by C.
 *
 * For chains whose closures LuaJIT cannot compile: interpreted Lua is slow at
 * FFI, so a column is better turned into Lua values, and back, by one call into
 * C than by one FFI access a row. In Lua (all of moontide.core):
 *
 *     core.rows_fetch(batch, from, stop, metatables, decoded, n) -> list
 *         rows [from, stop) of a batch (pointer), each a table with its first n
 *         fields at 1 .. n and its kind's metatable (metatables[1 + kind]);
 *         of a stream that isn't of rows, the values themselves (null for
 *         NULL). decoded[column from 1] is a list of the values of a column
 *         whose kind C leaves to Lua; core.rows_native(batch, column from 0)
 *         says which those are not.
 *     core.rows_store(column, list, n, field, name, first) -> next
 *         appends list[first .. n] (or their field `field`, called `name`, when
 *         field > 0) to a column builder (pointer) until a value isn't
 *         what its type takes at its fastest: that one, list[next], is for the
 *         writer, which converts or refuses it. n + 1 when all are stored.
 *
 * Door: C API.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_PLAIN_ROWS_H
#define MT_PLAIN_ROWS_H

#include <lua.h>

int mt__rows_fetch(lua_State *L);
int mt__rows_native(lua_State *L);
int mt__rows_store(lua_State *L);

#endif
