/* buckets.h - the folders that a subtask writes to, and the file that is open
 * in each. Threads: one task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FILESYSTEM_BUCKETS_H
#define MT_FILESYSTEM_BUCKETS_H

#include "part.h"

typedef struct fs_bucket {
    char *name;    /* the folder below the table's; "" is that one */
    fs_part *part; /* in-progress, or NULL */
    int64_t used;  /* when it was last written to, in turns */
    bool held;     /* the last barrier left its part in-progress */
} fs_bucket;

typedef struct fs_buckets {
    fs_bucket **items; /* in no order, no gaps */
    int32_t len, max;
    int32_t *slots; /* places in items by hash; -1: none */
    int32_t slots_max;
    int64_t turn;
    int32_t open; /* those with a part */
} fs_buckets;

/* The bucket of that name, made if need be. NULL when memory runs out. */
fs_bucket *fs_buckets_get(fs_buckets *b, const char *name, size_t len);
/* The one with a part that was used longest ago, or NULL. */
fs_bucket *fs_buckets_oldest(const fs_buckets *b);
/* Forgets those without a part. */
void fs_buckets_sweep(fs_buckets *b);
void fs_buckets_fini(fs_buckets *b); /* frees parts, leaves their files */

#endif
