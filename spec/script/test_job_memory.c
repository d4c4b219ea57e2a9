/* Closures in want of memory: see job_memory.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define PAYLOADS 3
#include "job_memory.h"

/* The payloads of three nodes: records, a keyed exchange, what comes after. */
static const char script[] =
    "package.path = 'lua/?.lua;lua/?/init.lua;' .. package.path\n"
    "require 'moontide.core'\n"
    "local payload = require('moontide.script.chain').payload\n"
    "local RECORD = 'ROW<word VARCHAR, n INT>'\n"
    "local KEYED = 'ROW<word VARCHAR, n INT, `$key` VARCHAR>'\n"
    "local values = {}\n"
    "for i = 1, 50 do values[i] = { ('word'):rep(i % 7), i } end\n"
    "local seen, prefix = {}, ('p'):rep(2000)\n"
    "return payload { output = RECORD, steps = {\n"
    "    { op = 'source', values = values, type = RECORD },\n"
    "    { op = 'filter', fn = function(r) return r[2] % 10 ~= 0 end },\n"
    "} }, payload { input = RECORD, output = KEYED, steps = {\n"
    "    { op = 'flat_map', type = RECORD, fn = function(r, collect)\n"
    "        seen[#seen + 1] = prefix .. r.word\n"
    "        collect { r.word, r.n }\n"
    "        collect { r.word .. '!', #seen }\n"
    "    end },\n"
    "    { op = 'key', fn = function(r) return r.word end,\n"
    "      key_type = 'VARCHAR' },\n"
    "} }, payload { input = KEYED, output = 'RAW', steps = {\n"
    "    { op = 'unkey', type = RECORD },\n"
    "    { op = 'map', type = 'RAW', fn = function(r)\n"
    "        return { r.word, r.n, { deep = r:copy() } }\n"
    "    end },\n"
    "} }\n";

/* ---- the job ----------------------------------------------------------- */

static int32_t add(mt_plan *plan, int32_t payload, const char *type,
                   int32_t parallelism, mt_error **err)
{
    bool lua = payload < PAYLOADS;
    mt_node node = {.kind = lua ? "lua" : "collect",
                    .name = lua ? "closures" : "collect",
                    .type = type,
                    .physical_len = -1,
                    .parallelism = parallelism,
                    .buffer_timeout_ms = MT_UNSET};

    if (*err)
        return -1;
    if (lua) {
        node.payload = payloads[payload].bytes;
        node.payload_len = payloads[payload].len;
    }
    return mt_plan_add(plan, &node, err);
}

static void connect(mt_plan *plan, int32_t from, mt_ship ship, mt_error **err)
{
    int32_t key = 2;

    if (!*err)
        mt_plan_connect(plan, from, from + 1, 0, ship, &key,
                        ship == MT_SHIP_HASH, err);
}

static mt_plan *make_plan(mt_error **err)
{
    mt_plan *plan = mt_plan_new("small", err);

    if (!plan)
        return NULL;
    add(plan, 0, "ROW<word VARCHAR, n INT>", 1, err);
    add(plan, 1, "ROW<word VARCHAR, n INT, `$key` VARCHAR>", 1, err);
    add(plan, 2, "RAW", 2, err);
    add(plan, 3, "RAW", 2, err);
    connect(plan, 1, MT_SHIP_FORWARD, err);
    connect(plan, 2, MT_SHIP_HASH, err);
    connect(plan, 3, MT_SHIP_FORWARD, err);
    return plan;
}

int main(int argc, char **argv)
{
    return fail_allocations(script, 90, argc, argv);
}
