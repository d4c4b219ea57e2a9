/* See ffi_lookup.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/ffi_lookup.h"

#include "runtime/lookup.h"
#include "script/ffi_batch.h"

/* Keeps *err (taken) with its causes in its message, which is all that Lua sees
 * of it. */
static void keep_whole(mt_error *err)
{
    mt_error *flat = NULL;
    mt_buf text = {0};

    if (mt_error_text(err, &text) < 0 || mt_buf_byte(&text, '\0') < 0) {
        mt_buf_fini(&text);
        mt__ffi_keep_error(err);
        return;
    }
    mt_fail(&flat, mt_error_code(err), "%.*s",
            (int)strcspn((char *)text.data, "\n"), (char *)text.data);
    mt_buf_fini(&text);
    mt_error_free(err);
    mt__ffi_keep_error(flat);
}

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
        keep_whole(err);
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
    keep_whole(err);
    return NULL;
}
