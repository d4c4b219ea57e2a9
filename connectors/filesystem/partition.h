/* partition.h - partitions of a table: folders named key=value, Hive's way.
 *
 * Threads: a layout is immutable; values belong to one task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FILESYSTEM_PARTITION_H
#define MT_FILESYSTEM_PARTITION_H

#include "moontide_plugin.h"

/* What of a table's columns stands in files and what in their folders. */
typedef struct fs_layout {
    mt_type *file_type;    /* ROW of the columns within files */
    int32_t *file_columns; /* their places in the table's type */
    int32_t file_len;
    mt_type *type;       /* ROW of the partition keys; NULL without any */
    const int32_t *keys; /* their places; borrowed from the table */
    const char **names;
    char **folders; /* the same as folders' names have them */
    int32_t keys_len;
    int32_t columns_max;
    const char *default_name; /* the folder of NULL; borrowed */
} fs_layout;

/* Both are borrowed for the layout's life. MT_ETYPE for a partition key of a
 * type that has no text. fini() is needed after a failure too. */
int fs_layout_init(fs_layout *l, const mt_table *table,
                   const char *default_name, mt_error **err);
void fs_layout_fini(fs_layout *l);
mt_fields fs_layout_fields(const fs_layout *l);

/* Puts the value that a text stands for into a column: as CAST from STRING for
 * the types that a partition key may have. 0, MT_ENOMEM, MT_ERECORD. */
int fs_value_put(mt_column_builder *c, const mt_type *type, const char *text,
                 size_t len);

/* Appends "key=value/key2=value2" for a row, without a line of its own. */
int fs_partition_name(const fs_layout *l, const mt_column *const *columns,
                      int32_t row, mt_buf *scratch, mt_buf *out,
                      mt_error **err);
/* The partition keys' values as a batch of one row, by the name above. *out is
 * returned owned. MT_EIO for a folder that has no value of the type. */
int fs_partition_parse(const fs_layout *l, const char *name, mt_batch **out,
                       mt_error **err);
/* The text of the i-th key's value in such a name, unescaped, into `out`; false
 * where it stands for NULL. 0, 1 for NULL, MT_ENOMEM. */
int fs_partition_text(const fs_layout *l, const char *name, int32_t i,
                      mt_buf *out);

/* False when no row of a partition with these values can pass the table's
 * filters. What is not understood filters nothing. */
bool fs_partition_wanted(const fs_layout *l, const mt_table *table,
                         const mt_batch *values);

#endif
