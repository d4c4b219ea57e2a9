/* decode.c - messages in chunks; rows kept or taken back; columns left absent.
 *
 * Messages are copied one after the other, a line feed between them, and the
 * whole chunk is scanned at once: a scan has a start-up cost that a message of
 * 80 bytes would pay for each time. That is as safe as one scan a message. A
 * string that is not closed would run over the line feed, which the scan
 * refuses in strings, and a UTF-8 sequence that is cut meets a line feed where
 * it needs a continuation. So a chunk passes only if each message would, and
 * when one does not, every message of the chunk is scanned for itself.
 *
 *     text   {"a":1,"b":"x"} LF {"a":2,"b":"y"} LF ... zeros
 *     at     ^^  ^^^  ^^   ^    ^^  ^^^ ...
 *
 * Columns that nobody reads are left absent (lazy.h). When someone asks, the same
 * walk runs again with all columns but that one skipped.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "json.h"
#include "simd.h"

#include "../lazy.h"

/* Text that is scanned at once, unless one message is longer. */
#define CHUNK_BYTES (32 * 1024)

/* The longest message; a chunk is one such, or shorter ones. */
#define MESSAGE_MAX (JSON_TEXT_MAX / 2)

/* A buffer that one long message has left larger is given back. */
#define KEPT_BYTES_MAX (4 * 1024 * 1024)

typedef struct json_decoder {
    lazy_decoder base; /* first, so that one is the other */
    bool *seen;        /* scratch of the walk, one a field */
    json_node layout;
    json_scanner *scanner;
    json_reader reader;
    mt_buf text; /* of the present chunk */
    int64_t skipped;
} json_decoder;

/* ---- life ----------------------------------------------------------- */

static int32_t reread(lazy_decoder *base, const lazy_rows *rows,
                      const lazy_span *spans, int32_t len, mt_error **err);

static void free_decoder(lazy_decoder *base)
{
    json_decoder *d = (json_decoder *)base;

    json_layout_fini(&d->layout);
    json_scanner_free(d->scanner);
    mt_buf_fini(&d->reader.scratch);
    mt_buf_fini(&d->text);
    mt_free(d->seen, (size_t)base->fields_len * sizeof(*d->seen));
    lazy_fini(base);
    mt_free(d, sizeof(*d));
}

void json_decoder_close(void *decoder)
{
    lazy_unref(decoder);
}

int json_decoder_open(const void *options, const mt_fields *fields,
                      void **decoder, mt_error **err)
{
    const json_options *o = options;
    json_decoder *d = mt_calloc(sizeof(*d));
    int rc;

    *decoder = NULL;
    if (!d)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    d->base.reread = reread;
    d->base.free = free_decoder;
    rc = lazy_init(&d->base, fields);
    d->base.lenient = o->ignore_parse_errors;
    d->reader.lenient = o->ignore_parse_errors;
    d->reader.fail_on_missing = o->fail_on_missing_field;
    d->reader.separator = o->standard == JSON_ISO_8601 ? 'T' : ' ';
    d->seen = mt_calloc((size_t)d->base.fields_len * sizeof(*d->seen));
    d->scanner = json_scanner_new();
    if (rc < 0 || !d->seen || !d->scanner)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc == 0)
        rc = json_layout_init(&d->layout, d->base.type, err);
    if (rc < 0) {
        json_decoder_close(d);
        return rc;
    }
    *decoder = d;
    return 0;
}

void json_decoder_project(void *decoder, const uint8_t *needed)
{
    lazy_project(decoder, needed);
}

int64_t json_decoder_skipped(void *decoder)
{
    json_decoder *d = decoder;
    int64_t skipped = d->skipped;

    d->skipped = 0;
    return skipped;
}

/* ---- one message --------------------------------------------------------- */

static int read_record(json_decoder *d, int32_t *rows)
{
    json_reader *r = &d->reader;

    if (r->text[*r->at] != '{')
        return json_fail_value(r, r->text + *r->at, "not an object",
                               d->base.type);
    memset(d->seen, 0, (size_t)d->base.fields_len * sizeof(*d->seen));
    ++*rows;
    return json_read_record(r, &d->layout, d->base.targets, d->seen);
}

