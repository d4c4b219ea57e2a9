/* Faults and surprises: bad records, brokers that err or are not there, topics
 * that turn up.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "broker.h"

static void test_bad_records(void)
{
    static const table fails = {
        TYPE, 2, NULL, READS("bad", "scan.startup.mode=earliest-offset")};
    static const table skips = {TYPE, 2, NULL,
                                READS("bad",
                                      "scan.startup.mode=earliest-offset|"
                                      "json.ignore-parse-errors=true")};

    make_topic(EMBEDDED, "bad", 1);
    put_numbers("bad", 0, 0, 2);
    put(EMBEDDED, "bad", 0, NULL, "{\"id\":", 0, NULL);
    put_numbers("bad", 0, 2, 3);
    HAS_ROWS(EMBEDDED, &fails, "topic bad, partition 0, offset 2",
             "a bad record is told by its place");
    HAS_ROWS(EMBEDDED, &fails, "{\"id\":", "and by its text");
    EQ_ROWS(EMBEDDED, &skips, "0,v0|1,v1|2,v2", "or skipped, and only it");
}

/* Errors that the broker answers with and that pass are ridden out. */
static void test_passing_errors(void)
{
    static const table from = {
        TYPE, 2, NULL, READS("rough", "scan.startup.mode=earliest-offset")};
    rd_kafka_mock_cluster_t *mock = broker_mock(EMBEDDED);
    char why[512];

    make_topic(EMBEDDED, "rough", 1);
    put_numbers("rough", 0, 0, 100);
    rd_kafka_mock_push_request_errors(
        mock, 0 /* Produce */, 2, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
    rd_kafka_mock_push_request_errors(mock, 2 /* ListOffsets */, 1,
                                      RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
    rd_kafka_mock_push_request_errors(
        mock, 1 /* Fetch */, 1, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    EQ_INT(copy(EMBEDDED, &from,
                &(table){TYPE, 2, NULL, "topic=smooth|format=json"}, 1, why,
                sizeof(why)),
           1, "passing errors pass%s", why);
    EQ_ROWS(EMBEDDED,
            (&(table){"ROW<`id` INT>", 1, NULL,
                      "topic=smooth|format=json|properties.group.id=s|"
                      "scan.startup.mode=specific-offsets|"
                      "scan.startup.specific-offsets=partition:0,offset:98|"
                      "scan.bounded.mode=latest-offset"}),
            "98|99", "and no record came twice");
}

static void test_lasting_errors(void)
{
    static const table t = {
        TYPE, 2, NULL,
        "topic=any|format=json|scan.startup.mode=earliest-offset|"
        "properties.default.api.timeout.ms=300"};
    static const table from = {
        TYPE, 2, NULL, READS("rough", "scan.startup.mode=earliest-offset")};
    char why[512];

    mt_buf rows = rows_of("127.0.0.1:1", &t, 1);

    HAS_STR((char *)rows.data,
            "no answer from the brokers at '127.0.0.1:1' "
            "within 300 ms",
            "brokers that are not there are told");
    HAS_STR((char *)rows.data, "refused", "with the reason");
    mt_buf_fini(&rows);
    rd_kafka_mock_push_request_errors(
        broker_mock(EMBEDDED), 0 /* Produce */, 1,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    EQ_INT(copy(EMBEDDED, &from,
                &(table){TYPE, 2, NULL, "topic=denied|format=json"}, 1, why,
                sizeof(why)),
           MT_EIO, "what will never be delivered fails the job");
    HAS_STR(why, "do not let us write topic 'denied'", "and is told");
}

static void add_partitions(void *sum, const char *operator_name,
                           int32_t subtask, const char *metric, int64_t value)
{
    (void)operator_name;
    (void)subtask;
    if (strcmp(metric, "partitions") == 0)
        *(int64_t *)sum += value;
}

static void wait_for_partitions(mt_job *job, int64_t want)
{
    int64_t sum;

    do {
        sum = 0;
        mt_job_metrics(job, add_partitions, &sum);
    } while (sum < want && mt_job_wait(job, 1, NULL) == 0);
}

static void test_discovery(void)
{
    static const table t = {
        TYPE, 2, NULL,
        "topic-pattern=found-.*|format=json|properties.group.id=d|"
        "scan.startup.mode=latest-offset|"
        "scan.topic-partition-discovery.interval=50 ms"};
    mt_buf rows = {0};
    int32_t collect;
    mt_job *job;

    make_topic(EMBEDDED, "found-first", 1);
    job = start_reading(EMBEDDED, &t, 1, &collect, &rows);
    wait_for_partitions(job, 1);
    make_topic(EMBEDDED, "found-later", 1);
    put_numbers("found-later", 0, 0, 3);
    take_rows(job, collect, 3, &rows);
    EQ_STR((char *)rows.data, "0,v0|1,v1|2,v2",
           "a topic that turns up is read from its beginning");
    mt_buf_fini(&rows);
}

int main(void)
{
    log_quietly();
    test_bad_records();
    test_passing_errors();
    test_lasting_errors();
    test_discovery();
    rd_kafka_destroy(producer(EMBEDDED));
    return tap_done();
}
