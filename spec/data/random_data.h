/* random_data.h - random types and values for the tests of src/data, with a
 * naive text of each value made while it is put: the model that sealed, taken,
 * projected and copied columns are compared with.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_SPEC_RANDOM_DATA_H
#define MT_SPEC_RANDOM_DATA_H

#include <stdio.h>

#include "base/alloc.h"
#include "data/buffer.h"
#include "data/time.h"
#include "moontide_plugin.h"
#include "tap.h"

#define UNUSED __attribute__((unused))

/* Common types stand twice. A `*` becomes 1 to 38, a `#` 0 to 9. */
static const char *const random_scalars[] = {
    "BOOLEAN",
    "TINYINT",
    "SMALLINT",
    "INT",
    "INT",
    "BIGINT",
    "FLOAT",
    "DOUBLE",
    "DECIMAL",
    "CHAR(*)",
    "VARCHAR(*)",
    "STRING",
    "STRING",
    "VARBINARY(*)",
    "BYTES",
    "DATE",
    "TIME(#)",
    "TIMESTAMP(#)",
    "TIMESTAMP_LTZ(#)",
    "INTERVAL YEAR TO MONTH",
    "INTERVAL DAY TO SECOND",
};

enum {
    RANDOM_SCALARS = sizeof(random_scalars) / sizeof(*random_scalars),
    RANDOM_ARRAYS = 2,
    RANDOM_MAPS = 1,
    RANDOM_ROWS = 2,
    RANDOM_TYPES = RANDOM_SCALARS + RANDOM_ARRAYS + RANDOM_MAPS + RANDOM_ROWS,
};

UNUSED static void random_scalar_text(uint64_t *rng, int pick, mt_buf *out)
{
    int p = 1 + (int)tap_below(rng, 38);
    const char *c;

    for (c = random_scalars[pick]; *c; c++) {
        if (*c == '*')
            mt_buf_printf(out, "%d", p);
        else if (*c == '#')
            mt_buf_printf(out, "%d", (int)tap_below(rng, 10));
        else
            mt_buf_byte(out, (uint8_t)*c);
    }
    if (strcmp(random_scalars[pick], "DECIMAL") == 0)
        mt_buf_printf(out, "(%d, %d)", p, (int)tap_below(rng, (uint64_t)p + 1));
}

UNUSED static void random_type_text(uint64_t *rng, int depth, mt_buf *out);

UNUSED static void random_row_text(uint64_t *rng, int depth, mt_buf *out)
{
    int i, fields = 1 + (int)tap_below(rng, 4);

    mt_buf_printf(out, tap_below(rng, 2) ? "ROW<" : "TUPLE<");
    for (i = 0; i < fields; i++) {
        mt_buf_printf(out, "%s`f%d%s` ", i ? ", " : "", i,
                      tap_below(rng, 4) ? "" : "``x");
        random_type_text(rng, depth, out);
    }
    mt_buf_printf(out, ">");
}

/* Appends the spelling of a random type that nests at most `depth` deep. */
UNUSED static void random_type_text(uint64_t *rng, int depth, mt_buf *out)
{
    int pick = (int)tap_below(rng, depth > 0 ? RANDOM_TYPES : RANDOM_SCALARS);

    if (pick < RANDOM_SCALARS) {
        random_scalar_text(rng, pick, out);
    } else if (pick < RANDOM_SCALARS + RANDOM_ARRAYS) {
        mt_buf_printf(out, "ARRAY<");
        random_type_text(rng, depth - 1, out);
        mt_buf_printf(out, ">");
    } else if (pick < RANDOM_SCALARS + RANDOM_ARRAYS + RANDOM_MAPS) {
        mt_buf_printf(out, "MAP<");
        random_type_text(rng, depth - 1, out);
        mt_buf_printf(out, ", ");
        random_type_text(rng, depth - 1, out);
        mt_buf_printf(out, ">");
    } else {
        random_row_text(rng, depth - 1, out);
    }
    if (tap_below(rng, 8) == 0)
        mt_buf_printf(out, " NOT NULL");
}

/* A record type of some columns. */
UNUSED static mt_type *random_record(uint64_t *rng, int columns, int depth)
{
    mt_buf text = {0};
    mt_error *err = NULL;
    mt_type *type;
    int i;

    mt_buf_printf(&text, "ROW<");
    for (i = 0; i < columns; i++) {
        mt_buf_printf(&text, "%sc%d ", i ? ", " : "", i);
        random_type_text(rng, depth, &text);
    }
    mt_buf_printf(&text, ">");
    mt_buf_byte(&text, 0);
    type = mt_type_parse((char *)text.data, &err);
    if (!type)
        NOTE("%s", mt_error_message(err));
    mt_buf_fini(&text);
    return type;
}

UNUSED static mt_int128 random_decimal(uint64_t *rng, int precision)
{
    int digits = 1 + (int)tap_below(rng, (uint64_t)precision), i;
    mt_int128 v = 0;

    for (i = 0; i < digits; i++)
        v = v * 10 + (int)tap_below(rng, 10);
    return tap_below(rng, 2) ? v : -v;
}

