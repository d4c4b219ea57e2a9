/* lines.c - blocks into records.
 *
 * The block holds data[at .. len), whose first byte is at `offset` of the file:
 *
 *        at                           len          cap
 *     ----|====rec====|====rec====|==rec|-----------|
 *
 * Records are found one by one by the next line feed; where quotes count, by
 * the next line feed or quote, so that a line without any costs the same scan.
 * Only a line with a quote or an escape is walked cell by cell, by the same
 * rules as the CSV format has. When only a piece of a record is left it moves
 * to the front and the block is filled up; one that fills the whole block makes
 * it twice as large.
 *
 * A range that starts inside the file starts one byte early and drops the rest
 * of that line: so a record that begins right at `from` is its own.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { BLOCK = 1 << 20 };

struct fs_lines {
    fs_input *in;
    fs_rules rules;
    uint8_t *data;
    size_t cap;
    size_t at;
    size_t len;
    int64_t offset; /* of data[0] in the file */
    int64_t start;  /* what it was at first */
    int64_t before; /* line feeds before that; -1: not counted yet */
    int64_t passed; /* line feeds between there and data[counted] */
    size_t counted;
    int64_t to;
    bool end; /* the file has been read to its end */
    bool done;
};

/* ---- finding ends -------------------------------------------------------- */

/* The first byte that is a line feed, `a` or `b`, or `end`. */
static const uint8_t *find_any(const uint8_t *p, const uint8_t *end, int a,
                               int b)
{
    uint8_t x = a < 0 ? '\n' : (uint8_t)a, y = b < 0 ? '\n' : (uint8_t)b;
#ifdef __SSE2__
    const __m128i lf = _mm_set1_epi8('\n');
    const __m128i xs = _mm_set1_epi8((char)x), ys = _mm_set1_epi8((char)y);

    for (; end - p >= 16; p += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)p);
        __m128i found = _mm_or_si128(
            _mm_cmpeq_epi8(bytes, lf),
            _mm_or_si128(_mm_cmpeq_epi8(bytes, xs), _mm_cmpeq_epi8(bytes, ys)));
        unsigned mask = (unsigned)_mm_movemask_epi8(found);

        if (mask)
            return p + __builtin_ctz(mask);
    }
#endif
    while (p < end && *p != '\n' && *p != x && *p != y)
        p++;
    return p;
}

/* Behind the closing quote of the cell whose opening one is at `p`; NULL when
 * it isn't there. */
static const uint8_t *skip_quoted(const fs_rules *r, const uint8_t *p,
                                  const uint8_t *end)
{
    for (p++; p < end; p++) {
        if (*p == r->escape) {
            p++;
        } else if (*p == r->quote) {
            if (p + 1 == end)
                return NULL; /* perhaps the first of two */
            if (p[1] != r->quote)
                return p + 1;
            p++;
        }
    }
    return NULL;
}

static bool at_delimiter(const fs_rules *r, const uint8_t *p,
                         const uint8_t *end)
{
    return (size_t)(end - p) >= r->delimiter_len &&
           memcmp(p, r->delimiter, r->delimiter_len) == 0;
}

/* The delimiter or line feed behind the cell, or rest of one, at `p`; NULL when
 * it isn't there. */
static const uint8_t *skip_plain(const fs_rules *r, const uint8_t *p,
                                 const uint8_t *end)
{
    while (p < end) {
        p = find_any(p, end, r->delimiter[0], r->escape);
        if (p == end || *p == '\n' || at_delimiter(r, p, end))
            break;
        if (*p == r->escape)
            p++;
        p++; /* or another character that begins as the delimiter does */
    }
    return p < end ? p : NULL;
}

/* The line feed that ends the record at `p`, walked cell by cell; NULL when it
 * isn't there. */
static const uint8_t *walk_record(const fs_rules *r, const uint8_t *p,
                                  const uint8_t *end)
{
    while (p < end) {
        if (*p == r->quote && !(p = skip_quoted(r, p, end)))
            return NULL;
        if (!(p = skip_plain(r, p, end)) || *p == '\n')
            return p;
        p += r->delimiter_len;
    }
    return NULL;
}

