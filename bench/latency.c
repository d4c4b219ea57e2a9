/* latency.c - how long one record takes through a job that is otherwise idle:
 * writes one, waits until it comes out, pauses, again.
 *
 *     latency BROKERS TOPIC_IN TOPIC_OUT RECORDS
 *     p50=MILLISECONDS p99=MILLISECONDS
 *
 * The same program with both topics the same measures the broker alone.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <librdkafka/rdkafka.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

enum { PAUSE_US = 20000, WAIT_MS = 10000, RECORDS_MAX = 10000 };

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];

    if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != 0) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
}

static rd_kafka_t *client(rd_kafka_type_t type, const char *brokers)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[256];
    rd_kafka_t *rk;

    set(conf, "bootstrap.servers", brokers);
    if (type == RD_KAFKA_PRODUCER) {
        set(conf, "linger.ms", "0");
    } else {
        set(conf, "group.id", "latency");
        set(conf, "fetch.wait.max.ms", "10");
    }
    rk = rd_kafka_new(type, conf, why, sizeof(why));
    if (!rk) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
    return rk;
}

static rd_kafka_t *reader(const char *brokers, const char *topic)
{
    rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, brokers);
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(1);
    int64_t low, high;

    rd_kafka_query_watermark_offsets(rk, topic, 0, &low, &high, WAIT_MS);
    rd_kafka_topic_partition_list_add(list, topic, 0)->offset = high;
    rd_kafka_assign(rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return rk;
}

/* One record in and out, in milliseconds; negative when it did not come. */
static double round_trip(rd_kafka_t *writer, rd_kafka_t *rd, const char *topic,
                         int n)
{
    char value[64];
    int len = snprintf(value, sizeof(value), "{\"a\":\"%d\",\"b\":%d}", n, n);
    double began = bench_seconds(CLOCK_MONOTONIC);
    rd_kafka_message_t *m;

    rd_kafka_producev(writer, RD_KAFKA_V_TOPIC(topic),
                      RD_KAFKA_V_VALUE(value, (size_t)len),
                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    for (;;) {
        m = rd_kafka_consumer_poll(rd, WAIT_MS);
        rd_kafka_poll(writer, 0);
        if (!m)
            return -1;
        if (!m->err) {
            rd_kafka_message_destroy(m);
            return (bench_seconds(CLOCK_MONOTONIC) - began) * 1000;
        }
        rd_kafka_message_destroy(m);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static double taken[RECORDS_MAX];
    int records = (int)bench_arg(argc, argv, 4, 200);
    rd_kafka_t *writer, *rd;
    int rc = 0;

    if (argc < 4 || records < 1 || records > RECORDS_MAX)
        return 2;
    writer = client(RD_KAFKA_PRODUCER, argv[1]);
    rd = reader(argv[1], argv[3]);
    for (int i = -5; i < records && rc == 0; i++) {
        double ms = round_trip(writer, rd, argv[2], i);

        if (ms < 0)
            rc = 1;
        else if (i >= 0)
            taken[i] = ms;
        usleep(PAUSE_US);
    }
    qsort(taken, (size_t)records, sizeof(*taken), by_value);
    if (rc == 0)
        printf("p50=%.3f p99=%.3f\n", taken[records / 2],
               taken[records * 99 / 100]);
    rd_kafka_destroy(rd);
    rd_kafka_destroy(writer);
    return rc;
}
