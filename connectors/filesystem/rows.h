/* rows.h - rows as the lines of a file: by a format, or as `print` shows them.
 *
 * Threads: one task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FILESYSTEM_ROWS_H
#define MT_FILESYSTEM_ROWS_H

#include "options.h"
#include "partition.h"

typedef struct fs_rows {
    const mt_type *type;
    mt_encoder *encoder; /* NULL: as text */
    bool ends_lines;     /* the encoder does */
    mt_buf encoded;      /* before line ends are put between */
    mt_buf lines;
    size_t *ends; /* in `lines`, one a row */
    uint8_t *nulls;
    int32_t max; /* rows that fit into the two */
} fs_rows;

/* Borrows both for its life. fini() is needed after a failure too. */
int fs_rows_init(fs_rows *r, const fs_options *o, const fs_layout *layout,
                 const mt_table *table, mt_error **err);
/* The rows [from, to) into `lines`, each with its line end, ends[i] behind row
 * from + i. */
int fs_rows_encode(fs_rows *r, mt_batch *batch, int32_t from, int32_t to,
                   mt_error **err);
void fs_rows_fini(fs_rows *r);

#endif
