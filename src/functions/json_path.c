/* A path is compiled to steps, each of which makes a list of nodes of a list of
 * nodes. As long as no step could find many, one that finds nothing is a
 * failure; behind it, what a step does not fit is left out.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/json_path.h"

#include <strings.h>

/* Steps and positions in brackets of one path. */
#define STEPS_MAX 64

typedef enum step_kind {
    MEMBER,
    ELEMENT,
    ELEMENTS, /* several positions */
    SLICE,
    ALL
} step_kind;

typedef struct step {
    step_kind kind;
    mt_span name;
    int64_t from; /* ELEMENT, SLICE; ELEMENTS: the first entry of positions */
    int64_t to;   /* SLICE: the position behind; ELEMENTS: the last entry + 1 */
} step;

struct mt__json_path {
    char *text;
    size_t len;
    bool lax;
    bool definite;
    int32_t steps_len;
    int32_t positions_len;
    step steps[STEPS_MAX];
    int64_t positions[STEPS_MAX];
};

/* ---- compiling ----------------------------------------------------------- */

typedef struct reading {
    mt__json_path *path;
    const char *at;
    const char *end;
    mt_error **err;
} reading;

static int refuse(reading *r, const char *why)
{
    return mt_fail(r->err, MT_ERECORD,
                   "'%.*s' is no JSON path, at character %d: %s",
                   (int)r->path->len, r->path->text + r->path->len,
                   (int)(r->at - r->path->text) + 1, why);
}

static int refuse_kind(reading *r, const char *name)
{
    return mt_fail(r->err, MT_EUNSUPPORTED,
                   "not supported yet: %s in a JSON path, as in '%.*s'", name,
                   (int)r->path->len, r->path->text + r->path->len);
}

static void skip_blanks(reading *r)
{
    while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at)
        r->at++;
}

