/* session.c - connections that come and go.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#define PAUSE_MS 1000

int jdbc_session_init(jdbc_session *s, mt_context *ctx,
                      const jdbc_options *options, mt_error **err)
{
    int rc = jdbc_url_init(&s->url, options->url, err);

    if (rc < 0)
        return rc;
    s->target.ctx = ctx;
    s->target.options = options;
    s->target.url = &s->url;
    return jdbc_dialect_of(&s->url, &s->dialect, err);
}

void jdbc_session_fini(jdbc_session *s)
{
    jdbc_session_disconnect(s);
    jdbc_url_fini(&s->url);
}

int jdbc_session_connect(jdbc_session *s, mt_error **err)
{
    if (s->connection)
        return 0;
    return s->dialect->open(&s->target, &s->connection, err);
}

void jdbc_session_disconnect(jdbc_session *s)
{
    if (s->connection)
        s->dialect->close(s->connection);
    s->connection = NULL;
}

int jdbc_session_run(jdbc_session *s, const char *sql, mt_error **err)
{
    return s->dialect->run(s->connection, sql, err);
}

int jdbc_session_pause(jdbc_session *s, int64_t n, int64_t max, mt_error **err)
{
    mt_log(MT_LOG_WARN, "jdbc", "%s: %s; attempt %lld of %lld in %lld s",
           mt_context_operator(s->target.ctx), mt_error_message(*err),
           (long long)n, (long long)max, (long long)n);
    mt_error_free(*err);
    *err = NULL;
    return jdbc_sleep(s->target.ctx, n * PAUSE_MS, err);
}
