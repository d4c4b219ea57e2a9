/* Builders: columns that grow, and the batch made of them.
 *
 * Invariants of a column builder, on which the inline mt_put_* of the public
 * header and Lua's drivers rely:
 *   - validity, values (FIXED, BITS) and offsets have room for rows_max rows,
 *     rows_max being a multiple of 64, from the start and after each seal;
 *   - validity is all ones from `rows` to rows_max, and `nulls` counts the
 *     zeros before;
 *   - offsets[0] is 0; values of VAR appear with the first byte.
 *
 * Sealing hands the buffers to the batch and gets the builder others of the
 * same size, both from the pool. A buffer that is used to an eighth or less is
 * copied to a smaller one and stays: a batch of one row, of which a queue may
 * hold thousands, must not hold the memory of 8,192. A validity without a zero
 * stays as well, so most batches never touch theirs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/buffer.h"
#include "data/column.h"

enum { VALIDITY, VALUES, OFFSETS };

/* A column's first rows when nothing better is known. */
#define ROWS_FIRST 64
#define BYTES_FIRST 1024

/* ---- a column's memory --------------------------------------------------- */

static size_t bits_bytes(int32_t rows)
{
    return ((size_t)rows + 7) / 8;
}

/* Bytes of buffer `k` that `rows` rows take; VAR's values are not by row. */
static size_t bytes_for(const mt_type *type, int k, int32_t rows)
{
    if (k == VALIDITY)
        return bits_bytes(rows);
    if (k == OFFSETS)
        return type->form == MT_FORM_VAR || type->form == MT_FORM_LIST
                   ? ((size_t)rows + 1) * sizeof(int32_t)
                   : 0;
    if (type->form == MT_FORM_BITS)
        return bits_bytes(rows);
    return type->form == MT_FORM_FIXED ? (size_t)rows * (size_t)type->width : 0;
}

/* Sets the pointers after an owner has changed. */
static void point(mt_column_builder *c)
{
    mt_buffer **o = c->owners;

    c->validity = o[VALIDITY] ? mt__buffer_data(o[VALIDITY]) : NULL;
    c->values = o[VALUES] ? mt__buffer_data(o[VALUES]) : NULL;
    c->offsets = o[OFFSETS] ? mt__buffer_data(o[OFFSETS]) : NULL;
    c->bytes_max = 0;
    if (c->type->form == MT_FORM_VAR && o[VALUES]) {
        size_t capacity = mt__buffer_capacity(o[VALUES]);

        c->bytes_max = capacity > INT32_MAX ? INT32_MAX : (int32_t)capacity;
    }
}

/* Gives buffer `k` room for rows_max rows, keeping what the rows hold, and of
 * bits also what stands behind them. */
static int grow_buffer(mt_column_builder *c, int k, int32_t rows_max)
{
    bool bits = k == VALIDITY || c->type->form == MT_FORM_BITS;
    size_t size = bytes_for(c->type, k, rows_max);
    size_t used = bytes_for(c->type, k, bits ? c->rows_max : c->rows);
    mt_buffer *grown;
    uint8_t *data;

    if (size == 0 ||
        (c->owners[k] && mt__buffer_capacity(c->owners[k]) >= size))
        return 0;
    if (size > INT32_MAX)
        return MT_ENOMEM;
    grown = mt__buffer_new(size);
    if (!grown)
        return MT_ENOMEM;
    data = mt__buffer_data(grown);
    if (c->owners[k])
        memcpy(data, mt__buffer_data(c->owners[k]), used);
    else if (k == OFFSETS)
        memset(data, 0, sizeof(int32_t));
    mt__buffer_unref(c->owners[k]);
    c->owners[k] = grown;
    return 0;
}

static int grow_rows(mt_column_builder *c, int32_t rows_max)
{
    size_t valid;
    int rc = 0, k;

    for (k = 0; rc == 0 && k < 3; k++)
        rc = grow_buffer(c, k, rows_max);
    point(c);
    if (rc < 0)
        return rc;
    valid = bits_bytes(c->rows_max);
    memset(c->validity + valid, 0xff, bits_bytes(rows_max) - valid);
    if (c->type->form == MT_FORM_BITS)
        memset((uint8_t *)c->values + valid, 0, bits_bytes(rows_max) - valid);
    c->rows_max = rows_max;
    return 0;
}

