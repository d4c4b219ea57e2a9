/* options.c - the option table of the jdbc connector and the rules that hold
 * between its options.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <stdio.h>

#include "dialect.h"
#include "statement.h"

/* ---- the table ----------------------------------------------------------- */

#define OPT(kind, opt_name, member, ...)                                       \
    {                                                                          \
        .name = opt_name, .type = MT_OPT_##kind,                               \
        .offset = offsetof(jdbc_options, member), __VA_ARGS__                  \
    }

const mt_option jdbc_option_table[] = {
    OPT(STRING, "url", url, .flags = MT_OPT_REQUIRED, .legacy = "connector.url",
        .help = "jdbc:postgresql://host:port/db, jdbc:mysql://host:port/db, "
                "jdbc:mariadb://host:port/db or jdbc:sqlite:path, with "
                "parameters behind '?'."),
    OPT(STRING, "table-name", table, .legacy = "connector.table",
        .help = "The table there, perhaps as schema.table."),
    OPT(STRING, "driver", driver, .legacy = "connector.driver",
        .help = "A Java class, ignored: the URL says which system it is."),
    OPT(STRING, "username", username, .legacy = "connector.username",
        .help = "Who connects."),
    OPT(STRING, "password", password, .legacy = "connector.password",
        .flags = MT_OPT_SECRET, .help = "Needs 'username'."),
    OPT(DURATION, "connection.max-retry-timeout", connect_ms,
        .legacy = "connector.connection.max-retry-timeout", .def = "60 s",
        .min = 1000, .max = INT64_MAX,
        .help = "How long one attempt to connect may take."),
    OPT(STRING, "compatible-mode", unsupported, .flags = MT_OPT_UNSUPPORTED,
        .help = NULL),
    OPT(STRING, "connector.read.query", query,
        .help = "A query to scan in place of the table."),
    OPT(STRING, "scan.partition.column", partition_column,
        .legacy = "connector.read.partition.column",
        .help = "A numeric, date or timestamp column by which the scan is "
                "split. Rows outside of the bounds, and with NULL in it, are "
                "not read."),
    OPT(INT, "scan.partition.num", partition_num,
        .legacy = "connector.read.partition.num", .min = 1, .max = 1000000,
        .help = "Into how many parts; they are dealt to the subtasks."),
    OPT(INT, "scan.partition.lower-bound", partition_lower,
        .legacy = "connector.read.partition.lower-bound",
        .help = "Smallest value of the first part (days since 1970 for a "
                "date, ms for a timestamp)."),
    OPT(INT, "scan.partition.upper-bound", partition_upper,
        .legacy = "connector.read.partition.upper-bound",
        .help = "Largest value of the last part."),
    OPT(INT, "scan.fetch-size", fetch_size,
        .legacy = "connector.read.fetch-size", .def = "0", .max = INT64_MAX,
        .help = "Rows taken over at a time; 0: as many as a batch holds. "
                "Results are streamed, whatever it says."),
    OPT(BOOL, "scan.auto-commit", auto_commit, .def = "true",
        .help = "false: a subtask reads all its parts in one transaction."),
    OPT(INT, "scan.parallelism", scan_parallelism, .min = 1, .max = 32768,
        .help = "Parallelism of the source; the job's unless given."),
    OPT(ENUM, "filter.handling.policy", filter_policy, .def = "always",
        .choices = "always|never",
        .help = "Whether conditions of a query are handed to the server."),
    OPT(ENUM, "lookup.cache", lookup_cache, .choices = "NONE|PARTIAL",
        .help = "Whether lookups keep what they found. NONE unless the older "
                "options 'lookup.cache.max-rows' and 'lookup.cache.ttl' are "
                "given."),
    OPT(INT, "lookup.partial-cache.max-rows", cache_rows,
        .legacy = "lookup.cache.max-rows|connector.lookup.cache.max-rows",
        .min = 1, .max = INT64_MAX,
        .help = "Rows kept; the ones used longest ago go first. 10000 unless "
                "given."),
    OPT(DURATION, "lookup.partial-cache.expire-after-write", cache_write_ms,
        .legacy = "lookup.cache.ttl|connector.lookup.cache.ttl",
        .help = "How long a row is kept after it was read."),
    OPT(DURATION, "lookup.partial-cache.expire-after-access", cache_access_ms,
        .help = "How long a row is kept after it was last asked for."),
    OPT(BOOL, "lookup.partial-cache.cache-missing-key", cache_missing,
        .legacy = "lookup.cache.caching-missing-key", .def = "true",
        .help = "Whether it is kept that a key has no row."),
    OPT(INT, "lookup.max-retries", lookup_retries,
        .legacy = "connector.lookup.max-retries", .def = "3", .max = 1000,
        .help = "How often a lookup is tried again, on a new connection, after "
                "1 s, 2 s ..."),
    OPT(INT, "sink.buffer-flush.max-rows", flush_rows,
        .legacy = "connector.write.flush.max-rows", .def = "100",
        .max = INT64_MAX,
        .help = "Rows are written when so many wait. 0: only the interval and "
                "checkpoints say when."),
    OPT(DURATION, "sink.buffer-flush.interval", flush_ms,
        .legacy = "connector.write.flush.interval", .def = "1 s",
        .help = "Rows are written when they have waited so long. 0: only "
                "their number and checkpoints say when."),
    OPT(INT, "sink.max-retries", sink_retries,
        .legacy = "connector.write.max-retries", .def = "3", .max = 1000,
        .help = "How often rows are written again, on a new connection, after "
                "1 s, 2 s ..."),
    OPT(INT, "sink.parallelism", sink_parallelism, .min = 1, .max = 32768,
        .help = "Parallelism of the sink; that of its input unless given."),
    OPT(STRING, "sink.statement", statement,
        .help = "A statement with a '?' a column, run for each row in place "
                "of writing to 'table-name'; what JdbcSink uses."),
    {0},
};

