/* layout.c - a record type as a tree of nodes with ready-made keys.
 *
 * A document's keys usually come in the order in which the fields were
 * declared, so a reader first compares the bytes of the text with those of the
 * next field's key, quotes included, eight of them at once. A hash of names
 * (open addressing, at most half full) serves all that come otherwise.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include <stdio.h>

/* ---- names ----------------------------------------------------------- */

static uint32_t hash_name(const char *name, size_t len)
{
    uint32_t h = 2166136261u;
    size_t i;

    for (i = 0; i < len; i++)
        h = (h ^ (uint8_t)name[i]) * 16777619u;
    return h ^ h >> 15;
}

int32_t json_layout_find(const json_node *node, const char *name, size_t len)
{
    uint32_t mask = node->slots_len - 1;
    uint32_t i = hash_name(name, len) & mask;

    while (node->slots[i]) {
        const json_key *key = &node->keys[node->slots[i] - 1];

        if (key->name_len == len && memcmp(key->name, name, len) == 0)
            return node->slots[i] - 1;
        i = (i + 1) & mask;
    }
    return -1;
}

static void insert_name(json_node *node, int32_t field)
{
    const json_key *key = &node->keys[field];
    uint32_t mask = node->slots_len - 1;
    uint32_t i = hash_name(key->name, key->name_len) & mask;

    while (node->slots[i])
        i = (i + 1) & mask;
    node->slots[i] = field + 1;
}

/* Writers copy 16 bytes whatever the length. */
static size_t room_for(size_t len)
{
    return len < 16 ? 16 : len;
}

static int init_key(json_key *key, const char *name)
{
    mt_buf member = {0};
    size_t head;

    key->name = name;
    key->name_len = strlen(name);
    if (mt_buf_byte(&member, ',') < 0 ||
        json_write_escaped(&member, (const uint8_t *)name, key->name_len) < 0 ||
        mt_buf_byte(&member, ':') < 0 ||
        !(key->member = mt_calloc(room_for(member.len)))) {
        mt_buf_fini(&member);
        return MT_ENOMEM;
    }
    memcpy(key->member, member.data, member.len);
    key->member_len = member.len;
    key->quoted = key->member + 1;
    key->quoted_len = member.len - 2;
    mt_buf_fini(&member);
    head = key->quoted_len < 8 ? key->quoted_len : 8;
    memcpy(&key->head, key->quoted, head);
    /* A name with escapes may be spelled in several ways. */
    if (key->quoted_len == key->name_len + 2)
        memset(&key->head_mask, 0xff, head);
    return 0;
}

static int init_keys(json_node *node)
{
    const mt_type *type = node->type;
    int32_t i;

    node->slots_len = 4;
    while (node->slots_len < 2 * (uint32_t)type->fields_len)
        node->slots_len *= 2;
    node->slots = mt_calloc(node->slots_len * sizeof(*node->slots));
    node->keys = mt_calloc((size_t)type->fields_len * sizeof(*node->keys));
    if (!node->slots || !node->keys)
        return MT_ENOMEM;
    for (i = 0; i < type->fields_len; i++) {
        if (init_key(&node->keys[i], type->fields[i].name) < 0)
            return MT_ENOMEM;
        insert_name(node, i);
    }
    return 0;
}

/* ---- the tree ----------------------------------------------------------- */

