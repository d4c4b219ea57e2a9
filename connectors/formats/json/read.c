/* read.c - objects, arrays, skipping and errors.
 *
 * The scan has said where every token starts, so the walk only looks at the
 * byte there, and a string's or number's end is known from the start of the
 * token that follows. Nothing is looked up twice and nothing is searched for:
 *
 *     {"id":42,"tags":["a"]}
 *     ^^   ^^ ^^     ^^^  ^^      the places, in order
 *
 * Grammar is checked here, token by token, also in values that nobody wants.
 * Messages are scanned many at a time. A walk that runs past its message finds
 * a token that cannot stand there or, if the texts happen to fit together, a
 * closing brace past the message's end, which the caller refuses.
 *
 * The last of duplicate keys wins: columns only grow, so a field that was put
 * before is cut back by one row and put again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* qsort_r */
#include "json.h"

#include "../cell.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- errors ----------------------------------------------------------- */

int json_fail_syntax(json_reader *r, const uint8_t *where, const char *why)
{
    r->bad = where;
    r->why = why;
    r->path.len = 0;
    return JSON_SYNTAX;
}

int json_fail_value(json_reader *r, const uint8_t *where, const char *why,
                    const mt_type *want)
{
    r->bad = where;
    r->why = why;
    r->want = want;
    r->path.len = 0;
    return JSON_VALUE;
}

