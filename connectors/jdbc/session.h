/* session.h - a connection with its URL and its dialect, as source, sink and
 * lookup hold one: opened, lost and opened again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JDBC_SESSION_H
#define MT_JDBC_SESSION_H

#include "dialect.h"

typedef struct jdbc_session {
    jdbc_target target;
    jdbc_url url;
    const jdbc_dialect *dialect;
    void *connection; /* NULL: lost, or not opened yet */
} jdbc_session;

/* Reads the URL; connects to nothing. Borrows both. Finish also on failure. */
int jdbc_session_init(jdbc_session *s, mt_context *ctx,
                      const jdbc_options *options, mt_error **err);
void jdbc_session_fini(jdbc_session *s); /* zeroed memory is fine */
/* Connects, unless there is a connection. */
int jdbc_session_connect(jdbc_session *s, mt_error **err);
void jdbc_session_disconnect(jdbc_session *s);
/* Runs a statement that gives no rows. */
int jdbc_session_run(jdbc_session *s, const char *sql, mt_error **err);
/* Says in the log that *err is met by attempt `n` of `max`, frees it, waits for
 * n seconds. MT_ECANCELLED when the job is cancelled meanwhile. */
int jdbc_session_pause(jdbc_session *s, int64_t n, int64_t max, mt_error **err);

#endif
