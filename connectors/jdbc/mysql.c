/* mysql.c - the driver of MySQL and MariaDB, on libmariadb.
 *
 * Everything is SQL text: rows are written by INSERTs of many rows each, values
 * as literals, since that is what both systems do fastest without giving up
 * their errors (LOAD DATA LOCAL turns them into warnings). Results are streamed.
 *
 * Calls are libmariadb's non-blocking ones: when they would wait, wait_ready()
 * does, in slices. A job that is cancelled shuts the socket, so that the call
 * under way comes back.
 *
 * Sessions run in UTC and strict mode: TIMESTAMP_LTZ keeps its instant, and a
 * value that does not fit is refused, not cut.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <mysql.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

#include "dialect.h"
#include "statement.h"
#include "values.h"

#define FETCH_WAIT_MS 10
/* A statement is sent when it is so long; a server may allow less. */
#define STATEMENT_BYTES (1 << 20)
#define PACKET_BYTES (16 << 20)

typedef struct mysql {
    MYSQL *db;
    const jdbc_target *target;
    const char *title;
    size_t packet_max;
    bool cut; /* the socket was shut by us */
} mysql;

/* ---- errors ----------------------------------------------------------- */

static int code_of(unsigned number, const char *state)
{
    static const unsigned again[] = {
        1021, 1040, 1053, 1114, 1158, 1159, 1160, 1161, 1203,
        1205, 1213, 1317, 1927, 2002, 2003, 2006, 2013, 2055,
    };
    static const unsigned record[] = {1364, 1366, 1526, 3819, 4025, 1265};
    size_t i;

    for (i = 0; i < sizeof(again) / sizeof(again[0]); i++)
        if (number == again[i])
            return MT_ERETRY;
    for (i = 0; i < sizeof(record) / sizeof(record[0]); i++)
        if (number == record[i])
            return MT_ERECORD;
    if (!strncmp(state, "22", 2) || !strncmp(state, "23", 2) ||
        !strncmp(state, "45", 2))
        return MT_ERECORD;
    return strncmp(state, "08", 2) ? MT_EIO : MT_ERETRY;
}

static int fail(mysql *c, mt_error **err)
{
    unsigned number = mysql_errno(c->db);

    if (mt_context_cancelled(c->target->ctx))
        return mt_fail(err, MT_ECANCELLED, "cancelled");
    if (number == 0)
        return mt_fail(err, MT_ERETRY, "%s at %s: the connection was cut",
                       c->title, c->target->url->where);
    return mt_fail(err, code_of(number, mysql_sqlstate(c->db)),
                   "%s at %s: %s (%u)", c->title, c->target->url->where,
                   mysql_error(c->db), number);
}

/* ---- waiting ----------------------------------------------------------- */

static void cut(mysql *c)
{
    my_socket fd = mysql_get_socket(c->db);

    if (fd >= 0 && !c->cut)
        shutdown(fd, SHUT_RDWR);
    c->cut = true;
}

/* Until what libmariadb waits for has come, or `until_ms`; what there is of
 * it. */
static int wait_ready(mysql *c, int status, int64_t until_ms)
{
    struct pollfd p = {mysql_get_socket(c->db), 0, 0};
    int64_t left = INT64_MAX, now;
    int ready = 0;

    if (status & MYSQL_WAIT_READ)
        p.events |= POLLIN;
    if (status & MYSQL_WAIT_WRITE)
        p.events |= POLLOUT;
    if (status & MYSQL_WAIT_TIMEOUT)
        until_ms = mt_now_ms() + mysql_get_timeout_value_ms(c->db);
    do {
        if (mt_context_cancelled(c->target->ctx))
            cut(c);
        now = mt_now_ms();
        left = until_ms - now;
        if (left <= 0)
            return status & MYSQL_WAIT_TIMEOUT ? MYSQL_WAIT_TIMEOUT : 0;
        poll(&p, 1, (int)(left < JDBC_SLICE_MS ? left : JDBC_SLICE_MS));
    } while (!p.revents);
    if (p.revents & (POLLIN | POLLERR | POLLHUP))
        ready |= status & MYSQL_WAIT_READ;
    if (p.revents & (POLLOUT | POLLERR | POLLHUP))
        ready |= status & MYSQL_WAIT_WRITE;
    if (p.revents & POLLPRI)
        ready |= MYSQL_WAIT_EXCEPT;
    return ready ? ready : status & (MYSQL_WAIT_READ | MYSQL_WAIT_WRITE);
}

