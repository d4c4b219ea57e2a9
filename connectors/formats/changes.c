/* Changes of rows in JSON: envelopes in and out.
 *
 * An envelope is ROW<before, after, op[, database, table]>, where before and
 * after are the table's fields, or ARRAYs of them. Where "before" holds changed
 * fields only, a NULL there does not tell a field that was NULL from one that
 * did not change. So such messages are read a second time, "before" as a MAP,
 * for the names that it has.
 *
 * A message's rows are put only when all that can be wrong with it was looked
 * at, since a builder takes back whole batches alone.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "changes.h"

#include <pcre2.h>
#include <stdio.h>

/* Columns of an envelope. */
enum { BEFORE, AFTER, OP, DATABASE, TABLE, COLUMNS_MAX };

/* The json format's options, by name and value. */
typedef struct json_options {
    const char *items[14];
    mt_format_ref ref;
    char prefix[32];
} json_options;

static void add_option(json_options *out, const char *name, const char *value)
{
    if (!value)
        return;
    out->items[out->ref.options.len++] = name;
    out->items[out->ref.options.len++] = value;
}

/* The reference points into `out`, which must stay where it is. */
static void fill_options(json_options *out, const changes_shape *shape,
                         const changes_options *o)
{
    memset(out, 0, sizeof(*out));
    snprintf(out->prefix, sizeof(out->prefix), "%s.", shape->format);
    out->ref.name = "json";
    out->ref.prefix = out->prefix;
    out->ref.options.items = out->items;
    add_option(out, "ignore-parse-errors",
               o->ignore_parse_errors ? "true" : NULL);
    add_option(out, "timestamp-format.standard", o->timestamp_standard);
    add_option(out, "map-null-key.mode", o->null_key_mode);
    add_option(out, "map-null-key.literal", o->null_key_literal);
    add_option(out, "encode.decimal-as-plain-number", o->plain_decimals);
    add_option(out, "encode.ignore-null-fields", o->ignore_null_fields);
}

/* ---- types ----------------------------------------------------------- */

/* ARRAY<type> where the shape has lists, else the type again. Takes `type`;
 * returns owned. */
static mt_type *listed(const changes_shape *shape, mt_type *type,
                       mt_error **err)
{
    mt_field element = {"element", type};
    mt_type *list;

    if (!shape->list || !type)
        return type;
    list = mt_type_new_nested(MT_ARRAY, true, &element, 1, err);
    mt_type_unref(type);
    return list;
}

/* The table's fields, all of them nullable: a message may lack any. */
static mt_type *row_type(const mt_type *fields, mt_error **err)
{
    return mt_type_new_nested(MT_ROW, true, fields->fields, fields->fields_len,
                              err);
}

static mt_type *text_type(mt_error **err)
{
    return mt_type_new(MT_VARCHAR, true, INT32_MAX, 0, 0, err);
}

/* ROW<payload inner>. Takes `inner`. */
static mt_type *wrapped(mt_type *inner, mt_error **err)
{
    mt_field payload = {"payload", inner};
    mt_type *type = mt_type_new_nested(MT_ROW, true, &payload, 1, err);

    mt_type_unref(inner);
    return type;
}

static mt_type *envelope_type(const changes_shape *shape,
                              const changes_options *o, const mt_fields *fields,
                              mt_error **err)
{
    mt_type *row = listed(shape, row_type(fields->type, err), err);
    mt_type *text = row ? text_type(err) : NULL;
    mt_type *type = NULL;
    mt_field all[COLUMNS_MAX] = {
        [BEFORE] = {shape->before, row}, [AFTER] = {shape->after, row},
        [OP] = {shape->op, text},        [DATABASE] = {"database", text},
        [TABLE] = {"table", text},
    };

    if (text)
        type = mt_type_new_nested(
            MT_ROW, true, all, o->database || o->table ? COLUMNS_MAX : OP + 1,
            err);
    mt_type_unref(row);
    mt_type_unref(text);
    return type && o->schema_include ? wrapped(type, err) : type;
}

/* What is written: without the fields that only a reader looks at. */
static mt_type *written_type(const changes_shape *shape,
                             const mt_fields *fields, mt_error **err)
{
    mt_type *row = listed(shape, row_type(fields->type, err), err);
    mt_type *text = row ? text_type(err) : NULL;
    mt_type *type = NULL;
    mt_field all[] = {
        {shape->before, row}, {shape->after, row}, {shape->op, text}};
    int32_t first = shape->partial ? AFTER : BEFORE;

    if (text)
        type =
            mt_type_new_nested(MT_ROW, true, &all[first], OP + 1 - first, err);
    mt_type_unref(row);
    mt_type_unref(text);
    return type;
}

