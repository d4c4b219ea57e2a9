/* Expressions in want of memory: see job_memory.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define PAYLOADS 3
#include "job_memory.h"

/* The payloads of three nodes: records, an expansion, expressions with a mask, a
 * user's function and a constant that fails. */
static const char script[] =
    "package.path = 'lua/?.lua;lua/?/init.lua;' .. package.path\n"
    "require 'moontide.core'\n"
    "local chain = require 'moontide.script.chain'\n"
    "local compile = require 'moontide.expr.compile'\n"
    "local parse = require('moontide.logical').parse\n"
    "local udf = require 'moontide.table.udf'\n"
    "local function call(fn, t, ...)\n"
    "    return { kind = 'call', fn = fn, type = parse(t), args = { ... } }\n"
    "end\n"
    "local function literal(t, value)\n"
    "    return { kind = 'literal', type = parse(t), value = value }\n"
    "end\n"
    "local function input(i, t)\n"
    "    return { kind = 'input', index = i, type = parse(t) }\n"
    "end\n"
    "local values = {}\n"
    "for i = 1, 50 do\n"
    "    values[i] = { ('word'):rep(i % 7), i, { i, i + 1 } }\n"
    "end\n"
    "local RECORD = 'ROW<word STRING, n INT, list ARRAY<INT>>'\n"
    "local word, n = input(1, 'STRING'), input(2, 'INT')\n"
    "local prefix = ('p'):rep(2000)\n"
    "local shout = udf.udf(function(w, k)\n"
    "    return (prefix .. w):sub(-5) .. k\n"
    "end, { input_types = { 'STRING', 'INT' }, result_type = 'STRING',\n"
    "       name = 'shout' })\n"
    "return chain.payload { output = RECORD, steps = {\n"
    "    { op = 'source', values = values, type = RECORD },\n"
    "} }, compile.calc {\n"
    "    input = parse(RECORD), output = parse 'ROW<word STRING, n INT, e "
    "INT>',\n"
    "    expand = { unnest = input(3, 'ARRAY<INT>'), columns = parse 'ROW<e "
    "INT>' },\n"
    "    condition = call('<>', 'BOOLEAN', call('%', 'INT', input(4, 'INT'),\n"
    "        literal('INT', '10')), literal('INT', '0')),\n"
    "    exprs = { word, n, input(4, 'INT') },\n"
    "}.payload, compile.calc {\n"
    "    input = parse 'ROW<word STRING, n INT, e INT>',\n"
    "    output = parse 'ROW<a STRING, b INT, c INT, d STRING>',\n"
    "    exprs = {\n"
    "        { kind = 'udf', udf = shout, args = { word, n },\n"
    "          type = parse 'STRING' },\n"
    "        call('+', 'INT', call('*', 'INT', n, literal('INT', '3')), n),\n"
    "        call('CASE', 'INT', call('=', 'BOOLEAN', n, literal('INT', "
    "'0')),\n"
    "            call('/', 'INT', literal('INT', '1'), literal('INT', '0')),\n"
    "            call('/', 'INT', literal('INT', '100'), n)),\n"
    "        call('UPPER', 'STRING', literal('STRING', 'x')),\n"
    "    },\n"
    "}.payload\n";

/* ---- the job ----------------------------------------------------------- */

static void add(mt_plan *plan, const char *kind, int32_t payload,
                const char *type, mt_error **err)
{
    mt_node node = {.kind = kind,
                    .name = kind,
                    .type = type,
                    .physical_len = -1,
                    .parallelism = 1,
                    .buffer_timeout_ms = MT_UNSET};

    if (*err)
        return;
    if (payload < PAYLOADS) {
        node.payload = payloads[payload].bytes;
        node.payload_len = payloads[payload].len;
    }
    mt_plan_add(plan, &node, err);
    if (!*err && payload > 0)
        mt_plan_connect(plan, payload, payload + 1, 0, MT_SHIP_FORWARD, NULL, 0,
                        err);
}

static mt_plan *make_plan(mt_error **err)
{
    mt_plan *plan = mt_plan_new("small", err);

    if (!plan)
        return NULL;
    add(plan, "lua", 0, "ROW<word STRING, n INT, list ARRAY<INT>>", err);
    add(plan, "calc", 1, "ROW<word STRING, n INT, e INT>", err);
    add(plan, "calc", 2, "ROW<a STRING, b INT, c INT, d STRING>", err);
    add(plan, "collect", 3, "ROW<a STRING, b INT, c INT, d STRING>", err);
    return plan;
}

int main(int argc, char **argv)
{
    return fail_allocations(script, 90, argc, argv);
}
