/* json_model.h - what the JSON format should do, said as simply as possible.
 *
 * A recursive descent over the text makes a tree; conversions walk the tree and
 * write the row as the encoder would. Slow, and written without a look at the
 * format's own code; the two are compared on random and broken documents.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JSON_MODEL_H
#define MT_JSON_MODEL_H

#include "format_test.h"

#include <math.h>
#include <strings.h>

typedef struct value {
    char kind; /* { [ " 0 (number) t f n */
    const char *raw;
    size_t raw_len;
    char *text; /* of a string, without escapes */
    size_t text_len;
    struct value *key; /* of a member */
    struct value *first, *next;
} value;

typedef struct model {
    const char *p, *end;
    char memory[1 << 18];
    size_t used;
    bool bad;
    bool lenient;
} model;

static void *take(model *m, size_t size)
{
    void *p = m->memory + m->used;

    m->used += (size + 15) & ~(size_t)15;
    if (m->used > sizeof(m->memory)) {
        printf("Bail out! the model's memory is too small\n");
        exit(2);
    }
    return memset(p, 0, size);
}

/* ---- text to tree -------------------------------------------------------- */

static void blanks(model *m)
{
    while (m->p < m->end && strchr(" \t\r\n", *m->p) && *m->p)
        m->p++;
}

static bool eat(model *m, char c)
{
    if (m->p < m->end && *m->p == c) {
        m->p++;
        return true;
    }
    return false;
}

static long hex4(model *m)
{
    long v = 0;
    int i;

    for (i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *d = m->p < m->end && *m->p
                            ? strchr(digits, *m->p | (*m->p >= 'A' ? 32 : 0))
                            : NULL;

        if (!d)
            return -1;
        v = v * 16 + (d - digits);
        m->p++;
    }
    return v;
}

static size_t put_code(char *out, long c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 63));
        out[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 63));
    out[2] = (char)(0x80 | (c >> 6 & 63));
    out[3] = (char)(0x80 | (c & 63));
    return 4;
}

/* One UTF-8 sequence: its code, or -1. */
static long take_code(model *m)
{
    const unsigned char *p = (const unsigned char *)m->p;
    size_t left = (size_t)(m->end - m->p), n, i;
    long c;
    char again[4];

    n = p[0] < 0x80       ? 1
        : p[0] >> 5 == 6  ? 2
        : p[0] >> 4 == 14 ? 3
        : p[0] >> 3 == 30 ? 4
                          : 0;
    if (n == 0 || n > left)
        return -1;
    c = n == 1 ? p[0] : p[0] & (0x7f >> n);
    for (i = 1; i < n; i++) {
        if (p[i] >> 6 != 2)
            return -1;
        c = c << 6 | (p[i] & 63);
    }
    if (put_code(again, c) != n || c > 0x10ffff || (c >> 11) == 0x1b)
        return -1; /* too long, too large, a surrogate */
    m->p += n;
    return c;
}

static long take_escape(model *m)
{
    static const char letters[] = "\"\\/bfnrt", codes[] = "\"\\/\b\f\n\r\t";
    const char *at;
    long c, low;

    if (m->p == m->end)
        return -1;
    at = *m->p ? strchr(letters, *m->p) : NULL;
    if (at) {
        m->p++;
        return codes[at - letters];
    }
    if (!eat(m, 'u') || (c = hex4(m)) < 0)
        return -1;
    if (c >> 11 != 0x1b)
        return c;
    if (c >= 0xdc00 || !eat(m, '\\') || !eat(m, 'u'))
        return -1;
    low = hex4(m);
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    return 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
}

static value *parse_value(model *m);

static value *parse_string(model *m)
{
    value *v = take(m, sizeof(*v));

    v->kind = '"';
    v->text = take(m, (size_t)(m->end - m->p) + 4);
    if (!eat(m, '"')) {
        m->bad = true;
        return v;
    }
    while (!eat(m, '"')) {
        long c = m->p == m->end || (unsigned char)*m->p < 0x20 ? -1
                 : eat(m, '\\')                                ? take_escape(m)
                                                               : take_code(m);

        if (c < 0) {
            m->bad = true;
            return v;
        }
        v->text_len += put_code(v->text + v->text_len, c);
    }
    return v;
}

static bool digits(model *m)
{
    const char *from = m->p;

    while (m->p < m->end && *m->p >= '0' && *m->p <= '9')
        m->p++;
    return m->p > from;
}