int mt__column_builder_reserve(mt_column_builder *c, int32_t more)
{
    int64_t need = (int64_t)c->rows + more;
    int64_t rows_max = c->rows_max ? c->rows_max : ROWS_FIRST;

    if (need <= c->rows_max)
        return 0;
    while (rows_max < need)
        rows_max *= 2;
    if (rows_max > INT32_MAX - 63)
        rows_max = INT32_MAX - 63;
    return rows_max < need ? MT_ENOMEM : grow_rows(c, (int32_t)rows_max);
}

int mt_column_grow(mt_column_builder *c)
{
    return mt__column_builder_reserve(c, 1);
}

int mt_column_grow_bytes(mt_column_builder *c, size_t bytes)
{
    size_t used = (size_t)c->offsets[c->rows];
    size_t size = c->bytes_max ? 2 * (size_t)c->bytes_max : BYTES_FIRST;
    mt_buffer *grown;

    if (bytes > INT32_MAX - used)
        return MT_ENOMEM;
    if (used + bytes <= (size_t)c->bytes_max)
        return 0;
    while (size < used + bytes)
        size *= 2;
    grown = mt__buffer_new(size < INT32_MAX ? size : INT32_MAX);
    if (!grown)
        return MT_ENOMEM;
    if (used)
        memcpy(mt__buffer_data(grown), c->values, used);
    mt__buffer_unref(c->owners[VALUES]);
    c->owners[VALUES] = grown;
    point(c);
    return 0;
}

int mt__column_builder_init(mt_column_builder *c, const mt_type *type,
                            int32_t rows_max)
{
    size_t size = (size_t)type->fields_len * sizeof(*c);
    int rc = 0;

    memset(c, 0, sizeof(*c));
    c->type = type;
    if (size) {
        c->children = mt_calloc(size);
        if (!c->children)
            return MT_ENOMEM;
    }
    /* Lists may be of any length: their elements begin small. */
    while (rc == 0 && c->children_len < type->fields_len) {
        int32_t i = c->children_len;

        rc = mt__column_builder_init(&c->children[i], type->fields[i].type,
                                     type->form == MT_FORM_LIST ? ROWS_FIRST
                                                                : rows_max);
        c->children_len += rc == 0;
    }
    if (rc == 0)
        rc = grow_rows(c, rows_max < ROWS_FIRST ? ROWS_FIRST
                                                : (rows_max + 63) & ~63);
    if (rc < 0)
        mt__column_builder_fini(c);
    return rc;
}

void mt__column_builder_fini(mt_column_builder *c)
{
    int32_t i;
    int k;

    for (i = 0; i < c->children_len; i++)
        mt__column_builder_fini(&c->children[i]);
    if (c->children)
        mt_free(c->children, (size_t)c->type->fields_len * sizeof(*c));
    for (k = 0; k < 3; k++)
        mt__buffer_unref(c->owners[k]);
    memset(c, 0, sizeof(*c));
}

/* ---- putting ----------------------------------------------------------- */

int mt_put_null(mt_column_builder *c)
{
    int32_t i, row = c->rows;
    int rc;

    if (MT_UNLIKELY(c->rows == c->rows_max) && mt_column_grow(c) < 0)
        return MT_ENOMEM;
    switch (c->type->form) {
    case MT_FORM_BITS:
        ((uint8_t *)c->values)[row >> 3] &= (uint8_t) ~(1u << (row & 7));
        break;
    case MT_FORM_FIXED:
        memset((uint8_t *)c->values + (size_t)row * (size_t)c->type->width, 0,
               (size_t)c->type->width);
        break;
    case MT_FORM_VAR:
    case MT_FORM_LIST:
        c->offsets[row + 1] = c->offsets[row];
        break;
    case MT_FORM_STRUCT:
        for (i = 0; i < c->children_len; i++) {
            if ((rc = mt_put_null(&c->children[i])) < 0)
                return rc;
        }
        break;
    default:
        break;
    }
    c->validity[row >> 3] &= (uint8_t) ~(1u << (row & 7));
    c->nulls++;
    c->rows++;
    return 0;
}

