/* debezium-avro-confluent: {before, after, op} as Debezium writes it with
 * Confluent's converter, each message behind the id of its schema.
 *
 * Envelopes are read as the table ROW<before, after, op> by avro-confluent, and
 * then taken apart. All that can be wrong with one is looked at before its rows
 * are put, so that a bad one leaves nothing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../avro-confluent/confluent.h"

enum { BEFORE, AFTER, OP, COLUMNS };

static const int32_t places[COLUMNS] = {BEFORE, AFTER, OP};

/* ROW<before ROW<...>, after ROW<...>, op STRING>. Returns owned. */
static mt_type *envelope_type(const mt_type *table, mt_error **err)
{
    mt_type *row =
        mt_type_new_nested(MT_ROW, true, table->fields, table->fields_len, err);
    mt_type *text =
        row ? mt_type_new(MT_VARCHAR, true, INT32_MAX, 0, 0, err) : NULL;
    mt_field fields[COLUMNS] = {{"before", row}, {"after", row}, {"op", text}};
    mt_type *type = NULL;

    if (text)
        type = mt_type_new_nested(MT_ROW, false, fields, COLUMNS, err);
    mt_type_unref(row);
    mt_type_unref(text);
    return type;
}

static int check(const void *o, const mt_fields *fields, bool encode,
                 mt_error **err)
{
    mt_fields envelope = {NULL, places};
    mt_type *type;
    int rc;

    if (fields->type->kind != MT_ROW)
        return mt_fail(err, MT_ETYPE, "Debezium needs a table of columns");
    envelope.type = type = envelope_type(fields->type, err);
    if (!type)
        return MT_ENOMEM;
    rc = confluent_check(o, &envelope, encode, err);
    mt_type_unref(type);
    return rc;
}

/* What a decoder and an encoder are: the same, around avro-confluent's. */
typedef struct codec {
    void *inner;
    mt_type *type; /* of envelopes */
    mt_builder *builder;
    int32_t *columns; /* of the table's fields */
    int32_t fields_len;
    int32_t *counts; /* envelopes that each message gave */
    int32_t counts_max;
} codec;

static void free_codec(codec *c)
{
    mt_builder_free(c->builder);
    mt_type_unref(c->type);
    mt_free(c->columns, (size_t)c->fields_len * sizeof(*c->columns));
    mt_free(c->counts, (size_t)c->counts_max * sizeof(*c->counts));
    mt_free(c, sizeof(*c));
}

/* All but what is inside. NULL with err. */
static codec *new_codec(const mt_fields *fields, mt_error **err)
{
    codec *c = mt_calloc(sizeof(*c));
    size_t size = (size_t)fields->type->fields_len * sizeof(*c->columns);

    if (!c) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    c->fields_len = fields->type->fields_len;
    c->columns = mt_alloc(size);
    if (c->columns) {
        memcpy(c->columns, fields->columns, size);
        c->type = envelope_type(fields->type, err);
    } else {
        mt_fail(err, MT_ENOMEM, "out of memory");
    }
    if (c->type)
        c->builder = mt_builder_new(c->type, 0, err);
    if (!c->builder) {
        free_codec(c);
        return NULL;
    }
    return c;
}

/* ---- reading ----------------------------------------------------------- */

static void decoder_close(void *decoder)
{
    codec *c = decoder;

    if (!c)
        return;
    confluent_decoder_close(c->inner);
    free_codec(c);
}

static int decoder_open(const void *o, const mt_fields *fields, void **decoder,
                        mt_error **err)
{
    codec *c = new_codec(fields, err);
    mt_fields envelope = {NULL, places};
    int rc;

    *decoder = NULL;
    if (!c)
        return MT_ENOMEM;
    envelope.type = c->type;
    rc = confluent_decoder_open(o, &envelope, &c->inner, err);
    if (rc < 0) {
        decoder_close(c);
        return rc;
    }
    *decoder = c;
    return 0;
}

static int put_row(const codec *c, mt_builder *out, mt_row_kind kind,
                   const mt_column *from, int32_t row)
{
    int rc = mt_builder_set_kind(out, out->columns[c->columns[0]].rows, kind);
    int32_t i;

    for (i = 0; rc == 0 && i < c->fields_len; i++)
        rc = mt_put_from(&out->columns[c->columns[i]], &from->children[i], row);
    return rc;
}

static int refuse_missing(const char *what, mt_error **err)
{
    return mt_fail(err, MT_ERECORD, "the message has no \"%s\"%s", what,
                   *what == 'b' ? " (of PostgreSQL, the table needs REPLICA "
                                  "IDENTITY FULL)"
                                : "");
}

/* The one letter of an envelope's "op", or 0. */
static char op_of(const mt_column *op, int32_t row)
{
    if (mt_column_is_null(op, row) ||
        op->offsets[row + 1] - op->offsets[row] != 1)
        return 0;
    return ((const char *)op->values)[op->offsets[row]];
}

static int put_envelope(const codec *c, mt_builder *out,
                        const mt_column *envelope, int32_t row, int32_t *rows,
                        mt_error **err)
{
    const mt_column *before = &envelope[BEFORE], *after = &envelope[AFTER];
    char op = op_of(&envelope[OP], row);
    int rc = 0;

    if (op == 't' || op == 'm') /* emptied; the database's own */
        return 0;
    if (!op || !strchr("crud", op))
        return mt_fail(err, MT_ERECORD, "\"op\" of the message is unknown");
    if ((op == 'u' || op == 'd') && mt_column_is_null(before, row))
        return refuse_missing("before", err);
    if (op != 'd' && mt_column_is_null(after, row))
        return refuse_missing("after", err);
    if (op == 'u' || op == 'd')
        rc = put_row(c, out, op == 'u' ? MT_UPDATE_BEFORE : MT_DELETE, before,
                     row);
    if (rc == 0 && op != 'd')
        rc = put_row(c, out, op == 'u' ? MT_UPDATE_AFTER : MT_INSERT, after,
                     row);
    *rows = op == 'u' ? 2 : 1;
    return rc < 0 ? mt_fail(err, rc, "out of memory") : 0;
}

