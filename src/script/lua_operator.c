/* lua_operator.c - the "lua" operator: chains of closures.
 *
 * Each subtask has a Lua state of its own. Opening it requires
 * moontide.script.worker there and hands it the node's payload; what comes back
 * is the driver. C calls the driver once a batch, or once a run of rows when
 * a batch becomes more than one:
 *
 *     row = 0
 *     while row < batch.rows:
 *         row = run(batch, input, row)      Lua fills the builder
 *         seal the builder, emit the batch
 *
 * A chain of filters answers with the numbers of the rows that passed instead,
 * and the batch goes on as it is, or a selection of it. A WatermarkStrategy
 * answers with the event time of each row, and the batch goes on with these.
 *
 * Closures may run whatever Lua they like, so the driver is called through the
 * C API; what the driver itself calls a row goes through FFI.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/lua_operator.h"

#include <lauxlib.h>

#include "script/event_time.h"
#include "script/ffi_batch.h"
#include "script/lua_state.h"

/* Stack slots that stay for the operator's life. */
enum { AT_ON_ERROR = 1, AT_RUN, AT_PRODUCE, AT_FINISH, AT_TOP = AT_FINISH };

typedef struct lua_chain {
    mt_ffi_chain ffi; /* what the driver sees */
    lua_State *L;
    int32_t columns_len; /* of input 0 */
    int32_t needed_len;
    int32_t stamps_max;
    bool selecting;
    bool opened;         /* and its close() is still to be called */
    bool touched_once;   /* a batch has passed: `needed` says something */
    int64_t produced;    /* values handed out by a chain that makes records */
    mt__event_time time; /* of a WatermarkStrategy */
    mt_metric *plain; /* "script.plain": 1 once LuaJIT has given the chain up */
} lua_chain;

/* ---- opening and closing ------------------------------------------------- */

static int open_needed(lua_chain *c, const mt_operator *op)
{
    int32_t len = op->input ? mt_type_columns_len(op->input) : 0;
    int32_t len2 = op->input2 ? mt_type_columns_len(op->input2) : 0;

    c->columns_len = len;
    c->needed_len = (len > len2 ? len : len2) + 1;
    c->ffi.needed = mt_calloc((size_t)c->needed_len);
    return c->ffi.needed ? 0 : MT_ENOMEM;
}

typedef struct opening {
    lua_chain *chain;
    const mt_operator *op;
    int refs[AT_TOP]; /* what the stack's first slots will hold */
} opening;

/* Protected. Runs worker.lua's open(), which runs the script's own. */
static int open_driver(lua_State *L)
{
    opening *o = lua_touserdata(L, 1);
    const mt_node *node = o->op->node;
    int i;

    mt__lua_set_path(L, node->payload, node->payload_len);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "moontide.script.worker");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "open");
    lua_pushlstring(L, node->payload, node->payload_len);
    lua_pushlightuserdata(L, &o->chain->ffi);
    lua_pushstring(L, mt_context_operator(o->op->ctx));
    lua_pushinteger(L, mt_operator_max_parallelism(o->op));
    lua_call(L, 4, AT_TOP + 1);
    o->chain->selecting = lua_toboolean(L, -1);
    lua_pop(L, 1);
    for (i = AT_TOP; i > 0; i--)
        o->refs[i - 1] = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

/* Leaves on_error, run, produce and finish in the first slots of the stack. */
static int load_driver(lua_chain *c, const mt_operator *op, mt_error **err)
{
    opening o = {.chain = c, .op = op};
    int i, rc = mt__lua_protect(c->L, open_driver, &o, err);

    for (i = 0; rc == 0 && i < AT_TOP; i++)
        lua_rawgeti(c->L, LUA_REGISTRYINDEX, o.refs[i]);
    return rc;
}

static void start_event_time(lua_chain *c, mt_operator *op)
{
    op->makes_watermarks = true;
    c->time.bound_ms = c->ffi.bound_ms;
    c->time.interval_ms = c->ffi.interval_ms;
    c->time.idle_ms = c->ffi.idle_ms;
    mt__event_time_start(&c->time, mt_now_ms());
}

static int chain_open(mt_operator *op, mt_error **err)
{
    lua_chain *c = mt_calloc(sizeof(*c));
    int rc;

    if (!c)
        return mt_fail(err, MT_ENOMEM, "no memory for a Lua operator");
    op->state = c;
    if (open_needed(c, op) < 0)
        return mt_fail(err, MT_ENOMEM, "no memory for a Lua operator");
    c->ffi.subtask = mt_context_subtask(op->ctx);
    c->ffi.parallelism = mt_context_parallelism(op->ctx);
    c->ffi.watermark = MT__NO_TIME;
    c->ffi.out = mt_builder_new(op->output, 0, err);
    if (!c->ffi.out)
        return MT_ENOMEM;
    c->plain = mt_context_metric(op->ctx, "script.plain");
    c->L = mt__lua_state_new(err);
    if (!c->L)
        return MT_ENOMEM;
    rc = load_driver(c, op, err);
    c->opened = rc == 0;
    if (c->ffi.event_time)
        start_event_time(c, op);
    return rc;
}

