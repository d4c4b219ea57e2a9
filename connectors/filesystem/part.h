/* part.h - one file that a sink writes, from in-progress to finished.
 *
 * Its life: *in-progress*, under a hidden name, while rows are appended;
 * *pending*, closed and durable but still hidden; *finished*, renamed, when the
 * checkpoint that covers it is complete. What a checkpoint covers of a file
 * that is still in-progress is its safe length: should the job end otherwise
 * than by its input's end, the file is cut there and finished.
 *
 * Threads: one task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FILESYSTEM_PART_H
#define MT_FILESYSTEM_PART_H

#include "codec.h"

typedef struct fs_part fs_part;
struct fs_part {
    fs_part *next;    /* in a list of the sink's */
    const char *base; /* the table's folder; borrowed */
    char *bucket;     /* the folder below it, or "" */
    char *path;       /* finished; absolute, as the next */
    char *hidden;     /* until then */
    int fd;           /* -1: closed */
    fs_codec *codec;  /* NULL: not compressed */
    mt_buf out;       /* bytes that are not in the file yet */
    int64_t written;  /* bytes that are in the file */
    int64_t covered;  /* of these, what was there at the last barrier */
    int64_t safe;     /* and what a complete checkpoint covers */
    int64_t opened_ms;
    int64_t written_ms;
    int64_t barrier; /* pending: the checkpoint it belongs to; 0: none yet */
};

/* Makes base/bucket/name.inprogress.<id>, hidden, and the folders it is in.
 * `id` makes the name unique. Returns owned, NULL with err. */
fs_part *fs_part_open(const char *base, const char *bucket, const char *name,
                      fs_compression compression, const char *id,
                      mt_error **err);
/* Appends bytes; they reach the file by and by. */
int fs_part_append(fs_part *p, const uint8_t *bytes, size_t len,
                   mt_error **err);
/* Bytes so far, as rolling counts them. */
static inline int64_t fs_part_size(const fs_part *p)
{
    return p->written + (int64_t)p->out.len;
}
/* Makes everything so far durable; not for compressed ones. */
int fs_part_cover(fs_part *p, mt_error **err);
/* Makes it pending. */
int fs_part_close(fs_part *p, mt_error **err);
/* Renames a pending one. Never replaces a file: MT_EIO where there is one. */
int fs_part_publish(fs_part *p, mt_error **err);
/* Makes the name of a published one durable, and those of the folders above it
 * that may be new; but for the folders for which `synced` says that it was done:
 * it holds the path that was made durable before, or nothing. */
int fs_part_sync_name(const fs_part *p, mt_buf *synced, mt_error **err);
/* Gives it up: what is safe is published, the rest removed. Logs what fails. */
void fs_part_drop(fs_part *p);
void fs_part_free(fs_part *p); /* NULL is fine; leaves the file as it is */

/* Cuts the hidden file to its safe length and gives it its name. For what
 * another process left behind. */
int fs_part_rescue(const char *hidden, const char *path, int64_t safe,
                   mt_error **err);

#endif