/* ROW<before MAP<STRING, STRING>>, or of an ARRAY of these. */
static mt_type *names_type(const changes_shape *shape, mt_error **err)
{
    mt_type *text = text_type(err), *map, *type;
    mt_field entry[2] = {{"key", text}, {"value", text}};
    mt_field before = {shape->before, NULL};

    if (!text)
        return NULL;
    map = listed(shape, mt_type_new_nested(MT_MAP, true, entry, 2, err), err);
    mt_type_unref(text);
    if (!map)
        return NULL;
    before.type = map;
    type = mt_type_new_nested(MT_ROW, true, &before, 1, err);
    mt_type_unref(map);
    return type;
}

/* ---- a reader by the json format ----------------------------------------- */

/* Messages as a batch of one type. */
typedef struct reader {
    mt_type *type;
    mt_decoder *json;
    mt_builder *builder;
    mt_batch *batch; /* of the messages at hand, or NULL */
} reader;

/* Takes `type`. */
static int open_reader(reader *r, mt_type *type, const mt_format_ref *ref,
                       mt_error **err)
{
    int32_t columns[COLUMNS_MAX] = {0, 1, 2, 3, 4};
    mt_fields fields = {type, columns};

    r->type = type;
    if (!type || !(r->json = mt_decoder_open(ref, &fields, err)) ||
        !(r->builder = mt_builder_new(type, 0, err)))
        return err && *err ? mt_error_code(*err) : MT_ENOMEM;
    return 0;
}

static void close_reader(reader *r)
{
    mt_batch_unref(r->batch);
    mt_builder_free(r->builder);
    mt_decoder_close(r->json);
    mt_type_unref(r->type);
}

/* Reads messages into r->batch; counts[i] rows each, *done of them. */
static int read_messages(reader *r, const mt_span *messages, int32_t len,
                         int32_t *counts, int32_t *done, mt_error **err)
{
    int read, rc;

    mt_batch_unref(r->batch);
    r->batch = NULL;
    read = mt_decoder_decode(r->json, messages, len, r->builder, counts, done,
                             err);
    if (read < 0 && read != MT_ERECORD)
        return read;
    if ((rc = mt_builder_commit(r->builder, read < 0 ? NULL : err)) < 0 ||
        (rc = mt_builder_seal(r->builder, &r->batch, read < 0 ? NULL : err)) <
            0)
        return read < 0 ? read : rc;
    return read;
}

/* ---- decoders ----------------------------------------------------------- */

typedef struct decoder {
    const changes_shape *shape;
    const changes_options *options;
    int32_t *columns; /* of the builder, one a field */
    int32_t fields_len;
    const mt_type *fields;
    reader envelopes;
    reader names;    /* open where the shape is partial */
    int32_t *counts; /* rows a message gave, and what names gave */
    int32_t *names_counts;
    int32_t counts_max;
    pcre2_code *database;
    pcre2_code *table;
    pcre2_match_data *match;
    int64_t skipped;
} decoder;

static pcre2_code *compile(const char *option, const char *text, mt_error **err)
{
    PCRE2_UCHAR message[128];
    PCRE2_SIZE at;
    pcre2_code *code;
    int number;

    code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                         PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED,
                         &number, &at, NULL);
    if (code)
        return code;
    pcre2_get_error_message(number, message, sizeof(message));
    mt_fail(err, MT_EOPTION,
            "option '%s' is no regular expression: %s at byte %zu of '%s'",
            option, (const char *)message, (size_t)at, text);
    if (err)
        mt_error_set_option(*err, option);
    return NULL;
}

static int open_filters(decoder *d, mt_error **err)
{
    const changes_options *o = d->options;

    if ((o->database &&
         !(d->database = compile("database.include", o->database, err))) ||
        (o->table && !(d->table = compile("table.include", o->table, err))))
        return MT_EOPTION;
    if (!o->database && !o->table)
        return 0;
    d->match = pcre2_match_data_create(1, NULL);
    return d->match ? 0 : mt_fail(err, MT_ENOMEM, "no memory for a pattern");
}

