/* split.h - a text into records and cells.
 *
 * A record ends at a line feed, a carriage return or both, outside of quotes.
 * The splitter keeps no state between records, so that a message (one record)
 * and a file (record after record) use the same calls. Threads: none, any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_CSV_SPLIT_H
#define MT_CSV_SPLIT_H

#include "moontide_plugin.h"

/* How a text is to be read. Quote and escape are bytes of ASCII; -1 is none. */
typedef struct csv_dialect {
    uint8_t delimiter[4]; /* one character, as UTF-8 */
    size_t delimiter_len;
    int quote;
    int escape;
    bool comments; /* lines that begin with '#' are none */
} csv_dialect;

/* One cell. `text` is as it stands between its quotes; with `escaped`,
 * csv_unescape makes the value of it. */
typedef struct csv_cell {
    const char *text;
    size_t len;
    bool quoted;
    bool escaped;
} csv_cell;

/* Why a record was refused. */
typedef struct csv_problem {
    const uint8_t *where;
    const char *why;
} csv_problem;

/* True when a delimiter begins at `p`, which is before `end`. */
static inline bool csv_at_delimiter(const csv_dialect *d, const uint8_t *p,
                                    const uint8_t *end)
{
    return *p == d->delimiter[0] &&
           (d->delimiter_len == 1 ||
            ((size_t)(end - p) >= d->delimiter_len &&
             memcmp(p, d->delimiter, d->delimiter_len) == 0));
}

/* Splits the record at `p`: the first cells_max cells into `cells`, the number
 * of all of them into *cells_len. Returns where the next record begins (at most
 * `end`), NULL with *problem. A record that ends with the text, without a line
 * break, is whole if its quotes are closed. */
const uint8_t *csv_next_record(const csv_dialect *d, const uint8_t *p,
                               const uint8_t *end, csv_cell *cells,
                               int32_t cells_max, int32_t *cells_len,
                               csv_problem *problem);

/* True when the line at `p` is a comment; *next is the line after it. */
bool csv_skip_comment(const csv_dialect *d, const uint8_t *p,
                      const uint8_t *end, const uint8_t **next);

/* Writes the value of an escaped cell to `out`, in place of what it held. 0 or
 * MT_ENOMEM. */
int csv_unescape(const csv_dialect *d, const csv_cell *cell, mt_buf *out);

#endif
