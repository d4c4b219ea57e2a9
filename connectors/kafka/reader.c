/* reader.c - values, keys and metadata into columns.
 *
 * Keys are only decoded where the value does not hold them. They fill columns
 * of their own, so key and value are decoded a batch at a time and agree row by
 * row as long as every record gives one of each. Where that does not hold (a
 * tombstone, a record without a key, one skipped by a policy, a bad one), the
 * batch is rolled back and read again, record by record.
 *
 * Of an upsert table a record is a change: with a value +U, a tombstone -D of
 * its key, the other columns being NULL; without a key it is none and counted
 * as skipped.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "reader.h"

#include <stdio.h>

#include "deadletters.h"
#include "fields.h"
#include "metadata.h"

struct kafka_reader {
    const kafka_options *options;
    const mt_table *table;
    kafka_fields fields;
    mt_decoder *value_decoder;
    mt_decoder *key_decoder; /* NULL: the value holds the keys, or none */
    mt_bad_records *bad;
    kafka_deadletters *letters; /* NULL: not in a topic */
    int32_t records_max;
    int32_t *rows; /* rows that each record gave */
    int32_t *key_rows;
    mt_metric *skipped;
};

/* ---- open, close --------------------------------------------------------- */

static int open_decoders(kafka_reader *r, mt_error **err)
{
    const kafka_options *o = r->options;
    mt_fields part;
    int rc;

    if ((rc = kafka_fields_init(&r->fields, o, r->table, err)) < 0)
        return rc;
    part = kafka_part_fields(&r->fields.value);
    if (!(r->value_decoder =
              mt_decoder_open(kafka_value_format(o), &part, err)))
        return MT_EOPTION;
    if (o->include != KAFKA_EXCEPT_KEY && !o->upsert)
        return 0;
    part = kafka_part_fields(&r->fields.key);
    if (!(r->key_decoder = mt_decoder_open(&o->key_format, &part, err)))
        return MT_EOPTION;
    return 0;
}

static int open_bad_records(kafka_reader *r, mt_context *ctx, mt_error **err)
{
    const char *topic;

    if (!(r->bad = mt_bad_records_open(ctx, r->options->bad_records, err)))
        return MT_EIO;
    if (!(topic = mt_bad_records_topic(r->bad)))
        return 0;
    return kafka_deadletters_open(ctx, r->options, topic, &r->letters, err);
}

int kafka_reader_open(mt_context *ctx, const kafka_options *o,
                      const mt_table *table, int32_t records_max,
                      kafka_reader **out, mt_error **err)
{
    kafka_reader *r = mt_calloc(sizeof(*r));
    size_t size = (size_t)records_max * sizeof(int32_t);
    int rc;

    if (!r)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    r->options = o;
    r->table = table;
    r->records_max = records_max;
    r->skipped = mt_context_metric(ctx, "records.skipped");
    r->rows = mt_alloc(size);
    r->key_rows = mt_alloc(size);
    rc = r->rows && r->key_rows ? 0 : mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc == 0)
        rc = open_decoders(r, err);
    if (rc == 0)
        rc = open_bad_records(r, ctx, err);
    if (rc < 0) {
        kafka_reader_close(r);
        return rc;
    }
    *out = r;
    return 0;
}

void kafka_reader_close(kafka_reader *r)
{
    size_t size;

    if (!r)
        return;
    size = (size_t)r->records_max * sizeof(int32_t);
    mt_decoder_close(r->value_decoder);
    mt_decoder_close(r->key_decoder);
    kafka_deadletters_close(r->letters);
    mt_bad_records_close(r->bad);
    kafka_fields_fini(&r->fields);
    mt_free(r->rows, size);
    mt_free(r->key_rows, size);
    mt_free(r, sizeof(*r));
}

bool kafka_reader_wants_keys(const kafka_reader *r)
{
    return r->key_decoder || r->letters;
}

void kafka_reader_project(kafka_reader *r, const uint8_t *needed)
{
    uint8_t fields[1024];
    int32_t i, k;

    if (r->fields.value.len > (int32_t)sizeof(fields))
        return;
    for (i = 0; i < r->fields.value.len; i++) {
        fields[i] = needed[r->fields.value.columns[i]];
        /* A tombstone's key goes where the values' keys are. */
        for (k = 0; r->options->upsert && k < r->fields.key.len; k++)
            fields[i] |= r->fields.key.columns[k] == r->fields.value.columns[i];
    }
    mt_decoder_project(r->value_decoder, fields);
}

