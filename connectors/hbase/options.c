/* options.c - the option table of the hbase connector and the rules that hold
 * between its options.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include "schema.h"

/* ---- the table ----------------------------------------------------------- */

#define OPT(kind, opt_name, member, ...)                                       \
    {                                                                          \
        .name = opt_name, .type = MT_OPT_##kind,                               \
        .offset = offsetof(hbase_options, member), __VA_ARGS__                 \
    }
#define LATER(opt_name)                                                        \
    OPT(STRING, opt_name, unsupported, .flags = MT_OPT_UNSUPPORTED,            \
        .help = NULL)

const mt_option hbase_option_table[] = {
    OPT(STRING, "table-name", table, .flags = MT_OPT_REQUIRED,
        .legacy = "connector.table-name",
        .help = "The table there, perhaps as namespace:table."),
    OPT(STRING, "zookeeper.quorum", quorum, .flags = MT_OPT_REQUIRED,
        .legacy = "connector.zookeeper.quorum",
        .help = "ZooKeeper's servers as host:port, separated by ','; the port "
                "is 2181 unless given."),
    OPT(STRING, "zookeeper.znode.parent", parent, .def = "/hbase",
        .legacy = "connector.zookeeper.znode.parent",
        .help = "Where HBase stands in ZooKeeper."),
    OPT(STRING, "null-string-literal", null_text, .def = "null",
        .help = "How a NULL of a string column is stored; those of other types "
                "are empty values."),
    MT_OPTION_BAD_RECORDS(hbase_options, bad_records),
    OPT(MEMORY, "sink.buffer-flush.max-size", flush_bytes, .def = "2mb",
        .max = INT64_MAX,
        .legacy = "connector.write.buffer-flush.max-size|"
                  "sink.flush-buffer.size",
        .help = "Rows are written when so many bytes of them wait. 0: their "
                "size doesn't matter."),
    OPT(INT, "sink.buffer-flush.max-rows", flush_rows, .def = "1000",
        .max = INT64_MAX,
        .legacy = "connector.write.buffer-flush.max-rows|sink.batch.max-size",
        .help = "Rows are written when so many wait. 0: their number doesn't "
                "matter."),
    OPT(DURATION, "sink.buffer-flush.interval", flush_ms, .def = "1 s",
        .legacy = "connector.write.buffer-flush.interval|"
                  "sink.flush-buffer.timeout",
        .help = "Rows are written when they have waited so long. 0: time "
                "doesn't matter."),
    OPT(BOOL, "sink.ignore-null-value", ignore_null, .def = "false",
        .help = "true: a NULL leaves what is stored as it is."),
    OPT(INT, "sink.max-request-write-attempts", sink_attempts, .def = "0",
        .max = 1000000,
        .help = "How often rows are sent at most. 0: as "
                "'properties.hbase.client.retries.number' says."),
    OPT(INT, "sink.parallelism", sink_parallelism, .min = 1, .max = 32768,
        .help = "Parallelism of the sink; that of its input unless given."),
    OPT(BOOL, "lookup.async", lookup_async, .def = "false",
        .help = "Whatever it says, the keys of a batch are asked for "
                "together."),
    OPT(ENUM, "lookup.cache", lookup_cache, .choices = "NONE|PARTIAL",
        .def = "NONE",
        .help = "Whether lookups keep what they found. PARTIAL is not "
                "supported yet."),
    OPT(INT, "lookup.max-retries", lookup_retries, .def = "3", .max = 1000,
        .help = "How often a lookup is tried again."),
    LATER("lookup.partial-cache.max-rows"),
    LATER("lookup.partial-cache.expire-after-write"),
    LATER("lookup.partial-cache.expire-after-access"),
    LATER("lookup.partial-cache.cache-missing-key"),
    LATER("lookup.cache.max-rows"),
    LATER("lookup.cache.ttl"),
    LATER("sink.requests.max-inflight"),
    LATER("sink.requests.max-buffered"),
    LATER("sink.request-timeout"),
    LATER("sink.fail-on-timeout"),
    LATER("sink.max-record-size"),
    OPT(PREFIX, "properties.*", properties, .legacy = "connector.properties.*",
        .help = "Settings of HBase's client. Used are hbase.rpc.timeout "
                "(60000 ms), hbase.client.retries.number (15), "
                "hbase.client.pause (100 ms), hbase.client.scanner.caching "
                "(10000 rows), hbase.client.scanner.max.result.size (2097152 "
                "bytes), hbase.zookeeper.property.clientPort (2181), "
                "zookeeper.session.timeout (90000 ms)."),
    {0},
};

