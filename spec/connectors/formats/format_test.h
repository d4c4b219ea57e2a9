/* format_test.h - what the unit programs of the formats share: opening a format
 * with options, decoding and encoding as a connector would, random types and
 * rows, and columns compared value by value.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FORMAT_TEST_H
#define MT_FORMAT_TEST_H

#include "base/alloc.h"
#include "moontide.h"
#include "tap.h"

#define UNUSED __attribute__((unused))

/* ---- opening ----------------------------------------------------------- */

/* "name=value;name=value" as a format's options, in one static place. */
UNUSED static mt_format_ref ref_of(const char *format, const char *options)
{
    static char text[512], prefix[32];
    static const char *items[32];
    mt_format_ref ref = {format, prefix, {items, 0}};
    char *p = text;

    snprintf(text, sizeof(text), "%s", options ? options : "");
    snprintf(prefix, sizeof(prefix), "%s.", format);
    while (*p) {
        char *value = strchr(p, '=');
        char *end = strchr(value, ';');

        *value++ = '\0';
        if (end)
            *end = '\0';
        items[ref.options.len++] = p;
        items[ref.options.len++] = value;
        p = end ? end + 1 : value + strlen(value);
    }
    return ref;
}

/* The fields of a table whose every column the format has. */
UNUSED static mt_fields fields_of(const mt_type *type)
{
    static int32_t columns[64];
    mt_fields fields = {type, columns};
    int32_t i;

    for (i = 0; i < 64; i++)
        columns[i] = i;
    return fields;
}

UNUSED static mt_type *type_of(const char *text)
{
    mt_error *err = NULL;
    mt_type *type = mt_type_parse(text, &err);

    if (!type) {
        NOTE("type %s: %s", text, mt_error_message(err));
        exit(2);
    }
    return type;
}

UNUSED static mt_decoder *open_decoder(const char *format, const char *options,
                                       const mt_type *type, mt_error **err)
{
    mt_format_ref ref = ref_of(format, options);
    mt_fields fields = fields_of(type);

    return mt_decoder_open(&ref, &fields, err);
}

UNUSED static mt_encoder *open_encoder(const char *format, const char *options,
                                       const mt_type *type, mt_error **err)
{
    mt_format_ref ref = ref_of(format, options);
    mt_fields fields = fields_of(type);

    return mt_encoder_open(&ref, &fields, err);
}

/* ---- messages ----------------------------------------------------------- */

UNUSED static mt_span span_of(const char *text)
{
    mt_span span = {(const uint8_t *)text, text ? strlen(text) : 0};

    return span;
}

/* Decodes messages into a new batch; NULL with err. `rows` may be NULL. */
UNUSED static mt_batch *decode_all(mt_decoder *d, const mt_type *type,
                                   const mt_span *messages, int32_t len,
                                   int32_t *rows, mt_error **err)
{
    mt_builder *b = mt_builder_new(type, len + 1, err);
    int32_t *own = calloc((size_t)len + 1, sizeof(*own));
    mt_batch *batch = NULL;
    int32_t done;

    if (b &&
        mt_decoder_decode(d, messages, len, b, rows ? rows : own, &done, err) ==
            0 &&
        mt_builder_commit(b, err) == 0)
        mt_builder_seal(b, &batch, err);
    mt_builder_free(b);
    free(own);
    return batch;
}

/* Encodes a whole batch: all messages in `out`, where each ends in `ends`,
 * which has room for the rows. 0 or below 0. */
UNUSED static int encode_all(mt_encoder *e, mt_batch *batch, mt_buf *out,
                             size_t *ends, uint8_t *nulls, mt_error **err)
{
    int32_t done;

    return mt_encoder_encode(e, batch, 0, batch->rows, out, ends, nulls, &done,
                             err);
}

/* Decodes one message and writes its rows again, with '|' after each: a text to
 * compare. An error gives "!" and its message. In one static place. */
