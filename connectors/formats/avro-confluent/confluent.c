/* Messages that say by which schema of a registry they were written.
 *
 *     00 | id, 4 bytes, the highest first | a record in Avro's binary encoding
 *
 * The schema of an id never changes, so plans are kept by id, the last
 * PLANS_MAX of them. An id that the registry does not know, or whose schema
 * does not fit the table, is remembered for a while too, that a row of bad
 * messages does not ask for each.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "confluent.h"

#include "../avro/codec.h"

enum { HEAD_BYTES = 5, PLANS_MAX = 256, BAD_FOR_MS = 10000 };

int confluent_check(const confluent_options *o, const mt_fields *fields,
                    bool encode, mt_error **err)
{
    int rc = registry_check(&o->registry, err);

    if (rc == 0 && encode && !o->subject)
        rc = mt_fail_option(err, "subject",
                            "option 'subject' is missing: this format needs it "
                            "to write, in Kafka usually the topic and '-value' "
                            "or '-key'");
    if (rc == 0)
        rc = avro_table_check(fields->type, o->schema, o->legacy, encode, err);
    return rc;
}

/* ---- plans by id --------------------------------------------------------- */

/* How the messages of one schema are read; or why they cannot be. */
typedef struct known {
    int32_t id;
    avro_document schema;
    avro_plan plan;
    char *bad;        /* NULL: they can */
    int64_t until_ms; /* of bad ones: to be asked again then */
    int64_t used;
} known;

typedef struct confluent_decoder {
    registry *registry;
    avro_document schema; /* of the table */
    avro_reader reader;
    known *known[PLANS_MAX];
    int32_t known_len;
    known *last;
    int64_t clock; /* counts changes of schema, for `used` */
} confluent_decoder;

static void free_known(known *k)
{
    avro_plan_fini(&k->plan);
    avro_document_fini(&k->schema);
    mt_strfree(k->bad);
    mt_free(k, sizeof(*k));
}

/* Where a new one goes: at the end, or in place of the least lately used. */
static int32_t find_place(confluent_decoder *d)
{
    int32_t i, oldest = 0;

    if (d->known_len < PLANS_MAX)
        return d->known_len++;
    for (i = 1; i < PLANS_MAX; i++) {
        if (d->known[i]->used < d->known[oldest]->used)
            oldest = i;
    }
    if (d->known[oldest] == d->last)
        d->last = NULL;
    free_known(d->known[oldest]);
    return oldest;
}

static int fill_known(confluent_decoder *d, known *k, mt_error **err)
{
    mt_buf text = {0};
    int rc = registry_schema(d->registry, k->id, &text, err);

    if (rc == 0)
        rc = avro_document_parse(&k->schema, (const char *)text.data, text.len,
                                 err);
    if (rc == 0)
        rc = avro_plan_read(&k->plan, k->schema.root, d->schema.root,
                            d->reader.type, err);
    mt_buf_fini(&text);
    return rc;
}

/* Asks the registry. What is wrong with the schema is remembered; that the
 * registry could not be asked is not. */
static int learn(confluent_decoder *d, int32_t id, known **out, mt_error **err)
{
    known *k = mt_calloc(sizeof(*k));
    mt_error *why = NULL;
    int rc;

    if (!k)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    k->id = id;
    rc = fill_known(d, k, &why);
    if (rc == MT_ERECORD || rc == MT_ETYPE) {
        k->bad = mt_strdup(mt_error_message(why));
        k->until_ms = mt_now_ms() + BAD_FOR_MS;
        mt_error_free(why);
        why = NULL;
        rc = k->bad ? 0 : mt_fail(&why, MT_ENOMEM, "out of memory");
    }
    if (rc < 0) {
        free_known(k);
        if (err)
            *err = why;
        else
            mt_error_free(why);
        return rc;
    }
    d->known[find_place(d)] = k;
    *out = k;
    return 0;
}

static void forget(confluent_decoder *d, int32_t i)
{
    if (d->known[i] == d->last)
        d->last = NULL;
    free_known(d->known[i]);
    d->known[i] = d->known[--d->known_len];
}

static int find_known(confluent_decoder *d, int32_t id, mt_error **err)
{
    known *k = NULL;
    int32_t i;
    int rc;

    for (i = 0; i < d->known_len && d->known[i]->id != id; i++)
        ;
    if (i < d->known_len && d->known[i]->bad &&
        mt_now_ms() >= d->known[i]->until_ms) {
        forget(d, i);
        i = d->known_len;
    }
    if (i < d->known_len) {
        k = d->known[i];
    } else {
        rc = learn(d, id, &k, err);
        if (rc < 0)
            return rc;
    }
    k->used = ++d->clock;
    d->last = k;
    return 0;
}

/* ---- reading ----------------------------------------------------------- */

