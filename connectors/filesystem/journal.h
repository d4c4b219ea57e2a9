/* journal.h - what is safe of a subtask's in-progress files, on disk.
 *
 * A checkpoint may be complete while files that it covers are still
 * in-progress; sources then go on behind them. Should the process be killed,
 * the next sink that opens the folder finishes those files from the journal:
 * a hidden file of the subtask, locked while the subtask lives.
 *
 * Threads: one task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FILESYSTEM_JOURNAL_H
#define MT_FILESYSTEM_JOURNAL_H

#include "part.h"

typedef struct fs_journal {
    char *path;
    int fd;      /* locked; -1: there is none */
    mt_buf text; /* what is in it */
} fs_journal;

/* `id` and the subtask make its name. Nothing is written yet. */
int fs_journal_init(fs_journal *j, const char *base, const char *id,
                    int32_t subtask, mt_error **err);
/* Writes the bytes in its place, durable; an empty text removes it. */
int fs_journal_write(fs_journal *j, const mt_buf *text, mt_error **err);
/* Appends the line of a part to such a text. 0 or MT_ENOMEM. */
int fs_journal_line(mt_buf *text, const fs_part *p);
void fs_journal_fini(fs_journal *j); /* removes it */

/* Finishes what dead subtasks have left in the folder. */
int fs_journal_recover(const char *base, mt_error **err);

#endif
