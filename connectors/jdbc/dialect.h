/* dialect.h - what a database system is to the rest of the connector: types,
 * SQL where systems differ, and a connection that reads and writes.
 *
 * A driver (sqlite.c, postgres.c, mysql.c) is one such table. Objects that it
 * makes live on one connection and are closed before it. One thread uses a
 * connection at a time.
 *
 * What calls may fail with decides what becomes of it:
 *
 *   MT_ERECORD     the server refuses a value: other rows may pass
 *   MT_ERETRY      the connection is gone, or the server is busy: a new
 *                  connection may succeed
 *   MT_ECANCELLED  the job was cancelled while the call waited
 *   others         the whole statement cannot work
 *
 * Calls may block while the server is slow, but look at
 * mt_context_cancelled() at least every 100 ms.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JDBC_DIALECT_H
#define MT_JDBC_DIALECT_H

#include "options.h"
#include "url.h"

/* How often waiting calls look up. */
#define JDBC_SLICE_MS 100

/* What a connection is opened for. All borrowed for the connection's life. */
typedef struct jdbc_target {
    mt_context *ctx;
    const jdbc_options *options;
    const jdbc_url *url;
} jdbc_target;

/* A column of ours and what it is over there. */
typedef struct jdbc_column {
    const mt_type *type;
    const char *title; /* as ours calls it; borrowed */
    char *name;        /* quoted for SQL */
    char *select;      /* what to read in place of `name`, or NULL */
    uint32_t native;   /* the driver's own */
    bool exact;        /* values arrive unchanged, so that comparing there is
                          comparing here */
    bool text_order;   /* and texts compare by their bytes if asked with
                          jdbc_dialect.binary */
} jdbc_column;

/* The other side: a table or a query, with the physical columns of ours. */
typedef struct jdbc_relation {
    const char *table; /* as the user wrote it, or NULL: */
    const char *query;
    char *from; /* for FROM and INTO, once resolved */
    jdbc_column *columns;
    int32_t columns_len;
} jdbc_relation;

typedef enum jdbc_action {
    JDBC_INSERT,
    JDBC_UPSERT,
    JDBC_DELETE,
    JDBC_STATEMENT /* the user's own */
} jdbc_action;

/* A statement with a '?' for each value, which stand in columns of a batch.
 * The part between `row_from` and `row_to` holds them all and may be repeated
 * with `between` in between, for several rows at once; NULL: it may not. */
typedef struct jdbc_statement {
    jdbc_action action;
    const jdbc_relation *relation; /* NULL for a statement of the user's */
    mt_buf sql;                    /* ends with a 0 that counts */
    size_t row_from;
    size_t row_to;
    const char *between;
    const int32_t *params; /* column of the batch for each '?' */
    int32_t params_len;
} jdbc_statement;

typedef struct jdbc_dialect {
    const char *system; /* as in the URL */
    const char *title;  /* for people */
    char quote;
    const char *begin;    /* a transaction that writes */
    const char *begin_ro; /* one that reads */
    const char *binary;   /* behind a text column: compare bytes; or NULL */
    /* Behind an INSERT: on a clash of keys, take the new values. */
    int (*upsert)(const jdbc_relation *r, const int32_t *keys, int32_t keys_len,
                  mt_buf *out);

    bool (*has_type)(const mt_type *type);
    /* Refuses parameters of the URL that mean nothing here. */
    int (*check)(const jdbc_url *url, mt_error **err);

    int (*open)(const jdbc_target *target, void **connection, mt_error **err);
    void (*close)(void *connection); /* NULL is fine */
    /* Runs a statement that gives no rows. */
    int (*run)(void *connection, const char *sql, mt_error **err);
    /* Looks at the table and fills in what is known of its columns; names are
     * there, as the user wrote them, and may be corrected. */
    int (*resolve)(void *connection, jdbc_relation *r, bool write,
                   mt_error **err);
    /* Appends a text as a literal. */
    int (*literal)(void *connection, const char *text, mt_buf *out,
                   mt_error **err);

    /* Rows of a SELECT of the relation's columns, in that order. fetch: up to
     * rows_max rows, committed; waits for about 10 ms; answers as a source's
     * poll. */
    int (*cursor_open)(void *connection, const jdbc_relation *r,
                       const char *sql, void **cursor, mt_error **err);
    int (*cursor_fetch)(void *cursor, mt_builder *out, int32_t rows_max,
                        mt_error **err);
    void (*cursor_close)(void *cursor); /* NULL is fine */

    /* Writes rows (rows[0 .. len) of the batch, or all when NULL), inside of a
     * transaction. What write was given may be on its way until flush. After a
     * failure the writer is closed and the transaction rolled back. */
    int (*writer_open)(void *connection, const jdbc_statement *s, void **writer,
                       mt_error **err);
    int (*writer_write)(void *writer, mt_batch *batch, const int32_t *rows,
                        int32_t len, mt_error **err);
    int (*writer_flush)(void *writer, mt_error **err);
    void (*writer_close)(void *writer); /* NULL is fine */

    /* A SELECT of the relation's columns with a '?' for each of the key's.
     * find: appends the rows that match key `row` of the batch, uncommitted. */
    int (*finder_open)(void *connection, const jdbc_relation *r,
                       const jdbc_statement *s, void **finder, mt_error **err);
    int (*finder_find)(void *finder, mt_batch *keys, int32_t row,
                       mt_builder *out, int32_t *found, mt_error **err);
    void (*finder_close)(void *finder); /* NULL is fine */
} jdbc_dialect;

extern const jdbc_dialect jdbc_sqlite;
extern const jdbc_dialect jdbc_postgres;
extern const jdbc_dialect jdbc_mysql;
extern const jdbc_dialect jdbc_mariadb;

/* The one that the URL names. */
int jdbc_dialect_of(const jdbc_url *url, const jdbc_dialect **out,
                    mt_error **err);

/* Makes the relation of a table's physical columns, all names quoted as the
 * user wrote them. Borrows options and type. To be finished also on failure. */
int jdbc_relation_init(jdbc_relation *r, const jdbc_dialect *d,
                       const jdbc_options *o, const mt_type *type,
                       int32_t columns_len, mt_error **err);
void jdbc_relation_fini(jdbc_relation *r); /* zeroed memory is fine */

/* Waits, in slices; MT_ECANCELLED when the job is cancelled meanwhile. */
int jdbc_sleep(mt_context *ctx, int64_t ms, mt_error **err);

#endif