/* Runs one call to its end: `call`_start first, then `call`_cont. */
#define FINISH(c, ret, call, ...)                                              \
    do {                                                                       \
        int status_ = call##_start(&(ret), __VA_ARGS__);                       \
        while (status_)                                                        \
            status_ = call##_cont(&(ret), (c)->db,                             \
                                  wait_ready((c), status_, INT64_MAX));        \
    } while (0)

static int query(mysql *c, const char *sql, size_t len, mt_error **err)
{
    int failed = 0;

    FINISH(c, failed, mysql_real_query, c->db, sql, (unsigned long)len);
    return failed ? fail(c, err) : 0;
}

static int run(void *conn, const char *sql, mt_error **err)
{
    return query(conn, sql, strlen(sql), err);
}

/* The whole result of a query, *out returned owned. */
static int ask(mysql *c, const char *sql, size_t len, MYSQL_RES **out,
               mt_error **err)
{
    int rc = query(c, sql, len, err);
    MYSQL_RES *result = NULL;

    if (rc < 0)
        return rc;
    FINISH(c, result, mysql_store_result, c->db);
    *out = result;
    return result ? 0 : fail(c, err);
}

/* ---- connecting ---------------------------------------------------------- */

/* Parameters that mean something here, and those of Java's drivers that change
 * nothing for us. */
static const char *const params[] = {
    "user", "password", "useSSL", "requireSSL", "sslMode",
    "verifyServerCertificate", "serverSslCert", "sslCa", "sslCert", "sslKey",
    "clientCertificate", "clientKey", "tlsVersions", "enabledTLSProtocols",
    "connectTimeout", "socketTimeout", "localSocket", "connectionTimeZone",
    "serverTimezone", "sessionVariables", "useCompression",
    "rewriteBatchedStatements", "useServerPrepStmts", "cachePrepStmts",
    "prepStmtCacheSize", "prepStmtCacheSqlLimit", "useCursorFetch",
    "defaultFetchSize", "autoReconnect", "useUnicode", "characterEncoding",
    "characterSetResults", "connectionCollation", "zeroDateTimeBehavior",
    "tinyInt1isBit", "yearIsDateType", "allowPublicKeyRetrieval",
    "useLegacyDatetimeCode", "allowMultiQueries", "allowLoadLocalInfile",
    "useInformationSchema", "nullCatalogMeansCurrent",
    "useOldAliasMetadataBehavior", "maxAllowedPacket", "tcpKeepAlive",
};

enum { PARAMS_LEN = sizeof(params) / sizeof(params[0]) };

/* How much a connection wants of TLS. */
typedef enum tls { TLS_OFF, TLS_MAYBE, TLS_MUST, TLS_CHECKED } tls;

static const struct tls_word {
    const char *name;
    tls mode;
} tls_words[] = {
    {"DISABLED", TLS_OFF},        {"disable", TLS_OFF},
    {"PREFERRED", TLS_MAYBE},     {"REQUIRED", TLS_MUST},
    {"trust", TLS_MUST},          {"VERIFY_CA", TLS_CHECKED},
    {"verify-ca", TLS_CHECKED},   {"VERIFY_IDENTITY", TLS_CHECKED},
    {"verify-full", TLS_CHECKED},
};

static bool is_on(const jdbc_url *url, const char *name)
{
    const char *value = jdbc_url_param(url, name);

    return value && (!*value || !strcasecmp(value, "true"));
}

/* -1: the word is unknown. */
static int tls_of(const jdbc_url *url)
{
    const char *mode = jdbc_url_param(url, "sslMode");
    size_t i;

    for (i = 0; mode && i < sizeof(tls_words) / sizeof(tls_words[0]); i++)
        if (!strcasecmp(tls_words[i].name, mode))
            return (int)tls_words[i].mode;
    if (mode)
        return -1;
    if (is_on(url, "verifyServerCertificate"))
        return TLS_CHECKED;
    return is_on(url, "requireSSL") || is_on(url, "useSSL") ? TLS_MUST
                                                             : TLS_MAYBE;
}

