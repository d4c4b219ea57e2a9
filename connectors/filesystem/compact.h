/* compact.h - the files of one checkpoint, made into fewer and larger ones.
 *
 * Threads: one task at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FILESYSTEM_COMPACT_H
#define MT_FILESYSTEM_COMPACT_H

#include "part.h"

/* Merges pending parts of each bucket, up to about `size_max` bytes a file, and
 * publishes what comes of it as compacted-<name>. `each` is called for every
 * bucket before its first file gets its name. Takes the parts out of *list and
 * frees them; on failure those that are left are for the caller. *files counts
 * what was published. */
int fs_compact(fs_part **list, int64_t size_max,
               int (*each)(void *arg, const char *bucket, mt_error **err),
               void *arg, int64_t *files, mt_error **err);

#endif
