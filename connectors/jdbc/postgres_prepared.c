/* postgres_prepared.c - prepared statements: upserts, deletes and statements of
 * users, sent in a pipeline with many rows a statement where that is possible;
 * and SELECTs by key.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <libpq-fe.h>
#include <stdio.h>

#include "postgres.h"
#include "postgres_types.h"
#include "statement.h"
#include "values.h"

/* Rows of a multi-row statement, as far as its parameters may be numbered, and
 * statements between two looks at the socket. */
#define ROWS_MANY 128
#define PARAMS_MAX 32767
#define PIPELINE_LOOK 64

/* A statement of `rows` rows, and one row's parameters. */
typedef struct prepared {
    char name[16];
    int32_t rows;
} prepared;

typedef struct writer {
    postgres *conn;
    const jdbc_statement *what;
    pg_encode *encoders; /* one a parameter; NULL: as text */
    uint32_t *oids;      /* one a parameter of a row */
    prepared one;
    prepared many; /* rows 0: never */
    mt_buf bytes;  /* of parameters */
    int32_t *ends; /* of each parameter in bytes; -1: NULL */
    const char **values;
    int *lengths;
    int *formats;
    const jdbc_relation *relation; /* of a finder */
    pg_decode *decoders;
} writer;

static int32_t rows_many(const writer *w)
{
    int32_t rows = PARAMS_MAX / (w->what->params_len + 1);

    return rows < ROWS_MANY ? rows : ROWS_MANY;
}

static size_t params_max(const writer *w)
{
    return (size_t)w->what->params_len * (size_t)rows_many(w) + 1;
}

void pg_prepared_close(void *writer_)
{
    writer *w = writer_;
    size_t n;

    if (!w)
        return;
    n = params_max(w);
    mt_free(w->encoders, n * sizeof(*w->encoders));
    mt_free(w->oids, n * sizeof(*w->oids));
    mt_free(w->ends, n * sizeof(*w->ends));
    mt_free(w->values, n * sizeof(*w->values));
    mt_free(w->lengths, n * sizeof(*w->lengths));
    mt_free(w->formats, n * sizeof(*w->formats));
    if (w->decoders)
        mt_free(w->decoders,
                sizeof(*w->decoders) * (size_t)(w->relation->columns_len + 1));
    mt_buf_fini(&w->bytes);
    mt_free(w, sizeof(*w));
}

