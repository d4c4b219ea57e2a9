/* Jobs that read the embedded broker: from where to where the options say, by
 * as many subtasks as there are, with keys and metadata.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "broker.h"

static void test_modes(void)
{
    make_topic(EMBEDDED, "modes", 1);
    put_numbers("modes", 0, 0, 4);
    EQ_ROWS(EMBEDDED,
            (&(table){TYPE, 2, NULL,
                      READS("modes", "scan.startup.mode=earliest-offset")}),
            "0,v0|1,v1|2,v2|3,v3", "earliest to latest: all there is");
    EQ_ROWS(EMBEDDED,
            (&(table){TYPE, 2, NULL,
                      READS("modes", "scan.startup.mode=latest-offset")}),
            "", "latest to latest: nothing");
    EQ_ROWS(
        EMBEDDED,
        (&(table){TYPE, 2, NULL,
                  READS("modes",
                        "scan.startup.mode=specific-offsets|"
                        "scan.startup.specific-offsets=partition:0,offset:2")}),
        "2,v2|3,v3", "from an offset");
    EQ_ROWS(EMBEDDED,
            (&(table){TYPE, 2, NULL,
                      "topic=modes|format=json|properties.group.id=x|"
                      "scan.startup.mode=earliest-offset|"
                      "scan.bounded.mode=specific-offsets|"
                      "scan.bounded.specific-offsets=partition:0,offset:3"}),
            "0,v0|1,v1|2,v2", "to before an offset");
    HAS_ROWS(
        EMBEDDED,
        (&(table){TYPE, 2, NULL, READS("modes", "properties.group.id=fresh")}),
        "properties.group.id", "two group ids are one too many");
}

static void test_group(void)
{
    static const table t = {TYPE, 2, NULL, READS("groups", "")};
    static const table reset = {
        TYPE, 2, NULL,
        READS("groups", "properties.auto.offset.reset=earliest")};

    make_topic(EMBEDDED, "groups", 1);
    put_numbers("groups", 0, 0, 3);
    HAS_ROWS(EMBEDDED, &t, "group 'g-groups' has no committed offset",
             "a group without offsets must be told where to start");
    EQ_ROWS(EMBEDDED, &reset, "0,v0|1,v1|2,v2", "or by auto.offset.reset");
    EQ_ROWS(EMBEDDED, &t, "", "what was read is committed at the end");
    put_numbers("groups", 0, 3, 5);
    EQ_ROWS(EMBEDDED, &t, "3,v3|4,v4", "the next job goes on there");
    EQ_ROWS(EMBEDDED,
            (&(table){TYPE, 2, NULL,
                      "topic=groups|format=json|properties.group.id=g-groups|"
                      "scan.startup.mode=earliest-offset|"
                      "scan.bounded.mode=group-offsets"}),
            "0,v0|1,v1|2,v2|3,v3|4,v4", "and one may end there");
}

static void test_legacy(void)
{
    make_topic(EMBEDDED, "old", 1);
    put_numbers("old", 0, 0, 3);
    EQ_ROWS(EMBEDDED,
            (&(table){TYPE, 2, NULL,
                      "connector.version=universal|connector.topic=old|"
                      "connector.properties.group.id=new|format.type=json|"
                      "scan.bounded.mode=latest-offset"}),
            "", "the older spelling starts at the latest without offsets");
    EQ_ROWS(
        EMBEDDED,
        (&(table){TYPE, 2, NULL,
                  "connector.version=universal|connector.topic=old|"
                  "connector.startup-mode=specific-offsets|format.type=json|"
                  "connector.specific-offsets.0.partition=0|"
                  "connector.specific-offsets.0.offset=1|"
                  "scan.bounded.mode=latest-offset"}),
        "1,v1|2,v2", "and has its own list of offsets");
}

static void test_partitions(void)
{
    static const char *const reads[] = {
        READS("many", "scan.startup.mode=earliest-offset"),
        "topic-pattern=man.|format=json|properties.group.id=p|"
        "scan.bounded.mode=latest-offset|scan.startup.mode=earliest-offset",
        "topic=many;few|format=json|properties.group.id=p|"
        "scan.bounded.mode=latest-offset|scan.startup.mode=earliest-offset",
    };
    int32_t i, parallelism;
    int len;

    make_topic(EMBEDDED, "many", 5);
    make_topic(EMBEDDED, "few", 1);
    for (i = 0; i < 5; i++)
        put_numbers("many", i, i * 100, i * 100 + 100);
    for (i = 0; i < 3; i++) {
        for (parallelism = 1; parallelism < 9; parallelism += 3) {
            table t = {TYPE, 2, NULL, reads[i]};
            mt_buf rows = rows_of(EMBEDDED, &t, parallelism);

            EQ_INT(sum_rows((char *)rows.data, &len), 499 * 250,
                   "%d subtasks read all partitions once (%s)", parallelism,
                   i == 0   ? "topic"
                   : i == 1 ? "pattern"
                            : "list");
            EQ_INT(len, 500, "each row of them");
            mt_buf_fini(&rows);
        }
    }
}

static void test_keys(void)
{
    static const char type[] = "ROW<`k_id` INT, `k_b` STRING, `a` STRING>";
    static const char keyed[] =
        "format=json|key.format=json|key.fields=k_id;k_b|"
        "key.fields-prefix=k_|value.fields-include=EXCEPT_KEY|topic=keys|"
        "properties.group.id=k|scan.bounded.mode=latest-offset|"
        "scan.startup.mode=earliest-offset";
    char why[512];

    make_topic(EMBEDDED, "keys", 1);
    put(EMBEDDED, "keys", 0, "{\"id\":1,\"b\":\"x\"}", "{\"a\":\"one\"}", 0,
        NULL);
    put(EMBEDDED, "keys", 0, "{\"id\":2}", "{\"a\":\"two\"}", 0, NULL);
    put_all(EMBEDDED);
    EQ_ROWS(EMBEDDED, (&(table){type, 3, NULL, keyed}), "1,x,one|2,null,two",
            "key columns come from the key");
    put(EMBEDDED, "keys", 0, "{\"id\":3}", NULL, 0, NULL);
    put(EMBEDDED, "keys", 0, NULL, "{\"a\":\"four\"}", 0, NULL);
    put(EMBEDDED, "keys", 0, "{\"id\":5}", "{\"a\":\"five\"}", 0, NULL);
    put_all(EMBEDDED);
    EQ_ROWS(EMBEDDED, (&(table){type, 3, NULL, keyed}),
            "1,x,one|2,null,two|null,null,four|5,null,five",
            "tombstones are skipped, without a key its columns are NULL");
    EQ_INT(copy(EMBEDDED, &(table){type, 3, NULL, keyed},
                &(table){type, 3, NULL,
                         "topic=keys-raw|format=json|key.format=json|"
                         "key.fields=k_id;k_b|key.fields-prefix=k_|"
                         "value.fields-include=EXCEPT_KEY"},
                1, why, sizeof(why)),
           1, "keys are written%s", why);
    EQ_ROWS(EMBEDDED,
            (&(table){"ROW<`k` STRING, `v` STRING>", 2, NULL,
                      "topic=keys-raw|key.format=raw|key.fields=k|format=raw|"
                      "value.fields-include=EXCEPT_KEY|properties.group.id=k|"
                      "scan.bounded.mode=latest-offset|"
                      "scan.startup.mode=earliest-offset"}),
            "{\"id\":1,\"b\":\"x\"},{\"a\":\"one\"}|"
            "{\"id\":2,\"b\":null},{\"a\":\"two\"}|"
            "{\"id\":null,\"b\":null},{\"a\":\"four\"}|"
            "{\"id\":5,\"b\":null},{\"a\":\"five\"}",
            "as the format writes them, without the prefix");
}

static void test_metadata(void)
{
    static const table from = {
        "ROW<`id` INT, `t` STRING, `p` INT, `o` BIGINT, "
        "`ts` TIMESTAMP_LTZ(3), `tt` STRING, `h` MAP<STRING, BYTES>, "
        "`l` ARRAY<ROW<`key` STRING, `value` BYTES>>, `e` INT>",
        1,
        "topic;partition;offset;timestamp;timestamp-type;headers;"
        "header-list;leader-epoch",
        READS("meta", "scan.startup.mode=earliest-offset")};
    static const table in = {
        "ROW<`id` INT, `ts` TIMESTAMP_LTZ(3), `h` MAP<STRING, BYTES>>", 1,
        "timestamp;headers",
        READS("meta", "scan.startup.mode=earliest-offset")};
    static const table out = {
        "ROW<`id` INT, `ts` TIMESTAMP_LTZ(3), `h` MAP<STRING, BYTES>>", 1,
        "timestamp;headers", "topic=meta-out|format=json"};
    static const table back = {
        "ROW<`id` INT, `ts` TIMESTAMP_LTZ(3), `h` MAP<STRING, BYTES>>", 1,
        "timestamp;headers",
        READS("meta-out", "scan.startup.mode=earliest-offset")};
    char why[512];
    mt_buf a, b;

    make_topic(EMBEDDED, "meta", 1);
    put(EMBEDDED, "meta", 0, NULL, "{\"id\":7}", 1234567890123, "second");
    put(EMBEDDED, "meta", 0, NULL, "{\"id\":8}", 1234567890999, NULL);
    put_all(EMBEDDED);
    a = rows_of(EMBEDDED, &from, 1);
    HAS_STR((char *)a.data,
            "7,meta,0,0,2009-02-13T23:31:30.123Z,CreateTime,"
            "{h=",
            "topic, partition, offset, timestamp and its type");
    HAS_STR((char *)a.data,
            "8,meta,0,1,2009-02-13T23:31:30.999Z,CreateTime,"
            "{},[],null",
            "no headers are empty ones");
    mt_buf_fini(&a);
    EQ_INT(copy(EMBEDDED, &in, &out, 1, why, sizeof(why)), 1,
           "timestamps and headers are written%s", why);
    a = rows_of(EMBEDDED, &in, 1);
    b = rows_of(EMBEDDED, &back, 1);
    EQ_STR((char *)b.data, (char *)a.data, "and read back the same");
    mt_buf_fini(&a);
    mt_buf_fini(&b);
}

int main(void)
{
    log_quietly();
    test_modes();
    test_group();
    test_legacy();
    test_partitions();
    test_keys();
    test_metadata();
    rd_kafka_destroy(producer(EMBEDDED));
    return tap_done();
}