/* An array at the top: a row an element. */
static int read_records(json_decoder *d, int32_t *rows)
{
    json_reader *r = &d->reader;

    if (r->text[*++r->at] == ']') {
        r->at++;
        return 0;
    }
    for (;;) {
        const uint8_t *p;
        int32_t index = *rows;
        int rc = read_record(d, rows);

        if (rc < 0) {
            if (rc == JSON_VALUE)
                json_path_index(&r->path, index);
            return rc;
        }
        p = r->text + *r->at++;
        if (*p == ']')
            return 0;
        if (*p != ',')
            return json_fail_syntax(r, p, "expected ',' or ']'");
    }
}

/* Reads the message r->begin .. r->end, whose first token is at r->at or which
 * has none, and says how many rows it gave. */
static int read_message(json_decoder *d, int32_t *rows)
{
    json_reader *r = &d->reader;
    const uint8_t *p = r->text + *r->at;
    int rc;

    *rows = 0;
    if (p >= r->end)
        return 0;
    if (*p == '{')
        rc = read_record(d, rows);
    else if (*p == '[')
        rc = read_records(d, rows);
    else
        rc = json_skip_value(r);
    if (rc == 0 && r->text + r->at[-1] >= r->end)
        return json_fail_syntax(r, r->end, "cut short");
    if (rc == 0 && r->text + *r->at < r->end)
        return json_fail_syntax(r, r->text + *r->at,
                                "something behind the end of the document");
    if (rc == 0 && *p != '{' && *p != '[' && *p != 'n')
        return json_fail_value(r, p, "not an object", d->base.type);
    return rc;
}

/* ---- chunks ----------------------------------------------------------- */

/* Appends messages to `text`, at least one and about CHUNK_BYTES, each followed
 * by a line feed. Returns how many, or MT_ENOMEM. */
static int32_t load_chunk(mt_buf *text, const mt_span *messages, int32_t len)
{
    size_t size = 0;
    int32_t i, n;
    uint8_t *p;

    for (n = 0; n < len && (n == 0 || size < CHUNK_BYTES); n++) {
        if (messages[n].len > MESSAGE_MAX)
            break; /* alone, and refused there */
        size += messages[n].len + 1;
    }
    if (mt_buf_reserve(text, size + JSON_PADDING) < 0)
        return MT_ENOMEM;
    p = text->data + text->len;
    for (i = 0; i < n; i++) {
        if (messages[i].len)
            memcpy(p, messages[i].data, messages[i].len);
        p += messages[i].len;
        *p++ = '\n';
    }
    memset(p, 0, JSON_PADDING);
    text->len += size;
    return n;
}

/* Scans one message for itself; a scan of the chunk has failed. */
static int scan_message(json_decoder *d)
{
    json_reader *r = &d->reader;
    uint32_t len;

    r->text = r->begin;
    switch (json_scan(d->scanner, r->begin, (size_t)(r->end - r->begin), &r->at,
                      &len)) {
    case JSON_SCAN_OK:
        return 0;
    case JSON_SCAN_NOMEM:
        return MT_ENOMEM;
    default:
        return json_explain_scan(r);
    }
}

/* Steps to the first token behind the message, from wherever its walk ended: a
 * broken one may have led into the messages after it. It has a token itself. */
static void leave_message(json_reader *r, bool broken)
{
    while (broken && r->text + *r->at >= r->end)
        r->at--;
    while (r->text + *r->at < r->end)
        r->at++;
}

/* Reads one message of a chunk; a bad one leaves no rows. */
static int read_one(json_decoder *d, bool alone, int32_t *rows)
{
    int32_t before = lazy_target_rows(&d->base);
    int rc = alone ? scan_message(d) : 0;

    *rows = 0;
    if (rc == 0)
        rc = read_message(d, rows);
    if (MT_UNLIKELY(rc < 0)) {
        lazy_cut_targets(&d->base, before);
        *rows = 0;
    }
    if (!alone)
        leave_message(&d->reader, rc < 0);
    return rc;
}

/* Reads the messages of the chunk at text[0 .. size). Stops at the first bad
 * one unless errors are ignored; *done says how many were read. */
