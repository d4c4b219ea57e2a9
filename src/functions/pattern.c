/* Regular expressions by PCRE2.
 *
 * A call keeps the PATTERNS_MAX patterns that it used last. A pattern is looked
 * for by its text, the last one used first, which makes a constant pattern cost
 * one comparison of pointers. All are compiled to machine code where PCRE2 can.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "functions/pattern.h"

#include <pcre2.h>
#include <strings.h>

#include "functions/utf8.h"

#define PATTERNS_MAX 16
/* Steps that a match may take before its text counts as too hard. */
#define STEPS_MAX 5000000
#define STACK_FIRST (32 << 10)
#define STACK_MAX (1 << 20)

struct mt__pattern {
    uint8_t *text;
    size_t len;
    uint8_t escape[MT_UTF8_MAX];
    size_t escape_len;
    pcre2_code *code;
    pcre2_match_data *match;
    const mt__patterns *owner;
};

struct mt__patterns {
    mt__pattern_syntax syntax;
    pcre2_compile_context *compile;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    mt_buf translated;
    int32_t last; /* used */
    int32_t next; /* to be replaced */
    mt__pattern patterns[PATTERNS_MAX];
};

/* ---- memory ----------------------------------------------------------- */

/* PCRE2 frees without telling a size: it stands before the block. */
#define SIZE_ROOM 16

static void *take_memory(size_t size, void *unused)
{
    uint8_t *block = mt_alloc(size + SIZE_ROOM);

    (void)unused;
    if (!block)
        return NULL;
    memcpy(block, &size, sizeof(size));
    return block + SIZE_ROOM;
}

static void give_memory(void *p, void *unused)
{
    size_t size;

    (void)unused;
    if (!p)
        return;
    memcpy(&size, (uint8_t *)p - SIZE_ROOM, sizeof(size));
    mt_free((uint8_t *)p - SIZE_ROOM, size + SIZE_ROOM);
}

mt__patterns *mt__patterns_new(mt__pattern_syntax syntax)
{
    mt__patterns *p = mt_calloc(sizeof(*p));
    pcre2_general_context *general;

    if (!p)
        return NULL;
    p->syntax = syntax;
    general = pcre2_general_context_create(take_memory, give_memory, NULL);
    if (general) {
        p->compile = pcre2_compile_context_create(general);
        p->context = pcre2_match_context_create(general);
        p->stack = pcre2_jit_stack_create(STACK_FIRST, STACK_MAX, general);
        pcre2_general_context_free(general);
    }
    if (!p->compile || !p->context) {
        mt__patterns_free(p);
        return NULL;
    }
    pcre2_set_newline(p->compile, PCRE2_NEWLINE_ANY);
    pcre2_set_match_limit(p->context, STEPS_MAX);
    if (p->stack)
        pcre2_jit_stack_assign(p->context, NULL, p->stack);
    return p;
}

static void clear_pattern(mt__pattern *pattern)
{
    pcre2_match_data_free(pattern->match);
    pcre2_code_free(pattern->code);
    mt_free(pattern->text, pattern->len);
    memset(pattern, 0, sizeof(*pattern));
}

void mt__patterns_free(mt__patterns *p)
{
    int32_t i;

    if (!p)
        return;
    for (i = 0; i < PATTERNS_MAX; i++)
        clear_pattern(&p->patterns[i]);
    pcre2_jit_stack_free(p->stack);
    pcre2_match_context_free(p->context);
    pcre2_compile_context_free(p->compile);
    mt_buf_fini(&p->translated);
    mt_free(p, sizeof(*p));
}

/* ---- Java's patterns ----------------------------------------------------- */

static int refuse(mt_error **err, mt_span text, const char *why)
{
    return mt_fail(err, MT_ERECORD, "no regular expression: '%.*s' (%s)",
                   (int)(text.len < 200 ? text.len : 200), text.data, why);
}

/* Whether \p{Name} of Java means the POSIX class of that name, in lower case. */
static bool is_posix_class(mt_span name)
{
    static const char *const names[] = {
        "Lower", "Upper", "ASCII", "Alpha", "Digit", "Alnum",  "Punct",
        "Graph", "Print", "Blank", "Cntrl", "Space", "XDigit",
    };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i]) == name.len &&
            memcmp(names[i], name.data, name.len) == 0)
            return true;
    return false;
}

