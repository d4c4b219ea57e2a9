/* Plans: deep copies of what a program declares, refused early where they
 * cannot work. Everything that needs no I/O is checked here, in the program's
 * own thread, so that its mistakes show where it made them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan.h"

#include "base/nearest.h"
#include "base/options.h"

#define CHECKPOINT_INTERVAL_MS 5000
#define CHECKPOINT_TIMEOUT_MS 600000
#define BUFFER_TIMEOUT_MS 5

/* Longer times than a year are a year, so that adding one to now is safe. */
#define LONGEST_MS (INT64_C(365) * 24 * 3600 * 1000)

/* ---- life ----------------------------------------------------------- */

mt_plan *mt_plan_new(const char *job_name, mt_error **err)
{
    mt_plan *plan = mt_calloc(sizeof(*plan));

    if (!plan)
        goto fail;
    plan->name = mt_strdup(job_name ? job_name : "job");
    if (!plan->name)
        goto fail;
    plan->settings.checkpoint_interval_ms = CHECKPOINT_INTERVAL_MS;
    plan->settings.checkpoint_timeout_ms = CHECKPOINT_TIMEOUT_MS;
    plan->settings.buffer_timeout_ms = BUFFER_TIMEOUT_MS;
    plan->settings.chaining = true;
    return plan;
fail:
    mt_plan_free(plan);
    mt_fail(err, MT_ENOMEM, "no memory for a plan");
    return NULL;
}

void mt_plan_free(mt_plan *plan)
{
    int32_t i;

    if (!plan)
        return;
    for (i = 0; i < plan->nodes_len; i++)
        mt__plan_node_unref(plan->nodes[i]);
    for (i = 0; i < plan->edges_len; i++)
        mt_free(plan->edges[i].columns,
                sizeof(int32_t) * (size_t)plan->edges[i].columns_len);
    mt_free(plan->nodes, sizeof(*plan->nodes) * (size_t)plan->nodes_cap);
    mt_free(plan->edges, sizeof(*plan->edges) * (size_t)plan->edges_cap);
    mt_strfree(plan->name);
    mt_free(plan, sizeof(*plan));
}

mt__plan_node *mt__plan_node_ref(mt__plan_node *node)
{
    __atomic_fetch_add(&node->refs, 1, __ATOMIC_RELAXED);
    return node;
}