static int prepare(writer *w, prepared *p, int32_t rows, bool typed,
                   mt_error **err)
{
    postgres *c = w->conn;
    mt_buf sql = {0};
    const Oid *types = typed ? w->oids : NULL;
    static _Atomic unsigned names;
    int32_t i, n = w->what->params_len;
    int rc;

    /* Names are unique, since statements outlive the writers they are of. */
    p->rows = rows;
    snprintf(p->name, sizeof(p->name), "s%u", names++ % 1000000);
    for (i = 1; typed && i < rows; i++)
        memcpy(w->oids + i * n, w->oids, sizeof(*w->oids) * (size_t)n);
    rc = jdbc_statement_text(w->what, rows, true, &sql);
    if (rc < 0 || mt_buf_byte(&sql, '\0') < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    else if (!PQsendPrepare(c->pg, p->name, (char *)sql.data,
                            typed ? n * rows : 0, types))
        rc = pg_fail(c, err);
    else
        rc = pg_take(c, PGRES_COMMAND_OK, NULL, err);
    mt_buf_fini(&sql);
    return rc;
}

/* The records' type, which statements have parameters of. */
static const mt_type *record_type(const writer *w)
{
    return mt_context_type(w->conn->target->ctx);
}

static const char *name_of(const writer *w, int32_t i)
{
    return mt_type_column_name(record_type(w), w->what->params[i]);
}

/* Asks which types the server has found for the parameters. */
static int describe(writer *w, mt_error **err)
{
    PGresult *r = NULL;
    int32_t i, n = w->what->params_len;
    int rc;

    if (!PQsendDescribePrepared(w->conn->pg, w->one.name))
        return pg_fail(w->conn, err);
    rc = pg_take(w->conn, PGRES_COMMAND_OK, &r, err);
    for (i = 0; rc == 0 && i < n; i++) {
        const mt_type *type =
            mt_type_column(record_type(w), w->what->params[i]);

        w->oids[i] = PQparamtype(r, i);
        w->encoders[i] = pg_encoder(type, w->oids[i]);
        /* An array has a text form too, but not one that we write. */
        if (!w->encoders[i] && type->kind == MT_ARRAY)
            rc = mt_fail(err, MT_ETYPE,
                         "PostgreSQL wants another type than the array that "
                         "is column '%s'",
                         name_of(w, i));
    }
    PQclear(r);
    return rc;
}

static int alloc_writer(postgres *c, const jdbc_statement *s, writer **out,
                        mt_error **err)
{
    writer *w = mt_calloc(sizeof(*w));
    size_t n;

    if (!w)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    w->conn = c;
    w->what = s;
    n = params_max(w);
    w->encoders = mt_calloc(n * sizeof(*w->encoders));
    w->oids = mt_calloc(n * sizeof(*w->oids));
    w->ends = mt_calloc(n * sizeof(*w->ends));
    w->values = mt_calloc(n * sizeof(*w->values));
    w->lengths = mt_calloc(n * sizeof(*w->lengths));
    w->formats = mt_calloc(n * sizeof(*w->formats));
    if (!w->encoders || !w->oids || !w->ends || !w->values || !w->lengths ||
        !w->formats) {
        pg_prepared_close(w);
        return mt_fail(err, MT_ENOMEM, "out of memory");
    }
    *out = w;
    return 0;
}

/* Adds one value as parameter n. Text ones end with a 0. */
static int add_param(writer *w, int32_t n, pg_encode encode,
                     const mt_type *type, const mt_column *c, int32_t row)
{
    mt_buf *out = &w->bytes;
    int rc;

    w->formats[n] = encode != NULL;
    if (mt_column_is_null(c, row)) {
        w->ends[n] = -1;
        return 0;
    }
    rc =
        encode ? encode(out, type, c, row) : jdbc_value_text(type, c, row, out);
    if (rc == 0 && !encode && type->kind == MT_TIMESTAMP_LTZ)
        rc = mt_buf_append(out, "+00", 3);
    w->ends[n] = (int32_t)out->len;
    return rc | mt_buf_byte(out, '\0');
}

/* The texts lie still now: where they are. */
static void point_params(writer *w, int32_t n)
{
    int32_t i, from = 0;

    for (i = 0; i < n; i++) {
        w->values[i] = w->ends[i] < 0 ? NULL : (char *)w->bytes.data + from;
        w->lengths[i] = w->ends[i] < 0 ? 0 : w->ends[i] - from;
        if (w->ends[i] >= 0)
            from = w->ends[i] + 1;
    }
}

static int add_row(writer *w, int32_t n, mt_batch *batch, int32_t row)
{
    const jdbc_statement *s = w->what;
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < s->params_len; i++)
        rc = add_param(w, n + i, w->encoders[i],
                       mt_type_column(batch->type, s->params[i]),
                       &batch->columns[s->params[i]], row);
    return rc;
}

