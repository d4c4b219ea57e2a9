/* metadata.c - one table of keys, each with the way to read it from a record;
 * those that can be written are handled below, but for the topic, which
 * targets.c knows what to do with.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "metadata.h"

const mt_metadata kafka_metadata_table[] = {
    {"topic", "STRING NOT NULL", true},
    {"partition", "INT NOT NULL", false},
    {"headers", "MAP<STRING, BYTES> NOT NULL", true},
    {"header-list", "ARRAY<ROW<`key` STRING, `value` BYTES>> NOT NULL", true},
    {"leader-epoch", "INT", false},
    {"offset", "BIGINT NOT NULL", false},
    {"timestamp", "TIMESTAMP_LTZ(3) NOT NULL", true},
    {"timestamp-type", "STRING NOT NULL", false},
    {NULL, NULL, false},
};

/* In the table's order. */
typedef enum key {
    TOPIC,
    PARTITION,
    HEADERS,
    HEADER_LIST,
    LEADER_EPOCH,
    OFFSET,
    TIMESTAMP,
    TIMESTAMP_TYPE,
    UNKNOWN
} key;

static key find_key(const char *name)
{
    int i = 0;

    while (i < UNKNOWN && strcmp(kafka_metadata_table[i].key, name) != 0)
        i++;
    return (key)i;
}

static int32_t metadata_len(const mt_table *table)
{
    return table->metadata
               ? mt_type_columns_len(table->type) - table->physical_len
               : 0;
}

/* ---- check ----------------------------------------------------------- */

/* The same kinds all the way down: lengths, precisions and NOT NULL may differ
 * from what the key says. */
static bool fits(const mt_type *declared, const mt_type *offered)
{
    int32_t i;

    if (declared->kind != offered->kind ||
        declared->fields_len != offered->fields_len)
        return false;
    for (i = 0; i < declared->fields_len; i++) {
        if (!fits(declared->fields[i].type, offered->fields[i].type))
            return false;
    }
    return true;
}

static int check_column(const mt_table *table, int32_t i, mt_error **err)
{
    int32_t column = table->physical_len + i;
    key k = find_key(table->metadata[i]);
    const char *name = mt_type_column_name(table->type, column);
    mt_type *type;
    bool ok;

    if (k == UNKNOWN)
        return mt_fail(err, MT_EOPTION,
                       "column '%s': connector 'kafka' has no "
                       "metadata key '%s'; there are topic, partition, "
                       "headers, header-list, leader-epoch, offset, timestamp "
                       "and timestamp-type",
                       name, table->metadata[i]);
    if (table->sink && !kafka_metadata_table[k].writable)
        return mt_fail(err, MT_EOPTION,
                       "column '%s': metadata key '%s' cannot "
                       "be written; declare the column VIRTUAL",
                       name, table->metadata[i]);
    if (!(type = mt_type_parse(kafka_metadata_table[k].type, err)))
        return MT_EINTERNAL;
    ok = fits(mt_type_column(table->type, column), type);
    mt_type_unref(type);
    if (!ok)
        return mt_fail(err, MT_ETYPE,
                       "column '%s': metadata key '%s' is %s; "
                       "declare the column so",
                       name, table->metadata[i], kafka_metadata_table[k].type);
    return 0;
}

int kafka_metadata_check(const mt_table *table, mt_error **err)
{
    int32_t i, writers = 0;
    int rc;

    for (i = 0; i < metadata_len(table); i++) {
        if ((rc = check_column(table, i, err)) < 0)
            return rc;
        writers += strncmp(table->metadata[i], "header", 6) == 0;
    }
    if (table->sink && writers > 1)
        return mt_fail(err, MT_EOPTION,
                       "metadata keys 'headers' and "
                       "'header-list' cannot be written together");
    return 0;
}

/* ---- reading ----------------------------------------------------------- */

static const char *clock_name(kafka_clock clock)
{
    static const char *const names[] = {"NoTimestampType", "CreateTime",
                                        "LogAppendTime"};

    return names[clock];
}

static int put_text(mt_column_builder *c, const char *text)
{
    return mt_put_bytes(c, text, strlen(text));
}

/* True when a later header of record i has the name of header k: the last one
 * of a name is what a map shows. */
static bool is_shadowed(const kafka_records *r, int32_t i, int32_t k,
                        const char *name)
{
    kafka_header later;

    while (kafka_records_header(r, i, ++k, &later)) {
        if (strcmp(later.name, name) == 0)
            return true;
    }
    return false;
}

static int put_bytes_or_null(mt_column_builder *c, mt_span bytes)
{
    return bytes.data ? mt_put_bytes(c, bytes.data, bytes.len) : mt_put_null(c);
}

static int put_headers(mt_column_builder *c, const kafka_records *r, int32_t i)
{
    kafka_header h;
    int32_t k;

    for (k = 0; kafka_records_header(r, i, k, &h); k++) {
        if (is_shadowed(r, i, k, h.name))
            continue;
        if (put_text(&c->children[0], h.name) < 0 ||
            put_bytes_or_null(&c->children[1], h.value) < 0)
            return MT_ENOMEM;
    }
    return mt_put_list(c);
}

static int put_header_list(mt_column_builder *c, const kafka_records *r,
                           int32_t i)
{
    mt_column_builder *pair = &c->children[0];
    kafka_header h;
    int32_t k;

    for (k = 0; kafka_records_header(r, i, k, &h); k++) {
        if (put_text(&pair->children[0], h.name) < 0 ||
            put_bytes_or_null(&pair->children[1], h.value) < 0 ||
            mt_put_row(pair) < 0)
            return MT_ENOMEM;
    }
    return mt_put_list(c);
}