static bool take(reading *r, char c)
{
    skip_blanks(r);
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static int add_step(reading *r, step s)
{
    mt__json_path *p = r->path;

    if (p->steps_len == STEPS_MAX)
        return refuse(r, "a path has 64 steps at most");
    p->steps[p->steps_len++] = s;
    if (s.kind != MEMBER && s.kind != ELEMENT)
        p->definite = false;
    return 0;
}

/* A name up to the next dot or bracket. */
static int read_name(reading *r)
{
    const char *from = r->at;

    while (r->at < r->end && !strchr(".[( \t\r\n", *r->at))
        r->at++;
    if (r->at < r->end && *r->at == '(')
        return refuse_kind(r, "functions");
    if (r->at == from)
        return refuse(r, "a name is expected");
    return add_step(
        r, (step){.kind = MEMBER,
                  .name = {(const uint8_t *)from, (size_t)(r->at - from)}});
}

/* 'name' or "name", with \ before what is meant literally. The escapes are
 * taken out of the path's own copy of the text. */
static int read_quoted(reading *r)
{
    char quote = *r->at++, *out = r->path->text + (r->at - r->path->text);
    const char *from = out;

    while (r->at < r->end && *r->at != quote) {
        if (*r->at == '\\' && r->at + 1 < r->end)
            r->at++;
        *out++ = *r->at++;
    }
    if (r->at == r->end)
        return refuse(r, "a quote is missing");
    r->at++;
    skip_blanks(r);
    if (r->at < r->end && *r->at == ',')
        return refuse_kind(r, "several names");
    return add_step(
        r, (step){.kind = MEMBER,
                  .name = {(const uint8_t *)from, (size_t)(out - from)}});
}

/* A whole number, if there is one. */
static bool take_number(reading *r, int64_t *out)
{
    const char *from;

    skip_blanks(r);
    from = r->at;
    if (r->at < r->end && *r->at == '-')
        r->at++;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    if (!mt_read_i64(from, (size_t)(r->at - from), out)) {
        r->at = from;
        return false;
    }
    if (*out > INT32_MAX || *out < INT32_MIN)
        *out = *out > 0 ? INT32_MAX : INT32_MIN;
    return true;
}

static int read_more_positions(reading *r, int64_t first)
{
    mt__json_path *p = r->path;
    step s = {.kind = ELEMENTS, .from = p->positions_len};

    do {
        if (p->positions_len == STEPS_MAX)
            return refuse(r, "a path has 64 positions at most");
        p->positions[p->positions_len++] = first;
    } while (take(r, ',') && take_number(r, &first));
    s.to = p->positions_len;
    return add_step(r, s);
}

/* [1] [0, 2] [1:3] [1:] [:3] */
static int read_positions(reading *r)
{
    step s = {.kind = SLICE, .from = 0, .to = INT64_MAX};
    bool number = take_number(r, &s.from);

    if (take(r, ':')) {
        take_number(r, &s.to);
        if (take(r, ':'))
            return refuse_kind(r, "steps of slices");
        return add_step(r, s);
    }
    if (!number)
        return refuse(r, "a position, a name in quotes or * is expected");
    skip_blanks(r);
    if (r->at < r->end && *r->at == ',')
        return read_more_positions(r, s.from);
    s.kind = ELEMENT;
    return add_step(r, s);
}

static int read_brackets(reading *r)
{
    int rc;

    skip_blanks(r);
    if (r->at < r->end && *r->at == '?')
        return refuse_kind(r, "filters");
    if (r->at < r->end && *r->at == '(')
        return refuse_kind(r, "expressions");
    if (r->at < r->end && (*r->at == '\'' || *r->at == '"'))
        rc = read_quoted(r);
    else if (take(r, '*'))
        rc = add_step(r, (step){.kind = ALL});
    else
        rc = read_positions(r);
    if (rc == 0 && !take(r, ']'))
        rc = refuse(r, "']' is expected");
    return rc;
}

static int read_step(reading *r)
{
    if (take(r, '['))
        return read_brackets(r);
    if (!take(r, '.'))
        return refuse(r, "'.' or '[' is expected");
    if (r->at < r->end && *r->at == '.')
        return refuse_kind(r, "'..'");
    if (take(r, '*'))
        return add_step(r, (step){.kind = ALL});
    if (take(r, '['))
        return read_brackets(r);
    return read_name(r);
}

/* The mode, if there is one before blanks. */
static void read_mode(reading *r)
{
    skip_blanks(r);
    if (r->end - r->at > 4 && strncasecmp(r->at, "lax", 3) == 0 &&
        strchr(" \t\r\n", r->at[3])) {
        r->path->lax = true;
        r->at += 4;
    } else if (r->end - r->at > 7 && strncasecmp(r->at, "strict", 6) == 0 &&
               strchr(" \t\r\n", r->at[6])) {
        r->at += 7;
    }
}

static int compile(reading *r)
{
    int rc = 0;

    read_mode(r);
    if (!take(r, '$'))
        return refuse(r, "'$' is expected");
    for (skip_blanks(r); rc == 0 && r->at < r->end; skip_blanks(r))
        rc = read_step(r);
    return rc;
}

mt__json_path *mt__json_path_new(mt_span text, mt_error **err)
{
    mt__json_path *path = mt_calloc(sizeof(*path));
    reading r;

    if (path)
        path->text = mt_alloc(2 * text.len + 1);
    if (!path || !path->text) {
        mt__json_path_free(path);
        mt_fail(err, MT_ENOMEM, "no memory for a JSON path");
        return NULL;
    }
    path->len = text.len;
    path->definite = true;
    /* Twice: as it was given, and as names without escapes. */
    memcpy(path->text, text.data, text.len);
    memcpy(path->text + text.len, text.data, text.len);
    r = (reading){path, path->text, path->text + text.len, err};
    if (compile(&r) == 0)
        return path;
    mt__json_path_free(path);
    return NULL;
}

void mt__json_path_free(mt__json_path *path)
{
    if (!path)
        return;
    if (path->text)
        mt_free(path->text, 2 * path->len + 1);
    mt_free(path, sizeof(*path));
}

bool mt__json_path_is(const mt__json_path *path, mt_span text)
{
    return path->len == text.len &&
           memcmp(path->text + path->len, text.data, text.len) == 0;
}

bool mt__json_path_is_lax(const mt__json_path *path)
{
    return path->lax;
}

bool mt__json_path_is_definite(const mt__json_path *path)
{
    return path->definite;
}

/* ---- finding ----------------------------------------------------------- */

static int put(mt_buf *found, int32_t node)
{
    return mt_buf_append(found, &node, sizeof(node));
}

static int find_slice(const step *s, const mt__json_tree *t, int32_t array,
                      mt_buf *found)
{
    int32_t len = t->nodes[array].len, node;
    int64_t from = s->from < 0 ? s->from + len : s->from, i;
    int64_t to = s->to < 0 ? s->to + len : s->to;
    int rc = 0;

    from = from < 0 ? 0 : from;
    to = to > len ? len : to;
    node = from < to ? mt__json_element(t, array, from) : 0;
    for (i = from; rc == 0 && i < to; i++, node = t->nodes[node].next)
        rc = put(found, node);
    return rc;
}

static int find_positions(const mt__json_path *p, const step *s,
                          const mt__json_tree *t, int32_t array, mt_buf *found)
{
    int64_t i;
    int rc = 0;

    for (i = s->from; rc == 0 && i < s->to; i++) {
        int32_t node = mt__json_element(t, array, p->positions[i]);

        if (node)
            rc = put(found, node);
    }
    return rc;
}

static int find_all(const mt__json_tree *t, int32_t node, mt_buf *found)
{
    int32_t child = t->nodes[node].first;
    int rc = 0;

    for (; rc == 0 && child; child = t->nodes[child].next)
        rc = put(found, child);
    return rc;
}

/* What one step finds below a node: 0; MT_ENOTFOUND when it does not fit the
 * node or there is no such child; MT_ENOMEM. */
static int find_step(const mt__json_path *p, const step *s, mt__json_tree *t,
                     int32_t node, mt_buf *found)
{
    mt__json_kind kind = t->nodes[node].kind;
    int32_t child;

    if (s->kind == ALL)
        return find_all(t, node, found);
    if (kind != (s->kind == MEMBER ? MT_JSON_OBJECT : MT_JSON_ARRAY))
        return MT_ENOTFOUND;
    if (s->kind == SLICE)
        return find_slice(s, t, node, found);
    if (s->kind == ELEMENTS)
        return find_positions(p, s, t, node, found);
    child = s->kind == MEMBER ? mt__json_member(t, node, s->name)
                              : mt__json_element(t, node, s->from);
    return child ? put(found, child) : MT_ENOTFOUND;
}

/* The nodes of a step come behind those of the step before, and then in their
 * place. */
int mt__json_path_find(const mt__json_path *path, mt__json_tree *tree,
                       mt_buf *found)
{
    bool many = false;
    size_t before, at;
    int32_t i, node;
    int rc;

    found->len = 0;
    rc = put(found, MT_JSON_ROOT);
    for (i = 0; rc == 0 && i < path->steps_len; i++) {
        const step *s = &path->steps[i];

        before = found->len;
        for (at = 0; rc == 0 && at < before; at += sizeof(node)) {
            memcpy(&node, found->data + at, sizeof(node));
            rc = find_step(path, s, tree, node, found);
            if (rc == MT_ENOTFOUND && many)
                rc = 0;
        }
        many = many || (s->kind != MEMBER && s->kind != ELEMENT);
        found->len -= before;
        memmove(found->data, found->data + before, found->len);
    }
    return rc;
}