/* What reads and writes a kind. */
static void choose_functions(json_node *node)
{
    static const struct {
        json_read_fn *read;
        json_write_fn *write;
    } functions[MT_KINDS_LEN] = {
        [MT_BOOLEAN] = {json_read_bool, json_write_bool},
        [MT_TINYINT] = {json_read_int, json_write_whole},
        [MT_SMALLINT] = {json_read_int, json_write_whole},
        [MT_INT] = {json_read_int, json_write_whole},
        [MT_BIGINT] = {json_read_int, json_write_whole},
        [MT_FLOAT] = {json_read_real, json_write_real},
        [MT_DOUBLE] = {json_read_real, json_write_real},
        [MT_DECIMAL] = {json_read_text, json_write_decimal},
        [MT_CHAR] = {json_read_string, json_write_string},
        [MT_VARCHAR] = {json_read_string, json_write_string},
        [MT_BINARY] = {json_read_bytes, json_write_bytes},
        [MT_VARBINARY] = {json_read_bytes, json_write_bytes},
        [MT_DATE] = {json_read_text, json_write_quoted},
        [MT_TIME] = {json_read_text, json_write_quoted},
        [MT_TIMESTAMP] = {json_read_text, json_write_quoted},
        [MT_TIMESTAMP_LTZ] = {json_read_text, json_write_quoted},
        [MT_INTERVAL_MONTHS] = {json_read_int, json_write_whole},
        [MT_INTERVAL_MILLIS] = {json_read_int, json_write_whole},
        [MT_ARRAY] = {json_read_array, json_write_array},
        [MT_MAP] = {json_read_map, json_write_map},
        [MT_MULTISET] = {json_read_map, json_write_map},
        [MT_ROW] = {json_read_row, json_write_row},
        [MT_NULL] = {json_read_null, json_write_null},
    };

    node->read = functions[node->type->kind].read;
    node->write = functions[node->type->kind].write;
}

static int init_node(json_node *node, const mt_type *type)
{
    int32_t i;

    node->type = type;
    choose_functions(node);
    if (type->fields_len == 0 && type->kind != MT_ROW)
        return 0;
    node->children =
        mt_calloc((size_t)type->fields_len * sizeof(*node->children));
    if (!node->children)
        return MT_ENOMEM;
    node->children_len = type->fields_len;
    for (i = 0; i < type->fields_len; i++) {
        if (init_node(&node->children[i], type->fields[i].type) < 0)
            return MT_ENOMEM;
    }
    return type->kind == MT_ROW ? init_keys(node) : 0;
}

int json_layout_init(json_node *node, const mt_type *type, mt_error **err)
{
    memset(node, 0, sizeof(*node));
    if (init_node(node, type) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return 0;
}

void json_layout_fini(json_node *node)
{
    int32_t i;

    for (i = 0; i < node->children_len; i++) {
        json_layout_fini(&node->children[i]);
        if (node->keys)
            mt_free(node->keys[i].member, room_for(node->keys[i].member_len));
    }
    mt_free(node->children,
            (size_t)node->children_len * sizeof(*node->children));
    mt_free(node->keys, (size_t)node->children_len * sizeof(*node->keys));
    mt_free(node->slots, node->slots_len * sizeof(*node->slots));
    memset(node, 0, sizeof(*node));
}

/* ---- what JSON can hold -------------------------------------------------- */

int json_layout_check(const mt_type *type, const char *path, mt_error **err)
{
    const mt_type *key;
    int32_t i;
    int rc;

    if (type->kind == MT_RAW)
        return mt_fail(err, MT_ETYPE,
                       "format 'json' cannot hold field '%s' of type RAW; "
                       "give it a type",
                       path);
    if (type->kind == MT_MAP || type->kind == MT_MULTISET) {
        key = type->fields[0].type;
        if (key->kind != MT_CHAR && key->kind != MT_VARCHAR)
            return mt_fail(err, MT_ETYPE,
                           "format 'json' needs keys of a character type in "
                           "field '%s': the keys of an object are strings",
                           path);
    }
    for (i = 0; i < type->fields_len; i++) {
        char inner[256];

        snprintf(inner, sizeof(inner), "%s%s%s", path, *path ? "." : "",
                 type->fields[i].name);
        rc = json_layout_check(type->fields[i].type, inner, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- the path of an error ------------------------------------------------ */

static bool prepend(json_path *p, const char *text, size_t len)
{
    if (len > sizeof(p->text) - p->len)
        return false;
    p->len += len;
    memcpy(p->text + sizeof(p->text) - p->len, text, len);
    return true;
}

void json_path_name(json_path *p, const char *name, size_t len)
{
    if (p->len && *json_path_text(p) != '[' && !prepend(p, ".", 1))
        return;
    prepend(p, name, len);
}

void json_path_index(json_path *p, int32_t index)
{
    char step[16];
    int len = snprintf(step, sizeof(step), "[%d]", (int)index);

    if (p->len && *json_path_text(p) != '[' && !prepend(p, ".", 1))
        return;
    prepend(p, step, (size_t)len);
}
