/* postgres_scan.c - reading by COPY ... TO STDOUT in binary, which streams: a
 * row a message, decoded straight into the builder.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <libpq-fe.h>

#include "postgres.h"
#include "postgres_types.h"
#include "values.h"

/* How long a fetch waits for the first row. */
#define FETCH_WAIT_MS 10

const char pg_copy_header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";

typedef struct cursor {
    postgres *conn;
    const jdbc_relation *relation;
    pg_decode *decoders; /* one a column */
    bool begun;          /* the header has been read */
} cursor;

void pg_cursor_close(void *cursor_)
{
    cursor *k = cursor_;

    if (!k)
        return;
    if (k->decoders)
        mt_free(k->decoders,
                sizeof(*k->decoders) * (size_t)(k->relation->columns_len + 1));
    mt_free(k, sizeof(*k));
}

int pg_make_decoders(const jdbc_relation *r, pg_decode **out, mt_error **err)
{
    int32_t i;

    *out = mt_calloc(sizeof(**out) * (size_t)(r->columns_len + 1));
    if (!*out)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (i = 0; i < r->columns_len; i++)
        (*out)[i] = pg_decoder(r->columns[i].type, r->columns[i].native);
    return 0;
}

int pg_cursor_open(void *conn, const jdbc_relation *r, const char *sql,
                   void **out, mt_error **err)
{
    postgres *c = conn;
    cursor *k = mt_calloc(sizeof(*k));
    PGresult *result = NULL;
    mt_buf copy = {0};
    int rc;

    if (!k)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    k->conn = c;
    k->relation = r;
    rc = pg_make_decoders(r, &k->decoders, err);
    if (rc == 0 &&
        (mt_buf_printf(&copy, "COPY (%s) TO STDOUT (FORMAT binary)", sql) < 0 ||
         mt_buf_byte(&copy, '\0') < 0))
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc == 0 && !PQsendQuery(c->pg, (char *)copy.data))
        rc = pg_fail(c, err);
    if (rc == 0)
        rc = pg_take(c, PGRES_COPY_OUT, &result, err);
    PQclear(result);
    mt_buf_fini(&copy);
    if (rc < 0) {
        pg_cursor_close(k);
        return rc;
    }
    *out = k;
    return 0;
}

int pg_refuse_value(const jdbc_column *c, int rc, const uint8_t *at,
                    int32_t len, mt_error **err)
{
    mt_buf text = {0};
    int32_t i;

    if (c->type->form == MT_FORM_VAR)
        return jdbc_value_refuse(rc, "PostgreSQL", c->name, c->type,
                                 (const char *)at, (size_t)len, err);
    for (i = 0; i < len && i < 32; i++)
        mt_buf_printf(&text, "%02x", at[i]);
    rc = jdbc_value_refuse(rc, "PostgreSQL", c->name, c->type,
                           text.data ? (char *)text.data : "", text.len, err);
    mt_buf_fini(&text);
    return rc;
}

/* One tuple at *from; MT_FLOW_DONE at the trailer. */
static int put_tuple(cursor *k, const uint8_t **from, const uint8_t *end,
                     mt_builder *out, mt_error **err)
{
    const jdbc_relation *r = k->relation;
    const uint8_t *at = *from + 2;
    int32_t i, len;
    int rc;

    if (end - *from < 2)
        return mt_fail(err, MT_EIO, "PostgreSQL sent half a row");
    if ((int16_t)pg_get16(*from) < 0) {
        *from = end;
        return MT_FLOW_DONE;
    }
    for (i = 0; i < r->columns_len; i++) {
        len = end - at >= 4 ? (int32_t)pg_get32(at) : INT32_MAX;
        at += 4;
        if (len > end - at)
            return mt_fail(err, MT_EIO, "PostgreSQL sent half a row");
        rc = len < 0 ? mt_put_null(&out->columns[i])
                     : k->decoders[i](&out->columns[i], at, len);
        if (rc < 0)
            return pg_refuse_value(&r->columns[i], rc, at, len, err);
        at += len < 0 ? 0 : len;
    }
    *from = r->columns_len ? at : end;
    return mt_builder_commit(out, err);
}

/* The rows of one message of COPY. The first begins with a header. */
static int put_message(cursor *k, const uint8_t *at, int32_t len,
                       mt_builder *out, mt_error **err)
{
    const uint8_t *end = at + len;
    int rc = 0;

    if (!k->begun) {
        if (len < PG_COPY_HEADER_LEN || memcmp(at, pg_copy_header, 11) != 0)
            return mt_fail(err, MT_EIO, "PostgreSQL sent no binary COPY");
        at += PG_COPY_HEADER_LEN + (int32_t)pg_get32(at + 15);
        k->begun = true;
    }
    while (rc == 0 && at < end)
        rc = put_tuple(k, &at, end, out, err);
    return rc < 0 ? rc : 0;
}

/* The server has said all. */
static int end_copy(postgres *c, mt_error **err)
{
    int rc = pg_take(c, PGRES_COMMAND_OK, NULL, err);

    return rc < 0 ? rc : MT_FLOW_DONE;
}

int pg_cursor_fetch(void *cursor_, mt_builder *out, int32_t rows_max,
                    mt_error **err)
{
    cursor *k = cursor_;
    postgres *c = k->conn;
    int32_t until = out->rows + rows_max;
    bool waited = false;
    char *message;
    int len, rc;

    while (out->rows < until && !mt_builder_full(out)) {
        len = PQgetCopyData(c->pg, &message, 1);
        if (len == -1)
            return end_copy(c, err);
        if (len == -2)
            return pg_fail(c, err);
        if (len == 0) {
            if (waited)
                return MT_FLOW_MORE;
            waited = true;
            rc = pg_wait(c, false, FETCH_WAIT_MS, err);
            if (rc == 0 && !PQconsumeInput(c->pg))
                rc = pg_fail(c, err);
        } else {
            waited = false;
            rc = put_message(k, (uint8_t *)message, len, out, err);
            PQfreemem(message);
        }
        if (rc < 0) {
            mt_builder_rollback(out);
            return rc;
        }
    }
    return MT_FLOW_MORE;
}
