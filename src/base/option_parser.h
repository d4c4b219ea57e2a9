/* option_parser.h - what the files of the option parser share; for no one else.
 *
 *   options.c         the passes, in their order, and what no entry explains
 *   option_claim.c    which given name belongs to which entry of the table
 *   option_convert.c  from text to value
 *   option_value.c    numbers, durations and sizes, for others too
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_OPTION_PARSER_H
#define MT_OPTION_PARSER_H

#include "base/arena.h"
#include "base/options.h"

/* One entry of a table and what was given for it. */
typedef struct claim {
    const mt_option *option;
    const char *name;  /* as spelled by the user; NULL: not given */
    const char *value; /* given, or put together from an indexed list */
} claim;

/* One parse. */
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

/* The names that an option of type PREFIX or FORMAT takes all begin so. */
typedef struct family {
    const char *head;
    size_t len;
} family;

/* ---- errors: each fills p->err and returns the code ---------------------- */

/* Notes `name` as the option. */
int mt__option_fail(parser *p, int code, const char *name, const char *fmt, ...)
    MT_PRINTF(4, 5);
int mt__option_fail_memory(parser *p);
int mt__option_fail_unsupported(parser *p, const char *name);

/* ---- what was given ------------------------------------------------------ */

static inline int32_t pairs_len(const parser *p)
{
    return p->given->len / 2;
}

static inline const char *given_name(const parser *p, int32_t i)
{
    return p->given->items[2 * i];
}

static inline const char *given_value(const parser *p, int32_t i)
{
    return p->given->items[2 * i + 1];
}

static inline bool starts_with(const char *s, const char *start, size_t len)
{
    return strncmp(s, start, len) == 0;
}

static inline bool is_of_family(const parser *p, int32_t i, family f)
{
    return starts_with(given_name(p, i), f.head, f.len) &&
           given_name(p, i)[f.len];
}

/* ---- claiming ----------------------------------------------------------- */

/* Finds what was given for c->option and marks it used. */
int mt__option_claim(parser *p, claim *c);

/* Walks "a|b|c": *len bytes at the returned place, NULL at the end. */
const char *mt__option_spelling(const char **list, size_t *len);

/* Reads "<index>.<rest>" after `head`; false when `name` is not of that form.
 * Indices have at most six digits, which bounds every list. */
bool mt__option_split_index(const char *name, const char *head, size_t head_len,
                            int32_t *index, const char **rest);
/* The given pair "<head><index>.<key>", or -1. */
int32_t mt__option_find_indexed(const parser *p, const char *head,
                                size_t head_len, int32_t index, const char *key,
                                size_t key_len);

/* The family that a PREFIX spelling "properties.*" stands for. */
family mt__option_prefix_family(const char *spelling, size_t len);
/* The family of a format's options: 'value.format' = 'json' takes value.json.*
 * and 'format.type' = 'json' takes format.*. `len` 0 means without memory. */
family mt__option_format_family(parser *p, const claim *c);
/* Whether anything was given for a PREFIX option. */
bool mt__option_has_family(const parser *p, const mt_option *o);

/* ---- converting ---------------------------------------------------------- */

/* Writes the value of a claim, or its default, into the struct. */
int mt__option_convert(parser *p, const claim *given);

#endif
