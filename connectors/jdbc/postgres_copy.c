/* postgres_copy.c - appending by COPY ... FROM STDIN: in binary where every
 * column has a binary form of ours, else in text, which the server converts to
 * whatever it has.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <libpq-fe.h>

#include "postgres.h"
#include "postgres_types.h"
#include "values.h"

/* Bytes that are given to libpq at a time. */
#define CHUNK_BYTES (64 << 10)

typedef struct copier {
    postgres *conn;
    const jdbc_statement *what;
    pg_encode *encoders; /* one a column */
    bool text;           /* some column has no binary form of ours */
    bool copying;        /* COPY has begun, and not ended */
    mt_buf bytes;        /* of the rows that are not sent yet */
} copier;

/* ---- sending ----------------------------------------------------------- */

static int send_bytes(copier *w, mt_error **err)
{
    postgres *c = w->conn;
    int rc = 0, put;

    while (rc == 0) {
        put = PQputCopyData(c->pg, (char *)w->bytes.data, (int)w->bytes.len);
        if (put < 0)
            return pg_fail(c, err);
        if (put > 0)
            break;
        rc = pg_wait(c, true, JDBC_SLICE_MS, err);
        if (rc == 0 && !PQconsumeInput(c->pg))
            rc = pg_fail(c, err);
    }
    w->bytes.len = 0;
    /* libpq would otherwise gather it all. */
    return rc < 0 ? rc : pg_send(c, err);
}

