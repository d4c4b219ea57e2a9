/* Sealed columns: counting, sharing, gathering.
 *
 * Gathering is what an exchange does to every row of a job, so each width has
 * a loop of its own over plain pointers, and validity costs nothing where there
 * is none.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/column.h"
#include "data/buffer.h"

enum { VALIDITY, VALUES, OFFSETS };

int32_t mt__count_nulls(const uint8_t *bits, int32_t rows)
{
    int32_t ones = 0, i = 0;
    uint64_t word;

    if (!bits)
        return 0;
    for (; i + 64 <= rows; i += 64) {
        memcpy(&word, bits + i / 8, sizeof(word));
        ones += __builtin_popcountll(word);
    }
    for (; i < rows; i++)
        ones += mt_bit(bits, i);
    return rows - ones;
}

int64_t mt__column_bytes(const mt_type *type, const mt_column *c)
{
    int64_t bytes = c->validity ? ((int64_t)c->rows + 7) / 8 : 0;
    int32_t i;

    switch (type->form) {
    case MT_FORM_BITS:
        return bytes + ((int64_t)c->rows + 7) / 8;
    case MT_FORM_FIXED:
        return bytes + (int64_t)c->rows * type->width;
    case MT_FORM_VAR:
        return bytes + ((int64_t)c->rows + 1) * 4 + c->offsets[c->rows];
    case MT_FORM_LIST:
        bytes += ((int64_t)c->rows + 1) * 4;
        break;
    default:
        break;
    }
    for (i = 0; i < c->children_len; i++)
        bytes += mt__column_bytes(type->fields[i].type, &c->children[i]);
    return bytes;
}

int64_t mt__column_held(const mt_column *c)
{
    int64_t bytes = 0;
    int32_t i;
    int k;

    for (k = 0; k < 3; k++)
        bytes += (int64_t)mt__buffer_capacity(c->owners[k]);
    for (i = 0; i < c->children_len; i++)
        bytes += mt__column_held(&c->children[i]);
    return bytes;
}

void mt__column_release(mt_column *c)
{
    int32_t i;
    int k;

    for (i = 0; i < c->children_len; i++)
        mt__column_release(&c->children[i]);
    for (k = 0; k < 3; k++) {
        mt__buffer_unref(c->owners[k]);
        c->owners[k] = NULL;
    }
}

void mt__column_share(mt_column *out, const mt_column *c)
{
    mt_column *children = out->children;
    int32_t i;
    int k;

    *out = *c;
    out->children = children;
    for (k = 0; k < 3; k++)
        mt__buffer_ref(out->owners[k]);
    for (i = 0; i < c->children_len; i++)
        mt__column_share(&children[i], &c->children[i]);
}

/* ---- taking ----------------------------------------------------------- */

static void *new_owned(mt_column *out, int k, size_t size)
{
    out->owners[k] = mt__buffer_new(size);
    return out->owners[k] ? mt__buffer_data(out->owners[k]) : NULL;
}

/* Bits of `from` in the order of `rows`; tells how many are 0. */
static int32_t take_bits(uint8_t *restrict to, const uint8_t *restrict from,
                         const int32_t *restrict rows, int32_t len)
{
    int32_t i, b, ones = 0;

    for (i = 0; i + 8 <= len; i += 8) {
        uint32_t byte = 0;

        for (b = 0; b < 8; b++)
            byte |= (uint32_t)mt_bit(from, rows[i + b]) << b;
        to[i / 8] = (uint8_t)byte;
        ones += __builtin_popcount(byte);
    }
    if (i < len) {
        uint32_t byte = 0;

        for (b = 0; i + b < len; b++)
            byte |= (uint32_t)mt_bit(from, rows[i + b]) << b;
        to[i / 8] = (uint8_t)byte;
        ones += __builtin_popcount(byte);
    }
    return len - ones;
}

static int take_validity(mt_column *out, const mt_column *c,
                         const int32_t *rows, int32_t len)
{
    uint8_t *bits;

    if (!c->validity)
        return 0;
    bits = new_owned(out, VALIDITY, ((size_t)len + 7) / 8);
    if (!bits)
        return MT_ENOMEM;
    out->nulls = take_bits(bits, c->validity, rows, len);
    if (out->nulls) {
        out->validity = bits;
    } else {
        mt__buffer_unref(out->owners[VALIDITY]);
        out->owners[VALIDITY] = NULL;
    }
    return 0;
}

#define TAKE_FIXED(ctype)                                                      \
    static void take_##ctype(void *restrict to, const void *restrict from,     \
                             const int32_t *restrict rows, int32_t len)        \
    {                                                                          \
        const ctype *src = from;                                               \
        ctype *dst = to;                                                       \
        int32_t i;                                                             \
                                                                               \
        for (i = 0; i < len; i++)                                              \
            dst[i] = src[rows[i]];                                             \
    }
