/* Reads Flink's spelling of types by recursive descent.
 *
 *   type     = base [NULL | NOT NULL] { (ARRAY | MULTISET) [NULL | NOT NULL] }
 *   base     = scalar | nested | interval
 *   nested   = (ARRAY | MULTISET) "<" type ">" | MAP "<" type "," type ">"
 *            | (ROW | TUPLE) ("<" fields ">" | "(" fields ")")
 *   fields   = [ field { "," field } ]
 *   field    = name type [ 'comment' ]
 *
 * Keywords may be written in any case. Every error says where in the text it
 * was met, counted in bytes from 1, so that a caller can place a caret.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/type.h"

#include <stdio.h>
#include <strings.h>

#include "base/nearest.h"

/* What is shown of a word that is no type. */
#define WORD_MAX 32
#define TEXT_SHOWN_MAX 120

typedef struct parser {
    const char *text;
    const char *at;
    int depth;
    mt_error **err;
} parser;

static mt_type *parse_type(parser *p);

/* ---- tokens ----------------------------------------------------------- */

static int fail_at(parser *p, const char *where, int code, const char *message)
{
    const char *dots = strlen(p->text) > TEXT_SHOWN_MAX ? "..." : "";

    return mt_fail(p->err, code, "position %td of type \"%.*s%s\": %s",
                   where - p->text + 1, TEXT_SHOWN_MAX, p->text, dots, message);
}

static int fail_expected(parser *p, const char *what)
{
    char message[160];

    if (*p->at)
        snprintf(message, sizeof(message), "expected %s but found '%c'", what,
                 *p->at);
    else
        snprintf(message, sizeof(message), "expected %s but the text ends",
                 what);
    return fail_at(p, p->at, MT_ETYPE, message);
}

static void skip_blanks(parser *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r')
        p->at++;
}

static bool is_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '$' || (unsigned char)c >= 0x80;
}

static bool is_word_char(char c)
{
    return is_word_start(c) || (c >= '0' && c <= '9');
}

static size_t word_len(const char *at)
{
    size_t len = 0;

    if (!is_word_start(*at))
        return 0;
    while (is_word_char(at[len]))
        len++;
    return len;
}

/* Takes the word if it comes next, in any case. */
static bool take_word(parser *p, const char *word)
{
    size_t len = strlen(word);

    skip_blanks(p);
    if (word_len(p->at) != len || strncasecmp(p->at, word, len) != 0)
        return false;
    p->at += len;
    return true;
}

static bool take_char(parser *p, char c)
{
    skip_blanks(p);
    if (*p->at != c)
        return false;
    p->at++;
    return true;
}

static int expect_char(parser *p, char c)
{
    char what[8];

    if (take_char(p, c))
        return 0;
    snprintf(what, sizeof(what), "'%c'", c);
    return fail_expected(p, what);
}

static int expect_word(parser *p, const char *word)
{
    return take_word(p, word) ? 0 : fail_expected(p, word);
}

static int parse_number(parser *p, int32_t *out)
{
    const char *from;
    int64_t v = 0;

    skip_blanks(p);
    from = p->at;
    if (*p->at < '0' || *p->at > '9')
        return fail_expected(p, "a number");
    for (; *p->at >= '0' && *p->at <= '9'; p->at++) {
        v = v * 10 + (*p->at - '0');
        if (v > INT32_MAX)
            return fail_at(p, from, MT_ETYPE, "the number is above 2147483647");
    }
    *out = (int32_t)v;
    return 0;
}

/* "(n)" when it is there; *out keeps its default otherwise. */
static int parse_parameter(parser *p, int32_t *out)
{
    int rc;

    if (!take_char(p, '('))
        return 0;
    if ((rc = parse_number(p, out)) < 0)
        return rc;
    return expect_char(p, ')');
}

/* A quoted text, read only to be passed over: a comment. */
static int skip_comment(parser *p)
{
    if (!take_char(p, '\''))
        return 0;
    for (;; p->at++) {
        if (!*p->at)
            return fail_expected(p, "the end of the comment");
        if (*p->at == '\'' && *++p->at != '\'')
            return 0;
    }
}

