/* core.c - moontide.core, the one C module that Lua requires.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr */
#endif
#include "script/core.h"

#include <dlfcn.h>
#include <lauxlib.h>
#include <pthread.h>

#include "base/cpu.h"
#include "script/calc_operator.h"
#include "script/job_list.h"
#include "script/lua_operator.h"
#include "script/plain_rows.h"
#include "script/plan_reader.h"
#include "script/plugin_list.h"

#define JOB_TYPE "moontide.job"
/* Registry key of the set of jobs that have not been seen to end. A job is kept
 * from the collector until then, since nobody need hold an asynchronous one. */
#define JOBS_KEY "moontide.jobs"

/* ---- errors ----------------------------------------------------------- */

static void set_text(lua_State *L, const char *name, const char *text)
{
    if (text) {
        lua_pushstring(L, text);
        lua_setfield(L, -2, name);
    }
}

/* The record's place and bytes as one text: "topic t, offset 42: {...". */
static void set_record(lua_State *L, const mt_error *err)
{
    size_t len = 0;
    const char *bytes = mt_error_record(err, &len);
    const char *place = mt_error_place(err);
    luaL_Buffer text;

    if (!bytes && !place)
        return;
    luaL_buffinit(L, &text);
    if (place)
        luaL_addstring(&text, place);
    if (place && bytes)
        luaL_addstring(&text, ": ");
    if (bytes)
        luaL_addlstring(&text, bytes, len);
    luaL_pushresult(&text);
    lua_setfield(L, -2, "record");
}

/* Pushes the fields of an error; notes only at the outermost. */
static void push_fields(lua_State *L, const mt_error *err, bool outer)
{
    const mt_error *cause = mt_error_cause(err);

    luaL_checkstack(L, 10, "too many causes");
    lua_newtable(L);
    set_text(L, "message", mt_error_message(err));
    set_text(L, "code", mt_code_name(mt_error_code(err)));
    if (outer) {
        set_text(L, "operator", mt_error_operator(err));
        set_text(L, "option", mt_error_option(err));
        set_record(L, err);
    }
    if (cause) {
        push_fields(L, cause, false);
        lua_setfield(L, -2, "cause");
    }
}

/* Makes the table on top an error object; recursively its cause. */
static void make_object(lua_State *L)
{
    lua_getfield(L, -1, "cause");
    if (lua_istable(L, -1)) {
        make_object(L);
        lua_setfield(L, -2, "cause");
    } else {
        lua_pop(L, 1);
    }
    lua_getglobal(L, "require");
    lua_pushliteral(L, "moontide.error");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "new");
    lua_remove(L, -2);
    lua_insert(L, -2);
    lua_call(L, 1, 1);
}

int mt__lua_raise(lua_State *L, mt_error *err)
{
    push_fields(L, err, true);
    mt_error_free(err);
    make_object(L);
    return lua_error(L);
}

/* ---- jobs ----------------------------------------------------------- */

typedef struct job_handle {
    mt_job *job;
    int64_t patience_ms;
    bool told; /* an error has said that its thread is left behind */
} job_handle;

enum { PATIENCE_MS = 5000 };

static mt_job *check_job(lua_State *L)
{
    job_handle *h = luaL_checkudata(L, 1, JOB_TYPE);

    return h->job;
}

/* Puts the job at index `at` into the set of kept ones, or takes it out. */
static void keep_job(lua_State *L, int at, bool keep)
{
    lua_getfield(L, LUA_REGISTRYINDEX, JOBS_KEY);
    lua_pushvalue(L, at);
    if (keep)
        lua_pushboolean(L, true);
    else
        lua_pushnil(L);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

static int core_jobs(lua_State *L)
{
    int n = 0;

    lua_newtable(L);
    lua_getfield(L, LUA_REGISTRYINDEX, JOBS_KEY);
    for (lua_pushnil(L); lua_next(L, -2);) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -4, ++n);
    }
    lua_pop(L, 1);
    return 1;
}

static int core_job_start(lua_State *L)
{
    mt_error *err = NULL;
    job_handle *h;
    mt_plan *plan;

    luaL_checktype(L, 1, LUA_TTABLE);
    h = lua_newuserdata(L, sizeof(*h));
    h->job = NULL;
    h->patience_ms = PATIENCE_MS;
    h->told = false;
    luaL_getmetatable(L, JOB_TYPE);
    lua_setmetatable(L, -2);
    plan = mt__plan_read(L, 1, &err);
    if (!plan)
        return mt__lua_raise(L, err);
    h->job = mt_job_start(plan, &err);
    mt_plan_free(plan);
    if (!h->job)
        return mt__lua_raise(L, err);
    mt__job_list_add(h->job);
    keep_job(L, lua_gettop(L), true);
    return 1;
}

/* A closure that never returns can't be interrupted, and its thread not be
 * joined: past its patience the host is let go, and the job stays in the list,
 * since its thread goes on using it. */