/* ---- what options mean --------------------------------------------------- */

bool jdbc_options_bounded(const void *options)
{
    (void)options;
    return true;
}

uint32_t jdbc_options_kinds(const void *options, const mt_table *table)
{
    const jdbc_options *o = options;

    if (o->statement)
        return 1u << MT_INSERT | 1u << MT_UPDATE_AFTER;
    if (!table->primary_key_len)
        return 1u << MT_INSERT;
    return 1u << MT_INSERT | 1u << MT_UPDATE_BEFORE | 1u << MT_UPDATE_AFTER |
           1u << MT_DELETE;
}

bool jdbc_options_caches(const jdbc_options *o)
{
    if (o->lookup_cache >= 0)
        return o->lookup_cache == 1;
    return o->cache_rows != MT_UNSET && o->cache_write_ms != MT_UNSET;
}

/* ---- rules ----------------------------------------------------------- */

static int check_target(const jdbc_options *o, const mt_table *table,
                        mt_error **err)
{
    bool query = table->sink ? o->statement != NULL : o->query != NULL;

    if (o->password && !o->username)
        return mt_fail_option(err, "username",
                              "option 'password' needs 'username'");
    if (!o->table && !query)
        return mt_fail_option(err, "table-name",
                              "a jdbc table needs option 'table-name'");
    if (o->table && !*o->table)
        return mt_fail_option(err, "table-name",
                              "option 'table-name' is empty");
    if (o->table && table->sink && query)
        return mt_fail_option(err, "sink.statement",
                              "options 'table-name' and 'sink.statement' "
                              "exclude each other");
    return 0;
}

static int check_columns(const jdbc_dialect *dialect, const mt_table *table,
                         mt_error **err)
{
    mt_buf text = {0};
    int32_t i;

    for (i = 0; i < mt_type_columns_len(table->type); i++) {
        const mt_type *type = mt_type_column(table->type, i);

        if (dialect->has_type(type))
            continue;
        if (mt_type_text(type, &text) == 0 && mt_buf_byte(&text, '\0') == 0)
            mt_fail(err, MT_ETYPE, "%s has no type for column '%s' of type %s",
                    dialect->title, mt_type_column_name(table->type, i),
                    (const char *)text.data);
        else
            mt_fail(err, MT_ENOMEM, "out of memory");
        mt_buf_fini(&text);
        return err ? mt_error_code(*err) : MT_ETYPE;
    }
    return 0;
}