int mt_put_from(mt_column_builder *c, const mt_column *from, int32_t row)
{
    if (mt_column_is_null(from, row))
        return mt_put_null(c);
    return mt__column_builder_append(c, from, row, 1);
}

/* Bits [from, from + len) of `src` to bit `to` of `dst`. */
static void copy_bits(uint8_t *dst, int32_t to, const uint8_t *src,
                      int32_t from, int32_t len)
{
    int32_t i = 0;

    /* Whole bytes where both begin at one. */
    if (to % 8 == 0 && from % 8 == 0) {
        i = len & ~7;
        memcpy(dst + to / 8, src + from / 8, (size_t)i / 8);
    }
    for (; i < len; i++) {
        uint8_t mask = (uint8_t)(1u << ((to + i) & 7));

        if (mt_bit(src, from + i))
            dst[(to + i) >> 3] |= mask;
        else
            dst[(to + i) >> 3] &= (uint8_t)~mask;
    }
}

void mt__column_builder_append_validity(mt_column_builder *c,
                                        const mt_column *from, int32_t from_row,
                                        int32_t len)
{
    int32_t i;

    if (!from->validity)
        return;
    copy_bits(c->validity, c->rows, from->validity, from_row, len);
    for (i = 0; i < len; i++)
        c->nulls += !mt_bit(from->validity, from_row + i);
}

/* Offsets of `len` more rows that are as long as those of `from`. */
static void append_offsets(mt_column_builder *c, const mt_column *from,
                           int32_t from_row, int32_t len)
{
    int32_t shift = c->offsets[c->rows] - from->offsets[from_row];
    int32_t i;

    for (i = 1; i <= len; i++)
        c->offsets[c->rows + i] = from->offsets[from_row + i] + shift;
}

int mt__column_builder_append(mt_column_builder *c, const mt_column *from,
                              int32_t from_row, int32_t len)
{
    const mt_type *type = c->type;
    size_t width = (size_t)type->width;
    int32_t i, begin = from_row, count = len;
    int rc;

    if ((rc = mt__column_builder_reserve(c, len)) < 0)
        return rc;
    if (from->offsets) {
        begin = from->offsets[from_row];
        count = from->offsets[from_row + len] - begin;
    }
    switch (type->form) {
    case MT_FORM_BITS:
        copy_bits(c->values, c->rows, from->values, from_row, len);
        break;
    case MT_FORM_FIXED:
        memcpy((uint8_t *)c->values + (size_t)c->rows * width,
               (const uint8_t *)from->values + (size_t)from_row * width,
               (size_t)len * width);
        break;
    case MT_FORM_VAR:
        if ((rc = mt_column_grow_bytes(c, (size_t)count)) < 0)
            return rc;
        if (count)
            memcpy((uint8_t *)c->values + c->offsets[c->rows],
                   (const uint8_t *)from->values + begin, (size_t)count);
        append_offsets(c, from, from_row, len);
        break;
    case MT_FORM_LIST:
    case MT_FORM_STRUCT:
        for (i = 0; i < c->children_len; i++) {
            rc = mt__column_builder_append(&c->children[i], &from->children[i],
                                           begin, count);
            if (rc < 0)
                return rc;
        }
        if (type->form == MT_FORM_LIST)
            append_offsets(c, from, from_row, len);
        break;
    default:
        break;
    }
    mt__column_builder_append_validity(c, from, from_row, len);
    c->rows += len;
    return 0;
}

