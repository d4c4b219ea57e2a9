/* Changes by key into an index, some of them sent again, with one allocation of
 * the funnel after the other made to fail: each job ends for want of memory or
 * does all, but never crashes, hangs or leaks. As many as a second allows are
 * drawn; `test_memory all` tries each.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include "base/clock.h"
#include "edits.h"

enum { BUDGET_MS = 1000 };

static server *s;
static char url[64];

static int write_changes(mt_error **err)
{
    static const edits_options o = {7, 60, 10, 10, 0};
    const char *options[] = {"hosts",
                             url,
                             "index",
                             "i-{s}",
                             "sink.bulk-flush.max-actions",
                             "25",
                             "connection.compression",
                             "gzip",
                             "sink.bulk-flush.backoff.strategy",
                             "CONSTANT",
                             "sink.bulk-flush.backoff.delay",
                             "0",
                             NULL};
    int rc;

    forget_documents(s);
    s->faults[s->faults_len++] = FAULT_NONE;
    s->faults[s->faults_len++] = FAULT_ITEMS;
    s->faults[s->faults_len++] = FAULT_CUT;
    meet(s);
    rc = run_edits(&o, "opensearch", options, "5 s", err);
    meet(s);
    return rc;
}

/* Runs it with allocation `n` failing. */
static bool try(int64_t n, int64_t *failed)
{
    mt__alloc_stats before, after;
    mt_error *err = NULL;
    mt_buf text = {0};
    bool good;
    int rc;

    mt__alloc_read(&before);
    mt__alloc_fail_at(n);
    rc = write_changes(&err);
    *failed += mt__alloc_has_failed();
    mt__alloc_fail_at(0);
    mt_error_text(err, &text);
    mt_buf_byte(&text, '\0');
    good = rc == 1 || strstr((char *)text.data, "memory");
    if (!good)
        NOTE("allocation %lld: %d, %s", (long long)n, rc, (char *)text.data);
    mt_buf_fini(&text);
    mt_error_free(err);
    mt__alloc_read(&after);
    if (after.blocks_live != before.blocks_live)
        NOTE("allocation %lld: %lld blocks left", (long long)n,
             (long long)(after.blocks_live - before.blocks_live));
    return good && after.blocks_live == before.blocks_live;
}

int main(int argc, char **argv)
{
    bool all = argc > 1 && !strcmp(argv[1], "all"), good = true;
    int64_t until_ms, n = 0, calls, failed = 0;
    uint64_t seed = tap_seed();
    mt__alloc_stats before, after;
    mt_error *err = NULL;

    use_built_plugins();
    mt__plugin_register(&edits_connector.plugin, NULL);
    mt__buffer_pool_limit(0);
    s = start_server(1);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d", s->port);
    write_changes(NULL);
    mt__alloc_read(&before);
    EQ_INT(write_changes(&err), 1, "it works as it is");
    mt_error_free(err);
    mt__alloc_read(&after);
    calls = after.calls - before.calls;
    until_ms = mt_now_ms() + BUDGET_MS;
    while (good && (all ? n < calls : mt_now_ms() < until_ms)) {
        n = all ? n + 1 : 1 + (int64_t)tap_below(&seed, (uint64_t)calls);
        good = try(n, &failed);
    }
    OK(good, "it survives a failure of any of %lld allocations",
       (long long)calls);
    OK(failed > 0, "%lld of them were made to fail", (long long)failed);
    stop_server(s);
    return tap_done();
}