UNUSED static const char *round_trip(const char *format, const char *type_text,
                                     const char *decode, const char *encode,
                                     mt_span message)
{
    static char text[8192];
    mt_type *type = type_of(type_text);
    mt_error *err = NULL;
    mt_decoder *d = open_decoder(format, decode, type, &err);
    mt_encoder *e = d ? open_encoder(format, encode, type, &err) : NULL;
    mt_batch *batch = e ? decode_all(d, type, &message, 1, NULL, &err) : NULL;
    size_t ends[64];
    uint8_t nulls[64];
    mt_buf out = {0};
    size_t at = 0, begin = 0;
    int32_t i;

    text[0] = '\0';
    if (batch && encode_all(e, batch, &out, ends, nulls, &err) == 0) {
        for (i = 0; i < batch->rows; i++) {
            at += (size_t)snprintf(text + at, sizeof(text) - at, "%.*s|",
                                   (int)(ends[i] - begin),
                                   (const char *)out.data + begin);
            begin = ends[i];
        }
    }
    if (err)
        snprintf(text, sizeof(text), "!%s", mt_error_message(err));
    mt_error_free(err);
    mt_buf_fini(&out);
    mt_batch_unref(batch);
    mt_decoder_close(d);
    mt_encoder_close(e);
    mt_type_unref(type);
    return text;
}

/* ---- comparing ----------------------------------------------------------- */

/* The same bits, or both no number. */
UNUSED static bool same_fixed(const mt_type *type, const void *a, const void *b)
{
    double x, y;
    float f, g;

    if (memcmp(a, b, (size_t)type->width) == 0)
        return true;
    if (type->kind == MT_FLOAT) {
        memcpy(&f, a, sizeof(f));
        memcpy(&g, b, sizeof(g));
        return f != f && g != g;
    }
    if (type->kind != MT_DOUBLE)
        return false;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return x != x && y != y;
}

/* Row i of a and row j of b hold the same value. */
UNUSED static bool same_value(const mt_type *type, const mt_column *a,
                              int32_t i, const mt_column *b, int32_t j)
{
    size_t width = (size_t)type->width;
    int32_t k, len;

    if (mt_column_is_null(a, i) || mt_column_is_null(b, j))
        return mt_column_is_null(a, i) == mt_column_is_null(b, j);
    switch (type->form) {
    case MT_FORM_BITS:
        return mt_bit(a->values, i) == mt_bit(b->values, j);
    case MT_FORM_FIXED:
        return same_fixed(type, (const char *)a->values + (size_t)i * width,
                          (const char *)b->values + (size_t)j * width);
    case MT_FORM_STRUCT:
        for (k = 0; k < type->fields_len; k++) {
            if (!same_value(type->fields[k].type, &a->children[k], i,
                            &b->children[k], j))
                return false;
        }
        return true;
    case MT_FORM_NONE:
        return true;
    default:
        break;
    }
    len = a->offsets[i + 1] - a->offsets[i];
    if (len != b->offsets[j + 1] - b->offsets[j])
        return false;
    if (type->form == MT_FORM_VAR)
        return memcmp((const char *)a->values + a->offsets[i],
                      (const char *)b->values + b->offsets[j],
                      (size_t)len) == 0;
    for (k = 0; k < len * a->children_len; k++) {
        int32_t child = k % a->children_len, at = k / a->children_len;

        if (!same_value(type->fields[child].type, &a->children[child],
                        a->offsets[i] + at, &b->children[child],
                        b->offsets[j] + at))
            return false;
    }
    return true;
}

UNUSED static bool same_batches(mt_batch *a, mt_batch *b)
{
    int32_t i, row;

    if (a->rows != b->rows)
        return false;
    for (i = 0; i < a->columns_len; i++) {
        const mt_column *x = mt_batch_column(a, i, NULL);
        const mt_column *y = mt_batch_column(b, i, NULL);

        for (row = 0; row < a->rows; row++) {
            if (!x || !y ||
                !same_value(mt_type_column(a->type, i), x, row, y, row)) {
                NOTE("column %d differs in row %d", i, row);
                return false;
            }
        }
    }
    return true;
}