int changes_check(const changes_shape *shape, const changes_options *o,
                  const mt_fields *fields, bool encode, mt_error **err)
{
    json_options json;
    pcre2_code *code;
    mt_type *type;
    int32_t columns[COLUMNS_MAX] = {0, 1, 2, 3, 4};
    mt_fields envelope = {NULL, columns};
    int rc;

    if (encode && o->schema_include)
        return mt_fail(err, MT_EOPTION,
                       "option 'schema-include' must be false where messages "
                       "are written");
    if (o->database && !(code = compile("database.include", o->database, err)))
        return MT_EOPTION;
    if (o->database)
        pcre2_code_free(code);
    if (o->table && !(code = compile("table.include", o->table, err)))
        return MT_EOPTION;
    if (o->table)
        pcre2_code_free(code);
    envelope.type = type = encode ? written_type(shape, fields, err)
                                  : envelope_type(shape, o, fields, err);
    if (!type)
        return MT_ENOMEM;
    fill_options(&json, shape, o);
    rc = mt_format_check(&json.ref, &envelope, encode, err);
    mt_type_unref(type);
    return rc;
}

static int open_readers(decoder *d, const mt_fields *fields, mt_error **err)
{
    json_options json;
    int rc;

    fill_options(&json, d->shape, d->options);
    rc = open_reader(&d->envelopes,
                     envelope_type(d->shape, d->options, fields, err),
                     &json.ref, err);
    if (rc == 0 && d->shape->partial)
        rc = open_reader(&d->names, names_type(d->shape, err), &json.ref, err);
    return rc;
}

int changes_decoder_open(const changes_shape *shape, const changes_options *o,
                         const mt_fields *fields, void **out, mt_error **err)
{
    decoder *d = mt_calloc(sizeof(*d));
    size_t size = sizeof(int32_t) * (size_t)fields->type->fields_len;
    int rc;

    if (!d)
        return mt_fail(err, MT_ENOMEM, "no memory for a decoder");
    d->shape = shape;
    d->options = o;
    d->fields = mt_type_ref(fields->type);
    d->fields_len = fields->type->fields_len;
    d->columns = mt_alloc(size);
    if (!d->columns) {
        rc = mt_fail(err, MT_ENOMEM, "no memory for a decoder");
        goto fail;
    }
    memcpy(d->columns, fields->columns, size);
    if ((rc = open_filters(d, err)) < 0 ||
        (rc = open_readers(d, fields, err)) < 0)
        goto fail;
    *out = d;
    return 0;
fail:
    changes_decoder_close(d);
    return rc;
}

void changes_decoder_close(void *opened)
{
    decoder *d = opened;

    if (!d)
        return;
    close_reader(&d->envelopes);
    close_reader(&d->names);
    pcre2_code_free(d->database);
    pcre2_code_free(d->table);
    pcre2_match_data_free(d->match);
    mt_free(d->columns, sizeof(int32_t) * (size_t)d->fields_len);
    mt_free(d->counts, sizeof(int32_t) * (size_t)d->counts_max);
    mt_free(d->names_counts, sizeof(int32_t) * (size_t)d->counts_max);
    mt_type_unref(d->fields);
    mt_free(d, sizeof(*d));
}

int64_t changes_decoder_skipped(void *opened)
{
    decoder *d = opened;
    int64_t skipped = d->skipped + mt_decoder_skipped(d->envelopes.json);

    d->skipped = 0;
    return skipped;
}

/* ---- one message --------------------------------------------------------- */

/* The rows of `before` or `after` in one envelope: rows [from, to) of a column
 * of ROWs. Without a list it is one row or none. */
typedef struct rows_of {
    const mt_column *column;
    int32_t from;
    int32_t to;
} rows_of;

static rows_of rows_in(const decoder *d, const mt_column *c, int32_t row)
{
    rows_of found = {c, row, row};

    if (mt_column_is_null(c, row))
        return found;
    if (!d->shape->list) {
        found.to++;
        return found;
    }
    return (rows_of){&c->children[0], c->offsets[row], c->offsets[row + 1]};
}

static int32_t count_of(rows_of rows)
{
    return rows.to - rows.from;
}

static mt_span text_at(const mt_column *c, int32_t row)
{
    if (mt_column_is_null(c, row))
        return (mt_span){NULL, 0};
    return (mt_span){(const uint8_t *)c->values + c->offsets[row],
                     (size_t)(c->offsets[row + 1] - c->offsets[row])};
}

static bool matches(const decoder *d, pcre2_code *code, mt_span text)
{
    return !code || (text.data && pcre2_match(code, text.data, text.len, 0, 0,
                                              d->match, NULL) >= 0);
}

