/* lookup.c - finding rows by key.
 *
 * Keys that the cache has cost nothing outside. The others are asked for one
 * by one on a prepared statement; what was found for them is sealed as one
 * small batch a key, so that the cache frees row by row.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "lookup.h"

#include "cache.h"
#include "keys.h"
#include "session.h"
#include "statement.h"

#define CACHE_ROWS 10000

typedef struct lookup {
    mt_context *ctx;
    const jdbc_options *options;
    const mt_table *table;
    jdbc_session session;
    jdbc_relation relation;
    jdbc_statement statement;
    int32_t *columns; /* of the key batch: 0, 1, 2 ... */
    int32_t keys_len;
    void *finder;      /* NULL: not prepared on this connection yet */
    jdbc_cache *cache; /* NULL: nothing is kept */
    mt_builder *found; /* what one key has */
    mt_buf key;
    mt_metric *hits;
    mt_metric *misses;
    mt_metric *kept;
} lookup;

/* ---- open, close --------------------------------------------------------- */

/* SELECT ... WHERE a = ? AND b = ? */
static int write_statement(lookup *l, const int32_t *keys, mt_error **err)
{
    mt_buf *sql = &l->statement.sql;
    int rc = jdbc_select(&l->relation, sql);
    int32_t i;

    for (i = 0; i < l->keys_len; i++)
        rc |= mt_buf_printf(sql, "%s%s = ?", i ? " AND " : " WHERE ",
                            l->relation.columns[keys[i]].name);
    rc |= mt_buf_byte(sql, '\0');
    l->statement.params = l->columns;
    l->statement.params_len = l->keys_len;
    l->statement.action = JDBC_STATEMENT;
    return rc ? mt_fail(err, MT_ENOMEM, "out of memory") : 0;
}

static int connect(lookup *l, mt_error **err)
{
    const jdbc_dialect *d = l->session.dialect;
    int rc = jdbc_session_connect(&l->session, err);

    if (rc == 0 && !l->finder)
        rc = d->finder_open(l->session.connection, &l->relation, &l->statement,
                            &l->finder, err);
    return rc;
}

static void disconnect(lookup *l)
{
    if (l->finder)
        l->session.dialect->finder_close(l->finder);
    l->finder = NULL;
    jdbc_session_disconnect(&l->session);
}

static int open_cache(lookup *l, mt_error **err)
{
    const jdbc_options *o = l->options;

    if (!jdbc_options_caches(o))
        return 0;
    l->cache =
        jdbc_cache_new(o->cache_rows == MT_UNSET ? CACHE_ROWS : o->cache_rows,
                       o->cache_write_ms, o->cache_access_ms);
    return l->cache ? 0 : mt_fail(err, MT_ENOMEM, "out of memory");
}

static int check_keys(const lookup *l, const int32_t *keys, mt_error **err)
{
    int32_t i;

    for (i = 0; i < l->keys_len; i++)
        if (mt_type_column(l->table->type, keys[i])->kind == MT_ARRAY)
            return mt_fail(err, MT_EUNSUPPORTED,
                           "not supported yet: a lookup by column '%s', an "
                           "array",
                           mt_type_column_name(l->table->type, keys[i]));
    return 0;
}

static int init_lookup(lookup *l, const int32_t *keys, mt_error **err)
{
    const mt_table *t = l->table;
    int32_t i;
    int rc = jdbc_session_init(&l->session, l->ctx, l->options, err);

    if (rc == 0)
        rc = check_keys(l, keys, err);
    if (rc == 0)
        rc = jdbc_relation_init(&l->relation, l->session.dialect, l->options,
                                t->type, t->physical_len, err);
    if (rc == 0)
        rc = open_cache(l, err);
    if (rc < 0)
        return rc;
    l->columns = mt_alloc(sizeof(int32_t) * (size_t)l->keys_len);
    if (!l->columns)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (i = 0; i < l->keys_len; i++)
        l->columns[i] = i;
    l->found = mt_builder_new(t->type, 0, err);
    if (!l->found)
        return MT_ENOMEM;
    if ((rc = jdbc_session_connect(&l->session, err)) < 0)
        return rc;
    rc = l->session.dialect->resolve(l->session.connection, &l->relation, false,
                                     err);
    if (rc == 0)
        rc = write_statement(l, keys, err);
    return rc < 0 ? rc : connect(l, err);
}

int jdbc_lookup_open(mt_context *ctx, const void *options,
                     const mt_table *table, const int32_t *keys,
                     int32_t keys_len, void **out, mt_error **err)
{
    lookup *l = mt_calloc(sizeof(*l));
    int rc;

    if (!l)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    l->ctx = ctx;
    l->options = options;
    l->table = table;
    l->keys_len = keys_len;
    l->hits = mt_context_metric(ctx, "lookup.cache.hits");
    l->misses = mt_context_metric(ctx, "lookup.cache.misses");
    l->kept = mt_context_metric(ctx, "lookup.cache.rows");
    rc = init_lookup(l, keys, err);
    if (rc < 0) {
        jdbc_lookup_close(l);
        return rc;
    }
    *out = l;
    return 0;
}