/* ---- random values ------------------------------------------------------- */

UNUSED static mt_int128 power10_of(int32_t n)
{
    mt_int128 v = 1;

    while (n-- > 0)
        v *= 10;
    return v;
}

/* Mostly small, at times an extreme of the width. */
UNUSED static int64_t random_whole(uint64_t *seed, int32_t width)
{
    int64_t max = width == 8 ? INT64_MAX : (INT64_C(1) << (8 * width - 1)) - 1;

    switch (tap_below(seed, 6)) {
    case 0:
        return max;
    case 1:
        return -max - 1;
    case 2:
        return (int64_t)(tap_random(seed) >> (64 - 8 * width)) & max;
    default:
        return (int64_t)tap_below(seed, 100) - 50;
    }
}

/* Bytes of UTF-8, from every length of sequence and what needs escapes. */
UNUSED static int put_random_text(mt_column_builder *c, uint64_t *seed,
                                  int32_t len_max, bool delimiters)
{
    static const char *const pieces[] = {
        "a",    "B", "7", " ", "text", "ü",  "€",    "😀",
        "\x7f", ".", "-", "_", "\"",   "\\", "\n",   "\t",
        "\x01", ",", ";", "'", "/",    "\r", "\x1f", "#",
    };
    size_t count = sizeof(pieces) / sizeof(*pieces) - (delimiters ? 0 : 12);
    char text[1024];
    size_t len = 0;
    int32_t n = (int32_t)tap_below(seed, 8) ? (int32_t)tap_below(seed, 12)
                                            : (int32_t)tap_below(seed, 120);

    if (n > len_max)
        n = len_max;
    while (n-- > 0) {
        const char *piece = pieces[tap_below(seed, count)];

        memcpy(text + len, piece, strlen(piece));
        len += strlen(piece);
    }
    return mt_put_bytes(c, text, len);
}

UNUSED static int put_random_fixed(mt_column_builder *c, uint64_t *seed)
{
    const mt_type *type = c->type;
    uint64_t bits = tap_random(seed);
    double d;
    float f;
    mt_int128 v;

    switch (type->kind) {
    case MT_FLOAT:
        memcpy(&f, &bits, sizeof(f));
        return mt_put_f32(c, f != f ? 1.5f : f);
    case MT_DOUBLE:
        memcpy(&d, &bits, sizeof(d));
        if (tap_below(seed, 3) == 0)
            d = (double)(int64_t)tap_below(seed, 100000) / 100;
        return mt_put_f64(c, d != d ? -0.0 : d);
    case MT_DECIMAL:
        v = (mt_int128)((unsigned __int128)bits << 64 | tap_random(seed));
        v %= power10_of(type->precision);
        if (tap_below(seed, 4) == 0)
            v = power10_of(type->precision) - 1;
        if (tap_below(seed, 4) == 0)
            v = (mt_int128)tap_below(seed, 10) *
                power10_of((int32_t)tap_below(seed, (uint64_t)type->precision));
        return mt_put_decimal(c, v);
    case MT_DATE:
        return mt_put_i32(c, (int32_t)tap_below(seed, 3000000) - 700000);
    case MT_TIME:
        if (type->width == 4)
            return mt_put_i32(
                c, (int32_t)(tap_below(seed, 86400000) /
                             (uint64_t)power10_of(3 - type->precision) *
                             (uint64_t)power10_of(3 - type->precision)));
        return mt_put_i64(c,
                          (int64_t)(tap_below(seed, 86400000000000) /
                                    (uint64_t)power10_of(9 - type->precision) *
                                    (uint64_t)power10_of(9 - type->precision)));
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        if (type->width == 16) {
            mt_timestamp9 ts = {
                (int64_t)tap_below(seed, 200000000000000) - 50000000000000,
                (int32_t)(tap_below(seed, 1000000) /
                          (uint64_t)power10_of(9 - type->precision) *
                          (uint64_t)power10_of(9 - type->precision)),
                0};

            return mt_put_timestamp9(c, ts);
        } else {
            int64_t unit = (int64_t)power10_of(6 - type->precision);
            int64_t us = (int64_t)tap_below(seed, 200000000000000000) -
                         50000000000000000;

            return mt_put_i64(c, us / unit * unit);
        }
    default:
        break;
    }
    switch (type->width) {
    case 1:
        return mt_put_i8(c, (int8_t)random_whole(seed, 1));
    case 2:
        return mt_put_i16(c, (int16_t)random_whole(seed, 2));
    case 4:
        return mt_put_i32(c, (int32_t)random_whole(seed, 4));
    default:
        return mt_put_i64(c, random_whole(seed, 8));
    }
}