static bool is_wanted(const decoder *d, const mt_column *envelope, int32_t row)
{
    if (!d->match)
        return true;
    return matches(d, d->database, text_at(&envelope[DATABASE], row)) &&
           matches(d, d->table, text_at(&envelope[TABLE], row));
}

/* Whether the map in row `row` of a column has that key. */
static bool has_key(const mt_column *map, int32_t row, const char *name)
{
    size_t len = strlen(name);
    int32_t i;

    if (mt_column_is_null(map, row))
        return false;
    for (i = map->offsets[row]; i < map->offsets[row + 1]; i++) {
        mt_span key = text_at(&map->children[0], i);

        if (key.len == len && memcmp(key.data, name, len) == 0)
            return true;
    }
    return false;
}

/* Puts one row: each field from `column`, row `row`, but those that `changed`
 * has (a MAP's column, or NULL) from `old`. */
typedef struct source_row {
    const mt_column *column;
    int32_t row;
    const mt_column *old;
    int32_t old_row;
    const mt_column *changed;
    int32_t changed_row;
} source_row;

static int put_row(decoder *d, mt_builder *out, mt_row_kind kind,
                   const source_row *from)
{
    int32_t at = out->columns[d->columns[0]].rows, i;
    int rc = mt_builder_set_kind(out, at, kind);

    for (i = 0; rc == 0 && i < d->fields_len; i++) {
        bool changed =
            from->changed && has_key(from->changed, from->changed_row,
                                     d->fields->fields[i].name);

        rc = changed ? mt_put_from(&out->columns[d->columns[i]],
                                   &from->old->children[i], from->old_row)
                     : mt_put_from(&out->columns[d->columns[i]],
                                   &from->column->children[i], from->row);
    }
    return rc;
}

static int put_rows(decoder *d, mt_builder *out, mt_row_kind kind, rows_of rows)
{
    int32_t i;
    int rc = 0;

    for (i = rows.from; rc == 0 && i < rows.to; i++)
        rc = put_row(d, out, kind,
                     &(source_row){.column = rows.column, .row = i});
    return rc;
}

/* The row before and the row after, for each that changed. `names` has the
 * changed fields' names where the shape is partial. */
static int put_updates(decoder *d, mt_builder *out, rows_of before,
                       rows_of after, rows_of names)
{
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < count_of(after); i++) {
        source_row now = {.column = after.column, .row = after.from + i};
        source_row old = {.column = before.column, .row = before.from + i};

        if (d->shape->partial)
            old = (source_row){after.column,    after.from + i, before.column,
                               before.from + i, names.column,   names.from + i};
        rc = put_row(d, out, MT_UPDATE_BEFORE, &old);
        if (rc == 0)
            rc = put_row(d, out, MT_UPDATE_AFTER, &now);
    }
    return rc;
}

/* What one envelope holds, looked at before anything of it is put. */
typedef struct message {
    changes_op op;
    rows_of before;
    rows_of after;
    rows_of names;
} message;

static int refuse_op(const decoder *d, mt_span op, mt_error **err)
{
    if (!op.data)
        return mt_fail(err, MT_ERECORD, "the message has no \"%s\"",
                       d->shape->op);
    return mt_fail(err, MT_ERECORD, "\"%s\" of the message is unknown: '%.*s'",
                   d->shape->op, (int)(op.len < 64 ? op.len : 64),
                   (const char *)op.data);
}

static int refuse_rows(const decoder *d, const char *what, mt_error **err)
{
    return mt_fail(err, MT_ERECORD, "the message has no \"%s\" for each row%s",
                   what,
                   d->shape->partial || what != d->shape->before
                       ? ""
                       : " (of PostgreSQL, the table needs REPLICA IDENTITY "
                         "FULL)");
}

