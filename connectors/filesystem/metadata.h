/* metadata.h - columns that are the same for a whole file: partition keys and
 * metadata.
 *
 * Threads: one task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FILESYSTEM_METADATA_H
#define MT_FILESYSTEM_METADATA_H

#include "partition.h"
#include "path.h"

extern const mt_metadata fs_metadata_table[];

/* Refuses metadata columns of a type that their key does not fit. */
int fs_metadata_check(const mt_table *table, mt_error **err);

typedef struct fs_constants {
    const fs_layout *layout;
    const mt_table *table;
    mt_type *type;  /* ROW of the metadata columns; NULL without any */
    mt_batch *keys; /* one row each, of the present file; or NULL */
    mt_batch *others;
} fs_constants;

/* Borrows both for its life. fini() is needed after a failure too. */
int fs_constants_init(fs_constants *c, const fs_layout *layout,
                      const mt_table *table, mt_error **err);
void fs_constants_fini(fs_constants *c);
/* From now on rows are of this file. */
int fs_constants_set(fs_constants *c, const fs_file *file, mt_error **err);
/* Puts `rows` more rows into each of the columns. */
int fs_constants_fill(const fs_constants *c, mt_builder *out, int32_t rows,
                      mt_error **err);

#endif
