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
 * Columns that nobody reads are left absent: the text of the whole batch is
 * then kept in a json_lazy, with the place of each message that gave rows, and
 * when someone asks, the same walk runs again with all columns but that one
 * skipped. A decoder that finds another's lazy in the builder (key and value of
 * one table) decodes all of its columns. What a batch keeps of text is bounded:
 * past LAZY_TEXT_MAX all its columns are decoded after all.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "json.h"
#include "simd.h"

#include "../cell.h"

/* Text that is scanned at once, unless one message is longer. */
#define CHUNK_BYTES (32 * 1024)

/* The longest message; a chunk is one such, or shorter ones. */
#define MESSAGE_MAX (JSON_TEXT_MAX / 2)

/* Text that is kept for one batch, give or take a chunk. */
#define LAZY_TEXT_MAX (8 * 1024 * 1024)

/* A buffer that one long message has left larger is given back. */
#define KEPT_BYTES_MAX (4 * 1024 * 1024)

/* Counted, since a batch may outlive the source that decoded it. */
typedef struct json_decoder {
    int32_t refs; /* atomic */
    bool lenient;
    int32_t fields_len;
    mt_type *type;
    int32_t *columns;            /* in the builder, one a field */
    uint8_t *needed;             /* one a field */
    bool *seen;                  /* scratch of the walk */
    mt_column_builder **targets; /* of the present call; NULL: skipped */
    json_node layout;
    json_scanner *scanner;
    json_reader reader;
    mt_buf text; /* of the present chunk */
    int64_t skipped;
} json_decoder;

/* Messages of a batch that gave rows, in order. */
typedef struct json_span {
    size_t begin; /* in the text */
    size_t len;
    int32_t rows;
    bool gap; /* rows that were put by someone else: NULL here */
} json_span;

typedef struct json_lazy {
    mt_lazy lazy; /* first, so that one is the other */
    json_decoder *decoder;
    mt_buf text;
    mt_buf spans; /* of json_span */
    int32_t rows; /* of all spans */
    bool stays;   /* a value in it is bad, so it cannot be had earlier */
} json_lazy;

/* ---- life ----------------------------------------------------------- */