void mt__plan_node_unref(mt__plan_node *node)
{
    if (!node || __atomic_sub_fetch(&node->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    mt__options_free(node->options);
    mt_type_unref(node->type);
    mt__arena_fini(&node->arena);
    mt_free(node, sizeof(*node));
}

/* Makes room for one more entry of `size` bytes in an array. */
static int grow_array(void **array, int32_t len, int32_t *cap, size_t size)
{
    int32_t more = *cap ? *cap * 2 : 8;
    void *p;

    if (len < *cap)
        return 0;
    p = mt_realloc(*array, size * (size_t)*cap, size * (size_t)more);
    if (!p)
        return MT_ENOMEM;
    *array = p;
    *cap = more;
    return 0;
}

/* ---- settings ----------------------------------------------------------- */

typedef enum setting_kind {
    SETTING_INT,
    SETTING_DURATION,
    SETTING_BOOL
} setting_kind;

/* Settings that the runtime reads. Others are the business of other layers. */
static const struct setting {
    const char *key;
    setting_kind kind;
    size_t offset;
    int64_t min;
    int64_t max;
} settings[] = {
    {"parallelism.default", SETTING_INT,
     offsetof(mt__plan_settings, parallelism), 1, MT__PARALLELISM_MAX},
    {"pipeline.max-parallelism", SETTING_INT,
     offsetof(mt__plan_settings, max_parallelism), 1, MT__PARALLELISM_MAX},
    {"execution.checkpointing.interval", SETTING_DURATION,
     offsetof(mt__plan_settings, checkpoint_interval_ms), 10, INT64_MAX},
    {"execution.checkpointing.timeout", SETTING_DURATION,
     offsetof(mt__plan_settings, checkpoint_timeout_ms), 10, INT64_MAX},
    {"execution.checkpointing.min-pause", SETTING_DURATION,
     offsetof(mt__plan_settings, checkpoint_pause_ms), 0, INT64_MAX},
    {"execution.buffer-timeout", SETTING_DURATION,
     offsetof(mt__plan_settings, buffer_timeout_ms), -1, INT64_MAX},
    {"execution.buffer-timeout.interval", SETTING_DURATION,
     offsetof(mt__plan_settings, buffer_timeout_ms), -1, INT64_MAX},
    {"pipeline.operator-chaining.enabled", SETTING_BOOL,
     offsetof(mt__plan_settings, chaining), 0, 1},
    {"pipeline.operator-chaining", SETTING_BOOL,
     offsetof(mt__plan_settings, chaining), 0, 1},
};

/* "-1" is a whole number where a duration is not. */
static bool read_setting(setting_kind kind, const char *text, int64_t *out)
{
    bool yes;

    switch (kind) {
    case SETTING_INT:
        return mt__read_int(text, out);
    case SETTING_DURATION:
        return mt__read_duration(text, out) || mt__read_int(text, out);
    default:
        if (!mt__read_bool(text, &yes))
            return false;
        *out = yes;
        return true;
    }
}

static int refuse_setting(const struct setting *s, const char *value,
                          mt_error **err)
{
    int rc;

    if (s->kind == SETTING_BOOL)
        rc = mt_fail(err, MT_EOPTION,
                     "setting '%s' must be true or false, is '%s'", s->key,
                     value);
    else if (s->max < INT64_MAX)
        rc = mt_fail(err, MT_EOPTION,
                     "setting '%s' must be a whole number from %lld to %lld, "
                     "is '%s'",
                     s->key, (long long)s->min, (long long)s->max, value);
    else
        rc = mt_fail(err, MT_EOPTION,
                     "setting '%s' must be a duration of at least %lld ms, "
                     "such as '5 s', is '%s'",
                     s->key, (long long)s->min, value);
    if (err)
        mt_error_set_option(*err, s->key);
    return rc;
}

static void store_setting(mt__plan_settings *out, const struct setting *s,
                          int64_t v)
{
    char *at = (char *)out + s->offset;

    if (s->kind == SETTING_BOOL)
        *(bool *)at = v != 0;
    else if (s->kind == SETTING_INT)
        *(int32_t *)at = (int32_t)v;
    else
        *(int64_t *)at = v < LONGEST_MS ? v : LONGEST_MS;
}

int mt_plan_set(mt_plan *plan, const char *key, const char *value,
                mt_error **err)
{
    const struct setting *s;
    int64_t v;
    size_t i;

    if (!key || !value)
        return mt_fail(err, MT_EMISUSE, "a setting needs a key and a value");
    for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        s = &settings[i];
        if (strcmp(s->key, key) != 0)
            continue;
        /* Flink spells "not set" as -1 here. */
        if (s->kind == SETTING_INT && strcmp(value, "-1") == 0)
            v = 0;
        else if (!read_setting(s->kind, value, &v) || v < s->min || v > s->max)
            return refuse_setting(s, value, err);
        store_setting(&plan->settings, s, v);
        return 0;
    }
    return 0;
}

/* ---- copies ----------------------------------------------------------- */

static int copy_text(mt__arena *arena, const char **text)
{
    if (!*text)
        return 0;
    *text = mt__arena_strdup(arena, *text);
    return *text ? 0 : MT_ENOMEM;
}

static int copy_bytes(mt__arena *arena, const void **bytes, size_t len)
{
    void *copy;

    if (!*bytes)
        return 0;
    copy = mt__arena_alloc(arena, len ? len : 1);
    if (!copy)
        return MT_ENOMEM;
    memcpy(copy, *bytes, len);
    *bytes = copy;
    return 0;
}

static int copy_strings(mt__arena *arena, mt_strings *strings)
{
    const char **items;
    int32_t i;

    if (strings->len <= 0) {
        memset(strings, 0, sizeof(*strings));
        return 0;
    }
    items = mt__arena_alloc(arena, sizeof(*items) * (size_t)strings->len);
    if (!items)
        return MT_ENOMEM;
    for (i = 0; i < strings->len; i++) {
        items[i] = strings->items[i] ? strings->items[i] : "";
        if (copy_text(arena, &items[i]) < 0)
            return MT_ENOMEM;
    }
    strings->items = items;
    return 0;
}

static int copy_filters(mt__arena *arena, mt_node *decl)
{
    mt_filter *filters;
    int32_t i;
    int rc = 0;

    if (copy_bytes(arena, (const void **)&decl->filters,
                   sizeof(*filters) * (size_t)decl->filters_len) < 0)
        return MT_ENOMEM;
    filters = (mt_filter *)decl->filters; /* the arena's copy by now */
    for (i = 0; i < decl->filters_len; i++)
        rc |= copy_strings(arena, &filters[i].values);
    return rc;
}

/* Turns the borrowed pointers of node->decl into copies of its own. */
static int copy_decl(mt__plan_node *node)
{
    mt__arena *arena = &node->arena;
    mt_node *decl = &node->decl;
    int rc = 0;

    rc |= copy_text(arena, &decl->kind);
    rc |= copy_text(arena, &decl->name);
    rc |= copy_text(arena, &decl->connector);
    rc |= copy_text(arena, &decl->type);
    rc |= copy_text(arena, &decl->table);
    rc |= copy_strings(arena, &decl->options);
    rc |= copy_strings(arena, &decl->metadata);
    rc |= copy_bytes(arena, (const void **)&decl->primary_key,
                     sizeof(int32_t) * (size_t)decl->primary_key_len);
    rc |= copy_bytes(arena, (const void **)&decl->partition_keys,
                     sizeof(int32_t) * (size_t)decl->partition_keys_len);
    rc |= copy_filters(arena, decl);
    rc |= copy_bytes(arena, &decl->payload, decl->payload_len);
    return rc ? MT_ENOMEM : 0;
}

/* ---- connectors ---------------------------------------------------------- */

static const mt_metadata *find_metadata(const mt_connector *connector,
                                        const char *key, mt__nearest *nearest)
{
    const mt_metadata *m = connector->metadata;

    for (; m && m->key; m++) {
        if (strcmp(m->key, key) == 0)
            return m;
        mt__nearest_try(nearest, m->key);
    }
    return NULL;
}

static int check_metadata(const mt__plan_node *node, mt_error **err)
{
    const mt_table *table = &node->table;
    int32_t i, len = node->decl.metadata.len;

    for (i = 0; i < len; i++) {
        mt__nearest nearest = {.wanted = table->metadata[i]};
        const mt_metadata *m =
            find_metadata(node->connector, table->metadata[i], &nearest);

        if (!m)
            return mt_fail(
                err, MT_EOPTION, "connector '%s' has no metadata '%s'%s%s%s",
                node->decl.connector, table->metadata[i],
                nearest.best ? "; did you mean '" : "",
                nearest.best ? nearest.best : "", nearest.best ? "'?" : "");
        if (table->sink && !m->writable)
            return mt_fail(err, MT_EOPTION,
                           "metadata '%s' of connector '%s' can only be read; "
                           "declare its column VIRTUAL",
                           m->key, node->decl.connector);
    }
    return 0;
}

/* Columns that a key or a filter names are among the table's. */
static int check_table_columns(const mt_table *table, mt_error **err)
{
    int32_t i, columns = mt_type_columns_len(table->type);
    const char *what = "primary key";
    int32_t bad = INT32_MIN;

    for (i = 0; i < table->primary_key_len; i++)
        if (table->primary_key[i] < 0 || table->primary_key[i] >= columns)
            bad = table->primary_key[i];
    for (i = 0; i < table->partition_keys_len; i++) {
        if (table->partition_keys[i] < 0 ||
            table->partition_keys[i] >= columns) {
            what = "partition key";
            bad = table->partition_keys[i];
        }
    }
    for (i = 0; i < table->filters_len; i++) {
        if (table->filters[i].column < 0 ||
            table->filters[i].column >= columns) {
            what = "filter";
            bad = table->filters[i].column;
        }
    }
    if (bad == INT32_MIN)
        return 0;
    return mt_fail(err, MT_EMISUSE, "%s column %d is not one of the %d columns",
                   what, (int)bad, (int)columns);
}

static int fill_table(mt__plan_node *node, mt_error **err)
{
    mt_table *table = &node->table;
    const mt_node *decl = &node->decl;
    int32_t columns = mt_type_columns_len(node->type);
    int rc;

    table->type = node->type;
    table->physical_len = decl->physical_len < 0 ? columns - decl->metadata.len
                                                 : decl->physical_len;
    table->metadata = decl->metadata.items;
    table->primary_key = decl->primary_key;
    table->primary_key_len = decl->primary_key_len;
    table->sink = mt__plan_node_is(node, "sink");
    table->partition_keys = decl->partition_keys;
    table->partition_keys_len = decl->partition_keys_len;
    table->overwrite = decl->overwrite;
    table->filters = decl->filters;
    table->filters_len = decl->filters_len;
    table->limit = decl->limit;
    if (table->physical_len < 0 ||
        table->physical_len + decl->metadata.len != columns)
        return mt_fail(err, MT_EMISUSE,
                       "%d physical and %d metadata columns do not make the "
                       "%d columns of the type",
                       (int)table->physical_len, (int)decl->metadata.len,
                       (int)columns);
    rc = check_table_columns(table, err);
    return rc < 0 ? rc : check_metadata(node, err);
}

/* A sink that only appends cannot follow a query whose rows change. */
static int check_kinds(const mt__plan_node *node, mt_error **err)
{
    static const char *const names[] = {"+I", "-U", "+U", "-D"};
    const mt_connector *c = node->connector;
    uint32_t taken = 1u << MT_INSERT, lost;
    mt_buf text = {0};
    int32_t i;
    int rc = 0;

    if (!node->table.sink || !node->decl.kinds)
        return 0;
    if (c->sink_kinds)
        taken = c->sink_kinds(node->options, &node->table);
    /* What was there before an update is left out by those who replace rows by
     * key. */
    if (taken & 1u << MT_UPDATE_AFTER)
        taken |= 1u << MT_UPDATE_BEFORE;
    lost = node->decl.kinds & ~taken;
    if (!lost)
        return 0;
    for (i = 0; rc == 0 && i < 4; i++)
        if (lost & (1u << i))
            rc = mt_buf_printf(&text, "%s%s", text.len ? ", " : "", names[i]);
    mt_fail(err, MT_EUNSUPPORTED,
            "connector '%s' cannot write rows that are updated or deleted "
            "(%.*s)%s",
            node->decl.connector, (int)text.len,
            text.data ? (const char *)text.data : "",
            node->table.primary_key_len
                ? ""
                : "; a table with a PRIMARY KEY may, where the connector "
                  "writes by key");
    mt_buf_fini(&text);
    return MT_EUNSUPPORTED;
}

/* Rows added to what should have gone would pass for all there is. */
static int check_overwrite(const mt__plan_node *node, mt_error **err)
{
    if (!node->table.sink || !node->table.overwrite ||
        (node->connector->pushes & MT_PUSH_OVERWRITE))
        return 0;
    return mt_fail(err, MT_EUNSUPPORTED,
                   "connector '%s' cannot overwrite: INSERT INTO adds to what "
                   "is there",
                   node->decl.connector);
}

/* "connector 'kafka'", which option errors begin with. */
static int parse_options(mt__plan_node *node, mt_error **err)
{
    const mt_plugin *plugin = &node->connector->plugin;
    char *owner =
        mt__arena_printf(&node->arena, "connector '%s'", node->decl.connector);

    if (!owner)
        return mt_fail(err, MT_ENOMEM, "no memory for a node");
    return mt__options_parse(plugin->options, plugin->options_size,
                             &node->decl.options, owner, &node->options, err);
}

static int check_connector(mt__plan_node *node, mt_error **err)
{
    const mt_connector *connector;
    int rc;

    if (!node->decl.connector)
        return mt_fail(err, MT_EMISUSE, "a %s needs a connector",
                       node->decl.kind);
    connector = (const mt_connector *)mt_plugin_find(MT_PLUGIN_CONNECTOR,
                                                     node->decl.connector, err);
    if (!connector)
        return err ? mt_error_code(*err) : MT_ENOTFOUND;
    node->connector = connector;
    if (mt__plan_node_is(node, "sink") ? !connector->sink_write
                                       : !connector->source_poll)
        return mt_fail(err, MT_EUNSUPPORTED,
                       "connector '%s' cannot be used as a %s",
                       node->decl.connector, node->decl.kind);
    if ((rc = fill_table(node, err)) < 0)
        return rc;
    if ((rc = parse_options(node, err)) < 0 ||
        (rc = check_kinds(node, err)) < 0 ||
        (rc = check_overwrite(node, err)) < 0)
        return rc;
    return connector->check ? connector->check(node->options, &node->table, err)
                            : 0;
}

/* ---- nodes ----------------------------------------------------------- */

static int check_numbers(const mt_node *decl, mt_error **err)
{
    if (decl->parallelism < 0 || decl->parallelism > MT__PARALLELISM_MAX)
        return mt_fail(err, MT_EMISUSE,
                       "parallelism must be from 1 to %d, is %d",
                       MT__PARALLELISM_MAX, (int)decl->parallelism);
    if (decl->max_parallelism < 0 ||
        decl->max_parallelism > MT__PARALLELISM_MAX)
        return mt_fail(err, MT_EMISUSE,
                       "max parallelism must be from 1 to %d, is %d",
                       MT__PARALLELISM_MAX, (int)decl->max_parallelism);
    if (decl->buffer_timeout_ms < -1 && decl->buffer_timeout_ms != MT_UNSET)
        return mt_fail(err, MT_EMISUSE,
                       "buffer timeout must be -1, 0 or more ms, is %lld",
                       (long long)decl->buffer_timeout_ms);
    return 0;
}

static int check_node(mt__plan_node *node, mt_error **err)
{
    const mt_node *decl = &node->decl;
    int rc;

    if ((rc = check_numbers(decl, err)) < 0)
        return rc;
    node->cls = mt_operator_find(decl->kind);
    if (!node->cls)
        return mt_fail(err, MT_EMISUSE, "no operator of kind '%s' is known",
                       decl->kind);
    if (!decl->type)
        return mt_fail(err, MT_EMISUSE, "a node needs a type");
    node->type = mt_type_parse(decl->type, err);
    if (!node->type)
        return err ? mt_error_code(*err) : MT_ETYPE;
    if (mt__plan_node_is(node, "source") || mt__plan_node_is(node, "sink"))
        return check_connector(node, err);
    return 0;
}

int32_t mt_plan_add(mt_plan *plan, const mt_node *decl, mt_error **err)
{
    mt__plan_node *node = NULL;
    int rc = MT_ENOMEM;

    if (!decl || !decl->kind || !decl->name)
        return mt_fail(err, MT_EMISUSE, "a node needs a kind and a name");
    if (grow_array((void **)&plan->nodes, plan->nodes_len, &plan->nodes_cap,
                   sizeof(*plan->nodes)) < 0)
        goto no_memory;
    node = mt_calloc(sizeof(*node));
    if (!node)
        goto no_memory;
    node->refs = 1;
    node->decl = *decl;
    if (decl->buffer_timeout_ms > LONGEST_MS)
        node->decl.buffer_timeout_ms = LONGEST_MS;
    if (copy_decl(node) < 0)
        goto no_memory;
    if ((rc = check_node(node, err)) < 0)
        goto fail;
    plan->nodes[plan->nodes_len++] = node;
    node->id = plan->nodes_len;
    return node->id;
no_memory:
    mt_fail(err, MT_ENOMEM, "no memory for a node");
fail:
    if (err)
        mt_error_set_operator(*err, decl->name);
    mt__plan_node_unref(node);
    return rc;
}

/* ---- edges ----------------------------------------------------------- */

/* Fixed and variable length are the same thing in memory. */
static mt_kind stored_kind(const mt_type *type)
{
    if (type->kind == MT_CHAR)
        return MT_VARCHAR;
    return type->kind == MT_BINARY ? MT_VARBINARY : (mt_kind)type->kind;
}

/* Whether columns of the two types hold the same bytes for the same value, so
 * that one may be handed on as the other. Lengths of texts are not looked at:
 * they say what may be written, not how. */
static bool same_layout(const mt_type *a, const mt_type *b)
{
    int32_t i;

    if (stored_kind(a) != stored_kind(b) || a->width != b->width ||
        a->scale != b->scale || a->fields_len != b->fields_len)
        return false;
    for (i = 0; i < a->fields_len; i++)
        if (!same_layout(a->fields[i].type, b->fields[i].type))
            return false;
    return true;
}

static bool same_columns(const mt_type *a, const mt_type *b)
{
    int32_t i, len = mt_type_columns_len(a);

    if (len != mt_type_columns_len(b))
        return false;
    for (i = 0; i < len; i++)
        if (!same_layout(mt_type_column(a, i), mt_type_column(b, i)))
            return false;
    return true;
}

/* What `to` takes on `input`: of a sink its own type, of any other what the
 * first edge there brought. NULL: anything, so far. */
static const mt_type *input_type(const mt_plan *plan, const mt__plan_node *to,
                                 int32_t input)
{
    int32_t i;

    if (mt__plan_node_is(to, "sink"))
        return to->type;
    for (i = 0; i < plan->edges_len; i++)
        if (plan->edges[i].to == to->id && plan->edges[i].input == input)
            return plan->nodes[plan->edges[i].from - 1]->type;
    return NULL;
}

static int check_fits(const mt__plan_node *from, const mt__plan_node *to,
                      const mt_type *want, mt_error **err)
{
    mt_buf got_text = {0}, want_text = {0};
    int rc;

    if (!want || same_columns(from->type, want))
        return 0;
    if (mt_type_text(from->type, &got_text) < 0 ||
        mt_type_text(want, &want_text) < 0)
        rc = mt_fail(err, MT_ENOMEM, "no memory for a message");
    else
        rc = mt_fail(err, MT_ETYPE,
                     "'%s' gives %.*s but '%s' takes %.*s; put a cast between",
                     from->decl.name, (int)got_text.len, (char *)got_text.data,
                     to->decl.name, (int)want_text.len, (char *)want_text.data);
    mt_buf_fini(&got_text);
    mt_buf_fini(&want_text);
    return rc;
}

static int check_columns(const mt__plan_node *from, mt_ship ship,
                         const int32_t *columns, int32_t len, mt_error **err)
{
    int32_t i, max = mt_type_columns_len(from->type);

    if ((ship == MT_SHIP_HASH && len < 1) ||
        (ship == MT_SHIP_CUSTOM && len != 1))
        return mt_fail(err, MT_EMISUSE,
                       "a keyed or custom partitioning after '%s' needs its "
                       "columns",
                       from->decl.name);
    for (i = 0; i < len; i++)
        if (columns[i] < 0 || columns[i] >= max)
            return mt_fail(err, MT_EMISUSE,
                           "partitioning column %d is not one of the %d "
                           "columns of '%s'",
                           (int)columns[i], (int)max, from->decl.name);
    if (ship == MT_SHIP_CUSTOM &&
        mt_type_column(from->type, columns[0])->kind != MT_INT)
        return mt_fail(err, MT_ETYPE, "a partition column must be an INT");
    return 0;
}

static int check_edge(const mt_plan *plan, const mt__plan_edge *edge,
                      const int32_t *columns, mt_error **err)
{
    const mt__plan_node *from = plan->nodes[edge->from - 1];
    const mt__plan_node *to = plan->nodes[edge->to - 1];
    int rc;

    if (mt__plan_node_is(from, "sink"))
        return mt_fail(err, MT_EMISUSE, "nothing comes out of sink '%s'",
                       from->decl.name);
    if (!to->cls->process)
        return mt_fail(err, MT_EMISUSE, "'%s' makes records and takes none",
                       to->decl.name);
    if ((rc = check_columns(from, edge->ship, columns, edge->columns_len,
                            err)) < 0)
        return rc;
    if ((rc = check_fits(from, to, input_type(plan, to, edge->input), err)) < 0)
        return rc;
    if (edge->input == 0 && to->cls->check)
        return to->cls->check(&to->decl, from->type, err);
    return 0;
}

static bool is_node(const mt_plan *plan, int32_t id)
{
    return id >= 1 && id <= plan->nodes_len;
}

int mt_plan_connect(mt_plan *plan, int32_t from, int32_t to, int32_t input,
                    mt_ship ship, const int32_t *columns, int32_t columns_len,
                    mt_error **err)
{
    mt__plan_edge edge = {.from = from,
                          .to = to,
                          .input = input,
                          .ship = ship,
                          .columns_len = columns_len};
    int rc;

    if (!is_node(plan, from) || !is_node(plan, to))
        return mt_fail(err, MT_EMISUSE, "there is no node %d in the plan",
                       (int)(is_node(plan, from) ? to : from));
    if (input < 0 || input > 1 || ship < 0 || ship >= MT_SHIPS_LEN ||
        columns_len < 0 || (columns_len && !columns))
        return mt_fail(err, MT_EMISUSE,
                       "an edge needs input 0 or 1 and a known way to ship");
    if ((rc = check_edge(plan, &edge, columns, err)) < 0) {
        if (err)
            mt_error_set_operator(*err, plan->nodes[to - 1]->decl.name);
        return rc;
    }
    if (grow_array((void **)&plan->edges, plan->edges_len, &plan->edges_cap,
                   sizeof(*plan->edges)) < 0)
        return mt_fail(err, MT_ENOMEM, "no memory for an edge");
    if (columns_len) {
        edge.columns = mt_alloc(sizeof(int32_t) * (size_t)columns_len);
        if (!edge.columns)
            return mt_fail(err, MT_ENOMEM, "no memory for an edge");
        memcpy(edge.columns, columns, sizeof(int32_t) * (size_t)columns_len);
    }
    plan->edges[plan->edges_len++] = edge;
    return 0;
}