static int check(const jdbc_url *url, mt_error **err)
{
    int32_t i, j;

    for (i = 0; i < url->params_len; i++) {
        for (j = 0; j < PARAMS_LEN && strcmp(params[j], url->params[i].name);
             j++)
            ;
        if (j == PARAMS_LEN)
            return jdbc_url_unknown(url->params[i].name, params, PARAMS_LEN,
                                    err);
    }
    if (tls_of(url) < 0)
        return jdbc_url_fail(err,
                             "parameter 'sslMode' of option 'url' is '%s'; "
                             "there are DISABLED, PREFERRED, REQUIRED, "
                             "VERIFY_CA and VERIFY_IDENTITY",
                             jdbc_url_param(url, "sslMode"));
    return 0;
}

/* What PEM files are called: ours, and those of Java's drivers. */
static const char *file_param(const jdbc_url *url, const char *a, const char *b)
{
    const char *value = jdbc_url_param(url, a);

    return value ? value : jdbc_url_param(url, b);
}

static void set_tls(mysql *c)
{
    const jdbc_url *url = c->target->url;
    tls mode = (tls)tls_of(url);
    const char *ca = file_param(url, "sslCa", "serverSslCert");
    const char *cert = file_param(url, "sslCert", "clientCertificate");
    const char *key = file_param(url, "sslKey", "clientKey");
    my_bool must = mode >= TLS_MUST, checked = mode == TLS_CHECKED;

    if (mode == TLS_OFF)
        return;
    mysql_options(c->db, MYSQL_OPT_SSL_ENFORCE, &must);
    mysql_options(c->db, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &checked);
    if (ca)
        mysql_options(c->db, MYSQL_OPT_SSL_CA, ca);
    if (cert)
        mysql_options(c->db, MYSQL_OPT_SSL_CERT, cert);
    if (key)
        mysql_options(c->db, MYSQL_OPT_SSL_KEY, key);
}