/* Bytes and offsets of rows[0 .. len). */
static int append_bytes_of(mt_column_builder *c, const mt_column *from,
                           const int32_t *rows, int32_t len)
{
    int32_t i, at = c->offsets[c->rows];
    size_t count = 0;
    int rc;

    for (i = 0; i < len; i++)
        count += (size_t)(from->offsets[rows[i] + 1] - from->offsets[rows[i]]);
    if ((rc = mt_column_grow_bytes(c, count)) < 0)
        return rc;
    for (i = 0; i < len; i++) {
        int32_t begin = from->offsets[rows[i]];
        int32_t size = from->offsets[rows[i] + 1] - begin;

        if (size)
            memcpy((uint8_t *)c->values + at,
                   (const uint8_t *)from->values + begin, (size_t)size);
        at += size;
        c->offsets[c->rows + i + 1] = at;
    }
    return 0;
}

/* Neighbours in `rows` that are neighbours in `from` are copied as one. */
static int append_runs(mt_column_builder *c, const mt_column *from,
                       const int32_t *rows, int32_t len)
{
    int32_t begin = 0, end;
    int rc = 0;

    for (; begin < len && rc == 0; begin = end) {
        for (end = begin + 1; end < len && rows[end] == rows[end - 1] + 1;)
            end++;
        rc = mt__column_builder_append(c, from, rows[begin], end - begin);
    }
    return rc;
}

int mt__column_builder_append_rows(mt_column_builder *c, const mt_column *from,
                                   const int32_t *rows, int32_t len)
{
    size_t width = (size_t)c->type->width;
    int32_t i;
    int rc;

    if (c->type->form != MT_FORM_FIXED && c->type->form != MT_FORM_VAR)
        return append_runs(c, from, rows, len);
    if ((rc = mt__column_builder_reserve(c, len)) < 0)
        return rc;
    if (c->type->form == MT_FORM_FIXED)
        mt__take_values((uint8_t *)c->values + (size_t)c->rows * width,
                        from->values, c->type->width, rows, len);
    else if ((rc = append_bytes_of(c, from, rows, len)) < 0)
        return rc;
    for (i = 0; from->nulls && i < len; i++) {
        int32_t at = c->rows + i, null = !mt_bit(from->validity, rows[i]);

        c->validity[at >> 3] &= (uint8_t) ~(null << (at & 7));
        c->nulls += null;
    }
    c->rows += len;
    return 0;
}

void mt__column_builder_cut(mt_column_builder *c, int32_t rows)
{
    int32_t i;

    for (i = rows; c->nulls && i < c->rows; i++) {
        uint8_t mask = (uint8_t)(1u << (i & 7));

        c->nulls -= !(c->validity[i >> 3] & mask);
        c->validity[i >> 3] |= mask;
    }
    c->rows = rows;
    for (i = 0; i < c->children_len; i++)
        mt__column_builder_cut(&c->children[i], c->type->form == MT_FORM_LIST
                                                    ? c->offsets[rows]
                                                    : rows);
}

int64_t mt__column_builder_bytes(const mt_column_builder *c)
{
    int64_t bytes = 0;
    int32_t i;

    if (c->type->form == MT_FORM_VAR)
        return c->offsets[c->rows];
    for (i = 0; i < c->children_len; i++) {
        const mt_column_builder *child = &c->children[i];

        bytes += mt__column_builder_bytes(child);
        if (c->type->form == MT_FORM_LIST)
            bytes += (int64_t)child->rows * (child->type->width + 1);
    }
    return bytes;
}

/* ---- sealing a column ---------------------------------------------------- */

/* Bytes of buffer `k` that the batch needs; 0: it does without. */
static size_t used_bytes(const mt_column_builder *c, int k)
{
    if (k == VALIDITY && c->nulls == 0)
        return 0;
    if (k == VALUES && c->type->form == MT_FORM_VAR)
        return (size_t)c->offsets[c->rows];
    if (c->rows == 0)
        return 0;
    return bytes_for(c->type, k, c->rows);
}

static bool is_copied(size_t used, size_t capacity)
{
    return used <= capacity / 8;
}

/* Bytes grown far past those of a usual batch, by a few huge values: the
 * builder does not keep, nor make again, room for more of them. */
