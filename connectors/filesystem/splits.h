/* splits.h - which subtask reads which file, or piece of one.
 *
 * The subtasks of one source share a list: whoever comes first looks at the
 * folders, gives every piece an owner, and the others find it there. So they
 * agree although files come and go meanwhile. Pieces are handed out by size:
 * each goes to the subtask that has been given the least.
 *
 * thread: any; the list has a lock of its own. Pieces are never changed or
 * freed while the list lives.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FILESYSTEM_SPLITS_H
#define MT_FILESYSTEM_SPLITS_H

#include "options.h"
#include "path.h"

typedef struct fs_split {
    fs_file file; /* its texts are the list's */
    int64_t from;
    int64_t to; /* INT64_MAX: to the end */
    int32_t owner;
} fs_split;

typedef struct fs_splits fs_splits;

/* The list of all sources with these options, which are one job's: opened, or
 * shared with the subtasks that have it open. With the first look at the
 * folders. Returns owned, NULL with err. */
fs_splits *fs_splits_open(const fs_options *options, const mt_table *table,
                          int32_t subtasks, mt_error **err);
void fs_splits_close(fs_splits *s); /* NULL is fine */

/* Looks for new files if the last look was at least the monitor's interval ago;
 * *next_ms is when that will be again (INT64_MAX: never). */
int fs_splits_look(fs_splits *s, int64_t now_ms, int64_t *next_ms,
                   mt_error **err);
/* The next piece of `subtask` at place *at or behind it, which is moved on; NULL
 * when there is none yet. Borrowed until the list is closed. */
const fs_split *fs_splits_next(fs_splits *s, int32_t subtask, int32_t *at);

#endif
