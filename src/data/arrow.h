/* arrow.h - batches out of and into the Arrow C data interface.
 *
 * The two structs are the interface's own, as https://arrow.apache.org/docs/
 * format/CDataInterface.html lays them down for everybody: whoever holds one
 * calls its `release` once, and a struct whose `release` is NULL is empty.
 *
 * A record is exported as a struct array, one child a column (a record that is
 * no ROW has the child "f0"). Row kinds and event times are not exported.
 * Arrow keeps less of a type than SQL does: CHAR(n) and VARCHAR(n) come back as
 * STRING, BINARY(n) as BYTES, RAW as BYTES, TIMESTAMP(0 .. 6) with precision 6,
 * TIME with 3 or 9, MULTISET as MAP.
 * thread: any; what is exported may be released on any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_DATA_ARROW_H
#define MT_DATA_ARROW_H

#include "moontide_plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif

/* Describes the records of that type. *out may hold anything before; on success
 * the caller must release it, on failure it is empty. */
MT_API int mt_arrow_export_schema(const mt_type *type, struct ArrowSchema *out,
                                  mt_error **err);

/* Hands out the batch's columns without a copy, but for TIMESTAMP(7 .. 9),
 * which become nanoseconds (MT_ERECORD for what these cannot hold: years before
 * 1677 and after 2262). Refs the batch until everything exported is released;
 * decodes absent columns first. MT_ERECORD also for a map with a NULL key,
 * which Arrow has not. *out as above. */
MT_API int mt_arrow_export(mt_batch *batch, struct ArrowArray *out,
                           mt_error **err);

/* The record type that an imported array of this schema has. Borrows the
 * schema. Returns owned, NULL with err: MT_EUNSUPPORTED for formats without a
 * counterpart (unsigned, dictionaries, unions, views, decimals of 256 bits). */
MT_API mt_type *mt_arrow_import_schema(const struct ArrowSchema *schema,
                                       mt_error **err);

/* A batch of the struct array. Takes `array` (it is empty afterwards, also on
 * failure), borrows `schema`. Memory is shared where the layouts agree, and the
 * array released when the last column is gone; sliced bits and offsets, other
 * units and 64-bit offsets are converted into copies. Everything that the
 * interface lets one see is checked (counts, lengths, offsets, UTF-8, ranges of
 * decimals and times); that buffers are as long as they claim must be trusted.
 * Returns owned, NULL with err. */
MT_API mt_batch *mt_arrow_import(struct ArrowArray *array,
                                 const struct ArrowSchema *schema,
                                 mt_error **err);

#ifdef __cplusplus
}
#endif

#endif