static bool is_oversized(const mt_column_builder *c, int k)
{
    return k == VALUES && c->type->form == MT_FORM_VAR &&
           c->bytes_max > 4 * MT_BATCH_BYTES;
}

int mt__column_builder_prepare(mt_column_builder *c, mt_column *out,
                               const char *name, mt_error **err)
{
    int32_t i, expected = c->rows;
    int k, rc;

    if (c->type->form == MT_FORM_LIST)
        expected = c->offsets[c->rows];
    for (i = 0; i < c->children_len; i++) {
        if (c->children[i].rows != expected)
            return mt_fail(err, MT_EINTERNAL,
                           "column '%s': its child %d has %d rows in place "
                           "of %d",
                           name, i, c->children[i].rows, expected);
        rc = mt__column_builder_prepare(&c->children[i], &out->children[i],
                                        name, err);
        if (rc < 0)
            return rc;
    }
    for (k = 0; k < 3; k++) {
        size_t used = used_bytes(c, k), capacity;

        if (!used)
            continue;
        capacity = mt__buffer_capacity(c->owners[k]);
        if (!is_copied(used, capacity) && is_oversized(c, k))
            continue;
        out->owners[k] =
            mt__buffer_new(is_copied(used, capacity) ? used : capacity);
        if (!out->owners[k])
            return mt_fail(err, MT_ENOMEM,
                           "out of memory for %zu bytes of column '%s'", used,
                           name);
    }
    return 0;
}

/* Leaves buffer `k` of the batch in out->owners[k] and the builder with one
 * that has room again. */
static void seal_buffer(mt_column_builder *c, mt_column *out, int k)
{
    size_t used = used_bytes(c, k);
    mt_buffer *mine = c->owners[k], *fresh = out->owners[k];

    if (!used)
        return;
    if (is_copied(used, mt__buffer_capacity(mine))) {
        memcpy(mt__buffer_data(fresh), mt__buffer_data(mine), used);
        if (k == VALIDITY)
            memset(mt__buffer_data(mine), 0xff, used);
        if (is_oversized(c, k)) {
            c->owners[k] = NULL;
            mt__buffer_unref(mine);
        }
        return;
    }
    c->owners[k] = fresh; /* NULL where it was oversized */
    out->owners[k] = mine;
    if (k == VALIDITY)
        memset(mt__buffer_data(fresh), 0xff, bits_bytes(c->rows_max));
    else if (k == OFFSETS)
        memset(mt__buffer_data(fresh), 0, sizeof(int32_t));
    else if (c->type->form == MT_FORM_BITS)
        memset(mt__buffer_data(fresh), 0, bits_bytes(c->rows_max));
}

void mt__column_builder_seal(mt_column_builder *c, mt_column *out)
{
    const mt_form form = (mt_form)c->type->form;
    mt_buffer **o = out->owners;
    int32_t i;
    int k;

    for (i = 0; i < c->children_len; i++)
        mt__column_builder_seal(&c->children[i], &out->children[i]);
    for (k = 0; k < 3; k++)
        seal_buffer(c, out, k);
    out->validity = o[VALIDITY] ? mt__buffer_data(o[VALIDITY]) : NULL;
    if (form != MT_FORM_LIST && form != MT_FORM_STRUCT && form != MT_FORM_NONE)
        out->values = o[VALUES] ? mt__buffer_data(o[VALUES]) : mt__zeros;
    if (form == MT_FORM_VAR || form == MT_FORM_LIST)
        out->offsets = o[OFFSETS] ? mt__buffer_data(o[OFFSETS])
                                  : (const int32_t *)(const void *)mt__zeros;
    out->rows = c->rows;
    out->nulls = c->nulls;
    out->absent = 0;
    c->rows = 0;
    c->nulls = 0;
    point(c);
}

/* ---- batch builders ------------------------------------------------------ */

