/* plan_reader.c - a plan as Lua holds it, made an mt_plan.
 *
 * While a node is read, its strings and arrays must stay where they are: what
 * lua_tolstring makes of a number is anchored in a table, arrays are userdata
 * anchored there too. The plan copies all of it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/plan_reader.h"

#include <lauxlib.h>

typedef struct reader {
    lua_State *L;
    int anchor; /* stack index of the table that keeps things alive */
    int anchored;
    mt_error **err;
} reader;

static void anchor_top(reader *r)
{
    lua_pushvalue(r->L, -1);
    lua_rawseti(r->L, r->anchor, ++r->anchored);
}

/* Text of the value on top, which is popped; NULL where it is nil. */
static const char *pop_text(reader *r, size_t *len)
{
    lua_State *L = r->L;
    const char *text;

    if (lua_isboolean(L, -1)) {
        bool on = lua_toboolean(L, -1);

        lua_pop(L, 1);
        lua_pushstring(L, on ? "true" : "false");
    }
    text = lua_tolstring(L, -1, len);
    if (text)
        anchor_top(r);
    lua_pop(L, 1);
    return text;
}

static const char *text_field(reader *r, int table, const char *name)
{
    lua_getfield(r->L, table, name);
    return pop_text(r, NULL);
}

static int64_t int_field(reader *r, int table, const char *name, int64_t def)
{
    int64_t value = def;

    lua_getfield(r->L, table, name);
    if (lua_isnumber(r->L, -1))
        value = (int64_t)lua_tonumber(r->L, -1);
    lua_pop(r->L, 1);
    return value;
}

static bool bool_field(reader *r, int table, const char *name)
{
    bool value;

    lua_getfield(r->L, table, name);
    value = lua_toboolean(r->L, -1);
    lua_pop(r->L, 1);
    return value;
}

static void *new_array(reader *r, size_t items, size_t size)
{
    void *array = lua_newuserdata(r->L, (items ? items : 1) * size);

    anchor_top(r);
    lua_pop(r->L, 1);
    return array;
}

/* { [name] = value } as name, value, name, value ... */
static mt_strings pairs_field(reader *r, int table, const char *name)
{
    lua_State *L = r->L;
    mt_strings list = {NULL, 0};
    int32_t len = 0;

    lua_getfield(L, table, name);
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        return list;
    }
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
        len += 2;
    list.items = new_array(r, (size_t)len, sizeof(*list.items));
    for (lua_pushnil(L); lua_next(L, -2);) {
        const char *value = pop_text(r, NULL);

        lua_pushvalue(L, -1);
        list.items[list.len] = pop_text(r, NULL);
        list.items[list.len + 1] = value ? value : "";
        list.len += 2;
    }
    lua_pop(L, 1);
    return list;
}

static mt_strings list_field(reader *r, int table, const char *name)
{
    lua_State *L = r->L;
    mt_strings list = {NULL, 0};
    int32_t len, i;

    lua_getfield(L, table, name);
    if (lua_istable(L, -1)) {
        len = (int32_t)lua_objlen(L, -1);
        list.items = new_array(r, (size_t)len, sizeof(*list.items));
        for (i = 0; i < len; i++) {
            lua_rawgeti(L, -1, i + 1);
            list.items[i] = pop_text(r, NULL);
        }
        list.len = len;
    }
    lua_pop(L, 1);
    return list;
}

