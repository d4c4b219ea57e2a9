/* row.h - a row being put together from its cells, which may come in several
 * answers.
 *
 * thread: one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_HBASE_ROW_H
#define MT_HBASE_ROW_H

#include "cells.h"
#include "schema.h"

typedef struct hbase_slot {
    bool there;
    size_t at; /* in bytes */
    size_t len;
} hbase_slot;

typedef struct hbase_row {
    const hbase_schema *schema;
    mt_span null_text;
    hbase_slot *slots; /* one a qualifier */
    mt_buf bytes;      /* the key, then the values */
    size_t key_len;
    bool started;
    int32_t guess; /* the qualifier that the next cell has, probably */
} hbase_row;

/* Borrows both. 0 or MT_ENOMEM. Zeroed memory is a row without slots. */
int hbase_row_init(hbase_row *r, const hbase_schema *schema,
                   const char *null_text);
void hbase_row_fini(hbase_row *r);

/* A cell of the row. Cells of columns that the table doesn't have are passed
 * over. 0 or MT_ENOMEM. */
int hbase_row_add(hbase_row *r, const hbase_cell *cell);
/* Puts the row into the builder, uncommitted. MT_ERECORD when bytes are none of
 * their column's type: the builder is to be rolled back. */
int hbase_row_put(hbase_row *r, mt_builder *out, mt_error **err);
/* Makes it empty again. */
void hbase_row_clear(hbase_row *r);

static inline mt_span hbase_row_key(const hbase_row *r)
{
    return (mt_span){r->bytes.data, r->key_len};
}

#endif
