/* statement.h - the SQL that the connector writes, and what it must know of
 * the SQL that users write: where its '?' are.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JDBC_STATEMENT_H
#define MT_JDBC_STATEMENT_H

#include "dialect.h"

/* Appends a name in quotes, those within doubled. 0 or MT_ENOMEM. */
int jdbc_quote(mt_buf *out, const char *name, size_t len, char quote);

/* The next '?' at or after `from` that stands outside of quotes, identifiers
 * and comments; the text's length when there is none. */
size_t jdbc_next_mark(const char *sql, size_t from);
int32_t jdbc_count_marks(const char *sql);

/* " ON CONFLICT (keys) DO UPDATE SET ...", PostgreSQL's words, which SQLite
 * took. */
int jdbc_on_conflict(const jdbc_relation *r, const int32_t *keys,
                     int32_t keys_len, mt_buf *out);

/* The statements of a sink. `params` is borrowed; of an upsert and a delete
 * `keys` are the columns of the key. The buffer inside is to be finished also
 * on failure. */
int jdbc_statement_write(jdbc_statement *s, const jdbc_dialect *d,
                         jdbc_action action, const jdbc_relation *r,
                         const int32_t *params, int32_t params_len,
                         const int32_t *keys, int32_t keys_len, mt_error **err);
/* The user's own. Where it is INSERT ... VALUES (...), rows may be repeated. */
int jdbc_statement_own(jdbc_statement *s, const char *sql,
                       const int32_t *params, int32_t params_len,
                       mt_error **err);
void jdbc_statement_fini(jdbc_statement *s);
/* Appends the statement for `rows` rows; where `numbered`, its '?' become $1,
 * $2 ... */
int jdbc_statement_text(const jdbc_statement *s, int32_t rows, bool numbered,
                        mt_buf *out);

/* "SELECT columns FROM relation". 0 or MT_ENOMEM. */
int jdbc_select(const jdbc_relation *r, mt_buf *out);
/* Appends " WHERE ..." (or " AND ...", where `more`) with those of the table's
 * filters that the server answers alike. *all says whether that was every
 * one. */
int jdbc_filters(const jdbc_dialect *d, void *connection,
                 const jdbc_relation *r, const mt_table *table, bool more,
                 mt_buf *out, bool *all, mt_error **err);

#endif
