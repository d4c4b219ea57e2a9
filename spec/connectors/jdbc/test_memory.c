/* A copy between two SQLite tables, by key, and a lookup with a cache, with one
 * allocation of the funnel after the other made to fail: each ends for want of
 * memory or does all, but never crashes, hangs or leaks. As many as a second
 * allows are drawn; `test_memory all` tries each.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <sqlite3.h>

#include "base/clock.h"
#include "../table.h"
#include "runtime/lookup.h"

enum { BUDGET_MS = 1000, WAIT_MS = 15000, ROWS = 20 };

static char path[64], url[96];

static void make_file(void)
{
    char sql[256];
    sqlite3 *db;

    snprintf(path, sizeof(path), "/tmp/moontide-jdbc-XXXXXX");
    close(mkstemp(path));
    snprintf(url, sizeof(url), "jdbc:sqlite:%s?synchronous=OFF", path);
    snprintf(sql, sizeof(sql),
             "CREATE TABLE a (id INT, s TEXT, d TEXT); CREATE TABLE b (id INT "
             "PRIMARY KEY, s TEXT, d TEXT); WITH RECURSIVE c(i) AS (SELECT 1 "
             "UNION ALL SELECT i + 1 FROM c WHERE i < %d) INSERT INTO a SELECT "
             "i, 'text ' || i, '2020-01-02' FROM c",
             ROWS);
    sqlite3_open(path, &db);
    sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_close(db);
}

static mt_node make_node(const char *kind, const char **options, int32_t len)
{
    static const int32_t key[] = {0};
    mt_node node = {.kind = kind, .name = kind, .connector = "jdbc"};

    node.type = "ROW<id INT, s STRING, d DATE>";
    node.options = (mt_strings){options, len};
    node.physical_len = -1;
    node.parallelism = 1;
    node.buffer_timeout_ms = MT_UNSET;
    node.primary_key = key;
    node.primary_key_len = 1;
    return node;
}

static int copy_rows(mt_error **err)
{
    const char *from[] = {"url", url, "table-name", "a"};
    const char *to[] = {"url", url, "table-name", "b", "sink.max-retries", "0"};
    mt_node source = make_node("source", from, 4);
    mt_node sink = make_node("sink", to, 6);
    mt_plan *plan = mt_plan_new("copy", err);
    mt_job *job = NULL;
    int32_t a = -1, b = -1;
    int rc = MT_ENOMEM;

    if (plan && (a = mt_plan_add(plan, &source, err)) > 0 &&
        (b = mt_plan_add(plan, &sink, err)) > 0 &&
        mt_plan_connect(plan, a, b, 0, MT_SHIP_FORWARD, NULL, 0, err) == 0 &&
        (job = mt_job_start(plan, err)))
        rc = mt_job_wait(job, WAIT_MS, err);
    mt_job_free(job);
    mt_plan_free(plan);
    return rc;
}

static int look_up(mt_error **err)
{
    static const int32_t keys[] = {0};
    const char *options[] = {"url",
                             url,
                             "table-name",
                             "a",
                             "lookup.cache",
                             "PARTIAL",
                             "lookup.partial-cache.max-rows",
                             "3"};
    mt_node node = make_node("source", options, 8);
    mt__lookup *l = mt__lookup_open(&node, keys, 1, err);
    const int32_t *counts;
    mt_batch *rows = NULL;
    int32_t i;
    int rc = l ? 0 : MT_ENOMEM;

    for (i = 0; rc == 0 && i < 10; i++)
        rc = mt_put_i32(&mt__lookup_keys(l)->columns[0], i % 5);
    if (rc == 0)
        rc = mt__lookup_get(l, &rows, &counts, err);
    mt_batch_unref(rows);
    mt__lookup_close(l);
    return rc < 0 ? rc : 1;
}

/* Runs one of them with allocation `n` failing. */
static bool try(int (*run)(mt_error **), int64_t n, int64_t *failed)
{
    mt__alloc_stats before, after;
    mt_error *err = NULL;
    mt_buf text = {0};
    int rc;

    mt__alloc_read(&before);
    mt__alloc_fail_at(n);
    rc = run(&err);
    *failed += mt__alloc_has_failed();
    mt__alloc_fail_at(0);
    mt_error_text(err, &text);
    mt_buf_byte(&text, '\0');
    if (rc != 1 && !strstr((char *)text.data, "memory"))
        NOTE("allocation %lld: %d, %s", (long long)n, rc, (char *)text.data);
    else
        rc = 1;
    mt_buf_fini(&text);
    mt_error_free(err);
    mt__alloc_read(&after);
    if (after.blocks_live != before.blocks_live)
        NOTE("allocation %lld: %lld blocks left", (long long)n,
             (long long)(after.blocks_live - before.blocks_live));
    return rc == 1 && after.blocks_live == before.blocks_live;
}

static void test_run(const char *what, int (*run)(mt_error **), bool all)
{
    int64_t until_ms, n = 0, calls, failed = 0;
    uint64_t seed = tap_seed();
    mt__alloc_stats before, after;
    bool good = true;

    run(NULL);
    mt__alloc_read(&before);
    EQ_INT(run(NULL), 1, "%s works as it is", what);
    mt__alloc_read(&after);
    calls = after.calls - before.calls;
    until_ms = mt_now_ms() + BUDGET_MS;
    while (good && (all ? n < calls : mt_now_ms() < until_ms)) {
        n = all ? n + 1 : 1 + (int64_t)tap_below(&seed, (uint64_t)calls);
        good = try(run, n, &failed);
    }
    OK(good, "%s survives a failure of any of %lld allocations", what,
       (long long)calls);
    OK(failed > 0, "%lld of them were made to fail", (long long)failed);
}

int main(int argc, char **argv)
{
    bool all = argc > 1 && !strcmp(argv[1], "all");

    use_built_plugins();
    mt__buffer_pool_limit(0);
    make_file();
    test_run("a copy", copy_rows, all);
    test_run("a lookup", look_up, all);
    unlink(path);
    return tap_done();
}
