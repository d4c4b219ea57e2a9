/* postgres.c - the driver of PostgreSQL, on libpq.
 *
 * Scans are COPY ... TO STDOUT and appends COPY ... FROM STDIN, both in binary:
 * no query is faster, and a scan streams by itself. Upserts, deletes and
 * statements of users are prepared and sent in a pipeline. What the server's
 * columns are is looked up first: columns whose binary form is no type of ours
 * are cast by the SELECT; a table with one that can only be written as text is
 * appended to by a COPY in text.
 *
 * The socket never blocks: waiting is ours, in slices, so that a job that is
 * cancelled leaves.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <libpq-fe.h>
#include <errno.h>
#include <poll.h>
#include <strings.h>

#include "dialect.h"
#include "postgres_types.h"
#include "statement.h"
#include "values.h"

/* How long a fetch waits for the first row. */
#define FETCH_WAIT_MS 10
/* Bytes that are given to libpq at a time. */
#define CHUNK_BYTES (64 << 10)
/* Rows of a multi-row upsert, and statements between two looks at the socket. */
#define ROWS_MANY 32
#define PIPELINE_LOOK 64

static const char copy_header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
enum { COPY_HEADER_LEN = 19 };

typedef struct postgres {
    PGconn *pg;
    const jdbc_target *target;
} postgres;

/* ---- errors ----------------------------------------------------------- */

/* libpq ends its messages with a line end. */
static int fail_connection(postgres *c, mt_error **err)
{
    const char *text = PQerrorMessage(c->pg);
    size_t len = strlen(text);

    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
        len--;
    return mt_fail(err, MT_ERETRY, "PostgreSQL at %s: %.*s",
                   c->target->url->where, (int)len, text);
}

static int code_of_state(const char *state)
{
    static const char *const again[] = {"08", "40", "53", "57", "55P03"};
    static const char *const record[] = {"22", "23", "P0", "44"};
    size_t i;

    for (i = 0; i < sizeof(record) / sizeof(record[0]); i++)
        if (!strncmp(state, record[i], strlen(record[i])))
            return MT_ERECORD;
    for (i = 0; i < sizeof(again) / sizeof(again[0]); i++)
        if (!strncmp(state, again[i], strlen(again[i])))
            return MT_ERETRY;
    return MT_EIO;
}

static int fail_result(postgres *c, const PGresult *r, mt_error **err)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = PQresultErrorField(r, PG_DIAG_MESSAGE_HINT);

    if (!state || PQstatus(c->pg) == CONNECTION_BAD)
        return fail_connection(c, err);
    return mt_fail(err, code_of_state(state), "PostgreSQL: %s%s%s%s%s%s (%s)",
                   message ? message : "error", detail ? " (" : "",
                   detail ? detail : "", detail ? ")" : "", hint ? "; " : "",
                   hint ? hint : "", state);
}

/* ---- waiting ----------------------------------------------------------- */

/* Until the socket can be read (or written, where asked), at most ms. */
static int wait_socket(postgres *c, bool write, int64_t ms, mt_error **err)
{
    struct pollfd p = {PQsocket(c->pg), POLLIN, 0};

    if (write)
        p.events |= POLLOUT;
    if (mt_context_cancelled(c->target->ctx))
        return mt_fail(err, MT_ECANCELLED, "cancelled");
    if (p.fd < 0)
        return fail_connection(c, err);
    poll(&p, 1, (int)ms);
    return 0;
}

/* Sends what libpq has gathered, reading whatever comes meanwhile. */
static int send_all(postgres *c, mt_error **err)
{
    int left, rc;

    while ((left = PQflush(c->pg)) > 0) {
        if ((rc = wait_socket(c, true, JDBC_SLICE_MS, err)) < 0)
            return rc;
        if (!PQconsumeInput(c->pg))
            return fail_connection(c, err);
    }
    return left < 0 ? fail_connection(c, err) : 0;
}

/* *out is the next result or NULL, where there is none. */
static int next_result(postgres *c, PGresult **out, mt_error **err)
{
    int rc = send_all(c, err);

    *out = NULL;
    while (rc == 0 && PQisBusy(c->pg)) {
        rc = wait_socket(c, false, JDBC_SLICE_MS, err);
        if (rc == 0 && !PQconsumeInput(c->pg))
            rc = fail_connection(c, err);
    }
    if (rc == 0)
        *out = PQgetResult(c->pg);
    return rc;
}

