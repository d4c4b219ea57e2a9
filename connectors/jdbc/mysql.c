/* mysql.c - the driver of MySQL and MariaDB, on libmariadb.
 *
 * Everything is SQL text: rows are written by INSERTs of many rows each, values
 * as literals, since that is what both systems do fastest without giving up
 * their errors (LOAD DATA LOCAL turns them into warnings). Results are
 * streamed.
 *
 * Sessions run in UTC and strict mode: TIMESTAMP_LTZ keeps its instant, and a
 * value that does not fit is refused, not cut.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <mysql.h>
#include <stdlib.h>
#include <strings.h>

#include "mysql_client.h"
#include "statement.h"
#include "values.h"

/* How long a fetch waits for a row. */
#define FETCH_WAIT_MS 10
/* A statement is sent when it is so long; a server may allow less. */
#define STATEMENT_BYTES (1 << 20)

/* ---- names and types ----------------------------------------------------- */

static bool has_type(const mt_type *type)
{
    return type->kind <= MT_TIMESTAMP_LTZ;
}

static int write_upsert(const jdbc_relation *r, const int32_t *keys,
                        int32_t keys_len, mt_buf *out)
{
    bool first = true;
    int32_t i, j;
    int rc = mt_buf_printf(out, " ON DUPLICATE KEY UPDATE ");

    for (i = 0; i < r->columns_len; i++) {
        for (j = 0; j < keys_len && keys[j] != i; j++)
            ;
        if (j < keys_len)
            continue;
        rc |= mt_buf_printf(out, "%s%s = VALUES(%s)", first ? "" : ", ",
                            r->columns[i].name, r->columns[i].name);
        first = false;
    }
    if (first)
        rc |= mt_buf_printf(out, "%s = VALUES(%s)", r->columns[keys[0]].name,
                            r->columns[keys[0]].name);
    return rc;
}

static int append_literal(mysql *c, const char *text, size_t len, mt_buf *out)
{
    if (mt_buf_reserve(out, 2 * len + 3) < 0)
        return MT_ENOMEM;
    out->data[out->len++] = '\'';
    out->len += mysql_real_escape_string(c->db, (char *)out->data + out->len,
                                         text, (unsigned long)len);
    out->data[out->len++] = '\'';
    return 0;
}

