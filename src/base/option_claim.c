/* option_claim.c - which given name belongs to which entry of an option table.
 *
 * A name may be a spelling of the entry, one of an indexed list, or a member of
 * a family (all names that begin alike). What is claimed is marked as used; the
 * rest is for options.c to refuse.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "base/option_parser.h"

#include <stdlib.h>

/* ---- spellings ----------------------------------------------------------- */

const char *mt__option_spelling(const char **list, size_t *len)
{
    const char *at = *list;

    if (!at || !*at)
        return NULL;
    *len = strcspn(at, "|");
    *list = at + *len + (at[*len] == '|');
    return at;
}

static int take_pair(parser *p, claim *c, int32_t i)
{
    if (c->name)
        return mt__option_fail(p, MT_EOPTION, c->option->name,
                               "options '%s%s' and '%s%s' of %s mean the same; "
                               "give one of them",
                               p->prefix, c->name, p->prefix, given_name(p, i),
                               p->owner);
    c->name = given_name(p, i);
    c->value = given_value(p, i);
    p->used[i] = 1;
    return 0;
}

static int claim_spelling(parser *p, claim *c, const char *name, size_t len)
{
    int32_t i;
    int rc;

    for (i = 0; i < pairs_len(p); i++) {
        if (!starts_with(given_name(p, i), name, len) || given_name(p, i)[len])
            continue;
        if ((rc = take_pair(p, c, i)) < 0)
            return rc;
    }
    return 0;
}

/* ---- indexed lists ------------------------------------------------------- */

bool mt__option_split_index(const char *name, const char *head, size_t head_len,
                            int32_t *index, const char **rest)
{
    size_t digits;

    if (!starts_with(name, head, head_len))
        return false;
    name += head_len;
    digits = strspn(name, "0123456789");
    if (digits == 0 || digits > 6 || name[digits] != '.')
        return false;
    *index = (int32_t)strtol(name, NULL, 10);
    *rest = name + digits + 1;
    return true;
}

int32_t mt__option_find_indexed(const parser *p, const char *head,
                                size_t head_len, int32_t index, const char *key,
                                size_t key_len)
{
    const char *rest;
    int32_t i, at;

    for (i = 0; i < pairs_len(p); i++) {
        if (mt__option_split_index(given_name(p, i), head, head_len, &at,
                                   &rest) &&
            at == index && starts_with(rest, key, key_len) && !rest[key_len])
            return i;
    }
    return -1;
}

/* The lowest index above `after` under `head`, or -1. */
static int32_t next_index(const parser *p, const char *head, size_t head_len,
                          int32_t after)
{
    int32_t i, at, lowest = -1;
    const char *rest;

    for (i = 0; i < pairs_len(p); i++) {
        if (mt__option_split_index(given_name(p, i), head, head_len, &at,
                                   &rest) &&
            at > after && (lowest < 0 || at < lowest))
            lowest = at;
    }
    return lowest;
}

/* Appends "x:..,y:.." of one index, in the order of `keys` ("x,y"). */
static int join_index(parser *p, claim *c, mt_buf *out, const char *head,
                      size_t head_len, int32_t index, const char *keys,
                      size_t keys_len)
{
    const char *end = keys + keys_len;
    bool first = true;
    size_t len;
    int32_t i;

    for (; keys < end; keys += len + 1) {
        len = strcspn(keys, ",|");
        i = mt__option_find_indexed(p, head, head_len, index, keys, len);
        if (i < 0)
            continue;
        if (mt_buf_printf(out, "%s%.*s:%s", first ? "" : ",", (int)len, keys,
                          given_value(p, i)) < 0)
            return mt__option_fail_memory(p);
        first = false;
        p->used[i] = 1;
        c->name = given_name(p, i);
    }
    return 0;
}

/* `spelling` is "head.#.x,y". */
static int claim_indexed(parser *p, claim *c, const char *spelling, size_t len)
{
    const char *mark = memmem(spelling, len, ".#.", 3);
    size_t head_len = mark ? (size_t)(mark - spelling) + 1 : 0;
    const char *before = c->name;
    mt_buf out = {0};
    int32_t index = -1;
    int rc = 0;

    if (!mark)
        return 0;
    while (rc == 0 && (index = next_index(p, spelling, head_len, index)) >= 0) {
        if (out.len && mt_buf_byte(&out, ';') < 0)
            rc = mt__option_fail_memory(p);
        if (rc == 0)
            rc = join_index(p, c, &out, spelling, head_len, index, mark + 3,
                            len - head_len - 2);
    }
    if (rc == 0 && out.len && before)
        rc = mt__option_fail(
            p, MT_EOPTION, c->option->name,
            "options '%s' and '%s' of %s mean the same; give one of them",
            before, c->name, p->owner);
    if (rc == 0 && out.len) {
        c->value = mt__arena_strndup(&p->scratch, (char *)out.data, out.len);
        rc = c->value ? 0 : mt__option_fail_memory(p);
    }
    mt_buf_fini(&out);
    return rc;
}

/* ---- prefixes ----------------------------------------------------------- */

static void mark_family(parser *p, family f)
{
    int32_t i;

    for (i = 0; i < pairs_len(p); i++) {
        if (is_of_family(p, i, f))
            p->used[i] = 1;
    }
}

family mt__option_prefix_family(const char *spelling, size_t len)
{
    return (family){spelling,
                    len > 0 && spelling[len - 1] == '*' ? len - 1 : len};
}

family mt__option_format_family(parser *p, const claim *c)
{
    size_t len = strlen(c->name);
    char *head;

    if (len > 5 && strcmp(c->name + len - 5, ".type") == 0)
        return (family){c->name, len - 4};
    len -= len >= 6 && strcmp(c->name + len - 6, "format") == 0 ? 6 : len;
    head = mt__arena_printf(&p->arena, "%.*s%s.", (int)len, c->name, c->value);
    return (family){head, head ? strlen(head) : 0};
}

bool mt__option_has_family(const parser *p, const mt_option *o)
{
    const char *legacy = o->legacy;
    const char *spelling = o->name;
    size_t len = strlen(spelling);
    int32_t i;

    for (; spelling; spelling = mt__option_spelling(&legacy, &len)) {
        for (i = 0; i < pairs_len(p); i++) {
            if (is_of_family(p, i, mt__option_prefix_family(spelling, len)))
                return true;
        }
    }
    return false;
}

int mt__option_claim(parser *p, claim *c)
{
    const char *legacy = c->option->legacy;
    const char *spelling = c->option->name;
    size_t len = strlen(spelling);
    int rc = 0;

    for (; spelling && rc == 0; spelling = mt__option_spelling(&legacy, &len)) {
        if (c->option->type == MT_OPT_PREFIX)
            mark_family(p, mt__option_prefix_family(spelling, len));
        else
            rc = claim_spelling(p, c, spelling, len);
        if (rc == 0 && c->option->type == MT_OPT_STRING)
            rc = claim_indexed(p, c, spelling, len);
    }
    if (rc < 0)
        return rc;
    if ((c->option->flags & MT_OPT_UNSUPPORTED) &&
        (c->name || (c->option->type == MT_OPT_PREFIX &&
                     mt__option_has_family(p, c->option))))
        return mt__option_fail_unsupported(p,
                                           c->name ? c->name : c->option->name);
    if (!c->name)
        return 0;
    if (c->option->type == MT_OPT_FORMAT) {
        family f = mt__option_format_family(p, c);

        if (!f.len)
            return mt__option_fail_memory(p);
        mark_family(p, f);
    }
    return 0;
}
