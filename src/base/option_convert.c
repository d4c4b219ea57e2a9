/* option_convert.c - from the texts of options to the values of the struct.
 *
 * Texts are copied into the arena of the struct; whatever is wrong with one is
 * told in the words of the user: the name as spelled, and the text.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/option_parser.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <strings.h>

/* ---- values ----------------------------------------------------------- */

/* A claim's value in the words of the one who gave it. */
MT_PRINTF(3, 4)
static int fail_value(parser *p, const claim *c, const char *fmt, ...)
{
    const char *name = c->name ? c->name : c->option->name;
    char must[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(must, sizeof(must), fmt, args);
    va_end(args);
    return mt__option_fail(p, MT_EOPTION, name,
                           "option '%s%s' of %s must %s, is '%s'", p->prefix,
                           name, p->owner, must, c->value);
}

static int check_range(parser *p, const claim *c, double v)
{
    const mt_option *o = c->option;
    bool any = o->min == 0 && o->max == 0;
    bool open = o->max < o->min;

    if (any && (o->type == MT_OPT_DURATION || o->type == MT_OPT_MEMORY) &&
        v < 0)
        return fail_value(p, c, "not be negative");
    if (any || (v >= (double)o->min && (open || v <= (double)o->max)))
        return 0;
    if (open && o->min == 1 && o->type != MT_OPT_DOUBLE)
        return fail_value(p, c, "be above 0");
    if (open)
        return fail_value(p, c, "be at least %lld", (long long)o->min);
    return fail_value(p, c, "be between %lld and %lld", (long long)o->min,
                      (long long)o->max);
}

static int convert_number(parser *p, const claim *c, int64_t *out)
{
    if (!c->value) {
        *out = MT_UNSET;
        return 0;
    }
    if (c->option->type == MT_OPT_INT && !mt__read_int(c->value, out))
        return fail_value(p, c, "be a whole number of 64 bits");
    if (c->option->type == MT_OPT_DURATION && !mt__read_duration(c->value, out))
        return fail_value(p, c, "be a duration such as '10 s' or '500 ms'");
    if (c->option->type == MT_OPT_MEMORY && !mt__read_memory(c->value, out))
        return fail_value(p, c, "be a size such as '64 mb' or '1024'");
    return check_range(p, c, (double)*out);
}

static int convert_double(parser *p, const claim *c, double *out)
{
    *out = NAN;
    if (!c->value)
        return 0;
    if (!mt__read_double(c->value, out))
        return fail_value(p, c, "be a number");
    return check_range(p, c, *out);
}

/* "a|b|c" as "a, b or c" for messages. NULL without memory. */
static const char *list_choices(parser *p, const char *choices)
{
    const char *text = "", *at;
    size_t len;

    while (text && (at = mt__option_spelling(&choices, &len)))
        text = mt__arena_printf(&p->scratch, "%s%s%.*s", text,
                                !*text     ? ""
                                : *choices ? ", "
                                           : " or ",
                                (int)len, at);
    return text;
}

static int convert_enum(parser *p, const claim *c, int32_t *out)
{
    const char *choices = c->option->choices;
    const char *at, *names;
    size_t len;

    *out = -1;
    if (!c->value)
        return 0;
    for (*out = 0; (at = mt__option_spelling(&choices, &len)); ++*out) {
        if (strncasecmp(at, c->value, len) == 0 && !c->value[len])
            return 0;
    }
    *out = -1;
    names = list_choices(p, c->option->choices);
    return names ? fail_value(p, c, "be one of %s", names)
                 : mt__option_fail_memory(p);
}

static int convert_string(parser *p, const claim *c, const char **out)
{
    *out = c->value ? mt__arena_strdup(&p->arena, c->value) : NULL;
    return c->value && !*out ? mt__option_fail_memory(p) : 0;
}

static int convert_bool(parser *p, const claim *c, bool *out)
{
    *out = false;
    if (c->value && !mt__read_bool(c->value, out))
        return fail_value(p, c, "be true or false");
    return 0;
}

/* The next element of "a; b;'c;d'" without blanks and quotes around it; a
 * quote inside quotes is written twice. NULL when memory runs out. */
static char *next_element(parser *p, const char **at)
{
    const char *s = *at + strspn(*at, " \t");
    char quote = *s == '\'' || *s == '"' ? *s : '\0';
    char *out = mt__arena_alloc(&p->arena, strlen(s) + 1);
    size_t len = 0;

    if (!out)
        return NULL;
    for (s += quote != '\0'; *s && (quote || *s != ';'); s++) {
        if (quote && *s == quote && *++s != quote)
            break;
        out[len++] = *s;
    }
    while (!quote && len > 0 && isspace((unsigned char)out[len - 1]))
        out[--len] = '\0';
    s += strcspn(s, ";");
    *at = s + (*s == ';');
    return out;
}

static int convert_list(parser *p, const claim *c, mt_strings *out)
{
    const char *at = c->value;
    char *element;
    size_t max = 1;

    if (!at)
        return 0;
    for (; *at; at++)
        max += *at == ';';
    out->items = mt__arena_alloc(&p->arena, max * sizeof(*out->items));
    if (!out->items)
        return mt__option_fail_memory(p);
    for (at = c->value; *at;) {
        element = next_element(p, &at);
        if (!element)
            return mt__option_fail_memory(p);
        /* "a;" and ";;" name nothing. */
        if (*element)
            out->items[out->len++] = element;
    }
    return 0;
}

/* Adds one pair to the list of an option that takes many, refusing a second
 * spelling of the same name. `items` has room for all that was given. */
static int add_pair(parser *p, const claim *c, mt_strings *out,
                    const char *name, int32_t value_at)
{
    int32_t i;

    for (i = 0; i < out->len; i += 2) {
        if (strcmp(out->items[i], name) == 0)
            return mt__option_fail(
                p, MT_EOPTION, given_name(p, value_at),
                "'%s%s' says again what another option of %s has said for "
                "'%s'; give one of them",
                p->prefix, given_name(p, value_at), p->owner, c->option->name);
    }
    out->items[out->len] = mt__arena_strdup(&p->arena, name);
    out->items[out->len + 1] =
        mt__arena_strdup(&p->arena, given_value(p, value_at));
    if (!out->items[out->len] || !out->items[out->len + 1])
        return mt__option_fail_memory(p);
    out->len += 2;
    return 0;
}

/* Pair `i` is of the older form "<head>0.key" or "<head>0.value". */
static int add_indexed(parser *p, const claim *c, mt_strings *out, family f,
                       int32_t i, int32_t index, const char *rest)
{
    bool is_key = strcmp(rest, "key") == 0;
    int32_t other = mt__option_find_indexed(
        p, f.head, f.len, index, is_key ? "value" : "key", is_key ? 5 : 3);

    if (other < 0)
        return mt__option_fail(p, MT_EOPTION, given_name(p, i),
                               "option '%s' of %s needs '%.*s%d.%s' beside it",
                               given_name(p, i), p->owner, (int)f.len, f.head,
                               (int)index, is_key ? "value" : "key");
    /* The pair is added once, when its key comes by. */
    return is_key ? add_pair(p, c, out, given_value(p, i), other) : 0;
}

static int add_family(parser *p, const claim *c, mt_strings *out, family f,
                      bool indexed)
{
    const char *rest;
    int32_t i, index;
    int rc = 0;

    for (i = 0; i < pairs_len(p) && rc == 0; i++) {
        if (!is_of_family(p, i, f))
            continue;
        if (indexed &&
            mt__option_split_index(given_name(p, i), f.head, f.len, &index,
                                   &rest) &&
            (strcmp(rest, "key") == 0 || strcmp(rest, "value") == 0))
            rc = add_indexed(p, c, out, f, i, index, rest);
        /* A name of the format option itself: 'format.type'. */
        else if (!c->name || strcmp(given_name(p, i), c->name) != 0)
            rc = add_pair(p, c, out, given_name(p, i) + f.len, i);
    }
    return rc;
}

static int reserve_pairs(parser *p, mt_strings *out)
{
    out->items = mt__arena_alloc(&p->arena, ((size_t)p->given->len + 1) *
                                                sizeof(*out->items));
    return out->items ? 0 : mt__option_fail_memory(p);
}

static int convert_prefix(parser *p, const claim *c, mt_strings *out)
{
    const char *legacy = c->option->legacy;
    const char *spelling = c->option->name;
    size_t len = strlen(spelling);
    int rc = reserve_pairs(p, out);

    for (; spelling && rc == 0; spelling = mt__option_spelling(&legacy, &len))
        rc = add_family(p, c, out, mt__option_prefix_family(spelling, len),
                        spelling != c->option->name);
    return rc;
}

static int convert_format(parser *p, const claim *given, mt_format_ref *out)
{
    claim c = *given;
    family f;
    int rc;

    if (!c.value)
        return 0;
    if (!c.name)
        c.name = c.option->name;
    if ((rc = convert_string(p, &c, &out->name)) < 0 ||
        (rc = reserve_pairs(p, &out->options)) < 0)
        return rc;
    f = mt__option_format_family(p, &c);
    out->prefix = f.len ? mt__arena_strndup(&p->arena, f.head, f.len) : NULL;
    if (!out->prefix)
        return mt__option_fail_memory(p);
    return add_family(p, &c, &out->options, f, false);
}

int mt__option_convert(parser *p, const claim *given)
{
    claim c = *given;
    void *at = p->options + c.option->offset;

    if (!c.value)
        c.value = c.option->def;
    switch (c.option->type) {
    case MT_OPT_STRING:
        return convert_string(p, &c, at);
    case MT_OPT_BOOL:
        return convert_bool(p, &c, at);
    case MT_OPT_INT:
    case MT_OPT_DURATION:
    case MT_OPT_MEMORY:
        return convert_number(p, &c, at);
    case MT_OPT_DOUBLE:
        return convert_double(p, &c, at);
    case MT_OPT_ENUM:
        return convert_enum(p, &c, at);
    case MT_OPT_LIST:
        return convert_list(p, &c, at);
    case MT_OPT_PREFIX:
        return convert_prefix(p, &c, at);
    case MT_OPT_FORMAT:
        return convert_format(p, &c, at);
    }
    return mt_fail(p->err, MT_EINTERNAL, "option '%s' of %s has no type",
                   c.option->name, p->owner);
}
