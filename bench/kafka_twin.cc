/* kafka_twin.cc - Kafka JSON to JSON by hand: what `jobs/forward.lua` does,
 * with librdkafka, simdjson and plain loops.
 *
 *     kafka_twin BROKERS TOPIC_IN TOPIC_OUT [PIPELINES] [RECORDS]
 *
 * Reads TOPIC_IN from its beginning to its present end (or RECORDS of it, over
 * all pipelines), puts `a` into upper case and adds one to `b`, and writes
 * TOPIC_OUT. A pipeline is a thread with a consumer and a producer of its own;
 * partition p belongs to pipeline p % PIPELINES.
 *
 * As tight as we can make it through librdkafka: thousands of messages a call
 * in, hundreds a call out, to a partition that is known. Its settings are the
 * kafka connector's defaults, what keeps the queue flowing included (see
 * connectors/kafka/fetch_rdkafka.c): the ratio is then the engine's own cost.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <atomic>
#include <cstring>
#include <librdkafka/rdkafka.h>
#include <simdjson.h>
#include <string>
#include <thread>
#include <vector>

namespace
{

const size_t TAKE = 4096;  /* messages a call in */
const int CHUNK = 256;     /* messages a call out */
const int WAIT_MS = 30000; /* for any answer of the brokers */
const size_t RECORD_MAX = 1 << 16;
const int64_t NUDGE_MESSAGES = 25000;

struct setting {
    const char *name;
    const char *value;
};

const setting READING[] = {
    {"group.id", "kafka_twin"},
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"queued.min.messages", "50000"},
    {"queued.max.messages.kbytes", "16384"},
    {"fetch.max.bytes", "16777216"},
    {"isolation.level", "read_uncommitted"},
    {"check.crcs", "true"},
    {"socket.nagle.disable", "true"},
};

const setting WRITING[] = {
    {"linger.ms", "50"},
    {"message.timeout.ms", "0"},
    {"enable.idempotence", "true"},
    {"queue.buffering.max.messages", "100000"},
    {"queue.buffering.max.kbytes", "65536"},
    {"delivery.report.only.error", "true"},
    {"socket.nagle.disable", "true"},
};

[[noreturn]] void die(const char *what)
{
    fprintf(stderr, "kafka_twin: %s\n", what);
    exit(1);
}

void check(rd_kafka_resp_err_t failed)
{
    if (failed)
        die(rd_kafka_err2str(failed));
}

void lost(rd_kafka_t *, const rd_kafka_message_t *m, void *)
{
    die(rd_kafka_err2str(m->err));
}

template <size_t N>
rd_kafka_t *client(rd_kafka_type_t type, const char *brokers,
                   const setting (&settings)[N])
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[256];

    rd_kafka_conf_set(conf, "bootstrap.servers", brokers, nullptr, 0);
    for (const setting &s : settings) {
        if (rd_kafka_conf_set(conf, s.name, s.value, why, sizeof(why)))
            die(why);
    }
    if (type == RD_KAFKA_PRODUCER)
        rd_kafka_conf_set_dr_msg_cb(conf, lost);
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));
    if (!rk)
        die(why);
    return rk;
}

int partitions_of(rd_kafka_t *rk, const char *topic)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, topic, nullptr);
    const struct rd_kafka_metadata *answer;

    check(rd_kafka_metadata(rk, 0, handle, &answer, WAIT_MS));
    int len = answer->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(answer);
    rd_kafka_topic_destroy(handle);
    if (len < 1)
        die("no such topic");
    return len;
}

/* ---- one record ---------------------------------------------------------- */

