/* job_memory.h - a small job with one allocation of the funnel after the other
 * made to fail, those of its Lua states among them: it fails with "out of
 * memory" or succeeds, but never crashes, hangs or leaks. As many as two seconds
 * allow are drawn; with the argument `all` each is tried.
 *
 * A program defines PAYLOADS, a Lua script that returns as many payloads of
 * nodes, and make_plan(), which makes the job of them; its main() returns
 * fail_allocations().
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JOB_MEMORY_H
#define MT_JOB_MEMORY_H

#include <lauxlib.h>
#include <lualib.h>

#include "base/alloc.h"
#include "data/buffer.h"
#include "moontide.h"
#include "script/core.h"
#include "script/lua_state.h"
#include "tap.h"

enum { BUDGET_MS = 2000, WAIT_MS = 10000 };

static struct {
    const char *bytes;
    size_t len;
} payloads[PAYLOADS];

/* The job, of the payloads above. NULL with err. */
static mt_plan *make_plan(mt_error **err);

/* Lua code may catch its own "not enough memory", or what the engine said of
 * it, and tell it in other words. */
static bool told_of_memory(const mt_error *err)
{
    return err && strstr(mt_error_message(err), "memory");
}

/* Runs the job once; the code that it ended with, 0 when all went well. */
static int run_job(int64_t *rows)
{
    mt_error *err = NULL;
    mt_plan *plan = make_plan(&err);
    mt_job *job = err ? NULL : mt_job_start(plan, &err);
    mt_batch *batch;
    int rc;

    *rows = 0;
    mt_plan_free(plan);
    while (job && mt_job_take(job, 4, WAIT_MS, &batch, NULL) == 1) {
        *rows += batch->rows;
        mt_batch_unref(batch);
    }
    if (job && mt_job_wait(job, WAIT_MS, &err) == 0)
        return MT_ETIMEOUT;
    mt_job_free(job);
    rc = told_of_memory(err) ? MT_ENOMEM : mt_error_code(err);
    if (rc != 0 && rc != MT_ENOMEM)
        NOTE("%s", mt_error_message(err));
    mt_error_free(err);
    return rc;
}

/* ---- failing ----------------------------------------------------------- */

typedef struct tally {
    int64_t tried, failed, ended;
    int64_t rows; /* of a job with nothing in its way */
} tally;

/* Runs the job with allocation `n` failing. False when something was wrong. */
static bool try(tally *t, int64_t n)
{
    mt__alloc_stats before, after;
    int64_t rows;
    int rc;

    mt__alloc_read(&before);
    mt__alloc_fail_at(n);
    rc = run_job(&rows);
    t->failed += mt__alloc_has_failed();
    mt__alloc_fail_at(0);
    mt__alloc_read(&after);
    t->tried++;
    t->ended += rc == 0;
    if (rc == 0 && rows != t->rows)
        NOTE("allocation %lld: %lld rows", (long long)n, (long long)rows);
    else if (rc != 0 && rc != MT_ENOMEM)
        NOTE("allocation %lld: ended with %d", (long long)n, rc);
    else if (after.blocks_live != before.blocks_live)
        NOTE("allocation %lld: %lld blocks left", (long long)n,
             (long long)(after.blocks_live - before.blocks_live));
    else
        return true;
    return false;
}

static bool try_all(tally *t, int64_t allocations)
{
    int64_t n;

    for (n = 1; n <= allocations; n++)
        if (!try(t, n))
            return false;
    return true;
}

static bool try_some(tally *t, int64_t allocations, uint64_t seed)
{
    int64_t until_ms = mt_now_ms() + BUDGET_MS;

    while (mt_now_ms() < until_ms) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        if (!try(t, 1 + (int64_t)((seed >> 33) % (uint64_t)allocations)))
            return false;
    }
    return true;
}

static void silent(void *arg, mt_log_level level, const char *who,
                   const char *line)
{
    (void)arg;
    (void)level;
    (void)who;
    (void)line;
}

static int open_script(lua_State *L)
{
    luaL_openlibs(L);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, luaopen_moontide_core);
    lua_setfield(L, -2, "moontide.core");
    return 0;
}

/* The whole program. `wanted`: rows of the job when nothing fails. */
static int fail_allocations(const char *script, int64_t wanted, int argc,
                            char **argv)
{
    lua_State *L = luaL_newstate();
    mt__alloc_stats before, after;
    int64_t allocations;
    tally t = {0};
    int i;

    mt_log_to(silent, NULL, MT_LOG_ERROR);
    mt__buffer_pool_limit(0);
    /* What waits in the pool of buffers is no block that was left. */
    mt__buffer_pool_limit(0);
    if (!L || lua_cpcall(L, open_script, NULL) != 0 ||
        !OK(luaL_loadstring(L, script) == 0 &&
                lua_pcall(L, 0, PAYLOADS, 0) == 0,
            "payloads are made")) {
        NOTE("%s", L ? lua_tostring(L, -1) : "no Lua state");
        return tap_done();
    }
    for (i = 0; i < PAYLOADS; i++)
        payloads[i].bytes = lua_tolstring(L, i - PAYLOADS, &payloads[i].len);
    EQ_INT(run_job(&t.rows), 0, "the job runs as it is");
    EQ_INT(t.rows, wanted, "with all its records");
    mt__alloc_read(&before);
    run_job(&t.rows);
    mt__alloc_read(&after);
    allocations = after.calls - before.calls;
    OK(argc > 1 && strcmp(argv[1], "all") == 0
           ? try_all(&t, allocations)
           : try_some(&t, allocations, tap_seed()),
       "without memory it fails for want of it, or not at all, and gives back "
       "what it had");
    OK(t.failed > t.tried / 2, "%lld of %lld allocations were made to fail",
       (long long)t.failed, (long long)allocations);
    lua_close(L);
    return tap_done();
}

#endif
