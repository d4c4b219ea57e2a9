/* csv_twin.c - the twin of jobs/csv.lua: lines of CSV (id BIGINT, name STRING,
 * amount INT) out of a file, quotes minded and texts checked to be UTF-8; the
 * amount doubled by an indirect call a row; lines of CSV into a file, quoted
 * where they must be. The file is made durable at the end, as the sink does.
 *
 *     csv_twin FILE OUT
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

enum { BLOCK = 1 << 20, LINE_MAX_BYTES = 4096 };

typedef int64_t (*map_fn)(int64_t);

static int64_t twice(int64_t x)
{
    return x * 2;
}

/* Read at run time, so that the compiler cannot see through the call. */
static volatile map_fn the_map = twice;

typedef struct cell {
    const char *text;
    size_t len;
    bool escaped; /* has doubled quotes */
} cell;

static char in[BLOCK + LINE_MAX_BYTES], out[BLOCK + LINE_MAX_BYTES];
static char scratch[LINE_MAX_BYTES];

/* The cell at `p`; returns the delimiter or line feed behind it, NULL when the
 * block ends before. */
static const char *next_cell(const char *p, const char *end, cell *c)
{
    c->escaped = false;
    if (p < end && *p == '"') {
        for (c->text = ++p; p < end; p++) {
            if (*p != '"')
                continue;
            if (p + 1 < end && p[1] == '"') {
                c->escaped = true;
                p++;
                continue;
            }
            break;
        }
        if (p >= end)
            return NULL;
        c->len = (size_t)(p++ - c->text);
        return p < end ? p : NULL;
    }
    for (c->text = p; p < end && *p != ',' && *p != '\n'; p++)
        ;
    c->len = (size_t)(p - c->text);
    return p < end ? p : NULL;
}

/* Whole numbers of at most 18 digits. */
static bool read_number(const cell *c, int64_t *value)
{
    const char *p = c->text, *end = p + c->len;
    bool minus = p < end && *p == '-';
    int64_t n = 0;

    p += minus;
    if (p == end || end - p > 18)
        return false;
    for (; p < end; p++) {
        if (*p < '0' || *p > '9')
            return false;
        n = n * 10 + (*p - '0');
    }
    *value = minus ? -n : n;
    return true;
}

static char *put_number(char *p, int64_t n)
{
    char digits[24];
    size_t len = 0;
    uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

    do {
        digits[sizeof(digits) - ++len] = (char)('0' + u % 10);
    } while ((u /= 10) > 0);
    if (n < 0)
        digits[sizeof(digits) - ++len] = '-';
    memcpy(p, digits + sizeof(digits) - len, len);
    return p + len;
}

static bool is_utf8(const unsigned char *p, const unsigned char *end)
{
    int more;

    while (p < end) {
        if (*p < 0x80) {
            p++;
            continue;
        }
        more = *p >= 0xF0 ? 3 : *p >= 0xE0 ? 2 : *p >= 0xC2 ? 1 : 4;
        if (more > 3 || end - p <= more)
            return false;
        for (p++; more > 0; more--) {
            if ((*p++ & 0xC0) != 0x80)
                return false;
        }
    }
    return true;
}

static char *put_text(char *p, const char *text, size_t len)
{
    bool quoted = len && (text[0] <= ' ' || text[len - 1] <= ' ');
    size_t i;

    for (i = 0; i < len && !quoted; i++)
        quoted = text[i] == ',' || text[i] == '"' || text[i] == '\n' ||
                 text[i] == '\r';
    if (!quoted) {
        memcpy(p, text, len);
        return p + len;
    }
    *p++ = '"';
    for (i = 0; i < len; i++) {
        if (text[i] == '"')
            *p++ = '"';
        *p++ = text[i];
    }
    *p++ = '"';
    return p;
}

/* One line; returns behind it, NULL when it is not whole. */
static const char *do_line(const char *p, const char *end, map_fn map,
                           char **to)
{
    cell cells[3];
    int64_t id, amount;
    size_t i, len = 0;

    for (i = 0; i < 3; i++) {
        if (!(p = next_cell(p, end, &cells[i])))
            return NULL;
        if (*p++ != (i < 2 ? ',' : '\n'))
            exit(3);
    }
    if (!read_number(&cells[0], &id) || !read_number(&cells[2], &amount) ||
        !is_utf8((const unsigned char *)cells[1].text,
                 (const unsigned char *)cells[1].text + cells[1].len))
        exit(3);
    if (cells[1].escaped) {
        for (i = 0; i < cells[1].len; i++) {
            scratch[len++] = cells[1].text[i];
            i += cells[1].text[i] == '"';
        }
        cells[1].text = scratch;
        cells[1].len = len;
    }
    *to = put_number(*to, id);
    *(*to)++ = ',';
    *to = put_text(*to, cells[1].text, cells[1].len);
    *(*to)++ = ',';
    *to = put_number(*to, map(amount));
    *(*to)++ = '\n';
    return p;
}

int main(int argc, char **argv)
{
    bench_clock began = bench_start();
    int from = argc > 2 ? open(argv[1], O_RDONLY) : -1;
    int to = argc > 2 ? open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;
    map_fn map = the_map;
    size_t left = 0;
    int64_t records = 0;
    char *o = out;
    ssize_t n;

    if (from < 0 || to < 0)
        return 2;
    while ((n = read(from, in + left, BLOCK - left)) > 0) {
        const char *p = in, *end = in + left + n, *next;

        while ((next = do_line(p, end, map, &o))) {
            p = next;
            records++;
            if (o - out >= BLOCK) {
                if (write(to, out, (size_t)(o - out)) < 0)
                    return 2;
                o = out;
            }
        }
        left = (size_t)(end - p);
        memmove(in, p, left);
    }
    if (write(to, out, (size_t)(o - out)) < 0 || fdatasync(to) < 0)
        return 2;
    bench_end(began, records);
    return 0;
}
