/* scalar.c - strings, numbers and times: from the text into a column.
 *
 * A string ends at the last quote before the next token, so its length is known
 * before it is looked at: it goes into the column 16 bytes at a time, and only
 * if a backslash was among them it is taken back and read with care. Whole
 * numbers of up to 18 digits are summed up as they stand. All else goes through
 * the text of its token, as numbers in strings do.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include "../cell.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---- strings ----------------------------------------------------------- */

/* The closing quote of the string at r->at; NULL when there is none, which the
 * scan does not let through. */
static inline const uint8_t *string_end(const json_reader *r)
{
    const uint8_t *start = r->text + *r->at;
    const uint8_t *end = json_token_limit(r) - 1;

    while (json_is_blank(*end))
        end--;
    return end > start && *end == '"' ? end : NULL;
}

/* Copies len bytes, 16 at a time, past the end too; tells whether a backslash
 * is among the first len. Both sides have room for 16 bytes more. */
static inline bool copy_plain(uint8_t *restrict to,
                              const uint8_t *restrict from, size_t len)
{
    size_t i;
#ifdef __SSE2__
    const __m128i backslash = _mm_set1_epi8('\\');
    unsigned found = 0;

    for (i = 0; i < len; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(from + i));
        unsigned mask =
            (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, backslash));

        _mm_storeu_si128((__m128i *)(to + i), bytes);
        if (len - i < 16)
            mask &= (1u << (len - i)) - 1;
        found |= mask;
    }
    return found != 0;
#else
    memcpy(to, from, len);
    i = len;
    return memchr(from, '\\', i) != NULL;
#endif
}

