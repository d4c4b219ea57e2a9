/* cells.c - cell blocks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cells.h"

#define LENGTHS 12    /* of the cell, its key and its value */
#define KEY_FIXED 12u /* int16, int8, int64, int8 */
#define KEY_LENGTH_AT 4
#define VALUE_LENGTH_AT 8

int64_t hbase_cell_begin(mt_buf *out, const hbase_cell *cell)
{
    size_t key =
        KEY_FIXED + cell->row.len + cell->family.len + cell->qualifier.len;
    int64_t start = (int64_t)out->len;
    uint8_t *p;

    if (mt_buf_reserve(out, LENGTHS + key) < 0)
        return MT_ENOMEM;
    p = out->data + out->len;
    hbase_store32(p + KEY_LENGTH_AT, (uint32_t)key);
    p += LENGTHS;
    *p++ = (uint8_t)(cell->row.len >> 8);
    *p++ = (uint8_t)cell->row.len;
    memcpy(p, cell->row.data, cell->row.len);
    p += cell->row.len;
    *p++ = (uint8_t)cell->family.len;
    memcpy(p, cell->family.data, cell->family.len);
    p += cell->family.len;
    memcpy(p, cell->qualifier.data, cell->qualifier.len);
    p += cell->qualifier.len;
    hbase_store64(p, (uint64_t)cell->time_ms);
    p[8] = cell->type;
    out->len += LENGTHS + key;
    return start;
}

void hbase_cell_end(mt_buf *out, int64_t start)
{
    uint8_t *p = out->data + start;
    size_t whole = out->len - (size_t)start - 4;
    size_t key = hbase_load32(p + KEY_LENGTH_AT);

    hbase_store32(p, (uint32_t)whole);
    hbase_store32(p + VALUE_LENGTH_AT, (uint32_t)(whole - 8 - key));
}

bool hbase_cell_next(mt_span *block, hbase_cell *out)
{
    const uint8_t *p = block->data, *end;
    size_t whole, key, value, row, family;

    if (block->len < LENGTHS + KEY_FIXED)
        return false;
    whole = hbase_load32(p);
    key = hbase_load32(p + KEY_LENGTH_AT);
    value = hbase_load32(p + VALUE_LENGTH_AT);
    /* A cell may have tags behind its value. */
    if (whole > block->len - 4 || key < KEY_FIXED || key + value + 8 > whole)
        return false;
    p += LENGTHS;
    end = p + key;
    row = (size_t)p[0] << 8 | p[1];
    if (row > key - KEY_FIXED)
        return false;
    out->row = (mt_span){p + 2, row};
    family = p[2 + row];
    if (row + family > key - KEY_FIXED)
        return false;
    out->family = (mt_span){p + 3 + row, family};
    out->qualifier =
        (mt_span){p + 3 + row + family, key - KEY_FIXED - row - family};
    out->time_ms = (int64_t)hbase_load64(end - 9);
    out->type = end[-1];
    out->value = (mt_span){end, value};
    block->data += 4 + whole;
    block->len -= 4 + whole;
    return true;
}

int hbase_span_compare(mt_span a, mt_span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;

    return order ? order : (a.len > b.len) - (a.len < b.len);
}
