/* statement.c - building and reading SQL text.
 *
 * Conditions are handed to the server only where it answers as the engine
 * would, or lets more rows pass: a row that it drops is lost, one too many the
 * engine drops itself. What differs: texts compare by collations, and values
 * that are cut on their way here (a TIMESTAMP(6) read as TIMESTAMP(3)) compare
 * uncut over there. The driver says which columns are `exact`.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "statement.h"

#include <ctype.h>
#include <strings.h>

/* ---- reading ----------------------------------------------------------- */

/* Behind the quoted text or comment that begins at `at`, or `at` itself. */
static size_t skip_quoted(const char *sql, size_t at)
{
    char quote = sql[at];
    const char *end;

    if (quote == '\'' || quote == '"' || quote == '`') {
        for (at++; sql[at] && sql[at] != quote; at++)
            ;
        return sql[at] ? at + 1 : at;
    }
    if (quote == '-' && sql[at + 1] == '-') {
        end = strchr(sql + at, '\n');
        return end ? (size_t)(end - sql) + 1 : at + strlen(sql + at);
    }
    if (quote == '/' && sql[at + 1] == '*') {
        end = strstr(sql + at + 2, "*/");
        return end ? (size_t)(end - sql) + 2 : at + strlen(sql + at);
    }
    return at;
}

size_t jdbc_next_mark(const char *sql, size_t from)
{
    size_t at = from;

    while (sql[at] && sql[at] != '?') {
        size_t behind = skip_quoted(sql, at);

        at = behind > at ? behind : at + 1;
    }
    return at;
}

int32_t jdbc_count_marks(const char *sql)
{
    int32_t n = 0;
    size_t at;

    for (at = jdbc_next_mark(sql, 0); sql[at]; at = jdbc_next_mark(sql, at + 1))
        n++;
    return n;
}

static bool is_word(const char *sql, size_t at, const char *word)
{
    size_t len = strlen(word);

    return !strncasecmp(sql + at, word, len) &&
           !isalnum((unsigned char)sql[at + len]) &&
           (at == 0 || !isalnum((unsigned char)sql[at - 1]));
}

/* The parenthesis that closes the one at `at`; 0: none. */
static size_t closing(const char *sql, size_t at)
{
    int depth = 0;

    while (sql[at]) {
        size_t behind = skip_quoted(sql, at);

        if (behind > at) {
            at = behind;
            continue;
        }
        depth += (sql[at] == '(') - (sql[at] == ')');
        if (depth == 0)
            return at;
        at++;
    }
    return 0;
}

/* Finds "(?, ?)" behind the VALUES of an INSERT or REPLACE, when every '?' is
 * in it. */
static void find_row(jdbc_statement *s)
{
    const char *sql = (const char *)s->sql.data;
    size_t at = strspn(sql, " \t\r\n"), end;

    if (!is_word(sql, at, "INSERT") && !is_word(sql, at, "REPLACE"))
        return;
    while (sql[at] && !is_word(sql, at, "VALUES")) {
        size_t behind = skip_quoted(sql, at);

        at = behind > at ? behind : at + 1;
    }
    if (!sql[at])
        return;
    at += 6;
    at += strspn(sql + at, " \t\r\n");
    end = sql[at] == '(' ? closing(sql, at) : 0;
    if (!end || jdbc_next_mark(sql, 0) < at || sql[jdbc_next_mark(sql, end)] ||
        sql[end + 1 + strspn(sql + end + 1, " \t\r\n")] == ',')
        return;
    s->row_from = at;
    s->row_to = end + 1;
    s->between = ", ";
}

/* ---- writing ----------------------------------------------------------- */

int jdbc_quote(mt_buf *out, const char *name, size_t len, char quote)
{
    int rc = mt_buf_byte(out, (uint8_t)quote);
    size_t i;

    for (i = 0; i < len; i++) {
        if (name[i] == quote)
            rc |= mt_buf_byte(out, (uint8_t)quote);
        rc |= mt_buf_byte(out, (uint8_t)name[i]);
    }
    rc |= mt_buf_byte(out, (uint8_t)quote);
    return rc ? MT_ENOMEM : 0;
}

/* "INSERT INTO t (a, b) VALUES (?, ?)", the row marked. */
static int write_insert(jdbc_statement *s, const jdbc_relation *r)
{
    mt_buf *out = &s->sql;
    int32_t i;
    int rc = mt_buf_printf(out, "INSERT INTO %s (", r->from);

    for (i = 0; i < s->params_len; i++)
        rc |= mt_buf_printf(out, "%s%s", i ? ", " : "",
                            r->columns[s->params[i]].name);
    rc |= mt_buf_printf(out, ") VALUES ");
    s->row_from = out->len;
    for (i = 0; i < s->params_len; i++)
        rc |= mt_buf_printf(out, i ? ", ?" : "(?");
    rc |= mt_buf_byte(out, ')');
    s->row_to = out->len;
    s->between = ", ";
    return rc;
}