/* Reads the results of one command to their end; *out is the last one that is
 * of the status, or its failure is *err. */
static int take_result(postgres *c, ExecStatusType wanted, PGresult **out,
                       mt_error **err)
{
    PGresult *kept = NULL, *r;
    int rc, failed = 0;

    while ((rc = next_result(c, &r, err)) == 0 && r) {
        ExecStatusType status = PQresultStatus(r);

        if (status != wanted && failed == 0)
            failed = fail_result(c, r, err);
        PQclear(kept);
        kept = r;
        /* In these states the next result would be the same again. */
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT)
            break;
    }
    if (rc < 0 || failed < 0 || !out) {
        PQclear(kept);
        kept = NULL;
    }
    if (out)
        *out = kept;
    if (rc == 0 && failed == 0 && out && !kept)
        return fail_connection(c, err);
    return failed < 0 ? failed : rc;
}

static int run(void *conn, const char *sql, mt_error **err)
{
    postgres *c = conn;

    if (!PQsendQuery(c->pg, sql))
        return fail_connection(c, err);
    return take_result(c, PGRES_COMMAND_OK, NULL, err);
}

/* ---- connecting ---------------------------------------------------------- */

/* Names of Java's driver and libpq's for the same. */
static const char *const renamed[][2] = {
    {"ApplicationName", "application_name"},
    {"connectTimeout", "connect_timeout"},
    {"loginTimeout", "connect_timeout"},
    {"sslfactory", NULL},
    {"tcpKeepAlive", NULL},
    {"socketTimeout", NULL},
    {"currentSchema", NULL},
    {"ssl", NULL},
    {"reWriteBatchedInserts", NULL},
    {"prepareThreshold", NULL},
    {"defaultRowFetchSize", NULL},
    {"stringtype", NULL},
    {"binaryTransfer", NULL},
    {"preferQueryMode", NULL},
    {"readOnly", NULL},
    {"autosave", NULL},
    {"assumeMinServerVersion", NULL},
    {"user", "user"},
    {"password", "password"},
    {"host", "host"},
    {"sslmode", "sslmode"},
    {"sslrootcert", "sslrootcert"},
    {"sslcert", "sslcert"},
    {"sslkey", "sslkey"},
    {"sslpassword", "sslpassword"},
    {"sslcrl", "sslcrl"},
    {"sslcompression", "sslcompression"},
    {"ssl_min_protocol_version", "ssl_min_protocol_version"},
    {"ssl_max_protocol_version", "ssl_max_protocol_version"},
    {"gssencmode", "gssencmode"},
    {"krbsrvname", "krbsrvname"},
    {"channel_binding", "channel_binding"},
    {"application_name", "application_name"},
    {"connect_timeout", "connect_timeout"},
    {"options", "options"},
    {"target_session_attrs", "target_session_attrs"},
    {"keepalives", "keepalives"},
    {"keepalives_idle", "keepalives_idle"},
    {"keepalives_interval", "keepalives_interval"},
    {"keepalives_count", "keepalives_count"},
    {"tcp_user_timeout", "tcp_user_timeout"},
    {"passfile", "passfile"},
    {"service", "service"},
    {"client_encoding", NULL},
};

enum { RENAMED_LEN = sizeof(renamed) / sizeof(renamed[0]) };

static int check(const jdbc_url *url, mt_error **err)
{
    const char *known[RENAMED_LEN];
    int32_t i, j;
    bool on;
    int rc;

    for (i = 0; i < RENAMED_LEN; i++)
        known[i] = renamed[i][0];
    for (i = 0; i < url->params_len; i++) {
        const jdbc_param *p = &url->params[i];

        for (j = 0; j < RENAMED_LEN && strcmp(known[j], p->name); j++)
            ;
        if (j == RENAMED_LEN)
            return jdbc_url_unknown(p->name, known, RENAMED_LEN, err);
        if (!strcmp(p->name, "ssl") && (rc = jdbc_url_flag(p, &on, err)) < 0)
            return rc;
    }
    return 0;
}

#define WORDS_MAX (JDBC_PARAMS_MAX + 16)

/* What libpq is told: keywords and values, and the texts that were made. */
typedef struct words {
    const char *names[WORDS_MAX + 1];
    const char *values[WORDS_MAX + 1];
    int32_t len;
    mt_buf hosts;
    mt_buf ports;
    mt_buf settings;
} words;

