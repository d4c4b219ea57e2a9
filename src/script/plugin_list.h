/* plugin_list.h - what there is of connectors and formats, for scripts and the
 * command to show.
 *
 * thread: the one of the Lua state.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_PLUGIN_LIST_H
#define MT_PLUGIN_LIST_H

#include <lua.h>

/* plugins("connector" | "format"): names of those that are found, sorted. */
int mt__plugins(lua_State *L);

/* connector(name): { name, summary, options, source, sink, lookup (booleans),
 * pushes_filters, pushes_limit, metadata = { [key] = type } }. Options are a
 * sequence of { name, type, default, help, choices, legacy, required, secret,
 * unsupported }. Raises for a name that is none. */
int mt__plugin_connector(lua_State *L);

/* format(name): { name, summary, options, changes (carries more than +I),
 * decodes, encodes }. */
int mt__plugin_format(lua_State *L);

#endif