static void tell_left_behind(mt_job *job)
{
    char name[256];

    mt_job_straggler(job, name, sizeof(name));
    mt_log(MT_LOG_ERROR, "job",
           "'%s' does not return from a call of the script and can't be "
           "interrupted; its thread is left behind",
           name[0] ? name : mt_job_name(job));
}

static bool has_ended(job_handle *h)
{
    int64_t patience_ms;
    int rc;

    mt_job_cancel(h->job);
    patience_ms = h->patience_ms - mt_job_ending_ms(h->job);
    rc = mt_job_wait(h->job, patience_ms > 0 ? patience_ms : 0, NULL);
    return rc != 0;
}

static int job_gc(lua_State *L)
{
    job_handle *h = luaL_checkudata(L, 1, JOB_TYPE);

    if (h->job) {
        if (has_ended(h)) {
            mt__job_list_remove(h->job);
            mt_job_free(h->job);
        } else if (!h->told) {
            tell_left_behind(h->job);
        }
    }
    h->job = NULL;
    return 0;
}

static int job_wait(lua_State *L)
{
    mt_job *job = check_job(L);
    int64_t timeout_ms = (int64_t)luaL_checknumber(L, 2);
    mt_error *err = NULL;
    int rc = mt_job_wait(job, timeout_ms, &err);

    if (rc != 0)
        keep_job(L, 1, false);
    if (rc < 0)
        return mt__lua_raise(L, err);
    if (rc == 0)
        lua_pushliteral(L, "running");
    else if (mt_job_state_of(job) == MT_JOB_CANCELED)
        lua_pushliteral(L, "canceled");
    else
        lua_pushliteral(L, "finished");
    return 1;
}

static int call_collect(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "moontide.script.collect");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "rows");
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 2, 1);
    return 1;
}

/* Rows are decoded in Lua, by the same readers that closures use. Takes the
 * batch. */
static int push_rows(lua_State *L, mt_batch *batch)
{
    mt_error *err = NULL;
    mt_buf type = {0};
    int rc = mt_batch_complete(batch, &err);

    if (rc == 0 && mt_type_text(batch->type, &type) < 0)
        rc = mt_fail(&err, MT_ENOMEM, "no memory for a type's text");
    if (rc == 0) {
        lua_pushcfunction(L, call_collect);
        lua_pushlightuserdata(L, batch);
        lua_pushlstring(L, (const char *)type.data, type.len);
        rc = lua_pcall(L, 2, 1, 0);
    }
    mt_buf_fini(&type);
    mt_batch_unref(batch);
    if (err)
        return mt__lua_raise(L, err);
    return rc == 0 ? 1 : lua_error(L);
}

static int job_take(lua_State *L)
{
    mt_job *job = check_job(L);
    int32_t node = (int32_t)luaL_checkinteger(L, 2);
    int64_t timeout_ms = (int64_t)luaL_checknumber(L, 3);
    mt_error *err = NULL;
    mt_batch *batch = NULL;
    int rc = mt_job_take(job, node, timeout_ms, &batch, &err);

    if (rc < 0) {
        /* Whoever reads the job's records has been told of its end. */
        if (mt_job_state_of(job) == MT_JOB_FAILED)
            keep_job(L, 1, false);
        return mt__lua_raise(L, err);
    }
    if (rc != 1) {
        lua_pushstring(L, rc == 0 ? "none" : "end");
        return 1;
    }
    lua_pushliteral(L, "batch");
    return 1 + push_rows(L, batch);
}

static int job_state(lua_State *L)
{
    lua_pushstring(L, mt_job_state_name(mt_job_state_of(check_job(L))));
    return 1;
}

static int job_id(lua_State *L)
{
    lua_pushstring(L, mt_job_id(check_job(L)));
    return 1;
}

static int job_name(lua_State *L)
{
    lua_pushstring(L, mt_job_name(check_job(L)));
    return 1;
}

static int job_runtime_ms(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)mt_job_runtime_ms(check_job(L)));
    return 1;
}

static int job_straggler(lua_State *L)
{
    char name[256];

    mt_job_straggler(check_job(L), name, sizeof(name));
    lua_pushstring(L, name);
    return 1;
}

static int job_ending_ms(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)mt_job_ending_ms(check_job(L)));
    return 1;
}

static int job_failure(lua_State *L)
{
    mt_error *err = NULL;

    if (mt_job_failure(check_job(L), &err) < 0)
        return mt__lua_raise(L, err);
    return 0;
}

static int job_patience(lua_State *L)
{
    job_handle *h = luaL_checkudata(L, 1, JOB_TYPE);

    if (!lua_isnoneornil(L, 2))
        h->patience_ms = (int64_t)luaL_checknumber(L, 2);
    lua_pushnumber(L, (lua_Number)h->patience_ms);
    return 1;
}

static int job_left_behind(lua_State *L)
{
    job_handle *h = luaL_checkudata(L, 1, JOB_TYPE);

    h->told = true;
    return 0;
}

