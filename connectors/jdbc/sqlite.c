/* sqlite.c - the driver of SQLite.
 *
 * SQLite has a type a value, not a column: what a column holds is read by the
 * type that the table of ours declares, from whichever of the five storage
 * classes it has. Dates and times are texts (integers are ms since 1970, as
 * Java's driver writes them).
 *
 * A connection is private to its subtask. Files are locked as a whole: waiting
 * for a lock is our busy handler's work, which looks whether the job is
 * cancelled, and long statements look by the progress handler.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strcasestr */
#endif
#include <math.h>
#include <poll.h>
#include <sqlite3.h>
#include <strings.h>

#include "dialect.h"
#include "statement.h"
#include "values.h"

#define BUSY_MS 5000
#define BUSY_PAUSE_MS 5
#define PROGRESS_STEPS 100000

typedef struct sqlite {
    sqlite3 *db;
    const jdbc_target *target;
    int64_t busy_ms;
    int64_t busy_since_ms;
} sqlite;

/* A prepared statement and what its columns are. */
typedef struct prepared {
    sqlite *conn;
    sqlite3_stmt *stmt;
    const jdbc_relation *relation; /* of one that reads */
    const jdbc_statement *what;    /* of one that writes, or finds by key */
    mt_buf text;                   /* one value's */
} prepared;

/* ---- errors ----------------------------------------------------------- */

static int fail(sqlite *c, int status, mt_error **err)
{
    const char *message = sqlite3_errmsg(c->db);
    const char *where = c->target->url->database;

    switch (status & 0xff) {
    case SQLITE_INTERRUPT:
        return mt_fail(err, MT_ECANCELLED, "cancelled");
    case SQLITE_NOMEM:
        return mt_fail(err, MT_ENOMEM, "out of memory");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        if (mt_context_cancelled(c->target->ctx))
            return mt_fail(err, MT_ECANCELLED, "cancelled");
        return mt_fail(err, MT_ERETRY,
                       "SQLite: %s is locked by another connection for more "
                       "than %lld ms; '?journal_mode=WAL' in the URL lets "
                       "readers and a writer work side by side",
                       where, (long long)c->busy_ms);
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
        return mt_fail(err, MT_ERECORD, "SQLite: %s", message);
    case SQLITE_FULL:
        return mt_fail(err, MT_ERETRY, "SQLite: cannot write %s: %s", where,
                       message);
    case SQLITE_CANTOPEN:
        return mt_fail(err, MT_EIO,
                       "SQLite: cannot open %s: no such file, or no permission",
                       where);
    default:
        return mt_fail(err, MT_EIO, "SQLite: %s: %s", where, message);
    }
}

/* ---- connecting ---------------------------------------------------------- */

/* Parameters of the URL are pragmas, as with Java's driver. */
static const char *const pragmas[] = {
    "journal_mode",  "synchronous",    "cache_size",   "foreign_keys",
    "temp_store",    "mmap_size",      "locking_mode", "recursive_triggers",
    "secure_delete", "max_page_count", "busy_timeout",
};

enum { PRAGMAS_LEN = sizeof(pragmas) / sizeof(pragmas[0]) };

static int check(const jdbc_url *url, mt_error **err)
{
    int32_t i, j;

    if (!url->database)
        return jdbc_url_fail(err, "option 'url' names no file; write "
                                  "jdbc:sqlite:/path/to/file");
    for (i = 0; i < url->params_len; i++) {
        const jdbc_param *p = &url->params[i];

        for (j = 0; j < PRAGMAS_LEN && strcasecmp(pragmas[j], p->name); j++)
            ;
        if (j == PRAGMAS_LEN)
            return jdbc_url_unknown(p->name, pragmas, PRAGMAS_LEN, err);
        /* It becomes SQL. */
        for (j = 0; p->value[j]; j++)
            if (!strchr("-_.", p->value[j]) &&
                !(p->value[j] >= '0' && p->value[j] <= '9') &&
                !((p->value[j] | 32) >= 'a' && (p->value[j] | 32) <= 'z'))
                break;
        if (p->value[j] || !*p->value)
            return jdbc_url_fail(
                err,
                "parameter '%s' of option 'url' is '%s'; a word or a "
                "number expected",
                p->name, p->value);
    }
    return 0;
}