/* Four hex digits, or above 0xffff. */
static uint32_t read_hex4(const uint8_t *p)
{
    uint32_t v = 0;
    int i;

    for (i = 0; i < 4; i++) {
        uint8_t c = p[i];

        if (c >= '0' && c <= '9')
            v = v << 4 | (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            v = v << 4 | (uint32_t)((c | 32) - 'a' + 10);
        else
            return UINT32_MAX;
    }
    return v;
}

/* Reads \uXXXX, with the one after it for a pair of surrogates, at *p. The text
 * is padded, so that looking at twelve bytes is always allowed. */
static int read_unicode(json_reader *r, const uint8_t **p, uint8_t **out)
{
    uint32_t code = read_hex4(*p + 2);
    uint32_t low;

    if (code > 0xffff)
        return json_fail_syntax(r, *p, "expected four hex digits after \\u");
    if (code >= 0xd800 && code <= 0xdfff) {
        low =
            (*p)[6] == '\\' && (*p)[7] == 'u' ? read_hex4(*p + 8) : UINT32_MAX;
        if (code >= 0xdc00 || low < 0xdc00 || low > 0xdfff)
            return json_fail_syntax(r, *p, "half of a surrogate pair");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        *p += 6;
    }
    *p += 6;
    *out = cell_utf8_write(*out, code);
    return 0;
}

/* What stands for a letter after a backslash, 0 for none. */
static uint8_t escaped_letter(uint8_t c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/':
        return c;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

/* Writes the string without its escapes to r->scratch. */
static int unescape(json_reader *r, const uint8_t *p, const uint8_t *end)
{
    uint8_t *out;

    r->scratch.len = 0;
    /* No escape is shorter than what it stands for. */
    if (mt_buf_reserve(&r->scratch, (size_t)(end - p) + 1) < 0)
        return MT_ENOMEM;
    out = r->scratch.data;
    while (p < end) {
        const uint8_t *stop = memchr(p, '\\', (size_t)(end - p));
        size_t run = (size_t)((stop ? stop : end) - p);
        int rc;

        memcpy(out, p, run);
        out += run;
        p += run;
        if (!stop)
            break;
        if (p[1] == 'u') {
            rc = read_unicode(r, &p, &out);
            if (rc < 0)
                return rc;
            continue;
        }
        *out = escaped_letter(p[1]);
        if (!*out++)
            return json_fail_syntax(r, p, "unknown escape");
        p += 2;
    }
    r->scratch.len = (size_t)(out - r->scratch.data);
    return 0;
}

int json_string_content(json_reader *r, const char **text, size_t *len)
{
    const uint8_t *start = r->text + *r->at + 1;
    const uint8_t *end = string_end(r);
    int rc;

    if (!end)
        return json_fail_syntax(r, start - 1, "string without its end");
    *text = (const char *)start;
    *len = (size_t)(end - start);
    if (!memchr(start, '\\', *len))
        return 0;
    rc = unescape(r, start, end);
    *text = (const char *)r->scratch.data;
    *len = r->scratch.len;
    return rc;
}

/* ---- numbers and literals ------------------------------------------------ */

static inline bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static const uint8_t *skip_digits(const uint8_t *p)
{
    while (is_digit(*p))
        p++;
    return p;
}

/* The end of the number at `p`, NULL when it breaks JSON's grammar. */
static const uint8_t *number_end(const uint8_t *p)
{
    const uint8_t *start;

    p += *p == '-';
    if (!is_digit(*p))
        return NULL;
    p = *p == '0' ? p + 1 : skip_digits(p);
    if (*p == '.') {
        start = ++p;
        p = skip_digits(p);
        if (p == start)
            return NULL;
    }
    if ((*p | 32) == 'e') {
        p++;
        p += *p == '+' || *p == '-';
        start = p;
        p = skip_digits(p);
        if (p == start)
            return NULL;
    }
    return p;
}

/* The end of the number or literal at r->at. */
static int plain_end(json_reader *r, const uint8_t **end)
{
    const uint8_t *p = r->text + *r->at;

    *end = NULL;
    if (*p == '-' || is_digit(*p))
        *end = number_end(p);
    else if (memcmp(p, "true", 4) == 0 || memcmp(p, "null", 4) == 0)
        *end = p + 4;
    else if (memcmp(p, "false", 5) == 0)
        *end = p + 5;
    if (!*end || !json_token_ends(r, *end))
        return json_fail_syntax(r, p, "expected a value");
    return 0;
}

int json_check_scalar(json_reader *r)
{
    const char *text;
    const uint8_t *end;
    size_t len;

    if (r->text[*r->at] == '"')
        return json_string_content(r, &text, &len);
    return plain_end(r, &end);
}

/* The text of the string, number or literal at r->at; r->at stays. Objects and
 * arrays are stepped over: they have none. */
static int scalar_text(json_reader *r, const json_node *node, const char **text,
                       size_t *len)
{
    const uint8_t *p = r->text + *r->at;
    const uint8_t *end;
    int rc;

    if (*p == '"')
        return json_string_content(r, text, len);
    if (*p == '{' || *p == '[') {
        rc = json_skip_value(r);
        return rc < 0 ? rc : json_fail_value(r, p, "wrong value", node->type);
    }
    rc = plain_end(r, &end);
    *text = (const char *)p;
    *len = (size_t)(end - p);
    return rc;
}

/* ---- into columns -------------------------------------------------------- */

int json_read_text(json_reader *r, const json_node *node, mt_column_builder *c)
{
    cell_style style = {r->separator};
    const char *text;
    size_t len;
    int rc = scalar_text(r, node, &text, &len);

    if (rc < 0)
        return rc;
    rc = cell_put(c, node->type, text, len, &style);
    if (rc == MT_ERECORD)
        return json_fail_value(r, r->text + *r->at, "wrong value", node->type);
    r->at += rc == 0;
    return rc;
}

int json_read_bool(json_reader *r, const json_node *node, mt_column_builder *c)
{
    const uint8_t *p = r->text + *r->at;
    bool is_true = memcmp(p, "true", 4) == 0;

    if ((is_true && json_token_ends(r, p + 4)) ||
        (memcmp(p, "false", 5) == 0 && json_token_ends(r, p + 5))) {
        r->at++;
        return mt_put_bool(c, is_true);
    }
    return json_read_text(r, node, c);
}

int json_read_int(json_reader *r, const json_node *node, mt_column_builder *c)
{
    const uint8_t *start = r->text + *r->at;
    bool negative = *start == '-';
    const uint8_t *digits = start + negative;
    const uint8_t *p = digits;
    uint64_t v = 0;

    for (; is_digit(*p); p++)
        v = v * 10 + (uint64_t)(*p - '0');
    if (p == digits || p - digits > 18 || (*digits == '0' && p > digits + 1) ||
        !json_token_ends(r, p))
        return json_read_text(r, node, c);
    if (cell_put_whole(c, node->type, negative ? -(int64_t)v : (int64_t)v) ==
        0) {
        r->at++;
        return 0;
    }
    /* Out of range, or out of memory. */
    return json_read_text(r, node, c);
}

/* The number m / 10^scale, exact where both fit a double without loss. */
static bool small_real(const uint8_t *p, const uint8_t **end, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3, 1e4,  1e5,
                                    1e6,  1e7,  1e8,  1e9, 1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15};
    bool negative = *p == '-';
    const uint8_t *digits = p += negative;
    const uint8_t *point = NULL;
    uint64_t m = 0;

    for (;; p++) {
        if (is_digit(*p))
            m = m * 10 + (uint64_t)(*p - '0');
        else if (*p == '.' && !point)
            point = p;
        else
            break;
    }
    if (p - digits > 15 || !is_digit(*digits) || !is_digit(p[-1]) ||
        (*digits == '0' && is_digit(digits[1])))
        return false;
    *out = (double)m / powers[point ? p - point - 1 : 0];
    *out = negative ? -*out : *out;
    *end = p;
    return true;
}

int json_read_real(json_reader *r, const json_node *node, mt_column_builder *c)
{
    const uint8_t *end;
    double v;

    if (node->type->kind != MT_DOUBLE ||
        !small_real(r->text + *r->at, &end, &v) || !json_token_ends(r, end))
        return json_read_text(r, node, c);
    r->at++;
    return mt_put_f64(c, v);
}

int json_read_bytes(json_reader *r, const json_node *node, mt_column_builder *c)
{
    const uint8_t *p = r->text + *r->at;
    int rc;

    if (*p == '"')
        return json_read_text(r, node, c);
    rc = json_skip_value(r);
    return rc < 0 ? rc
                  : json_fail_value(r, p, "not a base64 string", node->type);
}

/* Room for one more row of `len` bytes, and 16 to write past the end. */
static inline int reserve_string(mt_column_builder *c, size_t len)
{
    if (MT_UNLIKELY(c->rows == c->rows_max) && mt_column_grow(c) < 0)
        return MT_ENOMEM;
    if (MT_UNLIKELY((size_t)(c->bytes_max - c->offsets[c->rows]) < len + 16))
        return mt_column_grow_bytes(c, len + 16);
    return 0;
}

/* The object or array at r->at as JSON text without blanks between tokens. */
static int put_json_text(json_reader *r, mt_column_builder *c)
{
    const uint32_t *at = r->at;
    int32_t start;
    uint8_t *out;
    int rc = json_skip_value(r);

    if (rc < 0)
        return rc;
    if (reserve_string(c, r->at[-1] - *at + 1) < 0)
        return MT_ENOMEM;
    start = c->offsets[c->rows];
    out = (uint8_t *)c->values + start;
    for (; at + 1 < r->at; at++) {
        size_t len = at[1] - at[0];

        while (json_is_blank(r->text[at[0] + len - 1]))
            len--;
        memcpy(out, r->text + at[0], len);
        out += len;
    }
    *out++ = r->text[*at]; /* the closing bracket */
    c->offsets[++c->rows] = (int32_t)(out - (uint8_t *)c->values);
    return 0;
}

int json_read_string(json_reader *r, const json_node *node,
                     mt_column_builder *c)
{
    const uint8_t *p = r->text + *r->at;
    const uint8_t *end;
    int32_t start;
    size_t len;

    if (MT_UNLIKELY(*p != '"')) {
        if (*p == '{' || *p == '[')
            return put_json_text(r, c);
        return json_read_text(r, node, c);
    }
    end = string_end(r);
    if (!end)
        return json_fail_syntax(r, p, "string without its end");
    len = (size_t)(end - ++p);
    if (reserve_string(c, len) < 0)
        return MT_ENOMEM;
    start = c->offsets[c->rows];
    if (MT_UNLIKELY(copy_plain((uint8_t *)c->values + start, p, len)))
        return json_read_text(r, node, c);
    c->offsets[++c->rows] = start + (int32_t)len;
    r->at++;
    return 0;
}
