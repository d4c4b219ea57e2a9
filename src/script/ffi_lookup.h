/* ffi_lookup.h - runtime/lookup.h for Lua.
 *
 * Door: FFI, as in ffi_batch.h: what fails answers NULL and leaves its error
 * for mt_ffi_error(). get may block for as long as the outside does.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FFI_LOOKUP_H
#define MT_FFI_LOOKUP_H

#include "moontide_plugin.h"

#pragma GCC visibility push(default)
/* cdef begin */
typedef struct mt__lookup mt__lookup;

/* What a table is to a lookup; texts and arrays are borrowed for the call. */
typedef struct mt_ffi_lookup_table {
    const char *name;
    const char *connector;
    const char *table;
    const char *type;
    const char **options; /* name, value, ... */
    const char **metadata;
    const int32_t *keys; /* columns, from 0 */
    int32_t options_len;
    int32_t metadata_len;
    int32_t keys_len;
    int32_t physical_len;
} mt_ffi_lookup_table;

mt__lookup *mt_ffi_lookup_open(const mt_ffi_lookup_table *table);
void mt_ffi_lookup_close(mt__lookup *lookup);
mt_builder *mt_ffi_lookup_keys(mt__lookup *lookup);
/* Forgets the keys that were put so far. */
void mt_ffi_lookup_clear(mt__lookup *lookup);
/* Rows of all keys that were put, returned owned. */
mt_batch *mt_ffi_lookup_get(mt__lookup *lookup);
/* cdef end */
#pragma GCC visibility pop

#endif