/* One random value, NULL at times where the type allows. */
UNUSED static int put_random(mt_column_builder *c, uint64_t *seed)
{
    const mt_type *type = c->type;
    int32_t i, n;
    int rc = 0;

    if (type->kind == MT_NULL || (type->nullable && tap_below(seed, 8) == 0))
        return mt_put_null(c);
    switch (type->form) {
    case MT_FORM_BITS:
        return mt_put_bool(c, tap_below(seed, 2));
    case MT_FORM_FIXED:
        return put_random_fixed(c, seed);
    case MT_FORM_VAR:
        return put_random_text(c, seed, 200, true);
    case MT_FORM_STRUCT:
        for (i = 0; rc == 0 && i < c->children_len; i++)
            rc = put_random(&c->children[i], seed);
        return rc < 0 ? rc : mt_put_row(c);
    default:
        break;
    }
    n = (int32_t)tap_below(seed, 4);
    for (i = 0; rc == 0 && i < n; i++) {
        if (c->children_len == 1) {
            rc = put_random(&c->children[0], seed);
        } else {
            char key[16];

            /* Keys of a map differ. */
            snprintf(key, sizeof(key), "%d\"k", (int)i);
            rc = mt_put_bytes(&c->children[0], key, strlen(key));
            if (rc == 0)
                rc = put_random(&c->children[1], seed);
        }
    }
    return rc < 0 ? rc : mt_put_list(c);
}

UNUSED static mt_batch *random_batch(const mt_type *type, int32_t rows,
                                     uint64_t *seed)
{
    mt_builder *b = mt_builder_new(type, 0, NULL);
    mt_batch *batch = NULL;
    int32_t i, row;

    for (row = 0; row < rows; row++) {
        for (i = 0; i < b->columns_len; i++) {
            if (put_random(&b->columns[i], seed) < 0)
                exit(2);
        }
    }
    if (mt_builder_commit(b, NULL) < 0 || mt_builder_seal(b, &batch, NULL) < 0)
        exit(2);
    mt_builder_free(b);
    return batch;
}

/* Appends a random scalar type's spelling. */
UNUSED static void random_scalar(mt_buf *text, uint64_t *seed)
{
    static const char *const names[] = {"BOOLEAN",
                                        "TINYINT",
                                        "SMALLINT",
                                        "INT",
                                        "BIGINT",
                                        "FLOAT",
                                        "DOUBLE",
                                        "STRING",
                                        "VARCHAR(20)",
                                        "BYTES",
                                        "DATE",
                                        "INTERVAL MONTH",
                                        "INTERVAL SECOND(3)"};
    uint64_t n = sizeof(names) / sizeof(*names);
    uint64_t pick = tap_below(seed, n + 4);
    int32_t p = 1 + (int32_t)tap_below(seed, 38);

    if (pick < n)
        mt_buf_printf(text, "%s", names[pick]);
    else if (pick == n)
        mt_buf_printf(text, "DECIMAL(%d, %d)", (int)p,
                      (int)tap_below(seed, (uint64_t)p + 1));
    else if (pick == n + 1)
        mt_buf_printf(text, "TIME(%d)", (int)tap_below(seed, 10));
    else
        mt_buf_printf(text,
                      pick == n + 2 ? "TIMESTAMP(%d)" : "TIMESTAMP_LTZ(%d)",
                      (int)tap_below(seed, 10));
}

