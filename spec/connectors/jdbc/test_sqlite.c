/* The jdbc connector on SQLite, which needs no server: scans in parts, what is
 * handed to the database, changes by key against a model, refused rows, locks,
 * lookups with their cache.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <sqlite3.h>
#include <sys/stat.h>

#include "../changes.h"
#include "../table.h"
#include "runtime/lookup.h"

static char path[64], url[128];

/* ---- the other side ------------------------------------------------------ */

static void run_sql(const char *sql)
{
    char *message = NULL;
    sqlite3 *db;

    sqlite3_open(path, &db);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        OK(false, "%s: %s", sql, message);
    sqlite3_free(message);
    sqlite3_close(db);
}

static int64_t ask(const char *sql)
{
    sqlite3_stmt *stmt;
    int64_t answer = -1;
    sqlite3 *db;

    sqlite3_open(path, &db);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        answer = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return answer;
}

static void start_file(void)
{
    int fd;

    snprintf(path, sizeof(path), "/tmp/moontide-jdbc-XXXXXX");
    fd = mkstemp(path);
    close(fd);
    snprintf(url, sizeof(url), "jdbc:sqlite:%s", path);
}

/* ---- scanning ----------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    return atoi(*(char *const *)a) - atoi(*(char *const *)b);
}

static void test_parts(void)
{
    spec_table t = {"jdbc",
                    "ROW<id INT, s STRING>",
                    3,
                    {"url", url, "table-name", "n", "scan.partition.column",
                     "id", "scan.partition.num", "7",
                     "scan.partition.lower-bound", "-50",
                     "scan.partition.upper-bound", "949", NULL}};
    records r;
    int32_t i, right = 0;

    run_sql("CREATE TABLE n (id INT, s TEXT);"
            "WITH RECURSIVE c(i) AS (SELECT -100 UNION ALL SELECT i + 1 FROM c "
            "WHERE i < 1000) INSERT INTO n SELECT i, 'x' || i FROM c;"
            "INSERT INTO n VALUES (NULL, 'null')");
    r = read_table(&t, INT32_MAX);
    EQ_INT(r.len, 1000, "each row between the bounds is read once");
    qsort(r.items, (size_t)r.len, sizeof(*r.items), compare);
    for (i = 0; i < r.len; i++)
        right += atoi(r.items[i]) == i - 50;
    EQ_INT(right, 1000, "by one of the subtasks");
    free_records(&r);
}

static void test_storage_classes(void)
{
    spec_table t = {"jdbc",
                    "ROW<b BOOLEAN, i INT, f DOUBLE, d DECIMAL(6, 2), "
                    "s STRING, x BYTES, day DATE, ts TIMESTAMP(3)>",
                    1,
                    {"url", url, "table-name", "c", NULL}};
    records r;

    run_sql("CREATE TABLE c (b, i, f, d, s, x, day, ts);"
            "INSERT INTO c VALUES (1, 2.0, 3, 4.5, 6, x'07', '2020-01-02', "
            "'2020-01-02 03:04:05');"
            "INSERT INTO c VALUES ('true', '2', '3.5', '4.567', x'36', 'a', "
            "86400000, -1);"
            "INSERT INTO c VALUES (NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
            "NULL)");
    r = read_table(&t, INT32_MAX);
    EQ_INT(r.len, 3, "whatever class a value is of");
    if (r.len == 3) {
        EQ_STR(r.items[0],
               "true|2|3.0|4.50|6|[7]|2020-01-02|2020-01-02T03:04:05",
               "numbers and texts");
        EQ_STR(r.items[1],
               "true|2|3.5|4.57|6|[97]|1970-01-02|1969-12-31T23:59:59.999",
               "texts, bytes and times as numbers");
        EQ_STR(r.items[2], "null|null|null|null|null|null|null|null", "NULL");
    }
    free_records(&r);
}

/* A job that must fail with a text. */
static void fails(const spec_table *from, const spec_table *to, int code,
                  const char *text)
{
    mt_error *err = NULL;
    mt_job *job = start_tables(from, to, NULL, &err);
    int rc = job ? mt_job_wait(job, TABLE_WAIT_MS, &err) : mt_error_code(err);
    mt_buf whole = {0};

    EQ_INT(rc, code, "the job fails as it should");
    if (err && mt_error_text(err, &whole) == 0 && mt_buf_byte(&whole, 0) == 0)
        HAS_STR((char *)whole.data, text, "saying: %s", text);
    mt_buf_fini(&whole);
    mt_error_free(err);
    mt_job_free(job);
}