static int on_busy(void *arg, int count)
{
    sqlite *c = arg;

    if (count == 0)
        c->busy_since_ms = mt_now_ms();
    if (mt_context_cancelled(c->target->ctx) ||
        mt_now_ms() - c->busy_since_ms > c->busy_ms)
        return 0;
    poll(NULL, 0, BUSY_PAUSE_MS);
    return 1;
}

static int on_progress(void *arg)
{
    return mt_context_cancelled(((sqlite *)arg)->target->ctx);
}

static int run(void *conn, const char *sql, mt_error **err)
{
    sqlite *c = conn;
    int status = sqlite3_exec(c->db, sql, NULL, NULL, NULL);

    return status == SQLITE_OK ? 0 : fail(c, status, err);
}

/* SQLite waits for nobody once it holds a lock that would have to grow, as
 * that of journal_mode does. Where it begins anew it holds none. */
static int run_pragma(sqlite *c, const char *sql, mt_error **err)
{
    int64_t until_ms = mt_now_ms() + c->busy_ms;
    int status = sqlite3_exec(c->db, sql, NULL, NULL, NULL);

    while ((status & 0xff) == SQLITE_BUSY && mt_now_ms() < until_ms &&
           !mt_context_cancelled(c->target->ctx)) {
        poll(NULL, 0, BUSY_PAUSE_MS);
        status = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
    }
    return status == SQLITE_OK ? 0 : fail(c, status, err);
}

static int run_pragmas(sqlite *c, mt_error **err)
{
    const jdbc_url *url = c->target->url;
    char sql[256];
    int32_t i;
    int64_t ms;
    int rc = 0;

    for (i = 0; rc == 0 && i < url->params_len; i++) {
        const jdbc_param *p = &url->params[i];

        if (!strcasecmp(p->name, "busy_timeout")) {
            if (mt_read_i64(p->value, strlen(p->value), &ms))
                c->busy_ms = ms;
            continue;
        }
        sqlite3_snprintf(sizeof(sql), sql, "PRAGMA %s = %s", p->name, p->value);
        rc = run_pragma(c, sql, err);
    }
    return rc;
}

static void close_connection(void *conn)
{
    sqlite *c = conn;

    if (!c)
        return;
    sqlite3_close(c->db);
    mt_free(c, sizeof(*c));
}

static int open_connection(const jdbc_target *target, void **conn,
                           mt_error **err)
{
    const char *path = target->url->database;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
    sqlite *c = mt_calloc(sizeof(*c));
    int status, rc;

    if (!c)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    c->target = target;
    c->busy_ms = BUSY_MS;
    status = sqlite3_open_v2(path, &c->db, flags, NULL);
    if (status == SQLITE_OK) {
        sqlite3_extended_result_codes(c->db, 1);
        sqlite3_busy_handler(c->db, on_busy, c);
        sqlite3_progress_handler(c->db, PROGRESS_STEPS, on_progress, c);
        rc = run_pragmas(c, err);
    } else {
        rc = c->db ? fail(c, status, err)
                   : mt_fail(err, MT_ENOMEM, "out of memory");
    }
    if (rc < 0) {
        close_connection(c);
        return rc;
    }
    *conn = c;
    return 0;
}

/* ---- SQL ----------------------------------------------------------- */

static bool has_type(const mt_type *type)
{
    return type->form == MT_FORM_BITS || type->form == MT_FORM_VAR
               ? type->kind != MT_RAW
               : type->form == MT_FORM_FIXED &&
                     type->kind != MT_INTERVAL_MONTHS &&
                     type->kind != MT_INTERVAL_MILLIS;
}