/* Which bytes a JSON text cannot hold as they are. */
bool must_escape(uint8_t c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

char *write_escaped(char *out, uint8_t c)
{
    static const char hex[] = "0123456789abcdef";

    if (c == '"' || c == '\\') {
        *out++ = '\\';
        *out++ = char(c);
        return out;
    }
    memcpy(out, "\\u00", 4);
    out[4] = hex[c >> 4];
    out[5] = hex[c & 15];
    return out + 6;
}

char *write_upper(char *out, std::string_view text)
{
    for (char at : text) {
        uint8_t c = uint8_t(at);

        if (must_escape(c))
            out = write_escaped(out, c);
        else
            *out++ = char(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    return out;
}

char *write_int(char *out, int64_t v)
{
    char digits[24];
    int len = 0;
    uint64_t rest = v < 0 ? 0 - uint64_t(v) : uint64_t(v);

    if (v < 0)
        *out++ = '-';
    do {
        digits[len++] = char('0' + rest % 10);
        rest /= 10;
    } while (rest);
    while (len)
        *out++ = digits[--len];
    return out;
}

char *write_record(char *out, std::string_view a, int64_t b)
{
    memcpy(out, "{\"a\":\"", 6);
    out = write_upper(out + 6, a);
    memcpy(out, "\",\"b\":", 6);
    out = write_int(out + 6, b + 1);
    *out++ = '}';
    return out;
}

/* ---- a pipeline ---------------------------------------------------------- */

struct pipeline {
    rd_kafka_t *in, *out;
    rd_kafka_queue_t *queue;
    rd_kafka_topic_t *to;
    rd_kafka_topic_partition_list_t *parts;
    int to_partitions;
    int to_partition;
    int64_t left; /* records to come */
    int64_t taken = 0;
    simdjson::ondemand::parser parser;
    std::vector<rd_kafka_message_t *> messages;
    std::vector<char> written;
    rd_kafka_message_t chunk[CHUNK];
    char padded[RECORD_MAX + simdjson::SIMDJSON_PADDING];

    pipeline(const char *brokers, const char *from, const char *topic,
             int number, int pipelines);
    ~pipeline();
    void run(int64_t records);
    void nudge(int64_t len);
    char *convert(const rd_kafka_message_t *m, char *at);
    void send(int len);
};

/* Assigns its partitions from beginning to end and counts what is there. */
pipeline::pipeline(const char *brokers, const char *from, const char *topic,
                   int number, int pipelines)
    : messages(TAKE), written(size_t(CHUNK) * (RECORD_MAX * 6 / 64))
{
    int64_t low, high;

    in = client(RD_KAFKA_CONSUMER, brokers, READING);
    out = client(RD_KAFKA_PRODUCER, brokers, WRITING);
    rd_kafka_poll_set_consumer(in);
    queue = rd_kafka_queue_get_consumer(in);
    to = rd_kafka_topic_new(out, topic, nullptr);
    to_partitions = partitions_of(out, topic);
    to_partition = number % to_partitions;
    parts = rd_kafka_topic_partition_list_new(8);
    left = 0;
    for (int p = number, len = partitions_of(in, from); p < len;
         p += pipelines) {
        check(rd_kafka_query_watermark_offsets(in, from, p, &low, &high,
                                               WAIT_MS));
        rd_kafka_topic_partition_list_add(parts, from, p)->offset = low;
        left += high - low;
    }
    check(rd_kafka_assign(in, parts));
    for (int i = 0; i < parts->cnt; i++)
        parts->elems[i].offset = RD_KAFKA_OFFSET_END;
}

pipeline::~pipeline()
{
    rd_kafka_topic_partition_list_destroy(parts);
    rd_kafka_topic_destroy(to);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy_flags(in, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    rd_kafka_destroy(out);
}

/* Wakes the thread that fetches, which sleeps once its queue is full. */
void pipeline::nudge(int64_t len)
{
    taken += len;
    if (taken < NUDGE_MESSAGES)
        return;
    taken = 0;
    rd_kafka_offsets_for_times(in, parts, 0);
}

char *pipeline::convert(const rd_kafka_message_t *m, char *at)
{
    simdjson::ondemand::document doc;
    std::string_view a;
    int64_t b;

    if (m->len > RECORD_MAX / 64)
        die("a record is too long for this program");
    memcpy(padded, m->payload, m->len);
    if (parser.iterate(padded, m->len, sizeof(padded)).get(doc) ||
        doc["a"].get_string().get(a) || doc["b"].get_int64().get(b))
        die("a record is not of the form {\"a\":\"...\",\"b\":1}");
    return write_record(at, a, b);
}

void pipeline::send(int len)
{
    int from = 0;

    while (from < len) {
        from += rd_kafka_produce_batch(to, to_partition, RD_KAFKA_MSG_F_COPY,
                                       chunk + from, len - from);
        rd_kafka_poll(out, from < len ? 2 : 0);
    }
}

void pipeline::run(int64_t records)
{
    if (records && records < left)
        left = records;
    while (left > 0) {
        ssize_t len =
            rd_kafka_consume_batch_queue(queue, 1000, messages.data(), TAKE);
        char *at = written.data();
        int n = 0;

        for (ssize_t i = 0; i < len; i++) {
            if (messages[size_t(i)]->err)
                die(rd_kafka_message_errstr(messages[size_t(i)]));
            char *end = convert(messages[size_t(i)], at);
            rd_kafka_message_destroy(messages[size_t(i)]);
            chunk[n] = {};
            chunk[n].payload = at;
            chunk[n++].len = size_t(end - at);
            at = end;
            if (n == CHUNK || i + 1 == len) {
                send(n);
                at = written.data();
                n = 0;
            }
        }
        left -= len > 0 ? len : 0;
        to_partition = (to_partition + 1) % to_partitions;
        nudge(len > 0 ? len : 0);
    }
    while (rd_kafka_flush(out, 1000))
        continue;
}

} // namespace

int main(int argc, char **argv)
{
    int pipelines = int(bench_arg(argc, argv, 4, 1));
    int64_t records = bench_arg(argc, argv, 5, 0);
    std::atomic<int64_t> done{0};
    std::vector<std::thread> threads;

    if (argc < 4)
        die("usage: kafka_twin BROKERS TOPIC_IN TOPIC_OUT [PIPELINES] "
            "[RECORDS]");
    bench_clock began = bench_start();
    for (int i = 0; i < pipelines; i++) {
        threads.emplace_back([&, i] {
            auto p = std::make_unique<pipeline>(argv[1], argv[2], argv[3], i,
                                                pipelines);
            int64_t all = p->left, share = records / pipelines;

            p->run(share);
            done += share && share < all ? share : all;
        });
    }
    for (std::thread &t : threads)
        t.join();
    bench_end(began, done);
    return 0;
}
