/* url.h - a JDBC URL taken apart.
 *
 *     jdbc:postgresql://host:5432,other/db?sslmode=require
 *     jdbc:mysql://host:3306/db?useSSL=true      (jdbc:mariadb: too)
 *     jdbc:sqlite:/path/to/file?journal_mode=WAL
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JDBC_URL_H
#define MT_JDBC_URL_H

#include "moontide_plugin.h"

#define JDBC_PARAMS_MAX 64
#define JDBC_HOSTS_MAX 16

typedef struct jdbc_host {
    const char *name; /* without the brackets of IPv6 */
    const char *port; /* NULL: the system's own */
} jdbc_host;

typedef struct jdbc_param {
    const char *name;
    const char *value;
} jdbc_param;

/* All texts are decoded and point into `text`. */
typedef struct jdbc_url {
    char *text; /* cut into pieces in place */
    size_t text_size;
    const char *system;   /* "postgresql" */
    const char *database; /* or the file of SQLite; NULL: none given */
    jdbc_host hosts[JDBC_HOSTS_MAX];
    int32_t hosts_len; /* 0: the system's default */
    jdbc_param params[JDBC_PARAMS_MAX];
    int32_t params_len;
    char where[256]; /* for messages: "127.0.0.1:5432/db", no credentials */
} jdbc_url;

/* Passwords among the parameters become secrets. MT_EOPTION with the option
 * 'url' noted. The URL is to be finished also on failure. */
int jdbc_url_init(jdbc_url *u, const char *text, mt_error **err);
void jdbc_url_fini(jdbc_url *u); /* zeroed memory is fine */
/* The parameter's value, the last one given; NULL: not there. */
const char *jdbc_url_param(const jdbc_url *u, const char *name);
/* The same as a number; 0 when it is not there, or none. */
int64_t jdbc_url_number(const jdbc_url *u, const char *name);
/* Refuses, as the option 'url', what the URL asks for. */
int jdbc_url_fail(mt_error **err, const char *fmt, ...) MT_PRINTF(2, 3);
/* Refuses a parameter that is none of `known`, naming the nearest. */
int jdbc_url_unknown(const char *name, const char *const *known,
                     int32_t known_len, mt_error **err);
/* "true" or "false" (or nothing, which is true) of a parameter. */
int jdbc_url_flag(const jdbc_param *p, bool *out, mt_error **err);

#endif
