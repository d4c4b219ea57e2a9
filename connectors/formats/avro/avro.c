/* avro.c - the avro format: a message is one record in Avro's binary encoding,
 * with nothing that says its schema.
 *
 * So who wrote it had the schema of this table: the one derived from its
 * columns as Flink derives it, or the one of the option 'schema'. Bytes behind
 * the record are not looked at, which lets a table of the first fields read a
 * longer one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "codec.h"

typedef struct avro_options {
    int32_t encoding; /* 0: binary, 1: json */
    const char *codec;
    bool legacy;
    const char *schema;
    const char *record_class;
} avro_options;

static const mt_option options[] = {
    {"encoding", MT_OPT_ENUM, 0, offsetof(avro_options, encoding), "binary",
     "binary|json", NULL, 0, 0,
     "How records are encoded. Not supported yet: json."},
    {"codec", MT_OPT_STRING, 0, offsetof(avro_options, codec), NULL, NULL, NULL,
     0, 0,
     "How container files are compressed. Accepted: messages are not "
     "compressed."},
    {"timestamp_mapping.legacy", MT_OPT_BOOL, 0, offsetof(avro_options, legacy),
     "true", NULL, NULL, 0, 0,
     "Whether TIMESTAMP is an Avro timestamp, as before Flink 1.19; otherwise "
     "it is a local-timestamp. TIMESTAMP_LTZ is a timestamp either way."},
    {"schema", MT_OPT_STRING, 0, offsetof(avro_options, schema), NULL, NULL,
     "avro-schema", 0, 0,
     "The schema of the messages, as JSON; derived from the columns when it is "
     "not given."},
    {"record-class", MT_OPT_STRING, MT_OPT_UNSUPPORTED,
     offsetof(avro_options, record_class), NULL, NULL, NULL, 0, 0,
     "A class of Java, of older descriptors; 'schema' says the same."},
    {0},
};

static int check(const void *opts, const mt_fields *fields, bool encode,
                 mt_error **err)
{
    const avro_options *o = opts;
    int rc;

    if (o->encoding != 0) {
        rc = mt_fail(err, MT_EUNSUPPORTED,
                     "not supported yet: encoding 'json' of format 'avro'");
        if (err)
            mt_error_set_option(*err, "encoding");
        return rc;
    }
    return avro_table_check(fields->type, o->schema, o->legacy, encode, err);
}

/* ---- reading ----------------------------------------------------------- */

typedef struct avro_decoder {
    avro_document schema;
    avro_plan plan;
    avro_reader reader;
} avro_decoder;

static void close_decoder(void *decoder)
{
    avro_decoder *d = decoder;

    if (!d)
        return;
    avro_reader_fini(&d->reader);
    avro_plan_fini(&d->plan);
    avro_document_fini(&d->schema);
    mt_free(d, sizeof(*d));
}

static int open_decoder(const void *opts, const mt_fields *fields,
                        void **decoder, mt_error **err)
{
    const avro_options *o = opts;
    avro_decoder *d = mt_calloc(sizeof(*d));
    int rc;

    *decoder = NULL;
    if (!d)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    rc = avro_table_schema(fields->type, o->schema, o->legacy, &d->schema, NULL,
                           err);
    if (rc == 0 && avro_reader_init(&d->reader, fields) < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc == 0)
        rc = avro_plan_read(&d->plan, d->schema.root, d->schema.root,
                            d->reader.type, err);
    if (rc < 0) {
        close_decoder(d);
        return rc;
    }
    *decoder = d;
    return 0;
}

static int decode(void *decoder, const mt_span *messages, int32_t len,
                  mt_builder *out, int32_t *rows, int32_t *done, mt_error **err)
{
    avro_decoder *d = decoder;
    int rc;

    avro_reader_bind(&d->reader, out);
    for (*done = 0; *done < len; ++*done) {
        rc = avro_reader_read(&d->reader, &d->plan, messages[*done],
                              &rows[*done], err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- writing ----------------------------------------------------------- */

typedef struct avro_encoder {
    avro_document schema;
    avro_rows rows;
} avro_encoder;

static void close_encoder(void *encoder)
{
    avro_encoder *e = encoder;

    if (!e)
        return;
    avro_rows_fini(&e->rows);
    avro_document_fini(&e->schema);
    mt_free(e, sizeof(*e));
}

static int open_encoder(const void *opts, const mt_fields *fields,
                        void **encoder, mt_error **err)
{
    const avro_options *o = opts;
    avro_encoder *e = mt_calloc(sizeof(*e));
    int rc;

    *encoder = NULL;
    if (!e)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    rc = avro_table_schema(fields->type, o->schema, o->legacy, &e->schema, NULL,
                           err);
    if (rc == 0)
        rc = avro_rows_init(&e->rows, fields, e->schema.root, err);
    if (rc < 0) {
        close_encoder(e);
        return rc;
    }
    *encoder = e;
    return 0;
}

static int encode(void *encoder, mt_batch *batch, int32_t from, int32_t to,
                  mt_buf *out, size_t *ends, uint8_t *nulls, int32_t *done,
                  mt_error **err)
{
    avro_encoder *e = encoder;
    mt_span none = {NULL, 0};

    return avro_rows_write(&e->rows, none, batch, from, to, out, ends, nulls,
                           done, err);
}

static const mt_format format = {
    .plugin = {MT_ABI, sizeof(mt_format), MT_PLUGIN_FORMAT, "avro",
               "records of Avro without their schema", options,
               sizeof(avro_options)},
    .kinds = 1u << MT_INSERT,
    .check = check,
    .decoder_open = open_decoder,
    .decode = decode,
    .decoder_close = close_decoder,
    .encoder_open = open_encoder,
    .encode = encode,
    .encoder_close = close_encoder,
};

const mt_plugin *mt_plugin_get(void)
{
    return &format.plugin;
}