/* A field's name, plain or in backticks (doubled ones stand for one), appended
 * to `out` with a terminator. */
static int parse_name(parser *p, mt_buf *out)
{
    size_t len;
    int rc = 0;

    skip_blanks(p);
    if (*p->at != '`') {
        len = word_len(p->at);
        if (!len)
            return fail_expected(p, "a field name");
        rc = mt_buf_append(out, p->at, len);
        p->at += len;
    } else {
        for (p->at++; rc == 0; p->at++) {
            if (!*p->at)
                return fail_expected(p, "a closing backtick");
            if (*p->at == '`' && *++p->at != '`')
                break;
            rc = mt_buf_byte(out, (uint8_t)*p->at);
        }
    }
    if (rc == 0)
        rc = mt_buf_byte(out, 0);
    return rc < 0 ? mt_fail(p->err, rc, "out of memory for a type") : 0;
}

/* ---- scalars ----------------------------------------------------------- */

typedef struct spelling {
    const char *word;
    mt_kind kind;
    enum {
        NO_PARAMETER,
        LENGTH,
        LENGTH_MAX,
        PRECISION,
        DECIMAL_PARAMETERS
    } takes;
    int32_t def; /* of the length or precision when none is written */
} spelling;

static const spelling spellings[] = {
    {"BOOLEAN", MT_BOOLEAN, NO_PARAMETER, 0},
    {"TINYINT", MT_TINYINT, NO_PARAMETER, 0},
    {"SMALLINT", MT_SMALLINT, NO_PARAMETER, 0},
    {"INT", MT_INT, NO_PARAMETER, 0},
    {"INTEGER", MT_INT, NO_PARAMETER, 0},
    {"BIGINT", MT_BIGINT, NO_PARAMETER, 0},
    {"FLOAT", MT_FLOAT, NO_PARAMETER, 0},
    {"DOUBLE", MT_DOUBLE, NO_PARAMETER, 0},
    {"DECIMAL", MT_DECIMAL, DECIMAL_PARAMETERS, 10},
    {"DEC", MT_DECIMAL, DECIMAL_PARAMETERS, 10},
    {"NUMERIC", MT_DECIMAL, DECIMAL_PARAMETERS, 10},
    {"CHAR", MT_CHAR, LENGTH, 1},
    {"VARCHAR", MT_VARCHAR, LENGTH, 1},
    {"STRING", MT_VARCHAR, LENGTH_MAX, 0},
    {"BINARY", MT_BINARY, LENGTH, 1},
    {"VARBINARY", MT_VARBINARY, LENGTH, 1},
    {"BYTES", MT_VARBINARY, LENGTH_MAX, 0},
    {"DATE", MT_DATE, NO_PARAMETER, 0},
    {"TIME", MT_TIME, PRECISION, 0},
    {"TIMESTAMP", MT_TIMESTAMP, PRECISION, 6},
    {"TIMESTAMP_LTZ", MT_TIMESTAMP_LTZ, PRECISION, 6},
    {"NULL", MT_NULL, NO_PARAMETER, 0},
    {"RAW", MT_RAW, NO_PARAMETER, 0},
};

/* Known to Flink, not to us. */
static const char *const unsupported[] = {"SYMBOL", "VARIANT", "DESCRIPTOR",
                                          "DISTINCT", "STRUCTURED"};

/* What may follow TIME and TIMESTAMP: "WITHOUT TIME ZONE" says nothing,
 * "WITH LOCAL TIME ZONE" makes an LTZ. */
static int parse_zone(parser *p, mt_kind *kind)
{
    const char *from;
    int rc;

    skip_blanks(p);
    from = p->at;
    if (take_word(p, "WITHOUT")) {
        if ((rc = expect_word(p, "TIME")) < 0)
            return rc;
        return expect_word(p, "ZONE");
    }
    if (*kind != MT_TIMESTAMP || !take_word(p, "WITH"))
        return 0;
    if (take_word(p, "LOCAL"))
        *kind = MT_TIMESTAMP_LTZ;
    if ((rc = expect_word(p, "TIME")) < 0 || (rc = expect_word(p, "ZONE")) < 0)
        return rc;
    if (*kind == MT_TIMESTAMP)
        return fail_at(p, from, MT_EUNSUPPORTED,
                       "not supported yet: TIMESTAMP WITH TIME ZONE");
    return 0;
}