/* A whole number of any size up to `bits`. */
UNUSED static int64_t random_integer(uint64_t *rng, int bits)
{
    int shift = 64 - bits + (int)tap_below(rng, (uint64_t)bits);

    return (int64_t)tap_random(rng) >> shift;
}

/* Instants of the years 0000 to 9999, the digits past `precision` cut. */
UNUSED static mt_timestamp9 random_instant(uint64_t *rng)
{
    int64_t days =
        MT_DAYS_MIN + (int64_t)tap_below(rng, MT_DAYS_MAX - MT_DAYS_MIN + 1);
    mt_timestamp9 ts = {days * MT_MILLIS_PER_DAY +
                            (int64_t)tap_below(rng, MT_MILLIS_PER_DAY),
                        (int32_t)tap_below(rng, 1000000), 0};

    if (tap_below(rng, 3) == 0)
        ts.nanos_of_milli = 0;
    return ts;
}

/* Puts one random value into `c` and appends its text to `model`. What memory
 * fails is the answer; the model then is cut short by whoever calls. */
UNUSED static int put_random(uint64_t *rng, mt_column_builder *c,
                             mt_buf *model);

UNUSED static int put_random_fixed(uint64_t *rng, mt_column_builder *c,
                                   mt_buf *model)
{
    const mt_type *type = c->type;
    char text[MT_TEXT_MAX];
    mt_timestamp9 ts = {0, 0, 0};
    mt_column one = {0};
    int32_t i32 = (int32_t)random_integer(rng, 32);
    int64_t i64 = random_integer(rng, 64);
    mt_int128 i128;
    double f64;
    float f32;

    one.values = &ts;
    one.rows = 1;
    switch (type->kind) {
    case MT_TINYINT:
        mt_buf_printf(model, "%d", (int8_t)i32);
        return mt_put_i8(c, (int8_t)i32);
    case MT_SMALLINT:
        mt_buf_printf(model, "%d", (int16_t)i32);
        return mt_put_i16(c, (int16_t)i32);
    case MT_INT:
        mt_buf_printf(model, "%d", i32);
        return mt_put_i32(c, i32);
    case MT_BIGINT:
        mt_buf_printf(model, "%lld", (long long)i64);
        return mt_put_i64(c, i64);
    case MT_FLOAT:
        f32 = (float)i32 / 64;
        mt_buf_append(model, text, mt_text_f32(text, f32));
        return mt_put_f32(c, f32);
    case MT_DOUBLE:
        f64 = (double)i64 / 1024;
        mt_buf_append(model, text, mt_text_f64(text, f64));
        return mt_put_f64(c, f64);
    case MT_DECIMAL:
        i128 = random_decimal(rng, type->precision);
        mt_buf_append(model, text, mt_text_decimal(text, i128, type->scale));
        return mt_put_decimal(c, i128);
    case MT_DATE:
        i32 = MT_DAYS_MIN +
              (int32_t)tap_below(rng, MT_DAYS_MAX - MT_DAYS_MIN + 1);
        mt_buf_append(model, text, mt_text_date(text, i32));
        return mt_put_i32(c, i32);
    case MT_TIME:
        mt__time_put(type, (int64_t)tap_below(rng, MT_NANOS_PER_DAY), &ts);
        mt_text_value(type, &one, 0, model);
        if (type->width == 4)
            return mt_put_i32(c, (int32_t)ts.millis);
        return mt_put_i64(c, ts.millis);
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        mt__timestamp_put(type, random_instant(rng), &ts);
        mt_text_value(type, &one, 0, model);
        if (type->width == 8)
            return mt_put_i64(c, ts.millis);
        return mt_put_timestamp9(c, ts);
    case MT_INTERVAL_MONTHS:
        memcpy(&ts, &i32, sizeof(i32));
        mt_text_value(type, &one, 0, model);
        return mt_put_i32(c, i32);
    default:
        memcpy(&ts, &i64, sizeof(i64));
        mt_text_value(type, &one, 0, model);
        return mt_put_i64(c, i64);
    }
}

UNUSED static int put_random_bytes(uint64_t *rng, mt_column_builder *c,
                                   mt_buf *model)
{
    bool binary = c->type->kind == MT_BINARY || c->type->kind == MT_VARBINARY;
    uint8_t bytes[64];
    size_t i, len = tap_below(rng, 24);

    for (i = 0; i < len; i++)
        bytes[i] =
            (uint8_t)(binary ? tap_random(rng) : 'a' + tap_below(rng, 26));
    if (!binary)
        mt_buf_append(model, bytes, len);
    else
        mt_buf_byte(model, '[');
    for (i = 0; binary && i < len; i++)
        mt_buf_printf(model, "%s%d", i ? ", " : "", (int8_t)bytes[i]);
    if (binary)
        mt_buf_byte(model, ']');
    return mt_put_bytes(c, bytes, len);
}

