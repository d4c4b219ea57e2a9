/* bulk.c - NDJSON for /_bulk.
 *
 *     {"index":{"_index":"i"}}
 *     {"a":1}
 *     {"update":{"_index":"i","_id":"7"}}
 *     {"doc":{"a":1},"doc_as_upsert":true}
 *     {"delete":{"_index":"i","_id":"7"}}
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "bulk.h"

#define LITERAL(out, text) mt_buf_append(out, text, sizeof(text) - 1)

int es_json_string(mt_buf *out, mt_span text)
{
    size_t i, from = 0;
    int rc = mt_buf_byte(out, '"');

    for (i = 0; rc == 0 && i < text.len; i++) {
        uint8_t c = text.data[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        if (i > from)
            rc = mt_buf_append(out, text.data + from, i - from);
        from = i + 1;
        if (rc == 0)
            rc = c < 0x20 ? mt_buf_printf(out, "\\u%04x", c)
                          : mt_buf_printf(out, "\\%c", c);
    }
    if (rc == 0 && text.len > from)
        rc = mt_buf_append(out, text.data + from, text.len - from);
    return rc == 0 ? mt_buf_byte(out, '"') : rc;
}

static int put_action(mt_buf *out, const es_change *c)
{
    int rc;

    rc = !c->document.data ? LITERAL(out, "{\"delete\":{\"_index\":")
         : c->id.data      ? LITERAL(out, "{\"update\":{\"_index\":")
                           : LITERAL(out, "{\"index\":{\"_index\":");
    if (rc == 0)
        rc = es_json_string(out, c->index);
    if (rc == 0 && c->type.data && (rc = LITERAL(out, ",\"_type\":")) == 0)
        rc = es_json_string(out, c->type);
    if (rc == 0 && c->id.data && (rc = LITERAL(out, ",\"_id\":")) == 0)
        rc = es_json_string(out, c->id);
    return rc == 0 ? LITERAL(out, "}}\n") : rc;
}

static int put_document(mt_buf *out, const es_change *c)
{
    int rc = 0;

    if (!c->document.data)
        return 0;
    if (c->id.data)
        rc = LITERAL(out, "{\"doc\":");
    if (rc == 0)
        rc = mt_buf_append(out, c->document.data, c->document.len);
    if (rc == 0)
        rc = c->id.data ? LITERAL(out, ",\"doc_as_upsert\":true}\n")
                        : LITERAL(out, "\n");
    return rc;
}

static int make_room(es_bulk *b)
{
    int32_t max = b->max ? b->max * 2 : 256;
    size_t *p;

    if (b->len < b->max)
        return 0;
    p = mt_realloc(b->ends, sizeof(*p) * (size_t)b->max,
                   sizeof(*p) * (size_t)max);
    if (!p)
        return MT_ENOMEM;
    b->ends = p;
    b->max = max;
    return 0;
}

int es_bulk_add(es_bulk *b, const es_change *change, int64_t now_ms)
{
    size_t len = b->body.len;

    if (make_room(b) < 0 || put_action(&b->body, change) < 0 ||
        put_document(&b->body, change) < 0) {
        b->body.len = len;
        return MT_ENOMEM;
    }
    if (b->len == 0)
        b->oldest_ms = now_ms;
    b->ends[b->len++] = b->body.len;
    return 0;
}

mt_span es_bulk_change(const es_bulk *b, int32_t i)
{
    size_t from = i > 0 ? b->ends[i - 1] : 0;

    return (mt_span){b->body.data + from, b->ends[i] - from};
}

mt_span es_bulk_document(mt_span change)
{
    static const char before[] = "{\"doc\":";
    static const char after[] = ",\"doc_as_upsert\":true}";
    const uint8_t *line = memchr(change.data, '\n', change.len);
    size_t len;

    len = change.len - (size_t)(line + 1 - change.data);
    if (len == 0) /* a deletion */
        return (mt_span){change.data, change.len - 1};
    line++;
    len--;
    if (memcmp(change.data, "{\"update\"", 9) == 0) {
        line += sizeof(before) - 1;
        len -= sizeof(before) - 1 + sizeof(after) - 1;
    }
    return (mt_span){line, len};
}

/* Actions of documents with ids have names of the same length. */
mt_span es_bulk_target(mt_span change)
{
    const size_t skip = sizeof("{\"update\":") - 1;
    const uint8_t *end = memchr(change.data, '\n', change.len);

    return (mt_span){change.data + skip, (size_t)(end - change.data) - skip};
}

void es_bulk_keep(es_bulk *b, const uint8_t *keep)
{
    size_t from = 0, at = 0;
    int32_t i, kept = 0;

    for (i = 0; i < b->len; i++) {
        size_t len = b->ends[i] - from;

        if (keep[i]) {
            memmove(b->body.data + at, b->body.data + from, len);
            at += len;
        }
        from += len;
        if (keep[i])
            b->ends[kept++] = at;
    }
    b->len = kept;
    b->body.len = at;
}

void es_bulk_clear(es_bulk *b)
{
    b->body.len = 0;
    b->len = 0;
}

void es_bulk_fini(es_bulk *b)
{
    mt_buf_fini(&b->body);
    mt_free(b->ends, sizeof(*b->ends) * (size_t)b->max);
    memset(b, 0, sizeof(*b));
}
