/* mysql_client.c - connections to MySQL and MariaDB: opening them, waiting on
 * their sockets, running queries, and what their errors mean.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <mysql.h>
#include <poll.h>
#include <pthread.h>
#include <strings.h>
#include <sys/socket.h>

#include "mysql_client.h"
#include "statement.h"

/* max_allowed_packet, where the server does not say. */
#define PACKET_BYTES (16 << 20)
/* CR_SSL_CONNECTION_ERROR */
#define NO_TLS 2026

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

int my_fail(mysql *c, mt_error **err)
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

void my_cut(mysql *c)
{
    my_socket fd = mysql_get_socket(c->db);

    if (fd >= 0 && !c->cut)
        shutdown(fd, SHUT_RDWR);
    c->cut = true;
}

/* Until what libmariadb waits for has come, or `until_ms`; what there is of
 * it. */
int my_wait(mysql *c, int status, int64_t until_ms)
{
    struct pollfd p = {mysql_get_socket(c->db), 0, 0};
    int64_t left;
    int ready = 0;

    if (status & MYSQL_WAIT_READ)
        p.events |= POLLIN;
    if (status & MYSQL_WAIT_WRITE)
        p.events |= POLLOUT;
    if (status & MYSQL_WAIT_TIMEOUT)
        until_ms = mt_now_ms() + mysql_get_timeout_value_ms(c->db);
    do {
        if (mt_context_cancelled(c->target->ctx) ||
            (c->timeout_ms > 0 && c->silent_ms >= c->timeout_ms))
            my_cut(c);
        left = until_ms - mt_now_ms();
        if (left <= 0)
            return status & MYSQL_WAIT_TIMEOUT ? MYSQL_WAIT_TIMEOUT : 0;
        left = left < JDBC_SLICE_MS ? left : JDBC_SLICE_MS;
        c->silent_ms = poll(&p, 1, (int)left) > 0 ? 0 : c->silent_ms + left;
    } while (!p.revents);
    if (p.revents & (POLLIN | POLLERR | POLLHUP))
        ready |= status & MYSQL_WAIT_READ;
    if (p.revents & (POLLOUT | POLLERR | POLLHUP))
        ready |= status & MYSQL_WAIT_WRITE;
    if (p.revents & POLLPRI)
        ready |= MYSQL_WAIT_EXCEPT;
    return ready ? ready : status & (MYSQL_WAIT_READ | MYSQL_WAIT_WRITE);
}

int my_query(mysql *c, const char *sql, size_t len, mt_error **err)
{
    int failed = 0;

    MY_FINISH(c, failed, mysql_real_query, c->db, sql, (unsigned long)len);
    return failed ? my_fail(c, err) : 0;
}

int my_run(void *conn, const char *sql, mt_error **err)
{
    return my_query(conn, sql, strlen(sql), err);
}

/* The whole result of a query, *out returned owned. */
int my_ask(mysql *c, const char *sql, size_t len, MYSQL_RES **out,
           mt_error **err)
{
    int rc = my_query(c, sql, len, err);
    MYSQL_RES *result = NULL;

    if (rc < 0)
        return rc;
    MY_FINISH(c, result, mysql_store_result, c->db);
    *out = result;
    return result ? 0 : my_fail(c, err);
}

/* ---- connecting ---------------------------------------------------------- */

/* Parameters that mean something here, and those of Java's drivers that change
 * nothing for us. */
static const char *const params[] = {
    "user",
    "password",
    "useSSL",
    "requireSSL",
    "sslMode",
    "verifyServerCertificate",
    "serverSslCert",
    "sslCa",
    "sslCert",
    "sslKey",
    "clientCertificate",
    "clientKey",
    "tlsVersions",
    "enabledTLSProtocols",
    "connectTimeout",
    "socketTimeout",
    "localSocket",
    "connectionTimeZone",
    "serverTimezone",
    "sessionVariables",
    "useCompression",
    "rewriteBatchedStatements",
    "useServerPrepStmts",
    "cachePrepStmts",
    "prepStmtCacheSize",
    "prepStmtCacheSqlLimit",
    "useCursorFetch",
    "defaultFetchSize",
    "autoReconnect",
    "useUnicode",
    "characterEncoding",
    "characterSetResults",
    "connectionCollation",
    "zeroDateTimeBehavior",
    "tinyInt1isBit",
    "yearIsDateType",
    "allowPublicKeyRetrieval",
    "useLegacyDatetimeCode",
    "allowMultiQueries",
    "allowLoadLocalInfile",
    "useInformationSchema",
    "nullCatalogMeansCurrent",
    "useOldAliasMetadataBehavior",
    "maxAllowedPacket",
    "tcpKeepAlive",
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
    if (is_on(url, "requireSSL") || is_on(url, "useSSL"))
        return TLS_MUST;
    /* What Java's drivers do when nobody says. */
    return jdbc_url_param(url, "useSSL") || !strcasecmp(url->system, "mariadb")
               ? TLS_OFF
               : TLS_MAYBE;
}