static mt_type *parse_scalar(parser *p, const spelling *s, const char *from)
{
    int32_t length = 0, precision = 0, scale = 0;
    mt_kind kind = s->kind;
    mt_error *why = NULL;
    mt_type *type;
    char message[256];

    switch (s->takes) {
    case LENGTH:
        length = s->def;
        if (parse_parameter(p, &length) < 0)
            return NULL;
        break;
    case LENGTH_MAX:
        length = INT32_MAX;
        break;
    case PRECISION:
        precision = s->def;
        if (parse_parameter(p, &precision) < 0)
            return NULL;
        if ((kind == MT_TIME || kind == MT_TIMESTAMP) &&
            parse_zone(p, &kind) < 0)
            return NULL;
        break;
    case DECIMAL_PARAMETERS:
        precision = s->def;
        if (!take_char(p, '('))
            break;
        if (parse_number(p, &precision) < 0 ||
            (take_char(p, ',') && parse_number(p, &scale) < 0) ||
            expect_char(p, ')') < 0)
            return NULL;
        break;
    case NO_PARAMETER:
        if (kind == MT_DOUBLE)
            take_word(p, "PRECISION");
        if (kind == MT_RAW && take_char(p, '(')) {
            fail_at(p, from, MT_EUNSUPPORTED,
                    "not supported yet: RAW with a class and a serializer");
            return NULL;
        }
        break;
    }
    type = mt_type_new(kind, true, length, precision, scale, &why);
    if (!type) {
        snprintf(message, sizeof(message), "%s", mt_error_message(why));
        fail_at(p, from, mt_error_code(why), message);
        mt_error_free(why);
    }
    return type;
}

/* ---- intervals ----------------------------------------------------------- */

/* The units of intervals, from large to small. Those up to MONTH make an
 * interval of months, the rest one of milliseconds. Precisions are checked but
 * not kept: the two physical forms hold every value that any of them allows. */
static const struct unit {
    const char *name;
    int32_t precision_min, precision_max; /* 0, 0: takes none */
} units[] = {{"YEAR", 1, 4}, {"MONTH", 0, 0},  {"DAY", 1, 6},
             {"HOUR", 0, 0}, {"MINUTE", 0, 0}, {"SECOND", 0, 9}};
enum { UNIT_YEAR, UNIT_MONTH, UNIT_DAY, UNIT_SECOND = 5, UNITS_LEN = 6 };

/* The index of the unit, or a negative code. */
static int parse_unit(parser *p)
{
    int32_t precision;
    char message[96];
    int i, rc;

    for (i = 0; i < UNITS_LEN && !take_word(p, units[i].name); i++)
        ;
    if (i == UNITS_LEN)
        return fail_expected(p, "YEAR, MONTH, DAY, HOUR, MINUTE or SECOND");
    if (units[i].precision_max == 0)
        return i;
    precision = units[i].precision_min;
    if ((rc = parse_parameter(p, &precision)) < 0)
        return rc;
    if (precision >= units[i].precision_min &&
        precision <= units[i].precision_max)
        return i;
    snprintf(message, sizeof(message),
             "the precision of %s must be between %d and %d, is %d",
             units[i].name, units[i].precision_min, units[i].precision_max,
             precision);
    return fail_at(p, p->at - 1, MT_ETYPE, message);
}

static mt_type *parse_interval(parser *p)
{
    int first, last;
    mt_kind kind;

    first = last = parse_unit(p);
    if (first < 0)
        return NULL;
    if (take_word(p, "TO")) {
        const char *from = p->at;

        last = parse_unit(p);
        if (last < 0)
            return NULL;
        if (last <= first || (first <= UNIT_MONTH) != (last <= UNIT_MONTH)) {
            fail_at(p, from, MT_ETYPE,
                    "an INTERVAL goes from a larger unit to a smaller one, "
                    "YEAR TO MONTH or within DAY TO SECOND");
            return NULL;
        }
    }
    kind = first <= UNIT_MONTH ? MT_INTERVAL_MONTHS : MT_INTERVAL_MILLIS;
    return mt_type_new(kind, true, 0, 0, 0, p->err);
}

