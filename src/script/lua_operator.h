/* lua_operator.h - the "lua" operator: chains of closures.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_LUA_OPERATOR_H
#define MT_LUA_OPERATOR_H

#include "runtime/operator.h"

extern const mt_operator_class mt__lua_operator;

#endif
