/* Defaults of a schema, which are JSON, as the bytes that a message would have:
 * who reads or writes a default then needs no second way to do it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <float.h>

/* A record may have itself as its default; what a default writes is bounded. */
typedef struct tree_writer {
    mt_buf *out;
    int32_t left; /* values that may still come */
    int32_t depth;
} tree_writer;

enum { DEFAULT_VALUES_MAX = 100000, DEFAULT_DEPTH_MAX = 600 };

static int write_tree(tree_writer *w, const avro_schema *s,
                      const avro_tree *tree);

/* Bytes stand in JSON as a text whose letters, up to U+00FF, are the bytes. */
static int tree_bytes(const avro_schema *s, const avro_tree *tree, mt_buf *out)
{
    mt_buf bytes = {0};
    size_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < tree->len; i++) {
        uint8_t c = (uint8_t)tree->text[i];

        if (c > 0xc3)
            rc = MT_ETYPE;
        else if (c >= 0xc2)
            rc = mt_buf_byte(
                &bytes, (uint8_t)(c << 6 | ((uint8_t)tree->text[++i] & 0x3f)));
        else
            rc = mt_buf_byte(&bytes, c);
    }
    if (rc == 0 && s->kind == AVRO_FIXED && bytes.len != (size_t)s->size)
        rc = MT_ETYPE;
    if (rc == 0 && s->kind == AVRO_BYTES)
        rc = avro_write_long(out, (int64_t)bytes.len);
    if (rc == 0)
        rc = mt_buf_append(out, bytes.data, bytes.len);
    mt_buf_fini(&bytes);
    return rc;
}

static int tree_text(const avro_schema *s, const avro_tree *tree, mt_buf *out)
{
    int32_t i;
    int rc;

    if (tree->kind != AVRO_TREE_STRING)
        return MT_ETYPE;
    if (s->kind == AVRO_BYTES || s->kind == AVRO_FIXED)
        return tree_bytes(s, tree, out);
    if (s->kind == AVRO_ENUM) {
        for (i = 0; i < s->symbols_len; i++) {
            if (strcmp(s->symbols[i], tree->text) == 0)
                return avro_write_long(out, i);
        }
        return MT_ETYPE;
    }
    rc = avro_write_long(out, (int64_t)tree->len);
    return rc < 0 ? rc : mt_buf_append(out, tree->text, tree->len);
}

/* The lowest byte first. */
static int append_bits(mt_buf *out, uint64_t bits, int len)
{
    int rc = 0;

    for (; rc == 0 && len; len--, bits >>= 8)
        rc = mt_buf_byte(out, (uint8_t)bits);
    return rc;
}

static int tree_number(const avro_schema *s, const avro_tree *tree, mt_buf *out)
{
    uint64_t bits = 0;
    uint32_t bits32;
    int64_t whole;
    double v;
    float f;

    if (tree->kind != AVRO_TREE_NUMBER)
        return MT_ETYPE;
    if (s->kind == AVRO_INT || s->kind == AVRO_LONG) {
        if (!mt_read_i64(tree->text, tree->len, &whole) ||
            (s->kind == AVRO_INT && whole != (int32_t)whole))
            return MT_ETYPE;
        return avro_write_long(out, whole);
    }
    if (!mt_read_f64(tree->text, tree->len, &v))
        return MT_ETYPE;
    if (s->kind == AVRO_DOUBLE) {
        memcpy(&bits, &v, sizeof(bits));
        return append_bits(out, bits, 8);
    }
    if (v > FLT_MAX || v < -FLT_MAX)
        return MT_ETYPE;
    f = (float)v;
    memcpy(&bits32, &f, sizeof(bits32));
    return append_bits(out, bits32, 4);
}

static int tree_record(tree_writer *w, const avro_schema *s,
                       const avro_tree *tree)
{
    int32_t i;
    int rc = tree->kind == AVRO_TREE_OBJECT ? 0 : MT_ETYPE;

    for (i = 0; rc == 0 && i < s->fields_len; i++) {
        const avro_tree *value = avro_tree_get(tree, s->fields[i].name);

        if (!value)
            value = s->fields[i].def;
        rc = value ? write_tree(w, s->fields[i].schema, value) : MT_ETYPE;
    }
    return rc;
}

static int tree_list(tree_writer *w, const avro_schema *s,
                     const avro_tree *tree)
{
    const avro_tree *child;
    bool map = s->kind == AVRO_MAP;
    int rc;

    if (tree->kind != (map ? AVRO_TREE_OBJECT : AVRO_TREE_ARRAY))
        return MT_ETYPE;
    for (rc = 0, child = tree->first; rc == 0 && child; child = child->next) {
        rc = avro_write_long(w->out, 1);
        if (rc == 0 && map)
            rc = avro_write_long(w->out, (int64_t)strlen(child->key));
        if (rc == 0 && map)
            rc = mt_buf_append(w->out, child->key, strlen(child->key));
        if (rc == 0)
            rc = write_tree(w, s->fields[0].schema, child);
    }
    return rc < 0 ? rc : avro_write_long(w->out, 0);
}

/* Of the first branch that it fits. */
static int tree_union(tree_writer *w, const avro_schema *s,
                      const avro_tree *tree)
{
    size_t start = w->out->len;
    int32_t i;
    int rc = MT_ETYPE;

    for (i = 0; rc == MT_ETYPE && i < s->fields_len; i++) {
        w->out->len = start;
        rc = avro_write_long(w->out, i);
        if (rc == 0)
            rc = write_tree(w, s->fields[i].schema, tree);
    }
    return rc;
}

static int write_nested(tree_writer *w, const avro_schema *s,
                        const avro_tree *tree)
{
    int rc;

    if (w->depth >= DEFAULT_DEPTH_MAX)
        return MT_ETYPE;
    w->depth++;
    if (s->kind == AVRO_RECORD)
        rc = tree_record(w, s, tree);
    else if (s->kind == AVRO_UNION)
        rc = tree_union(w, s, tree);
    else
        rc = tree_list(w, s, tree);
    w->depth--;
    return rc;
}

static int write_tree(tree_writer *w, const avro_schema *s,
                      const avro_tree *tree)
{
    if (--w->left < 0)
        return MT_ETYPE;
    switch (s->kind) {
    case AVRO_NULL:
        return tree->kind == AVRO_TREE_NULL ? 0 : MT_ETYPE;
    case AVRO_BOOLEAN:
        if (tree->kind != AVRO_TREE_TRUE && tree->kind != AVRO_TREE_FALSE)
            return MT_ETYPE;
        return mt_buf_byte(w->out, tree->kind == AVRO_TREE_TRUE);
    case AVRO_INT:
    case AVRO_LONG:
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
        return tree_number(s, tree, w->out);
    case AVRO_RECORD:
    case AVRO_ARRAY:
    case AVRO_MAP:
    case AVRO_UNION:
        return write_nested(w, s, tree);
    default:
        return tree_text(s, tree, w->out);
    }
}

int avro_write_tree(const avro_schema *s, const avro_tree *tree, mt_buf *out)
{
    tree_writer w = {out, DEFAULT_VALUES_MAX, 0};

    return write_tree(&w, s, tree);
}