static int begin_copy(copier *w, mt_error **err)
{
    const jdbc_relation *r = w->what->relation;
    postgres *c = w->conn;
    PGresult *result = NULL;
    mt_buf sql = {0};
    int32_t i;
    int rc = mt_buf_printf(&sql, "COPY %s (", r->from);

    for (i = 0; i < r->columns_len; i++)
        rc |= mt_buf_printf(&sql, "%s%s", i ? ", " : "", r->columns[i].name);
    rc |= mt_buf_printf(&sql, ") FROM STDIN%s",
                        w->text ? "" : " (FORMAT binary)");
    if (rc < 0 || mt_buf_byte(&sql, '\0') < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    else if (!PQsendQuery(c->pg, (char *)sql.data))
        rc = pg_fail(c, err);
    else
        rc = pg_take(c, PGRES_COPY_IN, &result, err);
    PQclear(result);
    mt_buf_fini(&sql);
    w->copying = rc == 0;
    if (rc == 0 && !w->text &&
        mt_buf_append(&w->bytes, pg_copy_header, PG_COPY_HEADER_LEN) < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    return rc;
}

static int copy_binary(copier *w, mt_batch *batch, int32_t row)
{
    mt_buf *out = &w->bytes;
    int32_t i, columns = w->what->params_len;
    uint8_t head[4];
    size_t at;
    int rc;

    pg_put16(head, (uint16_t)columns);
    rc = mt_buf_append(out, head, 2);
    for (i = 0; rc == 0 && i < columns; i++) {
        const mt_column *c = &batch->columns[i];

        pg_put32(head, UINT32_MAX);
        rc = mt_buf_append(out, head, 4);
        if (rc < 0 || mt_column_is_null(c, row))
            continue;
        at = out->len;
        rc = w->encoders[i](out, mt_type_column(batch->type, i), c, row);
        if (rc == 0)
            pg_put32(out->data + at - 4, (uint32_t)(out->len - at));
    }
    return rc;
}

/* COPY's text: columns between tabs, \N for NULL, and what would be mistaken
 * for either as a letter behind a backslash; 0: no such letter. */
static uint8_t escaped(uint8_t byte)
{
    switch (byte) {
    case '\\':
        return '\\';
    case '\t':
        return 't';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    default:
        return 0;
    }
}

/* Escapes what stands behind `from`, in place, from its end. */
static int escape(mt_buf *out, size_t from)
{
    size_t i, more = 0, to;

    for (i = from; i < out->len; i++)
        more += escaped(out->data[i]) != 0;
    if (more == 0)
        return 0;
    if (mt_buf_reserve(out, more) < 0)
        return MT_ENOMEM;
    i = out->len;
    out->len += more;
    for (to = out->len; i-- > from;) {
        uint8_t letter = escaped(out->data[i]);

        out->data[--to] = letter ? letter : out->data[i];
        if (letter)
            out->data[--to] = '\\';
    }
    return 0;
}

static int copy_text(copier *w, mt_batch *batch, int32_t row)
{
    mt_buf *out = &w->bytes;
    int32_t i, columns = w->what->params_len;
    int rc = 0;

    for (i = 0; rc == 0 && i < columns; i++) {
        const mt_type *type = mt_type_column(batch->type, i);
        size_t at;

        if (i)
            rc |= mt_buf_byte(out, '\t');
        at = out->len;
        if (mt_column_is_null(&batch->columns[i], row)) {
            rc |= mt_buf_append(out, "\\N", 2);
            continue;
        }
        rc |= jdbc_value_text(type, &batch->columns[i], row, out);
        if (type->kind == MT_TIMESTAMP_LTZ)
            rc |= mt_buf_append(out, "+00", 3);
        rc |= escape(out, at);
    }
    return rc | mt_buf_byte(out, '\n');
}

int pg_copy_write(void *copier_, mt_batch *batch, const int32_t *rows,
                  int32_t len, mt_error **err)
{
    copier *w = copier_;
    int32_t i;
    int rc = w->copying ? 0 : begin_copy(w, err);

    for (i = 0; rc == 0 && i < len; i++) {
        int32_t row = rows ? rows[i] : i;

        rc = w->text ? copy_text(w, batch, row) : copy_binary(w, batch, row);
        if (rc < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory");
        if (w->bytes.len >= CHUNK_BYTES)
            rc = send_bytes(w, err);
    }
    return rc;
}

static int end_writing(copier *w, mt_error **err)
{
    postgres *c = w->conn;
    int rc = 0, ended;

    if (!w->text && mt_buf_append(&w->bytes, "\377\377", 2) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    rc = send_bytes(w, err);
    while (rc == 0 && (ended = PQputCopyEnd(c->pg, NULL)) != 1)
        rc = ended < 0 ? pg_fail(c, err) : pg_send(c, err);
    if (rc < 0)
        return rc;
    w->copying = false;
    return pg_take(c, PGRES_COMMAND_OK, NULL, err);
}

/* ---- the writer ---------------------------------------------------------- */

/* An array has a text form too, but not one that we write. */
static int refuse_column(const jdbc_column *c, mt_error **err)
{
    return mt_fail(err, MT_ETYPE,
                   "PostgreSQL's column %s is of another type than the array "
                   "that is to be written to it",
                   c->name);
}

static int prepare_copy(copier *w, mt_error **err)
{
    const jdbc_relation *r = w->what->relation;
    int32_t i;

    for (i = 0; i < r->columns_len; i++) {
        const jdbc_column *c = &r->columns[i];

        w->encoders[i] = pg_encoder(c->type, c->native);
        if (w->encoders[i])
            continue;
        w->text = true;
    }
    for (i = 0; w->text && i < r->columns_len; i++)
        if (r->columns[i].type->kind == MT_ARRAY)
            return refuse_column(&r->columns[i], err);
    return 0;
}

void pg_copy_close(void *copier_)
{
    copier *w = copier_;

    if (!w)
        return;
    /* An unfinished COPY would keep the connection from rolling back. */
    if (w->copying && PQputCopyEnd(w->conn->pg, "given up") >= 0)
        pg_take(w->conn, PGRES_COMMAND_OK, NULL, NULL);
    mt_free(w->encoders,
            sizeof(*w->encoders) * (size_t)(w->what->params_len + 1));
    mt_buf_fini(&w->bytes);
    mt_free(w, sizeof(*w));
}

int pg_copy_open(postgres *c, const jdbc_statement *s, void **out,
                 mt_error **err)
{
    copier *w = mt_calloc(sizeof(*w));
    int rc;

    if (!w)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    w->conn = c;
    w->what = s;
    w->encoders = mt_calloc(sizeof(*w->encoders) * (size_t)(s->params_len + 1));
    rc = w->encoders ? prepare_copy(w, err)
                     : mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc < 0) {
        pg_copy_close(w);
        return rc;
    }
    *out = w;
    return 0;
}

int pg_copy_flush(void *copier_, mt_error **err)
{
    copier *w = copier_;

    return w->copying ? end_writing(w, err) : 0;
}
