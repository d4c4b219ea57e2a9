/* postgres_client.c - connections to PostgreSQL: opening them, waiting on their
 * sockets, reading results, and what their errors mean.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <libpq-fe.h>
#include <poll.h>
#include <strings.h>

#include "postgres.h"

/* ---- errors ----------------------------------------------------------- */

/* libpq ends its messages with a line end. */
int pg_fail(postgres *c, mt_error **err)
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

int pg_fail_result(postgres *c, const PGresult *r, mt_error **err)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = PQresultErrorField(r, PG_DIAG_MESSAGE_HINT);

    if (!state || PQstatus(c->pg) == CONNECTION_BAD)
        return pg_fail(c, err);
    return mt_fail(err, code_of_state(state), "PostgreSQL: %s%s%s%s%s%s (%s)",
                   message ? message : "error", detail ? " (" : "",
                   detail ? detail : "", detail ? ")" : "", hint ? "; " : "",
                   hint ? hint : "", state);
}

/* ---- waiting ----------------------------------------------------------- */

/* Until the socket can be read (or written, where asked), at most ms. */
int pg_wait(postgres *c, bool write, int64_t ms, mt_error **err)
{
    struct pollfd p = {PQsocket(c->pg), POLLIN, 0};

    if (write)
        p.events |= POLLOUT;
    if (mt_context_cancelled(c->target->ctx))
        return mt_fail(err, MT_ECANCELLED, "cancelled");
    if (p.fd < 0)
        return pg_fail(c, err);
    c->silent_ms = poll(&p, 1, (int)ms) > 0 ? 0 : c->silent_ms + ms;
    if (c->timeout_ms <= 0 || c->silent_ms < c->timeout_ms)
        return 0;
    return mt_fail(err, MT_ERETRY,
                   "PostgreSQL at %s says nothing for %lld ms ('socketTimeout' "
                   "of the URL)",
                   c->target->url->where, (long long)c->silent_ms);
}

/* Sends what libpq has gathered, reading whatever comes meanwhile. */
int pg_send(postgres *c, mt_error **err)
{
    int left, rc;

    while ((left = PQflush(c->pg)) > 0) {
        if ((rc = pg_wait(c, true, JDBC_SLICE_MS, err)) < 0)
            return rc;
        if (!PQconsumeInput(c->pg))
            return pg_fail(c, err);
    }
    return left < 0 ? pg_fail(c, err) : 0;
}

/* *out is the next result or NULL, where there is none. */
int pg_next(postgres *c, PGresult **out, mt_error **err)
{
    int rc = pg_send(c, err);

    *out = NULL;
    while (rc == 0 && PQisBusy(c->pg)) {
        rc = pg_wait(c, false, JDBC_SLICE_MS, err);
        if (rc == 0 && !PQconsumeInput(c->pg))
            rc = pg_fail(c, err);
    }
    if (rc == 0)
        *out = PQgetResult(c->pg);
    return rc;
}

/* Reads the results of one command to their end; *out is the last one that is
 * of the status, or its failure is *err. */
int pg_take(postgres *c, int wanted, PGresult **out, mt_error **err)
{
    PGresult *kept = NULL, *r;
    int rc, failed = 0;

    while ((rc = pg_next(c, &r, err)) == 0 && r) {
        int status = (int)PQresultStatus(r);

        if (status != wanted && failed == 0)
            failed = pg_fail_result(c, r, err);
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
        return pg_fail(c, err);
    return failed < 0 ? failed : rc;
}

int pg_run(void *conn, const char *sql, mt_error **err)
{
    postgres *c = conn;

    if (!PQsendQuery(c->pg, sql))
        return pg_fail(c, err);
    return pg_take(c, PGRES_COMMAND_OK, NULL, err);
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

int pg_check(const jdbc_url *url, mt_error **err)
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
        rc |=
            mt_buf_printf(&w->hosts, "%s%s", i ? "," : "", url->hosts[i].name);
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
    rc = mt_buf_printf(&w->settings,
                       "%s -c search_path=", options ? options : "");
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
            return pg_fail(c, err);
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
        return pg_fail(c, err);
    if (PQserverVersion(c->pg) < 140000)
        return 0;
    return pg_run(c, "SET client_connection_check_interval = '2s'", err);
}

void pg_close(void *conn)
{
    postgres *c = conn;

    if (!c)
        return;
    PQfinish(c->pg);
    mt_free(c, sizeof(*c));
}

int pg_open(const jdbc_target *target, void **conn, mt_error **err)
{
    postgres *c = mt_calloc(sizeof(*c));
    words w = {0};
    int rc;

    if (!c)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    c->target = target;
    /* In seconds, as with Java's driver. */
    c->timeout_ms = jdbc_url_number(target->url, "socketTimeout") * 1000;
    rc = gather_words(&w, target);
    if (rc == 0)
        c->pg = PQconnectStartParams(w.names, w.values, 0);
    fini_words(&w);
    if (rc < 0 || !c->pg) {
        pg_close(c);
        return mt_fail(err, MT_ENOMEM, "out of memory");
    }
    rc = PQstatus(c->pg) == CONNECTION_BAD ? pg_fail(c, err)
                                           : wait_connected(c, err);
    if (rc == 0)
        rc = set_up(c, err);
    if (rc < 0) {
        pg_close(c);
        return rc;
    }
    *conn = c;
    return 0;
}