/* "[:alpha:]" for Alpha, within brackets of its own where it stands alone. */
static int put_posix_class(mt_buf *out, mt_span name, bool negated, bool inside)
{
    int rc = mt_buf_printf(out, inside ? "[:%s" : "[[:%s", negated ? "^" : "");
    size_t i;

    for (i = 0; rc == 0 && i < name.len; i++)
        rc = mt_buf_byte(out, (uint8_t)(name.data[i] | 0x20));
    return rc < 0 ? rc : mt_buf_printf(out, inside ? ":]" : ":]]");
}

/* Copies the escape at text[*at], a backslash and what belongs to it. */
static int copy_escape(mt_span text, size_t *at, bool inside, mt_buf *out)
{
    const uint8_t *begin = text.data + *at, *close = NULL;
    size_t left = text.len - *at;
    mt_span name;

    if (left > 3 && (begin[1] | 0x20) == 'p' && begin[2] == '{')
        close = memchr(begin, '}', left);
    if (close) {
        name = (mt_span){begin + 3, (size_t)(close - begin) - 3};
        if (is_posix_class(name)) {
            *at += (size_t)(close - begin) + 1;
            return put_posix_class(out, name, begin[1] == 'P', inside);
        }
    }
    *at += left > 1 ? 2 : 1;
    return mt_buf_append(out, begin, left > 1 ? 2 : 1);
}

static int translate_java(mt_span text, mt_buf *out, mt_error **err)
{
    bool inside = false; /* a class in brackets */
    size_t at = 0;
    int rc = 0;

    while (rc == 0 && at < text.len) {
        uint8_t c = text.data[at];

        if (c == '\\') {
            rc = copy_escape(text, &at, inside, out);
            continue;
        }
        if (inside && c == '&' && at + 1 < text.len && text.data[at + 1] == '&')
            return refuse(err, text, "not supported yet: && in a class");
        if (c == '[')
            inside = true;
        else if (c == ']')
            inside = false;
        rc = mt_buf_byte(out, c);
        at++;
    }
    return rc;
}

/* ---- SIMILAR TO ---------------------------------------------------------- */

/* A class in brackets passes, its names in lower case: [[:ALPHA:]_]. */
static int copy_class(mt_span text, size_t *at, mt_buf *out, mt_error **err)
{
    size_t begin = *at, depth = 0;
    int rc = 0;

    for (; rc == 0 && *at < text.len; ++*at) {
        uint8_t c = text.data[*at];

        if (c == '[' && *at > begin) {
            depth++;
        } else if (c == ']' && depth == 0 && *at > begin + 1) {
            ++*at;
            return mt_buf_byte(out, ']');
        } else if (c == ']' && depth > 0) {
            depth--;
        } else if (depth && (uint8_t)(c - 'A') < 26) {
            c |= 0x20;
        }
        if (c == '\\')
            rc = mt_buf_byte(out, '\\');
        if (rc == 0)
            rc = mt_buf_byte(out, c);
    }
    return rc < 0 ? rc : refuse(err, text, "a '[' is not closed");
}

/* A character that means itself. */
static int copy_literal(mt_span text, size_t *at, mt_buf *out)
{
    size_t size = mt__utf8_size(text.data + *at, text.len - *at);
    uint8_t c = text.data[*at];
    bool word = c >= 0x80 || c == ' ' || (uint8_t)((c | 0x20) - 'a') < 26 ||
                (uint8_t)(c - '0') < 10;
    int rc = word ? 0 : mt_buf_byte(out, '\\');

    if (rc == 0)
        rc = mt_buf_append(out, text.data + *at, size);
    *at += size;
    return rc;
}

static int translate_similar(mt_span text, mt_span escape, mt_buf *out,
                             mt_error **err)
{
    size_t at = 0;
    int rc = mt_buf_append(out, "\\A(?:", 5);

    while (rc == 0 && at < text.len) {
        uint8_t c = text.data[at];

        if (escape.len && text.len - at >= escape.len &&
            memcmp(text.data + at, escape.data, escape.len) == 0) {
            at += escape.len;
            if (at == text.len)
                return refuse(err, text, "nothing stands behind the escape");
            rc = copy_literal(text, &at, out);
        } else if (c == '[') {
            rc = copy_class(text, &at, out, err);
        } else if (c && strchr("|*+?{}()", c)) {
            rc = mt_buf_byte(out, c);
            at++;
        } else if (c == '%' || c == '_') {
            rc = mt_buf_append(out, ".*", c == '%' ? 2 : 1);
            at++;
        } else {
            rc = copy_literal(text, &at, out);
        }
    }
    return rc < 0 ? rc : mt_buf_append(out, ")\\z", 3);
}

