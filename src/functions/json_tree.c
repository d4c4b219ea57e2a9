/* The scan has said where each token begins. So the walk looks at one byte a
 * token, finds the end of a string or number by the beginning of what follows,
 * and needs no recursion: the objects and arrays that are open stand in a list.
 *
 *     {"id":42,"tags":["a"]}
 *     ^^   ^^ ^^     ^^^  ^^      the places, in order
 *
 * Behind the last place two more point to the end of the text, where zeros
 * stand that are no token: a walk that runs on stops there.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* qsort_r */
#include "functions/json_tree.h"

#include <stdlib.h>

#include "functions/utf8.h"

/* Memory that a large text took is given back at the next. */
#define NODES_KEPT 32768
#define BYTES_KEPT ((size_t)1 << 20)

int mt__json_tree_open(mt__json_tree *tree)
{
    memset(tree, 0, sizeof(*tree));
    tree->scanner = mt__json_scanner_new();
    return tree->scanner ? 0 : MT_ENOMEM;
}

static void free_nodes(mt__json_tree *t)
{
    mt_free(t->nodes, (size_t)t->nodes_max * sizeof(*t->nodes));
    t->nodes = NULL;
    t->nodes_max = 0;
}

void mt__json_tree_close(mt__json_tree *tree)
{
    mt__json_scanner_free(tree->scanner);
    free_nodes(tree);
    mt_buf_fini(&tree->text);
    mt_buf_fini(&tree->plain);
    mt_buf_fini(&tree->order);
    memset(tree, 0, sizeof(*tree));
}

/* ---- scalars ----------------------------------------------------------- */

typedef struct walk {
    mt__json_tree *tree;
    const uint8_t *text;
    const uint32_t *at; /* at[0]: the token's first byte; at[1]: the next's */
    int32_t depth;
    int32_t
        open[MT_JSON_DEPTH_MAX]; /* nodes of what is open, outermost first */
    int32_t last[MT_JSON_DEPTH_MAX]; /* and the last child of each so far */
} walk;