static void test_bad_scans(void)
{
    spec_table sink = {.type = "ROW<i TINYINT>", .parallelism = 1};
    spec_table t = {
        "jdbc", "ROW<i TINYINT>", 1, {"url", url, "table-name", "w", NULL}};
    spec_table none = {
        "jdbc", "ROW<i TINYINT>", 1, {"url", url, "table-name", "x.y", NULL}};
    spec_table nowhere = {
        "jdbc",
        "ROW<i TINYINT>",
        1,
        {"url", "jdbc:sqlite:/nowhere/f", "table-name", "w", NULL}};
    spec_table column = {
        "jdbc", "ROW<j TINYINT>", 1, {"url", url, "table-name", "w", NULL}};

    run_sql("CREATE TABLE w (i); INSERT INTO w VALUES (1), (300)");
    fails(&t, &sink, MT_ERECORD,
          "column \"i\" holds '300', which is no TINYINT");
    fails(&none, &sink, MT_EIO, "no such table: x.y");
    fails(&nowhere, &sink, MT_EIO, "cannot open /nowhere/f");
    sink.type = column.type;
    fails(&column, &sink, MT_EIO, "no such column: j");
}

/* ---- what is handed to the database -------------------------------------- */

/* The queries that were run, by way of the log. */
static char queries[4096];

static void note_query(void *arg, mt_log_level level, const char *who,
                       const char *line)
{
    (void)arg;
    (void)level;
    if (!strcmp(who, "jdbc") && strlen(queries) + strlen(line) < 4000)
        strcat(queries, line);
}

static int32_t read_filtered(const mt_filter *filters, int32_t filters_len,
                             int64_t limit)
{
    const char *options[] = {"url", url, "table-name", "people"};
    mt_node node = {.kind = "source", .name = "s", .connector = "jdbc"};
    mt_node sink = {.kind = "collect", .name = "c"};
    mt_plan *plan = mt_plan_new("filters", NULL);
    records r = {0};
    mt_job *job;
    int32_t from, to, len;

    node.options = (mt_strings){options, 4};
    node.type = "ROW<id INT, name STRING, v DOUBLE>";
    node.physical_len = -1;
    node.parallelism = 1;
    node.buffer_timeout_ms = MT_UNSET;
    node.filters = filters;
    node.filters_len = filters_len;
    node.limit = limit;
    sink.type = node.type;
    sink.physical_len = -1;
    sink.parallelism = 1;
    sink.buffer_timeout_ms = MT_UNSET;
    from = mt_plan_add(plan, &node, NULL);
    to = mt_plan_add(plan, &sink, NULL);
    mt_plan_connect(plan, from, to, 0, MT_SHIP_FORWARD, NULL, 0, NULL);
    queries[0] = '\0';
    mt_log_to(note_query, NULL, MT_LOG_DEBUG);
    job = mt_job_start(plan, NULL);
    take_records(job, to, INT32_MAX, &r, NULL);
    mt_log_to(NULL, NULL, MT_LOG_WARN);
    len = r.len;
    free_records(&r);
    mt_job_free(job);
    mt_plan_free(plan);
    return len;
}

static void test_push(void)
{
    const char *five[] = {"5"}, *names[] = {"n1", "o'n"}, *half[] = {"0.5"};
    mt_filter id = {0, MT_FILTER_LE, {five, 1}};
    mt_filter name = {1, MT_FILTER_IN, {names, 2}};
    mt_filter above = {1, MT_FILTER_GT, {names, 1}};
    mt_filter real = {2, MT_FILTER_EQ, {half, 1}};
    mt_filter both[] = {{0, MT_FILTER_IS_NOT_NULL, {NULL, 0}}, id};

    run_sql("CREATE TABLE people (id INTEGER, name VARCHAR(10), v DOUBLE);"
            "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c "
            "WHERE i < 100) INSERT INTO people SELECT i, 'n' || i, 0.5 FROM c;"
            "INSERT INTO people VALUES (NULL, 'o''n', 0)");
    EQ_INT(read_filtered(NULL, 0, 0), 101, "without conditions all come");
    EQ_INT(read_filtered(NULL, 0, 7), 7, "so many and no more");
    HAS_STR(queries, " LIMIT 7", "as the database was told");
    EQ_INT(read_filtered(&id, 1, 3), 3, "a condition and a limit");
    HAS_STR(queries, " WHERE \"id\" <= 5 LIMIT 3", "both told");
    EQ_INT(read_filtered(&name, 1, 1), 2,
           "texts leave the limit to the engine");
    HAS_STR(queries, " WHERE \"name\" IN ('n1', 'o''n')", "quotes are doubled");
    read_filtered(&above, 1, 0);
    HAS_STR(queries, " WHERE \"name\" COLLATE BINARY > 'n1'",
            "texts compare by bytes");
    EQ_INT(read_filtered(&real, 1, 0), 101,
           "doubles are left to the engine: their texts may differ");
    EQ_INT(read_filtered(both, 2, 0), 5, "several conditions");
    HAS_STR(queries, " WHERE \"id\" IS NOT NULL AND \"id\" <= 5", "all told");
}