void jdbc_lookup_close(void *lookup_or_null)
{
    lookup *l = lookup_or_null;

    if (!l)
        return;
    disconnect(l);
    jdbc_cache_free(l->cache);
    mt_builder_free(l->found);
    jdbc_statement_fini(&l->statement);
    jdbc_relation_fini(&l->relation);
    jdbc_session_fini(&l->session);
    mt_buf_fini(&l->key);
    mt_free(l->columns, sizeof(int32_t) * (size_t)l->keys_len);
    mt_free(l, sizeof(*l));
}

/* ---- finding ----------------------------------------------------------- */

static int copy_rows(mt_builder *out, mt_batch *batch, int32_t from,
                     int32_t len, mt_error **err)
{
    int32_t i, row;
    int rc = 0;

    for (i = 0; i < out->columns_len; i++)
        for (row = from; rc == 0 && row < from + len; row++)
            rc = mt_put_from(&out->columns[i], &batch->columns[i], row);
    return rc < 0 ? mt_fail(err, MT_ENOMEM, "out of memory") : 0;
}

/* Asks outside, on a new connection where the old one is lost. */
static int find(lookup *l, mt_batch *keys, int32_t row, mt_error **err)
{
    int64_t n, max = l->options->lookup_retries;
    int32_t found;
    int rc = MT_ERETRY;

    for (n = 0; rc == MT_ERETRY && n <= max; n++) {
        if (n > 0) {
            disconnect(l);
            if ((rc = jdbc_session_pause(&l->session, n, max, err)) < 0)
                return rc;
        }
        mt_builder_rollback(l->found);
        if ((rc = connect(l, err)) == 0)
            rc = l->session.dialect->finder_find(l->finder, keys, row, l->found,
                                                 &found, err);
    }
    if (rc == 0)
        rc = mt_builder_commit(l->found, err);
    else
        mt_builder_rollback(l->found);
    if (rc == MT_ERETRY)
        return mt_fail_context(err,
                               "a lookup failed %lld times "
                               "('lookup.max-retries')",
                               (long long)max + 1);
    return rc;
}

static int find_and_keep(lookup *l, mt_batch *keys, int32_t row,
                         mt_builder *out, int32_t *count, mt_error **err)
{
    mt_batch *batch = NULL;
    int rc = find(l, keys, row, err);

    if (rc == 0)
        rc = mt_builder_seal(l->found, &batch, err);
    if (rc < 0)
        return rc;
    *count = batch->rows;
    rc = copy_rows(out, batch, 0, batch->rows, err);
    if (rc == 0 && l->cache && (batch->rows > 0 || l->options->cache_missing) &&
        jdbc_cache_put(l->cache, l->key.data, l->key.len, mt_now_ms(), batch, 0,
                       batch->rows) < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    mt_batch_unref(batch);
    return rc;
}

static bool has_null(const mt_batch *keys, int32_t row)
{
    int32_t i;

    for (i = 0; i < keys->columns_len; i++)
        if (mt_column_is_null(&keys->columns[i], row))
            return true;
    return false;
}

static int get_row(lookup *l, mt_batch *keys, int32_t row, mt_builder *out,
                   int32_t *count, mt_error **err)
{
    mt_batch *batch;
    int32_t from;

    *count = 0;
    if (has_null(keys, row))
        return 0;
    if (!l->cache)
        return find_and_keep(l, keys, row, out, count, err);
    l->key.len = 0;
    if (jdbc_key_append(&l->key, keys, l->columns, l->keys_len, row) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    if (!jdbc_cache_get(l->cache, l->key.data, l->key.len, mt_now_ms(), &batch,
                        &from, count)) {
        mt_metric_add(l->misses, 1);
        return find_and_keep(l, keys, row, out, count, err);
    }
    mt_metric_add(l->hits, 1);
    return *count > 0 ? copy_rows(out, batch, from, *count, err) : 0;
}

int jdbc_lookup_get(void *lookup_, mt_batch *keys, mt_builder *out,
                    int32_t *counts, mt_error **err)
{
    lookup *l = lookup_;
    int32_t row;
    int rc = mt_batch_complete(keys, err);

    for (row = 0; rc == 0 && row < keys->rows; row++)
        rc = get_row(l, keys, row, out, &counts[row], err);
    if (rc == 0)
        rc = mt_builder_commit(out, err);
    else
        mt_builder_rollback(out);
    if (l->cache)
        mt_metric_set(l->kept, jdbc_cache_rows(l->cache));
    return rc;
}