static int refuse(walk *w, size_t place, const char *why)
{
    w->tree->why = why;
    w->tree->why_place = place;
    return MT_ERECORD;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Where the token at w->at ends: before the next, or the blanks before that. */
static uint32_t token_end(const walk *w)
{
    uint32_t end = w->at[1];

    while (end > w->at[0] && is_blank(w->text[end - 1]))
        end--;
    return end;
}

/* Four hex digits, or -1. */
static int32_t read_hex(const uint8_t *p)
{
    int32_t v = 0;
    int i;

    for (i = 0; i < 4; i++) {
        uint8_t c = p[i], low = c | 0x20;

        if (is_digit(c))
            v = v << 4 | (c - '0');
        else if (low >= 'a' && low <= 'f')
            v = v << 4 | (low - 'a' + 10);
        else
            return -1;
    }
    return v;
}

/* The character of the escape at `p`, which begins with a backslash; *size is
 * how many bytes it takes. -1 for one that is none. Twelve bytes may be looked
 * at: the text is padded. */
static int32_t read_escape(const uint8_t *p, size_t *size)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *letter = p[1] ? strchr(letters, p[1]) : NULL;
    int32_t c, low;

    *size = 2;
    if (letter)
        return meant[letter - letters];
    if (p[1] != 'u')
        return -1;
    c = read_hex(p + 2);
    *size = 6;
    if (c < 0xd800 || c > 0xdfff)
        return c;
    low = p[6] == '\\' && p[7] == 'u' ? read_hex(p + 8) : -1;
    if (c > 0xdbff || low < 0xdc00 || low > 0xdfff)
        return -1; /* half of a pair */
    *size = 12;
    return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

/* The string at w->at, whose end the scan has made sure of. */
static int read_string(walk *w, mt__json_piece *out)
{
    uint32_t from = w->at[0] + 1, to = token_end(w) - 1;
    const uint8_t *p, *end = w->text + to;
    size_t size;

    if (to < from || *end != '"')
        return refuse(w, from - 1, "a string without its end");
    *out = (mt__json_piece){from, to & 0x7fffffffu, 0};
    for (p = w->text + from;; p += size) {
        p = memchr(p, '\\', (size_t)(end - p));
        if (!p)
            return 0;
        out->escaped = 1;
        if (read_escape(p, &size) < 0 || p + size > end)
            return refuse(w, (size_t)(p - w->text), "an unknown escape");
    }
}

static const uint8_t *skip_digits(const uint8_t *p)
{
    while (is_digit(*p))
        p++;
    return p;
}

/* The end of the number at `p`; NULL where it breaks the grammar. */
static const uint8_t *number_end(const uint8_t *p)
{
    const uint8_t *digits;

    p += *p == '-';
    if (!is_digit(*p))
        return NULL;
    p = *p == '0' ? p + 1 : skip_digits(p);
    if (*p == '.') {
        digits = ++p;
        p = skip_digits(p);
        if (p == digits)
            return NULL;
    }
    if ((*p | 0x20) == 'e') {
        p++;
        p += *p == '+' || *p == '-';
        digits = p;
        p = skip_digits(p);
        if (p == digits)
            return NULL;
    }
    return p;
}

static int read_scalar(walk *w, mt__json_node *n)
{
    const uint8_t *p = w->text + w->at[0], *end = NULL;
    uint32_t to = token_end(w);

    if (*p == '"') {
        n->kind = MT_JSON_STRING;
        return read_string(w, &n->text);
    }
    n->text = (mt__json_piece){w->at[0], to & 0x7fffffffu, 0};
    if (*p == '-' || is_digit(*p)) {
        n->kind = MT_JSON_NUMBER;
        end = number_end(p);
    } else if (memcmp(p, "null", 4) == 0) {
        n->kind = MT_JSON_NULL;
        end = p + 4;
    } else if (memcmp(p, "true", 4) == 0 || memcmp(p, "false", 5) == 0) {
        n->kind = MT_JSON_BOOLEAN;
        end = p + (*p == 't' ? 4 : 5);
    }
    if (end != w->text + to)
        return refuse(w, w->at[0], "a value is expected");
    return 0;
}

/* ---- the tree ----------------------------------------------------------- */

static int grow_nodes(mt__json_tree *t)
{
    int32_t max = t->nodes_max ? 2 * t->nodes_max : 64;
    mt__json_node *wider =
        mt_realloc(t->nodes, (size_t)t->nodes_max * sizeof(*wider),
                   (size_t)max * sizeof(*wider));

    if (!wider)
        return MT_ENOMEM;
    t->nodes = wider;
    t->nodes_max = max;
    return 0;
}

/* A new node, the next child of what is open; 0 without memory. */
static int32_t new_node(walk *w, mt__json_piece key)
{
    mt__json_tree *t = w->tree;
    int32_t node = t->nodes_len, last;

    if (node == t->nodes_max && grow_nodes(t) < 0)
        return 0;
    t->nodes_len++;
    t->nodes[node] = (mt__json_node){.key = key};
    if (w->depth) {
        mt__json_node *parent = &t->nodes[w->open[w->depth - 1]];

        last = w->last[w->depth - 1];
        *(last ? &t->nodes[last].next : &parent->first) = node;
        w->last[w->depth - 1] = node;
        parent->len++;
    }
    return node;
}

/* Steps over `"key":` */
static int read_key(walk *w, mt__json_piece *key)
{
    int rc;

    if (w->text[w->at[0]] != '"')
        return refuse(w, w->at[0], "a key is expected");
    rc = read_string(w, key);
    if (rc == 0 && w->text[w->at[1]] != ':')
        rc = refuse(w, w->at[1], "':' is expected after a key");
    w->at += 2;
    return rc;
}

static bool is_object(const walk *w, int32_t node)
{
    return w->tree->nodes[node].kind == MT_JSON_OBJECT;
}

static uint8_t closing(const walk *w, int32_t node)
{
    return is_object(w, node) ? '}' : ']';
}

static void close_node(walk *w, int32_t node)
{
    w->tree->nodes[node].text.to = (w->at[0] + 1) & 0x7fffffffu;
    w->at++;
}

/* Steps into the object or array at w->at: to its first value, or behind it if
 * it is empty. */
static int enter(walk *w, int32_t node, mt__json_piece *key)
{
    mt__json_node *n = &w->tree->nodes[node];

    n->kind = w->text[w->at[0]] == '{' ? MT_JSON_OBJECT : MT_JSON_ARRAY;
    n->text.from = w->at[0];
    if (w->depth == MT_JSON_DEPTH_MAX)
        return refuse(w, n->text.from, "nested deeper than 1000 levels");
    w->at++;
    if (w->text[w->at[0]] == closing(w, node)) {
        close_node(w, node);
        return 0;
    }
    w->open[w->depth] = node;
    w->last[w->depth++] = 0;
    return n->kind == MT_JSON_OBJECT ? read_key(w, key) : 0;
}

/* Behind a value: closes what ends here, and steps over a comma and a key to
 * the next value. */
static int leave(walk *w, mt__json_piece *key)
{
    while (w->depth) {
        int32_t parent = w->open[w->depth - 1];
        uint8_t c = w->text[w->at[0]];

        if (c == ',') {
            w->at++;
            return is_object(w, parent) ? read_key(w, key) : 0;
        }
        if (c != closing(w, parent))
            return refuse(w, w->at[0],
                          is_object(w, parent) ? "',' or '}' is expected"
                                               : "',' or ']' is expected");
        close_node(w, parent);
        w->depth--;
    }
    return 0;
}

static int build(walk *w)
{
    mt__json_piece key = {0, 0, 0};
    int32_t node, depth;
    uint8_t c;
    int rc;

    do {
        c = w->text[w->at[0]];
        depth = w->depth;
        node = new_node(w, key);
        if (!node)
            return MT_ENOMEM;
        if (c == '{' || c == '[') {
            rc = enter(w, node, &key);
        } else {
            rc = read_scalar(w, &w->tree->nodes[node]);
            w->at++;
        }
        if (rc == 0 && w->depth == depth)
            rc = leave(w, &key);
        if (rc < 0)
            return rc;
    } while (w->depth);
    return 0;
}

/* The text with zeros behind it. */
static int keep_text(mt__json_tree *t, mt_span text)
{
    t->text.len = 0;
    if (t->text.cap > BYTES_KEPT && text.len < BYTES_KEPT)
        mt_buf_fini(&t->text);
    if (mt_buf_reserve(&t->text, text.len + MT_JSON_PADDING) < 0)
        return MT_ENOMEM;
    if (text.len)
        memcpy(t->text.data, text.data, text.len);
    memset(t->text.data + text.len, 0, MT_JSON_PADDING);
    return 0;
}

int mt__json_read(mt__json_tree *tree, mt_span text)
{
    walk w;
    int rc;

    if (tree->nodes_max > NODES_KEPT)
        free_nodes(tree);
    tree->nodes_len = MT_JSON_ROOT;
    tree->why = "no UTF-8, a string without its end or a control character";
    tree->why_place = 0;
    if (text.len == 0)
        tree->why = "the text is empty";
    if (keep_text(tree, text) < 0 || (!tree->nodes && grow_nodes(tree) < 0))
        return MT_ENOMEM;
    w.tree = tree;
    w.text = tree->text.data;
    w.depth = 0;
    rc = mt__json_scan(tree->scanner, w.text, text.len, &w.at);
    if (rc == 0)
        rc = build(&w);
    if (rc == 0 && w.at[0] != text.len)
        rc = refuse(&w, w.at[0], "there is more behind the value");
    return rc;
}

/* ---- strings ----------------------------------------------------------- */

mt_span mt__json_plain(mt__json_tree *tree, mt__json_piece piece)
{
    const uint8_t *p = tree->text.data + piece.from;
    const uint8_t *end = tree->text.data + piece.to;
    uint8_t *out;
    size_t size;

    if (!piece.escaped)
        return (mt_span){p, (size_t)(end - p)};
    tree->plain.len = 0;
    /* No escape is shorter than what it stands for. */
    if (mt_buf_reserve(&tree->plain, (size_t)(end - p)) < 0)
        return (mt_span){NULL, 0};
    for (out = tree->plain.data; p < end; p += size) {
        if (*p == '\\') {
            out += mt__utf8_put(out, (uint32_t)read_escape(p, &size));
        } else {
            *out++ = *p;
            size = 1;
        }
    }
    tree->plain.len = (size_t)(out - tree->plain.data);
    return (mt_span){tree->plain.data, tree->plain.len};
}

/* ---- finding ----------------------------------------------------------- */

int32_t mt__json_member(mt__json_tree *tree, int32_t object, mt_span name)
{
    int32_t i, found = 0;

    for (i = tree->nodes[object].first; i; i = tree->nodes[i].next) {
        mt_span key = mt__json_plain(tree, tree->nodes[i].key);

        if (key.len == name.len && memcmp(key.data, name.data, key.len) == 0)
            found = i;
    }
    return found;
}

int32_t mt__json_element(const mt__json_tree *tree, int32_t array, int64_t at)
{
    int32_t i = tree->nodes[array].first;

    if (at < 0)
        at += tree->nodes[array].len;
    if (at < 0 || at >= tree->nodes[array].len)
        return 0;
    while (at--)
        i = tree->nodes[i].next;
    return i;
}

/* ---- writing ----------------------------------------------------------- */

int mt__json_write_string(mt_buf *out, mt_span text)
{
    static const char shorts[] = "btn?fr"; /* of 8 .. 13, but for 11 */
    size_t i, from = 0;
    int rc = mt_buf_byte(out, '"');

    for (i = 0; rc == 0 && i < text.len; i++) {
        uint8_t c = text.data[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        rc = mt_buf_append(out, text.data + from, i - from);
        from = i + 1;
        if (rc < 0)
            break;
        if (c >= 0x20)
            rc = mt_buf_printf(out, "\\%c", c);
        else if (c >= 8 && c <= 13 && c != 11)
            rc = mt_buf_printf(out, "\\%c", shorts[c - 8]);
        else
            rc = mt_buf_printf(out, "\\u%04X", c);
    }
    if (rc == 0)
        rc = mt_buf_append(out, text.data + from, text.len - from);
    return rc < 0 ? rc : mt_buf_byte(out, '"');
}

static int write_piece(mt__json_tree *t, mt__json_piece piece, mt_buf *out)
{
    mt_span text = mt__json_plain(t, piece);

    return text.data ? mt__json_write_string(out, text) : MT_ENOMEM;
}

/* Reads a piece byte by byte, escapes as what they stand for. */
typedef struct plain_bytes {
    const uint8_t *at;
    const uint8_t *end;
    uint8_t bytes[MT_UTF8_MAX]; /* of the escape read last */
    size_t used;
    size_t len;
} plain_bytes;

/* The next byte; -1 at the end. */
static int next_byte(plain_bytes *p)
{
    size_t size;

    if (p->used < p->len)
        return p->bytes[p->used++];
    if (p->at == p->end)
        return -1;
    if (*p->at != '\\')
        return *p->at++;
    p->len = mt__utf8_put(p->bytes, (uint32_t)read_escape(p->at, &size));
    p->at += size;
    p->used = 1;
    return p->bytes[0];
}

static int compare_keys(const mt__json_tree *t, int32_t a, int32_t b)
{
    const uint8_t *text = t->text.data;
    mt__json_piece x = t->nodes[a].key, y = t->nodes[b].key;
    plain_bytes i = {.at = text + x.from, .end = text + x.to};
    plain_bytes k = {.at = text + y.from, .end = text + y.to};
    uint32_t x_len = x.to - x.from, y_len = y.to - y.from;
    int order, other;

    if (!x.escaped && !y.escaped) {
        order = memcmp(i.at, k.at, x_len < y_len ? x_len : y_len);
        return order ? order : (x_len > y_len) - (x_len < y_len);
    }
    do {
        order = next_byte(&i);
        other = next_byte(&k);
    } while (order == other && order >= 0);
    return order - other;
}

/* By key, equal ones as they stand. */
static int compare_members(const void *a, const void *b, void *tree)
{
    int32_t i = *(const int32_t *)a, k = *(const int32_t *)b;
    int order = compare_keys(tree, i, k);

    return order ? order : (i > k) - (i < k);
}

static int write_node(mt__json_tree *t, int32_t node, mt_buf *out);

static int32_t *members(mt__json_tree *t, size_t from)
{
    return (int32_t *)(void *)t->order.data + from;
}

/* The order of the members stands in t->order behind those of the objects
 * around. */
static int write_object(mt__json_tree *t, int32_t node, mt_buf *out)
{
    size_t from = t->order.len / sizeof(int32_t), i, len = 0;
    int32_t child;
    int rc = mt_buf_byte(out, '{');

    for (child = t->nodes[node].first; rc == 0 && child;
         child = t->nodes[child].next, len++)
        rc = mt_buf_append(&t->order, &child, sizeof(child));
    if (rc == 0 && len > 1)
        qsort_r(members(t, from), len, sizeof(int32_t), compare_members, t);
    for (i = 0; rc == 0 && i < len; i++) {
        child = members(t, from)[i];
        if (i + 1 < len && compare_keys(t, child, members(t, from)[i + 1]) == 0)
            continue;
        if (out->data[out->len - 1] != '{')
            rc = mt_buf_byte(out, ',');
        if (rc == 0)
            rc = write_piece(t, t->nodes[child].key, out);
        if (rc == 0)
            rc = mt_buf_byte(out, ':');
        if (rc == 0)
            rc = write_node(t, child, out);
    }
    t->order.len = from * sizeof(int32_t);
    return rc < 0 ? rc : mt_buf_byte(out, '}');
}

static int write_array(mt__json_tree *t, int32_t node, mt_buf *out)
{
    int32_t child = t->nodes[node].first;
    int rc = mt_buf_byte(out, '[');

    for (; rc == 0 && child; child = t->nodes[child].next) {
        rc = write_node(t, child, out);
        if (rc == 0 && t->nodes[child].next)
            rc = mt_buf_byte(out, ',');
    }
    return rc < 0 ? rc : mt_buf_byte(out, ']');
}

/* As deep as the text, of which reading has made sure. */
static int write_node(mt__json_tree *t, int32_t node, mt_buf *out)
{
    const mt__json_node *n = &t->nodes[node];

    switch (n->kind) {
    case MT_JSON_OBJECT:
        return write_object(t, node, out);
    case MT_JSON_ARRAY:
        return write_array(t, node, out);
    case MT_JSON_STRING:
        return write_piece(t, n->text, out);
    default:
        return mt_buf_append(out, t->text.data + n->text.from,
                             n->text.to - n->text.from);
    }
}

int mt__json_write(mt__json_tree *tree, int32_t node, mt_buf *out)
{
    tree->order.len = 0;
    return write_node(tree, node, out);
}