/* The line feed that ends the record at `p`, or NULL. */
static const uint8_t *find_end(const fs_rules *r, const uint8_t *p,
                               const uint8_t *end)
{
    const uint8_t *q;

    if ((r->quote < 0 && r->escape < 0) || (r->comments && *p == '#'))
        return memchr(p, '\n', (size_t)(end - p));
    q = find_any(p, end, r->quote, r->escape);
    if (q == end)
        return NULL;
    return *q == '\n' ? q : walk_record(r, p, end);
}

/* ---- counting lines ------------------------------------------------------ */

/* Whole blocks are counted as they pass, so this must cost next to nothing. */
static int64_t count_feeds(const uint8_t *p, size_t len)
{
    const uint8_t *end = p + len;
    int64_t n = 0;
#ifdef __SSE2__
    const __m128i lf = _mm_set1_epi8('\n'), zero = _mm_setzero_si128();

    while (end - p >= 16) {
        /* A byte counts to 255. */
        const uint8_t *stop =
            end - p < 255 * 16 ? p + (end - p) / 16 * 16 : p + 255 * 16;
        __m128i sums = zero;

        for (; p < stop; p += 16)
            sums = _mm_sub_epi8(
                sums, _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)p), lf));
        sums = _mm_sad_epu8(sums, zero);
        n += _mm_cvtsi128_si64(sums) +
             _mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums));
    }
#endif
    while (p < end)
        n += *p++ == '\n';
    return n;
}

/* Line feeds in the first bytes of a file that isn't compressed; -1 when it
 * can't be read any more. */
static int64_t count_before(const char *path, int64_t offset)
{
    fs_input *in = fs_input_open(path, 0, NULL);
    uint8_t *block = mt_alloc(BLOCK);
    int64_t n = 0;
    size_t got = 1;

    while (in && block && offset > 0 && got) {
        if (fs_input_read(in, block, BLOCK, &got, NULL) < 0)
            got = 0;
        if ((int64_t)got > offset)
            got = (size_t)offset;
        n += count_feeds(block, got);
        offset -= (int64_t)got;
    }
    mt_free(block, BLOCK);
    fs_input_close(in);
    return offset > 0 ? -1 : n;
}

/* Counts on to data[to]. */
static void count_to(fs_lines *l, size_t to)
{
    if (to < l->counted)
        l->passed -= count_feeds(l->data + to, l->counted - to);
    else
        l->passed += count_feeds(l->data + l->counted, to - l->counted);
    l->counted = to;
}

int64_t fs_lines_line(fs_lines *l, const mt_span *span)
{
    if (l->before < 0)
        l->before = count_before(fs_input_path(l->in), l->start);
    count_to(l, (size_t)(span->data - l->data));
    return l->before < 0 ? 0 : l->before + l->passed + 1;
}

/* ---- the block ----------------------------------------------------------- */

static int grow(fs_lines *l, mt_error **err)
{
    uint8_t *data;

    if (l->cap >= FS_RECORD_MAX)
        return mt_fail(err, MT_EIO,
                       "file '%s' has a record of more than %d MiB at byte "
                       "%lld%s",
                       fs_input_path(l->in), FS_RECORD_MAX >> 20,
                       (long long)fs_lines_next(l),
                       l->rules.quote >= 0 ? "; a quote that is not closed?"
                                           : "");
    data = mt_realloc(l->data, l->cap, l->cap * 2);
    if (!data)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    l->data = data;
    l->cap *= 2;
    return 0;
}

/* Reads on behind what is left, which moves to the front. */
static int fill(fs_lines *l, mt_error **err)
{
    size_t got;
    int rc;

    if (l->at) {
        count_to(l, l->at);
        l->counted = 0;
        memmove(l->data, l->data + l->at, l->len - l->at);
        l->offset += (int64_t)l->at;
        l->len -= l->at;
        l->at = 0;
    }
    if (l->len == l->cap && (rc = grow(l, err)) < 0)
        return rc;
    rc = fs_input_read(l->in, l->data + l->len, l->cap - l->len, &got, err);
    if (rc < 0)
        return rc;
    l->len += got;
    l->end = got == 0;
    return 0;
}

/* ---- where records begin ------------------------------------------------- */

