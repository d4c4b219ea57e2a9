/* Jobs that write to the embedded broker: nothing lost, nothing changed, and
 * what cannot be written is told.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "broker.h"

static void test_copy(void)
{
    static const table from = {
        TYPE, 2, NULL, READS("source", "scan.startup.mode=earliest-offset")};
    char why[512];
    mt_buf rows;
    int i, len;

    make_topic(EMBEDDED, "source", 3);
    for (i = 0; i < 3; i++)
        put_numbers("source", i, i * 1000, i * 1000 + 1000);
    make_topic(EMBEDDED, "target", 2);
    EQ_INT(copy(EMBEDDED, &from,
                &(table){TYPE, 2, NULL, "topic=target|format=json"}, 2, why,
                sizeof(why)),
           1, "a topic is copied by two subtasks%s", why);
    rows =
        rows_of(EMBEDDED,
                &(table){TYPE, 2, NULL,
                         READS("target", "scan.startup.mode=earliest-offset")},
                3);
    EQ_INT(sum_rows((char *)rows.data, &len), 2999 * 1500, "nothing changed");
    EQ_INT(len, 3000, "nothing lost, nothing twice");
    mt_buf_fini(&rows);
    EQ_INT(copy(EMBEDDED, &from,
                &(table){TYPE, 2, NULL,
                         "topic=target|format=json|"
                         "properties.message.max.bytes=1000|"
                         "key.format=json|key.fields=id|"
                         "sink.delivery-guarantee=none"},
                1, why, sizeof(why)),
           1, "by key, without guarantee%s", why);
}

static void test_topics(void)
{
    static const char type[] = "ROW<`id` INT, `topic` STRING>";
    static const table from = {
        type, 2, NULL, READS("named", "scan.startup.mode=earliest-offset")};
    table to = {type, 1, "topic", "topic=left;right|format=json"};
    char why[512];

    make_topic(EMBEDDED, "named", 1);
    make_topic(EMBEDDED, "left", 1);
    make_topic(EMBEDDED, "right", 1);
    put(EMBEDDED, "named", 0, NULL, "{\"id\":1,\"topic\":\"left\"}", 0, NULL);
    put(EMBEDDED, "named", 0, NULL, "{\"id\":2,\"topic\":\"right\"}", 0, NULL);
    put(EMBEDDED, "named", 0, NULL, "{\"id\":3,\"topic\":\"right\"}", 0, NULL);
    put(EMBEDDED, "named", 0, NULL, "{\"id\":4,\"topic\":\"left\"}", 0, NULL);
    put_all(EMBEDDED);
    EQ_INT(copy(EMBEDDED, &from, &to, 1, why, sizeof(why)), 1,
           "records go where they say%s", why);
    EQ_ROWS(EMBEDDED,
            (&(table){"ROW<`id` INT>", 1, NULL,
                      READS("left", "scan.startup.mode=earliest-offset")}),
            "1|4", "to one topic");
    EQ_ROWS(EMBEDDED,
            (&(table){"ROW<`id` INT>", 1, NULL,
                      READS("right", "scan.startup.mode=earliest-offset")}),
            "2|3", "or the other");
    to.options = "topic-pattern=left.*|format=json";
    EQ_INT(copy(EMBEDDED, &from, &to, 1, why, sizeof(why)), MT_ERECORD,
           "but not where they may not");
    HAS_STR(why, "'right', which option 'topic-pattern' does not match",
            "as the message says");
    to.options = "topic=left|format=json";
    EQ_INT(copy(EMBEDDED, &from, &to, 1, why, sizeof(why)), 1,
           "with one topic there is no choice%s", why);
}

static void test_full(void)
{
    static const char type[] = "ROW<`a` STRING>";
    char *big = malloc(700001), why[512];
    int i;

    memset(big, 'x', 700000);
    big[700000] = 0;
    make_topic(EMBEDDED, "big", 1);
    for (i = 0; i < 5; i++)
        put(EMBEDDED, "big", 0, NULL, big, 0, NULL);
    put_all(EMBEDDED);
    free(big);
    EQ_INT(copy(EMBEDDED,
                &(table){type, 1, NULL,
                         "topic=big|format=raw|properties.group.id=b|"
                         "scan.startup.mode=earliest-offset|"
                         "scan.bounded.mode=latest-offset"},
                &(table){type, 1, NULL,
                         "topic=small|format=raw|"
                         "properties.message.max.bytes=10000"},
                1, why, sizeof(why)),
           MT_EIO, "a record too large fails");
    HAS_STR(why, "properties.message.max.bytes", "and says what to raise");
    EQ_INT(copy(EMBEDDED,
                &(table){type, 1, NULL,
                         "topic=big;big|format=raw|properties.group.id=b|"
                         "scan.startup.mode=earliest-offset|"
                         "scan.bounded.mode=latest-offset"},
                &(table){type, 1, NULL, "topic=full|format=raw"}, 1, why,
                sizeof(why)),
           1, "3.5 MB go in%s", why);
    EQ_INT(copy(EMBEDDED,
                &(table){type, 1, NULL,
                         "topic=big|format=raw|properties.group.id=b|"
                         "scan.startup.mode=earliest-offset|"
                         "scan.bounded.mode=latest-offset"},
                &(table){type, 1, NULL, "topic=full|format=raw"}, 1, why,
                sizeof(why)),
           MT_EIO, "3.5 MB more do not");
    HAS_STR(why, "5 MB a partition", "since the broker would forget");
}

int main(void)
{
    log_quietly();
    test_copy();
    test_topics();
    test_full();
    rd_kafka_destroy(producer(EMBEDDED));
    return tap_done();
}