/* "DELETE FROM t WHERE (a = ? AND b = ?)", the condition marked. */
static int write_delete(jdbc_statement *s, const jdbc_relation *r)
{
    mt_buf *out = &s->sql;
    int32_t i;
    int rc = mt_buf_printf(out, "DELETE FROM %s WHERE ", r->from);

    s->row_from = out->len;
    for (i = 0; i < s->params_len; i++)
        rc |= mt_buf_printf(out, "%s%s = ?", i ? " AND " : "(",
                            r->columns[s->params[i]].name);
    rc |= mt_buf_byte(out, ')');
    s->row_to = out->len;
    s->between = " OR ";
    return rc;
}

int jdbc_on_conflict(const jdbc_relation *r, const int32_t *keys,
                     int32_t keys_len, mt_buf *out)
{
    int rc = mt_buf_printf(out, " ON CONFLICT (");
    bool first = true;
    int32_t i, j;

    for (i = 0; i < keys_len; i++)
        rc |=
            mt_buf_printf(out, "%s%s", i ? ", " : "", r->columns[keys[i]].name);
    rc |= mt_buf_printf(out, ") DO ");
    for (i = 0; i < r->columns_len; i++) {
        for (j = 0; j < keys_len && keys[j] != i; j++)
            ;
        if (j < keys_len)
            continue;
        rc |= mt_buf_printf(out, "%s%s = EXCLUDED.%s",
                            first ? "UPDATE SET " : ", ", r->columns[i].name,
                            r->columns[i].name);
        first = false;
    }
    return first ? rc | mt_buf_printf(out, "NOTHING") : rc;
}

int jdbc_statement_write(jdbc_statement *s, const jdbc_dialect *d,
                         jdbc_action action, const jdbc_relation *r,
                         const int32_t *params, int32_t params_len,
                         const int32_t *keys, int32_t keys_len, mt_error **err)
{
    int rc;

    memset(s, 0, sizeof(*s));
    s->action = action;
    s->relation = r;
    s->params = params;
    s->params_len = params_len;
    rc = action == JDBC_DELETE ? write_delete(s, r) : write_insert(s, r);
    if (rc == 0 && action == JDBC_UPSERT)
        rc = d->upsert(r, keys, keys_len, &s->sql);
    if (rc == 0)
        rc = mt_buf_byte(&s->sql, '\0');
    return rc ? mt_fail(err, MT_ENOMEM, "out of memory") : 0;
}

