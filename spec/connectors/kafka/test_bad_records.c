/* Records that cannot be read, by each of the policies.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "broker.h"

#define START "scan.startup.mode=earliest-offset|"

static void test_values(void)
{
    table t = {TYPE, 2, NULL, READS("mixed", START "bad-records=skip")};

    make_topic(EMBEDDED, "mixed", 1);
    make_topic(EMBEDDED, "dead", 1);
    put_numbers("mixed", 0, 0, 2);
    put(EMBEDDED, "mixed", 0, "k", "{\"id\":", 0, NULL);
    put(EMBEDDED, "mixed", 0, NULL, "{\"id\":\"x\"}", 0, NULL);
    put_numbers("mixed", 0, 2, 4);
    EQ_ROWS(EMBEDDED, &t, "0,v0|1,v1|2,v2|3,v3", "bad records are skipped");
    t.options = READS("mixed", START "bad-records=fail");
    HAS_ROWS(EMBEDDED, &t, "topic mixed, partition 0, offset 2",
             "or fail the job, which says where");
    t.options = READS("mixed", START "bad-records=topic:dead");
    EQ_ROWS(EMBEDDED, &t, "0,v0|1,v1|2,v2|3,v3", "or go to a topic");
    EQ_ROWS(EMBEDDED,
            (&(table){"ROW<`k` STRING, `v` STRING>", 2, NULL,
                      START "topic=dead|scan.bounded.mode=latest-offset|"
                            "value.format=raw|key.format=raw|key.fields=k|"
                            "value.fields-include=EXCEPT_KEY|"
                            "properties.group.id=g"}),
            "k,{\"id\":|null,{\"id\":\"x\"}",
            "with key and value as they were");
    HAS_ROWS(EMBEDDED,
             (&(table){"ROW<`v` STRING, `h` MAP<STRING, BYTES>>", 1, "headers",
                       START "topic=dead|scan.bounded.mode=latest-offset|"
                             "format=raw|properties.group.id=g"}),
             "position", "and headers that say what was wrong");
}

/* A key that cannot be read is as bad as a value. */
static void test_keys(void)
{
    table t = {"ROW<`k` INT, `id` INT>", 2, NULL,
               READS("keyed", START "bad-records=skip|key.format=json|"
                                    "key.fields=k|"
                                    "value.fields-include=EXCEPT_KEY")};

    make_topic(EMBEDDED, "keyed", 1);
    put(EMBEDDED, "keyed", 0, "{\"k\":1}", "{\"id\":1}", 0, NULL);
    put(EMBEDDED, "keyed", 0, "{\"k\":", "{\"id\":2}", 0, NULL);
    put(EMBEDDED, "keyed", 0, "{\"k\":3}", "{\"id\":", 0, NULL);
    put(EMBEDDED, "keyed", 0, NULL, "{\"id\":4}", 0, NULL);
    put(EMBEDDED, "keyed", 0, "{\"k\":5}", "{\"id\":5}", 0, NULL);
    put_all(EMBEDDED);
    EQ_ROWS(EMBEDDED, &t, "1,1|null,4|5,5", "bad keys and values are skipped");
}

static void test_file(void)
{
    char path[] = "/tmp/moontide-bad-XXXXXX", wanted[512], text[4096] = "";
    table t = {TYPE, 2, NULL, wanted};
    FILE *file;

    close(mkstemp(path));
    snprintf(wanted, sizeof(wanted),
             "topic=mixed|format=json|properties.group.id=g|"
             "scan.bounded.mode=latest-offset|" START "bad-records=file:%s",
             path);
    EQ_ROWS(EMBEDDED, &t, "0,v0|1,v1|2,v2|3,v3", "bad records go to a file");
    file = fopen(path, "r");
    OK(fread(text, 1, sizeof(text) - 1, file) > 0, "which can be read");
    fclose(file);
    HAS_STR(text,
            "\"operator\":\"Source: in\","
            "\"position\":\"topic mixed, partition 0, offset 2\"",
            "with their position");
    HAS_STR(text, "\"record\":\"{\\\"id\\\":\\\"x\\\"}\"}\n", "and text");
    unlink(path);
}

int main(void)
{
    log_quietly();
    test_values();
    test_keys();
    test_file();
    rd_kafka_destroy(producer(EMBEDDED));
    return tap_done();
}