/* ---- nested ----------------------------------------------------------- */

/* MULTISET's second field: how often an element is in it. */
static mt_type *new_list(parser *p, mt_kind kind, mt_type *first,
                         mt_type *second)
{
    mt_field fields[2] = {{NULL, first}, {NULL, second}};

    return mt_type_new_nested(kind, true, fields, kind == MT_ARRAY ? 1 : 2,
                              p->err);
}

/* Takes `element`. */
static mt_type *wrap_element(parser *p, mt_kind kind, mt_type *element)
{
    mt_type *count = NULL, *list = NULL;

    if (kind == MT_MULTISET) {
        count = mt_type_new(MT_INT, false, 0, 0, 0, p->err);
        if (!count)
            goto out;
    }
    list = new_list(p, kind, element, count);
out:
    mt_type_unref(element);
    mt_type_unref(count);
    return list;
}

static mt_type *parse_collection(parser *p, mt_kind kind)
{
    mt_type *element;

    if (expect_char(p, '<') < 0)
        return NULL;
    element = parse_type(p);
    if (!element)
        return NULL;
    if (expect_char(p, '>') < 0) {
        mt_type_unref(element);
        return NULL;
    }
    return wrap_element(p, kind, element);
}

static mt_type *parse_map(parser *p)
{
    mt_type *key = NULL, *value = NULL, *map = NULL;

    if (expect_char(p, '<') < 0 || !(key = parse_type(p)) ||
        expect_char(p, ',') < 0 || !(value = parse_type(p)) ||
        expect_char(p, '>') < 0)
        goto out;
    map = new_list(p, MT_MAP, key, value);
out:
    mt_type_unref(key);
    mt_type_unref(value);
    return map;
}

/* Fields as they are read: the types, and the names one after another. */
typedef struct field_list {
    mt_buf types; /* of mt_type * */
    mt_buf names;
    int32_t len;
} field_list;

static void free_fields(field_list *list)
{
    mt_type **types = (mt_type **)(void *)list->types.data;
    int32_t i;

    for (i = 0; i < list->len; i++)
        mt_type_unref(types[i]);
    mt_buf_fini(&list->types);
    mt_buf_fini(&list->names);
}

static int parse_field(parser *p, field_list *list)
{
    mt_type *type;
    int rc;

    if ((rc = parse_name(p, &list->names)) < 0)
        return rc;
    type = parse_type(p);
    if (!type)
        return MT_ETYPE;
    if ((rc = mt_buf_append(&list->types, &type, sizeof(mt_type *))) < 0) {
        mt_type_unref(type);
        return mt_fail(p->err, rc, "out of memory for a type");
    }
    list->len++;
    return skip_comment(p);
}

static mt_type *new_row(parser *p, const field_list *list, bool tuple,
                        const char *from)
{
    size_t size = (size_t)list->len * sizeof(mt_field);
    mt_field *fields = mt_alloc(size);
    const char *name = (const char *)list->names.data;
    mt_error *why = NULL;
    mt_type *row;
    char message[256];
    int32_t i;

    if (!fields) {
        mt_fail(p->err, MT_ENOMEM, "out of memory for a type");
        return NULL;
    }
    for (i = 0; i < list->len; i++) {
        fields[i].name = name;
        fields[i].type = ((mt_type **)(void *)list->types.data)[i];
        name += strlen(name) + 1;
    }
    row = tuple ? mt__type_new_tuple(true, fields, list->len, &why)
                : mt_type_new_nested(MT_ROW, true, fields, list->len, &why);
    mt_free(fields, size);
    if (!row) {
        snprintf(message, sizeof(message), "%s", mt_error_message(why));
        fail_at(p, from, mt_error_code(why), message);
        mt_error_free(why);
    }
    return row;
}

