/* path.h - names of files and folders, and walking through folders.
 *
 * Threads: any; nothing is kept.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FILESYSTEM_PATH_H
#define MT_FILESYSTEM_PATH_H

#include "moontide_plugin.h"

/* An absolute path of a path or "file:" URL as users write them, without
 * slashes at its end. MT_EUNSUPPORTED for other systems than the local one.
 * *out is returned owned (mt_strfree). */
int fs_path_local(const char *text, char **out, mt_error **err);
/* The same, but only checks. */
int fs_path_check(const char *text, mt_error **err);
/* What stands behind the last slash; borrowed from `path`. */
const char *fs_path_name(const char *path);
/* Files and folders whose names begin with '.' or '_' are no data. */
bool fs_path_hidden(const char *name);
/* mkdir -p. MT_EIO names the folder that can't be made. */
int fs_path_make(const char *folder, mt_error **err);
/* Makes the names in a folder durable. */
int fs_path_sync(const char *folder, mt_error **err);
/* A regular expression that must match a whole path. Opaque; NULL with err. */
typedef struct fs_pattern fs_pattern;
fs_pattern *fs_pattern_new(const char *text, mt_error **err);
bool fs_pattern_match(const fs_pattern *p, const char *path);
void fs_pattern_free(fs_pattern *p); /* NULL is fine */

typedef struct fs_file {
    const char *path;      /* absolute; borrowed for the call */
    const char *partition; /* "k=v/k2=v2" as the folders are named, or "" */
    int64_t size;
    int64_t modified_ms;
} fs_file;

typedef struct fs_walk {
    const char *const *keys; /* of partitions, or NULL */
    int32_t keys_len;
    /* Whether files below this partition are wanted. Optional. 1, 0, error. */
    int (*enter)(void *arg, const char *partition, mt_error **err);
    /* A file that is not hidden. 0 or an error, which ends the walk. */
    int (*file)(void *arg, const fs_file *file, mt_error **err);
    void *arg;
} fs_walk;

/* Visits all files below a folder, or the one file that `root` is, in no
 * order. Folders are entered to any depth; in a partitioned table files must
 * lie below one folder a key, named key=value. What vanishes meanwhile is
 * passed over. */
int fs_path_walk(const char *root, const fs_walk *walk, mt_error **err);

#endif