static int32_t *ints_field(reader *r, int table, const char *name, int32_t *len)
{
    lua_State *L = r->L;
    int32_t *ints = NULL;
    int32_t i;

    *len = 0;
    lua_getfield(L, table, name);
    if (lua_istable(L, -1)) {
        *len = (int32_t)lua_objlen(L, -1);
        ints = new_array(r, (size_t)*len, sizeof(*ints));
        for (i = 0; i < *len; i++) {
            lua_rawgeti(L, -1, i + 1);
            ints[i] = (int32_t)lua_tointeger(L, -1);
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
    return ints;
}

static int read_filter_op(reader *r, int at, mt_filter_op *op)
{
    static const char *const names[] = {
        "=", "<>", "<", "<=", ">", ">=", "IN", "IS NULL", "IS NOT NULL",
    };
    const char *name = text_field(r, at, "op");
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (name && !strcmp(names[i], name)) {
            *op = (mt_filter_op)i;
            return 0;
        }
    }
    return mt_fail(r->err, MT_EMISUSE, "a filter's op is unknown: %s",
                   name ? name : "none");
}

/* filters = { { column = from 0, op = "<=", values = { "text" } } } */
static int read_filters(reader *r, int at, mt_node *node)
{
    lua_State *L = r->L;
    mt_filter *filters;
    int32_t i;
    int rc = 0;

    lua_getfield(L, at, "filters");
    if (lua_istable(L, -1)) {
        node->filters_len = (int32_t)lua_objlen(L, -1);
        filters =
            new_array(r, (size_t)node->filters_len, sizeof(*node->filters));
        for (i = 0; rc == 0 && i < node->filters_len; i++) {
            lua_rawgeti(L, -1, i + 1);
            filters[i].column =
                (int32_t)int_field(r, lua_gettop(L), "column", -1);
            filters[i].values = list_field(r, lua_gettop(L), "values");
            rc = read_filter_op(r, lua_gettop(L), &filters[i].op);
            lua_pop(L, 1);
        }
        node->filters = filters;
    }
    lua_pop(L, 1);
    return rc;
}

static int read_node(reader *r, mt_plan *plan, int at)
{
    mt_node node = {.physical_len = -1, .buffer_timeout_ms = MT_UNSET};

    node.kind = text_field(r, at, "kind");
    node.name = text_field(r, at, "name");
    node.connector = text_field(r, at, "connector");
    node.options = pairs_field(r, at, "options");
    node.type = text_field(r, at, "type");
    node.table = text_field(r, at, "table");
    node.physical_len = (int32_t)int_field(r, at, "physical_len", -1);
    node.metadata = list_field(r, at, "metadata");
    node.primary_key = ints_field(r, at, "primary_key", &node.primary_key_len);
    node.partition_keys =
        ints_field(r, at, "partition_keys", &node.partition_keys_len);
    node.overwrite = bool_field(r, at, "overwrite");
    node.kinds = (uint32_t)int_field(r, at, "kinds", 0);
    node.limit = int_field(r, at, "limit", 0);
    node.parallelism = (int32_t)int_field(r, at, "parallelism", 0);
    node.max_parallelism = (int32_t)int_field(r, at, "max_parallelism", 0);
    node.buffer_timeout_ms = int_field(r, at, "buffer_timeout_ms", MT_UNSET);
    node.chain_start = bool_field(r, at, "chain_start");
    node.chain_none = bool_field(r, at, "chain_none");
    lua_getfield(r->L, at, "payload");
    node.payload = pop_text(r, &node.payload_len);
    if (read_filters(r, at, &node) < 0)
        return mt_error_code(*r->err);
    return mt_plan_add(plan, &node, r->err);
}

static int read_ship(reader *r, int at, mt_ship *ship)
{
#define SHIP_NAME(name) #name,
    static const char *const names[] = {MT_SHIPS(SHIP_NAME)};
#undef SHIP_NAME
    const char *name = text_field(r, at, "ship");
    int i;

    for (i = 0; i < MT_SHIPS_LEN; i++) {
        if (name && !strcmp(names[i], name)) {
            *ship = (mt_ship)i;
            return 0;
        }
    }
    return mt_fail(r->err, MT_EMISUSE, "an edge's ship is unknown: %s",
                   name ? name : "none");
}

static int read_edge(reader *r, mt_plan *plan, int at)
{
    mt_ship ship = MT_SHIP_FORWARD;
    int32_t columns_len;
    int32_t *columns = ints_field(r, at, "columns", &columns_len);
    int rc = read_ship(r, at, &ship);

    if (rc < 0)
        return rc;
    return mt_plan_connect(plan, (int32_t)int_field(r, at, "from", 0),
                           (int32_t)int_field(r, at, "to", 0),
                           (int32_t)int_field(r, at, "input", 0), ship, columns,
                           columns_len, r->err);
}

/* Reads every element of the list `name` of the table at `plan_at`. */
static int read_list(reader *r, mt_plan *plan, int plan_at, const char *name,
                     int (*read)(reader *, mt_plan *, int))
{
    lua_State *L = r->L;
    int rc = 0;
    int i, len;

    lua_getfield(L, plan_at, name);
    if (!lua_istable(L, -1))
        return mt_fail(r->err, MT_EMISUSE, "a plan needs the list '%s'", name);
    len = (int)lua_objlen(L, -1);
    for (i = 1; rc >= 0 && i <= len; i++) {
        lua_rawgeti(L, -1, i);
        if (lua_istable(L, -1))
            rc = read(r, plan, lua_gettop(L));
        else
            rc = mt_fail(r->err, MT_EMISUSE, "%s[%d] of a plan is no table",
                         name, i);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return rc < 0 ? rc : 0;
}

static int read_settings(reader *r, mt_plan *plan, int plan_at)
{
    mt_strings settings = pairs_field(r, plan_at, "settings");
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < settings.len; i += 2)
        rc =
            mt_plan_set(plan, settings.items[i], settings.items[i + 1], r->err);
    return rc;
}

mt_plan *mt__plan_read(lua_State *L, int index, mt_error **err)
{
    reader r = {.L = L, .err = err};
    int top = lua_gettop(L);
    const char *name;
    mt_plan *plan;
    int rc;

    lua_checkstack(L, 20);
    lua_newtable(L);
    r.anchor = lua_gettop(L);
    name = text_field(&r, index, "name");
    plan = mt_plan_new(name ? name : "Moontide job", err);
    if (!plan)
        return NULL;
    rc = read_settings(&r, plan, index);
    if (rc == 0)
        rc = read_list(&r, plan, index, "nodes", read_node);
    if (rc == 0)
        rc = read_list(&r, plan, index, "edges", read_edge);
    lua_settop(L, top);
    if (rc < 0) {
        mt_plan_free(plan);
        return NULL;
    }
    return plan;
}