/* ---- writing ----------------------------------------------------------- */

enum { STEPS = 6000, KEYS = 40 };

/* Steps of a changelog over few keys: random kinds and values. */
static int steps_poll(void *source, mt_builder *out, int64_t *wake_ms,
                      mt_error **err)
{
    changes_source *c = source;
    int32_t n = 0;

    (void)wake_ms;
    for (; n < 50 && c->next < c->rows; n++, c->next++) {
        uint64_t seed = (uint64_t)(c->length + c->next) * 7919 + 1;
        int32_t key = (int32_t)tap_below(&seed, KEYS);
        mt_row_kind kind = (mt_row_kind)tap_below(&seed, 4);

        mt_builder_set_kind(out, out->rows + n, kind);
        mt_put_i32(&out->columns[0], key);
        if (tap_below(&seed, 5))
            mt_put_i32(&out->columns[1], (int32_t)c->next);
        else
            mt_put_null(&out->columns[1]);
    }
    if (mt_builder_commit(out, err) < 0)
        return MT_ENOMEM;
    return c->next == c->rows ? MT_FLOW_DONE : MT_FLOW_MORE;
}

static mt_connector steps_connector;

static void register_steps(void)
{
    steps_connector = changes_connector;
    steps_connector.plugin.name = "steps";
    steps_connector.source_poll = steps_poll;
    mt__plugin_register(&steps_connector.plugin, NULL);
}

/* What the table must hold in the end, as one sum. */
static int64_t model_steps(int64_t from)
{
    int64_t values[KEYS], sum = 0;
    bool there[KEYS] = {false};
    int64_t i;
    int32_t k;

    for (i = 0; i < STEPS; i++) {
        uint64_t seed = (uint64_t)(from + i) * 7919 + 1;
        int32_t key = (int32_t)tap_below(&seed, KEYS);
        mt_row_kind kind = (mt_row_kind)tap_below(&seed, 4);

        if (kind == MT_UPDATE_BEFORE)
            continue;
        there[key] = kind != MT_DELETE;
        values[key] = tap_below(&seed, 5) ? i : -1;
    }
    for (k = 0; k < KEYS; k++)
        sum += there[k] ? (k + 1) * (values[k] + 10) : 0;
    return sum;
}

/* A sink with the first column as its key. */
static mt_job *start_keyed(const spec_table *from, const spec_table *to,
                           mt_error **err)
{
    static const int32_t key[] = {0};
    mt_plan *plan = mt_plan_new("keyed", err);
    mt_node node = {.kind = "sink", .name = "k", .connector = "jdbc"};
    int32_t source = add_table(plan, "source", from, err), sink;
    mt_job *job = NULL;

    node.options = table_options(to);
    node.type = to->type;
    node.physical_len = -1;
    node.parallelism = 1;
    node.buffer_timeout_ms = MT_UNSET;
    node.primary_key = key;
    node.primary_key_len = 1;
    sink = mt_plan_add(plan, &node, err);
    if (sink > 0 && mt_plan_connect(plan, source, sink, 0, MT_SHIP_FORWARD,
                                    NULL, 0, err) == 0)
        job = mt_job_start(plan, err);
    mt_plan_free(plan);
    return job;
}

