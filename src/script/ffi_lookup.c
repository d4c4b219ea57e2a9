/* See ffi_lookup.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/ffi_lookup.h"

#include "runtime/lookup.h"
#include "script/ffi_batch.h"

mt__lookup *mt_ffi_lookup_open(const mt_ffi_lookup_table *table)
{
    mt_node node = {.kind = "source", .buffer_timeout_ms = MT_UNSET};
    mt_error *err = NULL;
    mt__lookup *l;

    node.name = table->name;
    node.connector = table->connector;
    node.table = table->table;
    node.type = table->type;
    node.options = (mt_strings){table->options, table->options_len};
    node.metadata = (mt_strings){table->metadata, table->metadata_len};
    node.physical_len = table->physical_len;
    l = mt__lookup_open(&node, table->keys, table->keys_len, &err);
    if (!l)
        mt__ffi_keep_error(err);
    return l;
}

void mt_ffi_lookup_close(mt__lookup *lookup)
{
    mt__lookup_close(lookup);
}

mt_builder *mt_ffi_lookup_keys(mt__lookup *lookup)
{
    return mt__lookup_keys(lookup);
}

void mt_ffi_lookup_clear(mt__lookup *lookup)
{
    mt_builder_rollback(mt__lookup_keys(lookup));
}

mt_batch *mt_ffi_lookup_get(mt__lookup *lookup)
{
    mt_error *err = NULL;
    mt_batch *rows = NULL;
    const int32_t *counts;
    int rc = mt__lookup_get(lookup, &rows, &counts, &err);

    if (rc == 0)
        rc = mt_batch_complete(rows, &err);
    if (rc == 0)
        return rows;
    mt_batch_unref(rows);
    mt__ffi_keep_error(err);
    return NULL;
}
