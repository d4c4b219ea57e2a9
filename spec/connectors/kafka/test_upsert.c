/* upsert-kafka on the embedded broker: changes in, changes out.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "broker.h"

#define TYPE_UP "ROW<`id` INT NOT NULL, `a` STRING>"
#define UPSERT "connector=upsert-kafka|key.format=json|value.format=json|"
#define BOUNDED "scan.bounded.mode=latest-offset|"
#define KEY(id) "{\"id\":" #id "}"

/* Keys and values of a topic as they are. */
#define RAW(topic)                                                             \
    (&(table){"ROW<`k` STRING, `v` STRING>", 2, NULL,                          \
              "topic=" topic "|" BOUNDED "value.format=raw|key.format=raw|"    \
              "key.fields=k|value.fields-include=EXCEPT_KEY|"                  \
              "scan.startup.mode=earliest-offset"})

static void put_changes(const char *topic)
{
    make_topic(EMBEDDED, topic, 1);
    put(EMBEDDED, topic, 0, KEY(1), "{\"id\":1,\"a\":\"x\"}", 0, NULL);
    put(EMBEDDED, topic, 0, KEY(2), "{\"id\":2,\"a\":\"y\"}", 0, NULL);
    put(EMBEDDED, topic, 0, KEY(1), NULL, 0, NULL);
    put(EMBEDDED, topic, 0, NULL, "{\"id\":9,\"a\":\"no key\"}", 0, NULL);
    put(EMBEDDED, topic, 0, KEY(2), "{\"id\":2,\"a\":\"z\"}", 0, NULL);
    put_all(EMBEDDED);
}

static void test_reads(void)
{
    table t = {TYPE_UP, 2, NULL, "topic=changes|" BOUNDED UPSERT};

    put_changes("changes");
    EQ_ROWS(EMBEDDED, &t, "+U 1,x|+U 2,y|-D 1,null|+U 2,z",
            "values are +U, tombstones -D, what has no key is nothing");
    make_topic(EMBEDDED, "full", 1);
    put(EMBEDDED, "full", 0, KEY(1), "{\"id\":1,\"a\":\"x\"}", 0, NULL);
    put(EMBEDDED, "full", 0, KEY(2), "{\"id\":2,\"a\":\"y\"}", 0, NULL);
    put_all(EMBEDDED);
    t.options = "topic=full|" BOUNDED UPSERT;
    EQ_ROWS(EMBEDDED, &t, "+U 1,x|+U 2,y", "also all at once");
    t = (table){"ROW<`k_id` INT NOT NULL, `a` STRING, `o` BIGINT NOT NULL>", 2,
                "offset",
                "topic=changes|" BOUNDED UPSERT
                "key.fields-prefix=k_|value.fields-include=EXCEPT_KEY"};
    EQ_ROWS(EMBEDDED, &t, "+U 1,x,0|+U 2,y,1|-D 1,null,2|+U 2,z,4",
            "keys may be in the key alone, and there is metadata");
}

static void test_writes(void)
{
    static const table from = {TYPE_UP, 2, NULL,
                               "topic=changes|" BOUNDED UPSERT};
    table to = {TYPE_UP, 2, NULL, "topic=copied|" UPSERT};
    char why[512];

    make_topic(EMBEDDED, "copied", 1);
    EQ_INT(copy(EMBEDDED, &from, &to, 1, why, sizeof(why)), 1,
           "changes are written%s", why);
    EQ_ROWS(EMBEDDED, RAW("copied"),
            "{\"id\":1},{\"id\":1,\"a\":\"x\"}|"
            "{\"id\":2},{\"id\":2,\"a\":\"y\"}|{\"id\":1},null|"
            "{\"id\":2},{\"id\":2,\"a\":\"z\"}",
            "by key, deletions as tombstones");
    make_topic(EMBEDDED, "last", 1);
    to.options = "topic=last|" UPSERT "value.fields-include=EXCEPT_KEY|"
                 "sink.buffer-flush.max-rows=100|"
                 "sink.buffer-flush.interval=1 h";
    EQ_INT(copy(EMBEDDED, &from, &to, 1, why, sizeof(why)), 1,
           "they may wait for later ones%s", why);
    EQ_ROWS(EMBEDDED, RAW("last"), "{\"id\":1},null|{\"id\":2},{\"a\":\"z\"}",
            "of which the last of each key remains");
}

/* Many changes of few keys through a small buffer: what is left at the end must
 * be each key's last value. */
static void test_buffer(void)
{
    static const table from = {TYPE_UP, 2, NULL, "topic=many|" BOUNDED UPSERT};
    static const table to = {TYPE_UP, 2, NULL,
                             "topic=fewer|" UPSERT
                             "sink.buffer-flush.max-rows=5|"
                             "sink.buffer-flush.interval=1 h"};
    char key[32], value[64], why[512];
    uint64_t seed = tap_seed();
    int last[20] = {0}, got[20] = {0}, id, i, records = 0;
    mt_buf rows;
    char *at, *save;

    make_topic(EMBEDDED, "many", 1);
    make_topic(EMBEDDED, "fewer", 1);
    for (i = 1; i <= 2000; i++) {
        id = (int)tap_below(&seed, 20);
        last[id] = tap_below(&seed, 4) ? i : 0;
        snprintf(key, sizeof(key), "{\"id\":%d}", id);
        snprintf(value, sizeof(value), "{\"id\":%d,\"a\":\"%d\"}", id, i);
        put(EMBEDDED, "many", 0, key, last[id] ? value : NULL, 0, NULL);
    }
    put_all(EMBEDDED);
    EQ_INT(copy(EMBEDDED, &from, &to, 1, why, sizeof(why)), 1,
           "many changes go through a small buffer%s", why);
    rows = rows_of(
        EMBEDDED, &(table){TYPE_UP, 2, NULL, "topic=fewer|" BOUNDED UPSERT}, 1);
    for (at = strtok_r((char *)rows.data, "|", &save); at;
         at = strtok_r(NULL, "|", &save), records++) {
        id = (int)strtol(at + 3, &at, 10);
        got[id] = (int)strtol(at + 1, NULL, 10);
    }
    OK(memcmp(got, last, sizeof(got)) == 0, "each key's last value arrives");
    OK(records < 2000, "by fewer records than came: %d", records);
    mt_buf_fini(&rows);
}

int main(void)
{
    log_quietly();
    test_reads();
    test_writes();
    test_buffer();
    rd_kafka_destroy(producer(EMBEDDED));
    return tap_done();
}