static int report_value(json_reader *r, const char *snippet, mt_error **err)
{
    mt_buf type = {0};
    int rc;

    if (!r->path.len)
        return mt_fail(err, MT_ERECORD, "the document at byte %td is %s: %s",
                       r->bad - r->begin, r->why, snippet);
    if (mt_type_text(r->want, &type) < 0 || mt_buf_byte(&type, 0) < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    else
        rc = mt_fail(err, MT_ERECORD,
                     "field '%.*s' at byte %td: %s, expected %s, got %s",
                     (int)r->path.len, json_path_text(&r->path),
                     r->bad - r->begin, r->why, (const char *)type.data,
                     snippet);
    mt_buf_fini(&type);
    return rc;
}

int json_report(json_reader *r, int rc, mt_error **err)
{
    char text[CELL_SNIPPET_MAX];
    const char *snippet;

    if (rc == MT_ENOMEM)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    if (r->bad >= r->end)
        return mt_fail(err, MT_ERECORD,
                       "not valid JSON: the document ends too early, at "
                       "byte %td",
                       r->end - r->begin);
    snippet = cell_snippet(text, r->bad, r->end);
    if (rc == JSON_VALUE)
        return report_value(r, snippet, err);
    return mt_fail(err, MT_ERECORD, "not valid JSON at byte %td: %s, got %s",
                   r->bad - r->begin, r->why, snippet);
}

/* ---- skipping ----------------------------------------------------------- */

/* Steps over `"key" :`. */
static int skip_key(json_reader *r)
{
    int rc;

    if (r->text[*r->at] != '"')
        return json_fail_syntax(r, r->text + *r->at, "expected a key");
    rc = json_check_scalar(r);
    if (rc < 0)
        return rc;
    if (r->text[r->at[1]] != ':')
        return json_fail_syntax(r, r->text + r->at[1],
                                "expected ':' after a key");
    r->at += 2;
    return 0;
}

/* Which of the containers around the place are objects: bit 0 the innermost. */
typedef struct nest {
    uint64_t objects;
    int32_t depth;
} nest;

/* Steps into the container at r->at: to its first value, or to its closing
 * bracket if there is none, as *empty then says. */
static int enter_container(json_reader *r, nest *n, bool *empty)
{
    bool object = r->text[*r->at] == '{';

    if (n->depth == JSON_DEPTH_MAX)
        return json_fail_syntax(r, r->text + *r->at,
                                "nested deeper than 64 levels below the "
                                "fields of the table");
    n->objects = n->objects << 1 | object;
    n->depth++;
    r->at++;
    *empty = r->text[*r->at] == (object ? '}' : ']');
    return object && !*empty ? skip_key(r) : 0;
}

/* Behind a value: steps over what closes containers, and over a comma and a key
 * to the next value. depth is 0 when the outermost has been closed. */
static int leave_value(json_reader *r, nest *n)
{
    while (n->depth) {
        const uint8_t *p = r->text + *r->at;
        bool object = n->objects & 1;

        if (*p == ',') {
            r->at++;
            return object ? skip_key(r) : 0;
        }
        if (*p != (object ? '}' : ']'))
            return json_fail_syntax(
                r, p, object ? "expected ',' or '}'" : "expected ',' or ']'");
        r->at++;
        n->objects >>= 1;
        n->depth--;
    }
    return 0;
}

int json_skip_value(json_reader *r)
{
    nest n = {0, 0};
    int rc;

    do {
        uint8_t c = r->text[*r->at];
        bool inside = false;

        if (c == '{' || c == '[') {
            bool empty = true;

            rc = enter_container(r, &n, &empty);
            inside = !empty;
        } else {
            rc = json_check_scalar(r);
            r->at++;
        }
        if (rc == 0 && !inside)
            rc = leave_value(r, &n);
        if (rc < 0)
            return rc;
    } while (n.depth);
    return 0;
}

/* ---- values ----------------------------------------------------------- */

int json_read_null(json_reader *r, const json_node *node, mt_column_builder *c)
{
    const uint8_t *p = r->text + *r->at;

    if (memcmp(p, "null", 4) != 0 || !json_token_ends(r, p + 4)) {
        int rc = json_skip_value(r);

        return rc < 0 ? rc : json_fail_value(r, p, "not null", node->type);
    }
    if (!node->type->nullable)
        return json_fail_value(r, p, "null for a field that is NOT NULL",
                               node->type);
    r->at++;
    return mt_put_null(c);
}

/* A value that could not be read: sound JSON of the wrong sort becomes NULL if
 * the reader may ignore it and the type allows, and the walk goes on behind. */
static int recover_value(json_reader *r, const json_node *node,
                         mt_column_builder *c, const uint32_t *at, int32_t rows,
                         int rc)
{
    if (rc != JSON_VALUE || !r->lenient || !node->type->nullable)
        return rc;
    cell_cut_column(c, rows);
    r->at = at;
    rc = json_skip_value(r);
    return rc < 0 ? rc : mt_put_null(c);
}

static inline __attribute__((always_inline)) int
read_value(json_reader *r, const json_node *node, mt_column_builder *c)
{
    const uint32_t *at = r->at;
    int32_t rows = c->rows;
    int rc;

    if (MT_UNLIKELY(r->text[*at] == 'n'))
        rc = json_read_null(r, node, c);
    else
        rc = node->read(r, node, c);
    if (MT_UNLIKELY(rc < 0))
        return recover_value(r, node, c, at, rows, rc);
    return 0;
}

int json_read_value(json_reader *r, const json_node *node, mt_column_builder *c)
{
    return read_value(r, node, c);
}

/* ---- objects ----------------------------------------------------------- */

/* True when the key at `p` is spelled as we would write it. */
static inline bool key_matches(const json_key *key, const uint8_t *p)
{
    uint64_t head;

    memcpy(&head, p, sizeof(head));
    if (!key->head_mask || (head & key->head_mask) != key->head)
        return false;
    return key->quoted_len <= 8 ||
           memcmp(p + 8, key->quoted + 8, key->quoted_len - 8) == 0;
}

/* The field that the key at r->at names: *field, or -1 for one that the type
 * does not have. */
static int find_field(json_reader *r, const json_node *node, int32_t *field)
{
    const char *name;
    size_t len;
    int rc;

    if (r->text[*r->at] != '"')
        return json_fail_syntax(r, r->text + *r->at, "expected a key");
    rc = json_string_content(r, &name, &len);
    if (rc < 0)
        return rc;
    *field = json_layout_find(node, name, len);
    return 0;
}

/* What is the same for every field of one object. Columns are `targets`, or the
 * children of one ROW column where that is NULL. */
typedef struct record {
    const json_node *node;
    mt_column_builder **targets;
    mt_column_builder *children;
    bool *seen;    /* only where a target may be NULL */
    int32_t rows;  /* that each column holds before */
    int32_t found; /* fields that were there */
} record;

static inline mt_column_builder *column_of(const record *rec, int32_t field)
{
    return rec->targets ? rec->targets[field] : &rec->children[field];
}

/* Checks a value that nobody reads. */
static int skip_field(json_reader *r, record *rec, int32_t field)
{
    const json_node *node = &rec->node->children[field];
    const uint8_t *p = r->text + *r->at;

    rec->found += !rec->seen[field];
    rec->seen[field] = true;
    if (*p == 'n' && !node->type->nullable && json_check_scalar(r) == 0)
        return json_fail_value(r, p, "null for a field that is NOT NULL",
                               node->type);
    return json_skip_value(r);
}

static inline __attribute__((always_inline)) int
read_field(json_reader *r, record *rec, int32_t field)
{
    mt_column_builder *c = column_of(rec, field);
    int rc;

    if (!c) {
        rc = skip_field(r, rec, field);
    } else {
        if (MT_UNLIKELY(c->rows != rec->rows))
            cell_cut_column(c, rec->rows);
        else
            rec->found++;
        rc = read_value(r, &rec->node->children[field], c);
    }
    if (MT_UNLIKELY(rc == JSON_VALUE))
        json_path_name(&r->path, rec->node->keys[field].name,
                       rec->node->keys[field].name_len);
    return rc;
}

/* Puts NULL for every field that the object at `p` did not have. */
static int fill_missing(json_reader *r, const record *rec, const uint8_t *p)
{
    int32_t i;

    for (i = 0; i < rec->node->children_len; i++) {
        const mt_type *type = rec->node->children[i].type;
        mt_column_builder *c = column_of(rec, i);
        int rc = 0;

        if (c ? c->rows != rec->rows : rec->seen[i])
            continue;
        if (r->fail_on_missing)
            rc = json_fail_value(r, p, "missing", type);
        else if (!type->nullable)
            rc = json_fail_value(r, p, "missing, and it is NOT NULL", type);
        else if (c && mt_put_null(c) < 0)
            return MT_ENOMEM;
        if (rc < 0) {
            json_path_name(&r->path, rec->node->keys[i].name,
                           rec->node->keys[i].name_len);
            return rc;
        }
    }
    return 0;
}

/* Reads the members of the object at r->at. */
static inline __attribute__((always_inline)) int read_members(json_reader *r,
                                                              record *rec)
{
    const json_node *node = rec->node;
    const uint8_t *start = r->text + *r->at++;
    int32_t next = 0; /* the field whose key is expected */
    int rc;

    if (r->text[*r->at] == '}') {
        r->at++;
        return fill_missing(r, rec, start);
    }
    for (;;) {
        const uint8_t *p = r->text + *r->at;
        int32_t field = next;

        if (next == node->children_len || !key_matches(&node->keys[next], p)) {
            rc = find_field(r, node, &field);
            if (rc < 0)
                return rc;
        }
        if (MT_UNLIKELY(r->text[r->at[1]] != ':'))
            return json_fail_syntax(r, r->text + r->at[1],
                                    "expected ':' after a key");
        r->at += 2;
        if (field >= 0) {
            rc = read_field(r, rec, field);
            next = field + 1;
        } else {
            rc = json_skip_value(r);
        }
        if (MT_UNLIKELY(rc < 0))
            return rc;
        p = r->text + *r->at++;
        if (*p == '}')
            break;
        if (MT_UNLIKELY(*p != ','))
            return json_fail_syntax(r, p, "expected ',' or '}'");
    }
    if (rec->found == node->children_len)
        return 0;
    return fill_missing(r, rec, start);
}

int json_read_record(json_reader *r, const json_node *node,
                     mt_column_builder **targets, bool *seen)
{
    record rec = {node, targets, NULL, seen, 0, 0};
    int32_t i;

    for (i = 0; i < node->children_len; i++) {
        if (targets[i]) {
            rec.rows = targets[i]->rows;
            break;
        }
    }
    return read_members(r, &rec);
}

int json_read_row(json_reader *r, const json_node *node, mt_column_builder *c)
{
    record rec = {node, NULL, c->children, NULL, c->rows, 0};
    const uint8_t *p = r->text + *r->at;
    int rc;

    if (*p != '{') {
        rc = json_skip_value(r);
        return rc < 0 ? rc : json_fail_value(r, p, "not an object", node->type);
    }
    rc = read_members(r, &rec);
    return rc < 0 ? rc : mt_put_row(c);
}

/* ---- arrays and maps ----------------------------------------------------- */

int json_read_array(json_reader *r, const json_node *node, mt_column_builder *c)
{
    const json_node *element = &node->children[0];
    const uint8_t *p = r->text + *r->at;
    int32_t i;
    int rc;

    if (*p != '[') {
        rc = json_skip_value(r);
        return rc < 0 ? rc : json_fail_value(r, p, "not an array", node->type);
    }
    if (r->text[*++r->at] == ']') {
        r->at++;
        return mt_put_list(c);
    }
    for (i = 0;; i++) {
        rc = read_value(r, element, &c->children[0]);
        if (rc < 0) {
            if (rc == JSON_VALUE)
                json_path_index(&r->path, i);
            return rc;
        }
        p = r->text + *r->at++;
        if (*p == ']')
            return mt_put_list(c);
        if (*p != ',')
            return json_fail_syntax(r, p, "expected ',' or ']'");
    }
}

/* Reads the entry at r->at, or only steps over it. */
static int read_entry(json_reader *r, const json_node *node,
                      mt_column_builder *c, bool skip)
{
    mt_column_builder *keys = &c->children[0];
    const uint8_t *p = r->text + *r->at;
    const char *name;
    size_t len;
    int rc;

    if (*p != '"')
        return json_fail_syntax(r, p, "expected a key");
    rc = json_string_content(r, &name, &len);
    if (rc < 0)
        return rc;
    if (r->text[r->at[1]] != ':')
        return json_fail_syntax(r, r->text + r->at[1],
                                "expected ':' after a key");
    if (!skip && mt_put_bytes(keys, name, len) < 0)
        return MT_ENOMEM;
    r->at += 2;
    if (skip)
        return json_skip_value(r);
    rc = read_value(r, &node->children[1], &c->children[1]);
    if (rc == JSON_VALUE) /* `name` may be gone, the column has it still */
        json_path_name(
            &r->path,
            (const char *)keys->values + keys->offsets[keys->rows - 1], len);
    return rc;
}

/* Reads the entries of the object at r->at; `last` (NULL: all) marks those that
 * are the last of their key. */
static int read_entries(json_reader *r, const json_node *node,
                        mt_column_builder *c, const bool *last)
{
    int32_t i;

    if (r->text[*++r->at] == '}') {
        r->at++;
        return 0;
    }
    for (i = 0;; i++) {
        const uint8_t *p;
        int rc = read_entry(r, node, c, last && !last[i]);

        if (rc < 0)
            return rc;
        p = r->text + *r->at++;
        if (*p == '}')
            return 0;
        if (*p != ',')
            return json_fail_syntax(r, p, "expected ',' or '}'");
    }
}

/* Orders keys by length, bytes, and place. */
static int compare_keys(const void *a, const void *b, void *keys)
{
    const mt_column_builder *c = keys;
    int32_t i = *(const int32_t *)a;
    int32_t j = *(const int32_t *)b;
    int32_t len = c->offsets[i + 1] - c->offsets[i];
    int32_t diff = len - (c->offsets[j + 1] - c->offsets[j]);

    if (!diff)
        diff = memcmp((const char *)c->values + c->offsets[i],
                      (const char *)c->values + c->offsets[j], (size_t)len);
    return diff ? diff : i - j;
}

static bool same_key(const mt_column_builder *c, int32_t i, int32_t j)
{
    int32_t len = c->offsets[i + 1] - c->offsets[i];

    return len == c->offsets[j + 1] - c->offsets[j] &&
           memcmp((const char *)c->values + c->offsets[i],
                  (const char *)c->values + c->offsets[j], (size_t)len) == 0;
}

/* Of the n keys from `first` on, marks in last[] those that do not come again,
 * and counts the others. `order` is room for n numbers. */
static int32_t mark_last(mt_column_builder *keys, int32_t first, int32_t n,
                         int32_t *order, bool *last)
{
    int32_t again = 0;
    int32_t i;

    for (i = 0; i < n; i++)
        order[i] = first + i;
    qsort_r(order, (size_t)n, sizeof(*order), compare_keys, keys);
    for (i = 0; i < n; i++) {
        last[order[i] - first] =
            i + 1 == n || !same_key(keys, order[i], order[i + 1]);
        again += !last[order[i] - first];
    }
    return again;
}

/* True when one of the few keys from `first` on comes twice. */
static bool few_keys_differ(const mt_column_builder *keys, int32_t first)
{
    int32_t i;
    int32_t j;

    for (i = first + 1; i < keys->rows; i++) {
        for (j = first; j < i; j++) {
            if (same_key(keys, i, j))
                return false;
        }
    }
    return true;
}

/* Reads an object's entries once more, if keys came twice, and leaves out all
 * but the last of each. */
static int drop_duplicates(json_reader *r, const json_node *node,
                           mt_column_builder *c, const uint32_t *at,
                           int32_t first)
{
    int32_t n = c->children[0].rows - first;
    size_t size = (size_t)n * (sizeof(int32_t) + sizeof(bool));
    int32_t *order;
    bool *last;
    int rc = 0;

    if (n <= 8 && few_keys_differ(&c->children[0], first))
        return 0;
    order = mt_alloc(size);
    if (!order)
        return MT_ENOMEM;
    last = (bool *)(order + n);
    if (mark_last(&c->children[0], first, n, order, last)) {
        cell_cut_column(&c->children[0], first);
        cell_cut_column(&c->children[1], first);
        r->at = at;
        rc = read_entries(r, node, c, last);
    }
    mt_free(order, size);
    return rc;
}

int json_read_map(json_reader *r, const json_node *node, mt_column_builder *c)
{
    const uint8_t *p = r->text + *r->at;
    const uint32_t *at = r->at;
    int32_t first = c->children[0].rows;
    int rc;

    if (*p != '{') {
        rc = json_skip_value(r);
        return rc < 0 ? rc : json_fail_value(r, p, "not an object", node->type);
    }
    rc = read_entries(r, node, c, NULL);
    if (rc == 0)
        rc = drop_duplicates(r, node, c, at, first);
    return rc < 0 ? rc : mt_put_list(c);
}
