/* cells.h - cell blocks: cells one behind the other, as HBase's KeyValueCodec
 * has them. A cell is
 *
 *     int32 length of what follows
 *     int32 key length, int32 value length
 *     key: int16 length, row, int8 length, family, qualifier, int64 time, type
 *     value
 *
 * all big-endian. thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_HBASE_CELLS_H
#define MT_HBASE_CELLS_H

#include "moontide_plugin.h"

#define HBASE_ROW_MAX 32767

enum {
    HBASE_PUT = 4,
    HBASE_DELETE_COLUMN = 12 /* all versions up to its time */
};

typedef struct hbase_cell {
    mt_span row;
    mt_span family; /* at most 255 bytes */
    mt_span qualifier;
    mt_span value;
    int64_t time_ms;
    uint8_t type;
} hbase_cell;

/* Appends the cell's head, up to the value: whose bytes are then appended by
 * the caller. Returns where the head starts for hbase_cell_end(), or
 * MT_ENOMEM. cell->value is not looked at. */
int64_t hbase_cell_begin(mt_buf *out, const hbase_cell *cell);
/* What was appended since is the value: writes the lengths. */
void hbase_cell_end(mt_buf *out, int64_t start);

/* Takes the first cell off *block; spans borrow from it. False at the end, or
 * when what is there is no cell: the block is not empty then. */
bool hbase_cell_next(mt_span *block, hbase_cell *out);

static inline void hbase_store32(uint8_t *out, uint32_t v)
{
    v = __builtin_bswap32(v);
    memcpy(out, &v, sizeof(v));
}

static inline void hbase_store64(uint8_t *out, uint64_t v)
{
    v = __builtin_bswap64(v);
    memcpy(out, &v, sizeof(v));
}

static inline uint32_t hbase_load32(const uint8_t *at)
{
    uint32_t v;

    memcpy(&v, at, sizeof(v));
    return __builtin_bswap32(v);
}

static inline uint64_t hbase_load64(const uint8_t *at)
{
    uint64_t v;

    memcpy(&v, at, sizeof(v));
    return __builtin_bswap64(v);
}

static inline bool hbase_span_equal(mt_span a, mt_span b)
{
    return a.len == b.len && (a.len == 0 || !memcmp(a.data, b.data, a.len));
}

/* Rows stand in the order of their bytes. */
int hbase_span_compare(mt_span a, mt_span b);

#endif