/* Reads envelope `row` into *m; MT_ERECORD for one that makes no sense. */
static int read_message(const decoder *d, int32_t row, int32_t names_row,
                        message *m, mt_error **err)
{
    const mt_column *envelope = d->envelopes.batch->columns;
    mt_span op;

    if (d->options->schema_include)
        envelope = envelope[0].children;
    op = text_at(&envelope[OP], row);
    m->op = op.data ? d->shape->read_op((const char *)op.data, op.len)
                    : CHANGES_UNKNOWN;
    if (m->op == CHANGES_UNKNOWN)
        return refuse_op(d, op, err);
    if (m->op == CHANGES_NOTHING || !is_wanted(d, envelope, row)) {
        m->op = CHANGES_NOTHING;
        return 0;
    }
    m->before = rows_in(d, &envelope[BEFORE], row);
    m->after = rows_in(d, &envelope[AFTER], row);
    if (d->shape->partial)
        m->names = rows_in(d, &d->names.batch->columns[0], names_row);
    if (m->op == CHANGES_DELETE && d->shape->partial)
        m->before = m->after;
    if (m->op != CHANGES_DELETE && count_of(m->after) == 0)
        return refuse_rows(d, d->shape->after, err);
    if (m->op == CHANGES_DELETE && count_of(m->before) == 0)
        return refuse_rows(d, d->shape->before, err);
    if (m->op == CHANGES_UPDATE && count_of(m->before) != count_of(m->after))
        return refuse_rows(d, d->shape->before, err);
    return 0;
}

static int put_message(decoder *d, mt_builder *out, const message *m,
                       int32_t *rows, mt_error **err)
{
    int rc = 0;

    switch (m->op) {
    case CHANGES_INSERT:
        rc = put_rows(d, out, MT_INSERT, m->after);
        *rows = count_of(m->after);
        break;
    case CHANGES_DELETE:
        rc = put_rows(d, out, MT_DELETE, m->before);
        *rows = count_of(m->before);
        break;
    case CHANGES_UPDATE:
        rc = put_updates(d, out, m->before, m->after, m->names);
        *rows = 2 * count_of(m->after);
        break;
    default:
        break;
    }
    return rc < 0 ? mt_fail(err, rc, "no memory for a message's rows") : 0;
}

/* ---- many messages ------------------------------------------------------- */

static int grow_counts(decoder *d, int32_t len, mt_error **err)
{
    size_t size = sizeof(int32_t) * (size_t)len;
    size_t old = sizeof(int32_t) * (size_t)d->counts_max;

    if (len <= d->counts_max)
        return 0;
    mt_free(d->counts, old);
    mt_free(d->names_counts, old);
    d->counts = mt_alloc(size);
    d->names_counts = mt_alloc(size);
    d->counts_max = len;
    if (d->counts && d->names_counts)
        return 0;
    return mt_fail(err, MT_ENOMEM, "no memory for %d messages", (int)len);
}

/* Turns the first `len` messages, which were read, into rows. A message without
 * an envelope was skipped or empty. */
static int put_messages(decoder *d, int32_t len, mt_builder *out, int32_t *rows,
                        int32_t *done, mt_error **err)
{
    int32_t row = 0, names_row = 0, i;
    int rc = 0;

    for (i = 0; rc == 0 && i < len; i++) {
        message m = {.op = CHANGES_NOTHING};

        rows[i] = 0;
        if (d->counts[i] > 0)
            rc = read_message(d, row, names_row, &m, err);
        if (rc == MT_ERECORD && d->options->ignore_parse_errors) {
            mt_error_free(*err);
            *err = NULL;
            m.op = CHANGES_NOTHING;
            d->skipped++;
            rc = 0;
        }
        if (rc == 0)
            rc = put_message(d, out, &m, &rows[i], err);
        row += d->counts[i];
        names_row += d->names_counts[i];
        *done = rc == 0 ? i + 1 : i;
    }
    return rc;
}

int changes_decode(void *opened, const mt_span *messages, int32_t len,
                   mt_builder *out, int32_t *rows, int32_t *done,
                   mt_error **err)
{
    decoder *d = opened;
    mt_error *bad = NULL, *wrong = NULL;
    int32_t read = 0, named = 0;
    int rc, put;

    *done = 0;
    if ((rc = grow_counts(d, len, err)) < 0)
        return rc;
    memset(d->names_counts, 0, sizeof(int32_t) * (size_t)len);
    rc = read_messages(&d->envelopes, messages, len, d->counts, &read, &bad);
    if (rc == 0 || rc == MT_ERECORD) {
        if (d->shape->partial && read > 0) {
            put = read_messages(&d->names, messages, read, d->names_counts,
                                &named, &wrong);
            if (put < 0 || named < read) {
                /* What the first reading took, the second does. */
                read = named;
                mt_error_free(bad);
                bad = wrong;
                wrong = NULL;
                rc = put;
            }
        }
        put = read > 0 ? put_messages(d, read, out, rows, done, &wrong) : 0;
        if (put < 0) {
            mt_error_free(bad);
            bad = wrong;
            rc = put;
        }
    }
    if (err)
        *err = bad;
    else
        mt_error_free(bad);
    return rc;
}