static void add_word(words *w, const char *name, const char *value)
{
    if (value && w->len < WORDS_MAX) {
        w->names[w->len] = name;
        w->values[w->len++] = value;
    }
}

static void add_params(words *w, const jdbc_url *url)
{
    int32_t i, j;

    for (i = 0; i < url->params_len; i++) {
        const jdbc_param *p = &url->params[i];

        for (j = 0; j < RENAMED_LEN && strcmp(renamed[j][0], p->name); j++)
            ;
        if (j < RENAMED_LEN && renamed[j][1])
            add_word(w, renamed[j][1], p->value);
    }
}

/* Several hosts are tried in turn. */
static int add_hosts(words *w, const jdbc_url *url)
{
    int32_t i;
    int rc = 0;

    for (i = 0; i < url->hosts_len; i++) {
        rc |= mt_buf_printf(&w->hosts, "%s%s", i ? "," : "",
                            url->hosts[i].name);
        rc |= mt_buf_printf(&w->ports, "%s%s", i ? "," : "",
                            url->hosts[i].port ? url->hosts[i].port : "5432");
    }
    rc |= mt_buf_byte(&w->hosts, '\0') | mt_buf_byte(&w->ports, '\0');
    if (url->hosts_len) {
        add_word(w, "host", (char *)w->hosts.data);
        add_word(w, "port", (char *)w->ports.data);
    }
    return rc;
}

static int add_settings(words *w, const jdbc_url *url)
{
    const char *schema = jdbc_url_param(url, "currentSchema");
    const char *options = jdbc_url_param(url, "options");
    const char *p;
    int rc;

    if (!schema)
        return 0;
    rc = mt_buf_printf(&w->settings, "%s -c search_path=",
                       options ? options : "");
    for (p = schema; *p; p++) {
        if (*p == ' ' || *p == '\\')
            rc |= mt_buf_byte(&w->settings, '\\');
        rc |= mt_buf_byte(&w->settings, (uint8_t)*p);
    }
    rc |= mt_buf_byte(&w->settings, '\0');
    add_word(w, "options", (char *)w->settings.data);
    return rc;
}

/* Later words of a name win. */
static int gather_words(words *w, const jdbc_target *t)
{
    const char *ssl = jdbc_url_param(t->url, "ssl");
    int rc = 0;

    add_word(w, "dbname", t->url->database);
    add_word(w, "application_name", "moontide");
    add_word(w, "client_encoding", "UTF8");
    rc |= add_hosts(w, t->url);
    /* What Java's driver means by it. */
    if (ssl && strcasecmp(ssl, "false") && !jdbc_url_param(t->url, "sslmode"))
        add_word(w, "sslmode", "verify-full");
    add_params(w, t->url);
    rc |= add_settings(w, t->url);
    add_word(w, "user", t->options->username);
    add_word(w, "password", t->options->password);
    return rc;
}

static void fini_words(words *w)
{
    mt_buf_fini(&w->hosts);
    mt_buf_fini(&w->ports);
    mt_buf_fini(&w->settings);
}

static int wait_connected(postgres *c, mt_error **err)
{
    int64_t until = mt_now_ms() + c->target->options->connect_ms;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;

    while (status != PGRES_POLLING_OK) {
        struct pollfd p = {PQsocket(c->pg), POLLIN, 0};

        if (status == PGRES_POLLING_FAILED)
            return fail_connection(c, err);
        if (status == PGRES_POLLING_WRITING)
            p.events = POLLOUT;
        if (mt_context_cancelled(c->target->ctx))
            return mt_fail(err, MT_ECANCELLED, "cancelled");
        if (mt_now_ms() > until)
            return mt_fail(err, MT_ERETRY,
                           "PostgreSQL at %s does not answer for %lld ms "
                           "('connection.max-retry-timeout')",
                           c->target->url->where,
                           (long long)c->target->options->connect_ms);
        if (poll(&p, 1, JDBC_SLICE_MS) > 0)
            status = PQconnectPoll(c->pg);
    }
    return 0;
}

static void ignore_notice(void *arg, const PGresult *result)
{
    (void)arg;
    (void)result;
}

/* The server notices within seconds that a client that waits has left. */
static int set_up(postgres *c, mt_error **err)
{
    PQsetNoticeReceiver(c->pg, ignore_notice, NULL);
    if (PQsetnonblocking(c->pg, 1) != 0)
        return fail_connection(c, err);
    if (PQserverVersion(c->pg) < 140000)
        return 0;
    return run(c, "SET client_connection_check_interval = '2s'", err);
}

