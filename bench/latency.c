/* latency.c - how long one record takes through a job that is otherwise idle:
 * writes one, waits until it comes out, pauses, again.
 *
 *     latency BROKERS TOPIC_IN TOPIC_OUT RECORDS
 *     p50=MILLISECONDS p99=MILLISECONDS
 *
 * The same program with both topics the same measures the broker alone. Its
 * clients wait for nothing: linger.ms=0, socket.nagle.disable=true, and a fetch
 * that the broker answers as soon as there is a record (fetch.wait.max.ms=500 is
 * only for how long it may find none).
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
    set(conf, "socket.nagle.disable", "true");
    set(conf, type == RD_KAFKA_PRODUCER ? "linger.ms" : "fetch.wait.max.ms",
        type == RD_KAFKA_PRODUCER ? "0" : "500");
    if (type == RD_KAFKA_CONSUMER)
        set(conf, "group.id", "latency");
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

static void write_one(rd_kafka_t *writer, const char *topic, int n)
{
    char value[64];
    int len = snprintf(value, sizeof(value), "{\"a\":\"%d\",\"b\":%d}", n, n);

    rd_kafka_producev(writer, RD_KAFKA_V_TOPIC(topic),
                      RD_KAFKA_V_VALUE(value, (size_t)len),
                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    rd_kafka_poll(writer, 0);
}

/* Whether a record comes out within so many milliseconds. */
static int read_one(rd_kafka_t *rd, int wait_ms)
{
    double until = bench_seconds(CLOCK_MONOTONIC) + wait_ms / 1000.0;
    rd_kafka_message_t *m;
    int came = 0;

    while (!came && bench_seconds(CLOCK_MONOTONIC) < until) {
        m = rd_kafka_consumer_poll(rd, wait_ms);
        came = m && !m->err;
        if (m)
            rd_kafka_message_destroy(m);
    }
    return came;
}

/* A job that has just started may miss what was written before it looked: goes
 * on writing until something comes out, then waits until nothing does. */
static int warm_up(rd_kafka_t *writer, rd_kafka_t *rd, const char *topic)
{
    for (int i = 0; i < 40; i++) {
        write_one(writer, topic, i);
        if (!read_one(rd, 500))
            continue;
        while (read_one(rd, 500)) {
        }
        return 0;
    }
    return 1;
}

/* One record in and out, in milliseconds; negative when it did not come. */
static double round_trip(rd_kafka_t *writer, rd_kafka_t *rd, const char *topic,
                         int n)
{
    double began = bench_seconds(CLOCK_MONOTONIC);

    write_one(writer, topic, n);
    if (!read_one(rd, WAIT_MS))
        return -1;
    return (bench_seconds(CLOCK_MONOTONIC) - began) * 1000;
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
    int rc;

    if (argc < 4 || records < 1 || records > RECORDS_MAX)
        return 2;
    writer = client(RD_KAFKA_PRODUCER, argv[1]);
    rd = reader(argv[1], argv[3]);
    rc = warm_up(writer, rd, argv[2]);
    for (int i = 0; i < records && rc == 0; i++) {
        taken[i] = round_trip(writer, rd, argv[2], i);
        rc = taken[i] < 0;
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