static bool parse_number(model *m)
{
    eat(m, '-');
    if (!eat(m, '0') && !digits(m))
        return false;
    if (eat(m, '.') && !digits(m))
        return false;
    if (eat(m, 'e') || eat(m, 'E')) {
        if (!eat(m, '+'))
            eat(m, '-');
        return digits(m);
    }
    return true;
}

static void parse_members(model *m, value *v, char close)
{
    value **last = &v->first;

    m->p++;
    blanks(m);
    if (eat(m, close))
        return;
    do {
        value *key = NULL;

        blanks(m);
        if (close == '}') {
            key = parse_string(m);
            blanks(m);
            m->bad |= m->bad || !eat(m, ':');
        }
        if (m->bad)
            return;
        *last = parse_value(m);
        (*last)->key = key;
        last = &(*last)->next;
        blanks(m);
    } while (!m->bad && eat(m, ','));
    m->bad = m->bad || !eat(m, close);
}

static value *parse_value(model *m)
{
    value *v;
    const char *from;

    blanks(m);
    from = m->p;
    if (m->p < m->end && *m->p == '"') {
        v = parse_string(m);
    } else {
        v = take(m, sizeof(*v));
        if (m->p == m->end) {
            m->bad = true;
        } else if (*m->p == '{' || *m->p == '[') {
            v->kind = *m->p;
            parse_members(m, v, v->kind == '{' ? '}' : ']');
        } else if (*m->p == '-' || (*m->p >= '0' && *m->p <= '9')) {
            v->kind = '0';
            m->bad |= !parse_number(m);
        } else {
            static const char *const words[] = {"true", "false", "null"};
            int i;

            for (i = 0; i < 3; i++) {
                size_t len = strlen(words[i]);

                if ((size_t)(m->end - m->p) >= len &&
                    memcmp(m->p, words[i], len) == 0) {
                    v->kind = *m->p;
                    m->p += len;
                    break;
                }
            }
            m->bad |= !v->kind;
        }
    }
    v->raw = from;
    v->raw_len = (size_t)(m->p - from);
    return v;
}

/* ---- tree to row --------------------------------------------------------- */

static void write_string(mt_buf *out, const char *s, size_t len)
{
    size_t i;

    mt_buf_byte(out, '"');
    for (i = 0; i < len; i++) {
        static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
        const char *at = s[i] ? strchr(from, s[i]) : NULL;

        if (at)
            mt_buf_printf(out, "\\%c", to[at - from]);
        else if ((unsigned char)s[i] < 0x20)
            mt_buf_printf(out, "\\u%04X", s[i]);
        else
            mt_buf_byte(out, (uint8_t)s[i]);
    }
    mt_buf_byte(out, '"');
}

/* The value's text without blanks outside of strings. */
static void write_compact(mt_buf *out, const value *v)
{
    bool string = false;
    size_t i;

    for (i = 0; i < v->raw_len; i++) {
        char c = v->raw[i];

        if (!string && strchr(" \t\r\n", c))
            continue;
        mt_buf_byte(out, (uint8_t)c);
        if (string && c == '\\')
            mt_buf_byte(out, (uint8_t)v->raw[++i]);
        else if (c == '"')
            string = !string;
    }
}

/* What a scalar's text is for types that are read from text. */
static bool trimmed(const value *v, const char **s, size_t *len)
{
    *s = v->kind == '"' ? v->text : v->raw;
    *len = v->kind == '"' ? v->text_len : v->raw_len;
    while (*len && (unsigned char)(*s)[*len - 1] <= ' ')
        --*len;
    while (*len && (unsigned char)**s <= ' ') {
        ++*s;
        --*len;
    }
    return v->kind != '{' && v->kind != '[';
}

static bool convert(model *m, const mt_type *type, const value *v, mt_buf *out);

static bool convert_list(model *m, const mt_type *type, const value *v,
                         mt_buf *out)
{
    const value *i;

    if (v->kind != '[')
        return false;
    mt_buf_byte(out, '[');
    for (i = v->first; i; i = i->next) {
        if (i != v->first)
            mt_buf_byte(out, ',');
        if (!convert(m, type->fields[0].type, i, out))
            return false;
    }
    mt_buf_byte(out, ']');
    return true;
}

static bool same_keys(const value *a, const char *name, size_t len)
{
    return a->key->text_len == len && memcmp(a->key->text, name, len) == 0;
}

