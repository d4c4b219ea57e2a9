/* mysql_client.h - a connection to MySQL or MariaDB.
 *
 * libmariadb's non-blocking calls run on a stack of their own and come back
 * when they would wait; my_wait() then does, in slices. When the job is
 * cancelled the socket is shut, and the call under way fails.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JDBC_MYSQL_CLIENT_H
#define MT_JDBC_MYSQL_CLIENT_H

#include "dialect.h"

/* libmariadb's own, so that the header stands without its. */
struct st_mysql;
struct st_mysql_res;

typedef struct mysql {
    struct st_mysql *db;
    const jdbc_target *target;
    const char *title;  /* "MySQL" or "MariaDB" */
    size_t packet_max;  /* bytes of a statement that the server takes */
    int64_t timeout_ms; /* the URL's socketTimeout; 0: none */
    int64_t silent_ms;  /* waited for the server since it last spoke */
    bool cut;           /* the socket was shut by us */
} mysql;

int my_check(const jdbc_url *url, mt_error **err);
int my_open(const jdbc_target *target, void **connection, mt_error **err);
void my_close(void *connection); /* NULL is fine */
int my_run(void *connection, const char *sql, mt_error **err);

/* Fails with the connection's last error, by its number. */
int my_fail(mysql *c, mt_error **err);
/* Shuts the socket: what is under way comes back. */
void my_cut(mysql *c);
/* Until what libmariadb waits for (MYSQL_WAIT_...) has come, or until_ms; what
 * there is of it. */
int my_wait(mysql *c, int status, int64_t until_ms);
int my_query(mysql *c, const char *sql, size_t len, mt_error **err);
/* The whole result of a query, *out returned owned. */
int my_ask(mysql *c, const char *sql, size_t len, struct st_mysql_res **out,
           mt_error **err);

/* Runs one call to its end: `call`_start first, then `call`_cont. */
#define MY_FINISH(c, ret, call, ...)                                           \
    do {                                                                       \
        int status_ = call##_start(&(ret), __VA_ARGS__);                       \
        while (status_)                                                        \
            status_ = call##_cont(&(ret), (c)->db,                             \
                                  my_wait((c), status_, INT64_MAX));           \
    } while (0)

#endif