static void set_options(mysql *c)
{
    const jdbc_url *url = c->target->url;
    unsigned protocol = MYSQL_PROTOCOL_TCP, off = 0;
    unsigned seconds = (unsigned)((c->target->options->connect_ms + 999) / 1000);

    mysql_options(c->db, MYSQL_OPT_NONBLOCK, 0);
    mysql_options(c->db, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    mysql_options(c->db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    /* A server may otherwise ask for any file of ours. */
    mysql_options(c->db, MYSQL_OPT_LOCAL_INFILE, &off);
    /* libmariadb takes "localhost" for a socket file, Java's drivers don't. */
    if (!jdbc_url_param(url, "localSocket"))
        mysql_options(c->db, MYSQL_OPT_PROTOCOL, &protocol);
    if (is_on(url, "useCompression"))
        mysql_options(c->db, MYSQL_OPT_COMPRESS, NULL);
    set_tls(c);
}

static int connect_host(mysql *c, const jdbc_host *host, mt_error **err)
{
    const jdbc_target *t = c->target;
    const char *user = t->options->username, *password = t->options->password;
    int64_t port = 3306;
    MYSQL *done = NULL;

    if (c->db)
        mysql_close(c->db);
    c->db = mysql_init(NULL);
    if (!c->db)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    set_options(c);
    if (host->port)
        mt_read_i64(host->port, strlen(host->port), &port);
    FINISH(c, done, mysql_real_connect, c->db, host->name,
           user ? user : jdbc_url_param(t->url, "user"),
           password ? password : jdbc_url_param(t->url, "password"),
           t->url->database, (unsigned)port,
           jdbc_url_param(t->url, "localSocket"), 0);
    return done ? 0 : fail(c, err);
}

/* The hosts in turn. */
static int connect_any(mysql *c, mt_error **err)
{
    static const jdbc_host local = {"localhost", NULL};
    const jdbc_url *url = c->target->url;
    int32_t i = 0;
    int rc;

    if (url->hosts_len == 0)
        return connect_host(c, &local, err);
    while ((rc = connect_host(c, &url->hosts[i], err)) == MT_ERETRY &&
           ++i < url->hosts_len) {
        if (err)
            mt_error_free(*err);
        if (err)
            *err = NULL;
    }
    return rc;
}

static int set_zone(mysql *c, mt_error **err)
{
    const char *zone = file_param(c->target->url, "connectionTimeZone",
                                  "serverTimezone");
    mt_buf sql = {0};
    int rc;

    if (!zone || !strcasecmp(zone, "UTC"))
        return run(c, "SET time_zone = '+00:00'", err);
    if (!strcasecmp(zone, "SERVER") || !strcasecmp(zone, "LOCAL"))
        return 0;
    rc = mt_buf_printf(&sql, "SET time_zone = ");
    rc |= jdbc_quote(&sql, zone, strlen(zone), '\'') | mt_buf_byte(&sql, '\0');
    rc = rc ? mt_fail(err, MT_ENOMEM, "out of memory")
            : run(c, (char *)sql.data, err);
    mt_buf_fini(&sql);
    return rc;
}

static int set_variables(mysql *c, mt_error **err)
{
    const char *given = jdbc_url_param(c->target->url, "sessionVariables");
    mt_buf sql = {0};
    int rc;

    if (!given)
        return 0;
    rc = mt_buf_printf(&sql, "SET SESSION %s", given) | mt_buf_byte(&sql, '\0');
    rc = rc ? mt_fail(err, MT_ENOMEM, "out of memory")
            : run(c, (char *)sql.data, err);
    mt_buf_fini(&sql);
    return rc;
}

static int set_up(mysql *c, mt_error **err)
{
    static const char ask_packet[] = "SELECT @@max_allowed_packet";
    MYSQL_RES *result = NULL;
    MYSQL_ROW row;
    int64_t packet = PACKET_BYTES;
    int rc;

    if ((rc = set_zone(c, err)) < 0 ||
        (rc = run(c, "SET SESSION sql_mode = CONCAT(@@sql_mode, "
                     "',STRICT_TRANS_TABLES')",
                  err)) < 0 ||
        (rc = set_variables(c, err)) < 0 ||
        (rc = ask(c, ask_packet, sizeof(ask_packet) - 1, &result, err)) < 0)
        return rc;
    row = mysql_fetch_row(result);
    if (row && row[0])
        mt_read_i64(row[0], strlen(row[0]), &packet);
    c->packet_max = (size_t)packet;
    mysql_free_result(result);
    return 0;
}

static void close_connection(void *conn)
{
    mysql *c = conn;

    if (!c)
        return;
    if (c->db)
        mysql_close(c->db);
    mt_free(c, sizeof(*c));
}

static void start_library(void)
{
    mysql_library_init(0, NULL, NULL);
}

static int open_connection(const jdbc_target *target, void **conn,
                           mt_error **err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    mysql *c = mt_calloc(sizeof(*c));
    int rc;

    if (!c)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    pthread_once(&once, start_library);
    c->target = target;
    c->title = !strcasecmp(target->url->system, "mariadb") ? "MariaDB" : "MySQL";
    rc = connect_any(c, err);
    if (rc == 0)
        rc = set_up(c, err);
    if (rc < 0) {
        close_connection(c);
        return rc;
    }
    *conn = c;
    return 0;
}

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

/* Names are the server's to find; its types matter for filters, and for FLOAT. */
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
        rc = ask(conn, (char *)sql.data, sql.len, &result, err);
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
        cut(k->conn);
    while (k->waiting)
        k->waiting = mysql_fetch_row_cont(
            &k->row, k->result, wait_ready(k->conn, k->waiting, INT64_MAX));
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
    rc = query(k->conn, sql, strlen(sql), err);
    if (rc == 0 && !(k->result = mysql_use_result(k->conn->db)))
        rc = fail(k->conn, err);
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
        int ready = wait_ready(k->conn, k->waiting, until_ms);

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
                return fail(k->conn, err);
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
    return type->kind != MT_DOUBLE || isfinite(((const double *)c->values)[row]);
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
    FINISH(c, result, mysql_store_result, c->db);
    if (!result)
        return fail(c, err);
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
        rc = query(w->conn, (char *)w->sql.data, w->sql.len, err);
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
        rc = ask(w->conn, (char *)w->sql.data, w->sql.len, &result, err);
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
        .upsert = write_upsert, .has_type = has_type, .check = check,          \
        .open = open_connection, .close = close_connection, .run = run,        \
        .resolve = resolve, .literal = literal, .cursor_open = cursor_open,    \
        .cursor_fetch = cursor_fetch, .cursor_close = cursor_close,            \
        .writer_open = writer_open, .writer_write = writer_write,              \
        .writer_flush = writer_flush, .writer_close = writer_close,            \
        .finder_open = finder_open, .finder_find = finder_find,                \
        .finder_close = writer_close,                                          \
    }

const jdbc_dialect jdbc_mysql = DIALECT("mysql", "MySQL");
const jdbc_dialect jdbc_mariadb = DIALECT("mariadb", "MariaDB");
