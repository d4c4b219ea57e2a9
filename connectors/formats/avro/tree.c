/* JSON text as a tree: small documents, read whole, by recursive descent.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include "../cell.h"

enum { CHUNK_BYTES = 4096, DEPTH_MAX = 512 };

/* ---- memory ----------------------------------------------------------- */

typedef struct avro_chunk {
    struct avro_chunk *next;
    size_t size; /* of all, this header too */
    max_align_t data[];
} avro_chunk;

void *avro_arena_get(avro_arena *a, size_t size)
{
    avro_chunk *chunk = a->chunks;
    size_t room = size < CHUNK_BYTES ? CHUNK_BYTES : size;

    size = (size + 15) & ~(size_t)15;
    room = (room + 15) & ~(size_t)15;
    if (!chunk || a->left < size) {
        chunk = mt_calloc(sizeof(*chunk) + room);
        if (!chunk)
            return NULL;
        chunk->size = sizeof(*chunk) + room;
        chunk->next = a->chunks;
        a->chunks = chunk;
        a->left = room;
    }
    a->left -= size;
    return (char *)chunk + chunk->size - a->left - size;
}

char *avro_arena_text(avro_arena *a, const char *text, size_t len)
{
    char *copy = avro_arena_get(a, len + 1);

    if (copy && len)
        memcpy(copy, text, len);
    return copy;
}

void avro_arena_fini(avro_arena *a)
{
    while (a->chunks) {
        avro_chunk *chunk = a->chunks;

        a->chunks = chunk->next;
        mt_free(chunk, chunk->size);
    }
    a->left = 0;
}

/* ---- reading ----------------------------------------------------------- */

typedef struct tree_reader {
    avro_arena *arena;
    const char *begin, *p, *end;
    mt_error **err;
} tree_reader;

static avro_tree *fail(tree_reader *r, const char *what)
{
    char snippet[CELL_SNIPPET_MAX];

    mt_fail(
        r->err, MT_ETYPE, "JSON at byte %zu: %s before '%s'",
        (size_t)(r->p - r->begin), what,
        cell_snippet(snippet, (const uint8_t *)r->p, (const uint8_t *)r->end));
    return NULL;
}

static void *get(tree_reader *r, size_t size)
{
    void *p = avro_arena_get(r->arena, size);

    if (!p)
        mt_fail(r->err, MT_ENOMEM, "out of memory");
    return p;
}

static char next_token(tree_reader *r)
{
    while (r->p < r->end && memchr(" \t\r\n", *r->p, 4))
        r->p++;
    return r->p < r->end ? *r->p : '\0';
}

static bool read_hex(tree_reader *r, uint32_t *out)
{
    int i;

    *out = 0;
    for (i = 0; i < 4; i++, r->p++) {
        char c = r->p < r->end ? *r->p : '\0';
        char low = (char)(c | 0x20);

        if (c >= '0' && c <= '9')
            *out = *out << 4 | (uint32_t)(c - '0');
        else if (low >= 'a' && low <= 'f')
            *out = *out << 4 | (uint32_t)(low - 'a' + 10);
        else
            return false;
    }
    return true;
}

/* What follows "\u", also the second half of a pair. */
static bool read_code(tree_reader *r, uint8_t **out)
{
    uint32_t code, low;

    if (!read_hex(r, &code))
        return false;
    if (code >= 0xd800 && code < 0xdc00) {
        if (r->end - r->p < 2 || r->p[0] != '\\' || r->p[1] != 'u')
            return false;
        r->p += 2;
        if (!read_hex(r, &low) || low < 0xdc00 || low > 0xdfff)
            return false;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code < 0xe000) {
        return false;
    }
    *out = cell_utf8_write(*out, code);
    return true;
}

/* What follows a backslash. */
static bool read_escape(tree_reader *r, uint8_t **out)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    char c = r->p < r->end ? *r->p++ : '\0';
    const char *at = c ? strchr(letters, c) : NULL;

    if (c == 'u')
        return read_code(r, out);
    if (!at)
        return false;
    *(*out)++ = (uint8_t)values[at - letters];
    return true;
}

/* The string whose quote is at r->p, never longer than its spelling. */
static const char *read_string(tree_reader *r, size_t *len)
{
    const char *stop = r->p + 1;
    uint8_t *out, *text;

    while (stop < r->end && *stop != '"')
        stop += *stop == '\\' && stop + 1 < r->end ? 2 : 1;
    if (stop >= r->end) {
        fail(r, "a string that does not end");
        return NULL;
    }
    text = out = get(r, (size_t)(stop - r->p));
    if (!text)
        return NULL;
    for (r->p++; r->p < stop;) {
        if (*r->p == '\\') {
            r->p++;
            if (!read_escape(r, &out)) {
                fail(r, "a wrong escape");
                return NULL;
            }
        } else if ((uint8_t)*r->p < 0x20) {
            fail(r, "a control character in a string");
            return NULL;
        } else {
            *out++ = (uint8_t)*r->p++;
        }
    }
    r->p = stop + 1;
    *len = (size_t)(out - text);
    if (cell_utf8_check(text, out)) {
        fail(r, "a string that is not UTF-8");
        return NULL;
    }
    return (const char *)text;
}