static mt_type *parse_row(parser *p, bool tuple, const char *from)
{
    field_list list = {{0}, {0}, 0};
    mt_type *row = NULL;
    char close;

    if (take_char(p, '<'))
        close = '>';
    else if (take_char(p, '('))
        close = ')';
    else {
        fail_expected(p, "'<' or '('");
        return NULL;
    }
    if (!take_char(p, close)) {
        do {
            if (parse_field(p, &list) < 0)
                goto out;
        } while (take_char(p, ','));
        if (expect_char(p, close) < 0)
            goto out;
    }
    row = new_row(p, &list, tuple, from);
out:
    free_fields(&list);
    return row;
}

/* ---- types ----------------------------------------------------------- */

static int fail_unknown(parser *p, const char *from, size_t len)
{
    static const char *const others[] = {"ARRAY", "MAP",      "MULTISET",
                                         "ROW",   "INTERVAL", "TUPLE"};
    char word[WORD_MAX + 1], message[128];
    mt__nearest nearest = {.wanted = word};
    size_t i;

    snprintf(word, sizeof(word), "%.*s", (int)(len < WORD_MAX ? len : WORD_MAX),
             from);
    for (i = 0; i < sizeof(spellings) / sizeof(*spellings); i++)
        mt__nearest_try(&nearest, spellings[i].word);
    for (i = 0; i < sizeof(others) / sizeof(*others); i++)
        mt__nearest_try(&nearest, others[i]);
    if (nearest.best)
        snprintf(message, sizeof(message),
                 "unknown type '%s', did you mean '%s'?", word, nearest.best);
    else
        snprintf(message, sizeof(message), "unknown type '%s'", word);
    return fail_at(p, from, MT_ETYPE, message);
}

static mt_type *parse_base(parser *p)
{
    const char *from;
    char message[64];
    size_t len, i;

    skip_blanks(p);
    from = p->at;
    if (take_word(p, "ARRAY"))
        return parse_collection(p, MT_ARRAY);
    if (take_word(p, "MULTISET"))
        return parse_collection(p, MT_MULTISET);
    if (take_word(p, "MAP"))
        return parse_map(p);
    if (take_word(p, "ROW"))
        return parse_row(p, false, from);
    if (take_word(p, "TUPLE"))
        return parse_row(p, true, from);
    if (take_word(p, "INTERVAL"))
        return parse_interval(p);
    for (i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
        if (take_word(p, spellings[i].word))
            return parse_scalar(p, &spellings[i], from);
    }
    for (i = 0; i < sizeof(unsupported) / sizeof(*unsupported); i++) {
        if (take_word(p, unsupported[i])) {
            snprintf(message, sizeof(message), "not supported yet: %s",
                     unsupported[i]);
            fail_at(p, from, MT_EUNSUPPORTED, message);
            return NULL;
        }
    }
    len = word_len(from);
    if (len)
        fail_unknown(p, from, len);
    else
        fail_expected(p, "a type");
    return NULL;
}

/* "NULL", "NOT NULL" or neither. Takes `type`, returns it or another. */
static mt_type *parse_nullability(parser *p, mt_type *type)
{
    if (take_word(p, "NULL"))
        return type;
    if (!take_word(p, "NOT"))
        return type;
    if (expect_word(p, "NULL") < 0) {
        mt_type_unref(type);
        return NULL;
    }
    /* Nobody else has seen the type yet. */
    type->nullable = type->kind == MT_NULL;
    return type;
}

static mt_type *parse_type(parser *p)
{
    mt_type *type = NULL;

    if (++p->depth > MT_TYPE_DEPTH_MAX + 1) {
        fail_at(p, p->at, MT_ETYPE, "types nest deeper than 64");
        goto out;
    }
    type = parse_base(p);
    while (type) {
        type = parse_nullability(p, type);
        if (!type)
            break;
        if (take_word(p, "ARRAY"))
            type = wrap_element(p, MT_ARRAY, type);
        else if (take_word(p, "MULTISET"))
            type = wrap_element(p, MT_MULTISET, type);
        else
            break;
    }
out:
    p->depth--;
    return type;
}

mt_type *mt_type_parse(const char *text, mt_error **err)
{
    parser p = {text, text, 0, err};
    mt_type *type = parse_type(&p);

    skip_blanks(&p);
    if (type && *p.at) {
        fail_expected(&p, "the end of the type");
        mt_type_unref(type);
        return NULL;
    }
    return type;
}
