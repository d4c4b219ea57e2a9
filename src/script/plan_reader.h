/* plan_reader.h - a plan as Lua holds it, made an mt_plan.
 *
 *     { name = "job", settings = { [key] = text },
 *       nodes = { { kind =, name =, connector =, options = { [name] = value },
 *                   type =, table =, physical_len =, metadata = { key, ... },
 *                   primary_key = { column from 0, ... }, parallelism =,
 *                   max_parallelism =, buffer_timeout_ms =, chain_start =,
 *                   chain_none =, payload = }, ... },
 *       edges = { { from = node, to = node, input = 0 or 1, ship = "HASH",
 *                   columns = { column from 0, ... } }, ... } }
 *
 * A node's id is its place in `nodes`, from 1. Values of options and settings
 * may be strings, numbers or booleans.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_PLAN_READER_H
#define MT_PLAN_READER_H

#include <lua.h>

#include "moontide.h"

/* The plan in the table at stack index `index`. Returns owned, NULL with err.
 * May raise a Lua error only for lack of memory. */
mt_plan *mt__plan_read(lua_State *L, int index, mt_error **err);

#endif
