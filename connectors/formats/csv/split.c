/* split.c - a text into records and cells, as RFC 4180 and Jackson have it.
 *
 * A cell that begins with a quote goes on to the next single one; blanks may
 * follow it, nothing else. In any other cell a quote is a letter like others.
 * Doubled quotes, and what an escape character precedes, are left as they are
 * and marked: most cells have neither and are used where they stand.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "split.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static bool is_line_break(uint8_t c)
{
    return c == '\n' || c == '\r';
}

/* Behind the line break at `p`. */
static const uint8_t *skip_line_break(const uint8_t *p, const uint8_t *end)
{
    return p + (p + 1 < end && p[0] == '\r' && p[1] == '\n' ? 2 : 1);
}

/* The first byte from `p` on that is a delimiter's first, a line break or an
 * escape; or `end`. */
static const uint8_t *find_special(const csv_dialect *d, const uint8_t *p,
                                   const uint8_t *end)
{
    int escape = d->escape < 0 ? '\n' : d->escape;
#ifdef __SSE2__
    const __m128i a = _mm_set1_epi8((char)d->delimiter[0]);
    const __m128i b = _mm_set1_epi8((char)escape);
    const __m128i lf = _mm_set1_epi8('\n');
    const __m128i cr = _mm_set1_epi8('\r');

    for (; end - p >= 16; p += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)p);
        __m128i found = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(bytes, a), _mm_cmpeq_epi8(bytes, b)),
            _mm_or_si128(_mm_cmpeq_epi8(bytes, lf), _mm_cmpeq_epi8(bytes, cr)));
        unsigned mask = (unsigned)_mm_movemask_epi8(found);

        if (mask)
            return p + __builtin_ctz(mask);
    }
#endif
    while (p < end && *p != d->delimiter[0] && *p != escape &&
           !is_line_break(*p))
        p++;
    return p;
}

/* Reads the plain cell at `p`; returns where it ends. */
static const uint8_t *plain_cell(const csv_dialect *d, const uint8_t *p,
                                 const uint8_t *end, csv_cell *cell,
                                 csv_problem *problem)
{
    const uint8_t *start = p;

    for (;;) {
        p = find_special(d, p, end);
        if (p == end || is_line_break(*p) || csv_at_delimiter(d, p, end))
            break;
        if (*p != d->escape) { /* another character that begins so */
            p++;
            continue;
        }
        if (p + 1 == end) {
            problem->where = p;
            problem->why = "an escape character with nothing behind it";
            return NULL;
        }
        cell->escaped = true;
        p += 2;
    }
    cell->text = (const char *)start;
    cell->len = (size_t)(p - start);
    return p;
}

/* Reads the cell whose opening quote is at `p`; returns where the delimiter or
 * line break behind it is. */
static const uint8_t *quoted_cell(const csv_dialect *d, const uint8_t *p,
                                  const uint8_t *end, csv_cell *cell,
                                  csv_problem *problem)
{
    const uint8_t *start = p++;

    for (; p < end; p++) {
        if (*p == d->escape && p + 1 < end) {
            cell->escaped = true;
            p++;
        } else if (*p == d->quote) {
            if (p + 1 == end || p[1] != d->quote)
                break;
            cell->escaped = true;
            p++;
        }
    }
    problem->where = start;
    problem->why = "a quote that is not closed";
    if (p >= end)
        return NULL;
    cell->quoted = true;
    cell->text = (const char *)start + 1;
    cell->len = (size_t)(p - start) - 1;
    for (p++; p < end && !csv_at_delimiter(d, p, end) && !is_line_break(*p);
         p++) {
        if (*p > ' ') {
            problem->where = p;
            problem->why = "something behind the closing quote";
            return NULL;
        }
    }
    return p;
}

const uint8_t *csv_next_record(const csv_dialect *d, const uint8_t *p,
                               const uint8_t *end, csv_cell *cells,
                               int32_t cells_max, int32_t *cells_len,
                               csv_problem *problem)
{
    for (*cells_len = 0;; p += d->delimiter_len) {
        csv_cell cell = {NULL, 0, false, false};

        if (p < end && *p == d->quote)
            p = quoted_cell(d, p, end, &cell, problem);
        else
            p = plain_cell(d, p, end, &cell, problem);
        if (!p)
            return NULL;
        if (*cells_len < cells_max)
            cells[*cells_len] = cell;
        ++*cells_len;
        if (p == end)
            return end;
        if (is_line_break(*p))
            return skip_line_break(p, end);
    }
}

bool csv_skip_comment(const csv_dialect *d, const uint8_t *p,
                      const uint8_t *end, const uint8_t **next)
{
    if (!d->comments || p == end || *p != '#')
        return false;
    while (p < end && !is_line_break(*p))
        p++;
    *next = p == end ? end : skip_line_break(p, end);
    return true;
}

/* What an escape character and a letter stand for, as Jackson has it. */
static uint8_t escaped_letter(uint8_t c)
{
    switch (c) {
    case '0':
        return '\0';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

int csv_unescape(const csv_dialect *d, const csv_cell *cell, mt_buf *out)
{
    const uint8_t *p = (const uint8_t *)cell->text;
    const uint8_t *end = p + cell->len;

    out->len = 0;
    if (mt_buf_reserve(out, cell->len) < 0)
        return MT_ENOMEM;
    for (; p < end; p++) {
        uint8_t c = *p;

        if (c == d->escape && p + 1 < end)
            c = escaped_letter(*++p);
        else if (cell->quoted && c == d->quote)
            p++; /* the second of two */
        out->data[out->len++] = c;
    }
    return 0;
}