mt_builder *mt_builder_new(const mt_type *type, int32_t rows_max,
                           mt_error **err)
{
    int32_t len = mt_type_columns_len(type);
    mt_builder *b = mt_calloc(sizeof(*b));

    if (!b)
        goto fail;
    b->type = mt_type_ref(type);
    b->rows_max = rows_max > 0 ? rows_max : MT_BATCH_ROWS;
    b->columns = mt_calloc((size_t)len * sizeof(*b->columns));
    if (!b->columns)
        goto fail;
    while (b->columns_len < len) {
        if (mt__column_builder_init(&b->columns[b->columns_len],
                                    mt_type_column(type, b->columns_len),
                                    b->rows_max) < 0)
            goto fail;
        b->columns_len++;
    }
    return b;
fail:
    mt_fail(err, MT_ENOMEM, "out of memory for a batch of %d rows",
            rows_max > 0 ? rows_max : MT_BATCH_ROWS);
    mt_builder_free(b);
    return NULL;
}

void mt_builder_free(mt_builder *b)
{
    int32_t i;

    if (!b)
        return;
    for (i = 0; i < b->columns_len; i++)
        mt__column_builder_fini(&b->columns[i]);
    if (b->columns)
        mt_free(b->columns,
                (size_t)mt_type_columns_len(b->type) * sizeof(*b->columns));
    mt__buffer_unref(b->kinds_owner);
    mt__buffer_unref(b->timestamps_owner);
    if (b->lazy && b->lazy->free)
        b->lazy->free(b->lazy);
    mt_type_unref(b->type);
    mt_free(b, sizeof(*b));
}

int mt_builder_commit(mt_builder *b, mt_error **err)
{
    int32_t i, rows = -1;

    for (i = 0; i < b->columns_len; i++) {
        const mt_column_builder *c = &b->columns[i];

        if (c->skipped)
            continue;
        if (rows < 0)
            rows = c->rows;
        if (MT_UNLIKELY(c->rows != rows))
            return mt_fail(err, MT_EINTERNAL,
                           "column '%s' has %d rows where those before it "
                           "have %d",
                           mt_type_column_name(b->type, i), c->rows, rows);
    }
    /* Without columns only the caller knows: b->rows is as it was set. */
    if (rows >= 0)
        b->rows = rows;
    return 0;
}

void mt_builder_rollback(mt_builder *b)
{
    int32_t i;

    for (i = 0; i < b->columns_len; i++) {
        if (!b->columns[i].skipped)
            mt__column_builder_cut(&b->columns[i], b->rows);
    }
    if (b->kinds && b->kinds_max > b->rows)
        memset(b->kinds + b->rows, MT_INSERT, (size_t)(b->kinds_max - b->rows));
    for (i = b->rows; b->timestamps && i < b->timestamps_max; i++)
        b->timestamps[i] = INT64_MIN;
}

bool mt_builder_full(const mt_builder *b)
{
    int64_t bytes = 0;
    int32_t i;

    if (b->rows >= b->rows_max)
        return true;
    for (i = 0; i < b->columns_len; i++)
        bytes += mt__column_builder_bytes(&b->columns[i]);
    return bytes >= MT_BATCH_BYTES;
}

/* Room for row rows_max - 1 in the buffer of a value of `width` bytes a row. */
static int grow_side(mt_buffer **owner, int32_t *max, int32_t rows_max,
                     size_t width)
{
    mt_buffer *grown;

    if (rows_max <= *max)
        return 0;
    if (rows_max < 2 * (int64_t)*max && *max < INT32_MAX / 2)
        rows_max = 2 * *max;
    grown = mt__buffer_new((size_t)rows_max * width);
    if (!grown)
        return MT_ENOMEM;
    if (*owner)
        memcpy(mt__buffer_data(grown), mt__buffer_data(*owner),
               (size_t)*max * width);
    mt__buffer_unref(*owner);
    *owner = grown;
    *max = rows_max;
    return 0;
}

static int grow_kinds(mt_builder *b, int32_t rows)
{
    int32_t old = b->kinds_max;

    if (grow_side(&b->kinds_owner, &b->kinds_max, rows, 1) < 0)
        return MT_ENOMEM;
    b->kinds = mt__buffer_data(b->kinds_owner);
    memset(b->kinds + old, MT_INSERT, (size_t)(b->kinds_max - old));
    return 0;
}

