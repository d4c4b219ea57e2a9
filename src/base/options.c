/* options.c - matches what was given against an option table.
 *
 * Four passes, in the order in which their messages help most:
 *
 *   claim     every table entry finds what was given for it and marks it used;
 *             two spellings of one option are refused here. No message so far
 *             has shown a value; from here on the log knows the secret ones
 *   leftover  what nobody claimed is unknown, unless every table may carry it
 *   missing   required options that nobody gave
 *   convert   texts, given or default, become values in the struct
 *
 * The struct and all that hangs on it live in one arena, whose handle stands
 * in front of the struct, so that mt__options_free() needs no more than the
 * struct's address.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strcasestr */
#include "base/options.h"

#include <stdio.h>
#include <strings.h>

#include "base/error.h"
#include "base/nearest.h"
#include "base/option_parser.h"
#include "base/secret.h"

/* Stands in front of the options struct. */
typedef struct header {
    mt__arena arena;
    size_t unused; /* keeps the struct aligned to 16 bytes */
} header;

/* ---- errors ----------------------------------------------------------- */

MT_PRINTF(4, 5)
int mt__option_fail(parser *p, int code, const char *name, const char *fmt, ...)
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

int mt__option_fail_memory(parser *p)
{
    return mt_fail(p->err, MT_ENOMEM, "out of memory");
}

int mt__option_fail_unsupported(parser *p, const char *name)
{
    return mt__option_fail(p, MT_EUNSUPPORTED, name,
                           "not supported yet: option '%s%s' of %s", p->prefix,
                           name, p->owner);
}

/* ---- secrets ----------------------------------------------------------- */

static bool ends_with(const char *s, const char *end)
{
    size_t len = strlen(s), end_len = strlen(end);

    return len >= end_len && strcasecmp(s + len - end_len, end) == 0;
}

/* Options that pass through to a client library have no table entry which
 * could call them secret, so their names must. */
static bool is_telling(const char *name)
{
    static const char *const ends[] = {
        "jaas.config", "token",     "credentials", "key.pem", "keystore.key",
        "api-key",     "user.info", "user-info",   NULL,
    };
    int i;

    for (i = 0; ends[i]; i++) {
        if (ends_with(name, ends[i]))
            return true;
    }
    return strcasestr(name, "password") || strcasestr(name, "secret");
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
    return inner && mt__secret_add(inner) == 0 ? 0 : mt__option_fail_memory(p);
}

static int hide_value(parser *p, const char *value)
{
    bool flag;

    /* 'password.required' = 'true' is no password. */
    if (mt__read_bool(value, &flag))
        return 0;
    if (mt__secret_add(value) < 0)
        return mt__option_fail_memory(p);
    return hide_quoted(p, value);
}

/* In the indexed form the telling name is the value of "head.0.key", and the
 * secret that of "head.0.value". */
static int hide_indexed(parser *p, int32_t key)
{
    const char *name = given_name(p, key);
    size_t head_len = strlen(name) - strlen("key");
    int32_t i;
    int rc = 0;

    for (i = 0; i < pairs_len(p) && rc == 0; i++) {
        if (starts_with(given_name(p, i), name, head_len) &&
            strcmp(given_name(p, i) + head_len, "value") == 0)
            rc = hide_value(p, given_value(p, i));
    }
    return rc;
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
        else if (ends_with(given_name(p, i), ".key") &&
                 is_telling(given_value(p, i)))
            rc = hide_indexed(p, i);
    }
    for (c = p->claims; c->option && rc == 0; c++) {
        if (c->value && (c->option->flags & MT_OPT_SECRET))
            rc = hide_value(p, c->value);
    }
    return rc;
}

/* ---- leftover ----------------------------------------------------------- */

/* What a WITH clause may always hold: which connector it is, and what older
 * versions wrote beside it. Layers above read it, or it says nothing now. */
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
        return mt__option_fail(p, MT_EUNSUPPORTED, "update-mode",
                               "not supported yet: update-mode '%s'", value);
    return mt__option_fail(
        p, MT_EOPTION, "update-mode",
        "option 'update-mode' of %s must be append, retract or upsert, is '%s'",
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
        rc =
            mt__option_fail(p, MT_EOPTION, name,
                            "unknown option '%s%s' of %s, did you mean '%s%s'? "
                            "Supported: %.*s",
                            p->prefix, name, p->owner, p->prefix, nearest.best,
                            (int)names.len, list);
    else
        rc = mt__option_fail(p, MT_EOPTION, name,
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
            return mt__option_fail_unsupported(p, name);
        if (!p->any_table || !is_listed(table_names, name))
            return fail_unknown(p, name);
        if (strcmp(name, "update-mode") == 0 &&
            (rc = check_update_mode(p, given_value(p, i))) < 0)
            return rc;
    }
    return 0;
}

/* ---- missing ----------------------------------------------------------- */

static int check_missing(parser *p)
{
    const claim *c;

    for (c = p->claims; c->option; c++) {
        if (!(c->option->flags & MT_OPT_REQUIRED) || c->name)
            continue;
        if (c->option->type != MT_OPT_PREFIX ||
            !mt__option_has_family(p, c->option))
            return mt__option_fail(p, MT_EOPTION, c->option->name,
                                   "%s needs option '%s%s'", p->owner,
                                   p->prefix, c->option->name);
    }
    return 0;
}

/* ---- the whole ----------------------------------------------------------- */

static int check_given(parser *p)
{
    int32_t i;

    if (p->given->len < 0 || p->given->len % 2)
        return mt_fail(p->err, MT_EMISUSE,
                       "options of %s are not pairs of name and value",
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
        return mt__option_fail_memory(p);
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
        if ((rc = mt__option_claim(p, c)) < 0)
            return rc;
    }
    if ((rc = hide_secrets(p)) < 0 || (rc = check_leftover(p)) < 0 ||
        (rc = check_missing(p)) < 0)
        return rc;
    for (c = p->claims; c->option; c++) {
        if ((rc = mt__option_convert(p, c)) < 0)
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
