/* postgres.c - the driver of PostgreSQL, on libpq.
 *
 * Scans are COPY ... TO STDOUT and appends COPY ... FROM STDIN, both in binary:
 * no query is faster, and a scan streams by itself. Upserts, deletes and
 * statements of users are prepared and sent in a pipeline. What the server's
 * columns are is looked up first: columns whose binary form is no type of ours
 * are cast by the SELECT; a table with one that can only be written as text is
 * appended to by a COPY in text.
 *
 * The socket never blocks: waiting is ours, in slices, so that a job that is
 * cancelled leaves.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <libpq-fe.h>
#include <strings.h>

#include "postgres.h"
#include "postgres_types.h"
#include "statement.h"

/* ---- names and types ----------------------------------------------------- */

static bool has_scalar(const mt_type *type)
{
    return type->kind <= MT_TIMESTAMP_LTZ;
}

static bool has_type(const mt_type *type)
{
    return type->kind == MT_ARRAY ? has_scalar(type->fields[0].type)
                                  : has_scalar(type);
}

/* A table's columns: from the catalog, which needs no right to read them.
 * Domains count as what they stand on. Names in quotes come first. */
static const char table_query[] =
    "SELECT a.attname, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE "
    "a.atttypid END, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE "
    "a.atttypmod END, a.attrelid::regclass::text FROM pg_catalog.pg_attribute "
    "a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid WHERE a.attrelid = "
    "COALESCE(pg_catalog.to_regclass($1), pg_catalog.to_regclass($2)) AND "
    "a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

static int ask_table(postgres *c, const jdbc_relation *r, PGresult **out,
                     mt_error **err)
{
    const char *names[2] = {r->from, r->table};
    int rc;

    if (!PQsendQueryParams(c->pg, table_query, 2, NULL, names, NULL, NULL, 0))
        return pg_fail(c, err);
    rc = pg_take(c, PGRES_TUPLES_OK, out, err);
    if (rc == 0 && PQntuples(*out) == 0) {
        PQclear(*out);
        *out = NULL;
        rc = mt_fail(err, MT_ENOTFOUND,
                     "PostgreSQL at %s has no table '%s' that this user may "
                     "see (option 'table-name')",
                     c->target->url->where, r->table);
    }
    return rc;
}