static int check_primary_key(const mt_table *table, mt_error **err)
{
    int32_t i;

    for (i = 0; table->sink && i < table->primary_key_len; i++)
        if (mt_type_column(table->type, table->primary_key[i])->kind ==
            MT_ARRAY)
            return mt_fail(
                err, MT_EUNSUPPORTED,
                "not supported yet: PRIMARY KEY (%s), which is an array",
                mt_type_column_name(table->type, table->primary_key[i]));
    return 0;
}

static bool is_partition_type(const mt_type *type)
{
    switch (type->kind) {
    case MT_TINYINT:
    case MT_SMALLINT:
    case MT_INT:
    case MT_BIGINT:
    case MT_FLOAT:
    case MT_DOUBLE:
    case MT_DECIMAL:
    case MT_DATE:
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        return true;
    default:
        return false;
    }
}

static int check_partition(const jdbc_options *o, const mt_table *table,
                           mt_error **err)
{
    int given = (o->partition_column != NULL) + (o->partition_num != MT_UNSET) +
                (o->partition_lower != MT_UNSET) +
                (o->partition_upper != MT_UNSET);
    int32_t column;

    if (given == 0 || table->sink)
        return 0;
    if (given < 4)
        return mt_fail_option(
            err, "scan.partition.column",
            "options 'scan.partition.column', 'scan.partition.num', "
            "'scan.partition.lower-bound' and 'scan.partition.upper-bound' go "
            "together; %d of the 4 are given",
            given);
    if (o->partition_lower > o->partition_upper)
        return mt_fail_option(
            err, "scan.partition.lower-bound",
            "option 'scan.partition.lower-bound' must not be above "
            "'scan.partition.upper-bound', is %lld and %lld",
            (long long)o->partition_lower, (long long)o->partition_upper);
    /* A query may have narrowed the table to other columns. */
    column = mt_type_field(table->type, o->partition_column);
    if (column < 0 || is_partition_type(mt_type_column(table->type, column)))
        return 0;
    return mt_fail_option(
        err, "scan.partition.column",
        "option 'scan.partition.column' must name a numeric, date or "
        "timestamp column; '%s' is none",
        o->partition_column);
}

static int check_statement(const jdbc_options *o, const mt_table *table,
                           mt_error **err)
{
    int32_t columns = mt_type_columns_len(table->type);
    int32_t marks;

    if (!o->statement || !table->sink)
        return 0;
    marks = jdbc_count_marks(o->statement);
    if (marks == columns)
        return 0;
    return mt_fail_option(
        err, "sink.statement",
        "the statement has %d '?' for the %d columns of a row: %s", marks,
        columns, o->statement);
}

static int check_cache(const jdbc_options *o, mt_error **err)
{
    bool rows = o->cache_rows != MT_UNSET;
    bool age = o->cache_write_ms != MT_UNSET || o->cache_access_ms != MT_UNSET;

    if (o->lookup_cache == 1 && !rows && !age)
        return mt_fail_option(
            err, "lookup.cache",
            "option 'lookup.cache' = 'PARTIAL' needs a bound: "
            "'lookup.partial-cache.max-rows', "
            "'lookup.partial-cache.expire-after-write' or "
            "'lookup.partial-cache.expire-after-access'");
    return 0;
}

int jdbc_options_check(const void *options, const mt_table *table,
                       mt_error **err)
{
    const jdbc_options *o = options;
    const jdbc_dialect *dialect = NULL;
    jdbc_url url;
    int rc;

    rc = jdbc_url_init(&url, o->url, err);
    if (rc == 0)
        rc = jdbc_dialect_of(&url, &dialect, err);
    if (rc == 0)
        rc = dialect->check(&url, err);
    jdbc_url_fini(&url);
    if (rc < 0 || (rc = check_target(o, table, err)) < 0 ||
        (rc = check_columns(dialect, table, err)) < 0 ||
        (rc = check_primary_key(table, err)) < 0 ||
        (rc = check_partition(o, table, err)) < 0 ||
        (rc = check_statement(o, table, err)) < 0)
        return rc;
    return check_cache(o, err);
}