int kafka_reader_flush(kafka_reader *r, mt_error **err)
{
    int rc = r->letters ? kafka_deadletters_flush(r->letters, err) : 0;

    return rc < 0 ? rc : mt_bad_records_flush(r->bad, err);
}

/* ---- bad records --------------------------------------------------------- */

static int hand_over(mt_error *why, mt_error **err)
{
    int rc = mt_error_code(why);

    if (err)
        *err = why;
    else
        mt_error_free(why);
    return rc;
}

/* Record i cannot be read because of `why` (taken), which is about `bytes`, its
 * key or value. 0 when it was dealt with. */
static int take_bad(kafka_reader *r, const kafka_records *records, int32_t i,
                    mt_span bytes, mt_error *why, mt_error **err)
{
    const kafka_partition *p;
    char place[320];
    int32_t run = 0;
    int rc;

    if (mt_error_code(why) != MT_ERECORD)
        return hand_over(why, err);
    while (run + 1 < records->runs_len && records->runs[run].to <= i)
        run++;
    p = records->runs[run].partition;
    snprintf(place, sizeof(place), "topic %s, partition %d, offset %lld",
             p->topic, p->number, (long long)records->offsets[i]);
    if (r->letters) {
        rc = kafka_deadletters_put(r->letters, records->keys[i],
                                   records->values[i], place, why, err);
        if (rc < 0) {
            mt_error_free(why);
            return rc;
        }
    }
    rc = mt_bad_records_take(r->bad, bytes, place, &why);
    return rc < 0 ? hand_over(why, err) : 0;
}

/* ---- values alone -------------------------------------------------------- */

/* Decodes the values of records [from, to), stepping over bad ones. */
static int decode_values(kafka_reader *r, const kafka_records *records,
                         int32_t from, int32_t to, mt_builder *out,
                         mt_error **err)
{
    mt_error *why;
    int32_t done;
    int rc = 0;

    while (rc == 0 && from < to) {
        why = NULL;
        rc = mt_decoder_decode(r->value_decoder, records->values + from,
                               to - from, out, r->rows + from, &done, &why);
        from += done;
        if (rc == 0)
            break;
        if (from == to)
            return hand_over(why, err);
        rc = take_bad(r, records, from, records->values[from], why, err);
        r->rows[from++] = 0;
    }
    return rc;
}

/* ---- key and value ------------------------------------------------------- */

/* True when all of rows[0 .. len) are one. */
static bool all_ones(const int32_t *rows, int32_t len)
{
    int32_t i, sum = 0;

    for (i = 0; i < len; i++)
        sum |= rows[i] ^ 1;
    return sum == 0;
}

static bool any_keyless(const kafka_records *records)
{
    int32_t i;

    for (i = 0; i < records->len; i++) {
        if (!records->keys[i].data || !records->values[i].data)
            return true;
    }
    return false;
}

static bool holds_keys(const kafka_reader *r)
{
    return r->options->include != KAFKA_EXCEPT_KEY;
}

/* Decodes all keys and values; false when they do not agree, and then the rows
 * must be rolled back. */
static bool decode_together(kafka_reader *r, const kafka_records *records,
                            mt_builder *out)
{
    int32_t done;

    if (any_keyless(records) ||
        mt_decoder_decode(r->value_decoder, records->values, records->len, out,
                          r->rows, &done, NULL) < 0)
        return false;
    if (holds_keys(r))
        return true;
    return mt_decoder_decode(r->key_decoder, records->keys, records->len, out,
                             r->key_rows, &done, NULL) == 0 &&
           all_ones(r->rows, records->len) &&
           all_ones(r->key_rows, records->len);
}

/* ---- one record ---------------------------------------------------------- */