static void unref_decoder(json_decoder *d)
{
    size_t n;

    if (!d || __atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    n = (size_t)d->fields_len;
    json_layout_fini(&d->layout);
    json_scanner_free(d->scanner);
    mt_buf_fini(&d->reader.scratch);
    mt_buf_fini(&d->text);
    mt_free(d->columns, n * sizeof(*d->columns));
    mt_free(d->needed, n);
    mt_free(d->seen, n * sizeof(*d->seen));
    mt_free(d->targets, n * sizeof(*d->targets));
    mt_type_unref(d->type);
    mt_free(d, sizeof(*d));
}

void json_decoder_close(void *decoder)
{
    unref_decoder(decoder);
}

static int alloc_fields(json_decoder *d, const mt_fields *fields)
{
    size_t n = (size_t)fields->type->fields_len;

    d->columns = mt_alloc(n * sizeof(*d->columns));
    d->needed = mt_alloc(n);
    d->seen = mt_calloc(n * sizeof(*d->seen));
    d->targets = mt_calloc(n * sizeof(*d->targets));
    d->scanner = json_scanner_new();
    if (!d->columns || !d->needed || !d->seen || !d->targets || !d->scanner)
        return MT_ENOMEM;
    memcpy(d->columns, fields->columns, n * sizeof(*d->columns));
    memset(d->needed, 1, n);
    return 0;
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
    d->refs = 1;
    d->type = mt_type_ref(fields->type);
    d->fields_len = fields->type->fields_len;
    d->lenient = o->ignore_parse_errors;
    d->reader.lenient = o->ignore_parse_errors;
    d->reader.fail_on_missing = o->fail_on_missing_field;
    d->reader.separator = o->standard == JSON_ISO_8601 ? 'T' : ' ';
    rc = json_layout_init(&d->layout, d->type, err);
    if (rc == 0 && alloc_fields(d, fields) < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc < 0) {
        json_decoder_close(d);
        return rc;
    }
    *decoder = d;
    return 0;
}

/* The columns of a builder must tell how many rows there are, so one field is
 * always read: a flat one if there is any. */
static void keep_one(json_decoder *d)
{
    int32_t i;

    for (i = 0; i < d->fields_len; i++) {
        if (d->needed[i])
            return;
    }
    for (i = 0; i < d->fields_len; i++) {
        if (d->type->fields[i].type->form == MT_FORM_FIXED)
            break;
    }
    if (d->fields_len)
        d->needed[i < d->fields_len ? i : 0] = 1;
}

void json_decoder_project(void *decoder, const uint8_t *needed)
{
    json_decoder *d = decoder;
    int32_t i;

    for (i = 0; i < d->fields_len; i++) {
        /* A bad value where NULL cannot stand drops its message when errors are
         * ignored, so it has to be found while rows are still being made. */
        bool drops = d->lenient && !d->type->fields[i].type->nullable;

        d->needed[i] = needed[i] || drops;
    }
    keep_one(d);
}

int64_t json_decoder_skipped(void *decoder)
{
    json_decoder *d = decoder;
    int64_t skipped = d->skipped;

    d->skipped = 0;
    return skipped;
}

/* ---- what is left for later ---------------------------------------------- */

static int decode_lazy(mt_lazy *self, const mt_batch *batch, int32_t column,
                       mt_column_builder *out, mt_error **err);

static void free_lazy(mt_lazy *self)
{
    json_lazy *lazy = (json_lazy *)self;

    unref_decoder(lazy->decoder);
    mt_buf_fini(&lazy->text);
    mt_buf_fini(&lazy->spans);
    mt_free(lazy, sizeof(*lazy));
}

static json_lazy *new_lazy(json_decoder *d)
{
    json_lazy *lazy = mt_calloc(sizeof(*lazy));

    if (!lazy)
        return NULL;
    lazy->lazy.decode = decode_lazy;
    lazy->lazy.free = free_lazy;
    lazy->decoder = d;
    __atomic_add_fetch(&d->refs, 1, __ATOMIC_RELAXED);
    return lazy;
}

static int add_span(json_lazy *lazy, size_t begin, size_t len, int32_t rows,
                    bool gap)
{
    json_span span = {begin, len, rows, gap};

    lazy->rows += rows;
    return mt_buf_append(&lazy->spans, &span, sizeof(span));
}

/* Makes the spans cover the first `rows` rows: fewer when the connector has
 * rolled rows back, more when it put some itself. */
static int align_lazy(json_lazy *lazy, int32_t rows)
{
    json_span *spans = (json_span *)lazy->spans.data;

    while (lazy->rows > rows) {
        size_t last = lazy->spans.len / sizeof(*spans) - 1;

        lazy->rows -= spans[last].rows;
        lazy->spans.len -= sizeof(*spans);
    }
    if (lazy->rows < rows)
        return add_span(lazy, 0, 0, rows - lazy->rows, true);
    return 0;
}

/* ---- one message --------------------------------------------------------- */

/* Rows that each of the present targets holds. */
static int32_t target_rows(const json_decoder *d)
{
    int32_t i;

    for (i = 0; i < d->fields_len; i++) {
        if (d->targets[i])
            return d->targets[i]->rows;
    }
    return 0;
}

static int read_record(json_decoder *d, int32_t *rows)
{
    json_reader *r = &d->reader;

    if (r->text[*r->at] != '{')
        return json_fail_value(r, r->text + *r->at, "not an object", d->type);
    memset(d->seen, 0, (size_t)d->fields_len * sizeof(*d->seen));
    ++*rows;
    return json_read_record(r, &d->layout, d->targets, d->seen);
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
        return json_fail_value(r, p, "not an object", d->type);
    return rc;
}

static void cut_targets(json_decoder *d, int32_t rows)
{
    int32_t i;

    for (i = 0; i < d->fields_len; i++) {
        if (d->targets[i])
            cell_cut_column(d->targets[i], rows);
    }
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
    int32_t before = target_rows(d);
    int rc = alone ? scan_message(d) : 0;

    *rows = 0;
    if (rc == 0)
        rc = read_message(d, rows);
    if (MT_UNLIKELY(rc < 0)) {
        cut_targets(d, before);
        *rows = 0;
    }
    if (!alone)
        leave_message(&d->reader, rc < 0);
    return rc;
}

/* Reads the messages of the chunk at text[0 .. size). Stops at the first bad
 * one unless errors are ignored; *done says how many were read. */
static int read_chunk(json_decoder *d, json_lazy *lazy, const uint8_t *text,
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
        if (rc == MT_ENOMEM || (rc < 0 && !d->lenient))
            return rc;
        d->skipped += rc < 0;
        if (lazy && rows[*done] &&
            add_span(lazy, (size_t)(r->begin - lazy->text.data),
                     messages[*done].len, rows[*done], false) < 0)
            return MT_ENOMEM;
    }
    return 0;
}

