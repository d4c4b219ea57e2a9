/* calc_operator.c - the "calc" operator: SQL's expressions over batches.
 *
 * Each subtask has a Lua state of its own, whose moontide.expr.worker loads the
 * program in the node's payload. C calls the program once a batch; it has the
 * work done by scalar functions and by loops of its own over the registers of
 * ffi_calc.h, and C makes the batch of what stands in them afterwards:
 *
 *     do
 *         run(from)              the next row to go on from
 *         emit the relation
 *     while an expansion has rows left of the batch
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/calc_operator.h"

#include <lauxlib.h>

#include "script/ffi_calc.h"
#include "script/lua_state.h"

/* Stack slots that stay for the operator's life. */
enum { AT_ON_ERROR = 1, AT_RUN, AT_FINISH, AT_TOP = AT_FINISH };

typedef struct calc_state {
    mt_ffi_calc *calc;
    lua_State *L;
    bool opened; /* and its close() is still to be called */
} calc_state;

/* ---- opening and closing ------------------------------------------------- */

typedef struct opening {
    calc_state *state;
    const mt_operator *op;
    int refs[AT_TOP]; /* what the stack's first slots will hold */
} opening;

/* Protected. Runs worker.lua's open(). */
static int open_program(lua_State *L)
{
    opening *o = lua_touserdata(L, 1);
    const mt_node *node = o->op->node;
    int i;

    mt__lua_set_path(L, node->payload, node->payload_len);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "moontide.expr.worker");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "open");
    lua_pushlstring(L, node->payload, node->payload_len);
    lua_pushlightuserdata(L, o->state->calc);
    lua_pushstring(L, mt_context_operator(o->op->ctx));
    lua_pushinteger(L, mt_operator_max_parallelism(o->op));
    lua_call(L, 4, AT_TOP);
    for (i = AT_TOP; i > 0; i--)
        o->refs[i - 1] = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

/* What failed in C is known there, with its code; the Lua error that it was
 * passed on by says less. */
static int prefer_own_error(calc_state *s, int rc, mt_error **err)
{
    mt_error *own = mt__calc_take_error(s->calc);

    if (!own)
        return rc;
    mt_error_free(*err);
    *err = own;
    return mt_error_code(own);
}

static int load_program(calc_state *s, const mt_operator *op, mt_error **err)
{
    opening o = {.state = s, .op = op};
    int i, rc = mt__lua_protect(s->L, open_program, &o, err);

    if (rc < 0)
        return prefer_own_error(s, rc, err);
    for (i = 0; i < AT_TOP; i++)
        lua_rawgeti(s->L, LUA_REGISTRYINDEX, o.refs[i]);
    s->opened = true;
    if (mt__calc_outputs_len(s->calc) != mt_type_columns_len(op->output))
        return mt_fail(err, MT_EINTERNAL,
                       "the program has %d columns, its type %d",
                       (int)mt__calc_outputs_len(s->calc),
                       (int)mt_type_columns_len(op->output));
    return 0;
}

static int calc_open(mt_operator *op, mt_error **err)
{
    calc_state *s = mt_calloc(sizeof(*s));

    if (!s)
        return mt_fail(err, MT_ENOMEM, "no memory for a calculation");
    op->state = s;
    s->calc = mt_ffi_calc_new();
    if (!s->calc)
        return mt_fail(err, MT_ENOMEM, "no memory for a calculation");
    s->calc->subtask = mt_context_subtask(op->ctx);
    s->calc->parallelism = mt_context_parallelism(op->ctx);
    mt__calc_session(s->calc)->subtask = s->calc->subtask;
    s->L = mt__lua_state_new(err);
    if (!s->L)
        return MT_ENOMEM;
    return load_program(s, op, err);
}

/* Runs the close() of function objects, once. */
static int calc_finish(mt_operator *op, mt_error **err)
{
    calc_state *s = op->state;
    int status;

    s->opened = false;
    lua_settop(s->L, AT_TOP);
    lua_pushvalue(s->L, AT_FINISH);
    status = lua_pcall(s->L, 0, 0, 0);
    return status == 0 ? 0 : mt__lua_fail(s->L, status, err);
}

/* The same where the job has its result already: a failure is said, and changes
 * nothing. */
static void finish_late(mt_operator *op)
{
    mt_error *err = NULL;

    if (calc_finish(op, &err) == 0)
        return;
    mt_log(MT_LOG_WARN, "script", "'%s' failed too: %s", op->node->name,
           mt_error_message(err));
    mt_error_free(err);
}

static void calc_close(mt_operator *op)
{
    calc_state *s = op->state;

    if (!s)
        return;
    if (s->opened)
        finish_late(op);
    mt__lua_state_free(s->L);
    mt_ffi_calc_free(s->calc);
    mt_free(s, sizeof(*s));
    op->state = NULL;
}

/* ---- a batch ----------------------------------------------------------- */

static int run_program(mt_operator *op, calc_state *s, int32_t *from,
                       mt_error **err)
{
    lua_State *L = s->L;
    int rc, status;

    lua_pushvalue(L, AT_RUN);
    lua_pushinteger(L, *from);
    status = lua_pcall(L, 1, 1, AT_ON_ERROR);
    if (status == 0) {
        *from = (int32_t)lua_tointeger(L, -1);
        lua_settop(L, AT_TOP);
        return mt__lua_check_memory(L, err);
    }
    rc = mt__lua_fail(L, status, err);
    mt_error_set_operator(*err, op->node->name);
    mt__calc_note_row(s->calc, *err);
    return prefer_own_error(s, rc, err);
}

static int emit_relation(mt_operator *op, calc_state *s, mt_error **err)
{
    mt_batch *out;

    if (s->calc->rows == 0)
        return 0;
    out = mt__calc_finish(s->calc, op->output, err);
    return out ? mt_operator_emit(op, out, err) : mt_error_code(*err);
}

static int calc_process(mt_operator *op, int32_t input, mt_batch *batch,
                        mt_error **err)
{
    calc_state *s = op->state;
    int32_t from = 0;
    int rc;

    (void)input;
    mt__calc_session(s->calc)->now_ms = mt_wall_ms();
    do {
        mt_ffi_calc_start(s->calc, batch);
        rc = run_program(op, s, &from, err);
        if (rc == 0)
            rc = emit_relation(op, s, err);
    } while (rc == 0 && s->calc->again);
    mt__calc_done(s->calc);
    mt_batch_unref(batch);
    return rc;
}

static int calc_watermark(mt_operator *op, int64_t ms, mt_error **err)
{
    calc_state *s = op->state;

    (void)err;
    mt__calc_session(s->calc)->watermark_ms = ms;
    return 0;
}

static bool calc_wants(mt_operator *op, uint8_t *needed)
{
    const calc_state *s = op->state;

    mt__calc_needed(s->calc, needed);
    return true;
}

const mt_operator_class mt__calc_operator = {
    .kind = "calc",
    .open = calc_open,
    .process = calc_process,
    .watermark = calc_watermark,
    .wants = calc_wants,
    .finish = calc_finish,
    .close = calc_close,
};