static void test_changelog(const char *flush_rows)
{
    char rows[16], seed_text[32];
    int64_t seed = (int64_t)(tap_seed() % 100);
    spec_table from = {"steps",
                       "ROW<k INT, v INT>",
                       1,
                       {"rows", rows, "length", seed_text, NULL}};
    spec_table to = {"jdbc",
                     "ROW<k INT, v INT>",
                     1,
                     {"url", url, "table-name", "kv",
                      "sink.buffer-flush.max-rows", flush_rows, NULL}};
    mt_error *err = NULL;
    mt_job *job;

    snprintf(rows, sizeof(rows), "%d", STEPS);
    snprintf(seed_text, sizeof(seed_text), "%lld", (long long)seed);
    run_sql("DROP TABLE IF EXISTS kv; CREATE TABLE kv (k INT PRIMARY KEY, v)");
    job = start_keyed(&from, &to, &err);
    if (!job || mt_job_wait(job, TABLE_WAIT_MS, &err) != 1)
        OK(false, "the job runs: %s", mt_error_message(err));
    mt_job_free(job);
    mt_error_free(err);
    EQ_INT(ask("SELECT COALESCE(SUM((k + 1) * (COALESCE(v, -1) + 10)), 0) "
               "FROM kv"),
           model_steps(seed), "changes in parts of %s leave what the model has",
           flush_rows);
}

/* Row 777 breaks a rule, and rows 100 to 105. */
static void test_refused_rows(void)
{
    spec_table from = {
        "changes", CHANGES_TYPE, 1, {"rows", "1000", "length", "3", NULL}};
    spec_table to = {"jdbc",
                     CHANGES_TYPE,
                     1,
                     {"url", url, "sink.statement",
                      "INSERT INTO r VALUES (?, ?)",
                      "sink.buffer-flush.max-rows", "300", NULL}};

    run_sql("CREATE TABLE r (n INT CHECK (n <> 777 AND n NOT BETWEEN 100 AND "
            "105), s TEXT)");
    /* The statement takes +I and +U alone. */
    fails(&from, &to, MT_ERECORD, "cannot write a record of kind -U");
    from = (spec_table){"datagen",
                        CHANGES_TYPE,
                        1,
                        {"fields.n.kind", "sequence", "fields.n.start", "0",
                         "fields.n.end", "999", "fields.s.length", "3",
                         "rows-per-second", "1000000", NULL}};
    to.options[5] = "1000";
    fails(&from, &to, MT_ERECORD, "SQLite refuses 7 of 1000 rows");
    EQ_INT(ask("SELECT COUNT(*) FROM r"), 993, "all others are written");
    run_sql("DELETE FROM r");
    fails(&from, &to, MT_ERECORD, "n=100, s=");
    run_sql("DELETE FROM r; DROP TABLE r; CREATE TABLE r (n INT CHECK (n < 0), "
            "s TEXT)");
    fails(&from, &to, MT_ERECORD, "refuses more than 100 of 1000 rows");
}

static void test_nan(void)
{
    spec_table from = {"jdbc",
                       "ROW<v DOUBLE>",
                       1,
                       {"url", url, "connector.read.query",
                        "SELECT 'NaN' AS v UNION ALL SELECT 1", NULL}};
    spec_table to = {
        "jdbc", "ROW<v DOUBLE>", 1, {"url", url, "table-name", "nan", NULL}};

    run_sql("CREATE TABLE nan (v DOUBLE)");
    from.options[4] = "table-name";
    from.options[5] = "unused";
    from.options[6] = NULL;
    fails(&from, &to, MT_ERECORD, "SQLite cannot keep NaN (column 'v')");
    EQ_INT(ask("SELECT COUNT(*) FROM nan"), 1, "the other row is written");
}

static void test_locks(void)
{
    spec_table from = {"datagen",
                       CHANGES_TYPE,
                       1,
                       {"number-of-rows", "10", "fields.s.length", "3", NULL}};
    spec_table to = {
        "jdbc",
        CHANGES_TYPE,
        1,
        {"url", NULL, "table-name", "l", "sink.max-retries", "0", NULL}};
    char impatient[160];
    sqlite3 *db;

    snprintf(impatient, sizeof(impatient), "%s?busy_timeout=30", url);
    to.options[1] = impatient;
    run_sql("CREATE TABLE l (n INT, s TEXT)");
    sqlite3_open(path, &db);
    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    fails(&from, &to, MT_ERETRY, "is locked by another connection for more");
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(db);
}

