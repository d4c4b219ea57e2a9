/* core.h - moontide.core, the one C module that Lua requires.
 *
 * It hands plans to the engine and jobs back to scripts. In Lua:
 *
 *     core.version, core.so_path        strings
 *     core.job_start(plan) -> job            plan: see plan_reader.h
 *     core.jobs() -> list                    those not yet seen to end by wait
 *     core.log(level, who, text)             "error" "warn" "info" "debug"
 *     core.log_level(level)                  least important level that is seen
 *     core.cpu_count() -> n
 *     core.plugin_path(folders)
 *     core.connector(name) -> { pushes_filters =, pushes_limit =,
 *                               metadata = { key = type } }
 *     job:wait(timeout_ms) -> "running" | "finished" | "canceled"
 *     job:take(node, timeout_ms) -> "batch", rows | "none" | "end"
 *     job:state(), job:id(), job:name(), job:runtime_ms(), job:straggler()
 *     job:metrics() -> { { operator =, subtask =, name =, value = }, ... }
 *     job:stop(), job:cancel()
 *     job:ending_ms() -> ms since it failed or was cancelled, 0 otherwise
 *     job:failure()                          raises what it fails with, if any
 *     job:left_behind()                      an error tells of its thread, the log
 *                                            need not
 *     job:patience([ms]) -> ms               how long closures may keep it from
 *                                            ending before they are left behind
 *
 * What fails raises an error object (moontide.error).
 * Door: C API, since everything here may block, raise or run Lua.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_CORE_H
#define MT_CORE_H

#include <lua.h>

#include "moontide.h"

/* Stops (drains) every job that Lua states of this process have started, for
 * a host that got an interrupt. Returns how many were running. thread: any but
 * a signal handler. */
MT_API int mt_script_stop_jobs(void);

/* Raises *err (taken) as an error object. Does not return. */
int mt__lua_raise(lua_State *L, mt_error *err);

#endif