/* A query's columns: from its own description. */
static int ask_query(postgres *c, const jdbc_relation *r, PGresult **out,
                     mt_error **err)
{
    mt_buf sql = {0};
    int rc = 0;

    if (mt_buf_printf(&sql, "SELECT * FROM %s LIMIT 0", r->from) < 0 ||
        mt_buf_byte(&sql, '\0') < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    else if (!PQsendQuery(c->pg, (char *)sql.data))
        rc = pg_fail(c, err);
    mt_buf_fini(&sql);
    return rc < 0 ? rc : pg_take(c, PGRES_TUPLES_OK, out, err);
}

/* One column as the server knows it. */
typedef struct known {
    const char *name;
    uint32_t oid;
    int32_t modifier;
} known;

static int32_t known_len(const jdbc_relation *r, const PGresult *from)
{
    return r->query ? PQnfields(from) : PQntuples(from);
}

static known known_at(const jdbc_relation *r, const PGresult *from, int32_t i)
{
    int64_t oid = 0, modifier = -1;

    if (r->query)
        return (known){PQfname(from, i), PQftype(from, i), PQfmod(from, i)};
    mt_read_i64(PQgetvalue(from, i, 1), (size_t)PQgetlength(from, i, 1), &oid);
    mt_read_i64(PQgetvalue(from, i, 2), (size_t)PQgetlength(from, i, 2),
                &modifier);
    return (known){PQgetvalue(from, i, 0), (uint32_t)oid, (int32_t)modifier};
}

/* The column of that name; failing that, the one that differs in case. */
static int32_t find_known(const jdbc_relation *r, const PGresult *from,
                          const char *name)
{
    int32_t i, found = -1;

    for (i = 0; i < known_len(r, from); i++) {
        const char *other = known_at(r, from, i).name;

        if (!strcmp(other, name))
            return i;
        if (!strcasecmp(other, name))
            found = i;
    }
    return found;
}

static int fail_unknown(const jdbc_relation *r, const PGresult *from,
                        const char *name, mt_error **err)
{
    int32_t i, len = known_len(r, from);
    const char **names = mt_alloc(sizeof(*names) * (size_t)(len + 1));
    const char *near = NULL;
    int rc;

    for (i = 0; names && i < len; i++)
        names[i] = known_at(r, from, i).name;
    if (names)
        near = mt_nearest(name, names, len);
    rc = mt_fail(err, MT_ENOTFOUND, "PostgreSQL's %s has no column '%s'%s%s%s",
                 r->query ? "query" : r->from, name,
                 near ? "; did you mean '" : "", near ? near : "",
                 near ? "'?" : "");
    mt_free(names, sizeof(*names) * (size_t)(len + 1));
    return rc;
}

/* What to read: the column itself where its binary form is ours. */
static int choose_select(jdbc_column *c, const known *k)
{
    mt_buf text = {0};
    int rc;

    c->native = k->oid;
    if (pg_decoder(c->type, k->oid))
        return 0;
    c->native = pg_canonical(c->type);
    rc = mt_buf_printf(&text, "%s::%s", c->name, pg_cast(c->type));
    if (rc == 0)
        c->select = mt_strndup((char *)text.data, text.len);
    mt_buf_fini(&text);
    return c->select ? 0 : MT_ENOMEM;
}

static int resolve_column(jdbc_relation *r, jdbc_column *c,
                          const PGresult *from, bool write, mt_error **err)
{
    int32_t i = find_known(r, from, c->title);
    mt_buf name = {0};
    known k;
    int rc;

    if (i < 0)
        return fail_unknown(r, from, c->title, err);
    k = known_at(r, from, i);
    rc = jdbc_quote(&name, k.name, strlen(k.name), '"');
    mt_strfree(c->name);
    c->name = rc == 0 ? mt_strndup((char *)name.data, name.len) : NULL;
    mt_buf_fini(&name);
    c->exact = pg_is_exact(c->type, k.oid, k.modifier);
    c->text_order = pg_orders_text(k.oid);
    c->native = k.oid;
    if (c->name && !write)
        rc = choose_select(c, &k);
    return rc < 0 || !c->name ? mt_fail(err, MT_ENOMEM, "out of memory") : 0;
}

static int resolve(void *conn, jdbc_relation *r, bool write, mt_error **err)
{
    PGresult *from = NULL;
    int32_t i;
    int rc = r->query ? ask_query(conn, r, &from, err)
                      : ask_table(conn, r, &from, err);

    if (rc == 0 && !r->query) {
        mt_strfree(r->from);
        r->from = mt_strdup(PQgetvalue(from, 0, 3));
        if (!r->from)
            rc = mt_fail(err, MT_ENOMEM, "out of memory");
    }
    for (i = 0; rc == 0 && i < r->columns_len; i++)
        rc = resolve_column(r, &r->columns[i], from, write, err);
    PQclear(from);
    return rc;
}

static int literal(void *conn, const char *text, mt_buf *out, mt_error **err)
{
    postgres *c = conn;
    char *quoted = PQescapeLiteral(c->pg, text, strlen(text));
    int rc;

    if (!quoted)
        return pg_fail(c, err);
    rc = mt_buf_append(out, quoted, strlen(quoted));
    PQfreemem(quoted);
    return rc < 0 ? mt_fail(err, MT_ENOMEM, "out of memory") : 0;
}

/* ---- writing ----------------------------------------------------------- */

/* Insertions are copied, anything else is prepared. */
typedef struct writer {
    bool copies;
    void *own;
} writer;

static void writer_close(void *writer_)
{
    writer *w = writer_;

    if (!w)
        return;
    if (w->copies)
        pg_copy_close(w->own);
    else
        pg_prepared_close(w->own);
    mt_free(w, sizeof(*w));
}

static int writer_open(void *conn, const jdbc_statement *s, void **out,
                       mt_error **err)
{
    writer *w = mt_calloc(sizeof(*w));
    int rc;

    if (!w)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    w->copies = s->action == JDBC_INSERT;
    rc = w->copies ? pg_copy_open(conn, s, &w->own, err)
                   : pg_prepared_open(conn, s, &w->own, err);
    if (rc < 0) {
        writer_close(w);
        return rc;
    }
    *out = w;
    return 0;
}

static int writer_write(void *writer_, mt_batch *batch, const int32_t *rows,
                        int32_t len, mt_error **err)
{
    writer *w = writer_;

    return w->copies ? pg_copy_write(w->own, batch, rows, len, err)
                     : pg_prepared_write(w->own, batch, rows, len, err);
}

static int writer_flush(void *writer_, mt_error **err)
{
    writer *w = writer_;

    return w->copies ? pg_copy_flush(w->own, err) : 0;
}

const jdbc_dialect jdbc_postgres = {
    .system = "postgresql",
    .title = "PostgreSQL",
    .quote = '"',
    .begin = "BEGIN",
    .begin_ro = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    .binary = " COLLATE \"C\"",
    .upsert = jdbc_on_conflict,
    .has_type = has_type,
    .check = pg_check,
    .open = pg_open,
    .close = pg_close,
    .run = pg_run,
    .resolve = resolve,
    .literal = literal,
    .cursor_open = pg_cursor_open,
    .cursor_fetch = pg_cursor_fetch,
    .cursor_close = pg_cursor_close,
    .writer_open = writer_open,
    .writer_write = writer_write,
    .writer_flush = writer_flush,
    .writer_close = writer_close,
    .finder_open = pg_finder_open,
    .finder_find = pg_finder_find,
    .finder_close = pg_prepared_close,
};