/* Drops the rest of the line that the block begins in. */
static int skip_line(fs_lines *l, mt_error **err)
{
    const uint8_t *lf;
    int rc;

    for (;;) {
        lf = memchr(l->data + l->at, '\n', l->len - l->at);
        l->at = lf ? (size_t)(lf - l->data) + 1 : l->len;
        if (lf || l->end)
            return 0;
        if ((rc = fill(l, err)) < 0)
            return rc;
    }
}

/* Reads to byte `from` of the plain bytes. */
static int skip_bytes(fs_lines *l, int64_t from, mt_error **err)
{
    int rc = 0;

    while (rc == 0 && !l->end && l->offset + (int64_t)l->len <= from) {
        l->at = l->len;
        rc = fill(l, err);
    }
    if (l->offset + (int64_t)l->len >= from)
        l->at = (size_t)(from - l->offset);
    return rc;
}

/* A byte order mark is no part of the first record. */
static int skip_mark(fs_lines *l, mt_error **err)
{
    int rc = 0;

    while (rc == 0 && l->len < 3 && !l->end)
        rc = fill(l, err);
    if (l->len >= 3 && memcmp(l->data, "\xEF\xBB\xBF", 3) == 0)
        l->at = 3;
    return rc;
}

static int begin(fs_lines *l, int64_t from, bool exact, mt_error **err)
{
    bool packed = fs_compression_of(fs_input_path(l->in)) != FS_PLAIN;

    if (from == 0)
        return skip_mark(l, err);
    if (packed)
        return skip_bytes(l, from, err);
    return exact ? 0 : skip_line(l, err);
}

fs_lines *fs_lines_open(const char *path, int64_t from, int64_t to, bool exact,
                        const fs_rules *rules, mt_error **err)
{
    bool packed = fs_compression_of(path) != FS_PLAIN;
    fs_lines *l = mt_calloc(sizeof(*l));

    if (!l || !(l->data = mt_alloc(BLOCK))) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        fs_lines_close(l);
        return NULL;
    }
    l->cap = BLOCK;
    l->rules = *rules;
    l->to = to;
    if (!packed && from)
        l->start = exact ? from : from - 1;
    l->before = l->start ? -1 : 0;
    l->offset = l->start;
    l->in = fs_input_open(path, l->start, err);
    if (!l->in || begin(l, from, exact, err) < 0) {
        fs_lines_close(l);
        return NULL;
    }
    return l;
}

void fs_lines_close(fs_lines *l)
{
    if (!l)
        return;
    fs_input_close(l->in);
    mt_free(l->data, l->cap);
    mt_free(l, sizeof(*l));
}

/* ---- taking records ------------------------------------------------------ */

static mt_span without_return(const uint8_t *p, const uint8_t *end)
{
    return (mt_span){p, (size_t)(end - p) - (end > p && end[-1] == '\r')};
}

/* Takes the records whose line feed is in the block. */
static void take_whole(fs_lines *l, mt_span *spans, int32_t max, int32_t *len)
{
    const uint8_t *p = l->data + l->at, *end = l->data + l->len, *lf;
    const uint8_t *stop = l->to - l->offset < (int64_t)l->len
                              ? l->data + (l->to - l->offset)
                              : end;

    while (*len < max && p < stop && (lf = find_end(&l->rules, p, end))) {
        spans[(*len)++] = without_return(p, lf);
        p = lf + 1;
    }
    l->at = (size_t)(p - l->data);
    l->done = fs_lines_next(l) >= l->to;
}

int fs_lines_take(fs_lines *l, mt_span *spans, int32_t max, int32_t *len,
                  mt_error **err)
{
    int rc = 0;

    for (*len = 0; rc == 0 && !l->done && *len == 0;) {
        take_whole(l, spans, max, len);
        if (*len || l->done)
            break;
        if (!l->end) {
            rc = fill(l, err);
            continue;
        }
        if (l->at < l->len) /* the last one, without a line end */
            spans[(*len)++] = without_return(l->data + l->at, l->data + l->len);
        l->at = l->len;
        l->done = true;
    }
    return rc;
}

int64_t fs_lines_offset(const fs_lines *l, const mt_span *span)
{
    return l->offset + (span->data - l->data);
}

int64_t fs_lines_next(const fs_lines *l)
{
    return l->offset + (int64_t)l->at;
}

int64_t fs_lines_read(const fs_lines *l)
{
    return fs_input_raw(l->in);
}