/* ---- compiling ----------------------------------------------------------- */

static int compile(mt__patterns *p, mt__pattern *pattern, mt_span text,
                   mt_span escape, mt_error **err)
{
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF |
                       PCRE2_NEVER_BACKSLASH_C | PCRE2_ALT_BSUX;
    char why[200];
    PCRE2_SIZE where;
    int code, rc;

    p->translated.len = 0;
    if (p->syntax == MT_PATTERN_SIMILAR) {
        options |= PCRE2_DOTALL;
        rc = translate_similar(text, escape, &p->translated, err);
    } else {
        rc = translate_java(text, &p->translated, err);
    }
    if (rc == 0)
        rc = mt_buf_byte(&p->translated, 0);
    if (rc == MT_ENOMEM)
        return mt_fail(err, rc, "out of memory for a regular expression");
    if (rc < 0)
        return rc;
    pattern->code = pcre2_compile(p->translated.data, p->translated.len - 1,
                                  options, &code, &where, p->compile);
    if (!pattern->code) {
        pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof(why));
        return refuse(err, text, why);
    }
    pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE);
    pattern->match = pcre2_match_data_create_from_pattern(pattern->code, NULL);
    pattern->text = mt_alloc(text.len);
    pattern->len = text.len;
    if (!pattern->match || !pattern->text)
        return mt_fail(err, MT_ENOMEM,
                       "out of memory for a regular expression");
    memcpy(pattern->text, text.data, text.len);
    pattern->owner = p;
    pattern->escape_len = escape.len < MT_UTF8_MAX ? escape.len : MT_UTF8_MAX;
    memcpy(pattern->escape, escape.data, pattern->escape_len);
    return 0;
}

static bool is_pattern(const mt__pattern *pattern, mt_span text, mt_span escape)
{
    return pattern->code && pattern->len == text.len &&
           pattern->escape_len == escape.len &&
           memcmp(pattern->text, text.data, text.len) == 0 &&
           memcmp(pattern->escape, escape.data, escape.len) == 0;
}

mt__pattern *mt__patterns_get(mt__patterns *p, mt_span text, mt_span escape,
                              mt_error **err)
{
    mt__pattern *pattern = &p->patterns[p->last];
    int32_t i;

    if (is_pattern(pattern, text, escape))
        return pattern;
    for (i = 0; i < PATTERNS_MAX; i++) {
        if (is_pattern(&p->patterns[i], text, escape)) {
            p->last = i;
            return &p->patterns[i];
        }
    }
    pattern = &p->patterns[p->next];
    clear_pattern(pattern);
    if (compile(p, pattern, text, escape, err) < 0) {
        clear_pattern(pattern);
        return NULL;
    }
    p->last = p->next;
    p->next = (p->next + 1) % PATTERNS_MAX;
    return pattern;
}

/* ---- matching ----------------------------------------------------------- */

int mt__pattern_match(mt__pattern *p, mt_span text, size_t from, mt_error **err)
{
    char why[200];
    int rc;

    if (from > text.len)
        return 0;
    rc = pcre2_match(p->code, text.data, text.len, from, 0, p->match,
                     p->owner->context);
    if (rc > 0)
        return 1;
    if (rc == PCRE2_ERROR_NOMATCH)
        return 0;
    pcre2_get_error_message(rc, (PCRE2_UCHAR *)why, sizeof(why));
    return mt_fail(err, MT_ERECORD,
                   "a text is too hard for the regular expression: '%.*s' (%s)",
                   (int)(p->len < 200 ? p->len : 200), p->text, why);
}

int32_t mt__pattern_groups(const mt__pattern *p)
{
    uint32_t groups = 0;

    pcre2_pattern_info(p->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    return (int32_t)groups;
}

bool mt__pattern_group(const mt__pattern *p, int32_t group, size_t *begin,
                       size_t *end)
{
    const PCRE2_SIZE *places = pcre2_get_ovector_pointer(p->match);

    *begin = places[2 * group];
    *end = places[2 * group + 1];
    return *begin != PCRE2_UNSET && *begin <= *end;
}

size_t mt__pattern_next(const mt__pattern *p, mt_span text)
{
    size_t begin, end;

    mt__pattern_group(p, 0, &begin, &end);
    if (begin != end)
        return end;
    return end < text.len ? end + mt__utf8_size(text.data + end, text.len - end)
                          : end + 1;
}