/* ---- what options mean --------------------------------------------------- */

bool hbase_options_bounded(const void *options)
{
    (void)options;
    return true;
}

uint32_t hbase_options_kinds(const void *options, const mt_table *table)
{
    (void)options;
    (void)table;
    return 1u << MT_INSERT | 1u << MT_UPDATE_BEFORE | 1u << MT_UPDATE_AFTER |
           1u << MT_DELETE;
}

const char *hbase_property(const hbase_options *o, const char *name)
{
    int32_t i;

    for (i = 0; i + 1 < o->properties.len; i += 2)
        if (!strcmp(o->properties.items[i], name))
            return o->properties.items[i + 1];
    return NULL;
}

int64_t hbase_property_int(const hbase_options *o, const char *name,
                           int64_t def)
{
    const char *text = hbase_property(o, name);
    int64_t v;

    return text && mt_read_i64(text, strlen(text), &v) ? v : def;
}

const char *hbase_options_table(const hbase_options *o)
{
    return strncmp(o->table, "default:", 8) ? o->table : o->table + 8;
}

/* ---- rules ----------------------------------------------------------- */

static int refuse(mt_error **err, int code, const char *option,
                  const char *text)
{
    mt_fail(err, code, "%s", text);
    if (err)
        mt_error_set_option(*err, option);
    return code;
}

static const char *const numbers[] = {
    "hbase.rpc.timeout",
    "hbase.client.retries.number",
    "hbase.client.pause",
    "hbase.client.scanner.caching",
    "hbase.client.scanner.max.result.size",
    "hbase.zookeeper.property.clientPort",
    "zookeeper.session.timeout",
};

static int check_properties(const hbase_options *o, mt_error **err)
{
    const char *kind = hbase_property(o, "hbase.security.authentication");
    size_t i;

    if (kind && strcmp(kind, "simple") != 0)
        return mt_fail(err, MT_EUNSUPPORTED,
                       "not supported yet: "
                       "'properties.hbase.security.authentication' = '%s'",
                       kind);
    for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        const char *text = hbase_property(o, numbers[i]);
        int64_t v;

        if (text &&
            (!mt_read_i64(text, strlen(text), &v) || v < 1 || v > INT32_MAX))
            return mt_fail(err, MT_EOPTION,
                           "option 'properties.%s' must be a number above 0, "
                           "is '%s'",
                           numbers[i], text);
    }
    return 0;
}

int hbase_options_check(const void *options, const mt_table *table,
                        mt_error **err)
{
    const hbase_options *o = options;
    hbase_schema schema = {0};
    int rc;

    if (!*o->table)
        return refuse(err, MT_EOPTION, "table-name",
                      "option 'table-name' is empty");
    if (!*o->quorum)
        return refuse(err, MT_EOPTION, "zookeeper.quorum",
                      "option 'zookeeper.quorum' is empty");
    if (o->parent[0] != '/')
        return refuse(err, MT_EOPTION, "zookeeper.znode.parent",
                      "option 'zookeeper.znode.parent' must begin with '/'");
    if (o->lookup_cache == 1)
        return refuse(err, MT_EUNSUPPORTED, "lookup.cache",
                      "not supported yet: 'lookup.cache' = 'PARTIAL'");
    if ((rc = mt_bad_records_check(o->bad_records, false, err)) < 0 ||
        (rc = check_properties(o, err)) < 0)
        return rc;
    rc = hbase_schema_init(&schema, table, err);
    hbase_schema_fini(&schema);
    return rc;
}
