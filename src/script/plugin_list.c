/* Plug-ins as Lua tables.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/plugin_list.h"

#include <lauxlib.h>

#include "base/options.h"
#include "format/plugin.h"
#include "script/core.h"

static void set_flag(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

static void set_text(lua_State *L, const char *name, const char *value)
{
    lua_pushstring(L, value); /* nil for NULL */
    lua_setfield(L, -2, name);
}

static void push_option(lua_State *L, const mt_option *o)
{
    lua_newtable(L);
    set_text(L, "name", o->name);
    set_text(L, "type", mt__option_type_name(o));
    set_text(L, "default", o->def);
    set_text(L, "help", o->help);
    set_text(L, "choices", o->choices);
    set_text(L, "legacy", o->legacy);
    set_flag(L, "required", o->flags & MT_OPT_REQUIRED);
    set_flag(L, "secret", o->flags & MT_OPT_SECRET);
    set_flag(L, "unsupported", o->flags & MT_OPT_UNSUPPORTED);
}

static void push_plugin(lua_State *L, const mt_plugin *plugin)
{
    const mt_option *o;
    int n = 0;

    lua_newtable(L);
    set_text(L, "name", plugin->name);
    set_text(L, "summary", plugin->summary);
    lua_newtable(L);
    for (o = plugin->options; o && o->name; o++) {
        push_option(L, o);
        lua_rawseti(L, -2, ++n);
    }
    lua_setfield(L, -2, "options");
}

/* The plug-in that argument 1 names; raises where there is none. */
static const mt_plugin *find(lua_State *L, mt_plugin_kind kind)
{
    mt_error *err = NULL;
    const mt_plugin *plugin =
        mt_plugin_find(kind, luaL_checkstring(L, 1), &err);

    if (!plugin)
        mt__lua_raise(L, err);
    return plugin;
}

static void push_metadata(lua_State *L, const mt_metadata *m)
{
    lua_newtable(L);
    for (; m && m->key; m++)
        set_text(L, m->key, m->type);
}

int mt__plugin_connector(lua_State *L)
{
    const mt_connector *c = (const mt_connector *)find(L, MT_PLUGIN_CONNECTOR);

    push_plugin(L, &c->plugin);
    set_flag(L, "source", c->source_poll != NULL);
    set_flag(L, "sink", c->sink_write != NULL);
    set_flag(L, "lookup", c->lookup_get != NULL);
    set_flag(L, "pushes_filters", c->pushes & MT_PUSH_FILTERS);
    set_flag(L, "pushes_limit", c->pushes & MT_PUSH_LIMIT);
    push_metadata(L, c->metadata);
    lua_setfield(L, -2, "metadata");
    return 1;
}

int mt__plugin_format(lua_State *L)
{
    const mt_format *f = (const mt_format *)find(L, MT_PLUGIN_FORMAT);

    push_plugin(L, &f->plugin);
    set_flag(L, "changes", f->kinds & ~(1u << MT_INSERT));
    set_flag(L, "decodes", f->decode != NULL);
    set_flag(L, "encodes", f->encode != NULL);
    return 1;
}

int mt__plugins(lua_State *L)
{
    static const char *const kinds[] = {"connector", "format", NULL};
    mt_plugin_kind kind = (mt_plugin_kind)luaL_checkoption(L, 1, NULL, kinds);
    mt_error *err = NULL;
    mt_buf names = {0};
    int32_t i, len = mt__plugin_list(kind, &names);
    const char *at = (const char *)names.data;

    if (len < 0) {
        mt_buf_fini(&names);
        mt_fail(&err, MT_ENOMEM, "no memory for the names of plug-ins");
        return mt__lua_raise(L, err);
    }
    lua_newtable(L);
    for (i = 0; i < len; i++) {
        lua_pushstring(L, at);
        lua_rawseti(L, -2, i + 1);
        at += strlen(at) + 1;
    }
    mt_buf_fini(&names);
    return 1;
}