/* ---- encoders ----------------------------------------------------------- */

typedef struct encoder {
    const changes_shape *shape;
    mt_type *type;
    mt_encoder *json;
    mt_builder *builder;
    int32_t *columns; /* of the batch, one a field */
    int32_t fields_len;
} encoder;

int changes_encoder_open(const changes_shape *shape, const changes_options *o,
                         const mt_fields *fields, void **out, mt_error **err)
{
    encoder *e = mt_calloc(sizeof(*e));
    size_t size = sizeof(int32_t) * (size_t)fields->type->fields_len;
    int32_t columns[COLUMNS_MAX] = {0, 1, 2, 3, 4};
    mt_fields envelope = {NULL, columns};
    json_options json;

    if (!e)
        return mt_fail(err, MT_ENOMEM, "no memory for an encoder");
    e->shape = shape;
    e->fields_len = fields->type->fields_len;
    e->columns = mt_alloc(size);
    if (!e->columns) {
        mt_fail(err, MT_ENOMEM, "no memory for an encoder");
        goto fail;
    }
    memcpy(e->columns, fields->columns, size);
    fill_options(&json, shape, o);
    envelope.type = e->type = written_type(shape, fields, err);
    if (!e->type || !(e->json = mt_encoder_open(&json.ref, &envelope, err)) ||
        !(e->builder = mt_builder_new(e->type, 0, err)))
        goto fail;
    *out = e;
    return 0;
fail:
    changes_encoder_close(e);
    return err && *err ? mt_error_code(*err) : MT_ENOMEM;
}

void changes_encoder_close(void *opened)
{
    encoder *e = opened;

    if (!e)
        return;
    mt_builder_free(e->builder);
    mt_encoder_close(e->json);
    mt_type_unref(e->type);
    mt_free(e->columns, sizeof(int32_t) * (size_t)e->fields_len);
    mt_free(e, sizeof(*e));
}

/* The table's fields of one row as a ROW, or as a list of it. */
static int put_fields(const encoder *e, mt_column_builder *to,
                      const mt_batch *batch, int32_t row)
{
    mt_column_builder *struct_of = e->shape->list ? &to->children[0] : to;
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < e->fields_len; i++)
        rc = mt_put_from(&struct_of->children[i],
                         &batch->columns[e->columns[i]], row);
    if (rc == 0)
        rc = mt_put_row(struct_of);
    return rc == 0 && e->shape->list ? mt_put_list(to) : rc;
}

static int put_envelope(const encoder *e, const mt_batch *batch, int32_t row)
{
    mt_column_builder *columns = e->builder->columns;
    mt_row_kind kind = mt_batch_kind(batch, row);
    bool gone = kind == MT_UPDATE_BEFORE || kind == MT_DELETE;
    const char *op = gone ? e->shape->delete : e->shape->insert;
    int rc;

    /* Where "before" holds changed fields only, rows stand in "after" alone. */
    if (e->shape->partial) {
        rc = put_fields(e, &columns[0], batch, row);
        return rc < 0 ? rc : mt_put_bytes(&columns[1], op, strlen(op));
    }
    rc = put_fields(e, &columns[gone ? BEFORE : AFTER], batch, row);
    if (rc == 0)
        rc = mt_put_null(&columns[gone ? AFTER : BEFORE]);
    return rc < 0 ? rc : mt_put_bytes(&columns[OP], op, strlen(op));
}

int changes_encode(void *opened, mt_batch *batch, int32_t from, int32_t to,
                   mt_buf *out, size_t *ends, uint8_t *nulls, int32_t *done,
                   mt_error **err)
{
    encoder *e = opened;
    mt_batch *envelopes = NULL;
    int32_t row;
    int rc = 0;

    *done = 0;
    for (row = from; rc == 0 && row < to; row++)
        rc = put_envelope(e, batch, row);
    if (rc < 0) {
        mt_builder_rollback(e->builder);
        return mt_fail(err, rc, "no memory for %d messages", (int)(to - from));
    }
    if ((rc = mt_builder_commit(e->builder, err)) < 0 ||
        (rc = mt_builder_seal(e->builder, &envelopes, err)) < 0)
        return rc;
    rc = mt_encoder_encode(e->json, envelopes, 0, to - from, out, ends, nulls,
                           done, err);
    mt_batch_unref(envelopes);
    return rc;
}
