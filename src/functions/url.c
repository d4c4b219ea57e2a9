/* PARSE_URL: parts of a URL, as java.net.URL takes it apart.
 *
 *     protocol://userinfo@host:port/path?query#ref
 *                |--- authority ---||-- file --|
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/text_rows.h"

typedef struct url {
    mt_span protocol, authority, userinfo, host, path, query, ref, file;
} url;

/* `data` is NULL for a part that is not there. */
static const mt_span nothing = {NULL, 0};

/* Cuts `text` at the first `c`: what stands behind goes to *behind. */
static mt_span cut_at(mt_span text, char c, mt_span *behind)
{
    const uint8_t *at = text.len ? memchr(text.data, c, text.len) : NULL;

    *behind = nothing;
    if (!at)
        return text;
    *behind = (mt_span){at + 1, (size_t)(text.data + text.len - at - 1)};
    return (mt_span){text.data, (size_t)(at - text.data)};
}

/* The protocols that Java knows; others make no URL. */
static bool is_protocol(mt_span text)
{
    static const char *const known[] = {"http", "https", "ftp",
                                        "file", "jar",   "mailto"};
    size_t i, k;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strlen(known[i]) != text.len)
            continue;
        for (k = 0; k < text.len; k++) {
            if ((text.data[k] | 0x20) != known[i][k])
                break;
        }
        if (k == text.len)
            return true;
    }
    return false;
}

/* Takes the port, userinfo and brackets of the authority apart. */
static bool parse_authority(url *u)
{
    mt_span rest = u->authority, port;
    const uint8_t *at = NULL;
    size_t i;

    for (i = rest.len; i-- > 0 && !at;) {
        if (rest.data[i] == '@')
            at = rest.data + i;
    }
    if (at) {
        u->userinfo = (mt_span){rest.data, (size_t)(at - rest.data)};
        rest = (mt_span){at + 1, rest.len - u->userinfo.len - 1};
    }
    if (rest.len && rest.data[0] == '[') {
        u->host = cut_at(rest, ']', &port);
        u->host.len += port.data != NULL;
        return port.data != NULL;
    }
    u->host = cut_at(rest, ':', &port);
    for (i = 0; port.data && i < port.len; i++) {
        if ((uint8_t)(port.data[i] - '0') >= 10)
            return false;
    }
    return true;
}

/* False for what is no URL. */
static bool parse(mt_span text, url *u)
{
    mt_span rest;
    size_t slash;

    memset(u, 0, sizeof(*u));
    u->host = (mt_span){text.data, 0};
    while (text.len && text.data[0] <= ' ')
        text = (mt_span){text.data + 1, text.len - 1};
    while (text.len && text.data[text.len - 1] <= ' ')
        text.len--;
    u->protocol = cut_at(text, ':', &rest);
    if (!rest.data || !is_protocol(u->protocol))
        return false;
    rest = cut_at(rest, '#', &u->ref);
    if (rest.len >= 2 && rest.data[0] == '/' && rest.data[1] == '/') {
        rest = (mt_span){rest.data + 2, rest.len - 2};
        for (slash = 0; slash < rest.len && rest.data[slash] != '/' &&
                        rest.data[slash] != '?';)
            slash++;
        u->authority = (mt_span){rest.data, slash};
        rest = (mt_span){rest.data + slash, rest.len - slash};
        if (!parse_authority(u))
            return false;
    }
    u->file = rest;
    u->path = cut_at(rest, '?', &u->query);
    return true;
}

static mt_span part_of(const url *u, mt_span name)
{
    static const char *const names[] = {
        "HOST",     "PATH", "QUERY",     "REF",
        "PROTOCOL", "FILE", "AUTHORITY", "USERINFO",
    };
    const mt_span parts[] = {
        u->host,     u->path, u->query,     u->ref,
        u->protocol, u->file, u->authority, u->userinfo,
    };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i]) == name.len &&
            memcmp(names[i], name.data, name.len) == 0)
            return parts[i];
    }
    return nothing;
}

/* The value behind "key=" in a query. */
static mt_span value_of(mt_span query, mt_span key)
{
    mt_span pair;

    while (query.data) {
        pair = cut_at(query, '&', &query);
        if (pair.len > key.len && pair.data[key.len] == '=' &&
            memcmp(pair.data, key.data, key.len) == 0)
            return (mt_span){pair.data + key.len + 1, pair.len - key.len - 1};
    }
    return nothing;
}

static int parse_url_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span name = mt__fn_text(&call->args[1], row), part;
    bool query = name.len == 5 && memcmp(name.data, "QUERY", 5) == 0;
    url u;

    (void)err;
    if (!parse(mt__fn_text(&call->args[0], row), &u))
        return mt__text_null(call, row);
    part = part_of(&u, name);
    if (call->args_len == 3)
        part =
            query ? value_of(part, mt__fn_text(&call->args[2], row)) : nothing;
    return part.data ? mt_put_bytes(call->out, part.data, part.len)
                     : mt__text_null(call, row);
}

static int run_parse_url(mt__fn_call *call, mt_error **err)
{
    return mt__text_rows(call, err, parse_url_row);
}

const mt__function mt__functions_url[] = {
    {"PARSE_URL", true, NULL, run_parse_url, NULL},
    {NULL, false, NULL, NULL, NULL},
};