static void close_connection(void *conn)
{
    postgres *c = conn;

    if (!c)
        return;
    PQfinish(c->pg);
    mt_free(c, sizeof(*c));
}

static int open_connection(const jdbc_target *target, void **conn,
                           mt_error **err)
{
    postgres *c = mt_calloc(sizeof(*c));
    words w = {0};
    int rc;

    if (!c)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    c->target = target;
    rc = gather_words(&w, target);
    if (rc == 0)
        c->pg = PQconnectStartParams(w.names, w.values, 0);
    fini_words(&w);
    if (rc < 0 || !c->pg) {
        close_connection(c);
        return mt_fail(err, MT_ENOMEM, "out of memory");
    }
    rc = PQstatus(c->pg) == CONNECTION_BAD ? fail_connection(c, err)
                                           : wait_connected(c, err);
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

static bool has_scalar(const mt_type *type)
{
    return type->kind <= MT_TIMESTAMP_LTZ;
}

static bool has_type(const mt_type *type)
{
    return type->kind == MT_ARRAY ? has_scalar(type->fields[0].type)
                                  : has_scalar(type);
}

/* A table's columns: from the catalog, which needs no right to read them.
 * Domains count as what they stand on. Names in quotes come first. */
static const char table_query[] =
    "SELECT a.attname, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE "
    "a.atttypid END, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE "
    "a.atttypmod END, a.attrelid::regclass::text FROM pg_catalog.pg_attribute "
    "a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid WHERE a.attrelid = "
    "COALESCE(pg_catalog.to_regclass($1), pg_catalog.to_regclass($2)) AND "
    "a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

static int ask_table(postgres *c, const jdbc_relation *r, PGresult **out,
                     mt_error **err)
{
    const char *names[2] = {r->from, r->table};
    int rc;

    if (!PQsendQueryParams(c->pg, table_query, 2, NULL, names, NULL, NULL, 0))
        return fail_connection(c, err);
    rc = take_result(c, PGRES_TUPLES_OK, out, err);
    if (rc == 0 && PQntuples(*out) == 0) {
        PQclear(*out);
        *out = NULL;
        rc = mt_fail(err, MT_ENOTFOUND,
                     "PostgreSQL at %s has no table '%s' that this user may "
                     "see (option 'table-name')",
                     c->target->url->where, r->table);
    }
    return rc;
}

/* A query's columns: from its own description. */
static int ask_query(postgres *c, const jdbc_relation *r, PGresult **out,
                     mt_error **err)
{
    mt_buf sql = {0};
    int rc = 0;

    if (mt_buf_printf(&sql, "SELECT * FROM %s LIMIT 0", r->from) < 0 ||
        mt_buf_byte(&sql, '\0') < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    else if (!PQsendQuery(c->pg, (char *)sql.data))
        rc = fail_connection(c, err);
    mt_buf_fini(&sql);
    return rc < 0 ? rc : take_result(c, PGRES_TUPLES_OK, out, err);
}

/* One column as the server knows it. */
typedef struct known {
    const char *name;
    uint32_t oid;
    int32_t modifier;
} known;

static int32_t known_len(const jdbc_relation *r, const PGresult *from)
{
    return r->query ? PQnfields(from) : PQntuples(from);
}

static known known_at(const jdbc_relation *r, const PGresult *from, int32_t i)
{
    int64_t oid = 0, modifier = -1;

    if (r->query)
        return (known){PQfname(from, i), PQftype(from, i), PQfmod(from, i)};
    mt_read_i64(PQgetvalue(from, i, 1), (size_t)PQgetlength(from, i, 1), &oid);
    mt_read_i64(PQgetvalue(from, i, 2), (size_t)PQgetlength(from, i, 2),
                &modifier);
    return (known){PQgetvalue(from, i, 0), (uint32_t)oid, (int32_t)modifier};
}

/* The column of that name; failing that, the one that differs in case. */
static int32_t find_known(const jdbc_relation *r, const PGresult *from,
                          const char *name)
{
    int32_t i, found = -1;

    for (i = 0; i < known_len(r, from); i++) {
        const char *other = known_at(r, from, i).name;

        if (!strcmp(other, name))
            return i;
        if (!strcasecmp(other, name))
            found = i;
    }
    return found;
}

static int fail_unknown(const jdbc_relation *r, const PGresult *from,
                        const char *name, mt_error **err)
{
    int32_t i, len = known_len(r, from);
    const char **names = mt_alloc(sizeof(*names) * (size_t)(len + 1));
    const char *near = NULL;
    int rc;

    for (i = 0; names && i < len; i++)
        names[i] = known_at(r, from, i).name;
    if (names)
        near = mt_nearest(name, names, len);
    rc = mt_fail(err, MT_ENOTFOUND,
                 "PostgreSQL's %s has no column '%s'%s%s%s",
                 r->query ? "query" : r->from, name,
                 near ? "; did you mean '" : "", near ? near : "",
                 near ? "'?" : "");
    mt_free(names, sizeof(*names) * (size_t)(len + 1));
    return rc;
}

/* What to read: the column itself where its binary form is ours. */
static int choose_select(jdbc_column *c, const known *k)
{
    mt_buf text = {0};
    int rc;

    c->native = k->oid;
    if (pg_decoder(c->type, k->oid))
        return 0;
    c->native = pg_canonical(c->type);
    rc = mt_buf_printf(&text, "%s::%s", c->name, pg_cast(c->type));
    if (rc == 0)
        c->select = mt_strndup((char *)text.data, text.len);
    mt_buf_fini(&text);
    return c->select ? 0 : MT_ENOMEM;
}

static int resolve_column(jdbc_relation *r, jdbc_column *c,
                          const PGresult *from, bool write, mt_error **err)
{
    int32_t i = find_known(r, from, c->title);
    mt_buf name = {0};
    known k;
    int rc;

    if (i < 0)
        return fail_unknown(r, from, c->title, err);
    k = known_at(r, from, i);
    rc = jdbc_quote(&name, k.name, strlen(k.name), '"');
    mt_strfree(c->name);
    c->name = rc == 0 ? mt_strndup((char *)name.data, name.len) : NULL;
    mt_buf_fini(&name);
    c->exact = pg_is_exact(c->type, k.oid, k.modifier);
    c->text_order = pg_orders_text(k.oid);
    c->native = k.oid;
    if (c->name && !write)
        rc = choose_select(c, &k);
    return rc < 0 || !c->name ? mt_fail(err, MT_ENOMEM, "out of memory") : 0;
}

static int resolve(void *conn, jdbc_relation *r, bool write, mt_error **err)
{
    PGresult *from = NULL;
    int32_t i;
    int rc = r->query ? ask_query(conn, r, &from, err)
                      : ask_table(conn, r, &from, err);

    if (rc == 0 && !r->query) {
        mt_strfree(r->from);
        r->from = mt_strdup(PQgetvalue(from, 0, 3));
        if (!r->from)
            rc = mt_fail(err, MT_ENOMEM, "out of memory");
    }
    for (i = 0; rc == 0 && i < r->columns_len; i++)
        rc = resolve_column(r, &r->columns[i], from, write, err);
    PQclear(from);
    return rc;
}

static int literal(void *conn, const char *text, mt_buf *out, mt_error **err)
{
    postgres *c = conn;
    char *quoted = PQescapeLiteral(c->pg, text, strlen(text));
    int rc;

    if (!quoted)
        return fail_connection(c, err);
    rc = mt_buf_append(out, quoted, strlen(quoted));
    PQfreemem(quoted);
    return rc < 0 ? mt_fail(err, MT_ENOMEM, "out of memory") : 0;
}

/* ---- reading ----------------------------------------------------------- */

typedef struct cursor {
    postgres *conn;
    const jdbc_relation *relation;
    pg_decode *decoders; /* one a column */
    bool begun;          /* the header has been read */
} cursor;

static void cursor_close(void *cursor_)
{
    cursor *k = cursor_;

    if (!k)
        return;
    if (k->decoders)
        mt_free(k->decoders, sizeof(*k->decoders) *
                                 (size_t)(k->relation->columns_len + 1));
    mt_free(k, sizeof(*k));
}

static int make_decoders(const jdbc_relation *r, pg_decode **out,
                         mt_error **err)
{
    int32_t i;

    *out = mt_calloc(sizeof(**out) * (size_t)(r->columns_len + 1));
    if (!*out)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (i = 0; i < r->columns_len; i++)
        (*out)[i] = pg_decoder(r->columns[i].type, r->columns[i].native);
    return 0;
}

static int cursor_open(void *conn, const jdbc_relation *r, const char *sql,
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
    rc = make_decoders(r, &k->decoders, err);
    if (rc == 0 &&
        (mt_buf_printf(&copy, "COPY (%s) TO STDOUT (FORMAT binary)", sql) < 0 ||
         mt_buf_byte(&copy, '\0') < 0))
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc == 0 && !PQsendQuery(c->pg, (char *)copy.data))
        rc = fail_connection(c, err);
    if (rc == 0)
        rc = take_result(c, PGRES_COPY_OUT, &result, err);
    PQclear(result);
    mt_buf_fini(&copy);
    if (rc < 0) {
        cursor_close(k);
        return rc;
    }
    *out = k;
    return 0;
}

static int refuse_value(const jdbc_column *c, int rc, const uint8_t *at,
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
            return refuse_value(&r->columns[i], rc, at, len, err);
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
        if (len < COPY_HEADER_LEN || memcmp(at, copy_header, 11) != 0)
            return mt_fail(err, MT_EIO, "PostgreSQL sent no binary COPY");
        at += COPY_HEADER_LEN + (int32_t)pg_get32(at + 15);
        k->begun = true;
    }
    while (rc == 0 && at < end)
        rc = put_tuple(k, &at, end, out, err);
    return rc < 0 ? rc : 0;
}