/* Runs the close() of function objects, once. */
static int chain_finish(mt_operator *op, mt_error **err)
{
    lua_chain *c = op->state;
    int status;

    c->opened = false;
    lua_settop(c->L, AT_TOP);
    lua_pushvalue(c->L, AT_FINISH);
    status = lua_pcall(c->L, 0, 0, 0);
    return status == 0 ? 0 : mt__lua_fail(c->L, status, err);
}

/* The same where the job has its result already, an error or the user's wish:
 * that one of them fails is said, and changes nothing. */
static void finish_late(mt_operator *op)
{
    mt_error *err = NULL;

    if (chain_finish(op, &err) == 0)
        return;
    mt_log(MT_LOG_WARN, "script", "'%s': %s", op->node->name,
           mt_error_message(err));
    mt_error_free(err);
}

static void chain_close(mt_operator *op)
{
    lua_chain *c = op->state;

    if (!c)
        return;
    if (c->opened)
        finish_late(op);
    mt__lua_state_free(c->L);
    mt_builder_free(c->ffi.out);
    mt_free(c->ffi.needed, (size_t)c->needed_len);
    mt_free(c->ffi.selected,
            (size_t)c->ffi.selected_max * sizeof(*c->ffi.selected));
    mt_free(c->ffi.stamps, (size_t)c->stamps_max * sizeof(*c->ffi.stamps));
    mt_free(c, sizeof(*c));
    op->state = NULL;
}

/* ---- a batch ----------------------------------------------------------- */

static int emit_built(mt_operator *op, lua_chain *c, mt_error **err)
{
    mt_batch *out = NULL;
    int rc = mt_builder_commit(c->ffi.out, err);

    if (rc < 0 || c->ffi.out->rows == 0)
        return rc;
    rc = mt_builder_seal(c->ffi.out, &out, err);
    return rc < 0 ? rc : mt_operator_emit(op, out, err);
}

/* Takes the batch. */
static int emit_selected(mt_operator *op, lua_chain *c, mt_batch *batch,
                         mt_error **err)
{
    mt_batch *out;

    if (c->ffi.selected_len == batch->rows)
        return mt_operator_emit(op, batch, err);
    if (c->ffi.selected_len == 0) {
        mt_batch_unref(batch);
        return 0;
    }
    out = mt_batch_take(batch, c->ffi.selected, c->ffi.selected_len, err);
    mt_batch_unref(batch);
    return out ? mt_operator_emit(op, out, err) : MT_ENOMEM;
}

static int grow_selected(lua_chain *c, int32_t rows)
{
    int32_t *wider;

    if (rows <= c->ffi.selected_max)
        return 0;
    wider = mt_realloc(c->ffi.selected,
                       (size_t)c->ffi.selected_max * sizeof(*wider),
                       (size_t)rows * sizeof(*wider));
    if (!wider)
        return MT_ENOMEM;
    c->ffi.selected = wider;
    c->ffi.selected_max = rows;
    return 0;
}

/* The handler of an error leaves one that overflowed the stack as it is: now
 * there is room to add what else is known. */
static int explain_overflow(lua_chain *c, int status)
{
    if (!lua_isstring(c->L, -1))
        return status;
    lua_pushvalue(c->L, AT_ON_ERROR);
    lua_insert(c->L, -2);
    lua_pushboolean(c->L, true);
    return lua_pcall(c->L, 2, 1, 0) == LUA_ERRMEM ? LUA_ERRMEM : status;
}

/* Calls the function that was pushed with its arguments. */
static int call_driver(mt_operator *op, lua_chain *c, int args, int results,
                       mt_error **err)
{
    int rc, status = lua_pcall(c->L, args, results, AT_ON_ERROR);

    if (status == 0)
        return mt__lua_check_memory(c->L, err);
    if (status != LUA_ERRMEM)
        status = explain_overflow(c, status);
    rc = mt__lua_fail(c->L, status, err);
    mt_error_set_operator(*err, op->node->name);
    return rc;
}

/* The batch goes as a number: addresses have 47 bits, and unlike light userdata
 * a number never takes memory. */