static int put_timestamp(mt_column_builder *c, const kafka_records *r,
                         int32_t i)
{
    kafka_clock clock;
    int64_t ms = kafka_records_timestamp(r, i, &clock);

    if (c->type->precision > 6)
        return mt_put_timestamp9(c, (mt_timestamp9){ms, 0, 0});
    return mt_put_i64(c, ms * 1000);
}

static int put_key(key k, mt_column_builder *c, const kafka_records *r,
                   const kafka_partition *p, int32_t i)
{
    kafka_clock clock;

    switch (k) {
    case TOPIC:
        return put_text(c, p->topic);
    case PARTITION:
        return mt_put_i32(c, p->number);
    case HEADERS:
        return put_headers(c, r, i);
    case HEADER_LIST:
        return put_header_list(c, r, i);
    case LEADER_EPOCH: {
        int32_t epoch = kafka_records_leader_epoch(r, i);

        return epoch < 0 ? mt_put_null(c) : mt_put_i32(c, epoch);
    }
    case OFFSET:
        return mt_put_i64(c, r->offsets[i]);
    case TIMESTAMP:
        return put_timestamp(c, r, i);
    case TIMESTAMP_TYPE:
        kafka_records_timestamp(r, i, &clock);
        return put_text(c, clock_name(clock));
    case UNKNOWN:
        break;
    }
    return MT_EINTERNAL;
}

static int read_column(key k, mt_column_builder *c, const kafka_records *r,
                       int32_t from, int32_t to, const int32_t *rows)
{
    int32_t run, i, n, end;

    for (run = 0; run < r->runs_len; run++) {
        i = r->runs[run].from > from ? r->runs[run].from : from;
        end = r->runs[run].to < to ? r->runs[run].to : to;
        for (; i < end; i++) {
            for (n = 0; n < rows[i]; n++) {
                if (put_key(k, c, r, r->runs[run].partition, i) < 0)
                    return MT_ENOMEM;
            }
        }
    }
    return 0;
}

int kafka_metadata_read(const mt_table *table, const kafka_records *records,
                        int32_t from, int32_t to, const int32_t *rows,
                        mt_builder *out, mt_error **err)
{
    int32_t i;

    for (i = 0; i < metadata_len(table); i++) {
        if (read_column(find_key(table->metadata[i]),
                        &out->columns[table->physical_len + i], records, from,
                        to, rows) < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory");
    }
    return 0;
}

/* ---- writing ----------------------------------------------------------- */

bool kafka_metadata_writes(const mt_table *table)
{
    int32_t i;

    for (i = 0; i < metadata_len(table); i++) {
        if (find_key(table->metadata[i]) != TOPIC)
            return true;
    }
    return false;
}

int32_t kafka_metadata_topic(const mt_table *table)
{
    int32_t i;

    for (i = 0; i < metadata_len(table); i++) {
        if (find_key(table->metadata[i]) == TOPIC)
            return table->physical_len + i;
    }
    return -1;
}

/* NULL has no address, the empty text has one. */
static mt_span bytes_at(const mt_column *c, int32_t row)
{
    if (mt_column_is_null(c, row))
        return (mt_span){NULL, 0};
    if (c->offsets[row] == c->offsets[row + 1])
        return (mt_span){(const uint8_t *)"", 0};
    return (mt_span){(const uint8_t *)c->values + c->offsets[row],
                     (size_t)(c->offsets[row + 1] - c->offsets[row])};
}

static int write_headers(const mt_column *list, const mt_column *names,
                         const mt_column *values, int32_t row,
                         kafka_extra *extra, mt_error **err)
{
    int32_t i;

    if (mt_column_is_null(list, row))
        return 0;
    for (i = list->offsets[row]; i < list->offsets[row + 1]; i++) {
        if (extra->headers_len == KAFKA_HEADERS_MAX)
            return mt_fail(err, MT_ERECORD,
                           "a record has more than %d "
                           "headers",
                           KAFKA_HEADERS_MAX);
        extra->headers[extra->headers_len].name = bytes_at(names, i);
        extra->headers[extra->headers_len].value = bytes_at(values, i);
        if (!extra->headers[extra->headers_len].name.data)
            return mt_fail(err, MT_ERECORD, "a header has no name");
        extra->headers_len++;
    }
    return 0;
}

static void write_timestamp(const mt_type *type, const mt_column *c,
                            int32_t row, kafka_extra *extra)
{
    int64_t micros;

    if (mt_column_is_null(c, row))
        return;
    if (type->precision > 6) {
        extra->timestamp = ((const mt_timestamp9 *)c->values)[row].millis;
        return;
    }
    micros = ((const int64_t *)c->values)[row];
    extra->timestamp = micros / 1000 - (micros % 1000 < 0);
}

int kafka_metadata_write(const mt_table *table, mt_batch *batch, int32_t row,
                         kafka_extra *extra, mt_error **err)
{
    int32_t i, column;
    const mt_column *c;
    int rc = 0;

    extra->headers_len = 0;
    extra->timestamp = INT64_MIN;
    for (i = 0; rc == 0 && i < metadata_len(table); i++) {
        column = table->physical_len + i;
        if (!(c = mt_batch_column(batch, column, err)))
            return MT_EINTERNAL;
        switch (find_key(table->metadata[i])) {
        case TIMESTAMP:
            write_timestamp(mt_type_column(table->type, column), c, row, extra);
            break;
        case HEADERS:
            rc = write_headers(c, &c->children[0], &c->children[1], row, extra,
                               err);
            break;
        case HEADER_LIST:
            rc = write_headers(c, &c->children[0].children[0],
                               &c->children[0].children[1], row, extra, err);
            break;
        default:
            break;
        }
    }
    return rc;
}