/* ---- any format ---------------------------------------------------------- */

/* Says that about half of the fields are read. */
UNUSED static void project_some(mt_decoder *d, const mt_type *type,
                                uint64_t *seed)
{
    uint8_t needed[64];
    int32_t i;

    for (i = 0; i < type->fields_len; i++)
        needed[i] = (uint8_t)tap_below(seed, 2);
    mt_decoder_project(d, needed);
}

/* Random rows of that type are the same when they were written and read; at
 * times fields are only read when all is over and the decoder closed. */
UNUSED static bool survives_as(const char *format, const char *type_text,
                               const char *options, uint64_t *seed)
{
    mt_type *type = type_of(type_text);
    mt_batch *batch = random_batch(type, 40, seed), *again = NULL;
    mt_encoder *e = open_encoder(format, options, type, NULL);
    mt_decoder *d = open_decoder(format, options, type, NULL);
    mt_error *err = NULL;
    mt_buf out = {0};
    uint8_t nulls[40];
    mt_span messages[40];
    size_t ends[40], begin = 0;
    int32_t i;
    bool same;

    if (encode_all(e, batch, &out, ends, nulls, &err) == 0) {
        if (tap_below(seed, 2))
            project_some(d, type, seed);
        for (i = 0; i < 40; begin = ends[i++])
            messages[i] = (mt_span){out.data + begin, ends[i] - begin};
        again = decode_all(d, type, messages, 40, NULL, &err);
    }
    mt_decoder_close(d);
    same = again && same_batches(batch, again);
    if (!same)
        NOTE("%s with '%s': %s", type_text, options,
             err ? mt_error_message(err) : "values differ");
    mt_error_free(err);
    mt_batch_unref(again);
    mt_batch_unref(batch);
    mt_encoder_close(e);
    mt_buf_fini(&out);
    mt_type_unref(type);
    return same;
}

/* Messages read, with only some fields needed, and their rows written: 0 or the
 * code of the first error. */
UNUSED static int run_once(const char *format, const char *options,
                           const mt_type *type, const uint8_t *needed,
                           const mt_span *messages, int32_t len)
{
    mt_error *err = NULL;
    mt_decoder *d = open_decoder(format, options, type, &err);
    mt_encoder *e = d ? open_encoder(format, options, type, &err) : NULL;
    mt_batch *batch = NULL;
    mt_buf out = {0};
    uint8_t nulls[8];
    size_t ends[8];
    int rc = 0;

    if (e) {
        mt_decoder_project(d, needed);
        batch = decode_all(d, type, messages, len, NULL, &err);
    }
    if (batch)
        encode_all(e, batch, &out, ends, nulls, &err);
    if (err)
        rc = mt_error_code(err);
    mt_error_free(err);
    mt_buf_fini(&out);
    mt_batch_unref(batch);
    mt_encoder_close(e);
    mt_decoder_close(d);
    return rc;
}

/* The same with each of its allocations failing in turn. */
UNUSED static void test_memory_of(const char *format, const char *options,
                                  const char *type_text, const uint8_t *needed,
                                  const mt_span *messages, int32_t len)
{
    mt_type *type = type_of(type_text);
    mt__alloc_stats before, after;
    int n, failed = 0;
    int rc = run_once(format, options, type, needed, messages, len);

    mt__alloc_read(&before);
    for (n = 1; n < 10000; n++) {
        mt__alloc_fail_at(n);
        rc = run_once(format, options, type, needed, messages, len);
        if (!mt__alloc_has_failed())
            break;
        failed += rc != MT_ENOMEM;
    }
    mt__alloc_fail_at(0);
    mt__alloc_read(&after);
    EQ_INT(rc, 0, "without a failure all is well again");
    EQ_INT(failed, 0, "each of %d allocations may fail", n - 1);
    EQ_INT(after.blocks_live, before.blocks_live, "and nothing leaks");
    mt_type_unref(type);
}

#endif
