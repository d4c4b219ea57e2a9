/* Avro's schemas, from their JSON.
 *
 * avro-c reads schemas too, but forgets defaults, aliases and logical types,
 * the very things that resolving needs; so this is our own.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

#include <stdio.h>

enum { NAME_MAX_BYTES = 1024 };

typedef struct schema_reader {
    avro_arena *arena;
    const avro_schema *named; /* those seen so far */
    mt_error **err;
} schema_reader;

static const char *const kind_names[] = {
#define KIND_NAME(name, text) text,
    AVRO_KINDS(KIND_NAME)
#undef KIND_NAME
};

const char *avro_kind_name(avro_kind kind)
{
    return kind_names[kind];
}

const char *avro_schema_words(const avro_schema *s, char *out, size_t size)
{
    static const char *const logical[] = {NULL,   "decimal",   "date",
                                          "time", "timestamp", "uuid"};

    if (s->name)
        snprintf(out, size, "%s '%s'", kind_names[s->kind], s->name);
    else if (s->logical)
        snprintf(out, size, "%s (%s)", kind_names[s->kind],
                 logical[s->logical]);
    else
        snprintf(out, size, "%s", kind_names[s->kind]);
    return out;
}

static void *get(schema_reader *r, size_t size)
{
    void *p = avro_arena_get(r->arena, size);

    if (!p)
        mt_fail(r->err, MT_ENOMEM, "out of memory");
    return p;
}

/* ---- names ----------------------------------------------------------- */

/* Letters, digits and '_', not a digit first; dots between such if allowed. */
static bool is_name(const char *text, bool dots)
{
    bool first = true;

    for (; *text; text++) {
        char low = (char)(*text | 0x20);

        if ((low >= 'a' && low <= 'z') || *text == '_' ||
            (!first && *text >= '0' && *text <= '9'))
            first = false;
        else if (*text == '.' && dots && !first)
            first = true;
        else
            return false;
    }
    return !first;
}

/* `name` with the namespace it is to be taken in. */
static const char *full_name(schema_reader *r, const char *name,
                             const char *space)
{
    size_t len = strlen(name) + (space ? strlen(space) : 0) + 2;
    char *out;

    if (len > NAME_MAX_BYTES) {
        mt_fail(r->err, MT_ETYPE, "a schema's name is too long: %.40s", name);
        return NULL;
    }
    out = get(r, len);
    if (out && space && *space && !strchr(name, '.'))
        snprintf(out, len, "%s.%s", space, name);
    else if (out)
        snprintf(out, len, "%s", name);
    return out;
}

static const avro_schema *find_named(const schema_reader *r, const char *name)
{
    const avro_schema *s;

    for (s = r->named; s; s = s->next_named) {
        if (strcmp(s->name, name) == 0)
            return s;
    }
    return NULL;
}

/* What stands before the last dot; NULL when there is none. */
static const char *space_of(schema_reader *r, const char *name)
{
    const char *dot = strrchr(name, '.');
    char *space;

    if (!dot)
        return "";
    space = avro_arena_text(r->arena, name, (size_t)(dot - name));
    if (!space)
        mt_fail(r->err, MT_ENOMEM, "out of memory");
    return space;
}

/* ---- one schema ---------------------------------------------------------- */

static const avro_schema *read_schema(schema_reader *r, const avro_tree *tree,
                                      const char *space);

/* "int", or a schema that was named before. */
static const avro_schema *read_reference(schema_reader *r, const char *text,
                                         const char *space)
{
    const avro_schema *found;
    const char *name;
    avro_schema *s;
    int kind;

    for (kind = AVRO_NULL; kind <= AVRO_STRING; kind++) {
        if (strcmp(text, kind_names[kind]) != 0)
            continue;
        s = get(r, sizeof(*s));
        if (s)
            s->kind = (avro_kind)kind;
        return s;
    }
    name = full_name(r, text, space);
    if (!name)
        return NULL;
    found = find_named(r, name);
    if (!found)
        found = find_named(r, text);
    if (!found)
        mt_fail(r->err, MT_ETYPE,
                "the schema names a type '%.80s' that it "
                "does not have",
                text);
    return found;
}

static int count(const avro_tree *list)
{
    const avro_tree *child;
    int n = 0;

    for (child = list->first; child; child = child->next)
        n++;
    return n;
}

static const avro_schema *read_union(schema_reader *r, const avro_tree *tree,
                                     const char *space)
{
    avro_schema *s = get(r, sizeof(*s));
    const avro_tree *child;
    avro_field *fields;

    if (!s)
        return NULL;
    fields = get(r, (size_t)count(tree) * sizeof(*fields));
    if (!fields)
        return NULL;
    s->kind = AVRO_UNION;
    s->fields = fields;
    for (child = tree->first; child; child = child->next, fields++) {
        fields->schema = read_schema(r, child, space);
        if (!fields->schema)
            return NULL;
        if (fields->schema->kind == AVRO_UNION) {
            mt_fail(r->err, MT_ETYPE, "the schema has a union in a union");
            return NULL;
        }
        s->fields_len++;
    }
    return s;
}