static int job_stop(lua_State *L)
{
    mt_job_stop(check_job(L));
    return 0;
}

static int job_cancel(lua_State *L)
{
    mt_job_cancel(check_job(L));
    return 0;
}

/* Metrics are gathered first and pushed afterwards: the callback runs under
 * the registry's lock, where a Lua error must not jump out. */
typedef struct metric_row {
    char operator_name[128];
    char metric[64];
    int32_t subtask;
    int64_t value;
} metric_row;

static void gather_metric(void *arg, const char *operator_name, int32_t subtask,
                          const char *metric, int64_t value)
{
    metric_row row = {.subtask = subtask, .value = value};
    size_t len = strlen(operator_name);

    if (len >= sizeof(row.operator_name))
        len = sizeof(row.operator_name) - 1;
    memcpy(row.operator_name, operator_name, len);
    len = strlen(metric);
    if (len >= sizeof(row.metric))
        len = sizeof(row.metric) - 1;
    memcpy(row.metric, metric, len);
    mt_buf_append(arg, &row, sizeof(row));
}

static void push_metric(lua_State *L, const metric_row *row)
{
    lua_newtable(L);
    set_text(L, "operator", row->operator_name);
    set_text(L, "name", row->metric);
    lua_pushinteger(L, row->subtask);
    lua_setfield(L, -2, "subtask");
    lua_pushnumber(L, (lua_Number)row->value);
    lua_setfield(L, -2, "value");
}

static int job_metrics(lua_State *L)
{
    mt_job *job = check_job(L);
    mt_buf rows = {0};
    size_t i, len;
    metric_row *copy;

    mt_job_metrics(job, gather_metric, &rows);
    len = rows.len / sizeof(metric_row);
    copy = lua_newuserdata(L, rows.len + 1);
    if (rows.len)
        memcpy(copy, rows.data, rows.len);
    mt_buf_fini(&rows);
    lua_createtable(L, (int)len, 0);
    for (i = 0; i < len; i++) {
        push_metric(L, &copy[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

static const luaL_Reg job_methods[] = {
    {"wait", job_wait},
    {"take", job_take},
    {"state", job_state},
    {"id", job_id},
    {"name", job_name},
    {"runtime_ms", job_runtime_ms},
    {"straggler", job_straggler},
    {"stop", job_stop},
    {"cancel", job_cancel},
    {"metrics", job_metrics},
    {"ending_ms", job_ending_ms},
    {"failure", job_failure},
    {"patience", job_patience},
    {"left_behind", job_left_behind},
    {NULL, NULL},
};

/* ---- the rest of the module ---------------------------------------------- */

static mt_log_level check_level(lua_State *L, int arg)
{
    static const char *const names[] = {"error", "warn", "info", "debug", NULL};

    return (mt_log_level)luaL_checkoption(L, arg, NULL, names);
}

static int core_log(lua_State *L)
{
    mt_log(check_level(L, 1), luaL_checkstring(L, 2), "%s",
           luaL_checkstring(L, 3));
    return 0;
}

static int core_log_level(lua_State *L)
{
    mt_log_to(NULL, NULL, check_level(L, 1));
    return 0;
}

static int core_cpu_count(lua_State *L)
{
    lua_pushinteger(L, mt__cpu_count());
    return 1;
}

static int core_plugin_path(lua_State *L)
{
    mt_error *err = NULL;

    if (mt_plugin_path(luaL_checkstring(L, 1), &err) < 0)
        return mt__lua_raise(L, err);
    return 0;
}

static const luaL_Reg core_functions[] = {
    {"job_start", core_job_start},
    {"jobs", core_jobs},
    {"log", core_log},
    {"log_level", core_log_level},
    {"cpu_count", core_cpu_count},
    {"plugin_path", core_plugin_path},
    {"connector", mt__plugin_connector},
    {"format", mt__plugin_format},
    {"plugins", mt__plugins},
    {"rows_fetch", mt__rows_fetch},
    {"rows_native", mt__rows_native},
    {"rows_store", mt__rows_store},
    {NULL, NULL},
};

static void push_so_path(lua_State *L)
{
    Dl_info info;

    if (dladdr((void *)(uintptr_t)luaopen_moontide_core, &info))
        lua_pushstring(L, info.dli_fname);
    else
        lua_pushliteral(L, "libmoontide.so");
}

static void register_operator(void)
{
    mt_operator_register(&mt__lua_operator);
    mt_operator_register(&mt__calc_operator);
}

int luaopen_moontide_core(lua_State *L)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, register_operator);
    lua_newtable(L);
    lua_setfield(L, LUA_REGISTRYINDEX, JOBS_KEY);
    luaL_newmetatable(L, JOB_TYPE);
    lua_newtable(L);
    luaL_register(L, NULL, job_methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, job_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    lua_newtable(L);
    luaL_register(L, NULL, core_functions);
    set_text(L, "version", MT_VERSION);
    push_so_path(L);
    lua_setfield(L, -2, "so_path");
    return 1;
}