/* A message that no scan can take. */
static int refuse_length(json_decoder *d, size_t len, int32_t *rows,
                         int32_t *done, mt_error **err)
{
    if (!d->lenient)
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
static int decode_chunk(json_decoder *d, json_lazy *lazy,
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
static int32_t count_together(const json_span *spans, int32_t len)
{
    int32_t n = 1;

    while (n < len && !spans[n].gap &&
           spans[n].begin == spans[n - 1].begin + spans[n - 1].len + 1 &&
           spans[n].begin - spans[0].begin < CHUNK_BYTES)
        n++;
    return n;
}

/* Reads the spans, which stand together, once more. */
static int reread_spans(json_decoder *d, const json_lazy *lazy,
                        const json_span *spans, int32_t n, mt_error **err)
{
    json_reader *r = &d->reader;
    const json_span *last = &spans[n - 1];
    uint32_t places;
    int32_t i;

    r->text = lazy->text.data + spans->begin;
    if (json_scan(d->scanner, r->text,
                  last->begin + last->len + 1 - spans->begin, &r->at,
                  &places) != JSON_SCAN_OK)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (i = 0; i < n; i++) {
        int32_t rows;
        int rc;

        r->begin = lazy->text.data + spans[i].begin;
        r->end = r->begin + spans[i].len;
        rc = read_one(d, false, &rows);
        if (rc < 0)
            return json_report(r, rc, err);
    }
    return 0;
}

/* Rows that the connector put by itself have no text. */
static int put_gap(mt_column_builder *out, int32_t rows)
{
    while (rows-- > 0) {
        if (mt_put_null(out) < 0)
            return MT_ENOMEM;
    }
    return 0;
}

/* Puts the first `rows` rows of a field into `out`. */
static int read_field(json_decoder *d, const json_lazy *lazy, int32_t field,
                      mt_column_builder *out, int32_t rows, mt_error **err)
{
    const json_span *spans = (const json_span *)lazy->spans.data;
    int32_t len = (int32_t)(lazy->spans.len / sizeof(*spans));
    int32_t i;
    int rc = 0;

    for (i = 0; i < d->fields_len; i++)
        d->targets[i] = i == field ? out : NULL;
    for (i = 0; rc == 0 && i < len && out->rows < rows;) {
        int32_t n = spans[i].gap ? 1 : count_together(spans + i, len - i);

        if (spans[i].gap)
            rc = put_gap(out, spans[i].rows);
        else
            rc = reread_spans(d, lazy, spans + i, n, err);
        i += n;
    }
    if (rc == 0)
        rc = put_gap(out, rows - out->rows);
    /* Rows rolled back after they were read are of no batch. */
    cell_cut_column(out, rc < 0 ? 0 : rows);
    return rc;
}

static int decode_lazy(mt_lazy *self, const mt_batch *batch, int32_t column,
                       mt_column_builder *out, mt_error **err)
{
    json_lazy *lazy = (json_lazy *)self;
    json_decoder *d = lazy->decoder;
    int32_t field = 0;
    int rc;

    while (d->columns[field] != column)
        field++;
    rc = read_field(d, lazy, field, out, batch->rows, err);
    if (rc == MT_ENOMEM && err && !*err)
        mt_fail(err, MT_ENOMEM, "out of memory");
    return rc;
}

/* Decodes now what was left for later, and leaves nothing more so. But a value
 * that cannot be read is nobody's error until someone asks for it: then all
 * stays as it was. */
static int settle_lazy(json_decoder *d, json_lazy *lazy, mt_builder *out)
{
    int rc = 0;
    int32_t i;

    for (i = 0; rc == 0 && i < d->fields_len; i++) {
        mt_column_builder *c = &out->columns[d->columns[i]];

        if (c->skipped)
            rc = read_field(d, lazy, i, c, lazy->rows, NULL);
    }
    for (i = 0; i < d->fields_len; i++) {
        mt_column_builder *c = &out->columns[d->columns[i]];

        if (c->skipped && rc < 0)
            cell_cut_column(c, 0);
        else
            c->skipped = 0;
    }
    lazy->stays = rc == MT_ERECORD;
    if (rc == 0) {
        out->lazy = NULL;
        free_lazy(&lazy->lazy);
    }
    return rc == MT_ERECORD ? 0 : rc;
}

/* ---- the calls ----------------------------------------------------------- */

/* Decides at a batch's first row which columns it goes without. */
static int start_batch(json_decoder *d, mt_builder *out)
{
    json_lazy *lazy = NULL;
    int32_t i;

    for (i = 0; i < d->fields_len && !out->lazy; i++) {
        if (!d->needed[i] && !lazy && !(lazy = new_lazy(d)))
            return MT_ENOMEM;
    }
    for (i = 0; i < d->fields_len; i++)
        out->columns[d->columns[i]].skipped = lazy && !d->needed[i];
    if (lazy)
        out->lazy = &lazy->lazy;
    return 0;
}

/* Points the targets at the builder's columns and finds our lazy in it. */
static int bind_builder(json_decoder *d, mt_builder *out, json_lazy **lazy)
{
    bool ours = out->lazy && out->lazy->decode == decode_lazy &&
                ((json_lazy *)out->lazy)->decoder == d;
    int32_t rows = 0;
    int32_t i;

    for (i = 0; i < d->fields_len; i++) {
        if (out->columns[d->columns[i]].rows > rows)
            rows = out->columns[d->columns[i]].rows;
    }
    if (!ours && rows == 0) {
        if (start_batch(d, out) < 0)
            return MT_ENOMEM;
        ours = out->lazy && ((json_lazy *)out->lazy)->decoder == d;
    }
    for (i = 0; i < d->fields_len; i++) {
        mt_column_builder *c = &out->columns[d->columns[i]];

        d->targets[i] = c->skipped ? NULL : c;
    }
    *lazy = ours ? (json_lazy *)out->lazy : NULL;
    return ours ? align_lazy(*lazy, rows) : 0;
}

/* Whether so much text is kept that it must be dealt with. */
static bool holds_much(const json_lazy *lazy)
{
    return lazy && lazy->text.len > LAZY_TEXT_MAX && !lazy->stays;
}

int json_decode(void *decoder, const mt_span *messages, int32_t len,
                mt_builder *out, int32_t *rows, int32_t *done, mt_error **err)
{
    json_decoder *d = decoder;
    json_lazy *lazy;
    int rc = 0;

    *done = 0;
    if (bind_builder(d, out, &lazy) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    while (rc == 0 && *done < len) {
        int32_t n;

        if (MT_UNLIKELY(holds_much(lazy)) &&
            (settle_lazy(d, lazy, out) < 0 || bind_builder(d, out, &lazy) < 0))
            return mt_fail(err, MT_ENOMEM, "out of memory");
        rc = decode_chunk(d, lazy, messages + *done, len - *done, rows + *done,
                          &n, err);
        *done += n;
    }
    if (d->text.cap > KEPT_BYTES_MAX)
        mt_buf_fini(&d->text);
    return rc;
}
