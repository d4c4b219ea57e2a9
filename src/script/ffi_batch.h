/* ffi_batch.h - what Lua's drivers call while they loop over batches.
 *
 * Door: FFI. Plain scalars and pointers in, scalars out; no lua_State, no
 * callback, nothing raised: a function that fails leaves its error in the
 * thread and answers NULL or a negative code, and Lua asks mt_ffi_error() for
 * the text. What stands between the cdef marks is what
 * lua/moontide/cdef.lua declares.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FFI_BATCH_H
#define MT_FFI_BATCH_H

#include "moontide_plugin.h"

#pragma GCC visibility push(default)
/* cdef begin */
/* Must equal native.lua's number; changes with every struct that Lua sees. */
int32_t mt_ffi_abi(void);
/* The sizes that native.lua compares with its own: type, column, batch,
 * column builder, builder, in that order. */
int32_t mt_ffi_sizeof(int32_t which);

/* Text of the last failure on this thread; until the next one. Never NULL. */
const char *mt_ffi_error(void);

/* mt_kind by its upper-case name ("TIMESTAMP_LTZ"), or -1. */
int32_t mt_ffi_kind(const char *name);

/* Returns owned. NULL: see mt_ffi_error(). */
const mt_type *mt_ffi_type_parse(const char *text);

/* A column, decoded now if nobody had asked for it. NULL: mt_ffi_error(). */
const mt_column *mt_ffi_batch_column(mt_batch *batch, int32_t i);

int mt_ffi_set_kind(mt_builder *b, int32_t row, int32_t kind);
/* Bytes and lists, for columns inside ARRAY, MAP and ROW, where a driver does
 * not write in place. */
int mt_ffi_put_bytes(mt_column_builder *c, const char *bytes, size_t len);
int mt_ffi_put_bool(mt_column_builder *c, bool v);
int mt_ffi_put_list(mt_column_builder *c);
int mt_ffi_put_row(mt_column_builder *c);

/* What a driver shares with its operator in C, one a subtask. */
typedef struct mt_ffi_chain {
    mt_builder *out;
    uint8_t *needed;   /* one a column of the input: read so far */
    int32_t *selected; /* rows that passed, where a chain only filters */
    int32_t selected_len;
    int32_t selected_max;
    int32_t row;   /* the input row that closures work on */
    int32_t batch; /* counts the batches: a view knows its own */
    int32_t subtask;
    int32_t parallelism;
    int32_t input;      /* 0, or 1 of two connected streams */
    int32_t plain;      /* 1: LuaJIT can't compile it; it gets plain rows */
    int64_t watermark;  /* event time of what comes in; INT64_MIN: none yet */
    int64_t *stamps;    /* the event time that a chain gives to each row */
    int32_t event_time; /* 1: the chain is a WatermarkStrategy, */
    int32_t assigns;    /* 1: with a timestamp assigner */
    int64_t bound_ms;   /* see event_time.h, as the next two */
    int64_t interval_ms;
    int64_t idle_ms;
} mt_ffi_chain;
/* cdef end */
#pragma GCC visibility pop

/* Keeps *err (taken) as this thread's last failure. */
void mt__ffi_keep_error(mt_error *err);

#endif
