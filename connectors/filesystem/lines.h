/* lines.h - a file, or a range of it, as records that end at line feeds.
 *
 * Records are handed out as spans into one block that is read ahead: no record
 * is copied but the one across the end of the block. Threads: one task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FILESYSTEM_LINES_H
#define MT_FILESYSTEM_LINES_H

#include "input.h"

/* A record that is longer fails: the bound of the block. */
#define FS_RECORD_MAX (128 << 20)

/* When a line feed is none: within quotes, behind an escape character. Both are
 * bytes of ASCII; -1 is none. With both -1 every line feed ends a record, and
 * the others don't matter. */
typedef struct fs_rules {
    int quote;
    int escape;
    uint8_t delimiter[4]; /* one character, as UTF-8 */
    size_t delimiter_len;
    bool comments; /* records that begin with '#' have neither */
} fs_rules;

typedef struct fs_lines fs_lines;

/* The records of `path` that begin at `from` or behind it and before `to`
 * (INT64_MAX: all that there are). With `from` above 0, and unless `exact`,
 * the record that `from` lies in is left to whoever reads what is before; both
 * only for files that are not compressed. Returns owned, NULL with err. */
fs_lines *fs_lines_open(const char *path, int64_t from, int64_t to, bool exact,
                        const fs_rules *rules, mt_error **err);
/* Up to `max` records, without their line ends (LF or CR LF); *len is 0 only
 * at the end. The spans are borrowed until the next call. At most about 1 MiB,
 * unless a single record is longer. */
int fs_lines_take(fs_lines *l, mt_span *spans, int32_t max, int32_t *len,
                  mt_error **err);
/* Where the file has a span that the last call gave: its byte, from 0, and its
 * line, from 1 (0: it can't be told). The line costs a look at the file when it
 * is first asked for in a range that starts inside of it. */
int64_t fs_lines_offset(const fs_lines *l, const mt_span *span);
int64_t fs_lines_line(fs_lines *l, const mt_span *span);
/* Where the next record begins. */
int64_t fs_lines_next(const fs_lines *l);
/* Bytes that have been read. */
int64_t fs_lines_read(const fs_lines *l);
void fs_lines_close(fs_lines *l); /* NULL is fine */

#endif