static bool read_field(schema_reader *r, const avro_tree *tree,
                       const char *space, avro_field *out)
{
    const avro_tree *type = avro_tree_get(tree, "type");

    out->name = avro_tree_string(tree, "name");
    if (!out->name || !type || !is_name(out->name, false)) {
        mt_fail(r->err, MT_ETYPE,
                "the schema has a record whose field %s%.80s "
                "has no sound name or no type",
                out->name ? "" : "(unnamed)", out->name ? out->name : "");
        return false;
    }
    out->def = avro_tree_get(tree, "default");
    out->aliases = avro_tree_get(tree, "aliases");
    out->schema = read_schema(r, type, space);
    return out->schema != NULL;
}

static bool read_fields(schema_reader *r, const avro_tree *tree, avro_schema *s)
{
    const avro_tree *list = avro_tree_get(tree, "fields");
    const char *space = space_of(r, s->name);
    const avro_tree *child;
    avro_field *fields;

    if (!list || list->kind != AVRO_TREE_ARRAY) {
        mt_fail(r->err, MT_ETYPE, "record '%s' of the schema has no fields",
                s->name);
        return false;
    }
    fields = get(r, (size_t)count(list) * sizeof(*fields));
    if (!fields || !space)
        return false;
    s->fields = fields;
    for (child = list->first; child; child = child->next) {
        if (!read_field(r, child, space, &fields[s->fields_len]))
            return false;
        s->fields_len++;
    }
    return true;
}

static bool read_symbols(schema_reader *r, const avro_tree *tree,
                         avro_schema *s)
{
    const avro_tree *list = avro_tree_get(tree, "symbols");
    const avro_tree *child;

    if (!list || list->kind != AVRO_TREE_ARRAY || !list->first) {
        mt_fail(r->err, MT_ETYPE, "enum '%s' of the schema has no symbols",
                s->name);
        return false;
    }
    s->symbols = get(r, (size_t)count(list) * sizeof(*s->symbols));
    if (!s->symbols)
        return false;
    for (child = list->first; child; child = child->next) {
        if (child->kind != AVRO_TREE_STRING || !is_name(child->text, false)) {
            mt_fail(r->err, MT_ETYPE,
                    "enum '%s' of the schema has a symbol "
                    "that is no name",
                    s->name);
            return false;
        }
        s->symbols[s->symbols_len++] = child->text;
    }
    return true;
}

/* A record is known by name before its fields are read: they may mean it. */
static bool read_named(schema_reader *r, const avro_tree *tree,
                       const char *space, avro_schema *s)
{
    const char *name = avro_tree_string(tree, "name");
    const char *own = avro_tree_string(tree, "namespace");
    int64_t size = avro_tree_whole(tree, "size", -1);

    if (!name || !is_name(name, true)) {
        mt_fail(r->err, MT_ETYPE, "the schema has %s %s that is no name: %.80s",
                s->kind == AVRO_ENUM ? "an" : "a", kind_names[s->kind],
                name ? name : "(none)");
        return false;
    }
    s->name = full_name(r, name, own ? own : space);
    if (!s->name)
        return false;
    if (find_named(r, s->name)) {
        mt_fail(r->err, MT_ETYPE, "the schema says twice what '%s' is",
                s->name);
        return false;
    }
    s->next_named = r->named;
    r->named = s;
    if (s->kind == AVRO_RECORD)
        return read_fields(r, tree, s);
    if (s->kind == AVRO_ENUM)
        return read_symbols(r, tree, s);
    if (size < 0 || size > INT32_MAX) {
        mt_fail(r->err, MT_ETYPE, "fixed '%s' of the schema has no size",
                s->name);
        return false;
    }
    s->size = (int32_t)size;
    return true;
}

static bool read_element(schema_reader *r, const avro_tree *tree,
                         const char *key, const char *space, avro_schema *s)
{
    const avro_tree *type = avro_tree_get(tree, key);
    avro_field *field;

    if (!type) {
        mt_fail(r->err, MT_ETYPE, "the schema has %s without '%s'",
                s->kind == AVRO_MAP ? "a map" : "an array", key);
        return false;
    }
    field = get(r, sizeof(*field));
    if (!field)
        return false;
    s->fields = field;
    s->fields_len = 1;
    field->schema = read_schema(r, type, space);
    return field->schema != NULL;
}

/* ---- logical types ------------------------------------------------------- */