static bool convert_map(model *m, const mt_type *type, const value *v,
                        mt_buf *out)
{
    const value *i, *j;
    bool any = false;

    if (v->kind != '{')
        return false;
    mt_buf_byte(out, '{');
    for (i = v->first; i; i = i->next) {
        size_t before = out->len;
        bool again = false;

        for (j = i->next; j; j = j->next)
            again |= same_keys(j, i->key->text, i->key->text_len);
        if (any && !again)
            mt_buf_byte(out, ',');
        if (!again) {
            write_string(out, i->key->text, i->key->text_len);
            mt_buf_byte(out, ':');
        }
        if (!convert(m, type->fields[1].type, i, out))
            return false; /* also one that is not the last must be sound */
        if (again)
            out->len = before;
        any |= !again;
    }
    mt_buf_byte(out, '}');
    return true;
}

static bool convert_row(model *m, const mt_type *type, const value *v,
                        mt_buf *out)
{
    int32_t f;

    if (v->kind != '{')
        return false;
    for (f = 0; f < type->fields_len; f++) {
        const char *name = type->fields[f].name;
        const value *i;
        size_t start;
        bool found = false;

        mt_buf_byte(out, f ? ',' : '{');
        write_string(out, name, strlen(name));
        mt_buf_byte(out, ':');
        start = out->len;
        for (i = v->first; i; i = i->next) {
            if (!same_keys(i, name, strlen(name)))
                continue;
            out->len = start;
            found = true;
            if (!convert(m, type->fields[f].type, i, out))
                return false;
        }
        if (!found && !type->fields[f].type->nullable)
            return false;
        if (!found)
            mt_buf_append(out, "null", 4);
    }
    mt_buf_byte(out, '}');
    return true;
}

static bool convert_scalar(const mt_type *type, const value *v, mt_buf *out)
{
    char text[MT_TEXT_MAX];
    const char *s;
    size_t len;
    int64_t whole;
    double d;

    if (type->kind == MT_VARCHAR) {
        mt_buf compact = {0};

        if (v->kind == '"') {
            write_string(out, v->text, v->text_len);
        } else {
            write_compact(&compact, v);
            write_string(out, (char *)compact.data, compact.len);
        }
        mt_buf_fini(&compact);
        return true;
    }
    if (!trimmed(v, &s, &len))
        return false;
    switch (type->kind) {
    case MT_BOOLEAN:
        mt_buf_printf(
            out, len == 4 && strncasecmp(s, "true", 4) == 0 ? "true" : "false");
        return true;
    case MT_DOUBLE:
        if (!mt_read_f64(s, len, &d))
            return false;
        mt_buf_printf(out, isfinite(d) ? "%.*s" : "\"%.*s\"",
                      (int)mt_text_f64(text, d), text);
        return true;
    default: /* BIGINT, INT */
        if (!mt_read_i64(s, len, &whole) ||
            (type->kind == MT_INT && whole != (int32_t)whole))
            return false;
        mt_buf_append(out, text, mt_text_i64(text, whole));
        return true;
    }
}

static bool convert(model *m, const mt_type *type, const value *v, mt_buf *out)
{
    size_t before = out->len;
    bool ok;

    if (v->kind == 'n') {
        mt_buf_append(out, "null", 4);
        ok = type->nullable;
    } else if (type->kind == MT_ARRAY) {
        ok = convert_list(m, type, v, out);
    } else if (type->kind == MT_MAP) {
        ok = convert_map(m, type, v, out);
    } else if (type->kind == MT_ROW) {
        ok = convert_row(m, type, v, out);
    } else {
        ok = convert_scalar(type, v, out);
    }
    if (!ok && m->lenient && type->nullable) {
        out->len = before;
        mt_buf_append(out, "null", 4);
        return true;
    }
    return ok;
}

/* Writes the rows of a document, '|' after each; false when it is refused. */
static bool model_read(model *m, const mt_type *type, const char *text,
                       size_t len, bool lenient, mt_buf *out)
{
    value *v, *i;

    m->p = text;
    m->end = text + len;
    m->used = 0;
    m->bad = false;
    m->lenient = lenient;
    blanks(m);
    if (m->p == m->end)
        return true;
    v = parse_value(m);
    blanks(m);
    if (m->bad || m->p != m->end)
        return false;
    if (v->kind == 'n')
        return true;
    if (v->kind == '{') {
        bool ok = convert_row(m, type, v, out);

        mt_buf_byte(out, '|');
        return ok;
    }
    if (v->kind != '[')
        return false;
    for (i = v->first; i; i = i->next) {
        if (!convert_row(m, type, i, out))
            return false;
        mt_buf_byte(out, '|');
    }
    return true;
}

#endif