static int send_rows(writer *w, const prepared *p, mt_batch *batch,
                     const int32_t *rows, int32_t first, mt_error **err)
{
    int32_t n = w->what->params_len, i;
    int rc = 0;

    w->bytes.len = 0;
    for (i = 0; rc == 0 && i < p->rows; i++)
        rc = add_row(w, i * n, batch, rows ? rows[first + i] : first + i);
    if (rc < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    point_params(w, n * p->rows);
    if (!PQsendQueryPrepared(w->conn->pg, p->name, n * p->rows, w->values,
                             w->lengths, w->formats, 0))
        return pg_fail(w->conn, err);
    return 0;
}

/* Reads what `len` statements and the sync behind them answered; the first
 * failure is *err. */
static int drain(writer *w, int32_t len, mt_error **err)
{
    postgres *c = w->conn;
    PGresult *r;
    bool synced = false;
    int rc, failed = 0;

    while (!synced) {
        if ((rc = pg_next(c, &r, failed ? NULL : err)) < 0)
            return failed ? failed : rc;
        if (!r) {
            /* Between two statements; more of them would be a mistake. */
            if (len-- < 0)
                return failed ? failed : pg_fail(c, err);
            continue;
        }
        if (PQresultStatus(r) == PGRES_PIPELINE_SYNC)
            synced = true;
        else if (PQresultStatus(r) == PGRES_FATAL_ERROR && failed == 0)
            failed = pg_fail_result(c, r, err);
        PQclear(r);
    }
    return failed;
}

static int send_pipeline(writer *w, mt_batch *batch, const int32_t *rows,
                         int32_t len, mt_error **err)
{
    int32_t at = 0, sent = 0;
    int rc = 0, drained;

    while (rc == 0 && at < len) {
        const prepared *p =
            w->many.rows && len - at >= w->many.rows ? &w->many : &w->one;

        rc = send_rows(w, p, batch, rows, at, err);
        at += p->rows;
        if (rc == 0 && ++sent % PIPELINE_LOOK == 0)
            rc = pg_send(w->conn, err);
    }
    if (!PQpipelineSync(w->conn->pg))
        return rc < 0 ? rc : pg_fail(w->conn, err);
    drained = drain(w, sent + 1, rc < 0 ? NULL : err);
    return rc < 0 ? rc : drained;
}

int pg_prepared_write(void *writer_, mt_batch *batch, const int32_t *rows,
                      int32_t len, mt_error **err)
{
    writer *w = writer_;
    int rc;

    if (len >= rows_many(w) && !w->many.rows &&
        w->what->action != JDBC_STATEMENT) {
        rc = prepare(w, &w->many, rows_many(w), true, err);
        if (rc < 0)
            return rc;
    }
    if (!PQenterPipelineMode(w->conn->pg))
        return pg_fail(w->conn, err);
    rc = send_pipeline(w, batch, rows, len, err);
    if (!PQexitPipelineMode(w->conn->pg) && rc == 0)
        rc = pg_fail(w->conn, err);
    return rc;
}

/* ---- the writer ---------------------------------------------------------- */

int pg_prepared_open(postgres *c, const jdbc_statement *s, void **out,
                     mt_error **err)
{
    writer *w = NULL;
    int rc = alloc_writer(c, s, &w, err);

    if (rc < 0)
        return rc;
    rc = prepare(w, &w->one, 1, false, err);
    if (rc == 0)
        rc = describe(w, err);
    if (rc < 0) {
        pg_prepared_close(w);
        return rc;
    }
    *out = w;
    return 0;
}

/* ---- finding ----------------------------------------------------------- */

int pg_finder_open(void *conn, const jdbc_relation *r, const jdbc_statement *s,
                   void **out, mt_error **err)
{
    writer *w = NULL;
    int rc = alloc_writer(conn, s, &w, err);

    if (rc < 0)
        return rc;
    w->relation = r;
    rc = pg_make_decoders(r, &w->decoders, err);
    if (rc == 0)
        rc = prepare(w, &w->one, 1, false, err);
    if (rc < 0) {
        pg_prepared_close(w);
        return rc;
    }
    *out = w;
    return 0;
}

static int put_result(writer *w, const PGresult *r, mt_builder *out,
                      mt_error **err)
{
    const jdbc_relation *rel = w->relation;
    int32_t row, i;
    int rc = 0;

    for (row = 0; row < PQntuples(r); row++) {
        for (i = 0; i < rel->columns_len; i++) {
            const uint8_t *at = (uint8_t *)PQgetvalue(r, row, i);
            int32_t len = PQgetlength(r, row, i);

            rc = PQgetisnull(r, row, i)
                     ? mt_put_null(&out->columns[i])
                     : w->decoders[i](&out->columns[i], at, len);
            if (rc < 0)
                return pg_refuse_value(&rel->columns[i], rc, at, len, err);
        }
    }
    return 0;
}

/* Keys are texts here: they are few, and the server knows what it compares. */
int pg_finder_find(void *finder, mt_batch *keys, int32_t row, mt_builder *out,
                   int32_t *found, mt_error **err)
{
    writer *w = finder;
    PGresult *r = NULL;
    int32_t n = w->what->params_len;
    int rc = 0;

    w->bytes.len = 0;
    if (add_row(w, 0, keys, row) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    point_params(w, n);
    if (!PQsendQueryPrepared(w->conn->pg, w->one.name, n, w->values, w->lengths,
                             w->formats, 1))
        return pg_fail(w->conn, err);
    rc = pg_take(w->conn, PGRES_TUPLES_OK, &r, err);
    if (rc == 0) {
        *found = PQntuples(r);
        rc = put_result(w, r, out, err);
    }
    PQclear(r);
    return rc;
}