static const struct {
    const char *name;
    avro_kind kind;
    avro_logical logical;
    int32_t digits;
} logicals[] = {
    {"date", AVRO_INT, AVRO_DATE, 0},
    {"time-millis", AVRO_INT, AVRO_TIME, 3},
    {"time-micros", AVRO_LONG, AVRO_TIME, 6},
    {"timestamp-millis", AVRO_LONG, AVRO_TIMESTAMP, 3},
    {"timestamp-micros", AVRO_LONG, AVRO_TIMESTAMP, 6},
    {"timestamp-nanos", AVRO_LONG, AVRO_TIMESTAMP, 9},
    {"local-timestamp-millis", AVRO_LONG, AVRO_TIMESTAMP, 3},
    {"local-timestamp-micros", AVRO_LONG, AVRO_TIMESTAMP, 6},
    {"local-timestamp-nanos", AVRO_LONG, AVRO_TIMESTAMP, 9},
    {"uuid", AVRO_STRING, AVRO_UUID, 0},
    {"uuid", AVRO_FIXED, AVRO_UUID, 0},
    {"decimal", AVRO_BYTES, AVRO_DECIMAL, 0},
    {"decimal", AVRO_FIXED, AVRO_DECIMAL, 0},
};

static void read_logical(const avro_tree *tree, avro_schema *s)
{
    const char *name = avro_tree_string(tree, "logicalType");
    int64_t precision = avro_tree_whole(tree, "precision", 0);
    int64_t scale = avro_tree_whole(tree, "scale", 0);
    size_t i;

    for (i = 0; name && i < sizeof(logicals) / sizeof(*logicals); i++) {
        if (s->kind != logicals[i].kind || strcmp(name, logicals[i].name) != 0)
            continue;
        if (logicals[i].logical == AVRO_DECIMAL &&
            (precision < 1 || precision > INT32_MAX || scale < 0 ||
             scale > precision))
            return;
        if (logicals[i].logical == AVRO_UUID && s->kind == AVRO_FIXED &&
            s->size != 16)
            return;
        s->logical = logicals[i].logical;
        s->digits = logicals[i].digits;
        s->precision = (int32_t)precision;
        s->scale = (int32_t)scale;
        return;
    }
}

/* ---- an object ----------------------------------------------------------- */

static avro_kind kind_of(const char *name)
{
    int kind = AVRO_NULL;

    if (strcmp(name, "error") == 0)
        return AVRO_RECORD;
    while (kind < AVRO_UNION && strcmp(name, kind_names[kind]) != 0)
        kind++;
    return (avro_kind)kind;
}

static bool fill_schema(schema_reader *r, const avro_tree *tree,
                        const char *space, avro_schema *s)
{
    switch (s->kind) {
    case AVRO_RECORD:
    case AVRO_ENUM:
    case AVRO_FIXED:
        return read_named(r, tree, space, s);
    case AVRO_ARRAY:
        return read_element(r, tree, "items", space, s);
    case AVRO_MAP:
        return read_element(r, tree, "values", space, s);
    default:
        return true;
    }
}

static const avro_schema *read_object(schema_reader *r, const avro_tree *tree,
                                      const char *space)
{
    const avro_tree *type = avro_tree_get(tree, "type");
    avro_schema *s;

    if (!type) {
        mt_fail(r->err, MT_ETYPE, "the schema has an object without 'type'");
        return NULL;
    }
    if (type->kind != AVRO_TREE_STRING)
        return read_schema(r, type, space);
    if (kind_of(type->text) == AVRO_UNION)
        return read_reference(r, type->text, space);
    s = get(r, sizeof(*s));
    if (!s)
        return NULL;
    s->kind = kind_of(type->text);
    if (!fill_schema(r, tree, space, s))
        return NULL;
    read_logical(tree, s);
    return s;
}

static const avro_schema *read_schema(schema_reader *r, const avro_tree *tree,
                                      const char *space)
{
    switch (tree->kind) {
    case AVRO_TREE_STRING:
        return read_reference(r, tree->text, space);
    case AVRO_TREE_ARRAY:
        return read_union(r, tree, space);
    case AVRO_TREE_OBJECT:
        return read_object(r, tree, space);
    default:
        mt_fail(r->err, MT_ETYPE, "the schema has something that is no type");
        return NULL;
    }
}

int avro_document_parse(avro_document *doc, const char *text, size_t len,
                        mt_error **err)
{
    mt_error *own = NULL;
    schema_reader r = {&doc->arena, NULL, &own};
    const avro_tree *tree = avro_tree_parse(&doc->arena, text, len, &own);
    int rc;

    if (tree)
        doc->root = read_schema(&r, tree, "");
    if (doc->root)
        return 0;
    rc = mt_error_code(own);
    if (err)
        *err = own;
    else
        mt_error_free(own);
    return rc;
}

void avro_document_fini(avro_document *doc)
{
    avro_arena_fini(&doc->arena);
    doc->root = NULL;
}