void confluent_decoder_close(void *decoder)
{
    confluent_decoder *d = decoder;
    int32_t i;

    if (!d)
        return;
    for (i = 0; i < d->known_len; i++)
        free_known(d->known[i]);
    avro_reader_fini(&d->reader);
    avro_document_fini(&d->schema);
    registry_close(d->registry);
    mt_free(d, sizeof(*d));
}

int confluent_decoder_open(const confluent_options *o, const mt_fields *fields,
                           void **decoder, mt_error **err)
{
    confluent_decoder *d = mt_calloc(sizeof(*d));
    int rc;

    *decoder = NULL;
    if (!d)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    rc = avro_table_schema(fields->type, o->schema, o->legacy, &d->schema, NULL,
                           err);
    if (rc == 0 && avro_reader_init(&d->reader, fields) < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc == 0 && !(d->registry = registry_open(&o->registry, err)))
        rc = MT_ENOMEM;
    if (rc < 0) {
        confluent_decoder_close(d);
        return rc;
    }
    *decoder = d;
    return 0;
}

static int read_message(confluent_decoder *d, mt_span m, int32_t *rows,
                        mt_error **err)
{
    int32_t id;
    int rc;

    *rows = 0;
    if (!m.data)
        return 0;
    if (m.len < HEAD_BYTES || m.data[0] != 0)
        return mt_fail(err, MT_ERECORD,
                       "a message of %zu bytes does not begin with a zero byte "
                       "and the id of a schema",
                       m.len);
    id = (int32_t)((uint32_t)m.data[1] << 24 | (uint32_t)m.data[2] << 16 |
                   (uint32_t)m.data[3] << 8 | m.data[4]);
    if (!d->last || d->last->id != id || d->last->bad) {
        rc = find_known(d, id, err);
        if (rc < 0)
            return rc;
    }
    if (d->last->bad)
        return mt_fail(err, MT_ERECORD, "schema %d of the message: %s", (int)id,
                       d->last->bad);
    m.data += HEAD_BYTES;
    m.len -= HEAD_BYTES;
    return avro_reader_read(&d->reader, &d->last->plan, m, rows, err);
}

int confluent_decode(void *decoder, const mt_span *messages, int32_t len,
                     mt_builder *out, int32_t *rows, int32_t *done,
                     mt_error **err)
{
    confluent_decoder *d = decoder;
    int rc;

    avro_reader_bind(&d->reader, out);
    for (*done = 0; *done < len; ++*done) {
        rc = read_message(d, messages[*done], &rows[*done], err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- writing ----------------------------------------------------------- */

typedef struct confluent_encoder {
    registry *registry;
    const char *subject; /* borrowed from the options */
    mt_buf text;         /* of the schema */
    avro_document schema;
    avro_rows rows;
    bool registered;
    uint8_t head[HEAD_BYTES];
} confluent_encoder;

void confluent_encoder_close(void *encoder)
{
    confluent_encoder *e = encoder;

    if (!e)
        return;
    avro_rows_fini(&e->rows);
    avro_document_fini(&e->schema);
    mt_buf_fini(&e->text);
    registry_close(e->registry);
    mt_free(e, sizeof(*e));
}

int confluent_encoder_open(const confluent_options *o, const mt_fields *fields,
                           void **encoder, mt_error **err)
{
    confluent_encoder *e = mt_calloc(sizeof(*e));
    int rc;

    *encoder = NULL;
    if (!e)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    e->subject = o->subject;
    rc = avro_table_schema(fields->type, o->schema, o->legacy, &e->schema,
                           &e->text, err);
    if (rc == 0)
        rc = avro_rows_init(&e->rows, fields, e->schema.root, err);
    if (rc == 0 && !(e->registry = registry_open(&o->registry, err)))
        rc = MT_ENOMEM;
    if (rc < 0) {
        confluent_encoder_close(e);
        return rc;
    }
    *encoder = e;
    return 0;
}

/* Once, before the first row: a job without rows registers nothing. */
static int register_schema(confluent_encoder *e, mt_error **err)
{
    int32_t id;
    int rc =
        registry_register(e->registry, e->subject, (const char *)e->text.data,
                          e->text.len, &id, err);

    if (rc < 0)
        return rc;
    e->head[1] = (uint8_t)(id >> 24);
    e->head[2] = (uint8_t)(id >> 16);
    e->head[3] = (uint8_t)(id >> 8);
    e->head[4] = (uint8_t)id;
    e->registered = true;
    return 0;
}

int confluent_encode(void *encoder, mt_batch *batch, int32_t from, int32_t to,
                     mt_buf *out, size_t *ends, uint8_t *nulls, int32_t *done,
                     mt_error **err)
{
    confluent_encoder *e = encoder;
    mt_span head = {e->head, HEAD_BYTES};
    int rc = e->registered || from == to ? 0 : register_schema(e, err);

    *done = 0;
    if (rc < 0)
        return rc;
    return avro_rows_write(&e->rows, head, batch, from, to, out, ends, nulls,
                           done, err);
}
