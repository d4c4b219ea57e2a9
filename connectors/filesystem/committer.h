/* committer.h - what the subtasks of one sink decide together: the job's id,
 * which partitions are complete, what an INSERT OVERWRITE replaces.
 *
 * A partition is complete when its time has come (or the input has ended) and
 * no subtask has a file of it that the checkpoint leaves in-progress. The last
 * subtask to report a checkpoint looks.
 *
 * thread: any; there is a lock inside.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FILESYSTEM_COMMITTER_H
#define MT_FILESYSTEM_COMMITTER_H

#include "options.h"
#include "part.h"
#include "partition.h"

#define FS_ID_LEN 36

typedef struct fs_committer fs_committer;

/* The one of all sinks with these options, which are one job's. The first makes
 * the folder and finishes what dead runs have left in it. Returns owned, NULL
 * with err. */
fs_committer *fs_committer_open(const fs_options *options,
                                const mt_table *table, int32_t subtasks,
                                mt_error **err);
void fs_committer_close(fs_committer *c); /* NULL is fine */

/* The table's folder, and an id of the job's run as letters of an UUID;
 * borrowed until it is closed. */
const char *fs_committer_base(const fs_committer *c);
const char *fs_committer_id(const fs_committer *c);
/* Writes a new id of FS_ID_LEN letters and a 0. */
int fs_new_id(char *out, mt_error **err);

/* A subtask begins a file of a partition. MT_EOPTION when the partition's name
 * holds no time although the trigger needs one. */
int fs_committer_begin(fs_committer *c, const char *partition, mt_error **err);
/* Should the files of the partition be finished by the next checkpoint, so that
 * it can be complete? */
bool fs_committer_due(fs_committer *c, const char *partition);
void fs_committer_watermark(fs_committer *c, int32_t subtask, int64_t ms);

/* Before the first file of a bucket is published by an INSERT OVERWRITE:
 * removes what stands there, once. */
int fs_committer_replace(fs_committer *c, const char *bucket, mt_error **err);

/* With 'auto-compaction': takes a pending file of the checkpoint that is being
 * committed; the last subtask to report it merges and publishes them all. */
void fs_committer_offer(fs_committer *c, fs_part *part);

/* A subtask reports what checkpoint `id` did: partitions with a new finished
 * file, and those with one that stays in-progress; then that it is through. */
int fs_committer_finished(fs_committer *c, const char *partition,
                          mt_error **err);
void fs_committer_held(fs_committer *c, const char *partition, int64_t id);
int fs_committer_report(fs_committer *c, int64_t id, bool ended, int64_t *files,
                        int64_t *committed, mt_error **err);

#endif