int jdbc_statement_own(jdbc_statement *s, const char *sql,
                       const int32_t *params, int32_t params_len,
                       mt_error **err)
{
    memset(s, 0, sizeof(*s));
    s->action = JDBC_STATEMENT;
    s->params = params;
    s->params_len = params_len;
    if (mt_buf_append(&s->sql, sql, strlen(sql) + 1) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    find_row(s);
    return 0;
}

void jdbc_statement_fini(jdbc_statement *s)
{
    mt_buf_fini(&s->sql);
    memset(s, 0, sizeof(*s));
}

/* Appends sql[from .. to), numbering its marks on from *n. */
static int append_part(mt_buf *out, const char *sql, size_t from, size_t to,
                       int32_t *n)
{
    int rc = 0;

    while (from < to) {
        size_t mark = n ? jdbc_next_mark(sql, from) : to;

        if (mark > to)
            mark = to;
        rc |= mt_buf_append(out, sql + from, mark - from);
        if (mark < to)
            rc |= mt_buf_printf(out, "$%d", ++*n);
        from = mark + 1;
    }
    return rc;
}

int jdbc_statement_text(const jdbc_statement *s, int32_t rows, bool numbered,
                        mt_buf *out)
{
    const char *sql = (const char *)s->sql.data;
    int32_t n = 0, i;
    int32_t *number = numbered ? &n : NULL;
    int rc;

    if (!s->between)
        return append_part(out, sql, 0, s->sql.len - 1, number);
    rc = append_part(out, sql, 0, s->row_from, number);
    for (i = 0; i < rows; i++) {
        if (i)
            rc |= mt_buf_append(out, s->between, strlen(s->between));
        rc |= append_part(out, sql, s->row_from, s->row_to, number);
    }
    return rc | append_part(out, sql, s->row_to, s->sql.len - 1, number);
}

/* ---- selecting ----------------------------------------------------------- */

int jdbc_select(const jdbc_relation *r, mt_buf *out)
{
    int rc = mt_buf_printf(out, "SELECT ");
    int32_t i;

    for (i = 0; i < r->columns_len; i++) {
        const jdbc_column *c = &r->columns[i];

        rc |= mt_buf_printf(out, "%s%s", i ? ", " : "",
                            c->select ? c->select : c->name);
    }
    /* COUNT(*) of a query needs rows, but no column. */
    if (r->columns_len == 0)
        rc |= mt_buf_printf(out, "1");
    return rc | mt_buf_printf(out, " FROM %s", r->from);
}

static bool is_text(const mt_type *type)
{
    return type->kind == MT_CHAR || type->kind == MT_VARCHAR;
}

/* Numbers stand for themselves, other values are literals in quotes. */
static bool is_bare(const mt_type *type)
{
    return type->kind == MT_TINYINT || type->kind == MT_SMALLINT ||
           type->kind == MT_INT || type->kind == MT_BIGINT ||
           type->kind == MT_DECIMAL;
}

static bool is_comparable(const mt_type *type)
{
    return is_text(type) || is_bare(type) || type->kind == MT_DATE ||
           type->kind == MT_TIMESTAMP || type->kind == MT_TIME;
}

/* Whether the server may be asked; a text that equals there by some collation
 * may still differ here, never the other way round. */
static bool may_push(const jdbc_dialect *d, const jdbc_column *c,
                     const mt_filter *f)
{
    if (f->op == MT_FILTER_IS_NULL || f->op == MT_FILTER_IS_NOT_NULL)
        return true;
    if (!c->exact || !is_comparable(c->type) || f->values.len == 0)
        return false;
    if (!is_text(c->type) || f->op == MT_FILTER_EQ || f->op == MT_FILTER_IN)
        return true;
    return c->text_order && d->binary;
}

static int append_value(const jdbc_dialect *d, void *connection,
                        const jdbc_column *c, const char *text, mt_buf *out,
                        mt_error **err)
{
    size_t len = strlen(text);

    if (!is_bare(c->type))
        return d->literal(connection, text, out, err);
    /* No text of a number has anything else in it. */
    if (len == 0 || strspn(text, "+-.0123456789eE") != len)
        return mt_fail(err, MT_EINTERNAL, "'%s' is no number to filter by",
                       text);
    return mt_buf_append(out, text, len);
}

static int append_filter(const jdbc_dialect *d, void *connection,
                         const jdbc_column *c, const mt_filter *f, mt_buf *out,
                         mt_error **err)
{
    static const char *const ops[] = {
        "= ", "<> ", "< ", "<= ", "> ", ">= ", "IN (", "IS NULL", "IS NOT NULL",
    };
    bool order = is_text(c->type) && f->op != MT_FILTER_EQ &&
                 f->op != MT_FILTER_IN && f->op < MT_FILTER_IS_NULL;
    int32_t i;
    int rc;

    rc = mt_buf_printf(out, "%s%s %s", c->name, order ? d->binary : "",
                       ops[f->op]);
    if (f->op >= MT_FILTER_IS_NULL)
        return rc;
    for (i = 0; rc == 0 && i < f->values.len; i++) {
        if (i)
            rc = mt_buf_append(out, ", ", 2);
        if (rc == 0)
            rc = append_value(d, connection, c, f->values.items[i], out, err);
    }
    if (rc == 0 && f->op == MT_FILTER_IN)
        rc = mt_buf_byte(out, ')');
    return rc;
}

int jdbc_filters(const jdbc_dialect *d, void *connection,
                 const jdbc_relation *r, const mt_table *table, bool more,
                 mt_buf *out, bool *all, mt_error **err)
{
    int32_t i;
    int rc = 0;

    *all = true;
    for (i = 0; rc == 0 && i < table->filters_len; i++) {
        const mt_filter *f = &table->filters[i];
        const jdbc_column *c =
            f->column < r->columns_len ? &r->columns[f->column] : NULL;

        if (!c || !may_push(d, c, f)) {
            *all = false;
            continue;
        }
        /* Equal by a collation, perhaps: the engine may drop it. */
        if (is_text(c->type) && f->op < MT_FILTER_IS_NULL)
            *all = false;
        rc = mt_buf_printf(out, more ? " AND " : " WHERE ");
        more = true;
        if (rc == 0)
            rc = append_filter(d, connection, c, f, out, err);
    }
    if (rc == MT_ENOMEM && err && !*err)
        mt_fail(err, MT_ENOMEM, "out of memory");
    return rc;
}