/* The server has said all. */
static int end_copy(postgres *c, mt_error **err)
{
    int rc = take_result(c, PGRES_COMMAND_OK, NULL, err);

    return rc < 0 ? rc : MT_FLOW_DONE;
}

static int cursor_fetch(void *cursor_, mt_builder *out, int32_t rows_max,
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
            return fail_connection(c, err);
        if (len == 0) {
            if (waited)
                return MT_FLOW_MORE;
            waited = true;
            rc = wait_socket(c, false, FETCH_WAIT_MS, err);
            if (rc == 0 && !PQconsumeInput(c->pg))
                rc = fail_connection(c, err);
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

/* ---- prepared statements ------------------------------------------------- */

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
    bool copying;
    bool text_copy;
    mt_buf bytes;  /* of the rows that are not sent yet, or of parameters */
    int32_t *ends; /* of each parameter in bytes; -1: NULL */
    const char **values;
    int *lengths;
    int *formats;
    const jdbc_relation *relation; /* of a finder */
    pg_decode *decoders;
} writer;

static size_t params_max(const writer *w)
{
    return (size_t)w->what->params_len * ROWS_MANY + 1;
}

static void writer_close(void *writer_)
{
    writer *w = writer_;
    size_t n;

    if (!w)
        return;
    /* An unfinished COPY would keep the connection from rolling back. */
    if (w->copying && PQputCopyEnd(w->conn->pg, "given up") >= 0)
        take_result(w->conn, PGRES_COMMAND_OK, NULL, NULL);
    n = params_max(w);
    mt_free(w->encoders, n * sizeof(*w->encoders));
    mt_free(w->oids, n * sizeof(*w->oids));
    mt_free(w->ends, n * sizeof(*w->ends));
    mt_free(w->values, n * sizeof(*w->values));
    mt_free(w->lengths, n * sizeof(*w->lengths));
    mt_free(w->formats, n * sizeof(*w->formats));
    if (w->decoders)
        mt_free(w->decoders, sizeof(*w->decoders) *
                                 (size_t)(w->relation->columns_len + 1));
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
    mt_text_i64(p->name, names++ % 1000000);
    for (i = 1; typed && i < rows; i++)
        memcpy(w->oids + i * n, w->oids, sizeof(*w->oids) * (size_t)n);
    rc = jdbc_statement_text(w->what, rows, true, &sql);
    if (rc < 0 || mt_buf_byte(&sql, '\0') < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    else if (!PQsendPrepare(c->pg, p->name, (char *)sql.data,
                            typed ? n * rows : 0, types))
        rc = fail_connection(c, err);
    else
        rc = take_result(c, PGRES_COMMAND_OK, NULL, err);
    mt_buf_fini(&sql);
    return rc;
}

/* Asks which types the server has found for the parameters. */
static int describe(writer *w, const mt_type *(*type_of)(writer *, int32_t),
                    mt_error **err)
{
    PGresult *r = NULL;
    int32_t i, n = w->what->params_len;
    int rc;

    if (!PQsendDescribePrepared(w->conn->pg, w->one.name))
        return fail_connection(w->conn, err);
    rc = take_result(w->conn, PGRES_COMMAND_OK, &r, err);
    for (i = 0; rc == 0 && i < n; i++) {
        const mt_type *type = type_of(w, i);

        w->oids[i] = PQparamtype(r, i);
        w->encoders[i] = type ? pg_encoder(type, w->oids[i]) : NULL;
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
        writer_close(w);
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
    rc = encode ? encode(out, type, c, row)
                : jdbc_value_text(type, c, row, out);
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
        return fail_connection(w->conn, err);
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
        if ((rc = next_result(c, &r, failed ? NULL : err)) < 0)
            return failed ? failed : rc;
        if (!r) {
            /* Between two statements; more of them would be a mistake. */
            if (len-- < 0)
                return failed ? failed : fail_connection(c, err);
            continue;
        }
        if (PQresultStatus(r) == PGRES_PIPELINE_SYNC)
            synced = true;
        else if (PQresultStatus(r) == PGRES_FATAL_ERROR && failed == 0)
            failed = fail_result(c, r, err);
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
            rc = send_all(w->conn, err);
    }
    if (!PQpipelineSync(w->conn->pg))
        return rc < 0 ? rc : fail_connection(w->conn, err);
    drained = drain(w, sent + 1, rc < 0 ? NULL : err);
    return rc < 0 ? rc : drained;
}

static int write_prepared(writer *w, mt_batch *batch, const int32_t *rows,
                          int32_t len, mt_error **err)
{
    int rc;

    if (len >= ROWS_MANY && !w->many.rows && w->what->action != JDBC_STATEMENT) {
        rc = prepare(w, &w->many, ROWS_MANY, true, err);
        if (rc < 0)
            return rc;
    }
    if (!PQenterPipelineMode(w->conn->pg))
        return fail_connection(w->conn, err);
    rc = send_pipeline(w, batch, rows, len, err);
    if (!PQexitPipelineMode(w->conn->pg) && rc == 0)
        rc = fail_connection(w->conn, err);
    return rc;
}

/* ---- COPY ----------------------------------------------------------- */

static int send_bytes(writer *w, mt_error **err)
{
    postgres *c = w->conn;
    int rc = 0, put;

    while (rc == 0) {
        put = PQputCopyData(c->pg, (char *)w->bytes.data, (int)w->bytes.len);
        if (put < 0)
            return fail_connection(c, err);
        if (put > 0)
            break;
        rc = wait_socket(c, true, JDBC_SLICE_MS, err);
        if (rc == 0 && !PQconsumeInput(c->pg))
            rc = fail_connection(c, err);
    }
    w->bytes.len = 0;
    /* libpq would otherwise gather it all. */
    return rc < 0 ? rc : send_all(c, err);
}

static int begin_copy(writer *w, mt_error **err)
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
                        w->text_copy ? "" : " (FORMAT binary)");
    if (rc < 0 || mt_buf_byte(&sql, '\0') < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    else if (!PQsendQuery(c->pg, (char *)sql.data))
        rc = fail_connection(c, err);
    else
        rc = take_result(c, PGRES_COPY_IN, &result, err);
    PQclear(result);
    mt_buf_fini(&sql);
    w->copying = rc == 0;
    if (rc == 0 && !w->text_copy &&
        mt_buf_append(&w->bytes, copy_header, COPY_HEADER_LEN) < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    return rc;
}

static int copy_binary(writer *w, mt_batch *batch, int32_t row)
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

/* COPY's text: columns between tabs, \N for NULL, and what would be mistaken for
 * either as a letter behind a backslash; 0: no such letter. */
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

static int copy_text(writer *w, mt_batch *batch, int32_t row)
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

static int write_copy(writer *w, mt_batch *batch, const int32_t *rows,
                      int32_t len, mt_error **err)
{
    int32_t i;
    int rc = w->copying ? 0 : begin_copy(w, err);

    for (i = 0; rc == 0 && i < len; i++) {
        int32_t row = rows ? rows[i] : i;

        rc = w->text_copy ? copy_text(w, batch, row)
                          : copy_binary(w, batch, row);
        if (rc < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory");
        if (w->bytes.len >= CHUNK_BYTES)
            rc = send_bytes(w, err);
    }
    return rc;
}

static int end_writing(writer *w, mt_error **err)
{
    postgres *c = w->conn;
    int rc = 0, ended;

    if (!w->text_copy && mt_buf_append(&w->bytes, "\377\377", 2) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    rc = send_bytes(w, err);
    while (rc == 0 && (ended = PQputCopyEnd(c->pg, NULL)) != 1)
        rc = ended < 0 ? fail_connection(c, err) : send_all(c, err);
    if (rc < 0)
        return rc;
    w->copying = false;
    return take_result(c, PGRES_COMMAND_OK, NULL, err);
}

/* ---- writing ----------------------------------------------------------- */

/* An array has a text form too, but not one that we write. */
static int refuse_column(const jdbc_column *c, mt_error **err)
{
    return mt_fail(err, MT_ETYPE,
                   "PostgreSQL's column %s is of another type than the array "
                   "that is to be written to it",
                   c->name);
}

static int prepare_copy(writer *w, mt_error **err)
{
    const jdbc_relation *r = w->what->relation;
    int32_t i;

    for (i = 0; i < r->columns_len; i++) {
        const jdbc_column *c = &r->columns[i];

        w->encoders[i] = pg_encoder(c->type, c->native);
        if (w->encoders[i])
            continue;
        w->text_copy = true;
    }
    for (i = 0; w->text_copy && i < r->columns_len; i++)
        if (r->columns[i].type->kind == MT_ARRAY)
            return refuse_column(&r->columns[i], err);
    return 0;
}

static const mt_type *table_type(writer *w, int32_t i)
{
    return w->what->relation->columns[w->what->params[i]].type;
}

/* The records' type, which statements of users have parameters of. */
static const mt_type *record_type(writer *w, int32_t i)
{
    return mt_type_column(mt_context_type(w->conn->target->ctx),
                          w->what->params[i]);
}

static int writer_open(void *conn, const jdbc_statement *s, void **out,
                       mt_error **err)
{
    writer *w = NULL;
    int rc = alloc_writer(conn, s, &w, err);

    if (rc < 0)
        return rc;
    if (s->action == JDBC_INSERT) {
        rc = prepare_copy(w, err);
    } else {
        rc = prepare(w, &w->one, 1, false, err);
        if (rc == 0)
            rc = describe(w, s->relation ? table_type : record_type, err);
    }
    if (rc < 0) {
        writer_close(w);
        return rc;
    }
    *out = w;
    return 0;
}

static int writer_write(void *writer_, mt_batch *batch, const int32_t *rows,
                        int32_t len, mt_error **err)
{
    writer *w = writer_;

    return w->what->action == JDBC_INSERT
               ? write_copy(w, batch, rows, len, err)
               : write_prepared(w, batch, rows, len, err);
}

static int writer_flush(void *writer_, mt_error **err)
{
    writer *w = writer_;

    return w->copying ? end_writing(w, err) : 0;
}

/* ---- finding ----------------------------------------------------------- */

static int finder_open(void *conn, const jdbc_relation *r,
                       const jdbc_statement *s, void **out, mt_error **err)
{
    writer *w = NULL;
    int rc = alloc_writer(conn, s, &w, err);

    if (rc < 0)
        return rc;
    w->relation = r;
    rc = make_decoders(r, &w->decoders, err);
    if (rc == 0)
        rc = prepare(w, &w->one, 1, false, err);
    if (rc < 0) {
        writer_close(w);
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

            rc = PQgetisnull(r, row, i) ? mt_put_null(&out->columns[i])
                                        : w->decoders[i](&out->columns[i], at,
                                                         len);
            if (rc < 0)
                return refuse_value(&rel->columns[i], rc, at, len, err);
        }
    }
    return 0;
}

/* Keys are texts here: they are few, and the server knows what it compares. */
static int finder_find(void *finder, mt_batch *keys, int32_t row,
                       mt_builder *out, int32_t *found, mt_error **err)
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
        return fail_connection(w->conn, err);
    rc = take_result(w->conn, PGRES_TUPLES_OK, &r, err);
    if (rc == 0) {
        *found = PQntuples(r);
        rc = put_result(w, r, out, err);
    }
    PQclear(r);
    return rc;
}

const jdbc_dialect jdbc_postgres = {
    .system = "postgresql",
    .title = "PostgreSQL",
    .quote = '"',
    .begin = "BEGIN",
    .begin_ro = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    .binary = " COLLATE \"C\"",
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
    .cursor_close = cursor_close,
    .writer_open = writer_open,
    .writer_write = writer_write,
    .writer_flush = writer_flush,
    .writer_close = writer_close,
    .finder_open = finder_open,
    .finder_find = finder_find,
    .finder_close = writer_close,
};
