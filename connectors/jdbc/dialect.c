/* dialect.c - which systems there are, and what their drivers share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "dialect.h"

#include <poll.h>
#include <strings.h>

#include "statement.h"

static const jdbc_dialect *const dialects[] = {
    &jdbc_postgres,
    &jdbc_mysql,
    &jdbc_mariadb,
    &jdbc_sqlite,
};

enum { DIALECTS_LEN = sizeof(dialects) / sizeof(dialects[0]) };

/* What Flink's connector knows beside ours. */
static const char *const others[] = {
    "derby", "oracle", "sqlserver", "db2", "cratedb",
    "crate", "trino",  "oceanbase", "h2",
};

int jdbc_dialect_of(const jdbc_url *url, const jdbc_dialect **out,
                    mt_error **err)
{
    const char *names[DIALECTS_LEN];
    const char *near;
    size_t i;

    for (i = 0; i < DIALECTS_LEN; i++) {
        names[i] = dialects[i]->system;
        if (strcasecmp(names[i], url->system))
            continue;
        *out = dialects[i];
        return 0;
    }
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (!strcasecmp(others[i], url->system))
            return mt_fail(err, MT_EUNSUPPORTED, "not supported yet: jdbc:%s",
                           url->system);
    near = mt_nearest(url->system, names, DIALECTS_LEN);
    return jdbc_url_fail(
        err,
        "option 'url' begins with jdbc:%s, which is unknown%s%s%s; there are "
        "jdbc:postgresql, jdbc:mysql, jdbc:mariadb and jdbc:sqlite",
        url->system, near ? "; did you mean 'jdbc:" : "", near ? near : "",
        near ? "'?" : "");
}

/* ---- relations ----------------------------------------------------------- */

void jdbc_relation_fini(jdbc_relation *r)
{
    int32_t i;

    for (i = 0; i < r->columns_len; i++) {
        mt_strfree(r->columns[i].name);
        mt_strfree(r->columns[i].select);
    }
    mt_free(r->columns, sizeof(*r->columns) * (size_t)r->columns_len);
    mt_strfree(r->from);
    memset(r, 0, sizeof(*r));
}

/* A name with its parts quoted; one that has quotes is left as it is. */
static int quote_path(mt_buf *out, const char *path, char quote)
{
    const char *dot;
    int rc = 0;

    if (strchr(path, quote))
        return mt_buf_append(out, path, strlen(path));
    for (; path; path = dot ? dot + 1 : NULL) {
        dot = strchr(path, '.');
        rc |= jdbc_quote(out, path, dot ? (size_t)(dot - path) : strlen(path),
                         quote);
        if (dot)
            rc |= mt_buf_byte(out, '.');
    }
    return rc;
}

static int quote_column(jdbc_column *c, char quote, mt_buf *room)
{
    room->len = 0;
    if (jdbc_quote(room, c->title, strlen(c->title), quote) < 0)
        return MT_ENOMEM;
    c->name = mt_strndup((char *)room->data, room->len);
    return c->name ? 0 : MT_ENOMEM;
}

int jdbc_relation_init(jdbc_relation *r, const jdbc_dialect *d,
                       const jdbc_options *o, const mt_type *type,
                       int32_t columns_len, mt_error **err)
{
    mt_buf text = {0};
    int32_t i;
    int rc;

    memset(r, 0, sizeof(*r));
    r->table = o->table;
    r->query = o->query;
    r->columns = mt_calloc(sizeof(*r->columns) * (size_t)columns_len);
    if (!r->columns)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    r->columns_len = columns_len;
    rc = r->query ? mt_buf_printf(&text, "(%s) AS q", r->query)
                  : quote_path(&text, r->table, d->quote);
    if (rc == 0 && !(r->from = mt_strndup((char *)text.data, text.len)))
        rc = MT_ENOMEM;
    for (i = 0; rc == 0 && i < columns_len; i++) {
        r->columns[i].type = mt_type_column(type, i);
        r->columns[i].title = mt_type_column_name(type, i);
        rc = quote_column(&r->columns[i], d->quote, &text);
    }
    mt_buf_fini(&text);
    return rc < 0 ? mt_fail(err, MT_ENOMEM, "out of memory") : 0;
}

/* ---- waiting ----------------------------------------------------------- */

int jdbc_sleep(mt_context *ctx, int64_t ms, mt_error **err)
{
    int64_t until = mt_now_ms() + ms;

    while (!mt_context_cancelled(ctx)) {
        int64_t left = until - mt_now_ms();

        if (left <= 0)
            return 0;
        poll(NULL, 0, (int)(left < JDBC_SLICE_MS ? left : JDBC_SLICE_MS));
    }
    return mt_fail(err, MT_ECANCELLED, "cancelled");
}