UNUSED static int put_random_nested(uint64_t *rng, mt_column_builder *c,
                                    mt_buf *model)
{
    const mt_type *type = c->type;
    int i, len = (int)tap_below(rng, 5), k, rc;

    if (type->kind == MT_ROW) {
        mt_buf_printf(model, type->tuple ? "(" : "+I[");
        for (i = 0; i < type->fields_len; i++) {
            mt_buf_printf(model, "%s", i == 0 ? "" : type->tuple ? "," : ", ");
            if ((rc = put_random(rng, &c->children[i], model)) < 0)
                return rc;
        }
        mt_buf_printf(model, type->tuple ? ")" : "]");
        return mt_put_row(c);
    }
    mt_buf_printf(model, type->kind == MT_ARRAY ? "[" : "{");
    for (i = 0; i < len; i++) {
        mt_buf_printf(model, "%s", i ? ", " : "");
        for (k = 0; k < type->fields_len; k++) {
            mt_buf_printf(model, "%s", k ? "=" : "");
            if ((rc = put_random(rng, &c->children[k], model)) < 0)
                return rc;
        }
    }
    mt_buf_printf(model, type->kind == MT_ARRAY ? "]" : "}");
    return mt_put_list(c);
}

UNUSED static int put_random(uint64_t *rng, mt_column_builder *c, mt_buf *model)
{
    bool value;

    if (c->type->nullable && tap_below(rng, 6) == 0) {
        mt_buf_printf(model, "null");
        return mt_put_null(c);
    }
    switch (c->type->form) {
    case MT_FORM_BITS:
        value = tap_below(rng, 2);
        mt_buf_printf(model, value ? "true" : "false");
        return mt_put_bool(c, value);
    case MT_FORM_FIXED:
        return put_random_fixed(rng, c, model);
    case MT_FORM_VAR:
        return put_random_bytes(rng, c, model);
    default:
        return put_random_nested(rng, c, model);
    }
}

/* Rows as texts: cell (row, column) is at cells[row * columns_len + column]. */
typedef struct model {
    mt_buf text;
    size_t *starts; /* cells_len + 1 */
    int cells_len;
    int columns_len;
} model;

UNUSED static void model_fini(model *m)
{
    mt_buf_fini(&m->text);
    free(m->starts);
}

/* A batch of so many random rows with its model; NULL with err. */
UNUSED static mt_batch *random_batch(uint64_t *rng, const mt_type *type,
                                     int rows, model *m, mt_error **err)
{
    mt_builder *b = mt_builder_new(type, rows, err);
    mt_batch *batch = NULL;
    int row, i;

    memset(m, 0, sizeof(*m));
    m->columns_len = mt_type_columns_len(type);
    m->starts =
        calloc((size_t)rows * (size_t)m->columns_len + 1, sizeof(size_t));
    if (!b)
        return NULL;
    for (row = 0; row < rows; row++) {
        for (i = 0; i < b->columns_len; i++) {
            if (put_random(rng, &b->columns[i], &m->text) < 0) {
                mt_fail(err, MT_ENOMEM, "out of memory");
                goto out;
            }
            m->starts[++m->cells_len] = m->text.len;
        }
        if (mt_builder_commit(b, err) < 0)
            goto out;
    }
    mt_builder_seal(b, &batch, err);
out:
    mt_builder_free(b);
    return batch;
}

/* Whether the cell of the batch reads as that of the model. */
UNUSED static bool same_cell(const mt_type *type, const mt_column *c, int row,
                             const model *m, int model_row, int model_column)
{
    int cell = model_row * m->columns_len + model_column;
    size_t len = m->starts[cell + 1] - m->starts[cell];
    const char *want = (char *)m->text.data + m->starts[cell];
    mt_buf got = {0};
    bool same;

    mt_text_value(type, c, row, &got);
    same = got.len == len && (len == 0 || memcmp(got.data, want, len) == 0);
    if (!same)
        NOTE("row %d, column %d: got '%.*s', want '%.*s'", row, model_column,
             (int)got.len, got.data ? (char *)got.data : "", (int)len, want);
    mt_buf_fini(&got);
    return same;
}

/* Rows rows[0 .. len) of the model are the batch's; NULL rows: all of them. */
UNUSED static bool same_batch(const mt_batch *b, const model *m,
                              const int32_t *rows)
{
    int row, i;

    for (row = 0; row < b->rows; row++) {
        for (i = 0; i < b->columns_len; i++) {
            if (!same_cell(mt_type_column(b->type, i), &b->columns[i], row, m,
                           rows ? rows[row] : row, i))
                return false;
        }
    }
    return true;
}

/* Blocks that are live, the pool of buffers emptied. */
UNUSED static int64_t live_blocks(void)
{
    mt__alloc_stats stats;

    mt__buffer_pool_limit(0);
    mt__alloc_read(&stats);
    return stats.blocks_live;
}

/* The message of an error, which is freed with the next call. */
UNUSED static const char *message_of(mt_error **err)
{
    static char text[1024];

    snprintf(text, sizeof(text), "%s", *err ? mt_error_message(*err) : "");
    mt_error_free(*err);
    *err = NULL;
    return text;
}

/* The type of a spelling that must be right. */
UNUSED static mt_type *parse_type(const char *text)
{
    mt_error *err = NULL;
    mt_type *type = mt_type_parse(text, &err);

    if (!type)
        NOTE("%s", message_of(&err));
    return type;
}

#endif
