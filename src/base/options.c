/* options.c - matches what was given against an option table.
 *
 * Four passes, in the order in which their messages help most:
 *
 *   claim     every table entry finds what was given for it and marks it used;
 *             two spellings of one option are refused here
 *   leftover  what nobody claimed is unknown, unless every table may carry it
 *   missing   required options that nobody gave
 *   convert   texts, given or default, become values in the struct
 *
 * The struct and all that hangs on it live in one arena, whose handle stands
 * in front of the struct, so that mt__options_free() needs no more than the
 * struct's address.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem, strcasestr */
#include "base/options.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/nearest.h"
#include "base/secret.h"

/* Stands in front of the options struct. */
typedef struct header {
    mt__arena arena;
    size_t unused; /* keeps the struct aligned to 16 bytes */
} header;

/* One entry of a table and what was given for it. */
typedef struct claim {
    const mt_option *option;
    const char *name;  /* as spelled by the user; NULL: not given */
    const char *value; /* given, or put together from an indexed list */
} claim;

typedef struct parser {
    const mt_option *table;
    const mt_strings *given;
    const char *owner;
    const char *prefix; /* of names in messages */
    bool any_table;     /* names that every table may carry pass */
    bool legacy_format; /* names that only older formats had pass */
    mt__arena scratch;  /* until the end of parsing */
    uint8_t *used;      /* one a given pair */
    claim *claims;      /* one a table entry */
    mt__arena arena;    /* what the struct holds */
    char *options;
    mt_error **err;
} parser;

/* ---- errors ------------------------------------------------------------- */

MT_PRINTF(4, 5)
static int fail_option(parser *p, int code, const char *name, const char *fmt,
                       ...)
{
    char *full;
    va_list args;

    va_start(args, fmt);
    mt__fail_list(p->err, code, fmt, args);
    va_end(args);
    full =
        p->err ? mt__arena_printf(&p->scratch, "%s%s", p->prefix, name) : NULL;
    if (full)
        mt_error_set_option(*p->err, full);
    return code;
}

static int fail_memory(parser *p)
{
    return mt_fail(p->err, MT_ENOMEM, "out of memory");
}

/* ---- what was given ----------------------------------------------------- */

static int32_t pairs_len(const parser *p)
{
    return p->given->len / 2;
}

static const char *given_name(const parser *p, int32_t i)
{
    return p->given->items[2 * i];
}

static const char *given_value(const parser *p, int32_t i)
{
    return p->given->items[2 * i + 1];
}

static bool starts_with(const char *s, const char *start, size_t len)
{
    return strncmp(s, start, len) == 0;
}

/* ---- claim: spellings --------------------------------------------------- */