static int put_nulls(const kafka_part *part, const kafka_part *but,
                     mt_builder *out, mt_error **err)
{
    int32_t i, k;

    for (i = 0; i < part->len; i++) {
        mt_column_builder *c = &out->columns[part->columns[i]];

        for (k = 0; but && k < but->len; k++) {
            if (but->columns[k] == part->columns[i])
                break;
        }
        if ((!but || k == but->len) && !c->skipped && mt_put_null(c) < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory");
    }
    return 0;
}

/* The key columns of one row: the key's fields, or NULLs without a key. */
static int put_key(kafka_reader *r, const kafka_records *records, int32_t i,
                   mt_builder *out, mt_error **err)
{
    mt_error *why = NULL;
    int32_t done;

    r->key_rows[i] = 0;
    if (records->keys[i].data &&
        mt_decoder_decode(r->key_decoder, records->keys + i, 1, out,
                          r->key_rows + i, &done, &why) < 0)
        return hand_over(why, err);
    if (r->key_rows[i] > 1)
        return mt_fail(err, MT_ERECORD, "a key of %d rows", r->key_rows[i]);
    return r->key_rows[i] ? 0 : put_nulls(&r->fields.key, NULL, out, err);
}

/* The row of kind -D that a record without a value stands for. */
static int put_deletion(kafka_reader *r, const kafka_records *records,
                        int32_t i, mt_builder *out, mt_error **err)
{
    int rc = put_key(r, records, i, out, err);

    r->rows[i] = r->key_rows[i];
    if (rc < 0 || r->rows[i] == 0)
        return rc;
    return put_nulls(&r->fields.value, &r->fields.key, out, err);
}

/* Puts the rows of record i, which stay uncommitted. MT_ERECORD says in *bytes
 * what is bad. */
static int put_record(kafka_reader *r, const kafka_records *records, int32_t i,
                      mt_builder *out, mt_span *bytes, mt_error **err)
{
    int32_t n, done;
    int rc;

    r->rows[i] = 0;
    *bytes = records->keys[i];
    if (r->options->upsert && !records->keys[i].data) {
        mt_metric_add(r->skipped, 1);
        return 0;
    }
    if (r->options->upsert && !records->values[i].data)
        return put_deletion(r, records, i, out, err);
    *bytes = records->values[i];
    rc = mt_decoder_decode(r->value_decoder, records->values + i, 1, out,
                           r->rows + i, &done, err);
    if (rc < 0 || holds_keys(r))
        return rc;
    *bytes = records->keys[i];
    for (n = 0; rc == 0 && n < r->rows[i]; n++)
        rc = put_key(r, records, i, out, err);
    return rc;
}

/* ---- rows ----------------------------------------------------------- */

/* The kinds of the rows of records [from, to), which are to be committed. */
static int set_kinds(kafka_reader *r, const kafka_records *records,
                     int32_t from, int32_t to, mt_builder *out, mt_error **err)
{
    int32_t i, n, row = out->rows;

    for (i = from; r->options->upsert && i < to; i++) {
        mt_row_kind kind =
            records->values[i].data ? MT_UPDATE_AFTER : MT_DELETE;

        for (n = 0; n < r->rows[i]; n++) {
            if (mt_builder_set_kind(out, row++, kind) < 0)
                return mt_fail(err, MT_ENOMEM, "out of memory");
        }
    }
    return 0;
}

/* Adds what else belongs to the rows of records [from, to). */
static int finish_rows(kafka_reader *r, const kafka_records *records,
                       int32_t from, int32_t to, mt_builder *out,
                       mt_error **err)
{
    int rc =
        kafka_metadata_read(r->table, records, from, to, r->rows, out, err);

    if (rc == 0)
        rc = set_kinds(r, records, from, to, out, err);
    return rc < 0 ? rc : mt_builder_commit(out, err);
}

static int read_singly(kafka_reader *r, const kafka_records *records,
                       mt_builder *out, mt_error **err)
{
    mt_error *why;
    mt_span bytes;
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < records->len; i++) {
        why = NULL;
        if (put_record(r, records, i, out, &bytes, &why) < 0) {
            mt_builder_rollback(out);
            rc = take_bad(r, records, i, bytes, why, err);
        } else if (r->rows[i]) {
            rc = finish_rows(r, records, i, i + 1, out, err);
        }
    }
    return rc;
}

static void count_skipped(kafka_reader *r)
{
    int64_t n = mt_decoder_skipped(r->value_decoder);

    if (r->key_decoder)
        n += mt_decoder_skipped(r->key_decoder);
    if (n)
        mt_metric_add(r->skipped, n);
}

static int read_pairs(kafka_reader *r, const kafka_records *records,
                      mt_builder *out, mt_error **err)
{
    if (decode_together(r, records, out))
        return finish_rows(r, records, 0, records->len, out, err);
    mt_builder_rollback(out);
    mt_decoder_skipped(r->value_decoder);
    mt_decoder_skipped(r->key_decoder);
    return read_singly(r, records, out, err);
}

int kafka_reader_read(kafka_reader *r, const kafka_records *records,
                      mt_builder *out, mt_error **err)
{
    int rc;

    if (r->key_decoder) {
        rc = read_pairs(r, records, out, err);
    } else {
        rc = decode_values(r, records, 0, records->len, out, err);
        if (rc == 0)
            rc = finish_rows(r, records, 0, records->len, out, err);
    }
    if (rc < 0)
        mt_builder_rollback(out);
    count_skipped(r);
    return rc;
}
