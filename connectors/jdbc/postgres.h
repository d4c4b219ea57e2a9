/* postgres.h - what the files of PostgreSQL's driver share.
 *
 *   postgres.c            names and types, the driver's table
 *   postgres_client.c     connections, waiting, errors
 *   postgres_scan.c       COPY out
 *   postgres_copy.c       COPY in
 *   postgres_prepared.c   prepared statements, in pipelines
 *   postgres_types.c      values in binary
 *
 * The socket never blocks: calls below wait in slices, and end with
 * MT_ECANCELLED when the job is cancelled.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JDBC_POSTGRES_H
#define MT_JDBC_POSTGRES_H

#include "dialect.h"
#include "postgres_types.h"

/* libpq's own, so that the header stands without its. */
typedef struct pg_conn PGconn;
typedef struct pg_result PGresult;

typedef struct postgres {
    PGconn *pg;
    const jdbc_target *target;
    int64_t timeout_ms; /* the URL's socketTimeout; 0: none */
    int64_t silent_ms;  /* waited for the server since it last spoke */
} postgres;

/* ---- the client ---------------------------------------------------------- */

int pg_check(const jdbc_url *url, mt_error **err);
int pg_open(const jdbc_target *target, void **connection, mt_error **err);
void pg_close(void *connection);
int pg_run(void *connection, const char *sql, mt_error **err);

/* The connection's failure, always MT_ERETRY; a result's, by its SQLSTATE. */
int pg_fail(postgres *c, mt_error **err);
int pg_fail_result(postgres *c, const PGresult *r, mt_error **err);
/* Until the socket can be read (or written, where asked), at most ms. */
int pg_wait(postgres *c, bool write, int64_t ms, mt_error **err);
/* Sends what libpq has gathered, reading whatever comes meanwhile. */
int pg_send(postgres *c, mt_error **err);
/* *out is the next result, returned owned, or NULL where there is none. */
int pg_next(postgres *c, PGresult **out, mt_error **err);
/* Reads the results of one command to their end; *out is the last one, if it is
 * of the status `wanted` (an ExecStatusType). `out` may be NULL. */
int pg_take(postgres *c, int wanted, PGresult **out, mt_error **err);

/* ---- reading ----------------------------------------------------------- */

int pg_cursor_open(void *connection, const jdbc_relation *r, const char *sql,
                   void **cursor, mt_error **err);
int pg_cursor_fetch(void *cursor, mt_builder *out, int32_t rows_max,
                    mt_error **err);
void pg_cursor_close(void *cursor);

/* One decoder a column, and one to spare; returned owned. */
int pg_make_decoders(const jdbc_relation *r, pg_decode **out, mt_error **err);
/* Fails with the column and the bytes that are no value of its type. */
int pg_refuse_value(const jdbc_column *c, int rc, const uint8_t *at,
                    int32_t len, mt_error **err);

/* ---- writing ----------------------------------------------------------- */

/* What a binary COPY begins with, either way. */
#define PG_COPY_HEADER_LEN 19
extern const char pg_copy_header[];

int pg_copy_open(postgres *c, const jdbc_statement *s, void **copier,
                 mt_error **err);
int pg_copy_write(void *copier, mt_batch *batch, const int32_t *rows,
                  int32_t len, mt_error **err);
int pg_copy_flush(void *copier, mt_error **err);
void pg_copy_close(void *copier); /* NULL is fine */

int pg_prepared_open(postgres *c, const jdbc_statement *s, void **writer,
                     mt_error **err);
int pg_prepared_write(void *writer, mt_batch *batch, const int32_t *rows,
                      int32_t len, mt_error **err);
void pg_prepared_close(void *writer); /* NULL is fine */

int pg_finder_open(void *connection, const jdbc_relation *r,
                   const jdbc_statement *s, void **finder, mt_error **err);
int pg_finder_find(void *finder, mt_batch *keys, int32_t row, mt_builder *out,
                   int32_t *found, mt_error **err);

#endif