/* Walks "a|b|c": *len bytes at the returned place, NULL at the end. */
static const char *next_spelling(const char **list, size_t *len)
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
        return fail_option(p, MT_EOPTION, c->option->name,
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

/* ---- claim: indexed lists ----------------------------------------------- */

/* Reads "<index>.<rest>" after `head`; false when `name` is not of that form.
 * Indices have at most six digits, which bounds every list. */
static bool split_index(const char *name, const char *head, size_t head_len,
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

/* The given pair "<head><index>.<key>", or -1. */
static int32_t find_indexed(const parser *p, const char *head, size_t head_len,
                            int32_t index, const char *key, size_t key_len)
{
    const char *rest;
    int32_t i, at;

    for (i = 0; i < pairs_len(p); i++) {
        if (split_index(given_name(p, i), head, head_len, &at, &rest) &&
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
        if (split_index(given_name(p, i), head, head_len, &at, &rest) &&
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
        i = find_indexed(p, head, head_len, index, keys, len);
        if (i < 0)
            continue;
        if (mt_buf_printf(out, "%s%.*s:%s", first ? "" : ",", (int)len, keys,
                          given_value(p, i)) < 0)
            return fail_memory(p);
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
            rc = fail_memory(p);
        if (rc == 0)
            rc = join_index(p, c, &out, spelling, head_len, index, mark + 3,
                            len - head_len - 2);
    }
    if (rc == 0 && out.len && before)
        rc = fail_option(p, MT_EOPTION, c->option->name,
                         "options '%s' and '%s' of %s mean the same; give one "
                         "of them",
                         before, c->name, p->owner);
    if (rc == 0 && out.len) {
        c->value = mt__arena_strndup(&p->scratch, (char *)out.data, out.len);
        rc = c->value ? 0 : fail_memory(p);
    }
    mt_buf_fini(&out);
    return rc;
}

/* ---- claim: prefixes ---------------------------------------------------- */

/* The names that an option of type PREFIX or FORMAT takes all begin so. */
typedef struct family {
    const char *head;
    size_t len;
} family;

static bool is_of_family(const parser *p, int32_t i, family f)
{
    return starts_with(given_name(p, i), f.head, f.len) &&
           given_name(p, i)[f.len];
}

static void mark_family(parser *p, family f)
{
    int32_t i;

    for (i = 0; i < pairs_len(p); i++) {
        if (is_of_family(p, i, f))
            p->used[i] = 1;
    }
}

/* The family that a PREFIX spelling "properties.*" stands for. */
static family prefix_family(const char *spelling, size_t len)
{
    return (family){spelling,
                    len > 0 && spelling[len - 1] == '*' ? len - 1 : len};
}

/* The family of a format's options: 'value.format' = 'json' takes value.json.*
 * and 'format.type' = 'json' takes format.*. `len` 0 means without memory. */
static family format_family(parser *p, const claim *c)
{
    size_t len = strlen(c->name);
    char *head;

    if (len > 5 && strcmp(c->name + len - 5, ".type") == 0)
        return (family){c->name, len - 4};
    len -= len >= 6 && strcmp(c->name + len - 6, "format") == 0 ? 6 : len;
    head = mt__arena_printf(&p->arena, "%.*s%s.", (int)len, c->name, c->value);
    return (family){head, head ? strlen(head) : 0};
}

/* Whether anything was given for a PREFIX option. */
static bool has_family(const parser *p, const mt_option *o)
{
    const char *legacy = o->legacy;
    const char *spelling = o->name;
    size_t len = strlen(spelling);
    int32_t i;

    for (; spelling; spelling = next_spelling(&legacy, &len)) {
        for (i = 0; i < pairs_len(p); i++) {
            if (is_of_family(p, i, prefix_family(spelling, len)))
                return true;
        }
    }
    return false;
}

static int fail_unsupported(parser *p, const char *name)
{
    return fail_option(p, MT_EUNSUPPORTED, name,
                       "not supported yet: option '%s%s' of %s", p->prefix,
                       name, p->owner);
}

static int claim_option(parser *p, claim *c)
{
    const char *legacy = c->option->legacy;
    const char *spelling = c->option->name;
    size_t len = strlen(spelling);
    int rc = 0;

    for (; spelling && rc == 0; spelling = next_spelling(&legacy, &len)) {
        if (c->option->type == MT_OPT_PREFIX)
            mark_family(p, prefix_family(spelling, len));
        else
            rc = claim_spelling(p, c, spelling, len);
        if (rc == 0 && c->option->type == MT_OPT_STRING)
            rc = claim_indexed(p, c, spelling, len);
    }
    if (rc < 0)
        return rc;
    if ((c->option->flags & MT_OPT_UNSUPPORTED) &&
        (c->name ||
         (c->option->type == MT_OPT_PREFIX && has_family(p, c->option))))
        return fail_unsupported(p, c->name ? c->name : c->option->name);
    if (!c->name)
        return 0;
    if (c->option->type == MT_OPT_FORMAT) {
        family f = format_family(p, c);

        if (!f.len)
            return fail_memory(p);
        mark_family(p, f);
    }
    return 0;
}

/* ---- secrets ------------------------------------------------------------ */

static bool ends_with(const char *s, const char *end)
{
    size_t len = strlen(s), end_len = strlen(end);

    return len >= end_len && strcasecmp(s + len - end_len, end) == 0;
}

/* Options that pass through to a client library have no table entry which
 * could call them secret, so their names must. */
static bool is_telling(const char *name)
{
    return strcasestr(name, "password") || strcasestr(name, "secret") ||
           ends_with(name, "jaas.config") || ends_with(name, "token") ||
           ends_with(name, "credentials") || ends_with(name, "key.pem");
}

/* A JAAS line holds the password in quotes: password="x"; it is a secret on
 * its own too, since libraries get it without the line around it. */
static int hide_quoted(parser *p, const char *value)
{
    const char *at = strcasestr(value, "password=\"");
    const char *end = at ? strchr(at + 10, '"') : NULL;
    char *inner;

    if (!end)
        return 0;
    inner = mt__arena_strndup(&p->scratch, at + 10, (size_t)(end - at - 10));
    return inner && mt__secret_add(inner) == 0 ? 0 : fail_memory(p);
}

static int hide_value(parser *p, const char *value)
{
    bool flag;

    /* 'password.required' = 'true' is no password. */
    if (mt__read_bool(value, &flag))
        return 0;
    if (mt__secret_add(value) < 0)
        return fail_memory(p);
    return hide_quoted(p, value);
}

/* Makes secrets known to the log before any message could show them. */
static int hide_secrets(parser *p)
{
    const claim *c;
    int32_t i;
    int rc = 0;

    for (i = 0; i < pairs_len(p) && rc == 0; i++) {
        if (is_telling(given_name(p, i)))
            rc = hide_value(p, given_value(p, i));
    }
    for (c = p->claims; c->option && rc == 0; c++) {
        if (c->value && (c->option->flags & MT_OPT_SECRET))
            rc = hide_value(p, c->value);
    }
    return rc;
}

/* ---- leftover ----------------------------------------------------------- */

/* What a WITH clause may always hold: which connector it is, and what older
 * versions wrote beside it. Read by the layers above, or without meaning now. */
static const char *const table_names[] = {
    "connector",
    "connector.type",
    "connector.version",
    "connector.property-version",
    "format.property-version",
    "update-mode",
    NULL,
};

static const char *const legacy_format_names[] = {
    "schema",
    "derive-schema",
    "property-version",
    NULL,
};

static bool is_listed(const char *const *names, const char *name)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

/* Older tables said how changes are written; only appending needs nothing. */
static int check_update_mode(parser *p, const char *value)
{
    if (strcasecmp(value, "append") == 0)
        return 0;
    if (strcasecmp(value, "retract") == 0 || strcasecmp(value, "upsert") == 0)
        return fail_option(p, MT_EUNSUPPORTED, "update-mode",
                           "not supported yet: update-mode '%s'", value);
    return fail_option(p, MT_EOPTION, "update-mode",
                       "option 'update-mode' of %s must be append, retract or "
                       "upsert, is '%s'",
                       p->owner, value);
}

/* "a, b, c": the names of the table. */
static int list_names(parser *p, mt_buf *out)
{
    const mt_option *o;
    int rc = 0;

    for (o = p->table; o->name && rc == 0; o++) {
        if (!(o->flags & MT_OPT_UNSUPPORTED))
            rc = mt_buf_printf(out, "%s%s%s", out->len ? ", " : "", p->prefix,
                               o->name);
    }
    return rc == 0 && !out->len ? mt_buf_printf(out, "none") : rc;
}

static int fail_unknown(parser *p, const char *name)
{
    mt__nearest nearest = {.wanted = name};
    mt_buf names = {0};
    const mt_option *o;
    const char *list;
    int rc;

    for (o = p->table; o->name; o++)
        mt__nearest_try(&nearest, o->name);
    list = list_names(p, &names) == 0 ? (char *)names.data : "";
    if (nearest.best)
        rc = fail_option(p, MT_EOPTION, name,
                         "unknown option '%s%s' of %s, did you mean '%s%s'? "
                         "Supported: %.*s",
                         p->prefix, name, p->owner, p->prefix, nearest.best,
                         (int)names.len, list);
    else
        rc = fail_option(p, MT_EOPTION, name,
                         "unknown option '%s%s' of %s. Supported: %.*s",
                         p->prefix, name, p->owner, (int)names.len, list);
    mt_buf_fini(&names);
    return rc;
}

static int check_leftover(parser *p)
{
    int32_t i;
    int rc;

    for (i = 0; i < pairs_len(p); i++) {
        const char *name = given_name(p, i);

        if (p->used[i] ||
            (p->legacy_format && is_listed(legacy_format_names, name)))
            continue;
        if (p->any_table && starts_with(name, "schema.", 7))
            continue;
        if (p->any_table && starts_with(name, "scan.watermark.", 15))
            return fail_unsupported(p, name);
        if (!p->any_table || !is_listed(table_names, name))
            return fail_unknown(p, name);
        if (strcmp(name, "update-mode") == 0 &&
            (rc = check_update_mode(p, given_value(p, i))) < 0)
            return rc;
    }
    return 0;
}

/* ---- missing ------------------------------------------------------------ */

static int check_missing(parser *p)
{
    const claim *c;

    for (c = p->claims; c->option; c++) {
        if (!(c->option->flags & MT_OPT_REQUIRED) || c->name)
            continue;
        if (c->option->type != MT_OPT_PREFIX || !has_family(p, c->option))
            return fail_option(p, MT_EOPTION, c->option->name,
                               "%s needs option '%s%s'", p->owner, p->prefix,
                               c->option->name);
    }
    return 0;
}

/* ---- convert ------------------------------------------------------------ */

/* A claim's value in the words of the one who gave it. */
MT_PRINTF(3, 4)
static int fail_value(parser *p, const claim *c, const char *fmt, ...)
{
    const char *name = c->name ? c->name : c->option->name;
    mt_buf must = {0};
    char *text;
    va_list args;
    int rc;

    va_start(args, fmt);
    text = NULL;
    if (mt_buf_reserve(&must, 512) == 0) {
        vsnprintf((char *)must.data, must.cap, fmt, args);
        text = (char *)must.data;
    }
    va_end(args);
    rc = fail_option(p, MT_EOPTION, name,
                     "option '%s%s' of %s must %s, is "
                     "'%s'",
                     p->prefix, name, p->owner, text ? text : "fit", c->value);
    mt_buf_fini(&must);
    return rc;
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

    while (text && (at = next_spelling(&choices, &len)))
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
    for (*out = 0; (at = next_spelling(&choices, &len)); ++*out) {
        if (strncasecmp(at, c->value, len) == 0 && !c->value[len])
            return 0;
    }
    *out = -1;
    names = list_choices(p, c->option->choices);
    return names ? fail_value(p, c, "be one of %s", names) : fail_memory(p);
}

static int convert_string(parser *p, const claim *c, const char **out)
{
    *out = c->value ? mt__arena_strdup(&p->arena, c->value) : NULL;
    return c->value && !*out ? fail_memory(p) : 0;
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
        return fail_memory(p);
    for (at = c->value; *at;) {
        element = next_element(p, &at);
        if (!element)
            return fail_memory(p);
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
            return fail_option(p, MT_EOPTION, given_name(p, value_at),
                               "'%s%s' says again what another option of %s "
                               "has said for '%s'; give one of them",
                               p->prefix, given_name(p, value_at), p->owner,
                               c->option->name);
    }
    out->items[out->len] = mt__arena_strdup(&p->arena, name);
    out->items[out->len + 1] =
        mt__arena_strdup(&p->arena, given_value(p, value_at));
    if (!out->items[out->len] || !out->items[out->len + 1])
        return fail_memory(p);
    out->len += 2;
    return 0;
}

/* Pair `i` is of the older form "<head>0.key" or "<head>0.value". */
static int add_indexed(parser *p, const claim *c, mt_strings *out, family f,
                       int32_t i, int32_t index, const char *rest)
{
    bool is_key = strcmp(rest, "key") == 0;
    int32_t other = find_indexed(p, f.head, f.len, index,
                                 is_key ? "value" : "key", is_key ? 5 : 3);

    if (other < 0)
        return fail_option(p, MT_EOPTION, given_name(p, i),
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
            split_index(given_name(p, i), f.head, f.len, &index, &rest) &&
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
    return out->items ? 0 : fail_memory(p);
}

static int convert_prefix(parser *p, const claim *c, mt_strings *out)
{
    const char *legacy = c->option->legacy;
    const char *spelling = c->option->name;
    size_t len = strlen(spelling);
    int rc = reserve_pairs(p, out);

    for (; spelling && rc == 0; spelling = next_spelling(&legacy, &len))
        rc = add_family(p, c, out, prefix_family(spelling, len),
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
    f = format_family(p, &c);
    out->prefix = f.len ? mt__arena_strndup(&p->arena, f.head, f.len) : NULL;
    if (!out->prefix)
        return fail_memory(p);
    return add_family(p, &c, &out->options, f, false);
}

static int convert(parser *p, const claim *given)
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

/* ---- the whole ---------------------------------------------------------- */

static int check_given(parser *p)
{
    int32_t i;

    if (p->given->len < 0 || p->given->len % 2)
        return mt_fail(p->err, MT_EMISUSE,
                       "options of %s are not pairs of "
                       "name and value",
                       p->owner);
    for (i = 0; i < p->given->len; i++) {
        if (!p->given->items[i])
            return mt_fail(p->err, MT_EMISUSE, "option %d of %s has no %s",
                           (int)(i / 2) + 1, p->owner,
                           i % 2 ? "value" : "name");
    }
    return 0;
}

static int prepare(parser *p, size_t struct_size)
{
    size_t i, len = 0;
    header *h;

    while (p->table[len].name)
        len++;
    p->claims = mt__arena_alloc(&p->scratch, (len + 1) * sizeof(*p->claims));
    p->used = mt__arena_alloc(&p->scratch, (size_t)pairs_len(p) + 1);
    h = mt__arena_alloc(&p->arena, sizeof(*h) + struct_size);
    if (!p->claims || !p->used || !h)
        return fail_memory(p);
    p->options = (char *)(h + 1);
    for (i = 0; i < len; i++)
        p->claims[i].option = &p->table[i];
    return 0;
}

static int parse(parser *p, size_t struct_size)
{
    claim *c;
    int rc;

    if ((rc = check_given(p)) < 0 || (rc = prepare(p, struct_size)) < 0)
        return rc;
    for (c = p->claims; c->option; c++) {
        if ((rc = claim_option(p, c)) < 0)
            return rc;
    }
    if ((rc = hide_secrets(p)) < 0 || (rc = check_leftover(p)) < 0 ||
        (rc = check_missing(p)) < 0)
        return rc;
    for (c = p->claims; c->option; c++) {
        if ((rc = convert(p, c)) < 0)
            return rc;
    }
    return 0;
}

static int run_parser(parser *p, size_t struct_size, void **options)
{
    int rc = parse(p, struct_size);

    *options = NULL;
    mt__arena_fini(&p->scratch);
    if (rc < 0) {
        mt__arena_fini(&p->arena);
        return rc;
    }
    ((header *)(void *)p->options)[-1].arena = p->arena;
    *options = p->options;
    return 0;
}

static const mt_option no_options[1];

int mt__options_parse(const mt_option *table, size_t struct_size,
                      const mt_strings *given, const char *owner,
                      void **options, mt_error **err)
{
    parser p = {
        .table = table ? table : no_options,
        .given = given,
        .owner = owner,
        .prefix = "",
        .any_table = true,
        .err = err,
    };

    return run_parser(&p, struct_size, options);
}

int mt__options_parse_format(const mt_option *table, size_t struct_size,
                             const mt_format_ref *ref, void **options,
                             mt_error **err)
{
    const char *prefix = ref->prefix ? ref->prefix : "";
    char owner[128];
    parser p = {
        .table = table ? table : no_options,
        .given = &ref->options,
        .owner = owner,
        .prefix = prefix,
        .legacy_format = ends_with(prefix, "format."),
        .err = err,
    };

    snprintf(owner, sizeof(owner), "format '%s'", ref->name);
    return run_parser(&p, struct_size, options);
}

void mt__options_free(void *options)
{
    mt__arena arena;

    if (!options)
        return;
    /* The handle lies in the memory that it frees. */
    arena = ((header *)options)[-1].arena;
    mt__arena_fini(&arena);
}