int my_check(const jdbc_url *url, mt_error **err)
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

static void set_tls(mysql *c, tls mode)
{
    const jdbc_url *url = c->target->url;
    const char *ca = file_param(url, "sslCa", "serverSslCert");
    const char *cert = file_param(url, "sslCert", "clientCertificate");
    const char *key = file_param(url, "sslKey", "clientKey");
    my_bool must = 1, checked = mode == TLS_CHECKED;

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

static void set_options(mysql *c, tls mode)
{
    const jdbc_url *url = c->target->url;
    unsigned protocol = MYSQL_PROTOCOL_TCP, off = 0;
    unsigned seconds =
        (unsigned)((c->target->options->connect_ms + 999) / 1000);

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
    set_tls(c, mode);
}

static int try_host(mysql *c, const jdbc_host *host, tls mode, mt_error **err)
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
    set_options(c, mode);
    if (host->port)
        mt_read_i64(host->port, strlen(host->port), &port);
    MY_FINISH(c, done, mysql_real_connect, c->db, host->name,
              user ? user : jdbc_url_param(t->url, "user"),
              password ? password : jdbc_url_param(t->url, "password"),
              t->url->database, (unsigned)port,
              jdbc_url_param(t->url, "localSocket"), 0);
    return done ? 0 : my_fail(c, err);
}

/* Without TLS where it is only preferred and the server has none. */
static int connect_host(mysql *c, const jdbc_host *host, mt_error **err)
{
    tls mode = (tls)tls_of(c->target->url);
    mt_error *own = NULL;
    int rc = try_host(c, host, mode, &own);

    if (rc < 0 && mode == TLS_MAYBE && c->db && mysql_errno(c->db) == NO_TLS) {
        mt_error_free(own);
        return try_host(c, host, TLS_OFF, err);
    }
    if (err)
        *err = own;
    else
        mt_error_free(own);
    return rc;
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
    const char *zone =
        file_param(c->target->url, "connectionTimeZone", "serverTimezone");
    mt_buf sql = {0};
    int rc;

    if (!zone || !strcasecmp(zone, "UTC"))
        return my_run(c, "SET time_zone = '+00:00'", err);
    if (!strcasecmp(zone, "SERVER") || !strcasecmp(zone, "LOCAL"))
        return 0;
    rc = mt_buf_printf(&sql, "SET time_zone = ");
    rc |= jdbc_quote(&sql, zone, strlen(zone), '\'') | mt_buf_byte(&sql, '\0');
    rc = rc ? mt_fail(err, MT_ENOMEM, "out of memory")
            : my_run(c, (char *)sql.data, err);
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
            : my_run(c, (char *)sql.data, err);
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
        (rc = my_run(c,
                     "SET SESSION sql_mode = CONCAT(@@sql_mode, "
                     "',STRICT_TRANS_TABLES')",
                     err)) < 0 ||
        (rc = set_variables(c, err)) < 0 ||
        (rc = my_ask(c, ask_packet, sizeof(ask_packet) - 1, &result, err)) < 0)
        return rc;
    row = mysql_fetch_row(result);
    if (row && row[0])
        mt_read_i64(row[0], strlen(row[0]), &packet);
    c->packet_max = (size_t)packet;
    mysql_free_result(result);
    return 0;
}

void my_close(void *conn)
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

int my_open(const jdbc_target *target, void **conn, mt_error **err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    mysql *c = mt_calloc(sizeof(*c));
    int rc;

    if (!c)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    pthread_once(&once, start_library);
    c->target = target;
    c->timeout_ms = jdbc_url_number(target->url, "socketTimeout");
    c->title =
        !strcasecmp(target->url->system, "mariadb") ? "MariaDB" : "MySQL";
    rc = connect_any(c, err);
    if (rc == 0)
        rc = set_up(c, err);
    if (rc < 0) {
        my_close(c);
        return rc;
    }
    *conn = c;
    return 0;
}
