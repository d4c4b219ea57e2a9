/* url.c - taking JDBC URLs apart, in place, in a copy of the text.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strcasestr */
#endif
#include "url.h"

#include <stdio.h>
#include <strings.h>

int jdbc_url_fail(mt_error **err, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    mt_fail(err, MT_EOPTION, "%s", text);
    if (err)
        mt_error_set_option(*err, "url");
    return MT_EOPTION;
}

int jdbc_url_unknown(const char *name, const char *const *known,
                     int32_t known_len, mt_error **err)
{
    const char *near = mt_nearest(name, known, known_len);

    return jdbc_url_fail(err, "parameter '%s' of option 'url' is unknown%s%s%s",
                         name, near ? "; did you mean '" : "", near ? near : "",
                         near ? "'?" : "");
}

int jdbc_url_flag(const jdbc_param *p, bool *out, mt_error **err)
{
    *out = !*p->value || !strcasecmp(p->value, "true");
    if (*out || !strcasecmp(p->value, "false"))
        return 0;
    return jdbc_url_fail(
        err, "parameter '%s' of option 'url' must be true or false, is '%s'",
        p->name, p->value);
}

const char *jdbc_url_param(const jdbc_url *u, const char *name)
{
    int32_t i;

    for (i = u->params_len - 1; i >= 0; i--)
        if (!strcmp(u->params[i].name, name))
            return u->params[i].value;
    return NULL;
}

int64_t jdbc_url_number(const jdbc_url *u, const char *name)
{
    const char *value = jdbc_url_param(u, name);
    int64_t n = 0;

    return value && mt_read_i64(value, strlen(value), &n) ? n : 0;
}

/* ---- parts ----------------------------------------------------------- */

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %41 becomes A, in place; what isn't an escape stays. */
static char *decode(char *text)
{
    char *from = text, *to = text;

    for (; *from; from++, to++) {
        if (*from == '%' && digit_of(from[1]) >= 0 && digit_of(from[2]) >= 0) {
            *to = (char)(digit_of(from[1]) * 16 + digit_of(from[2]));
            from += 2;
        } else {
            *to = *from;
        }
    }
    *to = '\0';
    return text;
}

static bool is_secret(const char *name)
{
    return strcasestr(name, "password") != NULL;
}

static int add_param(jdbc_url *u, char *text, mt_error **err)
{
    char *value = strchr(text, '=');
    jdbc_param *p = &u->params[u->params_len];

    if (u->params_len == JDBC_PARAMS_MAX)
        return jdbc_url_fail(err, "option 'url' has more than %d parameters",
                             JDBC_PARAMS_MAX);
    if (value)
        *value++ = '\0';
    p->name = decode(text);
    p->value = value ? decode(value) : "";
    u->params_len++;
    if (is_secret(p->name) && *p->value && mt_log_secret(p->value) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return 0;
}

static int split_params(jdbc_url *u, char *text, mt_error **err)
{
    char *next;
    int rc = 0;

    for (; rc == 0 && text; text = next) {
        next = strchr(text, '&');
        if (next)
            *next++ = '\0';
        if (*text)
            rc = add_param(u, text, err);
    }
    return rc;
}

static int add_host(jdbc_url *u, char *text, mt_error **err)
{
    jdbc_host *h = &u->hosts[u->hosts_len];
    char *port = strrchr(text, ':');
    char *bracket = *text == '[' ? strchr(text, ']') : NULL;

    if (u->hosts_len == JDBC_HOSTS_MAX)
        return jdbc_url_fail(err, "option 'url' names more than %d hosts",
                             JDBC_HOSTS_MAX);
    if (bracket) {
        *bracket = '\0';
        text++;
        port = bracket[1] == ':' ? bracket + 1 : NULL;
    }
    if (port)
        *port++ = '\0';
    if (port && (!*port || port[strspn(port, "0123456789")]))
        return jdbc_url_fail(err, "option 'url' has '%s' for a port", port);
    h->name = *text ? text : "localhost";
    h->port = port;
    u->hosts_len++;
    return 0;
}

/* "//host:port,host/db", "/" and "db". */
static int split_server(jdbc_url *u, char *text, mt_error **err)
{
    char *slash, *next;
    int rc = 0;

    if (strncmp(text, "//", 2) != 0) {
        u->database = *text == '/' ? text + 1 : text;
        return 0;
    }
    text += 2;
    slash = strchr(text, '/');
    if (slash) {
        *slash = '\0';
        u->database = decode(slash + 1);
    }
    if (strchr(text, '@'))
        return jdbc_url_fail(err, "option 'url' holds a user before '@'; say "
                                  "'username' and 'password' as options");
    for (; rc == 0 && text && *text; text = next) {
        next = strchr(text, ',');
        if (next)
            *next++ = '\0';
        rc = add_host(u, text, err);
    }
    return rc;
}

static void describe(jdbc_url *u)
{
    size_t at = 0;
    int32_t i;

    for (i = 0; i < u->hosts_len && at < sizeof(u->where); i++)
        at += (size_t)snprintf(u->where + at, sizeof(u->where) - at, "%s%s%s%s",
                               i ? "," : "", u->hosts[i].name,
                               u->hosts[i].port ? ":" : "",
                               u->hosts[i].port ? u->hosts[i].port : "");
    if (at < sizeof(u->where))
        snprintf(u->where + at, sizeof(u->where) - at, "%s%s",
                 u->hosts_len ? "/" : "", u->database ? u->database : "");
}

int jdbc_url_init(jdbc_url *u, const char *url, mt_error **err)
{
    char *rest, *params;
    int rc;

    memset(u, 0, sizeof(*u));
    if (strncmp(url, "jdbc:", 5) != 0 || !strchr(url + 5, ':'))
        return jdbc_url_fail(err, "option 'url' must be jdbc:postgresql://..., "
                                  "jdbc:mysql://..., jdbc:mariadb://... or "
                                  "jdbc:sqlite:path");
    u->text_size = strlen(url) + 1;
    if (!(u->text = mt_alloc(u->text_size)))
        return mt_fail(err, MT_ENOMEM, "out of memory");
    memcpy(u->text, url, u->text_size);
    u->system = u->text + 5;
    rest = strchr(u->text + 5, ':');
    *rest++ = '\0';
    params = strchr(rest, '?');
    if (params)
        *params++ = '\0';
    if (!strcmp(u->system, "sqlite")) {
        u->database = rest;
        rc = 0;
    } else {
        rc = split_server(u, rest, err);
    }
    if (u->database && !*u->database)
        u->database = NULL;
    describe(u);
    return rc < 0 ? rc : split_params(u, params, err);
}

void jdbc_url_fini(jdbc_url *u)
{
    mt_free(u->text, u->text_size);
    memset(u, 0, sizeof(*u));
}