TAKE_FIXED(uint8_t)
TAKE_FIXED(uint16_t)
TAKE_FIXED(uint32_t)
TAKE_FIXED(uint64_t)
TAKE_FIXED(mt_int128)
#undef TAKE_FIXED

void mt__take_values(void *to, const void *from, int32_t width,
                     const int32_t *rows, int32_t len)
{
    switch (width) {
    case 1:
        take_uint8_t(to, from, rows, len);
        break;
    case 2:
        take_uint16_t(to, from, rows, len);
        break;
    case 4:
        take_uint32_t(to, from, rows, len);
        break;
    case 8:
        take_uint64_t(to, from, rows, len);
        break;
    default:
        take_mt_int128(to, from, rows, len);
        break;
    }
}

static int take_fixed(mt_column *out, int32_t width, const mt_column *c,
                      const int32_t *rows, int32_t len)
{
    void *to = new_owned(out, VALUES, (size_t)len * (size_t)width);

    if (!to)
        return MT_ENOMEM;
    out->values = to;
    mt__take_values(to, c->values, width, rows, len);
    return 0;
}

/* Offsets of the rows taken; MT_ENOMEM when they would pass 2 GiB. */
static int take_offsets(mt_column *out, const mt_column *c, const int32_t *rows,
                        int32_t len)
{
    int32_t *to = new_owned(out, OFFSETS, ((size_t)len + 1) * sizeof(*to));
    const int32_t *from = c->offsets;
    int64_t at = 0;
    int32_t i;

    if (!to)
        return MT_ENOMEM;
    out->offsets = to;
    to[0] = 0;
    for (i = 0; i < len; i++) {
        at += from[rows[i] + 1] - from[rows[i]];
        if (MT_UNLIKELY(at > INT32_MAX))
            return MT_ENOMEM;
        to[i + 1] = (int32_t)at;
    }
    return 0;
}

static int take_bytes(mt_column *out, const mt_column *c, const int32_t *rows,
                      int32_t len)
{
    const uint8_t *from = c->values;
    uint8_t *to;
    int32_t i;
    int rc;

    if ((rc = take_offsets(out, c, rows, len)) < 0)
        return rc;
    out->values = mt__zeros;
    if (out->offsets[len] == 0)
        return 0;
    to = new_owned(out, VALUES, (size_t)out->offsets[len]);
    if (!to)
        return MT_ENOMEM;
    out->values = to;
    for (i = 0; i < len; i++) {
        int32_t begin = c->offsets[rows[i]];

        memcpy(to + out->offsets[i], from + begin,
               (size_t)(c->offsets[rows[i] + 1] - begin));
    }
    return 0;
}

static int take_children(mt_column *out, const mt_type *type,
                         const mt_column *c, const int32_t *rows, int32_t len)
{
    int32_t i;
    int rc;

    for (i = 0; i < c->children_len; i++) {
        rc = mt__column_take(&out->children[i], type->fields[i].type,
                             &c->children[i], rows, len);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* The elements of the lists taken are themselves taken. */
static int take_lists(mt_column *out, const mt_type *type, const mt_column *c,
                      const int32_t *rows, int32_t len)
{
    mt_buffer *elements;
    int32_t *to;
    int32_t i, k;
    int rc;

    if ((rc = take_offsets(out, c, rows, len)) < 0)
        return rc;
    elements = mt__buffer_new((size_t)out->offsets[len] * sizeof(int32_t));
    if (!elements)
        return MT_ENOMEM;
    to = mt__buffer_data(elements);
    for (i = 0; i < len; i++) {
        for (k = c->offsets[rows[i]]; k < c->offsets[rows[i] + 1]; k++)
            *to++ = k;
    }
    rc = take_children(out, type, c, mt__buffer_data(elements),
                       out->offsets[len]);
    mt__buffer_unref(elements);
    return rc;
}

int mt__column_take(mt_column *out, const mt_type *type, const mt_column *c,
                    const int32_t *rows, int32_t rows_len)
{
    uint8_t *bits;

    out->rows = rows_len;
    if (take_validity(out, c, rows, rows_len) < 0)
        return MT_ENOMEM;
    switch (type->form) {
    case MT_FORM_BITS:
        bits = new_owned(out, VALUES, ((size_t)rows_len + 7) / 8);
        if (!bits)
            return MT_ENOMEM;
        take_bits(bits, c->values, rows, rows_len);
        out->values = bits;
        return 0;
    case MT_FORM_FIXED:
        return take_fixed(out, type->width, c, rows, rows_len);
    case MT_FORM_VAR:
        return take_bytes(out, c, rows, rows_len);
    case MT_FORM_LIST:
        return take_lists(out, type, c, rows, rows_len);
    case MT_FORM_STRUCT:
        return take_children(out, type, c, rows, rows_len);
    default:
        return 0;
    }
}