/* A file that may not grow stands for a full disk. */
static void test_full(void)
{
    spec_table from = {
        "datagen",
        CHANGES_TYPE,
        1,
        {"number-of-rows", "20000", "fields.s.length", "100", NULL}};
    spec_table to = {
        "jdbc",
        CHANGES_TYPE,
        1,
        {"url", NULL, "table-name", "l", "sink.max-retries", "0", NULL}};
    char small[160];

    snprintf(small, sizeof(small), "%s?max_page_count=200", url);
    to.options[1] = small;
    fails(&from, &to, MT_ERETRY, "database or disk is full");
    chmod(path, 0400);
    if (access(path, W_OK) != 0) {
        to.options[1] = url;
        fails(&from, &to, MT_EIO, "readonly database");
    }
    chmod(path, 0600);
}

/* ---- lookups ----------------------------------------------------------- */

static void put_key(mt__lookup *l, int32_t id)
{
    mt_column_builder *c = &mt__lookup_keys(l)->columns[0];

    if (id < 0)
        mt_put_null(c);
    else
        mt_put_i32(c, id);
}

static void test_lookup(const char *cache)
{
    static const int32_t keys[] = {0};
    const char *options[] = {
        "url",
        url,
        "table-name",
        "dim",
        "lookup.cache",
        cache,
        "lookup.partial-cache.max-rows",
        "100",
    };
    mt_node node = {.kind = "source", .name = "dim", .connector = "jdbc"};
    bool cached = !strcmp(cache, "PARTIAL");
    const int32_t *counts;
    mt_batch *rows = NULL;
    mt_error *err = NULL;
    mt__lookup *l;

    run_sql("DROP TABLE IF EXISTS dim; CREATE TABLE dim (id INT, name TEXT);"
            "INSERT INTO dim VALUES (1, 'a'), (2, 'b'), (2, 'c')");
    node.options = (mt_strings){options, 8};
    node.type = "ROW<id INT NOT NULL, name STRING>";
    node.physical_len = -1;
    node.buffer_timeout_ms = MT_UNSET;
    l = mt__lookup_open(&node, keys, 1, &err);
    OK(l, "a lookup opens: %s", err ? mt_error_message(err) : "");
    put_key(l, 2);
    put_key(l, 9);
    put_key(l, -1);
    put_key(l, 1);
    EQ_INT(mt__lookup_get(l, &rows, &counts, &err), 0, "keys are asked for");
    EQ_INT(rows->rows, 3, "rows of all of them come");
    OK(counts[0] == 2 && !counts[1] && !counts[2] && counts[3] == 1,
       "key by key, none for NULL");
    mt_batch_unref(rows);
    run_sql("DELETE FROM dim WHERE id = 2; INSERT INTO dim VALUES (9, 'z')");
    put_key(l, 2);
    put_key(l, 9);
    mt__lookup_get(l, &rows, &counts, &err);
    EQ_INT(rows->rows, cached ? 2 : 1, "%s",
           cached ? "what is kept is not asked for again"
                  : "without a cache all is asked for again");
    mt_batch_unref(rows);
    mt__lookup_close(l);
}

static void test_bad_lookups(void)
{
    static const int32_t keys[] = {0};
    const char *options[] = {"url", url, "table-name", "nothing"};
    mt_node node = {.kind = "source", .name = "dim", .connector = "jdbc"};
    mt_error *err = NULL;

    node.options = (mt_strings){options, 4};
    node.type = "ROW<id INT>";
    node.physical_len = -1;
    node.buffer_timeout_ms = MT_UNSET;
    OK(!mt__lookup_open(&node, keys, 1, &err), "a table that is not there");
    HAS_STR(mt_error_message(err), "no such table: nothing", "is named");
    mt_error_free(err);
    err = NULL;
    node.connector = "datagen";
    node.options.len = 0;
    OK(!mt__lookup_open(&node, keys, 1, &err), "a connector without lookups");
    HAS_STR(mt_error_message(err), "'datagen' cannot look rows up",
            "is refused");
    mt_error_free(err);
}

int main(void)
{
    int64_t blocks;

    use_built_plugins();
    register_changes();
    register_steps();
    start_file();
    test_bad_scans(); /* loads the plug-in */
    blocks = live_blocks();
    test_parts();
    test_storage_classes();
    test_push();
    test_changelog("100");
    test_changelog("1");
    test_changelog("0");
    test_refused_rows();
    test_nan();
    test_locks();
    test_full();
    test_lookup("PARTIAL");
    test_lookup("NONE");
    test_bad_lookups();
    OK(live_blocks() <= blocks + 4, "nothing is left behind");
    unlink(path);
    return tap_done();
}
