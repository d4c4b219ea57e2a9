/* ffi_batch.c - the FFI door to batches and builders.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/ffi_batch.h"

/* Bumped with every change of a struct or function that Lua declares. */
#define FFI_ABI 3

static _Thread_local char last_error[1024];

int32_t mt_ffi_abi(void)
{
    return FFI_ABI;
}

int32_t mt_ffi_sizeof(int32_t which)
{
    static const int32_t sizes[] = {
        sizeof(mt_type),           sizeof(mt_column),  sizeof(mt_batch),
        sizeof(mt_column_builder), sizeof(mt_builder), sizeof(mt_ffi_chain),
    };

    if (which < 0 || which >= (int32_t)(sizeof(sizes) / sizeof(*sizes)))
        return -1;
    return sizes[which];
}

const char *mt_ffi_error(void)
{
    return last_error;
}

void mt__ffi_keep_error(mt_error *err)
{
    const char *text = err ? mt_error_message(err) : "out of memory";
    size_t len = strlen(text);

    if (len >= sizeof(last_error))
        len = sizeof(last_error) - 1;
    memcpy(last_error, text, len);
    last_error[len] = '\0';
    mt_error_free(err);
}

int32_t mt_ffi_kind(const char *name)
{
#define KIND_NAME(kind, text, form) #kind,
    static const char *const names[] = {MT_KINDS(KIND_NAME)};
#undef KIND_NAME
    int32_t i;

    for (i = 0; i < MT_KINDS_LEN; i++) {
        if (!strcmp(names[i], name))
            return i;
    }
    return -1;
}

const mt_type *mt_ffi_type_parse(const char *text)
{
    mt_error *err = NULL;
    const mt_type *type = mt_type_parse(text, &err);

    if (!type)
        mt__ffi_keep_error(err);
    return type;
}

const mt_column *mt_ffi_batch_column(mt_batch *batch, int32_t i)
{
    mt_error *err = NULL;
    const mt_column *c = mt_batch_column(batch, i, &err);

    if (!c)
        mt__ffi_keep_error(err);
    return c;
}

int mt_ffi_put_bytes(mt_column_builder *c, const char *bytes, size_t len)
{
    return mt_put_bytes(c, bytes, len);
}

int mt_ffi_put_bool(mt_column_builder *c, bool v)
{
    return mt_put_bool(c, v);
}

int mt_ffi_put_list(mt_column_builder *c)
{
    return mt_put_list(c);
}

int mt_ffi_put_row(mt_column_builder *c)
{
    return mt_put_row(c);
}

int mt_ffi_set_kind(mt_builder *b, int32_t row, int32_t kind)
{
    return mt_builder_set_kind(b, row, (mt_row_kind)kind);
}