/* Turns the envelopes of the first `len` messages into rows. */
static int put_envelopes(const codec *c, const mt_batch *batch, int32_t len,
                         mt_builder *out, int32_t *rows, int32_t *done,
                         mt_error **err)
{
    int32_t row = 0;
    int rc;

    for (; *done < len; ++*done) {
        rows[*done] = 0;
        if (!c->counts[*done])
            continue;
        rc = put_envelope(c, out, batch->columns, row++, &rows[*done], err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int grow_counts(codec *c, int32_t len)
{
    if (len <= c->counts_max)
        return 0;
    mt_free(c->counts, (size_t)c->counts_max * sizeof(*c->counts));
    c->counts = mt_alloc((size_t)len * sizeof(*c->counts));
    c->counts_max = c->counts ? len : 0;
    return c->counts ? 0 : MT_ENOMEM;
}

/* The messages before a bad one are put before its error is told; an error of
 * their own comes first. */
static int decode(void *decoder, const mt_span *messages, int32_t len,
                  mt_builder *out, int32_t *rows, int32_t *done, mt_error **err)
{
    codec *c = decoder;
    mt_error *bad = NULL, *own = NULL;
    mt_batch *batch = NULL;
    int32_t read = 0;
    int rc, put;

    *done = 0;
    if (grow_counts(c, len) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    rc = confluent_decode(c->inner, messages, len, c->builder, c->counts, &read,
                          &bad);
    put = mt_builder_commit(c->builder, &own);
    if (put == 0)
        put = mt_builder_seal(c->builder, &batch, &own);
    else
        mt_builder_rollback(c->builder);
    if (put == 0)
        put = put_envelopes(c, batch, read, out, rows, done, &own);
    mt_batch_unref(batch);
    if (put < 0) {
        mt_error_free(bad);
        bad = own;
        rc = put;
    }
    if (err)
        *err = bad;
    else
        mt_error_free(bad);
    return rc;
}

/* ---- writing ----------------------------------------------------------- */

static void encoder_close(void *encoder)
{
    codec *c = encoder;

    if (!c)
        return;
    confluent_encoder_close(c->inner);
    free_codec(c);
}

static int encoder_open(const void *o, const mt_fields *fields, void **encoder,
                        mt_error **err)
{
    codec *c = new_codec(fields, err);
    mt_fields envelope = {NULL, places};
    int rc;

    *encoder = NULL;
    if (!c)
        return MT_ENOMEM;
    envelope.type = c->type;
    rc = confluent_encoder_open(o, &envelope, &c->inner, err);
    if (rc < 0) {
        encoder_close(c);
        return rc;
    }
    *encoder = c;
    return 0;
}

/* "c" with the row after, or "d" with the row before. */
static int wrap_row(codec *c, const mt_batch *batch, int32_t row)
{
    mt_column_builder *columns = c->builder->columns;
    mt_row_kind kind = mt_batch_kind(batch, row);
    bool gone = kind == MT_UPDATE_BEFORE || kind == MT_DELETE;
    mt_column_builder *to = &columns[gone ? BEFORE : AFTER];
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < c->fields_len; i++)
        rc = mt_put_from(&to->children[i], &batch->columns[c->columns[i]], row);
    if (rc == 0)
        rc = mt_put_row(to);
    if (rc == 0)
        rc = mt_put_null(&columns[gone ? AFTER : BEFORE]);
    return rc < 0 ? rc : mt_put_bytes(&columns[OP], gone ? "d" : "c", 1);
}

static int encode(void *encoder, mt_batch *batch, int32_t from, int32_t to,
                  mt_buf *out, size_t *ends, uint8_t *nulls, int32_t *done,
                  mt_error **err)
{
    codec *c = encoder;
    mt_batch *envelopes = NULL;
    int rc = mt_batch_complete(batch, err);
    int32_t row;

    *done = 0;
    if (rc < 0)
        return rc;
    for (row = from; rc == 0 && row < to; row++)
        rc = wrap_row(c, batch, row);
    if (rc < 0)
        mt_fail(err, rc, "out of memory");
    if (rc == 0)
        rc = mt_builder_commit(c->builder, err);
    if (rc < 0) {
        mt_builder_rollback(c->builder);
        return rc;
    }
    rc = mt_builder_seal(c->builder, &envelopes, err);
    if (rc == 0)
        rc = confluent_encode(c->inner, envelopes, 0, to - from, out, ends,
                              nulls, done, err);
    mt_batch_unref(envelopes);
    return rc;
}

static const mt_option options[] = {
    CONFLUENT_OPTIONS,
    {0},
};

static const mt_format format = {
    .plugin = {MT_ABI, sizeof(mt_format), MT_PLUGIN_FORMAT,
               "debezium-avro-confluent", "Debezium's changes of rows, in Avro",
               options, sizeof(confluent_options)},
    .kinds = 1u << MT_INSERT | 1u << MT_UPDATE_BEFORE | 1u << MT_UPDATE_AFTER |
             1u << MT_DELETE,
    .check = check,
    .decoder_open = decoder_open,
    .decode = decode,
    .decoder_close = decoder_close,
    .encoder_open = encoder_open,
    .encode = encode,
    .encoder_close = encoder_close,
};

const mt_plugin *mt_plugin_get(void)
{
    return &format.plugin;
}