static int literal(void *conn, const char *text, mt_buf *out, mt_error **err)
{
    if (append_literal(conn, text, strlen(text), out) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return 0;
}

/* Whether comparing there is comparing here; texts may be equal there by their
 * collation. */
static bool is_exact(const mt_type *type, const MYSQL_FIELD *f)
{
    switch (f->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR:
        return type->kind >= MT_TINYINT && type->kind <= MT_BIGINT;
    case MYSQL_TYPE_NEWDECIMAL:
        return type->kind == MT_DECIMAL && (int32_t)f->decimals <= type->scale;
    case MYSQL_TYPE_DATE:
        return type->kind == MT_DATE;
    case MYSQL_TYPE_TIME:
        return type->kind == MT_TIME && (int32_t)f->decimals <= type->precision;
    case MYSQL_TYPE_DATETIME:
        return type->kind == MT_TIMESTAMP &&
               (int32_t)f->decimals <= type->precision;
    case MYSQL_TYPE_STRING:
    case MYSQL_TYPE_VAR_STRING:
    case MYSQL_TYPE_BLOB:
        return jdbc_is_text(type);
    default:
        return false;
    }
}

/* FLOAT is shown with six digits; as DOUBLE it keeps them all. */
static int widen_float(jdbc_column *c)
{
    mt_buf text = {0};
    int rc = mt_buf_printf(&text, "%s + 0e0", c->name);

    if (rc == 0)
        c->select = mt_strndup((char *)text.data, text.len);
    mt_buf_fini(&text);
    return c->select ? 0 : MT_ENOMEM;
}

/* Names are the server's to find; its types matter for filters, and for
 * FLOAT. */
static int resolve(void *conn, jdbc_relation *r, bool write, mt_error **err)
{
    MYSQL_RES *result = NULL;
    mt_buf sql = {0};
    int32_t i;
    int rc;

    if (write)
        return 0;
    if (jdbc_select(r, &sql) < 0 || mt_buf_printf(&sql, " LIMIT 0") < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    else
        rc = my_ask(conn, (char *)sql.data, sql.len, &result, err);
    for (i = 0; rc == 0 && i < r->columns_len; i++) {
        const MYSQL_FIELD *f = mysql_fetch_field_direct(result, (unsigned)i);

        r->columns[i].exact = f && is_exact(r->columns[i].type, f);
        if (f && f->type == MYSQL_TYPE_FLOAT && widen_float(&r->columns[i]) < 0)
            rc = mt_fail(err, MT_ENOMEM, "out of memory");
    }
    if (result)
        mysql_free_result(result);
    mt_buf_fini(&sql);
    return rc;
}

/* ---- reading ----------------------------------------------------------- */

typedef struct cursor {
    mysql *conn;
    const jdbc_relation *relation;
    MYSQL_RES *result;
    MYSQL_ROW row;
    int waiting; /* what the fetch under way waits for; 0: none is */
    bool ended;
} cursor;

/* What is left of a result would have to be read before anything else: the
 * connection is given up with it. */
static void cursor_close(void *cursor_)
{
    cursor *k = cursor_;

    if (!k)
        return;
    if (k->result && !k->ended)
        my_cut(k->conn);
    while (k->waiting)
        k->waiting = mysql_fetch_row_cont(
            &k->row, k->result, my_wait(k->conn, k->waiting, INT64_MAX));
    if (k->result)
        mysql_free_result(k->result);
    mt_free(k, sizeof(*k));
}

static int cursor_open(void *conn, const jdbc_relation *r, const char *sql,
                       void **out, mt_error **err)
{
    cursor *k = mt_calloc(sizeof(*k));
    int rc;

    if (!k)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    k->conn = conn;
    k->relation = r;
    rc = my_query(k->conn, sql, strlen(sql), err);
    if (rc == 0 && !(k->result = mysql_use_result(k->conn->db)))
        rc = my_fail(k->conn, err);
    if (rc < 0) {
        cursor_close(k);
        return rc;
    }
    *out = k;
    return 0;
}

static int put_row(mysql *c, const jdbc_relation *r, MYSQL_ROW row,
                   const unsigned long *lengths, mt_builder *out,
                   mt_error **err)
{
    int32_t i;
    int rc;

    for (i = 0; i < r->columns_len; i++) {
        const jdbc_column *column = &r->columns[i];

        rc = row[i] ? jdbc_value_read(&out->columns[i], column->type, row[i],
                                      lengths[i])
                    : mt_put_null(&out->columns[i]);
        if (rc < 0)
            return jdbc_value_refuse(rc, c->title, column->name, column->type,
                                     row[i], lengths[i], err);
    }
    return 0;
}

/* Whether the next row has come; k->row is NULL at the end. */
static bool next_row(cursor *k, int64_t until_ms)
{
    if (!k->waiting)
        k->waiting = mysql_fetch_row_start(&k->row, k->result);
    while (k->waiting) {
        int ready = my_wait(k->conn, k->waiting, until_ms);

        if (!ready)
            return false;
        k->waiting = mysql_fetch_row_cont(&k->row, k->result, ready);
    }
    return true;
}

static int cursor_fetch(void *cursor_, mt_builder *out, int32_t rows_max,
                        mt_error **err)
{
    cursor *k = cursor_;
    int64_t until_ms = mt_now_ms() + FETCH_WAIT_MS;
    int32_t n;
    int rc;

    for (n = 0; n < rows_max && !mt_builder_full(out); n++) {
        if (!next_row(k, until_ms))
            return MT_FLOW_MORE;
        if (!k->row) {
            if (mysql_errno(k->conn->db) || k->conn->cut)
                return my_fail(k->conn, err);
            k->ended = true;
            return MT_FLOW_DONE;
        }
        rc = put_row(k->conn, k->relation, k->row,
                     mysql_fetch_lengths(k->result), out, err);
        if (rc == 0)
            rc = mt_builder_commit(out, err);
        if (rc < 0) {
            mt_builder_rollback(out);
            return rc;
        }
    }
    return MT_FLOW_MORE;
}

/* ---- literals ----------------------------------------------------------- */

static int append_hex(const uint8_t *at, size_t len, mt_buf *out)
{
    static const char digits[] = "0123456789abcdef";
    size_t i;

    if (mt_buf_reserve(out, 2 * len + 3) < 0)
        return MT_ENOMEM;
    out->data[out->len++] = 'x';
    out->data[out->len++] = '\'';
    for (i = 0; i < len; i++) {
        out->data[out->len++] = (uint8_t)digits[at[i] >> 4];
        out->data[out->len++] = (uint8_t)digits[at[i] & 15];
    }
    out->data[out->len++] = '\'';
    return 0;
}

static bool is_finite(const mt_type *type, const mt_column *c, int32_t row)
{
    if (type->kind == MT_FLOAT)
        return isfinite(((const float *)c->values)[row]);
    return type->kind != MT_DOUBLE ||
           isfinite(((const double *)c->values)[row]);
}

/* MT_ERECORD for a number that SQL has no literal of. */
static int append_value(mysql *c, const mt_type *type, const mt_column *column,
                        int32_t row, mt_buf *out)
{
    bool quoted = type->kind >= MT_DATE;
    const char *at;
    size_t len;
    int rc;

    if (mt_column_is_null(column, row))
        return mt_buf_append(out, "NULL", 4);
    if (type->form == MT_FORM_VAR) {
        at = jdbc_value_bytes(column, row, &len);
        return jdbc_is_text(type) ? append_literal(c, at, len, out)
                                  : append_hex((const uint8_t *)at, len, out);
    }
    if (type->form == MT_FORM_BITS)
        return mt_buf_byte(out, mt_bit(column->values, row) ? '1' : '0');
    if (!is_finite(type, column, row))
        return MT_ERECORD;
    rc = quoted ? mt_buf_byte(out, '\'') : 0;
    rc |= jdbc_value_text(type, column, row, out);
    return quoted ? rc | mt_buf_byte(out, '\'') : rc;
}

/* sql[from .. to) with its '?' replaced by the row's values, from *param on. */
static int append_part(mysql *c, const jdbc_statement *s, size_t from,
                       size_t to, mt_batch *batch, int32_t row, int32_t *param,
                       mt_buf *out, mt_error **err)
{
    const char *sql = (const char *)s->sql.data;
    int rc = 0;

    while (rc == 0 && from < to) {
        size_t mark = jdbc_next_mark(sql, from);
        int32_t column;

        if (mark > to)
            mark = to;
        rc = mt_buf_append(out, sql + from, mark - from);
        from = mark + 1;
        if (rc < 0 || mark == to)
            continue;
        column = s->params[(*param)++];
        rc = append_value(c, mt_type_column(batch->type, column),
                          &batch->columns[column], row, out);
        if (rc == MT_ERECORD)
            return mt_fail(err, MT_ERECORD,
                           "%s has no NaN and no infinity (column '%s')",
                           c->title, mt_type_column_name(batch->type, column));
    }
    return rc < 0 ? mt_fail(err, MT_ENOMEM, "out of memory") : 0;
}

/* ---- writing ----------------------------------------------------------- */

typedef struct writer {
    mysql *conn;
    const jdbc_statement *what;
    const jdbc_relation *relation; /* of a finder */
    mt_buf sql;
    size_t bytes_max;
} writer;

static void writer_close(void *writer_)
{
    writer *w = writer_;

    if (!w)
        return;
    mt_buf_fini(&w->sql);
    mt_free(w, sizeof(*w));
}

static int writer_open(void *conn, const jdbc_statement *s, void **out,
                       mt_error **err)
{
    writer *w = mt_calloc(sizeof(*w));

    if (!w)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    w->conn = conn;
    w->what = s;
    w->bytes_max = w->conn->packet_max / 2 < STATEMENT_BYTES
                       ? w->conn->packet_max / 2
                       : STATEMENT_BYTES;
    *out = w;
    return 0;
}

/* What a statement of the user's gives back is read and dropped. */
static int drop_results(mysql *c, mt_error **err)
{
    MYSQL_RES *result = NULL;

    if (mysql_field_count(c->db) == 0)
        return 0;
    MY_FINISH(c, result, mysql_store_result, c->db);
    if (!result)
        return my_fail(c, err);
    mysql_free_result(result);
    return 0;
}

static int send_statement(writer *w, mt_error **err)
{
    const jdbc_statement *s = w->what;
    int rc;

    if (w->sql.len == 0)
        return 0;
    if (s->between && mt_buf_append(&w->sql, s->sql.data + s->row_to,
                                    s->sql.len - 1 - s->row_to) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    if (w->sql.len > w->conn->packet_max)
        rc = mt_fail(err, MT_ERECORD,
                     "a row takes %zu bytes as SQL; %s's max_allowed_packet is "
                     "%zu",
                     w->sql.len, w->conn->title, w->conn->packet_max);
    else
        rc = my_query(w->conn, (char *)w->sql.data, w->sql.len, err);
    w->sql.len = 0;
    return rc < 0 ? rc : drop_results(w->conn, err);
}

static int add_row(writer *w, mt_batch *batch, int32_t row, mt_error **err)
{
    const jdbc_statement *s = w->what;
    size_t from = s->between ? s->row_from : 0;
    size_t to = s->between ? s->row_to : s->sql.len - 1;
    int32_t param = 0;
    int rc = 0;

    if (s->between && w->sql.len == 0)
        rc = mt_buf_append(&w->sql, s->sql.data, s->row_from);
    else if (s->between)
        rc = mt_buf_append(&w->sql, s->between, strlen(s->between));
    if (rc < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return append_part(w->conn, s, from, to, batch, row, &param, &w->sql, err);
}

static int writer_write(void *writer_, mt_batch *batch, const int32_t *rows,
                        int32_t len, mt_error **err)
{
    writer *w = writer_;
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < len; i++) {
        rc = add_row(w, batch, rows ? rows[i] : i, err);
        if (rc == 0 && (!w->what->between || w->sql.len >= w->bytes_max))
            rc = send_statement(w, err);
    }
    return rc < 0 ? rc : send_statement(w, err);
}

static int writer_flush(void *writer_, mt_error **err)
{
    (void)writer_;
    (void)err;
    return 0;
}

/* ---- finding ----------------------------------------------------------- */

static int finder_open(void *conn, const jdbc_relation *r,
                       const jdbc_statement *s, void **finder, mt_error **err)
{
    int rc = writer_open(conn, s, finder, err);

    if (rc == 0)
        ((writer *)*finder)->relation = r;
    return rc;
}

static int finder_find(void *finder, mt_batch *keys, int32_t row,
                       mt_builder *out, int32_t *found, mt_error **err)
{
    writer *w = finder;
    MYSQL_RES *result = NULL;
    MYSQL_ROW values;
    int rc;

    *found = 0;
    w->sql.len = 0;
    rc = add_row(w, keys, row, err);
    if (rc == 0)
        rc = my_ask(w->conn, (char *)w->sql.data, w->sql.len, &result, err);
    while (rc == 0 && (values = mysql_fetch_row(result))) {
        rc = put_row(w->conn, w->relation, values, mysql_fetch_lengths(result),
                     out, err);
        (*found)++;
    }
    if (result)
        mysql_free_result(result);
    return rc;
}

#define DIALECT(jdbc_name, people)                                             \
    {                                                                          \
        .system = jdbc_name, .title = people, .quote = '`',                    \
        .begin = "START TRANSACTION",                                          \
        .begin_ro = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",   \
        .upsert = write_upsert, .has_type = has_type, .check = my_check,       \
        .open = my_open, .close = my_close, .run = my_run, .resolve = resolve, \
        .literal = literal, .cursor_open = cursor_open,                        \
        .cursor_fetch = cursor_fetch, .cursor_close = cursor_close,            \
        .writer_open = writer_open, .writer_write = writer_write,              \
        .writer_flush = writer_flush, .writer_close = writer_close,            \
        .finder_open = finder_open, .finder_find = finder_find,                \
        .finder_close = writer_close,                                          \
    }

const jdbc_dialect jdbc_mysql = DIALECT("mysql", "MySQL");
const jdbc_dialect jdbc_mariadb = DIALECT("mariadb", "MariaDB");
