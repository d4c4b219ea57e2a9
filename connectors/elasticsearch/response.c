/* response.c - a reader of just the JSON that comes back:
 *
 *     {"errors":true,"items":[{"index":{"status":400,"error":{"type":"t",
 *      "reason":"r","caused_by":{"type":"t","reason":"r"}}}}, ...]}
 *     {"error":{"type":"t","reason":"r"},"status":429}
 *
 * Whatever else stands there is passed over. Every step ends at `end`, and
 * nesting at DEPTH_MAX, whatever comes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "response.h"

enum { DEPTH_MAX = 32, TEXT_MAX = 1000 };

typedef struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
} cursor;

static bool fail(cursor *c)
{
    c->bad = true;
    c->at = c->end;
    return false;
}

/* The next byte that is no blank; '\0' at the end. */
static uint8_t peek(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' ||
                              *c->at == '\r' || *c->at == '\t'))
        c->at++;
    return c->at < c->end ? *c->at : '\0';
}

static bool take(cursor *c, uint8_t byte)
{
    if (peek(c) != byte || c->at == c->end)
        return false;
    c->at++;
    return true;
}

static bool read_string(cursor *c, mt_span *out)
{
    const uint8_t *from;

    if (!take(c, '"'))
        return fail(c);
    for (from = c->at; c->at < c->end && *c->at != '"'; c->at++) {
        if (*c->at == '\\' && ++c->at == c->end)
            break;
    }
    if (c->at == c->end)
        return fail(c);
    *out = (mt_span){from, (size_t)(c->at - from)};
    c->at++;
    return true;
}

/* The next name of an object, up to its value; false at the object's end. */
static bool next_name(cursor *c, bool first, mt_span *name)
{
    if (take(c, '}'))
        return false;
    if (!first && !take(c, ','))
        return fail(c);
    if (!read_string(c, name))
        return false;
    return take(c, ':') || fail(c);
}

static bool skip_value(cursor *c, int32_t depth)
{
    uint8_t open = peek(c);
    bool first = true;
    mt_span name;

    if (depth > DEPTH_MAX)
        return fail(c);
    if (open == '"')
        return read_string(c, &name);
    if (open == '{') {
        for (c->at++; next_name(c, first, &name); first = false)
            if (!skip_value(c, depth + 1))
                return false;
        return !c->bad;
    }
    if (open == '[') {
        for (c->at++; !take(c, ']'); first = false)
            if ((!first && !take(c, ',')) || !skip_value(c, depth + 1))
                return fail(c);
        return true;
    }
    if (!open || strchr(",:]}", open))
        return fail(c);
    while (c->at < c->end && !strchr(",]} \r\n\t", *c->at))
        c->at++;
    return true;
}

static bool is(mt_span name, const char *text)
{
    return name.len == strlen(text) && memcmp(name.data, text, name.len) == 0;
}

static bool read_number(cursor *c, int32_t *out)
{
    int64_t value;

    const uint8_t *from = (peek(c), c->at);

    if (!skip_value(c, 0))
        return false;
    if (mt_read_i64((const char *)from, (size_t)(c->at - from), &value) &&
        value >= 0 && value < 1000)
        *out = (int32_t)value;
    return true;
}

/* A text, or null. */
static bool read_text(cursor *c, mt_span *out)
{
    return peek(c) == '"' ? read_string(c, out) : skip_value(c, 0);
}

static bool read_error(cursor *c, es_item *item, bool cause, int32_t depth)
{
    bool first = true;
    mt_span name;

    if (depth > DEPTH_MAX)
        return fail(c);
    if (peek(c) == '"')
        return read_string(c, cause ? &item->cause : &item->reason);
    if (!take(c, '{'))
        return skip_value(c, 0);
    for (; next_name(c, first, &name); first = false) {
        if (is(name, "reason"))
            read_text(c, cause ? &item->cause : &item->reason);
        else if (is(name, "type") && !cause)
            read_text(c, &item->type);
        else if (is(name, "caused_by"))
            read_error(c, item, true, depth + 1);
        else
            skip_value(c, 0);
    }
    return !c->bad;
}

/* {"index":{"status":...}} */
static bool read_item(cursor *c, es_item *item)
{
    bool first = true;
    mt_span name;

    memset(item, 0, sizeof(*item));
    if (!take(c, '{') || !next_name(c, true, &name) || !take(c, '{'))
        return fail(c);
    for (; next_name(c, first, &name); first = false) {
        if (is(name, "status")) {
            read_number(c, &item->status);
        } else if (is(name, "error")) {
            item->failed = true;
            read_error(c, item, false, 0);
        } else {
            skip_value(c, 0);
        }
    }
    return !c->bad && (take(c, '}') || fail(c));
}

static int32_t read_items(cursor *c, es_item_fn each, void *arg)
{
    int32_t len = 0;
    es_item item;

    if (!take(c, '['))
        fail(c);
    while (!c->bad && !take(c, ']')) {
        if ((len > 0 && !take(c, ',')) || !read_item(c, &item))
            fail(c);
        else if (each)
            each(arg, len++, &item);
        else
            len++;
    }
    return len;
}

int32_t es_response_read(mt_span json, es_item_fn each, void *arg,
                         es_item *whole)
{
    cursor c = {json.data, json.data + json.len, json.len == 0};
    bool first = true, items = false;
    int32_t len = 0;
    mt_span name;

    memset(whole, 0, sizeof(*whole));
    if (!c.bad && !take(&c, '{'))
        fail(&c);
    for (; !c.bad && next_name(&c, first, &name); first = false) {
        if (is(name, "items")) {
            items = true;
            len = read_items(&c, each, arg);
        } else if (is(name, "error")) {
            whole->failed = true;
            read_error(&c, whole, false, 0);
        } else if (is(name, "status")) {
            read_number(&c, &whole->status);
        } else {
            skip_value(&c, 0);
        }
    }
    return c.bad || (!items && !whole->failed) ? -1 : len;
}

/* ---- for people ---------------------------------------------------------- */

/* A JSON string's inside, at most TEXT_MAX bytes of it. */
static int put_text(mt_buf *out, mt_span text)
{
    size_t i, len = text.len < TEXT_MAX ? text.len : TEXT_MAX;
    int rc = 0;

    for (i = 0; rc == 0 && i < len; i++) {
        uint8_t c = text.data[i];

        if (c == '\\' && i + 1 < len) {
            c = text.data[++i];
            if (c == 'n' || c == 'r' || c == 't')
                c = ' ';
            else if (c == 'u')
                rc = mt_buf_byte(out, '\\');
        }
        if (rc == 0)
            rc = mt_buf_byte(out, c);
    }
    return rc;
}

int es_item_text(const es_item *item, mt_buf *out)
{
    int rc = 0;

    if (!item->type.data && !item->reason.data)
        return mt_buf_printf(out, "no reason given");
    if (item->type.data)
        rc = put_text(out, item->type);
    if (rc == 0 && item->type.data && item->reason.data)
        rc = mt_buf_printf(out, ": ");
    if (rc == 0 && item->reason.data)
        rc = put_text(out, item->reason);
    if (rc == 0 && item->cause.data && (rc = mt_buf_printf(out, " (")) == 0 &&
        (rc = put_text(out, item->cause)) == 0)
        rc = mt_buf_byte(out, ')');
    return rc;
}