static int literal(void *conn, const char *text, mt_buf *out, mt_error **err)
{
    (void)conn;
    if (jdbc_quote(out, text, strlen(text), '\'') < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return 0;
}

static int prepare(sqlite *c, const char *sql, size_t len, sqlite3_stmt **stmt,
                   mt_error **err)
{
    int status = sqlite3_prepare_v2(c->db, sql, (int)len, stmt, NULL);

    return status == SQLITE_OK ? 0 : fail(c, status, err);
}

/* What SQLite makes of values that are put into a column of that declared
 * type; its own rules. */
static bool is_wholly(const char *declared)
{
    return strcasestr(declared, "INT") != NULL;
}

static bool is_texty(const char *declared)
{
    return !is_wholly(declared) &&
           (strcasestr(declared, "CHAR") || strcasestr(declared, "CLOB") ||
            strcasestr(declared, "TEXT"));
}

static bool has_affinity(const char *declared, const mt_type *type)
{
    if (!declared)
        return false;
    switch (type->kind) {
    case MT_TINYINT:
    case MT_SMALLINT:
    case MT_INT:
    case MT_BIGINT:
        return is_wholly(declared);
    case MT_CHAR:
    case MT_VARCHAR:
        return is_texty(declared);
    default:
        return false;
    }
}

/* A DECIMAL goes there as text, of which a column of NUMERIC affinity makes a
 * double where it has digits behind the point. */
static void warn_decimal(const sqlite *c, const jdbc_column *column,
                         const char *declared)
{
    if (column->type->kind == MT_DECIMAL && column->type->precision > 15 &&
        declared && !is_texty(declared))
        mt_log(MT_LOG_WARN, "jdbc",
               "%s: SQLite keeps 15 digits of a DECIMAL in column %s, which is "
               "declared %s; declare it TEXT to keep all",
               mt_context_operator(c->target->ctx), column->name, declared);
}

static int resolve(void *conn, jdbc_relation *r, bool write, mt_error **err)
{
    sqlite *c = conn;
    mt_buf sql = {0};
    sqlite3_stmt *stmt = NULL;
    int32_t i;
    int rc = 0;

    if (jdbc_select(r, &sql) < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    /* A name in double quotes that is no column would be a text. */
    if (rc == 0)
        sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    if (rc == 0)
        rc = prepare(c, (char *)sql.data, sql.len, &stmt, err);
    for (i = 0; rc == 0 && i < r->columns_len; i++) {
        jdbc_column *column = &r->columns[i];
        const char *declared = sqlite3_column_decltype(stmt, i);

        column->exact = has_affinity(declared, column->type);
        column->text_order = true;
        if (write)
            warn_decimal(c, column, declared);
    }
    sqlite3_finalize(stmt);
    mt_buf_fini(&sql);
    return rc;
}

/* ---- reading ----------------------------------------------------------- */

static void close_prepared(void *p_)
{
    prepared *p = p_;

    if (!p)
        return;
    sqlite3_finalize(p->stmt);
    mt_buf_fini(&p->text);
    mt_free(p, sizeof(*p));
}

static int open_prepared(sqlite *c, const char *sql, prepared **out,
                         mt_error **err)
{
    prepared *p = mt_calloc(sizeof(*p));
    int rc;

    if (!p)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    p->conn = c;
    if ((rc = prepare(c, sql, strlen(sql), &p->stmt, err)) < 0) {
        close_prepared(p);
        return rc;
    }
    *out = p;
    return 0;
}

#define DAY_MS INT64_C(86400000)

/* ms since 1970 where a time is wanted, else the number itself. */
static int put_integer(mt_column_builder *c, const mt_type *type, int64_t v)
{
    char text[MT_TEXT_MAX];
    int64_t days = v / DAY_MS - (v % DAY_MS < 0);

    switch (type->kind) {
    case MT_CHAR:
    case MT_VARCHAR:
        return mt_put_bytes(c, text, mt_text_i64(text, v));
    case MT_DATE:
        return days == (int32_t)days ? mt_put_i32(c, (int32_t)days)
                                     : MT_ERECORD;
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        if (type->precision > 6)
            return mt_put_timestamp9(c, (mt_timestamp9){v, 0, 0});
        return v > INT64_MAX / 1000 || v < INT64_MIN / 1000
                   ? MT_ERECORD
                   : mt_put_i64(c, v * 1000);
    default:
        return jdbc_value_put_i64(c, type, v);
    }
}

static int put_real(mt_column_builder *c, const mt_type *type, double v)
{
    char text[MT_TEXT_MAX];
    size_t len;

    switch (type->kind) {
    case MT_FLOAT:
        return mt_put_f32(c, (float)v);
    case MT_DOUBLE:
        return mt_put_f64(c, v);
    case MT_DECIMAL:
    case MT_CHAR:
    case MT_VARCHAR:
        len = mt_text_f64(text, v);
        return jdbc_value_read(c, type, text, len);
    default:
        if (v != rint(v) || fabs(v) > 9e18)
            return MT_ERECORD;
        return put_integer(c, type, (int64_t)v);
    }
}

static int put_value(prepared *p, int32_t i, mt_column_builder *c)
{
    const mt_type *type = c->type;
    sqlite3_stmt *stmt = p->stmt;
    const char *text;

    switch (sqlite3_column_type(stmt, i)) {
    case SQLITE_NULL:
        return mt_put_null(c);
    case SQLITE_INTEGER:
        return put_integer(c, type, sqlite3_column_int64(stmt, i));
    case SQLITE_FLOAT:
        return put_real(c, type, sqlite3_column_double(stmt, i));
    case SQLITE_BLOB:
        if (!jdbc_is_bytes(type) && !jdbc_is_text(type))
            return MT_ERECORD;
        text = sqlite3_column_blob(stmt, i);
        return mt_put_bytes(c, text, (size_t)sqlite3_column_bytes(stmt, i));
    default:
        text = (const char *)sqlite3_column_text(stmt, i);
        if (!text)
            return MT_ENOMEM;
        return jdbc_value_read(c, type, text,
                               (size_t)sqlite3_column_bytes(stmt, i));
    }
}

static int put_row(prepared *p, mt_builder *out, mt_error **err)
{
    const jdbc_relation *r = p->relation;
    int32_t i;
    int rc;

    for (i = 0; i < r->columns_len; i++) {
        const char *text;

        if ((rc = put_value(p, i, &out->columns[i])) == 0)
            continue;
        text = (const char *)sqlite3_column_text(p->stmt, i);
        return jdbc_value_refuse(rc, "SQLite", r->columns[i].name,
                                 r->columns[i].type, text ? text : "",
                                 (size_t)sqlite3_column_bytes(p->stmt, i), err);
    }
    return 0;
}

static int cursor_open(void *conn, const jdbc_relation *r, const char *sql,
                       void **cursor, mt_error **err)
{
    prepared *p = NULL;
    int rc = open_prepared(conn, sql, &p, err);

    if (rc < 0)
        return rc;
    p->relation = r;
    *cursor = p;
    return 0;
}

static int cursor_fetch(void *cursor, mt_builder *out, int32_t rows_max,
                        mt_error **err)
{
    prepared *p = cursor;
    int32_t n;
    int rc, status = SQLITE_ROW;

    for (n = 0; n < rows_max && !mt_builder_full(out); n++) {
        status = sqlite3_step(p->stmt);
        if (status != SQLITE_ROW)
            break;
        rc = put_row(p, out, err);
        if (rc == 0)
            rc = mt_builder_commit(out, err);
        if (rc < 0) {
            mt_builder_rollback(out);
            return rc;
        }
    }
    if (status == SQLITE_ROW)
        return MT_FLOW_MORE;
    return status == SQLITE_DONE ? MT_FLOW_DONE : fail(p->conn, status, err);
}

/* ---- writing ----------------------------------------------------------- */

static int64_t whole_of(const mt_type *type, const void *at)
{
    switch (type->width) {
    case 1:
        return *(const int8_t *)at;
    case 2:
        return *(const int16_t *)at;
    case 4:
        return *(const int32_t *)at;
    default:
        return *(const int64_t *)at;
    }
}

/* SQLite would make NULL of it. */
static int bind_real(prepared *p, int n, double v)
{
    return isnan(v) ? SQLITE_MISMATCH : sqlite3_bind_double(p->stmt, n, v);
}

static int bind_text(prepared *p, int n, const mt_type *type,
                     const mt_column *c, int32_t row)
{
    p->text.len = 0;
    if (jdbc_value_text(type, c, row, &p->text) < 0)
        return SQLITE_NOMEM;
    return sqlite3_bind_text(p->stmt, n, (char *)p->text.data, (int)p->text.len,
                             SQLITE_TRANSIENT);
}

/* Texts are bound where they lie: the batch outlives the step. */
static int bind_value(prepared *p, int n, const mt_type *type,
                      const mt_column *c, int32_t row)
{
    const char *at;
    size_t len;

    if (mt_column_is_null(c, row))
        return sqlite3_bind_null(p->stmt, n);
    if (type->form == MT_FORM_BITS)
        return sqlite3_bind_int(p->stmt, n, mt_bit(c->values, row));
    if (type->form == MT_FORM_VAR) {
        at = jdbc_value_bytes(c, row, &len);
        return jdbc_is_text(type)
                   ? sqlite3_bind_text(p->stmt, n, at, (int)len, SQLITE_STATIC)
                   : sqlite3_bind_blob(p->stmt, n, at, (int)len, SQLITE_STATIC);
    }
    at = (const char *)c->values + (size_t)row * (size_t)type->width;
    switch (type->kind) {
    case MT_TINYINT:
    case MT_SMALLINT:
    case MT_INT:
    case MT_BIGINT:
        return sqlite3_bind_int64(p->stmt, n, whole_of(type, at));
    case MT_FLOAT:
        return bind_real(p, n, (double)*(const float *)at);
    case MT_DOUBLE:
        return bind_real(p, n, *(const double *)at);
    default:
        return bind_text(p, n, type, c, row);
    }
}

static int bind_row(prepared *p, mt_batch *batch, int32_t row, mt_error **err)
{
    const jdbc_statement *s = p->what;
    int status = SQLITE_OK;
    int32_t i;

    for (i = 0; status == SQLITE_OK && i < s->params_len; i++)
        status = bind_value(p, i + 1, mt_type_column(batch->type, s->params[i]),
                            &batch->columns[s->params[i]], row);
    if (status == SQLITE_MISMATCH)
        return mt_fail(err, MT_ERECORD, "SQLite cannot keep NaN (column '%s')",
                       mt_type_column_name(batch->type, s->params[i - 1]));
    return status == SQLITE_OK ? 0 : fail(p->conn, status, err);
}

static int open_bound(void *conn, const jdbc_statement *s, void **out,
                      mt_error **err)
{
    prepared *p = NULL;
    int rc = open_prepared(conn, (char *)s->sql.data, &p, err);

    if (rc == 0 && sqlite3_bind_parameter_count(p->stmt) != s->params_len) {
        close_prepared(p);
        rc = mt_fail(err, MT_EOPTION,
                     "SQLite takes %s for a statement of "
                     "another number of '?'",
                     (char *)s->sql.data);
    }
    if (rc < 0)
        return rc;
    p->what = s;
    *out = p;
    return 0;
}

static int write_row(prepared *p, mt_batch *batch, int32_t row, mt_error **err)
{
    int rc = bind_row(p, batch, row, err);
    int status;

    if (rc < 0)
        return rc;
    do {
        status = sqlite3_step(p->stmt);
    } while (status == SQLITE_ROW);
    if (status != SQLITE_DONE)
        rc = fail(p->conn, status, err);
    sqlite3_reset(p->stmt);
    return rc;
}

static int writer_write(void *writer, mt_batch *batch, const int32_t *rows,
                        int32_t len, mt_error **err)
{
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < len; i++)
        rc = write_row(writer, batch, rows ? rows[i] : i, err);
    return rc;
}

static int writer_flush(void *writer, mt_error **err)
{
    (void)writer;
    (void)err;
    return 0;
}

/* ---- finding ----------------------------------------------------------- */

static int finder_open(void *conn, const jdbc_relation *r,
                       const jdbc_statement *s, void **finder, mt_error **err)
{
    int rc = open_bound(conn, s, finder, err);

    if (rc == 0)
        ((prepared *)*finder)->relation = r;
    return rc;
}

static int finder_find(void *finder, mt_batch *keys, int32_t row,
                       mt_builder *out, int32_t *found, mt_error **err)
{
    prepared *p = finder;
    int rc = bind_row(p, keys, row, err);
    int status = SQLITE_DONE;

    *found = 0;
    while (rc == 0 && (status = sqlite3_step(p->stmt)) == SQLITE_ROW) {
        rc = put_row(p, out, err);
        (*found)++;
    }
    if (rc == 0 && status != SQLITE_DONE)
        rc = fail(p->conn, status, err);
    sqlite3_reset(p->stmt);
    return rc;
}

const jdbc_dialect jdbc_sqlite = {
    .system = "sqlite",
    .title = "SQLite",
    .quote = '"',
    .begin = "BEGIN IMMEDIATE",
    .begin_ro = "BEGIN",
    .binary = " COLLATE BINARY",
    .upsert = jdbc_on_conflict,
    .has_type = has_type,
    .check = check,
    .open = open_connection,
    .close = close_connection,
    .run = run,
    .resolve = resolve,
    .literal = literal,
    .cursor_open = cursor_open,
    .cursor_fetch = cursor_fetch,
    .cursor_close = close_prepared,
    .writer_open = open_bound,
    .writer_write = writer_write,
    .writer_flush = writer_flush,
    .writer_close = close_prepared,
    .finder_open = finder_open,
    .finder_find = finder_find,
    .finder_close = close_prepared,
};