static avro_tree *read_value(tree_reader *r, int depth);

/* "key": and its value. */
static avro_tree *read_member(tree_reader *r, int depth)
{
    avro_tree *tree;
    const char *key;
    size_t len;

    if (next_token(r) != '"')
        return fail(r, "no member's name");
    key = read_string(r, &len);
    if (!key)
        return NULL;
    if (next_token(r) != ':')
        return fail(r, "no ':'");
    r->p++;
    tree = read_value(r, depth);
    if (tree)
        tree->key = key;
    return tree;
}

static avro_tree *read_nested(tree_reader *r, avro_tree *tree, char close,
                              int depth)
{
    const avro_tree **last = &tree->first;

    if (depth >= DEPTH_MAX)
        return fail(r, "nested too deep");
    r->p++;
    if (next_token(r) == close) {
        r->p++;
        return tree;
    }
    for (;;) {
        avro_tree *child =
            close == '}' ? read_member(r, depth + 1) : read_value(r, depth + 1);
        char c;

        if (!child)
            return NULL;
        *last = child;
        last = &child->next;
        c = next_token(r);
        if (c != close && c != ',')
            return fail(r, "neither ',' nor an end");
        r->p++;
        if (c == close)
            return tree;
    }
}

static avro_tree *read_word(tree_reader *r, avro_tree *tree)
{
    static const char *const words[] = {"null", "false", "true"};
    const char *start = r->p;
    size_t i;

    while (r->p < r->end && *r->p && !strchr(" \t\r\n,:]}[{\"", *r->p))
        r->p++;
    tree->len = (size_t)(r->p - start);
    tree->text = avro_arena_text(r->arena, start, tree->len);
    if (!tree->text) {
        mt_fail(r->err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    tree->kind = AVRO_TREE_NUMBER;
    for (i = 0; i < 3; i++) {
        if (strcmp(tree->text, words[i]) == 0) {
            tree->kind = (avro_tree_kind)(AVRO_TREE_NULL + i);
            return tree;
        }
    }
    if (!tree->len || !strchr("-0123456789", *tree->text)) {
        r->p = start;
        return fail(r, "no value");
    }
    return tree;
}

static avro_tree *read_value(tree_reader *r, int depth)
{
    avro_tree *tree = get(r, sizeof(*tree));

    if (!tree)
        return NULL;
    switch (next_token(r)) {
    case '{':
        tree->kind = AVRO_TREE_OBJECT;
        return read_nested(r, tree, '}', depth);
    case '[':
        tree->kind = AVRO_TREE_ARRAY;
        return read_nested(r, tree, ']', depth);
    case '"':
        tree->kind = AVRO_TREE_STRING;
        tree->text = read_string(r, &tree->len);
        return tree->text ? tree : NULL;
    default:
        return read_word(r, tree);
    }
}

const avro_tree *avro_tree_parse(avro_arena *a, const char *text, size_t len,
                                 mt_error **err)
{
    tree_reader r = {a, text, text, text + len, err};
    avro_tree *tree = read_value(&r, 0);

    if (tree && next_token(&r) != '\0')
        return fail(&r, "something behind the end");
    if (tree && r.p != r.end)
        return fail(&r, "a zero byte");
    return tree;
}

/* ---- asking ----------------------------------------------------------- */

const avro_tree *avro_tree_get(const avro_tree *object, const char *key)
{
    const avro_tree *child;

    if (!object || object->kind != AVRO_TREE_OBJECT)
        return NULL;
    for (child = object->first; child; child = child->next) {
        if (strcmp(child->key, key) == 0)
            return child;
    }
    return NULL;
}

const char *avro_tree_string(const avro_tree *object, const char *key)
{
    const avro_tree *child = avro_tree_get(object, key);

    return child && child->kind == AVRO_TREE_STRING ? child->text : NULL;
}

int64_t avro_tree_whole(const avro_tree *object, const char *key, int64_t def)
{
    const avro_tree *child = avro_tree_get(object, key);
    int64_t v;

    if (!child || child->kind != AVRO_TREE_NUMBER ||
        !mt_read_i64(child->text, child->len, &v))
        return def;
    return v;
}

int avro_tree_quote(mt_buf *out, const char *text, size_t len)
{
    size_t i;
    int rc = mt_buf_byte(out, '"');

    for (i = 0; rc == 0 && i < len; i++) {
        uint8_t c = (uint8_t)text[i];

        if (c < 0x20) {
            rc = mt_buf_printf(out, "\\u%04x", c);
        } else {
            if (c == '"' || c == '\\')
                rc = mt_buf_byte(out, '\\');
            if (rc == 0)
                rc = mt_buf_byte(out, c);
        }
    }
    return rc < 0 ? rc : mt_buf_byte(out, '"');
}