static int read_chunk(json_decoder *d, lazy_rows *lazy, const uint8_t *text,
                      size_t size, const mt_span *messages, int32_t len,
                      int32_t *rows, int32_t *done)
{
    json_reader *r = &d->reader;
    const uint8_t *begin = text;
    uint32_t places;
    json_scan_result scan = json_scan(d->scanner, text, size, &r->at, &places);

    *done = 0;
    r->text = text;
    if (scan == JSON_SCAN_NOMEM)
        return MT_ENOMEM;
    for (; *done < len; ++*done) {
        int rc;

        r->begin = begin;
        r->end = begin + messages[*done].len;
        begin = r->end + 1;
        rc = read_one(d, scan == JSON_SCAN_BAD, &rows[*done]);
        if (rc == MT_ENOMEM || (rc < 0 && !d->base.lenient))
            return rc;
        d->skipped += rc < 0;
        if (lazy && rows[*done] &&
            lazy_add(lazy, (size_t)(r->begin - lazy->text.data),
                     messages[*done].len, rows[*done]) < 0)
            return MT_ENOMEM;
    }
    return 0;
}

/* A message that no scan can take. */
static int refuse_length(json_decoder *d, size_t len, int32_t *rows,
                         int32_t *done, mt_error **err)
{
    if (!d->base.lenient)
        return mt_fail(err, MT_ERECORD,
                       "a message of %zu bytes is too long: JSON documents "
                       "may have %zu bytes",
                       len, MESSAGE_MAX);
    d->skipped++;
    *rows = 0;
    ++*done;
    return 0;
}

/* Reads as many messages as make a chunk. */
static int decode_chunk(json_decoder *d, lazy_rows *lazy,
                        const mt_span *messages, int32_t len, int32_t *rows,
                        int32_t *done, mt_error **err)
{
    mt_buf *text = lazy ? &lazy->text : &d->text;
    size_t start = lazy ? text->len : 0;
    int32_t n;
    int rc;

    *done = 0;
    if (messages[0].len > MESSAGE_MAX)
        return refuse_length(d, messages[0].len, rows, done, err);
    text->len = start;
    n = load_chunk(text, messages, len);
    if (n < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    rc = read_chunk(d, lazy, text->data + start, text->len - start, messages, n,
                    rows, done);
    if (rc < 0) {
        json_report(&d->reader, rc, err);
        /* What was not read will be given again. */
        text->len = (size_t)(d->reader.begin - text->data);
        return rc == MT_ENOMEM ? rc : MT_ERECORD;
    }
    return 0;
}

/* ---- what was left for later --------------------------------------------- */

/* How many of the spans stand together in the text and make a chunk. */
static int32_t count_together(const lazy_span *spans, int32_t len)
{
    int32_t n = 1;

    while (n < len &&
           spans[n].begin == spans[n - 1].begin + spans[n - 1].len + 1 &&
           spans[n].begin - spans[0].begin < CHUNK_BYTES)
        n++;
    return n;
}

static int32_t reread(lazy_decoder *base, const lazy_rows *kept,
                      const lazy_span *spans, int32_t len, mt_error **err)
{
    json_decoder *d = (json_decoder *)base;
    json_reader *r = &d->reader;
    int32_t n = count_together(spans, len);
    const lazy_span *last = &spans[n - 1];
    uint32_t places;
    int32_t i;

    r->text = kept->text.data + spans->begin;
    if (json_scan(d->scanner, r->text,
                  last->begin + last->len + 1 - spans->begin, &r->at,
                  &places) != JSON_SCAN_OK)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (i = 0; i < n; i++) {
        int32_t rows;
        int rc;

        r->begin = kept->text.data + spans[i].begin;
        r->end = r->begin + spans[i].len;
        rc = read_one(d, false, &rows);
        if (rc < 0)
            return json_report(r, rc, err);
    }
    return n;
}

/* ---- the calls ----------------------------------------------------------- */

int json_decode(void *decoder, const mt_span *messages, int32_t len,
                mt_builder *out, int32_t *rows, int32_t *done, mt_error **err)
{
    json_decoder *d = decoder;
    lazy_rows *lazy;
    int rc = 0;

    *done = 0;
    if (lazy_bind(&d->base, out, &lazy) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    while (rc == 0 && *done < len) {
        int32_t n;

        if (lazy_bound(&d->base, out, &lazy) < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory");
        rc = decode_chunk(d, lazy, messages + *done, len - *done, rows + *done,
                          &n, err);
        *done += n;
    }
    if (d->text.cap > KEPT_BYTES_MAX)
        mt_buf_fini(&d->text);
    return rc;
}