static int grow_timestamps(mt_builder *b, int32_t rows)
{
    int32_t i = b->timestamps_max;

    if (grow_side(&b->timestamps_owner, &b->timestamps_max, rows,
                  sizeof(int64_t)) < 0)
        return MT_ENOMEM;
    b->timestamps = mt__buffer_data(b->timestamps_owner);
    for (; i < b->timestamps_max; i++)
        b->timestamps[i] = INT64_MIN;
    return 0;
}

int mt_builder_set_kind(mt_builder *b, int32_t row, mt_row_kind kind)
{
    if (!b->kinds && kind == MT_INSERT)
        return 0;
    if (row >= b->kinds_max &&
        grow_kinds(b, row < b->rows_max ? b->rows_max : row + 1) < 0)
        return MT_ENOMEM;
    b->kinds[row] = (uint8_t)kind;
    return 0;
}

int mt_builder_set_timestamp(mt_builder *b, int32_t row, int64_t ms)
{
    if (!b->timestamps && ms == INT64_MIN)
        return 0;
    if (row >= b->timestamps_max &&
        grow_timestamps(b, row < b->rows_max ? b->rows_max : row + 1) < 0)
        return MT_ENOMEM;
    b->timestamps[row] = ms;
    return 0;
}

/* ---- sealing a batch ----------------------------------------------------- */

static int prepare_columns(mt_builder *b, mt_batch *batch, mt_error **err)
{
    int32_t i;
    int rc;

    for (i = 0; i < b->columns_len; i++) {
        mt_column_builder *c = &b->columns[i];
        const char *name = mt_type_column_name(b->type, i);

        if (c->skipped && !b->lazy)
            return mt_fail(err, MT_EINTERNAL,
                           "column '%s' was skipped but nothing can decode it",
                           name);
        if (c->skipped)
            continue;
        if (c->rows != b->rows)
            return mt_fail(err, MT_EMISUSE,
                           "column '%s' holds %d rows of which %d are "
                           "committed",
                           name, c->rows, b->rows);
        rc = mt__column_builder_prepare(c, &batch->columns[i], name, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int prepare_sides(mt_builder *b, mt_error **err)
{
    if ((b->kinds && b->kinds_max < b->rows && grow_kinds(b, b->rows) < 0) ||
        (b->timestamps && b->timestamps_max < b->rows &&
         grow_timestamps(b, b->rows) < 0))
        return mt_fail(err, MT_ENOMEM, "out of memory for a batch of %d rows",
                       b->rows);
    return 0;
}

static void seal_sides(mt_builder *b, mt_batch *batch)
{
    batch->kinds = b->kinds;
    batch->kinds_owner = b->kinds_owner;
    batch->timestamps = b->timestamps;
    batch->timestamps_owner = b->timestamps_owner;
    batch->lazy = b->lazy;
    b->kinds = NULL;
    b->kinds_owner = NULL;
    b->kinds_max = 0;
    b->timestamps = NULL;
    b->timestamps_owner = NULL;
    b->timestamps_max = 0;
    b->lazy = NULL;
}

int mt_builder_seal(mt_builder *b, mt_batch **out, mt_error **err)
{
    mt_batch *batch = mt__batch_new(b->type, b->rows);
    int32_t i;
    int rc;

    *out = NULL;
    if (!batch)
        return mt_fail(err, MT_ENOMEM, "out of memory for a batch of %d rows",
                       b->rows);
    if ((rc = prepare_columns(b, batch, err)) < 0 ||
        (rc = prepare_sides(b, err)) < 0) {
        mt_batch_unref(batch);
        return rc;
    }
    for (i = 0; i < b->columns_len; i++) {
        if (b->columns[i].skipped) {
            batch->columns[i].rows = b->rows;
            batch->columns[i].absent = 1;
            batch->absent_len++;
        } else {
            mt__column_builder_seal(&b->columns[i], &batch->columns[i]);
        }
    }
    seal_sides(b, batch);
    b->rows = 0;
    mt__batch_count_held(batch);
    *out = batch;
    return 0;
}