static int run_rows(mt_operator *op, lua_chain *c, int32_t input,
                    mt_batch *batch, int32_t *row, mt_error **err)
{
    lua_State *L = c->L;
    int32_t next;
    int rc;

    lua_pushvalue(L, AT_RUN);
    lua_pushnumber(L, (lua_Number)(uintptr_t)batch);
    lua_pushinteger(L, input);
    lua_pushinteger(L, *row);
    rc = call_driver(op, c, 3, 1, err);
    if (rc < 0)
        return rc;
    next = lua_isnumber(L, -1) ? (int32_t)lua_tointeger(L, -1) : -1;
    if (next <= *row)
        rc = mt_fail(err, MT_EINTERNAL,
                     "the driver went from row %d to %d of %d (a %s)", *row,
                     next, batch->rows, luaL_typename(L, -1));
    *row = next;
    lua_settop(L, AT_TOP);
    return rc;
}

static int grow_stamps(lua_chain *c, int32_t rows)
{
    int64_t *wider;

    if (rows <= c->stamps_max)
        return 0;
    wider = mt_realloc(c->ffi.stamps, (size_t)c->stamps_max * sizeof(*wider),
                       (size_t)rows * sizeof(*wider));
    if (!wider)
        return MT_ENOMEM;
    c->ffi.stamps = wider;
    c->stamps_max = rows;
    return 0;
}

/* A batch of a WatermarkStrategy. Takes it. */
static int process_times(mt_operator *op, lua_chain *c, mt_batch *batch,
                         mt_error **err)
{
    int32_t row = 0;
    int rc = c->ffi.assigns ? grow_stamps(c, batch->rows) : 0;

    if (rc < 0)
        mt_fail(err, rc, "no memory for a batch's event times");
    while (rc == 0 && c->ffi.assigns && row < batch->rows)
        rc = run_rows(op, c, 0, batch, &row, err);
    if (rc < 0) {
        mt_batch_unref(batch);
        return rc;
    }
    if (c->ffi.assigns)
        batch = mt__event_time_stamp(batch, c->ffi.stamps, err);
    if (!batch)
        return MT_ENOMEM;
    rc = mt__event_time_note(&c->time, op, batch, mt_now_ms(), err);
    if (rc == 0)
        return mt_operator_emit(op, batch, err);
    mt_batch_unref(batch);
    return rc;
}

static int chain_process(mt_operator *op, int32_t input, mt_batch *batch,
                         mt_error **err)
{
    lua_chain *c = op->state;
    int32_t row = 0;
    int rc;

    if (c->ffi.event_time)
        return process_times(op, c, batch, err);
    rc = c->selecting ? grow_selected(c, batch->rows) : 0;
    if (rc < 0)
        mt_fail(err, rc, "no memory for the rows of a batch");
    c->ffi.input = input;
    while (rc == 0 && row < batch->rows) {
        rc = run_rows(op, c, input, batch, &row, err);
        if (rc == 0 && !c->selecting)
            rc = emit_built(op, c, err);
    }
    c->touched_once = true;
    mt_metric_set(c->plain, c->ffi.plain);
    if (rc == 0 && c->selecting)
        return emit_selected(op, c, batch, err);
    mt_batch_unref(batch);
    return rc;
}

/* A chain that makes records itself (from_collection). */
static int chain_poll(mt_operator *op, int64_t *wake_ms, mt_error **err)
{
    lua_chain *c = op->state;
    int64_t len;
    int rc;

    (void)wake_ms;
    lua_pushvalue(c->L, AT_PRODUCE);
    lua_pushnumber(c->L, (lua_Number)c->produced);
    rc = call_driver(op, c, 1, 2, err);
    if (rc < 0)
        return rc;
    c->produced = (int64_t)lua_tonumber(c->L, -2);
    len = (int64_t)lua_tonumber(c->L, -1);
    lua_settop(c->L, AT_TOP);
    rc = emit_built(op, c, err);
    if (rc < 0)
        return rc;
    return c->produced >= len ? MT_FLOW_DONE : MT_FLOW_MORE;
}

static int chain_watermark(mt_operator *op, int64_t ms, mt_error **err)
{
    lua_chain *c = op->state;

    (void)err;
    c->ffi.watermark = ms;
    return 0;
}

static int chain_idle(mt_operator *op, int64_t *wake_ms, mt_error **err)
{
    lua_chain *c = op->state;

    if (!c->ffi.event_time)
        return 0;
    return mt__event_time_tend(&c->time, op, mt_now_ms(), wake_ms, err);
}

/* What a batch of its own leaves out, a chain that selects rows cannot: the
 * columns go on as they are. */
static bool chain_wants(mt_operator *op, uint8_t *needed)
{
    const lua_chain *c = op->state;

    if (c->selecting || !c->touched_once || op->input2)
        return false;
    memcpy(needed, c->ffi.needed, (size_t)c->columns_len);
    return true;
}

const mt_operator_class mt__lua_operator = {
    .kind = "lua",
    .open = chain_open,
    .poll = chain_poll,
    .process = chain_process,
    .watermark = chain_watermark,
    .idle = chain_idle,
    .wants = chain_wants,
    .finish = chain_finish,
    .close = chain_close,
};
